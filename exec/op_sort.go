package exec

import (
	"bytes"
	"container/heap"
	"slices"

	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types/vec"
)

// sortOp sorts its input by the key code of the sort keys, so that comparing two
// rows is comparing bytes. With a limit it keeps only the first rows in a heap.
// Beyond work_mem it writes sorted runs to temporary files and merges them.
type sortOp struct {
	input operator
	n     *planner.Sort
	pack  *packer
	out   *vec.Batch

	rows   []sortRow
	mem    arena
	runs   []*spool
	merge  mergeHeap
	at     int
	sorted bool
	seq    int64
	top    int64 // keep only this many; -1: all
	key    []byte
	row    []byte
}

type sortRow struct {
	key, row []byte
	seq      int64 // input order, to keep the sort stable
}

func (r *sortRow) compare(o *sortRow) int {
	if c := bytes.Compare(r.key, o.key); c != 0 {
		return c
	}
	return int(min(max(r.seq-o.seq, -1), 1))
}

func newSort(in operator, n *planner.Sort) *sortOp {
	drain(in)
	return &sortOp{input: in, n: n, pack: newPacker(outTypes(n)), out: newBatch(n)}
}

func (o *sortOp) open(x *execution) error {
	o.reset()
	o.top = -1
	if o.n.Limit != nil {
		l, err := rowCount(x, o.n.Limit, "LIMIT", sqlerr.InvalidRowCountInLimitClause, -1)
		if err != nil {
			return err
		}
		off, err := rowCount(x, o.n.Offset, "OFFSET", sqlerr.InvalidRowCountInResultOffset, 0)
		if err != nil {
			return err
		}
		if l >= 0 && l+off >= 0 && l+off < 10_000 {
			o.top = l + off
		}
	}
	return o.input.open(x)
}

func (o *sortOp) reset() {
	for _, r := range o.runs {
		r.close()
	}
	o.rows, o.runs, o.merge, o.at, o.sorted, o.seq = o.rows[:0], nil, nil, 0, false, 0
	o.mem.reset()
}

func (o *sortOp) next(x *execution) (*vec.Batch, error) {
	if !o.sorted {
		if err := o.consume(x); err != nil {
			return nil, err
		}
		o.sorted = true
	}
	o.out.Reset()
	if o.merge != nil {
		for o.out.N < vec.MaxRows && len(o.merge) > 0 {
			top := o.merge[0]
			if err := o.pack.unpack(top.row, o.out, 0); err != nil {
				return nil, err
			}
			o.out.N++
			if err := o.merge.advance(); err != nil {
				return nil, err
			}
		}
	} else {
		for o.out.N < vec.MaxRows && o.at < len(o.rows) {
			if err := o.pack.unpack(o.rows[o.at].row, o.out, 0); err != nil {
				return nil, err
			}
			o.at++
			o.out.N++
		}
	}
	if o.out.N == 0 {
		return nil, nil
	}
	return o.out, nil
}

func (o *sortOp) consume(x *execution) error {
	for {
		b, err := o.input.next(x)
		if err != nil {
			return err
		}
		if b == nil {
			break
		}
		if err := x.canceled(); err != nil {
			return err
		}
		for k := range b.Len() {
			i := b.Row(k)
			if o.key, err = appendSortKey(x, o.key[:0], o.n.Keys, b, i); err != nil {
				return err
			}
			o.seq++
			if o.top >= 0 {
				o.addTop(b, i)
				continue
			}
			o.row = o.pack.pack(o.row[:0], b, i)
			o.rows = append(o.rows, sortRow{o.mem.keep(o.key), o.mem.keep(o.row), o.seq})
			if o.mem.size+len(o.rows)*56 > x.workMem() {
				if err := o.spill(x); err != nil {
					return err
				}
			}
		}
	}
	o.input.close(x)
	slices.SortFunc(o.rows, func(a, b sortRow) int { return a.compare(&b) })
	if len(o.runs) == 0 {
		return nil
	}
	if err := o.spill(x); err != nil {
		return err
	}
	for i, r := range o.runs {
		if err := r.rewind(); err != nil {
			return err
		}
		h := &mergeRun{s: r, order: i}
		if ok, err := h.read(); err != nil {
			return err
		} else if ok {
			o.merge = append(o.merge, h)
		}
	}
	heap.Init(&o.merge)
	return nil
}

// addTop keeps the row if it is among the first top ones. rows is a max-heap.
func (o *sortOp) addTop(b *vec.Batch, i int) {
	r := sortRow{key: o.key, seq: o.seq}
	if int64(len(o.rows)) >= o.top {
		if o.top == 0 || r.compare(&o.rows[0]) >= 0 {
			return
		}
	}
	r.key = bytes.Clone(o.key)
	r.row = o.pack.pack(nil, b, i)
	h := (*topHeap)(&o.rows)
	if int64(len(o.rows)) < o.top {
		heap.Push(h, r)
		return
	}
	o.rows[0] = r
	heap.Fix(h, 0)
}

func (o *sortOp) spill(x *execution) error {
	slices.SortFunc(o.rows, func(a, b sortRow) int { return a.compare(&b) })
	s, err := newSpool(x)
	if err != nil {
		return err
	}
	o.runs = append(o.runs, s)
	for i := range o.rows {
		if err := s.write(o.rows[i].key, o.rows[i].row); err != nil {
			return err
		}
	}
	clear(o.rows)
	o.rows = o.rows[:0]
	o.mem.reset()
	return nil
}

func (o *sortOp) close(x *execution) {
	o.input.close(x)
	o.reset()
}

// topHeap has the greatest row on top.
type topHeap []sortRow

func (h topHeap) Len() int           { return len(h) }
func (h topHeap) Less(i, j int) bool { return h[i].compare(&h[j]) > 0 }
func (h topHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *topHeap) Push(v any)        { *h = append(*h, v.(sortRow)) }
func (h *topHeap) Pop() any {
	old := *h
	v := old[len(old)-1]
	*h = old[:len(old)-1]
	return v
}

// mergeRun is a sorted run being merged; runs were made in input order, so ties
// go to the earlier one.
type mergeRun struct {
	s        *spool
	order    int
	key, row []byte
}

func (r *mergeRun) read() (bool, error) {
	var ok bool
	var err error
	r.key, r.row, ok, err = r.s.read()
	return ok, err
}

type mergeHeap []*mergeRun

func (h mergeHeap) Len() int { return len(h) }
func (h mergeHeap) Less(i, j int) bool {
	if c := bytes.Compare(h[i].key, h[j].key); c != 0 {
		return c < 0
	}
	return h[i].order < h[j].order
}
func (h mergeHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *mergeHeap) Push(v any)   { *h = append(*h, v.(*mergeRun)) }
func (h *mergeHeap) Pop() any {
	old := *h
	v := old[len(old)-1]
	*h = old[:len(old)-1]
	return v
}

// advance moves the top run to its next row.
func (h *mergeHeap) advance() error {
	ok, err := (*h)[0].read()
	if err != nil {
		return err
	}
	if ok {
		heap.Fix(h, 0)
	} else {
		heap.Pop(h)
	}
	return nil
}
