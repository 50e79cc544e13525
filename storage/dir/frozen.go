package dir

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Frozen is a directory that nobody else has open and that stays as it is: what an engine
// writes there (its recovery, say) is kept aside and forgotten with Close.
//
//	engine ─write─▶ changed blocks ─▶ scratch, a temporary file without a name
//	       ─read──▶ changed blocks, else the file on the disk
//
// Names are copied on write, too: a file that is removed or renamed is so for the engine only.
// Any number of goroutines use it.
type Frozen struct {
	ctx  context.Context
	disk vfs.FS
	lock io.Closer
	read atomic.Int64

	mu      sync.Mutex           // guards what follows
	names   map[string]*contents // files that were opened for writing, made or renamed; nil: removed
	made    map[string]bool      // directories
	opened  []vfs.File           // on the disk, of names' contents
	scratch *os.File
	used    int64 // bytes of scratch
}

var _ vfs.FS = (*Frozen)(nil)

// Freeze takes the directory's lock and returns a file system in which it does not change.
// When ctx is done, reads fail with its cause.
func Freeze(ctx context.Context, disk vfs.FS, path string) (*Frozen, error) {
	info, err := disk.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is a file, not a directory", path)
	}
	lock, err := Lock(disk, path)
	if err != nil {
		return nil, err
	}
	return &Frozen{ctx: ctx, disk: disk, lock: lock, names: make(map[string]*contents), made: make(map[string]bool)}, nil
}

// BytesRead is how much has been read so far, of files on the disk and of what is kept aside.
func (f *Frozen) BytesRead() int64 { return f.read.Load() }

// Close forgets what was written and lets others open the directory.
func (f *Frozen) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var errs []error
	for _, file := range f.opened {
		errs = append(errs, file.Close())
	}
	if f.scratch != nil {
		errs = append(errs, f.scratch.Close())
	}
	return errors.Join(append(errs, f.lock.Close())...)
}

// find returns the contents of a name, which may change from now on. mu is held.
func (f *Frozen) find(name string) (*contents, error) {
	if c, ok := f.names[name]; ok {
		if c == nil {
			return nil, missing(name)
		}
		return c, nil
	}
	below, err := f.disk.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := below.Stat()
	if err != nil {
		return nil, errors.Join(err, below.Close())
	}
	f.opened = append(f.opened, below)
	c := &contents{f: f, below: below, size: info.Size()}
	f.names[name] = c
	return c, nil
}

func missing(name string) error {
	return &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (f *Frozen) create(name string) *contents {
	c := &contents{f: f}
	f.names[name] = c
	return c
}

// Create makes an empty file.
func (f *Frozen) Create(name string, _ vfs.DiskWriteCategory) (vfs.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.create(name).open(name), nil
}

// Open opens a file for reading. A file that is as on the disk is read there, also if it
// is opened for writing later.
func (f *Frozen) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, ours := f.names[name]
	switch {
	case ours && c == nil:
		return nil, missing(name)
	case ours:
		return c.open(name), nil
	}
	file, err := f.disk.Open(name, opts...)
	if err != nil {
		return nil, err
	}
	return below{file, f}, nil
}

// OpenReadWrite opens a file, or makes it.
func (f *Frozen) OpenReadWrite(name string, _ vfs.DiskWriteCategory, _ ...vfs.OpenOption) (vfs.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, err := f.find(name)
	if errors.Is(err, fs.ErrNotExist) {
		return f.create(name).open(name), nil
	}
	if err != nil {
		return nil, err
	}
	return c.open(name), nil
}

// OpenDir opens a directory for syncing.
func (f *Frozen) OpenDir(string) (vfs.File, error) { return &frozenFile{}, nil }

// Link gives a file a second name.
func (f *Frozen) Link(oldname, newname string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, err := f.find(oldname)
	if err != nil {
		return err
	}
	f.names[newname] = c
	return nil
}

// Rename gives a file another name.
func (f *Frozen) Rename(oldname, newname string) error {
	if err := f.Link(oldname, newname); err != nil {
		return err
	}
	return f.Remove(oldname)
}

// ReuseForWrite renames a file and opens it.
func (f *Frozen) ReuseForWrite(oldname, newname string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if err := f.Rename(oldname, newname); err != nil {
		return nil, err
	}
	return f.OpenReadWrite(newname, category)
}

// Remove hides a file.
func (f *Frozen) Remove(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, ours := f.names[name]
	if ours && c == nil {
		return missing(name)
	}
	if _, err := f.disk.Stat(name); err != nil && !ours {
		return err
	}
	f.names[name] = nil
	return nil
}

// RemoveAll hides a file, or all files of a directory.
func (f *Frozen) RemoveAll(name string) error {
	names, err := f.List(name)
	if err != nil {
		return f.Remove(name)
	}
	var errs []error
	for _, n := range names {
		errs = append(errs, f.Remove(f.PathJoin(name, n)))
	}
	return errors.Join(errs...)
}

// MkdirAll makes a directory.
func (f *Frozen) MkdirAll(name string, _ os.FileMode) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.made[name] = true
	return nil
}

// Lock does nothing: the lock on the disk is Freeze's.
func (f *Frozen) Lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }

// List names the files of a directory.
func (f *Frozen) List(path string) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	names, err := f.disk.List(path)
	if err != nil && !f.made[path] {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		_, ours := f.names[f.disk.PathJoin(path, name)]
		return ours
	})
	for name, c := range f.names {
		if c != nil && f.disk.PathDir(name) == path {
			names = append(names, f.disk.PathBase(name))
		}
	}
	return names, nil
}

// Stat describes a file or directory.
func (f *Frozen) Stat(name string) (vfs.FileInfo, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c, ok := f.names[name]; !ok {
		if f.made[name] {
			return frozenInfo{name: name, dir: true}, nil
		}
		return f.disk.Stat(name)
	} else if c != nil {
		return frozenInfo{name: f.disk.PathBase(name), size: c.size}, nil
	}
	return nil, missing(name)
}

// PathBase is the disk's.
func (f *Frozen) PathBase(path string) string { return f.disk.PathBase(path) }

// PathJoin is the disk's.
func (f *Frozen) PathJoin(elem ...string) string { return f.disk.PathJoin(elem...) }

// PathDir is the disk's.
func (f *Frozen) PathDir(path string) string { return f.disk.PathDir(path) }

// GetDiskUsage is the disk's.
func (f *Frozen) GetDiskUsage(path string) (vfs.DiskUsage, error) { return f.disk.GetDiskUsage(path) }

// Unwrap says that there is nothing below that may be written.
func (f *Frozen) Unwrap() vfs.FS { return nil }
