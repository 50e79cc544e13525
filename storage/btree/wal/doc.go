// Package wal is the logical log of the B-tree engine: numbered records, appended
// in memory at once, durable when somebody waits for them.
//
//	Append ─▶ pending group ─┐            one leader at a time
//	Wait ───▶ lead, or sleep ┴─▶ write group ─▶ fdatasync ─▶ everybody in it wakes
//
// What enters: records, as bytes that mean nothing here. What leaves: their numbers
// (LSN), consecutive from 1 or from wherever the caller's checkpoint ends; and at Open, every
// record from a given number on, in order, once. The engine's committer calls this package, and
// its checkpointer calls Recycle; nobody else does.
//
// # Files
//
//	000004.log   000005.log   000006.log     000007.log
//	 free         live         current        spare
//	├────────┤   ├────────┤   ├─────┬0000┤   ├00000000┤
//	 recycled     full         end ─┘         prepared ahead
//
// Segments have consecutive numbers. A segment is zero-filled and synced before it is written,
// in the background, one ahead of need: overwriting a file is 30 % cheaper to
// sync than growing one. What Recycle frees waits under its old name until it is renamed to
// become the next spare; one such file is kept, the others are removed. The first segment
// is small; a newly created one is twice as large as the current; a recycled one keeps its
// size. So the files grow only while the log does.
//
//	segment:  header block │ group │ group │ … │ zeros, or groups of a former life
//	group:    header 40 B │ uvarint length, record │ … │ zeros up to 4 KiB
//
// format.go has the bytes. A group is what one flush writes, and never spans segments: one that is
// too large makes its segment larger.
//
// # Invariants
//
//	(1) A group is written only after the one before it is synced. So only the last group of
//	    the last segment can be torn.
//	(2) No block that was ever synced as part of a group is written again before its segment is
//	    recycled. After a recovery a new segment is begun.
//	(3) The header of a segment is written together with its first group. So a segment
//	    whose header is zero, or of its former life, has nothing in it.
//	(4) A segment's name is durable before its first group is written; the spare is
//	    prepared only after the first group of the current segment is synced. So at most one
//	    file follows the last segment with a header.
//	(5) A group's checksum covers the database's id and the segment's number, and its salt is that
//	    of the segment's header: a group of a former life is never taken for one of this.
//	(6) What Open replayed is durable before Open returns: the last group may have survived the
//	    death of its process in the system's cache only.
//	(7) The first failed write, sync, create or rename on the way of a group to the disk is
//	    kept as the cause, and nothing is written from then on.
//
// # What recovery accepts
//
// It begins in the last segment whose first LSN is not above the one asked for, and stops at the first
// bad group of the last segment. By (1) nothing valid can follow there; if it does, or if
// a segment that is not the last ends anywhere but where the next begins, or a file is
// missing, then an acknowledged record may have been lost, and Open says where
// (storage.ErrCorrupt).
//
// # Locks
//
// token is the right to write: whoever holds it owns the current segment. Order:
// token, then mu (the pending group) or files.mu (the lists of segments); the
// latter two are never held together, nor while a file is touched.
package wal
