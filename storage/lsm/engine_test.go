package lsm_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/minisql/minisql/storage"
	"github.com/minisql/minisql/storage/lsm"
	"github.com/minisql/minisql/storage/storagetest"
)

func openSmall(fs vfs.FS, dir string) (storage.Engine, error) {
	e, err := lsm.Open(dir, lsm.Options{FS: fs, MemoryBytes: 1 << 20, MinFreeBytes: -1})
	if err != nil {
		return nil, err
	}
	return e, nil
}

func TestMemory(t *testing.T) { storagetest.Run(t, openSmall) }

func TestDisk(t *testing.T) { storagetest.RunDisk(t, openSmall) }

// TestDamage flips a byte in the middle of every table in turn: a read of all pairs
// must name the file or give the right answer.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	e, err := lsm.Open(dir, lsm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := storage.NewBatch()
	for i := range 2000 {
		b.Set([]byte{byte(i >> 8), byte(i)}, make([]byte, 8), []byte(strings.Repeat("value", 20)))
	}
	if _, err := e.Apply(b, storage.Lazy); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(e.Flush(), e.Close()); err != nil {
		t.Fatal(err)
	}
	tables, _ := filepath.Glob(filepath.Join(dir, "*.sst"))
	if len(tables) == 0 {
		t.Fatal("no table to damage")
	}
	data, err := os.ReadFile(tables[0])
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/3] ^= 0x40
	if err := os.WriteFile(tables[0], data, 0o600); err != nil {
		t.Fatal(err)
	}
	e, err = lsm.Open(dir, lsm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	c, err := e.NewCursor()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var run storage.Run
	c.Seek(nil, nil, nil, false)
	n := 1
	for n > 0 && err == nil {
		n, err = c.Next(&run, 1000)
	}
	if !errors.Is(err, storage.ErrCorrupt) || !strings.Contains(err.Error(), strings.TrimSuffix(filepath.Base(tables[0]), ".sst")) {
		t.Fatalf("reading a damaged table: %v", err)
	}
}

// TestNoSpace refuses writes while the disk is nearly full and takes them again
// afterwards.
func TestNoSpace(t *testing.T) {
	disk := &smallDisk{FS: vfs.NewMem(), avail: 1 << 30}
	e, err := lsm.Open("db", lsm.Options{FS: disk})
	if err != nil {
		t.Fatal(err)
	}
	b := storage.NewBatch()
	put := func() error {
		b.Reset()
		b.Set([]byte("k"), make([]byte, 8), make([]byte, 5<<20))
		tk, err := e.Apply(b, storage.Durable)
		if err != nil {
			return err
		}
		return tk.Wait()
	}
	if err := put(); err != nil {
		t.Fatal(err)
	}
	disk.avail = 1 << 20
	if err := put(); !errors.Is(err, storage.ErrNoSpace) {
		t.Fatalf("on a full disk: %v", err)
	}
	disk.avail = 1 << 30
	if err := put(); err != nil {
		t.Fatalf("after space was made: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

type smallDisk struct {
	vfs.FS
	avail uint64
}

func (d *smallDisk) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{AvailBytes: d.avail, TotalBytes: 1 << 40}, nil
}

// Pebble compares bare prefixes: a cursor that goes back and forth between prefixes of
// different lengths must find every key (it once guessed where the suffix began).
func TestPrefixesOfManyLengths(t *testing.T) {
	e, err := lsm.Open("", lsm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var prefixes [][]byte
	for n := range 300 {
		p := []byte{2, 0, 0, 64, 1, 0, 0, 0, byte(100 + n%3), byte(n)}
		prefixes = append(prefixes, p, append(p[:len(p):len(p)], 0xD0), append(p[:len(p):len(p)], 0))
	}
	suffix := make([]byte, storage.SuffixLen)
	b := storage.NewBatch()
	for _, p := range prefixes {
		b.Set(p, suffix, p)
	}
	ticket, err := e.Apply(b, storage.Durable)
	if err != nil {
		t.Fatal(err)
	}
	if err := ticket.Wait(); err != nil {
		t.Fatal(err)
	}
	c, err := e.NewCursor()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range prefixes {
		for _, p := range [][]byte{prefixes[i], prefixes[len(prefixes)-1-i], prefixes[0]} {
			_, v, ok, err := c.Get(p, suffix)
			if err != nil || !ok || string(v) != string(p) {
				t.Fatalf("key %x: %x, %t, %v", p, v, ok, err)
			}
		}
	}
}

// TestBatchUsedAgain: a batch may be used again at once, though Pebble keeps the memory of one
// that fills much of a memtable, as many small operations do.
func TestBatchUsedAgain(t *testing.T) {
	e, err := openSmall(vfs.NewMem(), "db")
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	b := storage.NewBatch()
	suffix := make([]byte, storage.SuffixLen)
	key := func(table, i int) []byte { return []byte{byte(table), byte(i >> 8), byte(i)} }
	table := 0
	for n := 50; n <= 6400; n *= 2 {
		table++
		for i := range n {
			b.Set(key(table, i), suffix, nil)
		}
		if _, err := e.Apply(b, storage.Lazy); err != nil {
			t.Fatal(err)
		}
		b.Reset()
		for i := range n {
			b.Set(key(255, i), suffix, nil) // not applied
		}
		b.Reset()
		c, err := e.NewCursor()
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if _, _, ok, err := c.Get(key(table, i), suffix); !ok || err != nil {
				t.Fatalf("key %d of a batch of %d is lost: %v", i, n, err)
			}
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
