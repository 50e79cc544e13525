package minisql_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/internal/engines"
	"github.com/minisql/minisql/mvcc"
	"github.com/minisql/minisql/storage"
)

// TestConvert copies a database from each engine to each.
func TestConvert(t *testing.T) {
	engines.Each(t, func(t *testing.T, from engines.Engine) {
		src := stocked(t, from)
		dump := dumped(t, src)
		for _, to := range engines.All {
			dst := filepath.Join(t.TempDir(), "copy")
			before := contents(t, src)
			if err := minisql.Convert(t.Context(), src, dst, minisql.Storage(to), func(int64, int64) {}); err != nil {
				t.Fatal(err)
			}
			for name, b := range contents(t, src) {
				if before[name] != b {
					t.Errorf("%s has changed", name)
				}
			}
			if is, err := minisql.StorageOf(dst); is != minisql.Storage(to) || err != nil {
				t.Fatal(is, err)
			}
			if faults := faultsOf(t, dst); faults != "" {
				t.Errorf("%s to %s: %s", from, to, faults)
			}
			samePairs(t, from, src, to, dst)
			if got := dumped(t, dst); got != dump {
				t.Errorf("%s to %s:\n%s\nwant\n%s", from, to, got, dump)
			}
		}
	})
}

// dumped is what the tables of stocked hold.
func dumped(t *testing.T, dir string) string {
	t.Helper()
	db, err := minisql.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, q := range []string{"table city order by id", "table visit order by city, at", "table loose order by a", "table big order by id", "select relname from pg_class where oid >= 16384 order by 1"} {
		var b bytes.Buffer
		s := must2(db.Acquire(context.Background()))
		if _, err := s.CopyTo(context.Background(), &b, "copy ("+q+") to stdout"); err != nil {
			t.Fatal(err)
		}
		s.Release()
		out.Write(b.Bytes())
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// samePairs compares two directories as their engines see them.
func samePairs(t *testing.T, a engines.Engine, aDir string, b engines.Engine, bDir string) {
	t.Helper()
	pairs := func(on engines.Engine, dir string) (keys, values []string) {
		e, err := on.Open(vfs.Default, dir)
		if err != nil {
			t.Fatal(err)
		}
		c, err := e.NewCursor()
		if err != nil {
			t.Fatal(err)
		}
		var run storage.Run
		c.Seek(nil, nil, nil, false)
		for {
			n, err := c.Next(&run, 100)
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				break
			}
			for i := range n {
				keys, values = append(keys, string(run.Keys[i])), append(values, string(run.Values[i]))
			}
		}
		if err := errors.Join(c.Close(), e.Close()); err != nil {
			t.Fatal(err)
		}
		return keys, values
	}
	ak, av := pairs(a, aDir)
	bk, bv := pairs(b, bDir)
	if len(ak) != len(bk) {
		t.Fatalf("%s has %d pairs, %s %d", a, len(ak), b, len(bk))
	}
	for i := range ak {
		if ak[i] != bk[i] || av[i] != bv[i] {
			t.Fatalf("pair %d of %d differs: %x, %x", i, len(ak), ak[i], bk[i])
		}
	}
}

// TestConvertVersions copies what only versions can be: a history, segments of large
// transactions that committed, that were rolled back and that a crash has cut short, long
// values, spans that are still to be removed.
func TestConvertVersions(t *testing.T) { engines.Each(t, testConvertVersions) }

func testConvertVersions(t *testing.T, from engines.Engine) {
	memory := vfs.NewCrashableMem()
	e, err := from.Open(memory, "db")
	if err != nil {
		t.Fatal(err)
	}
	s, err := mvcc.Open(e, mvcc.Options{Retention: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	sn := s.NewSnapshot()
	sn.Take()
	commit := func(ws *mvcc.WriteSet) {
		t.Helper()
		c, err := s.Commit(ws, false)
		if err == nil {
			err = c.Wait()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	long := bytes.Repeat([]byte("long value "), 200_000)
	for i := range 300 {
		ws := s.NewWriteSet()
		ws.Put(fmt.Appendf(nil, "key%d", i%100), fmt.Append(nil, i), mvcc.Below{})
		if i%100 == 7 {
			ws.Put([]byte("long"), long, mvcc.Below{})
		}
		if i == 200 {
			ws.DropSpan([]byte("gone/"), []byte("gone0"))
		}
		commit(ws)
	}
	for _, end := range []string{"commit", "abort", "run on"} {
		p := s.NewSpill(end)
		span := []mvcc.SpillSpan{{Lo: []byte(end), Hi: []byte(end + "z"), Dirty: true}}
		segs, err := p.Begin([]mvcc.SegmentOrder{{Low: 1, High: 1}, {Low: 2, High: 2}}, span)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 1000 {
			if err := segs[i%2].Put(fmt.Appendf(nil, "%s%04d", end, i), make([]byte, 1000), false); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Finish(segs); err != nil {
			t.Fatal(err)
		}
		switch end {
		case "commit":
			ws := s.NewWriteSet()
			ws.Spilled(p)
			commit(ws)
		case "abort":
			p.DropFrom(2)
		}
	}
	if err := e.Sync(); err != nil {
		t.Fatal(err)
	}
	crashed := memory.CrashClone(vfs.CrashCloneCfg{})
	sn.Close()
	if err := errors.Join(s.Close(), e.Close()); err != nil {
		t.Fatal(err)
	}
	src := filepath.Join(t.TempDir(), "src")
	if ok, err := vfs.Clone(crashed, vfs.Default, "db", src); !ok || err != nil {
		t.Fatal(ok, err)
	}
	for _, to := range engines.All {
		dst := filepath.Join(t.TempDir(), "dst")
		if err := minisql.Convert(t.Context(), src, dst, minisql.Storage(to), nil); err != nil {
			t.Fatal(err)
		}
		samePairs(t, from, src, to, dst)
		e, err := to.Open(vfs.Default, dst)
		if err != nil {
			t.Fatal(err)
		}
		got, err := mvcc.Check(t.Context(), e, func(err error) { t.Error(err) }, nil)
		if err != nil || got.Segments < 4 || got.Versions < 2500 {
			t.Errorf("%+v %v", got, err)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestConvertRefuses what it could not finish, and leaves nothing behind.
func TestConvertRefuses(t *testing.T) { engines.Each(t, testConvertRefuses) }

func testConvertRefuses(t *testing.T, on engines.Engine) {
	src, ctx := stocked(t, on), context.Background()
	parent := t.TempDir()
	dst := filepath.Join(parent, "dst")
	empty := func() {
		t.Helper()
		if names, err := os.ReadDir(parent); err != nil || len(names) > 0 {
			t.Errorf("%v is left: %v", names, err)
		}
	}
	wantCode(t, minisql.Convert(ctx, filepath.Join(parent, "missing"), dst, minisql.LSM, nil), "58P01")
	wantCode(t, minisql.Convert(ctx, parent, dst, minisql.LSM, nil), "58P01")
	wantCode(t, minisql.Convert(ctx, src, dst, "heap", nil), "22023")
	wantCode(t, minisql.Convert(ctx, src, src, minisql.LSM, nil), "58P02")
	wantCode(t, minisql.Convert(ctx, src, filepath.Join(src, "dst"), minisql.LSM, nil), "22023")
	wantCode(t, minisql.Convert(ctx, src, filepath.Join(parent, "no", "dst"), minisql.LSM, nil), "58030")
	empty()
	db, err := minisql.Open(src, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, minisql.Convert(ctx, src, dst, minisql.LSM, nil), "55006")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	empty()

	boom := errors.New("boom")
	stopped, cancel := context.WithCancelCause(ctx)
	err = minisql.Convert(stopped, src, dst, minisql.LSM, func(int64, int64) { cancel(boom) })
	if !errors.Is(err, boom) {
		t.Errorf("cancelled: %v", err)
	}
	empty()

	// A page or table that cannot be read.
	pattern := "*.sst"
	if on == engines.BTree {
		pattern = "data.db"
	}
	names, err := filepath.Glob(filepath.Join(src, pattern))
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	b, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	for i := 20_000; i < len(b); i += 1000 {
		b[i] ^= 1
	}
	if err := os.WriteFile(names[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := minisql.Convert(ctx, src, dst, minisql.LSM, nil); err == nil {
		t.Error("a damaged database is converted")
	}
	empty()

	// What a killed conversion has left is not touched.
	if err := os.Mkdir(dst+".incomplete", 0o700); err != nil {
		t.Fatal(err)
	}
	wantCode(t, minisql.Convert(ctx, src, dst, minisql.LSM, nil), "58P02")
}
