package ssi

import (
	"runtime"
	"sync"
	"sync/atomic"
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

// TestSettleTogether has transactions fail and wait for each other at the same time: by then the nodes of a cycle may be used by
// others. It is for -race, and ends.
func TestSettleTogether(t *testing.T) {
	var now atomic.Uint64
	now.Store(1)
	take := func() mvcc.Timestamp { return mvcc.Timestamp(now.Load()) }
	g := New(Options{Published: take})
	const workers = 4
	var ids, failed atomic.Uint64
	var drawing sync.Mutex
	var wg sync.WaitGroup
	for w := range workers {
		own, next := []byte{'k', byte(w)}, []byte{'k', byte((w + 1) % workers)}
		wg.Go(func() {
			for range 2000 {
				n := g.Begin(Party{ID: ids.Add(1)}, false, take)
				err := n.Read(next, n.Snapshot(), nil)
				if err == nil {
					runtime.Gosched()
					err = n.Write(own, false, nil, 0, nil)
				}
				if err == nil {
					err = precommit(n)
				}
				if err != nil {
					failed.Add(1)
					n.Abort()
					err.(*Failure).Settle()
					continue
				}
				drawing.Lock()
				n.SetCommit(mvcc.Timestamp(now.Load() + 1))
				now.Add(1)
				drawing.Unlock()
				n.Ended()
			}
		})
	}
	wg.Wait()
	if s := g.Stats(); s.Active+s.Committed+s.Entries+s.Edges != 0 {
		t.Errorf("the graph is not empty: %+v", s)
	}
	if failed.Load() == 0 {
		t.Error("nobody failed")
	}
	t.Logf("%d failed", failed.Load())
}

func precommit(n *Node) error {
	_, err := n.Precommit(true, false)
	return err
}
