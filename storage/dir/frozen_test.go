package dir_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/minisql/minisql/storage"
	"github.com/minisql/minisql/storage/dir"
)

const category = vfs.WriteCategoryUnspecified

func write(t *testing.T, fs vfs.FS, name string, b []byte) {
	t.Helper()
	f, err := fs.Create(name, category)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write(bytes.Clone(b))
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, fs vfs.FS, name string) []byte {
	t.Helper()
	f, err := fs.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestFrozen changes files and compares with what they should hold; on the disk nothing changes.
func TestFrozen(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	random := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	disk := vfs.NewMem()
	if err := disk.MkdirAll("db", 0o700); err != nil {
		t.Fatal(err)
	}
	onDisk := map[string][]byte{"db/a": random(10_000), "db/b": random(100), "db/c": nil}
	model := make(map[string][]byte)
	for name, b := range onDisk {
		write(t, disk, name, b)
		model[name] = bytes.Clone(b)
	}
	f, err := dir.Freeze(t.Context(), disk, "db")
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"db/a", "db/b", "db/c", "db/d", "db/e"}
	for range 3000 {
		name, other := names[r.IntN(len(names))], names[r.IntN(len(names))]
		_, there := model[name]
		switch n := r.IntN(100); {
		case n < 50:
			file, err := f.OpenReadWrite(name, category)
			if err != nil {
				t.Fatal(err)
			}
			b, at := random(r.IntN(9000)), r.IntN(12_000)
			if _, err := file.WriteAt(bytes.Clone(b), int64(at)); err != nil {
				t.Fatal(err)
			}
			m := model[name]
			if len(b) > 0 && len(m) < at+len(b) {
				m = append(m, make([]byte, at+len(b)-len(m))...)
			}
			copy(m[min(at, len(m)):], b)
			model[name] = m
		case n < 55:
			b := random(r.IntN(9000))
			write(t, f, name, b)
			model[name] = b
		case n < 60 && name != other:
			if err := f.Rename(name, other); (err == nil) != there {
				t.Fatal(name, there, err)
			}
			if there {
				model[other] = model[name]
				delete(model, name)
			}
		case n < 65:
			if err := f.Remove(name); (err == nil) != there {
				t.Fatal(name, there, err)
			}
			delete(model, name)
		case there:
			if got := read(t, f, name); !bytes.Equal(got, model[name]) {
				t.Fatalf("%s has %d bytes, want %d", name, len(got), len(model[name]))
			}
			if info, err := f.Stat(name); err != nil || info.Size() != int64(len(model[name])) {
				t.Fatal(name, info, err)
			}
		default:
			if _, err := f.Open(name); !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(name, err)
			}
			if _, err := f.Stat(name); !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(name, err)
			}
		}
		list, err := f.List("db")
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for name := range model {
			want = append(want, f.PathBase(name))
		}
		list = slices.DeleteFunc(list, func(name string) bool { return name == "LOCK" })
		slices.Sort(list)
		slices.Sort(want)
		if !slices.Equal(list, want) {
			t.Fatalf("the names are %v, want %v", list, want)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for name, b := range onDisk {
		if !bytes.Equal(read(t, disk, name), b) {
			t.Errorf("%s has changed on the disk", name)
		}
	}
}

// TestFrozenExcludes others, and stops when its context ends.
func TestFrozenExcludes(t *testing.T) {
	path := t.TempDir()
	write(t, vfs.Default, path+"/a", []byte("a"))
	ctx, cancel := context.WithCancelCause(context.Background())
	f, err := dir.Freeze(ctx, vfs.Default, path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dir.Freeze(ctx, vfs.Default, path); !errors.Is(err, storage.ErrLocked) {
		t.Error(err)
	}
	a, err := f.Open(path + "/a")
	if err != nil {
		t.Fatal(err)
	}
	boom := errors.New("boom")
	cancel(boom)
	if _, err := a.ReadAt(make([]byte, 1), 0); !errors.Is(err, boom) {
		t.Error(err)
	}
	if err := errors.Join(a.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	f, err = dir.Freeze(context.Background(), vfs.Default, path)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{path + "/a", path + "/missing"} {
		if _, err := dir.Freeze(context.Background(), vfs.Default, path); err == nil {
			t.Error(path)
		}
	}
}
