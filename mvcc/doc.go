// Package mvcc keeps several committed versions of every key and shows each
// transaction the one its snapshot may see.
//
//	txn ──Get/Scan(at)──▶ mvcc ──first key of prefix at or after suffix──▶ storage.Engine
//	     ◀─ newest ≤ at ─      ◀────────── whole keys, in runs ──────────
//
//	            ts=9  │  .    b9    .        A snapshot taken at 7 sees
//	            ts=7  │  a7   .     x        a=a7 and b=b3, and does not
//	            ts=3  │  .    b3    c3       see c (x is a tombstone).
//	                  └──────────────── key
//
// What enters: user keys (any bytes but a first byte of 0xFF, which is ours), write
// sets, timestamps. What leaves: values and the timestamps of their versions.
// But for large transactions only committed data comes here, so a crash leaves nothing to
// undo.
//
//	stored key    user key │ ^timestamp, 8 B big endian      newest version first
//	stored value  value │ kind 1 B                           1, 2 live, 0 tombstone
//
// A tombstone's value is empty, or the key that the row moved to.
//
// # The way of a commit
//
//	WriteSet ─▶ draw timestamp ─▶ stamp ─▶ Apply ──────▶ Wait ──────────▶ publish in order
//	              (pipeline.mu)            in the log    one sync for all     snapshots see it
//	                                       ▲ here its locks may be handed on
//
// # Large transactions
//
// What does not fit in memory is in the engine before its commit, as segments with
// provisional timestamps (Spill), which reads skip:
//
//	ts=9  │  .    b9    .      c7 is of a segment of a transaction that
//	ts=7  │  a7   .    (c7)    - runs, or was rolled back: nobody else sees c7
//	ts=3  │  .    b3    c3     - committed at 11: snapshots from 11 on see c7,
//	      └──────────────── key  one at 9 sees c3
//
// A commit costs the same for any number of writes. What a recovery finds running is rolled
// back. Whoever picks a version asks the hidden set: Get, Scanner, and the collector.
//
// # Invariants
//
//	(1) The versions of one key are adjacent, newest first; a version is written once and
//	    never changed.
//	(2) Timestamps are strictly increasing, also across restarts and steps back of
//	    the clock: every timestamp in the log is at most the ceiling recorded
//	    in the log before it, and a restart goes on above the ceiling.
//	(3) Published timestamps are in order: when t is published, so is every commit
//	    with a smaller timestamp. A snapshot is a published timestamp. A provisional
//	    timestamp is published, with nothing to see, once it is hidden.
//	(4) What is published is durable, except what was committed asynchronously.
//	(5) If a commit overwrites a version, its timestamp is larger and it is later in the
//	    log: the caller holds a lock on the key from reading the version to Apply.
//	(6) No version is collected that a registered snapshot, or one that could still be
//	    taken, sees: collection stays at or below the horizon, and the horizon never
//	    passes a registered snapshot.
//	(7) A tombstone is collected only in one batch with every older version of its key.
//	(8) Every version below another, and every tombstone, is in the garbage queue or in
//	    the way of a sweep that is still to come.
//	(9) A pooled cursor tagged P holds every version that was committed at or before P. It
//	    answers a read at S if S ≤ P, or if nothing that hashes like the key was
//	    committed, or spilled, after P. So does a window of Probes that was read with it,
//	    as long as no segment is hidden.
//	(10) After a failed log nothing more is published: reads go on at what was.
//	(11) A segment is in the hidden set from before its first version is in the engine. If it
//	    is rolled back it stays there until the last is gone, and until then its
//	    record is in the log; if it commits, until the horizon has reached the commit.
//
// # Lock order
//
//	snapshots.mu → (none)      pipeline.mu → storage.Engine      garbage.mu → (none)
//	garbage.collecting → Spill.records → hiddenMu → (none)
//
// No two of the first line are held together; those of the second line come before them. All waiting is on channels.
//
// Branches (a parent, a timestamp and a prefix of their own) come later: reads
// already name their timestamp, and Get and Scan are the only places that pick a version.
package mvcc
