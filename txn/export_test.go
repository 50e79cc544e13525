package txn

import (
	"context"
	"math"

	"github.com/minisql/minisql/mvcc"
)

// LockOnly takes a key lock without reading the version.
func LockOnly(t *Txn, key []byte) (bool, error) {
	r, err := t.m.below.lock(context.Background(), &t.owner, key, Update, Wait)
	return r == lockGranted, err
}

// Spill empties the buffer into the store.
func Spill(t *Txn) error { return t.spillBuffer() }

// Held is the number of locks that t has in the lock table.
func Held(t *Txn) int { return len(t.held) }

// GiveWay is what lock does with a lock that LockOnly took last, once it has found that the
// version on key is somebody else's who is still running.
func GiveWay(t *Txn, key []byte) error {
	v, err := t.m.below.get(t.reader(math.MaxUint32), key, mvcc.Latest, nil)
	if err == nil && v.Held != nil {
		t.m.below.expose(&t.owner, len(t.held)-1, key, v.Held, implied(&v))
	}
	return err
}

// Conflict reports whether two transactions cannot hold a key at a and b.
func Conflict(a, b Strength) bool { return a.conflicts(b) }

// Noted is the number of locks that t has in leases.
func Noted(t *Txn) int { return t.noted }
