package txn

import (
	"bytes"
	"math"

	"github.com/minisql/minisql/mvcc"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/ssi"
)

// Span is a range of keys: Lo ≤ key < Hi, scanned downwards if Reverse. A nil Hi is
// the end.
type Span struct {
	Lo, Hi  []byte
	Reverse bool
}

// ReadMode says which versions a scan sees.
type ReadMode int

const (
	// Snapshot sees what Get sees.
	Snapshot ReadMode = iota
	// Current sees what GetCurrent sees.
	Current
	// Latest sees what GetLatest sees.
	Latest
)

// Run is a batch of pairs in key order, valid until the next call of Next on
// the scanner that filled it. Reuse one Run for a whole scan.
type Run = mvcc.Run

// Scanner walks one span, merging the store's pairs with the transaction's own
// writes. It keeps the view it was opened with: writes made by later statements do not
// show. Close it, or let the transaction's end do so.
type Scanner struct {
	t     *Txn // nil when closed
	slot  int  // in t.scanners
	sc    mvcc.Scanner
	mode  ReadMode
	limit uint32
	span  Span // Lo and Hi are copies
	done  bool // the store's pairs are exhausted

	// For ssi:
	seen       []byte // how far it has come
	began      ssi.Moment
	filter     Filter
	whole      bool
	registered bool // to the end

	merging bool
	stored  Run // the store's pairs not yet delivered: stored[at:]
	at      int
	buf     *detached  // where own writes come from, if not the transaction's buffer
	own     []ownWrite // own writes not yet delivered: own[ownAt:]
	ownAt   int
	ownPos  []byte // where own goes on: from here up, or below here down
	ownDone bool
}

// ownWrite is an own write that the scanner sees. It is a copy: its entry may
// change before it is delivered.
type ownWrite struct {
	key, value []byte
	live       bool
}

// ownRun is how many own writes are gathered at a time.
const ownRun = 64

// Scan opens a scanner over span. With Current and Latest, a key that is written while
// the scan goes on may or may not be met.
func (t *Txn) Scan(span Span, mode ReadMode) (*Scanner, error) {
	if t.ended {
		return nil, errEnded()
	}
	s := &Scanner{t: t, mode: mode, limit: math.MaxUint32}
	s.span = Span{bytes.Clone(span.Lo), bytes.Clone(span.Hi), span.Reverse}
	if mode == Snapshot {
		s.limit = t.limit
	}
	at := mvcc.Latest
	if mode == Latest && t.node != nil {
		s.began = t.m.ssi.Now()
	}
	if mode != Latest {
		at = t.Snapshot()
		if at == 0 {
			return nil, sqlerr.New(sqlerr.Internal, "read before the first statement of a transaction")
		}
	}
	if s.span.Hi != nil && bytes.Compare(s.span.Lo, s.span.Hi) >= 0 {
		s.done, s.ownDone = true, true
	} else if err := t.m.below.scan(&s.sc, t.reader(s.limit), s.span.Lo, s.span.Hi, at, span.Reverse); err != nil {
		return nil, storageError(err)
	}
	// The engine's cursor is a fixed state: no snapshot need be registered for it.
	s.merging = t.written > 0 || (mode != Snapshot && !t.opts.ReadOnly)
	s.ownDone = s.ownDone || !s.merging
	s.ownPos = s.span.Lo
	if span.Reverse {
		s.ownPos = s.span.Hi
	}
	s.seen = s.ownPos
	t.holds++
	s.slot = len(t.scanners)
	t.scanners = append(t.scanners, s)
	return s, nil
}

// Where says, before the first Next, that the caller goes on only with rows that meet a condition, if f is
// not nil: at SERIALIZABLE, the scan has not read the others. And that it goes on to the end, if it does:
// then the span is registered once.
func (s *Scanner) Where(f Filter, whole bool) { s.filter, s.whole = f, whole }

// Next refills run with up to max pairs and returns how many; 0 is the end.
func (s *Scanner) Next(run *Run, max int) (n int, err error) {
	if !s.merging {
		if s.done {
			run.Reset()
			return 0, nil
		}
		n, err = s.sc.Next(run, max)
		if s.mode == Latest {
			s.t.buildOn(s.sc.Newest())
		}
		s.done = n == 0
		if err != nil {
			return n, storageError(err)
		}
		return n, s.didScan(run)
	}
	run.Reset()
	// The store's run is refilled only while run is empty, as run points into it.
	for run.Len() == 0 {
		if s.at == s.stored.Len() && !s.done {
			if _, err := s.sc.Next(&s.stored, max); err != nil {
				return 0, storageError(err)
			}
			if s.mode == Latest {
				s.t.buildOn(s.sc.Newest())
			}
			s.at = 0
			s.done = s.stored.Len() == 0
			if err := s.didScan(&s.stored); err != nil {
				return 0, err
			}
		}
		if s.done && s.ownDone && s.ownAt == len(s.own) {
			return 0, nil
		}
		s.merge(run, max)
	}
	return run.Len(), nil
}

// merge delivers until run is full or the store's run is used up.
func (s *Scanner) merge(run *Run, max int) {
	for run.Len() < max {
		for s.ownAt == len(s.own) && !s.ownDone {
			s.gather()
		}
		hasOwn, hasStored := s.ownAt < len(s.own), s.at < s.stored.Len()
		if !hasStored && (!s.done || !hasOwn) {
			return
		}
		order := -1 // own first
		switch {
		case !hasOwn:
			order = 1
		case hasStored:
			order = bytes.Compare(s.own[s.ownAt].key, s.stored.Keys[s.at])
			if s.span.Reverse {
				order = -order
			}
		}
		if order > 0 {
			run.AppendShared(s.stored.Keys[s.at], s.stored.Values[s.at])
			s.at++
			continue
		}
		if order == 0 {
			s.at++
		}
		if o := &s.own[s.ownAt]; o.live {
			run.AppendShared(o.key, o.value)
		}
		s.ownAt++
	}
}

// gather collects the next own writes in the span that the scanner sees. Keys and
// values are in the buffer's slab, which lives as long as anybody points to it.
func (s *Scanner) gather() {
	// What was delivered stays valid until the next Next: use fresh memory.
	s.own, s.ownAt = make([]ownWrite, 0, min(ownRun, max(8, 2*cap(s.own)))), 0
	looked := 0
	var last []byte
	visit := func(e *entry) bool {
		if past := s.span.Hi; !s.span.Reverse && past != nil && bytes.Compare(e.key, past) >= 0 {
			s.ownDone = true
			return false
		}
		if s.span.Reverse && bytes.Compare(e.key, s.span.Lo) < 0 {
			s.ownDone = true
			return false
		}
		if len(s.own) == cap(s.own) || looked == 16*ownRun {
			return false
		}
		looked++
		last = e.key
		if w := e.before(s.limit); w != nil {
			s.own = append(s.own, ownWrite{e.key, w.value, w.kind == live})
		}
		return true
	}
	buf := &s.t.writes
	if s.buf != nil {
		buf = &s.buf.buffer
	}
	if s.span.Reverse {
		buf.descend(s.ownPos, visit)
		s.ownPos = last
	} else {
		buf.ascend(s.ownPos, visit)
		s.ownPos = append(append(make([]byte, 0, len(last)+1), last...), 0) // the next possible key
	}
	if looked == 0 {
		s.ownDone = true
	}
}

// Close releases the scanner. It may be called twice.
func (s *Scanner) Close() {
	if s.t == nil {
		return
	}
	s.sc.Close()
	t := s.t
	last := len(t.scanners) - 1
	t.scanners[s.slot] = t.scanners[last]
	t.scanners[s.slot].slot = s.slot
	t.scanners[last] = nil
	t.scanners = t.scanners[:last]
	t.holds--
	if s.buf != nil {
		if s.buf.users--; s.buf.users == 0 {
			t.bulk.pinned -= s.buf.size
		}
		s.buf = nil
	}
	s.t, s.done, s.ownDone, s.merging = nil, true, true, false
}
