package lsm

import (
	"encoding/binary"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/minisql/minisql/storage"
)

// TestCrowd: a scan does not step over all that was removed of a row that is updated all the time.
func TestCrowd(t *testing.T) {
	e, err := Open("db", Options{FS: vfs.NewMem(), MinFreeBytes: -1}) // all of it stays in the memtable
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	const rows, versions = 20, 500
	suffix := func(version int) []byte { // newer ones come first
		return binary.BigEndian.AppendUint64(nil, uint64(versions-version))
	}
	for v := range versions {
		b := storage.NewBatch()
		for i := range rows {
			b.Set([]byte{1, byte(i)}, suffix(v), []byte{byte(v)})
			if v > 0 {
				b.Delete([]byte{1, byte(i)}, suffix(v-1))
			}
		}
		if _, err := e.Apply(b, storage.Lazy); err != nil {
			t.Fatal(err)
		}
	}
	c, err := e.NewCursor()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	var run storage.Run
	c.Seek([]byte{1}, []byte{2}, suffix(versions), false)
	n, err := c.Next(&run, 1000)
	if err != nil || n != rows {
		t.Fatal(n, err)
	}
	steps := c.(*cursor).iter.Stats().ForwardStepCount[pebble.InternalIterCall]
	if all := rows * versions; steps > all/4 {
		t.Errorf("%d steps for %d rows; %d versions were removed", steps, rows, all)
	}

	// Those who come later know of it, but for one in crowdedScans, which looks.
	looks := 0
	scan := func() {
		t.Helper()
		before := c.(*cursor).iter.Stats().ForwardStepCount[pebble.InternalIterCall]
		c.Seek([]byte{1}, []byte{2}, suffix(versions), false)
		if n, err := c.Next(&run, 1000); err != nil || n != rows {
			t.Fatal(n, err)
		}
		for i := range rows {
			if run.Values[i][0] != byte((versions-1)%256) || run.Keys[i][1] != byte(i) {
				t.Fatalf("row %d is %v: %v", i, run.Keys[i], run.Values[i])
			}
		}
		if c.(*cursor).iter.Stats().ForwardStepCount[pebble.InternalIterCall]-before > versions {
			looks++
		}
	}
	for range 2 * crowdedScans {
		scan()
	}
	if looks == 0 || looks > 2 {
		t.Errorf("%d of %d scans have stepped over removed versions", looks, 2*crowdedScans)
	}

	// Once all that is compacted, they find out. (A table that overlaps no other is not rewritten, so there is a second one.)
	for range 2 {
		if err := e.db.Compact(t.Context(), []byte{0}, []byte{255}, false); err != nil {
			t.Fatal(err)
		}
		b := storage.NewBatch()
		b.Delete([]byte{1, 0, 0}, suffix(0))
		b.Delete([]byte{1, rows, 0}, suffix(0))
		if _, err := e.Apply(b, storage.Lazy); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if c, err = e.NewCursor(); err != nil {
		t.Fatal(err)
	}
	for range crowdedScans + 1 {
		scan()
	}
	if left := e.crowds.of([]byte{1}).Load(); left > 0 {
		t.Errorf("%d more scans would seek where no crowd is left", left)
	}
}
