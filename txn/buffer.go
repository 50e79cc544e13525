package txn

import (
	"bytes"
	"sort"

	"github.com/google/btree"

	"github.com/minisql/minisql/mvcc"
)

// kind says what a write left under its key.
type kind uint8

const (
	absent    kind = iota // no write (undone, or only read under a lock)
	live                  // a value
	tombstone             // deleted; the value is empty or where the row moved
)

// write is what one command left under a key. Commands see only the writes of
// earlier ones, so the previous write is kept behind the newest.
type write struct {
	value []byte
	prev  *write
	cmd   uint32
	kind  kind
}

// entry is one key of the buffer: its newest write, and what is known of the
// version below, which spares the collector a look.
type entry struct {
	key []byte
	write
	below      mvcc.Below
	belowEpoch uint32 // below counts only in the epoch it was read in: see Txn.epoch
	promised   bool   // by PutNew
	lock       uint8  // 1 + the Strength that the key was locked with at least; 0: not known
}

func (w *write) movedTo() []byte {
	if w.kind == tombstone && len(w.value) > 0 {
		return w.value
	}
	return nil
}

// before returns the newest write that a command below limit made, or nil.
func (w *write) before(limit uint32) *write {
	for ; w != nil; w = w.prev {
		if w.cmd < limit || w.kind == absent {
			if w.kind == absent {
				return nil
			}
			return w
		}
	}
	return nil
}

// buffer holds a transaction's writes in key order: a sorted slice while there
// are few, which is the common case and costs no allocation per key, then a B-tree.
type buffer struct {
	small []*entry
	large *btree.BTreeG[*entry]

	entries []entry // slab of entries not handed out yet
	bytes   []byte  // slab for keys and values
}

const smallMax = 32

func entryLess(a, b *entry) bool { return bytes.Compare(a.key, b.key) < 0 }

func (b *buffer) search(key []byte) int {
	return sort.Search(len(b.small), func(i int) bool { return bytes.Compare(b.small[i].key, key) >= 0 })
}

// find returns the entry of key, or nil.
func (b *buffer) find(key []byte) *entry {
	if b.large != nil {
		e, _ := b.large.Get(&entry{key: key})
		return e
	}
	if len(b.small) == 0 {
		return nil
	}
	if i := b.search(key); i < len(b.small) && bytes.Equal(b.small[i].key, key) {
		return b.small[i]
	}
	return nil
}

// insert adds an entry for key, which is not there yet.
func (b *buffer) insert(key []byte) *entry {
	if len(b.entries) == 0 {
		b.entries = make([]entry, min(max(4, 2*cap(b.entries)), 512))
	}
	e := &b.entries[0]
	b.entries = b.entries[1:]
	e.key = b.copy(key)
	if b.large == nil && len(b.small) < smallMax {
		i := b.search(key)
		b.small = append(b.small, nil)
		copy(b.small[i+1:], b.small[i:])
		b.small[i] = e
		return e
	}
	if b.large == nil {
		b.large = btree.NewG(32, entryLess)
		for _, x := range b.small {
			b.large.ReplaceOrInsert(x)
		}
		b.small = nil
	}
	b.large.ReplaceOrInsert(e)
	return e
}

// copy copies p into the slab.
func (b *buffer) copy(p []byte) []byte {
	if len(p) == 0 {
		return nil
	}
	if cap(b.bytes)-len(b.bytes) < len(p) {
		b.bytes = make([]byte, 0, max(min(2*cap(b.bytes), 64<<10), 512, len(p)))
	}
	at := len(b.bytes)
	b.bytes = append(b.bytes, p...)
	return b.bytes[at:len(b.bytes):len(b.bytes)]
}

// ascend calls f for entries from key lo (inclusive) up, until f returns false.
func (b *buffer) ascend(lo []byte, f func(*entry) bool) {
	if b.large != nil {
		b.large.AscendGreaterOrEqual(&entry{key: lo}, f)
		return
	}
	for _, e := range b.small[b.search(lo):] {
		if !f(e) {
			return
		}
	}
}

// descend calls f for entries below hi (all, if hi is nil) downwards, until f
// returns false.
func (b *buffer) descend(hi []byte, f func(*entry) bool) {
	if b.large != nil {
		below := func(e *entry) bool { return (hi != nil && bytes.Equal(e.key, hi)) || f(e) }
		if hi == nil {
			b.large.Descend(f)
		} else {
			b.large.DescendLessOrEqual(&entry{key: hi}, below)
		}
		return
	}
	i := len(b.small)
	if hi != nil {
		i = b.search(hi)
	}
	for i--; i >= 0; i-- {
		if !f(b.small[i]) {
			return
		}
	}
}

// know records what a lock's holder has read under key.
func (b *buffer) know(t *Txn, key []byte, e *entry, below mvcc.Below, s Strength) {
	if t.opts.ReadOnly {
		return
	}
	if e == nil {
		e = b.insert(key)
		t.size += entryBytes + int64(len(key))
	}
	e.below, e.belowEpoch = below, t.epoch
	e.lock = max(e.lock, 1+uint8(s))
}
