package mvcc

import (
	"fmt"

	"github.com/minisql/minisql/storage"
)

// Run is a batch of pairs; see storage.Run.
type Run = storage.Run

// Scanner walks a range of keys at one timestamp. One goroutine uses it.
type Scanner struct {
	s      *Store
	c      *cursor
	newest Timestamp
}

// Scan opens a scanner over lo ≤ key < hi at a registered snapshot's timestamp, or
// Latest. A nil hi is the end of the user's keys.
func (s *Store) Scan(lo, hi []byte, at Timestamp, reverse bool) (*Scanner, error) {
	sc := &Scanner{}
	return sc, sc.Open(s, lo, hi, at, reverse)
}

// Open is Store.Scan into an existing scanner, which must be closed.
func (sc *Scanner) Open(s *Store, lo, hi []byte, at Timestamp, reverse bool) error {
	if len(hi) == 0 || hi[0] == metaByte {
		hi = endOfUser
	}
	if len(lo) == 0 {
		lo = nil
	}
	drawn := at
	if at == Latest {
		s.pipeline.mu.Lock()
		drawn = s.pipeline.last
		s.pipeline.mu.Unlock()
	}
	c, err := s.cursors.get(func(tag Timestamp) bool { return tag >= drawn })
	if err != nil {
		return err
	}
	c.suffix = at.suffix()
	c.Seek(lo, hi, c.suffix[:], reverse)
	*sc = Scanner{s: s, c: c}
	return nil
}

var endOfUser = []byte{metaByte}

// Next refills run with up to max live pairs, keys without timestamps; 0 is the end.
func (sc *Scanner) Next(run *Run, max int) (int, error) {
	if sc.c == nil {
		return 0, nil
	}
	for {
		n, err := sc.c.Next(run, max)
		if err != nil || n == 0 {
			return 0, err
		}
		kept := 0
		for i, key := range run.Keys {
			value := run.Values[i]
			last := len(value) - 1
			if last < 0 || value[last] > kindLive {
				return 0, fmt.Errorf("%w: value of %q", storage.ErrCorrupt, key)
			}
			if at := timestampOf(key); at > sc.newest {
				sc.newest = at
			}
			if value[last] == kindTombstone {
				continue
			}
			run.Keys[kept] = key[: len(key)-storage.SuffixLen : len(key)-storage.SuffixLen]
			run.Values[kept] = value[:last:last]
			kept++
		}
		run.Keys, run.Values = run.Keys[:kept], run.Values[:kept]
		if kept > 0 {
			return kept, nil
		}
	}
}

// Newest is the timestamp of the newest version met, tombstones included.
func (sc *Scanner) Newest() Timestamp { return sc.newest }

// Close gives the cursor back. It may be called twice.
func (sc *Scanner) Close() {
	if sc.c != nil {
		sc.s.cursors.put(sc.c)
		sc.c = nil
	}
}
