package txn_test

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/minisql/minisql/mvcc"
	"github.com/minisql/minisql/storage/lsm"
	"github.com/minisql/minisql/txn"
)

var loadRows = flag.Int("txn.load", 2_000_000, "rows of BenchmarkLoad")

// How fast is a transaction of millions of rows of 100 bytes, how much memory does the
// process need, and how long does its end take? In a span of its own, as COPY into a new
// table; in a table that others use, in the order of the keys or not; updating all of it.
func BenchmarkLoad(b *testing.B) {
	n := *loadRows
	scattered := func(i int) int { return int(uint64(i) * 2654435761 % uint64(n)) } // a permutation if n is no multiple of the prime
	for _, how := range []string{"own", "own scattered", "shared", "shared scattered", "update", "rollback"} {
		b.Run(fmt.Sprintf("%s/rows=%d", strings.ReplaceAll(how, " ", "-"), n), func(b *testing.B) {
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
			defer func() {
				if err := errors.Join(m.Close(), s.Close(), e.Close()); err != nil {
					b.Error(err)
				}
			}()
			ctx := context.Background()
			value := []byte(strings.Repeat("v", 90))
			load := func(own, update bool, at func(int) int) *txn.Txn {
				t := begin(b, m, txn.Options{})
				if own {
					if err := t.OwnSpan(benchKey(0), benchKey(1<<40)); err != nil {
						b.Fatal(err)
					}
				}
				for i := range n {
					binary.BigEndian.PutUint64(value, uint64(i)*0x9E3779B97F4A7C15) // something for the compressor
					k := benchKey(at(i))
					if update {
						if _, err := t.LockRow(ctx, k, txn.NoKeyUpdate, txn.Wait); err != nil {
							b.Fatal(err)
						}
						if err := t.Put(k, value); err != nil {
							b.Fatal(err)
						}
						continue
					}
					if _, err := t.LockKey(ctx, k, txn.Update, txn.Wait); err != nil {
						b.Fatal(err)
					}
					if err := t.PutNew(k, value); err != nil {
						b.Fatal(err)
					}
				}
				return t
			}
			order := func(i int) int { return i }
			if how == "update" {
				if err := load(true, false, order).Commit(ctx); err != nil {
					b.Fatal(err)
				}
			}
			runtime.GC()
			debug.FreeOSMemory()
			resetPeak()
			var end time.Duration
			for b.Loop() {
				var t *txn.Txn
				switch how {
				case "own", "rollback":
					t = load(how == "own", false, order)
				case "own scattered":
					t = load(true, false, scattered)
				case "shared":
					t = load(false, false, order)
				case "shared scattered":
					t = load(false, false, scattered)
				case "update":
					t = load(false, true, order)
				}
				start := time.Now()
				if how == "rollback" {
					t.Rollback()
				} else if err := t.Commit(ctx); err != nil {
					b.Fatal(err)
				}
				end = time.Since(start)
				if b.N > 1 {
					b.Fatal("run with -benchtime 1x: every round needs an empty store")
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(end.Seconds()*1000, "ms/end")
			b.ReportMetric(peakMiB(), "peak-MiB")
		})
	}
}

// resetPeak forgets the process's greatest resident size, where the system can.
func resetPeak() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }

func peakMiB() float64 {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			var kb float64
			if _, err := fmt.Sscan(rest, &kb); err == nil {
				return kb / 1024
			}
		}
	}
	return 0
}
