package exec

import (
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// appendRowCode appends the key code of the given columns of a row: equal bytes for
// rows that are not distinct from each other.
func appendRowCode(dst []byte, b *vec.Batch, oids []types.OID, cols []int, row int) []byte {
	for _, c := range cols {
		dst = types.AppendKey(dst, oids[c], b.Cols[c].View(row), false, false)
	}
	return dst
}

// ---- distinct

type distinctOp struct {
	input operator
	n     *planner.Distinct
	oids  []types.OID
	seen  map[string]struct{}
	last  []byte
	key   []byte
	any   bool
	mem   int
	out   vec.Batch
	sel   []int32
	spill *distinctSpill
}

// distinctSpill takes the rows that did not fit: they are made distinct by
// sorting them with their order of arrival kept.
type distinctSpill struct {
	parts []*spool
	pack  *packer
	buf   []byte
	cur   *spool
	batch *vec.Batch
	depth int
}

func newDistinct(in operator, n *planner.Distinct) *distinctOp {
	return &distinctOp{input: in, n: n, oids: outTypes(n.Input)}
}

func (o *distinctOp) open(x *execution) error {
	o.closeSpill()
	o.seen, o.any, o.mem = nil, false, 0
	if !o.n.Sorted {
		o.seen = make(map[string]struct{})
	}
	return o.input.open(x)
}

func (o *distinctOp) closeSpill() {
	if o.spill != nil {
		for _, p := range o.spill.parts {
			p.close()
		}
		o.spill.cur.close()
		o.spill = nil
	}
}

func (o *distinctOp) next(x *execution) (*vec.Batch, error) {
	for {
		b, err := o.input.next(x)
		if err != nil {
			return nil, err
		}
		if b == nil {
			return o.nextSpilled(x)
		}
		if err := x.canceled(); err != nil {
			return nil, err
		}
		o.sel = o.sel[:0]
		for k := range b.Len() {
			i := b.Row(k)
			o.key = appendRowCode(o.key[:0], b, o.oids, o.n.On, i)
			fresh, err := o.fresh(x, b, i)
			if err != nil {
				return nil, err
			}
			if fresh {
				o.sel = append(o.sel, int32(i))
			}
		}
		if len(o.sel) > 0 {
			o.out.Cols, o.out.N, o.out.Sel = b.Cols, b.N, o.sel
			return &o.out, nil
		}
	}
}

func (o *distinctOp) fresh(x *execution, b *vec.Batch, i int) (bool, error) {
	if o.n.Sorted {
		if o.any && string(o.last) == string(o.key) {
			return false, nil
		}
		o.any = true
		o.last = append(o.last[:0], o.key...)
		return true, nil
	}
	if _, ok := o.seen[string(o.key)]; ok {
		return false, nil
	}
	if o.mem <= x.workMem() {
		o.mem += 64 + len(o.key)
		o.seen[string(o.key)] = struct{}{}
		return true, nil
	}
	if o.spill == nil {
		o.spill = &distinctSpill{parts: make([]*spool, spillParts), pack: newPacker(o.oids)}
	}
	s := o.spill
	h := types.HashBytes(o.key)
	for range s.depth {
		h = types.HashInt(int64(h))
	}
	p := &s.parts[h%spillParts]
	if *p == nil {
		f, err := newSpool(x)
		if err != nil {
			return false, err
		}
		*p = f
	}
	s.buf = s.pack.pack(s.buf[:0], b, i)
	return false, (*p).write(nil, s.buf)
}

// nextSpilled goes through the files, one at a time with a fresh table.
func (o *distinctOp) nextSpilled(x *execution) (*vec.Batch, error) {
	s := o.spill
	if s == nil {
		return nil, nil
	}
	for {
		if s.cur == nil {
			at := -1
			for i, p := range s.parts {
				if p != nil {
					at = i
				}
			}
			if at < 0 {
				o.closeSpill()
				return nil, nil
			}
			s.cur, s.parts[at] = s.parts[at], nil
			if err := s.cur.rewind(); err != nil {
				return nil, err
			}
			o.seen, o.mem = make(map[string]struct{}), 0
			s.depth++
			if s.batch == nil {
				s.batch = vec.NewBatch(o.oids)
			}
		}
		s.batch.Reset()
		for s.batch.N < vec.MaxRows {
			_, row, ok, err := s.cur.read()
			if err != nil {
				return nil, err
			}
			if !ok {
				break
			}
			if err := s.pack.unpack(row, s.batch, 0); err != nil {
				return nil, err
			}
			s.batch.N++
		}
		if s.batch.N == 0 {
			s.cur.close()
			s.cur = nil
			continue
		}
		o.sel = o.sel[:0]
		for i := range s.batch.N {
			o.key = appendRowCode(o.key[:0], s.batch, o.oids, o.n.On, i)
			fresh, err := o.fresh(x, s.batch, i)
			if err != nil {
				return nil, err
			}
			if fresh {
				o.sel = append(o.sel, int32(i))
			}
		}
		if len(o.sel) > 0 {
			o.out.Cols, o.out.N, o.out.Sel = s.batch.Cols, s.batch.N, o.sel
			return &o.out, nil
		}
	}
}

func (o *distinctOp) close(x *execution) {
	o.input.close(x)
	o.closeSpill()
	o.seen = nil
}

// ---- intersect, except

// setOpOp counts the rows of the right side, then passes on rows of the left.
type setOpOp struct {
	left, right operator
	n           *planner.SetOp
	oids        []types.OID
	cols        []int
	counts      map[string]int64
	key         []byte
	out         vec.Batch
	sel         []int32
	built       bool
}

func newSetOp(l, r operator, n *planner.SetOp) *setOpOp {
	o := &setOpOp{left: l, right: r, n: n, oids: outTypes(n.Left)}
	for i := range o.oids {
		o.cols = append(o.cols, i)
	}
	return o
}

func (o *setOpOp) open(x *execution) error {
	o.counts, o.built = make(map[string]int64), false
	if err := o.right.open(x); err != nil {
		return err
	}
	return o.left.open(x)
}

func (o *setOpOp) next(x *execution) (*vec.Batch, error) {
	if !o.built {
		for {
			b, err := o.right.next(x)
			if err != nil {
				return nil, err
			}
			if b == nil {
				break
			}
			for k := range b.Len() {
				o.key = appendRowCode(o.key[:0], b, o.oids, o.cols, b.Row(k))
				o.counts[string(o.key)]++
			}
		}
		o.right.close(x)
		o.built = true
	}
	for {
		b, err := o.left.next(x)
		if b == nil || err != nil {
			return nil, err
		}
		o.sel = o.sel[:0]
		for k := range b.Len() {
			i := b.Row(k)
			o.key = appendRowCode(o.key[:0], b, o.oids, o.cols, i)
			if o.keep() {
				o.sel = append(o.sel, int32(i))
			}
		}
		if len(o.sel) > 0 {
			o.out.Cols, o.out.N, o.out.Sel = b.Cols, b.N, o.sel
			return &o.out, nil
		}
	}
}

// keep decides about the row whose code is in key. Without ALL, -1 marks a row
// that was passed on already.
func (o *setOpOp) keep() bool {
	n := o.counts[string(o.key)]
	if o.n.Op == parser.SetIntersect {
		if n <= 0 {
			return false
		}
		if o.n.All {
			o.counts[string(o.key)] = n - 1
		} else {
			o.counts[string(o.key)] = -1
		}
		return true
	}
	if o.n.All {
		if n > 0 {
			o.counts[string(o.key)] = n - 1
			return false
		}
		return true
	}
	if n != 0 {
		return false
	}
	o.counts[string(o.key)] = -1
	return true
}

func (o *setOpOp) close(x *execution) {
	o.left.close(x)
	o.right.close(x)
	o.counts = nil
}

// ---- WITH

// cteState is a WITH query's rows in one execution.
type cteState struct {
	store *rowStore
	done  bool
	op    operator
	round *rowStore // recursive: the rows of the last round
}

// withOp makes CTEs available. Each is computed when it is first read, and those
// that change data in any case.
type withOp struct {
	n    *planner.With
	ops  []operator
	body operator
}

func newWith(x *execution, n *planner.With) (operator, error) {
	o := &withOp{n: n}
	for _, c := range n.CTEs {
		op, err := newOperator(x, c.Plan)
		if err != nil {
			return nil, err
		}
		o.ops = append(o.ops, op)
	}
	var err error
	o.body, err = newOperator(x, n.Body)
	return o, err
}

func (o *withOp) open(x *execution) error {
	for i, c := range o.n.CTEs {
		st := x.cte(c)
		st.store.close()
		*st = cteState{op: o.ops[i]}
	}
	for _, c := range o.n.CTEs {
		if c.Modifying {
			if err := x.materialize(c); err != nil {
				return err
			}
		}
	}
	return o.body.open(x)
}

func (o *withOp) next(x *execution) (*vec.Batch, error) { return o.body.next(x) }

func (o *withOp) close(x *execution) {
	o.body.close(x)
	for i, c := range o.n.CTEs {
		o.ops[i].close(x)
		st := x.cte(c)
		st.store.close()
		st.store, st.done = nil, false
	}
}

// materialize runs a CTE to its end and keeps its rows.
func (x *execution) materialize(c *planner.CTE) error {
	st := x.cte(c)
	if st.done {
		return nil
	}
	if st.op == nil {
		return sqlerr.New(sqlerr.Internal, "WITH query %q is not open", c.Name)
	}
	st.store = newRowStore(x, outTypes(c.Plan))
	if err := st.op.open(x); err != nil {
		return err
	}
	for {
		b, err := st.op.next(x)
		if err != nil {
			return err
		}
		if b == nil {
			break
		}
		if err := st.store.add(x, b); err != nil {
			return err
		}
	}
	st.op.close(x)
	st.done = true
	return nil
}

type cteScanOp struct {
	cte *planner.CTE
	cur *rowCursor
	own *rowStore // a private copy when the rows are in a file, which has one reader
}

func (o *cteScanOp) open(x *execution) error {
	if err := x.materialize(o.cte); err != nil {
		return err
	}
	var err error
	s := x.cte(o.cte).store
	if s.file != nil {
		if o.own == nil {
			o.own = newRowStore(x, s.oids)
			if err := s.each(x, o.own.add); err != nil {
				return err
			}
		}
		s = o.own
	}
	o.cur, err = s.cursor()
	return err
}

func (o *cteScanOp) next(x *execution) (*vec.Batch, error) {
	if o.cur == nil {
		return nil, nil
	}
	if err := x.canceled(); err != nil {
		return nil, err
	}
	return o.cur.next()
}

func (o *cteScanOp) close(*execution) {
	o.cur = nil
	o.own.close()
	o.own = nil
}

// ---- recursive

type recursiveOp struct {
	base, step operator
	n          *planner.RecursiveUnion
	oids       []types.OID
	cols       []int
	seen       map[string]struct{}
	key        []byte
	round      *rowStore // rows for the next round
	phase      int       // 0 base, 1 step
	out        vec.Batch
	sel        []int32
}

func newRecursive(b, s operator, n *planner.RecursiveUnion) *recursiveOp {
	o := &recursiveOp{base: b, step: s, n: n, oids: outTypes(n)}
	for i := range o.oids {
		o.cols = append(o.cols, i)
	}
	return o
}

func (o *recursiveOp) open(x *execution) error {
	o.seen = nil
	if !o.n.All {
		o.seen = make(map[string]struct{})
	}
	o.round = newRowStore(x, o.oids)
	o.phase = 0
	return o.base.open(x)
}

func (o *recursiveOp) next(x *execution) (*vec.Batch, error) {
	for {
		if err := x.canceled(); err != nil {
			return nil, err
		}
		in := o.base
		if o.phase == 1 {
			in = o.step
		}
		b, err := in.next(x)
		if err != nil {
			return nil, err
		}
		if b == nil {
			in.close(x)
			st := x.cte(o.n.CTE)
			st.round.close()
			if o.round.n == 0 {
				st.round = nil
				return nil, nil
			}
			st.round, o.round = o.round, newRowStore(x, o.oids)
			o.phase = 1
			if err := o.step.open(x); err != nil {
				return nil, err
			}
			continue
		}
		if o.seen != nil {
			o.sel = o.sel[:0]
			for k := range b.Len() {
				i := b.Row(k)
				o.key = appendRowCode(o.key[:0], b, o.oids, o.cols, i)
				if _, dup := o.seen[string(o.key)]; !dup {
					o.seen[string(o.key)] = struct{}{}
					o.sel = append(o.sel, int32(i))
				}
			}
			if len(o.sel) == 0 {
				continue
			}
			o.out.Cols, o.out.N, o.out.Sel = b.Cols, b.N, o.sel
			b = &o.out
		}
		if err := o.round.add(x, b); err != nil {
			return nil, err
		}
		return b, nil
	}
}

func (o *recursiveOp) close(x *execution) {
	o.base.close(x)
	o.step.close(x)
	o.round.close()
	st := x.cte(o.n.CTE)
	st.round.close()
	st.round = nil
}

type workTableOp struct {
	cte *planner.CTE
	cur *rowCursor
}

func (o *workTableOp) open(x *execution) error {
	o.cur = nil
	s := x.cte(o.cte).round
	if s == nil {
		return nil
	}
	var err error
	o.cur, err = s.cursor()
	return err
}

func (o *workTableOp) next(*execution) (*vec.Batch, error) {
	if o.cur == nil {
		return nil, nil
	}
	return o.cur.next()
}

func (o *workTableOp) close(*execution) { o.cur = nil }

var _ expr.SubplanRunner = (*execution)(nil)
