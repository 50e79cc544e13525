package exec

import (
	"bytes"
	"slices"
	"strings"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
	"github.com/minisql/minisql/types"
)

// writer changes rows of one table: it keeps the row, its index entries and the
// constraints together. It belongs to one execution.
type writer struct {
	x  *execution
	ti *tableInfo

	keyBuf, rowBuf, entBuf, oldBuf []byte

	was []byte // the row that is locked; see found

	counts written
}

func newWriter(x *execution, ti *tableInfo) *writer { return &writer{x: x, ti: ti} }

// again is newWriter for the next run of an operator, with the memory of the last one's
// writer, if there is one and it is small.
func (w *writer) again(x *execution, ti *tableInfo) *writer {
	const keptMax = 16 << 10
	if w == nil || cap(w.keyBuf)+cap(w.rowBuf)+cap(w.entBuf)+cap(w.oldBuf)+cap(w.was) > keptMax {
		return newWriter(x, ti)
	}
	w.x, w.ti, w.counts = x, ti, written{}
	return w
}

// found tells what a lock has found of the row that update or delete is called for next.
func (w *writer) found(l *txn.Locked) {
	if w.x.txn.Watched() {
		w.was = append(w.was[:0], l.Value...)
	}
}

// complete computes the generated columns and checks NOT NULL and CHECK.
func (w *writer) complete(row []types.Datum) error {
	x, ti := w.x, w.ti
	for slot, g := range ti.exprs.Generated {
		if g == nil {
			continue
		}
		d, err := g.Eval(x.c, x.rowBatch(ti, row), 0)
		if err != nil {
			return err
		}
		row[slot] = d.Clone()
	}
	for _, slot := range ti.notNull {
		if row[slot].IsNull() {
			return w.tag(sqlerr.New(sqlerr.NotNullViolation, "null value in column %q of relation %q violates not-null constraint", ti.t.Columns[slot].Name, ti.t.Name).
				WithDetail("Failing row contains %s.", w.failingRow(row)), "", ti.t.Columns[slot].Name)
		}
	}
	for i, c := range ti.exprs.Checks {
		d, err := c.Eval(x.c, x.rowBatch(ti, row), 0)
		if err != nil {
			return err
		}
		if !d.IsNull() && !d.Bool() {
			return w.tag(sqlerr.New(sqlerr.CheckViolation, "new row for relation %q violates check constraint %q", ti.t.Name, ti.t.Checks[i].Name).
				WithDetail("Failing row contains %s.", w.failingRow(row)), ti.t.Checks[i].Name, "")
		}
	}
	return nil
}

// tag adds the names that drivers read from a constraint violation.
func (w *writer) tag(e *sqlerr.Error, constraint, column string) error {
	e.Schema, e.Table, e.Constraint, e.Column = w.x.schemaName(w.ti.t), w.ti.t.Name, constraint, column
	return e
}

// failingRow formats a row as PostgreSQL's DETAIL does, long values cut.
func (w *writer) failingRow(row []types.Datum) string {
	var b strings.Builder
	b.WriteByte('(')
	first := true
	for slot := range w.ti.t.Columns {
		c := &w.ti.t.Columns[slot]
		if c.Dropped {
			continue
		}
		if !first {
			b.WriteString(", ")
		}
		first = false
		if row[slot].IsNull() {
			b.WriteString("null")
			continue
		}
		s := w.x.text(c.Type, row[slot])
		if len(s) > 64 {
			s = strings.ToValidUTF8(s[:64], "") + "..."
		}
		b.WriteString(s)
	}
	b.WriteByte(')')
	return b.String()
}

func (w *writer) duplicate(i int, row []types.Datum) error {
	x := w.ti.t.Indexes[i]
	return w.tag(sqlerr.New(sqlerr.UniqueViolation, "duplicate key value violates unique constraint %q", x.Name).
		WithDetail("Key %s already exists.", w.ti.describeKey(w.x, x.Columns, row)), x.Name, "")
}

// clusterIndex is the place of the clustered primary key among the indexes, -1 if none.
func (w *writer) clusterIndex() int {
	return slices.IndexFunc(w.ti.t.Indexes, func(x *catalog.Index) bool { return x.Clustered() })
}

// newKey makes the key of a new row.
func (w *writer) newKey(row []types.Datum) ([]byte, error) {
	if len(w.ti.t.Cluster) > 0 {
		w.keyBuf = w.ti.appendRowKey(w.keyBuf[:0], row)
		return w.keyBuf, w.checkIndexRow(w.clusterIndex(), row, w.keyBuf)
	}
	id, err := w.x.s.db.nextRowID(w.ti.t.Storage, w.x.txn)
	if err != nil {
		return nil, err
	}
	w.keyBuf = w.ti.appendRowID(w.keyBuf[:0], id)
	return w.keyBuf, nil
}

// insert adds a row that is complete.
func (w *writer) insert(row []types.Datum) error {
	x, ti := w.x, w.ti
	key, err := w.newKey(row)
	if err != nil {
		return err
	}
	if len(ti.t.Cluster) > 0 {
		l, err := x.txn.LockNew(x.ctx, key)
		if err != nil {
			return x.storageError(err)
		}
		if l.Exists {
			return w.duplicate(w.clusterIndex(), row)
		}
	}
	w.rowBuf = ti.appendRow(w.rowBuf[:0], row)
	x.txn.Change(nil, w.rowBuf)
	if err := x.txn.PutNew(key, w.rowBuf); err != nil {
		return x.storageError(err)
	}
	for i, xi := range ti.indexes {
		if xi.x.Clustered() {
			continue
		}
		if err := w.addEntry(i, row, key); err != nil {
			return err
		}
	}
	w.counts.inserted++
	return x.fks.inserted(x, ti, row)
}

// addEntry adds the entry of a row to index i.
func (w *writer) addEntry(i int, row []types.Datum, key []byte) error {
	e, err := w.ti.entryOf(w.x, i, row, key, w.entBuf)
	if err != nil || !e.ok {
		return err
	}
	w.entBuf = e.key
	return w.putEntry(i, row, e)
}

func (w *writer) putEntry(i int, row []types.Datum, e entry) error {
	if err := w.checkIndexRow(i, row, e.key); err != nil {
		return err
	}
	if e.unique {
		l, err := w.x.txn.LockNew(w.x.ctx, e.key)
		if err != nil {
			return w.x.storageError(err)
		}
		if l.Exists {
			return w.duplicate(i, row)
		}
	}
	return w.x.storageError(w.x.txn.PutNew(e.key, e.value))
}

// update replaces the row under key, which is locked and found. old and row are by slot.
func (w *writer) update(key []byte, old, row []types.Datum) error {
	x, ti := w.x, w.ti
	changed := func(slot int) bool {
		return old[slot].IsNull() != row[slot].IsNull() ||
			(!old[slot].IsNull() && (types.Compare(ti.oids[slot], old[slot], row[slot]) != 0 || !types.KeyExact(ti.oids[slot])))
	}
	newKey := key
	moved := false
	for _, s := range ti.t.Cluster {
		if changed(s) {
			w.keyBuf = ti.appendRowKey(w.keyBuf[:0], row)
			newKey = w.keyBuf
			moved = !bytes.Equal(newKey, key)
			break
		}
	}
	w.rowBuf = ti.appendRow(w.rowBuf[:0], row)
	x.txn.Change(w.was, w.rowBuf)
	if moved {
		if err := w.checkIndexRow(w.clusterIndex(), row, newKey); err != nil {
			return err
		}
		l, err := x.txn.LockKey(x.ctx, newKey, txn.Update, txn.Wait)
		if err != nil {
			return x.storageError(err)
		}
		if l.Exists {
			return w.duplicate(w.clusterIndex(), row)
		}
		if err := x.txn.Move(key, newKey); err != nil {
			return x.storageError(err)
		}
		if err := x.txn.PutNew(newKey, w.rowBuf); err != nil {
			return x.storageError(err)
		}
	} else if err := x.txn.Put(key, w.rowBuf); err != nil {
		return x.storageError(err)
	}
	for i, xi := range ti.indexes {
		if xi.x.Clustered() {
			continue
		}
		touched := moved || xi.where != nil
		for _, c := range xi.x.Columns {
			touched = touched || c.Slot < 0 || changed(c.Slot)
		}
		if !touched {
			continue
		}
		before, err := ti.entryOf(x, i, old, key, w.oldBuf)
		if err != nil {
			return err
		}
		if before.ok {
			w.oldBuf = before.key
		}
		after, err := ti.entryOf(x, i, row, newKey, w.entBuf)
		if err != nil {
			return err
		}
		if after.ok {
			w.entBuf = after.key
		}
		if before.ok && after.ok && bytes.Equal(before.key, after.key) {
			if moved && xi.x.Unique {
				if err := x.txn.Put(after.key, after.value); err != nil {
					return x.storageError(err)
				}
			}
			continue
		}
		if before.ok {
			if err := w.dropEntry(before); err != nil {
				return err
			}
		}
		if after.ok {
			if err := w.putEntry(i, row, after); err != nil {
				return err
			}
		}
	}
	w.counts.updated++
	return x.fks.updated(x, ti, old, row)
}

// dropEntry deletes an index entry. A unique one is locked, so that nobody takes
// the key before it is known whether the delete commits.
func (w *writer) dropEntry(e entry) error {
	if e.unique {
		if _, err := w.x.txn.LockKey(w.x.ctx, e.key, txn.Update, txn.Wait); err != nil {
			return w.x.storageError(err)
		}
	}
	return w.x.storageError(w.x.txn.Delete(e.key))
}

// delete removes the row under key, which is locked and found.
func (w *writer) delete(key []byte, old []types.Datum) error {
	x := w.x
	x.txn.Change(w.was, nil)
	if err := x.txn.Delete(key); err != nil {
		return x.storageError(err)
	}
	for i, xi := range w.ti.indexes {
		if xi.x.Clustered() {
			continue
		}
		e, err := w.ti.entryOf(x, i, old, key, w.entBuf)
		if err != nil {
			return err
		}
		if !e.ok {
			continue
		}
		w.entBuf = e.key
		if err := w.dropEntry(e); err != nil {
			return err
		}
	}
	w.counts.deleted++
	return x.fks.deleted(x, w.ti, old)
}
