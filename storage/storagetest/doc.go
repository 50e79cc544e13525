// Package storagetest is the suite that every storage engine must pass: the contract rule by
// rule, a model check against a sorted map, crashes, and failures of the disk. An engine's own
// test calls Run, or RunChecked if it has a check of its files.
//
// # Crashes
//
// A Disk is a file system in memory that keeps the history of what was done to it. The
// script, whose state tells which of its batches it holds, is played once; after that every moment
// of the history is made the moment of a crash:
//
//	history:  write ─ sync ─ names ─ write ─ write ─ sync ─ …      one life
//	                                      ╲
//	                                       crash: what was synced, and some of the rest
//	                                        ╲
//	                                         recover ─ check ─ write ─ close      the next
//	                                               ╲
//	                                                crash, and so on
//
// What a recovery finds must be the state after some number of whole batches: no fewer than
// were acknowledged at that moment, no more than were begun. powercut.go says what a crash may do.
//
// What the engine does between two moments depends on its goroutines, so a seed repeats the
// choices of the suite and not the history. The message of a failure names the moment.
//
// # What is assumed of disks
//
//   - A sync that returned nil was done, and a sector (512 B) is written whole, not at all, or, once, as
//     garbage; its bytes that nobody wrote stay.
//   - One change of names within a directory is atomic.
//   - For Run: changes of names become durable in the order in which they were made, as in
//     the journals of ext4 and XFS. Pebble needs that: it syncs its directory once for a new
//     manifest and for the marker that names it. RunChecked promises no order.
//   - Before a crash a failed sync has no consequence but the missing durability. (Linux drops the
//     pages of a failed sync as if they were clean; no engine here can tell, if it is opened
//     again without a reboot.)
//
// # Controls
//
// The suite's own tests break these promises one by one, and an engine's, and expect the suite
// to notice.
//
// Random tests print their seed; -storagetest.seed repeats one.
package storagetest
