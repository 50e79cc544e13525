package exec

import (
	"slices"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// alterTable runs ALTER TABLE. All sub-commands change one copy of the
// descriptor; a change of how rows are stored rewrites the table once, at the end.
func (d *ddl) alterTable(n *parser.AlterTableStmt) error {
	t, err := d.lookup(n.Name, txn.AccessExclusive)
	if err != nil {
		if n.IfExists && sqlerr.CodeOf(err) == sqlerr.UndefinedTable {
			d.s.notice("NOTICE", sqlerr.New(sqlerr.UndefinedTable, "relation %q does not exist, skipping", n.Name.String()))
			return nil
		}
		return err
	}
	for _, c := range n.Commands {
		if c.Kind == parser.OwnerTo {
			t = t.Clone()
			t.Owner = c.Value
			if err := d.put(t); err != nil {
				return err
			}
		}
	}
	if t.Kind != catalog.KindTable {
		if slices.ContainsFunc(n.Commands, func(c *parser.AlterCmd) bool { return c.Kind != parser.OwnerTo }) {
			return sqlerr.New(sqlerr.WrongObjectType, "ALTER action cannot be performed on relation %q", t.Name).
				WithDetail("This operation is not supported for this kind of relation.")
		}
		return nil
	}
	old := t
	t = t.Clone()
	a := &alteration{d: d, old: old, t: t, convert: make(map[int]expr.Expr)}
	for _, c := range n.Commands {
		if err := a.apply(c); err != nil {
			return err
		}
	}
	return a.finish()
}

// alteration is an ALTER TABLE under way.
type alteration struct {
	d      *ddl
	old, t *catalog.Table
	// rewrite: the rows have to be stored anew; convert computes columns, by slot
	// of the new table, from the old row.
	rewrite bool
	convert map[int]expr.Expr
	recheck bool // rows have to be checked against NOT NULL and CHECK
	fks     []*catalog.ForeignKey
	indexes []*catalog.Index // to be built
}

func (a *alteration) slot(c *parser.AlterCmd) (int, error) {
	s, ok := a.t.ColumnSlot(c.Name)
	if !ok {
		return 0, undefinedColumn(a.t, c.Name)
	}
	return s, nil
}

func undefinedColumn(t *catalog.Table, name string) error {
	return sqlerr.New(sqlerr.UndefinedColumn, "column %q of relation %q does not exist", name, t.Name)
}

func (a *alteration) apply(c *parser.AlterCmd) error {
	d, t := a.d, a.t
	switch c.Kind {
	case parser.OwnerTo:
		return nil
	case parser.AddColumn:
		return a.addColumn(c)
	case parser.DropColumn:
		return a.dropColumn(c)
	case parser.AlterColumnType:
		return a.alterType(c)
	case parser.SetDefault:
		s, err := a.slot(c)
		if err != nil {
			return err
		}
		return d.setDefault(t, s, c.Expr)
	case parser.DropDefault:
		s, err := a.slot(c)
		if err != nil {
			return err
		}
		if t.Columns[s].Identity != 0 {
			return sqlerr.New(sqlerr.SyntaxError, "column %q of relation %q is an identity column", c.Name, t.Name).
				WithHint("Use ALTER TABLE ... ALTER COLUMN ... DROP IDENTITY instead.")
		}
		t.Columns[s].Default = ""
		return nil
	case parser.SetNotNull:
		s, err := a.slot(c)
		if err != nil {
			return err
		}
		if !t.Columns[s].NotNull {
			t.Columns[s].NotNull, a.recheck = true, true
		}
		return nil
	case parser.DropNotNull:
		s, err := a.slot(c)
		if err != nil {
			return err
		}
		if pk := t.PrimaryKey(); pk != nil && slices.ContainsFunc(pk.Columns, func(k catalog.IndexColumn) bool { return k.Slot == s }) {
			return sqlerr.New(sqlerr.InvalidTableDefinition, "column %q is in a primary key", c.Name)
		}
		if t.Columns[s].Identity != 0 {
			return sqlerr.New(sqlerr.SyntaxError, "column %q of relation %q is an identity column", c.Name, t.Name)
		}
		t.Columns[s].NotNull = false
		return nil
	case parser.DropExpression:
		s, err := a.slot(c)
		if err != nil {
			return err
		}
		if t.Columns[s].Generated == "" {
			if c.IfExists {
				return nil
			}
			return sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "column %q of relation %q is not a stored generated column", c.Name, t.Name)
		}
		t.Columns[s].Generated = ""
		return nil
	case parser.AddIdentity:
		return a.addIdentity(c)
	case parser.DropIdentity:
		return a.dropIdentity(c)
	case parser.SetIdentity:
		s, err := a.slot(c)
		if err != nil {
			return err
		}
		if t.Columns[s].Identity == 0 {
			return sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "column %q of relation %q is not an identity column", c.Name, t.Name)
		}
		if c.IdentityAlways != nil {
			t.Columns[s].Identity = map[bool]byte{true: 'a', false: 'd'}[*c.IdentityAlways]
		}
		if len(c.Sequence) > 0 {
			return d.changeSequence(d.cat.OwnedSequence(t.ID, s), c.Sequence)
		}
		return nil
	case parser.AddConstraint:
		return a.addConstraint(c)
	case parser.DropConstraint:
		return a.dropConstraint(c)
	case parser.ValidateConstraint:
		for _, k := range t.Checks {
			if k.Name == c.Name {
				k.NotValid, a.recheck = false, true
				return nil
			}
		}
		for _, f := range t.ForeignKeys {
			if f.Name == c.Name {
				if f.NotValid {
					f.NotValid = false
					a.fks = append(a.fks, f)
				}
				return nil
			}
		}
		return sqlerr.New(sqlerr.UndefinedObject, "constraint %q of relation %q does not exist", c.Name, t.Name)
	case parser.AlterConstraint:
		for _, f := range t.ForeignKeys {
			if f.Name == c.Name {
				f.Deferrable, f.InitiallyDeferred = c.Constraint.Deferrable, c.Constraint.InitiallyDeferred
				return nil
			}
		}
		return sqlerr.New(sqlerr.UndefinedObject, "constraint %q of relation %q does not exist", c.Name, t.Name)
	case parser.SetOptions, parser.ResetOptions:
		return checkStorageOptions(c.Options)
	case parser.SetStatistics, parser.SetStorage, parser.SetCompression, parser.SetColumnOptions, parser.ResetColumnOptions:
		_, err := a.slot(c)
		return err // hints about PostgreSQL's storage
	case parser.SetLogged, parser.SetWithoutOids, parser.SetWithoutCluster:
		return nil // as it is
	}
	return sqlerr.Unsupported("this form of ALTER TABLE").At(c.Pos)
}

func (a *alteration) addColumn(c *parser.AlterCmd) error {
	d, t := a.d, a.t
	if _, exists := t.ColumnSlot(c.Column.Name); exists && c.IfNotExists {
		d.s.notice("NOTICE", sqlerr.New(sqlerr.DuplicateColumn, "column %q of relation %q already exists, skipping", c.Column.Name, t.Name))
		return nil
	}
	later, seq, err := d.addColumn(t, c.Column)
	if err != nil {
		return err
	}
	slot := len(t.Columns) - 1
	if seq != nil {
		if err := d.put(seq); err != nil {
			return err
		}
		a.rewrite = true
		a.convert[slot] = nil // its default, for each row anew
	}
	for _, k := range later {
		switch k.n.Kind {
		case parser.ConstrDefault:
			if err := d.setDefault(t, slot, k.n.Expr); err != nil {
				return err
			}
			if err := a.fillDefault(slot); err != nil {
				return err
			}
		case parser.ConstrGenerated:
			if err := d.setGenerated(t, slot, k.n.Expr); err != nil {
				return err
			}
			a.rewrite = true
		default:
			if err := a.constraint(k); err != nil {
				return err
			}
		}
	}
	if t.Columns[slot].NotNull {
		a.recheck = true
	}
	return nil
}

// fillDefault gives existing rows the default of a new column: one value that is
// remembered for rows without the column, unless it is volatile.
func (a *alteration) fillDefault(slot int) error {
	c := &a.t.Columns[slot]
	if c.Default == "" {
		return nil
	}
	ast, err := parser.ParseExpr(c.Default)
	if err != nil {
		return err
	}
	e, err := planner.BindScalar(a.d.env(), ast, "DEFAULT expressions", &c.Type)
	if err != nil {
		return err
	}
	if expr.VolatilityOf(e) == expr.Volatile {
		a.rewrite = true
		a.convert[slot] = nil
		return nil
	}
	v, err := e.Eval(a.d.x.c, nil, 0)
	if err != nil || v.IsNull() {
		return err
	}
	text := string(types.AppendText(nil, c.Type, v, nil))
	c.Missing = &text
	return nil
}

func (a *alteration) dropColumn(c *parser.AlterCmd) error {
	d, t := a.d, a.t
	s, ok := t.ColumnSlot(c.Name)
	if !ok {
		if c.IfExists {
			d.s.notice("NOTICE", sqlerr.New(sqlerr.UndefinedColumn, "column %q of relation %q does not exist, skipping", c.Name, t.Name))
			return nil
		}
		return undefinedColumn(t, c.Name)
	}
	// Views that read the table may read the column: with RESTRICT none may.
	if err := d.dropViews(t, c.Cascade, "column "+c.Name+" of table "+t.Name); err != nil {
		return err
	}
	for i := range t.Columns {
		if g := t.Columns[i].Generated; g != "" && !t.Columns[i].Dropped {
			e, err := parser.ParseExpr(g)
			if err != nil {
				return err
			}
			if slices.Contains(slotsIn(t, e), s) && i != s {
				if !c.Cascade {
					return stillNeeded("column "+c.Name+" of table "+t.Name, "column "+t.Columns[i].Name+" of table "+t.Name+" depends on column "+c.Name+" of table "+t.Name)
				}
				t.Columns[i].Dropped = true
			}
		}
	}
	for _, x := range slices.Clone(t.Indexes) {
		uses := slices.ContainsFunc(x.Columns, func(k catalog.IndexColumn) bool { return k.Slot == s }) || slices.Contains(x.Include, s)
		for _, k := range x.Columns {
			if k.Slot < 0 {
				if e, err := parser.ParseExpr(k.Expr); err == nil && slices.Contains(slotsIn(t, e), s) {
					uses = true
				}
			}
		}
		if x.Where != "" {
			if e, err := parser.ParseExpr(x.Where); err == nil && slices.Contains(slotsIn(t, e), s) {
				uses = true
			}
		}
		if uses {
			if err := a.dropIndex(x, c.Cascade); err != nil {
				return err
			}
		}
	}
	t.Checks = slices.DeleteFunc(t.Checks, func(k *catalog.Check) bool { return slices.Contains(k.Slots, s) })
	t.ForeignKeys = slices.DeleteFunc(t.ForeignKeys, func(f *catalog.ForeignKey) bool { return slices.Contains(f.Slots, s) })
	if seq := d.cat.OwnedSequence(t.ID, s); seq != nil {
		if err := d.remove(seq); err != nil {
			return err
		}
	}
	col := &t.Columns[s]
	col.Dropped, col.NotNull, col.Default, col.Generated, col.Identity, col.Comment = true, false, "", "", 0, ""
	return nil
}

// dropIndex drops an index of the table, with the foreign keys that rely on it if cascade.
func (a *alteration) dropIndex(x *catalog.Index, cascade bool) error {
	d, t := a.d, a.t
	for _, ref := range d.cat.References(t.ID) {
		if ref.Key.RefIndex != x.ID {
			continue
		}
		if !cascade {
			return stillNeeded("constraint "+x.Name+" on table "+t.Name, "constraint "+ref.Key.Name+" on table "+ref.Table.Name+" depends on index "+x.Name)
		}
		other := t
		if ref.Table.ID != t.ID {
			other = d.cat.TableByID(ref.Table.ID).Clone()
		}
		other.ForeignKeys = slices.DeleteFunc(other.ForeignKeys, func(f *catalog.ForeignKey) bool { return f.ID == ref.Key.ID })
		if other != t {
			if err := d.put(other); err != nil {
				return err
			}
		}
	}
	t.Indexes = slices.DeleteFunc(t.Indexes, func(y *catalog.Index) bool { return y.ID == x.ID })
	a.indexes = slices.DeleteFunc(a.indexes, func(y *catalog.Index) bool { return y.ID == x.ID })
	if x.Clustered() {
		// The rows keep their order; the key is only no longer enforced. They are
		// stored anew under row numbers, so that equal keys can live side by side.
		t.Cluster = nil
		a.rewrite = true
		return nil
	}
	lo, hi := catalog.StorageSpan(d.s.db.id, x.Storage)
	return d.s.txn.DropSpan(lo, hi)
}

func stillNeeded(what, detail string) *sqlerr.Error {
	return sqlerr.New(sqlerr.DependentObjectsStillExist, "cannot drop %s because other objects depend on it", what).
		WithDetail("%s", detail).WithHint("Use DROP ... CASCADE to drop the dependent objects too.")
}

func (a *alteration) alterType(c *parser.AlterCmd) error {
	d, t := a.d, a.t
	s, err := a.slot(c)
	if err != nil {
		return err
	}
	to, err := planner.ResolveType(&c.Type)
	if err != nil {
		return err
	}
	col := &t.Columns[s]
	if col.Generated != "" {
		return sqlerr.Unsupported("ALTER COLUMN TYPE of a generated column")
	}
	if len(d.viewsOf(t)) > 0 {
		return sqlerr.New(sqlerr.FeatureNotSupported, "cannot alter type of a column used by a view or rule")
	}
	for _, ref := range d.cat.References(t.ID) {
		if slices.Contains(ref.Key.RefSlots, s) && !comparableTypes(ref.Table.Columns[ref.Key.Slots[slices.Index(ref.Key.RefSlots, s)]].Type.OID, to.OID) {
			return sqlerr.New(sqlerr.DatatypeMismatch, "foreign key constraint %q cannot be implemented", ref.Key.Name)
		}
	}
	var e expr.Expr
	if c.Using != nil {
		if e, err = planner.BindRowExpr(d.env(), a.old, c.Using, "transform expressions", &to); err != nil {
			return err
		}
	} else {
		ref := &parser.ColumnRef{Parts: []string{col.Name}}
		x, err := planner.BindRowExpr(d.env(), a.old, ref, "transform expressions", nil)
		if err != nil {
			return err
		}
		r := expr.Resolver{Format: d.s.format}
		y, err := r.Coerce(x, to, expr.Assignment)
		if err != nil {
			return err
		}
		if y == nil {
			return sqlerr.New(sqlerr.DatatypeMismatch, "column %q cannot be cast automatically to type %s", col.Name, to).
				WithHint("You might need to specify \"USING %s::%s\".", expr.QuoteIdent(col.Name), to)
		}
		e = y
	}
	if col.Default != "" {
		ast, err := parser.ParseExpr(col.Default)
		if err != nil {
			return err
		}
		if _, err := planner.BindScalar(d.env(), ast, "DEFAULT expressions", &to); err != nil {
			return sqlerr.New(sqlerr.DatatypeMismatch, "default for column %q cannot be cast automatically to type %s", col.Name, to)
		}
	}
	col.Type, col.Missing = to, nil
	for _, x := range t.Indexes {
		for i := range x.Columns {
			if x.Columns[i].Slot == s {
				x.Columns[i].Type = to
			}
		}
	}
	a.convert[s] = e
	a.rewrite = true
	return nil
}

func (a *alteration) addIdentity(c *parser.AlterCmd) error {
	s, err := a.slot(c)
	if err != nil {
		return err
	}
	col := &a.t.Columns[s]
	switch {
	case col.Identity != 0:
		return sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "column %q of relation %q is already an identity column", c.Name, a.t.Name)
	case col.Default != "":
		return sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "column %q of relation %q already has a default value", c.Name, a.t.Name)
	case !col.NotNull:
		return sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "column %q of relation %q must be declared NOT NULL before identity can be added", c.Name, a.t.Name)
	}
	seq, err := a.d.ownedSequence(a.t, c.Name, s, col.Type.OID, c.Constraint.Sequence, true)
	if err != nil {
		return err
	}
	col.Identity = map[bool]byte{true: 'a', false: 'd'}[c.Constraint.Always]
	return a.d.put(seq)
}

func (a *alteration) dropIdentity(c *parser.AlterCmd) error {
	s, err := a.slot(c)
	if err != nil {
		return err
	}
	if a.t.Columns[s].Identity == 0 {
		if c.IfExists {
			return nil
		}
		return sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "column %q of relation %q is not an identity column", c.Name, a.t.Name)
	}
	a.t.Columns[s].Identity = 0
	if seq := a.d.cat.OwnedSequence(a.t.ID, s); seq != nil {
		return a.d.remove(seq)
	}
	return nil
}

func (a *alteration) addConstraint(c *parser.AlterCmd) error {
	return a.constraint(tableConstraint{c.Constraint, -1})
}

func (a *alteration) constraint(k tableConstraint) error {
	d, t := a.d, a.t
	switch k.n.Kind {
	case parser.ConstrPrimaryKey, parser.ConstrUnique:
		before := len(t.Indexes)
		// A first key gives the rows their order, so that a lookup finds them at once.
		cluster := k.n.Kind == parser.ConstrPrimaryKey && len(t.Cluster) == 0
		if err := d.addKey(t, k, cluster); err != nil {
			return err
		}
		if cluster {
			a.rewrite = true
		} else if len(t.Indexes) > before {
			a.indexes = append(a.indexes, t.Indexes[len(t.Indexes)-1])
		}
		if k.n.Kind == parser.ConstrPrimaryKey {
			a.recheck = true
		}
		return nil
	case parser.ConstrCheck:
		if err := d.addCheck(t, k); err != nil {
			return err
		}
		a.recheck = a.recheck || !k.n.NotValid
		return nil
	case parser.ConstrForeignKey:
		if err := d.addForeignKey(t, k); err != nil {
			return err
		}
		f := t.ForeignKeys[len(t.ForeignKeys)-1]
		if !f.NotValid {
			a.fks = append(a.fks, f)
		}
		return nil
	}
	return sqlerr.Unsupported("EXCLUDE").At(k.n.Pos)
}

func (a *alteration) dropConstraint(c *parser.AlterCmd) error {
	t := a.t
	for _, x := range t.Indexes {
		if x.Constraint != 0 && x.Name == c.Name {
			return a.dropIndex(x, c.Cascade)
		}
	}
	n := len(t.Checks) + len(t.ForeignKeys)
	t.Checks = slices.DeleteFunc(t.Checks, func(k *catalog.Check) bool { return k.Name == c.Name })
	t.ForeignKeys = slices.DeleteFunc(t.ForeignKeys, func(f *catalog.ForeignKey) bool { return f.Name == c.Name })
	if len(t.Checks)+len(t.ForeignKeys) == n {
		if c.IfExists {
			a.d.s.notice("NOTICE", sqlerr.New(sqlerr.UndefinedObject, "constraint %q of relation %q does not exist, skipping", c.Name, t.Name))
			return nil
		}
		return sqlerr.New(sqlerr.UndefinedObject, "constraint %q of relation %q does not exist", c.Name, t.Name)
	}
	return nil
}

// finish writes the new descriptor and brings the rows into agreement with it.
func (a *alteration) finish() error {
	d, t := a.d, a.t
	switch {
	case a.rewrite:
		if err := d.rewrite(a.old, t, a.convert); err != nil {
			return err
		}
	default:
		if err := d.put(t); err != nil {
			return err
		}
		if a.recheck {
			if err := d.checkRows(t); err != nil {
				return err
			}
		}
		for _, x := range a.indexes {
			if err := d.buildIndex(t, x); err != nil {
				return err
			}
		}
	}
	for _, f := range a.fks {
		if err := d.checkForeignKey(t, f); err != nil {
			return err
		}
	}
	return nil
}

// eachRow calls f with the rows of a table as the statement sees them, earlier
// changes of the transaction included. The row is reused.
func (d *ddl) eachRow(t *catalog.Table, f func(ti *tableInfo, key []byte, row []types.Datum) error) error {
	ti, err := d.sc.table(t)
	if err != nil {
		return err
	}
	sc, err := d.s.txn.Scan(txn.Span{Lo: ti.prefix, Hi: upper(ti.prefix)}, txn.Latest)
	if err != nil {
		return err
	}
	defer sc.Close()
	var run txn.Run
	var row []types.Datum
	for {
		if err := d.x.canceled(); err != nil {
			return err
		}
		n, err := sc.Next(&run, vec.MaxRows)
		if n == 0 || err != nil {
			return err
		}
		for i := range n {
			if row, err = ti.decode(row, run.Values[i]); err != nil {
				return err
			}
			if err := f(ti, run.Keys[i], row); err != nil {
				return err
			}
		}
	}
}

// rewrite stores the rows of old anew as t describes them, in new spans.
func (d *ddl) rewrite(old, t *catalog.Table, convert map[int]expr.Expr) error {
	if err := d.newStorage(t); err != nil {
		return err
	}
	oldSchema := d.sc
	if err := d.put(t); err != nil {
		return err
	}
	ti, err := d.sc.table(t)
	if err != nil {
		return err
	}
	w := newWriter(d.x, ti)
	newRow := make([]types.Datum, len(t.Columns))
	news := d.sc
	d.sc = oldSchema
	err = d.eachRow(old, func(oti *tableInfo, _ []byte, row []types.Datum) error {
		for s := range newRow {
			newRow[s] = types.Null
			if s < len(row) && !t.Columns[s].Dropped {
				newRow[s] = row[s]
			}
			e, ok := convert[s]
			switch {
			case !ok && s >= len(row):
				if m := ti.dec.Missing(s); !m.IsNull() {
					newRow[s] = m
				}
			case ok && e == nil:
				if def := ti.exprs.Defaults[s]; def != nil {
					v, err := def.Eval(d.x.c, nil, 0)
					if err != nil {
						return err
					}
					newRow[s] = v
				}
			case ok:
				v, err := e.Eval(d.x.c, d.x.rowBatch(oti, row), 0)
				if err != nil {
					return err
				}
				newRow[s] = v.Clone()
			}
		}
		if err := w.complete(newRow); err != nil {
			return d.existing(t, err)
		}
		return d.building(t, w.insert(newRow))
	})
	d.sc = news
	d.x.fks.queue = nil // references have not changed
	if err != nil {
		return err
	}
	return d.dropStorage(old)
}

// building words a duplicate key found while an index is built.
func (d *ddl) building(t *catalog.Table, err error) error {
	e := sqlerr.As(err)
	if e == nil || e.Code != sqlerr.UniqueViolation {
		return err
	}
	n := *e
	n.Message = "could not create unique index \"" + e.Constraint + "\""
	n.Detail = replaceSuffix(e.Detail, " already exists.", " is duplicated.")
	return &n
}

// existing words a violation by a row that was there before.
func (d *ddl) existing(t *catalog.Table, err error) error {
	e := sqlerr.As(err)
	switch e.Code {
	case sqlerr.NotNullViolation:
		n := sqlerr.New(e.Code, "column %q of relation %q contains null values", e.Column, t.Name)
		n.Schema, n.Table, n.Column = e.Schema, e.Table, e.Column
		return n
	case sqlerr.CheckViolation:
		n := sqlerr.New(e.Code, "check constraint %q of relation %q is violated by some row", e.Constraint, t.Name)
		n.Schema, n.Table, n.Constraint = e.Schema, e.Table, e.Constraint
		return n
	}
	return err
}

func replaceSuffix(s, old, new string) string {
	if len(s) >= len(old) && s[len(s)-len(old):] == old {
		return s[:len(s)-len(old)] + new
	}
	return s
}

// newStorage gives a table and its indexes new spans.
func (d *ddl) newStorage(t *catalog.Table) error {
	id, err := d.newID()
	if err != nil {
		return err
	}
	t.Storage = id
	if err := d.own(id); err != nil {
		return err
	}
	for _, x := range t.Indexes {
		if x.Clustered() {
			continue
		}
		if x.Storage, err = d.newID(); err != nil {
			return err
		}
		if err := d.own(x.Storage); err != nil {
			return err
		}
	}
	return nil
}

// own tells the transaction that a storage is its own: nobody else knows of it yet,
// so its keys need no locks.
func (d *ddl) own(storage catalog.ID) error {
	lo, hi := catalog.StorageSpan(d.s.db.id, storage)
	return d.s.txn.OwnSpan(lo, hi)
}

// checkRows checks NOT NULL and CHECK for the rows that are there.
func (d *ddl) checkRows(t *catalog.Table) error {
	w := (*writer)(nil)
	return d.eachRow(t, func(ti *tableInfo, _ []byte, row []types.Datum) error {
		if w == nil {
			w = newWriter(d.x, ti)
		}
		if err := w.complete(row); err != nil {
			return d.existing(t, err)
		}
		return nil
	})
}

// buildIndex fills a new index.
func (d *ddl) buildIndex(t *catalog.Table, x *catalog.Index) error {
	if err := d.own(x.Storage); err != nil {
		return err
	}
	i := slices.IndexFunc(t.Indexes, func(y *catalog.Index) bool { return y.ID == x.ID })
	var w *writer
	return d.eachRow(t, func(ti *tableInfo, key []byte, row []types.Datum) error {
		if w == nil {
			w = newWriter(d.x, ti)
		}
		return d.building(t, w.addEntry(i, row, key))
	})
}

// checkForeignKey checks the rows that are there against a new foreign key.
func (d *ddl) checkForeignKey(t *catalog.Table, f *catalog.ForeignKey) error {
	parent, err := d.sc.table(d.cat.TableByID(f.RefTable))
	if err != nil {
		return err
	}
	return d.eachRow(t, func(ti *tableInfo, _ []byte, row []types.Datum) error {
		e := fkEvent{fk: f, child: t, values: pick(row, f.Slots)}
		for _, v := range e.values {
			if v.IsNull() && !f.MatchFull {
				return nil
			}
		}
		found, err := e.lockParent(d.x, parent, e.values, false)
		if err != nil || found {
			return err
		}
		return e.checkReference(d.x, ti, parent)
	})
}

// comparableTypes reports whether a foreign key may relate the two types.
func comparableTypes(a, b types.OID) bool {
	if a == b || expr.Operator("=", a, b) != nil || expr.Operator("=", b, a) != nil {
		return true
	}
	text := func(o types.OID) bool { return o == types.TextOID || o == types.VarcharOID || o == types.BpcharOID }
	if text(a) && text(b) {
		return true
	}
	return expr.CanCoerce(a, b, expr.Implicit) && types.Category(a) == types.Category(b)
}

func mustBeImmutable(e expr.Expr, message string) error {
	if v := expr.VolatilityOf(e); v != expr.Immutable {
		return sqlerr.New(sqlerr.InvalidObjectDefinition, "%s", message)
	}
	return nil
}
