package txn

import (
	"context"

	"github.com/minisql/minisql/mvcc"
)

// Commit makes the writes visible and, unless AsyncCommit, durable, and ends
// the transaction whatever it returns. Its order is the argument for correctness:
//
//	on no cycle, or 40001                 serializable transactions only; from here it counts
//	                                      as committed to the others
//	timestamp drawn, batch in the log     from here a crash keeps all of it or nothing
//	locks on written keys handed on       the next holder finds the new versions in the
//	                                      engine, and its own batch comes later in the log
//	durable, then published in order      from here snapshots see it
//	other locks given up                  not earlier: a lock on a table, or on a row that stays as
//	                                      it was, carries no version, so its next holder must find
//	                                      what it guarded in a snapshot
//	client told
func (t *Txn) Commit(ctx context.Context) error {
	if t.ended {
		return errEnded()
	}
	if err := t.precommit(); err != nil {
		t.end(false)
		return err
	}
	if !t.Wrote() && !t.schema {
		err := t.EndStatement(ctx)
		t.end(err == nil)
		return err
	}
	if t.spill != nil && t.written > 0 { // what was spilled, and the rest, become visible at once
		if err := t.spillBuffer(); err != nil {
			t.end(false)
			return err
		}
	}
	c, err := t.m.below.commit(t.writeSet(), t.opts.AsyncCommit)
	if err != nil {
		t.end(false)
		return storageError(err)
	}
	t.spill = nil
	if t.node != nil {
		t.node.Applied()
	}
	if t.implied == nil { // else what others noted for this owner is among its locks, in order
		t.m.below.settle(&t.owner, func(e *entry) bool { return e.kind == absent })
		t.m.below.unlock(&t.owner, t.unwritten(), false)
	}
	// A commit is not interrupted: the client must learn how it ended.
	err = c.Wait()
	if err == nil && t.after > c.At() {
		err = t.m.below.wait(context.WithoutCancel(ctx), t.after)
	}
	t.end(err == nil)
	return storageError(err)
}

// unwritten orders the locks so that those on keys that the commit leaves as they were come first,
// and returns how many they are. What was locked twice keeps its order.
func (t *Txn) unwritten() int {
	for i := range t.held {
		// Its first lock may come after it, and must be given up after it.
		if h := &t.held[i]; h.before >= 0 && (h.write == nil || h.write.kind == absent) {
			return len(t.held)
		}
	}
	var kept []heldLock
	written := t.held[:0]
	for i := range t.held {
		if h := &t.held[i]; h.write != nil && h.write.kind != absent {
			if len(kept) == 0 {
				written = t.held[:i+1]
				continue
			}
			written = append(written, *h)
		} else {
			kept = append(kept, *h)
		}
	}
	if len(kept) > 0 {
		t.held = append(kept, written...)
	}
	return len(kept)
}

// writeSet gathers what the commit leaves in the store.
func (t *Txn) writeSet() *mvcc.WriteSet {
	w := t.m.below.writeSet()
	if t.schema {
		w.MarkSchema()
	}
	if t.spill != nil {
		w.Spilled(t.spill)
	}
	if n := t.writes.n; n > 2*leafMax {
		w.Grow(n, max(0, int(t.size)-n*entryBytes)) // size counts all of it, and more
	}
	t.writes.ascend(nil, func(e *entry) bool {
		below := e.below
		if e.belowEpoch != t.epoch {
			below = mvcc.Below{}
		}
		switch {
		case e.kind == live && e.promised && !below.Known:
			w.PutNew(e.key, e.value)
		case e.kind == live:
			w.Put(e.key, e.value, below)
		case e.kind == tombstone:
			w.Delete(e.key, e.value, below)
		}
		return true
	})
	if t.node != nil {
		w.OnDraw(t.node.SetCommit)
	}
	for _, d := range t.drops {
		w.DropSpan(d.Lo, d.Hi)
	}
	return w
}

// Rollback ends the transaction without effect. After the end it does nothing.
func (t *Txn) Rollback() {
	if !t.ended {
		t.end(false)
	}
}

func (t *Txn) end(committed bool) {
	t.ended = true
	for len(t.views) > 0 {
		t.views[len(t.views)-1].Release()
	}
	for len(t.scanners) > 0 {
		t.scanners[len(t.scanners)-1].Close()
	}
	if t.snap != nil {
		t.snap.Close()
		t.snap = nil
	}
	if t.spill != nil {
		t.spill.Abort()
		t.spill = nil
	}
	if n := t.node; n != nil {
		t.node = nil // it may become another transaction's
		if committed {
			n.Ended()
		} else {
			n.Abort()
		}
	}
	t.m.below.settle(&t.owner, func(*entry) bool { return false })
	t.m.below.unlock(&t.owner, 0, true)
	t.m.tables.release(&t.owner, 0)
	t.m.forget(t)
	t.writes, t.undos, t.written, t.bulk = buffer{}, nil, 0, nil
	for _, f := range t.onEnd {
		f(committed)
	}
	t.onEnd = nil
}
