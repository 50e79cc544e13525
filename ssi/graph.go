package ssi

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/google/btree"

	"github.com/minisql/minisql/mvcc"
)

// Options of a graph. Published is needed.
type Options struct {
	// Published is the newest timestamp that a snapshot can be taken at.
	Published func() mvcc.Timestamp

	// Table returns what all keys of the key's table, or index, begin with: a node's points
	// become one range of that when there are too many.
	Table func(key []byte) []byte

	// Keep keeps what the snapshot at a timestamp shows from being collected, in the place of the
	// one before; 0 lets go of that. False: it is too late. Nil: nothing is collected.
	Keep func(at mvcc.Timestamp) bool

	// MaxBytes bounds what is remembered, roughly; 0 means 256 MiB. It is divided into bounds of the
	// keys and ranges, the transactions, and the rows that are kept to compare filters with, of
	// which each can be set instead. The default is about a million, 20,000, and 48 MiB.
	MaxBytes                          int64
	MaxEntries, MaxNodes, MaxRowBytes int
}

const (
	maxBytesDefault = 256 << 20
	entryBytes      = 150
	nodeBytes       = 3 << 10 // with its edges and the texts of its statements
)

// Graph is the serializable transactions that are active, or may still be on a cycle.
type Graph struct {
	opts Options

	mu         sync.Mutex     // guards what follows
	active     list           // in the order of their snapshots
	committed  list           // in the order of their commits
	committing []*Node        // of them, those whose timestamps are not taken in
	readers    int            // active nodes that are read-only
	observers  int            // nodes
	commits    int64          // that were decided
	swept      mvcc.Timestamp // see sweep
	tangled    bool           // committed nodes may be on cycles
	pruned     mvcc.Timestamp // the bound of the last prune
	freed      bool           // since then, a node may have become forgettable by other things
	scansMin   int            // see scans.go
	news       bool           // the present act has made edges
	visits     uint64         // searches
	queue      []*Node        // of a search

	finished                atomic.Pointer[Node] // who has ended, or was aborted, since somebody entered, linked by Node.finished; not guarded
	attended                atomic.Bool          // somebody waits for others to end; set under the mutex
	publications, undecided int                  // who waits for a commit's end, and to know whether a snapshot is safe

	wanted   int            // who may start at the last safe snapshot
	lastSafe mvcc.Timestamp // a safe snapshot that is kept; 0: none

	points  map[string]*point
	written *btree.BTreeG[*point] // points with writers
	ranges  intervals             // that were read
	wranges intervals             // that were written: TRUNCATE, and coarsened writes
	moment  atomic.Uint64         // a Moment: 1 plus the commits that are in the engine; not guarded
	entries int                   // links of nodes with points, and ranges
	edges   int

	rowBytes int // of the changes that are kept

	stats Stats
	spare spare
	pivot point // to look for in written

	deaf func(Kind) bool // of tests: edges that are not noticed
}

// point is a key that somebody read or wrote.
type point struct {
	key              string
	readers, writers []access
}

// dropped is what was seen, if it is not known.
const dropped mvcc.Timestamp = math.MaxUint64

// access is a node's first use of a point.
type access struct {
	n    *Node
	stmt uint32

	// Of a reader, and of a writer that was one before: it saw all versions up to seen, and comes before
	// who has written later ones. Where a filter was given up, that does not hold, and seen is dropped.
	seen   mvcc.Timestamp
	filter Filter // only rows that meet it matter; nil: the key matters

	// Of a writer:
	adds   bool    // it put a row where there was none
	read   bool    // it had read the key before: seen is set
	change *Change // nil: not known
}

// Stats are a graph's gauges and counters.
type Stats struct {
	Active, Committed      int // nodes
	Entries, Ranges, Edges int
	RowBytes               int   // of rows that were written, kept to compare filters with
	Failures, Doomed       int64 // 40001 at once, and of transactions that were doomed by another
	Searches, Searched     int64 // for cycles, and edges looked at
	Coarsened, Summarized  int64
	Anomalies              int64          // that observers saw
	SafeSnapshots, Unsafe  int64          // of read-only transactions
	Published, LastSafe    mvcc.Timestamp // the newest snapshot, and the newest known to be safe; 0: none
	OldestActive           mvcc.Timestamp // nothing before it can be in anybody's future
}

// New returns an empty graph.
func New(o Options) *Graph {
	if o.MaxBytes == 0 {
		o.MaxBytes = maxBytesDefault
	}
	if o.MaxEntries == 0 {
		o.MaxEntries = int(o.MaxBytes * 9 / 16 / entryBytes)
	}
	if o.MaxNodes == 0 {
		o.MaxNodes = int(o.MaxBytes / 4 / nodeBytes)
	}
	if o.MaxRowBytes == 0 {
		o.MaxRowBytes = int(o.MaxBytes * 3 / 16)
	}
	if o.Table == nil {
		o.Table = func(key []byte) []byte { return nil }
	}
	g := &Graph{
		opts:     o,
		scansMin: scansMin,
		points:   make(map[string]*point),
		written:  btree.NewG(16, func(a, b *point) bool { return a.key < b.key }),
	}
	g.moment.Store(1)
	return g
}

// Stats returns the present gauges.
func (g *Graph) Stats() Stats {
	g.enter()
	defer g.mu.Unlock()
	s := g.stats
	s.Active, s.Committed = g.active.len, g.committed.len
	s.Entries, s.Ranges, s.Edges, s.RowBytes = g.entries, g.ranges.len+g.wranges.len, g.edges, g.rowBytes
	s.OldestActive = g.bound()
	s.Published, s.LastSafe = g.opts.Published(), g.newestSafe()
	return s
}

// Begin adds a transaction whose snapshot take takes: no transaction that it may not see is
// forgotten meanwhile.
func (g *Graph) Begin(who Party, readOnly bool, take func() mvcc.Timestamp) *Node {
	g.enter()
	defer g.mu.Unlock()
	n := g.spare.nodes.get()
	n.g, n.who, n.state, n.readOnly, n.snap = g, who, active, readOnly, take()
	g.takeDrawn() // what the snapshot has
	if readOnly {
		g.watchSafety(n)
		if n.safety == nil {
			n.state = gone // safe already: nothing is tracked
			return n
		}
	}
	g.enterActive(n)
	if readOnly {
		g.attend()
	}
	return n
}

// Query is Begin for a transaction that is one query, and writes nothing. nil: its snapshot is safe, and nothing
// is tracked. Where transactions are observed it is tracked like others, as what it has read may be a part of their anomalies.
func (g *Graph) Query(who Party, take func() mvcc.Timestamp) *Node {
	g.enter()
	defer g.mu.Unlock()
	at := take()
	g.takeDrawn()
	if g.observers == 0 && g.safe(at) {
		g.stats.SafeSnapshots++
		return nil
	}
	n := g.spare.nodes.get()
	n.g, n.who, n.state, n.readOnly, n.snap = g, who, active, true, at
	g.enterActive(n)
	return n
}

// enterActive is called when the snapshot has just been taken.
func (g *Graph) enterActive(n *Node) {
	g.active.push(n)
	if n.readOnly {
		g.readers++
	} else if g.lastSafe == 0 {
		g.keepSafe()
	}
}

func (g *Graph) leaveActive(n *Node) {
	g.active.remove(n)
	if n.readOnly {
		g.readers--
	}
	if n.safety != nil && n.safety.open() {
		g.undecided--
	}
}

// Read registers that the transaction looked at one key, whether or not it is there, and saw
// its newest version at or before at: the snapshot, or the timestamp of what a look under a lock
// found. With a filter, only a row that meets it matters. An error is a *Failure.
func (n *Node) Read(key []byte, at mvcc.Timestamp, f Filter) error {
	g := n.act()
	defer g.mu.Unlock()
	if n.state != active {
		return nil
	}
	p := g.points[string(key)]
	if !n.readRanges.covers(key, at) {
		p = g.registerRead(p, key, n, at, f)
	}
	if p != nil {
		g.readsPoint(n, p, view{at: at}, f, 0)
	}
	g.wranges.holding(key, func(s *span) { g.reads(n, s.n, view{at: at}, string(key), s.stmt) })
	return g.closes(n)
}

// view says which versions a reader saw: those up to a timestamp; with a moment, instead, those that
// were in the engine then, and perhaps later ones.
type view struct {
	at     mvcc.Timestamp
	moment Moment
}

// sees reports whether a reader saw a writer's versions: all, or none. If neither, it may have seen them.
func (v view) sees(w *Node) (all, none bool) {
	drawn := w.state == committed && w.first != 0
	if v.moment != 0 {
		applied := Moment(w.applied.Load())
		return drawn && applied != 0 && applied <= v.moment, !drawn
	}
	return drawn && w.last <= v.at, !drawn || w.first > v.at
}

// seen is the newest version that may have been seen.
func (v view) seen() mvcc.Timestamp {
	if v.moment != 0 {
		return dropped
	}
	return v.at
}

// reads connects a reader with the writer of something that it looked at.
func (g *Graph) reads(r, w *Node, v view, key string, wrote uint32) {
	if r == w {
		return
	}
	all, none := v.sees(w)
	if !none {
		g.connect(w, r, WriteRead, key, wrote, r.statement())
	}
	if !all {
		g.connect(r, w, ReadWrite, key, r.statement(), wrote)
	}
}

// link reports whether a writer of a point connects those before it with those after it, so that they
// need no edges of their own: the writers of a point come after each other, each with an edge from the
// one before. An observer does not, as others do not see it, nor a summary, which is in several places.
func (w *Node) link() bool { return !w.observer && w.first == w.last }

// readsPoint connects a reader with the writers of a point whose changes meet its filter: the last that it saw,
// and the first that it did not. Those up to base are before it already; see base.
func (g *Graph) readsPoint(r *Node, p *point, v view, f Filter, base mvcc.Timestamp) {
	matters := func(w *access) bool { return w.n != r && w.change.concerns(f) }
	first := len(p.writers)
	for first > 0 {
		if all, _ := v.sees(p.writers[first-1].n); all {
			break
		}
		first--
	}
	for i := first - 1; i >= 0; i-- {
		if w := &p.writers[i]; w.n.link() && w.n.last <= base {
			break
		} else if matters(w) {
			g.reads(r, w.n, v, p.key, w.stmt)
			if w.n.link() {
				break
			}
		}
	}
	for i := first; i < len(p.writers); i++ {
		if w := &p.writers[i]; matters(w) {
			g.reads(r, w.n, v, p.key, w.stmt)
			if _, none := v.sees(w.n); none && w.n.link() {
				break
			}
		}
	}
}

// Snapshot is the transaction's snapshot.
func (n *Node) Snapshot() mvcc.Timestamp { return n.snap }

// Moment is a moment in the order in which commits got into the engine; 0 is none.
type Moment uint64

// Now is the present moment. What is looked at from now on has every commit up to it.
func (g *Graph) Now() Moment { return Moment(g.moment.Load()) }

// ReadRange registers that the transaction looked at all keys with lo ≤ key < hi at its
// snapshot; a nil hi is the end. With a moment, it looked at what was committed, and began
// then: whether it saw those who committed since is not known, so both is assumed. With a filter,
// only rows that meet it matter; the parts of one scan come with the same one.
func (n *Node) ReadRange(lo, hi []byte, at Moment, f Filter) error {
	g := n.act()
	defer g.mu.Unlock()
	if n.state != active {
		return nil
	}
	v := view{at: n.snap, moment: at}
	base := mvcc.Timestamp(0)
	if f == nil && at == 0 {
		base = g.base(n, lo, hi)
	}
	switch {
	case n.readRanges.coversSpan(lo, hi, v.seen()):
	case f != nil:
		g.addFiltered(n, lo, hi, v.seen(), f)
	default:
		if s := g.addRange(&n.readRanges, &g.ranges, n, lo, hi, v.seen()); s.is(lo, hi) {
			s.base = base
		}
	}
	if g.written.Len() > 0 {
		g.pivot.key = string(lo)
		g.written.AscendGreaterOrEqual(&g.pivot, func(p *point) bool {
			if hi != nil && p.key >= string(hi) {
				return false
			}
			g.readsPoint(n, p, v, f, base)
			return true
		})
	}
	g.wranges.overlapping(lo, hi, func(s *span) { g.reads(n, s.n, v, string(s.lo), s.stmt) })
	return g.closes(n)
}

// Write registers that the transaction writes a key: it changes or deletes it, or adds it where there
// was nothing. The change, if it is not nil, belongs to the graph from here on; the keys of a row and of
// its index entries may share one. If seen is not 0, it has looked at the key, too, as in Read.
func (n *Node) Write(key []byte, adds bool, c *Change, seen mvcc.Timestamp, f Filter) error {
	g := n.act()
	defer g.mu.Unlock()
	if n.state != active {
		return nil
	}
	n.wrote = true
	p := g.points[string(key)]
	if !n.writtenRanges.covers(key, 0) {
		p = g.registerWrite(p, key, n, adds, c, seen)
	} else if seen != 0 && !n.readRanges.covers(key, seen) {
		p = g.registerRead(p, key, n, seen, f)
	}
	if seen != 0 {
		if p != nil {
			g.readsPoint(n, p, view{at: seen}, f, 0)
		}
		g.wranges.holding(key, func(s *span) { g.reads(n, s.n, view{at: seen}, string(key), s.stmt) })
	}
	g.probe(n, p, key, c)
	return g.closes(n)
}

// probe connects the writer of a key with those who have read or written it before. Who has written it
// last stands between it and those who came earlier.
func (g *Graph) probe(n *Node, p *point, key []byte, c *Change) {
	var last *Node
	var at string
	if p == nil || p.key == "" { // n was coarsened, and the point is gone
		at = string(key)
	} else {
		at = p.key
		for i := len(p.writers) - 1; i >= 0 && last == nil; i-- {
			w := &p.writers[i]
			g.overwrites(n, w.n, at, w.stmt)
			if w.n != n && w.n.state == committed && w.n.first != 0 && w.n.link() {
				last = w.n
			}
		}
	}
	read := func(r *Node, seen mvcc.Timestamp, f Filter, stmt uint32) {
		before := f == nil && last != nil && seen < last.first // and so before n
		if r != n && !before && c.concerns(f) {
			g.connect(r, n, ReadWrite, at, stmt, n.statement())
		}
	}
	if p != nil {
		for i := range p.readers {
			r := &p.readers[i]
			read(r.n, r.seen, r.filter, r.stmt)
		}
	}
	g.ranges.holding(key, func(s *span) { read(s.n, s.seen, s.filter, s.stmt) })
	g.wranges.holding(key, func(s *span) { g.overwrites(n, s.n, at, s.stmt) })
}

// overwrites connects a writer with one who has committed another version before. Who is still
// active cannot have written the key: it would hold a lock on it.
func (g *Graph) overwrites(n, before *Node, key string, stmt uint32) {
	if before.state == committed {
		g.connect(before, n, WriteWrite, key, stmt, n.statement())
	}
}

// WriteRange registers that the transaction writes all keys with lo ≤ key < hi.
func (n *Node) WriteRange(lo, hi []byte) error {
	g := n.act()
	defer g.mu.Unlock()
	if n.state != active {
		return nil
	}
	n.wrote = true
	g.writeRange(n, lo, hi)
	return g.closes(n)
}

func (g *Graph) writeRange(n *Node, lo, hi []byte) {
	if !n.writtenRanges.coversSpan(lo, hi, 0) {
		g.addRange(&n.writtenRanges, &g.wranges, n, lo, hi, 0)
	}
	g.ranges.overlapping(lo, hi, func(s *span) { g.connect(s.n, n, ReadWrite, string(s.lo), s.stmt, n.statement()) })
	g.wranges.overlapping(lo, hi, func(s *span) { g.overwrites(n, s.n, string(s.lo), s.stmt) })
	for _, p := range g.points { // rare: a table is emptied, or a node coarsened
		if p.key < string(lo) || (hi != nil && p.key >= string(hi)) {
			continue
		}
		for _, r := range p.readers {
			g.connect(r.n, n, ReadWrite, p.key, r.stmt, n.statement())
		}
		for _, w := range p.writers {
			g.overwrites(n, w.n, p.key, w.stmt)
		}
	}
}

// registerRead notes the node as a reader of a point, once, and returns the point.
func (g *Graph) registerRead(p *point, key []byte, n *Node, seen mvcc.Timestamp, f Filter) *point {
	p = g.pointAt(p, key)
	if a := find(p.readers, n); a != nil {
		a.seen = max(a.seen, seen)
		switch {
		case a.filter == f || a.filter == nil:
		case f == nil:
			a.filter = nil
		default:
			a.filter, a.seen = nil, dropped
		}
		return p
	}
	p.readers = append(p.readers, access{n: n, stmt: n.statement(), seen: seen, filter: f})
	n.reads = append(n.reads, p)
	g.entered(n)
	return p
}

// registerWrite notes the node as a writer of a point, once, and returns the point. If it was a reader
// of it, or is one by seen, it need not be in that list: whoever writes the key next comes after the writer.
func (g *Graph) registerWrite(p *point, key []byte, n *Node, adds bool, c *Change, seen mvcc.Timestamp) *point {
	p = g.pointAt(p, key)
	if a := find(p.writers, n); a != nil {
		if seen != 0 && !a.read {
			n.reads = append(n.reads, p)
			a.read = true
		}
		a.seen = max(a.seen, seen)
		g.rowBytes -= a.change.bytes()
		a.change = g.keep(c.after(a.change))
		g.rowBytes += a.change.bytes()
		return p
	}
	if len(p.writers) == 0 {
		g.written.ReplaceOrInsert(p)
	}
	c = g.keep(c)
	g.rowBytes += c.bytes()
	a := access{n: n, stmt: n.statement(), adds: adds, change: c}
	was := find(p.readers, n)
	switch {
	case was != nil:
		a.read, a.seen = true, max(was.seen, seen)
	case seen != 0:
		a.read, a.seen = true, seen
		n.reads = append(n.reads, p)
	}
	p.writers = append(p.writers, a)
	n.writes = append(n.writes, p)
	if was != nil {
		g.leave(p, &p.readers, n) // it stays in n.reads
	}
	g.entered(n)
	return p
}

// pointAt returns p, or a new point for key if it is nil.
func (g *Graph) pointAt(p *point, key []byte) *point {
	if p == nil {
		p = g.spare.points.get()
		p.key = string(key)
		g.points[p.key] = p
	}
	return p
}

// find returns what a list has of n, or nil. A node that was here is among the last, or it is one of few.
func find(list []access, n *Node) *access {
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].n == n {
			return &list[i]
		}
	}
	return nil
}

// entered counts an access of n.
func (g *Graph) entered(n *Node) {
	g.entries++
	if g.entries > g.opts.MaxEntries {
		g.coarsen(n)
	}
}

// addRange puts a range into a node's own and into all, merged with those that it touches.
func (g *Graph) addRange(own *spans, all *intervals, n *Node, lo, hi []byte, seen mvcc.Timestamp) *span {
	s := g.newSpan(lo, hi, n)
	s.seen = seen
	i := (*own).find(lo)
	if i > 0 && string((*own)[i-1].hi) == string(lo) {
		i--
	}
	j := i
	for ; j < len(*own) && (hi == nil || string((*own)[j].lo) <= string(hi)); j++ {
		x := (*own)[j]
		if string(x.lo) < string(s.lo) {
			s.setLo(x.lo)
		}
		if lessHi(s.hi, x.hi) {
			s.setHi(x.hi)
		}
		s.stmt, s.seen = min(s.stmt, x.stmt), max(s.seen, x.seen)
		g.dropSpan(all, x)
	}
	*own = slices.Replace(*own, i, j, s)
	all.insert(s)
	g.entries++
	return s
}

// forgetEntries takes a node out of every point and range.
func (g *Graph) forgetEntries(n *Node) {
	for _, p := range n.reads {
		g.leave(p, &p.readers, n)
	}
	for _, p := range n.writes {
		g.leaveWriters(p, n)
	}
	for _, s := range n.readRanges {
		g.dropSpan(&g.ranges, s)
	}
	for _, s := range n.filtered {
		g.dropSpan(&g.ranges, s)
	}
	for _, s := range n.writtenRanges {
		g.dropSpan(&g.wranges, s)
	}
	n.reads, n.writes = retain(n.reads), retain(n.writes)
	n.readRanges, n.writtenRanges, n.filtered = retain(n.readRanges), retain(n.writtenRanges), retain(n.filtered)
}

// leave takes a node, if it is there, out of a list of a point, and forgets the point if it was the last.
func (g *Graph) leave(p *point, list *[]access, n *Node) {
	l := *list
	for i := range l {
		if l[i].n == n {
			g.rowBytes -= l[i].change.bytes()
			copy(l[i:], l[i+1:])
			l[len(l)-1] = access{}
			*list = l[:len(l)-1]
			g.entries--
			if len(p.readers)+len(p.writers) == 0 {
				delete(g.points, p.key)
				*p = point{readers: retain(p.readers), writers: retain(p.writers)}
				g.spare.points.put(p)
			}
			return
		}
	}
}

// leaveWriters is leave for a writer.
func (g *Graph) leaveWriters(p *point, n *Node) {
	if len(p.writers) == 1 && p.writers[0].n == n {
		g.written.Delete(p)
	}
	g.leave(p, &p.writers, n)
}
