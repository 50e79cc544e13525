package wal

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/minisql/minisql/storage"
)

// small makes segments of 32 KiB.
func small(fs vfs.FS) Options {
	return Options{FS: fs, SegmentBytes: 32 << 10, ID: [16]byte{1, 2, 3}}
}

// record is what every test appends as number lsn: its length and bytes follow from the number.
func record(lsn uint64) []byte {
	r := rand.New(rand.NewPCG(lsn, 7))
	n := r.IntN(300)
	if lsn%37 == 0 {
		n = 5000 + r.IntN(9000)
	}
	return fmt.Appendf(nil, "%d %s", lsn, strings.Repeat(string(rune('a'+lsn%26)), n))
}

// reopen opens the log, checks that what it replays are the records from … up to
// some number, and returns the number after the last.
func reopen(fs vfs.FS, from uint64, opts Options) (*Log, uint64, error) {
	next := from
	l, err := Open("wal", from, opts, func(lsn uint64, b []byte) error {
		if lsn != next {
			return fmt.Errorf("replayed %d, want %d", lsn, next)
		}
		if string(b) != string(record(lsn)) {
			return fmt.Errorf("record %d is %q", lsn, b)
		}
		next++
		return nil
	})
	return l, next, err
}

func mustReopen(t testing.TB, fs vfs.FS, from uint64) (*Log, uint64) {
	t.Helper()
	l, next, err := reopen(fs, from, small(fs))
	if err != nil {
		t.Fatal(err)
	}
	if l.Next() != next {
		t.Fatalf("the next record is %d after a replay up to %d", l.Next(), next)
	}
	return l, next
}

// add appends n records and waits for the last.
func add(t testing.TB, l *Log, n int) {
	t.Helper()
	for range n {
		if _, err := l.Append(record(l.Next())); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Sync(); err != nil {
		t.Fatal(err)
	}
}

func mustClose(t testing.TB, l *Log) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func list(t testing.TB, fs vfs.FS) []string {
	t.Helper()
	names, err := fs.List("wal")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

// settled waits until the spare is prepared, so that the files can be looked at.
func settled(l *Log) {
	l.files.mu.Lock()
	next := l.files.next
	l.files.mu.Unlock()
	if next != nil {
		<-next.ready
	}
}

func TestRoundTrip(t *testing.T) {
	for _, tc := range []struct {
		name    string
		segment int64
		lens    []int
	}{
		{"empty records", 64 << 10, []int{0, 0, 0}},
		{"a group that fills its block", 64 << 10, []int{blockBytes - groupHeaderLen - 2, 1}},
		{"a group one byte longer", 64 << 10, []int{blockBytes - groupHeaderLen - 1, 1}},
		{"the smallest segments", 1, []int{1, 2, 3, 5000, 4}},
		{"larger than a segment", 64 << 10, []int{10, 200_000, 10, 64 << 10, 10}},
		{"exactly a segment", 64 << 10, []int{60<<10 - groupHeaderLen - 3, 9}},
		{"more than is retained", 64 << 10, []int{5 << 20, 1}},
	} {
		for _, each := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/sync each=%v", tc.name, each), func(t *testing.T) {
				fs := vfs.NewMem()
				opts := Options{FS: fs, SegmentBytes: tc.segment}
				for open := range 3 {
					var got []int
					l, err := Open("dir/wal", 1, opts, func(lsn uint64, b []byte) error {
						if lsn != uint64(len(got)+1) || (len(b) > 0 && b[len(b)-1] != byte(lsn)) {
							t.Errorf("record %d after %d", lsn, len(got))
						}
						got = append(got, len(b))
						return nil
					})
					if err != nil {
						t.Fatal(err)
					}
					if want := slices.Repeat(tc.lens, open); !slices.Equal(got, want) {
						t.Fatalf("records of %d bytes, want %d", got, want)
					}
					for _, n := range tc.lens {
						b := slices.Repeat([]byte{byte(l.Next())}, n)
						if _, err := l.Append(b); err != nil {
							t.Fatal(err)
						}
						clear(b) // Append has copied it
						if each {
							if err := l.Sync(); err != nil {
								t.Fatal(err)
							}
						}
					}
					mustClose(t, l)
				}
			})
		}
	}
}

// TestFrom opens a log of several segments at every number.
func TestFrom(t *testing.T) {
	fs := vfs.NewMem()
	l, _ := mustReopen(t, fs, 1)
	for range 20 {
		add(t, l, 10)
	}
	mustClose(t, l)
	for from := uint64(1); from <= 201; from++ {
		l, next := mustReopen(t, fs, from)
		if next != 201 {
			t.Fatalf("from %d: up to %d", from, next)
		}
		mustClose(t, l)
	}
	// A log that ends before from goes on there, also when it is opened again.
	l, next := mustReopen(t, fs, 500)
	if next != 500 {
		t.Fatal(next)
	}
	add(t, l, 3)
	mustClose(t, l)
	for from := uint64(500); from <= 503; from++ {
		l, next := mustReopen(t, fs, from)
		if next != 503 {
			t.Fatalf("from %d: up to %d", from, next)
		}
		mustClose(t, l)
	}
	if _, _, err := reopen(fs, 499, small(fs)); !errors.Is(err, storage.ErrCorrupt) {
		t.Errorf("across a gap: %v", err)
	}
}

func TestReplayError(t *testing.T) {
	fs := vfs.NewMem()
	l, _ := mustReopen(t, fs, 1)
	add(t, l, 5)
	mustClose(t, l)
	mine := errors.New("mine")
	if _, err := Open("wal", 1, small(fs), func(uint64, []byte) error { return mine }); !errors.Is(err, mine) {
		t.Error(err)
	}
}

func TestOtherDatabase(t *testing.T) {
	fs := vfs.NewMem()
	l, _ := mustReopen(t, fs, 1)
	add(t, l, 5)
	mustClose(t, l)
	opts := small(fs)
	opts.ID[0]++
	if _, _, err := reopen(fs, 1, opts); !errors.Is(err, storage.ErrCorrupt) || !strings.Contains(err.Error(), "000001.log: ") {
		t.Error(err)
	}
}

// TestRecycle checks the names, that a recycled file keeps its old bytes but never
// delivers them, and that the log does not grow while it is recycled.
func TestRecycle(t *testing.T) {
	fs := vfs.NewMem()
	l, _ := mustReopen(t, fs, 1)
	most := uint64(0)
	var low uint64
	for round := range 60 {
		add(t, l, 50)
		low = l.Next() - 10
		if err := l.Recycle(low); err != nil {
			t.Fatal(err)
		}
		settled(l)
		if round > 5 {
			most = max(most, l.Metrics().DiskBytes)
		}
		if live := l.Metrics().Live; live > 100<<10 {
			t.Fatalf("%d bytes live for ten records", live)
		}
		if round%7 == 3 { // what is on disk now is a log from low on
			names := list(t, fs)
			mustClose(t, l)
			var next uint64
			if l, next = mustReopen(t, fs, low); next != low+10 {
				t.Fatalf("round %d: up to %d, want %d, in %v", round, next, low+10, names)
			}
		}
	}
	if l.last.seq < 20 {
		t.Fatalf("only %d segments were used", l.last.seq)
	}
	if most > 6*32<<10 {
		t.Errorf("the log took %d KiB", most>>10)
	}
	if names := list(t, fs); len(names) > 5 {
		t.Error(names)
	}
	if err := l.Recycle(l.Next()); err != nil {
		t.Fatal(err)
	}
	if live := l.Metrics().Live; live != 0 {
		t.Errorf("%d bytes live of nothing", live)
	}
	mustClose(t, l)
	// What is gone is known to be gone.
	if _, _, err := reopen(fs, 1, small(fs)); !errors.Is(err, storage.ErrCorrupt) {
		t.Errorf("from the beginning: %v", err)
	}
}

// TestSegmentsGrow has a log that nobody recycles: its segments double up to the limit.
func TestSegmentsGrow(t *testing.T) {
	fs := vfs.NewMem()
	opts := Options{FS: fs, SegmentBytes: 1 << 20}
	l, err := Open("wal", 1, opts, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if _, err := l.Append(make([]byte, 40<<10)); err != nil {
			t.Fatal(err)
		}
		if err := l.Sync(); err != nil {
			t.Fatal(err)
		}
	}
	settled(l)
	var sizes []int64
	for _, name := range list(t, fs) {
		info, err := fs.Stat("wal/" + name)
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, info.Size()>>10)
	}
	if want := []int64{64, 128, 256, 512, 1024, 1024, 1024, 1024, 1024}; !slices.Equal(sizes, want) {
		t.Errorf("segments of %d KiB, want %d", sizes, want)
	}
	mustClose(t, l)
}

// TestLazy appends without waiting: the record is durable within lazyMax, and the
// flusher sleeps when there is nothing to do.
func TestLazy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := mustReopen(t, vfs.NewMem(), 1)
		defer mustClose(t, l)
		for _, pause := range []time.Duration{0, 10 * time.Millisecond, time.Second} {
			time.Sleep(pause)
			if _, err := l.Append([]byte("lazy")); err != nil {
				t.Fatal(err)
			}
			time.Sleep(lazyMax)
			synctest.Wait()
			if l.durable.Load() != l.Next() {
				t.Fatalf("record %d is not durable after %v", l.Next()-1, lazyMax)
			}
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.ticking {
			t.Error("the flusher ticks for nothing")
		}
	})
}

// TestLarge appends much without waiting: it is written at once.
func TestLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs := vfs.NewMem()
		l, err := Open("wal", 1, Options{FS: fs, SegmentBytes: 8 << 20}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, err := l.Append(make([]byte, flushBytes)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if l.durable.Load() != l.Next() {
				t.Fatal("a large record is not durable at once")
			}
		}
		mustClose(t, l)
	})
}

// TestBackpressure holds the disk: Append waits at pendingMax, and goes on afterwards.
func TestBackpressure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, err := Open("wal", 1, Options{FS: vfs.NewMem()}, nil)
		if err != nil {
			t.Fatal(err)
		}
		l.pendingMax = 16 << 10
		l.token <- struct{}{} // as if a write took long
		appended := make(chan int, 100)
		go func() {
			for i := range 20 {
				if _, err := l.Append(make([]byte, 1<<10)); err != nil {
					t.Error(err)
				}
				appended <- i
			}
		}()
		synctest.Wait()
		if n := len(appended); n != 12 {
			t.Errorf("%d records of 1 KiB were taken beside a header block", n)
		}
		<-l.token
		synctest.Wait()
		if n := len(appended); n != 20 {
			t.Errorf("only %d records were taken after the disk went on", n)
		}
		mustClose(t, l)
	})
}

// TestGroups has everybody who waits while one group is written be served by the next.
func TestGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := mustReopen(t, vfs.NewMem(), 1)
		l.token <- struct{}{}
		var waiting sync.WaitGroup
		for range 100 {
			lsn, err := l.Append(record(l.Next()))
			if err != nil {
				t.Fatal(err)
			}
			waiting.Go(func() {
				if err := l.Wait(lsn); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		<-l.token
		waiting.Wait()
		if n := l.Metrics().Syncs; n != 1 {
			t.Errorf("%d syncs for 100 who waited together", n)
		}
		mustClose(t, l)
	})
}

// TestConcurrent has many writers, as the engine's committer has: Append is
// serialised, Wait is not.
func TestConcurrent(t *testing.T) {
	fs := vfs.NewMem()
	l, _ := mustReopen(t, fs, 1)
	var mu sync.Mutex
	var writers sync.WaitGroup
	for range 16 {
		writers.Go(func() {
			for i := range 100 {
				mu.Lock()
				lsn, err := l.Append(record(l.Next()))
				mu.Unlock()
				if err == nil && i%5 != 0 {
					err = l.Wait(lsn)
				}
				if err != nil {
					t.Error(err)
				}
				if i%20 == 0 {
					if err := l.Recycle(1); err != nil {
						t.Error(err)
					}
					_ = l.Metrics()
				}
			}
		})
	}
	writers.Wait()
	mustClose(t, l)
	l, next := mustReopen(t, fs, 1)
	if next != 1601 {
		t.Errorf("%d records", next-1)
	}
	mustClose(t, l)
}

func TestClose(t *testing.T) {
	fs := vfs.NewMem()
	l, _ := mustReopen(t, fs, 1)
	if _, err := l.Append(record(1)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Close(), l.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(nil); !errors.Is(err, storage.ErrClosed) {
		t.Errorf("Append: %v", err)
	}
	if err := errors.Join(l.Wait(1), l.Sync(), l.Err()); err != nil {
		t.Errorf("of a durable record: %v", err)
	}
	l, next := mustReopen(t, fs, 1)
	if next != 2 {
		t.Error("Close did not sync")
	}
	mustClose(t, l)
}

// TestAllocs keeps the steady state of a lone writer free of allocations.
func TestAllocs(t *testing.T) {
	l, err := Open("wal", 1, Options{FS: vfs.NewMem(), SegmentBytes: 64 << 20}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 200)
	commit := func() {
		lsn, err := l.Append(b)
		if err == nil {
			err = l.Wait(lsn)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 10 {
		commit()
	}
	settled(l)
	runtime.GC()
	if n := testing.AllocsPerRun(200, commit); n != 0 {
		t.Errorf("%v allocations a commit", n)
	}
	mustClose(t, l)
}
