package exec

import (
	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// operator computes rows, a batch at a time.
type operator interface {
	// open starts the operator, or starts it again with the values that
	// parameters and outer columns have now.
	open(x *execution) error
	// next returns the next batch, which has at least one row alive, or nil at the end.
	next(x *execution) (*vec.Batch, error)
	// close releases what open took. It may be called twice, and before open.
	close(x *execution)
}

// firstBatch is how many rows a scan reads first; it doubles up to vec.MaxRows,
// so that LIMIT 1 pays for few.
const firstBatch = 16

// newOperator builds the operator tree of a plan.
func newOperator(x *execution, n planner.Node) (operator, error) {
	op, err := makeOperator(x, n)
	if err != nil {
		return nil, err
	}
	if x.analyze != nil {
		op = x.analyze.wrap(n, op)
	}
	return op, nil
}

func makeOperator(x *execution, n planner.Node) (operator, error) {
	input := func(n planner.Node) (operator, error) { return newOperator(x, n) }
	switch n := n.(type) {
	case *planner.SeqScan:
		return newSeqScan(x, n)
	case *planner.IndexScan:
		return newIndexScan(x, n)
	case *planner.VirtualScan:
		return newVirtualScan(n), nil
	case *planner.FunctionScan:
		return newFunctionScan(n), nil
	case *planner.ValuesScan:
		return newValuesScan(n), nil
	case *planner.CTEScan:
		return &cteScanOp{cte: n.CTE}, nil
	case *planner.WorkTableScan:
		return &workTableOp{cte: n.CTE}, nil
	case *planner.With:
		return newWith(x, n)
	case *planner.Filter:
		in, err := input(n.Input)
		return newFilter(in, n.Conds), err
	case *planner.Project:
		in, err := input(n.Input)
		return newProject(in, n), err
	case *planner.ProjectSet:
		in, err := input(n.Input)
		return newProjectSet(in, n), err
	case *planner.Limit:
		in, err := input(n.Input)
		return newLimit(in, n), err
	case *planner.Sort:
		in, err := input(n.Input)
		return newSort(in, n), err
	case *planner.Distinct:
		in, err := input(n.Input)
		return newDistinct(in, n), err
	case *planner.Aggregate:
		in, err := input(n.Input)
		return newAggregate(in, n), err
	case *planner.Append:
		a := &appendOp{}
		for _, c := range n.Inputs {
			in, err := input(c)
			if err != nil {
				return nil, err
			}
			a.inputs = append(a.inputs, in)
		}
		return a, nil
	case *planner.SetOp:
		l, err := input(n.Left)
		if err != nil {
			return nil, err
		}
		r, err := input(n.Right)
		return newSetOp(l, r, n), err
	case *planner.RecursiveUnion:
		b, err := input(n.Base)
		if err != nil {
			return nil, err
		}
		s, err := input(n.Step)
		return newRecursive(b, s, n), err
	case *planner.NestLoop:
		o, err := input(n.Outer)
		if err != nil {
			return nil, err
		}
		i, err := input(n.Inner)
		return newNestLoop(o, i, n), err
	case *planner.HashJoin:
		o, err := input(n.Outer)
		if err != nil {
			return nil, err
		}
		i, err := input(n.Inner)
		return newHashJoin(o, i, n), err
	case *planner.MergeJoin:
		o, err := input(n.Outer)
		if err != nil {
			return nil, err
		}
		i, err := input(n.Inner)
		return newMergeJoin(o, i, n), err
	case *planner.LockRows:
		in, err := input(n.Input)
		if err != nil {
			return nil, err
		}
		return newLockRows(x, in, n)
	case *planner.Insert:
		in, err := input(n.Input)
		if err != nil {
			return nil, err
		}
		return newInsert(x, in, n)
	case *planner.Modify:
		in, err := input(n.Input)
		if err != nil {
			return nil, err
		}
		return newModify(x, in, n)
	}
	return nil, sqlerr.New(sqlerr.Internal, "no operator for %T", n)
}

// outTypes are the types of a node's columns.
func outTypes(n planner.Node) []types.OID {
	cols := n.Meta().Cols
	out := make([]types.OID, len(cols))
	for i, c := range cols {
		out[i] = c.Type.OID
	}
	return out
}

// drain tells the scan below, if rows come straight from one, that all of them will be asked for.
func drain(op operator) {
	switch o := op.(type) {
	case *filterOp:
		drain(o.input)
	case *projectOp:
		drain(o.input)
	case *seqScanOp:
		o.drained = true
	case *indexScanOp:
		o.drained = true
	}
}

func newBatch(n planner.Node) *vec.Batch { return vec.NewBatch(outTypes(n)) }

// ---- filter

type filterOp struct {
	input operator
	once  []expr.Expr // conditions without columns: decided at open
	f     *expr.Filter
	dead  bool
}

func newFilter(in operator, conds []expr.Expr) *filterOp {
	o := &filterOp{input: in}
	var rows []expr.Expr
	for _, c := range conds {
		if expr.Any(c, func(e expr.Expr) bool { _, ok := e.(*expr.Col); return ok }) || expr.VolatilityOf(c) == expr.Volatile {
			rows = append(rows, c)
		} else {
			o.once = append(o.once, c)
		}
	}
	o.f = expr.NewFilter(rows)
	return o
}

func (o *filterOp) open(x *execution) error {
	o.dead = false
	for _, c := range o.once {
		d, err := c.Eval(x.c, nil, 0)
		if err != nil {
			return err
		}
		if d.IsNull() || !d.Bool() {
			o.dead = true
			return nil
		}
	}
	return o.input.open(x)
}

func (o *filterOp) next(x *execution) (*vec.Batch, error) {
	if o.dead {
		return nil, nil
	}
	for {
		b, err := o.input.next(x)
		if b == nil || err != nil {
			return nil, err
		}
		if err := o.f.Apply(x.c, b); err != nil {
			return nil, err
		}
		if b.Len() > 0 {
			return b, nil
		}
	}
}

func (o *filterOp) close(x *execution) { o.input.close(x) }

// ---- project

type projectOp struct {
	input operator
	evals []*expr.Evaluator
	out   vec.Batch
}

func newProject(in operator, n *planner.Project) *projectOp {
	o := &projectOp{input: in, out: *newBatch(n)}
	for _, e := range n.Exprs {
		o.evals = append(o.evals, expr.NewEvaluator(e))
	}
	return o
}

func (o *projectOp) open(x *execution) error { return o.input.open(x) }

func (o *projectOp) next(x *execution) (*vec.Batch, error) {
	b, err := o.input.next(x)
	if b == nil || err != nil {
		return nil, err
	}
	return &o.out, project(x, o.evals, b, &o.out)
}

// project computes the expressions for the rows alive in b. The columns of out
// take the vectors over; they stay valid as long as b does.
func project(x *execution, evals []*expr.Evaluator, b, out *vec.Batch) error {
	for i, e := range evals {
		v, err := e.Eval(x.c, b)
		if err != nil {
			return err
		}
		out.Cols[i] = *v
	}
	out.N, out.Sel = b.Len(), nil
	return nil
}

func (o *projectOp) close(x *execution) { o.input.close(x) }

// ---- project set

// projectSetOp runs the set-returning functions of a select list in step: a row
// for each until the longest is through, NULL for those that are.
type projectSetOp struct {
	input operator
	n     *planner.ProjectSet
	out   *vec.Batch
	in    *vec.Batch
	row   int
	gens  []expr.Rows // by item; nil for a plain one
	vals  []types.Datum
	live  bool
}

func newProjectSet(in operator, n *planner.ProjectSet) *projectSetOp {
	return &projectSetOp{input: in, n: n, out: newBatch(n), gens: make([]expr.Rows, len(n.Exprs)), vals: make([]types.Datum, len(n.Exprs))}
}

func (o *projectSetOp) open(x *execution) error {
	o.in, o.row, o.live = nil, 0, false
	return o.input.open(x)
}

func (o *projectSetOp) next(x *execution) (*vec.Batch, error) {
	o.out.Reset()
	for o.out.N < vec.MaxRows {
		if !o.live {
			if o.in == nil || o.row >= o.in.Len() {
				if o.out.N > 0 {
					break // the input batch dies with its next
				}
				b, err := o.input.next(x)
				if err != nil {
					return nil, err
				}
				if b == nil {
					break
				}
				o.in, o.row = b, 0
			}
			if err := o.start(x, o.in.Row(o.row)); err != nil {
				return nil, err
			}
			o.row++
			o.live = true
		}
		any := false
		for i, g := range o.gens {
			if g == nil {
				continue
			}
			row, ok, err := g()
			if err != nil {
				return nil, err
			}
			o.vals[i] = types.Null
			if ok {
				any = true
				o.vals[i] = row[0]
				if len(row) > 1 {
					o.vals[i] = recordOf(srfOf(o.n.Exprs[i]), row)
				}
			} else {
				o.gens[i] = func() ([]types.Datum, bool, error) { return nil, false, nil }
			}
		}
		if !any {
			o.live = false
			continue
		}
		// A set inside a larger expression reads its value from the call's place.
		for i, e := range o.n.Exprs {
			d := o.vals[i]
			if call := srfOf(e); call != nil && e != expr.Expr(call) {
				var err error
				if d, err = evalAround(x, e, call, d, o.in, o.in.Row(o.row-1)); err != nil {
					return nil, err
				}
			}
			o.out.Cols[i].AppendDatum(d)
		}
		o.out.N++
	}
	if o.out.N == 0 {
		return nil, nil
	}
	return o.out, nil
}

// start evaluates the plain items and starts the functions for one input row.
func (o *projectSetOp) start(x *execution, i int) error {
	for k, e := range o.n.Exprs {
		o.gens[k] = nil
		if call := srfOf(e); call != nil {
			g, err := startSRF(x, call, o.in, i)
			if err != nil {
				return err
			}
			o.gens[k] = g
			continue
		}
		d, err := e.Eval(x.c, o.in, i)
		if err != nil {
			return err
		}
		o.vals[k] = d
	}
	return nil
}

// recordOf makes the row of a function with several columns one value.
func recordOf(call *expr.Call, row []types.Datum) types.Datum {
	r := &types.Record{Names: call.Fn.OutNames, Fields: append([]types.Datum(nil), row...)}
	for _, o := range call.Fn.OutTypes {
		r.Types = append(r.Types, o.Type())
	}
	return types.NewRecord(r)
}

// srfOf returns the set-returning call in e, if any.
func srfOf(e expr.Expr) *expr.Call {
	var found *expr.Call
	expr.Walk(e, func(y expr.Expr) bool {
		if c, ok := y.(*expr.Call); ok && c.Fn.SRF != nil && found == nil {
			found = c
		}
		return found == nil
	})
	return found
}

// evalAround evaluates e with the set-returning call inside replaced by d.
func evalAround(x *execution, e expr.Expr, call *expr.Call, d types.Datum, b *vec.Batch, i int) (types.Datum, error) {
	t := call.Typ
	y := expr.Map(e, func(y expr.Expr) expr.Expr {
		if c, ok := y.(*expr.Call); ok && c.Fn == call.Fn && c.Fn.SRF != nil {
			return &expr.Const{Value: d, Typ: t}
		}
		return y
	})
	return y.Eval(x.c, b, i)
}

// startSRF evaluates a call's arguments and starts it; a strict one with a NULL has no rows.
func startSRF(x *execution, call *expr.Call, b *vec.Batch, i int) (expr.Rows, error) {
	args := make([]types.Datum, len(call.Args))
	for k, a := range call.Args {
		d, err := a.Eval(x.c, b, i)
		if err != nil {
			return nil, err
		}
		if d.IsNull() && call.Fn.Strict {
			return func() ([]types.Datum, bool, error) { return nil, false, nil }, nil
		}
		args[k] = d.Clone()
	}
	return call.Fn.SRF(&expr.CallCtx{Ctx: x.c, Call: call}, args)
}

func (o *projectSetOp) close(x *execution) { o.input.close(x) }

// ---- values

type valuesOp struct {
	n   *planner.ValuesScan
	out *vec.Batch
	row int
}

func newValuesScan(n *planner.ValuesScan) *valuesOp { return &valuesOp{n: n, out: newBatch(n)} }

func (o *valuesOp) open(*execution) error { o.row = 0; return nil }

func (o *valuesOp) next(x *execution) (*vec.Batch, error) {
	o.out.Reset()
	for o.row < len(o.n.Rows) && o.out.N < vec.MaxRows {
		for i, e := range o.n.Rows[o.row] {
			d, err := e.Eval(x.c, nil, 0)
			if err != nil {
				return nil, err
			}
			o.out.Cols[i].AppendDatum(d)
		}
		o.out.N++
		o.row++
	}
	if o.out.N == 0 {
		return nil, nil
	}
	return o.out, nil
}

func (o *valuesOp) close(*execution) {}

// ---- append

type appendOp struct {
	inputs []operator
	at     int
}

func (o *appendOp) open(x *execution) error {
	o.at = 0
	return o.inputs[0].open(x)
}

func (o *appendOp) next(x *execution) (*vec.Batch, error) {
	for o.at < len(o.inputs) {
		b, err := o.inputs[o.at].next(x)
		if b != nil || err != nil {
			return b, err
		}
		o.inputs[o.at].close(x)
		if o.at++; o.at < len(o.inputs) {
			if err := o.inputs[o.at].open(x); err != nil {
				return nil, err
			}
		}
	}
	return nil, nil
}

func (o *appendOp) close(x *execution) {
	for _, in := range o.inputs {
		in.close(x)
	}
}

// ---- limit

type limitOp struct {
	input  operator
	n      *planner.Limit
	skip   int64
	left   int64 // -1: no limit
	out    vec.Batch
	sel    []int32
	last   []byte // key of the last row of the limit, for WITH TIES
	ties   bool
	keybuf []byte
}

func newLimit(in operator, n *planner.Limit) *limitOp { return &limitOp{input: in, n: n} }

// rowCount evaluates a LIMIT or OFFSET; def stands for NULL.
func rowCount(x *execution, e expr.Expr, clause string, code sqlerr.Code, def int64) (int64, error) {
	if e == nil {
		return def, nil
	}
	d, err := e.Eval(x.c, nil, 0)
	if err != nil || d.IsNull() {
		return def, err
	}
	if d.Int() < 0 {
		return 0, sqlerr.New(code, "%s must not be negative", clause)
	}
	return d.Int(), nil
}

func (o *limitOp) open(x *execution) error {
	var err error
	if o.skip, err = rowCount(x, o.n.Offset, "OFFSET", sqlerr.InvalidRowCountInResultOffset, 0); err != nil {
		return err
	}
	if o.left, err = rowCount(x, o.n.Count, "LIMIT", sqlerr.InvalidRowCountInLimitClause, -1); err != nil {
		return err
	}
	o.ties, o.last = false, nil
	if o.left == 0 {
		return nil
	}
	return o.input.open(x)
}

func (o *limitOp) next(x *execution) (*vec.Batch, error) {
	for o.left != 0 || o.ties {
		b, err := o.input.next(x)
		if b == nil || err != nil {
			o.left, o.ties = 0, false
			return nil, err
		}
		n := int64(b.Len())
		if o.skip >= n {
			o.skip -= n
			continue
		}
		o.sel = o.sel[:0]
		for k := o.skip; k < n; k++ {
			row := b.Row(int(k))
			if o.left == 0 {
				if !o.ties {
					break
				}
				key, err := o.key(x, b, row)
				if err != nil {
					return nil, err
				}
				if string(key) != string(o.last) {
					o.ties = false
					break
				}
			} else if o.left > 0 {
				if o.left--; o.left == 0 && len(o.n.Ties) > 0 {
					key, err := o.key(x, b, row)
					if err != nil {
						return nil, err
					}
					o.last, o.ties = append([]byte(nil), key...), true
				}
			}
			o.sel = append(o.sel, int32(row))
		}
		o.skip = 0
		if len(o.sel) == 0 {
			return nil, nil
		}
		o.out.Cols, o.out.N, o.out.Sel = b.Cols, b.N, o.sel
		return &o.out, nil
	}
	return nil, nil
}

func (o *limitOp) key(x *execution, b *vec.Batch, row int) ([]byte, error) {
	var err error
	o.keybuf, err = appendSortKey(x, o.keybuf[:0], o.n.Ties, b, row)
	return o.keybuf, err
}

func (o *limitOp) close(x *execution) { o.input.close(x) }

// appendSortKey appends the key code of the sort keys of a row: bytes that
// compare as the rows sort.
func appendSortKey(x *execution, dst []byte, keys []expr.SortKey, b *vec.Batch, row int) ([]byte, error) {
	for i := range keys {
		k := &keys[i]
		d, err := k.Expr.Eval(x.c, b, row)
		if err != nil {
			return dst, err
		}
		dst = types.AppendKey(dst, k.Expr.Type().OID, d, k.Desc, k.NullsFirst)
	}
	return dst, nil
}
