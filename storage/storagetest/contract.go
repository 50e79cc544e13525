package storagetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/minisql/minisql/storage"
)

// show renders a state compactly: "a/1=x b/2=y".
func show(pairs []pair) string {
	var b strings.Builder
	for _, p := range pairs {
		n := len(p.key) - storage.SuffixLen
		fmt.Fprintf(&b, "%s/%d=%s ", p.key[:n], p.key[len(p.key)-1], p.value)
	}
	return strings.TrimSpace(b.String())
}

func want(t *testing.T, e storage.Engine, state string) {
	t.Helper()
	if got := show(dump(t, e)); got != state {
		t.Fatalf("state is %q, want %q", got, state)
	}
}

func testContract(t *testing.T, open Factory, at place) {
	// fresh opens an empty engine, and returns how to open it a second time.
	fresh := func(t *testing.T) (storage.Engine, func() (dir string, err error)) {
		fs, dir := at(t)
		e := mustOpen(t, open, fs, dir)
		t.Cleanup(func() {
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		})
		return e, func() (string, error) {
			_, err := open(fs, dir)
			return dir, err
		}
	}

	t.Run("KeyOrder", func(t *testing.T) {
		// A prefix of another key comes first with all its suffixes, whatever they are.
		e, _ := fresh(t)
		set(t, e, "ab", 0, "3")
		set(t, e, "a", 255, "2")
		set(t, e, "a", 1, "1")
		set(t, e, "a\x00", 7, "z")
		set(t, e, "\x00", 9, "0")
		want(t, e, "\x00/9=0 a/1=1 a/255=2 a\x00/7=z ab/0=3")
	})

	t.Run("LaterOperationsWin", func(t *testing.T) {
		e, _ := fresh(t)
		b := storage.NewBatch()
		b.Set([]byte("a"), sfx(1), []byte("old"))
		b.Set([]byte("a"), sfx(1), []byte("new"))
		b.Set([]byte("b"), sfx(1), []byte("gone"))
		b.Delete([]byte("b"), sfx(1))
		b.Delete([]byte("missing"), sfx(1))
		apply(t, e, b)
		want(t, e, "a/1=new")
	})

	t.Run("DeleteRangeThenSet", func(t *testing.T) {
		e, _ := fresh(t)
		for _, k := range []string{"a", "b", "c", "d"} {
			set(t, e, k, 1, "x")
		}
		b := storage.NewBatch()
		b.DeleteRange([]byte("b"), []byte("d"))
		b.Set([]byte("c"), sfx(2), []byte("y"))
		apply(t, e, b)
		want(t, e, "a/1=x c/2=y d/1=x")
	})

	t.Run("DeleteOnce", func(t *testing.T) {
		e, _ := fresh(t)
		set(t, e, "a", 1, "x")
		set(t, e, "a", 2, "y")
		b := storage.NewBatch()
		b.DeleteOnce([]byte("a"), sfx(1))
		apply(t, e, b)
		want(t, e, "a/2=y")
		b.Reset()
		b.DeleteOnce([]byte("a"), sfx(1)) // of a key that is gone
		apply(t, e, b)
		want(t, e, "a/2=y")
	})

	t.Run("Stamp", func(t *testing.T) {
		e, _ := fresh(t)
		b := storage.NewBatch()
		b.Set([]byte("a"), nil, []byte("x"))
		b.Set([]byte("b"), sfx(9), []byte("y"))
		b.SetTagged([]byte("c"), nil, []byte("z"), '!')
		b.Stamp([8]byte(sfx(5)))
		apply(t, e, b)
		want(t, e, "a/5=x b/9=y c/5=z!")
	})

	t.Run("EmptyBatch", func(t *testing.T) {
		e, _ := fresh(t)
		apply(t, e, storage.NewBatch())
		want(t, e, "")
	})

	t.Run("Get", func(t *testing.T) {
		e, _ := fresh(t)
		set(t, e, "a", 3, "three")
		set(t, e, "a", 5, "five")
		set(t, e, "b", 1, "other")
		c, err := e.NewCursor()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for _, tc := range []struct {
			prefix string
			suffix byte
			want   string
		}{
			{"a", 0, "3=three"}, {"a", 3, "3=three"}, {"a", 4, "5=five"}, {"a", 5, "5=five"},
			{"a", 6, "none"}, {"b", 0, "1=other"}, {"\x00", 0, "none"}, {"aa", 0, "none"},
		} {
			s, v, ok, err := c.Get([]byte(tc.prefix), sfx(tc.suffix))
			got := "none"
			if ok {
				got = fmt.Sprintf("%d=%s", s[7], v)
			}
			if err != nil || got != tc.want {
				t.Errorf("Get(%q, %d) = %s, %v, want %s", tc.prefix, tc.suffix, got, err, tc.want)
			}
		}
	})

	t.Run("Ranges", func(t *testing.T) {
		e, _ := fresh(t)
		for _, k := range []string{"a", "b", "c"} {
			for _, s := range []byte{2, 4, 6} {
				set(t, e, k, s, "v")
			}
		}
		set(t, e, "b\x00", 4, "v")
		c, err := e.NewCursor()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for _, tc := range []struct{ lo, hi, suffix, forward string }{
			{"", "", "", "a/2 a/4 a/6 b/2 b/4 b/6 b\x00/4 c/2 c/4 c/6"},
			{"b", "c", "", "b/2 b/4 b/6 b\x00/4"},
			{"b", "b\x00", "", "b/2 b/4 b/6"},
			{"", "", "\x04", "a/4 b/4 b\x00/4 c/4"},
			{"", "", "\x05", "a/6 b/6 c/6"},
			{"", "", "\x07", ""},
			{"", "b", "\x01", "a/2"},
			{"b", "", "\x01", "b/2 b\x00/4 c/2"},
			{"x", "", "", ""},
			{"b", "b", "", ""},
		} {
			var lo, hi, suffix []byte
			if tc.lo != "" {
				lo = []byte(tc.lo)
			}
			if tc.hi != "" {
				hi = []byte(tc.hi)
			}
			if tc.suffix != "" {
				suffix = sfx(tc.suffix[0])
			}
			for _, size := range []int{1, 2, 3, 100} {
				up, err := collect(c, lo, hi, suffix, false, size)
				if err != nil {
					t.Fatal(err)
				}
				down, err := collect(c, lo, hi, suffix, true, size)
				if err != nil {
					t.Fatal(err)
				}
				slices.Reverse(down)
				for dir, got := range map[string][]pair{"up": up, "down": down} {
					if s := strings.ReplaceAll(show(got), "=v", ""); s != tc.forward {
						t.Errorf("[%q, %q) from %q %s in runs of %d: %q, want %q", tc.lo, tc.hi, tc.suffix, dir, size, s, tc.forward)
					}
				}
			}
		}
	})

	t.Run("GetBetweenRanges", func(t *testing.T) {
		e, _ := fresh(t)
		set(t, e, "a", 1, "x")
		set(t, e, "b", 1, "y")
		c, err := e.NewCursor()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.Seek([]byte("b"), nil, nil, false)
		if _, v, ok, err := c.Get([]byte("a"), sfx(0)); !ok || err != nil || string(v) != "x" {
			t.Fatalf("a key outside the last range: %q %v %v", v, ok, err)
		}
		var run storage.Run
		if n, err := c.Next(&run, 10); n != 0 || err != nil {
			t.Fatalf("Next without Seek: %d %v", n, err)
		}
		if got, err := collect(c, nil, nil, nil, false, 10); err != nil || show(got) != "a/1=x b/1=y" {
			t.Fatalf("%q %v", show(got), err)
		}
	})

	t.Run("CursorsAreFixed", func(t *testing.T) {
		e, _ := fresh(t)
		set(t, e, "a", 1, "x")
		c, err := e.NewCursor()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		s := e.Snapshot()
		defer s.Close()
		set(t, e, "b", 1, "y")
		b := storage.NewBatch()
		b.Delete([]byte("a"), sfx(1))
		apply(t, e, b)
		sc, err := s.NewCursor()
		if err != nil {
			t.Fatal(err)
		}
		defer sc.Close()
		for name, c := range map[string]storage.Cursor{"cursor": c, "snapshot": sc} {
			for range 2 {
				if got, err := collect(c, nil, nil, nil, false, 10); err != nil || show(got) != "a/1=x" {
					t.Errorf("%s sees %q, %v", name, show(got), err)
				}
			}
		}
		want(t, e, "b/1=y")
	})

	t.Run("BytesAreNotKept", func(t *testing.T) {
		e, _ := fresh(t)
		k, v := []byte("key"), []byte("value")
		b := storage.NewBatch()
		b.Set(k, sfx(1), v)
		tk, err := e.Apply(b, storage.Durable)
		if err != nil {
			t.Fatal(err)
		}
		copy(k, "xxx")
		copy(v, "xxxxx")
		b.Reset()
		b.Set([]byte("other"), sfx(1), []byte("overwrites the batch's memory"))
		if err := tk.Wait(); err != nil {
			t.Fatal(err)
		}
		want(t, e, "key/1=value")
	})

	t.Run("LargeBatch", func(t *testing.T) {
		e, _ := fresh(t)
		b := storage.NewBatch()
		value := []byte(strings.Repeat("v", 1000))
		for i := range 5000 {
			b.Set(fmt.Appendf(nil, "%05d", i), sfx(1), value)
		}
		apply(t, e, b)
		b.Reset()
		for i := range 5000 { // the engine must not have kept this memory
			b.Set(fmt.Appendf(nil, "%05d", i), sfx(2), []byte("new"))
		}
		if got := dump(t, e); len(got) != 5000 || got[4999].value != string(value) {
			t.Fatalf("%d pairs", len(got))
		}
	})

	t.Run("LazyThenSync", func(t *testing.T) {
		fs := vfs.NewCrashableMem()
		e := mustOpen(t, open, fs, "db")
		for i := range 10 {
			b := storage.NewBatch()
			b.Set([]byte{byte('a' + i)}, sfx(1), []byte("x"))
			if _, err := e.Apply(b, storage.Lazy); err != nil {
				t.Fatal(err)
			}
		}
		if err := e.Sync(); err != nil {
			t.Fatal(err)
		}
		crashed := fs.CrashClone(vfs.CrashCloneCfg{})
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		e = mustOpen(t, open, crashed, "db")
		defer e.Close()
		if got := dump(t, e); len(got) != 10 {
			t.Fatalf("after Sync and a crash: %s", show(got))
		}
	})

	t.Run("DurableCarriesLazy", func(t *testing.T) {
		// Rule 5: what was applied before a durable batch survives with it.
		fs := vfs.NewCrashableMem()
		e := mustOpen(t, open, fs, "db")
		b := storage.NewBatch()
		b.Set([]byte("first"), sfx(1), []byte("x"))
		if _, err := e.Apply(b, storage.Lazy); err != nil {
			t.Fatal(err)
		}
		set(t, e, "second", 1, "y")
		crashed := fs.CrashClone(vfs.CrashCloneCfg{})
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		e = mustOpen(t, open, crashed, "db")
		defer e.Close()
		want(t, e, "first/1=x second/1=y")
	})

	t.Run("Reopen", func(t *testing.T) {
		fs, dir := at(t)
		for i := range 5 {
			e := mustOpen(t, open, fs, dir)
			set(t, e, fmt.Sprint(i), 1, "x")
			if got := dump(t, e); len(got) != i+1 {
				t.Fatalf("open %d: %s", i, show(got))
			}
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})

	t.Run("Locked", func(t *testing.T) {
		_, again := fresh(t)
		dir, err := again()
		if !errors.Is(err, storage.ErrLocked) || !strings.Contains(err.Error(), dir) {
			t.Fatalf("second open: %v", err)
		}
	})

	t.Run("Closed", func(t *testing.T) {
		fs, dir := at(t)
		e := mustOpen(t, open, fs, dir)
		if err := errors.Join(e.Close(), e.Close()); err != nil {
			t.Fatal(err)
		}
		b := storage.NewBatch()
		b.Set([]byte("a"), sfx(1), nil)
		if _, err := e.Apply(b, storage.Durable); !errors.Is(err, storage.ErrClosed) {
			t.Errorf("Apply: %v", err)
		}
		if _, err := e.NewCursor(); !errors.Is(err, storage.ErrClosed) {
			t.Errorf("NewCursor: %v", err)
		}
		if err := e.Sync(); !errors.Is(err, storage.ErrClosed) {
			t.Errorf("Sync: %v", err)
		}
		if err := e.Backup(t.Context(), "copy"); !errors.Is(err, storage.ErrClosed) {
			t.Errorf("Backup: %v", err)
		}
	})

	t.Run("Backup", func(t *testing.T) {
		fs, dir := at(t)
		e := mustOpen(t, open, fs, dir)
		defer e.Close()
		one, two := fs.PathJoin(fs.PathDir(dir), "copies", "one"), fs.PathJoin(fs.PathDir(dir), "copies", "two")
		for i := range 2000 {
			set(t, e, fmt.Sprintf("%06d", i), 1, strings.Repeat("x", 200))
		}
		stop, stopped := make(chan struct{}), make(chan error)
		go func() { // writing goes on
			var err error
			for i := 2000; err == nil; i++ {
				select {
				case <-stop:
					stopped <- nil
					return
				default:
				}
				b := storage.NewBatch()
				b.Set(fmt.Appendf(nil, "%06d", i), sfx(1), []byte("later"))
				_, err = e.Apply(b, storage.Lazy)
			}
			stopped <- err
		}()
		if err := e.Backup(t.Context(), one); err != nil {
			t.Fatal(err)
		}
		close(stop)
		if err := <-stopped; err != nil {
			t.Fatal(err)
		}
		copied := mustOpen(t, open, fs, one)
		defer copied.Close()
		got, all := dump(t, copied), dump(t, e)
		if len(got) < 2000 || !slices.Equal(got, all[:len(got)]) {
			t.Fatalf("the copy has %d pairs, or not the first ones written", len(got))
		}
		if err := e.Backup(t.Context(), one); err == nil {
			t.Error("a backup overwrote an existing directory")
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := e.Backup(ctx, two); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled backup: %v", err)
		}
	})

	t.Run("Metrics", func(t *testing.T) {
		e, _ := fresh(t)
		set(t, e, "a", 1, strings.Repeat("x", 10000))
		c, err := e.NewCursor()
		if err != nil {
			t.Fatal(err)
		}
		m := e.Metrics()
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if m.LogWritten < 10000 || m.OpenCursors != 1 || m.Stopped {
			t.Errorf("%+v", m)
		}
	})
}
