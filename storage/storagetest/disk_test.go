package storagetest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestDiskIsAFileSystem does the same random things to a Disk and to Pebble's file system in
// memory: they must agree, and so must a Disk that is made from the history.
func TestDiskIsAFileSystem(t *testing.T) {
	r := newRand(t)
	disk, mem := NewDisk(), vfs.NewMem()
	names := []string{"a", "b", "d/a", "d/b", "d/e/c"}
	both := func(what string, do func(fs vfs.FS) error) {
		t.Helper()
		one, two := do(disk), do(mem)
		if (one == nil) != (two == nil) || errors.Is(one, fs.ErrNotExist) != errors.Is(two, fs.ErrNotExist) {
			t.Fatalf("%s: %v, want %v", what, one, two)
		}
	}
	for _, dir := range []string{"d", "d/e"} {
		both("mkdir", func(fs vfs.FS) error { return fs.MkdirAll(dir, 0o700) })
	}
	for range 2000 {
		name, other := names[r.IntN(len(names))], names[r.IntN(len(names))]
		b := make([]byte, r.IntN(10_000))
		if r.IntN(3) > 0 {
			for i := range b {
				b[i] = byte(r.Uint32())
			}
		}
		off := int64(r.IntN(20_000))
		write := func(f vfs.File, err error) error {
			if err != nil {
				return err
			}
			_, err = f.Write(slices.Clone(b))
			return errors.Join(err, f.Close())
		}
		switch r.IntN(8) {
		case 0:
			both("create "+name, func(fs vfs.FS) error { return write(fs.Create(name, "")) })
		case 1:
			both("remove "+name, func(fs vfs.FS) error { return fs.Remove(name) })
		case 2:
			if name != other { // which Pebble's loses
				both("rename "+name, func(fs vfs.FS) error { return fs.Rename(name, other) })
			}
		case 3:
			both("link "+name, func(fs vfs.FS) error { return fs.Link(name, other) })
		case 4:
			if name != other {
				both("reuse "+name, func(fs vfs.FS) error { return write(fs.ReuseForWrite(name, other, "")) })
			}
		case 5:
			both("list", func(fs vfs.FS) error {
				_, err := fs.List(name)
				return err
			})
		default:
			both("write "+name, func(fs vfs.FS) error {
				f, err := fs.OpenReadWrite(name, "")
				if err != nil {
					return err
				}
				_, err = f.WriteAt(slices.Clone(b), off)
				return errors.Join(err, f.Sync(), f.Close())
			})
		}
	}
	var end *state
	for _, s := range disk.moments() {
		end = s
	}
	want := tree(t, mem, "")
	for name, fs := range map[string]vfs.FS{"the disk": disk, "its history": end.crash(keepAll, true, r).disk(), "it, killed": end.crash(killed, true, r).disk()} {
		if got := tree(t, fs, ""); got != want {
			t.Errorf("%s has %s, want %s", name, got, want)
		}
	}
}

// tree lists all files with a sum of their bytes.
func tree(t *testing.T, fs vfs.FS, dir string) string {
	t.Helper()
	names, err := fs.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	var out strings.Builder
	for _, name := range names {
		name = fs.PathJoin(dir, name)
		info, err := fs.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.IsDir() {
			fmt.Fprintf(&out, "%s/ %s", name, tree(t, fs, name))
			continue
		}
		sum := 0
		for i, b := range contentsOf(t, fs, name) {
			sum = sum*31 + int(b) ^ i
		}
		fmt.Fprintf(&out, "%s %d %d ", name, info.Size(), sum)
	}
	return out.String()
}

func contentsOf(t *testing.T, fs vfs.FS, name string) []byte {
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

// TestWhatCrashesLeave writes a file over a synced one, and lists what crashes make of it.
func TestWhatCrashesLeave(t *testing.T) {
	r := newRand(t)
	d := NewDisk()
	f, err := d.Create("f", "")
	if err != nil {
		t.Fatal(err)
	}
	root, err := d.OpenDir("")
	if err != nil {
		t.Fatal(err)
	}
	part := func(c string) []byte { return bytes.Repeat([]byte(c), sectorBytes) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	writeAt := func(b []byte, off int64) {
		_, err := f.WriteAt(b, off)
		must(err)
	}
	writeAt(bytes.Repeat(part("a"), 3), 0)
	must(errors.Join(f.Sync(), root.Sync()))
	writeAt(part("b"), sectorBytes)                                         // an overwritten sector
	writeAt(bytes.Repeat(part("c"), 3), 2*sectorBytes)                      // one more, and two appended
	must(errors.Join(d.Rename("f", "g"), d.MkdirAll("x", 0), root.Close())) // no sync
	seen := make(map[loss]map[string]int)
	for _, s := range d.moments() {
		if s.now < d.Len() {
			continue
		}
		for how := range losses {
			seen[how] = make(map[string]int)
			for range 3000 {
				after := s.crash(how, true, r).disk()
				names, _ := after.List("")
				slices.Sort(names)
				state := strings.Join(names, ",")
				for _, name := range names {
					if name == "x" {
						continue
					}
					state += ":"
					for sector := range slices.Chunk(contentsOf(t, after, name), sectorBytes) {
						c := sector[0]
						if bytes.Count(sector, sector[:1]) != len(sector) {
							c = '?'
						} else if c == 0 {
							c = '0'
						}
						state += string(c)
					}
				}
				seen[how][state]++
			}
		}
	}
	exactly := func(how loss, want ...string) {
		t.Helper()
		for _, w := range want {
			if seen[how][w] == 0 {
				t.Errorf("%v: never %q", how, w)
			}
			delete(seen[how], w)
		}
		if len(seen[how]) > 0 {
			t.Errorf("%v: also %v", how, seen[how])
		}
	}
	exactly(loseAll, "f:aaa")
	exactly(keepAll, "g,x:abccc")
	exactly(killed, "g,x:abccc")
	exactly(tornTail, "g,x:aba", "g,x:ab?", "g,x:abc", "g,x:abc?", "g,x:abcc", "g,x:abcc?")
	exactly(tornHead, "g,x:abacc", "g,x:ab?cc", "g,x:aba0c", "g,x:aba?c", "g,x:aba", "g,x:aba0?")
	for _, some := range []string{"f:aaa", "g:aaa", "f,x:aaa", "g,x:abccc", "f:ab?cc", "f:abc0c", "f:aaa0?"} {
		if seen[scatter][some] == 0 {
			t.Errorf("%v: never %q in %v", scatter, some, seen[scatter])
		}
	}
	for state := range seen[scatter] {
		if _, bytes, _ := strings.Cut(state, ":"); !strings.HasPrefix(bytes, "a") || strings.HasPrefix(bytes, "a0") || strings.HasPrefix(bytes, "ac") {
			t.Errorf("%v: %q", scatter, state)
		}
	}
}
