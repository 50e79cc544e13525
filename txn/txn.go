package txn

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"github.com/minisql/minisql/mvcc"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/ssi"
)

// Txn is one transaction. One goroutine at a time uses it.
//
//	Begin ─▶ { BeginStatement ─▶ reads, locks, writes ─▶ EndStatement }* ─▶ Commit | Rollback
//
// Slices that it returns are valid until the next call on the transaction.
type Txn struct {
	owner
	m          *Manager
	next, prev *Txn // guarded by the active stripe's mutex
	opts       Options
	ended      bool
	schema     bool

	snap  *mvcc.Snapshot // nil until the first statement
	stmt  uint32         // owner.cmd at the start of the running statement
	limit uint32         // reads see own writes with numbers below; stmt unless Use says otherwise
	view  *View          // what Use set, or nil
	holds int            // views and scanners, which may outlive their command

	views    []*View
	scanners []*Scanner

	// after is the newest version the transaction has built on without having it
	// in a snapshot: nothing derived from it leaves before it is published.
	after mvcc.Timestamp

	// node is what ssi knows of the transaction; nil at other levels, and on a safe snapshot.
	node     *ssi.Node
	anomaly  *Failure                 // see Anomaly
	look     look                     // of a row to be written
	toWrite  bool                     // GetToWrite is running
	oneQuery bool                     // see OneQuery
	safety   atomic.Pointer[ssi.Node] // while it waits for a safe snapshot
	change   *ssi.Change              // of the row that is being written; nil: not known

	writes  buffer
	written int   // entries with a write
	size    int64 // bytes that count for the limit
	undos   []undo
	drops   []Span
	open    []uint32 // of the open savepoints: owner.cmd after each was set
	epoch   uint32

	spill *mvcc.Spill // nil until the buffer is first spilled
	bulk  *bulk       // nil until needed
	load  *load       // nil until there are many writes

	buf   []byte    // of the last value returned
	small [192]byte // memory for buf: most values fit
	onEnd []func(committed bool)
}

// BeginStatement starts a command: its writes are not seen by its own Get and
// Scan. At READ COMMITTED it takes a new snapshot; at REPEATABLE READ the first
// one does. It waits until the snapshot can include every version that the
// transaction has already built on.
func (t *Txn) BeginStatement(ctx context.Context) error {
	if t.ended {
		return errEnded()
	}
	if t.cmd == math.MaxUint32 {
		return sqlerr.New(sqlerr.ProgramLimitExceeded, "cannot have more than 2^32-2 commands in a transaction")
	}
	if err := t.registerLook(); err != nil { // of one that has failed
		return err
	}
	t.cmd++
	t.stmt, t.limit, t.view, t.change = t.cmd, t.cmd, nil, nil
	if t.snap == nil {
		t.snap = t.m.below.snapshot()
	} else if t.opts.Level != ReadCommitted && t.snap.At() != 0 {
		return nil
	}
	if t.opts.AsOf != 0 {
		return storageError(t.snap.TakeAt(t.opts.AsOf))
	}
	if t.after > t.m.below.now() {
		if err := t.m.below.wait(ctx, t.after); err != nil {
			return waitError(ctx, err)
		}
	}
	if t.opts.Level == Serializable {
		return t.enterGraph(ctx)
	}
	switch {
	case t.opts.Detect == DetectOff:
		t.snap.Take()
	case t.node == nil:
		t.node = t.m.ssi.Observe(ssi.Party{ID: t.id, PID: t.pid}, t.snap.Take)
	default:
		t.node.Advance(t.snap.Take)
	}
	return nil
}

// Anomaly is what the commit has shown of this and other transactions, of which one at least is watched; nil
// is nothing.
func (t *Txn) Anomaly() *Failure { return t.anomaly }

// Explain gives the running statement a text, for explanations of what it did.
func (t *Txn) Explain(text string) {
	if t.node != nil {
		t.node.Statement(t.cmd, text)
	}
}

// EndStatement returns once everything that the statement has seen is durable.
// Call it before the first row, command tag or error of the statement goes to
// the client. Commit implies it: a statement that is a transaction of its own, and
// sends nothing before the commit, must not call it, so that writers of one hot row
// share a sync instead of queueing for one each.
func (t *Txn) EndStatement(ctx context.Context) error {
	if err := t.registerLook(); err != nil {
		return err
	}
	if t.after == 0 || t.after <= t.m.below.now() {
		return nil
	}
	return waitError(ctx, t.m.below.wait(ctx, t.after))
}

// Get returns what the statement sees under key: the snapshot's version,
// overlaid with the transaction's writes of earlier statements.
func (t *Txn) Get(key []byte) (value []byte, ok bool, err error) {
	return t.get(key, t.limit, t.Snapshot(), nil)
}

// GetWhere is Get for a caller that goes on only if the row meets a condition: at SERIALIZABLE, it
// has not read a row that does not.
func (t *Txn) GetWhere(key []byte, f Filter) (value []byte, ok bool, err error) {
	return t.get(key, t.limit, t.Snapshot(), f)
}

// GetCurrent is Get with the writes of this statement too.
func (t *Txn) GetCurrent(key []byte) (value []byte, ok bool, err error) {
	return t.get(key, math.MaxUint32, t.Snapshot(), nil)
}

// GetLatest returns the newest committed version, whatever the snapshot, overlaid with
// all own writes: for unique and foreign-key checks under a lock on key.
func (t *Txn) GetLatest(key []byte) (value []byte, ok bool, err error) {
	return t.get(key, math.MaxUint32, mvcc.Latest, nil)
}

func (t *Txn) get(key []byte, limit uint32, at mvcc.Timestamp, f Filter) ([]byte, bool, error) {
	if t.ended {
		return nil, false, errEnded()
	}
	if t.written > 0 {
		if e := t.writes.find(key); e != nil {
			if w := e.before(limit); w != nil {
				return w.value, w.kind == live, nil
			}
		}
	}
	if at == 0 {
		return nil, false, sqlerr.New(sqlerr.Internal, "read before the first statement of a transaction")
	}
	if t.bulk != nil {
		if o := t.owns(key); o != nil && t.unspilled(o, key) {
			return nil, false, nil
		}
	}
	v, err := t.m.below.get(t.reader(limit), key, at, t.buf)
	if err != nil {
		return nil, false, storageError(err)
	}
	if v.Value != nil {
		t.buf = v.Value
	}
	if at == mvcc.Latest {
		t.buildOn(v.At)
		at = max(v.At, t.Snapshot())
	}
	if t.node != nil && v.Own == nil {
		if err := t.didRead(key, at, f); err != nil {
			return nil, false, err
		}
	}
	if !v.Exists() {
		return nil, false, nil
	}
	return v.Value, true, nil
}

// MarkSchemaChange makes the commit advance SchemaVersion.
func (t *Txn) MarkSchemaChange() { t.schema = true }

// OnEnd registers f to run once when the transaction ends: after the commit is
// published, or with false after a rollback. Functions run in order.
func (t *Txn) OnEnd(f func(committed bool)) { t.onEnd = append(t.onEnd, f) }

// ID is the transaction's number, unique since the manager was opened.
func (t *Txn) ID() uint64 { return t.id }

// PID is the session's number from Options.
func (t *Txn) PID() int32 { return t.pid }

// Options returns what the transaction was begun with, and changed to since.
func (t *Txn) Options() Options { return t.opts }

// SetReadOnly changes the access mode. PostgreSQL allows READ WRITE only before the first
// snapshot; the caller checks.
func (t *Txn) SetReadOnly(on bool) { t.opts.ReadOnly = on }

// SetLevel changes the isolation level; the caller makes sure that no
// statement has run yet.
func (t *Txn) SetLevel(l Level) {
	t.opts.Level = l
}

// SetDeferrable changes whether a READ ONLY transaction at SERIALIZABLE waits for a safe
// snapshot.
func (t *Txn) SetDeferrable(on bool) { t.opts.Deferrable = on }

// SetAsyncCommit changes whether Commit waits for the disk.
func (t *Txn) SetAsyncCommit(on bool) { t.opts.AsyncCommit = on }

// SetLockTimeout changes the bound on each wait for a lock; 0 is none.
func (t *Txn) SetLockTimeout(d time.Duration) { t.opts.LockTimeout, t.lockTimeout = d, d }

// SetDeadlockTimeout changes after which time a wait looks for a deadlock; 0 is at once.
func (t *Txn) SetDeadlockTimeout(d time.Duration) { t.opts.DeadlockTimeout, t.deadlockTimeout = d, d }

// Snapshot is the timestamp that Get reads at; 0 before the first statement.
func (t *Txn) Snapshot() mvcc.Timestamp {
	if t.view != nil {
		return t.view.snap.At()
	}
	if t.snap == nil {
		return 0
	}
	return t.snap.At()
}

// Wrote reports whether the transaction has written anything.
func (t *Txn) Wrote() bool {
	return t.written > 0 || len(t.drops) > 0 || (t.spill != nil && !t.spill.Empty())
}

// View is what one statement sees, kept for a cursor that outlives it.
type View struct {
	t     *Txn
	snap  *mvcc.Snapshot
	limit uint32
}

// Hold keeps what Get sees now (snapshot and command number) for a cursor. Release
// it before the transaction ends, or let the end do so.
func (t *Txn) Hold() *View {
	v := &View{t: t, limit: t.limit}
	if t.view != nil {
		v.snap = t.view.snap.Clone()
	} else {
		v.snap = t.snap.Clone()
	}
	t.holds++
	t.views = append(t.views, v)
	return v
}

// Use makes v what Get and Scan see from here on, until the next BeginStatement, and
// returns what they saw before; nil is the running statement. A cursor's FETCH calls
// it twice. Writes still get the newest command number.
func (t *Txn) Use(v *View) (prev *View) {
	prev, t.view = t.view, v
	t.limit = t.stmt
	if v != nil {
		t.limit = v.limit
	}
	return prev
}

// Release gives up the view. It may be called twice.
func (v *View) Release() {
	if v.snap == nil {
		return
	}
	t := v.t
	if t.view == v {
		t.Use(nil)
	}
	v.snap.Close()
	v.snap = nil
	t.holds--
	for i, x := range t.views {
		if x == v {
			t.views = append(t.views[:i], t.views[i+1:]...)
			break
		}
	}
}
