package exec

import (
	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// insertOp adds the rows of its input to a table.
type insertOp struct {
	input operator
	n     *planner.Insert
	ti    *tableInfo
	w     *writer
	row   []types.Datum
	ret   returning
	both  *vec.Batch // ON CONFLICT: existing row ‖ proposed row
	done  bool
}

// returning collects the RETURNING rows of a data-modifying operator. They are
// kept until the operator is through: a client that reads slowly, or not to the
// end, must not leave half a statement behind.
type returning struct {
	exprs []expr.Expr
	rows  *rowStore
	cur   *rowCursor
	out   *vec.Batch
}

func newReturning(n planner.Node, exprs []expr.Expr) returning {
	return returning{exprs: exprs, out: newBatch(n)}
}

func (r *returning) reset() {
	r.rows.close()
	r.rows, r.cur = nil, nil
}

// add computes the RETURNING list for row i of b.
func (r *returning) add(x *execution, b *vec.Batch, i int) error {
	if len(r.exprs) == 0 {
		return nil
	}
	r.out.Reset()
	for k, e := range r.exprs {
		d, err := e.Eval(x.c, b, i)
		if err != nil {
			return err
		}
		r.out.Cols[k].AppendDatum(d)
	}
	r.out.N = 1
	if r.rows == nil {
		oids := make([]types.OID, len(r.exprs))
		for k, e := range r.exprs {
			oids[k] = e.Type().OID
		}
		r.rows = newRowStore(x, oids)
	}
	return r.rows.add(x, r.out)
}

func (r *returning) next() (*vec.Batch, error) {
	if r.rows == nil {
		return nil, nil
	}
	if r.cur == nil {
		var err error
		if r.cur, err = r.rows.cursor(); err != nil {
			return nil, err
		}
	}
	return r.cur.next()
}

func newInsert(x *execution, in operator, n *planner.Insert) (operator, error) {
	ti, err := x.table(n.Table)
	if err != nil {
		return nil, err
	}
	return &insertOp{input: in, n: n, ti: ti, row: make([]types.Datum, len(n.Table.Columns)), ret: newReturning(n, n.Returning)}, nil
}

func (o *insertOp) open(x *execution) error {
	o.done = false
	o.ret.reset()
	o.w = o.w.again(x, o.ti)
	return o.input.open(x)
}

func (o *insertOp) next(x *execution) (*vec.Batch, error) {
	if !o.done {
		if err := o.run(x); err != nil {
			return nil, err
		}
		o.done = true
		x.countRows(o.ti.t, o.w.counts)
		o.input.close(x)
	}
	return o.ret.next()
}

func (o *insertOp) run(x *execution) error {
	for {
		b, err := o.input.next(x)
		if b == nil || err != nil {
			return err
		}
		for k := range b.Len() {
			i := b.Row(k)
			for slot, e := range o.n.Values {
				d := types.Null
				if e != nil {
					if d, err = e.Eval(x.c, b, i); err != nil {
						return err
					}
				}
				o.row[slot] = d
			}
			if err := o.w.complete(o.row); err != nil {
				return err
			}
			if o.n.Conflict != nil {
				if handled, err := o.conflict(x); err != nil {
					return err
				} else if handled {
					continue
				}
			}
			if err := o.w.insert(o.row); err != nil {
				return err
			}
			x.count(o.n)
			if len(o.n.Returning) > 0 {
				if err := o.ret.add(x, x.rowBatch(o.ti, o.row), 0); err != nil {
					return err
				}
			}
		}
	}
}

// conflict looks for a row that is in the proposed row's way. It reports whether
// the row is dealt with.
func (o *insertOp) conflict(x *execution) (bool, error) {
	c := o.n.Conflict
	for i, xi := range o.ti.indexes {
		if !xi.x.Unique {
			continue
		}
		if c.Arbiters != nil {
			found := false
			for _, a := range c.Arbiters {
				found = found || a.ID == xi.x.ID
			}
			if !found {
				continue
			}
		}
		var key []byte
		if xi.x.Clustered() {
			key = o.ti.appendRowKey(nil, o.row)
		} else {
			e, err := o.ti.entryOf(x, i, o.row, o.ti.prefix, nil)
			if err != nil {
				return false, err
			}
			if !e.ok || !e.unique {
				continue
			}
			key = e.key
		}
		l, err := x.txn.LockArbiter(x.ctx, key)
		if err != nil {
			return false, x.storageError(err)
		}
		if !l.Exists {
			continue
		}
		if !c.DoUpdate {
			return true, nil
		}
		rowKey := key
		if !xi.x.Clustered() {
			if rowKey, err = o.ti.rowKeyOf(nil, xi, key, l.Value); err != nil {
				return false, err
			}
		}
		return true, o.update(x, rowKey)
	}
	return false, nil
}

// update applies DO UPDATE to the row under key.
func (o *insertOp) update(x *execution, key []byte) error {
	c := o.n.Conflict
	l, err := x.txn.LockRow(x.ctx, key, o.strength(), txn.Wait)
	if err != nil {
		return x.storageError(err)
	}
	if l.Self {
		return sqlerr.New(sqlerr.CardinalityViolation, "ON CONFLICT DO UPDATE command cannot affect row a second time").
			WithHint("Ensure that no rows proposed for insertion within the same command have duplicate constrained values.")
	}
	if !l.Exists {
		return corrupt("a unique index of %q has an entry without a row", o.ti.t.Name)
	}
	o.w.found(&l)
	old, err := o.ti.decode(nil, l.Value)
	if err != nil {
		return err
	}
	if o.both == nil {
		o.both = vec.NewBatch(append(append([]types.OID(nil), o.ti.oids...), o.ti.oids...))
	}
	o.both.Reset()
	for i, d := range old {
		o.both.Cols[i].AppendDatum(d)
	}
	for i, d := range o.row {
		o.both.Cols[len(old)+i].AppendDatum(d)
	}
	o.both.N = 1
	for _, w := range c.Where {
		d, err := w.Eval(x.c, o.both, 0)
		if err != nil {
			return err
		}
		if d.IsNull() || !d.Bool() {
			return nil
		}
	}
	row := append([]types.Datum(nil), old...)
	for _, s := range c.Set {
		d, err := s.Value.Eval(x.c, o.both, 0)
		if err != nil {
			return err
		}
		row[s.Slot] = d.Clone()
	}
	if err := o.w.complete(row); err != nil {
		return err
	}
	if err := o.w.update(key, old, row); err != nil {
		return err
	}
	x.count(o.n)
	if len(o.n.Returning) > 0 {
		return o.ret.add(x, x.rowBatch(o.ti, row), 0)
	}
	return nil
}

func (o *insertOp) strength() txn.Strength {
	for _, s := range o.n.Conflict.Set {
		if o.ti.keySlots[s.Slot] {
			return txn.Update
		}
	}
	return txn.NoKeyUpdate
}

func (o *insertOp) close(x *execution) {
	o.input.close(x)
	o.ret.reset()
}
