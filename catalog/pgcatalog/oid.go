package pgcatalog

import (
	"hash/fnv"

	"github.com/minisql/minisql/catalog"
)

// OIDs of catalogs, for pg_depend and pg_description.
const (
	typeClass       catalog.ID = 1247
	attributeClass  catalog.ID = 1249
	procClass       catalog.ID = 1255
	relationClass   catalog.ID = 1259
	authidClass     catalog.ID = 1260
	databaseClass   catalog.ID = 1262
	attrdefClass    catalog.ID = 2604
	constraintClass catalog.ID = 2606
	namespaceClass  catalog.ID = 2615
	rewriteClass    catalog.ID = 2618
)

// derived marks OIDs of things that PostgreSQL numbers and minisql does not.
const derived catalog.ID = 1 << 31

// RowType is the OID of the type of a relation's rows.
func RowType(rel catalog.ID) catalog.ID { return rel | derived }

// RowTypeOf is the reverse of RowType.
func RowTypeOf(typ catalog.ID) (rel catalog.ID, ok bool) { return typ &^ derived, typ&derived != 0 }

// Rule is the OID of a view's _RETURN rule.
func Rule(view catalog.ID) catalog.ID { return view | derived }

// attrdefs numbers the defaults of columns: the numbers hold for one catalog.
func attrdefs(c *catalog.Catalog, f func(oid catalog.ID, t *catalog.Table, slot int)) {
	oid := derived
	for _, t := range c.Tables() {
		for i := range t.Columns {
			if c := &t.Columns[i]; !c.Dropped && (c.Default != "" || c.Generated != "") {
				f(oid, t, i)
				oid++
			}
		}
	}
}

// unknownRole is the OID of a role that has a name but no record.
func unknownRole(name string) catalog.ID {
	h := fnv.New32a()
	h.Write([]byte(name))
	return catalog.ID(h.Sum32()) | derived
}
