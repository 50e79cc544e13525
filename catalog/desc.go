package catalog

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/minisql/minisql/types"
)

// ID identifies an object; it is the object's PostgreSQL OID.
type ID uint32

// Fixed IDs, PostgreSQL's own where it has one.
const (
	PgCatalogID         ID = 11   // schema pg_catalog
	PublicID            ID = 2200 // schema public
	InformationSchemaID ID = 13000
	PgToastID           ID = 99
	MinisqlSchemaID     ID = 16000 // schema minisql: what PostgreSQL has no view for
	BootstrapRoleID     ID = 10    // role postgres

	Template1ID        ID = 1
	Template0ID        ID = 4
	PostgresDatabaseID ID = 5
	MinisqlDatabaseID  ID = 16384

	// FirstUserID is the first ID handed out to what users create.
	FirstUserID ID = 16385
)

// BootstrapRole owns what exists from the start.
const BootstrapRole = "postgres"

// Database describes one database of the server.
type Database struct {
	ID      ID
	Name    string
	Owner   string
	Comment string `json:",omitempty"`
}

// Schema describes a namespace of one database.
type Schema struct {
	ID      ID
	Name    string
	Owner   string
	Comment string `json:",omitempty"`
}

// Kind tells relations apart; the values are pg_class.relkind's.
type Kind byte

// The kinds of relation.
const (
	KindTable    Kind = 'r'
	KindView     Kind = 'v'
	KindSequence Kind = 'S'
	KindIndex    Kind = 'i'
)

// Table describes a relation: a table, a view, a sequence, or a system view
// whose rows are computed (Virtual).
type Table struct {
	ID       ID
	SchemaID ID
	Name     string
	Owner    string
	Kind     Kind
	Comment  string `json:",omitempty"`

	Columns []Column // by slot: attnum-1; dropped ones included

	// Storage is the keyspace prefix of the rows, in clustered-key order. TRUNCATE
	// and rewrites move a table to a new one; old snapshots still find the old.
	Storage ID
	// Cluster lists the slots that form the row's key; empty: a hidden 8-byte
	// row number is the key.
	Cluster []int `json:",omitempty"`

	Indexes     []*Index      `json:",omitempty"`
	Checks      []*Check      `json:",omitempty"`
	ForeignKeys []*ForeignKey `json:",omitempty"`

	View     *View     `json:",omitempty"`
	Sequence *Sequence `json:",omitempty"`

	Virtual bool `json:"-"` // rows are computed by the executor
	Temp    bool `json:"-"`
}

// Column describes one column of a relation.
type Column struct {
	Name    string
	Type    types.Type
	NotNull bool   `json:",omitempty"`
	Default string `json:",omitempty"` // SQL expression; "" for none
	// Generated is the SQL expression of a GENERATED … STORED column.
	Generated string `json:",omitempty"`
	Identity  byte   `json:",omitempty"` // 'a' always, 'd' by default, 0 none
	Dropped   bool   `json:",omitempty"`
	// Missing is the value, as text, of this column in rows stored before the
	// column was added; nil for NULL.
	Missing *string `json:",omitempty"`
	Comment string  `json:",omitempty"`
}

// IndexColumn is one key part of an index.
type IndexColumn struct {
	Slot       int        // column slot, or -1 for an expression
	Expr       string     `json:",omitempty"` // SQL, when Slot is -1
	Type       types.Type // of the key part
	Desc       bool       `json:",omitempty"`
	NullsFirst bool       `json:",omitempty"`
}

// Index describes an index or the unique or primary-key constraint it enforces.
type Index struct {
	ID      ID
	Name    string
	Storage ID // keyspace prefix of its entries; 0 for the clustered primary key
	Unique  bool
	Primary bool `json:",omitempty"`
	// Constraint is the pg_constraint OID when a constraint owns the index.
	Constraint        ID `json:",omitempty"`
	Deferrable        bool
	InitiallyDeferred bool
	NullsNotDistinct  bool `json:",omitempty"`
	Columns           []IndexColumn
	Include           []int  `json:",omitempty"`
	Where             string `json:",omitempty"` // SQL predicate of a partial index
	Comment           string `json:",omitempty"`
	ConstraintComment string `json:",omitempty"`
}

// Clustered reports whether the rows themselves are stored in this index.
func (x *Index) Clustered() bool { return x.Storage == 0 }

// Check describes a CHECK constraint.
type Check struct {
	ID       ID
	Name     string
	Expr     string // SQL
	Slots    []int  // columns mentioned
	NotValid bool   `json:",omitempty"`
	Comment  string `json:",omitempty"`
}

// Action is a referential action; the values are pg_constraint's.
type Action byte

// The referential actions.
const (
	NoAction   Action = 'a'
	Restrict   Action = 'r'
	Cascade    Action = 'c'
	SetNull    Action = 'n'
	SetDefault Action = 'd'
)

// ForeignKey describes a FOREIGN KEY constraint on its referencing table.
type ForeignKey struct {
	ID                ID
	Name              string
	Slots             []int // referencing columns
	RefTable          ID
	RefSlots          []int // referenced columns, in the order of Slots
	RefIndex          ID    // the unique index that backs the reference
	MatchFull         bool  `json:",omitempty"`
	OnDelete          Action
	OnUpdate          Action
	SetSlots          []int  `json:",omitempty"` // ON DELETE SET NULL (cols)
	Deferrable        bool   `json:",omitempty"`
	InitiallyDeferred bool   `json:",omitempty"`
	NotValid          bool   `json:",omitempty"`
	Comment           string `json:",omitempty"`
}

// View holds a view's query.
type View struct {
	Query       string   // SQL, with every relation qualified
	SearchPath  []string `json:",omitempty"`
	DependsOn   []ID     `json:",omitempty"` // relations mentioned
	CheckOption string   `json:",omitempty"`
}

// Sequence holds a sequence's parameters; its state lives under its own key.
type Sequence struct {
	Type             types.Type
	Start, Increment int64
	Min, Max, Cache  int64
	Cycle            bool
	OwnerTable       ID   `json:",omitempty"` // 0: free-standing
	OwnerSlot        int  `json:",omitempty"`
	Identity         bool `json:",omitempty"`
}

// Role is a user name that owns something or has connected.
type Role struct {
	ID   ID
	Name string
}

// Clone returns a deep copy that may be changed until it enters a Catalog.
func (t *Table) Clone() *Table {
	b, err := json.Marshal(t)
	if err != nil {
		panic(fmt.Sprintf("catalog: descriptor of %s does not encode: %v", t.Name, err))
	}
	c := new(Table)
	if err := json.Unmarshal(b, c); err != nil {
		panic(fmt.Sprintf("catalog: descriptor of %s does not decode: %v", t.Name, err))
	}
	c.Virtual, c.Temp = t.Virtual, t.Temp
	return c
}

// ColumnSlot returns the slot of the live column called name.
func (t *Table) ColumnSlot(name string) (int, bool) {
	for i := range t.Columns {
		if c := &t.Columns[i]; c.Name == name && !c.Dropped {
			return i, true
		}
	}
	return -1, false
}

// LiveSlots returns the slots of the columns that are not dropped, in order.
func (t *Table) LiveSlots() []int {
	slots := make([]int, 0, len(t.Columns))
	for i := range t.Columns {
		if !t.Columns[i].Dropped {
			slots = append(slots, i)
		}
	}
	return slots
}

// PrimaryKey returns the primary-key index, or nil.
func (t *Table) PrimaryKey() *Index {
	for _, x := range t.Indexes {
		if x.Primary {
			return x
		}
	}
	return nil
}

// Index returns the index with the given ID, or nil.
func (t *Table) Index(id ID) *Index {
	for _, x := range t.Indexes {
		if x.ID == id {
			return x
		}
	}
	return nil
}

// ConstraintNames returns the names of all constraints of the table.
func (t *Table) ConstraintNames() []string {
	var names []string
	for _, x := range t.Indexes {
		if x.Constraint != 0 {
			names = append(names, x.Name)
		}
	}
	for _, c := range t.Checks {
		names = append(names, c.Name)
	}
	for _, f := range t.ForeignKeys {
		names = append(names, f.Name)
	}
	return names
}

// UniqueOn returns the unique, non-partial index whose key columns are exactly
// the given slots in any order, preferring the primary key; nil if none.
func (t *Table) UniqueOn(slots []int) *Index {
	want := slices.Sorted(slices.Values(slots))
	var found *Index
	for _, x := range t.Indexes {
		if !x.Unique || x.Where != "" || len(x.Columns) != len(want) {
			continue
		}
		have := make([]int, 0, len(want))
		for _, c := range x.Columns {
			have = append(have, c.Slot)
		}
		slices.Sort(have)
		if slices.Equal(have, want) && (found == nil || x.Primary) {
			found = x
		}
	}
	return found
}

// Encode returns the stored form of any descriptor of this package.
func Encode(desc any) []byte {
	b, err := json.Marshal(desc)
	if err != nil {
		panic(fmt.Sprintf("catalog: descriptor does not encode: %v", err))
	}
	return b
}

// Decode reads a stored descriptor into desc.
func Decode(b []byte, desc any) error {
	if err := json.Unmarshal(b, desc); err != nil {
		return fmt.Errorf("catalog: damaged descriptor: %w", err)
	}
	return nil
}

// HasIndexNamed reports whether one of the table's indexes has the name.
func (t *Table) HasIndexNamed(name string) bool {
	return slices.ContainsFunc(t.Indexes, func(x *Index) bool { return x.Name == name })
}
