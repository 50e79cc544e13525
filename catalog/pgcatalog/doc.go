// Package pgcatalog computes the rows of pg_catalog and information_schema from
// the descriptors of package catalog, under PostgreSQL's OIDs, names and types.
//
//	exec ── Descriptors() ──▶ schemas and virtual tables, part of every Catalog
//	     ── Rows(Source, table) ──▶ pgcatalog ── Catalog, databases, roles, sessions… ──▶ Source (exec)
//	     ◀── rows by slot ──────────   │
//	                                 data/ what never changes: types, functions, operators, casts
//
// data/ is written by gen.go from a PostgreSQL 15 and filtered to the types that
// minisql has. Functions are filtered again, to those that the library knows and
// those that rows of other catalogs point to.
//
// A relation is here in one of three ways: its rows come from data, from a
// function in the table of fillers, or it is always empty because minisql
// has none of what it lists (foreign tables, publications, text search…). Views
// that would have to tell of parts of PostgreSQL that do not exist here, such as
// pg_stat_bgwriter, are left out.
//
// Where a type is missing in minisql, its column is text (pg_lsn, inet) or
// the base type of the domain (information_schema).
//
// Invariants:
//
//	(1) Rows are immutable once made: callers share and cache them.
//	(2) Object IDs made up here (row types, rules, defaults) are the same for the
//	    same catalog, and differ within their own catalog.
package pgcatalog
