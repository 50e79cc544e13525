package exec

import (
	"slices"
	"strconv"
	"strings"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/planner/expr"
)

// deparseScope knows the columns that a query may name, in the order of SELECT *.
type deparseScope struct {
	outer  *deparseScope // whose columns may be named here
	around *deparseScope // of the query that this one stands in
	cols   []deparseCol
	shown  map[string]string // the names that FROM items are given, by their own
	ctes   []deparseCTE      // of the query's WITH
}

// deparseCol is one column of a FROM item; rel is "" for the merged column of a
// full join.
type deparseCol struct{ rel, name string }

type deparseCTE struct {
	name string
	cols []string
}

// name writes a column reference with the alias of its relation.
func (s *deparseScope) name(c *parser.ColumnRef) string {
	col := c.Parts[len(c.Parts)-1]
	for at := s; at != nil; at = at.outer {
		if len(c.Parts) > 1 {
			rel := c.Parts[len(c.Parts)-2]
			if _, ok := at.shown[rel]; ok {
				return at.column(deparseCol{rel, col})
			}
			continue
		}
		for _, x := range at.cols {
			if x.name == col {
				return at.column(x)
			}
		}
	}
	return expr.QuoteIdent(col)
}

func (s *deparseScope) column(c deparseCol) string {
	if c.rel == "" {
		return expr.QuoteIdent(c.name)
	}
	return expr.QuoteIdent(s.shownName(c.rel)) + "." + expr.QuoteIdent(c.name)
}

func (s *deparseScope) shownName(rel string) string {
	if n := s.shown[rel]; n != "" {
		return n
	}
	return rel
}

// show gives a FROM item a name that no query around has, nor another item
// (set_rtable_names). In a view, the names of rules are taken.
func (s *deparseScope) show(rel string) {
	taken := func(n string) bool {
		if n == "old" || n == "new" {
			return true
		}
		for at := s; at != nil; at = at.around {
			for _, shown := range at.shown {
				if shown == n {
					return true
				}
			}
		}
		return false
	}
	name := rel
	for i := 1; taken(name); i++ {
		name = rel + "_" + strconv.Itoa(i)
	}
	if s.shown == nil {
		s.shown = make(map[string]string)
	}
	s.shown[rel] = name
}

// showAll names the items of FROM in their order.
func (s *deparseScope) showAll(ref parser.TableRef) {
	switch f := ref.(type) {
	case *parser.RangeTable:
		if f.Alias != nil {
			s.show(f.Alias.Name)
		} else {
			s.show(f.Name.Name)
		}
	case *parser.RangeSubquery:
		if f.Alias != nil {
			s.show(f.Alias.Name)
		}
	case *parser.RangeFunction:
		s.show(functionAlias(f))
	case *parser.JoinExpr:
		s.showAll(f.Left)
		s.showAll(f.Right)
		if f.Alias != nil {
			s.show(f.Alias.Name)
		}
	}
}

func (s *deparseScope) cte(name string) (deparseCTE, bool) {
	for at := s; at != nil; at = at.outer {
		for _, c := range at.ctes {
			if c.name == name {
				return c, true
			}
		}
	}
	return deparseCTE{}, false
}

// viewDef writes a view's query with a semicolon. A query that no longer binds is
// shown as it is stored.
func (d *deparser) viewDef(t *catalog.Table) string {
	stored := " " + t.View.Query + ";"
	stmts, err := parser.Parse(t.View.Query)
	if err != nil || len(stmts) != 1 {
		return stored
	}
	q, ok := stmts[0].Node.(*parser.SelectStmt)
	if !ok {
		return stored
	}
	n := &deparser{s: d.s, cat: d.cat, pretty: d.pretty, trace: planner.NewTrace(), path: t.View.SearchPath}
	if _, _, err := planner.Describe(n.env(), q); err != nil {
		return stored
	}
	names := make([]string, len(t.Columns))
	for i := range t.Columns {
		names[i] = t.Columns[i].Name
	}
	n.query(q, nil, names, true)
	return n.b.String() + ";"
}

// ast writes an expression by its meaning.
func (d *deparser) ast(e parser.Expr, implicit bool) {
	if x := d.trace.Bound[e]; x != nil {
		if !implicit {
			x = d.strip(x)
		}
		d.write(x, implicit)
		return
	}
	d.str(parser.Format(e))
}

// query writes a query (get_query_def). names are the names that its columns must
// have, nil if their own will do; visible: the names of its columns matter.
func (d *deparser) query(q *parser.SelectStmt, outer *deparseScope, names []string, visible bool) {
	saved, indent := d.scope, d.indent
	d.scope = &deparseScope{outer: outer, around: saved}
	for _, f := range q.From {
		d.scope.showAll(f)
	}
	if q.With != nil {
		d.with(q.With)
	}
	if q.Op != parser.SetNone {
		d.setOp(q, names, visible)
	} else {
		d.basic(q, names, visible)
	}
	if len(q.OrderBy) > 0 {
		d.word(" ORDER BY ", -indentStd, indentStd, 1)
		for i, o := range q.OrderBy {
			if i > 0 {
				d.str(", ")
			}
			d.sortItem(q, o.Expr)
			d.direction(o)
		}
	}
	if q.Offset != nil {
		d.word(" OFFSET ", -indentStd, indentStd, 0)
		d.ast(q.Offset, false)
	}
	switch {
	case q.Limit != nil && q.WithTies:
		d.word(" FETCH FIRST ", -indentStd, indentStd, 0)
		d.str("(")
		d.ast(q.Limit, false)
		d.str(") ROWS WITH TIES")
	case q.Limit != nil:
		d.word(" LIMIT ", -indentStd, indentStd, 0)
		d.ast(q.Limit, false)
	}
	for _, l := range q.Locking {
		d.word(" "+l.Strength.String(), -indentStd, indentStd, 0)
		for i, of := range l.Of {
			d.str(map[bool]string{true: " OF ", false: ", "}[i == 0] + expr.QuoteIdent(of.Name))
		}
		d.str(map[parser.LockWait]string{parser.LockSkip: " SKIP LOCKED", parser.LockError: " NOWAIT"}[l.Wait])
	}
	d.scope, d.indent = saved, indent
}

func (d *deparser) direction(o *parser.SortBy) {
	desc := o.Dir == parser.SortDesc || o.Dir == parser.SortUsing && o.UsingOp == ">"
	switch {
	case desc && o.Nulls == parser.NullsLast:
		d.str(" DESC NULLS LAST")
	case desc:
		d.str(" DESC")
	case o.Nulls == parser.NullsFirst:
		d.str(" NULLS FIRST")
	}
}

// sortItem writes an item of ORDER BY, GROUP BY or DISTINCT ON
// (get_rule_sortgroupclause): a name or number of an output column stands for its
// expression, or over UNION and its kin for its number.
func (d *deparser) sortItem(q *parser.SelectStmt, e parser.Expr) {
	target := -1
	leaf := q
	for leaf.Op != parser.SetNone {
		leaf = leaf.Left
	}
	switch x := e.(type) {
	case *parser.IntLit:
		target = int(x.Value) - 1
	case *parser.ColumnRef:
		if len(x.Parts) == 1 {
			for i := range leaf.Targets {
				if columnName(&leaf.Targets[i]) == x.Parts[0] && (leaf.Targets[i].As != "" || q.Op != parser.SetNone || d.trace.Bound[e] == nil) {
					target = i
				}
			}
		}
	}
	if q.Op != parser.SetNone && target >= 0 {
		d.str(strconv.Itoa(target + 1))
		return
	}
	if target >= 0 && target < len(leaf.Targets) {
		e = leaf.Targets[target].Expr
	}
	switch x := d.trace.Bound[e].(type) {
	case *expr.Const:
		d.constant(x, true)
		return
	case *expr.Col:
		if _, agg := d.trace.Origin[x].(*parser.FuncCall); !agg {
			d.ast(e, true)
			return
		}
		d.str("(")
		d.ast(e, true)
		d.str(")")
		return
	case *expr.Call:
		if d.pretty || x.Op == "" {
			d.str("(")
			d.ast(e, true)
			d.str(")")
			return
		}
	}
	if d.pretty {
		d.str("(")
		d.ast(e, true)
		d.str(")")
		return
	}
	d.ast(e, true)
}

func (d *deparser) with(w *parser.WithClause) {
	d.indent += indentStd
	d.str(" WITH ")
	if w.Recursive {
		d.str("RECURSIVE ")
	}
	for i, c := range w.CTEs {
		q, ok := c.Query.(*parser.SelectStmt)
		if !ok {
			d.str(parser.Format(c))
			continue
		}
		cols := c.Columns
		if len(cols) == 0 {
			cols = d.outputs(q, d.scope)
		}
		if w.Recursive {
			d.scope.ctes = append(d.scope.ctes, deparseCTE{c.Name, cols})
		}
		if i > 0 {
			d.str(", ")
		}
		d.str(expr.QuoteIdent(c.Name))
		if len(c.Columns) > 0 {
			d.str("(" + quoteAll(c.Columns) + ")")
		}
		d.str(" AS " + map[parser.Materialization]string{parser.MaterializeAlways: "MATERIALIZED ", parser.MaterializeNever: "NOT MATERIALIZED "}[c.Materialized] + "(")
		d.word("", 0, 0, 0)
		d.query(q, d.scope, nil, true)
		d.word("", 0, 0, 0)
		d.str(")")
		if !w.Recursive {
			d.scope.ctes = append(d.scope.ctes, deparseCTE{c.Name, cols})
		}
	}
	d.indent -= indentStd
	d.word("", 0, 0, 0)
}

func (d *deparser) setOp(q *parser.SelectStmt, names []string, visible bool) {
	side := func(x *parser.SelectStmt) bool { // reports whether x is a nested set operation
		return x.Op != parser.SetNone && x.With == nil && len(x.OrderBy) == 0 && x.Limit == nil && x.Offset == nil && len(x.Locking) == 0
	}
	write := func(x *parser.SelectStmt, visible bool) {
		if side(x) {
			d.setOp(x, names, visible)
			return
		}
		paren := x.With != nil || len(x.OrderBy) > 0 || x.Limit != nil || x.Offset != nil || len(x.Locking) > 0
		if paren {
			d.str("(")
		}
		d.query(x, d.scope, names, visible)
		if paren {
			d.str(")")
		}
	}
	sub := 0
	paren := side(q.Left) && (q.Left.Op != q.Op || q.Left.All != q.All)
	if paren {
		sub = indentStd
		d.str("(")
		d.word("", sub, 0, 0)
	}
	write(q.Left, visible)
	if paren {
		d.word(") ", -sub, 0, 0)
	} else {
		d.word("", 0, 0, 0)
	}
	d.str(q.Op.String() + " ")
	if q.All {
		d.str("ALL ")
	}
	sub = 0
	if paren = side(q.Right); paren {
		sub = indentStd
		d.str("(")
	}
	d.word("", sub, 0, 0)
	write(q.Right, false)
	d.indent -= sub
	if paren {
		d.word(")", 0, 0, 0)
	}
}

func (d *deparser) basic(q *parser.SelectStmt, names []string, visible bool) {
	d.indent += indentStd
	d.str(" ")
	if q.Values != nil {
		d.values(q.Values)
		return
	}
	for _, f := range q.From {
		d.scope.cols = append(d.scope.cols, d.columnsOf(f)...)
	}
	d.str("SELECT")
	switch {
	case len(q.DistinctOn) > 0:
		d.str(" DISTINCT ON (")
		for i, e := range q.DistinctOn {
			if i > 0 {
				d.str(", ")
			}
			d.sortItem(q, e)
		}
		d.str(")")
	case q.Distinct:
		d.str(" DISTINCT")
	}
	d.targets(q, names, visible)
	for i, f := range q.From {
		if i == 0 {
			d.word(" FROM ", -indentStd, indentStd, 2)
		} else {
			d.str(", ")
			d.word("", -indentStd, indentStd, indentVar)
		}
		d.from(f)
	}
	if q.Where != nil {
		d.word(" WHERE ", -indentStd, indentStd, 1)
		d.ast(q.Where, false)
	}
	if len(q.GroupBy) > 0 {
		d.word(" GROUP BY ", -indentStd, indentStd, 1)
		if q.GroupDistinct {
			d.str("DISTINCT ")
		}
		for i, e := range q.GroupBy {
			if i > 0 {
				d.str(", ")
			}
			d.groupItem(q, e)
		}
	}
	if q.Having != nil {
		d.word(" HAVING ", -indentStd, indentStd, 0)
		d.ast(q.Having, false)
	}
}

func (d *deparser) groupItem(q *parser.SelectStmt, e parser.Expr) {
	g, ok := e.(*parser.GroupingSet)
	if !ok {
		if row, isRow := e.(*parser.RowExpr); isRow && !row.Explicit {
			d.str("(")
			for i, a := range row.Args {
				if i > 0 {
					d.str(", ")
				}
				d.sortItem(q, a)
			}
			d.str(")")
			return
		}
		d.sortItem(q, e)
		return
	}
	d.str(map[parser.GroupingSetKind]string{parser.GroupingRollup: "ROLLUP(", parser.GroupingCube: "CUBE(", parser.GroupingSets: "GROUPING SETS (", parser.GroupingEmpty: "("}[g.Kind])
	for i, it := range g.Items {
		if i > 0 {
			d.str(", ")
		}
		d.groupItem(q, it)
	}
	d.str(")")
}

func (d *deparser) values(rows [][]parser.Expr) {
	d.str("VALUES ")
	for i, r := range rows {
		if i > 0 {
			d.str(", ")
		}
		d.str("(")
		for k, e := range r {
			if k > 0 {
				d.str(",")
			}
			d.ast(e, false)
		}
		d.str(")")
	}
}

// targets writes the select list, each item on a line of its own. An item that
// begins with a new line (CASE) has brought its own.
func (d *deparser) targets(q *parser.SelectStmt, names []string, visible bool) {
	colno := 0
	item := func(text, own, name string) {
		colno++
		if colno > 1 {
			d.str(",")
		}
		if colno <= len(names) {
			name = names[colno-1]
		}
		if own != name {
			text += " AS " + expr.QuoteIdent(name)
		}
		switch {
		case strings.HasPrefix(text, "\n"):
			// What is there ends without spaces.
		case colno > 1:
			d.str(" ")
			d.word("", -indentStd, indentStd, indentVar)
		default:
			d.str(" ")
		}
		d.str(text)
	}
	for i := range q.Targets {
		t := &q.Targets[i]
		if c, ok := t.Expr.(*parser.ColumnRef); ok && c.Star {
			for _, col := range d.scope.cols {
				if len(c.Parts) == 0 || col.rel == c.Parts[len(c.Parts)-1] {
					item(d.scope.column(col), col.name, col.name)
				}
			}
			continue
		}
		own := ""
		if !visible {
			own = "?column?"
		}
		if c, ok := t.Expr.(*parser.ColumnRef); ok {
			own = c.Parts[len(c.Parts)-1]
		}
		item(d.capture(func() { d.ast(t.Expr, true) }), own, columnName(t))
	}
}

// capture returns what f writes.
func (d *deparser) capture(f func()) string {
	before := d.b.String()
	d.b.Reset()
	f()
	text := d.b.String()
	d.b.Reset()
	d.b.WriteString(before)
	return text
}

func (d *deparser) from(ref parser.TableRef) {
	switch f := ref.(type) {
	case *parser.RangeTable:
		if f.Only {
			d.str("ONLY ")
		}
		name := f.Name.Name
		if t := d.lookup(f); t != nil {
			d.str(d.relation(t))
		} else {
			d.str(expr.QuoteIdent(name))
		}
		if f.Alias != nil {
			d.str(" " + expr.QuoteIdent(d.scope.shownName(f.Alias.Name)))
			if len(f.Alias.Columns) > 0 {
				d.aliases(f)
			}
		} else if n := d.scope.shownName(name); n != name {
			d.str(" " + expr.QuoteIdent(n))
		}
	case *parser.RangeSubquery:
		if f.Lateral {
			d.str("LATERAL ")
		}
		d.str("(")
		outer := d.scope.outer
		if f.Lateral {
			outer = d.scope
		}
		d.query(f.Query, outer, nil, true)
		d.str(")")
		if f.Alias != nil {
			d.str(" " + expr.QuoteIdent(d.scope.shownName(f.Alias.Name)))
			if len(f.Alias.Columns) > 0 || f.Query.Values != nil {
				d.aliases(f)
			}
		}
	case *parser.RangeFunction:
		if f.Lateral || d.dependsOnColumns(f) {
			d.str("LATERAL ")
		}
		if f.RowsFrom {
			d.str("ROWS FROM(")
		}
		for i := range f.Funcs {
			if i > 0 {
				d.str(", ")
			}
			d.ast(f.Funcs[i].Func, true)
		}
		if f.RowsFrom {
			d.str(")")
		}
		if f.Ordinality {
			d.str(" WITH ORDINALITY")
		}
		d.str(" " + expr.QuoteIdent(d.scope.shownName(functionAlias(f))))
		d.aliases(f)
	case *parser.JoinExpr:
		d.join(f)
	}
}

// dependsOnColumns reports whether a function in FROM reads columns of other items.
func (d *deparser) dependsOnColumns(f *parser.RangeFunction) bool {
	for i := range f.Funcs {
		if x := d.trace.Bound[f.Funcs[i].Func]; x != nil && expr.Any(x, func(y expr.Expr) bool { _, ok := y.(*expr.Col); return ok }) {
			return true
		}
	}
	return false
}

// aliases writes the list of column aliases.
func (d *deparser) aliases(f parser.TableRef) {
	var names []string
	for _, c := range d.columnsOf(f) {
		names = append(names, c.name)
	}
	d.str("(" + quoteAll(names) + ")")
}

func quoteAll(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = expr.QuoteIdent(n)
	}
	return strings.Join(out, ", ")
}

func (d *deparser) join(j *parser.JoinExpr) {
	wrap := !d.pretty || j.Alias != nil
	if wrap {
		d.str("(")
	}
	d.from(j.Left)
	using := j.Using
	if j.Natural {
		using = commonColumns(d.columnsOf(j.Left), d.columnsOf(j.Right))
	}
	word := map[parser.JoinType]string{parser.JoinInner: " JOIN ", parser.JoinLeft: " LEFT JOIN ", parser.JoinRight: " RIGHT JOIN ", parser.JoinFull: " FULL JOIN "}[j.Type]
	if j.Type == parser.JoinCross || j.Type == parser.JoinInner && j.On == nil && len(using) == 0 {
		word = " CROSS JOIN "
	}
	d.word(word, -indentStd, indentStd, indentJoin)
	right, nested := j.Right.(*parser.JoinExpr)
	paren := d.pretty && nested && right.Alias == nil
	if paren {
		d.str("(")
	}
	d.from(j.Right)
	if paren {
		d.str(")")
	}
	switch {
	case len(using) > 0:
		d.str(" USING (" + quoteAll(using) + ")")
		if j.UsingAlias != "" {
			d.str(" AS " + expr.QuoteIdent(j.UsingAlias))
		}
	case j.On != nil:
		d.str(" ON ")
		d.open()
		d.ast(j.On, false)
		d.shut()
	case word != " CROSS JOIN ":
		d.str(" ON TRUE")
	}
	if wrap {
		d.str(")")
	}
	if j.Alias != nil {
		d.str(" " + expr.QuoteIdent(d.scope.shownName(j.Alias.Name)))
		if len(j.Alias.Columns) > 0 {
			d.aliases(j)
		}
	}
}

// lookup finds the relation of a FROM item; nil if it is a WITH query.
func (d *deparser) lookup(f *parser.RangeTable) *catalog.Table {
	if f.Name.Schema == "" && d.scope != nil {
		if _, ok := d.scope.cte(f.Name.Name); ok {
			return nil
		}
	}
	t, err := planner.LookupTable(d.env(), f.Name.Schema, f.Name.Name)
	if err != nil {
		return nil
	}
	return t
}

// columnsOf lists the columns that a FROM item brings.
func (d *deparser) columnsOf(ref parser.TableRef) []deparseCol {
	var names []string
	var alias *parser.Alias
	rel := ""
	switch f := ref.(type) {
	case *parser.RangeTable:
		rel, alias = f.Name.Name, f.Alias
		if t := d.lookup(f); t != nil {
			for i := range t.Columns {
				if !t.Columns[i].Dropped {
					names = append(names, t.Columns[i].Name)
				}
			}
		} else if c, ok := d.scope.cte(f.Name.Name); ok {
			names = slices.Clone(c.cols)
		}
	case *parser.RangeSubquery:
		alias = f.Alias
		names = d.outputs(f.Query, d.scope)
	case *parser.RangeFunction:
		rel, alias = functionAlias(f), f.Alias
		names = d.functionColumns(f)
	case *parser.JoinExpr:
		left, right := d.columnsOf(f.Left), d.columnsOf(f.Right)
		using := f.Using
		if f.Natural {
			using = commonColumns(left, right)
		}
		var out []deparseCol
		for _, u := range using {
			for _, c := range left {
				if c.name == u {
					if f.Type == parser.JoinFull {
						c.rel = ""
					}
					if f.Type != parser.JoinRight {
						out = append(out, c)
					}
				}
			}
			for _, c := range right {
				if c.name == u && f.Type == parser.JoinRight {
					out = append(out, c)
				}
			}
		}
		for _, c := range append(left, right...) {
			if !slices.Contains(using, c.name) {
				out = append(out, c)
			}
		}
		if f.Alias != nil {
			for i := range out {
				out[i].rel = f.Alias.Name
				if i < len(f.Alias.Columns) {
					out[i].name = f.Alias.Columns[i]
				}
			}
		}
		return out
	}
	if alias != nil {
		rel = alias.Name
		for i, n := range alias.Columns {
			if i < len(names) {
				names[i] = n
			}
		}
	}
	out := make([]deparseCol, len(names))
	for i, n := range names {
		out[i] = deparseCol{rel, n}
	}
	return out
}

func functionAlias(f *parser.RangeFunction) string {
	if f.Alias != nil {
		return f.Alias.Name
	}
	if len(f.Funcs) > 0 {
		return columnName(&parser.Target{Expr: f.Funcs[0].Func})
	}
	return ""
}

func (d *deparser) functionColumns(f *parser.RangeFunction) []string {
	var names []string
	for i := range f.Funcs {
		if call, ok := d.trace.Bound[f.Funcs[i].Func].(*expr.Call); ok && len(call.Fn.OutNames) > 0 {
			names = append(names, call.Fn.OutNames...)
			continue
		}
		if len(f.Funcs) == 1 {
			names = append(names, functionAlias(f))
		} else {
			names = append(names, columnName(&parser.Target{Expr: f.Funcs[i].Func}))
		}
	}
	if f.Ordinality {
		names = append(names, "ordinality")
	}
	return names
}

func commonColumns(left, right []deparseCol) []string {
	var out []string
	for _, l := range left {
		for _, r := range right {
			if l.name == r.name {
				out = append(out, l.name)
			}
		}
	}
	return out
}

// outputs names the columns of a query.
func (d *deparser) outputs(q *parser.SelectStmt, outer *deparseScope) []string {
	for q.Op != parser.SetNone {
		q = q.Left
	}
	if q.Values != nil {
		var names []string
		for i := range q.Values[0] {
			names = append(names, "column"+strconv.Itoa(i+1))
		}
		return names
	}
	saved := d.scope
	d.scope = &deparseScope{outer: outer}
	defer func() { d.scope = saved }()
	if q.With != nil {
		for _, c := range q.With.CTEs {
			if s, ok := c.Query.(*parser.SelectStmt); ok {
				cols := c.Columns
				if len(cols) == 0 {
					cols = d.outputs(s, d.scope)
				}
				d.scope.ctes = append(d.scope.ctes, deparseCTE{c.Name, cols})
			}
		}
	}
	for _, f := range q.From {
		d.scope.cols = append(d.scope.cols, d.columnsOf(f)...)
	}
	var names []string
	for i := range q.Targets {
		if c, ok := q.Targets[i].Expr.(*parser.ColumnRef); ok && c.Star {
			for _, col := range d.scope.cols {
				if len(c.Parts) == 0 || col.rel == c.Parts[len(c.Parts)-1] {
					names = append(names, col.name)
				}
			}
			continue
		}
		names = append(names, columnName(&q.Targets[i]))
	}
	return names
}

// columnName is the name that a target gives its column (FigureColname).
func columnName(t *parser.Target) string {
	if t.As != "" {
		return t.As
	}
	if n, _ := figureName(t.Expr); n != "" {
		return n
	}
	return "?column?"
}

// figureName returns a name and whether it is better than the name of a type.
func figureName(e parser.Expr) (string, bool) {
	switch x := e.(type) {
	case *parser.ColumnRef:
		if !x.Star {
			return x.Parts[len(x.Parts)-1], true
		}
	case *parser.FieldSelect:
		return x.Field, true
	case *parser.Subscript:
		return figureName(x.Arg)
	case *parser.Slice:
		return figureName(x.Arg)
	case *parser.FuncCall:
		return x.Name.Name, true
	case *parser.Cast:
		if n, good := figureName(x.Arg); good {
			return n, true
		}
		return x.Type.Name, false
	case *parser.TypedLit:
		return x.Type.Name, false
	case *parser.Collate:
		return figureName(x.Arg)
	case *parser.Case:
		if n, good := figureName(x.Else); good {
			return n, true
		}
		return "case", false
	case *parser.Coalesce:
		return "coalesce", true
	case *parser.MinMax:
		if x.Least {
			return "least", true
		}
		return "greatest", true
	case *parser.NullIf:
		return "nullif", true
	case *parser.Exists:
		return "exists", true
	case *parser.ArrayLit, *parser.ArraySubquery:
		return "array", true
	case *parser.RowExpr:
		return "row", true
	case *parser.SessionValue:
		return x.Name, true
	case *parser.Grouping:
		return "grouping", true
	case *parser.ScalarSubquery:
		q := x.Query
		for q.Op != parser.SetNone {
			q = q.Left
		}
		if len(q.Targets) == 1 {
			if q.Targets[0].As != "" {
				return q.Targets[0].As, true
			}
			return figureName(q.Targets[0].Expr)
		}
	}
	return "", false
}

// sublink writes a subquery in an expression.
func (d *deparser) sublink(x *expr.Subplan) {
	switch ast := d.trace.Origin[x].(type) {
	case *parser.Exists:
		d.str("(EXISTS (")
		d.query(ast.Query, d.scope, nil, false)
		d.str("))")
	case *parser.ScalarSubquery:
		d.str("(")
		d.query(ast.Query, d.scope, nil, false)
		d.str(")")
	case *parser.ArraySubquery:
		d.str("ARRAY(")
		d.query(ast.Query, d.scope, nil, false)
		d.str(")")
	case *parser.InSubquery:
		d.anySublink(x, ast.Arg, " IN ", ast.Query)
	case *parser.AnyAll:
		word := " " + ast.Op + " ANY "
		switch {
		case ast.All:
			word = " " + ast.Op + " ALL "
		case ast.Op == "=":
			word = " IN "
		}
		d.anySublink(x, ast.Left, word, ast.Query)
	default:
		d.str(expr.String(x))
	}
}

func (d *deparser) anySublink(x *expr.Subplan, left parser.Expr, word string, q *parser.SelectStmt) {
	d.str("(")
	if row, ok := left.(*parser.RowExpr); ok {
		d.str("(")
		for i, a := range row.Args {
			if i > 0 {
				d.str(", ")
			}
			d.ast(a, true)
		}
		d.str(")")
	} else if call, ok := x.Test.(*expr.Call); ok && len(call.Args) == 2 {
		d.write(call.Args[0], true)
	} else {
		d.ast(left, true)
	}
	d.str(word + "(")
	d.query(q, d.scope, nil, false)
	d.str("))")
}

// aggregate writes an aggregate call.
func (d *deparser) aggregate(f *parser.FuncCall) {
	d.str(expr.QuoteIdent(f.Name.Name) + "(")
	switch {
	case f.Star:
		d.str("*")
	case f.Distinct:
		d.str("DISTINCT ")
	}
	for i, a := range f.Args {
		if i > 0 {
			d.str(", ")
		}
		d.ast(a, true)
	}
	if len(f.OrderBy) > 0 {
		if f.WithinGroup {
			d.str(") WITHIN GROUP (ORDER BY ")
		} else {
			d.str(" ORDER BY ")
		}
		for i, o := range f.OrderBy {
			if i > 0 {
				d.str(", ")
			}
			d.ast(o.Expr, true)
			d.direction(o)
		}
	}
	d.str(")")
	if f.Filter != nil {
		d.str(" FILTER (WHERE ")
		d.ast(f.Filter, false)
		d.str(")")
	}
}
