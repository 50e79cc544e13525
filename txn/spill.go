package txn

import (
	"bytes"
	"context"
	"math"
	"slices"

	"github.com/minisql/minisql/mvcc"
)

// A transaction that does not fit in memory spills: its whole buffer goes to the store as
// segments (mvcc.Spill) that nobody else sees, and starts anew.
//
//	number:   1 2 │ 3 4 5 │ 6       a write has the number of its command or savepoint
//	          seg 1│ seg 2 │ seg 3  of the buffer, cut where somebody may look: at open
//	                                savepoints, at views, at the running statement
//
// So a read at a limit sees whole segments, and a rollback to a savepoint drops
// whole segments. The buffer always holds the newest writes and is looked at first.
//
// # Locks
//
// A key's provisional version stands for the lock on it, so the locks on spilled keys leave
// the lock table. Whoever wants such a key gets it from the table, reads the newest
// version, finds it to be somebody's who is still running, and then writes the lock into the
// table in the name of that owner, in the place of his own (lockTable.expose). From there
// on it is a lock like all others. Its owner may be asleep by then, unlike whoever takes a
// lock himself: so those who wait for the key look for a cycle again.

// detached is a buffer that was spilled, for the scanners that were on it.
type detached struct {
	buffer
	size  int64
	users int
}

// ownSpan is a span given to OwnSpan.
type ownSpan struct {
	lo, hi []byte
	max    []byte // the greatest key that was spilled; nil: none
}

// bulk is what only large transactions need.
type bulk struct {
	own     []ownSpan
	ownKeys keyFilter // of keys in own spans that are in segments
	pinned  int64     // bytes of detached buffers
}

func (t *Txn) bulky() *bulk {
	if t.bulk == nil {
		t.bulk = &bulk{}
	}
	return t.bulk
}

func (b *bulk) bytes() int64 {
	if b == nil {
		return 0
	}
	return b.pinned + b.ownKeys.bytes()
}

// unspilled reports whether key, which is in the own span o, cannot be in a segment, so
// that there is no need to look. Keys often come in order; else the filter helps.
func (t *Txn) unspilled(o *ownSpan, key []byte) bool {
	return o.max == nil || bytes.Compare(key, o.max) > 0 || !t.bulk.ownKeys.has(key)
}

// OwnSpan declares that lo ≤ key < hi is this transaction's alone until it ends: it has
// never been used, and nobody else can know it, because this transaction created the
// table or index that is stored there. Keys in it need no locks: LockKey and LockRow only
// look. It outlives a rollback to a savepoint: the caller does not give the span away.
func (t *Txn) OwnSpan(lo, hi []byte) error {
	switch {
	case t.ended:
		return errEnded()
	case t.opts.ReadOnly:
		return errReadOnly()
	case !mvcc.ValidKey(lo) || !mvcc.ValidKey(hi):
		return storageError(mvcc.ErrReserved)
	}
	if err := t.willWriteSpan(lo, hi); err != nil {
		return err
	}
	b := t.bulky()
	b.own = append(b.own, ownSpan{lo: bytes.Clone(lo), hi: bytes.Clone(hi)})
	if t.spill != nil {
		t.spill.Own(lo, hi)
	}
	return nil
}

// owns returns the own span that key is in, or nil.
func (t *Txn) owns(key []byte) *ownSpan {
	if t.bulk == nil {
		return nil
	}
	for i := range t.bulk.own {
		if o := &t.bulk.own[i]; bytes.Compare(key, o.lo) >= 0 && bytes.Compare(key, o.hi) < 0 {
			return o
		}
	}
	return nil
}

func (t *Txn) reader(limit uint32) mvcc.Reader { return mvcc.Reader{Spill: t.spill, Limit: limit} }

// room makes sure that need more bytes fit: it spills, or it is 53200.
func (t *Txn) room(need int64) error {
	held := t.lockedBytes()
	if t.size+held+need <= t.m.opts.SpillBytes {
		return nil
	}
	if t.size >= t.m.opts.SpillBytes/4 { // else it is the locks, which spilling does not help
		if err := t.spillBuffer(); err != nil {
			return err
		}
		held = t.lockedBytes()
	}
	if t.size+held+t.bulk.bytes()+need > t.m.opts.MaxTransactionBytes {
		return errTooLarge(t.m.opts.MaxTransactionBytes)
	}
	return nil
}

// spillBuffer empties the buffer into the store. After an error it is as before.
func (t *Txn) spillBuffer() error {
	if t.written > 0 {
		if err := t.writeSegments(); err != nil {
			return storageError(err)
		}
		t.m.below.shed(&t.owner, func(key []byte, since uint32) bool {
			e := t.writes.find(key)
			return e != nil && e.kind != absent && !t.markedBetween(since, e.oldest())
		})
	}
	var d *detached
	for _, s := range t.scanners {
		if s.buf == nil && !s.ownDone {
			if d == nil {
				d = &detached{buffer: t.writes, size: t.size}
				t.bulky().pinned += d.size
			}
			s.buf = d
			d.users++
		}
	}
	t.writes, t.undos, t.written, t.size = buffer{}, nil, 0, 0
	return nil
}

// markedBetween reports whether a savepoint is open that was set after the command from
// and not after the command to. If a key was locked at from and first written at to, a
// rollback would drop the version and must keep the lock.
func (t *Txn) markedBetween(from, to uint32) bool {
	for _, m := range t.open {
		if from < m && m <= to {
			return true
		}
	}
	return false
}

// cuts lists the numbers at which segments must begin.
func (t *Txn) cuts() []uint32 {
	cuts := append([]uint32{0, t.stmt}, t.open...)
	for _, v := range t.views {
		cuts = append(cuts, v.limit)
	}
	slices.Sort(cuts)
	return slices.Compact(cuts)
}

// eachSegmentWrite calls f for the writes of e that segments need: the newest between
// two cuts; segment is the index of the cut before.
func (e *entry) eachSegmentWrite(cuts []uint32, f func(segment int, w *write)) {
	last := len(cuts)
	for w := &e.write; w != nil && w.kind != absent; w = w.prev {
		i := len(cuts) - 1
		if w.cmd < cuts[i] {
			at, found := slices.BinarySearch(cuts, w.cmd)
			if i = at; !found {
				i = at - 1
			}
		}
		if i < last {
			f(i, w)
			last = i
		}
	}
}

// spanBytes is how many bytes of writes a span of a segment comprises: finer spans make
// fewer reads of others look for what is not there.
const spanBytes = 512 << 10

// writeSegments writes the buffer to the store.
func (t *Txn) writeSegments() error {
	if t.spill == nil {
		t.spill = t.m.below.newSpill(&t.owner)
		t.implied = &impliedLocks{}
		for _, o := range t.bulky().own {
			t.spill.Own(o.lo, o.hi)
		}
	}
	cuts := t.cuts()
	high := make([]uint32, len(cuts))
	used := make([]bool, len(cuts))
	spans := t.spillSpans(cuts, func(i int, w *write) {
		used[i], high[i] = true, max(high[i], w.cmd)
	})
	var order []mvcc.SegmentOrder
	place := make([]int, len(cuts))
	for i := range cuts {
		if used[i] {
			place[i] = len(order)
			order = append(order, mvcc.SegmentOrder{Low: cuts[i], High: high[i]})
		}
	}
	segs, err := t.spill.Begin(order, spans)
	if err != nil {
		return err
	}
	t.writes.ascend(nil, func(e *entry) bool {
		var weak bool
		if weak, err = t.weak(e); err != nil {
			return false
		}
		e.eachSegmentWrite(cuts, func(i int, w *write) {
			if err != nil {
				return
			}
			if g := segs[place[i]]; w.kind == live {
				err = g.Put(e.key, w.value, weak)
			} else {
				err = g.Delete(e.key, w.value)
			}
		})
		return err == nil
	})
	if err == nil {
		err = t.spill.Finish(segs)
	}
	if err != nil {
		t.spill.DropSegments(segs)
		return err
	}
	for i := range spans {
		if o := t.owns(spans[i].Lo); o != nil {
			if last := spans[i].Hi[:len(spans[i].Hi)-1]; o.max == nil || bytes.Compare(last, o.max) > 0 {
				o.max = last
			}
		}
	}
	if len(t.bulk.own) > 0 {
		t.writes.ascend(nil, func(e *entry) bool {
			if e.kind != absent && t.owns(e.key) != nil {
				t.bulk.ownKeys.add(e.key)
			}
			return true
		})
	}
	return nil
}

// spillSpans lists the spans that the buffer's keys are in and calls f for every write to
// be spilled.
func (t *Txn) spillSpans(cuts []uint32, f func(segment int, w *write)) []mvcc.SpillSpan {
	var spans []mvcc.SpillSpan
	var in *ownSpan
	var lo, last []byte
	size, dirty := 0, false
	cut := func() {
		if lo != nil {
			hi := append(append(make([]byte, 0, len(last)+1), last...), 0)
			spans = append(spans, mvcc.SpillSpan{Lo: bytes.Clone(lo), Hi: hi, Dirty: dirty, Own: in != nil})
		}
		lo, size, dirty = nil, 0, false
	}
	t.writes.ascend(nil, func(e *entry) bool {
		if e.kind == absent {
			return true
		}
		if in == nil || bytes.Compare(e.key, in.hi) >= 0 {
			if o := t.owns(e.key); o != in {
				cut()
				in = o
			}
		}
		if lo == nil {
			lo = e.key
		}
		writes := 0
		e.eachSegmentWrite(cuts, func(i int, w *write) {
			writes++
			size += len(e.key) + len(w.value)
			f(i, w)
		})
		below := e.below
		if e.belowEpoch != t.epoch {
			below = mvcc.Below{}
		}
		if in != nil && t.unspilled(in, e.key) {
			below = mvcc.Below{Known: true}
		}
		isNew := below.At == 0 || below.Tombstone
		if !below.Known {
			isNew = e.promised
		}
		dirty = dirty || !isNew || writes > 1 || e.kind == tombstone
		last = e.key
		if size >= spanBytes {
			cut()
		}
		return true
	})
	cut()
	return spans
}

// oldest is the number of the oldest write known of the entry.
func (e *entry) oldest() uint32 {
	n := uint32(math.MaxUint32)
	for w := &e.write; w != nil && w.kind != absent; w = w.prev {
		n = w.cmd
	}
	return n
}

// weak reports whether the lock that e's new version is to stand for lets KeyShare by. It
// must stand for what is held, neither for less, since that may be given up, nor for more:
// somebody may hold what more conflicts with.
func (t *Txn) weak(e *entry) (bool, error) {
	if e.kind != live || e.promised || t.owns(e.key) != nil { // what is new was not updated
		return false, nil
	}
	if s, ok := t.m.below.holds(&t.owner, e.key); ok && s >= NoKeyUpdate {
		return s == NoKeyUpdate, nil
	}
	// An earlier version of this transaction's is the lock. Or that on a row is, of which the
	// key is a part.
	v, err := t.m.below.get(t.reader(math.MaxUint32), e.key, mvcc.Latest, nil)
	return v.Own != nil && implied(&v) == NoKeyUpdate, err
}

// implied is how strongly a provisional version holds its key.
func implied(v *mvcc.Version) Strength {
	if v.Weak {
		return NoKeyUpdate
	}
	return Update
}

// lockOwn is lock for a key in an own span: there is nothing to lock.
func (t *Txn) lockOwn(o *ownSpan, key []byte) (Locked, error) {
	if e := t.writes.find(key); e != nil && e.kind != absent {
		return t.lockedWrite(e), nil
	}
	if t.unspilled(o, key) {
		return Locked{}, nil
	}
	v, err := t.m.below.get(t.reader(math.MaxUint32), key, mvcc.Latest, t.buf)
	if err != nil {
		return Locked{}, storageError(err)
	}
	if v.Value != nil {
		t.buf = v.Value
	}
	return t.lockedVersion(&v), nil
}

// acquire has the lock table lock key, unless a provisional version of this
// transaction does already.
func (t *Txn) acquire(ctx context.Context, key []byte, s Strength, w WaitPolicy) (lockResult, error) {
	if t.spill == nil {
		return t.m.below.lock(ctx, &t.owner, key, s, w)
	}
	res, err := t.m.below.lock(ctx, &t.owner, key, s, NoWait)
	if err != ErrWouldBlock {
		return res, err
	}
	// Who has the key from the table may be about to find our version and give way.
	v, err := t.m.below.get(t.reader(math.MaxUint32), key, mvcc.Latest, nil)
	if err != nil {
		return 0, storageError(err)
	}
	if v.Own != nil && implied(&v) >= s {
		return lockGranted, nil
	}
	return t.m.below.lock(ctx, &t.owner, key, s, w)
}
