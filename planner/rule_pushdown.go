package planner

import (
	"slices"

	"github.com/minisql/minisql/planner/expr"
)

// pushDown moves every condition as far down as it may go, turns outer joins
// into inner ones where a condition refuses the NULLs they add, and spreads
// col = constant over equal columns.
func (r *run) pushDown(n logical) logical {
	r.inSubplans(n, r.pushDown)
	return r.push(n, nil)
}

// over puts the conditions that could not go further above n.
func over(n logical, conds []Expr) logical {
	if len(conds) == 0 {
		return n
	}
	if f, ok := n.(*filter); ok {
		f.Conds = append(f.Conds, conds...)
		return f
	}
	return &filter{Input: n, Conds: conds}
}

// push pushes conds, which hold above n, into n.
func (r *run) push(n logical, conds []Expr) logical {
	switch n := n.(type) {
	case *filter:
		return r.push(n.Input, append(append([]Expr(nil), n.Conds...), conds...))
	case *get:
		n.Conds = append(n.Conds, conds...)
		return n
	case *project:
		subst := make(map[ColID]Expr, len(n.Items))
		blocked := make(colSet)
		for _, it := range n.Items {
			subst[it.ID] = it.Expr
			if expr.VolatilityOf(it.Expr) == expr.Volatile || expr.Any(it.Expr, isSubplan) {
				blocked.add(it.ID)
			}
		}
		var down, stay []Expr
		for _, c := range conds {
			if colsOf(c).hasAny(blocked) || expr.VolatilityOf(c) == expr.Volatile || (expr.Any(c, isSubplan) && !passThrough(colsOf(c), n.Items)) {
				stay = append(stay, c)
			} else {
				down = append(down, replaceCols(c, subst))
			}
		}
		n.Input = r.push(n.Input, down)
		return over(n, stay)
	case *projectSet:
		n.Input = r.push(n.Input, nil)
		return over(n, conds)
	case *join:
		return r.pushJoin(n, conds)
	case *aggregate:
		subst := make(map[ColID]Expr, len(n.Groups))
		for _, g := range n.Groups {
			subst[g.ID] = g.Expr
		}
		groups := setOf(itemIDs(n.Groups)...)
		var down, stay []Expr
		for _, c := range conds {
			cols := colsOf(c)
			if n.Sets == nil && len(cols) > 0 && groups.hasAll(restrict(cols, outputs(n))) && expr.VolatilityOf(c) != expr.Volatile && len(n.Groups) > 0 && !expr.Any(c, isSubplan) {
				down = append(down, replaceCols(c, subst))
			} else {
				stay = append(stay, c)
			}
		}
		n.Input = r.push(n.Input, down)
		return over(n, stay)
	case *distinct:
		on := setOf(n.On...)
		var down, stay []Expr
		for _, c := range conds {
			if expr.VolatilityOf(c) == expr.Volatile || (n.On != nil && !on.hasAll(colsOf(c))) {
				stay = append(stay, c)
			} else {
				down = append(down, c)
			}
		}
		n.Input = r.push(n.Input, down)
		return over(n, stay)
	case *sort:
		n.Input = r.push(n.Input, conds)
		return n
	case *setOp:
		var down, stay []Expr
		for _, c := range conds {
			if expr.VolatilityOf(c) == expr.Volatile || expr.Any(c, isSubplan) {
				stay = append(stay, c)
			} else {
				down = append(down, c)
			}
		}
		side := func(in logical, cols []ColID) logical {
			subst := make(map[ColID]Expr)
			for i, id := range n.Cols {
				subst[id] = r.col(cols[i], -1)
			}
			var mine []Expr
			for _, c := range down {
				mine = append(mine, replaceCols(c, subst))
			}
			return r.push(in, mine)
		}
		n.Left, n.Right = side(n.Left, n.LeftCols), side(n.Right, n.RightCols)
		return over(n, stay)
	case *with:
		for _, c := range n.CTEs {
			if c.Plan != nil {
				c.Plan = r.push(c.Plan, nil)
			}
		}
		n.Body = r.push(n.Body, conds)
		return n
	}
	for _, in := range inputs(n) {
		*in = r.push(*in, nil)
	}
	return over(n, conds)
}

func isSubplan(x Expr) bool { _, ok := x.(*expr.Subplan); return ok }

// passThrough reports whether the columns are passed on unchanged by items.
func passThrough(cols colSet, items []item) bool {
	for _, it := range items {
		if cols.has(it.ID) {
			if c, ok := it.Expr.(*expr.Col); !ok || c.ID != it.ID {
				return false
			}
		}
	}
	return true
}

// restrict returns the members of s that are among ids.
func restrict(s colSet, ids []ColID) colSet {
	out := make(colSet)
	for _, id := range ids {
		if s.has(id) {
			out.add(id)
		}
	}
	return out
}

func (r *run) pushJoin(j *join, conds []Expr) logical {
	left, right := setOf(outputs(j.Left)...), setOf(outputs(j.Right)...)
	// A condition that is never TRUE for a NULL-extended row makes that side inner.
	for _, c := range conds {
		switch j.Kind {
		case LeftJoin:
			if rejectsNull(c, right) {
				j.Kind = InnerJoin
			}
		case FullJoin:
			l, rr := rejectsNull(c, left), rejectsNull(c, right)
			switch {
			case l && rr:
				j.Kind = InnerJoin
			case l:
				j.Kind = LeftJoin
			case rr:
				j.Kind = LeftJoin
				j.Left, j.Right = j.Right, j.Left
				left, right = right, left
			}
		}
	}
	var toLeft, toRight, on, stay []Expr
	switch j.Kind {
	case InnerJoin:
		all := append(append([]Expr(nil), j.On...), conds...)
		all = append(all, r.spread(all)...)
		for _, c := range all {
			cols := colsOf(c)
			l, rr := cols.hasAny(left), cols.hasAny(right)
			switch {
			case expr.VolatilityOf(c) == expr.Volatile:
				stay = append(stay, c)
			case l && !rr:
				toLeft = append(toLeft, c)
			case rr && !l:
				toRight = append(toRight, c)
			case !l && !rr:
				stay = append(stay, c)
			default:
				on = append(on, c)
			}
		}
	case LeftJoin:
		for _, c := range conds {
			cols := colsOf(c)
			if cols.hasAny(left) && !cols.hasAny(right) && expr.VolatilityOf(c) != expr.Volatile {
				toLeft = append(toLeft, c)
			} else {
				stay = append(stay, c)
			}
		}
		for _, c := range append(append([]Expr(nil), j.On...), r.spread(append(append([]Expr(nil), j.On...), toLeft...))...) {
			cols := colsOf(c)
			if cols.hasAny(right) && !cols.hasAny(left) {
				toRight = append(toRight, c)
			} else if slices.Contains(j.On, c) {
				on = append(on, c)
			}
		}
	case FullJoin:
		on, stay = j.On, conds
	case SemiJoin, AntiJoin:
		for _, c := range conds {
			if expr.VolatilityOf(c) == expr.Volatile {
				stay = append(stay, c)
			} else {
				toLeft = append(toLeft, c)
			}
		}
		for _, c := range j.On {
			cols := colsOf(c)
			l, rr := cols.hasAny(left), cols.hasAny(right)
			switch {
			case rr && !l:
				toRight = append(toRight, c)
			case l && !rr && j.Kind == SemiJoin:
				toLeft = append(toLeft, c)
			default:
				on = append(on, c)
			}
		}
	}
	j.On = on
	j.Left, j.Right = r.push(j.Left, toLeft), r.push(j.Right, toRight)
	return over(j, stay)
}

// spread derives col2 op const from col1 = col2 and col1 op const.
func (r *run) spread(conds []Expr) []Expr {
	type pair struct{ a, b *expr.Col }
	var equal []pair
	for _, c := range conds {
		if call, ok := c.(*expr.Call); ok && call.Op == "=" && len(call.Args) == 2 {
			a, ok1 := call.Args[0].(*expr.Col)
			b, ok2 := call.Args[1].(*expr.Col)
			if ok1 && ok2 && a.Typ.OID == b.Typ.OID {
				equal = append(equal, pair{a, b}, pair{b, a})
			}
		}
	}
	var out []Expr
	seen := make(map[string]bool)
	for _, c := range conds {
		seen[expr.Key(c)] = true
	}
	for _, p := range equal {
		for _, c := range conds {
			var subject Expr
			switch x := c.(type) {
			case *expr.Call:
				if len(x.Args) != 2 || x.Op == "" || !isValue(x.Args[1]) {
					continue
				}
				switch x.Op {
				case "=", "<", "<=", ">", ">=":
				default:
					continue
				}
				subject = x.Args[0]
			case *expr.InList:
				if x.Not {
					continue
				}
				subject = x.Arg
			default:
				continue
			}
			col, ok := subject.(*expr.Col)
			if !ok || col.ID != p.a.ID {
				continue
			}
			d := replaceCols(c, map[ColID]Expr{p.a.ID: p.b})
			if k := expr.Key(d); !seen[k] {
				seen[k] = true
				out = append(out, d)
			}
		}
	}
	return out
}

func isValue(e Expr) bool {
	switch e.(type) {
	case *expr.Const, *expr.Param:
		return true
	}
	return false
}

// nullWith reports whether e is NULL whenever all of cols are.
func nullWith(e Expr, cols colSet) bool {
	switch e := e.(type) {
	case *expr.Col:
		return cols.has(e.ID)
	case *expr.Call:
		if !e.Fn.Strict {
			return false
		}
		return slices.ContainsFunc(e.Args, func(a Expr) bool { return nullWith(a, cols) })
	case *expr.Cast:
		return nullWith(e.Arg, cols)
	case *expr.InList:
		return nullWith(e.Arg, cols)
	case *expr.AnyAll:
		return e.Cmp.Strict && !e.All && nullWith(e.Arg, cols)
	case *expr.Not:
		return nullWith(e.Arg, cols)
	}
	return false
}

// rejectsNull reports whether e is not TRUE whenever all of cols are NULL.
func rejectsNull(e Expr, cols colSet) bool {
	switch e := e.(type) {
	case *expr.And:
		return slices.ContainsFunc(e.Args, func(a Expr) bool { return rejectsNull(a, cols) })
	case *expr.Or:
		for _, a := range e.Args {
			if !rejectsNull(a, cols) {
				return false
			}
		}
		return true
	case *expr.IsNull:
		return e.Not && nullWith(e.Arg, cols)
	case *expr.BoolTest:
		return e.Want == 't' && !e.Not && rejectsNull(e.Arg, cols)
	}
	return nullWith(e, cols)
}
