package mvcc

import (
	"context"
	"hash/maphash"
	"slices"
	"sync"

	"github.com/minisql/minisql/storage"
)

// Below is what the writer of a key knows about the newest version there, from
// having read it under the lock it still holds.
type Below struct {
	At        Timestamp // 0: the key has no version
	Known     bool
	Tombstone bool
}

// WriteSet collects the writes of one commit. A key comes once.
type WriteSet struct {
	s       *Store
	batch   *storage.Batch
	garbage []garbageEntry // keys point into keyBytes' chunks
	hashes  []uint64
	drops   []drop
	schema  bool
	spill   *Spill
	drawn   func(at Timestamp)
}

var writeSets = sync.Pool{New: func() any { return &WriteSet{batch: storage.NewBatch()} }}

// NewWriteSet returns an empty write set; Commit or Discard gives it back.
func (s *Store) NewWriteSet() *WriteSet {
	w := writeSets.Get().(*WriteSet)
	w.s = s
	return w
}

// Discard gives back a write set that will not be committed.
func (w *WriteSet) Discard() {
	const retainedMax = 1 << 14
	w.batch.Reset()
	if cap(w.garbage) > retainedMax {
		w.garbage = nil
	}
	if cap(w.hashes) > retainedMax {
		w.hashes = nil
	}
	clear(w.garbage)
	*w = WriteSet{batch: w.batch, garbage: w.garbage[:0], hashes: w.hashes[:0]}
	writeSets.Put(w)
}

// Grow makes room for so many writes, of so many bytes of keys and values.
func (w *WriteSet) Grow(writes, size int) {
	w.batch.Grow(writes, size)
	w.hashes = slices.Grow(w.hashes, writes)
}

// Len returns the number of writes.
func (w *WriteSet) Len() int { return len(w.hashes) }

// MarkSchema makes the commit advance SchemaVersion.
func (w *WriteSet) MarkSchema() { w.schema = true }

// Put writes value under key. The slices are needed until Commit or Discard.
func (w *WriteSet) Put(key, value []byte, below Below) {
	w.batch.SetTagged(key, nil, value, kindLive)
	w.hashes = append(w.hashes, w.s.hash(key))
	switch {
	case !below.Known:
		w.garbage = append(w.garbage, garbageEntry{key: key})
	case below.At != 0 && !below.Tombstone:
		w.garbage = append(w.garbage, garbageEntry{key: key, prev: below.At})
	}
	// Below a tombstone nothing is new garbage: the tombstone was queued by its writer.
}

// Delete writes a tombstone, naming the key the row moved to if movedTo is not
// empty. Where nothing is known to exist it writes nothing.
func (w *WriteSet) Delete(key, movedTo []byte, below Below) {
	if below.Known && (below.At == 0 || below.Tombstone) {
		return
	}
	w.batch.SetTagged(key, nil, movedTo, kindTombstone)
	w.hashes = append(w.hashes, w.s.hash(key))
	w.garbage = append(w.garbage, garbageEntry{key: key, tombstone: true})
}

// PutNew is Put for a key that the caller promises to have no live version; it
// is not queued for the collector.
func (w *WriteSet) PutNew(key, value []byte) {
	w.batch.SetTagged(key, nil, value, kindLive)
	w.hashes = append(w.hashes, w.s.hash(key))
}

// Spilled makes all segments of p, which are finished, part of the commit.
func (w *WriteSet) Spilled(p *Spill) { w.spill = p }

// OnDraw has f called with the commit's timestamp once it is drawn, before anybody can see it.
// f returns at once.
func (w *WriteSet) OnDraw(f func(at Timestamp)) { w.drawn = f }

// DropSpan has every version of every key with lo ≤ key < hi removed once no snapshot
// before this commit is left. The caller promises that nothing is written there, nor
// read by later snapshots, ever again. It costs the same for any number of keys.
func (w *WriteSet) DropSpan(lo, hi []byte) {
	w.batch.Set(append(append([]byte(nil), metaDrop...), lo...), nil, hi)
	w.drops = append(w.drops, drop{lo: lo, hi: hi})
}

// hash places a key among the recent: keys that follow each other lie beside each other there,
// so that a load walks through them in order.
func (s *Store) hash(key []byte) uint64 {
	last := max(0, len(key)-1)
	h := maphash.Bytes(s.seed, key[:last])
	for _, b := range key[last:] {
		h += uint64(b)
	}
	return h
}

// Commit draws a timestamp, gives the writes their place in the log, and returns:
// from here on whoever locks a written key finds the new version, and becomes
// durable after it. An asynchronous commit is published without waiting for the
// disk. The write set is used up. Commit's Wait must be called.
func (s *Store) Commit(w *WriteSet, async bool) (*Commit, error) {
	defer w.Discard()
	c := &Commit{s: s, schema: w.schema}
	s.garbage.prune(w)
	if err := s.pipeline.draw(c); err != nil {
		return nil, err
	}
	if w.drawn != nil {
		w.drawn(c.at)
	}
	for _, h := range w.hashes {
		s.noteRecent(h, c.at)
	}
	w.batch.Stamp(c.at.suffix())
	if w.spill != nil {
		w.spill.records.Lock()
		defer w.spill.records.Unlock()
		w.spill.commitAt(w.batch, c.at)
		s.noteRecentAll(&w.spill.all, c.at)
	}
	d := storage.Durable
	if async {
		d = storage.Lazy
	}
	t, err := s.engine.Apply(w.batch, d)
	if err != nil {
		s.pipeline.cancel(c)
		return nil, err
	}
	if w.spill != nil {
		w.spill.committed(c.at)
	}
	s.garbage.add(w.garbage, c.at)
	s.garbage.addDrops(w.drops, c.at)
	if !async {
		c.ticket = t
	} else {
		s.pipeline.finish(c, nil)
		s.syncSoon()
	}
	return c, nil
}

// At is the commit's timestamp.
func (c *Commit) At() Timestamp { return c.at }

// Wait returns once the commit is durable (unless it is lazy) and published. An
// error means that its outcome is known only after a restart.
func (c *Commit) Wait() error {
	if c.ticket != nil {
		err := c.ticket.Wait()
		c.ticket = nil
		c.s.pipeline.finish(c, err)
		if err != nil {
			return err
		}
	}
	return c.s.pipeline.wait(context.Background(), c.at)
}

// recentOf is the newest timestamp drawn for a key that hashes like key.
func (s *Store) recentOf(key []byte) Timestamp {
	return Timestamp(s.recent[s.hash(key)%recentSlots].Load())
}

// noteRecent records that a key with hash h gets a version at.
func (s *Store) noteRecent(h uint64, at Timestamp) {
	slot := &s.recent[h%recentSlots]
	for {
		old := slot.Load()
		if old >= uint64(at) || slot.CompareAndSwap(old, uint64(at)) {
			return
		}
	}
}

// WriteNow commits one pair at once: ordered in the log, not waited for. Nobody else
// may write key meanwhile.
func (s *Store) WriteNow(key, value []byte) error {
	if !ValidKey(key) {
		return ErrReserved
	}
	w := s.NewWriteSet()
	w.Put(key, value, Below{})
	_, err := s.Commit(w, true)
	return err
}
