package lsm_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/minisql/minisql/storage"
	"github.com/minisql/minisql/storage/lsm"
)

// fill returns an engine with n pairs of about 115 bytes, flushed.
func fill(b *testing.B, n int) *lsm.Engine {
	b.Helper()
	e, err := lsm.Open(b.TempDir(), lsm.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { e.Close() })
	batch := storage.NewBatch()
	value := []byte(strings.Repeat("v", 99))
	for i := range n {
		batch.Set(benchKey(i), make([]byte, 8), value)
		if batch.Len() == 1000 || i == n-1 {
			if _, err := e.Apply(batch, storage.Lazy); err != nil {
				b.Fatal(err)
			}
			batch.Reset()
		}
	}
	if err := e.Flush(); err != nil {
		b.Fatal(err)
	}
	return e
}

func benchKey(i int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(i)|1<<56) }

// How much of a point read is opening the cursor?
func BenchmarkPointGet(b *testing.B) {
	const n = 100_000
	e := fill(b, n)
	for _, reuse := range []bool{true, false} {
		b.Run(fmt.Sprintf("reuse=%v", reuse), func(b *testing.B) {
			b.ReportAllocs()
			c, err := e.NewCursor()
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if !reuse {
					c.Close()
					if c, err = e.NewCursor(); err != nil {
						b.Fatal(err)
					}
				}
				if _, _, ok, err := c.Get(benchKey(rand.IntN(n)), make([]byte, 8)); !ok || err != nil {
					b.Fatal(ok, err)
				}
			}
			c.Close()
		})
	}
}

// What does a row cost in a scan?
func BenchmarkScan(b *testing.B) {
	const n = 100_000
	e := fill(b, n)
	c, err := e.NewCursor()
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	for _, suffix := range [][]byte{nil, make([]byte, 8)} {
		b.Run(fmt.Sprintf("versions=%v", suffix != nil), func(b *testing.B) {
			b.ReportAllocs()
			var run storage.Run
			for b.Loop() {
				c.Seek(nil, nil, suffix, false)
				rows := 0
				for {
					k, err := c.Next(&run, 1024)
					if err != nil {
						b.Fatal(err)
					}
					if rows += k; k == 0 {
						break
					}
				}
				if rows != n {
					b.Fatal(rows)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
		})
	}
}

// Does one sync serve all waiting writers?
func BenchmarkDurableCommit(b *testing.B) {
	for _, writers := range []int{1, 8, 32} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			e := fill(b, 1)
			b.ReportAllocs()
			work := make(chan int)
			var wg sync.WaitGroup
			for range writers {
				wg.Go(func() {
					batch := storage.NewBatch()
					for i := range work {
						batch.Reset()
						batch.Set(benchKey(i), make([]byte, 8), make([]byte, 100))
						t, err := e.Apply(batch, storage.Durable)
						if err == nil {
							err = t.Wait()
						}
						if err != nil {
							b.Error(err)
						}
					}
				})
			}
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
