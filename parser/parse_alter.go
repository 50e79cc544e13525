package parser

import "strconv"

// alter reads ALTER of any kind.
func (p *parser) alter() Stmt {
	pos := p.tok.pos
	p.advance()
	switch p.tok.kw {
	case kwTable:
		p.advance()
		if p.atKw(kwAll) {
			panic(refuse(pos, "ALTER TABLE ALL IN TABLESPACE"))
		}
		return p.alterRelation(pos, ObjTable)
	case kwIndex:
		p.advance()
		if p.atKw(kwAll) {
			panic(refuse(pos, "ALTER INDEX ALL IN TABLESPACE"))
		}
		return p.alterRelation(pos, ObjIndex)
	case kwSequence:
		p.advance()
		return p.alterRelation(pos, ObjSequence)
	case kwView:
		p.advance()
		return p.alterRelation(pos, ObjView)
	case kwMaterialized:
		p.advance()
		p.expectKw(kwView)
		if p.atKw(kwAll) {
			panic(refuse(pos, "ALTER MATERIALIZED VIEW ALL IN TABLESPACE"))
		}
		return p.alterRelation(pos, ObjMatView)
	case kwSchema:
		p.advance()
		return p.alterNamespace(pos, ObjSchema)
	case kwDatabase:
		p.advance()
		return p.alterNamespace(pos, ObjDatabase)
	case kwDefault:
		p.advance()
		p.expectKw(kwPrivileges)
		panic(refuse(pos, "ALTER DEFAULT PRIVILEGES"))
	case kwSystem:
		panic(refuse(pos, "ALTER SYSTEM"))
	}
	what := p.unknownKind()
	if what == "" {
		panic(p.unexpected())
	}
	panic(refuse(pos, "ALTER %s", what))
}

// alterNamespace reads the rest of ALTER SCHEMA and ALTER DATABASE.
func (p *parser) alterNamespace(pos int, kind ObjectKind) Stmt {
	name := QName{Pos: p.pos(), Name: p.colID()}
	switch {
	case p.acceptKw(kwRename):
		p.expectKw(kwTo)
		return &RenameStmt{Pos: pos, Kind: kind, Relation: kind, Name: name, NewName: p.colID()}
	case p.atKw(kwOwner) && (kind == ObjSchema || p.peek().kw == kwTo):
		p.advance()
		p.expectKw(kwTo)
		return &OwnerStmt{Pos: pos, Kind: kind, Name: name, Owner: p.roleName()}
	case kind == ObjSchema:
		panic(p.unexpected())
	case p.atKw(kwReset):
		return &AlterSetStmt{Pos: pos, Name: name.Name, Reset: p.reset().(*ResetStmt)}
	case p.atKw(kwRefresh):
		panic(p.refuseAs("ALTER DATABASE REFRESH COLLATION VERSION", pos, kwRefresh, kwCollation, kwVersion))
	case p.atKws(kwSet, kwTablespace):
		p.advance()
		o := Option{Pos: p.pos(), Name: "tablespace", HasValue: true}
		p.advance()
		o.Value = p.colID()
		return &AlterDatabaseStmt{Pos: pos, Name: name.Name, Options: []Option{o}}
	case p.atKw(kwSet):
		at := p.tok.pos
		p.advance()
		set, ok := p.setRest(at).(*SetStmt)
		if !ok {
			panic(refuse(at, "ALTER DATABASE SET TRANSACTION"))
		}
		return &AlterSetStmt{Pos: pos, Name: name.Name, Set: set}
	}
	p.acceptKw(kwWith)
	return &AlterDatabaseStmt{Pos: pos, Name: name.Name, Options: p.databaseOptions()}
}

// alterRelation reads the rest of ALTER TABLE and its kin.
func (p *parser) alterRelation(pos int, kind ObjectKind) Stmt {
	ifExists := p.ifExists()
	var name QName
	only := false
	if kind == ObjTable {
		r := p.relationExpr()
		name, only = r.Name, r.Only
	} else {
		name = p.qualifiedName()
	}
	if p.acceptKw(kwRename) {
		s := &RenameStmt{Pos: pos, Kind: kind, Relation: kind, Name: name, Only: only, IfExists: ifExists}
		switch {
		case p.acceptKw(kwTo):
			s.NewName = p.colID()
			return s
		case kind == ObjTable && p.acceptKw(kwConstraint):
			s.Kind = ObjConstraint
		case kind == ObjIndex || kind == ObjSequence:
			panic(p.unexpected())
		default:
			p.acceptKw(kwColumn)
			s.Kind = ObjColumn
		}
		s.SubPos = p.tok.pos
		s.Sub = p.colID()
		p.expectKw(kwTo)
		s.NewName = p.colID()
		return s
	}
	if kind != ObjIndex && p.acceptKws(kwSet, kwSchema) {
		return &SetSchemaStmt{Pos: pos, Kind: kind, Name: name, IfExists: ifExists, Schema: p.colID()}
	}
	if kind == ObjIndex && p.atKw(kwNo) || p.atKw(kwDepends) {
		panic(refuse(p.tok.pos, "DEPENDS ON EXTENSION"))
	}
	if kind == ObjSequence && p.atAny(kwAs, kwCache, kwCycle, kwNo, kwIncrement, kwMaxvalue, kwMinvalue, kwOwned,
		kwSequence, kwStart, kwRestart) {
		return &AlterSequenceStmt{Pos: pos, Name: name, IfExists: ifExists, Options: p.seqOptions()}
	}
	s := &AlterTableStmt{Pos: pos, Kind: kind, Name: name, Only: only, IfExists: ifExists}
	for {
		s.Commands = append(s.Commands, p.alterCmd(kind))
		if !p.accept(',') {
			return s
		}
	}
}

// alterCmd reads one sub-command of ALTER TABLE.
func (p *parser) alterCmd(kind ObjectKind) *AlterCmd {
	c := &AlterCmd{Pos: p.pos()}
	kw := p.tok.kw
	p.advance()
	switch kw {
	case kwAdd:
		p.alterAdd(c)
	case kwAlter:
		if p.acceptKw(kwConstraint) {
			c.Kind = AlterConstraint
			p.subName(c)
			c.Constraint = &Constraint{Pos: c.NamePos, Kind: ConstrForeignKey, Name: c.Name}
			p.constraintAttributes(c.Constraint)
			break
		}
		p.acceptKw(kwColumn)
		p.alterColumn(c)
	case kwDrop:
		c.Kind = DropColumn
		if p.acceptKw(kwConstraint) {
			c.Kind = DropConstraint
		} else {
			p.acceptKw(kwColumn)
		}
		c.IfExists = p.ifExists()
		p.subName(c)
		c.Cascade = p.dropBehavior()
	case kwValidate:
		p.expectKw(kwConstraint)
		c.Kind = ValidateConstraint
		p.subName(c)
	case kwOwner:
		p.expectKw(kwTo)
		c.Kind, c.Value = OwnerTo, p.roleName()
	case kwSet:
		p.alterSet(c)
	case kwReset:
		c.Kind, c.Options = ResetOptions, p.relOptions()
	case kwCluster:
		p.expectKw(kwOn)
		c.Kind, c.Value = ClusterOn, p.colID()
	case kwReplica:
		p.expectKw(kwIdentity)
		c.Kind = ReplicaIdentity
		switch {
		case p.atAny(kwNothing, kwFull, kwDefault):
			c.Value = p.label()
		default:
			p.expectKw(kwUsing, kwIndex)
			c.Value = "index"
			p.subName(c)
		}
	case kwInherit:
		c.Kind, c.Table = Inherit, p.qualifiedName()
	case kwNo:
		if p.acceptKw(kwForce) {
			p.rowSecurity(c, "no force")
			break
		}
		p.expectKw(kwInherit)
		c.Kind, c.Table = NoInherit, p.qualifiedName()
	case kwForce:
		p.rowSecurity(c, "force")
	case kwEnable, kwDisable:
		p.enable(c, keywordTable[kw].word)
	case kwAttach:
		p.expectKw(kwPartition)
		c.Kind, c.Table = AttachPartition, p.qualifiedName()
		if kind != ObjIndex {
			c.Bound = p.partitionBound()
		}
	case kwDetach:
		p.expectKw(kwPartition)
		c.Kind, c.Table = DetachPartition, p.qualifiedName()
		if p.atAny(kwConcurrently, kwFinalize) {
			c.Value = p.label()
		}
	case kwOf:
		panic(refuse(c.Pos, "ALTER TABLE OF"))
	case kwNot:
		panic(p.refuseAs("ALTER TABLE NOT OF", c.Pos, kwOf))
	case kwOptions:
		panic(refuse(c.Pos, "ALTER TABLE OPTIONS"))
	default:
		panic(p.unexpectedAt(c.Pos))
	}
	return c
}

// unexpectedAt is the syntax error at the token before the current one.
func (p *parser) unexpectedAt(pos int) bailout {
	if p.prevEnd <= pos {
		return p.unexpected()
	}
	return wrong(pos, "syntax error at or near \"%s\"", p.lex.src[pos:p.prevEnd])
}

// subName reads the column or constraint that a sub-command is about.
func (p *parser) subName(c *AlterCmd) {
	c.NamePos = p.tok.pos
	c.Name = p.colID()
}

func (p *parser) alterAdd(c *AlterCmd) {
	if p.atTableConstraint() {
		c.Kind = AddConstraint
		c.Constraint = p.tableConstraint()
		return
	}
	p.acceptKw(kwColumn)
	c.Kind = AddColumn
	c.IfNotExists = p.ifNotExists()
	c.Column = p.columnDef()
}

func (p *parser) alterColumn(c *AlterCmd) {
	c.NamePos = p.tok.pos
	if p.at(tInt) {
		c.Number = p.intConst()
		p.expectKw(kwSet, kwStatistics)
		c.Kind, c.Value = SetStatistics, p.signedNumber()
		return
	}
	c.Name = p.colID()
	switch {
	case p.atKw(kwType), p.atKws(kwSet, kwData):
		if p.acceptKw(kwSet) {
			p.advance()
		}
		p.expectKw(kwType)
		c.Kind, c.Type = AlterColumnType, p.typeName()
		if p.acceptKw(kwCollate) {
			c.Collation = p.qualifiedName()
		}
		if p.acceptKw(kwUsing) {
			c.Using = p.expr()
		}
	case p.atKw(kwSet) && p.atIdentityOption():
		p.alterIdentity(c)
	case p.atKw(kwRestart):
		p.alterIdentity(c)
	case p.acceptKw(kwSet):
		switch {
		case p.acceptKw(kwDefault):
			c.Kind, c.Expr = SetDefault, p.expr()
		case p.acceptKw(kwNot):
			p.expectKw(kwNull)
			c.Kind = SetNotNull
		case p.acceptKw(kwStatistics):
			c.Kind, c.Value = SetStatistics, p.signedNumber()
		case p.acceptKw(kwStorage):
			c.Kind, c.Value = SetStorage, p.colID()
		case p.acceptKw(kwCompression):
			c.Kind, c.Value = SetCompression, p.compression()
		default:
			c.Kind, c.Options = SetColumnOptions, p.relOptions()
		}
	case p.acceptKw(kwReset):
		c.Kind, c.Options = ResetColumnOptions, p.relOptions()
	case p.acceptKw(kwDrop):
		switch {
		case p.acceptKw(kwDefault):
			c.Kind = DropDefault
		case p.acceptKw(kwNot):
			p.expectKw(kwNull)
			c.Kind = DropNotNull
		case p.acceptKw(kwExpression):
			c.Kind, c.IfExists = DropExpression, p.ifExists()
		default:
			p.expectKw(kwIdentity)
			c.Kind, c.IfExists = DropIdentity, p.ifExists()
		}
	case p.atKw(kwAdd):
		p.advance()
		c.Kind = AddIdentity
		k := &Constraint{Pos: p.pos(), Kind: ConstrIdentity}
		p.expectKw(kwGenerated)
		k.Always = p.generatedWhen()
		p.expectKw(kwAs, kwIdentity)
		p.identityOptions(k)
		c.Constraint = k
	default:
		panic(p.unexpected())
	}
}

// atIdentityOption tells, at SET, whether an identity's option follows.
func (p *parser) atIdentityOption() bool {
	switch p.peek().kw {
	case kwGenerated, kwAs, kwCache, kwCycle, kwNo, kwIncrement, kwMaxvalue, kwMinvalue, kwOwned, kwSequence,
		kwStart, kwRestart:
		return true
	}
	return false
}

// alterIdentity reads SET GENERATED …, SET option and RESTART, repeated.
func (p *parser) alterIdentity(c *AlterCmd) {
	c.Kind = SetIdentity
	for {
		switch {
		case p.atKw(kwRestart):
			o, _ := p.seqOption()
			c.Sequence = append(c.Sequence, o)
		case p.atKw(kwSet):
			p.advance()
			if p.acceptKw(kwGenerated) {
				always := p.generatedWhen()
				c.IdentityAlways = &always
				break
			}
			o, ok := p.seqOption()
			if !ok {
				panic(p.unexpected())
			}
			c.Sequence = append(c.Sequence, o)
		default:
			return
		}
	}
}

func (p *parser) alterSet(c *AlterCmd) {
	switch {
	case p.acceptKw(kwTablespace):
		c.Kind, c.Value = SetTablespace, p.colID()
	case p.acceptKw(kwLogged):
		c.Kind = SetLogged
	case p.acceptKw(kwUnlogged):
		c.Kind = SetUnlogged
	case p.acceptKw(kwAccess):
		p.expectKw(kwMethod)
		c.Kind, c.Value = SetAccessMethod, p.colID()
	case p.acceptKw(kwWithout):
		if p.acceptKw(kwOids) {
			c.Kind = SetWithoutOids
			break
		}
		p.expectKw(kwCluster)
		c.Kind = SetWithoutCluster
	default:
		c.Kind, c.Options = SetOptions, p.relOptions()
	}
}

func (p *parser) rowSecurity(c *AlterCmd, value string) {
	p.expectKw(kwRow, kwLevel, kwSecurity)
	c.Kind, c.Value = RowSecurity, value
}

// enable reads ENABLE or DISABLE of triggers, rules and row security.
func (p *parser) enable(c *AlterCmd, value string) {
	if p.atKw(kwRow) {
		p.rowSecurity(c, value)
		return
	}
	if value == "enable" && p.atAny(kwAlways, kwReplica) {
		value += " " + p.label()
	}
	c.Value = value
	if p.acceptKw(kwRule) {
		c.Kind = EnableRule
		p.subName(c)
		return
	}
	p.expectKw(kwTrigger)
	c.Kind = EnableTrigger
	if (value == "enable" || value == "disable") && p.atAny(kwAll, kwUser) {
		c.Target = p.label()
		return
	}
	p.subName(c)
}

// simpleKinds are the kinds of objects that DROP and COMMENT name by one name.
var simpleKinds = map[keyword]ObjectKind{
	kwTable: ObjTable, kwView: ObjView, kwIndex: ObjIndex, kwSequence: ObjSequence, kwSchema: ObjSchema,
	kwDatabase: ObjDatabase, kwType: ObjType, kwDomain: ObjDomain, kwExtension: ObjExtension, kwRole: ObjRole,
	kwUser: ObjRole, kwGroup: ObjRole, kwCollation: ObjCollation, kwConversion: ObjConversion,
	kwStatistics: ObjStatistics, kwTablespace: ObjTablespace, kwLanguage: ObjLanguage,
	kwServer: ObjForeignServer, kwPublication: ObjPublication, kwSubscription: ObjSubscription,
	kwFunction: ObjFunction, kwProcedure: ObjProcedure, kwRoutine: ObjRoutine, kwAggregate: ObjAggregate,
	kwTrigger: ObjTrigger, kwRule: ObjRule, kwPolicy: ObjPolicy,
}

// objectKind reads the keywords of an object kind.
func (p *parser) objectKind() (ObjectKind, bool) {
	if kind, ok := simpleKinds[p.tok.kw]; ok {
		p.advance()
		return kind, true
	}
	switch p.tok.kw {
	case kwMaterialized:
		p.advance()
		p.expectKw(kwView)
		return ObjMatView, true
	case kwForeign:
		p.advance()
		if p.acceptKw(kwTable) {
			return ObjForeignTable, true
		}
		p.expectKw(kwData, kwWrapper)
		return ObjForeignDataWrapper, true
	case kwAccess:
		p.advance()
		p.expectKw(kwMethod)
		return ObjAccessMethod, true
	case kwEvent:
		p.advance()
		p.expectKw(kwTrigger)
		return ObjEventTrigger, true
	case kwProcedural:
		p.advance()
		p.expectKw(kwLanguage)
		return ObjLanguage, true
	case kwText:
		p.advance()
		p.expectKw(kwSearch)
		switch {
		case p.acceptKw(kwParser):
			return ObjTSParser, true
		case p.acceptKw(kwDictionary):
			return ObjTSDictionary, true
		case p.acceptKw(kwTemplate):
			return ObjTSTemplate, true
		}
		p.expectKw(kwConfiguration)
		return ObjTSConfiguration, true
	}
	return 0, false
}

func (p *parser) drop() Stmt {
	s := &DropStmt{Pos: p.pos()}
	p.advance()
	switch p.tok.kw {
	case kwDatabase:
		return p.dropDatabase(s.Pos)
	case kwOperator, kwCast, kwTransform:
		panic(refuse(s.Pos, "DROP %s", upperWord(p.tok.str)))
	case kwOwned:
		panic(refuse(s.Pos, "DROP OWNED"))
	case kwUser:
		if p.peek().kw == kwMapping {
			panic(refuse(s.Pos, "DROP USER MAPPING"))
		}
	}
	kind, ok := p.objectKind()
	if !ok {
		panic(p.unexpected())
	}
	s.Kind = kind
	if kind == ObjIndex {
		s.Concurrently = p.acceptKw(kwConcurrently)
	}
	s.IfExists = p.ifExists()
	for {
		o := DropObject{Name: p.qualifiedName()}
		switch kind {
		case ObjTrigger, ObjRule, ObjPolicy:
			p.expectKw(kwOn)
			o.On = p.qualifiedName()
		case ObjFunction, ObjProcedure, ObjRoutine, ObjAggregate:
			if p.at('(') {
				o.HasArgs, o.Args = true, p.argTypes(s.Kind == ObjAggregate)
			}
		}
		s.Objects = append(s.Objects, o)
		if !p.accept(',') {
			break
		}
	}
	s.Cascade = p.dropBehavior()
	return s
}

func (p *parser) dropDatabase(pos int) Stmt {
	s := &DropDatabaseStmt{Pos: pos}
	p.advance()
	s.IfExists = p.ifExists()
	s.Name = p.colID()
	p.acceptKw(kwWith)
	if p.accept('(') {
		for {
			p.expectKw(kwForce)
			s.Force = true
			if !p.accept(',') {
				break
			}
		}
		p.expect(')')
	}
	return s
}

// argTypes reads the argument types that identify a function. Those of an
// aggregate are * if there are none.
func (p *parser) argTypes(aggregate bool) []TypeName {
	p.expect('(')
	var types []TypeName
	if p.accept('*') || !aggregate && p.at(')') {
		p.expect(')')
		return nil
	}
	for {
		if p.atAny(kwIn, kwOut, kwInout, kwVariadic) {
			p.advance()
		}
		if next := p.peek(); isTypeFuncName(&p.tok) && isLabel(next) && next.kw != kwArray && next.kw != kwPrecision {
			p.advance() // an argument's name
		}
		types = append(types, p.typeName())
		if !p.accept(',') {
			p.expect(')')
			return types
		}
	}
}

func (p *parser) comment() Stmt {
	s := &CommentStmt{Pos: p.pos()}
	p.advance()
	p.expectKw(kwOn)
	switch p.tok.kw {
	case kwOperator, kwCast, kwTransform:
		panic(refuse(s.Pos, "COMMENT ON %s", upperWord(p.tok.str)))
	case kwColumn:
		p.advance()
		s.Kind = ObjColumn
		pos := p.tok.pos
		parts := p.dotted(p.colID())
		if len(parts) < 2 {
			p.later(wrong(-1, "column name must be qualified"))
			parts = append(parts, "")
		}
		s.Name, s.Sub = p.qname(pos, parts[:len(parts)-1]), parts[len(parts)-1]
	case kwConstraint:
		p.advance()
		s.Kind = ObjConstraint
		s.Sub = p.colID()
		p.expectKw(kwOn)
		if p.atKw(kwDomain) && isColID(p.peek()) {
			p.advance()
			s.Kind = ObjDomainConstraint
		}
		s.Name = p.qualifiedName()
	case kwLarge:
		p.advance()
		p.expectKw(kwObject)
		s.Kind = ObjLargeObject
		s.Name = QName{Pos: p.pos(), Name: p.signedNumber()}
	default:
		kind, ok := p.objectKind()
		if !ok {
			panic(p.unexpected())
		}
		s.Kind = kind
		switch kind {
		case ObjTrigger, ObjRule, ObjPolicy:
			s.Sub = p.colID()
			p.expectKw(kwOn)
			s.Name = p.qualifiedName()
		case ObjFunction, ObjProcedure, ObjRoutine, ObjAggregate:
			s.Name = p.qualifiedName()
			if p.at('(') {
				s.HasArgs, s.Args = true, p.argTypes(s.Kind == ObjAggregate)
			}
		default:
			s.Name = p.qualifiedName()
		}
	}
	p.expectKw(kwIs)
	if !p.acceptKw(kwNull) {
		text := p.stringConst()
		s.Comment = &text
	}
	return s
}

// fetchCount reads an optionally signed integer of FETCH.
func (p *parser) fetchCount() int64 {
	pos := p.tok.pos
	text := p.signedNumber()
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		panic(wrong(pos, "syntax error at or near \"%s\"", text))
	}
	return n
}
