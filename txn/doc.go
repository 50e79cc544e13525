// Package txn runs transactions: isolation levels, row, key and table locks,
// savepoints, and the order of commits.
//
//	exec ──Get · Scan──▶ Txn ──own writes, else──▶ mvcc at the statement's snapshot
//	     ──LockRow─────▶     ──────────────────▶ lock table, then the newest version
//	     ──Put · Delete▶     buffer ──when it is full──▶ hidden versions in mvcc (spill.go)
//	     ──Commit──────▶     ──the buffer─────▶ mvcc: log, sync, publish
//
// What enters: keys, values, spans, the session's settings. What leaves: values, runs
// of pairs, and *sqlerr.Error with PostgreSQL's wording. exec and the session call
// it; it calls mvcc through the backend interface (backend.go).
//
//	level             snapshot          when a row to be changed has a newer version
//	READ COMMITTED    each statement    wait, then the caller re-checks it (Locked.Changed)
//	REPEATABLE READ   first statement   wait, then 40001
//	SERIALIZABLE      first statement   likewise; and 40001 for whoever is on a cycle (ssi)
//
// # How a statement uses it
//
//	LockTable                     (plan again if SchemaVersion moved)
//	BeginStatement                snapshot, command number
//	  Get, Scan                   what the snapshot shows, with writes of earlier statements
//	  LockRow → re-check → Put    for rows it changes
//	  LockKey → Latest → Put      for unique keys and foreign keys
//	EndStatement, or Commit       before anything goes to the client
//
// # Invariants
//
//	(1) A version is written only by a transaction that holds NoKeyUpdate or Update on
//	    its key from reading the version below until the commit is in the log;
//	    or the key is part of a row so locked (its index entries).
//	(2) A statement sees writes of commands before it, never its own (Halloween problem).
//	(3) Nothing that a running or aborted transaction wrote is seen by another, in the
//	    store or elsewhere.
//	(4) What is sent to a client is durable, and so is all it was derived from: see
//	    Txn.after, EndStatement, Commit.
//	(5) If a statement built on a version, the next snapshot of its transaction, and every
//	    snapshot after its commit was acknowledged, includes that version.
//	(6) Locks on keys that were written are held until the commit is in the log; locks on other
//	    keys and on tables until it is published. The lock on a key whose version was spilled is that version.
//	(7) Whoever waits for a lock is on no cycle of waiting, or one on it fails with 40P01: who
//	    closed it, or the first whose DeadlockTimeout passes.
//
// # Memory
//
// A transaction holds at most ManagerOptions.SpillBytes of writes and locks; what it wrote
// before is in the store and costs it nothing, nor do the locks on those keys. Locks on keys
// that it has not written stay in memory, up to MaxTransactionBytes. Spans that it
// created itself (OwnSpan) need no locks at all. New keys in ascending order are locked in a
// lease (lease.go), which costs little more than their writes.
//
// All waiting is on channels and ends with the context, the lock timeout or the grant.
//
// At SERIALIZABLE every read and write is registered with package ssi (serializable.go): reads
// when they are made, with the range that a scan has come over, writes when they are
// buffered. ssi learns of a commit before its timestamp is drawn, and of the timestamp
// before anybody can see it. At the other levels a transaction has no node there and
// pays nothing.
package txn
