package types

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/big"
	"strings"

	"github.com/minisql/minisql/sqlerr"
)

// Key code: bytes.Compare of two keys has the sign of Compare of the values, and
// a key ends by itself, so that the keys of a tuple are simply written one after
// another and no tuple's key is a prefix of another's of the same types.
//
//	first byte         then                                         value
//	01                                                              NULL, NULLS FIRST
//	FF                                                              NULL, NULLS LAST
//	Int    10 … 17     8 … 1 low bytes                              below 0
//	       20 … EF                                                  0 … 207
//	       F0 … F7     1 … 8 bytes                                  208 and up
//	Bool   20, 21                                                   false, true
//	Float  30          8 bytes, sign flipped (all bits if negative)
//	Bytes  40          00 as 00 FF; end 00 01                       text, bytea; bpchar trimmed
//	       41          16 bytes                                     uuid
//	numeric 50                                                      -Infinity
//	       51          as 53, every byte inverted                   below 0
//	       52                                                       0
//	       53          exponent as Int, digit pairs + 1, end 00     0.d1d2d3… × 10^exponent
//	       54, 55                                                   Infinity, NaN
//	interval 58        16 bytes: length in µs, sign flipped
//	timetz 59          UTC µs as Int, zone as Int
//	array  60          elements NULLS LAST, end 02, then as Int: dimensions, lengths, lower bounds
//	record 70          field OID as Int, field NULLS LAST, …, end 02
//
// DESC inverts every byte of a value, its first too (they all lie within 02 … FD); the
// byte of a NULL is never inverted.
//
// These numbers are on disk: never renumber. The first byte of an Int and of the
// others overlap, because the type of a key column is always known.
const (
	keyNullFirst = 0x01
	keyEnd       = 0x02
	keyIntNeg    = 0x18 // minus the number of bytes
	keyIntSmall  = 0x20
	keyIntPos    = 0xEF // plus the number of bytes
	keyFalse     = 0x20
	keyTrue      = 0x21
	keyFloat     = 0x30
	keyBytes     = 0x40
	keyUUID      = 0x41
	keyNumNegInf = 0x50
	keyNumNeg    = 0x51
	keyNumZero   = 0x52
	keyNumPos    = 0x53
	keyNumInf    = 0x54
	keyNumNaN    = 0x55
	keyInterval  = 0x58
	keyTimetz    = 0x59
	keyArray     = 0x60
	keyRecord    = 0x70
	keyNullLast  = 0xFF

	keyIntSmallMax = keyIntPos - keyIntSmall // 207

	bytesEscape = 0xFF // after 00: a zero byte
	bytesEnd    = 0x01 // after 00: the end
)

func errKey() error { return sqlerr.New(sqlerr.IndexCorrupted, "corrupt key") }

// AppendKey appends the key of a value of the type to dst.
func AppendKey(dst []byte, o OID, d Datum, desc, nullsFirst bool) []byte {
	if d.k == KindNull {
		if nullsFirst {
			return append(dst, keyNullFirst)
		}
		return append(dst, keyNullLast)
	}
	start := len(dst)
	switch d.k {
	case KindInt:
		dst = appendKeyInt(dst, d.n)
	case KindBytes:
		dst = appendKeyBytes(dst, o, d.s)
	case KindBool:
		dst = append(dst, keyFalse+byte(d.n))
	case KindFloat:
		dst = binary.BigEndian.AppendUint64(append(dst, keyFloat), orderFloat(d.Float()))
	default:
		dst = appendKeyAny(dst, d)
	}
	if desc {
		invert(dst[start:])
	}
	return dst
}

func invert(b []byte) {
	for i := range b {
		b[i] = ^b[i]
	}
}

func appendKeyInt(dst []byte, n int64) []byte {
	if n >= 0 {
		if n <= keyIntSmallMax {
			return append(dst, keyIntSmall+byte(n))
		}
		size := byteLen(uint64(n))
		return appendLowBytes(append(dst, keyIntPos+byte(size)), uint64(n), size)
	}
	size := max(byteLen(uint64(^n)), 1)
	return appendLowBytes(append(dst, keyIntNeg-byte(size)), uint64(n), size)
}

func byteLen(n uint64) int {
	size := 0
	for ; n != 0; n >>= 8 {
		size++
	}
	return size
}

func appendLowBytes(dst []byte, n uint64, size int) []byte {
	var buf [8]byte
	binary.BigEndian.PutUint64(buf[:], n)
	return append(dst, buf[8-size:]...)
}

func appendKeyBytes(dst []byte, o OID, s string) []byte {
	switch o {
	case UUIDOID:
		if len(s) == 16 {
			return append(append(dst, keyUUID), s...)
		}
	case BpcharOID:
		s = trimBlanks(s)
	}
	dst = append(dst, keyBytes)
	for {
		i := strings.IndexByte(s, 0)
		if i < 0 {
			break
		}
		dst = append(append(dst, s[:i]...), 0, bytesEscape)
		s = s[i+1:]
	}
	return append(append(dst, s...), 0, bytesEnd)
}

func orderFloat(f float64) uint64 {
	if f == 0 {
		f = 0 // -0
	} else if math.IsNaN(f) {
		f = math.NaN()
	}
	u := math.Float64bits(f)
	if u>>63 != 0 {
		return ^u
	}
	return u | 1<<63
}

func unorderFloat(u uint64) float64 {
	if u>>63 != 0 {
		return math.Float64frombits(u &^ (1 << 63))
	}
	return math.Float64frombits(^u)
}

func appendKeyAny(dst []byte, d Datum) []byte {
	switch d.k {
	case KindNumeric:
		return appendKeyNumeric(dst, d.numeric())
	case KindInterval:
		hi, lo := d.Interval().span()
		dst = binary.BigEndian.AppendUint64(append(dst, keyInterval), uint64(hi)^1<<63)
		return binary.BigEndian.AppendUint64(dst, lo)
	case KindTimetz:
		return appendKeyInt(appendKeyInt(append(dst, keyTimetz), timetzUTC(d)), int64(d.m))
	case KindArray:
		a := d.Array()
		dst = append(dst, keyArray)
		for _, e := range a.Elems {
			dst = AppendKey(dst, a.Elem.OID, e, false, false)
		}
		dst = appendKeyInt(append(dst, keyEnd), int64(len(a.Dims)))
		for _, n := range a.Dims {
			dst = appendKeyInt(dst, int64(n))
		}
		for _, n := range a.LowerBounds {
			dst = appendKeyInt(dst, int64(n))
		}
		return dst
	case KindRecord:
		r := d.Record()
		dst = append(dst, keyRecord)
		for i, f := range r.Fields {
			dst = appendKeyInt(dst, int64(r.Types[i].OID))
			dst = AppendKey(dst, r.Types[i].OID, f, false, false)
		}
		return append(dst, keyEnd)
	}
	return dst
}

func appendKeyNumeric(dst []byte, v Numeric) []byte {
	switch v.scale {
	case scaleNegInf:
		return append(dst, keyNumNegInf)
	case scalePosInf:
		return append(dst, keyNumInf)
	case scaleNaN:
		return append(dst, keyNumNaN)
	}
	sign := v.Sign()
	if sign == 0 {
		return append(dst, keyNumZero)
	}
	var buf [64]byte
	digits := v.appendDigits(buf[:0])
	exponent := len(digits) - int(v.scale)
	for digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
	}
	tag := byte(keyNumPos)
	if sign < 0 {
		tag = keyNumNeg
	}
	dst = append(dst, tag)
	start := len(dst)
	dst = appendKeyInt(dst, int64(exponent))
	for i := 0; i < len(digits); i += 2 {
		pair := (digits[i] - '0') * 10
		if i+1 < len(digits) {
			pair += digits[i+1] - '0'
		}
		dst = append(dst, pair+1)
	}
	dst = append(dst, 0)
	if sign < 0 {
		invert(dst[start:])
	}
	return dst
}

// KeyExact reports whether DecodeKey gives back exactly the value that was
// encoded. For the other types it gives an equal one: a numeric without its
// trailing zeros, a bpchar without its blanks, 0 for -0, 24:00:00 for 1 day.
func KeyExact(o OID) bool {
	if elem, ok := ElemOf(o); ok {
		return KeyExact(elem)
	}
	switch PhysOf(o) {
	case PhysInt, PhysBool:
		return true
	case PhysBytes:
		return o != BpcharOID
	}
	return o == TimetzOID
}

// DecodeKey reads one value of the type from the front of b and returns it with
// the rest of b. The value does not alias b.
func DecodeKey(b []byte, o OID, desc, nullsFirst bool) (Datum, []byte, error) {
	if len(b) == 0 {
		return Null, nil, errKey()
	}
	if b[0] == keyNullFirst || b[0] == keyNullLast {
		if (b[0] == keyNullFirst) != nullsFirst {
			return Null, nil, errKey()
		}
		return Null, b[1:], nil
	}
	if !desc {
		return decodeKey(b, o, 0)
	}
	rest, err := skipKey(b, o, 0xFF, 0)
	if err != nil {
		return Null, nil, err
	}
	asc := bytes.Clone(b[:len(b)-len(rest)])
	invert(asc)
	d, _, err := decodeKey(asc, o, 0)
	return d, rest, err
}

const keyDepthMax = 64 // records and arrays within each other, against hostile bytes

func decodeKey(b []byte, o OID, depth int) (Datum, []byte, error) {
	if depth > keyDepthMax || len(b) == 0 {
		return Null, nil, errKey()
	}
	switch PhysOf(o) {
	case PhysInt:
		n, rest, ok := decodeKeyInt(b)
		if !ok || !intFits(o, n) {
			return Null, nil, errKey()
		}
		return NewInt(n), rest, nil
	case PhysBytes:
		if b[0] == keyUUID && o == UUIDOID && len(b) >= 17 {
			return NewBytes(b[1:17]), b[17:], nil
		}
		if b[0] != keyBytes {
			return Null, nil, errKey()
		}
		var buf []byte
		for b = b[1:]; ; {
			i := bytes.IndexByte(b, 0)
			if i < 0 || i+1 >= len(b) {
				return Null, nil, errKey()
			}
			if b[i+1] == bytesEnd {
				if buf == nil {
					return NewBytes(b[:i]), b[i+2:], nil
				}
				return NewBytesAlias(append(buf, b[:i]...)), b[i+2:], nil
			}
			if b[i+1] != bytesEscape {
				return Null, nil, errKey()
			}
			buf = append(append(buf, b[:i]...), 0)
			b = b[i+2:]
		}
	case PhysBool:
		if b[0] != keyFalse && b[0] != keyTrue {
			return Null, nil, errKey()
		}
		return NewBool(b[0] == keyTrue), b[1:], nil
	case PhysFloat:
		if b[0] != keyFloat || len(b) < 9 {
			return Null, nil, errKey()
		}
		f := unorderFloat(binary.BigEndian.Uint64(b[1:]))
		if o == Float4OID && CompareFloat(f, float64(float32(f))) != 0 {
			return Null, nil, errKey()
		}
		return NewFloat(f), b[9:], nil
	}
	return decodeKeyAny(b, o, depth)
}

// intFits reports whether a stored integer is a value of the type at all.
func intFits(o OID, n int64) bool {
	switch o {
	case Int8OID, Xid8OID:
		return true
	case Int2OID:
		return n == int64(int16(n))
	case Int4OID:
		return n == int64(int32(n))
	case CharOID:
		return n == int64(uint8(n))
	case DateOID:
		return !IsFiniteDate(n) || n >= -epochJulian && n < dateEnd
	case TimeOID:
		return n >= 0 && n <= usecsPerDay
	case TimestampOID, TimestamptzOID:
		return !IsFiniteTimestamp(n) || timestampOK(n)
	case TidOID:
		return n >= 0 && n < 1<<48
	}
	return n == int64(uint32(n))
}

func decodeKeyInt(b []byte) (n int64, rest []byte, ok bool) {
	if len(b) == 0 {
		return 0, nil, false
	}
	t := b[0]
	switch {
	case t >= keyIntSmall && t <= keyIntPos:
		return int64(t - keyIntSmall), b[1:], true
	case t > keyIntPos && t <= keyIntPos+8:
		size := int(t - keyIntPos)
		if len(b) <= size {
			return 0, nil, false
		}
		for _, c := range b[1 : 1+size] {
			n = n<<8 | int64(c)
		}
		return n, b[1+size:], n >= 0
	case t >= keyIntNeg-8 && t < keyIntNeg:
		size := int(keyIntNeg - t)
		if len(b) <= size {
			return 0, nil, false
		}
		n = -1
		for _, c := range b[1 : 1+size] {
			n = n<<8 | int64(c)
		}
		return n, b[1+size:], n < 0
	}
	return 0, nil, false
}

func decodeKeyAny(b []byte, o OID, depth int) (Datum, []byte, error) {
	switch b[0] {
	case keyNumNegInf, keyNumNeg, keyNumZero, keyNumPos, keyNumInf, keyNumNaN:
		if o == NumericOID {
			return decodeKeyNumeric(b)
		}
	case keyInterval:
		if o == IntervalOID && len(b) >= 17 {
			v, ok := intervalOfSpan(int64(binary.BigEndian.Uint64(b[1:])^1<<63), binary.BigEndian.Uint64(b[9:]))
			if ok {
				return NewInterval(v), b[17:], nil
			}
		}
	case keyTimetz:
		if o == TimetzOID {
			utc, rest, ok := decodeKeyInt(b[1:])
			if ok {
				var zone int64
				if zone, rest, ok = decodeKeyInt(rest); ok && zone == int64(int32(zone)) {
					return NewTimetz(utc-zone*usecsPerSec, int32(zone)), rest, nil
				}
			}
		}
	case keyArray:
		if elem, ok := ElemOf(o); ok {
			return decodeKeyArray(b[1:], elem, depth)
		}
	case keyRecord:
		if o == RecordOID {
			return decodeKeyRecord(b[1:], depth)
		}
	}
	return Null, nil, errKey()
}

// decodeKeyElem reads a value within an array or record.
func decodeKeyElem(b []byte, o OID, depth int) (Datum, []byte, error) {
	if len(b) > 0 && b[0] == keyNullLast {
		return Null, b[1:], nil
	}
	return decodeKey(b, o, depth+1)
}

func decodeKeyArray(b []byte, elem OID, depth int) (Datum, []byte, error) {
	a := &Array{Elem: elem.Type()}
	for {
		if len(b) == 0 {
			return Null, nil, errKey()
		}
		if b[0] == keyEnd {
			b = b[1:]
			break
		}
		e, rest, err := decodeKeyElem(b, elem, depth)
		if err != nil {
			return Null, nil, err
		}
		a.Elems, b = append(a.Elems, e), rest
	}
	ndim, b, ok := decodeKeyInt(b)
	if !ok || ndim < 0 || ndim > arrayDimsMax {
		return Null, nil, errKey()
	}
	read := func() (list []int32) {
		for range ndim {
			var n int64
			if n, b, ok = decodeKeyInt(b); !ok || n != int64(int32(n)) {
				ok = false
				return nil
			}
			list = append(list, int32(n))
		}
		return list
	}
	if a.Dims = read(); ok {
		a.LowerBounds = read()
	}
	if !ok || !a.shapeOK() {
		return Null, nil, errKey()
	}
	return NewArray(a), b, nil
}

const arrayDimsMax = 6 // PostgreSQL's MAXDIM

// shapeOK reports whether the dimensions multiply to the number of elements.
func (a *Array) shapeOK() bool {
	if len(a.Dims) != len(a.LowerBounds) || len(a.Dims) > arrayDimsMax {
		return false
	}
	if len(a.Dims) == 0 {
		return len(a.Elems) == 0
	}
	n := int64(1)
	for _, d := range a.Dims {
		if d < 1 {
			return false
		}
		if n *= int64(d); n > int64(len(a.Elems)) {
			return false
		}
	}
	return n == int64(len(a.Elems))
}

func decodeKeyRecord(b []byte, depth int) (Datum, []byte, error) {
	r := new(Record)
	for {
		if len(b) == 0 {
			return Null, nil, errKey()
		}
		if b[0] == keyEnd {
			return NewRecord(r), b[1:], nil
		}
		o, rest, ok := decodeKeyInt(b)
		if !ok || o != int64(uint32(o)) {
			return Null, nil, errKey()
		}
		f, rest, err := decodeKeyElem(rest, OID(o), depth)
		if err != nil {
			return Null, nil, err
		}
		r.Types, r.Fields, b = append(r.Types, OID(o).Type()), append(r.Fields, f), rest
	}
}

func decodeKeyNumeric(b []byte) (Datum, []byte, error) {
	neg := false
	switch b[0] {
	case keyNumNegInf:
		return NewNumeric(NumericNegInfinity), b[1:], nil
	case keyNumInf:
		return NewNumeric(NumericInfinity), b[1:], nil
	case keyNumNaN:
		return NewNumeric(NumericNaN), b[1:], nil
	case keyNumZero:
		return NewNumeric(Numeric{}), b[1:], nil
	case keyNumNeg:
		neg = true
	}
	rest, err := skipKey(b, NumericOID, 0, 0)
	if err != nil {
		return Null, nil, err
	}
	body := b[1 : len(b)-len(rest)]
	if neg {
		body = bytes.Clone(body)
		invert(body)
	}
	exponent, body, ok := decodeKeyInt(body)
	if !ok || len(body) < 2 || exponent > numericWeightMax || exponent < -numericScaleMax {
		return Null, nil, errKey()
	}
	var digits []byte
	for _, c := range body[:len(body)-1] {
		if c < 1 || c > 100 {
			return Null, nil, errKey()
		}
		digits = append(digits, '0'+(c-1)/10, '0'+(c-1)%10)
	}
	if digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
	}
	scale := int64(len(digits)) - exponent
	for ; scale < 0; scale++ {
		digits = append(digits, '0')
	}
	c, ok := new(big.Int).SetString(string(digits), 10)
	if !ok || scale > numericScaleMax {
		return Null, nil, errKey()
	}
	if neg {
		c.Neg(c)
	}
	return NewNumeric(NumericFromBig(c, int32(scale))), rest, nil
}

// SkipKey returns b without the key of one value of the type at its front.
func SkipKey(b []byte, o OID, desc, nullsFirst bool) ([]byte, error) {
	if len(b) == 0 {
		return nil, errKey()
	}
	if b[0] == keyNullFirst || b[0] == keyNullLast {
		if (b[0] == keyNullFirst) != nullsFirst {
			return nil, errKey()
		}
		return b[1:], nil
	}
	if desc {
		return skipKey(b, o, 0xFF, 0)
	}
	return skipKey(b, o, 0, 0)
}

// skipKey skips a value whose bytes are xored with inv.
func skipKey(b []byte, o OID, inv byte, depth int) ([]byte, error) {
	if len(b) == 0 || depth > keyDepthMax {
		return nil, errKey()
	}
	skip := func(n int) ([]byte, error) {
		if len(b) < n {
			return nil, errKey()
		}
		return b[n:], nil
	}
	t := b[0] ^ inv
	switch PhysOf(o) {
	case PhysInt:
		return skipKeyInts(b, inv, 1)
	case PhysBool:
		return b[1:], nil
	case PhysFloat:
		return skip(9)
	case PhysBytes:
		if t == keyUUID {
			return skip(17)
		}
		for b = b[1:]; ; {
			i := bytes.IndexByte(b, inv)
			if i < 0 || i+1 >= len(b) {
				return nil, errKey()
			}
			end := b[i+1]^inv == bytesEnd
			b = b[i+2:]
			if end {
				return b, nil
			}
		}
	}
	switch t {
	case keyNumNegInf, keyNumInf, keyNumNaN, keyNumZero:
		return b[1:], nil
	case keyNumPos, keyNumNeg:
		if t == keyNumNeg {
			inv = ^inv
		}
		rest, err := skipKeyInts(b[1:], inv, 1)
		if err != nil {
			return nil, err
		}
		i := bytes.IndexByte(rest, inv)
		if i < 0 {
			return nil, errKey()
		}
		return rest[i+1:], nil
	case keyInterval:
		return skip(17)
	case keyTimetz:
		return skipKeyInts(b[1:], inv, 2)
	case keyArray:
		elem, ok := ElemOf(o)
		if !ok {
			return nil, errKey()
		}
		for b = b[1:]; ; {
			if len(b) == 0 {
				return nil, errKey()
			}
			if b[0]^inv == keyEnd {
				break
			}
			var err error
			if b, err = skipKeyElem(b, elem, inv, depth); err != nil {
				return nil, err
			}
		}
		b = b[1:]
		rest, err := skipKeyInts(b, inv, 1)
		if err != nil {
			return nil, err
		}
		ndim := int(b[0]^inv) - keyIntSmall
		if ndim < 0 || ndim > arrayDimsMax {
			return nil, errKey()
		}
		return skipKeyInts(rest, inv, 2*ndim)
	case keyRecord:
		for b = b[1:]; ; {
			if len(b) == 0 {
				return nil, errKey()
			}
			if b[0]^inv == keyEnd {
				return b[1:], nil
			}
			rest, err := skipKeyInts(b, inv, 1)
			if err != nil {
				return nil, err
			}
			oid := bytes.Clone(b[:len(b)-len(rest)])
			for i := range oid {
				oid[i] ^= inv
			}
			field, _, ok := decodeKeyInt(oid)
			if !ok {
				return nil, errKey()
			}
			if b, err = skipKeyElem(rest, OID(field), inv, depth); err != nil {
				return nil, err
			}
		}
	}
	return nil, errKey()
}

func skipKeyElem(b []byte, o OID, inv byte, depth int) ([]byte, error) {
	if len(b) > 0 && b[0]^inv == keyNullLast {
		return b[1:], nil
	}
	return skipKey(b, o, inv, depth+1)
}

// skipKeyInts skips n integers.
func skipKeyInts(b []byte, inv byte, n int) ([]byte, error) {
	for range n {
		if len(b) == 0 {
			return nil, errKey()
		}
		size := 1
		t := b[0] ^ inv
		switch {
		case t > keyIntPos && t <= keyIntPos+8:
			size += int(t - keyIntPos)
		case t >= keyIntNeg-8 && t < keyIntNeg:
			size += int(keyIntNeg - t)
		case t < keyIntSmall || t > keyIntPos:
			return nil, errKey()
		}
		if len(b) < size {
			return nil, errKey()
		}
		b = b[size:]
	}
	return b, nil
}

// intervalOfSpan is the inverse of span up to equality: whole days and a rest.
func intervalOfSpan(hi int64, lo uint64) (Interval, bool) {
	v := new(big.Int).Lsh(big.NewInt(hi), 64)
	v.Add(v, new(big.Int).SetUint64(lo))
	days, rest := new(big.Int).QuoRem(v, big.NewInt(usecsPerDay), new(big.Int))
	if !days.IsInt64() {
		return Interval{}, false
	}
	n := days.Int64()
	months := int64(0)
	if n != int64(int32(n)) {
		months = clampInt32(n / 30)
		n -= months * 30
	}
	whole := clampInt32(n)
	over, ok := mulInt64(n-whole, usecsPerDay)
	if !ok {
		return Interval{}, false
	}
	micros, ok := addInt64(over, rest.Int64())
	return Interval{Months: int32(months), Days: int32(whole), Micros: micros}, ok
}

func clampInt32(n int64) int64 { return max(min(n, math.MaxInt32), math.MinInt32) }
