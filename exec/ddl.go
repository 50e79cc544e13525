package exec

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
	"github.com/minisql/minisql/types"
)

// ddl runs one statement that changes the catalog. Descriptors are written as
// ordinary rows of the transaction; cat is the catalog as it is after them.
type ddl struct {
	s   *Session
	x   *execution
	ctx context.Context
	sc  *schema
	cat *catalog.Catalog

	// What one DROP names goes together: these relations are in no one's way.
	dropping map[catalog.ID]bool
}

// runDDL runs a statement that changes the catalog and returns its tag.
func (s *Session) runDDL(ctx context.Context, p *Portal) (string, error) {
	if s.txn.Options().ReadOnly {
		return "", errReadOnlyTxn(ddlName(p.p.stmt))
	}
	d := &ddl{s: s, ctx: ctx, x: &execution{}}
	if err := d.refresh(); err != nil {
		return "", err
	}
	switch n := p.p.stmt.(type) {
	case *parser.CreateTableStmt:
		return "CREATE TABLE", d.createTable(n)
	case *parser.CreateTableAsStmt:
		return d.createTableAs(n)
	case *parser.CreateIndexStmt:
		return "CREATE INDEX", d.createIndex(n)
	case *parser.CreateSequenceStmt:
		return "CREATE SEQUENCE", d.createSequence(n)
	case *parser.AlterSequenceStmt:
		return "ALTER SEQUENCE", d.alterSequence(n)
	case *parser.CreateViewStmt:
		return "CREATE VIEW", d.createView(n)
	case *parser.CreateSchemaStmt:
		return "CREATE SCHEMA", d.createSchema(n)
	case *parser.CreateDatabaseStmt:
		return "CREATE DATABASE", d.createDatabase(n)
	case *parser.DropDatabaseStmt:
		return "DROP DATABASE", d.dropDatabase(n)
	case *parser.DropStmt:
		return "DROP " + n.Kind.String(), d.drop(n)
	case *parser.AlterTableStmt:
		return "ALTER " + n.Kind.String(), d.alterTable(n)
	case *parser.RenameStmt:
		return d.rename(n)
	case *parser.SetSchemaStmt:
		return "ALTER " + n.Kind.String(), d.setSchema(n)
	case *parser.OwnerStmt:
		return "ALTER " + n.Kind.String(), d.owner(n)
	case *parser.CommentStmt:
		return "COMMENT", d.comment(n)
	case *parser.TruncateStmt:
		return "TRUNCATE TABLE", d.truncate(n)
	case *parser.GrantStmt:
		if n.Revoke {
			return "REVOKE", sqlerr.Unsupported("REVOKE")
		}
		return "GRANT", sqlerr.Unsupported("GRANT")
	}
	return "", sqlerr.Unsupported("%s", ddlName(p.p.stmt))
}

// ddlName words a statement for messages.
func ddlName(n parser.Stmt) string {
	switch n := n.(type) {
	case *parser.CreateTableStmt:
		return "CREATE TABLE"
	case *parser.CreateTableAsStmt:
		if n.Materialized {
			return "CREATE MATERIALIZED VIEW"
		}
		return "CREATE TABLE AS"
	case *parser.CreateIndexStmt:
		return "CREATE INDEX"
	case *parser.CreateSequenceStmt:
		return "CREATE SEQUENCE"
	case *parser.AlterSequenceStmt:
		return "ALTER SEQUENCE"
	case *parser.CreateViewStmt:
		return "CREATE VIEW"
	case *parser.CreateSchemaStmt:
		return "CREATE SCHEMA"
	case *parser.CreateDatabaseStmt:
		return "CREATE DATABASE"
	case *parser.DropDatabaseStmt:
		return "DROP DATABASE"
	case *parser.DropStmt:
		return "DROP " + n.Kind.String()
	case *parser.AlterTableStmt:
		return "ALTER " + n.Kind.String()
	case *parser.RenameStmt:
		return "ALTER " + n.Kind.String()
	case *parser.CommentStmt:
		return "COMMENT"
	case *parser.TruncateStmt:
		return "TRUNCATE TABLE"
	case *parser.AlterDatabaseStmt, *parser.AlterSetStmt:
		return "ALTER DATABASE"
	case *parser.RefreshMatViewStmt:
		return "REFRESH MATERIALIZED VIEW"
	}
	return strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%T", n), "*parser."), "Stmt")
}

// refresh starts a command and looks at the catalog anew.
func (d *ddl) refresh() error {
	sc, err := d.s.statementSchema(d.ctx)
	if err != nil {
		return err
	}
	d.sc, d.cat = sc, sc.cat
	d.x.begin(d.ctx, d.s, sc)
	return nil
}

func (d *ddl) env() *planner.Env {
	e := d.s.planEnv(d.sc, nil)
	e.Catalog = d.cat
	return e
}

// changed notes that the catalog is now cat.
func (d *ddl) changed(cat *catalog.Catalog) {
	d.cat = cat
	d.s.ddl++
	d.s.txn.MarkSchemaChange()
	d.sc = &schema{cat: cat, db: d.s.db, infos: make(map[catalog.ID]*tableInfo)}
	d.x.schema = d.sc
}

func (d *ddl) version() uint64 {
	d.s.privateVersions += 2
	return d.s.privateVersions | 1
}

// put writes the descriptor of a relation.
func (d *ddl) put(t *catalog.Table) error {
	if err := d.s.txn.Put(catalog.TableKey(d.s.db.id, t.ID), catalog.Encode(t)); err != nil {
		return err
	}
	d.changed(d.cat.WithTable(d.version(), t))
	return nil
}

// remove deletes the descriptor of a relation and gives up what it stored.
func (d *ddl) remove(t *catalog.Table) error {
	if err := d.s.txn.Delete(catalog.TableKey(d.s.db.id, t.ID)); err != nil {
		return err
	}
	if err := d.dropStorage(t); err != nil {
		return err
	}
	d.changed(d.cat.WithoutTable(d.version(), t.ID))
	return nil
}

// dropStorage gives up the rows and entries of a table.
func (d *ddl) dropStorage(t *catalog.Table) error {
	if t.Kind != catalog.KindTable {
		return nil
	}
	for _, id := range storagesOf(t) {
		lo, hi := catalog.StorageSpan(d.s.db.id, id)
		if err := d.s.txn.DropSpan(lo, hi); err != nil {
			return err
		}
	}
	return nil
}

func storagesOf(t *catalog.Table) []catalog.ID {
	out := []catalog.ID{t.Storage}
	for _, x := range t.Indexes {
		if !x.Clustered() {
			out = append(out, x.Storage)
		}
	}
	return out
}

// lookup finds a relation and locks it in the given mode. While it waits the
// catalog may change; then it looks again.
func (d *ddl) lookup(name parser.QName, mode txn.TableLockMode) (*catalog.Table, error) {
	for {
		t, err := d.s.relation(d.sc, name)
		if err != nil {
			return nil, err
		}
		if t.Virtual {
			return nil, sqlerr.New(sqlerr.InsufficientPrivilege, "permission denied: %q is a system catalog", t.Name)
		}
		done, err := d.lock(t, mode)
		if err != nil {
			return nil, err
		}
		if done {
			return d.cat.TableByID(t.ID), nil
		}
	}
}

// lock locks a relation; false says that the catalog was read anew.
func (d *ddl) lock(t *catalog.Table, mode txn.TableLockMode) (bool, error) {
	before := d.s.srv.mgr.SchemaVersion()
	if err := d.s.txn.LockTable(d.ctx, uint64(t.ID), mode, false); err != nil {
		return false, err
	}
	// At REPEATABLE READ a descriptor newer than the snapshot is a conflict.
	if _, err := d.s.txn.LockRow(d.ctx, catalog.TableKey(d.s.db.id, t.ID), lockOf(mode), txn.Wait); err != nil {
		return false, err
	}
	if d.s.srv.mgr.SchemaVersion() != before || uint64(before)*2 > d.sc.cat.Version && d.sc.cat.Version&1 == 0 {
		return false, d.refresh()
	}
	return true, nil
}

func lockOf(mode txn.TableLockMode) txn.Strength {
	if mode >= txn.ShareRowExclusive {
		return txn.Update
	}
	return txn.KeyShare
}

// lockName makes sure that nobody else creates an object of this name at the
// same time, and that the catalog is the newest.
func (d *ddl) lockName(schema catalog.ID, name string) error {
	before := d.s.srv.mgr.SchemaVersion()
	key := append(catalog.SchemaKey(d.s.db.id, schema), name...)
	if _, err := d.s.txn.LockKey(d.ctx, key, txn.Update, txn.Wait); err != nil {
		return err
	}
	if d.s.srv.mgr.SchemaVersion() != before {
		return d.refresh()
	}
	return nil
}

// creationSchema finds the schema in which an object called name is to be made.
func (d *ddl) creationSchema(name parser.QName) (*catalog.Schema, error) {
	if name.Catalog != "" && name.Catalog != d.cat.Database.Name {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "cross-database references are not implemented: %q", name.String()).At(name.Pos)
	}
	if name.Schema != "" {
		s := d.cat.Schema(name.Schema)
		if s == nil {
			return nil, sqlerr.New(sqlerr.InvalidSchemaName, "schema %q does not exist", name.Schema).At(name.Pos)
		}
		return d.userSchema(s, name.Name)
	}
	for _, p := range d.s.settings.searchPath {
		if s := d.cat.Schema(p); s != nil {
			return d.userSchema(s, name.Name)
		}
	}
	return nil, sqlerr.New(sqlerr.InvalidSchemaName, "no schema has been selected to create in").At(name.Pos)
}

func (d *ddl) userSchema(s *catalog.Schema, object string) (*catalog.Schema, error) {
	switch s.ID {
	case catalog.PgCatalogID, catalog.InformationSchemaID, catalog.PgToastID, catalog.MinisqlSchemaID:
		return nil, sqlerr.New(sqlerr.InsufficientPrivilege, "permission denied to create \"%s.%s\"", s.Name, object).
			WithDetail("System catalog modifications are currently disallowed.")
	}
	return s, nil
}

func duplicateRelation(name string) error {
	return sqlerr.New(sqlerr.DuplicateTable, "relation %q already exists", name)
}

func (d *ddl) newID() (catalog.ID, error) { return d.s.srv.newID() }

// ---- CREATE TABLE

func (d *ddl) createTable(n *parser.CreateTableStmt) error {
	switch {
	case n.Persistence == parser.Temporary:
		return sqlerr.Unsupported("CREATE TEMPORARY TABLE").At(n.Pos)
	case n.Persistence == parser.Unlogged:
		return sqlerr.Unsupported("CREATE UNLOGGED TABLE").At(n.Pos)
	case n.OfType != nil:
		return sqlerr.Unsupported("CREATE TABLE OF").At(n.Pos)
	case len(n.Inherits) > 0:
		return sqlerr.Unsupported("INHERITS").At(n.Pos)
	case n.PartitionBy != nil || !n.PartitionOf.IsZero():
		return sqlerr.Unsupported("table partitioning").At(n.Pos)
	case n.AccessMethod != "" && n.AccessMethod != "heap":
		return sqlerr.New(sqlerr.UndefinedObject, "access method %q does not exist", n.AccessMethod)
	case n.OnCommit != parser.OnCommitNone:
		return sqlerr.New(sqlerr.InvalidTableDefinition, "ON COMMIT can only be used on temporary tables")
	case n.Tablespace != "" && n.Tablespace != "pg_default":
		return sqlerr.New(sqlerr.UndefinedObject, "tablespace %q does not exist", n.Tablespace)
	}
	if err := checkStorageOptions(n.With); err != nil {
		return err
	}
	sc, err := d.creationSchema(n.Name)
	if err != nil {
		return err
	}
	if err := d.lockName(sc.ID, n.Name.Name); err != nil {
		return err
	}
	if d.cat.RelationExists(sc.ID, n.Name.Name) {
		if n.IfNotExists {
			d.s.notice("NOTICE", sqlerr.New(sqlerr.DuplicateTable, "relation %q already exists, skipping", n.Name.Name))
			return nil
		}
		return duplicateRelation(n.Name.Name)
	}
	t, err := d.newTable(sc.ID, n.Name.Name)
	if err != nil {
		return err
	}
	var later []tableConstraint
	var sequences []*catalog.Table
	for _, el := range n.Elements {
		switch el := el.(type) {
		case *parser.ColumnDef:
			cs, seq, err := d.addColumn(t, el)
			if err != nil {
				return err
			}
			later = append(later, cs...)
			if seq != nil {
				sequences = append(sequences, seq)
			}
		case *parser.Constraint:
			later = append(later, tableConstraint{el, -1})
		case *parser.LikeClause:
			cs, err := d.like(t, el)
			if err != nil {
				return err
			}
			later = append(later, cs...)
		}
	}
	// Keys first: foreign keys of the table may refer to the table itself.
	for _, c := range later {
		if k := c.n.Kind; k == parser.ConstrPrimaryKey || k == parser.ConstrUnique {
			if err := d.addKey(t, c, true); err != nil {
				return err
			}
		}
	}
	for _, seq := range sequences {
		if err := d.put(seq); err != nil {
			return err
		}
	}
	// Expressions are bound in the presence of the table and its sequences.
	if err := d.put(t); err != nil {
		return err
	}
	for _, c := range later {
		switch c.n.Kind {
		case parser.ConstrCheck:
			err = d.addCheck(t, c)
		case parser.ConstrForeignKey:
			err = d.addForeignKey(t, c)
		case parser.ConstrDefault:
			err = d.setDefault(t, c.slot, c.n.Expr)
		case parser.ConstrGenerated:
			err = d.setGenerated(t, c.slot, c.n.Expr)
		case parser.ConstrExclusion:
			err = sqlerr.Unsupported("EXCLUDE").At(c.n.Pos)
		}
		if err != nil {
			return err
		}
	}
	for _, id := range storagesOf(t) {
		if err := d.own(id); err != nil {
			return err
		}
	}
	return d.put(t.Clone())
}

// checkStorageOptions accepts the storage parameters that PostgreSQL's users
// write by habit and that mean nothing here, and refuses others by name.
func checkStorageOptions(opts []parser.Option) error {
	for _, o := range opts {
		switch {
		case o.Name == "fillfactor" || strings.HasPrefix(o.Name, "autovacuum_") || o.Name == "toast_tuple_target" || o.Namespace == "toast" || o.Name == "parallel_workers" || o.Name == "user_catalog_table":
			// Hints about PostgreSQL's pages and background jobs; there are neither.
		case o.Name == "oids" && strings.EqualFold(o.Value, "false"):
		default:
			return sqlerr.New(sqlerr.InvalidParameterValue, "unrecognized parameter %q", o.Name)
		}
	}
	return nil
}

func (d *ddl) newTable(schema catalog.ID, name string) (*catalog.Table, error) {
	id, err := d.newID()
	if err != nil {
		return nil, err
	}
	d.s.resetStats(id)
	return &catalog.Table{ID: id, SchemaID: schema, Name: name, Owner: d.s.user, Kind: catalog.KindTable, Storage: id}, nil
}

// tableConstraint is a constraint; slot is the column it was written at, or -1.
type tableConstraint struct {
	n    *parser.Constraint
	slot int
}

const columnsMax = 1600

// addColumn adds a column to t. It returns the constraints that are to be added
// when all columns are there, and the sequence of a serial or identity column.
func (d *ddl) addColumn(t *catalog.Table, def *parser.ColumnDef) ([]tableConstraint, *catalog.Table, error) {
	if _, dup := t.ColumnSlot(def.Name); dup {
		if len(t.Columns) > 0 && d.cat.TableByID(t.ID) != nil {
			return nil, nil, sqlerr.New(sqlerr.DuplicateColumn, "column %q of relation %q already exists", def.Name, t.Name)
		}
		return nil, nil, sqlerr.New(sqlerr.DuplicateColumn, "column %q specified more than once", def.Name)
	}
	switch def.Name {
	case "tableoid", "cmax", "xmax", "cmin", "xmin", "ctid":
		return nil, nil, sqlerr.New(sqlerr.DuplicateColumn, "column name %q conflicts with a system column name", def.Name)
	}
	if len(t.Columns) >= columnsMax {
		return nil, nil, sqlerr.New(sqlerr.TooManyColumns, "tables can have at most %d columns", columnsMax)
	}
	if !def.Collation.IsZero() {
		if err := planner.CheckCollation(def.Collation); err != nil {
			return nil, nil, err
		}
	}
	if def.Compression != "" && def.Compression != "default" && def.Compression != "pglz" && def.Compression != "lz4" {
		return nil, nil, sqlerr.New(sqlerr.InvalidParameterValue, "invalid compression method %q", def.Compression)
	}
	slot := len(t.Columns)
	c := catalog.Column{Name: def.Name}
	typeName := def.Type
	serial := types.OID(0)
	if typeName.Schema == "" && typeName.ArrayDims == 0 {
		switch typeName.Name {
		case "serial", "serial4":
			serial = types.Int4OID
		case "bigserial", "serial8":
			serial = types.Int8OID
		case "smallserial", "serial2":
			serial = types.Int2OID
		}
	}
	var seq *catalog.Table
	var err error
	if serial != 0 {
		c.Type, c.NotNull = serial.Type(), true
		if seq, err = d.ownedSequence(t, def.Name, slot, serial, nil, false); err != nil {
			return nil, nil, err
		}
		c.Default = nextvalOf(seq)
	} else {
		if c.Type, err = planner.ResolveType(&typeName); err != nil {
			return nil, nil, err
		}
		if in, ok := types.Lookup(c.Type.OID); ok && in.Kind == 'p' {
			return nil, nil, sqlerr.New(sqlerr.InvalidTableDefinition, "column %q has pseudo-type %s", def.Name, c.Type.OID)
		}
	}
	var later []tableConstraint
	nullable := false
	for _, k := range def.Constraints {
		switch k.Kind {
		case parser.ConstrNull:
			if c.NotNull {
				return nil, nil, sqlerr.New(sqlerr.SyntaxError, "conflicting NULL/NOT NULL declarations for column %q of table %q", def.Name, t.Name).At(k.Pos)
			}
			nullable = true
		case parser.ConstrNotNull:
			if nullable {
				return nil, nil, sqlerr.New(sqlerr.SyntaxError, "conflicting NULL/NOT NULL declarations for column %q of table %q", def.Name, t.Name).At(k.Pos)
			}
			c.NotNull = true
		case parser.ConstrIdentity:
			if serial != 0 || c.Identity != 0 {
				return nil, nil, sqlerr.New(sqlerr.SyntaxError, "multiple identity specifications for column %q of table %q", def.Name, t.Name).At(k.Pos)
			}
			switch c.Type.OID {
			case types.Int2OID, types.Int4OID, types.Int8OID:
			default:
				return nil, nil, sqlerr.New(sqlerr.InvalidParameterValue, "identity column type must be smallint, integer, or bigint")
			}
			c.Identity, c.NotNull = 'd', true
			if k.Always {
				c.Identity = 'a'
			}
			if seq, err = d.ownedSequence(t, def.Name, slot, c.Type.OID, k.Sequence, true); err != nil {
				return nil, nil, err
			}
		case parser.ConstrDefault:
			if serial != 0 {
				return nil, nil, sqlerr.New(sqlerr.SyntaxError, "multiple default values specified for column %q of table %q", def.Name, t.Name).At(k.Pos)
			}
			later = append(later, tableConstraint{k, slot})
		default:
			later = append(later, tableConstraint{k, slot})
		}
	}
	t.Columns = append(t.Columns, c)
	return later, seq, nil
}

func nextvalOf(seq *catalog.Table) string {
	return "nextval('" + strconv.Itoa(int(seq.ID)) + "'::regclass)"
}

// ownedSequence makes the descriptor of the sequence behind a column.
func (d *ddl) ownedSequence(t *catalog.Table, column string, slot int, oid types.OID, opts []parser.SeqOption, identity bool) (*catalog.Table, error) {
	q := &catalog.Sequence{Type: oid.Type(), Identity: identity}
	if err := sequenceOptions(q, opts, true); err != nil {
		return nil, err
	}
	name := d.cat.FreeRelationName(t.SchemaID, catalog.ObjectName(t.Name, column, "seq"))
	for _, o := range opts {
		if o.Kind == parser.SeqName && len(o.Owner) > 0 {
			name = o.Owner[len(o.Owner)-1]
		}
	}
	seq, err := d.newSequence(t.SchemaID, name, q)
	if err != nil {
		return nil, err
	}
	q.OwnerTable, q.OwnerSlot = t.ID, slot
	return seq, nil
}

// addKey adds a PRIMARY KEY or UNIQUE constraint's index to t. With create, t is
// new, and a primary key becomes the order in which its rows are stored.
func (d *ddl) addKey(t *catalog.Table, c tableConstraint, create bool) error {
	n := c.n
	if n.Deferrable {
		return sqlerr.Unsupported("a DEFERRABLE unique or primary key constraint").At(n.Pos)
	}
	if n.UsingIndex != "" {
		return sqlerr.Unsupported("ADD CONSTRAINT USING INDEX").At(n.Pos)
	}
	primary := n.Kind == parser.ConstrPrimaryKey
	if primary && t.PrimaryKey() != nil {
		return sqlerr.New(sqlerr.InvalidTableDefinition, "multiple primary keys for table %q are not allowed", t.Name).At(n.Pos)
	}
	var slots []int
	if c.slot >= 0 {
		slots = []int{c.slot}
	}
	for _, name := range n.Columns {
		slot, ok := t.ColumnSlot(name)
		if !ok {
			return sqlerr.New(sqlerr.UndefinedColumn, "column %q named in key does not exist", name).At(n.Pos)
		}
		if slices.Contains(slots, slot) {
			kind := "unique"
			if primary {
				kind = "primary key"
			}
			return sqlerr.New(sqlerr.DuplicateColumn, "column %q appears twice in %s constraint", name, kind).At(n.Pos)
		}
		slots = append(slots, slot)
	}
	x := &catalog.Index{Unique: true, Primary: primary, NullsNotDistinct: n.NullsNotDistinct}
	names := ""
	for i, slot := range slots {
		col := &t.Columns[slot]
		if !types.Comparable(col.Type.OID) {
			return sqlerr.New(sqlerr.UndefinedObject, "data type %s has no default operator class for access method \"btree\"", col.Type.OID).
				WithHint("You must specify an operator class for the index or define a default operator class for the data type.")
		}
		if primary {
			col.NotNull = true
		}
		x.Columns = append(x.Columns, catalog.IndexColumn{Slot: slot, Type: col.Type})
		if i > 0 {
			names += "_"
		}
		names += col.Name
	}
	for _, name := range n.Include {
		slot, ok := t.ColumnSlot(name)
		if !ok {
			return sqlerr.New(sqlerr.UndefinedColumn, "column %q named in key does not exist", name).At(n.Pos)
		}
		x.Include = append(x.Include, slot)
	}
	if x.Name = n.Name; x.Name == "" {
		if primary {
			x.Name = catalog.ObjectName(t.Name, "", "pkey")
		} else {
			x.Name = catalog.ObjectName(t.Name, names, "key")
		}
		x.Name = d.freeIndexName(t, x.Name)
	} else if d.cat.RelationExists(t.SchemaID, x.Name) || x.Name == t.Name || t.HasIndexNamed(x.Name) {
		return duplicateRelation(x.Name)
	}
	var err error
	if x.ID, err = d.newID(); err != nil {
		return err
	}
	if x.Constraint, err = d.newID(); err != nil {
		return err
	}
	if primary && create {
		t.Cluster = slots
		// The primary key comes first, as it is found first.
		t.Indexes = append([]*catalog.Index{x}, t.Indexes...)
		return nil
	}
	x.Storage = x.ID
	t.Indexes = append(t.Indexes, x)
	return nil
}

// freeIndexName is FreeRelationName, counting the indexes that t got just now.
func (d *ddl) freeIndexName(t *catalog.Table, name string) string {
	n := d.cat.FreeRelationName(t.SchemaID, name)
	for i := 1; t.HasIndexNamed(n) || n == t.Name; i++ {
		n = d.cat.FreeRelationName(t.SchemaID, name+strconv.Itoa(i))
	}
	return n
}

// addCheck adds a CHECK constraint to t.
func (d *ddl) addCheck(t *catalog.Table, c tableConstraint) error {
	n := c.n
	if n.NoInherit {
		return sqlerr.Unsupported("NO INHERIT").At(n.Pos)
	}
	b := types.BoolOID.Type()
	if _, err := planner.BindRowExpr(d.env(), t, n.Expr, "check constraints", &b); err != nil {
		return err
	}
	k := &catalog.Check{Name: n.Name, Expr: parser.Format(n.Expr), Slots: slotsIn(t, n.Expr), NotValid: n.NotValid}
	if k.Name == "" {
		col := ""
		if len(k.Slots) == 1 {
			col = t.Columns[k.Slots[0]].Name
		}
		k.Name = t.FreeConstraintName(catalog.ObjectName(t.Name, col, "check"))
	} else if slices.Contains(t.ConstraintNames(), k.Name) {
		return sqlerr.New(sqlerr.DuplicateObject, "constraint %q for relation %q already exists", k.Name, t.Name)
	}
	var err error
	if k.ID, err = d.newID(); err != nil {
		return err
	}
	t.Checks = append(t.Checks, k)
	return nil
}

// slotsIn returns the columns of t that an expression mentions, each once.
func slotsIn(t *catalog.Table, e parser.Expr) []int {
	var out []int
	parser.Walk(e, func(n parser.Node) bool {
		if ref, ok := n.(*parser.ColumnRef); ok && len(ref.Parts) > 0 {
			if slot, ok := t.ColumnSlot(ref.Parts[len(ref.Parts)-1]); ok && !slices.Contains(out, slot) {
				out = append(out, slot)
			}
		}
		return true
	})
	slices.Sort(out)
	return out
}

// setDefault gives a column a DEFAULT.
func (d *ddl) setDefault(t *catalog.Table, slot int, e parser.Expr) error {
	c := &t.Columns[slot]
	if c.Identity != 0 {
		return sqlerr.New(sqlerr.SyntaxError, "both default and identity specified for column %q of table %q", c.Name, t.Name)
	}
	if c.Generated != "" {
		return sqlerr.New(sqlerr.SyntaxError, "both default and generation expression specified for column %q of table %q", c.Name, t.Name)
	}
	found := false
	parser.Walk(e, func(n parser.Node) bool {
		_, ref := n.(*parser.ColumnRef)
		found = found || ref
		return !found
	})
	if found {
		return sqlerr.New(sqlerr.FeatureNotSupported, "cannot use column reference in DEFAULT expression").At(e.Position())
	}
	d.fixSequences(e)
	if _, err := planner.BindScalar(d.env(), e, "DEFAULT expressions", &c.Type); err != nil {
		if m, ok := err.(*planner.MismatchError); ok {
			return sqlerr.New(sqlerr.DatatypeMismatch, "column %q is of type %s but default expression is of type %s", c.Name, c.Type.OID, m.Have.OID).
				WithHint("You will need to rewrite or cast the expression.")
		}
		return err
	}
	if _, null := e.(*parser.NullLit); null {
		c.Default = ""
		return nil
	}
	c.Default = parser.Format(e)
	return nil
}

// fixSequences replaces the name of a sequence in nextval('name') by its number,
// so that the default survives a rename and does not depend on the search path.
func (d *ddl) fixSequences(e parser.Expr) {
	parser.Walk(e, func(n parser.Node) bool {
		call, ok := n.(*parser.FuncCall)
		if !ok || len(call.Args) == 0 {
			return true
		}
		switch call.Name.Name {
		case "nextval", "currval", "setval":
		default:
			return true
		}
		lit, ok := call.Args[0].(*parser.StringLit)
		if c, isCast := call.Args[0].(*parser.Cast); isCast && c.Type.Name == "regclass" {
			lit, ok = c.Arg.(*parser.StringLit)
		}
		if !ok {
			return true
		}
		if id, err := d.s.regIn(types.RegclassOID, lit.Value); err == nil {
			call.Args[0] = &parser.Cast{Pos: lit.Pos, Arg: &parser.StringLit{Pos: lit.Pos, Value: strconv.Itoa(int(id))}, Type: parser.TypeName{Name: "regclass"}}
		}
		return true
	})
}

// setGenerated makes a column GENERATED ALWAYS AS … STORED.
func (d *ddl) setGenerated(t *catalog.Table, slot int, e parser.Expr) error {
	c := &t.Columns[slot]
	if c.Default != "" {
		return sqlerr.New(sqlerr.SyntaxError, "both default and generation expression specified for column %q of table %q", c.Name, t.Name)
	}
	x, err := planner.BindRowExpr(d.env(), t, e, "column generation expressions", &c.Type)
	if err != nil {
		return err
	}
	if err := mustBeImmutable(x, "generation expression is not immutable"); err != nil {
		return err
	}
	for _, s := range slotsIn(t, e) {
		if t.Columns[s].Generated != "" || s == slot {
			return sqlerr.New(sqlerr.InvalidObjectDefinition, "cannot use generated column %q in column generation expression", t.Columns[s].Name).
				WithDetail("A generated column cannot reference another generated column.").At(e.Position())
		}
	}
	c.Generated = parser.Format(e)
	return nil
}

// addForeignKey adds a FOREIGN KEY constraint to t. Rows that are there already
// are checked by the caller.
func (d *ddl) addForeignKey(t *catalog.Table, c tableConstraint) error {
	n := c.n
	if n.Match == parser.MatchPartial {
		return sqlerr.New(sqlerr.FeatureNotSupported, "MATCH PARTIAL not yet implemented").At(n.Pos)
	}
	f := &catalog.ForeignKey{Name: n.Name, MatchFull: n.Match == parser.MatchFull, Deferrable: n.Deferrable, InitiallyDeferred: n.InitiallyDeferred, NotValid: n.NotValid}
	if c.slot >= 0 {
		f.Slots = []int{c.slot}
	}
	for _, name := range n.Columns {
		slot, ok := t.ColumnSlot(name)
		if !ok {
			return sqlerr.New(sqlerr.UndefinedColumn, "column %q referenced in foreign key constraint does not exist", name)
		}
		f.Slots = append(f.Slots, slot)
	}
	ref := t
	if self, _ := d.s.relation(d.sc, n.RefTable); n.RefTable.Name != t.Name || (self != nil && self.ID != t.ID) {
		var err error
		if ref, err = d.lookup(n.RefTable, txn.ShareRowExclusive); err != nil {
			return err
		}
	}
	if ref.Kind != catalog.KindTable {
		return sqlerr.New(sqlerr.WrongObjectType, "referenced relation %q is not a table", ref.Name)
	}
	f.RefTable = ref.ID
	var x *catalog.Index
	if len(n.RefColumns) == 0 {
		if x = ref.PrimaryKey(); x == nil {
			return sqlerr.New(sqlerr.UndefinedObject, "there is no primary key for referenced table %q", ref.Name)
		}
		for _, k := range x.Columns {
			f.RefSlots = append(f.RefSlots, k.Slot)
		}
	} else {
		for _, name := range n.RefColumns {
			slot, ok := ref.ColumnSlot(name)
			if !ok {
				return sqlerr.New(sqlerr.UndefinedColumn, "column %q referenced in foreign key constraint does not exist", name)
			}
			f.RefSlots = append(f.RefSlots, slot)
		}
		x = ref.UniqueOn(f.RefSlots)
	}
	if len(f.Slots) != len(f.RefSlots) {
		return sqlerr.New(sqlerr.InvalidForeignKey, "number of referencing and referenced columns for foreign key disagree")
	}
	if x == nil {
		return sqlerr.New(sqlerr.InvalidForeignKey, "there is no unique constraint matching given keys for referenced table %q", ref.Name)
	}
	f.RefIndex = x.ID
	names := ""
	for i, s := range f.Slots {
		if i > 0 {
			names += "_"
		}
		names += t.Columns[s].Name
	}
	if f.Name == "" {
		f.Name = t.FreeConstraintName(catalog.ObjectName(t.Name, names, "fkey"))
	} else if slices.Contains(t.ConstraintNames(), f.Name) {
		return sqlerr.New(sqlerr.DuplicateObject, "constraint %q for relation %q already exists", f.Name, t.Name)
	}
	for i, s := range f.Slots {
		from, to := t.Columns[s].Type.OID, ref.Columns[f.RefSlots[i]].Type.OID
		if !comparableTypes(from, to) {
			return sqlerr.New(sqlerr.DatatypeMismatch, "foreign key constraint %q cannot be implemented", f.Name).
				WithDetail("Key columns %q and %q are of incompatible types: %s and %s.", t.Columns[s].Name, ref.Columns[f.RefSlots[i]].Name, t.Columns[s].Type.OID, ref.Columns[f.RefSlots[i]].Type.OID)
		}
	}
	actions := map[parser.RefAction]catalog.Action{parser.ActionNone: catalog.NoAction, parser.ActionRestrict: catalog.Restrict, parser.ActionCascade: catalog.Cascade, parser.ActionSetNull: catalog.SetNull, parser.ActionSetDefault: catalog.SetDefault}
	f.OnDelete, f.OnUpdate = actions[n.OnDelete], actions[n.OnUpdate]
	for _, name := range n.OnDeleteColumns {
		slot, ok := t.ColumnSlot(name)
		if !ok {
			return sqlerr.New(sqlerr.UndefinedColumn, "column %q referenced in foreign key constraint does not exist", name)
		}
		if !slices.Contains(f.Slots, slot) {
			return sqlerr.New(sqlerr.InvalidColumnReference, "column %q referenced in ON DELETE SET action must be part of foreign key", name)
		}
		f.SetSlots = append(f.SetSlots, slot)
	}
	var err error
	if f.ID, err = d.newID(); err != nil {
		return err
	}
	t.ForeignKeys = append(t.ForeignKeys, f)
	return nil
}

// like copies columns of another table.
func (d *ddl) like(t *catalog.Table, n *parser.LikeClause) ([]tableConstraint, error) {
	src, err := d.lookup(n.Table, txn.AccessShare)
	if err != nil {
		return nil, err
	}
	if n.Options&parser.LikeIdentity != 0 && slices.ContainsFunc(src.Columns, func(c catalog.Column) bool { return c.Identity != 0 && !c.Dropped }) {
		return nil, sqlerr.Unsupported("LIKE INCLUDING IDENTITY").At(n.Pos)
	}
	var later []tableConstraint
	slots := make(map[int]int)
	for _, s := range src.LiveSlots() {
		c := src.Columns[s]
		if _, dup := t.ColumnSlot(c.Name); dup {
			return nil, sqlerr.New(sqlerr.DuplicateColumn, "column %q specified more than once", c.Name)
		}
		nc := catalog.Column{Name: c.Name, Type: c.Type, NotNull: c.NotNull}
		if n.Options&parser.LikeDefaults != 0 {
			nc.Default = c.Default
		}
		if n.Options&parser.LikeGenerated != 0 {
			nc.Generated = c.Generated
		}
		if n.Options&parser.LikeComments != 0 {
			nc.Comment = c.Comment
		}
		slots[s] = len(t.Columns)
		t.Columns = append(t.Columns, nc)
	}
	if n.Options&parser.LikeConstraints != 0 {
		for _, k := range src.Checks {
			e, err := parser.ParseExpr(k.Expr)
			if err != nil {
				return nil, err
			}
			later = append(later, tableConstraint{&parser.Constraint{Kind: parser.ConstrCheck, Name: k.Name, Expr: e}, -1})
		}
	}
	if n.Options&parser.LikeIndexes != 0 {
		for _, x := range src.Indexes {
			if x.Constraint == 0 || x.Where != "" {
				return nil, sqlerr.Unsupported("LIKE INCLUDING INDEXES of an index without a constraint").At(n.Pos)
			}
			k := &parser.Constraint{Kind: parser.ConstrUnique, NullsNotDistinct: x.NullsNotDistinct}
			if x.Primary {
				k.Kind = parser.ConstrPrimaryKey
			}
			for _, c := range x.Columns {
				k.Columns = append(k.Columns, src.Columns[c.Slot].Name)
			}
			later = append(later, tableConstraint{k, -1})
		}
	}
	return later, nil
}
