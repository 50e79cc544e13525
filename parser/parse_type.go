package parser

import "github.com/minisql/minisql/sqlerr"

// typeName reads a type with its array bounds.
func (p *parser) typeName() TypeName {
	setOf := p.acceptKw(kwSetof)
	t := p.simpleType()
	t.SetOf = setOf
	if p.acceptKw(kwArray) {
		t.ArrayDims = 1
		if p.accept('[') {
			p.intConst()
			p.expect(']')
		}
		return t
	}
	for p.accept('[') {
		if p.at(tInt) {
			p.intConst()
		}
		p.expect(']')
		t.ArrayDims++
	}
	return t
}

// systemType is a type that the grammar knows by a keyword.
func systemType(pos int, name string) TypeName {
	return TypeName{Pos: pos, Schema: "pg_catalog", Name: name}
}

// simpleType reads a type without array bounds.
func (p *parser) simpleType() TypeName {
	if p.tok.kind == tKeyword {
		if t, ok := p.keywordType(); ok {
			return t
		}
	}
	pos := p.tok.pos
	if !p.at(tIdent) && !isTypeFuncName(&p.tok) {
		panic(p.unexpected())
	}
	first := p.tok.str
	p.advance()
	t := TypeName{Pos: pos, Name: first}
	if p.at('.') {
		parts := p.dotted(first)
		if len(parts) > 3 {
			p.later(wrong(pos, "improper qualified name (too many dotted names): %s", joinDotted(parts)))
		}
		t.Schema, t.Name = parts[len(parts)-2], parts[len(parts)-1]
	}
	if p.at('%') && p.peek().kw == kwType {
		panic(refuse(pos, "%%TYPE"))
	}
	t.Mods = p.typeMods()
	return t
}

func joinDotted(parts []string) string {
	s := parts[0]
	for _, part := range parts[1:] {
		s += "." + part
	}
	return s
}

// typeMods reads (10, 2) if it is there.
func (p *parser) typeMods() []Expr {
	if !p.accept('(') {
		return nil
	}
	mods := p.exprList()
	p.expect(')')
	return mods
}

// precision reads (n) if it is there.
func (p *parser) precision() []Expr {
	if !p.accept('(') {
		return nil
	}
	pos := p.tok.pos
	n := p.intConst()
	p.expect(')')
	return []Expr{&IntLit{Pos: pos, Value: int64(n)}}
}

func badPrecision(pos int, msg string) bailout {
	return bailout{sqlerr.New(sqlerr.InvalidParameterValue, "%s", msg).At(pos)}
}

// keywordType reads a type that starts with a keyword of its own.
func (p *parser) keywordType() (t TypeName, ok bool) {
	pos := p.tok.pos
	named := func(name string) TypeName {
		p.advance()
		return systemType(pos, name)
	}
	switch p.tok.kw {
	case kwInt, kwInteger:
		return named("int4"), true
	case kwSmallint:
		return named("int2"), true
	case kwBigint:
		return named("int8"), true
	case kwReal:
		return named("float4"), true
	case kwBoolean:
		return named("bool"), true
	case kwFloat:
		t := named("float8")
		if p.accept('(') {
			at := p.tok.pos
			n := p.intConst()
			p.expect(')')
			switch {
			case n < 1:
				panic(badPrecision(at, "precision for type float must be at least 1 bit"))
			case n <= 24:
				t.Name = "float4"
			case n > 53:
				panic(badPrecision(at, "precision for type float must be less than 54 bits"))
			}
		}
		return t, true
	case kwDouble:
		if p.peek().kw != kwPrecision {
			return t, false
		}
		p.advance()
		return named("float8"), true
	case kwDecimal, kwDec, kwNumeric:
		t := named("numeric")
		t.Mods = p.typeMods()
		return t, true
	case kwBit:
		t := named("bit")
		if p.acceptKw(kwVarying) {
			t.Name = "varbit"
		}
		t.Mods = p.typeMods()
		if t.Mods == nil && t.Name == "bit" {
			t.Mods = []Expr{&IntLit{Pos: pos, Value: 1}}
		}
		return t, true
	case kwCharacter, kwChar, kwNchar, kwNational, kwVarchar:
		return p.characterType(), true
	case kwTimestamp:
		return p.timeType("timestamp", "timestamptz"), true
	case kwTime:
		return p.timeType("time", "timetz"), true
	case kwInterval:
		t := named("interval")
		if p.at('(') {
			t.Mods = p.precision()
		} else {
			p.intervalFields(&t)
		}
		return t, true
	}
	return t, false
}

func (p *parser) characterType() TypeName {
	t := systemType(p.tok.pos, "bpchar")
	first := p.tok.kw
	p.advance()
	if first == kwNational && !p.acceptKw(kwCharacter) {
		p.expectKw(kwChar)
	}
	if first == kwVarchar || p.acceptKw(kwVarying) {
		t.Name = "varchar"
	}
	t.Mods = p.precision()
	if t.Mods == nil && t.Name == "bpchar" {
		t.Mods = []Expr{&IntLit{Pos: t.Pos, Value: 1}}
	}
	return t
}

func (p *parser) timeType(plain, zoned string) TypeName {
	t := systemType(p.tok.pos, plain)
	p.advance()
	t.Mods = p.precision()
	switch {
	case p.atKws(kwWith, kwTime):
		p.advance()
		p.advance()
		p.expectKw(kwZone)
		t.Name = zoned
	case p.atKws(kwWithout, kwTime):
		p.advance()
		p.advance()
		p.expectKw(kwZone)
	}
	return t
}

// intervalFields reads INTERVAL's field restriction, such as DAY TO SECOND(3).
func (p *parser) intervalFields(t *TypeName) {
	var ends []keyword
	switch p.tok.kw {
	case kwYear:
		ends = []keyword{kwMonth}
	case kwDay:
		ends = []keyword{kwHour, kwMinute, kwSecond}
	case kwHour:
		ends = []keyword{kwMinute, kwSecond}
	case kwMinute:
		ends = []keyword{kwSecond}
	case kwMonth, kwSecond:
	default:
		return
	}
	t.Fields = p.tok.str
	last := p.tok.kw
	p.advance()
	if len(ends) > 0 && p.acceptKw(kwTo) {
		if !p.atAny(ends...) {
			panic(p.unexpected())
		}
		last = p.tok.kw
		t.Fields += " to " + p.tok.str
		p.advance()
	}
	if last == kwSecond {
		t.Mods = p.precision()
	}
}
