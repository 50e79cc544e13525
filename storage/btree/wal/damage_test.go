package wal

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/minisql/minisql/storage"
)

// contents are the log's files by name.
type contents map[string][]byte

func read(t testing.TB, fs vfs.FS) contents {
	t.Helper()
	c := make(contents)
	for _, name := range list(t, fs) {
		f, err := fs.Open("wal/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if c[name], err = io.ReadAll(f); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	return c
}

// disk makes a file system of the contents.
func (c contents) disk() vfs.FS {
	fs := vfs.NewMem()
	if err := fs.MkdirAll("wal", 0o700); err != nil {
		panic(err)
	}
	for name, b := range c {
		f, err := fs.Create("wal/"+name, category)
		if err != nil {
			panic(err)
		}
		_, _ = f.Write(slices.Clone(b))
		f.Close()
	}
	return fs
}

// with returns a copy in which one file is changed.
func (c contents) with(name string, change func(b []byte) []byte) contents {
	out := make(contents)
	for n, b := range c {
		out[n] = b
	}
	out[name] = change(slices.Clone(c[name]))
	return out
}

// written makes a log with the given number of groups of three records.
func written(t testing.TB, groups int) (contents, *Log) {
	t.Helper()
	fs := vfs.NewMem()
	l, _ := mustReopen(t, fs, 1)
	for range groups {
		add(t, l, 3)
	}
	settled(l)
	mustClose(t, l)
	return read(t, fs), l
}

// TestTornTail cuts the last group at every sector: the records before it are there, it is
// not, and the log goes on. Then the same with the next recovery.
func TestTornTail(t *testing.T) {
	fs := vfs.NewMem()
	l, _ := mustReopen(t, fs, 1)
	add(t, l, 3)
	add(t, l, 3)
	before := read(t, fs)["000001.log"]
	add(t, l, 37) // one of them large
	after := read(t, fs)
	mustClose(t, l)
	last := after["000001.log"]
	start, end := 0, 0
	for i := range last {
		if last[i] != before[i] {
			if start == 0 {
				start = i
			}
			end = i + 1
		}
	}
	if end-start < 3*blockBytes {
		t.Fatalf("the last group has %d bytes", end-start)
	}
	for _, fromEnd := range []bool{false, true} {
		for cut := start; cut < end; cut += 512 {
			torn := after.with("000001.log", func(b []byte) []byte {
				if fromEnd { // the last sectors reached the disk, the first did not
					copy(b[start:cut], before[start:cut])
				} else {
					copy(b[cut:end], before[cut:end])
				}
				return b
			})
			fs := torn.disk()
			want := uint64(7)
			if fromEnd && cut == start {
				want = 44 // nothing was cut
			}
			for range 3 {
				l, next := mustReopen(t, fs, 1)
				if next != want {
					t.Fatalf("cut at %d, from the end %v: records up to %d, want %d", cut, fromEnd, next, want)
				}
				add(t, l, 1)
				want++
				mustClose(t, l)
			}
		}
	}
}

// TestTornFirstGroup cuts the write that begins a segment, header and all.
func TestTornFirstGroup(t *testing.T) {
	fs := vfs.NewMem()
	l, _ := mustReopen(t, fs, 1)
	for l.last == nil || l.last.seq == 1 {
		add(t, l, 36)
	}
	settled(l)
	after := read(t, fs)
	mustClose(t, l)
	delete(after, "000003.log") // was not prepared yet
	first := l.last.first
	for keep := 0; keep <= 4; keep++ { // which sectors of the beginning survived, as bits
		for _, sector := range []int{0, 1, 8, 9, 15} {
			torn := after.with("000002.log", func(b []byte) []byte {
				if keep == 0 { // all but one
					clear(b[sector*512 : sector*512+512])
					return b
				}
				part := b[sector*512 : sector*512+512*keep]
				part = slices.Clone(part)
				clear(b)
				copy(b[sector*512:], part)
				return b
			})
			fs := torn.disk()
			l, next, err := reopen(fs, 1, small(fs))
			if keep == 0 && sector == 0 && errors.Is(err, storage.ErrCorrupt) {
				continue // a header alone does not vanish once a second group is there
			}
			if err != nil {
				t.Fatalf("sector %d, keep %d: %v", sector, keep, err)
			}
			if next < first {
				t.Fatalf("sector %d, keep %d: up to %d, and the segment begins at %d", sector, keep, next, first)
			}
			add(t, l, 1)
			mustClose(t, l)
			l, again := mustReopen(t, fs, 1)
			if again != next+1 {
				t.Fatalf("up to %d, then %d", next, again)
			}
			mustClose(t, l)
		}
	}
}

// TestFlippedBits flips a bit in every block of the log. In what the last group
// follows it is always found, and the place named.
func TestFlippedBits(t *testing.T) {
	c, l := written(t, 60)
	if l.last.seq < 3 {
		t.Fatalf("%d segments", l.last.seq)
	}
	for name, b := range c {
		var seq uint64
		fmt.Sscanf(name, "%d.log", &seq)
		for at := 0; at < len(b); at += blockBytes {
			block := b[at : at+blockBytes]
			used := len(strings.TrimRight(string(block), "\x00"))
			if used == 0 {
				continue
			}
			for _, bit := range []int{0, used / 2, used - 1} {
				if bit < 4 && at == 0 {
					bit += 8 // the magic's damage is tried below
				}
				fs := c.with(name, func(b []byte) []byte { b[at+bit] ^= 0x10; return b }).disk()
				_, next, err := reopen(fs, 1, small(fs))
				if seq == l.last.seq && int64(at) >= l.last.end-4*blockBytes && err == nil {
					if next < uint64(180-3) {
						t.Fatalf("%s at %d: up to %d", name, at, next)
					}
					continue // the last group: torn, or never acknowledged
				}
				if !errors.Is(err, storage.ErrCorrupt) || !strings.Contains(err.Error(), name) {
					t.Fatalf("%s at %d: %v, up to %d", name, at+bit, err, next)
				}
			}
		}
	}
}

// TestMissing removes, shortens and mixes up files.
func TestMissing(t *testing.T) {
	c, l := written(t, 60)
	last := l.last.seq
	if last < 3 {
		t.Fatal(last)
	}
	spare := fileName(last + 1)
	for _, tc := range []struct {
		name   string
		change func(contents)
		want   string // in the error; "" is none
	}{
		{"nothing", func(contents) {}, ""},
		{"the spare", func(c contents) { delete(c, spare) }, ""},
		{"an empty spare", func(c contents) { c[spare] = nil }, ""},
		{"a spare with garbage", func(c contents) { c[spare] = slices.Repeat([]byte("x"), 70001) }, ""},
		{"other files", func(c contents) { c["notes.txt"] = nil; c["7.log"] = nil }, ""},
		{"the first", func(c contents) { delete(c, "000001.log") }, "000002.log at offset 0"},
		{"the second", func(c contents) { delete(c, "000002.log") }, "000002.log is missing"},
		{"the last", func(c contents) { delete(c, fileName(last)) }, fileName(last) + " is missing"},
		{"the first is empty", func(c contents) { c["000001.log"] = nil }, "000001.log at offset 0"},
		{"the first is short", func(c contents) { c["000001.log"] = c["000001.log"][:10000] }, "000001.log at offset 12288"},
		{"the last has no header", func(c contents) { clear(c[fileName(last)][:512]) }, fileName(last) + " at offset 0"},
		{"the last is swapped with the first", func(c contents) {
			c["000001.log"], c[fileName(last)] = c[fileName(last)], c["000001.log"]
		}, "000001.log at offset 0"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			changed := c.with("000001.log", func(b []byte) []byte { return b })
			changed[fileName(last)] = slices.Clone(changed[fileName(last)])
			tc.change(changed)
			fs := changed.disk()
			l, next, err := reopen(fs, 1, small(fs))
			if tc.want == "" {
				if err != nil || next != 181 {
					t.Fatal(next, err)
				}
				add(t, l, 500)
				mustClose(t, l)
				return
			}
			if !errors.Is(err, storage.ErrCorrupt) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v, want %s", err, tc.want)
			}
		})
	}
}

// TestFormatVersion refuses a log of a later version.
func TestFormatVersion(t *testing.T) {
	c, _ := written(t, 1)
	fs := c.with("000001.log", func(b []byte) []byte {
		b[8]++
		h := headerSum(b)
		b[12], b[13], b[14], b[15] = byte(h), byte(h>>8), byte(h>>16), byte(h>>24)
		return b
	}).disk()
	if _, _, err := reopen(fs, 1, small(fs)); err == nil || errors.Is(err, storage.ErrCorrupt) || !strings.Contains(err.Error(), "log format 2") {
		t.Error(err)
	}
}

// FuzzOpen overwrites a part of a log: Open neither panics nor delivers a record that
// was not written, and what it delivers has no gaps.
func FuzzOpen(f *testing.F) {
	c, l := written(f, 60)
	f.Add(uint8(1), uint32(0), []byte("x"), false)
	f.Add(uint8(1), uint32(blockBytes), []byte{0, 0, 0, 0}, false)
	f.Add(uint8(2), uint32(blockBytes+24), []byte{255, 255, 255, 255, 255, 255, 255, 255}, false)
	f.Add(uint8(l.last.seq), uint32(0), []byte{}, true)
	f.Add(uint8(l.last.seq), uint32(l.last.end), c["000001.log"][blockBytes:3*blockBytes], false)
	f.Add(uint8(l.last.seq+1), uint32(0), c["000001.log"], false)
	f.Fuzz(func(t *testing.T, seq uint8, at uint32, b []byte, cut bool) {
		fs := c.with(fileName(uint64(seq)), func(old []byte) []byte {
			n := int(at) % (1 << 17)
			if len(old) < n+len(b) {
				old = append(old, make([]byte, n+len(b)-len(old))...)
			}
			copy(old[n:], b)
			if cut {
				old = old[:n+len(b)]
			}
			return old
		}).disk()
		l, next, err := reopen(fs, 1, small(fs))
		if err != nil {
			if !errors.Is(err, storage.ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		if next > 181 {
			t.Fatalf("up to %d", next)
		}
		add(t, l, 2)
		mustClose(t, l)
		l, again := mustReopen(t, fs, 1)
		if again != next+2 {
			t.Fatalf("up to %d, then %d", next, again)
		}
		mustClose(t, l)
	})
}
