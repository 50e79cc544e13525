package parser

import "github.com/minisql/minisql/sqlerr"

func (p *parser) fromList() []TableRef {
	list := []TableRef{p.tableRef()}
	for p.accept(',') {
		list = append(list, p.tableRef())
	}
	return list
}

// tableRef reads an item of FROM with the joins that follow it.
func (p *parser) tableRef() TableRef {
	p.enter()
	r := p.joins(p.tablePrimary())
	p.depth--
	return r
}

// joins reads the joins after left, the first binding first.
func (p *parser) joins(left TableRef) TableRef {
	for {
		j := &JoinExpr{Pos: p.pos(), Left: left}
		switch p.tok.kw {
		case kwCross:
			p.advance()
			p.expectKw(kwJoin)
			j.Type = JoinCross
			j.Right = p.tablePrimary()
			p.chained++
			left = j
			continue
		case kwNatural:
			p.advance()
			j.Natural = true
		case kwJoin, kwInner, kwLeft, kwRight, kwFull:
		default:
			return left
		}
		switch p.tok.kw {
		case kwInner:
			p.advance()
		case kwLeft, kwRight, kwFull:
			j.Type = map[keyword]JoinType{kwLeft: JoinLeft, kwRight: JoinRight, kwFull: JoinFull}[p.tok.kw]
			p.advance()
			p.acceptKw(kwOuter)
		}
		p.expectKw(kwJoin)
		p.chained++
		if j.Natural {
			j.Right = p.tablePrimary()
			left = j
			continue
		}
		// a JOIN b JOIN c ON … ON …: joins without a condition yet wait for theirs
		// on the right side.
		j.Right = p.tablePrimary()
		if p.atJoin() {
			p.enter()
			j.Right = p.joins(j.Right)
			p.depth--
		}
		switch {
		case p.acceptKw(kwOn):
			j.On = p.expr()
		case p.acceptKw(kwUsing):
			j.Using = p.parenNames()
			if p.acceptKw(kwAs) {
				j.UsingAlias = p.colID()
			}
		default:
			panic(p.unexpected())
		}
		left = j
	}
}

// atJoin tells whether a join follows.
func (p *parser) atJoin() bool {
	return p.atAny(kwCross, kwNatural, kwJoin, kwInner, kwLeft, kwRight, kwFull)
}

// tablePrimary reads an item of FROM without joins.
func (p *parser) tablePrimary() TableRef {
	pos := p.tok.pos
	if p.acceptKw(kwLateral) {
		if p.at('(') {
			query, at := p.parenSelect()
			r := p.rangeSubquery(at, query, true)
			r.Pos = pos
			return r
		}
		return p.rangeFunction(pos, true)
	}
	switch {
	case p.at('('):
		query, ref := p.parenTable()
		if query != nil {
			return p.rangeSubquery(pos, query, false)
		}
		return ref
	case p.atKw(kwXmltable):
		panic(refuse(pos, "XMLTABLE"))
	case p.atFunctionTable():
		return p.rangeFunction(pos, false)
	}
	if p.at(tKeyword) && keywordTable[p.tok.kw].category == typeFuncName {
		p.advance() // the name of a function, but no call
		panic(p.unexpected())
	}
	r := p.relationExpr()
	r.Alias = p.alias()
	if p.atKw(kwTablesample) {
		panic(refuse(p.tok.pos, "TABLESAMPLE"))
	}
	return r
}

// parenTable reads (query) or (a JOIN b …).
func (p *parser) parenTable() (*SelectStmt, TableRef) {
	p.enter()
	isSelect := p.opensSelect()
	p.expect('(')
	var ref TableRef
	switch {
	case isSelect && !p.at('('):
		query := p.selectNoParens()
		p.expect(')')
		p.depth--
		return query, nil
	case isSelect:
		inner := p.tok.pos
		query, r := p.parenTable()
		if query != nil && (p.at(')') || p.atSelectRest()) {
			query = p.selectRest(query)
			p.expect(')')
			p.depth--
			return query, nil
		}
		if query != nil {
			if !isColID(&p.tok) && !p.atKw(kwAs) && !p.atJoin() {
				panic(p.unexpected())
			}
			r = p.rangeSubquery(inner, query, false)
		}
		ref = p.joins(r)
	default:
		ref = p.joins(p.tablePrimary())
	}
	join, ok := ref.(*JoinExpr)
	if !ok || join.Alias != nil {
		panic(p.unexpected()) // only a bare join may stand in parentheses
	}
	p.expect(')')
	p.depth--
	join.Alias = p.alias()
	return nil, join
}

func (p *parser) rangeSubquery(pos int, query *SelectStmt, lateral bool) *RangeSubquery {
	r := &RangeSubquery{Pos: pos, Lateral: lateral, Query: query, Alias: p.alias()}
	if r.Alias == nil {
		what, example := "subquery", "SELECT"
		if query.Values != nil {
			what, example = "VALUES", "VALUES"
		}
		panic(bailout{sqlerr.New(sqlerr.SyntaxError, "%s in FROM must have an alias", what).
			WithHint("For example, FROM (%s ...) [AS] foo.", example).At(pos)})
	}
	return r
}

// relationExpr reads a table name, perhaps with ONLY or a star.
func (p *parser) relationExpr() *RangeTable {
	r := &RangeTable{Pos: p.pos()}
	if p.acceptKw(kwOnly) {
		r.Only = true
		if p.accept('(') {
			r.Name = p.qualifiedName()
			p.expect(')')
			return r
		}
		r.Name = p.qualifiedName()
		return r
	}
	r.Name = p.qualifiedName()
	p.accept('*')
	return r
}

// alias reads [AS] name [(columns)] if it is there.
func (p *parser) alias() *Alias {
	pos := p.tok.pos
	if !p.acceptKw(kwAs) && !isColID(&p.tok) {
		return nil
	}
	a := &Alias{Pos: pos, Name: p.colID()}
	a.Columns = p.optParenNames()
	return a
}

// atFunctionTable tells whether the item of FROM is a function call.
func (p *parser) atFunctionTable() bool {
	switch p.tok.kw {
	case kwCurrentDate, kwCurrentTime, kwCurrentTimestamp, kwLocaltime, kwLocaltimestamp, kwCurrentRole,
		kwCurrentUser, kwSessionUser, kwUser, kwCurrentCatalog, kwCurrentSchema, kwCast:
		return true
	case kwRows:
		return p.peek().kw == kwFrom
	case kwCollation:
		return p.peek().kw == kwFor
	}
	if !isNonReserved(&p.tok) {
		return false
	}
	switch p.peek().kind {
	case '(':
		return true
	case '.':
	default:
		return false
	}
	// a.b.c( needs a look further ahead.
	l := lexer{src: p.lex.src, pos: p.ahead.end}
	for {
		t := l.next()
		if !isLabel(&t) {
			return false
		}
		t = l.next()
		if t.kind != '.' {
			return t.kind == '('
		}
	}
}

// rangeFunction reads f(…) [WITH ORDINALITY] [alias], or ROWS FROM (…).
func (p *parser) rangeFunction(pos int, lateral bool) TableRef {
	r := &RangeFunction{Pos: pos, Lateral: lateral}
	if p.acceptKws(kwRows, kwFrom) {
		r.RowsFrom = true
		p.expect('(')
		for {
			item := RowsFromItem{Func: p.tableFunction()}
			if p.acceptKw(kwAs) {
				item.ColDefs = p.funcColumns()
			}
			r.Funcs = append(r.Funcs, item)
			if !p.accept(',') {
				break
			}
		}
		p.expect(')')
	} else {
		r.Funcs = []RowsFromItem{{Func: p.tableFunction()}}
	}
	if p.atKws(kwWith, kwOrdinality) {
		p.advance()
		p.advance()
		r.Ordinality = true
	}
	p.functionAlias(r)
	return r
}

// tableFunction reads a call without FILTER and OVER (func_expr_windowless), as
// it stands in FROM and among the keys of an index.
func (p *parser) tableFunction() Expr {
	switch p.tok.kw {
	case notKeyword:
	case kwCast, kwCurrentDate, kwCurrentTime, kwCurrentTimestamp, kwLocaltime, kwLocaltimestamp, kwCurrentRole,
		kwCurrentUser, kwSessionUser, kwUser, kwCurrentCatalog:
		return p.keywordPrimary()
	case kwCurrentSchema:
		if p.peek().kind != '(' {
			return p.keywordPrimary()
		}
	default:
		if p.peek().kind != '(' && (p.tok.kw != kwCollation || p.peek().kw != kwFor) {
			break
		}
		start := p.tok
		switch e := p.specialCall().(type) {
		case nil:
		case *FuncCall, *Coalesce, *NullIf, *MinMax:
			return e
		default:
			panic(wrong(start.pos, "syntax error at or near \"%s\"", p.lex.src[start.pos:start.end]))
		}
	}
	pos, qualified := p.tok.pos, p.peek().kind == '.'
	if qualified && !isColID(&p.tok) || !qualified && !isTypeFuncName(&p.tok) {
		if isColID(&p.tok) {
			p.advance() // the name is good, the parenthesis is not
		}
		panic(p.unexpected())
	}
	first := p.tok.str
	p.advance()
	f := &FuncCall{Pos: pos, Name: p.qname(pos, p.dotted(first))}
	p.funcArgs(f)
	return f
}

// functionAlias reads the alias of a function in FROM, which may define columns.
func (p *parser) functionAlias(r *RangeFunction) {
	pos := p.tok.pos
	as := p.acceptKw(kwAs)
	if as && p.at('(') {
		r.ColDefs = p.funcColumns()
		return
	}
	if !as && !isColID(&p.tok) {
		return
	}
	r.Alias = &Alias{Pos: pos, Name: p.colID()}
	if !p.at('(') {
		return
	}
	// The first item tells names from definitions: a definition has a type.
	l := lexer{src: p.lex.src, pos: p.tok.end}
	l.next()
	if k := l.next().kind; k == ',' || k == ')' {
		r.Alias.Columns = p.parenNames()
	} else {
		r.ColDefs = p.funcColumns()
	}
}

// funcColumns reads (a int, b text COLLATE "C").
func (p *parser) funcColumns() []FuncColumn {
	p.expect('(')
	var cols []FuncColumn
	for {
		c := FuncColumn{Pos: p.pos(), Name: p.colID()}
		c.Type = p.typeName()
		if p.acceptKw(kwCollate) {
			c.Collation = p.qualifiedName()
		}
		cols = append(cols, c)
		if !p.accept(',') {
			break
		}
	}
	p.expect(')')
	return cols
}
