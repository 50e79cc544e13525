package planner

import (
	"github.com/minisql/minisql/planner/expr"
)

// minMaxByIndex turns an ungrouped min(c) or max(c) over one table into the
// first row in c's order, if an index has that order. It handles a query with a
// single such aggregate, which is the one people write.
func (r *run) minMaxByIndex(n logical) logical {
	r.inSubplans(n, r.minMaxByIndex)
	return r.rewrite(n, func(n logical) logical {
		a, ok := n.(*aggregate)
		if !ok || len(a.Groups) > 0 || a.Sets != nil || len(a.Aggs) != 1 || len(a.Grouping) > 0 {
			return n
		}
		call := a.Aggs[0].Call
		if (call.Agg.Name != "min" && call.Agg.Name != "max") || call.Filter != nil || len(call.OrderBy) > 0 || len(call.Args) != 1 {
			return n
		}
		col, ok := call.Args[0].(*expr.Col)
		if !ok {
			return n
		}
		in := a.Input
		var conds []Expr
		if f, ok := in.(*filter); ok {
			in, conds = f.Input, f.Conds
		}
		g, ok := in.(*get)
		if !ok || g.Table.Virtual {
			return n
		}
		usable := false
		for _, x := range g.Table.Indexes {
			for _, k := range x.Columns {
				if k.Slot >= 0 && g.Cols[k.Slot] == col.ID && x.Where == "" {
					usable = true
				}
				if k.Slot < 0 || !equalityOn(g.Cols[k.Slot], conds) {
					break
				}
			}
		}
		if !usable {
			return n
		}
		desc := call.Agg.Name == "max"
		var first logical = &filter{Input: in, Conds: append(append([]Expr(nil), conds...), &expr.IsNull{Arg: col, Not: true})}
		first = &sort{Input: first, Keys: []expr.SortKey{{Expr: col, Desc: desc, NullsFirst: desc}}}
		first = &limit{Input: first, Count: expr.Int8(1)}
		// The aggregate over at most one row keeps the NULL of an empty table.
		a.Input = first
		return a
	})
}

// equalityOn reports whether some condition fixes the column to a value.
func equalityOn(id ColID, conds []Expr) bool {
	for _, c := range conds {
		if call, ok := c.(*expr.Call); ok && call.Op == "=" {
			for _, a := range call.Args {
				if col, ok := a.(*expr.Col); ok && col.ID == id {
					return true
				}
			}
		}
	}
	return false
}
