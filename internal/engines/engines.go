package engines

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/minisql/minisql/storage"
	"github.com/minisql/minisql/storage/btree"
	"github.com/minisql/minisql/storage/lsm"
)

// Engine is a storage engine, by the name that users know it by (minisql.Storage).
type Engine string

// The engines.
const (
	BTree Engine = "btree"
	LSM   Engine = "lsm"

	// Golden is the one that writes golden files where a test is told to.
	Golden = BTree
)

// All are the engines, Golden first.
var All = []Engine{BTree, LSM}

// Each runs f on every engine, as a subtest of its name.
func Each(t *testing.T, f func(t *testing.T, on Engine)) {
	t.Helper()
	for _, on := range All {
		t.Run(string(on), func(t *testing.T) { f(t, on) })
	}
}

// Open opens an engine in a directory of fs, with memory and log so small that tests reach
// the files. Without a file system and a path it is in memory.
func (e Engine) Open(fs vfs.FS, path string) (storage.Engine, error) {
	const memoryBytes = 8 << 20
	if e == LSM {
		return opened(lsm.Open(path, lsm.Options{FS: fs, MemoryBytes: memoryBytes, MinFreeBytes: -1}))
	}
	return opened(btree.Open(path, btree.Options{
		FS: fs, MemoryBytes: memoryBytes, MinFreeBytes: -1, SegmentBytes: 256 << 10, LogBytes: 1 << 20,
	}))
}

// opened keeps a nil pointer from becoming an engine that is not nil.
func opened[E storage.Engine](e E, err error) (storage.Engine, error) {
	if err != nil {
		return nil, err
	}
	return e, nil
}
