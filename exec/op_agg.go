package exec

import (
	"slices"

	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// aggregateOp groups its input. Hashing is the rule; a sorted input is grouped
// as it comes, and stays sorted. Beyond work_mem no new groups are taken: their rows go to
// temporary files by hash, and each file is aggregated after the others.
type aggregateOp struct {
	input  operator
	n      *planner.Aggregate
	groups []*expr.Evaluator
	args   [][]*expr.Evaluator
	filter []*expr.Evaluator
	out    *vec.Batch

	set       int // grouping set being emitted or built
	index     map[string]int32
	ints      map[int64]int32 // when the only group column is an integer
	keys      [][]types.Datum // by group: the values of the group columns
	mem       int
	accs      []accumulator
	emit      int
	built     bool
	buffered  *rowStore // the input, kept for further grouping sets
	parts     []*spool
	pending   []pendingPart
	pack      *packer
	depth     int
	groupIdx  []int32
	groupVecs []*vec.Vec
	argVecs   []*vec.Vec
	keyBuf    []byte
	rowBuf    []byte
}

type pendingPart struct {
	s     *spool
	depth int
}

const spillParts = 16

// accumulator is an aggregate over all groups of an operator.
type accumulator struct {
	call     *expr.AggCall
	vec      expr.Accumulator
	states   []expr.AggState
	distinct []map[string]struct{} // by group
	ordered  [][]orderedArg        // by group, for ORDER BY inside the call
	rows     bool                  // takes rows one at a time
}

type orderedArg struct {
	key  []byte
	args []types.Datum
}

func newAggregate(in operator, n *planner.Aggregate) *aggregateOp {
	if !n.Sorted {
		drain(in)
	}
	o := &aggregateOp{input: in, n: n, out: newBatch(n)}
	for _, g := range n.Groups {
		o.groups = append(o.groups, expr.NewEvaluator(g))
	}
	for _, a := range n.Aggs {
		var args []*expr.Evaluator
		for _, e := range a.Args {
			args = append(args, expr.NewEvaluator(e))
		}
		o.args = append(o.args, args)
		var f *expr.Evaluator
		if a.Filter != nil {
			f = expr.NewEvaluator(a.Filter)
		}
		o.filter = append(o.filter, f)
	}
	o.pack = newPacker(outTypes(n.Input))
	return o
}

func (o *aggregateOp) open(x *execution) error {
	o.dropSpools()
	o.set, o.built, o.depth = 0, false, 0
	o.buffered = nil
	o.start()
	return o.input.open(x)
}

func (o *aggregateOp) dropSpools() {
	for _, p := range o.pending {
		p.s.close()
	}
	for _, p := range o.parts {
		p.close()
	}
	o.pending, o.parts = nil, nil
}

// start forgets all groups.
func (o *aggregateOp) start() {
	o.index, o.ints, o.keys, o.mem, o.emit = nil, nil, nil, 0, 0
	if len(o.n.Groups) == 1 && o.n.Sets == nil && types.PhysOf(o.n.Groups[0].Type().OID) == types.PhysInt {
		o.ints = make(map[int64]int32)
	} else {
		o.index = make(map[string]int32)
	}
	o.accs = o.accs[:0]
	for _, c := range o.n.Aggs {
		a := accumulator{call: c}
		a.rows = c.Distinct || len(c.OrderBy) > 0 || c.Agg.NewVec == nil
		if !a.rows {
			a.vec = c.Agg.NewVec(c)
		}
		o.accs = append(o.accs, a)
	}
}

// grouped reports whether group column i is part of the current grouping set.
func (o *aggregateOp) grouped(i int) bool {
	return o.n.Sets == nil || slices.Contains(o.n.Sets[o.set], i)
}

func (o *aggregateOp) sets() int {
	if o.n.Sets == nil {
		return 1
	}
	return len(o.n.Sets)
}

func (o *aggregateOp) next(x *execution) (*vec.Batch, error) {
	for {
		if !o.built {
			if err := o.build(x); err != nil {
				return nil, err
			}
			o.built = true
		}
		if b, err := o.emitGroups(x); b != nil || err != nil {
			return b, err
		}
		o.retire()
		switch {
		case len(o.pending) > 0:
			p := o.pending[len(o.pending)-1]
			o.pending = o.pending[:len(o.pending)-1]
			o.depth = p.depth
			o.start()
			if err := o.fromSpool(x, p.s); err != nil {
				return nil, err
			}
		case o.set+1 < o.sets():
			o.set++
			o.depth = 0
			o.start()
			o.built = false
		default:
			return nil, nil
		}
	}
}

// retire queues the spilled rows of the groups that were just emitted.
func (o *aggregateOp) retire() {
	for _, p := range o.parts {
		if p != nil {
			o.pending = append(o.pending, pendingPart{p, o.depth + 1})
		}
	}
	o.parts = nil
}

func (o *aggregateOp) build(x *execution) error {
	several := o.sets() > 1
	if several && o.set > 0 {
		return o.buffered.each(x, o.consume)
	}
	if several {
		o.buffered = newRowStore(x, outTypes(o.n.Input))
	}
	for {
		b, err := o.input.next(x)
		if err != nil {
			return err
		}
		if b == nil {
			break
		}
		if several {
			if err := o.buffered.add(x, b); err != nil {
				return err
			}
		}
		if err := o.consume(x, b); err != nil {
			return err
		}
	}
	o.input.close(x)
	return o.emptyGroup(x)
}

// emptyGroup makes the one group of an aggregate without GROUP BY.
func (o *aggregateOp) emptyGroup(*execution) error {
	n := 0
	for i := range o.n.Groups {
		if o.grouped(i) {
			n++
		}
	}
	if n == 0 && len(o.keys) == 0 && (len(o.n.Groups) == 0 || o.n.Sets != nil) {
		o.newGroup(make([]types.Datum, len(o.n.Groups)))
	}
	return nil
}

func (o *aggregateOp) newGroup(key []types.Datum) int32 {
	o.keys = append(o.keys, key)
	n := len(o.keys)
	o.mem += 96 + 48*len(key) + 64*len(o.accs)
	for i := range o.accs {
		a := &o.accs[i]
		if a.vec != nil {
			a.vec.Grow(n)
			continue
		}
		a.states = append(a.states, a.call.Agg.New(a.call))
		if a.call.Distinct {
			a.distinct = append(a.distinct, make(map[string]struct{}))
		}
		if len(a.call.OrderBy) > 0 {
			a.ordered = append(a.ordered, nil)
		}
	}
	return int32(n - 1)
}

// consume adds a batch to the groups.
func (o *aggregateOp) consume(x *execution, b *vec.Batch) error {
	if err := x.canceled(); err != nil {
		return err
	}
	n := b.Len()
	if n == 0 {
		return nil
	}
	if len(o.groups) == 0 {
		if len(o.keys) == 0 {
			o.newGroup(nil)
		}
		return o.accumulate(x, b, nil)
	}
	o.groupVecs = o.groupVecs[:0]
	for _, g := range o.groups {
		v, err := g.Eval(x.c, b)
		if err != nil {
			return err
		}
		o.groupVecs = append(o.groupVecs, v)
	}
	o.groupIdx = o.groupIdx[:0]
	// Groups are numbered as they appear, so a sorted input gives sorted groups; it
	// must not be torn apart by spilling.
	full := !o.n.Sorted && o.mem > x.workMem() && len(o.keys) > 0
	spilled := false
	for k := range n {
		g, ok := o.findGroup(k, !full)
		if !ok {
			if err := o.spillRow(x, b, b.Row(k)); err != nil {
				return err
			}
			g = -1
			spilled = true
		}
		o.groupIdx = append(o.groupIdx, g)
	}
	if spilled {
		// Only the rows of known groups are accumulated now.
		sel := make([]int32, 0, n)
		idx := make([]int32, 0, n)
		for k, g := range o.groupIdx {
			if g >= 0 {
				sel = append(sel, int32(b.Row(k)))
				idx = append(idx, g)
			}
		}
		nb := vec.Batch{Cols: b.Cols, N: b.N, Sel: sel}
		return o.accumulate(x, &nb, idx)
	}
	return o.accumulate(x, b, o.groupIdx)
}

// findGroup returns the group of the row at k of groupVecs, made if create says so.
func (o *aggregateOp) findGroup(k int, create bool) (int32, bool) {
	if o.ints != nil {
		v := o.groupVecs[0]
		if !v.IsNull(k) {
			n := v.Ints[k]
			g, ok := o.ints[n]
			if !ok {
				if !create {
					return 0, false
				}
				g = o.newGroup([]types.Datum{types.NewInt(n)})
				o.ints[n] = g
			}
			return g, true
		}
		if o.index == nil {
			o.index = make(map[string]int32)
		}
	}
	o.keyBuf = o.keyBuf[:0]
	for i, v := range o.groupVecs {
		if o.grouped(i) {
			o.keyBuf = types.AppendKey(o.keyBuf, o.n.Groups[i].Type().OID, v.View(k), false, false)
		}
	}
	g, ok := o.index[string(o.keyBuf)]
	if !ok {
		if !create {
			return 0, false
		}
		key := make([]types.Datum, len(o.groupVecs))
		for i, v := range o.groupVecs {
			if o.grouped(i) {
				key[i] = v.Get(k)
			}
		}
		g = o.newGroup(key)
		o.mem += len(o.keyBuf)
		o.index[string(o.keyBuf)] = g
	}
	return g, true
}

func (o *aggregateOp) spillRow(x *execution, b *vec.Batch, row int) error {
	if o.parts == nil {
		o.parts = make([]*spool, spillParts)
	}
	key, err := o.keyOfRow(x, b, row)
	if err != nil {
		return err
	}
	h := types.HashBytes(key)
	for range o.depth {
		h = types.HashInt(int64(h))
	}
	p := &o.parts[h%spillParts]
	if *p == nil {
		s, err := newSpool(x)
		if err != nil {
			return err
		}
		*p = s
	}
	o.rowBuf = o.pack.pack(o.rowBuf[:0], b, row)
	return (*p).write(nil, o.rowBuf)
}

// keyOfRow is the group key of a row as bytes.
func (o *aggregateOp) keyOfRow(x *execution, b *vec.Batch, row int) ([]byte, error) {
	o.keyBuf = o.keyBuf[:0]
	for i, g := range o.n.Groups {
		if !o.grouped(i) {
			continue
		}
		d, err := g.Eval(x.c, b, row)
		if err != nil {
			return nil, err
		}
		o.keyBuf = types.AppendKey(o.keyBuf, g.Type().OID, d, false, false)
	}
	return o.keyBuf, nil
}

// fromSpool aggregates rows that were put aside.
func (o *aggregateOp) fromSpool(x *execution, s *spool) error {
	defer s.close()
	if err := s.rewind(); err != nil {
		return err
	}
	b := vec.NewBatch(outTypes(o.n.Input))
	for {
		_, row, ok, err := s.read()
		if err != nil {
			return err
		}
		if ok {
			if err := o.pack.unpack(row, b, 0); err != nil {
				return err
			}
			b.N++
		}
		if b.N == vec.MaxRows || (!ok && b.N > 0) {
			if err := o.consume(x, b); err != nil {
				return err
			}
			b.Reset()
		}
		if !ok {
			return nil
		}
	}
}

// accumulate adds the rows of b to the aggregates of their groups.
func (o *aggregateOp) accumulate(x *execution, b *vec.Batch, groups []int32) error {
	for i := range o.accs {
		a := &o.accs[i]
		in, idx := b, groups
		if o.filter[i] != nil {
			nb, ni, err := o.applyFilter(x, o.filter[i], b, groups)
			if err != nil {
				return err
			}
			in, idx = nb, ni
			if in.Len() == 0 {
				continue
			}
		}
		o.argVecs = o.argVecs[:0]
		for _, e := range o.args[i] {
			v, err := e.Eval(x.c, in)
			if err != nil {
				return err
			}
			o.argVecs = append(o.argVecs, v)
		}
		if a.vec != nil {
			if err := a.vec.Add(idx, o.argVecs, in.Len()); err != nil {
				return err
			}
			continue
		}
		if err := o.addRows(x, a, in, idx); err != nil {
			return err
		}
	}
	return nil
}

func (o *aggregateOp) applyFilter(x *execution, f *expr.Evaluator, b *vec.Batch, groups []int32) (*vec.Batch, []int32, error) {
	v, err := f.Eval(x.c, b)
	if err != nil {
		return nil, nil, err
	}
	sel := make([]int32, 0, b.Len())
	var idx []int32
	for k := range b.Len() {
		if v.Bools[k] && !v.IsNull(k) {
			sel = append(sel, int32(b.Row(k)))
			if groups != nil {
				idx = append(idx, groups[k])
			}
		}
	}
	return &vec.Batch{Cols: b.Cols, N: b.N, Sel: sel}, idx, nil
}

func (o *aggregateOp) addRows(x *execution, a *accumulator, b *vec.Batch, groups []int32) error {
	args := make([]types.Datum, len(o.argVecs))
	direct := a.call.Agg.Direct
next:
	for k := range b.Len() {
		g := int32(0)
		if groups != nil {
			g = groups[k]
		}
		for i, v := range o.argVecs {
			args[i] = v.View(k)
			if args[i].IsNull() && !a.call.Agg.Nulls && i >= direct {
				continue next
			}
		}
		if a.distinct != nil {
			o.keyBuf = o.keyBuf[:0]
			for i, d := range args {
				o.keyBuf = types.AppendKey(o.keyBuf, a.call.Args[i].Type().OID, d, false, false)
			}
			if _, ok := a.distinct[g][string(o.keyBuf)]; ok {
				continue
			}
			a.distinct[g][string(o.keyBuf)] = struct{}{}
			o.mem += 48 + len(o.keyBuf)
			if a.ordered == nil && !a.call.Agg.OrderedSet {
				// DISTINCT without ORDER BY still hands on sorted values, as PostgreSQL does.
				a.ordered = make([][]orderedArg, len(a.states))
			}
		}
		if a.distinct != nil && len(a.call.OrderBy) == 0 {
			for len(a.ordered) < len(a.states) {
				a.ordered = append(a.ordered, nil)
			}
			a.ordered[g] = append(a.ordered[g], orderedArg{slices.Clone(o.keyBuf), cloneAll(args)})
			continue
		}
		if len(a.call.OrderBy) > 0 {
			var key []byte
			var err error
			if key, err = appendSortKey(x, nil, a.call.OrderBy, b, b.Row(k)); err != nil {
				return err
			}
			a.ordered[g] = append(a.ordered[g], orderedArg{key, cloneAll(args)})
			o.mem += 64 + len(key)
			continue
		}
		if err := a.states[g].Add(x.c, args); err != nil {
			return err
		}
	}
	return nil
}

func cloneAll(args []types.Datum) []types.Datum {
	out := make([]types.Datum, len(args))
	for i, d := range args {
		out[i] = d.Clone()
	}
	return out
}

func (a *accumulator) result(x *execution, g int) (types.Datum, error) {
	if a.vec != nil {
		return a.vec.Result(x.c, g)
	}
	if a.ordered != nil && g < len(a.ordered) {
		rows := a.ordered[g]
		slices.SortStableFunc(rows, func(p, q orderedArg) int { return slices.Compare(p.key, q.key) })
		for _, r := range rows {
			if err := a.states[g].Add(x.c, r.args); err != nil {
				return types.Null, err
			}
		}
		a.ordered[g] = nil
	}
	return a.states[g].Result(x.c)
}

// emitGroups returns the next batch of finished groups.
func (o *aggregateOp) emitGroups(x *execution) (*vec.Batch, error) {
	o.out.Reset()
	for o.emit < len(o.keys) && o.out.N < vec.MaxRows {
		if err := o.emitGroup(x, o.emit); err != nil {
			return nil, err
		}
		o.emit++
	}
	if o.out.N == 0 {
		return nil, nil
	}
	return o.out, nil
}

func (o *aggregateOp) emitGroup(x *execution, g int) error {
	col := 0
	for i := range o.n.Groups {
		d := types.Null
		if o.keys[g] != nil {
			d = o.keys[g][i]
		}
		o.out.Cols[col].AppendDatum(d)
		col++
	}
	for i := range o.accs {
		d, err := o.accs[i].result(x, g)
		if err != nil {
			return err
		}
		o.out.Cols[col].AppendDatum(d)
		col++
	}
	for _, groups := range o.n.Grouping {
		bits := int64(0)
		for _, gi := range groups {
			bits <<= 1
			if !o.grouped(gi) {
				bits |= 1
			}
		}
		o.out.Cols[col].AppendInt(bits)
		col++
	}
	o.out.N++
	return nil
}

func (o *aggregateOp) close(x *execution) {
	o.input.close(x)
	o.dropSpools()
	o.index, o.ints, o.keys = nil, nil, nil
}
