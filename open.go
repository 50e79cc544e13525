package minisql

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/catalog/pgcatalog"
	"github.com/minisql/minisql/exec"
	"github.com/minisql/minisql/mvcc"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/storage"
	"github.com/minisql/minisql/txn"
)

// DefaultDatabase is the database that sessions use unless told otherwise.
const DefaultDatabase = "minisql"

// DefaultUser is the user that sessions belong to unless told otherwise.
const DefaultUser = catalog.BootstrapRole

// Options tune a database. The zero value is a good start.
type Options struct {
	// Database and User are those of sessions that do not name their own. The
	// zero values mean DefaultDatabase and DefaultUser.
	Database string
	User     string
	// Storage is the storage engine of a new database; "" means DefaultStorage. A
	// directory that has another one is refused.
	Storage Storage
	// MemoryBytes is what the storage engine may use for its caches; 0 means 256 MiB.
	MemoryBytes int64
	// MaxTransactionBytes bounds the uncommitted writes of one transaction, which
	// are held in memory (error 53200); 0 means 256 MiB.
	MaxTransactionBytes int64
	// MaxSerializableBytes bounds, roughly, what is remembered of serializable transactions; 0 means
	// 256 MiB. With less, more of them fail, and none wrongly succeeds.
	MaxSerializableBytes int64
	// HistoryRetention is how long past versions of rows are kept.
	HistoryRetention time.Duration
	// TempDir is where large sorts and joins spill; "" is the system's.
	TempDir string
	// Settings are run-time parameters, such as "timezone" or "work_mem", that all
	// sessions start with.
	Settings map[string]string
	// OnNotice receives the notices and warnings of sessions that do not have
	// their own OnNotice.
	OnNotice func(*Notice)
	// OnAnomaly receives the anomalies that a transaction has committed, or, where
	// minisql.detect_anomalies is "error", was not let commit. It is called once for each, after
	// the commit and before the session's caller or client learns of it, in the goroutine that committed:
	// any number of them at a time. It must not use that session, nor close the DB; otherwise it may use the DB. With it all sessions
	// are watched, as if Settings had minisql.detect_anomalies = "notice", unless they have it otherwise.
	OnAnomaly func(Anomaly)
	// MaxIdleSessions is how many idle sessions are kept for reuse by Acquire and
	// by DB's own Query and Exec; 0 means 64.
	MaxIdleSessions int
	// Logf receives what an operator should know; nil drops it.
	Logf func(format string, args ...any)
}

// Notice is a message that does not fail the statement.
type Notice = exec.Notice

// DB is an open store: one directory on disk or a place in memory, with all its
// databases. Any number of goroutines use it.
type DB struct {
	path   string
	opts   Options
	engine storage.Engine
	store  *mvcc.Store
	mgr    *txn.Manager
	srv    *exec.Server

	mu       sync.Mutex // guards what follows
	closed   bool
	sessions map[*Session]struct{} // all that are open, idle ones included
	idle     []*Session
}

// Open opens the store in a directory and makes it if it is missing. An empty path
// is a new store in memory. One process at a time may have a directory open. A nil
// opts means the defaults.
func Open(path string, opts *Options) (*DB, error) {
	db := &DB{path: path, sessions: make(map[*Session]struct{})}
	if opts != nil {
		db.opts = *opts
	}
	if db.opts.Database == "" {
		db.opts.Database = DefaultDatabase
	}
	if db.opts.User == "" {
		db.opts.User = DefaultUser
	}
	if db.opts.MaxIdleSessions == 0 {
		db.opts.MaxIdleSessions = 64
	}
	if err := db.open(); err != nil {
		return nil, err
	}
	// The first session tells whether the database and the settings exist.
	s, err := db.Session(context.Background(), nil)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s.Release()
	return db, nil
}

// open opens the floors from the bottom up, and closes those it has if one fails.
func (db *DB) open() (err error) {
	engine, err := openEngine(db.path, &db.opts)
	if err != nil {
		return openError(db.path, err)
	}
	db.engine = engine
	defer func() {
		if err != nil {
			err = openError(db.path, errors.Join(err, db.closeFloors()))
		}
	}()
	if db.store, err = mvcc.Open(engine, mvcc.Options{Retention: db.opts.HistoryRetention, Logf: db.opts.Logf}); err != nil {
		return err
	}
	if db.mgr, err = txn.Open(db.store, txn.ManagerOptions{
		MaxTransactionBytes: db.opts.MaxTransactionBytes, MaxSerializableBytes: db.opts.MaxSerializableBytes,
		Tracked: catalog.IsData, TableOf: catalog.StorageOf,
	}); err != nil {
		return err
	}
	o := exec.Options{TempDir: db.opts.TempDir, Settings: db.opts.Settings, Logf: db.opts.Logf}
	if f := db.opts.OnAnomaly; f != nil {
		o.OnAnomaly = func(a pgcatalog.Anomaly) { f(Anomaly(a)) }
		o.Settings = watched(o.Settings)
	}
	db.srv, err = exec.NewServer(context.Background(), db.mgr, o)
	return err
}

// openError gives a failure to open a SQLSTATE.
func openError(path string, err error) error {
	if e, ok := errors.AsType[*sqlerr.Error](err); ok {
		return e
	}
	code := sqlerr.IOError
	switch {
	case errors.Is(err, storage.ErrLocked):
		return sqlerr.New(sqlerr.ObjectInUse, "could not open %q: another process or another Open of this one has it open", path).
			WithHint("Close the other one first, or connect to it with \"minisql serve\".")
	case errors.Is(err, storage.ErrCorrupt):
		code = sqlerr.DataCorrupted
	}
	return sqlerr.New(code, "could not open %q: %w", path, err)
}

// closeFloors closes what is open, from the top down.
func (db *DB) closeFloors() error {
	var errs []error
	if db.srv != nil {
		errs = append(errs, db.srv.Close())
	}
	if db.mgr != nil {
		errs = append(errs, db.mgr.Close())
	}
	if db.store != nil {
		errs = append(errs, db.store.Close())
	}
	if db.engine != nil {
		errs = append(errs, db.engine.Close())
	}
	return errors.Join(errs...)
}

// Path is the directory the database was opened with, "" if it is in memory.
func (db *DB) Path() string { return db.path }

// Close ends all sessions and closes the store. Statements that are running are
// cancelled, and transactions that are open are rolled back.
func (db *DB) Close() error {
	db.mu.Lock()
	if db.closed {
		db.mu.Unlock()
		return nil
	}
	db.closed = true
	all := make([]*Session, 0, len(db.sessions))
	for s := range db.sessions {
		all = append(all, s)
	}
	db.idle = nil
	db.mu.Unlock()
	for _, s := range all {
		s.x.Terminate()
	}
	for _, s := range all {
		s.end() // waits for the call that is running, which has been cancelled
	}
	if err := db.closeFloors(); err != nil {
		return fmt.Errorf("closing %q: %w", db.path, err)
	}
	return nil
}

// register adds a session to those that Close ends.
func (db *DB) register(s *Session) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.closed {
		return ErrClosed
	}
	db.sessions[s] = struct{}{}
	return nil
}

func (db *DB) unregister(s *Session) {
	db.mu.Lock()
	defer db.mu.Unlock()
	delete(db.sessions, s)
}

// CancelSession cancels the statement that the session with this process ID (as
// pg_backend_pid() returns it) is running. It reports whether there is such a session.
func (db *DB) CancelSession(pid int32) bool {
	x := db.srv.Session(pid)
	if x == nil {
		return false
	}
	x.Cancel()
	return true
}
