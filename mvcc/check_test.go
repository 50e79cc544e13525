package mvcc_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/minisql/minisql/internal/engines"
	"github.com/minisql/minisql/mvcc"
	"github.com/minisql/minisql/storage"
)

// TestCheck damages a store, in one way at a time, and looks for the fault.
func TestCheck(t *testing.T) { engines.Each(t, testCheck) }

func testCheck(t *testing.T, on engines.Engine) {
	type pair struct {
		key   string
		at    uint64
		value string
	}
	const (
		past   = 100                                                  // before every commit of the test
		meta   = ^uint64(0)                                           // the suffix of some keys is zero
		dropd  = "\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01a\x01b" // a segment that was rolled back, from a to b
		commit = "\x01\x00\x00\x00\x00\x00\x00\x00\x00"
	)
	for name, c := range map[string]struct {
		damage []pair
		want   string // part of the only fault; "" for none
	}{
		"none":                  {nil, ""},
		"no value":              {[]pair{{"x", past, ""}}, "no valid kind"},
		"kind":                  {[]pair{{"x", past, "v\x07"}}, "no valid kind"},
		"above the ceiling":     {[]pair{{"x", 1 << 62, "v\x01"}}, "above the ceiling"},
		"at 0":                  {[]pair{{"x", 0, "v\x01"}}, "above the ceiling"},
		"moved nowhere":         {[]pair{{"gone", past, "\xFFx\x00"}}, "a tombstone with the value"},
		"tombstone":             {[]pair{{"x", past, "\x00"}}, "garbage that nothing will remove"},
		"version below another": {[]pair{{"live", past, "v\x01"}}, "garbage that nothing will remove"},
		"unknown":               {[]pair{{"\xFFnew", past, ""}}, "not one that this room has"},
		"ceiling":               {[]pair{{"\xFFceiling", meta, "?"}}, "ceiling of 1 bytes"},
		"queue":                 {[]pair{{"\xFFgarbage", meta, "?"}}, "recorded garbage queue"},
		"span to be removed":    {[]pair{{"\xFFdrop/b", past, "a"}}, "span to be removed"},
		"segment":               {[]pair{{"\xFFspill", past, "?"}}, "segment 100: "},
		"segment's commit":      {[]pair{{"\xFFspill", past, commit}}, "state 1, committed at 0"},
		"outside of a segment":  {[]pair{{"\xFFspill", past, dropd}, {"x", past, "v\x01"}}, "a segment that does not name the key"},
		"inside of a segment":   {[]pair{{"\xFFspill", past, dropd}, {"ab", past, "v\x01"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t, on, vfs.NewMem(), mvcc.Options{})
			w.write(false, true, "live=1", "gone=1")
			held := w.s.NewSnapshot()
			held.Take()
			w.write(false, true, "live=2", "gone") // garbage below, which is recorded
			if err := w.s.Close(); err != nil {
				t.Fatal(err)
			}
			w.s = nil
			b := storage.NewBatch()
			for _, p := range c.damage {
				b.Set([]byte(p.key), binary.BigEndian.AppendUint64(nil, ^p.at), []byte(p.value))
			}
			if _, err := w.e.Apply(b, storage.Lazy); err != nil {
				t.Fatal(err)
			}
			var faults []string
			_, err := mvcc.Check(t.Context(), w.e, func(err error) { faults = append(faults, err.Error()) }, nil)
			if err != nil {
				t.Fatal(err)
			}
			want := 1
			if c.want == "" {
				want = 0
			}
			if len(faults) != want || !strings.Contains(strings.Join(faults, ""), c.want) {
				t.Errorf("found %q, want %q", faults, c.want)
			}
			if err := w.e.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}
