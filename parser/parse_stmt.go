package parser

// statement reads one statement.
func (p *parser) statement() Stmt {
	switch p.tok.kw {
	case kwSelect, kwValues, kwTable, kwWith, kwInsert, kwUpdate, kwDelete, kwMerge:
		return p.preparableInto()
	case kwCreate:
		return p.create()
	case kwAlter:
		return p.alter()
	case kwDrop:
		return p.drop()
	case kwTruncate:
		return p.truncate()
	case kwCopy:
		return p.copyStmt()
	case kwComment:
		return p.comment()
	case kwGrant:
		return p.grant()
	case kwRevoke:
		return p.grant()
	case kwBegin, kwStart, kwCommit, kwEnd, kwRollback, kwAbort, kwSavepoint, kwRelease:
		return p.transaction()
	case kwPrepare:
		if p.peek().kw == kwTransaction {
			return p.transaction()
		}
		return p.prepare()
	case kwExecute:
		return p.execute()
	case kwDeallocate:
		return p.deallocate()
	case kwExplain:
		return p.explain()
	case kwSet:
		return p.set()
	case kwReset:
		return p.reset()
	case kwShow:
		return p.show()
	case kwDiscard:
		return p.discard()
	case kwLock:
		return p.lock()
	case kwVacuum, kwAnalyze, kwAnalyse:
		return p.vacuum()
	case kwCluster:
		return p.cluster()
	case kwReindex:
		return p.reindex()
	case kwCheckpoint:
		s := &CheckpointStmt{Pos: p.pos()}
		p.advance()
		return s
	case kwDeclare:
		return p.declareCursor()
	case kwFetch, kwMove:
		return p.fetchStmt()
	case kwClose:
		return p.closePortal()
	case kwListen, kwUnlisten, kwNotify:
		return p.listen()
	case kwRefresh:
		return p.refresh()
	case kwDo, kwCall, kwLoad:
		panic(refuse(p.tok.pos, "%s", upperWord(p.tok.str)))
	case kwReassign:
		panic(p.refuseWords(kwReassign, kwOwned))
	case kwSecurity:
		panic(p.refuseWords(kwSecurity, kwLabel))
	case kwImport:
		panic(p.refuseWords(kwImport, kwForeign, kwSchema))
	}
	if p.at('(') {
		return p.preparableInto()
	}
	panic(p.unexpected())
}

// refuseWords refuses a statement by the keywords it starts with, if they are
// all there.
func (p *parser) refuseWords(kws ...keyword) bailout {
	pos := p.tok.pos
	what := ""
	for i, kw := range kws {
		if !p.atKw(kw) {
			return p.unexpected()
		}
		if i > 0 {
			what += " "
		}
		what += upperWord(p.tok.str)
		p.advance()
	}
	return refuse(pos, "%s", what)
}

// preparable reads a SELECT, INSERT, UPDATE or DELETE without INTO.
func (p *parser) preparable() Stmt {
	s := p.dml()
	if sel, ok := s.(*SelectStmt); ok {
		if into := sel.leftmostInto(); into != nil {
			p.later(wrong(into.pos, "SELECT ... INTO is not allowed here"))
		}
	}
	return s
}

// preparableInto is preparable at the top of a statement, where SELECT INTO is
// a way to write CREATE TABLE AS.
func (p *parser) preparableInto() Stmt {
	start := p.tok.pos
	s := p.dml()
	sel, ok := s.(*SelectStmt)
	if !ok {
		return s
	}
	into := sel.leftmostInto()
	if into == nil {
		return s
	}
	first := sel
	for first.Op != SetNone {
		first = first.Left
	}
	first.into = nil
	return &CreateTableAsStmt{Pos: start, Name: into.table, Persistence: into.persistence, Query: sel, QueryText: Format(sel)}
}

// dml reads a SELECT, INSERT, UPDATE or DELETE.
func (p *parser) dml() Stmt {
	if p.at('(') {
		return p.queryInto()
	}
	var with *WithClause
	start := p.tok.pos
	if p.atKw(kwWith) {
		with = p.with()
	}
	switch p.tok.kw {
	case kwInsert:
		return p.insert(with)
	case kwUpdate:
		return p.update(with)
	case kwDelete:
		return p.deleteStmt(with)
	case kwMerge:
		panic(refuse(p.tok.pos, "MERGE"))
	case kwSelect, kwValues, kwTable:
	default:
		if with == nil || !p.at('(') {
			panic(p.unexpected())
		}
	}
	s := p.selectInto(with)
	if with != nil {
		s.Pos = start
	}
	return s
}
