package ssi

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// scanRuns are a few long transactions among many short ones that scan everything, half of it, or write: what
// spares edges.
func scanRuns(r *rand.Rand, keys int) (runs []*run, order []int) {
	scan := func() op {
		if r.IntN(3) == 0 {
			k := r.IntN(keys)
			return op{'s', k, k + 1 + r.IntN(keys-k)}
		}
		return op{'s', 0, keys}
	}
	read := func() op { k := r.IntN(keys); return op{'r', k, k + 1} }
	write := func() op { return op{'w', r.IntN(keys), r.IntN(classes)} }
	add := func(ops ...op) int {
		runs = append(runs, &run{id: len(runs) + 1, ops: append(ops, op{kind: 'c'}), reads: map[int]bool{}, asked: map[int]bool{}, writes: map[int]byte{}})
		return len(runs) - 1
	}
	for range 4 + r.IntN(16) {
		var i int
		switch r.IntN(8) {
		case 0, 1:
			i = add(scan())
		case 2, 3:
			i = add(scan(), write())
		case 4:
			i = add(read(), read())
		default:
			i = add(write())
		}
		runs[i].observer = r.IntN(8) == 0
		for range runs[i].ops {
			order = append(order, i)
		}
		for n := len(order); n > 1 && r.IntN(3) == 0; n-- { // not quite one after another
			at := max(0, len(order)-1-r.IntN(6))
			order[len(order)-1], order[at] = order[at], order[len(order)-1]
		}
	}
	for range 1 + r.IntN(3) {
		var ops []op
		for range 1 + r.IntN(4) {
			ops = append(ops, [...]op{read(), read(), write(), scan()}[r.IntN(4)])
		}
		i := add(ops...)
		for range runs[i].ops {
			order = slices.Insert(order, r.IntN(len(order)+1), i)
		}
	}
	return runs, order
}

// TestScans wants no cycle to be missed, and next to no transaction to fail needlessly, where edges are spared, nodes are
// observed, and commits fail at the last moment.
func TestScans(t *testing.T) {
	r := random(t)
	rounds := 20_000
	if testing.Short() {
		rounds = 4000
	}
	const keys = 5
	w := newWorld(keys, Options{})
	w.g.scansMin = 0
	refused, needless, txns, edges, spared := 0, 0, 0, 0, 0
	for round := range rounds {
		runs, order := scanRuns(r, keys)
		w.versions, w.locked = newWorld(keys, Options{}).versions, newWorld(keys, Options{}).locked
		w.playSlowly(runs, order, r, func() {
			if i := len(w.committing) - 1; i >= 0 && r.IntN(8) == 0 {
				x := w.committing[i]
				w.committing = w.committing[:i]
				w.abort(x)
			}
			edges += w.g.edges
			for n := w.g.committed.first; n != nil; n = n.next {
				for _, s := range n.readRanges {
					if s.base > 0 {
						spared++
					}
				}
			}
		})
		serializable := slices.DeleteFunc(slices.Clone(runs), func(x *run) bool { return x.observer })
		if w.cyclicAmong(serializable) {
			t.Fatalf("round %d: a cycle committed: order %v", round, order)
		}
		for _, x := range serializable {
			txns++
			if x.refused {
				refused++
				if !w.cyclicWith(serializable, x) {
					needless++
				}
			}
		}
		if s := w.g.Stats(); s.Active+s.Committed+s.Entries+s.Edges != 0 || len(w.g.points) != 0 {
			t.Fatalf("round %d: the graph is not empty: %+v", round, s)
		}
	}
	t.Logf("%d of %d transactions failed, %d of them needlessly; %d edges, %d ranges with a base", refused, txns, needless, edges, spared)
	if spared == 0 {
		t.Error("the test proves nothing")
	}
}
