package planner

import (
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// bindGroupBy binds GROUP BY: its expressions, and the grouping sets as indexes
// into them (nil for plain grouping).
func (r *run) bindGroupBy(s *scope, q *parser.SelectStmt, targets []target) ([]item, [][]int, error) {
	var groups []item
	index := make(map[string]int)
	add := func(e parser.Expr) (int, error) {
		x, err := r.groupExpr(s, e, targets)
		if err != nil {
			return 0, err
		}
		key := expr.Key(x)
		if i, ok := index[key]; ok {
			return i, nil
		}
		if !orderable(x.Type().OID) {
			return 0, sqlerr.New(sqlerr.UndefinedFunction, "could not identify an equality operator for type %s", x.Type().OID).At(e.Position())
		}
		id := ColID(0)
		if c, ok := x.(*expr.Col); ok {
			id = c.ID
		} else {
			id = r.newCol(expr.String(x), x.Type())
		}
		index[key] = len(groups)
		groups = append(groups, item{id, x})
		return len(groups) - 1, nil
	}
	// Each GROUP BY item is a list of alternatives; the sets are their product.
	sets := [][]int{{}}
	special := false
	var expand func(e parser.Expr) ([][]int, error)
	list := func(e parser.Expr) ([]int, error) {
		if row, ok := e.(*parser.RowExpr); ok && !row.Explicit {
			var out []int
			for _, a := range row.Args {
				i, err := add(a)
				if err != nil {
					return nil, err
				}
				out = append(out, i)
			}
			return out, nil
		}
		i, err := add(e)
		return []int{i}, err
	}
	expand = func(e parser.Expr) ([][]int, error) {
		g, ok := e.(*parser.GroupingSet)
		if !ok {
			one, err := list(e)
			return [][]int{one}, err
		}
		special = true
		switch g.Kind {
		case parser.GroupingEmpty:
			return [][]int{{}}, nil
		case parser.GroupingSets:
			var out [][]int
			for _, it := range g.Items {
				sub, err := expand(it)
				if err != nil {
					return nil, err
				}
				out = append(out, sub...)
			}
			return out, nil
		}
		var parts [][]int
		for _, it := range g.Items {
			p, err := list(it)
			if err != nil {
				return nil, err
			}
			parts = append(parts, p)
		}
		var out [][]int
		if g.Kind == parser.GroupingRollup {
			for n := len(parts); n >= 0; n-- {
				set := []int{}
				for _, p := range parts[:n] {
					set = append(set, p...)
				}
				out = append(out, set)
			}
			return out, nil
		}
		if len(parts) > 12 {
			return nil, sqlerr.New(sqlerr.TooManyColumns, "CUBE is limited to 12 elements").At(g.Pos)
		}
		for mask := 1<<len(parts) - 1; mask >= 0; mask-- {
			set := []int{}
			for i, p := range parts {
				if mask>>(len(parts)-1-i)&1 != 0 {
					set = append(set, p...)
				}
			}
			out = append(out, set)
		}
		return out, nil
	}
	for _, e := range q.GroupBy {
		alts, err := expand(e)
		if err != nil {
			return nil, nil, err
		}
		var next [][]int
		for _, s := range sets {
			for _, a := range alts {
				next = append(next, append(append([]int(nil), s...), a...))
			}
		}
		sets = next
	}
	if !special {
		return groups, nil, nil
	}
	if q.GroupDistinct {
		return nil, nil, sqlerr.Unsupported("GROUP BY DISTINCT")
	}
	return groups, sets, nil
}

// groupExpr resolves a GROUP BY item: an input column before an output name
// before a position in the select list.
func (r *run) groupExpr(s *scope, e parser.Expr, targets []target) (Expr, error) {
	fromTarget := func(t target) (Expr, error) {
		if expr.Any(t.Expr, func(x Expr) bool {
			c, ok := x.(*expr.Col)
			return ok && r.isAggregateCol(c.ID, s)
		}) {
			return nil, sqlerr.New(sqlerr.GroupingError, "aggregate functions are not allowed in GROUP BY").At(e.Position())
		}
		return r.settleUnknown(t.Expr)
	}
	switch x := e.(type) {
	case *parser.IntLit:
		if x.Value < 1 || x.Value > int64(len(targets)) {
			return nil, sqlerr.New(sqlerr.InvalidColumnReference, "GROUP BY position %d is not in select list", x.Value).At(x.Pos)
		}
		return fromTarget(targets[x.Value-1])
	case *parser.StringLit, *parser.NumLit, *parser.BoolLit, *parser.NullLit:
		return nil, sqlerr.New(sqlerr.SyntaxError, "non-integer constant in GROUP BY").At(e.Position())
	case *parser.ColumnRef:
		if len(x.Parts) != 1 || x.Star {
			break
		}
		for _, c := range s.cols {
			if c.name == x.Parts[0] && !c.hidden {
				return r.bindExpr(s, e)
			}
		}
		var found *target
		for i := range targets {
			if targets[i].Name == x.Parts[0] {
				if found != nil && expr.Key(found.Expr) != expr.Key(targets[i].Expr) {
					return nil, sqlerr.New(sqlerr.AmbiguousColumn, "GROUP BY %q is ambiguous", x.Parts[0]).At(x.Pos)
				}
				found = &targets[i]
			}
		}
		if found != nil {
			return fromTarget(*found)
		}
	}
	x, err := r.bindExpr(s, e)
	if err != nil {
		return nil, err
	}
	return r.settleUnknown(x)
}

func (r *run) isAggregateCol(id ColID, s *scope) bool {
	for _, c := range s.cols {
		if c.id == id {
			return false
		}
	}
	m := &r.cols[id]
	return m.table == nil && m.agg
}

// bindGrouping binds GROUPING(…): resolved when the groups are known.
func (r *run) bindGrouping(s *scope, e *parser.Grouping) (Expr, error) {
	if s.agg == nil {
		return nil, sqlerr.New(sqlerr.GroupingError, "grouping operations are not allowed in %s", s.clause).At(e.Pos)
	}
	g := groupingItem{ID: r.newCol("GROUPING", types.Int4OID.Type())}
	args, err := r.bindList(s, e.Args)
	if err != nil {
		return nil, err
	}
	for _, a := range args {
		g.keys = append(g.keys, expr.Key(a))
	}
	g.pos = e.Pos
	s.agg.grouping = append(s.agg.grouping, g)
	return r.col(g.ID, e.Pos), nil
}

// buildAggregate puts the aggregate operator over n and rewrites the targets and
// HAVING to its output columns.
func (r *run) buildAggregate(s *scope, n logical, level *aggLevel, groups []item, sets [][]int, targets []target, having *Expr) (logical, error) {
	in := setOf(outputs(n)...)
	a := &aggregate{Input: n, Groups: groups, Aggs: level.aggs, Sets: sets}
	made := make(colSet)
	byKey := make(map[string]ColID)
	for _, g := range groups {
		made.add(g.ID)
		byKey[expr.Key(g.Expr)] = g.ID
	}
	for _, x := range level.aggs {
		made.add(x.ID)
	}
	for _, g := range level.grouping {
		for _, k := range g.keys {
			at := -1
			for i, gk := range level.groupKeys {
				if gk == k {
					at = i
				}
			}
			if at < 0 {
				return nil, sqlerr.New(sqlerr.GroupingError, "arguments to GROUPING must be grouping expressions of the associated query level").At(g.pos)
			}
			g.Groups = append(g.Groups, at)
		}
		a.Grouping = append(a.Grouping, g)
		made.add(g.ID)
	}
	// Grouping by a primary key determines the table's other columns.
	determined := func(id ColID) bool {
		m := &r.cols[id]
		if m.table == nil || sets != nil {
			return false
		}
		pk := m.table.PrimaryKey()
		if pk == nil {
			return false
		}
		for _, rel := range s.allRels() {
			if rel.get == nil || rel.get.Cols[m.slot] != id {
				continue
			}
			for _, k := range pk.Columns {
				if !made.has(rel.get.Cols[k.Slot]) {
					return false
				}
			}
			return true
		}
		return false
	}
	check := func(e Expr) (Expr, error) {
		var bad *expr.Col
		inSub := false
		e = expr.Map(e, func(x Expr) Expr {
			if _, ok := x.(*expr.Const); ok {
				return x
			}
			if id, ok := byKey[expr.Key(x)]; ok {
				return r.col(id, -1)
			}
			return x
		})
		test := func(id ColID, pos int, sub bool) {
			if made.has(id) || !in.has(id) || bad != nil {
				return
			}
			if determined(id) {
				a.Groups = append(a.Groups, item{id, r.col(id, -1)})
				made.add(id)
				return
			}
			bad, inSub = r.col(id, pos), sub
		}
		expr.Walk(e, func(x Expr) bool {
			switch x := x.(type) {
			case *expr.Col:
				test(x.ID, x.Pos, false)
			case *expr.Subplan:
				for id := range freeCols(x.Plan.(logical)) {
					test(id, x.Pos, true)
				}
			}
			return true
		})
		if bad != nil {
			name := r.plainName(bad.ID)
			if inSub {
				return nil, sqlerr.New(sqlerr.GroupingError, "subquery uses ungrouped column %q from outer query", name).At(bad.Pos)
			}
			return nil, sqlerr.New(sqlerr.GroupingError, "column %q must appear in the GROUP BY clause or be used in an aggregate function", name).At(bad.Pos)
		}
		return e, nil
	}
	for i := range targets {
		x, err := check(targets[i].Expr)
		if err != nil {
			return nil, err
		}
		targets[i].Expr = x
	}
	if *having != nil {
		x, err := check(*having)
		if err != nil {
			return nil, err
		}
		*having = x
	}
	return a, nil
}

// allRels returns the relations of the FROM list, those hidden behind a join alias included.
func (s *scope) allRels() []*scopeRel { return s.rels }

// plainName is a column's name with its relation's, unquoted, for messages.
func (r *run) plainName(id ColID) string { return unquote(r.cols[id].name) }

func unquote(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '"' {
			out = append(out, s[i])
		}
	}
	return string(out)
}
