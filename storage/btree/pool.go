package btree

import (
	"sync"
	"sync/atomic"
)

// pool knows which nodes of the current tree are in memory and evicts some when they
// are too many, by the clock: a node that was used since the hand last passed gets
// another round.
//
// A node that the tree has replaced is not the pool's any more: whoever still reads it
// through an older root keeps it alive, and the garbage collector frees it.
type pool struct {
	mu    sync.Mutex // guards what follows, and node.ring
	ring  []*node
	hand  int
	limit int // nodes
	held  bool

	evicted *atomic.Bool // set once a node was evicted
}

// sweepMax bounds the steps of the hand for one node that is added.
const sweepMax = 32

// add takes n up, and evicts while there are too many.
func (p *pool) add(n *node) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n.ring >= 0 {
		return
	}
	n.ring = len(p.ring)
	p.ring = append(p.ring, n)
	for range sweepMax {
		if p.held || len(p.ring) <= p.limit {
			return
		}
		p.step()
	}
}

// hold keeps every node in memory that is there, or no longer.
func (p *pool) hold(on bool) {
	p.mu.Lock()
	p.held = on
	p.mu.Unlock()
}

// step looks at the node under the hand. A node that is not in the file stays, and so
// does one whose children are in memory: they would be out of reach.
func (p *pool) step() {
	if p.hand >= len(p.ring) {
		p.hand = 0
	}
	n := p.ring[p.hand]
	switch {
	case n.addr.Load() == 0:
	case n.hot.Load():
		n.hot.Store(false)
	case n.level > 0 && n.hasResidentChild():
	default:
		p.evicted.Store(true)
		n.frame.Store(nil)
		p.drop(n)
		return
	}
	p.hand++
}

func (n *node) hasResidentChild() bool {
	f := n.frame.Load()
	if f == nil {
		return false
	}
	for _, c := range f.children {
		if c.frame.Load() != nil {
			return true
		}
	}
	return false
}

// remove forgets n, which the tree has replaced.
func (p *pool) remove(n *node) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n.ring >= 0 {
		p.drop(n)
	}
}

func (p *pool) drop(n *node) {
	last := p.ring[len(p.ring)-1]
	p.ring[n.ring], last.ring = last, n.ring
	p.ring[len(p.ring)-1] = nil
	p.ring = p.ring[:len(p.ring)-1]
	n.ring = -1
}

func (p *pool) len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.ring)
}
