package parser

import "strings"

// ddl writes a statement about objects; false if s is none.
func (f *formatter) ddl(s Stmt) bool {
	switch s := s.(type) {
	case *CreateTableStmt:
		f.createTable(s)
	case *CreateTableAsStmt:
		f.createTableAs(s)
	case *CreateIndexStmt:
		f.createIndex(s)
	case *CreateSequenceStmt:
		f.WriteString("CREATE ")
		f.persistence(s.Persistence)
		f.WriteString("SEQUENCE ")
		f.flag(s.IfNotExists, "IF NOT EXISTS ")
		f.qname(s.Name)
		f.seqOptions(s.Options, " ")
	case *AlterSequenceStmt:
		f.WriteString("ALTER SEQUENCE ")
		f.flag(s.IfExists, "IF EXISTS ")
		f.qname(s.Name)
		f.seqOptions(s.Options, " ")
	case *CreateViewStmt:
		f.createView(s)
	case *RefreshMatViewStmt:
		f.WriteString("REFRESH MATERIALIZED VIEW ")
		f.flag(s.Concurrently, "CONCURRENTLY ")
		f.qname(s.Name)
		f.flag(s.NoData, " WITH NO DATA")
	case *CreateSchemaStmt:
		f.WriteString("CREATE SCHEMA")
		f.flag(s.IfNotExists, " IF NOT EXISTS")
		f.clause(" ", s.Name)
		if s.Authorization != "" {
			f.WriteString(" AUTHORIZATION ")
			f.role(s.Authorization)
		}
	case *CreateDatabaseStmt:
		f.WriteString("CREATE DATABASE ")
		f.name(s.Name)
		f.databaseOptions(s.Options)
	case *AlterDatabaseStmt:
		f.WriteString("ALTER DATABASE ")
		f.name(s.Name)
		f.databaseOptions(s.Options)
	case *AlterSetStmt:
		f.WriteString("ALTER DATABASE ")
		f.name(s.Name)
		f.WriteByte(' ')
		if s.Set != nil {
			f.sessionStmt(s.Set)
		} else {
			f.sessionStmt(s.Reset)
		}
	case *DropStmt:
		f.drop(s)
	case *DropDatabaseStmt:
		f.WriteString("DROP DATABASE ")
		f.flag(s.IfExists, "IF EXISTS ")
		f.name(s.Name)
		f.flag(s.Force, " WITH (FORCE)")
	case *AlterTableStmt:
		f.WriteString("ALTER " + s.Kind.String() + " ")
		f.flag(s.IfExists, "IF EXISTS ")
		f.flag(s.Only, "ONLY ")
		f.qname(s.Name)
		f.WriteByte(' ')
		f.list(len(s.Commands), func(i int) { f.alterCmd(s.Commands[i]) })
	case *RenameStmt:
		f.WriteString("ALTER " + s.Relation.String() + " ")
		f.flag(s.IfExists, "IF EXISTS ")
		f.flag(s.Only, "ONLY ")
		f.qname(s.Name)
		f.WriteString(" RENAME ")
		if s.Sub != "" {
			f.words(s.Kind.String())
			f.name(s.Sub)
			f.WriteByte(' ')
		}
		f.WriteString("TO ")
		f.name(s.NewName)
	case *SetSchemaStmt:
		f.WriteString("ALTER " + s.Kind.String() + " ")
		f.flag(s.IfExists, "IF EXISTS ")
		f.qname(s.Name)
		f.clause(" SET SCHEMA ", s.Schema)
	case *OwnerStmt:
		f.WriteString("ALTER " + s.Kind.String() + " ")
		f.qname(s.Name)
		f.WriteString(" OWNER TO ")
		f.role(s.Owner)
	case *CommentStmt:
		f.comment(s)
	case *GrantStmt:
		f.grant(s)
	default:
		return false
	}
	return true
}

// role writes a role; CURRENT_USER and its kin are not names.
func (f *formatter) role(s string) {
	switch s {
	case "current_user", "current_role", "session_user":
		f.WriteString(upperWord(s))
	default:
		f.name(s)
	}
}

func (f *formatter) persistence(p Persistence) {
	f.WriteString([...]string{"", "TEMPORARY ", "UNLOGGED "}[p])
}

func (f *formatter) createTable(s *CreateTableStmt) {
	f.WriteString("CREATE ")
	f.persistence(s.Persistence)
	f.WriteString("TABLE ")
	f.flag(s.IfNotExists, "IF NOT EXISTS ")
	f.qname(s.Name)
	switch {
	case s.OfType != nil:
		f.WriteString(" OF ")
		f.typeName(s.OfType)
	case !s.PartitionOf.IsZero():
		f.WriteString(" PARTITION OF ")
		f.qname(s.PartitionOf)
	}
	if len(s.Elements) > 0 || s.OfType == nil && s.PartitionOf.IsZero() {
		f.WriteString(" (")
		f.list(len(s.Elements), func(i int) { f.tableElement(s.Elements[i]) })
		f.WriteByte(')')
	}
	if s.Inherits != nil {
		f.WriteString(" INHERITS (")
		f.qnames(s.Inherits)
		f.WriteByte(')')
	}
	if s.Bound != nil {
		f.WriteByte(' ')
		f.partitionBound(s.Bound)
	}
	if s.PartitionBy != nil {
		f.clause(" PARTITION BY ", s.PartitionBy.Strategy)
		f.WriteByte(' ')
		f.indexElems(s.PartitionBy.Elems)
	}
	f.clause(" USING ", s.AccessMethod)
	f.withOptions(s.With)
	f.onCommit(s.OnCommit)
	f.clause(" TABLESPACE ", s.Tablespace)
}

func (f *formatter) onCommit(o OnCommit) {
	f.WriteString([...]string{"", " ON COMMIT PRESERVE ROWS", " ON COMMIT DELETE ROWS", " ON COMMIT DROP"}[o])
}

func (f *formatter) partitionBound(b *PartitionBound) {
	switch {
	case b.Default:
		f.WriteString("DEFAULT")
	case b.In != nil:
		f.WriteString("FOR VALUES IN ")
		f.parens(b.In)
	case b.From != nil:
		f.WriteString("FOR VALUES FROM ")
		f.parens(b.From)
		f.WriteString(" TO ")
		f.parens(b.To)
	default:
		f.WriteString("FOR VALUES WITH (modulus ")
		f.int(b.Modulus)
		f.WriteString(", remainder ")
		f.int(b.Remainder)
		f.WriteByte(')')
	}
}

func (f *formatter) tableElement(e TableElement) {
	switch e := e.(type) {
	case *ColumnDef:
		f.columnDef(e)
	case *Constraint:
		f.constraint(e)
	case *LikeClause:
		f.WriteString("LIKE ")
		f.qname(e.Table)
		if e.Options == LikeAll {
			f.WriteString(" INCLUDING ALL")
			return
		}
		for i, name := range [...]string{"COMMENTS", "COMPRESSION", "CONSTRAINTS", "DEFAULTS", "GENERATED",
			"IDENTITY", "INDEXES", "STATISTICS", "STORAGE"} {
			f.flag(e.Options&(1<<i) != 0, " INCLUDING "+name)
		}
	}
}

func (f *formatter) columnDef(c *ColumnDef) {
	f.name(c.Name)
	if c.Type.Name != "" {
		f.WriteByte(' ')
		f.typeName(&c.Type)
	}
	if c.Compression != "" {
		f.WriteString(" COMPRESSION ")
		f.compression(c.Compression)
	}
	f.collate(c.Collation)
	for _, k := range c.Constraints {
		f.WriteByte(' ')
		f.constraint(k)
	}
}

func (f *formatter) compression(s string) {
	if s == "default" {
		f.WriteString("DEFAULT")
		return
	}
	f.name(s)
}

// constraint writes a table constraint, or one without Columns as a column's.
func (f *formatter) constraint(c *Constraint) {
	if c.Name != "" {
		f.WriteString("CONSTRAINT ")
		f.name(c.Name)
		f.WriteByte(' ')
	}
	switch c.Kind {
	case ConstrNull:
		f.WriteString("NULL")
	case ConstrNotNull:
		f.WriteString("NOT NULL")
	case ConstrDefault:
		f.WriteString("DEFAULT ")
		f.exprLimited(c.Expr)
	case ConstrIdentity:
		f.generatedWhen(c.Always)
		f.WriteString(" AS IDENTITY")
		if c.Sequence != nil {
			f.WriteString(" (")
			f.seqOptions(c.Sequence, "")
			f.WriteByte(')')
		}
	case ConstrGenerated:
		f.WriteString("GENERATED ALWAYS AS (")
		f.expr(c.Expr)
		f.WriteString(") STORED")
	case ConstrCheck:
		f.WriteString("CHECK (")
		f.expr(c.Expr)
		f.WriteByte(')')
	case ConstrPrimaryKey:
		f.WriteString("PRIMARY KEY")
		f.indexConstraint(c)
	case ConstrUnique:
		f.WriteString("UNIQUE")
		f.flag(c.NullsNotDistinct, " NULLS NOT DISTINCT")
		f.indexConstraint(c)
	case ConstrExclusion:
		f.exclusion(c)
	case ConstrForeignKey:
		if c.Columns != nil {
			f.WriteString("FOREIGN KEY ")
			f.parenNames(c.Columns)
			f.WriteByte(' ')
		}
		f.references(c)
	}
	f.constraintAttributes(c)
}

func (f *formatter) constraintAttributes(c *Constraint) {
	f.flag(c.NoInherit, " NO INHERIT")
	f.flag(c.NotValid, " NOT VALID")
	f.flag(c.Deferrable, " DEFERRABLE")
	f.flag(c.InitiallyDeferred, " INITIALLY DEFERRED")
}

func (f *formatter) generatedWhen(always bool) {
	if always {
		f.WriteString("GENERATED ALWAYS")
	} else {
		f.WriteString("GENERATED BY DEFAULT")
	}
}

// indexConstraint writes the columns and parameters of PRIMARY KEY and UNIQUE.
func (f *formatter) indexConstraint(c *Constraint) {
	f.clause(" USING INDEX ", c.UsingIndex)
	if c.Columns != nil {
		f.WriteByte(' ')
		f.parenNames(c.Columns)
	}
	if c.Include != nil {
		f.WriteString(" INCLUDE ")
		f.parenNames(c.Include)
	}
	f.withOptions(c.With)
	f.clause(" USING INDEX TABLESPACE ", c.Tablespace)
}

func (f *formatter) exclusion(c *Constraint) {
	f.WriteString("EXCLUDE")
	f.clause(" USING ", c.AccessMethod)
	f.WriteString(" (")
	f.list(len(c.Exclude), func(i int) {
		f.indexElem(&c.Exclude[i].Elem)
		f.WriteString(" WITH ")
		f.operator(c.Exclude[i].Schema, c.Exclude[i].Op)
	})
	f.WriteByte(')')
	f.indexConstraint(c)
	if c.Where != nil {
		f.WriteString(" WHERE (")
		f.expr(c.Where)
		f.WriteByte(')')
	}
}

func (f *formatter) references(c *Constraint) {
	f.WriteString("REFERENCES ")
	f.qname(c.RefTable)
	if c.RefColumns != nil {
		f.WriteByte(' ')
		f.parenNames(c.RefColumns)
	}
	f.flag(c.Match == MatchFull, " MATCH FULL")
	if c.OnDelete != ActionNone {
		f.WriteString(" ON DELETE " + c.OnDelete.String())
		if c.OnDeleteColumns != nil {
			f.WriteByte(' ')
			f.parenNames(c.OnDeleteColumns)
		}
	}
	if c.OnUpdate != ActionNone {
		f.WriteString(" ON UPDATE " + c.OnUpdate.String())
	}
}

func (f *formatter) indexElems(list []IndexElem) {
	f.WriteByte('(')
	f.list(len(list), func(i int) { f.indexElem(&list[i]) })
	f.WriteByte(')')
}

func (f *formatter) indexElem(e *IndexElem) {
	if e.Expr == nil {
		f.name(e.Column)
	} else {
		f.WriteByte('(')
		f.expr(e.Expr)
		f.WriteByte(')')
	}
	f.collate(e.Collation)
	if !e.OpClass.IsZero() {
		f.WriteByte(' ')
		f.qname(e.OpClass)
		if e.OpClassOptions != nil {
			f.WriteByte(' ')
			f.relOptions(e.OpClassOptions)
		}
	}
	f.direction(e.Dir, e.Nulls)
}

func (f *formatter) createIndex(s *CreateIndexStmt) {
	f.WriteString("CREATE ")
	f.flag(s.Unique, "UNIQUE ")
	f.WriteString("INDEX ")
	f.flag(s.Concurrently, "CONCURRENTLY ")
	f.flag(s.IfNotExists, "IF NOT EXISTS ")
	if s.Name != "" {
		f.name(s.Name)
		f.WriteByte(' ')
	}
	f.WriteString("ON ")
	f.flag(s.Only, "ONLY ")
	f.qname(s.Table)
	f.clause(" USING ", s.Method)
	f.WriteByte(' ')
	f.indexElems(s.Elems)
	if s.Include != nil {
		f.WriteString(" INCLUDE ")
		f.indexElems(s.Include)
	}
	f.flag(s.NullsNotDistinct, " NULLS NOT DISTINCT")
	f.withOptions(s.With)
	f.clause(" TABLESPACE ", s.Tablespace)
	f.where(s.Where)
}

// seqOptions writes a sequence's options, each after sep and then a blank.
func (f *formatter) seqOptions(list []SeqOption, sep string) {
	for _, o := range list {
		f.WriteString(sep)
		sep = " "
		f.flag(o.No, "NO ")
		switch o.Kind {
		case SeqAs:
			f.WriteString("AS ")
			f.simpleType(&o.Type)
		case SeqCache:
			f.WriteString("CACHE " + o.Value)
		case SeqCycle:
			f.WriteString("CYCLE")
		case SeqIncrement:
			f.WriteString("INCREMENT BY " + o.Value)
		case SeqMaxValue:
			f.WriteString(strings.TrimSuffix("MAXVALUE "+o.Value, " "))
		case SeqMinValue:
			f.WriteString(strings.TrimSuffix("MINVALUE "+o.Value, " "))
		case SeqOwnedBy:
			f.WriteString("OWNED BY ")
			f.dotted(o.Owner)
		case SeqName:
			f.WriteString("SEQUENCE NAME ")
			f.dotted(o.Owner)
		case SeqStart:
			f.WriteString("START WITH " + o.Value)
		case SeqRestart:
			f.WriteString("RESTART")
			f.flag(o.Value != "", " WITH "+o.Value)
		}
	}
}

func (f *formatter) createView(s *CreateViewStmt) {
	f.WriteString("CREATE ")
	f.flag(s.Replace, "OR REPLACE ")
	f.persistence(s.Persistence)
	f.WriteString("VIEW ")
	f.qname(s.Name)
	if s.Columns != nil {
		f.WriteByte(' ')
		f.parenNames(s.Columns)
	}
	f.withOptions(s.With)
	f.WriteString(" AS ")
	f.selectStmt(s.Query)
	f.WriteString([...]string{"", " WITH LOCAL CHECK OPTION", " WITH CASCADED CHECK OPTION"}[s.CheckOption])
}

func (f *formatter) createTableAs(s *CreateTableAsStmt) {
	f.WriteString("CREATE ")
	f.persistence(s.Persistence)
	if s.Materialized {
		f.WriteString("MATERIALIZED VIEW ")
	} else {
		f.WriteString("TABLE ")
	}
	f.flag(s.IfNotExists, "IF NOT EXISTS ")
	f.qname(s.Name)
	if s.Columns != nil {
		f.WriteByte(' ')
		f.parenNames(s.Columns)
	}
	f.clause(" USING ", s.AccessMethod)
	f.withOptions(s.With)
	f.onCommit(s.OnCommit)
	f.clause(" TABLESPACE ", s.Tablespace)
	f.WriteString(" AS ")
	f.stmt(s.Query)
	f.flag(s.NoData, " WITH NO DATA")
}

func (f *formatter) databaseOptions(list []Option) {
	for i := range list {
		o := &list[i]
		f.WriteByte(' ')
		if o.Name == "connection_limit" {
			f.WriteString("CONNECTION LIMIT")
		} else {
			switch keywordOf(o.Name) {
			case kwEncoding, kwLocation, kwOwner, kwTablespace, kwTemplate:
				f.WriteString(o.Name)
			default:
				f.name(o.Name)
			}
		}
		if o.Default {
			f.WriteString(" DEFAULT")
			continue
		}
		f.WriteString(" = ")
		f.optionValue(o)
	}
}

func (f *formatter) drop(s *DropStmt) {
	f.WriteString("DROP " + s.Kind.String() + " ")
	f.flag(s.Concurrently, "CONCURRENTLY ")
	f.flag(s.IfExists, "IF EXISTS ")
	f.dropObjects(s.Kind, s.Objects)
	f.flag(s.Cascade, " CASCADE")
}

func (f *formatter) dropObjects(kind ObjectKind, list []DropObject) {
	f.list(len(list), func(i int) {
		f.qname(list[i].Name)
		if list[i].HasArgs {
			f.signature(kind, list[i].Args)
		}
		if !list[i].On.IsZero() {
			f.WriteString(" ON ")
			f.qname(list[i].On)
		}
	})
}

// signature writes a function's argument types; an aggregate without any has *.
func (f *formatter) signature(kind ObjectKind, args []TypeName) {
	if kind == ObjAggregate && len(args) == 0 {
		f.WriteString("(*)")
		return
	}
	f.argTypes(args)
}

func (f *formatter) argTypes(list []TypeName) {
	f.WriteByte('(')
	f.list(len(list), func(i int) { f.typeName(&list[i]) })
	f.WriteByte(')')
}

func (f *formatter) comment(s *CommentStmt) {
	f.WriteString("COMMENT ON " + s.Kind.String() + " ")
	switch s.Kind {
	case ObjColumn:
		f.qname(s.Name)
		f.WriteByte('.')
		f.name(s.Sub)
	case ObjConstraint, ObjDomainConstraint, ObjTrigger, ObjRule, ObjPolicy:
		f.name(s.Sub)
		f.WriteString(" ON ")
		f.flag(s.Kind == ObjDomainConstraint, "DOMAIN ")
		f.qname(s.Name)
	case ObjLargeObject:
		f.WriteString(s.Name.Name)
	default:
		f.qname(s.Name)
		if s.HasArgs {
			f.signature(s.Kind, s.Args)
		}
	}
	f.WriteString(" IS ")
	if s.Comment == nil {
		f.WriteString("NULL")
	} else {
		f.str(*s.Comment)
	}
}

func (f *formatter) grant(s *GrantStmt) {
	option := "GRANT OPTION"
	if s.Roles != nil {
		option = "ADMIN OPTION"
	}
	direction := " TO "
	if s.Revoke {
		f.WriteString("REVOKE ")
		f.flag(s.OptionOnly, option+" FOR ")
		direction = " FROM "
	} else {
		f.WriteString("GRANT ")
	}
	switch {
	case s.Roles != nil:
		f.names(s.Roles)
	case s.AllPrivileges:
		f.WriteString("ALL PRIVILEGES")
		if len(s.Privileges) > 0 {
			f.parenNames(s.Privileges[0].Columns)
		}
	default:
		f.list(len(s.Privileges), func(i int) {
			switch name := s.Privileges[i].Name; name {
			case "select", "references", "create", "alter system":
				f.WriteString(strings.ToUpper(name))
			default:
				f.name(name)
			}
			f.parenNames(s.Privileges[i].Columns)
		})
	}
	if s.Roles == nil {
		f.WriteString(" ON ")
		switch {
		case s.AllInSchema:
			f.WriteString("ALL " + s.Kind.String() + "S IN SCHEMA ")
		case s.Kind == ObjForeignServer:
			f.WriteString("FOREIGN SERVER ")
		default:
			f.words(s.Kind.String())
		}
		f.grantObjects(s)
	}
	f.WriteString(direction)
	f.list(len(s.Grantees), func(i int) { f.role(s.Grantees[i]) })
	f.flag(s.WithOption, " WITH "+option)
	if s.GrantedBy != "" {
		f.WriteString(" GRANTED BY ")
		f.role(s.GrantedBy)
	}
	f.flag(s.Cascade, " CASCADE")
}

func (f *formatter) grantObjects(s *GrantStmt) {
	switch s.Kind {
	case ObjLargeObject:
		f.list(len(s.Objects), func(i int) { f.WriteString(s.Objects[i].Name.Name) })
	case ObjParameter:
		f.list(len(s.Objects), func(i int) { f.dotted(strings.Split(s.Objects[i].Name.Name, ".")) })
	default:
		f.dropObjects(s.Kind, s.Objects)
	}
}
