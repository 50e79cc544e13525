package parser

// grant reads GRANT and REVOKE.
func (p *parser) grant() Stmt {
	s := &GrantStmt{Pos: p.pos(), Revoke: p.atKw(kwRevoke)}
	p.advance()
	if s.Revoke && (p.atKws(kwGrant, kwOption) || p.atKws(kwAdmin, kwOption)) {
		p.advance()
		p.advance()
		p.expectKw(kwFor)
		s.OptionOnly = true
	}
	p.privileges(s)
	direction := kwTo
	if s.Revoke {
		direction = kwFrom
	}
	if p.acceptKw(kwOn) {
		p.grantObjects(s)
	} else {
		// GRANT a, b TO c: the privileges are role names.
		if s.AllPrivileges {
			panic(p.unexpected())
		}
		for _, priv := range s.Privileges {
			if priv.Columns != nil {
				p.later(wrong(priv.Pos, "column names cannot be included in GRANT/REVOKE ROLE"))
			}
			s.Roles = append(s.Roles, priv.Name)
		}
		s.Privileges = nil
	}
	p.expectKw(direction)
	for {
		p.acceptKw(kwGroup)
		s.Grantees = append(s.Grantees, p.roleName())
		if !p.accept(',') {
			break
		}
	}
	if !s.Revoke && p.acceptKw(kwWith) {
		option := kwGrant
		if s.Roles != nil {
			option = kwAdmin
		}
		p.expectKw(option, kwOption)
		s.WithOption = true
	}
	if p.acceptKw(kwGranted) {
		p.expectKw(kwBy)
		s.GrantedBy = p.roleName()
	}
	if s.Revoke {
		s.Cascade = p.dropBehavior()
	}
	return s
}

func (p *parser) privileges(s *GrantStmt) {
	if pos := p.tok.pos; p.acceptKw(kwAll) {
		s.AllPrivileges = true
		p.acceptKw(kwPrivileges)
		if p.at('(') {
			s.Privileges = []Privilege{{Pos: pos, Name: "all", Columns: p.parenNames()}}
		}
		return
	}
	for {
		priv := Privilege{Pos: p.pos(), Name: p.tok.str}
		switch {
		case p.acceptKws(kwAlter, kwSystem):
			priv.Name = "alter system"
		case p.atAny(kwSelect, kwReferences, kwCreate) || isColID(&p.tok):
			p.advance()
			if priv.Name != "create" {
				priv.Columns = p.optParenNames()
			}
		default:
			panic(p.unexpected())
		}
		s.Privileges = append(s.Privileges, priv)
		if !p.accept(',') {
			return
		}
	}
}

// grantObjects reads what follows ON.
func (p *parser) grantObjects(s *GrantStmt) {
	if p.acceptKw(kwAll) {
		switch {
		case p.acceptKw(kwTables):
			s.Kind = ObjTable
		case p.acceptKw(kwSequences):
			s.Kind = ObjSequence
		case p.acceptKw(kwFunctions):
			s.Kind = ObjFunction
		case p.acceptKw(kwProcedures):
			s.Kind = ObjProcedure
		default:
			p.expectKw(kwRoutines)
			s.Kind = ObjRoutine
		}
		p.expectKw(kwIn, kwSchema)
		s.AllInSchema = true
	} else {
		s.Kind = p.grantKind()
	}
	for {
		var o DropObject
		switch {
		case s.AllInSchema:
			o.Name = QName{Pos: p.pos(), Name: p.colID()}
		case s.Kind == ObjLargeObject:
			o.Name = QName{Pos: p.pos(), Name: p.signedNumber()}
		case s.Kind == ObjParameter:
			o.Name = QName{Pos: p.pos(), Name: joinDotted(p.dotted(p.colID()))}
		default:
			o.Name = p.qualifiedName()
			if p.at('(') && (s.Kind == ObjFunction || s.Kind == ObjProcedure || s.Kind == ObjRoutine) {
				o.HasArgs, o.Args = true, p.argTypes(false)
			}
		}
		s.Objects = append(s.Objects, o)
		if !p.accept(',') {
			return
		}
	}
}

// grantKind reads the kind of the objects after ON; a table needs no word. A
// word that is not followed by a name is itself the name.
func (p *parser) grantKind() ObjectKind {
	if p.atKw(kwForeign) {
		p.advance()
		if p.acceptKw(kwServer) {
			return ObjForeignServer
		}
		p.expectKw(kwData, kwWrapper)
		return ObjForeignDataWrapper
	}
	if p.acceptKws(kwLarge, kwObject) {
		return ObjLargeObject
	}
	if p.acceptKw(kwTable) {
		return ObjTable
	}
	next := p.peek()
	if next.kind != tIdent && next.kind != tKeyword || next.kw == kwTo || next.kw == kwFrom {
		return ObjTable
	}
	var kind ObjectKind
	switch p.tok.kw {
	case kwSequence:
		kind = ObjSequence
	case kwFunction:
		kind = ObjFunction
	case kwProcedure:
		kind = ObjProcedure
	case kwRoutine:
		kind = ObjRoutine
	case kwDatabase:
		kind = ObjDatabase
	case kwDomain:
		kind = ObjDomain
	case kwLanguage:
		kind = ObjLanguage
	case kwParameter:
		kind = ObjParameter
	case kwSchema:
		kind = ObjSchema
	case kwTablespace:
		kind = ObjTablespace
	case kwType:
		kind = ObjType
	default:
		return ObjTable
	}
	p.advance()
	return kind
}
