package mvcc

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/minisql/minisql/storage"
)

// Checked is what Check has looked at.
type Checked struct {
	Keys, Versions int64
	Segments       int // of large transactions, with a record
}

// Check reads every version in engine, which no Store has open, and tells fault what does not
// keep the invariants (see the package comment), as far as it shows on the disk:
//
//   - keys and timestamps ascend and descend (1), and no timestamp is above the ceiling (2)
//   - a value has a kind, a tombstone's value is empty or a key
//   - after a clean shutdown, every version below another, and every tombstone, is in the
//     recorded garbage queue or in a span that is still to be removed or swept (8)
//   - records of segments, and of spans to be removed, make sense; a segment's versions lie in
//     its spans, where a sweep finds them (11)
//
// progress, unless it is nil, is told now and then of the versions that were read. The error
// is for what prevents checking.
func Check(ctx context.Context, engine storage.Engine, fault func(error), progress func(done int64)) (Checked, error) {
	cur, err := engine.NewCursor()
	if err != nil {
		return Checked{}, err
	}
	defer cur.Close()
	c := &checker{ctx: ctx, cur: cur, fault: fault, progress: progress, segments: make(map[Timestamp][]SpillSpan)}
	if err := c.meta(); err != nil {
		return c.Checked, err
	}
	return c.Checked, c.each(nil, endOfUser, c.version)
}

type checker struct {
	Checked
	ctx      context.Context
	cur      storage.Cursor
	fault    func(error)
	progress func(done int64)

	ceiling  Timestamp
	segments map[Timestamp][]SpillSpan
	swept    []keySpan                 // to be removed or swept by the next run anyway
	clean    bool                      // the garbage queue was recorded:
	queue    map[string][]garbageEntry // by key

	// The version before, whose key is the same or smaller.
	key   []byte
	above Timestamp // 0: none of key
}

// each calls f with every pair of a span.
func (c *checker) each(lo, hi []byte, f func(key []byte, at Timestamp, value []byte)) error {
	var run storage.Run
	c.cur.Seek(lo, hi, nil, false)
	for {
		if c.ctx.Err() != nil {
			return context.Cause(c.ctx)
		}
		n, err := c.cur.Next(&run, 1024)
		if errors.Is(err, storage.ErrCorrupt) {
			c.fault(err)
			return nil
		}
		if n == 0 || err != nil {
			return err
		}
		for i, k := range run.Keys {
			f(prefixOf(k), timestampOf(k), run.Values[i])
		}
	}
}

func (c *checker) faultf(format string, args ...any) { c.fault(fmt.Errorf(format, args...)) }

// meta checks and remembers the keys that belong to this room.
func (c *checker) meta() error {
	var err error
	c.ceiling, _, _, err = readCeiling(c.cur) // without a record there can be no version
	if errors.Is(err, storage.ErrCorrupt) {
		c.fault(err)
		c.ceiling = Latest
	} else if err != nil {
		return err
	}
	return c.each(endOfUser, nil, func(key []byte, at Timestamp, value []byte) {
		switch {
		case bytes.Equal(key, metaCeiling):
		case bytes.Equal(key, metaGarbage):
			c.garbage(value)
		case bytes.HasPrefix(key, metaDrop):
			c.drop(key[len(metaDrop):], at, value)
		case bytes.Equal(key, metaSpill):
			c.segment(at, value)
		default:
			c.faultf("key %x: not one that this room has", key)
		}
	})
}

// garbage reads the recorded queue.
func (c *checker) garbage(v []byte) {
	c.clean, c.queue = true, make(map[string][]garbageEntry)
	for len(v) > 0 {
		e, size, err := parseGarbage(v)
		if err != nil {
			c.fault(err)
			c.clean = false // what it had is not known
			return
		}
		if e.at > c.ceiling {
			c.faultf("garbage queue: key %x is superseded at %d, above the ceiling %d", e.key, e.at, c.ceiling)
		}
		k := string(e.key)
		c.queue[k] = append(c.queue[k], e)
		v = v[size:]
	}
}

func (c *checker) drop(lo []byte, at Timestamp, hi []byte) {
	if bytes.Compare(lo, hi) >= 0 || at > c.ceiling {
		c.faultf("span to be removed: from %x to %x at %d, of a ceiling of %d", lo, hi, at, c.ceiling)
	}
	c.swept = append(c.swept, keySpan{bytes.Clone(lo), bytes.Clone(hi)})
}

func (c *checker) segment(at Timestamp, value []byte) {
	c.Segments++
	state, commit, spans, err := parseSpillRecord(value)
	if err != nil {
		c.fault(fmt.Errorf("segment %d: %w", at, err))
		return
	}
	if at > c.ceiling || commit > c.ceiling {
		c.faultf("segment %d, committed at %d: above the ceiling %d", at, commit, c.ceiling)
	}
	if (state == spillCommitted) != (commit != 0) || state == spillCommitted && commit < at {
		c.faultf("segment %d: state %d, committed at %d", at, state, commit)
	}
	for _, sp := range spans {
		if bytes.Compare(sp.Lo, sp.Hi) >= 0 {
			c.faultf("segment %d: span from %x to %x", at, sp.Lo, sp.Hi)
		}
		if state != spillCommitted {
			c.swept = append(c.swept, keySpan{sp.Lo, sp.Hi})
		}
	}
	c.segments[at] = spans
}

// version checks one version of a user's key.
func (c *checker) version(key []byte, at Timestamp, value []byte) {
	if c.Versions++; c.progress != nil && c.Versions%10_000 == 0 {
		c.progress(c.Versions)
	}
	switch order := bytes.Compare(key, c.key); {
	case order < 0:
		c.faultf("key %x comes after %x", key, c.key)
	case order == 0 && at >= c.above:
		c.faultf("key %x: version %d comes after %d", key, at, c.above)
	}
	if !bytes.Equal(key, c.key) {
		c.Keys++
		c.key, c.above = append(c.key[:0], key...), 0
	}
	if at == 0 || at > c.ceiling {
		c.faultf("key %x: version %d is above the ceiling %d", key, at, c.ceiling)
	}
	if spans, ok := c.segments[at]; ok && !within(key, spans) {
		c.faultf("key %x: version %d is of a segment that does not name the key", key, at)
	}
	n := len(value) - 1
	if n < 0 || value[n] > kindLiveWeak {
		c.faultf("key %x: version %d has no valid kind", key, at)
		c.above = at
		return
	}
	tombstone := value[n] == kindTombstone
	if tombstone && n > 0 && !ValidKey(value[:n]) {
		c.faultf("key %x: version %d is a tombstone with the value %x", key, at, value[:n])
	}
	if c.clean && (tombstone || c.above != 0) && !c.queued(at, tombstone) && !c.toSweep(key) {
		c.faultf("key %x: version %d is garbage that nothing will remove", key, at)
	}
	c.above = at
}

// queued reports whether the queue has the version at of c.key, which is a tombstone or
// below the version c.above.
func (c *checker) queued(at Timestamp, tombstone bool) bool {
	for _, e := range c.queue[string(c.key)] {
		look := e.prev == 0 // and everything below e.at is found
		if e.prev == at || look && tombstone && e.at >= at || look && c.above != 0 && e.at >= c.above {
			return true
		}
	}
	return false
}

func (c *checker) toSweep(key []byte) bool {
	for _, sp := range c.swept {
		if bytes.Compare(sp.lo, key) <= 0 && bytes.Compare(key, sp.hi) < 0 {
			return true
		}
	}
	return false
}

func within(key []byte, spans []SpillSpan) bool {
	for _, sp := range spans {
		if bytes.Compare(sp.Lo, key) <= 0 && bytes.Compare(key, sp.Hi) < 0 {
			return true
		}
	}
	return false
}
