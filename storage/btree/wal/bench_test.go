package wal

import (
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// How near does a durable append come to the disk? Beside it, in the same run, one
// goroutine overwrites 4 KiB in a zero-filled file and syncs.
func BenchmarkDurableAppend(b *testing.B) {
	for _, waiters := range []int{1, 4, 16, 64} {
		b.Run(fmt.Sprintf("waiters=%d", waiters), func(b *testing.B) {
			l, err := Open(filepath.Join(b.TempDir(), "wal"), 1, Options{}, nil)
			if err != nil {
				b.Fatal(err)
			}
			payload := make([]byte, 120)
			var mu sync.Mutex
			commit := func() error {
				mu.Lock()
				lsn, err := l.Append(payload)
				mu.Unlock()
				if err == nil {
					err = l.Wait(lsn)
				}
				return err
			}
			if err := commit(); err != nil {
				b.Fatal(err)
			}
			settled(l)
			bare := bareSyncs(b, 300*time.Millisecond)
			syncs := l.Metrics().Syncs
			b.ReportAllocs()
			b.ResetTimer()
			var left atomic.Int64
			left.Store(int64(b.N))
			var wg sync.WaitGroup
			for range waiters {
				wg.Go(func() {
					for left.Add(-1) >= 0 {
						if err := commit(); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			took := b.Elapsed().Seconds()
			syncs = l.Metrics().Syncs - syncs
			bare = (bare + bareSyncs(b, 300*time.Millisecond)) / 2
			b.ReportMetric(float64(b.N)/took, "appends/s")
			b.ReportMetric(float64(syncs)/took, "syncs/s")
			b.ReportMetric(bare, "bare-syncs/s")
			b.ReportMetric(0, "ns/op")
			if err := l.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// bareSyncs is how often a second one block of a zero-filled file can be
// overwritten and synced.
func bareSyncs(b *testing.B, d time.Duration) float64 {
	f, err := vfs.Default.OpenReadWrite(filepath.Join(b.TempDir(), "bare"), category)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	const size = 4 << 20
	if _, err := f.WriteAt(make([]byte, size), 0); err != nil {
		b.Fatal(err)
	}
	if err := f.Sync(); err != nil {
		b.Fatal(err)
	}
	block := make([]byte, blockBytes)
	start, n := time.Now(), 0
	for time.Since(start) < d {
		if _, err := f.WriteAt(block, int64(n)*blockBytes%size); err != nil {
			b.Fatal(err)
		}
		if err := f.SyncData(); err != nil {
			b.Fatal(err)
		}
		n++
	}
	return float64(n) / time.Since(start).Seconds()
}

// What does an append cost that nobody waits for?
func BenchmarkLazyAppend(b *testing.B) {
	l, err := Open(filepath.Join(b.TempDir(), "wal"), 1, Options{}, nil)
	if err != nil {
		b.Fatal(err)
	}
	payload := make([]byte, 120)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.Append(payload); err != nil {
			b.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
}
