// Package lsm is the storage engine on Pebble's log-structured merge tree.
//
//	Apply ─▶ log (one write, one fdatasync for all waiters) ─▶ Ticket.Wait
//	     └─▶ memtable ─flush─▶ L0 ─compaction─▶ L1 … L6, each with Bloom filters
//	Cursor ─▶ one pebble.Iterator over all of these
//
// What enters and leaves is storage's contract. This room adds the translation:
//
//   - Every key that Pebble sees has an 8-byte suffix; a bare bound gets a suffix of zeros,
//     which is the smallest. The comparer splits the suffix off, so that Bloom
//     filters and blocks work on the prefix.
//   - A storage.Batch has Pebble's own batch encoding and is logged as it is.
//   - Files are reached through a guard (guard.go) that freezes the disk at
//     the first failed write or sync of the log or the manifest: from then on
//     nothing that a recovery would read is changed, writers get ErrStopped, and
//     readers go on. Pebble would end the process instead.
package lsm
