package planner

import (
	"math"
	"slices"

	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// builder turns a logical plan into a physical one. It does not change the
// logical plan, so alternatives can be built and compared.
type builder struct {
	r *run
	// bound are the outer columns that are in Exec places.
	bound map[ColID]int
	ctes  map[*cte]*CTE
	joins map[joinGoal]Node // joins planned before, with the same bound and ctes
	err   error             // the first error; the plan is then worthless
}

func newBuilder(r *run) *builder { return &builder{r: r, joins: make(map[joinGoal]Node)} }

// goal is what the operator above would like.
type goal struct {
	order []OrderCol
	limit float64 // rows that will be asked for; 0 for all
}

func (b *builder) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// with returns a builder in which ids are bound, and the bindings to make.
func (b *builder) bind(ids colSet, layout map[ColID]int) (*builder, []expr.Bind) {
	in := *b
	in.joins = make(map[joinGoal]Node)
	in.bound = make(map[ColID]int, len(b.bound)+len(ids))
	for id, p := range b.bound {
		in.bound[id] = p
	}
	var binds []expr.Bind
	for _, id := range sorted(ids) {
		idx, ok := layout[id]
		if !ok {
			continue
		}
		place := b.r.places
		b.r.places++
		in.bound[id] = place
		c := b.r.col(id, -1)
		c.Idx = idx
		binds = append(binds, expr.Bind{Place: place, Value: c})
	}
	return &in, binds
}

func sorted(s colSet) []ColID {
	ids := make([]ColID, 0, len(s))
	for id := range s {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func layoutOf(n Node) map[ColID]int {
	cols := n.Meta().Cols
	m := make(map[ColID]int, len(cols))
	for i := len(cols) - 1; i >= 0; i-- {
		m[cols[i].ID] = i
	}
	return m
}

// concat is the layout of left's columns followed by right's.
func concat(left, right Node) map[ColID]int {
	m := layoutOf(left)
	n := len(left.Meta().Cols)
	for i, c := range right.Meta().Cols {
		if _, ok := m[c.ID]; !ok {
			m[c.ID] = n + i
		}
	}
	return m
}

func (b *builder) outs(ids []ColID) []Out {
	out := make([]Out, len(ids))
	for i, id := range ids {
		m := &b.r.cols[id]
		out[i] = Out{ID: id, Type: m.typ, Name: m.name}
	}
	return out
}

// resolve makes e executable over rows of the given layout.
func (b *builder) resolve(e Expr, layout map[ColID]int) Expr {
	if e == nil {
		return nil
	}
	rowCols := make(map[ColID]int)
	expr.Walk(e, func(x Expr) bool {
		if s, ok := x.(*expr.Subplan); ok {
			for _, id := range s.RowCols {
				if _, ok := rowCols[id]; !ok {
					rowCols[id] = b.r.places
					b.r.places++
				}
			}
		}
		return true
	})
	return expr.Map(e, func(x Expr) Expr {
		switch x := x.(type) {
		case *expr.Col:
			if x.Idx >= 0 {
				return x
			}
			if i, ok := layout[x.ID]; ok {
				c := *x
				c.Idx = i
				return &c
			}
			if p, ok := b.bound[x.ID]; ok {
				return &expr.ExecParam{Idx: p, Typ: x.Typ, Name: x.Name}
			}
			if p, ok := rowCols[x.ID]; ok {
				return &expr.ExecParam{Idx: p, Typ: x.Typ, Name: x.Name}
			}
			b.fail(sqlerr.New(sqlerr.Internal, "column %s (#%d) is not in its operator's input", x.Name, x.ID))
		case *expr.Param:
			return &expr.Param{Idx: x.Idx, Typ: x.Type(), Pos: x.Pos}
		case *expr.Subplan:
			return b.subplan(x, layout, rowCols)
		}
		return x
	})
}

func (b *builder) resolveAll(es []Expr, layout map[ColID]int) []Expr {
	out := make([]Expr, len(es))
	for i, e := range es {
		out[i] = b.resolve(e, layout)
	}
	return out
}

// subplan plans the subquery of x, whose Test is resolved already.
func (b *builder) subplan(x *expr.Subplan, layout map[ColID]int, rowCols map[ColID]int) Expr {
	l, ok := x.Plan.(logical)
	if !ok {
		return x
	}
	s := *x
	free := freeCols(l)
	in, binds := b.bind(free, layout)
	s.Binds = binds
	for _, id := range sorted(free) {
		if p, ok := in.bound[id]; ok {
			s.Deps = append(s.Deps, p)
		}
	}
	g := goal{}
	if s.Kind == expr.SubplanExists {
		g.limit = 1
	}
	s.Results = nil
	for _, id := range x.RowCols {
		s.Results = append(s.Results, rowCols[id])
	}
	n := in.build(l, g)
	if in.err != nil {
		b.fail(in.err)
		return x
	}
	if len(x.RowCols) > 0 {
		n = in.arrange(n, x.RowCols)
	}
	s.Plan = n
	if s.Kind == expr.SubplanAny && len(s.Deps) == 0 {
		s.Hash = hashTest(s.Test, s.Results)
	}
	return &s
}

// hashTest recognises a Test that is plain equality with the subquery's row.
func hashTest(test Expr, results []int) *expr.HashTest {
	h := &expr.HashTest{}
	isResult := func(e Expr) bool {
		return expr.Any(e, func(x Expr) bool {
			p, ok := x.(*expr.ExecParam)
			return ok && slices.Contains(results, p.Idx)
		})
	}
	for _, c := range expr.Conjuncts(test) {
		call, ok := c.(*expr.Call)
		if !ok || call.Op != "=" || len(call.Args) != 2 {
			return nil
		}
		left, right := call.Args[0], call.Args[1]
		if isResult(left) || !isResult(right) || !hashable(left.Type().OID, right.Type().OID) || hasAnySubplan(left) {
			return nil
		}
		h.Left, h.Right = append(h.Left, left), append(h.Right, right)
		h.OIDs = append(h.OIDs, left.Type().OID)
	}
	return h
}

func hasAnySubplan(e Expr) bool { return expr.Any(e, isSubplan) }

// hashable reports whether equal values of the two types hash alike.
func hashable(a, b types.OID) bool {
	if a == b {
		return a != types.RecordOID && orderable(a)
	}
	p := types.PhysOf(a)
	return p == types.PhysOf(b) && (p == types.PhysInt || p == types.PhysFloat) && intLike(a) && intLike(b)
}

func intLike(o types.OID) bool {
	switch o {
	case types.Int2OID, types.Int4OID, types.Int8OID, types.Float4OID, types.Float8OID:
		return true
	}
	return false
}

// arrange puts a projection over n unless its columns are exactly ids already.
func (b *builder) arrange(n Node, ids []ColID) Node {
	cols := n.Meta().Cols
	same := len(cols) == len(ids)
	for i := 0; same && i < len(ids); i++ {
		same = cols[i].ID == ids[i]
	}
	if same {
		return n
	}
	layout := layoutOf(n)
	p := &Project{Info: *n.Meta(), Input: n}
	p.Cols = b.outs(ids)
	for _, id := range ids {
		p.Exprs = append(p.Exprs, b.resolve(b.r.col(id, -1), layout))
	}
	return p
}

func (b *builder) build(n logical, g goal) Node {
	if b.err != nil {
		return &ValuesScan{}
	}
	switch n := n.(type) {
	case *get:
		return b.scan(n, g)
	case *values:
		return b.values(n)
	case *funcScan:
		return b.funcScan(n)
	case *cteRef:
		return b.cteScan(n)
	case *workTable:
		c := b.ctes[n.CTE]
		return &WorkTableScan{Info: b.info(b.outs(n.Cols), 100, 0, 1, nil), CTE: c}
	case *filter:
		return b.filter(b.build(n.Input, g), n.Conds)
	case *project:
		return b.project(n, g)
	case *projectSet:
		in := b.build(n.Input, goal{})
		i := in.Meta()
		return &ProjectSet{Info: b.info(b.outs(itemIDs(n.Items)), i.Rows*1000, i.Startup, i.Total+i.Rows*5, nil),
			Input: in, Exprs: b.items(n.Items, layoutOf(in))}
	case *join:
		return b.join(n, g)
	case *aggregate:
		return b.aggregate(n, g)
	case *distinct:
		return b.distinct(n, g)
	case *sort:
		return b.sort(n, g, nil, nil)
	case *limit:
		return b.limit(n)
	case *setOp:
		return b.setOp(n)
	case *recursive:
		c := b.ctes[n.CTE]
		base := b.arrange(b.build(n.Base, goal{}), n.BaseCols)
		step := b.arrange(b.build(n.Step, goal{}), n.StepCols)
		bi, si := base.Meta(), step.Meta()
		return &RecursiveUnion{Info: b.info(b.outs(n.Cols), bi.Rows+10*si.Rows, bi.Startup, bi.Total+10*si.Total, nil),
			CTE: c, Base: base, Step: step, All: n.All}
	case *with:
		return b.with(n, g)
	case *lockRows:
		return b.lockRows(n, g)
	case *insert:
		return b.insert(n)
	case *modify:
		return b.modify(n)
	}
	b.fail(sqlerr.New(sqlerr.Internal, "no physical form of %T", n))
	return &ValuesScan{}
}

func (b *builder) info(cols []Out, rows, startup, total float64, order []OrderCol) Info {
	width := 0
	for _, c := range cols {
		width += typeWidth(c.Type)
	}
	return Info{Cols: cols, Rows: clampRows(rows), Startup: startup, Total: total, Width: width, Order: order}
}

func (b *builder) items(items []item, layout map[ColID]int) []Expr {
	out := make([]Expr, len(items))
	for i, it := range items {
		out[i] = b.resolve(it.Expr, layout)
	}
	return out
}

func (b *builder) values(n *values) Node {
	v := &ValuesScan{Info: b.info(b.outs(n.Cols), float64(len(n.Rows)), 0, float64(len(n.Rows))*0.0125, nil)}
	for _, row := range n.Rows {
		v.Rows = append(v.Rows, b.resolveAll(row, nil))
	}
	return v
}

func (b *builder) funcScan(n *funcScan) Node {
	rows := 1.0
	f := &FunctionScan{Alias: n.Alias, Ordinality: n.Ordinality != 0}
	for i, c := range n.Calls {
		e := b.resolve(c, nil)
		if call, ok := e.(*expr.Call); ok && call.Fn.SRF != nil {
			rows = srfRows(call)
		}
		f.Calls = append(f.Calls, e)
		f.Widths = append(f.Widths, len(n.Cols[i]))
	}
	f.Info = b.info(b.outs(outputs(n)), rows, 0, rows*0.01, nil)
	return f
}

// srfRows estimates how many rows a function returns.
func srfRows(c *expr.Call) float64 {
	if c.Fn.Name == "generate_series" && len(c.Args) >= 2 {
		lo, ok1 := c.Args[0].(*expr.Const)
		hi, ok2 := c.Args[1].(*expr.Const)
		if ok1 && ok2 && types.PhysOf(lo.Typ.OID) == types.PhysInt && len(c.Args) == 2 && intLike(lo.Typ.OID) {
			return math.Max(float64(hi.Value.Int()-lo.Value.Int()+1), 0)
		}
		return 1000
	}
	return 100
}

func (b *builder) cteScan(n *cteRef) Node {
	c := b.ctes[n.CTE]
	if c == nil {
		b.fail(sqlerr.New(sqlerr.Internal, "WITH query %q is not planned", n.CTE.Name))
		return &ValuesScan{}
	}
	rows := 100.0
	if c.Plan != nil {
		rows = c.Plan.Meta().Rows
	}
	return &CTEScan{Info: b.info(b.outs(n.Cols), rows, 0, rows*0.02, nil), CTE: c}
}

func (b *builder) with(n *with, g goal) Node {
	in := *b
	in.ctes = make(map[*cte]*CTE)
	in.joins = make(map[joinGoal]Node)
	for k, v := range b.ctes {
		in.ctes[k] = v
	}
	w := &With{}
	for _, c := range n.CTEs {
		p := &CTE{Name: c.Name, Index: c.Index, Modifying: c.Modifying, Recursive: c.recursive}
		in.ctes[c] = p
		if c.Plan == nil {
			continue
		}
		plan := in.build(c.Plan, goal{})
		var ids []ColID
		for _, o := range c.Cols {
			ids = append(ids, o.ID)
		}
		if len(ids) > 0 {
			plan = in.arrange(plan, ids)
		}
		p.Plan = plan
		w.CTEs = append(w.CTEs, p)
	}
	w.Body = in.build(n.Body, g)
	if in.err != nil {
		b.fail(in.err)
	}
	w.Info = *w.Body.Meta()
	for _, c := range w.CTEs {
		w.Total += c.Plan.Meta().Total
		w.Startup += c.Plan.Meta().Total
	}
	return w
}

// filter puts conditions over a node; scans take them in.
func (b *builder) filter(in Node, conds []Expr) Node {
	if len(conds) == 0 {
		return in
	}
	conds = orderByCost(b.resolveAll(conds, layoutOf(in)))
	sel := 1.0
	for _, c := range conds {
		sel *= b.selectivity(c, nil)
	}
	i := *in.Meta()
	i.Total += i.Rows * 0.0025 * float64(len(conds))
	i.Rows = clampRows(i.Rows * sel)
	switch s := in.(type) {
	case *FunctionScan:
		c := *s
		c.Info, c.Filter = i, append(slices.Clone(s.Filter), conds...)
		return &c
	case *SeqScan:
		c := *s
		c.Info, c.Filter = i, append(slices.Clone(s.Filter), conds...)
		return &c
	case *IndexScan:
		c := *s
		c.Info, c.Filter = i, append(slices.Clone(s.Filter), conds...)
		return &c
	}
	return &Filter{Info: i, Input: in, Conds: conds}
}

// orderByCost puts conditions with subqueries behind the others.
func orderByCost(conds []Expr) []Expr {
	slices.SortStableFunc(conds, func(a, b Expr) int { return b2i(hasAnySubplan(a)) - b2i(hasAnySubplan(b)) })
	return conds
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (b *builder) project(n *project, g goal) Node {
	// An order on passed-on columns can be asked of the input.
	pass := make(map[ColID]ColID)
	for _, it := range n.Items {
		if c, ok := it.Expr.(*expr.Col); ok {
			pass[it.ID] = c.ID
		}
	}
	sub := goal{limit: g.limit}
	for _, o := range g.order {
		id, ok := pass[o.ID]
		if !ok {
			sub.order = nil
			break
		}
		sub.order = append(sub.order, OrderCol{id, o.Desc, o.NullsFirst})
	}
	in := b.build(n.Input, sub)
	ii := in.Meta()
	same := len(ii.Cols) == len(n.Items)
	for i := 0; same && i < len(n.Items); i++ {
		c, ok := n.Items[i].Expr.(*expr.Col)
		same = ok && c.ID == n.Items[i].ID && ii.Cols[i].ID == c.ID
	}
	if same {
		return in
	}
	var order []OrderCol
	for _, o := range ii.Order {
		found := false
		for id, src := range pass {
			if src == o.ID {
				order = append(order, OrderCol{id, o.Desc, o.NullsFirst})
				found = true
				break
			}
		}
		if !found {
			break
		}
	}
	return &Project{Info: b.info(b.outs(itemIDs(n.Items)), ii.Rows, ii.Startup, ii.Total+ii.Rows*0.0025*float64(len(n.Items)), order),
		Input: in, Exprs: b.items(n.Items, layoutOf(in))}
}

func (b *builder) aggregate(n *aggregate, g goal) Node {
	sub := goal{}
	plainCols := n.Sets == nil && len(n.Groups) > 0
	for _, gr := range n.Groups {
		c, ok := gr.Expr.(*expr.Col)
		if !ok {
			plainCols = false
			break
		}
		sub.order = append(sub.order, OrderCol{ID: c.ID})
	}
	if !plainCols {
		sub.order = nil
	}
	if len(n.Groups) == 0 {
		if l, ok := n.Input.(*limit); ok && l.Count != nil {
			sub.limit = 1
		}
	}
	in := b.build(n.Input, goal{limit: sub.limit})
	if plainCols && len(sub.order) > 0 {
		// Grouping in index order saves the hash table when the order costs nothing.
		if alt := b.build(n.Input, sub); orderSatisfies(alt.Meta().Order, sub.order) && alt.Meta().Total <= in.Meta().Total*1.05 {
			in = alt
		}
	}
	grouped := plainCols && orderSatisfies(in.Meta().Order, sub.order)
	if !grouped && b.off(HashAggs) && len(n.Groups) > 0 && n.Sets == nil {
		in, grouped = b.sortBy(in, n.Groups), true
	}
	ii := in.Meta()
	layout := layoutOf(in)
	a := &Aggregate{Input: in, Sets: n.Sets, Sorted: grouped}
	rows := 1.0
	for _, gr := range n.Groups {
		a.Groups = append(a.Groups, b.resolve(gr.Expr, layout))
		rows *= b.distinctValues(gr.Expr, ii.Rows)
	}
	if len(n.Groups) > 0 {
		rows = math.Min(rows, math.Max(ii.Rows/2, 1))
	}
	for _, x := range n.Aggs {
		c := *x.Call
		c.Args = b.resolveAll(c.Args, layout)
		c.Filter = b.resolve(c.Filter, layout)
		c.OrderBy = slices.Clone(c.OrderBy)
		for i := range c.OrderBy {
			c.OrderBy[i].Expr = b.resolve(c.OrderBy[i].Expr, layout)
		}
		a.Aggs = append(a.Aggs, &c)
	}
	for _, x := range n.Grouping {
		a.Grouping = append(a.Grouping, x.Groups)
	}
	cost := ii.Total + ii.Rows*0.0025*float64(len(n.Aggs)+len(n.Groups))
	if !grouped && len(n.Groups) > 0 {
		cost += b.penalty(HashAggs)
	}
	var order []OrderCol
	if plainCols && grouped {
		order = slices.Clone(ii.Order[:len(sub.order)])
	}
	a.Info = b.info(b.outs(outputs(n)), rows, cost, cost+rows*0.01, order)
	if a.Sorted {
		a.Startup = ii.Startup
	}
	return a
}

func (b *builder) distinct(n *distinct, g goal) Node {
	ids := n.On
	if ids == nil {
		ids = outputs(n.Input)
	}
	in := b.build(n.Input, goal{order: g.order})
	if set := setOf(ids...); n.On == nil && len(set) == len(ids) && !prefixIs(in.Meta().Order, set) {
		// Equal rows that come one after another save the hash table when the order costs nothing.
		want, by := make([]OrderCol, len(ids)), make([]item, len(ids))
		for i, id := range ids {
			want[i], by[i] = OrderCol{ID: id}, item{id, b.r.col(id, -1)}
		}
		if alt := b.build(n.Input, goal{order: want}); prefixIs(alt.Meta().Order, set) && alt.Meta().Total <= in.Meta().Total*1.05 {
			in = alt
		} else if b.off(HashAggs) {
			in = b.sortBy(in, by)
		}
	}
	ii := in.Meta()
	layout := layoutOf(in)
	d := &Distinct{Input: in}
	seen := make(colSet)
	rows := 1.0
	for _, id := range ids {
		if seen.has(id) {
			continue
		}
		seen.add(id)
		d.On = append(d.On, layout[id])
		rows *= b.distinctValues(b.r.col(id, -1), ii.Rows)
	}
	d.Sorted = prefixIs(ii.Order, seen)
	off := 0.0
	if !d.Sorted {
		off = b.penalty(HashAggs)
	}
	d.Info = b.info(ii.Cols, math.Min(rows, ii.Rows), ii.Startup+off, ii.Total+ii.Rows*0.005+off, ii.Order)
	return d
}

// prefixIs reports whether the first columns of an order are exactly the set.
func prefixIs(order []OrderCol, set colSet) bool {
	if len(order) < len(set) {
		return false
	}
	got := make(colSet)
	for _, o := range order[:len(set)] {
		if !set.has(o.ID) {
			return false
		}
		got.add(o.ID)
	}
	return len(got) == len(set)
}

func orderSatisfies(have, want []OrderCol) bool {
	if len(have) < len(want) {
		return false
	}
	return slices.Equal(have[:len(want)], want)
}

// sort sorts the input, unless it comes sorted. count and offset make it a top-N sort.
func (b *builder) sort(n *sort, g goal, count, offset Expr) Node {
	var want []OrderCol
	plain := true
	seen := make(colSet)
	for _, k := range n.Keys {
		c, ok := k.Expr.(*expr.Col)
		if !ok {
			plain = false
			break
		}
		if seen.has(c.ID) {
			continue
		}
		seen.add(c.ID)
		want = append(want, OrderCol{c.ID, k.Desc, k.NullsFirst})
	}
	in := b.build(n.Input, goal{})
	if plain {
		alt := b.build(n.Input, goal{order: want, limit: g.limit})
		if orderSatisfies(alt.Meta().Order, want) {
			ai, ii := alt.Meta(), in.Meta()
			cost := ai.Total
			if g.limit > 0 && ai.Rows > g.limit {
				cost = ai.Startup + (ai.Total-ai.Startup)*g.limit/ai.Rows
			}
			if cost <= ii.Total+b.sortCost(ii, g.limit) {
				return alt
			}
		}
	}
	layout := layoutOf(in)
	var keys []expr.SortKey
	for _, k := range n.Keys {
		k.Expr = b.resolve(k.Expr, layout)
		if _, isConst := k.Expr.(*expr.Const); isConst {
			continue
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return in
	}
	if !plain {
		want = nil
	}
	s := b.sortNode(in, keys, want, g.limit)
	s.Limit, s.Offset = count, offset
	return s
}

// sortBy sorts by the values of items, so that equal ones are adjacent.
func (b *builder) sortBy(in Node, items []item) *Sort {
	layout := layoutOf(in)
	var keys []expr.SortKey
	var order []OrderCol
	for i, it := range items {
		keys = append(keys, expr.SortKey{Expr: b.resolve(it.Expr, layout)})
		if c, ok := it.Expr.(*expr.Col); ok && i == len(order) {
			order = append(order, OrderCol{ID: c.ID})
		}
	}
	return b.sortNode(in, keys, order, 0)
}

// sortNode sorts, which makes an order of columns, too.
func (b *builder) sortNode(in Node, keys []expr.SortKey, order []OrderCol, limit float64) *Sort {
	i := in.Meta()
	total := i.Total + b.sortCost(i, limit)
	return &Sort{Info: b.info(i.Cols, i.Rows, total, total+i.Rows*sortedCost, order), Input: in, Keys: keys}
}

func (b *builder) limit(n *limit) Node {
	g := goal{}
	if k, ok := n.Count.(*expr.Const); ok && !k.Value.IsNull() {
		g.limit = float64(k.Value.Int())
		if o, ok := n.Offset.(*expr.Const); ok && !o.Value.IsNull() {
			g.limit += float64(o.Value.Int())
		} else if n.Offset != nil {
			g.limit += 100
		}
		g.limit = math.Max(g.limit, 1)
	} else if n.Count != nil {
		g.limit = 100
	}
	count, offset := b.resolve(n.Count, nil), b.resolve(n.Offset, nil)
	in := n.Input
	var node Node
	if s, ok := in.(*sort); ok && n.Ties == nil && n.Count != nil {
		node = b.sort(s, g, count, offset)
	} else if p, ok := in.(*project); ok {
		// A projection between LIMIT and ORDER BY costs nothing to look through.
		if s, ok := p.Input.(*sort); ok && n.Ties == nil && n.Count != nil {
			srt := b.sort(s, g, count, offset)
			ii := srt.Meta()
			node = &Project{Info: b.info(b.outs(itemIDs(p.Items)), ii.Rows, ii.Startup, ii.Total, nil), Input: srt, Exprs: b.items(p.Items, layoutOf(srt))}
		}
	} else if s, ok := in.(*sort); ok {
		node = b.sort(s, g, nil, nil)
	}
	if node == nil {
		node = b.build(in, g)
	}
	ii := *node.Meta()
	l := &Limit{Input: node, Count: count, Offset: offset}
	layout := layoutOf(node)
	for _, k := range n.Ties {
		k.Expr = b.resolve(k.Expr, layout)
		l.Ties = append(l.Ties, k)
	}
	rows := ii.Rows
	if g.limit > 0 && n.Count != nil {
		rows = math.Min(rows, g.limit)
	}
	total := ii.Total
	if ii.Rows > 0 && rows < ii.Rows {
		total = ii.Startup + (ii.Total-ii.Startup)*rows/ii.Rows
	}
	ii.Rows, ii.Total = rows, total
	l.Info = ii
	return l
}

func (b *builder) setOp(n *setOp) Node {
	left := b.arrange(b.build(n.Left, goal{}), n.LeftCols)
	right := b.arrange(b.build(n.Right, goal{}), n.RightCols)
	li, ri := left.Meta(), right.Meta()
	cols := b.outs(n.Cols)
	if n.Op == parser.SetUnion {
		inputs := []Node{left, right}
		// A chain of UNION ALL is one Append.
		if a, ok := left.(*Append); ok && n.All {
			inputs = append(slices.Clone(a.Inputs), right)
		}
		a := &Append{Info: b.info(cols, li.Rows+ri.Rows, li.Startup, li.Total+ri.Total, nil), Inputs: inputs}
		if n.All {
			return a
		}
		d := &Distinct{Input: a}
		var by []item
		for i := range cols {
			d.On = append(d.On, i)
			by = append(by, item{cols[i].ID, b.r.col(cols[i].ID, -1)})
		}
		if b.off(HashAggs) {
			d.Input, d.Sorted = b.sortBy(a, by), true
		}
		ii := d.Input.Meta()
		d.Info = b.info(cols, a.Rows, ii.Total, ii.Total+a.Rows*0.01, nil)
		return d
	}
	total := li.Total + ri.Total + (li.Rows+ri.Rows)*0.01
	return &SetOp{Info: b.info(cols, li.Rows, total, total, nil), Op: n.Op, All: n.All, Left: left, Right: right}
}

func (b *builder) lockRows(n *lockRows, g goal) Node {
	in := b.build(n.Input, g)
	ii := *in.Meta()
	layout := layoutOf(in)
	l := &LockRows{Input: in, Recheck: b.resolveAll(n.Recheck, layout)}
	for _, t := range n.Targets {
		lt := LockTarget{Table: t.Get.Table, Alias: t.Get.Alias, Key: layout[t.Get.RowKey], Strength: t.Strength, Wait: t.Wait}
		for _, id := range t.Get.Cols {
			at := -1
			if i, ok := layout[id]; ok && id != 0 {
				at = i
			}
			lt.Places = append(lt.Places, at)
		}
		l.Targets = append(l.Targets, lt)
	}
	ii.Total += ii.Rows * 0.1
	l.Info = ii
	return l
}

// rowLayout is the layout of a table's row by slot.
func rowLayout(ids []ColID, base int, into map[ColID]int) map[ColID]int {
	for i, id := range ids {
		if id != 0 {
			into[id] = base + i
		}
	}
	return into
}

func (b *builder) insert(n *insert) Node {
	in := b.build(n.Input, goal{})
	ii := in.Meta()
	node := *n.Node
	node.Input = in
	node.Values = b.resolveAll(n.Node.Values, layoutOf(in))
	node.Returning = b.resolveAll(n.Node.Returning, rowLayout(node.newRow, 0, map[ColID]int{}))
	if c := n.Node.Conflict; c != nil {
		oc := *c
		width := len(node.Table.Columns)
		layout := rowLayout(c.excluded, width, rowLayout(c.existing, 0, map[ColID]int{}))
		oc.Set = slices.Clone(c.Set)
		for i := range oc.Set {
			oc.Set[i].Value = b.resolve(oc.Set[i].Value, layout)
		}
		oc.Where = b.resolveAll(c.Where, layout)
		node.Conflict = &oc
	}
	node.Info = b.info(b.outs(node.returningIDs), ii.Rows, ii.Startup, ii.Total+ii.Rows*0.1, nil)
	return &node
}

func (b *builder) modify(n *modify) Node {
	in := b.build(n.Input, goal{})
	ii := in.Meta()
	layout := layoutOf(in)
	node := *n.Node
	node.Input = in
	node.Key = layout[node.keyID]
	node.Old = make([]int, len(node.oldIDs))
	for i, id := range node.oldIDs {
		node.Old[i] = -1
		if at, ok := layout[id]; ok && id != 0 {
			node.Old[i] = at
		}
	}
	node.Set = slices.Clone(n.Node.Set)
	for i := range node.Set {
		node.Set[i].Value = b.resolve(node.Set[i].Value, layout)
	}
	node.Recheck = b.resolveAll(n.Node.Recheck, layout)
	ret := layout
	if !node.Delete {
		ret = make(map[ColID]int, len(layout))
		for id, i := range layout {
			ret[id] = i
		}
		rowLayout(node.newRow, len(ii.Cols), ret)
	}
	node.Returning = b.resolveAll(n.Node.Returning, ret)
	node.Info = b.info(b.outs(node.returningIDs), ii.Rows, ii.Startup, ii.Total+ii.Rows*0.1, nil)
	return &node
}
