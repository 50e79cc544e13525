package ssi

import (
	"slices"

	"github.com/minisql/minisql/mvcc"
)

// Precommit decides whether the transaction may commit. If so it counts as committed from here
// on: SetCommit and Ended must follow, or Abort; if it leaves no writes behind, this was its end. An error is a
// *Failure, and Abort must follow.
//
// Where transactions are observed, anomaly is a cycle of committed ones that this one closes, of which an observer
// is one. It is an error only if strict is set.
func (n *Node) Precommit(wrote, strict bool) (anomaly *Failure, err error) {
	g := n.act()
	defer g.mu.Unlock()
	if n.state != active {
		return nil, nil
	}
	if n.doomed != nil {
		return nil, g.fail(n.doomed)
	}
	for !n.observer {
		cycle, fails := g.cycle(n)
		if fails {
			return nil, g.fail(failure(n, cycle))
		}
		if cycle == nil {
			break
		}
		victim := victimOf(cycle)
		victim.doomed = failure(victim, cycle)
		g.stats.Doomed++
	}
	if g.observers > 0 && len(n.in.list) > 0 {
		if cycle, _ := g.search(n, throughObserved); cycle != nil {
			anomaly = failure(n, cycle)
			g.stats.Anomalies++
			if strict {
				return anomaly, anomaly
			}
			g.tangled = true
		}
	}
	n.state, n.wrote = committed, wrote
	g.leaveActive(n)
	g.committed.push(n)
	g.commits++
	if g.committed.len+g.active.len > g.opts.MaxNodes {
		g.summarize()
	}
	if wrote {
		g.committing = append(g.committing, n)
	} else {
		g.end(n)
		g.prune()
	}
	return anomaly, nil
}

// victimOf chooses who is doomed by the commit of the first node of a cycle: the one that read
// what it wrote, if it is active, else another active one, between two rw edges if possible.
func victimOf(cycle []*edge) *Node {
	last := cycle[len(cycle)-1]
	if last.from.state == active && last.kind == ReadWrite {
		return last.from
	}
	var other *Node
	for i := 1; i < len(cycle); i++ {
		n := cycle[i].from
		if n.state != active {
			continue
		}
		if cycle[i].kind == ReadWrite && cycle[i-1].kind == ReadWrite {
			return n
		}
		other = n
	}
	return other
}

// SetCommit tells the commit's timestamp, before it is published. It does not wait: others want to
// draw theirs.
func (n *Node) SetCommit(at mvcc.Timestamp) { n.drawn.Store(uint64(at)) }

// enter locks the graph, and takes in the timestamps that were drawn, and who has ended.
func (g *Graph) enter() {
	g.mu.Lock()
	g.catchUp()
}

// catchUp takes in what commits have told. Who has ended has drawn before.
func (g *Graph) catchUp() {
	var n *Node
	if g.finished.Load() != nil {
		n = g.finished.Swap(nil)
	}
	g.takeDrawn()
	if n == nil {
		return
	}
	for n != nil {
		next := n.finished
		n.finished = nil
		if n.aborted {
			g.abort(n)
		} else {
			g.end(n)
		}
		n = next
	}
	g.prune()
}

func (g *Graph) takeDrawn() {
	if len(g.committing) == 0 {
		return
	}
	kept := g.committing[:0]
	for _, n := range g.committing {
		if at := mvcc.Timestamp(n.drawn.Load()); at != 0 {
			n.first, n.last = at, at
		} else {
			kept = append(kept, n)
		}
	}
	clear(g.committing[len(kept):])
	g.committing = kept
}

// Applied tells that the commit is in the engine, for those who look at what is committed.
func (n *Node) Applied() { n.applied.Store(n.g.moment.Add(1)) }

// Ended tells that the commit is published. It does not wait, unless others wait for it: what is not needed any more
// is forgotten by the next who enters.
func (n *Node) Ended() { n.finish() }

// Abort takes the transaction out of the graph, in the same way.
func (n *Node) Abort() {
	n.aborted = true
	n.finish()
}

func (n *Node) finish() {
	g := n.g
	for {
		n.finished = g.finished.Load()
		if g.finished.CompareAndSwap(n.finished, n) {
			break
		}
	}
	if g.attended.Load() {
		g.enter()
		g.attend()
		g.mu.Unlock()
	}
}

// end takes in that a node's commit is published.
func (g *Graph) end(n *Node) {
	g.settle(n)
	g.ended(n)
	g.supersede(n)
	g.freed = g.freed || g.forgettable(n, g.pruned)
}

// attend is called when there may be somebody who waits for others to end, or nobody any more.
func (g *Graph) attend() {
	g.attended.Store(g.undecided > 0 || g.publications > 0 || g.wanted > 0 || g.lastSafe != 0)
	g.catchUp()
}

// publication returns a channel that is closed when the commit of the transaction with that number, which was n, is published,
// or has failed; nil if it does not commit, or no more. A reader on a snapshot that turned out safe is gone, and still running.
func (g *Graph) publication(n *Node, id uint64) <-chan struct{} {
	g.enter()
	defer g.mu.Unlock()
	if n.who.ID != id || n.ended || n.state != committed {
		return nil
	}
	if n.published == nil {
		n.published = make(chan struct{})
		g.publications++
		published := n.published
		g.attend() // it may have ended just now
		return published
	}
	return n.published
}

// settle lets those go on who wait for the end of a commit.
func (g *Graph) settle(n *Node) {
	n.ended = true
	if n.published != nil {
		close(n.published)
		n.published = nil
		g.publications--
	}
}

// abort takes a node out of the graph.
func (g *Graph) abort(n *Node) {
	g.settle(n)
	switch n.state {
	case gone:
		return
	case committed: // the commit itself has failed
		g.committed.remove(n)
		g.committing = slices.DeleteFunc(g.committing, func(x *Node) bool { return x == n })
	case active:
		g.leaveActive(n)
	}
	n.state = gone
	g.ended(n)
	g.forget(n)
}

// RollbackTo takes back what was written since a command, but for the keys that still are: kept calls
// its argument for each, as Write is. What was read stays read.
func (n *Node) RollbackTo(command uint32, kept func(write func(key []byte, adds bool))) {
	g := n.act()
	defer g.mu.Unlock()
	if n.state != active || !n.wrote {
		return
	}
	undone := make(map[string]access, len(n.writes))
	for _, p := range n.writes {
		undone[p.key] = *find(p.writers, n)
		g.leaveWriters(p, n)
	}
	n.writes = n.writes[:0]
	// Edges that lead here come of writes, or of reads of what others wrote.
	for _, e := range append([]*edge(nil), n.in.list...) {
		if !e.unwrite() {
			g.cut(e)
		}
	}
	kept(func(key []byte, adds bool) {
		was := undone[string(key)]
		delete(undone, string(key))
		c := was.change.before(command)
		p := g.registerWrite(g.points[string(key)], key, n, adds, c, 0)
		if a := find(p.writers, n); a != nil && was.read {
			a.read, a.seen = true, was.seen
		}
		g.probe(n, p, key, c)
	})
	for key, was := range undone {
		if was.read {
			g.registerRead(g.points[key], []byte(key), n, was.seen, nil)
		}
	}
}

// bound is the oldest timestamp that a snapshot has or may get.
func (g *Graph) bound() mvcc.Timestamp {
	if g.active.first != nil {
		return g.active.first.snap
	}
	return g.opts.Published()
}

// forgettable reports whether a committed node can be on no cycle: every snapshot, now and later, has
// its commit, so that no edge to it can arise, and there is none. Its end is not waited for any more.
func (g *Graph) forgettable(n *Node, bound mvcc.Timestamp) bool {
	return n.ended && len(n.in.list) == 0 && (!n.wrote || n.last != 0 && n.last <= bound)
}

// prune forgets the nodes that are forgettable.
func (g *Graph) prune() {
	bound := g.bound()
	if bound == g.pruned && !g.freed && !g.tangled {
		return // none was waiting for what has happened since the last time
	}
	g.pruned = bound
	if g.committed.first == nil {
		g.tangled = false
	}
	if g.tangled && (bound > g.swept || g.active.len == 0) {
		g.swept = bound
		g.sweep(bound)
	}
	for again := true; again; {
		again = false
		for n, next := g.committed.first, (*Node)(nil); n != nil; n = next {
			next = n.next
			if n.wrote && n.last > bound {
				break // so are the rest, but for those whose timestamp is not drawn yet
			}
			if !g.forgettable(n, bound) {
				continue
			}
			again = again || len(n.out.list) > 0
			g.committed.remove(n)
			g.forget(n)
		}
	}
	g.freed = false
}

// sweep forgets committed nodes to which no path leads from one to which an edge can arise. That
// is what prune does, for a graph in which committed nodes are on cycles: summaries, on some that
// nobody was on, and observers.
func (g *Graph) sweep(bound mvcc.Timestamp) {
	kept := map[*Node]bool{}
	var keep func(n *Node)
	keep = func(n *Node) {
		if kept[n] {
			return
		}
		kept[n] = true
		for _, e := range n.out.list {
			keep(e.to)
		}
	}
	for n := g.active.first; n != nil; n = n.next {
		keep(n)
	}
	for n := g.committed.first; n != nil; n = n.next {
		if n.wrote && (n.last == 0 || n.last > bound) {
			keep(n)
		}
	}
	for n, next := g.committed.first, (*Node)(nil); n != nil; n = next {
		next = n.next
		if !kept[n] && n.ended {
			g.committed.remove(n)
			g.forget(n)
		}
	}
}

// forget removes what is known of a node that is in no list any more.
func (g *Graph) forget(n *Node) {
	g.forgetEntries(n)
	g.disconnect(n)
	g.retire(n)
}
