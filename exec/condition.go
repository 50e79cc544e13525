package exec

import (
	"context"

	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/txn"
	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// condition is the part of a scan's filter that can be asked of any version of a row, at any time and
// by anybody: what is in it beside columns and constants is computed when the scan opens. The other
// conditions count as met, so that more rows meet it than are read, never fewer.
type condition struct {
	conds    []expr.Expr // over out and given
	given    []expr.Expr // without columns: Params of conds, by number
	decoder  *vec.RunDecoder
	out      *vec.Batch // only what conds need is filled
	evaluate expr.Ctx   // used, like out, under the mutex that guards txn.Filter
}

// newCondition makes one of the filter of a scan, n.
func newCondition(ti *tableInfo, n planner.Node, slots []int, filter []expr.Expr) *condition {
	c := &condition{out: newBatch(n)}
	c.evaluate.Context = context.Background()
	var cols []int
	var dst []*vec.Vec
	used := make(map[int]bool)
	for _, f := range filter {
		for _, e := range expr.Conjuncts(f) {
			if !ofRow(e) {
				continue // decided when the scan opens
			}
			given := len(c.given)
			e = c.lift(e)
			if !askable(e, slots) {
				c.given = c.given[:given]
				continue
			}
			c.conds = append(c.conds, e)
			expr.Walk(e, func(x expr.Expr) bool {
				if col, ok := x.(*expr.Col); ok && !used[col.Idx] {
					used[col.Idx] = true
					cols, dst = append(cols, slots[col.Idx]), append(dst, &c.out.Cols[col.Idx])
				}
				return true
			})
		}
	}
	c.decoder = vec.NewRunDecoder(ti.dec, cols, dst)
	return c
}

// lift puts Params in the place of the largest parts of e that depend on no row.
func (c *condition) lift(e expr.Expr) expr.Expr {
	fixed := make(map[expr.Expr]int)
	expr.Walk(e, func(x expr.Expr) bool {
		if _, ok := x.(*expr.Const); ok || ofRow(x) {
			return true
		}
		fixed[x] = len(c.given)
		c.given = append(c.given, x)
		return false
	})
	if len(fixed) == 0 {
		return e
	}
	return expr.Map(e, func(x expr.Expr) expr.Expr {
		if i, ok := fixed[x]; ok {
			return &expr.Param{Idx: i, Typ: x.Type()}
		}
		return x
	})
}

// ofRow reports whether an expression depends on a row, or on when and how often it is evaluated.
func ofRow(e expr.Expr) bool {
	return expr.Any(e, func(x expr.Expr) bool {
		switch x := x.(type) {
		case *expr.Col, *expr.CaseSlot, *expr.Subplan:
			return true
		case *expr.Call:
			return x.Fn.Vol == expr.Volatile
		}
		return false
	})
}

// askable reports whether an expression, once lifted, has the same value for a row whenever it is
// evaluated.
func askable(e expr.Expr, slots []int) bool {
	return !expr.Any(e, func(x expr.Expr) bool {
		switch x := x.(type) {
		case *expr.Col:
			return slots[x.Idx] == planner.RowKeySlot
		case *expr.Call:
			return x.Fn.Vol != expr.Immutable
		case *expr.Cast:
			return types.IsReg(x.To.OID) || types.IsReg(x.Arg.Type().OID)
		case *expr.Subplan, *expr.ExecParam:
			return true
		}
		return false
	})
}

// bind computes what the condition depends on beside the row. nil: every row may meet it.
func (c *condition) bind(x *execution) txn.Filter {
	if len(c.conds) == 0 {
		return nil
	}
	b := &boundCondition{condition: c, format: *x.c.Format}
	b.format.RegIn, b.format.RegOut = nil, nil
	if b.format.Now.IsZero() {
		b.format.Now = x.c.TxnTime
	}
	for _, e := range c.given {
		d, err := e.Eval(x.c, nil, 0)
		if err != nil {
			return nil // the scan will say so, if it comes to it
		}
		b.values = append(b.values, d.Clone())
	}
	return b
}

// boundCondition is a condition with the values of one opening of a scan.
type boundCondition struct {
	*condition
	values []types.Datum
	format types.Format
}

var _ txn.Filter = (*boundCondition)(nil)

// Match is in doubt for a row that cannot be decoded or compared: that would be an error of the scan.
func (b *boundCondition) Match(row []byte) bool {
	b.out.Reset()
	if err := b.decoder.AppendRow(row); err != nil {
		return true
	}
	b.out.N = 1
	c := &b.evaluate
	c.Params, c.Format = b.values, &b.format
	for _, e := range b.conds {
		d, err := e.Eval(c, b.out, 0)
		if err != nil {
			return true
		}
		if d.IsNull() || !d.Bool() {
			return false
		}
	}
	return true
}
