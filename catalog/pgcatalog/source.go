package pgcatalog

import (
	"time"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/types"
)

// Source is what the rows are made of: the executor, for one statement of one session.
type Source interface {
	// Catalog is the catalog that the statement sees.
	Catalog() *catalog.Catalog
	CurrentUser() string
	Databases() ([]*catalog.Database, error)
	// Roles lists the roles that the server knows, without PostgreSQL's predefined ones.
	Roles() ([]catalog.Role, error)
	Settings() []Setting
	Activity() []Activity
	Locks() []Lock
	SSI() SSI
	// SerializationFailures lists the last ones, the oldest first.
	SerializationFailures() []SerializationFailure
	// Anomalies lists the last ones that were detected, the oldest first.
	Anomalies() []Anomaly
	Prepared() []Prepared
	Cursors() []Cursor
	// Stats estimates how large a table is and says how much it has been used.
	Stats(t *catalog.Table) TableStats
	// ColumnStats returns what ANALYZE has found out about a column; nil if nothing.
	ColumnStats(t *catalog.Table, slot int) *ColumnStats
	// SequenceState returns last_value, and false if nextval has not been called.
	SequenceState(t *catalog.Table) (last int64, called bool, err error)
	HasFunction(name string, args []types.OID) bool
	Deparser
}

// Deparser writes stored SQL as PostgreSQL's pg_get_… functions do.
type Deparser interface {
	// Expr writes an expression over the columns of t.
	Expr(t *catalog.Table, sql string) string
	// Default writes the default, or the generation expression, of a column.
	Default(t *catalog.Table, slot int) string
	IndexDef(t *catalog.Table, x *catalog.Index) string
	ViewDef(t *catalog.Table) string
}

// Setting is one run-time parameter as pg_settings shows it. Values are in the
// base unit; Min, Max and Enum are empty where they do not apply.
type Setting struct {
	Name, Value, Unit, Type string
	Min, Max                string
	Enum                    []string
	Boot, Reset             string
	Desc                    string
	Internal                bool // cannot be changed
}

// Activity is one session as pg_stat_activity shows it.
type Activity struct {
	PID             int32
	Database        catalog.ID
	DatabaseName    string
	User            string
	Application     string
	ClientAddr      string
	State, Query    string
	Backend, Xact   time.Time
	QueryAt, Change time.Time
	// wait_event_type and wait_event; "" if the session is running
	WaitType, Wait string
}

// Lock is one lock held or awaited. Relation is set for those of type relation and
// tuple, Class, Object and Sub for advisory ones.
type Lock struct {
	Type               string
	Database, Relation catalog.ID
	Class, Object      catalog.ID
	Sub                int
	PID                int32
	Txn                uint64
	Mode               string
	Granted, FastPath  bool
}

// Prepared is a prepared statement of the session.
type Prepared struct {
	Name, Statement string
	At              time.Time
	Params          []types.OID
	FromSQL         bool
}

// Cursor is an open cursor of the session.
type Cursor struct {
	Name, Statement    string
	Hold, Binary, Back bool
	At                 time.Time
}

// TableStats is what is known of a table without reading it.
type TableStats struct {
	Rows  float64 // -1 if not known
	Bytes int64
	// Rows written since the server started.
	Inserted, Updated, Deleted int64
}

// ColumnStats is what ANALYZE knows of a column, in the terms of pg_stats.
type ColumnStats struct {
	NullFrac, Distinct float64
	Width              int
	Common             []types.Datum
	Freqs              []float64
	Histogram          []types.Datum
}
