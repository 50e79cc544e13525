package types

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/minisql/minisql/sqlerr"
)

// AppendText appends the text of a value that is not NULL, as the type's output function writes it.
func AppendText(dst []byte, t Type, d Datum, f *Format) []byte {
	switch d.k {
	case KindInt:
		return appendIntText(dst, t.OID, d.n, f)
	case KindBytes:
		switch t.OID {
		case ByteaOID:
			return appendBytea(dst, d.s, f)
		case UUIDOID:
			return appendUUID(dst, d.s)
		}
		return append(dst, d.s...)
	case KindBool:
		if d.n != 0 {
			return append(dst, 't')
		}
		return append(dst, 'f')
	case KindFloat:
		bits := 64
		if t.OID == Float4OID {
			bits = 32
		}
		return appendFloat(dst, d.Float(), bits, f.orDefault().ExtraFloatDigits)
	case KindNumeric:
		return d.numeric().AppendText(dst)
	case KindInterval:
		return d.Interval().AppendText(dst, f.orDefault().IntervalStyle)
	case KindTimetz:
		return AppendTimetz(dst, d.n, d.m)
	case KindArray:
		if t.OID == Int2VectorOID || t.OID == OidVectorOID {
			for i, e := range d.Array().Elems {
				if i > 0 {
					dst = append(dst, ' ')
				}
				dst = strconv.AppendInt(dst, e.n, 10)
			}
			return dst
		}
		return appendArray(dst, d.Array(), f)
	case KindRecord:
		return appendRecord(dst, d.Record(), f)
	}
	return dst
}

// Text returns the text of a value, "" for NULL.
func Text(t Type, d Datum, f *Format) string {
	if d.k == KindBytes && t.OID != ByteaOID && t.OID != UUIDOID {
		return d.s
	}
	var buf [64]byte
	return string(AppendText(buf[:0], t, d, f))
}

func appendIntText(dst []byte, o OID, n int64, f *Format) []byte {
	switch o {
	case DateOID:
		return AppendDate(dst, n, f)
	case TimeOID:
		return AppendTime(dst, n)
	case TimestampOID:
		return AppendTimestamp(dst, n, f)
	case TimestamptzOID:
		return AppendTimestamptz(dst, n, f)
	case CharOID:
		if n == 0 {
			return dst
		}
		if n >= 0x80 {
			return append(dst, '\\', '0'+byte(n>>6), '0'+byte(n>>3)&7, '0'+byte(n)&7)
		}
		return append(dst, byte(n))
	case TidOID:
		dst = strconv.AppendUint(append(dst, '('), uint64(n)>>16, 10)
		dst = strconv.AppendUint(append(dst, ','), uint64(n)&0xffff, 10)
		return append(dst, ')')
	case Xid8OID:
		return strconv.AppendUint(dst, uint64(n), 10)
	case RegclassOID, RegtypeOID, RegprocOID, RegprocedureOID, RegoperOID, RegoperatorOID, RegnamespaceOID, RegroleOID, RegcollationOID:
		return appendReg(dst, o, uint32(n), f)
	}
	return strconv.AppendInt(dst, n, 10)
}

// ParseText reads a value from its text, as the type's input function does, with its
// typmod applied. The Datum of a text type aliases s.
func ParseText(t Type, s string, f *Format) (Datum, error) {
	switch t.OID {
	case Int2OID:
		return parseInt(t.OID, s, 16)
	case Int4OID:
		return parseInt(t.OID, s, 32)
	case Int8OID:
		return parseInt(t.OID, s, 64)
	case TextOID, UnknownOID, CstringOID, RefcursorOID, PgNodeTreeOID, ACLItemOID:
		return NewText(s), checkText(s)
	case JSONOID:
		if !json.Valid(NewText(s).Bytes()) {
			return Null, sqlerr.New(sqlerr.InvalidTextRepresentation, "invalid input syntax for type json")
		}
		return NewText(s), checkText(s)
	case JSONBOID:
		return Null, sqlerr.Unsupported("type jsonb")
	case VarcharOID, BpcharOID:
		if err := checkText(s); err != nil {
			return Null, err
		}
		return ApplyTypmod(NewText(s), t, false)
	case NameOID:
		return NewText(truncateName(s)), checkText(s)
	case BoolOID:
		return parseBool(s)
	case OidOID:
		return parseOID(t.OID, s)
	case XidOID, CidOID:
		return NewInt(int64(uint32(leadingUint(s)))), nil
	case Xid8OID:
		return NewInt(int64(leadingUint(s))), nil
	case Float4OID:
		return parseFloat(t.OID, s, 32)
	case Float8OID:
		return parseFloat(t.OID, s, 64)
	case NumericOID:
		v, err := ParseNumeric(s)
		if err == nil {
			v, err = v.ApplyTypmod(t.Typmod)
		}
		return NewNumeric(v), err
	case DateOID:
		n, err := ParseDate(s, f)
		return NewInt(n), err
	case TimeOID:
		n, _, err := ParseTime(s, false, f)
		return NewInt(roundUsec(n, t.Typmod)), err
	case TimetzOID:
		n, west, err := ParseTime(s, true, f)
		return NewTimetz(roundUsec(n, t.Typmod), west), err
	case TimestampOID, TimestamptzOID:
		n, err := ParseTimestamp(s, t.OID == TimestamptzOID, f)
		if err == nil {
			n, err = roundTimestamp(n, t.Typmod)
		}
		return NewInt(n), err
	case IntervalOID:
		v, err := ParseInterval(s, t.Typmod, f)
		return NewInterval(v), err
	case ByteaOID:
		return parseBytea(s)
	case UUIDOID:
		return parseUUID(s)
	case CharOID:
		if s == "" {
			return NewInt(0), nil
		}
		if len(s) == 4 && s[0] == '\\' && isOctal(s[1], '3') && isOctal(s[2], '7') && isOctal(s[3], '7') {
			return NewInt(int64(s[1]-'0')<<6 | int64(s[2]-'0')<<3 | int64(s[3]-'0')), nil
		}
		return NewInt(int64(s[0])), nil
	case TidOID:
		return parseTid(s)
	case VoidOID, TriggerOID:
		return NewText(""), nil
	case Int2VectorOID, OidVectorOID:
		return parseVector(t.OID, s)
	}
	if IsReg(t.OID) {
		return parseReg(t.OID, s, f)
	}
	if elem, ok := ElemOf(t.OID); ok {
		return parseArray(s, Type{elem, t.Typmod}, f)
	}
	if t.OID == RecordOID {
		return Null, sqlerr.New(sqlerr.FeatureNotSupported, "input of anonymous composite types is not implemented")
	}
	return Null, sqlerr.New(sqlerr.FeatureNotSupported, "cannot accept a value of type %s", t.OID)
}

func errIntRange(o OID, s string) error {
	return sqlerr.New(sqlerr.NumericValueOutOfRange, `value "%s" is out of range for type %s`, s, o)
}

func parseInt(o OID, s string, bits uint) (Datum, error) {
	i, end := 0, len(s)
	for i < end && isSpace(s[i]) {
		i++
	}
	for end > i && isSpace(s[end-1]) {
		end--
	}
	neg := false
	if i < end && (s[i] == '-' || s[i] == '+') {
		neg = s[i] == '-'
		i++
	}
	if i == end {
		return Null, errSyntax(o, s)
	}
	var n uint64
	over := false
	for ; i < end; i++ {
		c := s[i]
		if c < '0' || c > '9' {
			return Null, errSyntax(o, s)
		}
		if n > (math.MaxUint64-9)/10 {
			over = true
			continue
		}
		n = n*10 + uint64(c-'0')
	}
	limit := uint64(1) << (bits - 1)
	if neg {
		if over || n > limit {
			return Null, errIntRange(o, s)
		}
		return NewInt(-int64(n)), nil
	}
	if over || n >= limit {
		return Null, errIntRange(o, s)
	}
	return NewInt(int64(n)), nil
}

// leadingUint reads the digits at the front of s and ignores the rest, as the input of
// transaction ids does.
func leadingUint(s string) uint64 {
	s = strings.TrimLeft(s, " \t\n\v\f\r")
	neg := strings.HasPrefix(s, "-")
	if neg || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	base := uint64(10)
	if strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X") {
		base, s = 16, s[2:]
	} else if strings.HasPrefix(s, "0") {
		base = 8
	}
	n := uint64(0)
	for i := 0; i < len(s); i++ {
		d, ok := hexDigit(s[i])
		if !ok || uint64(d) >= base {
			break
		}
		n = n*base + uint64(d)
	}
	if neg {
		return -n
	}
	return n
}

func parseOID(o OID, s string) (Datum, error) {
	t := strings.TrimFunc(s, isSpaceRune)
	n, err := strconv.ParseInt(t, 10, 64)
	if err != nil {
		if e, ok := err.(*strconv.NumError); ok && e.Err == strconv.ErrRange {
			return Null, errIntRange(o, s)
		}
		return Null, errSyntax(o, s)
	}
	if n < math.MinInt32 || n > math.MaxUint32 {
		return Null, errIntRange(o, s)
	}
	return NewInt(int64(uint32(n))), nil
}

func parseBool(s string) (Datum, error) {
	t := strings.ToLower(strings.TrimFunc(s, isSpaceRune))
	is := func(word string, least int) bool { return len(t) >= least && strings.HasPrefix(word, t) }
	switch {
	case is("true", 1), is("yes", 1), t == "on", t == "1":
		return True, nil
	case is("false", 1), is("no", 1), is("off", 2), t == "0":
		return False, nil
	}
	return Null, errSyntax(BoolOID, s)
}

func parseTid(s string) (Datum, error) {
	t, ok := strings.CutPrefix(strings.TrimSpace(s), "(")
	t, ok2 := strings.CutSuffix(t, ")")
	block, off, ok3 := strings.Cut(t, ",")
	b, err := strconv.ParseUint(strings.TrimSpace(block), 10, 32)
	o, err2 := strconv.ParseUint(strings.TrimSpace(off), 10, 16)
	if !ok || !ok2 || !ok3 || err != nil || err2 != nil {
		return Null, errSyntax(TidOID, s)
	}
	return NewInt(int64(b<<16 | o)), nil
}
