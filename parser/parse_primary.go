package parser

import (
	"strconv"
)

// primary reads a constant, name, call, parenthesis or another form that stands
// on its own (c_expr).
func (p *parser) primary() Expr {
	t := &p.tok
	pos := t.pos
	switch t.kind {
	case tIdent:
		return p.nameExpr()
	case tInt, tNum:
		return p.number()
	case tString:
		e := &StringLit{Pos: pos, Value: t.str}
		p.advance()
		return e
	case tParam:
		n, err := strconv.ParseUint(t.str, 10, 16)
		if err != nil {
			panic(wrong(pos, "parameter number too large at or near \"$%s\"", t.str))
		}
		p.advance()
		return p.indirection(&ParamRef{Pos: pos, Number: int(n)})
	case '(':
		query, list := p.parenBody()
		return p.parenthesised(pos, query, list)
	case tBits:
		panic(refuse(pos, "bit string constant"))
	case tKeyword:
		return p.keywordPrimary()
	}
	panic(p.unexpected())
}

// number reads a numeric constant.
func (p *parser) number() Expr {
	pos, text := p.tok.pos, p.tok.str
	isInt := p.at(tInt)
	p.advance()
	if isInt {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return &IntLit{Pos: pos, Value: n}
		}
	}
	return &NumLit{Pos: pos, Text: text}
}

// nameExpr reads a column reference, a call, or a constant of a named type.
func (p *parser) nameExpr() Expr {
	pos := p.tok.pos
	callable := isTypeFuncName(&p.tok)
	first := p.tok.str
	p.advance()
	switch p.tok.kind {
	case '(':
		if !callable {
			panic(p.unexpected())
		}
		return p.funcCall(QName{Pos: pos, Name: first})
	case tString:
		if callable {
			return p.typedConst(TypeName{Pos: pos, Name: first})
		}
	}
	// One allocation for the reference and its usual one or two parts.
	ref := &struct {
		ColumnRef
		parts [2]string
	}{}
	ref.Pos = pos
	ref.parts[0] = first
	ref.Parts = ref.parts[:1]
	for p.at('.') {
		p.advance()
		if p.accept('*') {
			p.endAtStar()
			ref.Star = true
			return &ref.ColumnRef
		}
		ref.Parts = append(ref.Parts, p.label())
	}
	if len(ref.Parts) > 1 {
		switch p.tok.kind {
		case '(':
			return p.funcCall(p.qname(pos, ref.Parts))
		case tString:
			q := p.qname(pos, ref.Parts)
			return p.typedConst(TypeName{Pos: pos, Schema: q.Schema, Name: q.Name})
		}
	}
	if p.at('[') {
		return p.indirection(&ref.ColumnRef)
	}
	return &ref.ColumnRef
}

// typedConst reads the string after a type.
func (p *parser) typedConst(t TypeName) Expr {
	return &TypedLit{Pos: t.Pos, Type: t, Value: p.stringConst()}
}

// keywordPrimary is primary for a keyword.
func (p *parser) keywordPrimary() Expr {
	pos, kw := p.tok.pos, p.tok.kw
	switch kw {
	case kwNull:
		p.advance()
		return &NullLit{Pos: pos}
	case kwTrue, kwFalse:
		p.advance()
		return &BoolLit{Pos: pos, Value: kw == kwTrue}
	case kwCase:
		return p.caseExpr()
	case kwCast:
		p.advance()
		p.expect('(')
		arg := p.expr()
		p.expectKw(kwAs)
		t := p.typeName()
		p.expect(')')
		return &Cast{Pos: pos, Arg: arg, Type: t}
	case kwArray:
		p.advance()
		if p.at('(') {
			query, _ := p.parenSelect()
			return &ArraySubquery{Pos: pos, Query: query}
		}
		return p.arrayLit(pos)
	case kwCurrentDate, kwCurrentTime, kwCurrentTimestamp, kwLocaltime, kwLocaltimestamp,
		kwCurrentRole, kwCurrentUser, kwSessionUser, kwUser, kwCurrentCatalog:
		return p.sessionValue()
	case kwCurrentSchema:
		if p.peek().kind != '(' {
			return p.sessionValue()
		}
	case kwInterval:
		if k := p.peek().kind; k == tString || k == '(' {
			return p.intervalConst()
		}
	case kwDouble:
		if p.peek().kw == kwPrecision {
			t, _ := p.keywordType()
			return p.typedConst(t)
		}
	case kwInt, kwInteger, kwSmallint, kwBigint, kwReal, kwFloat, kwDecimal, kwDec, kwNumeric, kwBoolean, kwBit,
		kwCharacter, kwChar, kwVarchar, kwNational, kwNchar, kwTime, kwTimestamp:
		if next := p.peek(); next.kind == tString || next.kind == '(' ||
			next.kw == kwVarying || next.kw == kwCharacter || next.kw == kwChar ||
			(kw == kwTime || kw == kwTimestamp) && (next.kw == kwWith || next.kw == kwWithout) {
			t, _ := p.keywordType()
			if t.Name == "bpchar" && t.Mods[0].Position() == t.Pos {
				t.Mods = nil // a constant without a length is not cut: CHAR 'abc', N'abc'
			}
			return p.typedConst(t)
		}
	}
	if p.peek().kind == '(' || kw == kwCollation && p.peek().kw == kwFor {
		if e := p.specialCall(); e != nil {
			return e
		}
	}
	switch keywordTable[kw].category {
	case unreserved, colName:
		return p.nameExpr()
	case typeFuncName:
		if k := p.peek().kind; k != '(' && k != tString {
			p.advance()
			panic(p.unexpected())
		}
		return p.nameExpr()
	}
	panic(p.unexpected())
}

// intervalConst reads INTERVAL '…' fields, or INTERVAL(p) '…'.
func (p *parser) intervalConst() Expr {
	t := systemType(p.tok.pos, "interval")
	p.advance()
	if p.at('(') {
		t.Mods = p.precision()
		return p.typedConst(t)
	}
	e := &TypedLit{Pos: t.Pos, Value: p.stringConst()}
	p.intervalFields(&t)
	e.Type = t
	return e
}

// parenSelect reads a parenthesised query.
func (p *parser) parenSelect() (*SelectStmt, int) {
	pos := p.tok.pos
	p.expect('(')
	query := p.selectNoParens()
	p.expect(')')
	return query, pos
}

// arrayLit reads the brackets of ARRAY[…]; inner ones may follow without ARRAY.
func (p *parser) arrayLit(pos int) Expr {
	p.enter()
	p.expect('[')
	a := &ArrayLit{Pos: pos}
	switch {
	case p.at(']'):
	case p.at('['):
		for {
			a.Elems = append(a.Elems, p.arrayLit(p.tok.pos))
			if !p.accept(',') {
				break
			}
		}
	default:
		a.Elems = p.exprList()
	}
	p.expect(']')
	p.depth--
	return a
}

func (p *parser) caseExpr() Expr {
	c := &Case{Pos: p.pos()}
	p.advance()
	if !p.atKw(kwWhen) {
		c.Arg = p.expr()
	}
	for {
		w := When{Pos: p.pos()}
		p.expectKw(kwWhen)
		w.Cond = p.expr()
		p.expectKw(kwThen)
		w.Result = p.expr()
		c.Whens = append(c.Whens, w)
		if !p.atKw(kwWhen) {
			break
		}
	}
	if p.acceptKw(kwElse) {
		c.Else = p.expr()
	}
	p.expectKw(kwEnd)
	return c
}

// sessionValue reads CURRENT_DATE and its kin.
func (p *parser) sessionValue() Expr {
	v := &SessionValue{Pos: p.pos(), Name: p.tok.str, Precision: -1}
	switch p.tok.kw {
	case kwCurrentTime, kwCurrentTimestamp, kwLocaltime, kwLocaltimestamp:
		p.advance()
		if p.accept('(') {
			v.Precision = p.intConst()
			p.expect(')')
		}
	default:
		p.advance()
	}
	return v
}
