package mvcc

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"sort"
	"sync"
	"sync/atomic"

	"github.com/minisql/minisql/storage"
)

// Spill is the part of a running transaction's writes that is in the engine already,
// because it does not fit in memory. It consists of segments; a segment's versions carry
// a provisional timestamp of their own, which readers skip (hiddenSet) until the
// transaction commits, all segments at once:
//
//	Begin     draw timestamp T, hide it, log record T: running
//	Put …     versions with timestamp T, in batches that nobody waits for
//	Finish
//	commit    one batch, as small as any: for each segment, record T: committed at C
//
// The log keeps the order, so that record is durable only after all versions are. What a
// recovery finds still running is rolled back. No version is written twice: T stays the
// timestamp of its versions, and once the horizon has reached C, T ≤ C is as good as C for
// every reader, and the record goes.
//
// A transaction writes a key only under a lock, from before T was drawn to its end, so
// among the versions of one key provisional timestamps are in order, too.
//
// One goroutine at a time uses it, but for what readers look at.
type Spill struct {
	s     *Store
	owner any

	// commit is the commit's timestamp, or 0. It is stored before anything later than it,
	// or it, is published.
	commit atomic.Uint64

	// records is held from looking whether a segment is forgotten until its record is
	// written, or deleted. It comes after garbage.collecting and before hiddenMu.
	records sync.Mutex

	segs  []*Segment
	own   []keySpan
	fresh Timestamp // a cursor tagged so, or later, holds all finished segments
	newer Timestamp // the newest segment's timestamp
	slots slotSet   // of the keys in unfinished segments
	all   slotSet   // of the keys in all segments
}

// slotSet has a bit for each slot of Store.recent.
type slotSet [recentSlots / 64]uint64

func (s *Store) noteRecentAll(set *slotSet, at Timestamp) {
	for i, word := range set {
		for ; word != 0; word &= word - 1 {
			s.noteRecent(uint64(i*64+bits.TrailingZeros64(word)), at)
		}
	}
}

// Segment is one portion of a Spill.
type Segment struct {
	of        *Spill
	at        Timestamp
	suffix    [storage.SuffixLen]byte
	low, high uint32 // see SegmentOrder
	spans     []SpillSpan
	batch     *storage.Batch
	dropped   atomic.Bool // rolled back; never lowered
	forgotten atomic.Bool // no longer hidden: no version with its timestamp is left, or all see them
}

// SegmentOrder is a segment's place among its transaction's writes: it holds writes with
// numbers from Low to High.
type SegmentOrder struct{ Low, High uint32 }

// SpillSpan is a span of keys in which segments have writes.
type SpillSpan struct {
	Lo, Hi []byte
	Dirty  bool // there may be older versions
	Own    bool // in a span given to Spill.Own
}

type keySpan struct{ lo, hi []byte }

// Reader says whose provisional versions a read sees besides: those of segments in
// Spill with writes below Limit. The zero value sees none.
type Reader struct {
	Spill *Spill
	Limit uint32
}

// spillBatchBytes is the size of the batches that a segment is applied in. Other
// transactions' batches come between them.
const spillBatchBytes = 512 << 10

// NewSpill returns an empty spill of owner, which Segment.Owner gives back.
func (s *Store) NewSpill(owner any) *Spill { return &Spill{s: s, owner: owner} }

// Own declares lo ≤ key < hi to be the transaction's alone until it ends: nothing was there
// before, and nobody else reads or writes it. A rollback removes such a span at once.
func (p *Spill) Own(lo, hi []byte) {
	p.own = append(p.own, keySpan{bytes.Clone(lo), bytes.Clone(hi)})
}

// Begin opens segments, later writes in later ones, whose writes are all in spans. The
// caller holds the locks on all keys. Spans are in order, disjoint, and not copied.
func (p *Spill) Begin(order []SegmentOrder, spans []SpillSpan) ([]*Segment, error) {
	segs := make([]*Segment, len(order))
	b := storage.NewBatch()
	for i, o := range order {
		g := &Segment{of: p, low: o.Low, high: o.High, spans: spans, batch: storage.NewBatch()}
		c := &Commit{s: p.s}
		if err := p.s.pipeline.draw(c); err != nil {
			p.drop(segs[:i])
			return nil, err
		}
		// Hidden before it is published: no snapshot includes a timestamp that is not
		// known to be provisional.
		g.at, g.suffix = c.at, c.at.suffix()
		p.s.hide(g)
		p.s.pipeline.cancel(c)
		segs[i] = g
		p.segs, p.newer = append(p.segs, g), g.at
		b.Set(metaSpill, g.suffix[:], g.record(spillRunning, 0, true))
	}
	if _, err := p.s.engine.Apply(b, storage.Lazy); err != nil {
		p.drop(segs)
		return nil, err
	}
	return segs, nil
}

// Put writes a value. weak says that the transaction's lock on key lets KeyShare by.
func (g *Segment) Put(key, value []byte, weak bool) error {
	kind := kindLive
	if weak {
		kind = kindLiveWeak
	}
	g.batch.SetTagged(key, g.suffix[:], value, kind)
	return g.added(key)
}

// Delete writes a tombstone.
func (g *Segment) Delete(key, movedTo []byte) error {
	g.batch.SetTagged(key, g.suffix[:], movedTo, kindTombstone)
	return g.added(key)
}

func (g *Segment) added(key []byte) error {
	slot := g.of.s.hash(key) % recentSlots
	g.of.slots[slot/64] |= 1 << (slot % 64)
	if g.batch.Size() < spillBatchBytes {
		return nil
	}
	return g.flush()
}

func (g *Segment) flush() error {
	if g.batch.Len() == 0 {
		return nil
	}
	_, err := g.of.s.engine.Apply(g.batch, storage.Lazy)
	g.batch.Reset()
	return err
}

// Finish ends segments. From its return on, whoever reads the newest version of one of
// their keys meets it, so that the locks on the keys may be given up: the version stands
// for the lock.
func (p *Spill) Finish(segs []*Segment) error {
	for _, g := range segs {
		if err := g.flush(); err != nil {
			return err
		}
		g.batch = nil
	}
	// A timestamp later than the tag of every cursor that was made before now.
	c := &Commit{s: p.s}
	if err := p.s.pipeline.draw(c); err != nil {
		return err
	}
	p.s.pipeline.cancel(c)
	p.s.noteRecentAll(&p.slots, c.at)
	for i, word := range p.slots {
		p.all[i] |= word
	}
	p.slots = slotSet{}
	p.fresh = c.at
	return nil
}

// DropSegments rolls back segments that Begin returned and that could not be filled.
func (p *Spill) DropSegments(segs []*Segment) { p.drop(segs) }

// DropFrom rolls back the segments with writes from number low on. It reports whether
// there were any.
func (p *Spill) DropFrom(low uint32) bool {
	var segs []*Segment
	for _, g := range p.segs {
		if g.low >= low && !g.dropped.Load() {
			segs = append(segs, g)
		}
	}
	p.drop(segs)
	return len(segs) > 0
}

// drop rolls back segments: they stay hidden until a sweep has removed their versions.
func (p *Spill) drop(segs []*Segment) {
	if len(segs) == 0 {
		return
	}
	for _, g := range segs {
		g.dropped.Store(true)
	}
	p.s.garbage.addSweep(&sweep{spans: union(segs, everywhere), segs: segs})
}

// Abort rolls everything back. Spans of its own are removed at once; sweeps in the
// background do the rest.
func (p *Spill) Abort() {
	if len(p.segs) == 0 {
		return
	}
	others := func(sp SpillSpan) bool { return !sp.Own }
	b := storage.NewBatch()
	for _, sp := range p.own {
		for _, g := range p.segs {
			if g.overlaps(sp.lo, sp.hi) {
				b.DeleteRange(sp.lo, sp.hi)
				break
			}
		}
	}
	p.records.Lock()
	defer p.records.Unlock()
	var gone, left []*Segment
	for _, g := range p.segs {
		g.dropped.Store(true)
	}
	for _, g := range p.segs {
		switch {
		case g.forgotten.Load():
		case len(union([]*Segment{g}, others)) == 0:
			b.Delete(metaSpill, g.suffix[:])
			gone = append(gone, g)
		default:
			b.Set(metaSpill, g.suffix[:], g.record(spillDropped, 0, false))
			left = append(left, g)
		}
	}
	if _, err := p.s.engine.Apply(b, storage.Lazy); err != nil {
		// No space, or the end. The records still say running.
		p.drop(p.segs)
		return
	}
	p.s.unhide(gone)
	if len(left) > 0 {
		p.s.garbage.addSweep(&sweep{spans: union(left, others), segs: left})
	}
}

// commitAt adds to the commit's batch that the segments are committed.
func (p *Spill) commitAt(b *storage.Batch, at Timestamp) {
	for _, g := range p.segs {
		switch {
		case !g.dropped.Load():
			b.Set(metaSpill, g.suffix[:], g.record(spillCommitted, at, true))
		case !g.forgotten.Load():
			b.Set(metaSpill, g.suffix[:], g.record(spillDropped, 0, true))
		}
	}
}

// committed is told that the batch is in the log.
func (p *Spill) committed(at Timestamp) {
	p.commit.Store(uint64(at))
	var segs []*Segment
	for _, g := range p.segs {
		if !g.dropped.Load() {
			segs = append(segs, g)
		}
	}
	p.s.garbage.addCommitted(segs, at)
	if spans := union(segs, func(sp SpillSpan) bool { return sp.Dirty }); len(spans) > 0 {
		p.s.garbage.addSweep(&sweep{spans: spans, at: at})
	}
}

// Empty reports whether no segment is left that a commit would commit.
func (p *Spill) Empty() bool {
	for _, g := range p.segs {
		if !g.dropped.Load() {
			return false
		}
	}
	return true
}

// Owner is what NewSpill was given.
func (g *Segment) Owner() any { return g.of.owner }

// Order is the segment's place.
func (g *Segment) Order() SegmentOrder { return SegmentOrder{g.low, g.high} }

// Running reports whether the segment is neither committed nor rolled back.
func (g *Segment) Running() bool { return !g.dropped.Load() && g.of.commit.Load() == 0 }

// Dropped reports whether the segment was rolled back.
func (g *Segment) Dropped() bool { return g.dropped.Load() }

// judge says whether a read at a timestamp sees g's versions, and the timestamp of their
// commit, 0 if they are the reader's own. running: somebody else's, who may yet commit.
func (g *Segment) judge(at Timestamp, r Reader) (seen bool, commit Timestamp, running bool) {
	if g.dropped.Load() {
		return false, 0, false
	}
	if g.of == r.Spill {
		return g.low < r.Limit, 0, false
	}
	commit = Timestamp(g.of.commit.Load())
	return commit != 0 && commit <= at, commit, commit == 0
}

// overlaps reports whether g may have versions of a key with lo ≤ key < hi; a nil hi is
// the end.
func (g *Segment) overlaps(lo, hi []byte) bool {
	i := sort.Search(len(g.spans), func(i int) bool { return bytes.Compare(g.spans[i].Hi, lo) > 0 })
	return i < len(g.spans) && (hi == nil || bytes.Compare(g.spans[i].Lo, hi) < 0)
}

func everywhere(SpillSpan) bool { return true }

// union merges the spans of segs that keep accepts.
func union(segs []*Segment, keep func(SpillSpan) bool) []keySpan {
	var all []keySpan
	for i, g := range segs {
		if i > 0 && len(g.spans) > 0 && len(segs[i-1].spans) > 0 && &g.spans[0] == &segs[i-1].spans[0] {
			continue // of the same Begin
		}
		for _, sp := range g.spans {
			if keep(sp) {
				all = append(all, keySpan{sp.Lo, sp.Hi})
			}
		}
	}
	sort.Slice(all, func(i, j int) bool { return bytes.Compare(all[i].lo, all[j].lo) < 0 })
	out := all[:0]
	for _, sp := range all {
		if n := len(out); n > 0 && bytes.Compare(sp.lo, out[n-1].hi) <= 0 {
			if bytes.Compare(sp.hi, out[n-1].hi) > 0 {
				out[n-1].hi = sp.hi
			}
			continue
		}
		out = append(out, sp)
	}
	return out
}

// The record of a segment, under metaSpill and the segment's suffix. Never renumber.
//
//	state 1 B │ commit 8 B │ { flags 1 B │ uvarint length │ lo │ uvarint length │ hi } …
//
// While running, the spans of its own are those that Spill.Own was given, whole: there a
// recovery removes everything. Of a rolled-back segment they are kept like all others if
// other segments of the transaction committed.
const (
	spillRunning   byte = 0
	spillCommitted byte = 1
	spillDropped   byte = 2

	spillOwn byte = 1 // flag
)

func (g *Segment) record(state byte, commit Timestamp, keepOwn bool) []byte {
	v := binary.BigEndian.AppendUint64([]byte{state}, uint64(commit))
	add := func(flags byte, lo, hi []byte) {
		v = binary.AppendUvarint(append(v, flags), uint64(len(lo)))
		v = binary.AppendUvarint(append(v, lo...), uint64(len(hi)))
		v = append(v, hi...)
	}
	switch state {
	case spillRunning:
		for _, sp := range g.of.own {
			add(spillOwn, sp.lo, sp.hi)
		}
		for _, sp := range g.spans {
			if !sp.Own {
				add(0, sp.Lo, sp.Hi)
			}
		}
	case spillDropped:
		for _, sp := range g.spans {
			if !sp.Own || keepOwn {
				add(0, sp.Lo, sp.Hi)
			}
		}
	case spillCommitted:
		for _, sp := range g.spans {
			add(0, sp.Lo, sp.Hi)
		}
	}
	return v
}

func parseSpillRecord(v []byte) (state byte, commit Timestamp, spans []SpillSpan, err error) {
	corrupt := func() (byte, Timestamp, []SpillSpan, error) {
		return 0, 0, nil, fmt.Errorf("%w: record of a large transaction", storage.ErrCorrupt)
	}
	if len(v) < 9 || v[0] > spillDropped {
		return corrupt()
	}
	state, commit = v[0], Timestamp(binary.BigEndian.Uint64(v[1:]))
	for v = v[9:]; len(v) > 0; {
		sp := SpillSpan{Own: v[0]&spillOwn != 0}
		v = v[1:]
		for _, field := range []*[]byte{&sp.Lo, &sp.Hi} {
			n, k := binary.Uvarint(v)
			if k <= 0 || uint64(len(v)-k) < n {
				return corrupt()
			}
			*field = bytes.Clone(v[k : k+int(n)])
			v = v[k+int(n):]
		}
		spans = append(spans, sp)
	}
	return state, commit, spans, nil
}

// recoverSpills hides what the records name and rolls back what was running: before
// anything is read.
func (s *Store) recoverSpills(c storage.Cursor) error {
	b := storage.NewBatch()
	var run storage.Run
	var gone []*Segment
	c.Seek(metaSpill, append(metaSpill[:len(metaSpill):len(metaSpill)], 0), nil, false)
	for {
		n, err := c.Next(&run, 100)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
		for i, k := range run.Keys {
			state, commit, spans, err := parseSpillRecord(run.Values[i])
			if err != nil {
				return err
			}
			g := &Segment{of: &Spill{s: s}, at: timestampOf(k), spans: spans}
			g.suffix = g.at.suffix()
			s.hide(g)
			if state == spillCommitted {
				g.of.commit.Store(uint64(commit))
				s.garbage.addCommitted([]*Segment{g}, commit)
				continue
			}
			g.dropped.Store(true)
			g.spans = nil
			for _, sp := range spans {
				if sp.Own {
					b.DeleteRange(sp.Lo, sp.Hi)
				} else {
					g.spans = append(g.spans, sp)
				}
			}
			if len(g.spans) == 0 {
				b.Delete(metaSpill, g.suffix[:])
				gone = append(gone, g)
				continue
			}
			b.Set(metaSpill, g.suffix[:], g.record(spillDropped, 0, false))
			s.garbage.addSweep(&sweep{spans: union([]*Segment{g}, everywhere), segs: []*Segment{g}})
		}
	}
	if b.Len() == 0 {
		return nil
	}
	if _, err := s.engine.Apply(b, storage.Lazy); err != nil {
		return err
	}
	s.unhide(gone)
	return nil
}
