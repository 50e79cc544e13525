package planner

import (
	"math"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/types"
)

// Costs are in units of one sequentially read row's hundredth part, the way
// PostgreSQL's are in page reads: only their ratios matter. A row by a
// secondary index costs about twenty rows of a scan, because each is a point
// read of its own.
const (
	rowCost    = 0.01
	condCost   = 0.0025
	seekCost   = 0.25 // finding the place in an index
	lookupCost = 0.2  // fetching one row by its key
	pointCost  = 0.01 // reading the one row of a unique key

	// Measured with a hash join's 0.0375 for a pair of rows as the rule. Of 1,000,000 rows by
	// primary keys a hash join takes 0.6 s, or 0.8 s if it spills; a merge join 0.1 s more
	// than reading; lookups 0.4 s in the order of the key and 1.2 s in another.
	compareCost = 0.0025 // a comparison of a sort
	sortedCost  = 0.0025 // reading a row that was sorted
	mergeCost   = 0.0025 // comparing a row of either side of a merge join
	rescanCost  = 0.05   // starting the inner side of a nested loop again
	spillCost   = 0.0065 // writing a row to a temporary file and reading it again

	defaultRows  = 1000 // of a table without statistics
	eqSel        = 0.005
	rangeSel     = 1.0 / 3
	betweenSel   = 0.005
	defaultSel   = 0.5
	patternSel   = 0.01
	defaultNDist = 200
)

func clampRows(r float64) float64 {
	if r < 1 || math.IsNaN(r) {
		return 1
	}
	return math.Min(math.Round(r), 1e15)
}

// fits reports whether rows can be kept in memory while they are sorted or hashed.
func (b *builder) fits(i *Info) bool {
	const overhead = 80 // bytes of a row that is kept
	return b.r.env.WorkMem == 0 || i.Rows*float64(i.Width+overhead) <= float64(b.r.env.WorkMem)
}

// spillCost is the cost of writing rows to temporary files and reading them again.
func (b *builder) spillCost(i *Info) float64 { return i.Rows * spillCost }

// sortCost is the cost of sorting rows, of which only the first limit are wanted; 0 for all.
func (b *builder) sortCost(i *Info, limit float64) float64 {
	rows := math.Max(i.Rows, 2)
	cost := b.penalty(Sorts)
	switch {
	case limit > 0 && limit < rows:
		return cost + rows*compareCost*math.Log2(math.Max(2*limit, 2))
	case b.fits(i):
		// Few rows take no less than their share of starting: so they are hashed, not
		// sorted, where both would do.
		return cost + rows*compareCost*math.Log2(math.Max(rows, 16))
	}
	// Runs that fit work_mem mostly fit the processor's caches, too, and are sorted in half
	// the time: 1,000,000 rows take 0.4 s in runs of 4 MB and 0.7 s in one piece.
	return cost + rows*compareCost*math.Log2(rows)/2 + b.spillCost(i)
}

// typeWidth estimates the bytes of a value.
func typeWidth(t types.Type) int {
	if in, ok := types.Lookup(t.OID); ok && in.Len > 0 {
		return int(in.Len)
	}
	if t.Typmod > 4 && (t.OID == types.VarcharOID || t.OID == types.BpcharOID) {
		return min(int(t.Typmod-4)/2+4, 64)
	}
	return 32
}

func (b *builder) stats(t *catalog.Table) *Stats {
	if b.r.env.Stats != nil {
		if s := b.r.env.Stats(t.ID); s != nil {
			return s
		}
	}
	return &Stats{Rows: defaultRows}
}

// columnStats returns what is known of a column, nil if nothing.
func (b *builder) columnStats(id ColID) (*ColumnStats, *Stats) {
	m := &b.r.cols[id]
	if m.table == nil {
		return nil, nil
	}
	s := b.stats(m.table)
	return s.Columns[m.slot], s
}

// distinctValues estimates how many different values e has in rows rows.
func (b *builder) distinctValues(e Expr, rows float64) float64 {
	c, ok := e.(*expr.Col)
	if !ok {
		return math.Min(rows, defaultNDist)
	}
	m := &b.r.cols[c.ID]
	if m.typ.OID == types.BoolOID {
		return 2
	}
	if m.table != nil {
		if m.table.UniqueOn([]int{m.slot}) != nil {
			return math.Min(rows, math.Max(b.stats(m.table).Rows, 1))
		}
		if cs, _ := b.columnStats(c.ID); cs != nil && cs.Distinct > 0 {
			return math.Min(rows, cs.Distinct)
		}
	}
	return math.Max(math.Min(rows, defaultNDist), 1)
}

// selectivity estimates the share of rows for which e is TRUE.
func (b *builder) selectivity(e Expr, _ any) float64 {
	switch e := e.(type) {
	case *expr.Const:
		if e.Value.IsNull() || !e.Value.Bool() {
			return 0
		}
		return 1
	case *expr.And:
		s := 1.0
		for _, a := range e.Args {
			s *= b.selectivity(a, nil)
		}
		return s
	case *expr.Or:
		s := 0.0
		for _, a := range e.Args {
			x := b.selectivity(a, nil)
			s += x - s*x
		}
		return s
	case *expr.Not:
		return 1 - b.selectivity(e.Arg, nil)
	case *expr.IsNull:
		frac := 0.005
		if c, ok := e.Arg.(*expr.Col); ok {
			if cs, _ := b.columnStats(c.ID); cs != nil {
				frac = cs.NullFrac
			}
		}
		if e.Not {
			return 1 - frac
		}
		return frac
	case *expr.InList:
		s := 0.0
		for _, it := range e.Items {
			s += b.equalSel(e.Arg, it)
		}
		s = math.Min(s, 1)
		if e.Not {
			return 1 - s
		}
		return s
	case *expr.AnyAll:
		if e.Op == "=" && !e.All {
			return math.Min(10*b.equalSel(e.Arg, nil), 1)
		}
		return defaultSel
	case *expr.Call:
		if len(e.Args) != 2 {
			return defaultSel
		}
		switch e.Op {
		case "=":
			return b.equalSel(e.Args[0], e.Args[1])
		case "<>":
			return 1 - b.equalSel(e.Args[0], e.Args[1])
		case "<", "<=", ">", ">=":
			return b.rangeSel(e.Op, e.Args[0], e.Args[1])
		case "~~", "~~*", "~", "~*":
			return patternSel
		}
		return defaultSel
	case *expr.Col, *expr.BoolTest:
		return defaultSel
	}
	return defaultSel
}

func (b *builder) equalSel(x, y Expr) float64 {
	x, y = bare(x), bare(y)
	if _, ok := x.(*expr.Col); !ok {
		x, y = y, x
	}
	c, ok := x.(*expr.Col)
	if !ok {
		return eqSel
	}
	m := &b.r.cols[c.ID]
	if d, ok := y.(*expr.Col); ok {
		n := math.Max(b.distinctValues(c, 1e15), b.distinctValues(d, 1e15))
		return 1 / math.Max(n, 1)
	}
	if m.table == nil {
		return eqSel
	}
	if m.table.UniqueOn([]int{m.slot}) != nil {
		return 1 / math.Max(b.stats(m.table).Rows, 1)
	}
	cs, _ := b.columnStats(c.ID)
	if cs == nil {
		if m.typ.OID == types.BoolOID {
			return defaultSel
		}
		return eqSel
	}
	rest := 1 - cs.NullFrac
	for i, v := range cs.Common {
		if k, ok := y.(*expr.Const); ok && !k.Value.IsNull() && types.PhysOf(k.Typ.OID) == types.PhysOf(m.typ.OID) && types.Compare(m.typ.OID, v, k.Value) == 0 {
			return cs.CommonFreqs[i]
		}
		rest -= cs.CommonFreqs[i]
	}
	if others := cs.Distinct - float64(len(cs.Common)); others >= 1 {
		return math.Max(rest, 0) / others
	}
	return 1 / math.Max(cs.Distinct, 1)
}

// rangeSel estimates x op y from the histogram of the column among them.
func (b *builder) rangeSel(op string, x, y Expr) float64 {
	x, y = bare(x), bare(y)
	if _, ok := x.(*expr.Col); !ok {
		x, y = y, x
		op = commute(op)
	}
	c, ok1 := x.(*expr.Col)
	k, ok2 := y.(*expr.Const)
	if !ok1 || !ok2 || k.Value.IsNull() {
		return rangeSel
	}
	cs, _ := b.columnStats(c.ID)
	if cs == nil || len(cs.Histogram) < 2 || types.PhysOf(k.Typ.OID) != types.PhysOf(c.Typ.OID) {
		return rangeSel
	}
	below := 0.0
	h := cs.Histogram
	for i := 0; i+1 < len(h); i++ {
		if types.Compare(c.Typ.OID, k.Value, h[i+1]) >= 0 {
			below++
			continue
		}
		if types.Compare(c.Typ.OID, k.Value, h[i]) > 0 {
			below += within(c.Typ.OID, h[i], h[i+1], k.Value)
		}
		break
	}
	s := below / float64(len(h)-1)
	if op == ">" || op == ">=" {
		s = 1 - s
	}
	return math.Min(math.Max(s*(1-cs.NullFrac), 0.0001), 1)
}

// within says how far v lies between lo and hi, from 0 to 1.
func within(o types.OID, lo, hi, v types.Datum) float64 {
	var l, h, x float64
	switch types.PhysOf(o) {
	case types.PhysInt:
		l, h, x = float64(lo.Int()), float64(hi.Int()), float64(v.Int())
	case types.PhysFloat:
		l, h, x = lo.Float(), hi.Float(), v.Float()
	default:
		return 0.5
	}
	if h <= l {
		return 0.5
	}
	return (x - l) / (h - l)
}

func commute(op string) string {
	switch op {
	case "<":
		return ">"
	case "<=":
		return ">="
	case ">":
		return "<"
	case ">=":
		return "<="
	}
	return op
}

// bare strips conversions between types that are stored alike.
func bare(e Expr) Expr {
	for {
		c, ok := e.(*expr.Cast)
		if !ok || !relabels(c.Arg.Type().OID, c.To) {
			return e
		}
		e = c.Arg
	}
}

// relabels reports whether a cast only changes the type's name: equal values
// stay equal bytes, and their order is the same.
func relabels(from types.OID, to types.Type) bool {
	text := func(o types.OID) bool { return o == types.TextOID || o == types.VarcharOID }
	return to.Typmod < 0 && (from == to.OID || (text(from) && text(to.OID)))
}
