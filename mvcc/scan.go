package mvcc

import (
	"bytes"
	"fmt"
	"sort"

	"github.com/minisql/minisql/storage"
)

// Run is a batch of pairs; see storage.Run.
type Run = storage.Run

// Scanner walks a range of keys at one timestamp. One goroutine uses it.
type Scanner struct {
	s      *Store
	c      *cursor
	newest Timestamp
	filter *filter // nil: the engine picks the right version of each key
}

// Scan opens a scanner over lo ≤ key < hi at a registered snapshot's timestamp, or
// Latest. A nil hi is the end of the user's keys.
func (s *Store) Scan(lo, hi []byte, at Timestamp, reverse bool) (*Scanner, error) {
	sc := &Scanner{}
	return sc, sc.Open(s, Reader{}, lo, hi, at, reverse)
}

// Open is Store.Scan into an existing scanner, which must be closed, for a transaction
// that sees its own segments too.
func (sc *Scanner) Open(s *Store, r Reader, lo, hi []byte, at Timestamp, reverse bool) error {
	if len(hi) == 0 || hi[0] == metaByte {
		hi = endOfUser
	}
	if len(lo) == 0 {
		lo = nil
	}
	for {
		// The filter comes first: what it shows was in the engine before the cursor is
		// made. See also Store.read.
		hidden := s.hidden.Load()
		f := hidden.filter(r, lo, hi, at)
		need := at
		if at == Latest {
			need = Timestamp(s.pipeline.drawn.Load())
		}
		if r.Spill != nil {
			need = max(need, r.Spill.fresh)
		}
		c, err := s.cursors.get(hidden.removals, func(tag Timestamp) bool { return tag >= need })
		if err != nil {
			return err
		}
		if s.hidden.Load() != hidden {
			s.cursors.put(c)
			continue
		}
		*sc = Scanner{s: s, c: c, filter: f}
		if f == nil {
			c.suffix = at.suffix()
			c.Seek(lo, hi, c.suffix[:], reverse)
		} else {
			f.reverse = reverse
			c.Seek(lo, hi, nil, reverse)
		}
		return nil
	}
}

var endOfUser = []byte{metaByte}

// Next refills run with up to max live pairs, keys without timestamps; 0 is the end.
func (sc *Scanner) Next(run *Run, max int) (int, error) {
	if sc.c == nil {
		return 0, nil
	}
	if sc.filter != nil {
		err := sc.nextFiltered(run, max)
		return run.Len(), err
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
			if last < 0 || value[last] > kindLiveWeak {
				return 0, errBadValue(key)
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

func errBadValue(key []byte) error {
	return fmt.Errorf("%w: value of %q", storage.ErrCorrupt, key)
}

// filter picks the version of each key itself, from all there are: needed where segments
// are in the scanner's range that a timestamp alone does not judge. What it shows is
// fixed when the scanner is opened.
type filter struct {
	at      Timestamp
	segs    []seenSegment // by timestamp
	reverse bool

	raw   Run // raw[next:] is not looked at yet
	next  int
	ended bool

	// Upwards the first version seen of a key is the one; settled is the key it was
	// found for. Downwards it is the last one seen; settled is the key it is held for.
	hasKey  bool
	settled []byte
	held    []byte // as stored
}

type seenSegment struct {
	at      Timestamp
	seen    bool
	commits Timestamp // 0: the reader's own
}

// filter returns what a scan of lo ≤ key < hi needs, or nil.
func (h *hiddenSet) filter(r Reader, lo, hi []byte, at Timestamp) *filter {
	needed := false
	for _, g := range h.segs {
		// The engine shows all that is not after the timestamp, and nothing else.
		seen, _, _ := g.judge(at, r)
		if ((g.at <= at) != seen || at == Latest) && g.overlaps(lo, hi) {
			needed = true
			break
		}
	}
	if !needed {
		return nil
	}
	f := &filter{at: at, segs: make([]seenSegment, len(h.segs))}
	for i, g := range h.segs {
		f.segs[i].at = g.at
		f.segs[i].seen, f.segs[i].commits, _ = g.judge(at, r)
	}
	return f
}

// sees judges the version at; commits is the timestamp of its commit.
func (f *filter) sees(at Timestamp) (seen bool, commits Timestamp) {
	i := sort.Search(len(f.segs), func(i int) bool { return f.segs[i].at >= at })
	if i < len(f.segs) && f.segs[i].at == at {
		return f.segs[i].seen, f.segs[i].commits
	}
	return at <= f.at, at
}

func (sc *Scanner) nextFiltered(run *Run, max int) error {
	f := sc.filter
	run.Reset()
	for run.Len() < max {
		if f.next == f.raw.Len() {
			if f.ended {
				return nil
			}
			n, err := sc.c.Next(&f.raw, max)
			if err != nil {
				return err
			}
			f.next = 0
			if f.ended = n == 0; f.ended && f.reverse && f.hasKey {
				f.deliver(run, f.settled, f.held)
			}
			continue
		}
		stored, value := f.raw.Keys[f.next], f.raw.Values[f.next]
		key := prefixOf(stored)
		same := f.hasKey && bytes.Equal(key, f.settled)
		if f.reverse && f.hasKey && !same {
			f.deliver(run, f.settled, f.held)
			f.hasKey = false
			continue // the run may be full
		}
		f.next++
		if same && !f.reverse {
			continue
		}
		if len(value) == 0 || value[len(value)-1] > kindLiveWeak {
			return errBadValue(key)
		}
		seen, commits := f.sees(timestampOf(stored))
		if !seen {
			continue
		}
		if commits > sc.newest {
			sc.newest = commits
		}
		f.hasKey = true
		f.settled = append(f.settled[:0], key...)
		if f.reverse {
			f.held = append(f.held[:0], value...)
		} else {
			f.deliver(run, key, value)
		}
	}
	return nil
}

func (f *filter) deliver(run *Run, key, value []byte) {
	if last := len(value) - 1; value[last] != kindTombstone {
		run.Append(key, value[:last])
	}
}

// Newest is the timestamp of the newest version met, tombstones included.
func (sc *Scanner) Newest() Timestamp { return sc.newest }

// Close gives the cursor back. It may be called twice.
func (sc *Scanner) Close() {
	if sc.c != nil {
		sc.s.cursors.put(sc.c)
		sc.c, sc.filter = nil, nil
	}
}
