package parser

import "github.com/minisql/minisql/sqlerr"

// query reads a SELECT, VALUES, TABLE or WITH statement, or one in parentheses,
// where INTO has no place.
func (p *parser) query() *SelectStmt {
	s := p.queryInto()
	if into := s.leftmostInto(); into != nil {
		p.later(wrong(into.pos, "SELECT ... INTO is not allowed here"))
	}
	return s
}

// queryInto is query where INTO is allowed.
func (p *parser) queryInto() *SelectStmt {
	if p.at('(') {
		s, _ := p.parenSelect()
		return p.selectRest(s)
	}
	return p.selectInto(nil)
}

// selectNoParens reads a query that may start with a parenthesis only as the
// operand of a set operation.
func (p *parser) selectNoParens() *SelectStmt {
	s := p.selectInto(nil)
	if into := s.leftmostInto(); into != nil {
		p.later(wrong(into.pos, "SELECT ... INTO is not allowed here"))
	}
	return s
}

// leftmostInto returns the INTO clause of the leftmost select, the only one that
// may have one.
func (s *SelectStmt) leftmostInto() *intoClause {
	for s.Op != SetNone {
		s = s.Left
	}
	return s.into
}

// selectInto reads a query that does not start with a parenthesis, or follows
// its WITH clause.
func (p *parser) selectInto(with *WithClause) *SelectStmt {
	p.enter()
	if with == nil && p.atKw(kwWith) {
		with = p.with()
	}
	s := p.setOps(p.selectOperand(), 0)
	if with != nil {
		if s.With != nil {
			panic(wrong(with.Pos, "multiple WITH clauses not allowed"))
		}
		s.With = with
	}
	p.selectTail(s)
	p.depth--
	return s
}

// atSelectRest tells whether what follows a parenthesised query belongs to a
// larger query.
func (p *parser) atSelectRest() bool {
	return p.atAny(kwUnion, kwIntersect, kwExcept, kwOrder, kwLimit, kwOffset, kwFetch, kwFor)
}

// selectRest extends a parenthesised query with set operations and the clauses
// after them.
func (p *parser) selectRest(s *SelectStmt) *SelectStmt {
	s = p.setOps(s, 0)
	p.selectTail(s)
	return s
}

// setOps reads UNION, EXCEPT (level 1) and INTERSECT (level 2) after left.
func (p *parser) setOps(left *SelectStmt, low int) *SelectStmt {
	for {
		var op SetOp
		level := 1
		switch p.tok.kw {
		case kwUnion:
			op = SetUnion
		case kwExcept:
			op = SetExcept
		case kwIntersect:
			op, level = SetIntersect, 2
		default:
			return left
		}
		if level < low {
			return left
		}
		s := &SelectStmt{Pos: left.Pos, Op: op, Left: left}
		p.chained++
		p.advance()
		if p.acceptKw(kwAll) {
			s.All = true
		} else {
			p.acceptKw(kwDistinct)
		}
		right := p.selectOperand()
		s.Right = p.setOps(right, level+1)
		if into := s.Right.leftmostInto(); into != nil {
			p.later(wrong(into.pos, "SELECT ... INTO is not allowed here"))
		}
		left = s
	}
}

// selectOperand reads a simple select, VALUES, TABLE or a parenthesised query.
func (p *parser) selectOperand() *SelectStmt {
	switch p.tok.kw {
	case kwSelect:
		return p.simpleSelect()
	case kwValues:
		return p.values()
	case kwTable:
		s := &SelectStmt{Pos: p.pos()}
		p.advance()
		s.Targets = []Target{{Pos: p.pos(), Expr: &ColumnRef{Pos: p.pos(), Star: true}}}
		s.From = []TableRef{p.relationExpr()}
		return s
	}
	s, _ := p.parenSelect()
	return s
}

func (p *parser) values() *SelectStmt {
	s := &SelectStmt{Pos: p.pos()}
	p.advance()
	for {
		p.expect('(')
		s.Values = append(s.Values, p.exprList())
		p.expect(')')
		if !p.accept(',') {
			return s
		}
	}
}

// simpleSelect reads SELECT … up to its WINDOW clause.
func (p *parser) simpleSelect() *SelectStmt {
	s := &SelectStmt{Pos: p.pos()}
	p.advance()
	switch {
	case p.acceptKw(kwAll):
	case p.acceptKw(kwDistinct):
		s.Distinct = true
		if p.acceptKw(kwOn) {
			p.expect('(')
			s.DistinctOn = p.exprList()
			p.expect(')')
		}
	}
	if s.Distinct || !p.atTargetsEnd() {
		s.Targets = p.targets()
	}
	if p.atKw(kwInto) {
		s.into = p.into()
	}
	if p.acceptKw(kwFrom) {
		s.From = p.fromList()
	}
	s.Where = p.where()
	if p.acceptKw(kwGroup) {
		p.expectKw(kwBy)
		if p.acceptKw(kwDistinct) {
			s.GroupDistinct = true
		} else {
			p.acceptKw(kwAll)
		}
		s.GroupBy = p.groupItems()
	}
	if p.acceptKw(kwHaving) {
		s.Having = p.expr()
	}
	if p.acceptKw(kwWindow) {
		for {
			pos, name := p.pos(), p.colID()
			p.expectKw(kwAs)
			w := p.windowSpec()
			w.Pos, w.Name = pos, name
			s.Windows = append(s.Windows, w)
			if !p.accept(',') {
				break
			}
		}
	}
	return s
}

// atTargetsEnd tells whether a SELECT list is empty.
func (p *parser) atTargetsEnd() bool {
	switch p.tok.kind {
	case tEOF, ';', ')':
		return true
	}
	return p.atSelectRest() || p.atAny(kwInto, kwFrom, kwWhere, kwGroup, kwHaving, kwWindow, kwWith)
}

// targets reads a SELECT or RETURNING list.
func (p *parser) targets() []Target {
	list := make([]Target, 0, 4)
	outer := p.targetDepth
	p.targetDepth = p.depth + 1
	for {
		t := Target{Pos: p.pos()}
		if p.at('*') {
			t.Expr = &ColumnRef{Pos: t.Pos, Star: true}
			p.advance()
		} else {
			t.Expr = p.expr()
			switch {
			case p.acceptKw(kwAs):
				t.As = p.label()
			case isBareLabel(&p.tok):
				t.As = p.tok.str
				p.advance()
			}
		}
		list = append(list, t)
		if !p.accept(',') {
			p.targetDepth = outer
			return list
		}
	}
}

// into reads INTO [TEMP|UNLOGGED] [TABLE] name.
func (p *parser) into() *intoClause {
	into := &intoClause{}
	p.advance()
	into.pos = p.tok.pos
	switch {
	case p.atAny(kwTemp, kwTemporary, kwLocal, kwGlobal) && (isColID(p.peek()) || p.peek().kw == kwTable):
		into.persistence = p.persistence()
		p.acceptKw(kwTable)
	case p.atKw(kwUnlogged) && (isColID(p.peek()) || p.peek().kw == kwTable):
		p.advance()
		into.persistence = Unlogged
		p.acceptKw(kwTable)
	default:
		p.acceptKw(kwTable)
	}
	into.table = p.qualifiedName()
	into.pos = into.table.Pos
	return into
}

func (p *parser) where() Expr {
	if p.acceptKw(kwWhere) {
		return p.expr()
	}
	return nil
}

// groupItems reads the list of GROUP BY or GROUPING SETS.
func (p *parser) groupItems() []Expr {
	var items []Expr
	for {
		items = append(items, p.groupItem())
		if !p.accept(',') {
			return items
		}
	}
}

func (p *parser) groupItem() Expr {
	pos := p.tok.pos
	set := func(kind GroupingSetKind, items func() []Expr) Expr {
		p.enter()
		p.expect('(')
		g := &GroupingSet{Pos: pos, Kind: kind, Items: items()}
		p.expect(')')
		p.depth--
		return g
	}
	switch {
	case p.at('(') && p.peek().kind == ')':
		p.advance()
		p.advance()
		return &GroupingSet{Pos: pos, Kind: GroupingEmpty}
	case p.atKw(kwRollup) && p.peek().kind == '(':
		p.advance()
		return set(GroupingRollup, p.exprList)
	case p.atKw(kwCube) && p.peek().kind == '(':
		p.advance()
		return set(GroupingCube, p.exprList)
	case p.atKws(kwGrouping, kwSets):
		p.advance()
		p.advance()
		return set(GroupingSets, p.groupItems)
	}
	return p.expr()
}

// selectTail reads ORDER BY, LIMIT, OFFSET, FETCH and locking clauses into s.
func (p *parser) selectTail(s *SelectStmt) {
	if p.atKw(kwOrder) {
		keys := p.orderBy()
		if s.OrderBy != nil {
			panic(wrong(keys[0].Expr.Position(), "multiple ORDER BY clauses not allowed"))
		}
		s.OrderBy = keys
	}
	// Locking clauses come before the limits or after them.
	lockFirst := p.atKw(kwFor)
	for p.atKw(kwFor) {
		p.locking(s)
	}
	p.limits(s)
	for !lockFirst && p.atKw(kwFor) {
		p.locking(s)
	}
	p.checkTies(s)
}

func (p *parser) checkTies(s *SelectStmt) {
	if !s.WithTies {
		return
	}
	if s.OrderBy == nil {
		panic(wrong(-1, "WITH TIES cannot be specified without ORDER BY clause"))
	}
	for _, l := range s.Locking {
		if l.Wait == LockSkip {
			panic(wrong(-1, "SKIP LOCKED and WITH TIES options cannot be used together"))
		}
	}
}

// limits reads LIMIT or FETCH and OFFSET in either order.
func (p *parser) limits(s *SelectStmt) {
	limit, offset := false, false
	for {
		switch {
		case !limit && p.atKw(kwLimit):
			limit = true
			p.advance()
			pos := p.tok.pos
			if p.acceptKw(kwAll) {
				break
			}
			e := p.expr()
			if p.at(',') {
				panic(bailout{sqlerr.New(sqlerr.SyntaxError, "LIMIT #,# syntax is not supported").
					WithHint("Use separate LIMIT and OFFSET clauses.").At(pos - len("LIMIT "))})
			}
			p.setLimit(s, e)
		case !limit && p.atKw(kwFetch):
			limit = true
			p.fetch(s)
		case !offset && p.atKw(kwOffset):
			offset = true
			p.advance()
			e := p.expr()
			if !p.acceptKw(kwRow) {
				p.acceptKw(kwRows)
			}
			if s.Offset != nil {
				panic(wrong(e.Position(), "multiple OFFSET clauses not allowed"))
			}
			s.Offset = e
		default:
			return
		}
	}
}

func (p *parser) setLimit(s *SelectStmt, e Expr) {
	if s.Limit != nil {
		panic(wrong(e.Position(), "multiple LIMIT clauses not allowed"))
	}
	s.Limit = e
}

// fetch reads FETCH FIRST n ROWS ONLY | WITH TIES.
func (p *parser) fetch(s *SelectStmt) {
	pos := p.tok.pos
	p.advance()
	if !p.acceptKw(kwFirst) {
		p.expectKw(kwNext)
	}
	var count Expr = &IntLit{Pos: pos, Value: 1}
	if !p.atAny(kwRow, kwRows) {
		switch at := p.tok.pos; {
		case p.accept('+'):
			count = &UnaryOp{Pos: at, Op: "+", Arg: p.numericConst()}
		case p.accept('-'):
			count = negate(at, p.numericConst())
		default:
			count = p.primary()
		}
	}
	if !p.acceptKw(kwRow) {
		p.expectKw(kwRows)
	}
	p.setLimit(s, count)
	if p.acceptKw(kwWith) {
		p.expectKw(kwTies)
		s.WithTies = true
		return
	}
	p.expectKw(kwOnly)
}

// locking reads one FOR … clause; FOR READ ONLY means nothing.
func (p *parser) locking(s *SelectStmt) {
	l := &LockingClause{Pos: p.pos()}
	p.advance()
	switch {
	case p.acceptKw(kwRead):
		p.expectKw(kwOnly)
		return
	case p.acceptKw(kwUpdate):
		l.Strength = LockForUpdate
	case p.acceptKw(kwNo):
		p.expectKw(kwKey, kwUpdate)
		l.Strength = LockForNoKeyUpdate
	case p.acceptKw(kwShare):
		l.Strength = LockForShare
	case p.acceptKw(kwKey):
		p.expectKw(kwShare)
		l.Strength = LockForKeyShare
	default:
		panic(p.unexpected())
	}
	if p.acceptKw(kwOf) {
		l.Of = p.qualifiedNames()
	}
	switch {
	case p.acceptKw(kwNowait):
		l.Wait = LockError
	case p.acceptKw(kwSkip):
		p.expectKw(kwLocked)
		l.Wait = LockSkip
	}
	s.Locking = append(s.Locking, l)
}

// orderBy reads ORDER BY and its keys.
func (p *parser) orderBy() []*SortBy {
	p.expectKw(kwOrder, kwBy)
	var keys []*SortBy
	for {
		k := &SortBy{Pos: p.pos(), Expr: p.expr()}
		switch {
		case p.acceptKw(kwAsc):
			k.Dir = SortAsc
		case p.acceptKw(kwDesc):
			k.Dir = SortDesc
		case p.acceptKw(kwUsing):
			k.Dir = SortUsing
			if p.atKw(kwOperator) {
				k.UsingSchema, k.UsingOp = p.explicitOperator()
			} else {
				if !p.atOperator() {
					panic(p.unexpected())
				}
				k.UsingOp = p.tok.str
				p.advance()
			}
		}
		k.Nulls = p.nullsOrder()
		keys = append(keys, k)
		if !p.accept(',') {
			return keys
		}
	}
}

// nullsOrder reads NULLS FIRST or NULLS LAST if it is there.
func (p *parser) nullsOrder() NullsOrder {
	switch {
	case p.acceptKws(kwNulls, kwFirst):
		return NullsFirst
	case p.acceptKws(kwNulls, kwLast):
		return NullsLast
	}
	return NullsDefault
}

// windowSpec reads (name PARTITION BY … ORDER BY … frame).
func (p *parser) windowSpec() *WindowDef {
	w := &WindowDef{Pos: p.pos()}
	p.expect('(')
	if isColID(&p.tok) && !p.atAny(kwPartition, kwRange, kwRows, kwGroups) {
		w.RefName = p.colID()
	}
	if p.acceptKw(kwPartition) {
		p.expectKw(kwBy)
		w.PartitionBy = p.exprList()
	}
	if p.atKw(kwOrder) {
		w.OrderBy = p.orderBy()
	}
	if p.atAny(kwRange, kwRows, kwGroups) {
		w.Frame = p.frame()
	}
	p.expect(')')
	return w
}

func (p *parser) frame() *Frame {
	f := &Frame{Pos: p.pos()}
	switch p.tok.kw {
	case kwRows:
		f.Mode = FrameRows
	case kwGroups:
		f.Mode = FrameGroups
	}
	p.advance()
	bad := func(pos int, msg string) bailout {
		return bailout{sqlerr.New(sqlerr.WindowingError, "%s", msg).At(pos)}
	}
	if p.acceptKw(kwBetween) {
		start := p.tok.pos
		f.Start = p.frameBound()
		p.expectKw(kwAnd)
		end := p.tok.pos
		f.End = p.frameBound()
		switch {
		case f.Start.Kind == UnboundedFollowing:
			panic(bad(start, "frame start cannot be UNBOUNDED FOLLOWING"))
		case f.End.Kind == UnboundedPreceding:
			panic(bad(end, "frame end cannot be UNBOUNDED PRECEDING"))
		case f.Start.Kind == CurrentRow && f.End.Kind == OffsetPreceding:
			panic(bad(end, "frame starting from current row cannot have preceding rows"))
		case f.Start.Kind == OffsetFollowing && f.End.Kind == OffsetPreceding:
			panic(bad(end, "frame starting from following row cannot have preceding rows"))
		case f.Start.Kind == OffsetFollowing && f.End.Kind == CurrentRow:
			panic(bad(end, "frame starting from following row cannot have preceding rows"))
		}
	} else {
		start := p.tok.pos
		f.Start = p.frameBound()
		f.End.Kind = CurrentRow
		switch f.Start.Kind {
		case UnboundedFollowing:
			panic(bad(start, "frame start cannot be UNBOUNDED FOLLOWING"))
		case OffsetFollowing:
			panic(bad(start, "frame starting from following row cannot end with current row"))
		}
	}
	if p.acceptKw(kwExclude) {
		switch {
		case p.acceptKw(kwCurrent):
			p.expectKw(kwRow)
			f.Exclude = ExcludeCurrentRow
		case p.acceptKw(kwGroup):
			f.Exclude = ExcludeGroup
		case p.acceptKw(kwTies):
			f.Exclude = ExcludeTies
		default:
			p.expectKw(kwNo, kwOthers)
		}
	}
	return f
}

func (p *parser) frameBound() FrameBound {
	var b FrameBound
	switch {
	case p.atKw(kwUnbounded) && (p.peek().kw == kwPreceding || p.peek().kw == kwFollowing):
		p.advance()
		b.Kind = UnboundedPreceding
		if p.atKw(kwFollowing) {
			b.Kind = UnboundedFollowing
		}
		p.advance()
		return b
	case p.acceptKws(kwCurrent, kwRow):
		b.Kind = CurrentRow
		return b
	}
	b.Offset = p.expr()
	if p.acceptKw(kwPreceding) {
		b.Kind = OffsetPreceding
		return b
	}
	p.expectKw(kwFollowing)
	b.Kind = OffsetFollowing
	return b
}

// with reads WITH [RECURSIVE] ….
func (p *parser) with() *WithClause {
	w := &WithClause{Pos: p.pos()}
	p.advance()
	if next := p.peek(); p.atKw(kwRecursive) && next.kind != '(' && next.kw != kwAs {
		w.Recursive = true
		p.advance()
	}
	for {
		w.CTEs = append(w.CTEs, p.cte())
		if !p.accept(',') {
			return w
		}
	}
}

func (p *parser) cte() *CTE {
	c := &CTE{Pos: p.pos(), Name: p.colID()}
	c.Columns = p.optParenNames()
	p.expectKw(kwAs)
	switch {
	case p.acceptKw(kwMaterialized):
		c.Materialized = MaterializeAlways
	case p.acceptKw(kwNot):
		p.expectKw(kwMaterialized)
		c.Materialized = MaterializeNever
	}
	p.expect('(')
	p.enter()
	c.Query = p.preparable()
	p.depth--
	p.expect(')')
	if p.acceptKw(kwSearch) {
		s := &SearchClause{Pos: p.pos()}
		if p.acceptKw(kwBreadth) {
			s.BreadthFirst = true
		} else {
			p.expectKw(kwDepth)
		}
		p.expectKw(kwFirst, kwBy)
		s.Columns = p.nameList()
		p.expectKw(kwSet)
		s.Sequence = p.colID()
		c.Search = s
	}
	if p.acceptKw(kwCycle) {
		y := &CycleClause{Pos: p.pos(), Columns: p.nameList()}
		p.expectKw(kwSet)
		y.Mark = p.colID()
		if p.acceptKw(kwTo) {
			y.Value = p.primary()
			p.expectKw(kwDefault)
			y.DefaultValue = p.primary()
		}
		p.expectKw(kwUsing)
		y.Path = p.colID()
		c.Cycle = y
	}
	return c
}
