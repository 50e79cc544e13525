package txn

import "context"

// LockOnly takes a key lock without reading the version.
func LockOnly(t *Txn, key []byte) (bool, error) {
	r, err := t.m.below.lock(context.Background(), &t.owner, key, Update, Wait)
	return r == lockGranted, err
}
