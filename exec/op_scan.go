package exec

import (
	"bytes"
	"slices"
	"sync"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/txn"
	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// reader decodes stored rows into the columns a scan wants.
type reader struct {
	ti    *tableInfo
	out   *vec.Batch
	dec   *vec.RunDecoder // into the columns of out
	keyAt int             // column of the row key, -1 if not wanted

	drained bool // nobody stops before the last row

	// For filterNow: the scan's filter, and what of it can be asked, once that is wanted.
	node  planner.Node
	slots []int
	conds []expr.Expr
	asks  *condition
}

func newReader(ti *tableInfo, n planner.Node, slots []int, filter []expr.Expr) reader {
	r := reader{ti: ti, out: newBatch(n), keyAt: -1, node: n, slots: slots, conds: filter}
	var cols []int
	var dst []*vec.Vec
	for i, s := range slots {
		if s == planner.RowKeySlot {
			r.keyAt = i
			continue
		}
		cols, dst = append(cols, s), append(dst, &r.out.Cols[i])
	}
	r.dec = vec.NewRunDecoder(ti.dec, cols, dst)
	return r
}

// filterNow is the scan's filter for those who write, with the values that it has now; nil: all rows
// matter, or nobody asks.
func (r *reader) filterNow(x *execution) txn.Filter {
	if len(r.conds) == 0 || !x.txn.Watched() {
		return nil
	}
	if r.asks == nil {
		r.asks = newCondition(r.ti, r.node, r.slots, r.conds)
	}
	return r.asks.bind(x)
}

// add appends the row under key.
func (r *reader) add(key, value []byte) error {
	if err := r.dec.AppendRow(value); err != nil {
		return err
	}
	if r.keyAt >= 0 {
		r.out.Cols[r.keyAt].AppendBytes(key)
	}
	r.out.N++
	return nil
}

// addAll appends the rows of a run.
func (r *reader) addAll(run *txn.Run) error {
	if err := r.dec.AppendRows(run.Values); err != nil {
		return err
	}
	if r.keyAt >= 0 {
		for _, key := range run.Keys {
			r.out.Cols[r.keyAt].AppendBytes(key)
		}
	}
	r.out.N += run.Len()
	return nil
}

// spanReader reads spans, one after another, in runs that become larger.
type spanReader struct {
	scanner *txn.Scanner // nil: it is at the end
	run     *txn.Run
	size    int // of the next run
}

// spareRuns are taken over from scans that have ended: a scan of some hundred rows would else grow its own.
var spareRuns = sync.Pool{New: func() any { return new(txn.Run) }}

func (c *spanReader) open(x *execution, s txn.Span) (err error) {
	if c.scanner, err = x.txn.Scan(s, txn.Snapshot); err != nil {
		return x.storageError(err)
	}
	c.run = spareRuns.Get().(*txn.Run)
	return nil
}

// next reads the next run and returns how many rows it has; 0 is the end.
func (c *spanReader) next(x *execution) (int, error) {
	n, err := c.scanner.Next(c.run, c.size)
	if err != nil {
		return 0, x.storageError(err)
	}
	if n == 0 {
		c.close()
		return 0, nil
	}
	x.read += int64(n)
	c.size = min(2*c.size, vec.MaxRows)
	return n, nil
}

func (c *spanReader) close() {
	if c.scanner != nil {
		c.scanner.Close()
		c.run.Forget()
		spareRuns.Put(c.run)
		c.scanner, c.run = nil, nil
	}
}

// ---- sequential scan

type seqScanOp struct {
	reader
	filter *expr.Filter
	once   *filterOp
	rows   spanReader
	dead   bool
}

func newSeqScan(x *execution, n *planner.SeqScan) (operator, error) {
	ti, err := x.table(n.Table)
	if err != nil {
		return nil, err
	}
	f := newFilter(nil, n.Filter)
	return &seqScanOp{reader: newReader(ti, n, n.Slots, n.Filter), filter: f.f, once: f}, nil
}

func (o *seqScanOp) open(x *execution) error {
	o.close(x)
	o.rows.size = firstBatch
	if o.dead = false; len(o.once.once) > 0 {
		o.once.input = noRows{}
		if err := o.once.open(x); err != nil {
			return err
		}
		if o.dead = o.once.dead; o.dead {
			return nil
		}
	}
	if err := o.rows.open(x, txn.Span{Lo: o.ti.prefix, Hi: upper(o.ti.prefix)}); err != nil {
		return err
	}
	o.rows.scanner.Where(o.filterNow(x), o.drained)
	return nil
}

func (o *seqScanOp) next(x *execution) (*vec.Batch, error) {
	for o.rows.scanner != nil {
		if err := x.canceled(); err != nil {
			return nil, err
		}
		if n, err := o.rows.next(x); n == 0 || err != nil {
			return nil, err
		}
		o.out.Reset()
		if err := o.addAll(o.rows.run); err != nil {
			return nil, err
		}
		if err := o.filter.Apply(x.c, o.out); err != nil {
			return nil, err
		}
		if o.out.Len() > 0 {
			return o.out, nil
		}
	}
	return nil, nil
}

func (o *seqScanOp) close(*execution) { o.rows.close() }

// noRows is an empty input.
type noRows struct{}

func (noRows) open(*execution) error               { return nil }
func (noRows) next(*execution) (*vec.Batch, error) { return nil, nil }
func (noRows) close(*execution)                    {}

// ---- index scan

type span struct {
	lo, hi []byte
	point  bool // lo is the whole key of at most one row
}

type indexScanOp struct {
	reader
	n       *planner.IndexScan
	xi      *indexInfo
	filter  *expr.Filter
	once    *filterOp
	onlyKey []onlyCol // for index-only scans: where each column comes from
	spans   []span
	at      int
	rows    spanReader
	matters txn.Filter
	keyBuf  []byte
	buf     []byte
}

// onlyCol takes column Out from key part Part of the entry, or, if Part is
// negative, from part -1-Part of the cluster key.
type onlyCol struct{ out, part int }

func newIndexScan(x *execution, n *planner.IndexScan) (operator, error) {
	ti, err := x.table(n.Table)
	if err != nil {
		return nil, err
	}
	f := newFilter(nil, n.Filter)
	o := &indexScanOp{reader: newReader(ti, n, n.Slots, n.Filter), n: n, filter: f.f, once: f}
	for i, c := range n.Table.Indexes {
		if c == n.Index || c.ID == n.Index.ID {
			o.xi = ti.indexes[i]
		}
	}
	if o.xi == nil {
		return nil, corrupt("index %q is not of table %q", n.Index.Name, n.Table.Name)
	}
	if n.Only {
		for i, s := range n.Slots {
			if s == planner.RowKeySlot {
				continue
			}
			part := slices.IndexFunc(n.Index.Columns, func(c catalog.IndexColumn) bool { return c.Slot == s })
			if part < 0 {
				part = -1 - slices.Index(n.Table.Cluster, s)
			}
			o.onlyKey = append(o.onlyKey, onlyCol{i, part})
		}
	}
	return o, nil
}

func (o *indexScanOp) open(x *execution) error {
	o.close(x)
	o.spans, o.at, o.rows.size = o.spans[:0], 0, firstBatch
	if len(o.once.once) > 0 {
		o.once.input = noRows{}
		if err := o.once.open(x); err != nil {
			return err
		}
		if o.once.dead {
			return nil
		}
	}
	o.matters = o.filterNow(x)
	return o.makeSpans(x)
}

// makeSpans computes the key ranges from the values that the conditions have now.
func (o *indexScanOp) makeSpans(x *execution) error {
	n := o.n
	// The common case: one value for each key part, no range.
	o.buf = append(o.buf[:0], o.xi.prefix...)
	simple := true
	for i := range n.Keys {
		k := &n.Keys[i]
		if len(k.Values) != 1 {
			simple = false
			break
		}
		d, err := k.Values[0].Eval(x.c, nil, 0)
		if err != nil {
			return err
		}
		if d.IsNull() {
			return nil // = NULL is never true
		}
		c := &n.Index.Columns[i]
		o.buf = types.AppendKey(o.buf, c.Type.OID, d, c.Desc, c.NullsFirst)
	}
	if simple {
		return o.addSpan(x, o.buf, len(n.Keys) == len(n.Index.Columns) && n.Index.Unique)
	}
	prefixes := [][]byte{append([]byte(nil), o.xi.prefix...)}
	hasNull := false
	for i := range n.Keys {
		k := &n.Keys[i]
		c := &n.Index.Columns[i]
		var vals []types.Datum
		switch {
		case k.IsNull:
			vals = []types.Datum{types.Null}
			hasNull = true
		case k.Array != nil:
			d, err := k.Array.Eval(x.c, nil, 0)
			if err != nil {
				return err
			}
			if a := d.Array(); a != nil {
				for _, e := range a.Elems {
					if !e.IsNull() {
						vals = append(vals, e)
					}
				}
			}
		default:
			for _, e := range k.Values {
				d, err := e.Eval(x.c, nil, 0)
				if err != nil {
					return err
				}
				if !d.IsNull() {
					vals = append(vals, d)
				}
			}
		}
		var next [][]byte
		for _, p := range prefixes {
			for _, v := range vals {
				next = append(next, types.AppendKey(append([]byte(nil), p...), c.Type.OID, v, c.Desc, c.NullsFirst))
			}
		}
		prefixes = next
	}
	slices.SortFunc(prefixes, bytes.Compare)
	prefixes = slices.CompactFunc(prefixes, bytes.Equal)
	for _, p := range prefixes {
		if err := o.addSpan(x, p, len(n.Keys) == len(n.Index.Columns) && n.Index.Unique && !hasNull); err != nil {
			return err
		}
	}
	if n.Reverse {
		slices.Reverse(o.spans)
	}
	return nil
}

// addSpan adds the range under a key prefix, narrowed by Lo and Hi.
func (o *indexScanOp) addSpan(x *execution, prefix []byte, point bool) error {
	n := o.n
	if point && n.Lo == nil && n.Hi == nil {
		o.spans = append(o.spans, span{lo: prefix, point: true})
		return nil
	}
	s := span{lo: append([]byte(nil), prefix...), hi: upper(prefix)}
	if n.Lo == nil && n.Hi == nil {
		o.spans = append(o.spans, s)
		return nil
	}
	c := &n.Index.Columns[len(n.Keys)]
	// In key order, a bound on the value is a lower or, for DESC, an upper end.
	// NULLs lie outside every range.
	key := func(d types.Datum) []byte {
		return types.AppendKey(append([]byte(nil), prefix...), c.Type.OID, d, c.Desc, c.NullsFirst)
	}
	null := key(types.Null)
	if c.NullsFirst {
		s.lo = upper(null)
	} else {
		s.hi = null
	}
	apply := func(b *planner.KeyBound, low bool) (bool, error) {
		if b == nil || b.NotNull {
			return true, nil
		}
		d, err := b.Value.Eval(x.c, nil, 0)
		if err != nil || d.IsNull() {
			return false, err
		}
		k := key(d)
		if low != c.Desc { // the low end of the key range
			if !b.Inclusive {
				k = upper(k)
			}
			if bytes.Compare(k, s.lo) > 0 {
				s.lo = k
			}
		} else {
			if b.Inclusive {
				k = upper(k)
			}
			if bytes.Compare(k, s.hi) < 0 {
				s.hi = k
			}
		}
		return true, nil
	}
	if ok, err := apply(n.Lo, true); !ok || err != nil {
		return err
	}
	if ok, err := apply(n.Hi, false); !ok || err != nil {
		return err
	}
	if bytes.Compare(s.lo, s.hi) < 0 {
		o.spans = append(o.spans, s)
	}
	return nil
}

func (o *indexScanOp) next(x *execution) (*vec.Batch, error) {
	for {
		if o.rows.scanner == nil && o.at >= len(o.spans) {
			return nil, nil
		}
		if err := x.canceled(); err != nil {
			return nil, err
		}
		o.out.Reset()
		if err := o.fill(x); err != nil {
			return nil, err
		}
		if o.out.N == 0 {
			continue
		}
		if err := o.filter.Apply(x.c, o.out); err != nil {
			return nil, err
		}
		if o.out.Len() > 0 {
			return o.out, nil
		}
	}
}

// fill reads up to a batch of rows; points are gathered, a range is read a run at a time.
func (o *indexScanOp) fill(x *execution) error {
	for o.rows.scanner == nil && o.at < len(o.spans) && o.out.N < vec.MaxRows {
		s := &o.spans[o.at]
		o.at++
		if s.point {
			if err := o.point(x, s.lo); err != nil {
				return err
			}
			continue
		}
		if o.out.N > 0 {
			o.at--
			return nil
		}
		if err := o.rows.open(x, txn.Span{Lo: s.lo, Hi: s.hi, Reverse: o.n.Reverse}); err != nil {
			return err
		}
		o.rows.scanner.Where(o.matters, o.drained)
	}
	if o.rows.scanner == nil {
		return nil
	}
	n, err := o.rows.next(x)
	if n == 0 || err != nil {
		return err
	}
	if o.xi.x.Clustered() {
		return o.addAll(o.rows.run)
	}
	for i := range n {
		if err := o.take(x, o.rows.run.Keys[i], o.rows.run.Values[i]); err != nil {
			return err
		}
	}
	return nil
}

// point reads the row whose whole index key is known.
func (o *indexScanOp) point(x *execution, key []byte) error {
	v, ok, err := o.get(x, key)
	if err != nil || !ok {
		return x.storageError(err)
	}
	return o.take(x, key, v)
}

// get reads a row. If its key is wanted, that is to lock it, and mostly to write it.
func (o *indexScanOp) get(x *execution, key []byte) (row []byte, ok bool, err error) {
	if o.keyAt >= 0 {
		return x.txn.GetToWrite(key, o.matters)
	}
	return x.txn.GetWhere(key, o.matters)
}

// take adds the row behind one entry of the index.
func (o *indexScanOp) take(x *execution, key, value []byte) error {
	if o.xi.x.Clustered() {
		return o.add(key, value)
	}
	if o.n.Only {
		return o.fromEntry(key, value)
	}
	var err error
	if o.keyBuf, err = o.ti.rowKeyOf(o.keyBuf[:0], o.xi, key, value); err != nil {
		return err
	}
	row, ok, err := o.get(x, o.keyBuf)
	if err != nil {
		return x.storageError(err)
	}
	if !ok {
		return corrupt("index %q has an entry without a row", o.n.Index.Name)
	}
	return o.add(o.keyBuf, row)
}

// fromEntry decodes the wanted columns from the entry itself.
func (o *indexScanOp) fromEntry(key, value []byte) error {
	var parts, cluster [16]types.Datum
	rest := key[len(o.xi.prefix):]
	var err error
	for k := range o.xi.x.Columns {
		c := &o.xi.x.Columns[k]
		if parts[k&15], rest, err = types.DecodeKey(rest, c.Type.OID, c.Desc, c.NullsFirst); err != nil {
			return err
		}
	}
	if o.xi.x.Unique {
		rest = value
	}
	suffix := rest
	decoded := 0
	for _, c := range o.onlyKey {
		if c.part >= 0 {
			o.out.Cols[c.out].AppendDatum(parts[c.part])
			continue
		}
		for at := -1 - c.part; decoded <= at; decoded++ {
			s := o.ti.t.Cluster[decoded]
			if cluster[decoded], rest, err = types.DecodeKey(rest, o.ti.oids[s], false, false); err != nil {
				return err
			}
		}
		o.out.Cols[c.out].AppendDatum(cluster[-1-c.part])
	}
	if o.keyAt >= 0 {
		o.keyBuf = append(append(o.keyBuf[:0], o.ti.prefix...), suffix...)
		o.out.Cols[o.keyAt].AppendBytes(o.keyBuf)
	}
	o.out.N++
	return nil
}

func (o *indexScanOp) close(*execution) {
	o.rows.close()
	o.at = len(o.spans)
}

// ---- system views

type virtualScanOp struct {
	n      *planner.VirtualScan
	filter *expr.Filter
	out    *vec.Batch
	rows   [][]types.Datum
	at     int
}

func newVirtualScan(n *planner.VirtualScan) *virtualScanOp {
	return &virtualScanOp{n: n, filter: expr.NewFilter(n.Filter), out: newBatch(n)}
}

func (o *virtualScanOp) open(x *execution) error {
	o.at = 0
	v, err := x.virtualRows(o.n.Table)
	if err != nil {
		return err
	}
	o.rows = v.rows
	for _, c := range o.n.Filter {
		slot, value := o.lookup(c)
		if value == nil {
			continue
		}
		d, err := value.Eval(x.c, nil, 0)
		if err != nil {
			return err
		}
		if d.IsNull() {
			o.rows = nil
		} else {
			o.rows = v.where(slot, d.Int())
		}
		break
	}
	return nil
}

// lookup recognises a condition column = value, both integers or numbers of objects,
// for which the rows need not be searched. The filter checks it again.
func (o *virtualScanOp) lookup(cond expr.Expr) (slot int, value expr.Expr) {
	call, ok := cond.(*expr.Call)
	if !ok || call.Op != "=" || len(call.Args) != 2 {
		return 0, nil
	}
	for i, a := range call.Args {
		if c, ok := a.(*expr.Cast); ok && isNumber(c.To.OID) && isNumber(c.Arg.Type().OID) {
			a = c.Arg
		}
		col, ok := a.(*expr.Col)
		if !ok || !isNumber(col.Typ.OID) || !isNumber(call.Args[1-i].Type().OID) {
			continue
		}
		if s := o.n.Slots[col.Idx]; s != planner.RowKeySlot && !expr.Any(call.Args[1-i], func(e expr.Expr) bool {
			switch e := e.(type) {
			case *expr.Col, *expr.Subplan:
				return true
			case *expr.Call:
				return e.Fn.Vol == expr.Volatile
			}
			return false
		}) {
			return s, call.Args[1-i]
		}
	}
	return 0, nil
}

// isNumber: values of such types are equal exactly if their integers are.
func isNumber(o types.OID) bool {
	switch o {
	case types.Int2OID, types.Int4OID, types.Int8OID, types.OidOID:
		return true
	}
	return types.IsReg(o)
}

func (o *virtualScanOp) next(x *execution) (*vec.Batch, error) {
	for o.at < len(o.rows) {
		o.out.Reset()
		for o.at < len(o.rows) && o.out.N < vec.MaxRows {
			row := o.rows[o.at]
			o.at++
			for i, s := range o.n.Slots {
				if s == planner.RowKeySlot {
					o.out.Cols[i].AppendNull()
				} else {
					o.out.Cols[i].AppendDatum(row[s])
				}
			}
			o.out.N++
		}
		if err := o.filter.Apply(x.c, o.out); err != nil {
			return nil, err
		}
		if o.out.Len() > 0 {
			return o.out, nil
		}
	}
	return nil, nil
}

func (o *virtualScanOp) close(*execution) { o.rows = nil }

// ---- functions in FROM

type functionScanOp struct {
	n      *planner.FunctionScan
	filter *expr.Filter
	out    *vec.Batch
	gens   []expr.Rows
	count  int64
	done   bool
}

func newFunctionScan(n *planner.FunctionScan) *functionScanOp {
	return &functionScanOp{n: n, filter: expr.NewFilter(n.Filter), out: newBatch(n)}
}

func (o *functionScanOp) open(x *execution) error {
	o.gens, o.count, o.done = o.gens[:0], 0, false
	for _, e := range o.n.Calls {
		if call, ok := e.(*expr.Call); ok && call.Fn.SRF != nil {
			g, err := startSRF(x, call, nil, 0)
			if err != nil {
				return err
			}
			o.gens = append(o.gens, g)
			continue
		}
		// A plain function is one row.
		d, err := e.Eval(x.c, nil, 0)
		if err != nil {
			return err
		}
		d = d.Clone()
		first := true
		o.gens = append(o.gens, func() ([]types.Datum, bool, error) {
			if !first {
				return nil, false, nil
			}
			first = false
			return []types.Datum{d}, true, nil
		})
	}
	return nil
}

func (o *functionScanOp) next(x *execution) (*vec.Batch, error) {
	for !o.done {
		if err := x.canceled(); err != nil {
			return nil, err
		}
		o.out.Reset()
		for o.out.N < vec.MaxRows {
			any := false
			col := 0
			for i, g := range o.gens {
				row, ok, err := g()
				if err != nil {
					return nil, err
				}
				any = any || ok
				for k := range o.n.Widths[i] {
					if ok {
						o.out.Cols[col].AppendDatum(row[k])
					} else {
						o.out.Cols[col].AppendNull()
					}
					col++
				}
			}
			if !any {
				// The row that was begun is not one: cut it off again.
				for c := range col {
					o.out.Cols[c].SetLen(o.out.N)
				}
				o.done = true
				break
			}
			o.count++
			if o.n.Ordinality {
				o.out.Cols[col].AppendInt(o.count)
			}
			o.out.N++
		}
		if o.out.N == 0 {
			return nil, nil
		}
		if err := o.filter.Apply(x.c, o.out); err != nil {
			return nil, err
		}
		if o.out.Len() > 0 {
			return o.out, nil
		}
	}
	return nil, nil
}

func (o *functionScanOp) close(*execution) { o.gens = o.gens[:0] }
