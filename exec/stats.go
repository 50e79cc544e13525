package exec

import (
	"context"
	"encoding/json"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// tableStats is what the planner knows of a table. Row counts are kept while
// writing, when transactions commit; the rest is made by ANALYZE.
type tableStats struct {
	rows    atomic.Int64 // estimated number of rows
	changed atomic.Int64 // rows written since the last ANALYZE
	loaded  atomic.Bool  // the stored record was read
	columns atomic.Pointer[map[int]*planner.ColumnStats]

	// Counters since the server started, for pg_stat_all_tables.
	inserted, updated, deleted atomic.Int64
}

// statsRecord is stored under catalog.StatsKey.
type statsRecord struct {
	Rows    int64
	Columns map[int]columnRecord
}

type columnRecord struct {
	NullFrac, Distinct float64
	Common             []string
	Freqs              []float64
	Histogram          []string
	Width              int
}

func (db *database) tableStats(id catalog.ID) *tableStats {
	db.mu.Lock()
	defer db.mu.Unlock()
	st := db.stats[id]
	if st == nil {
		st = &tableStats{}
		st.rows.Store(-1)
		db.stats[id] = st
	}
	return st
}

// plannerStats gives the planner what is known; nil if nothing is.
func (db *database) plannerStats(id catalog.ID) *planner.Stats {
	st := db.tableStats(id)
	if !st.loaded.Load() {
		db.loadStats(id, st)
	}
	rows := st.rows.Load()
	if rows < 0 {
		return nil
	}
	s := &planner.Stats{Rows: math.Max(float64(rows), 1)}
	if c := st.columns.Load(); c != nil {
		s.Columns = *c
	}
	return s
}

// statsEpoch moves when plans should be made anew.
func (db *database) statsEpoch() uint64 { return db.analyzed.Load() }

// loadStats reads the stored record of a table once.
func (db *database) loadStats(id catalog.ID, st *tableStats) {
	cur := db.current.Load()
	if cur == nil {
		return
	}
	t := cur.cat.TableByID(id)
	if t == nil {
		return
	}
	_ = db.srv.system(context.Background(), func(tx *txn.Txn) error {
		v, ok, err := tx.Get(catalog.StatsKey(db.id, id))
		if err != nil || !ok {
			return err
		}
		var rec statsRecord
		if json.Unmarshal(v, &rec) != nil {
			return nil // statistics are only hints
		}
		st.rows.CompareAndSwap(-1, rec.Rows)
		cols := make(map[int]*planner.ColumnStats)
		for slot, c := range rec.Columns {
			if slot >= len(t.Columns) {
				continue
			}
			typ := t.Columns[slot].Type
			parse := func(list []string) []types.Datum {
				var out []types.Datum
				for _, s := range list {
					d, err := types.ParseText(typ.OID.Type(), s, nil)
					if err != nil {
						return nil
					}
					out = append(out, d)
				}
				return out
			}
			cs := &planner.ColumnStats{NullFrac: c.NullFrac, Distinct: c.Distinct, Common: parse(c.Common), CommonFreqs: c.Freqs, Histogram: parse(c.Histogram), AvgWidth: c.Width}
			if len(cs.Common) != len(cs.CommonFreqs) {
				cs.Common, cs.CommonFreqs = nil, nil
			}
			cols[slot] = cs
		}
		st.columns.Store(&cols)
		return nil
	})
	st.loaded.Store(true)
}

// written is what a transaction does to the rows of one table.
type written struct {
	inserted, updated, deleted int64
	reset                      bool // the table was made or truncated before that
}

// countRows notes the rows that a statement has written, for when its
// transaction commits.
func (x *execution) countRows(t *catalog.Table, c written) {
	if c != (written{}) {
		x.s.noteRows(t.ID, c)
	}
}

func (s *Session) noteRows(id catalog.ID, c written) {
	if s.rowCounts == nil {
		s.rowCounts = make(map[catalog.ID]written)
		s.settleRows = s.countAll
	}
	if len(s.rowCounts) == 0 {
		s.txn.OnEnd(s.settleRows)
	}
	n := s.rowCounts[id]
	if c.reset {
		n = written{}
	}
	s.rowCounts[id] = written{n.inserted + c.inserted, n.updated + c.updated, n.deleted + c.deleted, n.reset || c.reset}
}

// countAll settles the counts of the transaction that ends.
func (s *Session) countAll(committed bool) {
	defer clear(s.rowCounts)
	if !committed {
		return
	}
	for id, c := range s.rowCounts {
		st := s.db.tableStats(id)
		if c.reset {
			st.rows.Store(0)
			st.columns.Store(nil)
			s.db.analyzed.Add(1)
		}
		st.inserted.Add(c.inserted)
		st.updated.Add(c.updated)
		st.deleted.Add(c.deleted)
		st.changed.Add(c.inserted + c.updated + c.deleted)
		if !st.loaded.Load() && !c.reset {
			s.db.loadStats(id, st)
		}
		before := st.rows.Load()
		if before < 0 {
			continue // how many there were is not known, so neither is how many there are
		}
		after := st.rows.Add(c.inserted - c.deleted)
		// A table that has grown or shrunk tenfold wants other plans.
		if bits(before) != bits(after) {
			s.db.analyzed.Add(1)
		}
	}
}

// saveRows writes the row counts that moved since they were stored, at a clean
// shutdown.
func (db *database) saveRows() error {
	db.mu.Lock()
	stats := maps.Clone(db.stats)
	db.mu.Unlock()
	for id, st := range stats {
		if st.changed.Load() == 0 || st.rows.Load() < 0 {
			continue
		}
		key := catalog.StatsKey(db.id, id)
		var rec statsRecord
		err := db.srv.system(context.Background(), func(tx *txn.Txn) error {
			if v, ok, err := tx.Get(key); err != nil {
				return err
			} else if ok && json.Unmarshal(v, &rec) != nil {
				rec = statsRecord{} // statistics are only hints
			}
			if _, ok, err := tx.Get(catalog.TableKey(db.id, id)); err != nil || !ok {
				return err
			}
			rec.Rows = st.rows.Load()
			b, err := json.Marshal(rec)
			if err != nil {
				return err
			}
			return tx.Put(key, b)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// bits is the order of magnitude of a row count.
func bits(n int64) int {
	b := 0
	for n > 9 {
		n /= 10
		b++
	}
	return b
}

// resetStats says that a table is empty when the transaction commits, but for
// what is counted from here on.
func (s *Session) resetStats(id catalog.ID) { s.noteRows(id, written{reset: true}) }

// vacuum runs VACUUM and ANALYZE. VACUUM collects garbage now rather than in the
// background.
func (p *Portal) vacuum(ctx context.Context, n *parser.VacuumStmt) error {
	s := p.s
	p.tag = "VACUUM"
	analyze := n.Analyze
	if n.Analyze {
		p.tag = "ANALYZE"
	} else if s.block == explicit {
		return sqlerr.New(sqlerr.ActiveSQLTransaction, "VACUUM cannot run inside a transaction block")
	}
	for _, o := range n.Options {
		switch o.Name {
		case "analyze":
			analyze = analyze || !o.HasValue || isTrue(o.Value)
		case "full":
			if !o.HasValue || isTrue(o.Value) {
				s.notice("NOTICE", sqlerr.New(sqlerr.SuccessfulCompletion, "VACUUM FULL does what VACUUM does: tables are not rewritten"))
			}
		case "verbose", "freeze", "skip_locked", "disable_page_skipping", "index_cleanup", "process_toast", "truncate", "parallel":
			// They tune how PostgreSQL goes through its pages.
		default:
			return sqlerr.New(sqlerr.SyntaxError, "unrecognized VACUUM option %q", o.Name).At(o.Pos)
		}
	}
	sc, err := s.statementSchema(ctx)
	if err != nil {
		return err
	}
	var tables []*catalog.Table
	for _, v := range n.Tables {
		t, err := s.relation(sc, v.Name)
		if err != nil {
			return err
		}
		if t.Kind != catalog.KindTable || t.Virtual {
			s.notice("WARNING", sqlerr.New(sqlerr.Warning, "skipping %q --- cannot vacuum non-tables or special system tables", t.Name))
			continue
		}
		for _, c := range v.Columns {
			if _, ok := t.ColumnSlot(c); !ok {
				return undefinedColumn(t, c)
			}
		}
		tables = append(tables, t)
	}
	if len(n.Tables) == 0 {
		for _, t := range sc.cat.Tables() {
			if t.Kind == catalog.KindTable && !t.Virtual {
				tables = append(tables, t)
			}
		}
	}
	if analyze {
		for _, t := range tables {
			if err := s.analyze(ctx, sc, t); err != nil {
				return err
			}
		}
		s.db.analyzed.Add(1)
	}
	if !n.Analyze {
		return s.srv.mgr.Collect(ctx)
	}
	return nil
}

func isTrue(v string) bool { b, ok := parseBool(v); return ok && b }

// sampleRows is how many rows ANALYZE looks at, as PostgreSQL's default target of 100 does.
const sampleRows = 30_000

// analyze takes a random sample of a table and stores its statistics.
func (s *Session) analyze(ctx context.Context, sc *schema, t *catalog.Table) error {
	ti, err := sc.table(t)
	if err != nil {
		return err
	}
	scan, err := s.txn.Scan(txn.Span{Lo: ti.prefix, Hi: upper(ti.prefix)}, txn.Snapshot)
	if err != nil {
		return err
	}
	defer scan.Close()
	rng := rand.New(rand.NewPCG(uint64(t.ID), 1))
	var run txn.Run
	var sample [][]byte
	total := int64(0)
	for {
		if ctx.Err() != nil {
			return cancelCause(ctx)
		}
		n, err := scan.Next(&run, vec.MaxRows)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
		for i := range n {
			total++
			if len(sample) < sampleRows {
				sample = append(sample, slices.Clone(run.Values[i]))
			} else if j := rng.Int64N(total); j < sampleRows {
				sample[j] = append(sample[j][:0], run.Values[i]...)
			}
		}
	}
	rec := statsRecord{Rows: total, Columns: make(map[int]columnRecord)}
	for _, slot := range t.LiveSlots() {
		typ := t.Columns[slot].Type
		if !types.Comparable(typ.OID) {
			continue
		}
		c, err := columnStats(ti, slot, typ, sample, total)
		if err != nil {
			return err
		}
		rec.Columns[slot] = c
	}
	b, err := json.Marshal(rec)
	if err != nil {
		return err
	}
	if err := s.txn.Put(catalog.StatsKey(s.db.id, t.ID), b); err != nil {
		return err
	}
	st := s.db.tableStats(t.ID)
	db := s.db
	s.txn.OnEnd(func(committed bool) {
		if committed {
			st.rows.Store(total)
			st.changed.Store(0)
			st.loaded.Store(false)
			db.analyzed.Add(1)
		}
	})
	return nil
}

// statsTarget is the number of most common values and of histogram buckets.
const statsTarget = 100

func columnStats(ti *tableInfo, slot int, typ types.Type, sample [][]byte, total int64) (columnRecord, error) {
	var c columnRecord
	var vals []types.Datum
	width, nulls := 0, 0
	for _, b := range sample {
		d, err := ti.dec.Column(b, slot)
		if err != nil {
			return c, err
		}
		if d.IsNull() {
			nulls++
			continue
		}
		width += len(d.Text()) + 8
		if len(d.Text()) <= 1024 { // wide values are not worth comparing
			vals = append(vals, d)
		}
	}
	n := len(sample)
	if n == 0 {
		return c, nil
	}
	c.NullFrac = float64(nulls) / float64(n)
	if len(vals) == 0 {
		return c, nil
	}
	c.Width = width / len(vals)
	slices.SortFunc(vals, func(a, b types.Datum) int { return types.Compare(typ.OID, a, b) })
	type group struct {
		first, count int
	}
	var groups []group
	for i, d := range vals {
		if i == 0 || types.Compare(typ.OID, vals[i-1], d) != 0 {
			groups = append(groups, group{i, 0})
		}
		groups[len(groups)-1].count++
	}
	// Distinct values of the whole table: Haas and Stokes' Duj1, as PostgreSQL.
	once := 0
	for _, g := range groups {
		if g.count == 1 {
			once++
		}
	}
	d, f1 := float64(len(groups)), float64(once)
	sn, tn := float64(len(vals)), float64(total)*(1-c.NullFrac)
	c.Distinct = d
	if tn > sn && sn > 0 {
		c.Distinct = sn * d / (sn - f1 + f1*sn/tn)
	}
	c.Distinct = math.Min(math.Max(c.Distinct, d), math.Max(tn, 1))
	text := func(d types.Datum) string { return string(types.AppendText(nil, typ, d, nil)) }
	common := slices.Clone(groups)
	slices.SortStableFunc(common, func(a, b group) int { return b.count - a.count })
	avg := sn / d
	inCommon := make(map[int]bool)
	for _, g := range common[:min(len(common), statsTarget)] {
		if g.count < 2 || (len(groups) > statsTarget && float64(g.count) < 1.25*avg) {
			break
		}
		c.Common = append(c.Common, text(vals[g.first]))
		c.Freqs = append(c.Freqs, float64(g.count)/float64(n))
		inCommon[g.first] = true
	}
	var rest []types.Datum
	for _, g := range groups {
		if !inCommon[g.first] {
			rest = append(rest, vals[g.first:g.first+g.count]...)
		}
	}
	if len(rest) >= 2 {
		buckets := min(statsTarget, len(rest)-1)
		for i := 0; i <= buckets; i++ {
			c.Histogram = append(c.Histogram, text(rest[i*(len(rest)-1)/buckets]))
		}
	}
	return c, nil
}
