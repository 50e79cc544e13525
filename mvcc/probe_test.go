package mvcc_test

import (
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/minisql/minisql/internal/engines"
	"github.com/minisql/minisql/mvcc"
)

// TestProbes compares Probe, where it answers, with Get at Latest, while keys before, in and
// behind its windows are written, deleted and collected.
func TestProbes(t *testing.T) { engines.Each(t, testProbes) }

func testProbes(t *testing.T, on engines.Engine) {
	r := newRand(t)
	w := open(t, on, vfs.NewMem(), mvcc.Options{})
	key := func(i int) string { return fmt.Sprintf("t\x80%c%c", i>>8, i&0xff) }
	answered := 0
	for round := range 40 {
		var p mvcc.Probes
		dense := 1 + r.IntN(4)
		// Much is gone, some is there.
		var changes []string
		for i := r.IntN(500); i < 1200; i += 1 + r.IntN(6) {
			k := key(i)
			switch r.IntN(4) {
			case 0:
				k += "=v"
			case 1:
				continue
			}
			changes = append(changes, k)
		}
		if len(changes) > 0 {
			w.write(false, round%2 == 0, changes...)
		}
		for i := r.IntN(200); i < 1300; i += 1 + r.IntN(dense) {
			if r.IntN(8) == 0 { // somebody commits near what is asked for next
				k := key(i + r.IntN(40) - 10)
				if r.IntN(2) == 0 {
					k += "=new"
				}
				w.write(r.IntN(2) == 0, true, k)
			}
			if r.IntN(300) == 0 {
				if _, err := w.s.Collect(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if r.IntN(200) == 0 { // out of order
				i = max(0, i-r.IntN(300))
			}
			k := []byte(key(i))
			v, ok, err := w.s.Probe(&p, k)
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				continue
			}
			answered++
			want, err := w.s.Get(k, mvcc.Latest, nil)
			if err != nil {
				t.Fatal(err)
			}
			if v.Exists() || want.Exists() || v.At != want.At && want.At != 0 { // a tombstone may be collected meanwhile
				t.Fatalf("round %d, key %d: Probe says %+v, Get %+v", round, i, v, want)
			}
		}
	}
	if answered < 1000 {
		t.Errorf("Probe answered %d times only", answered)
	}
}

// TestProbesOfSegments: while a transaction that has spilled is running, Get has to tell.
func TestProbesOfSegments(t *testing.T) { engines.Each(t, testProbesOfSegments) }

func testProbesOfSegments(t *testing.T, on engines.Engine) {
	w := open(t, on, vfs.NewMem(), mvcc.Options{})
	var p mvcc.Probes
	next := 0
	probe := func() (ok bool) {
		t.Helper()
		_, ok, err := w.s.Probe(&p, fmt.Appendf(nil, "k%03d", next))
		if err != nil {
			t.Fatal(err)
		}
		next++
		return ok
	}
	for range 20 {
		probe()
	}
	if !probe() {
		t.Fatal("an empty store is not probed by windows")
	}
	spill := w.s.NewSpill("somebody")
	segs, err := spill.Begin([]mvcc.SegmentOrder{{Low: 1, High: 1}}, []mvcc.SpillSpan{{Lo: []byte("k021"), Hi: []byte("k040")}})
	if err != nil {
		t.Fatal(err)
	}
	if err := segs[0].Put([]byte("k025"), []byte("v"), false); err != nil {
		t.Fatal(err)
	}
	if err := spill.Finish(segs); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if probe() {
			t.Errorf("key %d is answered although a segment is in the store", next-1)
		}
	}
	spill.Abort()
}
