package minisql

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/minisql/minisql/exec"
	"github.com/minisql/minisql/mvcc"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/storage"
	"github.com/minisql/minisql/storage/btree"
	"github.com/minisql/minisql/storage/dir"
	"github.com/minisql/minisql/storage/lsm"
	"github.com/minisql/minisql/txn"
)

// The levels of Check, in their order.
const (
	CheckStorage  = "storage"  // files, pages or tables, and the log
	CheckVersions = "versions" // of every key
	CheckSQL      = "sql"      // descriptors, rows, index entries
)

// CheckReport is told what Check finds, and how far it is. Its functions may be nil.
type CheckReport struct {
	// Fault is called for each thing that is wrong, with what and where in one line.
	Fault func(level, fault string)
	// Level is called when a level has been checked, with what there was.
	Level func(level, summary string)
	// Progress is called now and then: so much of a level is done, of about so much.
	Progress func(level string, done, total int64)
}

// Check verifies the database in a directory that nobody has open, without changing it, and
// returns how many faults it found. It goes from the files up, and no further than
// the first level with faults. What a recovery would write, after a crash, goes to a
// temporary file.
func Check(ctx context.Context, path string, report *CheckReport) (faults int, err error) {
	files, is, err := freeze(ctx, path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, files.Close()) }()
	c := &check{ctx: ctx, path: path, is: is, files: files}
	if report != nil {
		c.report = *report
	}
	for _, level := range []func() error{c.storage, c.above} {
		if err := level(); err != nil || c.faults > 0 {
			return c.faults, err
		}
	}
	return 0, nil
}

// freeze opens a directory with a database so that it stays as it is.
func freeze(ctx context.Context, path string) (*dir.Frozen, Storage, error) {
	is, err := StorageOf(path)
	if err != nil {
		return nil, "", openError(path, err)
	}
	if is == "" {
		if _, err := vfs.Default.Stat(path); err != nil {
			return nil, "", sqlerr.New(sqlerr.UndefinedFile, "could not open %q: %w", path, err)
		}
		return nil, "", sqlerr.New(sqlerr.UndefinedFile, "could not open %q: it is no database", path)
	}
	files, err := dir.Freeze(ctx, vfs.Default, path)
	if err != nil {
		return nil, "", openError(path, err)
	}
	return files, is, nil
}

// check is one run of Check.
type check struct {
	ctx    context.Context
	path   string
	is     Storage
	files  *dir.Frozen
	report CheckReport
	faults int
	pairs  int64 // about as many as there are
}

// fault returns what a level tells of its faults.
func (c *check) fault(level string) func(error) {
	return func(err error) {
		c.faults++
		if c.report.Fault != nil {
			line, _, _ := strings.Cut(err.Error(), "\n")
			c.report.Fault(level, strings.ReplaceAll(line, storage.ErrCorrupt.Error()+": ", ""))
		}
	}
}

func (c *check) progress(level string) func(done, total int64) {
	return func(done, total int64) {
		if c.report.Progress != nil {
			c.report.Progress(level, done, total)
		}
	}
}

func (c *check) done(level, format string, args ...any) {
	if c.report.Level != nil {
		c.report.Level(level, fmt.Sprintf(format, args...))
	}
}

// storage checks the files.
func (c *check) storage() error {
	if c.is == LSM {
		got, err := lsm.Check(c.ctx, c.path, lsm.Options{FS: c.files}, c.fault(CheckStorage), c.progress(CheckStorage))
		if err != nil {
			return c.failed(err)
		}
		c.pairs = got.Points
		c.done(CheckStorage, "lsm, %d tables of %d bytes, %d entries", got.Tables, got.Bytes, got.Points)
		return nil
	}
	got, err := btree.Check(c.ctx, c.path, btree.Options{FS: c.files}, c.fault(CheckStorage), c.progress(CheckStorage))
	if err != nil {
		return c.failed(err)
	}
	c.pairs = got.Pairs
	c.done(CheckStorage, "btree, %d pages with %d entries, %d values in pages of their own, %d free pages, %d log records to replay",
		got.Pages, got.Pairs, got.Values, got.Free, got.LogRecords)
	return nil
}

// above opens the database, on files that stay as they are, and checks what is in it.
func (c *check) above() (err error) {
	engine, err := openFrozen(c.files, c.path, c.is)
	if err != nil {
		return c.broken(CheckStorage, err)
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	progress := c.progress(CheckVersions)
	versions, err := mvcc.Check(c.ctx, engine, c.fault(CheckVersions), func(done int64) { progress(done, max(done, c.pairs)) })
	if err != nil {
		return c.failed(err)
	}
	c.done(CheckVersions, "%d versions of %d keys", versions.Versions, versions.Keys)
	if c.faults > 0 {
		return nil
	}

	store, err := mvcc.Open(engine, mvcc.Options{NoCollect: true})
	if err != nil {
		return c.broken(CheckVersions, err)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	mgr, err := txn.Open(store, txn.ManagerOptions{})
	if err != nil {
		return c.broken(CheckVersions, err)
	}
	defer func() { err = errors.Join(err, mgr.Close()) }()
	srv, err := exec.NewServer(c.ctx, mgr, exec.Options{})
	if err != nil {
		return c.broken(CheckSQL, err)
	}
	defer func() { err = errors.Join(err, srv.Close()) }()
	progress = c.progress(CheckSQL)
	sql, err := srv.Check(c.ctx, c.fault(CheckSQL), func(done int64) { progress(done, max(done, versions.Keys)) })
	if err != nil {
		return c.failed(err)
	}
	c.done(CheckSQL, "%d databases, %d tables with %d rows, %d indexes with %d entries", sql.Databases, sql.Tables, sql.Rows, sql.Indexes, sql.Entries)
	return nil
}

// openFrozen opens the engine of a directory that dir.Freeze has opened.
func openFrozen(files *dir.Frozen, path string, is Storage) (storage.Engine, error) {
	if is == LSM {
		return opened(lsm.Open(path, lsm.Options{FS: files, MinFreeBytes: -1}))
	}
	return opened(btree.Open(path, btree.Options{FS: files, MinFreeBytes: -1}))
}

// broken makes a fault of an error that keeps a level from being opened.
func (c *check) broken(level string, err error) error {
	if c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}
	c.fault(level)(err)
	return nil
}

// failed is an error that prevents checking.
func (c *check) failed(err error) error {
	if c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}
	return sqlerr.New(sqlerr.IOError, "could not check %q: %w", c.path, err)
}
