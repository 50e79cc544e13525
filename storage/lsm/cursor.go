package lsm

import (
	"bytes"
	"encoding/binary"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/minisql/minisql/storage"
)

// cursor is one pebble.Iterator used in two ways: for point reads with
// SeekPrefixGE, which asks the Bloom filters, and for ranges.
type cursor struct {
	e    *Engine
	iter *pebble.Iterator

	key []byte // scratch for seek keys

	// The range of Seek.
	lo, hi  []byte
	suffix  []byte // nil: every key
	reverse bool
	state   rangeState

	// Upwards, whether prefixes are left by seeking, as there is much to step over; see watch.
	crowded       bool
	left          int // prefixes until the next look
	stretch       int // prefixes since the last
	internalSteps int // until then
	crowds        *atomic.Int32

	// Downwards, the candidate of the prefix being walked.
	held               bool
	heldKey, heldValue []byte
}

// rangeState: unpositioned ─Next─▶ positioned ─▶ ended. Get goes back to unpositioned
// and forgets the range.
type rangeState uint8

const (
	noRange rangeState = iota
	unpositioned
	positioned
	ended
)

var cursors = sync.Pool{New: func() any { return new(cursor) }}

// NewCursor opens an iterator over the newest state.
func (e *Engine) NewCursor() (storage.Cursor, error) {
	return e.newCursor(e.db.NewIter)
}

func (e *Engine) newCursor(newIter func(*pebble.IterOptions) (*pebble.Iterator, error)) (storage.Cursor, error) {
	e.closing.RLock()
	defer e.closing.RUnlock()
	if e.closed {
		return nil, storage.ErrClosed
	}
	it, err := newIter(nil)
	if err != nil {
		return nil, translate(err)
	}
	e.openCursors.Add(1)
	c := cursors.Get().(*cursor)
	c.e, c.iter = e, it
	return c, nil
}

// snapshot pins one sequence number.
type snapshot struct {
	e  *Engine
	pb *pebble.Snapshot
}

// Snapshot pins the newest state.
func (e *Engine) Snapshot() storage.Snapshot { return snapshot{e, e.db.NewSnapshot()} }

func (s snapshot) NewCursor() (storage.Cursor, error) { return s.e.newCursor(s.pb.NewIter) }
func (s snapshot) Close() error                       { return s.pb.Close() }

// Get seeks within one prefix.
func (c *cursor) Get(prefix, suffix []byte) (found, value []byte, ok bool, err error) {
	if c.state != noRange {
		c.iter.SetBounds(nil, nil)
		c.state = noRange
	}
	c.key = storage.AppendEncodedKey(c.key[:0], prefix, suffix)
	if !c.iter.SeekPrefixGE(c.key) {
		return nil, nil, false, translate(c.iter.Error())
	}
	_, found = storage.SplitKey(c.iter.Key())
	value, err = c.iter.ValueAndErr()
	if err != nil {
		return nil, nil, false, translate(err)
	}
	return found, value, true, nil
}

// Seek sets the range; the first Next positions the iterator.
func (c *cursor) Seek(lo, hi, suffix []byte, reverse bool) {
	c.lo, c.hi = bound(c.lo, lo), bound(c.hi, hi)
	c.suffix = append(c.suffix[:0], suffix...)
	c.reverse, c.held, c.state = reverse, false, unpositioned
	c.crowds = c.e.crowds.of(lo)
	c.crowded, c.left, c.stretch = false, 2, 1 // the first prefix has been left when the second is met
	switch n := c.crowds.Load(); {
	case n > 1:
		c.crowds.Add(-1)
		c.crowded, c.left, c.stretch = true, stretchMax, stretchMax
	case n == 1:
		c.crowds.Store(crowdedScans) // for the others, until this one knows
	}
	c.iter.SetBounds(nonEmpty(c.lo), nonEmpty(c.hi))
}

// bound makes a bare bound a key; an absent one has length 0.
func bound(dst, b []byte) []byte {
	if b == nil {
		return dst[:0]
	}
	return storage.AppendBare(dst[:0], b)
}

func nonEmpty(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}

// Next fills run.
func (c *cursor) Next(run *storage.Run, max int) (int, error) {
	run.Reset()
	if c.state == noRange || c.state == ended || max <= 0 {
		return 0, nil
	}
	var err error
	if c.reverse {
		err = c.down(run, max)
	} else {
		err = c.up(run, max)
	}
	if err != nil {
		c.state = ended
		return 0, translate(err)
	}
	return run.Len(), nil
}

// jumpAfter is how many keys of one prefix are stepped over before seeking: a
// step is a tenth of a seek, and most prefixes have few keys.
const jumpAfter = 4

// up delivers keys in order. The iterator stands on the last one delivered.
func (c *cursor) up(run *storage.Run, max int) error {
	it := c.iter
	var valid bool
	switch {
	case c.state == unpositioned:
		if valid = it.First(); len(c.suffix) != 0 {
			c.internalSteps = it.Stats().ForwardStepCount[pebble.InternalIterCall]
		}
	case len(c.suffix) == 0:
		valid = it.Next()
	default:
		valid = c.nextPrefix()
	}
	c.state = positioned
	var from uint64
	if len(c.suffix) != 0 {
		from = binary.BigEndian.Uint64(c.suffix)
	}
	for valid {
		prefix, suffix := storage.SplitKey(it.Key())
		if len(c.suffix) != 0 && binary.BigEndian.Uint64(suffix) < from {
			c.key = storage.AppendEncodedKey(c.key[:0], prefix, c.suffix)
			valid = c.skipTo()
			continue
		}
		v, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		run.AppendParts(prefix, suffix, v)
		switch {
		case run.Len() == max:
			return nil
		case len(c.suffix) == 0:
			valid = it.Next()
		default:
			// Most prefixes have one key. The one to leave is in run: no key has to be made to
			// tell the next one from it.
			key := run.Keys[len(run.Keys)-1]
			if c.left--; c.left == 0 {
				c.watch()
			}
			if c.crowded {
				valid = c.nextPrefix()
			} else if valid = it.Next(); valid && hasPrefix(it.Key(), key[:len(key)-storage.SuffixLen]) {
				valid = c.nextPrefix()
			}
		}
	}
	c.state = ended
	return it.Error()
}

// hasPrefix reports whether an encoded key is one of the prefix.
func hasPrefix(key, prefix []byte) bool {
	n := storage.SplitEncoded(key) - 1
	return n == len(prefix) && key[n-1] == prefix[n-1] && bytes.Equal(key[:n], prefix) // neighbours differ at the end
}

// nextPrefix leaves the prefix the iterator stands on. (Pebble's own NextPrefix
// refuses to run under an upper bound with a suffix.)
func (c *cursor) nextPrefix() bool {
	k := c.iter.Key()
	c.key = comparer.ImmediateSuccessor(c.key[:0], k[:split(k)])
	return c.skipTo()
}

const (
	crowd      = 16 // internal steps for a prefix, from which on a seek costs less
	stretchMax = 64
)

// watch looks at how many keys Pebble has stepped over for the last prefixes. What the garbage collector
// has removed is stepped over by each Next until it is compacted: of a row that is updated all the time,
// thousands of versions. In a crowd, prefixes are left by seeking; after a stretch, one is left by
// stepping, to see whether there still is one.
func (c *cursor) watch() {
	if c.crowded {
		c.crowded, c.left, c.stretch = false, 1, 1
		c.internalSteps = c.iter.Stats().ForwardStepCount[pebble.InternalIterCall]
		return
	}
	steps := c.iter.Stats().ForwardStepCount[pebble.InternalIterCall]
	c.crowded = steps-c.internalSteps > crowd*c.stretch
	c.internalSteps = steps
	if c.stretch = min(2*c.stretch, stretchMax); c.crowded {
		c.stretch = stretchMax
	}
	c.left = c.stretch
	if c.crowded {
		c.crowds.Store(crowdedScans)
	} else {
		c.crowds.Store(0)
	}
}

// crowds remembers where scans have met a crowd: the next ones there begin by seeking, but for every so many-th, which
// looks. Places are what keys begin with; different ones may share a number, which costs time alone.
type crowds [256]atomic.Int32

const (
	crowdedScans = 64
	placeBytes   = 9 // as many as the keys of a table, or an index, have in common
)

// of returns the number of scans that are to begin by seeking.
func (c *crowds) of(lo []byte) *atomic.Int32 {
	h := uint32(2166136261) // FNV-1a
	for _, b := range lo[:min(len(lo), placeBytes)] {
		h = (h ^ uint32(b)) * 16777619
	}
	return &c[h>>24]
}

// skipTo moves up to the first key that is not before c.key.
func (c *cursor) skipTo() bool {
	if c.crowded {
		return c.iter.SeekGE(c.key)
	}
	for range jumpAfter {
		if !c.iter.Next() {
			return false
		}
		if compare(c.iter.Key(), c.key) >= 0 {
			return true
		}
	}
	return c.iter.SeekGE(c.key)
}

// down delivers keys downwards. The iterator stands on the next key to look at.
// A prefix is met with its last suffix first, so the key to deliver is the last
// one met that is not before the suffix.
func (c *cursor) down(run *storage.Run, max int) error {
	it := c.iter
	valid := false
	if c.state == unpositioned {
		valid = it.Last()
	} else {
		valid = it.Valid()
	}
	c.state = positioned
	for ; valid; valid = it.Prev() {
		prefix, suffix := storage.SplitKey(it.Key())
		if len(c.suffix) != 0 {
			if c.held && !bytes.Equal(c.heldKey[:len(c.heldKey)-storage.SuffixLen], prefix) {
				run.Append(c.heldKey, c.heldValue)
				c.held = false
				if run.Len() == max {
					return nil
				}
			}
			if bytes.Compare(suffix, c.suffix) < 0 {
				continue
			}
		}
		v, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		if len(c.suffix) != 0 {
			c.heldKey, c.heldValue, c.held = append(append(c.heldKey[:0], prefix...), suffix...), append(c.heldValue[:0], v...), true
			continue
		}
		run.AppendParts(prefix, suffix, v)
		if run.Len() == max {
			it.Prev()
			return it.Error()
		}
	}
	c.state = ended
	if c.held {
		run.Append(c.heldKey, c.heldValue)
		c.held = false
	}
	return it.Error()
}

// Close returns the iterator's memory to Pebble.
func (c *cursor) Close() error {
	err := c.iter.Close()
	c.e.openCursors.Add(-1)
	*c = cursor{key: c.key[:0], lo: c.lo[:0], hi: c.hi[:0], suffix: c.suffix[:0], heldKey: c.heldKey[:0], heldValue: c.heldValue[:0]}
	cursors.Put(c)
	return translate(err)
}
