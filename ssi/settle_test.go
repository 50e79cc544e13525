package ssi

import (
	"testing"
	"testing/synctest"

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
					a.Write([]byte("y"), false, nil), b.Write([]byte("x"), false, nil),
					a.Precommit(true, false),
				} {
					if err != nil {
						t.Fatal(err)
					}
				}
				f, ok := b.Precommit(true, false).(*Failure)
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
