package parser

import (
	"strings"

	"github.com/minisql/minisql/sqlerr"
)

// createTable reads CREATE TABLE and CREATE TABLE AS from TABLE on.
func (p *parser) createTable(pos int, persistence Persistence) Stmt {
	p.advance()
	ifNotExists := p.ifNotExists()
	name := p.qualifiedName()
	s := &CreateTableStmt{Pos: pos, Name: name, Persistence: persistence, IfNotExists: ifNotExists}
	switch {
	case p.acceptKw(kwOf):
		n := p.qualifiedName()
		s.OfType = &TypeName{Pos: n.Pos, Schema: n.Schema, Name: n.Name}
		if p.at('(') {
			p.tableElements(s, true)
		}
	case p.acceptKw(kwPartition):
		p.expectKw(kwOf)
		s.PartitionOf = p.qualifiedName()
		if p.at('(') {
			p.tableElements(s, true)
		}
		s.Bound = p.partitionBound()
	case p.at('(') && !p.atColumnNames():
		p.tableElements(s, false)
		if p.acceptKw(kwInherits) {
			p.expect('(')
			s.Inherits = p.qualifiedNames()
			p.expect(')')
		}
	default:
		return p.createTableAs(s)
	}
	if p.acceptKw(kwPartition) {
		p.expectKw(kwBy)
		s.PartitionBy = &PartitionSpec{Pos: p.pos(), Strategy: strings.ToLower(p.colID())}
		s.PartitionBy.Elems = p.indexElems()
	}
	s.AccessMethod = p.accessMethod()
	s.With = p.tableWith()
	s.OnCommit = p.onCommit()
	s.Tablespace = p.tablespace()
	return s
}

// atColumnNames tells, at a parenthesis, whether bare column names follow: then it
// is CREATE TABLE AS.
func (p *parser) atColumnNames() bool {
	l := lexer{src: p.lex.src, pos: p.tok.end}
	t := l.next()
	if !isColID(&t) {
		return false
	}
	t = l.next()
	return t.kind == ',' || t.kind == ')'
}

// createAs reads CREATE TABLE AS or CREATE MATERIALIZED VIEW.
func (p *parser) createAs() Stmt {
	t := &CreateTableStmt{Pos: p.tok.pos}
	p.advance()
	if p.atAny(kwLocal, kwGlobal, kwTemp, kwTemporary, kwUnlogged) {
		t.Persistence = p.persistence()
	}
	if t.Persistence != Temporary && p.atKw(kwMaterialized) {
		return p.createMatView(t.Pos, t.Persistence)
	}
	p.expectKw(kwTable)
	t.IfNotExists = p.ifNotExists()
	t.Name = p.qualifiedName()
	return p.createTableAs(t)
}

// createTableAs reads the rest of CREATE TABLE name … AS query.
func (p *parser) createTableAs(t *CreateTableStmt) Stmt {
	s := &CreateTableAsStmt{Pos: t.Pos, Name: t.Name, Persistence: t.Persistence, IfNotExists: t.IfNotExists}
	s.Columns = p.optParenNames()
	s.AccessMethod = p.accessMethod()
	s.With = p.tableWith()
	s.OnCommit = p.onCommit()
	s.Tablespace = p.tablespace()
	p.expectKw(kwAs)
	start := p.tok.pos
	if p.atKw(kwExecute) {
		s.Query = p.execute()
	} else {
		s.Query = p.query()
	}
	s.QueryText = p.source(start)
	s.NoData = p.withNoData()
	return s
}

// tableWith reads WITH (…) or WITHOUT OIDS.
func (p *parser) tableWith() []Option {
	if p.acceptKw(kwWithout) {
		p.expectKw(kwOids)
		return nil
	}
	return p.withOptions()
}

func (p *parser) onCommit() OnCommit {
	if !p.acceptKw(kwOn) {
		return OnCommitNone
	}
	p.expectKw(kwCommit)
	switch {
	case p.acceptKw(kwDrop):
		return OnCommitDrop
	case p.acceptKw(kwDelete):
		p.expectKw(kwRows)
		return OnCommitDeleteRows
	}
	p.expectKw(kwPreserve, kwRows)
	return OnCommitPreserveRows
}

// tableElements reads the parenthesised list of columns and constraints; the
// columns of a typed table have no type.
func (p *parser) tableElements(s *CreateTableStmt, typed bool) {
	p.expect('(')
	if !typed && p.accept(')') {
		return
	}
	for {
		s.Elements = append(s.Elements, p.tableElement(typed))
		if !p.accept(',') {
			p.expect(')')
			return
		}
	}
}

func (p *parser) tableElement(typed bool) TableElement {
	switch {
	case p.atTableConstraint():
		return p.tableConstraint()
	case p.atKw(kwLike) && !typed:
		return p.likeClause()
	case typed:
		c := &ColumnDef{Pos: p.pos(), Name: p.colID()}
		if p.acceptKw(kwWith) {
			p.expectKw(kwOptions)
		}
		p.columnConstraints(c)
		return c
	}
	return p.columnDef()
}

func (p *parser) atTableConstraint() bool {
	switch p.tok.kw {
	case kwConstraint, kwCheck, kwUnique, kwPrimary, kwForeign:
		return true
	case kwExclude:
		next := p.peek()
		return next.kind == '(' || next.kw == kwUsing
	}
	return false
}

func (p *parser) likeClause() TableElement {
	l := &LikeClause{Pos: p.pos()}
	p.advance()
	l.Table = p.qualifiedName()
	for {
		including := p.atKw(kwIncluding)
		if !including && !p.atKw(kwExcluding) {
			return l
		}
		p.advance()
		var o LikeOption
		switch p.tok.kw {
		case kwComments:
			o = LikeComments
		case kwCompression:
			o = LikeCompression
		case kwConstraints:
			o = LikeConstraints
		case kwDefaults:
			o = LikeDefaults
		case kwGenerated:
			o = LikeGenerated
		case kwIdentity:
			o = LikeIdentity
		case kwIndexes:
			o = LikeIndexes
		case kwStatistics:
			o = LikeStatistics
		case kwStorage:
			o = LikeStorage
		case kwAll:
			o = LikeAll
		default:
			panic(p.unexpected())
		}
		p.advance()
		if including {
			l.Options |= o
		} else {
			l.Options &^= o
		}
	}
}

// columnDef reads a column with its type and constraints.
func (p *parser) columnDef() *ColumnDef {
	c := &ColumnDef{Pos: p.pos(), Name: p.colID()}
	c.Type = p.typeName()
	if p.acceptKw(kwCompression) {
		c.Compression = p.compression()
	}
	if p.atKw(kwOptions) && p.peek().kind == '(' {
		panic(refuse(p.tok.pos, "OPTIONS of a column"))
	}
	p.columnConstraints(c)
	return c
}

func (p *parser) compression() string {
	if p.acceptKw(kwDefault) {
		return "default"
	}
	return p.colID()
}

// columnConstraints reads the constraints and attributes after a column's type.
func (p *parser) columnConstraints(c *ColumnDef) {
	var last *Constraint // what an attribute belongs to
	deferrability, timing := false, false
	attribute := func(what string, done *bool) {
		switch {
		case last == nil || last.Kind < ConstrPrimaryKey:
			p.later(wrong(p.tok.pos, "misplaced %s clause", what))
			last = &Constraint{} // and go on
		case *done && done == &deferrability:
			p.later(wrong(p.tok.pos, "multiple DEFERRABLE/NOT DEFERRABLE clauses not allowed"))
		case *done:
			p.later(wrong(p.tok.pos, "multiple INITIALLY IMMEDIATE/DEFERRED clauses not allowed"))
		}
		*done = true
	}
	mustBeDeferrable := func(pos int) {
		if deferrability && timing && last.InitiallyDeferred && !last.Deferrable {
			p.later(wrong(pos, "constraint declared INITIALLY DEFERRED must be DEFERRABLE"))
		}
	}
	for {
		pos := p.tok.pos
		switch {
		case p.acceptKw(kwCollate):
			if !c.Collation.IsZero() {
				panic(wrong(pos, "multiple COLLATE clauses not allowed"))
			}
			c.Collation = p.qualifiedName()
			continue
		case p.atKw(kwDeferrable):
			attribute("DEFERRABLE", &deferrability)
			p.advance()
			last.Deferrable = true
			continue
		case p.atKws(kwNot, kwDeferrable):
			attribute("NOT DEFERRABLE", &deferrability)
			p.advance()
			p.advance()
			last.Deferrable = false
			mustBeDeferrable(pos)
			continue
		case p.atKw(kwInitially) && p.peek().kw == kwImmediate:
			attribute("INITIALLY IMMEDIATE", &timing)
			p.advance()
			p.advance()
			continue
		case p.atKw(kwInitially):
			attribute("INITIALLY DEFERRED", &timing)
			p.advance()
			p.expectKw(kwDeferred)
			last.InitiallyDeferred = true
			if !deferrability {
				last.Deferrable = true
			}
			mustBeDeferrable(pos)
			continue
		}
		k := p.columnConstraint()
		if k == nil {
			return
		}
		last, deferrability, timing = k, false, false
		c.Constraints = append(c.Constraints, k)
	}
}

// columnConstraint reads one constraint of a column; nil if there is none.
func (p *parser) columnConstraint() *Constraint {
	c := &Constraint{Pos: p.pos()}
	named := p.acceptKw(kwConstraint)
	if named {
		c.Name = p.colID()
	}
	switch p.tok.kw {
	case kwNot:
		p.advance()
		p.expectKw(kwNull)
		c.Kind = ConstrNotNull
	case kwNull:
		p.advance()
		c.Kind = ConstrNull
	case kwUnique:
		p.advance()
		c.Kind = ConstrUnique
		c.NullsNotDistinct = p.nullsNotDistinct()
		p.indexParameters(c)
	case kwPrimary:
		p.advance()
		p.expectKw(kwKey)
		c.Kind = ConstrPrimaryKey
		p.indexParameters(c)
	case kwCheck:
		p.check(c)
		if p.acceptKw(kwNo) {
			p.expectKw(kwInherit)
			c.NoInherit = true
		}
	case kwDefault:
		p.advance()
		c.Kind = ConstrDefault
		c.Expr = p.exprLimited()
	case kwGenerated:
		p.generated(c)
	case kwReferences:
		c.Kind = ConstrForeignKey
		p.references(c)
	default:
		if named {
			panic(p.unexpected())
		}
		return nil
	}
	return c
}

func (p *parser) check(c *Constraint) {
	p.advance()
	c.Kind = ConstrCheck
	p.expect('(')
	c.Expr = p.expr()
	p.expect(')')
}

// generatedWhen reads ALWAYS or BY DEFAULT, and tells whether it was ALWAYS.
func (p *parser) generatedWhen() bool {
	if p.acceptKw(kwAlways) {
		return true
	}
	p.expectKw(kwBy, kwDefault)
	return false
}

// generated reads GENERATED … AS IDENTITY | (expr) STORED.
func (p *parser) generated(c *Constraint) {
	p.advance()
	when := p.tok.pos
	c.Always = p.generatedWhen()
	p.expectKw(kwAs)
	if p.acceptKw(kwIdentity) {
		c.Kind = ConstrIdentity
		p.identityOptions(c)
		return
	}
	c.Kind = ConstrGenerated
	p.expect('(')
	c.Expr = p.expr()
	p.expect(')')
	p.expectKw(kwStored)
	if !c.Always {
		panic(wrong(when, "for a generated column, GENERATED ALWAYS must be specified"))
	}
}

// identityOptions reads the parenthesised sequence options of IDENTITY.
func (p *parser) identityOptions(c *Constraint) {
	if !p.accept('(') {
		return
	}
	c.Sequence = p.seqOptions()
	if c.Sequence == nil {
		panic(p.unexpected())
	}
	p.expect(')')
}

// indexParameters reads WITH (…) and USING INDEX TABLESPACE.
func (p *parser) indexParameters(c *Constraint) {
	c.With = p.withOptions()
	if p.acceptKw(kwUsing) {
		p.expectKw(kwIndex, kwTablespace)
		c.Tablespace = p.colID()
	}
}

// references reads REFERENCES table (columns) MATCH … ON DELETE … ON UPDATE ….
func (p *parser) references(c *Constraint) {
	p.expectKw(kwReferences)
	c.RefTable = p.qualifiedName()
	c.RefColumns = p.optParenNames()
	if p.acceptKw(kwMatch) {
		pos := p.prevEnd - len("MATCH")
		switch {
		case p.acceptKw(kwFull):
			c.Match = MatchFull
		case p.acceptKw(kwPartial):
			panic(bailout{sqlerr.New(sqlerr.FeatureNotSupported, "MATCH PARTIAL not yet implemented").At(pos)})
		default:
			p.expectKw(kwSimple)
		}
	}
	onDelete, onUpdate := false, false
	for {
		pos := p.tok.pos
		if !p.acceptKw(kwOn) {
			return
		}
		switch {
		case !onDelete && p.acceptKw(kwDelete):
			onDelete = true
			c.OnDelete, c.OnDeleteColumns = p.refAction()
		case !onUpdate && p.acceptKw(kwUpdate):
			onUpdate = true
			var columns []string
			c.OnUpdate, columns = p.refAction()
			if columns != nil {
				panic(bailout{sqlerr.New(sqlerr.FeatureNotSupported,
					"a column list with %s is only supported for ON DELETE actions", c.OnUpdate).At(pos)})
			}
		default:
			panic(p.unexpected())
		}
	}
}

func (p *parser) refAction() (RefAction, []string) {
	switch {
	case p.acceptKw(kwRestrict):
		return ActionRestrict, nil
	case p.acceptKw(kwCascade):
		return ActionCascade, nil
	case p.acceptKw(kwSet):
		if p.acceptKw(kwNull) {
			return ActionSetNull, p.optParenNames()
		}
		p.expectKw(kwDefault)
		return ActionSetDefault, p.optParenNames()
	}
	p.expectKw(kwNo, kwAction)
	return ActionNone, nil
}

// tableConstraint reads a constraint of CREATE TABLE or ADD CONSTRAINT.
func (p *parser) tableConstraint() *Constraint {
	c := &Constraint{Pos: p.pos()}
	if p.acceptKw(kwConstraint) {
		c.Name = p.colID()
	}
	switch p.tok.kw {
	case kwCheck:
		p.check(c)
	case kwUnique, kwPrimary:
		c.Kind = ConstrUnique
		if p.atKw(kwPrimary) {
			p.advance()
			c.Kind = ConstrPrimaryKey
			p.expectKw(kwKey)
		} else {
			p.advance()
			c.NullsNotDistinct = p.nullsNotDistinct()
		}
		if p.acceptKw(kwUsing) {
			p.expectKw(kwIndex)
			c.UsingIndex = p.colID()
			break
		}
		c.Columns = p.parenNames()
		if p.acceptKw(kwInclude) {
			c.Include = p.parenNames()
		}
		p.indexParameters(c)
	case kwForeign:
		p.advance()
		p.expectKw(kwKey)
		c.Kind = ConstrForeignKey
		c.Columns = p.parenNames()
		p.references(c)
	case kwExclude:
		p.exclude(c)
	default:
		panic(p.unexpected())
	}
	p.constraintAttributes(c)
	return c
}

// exclude reads EXCLUDE USING method (elem WITH op, …) WHERE (…).
func (p *parser) exclude(c *Constraint) {
	p.advance()
	c.Kind = ConstrExclusion
	c.AccessMethod = p.accessMethod()
	p.expect('(')
	for {
		e := ExcludeElem{Elem: p.indexElem()}
		p.expectKw(kwWith)
		if p.atKw(kwOperator) && p.peek().kind == '(' {
			e.Schema, e.Op = p.explicitOperator()
		} else {
			e.Schema, e.Op = p.operatorName()
		}
		c.Exclude = append(c.Exclude, e)
		if !p.accept(',') {
			break
		}
	}
	p.expect(')')
	if p.acceptKw(kwInclude) {
		c.Include = p.parenNames()
	}
	p.indexParameters(c)
	if p.acceptKw(kwWhere) {
		p.expect('(')
		c.Where = p.expr()
		p.expect(')')
	}
}

// constraintAttributes reads DEFERRABLE, INITIALLY …, NOT VALID and NO INHERIT
// after a table constraint.
func (p *parser) constraintAttributes(c *Constraint) {
	const (
		deferrable = 1 << iota
		notDeferrable
		initiallyDeferred
		initiallyImmediate
		notValid
		noInherit
	)
	seen := 0
	for {
		bit := 0
		pos := p.tok.pos
		switch {
		case p.acceptKw(kwDeferrable):
			bit = deferrable
		case p.acceptKw(kwNot):
			bit = notValid
			if p.acceptKw(kwDeferrable) {
				bit = notDeferrable
			} else {
				p.expectKw(kwValid)
			}
		case p.acceptKw(kwInitially):
			bit = initiallyDeferred
			if !p.acceptKw(kwDeferred) {
				p.expectKw(kwImmediate)
				bit = initiallyImmediate
			}
		case p.acceptKw(kwNo):
			p.expectKw(kwInherit)
			bit = noInherit
		}
		if bit == 0 {
			break
		}
		both := func(mask int) bool { return (seen|bit)&mask == mask }
		if both(notDeferrable | initiallyDeferred) {
			panic(wrong(pos, "constraint declared INITIALLY DEFERRED must be DEFERRABLE"))
		}
		if both(notDeferrable|deferrable) || both(initiallyImmediate|initiallyDeferred) {
			panic(wrong(pos, "conflicting constraint properties"))
		}
		seen |= bit
	}
	cannot := func(bits int, what string, kinds ...ConstraintKind) {
		if seen&bits == 0 {
			return
		}
		for _, k := range kinds {
			if c.Kind == k {
				return
			}
		}
		panic(bailout{sqlerr.New(sqlerr.FeatureNotSupported, "%s constraints cannot be marked %s",
			constraintWord(c.Kind), what)})
	}
	cannot(deferrable|initiallyDeferred, "DEFERRABLE", ConstrPrimaryKey, ConstrUnique, ConstrExclusion, ConstrForeignKey)
	cannot(notValid, "NOT VALID", ConstrCheck, ConstrForeignKey)
	cannot(noInherit, "NO INHERIT", ConstrCheck)
	c.Deferrable = seen&(deferrable|initiallyDeferred) != 0
	c.InitiallyDeferred = seen&initiallyDeferred != 0
	c.NotValid = seen&notValid != 0
	c.NoInherit = seen&noInherit != 0
}

func constraintWord(k ConstraintKind) string {
	switch k {
	case ConstrPrimaryKey:
		return "PRIMARY KEY"
	case ConstrUnique:
		return "UNIQUE"
	case ConstrExclusion:
		return "EXCLUDE"
	case ConstrForeignKey:
		return "FOREIGN KEY"
	}
	return "CHECK"
}

// partitionBound reads FOR VALUES … or DEFAULT.
func (p *parser) partitionBound() *PartitionBound {
	b := &PartitionBound{Pos: p.pos()}
	if p.acceptKw(kwDefault) {
		b.Default = true
		return b
	}
	p.expectKw(kwFor, kwValues)
	list := func() []Expr {
		p.expect('(')
		exprs := p.exprList()
		p.expect(')')
		return exprs
	}
	switch {
	case p.acceptKw(kwIn):
		b.In = list()
	case p.acceptKw(kwFrom):
		b.From = list()
		p.expectKw(kwTo)
		b.To = list()
	default:
		pos := p.tok.pos
		p.expectKw(kwWith)
		p.expect('(')
		hash := map[string]*int{"modulus": &b.Modulus, "remainder": &b.Remainder}
		for {
			at, name := p.pos(), p.nonReserved()
			n := hash[name]
			if n == nil {
				panic(wrong(at, "unrecognized hash partition bound specification \"%s\"", name))
			}
			*n = p.intConst()
			if !p.accept(',') {
				break
			}
		}
		p.expect(')')
		if b.Modulus <= 0 {
			panic(wrong(pos, "modulus for hash partition must be specified"))
		}
	}
	return b
}
