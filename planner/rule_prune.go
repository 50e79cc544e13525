package planner

import "github.com/minisql/minisql/planner/expr"

// prune drops what nobody asks for: columns of tables, computed columns,
// aggregates. The result's own columns stay.
func (r *run) prune(n logical) logical {
	r.need(n, setOf(outputs(n)...))
	return n
}

// need prunes n to the columns in want.
func (r *run) need(n logical, want colSet) {
	eachSubplan(n, func(s *expr.Subplan) {
		if l, ok := s.Plan.(logical); ok {
			r.need(l, setOf(s.RowCols...))
		}
	})
	use := make(colSet)
	for id := range want {
		use.add(id)
	}
	addOwn := func() { eachExpr(n, use.addCols) }
	switch n := n.(type) {
	case *get:
		addOwn()
		for slot, id := range n.Cols {
			if !use.has(id) {
				n.Cols[slot] = 0
			}
		}
		return
	case *project:
		n.Items = keepItems(n.Items, want)
		use = make(colSet)
		addOwn()
	case *projectSet:
		var keep []item
		for _, it := range n.Items {
			if want.has(it.ID) || hasSRF(it.Expr) {
				keep = append(keep, it)
			}
		}
		n.Items = keep
		use = make(colSet)
		addOwn()
	case *aggregate:
		var keep []aggItem
		for _, a := range n.Aggs {
			if want.has(a.ID) {
				keep = append(keep, a)
			}
		}
		n.Aggs = keep
		use = make(colSet)
		addOwn()
	case *distinct:
		if n.On == nil {
			use.add(outputs(n)...)
		}
		use.add(n.On...)
	case *setOp:
		r.need(n.Left, setOf(n.LeftCols...))
		r.need(n.Right, setOf(n.RightCols...))
		return
	case *recursive:
		r.need(n.Base, setOf(n.BaseCols...))
		r.need(n.Step, setOf(n.StepCols...))
		return
	case *with:
		for _, c := range n.CTEs {
			if c.Plan != nil {
				var ids []ColID
				for _, o := range c.Cols {
					ids = append(ids, o.ID)
				}
				r.need(c.Plan, setOf(ids...))
			}
		}
	case *lockRows:
		addOwn()
		for _, t := range n.Targets {
			use.add(t.Get.RowKey)
		}
	case *insert:
		use = make(colSet)
		addOwn()
	case *modify:
		use = make(colSet)
		addOwn()
		use.add(n.Node.keyID)
		{
			for _, id := range n.Node.oldIDs {
				if id != 0 {
					use.add(id)
				}
			}
		}
	default:
		addOwn()
	}
	// What is free in a right side comes from the left one.
	if j, ok := n.(*join); ok {
		for id := range freeCols(j.Right) {
			use.add(id)
		}
	}
	for _, in := range inputs(n) {
		r.need(*in, use)
	}
}

func keepItems(items []item, want colSet) []item {
	var keep []item
	for _, it := range items {
		if want.has(it.ID) {
			keep = append(keep, it)
		}
	}
	return keep
}
