// Package storage is the contract that every storage engine of minisql keeps:
// ordered pairs of bytes, atomic batches, consistent cursors.
//
//	mvcc ──Apply(batch)──▶ Engine ──▶ log (order, durability) ──▶ files
//	     ◀─── Cursor ─────        ◀── memory and files ─────────
//
// What enters: batches of sets and deletes, and bounds. What leaves: pairs, in
// key order, in runs. Errors are plain sentinels (ErrCorrupt, ErrNoSpace, …)
// wrapped with the file or directory concerned. mvcc calls this package; the
// engines implement it; nobody else touches it.
//
// # Keys
//
// A key is a prefix followed by exactly SuffixLen bytes of suffix:
//
//	├──────── prefix ────────┤├─ suffix, 8 B ─┤
//
// Keys are ordered by prefix, then by suffix, both bytewise. An engine knows
// nothing of what the suffix means (mvcc keeps an inverted timestamp there), but
// knows that reads ask for "the first key of this prefix at or after this
// suffix", so that its filters work on the prefix. Bounds and prefixes are given
// bare, without a suffix. A prefix has at least one byte.
//
// # Rules
//
// An engine promises, and storagetest checks:
//
//	(1) A batch is atomic: a cursor sees all of it or nothing, and so does a crash.
//	(2) Within a batch later operations win over earlier ones.
//	(3) A cursor sees the state at its creation and nothing later, for as long as it is
//	    open. Cursors of one Snapshot all see the snapshot's state.
//	(4) A batch is visible to cursors made after Apply returned.
//	(5) Batches take effect in one order, the log's. If Apply(a) returned before
//	    Apply(b) was called, a is before b, and b never survives a crash that a
//	    does not.
//	(6) Ticket.Wait returns nil only when the batch, and all before it, are durable.
//	    One log write and one sync serve everybody who is waiting.
//	(7) A failed write or sync of the log is never retried: it stops the engine. From
//	    then on every Apply, Ticket.Wait and Sync returns an error that is
//	    ErrStopped; cursors go on reading.
//	(8) Bytes handed in are not kept after the call returns; bytes handed out stay
//	    valid until the next call on the same cursor, or the next fill of the same
//	    Run.
//	(9) Readers do not block writers, and writers do not block readers.
//	(10) Backup copies one consistent state that holds every batch whose Ticket.Wait
//	    returned before Backup was called. Opening the copy needs no other file.
//	(11) A damaged page or record is reported as ErrCorrupt with the file's name and never
//	    served as data.
//	(12) One process at a time opens a directory; the second gets ErrLocked, with the
//	    directory's name.
//	(13) An Apply refused with ErrNoSpace has changed nothing and may be repeated.
//
// A cursor and a Batch are used by one goroutine at a time; everything else by
// any number.
package storage
