package expr

import (
	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// Evaluator computes one expression for whole batches. It owns the vectors it
// returns, so it belongs to one execution; the expression itself is shared.
type Evaluator struct {
	e    Expr
	kids []*Evaluator // of a Call with a kernel
	args []*vec.Vec
	out  vec.Vec
	// constant: out holds the single value of a Const or Param.
	constant bool
}

// NewEvaluator prepares e for evaluation.
func NewEvaluator(e Expr) *Evaluator {
	v := &Evaluator{e: e}
	v.out.Init(types.PhysOf(e.Type().OID))
	switch x := e.(type) {
	case *Call:
		if x.Fn.Kernel != nil {
			for _, a := range x.Args {
				v.kids = append(v.kids, NewEvaluator(a))
			}
			v.args = make([]*vec.Vec, len(x.Args))
		}
	case *Const, *Param, *ExecParam:
		v.constant = true
	}
	return v
}

// Expr returns the expression.
func (v *Evaluator) Expr() Expr { return v.e }

// Eval returns the values for the rows of b that are alive, dense and in order:
// b.Len() of them. The vector is valid until the next call or until b changes.
func (v *Evaluator) Eval(c *Ctx, b *vec.Batch) (*vec.Vec, error) {
	out, err := v.eval(c, b)
	if err != nil {
		return nil, err
	}
	if n := b.Len(); v.constant && n != 1 {
		first := out.View(0)
		v.out.Reset()
		for range n {
			v.out.AppendDatum(first)
		}
	}
	return out, nil
}

// eval is Eval, save that a constant comes as a vector of one.
func (v *Evaluator) eval(c *Ctx, b *vec.Batch) (*vec.Vec, error) {
	n := b.Len()
	switch x := v.e.(type) {
	case *Col:
		if b.Sel == nil {
			return &b.Cols[x.Idx], nil
		}
		v.out.Reset()
		v.out.AppendVec(&b.Cols[x.Idx], b.Sel, n)
		return &v.out, nil
	case *Const, *Param, *ExecParam:
		d, err := v.e.Eval(c, nil, 0)
		if err != nil {
			return nil, err
		}
		v.out.Reset()
		v.out.AppendDatum(d)
		return &v.out, nil
	}
	if v.kids != nil && n > 0 {
		return v.kernel(c, b, n)
	}
	v.out.Reset()
	for k := range n {
		d, err := v.e.Eval(c, b, b.Row(k))
		if err != nil {
			return nil, err
		}
		v.out.AppendDatum(d)
	}
	return &v.out, nil
}

func (v *Evaluator) kernel(c *Ctx, b *vec.Batch, n int) (*vec.Vec, error) {
	call := v.e.(*Call)
	nulls := false
	for i, k := range v.kids {
		a, err := k.eval(c, b)
		if err != nil {
			return nil, err
		}
		v.args[i] = a
		nulls = nulls || a.HasNulls
	}
	v.out.Reset()
	v.out.SetLen(n)
	if err := call.Fn.Kernel(v.args, n, &v.out); err != nil {
		return nil, err
	}
	if nulls {
		for _, a := range v.args {
			if !a.HasNulls {
				continue
			}
			step := stride(a.Len())
			for i := range n {
				if a.IsNull(i * step) {
					v.out.SetNull(i)
				}
			}
		}
	}
	return &v.out, nil
}

// Filter is a conjunction over batches: each condition sees only the rows that
// passed those before it.
type Filter struct{ conds []*Evaluator }

// NewFilter prepares the conditions, all of which must be TRUE.
func NewFilter(conds []Expr) *Filter {
	f := &Filter{}
	for _, c := range conds {
		if and, ok := c.(*And); ok {
			f.conds = append(f.conds, NewFilter(and.Args).conds...)
			continue
		}
		f.conds = append(f.conds, NewEvaluator(c))
	}
	return f
}

// Apply narrows b.Sel to the rows for which every condition is TRUE.
func (f *Filter) Apply(c *Ctx, b *vec.Batch) error {
	for _, e := range f.conds {
		n := b.Len()
		if n == 0 {
			return nil
		}
		v, err := e.eval(c, b)
		if err != nil {
			return err
		}
		if v.Len() == 1 && n != 1 { // a constant condition
			if v.IsNull(0) || !v.Bools[0] {
				b.Sel = b.SelBuf()
			}
			continue
		}
		sel := b.SelBuf() // never ahead of what is read: see SelBuf
		for k := range n {
			row := b.Row(k)
			if v.Bools[k] && !v.IsNull(k) {
				sel = append(sel, int32(row))
			}
		}
		if len(sel) < n || b.Sel != nil {
			b.Sel = sel
		}
	}
	return nil
}
