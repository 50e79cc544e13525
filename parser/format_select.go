package parser

// subquery writes a query in parentheses.
func (f *formatter) subquery(s *SelectStmt) {
	f.WriteByte('(')
	f.selectStmt(s)
	f.WriteByte(')')
}

func (f *formatter) selectStmt(s *SelectStmt) {
	f.with(s.With)
	switch {
	case s.Op != SetNone:
		f.setOperand(s.Left, s.Op, false)
		f.WriteString(" " + s.Op.String())
		f.flag(s.All, " ALL")
		f.WriteByte(' ')
		f.setOperand(s.Right, s.Op, true)
	case s.Values != nil:
		f.WriteString("VALUES ")
		f.list(len(s.Values), func(i int) { f.parens(s.Values[i]) })
	default:
		f.simpleSelect(s)
	}
	f.orderBy(s.OrderBy)
	if s.Limit != nil && !s.WithTies {
		f.WriteString(" LIMIT ")
		f.expr(s.Limit)
	}
	if s.Offset != nil {
		f.WriteString(" OFFSET ")
		f.expr(s.Offset)
	}
	if s.WithTies {
		f.WriteString(" FETCH FIRST ")
		f.fetchCount(s.Limit)
		f.WriteString(" ROWS WITH TIES")
	}
	for _, l := range s.Locking {
		f.WriteByte(' ')
		f.locking(l)
	}
}

// fetchCount writes FETCH FIRST's count, which is a primary or a signed constant.
func (f *formatter) fetchCount(e Expr) {
	switch e := e.(type) {
	case *IntLit, *NumLit:
		f.expr(e)
		return
	case *UnaryOp:
		switch e.Arg.(type) {
		case *IntLit, *NumLit:
			f.expr(e)
			return
		}
	}
	f.exprAt(e, precPrimary)
}

// setOperand writes an operand of a set operation, in parentheses where the
// operators' precedence or its own clauses ask for them.
func (f *formatter) setOperand(s *SelectStmt, parent SetOp, right bool) {
	bare := s.With == nil && s.OrderBy == nil && s.Limit == nil && s.Offset == nil && s.Locking == nil
	if s.Op != SetNone {
		if parent == SetIntersect {
			bare = bare && !right && s.Op == SetIntersect
		} else {
			bare = bare && (!right || s.Op == SetIntersect)
		}
	}
	if bare {
		f.selectStmt(s)
	} else {
		f.subquery(s)
	}
}

func (f *formatter) simpleSelect(s *SelectStmt) {
	f.WriteString("SELECT")
	if s.Distinct {
		f.WriteString(" DISTINCT")
		if s.DistinctOn != nil {
			f.WriteString(" ON ")
			f.parens(s.DistinctOn)
		}
	}
	f.targets(s.Targets)
	if len(s.From) > 0 {
		f.WriteString(" FROM ")
		f.tableRefs(s.From)
	}
	f.where(s.Where)
	if s.GroupBy != nil {
		f.WriteString(" GROUP BY ")
		f.flag(s.GroupDistinct, "DISTINCT ")
		f.exprs(s.GroupBy)
	}
	if s.Having != nil {
		f.WriteString(" HAVING ")
		f.expr(s.Having)
	}
	if s.Windows != nil {
		f.WriteString(" WINDOW ")
		f.list(len(s.Windows), func(i int) {
			f.name(s.Windows[i].Name)
			f.WriteString(" AS ")
			f.windowSpec(s.Windows[i])
		})
	}
}

// targets writes a list after a keyword.
func (f *formatter) targets(list []Target) {
	if len(list) > 0 {
		f.WriteByte(' ')
		f.list(len(list), func(i int) { f.target(&list[i]) })
	}
}

func (f *formatter) target(t *Target) {
	f.expr(t.Expr)
	f.clause(" AS ", t.As)
}

func (f *formatter) where(e Expr) {
	if e != nil {
		f.WriteString(" WHERE ")
		f.expr(e)
	}
}

func (f *formatter) orderBy(keys []*SortBy) {
	if len(keys) > 0 {
		f.WriteByte(' ')
		f.orderKeys(keys)
	}
}

func (f *formatter) orderKeys(keys []*SortBy) {
	f.WriteString("ORDER BY ")
	f.list(len(keys), func(i int) { f.sortBy(keys[i]) })
}

func (f *formatter) sortBy(k *SortBy) {
	f.expr(k.Expr)
	if k.Dir == SortUsing {
		f.WriteString(" USING ")
		f.operator(k.UsingSchema, k.UsingOp)
	}
	f.direction(k.Dir, k.Nulls)
}

func (f *formatter) direction(d SortDir, n NullsOrder) {
	switch d {
	case SortAsc:
		f.WriteString(" ASC")
	case SortDesc:
		f.WriteString(" DESC")
	}
	switch n {
	case NullsFirst:
		f.WriteString(" NULLS FIRST")
	case NullsLast:
		f.WriteString(" NULLS LAST")
	}
}

func (f *formatter) locking(l *LockingClause) {
	f.WriteString(l.Strength.String())
	if l.Of != nil {
		f.WriteString(" OF ")
		f.qnames(l.Of)
	}
	switch l.Wait {
	case LockSkip:
		f.WriteString(" SKIP LOCKED")
	case LockError:
		f.WriteString(" NOWAIT")
	}
}

// windowSpec writes the parenthesised part of a window.
func (f *formatter) windowSpec(w *WindowDef) {
	f.WriteByte('(')
	sep := ""
	part := func() {
		f.WriteString(sep)
		sep = " "
	}
	if w.RefName != "" {
		part()
		f.name(w.RefName)
	}
	if w.PartitionBy != nil {
		part()
		f.WriteString("PARTITION BY ")
		f.exprs(w.PartitionBy)
	}
	if w.OrderBy != nil {
		part()
		f.orderKeys(w.OrderBy)
	}
	if fr := w.Frame; fr != nil {
		part()
		f.WriteString(fr.Mode.String() + " BETWEEN ")
		f.frameBound(fr.Start)
		f.WriteString(" AND ")
		f.frameBound(fr.End)
		f.WriteString([...]string{"", " EXCLUDE CURRENT ROW", " EXCLUDE GROUP", " EXCLUDE TIES"}[fr.Exclude])
	}
	f.WriteByte(')')
}

func (f *formatter) frameBound(b FrameBound) {
	switch b.Kind {
	case UnboundedPreceding:
		f.WriteString("UNBOUNDED PRECEDING")
	case UnboundedFollowing:
		f.WriteString("UNBOUNDED FOLLOWING")
	case CurrentRow:
		f.WriteString("CURRENT ROW")
	case OffsetPreceding:
		f.exprAt(b.Offset, precOp)
		f.WriteString(" PRECEDING")
	case OffsetFollowing:
		f.exprAt(b.Offset, precOp)
		f.WriteString(" FOLLOWING")
	}
}

func (f *formatter) with(w *WithClause) {
	if w == nil {
		return
	}
	f.WriteString("WITH ")
	f.flag(w.Recursive, "RECURSIVE ")
	f.list(len(w.CTEs), func(i int) { f.cte(w.CTEs[i]) })
	f.WriteByte(' ')
}

func (f *formatter) cte(c *CTE) {
	f.name(c.Name)
	f.parenNames(c.Columns)
	f.WriteString(" AS ")
	switch c.Materialized {
	case MaterializeAlways:
		f.WriteString("MATERIALIZED ")
	case MaterializeNever:
		f.WriteString("NOT MATERIALIZED ")
	}
	f.WriteByte('(')
	f.stmt(c.Query)
	f.WriteByte(')')
	if s := c.Search; s != nil {
		if s.BreadthFirst {
			f.WriteString(" SEARCH BREADTH FIRST BY ")
		} else {
			f.WriteString(" SEARCH DEPTH FIRST BY ")
		}
		f.names(s.Columns)
		f.clause(" SET ", s.Sequence)
	}
	if y := c.Cycle; y != nil {
		f.WriteString(" CYCLE ")
		f.names(y.Columns)
		f.clause(" SET ", y.Mark)
		if y.Value != nil {
			f.WriteString(" TO ")
			f.exprAt(y.Value, precPrimary)
			f.WriteString(" DEFAULT ")
			f.exprAt(y.DefaultValue, precPrimary)
		}
		f.clause(" USING ", y.Path)
	}
}

func (f *formatter) tableRefs(list []TableRef) {
	f.list(len(list), func(i int) { f.tableRef(list[i]) })
}

func (f *formatter) tableRef(r TableRef) {
	switch r := r.(type) {
	case *RangeTable:
		f.flag(r.Only, "ONLY ")
		f.qname(r.Name)
		f.alias(r.Alias)
	case *RangeSubquery:
		f.flag(r.Lateral, "LATERAL ")
		f.subquery(r.Query)
		f.alias(r.Alias)
	case *RangeFunction:
		f.rangeFunction(r)
	case *JoinExpr:
		f.join(r)
	}
}

func (f *formatter) alias(a *Alias) {
	if a != nil {
		f.WriteString(" AS ")
		f.name(a.Name)
		f.parenNames(a.Columns)
	}
}

func (f *formatter) rangeFunction(r *RangeFunction) {
	f.flag(r.Lateral, "LATERAL ")
	if r.RowsFrom {
		f.WriteString("ROWS FROM (")
	}
	f.list(len(r.Funcs), func(i int) {
		item := &r.Funcs[i]
		if c, ok := item.Func.(*Cast); ok {
			// In FROM a cast is a function only in its long form.
			f.WriteString("CAST(")
			f.expr(c.Arg)
			f.WriteString(" AS ")
			f.typeName(&c.Type)
			f.WriteByte(')')
		} else {
			f.expr(item.Func)
		}
		if item.ColDefs != nil {
			f.WriteString(" AS ")
			f.funcColumns(item.ColDefs)
		}
	})
	f.flag(r.RowsFrom, ")")
	f.flag(r.Ordinality, " WITH ORDINALITY")
	f.alias(r.Alias)
	if r.ColDefs != nil {
		f.flag(r.Alias == nil, " AS ")
		f.funcColumns(r.ColDefs)
	}
}

func (f *formatter) funcColumns(cols []FuncColumn) {
	f.WriteByte('(')
	f.list(len(cols), func(i int) {
		f.name(cols[i].Name)
		f.WriteByte(' ')
		f.typeName(&cols[i].Type)
		f.collate(cols[i].Collation)
	})
	f.WriteByte(')')
}

func (f *formatter) collate(c QName) {
	if !c.IsZero() {
		f.WriteString(" COLLATE ")
		f.qname(c)
	}
}

func (f *formatter) join(j *JoinExpr) {
	if j.Alias != nil {
		f.WriteByte('(')
	}
	f.tableRef(j.Left)
	f.flag(j.Natural, " NATURAL")
	switch j.Type {
	case JoinInner:
		f.WriteString(" JOIN ")
	default:
		f.WriteString(" " + j.Type.String() + " JOIN ")
	}
	if right, ok := j.Right.(*JoinExpr); ok && right.Alias == nil {
		f.WriteByte('(')
		f.tableRef(right)
		f.WriteByte(')')
	} else {
		f.tableRef(j.Right)
	}
	if j.Using != nil {
		f.WriteString(" USING ")
		f.parenNames(j.Using)
		f.clause(" AS ", j.UsingAlias)
	}
	if j.On != nil {
		f.WriteString(" ON ")
		f.expr(j.On)
	}
	if j.Alias != nil {
		f.WriteByte(')')
		f.alias(j.Alias)
	}
}
