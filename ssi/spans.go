package ssi

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"sort"

	"github.com/minisql/minisql/mvcc"
)

// span is a range of keys that one node read or wrote: lo ≤ key < hi; a nil hi is the end.
type span struct {
	lo, hi []byte
	n      *Node
	stmt   uint32

	// Of a range that was read; see access.
	seen   mvcc.Timestamp
	filter Filter
	base   mvcc.Timestamp // see Graph.base; 0: not known

	room [2][]byte // memory for lo and hi

	// of the tree
	priority    uint32
	left, right *span
	max         []byte // the greatest hi below; nil: the end
}

// newSpan copies the bounds.
func (g *Graph) newSpan(lo, hi []byte, n *Node) *span {
	s := g.spare.spans.get()
	s.n, s.stmt = n, n.statement()
	s.setLo(lo)
	s.setHi(hi)
	return s
}

// dropSpan takes a span out of the tree, for good.
func (g *Graph) dropSpan(all *intervals, s *span) {
	all.remove(s)
	g.entries--
	*s = span{room: s.room}
	g.spare.spans.put(s)
}

func (s *span) setLo(lo []byte) {
	s.room[0] = append(s.room[0][:0], lo...)
	s.lo = s.room[0]
}

func (s *span) setHi(hi []byte) {
	if hi == nil {
		s.hi = nil
		return
	}
	s.room[1] = append(slices.Grow(s.room[1][:0], 1), hi...)
	s.hi = s.room[1]
}

// is reports whether the span is this one.
func (s *span) is(lo, hi []byte) bool {
	return bytes.Equal(s.lo, lo) && (s.hi == nil) == (hi == nil) && bytes.Equal(s.hi, hi)
}

func (s *span) covers(key []byte) bool {
	return bytes.Compare(s.lo, key) <= 0 && (s.hi == nil || bytes.Compare(key, s.hi) < 0)
}

// lessHi orders upper bounds; nil is the greatest.
func lessHi(a, b []byte) bool {
	if a == nil || b == nil {
		return a != nil
	}
	return bytes.Compare(a, b) < 0
}

// spans are one node's ranges: disjoint, in order.
type spans []*span

// find returns the first range that ends after key.
func (s spans) find(key []byte) int {
	return sort.Search(len(s), func(i int) bool { return s[i].hi == nil || bytes.Compare(key, s[i].hi) < 0 })
}

// covers reports whether one range has the key, and notes there what was seen of it.
func (s spans) covers(key []byte, seen mvcc.Timestamp) bool {
	i := s.find(key)
	if i == len(s) || bytes.Compare(s[i].lo, key) > 0 {
		return false
	}
	s[i].seen = max(s[i].seen, seen)
	return true
}

// coversSpan reports whether one range has all of lo ≤ key < hi, and notes there what was seen of it.
func (s spans) coversSpan(lo, hi []byte, seen mvcc.Timestamp) bool {
	i := s.find(lo)
	if i == len(s) || bytes.Compare(s[i].lo, lo) > 0 || lessHi(s[i].hi, hi) {
		return false
	}
	s[i].seen = max(s[i].seen, seen)
	return true
}

// drop takes one out.
func (s *spans) drop(x *span) {
	if i := slices.Index(*s, x); i >= 0 {
		*s = slices.Delete(*s, i, i+1)
	}
}

// intervals finds the ranges of all nodes that have a key, or overlap a range: a treap by lower
// bound in which every span knows the greatest upper bound below it.
type intervals struct {
	root *span
	len  int
}

func (s *span) before(o *span) bool {
	if c := bytes.Compare(s.lo, o.lo); c != 0 {
		return c < 0
	}
	return s.n.who.ID < o.n.who.ID
}

func (s *span) fix() {
	s.max = s.hi
	for _, c := range [...]*span{s.left, s.right} {
		if c != nil && lessHi(s.max, c.max) {
			s.max = c.max
		}
	}
}

func (t *intervals) insert(s *span) {
	s.priority, s.left, s.right = rand.Uint32(), nil, nil
	s.fix()
	t.root = insertSpan(t.root, s)
	t.len++
}

func insertSpan(root, s *span) *span {
	switch {
	case root == nil:
		return s
	case s.priority > root.priority:
		s.left, s.right = splitSpans(root, s)
		s.fix()
		return s
	case s.before(root):
		root.left = insertSpan(root.left, s)
	default:
		root.right = insertSpan(root.right, s)
	}
	root.fix()
	return root
}

// splitSpans cuts a tree into what is before s and what is not.
func splitSpans(root, s *span) (l, r *span) {
	if root == nil {
		return nil, nil
	}
	if root.before(s) {
		root.right, r = splitSpans(root.right, s)
		root.fix()
		return root, r
	}
	l, root.left = splitSpans(root.left, s)
	root.fix()
	return l, root
}

func mergeSpans(l, r *span) *span {
	switch {
	case l == nil:
		return r
	case r == nil:
		return l
	case l.priority > r.priority:
		l.right = mergeSpans(l.right, r)
		l.fix()
		return l
	}
	r.left = mergeSpans(l, r.left)
	r.fix()
	return r
}

func (t *intervals) remove(s *span) {
	t.root = removeSpan(t.root, s)
	t.len--
}

func removeSpan(root, s *span) *span {
	switch {
	case root == s:
		return mergeSpans(s.left, s.right)
	case s.before(root):
		root.left = removeSpan(root.left, s)
	default:
		root.right = removeSpan(root.right, s)
	}
	root.fix()
	return root
}

// overlapping calls do for every span that has a key of lo ≤ key < hi.
func (t *intervals) overlapping(lo, hi []byte, do func(*span)) { overlap(t.root, lo, hi, do) }

func overlap(s *span, lo, hi []byte, do func(*span)) {
	if s == nil || (s.max != nil && bytes.Compare(s.max, lo) <= 0) {
		return
	}
	overlap(s.left, lo, hi, do)
	if hi != nil && bytes.Compare(s.lo, hi) >= 0 {
		return
	}
	if s.hi == nil || bytes.Compare(lo, s.hi) < 0 {
		do(s)
	}
	overlap(s.right, lo, hi, do)
}

// holding calls do for every span that has the key.
func (t *intervals) holding(key []byte, do func(*span)) { hold(t.root, key, do) }

func hold(s *span, key []byte, do func(*span)) {
	if s == nil || (s.max != nil && bytes.Compare(s.max, key) <= 0) {
		return
	}
	hold(s.left, key, do)
	if bytes.Compare(s.lo, key) > 0 {
		return
	}
	if s.covers(key) {
		do(s)
	}
	hold(s.right, key, do)
}
