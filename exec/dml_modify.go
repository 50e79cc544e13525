package exec

import (
	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// modifyOp updates or deletes the rows that its input names.
type modifyOp struct {
	input    operator
	n        *planner.Modify
	ti       *tableInfo
	w        *writer
	strength txn.Strength
	old, row []types.Datum
	fresh    *vec.Batch // an input row with the target's newer version put in
	both     *vec.Batch // RETURNING of UPDATE: input row ‖ new row
	ret      returning
	done     bool
	inOIDs   []types.OID
	key      []byte
}

func newModify(x *execution, in operator, n *planner.Modify) (operator, error) {
	ti, err := x.table(n.Table)
	if err != nil {
		return nil, err
	}
	o := &modifyOp{input: in, n: n, ti: ti, strength: txn.Update, ret: newReturning(n, n.Returning), inOIDs: outTypes(n.Input)}
	if !n.Delete {
		o.strength = txn.NoKeyUpdate
		for _, s := range n.Set {
			if ti.keySlots[s.Slot] {
				o.strength = txn.Update
			}
		}
		for slot, g := range ti.exprs.Generated {
			if g != nil && ti.keySlots[slot] {
				o.strength = txn.Update
			}
		}
	}
	o.old = make([]types.Datum, len(n.Table.Columns))
	o.row = make([]types.Datum, len(n.Table.Columns))
	return o, nil
}

func (o *modifyOp) open(x *execution) error {
	o.done = false
	o.ret.reset()
	o.w = o.w.again(x, o.ti)
	return o.input.open(x)
}

func (o *modifyOp) next(x *execution) (*vec.Batch, error) {
	if !o.done {
		for {
			b, err := o.input.next(x)
			if err != nil {
				return nil, err
			}
			if b == nil {
				break
			}
			for k := range b.Len() {
				if err := o.modify(x, b, b.Row(k)); err != nil {
					return nil, err
				}
			}
		}
		o.done = true
		x.countRows(o.ti.t, o.w.counts)
		o.input.close(x)
	}
	return o.ret.next()
}

// modify locks the row, looks at its newest version, and changes it.
func (o *modifyOp) modify(x *execution, b *vec.Batch, i int) error {
	if b.Cols[o.n.Key].IsNull(i) {
		return nil
	}
	o.key = append(o.key[:0], b.Cols[o.n.Key].Bytes(i)...)
	l, err := lockNewest(x, &o.key, o.strength, txn.Wait)
	if err != nil {
		return x.storageError(err)
	}
	if !l.Exists || l.Self {
		return nil // gone, or changed by this very statement already
	}
	o.w.found(&l)
	if l.Changed {
		if o.old, err = o.ti.decode(o.old, l.Value); err != nil {
			return err
		}
		if o.fresh == nil {
			o.fresh = vec.NewBatch(o.inOIDs)
		}
		replaceRow(o.fresh, b, i, o.n.Old, o.old, o.n.Key, o.key)
		if ok, err := holdAll(x, o.n.Recheck, o.fresh, 0); !ok || err != nil {
			return err
		}
		b, i = o.fresh, 0
	} else {
		for slot, at := range o.n.Old {
			o.old[slot] = types.Null
			if at >= 0 {
				o.old[slot] = b.Cols[at].View(i)
			}
		}
	}
	if o.n.Delete {
		if err := o.w.delete(o.key, o.old); err != nil {
			return err
		}
		x.count(o.n)
		return o.ret.add(x, b, i)
	}
	copy(o.row, o.old)
	for _, s := range o.n.Set {
		d, err := s.Value.Eval(x.c, b, i)
		if err != nil {
			return err
		}
		o.row[s.Slot] = d
	}
	if err := o.w.complete(o.row); err != nil {
		return err
	}
	if err := o.w.update(o.key, o.old, o.row); err != nil {
		return err
	}
	x.count(o.n)
	if len(o.n.Returning) == 0 {
		return nil
	}
	if o.both == nil {
		o.both = vec.NewBatch(append(append([]types.OID(nil), o.inOIDs...), o.ti.oids...))
	}
	o.both.Reset()
	for c := range o.inOIDs {
		o.both.Cols[c].AppendFrom(&b.Cols[c], i)
	}
	for c, d := range o.row {
		o.both.Cols[len(o.inOIDs)+c].AppendDatum(d)
	}
	o.both.N = 1
	return o.ret.add(x, o.both, 0)
}

func (o *modifyOp) close(x *execution) {
	o.input.close(x)
	o.ret.reset()
}

// lockNewest locks a row and follows it where an update of its key has moved it.
func lockNewest(x *execution, key *[]byte, s txn.Strength, w txn.WaitPolicy) (txn.Locked, error) {
	for {
		l, err := x.txn.LockRow(x.ctx, *key, s, w)
		if err != nil || l.Exists || l.MovedTo == nil {
			return l, err
		}
		*key = append((*key)[:0], l.MovedTo...)
	}
}

// replaceRow makes out a single row: that of b at i, with the columns of one
// table taken from row, which is by slot, and its key from key.
func replaceRow(out, b *vec.Batch, i int, places []int, row []types.Datum, keyAt int, key []byte) {
	out.Reset()
	slotOf := make([]int, len(out.Cols))
	for c := range slotOf {
		slotOf[c] = -1
	}
	for slot, at := range places {
		if at >= 0 {
			slotOf[at] = slot
		}
	}
	for c := range out.Cols {
		switch {
		case c == keyAt:
			out.Cols[c].AppendBytes(key)
		case slotOf[c] >= 0:
			out.Cols[c].AppendDatum(row[slotOf[c]])
		default:
			out.Cols[c].AppendFrom(&b.Cols[c], i)
		}
	}
	out.N = 1
}

// ---- SELECT … FOR UPDATE

// lockRowsOp passes on one row at a time, so that no row is locked that a LIMIT
// above does not ask for.
type lockRowsOp struct {
	input operator
	n     *planner.LockRows
	infos []*tableInfo
	in    *vec.Batch // input batch and the place in it
	at    int
	out   *vec.Batch
	fresh *vec.Batch
	work  *vec.Batch
	oids  []types.OID
	row   []types.Datum
	key   []byte
}

func newLockRows(x *execution, in operator, n *planner.LockRows) (operator, error) {
	o := &lockRowsOp{input: in, n: n, oids: outTypes(n.Input)}
	for _, t := range n.Targets {
		ti, err := x.table(t.Table)
		if err != nil {
			return nil, err
		}
		o.infos = append(o.infos, ti)
	}
	o.out, o.fresh, o.work = vec.NewBatch(o.oids), vec.NewBatch(o.oids), vec.NewBatch(o.oids)
	return o, nil
}

func (o *lockRowsOp) open(x *execution) error {
	o.in, o.at = nil, 0
	return o.input.open(x)
}

func (o *lockRowsOp) next(x *execution) (*vec.Batch, error) {
	for {
		if o.in == nil || o.at >= o.in.Len() {
			b, err := o.input.next(x)
			if b == nil || err != nil {
				return nil, err
			}
			o.in, o.at = b, 0
		}
		o.out.Reset()
		row := o.in.Row(o.at)
		o.at++
		if err := o.lock(x, o.in, row); err != nil {
			return nil, err
		}
		if o.out.N > 0 {
			return o.out, nil
		}
	}
}

// lock locks the rows behind one input row and passes it on, with newer
// versions put in, if it still meets the conditions.
func (o *lockRowsOp) lock(x *execution, b *vec.Batch, i int) error {
	changed := false
	for k := range o.n.Targets {
		t := &o.n.Targets[k]
		if b.Cols[t.Key].IsNull(i) {
			continue
		}
		o.key = append(o.key[:0], b.Cols[t.Key].Bytes(i)...)
		l, err := lockNewest(x, &o.key, lockStrength[t.Strength], lockWait[t.Wait])
		if err == txn.ErrWouldBlock {
			return sqlerr.New(sqlerr.LockNotAvailable, "could not obtain lock on row in relation %q", t.Table.Name)
		}
		if err != nil {
			return x.storageError(err)
		}
		if l.Skipped || !l.Exists {
			return nil
		}
		if !l.Changed {
			continue
		}
		if o.row, err = o.infos[k].decode(o.row, l.Value); err != nil {
			return err
		}
		replaceRow(o.work, b, i, t.Places, o.row, t.Key, o.key)
		o.fresh, o.work = o.work, o.fresh
		b, i, changed = o.fresh, 0, true
	}
	if changed {
		if ok, err := holdAll(x, o.n.Recheck, b, i); !ok || err != nil {
			return err
		}
	}
	o.out.AppendRowFrom(b, i)
	return nil
}

func (o *lockRowsOp) close(x *execution) { o.input.close(x) }
