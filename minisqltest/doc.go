// Package minisqltest gives each test a database of its own, in memory and in the process, that pgx,
// database/sql and minisql's own API talk to; and it fails tests whose transactions race.
//
//	func TestCheckout(t *testing.T) {
//		db := minisqltest.New(t, minisqltest.FailOnAnomaly(), minisqltest.Setup(schema))
//		shop := shop.New(db.Pool()) // a *pgxpool.Pool, without a socket
//		…
//	}
//
//	test ─▶ Pool, Connect ─▶ pgx ──a pipe in memory──▶ pgwire ─▶ minisql.DB
//	     ─▶ SQL ───────────▶ database/sql ─────────────────────▶    │
//	     ─▶ DB ─────────────────────────────────────────────────▶    │
//	     ◀─ t.Errorf ◀──FailOnAnomaly──────────── a commit that SERIALIZABLE would have refused
//
// What enters: a testing.TB and options. What leaves: a Database, which is closed with everything
// that was opened through it when the test ends. Tests import this package, programs do not: it is the only
// one of minisql's that needs pgx as a client.
//
// Invariants:
//
//	(1) Databases share nothing, so tests that have one each may run in parallel.
//	(2) No commit is made, and nothing of the test's T is called, after its cleanup.
//	(3) An anomaly is reported by the goroutine that commits, before its client is answered.
package minisqltest
