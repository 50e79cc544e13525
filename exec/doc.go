// Package exec runs statements: it is the only room that knows both plans and
// transactions.
//
//	minisql (root) ── Session.Prepare, Bind, Portal.Next ──▶ exec
//	   plan ──▶ a tree of operators ── next() ──▶ batches of ≤ 1,024 rows in columns
//	   operators ── Get, Scan, LockRow, Put ──▶ txn
//	   DDL ── descriptor rows ──▶ txn
//
//	scan → filter → join → aggregate → sort → limit → project → the client
//
// Files: session*.go and setting*.go are what a connection remembers; portal.go
// runs one statement; op_*.go has one operator each; table.go knows how rows and
// index entries look in the store; dml_*.go write them; ddl_*.go change the
// catalog; condition.go is what a scan's filter means to other transactions; fk.go checks foreign keys; check.go reads a whole database and looks for breaches of
// invariant (3). virtual.go gives pgcatalog what the system relations
// are made of; system*.go answer the functions that need the catalog or the server,
// system_deparse.go and its neighbours by writing stored SQL as PostgreSQL does.
//
// Invariants:
//
//	(1) An operator tree belongs to one session and one execution at a time. A
//	    batch that next returned is valid until the next call of next or close.
//	(2) A statement reads at its command number: it never sees its own writes, so
//	    data-modifying operators need not drain their input (no Halloween).
//	(3) Rows of a secondary index and of the table are written in one transaction;
//	    an entry without its row, or the reverse, is corruption.
//	(4) Nothing derived from a version that is not durable yet is handed out:
//	    Portal.Next calls txn.EndStatement first.
package exec
