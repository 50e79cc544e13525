package exec

import (
	"cmp"

	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// mergeJoinOp joins two inputs that come in the order of its keys by reading both once,
// side by side:
//
//	outer  1  3  3  5  ∅          3 meets the group 3 3 3, twice; 1 and 5 have none
//	inner  2  3  3  3  4
//
// The inner rows with the key of the current outer row are the group. A row with a NULL in
// its key matches nothing, wherever in its input it stands.
type mergeJoinOp struct {
	outer, inner mergeSide
	n            *planner.MergeJoin
	joined
	view  vec.Batch
	order mergeOrder
	group mergeGroup

	pairing bool // the current outer row is being joined with the group
	leaving bool // full join: unmatched rows of the group are being put out
	matched bool // the current outer row
	ended   bool
}

func newMergeJoin(outer, inner operator, n *planner.MergeJoin) *mergeJoinOp {
	o := &mergeJoinOp{outer: newMergeSide(outer, n.OuterKeys), inner: newMergeSide(inner, n.InnerKeys), n: n, joined: newJoined(n.Kind, n.Outer, n.Inner)}
	var keys []types.OID
	for k, e := range n.OuterKeys {
		oid := e.Type().OID
		o.order = append(o.order, keyOrder{oid: oid, desc: n.Desc[k], ints: types.PhysOf(oid) == types.PhysInt && oid != types.Xid8OID})
		keys = append(keys, n.InnerKeys[k].Type().OID)
	}
	o.group = newMergeGroup(outTypes(n.Inner), keys)
	return o
}

func (o *mergeJoinOp) open(x *execution) error {
	o.group.drop()
	o.pairing, o.leaving, o.ended = false, false, false
	if err := o.outer.open(x); err != nil {
		return err
	}
	return o.inner.open(x)
}

func (o *mergeJoinOp) next(x *execution) (*vec.Batch, error) {
	o.out.Reset()
	for o.out.N < vec.MaxRows && !o.ended {
		if o.out.N > 0 && !o.pairing && !o.leaving && (o.outer.used() || !o.group.live && o.inner.used()) {
			break // hand out what there is before more is read
		}
		if err := o.step(x); err != nil {
			return nil, err
		}
	}
	if o.out.N == 0 {
		return nil, nil
	}
	return o.result(&o.view), nil
}

// step moves on by a row of either input, or by as many pairs as there is room for.
func (o *mergeJoinOp) step(x *execution) error {
	switch {
	case o.pairing:
		return o.pair(x)
	case o.leaving:
		return o.leave()
	case o.outer.used():
		return o.outer.fetch(x)
	case o.group.live && !o.outer.end:
		if o.outer.null(o.outer.k) {
			o.outerAlone()
			return nil
		}
		if o.order.compare(o.outer.keys, o.outer.k, o.group.keys, o.group.key) == 0 {
			return o.startPairing(x)
		}
		return o.endGroup()
	case o.group.live:
		return o.endGroup()
	case o.outer.end && o.n.Kind != planner.FullJoin:
		o.ended = true
		return nil
	case o.inner.used():
		return o.inner.fetch(x)
	}
	return o.meet(x)
}

// meet compares the current rows of both sides.
func (o *mergeJoinOp) meet(x *execution) error {
	switch {
	case o.outer.end && o.inner.end:
		o.ended = true
		return nil
	case o.inner.end && (o.n.Kind == planner.InnerJoin || o.n.Kind == planner.SemiJoin):
		o.ended = true
		return nil
	case o.outer.end || !o.inner.end && o.inner.null(o.inner.k):
		o.innerAlone()
		return nil
	case o.inner.end || o.outer.null(o.outer.k):
		o.outerAlone()
		return nil
	}
	switch c := o.order.compare(o.outer.keys, o.outer.k, o.inner.keys, o.inner.k); {
	case c < 0:
		o.outerAlone()
	case c > 0:
		o.innerAlone()
	case o.semi && len(o.n.On) == 0:
		// One inner row is enough, and it stays for the next outer row.
		if o.n.Kind == planner.SemiJoin {
			o.put(o.outer.b, o.outer.row())
		}
		o.outer.k++
	default:
		if err := o.startGroup(x); err != nil {
			return err
		}
		return o.startPairing(x)
	}
	return nil
}

// put adds an outer row without an inner one.
func (o *mergeJoinOp) put(b *vec.Batch, row int) {
	o.addOuter(b, row)
	o.nullInner()
	o.out.N++
}

// outerAlone passes over an outer row that matches nothing.
func (o *mergeJoinOp) outerAlone() {
	if o.n.Kind != planner.InnerJoin && o.n.Kind != planner.SemiJoin {
		o.put(o.outer.b, o.outer.row())
	}
	o.outer.k++
}

// innerAlone passes over an inner row that matches nothing.
func (o *mergeJoinOp) innerAlone() {
	if o.n.Kind == planner.FullJoin {
		o.nullOuter()
		o.addInner(o.inner.b, o.inner.row())
		o.out.N++
	}
	o.inner.k++
}

// startGroup makes the inner rows with the key of the current one the group, and moves the
// inner side behind them.
func (o *mergeJoinOp) startGroup(x *execution) error {
	g, in := &o.group, &o.inner
	first, behind := in.k, o.behind(in.keys, in.k, in.k+1)
	if behind < in.b.Len() {
		g.inPlace(in.b, first, behind, in.keys)
		in.k = behind
		return nil
	}
	// It may go on in the next batch, which takes the place of this one.
	g.begin(in.keys, first)
	for {
		if err := g.add(x, in.b, first, behind); err != nil {
			return err
		}
		in.k = behind
		if !in.used() {
			break
		}
		if err := in.fetch(x); err != nil {
			return err
		}
		if in.end {
			break
		}
		first, behind = 0, o.behind(g.keys, g.key, 0)
	}
	return nil
}

// behind returns the first row of the inner batch, from k on, whose key is not that of keys.
func (o *mergeJoinOp) behind(keys []*vec.Vec, key, k int) int {
	for n := o.inner.b.Len(); k < n; k++ {
		if o.inner.null(k) || o.order.compare(o.inner.keys, k, keys, key) != 0 {
			break
		}
	}
	return k
}

// startPairing begins with the group for the current outer row.
func (o *mergeJoinOp) startPairing(x *execution) error {
	o.pairing, o.matched = true, false
	if !o.group.single() {
		if err := x.canceled(); err != nil {
			return err
		}
	}
	return o.group.rewind()
}

// pair joins the current outer row with the rest of the group, as far as there is room.
func (o *mergeJoinOp) pair(x *execution) error {
	g, row := &o.group, o.outer.row()
	for o.out.N < vec.MaxRows {
		more, err := g.more()
		if err != nil {
			return err
		}
		if !more {
			if !o.matched && (o.n.Kind == planner.LeftJoin || o.n.Kind == planner.FullJoin || o.n.Kind == planner.AntiJoin) {
				o.put(o.outer.b, row)
			}
			o.pairing = false
			o.outer.k++
			return nil
		}
		o.addOuter(o.outer.b, row)
		o.addInner(g.rows, g.rows.Row(g.at))
		ok, err := o.holds(x, o.n.On)
		if err != nil {
			return err
		}
		if !ok {
			o.drop()
			g.at++
			continue
		}
		o.matched = true
		if o.semi {
			if o.n.Kind == planner.SemiJoin {
				o.out.N++
			}
			o.drop()
			o.pairing = false
			o.outer.k++
			return nil
		}
		if o.remembers() {
			g.match()
		}
		o.out.N++
		g.at++
	}
	return nil
}

// remembers reports whether it matters which rows of a group were matched: without
// conditions beside the keys all are.
func (o *mergeJoinOp) remembers() bool { return o.n.Kind == planner.FullJoin && len(o.n.On) > 0 }

// endGroup is called when no outer row with the group's key is left.
func (o *mergeJoinOp) endGroup() error {
	if o.remembers() {
		o.leaving = true
		return o.group.rewind()
	}
	o.group.drop()
	return nil
}

// leave puts out the rows of the group that no outer row matched, as far as there is room.
func (o *mergeJoinOp) leave() error {
	g := &o.group
	for o.out.N < vec.MaxRows {
		more, err := g.more()
		if err != nil {
			return err
		}
		if !more {
			o.leaving = false
			g.drop()
			return nil
		}
		if !g.isMatched() {
			o.nullOuter()
			o.addInner(g.rows, g.rows.Row(g.at))
			o.out.N++
		}
		g.at++
	}
	return nil
}

func (o *mergeJoinOp) close(x *execution) {
	o.outer.op.close(x)
	o.inner.op.close(x)
	o.group.drop()
}

// mergeSide is an input and the place in it.
type mergeSide struct {
	op    operator
	evals []*expr.Evaluator
	keys  []*vec.Vec // of the rows alive in b
	b     *vec.Batch // nil before the first batch, and at the end
	k     int        // current row, of those alive
	end   bool
}

func newMergeSide(in operator, keys []expr.Expr) mergeSide {
	s := mergeSide{op: in, keys: make([]*vec.Vec, len(keys))}
	for _, e := range keys {
		s.evals = append(s.evals, expr.NewEvaluator(e))
	}
	return s
}

func (s *mergeSide) open(x *execution) error {
	s.b, s.k, s.end = nil, 0, false
	return s.op.open(x)
}

// row is the place of the current row in its batch.
func (s *mergeSide) row() int { return s.b.Row(s.k) }

// used reports whether the batch has no row left.
func (s *mergeSide) used() bool { return !s.end && (s.b == nil || s.k >= s.b.Len()) }

// fetch moves to the first row of the next batch.
func (s *mergeSide) fetch(x *execution) error {
	if err := x.canceled(); err != nil {
		return err
	}
	var err error
	if s.b, err = s.op.next(x); err != nil {
		return err
	}
	s.k, s.end = 0, s.b == nil
	for i := 0; i < len(s.evals) && !s.end; i++ {
		if s.keys[i], err = s.evals[i].Eval(x.c, s.b); err != nil {
			return err
		}
	}
	return nil
}

// null reports whether a part of the k-th row's key is NULL.
func (s *mergeSide) null(k int) bool {
	for _, v := range s.keys {
		if v.IsNull(k) {
			return true
		}
	}
	return false
}

// mergeOrder is the order of the keys: of types.Compare, as in sorts and indexes.
type mergeOrder []keyOrder

type keyOrder struct {
	oid  types.OID
	desc bool
	ints bool // compared without making datums of them
}

// compare compares key i of a with key j of b. Neither has a NULL.
func (m mergeOrder) compare(a []*vec.Vec, i int, b []*vec.Vec, j int) int {
	for k := range m {
		var c int
		if m[k].ints {
			c = cmp.Compare(a[k].Ints[i], b[k].Ints[j])
		} else {
			c = types.Compare(m[k].oid, a[k].View(i), b[k].View(j))
		}
		if c != 0 && m[k].desc {
			return -c
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

// mergeGroup holds the inner rows of one key. They stay where they are if they lie in one
// batch of the input, which is the rule with unique keys. Otherwise they are copied: into a
// batch, and if they are too many for one, into a store, which spills.
type mergeGroup struct {
	oids []types.OID // of the rows
	live bool
	keys []*vec.Vec // the key is in row key of these
	key  int

	// The rows are gone through in chunks.
	rows    *vec.Batch // the rows lo … hi of those alive in it
	lo, hi  int
	at      int    // the current one
	base    int    // number of rows in the chunks before
	matched []bool // by number; what is missing is false

	// Of a copied group.
	ownKeys *vec.Batch
	held    *vec.Batch
	store   *rowStore
	cursor  *rowCursor
}

func newMergeGroup(rows, keys []types.OID) mergeGroup {
	return mergeGroup{oids: rows, ownKeys: vec.NewBatch(keys)}
}

// inPlace makes the rows lo … hi of b the group.
func (g *mergeGroup) inPlace(b *vec.Batch, lo, hi int, keys []*vec.Vec) {
	g.live, g.keys, g.key = true, keys, lo
	g.rows, g.lo, g.hi = b, lo, hi
}

// begin starts a group that is copied.
func (g *mergeGroup) begin(keys []*vec.Vec, key int) {
	if g.held == nil {
		g.held = vec.NewBatch(g.oids)
	}
	g.held.Reset()
	g.ownKeys.Reset()
	g.keys, g.key = nil, 0
	for i, v := range keys {
		g.ownKeys.Cols[i].AppendFrom(v, key)
		g.keys = append(g.keys, &g.ownKeys.Cols[i])
	}
	g.live, g.rows, g.lo, g.hi = true, g.held, 0, 0
}

// add copies the rows from … to of those alive in b.
func (g *mergeGroup) add(x *execution, b *vec.Batch, from, to int) error {
	for k := from; k < to; k++ {
		if g.store == nil && g.held.N < vec.MaxRows {
			g.held.AppendRowFrom(b, b.Row(k))
			g.hi = g.held.N
			continue
		}
		if g.store == nil {
			g.store = newRowStore(x, g.oids)
			if err := g.store.add(x, g.held); err != nil {
				return err
			}
		}
		if err := g.store.addRow(x, b, b.Row(k)); err != nil {
			return err
		}
	}
	return nil
}

// single reports whether there is one row only.
func (g *mergeGroup) single() bool { return g.store == nil && g.hi-g.lo == 1 }

// rewind goes to the first row.
func (g *mergeGroup) rewind() error {
	g.at, g.base = g.lo, 0
	if g.store == nil {
		return nil
	}
	g.lo, g.hi, g.at = 0, 0, 0
	if g.cursor != nil {
		return g.cursor.rewind()
	}
	var err error
	g.cursor, err = g.store.cursor()
	return err
}

// more reports whether there is a current row, and reads the next chunk if that takes one.
func (g *mergeGroup) more() (bool, error) {
	if g.at < g.hi {
		return true, nil
	}
	if g.store == nil {
		return false, nil
	}
	b, err := g.cursor.next()
	if b == nil || err != nil {
		return false, err
	}
	g.base += g.hi
	g.rows, g.lo, g.hi, g.at = b, 0, b.Len(), 0
	return true, nil
}

// match notes that the current row has met an outer one.
func (g *mergeGroup) match() {
	n := g.base + g.at - g.lo
	for len(g.matched) <= n {
		g.matched = append(g.matched, false)
	}
	g.matched[n] = true
}

func (g *mergeGroup) isMatched() bool {
	n := g.base + g.at - g.lo
	return n < len(g.matched) && g.matched[n]
}

func (g *mergeGroup) drop() {
	g.store.close()
	g.live, g.store, g.cursor, g.rows, g.matched = false, nil, nil, nil, g.matched[:0]
}
