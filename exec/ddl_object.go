package exec

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
	"github.com/minisql/minisql/types"
)

func typeName(v any) string { return fmt.Sprintf("%T", v) }

// ---- CREATE INDEX

func (d *ddl) createIndex(n *parser.CreateIndexStmt) error {
	if n.Concurrently && d.s.block == explicit {
		return sqlerr.New(sqlerr.ActiveSQLTransaction, "CREATE INDEX CONCURRENTLY cannot run inside a transaction block")
	}
	if n.Concurrently {
		d.s.notice("NOTICE", sqlerr.New(sqlerr.SuccessfulCompletion, "CREATE INDEX CONCURRENTLY holds up writers, as CREATE INDEX does"))
	}
	if n.Method != "" && n.Method != "btree" {
		switch n.Method {
		case "hash", "gist", "gin", "spgist", "brin":
			return sqlerr.Unsupported("index method %q", n.Method)
		}
		return sqlerr.New(sqlerr.UndefinedObject, "access method %q does not exist", n.Method)
	}
	if err := checkStorageOptions(n.With); err != nil {
		return err
	}
	t, err := d.lookup(n.Table, txn.ShareLock)
	if err != nil {
		return err
	}
	if t.Kind != catalog.KindTable {
		return sqlerr.New(sqlerr.WrongObjectType, "cannot create index on relation %q", t.Name).
			WithDetail("This operation is not supported for views.")
	}
	t = t.Clone()
	x := &catalog.Index{Name: n.Name, Unique: n.Unique, NullsNotDistinct: n.NullsNotDistinct}
	names := make([]string, 0, len(n.Elems))
	for i := range n.Elems {
		e := &n.Elems[i]
		if !e.OpClass.IsZero() {
			switch e.OpClass.Name {
			case "text_pattern_ops", "varchar_pattern_ops", "bpchar_pattern_ops", "text_ops", "int4_ops", "int8_ops", "numeric_ops", "date_ops", "timestamp_ops", "timestamptz_ops", "uuid_ops", "bool_ops", "varchar_ops":
				// Texts sort bytewise, so the pattern classes are the default ones.
			default:
				return sqlerr.Unsupported("operator class %q", e.OpClass.Name).At(e.Pos)
			}
		}
		if !e.Collation.IsZero() {
			if err := planner.CheckCollation(e.Collation); err != nil {
				return err
			}
		}
		k := catalog.IndexColumn{Slot: -1, Desc: e.Dir == parser.SortDesc}
		k.NullsFirst = k.Desc
		switch e.Nulls {
		case parser.NullsFirst:
			k.NullsFirst = true
		case parser.NullsLast:
			k.NullsFirst = false
		}
		if e.Column != "" {
			slot, ok := t.ColumnSlot(e.Column)
			if !ok {
				return sqlerr.New(sqlerr.UndefinedColumn, "column %q does not exist", e.Column)
			}
			k.Slot, k.Type = slot, t.Columns[slot].Type
			names = append(names, e.Column)
		} else {
			b, err := planner.BindRowExpr(d.env(), t, e.Expr, "index expressions", nil)
			if err != nil {
				return err
			}
			if err := mustBeImmutable(b, "functions in index expression must be marked IMMUTABLE"); err != nil {
				return err
			}
			k.Expr, k.Type = parser.Format(e.Expr), b.Type()
			name := parser.OutputName(e.Expr)
			if name == "?column?" || name == "" {
				name = "expr"
			}
			for j := 1; slices.Contains(names, name); j++ {
				name = strings.TrimRight(name, "0123456789") + strconv.Itoa(j)
			}
			names = append(names, name)
		}
		if !types.Comparable(k.Type.OID) {
			return sqlerr.New(sqlerr.UndefinedObject, "data type %s has no default operator class for access method \"btree\"", k.Type.OID).
				WithHint("You must specify an operator class for the index or define a default operator class for the data type.")
		}
		x.Columns = append(x.Columns, k)
	}
	for _, e := range n.Include {
		slot, ok := t.ColumnSlot(e.Column)
		if !ok {
			return sqlerr.New(sqlerr.UndefinedColumn, "column %q does not exist", e.Column).At(e.Pos)
		}
		x.Include = append(x.Include, slot)
	}
	if n.Where != nil {
		b := types.BoolOID.Type()
		e, err := planner.BindRowExpr(d.env(), t, n.Where, "index predicates", &b)
		if err != nil {
			return err
		}
		if err := mustBeImmutable(e, "functions in index predicate must be marked IMMUTABLE"); err != nil {
			return err
		}
		x.Where = parser.Format(n.Where)
	}
	if x.Name == "" {
		x.Name = d.cat.FreeRelationName(t.SchemaID, catalog.ObjectName(t.Name, strings.Join(names, "_"), "idx"))
	} else {
		if err := d.lockName(t.SchemaID, x.Name); err != nil {
			return err
		}
		if d.cat.RelationExists(t.SchemaID, x.Name) {
			if n.IfNotExists {
				d.s.notice("NOTICE", sqlerr.New(sqlerr.DuplicateTable, "relation %q already exists, skipping", x.Name))
				return nil
			}
			return duplicateRelation(x.Name)
		}
	}
	if x.ID, err = d.newID(); err != nil {
		return err
	}
	x.Storage = x.ID
	t.Indexes = append(t.Indexes, x)
	if err := d.put(t); err != nil {
		return err
	}
	return d.buildIndex(t, x)
}

// ---- sequences

func (d *ddl) newSequence(schema catalog.ID, name string, q *catalog.Sequence) (*catalog.Table, error) {
	t, err := d.newTable(schema, name)
	if err != nil {
		return nil, err
	}
	t.Kind, t.Sequence = catalog.KindSequence, q
	t.Columns = []catalog.Column{
		{Name: "last_value", Type: types.Int8OID.Type(), NotNull: true},
		{Name: "log_cnt", Type: types.Int8OID.Type(), NotNull: true},
		{Name: "is_called", Type: types.BoolOID.Type(), NotNull: true},
	}
	return t, nil
}

// sequenceOptions applies options to q; with create, what is not given gets its default.
func sequenceOptions(q *catalog.Sequence, opts []parser.SeqOption, create bool) error {
	if q.Type.OID == 0 {
		q.Type = types.Int8OID.Type()
	}
	seen := make(map[parser.SeqOptionKind]bool)
	num := func(o parser.SeqOption) (int64, error) {
		v, err := strconv.ParseInt(o.Value, 10, 64)
		if err != nil {
			return 0, sqlerr.New(sqlerr.NumericValueOutOfRange, "value %q is out of range for type bigint", o.Value).At(o.Pos)
		}
		return v, nil
	}
	var err error
	minSet, maxSet, startSet := false, false, false
	if create {
		q.Increment, q.Cache = 1, 1
	}
	for _, o := range opts {
		if seen[o.Kind] {
			return sqlerr.New(sqlerr.SyntaxError, "conflicting or redundant options").At(o.Pos)
		}
		seen[o.Kind] = true
		if o.Kind == parser.SeqAs {
			t, err := planner.ResolveType(&o.Type)
			if err != nil {
				return err
			}
			switch t.OID {
			case types.Int2OID, types.Int4OID, types.Int8OID:
				q.Type = t
			default:
				return sqlerr.New(sqlerr.InvalidParameterValue, "sequence type must be smallint, integer, or bigint")
			}
		}
	}
	for _, o := range opts {
		switch o.Kind {
		case parser.SeqIncrement:
			if q.Increment, err = num(o); err != nil {
				return err
			}
			if q.Increment == 0 {
				return sqlerr.New(sqlerr.InvalidParameterValue, "INCREMENT must not be zero")
			}
		case parser.SeqCycle:
			q.Cycle = !o.No
		case parser.SeqCache:
			if q.Cache, err = num(o); err != nil {
				return err
			}
			if q.Cache <= 0 {
				return sqlerr.New(sqlerr.InvalidParameterValue, "CACHE (%d) must be greater than zero", q.Cache)
			}
		case parser.SeqMinValue:
			if !o.No {
				minSet = true
				if q.Min, err = num(o); err != nil {
					return err
				}
			} else if !create {
				q.Min = 0
				seen[parser.SeqMinValue] = false
			}
		case parser.SeqMaxValue:
			if !o.No {
				maxSet = true
				if q.Max, err = num(o); err != nil {
					return err
				}
			}
		case parser.SeqStart:
			startSet = true
			if q.Start, err = num(o); err != nil {
				return err
			}
		}
	}
	lo, hi := int64(math.MinInt64), int64(math.MaxInt64)
	switch q.Type.OID {
	case types.Int2OID:
		lo, hi = math.MinInt16, math.MaxInt16
	case types.Int4OID:
		lo, hi = math.MinInt32, math.MaxInt32
	}
	if !maxSet && (create || seen[parser.SeqAs]) {
		if q.Max = hi; q.Increment < 0 {
			q.Max = -1
		}
	}
	if !minSet && (create || seen[parser.SeqAs]) {
		if q.Min = 1; q.Increment < 0 {
			q.Min = lo
		}
	}
	switch {
	case q.Max > hi || q.Max < lo:
		return sqlerr.New(sqlerr.InvalidParameterValue, "MAXVALUE (%d) is out of range for sequence data type %s", q.Max, q.Type)
	case q.Min < lo || q.Min > hi:
		return sqlerr.New(sqlerr.InvalidParameterValue, "MINVALUE (%d) is out of range for sequence data type %s", q.Min, q.Type)
	case q.Min >= q.Max:
		return sqlerr.New(sqlerr.InvalidParameterValue, "MINVALUE (%d) must be less than MAXVALUE (%d)", q.Min, q.Max)
	}
	if create && !startSet {
		if q.Start = q.Min; q.Increment < 0 {
			q.Start = q.Max
		}
	}
	if q.Start < q.Min {
		return sqlerr.New(sqlerr.InvalidParameterValue, "START value (%d) cannot be less than MINVALUE (%d)", q.Start, q.Min)
	}
	if q.Start > q.Max {
		return sqlerr.New(sqlerr.InvalidParameterValue, "START value (%d) cannot be greater than MAXVALUE (%d)", q.Start, q.Max)
	}
	return nil
}

func (d *ddl) createSequence(n *parser.CreateSequenceStmt) error {
	if n.Persistence != parser.Permanent {
		return sqlerr.Unsupported("CREATE TEMPORARY SEQUENCE").At(n.Pos)
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
	q := &catalog.Sequence{}
	if err := sequenceOptions(q, n.Options, true); err != nil {
		return err
	}
	if err := d.ownedBy(q, n.Options); err != nil {
		return err
	}
	t, err := d.newSequence(sc.ID, n.Name.Name, q)
	if err != nil {
		return err
	}
	return d.put(t)
}

// ownedBy applies OWNED BY.
func (d *ddl) ownedBy(q *catalog.Sequence, opts []parser.SeqOption) error {
	for _, o := range opts {
		if o.Kind != parser.SeqOwnedBy {
			continue
		}
		if len(o.Owner) == 1 && strings.EqualFold(o.Owner[0], "none") {
			q.OwnerTable, q.OwnerSlot = 0, 0
			continue
		}
		if len(o.Owner) < 2 {
			return sqlerr.New(sqlerr.SyntaxError, "invalid OWNED BY option").WithHint("Specify OWNED BY table.column or OWNED BY NONE.").At(o.Pos)
		}
		name := parser.QName{Pos: o.Pos, Name: o.Owner[len(o.Owner)-2]}
		if len(o.Owner) > 2 {
			name.Schema = o.Owner[len(o.Owner)-3]
		}
		t, err := d.lookup(name, txn.AccessShare)
		if err != nil {
			return err
		}
		slot, ok := t.ColumnSlot(o.Owner[len(o.Owner)-1])
		if !ok {
			return undefinedColumn(t, o.Owner[len(o.Owner)-1])
		}
		q.OwnerTable, q.OwnerSlot = t.ID, slot
	}
	return nil
}

func (d *ddl) alterSequence(n *parser.AlterSequenceStmt) error {
	t, err := d.lookup(n.Name, txn.ShareRowExclusive)
	if err != nil {
		if n.IfExists && sqlerr.CodeOf(err) == sqlerr.UndefinedTable {
			d.s.notice("NOTICE", sqlerr.New(sqlerr.UndefinedTable, "relation %q does not exist, skipping", n.Name.String()))
			return nil
		}
		return err
	}
	if err := isSequence(t); err != nil {
		return err
	}
	return d.changeSequence(t, n.Options)
}

func (d *ddl) changeSequence(t *catalog.Table, opts []parser.SeqOption) error {
	if t == nil {
		return sqlerr.New(sqlerr.Internal, "the column has no sequence")
	}
	t = t.Clone()
	if err := sequenceOptions(t.Sequence, opts, false); err != nil {
		return err
	}
	if err := d.ownedBy(t.Sequence, opts); err != nil {
		return err
	}
	for _, o := range opts {
		if o.Kind != parser.SeqRestart {
			continue
		}
		v := t.Sequence.Start
		if o.Value != "" {
			var err error
			if v, err = strconv.ParseInt(o.Value, 10, 64); err != nil {
				return sqlerr.New(sqlerr.NumericValueOutOfRange, "value %q is out of range for type bigint", o.Value).At(o.Pos)
			}
		}
		if v < t.Sequence.Min {
			return sqlerr.New(sqlerr.InvalidParameterValue, "RESTART value (%d) cannot be less than MINVALUE (%d)", v, t.Sequence.Min)
		}
		if v > t.Sequence.Max {
			return sqlerr.New(sqlerr.InvalidParameterValue, "RESTART value (%d) cannot be greater than MAXVALUE (%d)", v, t.Sequence.Max)
		}
		d.restart(t, v)
	}
	return d.put(t)
}

// restart sets a sequence back when the transaction commits.
func (d *ddl) restart(t *catalog.Table, v int64) {
	q := d.s.db.sequence(t.ID)
	srv := d.s.srv
	d.s.txn.OnEnd(func(committed bool) {
		if committed {
			if err := q.set(v, false); err != nil {
				srv.logf("restart of sequence %s: %v", t.Name, err)
			}
		}
	})
}

// ---- views

func (d *ddl) createView(n *parser.CreateViewStmt) error {
	switch {
	case n.Persistence == parser.Temporary:
		return sqlerr.Unsupported("CREATE TEMPORARY VIEW").At(n.Pos)
	case n.CheckOption != parser.CheckNone:
		return sqlerr.Unsupported("WITH CHECK OPTION").At(n.Pos)
	}
	for _, o := range n.With {
		if o.Name != "security_barrier" && o.Name != "security_invoker" {
			return sqlerr.New(sqlerr.InvalidParameterValue, "unrecognized parameter %q", o.Name)
		}
	}
	sc, err := d.creationSchema(n.Name)
	if err != nil {
		return err
	}
	if err := d.lockName(sc.ID, n.Name.Name); err != nil {
		return err
	}
	cols, deps, err := planner.Describe(d.env(), n.Query)
	if err != nil {
		return err
	}
	if len(n.Columns) > len(cols) {
		return sqlerr.New(sqlerr.SyntaxError, "CREATE VIEW specifies more column names than columns")
	}
	old := d.cat.Table(sc.ID, n.Name.Name)
	if old == nil && d.cat.RelationExists(sc.ID, n.Name.Name) {
		return duplicateRelation(n.Name.Name)
	}
	var t *catalog.Table
	if old != nil {
		if !n.Replace {
			return duplicateRelation(n.Name.Name)
		}
		if old.Kind != catalog.KindView {
			return sqlerr.New(sqlerr.WrongObjectType, "%q is not a view", old.Name)
		}
		if _, err := d.lock(old, txn.AccessExclusive); err != nil {
			return err
		}
		t = old.Clone()
	} else if t, err = d.newTable(sc.ID, n.Name.Name); err != nil {
		return err
	}
	t.Kind, t.Storage = catalog.KindView, 0
	t.View = &catalog.View{Query: parser.Format(n.Query), SearchPath: slices.Clone(d.s.settings.searchPath), DependsOn: deps}
	columns := make([]catalog.Column, len(cols))
	for i, c := range cols {
		columns[i] = catalog.Column{Name: c.Name, Type: c.Type}
		if i < len(n.Columns) {
			columns[i].Name = n.Columns[i]
		}
		if slices.ContainsFunc(columns[:i], func(x catalog.Column) bool { return x.Name == columns[i].Name }) {
			return sqlerr.New(sqlerr.DuplicateColumn, "column %q specified more than once", columns[i].Name)
		}
		if in, ok := types.Lookup(c.Type.OID); ok && in.Kind == 'p' {
			return sqlerr.New(sqlerr.InvalidTableDefinition, "column %q has pseudo-type %s", columns[i].Name, c.Type.OID)
		}
	}
	if old != nil {
		if len(columns) < len(old.Columns) {
			return sqlerr.New(sqlerr.InvalidTableDefinition, "cannot drop columns from view")
		}
		for i, c := range old.Columns {
			if columns[i].Name != c.Name {
				return sqlerr.New(sqlerr.InvalidTableDefinition, "cannot change name of view column %q to %q", c.Name, columns[i].Name).
					WithHint("Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.")
			}
			if columns[i].Type != c.Type {
				return sqlerr.New(sqlerr.InvalidTableDefinition, "cannot change data type of view column %q from %s to %s", c.Name, c.Type, columns[i].Type)
			}
			columns[i].Comment = c.Comment
		}
	}
	t.Columns = columns
	return d.put(t)
}

// viewsOf returns the views that read a relation.
func (d *ddl) viewsOf(t *catalog.Table) []*catalog.Table {
	var out []*catalog.Table
	for _, v := range d.cat.Tables() {
		if v.View != nil && slices.Contains(v.View.DependsOn, t.ID) && v.ID != t.ID {
			out = append(out, v)
		}
	}
	return out
}

// dropViews drops the views over t, or refuses to.
func (d *ddl) dropViews(t *catalog.Table, cascade bool, what string) error {
	views := d.viewsOf(t)
	for _, v := range views {
		if d.cat.TableByID(v.ID) == nil {
			continue
		}
		if !cascade && !d.dropping[v.ID] {
			return d.stillNeeded(what, "view "+v.Name+" depends on "+what)
		}
		if err := d.dropRelation(v, cascade); err != nil {
			return err
		}
		if d.dropping[v.ID] {
			continue
		}
		d.s.notice("NOTICE", sqlerr.New(sqlerr.SuccessfulCompletion, "drop cascades to view %s", v.Name))
	}
	return nil
}

// ---- CREATE TABLE AS

func (d *ddl) createTableAs(n *parser.CreateTableAsStmt) (string, error) {
	switch {
	case n.Materialized:
		return "", sqlerr.Unsupported("CREATE MATERIALIZED VIEW").At(n.Pos)
	case n.Persistence == parser.Temporary:
		return "", sqlerr.Unsupported("CREATE TEMPORARY TABLE").At(n.Pos)
	case n.Persistence == parser.Unlogged:
		return "", sqlerr.Unsupported("CREATE UNLOGGED TABLE").At(n.Pos)
	case n.AccessMethod != "" && n.AccessMethod != "heap":
		return "", sqlerr.New(sqlerr.UndefinedObject, "access method %q does not exist", n.AccessMethod)
	}
	query, ok := n.Query.(*parser.SelectStmt)
	if !ok {
		return "", sqlerr.Unsupported("CREATE TABLE AS EXECUTE").At(n.Pos)
	}
	sc, err := d.creationSchema(n.Name)
	if err != nil {
		return "", err
	}
	if err := d.lockName(sc.ID, n.Name.Name); err != nil {
		return "", err
	}
	if d.cat.RelationExists(sc.ID, n.Name.Name) {
		if n.IfNotExists {
			d.s.notice("NOTICE", sqlerr.New(sqlerr.DuplicateTable, "relation %q already exists, skipping", n.Name.Name))
			return "CREATE TABLE AS", nil
		}
		return "", duplicateRelation(n.Name.Name)
	}
	plan, err := planner.Make(d.env(), query)
	if err != nil {
		return "", err
	}
	if len(n.Columns) > len(plan.Columns) {
		return "", sqlerr.New(sqlerr.SyntaxError, "too many column names were specified")
	}
	if err := d.s.lockRelations(d.ctx, plan); err != nil {
		return "", err
	}
	t, err := d.newTable(sc.ID, n.Name.Name)
	if err != nil {
		return "", err
	}
	for i, c := range plan.Columns {
		name := c.Name
		if i < len(n.Columns) {
			name = n.Columns[i]
		}
		if _, dup := t.ColumnSlot(name); dup {
			return "", sqlerr.New(sqlerr.DuplicateColumn, "column %q specified more than once", name)
		}
		t.Columns = append(t.Columns, catalog.Column{Name: name, Type: c.Type})
	}
	x := &execution{plan: plan}
	x.begin(d.ctx, d.s, d.sc)
	x.c.Reset(plan.Places)
	if err := d.put(t); err != nil {
		return "", err
	}
	if err := d.own(t.Storage); err != nil {
		return "", err
	}
	if n.NoData {
		return "CREATE TABLE AS", nil
	}
	op, err := newOperator(x, plan.Root)
	if err != nil {
		return "", err
	}
	defer x.end()
	defer op.close(x)
	if err := op.open(x); err != nil {
		return "", err
	}
	ti, err := d.sc.table(t)
	if err != nil {
		return "", err
	}
	w := newWriter(d.x, ti)
	row := make([]types.Datum, len(t.Columns))
	count := 0
	for {
		b, err := op.next(x)
		if err != nil {
			return "", err
		}
		if b == nil {
			d.x.countRows(t, written{inserted: int64(count)})
			return "SELECT " + strconv.Itoa(count), nil
		}
		for k := range b.Len() {
			i := b.Row(k)
			for c := range row {
				row[c] = b.Cols[c].View(i)
			}
			if err := w.insert(row); err != nil {
				return "", err
			}
			count++
		}
	}
}

// ---- schemas and databases

func (d *ddl) createSchema(n *parser.CreateSchemaStmt) error {
	name := n.Name
	if name == "" {
		name = n.Authorization
	}
	if strings.HasPrefix(name, "pg_") {
		return sqlerr.New(sqlerr.ReservedName, "unacceptable schema name %q", name).WithDetail("The prefix \"pg_\" is reserved for system schemas.")
	}
	if err := d.lockName(0, name); err != nil {
		return err
	}
	if d.cat.Schema(name) != nil {
		if n.IfNotExists {
			d.s.notice("NOTICE", sqlerr.New(sqlerr.DuplicateSchema, "schema %q already exists, skipping", name))
			return nil
		}
		return sqlerr.New(sqlerr.DuplicateSchema, "schema %q already exists", name)
	}
	id, err := d.newID()
	if err != nil {
		return err
	}
	owner := d.s.user
	if n.Authorization != "" {
		owner = n.Authorization
	}
	return d.putSchema(&catalog.Schema{ID: id, Name: name, Owner: owner})
}

func (d *ddl) putSchema(sc *catalog.Schema) error {
	if err := d.s.txn.Put(catalog.SchemaKey(d.s.db.id, sc.ID), catalog.Encode(sc)); err != nil {
		return err
	}
	d.changed(d.cat.WithSchema(d.version(), sc))
	return nil
}

func (d *ddl) createDatabase(n *parser.CreateDatabaseStmt) error {
	if d.s.block == explicit {
		return sqlerr.New(sqlerr.ActiveSQLTransaction, "CREATE DATABASE cannot run inside a transaction block")
	}
	owner := d.s.user
	template := "template1"
	for _, o := range n.Options {
		switch o.Name {
		case "owner":
			if !o.Default {
				owner = o.Value
			}
		case "template":
			if !o.Default {
				template = o.Value
			}
		case "encoding":
			v := strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(o.Value))
			if !o.Default && v != "utf8" && v != "unicode" && v != "6" {
				return sqlerr.Unsupported("encoding %q", o.Value)
			}
		case "locale", "lc_collate", "lc_ctype":
			switch {
			case o.Default || o.Value == "C" || o.Value == "POSIX":
			case strings.EqualFold(o.Value, "C.UTF-8") || strings.EqualFold(o.Value, "en_US.UTF-8") || strings.EqualFold(o.Value, "en_US.utf8"):
				d.s.notice("WARNING", sqlerr.New(sqlerr.Warning, "%s %q is not supported; texts sort bytewise (C)", o.Name, o.Value))
			default:
				return sqlerr.Unsupported("%s %q", o.Name, o.Value)
			}
		case "allow_connections", "connection_limit", "is_template", "tablespace", "oid", "strategy", "locale_provider", "icu_locale", "collation_version":
			if !o.Default && !(o.Name == "tablespace" && o.Value == "pg_default") && !(o.Name == "connection_limit" && o.Value == "-1") && o.Name != "strategy" {
				return sqlerr.Unsupported("CREATE DATABASE option %q", o.Name)
			}
		default:
			return sqlerr.New(sqlerr.SyntaxError, "option %q not recognized", o.Name).At(o.Pos)
		}
	}
	if err := d.lockDatabase(n.Name); err != nil {
		return err
	}
	all, err := listDatabases(d.s.txn)
	if err != nil {
		return err
	}
	var source *catalog.Database
	for _, db := range all {
		if db.Name == n.Name {
			return sqlerr.New(sqlerr.DuplicateDatabase, "database %q already exists", n.Name)
		}
		if db.Name == template {
			source = db
		}
	}
	if source == nil {
		return sqlerr.New(sqlerr.InvalidCatalogName, "template database %q does not exist", template)
	}
	lo, hi := catalog.DescriptorsSpan(source.ID)
	objects := 0
	if err := eachPair(d.s.txn, lo, hi, func([]byte, []byte) error { objects++; return nil }); err != nil {
		return err
	}
	if objects > 1 {
		return sqlerr.Unsupported("CREATE DATABASE from a template that has objects of its own")
	}
	id, err := d.newID()
	if err != nil {
		return err
	}
	if err := createDatabase(d.s.txn, &catalog.Database{ID: id, Name: n.Name, Owner: owner}); err != nil {
		return err
	}
	d.s.txn.MarkSchemaChange()
	return nil
}

// lockDatabase keeps others from creating or dropping a database of this name,
// and looks at the databases anew.
func (d *ddl) lockDatabase(name string) error {
	key := append(catalog.DatabaseKey(0), name...)
	if _, err := d.s.txn.LockKey(d.ctx, key, txn.Update, txn.Wait); err != nil {
		return err
	}
	return d.refresh()
}

func (d *ddl) dropDatabase(n *parser.DropDatabaseStmt) error {
	if d.s.block == explicit {
		return sqlerr.New(sqlerr.ActiveSQLTransaction, "DROP DATABASE cannot run inside a transaction block")
	}
	if err := d.lockDatabase(n.Name); err != nil {
		return err
	}
	all, err := listDatabases(d.s.txn)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(db *catalog.Database) bool { return db.Name == n.Name })
	if at < 0 {
		if n.IfExists {
			d.s.notice("NOTICE", sqlerr.New(sqlerr.InvalidCatalogName, "database %q does not exist, skipping", n.Name))
			return nil
		}
		return sqlerr.New(sqlerr.InvalidCatalogName, "database %q does not exist", n.Name)
	}
	db := all[at]
	switch {
	case db.ID == d.s.db.id:
		return sqlerr.New(sqlerr.ObjectInUse, "cannot drop the currently open database")
	case db.ID == catalog.Template0ID || db.ID == catalog.Template1ID:
		return sqlerr.New(sqlerr.WrongObjectType, "cannot drop a template database")
	}
	others := 0
	for _, s := range d.s.srv.Sessions() {
		if s.db.id == db.ID {
			others++
			if n.Force {
				s.Terminate()
			}
		}
	}
	if others > 0 && !n.Force {
		e := sqlerr.New(sqlerr.ObjectInUse, "database %q is being accessed by other users", n.Name)
		if others == 1 {
			return e.WithDetail("There is 1 other session using the database.")
		}
		return e.WithDetail("There are %d other sessions using the database.", others)
	}
	if err := d.s.txn.Delete(catalog.DatabaseKey(db.ID)); err != nil {
		return err
	}
	for _, span := range catalog.DatabaseDataSpans(db.ID) {
		if err := d.s.txn.DropSpan(span[0], span[1]); err != nil {
			return err
		}
	}
	d.s.txn.MarkSchemaChange()
	srv, id := d.s.srv, db.ID
	d.s.txn.OnEnd(func(committed bool) {
		if committed {
			srv.forget(id)
		}
	})
	return nil
}

// ---- DROP

func (d *ddl) drop(n *parser.DropStmt) error {
	if n.Concurrently && d.s.block == explicit {
		return sqlerr.New(sqlerr.ActiveSQLTransaction, "DROP INDEX CONCURRENTLY cannot run inside a transaction block")
	}
	d.dropping = map[catalog.ID]bool{}
	var relations []*catalog.Table
	for _, o := range n.Objects {
		var err error
		switch n.Kind {
		case parser.ObjTable, parser.ObjView, parser.ObjSequence:
			var t *catalog.Table
			if t, err = d.toDrop(n, o.Name); t != nil {
				relations = append(relations, t)
				d.dropping[t.ID] = true
			}
		case parser.ObjIndex:
			err = d.dropIndexNamed(n, o.Name)
		case parser.ObjSchema:
			err = d.dropSchema(n, o.Name.Name)
		default:
			if n.IfExists {
				// Objects of these kinds cannot exist.
				d.s.notice("NOTICE", sqlerr.New(sqlerr.UndefinedObject, "%s %q does not exist, skipping", strings.ToLower(n.Kind.String()), o.Name.String()))
				continue
			}
			if n.Kind == parser.ObjMatView {
				return sqlerr.New(sqlerr.UndefinedTable, "materialized view %q does not exist", o.Name.String())
			}
			return sqlerr.New(sqlerr.UndefinedObject, "%s %q does not exist", strings.ToLower(n.Kind.String()), o.Name.String())
		}
		if err != nil {
			return err
		}
	}
	return d.dropAll(relations, n.Cascade)
}

// stillNeeded says what is in the way of a DROP, which may name several relations.
func (d *ddl) stillNeeded(what, detail string) error {
	err := stillNeeded(what, detail)
	if len(d.dropping) > 1 {
		err.Message = "cannot drop desired object(s) because other objects depend on them"
	}
	return err
}

// dropAll drops relations that may depend on one another.
func (d *ddl) dropAll(relations []*catalog.Table, cascade bool) error {
	for _, t := range relations {
		if t = d.cat.TableByID(t.ID); t == nil {
			continue // went with another
		}
		if err := d.dropRelation(t, cascade); err != nil {
			return err
		}
	}
	return nil
}

var kindOf = map[parser.ObjectKind]catalog.Kind{parser.ObjTable: catalog.KindTable, parser.ObjView: catalog.KindView, parser.ObjSequence: catalog.KindSequence}

func kindName(k catalog.Kind) string {
	return map[catalog.Kind]string{catalog.KindTable: "table", catalog.KindView: "view", catalog.KindSequence: "sequence", catalog.KindIndex: "index"}[k]
}

func article(k catalog.Kind) string {
	if k == catalog.KindIndex {
		return "an index"
	}
	return "a " + kindName(k)
}

// toDrop finds a relation that DROP names; nil if it does not exist and need not.
func (d *ddl) toDrop(n *parser.DropStmt, name parser.QName) (*catalog.Table, error) {
	want := kindOf[n.Kind]
	t, err := d.lookup(name, txn.AccessExclusive)
	if err != nil {
		if code := sqlerr.CodeOf(err); code != sqlerr.UndefinedTable && code != sqlerr.InvalidSchemaName {
			return nil, err
		}
		if !n.IfExists {
			if sqlerr.CodeOf(err) == sqlerr.InvalidSchemaName {
				return nil, err
			}
			return nil, sqlerr.New(sqlerr.UndefinedTable, "%s %q does not exist", kindName(want), name.String())
		}
		d.s.notice("NOTICE", sqlerr.New(sqlerr.UndefinedTable, "%s %q does not exist, skipping", kindName(want), name.String()))
		return nil, nil
	}
	if t.Kind != want {
		return nil, sqlerr.New(sqlerr.WrongObjectType, "%q is not %s", t.Name, article(want)).
			WithHint("Use DROP %s to remove %s.", strings.ToUpper(kindName(t.Kind)), article(t.Kind))
	}
	return t, nil
}

// dropRelation drops a table, view or sequence with all that belongs to it. What
// merely depends on it goes too if cascade, and else is in the way.
func (d *ddl) dropRelation(t *catalog.Table, cascade bool) error {
	what := kindName(t.Kind) + " " + t.Name
	if t.Kind == catalog.KindSequence {
		q := t.Sequence
		if owner := d.cat.TableByID(q.OwnerTable); owner != nil && q.Identity {
			return sqlerr.New(sqlerr.DependentObjectsStillExist, "cannot drop sequence %s because column %s of table %s requires it", t.Name, owner.Columns[q.OwnerSlot].Name, owner.Name).
				WithHint("You can drop column %s of table %s instead.", owner.Columns[q.OwnerSlot].Name, owner.Name)
		}
		use := nextvalOf(t)
		for _, u := range d.cat.Tables() {
			for i := range u.Columns {
				if !strings.Contains(u.Columns[i].Default, strings.TrimSuffix(strings.TrimPrefix(use, "nextval("), "::regclass)")) || u.Columns[i].Dropped {
					continue
				}
				if !cascade && !d.dropping[u.ID] {
					return d.stillNeeded(what, "default value for column "+u.Columns[i].Name+" of table "+u.Name+" depends on sequence "+t.Name)
				}
				c := u.Clone()
				c.Columns[i].Default = ""
				if err := d.put(c); err != nil {
					return err
				}
			}
		}
	}
	if err := d.dropViews(t, cascade, what); err != nil {
		return err
	}
	for _, ref := range d.cat.References(t.ID) {
		if ref.Table.ID == t.ID {
			continue
		}
		if !cascade && !d.dropping[ref.Table.ID] {
			return d.stillNeeded(what, "constraint "+ref.Key.Name+" on table "+ref.Table.Name+" depends on "+what)
		}
		o := d.cat.TableByID(ref.Table.ID).Clone()
		o.ForeignKeys = slices.DeleteFunc(o.ForeignKeys, func(f *catalog.ForeignKey) bool { return f.ID == ref.Key.ID })
		if err := d.put(o); err != nil {
			return err
		}
		if d.dropping[ref.Table.ID] {
			continue
		}
		d.s.notice("NOTICE", sqlerr.New(sqlerr.SuccessfulCompletion, "drop cascades to constraint %s on table %s", ref.Key.Name, ref.Table.Name))
	}
	for slot := range t.Columns {
		if seq := d.cat.OwnedSequence(t.ID, slot); seq != nil {
			if err := d.remove(seq); err != nil {
				return err
			}
		}
	}
	return d.remove(t)
}

func (d *ddl) dropIndexNamed(n *parser.DropStmt, name parser.QName) error {
	find := func() (*catalog.Table, *catalog.Index) {
		if name.Schema != "" {
			if sc := d.cat.Schema(name.Schema); sc != nil {
				return d.cat.Index(sc.ID, name.Name)
			}
			return nil, nil
		}
		for _, p := range d.s.settings.searchPath {
			if sc := d.cat.Schema(p); sc != nil {
				if t, x := d.cat.Index(sc.ID, name.Name); x != nil {
					return t, x
				}
			}
		}
		return nil, nil
	}
	for {
		t, x := find()
		if x == nil {
			if rel, err := d.s.relation(d.sc, name); err == nil {
				return sqlerr.New(sqlerr.WrongObjectType, "%q is not an index", rel.Name).WithHint("Use DROP %s to remove %s.", strings.ToUpper(kindName(rel.Kind)), article(rel.Kind))
			}
			if n.IfExists {
				d.s.notice("NOTICE", sqlerr.New(sqlerr.UndefinedObject, "index %q does not exist, skipping", name.String()))
				return nil
			}
			return sqlerr.New(sqlerr.UndefinedObject, "index %q does not exist", name.String())
		}
		done, err := d.lock(t, txn.AccessExclusive)
		if err != nil {
			return err
		}
		if !done {
			continue
		}
		t, x = find()
		if x.Constraint != 0 {
			return sqlerr.New(sqlerr.DependentObjectsStillExist, "cannot drop index %s because constraint %s on table %s requires it", x.Name, x.Name, t.Name).
				WithHint("You can drop constraint %s on table %s instead.", x.Name, t.Name)
		}
		a := &alteration{d: d, old: t, t: t.Clone()}
		if err := a.dropIndex(x, n.Cascade); err != nil {
			return err
		}
		return d.put(a.t)
	}
}

func (d *ddl) dropSchema(n *parser.DropStmt, name string) error {
	sc := d.cat.Schema(name)
	if sc == nil {
		if n.IfExists {
			d.s.notice("NOTICE", sqlerr.New(sqlerr.InvalidSchemaName, "schema %q does not exist, skipping", name))
			return nil
		}
		return sqlerr.New(sqlerr.InvalidSchemaName, "schema %q does not exist", name)
	}
	if _, err := d.userSchema(sc, name); err != nil {
		return sqlerr.New(sqlerr.DependentObjectsStillExist, "cannot drop schema %s because it is required by the database system", name)
	}
	tables := d.cat.TablesIn(sc.ID)
	tables = slices.DeleteFunc(tables, func(t *catalog.Table) bool {
		return t.Sequence != nil && t.Sequence.OwnerTable != 0 // goes with its table
	})
	var members []string
	for _, t := range tables {
		members = append(members, kindName(t.Kind)+" "+expr.RegOut(d.s, types.RegclassOID, int64(t.ID)))
	}
	if len(tables) > 0 && !n.Cascade {
		for i := range members {
			members[i] += " depends on schema " + name
		}
		return stillNeeded("schema "+name, strings.Join(members, "\n"))
	}
	for _, t := range tables {
		d.dropping[t.ID] = true
		if err := d.s.txn.LockTable(d.ctx, uint64(t.ID), txn.AccessExclusive, false); err != nil {
			return err
		}
	}
	if err := d.dropAll(tables, true); err != nil {
		return err
	}
	switch len(members) {
	case 0:
	case 1:
		d.s.notice("NOTICE", sqlerr.New(sqlerr.SuccessfulCompletion, "drop cascades to %s", members[0]))
	default:
		d.s.notice("NOTICE", sqlerr.New(sqlerr.SuccessfulCompletion, "drop cascades to %d other objects", len(members)).
			WithDetail("drop cascades to %s", strings.Join(members, "\ndrop cascades to ")))
	}
	if err := d.s.txn.Delete(catalog.SchemaKey(d.s.db.id, sc.ID)); err != nil {
		return err
	}
	d.changed(d.cat.WithoutSchema(d.version(), sc.ID))
	return nil
}

// ---- TRUNCATE

func (d *ddl) truncate(n *parser.TruncateStmt) error {
	var tables []*catalog.Table
	var add func(t *catalog.Table) error
	add = func(t *catalog.Table) error {
		if slices.ContainsFunc(tables, func(o *catalog.Table) bool { return o.ID == t.ID }) {
			return nil
		}
		tables = append(tables, t)
		if !n.Cascade {
			return nil
		}
		for _, ref := range d.cat.References(t.ID) {
			if !slices.ContainsFunc(tables, func(o *catalog.Table) bool { return o.ID == ref.Table.ID }) {
				if err := d.s.txn.LockTable(d.ctx, uint64(ref.Table.ID), txn.AccessExclusive, false); err != nil {
					return err
				}
				d.s.notice("NOTICE", sqlerr.New(sqlerr.SuccessfulCompletion, "truncate cascades to table %q", ref.Table.Name))
				if err := add(d.cat.TableByID(ref.Table.ID)); err != nil {
					return err
				}
			}
		}
		return nil
	}
	for _, ref := range n.Tables {
		t, err := d.lookup(ref.Name, txn.AccessExclusive)
		if err != nil {
			return err
		}
		if t.Kind != catalog.KindTable {
			return sqlerr.New(sqlerr.WrongObjectType, "%q is not a table", t.Name)
		}
		if err := add(t); err != nil {
			return err
		}
	}
	for _, t := range tables {
		for _, ref := range d.cat.References(t.ID) {
			if !slices.ContainsFunc(tables, func(o *catalog.Table) bool { return o.ID == ref.Table.ID }) {
				return sqlerr.New(sqlerr.FeatureNotSupported, "cannot truncate a table referenced in a foreign key constraint").
					WithDetail("Table %q references %q.", ref.Table.Name, t.Name).
					WithHint("Truncate table %q at the same time, or use TRUNCATE ... CASCADE.", ref.Table.Name)
			}
		}
	}
	for _, t := range tables {
		if err := d.dropStorage(t); err != nil {
			return err
		}
		nt := d.cat.TableByID(t.ID).Clone()
		if err := d.newStorage(nt); err != nil {
			return err
		}
		if err := d.put(nt); err != nil {
			return err
		}
		d.s.resetStats(t.ID)
		if n.RestartIdentity {
			for slot := range nt.Columns {
				if seq := d.cat.OwnedSequence(nt.ID, slot); seq != nil {
					d.restart(seq, seq.Sequence.Start)
				}
			}
		}
	}
	return nil
}

// ---- RENAME, SET SCHEMA, OWNER, COMMENT

func (d *ddl) rename(n *parser.RenameStmt) (string, error) {
	tag := "ALTER " + n.Kind.String()
	if n.Kind == parser.ObjColumn || n.Kind == parser.ObjConstraint {
		tag = "ALTER " + n.Relation.String()
	}
	missing := func(err error) error {
		if n.IfExists && sqlerr.CodeOf(err) == sqlerr.UndefinedTable {
			d.s.notice("NOTICE", sqlerr.New(sqlerr.UndefinedTable, "relation %q does not exist, skipping", n.Name.String()))
			return nil
		}
		return err
	}
	switch n.Kind {
	case parser.ObjSchema:
		sc := d.cat.Schema(n.Name.Name)
		if sc == nil {
			return tag, sqlerr.New(sqlerr.InvalidSchemaName, "schema %q does not exist", n.Name.Name)
		}
		if d.cat.Schema(n.NewName) != nil {
			return tag, sqlerr.New(sqlerr.DuplicateSchema, "schema %q already exists", n.NewName)
		}
		c := *sc
		c.Name = n.NewName
		return tag, d.putSchema(&c)
	case parser.ObjDatabase:
		return tag, d.renameDatabase(n)
	case parser.ObjIndex:
		t, x, err := d.indexNamed(n.Name)
		if err != nil {
			return tag, missing(err)
		}
		if d.cat.RelationExists(t.SchemaID, n.NewName) {
			return tag, duplicateRelation(n.NewName)
		}
		c := t.Clone()
		c.Index(x.ID).Name = n.NewName
		return tag, d.put(c)
	case parser.ObjTable, parser.ObjView, parser.ObjSequence, parser.ObjColumn, parser.ObjConstraint:
	default:
		return tag, sqlerr.Unsupported("%s RENAME", tag)
	}
	t, err := d.lookup(n.Name, txn.AccessExclusive)
	if err != nil {
		if n.Kind == parser.ObjTable && sqlerr.CodeOf(err) == sqlerr.UndefinedTable {
			if it, x, ierr := d.indexNamed(n.Name); ierr == nil {
				c := it.Clone()
				c.Index(x.ID).Name = n.NewName
				return tag, d.put(c)
			}
		}
		return tag, missing(err)
	}
	c := t.Clone()
	switch n.Kind {
	case parser.ObjColumn:
		slot, ok := t.ColumnSlot(n.Sub)
		if !ok {
			return tag, sqlerr.New(sqlerr.UndefinedColumn, "column %q does not exist", n.Sub)
		}
		if _, dup := t.ColumnSlot(n.NewName); dup {
			return tag, sqlerr.New(sqlerr.DuplicateColumn, "column %q of relation %q already exists", n.NewName, t.Name)
		}
		if t.Kind == catalog.KindTable && len(d.viewsOf(t)) > 0 {
			return tag, sqlerr.Unsupported("renaming a column of a table that a view reads")
		}
		if err := renameInExprs(c, n.Sub, n.NewName); err != nil {
			return tag, err
		}
		c.Columns[slot].Name = n.NewName
	case parser.ObjConstraint:
		found := false
		for _, x := range c.Indexes {
			if x.Constraint != 0 && x.Name == n.Sub {
				if d.cat.RelationExists(t.SchemaID, n.NewName) {
					return tag, duplicateRelation(n.NewName)
				}
				x.Name, found = n.NewName, true
			}
		}
		if !found && slices.Contains(c.ConstraintNames(), n.NewName) {
			return tag, sqlerr.New(sqlerr.DuplicateObject, "constraint %q for relation %q already exists", n.NewName, t.Name)
		}
		for _, k := range c.Checks {
			if k.Name == n.Sub {
				k.Name, found = n.NewName, true
			}
		}
		for _, f := range c.ForeignKeys {
			if f.Name == n.Sub {
				f.Name, found = n.NewName, true
			}
		}
		if !found {
			return tag, sqlerr.New(sqlerr.UndefinedObject, "constraint %q for table %q does not exist", n.Sub, t.Name)
		}
	default:
		if d.cat.RelationExists(t.SchemaID, n.NewName) {
			return tag, duplicateRelation(n.NewName)
		}
		if len(d.viewsOf(t)) > 0 {
			return tag, sqlerr.Unsupported("renaming a relation that a view reads")
		}
		c.Name = n.NewName
	}
	return tag, d.put(c)
}

// renameInExprs renames a column in the stored expressions of a table.
func renameInExprs(t *catalog.Table, from, to string) error {
	fix := func(sql *string) error {
		if *sql == "" {
			return nil
		}
		e, err := parser.ParseExpr(*sql)
		if err != nil {
			return err
		}
		parser.Walk(e, func(n parser.Node) bool {
			if ref, ok := n.(*parser.ColumnRef); ok && len(ref.Parts) > 0 && ref.Parts[len(ref.Parts)-1] == from {
				ref.Parts[len(ref.Parts)-1] = to
			}
			return true
		})
		*sql = parser.Format(e)
		return nil
	}
	for _, k := range t.Checks {
		if err := fix(&k.Expr); err != nil {
			return err
		}
	}
	for i := range t.Columns {
		if err := fix(&t.Columns[i].Generated); err != nil {
			return err
		}
	}
	for _, x := range t.Indexes {
		if err := fix(&x.Where); err != nil {
			return err
		}
		for i := range x.Columns {
			if err := fix(&x.Columns[i].Expr); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *ddl) indexNamed(name parser.QName) (*catalog.Table, *catalog.Index, error) {
	id := expr.FindRelation(d.s, nameParts(name))
	t, x := d.cat.IndexByID(id)
	if x == nil {
		return nil, nil, sqlerr.New(sqlerr.UndefinedTable, "relation %q does not exist", name.String())
	}
	if _, err := d.lock(t, txn.AccessExclusive); err != nil {
		return nil, nil, err
	}
	t, x = d.cat.IndexByID(id)
	return t, x, nil
}

func nameParts(n parser.QName) []string {
	if n.Schema != "" {
		return []string{n.Schema, n.Name}
	}
	return []string{n.Name}
}

func (d *ddl) renameDatabase(n *parser.RenameStmt) error {
	if err := d.lockDatabase(n.Name.Name); err != nil {
		return err
	}
	all, err := listDatabases(d.s.txn)
	if err != nil {
		return err
	}
	for _, db := range all {
		if db.Name == n.NewName {
			return sqlerr.New(sqlerr.DuplicateDatabase, "database %q already exists", n.NewName)
		}
	}
	for _, db := range all {
		if db.Name != n.Name.Name {
			continue
		}
		if db.ID == d.s.db.id {
			return sqlerr.New(sqlerr.FeatureNotSupported, "current database cannot be renamed")
		}
		db.Name = n.NewName
		d.s.txn.MarkSchemaChange()
		return d.s.txn.Put(catalog.DatabaseKey(db.ID), catalog.Encode(db))
	}
	return sqlerr.New(sqlerr.InvalidCatalogName, "database %q does not exist", n.Name.Name)
}

func (d *ddl) setSchema(n *parser.SetSchemaStmt) error {
	t, err := d.lookup(n.Name, txn.AccessExclusive)
	if err != nil {
		return err
	}
	sc := d.cat.Schema(n.Schema)
	if sc == nil {
		return sqlerr.New(sqlerr.InvalidSchemaName, "schema %q does not exist", n.Schema)
	}
	if sc.ID == t.SchemaID {
		return nil
	}
	if len(d.viewsOf(t)) > 0 {
		return sqlerr.Unsupported("moving a relation that a view reads")
	}
	if d.cat.RelationExists(sc.ID, t.Name) {
		return sqlerr.New(sqlerr.DuplicateTable, "relation %q already exists in schema %q", t.Name, sc.Name)
	}
	for slot := range t.Columns {
		if seq := d.cat.OwnedSequence(t.ID, slot); seq != nil {
			c := seq.Clone()
			c.SchemaID = sc.ID
			if err := d.put(c); err != nil {
				return err
			}
		}
	}
	c := t.Clone()
	c.SchemaID = sc.ID
	return d.put(c)
}

func (d *ddl) owner(n *parser.OwnerStmt) error {
	if n.Kind == parser.ObjSchema {
		sc := d.cat.Schema(n.Name.Name)
		if sc == nil {
			return sqlerr.New(sqlerr.InvalidSchemaName, "schema %q does not exist", n.Name.Name)
		}
		c := *sc
		c.Owner = n.Owner
		return d.putSchema(&c)
	}
	if n.Kind != parser.ObjDatabase {
		return sqlerr.Unsupported("ALTER %s OWNER TO", n.Kind)
	}
	all, err := listDatabases(d.s.txn)
	if err != nil {
		return err
	}
	for _, db := range all {
		if db.Name == n.Name.Name {
			db.Owner = n.Owner
			return d.s.txn.Put(catalog.DatabaseKey(db.ID), catalog.Encode(db))
		}
	}
	return sqlerr.New(sqlerr.InvalidCatalogName, "database %q does not exist", n.Name.Name)
}

func (d *ddl) comment(n *parser.CommentStmt) error {
	text := ""
	if n.Comment != nil {
		text = *n.Comment
	}
	switch n.Kind {
	case parser.ObjDatabase:
		all, err := listDatabases(d.s.txn)
		if err != nil {
			return err
		}
		for _, db := range all {
			if db.Name == n.Name.Name {
				db.Comment = text
				return d.s.txn.Put(catalog.DatabaseKey(db.ID), catalog.Encode(db))
			}
		}
		return sqlerr.New(sqlerr.InvalidCatalogName, "database %q does not exist", n.Name.Name)
	case parser.ObjSchema:
		sc := d.cat.Schema(n.Name.Name)
		if sc == nil {
			return sqlerr.New(sqlerr.InvalidSchemaName, "schema %q does not exist", n.Name.Name)
		}
		c := *sc
		c.Comment = text
		return d.putSchema(&c)
	case parser.ObjIndex:
		t, x, err := d.indexNamed(n.Name)
		if err != nil {
			return err
		}
		c := t.Clone()
		c.Index(x.ID).Comment = text
		return d.put(c)
	case parser.ObjTable, parser.ObjView, parser.ObjSequence, parser.ObjColumn, parser.ObjConstraint:
	default:
		return sqlerr.Unsupported("COMMENT ON %s", n.Kind)
	}
	t, err := d.lookup(n.Name, txn.ShareUpdateExclusive)
	if err != nil {
		return err
	}
	c := t.Clone()
	switch n.Kind {
	case parser.ObjColumn:
		slot, ok := t.ColumnSlot(n.Sub)
		if !ok {
			return undefinedColumn(t, n.Sub)
		}
		c.Columns[slot].Comment = text
	case parser.ObjConstraint:
		found := false
		for _, x := range c.Indexes {
			if x.Constraint != 0 && x.Name == n.Sub {
				x.ConstraintComment, found = text, true
			}
		}
		for _, k := range c.Checks {
			if k.Name == n.Sub {
				k.Comment, found = text, true
			}
		}
		for _, f := range c.ForeignKeys {
			if f.Name == n.Sub {
				f.Comment, found = text, true
			}
		}
		if !found {
			return sqlerr.New(sqlerr.UndefinedObject, "constraint %q for table %q does not exist", n.Sub, t.Name)
		}
	default:
		if k := kindOf[n.Kind]; k != t.Kind {
			return sqlerr.New(sqlerr.WrongObjectType, "%q is not %s", t.Name, article(k))
		}
		c.Comment = text
	}
	return d.put(c)
}
