package txn

import "context"

// LockOnly takes a key lock without reading the version.
func LockOnly(t *Txn, key []byte) (bool, error) {
	r, err := t.m.below.lock(context.Background(), &t.owner, key, Update, Wait)
	return r == lockGranted, err
}

// Spill empties the buffer into the store.
func Spill(t *Txn) error { return t.spillBuffer() }

// Held is the number of locks that t has in the lock table.
func Held(t *Txn) int { return len(t.held) }
