package wal

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/minisql/minisql/storage"
)

// Checked is what Check has read.
type Checked struct {
	Segments int    // that have records
	Records  uint64 // from the one asked for on
}

// Check reads the log in dir as Open does, from record from on, and changes nothing. It
// returns what would keep Open from replaying it; and, beyond that, an ErrCorrupt for a log
// that ends before from, though those records had been synced.
func Check(dir string, from uint64, opts Options, visit func(lsn uint64, record []byte) error) (Checked, error) {
	opts = opts.withDefaults()
	if _, err := opts.FS.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return Checked{}, nil // Open makes it
	}
	r := recovery{files: &files{fs: opts.FS, dir: dir, opts: opts}, from: max(from, 1), replay: visit, check: true}
	if err := r.run(); err != nil {
		return Checked{}, err
	}
	c := Checked{Segments: len(r.files.live), Records: r.next - r.from}
	if r.short {
		return c, fmt.Errorf("%w: %s: the log ends before record %d", storage.ErrCorrupt, dir, r.from)
	}
	return c, nil
}
