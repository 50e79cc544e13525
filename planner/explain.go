package planner

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner/expr"
)

// ExplainOptions are those of EXPLAIN.
type ExplainOptions struct {
	Analyze, Verbose, Costs, Timing, Summary, Buffers bool
	JSON                                              bool
}

// Actual is what running an operator came to, for EXPLAIN ANALYZE.
type Actual struct {
	Loops          int64
	Rows           int64
	StartMS, EndMS float64 // summed over the loops
	Removed        int64   // rows that the filter dropped
	Extra          []string
}

// explainNode is an operator as EXPLAIN shows it, in either format.
type explainNode struct {
	title string // "Index Scan using t_pkey on t"
	kind  string
	role  string // "Outer", "Inner", "SubPlan"…
	label string // "InitPlan 1 (returns $0)"
	info  *Info
	node  Node
	props []prop
	kids  []*explainNode
	width int
}

type prop struct{ key, value string }

// Explain describes a plan in PostgreSQL's shape. actual, if not nil, tells what
// running each operator came to; nil for one that never ran.
func Explain(p *Plan, o ExplainOptions, actual func(Node) *Actual) []string {
	root := explain(p.Root)
	// Where there is only one relation, its columns go without its name.
	aliases := make(map[string]int)
	root.each(func(e *explainNode) {
		switch n := e.node.(type) {
		case *SeqScan:
			aliases[n.Alias]++
		case *IndexScan:
			aliases[n.Alias]++
		case *VirtualScan:
			aliases[n.Alias]++
		case *FunctionScan, *CTEScan, *WorkTableScan:
			aliases[""] += 2
		}
	})
	for alias, n := range aliases {
		if len(aliases) == 1 && n == 1 {
			root.each(func(e *explainNode) {
				for i := range e.props {
					e.props[i].value = strings.ReplaceAll(e.props[i].value, expr.QuoteIdent(alias)+".", "")
				}
			})
		}
	}
	if o.JSON {
		m := map[string]any{"Plan": jsonNode(root, o, actual)}
		b, _ := json.MarshalIndent([]any{m}, "", "  ")
		return strings.Split(string(b), "\n")
	}
	var out []string
	printNode(&out, root, "", "", true, o, actual)
	return out
}

// each calls f for e and everything below it.
func (e *explainNode) each(f func(*explainNode)) {
	f(e)
	for _, k := range e.kids {
		k.each(f)
	}
}

func explain(n Node) *explainNode {
	e := &explainNode{info: n.Meta(), node: n}
	add := func(role string, in Node) {
		k := explain(in)
		k.role = role
		e.kids = append(e.kids, k)
	}
	cond := func(key string, es []expr.Expr) {
		if len(es) > 0 {
			e.props = append(e.props, prop{key, joinConds(es)})
			e.subplans(es...)
		}
	}
	on := func(t *catalog.Table, alias string) string {
		s := expr.QuoteIdent(t.Name)
		if alias != t.Name {
			s += " " + expr.QuoteIdent(alias)
		}
		return s
	}
	switch n := n.(type) {
	case *SeqScan:
		e.kind = "Seq Scan"
		e.title = "Seq Scan on " + on(n.Table, n.Alias)
		cond("Filter", n.Filter)
	case *IndexScan:
		e.kind = "Index Scan"
		if n.Only {
			e.kind = "Index Only Scan"
		}
		dir := ""
		if n.Reverse {
			dir = " Backward"
		}
		e.title = e.kind + dir + " using " + expr.QuoteIdent(n.Index.Name) + " on " + on(n.Table, n.Alias)
		cond("Index Cond", n.Conds)
		cond("Filter", n.Filter)
	case *VirtualScan:
		e.kind = "Seq Scan"
		e.title = "Seq Scan on " + on(n.Table, n.Alias)
		cond("Filter", n.Filter)
	case *FunctionScan:
		e.kind = "Function Scan"
		name := n.Alias
		if c, ok := n.Calls[0].(*expr.Call); ok {
			name = c.Fn.Name
			if n.Alias != name {
				name += " " + expr.QuoteIdent(n.Alias)
			}
		}
		e.title = "Function Scan on " + name
		cond("Filter", n.Filter)
		e.subplans(n.Calls...)
	case *ValuesScan:
		if len(n.Rows) == 1 && len(n.Cols) == 0 {
			e.kind, e.title = "Result", "Result"
		} else if len(n.Rows) == 1 {
			e.kind, e.title = "Result", "Result"
		} else {
			e.kind, e.title = "Values Scan", `Values Scan on "*VALUES*"`
		}
		for _, r := range n.Rows {
			e.subplans(r...)
		}
	case *CTEScan:
		e.kind, e.title = "CTE Scan", "CTE Scan on "+expr.QuoteIdent(n.CTE.Name)
	case *WorkTableScan:
		e.kind, e.title = "WorkTable Scan", "WorkTable Scan on "+expr.QuoteIdent(n.CTE.Name)
	case *With:
		b := explain(n.Body)
		for _, c := range n.CTEs {
			k := explain(c.Plan)
			k.role, k.label = "InitPlan", "CTE "+expr.QuoteIdent(c.Name)
			b.kids = append([]*explainNode{k}, b.kids...)
		}
		return b
	case *Filter:
		e.kind, e.title = "Result", "Result"
		once := true
		for _, c := range n.Conds {
			once = once && !expr.Any(c, func(x expr.Expr) bool { _, ok := x.(*expr.Col); return ok })
		}
		if once {
			cond("One-Time Filter", n.Conds)
			add("Outer", n.Input)
			break
		}
		// A filter belongs to the operator below it, as in PostgreSQL.
		in := explain(n.Input)
		in.info = n.Meta()
		in.props = append(in.props, prop{"Filter", joinConds(n.Conds)})
		in.subplans(n.Conds...)
		return in
	case *Project:
		in := explain(n.Input)
		in.width = n.Width
		in.subplans(n.Exprs...)
		return in
	case *ProjectSet:
		e.kind, e.title = "ProjectSet", "ProjectSet"
		add("Outer", n.Input)
	case *NestLoop:
		e.kind = "Nested Loop"
		e.title = "Nested Loop" + joinSuffix(n.Kind)
		cond("Join Filter", n.On)
		add("Outer", n.Outer)
		if n.Materialize {
			m := &explainNode{kind: "Materialize", title: "Materialize", info: n.Inner.Meta(), node: n.Inner, role: "Inner"}
			k := explain(n.Inner)
			k.role = "Outer"
			m.kids = []*explainNode{k}
			e.kids = append(e.kids, m)
		} else {
			add("Inner", n.Inner)
		}
	case *HashJoin:
		e.kind = "Hash Join"
		e.title = "Hash" + joinSuffix(n.Kind)
		if n.Kind == InnerJoin {
			e.title = "Hash Join"
		}
		e.props = append(e.props, prop{"Hash Cond", keyConds(n.OuterKeys, n.InnerKeys)})
		cond("Join Filter", n.On)
		add("Outer", n.Outer)
		h := &explainNode{kind: "Hash", title: "Hash", info: n.Inner.Meta(), node: n.Inner, role: "Inner"}
		k := explain(n.Inner)
		k.role = "Outer"
		h.kids = []*explainNode{k}
		e.kids = append(e.kids, h)
	case *MergeJoin:
		e.kind = "Merge Join"
		e.title = "Merge" + joinSuffix(n.Kind)
		if n.Kind == InnerJoin {
			e.title = "Merge Join"
		}
		if len(n.OuterKeys) > 0 {
			e.props = append(e.props, prop{"Merge Cond", keyConds(n.OuterKeys, n.InnerKeys)})
		}
		cond("Join Filter", n.On)
		add("Outer", n.Outer)
		add("Inner", n.Inner)
	case *Aggregate:
		e.kind = "Aggregate"
		switch {
		case len(n.Groups) == 0:
			e.title = "Aggregate"
		case n.Sorted:
			e.title = "GroupAggregate"
		default:
			e.title = "HashAggregate"
		}
		if len(n.Groups) > 0 {
			e.props = append(e.props, prop{"Group Key", listOf(n.Groups)})
		}
		for _, a := range n.Aggs {
			e.subplans(a.Args...)
		}
		add("Outer", n.Input)
	case *Sort:
		e.kind, e.title = "Sort", "Sort"
		e.props = append(e.props, prop{"Sort Key", keysOf(n.Keys)})
		add("Outer", n.Input)
	case *Limit:
		e.kind, e.title = "Limit", "Limit"
		add("Outer", n.Input)
	case *Distinct:
		e.kind, e.title = "Aggregate", "HashAggregate"
		var names []string
		cols := n.Input.Meta().Cols
		for _, i := range n.On {
			names = append(names, cols[i].Name)
		}
		if n.Sorted {
			e.kind, e.title = "Unique", "Unique"
		} else {
			e.props = append(e.props, prop{"Group Key", strings.Join(names, ", ")})
		}
		add("Outer", n.Input)
	case *Append:
		e.kind, e.title = "Append", "Append"
		for _, in := range n.Inputs {
			add("Member", in)
		}
	case *SetOp:
		e.kind = "SetOp"
		e.title = "HashSetOp " + map[parser.SetOp]string{parser.SetIntersect: "Intersect", parser.SetExcept: "Except"}[n.Op]
		if n.All {
			e.title += " All"
		}
		add("Outer", n.Left)
		add("Inner", n.Right)
	case *RecursiveUnion:
		e.kind, e.title = "Recursive Union", "Recursive Union"
		add("Outer", n.Base)
		add("Inner", n.Step)
	case *LockRows:
		e.kind, e.title = "LockRows", "LockRows"
		add("Outer", n.Input)
	case *Insert:
		e.kind, e.title = "ModifyTable", "Insert on "+expr.QuoteIdent(n.Table.Name)
		if n.Conflict != nil {
			how := "NOTHING"
			if n.Conflict.DoUpdate {
				how = "UPDATE"
			}
			e.props = append(e.props, prop{"Conflict Resolution", how})
			var names []string
			for _, a := range n.Conflict.Arbiters {
				names = append(names, a.Name)
			}
			if len(names) > 0 {
				e.props = append(e.props, prop{"Conflict Arbiter Indexes", strings.Join(names, ", ")})
			}
		}
		add("Outer", n.Input)
	case *Modify:
		verb := "Update"
		if n.Delete {
			verb = "Delete"
		}
		e.kind, e.title = "ModifyTable", verb+" on "+on(n.Table, n.Alias)
		for _, s := range n.Set {
			e.subplans(s.Value)
		}
		add("Outer", n.Input)
	default:
		e.kind = strings.TrimPrefix(fmt.Sprintf("%T", n), "*planner.")
		e.title = e.kind
	}
	return e
}

func joinSuffix(k JoinKind) string {
	return [...]string{"", " Left Join", " Full Join", " Semi Join", " Anti Join"}[k]
}

// subplans adds the subqueries in expressions as children.
func (e *explainNode) subplans(es ...expr.Expr) {
	for _, x := range es {
		expr.Walk(x, func(y expr.Expr) bool {
			s, ok := y.(*expr.Subplan)
			if !ok {
				return true
			}
			n, ok := s.Plan.(Node)
			if !ok {
				return true
			}
			k := explain(n)
			k.role, k.label = "SubPlan", fmt.Sprintf("SubPlan %d", s.ID+1)
			if len(s.Deps) == 0 && s.Kind == expr.SubplanScalar {
				k.role, k.label = "InitPlan", fmt.Sprintf("InitPlan %d", s.ID+1)
			}
			e.kids = append(e.kids, k)
			return true
		})
	}
}

func joinConds(es []expr.Expr) string {
	if len(es) == 1 {
		return expr.String(es[0])
	}
	return expr.String(&expr.And{Args: es})
}

// keyConds are the equalities of the keys of a join.
func keyConds(outer, inner []expr.Expr) string {
	var parts []string
	for i := range outer {
		parts = append(parts, "("+expr.String(outer[i])+" = "+expr.String(inner[i])+")")
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return "(" + strings.Join(parts, " AND ") + ")"
}

func listOf(es []expr.Expr) string {
	var parts []string
	for _, e := range es {
		parts = append(parts, expr.String(e))
	}
	return strings.Join(parts, ", ")
}

func keysOf(keys []expr.SortKey) string {
	var parts []string
	for _, k := range keys {
		s := expr.String(k.Expr)
		if k.Desc {
			s += " DESC"
		}
		if k.NullsFirst != k.Desc {
			if k.NullsFirst {
				s += " NULLS FIRST"
			} else {
				s += " NULLS LAST"
			}
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, ", ")
}

func printNode(out *[]string, e *explainNode, indent, arrow string, root bool, o ExplainOptions, actual func(Node) *Actual) {
	line := indent + arrow + e.title
	width := e.info.Width
	if e.width > 0 {
		width = e.width
	}
	if o.Costs {
		line += fmt.Sprintf("  (cost=%.2f..%.2f rows=%.0f width=%d)", e.info.Startup, e.info.Total, e.info.Rows, width)
	}
	var a *Actual
	if actual != nil {
		if a = actual(e.node); a == nil || a.Loops == 0 {
			line += " (never executed)"
		} else {
			loops := float64(a.Loops)
			if o.Timing {
				line += fmt.Sprintf(" (actual time=%.3f..%.3f rows=%.0f loops=%d)", a.StartMS/loops, a.EndMS/loops, float64(a.Rows)/loops, a.Loops)
			} else {
				line += fmt.Sprintf(" (actual rows=%.0f loops=%d)", float64(a.Rows)/loops, a.Loops)
			}
		}
	}
	*out = append(*out, line)
	inner := indent + strings.Repeat(" ", len(arrow)) + "  "
	for _, p := range e.props {
		*out = append(*out, inner+p.key+": "+p.value)
		if p.key == "Filter" && a != nil && a.Removed > 0 {
			*out = append(*out, fmt.Sprintf("%sRows Removed by Filter: %.0f", inner, float64(a.Removed)/float64(a.Loops)))
		}
	}
	for _, k := range e.kids {
		if k.label != "" {
			*out = append(*out, inner+k.label)
			printNode(out, k, inner+"  ", "->  ", false, o, actual)
			continue
		}
		printNode(out, k, inner, "->  ", false, o, actual)
	}
}

func jsonNode(e *explainNode, o ExplainOptions, actual func(Node) *Actual) map[string]any {
	m := map[string]any{"Node Type": e.kind}
	if e.role != "" {
		m["Parent Relationship"] = e.role
	}
	if e.label != "" {
		m["Subplan Name"] = e.label
	}
	if o.Costs {
		m["Startup Cost"], m["Total Cost"], m["Plan Rows"], m["Plan Width"] = e.info.Startup, e.info.Total, e.info.Rows, e.info.Width
	}
	switch n := e.node.(type) {
	case *SeqScan:
		m["Relation Name"], m["Alias"] = n.Table.Name, n.Alias
	case *IndexScan:
		m["Relation Name"], m["Alias"], m["Index Name"] = n.Table.Name, n.Alias, n.Index.Name
		m["Scan Direction"] = map[bool]string{true: "Backward", false: "Forward"}[n.Reverse]
	case *Modify:
		m["Relation Name"], m["Alias"] = n.Table.Name, n.Alias
		m["Operation"] = map[bool]string{true: "Delete", false: "Update"}[n.Delete]
	case *Insert:
		m["Relation Name"], m["Alias"], m["Operation"] = n.Table.Name, n.Table.Name, "Insert"
	}
	for _, p := range e.props {
		if strings.HasSuffix(p.key, "Key") {
			m[p.key] = strings.Split(p.value, ", ")
		} else {
			m[p.key] = p.value
		}
	}
	if actual != nil {
		if a := actual(e.node); a != nil && a.Loops > 0 {
			loops := float64(a.Loops)
			if o.Timing {
				m["Actual Startup Time"], m["Actual Total Time"] = a.StartMS/loops, a.EndMS/loops
			}
			m["Actual Rows"], m["Actual Loops"] = float64(a.Rows)/loops, a.Loops
		} else {
			m["Actual Rows"], m["Actual Loops"] = 0, 0
		}
	}
	if len(e.kids) > 0 {
		var kids []any
		for _, k := range e.kids {
			kids = append(kids, jsonNode(k, o, actual))
		}
		m["Plans"] = kids
	}
	return m
}
