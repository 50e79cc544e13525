package planner

import (
	"math"
	"math/bits"
	"slices"

	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/sqlerr"
)

// Up to dpMax relations are joined in the best of all orders; more, greedily.
const dpMax = 8

func (b *builder) join(j *join, g goal) Node {
	if j.Kind != InnerJoin {
		left := b.build(j.Left, goal{order: g.order, limit: g.limit})
		return b.joinPair(j.Kind, left, j.Right, j.On)
	}
	var rels []logical
	var conds []Expr
	flatten(j, &rels, &conds)
	return b.joinOrder(rels, conds, g)
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
	rels    []logical
	made    []colSet // columns of each relation
	needs   []uint   // relations that a lateral one refers to
	conds   []Expr
	mention []uint // relations that each condition mentions
	plans   map[uint]Node
}

func (b *builder) joinOrder(rels []logical, conds []Expr, g goal) Node {
	c := &cluster{b: b, rels: rels, conds: conds, plans: make(map[uint]Node)}
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
	}
	for i, r := range rels {
		if c.needs[i] == 0 {
			c.plans[1<<i] = b.build(r, goal{})
		}
	}
	full := uint(1)<<len(rels) - 1
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
	n := c.plans[full]
	if n == nil {
		b.fail(sqlerr.New(sqlerr.Internal, "no join order found"))
		return &ValuesScan{}
	}
	return n
}

// best finds the cheapest plan for a set by splitting off one relation, or into
// two parts when those are connected.
func (c *cluster) best(set uint) {
	connected := false
	for pass := 0; pass < 2 && c.plans[set] == nil; pass++ {
		for right := (set - 1) & set; right > 0; right = (right - 1) & set {
			left := set &^ right
			if c.plans[left] == nil {
				continue
			}
			linked := c.linked(left, right)
			connected = connected || linked
			// Cross products only where nothing else joins the set.
			if pass == 0 && !linked {
				continue
			}
			if n := c.tryJoin(left, right); n != nil {
				if old := c.plans[set]; old == nil || n.Meta().Total < old.Meta().Total {
					c.plans[set] = n
				}
			}
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

// tryJoin joins two parts, or returns nil if they cannot be joined that way round.
func (c *cluster) tryJoin(left, right uint) Node {
	var on []Expr
	for i, m := range c.mention {
		if m&^(left|right) == 0 && m&^left != 0 && m&^right != 0 {
			on = append(on, c.conds[i])
		} else if m == 0 && bits.OnesCount(left|right) == 2 && left|right == c.firstPair() {
			on = append(on, c.conds[i])
		}
	}
	if bits.OnesCount(right) == 1 {
		i := bits.TrailingZeros(right)
		if c.needs[i]&^left != 0 {
			return nil
		}
		return c.b.joinBest(InnerJoin, c.plans[left], c.rels[i], c.plans[right], on)
	}
	if c.plans[right] == nil {
		return nil
	}
	return c.b.joinBest(InnerJoin, c.plans[left], nil, c.plans[right], on)
}

// firstPair is where conditions without columns are checked: never, since the
// rules keep them above the joins.
func (c *cluster) firstPair() uint { return 0 }

// greedy joins the cheapest pair again and again.
func (c *cluster) greedy(full uint) {
	var parts []uint
	for i := range c.rels {
		parts = append(parts, 1<<i)
	}
	for len(parts) > 1 {
		var best Node
		bi, bj := -1, -1
		for pass := 0; pass < 2 && best == nil; pass++ {
			for i, l := range parts {
				for k, r := range parts {
					if i == k || c.plans[l] == nil || (pass == 0 && !c.linked(l, r)) {
						continue
					}
					n := c.tryJoin(l, r)
					if n != nil && (best == nil || n.Meta().Rows < best.Meta().Rows || (n.Meta().Rows == best.Meta().Rows && n.Meta().Total < best.Meta().Total)) {
						best, bi, bj = n, i, k
					}
				}
			}
		}
		if best == nil {
			return
		}
		set := parts[bi] | parts[bj]
		c.plans[set] = best
		parts = slices.DeleteFunc(parts, func(p uint) bool { return p&set != 0 })
		parts = append(parts, set)
	}
}

// joinPair joins left with a relation that is still logical.
func (b *builder) joinPair(kind JoinKind, left Node, right logical, on []Expr) Node {
	made := setOf()
	for _, c := range left.Meta().Cols {
		made.add(c.ID)
	}
	var inner Node
	if !freeCols(right).hasAny(made) {
		inner = b.build(right, goal{})
	}
	n := b.joinBest(kind, left, right, inner, on)
	if n == nil {
		if kind == FullJoin {
			b.fail(sqlerr.New(sqlerr.FeatureNotSupported, "FULL JOIN is only supported with merge-joinable or hash-joinable join conditions"))
		} else {
			b.fail(sqlerr.New(sqlerr.Internal, "no way found to join"))
		}
		return &ValuesScan{}
	}
	return n
}

// joinBest is the cheapest way to join left with right, which is given as a
// logical plan (rel), a physical one (inner), or both. rel alone is lateral.
func (b *builder) joinBest(kind JoinKind, left Node, rel logical, inner Node, on []Expr) Node {
	var best Node
	consider := func(n Node) {
		if n != nil && (best == nil || n.Meta().Total < best.Meta().Total) {
			best = n
		}
	}
	if inner != nil {
		consider(b.hashJoin(kind, left, inner, on))
		if kind != FullJoin {
			consider(b.nestLoop(kind, left, inner, on, nil, true))
		}
	}
	if rel != nil && kind != FullJoin {
		consider(b.boundLoop(kind, left, rel, inner == nil, on))
	}
	return best
}

// joinRows estimates the rows of a join.
func (b *builder) joinRows(kind JoinKind, left, right *Info, on []Expr) float64 {
	sel := 1.0
	for _, c := range on {
		sel *= b.selectivity(c, nil)
	}
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

func (b *builder) hashJoin(kind JoinKind, left, right Node, on []Expr) Node {
	lc, rc := colsOfNode(left), colsOfNode(right)
	ll, rl := layoutOf(left), layoutOf(right)
	h := &HashJoin{Kind: kind, Outer: left, Inner: right}
	var rest []Expr
	for _, c := range on {
		call, ok := c.(*expr.Call)
		if ok && call.Op == "=" && len(call.Args) == 2 && !hasAnySubplan(c) && hashable(call.Args[0].Type().OID, call.Args[1].Type().OID) {
			x, y := call.Args[0], call.Args[1]
			xc, yc := colsOf(x), colsOf(y)
			if xc.hasAny(rc) && !xc.hasAny(lc) {
				x, y, xc, yc = y, x, yc, xc
			}
			if xc.hasAny(lc) && !xc.hasAny(rc) && yc.hasAny(rc) && !yc.hasAny(lc) {
				h.OuterKeys = append(h.OuterKeys, b.resolve(x, ll))
				h.InnerKeys = append(h.InnerKeys, b.resolve(y, rl))
				h.Eq = append(h.Eq, call.Fn)
				continue
			}
		}
		rest = append(rest, c)
	}
	if len(h.OuterKeys) == 0 {
		return nil
	}
	h.On = b.resolveAll(rest, concat(left, right))
	li, ri := left.Meta(), right.Meta()
	rows := b.joinRows(kind, li, ri, on)
	startup := ri.Total + ri.Rows*0.015 + li.Startup
	total := startup + li.Total - li.Startup + li.Rows*0.0125 + rows*0.01
	var order []OrderCol
	if kind != FullJoin {
		order = nil // a join that spills does not keep the outer order
	}
	h.Info = b.info(b.joinCols(kind, left, right), rows, startup, total, order)
	return h
}

// nestLoop compares every pair of rows.
func (b *builder) nestLoop(kind JoinKind, left, right Node, on []Expr, binds []expr.Bind, materialize bool) Node {
	li, ri := left.Meta(), right.Meta()
	n := &NestLoop{Kind: kind, Outer: left, Inner: right, Binds: binds, Materialize: materialize}
	n.On = orderByCost(b.resolveAll(on, concat(left, right)))
	rows := b.joinRows(kind, li, ri, on)
	total := li.Total
	if materialize {
		total += ri.Total + li.Rows*ri.Rows*(condCost*float64(1+len(on))) + rows*0.01
	} else {
		total += li.Rows*ri.Total + rows*0.01
	}
	n.Info = b.info(b.joinCols(kind, left, right), rows, li.Startup+ri.Startup, total, li.Order)
	return n
}

// boundLoop runs the right side once for each left row, with the left row's
// values in its conditions: an index lookup, or a LATERAL subquery.
func (b *builder) boundLoop(kind JoinKind, left Node, rel logical, lateral bool, on []Expr) Node {
	lc := colsOfNode(left)
	g, isGet := rel.(*get)
	if !lateral && !isGet {
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
		for _, c := range on {
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
		outside = on
	}
	in, binds := b.bind(need, layoutOf(left))
	right := in.build(rel, goal{})
	if in.err != nil {
		b.fail(in.err)
		return nil
	}
	if isGet && !lateral {
		is, ok := right.(*IndexScan)
		if !ok || (len(is.Keys) == 0 && is.Lo == nil && is.Hi == nil) || !usesBinds(is, binds) {
			return nil
		}
	}
	n := b.nestLoop(kind, left, right, outside, binds, false)
	// Without the conditions that moved inside, the estimate is the inner's own.
	i := n.Meta()
	li, ri := left.Meta(), right.Meta()
	rows := li.Rows * ri.Rows
	switch kind {
	case LeftJoin:
		rows = math.Max(rows, li.Rows)
	case SemiJoin, AntiJoin:
		rows = math.Max(li.Rows/2, 1)
	}
	for _, c := range outside {
		rows *= b.selectivity(c, nil)
	}
	i.Rows = clampRows(rows)
	i.Total = li.Total + li.Rows*ri.Total + i.Rows*0.01
	return n
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
