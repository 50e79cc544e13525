package lsm

import (
	"bytes"
	"encoding/binary"
	"sync"

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

	crowd // upwards

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
	c.expect(c.e.crowds.of(lo))
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
