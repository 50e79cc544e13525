package btree

import (
	"errors"
	"slices"

	"github.com/minisql/minisql/storage"
)

// queue has records that are in the log and not in the tree, in the log's order.
//
// When many wait for the disk together, applying their batches before it is asked would add a good
// part of a sync's time to each group. So a batch is only appended to the log and put here, and
// the queue is applied while the group is being synced:
//
//	Apply × n ─▶ log, queue ─▶ Wait: the leader writes and syncs ─▶ all return
//	                              └──▶ keepDraining: queue ─▶ tree ──┘
//
// Whoever needs the tree, a cursor or a checkpoint, drains the queue first and so sees
// every batch whose Apply has returned.
type queue struct {
	records []byte
	ends    []int
}

const (
	// crowdMin records in the log's last group make a writer queue its batch. A lone one would only
	// pay for waking keepDraining.
	crowdMin = 2
	// queueBytesMax in the queue make Apply drain it.
	queueBytesMax = 256 << 10
)

func (q *queue) add(record []byte) {
	q.records = append(q.records, record...)
	q.ends = append(q.ends, len(q.records))
}

func (q *queue) reset() { q.records, q.ends = q.records[:0], q.ends[:0] }

// canQueue says whether b, which is to be waited for, is left to drain. It is small enough to have no
// value in an extent: those are written when the batch gets its place.
func (e *Engine) canQueue(b *storage.Batch) bool {
	return e.crowd.Load() >= e.crowdMin && b.Size() < e.pager.pageBytes/4 && e.tree.dirty.Load() <= int64(e.pager.pool.limit/2)
}

// enqueue logs b and queues it.
func (e *Engine) enqueue(b *storage.Batch) (storage.Ticket, error) {
	record := b.Encoded()
	e.order.Lock()
	lsn, err := e.append(record)
	if err == nil {
		e.queued.add(record)
		e.given.Store(lsn + 1)
	}
	full := len(e.queued.records) > queueBytesMax
	e.order.Unlock()
	if err != nil {
		return nil, e.stop(err)
	}
	if full {
		e.catchUp()
	}
	return ticket{e, lsn}, nil
}

// writing is told by the log's leader how many records it is about to write and sync.
func (e *Engine) writing(records int) {
	e.crowd.Store(int64(records))
	if int64(records) >= e.crowdMin {
		select {
		case e.apply <- struct{}{}:
		default:
		}
	}
}

// keepDraining applies the queue while the log is busy with the disk.
func (e *Engine) keepDraining() {
	for {
		select {
		case <-e.quit:
			return
		case <-e.apply:
			e.catchUp()
		}
	}
}

// catchUp applies the queue.
func (e *Engine) catchUp() {
	e.mu.Lock()
	e.drain()
	e.mu.Unlock()
}

// applied returns once record lsn is in the tree.
func (e *Engine) applied(lsn uint64) error {
	if lsn < e.next.Load() {
		return nil
	}
	e.catchUp()
	if lsn < e.next.Load() {
		return nil
	}
	return e.err()
}

// drain applies the queue. mu is held.
func (e *Engine) drain() {
	if e.next.Load() == e.given.Load() {
		return
	}
	e.order.Lock()
	e.taken, e.queued = e.queued, e.taken
	e.order.Unlock()
	e.takeAll()
}

// drainOrdered is drain while order is held too.
func (e *Engine) drainOrdered() {
	e.taken, e.queued = e.queued, e.taken
	e.takeAll()
}

func (e *Engine) takeAll() {
	if len(e.taken.ends) == 0 {
		return
	}
	start := 0
	for _, end := range e.taken.ends {
		if !e.take(e.taken.records[start:end], nil) {
			break
		}
		start = end
	}
	e.taken.reset()
	e.watch()
}

// take applies the record that is next in the log's order; refs are its long values. If that
// fails, the engine stops and the tree stays as it was before the record, for good. mu is held.
func (e *Engine) take(record []byte, refs []valueRef) bool {
	if e.torn {
		return false
	}
	// A page that cannot be read must not leave half of a batch in view. What is shown has to be
	// copied before the next change, so it is better to know that no page has to be read.
	if e.pager.partial.Load() {
		e.pager.pool.hold(true)
		if e.tree.resident(record) {
			defer e.pager.pool.hold(false)
		} else {
			e.pager.pool.hold(false)
			e.show()
		}
	}
	if err := e.perform(record, refs); err != nil {
		e.tree.root = e.views.newest.Load().root
		e.torn = true
		_ = e.stopLocked(err)
		return false
	}
	e.next.Add(1)
	return true
}

// residentMax is how many operations a record may have that resident looks at.
const residentMax = 64

var errNotResident = errors.New("not resident")

// resident reports whether applying a record reads no page, as long as none is evicted: the ways
// to its keys are in memory, and no leaf will be sparse, for which its neighbours would be needed.
// It may say no in vain.
func (t *tree) resident(record []byte) bool {
	n, added, taken := 0, 0, 0 // operations so far, and their bytes as if all were in one leaf
	var mem [8]*frame
	split := mem[:0] // leaves that a part may be split off: it can become sparse at once
	return nil == storage.EachOperation(record, func(o storage.Operation) error {
		if n++; n > residentMax || o.Op == storage.OpDeleteRange {
			return errNotResident
		}
		k := key{o.Prefix, o.Suffix}
		f := t.root.frame.Load()
		for f != nil && f.level() > 0 {
			f = f.children[f.child(k)].frame.Load()
		}
		if f == nil {
			return errNotResident
		}
		if i, found := f.search(k, 0); found {
			taken += slotLen + f.cellLen(i)
			if f.used()-taken < t.s.pageBytes/4 || f.count() <= n {
				return errNotResident
			}
		}
		if o.Op != storage.OpSet {
			if slices.Contains(split, f) {
				return errNotResident
			}
			return nil
		}
		added += slotLen + leafCellLen + k.len() + len(o.Value)
		if _, side := f.strip(k); side != 0 || f.used()+added > t.s.pageBytes*9/10 {
			split = append(split, f)
		}
		return nil
	})
}
