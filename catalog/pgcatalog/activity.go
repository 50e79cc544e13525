package pgcatalog

import (
	"fmt"
	"strings"
	"sync"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/types"
)

// described has what PostgreSQL says about its settings.
var described = sync.OnceValue(func() map[string][]string {
	m := make(map[string][]string)
	eachLine("settings.tsv", func(f []string) { m[f[0]] = f })
	return m
})

func pgSettings(x *maker, b *builder) error {
	for _, s := range x.src.Settings() {
		b.add().set("name", s.Name).set("setting", s.Value).set("unit", opt(s.Unit)).set("vartype", s.Type).
			set("category", "Customized Options").set("short_desc", s.Desc).set("context", "user").set("source", "default").
			set("min_val", opt(s.Min)).set("max_val", opt(s.Max)).set("boot_val", s.Boot).set("reset_val", s.Reset).
			set("pending_restart", false)
		if d := described()[s.Name]; d != nil {
			b.set("category", d[1]).set("short_desc", d[2]).set("context", d[4])
			if d[3] != `\N` {
				b.set("extra_desc", d[3])
			}
		}
		if s.Internal {
			b.set("context", "internal")
		}
		if s.Enum != nil {
			b.set("enumvals", s.Enum)
		}
		switch {
		case s.Value != s.Reset:
			b.set("source", "session")
		case s.Reset != s.Boot:
			b.set("source", "configuration file")
		}
	}
	return nil
}

func pgStatActivity(x *maker, b *builder) error {
	for _, a := range x.src.Activity() {
		b.add().set("datid", a.Database).set("datname", a.DatabaseName).set("pid", a.PID).set("usesysid", x.role(a.User)).
			set("usename", a.User).set("application_name", a.Application).set("client_addr", opt(a.ClientAddr)).
			set("backend_start", a.Backend).set("xact_start", a.Xact).set("query_start", a.QueryAt).set("state_change", a.Change).
			set("state", opt(a.State)).set("query", a.Query).set("backend_type", "client backend")
		switch {
		case a.Wait != "":
			b.set("wait_event_type", a.WaitType).set("wait_event", a.Wait)
		case strings.HasPrefix(a.State, "idle"):
			b.set("wait_event_type", "Client").set("wait_event", "ClientRead")
		}
	}
	return nil
}

func pgLocks(x *maker, b *builder) error {
	for _, l := range x.src.Locks() {
		b.add().set("locktype", l.Type).set("database", l.Database).set("pid", l.PID).set("mode", l.Mode).
			set("virtualtransaction", fmt.Sprintf("%d/%d", l.PID, l.Txn)).set("granted", l.Granted).set("fastpath", l.FastPath)
		if l.Relation != 0 {
			b.set("relation", l.Relation)
		}
		if l.Type == "advisory" {
			b.set("classid", l.Class).set("objid", l.Object).set("objsubid", l.Sub)
		}
	}
	return nil
}

func pgPrepared(x *maker, b *builder) error {
	for _, p := range x.src.Prepared() {
		b.add().set("name", p.Name).set("statement", p.Statement).set("prepare_time", p.At).set("from_sql", p.FromSQL).
			set("parameter_types", ints(types.RegtypeOID, p.Params))
	}
	return nil
}

func pgCursors(x *maker, b *builder) error {
	for _, c := range x.src.Cursors() {
		b.add().set("name", c.Name).set("statement", c.Statement).set("is_holdable", c.Hold).set("is_binary", c.Binary).
			set("is_scrollable", c.Back).set("creation_time", c.At)
	}
	return nil
}

// pgStatDatabase says how many sessions each database has; nothing else is counted.
func pgStatDatabase(x *maker, b *builder) error {
	n := make(map[catalog.ID]int)
	for _, a := range x.src.Activity() {
		n[a.Database]++
	}
	dbs, err := x.src.Databases()
	for _, d := range dbs {
		b.add().set("datid", d.ID).set("datname", d.Name).set("numbackends", n[d.ID])
	}
	return err
}

// inStatView reports whether a relation belongs into pg_stat_{all,sys,user}_….
func inStatView(view string, t *catalog.Table) bool {
	switch {
	case strings.Contains(view, "_sys_"):
		return IsSystem(t)
	case strings.Contains(view, "_user_"):
		return !IsSystem(t)
	}
	return true
}

// pgStatTables fills pg_stat_…_tables and pg_statio_…_tables. What is not counted
// is NULL: there are no buffers to hit here.
func pgStatTables(x *maker, b *builder) error {
	for _, t := range x.cat.Tables() {
		if t.Kind != catalog.KindTable || !inStatView(b.t.Name, t) {
			continue
		}
		b.add().set("relid", t.ID).set("schemaname", x.schemaName(t.SchemaID)).set("relname", t.Name)
		if t.Virtual || strings.HasPrefix(b.t.Name, "pg_statio") {
			continue
		}
		s := x.src.Stats(t)
		b.set("n_tup_ins", s.Inserted).set("n_tup_upd", s.Updated).set("n_tup_del", s.Deleted).set("n_live_tup", int64(max(s.Rows, 0)))
	}
	return nil
}

func pgStatIndexes(x *maker, b *builder) error {
	for _, t := range x.cat.Tables() {
		if !inStatView(b.t.Name, t) {
			continue
		}
		for _, i := range t.Indexes {
			b.add().set("relid", t.ID).set("indexrelid", i.ID).set("schemaname", x.schemaName(t.SchemaID)).
				set("relname", t.Name).set("indexrelname", i.Name)
		}
	}
	return nil
}

func pgStatSequences(x *maker, b *builder) error {
	for _, t := range x.cat.Tables() {
		if t.Kind == catalog.KindSequence && inStatView(b.t.Name, t) {
			b.add().set("relid", t.ID).set("schemaname", x.schemaName(t.SchemaID)).set("relname", t.Name)
		}
	}
	return nil
}

// pgStats shows what ANALYZE has found out. Correlation with the order of rows is
// not looked for.
func pgStats(x *maker, b *builder) error {
	array := func(t types.Type, v []types.Datum) any {
		if len(v) == 0 {
			return nil
		}
		return types.MakeArray(t, v)
	}
	for _, t := range x.cat.Tables() {
		if t.Kind != catalog.KindTable || t.Virtual {
			continue
		}
		for _, slot := range t.LiveSlots() {
			c := x.src.ColumnStats(t, slot)
			if c == nil {
				continue
			}
			typ := t.Columns[slot].Type.OID.Type()
			// A number of values that grows with the table is shown as a share of its rows.
			distinct := c.Distinct
			if rows := x.src.Stats(t).Rows; rows > 0 && distinct > 0.1*rows {
				distinct = -min(distinct/rows, 1)
			}
			var freqs []types.Datum
			for _, f := range c.Freqs {
				freqs = append(freqs, types.NewFloat(float64(float32(f))))
			}
			b.add().set("schemaname", x.schemaName(t.SchemaID)).set("tablename", t.Name).set("attname", t.Columns[slot].Name).
				set("inherited", false).set("null_frac", float64(float32(c.NullFrac))).set("avg_width", c.Width).
				set("n_distinct", float64(float32(distinct))).set("most_common_vals", array(typ, c.Common)).
				set("most_common_freqs", array(types.Float4OID.Type(), freqs)).set("histogram_bounds", array(typ, c.Histogram))
		}
	}
	return nil
}
