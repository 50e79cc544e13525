package btree

import (
	"bytes"
	"sync"

	"github.com/minisql/minisql/storage"
)

// cursor reads one view. The frames on its way stay as they are, whatever the tree and
// the pool do: only the garbage collector takes them.
type cursor struct {
	e *Engine
	v *view

	way  []place // inner nodes from the root down
	leaf *frame
	i    int // the slot to look at next

	lo, hi, suffix  []byte
	hasLo, hasHi    bool
	reverse, active bool

	done    []byte // see fillUp
	pending bool
	held    place // see fillDown
}

// place is a slot of an inner node.
type place struct {
	f *frame
	i int
}

var cursors = sync.Pool{New: func() any { return new(cursor) }}

// NewCursor opens a cursor over the newest state.
func (e *Engine) NewCursor() (storage.Cursor, error) {
	e.closing.RLock()
	defer e.closing.RUnlock()
	if e.closed {
		return nil, storage.ErrClosed
	}
	return e.cursor(e.pinNewest()), nil
}

func (e *Engine) cursor(v *view) *cursor {
	e.openCursors.Add(1)
	c := cursors.Get().(*cursor)
	c.e, c.v = e, v
	return c
}

// snapshot is a view that stays pinned.
type snapshot struct {
	e *Engine
	v *view
}

// Snapshot pins the newest state.
func (e *Engine) Snapshot() storage.Snapshot { return snapshot{e, e.pinNewest()} }

func (s snapshot) NewCursor() (storage.Cursor, error) {
	s.e.closing.RLock()
	defer s.e.closing.RUnlock()
	if s.e.closed {
		return nil, storage.ErrClosed
	}
	s.e.views.again(s.v)
	return s.e.cursor(s.v), nil
}

func (s snapshot) Close() error {
	s.e.views.unpin(s.v)
	return nil
}

// Close gives the view back.
func (c *cursor) Close() error {
	c.e.views.unpin(c.v)
	c.e.openCursors.Add(-1)
	clear(c.way)
	*c = cursor{way: c.way[:0], lo: c.lo[:0], hi: c.hi[:0], suffix: c.suffix[:0], done: c.done[:0]}
	cursors.Put(c)
	return nil
}

// Get goes straight down, without keeping the way.
func (c *cursor) Get(prefix, suffix []byte) (found, value []byte, ok bool, err error) {
	c.active = false
	k := key{prefix, suffix}
	next := false // the leaf's upper bound is a whole key, perhaps of this prefix
	n := c.v.root
	for {
		f, err := c.e.pager.frame(n)
		if err != nil {
			return nil, nil, false, err
		}
		if n.level == 0 {
			c.leaf = f
			break
		}
		i := f.child(k)
		if i+1 < f.count() {
			next = f.whole(i + 1)
		}
		n = f.children[i]
	}
	i, _ := c.leaf.search(k, 0)
	if i == c.leaf.count() {
		if !next {
			return nil, nil, false, nil
		}
		if err := c.seek(k); err != nil {
			return nil, nil, false, err
		}
		if ok, err := c.settleUp(); !ok || err != nil {
			return nil, nil, false, err
		}
		i = c.i
	}
	if !c.leaf.hasPrefix(i, prefix) {
		return nil, nil, false, nil
	}
	at := c.leaf.cellKey(i)
	value, inExtent := c.leaf.value(i)
	if inExtent {
		value, err = c.e.pager.readValue(value)
	}
	return at.suffix, value, err == nil, err
}

// Seek sets the range; the first Next goes there.
func (c *cursor) Seek(lo, hi, suffix []byte, reverse bool) {
	c.lo, c.hasLo = append(c.lo[:0], lo...), lo != nil
	c.hi, c.hasHi = append(c.hi[:0], hi...), hi != nil
	c.suffix = append(c.suffix[:0], suffix...)
	c.reverse, c.active, c.leaf = reverse, true, nil
	c.pending, c.held = false, place{}
}

// seek goes to the first slot at or after k, which may be one behind the leaf's last.
func (c *cursor) seek(k key) error {
	c.way = c.way[:0]
	n := c.v.root
	for {
		f, err := c.e.pager.frame(n)
		if err != nil {
			return err
		}
		if n.level == 0 {
			c.leaf = f
			c.i, _ = f.search(k, 0)
			return nil
		}
		i := f.child(k)
		c.way = append(c.way, place{f, i})
		n = f.children[i]
	}
}

// seekEnd goes behind the last slot of the tree.
func (c *cursor) seekEnd() error {
	c.way = c.way[:0]
	return c.down(c.v.root, true)
}

// down goes from n, which is below the way, to its first or behind its last slot.
func (c *cursor) down(n *node, last bool) error {
	for {
		f, err := c.e.pager.frame(n)
		if err != nil {
			return err
		}
		if n.level == 0 {
			c.leaf, c.i = f, 0
			if last {
				c.i = f.count()
			}
			return nil
		}
		i := 0
		if last {
			i = f.count() - 1
		}
		c.way = append(c.way, place{f, i})
		n = f.children[i]
	}
}

// settleUp moves on to the next leaf until there is a slot at i; false is the end.
func (c *cursor) settleUp() (bool, error) {
	for c.i >= c.leaf.count() {
		d := len(c.way) - 1
		for ; d >= 0 && c.way[d].i+1 == c.way[d].f.count(); d-- {
		}
		if d < 0 {
			return false, nil
		}
		c.way[d].i++
		p := c.way[d]
		c.way = c.way[:d+1]
		if err := c.down(p.f.children[p.i], false); err != nil {
			return false, err
		}
	}
	return true, nil
}

// settleDown moves back to the previous leaf until there is a slot before i.
func (c *cursor) settleDown() (bool, error) {
	for c.i == 0 {
		d := len(c.way) - 1
		for ; d >= 0 && c.way[d].i == 0; d-- {
		}
		if d < 0 {
			return false, nil
		}
		c.way[d].i--
		p := c.way[d]
		c.way = c.way[:d+1]
		if err := c.down(p.f.children[p.i], true); err != nil {
			return false, err
		}
	}
	return true, nil
}

// Next fills run. Values in it are the page's own memory: it never changes.
func (c *cursor) Next(run *storage.Run, max int) (int, error) {
	run.Reset()
	if !c.active || max <= 0 {
		return 0, nil
	}
	var err error
	if c.leaf == nil {
		err = c.start()
	}
	if err == nil {
		if c.reverse {
			err = c.fillDown(run, max)
		} else {
			err = c.fillUp(run, max)
		}
	}
	if err != nil {
		c.active = false
		run.Reset()
		return 0, err
	}
	return run.Len(), nil
}

func (c *cursor) start() error {
	switch {
	case !c.reverse:
		return c.seek(key{prefix: c.lo})
	case c.hasHi:
		return c.seek(key{prefix: c.hi})
	}
	return c.seekEnd()
}

// stop returns the slot of the leaf where an upward range ends, and whether it does.
func (c *cursor) stop() (int, bool) {
	n := c.leaf.count()
	if !c.hasHi || n == 0 {
		return n, false
	}
	hi := key{prefix: c.hi}
	rest, side := c.leaf.strip(hi)
	if side > 0 || side == 0 && c.leaf.cellKey(n-1).compare(rest) < 0 {
		return n, false
	}
	at, _ := c.leaf.search(hi, c.i)
	return at, true
}

// fillUp delivers keys in order. With a suffix, the keys of a prefix that follow the one
// delivered are passed over; done is that prefix while there may be more in the next leaf.
func (c *cursor) fillUp(run *storage.Run, max int) error {
	for run.Len() < max {
		ok, err := c.settleUp()
		if err != nil {
			return err
		}
		if !ok {
			c.active = false
			return nil
		}
		stop, last := c.stop()
		if c.pending {
			for c.i < stop && c.leaf.hasPrefix(c.i, c.done) {
				c.i++
			}
			c.pending = c.i == c.leaf.count()
		}
		if err := c.fillFromLeaf(run, max, stop); err != nil {
			return err
		}
		if c.i >= stop && last {
			c.active = false
			return nil
		}
	}
	return nil
}

// fillFromLeaf delivers slots before stop.
func (c *cursor) fillFromLeaf(run *storage.Run, max, stop int) error {
	p, pre := c.leaf.page, c.leaf.prefix()
	for c.i < stop && run.Len() < max {
		i := c.i
		k := p.leafKey(i)
		if len(c.suffix) != 0 && bytes.Compare(k[len(k)-suffixLen:], c.suffix) < 0 {
			c.i++
			continue
		}
		v, inExtent := p.value(i)
		if inExtent {
			var err error
			if v, err = c.e.pager.readValue(v); err != nil {
				return err
			}
		}
		run.AppendKey(pre, k, v)
		c.i++
		if len(c.suffix) == 0 {
			continue
		}
		for c.i < stop && p.samePrefix(i, c.i) {
			c.i++
		}
		if c.i == p.count() {
			c.done, c.pending = append(append(c.done[:0], pre...), k[:len(k)-suffixLen]...), true
		}
	}
	return nil
}

// fillDown delivers keys downwards. With a suffix a prefix is met with its last suffix
// first, so the one to deliver is the last one met that is not before the suffix: held.
func (c *cursor) fillDown(run *storage.Run, max int) error {
	for run.Len() < max {
		ok, err := c.settleDown()
		if err != nil {
			return err
		}
		start := 0
		if ok && c.hasLo {
			start, _ = c.leaf.search(key{prefix: c.lo}, 0)
		}
		for ok && c.i > start {
			i := c.i - 1
			if len(c.suffix) == 0 {
				if err := c.deliver(run, place{c.leaf, i}); err != nil {
					return err
				}
			} else {
				if c.held.f != nil && !samePrefix(c.held, place{c.leaf, i}) {
					if err := c.deliverHeld(run); err != nil {
						return err
					}
					if run.Len() == max {
						return nil
					}
				}
				if k := c.leaf.leafKey(i); bytes.Compare(k[len(k)-suffixLen:], c.suffix) >= 0 {
					c.held = place{c.leaf, i}
				}
			}
			c.i--
			if run.Len() == max {
				return nil
			}
		}
		if !ok || start > 0 {
			c.active = false
			return c.deliverHeld(run)
		}
	}
	return nil
}

func (c *cursor) deliver(run *storage.Run, at place) error {
	v, inExtent := at.f.value(at.i)
	if inExtent {
		var err error
		if v, err = c.e.pager.readValue(v); err != nil {
			return err
		}
	}
	run.AppendKey(at.f.prefix(), at.f.leafKey(at.i), v)
	return nil
}

func (c *cursor) deliverHeld(run *storage.Run) error {
	if c.held.f == nil {
		return nil
	}
	held := c.held
	c.held = place{}
	return c.deliver(run, held)
}

// samePrefix compares two slots of leaves.
func samePrefix(a, b place) bool {
	if a.f == b.f {
		return a.f.samePrefix(a.i, b.i)
	}
	k := a.f.wholeKey(a.i)
	return b.f.hasPrefix(b.i, k.prefix)
}
