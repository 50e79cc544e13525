package txn

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/minisql/minisql/mvcc"
	"github.com/minisql/minisql/sqlerr"
)

// ErrWouldBlock answers a NoWait request that would have to wait. The caller,
// who knows the relation's name, makes it 55P03.
var ErrWouldBlock = errors.New("txn: lock is not available")

// storageError gives an error from below its SQLSTATE.
func storageError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, mvcc.ErrNoSpace):
		return sqlerr.New(sqlerr.DiskFull, "could not write to the database: %w", err).
			WithHint("Free disk space and retry the operation.")
	case errors.Is(err, mvcc.ErrCorrupt):
		return sqlerr.New(sqlerr.DataCorrupted, "could not read the database: %w", err)
	case errors.Is(err, mvcc.ErrStopped):
		return sqlerr.New(sqlerr.IOError, "could not write to the database: %w", err).
			WithHint("The database accepts no more writes until it is restarted.")
	case errors.Is(err, mvcc.ErrClosed):
		return sqlerr.New(sqlerr.AdminShutdown, "the database is closed")
	case errors.Is(err, mvcc.ErrSnapshotTooOld):
		return sqlerr.New(sqlerr.InvalidParameterValue, "snapshot too old").
			WithHint("Versions are kept for minisql.history_retention.")
	}
	if _, ok := errors.AsType[*sqlerr.Error](err); ok {
		return err
	}
	return sqlerr.New(sqlerr.IOError, "could not access the database: %w", err)
}

// cancelled turns the end of a context into what the client reads: its cause, if
// that is coded, else 57014.
func cancelled(ctx context.Context) error {
	cause := context.Cause(ctx)
	if _, ok := errors.AsType[*sqlerr.Error](cause); ok {
		return cause
	}
	return sqlerr.New(sqlerr.QueryCanceled, "canceling statement due to user request")
}

func waitError(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return cancelled(ctx)
	}
	return storageError(err)
}

func errLockTimeout() error {
	return sqlerr.New(sqlerr.LockNotAvailable, "canceling statement due to lock timeout")
}

func errTooLarge(limit int64) error {
	return sqlerr.New(sqlerr.OutOfMemory, "out of memory").
		WithDetail("The transaction's writes and locks exceed minisql.max_transaction_size (%d bytes).", limit).
		WithHint("Split the work into several transactions, or raise minisql.max_transaction_size.")
}

func errReadOnly() error {
	return sqlerr.New(sqlerr.ReadOnlySQLTransaction, "cannot write in a read-only transaction")
}

func errEnded() error {
	return sqlerr.New(sqlerr.NoActiveSQLTransaction, "there is no transaction in progress")
}

// NewerVersion is the cause of a 40001: the version under Key is newer than the transaction's
// snapshot, and was to be changed or locked.
type NewerVersion struct {
	Key     []byte
	Deleted bool
}

func (*NewerVersion) Error() string { return "txn: the version is newer than the snapshot" }

func errConcurrent(key []byte, deleted bool) error {
	what := "update"
	if deleted {
		what = "delete"
	}
	return sqlerr.New(sqlerr.SerializationFailure, "could not serialize access due to concurrent %s", what).
		WithCause(&NewerVersion{Key: bytes.Clone(key), Deleted: deleted})
}

// timer is a time.Timer that may be absent.
type timer struct{ *time.Timer }

func newTimer(d time.Duration) timer {
	if d <= 0 {
		return timer{}
	}
	return timer{time.NewTimer(d)}
}

func (t timer) c() <-chan time.Time {
	if t.Timer == nil {
		return nil
	}
	return t.C
}

func (t timer) stop() {
	if t.Timer != nil {
		t.Stop()
	}
}
