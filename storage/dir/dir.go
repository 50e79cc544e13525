package dir

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/minisql/minisql/storage"
)

// lockName is the file that a process holds while it has the directory open.
const lockName = "LOCK"

// Make creates dir, unless it is there, and makes its name and those of the parents that it
// created durable: also the name of one that is there, as whoever made it may have been killed
// before it was.
func Make(fs vfs.FS, dir string) error {
	parent := fs.PathDir(dir)
	if info, err := fs.Stat(dir); err == nil {
		if !info.IsDir() {
			return errors.New("it is a file, not a directory")
		}
		return syncParent(fs, dir, parent)
	}
	if parent != dir {
		if err := Make(fs, parent); err != nil {
			return err
		}
	}
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		return NoSpace(err)
	}
	return syncParent(fs, dir, parent)
}

// syncParent makes dir's name durable. A parent that may not be opened is somebody else's.
func syncParent(files vfs.FS, dir, parent string) error {
	if parent == dir {
		return nil
	}
	err := Sync(files, parent)
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}

// NoSpace marks an error that says so with the contract's sentinel.
func NoSpace(err error) error {
	if vfs.IsNoSpaceError(err) && !errors.Is(err, storage.ErrNoSpace) {
		return fmt.Errorf("%w: %w", storage.ErrNoSpace, err)
	}
	return err
}

// Sync makes the names in dir durable.
func Sync(fs vfs.FS, dir string) error {
	f, err := fs.OpenDir(dir)
	if err != nil {
		return NoSpace(err)
	}
	return NoSpace(errors.Join(f.Sync(), f.Close()))
}

// Check refuses a directory that is neither empty nor the engine's: one without a name
// that ours accepts. A crash while the database was created leaves at least its lock.
func Check(fs vfs.FS, dir string, ours func(name string) bool) error {
	names, err := fs.List(dir)
	if err != nil {
		return err
	}
	other := ""
	for _, name := range names {
		switch {
		case name == lockName, ours(name):
			return nil
		case name != "lost+found" && !strings.HasPrefix(name, "."):
			other = name
		}
	}
	if other != "" {
		return fmt.Errorf("the directory is not empty and is no database (it contains %q)", other)
	}
	return nil
}

// Lock keeps other processes out of dir until the lock is closed.
func Lock(files vfs.FS, dir string) (io.Closer, error) {
	lock, err := files.Lock(files.PathJoin(dir, lockName))
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, err
	case err != nil:
		return nil, LockedError(dir, err)
	}
	return lock, nil
}

// LockedError says that another process has dir.
func LockedError(dir string, err error) error {
	return fmt.Errorf("%w: %s is in use by another process: %w", storage.ErrLocked, dir, err)
}
