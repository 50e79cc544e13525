package exec

import (
	"slices"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/planner/expr"
)

// Point reports whether the plan reads at most one row, by a unique key, or none: then
// it would be the same plan for any constants in place of its parameters.
func (p *Prepared) Point() bool { return p.plan != nil && p.plan.CTEs == 0 && point(p.plan.Root) }

// narrow reports whether a plan writes the one row that it reads, or nothing: it inserts given values, or changes a row
// that a unique key finds. Foreign keys have other rows looked at.
func narrow(plan *planner.Plan, cat *catalog.Catalog) bool {
	var t *catalog.Table
	switch n := plan.Root.(type) {
	case *planner.Insert:
		if t = n.Table; !given(n.Input) {
			return false
		}
	case *planner.Modify:
		t = n.Table // which is what point finds a row of
	default:
		return false
	}
	return plan.CTEs == 0 && len(t.ForeignKeys) == 0 && len(cat.References(t.ID)) == 0 && point(plan.Root)
}

// given reports whether rows are made of values alone, and not read.
func given(n planner.Node) bool {
	switch n := n.(type) {
	case *planner.Project:
		return given(n.Input)
	case *planner.ValuesScan:
		return true
	}
	return false
}

func point(n planner.Node) bool {
	switch n := n.(type) {
	case *planner.Project:
		return point(n.Input) && plain(n.Exprs)
	case *planner.Filter:
		return point(n.Input) && plain(n.Conds)
	case *planner.LockRows:
		return point(n.Input) && plain(n.Recheck)
	case *planner.ValuesScan:
		return len(n.Rows) == 1 && plain(n.Rows[0])
	case *planner.Insert:
		return point(n.Input) && n.Conflict == nil && plain(n.Values) && plain(n.Returning)
	case *planner.Modify:
		for _, c := range n.Set {
			if !plain([]planner.Expr{c.Value}) {
				return false
			}
		}
		return point(n.Input) && plain(n.Recheck) && plain(n.Returning)
	case *planner.IndexScan:
		if n.Index == nil || !n.Index.Unique || n.Index.Where != "" || len(n.Keys) != len(n.Index.Columns) || !plain(n.Filter) {
			return false
		}
		for _, k := range n.Keys {
			if len(k.Values) != 1 || k.Array != nil || k.IsNull || !plain(k.Values) {
				return false
			}
		}
		return true
	}
	return false
}

// plain reports whether the expressions have no subqueries.
func plain(list []planner.Expr) bool {
	return !slices.ContainsFunc(list, func(e planner.Expr) bool {
		return e != nil && expr.Any(e, func(e expr.Expr) bool {
			_, ok := e.(*expr.Subplan)
			return ok
		})
	})
}
