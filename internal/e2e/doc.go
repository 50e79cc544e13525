// Package e2e runs minisql as its users do: through pgx, lib/pq and database/sql, and
// as a binary that psql and pgbench talk to. It has tests only.
package e2e
