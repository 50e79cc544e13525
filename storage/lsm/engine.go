package lsm

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/minisql/minisql/storage"
	"github.com/minisql/minisql/storage/dir"
)

// Engine is a storage.Engine on Pebble.
type Engine struct {
	db    *pebble.DB
	lock  *pebble.Lock
	guard *guard
	dir   string
	opts  Options

	tickets sync.Pool // of *ticket
	crowds  crowds

	// closing is held shared around every call into db that Close must not
	// overtake; closed is set under it.
	closing sync.RWMutex
	closed  bool

	space dir.Space

	stalls      atomic.Int64
	openCursors atomic.Int64
	backups     atomic.Int64
}

var _ storage.Engine = (*Engine)(nil)

// Open opens the engine in the directory path, creating it if it is missing. An empty path means a
// database in memory.
func Open(path string, opts Options) (*Engine, error) {
	if opts.FS == nil && path == "" {
		opts.FS = vfs.NewMem()
	}
	opts = opts.withDefaults()
	if path == "" {
		path = "memory"
	}
	if err := dir.Make(opts.FS, path); err != nil {
		return nil, openError(path, err)
	}
	if err := dir.Check(opts.FS, path, Owns); err != nil {
		return nil, openError(path, err)
	}
	lock, err := pebble.LockDirectory(path, opts.FS)
	if errors.Is(err, fs.ErrPermission) {
		return nil, openError(path, err)
	}
	if err != nil {
		return nil, dir.LockedError(path, err)
	}

	e := &Engine{dir: path, opts: opts, lock: lock, guard: &guard{FS: opts.FS}}
	e.space.FS, e.space.Dir, e.space.MinBytes = opts.FS, path, opts.MinFreeBytes
	e.tickets.New = func() any { return &ticket{e: e} }
	cache := pebble.NewCache(opts.MemoryBytes) // memtables are counted against it
	defer cache.Unref()                        // the database keeps its own reference
	po := opts.pebble(e.guard, cache, e)
	po.Lock = lock
	e.db, err = openRecovering(path, po, e.guard)
	if err != nil {
		_ = lock.Close()
		return nil, openError(path, err)
	}
	e.guard.armed.Store(true)
	return e, nil
}

// Owns recognises the files of this engine.
func Owns(name string) bool {
	return strings.HasPrefix(name, "MANIFEST-") || strings.HasPrefix(name, "marker.")
}

// openRecovering is pebble.Open with its fatal log messages, which it raises on
// broken files and on a broken disk, as errors.
func openRecovering(dir string, po *pebble.Options, g *guard) (db *pebble.DB, err error) {
	defer func() {
		switch r := recover(); {
		case r == nil:
		case g.opening.Load() != nil:
			err = *g.opening.Load()
		default:
			err = fmt.Errorf("%w: %v", storage.ErrCorrupt, r)
		}
	}()
	return pebble.Open(dir, po)
}

func openError(dir string, err error) error {
	return fmt.Errorf("opening %s: %w", dir, translate(err))
}

// translate marks Pebble's errors with the contract's sentinels.
func translate(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, storage.ErrCorrupt), errors.Is(err, storage.ErrNoSpace), errors.Is(err, storage.ErrStopped):
		return err
	case pebble.IsCorruptionError(err):
		what, _, _ := strings.Cut(err.Error(), "\n") // behind it are marks for Pebble
		var at interface{ ErrorDetail() string }     // which log, and where
		if errors.As(err, &at) {
			what += ": " + at.ErrorDetail()
		}
		return fmt.Errorf("%w: %s", storage.ErrCorrupt, what)
	case vfs.IsNoSpaceError(err):
		return fmt.Errorf("%w: %w", storage.ErrNoSpace, err)
	}
	return err
}

// ticket waits for one batch's sync. It is pooled with Pebble's batch, which
// borrows the encoded bytes during Apply.
type ticket struct {
	batch pebble.Batch
	e     *Engine
}

// lazyTicket answers for a batch that nobody waits for.
type lazyTicket struct{ e *Engine }

func (t lazyTicket) Wait() error { return t.e.Sync() }

// Apply logs b and inserts it into the memtable.
func (e *Engine) Apply(b *storage.Batch, d storage.Durability) (storage.Ticket, error) {
	e.closing.RLock()
	defer e.closing.RUnlock()
	if e.closed {
		return nil, storage.ErrClosed
	}
	if err := e.guard.err(); err != nil {
		return nil, err
	}
	if err := e.space.Take(b.Size()); err != nil {
		return nil, err
	}
	t := e.tickets.Get().(*ticket)
	if err := t.batch.SetRepr(b.Encoded()); err != nil {
		return nil, err
	}
	var err error
	if d == storage.Durable {
		err = e.db.ApplyNoSyncWait(&t.batch, pebble.Sync)
	} else {
		err = e.db.Apply(&t.batch, pebble.NoSync)
	}
	if keeps(b, e.opts.memtableBytes()) {
		b.Disown()
	}
	if err != nil {
		return nil, translate(err)
	}
	if d == storage.Lazy {
		t.release()
		return lazyTicket{e}, nil
	}
	return t, nil
}

// keeps reports whether Pebble may keep the memory of a batch until it is flushed: it does if the
// batch would fill half of a memtable, where each operation takes a node beside its bytes.
// Half of that is taken for too much.
func keeps(b *storage.Batch, memtableBytes uint64) bool {
	const nodeBytesMax = 256 // arenaskl's largest node has less, with its alignment
	return uint64(b.Size())+nodeBytesMax*uint64(b.Len()) > memtableBytes/4
}

func (t *ticket) release() {
	t.batch.Reset()
	t.e.tickets.Put(t)
}

// Wait returns when the log is synced up to the batch. The guard makes failed
// syncs look successful to Pebble, so its cause decides.
func (t *ticket) Wait() error {
	err := t.batch.SyncWait()
	if cause := t.e.guard.err(); cause != nil {
		return cause
	}
	if err != nil {
		return translate(err)
	}
	t.release()
	return nil
}

// Sync makes everything applied so far durable.
func (e *Engine) Sync() error {
	e.closing.RLock()
	defer e.closing.RUnlock()
	if e.closed {
		return storage.ErrClosed
	}
	if err := e.guard.err(); err != nil {
		return err
	}
	if err := e.db.LogData(nil, pebble.Sync); err != nil {
		return translate(err)
	}
	return e.guard.err()
}

// Backup writes a checkpoint: hard links to the tables where the file system has
// them, copies elsewhere, and a copy of the log.
func (e *Engine) Backup(ctx context.Context, path string) error {
	e.closing.RLock()
	defer e.closing.RUnlock()
	if e.closed {
		return storage.ErrClosed
	}
	if err := errors.Join(ctx.Err(), e.guard.err()); err != nil {
		return err
	}
	if _, err := e.opts.FS.Stat(path); err == nil {
		return fmt.Errorf("backup: %s: %w", path, fs.ErrExist)
	}
	if err := dir.Make(e.opts.FS, e.opts.FS.PathDir(path)); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	e.backups.Add(1)
	defer e.backups.Add(-1)
	err := e.db.Checkpoint(path, pebble.WithFlushedWAL())
	if err = errors.Join(err, e.guard.err()); err != nil {
		return fmt.Errorf("backup to %s: %w", path, translate(err))
	}
	return nil
}

// Flush writes the memtables out. Tests and bulk loads use it; nothing depends on it.
func (e *Engine) Flush() error {
	e.closing.RLock()
	defer e.closing.RUnlock()
	if e.closed {
		return storage.ErrClosed
	}
	return translate(e.db.Flush())
}

// Close syncs the log and closes the files.
func (e *Engine) Close() error {
	e.closing.Lock()
	defer e.closing.Unlock()
	if e.closed {
		return nil
	}
	e.closed = true
	var err error
	if e.guard.err() == nil {
		err = e.db.LogData(nil, pebble.Sync)
	}
	err = errors.Join(translate(err), translate(e.db.Close()), e.lock.Close())
	if cause := e.guard.err(); cause != nil {
		return cause
	}
	return err
}
