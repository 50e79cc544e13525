package mvcc_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/minisql/minisql/internal/engines"
	"github.com/minisql/minisql/mvcc"
)

// TestCollectDeleted: whatever is deleted of a table, close together or far apart and however
// many versions there are, collection leaves the live rows and nothing else.
func TestCollectDeleted(t *testing.T) { engines.Each(t, testCollectDeleted) }

func testCollectDeleted(t *testing.T, on engines.Engine) {
	r := newRand(t)
	for _, one := range []int{1, 2, 30, 400} { // of how many is deleted
		w := open(t, on, vfs.NewMem(), mvcc.Options{NoCollect: true})
		const rows = 1500
		live := make([]string, rows)
		key := func(i int) string { return fmt.Sprintf("row%06d", i) }
		for round := range 4 {
			var changes []string
			for i := range rows {
				if round == 0 || r.IntN(3) == 0 {
					live[i] = fmt.Sprintf("%s=%d", key(i), round)
					changes = append(changes, live[i])
				}
			}
			w.write(true, r.IntN(2) == 0, changes...)
		}
		var deleted []string
		for i := range rows {
			if r.IntN(one) == 0 {
				live[i] = ""
				deleted = append(deleted, key(i))
			}
		}
		if r.IntN(2) == 0 { // not in the order of keys
			r.Shuffle(len(deleted), func(i, j int) { deleted[i], deleted[j] = deleted[j], deleted[i] })
		}
		w.write(true, false, deleted...)
		want := slices.DeleteFunc(live, func(s string) bool { return s == "" })
		w.collect()
		if got := w.versions(); got != len(want) {
			t.Errorf("one of %d: %d versions of %d rows are left", one, got, len(want))
		}
		if got := w.scan(w.s.Now(), "", "", false, 100); got != strings.Join(want, " ") {
			t.Errorf("one of %d: rows are missing, or back", one)
		}
		w.close()
	}
}
