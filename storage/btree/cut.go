package btree

// cut removes every key with lo ≤ key < hi; a nil bound is none. Subtrees inside are
// dropped without looking at their leaves, unless those have values in extents.
func (t *tree) cut(lo, hi *key) error {
	if err := t.settle(); err != nil {
		return err
	}
	t.way = t.way[:0]
	root, err := t.cutNode(t.root, lo, hi)
	if err != nil {
		return err
	}
	if root == nil {
		root = t.newNode(0)
		root.frame.Load().reset(0, nil)
	}
	t.root = root
	// What is left at the edges may be sparse.
	edge := key{}
	if lo != nil {
		edge = *lo
	}
	if err := t.descend(edge); err != nil {
		return err
	}
	if _, _, err := t.ownWay(); err != nil {
		return err
	}
	return t.rebalance(true)
}

// cutNode returns what is left of the subtree: n itself if nothing is removed, nil if
// nothing is left.
func (t *tree) cutNode(n *node, lo, hi *key) (*node, error) {
	f, err := t.s.frame(n)
	if err != nil {
		return nil, err
	}
	if n.level == 0 {
		return t.cutLeaf(n, f, lo, hi), nil
	}
	i, j := 0, f.count()-1
	if lo != nil {
		i = f.child(*lo)
	}
	if hi != nil {
		j = f.child(*hi)
	}
	for c := j; c >= i; c-- { // downwards, so that slots before c stay where they are
		clo, chi := lo, hi
		if c > i {
			clo = nil
		}
		if c < j {
			chi = nil
		}
		old := f.children[c]
		var left *node
		if clo == nil && chi == nil {
			err = t.drop(old)
		} else {
			left, err = t.cutNode(old, clo, chi)
		}
		if err != nil {
			return nil, err
		}
		if left == old {
			continue
		}
		n, f = t.own(n, f)
		if left == nil {
			f.removeChild(c)
		} else {
			f.children[c] = left
		}
	}
	if f.count() == 0 {
		t.retire(n)
		return nil, nil
	}
	return n, nil
}

func (t *tree) cutLeaf(n *node, f *frame, lo, hi *key) *node {
	i, j := 0, f.count()
	if lo != nil {
		i, _ = f.search(*lo, 0)
	}
	if hi != nil {
		j, _ = f.search(*hi, 0)
	}
	if i >= j {
		return n
	}
	for s := i; s < j; s++ {
		if v, ext := f.value(s); ext {
			t.retireValue(v)
		}
	}
	if i == 0 && j == f.count() {
		t.retire(n)
		return nil
	}
	n, f = t.own(n, f)
	f.remove(i, j)
	return n
}

// drop retires a whole subtree.
func (t *tree) drop(n *node) error {
	if n.level == 0 && !n.extents {
		t.retire(n)
		return nil
	}
	f, err := t.s.frame(n)
	if err != nil {
		return err
	}
	if n.level == 0 {
		for i := range f.count() {
			if v, ext := f.value(i); ext {
				t.retireValue(v)
			}
		}
	}
	for _, c := range f.children {
		if err := t.drop(c); err != nil {
			return err
		}
	}
	t.retire(n)
	return nil
}
