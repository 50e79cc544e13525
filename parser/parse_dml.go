package parser

import "github.com/minisql/minisql/sqlerr"

func (p *parser) insert(with *WithClause) Stmt {
	s := &InsertStmt{Pos: p.pos(), With: with}
	p.advance()
	p.expectKw(kwInto)
	s.Table = p.qualifiedName()
	if p.acceptKw(kwAs) {
		s.Alias = p.colID()
	}
	if p.at('(') && !p.opensSelect() {
		p.advance()
		for {
			s.Columns = append(s.Columns, p.assignTarget())
			if !p.accept(',') {
				break
			}
		}
		p.expect(')')
	}
	if p.atKw(kwDefault) {
		if s.Columns != nil {
			panic(p.unexpected())
		}
		p.advance()
		p.expectKw(kwValues)
	} else {
		if p.acceptKw(kwOverriding) {
			s.Overriding = OverridingSystem
			if p.acceptKw(kwUser) {
				s.Overriding = OverridingUser
			} else {
				p.expectKw(kwSystem)
			}
			p.expectKw(kwValue)
		}
		s.Source = p.query()
	}
	if p.atKw(kwOn) {
		s.OnConflict = p.onConflict()
	}
	s.Returning = p.returning()
	return s
}

func (p *parser) onConflict() *OnConflict {
	c := &OnConflict{Pos: p.pos()}
	p.advance()
	p.expectKw(kwConflict)
	switch {
	case p.at('('):
		c.TargetPos = p.pos()
		c.Elems = p.indexElems()
		c.Where = p.where()
	case p.acceptKw(kwOn):
		p.expectKw(kwConstraint)
		c.Constraint = p.colID()
	}
	p.expectKw(kwDo)
	if p.acceptKw(kwNothing) {
		return c
	}
	p.expectKw(kwUpdate, kwSet)
	c.DoUpdate = true
	c.Set = p.assignments()
	c.UpdateWhere = p.where()
	return c
}

func (p *parser) returning() []Target {
	if p.acceptKw(kwReturning) {
		return p.targets()
	}
	return nil
}

// assignTarget reads a column with the steps into it.
func (p *parser) assignTarget() AssignTarget {
	t := AssignTarget{Pos: p.pos(), Name: p.colID()}
	for {
		switch pos := p.tok.pos; {
		case p.accept('.'):
			if p.at('*') {
				p.advance()
				p.later(bailout{sqlerr.New(sqlerr.FeatureNotSupported,
					"row expansion via \"*\" is not supported here").At(t.Pos)})
				return t
			}
			t.Indirection = append(t.Indirection, Indirection{Pos: pos, Field: p.label()})
		case p.at('['):
			t.Indirection = append(t.Indirection, p.subscript())
		default:
			return t
		}
	}
}

// assignments reads the list after SET.
func (p *parser) assignments() []Assignment {
	var list []Assignment
	for {
		a := Assignment{Pos: p.pos()}
		if p.accept('(') {
			a.Multi = true
			for {
				a.Targets = append(a.Targets, p.assignTarget())
				if !p.accept(',') {
					break
				}
			}
			p.expect(')')
		} else {
			a.Targets = []AssignTarget{p.assignTarget()}
		}
		p.expect('=')
		a.Value = p.expr()
		list = append(list, a)
		if !p.accept(',') {
			return list
		}
	}
}

// writeTarget reads the table of UPDATE and DELETE, whose alias may not be SET.
func (p *parser) writeTarget() *RangeTable {
	r := p.relationExpr()
	pos := p.tok.pos
	switch {
	case p.acceptKw(kwAs):
		r.Alias = &Alias{Pos: pos, Name: p.colID()}
	case isColID(&p.tok) && !p.atKw(kwSet):
		r.Alias = &Alias{Pos: pos, Name: p.colID()}
	}
	return r
}

// whereOrCurrent reads WHERE condition, or WHERE CURRENT OF cursor.
func (p *parser) whereOrCurrent() Expr {
	if !p.acceptKw(kwWhere) {
		return nil
	}
	if pos := p.tok.pos; p.acceptKws(kwCurrent, kwOf) {
		return &CurrentOf{Pos: pos, Cursor: p.colID()}
	}
	return p.expr()
}

func (p *parser) update(with *WithClause) Stmt {
	s := &UpdateStmt{Pos: p.pos(), With: with}
	p.advance()
	s.Table = p.writeTarget()
	p.expectKw(kwSet)
	s.Set = p.assignments()
	if p.acceptKw(kwFrom) {
		s.From = p.fromList()
	}
	s.Where = p.whereOrCurrent()
	s.Returning = p.returning()
	return s
}

func (p *parser) deleteStmt(with *WithClause) Stmt {
	s := &DeleteStmt{Pos: p.pos(), With: with}
	p.advance()
	p.expectKw(kwFrom)
	s.Table = p.writeTarget()
	if p.acceptKw(kwUsing) {
		s.Using = p.fromList()
	}
	s.Where = p.whereOrCurrent()
	s.Returning = p.returning()
	return s
}

// relationExprs reads a list of tables.
func (p *parser) relationExprs() []*RangeTable {
	list := []*RangeTable{p.relationExpr()}
	for p.accept(',') {
		list = append(list, p.relationExpr())
	}
	return list
}

func (p *parser) truncate() Stmt {
	s := &TruncateStmt{Pos: p.pos()}
	p.advance()
	p.acceptKw(kwTable)
	s.Tables = p.relationExprs()
	switch {
	case p.acceptKw(kwRestart):
		p.expectKw(kwIdentity)
		s.RestartIdentity = true
	case p.acceptKw(kwContinue):
		p.expectKw(kwIdentity)
	}
	s.Cascade = p.dropBehavior()
	return s
}

// dropBehavior reads CASCADE or RESTRICT, and tells whether it was CASCADE.
func (p *parser) dropBehavior() bool {
	if p.acceptKw(kwCascade) {
		return true
	}
	p.acceptKw(kwRestrict)
	return false
}
