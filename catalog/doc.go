// Package catalog describes what a database contains: schemas, tables with
// their columns, constraints and indexes, views and sequences.
//
//	planner, exec ── lookups ──▶ Catalog (immutable, of one database at one version)
//	                               │ schemas, relations, dependencies
//	exec ── DDL: Catalog.With(…) ──▶ a new Catalog, private to its transaction
//	     ── descriptor rows ──▶ the store, under the keys of keyspace.go
//
// A descriptor is a plain struct that is stored as JSON under its own key, so a
// DDL statement writes ordinary rows and is transactional by construction, and
// versioned like data: a snapshot finds the descriptors of its own moment.
// The room knows neither transactions nor storage: exec moves the bytes.
//
// Invariants:
//
//	(1) A Catalog never changes once it is made; With and Without copy.
//	(2) A descriptor reachable from a Catalog is never written to; Clone first.
//	(3) Column slots are never reused: a dropped column keeps its slot, so old
//	    rows stay readable without a rewrite.
//	(4) Object IDs are PostgreSQL OIDs; those of users start at FirstUserID and
//	    are never handed out twice in a server.
package catalog
