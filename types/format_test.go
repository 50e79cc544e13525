package types_test

import (
	"testing"
	"time"

	. "github.com/minisql/minisql/types"
)

// Words that mean a moment take it from the format's clock and zone.
func TestNowAndToday(t *testing.T) {
	berlin, ok := LoadZone("europe/berlin")
	if !ok {
		t.Fatal("no zone")
	}
	f := &Format{ExtraFloatDigits: 1, TimeZone: berlin, Now: time.Date(2024, 7, 31, 22, 30, 1, 500_000_000, time.UTC)}
	for _, c := range []struct {
		o        OID
		in, want string
	}{
		{TimestamptzOID, "now", "2024-08-01 00:30:01.5+02"}, {TimestampOID, "now", "2024-08-01 00:30:01.5"},
		{DateOID, "today", "2024-08-01"}, {DateOID, "yesterday", "2024-07-31"}, {DateOID, "Tomorrow", "2024-08-02"},
		{TimestamptzOID, "today", "2024-08-01 00:00:00+02"}, {TimestampOID, "tomorrow 10:00", "2024-08-02 10:00:00"},
		{TimeOID, "now", "00:30:01.5"}, {TimetzOID, "12:00", "12:00:00+02"}, {TimestamptzOID, "today EST", "2024-08-01 07:00:00+02"},
	} {
		d, err := ParseText(c.o.Type(), c.in, f)
		if err != nil || Text(c.o.Type(), d, f) != c.want {
			t.Errorf("%s %q: %s, %v; want %s", c.o, c.in, Text(c.o.Type(), d, f), err, c.want)
		}
	}
}

// Names of catalog objects come from above.
func TestRegNames(t *testing.T) {
	f := &Format{
		RegOut: func(o OID, id uint32) (string, bool) { return "accounts", o == RegclassOID && id == 16384 },
		RegIn:  func(o OID, name string) (uint32, error) { return 16384, nil },
	}
	d, err := ParseText(RegclassOID.Type(), "accounts", f)
	if err != nil || d.Int() != 16384 {
		t.Fatal(d, err)
	}
	for id, want := range map[int64]string{16384: "accounts", 5: "5", 0: "-"} {
		if got := Text(RegclassOID.Type(), NewInt(id), f); got != want {
			t.Errorf("%d: %s", id, got)
		}
	}
	if got := Text(RegtypeOID.Type(), NewInt(int64(Int4ArrayOID)), nil); got != "integer[]" {
		t.Error(got)
	}
	if _, err := ParseText(RegclassOID.Type(), "accounts", nil); err == nil {
		t.Error("found a table without a catalog")
	}
}
