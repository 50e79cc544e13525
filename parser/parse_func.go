package parser

// systemCall is a call that the grammar makes of a special syntax.
func systemCall(pos int, syntax FuncSyntax, name string, args ...Expr) *FuncCall {
	return &FuncCall{
		Pos: pos, Syntax: syntax, Args: args,
		Name: QName{Pos: pos, Schema: "pg_catalog", Name: name},
	}
}

// funcCall reads a call from its opening parenthesis on.
func (p *parser) funcCall(name QName) Expr {
	f := &FuncCall{Pos: name.Pos, Name: name}
	orderPos := p.funcArgs(f)
	if p.at(tString) && len(f.Args) > 0 && !f.Distinct && !f.Variadic {
		return p.typedConstWithMods(f, orderPos)
	}
	p.funcTail(f)
	return f
}

// funcArgs reads the parenthesised arguments of a call, and tells where ORDER BY
// is among them.
func (p *parser) funcArgs(f *FuncCall) (orderPos int) {
	p.expect('(')
	switch {
	case p.at(')'):
	case p.accept('*'):
		f.Star = true
	default:
		quantified := true
		switch {
		case p.acceptKw(kwAll):
		case p.acceptKw(kwDistinct):
			f.Distinct = true
		default:
			quantified = false
		}
		for {
			if !quantified && p.acceptKw(kwVariadic) {
				f.Variadic = true
			}
			f.Args = append(f.Args, p.funcArg())
			if f.Variadic || !p.accept(',') {
				break
			}
		}
		if p.atKw(kwOrder) {
			orderPos = p.tok.pos
			f.OrderBy = p.orderBy()
		}
	}
	p.expect(')')
	return orderPos
}

// funcArg reads an argument: value, name := value or name => value.
func (p *parser) funcArg() Expr {
	if isTypeFuncName(&p.tok) {
		if k := p.peek().kind; k == tColonEquals || k == tArrow {
			a := &NamedArg{Pos: p.pos(), Name: p.typeFuncName()}
			p.advance()
			a.Value = p.expr()
			return a
		}
	}
	return p.expr()
}

// typedConstWithMods turns f(2) '…' into a constant of type f(2).
func (p *parser) typedConstWithMods(f *FuncCall, orderPos int) Expr {
	for _, arg := range f.Args {
		if named, ok := arg.(*NamedArg); ok {
			panic(wrong(named.Pos, "type modifier cannot have parameter name"))
		}
	}
	if len(f.OrderBy) > 0 {
		panic(wrong(orderPos, "type modifier cannot have ORDER BY"))
	}
	return p.typedConst(TypeName{Pos: f.Pos, Schema: f.Name.Schema, Name: f.Name.Name, Mods: f.Args})
}

// funcTail reads WITHIN GROUP, FILTER and OVER after a call.
func (p *parser) funcTail(f *FuncCall) {
	if pos := p.tok.pos; p.acceptKw(kwWithin) {
		ordered := len(f.OrderBy) > 0
		p.expectKw(kwGroup)
		p.expect('(')
		f.WithinGroup = true
		f.OrderBy = p.orderBy()
		p.expect(')')
		switch {
		case ordered:
			panic(wrong(pos, "cannot use multiple ORDER BY clauses with WITHIN GROUP"))
		case f.Distinct:
			panic(wrong(pos, "cannot use DISTINCT with WITHIN GROUP"))
		case f.Variadic:
			panic(wrong(pos, "cannot use VARIADIC with WITHIN GROUP"))
		}
	}
	if p.acceptKw(kwFilter) {
		p.expect('(')
		p.expectKw(kwWhere)
		f.Filter = p.expr()
		p.expect(')')
	}
	if p.acceptKw(kwOver) {
		if p.at('(') {
			f.Over = p.windowSpec()
		} else {
			f.Over = &WindowDef{Pos: p.pos(), Name: p.colID()}
		}
	}
}

// specialCall reads the calls with a syntax of their own; nil if the current
// keyword starts none. The next token is known to be an opening parenthesis, or
// FOR after COLLATION.
func (p *parser) specialCall() Expr {
	pos, kw := p.tok.pos, p.tok.kw
	switch kw {
	case kwExists:
		p.advance()
		query, _ := p.parenSelect()
		return &Exists{Pos: pos, Query: query}
	case kwRow:
		p.advance()
		return p.overlaps(&RowExpr{Pos: pos, Args: p.rowArgs(), Explicit: true})
	case kwGrouping:
		p.advance()
		p.expect('(')
		g := &Grouping{Pos: pos, Args: p.exprList()}
		p.expect(')')
		return g
	case kwCoalesce:
		return &Coalesce{Pos: pos, Args: p.specialArgs()}
	case kwGreatest, kwLeast:
		return &MinMax{Pos: pos, Least: kw == kwLeast, Args: p.specialArgs()}
	case kwNullif:
		p.advance()
		p.expect('(')
		n := &NullIf{Pos: pos, Left: p.expr()}
		p.expect(',')
		n.Right = p.expr()
		p.expect(')')
		return n
	case kwExtract:
		return p.extract()
	case kwOverlay:
		return p.overlay()
	case kwPosition:
		p.advance()
		p.expect('(')
		needle := p.exprLimited()
		p.expectKw(kwIn)
		haystack := p.exprLimited()
		p.expect(')')
		return systemCall(pos, SyntaxPosition, "position", haystack, needle)
	case kwSubstring:
		return p.substring()
	case kwTrim:
		return p.trim()
	case kwNormalize:
		return p.normalize()
	case kwCollation:
		if p.peek().kw != kwFor {
			return nil
		}
		p.advance()
		p.advance()
		p.expect('(')
		arg := p.expr()
		p.expect(')')
		return systemCall(pos, SyntaxCollationFor, "pg_collation_for", arg)
	case kwTreat:
		panic(refuse(pos, "TREAT"))
	case kwXmlconcat, kwXmlelement, kwXmlexists, kwXmlforest, kwXmlparse, kwXmlpi, kwXmlroot, kwXmlserialize:
		panic(refuse(pos, "%s", upperWord(p.tok.str)))
	}
	return nil
}

// specialArgs reads name(a, b, …), of which the name is current.
func (p *parser) specialArgs() []Expr {
	p.advance()
	p.expect('(')
	args := p.exprList()
	p.expect(')')
	return args
}

func (p *parser) extract() Expr {
	pos := p.tok.pos
	p.advance()
	p.expect('(')
	field := &StringLit{Pos: p.pos(), Value: p.tok.str}
	if !p.at(tIdent) && !p.at(tString) && !p.atAny(kwYear, kwMonth, kwDay, kwHour, kwMinute, kwSecond) {
		panic(p.unexpected())
	}
	p.advance()
	p.expectKw(kwFrom)
	arg := p.expr()
	p.expect(')')
	return systemCall(pos, SyntaxExtract, "extract", field, arg)
}

// plainSpecial finishes a call that began like a special one but has ordinary
// arguments, of which the first was read.
func (p *parser) plainSpecial(name string, pos int, first Expr) Expr {
	f := &FuncCall{Pos: pos, Name: QName{Pos: pos, Name: name}, Args: []Expr{first}}
	for p.accept(',') {
		f.Args = append(f.Args, p.funcArg())
	}
	p.expect(')')
	return f
}

func (p *parser) overlay() Expr {
	pos := p.tok.pos
	p.advance()
	p.expect('(')
	if p.accept(')') {
		return &FuncCall{Pos: pos, Name: QName{Pos: pos, Name: "overlay"}}
	}
	first := p.funcArg()
	if !p.acceptKw(kwPlacing) {
		return p.plainSpecial("overlay", pos, first)
	}
	args := []Expr{first, p.expr()}
	p.expectKw(kwFrom)
	args = append(args, p.expr())
	if p.acceptKw(kwFor) {
		args = append(args, p.expr())
	}
	p.expect(')')
	return systemCall(pos, SyntaxOverlay, "overlay", args...)
}

func (p *parser) substring() Expr {
	pos := p.tok.pos
	p.advance()
	p.expect('(')
	if p.accept(')') {
		return &FuncCall{Pos: pos, Name: QName{Pos: pos, Name: "substring"}}
	}
	outer := p.inSubstring
	p.inSubstring = true
	first := p.funcArg()
	p.inSubstring = outer
	syntax, args := SyntaxSubstring, []Expr{first}
	switch {
	case p.acceptKw(kwFrom):
		args = append(args, p.expr())
		if p.acceptKw(kwFor) {
			args = append(args, p.expr())
		}
	case p.acceptKw(kwFor):
		length := p.expr()
		if p.acceptKw(kwFrom) {
			args = append(args, p.expr(), length)
			break
		}
		// Without a start, PostgreSQL makes the length an integer so that the
		// call does not mean substring(text, pattern, escape).
		args = append(args, &IntLit{Pos: -1, Value: 1},
			&Cast{Pos: -1, Arg: length, Type: systemType(-1, "int4")})
	case p.acceptKw(kwSimilar):
		syntax = SyntaxSimilar
		args = append(args, p.expr())
		p.expectKw(kwEscape)
		args = append(args, p.expr())
	default:
		return p.plainSpecial("substring", pos, first)
	}
	p.expect(')')
	return systemCall(pos, syntax, "substring", args...)
}

func (p *parser) trim() Expr {
	pos := p.tok.pos
	p.advance()
	p.expect('(')
	syntax, name := SyntaxTrim, "btrim"
	switch {
	case p.acceptKw(kwBoth):
	case p.acceptKw(kwLeading):
		syntax, name = SyntaxTrimLeading, "ltrim"
	case p.acceptKw(kwTrailing):
		syntax, name = SyntaxTrimTrailing, "rtrim"
	}
	var args []Expr
	if p.acceptKw(kwFrom) {
		args = p.exprList()
	} else {
		first := p.expr()
		if p.acceptKw(kwFrom) {
			args = append(p.exprList(), first)
		} else {
			args = []Expr{first}
			for p.accept(',') {
				args = append(args, p.expr())
			}
		}
	}
	p.expect(')')
	return systemCall(pos, syntax, name, args...)
}

func (p *parser) normalize() Expr {
	pos := p.tok.pos
	p.advance()
	p.expect('(')
	args := []Expr{p.expr()}
	if p.accept(',') {
		form := normalForm(p.tok.kw)
		if form == "" {
			panic(p.unexpected())
		}
		args = append(args, &StringLit{Pos: p.pos(), Value: form})
		p.advance()
	}
	p.expect(')')
	return systemCall(pos, SyntaxNormalize, "normalize", args...)
}

// upperWord returns a keyword in capitals.
func upperWord(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] = c - ('a' - 'A')
		}
	}
	return string(b)
}
