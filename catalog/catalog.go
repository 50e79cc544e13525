package catalog

import (
	"maps"
	"slices"
	"strings"
)

type relName struct {
	schema ID
	name   string
}

// Reference is a foreign key seen from the table it refers to.
type Reference struct {
	Table *Table // the referencing table
	Key   *ForeignKey
}

// Catalog is all descriptors of one database at one version. It is immutable.
type Catalog struct {
	Database *Database
	// Version moves with every change; plans made for one version hold for it only.
	Version uint64

	schemas     map[ID]*Schema
	schemaNames map[string]ID
	tables      map[ID]*Table
	relations   map[relName]ID // tables, views, sequences; and indexes
	indexes     map[ID]*Table  // index ID → its table
	references  map[ID][]Reference
}

// New builds the catalog of db from its descriptors.
func New(db *Database, version uint64, schemas []*Schema, tables []*Table) *Catalog {
	c := &Catalog{
		Database: db, Version: version,
		schemas: make(map[ID]*Schema), schemaNames: make(map[string]ID),
		tables: make(map[ID]*Table), relations: make(map[relName]ID), indexes: make(map[ID]*Table),
		references: make(map[ID][]Reference),
	}
	for _, s := range schemas {
		c.schemas[s.ID] = s
		c.schemaNames[s.Name] = s.ID
	}
	for _, t := range tables {
		c.add(t)
	}
	return c
}

func (c *Catalog) add(t *Table) {
	c.tables[t.ID] = t
	c.relations[relName{t.SchemaID, t.Name}] = t.ID
	for _, x := range t.Indexes {
		c.relations[relName{t.SchemaID, x.Name}] = x.ID
		c.indexes[x.ID] = t
	}
	for _, f := range t.ForeignKeys {
		c.references[f.RefTable] = append(slices.Clip(c.references[f.RefTable]), Reference{t, f})
	}
}

func (c *Catalog) remove(t *Table) {
	delete(c.tables, t.ID)
	delete(c.relations, relName{t.SchemaID, t.Name})
	for _, x := range t.Indexes {
		delete(c.relations, relName{t.SchemaID, x.Name})
		delete(c.indexes, x.ID)
	}
	for _, f := range t.ForeignKeys {
		c.references[f.RefTable] = slices.DeleteFunc(slices.Clone(c.references[f.RefTable]), func(r Reference) bool { return r.Table.ID == t.ID })
	}
}

func (c *Catalog) clone() *Catalog {
	n := *c
	n.schemas, n.schemaNames = maps.Clone(c.schemas), maps.Clone(c.schemaNames)
	n.tables, n.relations, n.indexes = maps.Clone(c.tables), maps.Clone(c.relations), maps.Clone(c.indexes)
	n.references = maps.Clone(c.references)
	return &n
}

// WithTable returns a catalog in which t is added, or replaces the relation of
// the same ID, at the given version.
func (c *Catalog) WithTable(version uint64, t *Table) *Catalog {
	n := c.clone()
	n.Version = version
	if old := n.tables[t.ID]; old != nil {
		n.remove(old)
	}
	n.add(t)
	return n
}

// WithoutTable returns a catalog that lacks the relation id.
func (c *Catalog) WithoutTable(version uint64, id ID) *Catalog {
	n := c.clone()
	n.Version = version
	if old := n.tables[id]; old != nil {
		n.remove(old)
	}
	return n
}

// WithSchema returns a catalog in which s is added or replaced.
func (c *Catalog) WithSchema(version uint64, s *Schema) *Catalog {
	n := c.clone()
	n.Version = version
	if old := n.schemas[s.ID]; old != nil {
		delete(n.schemaNames, old.Name)
	}
	n.schemas[s.ID] = s
	n.schemaNames[s.Name] = s.ID
	return n
}

// WithoutSchema returns a catalog that lacks the schema id.
func (c *Catalog) WithoutSchema(version uint64, id ID) *Catalog {
	n := c.clone()
	n.Version = version
	if old := n.schemas[id]; old != nil {
		delete(n.schemaNames, old.Name)
		delete(n.schemas, id)
	}
	if own := n.schemas[MinisqlSchemaID]; own != nil && n.schemaNames[own.Name] == 0 {
		n.schemaNames[own.Name] = own.ID // a user's had its name
	}
	return n
}

// Schema finds a schema by name; nil if there is none.
func (c *Catalog) Schema(name string) *Schema { return c.schemas[c.schemaNames[name]] }

// SchemaByID finds a schema; nil if there is none.
func (c *Catalog) SchemaByID(id ID) *Schema { return c.schemas[id] }

// Table finds a table, view, sequence or system view by schema and name; nil if
// there is none. Index names are not tables.
func (c *Catalog) Table(schema ID, name string) *Table {
	return c.tables[c.relations[relName{schema, name}]]
}

// TableByID finds a relation; nil if there is none.
func (c *Catalog) TableByID(id ID) *Table { return c.tables[id] }

// Index finds an index by schema and name, with its table; nil if there is none.
func (c *Catalog) Index(schema ID, name string) (*Table, *Index) {
	return c.IndexByID(c.relations[relName{schema, name}])
}

// IndexByID finds an index with its table; nil if there is none.
func (c *Catalog) IndexByID(id ID) (*Table, *Index) {
	t := c.indexes[id]
	if t == nil {
		return nil, nil
	}
	return t, t.Index(id)
}

// RelationExists reports whether a table, view, sequence or index of that name
// is in the schema: they share one namespace.
func (c *Catalog) RelationExists(schema ID, name string) bool {
	_, ok := c.relations[relName{schema, name}]
	return ok
}

// References returns the foreign keys that refer to table id.
func (c *Catalog) References(id ID) []Reference { return c.references[id] }

// Schemas returns all schemas by name, but for schema minisql: a client that found it would
// take it for the user's, and pg_dump would dump it.
func (c *Catalog) Schemas() []*Schema {
	all := slices.SortedFunc(maps.Values(c.schemas), func(a, b *Schema) int { return strings.Compare(a.Name, b.Name) })
	return slices.DeleteFunc(all, func(s *Schema) bool { return s.ID == MinisqlSchemaID })
}

// Tables returns all relations by ID, but for those of schema minisql.
func (c *Catalog) Tables() []*Table {
	all := slices.SortedFunc(maps.Values(c.tables), func(a, b *Table) int { return int(int64(a.ID) - int64(b.ID)) })
	return slices.DeleteFunc(all, func(t *Table) bool { return t.SchemaID == MinisqlSchemaID })
}

// StoredIn returns the table of db whose row is at key, or whose index has an entry there, with the
// index; nil if there is none.
func (c *Catalog) StoredIn(db ID, key []byte) (*Table, *Index) {
	of, storage := splitPrefix(key)
	if of != db || storage == 0 {
		return nil, nil
	}
	for _, t := range c.tables {
		if t.Storage == storage {
			return t, nil
		}
		for _, x := range t.Indexes {
			if !x.Clustered() && x.Storage == storage {
				return t, x
			}
		}
	}
	return nil, nil
}

// TablesIn returns the relations of one schema by ID.
func (c *Catalog) TablesIn(schema ID) []*Table {
	return slices.DeleteFunc(c.Tables(), func(t *Table) bool { return t.SchemaID != schema })
}

// OwnedSequence returns the sequence that the column owns (SERIAL or identity),
// or nil.
func (c *Catalog) OwnedSequence(table ID, slot int) *Table {
	for _, t := range c.tables {
		if s := t.Sequence; s != nil && s.OwnerTable == table && s.OwnerSlot == slot {
			return t
		}
	}
	return nil
}

// FreeRelationName returns name if it is free in the schema, else name with the
// first number that makes it free, as PostgreSQL's ChooseRelationName does.
func (c *Catalog) FreeRelationName(schema ID, name string) string {
	return freeName(name, func(n string) bool { return !c.RelationExists(schema, n) })
}
