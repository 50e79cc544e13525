package planner

import "github.com/minisql/minisql/planner/expr"

// decorrelate turns [NOT] EXISTS (…) and x IN (…) among the conditions of a
// filter into semi and anti joins: the conditions that tie the subquery to the
// outer row become the join's. NOT IN stays a (hashed) subplan, since a NULL
// makes it unknown.
func (r *run) decorrelate(n logical) logical {
	r.inSubplans(n, r.decorrelate)
	return r.rewrite(n, func(n logical) logical {
		f, ok := n.(*filter)
		if !ok {
			return n
		}
		var keep []Expr
		for _, c := range f.Conds {
			if j := r.toJoin(f.Input, c); j != nil {
				f.Input = j
			} else {
				keep = append(keep, c)
			}
		}
		if f.Conds = keep; len(keep) == 0 {
			return f.Input
		}
		return f
	})
}

func (r *run) toJoin(input logical, cond Expr) logical {
	kind := SemiJoin
	if not, ok := cond.(*expr.Not); ok {
		kind, cond = AntiJoin, not.Arg
	}
	sub, ok := cond.(*expr.Subplan)
	if !ok {
		return nil
	}
	var on []Expr
	right := sub.Plan.(logical)
	switch {
	case sub.Kind == expr.SubplanExists:
	case sub.Kind == expr.SubplanAny && kind == SemiJoin:
		// The left side must come from the input.
		if len(colsOf(sub.Test)) == 0 {
			return nil
		}
		on = expr.Conjuncts(sub.Test)
	default:
		return nil
	}
	outer := setOf(outputs(input)...)
	// Conditions with subqueries of their own would be evaluated in the wrong place.
	for _, c := range on {
		if expr.Any(c, func(x Expr) bool { _, ok := x.(*expr.Subplan); return ok }) {
			return nil
		}
	}
	body := right
	subst := make(map[ColID]Expr)
	for {
		switch x := body.(type) {
		case *project:
			for _, it := range x.Items {
				subst[it.ID] = it.Expr
			}
			body = x.Input
			for id, e := range subst {
				subst[id] = replaceCols(e, subst)
			}
			continue
		case *sort:
			body = x.Input
			continue
		case *distinct:
			if x.On == nil {
				body = x.Input
				continue
			}
		}
		break
	}
	for _, e := range subst {
		if expr.VolatilityOf(e) == expr.Volatile || expr.Any(e, func(x Expr) bool { _, ok := x.(*expr.Subplan); return ok }) {
			return nil
		}
	}
	if !freeCols(body).hasAny(outer) {
		for i := range on {
			on[i] = replaceCols(on[i], subst)
		}
		return &join{Kind: kind, Left: input, Right: body, On: on}
	}
	if !canPull(body, outer) {
		return nil
	}
	body, pulled := pull(body, outer)
	for _, c := range on {
		pulled = append(pulled, replaceCols(c, subst))
	}
	return &join{Kind: kind, Left: input, Right: body, On: pulled}
}

// replaceCols substitutes expressions for columns.
func replaceCols(e Expr, subst map[ColID]Expr) Expr {
	if len(subst) == 0 {
		return e
	}
	return expr.Map(e, func(x Expr) Expr {
		if c, ok := x.(*expr.Col); ok {
			if s, ok := subst[c.ID]; ok {
				return s
			}
		}
		return x
	})
}

// canPull reports whether every mention of outer columns in n is a condition
// that pull can take out.
func canPull(n logical, outer colSet) bool {
	switch n := n.(type) {
	case *filter:
		for _, c := range n.Conds {
			if colsOf(c).hasAny(outer) && expr.Any(c, func(x Expr) bool { _, ok := x.(*expr.Subplan); return ok }) {
				return false
			}
		}
		return canPull(n.Input, outer)
	case *join:
		if n.Kind == InnerJoin {
			for _, c := range n.On {
				if colsOf(c).hasAny(outer) && expr.Any(c, func(x Expr) bool { _, ok := x.(*expr.Subplan); return ok }) {
					return false
				}
			}
			return canPull(n.Left, outer) && canPull(n.Right, outer)
		}
	}
	return !freeCols(n).hasAny(outer)
}

// pull removes the conditions that mention outer columns and returns them.
func pull(n logical, outer colSet) (logical, []Expr) {
	var pulled []Expr
	split := func(conds []Expr) []Expr {
		var keep []Expr
		for _, c := range conds {
			if colsOf(c).hasAny(outer) {
				pulled = append(pulled, c)
			} else {
				keep = append(keep, c)
			}
		}
		return keep
	}
	switch x := n.(type) {
	case *filter:
		x.Conds = split(x.Conds)
		in, more := pull(x.Input, outer)
		x.Input, pulled = in, append(pulled, more...)
		if len(x.Conds) == 0 {
			return x.Input, pulled
		}
	case *join:
		if x.Kind == InnerJoin {
			x.On = split(x.On)
			l, lp := pull(x.Left, outer)
			rr, rp := pull(x.Right, outer)
			x.Left, x.Right = l, rr
			pulled = append(append(pulled, lp...), rp...)
		}
	}
	return n, pulled
}
