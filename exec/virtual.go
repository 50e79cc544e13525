package exec

import (
	"bytes"
	"slices"
	"strings"
	"sync"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/catalog/pgcatalog"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/types"
)

// systemDescriptors returns the schemas and relations that every database has.
func systemDescriptors() ([]*catalog.Schema, []*catalog.Table) { return pgcatalog.Descriptors() }

// virtualCache keeps the rows of system relations that only the catalog decides.
// It belongs to one schema, so it needs no invalidation.
type virtualCache struct {
	mu   sync.Mutex // guards rows
	rows map[virtualKey]*virtualRows

	once        sync.Once // makes constraints
	constraints map[catalog.ID]*catalog.Table
}

// virtualKey: names in expressions are shown as the search path makes them.
type virtualKey struct {
	id   catalog.ID
	path string
}

// virtualRows are the rows of one system relation, immutable, with what finds them
// by the value of a column.
type virtualRows struct {
	rows [][]types.Datum

	mu     sync.Mutex // guards lookup
	lookup map[int]map[int64][]int32
}

// where returns the rows whose column at slot, an integer or an object's number,
// has the value n.
func (v *virtualRows) where(slot int, n int64) [][]types.Datum {
	v.mu.Lock()
	defer v.mu.Unlock()
	at := v.lookup[slot]
	if at == nil {
		at = make(map[int64][]int32)
		for i, r := range v.rows {
			if !r[slot].IsNull() {
				at[r[slot].Int()] = append(at[r[slot].Int()], int32(i))
			}
		}
		if v.lookup == nil {
			v.lookup = make(map[int]map[int64][]int32)
		}
		v.lookup[slot] = at
	}
	out := make([][]types.Datum, 0, len(at[n]))
	for _, i := range at[n] {
		out = append(out, v.rows[i])
	}
	return out
}

// virtualRows computes the rows of a relation that is not stored: a system
// relation, or a sequence read as one. Within one statement they are the same.
func (x *execution) virtualRows(t *catalog.Table) (*virtualRows, error) {
	src := &systemSource{s: x.s, sc: x.schema}
	if t.Kind == catalog.KindSequence {
		last, called, err := src.SequenceState(t)
		if err != nil {
			return nil, err
		}
		// log_cnt: how many numbers may be handed out before the store is told again.
		return &virtualRows{rows: [][]types.Datum{{types.NewInt(last), types.NewInt(x.s.db.sequence(t.ID).reserved()), types.NewBool(called)}}}, nil
	}
	if !pgcatalog.CatalogOnly(t) {
		if v := x.system[t.ID]; v != nil {
			return v, nil
		}
		rows, err := pgcatalog.Rows(src, t)
		if err != nil {
			return nil, err
		}
		if x.system == nil {
			x.system = make(map[catalog.ID]*virtualRows)
		}
		v := &virtualRows{rows: rows}
		x.system[t.ID] = v
		return v, nil
	}
	key := virtualKey{t.ID, strings.Join(x.s.settings.searchPath, "\x00")}
	c := &x.schema.virtual
	c.mu.Lock()
	v := c.rows[key]
	c.mu.Unlock()
	if v != nil {
		return v, nil
	}
	rows, err := pgcatalog.Rows(src, t)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if v = c.rows[key]; v == nil {
		v = &virtualRows{rows: rows}
		if c.rows == nil {
			c.rows = make(map[virtualKey]*virtualRows)
		}
		c.rows[key] = v
	}
	return v, nil
}

// constraintTable finds the table that a constraint is of; nil if there is none.
func (s *schema) constraintTable(id catalog.ID) *catalog.Table {
	c := &s.virtual
	c.once.Do(func() {
		c.constraints = make(map[catalog.ID]*catalog.Table)
		for _, t := range s.cat.Tables() {
			for _, i := range t.Indexes {
				if i.Constraint != 0 {
					c.constraints[i.Constraint] = t
				}
			}
			for _, k := range t.Checks {
				c.constraints[k.ID] = t
			}
			for _, k := range t.ForeignKeys {
				c.constraints[k.ID] = t
			}
		}
	})
	return c.constraints[id]
}

// reserved is how many numbers a sequence may hand out without a write.
func (q *sequence) reserved() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.ahead
}

// systemSource tells pgcatalog what one statement sees.
type systemSource struct {
	s  *Session
	sc *schema
}

var _ pgcatalog.Source = (*systemSource)(nil)

func (v *systemSource) Catalog() *catalog.Catalog { return v.sc.cat }
func (v *systemSource) CurrentUser() string       { return v.s.user }

func (v *systemSource) Databases() ([]*catalog.Database, error) { return listDatabases(v.s.txn) }

func (v *systemSource) Roles() ([]catalog.Role, error) {
	lo, hi := catalog.RolesSpan()
	var out []catalog.Role
	err := eachPair(v.s.txn, lo, hi, func(_, b []byte) error {
		var r catalog.Role
		if err := catalog.Decode(b, &r); err != nil {
			return err
		}
		out = append(out, r)
		return nil
	})
	return out, err
}

func (v *systemSource) SequenceState(t *catalog.Table) (int64, bool, error) {
	return v.s.db.sequence(t.ID).state(v.s.txn, t.Sequence)
}

func (v *systemSource) Settings() []pgcatalog.Setting {
	g := &v.s.settings
	kinds := map[settingKind]string{kindString: "string", kindBool: "bool", kindEnum: "enum", kindInt: "integer", kindReal: "real"}
	var out []pgcatalog.Setting
	for _, d := range settingList {
		key := strings.ToLower(d.name)
		x := pgcatalog.Setting{Name: d.name, Value: g.value(d), Unit: d.unit, Type: kinds[d.kind], Boot: d.def, Reset: d.def, Desc: d.desc, Internal: d.fixed}
		if r, ok := g.session[key]; ok {
			x.Reset = r
		}
		switch {
		case d.kind == kindEnum:
			x.Enum = d.options
		case d.kind == kindInt && d.max != 0:
			x.Min, x.Max = types.Text(types.Int8OID.Type(), types.NewInt(d.min), nil), types.Text(types.Int8OID.Type(), types.NewInt(d.max), nil)
		}
		if key == "transaction_isolation" || key == "transaction_read_only" {
			x.Value, _ = v.s.Setting(key)
		}
		out = append(out, x)
	}
	for key, value := range g.values {
		if settingByName[key] == nil {
			out = append(out, pgcatalog.Setting{Name: key, Value: value, Type: "string", Reset: g.session[key]})
		}
	}
	slices.SortFunc(out, func(a, b pgcatalog.Setting) int {
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	return out
}

func (v *systemSource) Activity() []pgcatalog.Activity {
	var out []pgcatalog.Activity
	waits := make(map[int32][2]string)
	for _, l := range v.Locks() {
		if !l.Granted {
			waits[l.PID] = [2]string{"Lock", l.Type}
		}
	}
	for _, pid := range v.s.srv.mgr.SafeSnapshotWaits() {
		waits[pid] = [2]string{"IPC", "SafeSnapshot"}
	}
	for _, s := range v.s.srv.Sessions() {
		a := s.activityNow()
		out = append(out, pgcatalog.Activity{
			PID: s.pid, Database: s.db.id, DatabaseName: s.name, User: s.user, Application: a.Application, ClientAddr: s.opts.ClientAddr,
			State: a.State, Query: a.Query, Backend: a.BackendTime, Xact: a.XactTime, QueryAt: a.QueryTime, Change: a.StateTime, WaitType: waits[s.pid][0], Wait: waits[s.pid][1],
		})
	}
	return out
}

func (v *systemSource) SSI() pgcatalog.SSI {
	s := v.s.srv.mgr.SSIStats()
	return pgcatalog.SSI{
		Active: s.Active, Committed: s.Committed, Entries: s.Entries, Ranges: s.Ranges, Edges: s.Edges, RowBytes: s.RowBytes,
		Failures: s.Failures, Doomed: s.Doomed, Searches: s.Searches, EdgesSearched: s.Searched,
		Coarsened: s.Coarsened, Summarized: s.Summarized, Anomalies: s.Anomalies,
		SafeSnapshots: s.SafeSnapshots, UnsafeSnapshots: s.Unsafe, OldestSnapshot: int64(s.OldestActive),
		NewestSnapshot: int64(s.Published), LastSafeSnapshot: int64(s.LastSafe),
	}
}

func (v *systemSource) SerializationFailures() []pgcatalog.SerializationFailure {
	return v.s.srv.failures.list()
}

func (v *systemSource) Anomalies() []pgcatalog.Anomaly { return v.s.srv.anomalies.list() }

// Locks lists table locks, advisory locks, and the row locks that somebody waits for.
func (v *systemSource) Locks() []pgcatalog.Lock {
	var out []pgcatalog.Lock
	all := v.s.srv.mgr.Locks()
	wanted := make(map[string]bool)
	for i := range all {
		if !all[i].Granted && all[i].Key != nil {
			wanted[string(all[i].Key)] = true
		}
	}
	for i := range all {
		l := &all[i]
		x := pgcatalog.Lock{Type: "relation", Database: catalog.ID(l.Database), PID: l.PID, Txn: l.Txn, Mode: l.Mode, Granted: l.Granted, FastPath: l.FastPath, Relation: catalog.ID(l.Table)}
		if l.Key != nil {
			if !wanted[string(l.Key)] {
				continue
			}
			x.Type, x.Relation = "tuple", v.relationOfKey(l.Key)
		}
		out = append(out, x)
	}
	a := &v.s.srv.advisory
	a.mu.Lock()
	defer a.mu.Unlock()
	for key, e := range a.entries {
		row := func(s *Session, exclusive, granted bool) {
			out = append(out, pgcatalog.Lock{Type: "advisory", Database: key.db, PID: s.pid, Mode: advisoryMode(exclusive), Granted: granted,
				Class: catalog.ID(key.class()), Object: catalog.ID(key.object()), Sub: key.sub()})
		}
		for s, h := range e.holders {
			if h.exclusive() {
				row(s, true, true)
			}
			if h.session[0]+h.xact[0] > 0 {
				row(s, false, true)
			}
		}
		for _, w := range e.queue {
			row(w.s, w.exclusive, false)
		}
	}
	return out
}

// relationOfKey finds the table or index that a key of the store belongs to; 0 if
// it is of another database.
func (v *systemSource) relationOfKey(key []byte) catalog.ID {
	for _, t := range v.sc.cat.Tables() {
		if t.Kind == catalog.KindTable && !t.Virtual {
			if bytes.HasPrefix(key, catalog.StoragePrefix(nil, v.s.db.id, t.Storage)) {
				return t.ID
			}
			for _, i := range t.Indexes {
				if !i.Clustered() && bytes.HasPrefix(key, catalog.StoragePrefix(nil, v.s.db.id, i.Storage)) {
					return i.ID
				}
			}
		}
	}
	return 0
}

func (v *systemSource) Prepared() []pgcatalog.Prepared {
	var out []pgcatalog.Prepared
	for name, p := range v.s.prepared {
		if name == "" {
			continue
		}
		x := pgcatalog.Prepared{Name: name, Statement: p.SQL, At: p.prepared, FromSQL: p.fromSQL}
		for _, t := range p.params {
			x.Params = append(x.Params, t.OID)
		}
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b pgcatalog.Prepared) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func (v *systemSource) Cursors() []pgcatalog.Cursor {
	var out []pgcatalog.Cursor
	for name, p := range v.s.portals {
		out = append(out, pgcatalog.Cursor{Name: name, Statement: p.p.SQL, Hold: p.hold, Back: p.scroll != nil})
	}
	slices.SortFunc(out, func(a, b pgcatalog.Cursor) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// rowOverhead is about what a stored row takes besides its values: key, version
// and row header.
const rowOverhead = 28

// Stats: sizes are estimates from the number of rows and their average width,
// because the rows of all tables share the engine's files.
func (v *systemSource) Stats(t *catalog.Table) pgcatalog.TableStats {
	st := v.s.db.tableStats(t.ID)
	out := pgcatalog.TableStats{Rows: -1, Inserted: st.inserted.Load(), Updated: st.updated.Load(), Deleted: st.deleted.Load()}
	if v.s.db.plannerStats(t.ID) != nil {
		out.Rows = float64(st.rows.Load())
		out.Bytes = int64(out.Rows * float64(rowOverhead+rowWidth(v.s.db, t)))
	}
	return out
}

func (v *systemSource) ColumnStats(t *catalog.Table, slot int) *pgcatalog.ColumnStats {
	st := v.s.db.plannerStats(t.ID)
	if st == nil || st.Columns[slot] == nil {
		return nil
	}
	c := st.Columns[slot]
	return &pgcatalog.ColumnStats{NullFrac: c.NullFrac, Distinct: c.Distinct, Width: c.AvgWidth, Common: c.Common, Freqs: c.CommonFreqs, Histogram: c.Histogram}
}

// rowWidth estimates the bytes of a row's values.
func rowWidth(db *database, t *catalog.Table) int {
	st := db.plannerStats(t.ID)
	width := 0
	for i := range t.Columns {
		if t.Columns[i].Dropped {
			continue
		}
		if st != nil {
			if c := st.Columns[i]; c != nil && c.AvgWidth > 0 {
				width += c.AvgWidth
				continue
			}
		}
		width += typeWidth(t.Columns[i].Type.OID)
	}
	return width
}

// typeWidth is the usual size of a value nothing is known of.
func typeWidth(o types.OID) int {
	if in, ok := types.Lookup(o); ok && in.Len > 0 {
		return int(in.Len)
	}
	return 32
}

func (v *systemSource) HasFunction(name string, args []types.OID) bool {
	for _, f := range expr.Functions()[name] {
		if slices.Equal(f.Args, args) || len(f.Args) == len(args) && slices.ContainsFunc(f.Args, anyLike) {
			return true
		}
	}
	for _, a := range expr.Aggregates()[name] {
		if slices.Equal(a.Args, args) || len(a.Args) == len(args) && slices.ContainsFunc(a.Args, anyLike) {
			return true
		}
	}
	return false
}

func anyLike(o types.OID) bool { return o == types.AnyOID || types.IsPolymorphic(o) }

func (v *systemSource) deparser() *deparser { return &deparser{s: v.s, cat: v.sc.cat} }

func (v *systemSource) Expr(t *catalog.Table, sql string) string { return v.deparser().expr(t, sql) }

func (v *systemSource) Default(t *catalog.Table, slot int) string {
	return v.deparser().defaultOf(t, slot)
}

func (v *systemSource) IndexDef(t *catalog.Table, i *catalog.Index) string {
	return v.deparser().indexDef(t, i)
}

func (v *systemSource) ViewDef(t *catalog.Table) string { return v.deparser().viewDef(t) }
