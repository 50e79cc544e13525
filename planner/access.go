package planner

import (
	"math"
	"slices"
	"strings"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/types"
)

// scan chooses how to read one table: all of it, or a range of an index.
func (b *builder) scan(g *get, want goal) Node {
	ids := outputs(g)
	cols := b.outs(ids)
	layout := make(map[ColID]int, len(ids))
	for i, id := range ids {
		layout[id] = i
	}
	var slots []int
	for slot, id := range g.Cols {
		if id != 0 {
			slots = append(slots, slot)
		}
	}
	if g.RowKey != 0 {
		slots = append(slots, RowKeySlot)
	}
	if g.Table.Virtual || g.Table.Kind == catalog.KindSequence {
		v := &VirtualScan{Table: g.Table, Alias: g.Alias, Slots: slots, Filter: orderByCost(b.resolveAll(g.Conds, layout))}
		v.Info = b.info(cols, 100, 0, 10, nil)
		if len(v.Filter) > 0 {
			v.Rows = 10
		}
		return v
	}
	st := b.stats(g.Table)
	sel := 1.0
	for _, c := range g.Conds {
		sel *= b.selectivity(c, nil)
	}
	rows := clampRows(st.Rows * sel)

	all := b.resolveAll(g.Conds, layout)
	seq := &SeqScan{Table: g.Table, Alias: g.Alias, Slots: slots, Filter: orderByCost(slices.Clone(all))}
	width := 8.0
	for i := range g.Table.Columns {
		width += float64(typeWidth(g.Table.Columns[i].Type))
	}
	off := b.penalty(SeqScans)
	seq.Info = b.info(cols, rows, off, off+st.Rows*(rowCost+condCost*float64(len(all))+width/8192), b.clusterOrder(g))
	var best Node = seq
	bestCost := b.priceFor(&seq.Info, want)
	for _, x := range g.Table.Indexes {
		if x.Where != "" && !b.implies(g, x) {
			continue
		}
		for _, reverse := range []bool{false, true} {
			is := b.indexScan(g, x, reverse, cols, slots, all, layout, st, rows)
			if is == nil || (reverse && len(want.order) == 0) {
				continue
			}
			if len(is.Keys) == 0 && is.Lo == nil && is.Hi == nil {
				// A whole index is only worth reading for its order, or when it covers the query.
				if len(want.order) == 0 || !orderSatisfies(is.Order, want.order) {
					continue
				}
			}
			if cost := b.priceFor(&is.Info, want); cost < bestCost {
				best, bestCost = is, cost
			}
		}
	}
	if s, ok := best.(*SeqScan); ok && len(want.order) > 0 && !b.off(IndexScans) && !orderSatisfies(s.Order, want.order) {
		if alt := reverseOf(s, g, b); alt != nil && orderSatisfies(alt.Order, want.order) {
			return alt
		}
	}
	return best
}

// reverseOf reads the table backwards in clustered order, if it has one.
func reverseOf(s *SeqScan, g *get, b *builder) *IndexScan {
	for _, x := range g.Table.Indexes {
		if !x.Clustered() {
			continue
		}
		is := &IndexScan{Info: s.Info, Table: s.Table, Index: x, Alias: s.Alias, Slots: s.Slots, Filter: s.Filter, Reverse: true}
		is.Order = b.indexOrder(g, x, 0, true)
		return is
	}
	return nil
}

// priceFor is the cost of a scan including the sort it would need to reach the goal.
func (b *builder) priceFor(i *Info, want goal) float64 {
	if len(want.order) > 0 && !orderSatisfies(i.Order, want.order) {
		return i.Total + b.sortCost(i, want.limit)
	}
	if want.limit > 0 && i.Rows > want.limit {
		return i.Startup + (i.Total-i.Startup)*want.limit/i.Rows
	}
	return i.Total
}

// clusterOrder is the order in which a whole table is read.
func (b *builder) clusterOrder(g *get) []OrderCol {
	for _, x := range g.Table.Indexes {
		if x.Clustered() {
			return b.indexOrder(g, x, 0, false)
		}
	}
	return nil
}

// indexOrder is the order of an index's entries whose first skip columns are fixed.
func (b *builder) indexOrder(g *get, x *catalog.Index, skip int, reverse bool) []OrderCol {
	var out []OrderCol
	for i, c := range x.Columns {
		if i < skip {
			continue
		}
		if c.Slot < 0 || g.Cols[c.Slot] == 0 {
			break
		}
		o := OrderCol{g.Cols[c.Slot], c.Desc, c.NullsFirst}
		if reverse {
			o.Desc, o.NullsFirst = !o.Desc, !o.NullsFirst
		}
		if g.Table.Columns[c.Slot].NotNull {
			// Without NULLs their place does not matter: take the default's.
			o.NullsFirst = o.Desc
		}
		out = append(out, o)
	}
	return out
}

// implies reports whether the query's conditions imply a partial index's predicate:
// each of its conjuncts is among them, word for word.
func (b *builder) implies(g *get, x *catalog.Index) bool {
	s := &scope{clause: "index predicate"}
	rel := &scopeRel{name: g.Table.Name, table: g.Table}
	ids := make([]ColID, len(g.Cols))
	for slot := range g.Table.Columns {
		if g.Table.Columns[slot].Dropped {
			continue
		}
		if ids[slot] = g.Cols[slot]; ids[slot] == 0 {
			ids[slot] = b.r.newCol(g.Table.Columns[slot].Name, g.Table.Columns[slot].Type)
		}
		rel.cols = append(rel.cols, scopeCol{name: g.Table.Columns[slot].Name, id: ids[slot], rel: rel})
	}
	s.addRel(rel)
	pred, err := b.r.bindStored(s, x.Where)
	if err != nil {
		return false
	}
	pred = expr.Fold(b.r.fold, pred)
	have := make(map[string]bool)
	for _, c := range g.Conds {
		have[expr.Key(c)] = true
	}
	for _, c := range expr.Conjuncts(pred) {
		if have[expr.Key(c)] {
			continue
		}
		// c IS NOT NULL follows from any strict condition on c.
		if n, ok := c.(*expr.IsNull); ok && n.Not {
			cols := colsOf(n.Arg)
			if slices.ContainsFunc(g.Conds, func(q Expr) bool { return rejectsNull(q, cols) }) {
				continue
			}
		}
		return false
	}
	return true
}

// sarg is a condition of the form key-column op value.
type sarg struct {
	op     string // =, <, <=, >, >=, in, any, null, notnull, prefix
	values []Expr // not resolved
	cond   int    // index of the condition
	lossy  bool   // the condition must still be checked
}

// indexScan matches the conditions with the key columns of x.
func (b *builder) indexScan(g *get, x *catalog.Index, reverse bool, cols []Out, slots []int, all []Expr, layout map[ColID]int, st *Stats, rows float64) *IndexScan {
	is := &IndexScan{Table: g.Table, Index: x, Alias: g.Alias, Slots: slots, Reverse: reverse}
	used := make(map[int]bool) // conditions that the key range fully stands for
	match := 1.0               // share of the entries in range
	ranges := 1.0
	fixed := 0 // key columns with a single value
	multi := false
	unique := x.Unique
	for i, kc := range x.Columns {
		args := b.sargs(g, kc)
		var eq, lo, hi *sarg
		for k := range args {
			a := &args[k]
			switch a.op {
			case "=", "in", "any", "null":
				if eq == nil || a.op == "=" {
					eq = a
				}
			case ">", ">=":
				if lo == nil {
					lo = a
				}
			case "<", "<=":
				if hi == nil {
					hi = a
				}
			case "prefix":
				if lo == nil && hi == nil {
					lo, hi = &sarg{op: ">=", values: a.values[:1], cond: a.cond, lossy: true}, nil
					if len(a.values) > 1 {
						hi = &sarg{op: "<", values: a.values[1:], cond: a.cond, lossy: true}
					}
				}
			case "notnull":
				if lo == nil && hi == nil {
					lo = a
				}
			}
		}
		if eq != nil {
			if (eq.op == "in" || eq.op == "any") && multi && ranges > 100 {
				break
			}
			k := KeyCond{}
			switch eq.op {
			case "null":
				k.IsNull = true
				unique = false
			case "any":
				k.Array = b.resolve(eq.values[0], nil)
				multi = true
				ranges *= 10
			default:
				k.Values = b.resolveAll(eq.values, nil)
				if len(k.Values) > 1 {
					multi = true
					ranges *= float64(len(k.Values))
				}
			}
			is.Keys = append(is.Keys, k)
			is.Conds = append(is.Conds, all[eq.cond])
			used[eq.cond] = true
			match *= b.selectivity(g.Conds[eq.cond], nil)
			if !multi {
				fixed = i + 1
			}
			continue
		}
		unique = false
		bound := func(s *sarg) *KeyBound {
			if s == nil {
				return nil
			}
			is.Conds = append(is.Conds, all[s.cond])
			if s.op == "notnull" {
				used[s.cond] = true
				match *= b.selectivity(g.Conds[s.cond], nil)
				return &KeyBound{NotNull: true}
			}
			if !s.lossy {
				used[s.cond] = true
				match *= b.selectivity(g.Conds[s.cond], nil)
			} else {
				match *= patternSel
			}
			return &KeyBound{Value: b.resolve(s.values[0], nil), Inclusive: s.op == ">=" || s.op == "<="}
		}
		is.Lo, is.Hi = bound(lo), bound(hi)
		break
	}
	if len(is.Keys) < len(x.Columns) {
		unique = false
	}
	entries := st.Rows * match
	if unique {
		entries = ranges
	}
	entries = math.Max(entries, 1)
	is.Conds = slices.CompactFunc(is.Conds, func(a, c Expr) bool { return a == c })
	for i, c := range all {
		if !used[i] {
			is.Filter = append(is.Filter, c)
		}
	}
	is.Filter = orderByCost(is.Filter)
	is.Only = !b.off(IndexOnlyScans) && b.covers(g, x, slots)
	per := rowCost + condCost*float64(len(is.Filter))
	if !x.Clustered() && !is.Only {
		per += lookupCost
	}
	total := seekCost*ranges + entries*per
	if x.Clustered() && !multi {
		// A part of the table costs no more than all of it, in the smallest table, too. It is
		// also less for SERIALIZABLE to remember.
		total = math.Min(total, st.Rows*rowCost)
	}
	if unique {
		// A whole unique key is one point read, past which no dead version lies: even
		// in the smallest table a scan, which meets them all, can only be slower.
		total = pointCost * ranges
	}
	off := b.penalty(IndexScans)
	is.Info = b.info(cols, math.Min(rows, entries), off, off+total, nil)
	if !multi {
		is.Order = b.indexOrder(g, x, fixed, reverse)
	}
	return is
}

// covers reports whether an index's entries hold all that is asked for, in a
// form from which the value can be had back exactly.
func (b *builder) covers(g *get, x *catalog.Index, slots []int) bool {
	if x.Clustered() {
		return false // the row is right there
	}
	for _, s := range slots {
		if s == RowKeySlot {
			continue // the entry ends with, or holds, the row's key
		}
		found := false
		for _, c := range x.Columns {
			found = found || (c.Slot == s && Recoverable(g.Table.Columns[s].Type.OID))
		}
		for _, k := range g.Table.Cluster {
			found = found || (k == s && Recoverable(g.Table.Columns[s].Type.OID))
		}
		if !found {
			return false
		}
	}
	return true
}

// Recoverable reports whether a value can be read back exactly from a key: not
// so where equal values may look different (1.0 and 1.00).
func Recoverable(o types.OID) bool {
	switch o {
	case types.NumericOID, types.BpcharOID, types.Float4OID, types.Float8OID, types.IntervalOID, types.TimetzOID, types.RecordOID:
		return false
	}
	return !types.IsArray(o)
}

// sargs collects the conditions on one key column whose other side can be
// computed before the scan starts.
func (b *builder) sargs(g *get, kc catalog.IndexColumn) []sarg {
	isKey := b.keyMatcher(g, kc)
	if isKey == nil {
		return nil
	}
	own := make(colSet)
	for _, id := range g.Cols {
		if id != 0 {
			own.add(id)
		}
	}
	if g.RowKey != 0 {
		own.add(g.RowKey)
	}
	ready := func(e Expr) bool {
		return !colsOf(e).hasAny(own) && expr.VolatilityOf(e) != expr.Volatile && !hasAnySubplanOf(e, own)
	}
	var out []sarg
	for i, c := range g.Conds {
		switch c := c.(type) {
		case *expr.Call:
			if len(c.Args) != 2 || c.Op == "" {
				continue
			}
			l, rr, op := c.Args[0], c.Args[1], c.Op
			if !isKey(l) {
				l, rr, op = rr, l, commute(op)
				if c.Op == "~~" {
					continue
				}
			}
			if !isKey(l) || !ready(rr) {
				continue
			}
			switch op {
			case "=", "<", "<=", ">", ">=":
				if v := keyValue(rr, kc.Type.OID); v != nil {
					op := op
					if kc.Desc {
						// Bounds are in terms of values; the executor flips them.
						_ = op
					}
					out = append(out, sarg{op: op, values: []Expr{v}, cond: i})
				}
			case "~~":
				if k, ok := rr.(*expr.Const); ok && !k.Value.IsNull() && kc.Type.OID != types.BpcharOID {
					if vs, exact := likeRange(k.Value.Text()); vs != nil {
						if exact {
							out = append(out, sarg{op: "=", values: vs, cond: i, lossy: false})
						} else {
							out = append(out, sarg{op: "prefix", values: vs, cond: i, lossy: true})
						}
					}
				}
			}
		case *expr.InList:
			if c.Not || !isKey(c.Arg) {
				continue
			}
			vals := make([]Expr, 0, len(c.Items))
			for _, it := range c.Items {
				v := keyValue(it, kc.Type.OID)
				if v == nil || !ready(it) {
					vals = nil
					break
				}
				vals = append(vals, v)
			}
			if vals != nil {
				out = append(out, sarg{op: "in", values: vals, cond: i})
			}
		case *expr.AnyAll:
			if c.All || c.Op != "=" || !isKey(c.Arg) || !ready(c.Array) {
				continue
			}
			elem, _ := types.ElemOf(c.Array.Type().OID)
			if sameKeys(elem, kc.Type.OID) {
				out = append(out, sarg{op: "any", values: []Expr{c.Array}, cond: i})
			}
		case *expr.IsNull:
			if isKey(c.Arg) {
				if c.Not {
					out = append(out, sarg{op: "notnull", cond: i})
				} else {
					out = append(out, sarg{op: "null", cond: i})
				}
			}
		case *expr.Col:
			if isKey(c) && kc.Type.OID == types.BoolOID {
				out = append(out, sarg{op: "=", values: []Expr{expr.Bool(true)}, cond: i})
			}
		case *expr.Not:
			if isKey(c.Arg) && kc.Type.OID == types.BoolOID {
				out = append(out, sarg{op: "=", values: []Expr{expr.Bool(false)}, cond: i})
			}
		}
	}
	return out
}

func hasAnySubplanOf(e Expr, own colSet) bool {
	return expr.Any(e, func(x Expr) bool {
		s, ok := x.(*expr.Subplan)
		if !ok {
			return false
		}
		l, ok := s.Plan.(logical)
		return ok && freeCols(l).hasAny(own)
	})
}

// keyMatcher returns a test for expressions that are the index's key part.
func (b *builder) keyMatcher(g *get, kc catalog.IndexColumn) func(Expr) bool {
	if kc.Slot >= 0 {
		id := g.Cols[kc.Slot]
		if id == 0 {
			return nil
		}
		return func(e Expr) bool {
			c, ok := bare(e).(*expr.Col)
			return ok && c.ID == id
		}
	}
	s := &scope{clause: "index expression"}
	rel := &scopeRel{name: g.Table.Name, table: g.Table}
	for slot, id := range g.Cols {
		if id != 0 {
			rel.cols = append(rel.cols, scopeCol{name: g.Table.Columns[slot].Name, id: id, rel: rel})
		}
	}
	s.addRel(rel)
	x, err := b.r.bindStored(s, kc.Expr)
	if err != nil {
		return nil // it mentions a column that the query does not read
	}
	key := expr.Key(expr.Fold(b.r.fold, x))
	return func(e Expr) bool { return expr.Key(e) == key || expr.Key(bare(e)) == key }
}

// sameKeys reports whether a value of type have, unconverted, has the key code
// of the equal value of type want.
func sameKeys(have, want types.OID) bool {
	if have == want {
		return true
	}
	ints := func(o types.OID) bool { return o == types.Int2OID || o == types.Int4OID || o == types.Int8OID }
	floats := func(o types.OID) bool { return o == types.Float4OID || o == types.Float8OID }
	texts := func(o types.OID) bool { return o == types.TextOID || o == types.VarcharOID || o == types.NameOID }
	oids := func(o types.OID) bool { return o == types.OidOID || o == types.RegclassOID || o == types.RegtypeOID }
	return (ints(have) && ints(want)) || (floats(have) && floats(want)) || (texts(have) && texts(want)) || (oids(have) && oids(want))
}

// keyValue returns e if its values can be looked up under a key of type want.
func keyValue(e Expr, want types.OID) Expr {
	if sameKeys(e.Type().OID, want) {
		return e
	}
	return nil
}

// likeRange turns a LIKE pattern that begins with plain characters into bounds:
// the prefix, and what follows all texts with it. exact: it has no wildcard at all.
func likeRange(p string) (bounds []Expr, exact bool) {
	var prefix strings.Builder
	i := 0
	for ; i < len(p) && p[i] != '%' && p[i] != '_'; i++ {
		if p[i] == '\\' {
			if i++; i == len(p) {
				return nil, false
			}
		}
		prefix.WriteByte(p[i])
	}
	s := prefix.String()
	if i == len(p) {
		return []Expr{expr.Text(s)}, true
	}
	if s == "" {
		return nil, false
	}
	up := []byte(s)
	for len(up) > 0 && up[len(up)-1] == 0xFF {
		up = up[:len(up)-1]
	}
	if len(up) == 0 {
		return []Expr{expr.Text(s)}, false
	}
	up[len(up)-1]++
	return []Expr{expr.Text(s), expr.Text(string(up))}, false
}
