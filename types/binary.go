package types

import (
	"encoding/binary"
	"math"

	"github.com/minisql/minisql/sqlerr"
)

// AppendBinary appends the wire binary of a value that is not NULL, as the type's send
// function writes it, without a length in front.
func AppendBinary(dst []byte, t Type, d Datum) ([]byte, error) {
	be := binary.BigEndian
	switch d.k {
	case KindBool:
		return append(dst, byte(d.n)), nil
	case KindInt:
		switch fixedWidth(t.OID) {
		case 1:
			return append(dst, byte(d.n)), nil
		case 2:
			return be.AppendUint16(dst, uint16(d.n)), nil
		case 4:
			return be.AppendUint32(dst, uint32(d.n)), nil
		}
		if t.OID == TidOID {
			return be.AppendUint16(be.AppendUint32(dst, uint32(d.n>>16)), uint16(d.n)), nil
		}
		return be.AppendUint64(dst, uint64(d.n)), nil
	case KindFloat:
		if t.OID == Float4OID {
			return be.AppendUint32(dst, math.Float32bits(float32(d.Float()))), nil
		}
		return be.AppendUint64(dst, uint64(d.n)), nil
	case KindBytes:
		return append(dst, d.s...), nil
	case KindNumeric:
		return d.numeric().appendBinary(dst), nil
	case KindInterval:
		v := d.Interval()
		dst = be.AppendUint64(dst, uint64(v.Micros))
		return be.AppendUint32(be.AppendUint32(dst, uint32(v.Days)), uint32(v.Months)), nil
	case KindTimetz:
		return be.AppendUint32(be.AppendUint64(dst, uint64(d.n)), uint32(d.m)), nil
	case KindArray:
		a := d.Array()
		hasNull := uint32(0)
		for _, e := range a.Elems {
			if e.IsNull() {
				hasNull = 1
			}
		}
		dst = be.AppendUint32(dst, uint32(len(a.Dims)))
		dst = be.AppendUint32(dst, hasNull)
		dst = be.AppendUint32(dst, uint32(a.Elem.OID))
		for i, n := range a.Dims {
			dst = be.AppendUint32(be.AppendUint32(dst, uint32(n)), uint32(a.LowerBounds[i]))
		}
		for _, e := range a.Elems {
			var err error
			if dst, err = appendSizedBinary(dst, a.Elem, e); err != nil {
				return dst, err
			}
		}
		return dst, nil
	case KindRecord:
		r := d.Record()
		dst = be.AppendUint32(dst, uint32(len(r.Fields)))
		for i, e := range r.Fields {
			var err error
			dst = be.AppendUint32(dst, uint32(r.Types[i].OID))
			if dst, err = appendSizedBinary(dst, r.Types[i], e); err != nil {
				return dst, err
			}
		}
		return dst, nil
	}
	return dst, sqlerr.New(sqlerr.UndefinedFunction, "no binary output function available for type %s", t.OID)
}

func appendSizedBinary(dst []byte, t Type, d Datum) ([]byte, error) {
	at := len(dst)
	dst = append(dst, 0xff, 0xff, 0xff, 0xff)
	if d.IsNull() {
		return dst, nil
	}
	dst, err := AppendBinary(dst, t, d)
	binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst, err
}

// ParseBinary reads a value from its wire binary, as the type's receive function does, with its
// typmod applied. The value does not alias b.
func ParseBinary(t Type, b []byte) (Datum, error) { return parseBinary(t, b, 0) }

func parseBinary(t Type, b []byte, depth int) (Datum, error) {
	be := binary.BigEndian
	need := func(n int) error {
		if len(b) < n {
			return sqlerr.New(sqlerr.ProtocolViolation, "insufficient data left in message")
		}
		if len(b) > n {
			return errBinary()
		}
		return nil
	}
	switch PhysOf(t.OID) {
	case PhysBool:
		if err := need(1); err != nil {
			return Null, err
		}
		return NewBool(b[0] != 0), nil
	case PhysFloat:
		if err := need(fixedWidth(t.OID)); err != nil {
			return Null, err
		}
		if t.OID == Float4OID {
			return NewFloat(float64(math.Float32frombits(be.Uint32(b)))), nil
		}
		return NewFloat(math.Float64frombits(be.Uint64(b))), nil
	case PhysBytes:
		return parseBinaryBytes(t, b)
	case PhysInt:
		width := fixedWidth(t.OID)
		if t.OID == TidOID {
			width = 6
		}
		if err := need(width); err != nil {
			return Null, err
		}
		switch width {
		case 1:
			return NewInt(int64(b[0])), nil
		case 2:
			return NewInt(int64(int16(be.Uint16(b)))), nil
		case 4:
			if t.OID == Int4OID {
				return NewInt(int64(int32(be.Uint32(b)))), nil
			}
			if t.OID == DateOID {
				n := int64(int32(be.Uint32(b)))
				if IsFiniteDate(n) && (n < -epochJulian || n >= dateEnd) {
					return Null, errDateRange()
				}
				return NewInt(n), nil
			}
			return NewInt(int64(be.Uint32(b))), nil
		case 6:
			return NewInt(int64(be.Uint32(b))<<16 | int64(be.Uint16(b[4:]))), nil
		}
		n := int64(be.Uint64(b))
		switch t.OID {
		case TimeOID:
			if n < 0 || n > usecsPerDay {
				return Null, errTimeRange()
			}
		case TimestampOID, TimestamptzOID:
			if IsFiniteTimestamp(n) && !timestampOK(n) {
				return Null, errTimestampRange()
			}
		}
		return ApplyTypmod(NewInt(n), t, false)
	}
	switch t.OID {
	case NumericOID:
		v, err := parseNumericBinary(b)
		if err != nil {
			return Null, err
		}
		v, err = v.ApplyTypmod(t.Typmod)
		return NewNumeric(v), err
	case IntervalOID:
		if err := need(16); err != nil {
			return Null, err
		}
		v := Interval{Micros: int64(be.Uint64(b)), Days: int32(be.Uint32(b[8:])), Months: int32(be.Uint32(b[12:]))}
		return ApplyTypmod(NewInterval(v), t, false)
	case TimetzOID:
		if err := need(12); err != nil {
			return Null, err
		}
		n, west := int64(be.Uint64(b)), int32(be.Uint32(b[8:]))
		if n < 0 || n > usecsPerDay {
			return Null, errTimeRange()
		}
		if limit := int32((zoneHoursMax + 1) * 3600); west <= -limit || west >= limit {
			return Null, sqlerr.New(sqlerr.InvalidTimeZoneDisplacement, "time zone displacement out of range")
		}
		return ApplyTypmod(NewTimetz(n, west), t, false)
	case RecordOID:
		return Null, sqlerr.New(sqlerr.FeatureNotSupported, "input of anonymous composite types is not implemented")
	}
	if elem, ok := ElemOf(t.OID); ok && depth < keyDepthMax {
		return parseBinaryArray(Type{elem, t.Typmod}, b, depth)
	}
	return Null, sqlerr.New(sqlerr.UndefinedFunction, "no binary input function available for type %s", t.OID)
}

func errTimeRange() error { return sqlerr.New(sqlerr.DatetimeFieldOverflow, "time out of range") }

func parseBinaryBytes(t Type, b []byte) (Datum, error) {
	switch t.OID {
	case ByteaOID:
		return NewBytes(b), nil
	case UUIDOID:
		if len(b) < 16 {
			return Null, sqlerr.New(sqlerr.ProtocolViolation, "insufficient data left in message")
		}
		if len(b) > 16 {
			return Null, errBinary()
		}
		return NewBytes(b), nil
	}
	return ParseText(t, string(b), nil)
}

func parseBinaryArray(elem Type, b []byte, depth int) (Datum, error) {
	be := binary.BigEndian
	if len(b) < 12 {
		return Null, errBinary()
	}
	ndim, flags, sent := int32(be.Uint32(b)), be.Uint32(b[4:]), OID(be.Uint32(b[8:]))
	b = b[12:]
	switch {
	case ndim < 0:
		return Null, sqlerr.New(sqlerr.InvalidBinaryRepresentation, "invalid number of dimensions: %d", ndim)
	case ndim > arrayDimsMax:
		return Null, errArrayDims(int(ndim))
	case flags > 1:
		return Null, sqlerr.New(sqlerr.InvalidBinaryRepresentation, "invalid array flags")
	case sent != elem.OID:
		return Null, sqlerr.New(sqlerr.DatatypeMismatch, `binary data has array element type %d (%s) instead of expected %d (%s)`,
			sent, sent, elem.OID, elem.OID)
	case len(b) < 8*int(ndim):
		return Null, errBinary()
	}
	a := &Array{Elem: elem}
	n := int64(0)
	for i := range int(ndim) {
		if i == 0 {
			n = 1
		}
		dim, lower := int32(be.Uint32(b[8*i:])), int32(be.Uint32(b[8*i+4:]))
		if dim < 0 || n*int64(dim) > int64(len(b)) {
			return Null, errBinary() // every element has a length of four bytes
		}
		n *= int64(dim)
		a.Dims, a.LowerBounds = append(a.Dims, dim), append(a.LowerBounds, lower)
	}
	b = b[8*ndim:]
	if n == 0 {
		return NewArray(&Array{Elem: elem}), nil
	}
	for range n {
		if len(b) < 4 {
			return Null, errBinary()
		}
		size := int32(be.Uint32(b))
		b = b[4:]
		if size == -1 {
			a.Elems = append(a.Elems, Null)
			continue
		}
		if size < 0 || int(size) > len(b) {
			return Null, errBinary()
		}
		e, err := parseBinary(elem, b[:size], depth+1)
		if err != nil {
			return Null, err
		}
		a.Elems = append(a.Elems, e)
		b = b[size:]
	}
	if len(b) > 0 {
		return Null, errBinary()
	}
	return NewArray(a), nil
}
