package pgcatalog

import (
	"strings"
	"time"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/types"
)

// ownRelations are those of schema minisql, for what PostgreSQL has no view for. The numbers
// are in nobody's catalog, but must stay: clients may have them.
var ownRelations = []*catalog.Table{
	ownRelation(16001, "ssi",
		"active int8", "committed int8", "entries int8", "ranges int8", "edges int8", "row_bytes int8", "failures int8", "doomed int8",
		"searches int8", "edges_searched int8", "coarsened int8", "summarized int8", "anomalies int8",
		"safe_snapshots int8", "unsafe_snapshots int8", "oldest_snapshot int8", "last_safe_snapshot int8", "safe_snapshot_lag int8"),
	ownRelation(16002, "serialization_failures",
		"failed_at timestamptz", "pid int4", "database text", "transaction int8", "statement text",
		"message text", "explanation text", "tables _text"),
	ownRelation(16003, "anomalies",
		"found_at timestamptz", "name text", "pid int4", "database text", "transaction int8", "statement text",
		"tables _text", "committed bool", "explanation text"),
}

func ownRelation(id catalog.ID, name string, columns ...string) *catalog.Table {
	t := &catalog.Table{ID: id, SchemaID: catalog.MinisqlSchemaID, Name: name, Owner: catalog.BootstrapRole, Kind: catalog.KindView, Virtual: true}
	for _, c := range columns {
		column, typ, _ := strings.Cut(c, " ")
		oid := map[string]types.OID{"bool": types.BoolOID, "int4": types.Int4OID, "int8": types.Int8OID, "text": types.TextOID, "_text": types.TextArrayOID, "timestamptz": types.TimestamptzOID}[typ]
		t.Columns = append(t.Columns, catalog.Column{Name: column, Type: oid.Type()})
	}
	return t
}

// SSI is the state of the serializable transactions, as minisql.ssi shows it.
type SSI struct {
	Active, Committed, Entries, Ranges, Edges      int
	RowBytes                                       int
	Failures, Doomed, Searches, EdgesSearched      int64
	Coarsened, Summarized, Anomalies               int64
	SafeSnapshots, UnsafeSnapshots, OldestSnapshot int64
	NewestSnapshot, LastSafeSnapshot               int64 // the latter 0: none is known to be safe
}

// SerializationFailure is one transaction that failed with 40001.
type SerializationFailure struct {
	At          time.Time
	PID         int32
	Database    string
	Transaction uint64
	Statement   string
	Message     string
	Explanation string
	Tables      []string
}

// Anomaly is what a watched transaction did that SERIALIZABLE would have prevented.
type Anomaly struct {
	At          time.Time
	Name        string
	PID         int32
	Database    string
	Transaction uint64
	Statement   string
	Tables      []string
	Committed   bool
	Explanation string
}

func ownSSI(x *maker, b *builder) error {
	s := x.src.SSI()
	r := b.add().set("active", s.Active).set("committed", s.Committed).set("entries", s.Entries).set("ranges", s.Ranges).set("edges", s.Edges).set("row_bytes", s.RowBytes).
		set("failures", s.Failures).set("doomed", s.Doomed).set("searches", s.Searches).set("edges_searched", s.EdgesSearched).
		set("coarsened", s.Coarsened).set("summarized", s.Summarized).set("anomalies", s.Anomalies).
		set("safe_snapshots", s.SafeSnapshots).set("unsafe_snapshots", s.UnsafeSnapshots).set("oldest_snapshot", s.OldestSnapshot)
	if s.LastSafeSnapshot != 0 {
		r.set("last_safe_snapshot", s.LastSafeSnapshot).set("safe_snapshot_lag", s.NewestSnapshot-s.LastSafeSnapshot)
	}
	return nil
}

func ownSerializationFailures(x *maker, b *builder) error {
	for _, f := range x.src.SerializationFailures() {
		b.add().set("failed_at", f.At).set("pid", f.PID).set("database", f.Database).set("transaction", int64(f.Transaction)).
			set("statement", f.Statement).set("message", f.Message).set("explanation", opt(f.Explanation)).set("tables", f.Tables)
	}
	return nil
}

func ownAnomalies(x *maker, b *builder) error {
	for _, a := range x.src.Anomalies() {
		b.add().set("found_at", a.At).set("name", a.Name).set("pid", a.PID).set("database", a.Database).set("transaction", int64(a.Transaction)).
			set("statement", opt(a.Statement)).set("tables", a.Tables).set("committed", a.Committed).set("explanation", a.Explanation)
	}
	return nil
}
