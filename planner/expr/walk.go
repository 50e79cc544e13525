package expr

// Walk calls f for e and everything below it, parents first; below a node for
// which f returns false it does not go. It does not enter the plans of subqueries.
func Walk(e Expr, f func(Expr) bool) {
	if e == nil || !f(e) {
		return
	}
	for _, k := range children(e) {
		Walk(k, f)
	}
}

// Any reports whether f holds for e or anything below it.
func Any(e Expr, f func(Expr) bool) bool {
	found := false
	Walk(e, func(x Expr) bool {
		found = found || f(x)
		return !found
	})
	return found
}

func children(e Expr) []Expr {
	switch e := e.(type) {
	case *Call:
		return e.Args
	case *Cast:
		return []Expr{e.Arg}
	case *And:
		return e.Args
	case *Or:
		return e.Args
	case *Not:
		return []Expr{e.Arg}
	case *IsNull:
		return []Expr{e.Arg}
	case *BoolTest:
		return []Expr{e.Arg}
	case *Distinct:
		return e.Eq.Args
	case *Case:
		var out []Expr
		if e.Arg != nil {
			out = append(out, e.Arg)
		}
		for _, w := range e.Whens {
			out = append(out, w.Cond, w.Then)
		}
		if e.Else != nil {
			out = append(out, e.Else)
		}
		return out
	case *Coalesce:
		return e.Args
	case *MinMax:
		return e.Args
	case *NullIf:
		return e.Eq.Args
	case *InList:
		return append([]Expr{e.Arg}, e.Items...)
	case *AnyAll:
		return []Expr{e.Arg, e.Array}
	case *Array:
		return e.Items
	case *Row:
		return e.Items
	case *RowCompare:
		return append(append([]Expr(nil), e.Left...), e.Right...)
	case *Field:
		return []Expr{e.Arg}
	case *Subscript:
		out := []Expr{e.Arg}
		for _, list := range [][]Expr{e.Index, e.Lower} {
			for _, x := range list {
				if x != nil {
					out = append(out, x)
				}
			}
		}
		return out
	case *Subplan:
		var out []Expr
		for _, b := range e.Binds {
			out = append(out, b.Value)
		}
		if e.Test != nil {
			out = append(out, e.Test)
		}
		if e.Hash != nil {
			out = append(out, e.Hash.Left...)
		}
		return out
	}
	return nil
}

// Map rebuilds e bottom-up: f gets each node after its children were mapped and
// returns what stands in its place. Nodes that do not change are shared, not
// copied. It does not enter the plans of subqueries.
func Map(e Expr, f func(Expr) Expr) Expr {
	if e == nil {
		return nil
	}
	one := func(x Expr) Expr { return Map(x, f) }
	list := func(xs []Expr) ([]Expr, bool) {
		var out []Expr
		for i, x := range xs {
			if x == nil {
				continue
			}
			y := Map(x, f)
			if y != x && out == nil {
				out = append([]Expr(nil), xs...)
			}
			if out != nil {
				out[i] = y
			}
		}
		if out == nil {
			return xs, false
		}
		return out, true
	}
	call := func(c *Call) (*Call, bool) {
		args, changed := list(c.Args)
		if !changed {
			return c, false
		}
		n := *c
		n.Args = args
		return &n, true
	}
	switch x := e.(type) {
	case *Call:
		if n, changed := call(x); changed {
			e = n
		}
	case *Cast:
		if a := one(x.Arg); a != x.Arg {
			n := *x
			n.Arg = a
			e = &n
		}
	case *And:
		if a, changed := list(x.Args); changed {
			e = &And{a}
		}
	case *Or:
		if a, changed := list(x.Args); changed {
			e = &Or{a}
		}
	case *Not:
		if a := one(x.Arg); a != x.Arg {
			e = &Not{a}
		}
	case *IsNull:
		if a := one(x.Arg); a != x.Arg {
			e = &IsNull{a, x.Not}
		}
	case *BoolTest:
		if a := one(x.Arg); a != x.Arg {
			e = &BoolTest{a, x.Want, x.Not}
		}
	case *Distinct:
		if c, changed := call(x.Eq); changed {
			e = &Distinct{c, x.Not}
		}
	case *Case:
		n := *x
		changed := false
		if x.Arg != nil {
			n.Arg = one(x.Arg)
			changed = n.Arg != x.Arg
		}
		n.Whens = append([]When(nil), x.Whens...)
		for i, w := range x.Whens {
			n.Whens[i] = When{one(w.Cond), one(w.Then)}
			changed = changed || n.Whens[i] != w
		}
		if x.Else != nil {
			n.Else = one(x.Else)
			changed = changed || n.Else != x.Else
		}
		if changed {
			e = &n
		}
	case *Coalesce:
		if a, changed := list(x.Args); changed {
			e = &Coalesce{a, x.Typ}
		}
	case *MinMax:
		if a, changed := list(x.Args); changed {
			e = &MinMax{a, x.Greatest, x.Typ}
		}
	case *NullIf:
		if c, changed := call(x.Eq); changed {
			e = &NullIf{c, x.Typ}
		}
	case *InList:
		a := one(x.Arg)
		items, changed := list(x.Items)
		if changed || a != x.Arg {
			n := *x
			n.Arg, n.Items = a, items
			e = &n
		}
	case *AnyAll:
		a, arr := one(x.Arg), one(x.Array)
		if a != x.Arg || arr != x.Array {
			n := *x
			n.Arg, n.Array = a, arr
			e = &n
		}
	case *Array:
		if a, changed := list(x.Items); changed {
			n := *x
			n.Items = a
			e = &n
		}
	case *Row:
		if a, changed := list(x.Items); changed {
			e = &Row{a, x.Names}
		}
	case *RowCompare:
		l, lc := list(x.Left)
		r, rc := list(x.Right)
		if lc || rc {
			n := *x
			n.Left, n.Right = l, r
			e = &n
		}
	case *Field:
		if a := one(x.Arg); a != x.Arg {
			n := *x
			n.Arg = a
			e = &n
		}
	case *Subscript:
		a := one(x.Arg)
		idx, ic := list(x.Index)
		low, lc := list(x.Lower)
		if a != x.Arg || ic || lc {
			n := *x
			n.Arg, n.Index, n.Lower = a, idx, low
			e = &n
		}
	case *Subplan:
		n := *x
		changed := false
		n.Binds = append([]Bind(nil), x.Binds...)
		for i, b := range x.Binds {
			n.Binds[i].Value = one(b.Value)
			changed = changed || n.Binds[i].Value != b.Value
		}
		if x.Test != nil {
			n.Test = one(x.Test)
			changed = changed || n.Test != x.Test
		}
		if x.Hash != nil {
			if l, ch := list(x.Hash.Left); ch {
				n.Hash, changed = &HashTest{Left: l, Right: x.Hash.Right, OIDs: x.Hash.OIDs}, true
			}
		}
		if changed {
			e = &n
		}
	}
	return f(e)
}

// VolatilityOf returns the volatility of an expression: that of its least
// stable part. A subquery counts as volatile when its plan may be.
func VolatilityOf(e Expr) Volatility {
	v := Immutable
	Walk(e, func(x Expr) bool {
		switch x := x.(type) {
		case *Call:
			if x.Fn.Vol == Volatile {
				v = Volatile
			} else if x.Fn.Vol == Stable && v == Immutable {
				v = Stable
			}
		case *Cast:
			if v == Immutable && isReg(x.To.OID) != isReg(x.Arg.Type().OID) {
				v = Stable
			}
		case *Param, *ExecParam, *Subplan:
			if v == Immutable {
				v = Stable
			}
		}
		return v != Volatile
	})
	return v
}

// IsConst reports whether e is a constant and returns it.
func IsConst(e Expr) (*Const, bool) {
	k, ok := e.(*Const)
	return k, ok
}

// Conjuncts splits a condition at its ANDs.
func Conjuncts(e Expr) []Expr {
	if e == nil {
		return nil
	}
	if a, ok := e.(*And); ok {
		var out []Expr
		for _, x := range a.Args {
			out = append(out, Conjuncts(x)...)
		}
		return out
	}
	return []Expr{e}
}

// AndOf joins conditions; nil if there are none.
func AndOf(conds []Expr) Expr {
	switch len(conds) {
	case 0:
		return nil
	case 1:
		return conds[0]
	}
	return &And{conds}
}

// Fold replaces parts that are constant by their values. A part whose
// evaluation fails stays, so that the error comes when (and if) it is reached.
func Fold(c *Ctx, e Expr) Expr {
	return Map(e, func(x Expr) Expr {
		switch n := x.(type) {
		case *Const, *Col, *Param, *ExecParam, *Subplan, *Row, *CaseSlot:
			return x
		case *Call:
			if n.Fn.Vol != Immutable || n.Fn.SRF != nil {
				return x
			}
		case *Cast:
			if isReg(n.To.OID) || isReg(n.Arg.Type().OID) {
				return x
			}
		case *And:
			return foldJunction(n.Args, true, x)
		case *Or:
			return foldJunction(n.Args, false, x)
		case *Coalesce:
			if k, ok := n.Args[0].(*Const); ok && !k.Value.IsNull() {
				return k
			}
		case *Case:
			if n.Arg != nil {
				return x
			}
		}
		for _, k := range children(x) {
			if _, ok := k.(*Const); !ok {
				return x
			}
		}
		d, err := x.Eval(c, nil, 0)
		if err != nil {
			return x
		}
		return &Const{Value: d, Typ: x.Type(), Pos: -1}
	})
}

// foldJunction simplifies AND (unit TRUE) and OR (unit FALSE).
func foldJunction(args []Expr, unit bool, whole Expr) Expr {
	var keep []Expr
	for _, a := range args {
		k, ok := a.(*Const)
		switch {
		case !ok || k.Value.IsNull():
			keep = append(keep, a)
		case k.Value.Bool() != unit:
			return Bool(!unit)
		}
	}
	switch {
	case len(keep) == 0:
		return Bool(unit)
	case len(keep) == 1:
		return keep[0]
	case len(keep) == len(args):
		return whole
	case unit:
		return &And{keep}
	}
	return &Or{keep}
}
