package txn

import (
	"bytes"
	"slices"

	"github.com/minisql/minisql/mvcc"
)

// shed gives up those of o's locks on which nobody waits and for which a provisional
// version stands: written answers for a key that was first locked at command since.
func (l *lockTable) shed(o *owner, written func(key []byte, since uint32) bool) {
	l.settle(o, func(e *entry) bool { return !written(e.key, e.lockedAt) })
	kept := o.held[:0]
	gone := map[*lockEntry]bool{} // by entry with an upgrade: whether the lock was given up
	for _, h := range o.held {
		if h.before >= 0 {
			gone[h.e] = false
		}
	}
	for _, h := range o.held {
		// An upgrade goes with the first lock, after which e may serve another key.
		keep := !gone[h.e]
		if h.before < 0 && written(h.e.key, h.cmd) { // o is a holder, and e is of this key
			h.e.shard.mu.Lock()
			if keep = len(h.e.waiters) > 0; !keep {
				h.e.restore(o, -1)
				if _, upgraded := gone[h.e]; upgraded {
					gone[h.e] = true
				}
			}
			h.e.shard.mu.Unlock()
		}
		if keep {
			kept = append(kept, h)
		}
	}
	clear(o.held[len(kept):])
	o.held = kept
}

// holds returns how strongly the table has o holding key; ok is false if not at all.
func (l *lockTable) holds(o *owner, key []byte) (s Strength, ok bool) {
	for _, x := range o.leases {
		if _, found := x.find(key); found {
			return Update, true
		}
	}
	shard, hash := l.shard(key)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if e := shard.find(hash, key); e != nil {
		for i := range e.holders {
			if e.holders[i].o == o {
				return e.holders[i].s, true
			}
		}
	}
	return 0, false
}

// expose writes the lock on key that g's owner has at s, by having a version there, into
// the table, unless the owner has ended meanwhile. At the same time what o has
// acquired since its lock from is undone: o got the key only because the
// table did not know better.
//
// Whoever waited for o now waits for g's owner, and that owner may be asleep: they wake,
// and look for a cycle.
func (l *lockTable) expose(o *owner, from int, key []byte, g *mvcc.Segment, s Strength) {
	by := g.Owner().(*owner)
	shard, hash := l.shard(key)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	e := shard.find(hash, key)
	if e == nil {
		e = l.enter(shard, hash, key)
	}
	by.implied.mu.Lock()
	if !by.implied.over && g.Running() {
		before := int8(-1)
		own := -1
		for i := range e.holders {
			if e.holders[i].o == by {
				own = i
			}
		}
		if own < 0 {
			e.holders = append(e.holders, holder{by, s})
		} else {
			before = int8(e.holders[own].s)
			e.holders[own].s = max(e.holders[own].s, s)
		}
		if before < int8(s) {
			by.implied.locks = append(by.implied.locks, impliedLock{e, bytes.Clone(key), g, before})
		}
	}
	by.implied.mu.Unlock()
	if len(o.held) == from {
		e.settle()
	} else {
		before := o.held[from].before
		clear(o.held[from:])
		o.held = o.held[:from]
		e.restore(o, before)
	}
	for _, w := range e.waiters {
		w.o.wake()
	}
}

// releaseImplied undoes what expose wrote in o's name for versions that were rolled back; at
// the end everything, and nothing more is written.
func (l *lockTable) releaseImplied(o *owner, end bool) {
	in := o.implied
	in.mu.Lock()
	in.over = in.over || end
	var given []impliedLock
	kept := in.locks[:0]
	for _, x := range in.locks {
		if end || x.g.Dropped() {
			given = append(given, x)
		} else {
			kept = append(kept, x)
		}
	}
	clear(in.locks[len(kept):])
	in.locks = kept
	in.mu.Unlock()
	for _, x := range slices.Backward(given) { // the newest first, as in release
		x.e.shard.mu.Lock()
		if bytes.Equal(x.e.key, x.key) {
			x.e.restore(o, x.before)
		}
		x.e.shard.mu.Unlock()
	}
}
