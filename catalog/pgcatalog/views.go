package pgcatalog

import (
	"time"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/types"
)

func (x *maker) schemaName(id catalog.ID) string {
	if s := x.cat.SchemaByID(id); s != nil {
		return s.Name
	}
	return ""
}

func pgTables(x *maker, b *builder) error {
	for _, t := range x.cat.Tables() {
		if t.Kind == catalog.KindTable {
			b.add().set("schemaname", x.schemaName(t.SchemaID)).set("tablename", t.Name).set("tableowner", t.Owner).
				set("hasindexes", len(t.Indexes) > 0).set("hasrules", false).
				set("hastriggers", len(t.ForeignKeys) > 0 || len(x.cat.References(t.ID)) > 0).set("rowsecurity", false)
		}
	}
	return nil
}

func pgViews(x *maker, b *builder) error {
	for _, t := range x.cat.Tables() {
		if t.Kind == catalog.KindView {
			b.add().set("schemaname", x.schemaName(t.SchemaID)).set("viewname", t.Name).set("viewowner", t.Owner)
			if t.View != nil {
				b.set("definition", x.src.ViewDef(t))
			}
		}
	}
	return nil
}

func pgIndexes(x *maker, b *builder) error {
	for _, t := range x.cat.Tables() {
		for _, i := range t.Indexes {
			b.add().set("schemaname", x.schemaName(t.SchemaID)).set("tablename", t.Name).set("indexname", i.Name).
				set("indexdef", x.src.IndexDef(t, i))
		}
	}
	return nil
}

func pgSequences(x *maker, b *builder) error {
	for _, t := range x.cat.Tables() {
		s := t.Sequence
		if s == nil {
			continue
		}
		last, called, err := x.src.SequenceState(t)
		if err != nil {
			return err
		}
		b.add().set("schemaname", x.schemaName(t.SchemaID)).set("sequencename", t.Name).set("sequenceowner", t.Owner).
			set("data_type", s.Type.OID).set("start_value", s.Start).set("min_value", s.Min).set("max_value", s.Max).
			set("increment_by", s.Increment).set("cycle", s.Cycle).set("cache_size", s.Cache)
		if called {
			b.set("last_value", last)
		}
	}
	return nil
}

func pgTimezoneNames(_ *maker, b *builder) error {
	now := time.Now()
	eachLine("timezones.tsv", func(f []string) {
		loc, ok := types.LoadZone(f[0])
		if !ok {
			return
		}
		at := now.In(loc)
		abbrev, east := at.Zone()
		b.add().set("name", f[0]).set("abbrev", abbrev).set("is_dst", at.IsDST()).
			set("utc_offset", types.NewInterval(types.Interval{Micros: int64(east) * 1e6}))
	})
	return nil
}
