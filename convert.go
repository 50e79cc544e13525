package minisql

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/storage"
	"github.com/minisql/minisql/storage/dir"
)

// Convert copies the database in the directory src, which nobody has open, into a new
// directory dst with the storage engine given, past versions included. src does not change. On an
// error, or when ctx is done, nothing is left of dst; a process that is killed leaves
// dst.incomplete. progress, unless it is nil, is told now and then how many bytes of src have
// been read, of about how many.
func Convert(ctx context.Context, src, dst string, to Storage, progress func(done, total int64)) (err error) {
	if to == "" {
		to = DefaultStorage
	}
	if err := to.Check(); err != nil {
		return err
	}
	files, is, err := freeze(ctx, src)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, files.Close()) }()
	if _, err := os.Lstat(dst); err == nil {
		return sqlerr.New(sqlerr.DuplicateFile, "could not create %q: it exists", dst)
	}
	if within(src, dst) {
		return sqlerr.New(sqlerr.InvalidParameterValue, "could not create %q: it is in %q", dst, src)
	}
	made := filepath.Clean(dst) + ".incomplete"
	if err := os.Mkdir(made, 0o700); errors.Is(err, os.ErrExist) {
		return sqlerr.New(sqlerr.DuplicateFile, "could not create %q: %q exists", dst, made).
			WithHint("Another conversion is running, or one was killed and has left it behind: then remove it.")
	} else if err != nil {
		return sqlerr.New(sqlerr.IOError, "could not create %q: %w", dst, err)
	}
	err = convert(ctx, files, src, is, made, to, progress)
	if err == nil {
		err = errors.Join(os.Rename(made, dst), dir.Sync(vfs.Default, filepath.Dir(made)))
	}
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	} else if _, ok := errors.AsType[*sqlerr.Error](err); !ok {
		err = sqlerr.New(sqlerr.IOError, "could not convert %q: %w", src, err)
	}
	if left := os.RemoveAll(made); left != nil {
		err = errors.Join(err, fmt.Errorf("%q is left behind: %w", made, left))
	}
	return err
}

// within reports whether path is in the directory parent, or is it.
func within(parent, path string) bool {
	rel, err := filepath.Rel(parent, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// convert copies all pairs.
func convert(ctx context.Context, files *dir.Frozen, src string, is Storage, dst string, to Storage, progress func(done, total int64)) (err error) {
	from, err := openFrozen(files, src, is)
	if err != nil {
		return openError(src, err)
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	into, err := openEngine(dst, &Options{Storage: to})
	if err != nil {
		return openError(dst, err)
	}
	defer func() { err = errors.Join(err, into.Close()) }()
	c, err := from.NewCursor()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()

	before, m := files.BytesRead(), from.Metrics()
	total := int64(m.DiskBytes - m.LogBytes)
	const (
		batchBytes = 1 << 20
		runPairs   = 32 // in memory at a time; a value may be long
	)
	var run storage.Run
	b := storage.NewBatch()
	apply := func() error {
		_, err := into.Apply(b, storage.Lazy)
		b.Reset()
		return err
	}
	c.Seek(nil, nil, nil, false)
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, err := c.Next(&run, runPairs)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
		for i, k := range run.Keys {
			p := len(k) - storage.SuffixLen
			b.Set(k[:p], k[p:], run.Values[i])
			if b.Size() >= batchBytes {
				if err := apply(); err != nil {
					return err
				}
			}
		}
		if progress != nil {
			progress(min(files.BytesRead()-before, total), total)
		}
	}
	if b.Len() > 0 {
		if err := apply(); err != nil {
			return err
		}
	}
	return into.Sync()
}
