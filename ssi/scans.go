package ssi

import "github.com/minisql/minisql/mvcc"

// Whoever scans what many others have scanned and changed would have an edge with each of them. One with the
// newest is enough, if others are before that one:
//
//	W ──wr──▶ R' ──rw──▶ V ──wr──▶ R      R' and R have scanned the same keys, V has changed one
//	                                      between their snapshots, and W one before: W is before R
//	R' ⇝ R ──rw──▶ X                      X changes a key later: R' is before X
//
// The nodes between must stay, and be seen by every search: they have ended, and are no observers. They are not
// forgotten before the one that they are after.

// scansMin is how many committed nodes there have to be for looking to cost less than edges.
const scansMin = 32

// base returns a timestamp: of the keys of a range that n is about to have seen, who has written one last, up to then, is
// before n without an edge of its own. 0: it is not known of any. Whoever has seen the same, without a V in between, has
// the same base.
func (g *Graph) base(n *Node, lo, hi []byte) (at mvcc.Timestamp) {
	if g.committed.len < g.scansMin {
		return 0
	}
	g.ranges.overlapping(lo, hi, func(s *span) {
		if s.seen <= n.snap && s.base > at && s.is(lo, hi) {
			at = s.base
		}
		if s.seen <= at || s.seen >= n.snap || !s.stands() || string(s.lo) > string(lo) || lessHi(s.hi, hi) {
			return
		}
		for _, e := range s.n.out.list {
			if e.kind == ReadWrite && e.to.between(s.seen, n.snap) && within(e.key, lo, hi) {
				at = s.seen
				return
			}
		}
	})
	return at
}

// supersede gives up the ranges of others that n, which has ended, has read after them: who writes there from now on
// comes after n.
func (g *Graph) supersede(n *Node) {
	if g.committed.len < g.scansMin {
		return
	}
	for _, s := range n.readRanges {
		if s.seen == dropped || !s.stands() {
			continue
		}
		var old []*span
		g.ranges.overlapping(s.lo, s.hi, func(x *span) {
			if x.n == n || x.seen >= s.seen || x.filter != nil || !x.n.ended || string(x.lo) < string(s.lo) || lessHi(s.hi, x.hi) {
				return
			}
			for _, e := range n.in.list {
				if e.kind == WriteRead && e.from.between(x.seen, s.seen) && within(e.key, x.lo, x.hi) {
					old = append(old, x)
					return
				}
			}
		})
		for _, x := range old {
			x.n.readRanges.drop(x)
			g.dropSpan(&g.ranges, x)
		}
	}
}

// stands reports whether a plain range is of a node that stays as it is.
func (s *span) stands() bool { return s.filter == nil && s.n.ended && !s.n.observer }

// between reports whether the node, which has ended, has committed after one timestamp and not after another.
func (n *Node) between(after, until mvcc.Timestamp) bool {
	return n.ended && n.state == committed && n.link() && n.first > after && n.last <= until
}

// within reports whether the key of an edge, as far as it is known, is in a range.
func within(key string, lo, hi []byte) bool {
	return len(key) < witnessBytes && key >= string(lo) && (hi == nil || key < string(hi))
}
