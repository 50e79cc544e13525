package txn

import (
	"context"
	"time"

	"github.com/minisql/minisql/mvcc"
)

// Txn is one transaction. One goroutine at a time uses it.
//
// Slices that it returns are valid until the next call on the transaction.
type Txn struct{}

// BeginStatement starts a command: its writes are not seen by its own Get and
// Scan. At READ COMMITTED it takes a new snapshot; at REPEATABLE READ the first
// one does. It waits until the snapshot can include every version that the
// transaction has already built on.
func (t *Txn) BeginStatement(ctx context.Context) error { panic("pending") }

// EndStatement returns once everything that the statement has seen is durable.
// Call it before the first row, command tag or error of the statement goes to
// the client.
func (t *Txn) EndStatement(ctx context.Context) error { panic("pending") }

// Get returns what the statement sees under key: the snapshot's version,
// overlaid with the transaction's writes of earlier statements.
func (t *Txn) Get(key []byte) (value []byte, ok bool, err error) { panic("pending") }

// GetCurrent is Get with the writes of this statement too.
func (t *Txn) GetCurrent(key []byte) (value []byte, ok bool, err error) { panic("pending") }

// GetLatest returns the newest committed version, whatever the snapshot, overlaid with
// all own writes: for unique and foreign-key checks under a lock on key.
func (t *Txn) GetLatest(key []byte) (value []byte, ok bool, err error) { panic("pending") }

// Put buffers a write. key and value are copied. The error is 53200 when the
// transaction grows over its limit, 25006 in a read-only transaction.
func (t *Txn) Put(key, value []byte) error { panic("pending") }

// PutNew is Put for a key that the caller knows to hold nothing live, such as
// the index entry of a new row: it saves the garbage collector a look. A wrong
// promise costs disk space until the key is next written, never correctness.
func (t *Txn) PutNew(key, value []byte) error { panic("pending") }

// Delete buffers a delete; of a missing key too.
func (t *Txn) Delete(key []byte) error { panic("pending") }

// Move is Delete(key) that tells whoever waits for the row where it went: its
// LockRow returns to as MovedTo (an UPDATE of the primary key).
func (t *Txn) Move(key, to []byte) error { panic("pending") }

// Mark is a savepoint.
type Mark struct{ undo, locks int }

// Savepoint marks the present state.
func (t *Txn) Savepoint() Mark { panic("pending") }

// RollbackTo undoes all writes since the savepoint and gives up the locks taken
// since. The mark stays usable.
func (t *Txn) RollbackTo(m Mark) { panic("pending") }

// Release forgets the savepoint and those after it, keeping their effects.
func (t *Txn) Release(m Mark) { panic("pending") }

// MarkSchemaChange makes the commit advance SchemaVersion.
func (t *Txn) MarkSchemaChange() { panic("pending") }

// OnEnd registers f to run once when the transaction ends: after the commit is
// published, or with false after a rollback. Functions run in order.
func (t *Txn) OnEnd(f func(committed bool)) { panic("pending") }

// ID is the transaction's number, unique since the manager was opened.
func (t *Txn) ID() uint64 { panic("pending") }

// PID is the session's number from Options.
func (t *Txn) PID() int32 { panic("pending") }

// Options returns what the transaction was begun with.
func (t *Txn) Options() Options { panic("pending") }

// SetReadOnly changes the access mode, before the first write.
func (t *Txn) SetReadOnly(on bool) { panic("pending") }

// SetLevel changes the isolation level; the caller makes sure that no
// statement has run yet.
func (t *Txn) SetLevel(l Level) error { panic("pending") }

// SetAsyncCommit changes whether Commit waits for the disk.
func (t *Txn) SetAsyncCommit(on bool) { panic("pending") }

// SetLockTimeout changes the bound on each wait for a lock.
func (t *Txn) SetLockTimeout(d time.Duration) { panic("pending") }

// Snapshot is the timestamp the current statement reads at; 0 before the first.
func (t *Txn) Snapshot() mvcc.Timestamp { panic("pending") }

// Wrote reports whether the transaction has buffered a write.
func (t *Txn) Wrote() bool { panic("pending") }

// Commit makes the writes visible and, unless AsyncCommit, durable, and ends
// the transaction whatever it returns.
func (t *Txn) Commit(ctx context.Context) error { panic("pending") }

// Rollback ends the transaction without effect. After the end it does nothing.
func (t *Txn) Rollback() { panic("pending") }

// View is what one statement sees, kept for a cursor that outlives it.
type View struct{}

// Hold keeps the current statement's view (snapshot and command number).
func (t *Txn) Hold() *View { panic("pending") }

// Use makes v what Get and Scan see from here on and returns what they saw
// before; a cursor's FETCH calls it twice. Writes still get the newest command
// number.
func (t *Txn) Use(v *View) (prev *View) { panic("pending") }

// Release gives up the view.
func (v *View) Release() { panic("pending") }
