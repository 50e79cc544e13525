package pgcatalog

import (
	"embed"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/types"
)

//go:embed data
var data embed.FS

func dataFile(name string) string {
	b, err := data.ReadFile("data/" + name)
	if err != nil {
		panic(fmt.Sprintf("pgcatalog: %v", err))
	}
	return string(b)
}

// Descriptors returns the system schemas and their relations. The caller must
// not change what the slices refer to; the slices are its own.
func Descriptors() ([]*catalog.Schema, []*catalog.Table) {
	s, t := descriptors()
	return append([]*catalog.Schema(nil), s...), append([]*catalog.Table(nil), t...)
}

var descriptors = sync.OnceValues(func() ([]*catalog.Schema, []*catalog.Table) {
	schemas := []*catalog.Schema{
		{ID: catalog.PgCatalogID, Name: "pg_catalog", Owner: catalog.BootstrapRole, Comment: "system catalog schema"},
		{ID: catalog.PgToastID, Name: "pg_toast", Owner: catalog.BootstrapRole, Comment: "reserved schema for TOAST tables"},
		{ID: catalog.InformationSchemaID, Name: "information_schema", Owner: catalog.BootstrapRole},
		{ID: catalog.MinisqlSchemaID, Name: "minisql", Owner: catalog.BootstrapRole},
	}
	var tables []*catalog.Table
	for line := range strings.Lines(dataFile("relations.txt")) {
		f := strings.Fields(line)
		if line[0] != '\t' {
			schema, name, _ := strings.Cut(f[0], ".")
			t := &catalog.Table{ID: catalog.ID(mustInt(f[1])), SchemaID: catalog.PgCatalogID, Name: name, Owner: catalog.BootstrapRole, Kind: catalog.Kind(f[2][0]), Virtual: true}
			if schema == "information_schema" {
				t.SchemaID = catalog.InformationSchemaID
			}
			tables = append(tables, t)
			continue
		}
		t := tables[len(tables)-1]
		t.Columns = append(t.Columns, catalog.Column{Name: f[0], Type: types.Type{OID: types.OID(mustInt(f[1])), Typmod: int32(mustInt(f[2]))}, NotNull: f[3] == "t"})
	}
	return schemas, append(tables, ownRelations...)
})

func mustInt(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		panic(fmt.Sprintf("pgcatalog: damaged data: %v", err))
	}
	return n
}

// IsSystem reports whether a relation is of the system's own schemas.
func IsSystem(t *catalog.Table) bool {
	return t.SchemaID == catalog.PgCatalogID || t.SchemaID == catalog.MinisqlSchemaID || t.SchemaID == catalog.InformationSchemaID || t.SchemaID == catalog.PgToastID
}
