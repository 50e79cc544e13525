package txn

import (
	"bytes"
	"cmp"
	"slices"
	"sync"
)

// A transaction that adds keys in ascending order, as a load does, gets a lease: a gap of the
// keys in which nobody has a lock. There it locks a key by noting it, at a fraction of what an
// entry in the table costs to make, to find and to give up.
//
//	k1 k2 k3 … k9 │ gap         │ ────▶ keys
//	  noted       behind        hi
//
// Invariants:
//
//	(1) Whoever puts an entry for a key into the table asks every lease about the key, under
//	    the shard's mutex (lockTable.enter). If it is noted, the owner becomes the entry's holder, at Update:
//	    the lock is exposed, and is like all others from there on. If it is in the gap, the gap ends there.
//	(2) A lease is listed before its owner looks for entries in its gap, shard by shard, and notes
//	    nothing until then. They end the gap too. So no key of the gap has an entry.
//	(3) No two gaps overlap, and no key of one is noted in another lease: they are opened one at a
//	    time (leasesMu).
//	(4) A gap only shrinks until it is opened anew: the owner moves its lower end up, others its
//	    upper end down.
//
// So a key is noted only if nobody holds it, and from there on nobody gets it from the table before the
// lock is exposed.
type lease struct {
	o      *owner
	origin []byte // where the first gap began; never changed

	// mu guards the rest; it comes after lockShard.mu. The owner alone changes keys.
	mu      sync.Mutex
	keys    []*entry // noted, ascending, and in the order of lockedAt
	behind  []byte   // where the gap begins
	hi      []byte   // where it ends; nil: there is none
	exposed []exposure
	over    bool // nothing is noted, nor will be
}

// exposure is a noted key that is in the table too.
type exposure struct {
	e     *lockEntry
	noted *entry
}

// leaseBytes is what a noted key counts for the size of its transaction.
const leaseBytes = 16

// hasGap reports whether key is in the gap.
func (l *lease) hasGap(key []byte) bool {
	return bytes.Compare(key, l.hi) < 0 && bytes.Compare(key, l.behind) > 0
}

// note locks the key of e, which is not written, if it is in the gap.
func (l *lease) note(e *entry) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.hasGap(e.key) {
		return false
	}
	if len(l.keys) == cap(l.keys) {
		l.keys = slices.Grow(l.keys, max(64, len(l.keys)))
	}
	l.keys = append(l.keys, e)
	l.o.noted++
	l.behind = e.key
	e.lockedAt = l.o.cmd
	return true
}

// open gives the lease a gap; a nil hi takes it away.
func (l *lease) open(behind, hi []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.behind, l.hi = bytes.Clone(behind), hi
}

// yield makes room for another lease's gap, which is to begin behind a key, and returns where
// it has to end.
func (l *lease) yield(behind, hi []byte) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return hi
	}
	if l.hasGap(behind) {
		l.hi = bytes.Clone(behind)
	} else if bytes.Compare(behind, l.behind) <= 0 && bytes.Compare(l.behind, l.hi) < 0 {
		hi = least(hi, l.behind)
	}
	if i, _ := l.find(behind); i < len(l.keys) {
		hi = least(hi, l.keys[i].key)
	}
	return hi
}

func least(a, b []byte) []byte {
	if bytes.Compare(a, b) <= 0 {
		return a
	}
	return b
}

// find returns the index of the first noted key that is not before key, and whether it is that key.
func (l *lease) find(key []byte) (i int, found bool) {
	n := len(l.keys)
	if n == 0 || bytes.Compare(key, l.keys[n-1].key) > 0 {
		return n, false
	}
	return slices.BinarySearchFunc(l.keys, key, func(e *entry, key []byte) int { return bytes.Compare(e.key, key) })
}

// admit is told of an entry that has got into the table.
func (l *lease) admit(e *lockEntry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return
	}
	if l.hasGap(e.key) {
		l.hi = bytes.Clone(e.key)
	} else if i, found := l.find(e.key); found {
		e.holders = append(e.holders, holder{l.o, Update})
		l.exposed = append(l.exposed, exposure{e, l.keys[i]})
	}
}

// enter puts an entry for key into the table, which has none. The caller holds the shard's mutex.
func (l *lockTable) enter(shard *lockShard, hash uint64, key []byte) *lockEntry {
	e := shard.insert(hash, key)
	if all := l.leases.Load(); all != nil {
		for _, x := range *all {
			x.admit(e)
		}
	}
	return e
}

const (
	// leaseLooks is how many locks, or places for them, are looked at for a gap at most.
	leaseLooks = 1 << 14
	// leasesMax is how many leases one owner has: everybody asks all of them.
	leasesMax = 4
)

// lease opens a gap for o behind a key, as far as the keys go that have the same start as
// before and key, and nobody has a lock. It returns nil if it would take too long to look.
func (l *lockTable) lease(o *owner, before, key []byte) *lease {
	var x *lease
	if n := len(o.leases); n > 0 && bytes.Compare(o.leases[n-1].behind, key) < 0 {
		x = o.leases[n-1]
		before = x.origin // of a wider gap each time
	} else if n == leasesMax {
		return nil
	}
	if len(o.held) > leaseLooks {
		return nil
	}
	hi := sharedEnd(before, key)
	if hi == nil {
		return nil
	}
	if x == nil {
		x = &lease{o: o, origin: bytes.Clone(before)}
		o.leases = append(o.leases, x)
	}
	l.list(func(all []*lease) []*lease {
		end := hi
		for _, other := range all {
			if other != x {
				end = other.yield(key, end)
			}
		}
		x.open(key, end)
		if !slices.Contains(all, x) {
			all = append(all, x)
		}
		return all
	})
	var own [lockShards]int // entries of o's, by shard
	for i := range o.held {
		if h := &o.held[i]; h.before < 0 {
			own[h.e.hash/lockNeighbours%lockShards]++
			x.end(h.e.key)
		}
	}
	looked := len(o.held)
	for i := range l.shards {
		shard := &l.shards[i]
		shard.mu.Lock()
		if shard.n != own[i] { // there are others'
			if looked += len(shard.buckets); looked > leaseLooks {
				shard.mu.Unlock()
				x.open(key, nil)
				return nil
			}
			for _, e := range shard.buckets {
				for ; e != nil; e = e.next {
					x.end(e.key)
				}
			}
		}
		shard.mu.Unlock()
	}
	return x
}

// end ends the gap at key, if it is there.
func (l *lease) end(key []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.hasGap(key) {
		l.hi = bytes.Clone(key)
	}
}

// sharedEnd returns the end of the keys that start with what a and b have in common, or nil.
func sharedEnd(a, b []byte) []byte {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	for ; n > 0 && a[n-1] == 0xff; n-- {
	}
	if n == 0 {
		return nil
	}
	hi := bytes.Clone(a[:n])
	hi[n-1]++
	return hi
}

// list changes the list of leases, which readers may have.
func (l *lockTable) list(change func(all []*lease) []*lease) {
	l.leasesMu.Lock()
	defer l.leasesMu.Unlock()
	var all []*lease
	if p := l.leases.Load(); p != nil {
		all = slices.Clone(*p)
	}
	if all = change(all); len(all) == 0 {
		l.leases.Store(nil)
		return
	}
	l.leases.Store(&all)
}

// unnote gives up the keys that x has noted from index n on. The gap stays where it is: others may
// have got keys before it by now.
func (l *lockTable) unnote(x *lease, n int) {
	for _, p := range x.cut(n) {
		p.e.shard.mu.Lock()
		p.e.restore(x.o, -1)
		p.e.shard.mu.Unlock()
	}
}

// notedBefore is how many keys were noted before command cmd.
func (l *lease) notedBefore(cmd uint32) int {
	n, _ := slices.BinarySearchFunc(l.keys, cmd, func(e *entry, cmd uint32) int { return cmp.Compare(e.lockedAt, cmd) })
	return n
}

// cut forgets the keys noted from index n on, and returns which of them are exposed.
func (l *lease) cut(n int) (exposed []exposure) {
	if n == len(l.keys) {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := l.exposed[:0]
	for _, p := range l.exposed {
		if bytes.Compare(p.noted.key, l.keys[n].key) >= 0 {
			exposed = append(exposed, p)
		} else {
			kept = append(kept, p)
		}
	}
	clear(l.exposed[len(kept):])
	l.exposed = kept
	l.o.noted -= len(l.keys) - n
	clear(l.keys[n:])
	l.keys = l.keys[:n]
	return exposed
}

// settle ends o's leases. The locks on noted keys are given up, but those that are exposed and those
// that keep wants, which become locks like all others.
func (l *lockTable) settle(o *owner, keep func(*entry) bool) {
	if len(o.leases) == 0 {
		return
	}
	held := len(o.held)
	for _, x := range o.leases {
		for _, e := range x.keys {
			if keep(e) {
				shard, hash := l.shard(e.key)
				shard.mu.Lock()
				if shard.find(hash, e.key) == nil {
					l.enter(shard, hash, e.key) // which exposes it
				}
				shard.mu.Unlock()
			}
		}
		x.mu.Lock()
		x.over = true
		for _, p := range x.exposed {
			o.held = append(o.held, heldLock{e: p.e, cmd: p.noted.lockedAt, before: -1, write: p.noted})
		}
		x.keys, x.exposed, x.hi = nil, nil, nil
		x.mu.Unlock()
	}
	l.list(func(all []*lease) []*lease {
		return slices.DeleteFunc(all, func(x *lease) bool { return x.o == o })
	})
	o.leases, o.noted = nil, 0
	if len(o.held) > held {
		slices.SortStableFunc(o.held, func(a, b heldLock) int { return cmp.Compare(a.cmd, b.cmd) })
	}
}

// locks appends the locks that only the lease has.
func (l *lease) locks(out []LockInfo) []LockInfo {
	l.mu.Lock()
	defer l.mu.Unlock()
	exposed := make(map[*entry]bool, len(l.exposed))
	for _, p := range l.exposed {
		exposed[p.noted] = true
	}
	for _, e := range l.keys {
		if !exposed[e] {
			i := l.o.info()
			i.Key, i.Mode, i.Granted = bytes.Clone(e.key), Update.String(), true
			out = append(out, i)
		}
	}
	return out
}
