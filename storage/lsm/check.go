package lsm

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"

	"github.com/minisql/minisql/storage"
	"github.com/minisql/minisql/storage/dir"
)

// Checked is what Check has looked at.
type Checked struct {
	Tables int
	Bytes  uint64 // of the tables
	Points int64  // sets and deletes, in tables and log
}

// Check verifies the directory path, which nobody has open, without changing it: that the
// manifest's tables are there, that the log can be read, the checksum of every block of every
// table, and the order of keys within and between levels. Each fault goes to fault, an
// ErrCorrupt with its place; the error is for what prevents checking. progress, unless it
// is nil, is told now and then of the bytes that were read.
func Check(ctx context.Context, path string, opts Options, fault func(error), progress func(done, total int64)) (c Checked, err error) {
	opts = opts.withDefaults()
	lock, err := pebble.LockDirectory(path, opts.FS)
	if err != nil {
		return c, dir.LockedError(path, err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	cache := pebble.NewCache(memtableBytesMax)
	defer cache.Unref()
	po := opts.pebble(opts.FS, cache, &Engine{dir: path, opts: opts})
	po.Lock, po.ReadOnly = lock, true
	po.EnsureDefaults() // for checkBlocks

	db, err := openRecovering(path, po, new(guard))
	if err != nil {
		err = translate(err)
		if _, system := errors.AsType[*fs.PathError](err); !system && !errors.Is(err, storage.ErrCorrupt) {
			err = fmt.Errorf("%w: %w", storage.ErrCorrupt, err) // files that do not fit together have no one mark
		}
		return c, faultOr(ctx, err, fault)
	}
	defer func() { err = errors.Join(err, translate(db.Close())) }()
	if err := checkLastLog(opts.FS, path); err != nil {
		return c, faultOr(ctx, err, fault)
	}
	tables, err := tableFiles(db, path, opts)
	if err != nil {
		return c, faultOr(ctx, err, fault)
	}
	var total uint64
	for _, size := range tables {
		total += size
	}
	damaged := false
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		if err := recovering(func() error { return checkBlocks(ctx, name, po) }); err != nil {
			damaged = true
			if err := faultOr(ctx, fmt.Errorf("%s: %w", name, err), fault); err != nil {
				return c, err
			}
		}
		c.Tables++
		c.Bytes += tables[name]
		if progress != nil {
			progress(int64(c.Bytes), int64(total))
		}
	}
	if damaged {
		return c, nil // what follows would meet the same blocks
	}
	var stats pebble.CheckLevelsStats
	if err := recovering(func() error { return db.CheckLevels(&stats) }); err != nil {
		// Its findings are not marked as corruption.
		return c, faultOr(ctx, fmt.Errorf("%w: %w", storage.ErrCorrupt, err), fault)
	}
	c.Points = stats.NumPoints
	return c, nil
}

// recovering makes errors of panics, which Pebble raises on broken files.
func recovering(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", storage.ErrCorrupt, r)
		}
	}()
	return f()
}

// faultOr passes on an error that is a fault, and returns one that is not.
func faultOr(ctx context.Context, err error, fault func(error)) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: %w", storage.ErrCorrupt, err)
	}
	if err = translate(err); errors.Is(err, storage.ErrCorrupt) {
		fault(err)
		return nil
	}
	return err
}

// tableFiles returns the files of the tables in all levels, with their sizes. Several tables
// may be in one file.
func tableFiles(db *pebble.DB, path string, opts Options) (map[string]uint64, error) {
	levels, err := db.SSTables()
	if err != nil {
		return nil, err
	}
	files := make(map[string]uint64)
	for _, tables := range levels {
		for _, t := range tables {
			name := opts.FS.PathJoin(path, fmt.Sprintf("%06d.sst", uint64(t.BackingSSTNum)))
			info, err := opts.FS.Stat(name)
			if err != nil {
				return nil, err
			}
			files[name] = uint64(info.Size())
		}
	}
	return files, nil
}

// checkBlocks reads every block of a table.
func checkBlocks(ctx context.Context, name string, po *pebble.Options) (err error) {
	file, err := po.FS.Open(name)
	if err != nil {
		return err
	}
	readable, err := sstable.NewSimpleReadable(file)
	if err != nil {
		return errors.Join(err, file.Close())
	}
	r, err := sstable.NewReader(ctx, readable, po.MakeReaderOptions())
	if err != nil {
		return errors.Join(err, readable.Close())
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if err := r.ValidateBlockChecksums(); err != nil {
		return err
	}
	layout, err := r.Layout()
	if err != nil {
		return err
	}
	for _, b := range layout.ValueBlock { // which ValidateBlockChecksums leaves out
		h, err := r.ReadValueBlockExternal(ctx, b)
		if err != nil {
			return err
		}
		h.Release()
	}
	return nil
}
