// Package btree is the storage engine on a B+tree of pages: one data file, a logical log
// beside it, and versions of pages in memory.
//
//	Apply ─▶ log (wal) ──one sync for all who wait──▶ wal/*.log
//	   └───▶ tree: changes nodes of the open version, copies all others first;
//	            │  beside the sync, through a queue, when many wait for it
//	            │ published root
//	cursors ◀───┤                                   ┌─ read on a miss
//	            └─ checkpoint ─ new pages, never over old ones ─▶ data.db
//
// What enters: batches and bounds (storage.Engine). What leaves: pairs. The design is that of
// WiredTiger (a logical log, checkpoints that never overwrite, parents that keep their
// children's checksums) with LMDB's readers (a root that stays as it is).
//
// # Versions in memory
//
//	root 7 ──▶ inner 7 ─┬─▶ leaf 7      view 5 goes on reading what it began with; leaf 5
//	root 5 ──▶ inner 5 ─┴─▶ leaf 3      becomes garbage once no view reaches it
//	                    └─▶ leaf 5
//
// A change copies the way from the root to its leaf, unless it belongs to the open version: then it
// changes in place. The open version is published when somebody looks (NewCursor, Snapshot, a
// checkpoint), so a load of a million rows copies no page. Nodes live on Go's heap: a
// reader needs no latch and no epoch, the garbage collector knows who still reads a page.
//
// # Rooms in this room
//
//	page, pack      one page's bytes: slots, search, insert; many entries into pages
//	node, tree, cut versions of pages; put, remove, split, merge; range deletes
//	queue           batches that are in the log and not in the tree yet
//	pager, pool     pages from the file, checksums; which nodes stay in memory
//	space           which pages of the file may be written
//	view, cursor    what readers see
//	superblock, checkpoint, backup, check
//	wal             the log
//
// # Invariants
//
//	(1) No page that a durable superblock reaches is overwritten.
//	(2) A superblock is written only after its pages are synced, and its tree is
//	    never ahead of the synced log.
//	(3) Ticket.Wait returns nil only after the record's group is synced and the record is in
//	    the tree.
//	(4) The log is recycled only below the durable superblock's record number.
//	(5) Only nodes of the open version change; their ancestors are of the open version too.
//	(6) Replay begins at exactly the superblock's record, each record once.
//	(7) A page is read only through its parent's checksum, so a page that was lost, torn,
//	    or written elsewhere is found.
//	(8) A page is given out again only when the superblock without it is durable and no view
//	    that may read it is left.
//	(9) A failed write or sync stops the engine; it is never tried again.
//	(10) Records enter the tree in the log's order, and each before a view is published that was asked
//	    for after its Apply returned. After one that cannot be applied none is.
//
// mvcc publishes a commit's timestamp only after its ticket; so although the tree shows a
// batch at once, no snapshot of a transaction shows what a crash can take back.
//
// # Lock order
//
//	closing → checkpointing → mu → order → {views.mu, pool.mu, space.mu, the log's}
//
// order gives the batches their numbers: whoever appends to the log holds it, and puts the batch
// into the queue or keeps order until it is in the tree. mu guards the tree: whoever holds it may take
// the queue, which is two buffers, one filled under order and one applied under mu. So a
// queue is applied while the next one fills. mu is never held while a page is read that the
// batch could have read before (warm), nor during a sync; order is held while the log has too much
// pending. Readers take views.mu to begin and to end, and mu only if there is something to publish.
//
// The log's leader calls writing, with the log's token and perhaps order held: it takes no lock, and wakes
// keepDraining, which takes mu.
package btree
