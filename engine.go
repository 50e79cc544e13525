package minisql

import (
	"errors"
	"io/fs"
	"os"

	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/storage"
	"github.com/minisql/minisql/storage/btree"
	"github.com/minisql/minisql/storage/lsm"
)

// Storage is the storage engine of a directory, which keeps the one it was made with.
type Storage string

// The storage engines. docs/storage.md says when to choose which.
const (
	BTree Storage = "btree" // a B+tree of pages: fast reads and scans, one file
	LSM   Storage = "lsm"   // a log-structured merge tree: fast random writes into data much larger than memory

	// DefaultStorage is the engine of a new directory, and of a database in memory.
	DefaultStorage = BTree
)

// Check refuses a name that is none of the engines', or "".
func (s Storage) Check() error {
	switch s {
	case "", BTree, LSM:
		return nil
	}
	return sqlerr.New(sqlerr.InvalidParameterValue, "storage engine %q does not exist", string(s)).
		WithHint("Available engines: btree, lsm.")
}

// StorageOf returns the storage engine of the directory path, or "" if it is missing or no
// database.
func StorageOf(path string) (Storage, error) {
	names, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) || path == "" {
		return "", nil
	}
	if info, serr := os.Stat(path); serr == nil && !info.IsDir() {
		return "", nil // the engine says what is wrong with it
	}
	if err != nil {
		return "", err
	}
	for _, entry := range names {
		switch {
		case btree.Owns(entry.Name()):
			return BTree, nil
		case lsm.Owns(entry.Name()):
			return LSM, nil
		}
	}
	return "", nil
}

// of returns the storage engine that the directory path has, or is to get if s is asked for.
func (s Storage) of(path string) (Storage, error) {
	if err := s.Check(); err != nil {
		return "", err
	}
	is, err := StorageOf(path)
	switch {
	case err != nil:
		return "", err
	case is == "" && s == "":
		return DefaultStorage, nil
	case is == "":
		return s, nil
	case s != "" && s != is:
		return "", sqlerr.New(sqlerr.InvalidParameterValue, "%q was made with the storage engine %s and cannot be opened with %s", path, is, s).
			WithHint("Leave the engine out, or copy the database with \"minisql convert\".")
	}
	return is, nil
}

// openEngine opens the engine that the directory has, or makes one of the kind asked for.
func openEngine(path string, o *Options) (storage.Engine, error) {
	is, err := o.Storage.of(path)
	if err != nil {
		return nil, err
	}
	if is == LSM {
		return opened(lsm.Open(path, lsm.Options{MemoryBytes: o.MemoryBytes, Logf: o.Logf}))
	}
	return opened(btree.Open(path, btree.Options{MemoryBytes: o.MemoryBytes, Logf: o.Logf}))
}

// opened keeps a nil pointer from becoming an engine that is not nil.
func opened[E storage.Engine](e E, err error) (storage.Engine, error) {
	if err != nil {
		return nil, err
	}
	return e, nil
}
