package parser

// optionList reads (name [value], …): the options of COPY, EXPLAIN, VACUUM and
// their kin, in which no equals sign stands between name and value. Only COPY
// takes reserved words as names.
func (p *parser) optionList(anyName bool) []Option {
	p.expect('(')
	var list []Option
	for {
		o := Option{Pos: p.pos()}
		o.Name = p.take(isNonReserved(&p.tok) || p.atAny(kwAnalyze, kwAnalyse) || anyName && isLabel(&p.tok))
		switch {
		case p.at(',') || p.at(')'):
		case p.accept('*'):
			o.HasValue, o.Value = true, "*"
		case p.accept('('):
			o.HasValue = true
			for {
				o.List = append(o.List, p.booleanOrString())
				if !p.accept(',') {
					break
				}
			}
			p.expect(')')
		case p.acceptKw(kwDefault):
			o.HasValue, o.Default = true, true
		default:
			p.optionValue(&o)
		}
		list = append(list, o)
		if !p.accept(',') {
			p.expect(')')
			return list
		}
	}
}

// optionValue reads a word, string or number.
func (p *parser) optionValue(o *Option) {
	o.HasValue = true
	if p.at('+') || p.at('-') || p.at(tInt) || p.at(tNum) {
		o.Value = p.signedNumber()
		return
	}
	o.Value = p.booleanOrString()
}

// booleanOrString reads a string, a word that is not reserved, TRUE, FALSE or ON.
func (p *parser) booleanOrString() string {
	if p.atAny(kwTrue, kwFalse, kwOn) {
		word := p.tok.str
		p.advance()
		return word
	}
	return p.wordOrString()
}

func (p *parser) wordOrString() string {
	return p.take(p.at(tString) || isNonReserved(&p.tok))
}

// relOptions reads (name [= value], …): storage parameters.
func (p *parser) relOptions() []Option {
	p.expect('(')
	var list []Option
	for {
		o := Option{Pos: p.pos()}
		o.Name = p.label()
		if p.accept('.') {
			o.Namespace, o.Name = o.Name, p.label()
		}
		if p.accept('=') {
			o.HasValue = true
			switch {
			case p.at('+') || p.at('-') || p.at(tInt) || p.at(tNum):
				o.Value = p.signedNumber()
			default:
				o.Value = p.take(p.at(tString) || isLabel(&p.tok))
			}
		}
		list = append(list, o)
		if !p.accept(',') {
			p.expect(')')
			return list
		}
	}
}

// withOptions reads WITH (…) if it is there.
func (p *parser) withOptions() []Option {
	if p.acceptKw(kwWith) {
		return p.relOptions()
	}
	return nil
}
