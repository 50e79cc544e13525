package ssi

import (
	"testing"

	"github.com/minisql/minisql/mvcc"
)

// TestCoarsened: whose reads were made a range of the table is not before everybody who has changed something
// there since. W did not matter to R, and V, which comes after W, does.
//
//	W ──ww──▶ V ◀──rw── R ◀──rw── V
func TestCoarsened(t *testing.T) {
	now := mvcc.Timestamp(1)
	take := func() mvcc.Timestamp { return now }
	g := New(Options{Published: take, Table: func([]byte) []byte { return []byte("t") }, MaxEntries: 2})
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	commit := func(n *Node) error {
		err := precommit(n)
		if err == nil {
			now++
			n.SetCommit(now)
			n.Ended()
		}
		return err
	}
	change := func(from, to byte) *Change { return &Change{Old: []byte{from}, New: []byte{to}} }
	r, w := g.Begin(Party{ID: 1}, false, take), g.Begin(Party{ID: 2}, false, take)
	do(w.Write([]byte("t0"), false, change(0, 1), 0, nil))
	do(commit(w))
	do(r.Write([]byte("t2"), false, change(2, 0), 0, nil))
	do(r.Read([]byte("t1"), r.Snapshot(), nil))
	if g.Stats().Coarsened == 0 {
		t.Fatal("memory was not short")
	}
	v := g.Begin(Party{ID: 3}, false, take)
	do(v.ReadRange([]byte("t"), []byte("u"), 0, classFilter(0)))
	do(r.ReadRange([]byte("t"), []byte("u"), 0, classFilter(2)))
	do(v.Write([]byte("t0"), false, change(1, 2), 0, nil))
	do(commit(v))
	if commit(r) == nil {
		t.Error("write skew was committed")
	}
}
