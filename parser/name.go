package parser

// OutputName returns the name PostgreSQL gives a result column that has no label
// (FigureColname): "?column?" if there is nothing to name it after.
func OutputName(e Expr) string {
	if name, _ := outputName(e); name != "" {
		return name
	}
	return "?column?"
}

// outputName also returns how good the name is: a cast's type is worth less than
// a name from inside its argument.
func outputName(e Expr) (string, int) {
	switch e := e.(type) {
	case *ColumnRef:
		if !e.Star && len(e.Parts) > 0 {
			return e.Parts[len(e.Parts)-1], 2
		}
	case *Subscript:
		return outputName(e.Arg)
	case *Slice:
		return outputName(e.Arg)
	case *FieldSelect:
		if !e.Star {
			return e.Field, 2
		}
		return outputName(e.Arg)
	case *FuncCall:
		return e.Name.Name, 2
	case *NullIf:
		return "nullif", 2
	case *Collate:
		return outputName(e.Arg)
	case *Cast:
		if name, strength := outputName(e.Arg); strength > 1 {
			return name, strength
		}
		return e.Type.Name, 1
	case *TypedLit:
		return e.Type.Name, 1
	case *Case:
		if e.Else != nil {
			if name, strength := outputName(e.Else); strength > 1 {
				return name, strength
			}
		}
		return "case", 1
	case *ArrayLit, *ArraySubquery:
		return "array", 2
	case *RowExpr:
		return "row", 2
	case *Exists:
		return "exists", 2
	case *ScalarSubquery:
		s := e.Query
		for s.Op != SetNone {
			s = s.Left
		}
		if s.Values != nil {
			return "column1", 2
		}
		if len(s.Targets) > 0 {
			if s.Targets[0].As != "" {
				return s.Targets[0].As, 2
			}
			return outputName(s.Targets[0].Expr)
		}
	case *Coalesce:
		return "coalesce", 2
	case *MinMax:
		if e.Least {
			return "least", 2
		}
		return "greatest", 2
	case *Grouping:
		return "grouping", 2
	case *SessionValue:
		return e.Name, 2
	case *IsNormalized:
		return "is_normalized", 2
	}
	return "", 0
}
