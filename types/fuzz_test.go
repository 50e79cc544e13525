package types_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/big"
	"strings"
	"testing"

	. "github.com/minisql/minisql/types"
)

// keyTypes are the types that the fuzz tests draw values of.
var keyTypes = []OID{BoolOID, Int2OID, Int4OID, Int8OID, OidOID, Float4OID, Float8OID, NumericOID, TextOID, VarcharOID, BpcharOID,
	ByteaOID, UUIDOID, DateOID, TimeOID, TimetzOID, TimestampOID, TimestamptzOID, IntervalOID, Int4ArrayOID, TextArrayOID,
	NumericArrayOID, CharOID, NameOID}

// source turns fuzz bytes into values.
type source struct{ b []byte }

func (s *source) byte() byte {
	if len(s.b) == 0 {
		return 0
	}
	c := s.b[0]
	s.b = s.b[1:]
	return c
}

// int draws small numbers often and extremes sometimes.
func (s *source) int() int64 {
	switch s.byte() % 6 {
	case 0:
		return int64(int8(s.byte()))
	case 1:
		return int64(int16(uint16(s.byte())<<8 | uint16(s.byte())))
	case 2:
		return math.MinInt64 + int64(s.byte())
	case 3:
		return math.MaxInt64 - int64(s.byte())
	case 4:
		return int64(1) << (s.byte() % 63)
	}
	var b [8]byte
	n := copy(b[:], s.b)
	s.b = s.b[n:]
	return int64(binary.LittleEndian.Uint64(b[:]))
}

func (s *source) within(lo, hi int64) int64 {
	span := uint64(hi - lo)
	if span == math.MaxUint64 {
		return s.int()
	}
	return lo + int64(uint64(s.int())%(span+1))
}

func (s *source) text() string {
	n := min(int(s.byte()%12), len(s.b))
	t := string(s.b[:n])
	s.b = s.b[n:]
	return t
}

func (s *source) datum(o OID) Datum {
	switch o {
	case BoolOID:
		return NewBool(s.byte()%2 == 0)
	case Int2OID:
		return NewInt(int64(int16(s.int())))
	case Int4OID:
		return NewInt(int64(int32(s.int())))
	case OidOID:
		return NewInt(int64(uint32(s.int())))
	case CharOID:
		return NewInt(int64(s.byte()))
	case Int8OID:
		return NewInt(s.int())
	case Float8OID:
		return NewFloat(s.float())
	case Float4OID:
		return NewFloat(float64(float32(s.float())))
	case NumericOID:
		switch s.byte() % 12 {
		case 0:
			return NewNumeric(NumericNaN)
		case 1:
			return NewNumeric(NumericInfinity)
		case 2:
			return NewNumeric(NumericNegInfinity)
		case 3:
			c := new(big.Int).SetBytes([]byte(s.text()))
			if s.byte()%2 == 0 {
				c.Neg(c)
			}
			return NewNumeric(NumericFromBig(c, int32(s.byte())))
		}
		return NewNumeric(NumericFromScaled(s.int(), int32(s.byte()%40)))
	case ByteaOID:
		return NewText(s.text())
	case UUIDOID:
		var u [16]byte
		s.b = s.b[copy(u[:], s.b):]
		return NewBytes(u[:])
	case DateOID:
		switch s.byte() % 16 {
		case 0:
			return NewInt(DateInfinity)
		case 1:
			return NewInt(DateNegInfinity)
		}
		return NewInt(s.within(-2451545, 2145031948))
	case TimeOID:
		return NewInt(s.within(0, 86400000000))
	case TimetzOID:
		return NewTimetz(s.within(0, 86400000000), int32(s.within(-57599, 57599)))
	case TimestampOID, TimestamptzOID:
		switch s.byte() % 16 {
		case 0:
			return NewInt(TimestampInfinity)
		case 1:
			return NewInt(TimestampNegInfinity)
		}
		return NewInt(s.within(-211813488000000000, 9223371331199999999))
	case IntervalOID:
		return NewInterval(Interval{int32(s.int()), int32(s.int()), s.int()})
	case Int4ArrayOID, TextArrayOID, NumericArrayOID:
		elem, _ := ElemOf(o)
		n := int(s.byte() % 5)
		elems := make([]Datum, n)
		for i := range elems {
			if s.byte()%4 != 0 {
				elems[i] = s.datum(elem)
			}
		}
		if n == 4 && s.byte()%2 == 0 {
			return NewArray(&Array{Elem: elem.Type(), Dims: []int32{2, 2}, LowerBounds: []int32{int32(s.byte()), 1}, Elems: elems})
		}
		return MakeArray(elem.Type(), elems)
	}
	return NewText(strings.ToValidUTF8(strings.ReplaceAll(s.text(), "\x00", ""), "?"))
}

func (s *source) float() float64 {
	switch s.byte() % 8 {
	case 0:
		return math.NaN()
	case 1:
		return math.Inf(1)
	case 2:
		return math.Inf(-1)
	case 3:
		return math.Copysign(0, -1)
	case 4:
		return float64(s.int())
	}
	return math.Float64frombits(uint64(s.int()))
}

func addSeeds(f *testing.F) {
	f.Helper()
	f.Add(byte(0), []byte("hello"))
	for i := range keyTypes {
		f.Add(byte(i), []byte{5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 5, 8, 7, 6, 5, 4, 3, 2, 1, 0, 1, 1, 1})
		f.Add(byte(i), []byte{0, 1, 0, 2, 4, 62, 3, 255, 3, 3, 2, 2, 4, 0, 0, 1, 0, 1, 200, 201})
		f.Add(byte(i), bytes.Repeat([]byte{7, 3, 200, 0}, 16))
	}
}

// The order of keys is the order of values, for tuples of two as for one.
func FuzzKeyOrder(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, typ byte, b []byte) {
		s := &source{b}
		o := keyTypes[int(typ)%len(keyTypes)]
		o2 := keyTypes[int(s.byte())%len(keyTypes)]
		desc, nullsFirst := s.byte()%2 == 0, s.byte()%2 == 0
		draw := func() (d [2]Datum) {
			for i, o := range [2]OID{o, o2} {
				if s.byte()%8 != 0 {
					d[i] = s.datum(o)
				}
			}
			return d
		}
		compare := func(o OID, a, b Datum, desc bool) int {
			if a.IsNull() || b.IsNull() {
				c := Compare(o, a, b) // NULL is greatest
				if nullsFirst {
					c = -c
				}
				return c
			}
			if desc {
				return -Compare(o, a, b)
			}
			return Compare(o, a, b)
		}
		x, y := draw(), draw()
		kx := AppendKey(AppendKey(nil, o, x[0], desc, nullsFirst), o2, x[1], !desc, nullsFirst)
		ky := AppendKey(AppendKey(nil, o, y[0], desc, nullsFirst), o2, y[1], !desc, nullsFirst)
		want := compare(o, x[0], y[0], desc)
		if want == 0 {
			want = compare(o2, x[1], y[1], !desc)
		}
		if got := bytes.Compare(kx, ky); got != want {
			t.Fatalf("%s %s desc %v: keys of %s,%s and %s,%s compare %d, want %d\n%x\n%x", o, o2, desc, Text(o.Type(), x[0], nil),
				Text(o2.Type(), x[1], nil), Text(o.Type(), y[0], nil), Text(o2.Type(), y[1], nil), got, want, kx, ky)
		}
		if want != 0 && (bytes.HasPrefix(kx, ky) || bytes.HasPrefix(ky, kx)) {
			t.Fatalf("a key is a prefix of another: %x %x", kx, ky)
		}
		if want == 0 && !x[0].IsNull() && Hash(o, x[0]) != Hash(o, y[0]) {
			t.Fatalf("equal values hash apart: %s %s", Text(o.Type(), x[0], nil), Text(o.Type(), y[0], nil))
		}
		d, rest, err := DecodeKey(kx, o, desc, nullsFirst)
		if err != nil || Compare(o, d, x[0]) != 0 {
			t.Fatalf("%s: %s decoded as %s, %v", o, Text(o.Type(), x[0], nil), Text(o.Type(), d, nil), err)
		}
		skipped, err := SkipKey(kx, o, desc, nullsFirst)
		if err != nil || !bytes.Equal(skipped, rest) {
			t.Fatalf("SkipKey leaves %x, DecodeKey %x, %v", skipped, rest, err)
		}
		d, rest, err = DecodeKey(rest, o2, !desc, nullsFirst)
		if err != nil || len(rest) != 0 || Compare(o2, d, x[1]) != 0 {
			t.Fatalf("%s: second value decoded as %s, rest %x, %v", o2, Text(o2.Type(), d, nil), rest, err)
		}
	})
}

// Every value survives text, binary, value code and row code.
func FuzzRoundTrip(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, typ byte, b []byte) {
		s := &source{b}
		o := keyTypes[int(typ)%len(keyTypes)]
		d := s.datum(o)
		if err := roundTrips(o.Type(), d, nil); err != nil {
			t.Fatal(err)
		}
		text := Text(o.Type(), d, nil)
		if o == IntervalOID { // some intervals are too long to be read back, in PostgreSQL too
			if v := d.Interval(); v.Months == math.MinInt32 || v.Days == math.MinInt32 || v.Micros <= math.MinInt64+1000000 || v.Micros > math.MaxInt64-1000000 {
				return
			}
		}
		e, err := ParseText(o.Type(), text, nil)
		if err != nil {
			t.Fatalf("%s: %q: %v", o, text, err)
		}
		if again := Text(o.Type(), e, nil); again != text {
			t.Fatalf("%s: %q reads back as %q", o, text, again)
		}
		if Compare(o, d, e) != 0 {
			t.Fatalf("%s: %q reads back as another value", o, text)
		}
	})
}

// Text, binary, keys, values and rows of any bytes give a value or an error, and a value
// that was read can be written.
func FuzzHostileBytes(f *testing.F) {
	for i, s := range []string{"", "2024-01-31 10:11:12.5+02 BC", "P1Y2M", "{1,{2}}", `{"a\"b",NULL}`, "1e400", "[1:2]={1,2}", "\\xzz", "@ 1 day ago",
		"{{{{{{{1}}}}}}}", "Jan 31 2024 EST", "j2451187", "infinity", "\x01\x02\x00\x03", "\x60\x60\x02", "\x53\xff\xff", "1-2 3 -4:5"} {
		f.Add(byte(i), s)
		f.Add(byte(17), s)
		f.Add(byte(18), s)
		f.Add(byte(19), s)
	}
	all := All()
	f.Fuzz(func(t *testing.T, typ byte, s string) {
		o := all[int(typ)%len(all)].OID
		if d, err := ParseText(o.Type(), s, nil); err == nil && !d.IsNull() {
			use(o, d)
		}
		if d, err := ParseBinary(o.Type(), []byte(s)); err == nil && !d.IsNull() {
			use(o, d)
		}
		for _, desc := range []bool{false, true} {
			d, rest, err := DecodeKey([]byte(s), o, desc, true)
			if err == nil && !d.IsNull() {
				use(o, d)
				if skipped, err := SkipKey([]byte(s), o, desc, true); err != nil || len(skipped) != len(rest) {
					t.Fatalf("DecodeKey reads what SkipKey refuses: %x", s)
				}
			}
			SkipKey([]byte(s), o, desc, true)
		}
		if d, err := DecodeValue([]byte(s), o); err == nil && !d.IsNull() {
			use(o, d)
		}
		row, _ := NewRowDecoder([]OID{Int4OID, o, TextOID, o}, nil).Decode(nil, []byte(s))
		_ = row
		ParseTypeName(s)
		LoadZone(s)
		ToCharTimestamp(0, nil, s)
		ToCharInterval(Interval{1, -2, 3}, s)
		ToCharNumeric(NumericFromScaled(-12345, 2), s)
		ToNumber(s, "S99G999D99")
		ToNumber("-12,345.6", s)
		ToDate(s, "YYYY Mon DD")
		ToDate("2024 jan 31 10", s)
	})
}

func use(o OID, d Datum) {
	AppendText(nil, o.Type(), d, nil)
	AppendBinary(nil, o.Type(), d)
	if Comparable(o) {
		Compare(o, d, d)
		Hash(o, d)
		AppendKey(nil, o, d, true, true)
	}
	AppendValue(nil, d)
}

// Numeric arithmetic agrees with rational arithmetic.
func FuzzNumeric(f *testing.F) {
	f.Add(int64(12345), int32(2), int64(-67), int32(5))
	f.Add(int64(math.MaxInt64), int32(0), int64(math.MaxInt64), int32(18))
	f.Add(int64(math.MinInt64), int32(3), int64(-1), int32(0))
	f.Fuzz(func(t *testing.T, a int64, as int32, b int64, bs int32) {
		x, y := NumericFromScaled(a, as&31), NumericFromScaled(b, bs&31)
		rat := func(v Numeric) *big.Rat { r, _ := new(big.Rat).SetString(v.String()); return r }
		rx, ry := rat(x), rat(y)
		check := func(what string, got Numeric, err error, want *big.Rat) {
			if err != nil || rat(got).Cmp(want) != 0 {
				t.Fatalf("%s %s %s = %s, %v", x, what, y, got, err)
			}
		}
		v, err := x.Add(y)
		check("+", v, err, new(big.Rat).Add(rx, ry))
		v, err = x.Sub(y)
		check("-", v, err, new(big.Rat).Sub(rx, ry))
		v, err = x.Mul(y)
		check("*", v, err, new(big.Rat).Mul(rx, ry))
		if x.Cmp(y) != rx.Cmp(ry) {
			t.Fatalf("%s <=> %s", x, y)
		}
		if y.Sign() == 0 {
			return
		}
		q, err := x.DivTrunc(y)
		if err != nil {
			t.Fatal(err)
		}
		m, err := x.Mod(y)
		if err != nil {
			t.Fatal(err)
		}
		back, err := q.Mul(y)
		if err == nil {
			back, err = back.Add(m)
		}
		check("div, mod", back, err, rx)
		d, err := x.Div(y)
		if err != nil {
			t.Fatal(err)
		}
		half := new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(d.Scale())), nil))
		half.Quo(half, big.NewRat(2, 1))
		diff := new(big.Rat).Sub(rat(d), new(big.Rat).Quo(rx, ry))
		if diff.Abs(diff).Cmp(half) > 0 {
			t.Fatalf("%s / %s = %s is off by more than half a unit", x, y, d)
		}
	})
}
