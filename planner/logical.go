package planner

import (
	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/types"
)

type (
	// ColID names a column of one query wherever it travels in the plan.
	ColID = expr.ColID
	// Expr is a bound scalar expression.
	Expr = expr.Expr
)

// logical is an operator of the logical plan: what is computed, not how. A
// logical plan belongs to one planning run and is changed in place by the rules.
//
// Columns are named by ColIDs that are unique in the whole statement, subqueries
// included. A column that an operator mentions but none of its inputs makes is
// free: it comes from an outer query, or from the left side of a lateral join.
type logical interface{ isLogical() }

// item computes a column. When Expr is a *expr.Col of the same ID, the column is
// just passed on.
type item struct {
	ID   ColID
	Expr Expr
}

type (
	// get reads a table. Cols[slot] is the column's ID.
	get struct {
		Table  *catalog.Table
		Alias  string
		Cols   []ColID
		RowKey ColID // the row's storage key; 0 unless someone asks
		Conds  []Expr
	}

	// funcScan calls set-returning (or plain) functions in FROM.
	funcScan struct {
		Calls      []Expr
		Cols       [][]ColID // of each call
		Ordinality ColID
		Alias      string
	}

	// values is a list of rows; a single empty row is the FROM-less input.
	values struct {
		Rows [][]Expr
		Cols []ColID
		Name string
	}

	// cteRef reads a materialised CTE; Cols are fresh names for the CTE's columns.
	cteRef struct {
		CTE  *cte
		Cols []ColID
	}

	// workTable reads the rows of the last round of a recursive CTE.
	workTable struct {
		CTE  *cte
		Cols []ColID
	}

	filter struct {
		Input logical
		Conds []Expr
	}

	project struct {
		Input logical
		Items []item
	}

	// projectSet is project with set-returning functions among the items.
	projectSet struct {
		Input logical
		Items []item
	}

	join struct {
		Kind        JoinKind
		Left, Right logical
		On          []Expr
	}

	aggregate struct {
		Input  logical
		Groups []item
		Aggs   []aggItem
		// Sets are the grouping sets as indexes into Groups; nil for one set of all.
		Sets [][]int
		// Grouping are GROUPING() results: a bit for each mentioned group.
		Grouping []groupingItem
	}

	// distinct keeps one row for each value of On (all columns if nil). With On it
	// keeps the first in the input's order.
	distinct struct {
		Input logical
		On    []ColID
	}

	sort struct {
		Input logical
		Keys  []expr.SortKey
	}

	limit struct {
		Input         logical
		Count, Offset Expr
		Ties          []expr.SortKey // WITH TIES
	}

	setOp struct {
		Op                  parser.SetOp
		All                 bool
		Left, Right         logical
		Cols                []ColID
		LeftCols, RightCols []ColID
	}

	recursive struct {
		CTE                *cte
		Base, Step         logical
		Cols               []ColID
		BaseCols, StepCols []ColID
		All                bool
	}

	// with makes CTEs available to Body; each is run once, or as far as it is read.
	with struct {
		CTEs []*cte
		Body logical
	}

	lockRows struct {
		Input   logical
		Targets []lockTarget
		Recheck []Expr
	}

	insert struct {
		Node  *Insert
		Input logical
	}

	modify struct { // UPDATE and DELETE
		Node  *Modify
		Input logical
		// Target is what the input reads of the table that is changed.
		Target *get
	}
)

// JoinKind says which rows a join puts out.
type JoinKind int

// The kinds of join. A right join is a left join the other way round.
const (
	InnerJoin JoinKind = iota
	LeftJoin
	FullJoin
	SemiJoin
	AntiJoin
)

func (k JoinKind) String() string {
	return [...]string{"Inner", "Left", "Full", "Semi", "Anti"}[k]
}

type aggItem struct {
	ID   ColID
	Call *expr.AggCall
}

type groupingItem struct {
	ID     ColID
	Groups []int

	keys []string // of the arguments, until Groups is known
	pos  int
}

type lockTarget struct {
	Get      *get
	Strength parser.LockStrength
	Wait     parser.LockWait
}

// cte is one WITH query.
type cte struct {
	Name  string
	Plan  logical // nil for a self-reference that is being bound
	Cols  []outCol
	Index int // place among the statement's CTEs
	// Modifying: run to its end even if nobody reads it.
	Modifying bool
	refs      int
	recursive bool
	query     *parser.CTE
}

// outCol is a column of a query's result.
type outCol struct {
	Name string
	ID   ColID
	Type types.Type
	// Table and Slot tell where the column comes from, for RowDescription.
	Table catalog.ID
	Slot  int
}

func (*get) isLogical()        {}
func (*funcScan) isLogical()   {}
func (*values) isLogical()     {}
func (*cteRef) isLogical()     {}
func (*workTable) isLogical()  {}
func (*filter) isLogical()     {}
func (*project) isLogical()    {}
func (*projectSet) isLogical() {}
func (*join) isLogical()       {}
func (*aggregate) isLogical()  {}
func (*distinct) isLogical()   {}
func (*sort) isLogical()       {}
func (*limit) isLogical()      {}
func (*setOp) isLogical()      {}
func (*recursive) isLogical()  {}
func (*with) isLogical()       {}
func (*lockRows) isLogical()   {}
func (*insert) isLogical()     {}
func (*modify) isLogical()     {}

// inputs returns pointers to the operator's inputs, so that a rule can replace them.
func inputs(n logical) []*logical {
	switch n := n.(type) {
	case *filter:
		return []*logical{&n.Input}
	case *project:
		return []*logical{&n.Input}
	case *projectSet:
		return []*logical{&n.Input}
	case *join:
		return []*logical{&n.Left, &n.Right}
	case *aggregate:
		return []*logical{&n.Input}
	case *distinct:
		return []*logical{&n.Input}
	case *sort:
		return []*logical{&n.Input}
	case *limit:
		return []*logical{&n.Input}
	case *setOp:
		return []*logical{&n.Left, &n.Right}
	case *recursive:
		return []*logical{&n.Base, &n.Step}
	case *with:
		return []*logical{&n.Body}
	case *lockRows:
		return []*logical{&n.Input}
	case *insert:
		return []*logical{&n.Input}
	case *modify:
		return []*logical{&n.Input}
	}
	return nil
}

// mapExprs replaces every expression of the operator itself by f of it.
func mapExprs(n logical, f func(Expr) Expr) {
	list := func(es []Expr) {
		for i := range es {
			if es[i] != nil {
				es[i] = f(es[i])
			}
		}
	}
	items := func(is []item) {
		for i := range is {
			is[i].Expr = f(is[i].Expr)
		}
	}
	keys := func(ks []expr.SortKey) {
		for i := range ks {
			ks[i].Expr = f(ks[i].Expr)
		}
	}
	switch n := n.(type) {
	case *get:
		list(n.Conds)
	case *funcScan:
		list(n.Calls)
	case *values:
		for _, r := range n.Rows {
			list(r)
		}
	case *filter:
		list(n.Conds)
	case *project:
		items(n.Items)
	case *projectSet:
		items(n.Items)
	case *join:
		list(n.On)
	case *aggregate:
		items(n.Groups)
		for i := range n.Aggs {
			c := *n.Aggs[i].Call
			c.Args = append([]Expr(nil), c.Args...)
			list(c.Args)
			if c.Filter != nil {
				c.Filter = f(c.Filter)
			}
			c.OrderBy = append([]expr.SortKey(nil), c.OrderBy...)
			keys(c.OrderBy)
			n.Aggs[i].Call = &c
		}
	case *sort:
		keys(n.Keys)
	case *limit:
		if n.Count != nil {
			n.Count = f(n.Count)
		}
		if n.Offset != nil {
			n.Offset = f(n.Offset)
		}
		keys(n.Ties)
	case *lockRows:
		list(n.Recheck)
	case *insert:
		n.Node.mapInputExprs(f)
	case *modify:
		n.Node.mapInputExprs(f)
	}
}

// eachExpr calls f with every expression of the operator itself.
func eachExpr(n logical, f func(Expr)) {
	mapExprs(n, func(e Expr) Expr { f(e); return e })
}

// outputs returns the columns the operator makes, in order.
func outputs(n logical) []ColID {
	switch n := n.(type) {
	case *get:
		var out []ColID
		for _, c := range n.Cols {
			if c != 0 {
				out = append(out, c)
			}
		}
		if n.RowKey != 0 {
			out = append(out, n.RowKey)
		}
		return out
	case *funcScan:
		var out []ColID
		for _, c := range n.Cols {
			out = append(out, c...)
		}
		if n.Ordinality != 0 {
			out = append(out, n.Ordinality)
		}
		return out
	case *values:
		return n.Cols
	case *cteRef:
		return n.Cols
	case *workTable:
		return n.Cols
	case *filter:
		return outputs(n.Input)
	case *project:
		return itemIDs(n.Items)
	case *projectSet:
		return itemIDs(n.Items)
	case *join:
		if n.Kind == SemiJoin || n.Kind == AntiJoin {
			return outputs(n.Left)
		}
		return append(append([]ColID(nil), outputs(n.Left)...), outputs(n.Right)...)
	case *aggregate:
		out := itemIDs(n.Groups)
		for _, a := range n.Aggs {
			out = append(out, a.ID)
		}
		for _, g := range n.Grouping {
			out = append(out, g.ID)
		}
		return out
	case *distinct:
		return outputs(n.Input)
	case *sort:
		return outputs(n.Input)
	case *limit:
		return outputs(n.Input)
	case *setOp:
		return n.Cols
	case *recursive:
		return n.Cols
	case *with:
		return outputs(n.Body)
	case *lockRows:
		return outputs(n.Input)
	case *insert:
		return n.Node.returningIDs
	case *modify:
		return n.Node.returningIDs
	}
	return nil
}

func itemIDs(items []item) []ColID {
	out := make([]ColID, len(items))
	for i, it := range items {
		out[i] = it.ID
	}
	return out
}

// colSet is a set of columns.
type colSet map[ColID]struct{}

func setOf(ids ...ColID) colSet {
	s := make(colSet, len(ids))
	s.add(ids...)
	return s
}

func (s colSet) add(ids ...ColID) {
	for _, id := range ids {
		s[id] = struct{}{}
	}
}

func (s colSet) has(id ColID) bool { _, ok := s[id]; return ok }

func (s colSet) hasAll(o colSet) bool {
	for id := range o {
		if !s.has(id) {
			return false
		}
	}
	return true
}

func (s colSet) hasAny(o colSet) bool {
	for id := range o {
		if s.has(id) {
			return true
		}
	}
	return false
}

// addCols adds the columns that e mentions, those free in its subqueries included.
func (s colSet) addCols(e Expr) {
	expr.Walk(e, func(x Expr) bool {
		switch x := x.(type) {
		case *expr.Col:
			s.add(x.ID)
		case *expr.Subplan:
			if l, ok := x.Plan.(logical); ok {
				free := freeCols(l)
				for id := range free {
					s.add(id)
				}
				if x.Test != nil {
					test := make(colSet)
					test.addCols(x.Test)
					for _, id := range x.RowCols {
						delete(test, id)
					}
					for id := range test {
						s.add(id)
					}
				}
				return false
			}
		}
		return true
	})
}

// colsOf returns the columns that an expression mentions.
func colsOf(es ...Expr) colSet {
	s := make(colSet)
	for _, e := range es {
		s.addCols(e)
	}
	return s
}

// freeCols returns the columns that n mentions and does not make.
func freeCols(n logical) colSet {
	used, made := make(colSet), make(colSet)
	var visit func(n logical)
	visit = func(n logical) {
		made.add(outputs(n)...)
		eachExpr(n, used.addCols)
		switch n := n.(type) {
		case *aggregate:
			made.add(itemIDs(n.Groups)...)
		case *setOp:
			used.add(n.LeftCols...)
			used.add(n.RightCols...)
		case *with:
			for _, c := range n.CTEs {
				if c.Plan != nil {
					visit(c.Plan)
				}
			}
		case *join:
			// A semi join hides its right side, which its condition mentions.
			made.add(outputs(n.Right)...)
		case *insert:
			made.add(n.Node.madeIDs()...)
		case *modify:
			made.add(n.Node.madeIDs()...)
		}
		for _, in := range inputs(n) {
			visit(*in)
		}
	}
	visit(n)
	for id := range made {
		delete(used, id)
	}
	return used
}
