package storagetest

import (
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
)

// state is what a disk holds for certain, and what is on its way there. It is made by
// applying a history event by event; a crash decides about what is on its way.
//
//	event:   write 1   write 2   sync   write 3   write 4
//	         ────────────────────────┤ ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ ✗ crash
//	                  durable            pending: any part may be there
type state struct {
	nodes map[uint64]*nodeState
	now   int // number of the next event, so that pending ones have an order among files
}

const rootID = 1

// nodeState is a file or directory.
type nodeState struct {
	bytes  content
	writes []pendingWrite

	names   map[string]uint64 // of a directory; nil for a file
	changes []pendingNames
}

type pendingWrite struct {
	when int
	extent
}

// pendingNames is the part of a change of names that concerns one directory.
type pendingNames struct {
	when  int
	names []binding
}

func newState() *state {
	return &state{nodes: map[uint64]*nodeState{rootID: {names: make(map[string]uint64)}}}
}

// node returns a node, which may be new.
func (s *state) node(id uint64) *nodeState {
	n := s.nodes[id]
	if n == nil {
		n = &nodeState{}
		s.nodes[id] = n
	}
	return n
}

// apply does the next event.
func (s *state) apply(e event) {
	switch e.what {
	case evWrite:
		n := s.node(e.node)
		n.writes = append(n.writes, pendingWrite{s.now, e.write})
	case evSync:
		s.node(e.node).settle()
	case evNames:
		byDir := make(map[uint64][]binding)
		for _, b := range e.names {
			byDir[b.dir] = append(byDir[b.dir], b)
			if b.node != 0 && b.isDir {
				if n := s.node(b.node); n.names == nil {
					n.names = make(map[string]uint64)
				}
			}
		}
		for dir, names := range byDir {
			n := s.node(dir)
			n.changes = append(n.changes, pendingNames{s.now, names})
		}
	}
	s.now++
}

// settle makes all that is on its way durable.
func (n *nodeState) settle() {
	for _, w := range n.writes {
		n.bytes.write(w.extent, w.off, w.end())
	}
	for _, c := range n.changes {
		n.rename(c)
	}
	n.writes, n.changes = nil, nil
}

func (n *nodeState) rename(c pendingNames) {
	for _, b := range c.names {
		if b.node != 0 {
			n.names[b.name] = b.node
		} else {
			delete(n.names, b.name)
		}
	}
}

func (n *nodeState) clone() *nodeState {
	return &nodeState{n.bytes.clone(), slices.Clone(n.writes), maps.Clone(n.names), slices.Clone(n.changes)}
}

func (s *state) clone() *state {
	c := &state{nodes: make(map[uint64]*nodeState, len(s.nodes)), now: s.now}
	for id, n := range s.nodes {
		c.nodes[id] = n.clone()
	}
	return c
}

// disk returns a disk on which a process finds everything, pending or not. It keeps s.
func (s *state) disk() *Disk {
	d := &Disk{start: s, locked: make(map[string]bool)}
	inodes := make(map[uint64]*inode)
	for id, n := range s.nodes {
		d.lastID = max(d.lastID, id)
		seen := n.clone()
		seen.settle()
		i := &inode{id: id, content: seen.bytes}
		if n.names != nil {
			i.entries = make(map[string]*inode)
		}
		inodes[id] = i
	}
	for id, n := range s.nodes {
		seen := n.clone()
		seen.settle()
		for name, child := range seen.names {
			inodes[id].entries[name] = inodes[child]
		}
	}
	d.root = inodes[rootID]
	return d
}

// loss says what becomes of what is pending when the power is cut.
type loss int

const (
	loseAll  loss = iota // nothing of it is on the disk
	keepAll              // all of it is
	scatter              // any sectors of any writes, any changes of names; one sector is garbage
	tornTail             // everything in order up to some sector of the last write
	tornHead             // everything but the first sectors of the last write
	killed               // the process died, the power is on: everything is there, and still pending
	losses
)

func (l loss) String() string {
	return [...]string{"nothing unsynced is left", "everything is left", "scattered sectors are left",
		"the last write ends early", "the last write begins late", "only the process ends"}[l]
}

// crash returns what the disk holds after a crash. Nothing is pending in it, but after a kill.
//
// It assumes of disks and file systems that a sector's bytes that were durable are not harmed
// when other bytes of the sector are written ("powersafe overwrite"), and that one
// change of names within a directory is atomic. Changes of names reach the disk in the
// order in which they were made, as journals keep it, or, if it is said so, in any.
func (s *state) crash(l loss, anyNames bool, r *rand.Rand) *state {
	if l == killed {
		return s.reachable().clone()
	}
	c := &state{nodes: make(map[uint64]*nodeState, len(s.nodes)), now: s.now}
	last := -1 // the last pending write
	for _, n := range s.nodes {
		if k := len(n.writes); k > 0 {
			last = max(last, n.writes[k-1].when)
		}
	}
	keepNames, keepSectors := 1+r.IntN(9), []int{1, 5, 9}[r.IntN(3)] // tenths
	namesUntil := s.namesUntil(r)
	garbled := r.IntN(2) == 0
	for _, id := range slices.Sorted(maps.Keys(s.nodes)) { // in order, for r
		n := s.nodes[id].clone()
		c.nodes[id] = n
		switch l {
		case loseAll:
			n.writes, n.changes = nil, nil
		case keepAll:
		case scatter:
			n.scatter(r, keepSectors, garbled)
			n.changes = slices.DeleteFunc(n.changes, func(c pendingNames) bool {
				if anyNames {
					return r.IntN(10) >= keepNames
				}
				return c.when >= namesUntil
			})
		case tornTail, tornHead:
			if k := len(n.writes) - 1; k >= 0 && n.writes[k].when == last {
				n.tear(r, l == tornTail, garbled)
			}
		}
		n.settle()
	}
	return c.reachable()
}

// namesUntil is a random one of the pending changes of names, or behind them.
func (s *state) namesUntil(r *rand.Rand) int {
	at := []int{s.now}
	for _, n := range s.nodes {
		for _, c := range n.changes {
			at = append(at, c.when)
		}
	}
	slices.Sort(at)
	return at[r.IntN(len(at))]
}

// scatter makes for each sector one of the states durable that it went through. keep is how
// likely it is the last, in tenths.
func (n *nodeState) scatter(r *rand.Rand, keep int, garbled bool) {
	if len(n.writes) == 0 {
		return
	}
	durable, end := n.bytes.size, int64(0)
	times := make(map[int64]int)
	for _, w := range n.writes {
		w.sectors(func(s, _, _ int64) { times[s]++ })
		end = max(end, w.end())
	}
	left := make(map[int64]int, len(times)) // how many more writes reach a sector
	var lost []extent
	for _, w := range n.writes {
		w.sectors(func(s, from, to int64) {
			k, chosen := left[s]
			if !chosen {
				if k = times[s]; r.IntN(10) >= keep {
					k = r.IntN(k)
				}
				if k == 0 && from >= durable {
					lost = append(lost, extent{off: from, n: to - from})
				}
			}
			if k > 0 {
				n.bytes.write(w.extent, from, to)
			}
			left[s] = k - 1
		})
	}
	if garbled {
		w := n.writes[len(n.writes)-1]
		garble(&n.bytes, w.extent, (w.off+r.Int64N(w.n))/sectorBytes, r)
	}
	if r.IntN(4) == 0 { // the size is durable before the bytes
		n.bytes.grow(end)
		if r.IntN(2) == 0 && len(lost) < 100 { // and shows what was on the disk before
			for _, w := range lost {
				garble(&n.bytes, w, w.off/sectorBytes, r)
			}
		}
	}
	n.writes = nil
}

// tear makes everything durable but a part of the last write: it ends at some sector, or
// begins there.
func (n *nodeState) tear(r *rand.Rand, head, garbled bool) {
	w := n.writes[len(n.writes)-1]
	n.writes = n.writes[:len(n.writes)-1]
	n.settle()
	sectors := (w.end()-1)/sectorBytes - w.off/sectorBytes + 1
	cut := (w.off/sectorBytes + r.Int64N(sectors)) * sectorBytes
	if head {
		n.bytes.write(w.extent, w.off, cut)
	} else {
		n.bytes.write(w.extent, cut+sectorBytes, w.end())
	}
	if garbled {
		garble(&n.bytes, w.extent, cut/sectorBytes, r)
	}
}

// garble fills what w has of a sector with random bytes.
func garble(c *content, w extent, sector int64, r *rand.Rand) {
	from, to := max(w.off, sector*sectorBytes), min(w.end(), (sector+1)*sectorBytes)
	b := make([]byte, max(0, to-from))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	c.write(extent{from, int64(len(b)), b}, from, to)
}

// reachable drops the files that have no name, durable or pending.
func (s *state) reachable() *state {
	kept := &state{nodes: make(map[uint64]*nodeState), now: s.now}
	var visit func(id uint64)
	visit = func(id uint64) {
		if id == 0 || kept.nodes[id] != nil {
			return
		}
		n := s.node(id)
		kept.nodes[id] = n
		for _, child := range n.names {
			visit(child)
		}
		for _, c := range n.changes {
			for _, b := range c.names {
				visit(b.node)
			}
		}
	}
	visit(rootID)
	return kept
}

// moments yields the state before every event of the disk's history, and at its end, with the
// number of the event. It is the same state each time, going on.
func (d *Disk) moments() iter.Seq2[int, *state] {
	return func(yield func(int, *state) bool) {
		s := d.start.clone()
		for when, e := range d.history {
			if !yield(when, s) {
				return
			}
			s.apply(e)
			if when%100 == 99 {
				s = s.reachable()
			}
		}
		yield(len(d.history), s)
	}
}

// Crashes yields for every moment of the history, which is over, a disk as a crash at that moment may
// leave it: a number of events, and the disk after the crash that came behind so many.
func (d *Disk) Crashes(r *rand.Rand) iter.Seq2[int, *Disk] {
	return func(yield func(int, *Disk) bool) {
		for when, s := range d.moments() {
			if !yield(when, s.crash(loss(r.IntN(int(losses))), true, r).disk()) {
				return
			}
		}
	}
}

// Kills is Crashes of the process alone: nothing is lost yet, and what was pending still is.
func (d *Disk) Kills() iter.Seq2[int, *Disk] {
	return func(yield func(int, *Disk) bool) {
		for when, s := range d.moments() {
			if !yield(when, s.reachable().clone().disk()) {
				return
			}
		}
	}
}

// PowerCut returns the disk with nothing on it that was not synced.
func (d *Disk) PowerCut() *Disk {
	var end *state
	for _, s := range d.moments() {
		end = s
	}
	return end.crash(loseAll, true, rand.New(rand.NewPCG(0, 0))).disk()
}
