package ssi

// coarsen makes room: the points of the oldest committed node that has many, or of the acting one,
// become ranges of whole tables, and its filters go. It adds edges with those who used other keys of them, and loses
// none.
func (g *Graph) coarsen(acting *Node) {
	const many = 16
	n := acting
	for x := g.committed.first; x != nil; x = x.next {
		if len(x.reads) >= many || len(x.writes) >= many {
			n = x
			break
		}
	}
	g.stats.Coarsened++
	reads, writes := n.reads, n.writes
	n.reads, n.writes = nil, nil
	readTables, writtenTables := map[string]bool{}, map[string]bool{}
	for _, p := range reads {
		readTables[string(g.opts.Table([]byte(p.key)))] = true
		g.leave(p, &p.readers, n)
	}
	for _, p := range writes {
		writtenTables[string(g.opts.Table([]byte(p.key)))] = true
		g.leaveWriters(p, n)
	}
	g.dropFilters(n)
	// The edges of the points exist already; those of other keys may be missing only
	// towards who comes later, and finds the ranges. It is not before who has written other keys since, so seen is dropped.
	for t := range readTables {
		g.addRange(&n.readRanges, &g.ranges, n, []byte(t), afterPrefix([]byte(t)), dropped)
	}
	for t := range writtenTables {
		g.addRange(&n.writtenRanges, &g.wranges, n, []byte(t), afterPrefix([]byte(t)), 0)
	}
}

// afterPrefix returns the first key that does not begin with prefix; nil is the end.
func afterPrefix(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xff {
			hi := append([]byte(nil), prefix[:i+1]...)
			hi[i]++
			return hi
		}
	}
	return nil
}

// summarize makes one node of the two oldest ones whose commits are published, as
// PostgreSQL does: it has the entries and the edges of both. Of others the end is still waited for.
func (g *Graph) summarize() {
	var a, b *Node
	for x := g.committed.first; x != nil; x = x.next {
		if !x.ended {
			continue
		}
		if a == nil {
			a = x
			continue
		}
		b = x
		break
	}
	if b == nil {
		return
	}
	g.stats.Summarized++
	g.committed.remove(b)
	if b.wrote {
		if !a.wrote || b.first < a.first {
			a.first = b.first
		}
		a.last = max(a.last, b.last)
		if at := a.applied.Load(); at != 0 && b.applied.Load() != 0 {
			a.applied.Store(max(at, b.applied.Load()))
		} else {
			a.applied.Store(0)
		}
	}
	a.wrote = a.wrote || b.wrote
	if a.observer && !b.observer {
		a.observer = false
		g.observers--
	}
	g.tangled = true
	for _, p := range b.reads {
		g.inherit(p, &p.readers, &a.reads, b, a)
	}
	for _, p := range b.writes {
		g.inherit(p, &p.writers, &a.writes, b, a)
	}
	g.dropFilters(b)
	for _, s := range b.readRanges {
		if !a.readRanges.coversSpan(s.lo, s.hi, s.seen) {
			g.addRange(&a.readRanges, &g.ranges, a, s.lo, s.hi, s.seen)
		}
	}
	for _, s := range b.writtenRanges {
		if !a.writtenRanges.coversSpan(s.lo, s.hi, 0) {
			g.addRange(&a.writtenRanges, &g.wranges, a, s.lo, s.hi, 0)
		}
	}
	for _, e := range b.in.list {
		g.connect(e.from, a, e.kind, e.key, e.fromStmt, e.toStmt)
	}
	for _, e := range b.out.list {
		g.connect(a, e.to, e.kind, e.key, e.fromStmt, e.toStmt)
	}
	b.reads, b.writes, b.changes = nil, nil, changes{} // a's by now
	g.forget(b)
}

// inherit puts heir in the place of n at a point.
func (g *Graph) inherit(p *point, list *[]access, own *[]*point, n, heir *Node) {
	was, has := find(*list, n), find(*list, heir)
	switch {
	case was == nil:
	case has == nil:
		was.n = heir
		*own = append(*own, p)
	default:
		g.rowBytes -= has.change.bytes()
		if has.filter != nil || was.filter != nil {
			has.seen = dropped
		}
		has.seen, has.filter, has.change = max(has.seen, was.seen), nil, nil
		g.leave(p, list, n)
	}
}
