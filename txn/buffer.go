package txn

import (
	"bytes"
	"slices"
	"sort"

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
	lockedAt   uint32 // owner.cmd when a lease noted the key; see lease
	promised   bool   // by PutNew
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

// buffer holds a transaction's writes in key order, in leaves: sorted slices, of which
// none is empty, each before the next. Most transactions have one. Keys that come in order,
// as those of a load do, fill leaf after leaf at the end, where they are found without a
// search. A transaction spills long before the list of leaves is long to search or shift.
type buffer struct {
	leaves [][]*entry
	n      int    // of entries
	last   *entry // the one added last: who locks a new key then writes it

	entries []entry // slab of entries not handed out yet
	bytes   []byte  // slab for keys and values
}

const leafMax = 64

// place returns where key is, or has to be put: position i of a leaf. That is the leaf's
// length if the key belongs at its end.
func (b *buffer) place(key []byte) (leaf, i int, found bool) {
	leaf = len(b.leaves) - 1
	if leaf < 0 {
		return 0, 0, false
	}
	l := b.leaves[leaf]
	c := bytes.Compare(key, l[len(l)-1].key)
	if c < 0 && leaf > 0 && bytes.Compare(key, l[0].key) < 0 {
		// The last leaf whose first key is not after key, or the first leaf.
		leaf = max(0, sort.Search(leaf, func(i int) bool { return bytes.Compare(b.leaves[i][0].key, key) > 0 })-1)
		l = b.leaves[leaf]
		c = bytes.Compare(key, l[len(l)-1].key)
	}
	switch {
	case c > 0:
		return leaf, len(l), false
	case c == 0:
		return leaf, len(l) - 1, true
	}
	i = sort.Search(len(l)-1, func(i int) bool { return bytes.Compare(l[i].key, key) >= 0 })
	return leaf, i, bytes.Equal(l[i].key, key)
}

// find returns the entry of key, or nil.
func (b *buffer) find(key []byte) *entry {
	if b.last != nil && bytes.Equal(b.last.key, key) {
		return b.last
	}
	if leaf, i, found := b.place(key); found {
		return b.leaves[leaf][i]
	}
	return nil
}

// entry returns the entry of key, and whether it was added.
func (b *buffer) entry(key []byte) (e *entry, added bool) {
	if b.last != nil && bytes.Equal(b.last.key, key) {
		return b.last, false
	}
	leaf, i, found := b.place(key)
	if found {
		return b.leaves[leaf][i], false
	}
	return b.insert(key, leaf, i), true
}

// insert adds an entry for key at its place.
func (b *buffer) insert(key []byte, leaf, i int) *entry {
	if len(b.entries) == 0 {
		b.entries = make([]entry, min(max(4, b.n), 256))
	}
	e := &b.entries[0]
	b.entries = b.entries[1:]
	b.n++
	e.key = b.copy(key)
	b.last = e
	switch {
	case len(b.leaves) == 0:
		b.leaves = append(b.leaves, nil)
	case len(b.leaves[leaf]) < leafMax:
	case i == leafMax && leaf == len(b.leaves)-1:
		b.leaves = append(b.leaves, make([]*entry, 0, leafMax))
		leaf, i = leaf+1, 0
	default:
		const half = leafMax / 2
		l := b.leaves[leaf]
		upper := append(make([]*entry, 0, leafMax), l[half:]...)
		clear(l[half:])
		b.leaves[leaf] = l[:half]
		b.leaves = slices.Insert(b.leaves, leaf+1, upper)
		if i > half {
			leaf, i = leaf+1, i-half
		}
	}
	b.leaves[leaf] = slices.Insert(b.leaves[leaf], i, e)
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
	if len(b.leaves) == 0 {
		return
	}
	leaf, i, _ := b.place(lo)
	for ; leaf < len(b.leaves); leaf, i = leaf+1, 0 {
		for _, e := range b.leaves[leaf][i:] {
			if !f(e) {
				return
			}
		}
	}
}

// descend calls f for entries below hi (all, if hi is nil) downwards, until f
// returns false.
func (b *buffer) descend(hi []byte, f func(*entry) bool) {
	leaf := len(b.leaves) - 1
	if leaf < 0 {
		return
	}
	i := len(b.leaves[leaf])
	if hi != nil {
		leaf, i, _ = b.place(hi)
	}
	for {
		for i--; i >= 0; i-- {
			if !f(b.leaves[leaf][i]) {
				return
			}
		}
		if leaf--; leaf < 0 {
			return
		}
		i = len(b.leaves[leaf])
	}
}

// entry returns the buffer's entry of key, a new one if there is none.
func (t *Txn) entry(key []byte) *entry {
	e, added := t.writes.entry(key)
	if added {
		t.size += entryBytes + int64(len(key))
	}
	return e
}

// know records what a lock's holder has read under key, and returns its entry; nil: it will not be written.
func (t *Txn) know(key []byte, e *entry, below mvcc.Below) *entry {
	if t.opts.ReadOnly {
		return nil
	}
	if e == nil {
		e = t.entry(key)
	}
	e.below, e.belowEpoch = below, t.epoch
	return e
}
