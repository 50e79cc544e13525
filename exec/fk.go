package exec

import (
	"bytes"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
	"github.com/minisql/minisql/types"
)

// fkChecks gathers what foreign keys demand of a statement's changes. Checks and
// actions run when the statement ends, as PostgreSQL's after-row triggers do;
// those of deferred constraints when the transaction does.
//
// Under concurrency: a new reference takes KEY SHARE on the row referred to, and
// whoever deletes that row or changes its key needs UPDATE on it; so one of the
// two waits, and then sees what the other did, because the checks read the
// newest versions.
type fkChecks struct {
	queue []fkEvent
}

type fkEvent struct {
	fk    *catalog.ForeignKey
	child *catalog.Table
	// values of the key: of the new reference, or of the row referred to as it was
	values []types.Datum
	after  []types.Datum  // the key as it is now, for ON UPDATE; nil after a delete
	parent *catalog.Table // set for events of the referenced side
}

func (q *fkChecks) inserted(x *execution, ti *tableInfo, row []types.Datum) error {
	for _, fk := range ti.t.ForeignKeys {
		q.queue = append(q.queue, fkEvent{fk: fk, child: ti.t, values: pick(row, fk.Slots)})
	}
	return nil
}

func (q *fkChecks) updated(x *execution, ti *tableInfo, old, row []types.Datum) error {
	for _, fk := range ti.t.ForeignKeys {
		if !same(ti, fk.Slots, old, row) {
			q.queue = append(q.queue, fkEvent{fk: fk, child: ti.t, values: pick(row, fk.Slots)})
		}
	}
	for _, ref := range x.schema.cat.References(ti.t.ID) {
		if !same(ti, ref.Key.RefSlots, old, row) {
			q.queue = append(q.queue, fkEvent{fk: ref.Key, child: ref.Table, parent: ti.t, values: pick(old, ref.Key.RefSlots), after: pick(row, ref.Key.RefSlots)})
		}
	}
	return nil
}

func (q *fkChecks) deleted(x *execution, ti *tableInfo, old []types.Datum) error {
	for _, ref := range x.schema.cat.References(ti.t.ID) {
		q.queue = append(q.queue, fkEvent{fk: ref.Key, child: ref.Table, parent: ti.t, values: pick(old, ref.Key.RefSlots)})
	}
	return nil
}

func pick(row []types.Datum, slots []int) []types.Datum {
	out := make([]types.Datum, len(slots))
	for i, s := range slots {
		out[i] = row[s].Clone()
	}
	return out
}

func same(ti *tableInfo, slots []int, a, b []types.Datum) bool {
	for _, s := range slots {
		if types.Compare(ti.oids[s], a[s], b[s]) != 0 {
			return false
		}
	}
	return true
}

// run works off the queue; actions may add to it. Deferred checks move to the session.
func (q *fkChecks) run(x *execution) error {
	for i := 0; i < len(q.queue); i++ {
		e := q.queue[i]
		action := e.action()
		if x.s.deferred(e.fk) && (e.parent == nil || action == catalog.NoAction) {
			x.s.later = append(x.s.later, e)
			continue
		}
		if err := e.run(x, action); err != nil {
			return err
		}
	}
	q.queue = q.queue[:0]
	return nil
}

func (e *fkEvent) action() catalog.Action {
	if e.after != nil {
		return e.fk.OnUpdate
	}
	return e.fk.OnDelete
}

func (e *fkEvent) run(x *execution, action catalog.Action) error {
	child, err := x.table(e.child)
	if err != nil {
		return err
	}
	parent := x.schema.cat.TableByID(e.fk.RefTable)
	if parent == nil {
		return nil
	}
	pti, err := x.table(parent)
	if err != nil {
		return err
	}
	if e.parent == nil {
		return e.checkReference(x, child, pti)
	}
	for _, v := range e.values {
		if v.IsNull() {
			return nil // nobody can refer to it
		}
	}
	switch action {
	case catalog.NoAction, catalog.Restrict:
		if action == catalog.NoAction {
			// Another row may have the key by now.
			if found, err := e.lockParent(x, pti, e.values, false); err != nil || found {
				return err
			}
		}
		found, err := e.eachChild(x, child, func([]byte, []types.Datum) (bool, error) { return false, nil })
		if err != nil {
			return err
		}
		if found {
			return e.stillReferenced(x, pti, child)
		}
		return nil
	}
	// The rows are gathered before any is changed.
	type hit struct {
		key []byte
		row []types.Datum
	}
	var hits []hit
	if _, err := e.eachChild(x, child, func(key []byte, row []types.Datum) (bool, error) {
		hits = append(hits, hit{bytes.Clone(key), row})
		return true, nil
	}); err != nil {
		return err
	}
	w := newWriter(x, child)
	for _, h := range hits {
		l, err := lockNewest(x, &h.key, txn.Update, txn.Wait)
		if err != nil {
			return x.storageError(err)
		}
		if !l.Exists {
			continue
		}
		old, err := child.decode(nil, l.Value)
		if err != nil {
			return err
		}
		if !e.refers(child, old) {
			continue
		}
		w.found(&l)
		if action == catalog.Cascade && e.after == nil {
			if err := w.delete(h.key, old); err != nil {
				return err
			}
			continue
		}
		row := append([]types.Datum(nil), old...)
		for i, s := range e.fk.Slots {
			switch action {
			case catalog.Cascade:
				if row[s], err = types.Cast(e.after[i], parent.Columns[e.fk.RefSlots[i]].Type, child.t.Columns[s].Type, x.c.Format, false); err != nil {
					return err
				}
			case catalog.SetNull, catalog.SetDefault:
				if len(e.fk.SetSlots) > 0 && e.after == nil && !contains(e.fk.SetSlots, s) {
					continue
				}
				row[s] = types.Null
				if d := child.exprs.Defaults[s]; action == catalog.SetDefault && d != nil {
					if row[s], err = d.Eval(x.c, nil, 0); err != nil {
						return err
					}
				}
			}
		}
		if err := w.complete(row); err != nil {
			return err
		}
		if err := w.update(h.key, old, row); err != nil {
			return err
		}
	}
	x.countRows(child.t, w.counts)
	return nil
}

func contains(list []int, v int) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return false
}

// checkReference makes sure that the row referred to is there and stays.
func (e *fkEvent) checkReference(x *execution, child, parent *tableInfo) error {
	nulls := 0
	for _, v := range e.values {
		if v.IsNull() {
			nulls++
		}
	}
	if nulls > 0 {
		if e.fk.MatchFull && nulls < len(e.values) {
			return e.tag(x, child, sqlerr.New(sqlerr.ForeignKeyViolation, "insert or update on table %q violates foreign key constraint %q", child.t.Name, e.fk.Name).
				WithDetail("MATCH FULL does not allow mixing of null and nonnull key values."))
		}
		return nil
	}
	found, err := e.lockParent(x, parent, e.values, true)
	if err != nil || found {
		return err
	}
	return e.tag(x, child, sqlerr.New(sqlerr.ForeignKeyViolation, "insert or update on table %q violates foreign key constraint %q", child.t.Name, e.fk.Name).
		WithDetail("Key %s is not present in table %q.", e.describe(x, child, e.fk.Slots), parent.t.Name))
}

func (e *fkEvent) tag(x *execution, child *tableInfo, err *sqlerr.Error) error {
	err.Schema, err.Table, err.Constraint = x.schemaName(child.t), child.t.Name, e.fk.Name
	return err
}

func (e *fkEvent) stillReferenced(x *execution, parent, child *tableInfo) error {
	return e.tag(x, child, sqlerr.New(sqlerr.ForeignKeyViolation, "update or delete on table %q violates foreign key constraint %q on table %q", parent.t.Name, e.fk.Name, child.t.Name).
		WithDetail("Key %s is still referenced from table %q.", e.describe(x, parent, e.fk.RefSlots), child.t.Name))
}

func (e *fkEvent) describe(x *execution, ti *tableInfo, slots []int) string {
	names, vals := "", ""
	for i, s := range slots {
		if i > 0 {
			names += ", "
			vals += ", "
		}
		names += ti.t.Columns[s].Name
		vals += x.text(ti.t.Columns[s].Type, e.values[i])
	}
	return "(" + names + ")=(" + vals + ")"
}

// lockParent looks up the row that has the key, among the newest versions, and
// with lock takes KEY SHARE on it.
func (e *fkEvent) lockParent(x *execution, parent *tableInfo, values []types.Datum, lock bool) (bool, error) {
	var xi *indexInfo
	for _, c := range parent.indexes {
		if c.x.ID == e.fk.RefIndex {
			xi = c
		}
	}
	if xi == nil {
		return false, corrupt("foreign key %q has lost its index", e.fk.Name)
	}
	key := append([]byte(nil), xi.prefix...)
	for i := range xi.x.Columns {
		c := &xi.x.Columns[i]
		for k, s := range e.fk.RefSlots {
			if s == c.Slot {
				d := values[k]
				if from := e.child.Columns[e.fk.Slots[k]].Type; e.parent == nil && from.OID != c.Type.OID {
					var err error
					if d, err = types.Cast(d, from, c.Type.OID.Type(), x.c.Format, true); err != nil {
						return false, nil // no value of the key's type is equal to it
					}
				}
				key = types.AppendKey(key, c.Type.OID, d, c.Desc, c.NullsFirst)
			}
		}
	}
	get := func() ([]byte, bool, error) { // the row key
		if xi.x.Clustered() {
			return key, true, nil
		}
		v, ok, err := x.txn.GetLatest(key)
		if err != nil || !ok {
			return nil, false, x.storageError(err)
		}
		rk, err := parent.rowKeyOf(nil, xi, key, v)
		return rk, true, err
	}
	for {
		rk, ok, err := get()
		if err != nil || !ok {
			return false, err
		}
		if !lock {
			if !xi.x.Clustered() {
				return true, nil
			}
			_, ok, err := x.txn.GetLatest(rk)
			return ok, x.storageError(err)
		}
		l, err := x.txn.LockKey(x.ctx, rk, txn.KeyShare, txn.Wait)
		if err != nil {
			return false, x.storageError(err)
		}
		if !l.Exists && l.Changed && x.txn.Options().Level != txn.ReadCommitted {
			// The snapshot has the row, which is gone: not this transaction's mistake.
			return false, sqlerr.New(sqlerr.SerializationFailure, "could not serialize access due to concurrent update")
		}
		if xi.x.Clustered() {
			return l.Exists, nil
		}
		// While we waited the key may have gone to another row.
		again, ok, err := get()
		if err != nil || !ok {
			return false, err
		}
		if bytes.Equal(rk, again) {
			return l.Exists, nil
		}
	}
}

// refers reports whether a row of the referencing table has the event's key.
func (e *fkEvent) refers(child *tableInfo, row []types.Datum) bool {
	for i, s := range e.fk.Slots {
		if row[s].IsNull() {
			return false
		}
		v := e.values[i]
		if types.PhysOf(child.oids[s]) != types.PhysOf(e.parent.Columns[e.fk.RefSlots[i]].Type.OID) {
			c, err := types.Cast(v, e.parent.Columns[e.fk.RefSlots[i]].Type, child.t.Columns[s].Type.OID.Type(), nil, true)
			if err != nil {
				return false
			}
			v = c
		}
		if types.Compare(child.oids[s], row[s], v) != 0 {
			return false
		}
	}
	return true
}

// eachChild calls f with the newest version of each row that refers to the key,
// until f returns false, and reports whether there was one. It uses an index
// that begins with the referencing columns if there is one.
func (e *fkEvent) eachChild(x *execution, child *tableInfo, f func(key []byte, row []types.Datum) (bool, error)) (bool, error) {
	span := txn.Span{Lo: child.prefix, Hi: upper(child.prefix)}
	var by *indexInfo
	for _, xi := range child.indexes {
		if prefix, ok := e.prefixIn(xi, child); ok {
			by = xi
			span = txn.Span{Lo: prefix, Hi: upper(prefix)}
			break
		}
	}
	sc, err := x.txn.Scan(span, txn.Latest)
	if err != nil {
		return false, x.storageError(err)
	}
	defer sc.Close()
	var run txn.Run
	found := false
	size := firstBatch
	for {
		if err := x.canceled(); err != nil {
			return found, err
		}
		n, err := sc.Next(&run, size)
		if err != nil || n == 0 {
			return found, x.storageError(err)
		}
		size = min(2*size, 1024)
		for i := range n {
			key, value := run.Keys[i], run.Values[i]
			if by != nil && !by.x.Clustered() {
				if key, err = child.rowKeyOf(nil, by, key, value); err != nil {
					return found, err
				}
				v, ok, err := x.txn.GetLatest(key)
				if err != nil {
					return found, x.storageError(err)
				}
				if !ok {
					continue
				}
				value = v
			}
			row, err := child.decode(nil, value)
			if err != nil {
				return found, err
			}
			if !e.refers(child, row) {
				continue
			}
			found = true
			if more, err := f(key, row); !more || err != nil {
				return found, err
			}
		}
	}
}

// prefixIn returns the key prefix of the event's key in an index of the
// referencing table whose first columns are the referencing ones.
func (e *fkEvent) prefixIn(xi *indexInfo, child *tableInfo) ([]byte, bool) {
	if xi.where != nil || len(xi.x.Columns) < len(e.fk.Slots) {
		return nil, false
	}
	key := append([]byte(nil), xi.prefix...)
	for i := range e.fk.Slots {
		c := &xi.x.Columns[i]
		at := -1
		for k, s := range e.fk.Slots {
			if s == c.Slot {
				at = k
			}
		}
		if at < 0 {
			return nil, false
		}
		from := e.parent.Columns[e.fk.RefSlots[at]].Type
		d, err := types.Cast(e.values[at], from, c.Type.OID.Type(), nil, true)
		if err != nil {
			return nil, false
		}
		key = types.AppendKey(key, c.Type.OID, d, c.Desc, c.NullsFirst)
	}
	return key, true
}
