package expr

import (
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// The results of Eval may alias b (texts do): Clone what is kept beyond it.

func (e *Const) Eval(*Ctx, *vec.Batch, int) (types.Datum, error) { return e.Value, nil }

func (e *Col) Eval(_ *Ctx, b *vec.Batch, i int) (types.Datum, error) {
	return b.Cols[e.Idx].View(i), nil
}

func (e *Param) Eval(c *Ctx, _ *vec.Batch, _ int) (types.Datum, error) {
	if e.Idx >= len(c.Params) {
		return types.Null, sqlerr.New(sqlerr.UndefinedParameter, "there is no parameter $%d", e.Idx+1)
	}
	return c.Params[e.Idx], nil
}

func (e *ExecParam) Eval(c *Ctx, _ *vec.Batch, _ int) (types.Datum, error) {
	return c.Exec[e.Idx], nil
}

func (e *Call) Eval(c *Ctx, b *vec.Batch, i int) (types.Datum, error) {
	fn := e.Fn
	switch {
	case fn.F1 != nil:
		a, err := e.Args[0].Eval(c, b, i)
		if err != nil || (a.IsNull() && fn.Strict) {
			return types.Null, err
		}
		d, err := fn.F1(c, a)
		return d, e.at(err)
	case fn.F2 != nil:
		x, err := e.Args[0].Eval(c, b, i)
		if err != nil || (x.IsNull() && fn.Strict) {
			return types.Null, err
		}
		y, err := e.Args[1].Eval(c, b, i)
		if err != nil || (y.IsNull() && fn.Strict) {
			return types.Null, err
		}
		d, err := fn.F2(c, x, y)
		return d, e.at(err)
	}
	var buf [4]types.Datum
	args := buf[:0]
	for _, a := range e.Args {
		d, err := a.Eval(c, b, i)
		if err != nil || (d.IsNull() && fn.Strict) {
			return types.Null, err
		}
		args = append(args, d)
	}
	if fn.F == nil {
		return types.Null, sqlerr.New(sqlerr.FeatureNotSupported, "function %s cannot be called here", fn.Signature()).At(e.Pos)
	}
	args = e.spread(args)
	d, err := fn.F(&CallCtx{Ctx: c, Call: e}, args)
	return d, e.at(err)
}

// spread replaces a VARIADIC array argument by its elements.
func (e *Call) spread(args []types.Datum) []types.Datum {
	if !e.Variadic || len(args) == 0 {
		return args
	}
	last := args[len(args)-1]
	args = args[:len(args)-1]
	if a := last.Array(); a != nil {
		args = append(args, a.Elems...)
	}
	return args
}

// at leaves run-time errors as they are: PostgreSQL gives them no position.
func (e *Call) at(err error) error { return err }

func (e *Cast) Eval(c *Ctx, b *vec.Batch, i int) (types.Datum, error) {
	d, err := e.Arg.Eval(c, b, i)
	if err != nil || d.IsNull() {
		return types.Null, err
	}
	d, err = castDatum(c, d, e.Arg.Type(), e.To, e.Explicit)
	if k, ok := e.Arg.(*Const); ok && err != nil && isReg(e.To.OID) {
		// The literal could not be read before the catalog was there.
		err = sqlerr.At(err, k.Pos)
	}
	return d, err
}

func (e *And) Eval(c *Ctx, b *vec.Batch, i int) (types.Datum, error) {
	result := types.True
	for _, a := range e.Args {
		d, err := a.Eval(c, b, i)
		if err != nil {
			return types.Null, err
		}
		if d.IsNull() {
			result = types.Null
		} else if !d.Bool() {
			return types.False, nil
		}
	}
	return result, nil
}

func (e *Or) Eval(c *Ctx, b *vec.Batch, i int) (types.Datum, error) {
	result := types.False
	for _, a := range e.Args {
		d, err := a.Eval(c, b, i)
		if err != nil {
			return types.Null, err
		}
		if d.IsNull() {
			result = types.Null
		} else if d.Bool() {
			return types.True, nil
		}
	}
	return result, nil
}

func (e *Not) Eval(c *Ctx, b *vec.Batch, i int) (types.Datum, error) {
	d, err := e.Arg.Eval(c, b, i)
	if err != nil || d.IsNull() {
		return types.Null, err
	}
	return types.NewBool(!d.Bool()), nil
}

func (e *IsNull) Eval(c *Ctx, b *vec.Batch, i int) (types.Datum, error) {
	d, err := e.Arg.Eval(c, b, i)
	if err != nil {
		return types.Null, err
	}
	if r := d.Record(); r != nil {
		for _, f := range r.Fields {
			if f.IsNull() == e.Not {
				return types.False, nil
			}
		}
		return types.True, nil
	}
	return types.NewBool(d.IsNull() != e.Not), nil
}

func (e *BoolTest) Eval(c *Ctx, b *vec.Batch, i int) (types.Datum, error) {
	d, err := e.Arg.Eval(c, b, i)
	if err != nil {
		return types.Null, err
	}
	var is bool
	switch e.Want {
	case 't':
		is = !d.IsNull() && d.Bool()
	case 'f':
		is = !d.IsNull() && !d.Bool()
	default:
		is = d.IsNull()
	}
	return types.NewBool(is != e.Not), nil
}

func (e *Distinct) Eval(c *Ctx, b *vec.Batch, i int) (types.Datum, error) {
	x, err := e.Eq.Args[0].Eval(c, b, i)
	if err != nil {
		return types.Null, err
	}
	y, err := e.Eq.Args[1].Eval(c, b, i)
	if err != nil {
		return types.Null, err
	}
	var distinct bool
	if x.IsNull() || y.IsNull() {
		distinct = x.IsNull() != y.IsNull()
	} else {
		eq, err := e.Eq.Fn.call2(c, x, y)
		if err != nil {
			return types.Null, err
		}
		distinct = !eq.Bool()
	}
	return types.NewBool(distinct != e.Not), nil
}

func (e *Case) Eval(c *Ctx, b *vec.Batch, i int) (types.Datum, error) {
	if e.Arg != nil {
		d, err := e.Arg.Eval(c, b, i)
		if err != nil {
			return types.Null, err
		}
		for len(c.slots) <= e.Slot.Idx {
			c.slots = append(c.slots, types.Null)
		}
		c.slots[e.Slot.Idx] = d
	}
	for k := range e.Whens {
		d, err := e.Whens[k].Cond.Eval(c, b, i)
		if err != nil {
			return types.Null, err
		}
		if !d.IsNull() && d.Bool() {
			return e.Whens[k].Then.Eval(c, b, i)
		}
	}
	if e.Else == nil {
		return types.Null, nil
	}
	return e.Else.Eval(c, b, i)
}

func (e *CaseSlot) Eval(c *Ctx, _ *vec.Batch, _ int) (types.Datum, error) { return c.slots[e.Idx], nil }

func (e *Coalesce) Eval(c *Ctx, b *vec.Batch, i int) (types.Datum, error) {
	for _, a := range e.Args {
		d, err := a.Eval(c, b, i)
		if err != nil || !d.IsNull() {
			return d, err
		}
	}
	return types.Null, nil
}

func (e *MinMax) Eval(c *Ctx, b *vec.Batch, i int) (types.Datum, error) {
	best := types.Null
	for _, a := range e.Args {
		d, err := a.Eval(c, b, i)
		if err != nil {
			return types.Null, err
		}
		if d.IsNull() {
			continue
		}
		if best.IsNull() {
			best = d
			continue
		}
		cmp := types.Compare(e.Typ.OID, d, best)
		if (e.Greatest && cmp > 0) || (!e.Greatest && cmp < 0) {
			best = d
		}
	}
	return best, nil
}

func (e *NullIf) Eval(c *Ctx, b *vec.Batch, i int) (types.Datum, error) {
	x, err := e.Eq.Args[0].Eval(c, b, i)
	if err != nil || x.IsNull() {
		return types.Null, err
	}
	y, err := e.Eq.Args[1].Eval(c, b, i)
	if err != nil || y.IsNull() {
		return x, err
	}
	eq, err := e.Eq.Fn.call2(c, x, y)
	if err != nil {
		return types.Null, err
	}
	if eq.Bool() {
		return types.Null, nil
	}
	return x, nil
}

func (e *InList) Eval(c *Ctx, b *vec.Batch, i int) (types.Datum, error) {
	x, err := e.Arg.Eval(c, b, i)
	if err != nil || x.IsNull() {
		return types.Null, err
	}
	if e.set != nil {
		return e.set.lookup(x, e.Not), nil
	}
	sawNull := false
	for _, it := range e.Items {
		y, err := it.Eval(c, b, i)
		if err != nil {
			return types.Null, err
		}
		if y.IsNull() {
			sawNull = true
			continue
		}
		eq, err := e.Cmp.call2(c, x, y)
		if err != nil {
			return types.Null, err
		}
		if eq.IsNull() {
			sawNull = true
		} else if eq.Bool() {
			return types.NewBool(!e.Not), nil
		}
	}
	if sawNull {
		return types.Null, nil
	}
	return types.NewBool(e.Not), nil
}

func (e *AnyAll) Eval(c *Ctx, b *vec.Batch, i int) (types.Datum, error) {
	arr, err := e.Array.Eval(c, b, i)
	if err != nil || arr.IsNull() {
		return types.Null, err
	}
	a := arr.Array()
	if a == nil || len(a.Elems) == 0 {
		return types.NewBool(e.All), nil
	}
	x, err := e.Arg.Eval(c, b, i)
	if err != nil {
		return types.Null, err
	}
	if x.IsNull() && e.Cmp.Strict {
		return types.Null, nil
	}
	sawNull := false
	for _, y := range a.Elems {
		if y.IsNull() && e.Cmp.Strict {
			sawNull = true
			continue
		}
		r, err := e.Cmp.call2(c, x, y)
		if err != nil {
			return types.Null, err
		}
		if r.IsNull() {
			sawNull = true
		} else if r.Bool() != e.All {
			return types.NewBool(!e.All), nil
		}
	}
	if sawNull {
		return types.Null, nil
	}
	return types.NewBool(e.All), nil
}

func (e *Array) Eval(c *Ctx, b *vec.Batch, i int) (types.Datum, error) {
	elem, _ := types.ElemOf(e.Typ.OID)
	items := make([]types.Datum, 0, len(e.Items))
	for _, it := range e.Items {
		d, err := it.Eval(c, b, i)
		if err != nil {
			return types.Null, err
		}
		items = append(items, d.Clone())
	}
	if !e.Multi {
		return types.MakeArray(elem.Type(), items), nil
	}
	out := &types.Array{Elem: elem.Type()}
	for k, d := range items {
		sub := d.Array()
		if sub == nil || len(sub.Dims) == 0 {
			if d.IsNull() {
				return types.Null, sqlerr.New(sqlerr.ArraySubscriptError, "multidimensional arrays must have array expressions with matching dimensions")
			}
			continue
		}
		if k == 0 {
			out.Dims = append([]int32{int32(len(items))}, sub.Dims...)
			out.LowerBounds = append([]int32{1}, sub.LowerBounds...)
		} else if !sameDims(out.Dims, sub.Dims) {
			return types.Null, sqlerr.New(sqlerr.ArraySubscriptError, "multidimensional arrays must have array expressions with matching dimensions")
		}
		out.Elems = append(out.Elems, sub.Elems...)
	}
	return types.NewArray(out), nil
}

func sameDims(outer, inner []int32) bool {
	if len(outer) != len(inner)+1 {
		return false
	}
	for i, d := range inner {
		if outer[i+1] != d {
			return false
		}
	}
	return true
}

func (e *Row) Eval(c *Ctx, b *vec.Batch, i int) (types.Datum, error) {
	r := &types.Record{Fields: make([]types.Datum, len(e.Items)), Types: make([]types.Type, len(e.Items)), Names: e.Names}
	for k, it := range e.Items {
		d, err := it.Eval(c, b, i)
		if err != nil {
			return types.Null, err
		}
		r.Fields[k], r.Types[k] = d.Clone(), it.Type()
	}
	return types.NewRecord(r), nil
}

func (e *RowCompare) Eval(c *Ctx, b *vec.Batch, i int) (types.Datum, error) {
	sawNull := false
	for k := range e.Left {
		x, err := e.Left[k].Eval(c, b, i)
		if err != nil {
			return types.Null, err
		}
		y, err := e.Right[k].Eval(c, b, i)
		if err != nil {
			return types.Null, err
		}
		if x.IsNull() || y.IsNull() {
			if e.Op == "=" || e.Op == "<>" {
				sawNull = true
				continue
			}
			return types.Null, nil
		}
		eq, err := e.Eq[k].Fn.call2(c, x, y)
		if err != nil {
			return types.Null, err
		}
		if eq.Bool() {
			continue
		}
		switch e.Op {
		case "=":
			return types.False, nil
		case "<>":
			return types.True, nil
		}
		lt, err := e.Lt[k].Fn.call2(c, x, y)
		if err != nil {
			return types.Null, err
		}
		return types.NewBool(lt.Bool() == (e.Op == "<" || e.Op == "<=")), nil
	}
	if sawNull {
		return types.Null, nil
	}
	return types.NewBool(e.Op == "=" || e.Op == "<=" || e.Op == ">="), nil
}

func (e *Field) Eval(c *Ctx, b *vec.Batch, i int) (types.Datum, error) {
	d, err := e.Arg.Eval(c, b, i)
	if err != nil || d.IsNull() {
		return types.Null, err
	}
	r := d.Record()
	if r == nil || e.Idx >= len(r.Fields) {
		return types.Null, nil
	}
	return r.Fields[e.Idx], nil
}

func (e *Subplan) Eval(c *Ctx, b *vec.Batch, i int) (types.Datum, error) {
	if c.Subplans == nil {
		return types.Null, sqlerr.New(sqlerr.FeatureNotSupported, "cannot use subquery here").At(e.Pos)
	}
	for _, bind := range e.Binds {
		d, err := bind.Value.Eval(c, b, i)
		if err != nil {
			return types.Null, err
		}
		c.Exec[bind.Place] = d.Clone()
	}
	if e.Hash != nil {
		c.hashArgs = c.hashArgs[:0]
		for _, l := range e.Hash.Left {
			d, err := l.Eval(c, b, i)
			if err != nil {
				return types.Null, err
			}
			c.hashArgs = append(c.hashArgs, d)
		}
	}
	outer, row := c.outer, c.outerRow
	c.outer, c.outerRow = b, i
	d, err := c.Subplans.RunSubplan(c, e)
	c.outer, c.outerRow = outer, row
	return d, err
}

func (e *Subscript) Eval(c *Ctx, b *vec.Batch, i int) (types.Datum, error) {
	d, err := e.Arg.Eval(c, b, i)
	if err != nil || d.IsNull() {
		return types.Null, err
	}
	bound := func(x Expr) (int64, bool, error) {
		v, err := x.Eval(c, b, i)
		return v.Int(), v.IsNull(), err
	}
	a := d.Array()
	if d.Kind() == types.KindBytes && len(e.Index) == 1 && !e.Slice {
		// A name is an array of "char" that counts from 0.
		v, null, err := bound(e.Index[0])
		if s := d.Text(); err == nil && !null && v >= 0 && v < int64(len(s)) {
			return types.NewInt(int64(int8(s[v]))), nil
		}
		return types.Null, err
	}
	if a == nil {
		return types.Null, nil
	}
	if !e.Slice {
		if len(e.Index) != len(a.Dims) {
			return types.Null, nil
		}
		at := 0
		for k, x := range e.Index {
			v, null, err := bound(x)
			if err != nil || null {
				return types.Null, err
			}
			v -= int64(a.LowerBounds[k])
			if v < 0 || v >= int64(a.Dims[k]) {
				return types.Null, nil
			}
			at = at*int(a.Dims[k]) + int(v)
		}
		return a.Elems[at], nil
	}
	if len(e.Index) != 1 || len(a.Dims) > 1 {
		return types.Null, sqlerr.Unsupported("a slice of a multidimensional array")
	}
	if len(a.Dims) == 0 {
		return types.NewArray(&types.Array{Elem: a.Elem}), nil
	}
	lo, hi := int64(a.LowerBounds[0]), int64(a.LowerBounds[0])+int64(a.Dims[0])-1
	if x := e.Lower[0]; x != nil {
		v, null, err := bound(x)
		if err != nil || null {
			return types.Null, err
		}
		lo = max(lo, v)
	}
	if x := e.Index[0]; x != nil {
		v, null, err := bound(x)
		if err != nil || null {
			return types.Null, err
		}
		hi = min(hi, v)
	}
	if lo > hi {
		return types.NewArray(&types.Array{Elem: a.Elem}), nil
	}
	base := int64(a.LowerBounds[0])
	return types.MakeArray(a.Elem, a.Elems[lo-base:hi-base+1]), nil
}
