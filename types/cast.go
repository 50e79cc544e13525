package types

import (
	"math"

	"github.com/minisql/minisql/sqlerr"
)

type castKey struct{ from, to OID }

// Contexts in which a cast applies by itself.
const (
	CastImplicit   byte = 'i' // in any expression
	CastAssignment byte = 'a' // when a column is assigned, too
	CastExplicit   byte = 'e' // only when written
)

// CastContext says whether a type casts to another and in which context the cast applies,
// counting the casts through text that PostgreSQL allows without naming them in pg_cast: any type to a
// string on assignment, a string to any type when written. An untyped literal casts to
// everything.
func CastContext(from, to OID) (ctx byte, ok bool) {
	if from == to || from == UnknownOID {
		return CastImplicit, true
	}
	if c, ok := pgCasts[castKey{from, to}]; ok {
		return c, true
	}
	if e1, ok := ElemOf(from); ok {
		if e2, ok := ElemOf(to); ok && isTrueArray(to) {
			return CastContext(e1, e2)
		}
	}
	if isPseudo(from) && from != RecordOID || isPseudo(to) {
		return 0, false
	}
	if Category(to) == 'S' {
		return CastAssignment, true
	}
	if Category(from) == 'S' {
		return CastExplicit, true
	}
	return 0, false
}

func isTrueArray(o OID) bool { return o != Int2VectorOID && o != OidVectorOID }

func isPseudo(o OID) bool {
	in, ok := Lookup(o)
	return ok && in.Kind == 'p' && o != UnknownOID
}

// IsBinaryCoercible reports whether a value of one type is one of the other without any work,
// so that an index on the one serves a comparison with the other.
func IsBinaryCoercible(from, to OID) bool {
	if from == to {
		return true
	}
	switch from {
	case TextOID:
		return to == VarcharOID
	case VarcharOID:
		return to == TextOID
	case Int4OID:
		return to == OidOID
	case OidOID:
		return to == Int4OID || IsReg(to)
	}
	return IsReg(from) && to == OidOID
}

// errNoCast refuses a cast that does not exist.
func errNoCast(from, to OID) error {
	return sqlerr.New(sqlerr.CannotCoerce, "cannot cast type %s to %s", from, to)
}

// Cast converts a value from one type to another, its modifier included. explicit is set for a cast
// that the user wrote: it cuts long texts where an assignment refuses them. Whether the
// cast may be used in a context is for CastContext to say.
func Cast(d Datum, from, to Type, f *Format, explicit bool) (Datum, error) {
	if d.k == KindNull {
		return Null, nil
	}
	if from.OID == to.OID {
		if from.Typmod == to.Typmod {
			return d, nil
		}
		return ApplyTypmod(d, to, explicit)
	}
	d, err := castValue(d, from, to, f, explicit)
	if err != nil || to.Typmod < 0 {
		return d, err
	}
	return ApplyTypmod(d, to, explicit)
}

// castValue converts without the modifier of the target, save where the input function
// needs it.
func castValue(d Datum, from, to Type, f *Format, explicit bool) (Datum, error) {
	if isString(to.OID) {
		return castToString(d, from, to.OID, f)
	}
	switch from.OID {
	case UnknownOID, TextOID, VarcharOID, BpcharOID, NameOID, CstringOID:
		in := Type{to.OID, -1}
		if to.OID == IntervalOID {
			in = to // the fields of the modifier say what a bare number means
		}
		return ParseText(in, d.s, f)
	}
	switch d.k {
	case KindInt:
		return castInt(d, from.OID, to.OID, f)
	case KindFloat:
		return castFloat(d.Float(), from.OID, to.OID)
	case KindNumeric:
		return castNumeric(d.numeric(), to.OID)
	case KindBool:
		if to.OID == Int4OID {
			return NewInt(d.n), nil
		}
	case KindInterval:
		if to.OID == TimeOID {
			return NewInt(AddTime(0, Interval{Micros: d.n})), nil
		}
	case KindTimetz:
		if to.OID == TimeOID {
			return NewInt(d.n), nil
		}
	case KindArray:
		if elem, ok := ElemOf(to.OID); ok {
			e := Type{elem, to.Typmod}
			fromElem := d.Array().Elem
			return mapArray(d.Array(), Type{elem, -1}, func(v Datum) (Datum, error) { return Cast(v, fromElem, e, f, explicit) })
		}
	case KindBytes:
		if PhysOf(to.OID) == PhysBytes && (from.OID == JSONOID || from.OID == JSONBOID) && (to.OID == JSONOID || to.OID == JSONBOID) {
			return d, nil
		}
	}
	return Null, errNoCast(from.OID, to.OID)
}

func isString(o OID) bool {
	switch o {
	case TextOID, VarcharOID, BpcharOID, NameOID, UnknownOID, CstringOID:
		return true
	}
	return false
}

func castToString(d Datum, from Type, to OID, f *Format) (Datum, error) {
	s := d.s
	switch {
	case from.OID == BpcharOID && to != BpcharOID && to != CstringOID:
		s = trimBlanks(s)
	case from.OID == BoolOID && to != NameOID:
		s = "false"
		if d.n != 0 {
			s = "true"
		}
	case !isString(from.OID):
		s = Text(from, d, f)
	}
	if to == NameOID {
		s = truncateName(s)
	}
	return NewText(s), nil
}

func castInt(d Datum, from, to OID, f *Format) (Datum, error) {
	switch from {
	case Int2OID, Int4OID, Int8OID:
		return castNumber(d, from, to)
	case DateOID:
		switch to {
		case TimestampOID:
			n, err := DateToTimestamp(d.n, nil)
			return NewInt(n), err
		case TimestamptzOID:
			n, err := DateToTimestamp(d.n, f.zone())
			return NewInt(n), err
		}
	case TimeOID:
		switch to {
		case IntervalOID:
			return NewInterval(Interval{Micros: d.n}), nil
		case TimetzOID:
			now := TimestampFromTime(f.now())
			c := civilOf(toLocal(now, f.zone()))
			c.setTime(d.n)
			ts, _ := c.timestamp() // today
			return NewTimetz(d.n, int32(-offsetOfLocal(f.zone(), ts))), nil
		}
	case TimestampOID:
		switch to {
		case DateOID:
			return NewInt(TimestampToDate(d.n, nil)), nil
		case TimeOID:
			return timeOfDay(d.n)
		case TimestamptzOID:
			n, err := LocalToUTC(d.n, f.zone())
			return NewInt(n), err
		}
	case TimestamptzOID:
		switch to {
		case DateOID:
			return NewInt(TimestampToDate(d.n, f.zone())), nil
		case TimeOID, TimetzOID:
			if !IsFiniteTimestamp(d.n) {
				return Null, nil
			}
			t, err := timeOfDay(toLocal(d.n, f.zone()))
			if to == TimetzOID {
				t = NewTimetz(t.n, int32(-offsetAt(f.zone(), d.n)))
			}
			return t, err
		case TimestampOID:
			n, err := UTCToLocal(d.n, f.zone())
			return NewInt(n), err
		}
	case CharOID:
		if to == Int4OID {
			return NewInt(int64(int8(d.n))), nil
		}
	case OidOID, RegclassOID, RegtypeOID, RegprocOID, RegprocedureOID, RegoperOID, RegoperatorOID, RegnamespaceOID, RegroleOID, RegcollationOID:
		switch to {
		case Int8OID, OidOID:
			return d, nil
		case Int4OID:
			return NewInt(int64(int32(d.n))), nil
		}
		if IsReg(to) {
			return d, nil
		}
	case Xid8OID:
		if to == XidOID {
			return NewInt(int64(uint32(d.n))), nil
		}
	}
	return Null, errNoCast(from, to)
}

// timeOfDay returns the time of a timestamp, NULL for infinity.
func timeOfDay(ts int64) (Datum, error) {
	if !IsFiniteTimestamp(ts) {
		return Null, nil
	}
	_, usec := splitDay(ts)
	return NewInt(usec), nil
}

func castNumber(d Datum, from, to OID) (Datum, error) {
	switch to {
	case Int2OID, Int4OID, Int8OID:
		n, err := CheckInt(to, d.n)
		return NewInt(n), err
	case Float8OID:
		return NewFloat(float64(d.n)), nil
	case Float4OID:
		return NewFloat(float64(float32(d.n))), nil
	case NumericOID:
		return NewNumeric(NumericFromInt(d.n)), nil
	case BoolOID:
		if from == Int4OID {
			return NewBool(d.n != 0), nil
		}
	case CharOID:
		if from == Int4OID {
			if d.n < math.MinInt8 || d.n > math.MaxInt8 {
				return Null, sqlerr.New(sqlerr.NumericValueOutOfRange, `"char" out of range`)
			}
			return NewInt(int64(uint8(d.n))), nil
		}
	}
	if to == OidOID || IsReg(to) {
		if from == Int8OID && (d.n < 0 || d.n > math.MaxUint32) {
			return Null, sqlerr.New(sqlerr.NumericValueOutOfRange, "OID out of range")
		}
		return NewInt(int64(uint32(d.n))), nil
	}
	return Null, errNoCast(from, to)
}

func castFloat(v float64, from, to OID) (Datum, error) {
	switch to {
	case Float8OID:
		return NewFloat(v), nil
	case Float4OID:
		r := float64(float32(v))
		if math.IsInf(r, 0) && !math.IsInf(v, 0) {
			return Null, errFloatOverflow()
		}
		if r == 0 && v != 0 {
			return Null, errFloatUnderflow()
		}
		return NewFloat(r), nil
	case NumericOID:
		digits := 15
		if from == Float4OID {
			digits = 6
		}
		return NewNumeric(NumericFromFloat(v, digits)), nil
	case Int2OID, Int4OID, Int8OID:
		r := math.RoundToEven(v)
		limit := map[OID]float64{Int2OID: 1 << 15, Int4OID: 1 << 31, Int8OID: 1 << 63}[to]
		if !(r >= -limit && r < limit) {
			return Null, errIntOverflow(to)
		}
		return NewInt(int64(r)), nil
	}
	return Null, errNoCast(from, to)
}

func castNumeric(v Numeric, to OID) (Datum, error) {
	switch to {
	case Int2OID, Int4OID, Int8OID:
		if !v.IsFinite() {
			what := "NaN"
			if v.IsInf() {
				what = "infinity"
			}
			return Null, sqlerr.New(sqlerr.FeatureNotSupported, "cannot convert %s to %s", what, to)
		}
		n, ok := v.round(0).Int64()
		if !ok {
			return Null, errIntOverflow(to)
		}
		n, err := CheckInt(to, n)
		return NewInt(n), err
	case Float8OID:
		f := v.Float()
		if v.IsFinite() && (math.IsInf(f, 0) || f == 0 && v.Sign() != 0) {
			return Null, errFloatRange(v.String(), to)
		}
		return NewFloat(f), nil
	case Float4OID:
		f := v.Float()
		r := float64(float32(f))
		if v.IsFinite() && (math.IsInf(r, 0) || r == 0 && v.Sign() != 0) {
			return Null, errFloatRange(v.String(), to)
		}
		return NewFloat(r), nil
	}
	return Null, errNoCast(NumericOID, to)
}
