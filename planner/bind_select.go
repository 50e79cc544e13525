package planner

import (
	"fmt"
	"strconv"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

func itoa(n int) string { return strconv.Itoa(n) }

func typeName(v any) string { return fmt.Sprintf("%T", v) }

// bindSelect binds a query. outer is the scope around it, which may hold CTEs.
// With settle, untyped literals in the result become text; a caller that has
// types of its own for the columns (INSERT, UNION) settles them itself.
func (r *run) bindSelect(outer *scope, q *parser.SelectStmt, settle bool) (logical, []outCol, error) {
	if r.depth > 5000 { // the parser nests no deeper
		return nil, nil, sqlerr.New(sqlerr.StatementTooComplex, "stack depth limit exceeded")
	}
	r.depth++
	defer func() { r.depth-- }()
	ctes, inner, err := r.bindWith(outer, q.With)
	if err != nil {
		return nil, nil, err
	}
	var n logical
	var cols []outCol
	switch {
	case q.Op != parser.SetNone:
		n, cols, err = r.bindSetOp(inner, q)
	case q.Values != nil:
		n, cols, err = r.bindValues(inner, q)
	default:
		n, cols, err = r.bindSimple(inner, q)
	}
	if err != nil {
		return nil, nil, err
	}
	if settle {
		want := make([]types.Type, len(cols))
		need := false
		for i, c := range cols {
			want[i] = c.Type
			if c.Type.OID == types.UnknownOID {
				want[i] = types.TextOID.Type()
				need = true
			}
		}
		if need {
			if n, cols, err = r.coerceCols(n, cols, want, "", q.Pos); err != nil {
				return nil, nil, err
			}
		}
	}
	if len(ctes) > 0 {
		n = &with{CTEs: ctes, Body: n}
	}
	return n, cols, nil
}

// coerceCols converts the columns of a query to the types want. context names
// the construct in the error.
func (r *run) coerceCols(n logical, cols []outCol, want []types.Type, context string, pos int) (logical, []outCol, error) {
	changed := false
	for i, c := range cols {
		changed = changed || c.Type != want[i]
	}
	if !changed {
		return n, cols, nil
	}
	p := &project{Input: n}
	out := append([]outCol(nil), cols...)
	top := itemsOf(n)
	for i, c := range cols {
		var e Expr = r.col(c.ID, -1)
		if c.Type != want[i] {
			// An untyped literal is read as the wanted type rather than converted.
			if x := top[c.ID]; x != nil && x.Type().OID == types.UnknownOID {
				e = x
			}
			how := expr.Implicit
			x, err := r.res.Coerce(e, want[i], how)
			if err != nil {
				return nil, nil, err
			}
			if x == nil {
				return nil, nil, sqlerr.New(sqlerr.CannotCoerce, "%s could not convert type %s to %s", context, c.Type.OID, want[i].OID).At(pos)
			}
			id := r.newCol(c.Name, want[i])
			out[i].ID, out[i].Type = id, want[i]
			out[i].Table = 0
			e = x
		}
		p.Items = append(p.Items, item{out[i].ID, e})
	}
	return p, out, nil
}

// itemsOf returns the expressions of a query's outermost projection, below what
// leaves columns alone.
func itemsOf(n logical) map[ColID]Expr {
	for {
		switch x := n.(type) {
		case *project:
			m := make(map[ColID]Expr, len(x.Items))
			for _, it := range x.Items {
				m[it.ID] = it.Expr
			}
			return m
		case *with:
			n = x.Body
			continue
		case *values:
			if len(x.Rows) == 1 {
				m := make(map[ColID]Expr)
				for i, id := range x.Cols {
					m[id] = x.Rows[0][i]
				}
				return m
			}
		}
		return nil
	}
}

// bindWith binds WITH queries and returns them with the scope that sees them.
func (r *run) bindWith(outer *scope, w *parser.WithClause) ([]*cte, *scope, error) {
	if w == nil {
		return nil, outer, nil
	}
	s := &scope{outer: outer, ctes: make(map[string]*cte)}
	var ctes []*cte
	for _, q := range w.CTEs {
		if s.ctes[q.Name] != nil {
			return nil, nil, sqlerr.New(sqlerr.DuplicateAlias, "WITH query name %q specified more than once", q.Name).At(q.Pos)
		}
		if q.Search != nil {
			return nil, nil, sqlerr.Unsupported("SEARCH").At(q.Pos)
		}
		if q.Cycle != nil {
			return nil, nil, sqlerr.Unsupported("CYCLE").At(q.Pos)
		}
		c := &cte{Name: q.Name, Index: len(r.ctes), query: q}
		r.ctes = append(r.ctes, c)
		if err := r.bindCTE(s, c, w.Recursive); err != nil {
			return nil, nil, err
		}
		s.ctes[q.Name] = c
		ctes = append(ctes, c)
	}
	return ctes, s, nil
}

func (r *run) bindCTE(s *scope, c *cte, recursive bool) error {
	q := c.query
	rename := func(cols []outCol) ([]outCol, error) {
		if len(q.Columns) > len(cols) {
			return nil, sqlerr.New(sqlerr.InvalidColumnReference, "WITH query %q has %d columns available but %d columns specified", c.Name, len(cols), len(q.Columns)).At(q.Pos)
		}
		out := append([]outCol(nil), cols...)
		for i := range out {
			if i < len(q.Columns) {
				out[i].Name = q.Columns[i]
			}
		}
		return out, nil
	}
	switch stmt := q.Query.(type) {
	case *parser.SelectStmt:
		if recursive && stmt.Op == parser.SetUnion {
			done, err := r.bindRecursive(s, c, stmt, rename)
			if done || err != nil {
				return err
			}
		}
		n, cols, err := r.bindSelect(s, stmt, true)
		if err != nil {
			return err
		}
		c.Plan = n
		c.Cols, err = rename(cols)
		return err
	default:
		n, cols, err := r.bindDML(s, stmt)
		if err != nil {
			return err
		}
		c.Plan, c.Modifying = n, true
		c.Cols, err = rename(cols)
		return err
	}
}

// bindRecursive binds a WITH query of the form base UNION [ALL] step whose step
// refers to the query itself. It reports false if step does not.
func (r *run) bindRecursive(s *scope, c *cte, q *parser.SelectStmt, rename func([]outCol) ([]outCol, error)) (bool, error) {
	if !mentions(q.Right, c.Name) {
		return false, nil
	}
	switch {
	case len(q.OrderBy) > 0:
		return false, sqlerr.Unsupported("ORDER BY in a recursive query").At(q.Pos)
	case q.Offset != nil:
		return false, sqlerr.Unsupported("OFFSET in a recursive query").At(q.Pos)
	case q.Limit != nil:
		return false, sqlerr.Unsupported("LIMIT in a recursive query").At(q.Pos)
	case len(q.Locking) > 0:
		return false, sqlerr.New(sqlerr.FeatureNotSupported, "FOR UPDATE/SHARE in a recursive query is not implemented").At(q.Pos)
	}
	inner := s
	if q.With != nil {
		return false, sqlerr.Unsupported("WITH inside a recursive query").At(q.Pos)
	}
	base, baseCols, err := r.bindSelect(inner, q.Left, true)
	if err != nil {
		return false, err
	}
	if c.Cols, err = rename(baseCols); err != nil {
		return false, err
	}
	c.recursive = true
	step := &scope{outer: inner, ctes: map[string]*cte{c.Name: c}}
	stepPlan, stepCols, err := r.bindSelect(step, q.Right, false)
	if err != nil {
		return false, err
	}
	if len(stepCols) != len(baseCols) {
		return false, sqlerr.New(sqlerr.SyntaxError, "each UNION query must have the same number of columns").At(firstColumn(q.Right))
	}
	want := make([]types.Type, len(baseCols))
	for i, b := range baseCols {
		want[i] = b.Type
		pair := []Expr{r.col(b.ID, q.Pos), r.col(stepCols[i].ID, q.Pos)}
		t, err := r.res.CommonType(pair, "UNION", q.Pos)
		if err != nil {
			return false, err
		}
		if t.OID != b.Type.OID {
			return false, sqlerr.New(sqlerr.DatatypeMismatch, "recursive query %q column %d has type %s in non-recursive term but type %s overall", c.Name, i+1, b.Type, t).
				WithHint("Cast the output of the non-recursive term to the correct type.").At(q.Left.Pos)
		}
	}
	if stepPlan, stepCols, err = r.coerceCols(stepPlan, stepCols, want, "UNION", q.Pos); err != nil {
		return false, err
	}
	rec := &recursive{CTE: c, Base: base, Step: stepPlan, All: q.All}
	for i := range c.Cols {
		id := r.newCol(expr.QuoteIdent(c.Name)+"."+expr.QuoteIdent(c.Cols[i].Name), c.Cols[i].Type)
		rec.Cols = append(rec.Cols, id)
		rec.BaseCols = append(rec.BaseCols, baseCols[i].ID)
		rec.StepCols = append(rec.StepCols, stepCols[i].ID)
		c.Cols[i].ID = id
		c.Cols[i].Table = 0
	}
	c.Plan = rec
	return true, nil
}

// firstColumn is the position that an error about the columns of q shows, or -1.
func firstColumn(q *parser.SelectStmt) int {
	for q.Left != nil {
		q = q.Left
	}
	if len(q.Targets) == 0 {
		return -1
	}
	return q.Targets[0].Pos
}

// bindSetOp binds UNION, INTERSECT and EXCEPT.
func (r *run) bindSetOp(s *scope, q *parser.SelectStmt) (logical, []outCol, error) {
	left, lcols, err := r.bindSelect(s, q.Left, false)
	if err != nil {
		return nil, nil, err
	}
	right, rcols, err := r.bindSelect(s, q.Right, false)
	if err != nil {
		return nil, nil, err
	}
	name := q.Op.String()
	if len(lcols) != len(rcols) {
		return nil, nil, sqlerr.New(sqlerr.SyntaxError, "each %s query must have the same number of columns", name).At(firstColumn(q.Right))
	}
	want := make([]types.Type, len(lcols))
	ltop, rtop := itemsOf(left), itemsOf(right)
	for i := range lcols {
		pair := []Expr{r.col(lcols[i].ID, q.Left.Pos), r.col(rcols[i].ID, q.Right.Pos)}
		if x := ltop[lcols[i].ID]; x != nil {
			pair[0] = x
		}
		if x := rtop[rcols[i].ID]; x != nil {
			pair[1] = x
		}
		if want[i], err = r.res.CommonType(pair, name, q.Right.Pos); err != nil {
			return nil, nil, err
		}
		if !q.All && !orderable(want[i].OID) {
			return nil, nil, sqlerr.New(sqlerr.UndefinedFunction, "could not identify an equality operator for type %s", want[i].OID)
		}
	}
	if left, lcols, err = r.coerceCols(left, lcols, want, name, q.Pos); err != nil {
		return nil, nil, err
	}
	if right, rcols, err = r.coerceCols(right, rcols, want, name, q.Pos); err != nil {
		return nil, nil, err
	}
	op := &setOp{Op: q.Op, All: q.All, Left: left, Right: right}
	var cols []outCol
	for i := range lcols {
		id := r.newCol(expr.QuoteIdent(lcols[i].Name), want[i])
		op.Cols = append(op.Cols, id)
		op.LeftCols = append(op.LeftCols, lcols[i].ID)
		op.RightCols = append(op.RightCols, rcols[i].ID)
		cols = append(cols, outCol{Name: lcols[i].Name, ID: id, Type: want[i]})
	}
	n, err := r.bindTail(s, q, op, cols)
	return n, cols, err
}

// bindValues binds a VALUES list.
func (r *run) bindValues(s *scope, q *parser.SelectStmt) (logical, []outCol, error) {
	v := &values{Name: "*VALUES*"}
	bind := &scope{outer: s, clause: "VALUES"}
	for _, row := range q.Values {
		if len(row) != len(q.Values[0]) {
			return nil, nil, sqlerr.New(sqlerr.SyntaxError, "VALUES lists must all be the same length").At(row[0].Position())
		}
		items, err := r.bindList(bind, row)
		if err != nil {
			return nil, nil, err
		}
		v.Rows = append(v.Rows, items)
	}
	var cols []outCol
	for i := range q.Values[0] {
		column := make([]Expr, len(v.Rows))
		for k, row := range v.Rows {
			column[k] = row[i]
		}
		t := column[0].Type()
		if len(v.Rows) > 1 {
			var err error
			if t, err = r.res.Unify(column, "VALUES", q.Pos); err != nil {
				return nil, nil, err
			}
		}
		for k := range v.Rows {
			v.Rows[k][i] = column[k]
		}
		name := "column" + itoa(i+1)
		id := r.newCol(`"*VALUES*".`+name, t)
		v.Cols = append(v.Cols, id)
		cols = append(cols, outCol{Name: name, ID: id, Type: t})
	}
	n, err := r.bindTail(s, q, v, cols)
	return n, cols, err
}

// bindTail binds ORDER BY, LIMIT and OFFSET over finished columns (of VALUES
// and set operations).
func (r *run) bindTail(s *scope, q *parser.SelectStmt, n logical, cols []outCol) (logical, error) {
	if len(q.Locking) > 0 {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "%s is not allowed with %s", q.Locking[0].Strength, map[bool]string{true: "VALUES", false: "UNION/INTERSECT/EXCEPT"}[q.Values != nil])
	}
	over := &scope{outer: s, clause: "ORDER BY"}
	rel := &scopeRel{}
	for _, c := range cols {
		rel.cols = append(rel.cols, scopeCol{name: c.Name, id: c.ID})
	}
	over.addRel(rel)
	var keys []expr.SortKey
	for _, o := range q.OrderBy {
		x, err := r.orderByOutput(o, cols)
		if err != nil {
			return nil, err
		}
		if x == nil {
			if q.Values != nil {
				if x, err = r.bindExpr(over, o.Expr); err != nil {
					return nil, err
				}
			} else {
				if ref, ok := o.Expr.(*parser.ColumnRef); ok {
					return nil, sqlerr.New(sqlerr.UndefinedColumn, "column %q does not exist", ref.Parts[len(ref.Parts)-1]).At(ref.Pos)
				}
				return nil, sqlerr.New(sqlerr.FeatureNotSupported, "invalid UNION/INTERSECT/EXCEPT ORDER BY clause").
					WithDetail("Only result column names can be used, not expressions or functions.").
					WithHint("Add the expression/function to every SELECT, or move the UNION into a FROM clause.").At(o.Expr.Position())
			}
		}
		k, err := r.sortKey(x, o)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	if len(keys) > 0 {
		n = &sort{Input: n, Keys: keys}
	}
	return r.bindLimit(s, q, n, keys)
}

func (r *run) bindLimit(s *scope, q *parser.SelectStmt, n logical, keys []expr.SortKey) (logical, error) {
	if q.Limit == nil && q.Offset == nil {
		return n, nil
	}
	l := &limit{Input: n}
	for _, p := range []struct {
		clause string
		src    parser.Expr
		dst    *Expr
	}{{"LIMIT", q.Limit, &l.Count}, {"OFFSET", q.Offset, &l.Offset}} {
		if p.src == nil {
			continue
		}
		x, err := r.bindExpr(&scope{outer: s.onlyCTEs(), clause: p.clause}, p.src)
		if err != nil {
			if sqlerr.CodeOf(err) == sqlerr.UndefinedColumn {
				return nil, sqlerr.New(sqlerr.InvalidColumnReference, "argument of %s must not contain variables", p.clause).At(p.src.Position())
			}
			return nil, err
		}
		c, err := r.res.Coerce(x, types.Int8OID.Type(), expr.Assignment)
		if err != nil {
			return nil, err
		}
		if c == nil {
			return nil, sqlerr.New(sqlerr.DatatypeMismatch, "argument of %s must be type bigint, not type %s", p.clause, x.Type().OID).At(p.src.Position())
		}
		*p.dst = c
	}
	if q.WithTies {
		if len(keys) == 0 {
			return nil, sqlerr.New(sqlerr.SyntaxError, "WITH TIES cannot be specified without ORDER BY clause")
		}
		l.Ties = append([]expr.SortKey(nil), keys...)
	}
	return l, nil
}

// onlyCTEs is the chain of scopes with its columns left out, for LIMIT.
func (s *scope) onlyCTEs() *scope {
	if s == nil {
		return nil
	}
	return &scope{outer: s.outer, ctes: s.ctes}
}

// orderByOutput resolves an ORDER BY item that is a column number or the name
// of an output column; nil if it is neither.
func (r *run) orderByOutput(o *parser.SortBy, cols []outCol) (Expr, error) {
	switch e := o.Expr.(type) {
	case *parser.IntLit:
		if e.Value < 1 || e.Value > int64(len(cols)) {
			return nil, sqlerr.New(sqlerr.InvalidColumnReference, "ORDER BY position %d is not in select list", e.Value).At(e.Pos)
		}
		return r.col(cols[e.Value-1].ID, e.Pos), nil
	case *parser.StringLit, *parser.NumLit, *parser.BoolLit, *parser.NullLit:
		return nil, sqlerr.New(sqlerr.SyntaxError, "non-integer constant in ORDER BY").At(e.Position())
	case *parser.ColumnRef:
		if len(e.Parts) != 1 || e.Star {
			return nil, nil
		}
		var found *outCol
		for i := range cols {
			if cols[i].Name == e.Parts[0] {
				if found != nil && found.ID != cols[i].ID {
					return nil, sqlerr.New(sqlerr.AmbiguousColumn, "ORDER BY %q is ambiguous", e.Parts[0]).At(e.Pos)
				}
				found = &cols[i]
			}
		}
		if found != nil {
			return r.col(found.ID, e.Pos), nil
		}
	}
	return nil, nil
}

// target is an item of a select list, bound.
type target struct {
	outCol
	Expr Expr
}

// bindSimple binds SELECT … FROM ….
func (r *run) bindSimple(outer *scope, q *parser.SelectStmt) (logical, []outCol, error) {
	if len(q.Windows) > 0 {
		return nil, nil, sqlerr.Unsupported("the WINDOW clause").At(q.Windows[0].Pos)
	}
	s := &scope{outer: outer}
	n, err := r.bindFrom(s, q.From)
	if err != nil {
		return nil, nil, err
	}
	s.clause = "WHERE"
	var where []Expr
	if q.Where != nil {
		cond, err := r.bindExpr(s, q.Where)
		if err != nil {
			return nil, nil, err
		}
		if cond, err = r.res.CoerceBool(cond, "WHERE", q.Where.Position()); err != nil {
			return nil, nil, err
		}
		where = expr.Conjuncts(cond)
		n = &filter{Input: n, Conds: where}
	}
	agg := &aggLevel{}
	s.clause, s.agg = "", agg
	targets, err := r.bindTargets(s, q.Targets, "SELECT")
	if err != nil {
		return nil, nil, err
	}
	s.clause, s.agg = "GROUP BY", nil
	groups, sets, err := r.bindGroupBy(s, q, targets)
	if err != nil {
		return nil, nil, err
	}
	s.clause, s.agg = "", agg
	for _, g := range groups {
		agg.groupKeys = append(agg.groupKeys, expr.Key(g.Expr))
	}
	var having Expr
	if q.Having != nil {
		s.clause = "HAVING"
		if having, err = r.bindExpr(s, q.Having); err != nil {
			return nil, nil, err
		}
		if having, err = r.res.CoerceBool(having, "HAVING", q.Having.Position()); err != nil {
			return nil, nil, err
		}
		s.clause = ""
	}
	// ORDER BY sees output names first, then the input.
	cols := make([]outCol, len(targets))
	for i, t := range targets {
		cols[i] = t.outCol
	}
	keys, junk, err := r.bindOrderBy(s, q, targets, cols)
	if err != nil {
		return nil, nil, err
	}
	var distinctOn []ColID
	if len(q.DistinctOn) > 0 {
		if distinctOn, junk, err = r.bindDistinctOn(s, q, targets, cols, keys, junk); err != nil {
			return nil, nil, err
		}
	}
	all := append(append([]target(nil), targets...), junk...)

	if len(groups) > 0 || len(agg.aggs) > 0 || having != nil || q.GroupBy != nil || len(agg.grouping) > 0 {
		if n, err = r.buildAggregate(s, n, agg, groups, sets, all, &having); err != nil {
			return nil, nil, err
		}
		if having != nil {
			n = &filter{Input: n, Conds: expr.Conjuncts(having)}
		}
		if len(q.Locking) > 0 {
			return nil, nil, sqlerr.New(sqlerr.FeatureNotSupported, "%s is not allowed with GROUP BY clause", q.Locking[0].Strength)
		}
	}
	if len(q.Locking) > 0 {
		return r.finishLocking(s, q, n, where, all, cols, keys)
	}
	items := make([]item, len(all))
	srf := false
	for i, t := range all {
		items[i] = item{t.ID, t.Expr}
		srf = srf || hasSRF(t.Expr)
	}
	if srf {
		n = &projectSet{Input: n, Items: items}
	} else {
		n = &project{Input: n, Items: items}
	}
	if q.Distinct {
		for _, t := range targets {
			if len(q.DistinctOn) == 0 && !orderable(t.Type.OID) {
				return nil, nil, sqlerr.New(sqlerr.UndefinedFunction, "could not identify an equality operator for type %s", t.Type.OID)
			}
		}
		if len(q.DistinctOn) == 0 {
			if len(junk) > 0 {
				pos := q.OrderBy[0].Expr.Position()
				return nil, nil, sqlerr.New(sqlerr.InvalidColumnReference, "for SELECT DISTINCT, ORDER BY expressions must appear in select list").At(pos)
			}
			n = &distinct{Input: n}
		} else {
			// The first row of each group in the ORDER BY's order, so sort first.
			if len(keys) > 0 {
				n = &sort{Input: n, Keys: keys}
			}
			n = &distinct{Input: n, On: distinctOn}
			if n, err = r.bindLimit(s.outer, q, n, keys); err != nil {
				return nil, nil, err
			}
			return r.dropJunk(n, cols, len(junk) > 0), cols, nil
		}
	}
	if len(keys) > 0 {
		n = &sort{Input: n, Keys: keys}
	}
	if n, err = r.bindLimit(s.outer, q, n, keys); err != nil {
		return nil, nil, err
	}
	return r.dropJunk(n, cols, len(junk) > 0), cols, nil
}

func (r *run) dropJunk(n logical, cols []outCol, junk bool) logical {
	if !junk {
		return n
	}
	p := &project{Input: n}
	for _, c := range cols {
		p.Items = append(p.Items, item{c.ID, r.col(c.ID, -1)})
	}
	return p
}

func hasSRF(e Expr) bool {
	return expr.Any(e, func(x Expr) bool {
		c, ok := x.(*expr.Call)
		return ok && c.Fn.SRF != nil
	})
}

// bindTargets binds a select or RETURNING list.
func (r *run) bindTargets(s *scope, list []parser.Target, clause string) ([]target, error) {
	var out []target
	for i := range list {
		t := &list[i]
		switch e := t.Expr.(type) {
		case *parser.ColumnRef:
			if !e.Star {
				break
			}
			cols, err := r.expandStar(s, e, clause)
			if err != nil {
				return nil, err
			}
			out = append(out, cols...)
			continue
		case *parser.FieldSelect:
			if !e.Star {
				break
			}
			arg, err := r.bindExpr(s, e.Arg)
			if err != nil {
				return nil, err
			}
			switch row := arg.(type) {
			case *expr.Row:
				for k, x := range row.Items {
					out = append(out, r.newTarget(x, row.Names[k]))
				}
				continue
			case *expr.Call:
				if len(row.Fn.OutTypes) > 0 {
					for k, n := range row.Fn.OutNames {
						out = append(out, r.newTarget(&expr.Field{Arg: arg, Idx: k, Name: n, Typ: row.Fn.OutTypes[k].Type()}, n))
					}
					continue
				}
			}
			return nil, sqlerr.New(sqlerr.WrongObjectType, "type %s is not composite", arg.Type().OID).At(e.Pos)
		}
		x, err := r.bindExpr(s, t.Expr)
		if err != nil {
			return nil, err
		}
		name := t.As
		if name == "" {
			name = targetName(t.Expr)
		}
		out = append(out, r.newTarget(x, name))
	}
	return out, nil
}

// newTarget names the result of x. A plain column keeps its ID.
func (r *run) newTarget(x Expr, name string) target {
	t := target{Expr: x, outCol: outCol{Name: name, Type: x.Type()}}
	if c, ok := x.(*expr.Col); ok {
		m := &r.cols[c.ID]
		t.ID = c.ID
		if m.table != nil {
			t.Table, t.Slot = m.table.ID, m.slot
		}
		return t
	}
	t.ID = r.newCol(expr.String(x), x.Type())
	return t
}

func (r *run) expandStar(s *scope, ref *parser.ColumnRef, clause string) ([]target, error) {
	var out []target
	add := func(c scopeCol) {
		out = append(out, r.newTarget(r.col(c.id, ref.Pos), c.name))
	}
	if len(ref.Parts) > 0 {
		rel, err := r.findRel(s, ref.Parts, ref.Pos)
		if err != nil {
			return nil, err
		}
		for _, c := range rel.cols {
			add(c)
		}
		return out, nil
	}
	if len(s.rels) == 0 {
		return nil, sqlerr.New(sqlerr.SyntaxError, "%s * with no tables specified is not valid", clause).At(ref.Pos)
	}
	for _, c := range s.cols {
		if !c.hidden {
			add(c)
		}
	}
	return out, nil
}

// targetName is the name PostgreSQL gives an unlabelled column (FigureColname).
func targetName(e parser.Expr) string {
	if n, _ := figureName(e); n != "" {
		return n
	}
	return "?column?"
}

// figureName returns a name and how good it is: 2 for a name that the user
// wrote, 1 for one that the construct suggests, 0 for none.
func figureName(e parser.Expr) (string, int) {
	switch e := e.(type) {
	case *parser.ColumnRef:
		return e.Parts[len(e.Parts)-1], 2
	case *parser.FuncCall:
		return e.Name.Name, 2
	case *parser.FieldSelect:
		return e.Field, 2
	case *parser.Subscript:
		return figureName(e.Arg)
	case *parser.Slice:
		return figureName(e.Arg)
	case *parser.Collate:
		return figureName(e.Arg)
	case *parser.Cast:
		if n, strength := figureName(e.Arg); strength > 1 {
			return n, strength
		}
		return e.Type.Name, 1
	case *parser.TypedLit:
		return e.Type.Name, 1
	case *parser.Case:
		if e.Else != nil {
			if n, strength := figureName(e.Else); strength > 1 {
				return n, strength
			}
		}
		return "case", 1
	case *parser.Coalesce:
		return "coalesce", 2
	case *parser.NullIf:
		return "nullif", 2
	case *parser.MinMax:
		if e.Least {
			return "least", 2
		}
		return "greatest", 2
	case *parser.SessionValue:
		return e.Name, 2
	case *parser.Grouping:
		return "grouping", 2
	case *parser.ArrayLit:
		return "array", 2
	case *parser.ArraySubquery:
		return "array", 2
	case *parser.RowExpr:
		return "row", 2
	case *parser.Exists:
		return "exists", 2
	case *parser.ScalarSubquery:
		q := e.Query
		for q.Op != parser.SetNone {
			q = q.Left
		}
		if len(q.Targets) == 1 {
			t := q.Targets[0]
			if t.As != "" {
				return t.As, 2
			}
			return figureName(t.Expr)
		}
		if q.Values != nil {
			return "column1", 2
		}
	}
	return "", 0
}

func (r *run) bindOrderBy(s *scope, q *parser.SelectStmt, targets []target, cols []outCol) ([]expr.SortKey, []target, error) {
	var keys []expr.SortKey
	var junk []target
	for _, o := range q.OrderBy {
		x, err := r.orderByOutput(o, cols)
		if err != nil {
			return nil, nil, err
		}
		if x == nil {
			if x, err = r.bindExpr(s, o.Expr); err != nil {
				return nil, nil, err
			}
			x, junk = r.orderTarget(x, targets, junk)
		}
		// The target may still be an untyped literal: it sorts as text.
		k, err := r.sortKey(x, o)
		if err != nil {
			return nil, nil, err
		}
		keys = append(keys, k)
	}
	return keys, junk, nil
}

// orderTarget finds x among the targets, or adds it to junk, and returns the
// column that will hold it.
func (r *run) orderTarget(x Expr, targets, junk []target) (Expr, []target) {
	key := expr.Key(x)
	for _, list := range [][]target{targets, junk} {
		for _, t := range list {
			if expr.Key(t.Expr) == key {
				return r.col(t.ID, -1), junk
			}
		}
	}
	t := r.newTarget(x, "?column?")
	return r.col(t.ID, -1), append(junk, t)
}

func (r *run) bindDistinctOn(s *scope, q *parser.SelectStmt, targets []target, cols []outCol, keys []expr.SortKey, junk []target) ([]ColID, []target, error) {
	var on []ColID
	for _, e := range q.DistinctOn {
		x, err := r.orderByOutput(&parser.SortBy{Expr: e}, cols)
		if err != nil {
			return nil, nil, err
		}
		if x == nil {
			if x, err = r.bindExpr(s, e); err != nil {
				return nil, nil, err
			}
			x, junk = r.orderTarget(x, targets, junk)
		}
		on = append(on, x.(*expr.Col).ID)
	}
	// ORDER BY must begin with the DISTINCT ON expressions, in any order.
	in := setOf(on...)
	seen := make(colSet)
	for i, k := range keys {
		if len(seen) == len(in) {
			break
		}
		c, ok := k.Expr.(*expr.Col)
		if !ok || !in.has(c.ID) {
			return nil, nil, sqlerr.New(sqlerr.InvalidColumnReference, "SELECT DISTINCT ON expressions must match initial ORDER BY expressions").At(q.OrderBy[i].Expr.Position())
		}
		seen.add(c.ID)
	}
	return on, junk, nil
}

// finishLocking builds the rest of a query with FOR UPDATE and its kin: the
// targets are computed last, from the rows as they were locked.
func (r *run) finishLocking(s *scope, q *parser.SelectStmt, n logical, where []Expr, all []target, cols []outCol, keys []expr.SortKey) (logical, []outCol, error) {
	clause := q.Locking[0].Strength
	if q.Distinct {
		return nil, nil, sqlerr.New(sqlerr.FeatureNotSupported, "%s is not allowed with DISTINCT clause", clause)
	}
	byID := make(map[ColID]Expr)
	for _, t := range all {
		if hasSRF(t.Expr) {
			return nil, nil, sqlerr.New(sqlerr.FeatureNotSupported, "%s is not allowed with set-returning functions in the target list", clause)
		}
		byID[t.ID] = t.Expr
	}
	subst := func(e Expr) Expr {
		return expr.Map(e, func(x Expr) Expr {
			if c, ok := x.(*expr.Col); ok && byID[c.ID] != nil {
				return byID[c.ID]
			}
			return x
		})
	}
	sorted := append([]expr.SortKey(nil), keys...)
	for i := range sorted {
		sorted[i].Expr = subst(sorted[i].Expr)
	}
	if len(sorted) > 0 {
		n = &sort{Input: n, Keys: sorted}
	}
	lr := &lockRows{Input: n, Recheck: append([]Expr(nil), where...)}
	for _, l := range q.Locking {
		rels := s.rels
		if len(l.Of) > 0 {
			rels = nil
			for _, of := range l.Of {
				var found *scopeRel
				for _, rel := range s.rels {
					if rel.name == of.Name {
						found = rel
					}
				}
				if found == nil {
					return nil, nil, sqlerr.New(sqlerr.UndefinedTable, "relation %q in %s clause not found in FROM clause", of.Name, l.Strength).At(of.Pos)
				}
				rels = append(rels, found)
			}
		}
		for _, rel := range rels {
			if rel.get == nil {
				if len(l.Of) > 0 || rel.table != nil {
					return nil, nil, sqlerr.Unsupported("%s of %q, which is not a table", l.Strength, rel.name)
				}
				continue // a VALUES list, function or subquery has no rows to lock of its own
			}
			if rel.table.Virtual {
				return nil, nil, sqlerr.New(sqlerr.WrongObjectType, "cannot lock rows in view %q", rel.table.Name)
			}
			if rel.table.Kind != catalog.KindTable {
				return nil, nil, sqlerr.New(sqlerr.WrongObjectType, "cannot lock rows in sequence %q", rel.table.Name)
			}
			if rel.get.RowKey == 0 {
				rel.get.RowKey = r.newCol("ctid", types.ByteaOID.Type())
			}
			r.use(rel.table, false, true)
			lr.Targets = append(lr.Targets, lockTarget{Get: rel.get, Strength: l.Strength, Wait: l.Wait})
		}
	}
	lr.Recheck = append(lr.Recheck, innerConds(n)...)
	tail, err := r.bindLimit(s.outer, q, lr, keys)
	if err != nil {
		return nil, nil, err
	}
	p := &project{Input: tail}
	for _, t := range all[:len(cols)] {
		p.Items = append(p.Items, item{t.ID, t.Expr})
	}
	return p, cols, nil
}

// innerConds collects the conditions of the inner joins at the top of a FROM
// list: what a newer version of a row must still meet.
func innerConds(n logical) []Expr {
	switch n := n.(type) {
	case *filter:
		return innerConds(n.Input)
	case *sort:
		return innerConds(n.Input)
	case *join:
		if n.Kind != InnerJoin {
			return nil
		}
		out := append([]Expr(nil), n.On...)
		out = append(out, innerConds(n.Left)...)
		return append(out, innerConds(n.Right)...)
	}
	return nil
}

// mentions reports whether a query's text refers to a relation called name.
func mentions(q *parser.SelectStmt, name string) bool {
	if q == nil {
		return false
	}
	if q.With != nil {
		for _, c := range q.With.CTEs {
			if sel, ok := c.Query.(*parser.SelectStmt); ok && mentions(sel, name) {
				return true
			}
		}
	}
	if q.Op != parser.SetNone {
		return mentions(q.Left, name) || mentions(q.Right, name)
	}
	var inRef func(ref parser.TableRef) bool
	inRef = func(ref parser.TableRef) bool {
		switch ref := ref.(type) {
		case *parser.RangeTable:
			return ref.Name.Schema == "" && ref.Name.Name == name
		case *parser.RangeSubquery:
			return mentions(ref.Query, name)
		case *parser.JoinExpr:
			return inRef(ref.Left) || inRef(ref.Right)
		}
		return false
	}
	for _, f := range q.From {
		if inRef(f) {
			return true
		}
	}
	return false
}
