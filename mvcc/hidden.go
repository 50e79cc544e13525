package mvcc

import "sort"

// hiddenSet names the provisional timestamps in the store: those of segments (see
// Spill) that are running, were rolled back, or committed at a timestamp that some
// snapshot may not include. Every other timestamp is its own commit's. It never changes.
type hiddenSet struct {
	removals uint64     // of rolled-back segments, so far
	segs     []*Segment // by timestamp
}

// find returns the segment whose timestamp is at, or nil.
func (h *hiddenSet) find(at Timestamp) *Segment {
	n := len(h.segs)
	if n == 0 || at < h.segs[0].at || at > h.segs[n-1].at {
		return nil
	}
	if i := sort.Search(n, func(i int) bool { return h.segs[i].at >= at }); h.segs[i].at == at {
		return h.segs[i]
	}
	return nil
}

// committed returns the timestamp of the commit that the version at belongs to; Latest
// if it is still running. dropped says that it was rolled back.
func (h *hiddenSet) committed(at Timestamp) (commit Timestamp, dropped bool) {
	g := h.find(at)
	switch {
	case g == nil:
		return at, false
	case g.dropped.Load():
		return 0, true
	}
	if c := g.of.commit.Load(); c != 0 {
		return Timestamp(c), false
	}
	return Latest, false
}

func (s *Store) hide(segs ...*Segment) {
	s.hiddenMu.Lock()
	defer s.hiddenMu.Unlock()
	old := s.hidden.Load()
	h := &hiddenSet{removals: old.removals, segs: make([]*Segment, 0, len(old.segs)+len(segs))}
	h.segs = append(append(h.segs, old.segs...), segs...)
	sort.Slice(h.segs, func(i, j int) bool { return h.segs[i].at < h.segs[j].at })
	s.hidden.Store(h)
}

// unhide forgets segments: committed ones that the horizon has reached, or rolled-back
// ones whose versions have been removed from the engine.
func (s *Store) unhide(segs []*Segment) {
	if len(segs) == 0 {
		return
	}
	gone := make(map[*Segment]bool, len(segs))
	s.hiddenMu.Lock()
	defer s.hiddenMu.Unlock()
	old := s.hidden.Load()
	h := &hiddenSet{removals: old.removals}
	for _, g := range segs {
		gone[g] = true
		g.forgotten.Store(true)
		if g.dropped.Load() {
			h.removals = old.removals + 1
		}
	}
	for _, g := range old.segs {
		if !gone[g] {
			h.segs = append(h.segs, g)
		}
	}
	s.hidden.Store(h)
}

// read returns a cursor that ok accepts, or a new one, and the hidden set that goes
// with it: it names every provisional timestamp that the cursor can meet.
//
// A segment is hidden before its first version is in the engine, and, if rolled back,
// until its last is gone. So the set must be read after the cursor was made, or the
// cursor would meet a segment that the set does not know yet; and before it, or it would
// meet one that the set has forgotten.
func (s *Store) read(ok func(tag Timestamp) bool) (*cursor, *hiddenSet, error) {
	for {
		h := s.hidden.Load()
		c, err := s.cursors.get(h.removals, ok)
		if err != nil || s.hidden.Load() == h {
			return c, h, err
		}
		s.cursors.put(c)
	}
}
