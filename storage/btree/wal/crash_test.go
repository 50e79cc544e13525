package wal

import (
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/minisql/minisql/storage"
)

// TestCrash copies the disk before every operation that changes it, with a random part of what
// was not synced, and recovers each copy: no acknowledged record is lost.
func TestCrash(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	var mu sync.Mutex // guards r
	type copied struct {
		fs             *vfs.MemFS
		acked, recycle uint64
	}
	var copies []copied
	var acked, recycled atomic.Uint64
	recycled.Store(1)
	fs := vfs.NewCrashableMem()
	crash := func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
			mu.Lock()
			defer mu.Unlock()
			// The numbers are taken before the copy: what was acknowledged then is in it. What
			// may be recycled afterwards is not needed by a caller that crashes now.
			a, low := acked.Load(), recycled.Load()
			copies = append(copies, copied{fs.CrashClone(vfs.CrashCloneCfg{
				UnsyncedDataPercent: r.IntN(3) * 50, RNG: rand.New(rand.NewPCG(r.Uint64(), 0)),
			}), a, low})
		}
		return nil
	}
	wrapped := errorfs.Wrap(fs, errorfs.InjectorFunc(crash))
	for range 3 {
		l, next, err := reopen(wrapped, recycled.Load(), small(wrapped))
		if err != nil {
			t.Fatal(err)
		}
		acked.Store(next)
		for i := range 30 {
			for range 1 + i%20 {
				if _, err := l.Append(record(l.Next())); err != nil {
					t.Fatal(err)
				}
			}
			if err := l.Sync(); err != nil {
				t.Fatal(err)
			}
			acked.Store(l.Next())
			if i%5 == 4 {
				low := l.Next() - 15
				recycled.Store(low)
				if err := l.Recycle(low); err != nil {
					t.Fatal(err)
				}
			}
		}
		settled(l)
		mustClose(t, l)
	}
	for i, c := range copies {
		for range 2 {
			l, next, err := reopen(c.fs, c.recycle, small(c.fs))
			if err != nil {
				t.Fatalf("crash %d: %v", i, err)
			}
			if next < c.acked {
				t.Fatalf("crash %d: up to %d, and %d was acknowledged", i, next, c.acked)
			}
			if _, err := l.Append(record(next)); err != nil {
				t.Fatal(err)
			}
			if err := l.Sync(); err != nil {
				t.Fatal(err)
			}
			c.acked = next + 1
			// The next round finds what a second crash leaves, without a Close.
			crashed := c.fs.CrashClone(vfs.CrashCloneCfg{})
			mustClose(t, l)
			c.fs = crashed
		}
	}
	if len(copies) < 200 {
		t.Errorf("only %d crashes", len(copies))
	}
	t.Logf("%d crashes", len(copies))
}

// TestFailures fails every changing operation in turn: the log stops there, with the cause,
// or goes on as if nothing had happened; what was acknowledged is there afterwards.
func TestFailures(t *testing.T) {
	for _, cause := range []error{syscall.ENOSPC, syscall.EIO} {
		stops := 0
		for nth := int64(1); ; nth++ {
			fs := vfs.NewMem()
			var left atomic.Int64
			left.Store(nth)
			inject := errorfs.InjectorFunc(func(op errorfs.Op) error {
				if op.Kind == errorfs.OpOpen || op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
					if left.Add(-1) == 0 {
						return cause
					}
				}
				return nil
			})
			failing := errorfs.Wrap(fs, inject)
			l, _, err := reopen(failing, 1, small(failing))
			if err != nil {
				if !errors.Is(err, cause) {
					t.Fatalf("Open: %v", err)
				}
				continue
			}
			acked, stopped := uint64(1), false
			for range 60 {
				lsn, err := l.Append(record(l.Next()))
				if err == nil {
					err = l.Wait(lsn)
				}
				switch {
				case err == nil && stopped:
					t.Fatalf("operation %d: acknowledged after the log stopped", nth)
				case err == nil:
					acked = lsn + 1
				case !errors.Is(err, storage.ErrStopped) || !errors.Is(err, cause) || !strings.Contains(err.Error(), "wal"):
					t.Fatalf("operation %d: %v", nth, err)
				case (cause == syscall.ENOSPC) != errors.Is(err, storage.ErrNoSpace):
					t.Fatalf("operation %d: %v", nth, err)
				default:
					stopped = true
				}
				if lsn%20 == 0 && !stopped {
					if err := l.Recycle(lsn - 10); err != nil && !errors.Is(err, cause) {
						t.Fatal(err)
					}
				}
			}
			if stopped {
				stops++
				for _, err := range []error{l.Err(), l.Sync(), l.Wait(1), l.Recycle(1)} {
					if !errors.Is(err, storage.ErrStopped) || !errors.Is(err, cause) {
						t.Fatalf("operation %d: after the stop: %v", nth, err)
					}
				}
			}
			done := left.Load() > 0
			left.Store(1 << 60)
			if err := l.Close(); (err != nil) != stopped {
				t.Fatalf("operation %d: Close: %v", nth, err)
			}
			low := uint64(1)
			if acked > 20 {
				low = (acked-1)/20*20 - 10
			}
			l, next, err := reopen(fs, low, small(fs))
			if err != nil || next < acked {
				t.Fatalf("operation %d: up to %d of %d acknowledged: %v", nth, next, acked, err)
			}
			mustClose(t, l)
			if done {
				break
			}
		}
		if stops < 10 {
			t.Errorf("%v stopped the log %d times", cause, stops)
		}
	}
}
