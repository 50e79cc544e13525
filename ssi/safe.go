package ssi

import "github.com/minisql/minisql/mvcc"

// safety follows whether a read-only transaction's snapshot is safe: it is, if none of the
// read-write transactions that were active when it was taken commits with an rw edge to one that
// committed before (Ports and Grittner 2012, section 4.2). On a safe snapshot nothing needs to be
// tracked.
type safety struct {
	waiting map[*Node]struct{}
	unsafe  bool
	decided chan struct{} // closed once it is known
}

// open reports whether it is not known yet.
func (s *safety) open() bool { return !s.unsafe && len(s.waiting) > 0 }

// watchSafety gives a read-only node its safety, or nil if its snapshot is safe already.
func (g *Graph) watchSafety(n *Node) {
	s := &safety{waiting: make(map[*Node]struct{}), decided: make(chan struct{})}
	for w := g.active.first; w != nil; w = w.next {
		if !w.readOnly && !w.observer {
			s.waiting[w] = struct{}{}
		}
	}
	for w := g.committed.first; w != nil; w = w.next {
		if w.unsafeFrom(n.snap) != 0 {
			s.unsafe = true
		}
	}
	if len(s.waiting) == 0 && !s.unsafe {
		g.stats.SafeSnapshots++
		return
	}
	n.safety = s
	if s.unsafe {
		g.stats.Unsafe++
		close(s.decided)
	} else {
		g.undecided++
	}
}

// safe reports whether a snapshot that has just been taken is known to be safe already, where nobody is observed. Unlike
// watchSafety, which waits for whom PostgreSQL waits for, it does not mind active transactions that see all that it shows,
// and narrow ones.
func (g *Graph) safe(at mvcc.Timestamp) bool {
	for w := g.active.first; w != nil && w.snap < at; w = w.next {
		if !w.readOnly && !w.narrow.Load() {
			return false
		}
	}
	for w := g.committed.first; w != nil; w = w.next {
		if w.unsafeFrom(at) != 0 {
			return false
		}
	}
	return true
}

// Narrow tells that the transaction will have read no key but those that it writes, or will write nothing. It endangers
// nobody's snapshot: whoever overwrites what it has read makes it fail, as it comes second, or nobody is before it. Only its
// own goroutine calls this, before it reads.
func (n *Node) Narrow() { n.narrow.Store(true) }

// unsafeFrom returns from which snapshot on, up to the commit of w, a reader can see a state that the
// order of w and others forbids: w is not in it, and what w has to be before is. 0: snapshot at is not
// among them.
func (w *Node) unsafeFrom(at mvcc.Timestamp) (from mvcc.Timestamp) {
	if w.state != committed || !w.wrote || w.observer || (w.last != 0 && w.last <= at) {
		return 0
	}
	if w.first != 0 && w.first <= at {
		return w.first // a summary of several: the edge may be within it
	}
	for _, e := range w.out.list {
		if e.kind != ReadWrite || e.to.observer || e.to.state != committed || e.to.first == 0 || e.to.first > at {
			continue
		}
		if from == 0 || e.to.first < from {
			from = e.to.first
		}
	}
	return from
}

// newestSafe returns the newest snapshot that is known to be safe; 0 is none. Those who can endanger
// a snapshot began before it and commit after it, so where everybody active began at it or later, all
// that matters has committed. It has not been forgotten either, from the graph's bound on.
func (g *Graph) newestSafe() mvcc.Timestamp {
	bound := g.opts.Published()
	at := bound
	for n := g.active.first; n != nil; n = n.next {
		bound = min(bound, n.snap)
		if !n.readOnly && !n.observer {
			at = min(at, n.snap)
		}
	}
	for at > g.lastSafe && at >= bound {
		from := mvcc.Timestamp(0)
		for w := g.committed.first; w != nil; w = w.next {
			if b := w.unsafeFrom(at); b != 0 && (from == 0 || b < from) {
				from = b
			}
		}
		if from == 0 {
			return at
		}
		at = from - 1
	}
	return g.lastSafe
}

// LastSafe has a read-only transaction start at the newest snapshot that is known to be safe, if
// there is one and take can have it. Nothing else needs to be done for it. The snapshot may be
// older than the newest commit.
func (g *Graph) LastSafe(take func(at mvcc.Timestamp) bool) bool {
	g.enter()
	defer g.mu.Unlock()
	at := g.newestSafe()
	if at == 0 || !take(at) {
		return false
	}
	g.stats.SafeSnapshots++
	return true
}

// WantLastSafe tells that one more, or one less, may call LastSafe: as long as there is anybody, a safe
// snapshot is kept.
func (g *Graph) WantLastSafe(more bool) {
	g.enter()
	defer g.mu.Unlock()
	if more {
		g.wanted++
	} else {
		g.wanted--
	}
	g.keepSafe()
	g.attend()
}

// keepSafe keeps the newest safe snapshot from the garbage collector while somebody wants it and
// read-write transactions are active or committing: at other times the present is safe.
func (g *Graph) keepSafe() {
	if g.wanted == 0 && g.lastSafe == 0 {
		return
	}
	at := mvcc.Timestamp(0)
	if g.wanted > 0 && g.writing() {
		at = g.newestSafe()
	}
	if at != g.lastSafe && (g.opts.Keep == nil || g.opts.Keep(at)) {
		g.lastSafe = at
	}
}

// writing reports whether a read-write transaction is active, or its commit not published yet.
func (g *Graph) writing() bool {
	for n := g.active.first; n != nil; n = n.next {
		if !n.readOnly && !n.observer {
			return true
		}
	}
	published := g.opts.Published()
	for w := g.committed.first; w != nil; w = w.next {
		if w.wrote && !w.observer && (w.last == 0 || w.last > published) {
			return true
		}
	}
	return false
}

// ended is called when a node committed or is gone.
func (g *Graph) ended(w *Node) {
	if !w.readOnly && !w.observer {
		g.keepSafe()
	}
	for r, next := g.active.first, (*Node)(nil); r != nil && g.readers > 0; r = next {
		next = r.next
		s := r.safety
		if s == nil || s.unsafe {
			continue
		}
		if _, ok := s.waiting[w]; !ok {
			continue
		}
		delete(s.waiting, w)
		switch {
		case w.unsafeFrom(r.snap) != 0:
			s.unsafe, s.waiting = true, nil
			g.undecided--
			g.stats.Unsafe++
			close(s.decided)
		case len(s.waiting) == 0:
			g.undecided--
			g.stats.SafeSnapshots++
			close(s.decided)
			g.leaveActive(r)
			g.forget(r)
		}
	}
}

// Decided returns a channel that is closed once it is known whether a read-only transaction's
// snapshot is safe; nil if it was at once.
func (n *Node) Decided() <-chan struct{} {
	if n.safety == nil {
		return nil
	}
	return n.safety.decided
}

// Safe reports whether the transaction is on a safe snapshot.
func (n *Node) Safe() bool {
	n.g.enter()
	defer n.g.mu.Unlock()
	return n.readOnly && n.state == gone && n.doomed == nil
}

// WaitsFor returns the sessions that a read-only transaction's safety depends on.
func (n *Node) WaitsFor() []int32 {
	n.g.enter()
	defer n.g.mu.Unlock()
	if n.safety == nil {
		return nil
	}
	var pids []int32
	for w := range n.safety.waiting {
		pids = append(pids, w.who.PID)
	}
	return pids
}
