package pgcatalog

import (
	"fmt"
	"strings"
	"sync"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/types"
)

// static reads the rows of a catalog that come from data, once.
type static struct {
	once sync.Once
	rows [][]types.Datum
}

var statics = map[string]*static{
	"pg_type": {}, "pg_proc": {}, "pg_operator": {}, "pg_aggregate": {}, "pg_cast": {}, "pg_am": {}, "pg_opclass": {},
	"pg_opfamily": {}, "pg_amop": {}, "pg_amproc": {}, "pg_collation": {}, "pg_language": {}, "pg_tablespace": {},
	"pg_description": {}, "pg_timezone_abbrevs": {},
}

// staticRows returns the rows of data. The caller must not change them.
func staticRows(name string) [][]types.Datum {
	s := statics[name]
	s.once.Do(func() { s.rows = readTSV(name+".tsv", systemTable(name)) })
	return s.rows
}

var systemByName = sync.OnceValue(func() map[string]*catalog.Table {
	_, tables := descriptors()
	m := make(map[string]*catalog.Table, len(tables))
	for _, t := range tables {
		if t.SchemaID == catalog.PgCatalogID {
			m[t.Name] = t
		}
	}
	return m
})

// systemTable finds a relation of pg_catalog.
func systemTable(name string) *catalog.Table {
	t := systemByName()[name]
	if t == nil {
		panic(fmt.Sprintf("pgcatalog: no relation %q", name))
	}
	return t
}

var unescape = strings.NewReplacer(`\\`, `\`, `\t`, "\t", `\n`, "\n", `\r`, "\r")

// eachLine calls f with the fields of each line of a file in COPY's text format;
// NULL is "\N".
func eachLine(file string, f func(fields []string)) {
	for line := range strings.Lines(dataFile(file)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		for i, s := range fields {
			if s != `\N` && strings.Contains(s, `\`) {
				fields[i] = unescape.Replace(s)
			}
		}
		f(fields)
	}
}

func readTSV(file string, t *catalog.Table) [][]types.Datum {
	var rows [][]types.Datum
	eachLine(file, func(fields []string) {
		if len(fields) != len(t.Columns) {
			panic(fmt.Sprintf("pgcatalog: damaged data: %s has %d columns", file, len(fields)))
		}
		row := make([]types.Datum, len(fields))
		for i, s := range fields {
			if s == `\N` {
				continue
			}
			d, err := types.ParseText(t.Columns[i].Type, s, nil)
			if err != nil {
				panic(fmt.Sprintf("pgcatalog: damaged data: %s: %v", file, err))
			}
			row[i] = d
		}
		rows = append(rows, row)
	})
	return rows
}
