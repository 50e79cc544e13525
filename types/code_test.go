package types_test

import (
	"bytes"
	"encoding/hex"
	"testing"

	. "github.com/minisql/minisql/types"
)

// The bytes of keys are on disk; this table is the format's promise.
func TestKeysAreFrozen(t *testing.T) {
	num := func(s string) Datum {
		d, err := ParseText(NumericOID.Type(), s, nil)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, c := range []struct {
		o    OID
		d    Datum
		want string
	}{
		{Int8OID, NewInt(0), "20"}, {Int8OID, NewInt(207), "ef"}, {Int8OID, NewInt(208), "f0d0"}, {Int8OID, NewInt(256), "f10100"},
		{Int8OID, NewInt(-1), "17ff"}, {Int8OID, NewInt(-256), "1700"}, {Int8OID, NewInt(-257), "16feff"},
		{Int8OID, NewInt(1<<63 - 1), "f77fffffffffffffff"}, {Int8OID, NewInt(-1 << 63), "108000000000000000"},
		{BoolOID, True, "21"}, {Float8OID, NewFloat(1), "30bff0000000000000"}, {Float8OID, NewFloat(-1), "30400fffffffffffff"},
		{TextOID, NewText("ab"), "4061620001"}, {TextOID, NewText("a\x00b"), "406100ff620001"}, {TextOID, NewText(""), "400001"},
		{BpcharOID, NewText("ab  "), "4061620001"}, {UUIDOID, NewText("0123456789abcdef"), "4130313233343536373839616263646566"},
		{NumericOID, num("0.00"), "52"}, {NumericOID, num("1.5"), "53211000"}, {NumericOID, num("-1.5"), "51deefff"},
		{NumericOID, num("123.4500"), "53230d233300"}, {NumericOID, num("NaN"), "55"},
		{IntervalOID, NewInterval(Interval{Days: 1}), "588000000000000000000000141dd76000"},
		{TimetzOID, NewTimetz(0, -3600), "5914296c5c0016f1f0"},
		{Int4ArrayOID, MakeArray(Int4OID.Type(), []Datum{NewInt(1), Null}), "6021ff02212221"},
		{TextOID, Null, "ff"},
	} {
		got := hex.EncodeToString(AppendKey(nil, c.o, c.d, false, false))
		if got != c.want {
			t.Errorf("%s %s: %s, want %s", c.o, Text(c.o.Type(), c.d, nil), got, c.want)
		}
	}
	if got := AppendKey(nil, TextOID, NewText("a"), true, true); !bytes.Equal(got, []byte{0xbf, 0x9e, 0xff, 0xfe}) {
		t.Errorf("descending: %x", got)
	}
	if got := AppendKey(nil, TextOID, Null, true, true); !bytes.Equal(got, []byte{1}) {
		t.Errorf("NULL first: %x", got)
	}
}

func TestRowsAreFrozen(t *testing.T) {
	cols := []OID{Int4OID, TextOID, BoolOID, NumericOID, IntervalOID, TextOID}
	row := []Datum{NewInt(-2), NewText("hi"), True, NewNumeric(NumericFromScaled(-150, 2)), Null, NewText("!")}
	got := hex.EncodeToString(NewRowEncoder(cols).Append(nil, row))
	want := "01" + "0600" + "10" + "feffffff" + "01" + "00000000000000000000000000000000" + "0200" + "0600" + "0700" + "6869" + "0002ab02" + "21"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// A row that was written before columns were added has their missing values, and wide
// rows change the width of the offsets.
func TestRowColumns(t *testing.T) {
	cols := []OID{Int8OID, TextOID, Float4OID, Int2OID, TimestamptzOID, OidOID, TextArrayOID, UUIDOID, TimetzOID}
	long := string(bytes.Repeat([]byte("x"), 70000))
	row := []Datum{NewInt(-5), NewText(long), NewFloat(1.5), NewInt(-7), NewInt(1 << 50), NewInt(1<<32 - 1),
		MakeArray(TextOID.Type(), []Datum{NewText("a"), Null}), NewText("0123456789abcdef"), NewTimetz(5, -60)}
	for n := range len(cols) + 1 {
		b := NewRowEncoder(cols[:n]).Append([]byte("prefix"), row[:n])[len("prefix"):]
		missing := []Datum{NewInt(1), NewText("gone"), NewFloat(2)}
		dec := NewRowDecoder(cols, missing)
		all, err := dec.Decode(nil, b)
		if err != nil {
			t.Fatal(err)
		}
		for i, d := range all {
			want := Null
			if i < n {
				want = row[i]
			} else if i < len(missing) {
				want = missing[i]
			}
			if Text(cols[i].Type(), d, nil) != Text(cols[i].Type(), want, nil) || d.IsNull() != want.IsNull() {
				t.Errorf("row of %d, column %d: %.50s", n, i, Text(cols[i].Type(), d, nil))
			}
			if one, err := dec.Column(b, i); err != nil || one.IsNull() != d.IsNull() {
				t.Errorf("row of %d, column %d alone: %v", n, i, err)
			}
		}
		for cut := range min(len(b), 40) {
			dec.Decode(nil, b[:cut]) // any answer will do, but no panic
		}
		if n > 0 {
			if _, err := dec.Decode(nil, b[:len(b)/2]); err == nil && n > 1 {
				t.Errorf("half a row of %d columns was read", n)
			}
			if _, err := NewRowDecoder(cols[:n-1], nil).Open(b); err == nil {
				t.Errorf("a row of %d columns was read as one of %d", n, n-1)
			}
		}
	}
}

// The paths that every row takes allocate nothing.
func TestNoAllocations(t *testing.T) {
	f := &Format{ExtraFloatDigits: 1}
	buf := make([]byte, 0, 1024)
	num := NewNumeric(NumericFromScaled(123456, 2))
	row := []Datum{NewInt(7), NewText("some text"), NewFloat(2.5), num}
	enc := NewRowEncoder([]OID{Int4OID, TextOID, Float8OID, NumericOID})
	dec := NewRowDecoder([]OID{Int4OID, TextOID, Float8OID, NumericOID}, nil)
	stored := enc.Append(nil, row)
	key := AppendKey(AppendKey(nil, Int8OID, NewInt(123456789), false, false), TextOID, NewText("abc"), true, false)
	for name, op := range map[string]func(){
		"int text":       func() { AppendText(buf, Int4OID.Type(), NewInt(-123456), f) },
		"text text":      func() { AppendText(buf, TextOID.Type(), NewText("abc"), f) },
		"float text":     func() { AppendText(buf, Float8OID.Type(), NewFloat(0.1), f) },
		"numeric text":   func() { AppendText(buf, NumericOID.Type(), num, f) },
		"timestamp text": func() { AppendText(buf, TimestampOID.Type(), NewInt(762345678901234), f) },
		"date text":      func() { AppendText(buf, DateOID.Type(), NewInt(8000), f) },
		"uuid text":      func() { AppendText(buf, UUIDOID.Type(), NewText("0123456789abcdef"), f) },
		"int binary":     func() { _, _ = AppendBinary(buf, Int8OID.Type(), NewInt(5)) },
		"parse int":      func() { _, _ = ParseText(Int4OID.Type(), "-12345", f) },
		"parse text":     func() { _, _ = ParseText(TextOID.Type(), "abc", f) },
		"parse numeric":  func() { _, _ = ParseText(NumericOID.Type(), "1234.50", f) },
		"int key":        func() { AppendKey(buf, Int8OID, NewInt(123456789), false, false) },
		"text key":       func() { AppendKey(buf, TextOID, NewText("abc"), true, false) },
		"numeric key":    func() { AppendKey(buf, NumericOID, num, true, false) },
		"decode int key": func() { _, _, _ = DecodeKey(key, Int8OID, false, false) },
		"skip key":       func() { r, _ := SkipKey(key, Int8OID, false, false); _, _ = SkipKey(r, TextOID, true, false) },
		"encode row":     func() { enc.Append(buf, row) },
		"open row":       func() { r, _ := dec.Open(stored); _ = r.Int(0); _, _ = r.Bytes(1); _, _ = r.Datum(3) },
		"numeric sum":    func() { v, _ := num.Numeric(); w, _ := v.Add(v); _ = NewNumeric(w) },
		"numeric times":  func() { v, _ := num.Numeric(); w, _ := v.Mul(v); _ = NewNumeric(w) },
		"numeric divide": func() { v, _ := num.Numeric(); w, _ := v.Div(NumericFromInt(7)); _ = NewNumeric(w) },
		"compare":        func() { Compare(NumericOID, num, num); Compare(TextOID, row[1], row[1]) },
		"hash":           func() { Hash(NumericOID, num); Hash(TextOID, row[1]); Hash(Int4OID, row[0]) },
	} {
		if n := testing.AllocsPerRun(100, op); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

func BenchmarkAppendKey(b *testing.B) {
	buf := make([]byte, 0, 64)
	d, s := NewInt(123456789), NewText("a shorter text")
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendKey(buf[:0], Int8OID, d, false, false)
		buf = AppendKey(buf, TextOID, s, false, false)
	}
}

func BenchmarkAppendText(b *testing.B) {
	buf := make([]byte, 0, 64)
	for _, c := range []struct {
		o OID
		d Datum
	}{{Int4OID, NewInt(123456)}, {Float8OID, NewFloat(123.456)}, {NumericOID, NewNumeric(NumericFromScaled(123456, 2))}, {TimestampOID, NewInt(762345678901234)}} {
		b.Run(c.o.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				buf = AppendText(buf[:0], c.o.Type(), c.d, nil)
			}
		})
	}
}

func BenchmarkParseText(b *testing.B) {
	for _, c := range []struct {
		o OID
		s string
	}{{Int4OID, "123456"}, {NumericOID, "1234.56"}, {TimestamptzOID, "2024-01-31 10:11:12.123456+02"}, {TimestampOID, "31 Jan 2024 10:11"}, {Float8OID, "123.456"}} {
		b.Run(c.o.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ParseText(c.o.Type(), c.s, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
