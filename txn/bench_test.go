package txn_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/minisql/minisql/mvcc"
	"github.com/minisql/minisql/storage/lsm"
	"github.com/minisql/minisql/txn"
)

const benchRows = 100_000

func benchKey(i int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(i)|1<<56) }

// bench opens a database on disk with benchRows rows of about 115 bytes, flushed.
func bench(b *testing.B) (*txn.Manager, *mvcc.Store, *lsm.Engine) {
	b.Helper()
	e, err := lsm.Open(b.TempDir(), lsm.Options{})
	if err != nil {
		b.Fatal(err)
	}
	s, err := mvcc.Open(e, mvcc.Options{})
	if err != nil {
		b.Fatal(err)
	}
	m, err := txn.Open(s, txn.ManagerOptions{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := errors.Join(m.Close(), s.Close(), e.Close()); err != nil {
			b.Error(err)
		}
	})
	t := begin(b, m, txn.Options{AsyncCommit: true})
	value := []byte(strings.Repeat("v", 99))
	for i := range benchRows {
		if err := t.PutNew(benchKey(i), value); err != nil {
			b.Fatal(err)
		}
	}
	if err := errors.Join(t.Commit(context.Background()), e.Flush()); err != nil {
		b.Fatal(err)
	}
	return m, s, e
}

func begin(b testing.TB, m *txn.Manager, o txn.Options) *txn.Txn {
	t, err := m.Begin(o)
	if err == nil {
		err = t.BeginStatement(context.Background())
	}
	if err != nil {
		b.Fatal(err)
	}
	return t
}

// What does each floor add to a point read?
func BenchmarkPointGet(b *testing.B) {
	m, s, e := bench(b)
	b.Run("floor=engine", func(b *testing.B) {
		c, err := e.NewCursor()
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		suffix := make([]byte, 8)
		b.ReportAllocs()
		for b.Loop() {
			if _, _, ok, err := c.Get(benchKey(rand.IntN(benchRows)), suffix); !ok || err != nil {
				b.Fatal(ok, err)
			}
		}
	})
	b.Run("floor=mvcc", func(b *testing.B) {
		sn := s.NewSnapshot()
		defer sn.Close()
		at := sn.Take()
		var buf []byte
		b.ReportAllocs()
		for b.Loop() {
			v, err := s.Get(benchKey(rand.IntN(benchRows)), at, buf)
			if !v.Exists() || err != nil {
				b.Fatal(err)
			}
			buf = v.Value
		}
	})
	b.Run("floor=txn", func(b *testing.B) {
		t := begin(b, m, txn.Options{})
		defer t.Rollback()
		b.ReportAllocs()
		for b.Loop() {
			if _, ok, err := t.Get(benchKey(rand.IntN(benchRows))); !ok || err != nil {
				b.Fatal(ok, err)
			}
		}
	})
	b.Run("floor=whole transaction", func(b *testing.B) {
		ctx := context.Background()
		b.ReportAllocs()
		for b.Loop() {
			t := begin(b, m, txn.Options{ReadOnly: true})
			if err := t.LockTable(ctx, 7, txn.AccessShare, false); err != nil {
				b.Fatal(err)
			}
			if _, ok, err := t.Get(benchKey(rand.IntN(benchRows))); !ok || err != nil {
				b.Fatal(ok, err)
			}
			if err := errors.Join(t.EndStatement(ctx), t.Commit(ctx)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// Do reads stay cheap while others write, so that published moves all the time?
func BenchmarkPointGetWhileWriting(b *testing.B) {
	m, _, _ := bench(b)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		ctx := context.Background()
		for {
			select {
			case <-stop:
				return
			default:
			}
			t := begin(b, m, txn.Options{AsyncCommit: true})
			k := benchKey(rand.IntN(benchRows))
			if _, err := t.LockRow(ctx, k, txn.NoKeyUpdate, txn.Wait); err != nil {
				b.Error(err)
			}
			if err := errors.Join(t.Put(k, make([]byte, 99)), t.Commit(ctx)); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportAllocs()
	for b.Loop() {
		t := begin(b, m, txn.Options{ReadOnly: true})
		if _, ok, err := t.Get(benchKey(rand.IntN(benchRows))); !ok || err != nil {
			b.Fatal(ok, err)
		}
		if err := t.Commit(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	close(stop)
	wg.Wait()
}

// What does the merge with own writes, and the version filter, cost a scan?
func BenchmarkScan(b *testing.B) {
	m, _, _ := bench(b)
	for _, own := range []int{0, 1, 1000} {
		b.Run(fmt.Sprintf("own=%d", own), func(b *testing.B) {
			t := begin(b, m, txn.Options{})
			defer t.Rollback()
			for i := range own {
				if err := t.Put(benchKey(i*100), []byte("own")); err != nil {
					b.Fatal(err)
				}
			}
			if err := t.BeginStatement(context.Background()); err != nil {
				b.Fatal(err)
			}
			var run txn.Run
			b.ReportAllocs()
			for b.Loop() {
				sc, err := t.Scan(txn.Span{Lo: benchKey(0)}, txn.Snapshot)
				if err != nil {
					b.Fatal(err)
				}
				rows := 0
				for {
					n, err := sc.Next(&run, 1024)
					if err != nil {
						b.Fatal(err)
					}
					if rows += n; n == 0 {
						break
					}
				}
				sc.Close()
				if rows != benchRows {
					b.Fatal(rows)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
		})
	}
}

// What do locks cost nobody contends for?
func BenchmarkLocks(b *testing.B) {
	m, _, _ := bench(b)
	ctx := context.Background()
	b.Run("kind=key", func(b *testing.B) {
		keys := make([][]byte, 256)
		for i := range keys {
			keys[i] = benchKey(benchRows + i)
		}
		b.ReportAllocs()
		t := begin(b, m, txn.Options{})
		defer t.Rollback()
		mark := t.Savepoint()
		i := 0
		for b.Loop() {
			if _, err := txn.LockOnly(t, keys[i%len(keys)]); err != nil {
				b.Fatal(err)
			}
			if i++; i%len(keys) == 0 {
				t.RollbackTo(mark)
			}
		}
	})
	b.Run("kind=row with its version", func(b *testing.B) {
		b.ReportAllocs()
		t := begin(b, m, txn.Options{})
		defer t.Rollback()
		mark := t.Savepoint()
		i := 0
		for b.Loop() {
			if _, err := t.LockRow(ctx, benchKey(rand.IntN(benchRows)), txn.NoKeyUpdate, txn.Wait); err != nil {
				b.Fatal(err)
			}
			if i++; i%256 == 0 {
				t.RollbackTo(mark)
			}
		}
	})
	b.Run("kind=table", func(b *testing.B) {
		b.ReportAllocs()
		t := begin(b, m, txn.Options{})
		defer t.Rollback()
		mark := t.Savepoint()
		for b.Loop() {
			if err := t.LockTable(ctx, 7, txn.RowExclusive, false); err != nil {
				b.Fatal(err)
			}
			t.RollbackTo(mark)
		}
	})
}

// How many one-row updates a second, on rows of their own or on one row?
func BenchmarkUpdate(b *testing.B) {
	for _, async := range []bool{false, true} {
		for _, hot := range []bool{false, true} {
			for _, writers := range []int{1, 8, 32} {
				b.Run(fmt.Sprintf("async=%v/hot=%v/writers=%d", async, hot, writers), func(b *testing.B) {
					m, _, _ := bench(b)
					ctx := context.Background()
					work := make(chan int)
					var wg sync.WaitGroup
					for range writers {
						wg.Go(func() {
							value := make([]byte, 99)
							for i := range work {
								if hot {
									i = 0
								}
								t := begin(b, m, txn.Options{AsyncCommit: async})
								k := benchKey(i % benchRows)
								_, err := t.LockRow(ctx, k, txn.NoKeyUpdate, txn.Wait)
								if err == nil {
									// A statement that is its own transaction needs no EndStatement.
									err = errors.Join(t.Put(k, value), t.Commit(ctx))
								}
								if err != nil {
									b.Error(err)
								}
							}
						})
					}
					b.ReportAllocs()
					i := 0
					for b.Loop() {
						work <- i
						i++
					}
					close(work)
					wg.Wait()
					b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
				})
			}
		}
	}
}
