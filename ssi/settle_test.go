package ssi

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/minisql/minisql/mvcc"
)

// TestSettle: a transaction that met a commit which is not published yet is told when it can begin
// again without meeting it.
func TestSettle(t *testing.T) {
	for _, end := range []struct {
		name string
		do   func(*Node)
	}{{"published", (*Node).Ended}, {"failed", (*Node).Abort}} {
		t.Run(end.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := New(Options{Published: func() mvcc.Timestamp { return 1 }})
				take := func() mvcc.Timestamp { return 1 }
				a, b := g.Begin(Party{ID: 1}, false, take), g.Begin(Party{ID: 2}, false, take)
				for _, err := range []error{
					a.Read([]byte("x"), 1, nil), b.Read([]byte("y"), 1, nil),
					a.Write([]byte("y"), false, nil, 0, nil), b.Write([]byte("x"), false, nil, 0, nil),
					precommit(a),
				} {
					if err != nil {
						t.Fatal(err)
					}
				}
				f, ok := precommit(b).(*Failure)
				if !ok {
					t.Fatal("write skew was not refused")
				}
				b.Abort()
				settled := false
				go func() { f.Settle(); settled = true }()
				synctest.Wait()
				if settled {
					t.Fatal("settled while the commit was not published")
				}
				end.do(a)
				synctest.Wait()
				if !settled {
					t.Fatal("not settled when the commit had ended")
				}
			})
		})
	}
}

// TestSettleLeavesReaders: a read-only transaction that was on the cycle, and is safe since its victim has
// failed, is not waited for: it may take its time.
func TestSettleLeavesReaders(t *testing.T) {
	now := mvcc.Timestamp(1)
	g := New(Options{Published: func() mvcc.Timestamp { return now }})
	begin := func(readOnly bool) *Node { return g.Begin(Party{}, readOnly, func() mvcc.Timestamp { return now }) }
	sale, day := begin(false), begin(false)
	do := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	do(sale.Read([]byte("day"), now, nil))
	do(sale.Write([]byte("sale"), true, nil, 0, nil))
	do(day.Write([]byte("day"), false, nil, 0, nil))
	do(precommit(day))
	now++
	day.SetCommit(now)
	day.Ended()
	report := begin(true)
	do(report.Read([]byte("day"), now, nil))
	err := report.Read([]byte("sale"), now, nil)
	if err == nil {
		err = precommit(sale)
	}
	f, ok := err.(*Failure)
	if !ok {
		t.Fatal("the sale of a day that was reported already was not refused")
	}
	sale.Abort()
	if !report.Safe() {
		t.Error("the report is not safe")
	}
	done := make(chan struct{})
	go func() {
		f.Settle()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Error("the report is waited for")
	}
}

func precommit(n *Node) error {
	_, err := n.Precommit(true, false)
	return err
}
