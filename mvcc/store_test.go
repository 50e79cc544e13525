package mvcc_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/minisql/minisql/internal/engines"
	"github.com/minisql/minisql/mvcc"
	"github.com/minisql/minisql/storage"
)

var seedFlag = flag.Uint64("mvcc.seed", 0, "seed of the random tests; 0 draws one")

func newRand(t *testing.T) *rand.Rand {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d (-mvcc.seed)", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

type world struct {
	t    testing.TB
	on   engines.Engine
	fs   vfs.FS
	e    storage.Engine
	s    *mvcc.Store
	opts mvcc.Options
}

func open(t testing.TB, on engines.Engine, fs vfs.FS, opts mvcc.Options) *world {
	t.Helper()
	w := &world{t: t, on: on, fs: fs, opts: opts}
	w.reopen()
	t.Cleanup(w.close)
	return w
}

func (w *world) reopen() {
	w.t.Helper()
	e, err := w.on.Open(w.fs, "db")
	if err != nil {
		w.t.Fatal(err)
	}
	checked(w.t, e)
	s, err := mvcc.Open(e, w.opts)
	if err != nil {
		w.t.Fatal(err)
	}
	w.e, w.s = e, s
}

// checked checks what an earlier run, or a crash, has left.
func checked(t testing.TB, e storage.Engine) {
	t.Helper()
	if _, err := mvcc.Check(context.Background(), e, func(err error) { t.Error(err) }, nil); err != nil {
		t.Fatal(err)
	}
}

func (w *world) close() {
	w.t.Helper()
	if w.s == nil {
		return
	}
	if err := errors.Join(w.s.Close(), w.e.Close()); err != nil {
		w.t.Error(err)
	}
	w.s = nil
}

// write commits puts ("k=v") and deletes ("k"), with what is below looked up if know.
func (w *world) write(async, know bool, changes ...string) mvcc.Timestamp {
	w.t.Helper()
	ws := w.s.NewWriteSet()
	for _, c := range changes {
		k, v, put := strings.Cut(c, "=")
		var below mvcc.Below
		if know {
			cur, err := w.s.Get([]byte(k), mvcc.Latest, nil)
			if err != nil {
				w.t.Fatal(err)
			}
			below = cur.Below()
		}
		if put {
			ws.Put([]byte(k), []byte(v), below)
		} else {
			ws.Delete([]byte(k), nil, below)
		}
	}
	c, err := w.s.Commit(ws, async)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		w.t.Fatal(err)
	}
	return c.At()
}

func (w *world) scan(at mvcc.Timestamp, lo, hi string, reverse bool, size int) string {
	w.t.Helper()
	var h []byte
	if hi != "" {
		h = []byte(hi)
	}
	sc, err := w.s.Scan([]byte(lo), h, at, reverse)
	if err != nil {
		w.t.Fatal(err)
	}
	defer sc.Close()
	return drain(w.t, sc, size)
}

func drain(t testing.TB, sc *mvcc.Scanner, size int) string {
	t.Helper()
	var run mvcc.Run
	var out []string
	for {
		n, err := sc.Next(&run, size)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return strings.Join(out, " ")
		}
		for i := range n {
			out = append(out, fmt.Sprintf("%s=%s", run.Keys[i], run.Values[i]))
		}
	}
}

// versions counts the stored versions of users' keys.
func (w *world) versions() int {
	w.t.Helper()
	c, err := w.e.NewCursor()
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close()
	c.Seek(nil, []byte{0xFF}, nil, false)
	var run storage.Run
	total := 0
	for {
		n, err := c.Next(&run, 100)
		if err != nil {
			w.t.Fatal(err)
		}
		if n == 0 {
			return total
		}
		total += n
	}
}

func (w *world) collect() {
	w.t.Helper()
	if _, err := w.s.Collect(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// TestModel runs random commits, snapshots, collections and restarts against a map of
// every state the store ever had.
func TestModel(t *testing.T) { engines.Each(t, testModel) }

func testModel(t *testing.T, on engines.Engine) {
	r := newRand(t)
	fs := vfs.NewMem()
	w := open(t, on, fs, mvcc.Options{})
	states := map[mvcc.Timestamp]map[string]string{}
	live := map[string]string{}
	type held struct {
		sn *mvcc.Snapshot
		at mvcc.Timestamp
	}
	var snaps []held
	render := func(m map[string]string, lo, hi string, reverse bool) string {
		var out []string
		for k, v := range m {
			if k >= lo && (hi == "" || k < hi) {
				out = append(out, k+"="+v)
			}
		}
		sort.Strings(out)
		if reverse {
			for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
				out[i], out[j] = out[j], out[i]
			}
		}
		return strings.Join(out, " ")
	}
	key := func() string { return fmt.Sprintf("k%02d", r.IntN(20)) }
	check := func(at mvcc.Timestamp, m map[string]string) {
		t.Helper()
		lo, hi, reverse := key(), key(), r.IntN(2) == 0
		if lo > hi {
			lo, hi = hi, lo
		}
		if r.IntN(4) == 0 {
			lo, hi = "", ""
		}
		if got, want := w.scan(at, lo, hi, reverse, 1+r.IntN(5)), render(m, lo, hi, reverse); got != want && lo != hi {
			t.Fatalf("scan [%q, %q) at %d, reverse %v:\n got %s\nwant %s", lo, hi, at, reverse, got, want)
		}
		k := key()
		v, err := w.s.Get([]byte(k), at, nil)
		want, ok := m[k]
		if err != nil || v.Exists() != ok || (ok && string(v.Value) != want) {
			t.Fatalf("get %s at %d: %q %v %v, want %q", k, at, v.Value, v.Exists(), err, want)
		}
	}
	// large is a transaction that spills; nobody else writes its keys.
	type large struct {
		p       *mvcc.Spill
		number  uint32
		changes []change // in order
		keys    map[string]bool
	}
	var big *large
	spill := func(step int) {
		spans := []mvcc.SpillSpan{{Lo: []byte("k"), Hi: []byte("l"), Dirty: true}}
		big.number++
		segs, err := big.p.Begin([]mvcc.SegmentOrder{{Low: big.number, High: big.number}}, spans)
		if err != nil {
			t.Fatal(err)
		}
		wrote := map[string]bool{}
		for range 1 + r.IntN(5) {
			k := key()
			if wrote[k] {
				continue
			}
			wrote[k], big.keys[k] = true, true
			c := change{big.number, k, fmt.Sprint(step), r.IntN(3) > 0}
			big.changes = append(big.changes, c)
			if c.put {
				err = errors.Join(err, segs[0].Put([]byte(k), []byte(c.value), false))
			} else {
				err = errors.Join(err, segs[0].Delete([]byte(k), nil))
			}
		}
		if err := errors.Join(err, big.p.Finish(segs)); err != nil {
			t.Fatal(err)
		}
		// The writer sees what it wrote, up to any number.
		limit := 1 + uint32(r.IntN(int(big.number)+1))
		own := map[string]string{}
		for k, v := range live {
			own[k] = v
		}
		apply(own, big.changes, limit)
		for k := range big.keys {
			v, err := w.s.GetFor(mvcc.Reader{Spill: big.p, Limit: limit}, []byte(k), mvcc.Latest, nil)
			if want, ok := own[k]; err != nil || v.Exists() != ok || (ok && string(v.Value) != want) {
				t.Fatalf("the writer gets %s below %d: %q %v %v, want %q", k, limit, v.Value, v.Exists(), err, want)
			}
		}
		var sc mvcc.Scanner
		reverse := r.IntN(2) == 0
		if err := sc.Open(w.s, mvcc.Reader{Spill: big.p, Limit: limit}, nil, nil, mvcc.Latest, reverse); err != nil {
			t.Fatal(err)
		}
		defer sc.Close()
		if got, want := drain(t, &sc, 1+r.IntN(5)), render(own, "", "", reverse); got != want {
			t.Fatalf("the writer scans below %d:\n got %s\nwant %s", limit, got, want)
		}
	}
	for step := range 6000 {
		switch n := r.IntN(130); {
		case n >= 100 && big == nil:
			big = &large{p: w.s.NewSpill("it"), keys: map[string]bool{}}
		case n >= 112:
			spill(step)
		case n >= 108 && big.number > 0: // to a savepoint
			low := 1 + uint32(r.IntN(int(big.number)))
			big.p.DropFrom(low)
			for i, c := range big.changes {
				if c.number >= low {
					big.changes = big.changes[:i]
					break
				}
			}
		case n >= 104:
			big.p.Abort()
			big = nil
		case n >= 100:
			ws := w.s.NewWriteSet()
			ws.Spilled(big.p)
			c, err := w.s.Commit(ws, r.IntN(2) == 0)
			if err == nil {
				err = c.Wait()
			}
			if err != nil {
				t.Fatal(err)
			}
			apply(live, big.changes, 1<<30)
			states[c.At()] = make(map[string]string, len(live))
			for k, v := range live {
				states[c.At()][k] = v
			}
			big = nil
		case n < 45:
			changes := map[string]string{}
			var list []string
			for range 1 + r.IntN(5) {
				k := key()
				if _, ok := changes[k]; ok || (big != nil && big.keys[k]) {
					continue
				}
				changes[k] = ""
				if r.IntN(3) == 0 {
					list = append(list, k)
					delete(live, k)
				} else {
					list = append(list, fmt.Sprintf("%s=%d", k, step))
					live[k] = fmt.Sprint(step)
				}
			}
			if len(list) == 0 {
				break
			}
			at := w.write(r.IntN(2) == 0, r.IntN(3) > 0, list...)
			states[at] = make(map[string]string, len(live))
			for k, v := range live {
				states[at][k] = v
			}
		case n < 60:
			sn := w.s.NewSnapshot()
			at := sn.Take()
			snaps = append(snaps, held{sn, at})
			if _, ok := states[at]; !ok && len(states) > 0 {
				// A restart publishes its ceiling, a spill its provisional timestamps.
				at2 := w.s.Now()
				states[at] = make(map[string]string, len(live))
				for k, v := range live {
					states[at][k] = v
				}
				if at2 != at {
					t.Fatalf("Take gave %d, Now is %d", at, at2)
				}
			}
			check(at, live)
		case n < 85 && len(snaps) > 0:
			h := snaps[r.IntN(len(snaps))]
			check(h.at, states[h.at])
		case n < 92 && len(snaps) > 0:
			i := r.IntN(len(snaps))
			snaps[i].sn.Close()
			snaps = append(snaps[:i], snaps[i+1:]...)
		case n < 97:
			check(mvcc.Latest, live)
			w.collect()
			if len(snaps) == 0 && big == nil {
				if got := w.versions(); got != len(live) {
					t.Fatalf("after collecting, %d versions of %d live keys", got, len(live))
				}
			}
		case n == 99 && r.IntN(5) == 0:
			for _, h := range snaps {
				h.sn.Close()
			}
			snaps, big = nil, nil // what was running is rolled back
			before := w.s.Now()
			w.close()
			w.reopen()
			if w.s.Now() < before {
				t.Fatalf("the clock went back from %d to %d", before, w.s.Now())
			}
			check(mvcc.Latest, live)
		}
	}
	for _, h := range snaps {
		h.sn.Close()
	}
	if big != nil {
		big.p.Abort()
	}
	w.collect()
	if got := w.versions(); got != len(live) {
		t.Fatalf("at the end, %d versions of %d live keys", got, len(live))
	}
}

// change is one write of a transaction that spills.
type change struct {
	number     uint32
	key, value string
	put        bool
}

// apply makes the changes below limit.
func apply(m map[string]string, changes []change, limit uint32) {
	for _, c := range changes {
		switch {
		case c.number >= limit:
		case c.put:
			m[c.key] = c.value
		default:
			delete(m, c.key)
		}
	}
}

// After a crash the queue of garbage is gone: a sweep finds the garbage again.
func TestSweepAfterCrash(t *testing.T) { engines.Each(t, testSweepAfterCrash) }

func testSweepAfterCrash(t *testing.T, on engines.Engine) {
	fs := vfs.NewCrashableMem()
	w := open(t, on, fs, mvcc.Options{})
	sn := w.s.NewSnapshot()
	w.write(false, true, "a=0")
	sn.Take() // holds the collector back until the crash
	for i := range 3000 {
		w.write(true, true, fmt.Sprintf("k%04d=%d", i%1500, i), fmt.Sprintf("hot=%d", i))
	}
	w.write(false, true, "k0000", "a")
	crashed := fs.CrashClone(vfs.CrashCloneCfg{})
	sn.Close()
	w.close()

	w = open(t, on, crashed, mvcc.Options{})
	for w.versions() != 1500 { // k0001 … k1499 and hot
		w.collect()
	}
	if got := w.scan(mvcc.Latest, "h", "i", false, 10); got != "hot=2999" {
		t.Fatal(got)
	}
}

// A dropped span is there for those who see it, and then gone, also across a crash.
func TestDropSpan(t *testing.T) { engines.Each(t, testDropSpan) }

func testDropSpan(t *testing.T, on engines.Engine) {
	fs := vfs.NewCrashableMem()
	w := open(t, on, fs, mvcc.Options{})
	for i := range 500 {
		w.write(true, true, fmt.Sprintf("t1/%03d=x", i), fmt.Sprintf("t2/%03d=x", i))
	}
	sn := w.s.NewSnapshot()
	at := sn.Take()
	ws := w.s.NewWriteSet()
	ws.DropSpan([]byte("t1/"), []byte("t10"))
	c, err := w.s.Commit(ws, false)
	if err == nil {
		err = c.Wait()
	}
	if err != nil {
		t.Fatal(err)
	}
	w.collect()
	if got := len(strings.Fields(w.scan(at, "", "", false, 100))); got != 1000 {
		t.Fatalf("an old snapshot sees %d of 1000 rows", got)
	}
	crashed := fs.CrashClone(vfs.CrashCloneCfg{})
	sn.Close()
	w.collect()
	w2 := open(t, on, crashed, mvcc.Options{})
	w2.collect()
	for _, w := range []*world{w, w2} {
		if n := w.versions(); n != 500 {
			t.Errorf("%d versions are left of 500", n)
		}
	}
}

// A sweep remembers what the retention still keeps.
func TestSweepUnderRetention(t *testing.T) { engines.Each(t, testSweepUnderRetention) }

func testSweepUnderRetention(t *testing.T, on engines.Engine) {
	now := newClock()
	opts := mvcc.Options{Retention: time.Minute, Clock: now.read}
	fs := vfs.NewCrashableMem()
	w := open(t, on, fs, opts)
	w.write(false, true, "a=1", "b=1")
	now.add(time.Second)
	w.write(false, true, "a=2", "b")
	w2 := open(t, on, fs.CrashClone(vfs.CrashCloneCfg{}), opts)
	w2.collect()
	if n := w2.versions(); n != 4 {
		t.Fatalf("%d versions, of 4 that are to be kept for a minute", n)
	}
	now.add(2 * time.Minute)
	w2.write(false, true, "c=1")
	w2.collect()
	if n := w2.versions(); n != 2 {
		t.Fatalf("%d versions are left, want a=2 and c=1", n)
	}
}

// clock is a wall clock that a test moves.
type clock struct{ micros atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.micros.Store(1_000_000_000)
	return c
}

func (c *clock) read() time.Time     { return time.UnixMicro(c.micros.Load()) }
func (c *clock) add(d time.Duration) { c.micros.Add(d.Microseconds()) }

// Timestamps go on rising when the clock is set back, and after a crash.
func TestClockStepsBack(t *testing.T) { engines.Each(t, testClockStepsBack) }

func testClockStepsBack(t *testing.T, on engines.Engine) {
	fs := vfs.NewCrashableMem()
	now := newClock()
	clock := mvcc.Options{Clock: now.read}
	w := open(t, on, fs, clock)
	var last mvcc.Timestamp
	next := func(w *world) {
		t.Helper()
		at := w.write(false, true, "k=v")
		if at <= last {
			t.Fatalf("timestamp %d after %d", at, last)
		}
		last = at
	}
	next(w)
	if !last.Time().Equal(now.read()) {
		t.Errorf("the first commit is at %v, the clock says %v", last.Time(), now.read())
	}
	now.add(-time.Hour)
	next(w)
	now.add(3 * time.Hour)
	next(w)
	crashed := fs.CrashClone(vfs.CrashCloneCfg{})
	before := last
	now.add(-2 * time.Hour)
	w2 := open(t, on, crashed, clock)
	next(w2)
	if ahead := last - before; ahead > 2_000_000 {
		t.Errorf("a crash moved timestamps %d µs ahead", ahead)
	}
}

// What was kept for history can be read at a past moment, what may be gone cannot.
func TestHistory(t *testing.T) { engines.Each(t, testHistory) }

func testHistory(t *testing.T, on engines.Engine) {
	now := newClock()
	w := open(t, on, vfs.NewMem(), mvcc.Options{Retention: time.Minute, Clock: now.read})
	first := w.write(false, true, "k=1")
	now.add(30 * time.Second)
	second := w.write(false, true, "k=2")
	w.collect()
	sn := w.s.NewSnapshot()
	defer sn.Close()
	for at, want := range map[mvcc.Timestamp]string{first: "k=1", second - 1: "k=1", second: "k=2"} {
		if err := sn.TakeAt(at); err != nil {
			t.Fatal(err)
		}
		if got := w.scan(at, "", "", false, 10); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
		sn.Drop()
	}
	if err := sn.TakeAt(w.s.Now() + 1); err == nil {
		t.Error("a snapshot of the future was given")
	}
	now.add(80 * time.Second)
	w.write(false, true, "x=1")
	w.collect()
	if err := sn.TakeAt(first); !errors.Is(err, mvcc.ErrSnapshotTooOld) {
		t.Errorf("a moment out of retention: %v", err)
	}
	if got := w.versions(); got != 2 {
		t.Errorf("%d versions are left, want k=2 and x=1", got)
	}
	// A restart with a longer retention does not promise what is gone.
	w.close()
	w.opts.Retention = time.Hour
	w.reopen()
	sn2 := w.s.NewSnapshot()
	defer sn2.Close()
	if err := sn2.TakeAt(first); !errors.Is(err, mvcc.ErrSnapshotTooOld) {
		t.Errorf("after a restart: %v", err)
	}
}

// The background removes garbage without being asked, as soon as the last
// snapshot that needs it is gone.
func TestBackground(t *testing.T) { engines.Each(t, testBackground) }

func testBackground(t *testing.T, on engines.Engine) {
	w := open(t, on, vfs.NewMem(), mvcc.Options{})
	sn := w.s.NewSnapshot()
	w.write(true, true, "k=0")
	sn.Take()
	for i := range 1000 {
		w.write(true, true, fmt.Sprintf("k=%d", i))
	}
	if n := w.versions(); n != 1001 {
		t.Fatalf("%d versions while a snapshot needs them", n)
	}
	sn.Close()
	deadline := time.Now().Add(10 * time.Second)
	for w.s.GarbageQueued() > 0 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	for w.versions() > 1 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if n := w.versions(); n != 1 {
		t.Fatalf("%d versions are left", n)
	}
}

// Commits carry the removal of what earlier commits overwrote.
func TestWritersPrune(t *testing.T) { engines.Each(t, testWritersPrune) }

func testWritersPrune(t *testing.T, on engines.Engine) {
	w := open(t, on, vfs.NewMem(), mvcc.Options{})
	for i := range 100 {
		w.write(true, true, fmt.Sprintf("k=%d", i))
	}
	if n := w.versions(); n > 70 {
		t.Errorf("%d versions after 100 updates of one key", n)
	}
}

func TestReservedKeys(t *testing.T) { engines.Each(t, testReservedKeys) }

func testReservedKeys(t *testing.T, on engines.Engine) {
	w := open(t, on, vfs.NewMem(), mvcc.Options{})
	w.write(false, true, "a=1")
	for _, k := range []string{"", "\xFFx"} {
		if _, err := w.s.Get([]byte(k), mvcc.Latest, nil); !errors.Is(err, mvcc.ErrReserved) {
			t.Errorf("Get(%q): %v", k, err)
		}
		if err := w.s.WriteNow([]byte(k), nil); !errors.Is(err, mvcc.ErrReserved) {
			t.Errorf("WriteNow(%q): %v", k, err)
		}
	}
	if got := w.scan(mvcc.Latest, "", "", false, 10); got != "a=1" {
		t.Errorf("a scan of everything shows %s", got)
	}
}

// A value written now is in the log before every later commit.
func TestWriteNow(t *testing.T) { engines.Each(t, testWriteNow) }

func testWriteNow(t *testing.T, on engines.Engine) {
	fs := vfs.NewCrashableMem()
	w := open(t, on, fs, mvcc.Options{})
	for i := range 5 {
		if err := w.s.WriteNow([]byte("seq"), fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
	}
	w.write(false, true, "row=1")
	w2 := open(t, on, fs.CrashClone(vfs.CrashCloneCfg{}), mvcc.Options{})
	if got := w2.scan(mvcc.Latest, "", "", false, 10); got != "row=1 seq=4" {
		t.Fatal(got)
	}
}

// Collection goes on while nothing is committed, and a restart knows.
func TestHistoryAfterIdleness(t *testing.T) { engines.Each(t, testHistoryAfterIdleness) }

func testHistoryAfterIdleness(t *testing.T, on engines.Engine) {
	now := newClock()
	w := open(t, on, vfs.NewMem(), mvcc.Options{Retention: time.Minute, Clock: now.read})
	first := w.write(false, true, "k=1")
	now.add(30 * time.Second)
	w.write(false, true, "k=2")
	now.add(time.Hour)
	w.collect()
	w.close()
	w.reopen()
	sn := w.s.NewSnapshot()
	defer sn.Close()
	if err := sn.TakeAt(first); !errors.Is(err, mvcc.ErrSnapshotTooOld) {
		t.Errorf("a moment out of retention: %v", err)
	}
}
