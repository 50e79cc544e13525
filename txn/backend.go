package txn

import (
	"context"

	"github.com/minisql/minisql/mvcc"
)

// backend is all that transactions ask from below: now, a snapshot at a timestamp,
// commit a write set under guards, lock keys, collect garbage. Where one machine
// is outgrown, a distributed store takes its place; so nothing above may assume
// that a timestamp is a local counter or that nobody else writes.
//
// The guards of a commit are the locks: whoever commits a key holds a lock on it
// that conflicts with every other writer's, from reading the key to commit's return.
type backend interface {
	// now is the newest timestamp a snapshot can be taken at.
	now() mvcc.Timestamp

	// snapshot registers a view; get, scan and wait read through timestamps.
	snapshot() *mvcc.Snapshot
	get(r mvcc.Reader, key []byte, at mvcc.Timestamp, dst []byte) (mvcc.Version, error)
	probe(p *mvcc.Probes, key []byte) (v mvcc.Version, ok bool, err error)
	scan(sc *mvcc.Scanner, r mvcc.Reader, lo, hi []byte, at mvcc.Timestamp, reverse bool) error
	wait(ctx context.Context, at mvcc.Timestamp) error

	writeSet() *mvcc.WriteSet
	commit(w *mvcc.WriteSet, async bool) (*mvcc.Commit, error)

	// newSpill makes room below for writes of o that do not fit in memory.
	newSpill(o *owner) *mvcc.Spill

	// lock blocks until o holds key at least at strength s.
	lock(ctx context.Context, o *owner, key []byte, s Strength, w WaitPolicy) (lockResult, error)
	// lease lets o lock keys behind key at less cost, or returns nil; before came before it.
	lease(o *owner, before, key []byte) *lease
	// settle ends o's leases: what keep does not want is given up, if nobody waits for it.
	settle(o *owner, keep func(*entry) bool)
	// unnote gives up the keys that a lease has noted from index n on.
	unnote(x *lease, n int)
	// unlock undoes acquisitions, the newest first, and what expose wrote for versions
	// that were rolled back; at the end all.
	unlock(o *owner, from int, end bool)
	// holds returns how strongly o holds key, if not by a provisional version.
	holds(o *owner, key []byte) (s Strength, ok bool)
	// shed gives up locks on keys that written says a version of o's stands for.
	shed(o *owner, written func(key []byte, since uint32) bool)
	// expose puts the lock that the owner of a provisional version has on key in the
	// place of what o has acquired since its lock from.
	expose(o *owner, from int, key []byte, g *mvcc.Segment, s Strength)

	collect(ctx context.Context) (int, error)
}

// local is the backend of one process: versions in mvcc, locks in memory.
type local struct {
	store *mvcc.Store
	locks *lockTable
}

var _ backend = (*local)(nil)

func (l *local) now() mvcc.Timestamp      { return l.store.Now() }
func (l *local) snapshot() *mvcc.Snapshot { return l.store.NewSnapshot() }
func (l *local) writeSet() *mvcc.WriteSet { return l.store.NewWriteSet() }

func (l *local) get(r mvcc.Reader, key []byte, at mvcc.Timestamp, dst []byte) (mvcc.Version, error) {
	return l.store.GetFor(r, key, at, dst)
}

func (l *local) probe(p *mvcc.Probes, key []byte) (v mvcc.Version, ok bool, err error) {
	return l.store.Probe(p, key)
}

func (l *local) scan(sc *mvcc.Scanner, r mvcc.Reader, lo, hi []byte, at mvcc.Timestamp, reverse bool) error {
	return sc.Open(l.store, r, lo, hi, at, reverse)
}

func (l *local) wait(ctx context.Context, at mvcc.Timestamp) error {
	return l.store.WaitPublished(ctx, at)
}

func (l *local) commit(w *mvcc.WriteSet, async bool) (*mvcc.Commit, error) {
	return l.store.Commit(w, async)
}

func (l *local) lock(ctx context.Context, o *owner, key []byte, s Strength, w WaitPolicy) (lockResult, error) {
	return l.locks.acquire(ctx, o, key, s, w)
}

func (l *local) unlock(o *owner, from int, end bool) {
	l.locks.release(o, from)
	if o.implied != nil {
		l.locks.releaseImplied(o, end)
	}
}

func (l *local) lease(o *owner, before, key []byte) *lease { return l.locks.lease(o, before, key) }

func (l *local) settle(o *owner, keep func(*entry) bool) { l.locks.settle(o, keep) }

func (l *local) unnote(x *lease, n int) { l.locks.unnote(x, n) }

func (l *local) newSpill(o *owner) *mvcc.Spill { return l.store.NewSpill(o) }

func (l *local) holds(o *owner, key []byte) (Strength, bool) { return l.locks.holds(o, key) }

func (l *local) shed(o *owner, written func(key []byte, since uint32) bool) { l.locks.shed(o, written) }

func (l *local) expose(o *owner, from int, key []byte, g *mvcc.Segment, s Strength) {
	l.locks.expose(o, from, key, g, s)
}

func (l *local) collect(ctx context.Context) (int, error) { return l.store.Collect(ctx) }
