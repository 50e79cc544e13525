package mvcc

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/minisql/minisql/storage"
)

// garbage finds and removes versions that no snapshot can see any more, at a cost
// proportional to their number: every overwrite and delete leaves an entry, in
// order of its timestamp; once the horizon has reached an entry, the version below
// it goes.
//
//	commit ─▶ queue ─▶ prune: the next commits take entries along in their batches
//	                └▶ worker: the rest, and what needs a look
//	sweep  ─▶ queue    after a crash, when the queue overflowed, and over the spans of
//	                   large transactions (Spill)
type garbage struct {
	s *Store

	wake    chan struct{} // of capacity 1
	quit    chan struct{}
	stopped chan struct{}

	// heldBy is the snapshot that holds the worker up, or 0.
	heldBy atomic.Uint64
	length atomic.Int64  // of the queue, for cheap looks
	hint   atomic.Uint64 // a horizon computed not long ago
	prunes atomic.Uint32

	// collecting serialises collect and sweepStep, which read and write the engine
	// while holding it. It comes before mu. It guards batch and looks, memory of collect.
	collecting sync.Mutex
	batch      *storage.Batch
	looks      [][]byte

	mu       sync.Mutex // guards the rest; a leaf
	queue    garbageQueue
	drops    []drop // spans to be removed, in no order
	overflow bool   // entries were dropped: a sweep must follow
	sweeps   []*sweep
	settling []settling
	timer    *time.Timer
}

// sweep looks at all versions in some spans.
type sweep struct {
	spans []keySpan // what is left to do; the first may be under way
	at    Timestamp // begins once the horizon has reached it
	whole bool      // of the whole store

	// segs are rolled back and have no versions elsewhere: at the end they are forgotten.
	segs []*Segment
}

// settling are segments of a commit; they are forgotten once the horizon has reached at.
type settling struct {
	segs []*Segment
	at   Timestamp
}

// garbageEntry says that under key the version at superseded another.
type garbageEntry struct {
	key       []byte
	at        Timestamp
	prev      Timestamp // the version right below, if known; 0: look
	tombstone bool      // at is a tombstone: look
}

// drop is a span that WriteSet.DropSpan gave up at a timestamp.
type drop struct {
	lo, hi []byte
	at     Timestamp
}

const (
	garbageBatch    = 512      // entries a batch of the worker's takes
	garbageWake     = 128      // entries that are worth waking the worker
	garbageBytesMax = 64 << 20 // of the queue
	garbageSavedMax = 1 << 20  // of the queue that a clean shutdown records
	sweepRun        = 1024     // versions a step of the sweep looks at
	sweepPause      = time.Millisecond
)

// garbageQueue is a FIFO of encoded entries, invisible to Go's collector:
//
//	at 8 │ prev 8 │ flags 1 │ uvarint key length │ key
type garbageQueue struct {
	chunks [][]byte
	read   int // offset in chunks[0]
	bytes  int
}

const garbageChunk = 64 << 10

func (q *garbageQueue) push(e garbageEntry) {
	var b []byte
	if n := len(q.chunks); n > 0 {
		b = q.chunks[n-1]
	}
	need := 17 + binary.MaxVarintLen32 + len(e.key)
	if cap(b)-len(b) < need {
		b = make([]byte, 0, max(garbageChunk, need))
		q.chunks = append(q.chunks, b)
	}
	before := len(b)
	b = binary.BigEndian.AppendUint64(b, uint64(e.at))
	b = binary.BigEndian.AppendUint64(b, uint64(e.prev))
	var flags byte
	if e.tombstone {
		flags = 1
	}
	b = append(b, flags)
	b = binary.AppendUvarint(b, uint64(len(e.key)))
	b = append(b, e.key...)
	q.chunks[len(q.chunks)-1] = b
	q.bytes += len(b) - before
}

// peek decodes the first entry; its key lives until the queue's memory is dropped,
// which pop does by leaving it to Go's collector.
func (q *garbageQueue) peek() (e garbageEntry, size int, ok bool) {
	for len(q.chunks) > 0 && q.read == len(q.chunks[0]) {
		if len(q.chunks) == 1 {
			*q = garbageQueue{}
			return e, 0, false
		}
		q.chunks, q.read = q.chunks[1:], 0
	}
	if len(q.chunks) == 0 {
		return e, 0, false
	}
	b := q.chunks[0][q.read:]
	n, k := binary.Uvarint(b[17:])
	size = 17 + k + int(n)
	return garbageEntry{
		at:        Timestamp(binary.BigEndian.Uint64(b)),
		prev:      Timestamp(binary.BigEndian.Uint64(b[8:])),
		tombstone: b[16]&1 != 0,
		key:       b[17+k : size : size],
	}, size, true
}

// parseGarbage decodes the first entry of a recorded queue.
func parseGarbage(v []byte) (e garbageEntry, size int, err error) {
	n, k := uint64(0), 0
	if len(v) > 17 {
		n, k = binary.Uvarint(v[17:])
	}
	if k <= 0 || uint64(len(v)-17-k) < n {
		return e, 0, fmt.Errorf("%w: recorded garbage queue", storage.ErrCorrupt)
	}
	q := garbageQueue{chunks: [][]byte{v}}
	e, size, _ = q.peek()
	return e, size, nil
}

func (q *garbageQueue) pop(size int) {
	q.read += size
	q.bytes -= size
}

// start loads what a clean shutdown recorded, or plans a sweep, and starts the worker.
func (g *garbage) start(c storage.Cursor, fresh bool) error {
	g.wake, g.quit, g.stopped = make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	_, v, clean, err := c.Get(metaGarbage, metaSuffix)
	if err != nil {
		return err
	}
	if clean {
		for len(v) > 0 {
			e, size, err := parseGarbage(v)
			if err != nil {
				return err
			}
			g.queue.push(e)
			g.length.Add(1)
			v = v[size:]
		}
		b := storage.NewBatch() // ahead of everything this run writes
		b.Delete(metaGarbage, metaSuffix)
		if _, err := g.s.engine.Apply(b, storage.Lazy); err != nil {
			return err
		}
	} else if !fresh {
		g.sweeps = append(g.sweeps, wholeSweep())
	}
	if err := g.loadDrops(c); err != nil {
		return err
	}
	if g.s.opts.NoCollect {
		close(g.stopped)
		return nil
	}
	go g.work()
	g.wakeUp()
	return nil
}

func (g *garbage) loadDrops(c storage.Cursor) error {
	var run storage.Run
	c.Seek(metaDrop, metaDropEnd, nil, false)
	for {
		n, err := c.Next(&run, 100)
		if err != nil || n == 0 {
			return err
		}
		for i, k := range run.Keys {
			lo := append([]byte(nil), prefixOf(k)[len(metaDrop):]...)
			g.drops = append(g.drops, drop{lo, append([]byte(nil), run.Values[i]...), timestampOf(k)})
			g.length.Add(garbageWake)
		}
	}
}

// addDrops queues the spans that the commit at gives up. Each counts as a whole
// batch of entries, so that the worker comes at once.
func (g *garbage) addDrops(drops []drop, at Timestamp) {
	if len(drops) == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, d := range drops {
		g.drops = append(g.drops, drop{append([]byte(nil), d.lo...), append([]byte(nil), d.hi...), at})
		g.length.Add(garbageWake)
	}
}

func wholeSweep() *sweep { return &sweep{spans: []keySpan{{nil, endOfUser}}, whole: true} }

// addSweep queues a sweep. It, too, counts as a batch of entries.
func (g *garbage) addSweep(sw *sweep) {
	g.mu.Lock()
	g.sweeps = append(g.sweeps, sw)
	g.mu.Unlock()
	g.length.Add(garbageWake)
	g.wakeUp()
}

func (g *garbage) addCommitted(segs []*Segment, at Timestamp) {
	if len(segs) == 0 {
		return
	}
	g.mu.Lock()
	g.settling = append(g.settling, settling{segs, at})
	g.mu.Unlock()
	g.length.Add(garbageWake)
}

// takeSettled adds to b the removal of the records of segments that the horizon allows
// to be forgotten, and returns those.
func (g *garbage) takeSettled(b *storage.Batch, horizon Timestamp) (taken []settling) {
	kept := g.settling[:0]
	for _, s := range g.settling {
		if s.at > horizon {
			kept = append(kept, s)
			continue
		}
		for _, seg := range s.segs {
			b.Delete(metaSpill, seg.suffix[:])
		}
		taken = append(taken, s)
	}
	clear(g.settling[len(kept):])
	g.settling = kept
	return taken
}

// takeDrops adds to b the removal of the spans that the horizon allows.
func (g *garbage) takeDrops(b *storage.Batch, horizon Timestamp) int {
	kept := g.drops[:0]
	n := 0
	for _, d := range g.drops {
		if d.at > horizon {
			kept = append(kept, d)
			continue
		}
		suffix := d.at.suffix()
		b.DeleteRange(d.lo, d.hi)
		b.Delete(append(append([]byte(nil), metaDrop...), d.lo...), suffix[:])
		g.length.Add(-garbageWake)
		n++
	}
	clear(g.drops[len(kept):])
	g.drops = kept
	return n
}

// stop ends the worker and records the queue.
func (g *garbage) stop() error {
	close(g.quit)
	<-g.stopped
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.timer != nil {
		g.timer.Stop()
	}
	if g.overflow || g.queue.bytes > garbageSavedMax || g.s.pipeline.failure() != nil {
		return nil // the next run sweeps
	}
	for _, sw := range g.sweeps {
		if len(sw.segs) == 0 { // nothing recorded brings it back
			return nil
		}
	}
	saved := make([]byte, 0, g.queue.bytes)
	for {
		_, size, ok := g.queue.peek()
		if !ok {
			break
		}
		saved = append(saved, g.queue.chunks[0][g.queue.read:g.queue.read+size]...)
		g.queue.pop(size)
	}
	b := storage.NewBatch()
	b.Set(metaGarbage, metaSuffix, saved)
	_, err := g.s.engine.Apply(b, storage.Lazy)
	return err
}

// add queues the garbage of the commit at.
func (g *garbage) add(entries []garbageEntry, at Timestamp) {
	if len(entries) == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, e := range entries {
		if g.queue.bytes > garbageBytesMax {
			g.overflow = true
			return
		}
		e.at = at
		g.queue.push(e)
		g.length.Add(1)
	}
}

// prune adds to a commit's batch the removal of garbage that needs no look, about
// twice as much as the commit makes.
func (g *garbage) prune(w *WriteSet) {
	if g.length.Load() == 0 || w.Len() == 0 {
		return
	}
	if g.prunes.Add(1)%32 == 1 {
		g.hint.Store(uint64(g.s.Horizon()))
	}
	horizon := Timestamp(g.hint.Load())
	g.mu.Lock()
	defer g.mu.Unlock()
	for range 2*w.Len() + 2 {
		e, size, ok := g.queue.peek()
		if !ok || e.at > horizon || e.prev == 0 {
			return
		}
		suffix := e.prev.suffix()
		w.batch.DeleteOnce(e.key, suffix[:])
		g.queue.pop(size)
		g.length.Add(-1)
	}
}

func (g *garbage) wakeUp() {
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

// published is told when Now moves.
func (g *garbage) published() {
	if g.length.Load() >= garbageWake && g.heldBy.Load() == 0 {
		g.wakeUp()
	}
}

// released is told when a snapshot at is given up.
func (g *garbage) released(at Timestamp) {
	if held := g.heldBy.Load(); held != 0 && uint64(at) <= held {
		g.heldBy.Store(0)
		g.wakeUp()
	}
}

func (g *garbage) work() {
	defer close(g.stopped)
	for {
		select {
		case <-g.quit:
			return
		case <-g.wake:
		}
		for {
			select {
			case <-g.quit:
				return
			default:
			}
			n, err := g.collect()
			if err == nil && n == 0 {
				var more bool
				if more, err = g.sweepStep(); more {
					g.wakeAfter(sweepPause)
				}
			}
			if err != nil {
				if g.s.pipeline.failure() == nil {
					g.s.logf("mvcc: collecting garbage: %v", err)
				}
				break
			}
			if n == 0 {
				break
			}
		}
	}
}

func (g *garbage) wakeAfter(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.timer == nil {
		g.timer = time.AfterFunc(d, g.wakeUp)
	} else {
		g.timer.Reset(d)
	}
}

// collect removes one batch of what the horizon allows and returns the number of
// entries done.
func (g *garbage) collect() (int, error) {
	g.collecting.Lock()
	defer g.collecting.Unlock()
	horizon, held := g.s.snapshots.horizon()
	if held {
		// Ask to be woken, then look again: the snapshot may just have gone.
		g.heldBy.Store(uint64(horizon))
		horizon, held = g.s.snapshots.horizon()
	}
	if !held {
		g.heldBy.Store(0)
	}
	g.hint.Store(uint64(horizon))
	hidden := g.s.hidden.Load() // after the horizon, before any cursor: see sweepStep

	if g.batch == nil {
		g.batch = storage.NewBatch()
	}
	b, looks := g.batch, g.looks[:0]
	b.Reset()
	n := 0
	g.mu.Lock()
	n += g.takeDrops(b, horizon)
	settled := g.takeSettled(b, horizon)
	n += len(settled)
	for n < garbageBatch {
		e, size, ok := g.queue.peek()
		if !ok {
			break
		}
		if e.at > horizon {
			break
		}
		if e.prev != 0 {
			suffix := e.prev.suffix()
			b.DeleteOnce(e.key, suffix[:])
		} else {
			looks = append(looks, e.key)
		}
		g.queue.pop(size)
		g.length.Add(-1)
		n++
	}
	next := g.nextAfter(horizon)
	g.mu.Unlock()
	if keep := g.s.retention.Load(); keep > 0 && !held && next != Latest {
		due := time.Duration(int64(next)+keep-g.s.opts.Clock().UnixMicro()) * time.Microsecond
		g.wakeAfter(max(due, 10*time.Millisecond))
	}
	if n == 0 {
		return 0, nil
	}
	err := g.lookAt(looks, b, horizon, hidden)
	clear(looks)
	g.looks = looks
	if err == nil && b.Len() > 0 {
		_, err = g.s.engine.Apply(b, storage.Lazy)
	}
	if err != nil {
		g.mu.Lock()
		g.overflow = true // the entries are lost
		g.settling = append(g.settling, settled...)
		g.mu.Unlock()
		return 0, err
	}
	for _, s := range settled {
		g.s.unhide(s.segs)
		g.length.Add(-garbageWake)
	}
	return n, nil
}

// nextAfter is the earliest timestamp above the horizon that something waits for, or
// Latest. The caller holds mu.
func (g *garbage) nextAfter(horizon Timestamp) Timestamp {
	next := Latest
	if e, _, ok := g.queue.peek(); ok && e.at > horizon {
		next = e.at
	}
	for _, d := range g.drops {
		next = min(next, d.at)
	}
	for _, s := range g.settling {
		next = min(next, s.at)
	}
	for _, sw := range g.sweeps {
		if sw.at > horizon {
			next = min(next, sw.at)
		}
	}
	return next
}

// lookAt adds to b the removal of every version of the keys that is garbage at horizon. It
// sorts them: one look finds all of a key's garbage, and a hot key is queued once a write.
func (g *garbage) lookAt(keys [][]byte, b *storage.Batch, horizon Timestamp, hidden *hiddenSet) error {
	if len(keys) == 0 {
		return nil
	}
	slices.SortFunc(keys, bytes.Compare)
	c, err := g.s.engine.NewCursor()
	if err != nil {
		return err
	}
	defer c.Close()
	last := keys[len(keys)-1]
	l := looker{c: c, hi: append(last[:len(last):len(last)], 0)}
	for i, key := range keys {
		if i > 0 && bytes.Equal(key, keys[i-1]) {
			continue
		}
		first := true
		for {
			k, v, err := l.next(key)
			if err != nil {
				return err
			}
			if k == nil {
				break
			}
			if at, dropped := hidden.committed(timestampOf(k)); dropped || at > horizon {
				continue // newer than the horizon, or left to a sweep
			}
			if !first || v[len(v)-1] == kindTombstone {
				b.DeleteOnce(key, k[len(k)-storage.SuffixLen:])
			}
			first = false
		}
	}
	return nil
}

// looker reads all versions of keys that are asked for in order. Where they lie close together,
// as those of a deleted table do, it goes on reading and does not seek each.
type looker struct {
	c    storage.Cursor
	hi   []byte // after the last key
	run  Run
	at   int
	hits int // versions that were asked for, of this run
	size int
}

const (
	lookMin = 4
	lookMax = 256
)

// next returns the next version of key, which is not before the last call's; nil if there
// is no more. It is valid until the next call.
func (l *looker) next(key []byte) (k, v []byte, err error) {
	for {
		for ; l.at < l.run.Len(); l.at++ {
			switch k := l.run.Keys[l.at]; bytes.Compare(prefixOf(k), key) {
			case 0:
				l.at++
				l.hits++
				return k, l.run.Values[l.at-1], nil
			case 1:
				return nil, nil, nil
			}
		}
		if l.size = min(2*l.size, lookMax); l.hits == 0 {
			l.c.Seek(key, l.hi, nil, false)
			l.size = lookMin
		}
		l.hits, l.at = 0, 0
		if n, err := l.c.Next(&l.run, l.size); n == 0 || err != nil {
			return nil, nil, err
		}
	}
}

// sweepStep looks at the next versions, in key order, of the first sweep that may go on. It
// reports whether there is more to do.
func (g *garbage) sweepStep() (more bool, err error) {
	g.collecting.Lock()
	defer g.collecting.Unlock()
	// In this order: a segment that the set does not know has a timestamp after the
	// horizon, and one that it has forgotten has no versions that the cursor meets.
	horizon := g.s.Horizon()
	hidden := g.s.hidden.Load()
	sw := g.nextSweep(horizon)
	if sw == nil {
		return false, nil
	}
	b := storage.NewBatch()
	var later []garbageEntry
	var next []byte // where the next step starts; nil: the end of the span
	if len(sw.spans) > 0 {
		if next, later, err = g.sweepSpan(b, sw.spans[0], horizon, hidden); err != nil {
			return false, err
		}
	}
	done := next == nil && len(sw.spans) <= 1
	if done {
		for _, seg := range sw.segs {
			b.Delete(metaSpill, seg.suffix[:])
		}
		if len(sw.segs) > 0 { // all of one transaction
			records := &sw.segs[0].of.records
			records.Lock()
			defer records.Unlock()
		}
	}
	if b.Len() > 0 {
		if _, err := g.s.engine.Apply(b, storage.Lazy); err != nil {
			return false, err
		}
	}
	if done {
		g.s.unhide(sw.segs)
	}
	g.mu.Lock()
	for _, e := range later {
		g.queue.push(e)
		g.length.Add(1)
	}
	switch {
	case next != nil:
		sw.spans[0].lo = next
	case done:
		for i := range g.sweeps {
			if g.sweeps[i] == sw {
				g.sweeps = append(g.sweeps[:i], g.sweeps[i+1:]...)
				break
			}
		}
		if !sw.whole {
			g.length.Add(-garbageWake)
		}
	default:
		sw.spans = sw.spans[1:]
	}
	g.mu.Unlock()
	return g.nextSweep(horizon) != nil, nil
}

// nextSweep returns a sweep that the horizon allows, or nil.
func (g *garbage) nextSweep(horizon Timestamp) *sweep {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.overflow && g.queue.bytes == 0 {
		g.overflow = false
		kept := g.sweeps[:0]
		for _, sw := range g.sweeps { // one whole sweep, from the start
			if !sw.whole {
				kept = append(kept, sw)
			}
		}
		g.sweeps = append(kept, wholeSweep())
	}
	for _, sw := range g.sweeps {
		if sw.at <= horizon {
			return sw
		}
	}
	return nil
}

// sweepSpan looks at the first versions of a span. next is the key to go on with, nil at
// the end.
func (g *garbage) sweepSpan(b *storage.Batch, sp keySpan, horizon Timestamp, hidden *hiddenSet) (next []byte, later []garbageEntry, err error) {
	c, err := g.s.engine.NewCursor()
	if err != nil {
		return nil, nil, err
	}
	defer c.Close()
	var run storage.Run
	for size := sweepRun; ; size *= 2 {
		c.Seek(sp.lo, sp.hi, nil, false)
		n, err := c.Next(&run, size)
		if err != nil {
			return nil, nil, err
		}
		groups := groupByPrefix(run.Keys)
		if n == size { // the last key may have more versions
			next = append([]byte{}, prefixOf(run.Keys[groups[len(groups)-1]])...)
			groups = groups[:len(groups)-1]
			if len(groups) == 0 {
				continue
			}
		}
		for j, from := range groups {
			to := n
			if j+1 < len(groups) {
				to = groups[j+1]
			} else if next != nil {
				to = indexOfPrefix(run.Keys, next)
			}
			if e, ok := g.sweepKey(b, &run, from, to, horizon, hidden); ok {
				later = append(later, e)
			}
		}
		return next, later, nil
	}
}

func prefixOf(key []byte) []byte { return key[:len(key)-storage.SuffixLen] }

// groupByPrefix returns the index of the first version of each key.
func groupByPrefix(keys [][]byte) []int {
	var starts []int
	for i, k := range keys {
		if i == 0 || string(prefixOf(k)) != string(prefixOf(keys[i-1])) {
			starts = append(starts, i)
		}
	}
	return starts
}

func indexOfPrefix(keys [][]byte, prefix []byte) int {
	for i, k := range keys {
		if string(prefixOf(k)) == string(prefix) {
			return i
		}
	}
	return len(keys)
}

// sweepKey removes the garbage among one key's versions, run[from:to], and what was
// rolled back, and returns an entry for what must wait for the horizon.
func (g *garbage) sweepKey(b *storage.Batch, run *storage.Run, from, to int, horizon Timestamp, hidden *hiddenSet) (garbageEntry, bool) {
	key := prefixOf(run.Keys[from])
	newest := Timestamp(0) // among those newer than the horizon
	newer, kept := 0, 0    // of the versions newer than the horizon; of all
	newestIsTombstone, reached := false, false
	for i := from; i < to; i++ {
		at, dropped := hidden.committed(timestampOf(run.Keys[i]))
		v := run.Values[i]
		tombstone := len(v) > 0 && v[len(v)-1] == kindTombstone
		switch {
		case dropped:
			b.DeleteOnce(key, run.Keys[i][len(key):])
		case at == Latest: // its commit, if it comes, sweeps again
		case at > horizon:
			if newer == 0 {
				newest, newestIsTombstone = at, tombstone
			}
			newer++
			kept++
		case !reached && !tombstone:
			reached = true
			kept++
		default:
			reached = true
			b.DeleteOnce(key, run.Keys[i][len(key):])
		}
	}
	if newer > 0 && (kept > 1 || newestIsTombstone) {
		return garbageEntry{key: append([]byte(nil), key...), at: newest}, true
	}
	return garbageEntry{}, false
}

// Collect removes everything that is garbage now, and finishes a sweep. It returns
// the number of queue entries done.
func (s *Store) Collect(ctx context.Context) (int, error) {
	total := 0
	for {
		if err := ctx.Err(); err != nil {
			return total, err
		}
		n, err := s.garbage.collect()
		total += n
		if err != nil {
			return total, err
		}
		if n > 0 {
			continue
		}
		more, err := s.garbage.sweepStep()
		if err != nil || (!more && s.garbage.length.Load() == 0) {
			return total, err
		}
		if !more {
			return total, nil
		}
	}
}

// GarbageQueued is the number of entries in the garbage queue.
func (s *Store) GarbageQueued() int { return int(s.garbage.length.Load()) }
