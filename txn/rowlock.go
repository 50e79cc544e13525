package txn

import (
	"context"
	"math"

	"github.com/minisql/minisql/mvcc"
)

// Strength is how strongly a row or key is locked: PostgreSQL's four.
type Strength uint8

// In order of strength. See PostgreSQL's table "Conflicting Row-Level Locks".
const (
	KeyShare    Strength = iota // foreign-key checks
	Share                       // SELECT … FOR SHARE
	NoKeyUpdate                 // UPDATE that leaves the key alone
	Update                      // DELETE, UPDATE of a key, FOR UPDATE
)

// String is the name pgrowlocks gives the strength.
func (s Strength) String() string {
	return [...]string{"For Key Share", "For Share", "For No Key Update", "For Update"}[s]
}

// rowConflicts[a]&(1<<b) is set if a and b conflict.
var rowConflicts = [4]uint8{
	KeyShare:    1 << Update,
	Share:       1<<NoKeyUpdate | 1<<Update,
	NoKeyUpdate: 1<<Share | 1<<NoKeyUpdate | 1<<Update,
	Update:      1<<KeyShare | 1<<Share | 1<<NoKeyUpdate | 1<<Update,
}

func (s Strength) conflicts(other Strength) bool { return rowConflicts[s]&(1<<other) != 0 }

// WaitPolicy says what to do when a lock cannot be had at once.
type WaitPolicy uint8

const (
	// Wait queues, first come first served.
	Wait WaitPolicy = iota
	// NoWait returns ErrWouldBlock, which the caller turns into 55P03 "could not obtain lock on row in relation …".
	NoWait
	// SkipLocked returns Locked.Skipped.
	SkipLocked
)

// Locked is what a lock's new holder finds under the key.
type Locked struct {
	Value   []byte // newest committed version, or the transaction's own write
	Exists  bool
	Changed bool   // the version is newer than the statement's snapshot: re-check it
	Self    bool   // this very statement wrote the version
	Skipped bool   // SkipLocked and not locked; nothing else is set
	MovedTo []byte // where the row's writer moved it, when !Exists
}

// LockRow locks key until the transaction ends and returns the newest version.
// At READ COMMITTED the caller re-checks a Changed one. At REPEATABLE READ it is
// 40001.
func (t *Txn) LockRow(ctx context.Context, key []byte, s Strength, w WaitPolicy) (Locked, error) {
	return t.lock(ctx, key, s, w, anyNewer, false)
}

// LockArbiter is LockRow at strength Update for a key that ON CONFLICT looks at: at REPEATABLE
// READ, one that is there and newer than the snapshot is 40001; one that is gone may be written.
func (t *Txn) LockArbiter(ctx context.Context, key []byte) (Locked, error) {
	return t.lock(ctx, key, Update, Wait, newerRow, false)
}

// LockKey is LockRow without 40001: for unique keys and foreign-key checks. The
// key need not exist.
func (t *Txn) LockKey(ctx context.Context, key []byte, s Strength, w WaitPolicy) (Locked, error) {
	return t.lock(ctx, key, s, w, nothingNewer, false)
}

// LockNew is LockKey, at strength Update, for a key that the caller expects to hold
// nothing. Many of them in ascending order cost less than as many LockKeys.
func (t *Txn) LockNew(ctx context.Context, key []byte) (Locked, error) {
	return t.lock(ctx, key, Update, Wait, nothingNewer, true)
}

// read returns the newest version of a key that is locked.
func (t *Txn) read(key []byte, isNew bool) (mvcc.Version, error) {
	if isNew && t.many() {
		if v, ok, err := t.m.below.probe(&t.load.probes, key); ok || err != nil {
			return v, err
		}
	}
	return t.m.below.get(t.reader(math.MaxUint32), key, mvcc.Latest, t.buf)
}

// refusal says which versions newer than the snapshot are 40001 at REPEATABLE READ.
type refusal uint8

const (
	nothingNewer refusal = iota
	newerRow             // not one that is deleted
	anyNewer
)

// lockBytes is what one lock counts for the size of its transaction.
const lockBytes = 128

func (t *Txn) lockedBytes() int64 {
	return int64(len(t.held))*lockBytes + int64(t.noted)*leaseBytes
}

func (t *Txn) lock(ctx context.Context, key []byte, s Strength, w WaitPolicy, refuse refusal, isNew bool) (Locked, error) {
	if t.ended {
		return Locked{}, errEnded()
	}
	if t.size+t.lockedBytes() > t.m.opts.SpillBytes {
		if err := t.room(0); err != nil {
			return Locked{}, err
		}
	}
	if t.bulk != nil {
		if o := t.owns(key); o != nil {
			return t.lockOwn(o, key)
		}
	}
	if isNew {
		if e, v, err := t.lockInGap(key); e != nil || err != nil {
			if err != nil {
				return Locked{}, storageError(err)
			}
			return t.lockedNewest(ctx, key, s, refuse, e, len(t.held), &v)
		}
	}
	var e *entry
	var v mvcc.Version
	var before int
	for {
		before = len(t.held)
		res, err := t.acquire(ctx, key, s, w)
		if err != nil {
			return Locked{}, err
		}
		if res == lockSkipped {
			return Locked{Skipped: true}, nil
		}
		e = t.writes.find(key)
		if e != nil && e.kind != absent {
			t.guards(before, e)
			return t.lockedWrite(e), nil
		}
		v, err = t.read(key, isNew)
		if err != nil {
			return Locked{}, storageError(err)
		}
		if v.Value != nil {
			t.buf = v.Value
		}
		if v.Held != nil && implied(&v).conflicts(s) {
			t.m.below.expose(&t.owner, before, key, v.Held, implied(&v))
			// And wait for its owner as for others: unless the owner has ended meanwhile,
			// the table has a conflicting lock of his now, and does not grant this one.
			continue
		}
		if v.Own != nil && implied(&v) >= s && len(t.held) > before {
			t.m.below.unlock(&t.owner, before, false)
		}
		break
	}
	l, err := t.lockedNewest(ctx, key, s, refuse, e, before, &v)
	if isNew && err == nil {
		t.seekGap(key)
	}
	return l, err
}

// lockedNewest ends lock: v is the newest version, e the entry of the key, if there is one, and before
// how many locks there were.
func (t *Txn) lockedNewest(ctx context.Context, key []byte, s Strength, refuse refusal, e *entry, before int, v *mvcc.Version) (Locked, error) {
	t.buildOn(v.At)
	l := t.lockedVersion(v)
	if t.opts.Level == ReadCommitted {
		refuse = nothingNewer
	}
	if l.Changed && (refuse == anyNewer || refuse == newerRow && l.Exists) {
		// The client learns of the other commit: it must be durable first.
		if err := t.m.below.wait(ctx, v.At); err != nil {
			return Locked{}, waitError(ctx, err)
		}
		return Locked{}, errConcurrent(key, !l.Exists)
	}
	if t.node != nil && refuse != anyNewer && v.Own == nil {
		if err := t.didRead(key, max(v.At, t.Snapshot()), nil); err != nil {
			return Locked{}, err
		}
	}
	if t.node != nil && l.Changed && t.opts.Level == ReadCommitted {
		t.node.Reread(key)
	}
	if s >= NoKeyUpdate {
		t.guards(before, t.know(key, e, v.Below()))
	}
	return l, nil
}

// guards notes that the newest lock, if there is one since the lock from, is on the key of an entry.
func (t *Txn) guards(from int, e *entry) {
	if len(t.held) > from {
		t.held[len(t.held)-1].write = e
	}
}

func (t *Txn) lockedWrite(e *entry) Locked {
	return Locked{Value: e.value, Exists: e.kind == live, Self: e.cmd >= t.stmt, MovedTo: e.movedTo()}
}

func (t *Txn) lockedVersion(v *mvcc.Version) Locked {
	l := Locked{Exists: v.Exists(), Changed: v.At > t.Snapshot()}
	l.Self = v.Own != nil && v.Own.Order().High >= t.stmt
	switch {
	case l.Exists:
		l.Value = v.Value
	case v.Tombstone && len(v.Value) > 0:
		l.MovedTo = v.Value
	}
	return l
}

// buildOn notes that the transaction has seen a version that may not be durable
// yet.
func (t *Txn) buildOn(at mvcc.Timestamp) {
	if at > t.after {
		t.after = at
	}
}
