package txn_test

import (
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/minisql/minisql/internal/engines"
	"github.com/minisql/minisql/mvcc"
	"github.com/minisql/minisql/storage"
	"github.com/minisql/minisql/txn"
)

// TestOverlay compares scans and reads of a transaction with a map of what each
// command must see, over many own writes, savepoints and cursors that outlive their
// statement; with buffers that stay in memory and with such that spill all the time.
func TestOverlay(t *testing.T) { engines.Each(t, testOverlay) }

func testOverlay(t *testing.T, on engines.Engine) {
	for _, spillBytes := range []int64{0, 20_000, 1_000, 1} {
		t.Run(fmt.Sprintf("spill=%d", spillBytes), func(t *testing.T) { testOverlaySpilling(t, on, spillBytes) })
	}
}

func testOverlaySpilling(t *testing.T, on engines.Engine, spillBytes int64) {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d (-txn.seed)", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	m, store, closeAll := openManager(t, on, vfs.NewMem(), txn.ManagerOptions{SpillBytes: spillBytes})
	defer closeAll(false)
	ctx := t.Context()
	committed := map[string]string{}
	for round := range 40 {
		keys := 5 + r.IntN(200) // few: the sorted slice; many: the B-tree
		key := func() string { return fmt.Sprintf("k%03d", r.IntN(keys)) }
		tx := begin(t, m, txn.Options{Level: txn.RepeatableRead})
		now := clone(committed)    // with all writes
		before := clone(committed) // what the running statement sees
		type savepoint struct {
			mark  txn.Mark
			state map[string]string
		}
		type cursor struct {
			sc   *txn.Scanner
			want []string
			view *txn.View
			all  map[string]string
		}
		var marks []savepoint
		var cursors []cursor
		for step := range 300 {
			switch n := r.IntN(100); {
			case n < 45:
				k, v := key(), fmt.Sprintf("%d.%d", round, step)
				var err error
				if r.IntN(3) == 0 {
					delete(now, k)
					err = tx.Delete([]byte(k))
				} else {
					now[k] = v
					err = tx.Put([]byte(k), []byte(v))
				}
				if err != nil {
					t.Fatal(err)
				}
			case n < 60:
				if err := tx.BeginStatement(ctx); err != nil {
					t.Fatal(err)
				}
				before = clone(now)
			case n < 70:
				span, want := randSpan(r, key, before)
				if got := scanAll(t, tx, span, txn.Snapshot, 1+r.IntN(9)); got != strings.Join(want, " ") {
					t.Fatalf("%+v\n got %s\nwant %s", span, got, want)
				}
				span, want = randSpan(r, key, now)
				if got := scanAll(t, tx, span, txn.Current, 1+r.IntN(9)); got != strings.Join(want, " ") {
					t.Fatalf("current %+v\n got %s\nwant %s", span, got, want)
				}
			case n < 78:
				k := key()
				for _, see := range []struct {
					get  func([]byte) ([]byte, bool, error)
					want map[string]string
				}{{tx.Get, before}, {tx.GetCurrent, now}, {tx.GetLatest, now}} {
					v, ok, err := see.get([]byte(k))
					if want, exists := see.want[k]; err != nil || ok != exists || string(v) != want {
						t.Fatalf("%s = %q %v %v, want %q", k, v, ok, err, want)
					}
				}
			case n < 82:
				marks = append(marks, savepoint{tx.Savepoint(), clone(now)})
			case n < 85 && len(marks) > 0:
				i := r.IntN(len(marks))
				if r.IntN(2) == 0 {
					tx.Release(marks[i].mark)
					marks = marks[:i]
					break
				}
				// A cursor that was opened since does not outlive this in SQL.
				for _, c := range cursors {
					c.sc.Close()
					c.view.Release()
				}
				cursors = nil
				tx.RollbackTo(marks[i].mark)
				now = clone(marks[i].state)
				marks = marks[:i+1]
				if err := tx.BeginStatement(ctx); err != nil {
					t.Fatal(err)
				}
				before = clone(now)
			case n < 90:
				span, want := randSpan(r, key, before)
				sc, err := tx.Scan(span, txn.Snapshot)
				if err != nil {
					t.Fatal(err)
				}
				cursors = append(cursors, cursor{sc, want, tx.Hold(), clone(before)})
			case len(cursors) > 0:
				i := r.IntN(len(cursors))
				c := &cursors[i]
				var run txn.Run
				n, err := c.sc.Next(&run, 1+r.IntN(6))
				if err != nil {
					t.Fatal(err)
				}
				for j := range n {
					if got := fmt.Sprintf("%s=%s", run.Keys[j], run.Values[j]); len(c.want) == 0 || got != c.want[0] {
						t.Fatalf("a cursor fetched %s, want %v", got, c.want)
					}
					c.want = c.want[1:]
				}
				if n == 0 && len(c.want) > 0 {
					t.Fatalf("a cursor ended, want %v", c.want)
				}
				prev := tx.Use(c.view)
				k := key()
				v, ok, err := tx.Get([]byte(k))
				if want, exists := c.all[k]; err != nil || ok != exists || string(v) != want {
					t.Fatalf("through a view, %s = %q %v %v, want %q", k, v, ok, err, want)
				}
				tx.Use(prev)
				if n == 0 {
					c.sc.Close()
					c.view.Release()
					cursors = append(cursors[:i], cursors[i+1:]...)
				}
			}
		}
		if r.IntN(3) == 0 {
			tx.Rollback()
		} else {
			if err := tx.Commit(ctx); err != nil {
				t.Fatal(err)
			}
			committed = now
		}
		if round%10 == 0 { // nothing is left of what was rolled back or overwritten
			if err := m.Collect(ctx); err != nil {
				t.Fatal(err)
			}
			if n := storedVersions(t, store); n != len(committed) {
				t.Fatalf("%d versions are stored of %d rows", n, len(committed))
			}
		}
	}
}

// storedVersions counts what is in the engine, beside the ceiling of timestamps.
func storedVersions(t *testing.T, store *mvcc.Store) int {
	t.Helper()
	c, err := store.Engine().NewCursor()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.Seek(nil, nil, nil, false)
	var run storage.Run
	total := 0
	for {
		n, err := c.Next(&run, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return total
		}
		for _, k := range run.Keys {
			if !strings.HasPrefix(string(k), "\xFFceiling") {
				total++
			}
		}
	}
}

func clone(m map[string]string) map[string]string {
	c := make(map[string]string, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}

func randSpan(r *rand.Rand, key func() string, m map[string]string) (txn.Span, []string) {
	lo, hi := key(), key()
	if lo > hi {
		lo, hi = hi, lo
	}
	span := txn.Span{Lo: []byte(lo), Hi: []byte(hi), Reverse: r.IntN(2) == 0}
	switch r.IntN(4) {
	case 0:
		span.Lo, lo = nil, ""
	case 1:
		span.Hi, hi = nil, "\xff"
	}
	var out []string
	for k, v := range m {
		if k >= lo && k < hi {
			out = append(out, k+"="+v)
		}
	}
	sort.Strings(out)
	if span.Reverse {
		sort.Sort(sort.Reverse(sort.StringSlice(out)))
	}
	return span, out
}

func scanAll(t *testing.T, tx *txn.Txn, span txn.Span, mode txn.ReadMode, size int) string {
	t.Helper()
	sc, err := tx.Scan(span, mode)
	if err != nil {
		t.Fatal(err)
	}
	defer sc.Close()
	var run txn.Run
	var out []string
	for {
		n, err := sc.Next(&run, size)
		if err != nil {
			t.Fatal(err)
		}
		if n > size {
			t.Fatalf("a run of %d pairs, asked for %d", n, size)
		}
		if n == 0 {
			return strings.Join(out, " ")
		}
		for i := range n {
			out = append(out, fmt.Sprintf("%s=%s", run.Keys[i], run.Values[i]))
		}
	}
}
