package txn

import "context"

// Strength is how strongly a row or key is locked: PostgreSQL's four.
type Strength uint8

// In order of strength. See PostgreSQL's table "Conflicting Row-Level Locks".
const (
	KeyShare    Strength = iota // foreign-key checks
	Share                       // SELECT … FOR SHARE
	NoKeyUpdate                 // UPDATE that leaves the key alone
	Update                      // DELETE, UPDATE of a key, FOR UPDATE
)

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
	panic("pending")
}

// LockKey is LockRow without 40001: for unique keys and foreign-key checks. The
// key need not exist.
func (t *Txn) LockKey(ctx context.Context, key []byte, s Strength, w WaitPolicy) (Locked, error) {
	panic("pending")
}
