package ssi

import "github.com/minisql/minisql/mvcc"

// Observe adds a transaction of a weaker level. Who commits is told whether the committed transactions, this
// one among them, could still have run one after another. It never fails of itself, and does not make the
// serializable ones fail.
func (g *Graph) Observe(who Party, take func() mvcc.Timestamp) *Node {
	g.enter()
	defer g.mu.Unlock()
	n := g.spare.nodes.get()
	n.g, n.who, n.state, n.observer, n.snap = g, who, active, true, take()
	g.observers++
	g.enterActive(n)
	return n
}

// Advance gives an observer the snapshot of its next statement.
func (n *Node) Advance(take func() mvcc.Timestamp) {
	n.g.enter()
	defer n.g.mu.Unlock()
	n.g.active.remove(n)
	n.snap = take()
	n.g.active.push(n)
}

// Reread tells that an observer has looked at a key again, under a lock, and goes on with what it
// found there: what its statement saw of it before does not matter.
func (n *Node) Reread(key []byte) {
	g := n.act()
	defer g.mu.Unlock()
	for _, e := range append([]*edge(nil), n.out.list...) {
		if e.kind == ReadWrite && e.fromStmt == n.statement() && e.key == string(key[:min(len(key), witnessBytes)]) {
			g.cut(e)
		}
	}
}

// Name is what the literature calls a cycle. Those with two rw edges are skews of writes (G2), those
// with one are of reads (G-single); in each the row that matters may not have been there when it was
// read.
func (f *Failure) Name() string {
	rw, lost, phantom := 0, false, false
	for _, s := range f.Cycle {
		if s.Kind == ReadWrite {
			rw++
		}
		lost, phantom = lost || s.Both, phantom || s.Phantom
	}
	switch {
	case lost:
		return "lost update"
	case rw > 1 && phantom:
		return "phantom skew"
	case rw > 1:
		return "write skew"
	case rw == 1 && f.sameKey() && phantom:
		return "phantom read"
	case rw == 1 && f.sameKey():
		return "non-repeatable read"
	case rw == 1:
		return "read skew"
	}
	return "circular information flow"
}

// sameKey reports whether a cycle of two transactions is about one key. If it has one rw edge,
// somebody read that key twice and found it changed.
func (f *Failure) sameKey() bool {
	if len(f.Cycle) != 2 {
		return false
	}
	key := f.Cycle[0].Key
	return len(key) < witnessBytes && string(key) == string(f.Cycle[1].Key)
}
