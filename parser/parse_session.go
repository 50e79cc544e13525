package parser

import "github.com/minisql/minisql/sqlerr"

// set reads SET of any kind.
func (p *parser) set() Stmt {
	pos := p.tok.pos
	p.advance()
	if p.atKw(kwConstraints) && p.peek().kind != '=' && p.peek().kw != kwTo {
		return p.setConstraints(pos)
	}
	local := false
	if p.atAny(kwLocal, kwSession) && !p.nextAssigns() {
		switch {
		case p.acceptKw(kwLocal):
			local = true
		case p.peek().kw != kwAuthorization && p.peek().kw != kwCharacteristics:
			p.advance()
		}
	}
	s := p.setRest(pos)
	switch s := s.(type) {
	case *SetStmt:
		s.Local = local
	case *SetTransactionStmt:
		s.Local = local
	}
	return s
}

// nextAssigns tells whether the current word is a parameter's name because TO, =
// or a dot follows.
func (p *parser) nextAssigns() bool {
	next := p.peek()
	return next.kind == '=' || next.kind == '.' || next.kw == kwTo || next.kw == kwFrom
}

// setRest reads what follows SET, SET LOCAL or SET SESSION.
func (p *parser) setRest(pos int) Stmt {
	s := &SetStmt{Pos: pos}
	if p.nextAssigns() {
		return p.setParameter(s)
	}
	at := p.tok.pos
	switch p.tok.kw {
	case kwTransaction:
		p.advance()
		if p.acceptKw(kwSnapshot) {
			return &SetTransactionStmt{Pos: pos, Snapshot: p.stringConst()}
		}
		return &SetTransactionStmt{Pos: pos, Modes: p.transactionModes(true)}
	case kwSession:
		p.advance()
		if p.acceptKw(kwCharacteristics) {
			p.expectKw(kwAs, kwTransaction)
			return &SetTransactionStmt{Pos: pos, Session: true, Modes: p.transactionModes(true)}
		}
		p.expectKw(kwAuthorization)
		s.Name = "session_authorization"
		if p.acceptKw(kwDefault) {
			s.Default = true
			return s
		}
		s.Values = []Expr{p.wordConst()}
	case kwTime:
		p.advance()
		p.expectKw(kwZone)
		s.Name = "timezone"
		p.zoneValue(s)
	case kwCatalog:
		p.advance()
		at = p.tok.pos
		p.stringConst()
		panic(bailout{sqlerr.New(sqlerr.FeatureNotSupported, "current database cannot be changed").At(at)})
	case kwSchema:
		p.advance()
		s.Name = "search_path"
		s.Values = []Expr{&StringLit{Pos: p.pos(), Value: p.stringConst()}}
	case kwNames:
		p.advance()
		s.Name = "client_encoding"
		switch {
		case p.at(tString):
			s.Values = []Expr{&StringLit{Pos: p.pos(), Value: p.stringConst()}}
		default:
			p.acceptKw(kwDefault)
			s.Default = true
		}
	case kwRole:
		p.advance()
		s.Name = "role"
		s.Values = []Expr{p.wordConst()}
	case kwXml:
		panic(p.refuseAs("SET XML OPTION", at, kwXml, kwOption))
	default:
		return p.setParameter(s)
	}
	return s
}

// wordConst reads a word or string as a string constant.
func (p *parser) wordConst() Expr {
	return &StringLit{Pos: p.pos(), Value: p.wordOrString()}
}

// parameterName reads a possibly dotted parameter name.
func (p *parser) parameterName() string {
	name := p.colID()
	for p.accept('.') {
		name += "." + p.colID()
	}
	return name
}

func (p *parser) setParameter(s *SetStmt) Stmt {
	s.Name = p.parameterName()
	if p.acceptKw(kwFrom) {
		p.expectKw(kwCurrent)
		s.FromCurrent = true
		return s
	}
	if !p.acceptKw(kwTo) {
		p.expect('=')
	}
	if p.acceptKw(kwDefault) {
		s.Default = true
		return s
	}
	for {
		switch pos := p.tok.pos; {
		case p.accept('-'):
			s.Values = append(s.Values, negate(pos, p.numericConst()))
		case p.at('+') || p.at(tInt) || p.at(tNum):
			p.accept('+')
			s.Values = append(s.Values, p.numericConst())
		default:
			s.Values = append(s.Values, &StringLit{Pos: pos, Value: p.booleanOrString()})
		}
		if !p.accept(',') {
			return s
		}
	}
}

func (p *parser) numericConst() Expr {
	if !p.at(tInt) && !p.at(tNum) {
		panic(p.unexpected())
	}
	return p.number()
}

func (p *parser) zoneValue(s *SetStmt) {
	pos := p.tok.pos
	switch {
	case p.at(tString), p.at(tIdent):
		s.Values = []Expr{&StringLit{Pos: pos, Value: p.tok.str}}
		p.advance()
	case p.atKw(kwInterval):
		t := systemType(pos, "interval")
		p.advance()
		t.Mods = p.precision()
		lit := &TypedLit{Pos: pos, Value: p.stringConst()}
		if at := p.tok.pos; t.Mods == nil {
			p.intervalFields(&t)
			if t.Fields != "" && t.Fields != "hour" && t.Fields != "hour to minute" {
				panic(wrong(at, "time zone interval must be HOUR or HOUR TO MINUTE"))
			}
		}
		lit.Type = t
		s.Values = []Expr{lit}
	case p.atAny(kwDefault, kwLocal):
		p.advance()
		s.Default = true
	case p.accept('-'):
		s.Values = []Expr{negate(pos, p.numericConst())}
	default:
		p.accept('+')
		s.Values = []Expr{p.numericConst()}
	}
}

func (p *parser) setConstraints(pos int) Stmt {
	s := &SetConstraintsStmt{Pos: pos}
	p.advance()
	if !p.acceptKw(kwAll) {
		s.Names = p.qualifiedNames()
	}
	if p.acceptKw(kwDeferred) {
		s.Deferred = true
	} else {
		p.expectKw(kwImmediate)
	}
	return s
}

// specialParameter reads the spellings of parameters that are not names.
func (p *parser) specialParameter() string {
	switch {
	case p.atKws(kwTime, kwZone):
		p.advance()
		p.advance()
		return "timezone"
	case p.atKws(kwTransaction, kwIsolation):
		p.advance()
		p.advance()
		p.expectKw(kwLevel)
		return "transaction_isolation"
	case p.atKws(kwSession, kwAuthorization):
		p.advance()
		p.advance()
		return "session_authorization"
	}
	return p.parameterName()
}

func (p *parser) reset() Stmt {
	s := &ResetStmt{Pos: p.pos()}
	p.advance()
	if p.acceptKw(kwAll) {
		s.All = true
		return s
	}
	s.Name = p.specialParameter()
	return s
}

func (p *parser) show() Stmt {
	s := &ShowStmt{Pos: p.pos()}
	p.advance()
	if p.acceptKw(kwAll) {
		s.All = true
		return s
	}
	s.Name = p.specialParameter()
	return s
}

func (p *parser) discard() Stmt {
	s := &DiscardStmt{Pos: p.pos()}
	p.advance()
	switch {
	case p.acceptKw(kwAll):
		s.Target = "all"
	case p.acceptKw(kwPlans):
		s.Target = "plans"
	case p.acceptKw(kwSequences):
		s.Target = "sequences"
	case p.acceptKw(kwTemp), p.acceptKw(kwTemporary):
		s.Target = "temp"
	default:
		panic(p.unexpected())
	}
	return s
}

// transaction reads the transaction control statements.
func (p *parser) transaction() Stmt {
	s := &TransactionStmt{Pos: p.pos()}
	kw := p.tok.kw
	p.advance()
	work := func() {
		if !p.acceptKw(kwWork) {
			p.acceptKw(kwTransaction)
		}
	}
	switch kw {
	case kwBegin:
		s.Kind = TxnBegin
		work()
		s.Modes = p.transactionModes(false)
	case kwStart:
		s.Kind = TxnStart
		p.expectKw(kwTransaction)
		s.Modes = p.transactionModes(false)
	case kwSavepoint:
		s.Kind, s.Name = TxnSavepoint, p.colID()
	case kwRelease:
		s.Kind = TxnRelease
		if p.atKw(kwSavepoint) && isColID(p.peek()) {
			p.advance()
		}
		s.Name = p.colID()
	case kwPrepare:
		p.expectKw(kwTransaction)
		s.Kind, s.Name = TxnPrepare, p.stringConst()
	case kwCommit, kwEnd:
		s.Kind = TxnCommit
		if kw == kwCommit && p.acceptKw(kwPrepared) {
			s.Kind, s.Name = TxnCommitPrepared, p.stringConst()
			break
		}
		work()
		s.Chain = p.chain()
	case kwRollback, kwAbort:
		s.Kind = TxnRollback
		if kw == kwRollback && p.acceptKw(kwPrepared) {
			s.Kind, s.Name = TxnRollbackPrepared, p.stringConst()
			break
		}
		work()
		if kw == kwRollback && p.acceptKw(kwTo) {
			s.Kind = TxnRollbackTo
			if p.atKw(kwSavepoint) && isColID(p.peek()) {
				p.advance()
			}
			s.Name = p.colID()
			break
		}
		s.Chain = p.chain()
	}
	return s
}

// chain reads AND [NO] CHAIN if it is there.
func (p *parser) chain() bool {
	if !p.acceptKw(kwAnd) {
		return false
	}
	no := p.acceptKw(kwNo)
	p.expectKw(kwChain)
	return !no
}

// transactionModes reads modes, with or without commas between them.
func (p *parser) transactionModes(required bool) TransactionModes {
	var m TransactionModes
	for {
		switch {
		case p.acceptKw(kwIsolation):
			p.expectKw(kwLevel)
			switch {
			case p.acceptKw(kwSerializable):
				m.Isolation = Serializable
			case p.acceptKw(kwRepeatable):
				p.expectKw(kwRead)
				m.Isolation = RepeatableRead
			default:
				p.expectKw(kwRead)
				m.Isolation = ReadCommitted
				if p.acceptKw(kwUncommitted) {
					m.Isolation = ReadUncommitted
				} else {
					p.expectKw(kwCommitted)
				}
			}
		case p.acceptKw(kwRead):
			m.Access = AccessReadWrite
			if p.acceptKw(kwOnly) {
				m.Access = AccessReadOnly
			} else {
				p.expectKw(kwWrite)
			}
		case p.acceptKw(kwDeferrable):
			m.Deferrable = Deferrable
		case p.acceptKw(kwNot):
			p.expectKw(kwDeferrable)
			m.Deferrable = NotDeferrable
		default:
			if required {
				panic(p.unexpected())
			}
			return m
		}
		required = p.accept(',')
	}
}

func (p *parser) prepare() Stmt {
	s := &PrepareStmt{Pos: p.pos()}
	p.advance()
	s.Name = p.colID()
	if p.accept('(') {
		for {
			s.Types = append(s.Types, p.typeName())
			if !p.accept(',') {
				break
			}
		}
		p.expect(')')
	}
	p.expectKw(kwAs)
	s.Query = p.preparable()
	return s
}

func (p *parser) execute() Stmt {
	s := &ExecuteStmt{Pos: p.pos()}
	p.advance()
	s.Name = p.colID()
	if p.accept('(') {
		s.Args = p.exprList()
		p.expect(')')
	}
	return s
}

func (p *parser) deallocate() Stmt {
	s := &DeallocateStmt{Pos: p.pos()}
	p.advance()
	if p.atKw(kwPrepare) && (isColID(p.peek()) || p.peek().kw == kwAll) {
		p.advance()
	}
	if p.acceptKw(kwAll) {
		return s
	}
	s.Name = p.colID()
	return s
}

func (p *parser) explain() Stmt {
	s := &ExplainStmt{Pos: p.pos()}
	p.advance()
	flag := func(name string) {
		s.Options = append(s.Options, Option{Pos: p.pos(), Name: name})
		p.advance()
	}
	switch {
	case p.at('(') && !p.opensSelect():
		s.Options = p.optionList(false)
	default:
		if p.atAny(kwAnalyze, kwAnalyse) {
			flag("analyze")
		}
		if p.atKw(kwVerbose) {
			flag("verbose")
		}
	}
	switch p.tok.kw {
	case kwDeclare:
		s.Query = p.declareCursor()
	case kwExecute:
		s.Query = p.execute()
	case kwRefresh:
		s.Query = p.refresh()
	case kwCreate:
		s.Query = p.createAs()
	default:
		s.Query = p.preparableInto()
	}
	return s
}

func (p *parser) declareCursor() Stmt {
	s := &DeclareCursorStmt{Pos: p.pos()}
	p.advance()
	s.Name = p.colID()
	for !p.atKw(kwCursor) {
		switch {
		case p.acceptKw(kwBinary):
			s.Binary = true
		case p.acceptKw(kwInsensitive):
			s.Sensitivity = "insensitive"
		case p.acceptKw(kwAsensitive):
			s.Sensitivity = "asensitive"
		case p.acceptKw(kwScroll):
			s.Scroll = true
		default:
			p.expectKw(kwNo, kwScroll)
			s.NoScroll = true
		}
	}
	p.advance()
	switch {
	case p.acceptKw(kwWith):
		p.expectKw(kwHold)
		s.Hold = true
	case p.acceptKw(kwWithout):
		p.expectKw(kwHold)
	}
	p.expectKw(kwFor)
	s.Query = p.query()
	return s
}

func (p *parser) fetchStmt() Stmt {
	s := &FetchStmt{Pos: p.pos(), Move: p.atKw(kwMove), Count: 1}
	p.advance()
	if next := p.peek(); (next.kind == tEOF || next.kind == ';') && isColID(&p.tok) {
		s.Cursor = p.colID() // even if it is called next or all
		return s
	}
	kw := p.tok.kw
	switch kw {
	case kwNext, kwPrior, kwFirst, kwLast:
		p.advance()
		switch kw {
		case kwPrior:
			s.Direction = FetchBackward
		case kwFirst:
			s.Direction = FetchAbsolute
		case kwLast:
			s.Direction, s.Count = FetchAbsolute, -1
		}
	case kwAbsolute, kwRelative:
		p.advance()
		s.Direction = FetchAbsolute
		if kw == kwRelative {
			s.Direction = FetchRelative
		}
		s.Count = p.fetchCount()
	case kwForward, kwBackward:
		p.advance()
		if kw == kwBackward {
			s.Direction = FetchBackward
		}
		p.fetchAmount(s)
	default:
		p.fetchAmount(s)
	}
	if !p.acceptKw(kwFrom) {
		p.acceptKw(kwIn)
	}
	s.Cursor = p.colID()
	return s
}

// fetchAmount reads a count or ALL if one is there.
func (p *parser) fetchAmount(s *FetchStmt) {
	switch {
	case p.acceptKw(kwAll):
		s.All = true
	case p.at(tInt) || p.at('+') || p.at('-'):
		s.Count = p.fetchCount()
	}
}

func (p *parser) closePortal() Stmt {
	s := &ClosePortalStmt{Pos: p.pos()}
	p.advance()
	if !p.acceptKw(kwAll) {
		s.Name = p.colID()
	}
	return s
}

func (p *parser) listen() Stmt {
	pos, kw := p.tok.pos, p.tok.kw
	p.advance()
	switch kw {
	case kwListen:
		return &ListenStmt{Pos: pos, Channel: p.colID()}
	case kwUnlisten:
		if p.accept('*') {
			return &UnlistenStmt{Pos: pos}
		}
		return &UnlistenStmt{Pos: pos, Channel: p.colID()}
	}
	s := &NotifyStmt{Pos: pos, Channel: p.colID()}
	if p.accept(',') {
		s.Payload = p.stringConst()
	}
	return s
}
