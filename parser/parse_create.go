package parser

// create reads CREATE of any kind.
func (p *parser) create() Stmt {
	pos := p.tok.pos
	p.advance()
	replace := false
	if p.acceptKw(kwOr) {
		p.expectKw(kwReplace)
		replace = true
	}
	persistence := Permanent
	modified := p.atAny(kwLocal, kwGlobal, kwTemp, kwTemporary, kwUnlogged)
	if modified {
		persistence = p.persistence()
	}
	switch p.tok.kw {
	case kwView:
		if persistence == Unlogged {
			p.later(wrong(-1, "views cannot be unlogged because they do not have storage"))
		}
		return p.createView(pos, replace, persistence)
	case kwRecursive:
		panic(p.refuseAs("CREATE RECURSIVE VIEW", pos, kwRecursive, kwView))
	}
	if !replace {
		switch p.tok.kw {
		case kwTable:
			return p.createTable(pos, persistence)
		case kwSequence:
			return p.createSequence(pos, persistence)
		case kwMaterialized:
			if persistence != Temporary {
				return p.createMatView(pos, persistence)
			}
		}
	}
	if modified {
		panic(p.unexpected())
	}
	if !replace {
		switch p.tok.kw {
		case kwUnique, kwIndex:
			return p.createIndex(pos)
		case kwSchema:
			return p.createSchema(pos)
		case kwDatabase:
			return p.createDatabase(pos)
		}
	}
	panic(p.refuseCreate(pos))
}

// refuseAs refuses a statement by name if the given keywords are next.
func (p *parser) refuseAs(what string, pos int, kws ...keyword) bailout {
	for _, kw := range kws {
		if !p.acceptKw(kw) {
			return p.unexpected()
		}
	}
	return refuse(pos, "%s", what)
}

// unknownKinds are the objects that PostgreSQL has and minisql does not, by the
// first keyword of their kind and, where one is not enough, those after it.
var unknownKinds = map[keyword][]keyword{
	kwFunction: nil, kwProcedure: nil, kwAggregate: nil, kwOperator: nil, kwType: nil, kwDomain: nil,
	kwTrigger: nil, kwExtension: nil, kwRole: nil, kwUser: nil, kwGroup: nil, kwLanguage: nil,
	kwCast: nil, kwCollation: nil, kwConversion: nil, kwTablespace: nil, kwServer: nil, kwRule: nil,
	kwPolicy: nil, kwPublication: nil, kwSubscription: nil, kwStatistics: nil, kwTransform: nil, kwRoutine: nil,
	kwAssertion:  nil,
	kwConstraint: {kwTrigger}, kwEvent: {kwTrigger}, kwAccess: {kwMethod}, kwText: {kwSearch},
	kwTrusted: {kwLanguage}, kwProcedural: {kwLanguage}, kwDefault: {kwConversion},
	kwLarge: {kwObject},
}

// unknownKind reads the keywords of an object kind that minisql does not have and
// returns them in capitals; "" if the current keyword starts none.
func (p *parser) unknownKind() string {
	kw := p.tok.kw
	rest, ok := unknownKinds[kw]
	word := upperWord(p.tok.str)
	switch {
	case kw == kwForeign:
		p.advance()
		if p.acceptKw(kwTable) {
			return "FOREIGN TABLE"
		}
		p.expectKw(kwData, kwWrapper)
		return "FOREIGN DATA WRAPPER"
	case !ok:
		return ""
	}
	p.advance()
	for _, next := range rest {
		word += " " + upperWord(keywordTable[next].word)
		p.expectKw(next)
	}
	if kw == kwUser && p.acceptKw(kwMapping) {
		word = "USER MAPPING"
	}
	if kw == kwText {
		word += " " + upperWord(p.take(p.atAny(kwParser, kwDictionary, kwTemplate, kwConfiguration)))
	}
	return word
}

func (p *parser) refuseCreate(pos int) bailout {
	what := p.unknownKind()
	if what == "" {
		return p.unexpected()
	}
	return refuse(pos, "CREATE %s", what)
}

// persistence reads [LOCAL|GLOBAL] TEMP, or UNLOGGED.
func (p *parser) persistence() Persistence {
	if p.acceptKw(kwUnlogged) {
		return Unlogged
	}
	if !p.acceptKw(kwLocal) {
		p.acceptKw(kwGlobal)
	}
	if !p.acceptKw(kwTemp) {
		p.expectKw(kwTemporary)
	}
	return Temporary
}

// ifNotExists reads IF NOT EXISTS if it is there.
func (p *parser) ifNotExists() bool {
	if p.atKws(kwIf, kwNot) {
		p.advance()
		p.advance()
		p.expectKw(kwExists)
		return true
	}
	return false
}

func (p *parser) ifExists() bool { return p.acceptKws(kwIf, kwExists) }

func (p *parser) createView(pos int, replace bool, persistence Persistence) Stmt {
	s := &CreateViewStmt{Pos: pos, Replace: replace, Persistence: persistence}
	p.advance()
	s.Name = p.qualifiedName()
	s.Columns = p.optParenNames()
	s.With = p.withOptions()
	p.expectKw(kwAs)
	start := p.tok.pos
	s.Query = p.query()
	s.QueryText = p.source(start)
	if p.acceptKw(kwWith) {
		s.CheckOption = CheckCascaded
		if p.acceptKw(kwLocal) {
			s.CheckOption = CheckLocal
		} else {
			p.acceptKw(kwCascaded)
		}
		p.expectKw(kwCheck, kwOption)
	}
	return s
}

func (p *parser) createMatView(pos int, persistence Persistence) Stmt {
	s := &CreateTableAsStmt{Pos: pos, Materialized: true, Persistence: persistence}
	p.advance()
	p.expectKw(kwView)
	s.IfNotExists = p.ifNotExists()
	s.Name = p.qualifiedName()
	s.Columns = p.optParenNames()
	s.AccessMethod = p.accessMethod()
	s.With = p.withOptions()
	s.Tablespace = p.tablespace()
	p.expectKw(kwAs)
	start := p.tok.pos
	s.Query = p.query()
	s.QueryText = p.source(start)
	s.NoData = p.withNoData()
	return s
}

// withNoData reads WITH [NO] DATA if it is there, and tells whether it says NO.
func (p *parser) withNoData() bool {
	if !p.acceptKw(kwWith) {
		return false
	}
	no := p.acceptKw(kwNo)
	p.expectKw(kwData)
	return no
}

func (p *parser) accessMethod() string {
	if p.acceptKw(kwUsing) {
		return p.colID()
	}
	return ""
}

func (p *parser) tablespace() string {
	if p.acceptKw(kwTablespace) {
		return p.colID()
	}
	return ""
}

func (p *parser) refresh() Stmt {
	s := &RefreshMatViewStmt{Pos: p.pos()}
	p.advance()
	p.expectKw(kwMaterialized, kwView)
	s.Concurrently = p.acceptKw(kwConcurrently)
	s.Name = p.qualifiedName()
	s.NoData = p.withNoData()
	return s
}

func (p *parser) createSchema(pos int) Stmt {
	s := &CreateSchemaStmt{Pos: pos}
	p.advance()
	s.IfNotExists = p.ifNotExists()
	if !p.atKw(kwAuthorization) {
		s.Name = p.colID()
	}
	if p.acceptKw(kwAuthorization) {
		s.Authorization = p.roleName()
	}
	if p.atKw(kwCreate) || p.atKw(kwGrant) {
		panic(refuse(p.tok.pos, "CREATE SCHEMA with schema elements"))
	}
	return s
}

func (p *parser) createDatabase(pos int) Stmt {
	s := &CreateDatabaseStmt{Pos: pos}
	p.advance()
	s.Name = p.colID()
	p.acceptKw(kwWith)
	s.Options = p.databaseOptions()
	return s
}

// databaseOptions reads the options of CREATE and ALTER DATABASE.
func (p *parser) databaseOptions() []Option {
	var list []Option
	for {
		o := Option{Pos: p.pos()}
		switch {
		case p.acceptKws(kwConnection, kwLimit):
			o.Name = "connection_limit"
		case p.at(tIdent) || p.atAny(kwEncoding, kwLocation, kwOwner, kwTablespace, kwTemplate):
			o.Name = p.tok.str
			p.advance()
		default:
			return list
		}
		p.accept('=')
		if p.acceptKw(kwDefault) {
			o.HasValue, o.Default = true, true
		} else {
			p.optionValue(&o)
		}
		list = append(list, o)
	}
}

func (p *parser) createIndex(pos int) Stmt {
	s := &CreateIndexStmt{Pos: pos}
	s.Unique = p.acceptKw(kwUnique)
	p.expectKw(kwIndex)
	s.Concurrently = p.acceptKw(kwConcurrently)
	s.IfNotExists = p.ifNotExists()
	if s.IfNotExists || !p.atKw(kwOn) {
		s.Name = p.colID()
	}
	p.expectKw(kwOn)
	r := p.relationExpr()
	s.Table, s.Only = r.Name, r.Only
	s.Method = p.accessMethod()
	s.Elems = p.indexElems()
	if p.acceptKw(kwInclude) {
		s.Include = p.indexElems()
	}
	s.NullsNotDistinct = p.nullsNotDistinct()
	s.With = p.withOptions()
	s.Tablespace = p.tablespace()
	s.Where = p.where()
	return s
}

// nullsNotDistinct reads NULLS [NOT] DISTINCT if it is there.
func (p *parser) nullsNotDistinct() bool {
	if !p.atKw(kwNulls) {
		return false
	}
	p.advance()
	not := p.acceptKw(kwNot)
	p.expectKw(kwDistinct)
	return not
}

func (p *parser) indexElems() []IndexElem {
	p.expect('(')
	var list []IndexElem
	for {
		list = append(list, p.indexElem())
		if !p.accept(',') {
			p.expect(')')
			return list
		}
	}
}

// indexElem reads a column, call or parenthesised expression with its options.
func (p *parser) indexElem() IndexElem {
	e := IndexElem{Pos: p.pos()}
	switch {
	case p.at('('):
		p.advance()
		e.Expr = p.expr()
		p.expect(')')
	case p.atFunctionTable():
		e.Expr = p.tableFunction()
	default:
		e.Column = p.colID()
	}
	if p.acceptKw(kwCollate) {
		e.Collation = p.qualifiedName()
	}
	if isColID(&p.tok) && !(p.atKw(kwNulls) && (p.peek().kw == kwFirst || p.peek().kw == kwLast)) {
		e.OpClass = p.qualifiedName()
		if p.at('(') {
			e.OpClassOptions = p.relOptions()
		}
	}
	switch {
	case p.acceptKw(kwAsc):
		e.Dir = SortAsc
	case p.acceptKw(kwDesc):
		e.Dir = SortDesc
	}
	e.Nulls = p.nullsOrder()
	return e
}

func (p *parser) createSequence(pos int, persistence Persistence) Stmt {
	s := &CreateSequenceStmt{Pos: pos, Persistence: persistence}
	p.advance()
	s.IfNotExists = p.ifNotExists()
	s.Name = p.qualifiedName()
	s.Options = p.seqOptions()
	return s
}

func (p *parser) seqOptions() []SeqOption {
	var list []SeqOption
	for {
		o, ok := p.seqOption()
		if !ok {
			return list
		}
		list = append(list, o)
	}
}

// seqOption reads one option of a sequence if it is there.
func (p *parser) seqOption() (o SeqOption, ok bool) {
	o.Pos = p.tok.pos
	number := func(kind SeqOptionKind, noise keyword) {
		p.advance()
		if noise != notKeyword {
			p.acceptKw(noise)
		}
		o.Kind, o.Value = kind, p.signedNumber()
	}
	switch p.tok.kw {
	case kwAs:
		p.advance()
		o.Kind, o.Type = SeqAs, p.simpleType()
	case kwCache:
		number(SeqCache, notKeyword)
	case kwIncrement:
		number(SeqIncrement, kwBy)
	case kwMaxvalue:
		number(SeqMaxValue, notKeyword)
	case kwMinvalue:
		number(SeqMinValue, notKeyword)
	case kwStart:
		number(SeqStart, kwWith)
	case kwCycle:
		p.advance()
		o.Kind = SeqCycle
	case kwNo:
		p.advance()
		o.No = true
		switch {
		case p.acceptKw(kwCycle):
			o.Kind = SeqCycle
		case p.acceptKw(kwMaxvalue):
			o.Kind = SeqMaxValue
		default:
			p.expectKw(kwMinvalue)
			o.Kind = SeqMinValue
		}
	case kwOwned:
		p.advance()
		p.expectKw(kwBy)
		o.Kind, o.Owner = SeqOwnedBy, p.dotted(p.colID())
	case kwSequence:
		p.advance()
		p.expectKw(kwName)
		o.Kind, o.Owner = SeqName, p.dotted(p.colID())
	case kwRestart:
		p.advance()
		o.Kind = SeqRestart
		with := p.acceptKw(kwWith)
		if with || p.at('+') || p.at('-') || p.at(tInt) || p.at(tNum) {
			o.Value = p.signedNumber()
		}
	default:
		return o, false
	}
	return o, true
}
