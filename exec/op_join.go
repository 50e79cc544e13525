package exec

import (
	"bytes"

	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// joined collects the output rows of a join: an outer row beside an inner one, or NULLs.
type joined struct {
	out        *vec.Batch
	outerWidth int
	innerWidth int
	semi       bool // only the outer row is put out
}

func newJoined(kind planner.JoinKind, outer, inner planner.Node) joined {
	j := joined{outerWidth: len(outer.Meta().Cols), innerWidth: len(inner.Meta().Cols)}
	oids := append(outTypes(outer), outTypes(inner)...)
	j.semi = kind == planner.SemiJoin || kind == planner.AntiJoin
	j.out = vec.NewBatch(oids)
	return j
}

func (j *joined) addOuter(b *vec.Batch, row int) {
	for c := range j.outerWidth {
		j.out.Cols[c].AppendFrom(&b.Cols[c], row)
	}
}

func (j *joined) addInner(b *vec.Batch, row int) {
	for c := range j.innerWidth {
		j.out.Cols[j.outerWidth+c].AppendFrom(&b.Cols[c], row)
	}
}

func (j *joined) nullOuter() {
	for c := range j.outerWidth {
		j.out.Cols[c].AppendNull()
	}
}

func (j *joined) nullInner() {
	for c := range j.innerWidth {
		j.out.Cols[j.outerWidth+c].AppendNull()
	}
}

// drop takes the last row back.
func (j *joined) drop() {
	for c := range j.out.Cols {
		j.out.Cols[c].SetLen(j.out.N)
	}
}

// result is the batch as the operator above sees it.
func (j *joined) result(view *vec.Batch) *vec.Batch {
	if !j.semi {
		return j.out
	}
	view.Cols, view.N, view.Sel = j.out.Cols[:j.outerWidth], j.out.N, j.out.Sel
	return view
}

// holds reports whether all conditions are TRUE for the last row of the output,
// which is not counted yet.
func (j *joined) holds(x *execution, conds []expr.Expr) (bool, error) {
	for _, c := range conds {
		d, err := c.Eval(x.c, j.out, j.out.N)
		if err != nil {
			return false, err
		}
		if d.IsNull() || !d.Bool() {
			return false, nil
		}
	}
	return true, nil
}

// ---- nested loop

// nestLoopOp goes through the inner side for each outer row. The inner side is
// run again with the outer row's values bound, or kept in a store.
type nestLoopOp struct {
	outer, inner operator
	n            *planner.NestLoop
	joined
	view    vec.Batch
	ob      *vec.Batch // outer batch and the place in it
	ok      int
	ib      *vec.Batch // inner batch and the place in it
	ik      int
	store   *rowStore
	cur     *rowCursor
	active  bool // an outer row is being joined
	matched bool
}

func newNestLoop(o, i operator, n *planner.NestLoop) *nestLoopOp {
	return &nestLoopOp{outer: o, inner: i, n: n, joined: newJoined(n.Kind, n.Outer, n.Inner)}
}

func (o *nestLoopOp) open(x *execution) error {
	o.ob, o.ib, o.active, o.cur = nil, nil, false, nil
	o.store.close()
	o.store = nil
	return o.outer.open(x)
}

func (o *nestLoopOp) next(x *execution) (*vec.Batch, error) {
	o.out.Reset()
	for o.out.N < vec.MaxRows {
		if !o.active {
			if o.ob == nil || o.ok >= o.ob.Len() {
				if o.out.N > 0 {
					break
				}
				b, err := o.outer.next(x)
				if err != nil {
					return nil, err
				}
				if b == nil {
					o.ob = nil
					break
				}
				o.ob, o.ok = b, 0
			}
			if err := o.startInner(x); err != nil {
				return nil, err
			}
		}
		done, err := o.step(x)
		if err != nil {
			return nil, err
		}
		if done {
			o.active = false
			o.ok++
		}
	}
	if o.out.N == 0 {
		return nil, nil
	}
	return o.result(&o.view), nil
}

// startInner begins the inner side for the outer row at ok.
func (o *nestLoopOp) startInner(x *execution) error {
	if err := x.canceled(); err != nil {
		return err
	}
	o.active, o.matched, o.ib = true, false, nil
	if !o.n.Materialize {
		row := o.ob.Row(o.ok)
		for _, b := range o.n.Binds {
			d, err := b.Value.Eval(x.c, o.ob, row)
			if err != nil {
				return err
			}
			x.c.Exec[b.Place] = d.Clone()
		}
		return o.inner.open(x)
	}
	if o.store == nil {
		o.store = newRowStore(x, outTypes(o.n.Inner))
		if err := o.inner.open(x); err != nil {
			return err
		}
		for {
			b, err := o.inner.next(x)
			if err != nil {
				return err
			}
			if b == nil {
				break
			}
			if err := o.store.add(x, b); err != nil {
				return err
			}
		}
		o.inner.close(x)
	}
	if o.cur == nil || o.store.file != nil {
		var err error
		o.cur, err = o.store.cursor()
		return err
	}
	o.cur.at = 0
	return nil
}

func (o *nestLoopOp) innerNext(x *execution) (*vec.Batch, error) {
	if o.n.Materialize {
		return o.cur.next()
	}
	return o.inner.next(x)
}

// step joins the current outer row with the rest of an inner batch. It reports
// whether the outer row is through.
func (o *nestLoopOp) step(x *execution) (bool, error) {
	if o.ib == nil || o.ik >= o.ib.Len() {
		b, err := o.innerNext(x)
		if err != nil {
			return false, err
		}
		o.ib, o.ik = b, 0
		if b == nil {
			if !o.n.Materialize {
				o.inner.close(x)
			}
			return true, o.finish()
		}
	}
	row := o.ob.Row(o.ok)
	for o.ik < o.ib.Len() && o.out.N < vec.MaxRows {
		irow := o.ib.Row(o.ik)
		o.ik++
		o.addOuter(o.ob, row)
		o.addInner(o.ib, irow)
		ok, err := o.holds(x, o.n.On)
		if err != nil {
			return false, err
		}
		if !ok {
			o.drop()
			continue
		}
		o.matched = true
		switch o.n.Kind {
		case planner.SemiJoin:
			o.out.N++
			o.stopInner(x)
			return true, nil
		case planner.AntiJoin:
			o.drop()
			o.stopInner(x)
			return true, nil
		}
		o.out.N++
	}
	return false, nil
}

func (o *nestLoopOp) stopInner(x *execution) {
	if !o.n.Materialize {
		o.inner.close(x)
	}
}

// finish puts out the outer row alone where the kind of join asks for it.
func (o *nestLoopOp) finish() error {
	if o.matched || (o.n.Kind != planner.LeftJoin && o.n.Kind != planner.AntiJoin) {
		return nil
	}
	o.addOuter(o.ob, o.ob.Row(o.ok))
	o.nullInner()
	o.out.N++
	return nil
}

func (o *nestLoopOp) close(x *execution) {
	o.outer.close(x)
	o.inner.close(x)
	o.store.close()
	o.store, o.cur = nil, nil
}

// ---- hash join

// hashJoinOp keeps the inner rows in a hash table by their keys. If they do not
// fit work_mem, both sides are split by hash into files and joined file by file.
type hashJoinOp struct {
	outer, inner operator
	n            *planner.HashJoin
	joined
	view       vec.Batch
	outerKeys  []*expr.Evaluator
	innerKeys  []*expr.Evaluator
	keyOIDs    []types.OID
	table      joinTable
	innerPack  *packer
	outerPack  *packer
	built      bool
	ob         *vec.Batch
	ok         int
	keys       []*vec.Vec
	key        []byte
	chain      int32 // next candidate for the current outer row, -1 at the end
	probing    bool
	matched    bool
	unmatched  int // full join: place in the table while unmatched inner rows are put out
	parts      []joinPart
	outerParts []*spool
	innerParts []*spool
	src        *spool // outer rows come from here after a split
	srcBatch   *vec.Batch
	depth      int
	buf        []byte
}

type joinPart struct {
	inner, outer *spool
	depth        int
}

// joinTable is a chained hash table of packed rows.
type joinTable struct {
	heads   []int32
	next    []int32
	hashes  []uint64
	keys    [][]byte
	rows    [][]byte
	matched []bool
	mem     arena
}

func (t *joinTable) reset() {
	t.heads, t.next, t.hashes, t.keys, t.rows, t.matched = nil, t.next[:0], t.hashes[:0], t.keys[:0], t.rows[:0], t.matched[:0]
	t.mem.reset()
}

func (t *joinTable) size() int { return t.mem.size + 80*len(t.rows) }

func (t *joinTable) add(hash uint64, key, row []byte) {
	t.hashes = append(t.hashes, hash)
	t.keys = append(t.keys, t.mem.keep(key))
	t.rows = append(t.rows, t.mem.keep(row))
	t.matched = append(t.matched, false)
}

// build makes the chains, oldest row first.
func (t *joinTable) build() {
	size := 16
	for size < 2*len(t.rows) {
		size *= 2
	}
	t.heads = make([]int32, size)
	for i := range t.heads {
		t.heads[i] = -1
	}
	if cap(t.next) < len(t.rows) {
		t.next = make([]int32, len(t.rows))
	}
	t.next = t.next[:len(t.rows)]
	for i := len(t.rows) - 1; i >= 0; i-- {
		if t.hashes[i] == nullHash && t.keys[i] == nil {
			t.next[i] = -1 // a NULL key is found by nobody
			continue
		}
		h := t.hashes[i] & uint64(size-1)
		t.next[i] = t.heads[h]
		t.heads[h] = int32(i)
	}
}

const nullHash = 0

func (t *joinTable) first(hash uint64) int32 {
	if len(t.heads) == 0 {
		return -1
	}
	return t.heads[hash&uint64(len(t.heads)-1)]
}

func newHashJoin(o, i operator, n *planner.HashJoin) *hashJoinOp {
	drain(i)
	h := &hashJoinOp{outer: o, inner: i, n: n, joined: newJoined(n.Kind, n.Outer, n.Inner), innerPack: newPacker(outTypes(n.Inner)), outerPack: newPacker(outTypes(n.Outer))}
	for k := range n.OuterKeys {
		h.outerKeys = append(h.outerKeys, expr.NewEvaluator(n.OuterKeys[k]))
		h.innerKeys = append(h.innerKeys, expr.NewEvaluator(n.InnerKeys[k]))
		h.keyOIDs = append(h.keyOIDs, n.OuterKeys[k].Type().OID)
	}
	return h
}

func (o *hashJoinOp) open(x *execution) error {
	o.dropSpools()
	o.table.reset()
	o.built, o.ob, o.probing, o.unmatched, o.depth, o.src = false, nil, false, -1, 0, nil
	return o.inner.open(x)
}

func (o *hashJoinOp) dropSpools() {
	for _, p := range o.parts {
		p.inner.close()
		p.outer.close()
	}
	for _, s := range append(append([]*spool(nil), o.outerParts...), o.innerParts...) {
		s.close()
	}
	o.src.close()
	o.parts, o.outerParts, o.innerParts, o.src = nil, nil, nil, nil
}

// evalKeys computes the key vectors of a batch.
func (o *hashJoinOp) evalKeys(x *execution, evs []*expr.Evaluator, b *vec.Batch) error {
	o.keys = o.keys[:0]
	for _, e := range evs {
		v, err := e.Eval(x.c, b)
		if err != nil {
			return err
		}
		o.keys = append(o.keys, v)
	}
	return nil
}

// keyAt puts the key of the k-th row into o.key; false if a part is NULL.
func (o *hashJoinOp) keyAt(k int) bool {
	o.key = o.key[:0]
	for i, v := range o.keys {
		if v.IsNull(k) {
			return false
		}
		o.key = types.AppendKey(o.key, o.keyOIDs[i], v.View(k), false, false)
	}
	return true
}

func (o *hashJoinOp) build(x *execution, next func() (*vec.Batch, error)) error {
	for {
		b, err := next()
		if err != nil {
			return err
		}
		if b == nil {
			break
		}
		if err := x.canceled(); err != nil {
			return err
		}
		if err := o.evalKeys(x, o.innerKeys, b); err != nil {
			return err
		}
		for k := range b.Len() {
			ok := o.keyAt(k)
			if !ok && o.n.Kind != planner.FullJoin {
				continue
			}
			o.buf = o.innerPack.pack(o.buf[:0], b, b.Row(k))
			if !ok {
				o.table.hashes = append(o.table.hashes, nullHash)
				o.table.keys = append(o.table.keys, nil)
				o.table.rows = append(o.table.rows, o.table.mem.keep(o.buf))
				o.table.matched = append(o.table.matched, false)
				continue
			}
			hash := types.HashBytes(o.key)
			if o.innerParts != nil {
				if err := o.toPart(x, o.innerParts, hash, o.key, o.buf); err != nil {
					return err
				}
				continue
			}
			o.table.add(hash, o.key, o.buf)
			if o.table.size() > x.workMem() && o.n.Kind != planner.FullJoin && o.depth < 6 {
				if err := o.split(x); err != nil {
					return err
				}
			}
		}
	}
	o.table.build()
	return nil
}

// split moves the hash table into files.
func (o *hashJoinOp) split(x *execution) error {
	o.innerParts, o.outerParts = make([]*spool, spillParts), make([]*spool, spillParts)
	for i := range o.table.rows {
		if err := o.toPart(x, o.innerParts, o.table.hashes[i], o.table.keys[i], o.table.rows[i]); err != nil {
			return err
		}
	}
	o.table.reset()
	return nil
}

func (o *hashJoinOp) toPart(x *execution, parts []*spool, hash uint64, key, row []byte) error {
	for range o.depth + 1 {
		hash = types.HashInt(int64(hash))
	}
	p := &parts[hash%spillParts]
	if *p == nil {
		s, err := newSpool(x)
		if err != nil {
			return err
		}
		*p = s
	}
	return (*p).write(key, row)
}

func (o *hashJoinOp) next(x *execution) (*vec.Batch, error) {
	if !o.built {
		if err := o.build(x, func() (*vec.Batch, error) { return o.inner.next(x) }); err != nil {
			return nil, err
		}
		o.inner.close(x)
		o.built = true
		// Nothing to be found: an inner or semi join is over before it begins.
		if len(o.table.rows) == 0 && o.innerParts == nil && (o.n.Kind == planner.InnerJoin || o.n.Kind == planner.SemiJoin) {
			return nil, nil
		}
		if err := o.outer.open(x); err != nil {
			return nil, err
		}
	}
	o.out.Reset()
	for o.out.N < vec.MaxRows {
		if o.unmatched >= 0 {
			if !o.emitUnmatched() {
				break
			}
			continue
		}
		if !o.probing {
			more, err := o.nextOuter(x)
			if err != nil {
				return nil, err
			}
			if !more {
				if o.out.N > 0 {
					break
				}
				if o.n.Kind == planner.FullJoin {
					o.unmatched = 0
					continue
				}
				ok, err := o.nextPart(x)
				if err != nil {
					return nil, err
				}
				if !ok {
					break
				}
				continue
			}
			if o.ob == nil { // the batch is used up: hand out what there is first
				break
			}
		}
		if err := o.probe(x); err != nil {
			return nil, err
		}
	}
	if o.out.N == 0 {
		return nil, nil
	}
	return o.result(&o.view), nil
}

// outerNext reads the outer side, from its file after a split.
func (o *hashJoinOp) outerNext(x *execution) (*vec.Batch, error) {
	if o.src == nil {
		return o.outer.next(x)
	}
	if o.srcBatch == nil {
		o.srcBatch = vec.NewBatch(outTypes(o.n.Outer))
	}
	o.srcBatch.Reset()
	for o.srcBatch.N < vec.MaxRows {
		_, row, ok, err := o.src.read()
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		if err := o.outerPack.unpack(row, o.srcBatch, 0); err != nil {
			return nil, err
		}
		o.srcBatch.N++
	}
	if o.srcBatch.N == 0 {
		return nil, nil
	}
	return o.srcBatch, nil
}

// nextOuter moves to the next outer row and starts its chain. With ob nil it
// says that the output has to be handed on before more is read.
func (o *hashJoinOp) nextOuter(x *execution) (bool, error) {
	for {
		if o.ob == nil || o.ok >= o.ob.Len() {
			if o.ob != nil && o.out.N > 0 {
				o.ob = nil
				return true, nil
			}
			b, err := o.outerNext(x)
			if err != nil {
				return false, err
			}
			if o.ob = b; b == nil {
				return false, nil
			}
			if err := x.canceled(); err != nil {
				return false, err
			}
			o.ok = 0
			if err := o.evalKeys(x, o.outerKeys, b); err != nil {
				return false, err
			}
		}
		k := o.ok
		o.ok++
		o.matched = false
		if !o.keyAt(k) {
			o.chain = -1
		} else {
			hash := types.HashBytes(o.key)
			if o.innerParts != nil {
				o.buf = o.outerPack.pack(o.buf[:0], o.ob, o.ob.Row(k))
				if err := o.toPart(x, o.outerParts, hash, o.key, o.buf); err != nil {
					return false, err
				}
				continue
			}
			o.chain = o.table.first(hash)
		}
		o.probing = true
		return true, nil
	}
}

// probe puts out the matches of the current outer row, as far as there is room.
func (o *hashJoinOp) probe(x *execution) error {
	row := o.ob.Row(o.ok - 1)
	for o.chain >= 0 && o.out.N < vec.MaxRows {
		i := o.chain
		o.chain = o.table.next[i]
		if !bytes.Equal(o.table.keys[i], o.key) {
			continue
		}
		if o.semi && len(o.n.On) == 0 {
			o.matched = true
			break
		}
		o.addOuter(o.ob, row)
		if err := o.innerPack.unpack(o.table.rows[i], o.out, o.outerWidth); err != nil {
			return err
		}
		ok, err := o.holds(x, o.n.On)
		if err != nil {
			return err
		}
		if !ok || o.semi {
			o.drop()
		}
		if !ok {
			continue
		}
		o.matched = true
		if o.semi {
			break
		}
		o.table.matched[i] = true
		o.out.N++
	}
	if o.chain >= 0 && !(o.semi && o.matched) {
		return nil // the output is full; go on with this row next time
	}
	o.probing = false
	alone := false
	switch o.n.Kind {
	case planner.LeftJoin, planner.FullJoin, planner.AntiJoin:
		alone = !o.matched
	case planner.SemiJoin:
		alone = o.matched
	}
	if alone {
		o.addOuter(o.ob, row)
		o.nullInner()
		o.out.N++
	}
	return nil
}

// emitUnmatched puts out the next inner row that no outer row matched.
func (o *hashJoinOp) emitUnmatched() bool {
	for o.unmatched < len(o.table.rows) {
		i := o.unmatched
		o.unmatched++
		if o.table.matched[i] {
			continue
		}
		o.nullOuter()
		if o.innerPack.unpack(o.table.rows[i], o.out, o.outerWidth) != nil {
			o.drop()
			continue
		}
		o.out.N++
		return true
	}
	return false
}

// nextPart loads the next pair of files after a split.
func (o *hashJoinOp) nextPart(x *execution) (bool, error) {
	if o.innerParts != nil {
		for i := range o.innerParts {
			if o.outerParts[i] == nil {
				o.innerParts[i].close()
				continue // no outer row: nothing to put out for any kind
			}
			o.parts = append(o.parts, joinPart{o.innerParts[i], o.outerParts[i], o.depth + 1})
		}
		o.innerParts, o.outerParts = nil, nil
	}
	o.src.close()
	o.src = nil
	if len(o.parts) == 0 {
		return false, nil
	}
	p := o.parts[len(o.parts)-1]
	o.parts = o.parts[:len(o.parts)-1]
	o.depth = p.depth
	o.table.reset()
	if p.inner != nil {
		if err := p.inner.rewind(); err != nil {
			return false, err
		}
		b := vec.NewBatch(outTypes(o.n.Inner))
		err := o.build(x, func() (*vec.Batch, error) {
			b.Reset()
			for b.N < vec.MaxRows {
				_, row, ok, err := p.inner.read()
				if err != nil {
					return nil, err
				}
				if !ok {
					break
				}
				if err := o.innerPack.unpack(row, b, 0); err != nil {
					return nil, err
				}
				b.N++
			}
			if b.N == 0 {
				return nil, nil
			}
			return b, nil
		})
		p.inner.close()
		if err != nil {
			return false, err
		}
	} else {
		o.table.build()
	}
	if err := p.outer.rewind(); err != nil {
		return false, err
	}
	o.src, o.ob = p.outer, nil
	return true, nil
}

func (o *hashJoinOp) close(x *execution) {
	o.outer.close(x)
	o.inner.close(x)
	o.dropSpools()
	o.table.reset()
}
