package dir

import (
	"fmt"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/minisql/minisql/storage"
)

// Space refuses writes while the disk is nearly full, so that the log itself never
// meets a full disk. Any number of goroutines use it.
type Space struct {
	FS       vfs.FS
	Dir      string
	MinBytes int64 // what has to stay free; negative: never refuse

	unchecked atomic.Int64 // bytes that may be written before the disk is looked at again
	refusing  atomic.Bool
}

// checkBytes is how much is written between two looks at the disk.
const checkBytes = 4 << 20

// Take is asked before n bytes are written, and returns storage.ErrNoSpace if they
// should not be.
func (s *Space) Take(n int) error {
	if s.MinBytes < 0 || (s.unchecked.Add(-int64(n)) >= 0 && !s.refusing.Load()) {
		return nil
	}
	usage, err := s.FS.GetDiskUsage(s.Dir)
	if err != nil { // a file system without the notion
		s.unchecked.Store(1 << 62)
		return nil
	}
	if usage.AvailBytes < uint64(s.MinBytes)+uint64(n) {
		s.refusing.Store(true)
		return fmt.Errorf("%w: %s has %d MiB left", storage.ErrNoSpace, s.Dir, usage.AvailBytes>>20)
	}
	s.refusing.Store(false)
	s.unchecked.Store(checkBytes)
	return nil
}
