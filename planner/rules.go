package planner

import "github.com/minisql/minisql/planner/expr"

// rule rewrites a logical plan into one that means the same.
type rule struct {
	name  string
	apply func(*run, logical) logical
}

// rules in the order in which they run. Each is in the file of its name.
var rules = []rule{
	{"inline CTEs that are read once", (*run).inlineCTEs},
	{"fold constants", (*run).foldConstants},
	{"turn EXISTS and IN into joins", (*run).decorrelate},
	{"read min and max from an index", (*run).minMaxByIndex},
	{"push predicates down, reducing outer joins", (*run).pushDown},
	{"prune columns", (*run).prune},
}

func (r *run) optimize(n logical) logical {
	for _, ru := range rules {
		n = ru.apply(r, n)
	}
	return n
}

// rewrite applies f to every operator, inputs first, CTEs included, and not to
// the plans of subqueries in expressions.
func (r *run) rewrite(n logical, f func(logical) logical) logical {
	if w, ok := n.(*with); ok {
		for _, c := range w.CTEs {
			if c.Plan != nil {
				c.Plan = r.rewrite(c.Plan, f)
			}
		}
	}
	for _, in := range inputs(n) {
		*in = r.rewrite(*in, f)
	}
	return f(n)
}

// eachSubplan calls f with the subqueries in the operator's own expressions.
func eachSubplan(n logical, f func(*expr.Subplan)) {
	eachExpr(n, func(e Expr) {
		expr.Walk(e, func(x Expr) bool {
			if s, ok := x.(*expr.Subplan); ok {
				f(s)
			}
			return true
		})
	})
}

// inSubplans applies the rule to the plans of all subqueries under n.
func (r *run) inSubplans(n logical, apply func(logical) logical) {
	r.rewrite(n, func(n logical) logical {
		eachSubplan(n, func(s *expr.Subplan) {
			if l, ok := s.Plan.(logical); ok {
				s.Plan = apply(l)
			}
		})
		return n
	})
}

// inlineCTEs replaces a WITH query that is read exactly once by a subquery, as
// PostgreSQL does, unless it changes data, is volatile, recursive, or the user said MATERIALIZED.
func (r *run) inlineCTEs(n logical) logical {
	var apply func(n logical) logical
	apply = func(n logical) logical {
		r.inSubplans(n, apply)
		return r.rewrite(n, func(n logical) logical {
			switch n := n.(type) {
			case *cteRef:
				if !r.canInline(n.CTE) {
					return n
				}
				p := &project{Input: n.CTE.Plan}
				for i, id := range n.Cols {
					p.Items = append(p.Items, item{id, r.col(n.CTE.Cols[i].ID, -1)})
				}
				return p
			case *with:
				var keep []*cte
				for _, c := range n.CTEs {
					if !r.canInline(c) && (c.refs > 0 || c.Modifying) {
						keep = append(keep, c)
					}
				}
				if n.CTEs = keep; len(keep) == 0 {
					return n.Body
				}
			}
			return n
		})
	}
	return apply(n)
}

func (r *run) canInline(c *cte) bool {
	if c.refs != 1 || c.Modifying || c.recursive || c.Plan == nil || c.query.Materialized == 1 {
		return false
	}
	volatile := false
	r.rewrite(c.Plan, func(n logical) logical {
		switch n.(type) {
		case *insert, *modify, *lockRows:
			volatile = true
		}
		eachExpr(n, func(e Expr) { volatile = volatile || expr.VolatilityOf(e) == expr.Volatile })
		return n
	})
	return !volatile
}

// foldConstants evaluates what is constant, and gathers col = a OR col = b.
func (r *run) foldConstants(n logical) logical {
	r.inSubplans(n, r.foldConstants)
	return r.rewrite(n, func(n logical) logical {
		mapExprs(n, func(e Expr) Expr { return orToIn(expr.Fold(r.fold, e)) })
		return n
	})
}

// orToIn turns x = 1 OR x = 2 into x IN (1, 2), which an index can answer.
func orToIn(e Expr) Expr {
	return expr.Map(e, func(x Expr) Expr {
		or, ok := x.(*expr.Or)
		if !ok {
			return x
		}
		var arg Expr
		var fn *expr.Func
		var items []Expr
		for _, a := range or.Args {
			c, ok := a.(*expr.Call)
			if !ok || c.Op != "=" || len(c.Args) != 2 || (fn != nil && (c.Fn != fn || expr.Key(c.Args[0]) != expr.Key(arg))) {
				return x
			}
			if _, isConst := c.Args[1].(*expr.Const); !isConst {
				return x
			}
			arg, fn = c.Args[0], c.Fn
			items = append(items, c.Args[1])
		}
		if _, isCol := arg.(*expr.Col); !isCol {
			return x
		}
		return expr.NewInList(arg, items, fn, false, -1)
	})
}
