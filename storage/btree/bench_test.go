package btree_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/minisql/minisql/storage"
	"github.com/minisql/minisql/storage/btree"
)

const benchPairs = 1_000_000

// fill returns an engine with n pairs of about 115 bytes.
func fill(b *testing.B, n int) *btree.Engine {
	b.Helper()
	e, err := btree.Open(b.TempDir(), btree.Options{MemoryBytes: 1 << 30})
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
	return e
}

func benchKey(i int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(i)|1<<56) }

func BenchmarkPointGet(b *testing.B) {
	e := fill(b, benchPairs)
	c, err := e.NewCursor()
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	for name, n := range map[string]int{"all": benchPairs, "hot tenth": benchPairs / 10} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			k, suffix := make([]byte, 8), make([]byte, 8)
			for b.Loop() {
				binary.BigEndian.PutUint64(k, uint64(rand.IntN(n))|1<<56)
				if _, _, ok, err := c.Get(k, suffix); !ok || err != nil {
					b.Fatal(ok, err)
				}
			}
		})
	}
}

func BenchmarkScan(b *testing.B) {
	e := fill(b, benchPairs)
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
				if rows != benchPairs {
					b.Fatal(rows)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchPairs, "ns/row")
		})
	}
}

// A random write overwrites one pair of many, alone in its batch, without waiting for the
// disk; looked at: with a new cursor after each, so that the tree cannot change in place.
func BenchmarkRandomWrite(b *testing.B) {
	e := fill(b, benchPairs)
	for _, looked := range []bool{false, true} {
		b.Run(fmt.Sprintf("looked=%v", looked), func(b *testing.B) {
			b.ReportAllocs()
			batch := storage.NewBatch()
			value := []byte(strings.Repeat("w", 99))
			for b.Loop() {
				batch.Reset()
				batch.Set(benchKey(rand.IntN(benchPairs)), make([]byte, 8), value)
				if _, err := e.Apply(batch, storage.Lazy); err != nil {
					b.Fatal(err)
				}
				if looked {
					c, err := e.NewCursor()
					if err != nil {
						b.Fatal(err)
					}
					c.Close()
				}
			}
		})
	}
}

func BenchmarkDurableCommit(b *testing.B) {
	for _, writers := range []int{1, 4, 16, 64} {
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
