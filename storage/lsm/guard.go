package lsm

import (
	"fmt"
	"io/fs"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/minisql/minisql/storage"
)

// guard is the file system that Pebble gets. Tables (.sst, .blob) pass through:
// a failed flush or compaction is tried again. Everything else is the log, the
// manifest and its marker, and decides what a recovery finds:
//
//	running ──first failed write, sync, create or rename──▶ frozen
//
// Invariants:
//
//	(1) Once frozen, no file that a recovery reads is written, renamed or removed: the
//	    directory stays what a crash at that moment would have left, but for
//	    tables that nothing refers to.
//	(2) The cause is stored before the failing call returns, so whoever is told
//	    by Pebble that a sync succeeded, and then finds no cause, can trust it.
//	(3) While frozen, Pebble is told that its calls succeed: it keeps serving reads.
//
// Until armed (while Pebble opens) errors pass through and fail Open. The first is kept
// then too, because Pebble may report it as text only.
type guard struct {
	vfs.FS
	armed   atomic.Bool
	opening atomic.Pointer[error]
	cause   atomic.Pointer[error]
}

// err returns why the engine stopped, or nil.
func (g *guard) err() error {
	if p := g.cause.Load(); p != nil {
		return *p
	}
	return nil
}

// freeze records the first cause. It reports whether the caller must pretend
// success.
func (g *guard) freeze(what, name string, err error) bool {
	if !g.armed.Load() {
		err = fmt.Errorf("%s %s: %w", what, name, err)
		g.opening.CompareAndSwap(nil, &err)
		return false
	}
	if vfs.IsNoSpaceError(err) {
		err = fmt.Errorf("%w: %w", storage.ErrNoSpace, err)
	}
	err = fmt.Errorf("%w: %s %s: %w", storage.ErrStopped, what, name, err)
	g.cause.CompareAndSwap(nil, &err)
	return true
}

func (g *guard) frozen() bool { return g.cause.Load() != nil }

func isTable(name string) bool {
	return strings.HasSuffix(name, ".sst") || strings.HasSuffix(name, ".blob")
}

func (g *guard) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if isTable(name) {
		return g.FS.Create(name, category)
	}
	if g.frozen() {
		return nowhere{}, nil
	}
	f, err := g.FS.Create(name, category)
	return g.watch(f, "create", name, err)
}

func (g *guard) ReuseForWrite(oldname, newname string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if g.frozen() {
		return nowhere{}, nil
	}
	f, err := g.FS.ReuseForWrite(oldname, newname, category)
	return g.watch(f, "reuse", newname, err)
}

func (g *guard) OpenDir(name string) (vfs.File, error) {
	f, err := g.FS.OpenDir(name)
	return g.watch(f, "open", name, err)
}

func (g *guard) watch(f vfs.File, what, name string, err error) (vfs.File, error) {
	if err != nil {
		if g.freeze(what, name, err) {
			return nowhere{}, nil
		}
		return nil, err
	}
	return &watched{File: f, g: g, name: name}, nil
}

func (g *guard) Rename(oldname, newname string) error {
	if g.frozen() {
		return nil
	}
	if err := g.FS.Rename(oldname, newname); err != nil && !g.freeze("rename", oldname, err) {
		return err
	}
	return nil
}

func (g *guard) Remove(name string) error {
	if g.frozen() {
		return nil
	}
	return g.FS.Remove(name)
}

func (g *guard) RemoveAll(name string) error {
	if g.frozen() {
		return nil
	}
	return g.FS.RemoveAll(name)
}

// Unwrap lets vfs find the file system below.
func (g *guard) Unwrap() vfs.FS { return g.FS }

// watched is a file that a recovery reads.
type watched struct {
	vfs.File
	g    *guard
	name string
}

func (w *watched) Write(p []byte) (int, error) {
	if w.g.frozen() {
		return len(p), nil
	}
	n, err := w.File.Write(p)
	if err != nil && w.g.freeze("write", w.name, err) {
		return len(p), nil
	}
	return n, err
}

func (w *watched) sync(f func() error) error {
	if w.g.frozen() {
		return nil
	}
	if err := f(); err != nil && !w.g.freeze("sync", w.name, err) {
		return err
	}
	return nil
}

func (w *watched) Sync() error     { return w.sync(w.File.Sync) }
func (w *watched) SyncData() error { return w.sync(w.File.SyncData) }

func (w *watched) SyncTo(length int64) (full bool, err error) {
	err = w.sync(func() (err error) { full, err = w.File.SyncTo(length); return err })
	return full, err
}

func (w *watched) Preallocate(offset, length int64) error {
	if w.g.frozen() {
		return nil
	}
	return w.File.Preallocate(offset, length)
}

func (w *watched) Close() error {
	if err := w.File.Close(); err != nil && !w.g.freeze("close", w.name, err) {
		return err
	}
	return nil
}

// nowhere swallows what is written after the disk was frozen.
type nowhere struct{ vfs.File }

func (nowhere) Write(p []byte) (int, error)       { return len(p), nil }
func (nowhere) Sync() error                       { return nil }
func (nowhere) SyncData() error                   { return nil }
func (nowhere) SyncTo(int64) (bool, error)        { return false, nil }
func (nowhere) Preallocate(int64, int64) error    { return nil }
func (nowhere) Prefetch(int64, int64) error       { return nil }
func (nowhere) Close() error                      { return nil }
func (nowhere) Fd() uintptr                       { return vfs.InvalidFd }
func (nowhere) Stat() (vfs.FileInfo, error)       { return nowhereInfo{}, nil }
func (nowhere) Read([]byte) (int, error)          { return 0, storage.ErrStopped }
func (nowhere) ReadAt([]byte, int64) (int, error) { return 0, storage.ErrStopped }

type nowhereInfo struct{}

func (nowhereInfo) Name() string           { return "" }
func (nowhereInfo) Size() int64            { return 0 }
func (nowhereInfo) Mode() fs.FileMode      { return 0 }
func (nowhereInfo) ModTime() time.Time     { return time.Time{} }
func (nowhereInfo) IsDir() bool            { return false }
func (nowhereInfo) Sys() any               { return nil }
func (nowhereInfo) DeviceID() vfs.DeviceID { return vfs.DeviceID{} }
