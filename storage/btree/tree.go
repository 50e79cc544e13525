package btree

import (
	"slices"
	"sync/atomic"
)

// tree is the newest state and the only one that changes. The engine's mutex guards it.
//
// The nodes of the open version belong to it alone and change in place. Whatever was
// published, or is being written by a checkpoint, has an older version and is copied
// first, together with its way up to the root; so the ancestors of a node of the open
// version are of the open version too.
type tree struct {
	s       *pager
	space   *space
	root    *node
	version uint64 // the open one: larger than that of anything published

	dirty atomic.Int64 // nodes that are not in the file; a checkpoint takes off what it wrote

	// retired is what the file holds of nodes and values that were replaced since the last
	// checkpoint began. unwritten are nodes, replaced too, that the checkpoint under way
	// may not have written yet: it writes versions up to writing.
	retired   []retired
	unwritten []retiredNode
	writing   uint64

	// The way to the leaf of the last change and its bounds, for the next change. Valid
	// while way is not empty.
	way    []step
	lo, hi fence

	// thinned: pairs of that leaf were removed, and before the way is left, settle puts it
	// together with a neighbour if it has become sparse. Removals that follow each other so
	// empty a leaf and drop it, and do not merge it time and again.
	thinned bool
	gap     int // where the last pair was removed: the next one is often there

	entries []entry // memory of split and merge
	scratch page
}

// retired is an extent that views before version may still read.
type retired struct {
	extent
	version uint64
}

type retiredNode struct {
	n       *node
	version uint64
}

// step is a node of the way down, and the slot of the next one.
type step struct {
	n *node
	i int
}

// fence is a bound of the leaf at the end of the way.
type fence struct {
	key
	closed bool // there is a bound
	mem    []byte
}

// set copies the key of slot i.
func (b *fence) set(f *frame, i int) {
	b.closed = f != nil
	if f == nil {
		return
	}
	k := f.cellKey(i)
	b.mem = append(append(append(b.mem[:0], f.prefix()...), k.prefix...), k.suffix...)
	n := len(b.mem) - len(k.suffix)
	b.key = key{b.mem[:n:n], b.mem[n:]}
}

// created takes up a node of the open version.
func (t *tree) created(n *node) {
	t.dirty.Add(1)
	t.s.pool.add(n)
}

// retire gives up a node that the tree has replaced.
func (t *tree) retire(n *node) {
	t.s.pool.remove(n)
	switch addr := n.addr.Load(); {
	case addr != 0:
		t.retired = append(t.retired, retired{extent{addr, 1}, t.version})
	case n.version <= t.writing:
		t.unwritten = append(t.unwritten, retiredNode{n, t.version})
	default:
		t.dirty.Add(-1)
	}
}

func (t *tree) retireValue(v []byte) {
	r := decodeValueRef(v)
	t.retired = append(t.retired, retired{extent{r.page, r.pages(t.s.pageBytes)}, t.version})
}

// closeVersion makes the open version a published one.
func (t *tree) closeVersion() { t.version++; t.way = t.way[:0] }

// descend finds the way to the leaf that k belongs to.
func (t *tree) descend(k key) error {
	if len(t.way) > 0 && (!t.lo.closed || t.lo.compare(k) <= 0) && (!t.hi.closed || t.hi.compare(k) > 0) {
		return nil
	}
	if err := t.settle(); err != nil {
		return err
	}
	t.way = t.way[:0]
	var lo, hi *frame
	var loSlot, hiSlot int
	for n := t.root; ; {
		f, err := t.s.frame(n)
		if err != nil {
			t.way = t.way[:0]
			return err
		}
		if n.level == 0 {
			t.way = append(t.way, step{n, 0})
			break
		}
		i := f.child(k)
		if i > 0 {
			lo, loSlot = f, i
		}
		if i+1 < f.count() {
			hi, hiSlot = f, i+1
		}
		t.way = append(t.way, step{n, i})
		n = f.children[i]
	}
	t.lo.set(lo, loSlot)
	t.hi.set(hi, hiSlot)
	return nil
}

// ownWay makes every node of the way one of the open version, and returns the leaf.
func (t *tree) ownWay() (*node, *frame, error) {
	leaf := t.way[len(t.way)-1].n
	if leaf.version == t.version {
		return leaf, leaf.frame.Load(), nil
	}
	var parent *frame
	for d := range t.way {
		n := t.way[d].n
		f, err := t.s.frame(n)
		if err != nil {
			return nil, nil, err
		}
		c, cf := t.own(n, f)
		if c != n {
			if d == 0 {
				t.root = c
			} else {
				parent.children[t.way[d-1].i] = c
			}
			t.way[d].n = c
		}
		parent = cf
	}
	return t.way[len(t.way)-1].n, parent, nil
}

// put stores a pair. value is a reference if inExtent.
func (t *tree) put(k key, value []byte, inExtent bool) error {
	if err := t.descend(k); err != nil {
		return err
	}
	n, f, err := t.ownWay()
	if err != nil {
		return err
	}
	if inExtent && !n.extents {
		for _, s := range t.way {
			s.n.extents = true
		}
	}
	i, found := f.place(k)
	if found {
		if old, ext := f.value(i); ext {
			t.retireValue(old)
		}
		if f.replace(i, value, inExtent) {
			return nil
		}
		f.remove(i, i+1)
	}
	if f.count() == 0 {
		f.reset(0, nil)
	}
	rest, side := f.strip(k)
	need := slotLen + leafCellLen + rest.len() + len(value)
	if side == 0 && f.free() < need && f.free()+f.dead() >= need {
		f.compact(t.scratch)
	}
	// Keys that arrive in order leave almost full pages behind, not half full ones. Room is
	// left for a few more versions of the rows: without it the first update of each page
	// would split it.
	inOrder := f.arrives(i)
	full := inOrder && f.used()+need > t.s.pageBytes*9/10
	if side == 0 && f.free() >= need && !full {
		f.insertLeaf(i, rest, value, inExtent)
		return nil
	}
	if full && i == f.count() {
		return t.appendLeaf(k, value, inExtent)
	}
	cut := 0
	if full {
		cut = i + 1 // what follows is moved out of the way first
	}
	t.entries = slices.Insert(f.unpack(t.entries[:0], nil), i, entry{key: k, value: value, inExtent: inExtent})
	return t.spread(len(t.way)-1, t.entries, cut)
}

// appendLeaf puts a pair that comes after all of the leaf's into a new leaf on its right. The
// new one's prefix is what both keys share, as more of that kind will.
func (t *tree) appendLeaf(k key, value []byte, inExtent bool) error {
	n := t.way[len(t.way)-1].n
	f := n.frame.Load()
	last := f.wholeKey(f.count() - 1)
	c := t.newNode(0)
	c.extents = n.extents
	cf := c.frame.Load()
	cf.reset(0, k.prefix[:matching(last.prefix, k.prefix)])
	rest, _ := cf.strip(k)
	cf.insertLeaf(0, rest, value, inExtent)
	cf.next, cf.streak = 1, f.streak
	return t.adopt(len(t.way)-1, []entry{{key: separator(last, k), child: c}})
}

// spread makes the node at depth d of the way, and as many new ones to its right as it
// takes, hold the entries; see divide.
func (t *tree) spread(d int, entries []entry, cut int) error {
	n := t.way[d].n
	f := n.frame.Load()
	level := int(n.level)
	groups := divide(level, entries, t.s.pageBytes, cut)
	added := make([]entry, 0, len(groups)-1) // what the parent gets
	for g, group := range groups[1:] {
		c := t.newNode(level)
		c.extents = n.extents
		cf := c.frame.Load()
		cf.fill(level, group)
		cf.next, cf.streak = len(group), f.streak
		sep := group[0].key // an inner node's first key moves up
		if level == 0 {
			last := groups[g][len(groups[g])-1]
			sep = separator(last.key, group[0].key)
		}
		added = append(added, entry{key: sep, child: c})
	}
	// The entries of a leaf are in its page until here.
	f.page, t.scratch = t.scratch, f.page
	f.fill(level, groups[0])
	if len(added) == 0 {
		return nil
	}
	return t.adopt(d, added)
}

// adopt makes added the right neighbours of the node at depth d of the way, which is left.
func (t *tree) adopt(d int, added []entry) (err error) {
	if n := t.way[d].n; d > 0 {
		err = t.addChildren(d-1, added)
	} else {
		level := int(n.level) + 1
		root := t.newNode(level)
		root.extents = n.extents
		root.frame.Load().fill(level, append([]entry{{child: n}}, added...))
		t.root = root
	}
	t.way, t.thinned = t.way[:0], false
	return err
}

// fill packs the entries into f.
func (f *frame) fill(level int, entries []entry) {
	f.pack(level, entries)
	if level > 0 {
		f.children = make([]*node, len(entries), len(entries)+1)
		for i, e := range entries {
			f.children[i] = e.child
		}
	}
}

// addChildren inserts children into the node at depth d, right of the one on the way.
func (t *tree) addChildren(d int, added []entry) error {
	at := t.way[d].i + 1
	f := t.way[d].n.frame.Load()
	appended := at == f.count()
	for len(added) > 0 {
		rest, side := f.strip(added[0].key)
		need := slotLen + innerCellLen + rest.len()
		if side == 0 && f.free() < need && f.free()+f.dead() >= need {
			f.compact(t.scratch)
		}
		if side != 0 || f.free() < need {
			break
		}
		f.insert(at, rest, 0)
		f.children = slices.Insert(f.children, at, added[0].child)
		at, added = at+1, added[1:]
	}
	if len(added) == 0 {
		return nil
	}
	all := slices.Insert(f.unpack(nil, f.children), at, added...)
	cut := 0
	if appended && packedLen(int(t.way[d].n.level), all) > t.s.pageBytes {
		cut = len(all) - 1
	}
	return t.spread(d, all, cut)
}

// remove deletes a key, if it is there. The leaf may be sparse until settle.
func (t *tree) remove(k key) error {
	if err := t.descend(k); err != nil {
		return err
	}
	f, err := t.s.frame(t.way[len(t.way)-1].n)
	if err != nil {
		return err
	}
	i, found := t.gap, false
	if rest, side := f.strip(k); side == 0 && i < f.count() {
		found = f.cellKey(i).compare(rest) == 0
	}
	if !found {
		if i, found = f.search(k, 0); !found {
			return nil
		}
	}
	if _, f, err = t.ownWay(); err != nil {
		return err
	}
	if v, ext := f.value(i); ext {
		t.retireValue(v)
	}
	f.remove(i, i+1)
	t.thinned, t.gap = true, i
	return nil
}

// settle ends a series of changes: where pairs were removed no node is left sparse that
// a merge can help.
func (t *tree) settle() error {
	if !t.thinned {
		return nil
	}
	t.thinned = false
	if !t.sparse(t.way[len(t.way)-1].n.frame.Load()) {
		return nil
	}
	return t.rebalance(false)
}

// sparse reports whether a node should be merged with a neighbour.
func (t *tree) sparse(f *frame) bool { return f.count() == 0 || f.used() < t.s.pageBytes/4 }

// rebalance merges the sparse nodes of the way, which is owned, with their neighbours,
// from the leaf up: as far as something changes, or all if all is set.
func (t *tree) rebalance(all bool) error {
	for d := len(t.way) - 1; d > 0; d-- {
		changed, err := t.merge(d)
		if err != nil {
			t.way = t.way[:0]
			return err
		}
		if !changed && !all {
			break
		}
	}
	t.way = t.way[:0]
	for {
		f := t.root.frame.Load()
		switch {
		case t.root.level == 0 || f.count() > 1:
			return nil
		case f.count() == 0:
			t.retire(t.root)
			t.root = t.newNode(0)
			t.root.frame.Load().reset(0, nil)
			return nil
		}
		old := t.root
		t.root = f.children[0]
		t.retire(old)
		if _, err := t.s.frame(t.root); err != nil {
			return err
		}
	}
}

// merge removes the node at depth d if it is empty, or puts it together with a
// neighbour of the same parent if they fit well in one page.
func (t *tree) merge(d int) (changed bool, err error) {
	n, parent, i := t.way[d].n, t.way[d-1].n, t.way[d-1].i
	f, pf := n.frame.Load(), parent.frame.Load()
	switch {
	case f.count() == 0:
		t.retire(n)
		pf.removeChild(i)
		return true, nil
	case !t.sparse(f):
		return false, nil
	}
	// Where rows are removed in order one neighbour is still full.
	for _, l := range [...]int{i, i - 1} {
		if l < 0 || l+1 >= pf.count() {
			continue
		}
		if changed, err = t.mergeChildren(pf, l); changed || err != nil {
			return changed, err
		}
	}
	return false, nil
}

// mergeChildren puts the children l and l+1 of pf, an owned page, together if they fit well
// in one page.
func (t *tree) mergeChildren(pf *frame, l int) (changed bool, err error) {
	left, right := pf.children[l], pf.children[l+1]
	lf, err := t.s.frame(left)
	if err != nil {
		return false, err
	}
	rf, err := t.s.frame(right)
	if err != nil {
		return false, err
	}
	enough := t.s.pageBytes * 3 / 4
	if lf.used()+rf.used() > enough {
		return false, nil
	}
	level := int(left.level)
	entries := lf.unpack(nil, lf.children)
	from := len(entries)
	entries = rf.unpack(entries, rf.children)
	if level > 0 {
		entries[from].key = pf.wholeKey(l + 1)
	}
	if packedLen(level, entries) > enough {
		return false, nil
	}
	left, lf = t.own(left, lf)
	left.extents = left.extents || right.extents
	pf.children[l] = left
	lf.page, t.scratch = t.scratch, lf.page
	lf.fill(level, entries)
	t.retire(right)
	pf.removeChild(l + 1)
	return true, nil
}

// wholeKey is slot i's key with the page's prefix.
func (p page) wholeKey(i int) key {
	k := p.cellKey(i)
	return key{slices.Concat(p.prefix(), k.prefix), slices.Clone(k.suffix)}
}

// removeChild takes slot i out of an inner node; its keys belong to the neighbour.
func (f *frame) removeChild(i int) {
	f.remove(i, i+1)
	f.children = slices.Delete(f.children, i, i+1)
	if i == 0 && f.count() > 0 {
		f.clearSlot0()
	}
}
