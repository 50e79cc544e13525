package btree_test

import (
	"context"
	"errors"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/minisql/minisql/storage"
	"github.com/minisql/minisql/storage/btree"
	"github.com/minisql/minisql/storage/storagetest"
)

// sized returns a factory of engines with pages of a size, and with so little memory and
// log that a few thousand pairs make checkpoints and evict pages.
func sized(pageBytes int) storagetest.Factory {
	return func(fs vfs.FS, dir string) (storage.Engine, error) {
		e, err := btree.Open(dir, btree.Options{
			FS: fs, MemoryBytes: int64(100 * pageBytes), PageBytes: pageBytes, MinFreeBytes: -1,
			SegmentBytes: 64 << 10, LogBytes: 128 << 10,
		})
		if err != nil {
			return nil, err
		}
		return e, nil
	}
}

// queued is an engine that queues batches as if many writers were waiting.
func queued(fs vfs.FS, dir string) (storage.Engine, error) {
	e, err := sized(4096)(fs, dir)
	if err == nil {
		e.(*btree.Engine).QueueAlways()
	}
	return e, err
}

// whole checks the structure of a directory that an engine has closed.
func whole(fs vfs.FS, dir string) error {
	var faults []error
	_, err := btree.Check(context.Background(), dir, btree.Options{FS: fs}, func(err error) { faults = append(faults, err) }, nil)
	return errors.Join(err, errors.Join(faults...))
}

func TestMemory(t *testing.T) { storagetest.RunChecked(t, sized(8192), whole) }

// TestTinyPages has trees of many levels, and most values in extents.
func TestTinyPages(t *testing.T) { storagetest.RunChecked(t, sized(512), whole) }

func TestQueued(t *testing.T) { storagetest.RunChecked(t, queued, whole) }

func TestDisk(t *testing.T) { storagetest.RunDisk(t, sized(8192)) }
