package ssi

// safety follows whether a read-only transaction's snapshot is safe: it is, if none of the
// read-write transactions that were active when it was taken commits with an rw edge to one that
// committed before (Ports and Grittner 2012, section 4.2). On a safe snapshot nothing needs to be
// tracked.
type safety struct {
	waiting map[*Node]struct{}
	unsafe  bool
	decided chan struct{} // closed once it is known
}

// watchSafety gives a read-only node its safety, or nil if its snapshot is safe already.
func (g *Graph) watchSafety(n *Node) {
	s := &safety{waiting: make(map[*Node]struct{}), decided: make(chan struct{})}
	for w := range g.active {
		if !w.readOnly && !w.observer {
			s.waiting[w] = struct{}{}
		}
	}
	for w := g.oldest; w != nil; w = w.next {
		if w.wrote && !w.observer && (w.last == 0 || w.last > n.snap) && w.endangers(n) {
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
	}
}

// endangers reports whether a reader with r's snapshot can see a state that the order of w
// and others forbids.
func (w *Node) endangers(r *Node) bool {
	for _, e := range w.out.list {
		if e.kind == ReadWrite && !e.to.observer && e.to.state == committed && e.to.first != 0 && e.to.first <= r.snap {
			return true
		}
	}
	return false
}

// ended is called when a node committed or is gone.
func (g *Graph) ended(w *Node) {
	for r := range g.active {
		s := r.safety
		if s == nil || s.unsafe {
			continue
		}
		if _, ok := s.waiting[w]; !ok {
			continue
		}
		delete(s.waiting, w)
		switch {
		case w.state == committed && w.endangers(r):
			s.unsafe = true
			g.stats.Unsafe++
			close(s.decided)
		case len(s.waiting) == 0:
			g.stats.SafeSnapshots++
			close(s.decided)
			delete(g.active, r)
			r.state = gone
			g.forgetEntries(r)
			g.disconnect(r)
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
	n.g.mu.Lock()
	defer n.g.mu.Unlock()
	return n.readOnly && n.state == gone && n.doomed == nil
}

// WaitsFor returns the sessions that a read-only transaction's safety depends on.
func (n *Node) WaitsFor() []int32 {
	n.g.mu.Lock()
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
