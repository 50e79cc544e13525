package parser

// stmt writes a statement.
func (f *formatter) stmt(s Stmt) {
	switch s := s.(type) {
	case *SelectStmt:
		f.selectStmt(s)
	case *InsertStmt:
		f.insert(s)
	case *UpdateStmt:
		f.with(s.With)
		f.WriteString("UPDATE ")
		f.tableRef(s.Table)
		f.WriteString(" SET ")
		f.assignments(s.Set)
		if s.From != nil {
			f.WriteString(" FROM ")
			f.tableRefs(s.From)
		}
		f.where(s.Where)
		f.returning(s.Returning)
	case *DeleteStmt:
		f.with(s.With)
		f.WriteString("DELETE FROM ")
		f.tableRef(s.Table)
		if s.Using != nil {
			f.WriteString(" USING ")
			f.tableRefs(s.Using)
		}
		f.where(s.Where)
		f.returning(s.Returning)
	case *TruncateStmt:
		f.WriteString("TRUNCATE TABLE ")
		f.tables(s.Tables)
		f.flag(s.RestartIdentity, " RESTART IDENTITY")
		f.flag(s.Cascade, " CASCADE")
	case *CopyStmt:
		f.copyStmt(s)
	default:
		if !f.ddl(s) {
			f.sessionStmt(s)
		}
	}
}

func (f *formatter) tables(list []*RangeTable) {
	f.list(len(list), func(i int) { f.tableRef(list[i]) })
}

func (f *formatter) insert(s *InsertStmt) {
	f.with(s.With)
	f.WriteString("INSERT INTO ")
	f.qname(s.Table)
	f.clause(" AS ", s.Alias)
	if len(s.Columns) > 0 {
		f.WriteString(" (")
		f.list(len(s.Columns), func(i int) { f.assignTarget(&s.Columns[i]) })
		f.WriteByte(')')
	}
	switch s.Overriding {
	case OverridingUser:
		f.WriteString(" OVERRIDING USER VALUE")
	case OverridingSystem:
		f.WriteString(" OVERRIDING SYSTEM VALUE")
	}
	if s.Source == nil {
		f.WriteString(" DEFAULT VALUES")
	} else {
		f.WriteByte(' ')
		f.selectStmt(s.Source)
	}
	if c := s.OnConflict; c != nil {
		f.WriteString(" ON CONFLICT")
		if len(c.Elems) > 0 {
			f.WriteByte(' ')
			f.indexElems(c.Elems)
			f.where(c.Where)
		}
		f.clause(" ON CONSTRAINT ", c.Constraint)
		if c.DoUpdate {
			f.WriteString(" DO UPDATE SET ")
			f.assignments(c.Set)
			f.where(c.UpdateWhere)
		} else {
			f.WriteString(" DO NOTHING")
		}
	}
	f.returning(s.Returning)
}

func (f *formatter) returning(list []Target) {
	if len(list) > 0 {
		f.WriteString(" RETURNING")
		f.targets(list)
	}
}

func (f *formatter) assignTarget(t *AssignTarget) {
	f.name(t.Name)
	for _, step := range t.Indirection {
		switch {
		case step.Field != "":
			f.WriteByte('.')
			f.name(step.Field)
		case step.Slice:
			f.WriteByte('[')
			if step.Low != nil {
				f.expr(step.Low)
			}
			f.WriteString(" : ")
			if step.High != nil {
				f.expr(step.High)
			}
			f.WriteByte(']')
		default:
			f.WriteByte('[')
			f.expr(step.Index)
			f.WriteByte(']')
		}
	}
}

func (f *formatter) assignments(list []Assignment) {
	f.list(len(list), func(i int) {
		a := &list[i]
		f.flag(a.Multi, "(")
		f.list(len(a.Targets), func(j int) { f.assignTarget(&a.Targets[j]) })
		f.flag(a.Multi, ")")
		f.WriteString(" = ")
		f.expr(a.Value)
	})
}

func (f *formatter) copyStmt(s *CopyStmt) {
	f.WriteString("COPY ")
	if s.Query != nil {
		f.WriteByte('(')
		f.stmt(s.Query)
		f.WriteByte(')')
	} else {
		f.qname(s.Table)
		if len(s.Columns) > 0 {
			f.WriteByte(' ')
			f.parenNames(s.Columns)
		}
	}
	std := " STDOUT"
	if s.From {
		f.WriteString(" FROM")
		std = " STDIN"
	} else {
		f.WriteString(" TO")
	}
	if s.Stdio {
		f.WriteString(std)
	} else {
		f.flag(s.Program, " PROGRAM")
		f.WriteByte(' ')
		f.str(s.Filename)
	}
	if len(s.Options) > 0 {
		f.WriteString(" WITH ")
		f.options(s.Options)
	}
	f.where(s.Where)
}
