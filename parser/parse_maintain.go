package parser

func (p *parser) lock() Stmt {
	s := &LockTableStmt{Pos: p.pos(), Mode: "AccessExclusiveLock"}
	p.advance()
	p.acceptKw(kwTable)
	s.Tables = p.relationExprs()
	if p.acceptKw(kwIn) {
		s.Mode = p.lockMode()
		p.expectKw(kwMode)
	}
	s.NoWait = p.acceptKw(kwNowait)
	return s
}

func (p *parser) lockMode() string {
	switch {
	case p.acceptKw(kwAccess):
		if p.acceptKw(kwShare) {
			return "AccessShareLock"
		}
		p.expectKw(kwExclusive)
		return "AccessExclusiveLock"
	case p.acceptKw(kwRow):
		if p.acceptKw(kwShare) {
			return "RowShareLock"
		}
		p.expectKw(kwExclusive)
		return "RowExclusiveLock"
	case p.acceptKw(kwShare):
		switch {
		case p.acceptKw(kwUpdate):
			p.expectKw(kwExclusive)
			return "ShareUpdateExclusiveLock"
		case p.acceptKw(kwRow):
			p.expectKw(kwExclusive)
			return "ShareRowExclusiveLock"
		}
		return "ShareLock"
	}
	p.expectKw(kwExclusive)
	return "ExclusiveLock"
}

// vacuum reads VACUUM and ANALYZE.
func (p *parser) vacuum() Stmt {
	s := &VacuumStmt{Pos: p.pos(), Analyze: !p.atKw(kwVacuum)}
	p.advance()
	if p.at('(') {
		s.Options = p.optionList(false)
	} else {
		flags := []keyword{kwFull, kwFreeze, kwVerbose, kwAnalyze, kwAnalyse}
		if s.Analyze {
			flags = []keyword{kwVerbose}
		}
		for _, kw := range flags {
			if p.atKw(kw) {
				o := Option{Pos: p.pos(), Name: p.tok.str}
				if kw == kwAnalyse {
					o.Name = "analyze"
				}
				s.Options = append(s.Options, o)
				p.advance()
			}
		}
	}
	for isColID(&p.tok) {
		t := VacuumTable{Name: p.qualifiedName()}
		t.Columns = p.optParenNames()
		s.Tables = append(s.Tables, t)
		if !p.accept(',') {
			return s
		}
		if !isColID(&p.tok) {
			panic(p.unexpected())
		}
	}
	return s
}

func (p *parser) cluster() Stmt {
	s := &ClusterStmt{Pos: p.pos()}
	p.advance()
	if p.at('(') {
		s.Options = p.optionList(false)
	} else if p.atKw(kwVerbose) {
		s.Options = []Option{{Pos: p.pos(), Name: "verbose"}}
		p.advance()
	}
	if !isColID(&p.tok) {
		return s
	}
	s.Table = p.qualifiedName()
	switch {
	case p.acceptKw(kwUsing):
		s.Index = p.colID()
	case p.atKw(kwOn) && s.Table.Schema == "":
		p.advance()
		s.Index = s.Table.Name
		s.Table = p.qualifiedName()
	}
	return s
}

func (p *parser) reindex() Stmt {
	s := &ReindexStmt{Pos: p.pos()}
	p.advance()
	if p.at('(') {
		s.Options = p.optionList(false)
	}
	switch {
	case p.acceptKw(kwIndex):
		s.Kind = ObjIndex
	case p.acceptKw(kwTable):
		s.Kind = ObjTable
	case p.acceptKw(kwSchema):
		s.Kind = ObjSchema
	case p.acceptKw(kwDatabase):
		s.Kind = ObjDatabase
	default:
		p.expectKw(kwSystem)
		s.Kind, s.System = ObjDatabase, true
	}
	s.Concurrently = p.acceptKw(kwConcurrently)
	if s.Kind == ObjSchema || s.Kind == ObjDatabase {
		s.Name = QName{Pos: p.pos(), Name: p.colID()}
	} else {
		s.Name = p.qualifiedName()
	}
	return s
}
