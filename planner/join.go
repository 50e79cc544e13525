package planner

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/sqlerr"
)

// Up to dpMax relations are joined in the best of all orders; more, greedily.
const dpMax = 8

// join finds the best way to join for a goal. It keeps what it has found: alternatives
// above ask again, and would else do so for each join below them.
func (b *builder) join(j *join, g goal) Node {
	key := joinGoal{j, fmt.Sprint(g)}
	if n, ok := b.joins[key]; ok {
		return n
	}
	var n Node
	if j.Kind == InnerJoin {
		var rels []logical
		var conds []Expr
		flatten(j, &rels, &conds)
		n = b.joinOrder(rels, conds, g)
	} else {
		n = b.joinPair(j, g)
	}
	b.joins[key] = n
	return n
}

// joinGoal is a join and what is wanted of it.
type joinGoal struct {
	join *join
	goal string
}

// flatten collects the relations and conditions of a tree of inner joins.
func flatten(n logical, rels *[]logical, conds *[]Expr) {
	if j, ok := n.(*join); ok && j.Kind == InnerJoin {
		flatten(j.Left, rels, conds)
		flatten(j.Right, rels, conds)
		*conds = append(*conds, j.On...)
		return
	}
	*rels = append(*rels, n)
}

// cluster is a set of relations to be joined, as bits.
type cluster struct {
	b       *builder
	goal    goal
	rels    []logical
	made    []colSet // columns of each relation
	needs   []uint   // relations that a lateral one refers to
	conds   []Expr
	mention []uint // relations that each condition mentions
	keys    []clusterKey
	equal   []clusterKey           // those of two plain columns
	sides   map[uint]*side         // the plans found for a set
	bound   map[boundKey]*boundRel // relations that were planned to be looked up in
}

// clusterKey is a condition that can be a key of joins, and the relations of its sides.
type clusterKey struct {
	joinKey
	mention [2]uint
}

// boundKey is a relation and the conditions, as bits, by which another is joined to it.
type boundKey struct {
	rel   int
	conds uint64
}

func (b *builder) joinOrder(rels []logical, conds []Expr, g goal) Node {
	c := &cluster{b: b, goal: g, rels: rels, conds: conds, sides: make(map[uint]*side), bound: make(map[boundKey]*boundRel)}
	for _, r := range rels {
		c.made = append(c.made, setOf(outputs(r)...))
	}
	which := func(cols colSet) uint {
		var m uint
		for i, made := range c.made {
			if cols.hasAny(made) {
				m |= 1 << i
			}
		}
		return m
	}
	for i, r := range rels {
		c.needs = append(c.needs, which(freeCols(r))&^(1<<i))
	}
	for _, e := range conds {
		c.mention = append(c.mention, which(colsOf(e)))
		k, ok := b.joinKey(e)
		c.keys = append(c.keys, clusterKey{})
		if !ok {
			continue
		}
		x, y := which(colsOf(k.exprs[0])), which(colsOf(k.exprs[1]))
		if x == 0 || y == 0 || x&y != 0 {
			continue
		}
		key := clusterKey{k, [2]uint{x, y}}
		c.keys[len(c.keys)-1] = key
		if k.cols[0] != 0 && k.cols[1] != 0 {
			c.equal = append(c.equal, key)
		}
	}
	full := uint(1)<<len(rels) - 1
	for i, r := range rels {
		if c.needs[i] == 0 {
			c.keep(1<<i, made(b.build(r, goal{})))
			for _, o := range c.wanted(i, full) {
				c.keep(1<<i, made(b.build(r, goal{order: o, limit: g.limit})))
			}
		}
	}
	if len(rels) <= dpMax {
		for size := 2; size <= len(rels); size++ {
			for set := uint(1); set <= full; set++ {
				if bits.OnesCount(set) == size {
					c.best(set)
				}
			}
		}
	} else {
		c.greedy(full)
	}
	s := c.sides[full]
	if s == nil {
		b.fail(sqlerr.New(sqlerr.Internal, "no join order found"))
		return &ValuesScan{}
	}
	for _, n := range s.plans {
		// Columns that are equal by now are as good as those that were asked for.
		if i := n.Meta(); !orderSatisfies(i.Order, g.order) && orderSatisfies(c.named(s, i.Order), c.named(s, g.order)) {
			i.Order = g.order
		}
	}
	return b.bestFor(s.plans, g)
}

// bestFor is the cheapest plan for a goal.
func (b *builder) bestFor(plans []Node, g goal) Node {
	return slices.MinFunc(plans, func(x, y Node) int { return cmp.Compare(b.priceFor(x.Meta(), g), b.priceFor(y.Meta(), g)) })
}

// wanted are the orders in which it may pay to read a relation: of each column that another
// one is to be equal to, and of the goal.
func (c *cluster) wanted(rel int, full uint) [][]OrderCol {
	var out [][]OrderCol
	all := c.side(full)
	var first []OrderCol
	for _, o := range c.goal.order {
		i := slices.IndexFunc(outputs(c.rels[rel]), func(id ColID) bool { return all.name(id) == all.name(o.ID) })
		if i < 0 {
			break
		}
		first = append(first, OrderCol{outputs(c.rels[rel])[i], o.Desc, o.NullsFirst})
	}
	if len(first) > 0 && mayCome(c.rels[rel], first[0]) {
		out = append(out, first)
	}
	for _, e := range c.equal {
		for _, id := range e.cols {
			if o := (OrderCol{ID: id}); c.made[rel].has(id) && mayCome(c.rels[rel], o) {
				out = append(out, []OrderCol{o})
			}
		}
	}
	return out
}

// side is what is known of the plans for a set; it has none yet.
func (c *cluster) side(set uint) *side {
	s := &side{same: make(map[ColID]ColID)}
	for again := true; again; {
		again = false
		for _, e := range c.equal {
			x, y := s.name(e.cols[0]), s.name(e.cols[1])
			if (e.mention[0]|e.mention[1])&^set != 0 || x == y {
				continue
			}
			// Whatever has the name y gets the name x.
			again = true
			s.same[y] = x
			for id, n := range s.same {
				if n == y {
					s.same[id] = x
				}
			}
		}
	}
	return s
}

// named is an order in the names of a set's columns. Those that have to be equal to others
// are not NULL.
func (c *cluster) named(s *side, order []OrderCol) []OrderCol {
	out := slices.Clone(order)
	for i := range out {
		id := s.name(out[i].ID)
		for _, n := range s.same {
			if n == id {
				out[i].NullsFirst = out[i].Desc
			}
		}
		out[i].ID = id
	}
	return out
}

// useful is the part of an order of a set's rows from which the rest of the plan may have something.
func (c *cluster) useful(set uint, s *side, order []OrderCol) []OrderCol {
	order = c.named(s, order)
	for i, o := range order {
		is := func(id ColID) bool { return s.name(id) == o.ID }
		if !slices.ContainsFunc(c.goal.order, func(g OrderCol) bool { return is(g.ID) }) &&
			!slices.ContainsFunc(c.equal, func(e clusterKey) bool {
				return (e.mention[0]|e.mention[1])&^set != 0 && (is(e.cols[0]) || is(e.cols[1]))
			}) {
			return order[:i]
		}
	}
	return order
}

// keep adds a way to those of a set, unless one of them is no worse: in its cost, its
// order, and its start if few rows are wanted.
func (c *cluster) keep(set uint, w way) {
	s := c.sides[set]
	if s == nil {
		s = c.side(set)
		c.sides[set] = s
	}
	order := c.useful(set, s, w.Order)
	for _, o := range s.plans {
		if i := o.Meta(); i.Total <= w.Total && (c.goal.limit == 0 || i.Startup <= w.Startup) && orderSatisfies(c.named(s, i.Order), order) {
			return
		}
	}
	s.plans = slices.DeleteFunc(s.plans, func(o Node) bool {
		i := o.Meta()
		return w.Total <= i.Total && (c.goal.limit == 0 || w.Startup <= i.Startup) && orderSatisfies(order, c.useful(set, s, i.Order))
	})
	s.plans = append(s.plans, w.make())
}

// best finds the plans for a set by splitting off one relation, or into two parts
// when those are connected.
func (c *cluster) best(set uint) {
	for pass := 0; pass < 2 && c.sides[set] == nil; pass++ {
		for right := (set - 1) & set; right > 0; right = (right - 1) & set {
			left := set &^ right
			// Cross products only where nothing else joins the set.
			if c.sides[left] == nil || pass == 0 && !c.linked(left, right) {
				continue
			}
			c.tryJoin(left, right, func(w way) { c.keep(set, w) })
		}
	}
}

func (c *cluster) linked(left, right uint) bool {
	for _, m := range c.mention {
		if m&left != 0 && m&right != 0 && m&^(left|right) == 0 {
			return true
		}
	}
	for i, need := range c.needs {
		if right>>i&1 != 0 && need&left != 0 {
			return true
		}
	}
	return false
}

// tryJoin calls use with the ways to join two parts: none, if they cannot be joined that way round.
func (c *cluster) tryJoin(left, right uint, use func(way)) {
	p := &pair{kind: InnerJoin, outer: *c.sides[left], sel: 1}
	if s := c.sides[right]; s != nil {
		p.inner = *s
	}
	rel := -1
	if bits.OnesCount(right) == 1 {
		rel = bits.TrailingZeros(right)
		if c.needs[rel]&^left != 0 {
			return
		}
		p.rel = c.rels[rel]
	} else if len(p.inner.plans) == 0 {
		return
	}
	var conds uint64
	for i, m := range c.mention {
		if m&^(left|right) != 0 || m&^left == 0 || m&^right == 0 {
			continue
		}
		conds |= 1 << (i % 64)
		p.on = append(p.on, c.conds[i])
		p.sel *= c.b.selectivity(c.conds[i], nil)
		switch k := &c.keys[i]; {
		case k.cond == nil:
		case k.mention[0]&^left == 0 && k.mention[1]&^right == 0:
			p.keys = append(p.keys, k.joinKey)
		case k.mention[1]&^left == 0 && k.mention[0]&^right == 0:
			p.keys = append(p.keys, k.joinKey.swapped())
		}
	}
	if rel >= 0 {
		key := boundKey{rel, conds}
		r, ok := c.bound[key]
		if !ok || len(c.conds) > 64 {
			r = c.b.boundRel(p)
			c.bound[key] = r
		}
		p.bound = r
	}
	c.b.joinWays(p, c.goal.order, use)
}

// greedy joins the cheapest pair again and again.
func (c *cluster) greedy(full uint) {
	var parts []uint
	for i := range c.rels {
		parts = append(parts, 1<<i)
	}
	for len(parts) > 1 {
		var best *way
		bi, bj := -1, -1
		for pass := 0; pass < 2 && best == nil; pass++ {
			for i, l := range parts {
				for k, r := range parts {
					if i == k || c.sides[l] == nil || (pass == 0 && !c.linked(l, r)) {
						continue
					}
					c.tryJoin(l, r, func(w way) {
						if best == nil || w.Rows < best.Rows || (w.Rows == best.Rows && w.Total < best.Total) {
							best, bi, bj = &w, i, k
						}
					})
				}
			}
		}
		if best == nil {
			return
		}
		set := parts[bi] | parts[bj]
		c.tryJoin(parts[bi], parts[bj], func(w way) { c.keep(set, w) })
		parts = slices.DeleteFunc(parts, func(p uint) bool { return p&set != 0 })
		parts = append(parts, set)
	}
}

// joinPair finds the best way for a join that is not an inner one, for a goal.
func (b *builder) joinPair(j *join, g goal) Node {
	p := &pair{kind: j.Kind, rel: j.Right, on: j.On, sel: 1}
	lc, rc := setOf(outputs(j.Left)...), setOf(outputs(j.Right)...)
	for _, c := range j.On {
		p.sel *= b.selectivity(c, nil)
		if k, ok := b.joinKey(c); ok {
			x, y := colsOf(k.exprs[0]), colsOf(k.exprs[1])
			if x.hasAny(rc) && !x.hasAny(lc) {
				k, x, y = k.swapped(), y, x
			}
			if x.hasAny(lc) && !x.hasAny(rc) && y.hasAny(rc) && !y.hasAny(lc) {
				p.keys = append(p.keys, k)
			}
		}
	}
	add := func(s *side, n Node) {
		noWorse := func(x, y *Info) bool {
			return x.Total <= y.Total && (g.limit == 0 || x.Startup <= y.Startup) && orderSatisfies(x.Order, y.Order)
		}
		if !slices.ContainsFunc(s.plans, func(o Node) bool { return noWorse(o.Meta(), n.Meta()) }) {
			s.plans = append(s.plans, n)
		}
	}
	left := goal{order: g.order, limit: g.limit}
	if j.Kind == FullJoin {
		left = goal{}
	}
	add(&p.outer, b.build(j.Left, left))
	lateral := freeCols(j.Right).hasAny(lc)
	if !lateral {
		add(&p.inner, b.build(j.Right, goal{}))
	}
	for _, k := range p.keys {
		if o := (OrderCol{ID: k.cols[outerSide]}); mayCome(j.Left, o) {
			add(&p.outer, b.build(j.Left, goal{order: []OrderCol{o}, limit: left.limit}))
		}
		if o := (OrderCol{ID: k.cols[innerSide]}); !lateral && mayCome(j.Right, o) {
			add(&p.inner, b.build(j.Right, goal{order: []OrderCol{o}}))
		}
	}
	if j.Kind != FullJoin {
		p.bound = b.boundRel(p)
	}
	var best *way
	b.joinWays(p, g.order, func(w way) {
		if best == nil || b.priceFor(&w.Info, g) < b.priceFor(&best.Info, g) {
			best = &w
		}
	})
	if best == nil {
		if j.Kind == FullJoin {
			b.fail(sqlerr.New(sqlerr.FeatureNotSupported, "FULL JOIN is only supported with merge-joinable or hash-joinable join conditions"))
		} else {
			b.fail(sqlerr.New(sqlerr.Internal, "no way found to join"))
		}
		return &ValuesScan{}
	}
	return best.make()
}

// mayCome reports whether rows may come sorted by a column because they are asked to: by an
// index, or from a join that keeps an order. A table comes in the order of its primary key anyway.
func mayCome(n logical, o OrderCol) bool {
	switch n := n.(type) {
	case *get:
		return slices.ContainsFunc(n.Table.Indexes, func(x *catalog.Index) bool {
			k := x.Columns[0]
			return k.Slot >= 0 && n.Cols[k.Slot] == o.ID && (!x.Clustered() || k.Desc != o.Desc)
		})
	case *join:
		return mayCome(n.Left, o) || n.Kind == InnerJoin && mayCome(n.Right, o)
	case *filter:
		return mayCome(n.Input, o)
	case *project:
		for _, it := range n.Items {
			if c, ok := it.Expr.(*expr.Col); ok && it.ID == o.ID {
				return mayCome(n.Input, OrderCol{c.ID, o.Desc, o.NullsFirst})
			}
		}
	}
	return false
}

// pair are two inputs to be joined. The right one is given by plans, by its logical plan,
// or by both; without plans it is lateral.
type pair struct {
	kind         JoinKind
	outer, inner side
	rel          logical
	on           []Expr
	keys         []joinKey // among on
	sel          float64   // of on
	bound        *boundRel // the right one, with the left one's columns bound; nil if that is of no use
}

func (p *pair) lateral() bool { return len(p.inner.plans) == 0 }

// rest are the conditions that are not among the keys.
func (p *pair) rest(keys []joinKey) []Expr {
	var out []Expr
	for _, c := range p.on {
		if !slices.ContainsFunc(keys, func(k joinKey) bool { return k.cond == c }) {
			out = append(out, c)
		}
	}
	return out
}

// way is a plan that could be made: what is to be said of it, but for its columns, and how.
// Most are found too dear, so they are not made before they are compared.
type way struct {
	Info
	make func() Node
}

func made(n Node) way { return way{*n.Meta(), func() Node { return n }} }

// info completes what is to be said of a join.
func (w *way) info(b *builder, kind JoinKind, left, right Node) Info {
	return b.info(b.joinCols(kind, left, right), w.Rows, w.Startup, w.Total, w.Order)
}

// joinWays calls use with all ways to join that may be the best. want is the order that the
// operator above would like.
func (b *builder) joinWays(p *pair, want []OrderCol, use func(way)) {
	if !p.lateral() {
		inner := p.inner.cheapest()
		if len(p.keys) > 0 {
			use(b.hashJoin(p, p.outer.cheapest(), inner))
		}
		b.mergeJoins(p, want, use)
		if p.kind != FullJoin {
			for _, left := range p.outer.plans {
				use(b.nestLoop(p, left, inner))
			}
		}
	}
	if p.bound != nil {
		for _, left := range p.outer.plans {
			use(b.boundLoop(p, left))
		}
	}
}

// joinRows estimates the rows of a join by conditions of a selectivity.
func joinRows(kind JoinKind, left, right *Info, sel float64) float64 {
	rows := left.Rows * right.Rows * sel
	switch kind {
	case LeftJoin:
		return math.Max(rows, left.Rows)
	case FullJoin:
		return math.Max(rows, math.Max(left.Rows, right.Rows))
	case SemiJoin:
		return math.Max(math.Min(rows, left.Rows), 1)
	case AntiJoin:
		return math.Max(left.Rows-rows, 1)
	}
	return rows
}

func (b *builder) joinCols(kind JoinKind, left, right Node) []Out {
	if kind == SemiJoin || kind == AntiJoin {
		return left.Meta().Cols
	}
	return append(slices.Clone(left.Meta().Cols), right.Meta().Cols...)
}

func colsOfNode(n Node) colSet {
	s := make(colSet)
	for _, c := range n.Meta().Cols {
		s.add(c.ID)
	}
	return s
}

func (b *builder) hashJoin(p *pair, left, right Node) way {
	li, ri := left.Meta(), right.Meta()
	w := way{Info: Info{Rows: joinRows(p.kind, li, ri, p.sel)}}
	w.Startup = ri.Total + ri.Rows*0.015 + li.Startup + b.penalty(HashJoins)
	w.Total = w.Startup + li.Total - li.Startup + li.Rows*0.0125 + w.Rows*0.01
	if !b.fits(ri) {
		w.Total += b.spillCost(ri) + b.spillCost(li)
		if p.kind == FullJoin {
			// It does not spill: all of it would be in memory. Unless a setting asks for
			// that, better merge.
			w.Startup, w.Total = w.Startup+disableCost/2, w.Total+disableCost/2
		}
	}
	// No order: a join that spills does not keep that of its outer side.
	w.make = func() Node {
		ll, rl := layoutOf(left), layoutOf(right)
		h := &HashJoin{Kind: p.kind, Outer: left, Inner: right}
		for _, k := range p.keys {
			h.OuterKeys = append(h.OuterKeys, b.resolve(k.exprs[outerSide], ll))
			h.InnerKeys = append(h.InnerKeys, b.resolve(k.exprs[innerSide], rl))
			h.Eq = append(h.Eq, k.eq)
		}
		h.On = b.resolveAll(p.rest(p.keys), concat(left, right))
		h.Info = w.info(b, p.kind, left, right)
		return h
	}
	return w
}

// nestLoop compares every pair of rows.
func (b *builder) nestLoop(p *pair, left, right Node) way {
	li, ri := left.Meta(), right.Meta()
	w := way{Info: Info{Rows: joinRows(p.kind, li, ri, p.sel), Order: li.Order}}
	off := b.penalty(NestLoops)
	w.Startup = li.Startup + ri.Startup + off
	w.Total = li.Total + off + w.Rows*0.01 + li.Rows*ri.Rows*(condCost*float64(1+len(p.on)))
	if b.off(Materials) {
		w.Total += li.Rows * (ri.Total + rescanCost)
	} else {
		w.Total += ri.Total
	}
	w.make = func() Node {
		n := &NestLoop{Kind: p.kind, Outer: left, Inner: right, Materialize: !b.off(Materials)}
		n.On = orderByCost(b.resolveAll(p.on, concat(left, right)))
		n.Info = w.info(b, p.kind, left, right)
		return n
	}
	return w
}

// boundRel is a relation that is read once for each row of the left side, with that row's
// values in its conditions: by an index lookup, or because it is LATERAL.
type boundRel struct {
	plan    Node
	binds   []expr.Bind // without places of the columns: they are those of the left plan
	outside []Expr      // conditions that are not in it
}

// boundRel plans the right side of a pair so, or returns nil if that is of no use.
func (b *builder) boundRel(p *pair) *boundRel {
	left := p.outer.plans[0]
	lc := colsOfNode(left)
	rel := p.rel
	g, isGet := rel.(*get)
	if !p.lateral() && !isGet {
		return nil
	}
	need := make(colSet)
	for id := range freeCols(rel) {
		if lc.has(id) {
			need.add(id)
		}
	}
	var inside, outside []Expr
	if isGet {
		own := setOf(outputs(g)...)
		for _, c := range p.on {
			cols := colsOf(c)
			if cols.hasAny(own) && expr.VolatilityOf(c) != expr.Volatile && !hasAnySubplan(c) {
				inside = append(inside, c)
				for id := range cols {
					if lc.has(id) {
						need.add(id)
					}
				}
			} else {
				outside = append(outside, c)
			}
		}
		c := *g
		c.Conds = append(slices.Clone(g.Conds), inside...)
		rel = &c
	} else {
		outside = p.on
	}
	in, binds := b.bind(need, layoutOf(left))
	right := in.build(rel, goal{})
	if in.err != nil {
		b.fail(in.err)
		return nil
	}
	if isGet && !p.lateral() {
		is, ok := right.(*IndexScan)
		if !ok || (len(is.Keys) == 0 && is.Lo == nil && is.Hi == nil) || !usesBinds(is, binds) {
			return nil
		}
	}
	return &boundRel{plan: right, binds: binds, outside: outside}
}

// boundLoop reads the bound right side once for each row of left.
func (b *builder) boundLoop(p *pair, left Node) way {
	right := p.bound.plan
	li, ri := left.Meta(), right.Meta()
	// Without the conditions that moved inside, the estimate is the inner's own.
	rows := li.Rows * ri.Rows
	switch p.kind {
	case LeftJoin:
		rows = math.Max(rows, li.Rows)
	case SemiJoin, AntiJoin:
		rows = math.Max(li.Rows/2, 1)
	}
	for _, c := range p.bound.outside {
		rows *= b.selectivity(c, nil)
	}
	w := way{Info: Info{Rows: clampRows(rows), Order: li.Order}}
	off := b.penalty(NestLoops)
	w.Startup = li.Startup + ri.Startup + off
	w.Total = li.Total + li.Rows*(ri.Total+rescanCost) + w.Rows*0.01 + off
	w.make = func() Node {
		n := &NestLoop{Kind: p.kind, Outer: left, Inner: right}
		layout := layoutOf(left)
		for _, bind := range p.bound.binds {
			c := *bind.Value.(*expr.Col)
			c.Idx = layout[c.ID]
			n.Binds = append(n.Binds, expr.Bind{Place: bind.Place, Value: &c})
		}
		n.On = orderByCost(b.resolveAll(p.bound.outside, concat(left, right)))
		n.Info = w.info(b, p.kind, left, right)
		return n
	}
	return w
}

// usesBinds reports whether the scan's key range depends on the outer row.
func usesBinds(is *IndexScan, binds []expr.Bind) bool {
	dep := func(e Expr) bool {
		return expr.Any(e, func(x Expr) bool {
			p, ok := x.(*expr.ExecParam)
			return ok && slices.ContainsFunc(binds, func(b expr.Bind) bool { return b.Place == p.Idx })
		})
	}
	for _, k := range is.Keys {
		if slices.ContainsFunc(k.Values, dep) || (k.Array != nil && dep(k.Array)) {
			return true
		}
	}
	return (is.Lo != nil && is.Lo.Value != nil && dep(is.Lo.Value)) || (is.Hi != nil && is.Hi.Value != nil && dep(is.Hi.Value))
}
