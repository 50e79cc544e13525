package storagetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/minisql/minisql/storage"
)

// The workload's batch i sets "last" to i and three of ten keys, so that the state
// tells which batches it holds: replaying batches 0 … last must give it exactly.
func workBatch(b *storage.Batch, i int) {
	b.Reset()
	filler := strings.Repeat("f", 300)
	b.Set([]byte("last"), sfx(1), fmt.Append(nil, i))
	for k := range 3 {
		b.Set(fmt.Appendf(nil, "key%d", (i+k*k)%10), sfx(1), fmt.Appendf(nil, "%d %s", i, filler))
	}
	b.Delete(fmt.Appendf(nil, "key%d", (i+5)%10), sfx(1))
}

// verifyPrefix checks that e holds whole batches 0 … n-1 for one n ≥ acked, and
// returns n.
func verifyPrefix(e storage.Engine, acked int) (int, error) {
	c, err := e.NewCursor()
	if err != nil {
		return 0, err
	}
	defer c.Close()
	got, err := collect(c, nil, nil, nil, false, 7)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, p := range got {
		if prefixOf(p.key) == "last" {
			i, err := strconv.Atoi(p.value)
			if err != nil {
				return 0, err
			}
			n = i + 1
		}
	}
	if n < acked {
		return n, fmt.Errorf("%d batches were acknowledged, %d survived", acked, n)
	}
	var m model
	b := storage.NewBatch()
	for i := range n {
		workBatch(b, i)
		for o := range b.Operations() {
			key := string(o.Prefix) + string(o.Suffix)
			if o.Op == storage.OpSet {
				m.set(key, string(o.Value))
			} else {
				m.delete(key)
			}
		}
	}
	if show(got) != show(m.pairs) {
		return n, fmt.Errorf("after %d batches\n got %s\nwant %s", n, show(got), show(m.pairs))
	}
	return n, nil
}

// testCrash takes a copy of the disk just before every sync, holding a random part
// of what was not synced, and recovers each copy; some of them twice, with a
// crash during the first recovery.
func testCrash(t *testing.T, open Factory) {
	r := newRand(t)
	var mu sync.Mutex // guards r
	fs := vfs.NewCrashableMem()
	var acked atomic.Int64
	type copied struct {
		fs    *vfs.MemFS
		acked int
	}
	copies := make(chan copied, 1000)
	clone := func(fs *vfs.MemFS) *vfs.MemFS {
		mu.Lock()
		defer mu.Unlock()
		return fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: r.IntN(3) * 50, RNG: rand.New(rand.NewPCG(r.Uint64(), 0))})
	}
	var taking atomic.Bool
	crashes := errorfs.InjectorFunc(func(op errorfs.Op) error {
		switch op.Kind {
		case errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo, errorfs.OpRename, errorfs.OpRemove:
			if !taking.Load() {
				return nil
			}
			n := int(acked.Load()) // before the copy: those are in it
			select {
			case copies <- copied{clone(fs), n}:
			default:
			}
		}
		return nil
	})
	e := mustOpen(t, open, errorfs.Wrap(fs, crashes), "db")
	taking.Store(true)
	b := storage.NewBatch()
	const batches = 250
	for i := range batches {
		workBatch(b, i)
		if i%10 < 3 {
			if _, err := e.Apply(b, storage.Lazy); err != nil {
				t.Fatal(err)
			}
			continue
		}
		apply(t, e, b)
		acked.Store(int64(i + 1))
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	taking.Store(false)
	close(copies)
	seen := 0
	for c := range copies {
		seen++
		if seen%7 == 0 { // crash again while recovering
			var during *vfs.MemFS
			again := errorfs.InjectorFunc(func(op errorfs.Op) error {
				if op.Kind == errorfs.OpFileSync && during == nil {
					during = clone(c.fs)
				}
				return nil
			})
			e := mustOpen(t, open, errorfs.Wrap(c.fs, again), "db")
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			if during != nil {
				c.fs = during
			}
		}
		e := mustOpen(t, open, c.fs, "db")
		if _, err := verifyPrefix(e, c.acked); err != nil {
			t.Fatalf("crash %d: %v", seen, err)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if seen < 100 {
		t.Errorf("only %d crashes were tried", seen)
	}
	t.Logf("%d crashes", seen)
}

// testFailures fails each kind of changing file operation once, somewhere in a
// workload: what was acknowledged survives, nothing is acknowledged after the
// engine stopped, reads go on.
func testFailures(t *testing.T, open Factory) {
	r := newRand(t)
	boom := errors.New("injected")
	stops := 0
	for _, kind := range []errorfs.OpKind{
		errorfs.OpCreate, errorfs.OpFileWrite, errorfs.OpFileSync, errorfs.OpFileSyncData,
		errorfs.OpRename, errorfs.OpRemove, errorfs.OpReuseForWrite, errorfs.OpFileClose,
	} {
		for range 6 {
			fs := vfs.NewMem()
			var left atomic.Int64
			left.Store(1 << 60)
			inject := errorfs.InjectorFunc(func(op errorfs.Op) error {
				if op.Kind == kind && left.Add(-1) == 0 {
					return boom
				}
				return nil
			})
			e := mustOpen(t, open, errorfs.Wrap(fs, inject), "db")
			span := 6
			if kind == errorfs.OpFileWrite || kind == errorfs.OpFileSyncData || kind == errorfs.OpFileSync {
				span = 150
			}
			left.Store(int64(1 + r.IntN(span)))
			acked, stopped := 0, false
			b := storage.NewBatch()
			for i := range 300 {
				workBatch(b, i)
				tk, err := e.Apply(b, storage.Durable)
				if err == nil {
					err = tk.Wait()
				}
				switch {
				case err == nil && stopped:
					t.Fatalf("%v: acknowledged after the engine stopped", kind)
				case err == nil:
					acked = i + 1
				case errors.Is(err, storage.ErrStopped) && errors.Is(err, boom):
					stopped = true
				default:
					t.Fatalf("%v: Apply: %v", kind, err)
				}
				if stopped && i%50 == 0 {
					if _, err := verifyPrefix(e, acked); err != nil {
						t.Fatalf("%v: reading after the stop: %v", kind, err)
					}
				}
			}
			if stopped {
				stops++
				if err := e.Sync(); !errors.Is(err, storage.ErrStopped) {
					t.Errorf("%v: Sync after the stop: %v", kind, err)
				}
				if !e.Metrics().Stopped {
					t.Errorf("%v: the metrics do not show the stop", kind)
				}
			}
			left.Store(1 << 60)
			if err := e.Close(); (err != nil) != stopped {
				t.Errorf("%v: Close: %v", kind, err)
			}
			e = mustOpen(t, open, fs, "db")
			if _, err := verifyPrefix(e, acked); err != nil {
				t.Fatalf("%v: after reopening: %v", kind, err)
			}
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if stops == 0 {
		t.Error("no injected failure stopped an engine")
	}
}
