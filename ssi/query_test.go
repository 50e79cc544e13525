package ssi

import (
	"testing"

	"github.com/minisql/minisql/mvcc"
)

// TestQuery begins a query while the commit of P, which has to be before Q, is not published:
//
//	Q ──wr──▶ S ──rw──▶ P ──rw──▶ Q
//
// It is tracked, whether or not Q is serializable, and fails, or completes an anomaly.
func TestQuery(t *testing.T) {
	for _, observed := range []bool{false, true} {
		now := mvcc.Timestamp(1)
		take := func() mvcc.Timestamp { return now }
		g := New(Options{Published: take})
		if n := g.Query(Party{ID: 1}, take); n != nil {
			t.Fatal("a query alone is tracked")
		}
		do := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		x, y := []byte("x"), []byte("y")
		p := g.Begin(Party{ID: 2}, false, take)
		var q *Node
		if observed {
			q = g.Observe(Party{ID: 3}, take)
		} else {
			q = g.Begin(Party{ID: 3}, false, take)
		}
		do(p.Read(y, now, nil))
		do(q.Write(y, false, nil, 0, nil))
		do(p.Write(x, false, nil, 0, nil))
		commit := func(n *Node) {
			_, err := n.Precommit(true, false)
			do(err)
			n.SetCommit(now + 1)
		}
		commit(q)
		now++
		q.Ended()
		commit(p)
		s := g.Query(Party{ID: 4}, take)
		if s == nil {
			t.Fatalf("observed %v: the query is not tracked", observed)
		}
		err := s.Read(y, now, nil)
		if err == nil {
			err = s.Read(x, now, nil)
		}
		anomaly := (*Failure)(nil)
		if err == nil {
			anomaly, err = s.Precommit(false, false)
		}
		if observed && (err != nil || anomaly == nil) || !observed && err == nil {
			t.Errorf("observed %v: anomaly %v, error %v", observed, anomaly, err)
		}
	}
}
