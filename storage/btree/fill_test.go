package btree

import (
	"encoding/binary"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/minisql/minisql/storage"
)

// TestKeysInOrder checks that a load in key order fills its pages, also where other keys
// follow, and leaves room for an update of some rows of each.
func TestKeysInOrder(t *testing.T) {
	fs := vfs.NewMem()
	opts := Options{FS: fs, MinFreeBytes: -1}
	e, err := Open("db", opts)
	if err != nil {
		t.Fatal(err)
	}
	b := storage.NewBatch()
	put := func(table, row, suffix int) {
		k := append([]byte{byte(table), 0}, binary.BigEndian.AppendUint32(nil, uint32(row))...)
		b.Set(k, binary.BigEndian.AppendUint64(nil, uint64(suffix)), make([]byte, 100))
		if b.Len() == 100 {
			if _, err := e.Apply(b, storage.Lazy); err != nil {
				t.Fatal(err)
			}
			b.Reset()
			e.views.unpin(e.pinNewest())
		}
	}
	const rows = 20_000
	for table := 9; table > 0; table -= 4 {
		for row := range rows {
			put(table, row, 100)
		}
	}
	for row := 0; row < rows; row += 20 {
		put(5, row, 50)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	c := checkDir(t, fs, "db")
	if perPage := c.Pairs / c.Pages; perPage < 55 { // of 63
		t.Errorf("%d pairs a page: %+v", perPage, c)
	}
}

// TestRemovedRows checks that few pages are left where rows were removed, whether many by a
// batch or one.
func TestRemovedRows(t *testing.T) {
	const rows = 20_000
	for _, every := range []int{0, 2, 20} { // of which one is kept; 0: none
		for _, at := range []int{1, 7, 1000, rows} { // in a batch
			fs := vfs.NewMem()
			e, err := Open("db", Options{FS: fs, MinFreeBytes: -1})
			if err != nil {
				t.Fatal(err)
			}
			b := storage.NewBatch()
			key := func(row int) []byte { return binary.BigEndian.AppendUint32([]byte{1}, uint32(row)) }
			suffix, kept := make([]byte, storage.SuffixLen), 0
			for row := range rows {
				b.Set(key(row), suffix, make([]byte, 100))
			}
			apply := func() {
				if _, err := e.Apply(b, storage.Lazy); err != nil {
					t.Fatal(err)
				}
				b.Reset()
			}
			apply()
			for row := range rows {
				if every > 0 && row%every == 0 {
					kept++
				} else {
					b.Delete(key(row), suffix)
				}
				if b.Len() == at {
					apply()
				}
			}
			apply()
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			c := checkDir(t, fs, "db")
			if int(c.Pairs) != kept {
				t.Errorf("one of %d kept, %d in a batch: %d pairs are left of %d", every, at, c.Pairs, kept)
			}
			if most := 2 + kept/15; int(c.Pages) > most { // a quarter full
				t.Errorf("one of %d kept, %d in a batch: %d pages, more than %d", every, at, c.Pages, most)
			}
		}
	}
}
