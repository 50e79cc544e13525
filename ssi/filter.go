package ssi

import (
	"bytes"

	"github.com/minisql/minisql/mvcc"
)

// Filter is what a scan asks of a row: a row for which it does not hold is as good as not there. A
// write of a row that meets it neither before nor after does not matter to who scanned (precision
// locking, Neumann et al. 2015).
type Filter interface {
	// Match reports whether the row meets the condition, or may meet it. It is called under the
	// graph's mutex, also after the transaction that scanned has ended, and returns at once.
	Match(row []byte) bool
}

// Change is what a write does to a row, or to the row behind an index entry. A nil *Change is one
// that is not known, and matters to everybody.
type Change struct {
	Old, New []byte // nil: no row
	Command  uint32 // of the writer; see RollbackTo

	earlier *Change // of the same row in the same transaction
	length  int     // of this and the earlier ones
}

const (
	changeBytes  = 4 << 10 // a larger row is not kept
	changeLength = 4       // of a chain
)

// changes is memory for the first changes of a transaction, which its node keeps: they are used, as long as it is in the
// graph, by the accesses of that node alone.
type changes struct {
	list []Change
	rows []byte
}

// NewChange returns a change with copies of the rows. Only the node's own transaction calls it.
func (n *Node) NewChange(before, after []byte, command uint32) *Change {
	m := &n.changes
	if m.list == nil {
		m.list, m.rows = make([]Change, 0, 4), make([]byte, 0, 256)
	}
	var c *Change
	if len(m.list) < cap(m.list) {
		m.list = append(m.list, Change{})
		c = &m.list[len(m.list)-1]
	} else {
		c = &Change{}
	}
	c.Command = command
	c.Old, c.New = m.keep(before), m.keep(after)
	return c
}

// keep copies a row, if there is one.
func (m *changes) keep(row []byte) []byte {
	at := len(m.rows)
	switch {
	case row == nil:
		return nil
	case len(row) > cap(m.rows)-at:
		return bytes.Clone(row)
	}
	m.rows = append(m.rows, row...)
	return m.rows[at:len(m.rows):len(m.rows)]
}

// after returns the change together with one that the same transaction has made before, and may come
// back to by ROLLBACK TO.
func (c *Change) after(earlier *Change) *Change {
	if c == nil || earlier == nil || earlier.length >= changeLength {
		return nil
	}
	return &Change{Old: c.Old, New: c.New, Command: c.Command, earlier: earlier, length: earlier.length + 1} // c is others' too
}

// before returns what is left of the change without those since a command; nil if it is not known.
func (c *Change) before(command uint32) *Change {
	for c != nil && c.Command >= command {
		c = c.earlier
	}
	return c
}

func (c *Change) bytes() (n int) {
	for ; c != nil; c = c.earlier {
		n += len(c.Old) + len(c.New)
	}
	return n
}

// concerns reports whether somebody who scanned with a filter would have seen the difference.
func (c *Change) concerns(f Filter) bool {
	if c == nil || f == nil {
		return true
	}
	for ; c != nil; c = c.earlier {
		if c.Old != nil && f.Match(c.Old) || c.New != nil && f.Match(c.New) {
			return true
		}
	}
	return false
}

// keep returns the change if there is room for it, or nil.
func (g *Graph) keep(c *Change) *Change {
	if n := c.bytes(); n > changeBytes || g.rowBytes+n > g.opts.MaxRowBytes {
		return nil
	}
	return c
}

// filteredMax bounds the ranges with filters of one node.
const filteredMax = 64

// addFiltered notes a range that was read with a filter. The next part of the same scan prolongs
// the part before it.
func (g *Graph) addFiltered(n *Node, lo, hi []byte, seen mvcc.Timestamp, f Filter) {
	var s *span
	for i := len(n.filtered) - 1; i >= 0 && s == nil; i-- {
		if x := n.filtered[i]; x.filter == f && (string(x.hi) == string(lo) && x.hi != nil || string(hi) == string(x.lo) && hi != nil) {
			s = x
		}
	}
	if s == nil {
		if len(n.filtered) == filteredMax {
			g.dropFilters(n)
			g.addRange(&n.readRanges, &g.ranges, n, lo, hi, dropped)
			return
		}
		s = g.newSpan(lo, hi, n)
		s.seen, s.filter = seen, f
		n.filtered = append(n.filtered, s)
		g.entries++
		g.ranges.insert(s)
		return
	}
	g.ranges.remove(s)
	s.seen = max(s.seen, seen)
	if string(s.hi) == string(lo) && s.hi != nil {
		s.setHi(hi)
	} else {
		s.setLo(lo)
	}
	g.ranges.insert(s)
}

// dropFilters makes plain ranges of a node's ranges with filters. Edges that the filters kept away
// stay away: those writes did not matter.
func (g *Graph) dropFilters(n *Node) {
	filtered := n.filtered
	n.filtered = nil
	for _, s := range filtered {
		if !n.readRanges.coversSpan(s.lo, s.hi, dropped) {
			g.addRange(&n.readRanges, &g.ranges, n, s.lo, s.hi, dropped)
		}
		g.dropSpan(&g.ranges, s)
	}
}
