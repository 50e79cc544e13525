package parser

import "strconv"

// levelOf returns how tightly an expression's text holds together.
func levelOf(e Expr) prec {
	switch e := e.(type) {
	case *OrExpr:
		return precOr
	case *AndExpr:
		return precAnd
	case *NotExpr:
		return precNot
	case *IsNull, *IsBool, *IsDistinct, *IsNormalized:
		return precIs
	case *Between, *InList, *InSubquery, *Like:
		return precLike
	case *AnyAll:
		return operatorLevel(e.Schema, e.Op)
	case *BinaryOp:
		return operatorLevel(e.Schema, e.Op)
	case *UnaryOp:
		if isSign(e) {
			return precSign
		}
		return precOp
	case *Collate:
		return precCollate
	case *Cast:
		return precCast
	case *FuncCall:
		if e.Syntax == SyntaxAtTimeZone {
			return precAt
		}
	case *IntLit:
		if e.Value < 0 {
			return precSign
		}
	case *NumLit:
		if e.Text[0] == '-' {
			return precSign
		}
	}
	return precPrimary
}

func operatorLevel(schema, op string) prec {
	if schema != "" {
		return precOp
	}
	switch op {
	case "<", ">", "=", "<=", ">=", "<>":
		return precCompare
	case "+", "-":
		return precAdd
	case "*", "/", "%":
		return precMul
	case "^":
		return precPow
	}
	return precOp
}

// exprAt writes an expression, in parentheses unless it holds together at least
// as tightly as low.
func (f *formatter) exprAt(e Expr, low prec) {
	if levelOf(e) < low {
		f.WriteByte('(')
		f.expr(e)
		f.WriteByte(')')
		return
	}
	f.expr(e)
}

// exprLimited writes an expression where the grammar has only b_expr.
func (f *formatter) exprLimited(e Expr) { f.exprAt(e, precCast) }

func (f *formatter) exprs(list []Expr) {
	f.list(len(list), func(i int) { f.expr(list[i]) })
}

func (f *formatter) expr(e Expr) {
	switch e := e.(type) {
	case *ColumnRef:
		f.dotted(e.Parts)
		if e.Star {
			f.flag(len(e.Parts) > 0, ".")
			f.WriteByte('*')
		}
	case *ParamRef:
		f.WriteByte('$')
		f.int(e.Number)
	case *IntLit:
		f.WriteString(strconv.FormatInt(e.Value, 10))
	case *NumLit:
		f.WriteString(e.Text)
	case *StringLit:
		f.str(e.Value)
	case *BoolLit:
		if e.Value {
			f.WriteString("true")
		} else {
			f.WriteString("false")
		}
	case *NullLit:
		f.WriteString("NULL")
	case *DefaultExpr:
		f.WriteString("DEFAULT")
	case *TypedLit:
		f.typedLit(e)
	case *UnaryOp:
		f.unary(e)
	case *BinaryOp:
		f.binary(e)
	case *AndExpr:
		f.chain(e.Args, " AND ", precAnd)
	case *OrExpr:
		f.chain(e.Args, " OR ", precOr)
	case *NotExpr:
		f.WriteString("NOT ")
		f.exprAt(e.Arg, precNot)
	case *IsNull:
		f.exprAt(e.Arg, precIs+1)
		f.WriteString(isNot(e.Not) + "NULL")
	case *IsBool:
		f.exprAt(e.Arg, precIs+1)
		f.WriteString(isNot(e.Not) + e.Test.String())
	case *IsDistinct:
		f.exprAt(e.Left, precIs+1)
		f.WriteString(isNot(e.Not) + "DISTINCT FROM ")
		f.exprAt(e.Right, precIs+1)
	case *IsNormalized:
		f.exprAt(e.Arg, precIs+1)
		f.WriteString(isNot(e.Not))
		if e.Form != "" {
			f.words(e.Form)
		}
		f.WriteString("NORMALIZED")
	case *Between:
		f.exprAt(e.Arg, precLike+1)
		f.flag(e.Not, " NOT")
		f.WriteString(" BETWEEN ")
		f.flag(e.Symmetric, "SYMMETRIC ")
		f.exprLimited(e.Low)
		f.WriteString(" AND ")
		f.exprAt(e.High, precLike+1)
	case *InList:
		f.exprAt(e.Arg, precLike+1)
		f.flag(e.Not, " NOT")
		f.WriteString(" IN ")
		f.parens(e.List)
	case *InSubquery:
		f.exprAt(e.Arg, precLike+1)
		f.flag(e.Not, " NOT")
		f.WriteString(" IN ")
		f.subquery(e.Query)
	case *AnyAll:
		f.anyAll(e)
	case *Like:
		f.exprAt(e.Arg, precLike+1)
		f.flag(e.Not, " NOT")
		f.WriteString(" " + e.Kind.String() + " ")
		f.exprAt(e.Pattern, precLike+1)
		if e.Escape != nil {
			f.WriteString(" ESCAPE ")
			f.exprAt(e.Escape, precLike+1)
		}
	case *Exists:
		f.WriteString("EXISTS ")
		f.subquery(e.Query)
	case *ScalarSubquery:
		f.subquery(e.Query)
	case *ArraySubquery:
		f.WriteString("ARRAY")
		f.subquery(e.Query)
	case *ArrayLit:
		f.WriteString("ARRAY")
		f.arrayElems(e)
	case *RowExpr:
		f.flag(e.Explicit || len(e.Args) < 2, "ROW")
		f.parens(e.Args)
	case *FuncCall:
		f.funcCall(e)
	case *NamedArg:
		f.name(e.Name)
		f.WriteString(" => ")
		f.expr(e.Value)
	case *Coalesce:
		f.WriteString("COALESCE")
		f.parens(e.Args)
	case *NullIf:
		f.WriteString("NULLIF")
		f.parens([]Expr{e.Left, e.Right})
	case *MinMax:
		if e.Least {
			f.WriteString("LEAST")
		} else {
			f.WriteString("GREATEST")
		}
		f.parens(e.Args)
	case *SessionValue:
		f.WriteString(upperWord(e.Name))
		if e.Precision >= 0 {
			f.WriteByte('(')
			f.int(e.Precision)
			f.WriteByte(')')
		}
	case *Grouping:
		f.WriteString("GROUPING")
		f.parens(e.Args)
	case *Collate:
		f.exprAt(e.Arg, precCollate)
		f.WriteString(" COLLATE ")
		f.qname(e.Collation)
	case *Cast:
		f.exprAt(e.Arg, precCast)
		f.WriteString("::")
		f.typeName(&e.Type)
	case *Case:
		f.caseExpr(e)
	case *Subscript:
		f.base(e.Arg)
		f.WriteByte('[')
		f.expr(e.Index)
		f.WriteByte(']')
	case *Slice:
		f.base(e.Arg)
		f.WriteByte('[')
		if e.Low != nil {
			f.expr(e.Low)
		}
		f.WriteString(" : ")
		if e.High != nil {
			f.expr(e.High)
		}
		f.WriteByte(']')
	case *FieldSelect:
		if _, ok := e.Arg.(*ColumnRef); ok {
			f.WriteByte('(')
			f.expr(e.Arg)
			f.WriteByte(')')
		} else {
			f.base(e.Arg)
		}
		f.WriteByte('.')
		if e.Star {
			f.WriteByte('*')
		} else {
			f.name(e.Field)
		}
	case *GroupingSet:
		f.WriteString([...]string{"", "ROLLUP ", "CUBE ", "GROUPING SETS "}[e.Kind])
		f.parens(e.Items)
	case *CurrentOf:
		f.WriteString("CURRENT OF ")
		f.name(e.Cursor)
	}
}

func isNot(not bool) string {
	if not {
		return " IS NOT "
	}
	return " IS "
}

func (f *formatter) parens(list []Expr) {
	f.WriteByte('(')
	f.exprs(list)
	f.WriteByte(')')
}

// chain writes the arguments of AND or OR.
func (f *formatter) chain(args []Expr, word string, level prec) {
	for i, a := range args {
		if i > 0 {
			f.WriteString(word)
		}
		f.exprAt(a, level+1)
	}
}

// base writes what subscripts and field selections may follow.
func (f *formatter) base(e Expr) {
	switch e := e.(type) {
	case *ColumnRef:
		if !e.Star {
			f.expr(e)
			return
		}
	case *ParamRef, *Subscript, *Slice, *ScalarSubquery:
		f.expr(e)
		return
	case *FieldSelect:
		if !e.Star {
			f.expr(e)
			return
		}
	}
	f.WriteByte('(')
	f.expr(e)
	f.WriteByte(')')
}

// operator writes an operator's name.
func (f *formatter) operator(schema, op string) {
	if schema == "" {
		f.WriteString(op)
		return
	}
	f.WriteString("OPERATOR(")
	f.name(schema)
	f.WriteString("." + op + ")")
}

// isSign tells whether a prefix operator is written as a bare + or -. Before a
// constant a minus would become part of it.
func isSign(e *UnaryOp) bool {
	if e.Schema != "" || e.Op != "+" && e.Op != "-" {
		return false
	}
	switch e.Arg.(type) {
	case *IntLit, *NumLit:
		return e.Op == "+"
	}
	return true
}

func (f *formatter) unary(e *UnaryOp) {
	switch {
	case isSign(e):
		f.words(e.Op)
		f.exprAt(e.Arg, precSign)
		return
	case e.Schema == "" && (e.Op == "-" || operatorLevel("", e.Op) != precOp):
		// Bare, it would not be read as a prefix operator.
		f.WriteString("OPERATOR(" + e.Op + ") ")
	default:
		f.operator(e.Schema, e.Op)
		f.WriteByte(' ')
	}
	f.exprAt(e.Arg, precOp+1)
}

func (f *formatter) binary(e *BinaryOp) {
	level := operatorLevel(e.Schema, e.Op)
	left := level
	if level == precCompare {
		left++
	}
	f.exprAt(e.Left, left)
	f.WriteByte(' ')
	f.operator(e.Schema, e.Op)
	f.WriteByte(' ')
	f.exprAt(e.Right, level+1)
}

func (f *formatter) anyAll(e *AnyAll) {
	level := levelOf(e)
	if level == precCompare {
		level++
	}
	f.exprAt(e.Left, level)
	f.WriteByte(' ')
	f.operator(e.Schema, e.Op)
	if e.All {
		f.WriteString(" ALL ")
	} else {
		f.WriteString(" ANY ")
	}
	if e.Query != nil {
		f.subquery(e.Query)
		return
	}
	f.WriteByte('(')
	f.expr(e.Array)
	f.WriteByte(')')
}

// arrayElems writes […]; inner arrays need no ARRAY.
func (f *formatter) arrayElems(a *ArrayLit) {
	f.WriteByte('[')
	f.exprs(a.Elems)
	f.WriteByte(']')
}

func (f *formatter) caseExpr(e *Case) {
	f.WriteString("CASE")
	if e.Arg != nil {
		f.WriteByte(' ')
		f.expr(e.Arg)
	}
	for _, w := range e.Whens {
		f.WriteString(" WHEN ")
		f.expr(w.Cond)
		f.WriteString(" THEN ")
		f.expr(w.Result)
	}
	if e.Else != nil {
		f.WriteString(" ELSE ")
		f.expr(e.Else)
	}
	f.WriteString(" END")
}

// typedLit writes a type and a string. INTERVAL's fields follow the string.
func (f *formatter) typedLit(e *TypedLit) {
	t := e.Type
	if t.Schema == "pg_catalog" && t.Name == "interval" && t.Fields != "" {
		f.WriteString("interval ")
		f.str(e.Value)
		f.WriteString(" " + t.Fields)
		f.typeMods(&t)
		return
	}
	f.simpleType(&t)
	f.WriteByte(' ')
	f.str(e.Value)
}

func (f *formatter) funcCall(e *FuncCall) {
	if e.Syntax != SyntaxCall {
		f.specialCall(e)
		return
	}
	f.funcName(e.Name)
	f.WriteByte('(')
	f.flag(e.Distinct, "DISTINCT ")
	f.flag(e.Star, "*")
	f.list(len(e.Args), func(i int) {
		f.flag(e.Variadic && i == len(e.Args)-1, "VARIADIC ")
		f.expr(e.Args[i])
	})
	if !e.WithinGroup {
		f.orderBy(e.OrderBy)
	}
	f.WriteByte(')')
	if e.WithinGroup {
		f.WriteString(" WITHIN GROUP (")
		f.orderKeys(e.OrderBy)
		f.WriteByte(')')
	}
	if e.Filter != nil {
		f.WriteString(" FILTER (WHERE ")
		f.expr(e.Filter)
		f.WriteByte(')')
	}
	if e.Over != nil {
		f.WriteString(" OVER ")
		if e.Over.Name != "" {
			f.name(e.Over.Name)
		} else {
			f.windowSpec(e.Over)
		}
	}
}

// funcName writes the name of a function. The unqualified names of some special
// syntaxes may be called plainly too.
func (f *formatter) funcName(n QName) {
	if n.Schema == "" && (n.Name == "substring" || n.Name == "overlay") {
		f.WriteString(n.Name)
		return
	}
	f.qname(n)
}

// specialCall writes a call in the syntax that it was read in.
func (f *formatter) specialCall(e *FuncCall) {
	a := e.Args
	between := func(words ...string) {
		for i, w := range words {
			if i < len(a) {
				f.WriteString(w)
				f.expr(a[i])
			}
		}
		f.WriteByte(')')
	}
	switch e.Syntax {
	case SyntaxExtract:
		f.WriteString("EXTRACT(")
		if s, ok := a[0].(*StringLit); ok && isPlainName(s.Value) && keywordOf(s.Value) == notKeyword {
			f.WriteString(s.Value)
		} else {
			f.expr(a[0])
		}
		f.WriteString(" FROM ")
		f.expr(a[1])
		f.WriteByte(')')
	case SyntaxOverlay:
		f.WriteString("OVERLAY(")
		between("", " PLACING ", " FROM ", " FOR ")
	case SyntaxPosition:
		f.WriteString("POSITION(")
		f.exprLimited(a[1])
		f.WriteString(" IN ")
		f.exprLimited(a[0])
		f.WriteByte(')')
	case SyntaxSubstring:
		f.WriteString("SUBSTRING(")
		between("", " FROM ", " FOR ")
	case SyntaxSimilar:
		f.WriteString("SUBSTRING(")
		between("", " SIMILAR ", " ESCAPE ")
	case SyntaxTrim, SyntaxTrimLeading, SyntaxTrimTrailing:
		f.WriteString(map[FuncSyntax]string{SyntaxTrim: "TRIM(BOTH ", SyntaxTrimLeading: "TRIM(LEADING ",
			SyntaxTrimTrailing: "TRIM(TRAILING "}[e.Syntax])
		last := len(a) - 1
		if last > 0 {
			f.expr(a[last])
			f.WriteByte(' ')
			a = a[:last]
		}
		f.WriteString("FROM ")
		f.exprs(a)
		f.WriteByte(')')
	case SyntaxNormalize:
		f.WriteString("NORMALIZE(")
		f.expr(a[0])
		if len(a) > 1 {
			f.WriteString(", " + a[1].(*StringLit).Value)
		}
		f.WriteByte(')')
	case SyntaxAtTimeZone:
		f.exprAt(a[1], precAt)
		f.WriteString(" AT TIME ZONE ")
		f.exprAt(a[0], precAt+1)
	case SyntaxOverlaps:
		f.WriteByte('(')
		f.exprs(a[:2])
		f.WriteString(") OVERLAPS (")
		f.exprs(a[2:])
		f.WriteByte(')')
	case SyntaxCollationFor:
		f.WriteString("COLLATION FOR ")
		f.parens(a)
	}
}
