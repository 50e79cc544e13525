package parser

func (p *parser) copyStmt() Stmt {
	s := &CopyStmt{Pos: p.pos()}
	p.advance()
	if p.at('(') {
		p.advance()
		s.Query = p.preparable()
		p.expect(')')
		p.expectKw(kwTo)
	} else {
		if p.atKw(kwBinary) {
			s.Options = append(s.Options, p.wordOption("format", "binary"))
		}
		s.Table = p.qualifiedName()
		s.Columns = p.optParenNames()
		if p.acceptKw(kwFrom) {
			s.From = true
		} else {
			p.expectKw(kwTo)
		}
	}
	if p.acceptKw(kwProgram) {
		s.Program = true
		if p.atAny(kwStdin, kwStdout) {
			panic(wrong(-1, "STDIN/STDOUT not allowed with PROGRAM"))
		}
	}
	switch {
	case p.acceptKw(kwStdin), p.acceptKw(kwStdout):
		s.Stdio = true
	default:
		s.Filename = p.stringConst()
	}
	if s.Query == nil && (p.atKw(kwDelimiters) || p.atKw(kwUsing)) {
		p.acceptKw(kwUsing)
		pos := p.tok.pos
		p.expectKw(kwDelimiters)
		s.Options = append(s.Options, Option{Pos: pos, Name: "delimiter", HasValue: true, Value: p.stringConst()})
	}
	p.acceptKw(kwWith)
	if p.at('(') {
		s.Options = append(s.Options, p.optionList(true)...)
	} else {
		p.copyOldOptions(s)
	}
	wherePos := p.tok.pos
	s.Where = p.where()
	if s.Where != nil && !s.From {
		panic(wrong(wherePos, "WHERE clause not allowed with COPY TO"))
	}
	return s
}

// wordOption takes the current keyword as an option with the given value.
func (p *parser) wordOption(name, value string) Option {
	o := Option{Pos: p.pos(), Name: name, HasValue: true, Value: value}
	p.advance()
	return o
}

// copyOldOptions reads COPY's options in the form before version 9.0.
func (p *parser) copyOldOptions(s *CopyStmt) {
	text := func(name string) Option {
		o := Option{Pos: p.pos(), Name: name, HasValue: true}
		p.advance()
		p.acceptKw(kwAs)
		o.Value = p.stringConst()
		return o
	}
	for {
		var o Option
		switch p.tok.kw {
		case kwBinary:
			o = p.wordOption("format", "binary")
		case kwCsv:
			o = p.wordOption("format", "csv")
		case kwFreeze:
			o = p.wordOption("freeze", "true")
		case kwHeader:
			o = p.wordOption("header", "true")
		case kwDelimiter:
			o = text("delimiter")
		case kwNull:
			o = text("null")
		case kwQuote:
			o = text("quote")
		case kwEscape:
			o = text("escape")
		case kwEncoding:
			o = Option{Pos: p.pos(), Name: "encoding", HasValue: true}
			p.advance()
			o.Value = p.stringConst()
		case kwForce:
			o = Option{Pos: p.pos(), HasValue: true}
			p.advance()
			switch {
			case p.acceptKw(kwQuote):
				o.Name = "force_quote"
			case p.acceptKw(kwNot):
				p.expectKw(kwNull)
				o.Name = "force_not_null"
			default:
				p.expectKw(kwNull)
				o.Name = "force_null"
			}
			if o.Name == "force_quote" && p.accept('*') {
				o.Value = "*"
			} else {
				o.List = p.nameList()
			}
		default:
			return
		}
		s.Options = append(s.Options, o)
	}
}
