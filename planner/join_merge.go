package planner

import (
	"cmp"
	"slices"

	"github.com/minisql/minisql/planner/expr"
)

// side is one input of a join: the ways to compute it that are worth a look, and what is
// known of its columns.
type side struct {
	plans []Node          // each is cheaper than the others, or sorted as they are not
	same  map[ColID]ColID // columns that are equal in every row have one name here
}

// name is what stands for a column and those equal to it.
func (s *side) name(id ColID) ColID {
	if n, ok := s.same[id]; ok {
		return n
	}
	return id
}

func (s *side) cheapest() Node {
	return slices.MinFunc(s.plans, func(x, y Node) int { return cmp.Compare(x.Meta().Total, y.Meta().Total) })
}

// The sides of a join.
const (
	outerSide = iota
	innerSide
)

// joinKey is a condition that two expressions, one of each side, are equal. Rows can be
// hashed and merged by it.
type joinKey struct {
	exprs [2]Expr
	eq    *expr.Func
	cond  Expr
	sel   float64

	cols [2]ColID // the columns that these are; 0 if they are none
	desc bool     // how both sides are sorted
}

// joinKey makes a key of a condition, if it can be one.
func (b *builder) joinKey(c Expr) (joinKey, bool) {
	call, ok := c.(*expr.Call)
	if !ok || call.Op != "=" || len(call.Args) != 2 || hasAnySubplan(c) || !hashable(call.Args[0].Type().OID, call.Args[1].Type().OID) {
		return joinKey{}, false
	}
	x, y := call.Args[0], call.Args[1]
	return joinKey{exprs: [2]Expr{x, y}, eq: call.Fn, cond: c, sel: b.selectivity(c, nil), cols: [2]ColID{plainCol(x), plainCol(y)}}, true
}

// swapped is the key of the sides the other way round.
func (k joinKey) swapped() joinKey {
	k.exprs[0], k.exprs[1] = k.exprs[1], k.exprs[0]
	k.cols[0], k.cols[1] = k.cols[1], k.cols[0]
	return k
}

// plainCol returns the column whose values, in whose order, e has; 0 if it is not that plain.
func plainCol(e Expr) ColID {
	if c, ok := bare(e).(*expr.Col); ok {
		return c.ID
	}
	return 0
}

// merge is a join of two sides that is to be made by merging.
type merge struct {
	b *builder
	*pair
	sides [2]side
	keys  []joinKey // with the sides' names of the columns
}

// mergeInput is a plan of a side, and the keys that it is still to be sorted by.
type mergeInput struct {
	Node
	by []joinKey
	Info
}

// mergeJoins calls use with the merge joins of a pair that may be the best of them. want is the
// order that the operator above would like.
func (b *builder) mergeJoins(p *pair, want []OrderCol, use func(way)) {
	m := &merge{b: b, pair: p, sides: [2]side{p.outer, p.inner}, keys: slices.Clone(p.keys)}
	if len(m.keys) == 0 {
		// Without a key all rows are of one group. Only a full join that compares
		// nothing has no better way.
		if p.kind == FullJoin && len(colsOf(p.on...)) == 0 {
			use(m.join(asItComes(p.outer.cheapest()), asItComes(p.inner.cheapest()), nil))
		}
		return
	}
	m.nameKeys()
	// As one side comes, with the other sorted to fit.
	for s := range m.sides {
		for _, n := range m.sides[s].plans {
			keys := m.inOrder(n.Meta().Order, s)
			m.joinSorted(s, asItComes(n), keys, use)
			// By fewer keys, if that saves sorting the other side.
			for len(keys) > 1 {
				keys = keys[:len(keys)-1]
				if m.comesSorted(1-s, keys) != nil {
					m.joinSorted(s, asItComes(n), keys, use)
					break
				}
			}
		}
	}
	// With both sides sorted, it may as well be as the operator above would like.
	keys := m.inOrder(want, outerSide, innerSide)
	for _, k := range m.keys {
		if !slices.ContainsFunc(keys, func(o joinKey) bool { return o.cond == k.cond }) {
			keys = append(keys, k)
		}
	}
	for _, n := range m.sorted(outerSide, keys) {
		m.joinSorted(outerSide, n, keys, use)
	}
}

// nameKeys gives the columns of the keys the names that they have on their sides. A key with
// a column that another has, too, is dropped: it is a further condition.
func (m *merge) nameKeys() {
	var seen [2]colSet
	for s := range seen {
		seen[s] = make(colSet)
	}
	m.keys = slices.DeleteFunc(m.keys, func(k joinKey) bool {
		for s := range k.cols {
			if seen[s].has(m.sides[s].name(k.cols[s])) {
				return true
			}
		}
		for s, c := range k.cols {
			if c != 0 {
				seen[s].add(m.sides[s].name(c))
			}
		}
		return false
	})
	for i := range m.keys {
		for s, c := range m.keys[i].cols {
			m.keys[i].cols[s] = m.sides[s].name(c)
		}
	}
}

// inOrder returns the keys by which rows are sorted that come in an order of columns of the
// sides. Where it has the NULLs does not matter, since they match nothing.
func (m *merge) inOrder(order []OrderCol, sides ...int) []joinKey {
	var keys []joinKey
	for _, o := range order {
		i := slices.IndexFunc(m.keys, func(k joinKey) bool {
			return slices.ContainsFunc(sides, func(s int) bool { return k.cols[s] == m.sides[s].name(o.ID) })
		})
		if i < 0 {
			break
		}
		k := m.keys[i]
		k.desc = o.Desc
		keys = append(keys, k)
	}
	return keys
}

// comesSorted returns the cheapest plan of a side whose rows come in the order of the keys, or nil.
func (m *merge) comesSorted(s int, keys []joinKey) Node {
	var best Node
	for _, n := range m.sides[s].plans {
		order := n.Meta().Order
		if len(order) < len(keys) || best != nil && best.Meta().Total <= n.Meta().Total {
			continue
		}
		fits := true
		for i, k := range keys {
			fits = fits && m.sides[s].name(order[i].ID) == k.cols[s] && order[i].Desc == k.desc
		}
		if fits {
			best = n
		}
	}
	return best
}

func asItComes(n Node) mergeInput { return mergeInput{Node: n, Info: *n.Meta()} }

// sorted returns the plans of a side in the order of the keys: the cheapest, and one that
// need not wait for a sort.
func (m *merge) sorted(s int, keys []joinKey) []mergeInput {
	comes := m.comesSorted(s, keys)
	n := m.sides[s].cheapest()
	if n == comes {
		return []mergeInput{asItComes(n)}
	}
	sort := mergeInput{n, keys, *n.Meta()}
	sort.Startup = sort.Total + m.b.sortCost(n.Meta(), 0)
	sort.Total = sort.Startup + sort.Rows*sortedCost
	sort.Order = nil
	for _, k := range keys {
		id := plainCol(k.exprs[s])
		if id == 0 {
			break
		}
		sort.Order = append(sort.Order, OrderCol{id, k.desc, k.desc})
	}
	switch {
	case comes == nil:
		return []mergeInput{sort}
	case comes.Meta().Total <= sort.Total:
		return []mergeInput{asItComes(comes)}
	}
	return []mergeInput{asItComes(comes), sort}
}

// input makes the plan of an input.
func (m *merge) input(s int, in mergeInput) Node {
	if in.by == nil {
		return in.Node
	}
	layout := layoutOf(in.Node)
	var by []expr.SortKey
	for _, k := range in.by {
		by = append(by, expr.SortKey{Expr: m.b.resolve(k.exprs[s], layout), Desc: k.desc, NullsFirst: k.desc})
	}
	return m.b.sortNode(in.Node, by, in.Order, 0)
}

// joinSorted joins a plan of one side with the other side sorted by the keys.
func (m *merge) joinSorted(s int, in mergeInput, keys []joinKey, use func(way)) {
	if len(keys) == 0 {
		return
	}
	for _, o := range m.sorted(1-s, keys) {
		if s == outerSide {
			use(m.join(in, o, keys))
		} else {
			use(m.join(o, in, keys))
		}
	}
}

// join merges two plans that are sorted by the keys. What is no key is a further condition.
func (m *merge) join(left, right mergeInput, keys []joinKey) way {
	b := m.b
	w := way{Info: Info{Rows: joinRows(m.kind, &left.Info, &right.Info, m.sel)}}
	off := b.penalty(MergeJoins)
	w.Startup = left.Startup + right.Startup + off
	w.Total = left.Total + right.Total + off + (left.Rows+right.Rows)*mergeCost + w.Rows*0.01
	if more := len(m.on) - len(keys); more > 0 {
		pairs := left.Rows * right.Rows
		for _, k := range keys {
			pairs *= k.sel
		}
		w.Total += pairs * condCost * float64(more)
	}
	if m.kind != FullJoin {
		w.Order = left.Order // a full join puts inner rows in between
	}
	w.make = func() Node {
		n := &MergeJoin{Kind: m.kind, Outer: m.input(outerSide, left), Inner: m.input(innerSide, right)}
		ll, rl := layoutOf(n.Outer), layoutOf(n.Inner)
		for _, k := range keys {
			n.OuterKeys = append(n.OuterKeys, b.resolve(k.exprs[outerSide], ll))
			n.InnerKeys = append(n.InnerKeys, b.resolve(k.exprs[innerSide], rl))
			n.Desc = append(n.Desc, k.desc)
		}
		rest := slices.DeleteFunc(m.rest(keys), func(c Expr) bool {
			k, ok := c.(*expr.Const)
			return ok && !k.Value.IsNull() && k.Value.Bool()
		})
		n.On = orderByCost(b.resolveAll(rest, concat(n.Outer, n.Inner)))
		n.Info = w.info(b, m.kind, n.Outer, n.Inner)
		return n
	}
	return w
}
