package exec

import (
	"slices"
	"strings"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
	"github.com/minisql/minisql/types"
)

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
