package wal

import (
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/minisql/minisql/storage"
	"github.com/minisql/minisql/storage/storagetest"
)

// TestCrash copies the disk before every operation that changes it, with a random part of what
// was not synced, and recovers each copy: no acknowledged record is lost.
func TestCrash(t *testing.T) {
	r := rand.New(rand.NewPCG(storagetest.Seed(t), 0))
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

// TestPowerCuts crashes at every moment of three lives of a log, in all the ways that storagetest
// knows, and crashes the recovery again.
func TestPowerCuts(t *testing.T) {
	r := rand.New(rand.NewPCG(storagetest.Seed(t), 0))
	type note struct{ when, min, max, low int }
	notes := []note{{0, 1, 1, 1}}
	// at returns what is known at a moment: what was acknowledged, begun and recycled by then.
	at := func(when int) note {
		n := notes[0]
		for _, x := range notes {
			if x.when <= when {
				n = x
			}
		}
		return n
	}
	work := func(l *Log, disk *storagetest.Disk, groups int) {
		n := at(disk.Len())
		mark := func() {
			n.when = disk.Len()
			notes = append(notes, n)
		}
		for i := range groups {
			n.max = int(l.Next()) + 1 + i%20
			mark()
			add(t, l, 1+i%20)
			n.min = n.max
			mark()
			if i%5 == 4 && l.Next() > 15 {
				n.low = int(l.Next()) - 15
				mark()
				if err := l.Recycle(uint64(n.low)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	disk := storagetest.NewDisk()
	for range 3 {
		l, _ := mustReopen(t, disk, uint64(at(disk.Len()).low))
		work(l, disk, 25)
		settled(l)
		mustClose(t, l)
	}
	tried := 0
	var check func(disk *storagetest.Disk, n note, lives int)
	check = func(disk *storagetest.Disk, n note, lives int) {
		tried++
		l, next, err := reopen(disk, uint64(n.low), small(disk))
		if err != nil || next < uint64(n.min) || next > uint64(n.max) {
			t.Fatalf("crash %d, life %d: records up to %d, want %d to %d: %v", tried, lives, next, n.min, n.max, err)
		}
		opened := disk.Len()
		add(t, l, 2)
		acked := disk.Len()
		mustClose(t, l)
		if lives == 0 {
			return
		}
		chosen := r.IntN(disk.Len() + 1)
		for when, after := range disk.Crashes(r) {
			if when != chosen {
				continue
			}
			again := note{low: n.low, min: n.min, max: n.max}
			if when >= opened {
				again.min, again.max = int(next), int(next)+2
			}
			if when >= acked {
				again.min = int(next) + 2
			}
			check(after, again, lives-1)
		}
	}
	for when, after := range disk.Crashes(r) {
		check(after, at(when), 2)
	}
	t.Logf("%d recoveries", tried)
}

// TestKilled ends the process at every moment of a log's life, and cuts the power after the next:
// what recovery found in the system's cache must be on the disk by then.
func TestKilled(t *testing.T) {
	disk := storagetest.NewDisk()
	l, _ := mustReopen(t, disk, 1)
	for range 10 {
		add(t, l, 10)
	}
	settled(l)
	mustClose(t, l)
	for when, killed := range disk.Kills() {
		l, next := mustReopen(t, killed, 1)
		cut := killed.PowerCut()
		add(t, l, 1)
		mustClose(t, l)
		for fs, want := range map[*storagetest.Disk]uint64{cut: next, killed.PowerCut(): next + 1} {
			l, got, err := reopen(fs, 1, small(fs))
			if err != nil || got < want {
				t.Fatalf("killed at %d: records up to %d, then to %d, want %d: %v", when, next, got, want, err)
			}
			mustClose(t, l)
		}
	}
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
