package btree

import (
	"sync/atomic"
)

// node is one version of one page of the tree.
//
//	new ──changes in place──▶ published ──written by a checkpoint──▶ in the file ⇄ evicted
//
// Invariants:
//
//	(1) A node's content changes only while its version is the tree's open one, and only
//	    under the engine's mutex: what a cursor can reach never changes.
//	(2) addr is set once, by the checkpoint that wrote the node. A node is evicted
//	    only after that.
//	(3) The parent of a node that is not in the file is not in the file either.
type node struct {
	frame   atomic.Pointer[frame] // nil: in the file only
	addr    atomic.Uint64         // page number; 0: not in the file
	crc     uint32                // of the page in the file; valid once addr is set
	level   uint8
	extents bool // values of the subtree may be in extents; set before publication
	hot     atomic.Bool
	version uint64

	ring int // place in the pool, -1: none; guarded by pool.mu
}

// frame is a node's content in memory.
type frame struct {
	page
	children []*node // of an inner page, by slot

	// Of a leaf: where the next key goes if keys arrive in order, and how many in a row have
	// gone there.
	next, streak int
}

// arrives notes an insert at slot i, and reports whether keys arrive in order.
func (f *frame) arrives(i int) bool {
	if i != f.next {
		f.streak = 0
	}
	f.next = i + 1
	f.streak++
	return f.streak > 4
}

// place is search in a leaf, at once if k comes after all that is there.
func (f *frame) place(k key) (at int, found bool) {
	if n := f.count(); n > 0 && f.next == n {
		if rest, side := f.strip(k); side == 0 && f.cellKey(n-1).compare(rest) < 0 {
			return n, false
		}
	}
	return f.search(k, 0)
}

// nodeAt returns a node that is in the file.
func nodeAt(a address, level uint8) *node {
	n := &node{level: level, crc: a.crc, extents: a.extents, ring: -1}
	n.addr.Store(a.page)
	return n
}

// newNode returns a node of the open version with an empty page.
func (t *tree) newNode(level int) *node {
	n := &node{level: uint8(level), version: t.version, ring: -1}
	n.frame.Store(&frame{page: make(page, t.s.pageBytes)})
	t.created(n)
	return n
}

// own returns n if it is of the open version, and otherwise a copy that is.
func (t *tree) own(n *node, f *frame) (*node, *frame) {
	if n.version == t.version {
		return n, f
	}
	c := &node{level: n.level, extents: n.extents, version: t.version, ring: -1}
	cf := &frame{page: append(page(nil), f.page...), next: f.next, streak: f.streak}
	if f.children != nil {
		cf.children = append(make([]*node, 0, len(f.children)+1), f.children...)
	}
	c.frame.Store(cf)
	t.created(c)
	t.retire(n)
	return c, cf
}
