// Package ssi finds out whether serializable transactions could have run one after
// another, and says which of them made that impossible.
//
//	txn ──Read · Write──▶ Node ──who wrote what I read, who read what I write──▶ edges
//	    ──Precommit─────▶      ──a cycle through me?──▶ nil, or a Failure that names it
//
// What enters: keys and ranges of keys that a transaction read or wrote, as bytes, timestamps of mvcc,
// the conditions of scans (Filter) and the rows before and after a write (Change). What leaves: nil, or *Failure. txn calls it, for transactions at
// SERIALIZABLE only; the others do not exist here.
//
// # The graph
//
//	A ──rw──▶ B    A read a version, or a gap, that B overwrote: A is before B
//	A ──wr──▶ B    B read what A wrote: A is before B
//	A ──ww──▶ B    B overwrote what A wrote: A is before B
//
// Of the writers of one key, each has an edge from the one before. So a reader has edges only with the
// last that it saw and the first that it did not, and a writer only with the last before it and its
// readers: what others are before or after follows. Likewise of those who scan the same keys; see scans.go. Edges
// grow with what transactions do, and not with the number of those that are remembered.
//
// The committed transactions are serializable if and only if there is no cycle. Under snapshot
// isolation every cycle has two rw edges in a row (Fekete et al. 2005), so an active
// transaction, whose edges out are all rw, need not be looked at before it has an edge in and
// an edge out. Unlike PostgreSQL (Ports and Grittner 2012), which aborts at that
// point, the cycle itself is looked for (Revilak and O'Neil 2011).
//
// # Who fails, and when
//
//	a statement of X closes a cycle of X and committed transactions      X, now
//	a commit of X closes one of X and committed transactions             X, now
//	a statement or the commit of X finds it on one with others that are active, as the pivot: read
//	    by one of them, and having read what a committed one overwrote       X, now
//	a commit of X closes one with transactions that are still active     X commits; the one that
//	    read what X wrote, if it is active, else another active one, is doomed: it fails at its
//	    next statement, or its commit
//
// which is PostgreSQL's choice: who is retried at once does not meet the same cycle again.
//
// # Invariants
//
//	(1) A read is registered before its result is used, a write before the writer can commit, and
//	    each then looks for the other, under one mutex: no pair is missed, whoever is first.
//	(2) A read is registered with all that could have been in its result: gaps, and
//	    ranges as far as the scan went. Only a write of which no version meets the scan's filter,
//	    neither that before nor that after it, is no dependency.
//	(3) A write of W is in R's view if and only if W's commit timestamp is drawn and not after R's
//	    snapshot. It is set (SetCommit) before the commit is published.
//	(4) No cycle has only committed transactions.
//	(5) A committed node is forgotten only if it can be on no cycle any more: nobody's snapshot,
//	    now or later, is before its commit, and no edge leads to it.
//	(6) What belonged to a node that is forgotten, and the node, is used again (spare): after Ended or Abort its
//	    transaction does not touch it, and whoever holds one longer, as a Failure does, compares its number.
//	(7) Where memory is short, points become ranges, filters and rows are dropped, and nodes
//	    become one node. That adds edges and never loses one.
//
// # Safe snapshots
//
//	        B commits      A commits          A read, before B committed, what B then changed: A is
//	───┬────────┼─────────────┼───▶ time      before B. A reader who sees B and not A may have to be
//	A begins    └── unsafe ───┘               after B and before A. At all other times it cannot.
//
// A read-only transaction on a safe snapshot is on no cycle, so it is not tracked: it waits for its snapshot
// to turn out safe, or starts at the newest one that is known to be (LastSafe). One is known where nobody
// who reads and writes has an older snapshot: all intervals that have it have ended or are here. As long as somebody wants
// one, and others are active, one is kept from the garbage collector (Options.Keep).
//
// A transaction that is one query writes nothing either (Query). If its snapshot is safe at once, as most are, it is
// not tracked; else it is, to its end, but endangers nobody's snapshot. Nor does a narrow transaction (Narrow): all that
// it reads it writes.
//
// # Locks
//
// One mutex guards a Graph and everything in it, but for what a transaction tells: while others wait to draw their
// timestamps (SetCommit, Applied), and at the end (Ended, Abort), where nobody waits for that. It is taken in by the next
// who locks. Nothing is called while it is held but the
// functions of Options and filters, which return at once.
package ssi
