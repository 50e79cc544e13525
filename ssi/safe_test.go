package ssi

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/minisql/minisql/mvcc"
)

// TestLastSafe plays random schedules in which readers of everything begin at the last safe
// snapshot at any moment: none of them may be on a cycle, none may have to wait, and what they see must
// not have been collected.
func TestLastSafe(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d (-ssi.seed)", seed)
	rounds := 20_000
	if testing.Short() {
		rounds = 4_000
	}
	const keys = 4
	for _, tc := range []struct {
		name   string
		opts   Options
		wanted bool // before it is needed
	}{
		{"wanted", Options{}, true},
		{"not wanted before", Options{}, false},
		{"short of memory", Options{MaxEntries: 6, MaxNodes: 3}, true},
		{"of nodes", Options{MaxNodes: 3}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 0))
			kept := mvcc.Timestamp(0)
			tc.opts.Keep = func(at mvcc.Timestamp) bool { kept = at; return true }
			w := newWorld(keys, tc.opts)
			w.slow = true
			if tc.wanted {
				w.g.WantLastSafe(true)
			}
			starts, stale, none, unsafe := 0, 0, 0, 0
			for round := range rounds {
				make, order := randomRuns(r, keys, 5)
				w.versions, w.locked = newWorld(keys, Options{}).versions, newWorld(keys, Options{}).locked
				runs := make()
				var readers, careless []*run
				w.playSlowly(runs, order, r, func() {
					careless = append(careless, reader(keys, w.published()))
					held := w.published()
					for n := w.g.active.first; n != nil; n = n.next {
						held = min(held, n.snap)
					}
					at := mvcc.Timestamp(0)
					if !w.g.LastSafe(func(a mvcc.Timestamp) bool { at = a; return true }) {
						none++
						return
					}
					starts++
					if at > w.published() {
						t.Fatalf("round %d: a snapshot of the future", round)
					}
					if at < held && at != kept {
						t.Fatalf("round %d: the snapshot at %d may have been collected: %d is held, %d kept", round, at, held, kept)
					}
					if at < w.published() {
						stale++
					}
					readers = append(readers, reader(keys, at))
				})
				if w.cyclic(runs) {
					t.Fatalf("round %d: a cycle committed: order %v", round, order)
				}
				if w.cyclic(append(readers, runs...)) {
					t.Fatalf("round %d: a reader is on a cycle: order %v", round, order)
				}
				if w.cyclic(append(careless, runs...)) {
					unsafe++
				}
				if s := w.g.Stats(); s.Active+s.Committed+s.Entries+s.Edges != 0 || kept != 0 {
					t.Fatalf("round %d: the graph is not empty, or something is kept: %+v, %d", round, s, kept)
				}
			}
			t.Logf("%d readers began, %d of them in the past; %d could not; at the newest snapshot they had been on a cycle in %d rounds", starts, stale, none, unsafe)
			if stale == 0 || unsafe == 0 || (none > 0) == tc.wanted {
				t.Error("the test proves nothing, or a reader had to wait")
			}
		})
	}
}

// reader is a transaction that has read everything at a snapshot.
func reader(keys int, at mvcc.Timestamp) *run {
	r := &run{snap: at, ok: true, reads: map[int]bool{}}
	for k := range keys {
		r.reads[k] = true
	}
	return r
}

// playSlowly is play with slow commits, and calls between now and then.
func (w *world) playSlowly(runs []*run, order []int, r *rand.Rand, between func()) {
	commit := func() bool {
		switch {
		case len(w.committing) > 0 && r.IntN(2) == 0, len(w.committing) > 0 && len(w.drawn) == 0:
			w.draw(r.IntN(len(w.committing)))
		case len(w.drawn) > 0:
			w.publish()
		default:
			return false
		}
		return true
	}
	for _, i := range order {
		if !runs[i].ended {
			w.step(runs[i], true)
		}
		if r.IntN(2) == 0 {
			commit()
		}
		if r.IntN(3) == 0 {
			between()
		}
	}
	for again := true; again; { // who waited
		again = commit()
		for _, x := range runs {
			again = !x.ended && w.step(x, true) || again
		}
		if r.IntN(3) == 0 {
			between()
		}
	}
	for _, x := range runs { // deadlocked
		if !x.ended {
			w.abort(x)
			w.playSlowly(runs, nil, r, between)
			return
		}
	}
}

// TestSummaryIsUnsafe wants a snapshot between the commits of two transactions, of which the later
// one had to be before the other, to stay unsafe when memory makes them one.
func TestSummaryIsUnsafe(t *testing.T) {
	now := mvcc.Timestamp(1)
	g := New(Options{Published: func() mvcc.Timestamp { return now }, MaxNodes: 3})
	begin := func() *Node { return g.Begin(Party{}, false, func() mvcc.Timestamp { return now }) }
	commit := func(n *Node, wrote bool) {
		if _, err := n.Precommit(wrote, false); err != nil {
			t.Fatal(err)
		}
		if wrote {
			n.SetCommit(now + 1)
			now++
		}
		n.Ended()
	}
	do := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	start := func() (at mvcc.Timestamp) {
		g.LastSafe(func(a mvcc.Timestamp) bool { at = a; return true })
		return at
	}
	later, sooner := begin(), begin()
	do(later.Read(keyOf(0), now, nil))
	do(sooner.Write(keyOf(0), false, nil, 0, nil))
	commit(sooner, true)
	oldest := begin()
	do(later.Write(keyOf(1), false, nil, 0, nil))
	commit(later, true)
	if at := start(); at != 0 {
		t.Errorf("%d is safe", at)
	}
	commit(begin(), false)
	if at := start(); g.Stats().Summarized == 0 || at != 0 {
		t.Errorf("%d is safe, after %d summaries", at, g.Stats().Summarized)
	}
	commit(oldest, false)
	if at := start(); at != now {
		t.Errorf("%d is safe, and not %d", at, now)
	}
}
