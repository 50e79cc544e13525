package txn

import (
	"bytes"
	"context"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/minisql/minisql/mvcc"
)

// owner is what holds locks: a transaction; later also a session, for advisory locks.
type owner struct {
	id       uint64
	pid      int32
	database uint32

	lockTimeout     time.Duration // of each wait; 0 is none
	deadlockTimeout time.Duration // after which a wait looks for a deadlock; 0 is at once

	// cmd is the number that writes and locks get: of the command or the savepoint that
	// is newest.
	cmd uint32

	// implied is set, once, before any provisional version of the owner's is in the store.
	implied *impliedLocks

	// held is the undo list of key locks but those that leases stand for; noted is the number
	// of these. Used by the owner's goroutine only.
	held   []heldLock
	leases []*lease
	noted  int

	// tableMu guards tables, which a strong locker of a table reads and changes.
	// It comes after lockTable.graph, tableLocks.mu and activeStripe.mu.
	tableMu sync.Mutex
	tables  []tableHold
	first   [2]tableHold // memory for tables: most transactions use few

	waiting atomic.Pointer[waiter] // set under lockTable.graph; nil when running
	signal  chan struct{}          // of capacity 1, made at the first wait
}

// heldLock is one acquisition: key e went from strength before (or none) up.
type heldLock struct {
	e      *lockEntry
	cmd    uint32 // owner.cmd
	before int8   // the strength held before, or -1
	write  *entry // of the key in the transaction's buffer, if it may have a write; see unwritten
}

// impliedLocks are locks of one owner that others noted in the table: see expose.
type impliedLocks struct {
	mu    sync.Mutex // guards the rest; comes after lockShard.mu
	locks []impliedLock
	over  bool // the owner's versions are committed or rolled back
}

// impliedLock is an acquisition that somebody else noted, for the version in g.
type impliedLock struct {
	e      *lockEntry
	key    []byte // e's: it may serve another key by now
	g      *mvcc.Segment
	before int8
}

// lockTable holds the row and key locks.
//
// Invariants:
//
//	(1) Any two holders of a key are the same owner or do not conflict; or one of them
//	    is about to give way to the other, whose lock was exposed.
//	(2) Every waiter conflicts with a holder other than its owner: release
//	    grants in order whatever has become grantable. So nobody waits for a
//	    waiter, and the graph of waiting needs only holders.
//	(3) As in PostgreSQL, a request that conflicts with no holder is granted
//	    at once, even if stronger requests wait.
//	(4) Whoever gets something new to wait for looks for a cycle before he sleeps, one
//	    at a time (graph): the last one to close a cycle finds it. That is whoever
//	    enqueues; and whoever is in the queue of a key whose lock is exposed, for its
//	    owner may be asleep already. All other new holders are running. One with a
//	    deadlock timeout looks after that instead, so that a cycle may stand for as long.
//
// Lock order: graph → tableLocks.mu → shard.mu → lease.mu. No mutex is held while waiting.
type lockTable struct {
	graph  sync.Mutex
	seed   maphash.Seed
	shards [lockShards]lockShard

	leases   atomic.Pointer[[]*lease] // of all owners; nil: none. What it points to never changes
	leasesMu sync.Mutex               // held to replace them
}

const lockShards = 64

// lockShard has some of the keys, in chains. Keys that are next to each other, as those of a
// load are, lie in buckets next to each other, and lockNeighbours of them in one shard: whoever
// locks them, and gives them up, walks through memory in order.
type lockShard struct {
	mu      sync.Mutex   // guards the buckets and every entry in them
	buckets []*lockEntry // as many as a power of two; linked through next
	n       int          // entries in the buckets
	free    *lockEntry   // linked through next
	nfree   int
}

const (
	lockNeighbours = 16
	lockBucketsMin = lockNeighbours
)

// lockEntry is one key that is locked or waited for.
type lockEntry struct {
	shard   *lockShard
	hash    uint64
	key     []byte
	next    *lockEntry // same bucket
	holders []holder
	first   [2]holder // memory for holders
	waiters []*waiter
	room    [48]byte // memory for key: most are short
}

type holder struct {
	o *owner
	s Strength
}

// waiter is one request that sleeps, for a key or for a table.
type waiter struct {
	o *owner
	// Guarded by the shard's or the table locks' mutex.
	granted bool
	over    bool // given up: e may serve another key by now

	e      *lockEntry // a key …
	s      Strength
	before int8 // what the grant replaced: see heldLock

	table *tableEntry // … or a table
	mode  TableLockMode
}

type lockResult uint8

const (
	lockGranted lockResult = iota
	lockSkipped
)

func newLockTable() *lockTable {
	l := &lockTable{seed: maphash.MakeSeed()}
	for i := range l.shards {
		l.shards[i].buckets = make([]*lockEntry, lockBucketsMin)
	}
	return l
}

// shard returns the shard that key belongs to, and key's hash: of neighbours that differ in
// the last byte only, the hashes differ as much.
func (l *lockTable) shard(key []byte) (*lockShard, uint64) {
	last := max(0, len(key)-1)
	hash := maphash.Bytes(l.seed, key[:last])
	for _, b := range key[last:] {
		hash += uint64(b)
	}
	return &l.shards[hash/lockNeighbours%lockShards], hash
}

func (s *lockShard) bucket(hash uint64) **lockEntry {
	at := hash%lockNeighbours + hash/(lockNeighbours*lockShards)*lockNeighbours
	return &s.buckets[at%uint64(len(s.buckets))]
}

func (s *lockShard) find(hash uint64, key []byte) *lockEntry {
	for e := *s.bucket(hash); e != nil; e = e.next {
		if e.hash == hash && bytes.Equal(e.key, key) {
			return e
		}
	}
	return nil
}

// grow doubles the buckets.
func (s *lockShard) grow() {
	old := s.buckets
	s.buckets = make([]*lockEntry, 2*len(old))
	for _, e := range old {
		for e != nil {
			b := s.bucket(e.hash)
			e, e.next, *b = e.next, *b, e
		}
	}
}

func (s *lockShard) insert(hash uint64, key []byte) *lockEntry {
	if s.free == nil {
		// A transaction that locks many keys gets its entries in chunks.
		chunk := make([]lockEntry, min(1+s.n/4, lockNeighbours))
		for i := range chunk {
			e := &chunk[i]
			e.shard, e.key = s, e.room[:0]
			e.next, s.free = s.free, e
		}
		s.nfree += len(chunk)
	}
	e := s.free
	s.free = e.next
	s.nfree--
	if 2*s.n >= len(s.buckets) { // a stranger in a bucket is a miss of the cache
		s.grow()
	}
	s.n++
	b := s.bucket(hash)
	e.hash, e.key = hash, append(e.key[:0], key...)
	e.next, *b = *b, e
	e.holders = e.first[:0]
	return e
}

// remove forgets an entry that nobody holds or waits for.
func (s *lockShard) remove(e *lockEntry) {
	at := s.bucket(e.hash)
	for *at != e {
		at = &(*at).next
	}
	*at = e.next
	s.n--
	const retainedKeyMax = 256
	if cap(e.key) > retainedKeyMax {
		e.key = e.room[:0]
	}
	e.key = e.key[:0] // see impliedLock.key
	e.first, e.holders, e.waiters = [2]holder{}, nil, nil
	const freeMax = 256
	if s.nfree >= freeMax {
		e.next = nil
		return
	}
	e.next, s.free = s.free, e
	s.nfree++
}

// tryGrant makes o a holder if no other holder conflicts. It returns the strength
// held before, or -1.
func (e *lockEntry) tryGrant(o *owner, s Strength) (before int8, ok bool) {
	own := -1
	for i := range e.holders {
		h := &e.holders[i]
		if h.o == o {
			own = i
		} else if h.s.conflicts(s) {
			return 0, false
		}
	}
	if own < 0 {
		e.holders = append(e.holders, holder{o, s})
		return -1, true
	}
	before = int8(e.holders[own].s)
	e.holders[own].s = max(e.holders[own].s, s)
	return before, true
}

// covered reports whether o holds s or more already.
func (e *lockEntry) covered(o *owner, s Strength) bool {
	for i := range e.holders {
		if e.holders[i].o == o {
			return e.holders[i].s >= s
		}
	}
	return false
}

// acquire locks key for o. Cancellation, the owner's lock timeout and deadlocks end the
// wait with a coded error.
func (l *lockTable) acquire(ctx context.Context, o *owner, key []byte, s Strength, w WaitPolicy) (lockResult, error) {
	shard, hash := l.shard(key)
	shard.mu.Lock()
	e := shard.find(hash, key)
	if e == nil {
		e = l.enter(shard, hash, key)
	}
	if before, ok := e.tryGrant(o, s); ok {
		shard.mu.Unlock()
		o.got(e, s, before)
		return lockGranted, nil
	}
	shard.mu.Unlock()
	switch w {
	case NoWait:
		return 0, ErrWouldBlock
	case SkipLocked:
		return lockSkipped, nil
	}
	return lockGranted, l.acquireSlow(ctx, o, shard, hash, key, s)
}

func (l *lockTable) acquireSlow(ctx context.Context, o *owner, shard *lockShard, hash uint64, key []byte, s Strength) error {
	wt := &waiter{o: o, s: s}
	l.graph.Lock()
	shard.mu.Lock()
	e := shard.find(hash, key) // the entry may have gone meanwhile
	if e == nil {
		e = l.enter(shard, hash, key)
	}
	if before, ok := e.tryGrant(o, s); ok {
		shard.mu.Unlock()
		l.graph.Unlock()
		o.got(e, s, before)
		return nil
	}
	wt.e = e
	at := len(e.waiters)
	if e.covered(o, KeyShare) { // an upgrade goes before those who hold nothing
		for at = 0; at < len(e.waiters) && e.waiters[at].e.covered(e.waiters[at].o, KeyShare); at++ {
		}
	}
	e.waiters = append(e.waiters, nil)
	copy(e.waiters[at+1:], e.waiters[at:])
	e.waiters[at] = wt
	o.startWaiting(wt)
	shard.mu.Unlock()
	err := l.sleep(ctx, wt)

	shard.mu.Lock()
	granted := wt.granted
	if !granted {
		wt.over = true
		e.forgetWaiter(wt)
	}
	shard.mu.Unlock()
	if granted { // also when the wait ended otherwise at the same moment
		o.got(e, s, wt.before)
	}
	return err
}

// got notes that o, which held e at before, holds it at s or more.
func (o *owner) got(e *lockEntry, s Strength, before int8) {
	if before < int8(s) {
		if len(o.held) == cap(o.held) {
			o.held = slices.Grow(o.held, max(4, len(o.held)))
		}
		o.held = append(o.held, heldLock{e: e, cmd: o.cmd, before: before})
	}
}

func (o *owner) startWaiting(w *waiter) {
	if o.signal == nil {
		o.signal = make(chan struct{}, 1)
	}
	select { // a signal left over from a wait that ended otherwise
	case <-o.signal:
	default:
	}
	o.waiting.Store(w)
}

// wake has o, which waits, look whether its request is granted. One signal is enough for
// all that happened before it is taken.
func (o *owner) wake() {
	select {
	case o.signal <- struct{}{}:
	default:
	}
}

func (e *lockEntry) forgetWaiter(w *waiter) {
	for i, x := range e.waiters {
		if x == w {
			e.waiters = append(e.waiters[:i], e.waiters[i+1:]...)
			break
		}
	}
	e.settle()
}

// grantWaiters wakes, in order, whoever conflicts with no holder any more.
func (e *lockEntry) grantWaiters() {
	kept := e.waiters[:0]
	for _, w := range e.waiters {
		before, ok := e.tryGrant(w.o, w.s)
		if !ok {
			kept = append(kept, w)
			continue
		}
		w.granted = true
		w.before = before
		w.o.wake()
	}
	clear(e.waiters[len(kept):])
	e.waiters = kept
}

// release undoes o's acquisitions from index from on, the newest first.
func (l *lockTable) release(o *owner, from int) {
	var shard *lockShard // whose mu is held
	for i := len(o.held) - 1; i >= from; i-- {
		h := o.held[i]
		if h.e.shard != shard {
			if shard != nil {
				shard.mu.Unlock()
			}
			shard = h.e.shard
			shard.mu.Lock()
		}
		h.e.restore(o, h.before)
	}
	if shard != nil {
		shard.mu.Unlock()
	}
	clear(o.held[from:])
	o.held = o.held[:from]
}

// restore makes o hold e at strength before, or not at all, and lets others go on.
func (e *lockEntry) restore(o *owner, before int8) {
	for j := range e.holders {
		if e.holders[j].o != o {
			continue
		}
		if before < 0 {
			last := len(e.holders) - 1
			e.holders[j] = e.holders[last]
			e.holders[last] = holder{}
			e.holders = e.holders[:last]
		} else {
			e.holders[j].s = Strength(before)
		}
		break
	}
	e.settle()
}

// settle grants what can be granted, and forgets the entry if nobody needs it.
func (e *lockEntry) settle() {
	if len(e.waiters) > 0 {
		e.grantWaiters()
	}
	if len(e.holders) == 0 && len(e.waiters) == 0 {
		e.shard.remove(e)
	}
}
