package types

import (
	"encoding/binary"
	"math/big"

	"github.com/minisql/minisql/sqlerr"
)

func errValue() error { return sqlerr.New(sqlerr.DataCorrupted, "corrupt value") }

// Value code: the compact form of one value, not ordered, inside rows (for types of
// variable width) and temporary files. The type is known to the reader.
//
//	Bool      1 byte
//	Int       zigzag varint
//	Float     8 bytes, little endian
//	Bytes     as they are
//	numeric   form, then scale uvarint, then: 0 zigzag varint | 1 bytes ≥ 0 | 2 bytes < 0;
//	          3 NaN, 4 Infinity, 5 -Infinity have the form only
//	interval  months, days, µs as zigzag varints
//	timetz    µs, zone as zigzag varints
//	array     element OID, typmod, dimensions, (length, lower bound)…, then each element
//	record    fields, then for each OID, typmod and the field
//	element, field: uvarint 0 for NULL, else length + 1 and the value
//
// These forms are on disk: never renumber.
const (
	formSmall  = 0
	formBig    = 1
	formBigNeg = 2
	formNaN    = 3
	formInf    = 4
	formNegInf = 5
)

// AppendValue appends the value code of d, which is not NULL, to dst.
func AppendValue(dst []byte, d Datum) []byte {
	switch d.k {
	case KindBool:
		return append(dst, byte(d.n))
	case KindInt:
		return binary.AppendVarint(dst, d.n)
	case KindFloat:
		return binary.LittleEndian.AppendUint64(dst, uint64(d.n))
	case KindBytes:
		return append(dst, d.s...)
	case KindNumeric:
		return appendValueNumeric(dst, d.numeric())
	case KindInterval:
		v := d.Interval()
		dst = binary.AppendVarint(dst, int64(v.Months))
		dst = binary.AppendVarint(dst, int64(v.Days))
		return binary.AppendVarint(dst, v.Micros)
	case KindTimetz:
		return binary.AppendVarint(binary.AppendVarint(dst, d.n), int64(d.m))
	case KindArray:
		a := d.Array()
		dst = binary.AppendUvarint(dst, uint64(a.Elem.OID))
		dst = binary.AppendVarint(dst, int64(a.Elem.Typmod))
		dst = binary.AppendUvarint(dst, uint64(len(a.Dims)))
		for i := range a.Dims {
			dst = binary.AppendVarint(dst, int64(a.Dims[i]))
			dst = binary.AppendVarint(dst, int64(a.LowerBounds[i]))
		}
		for _, e := range a.Elems {
			dst = appendSized(dst, e)
		}
	case KindRecord:
		r := d.Record()
		dst = binary.AppendUvarint(dst, uint64(len(r.Fields)))
		for i, f := range r.Fields {
			dst = binary.AppendUvarint(dst, uint64(r.Types[i].OID))
			dst = binary.AppendVarint(dst, int64(r.Types[i].Typmod))
			dst = appendSized(dst, f)
		}
	}
	return dst
}

// appendSized appends a value, or NULL, with its length in front.
func appendSized(dst []byte, d Datum) []byte {
	if d.IsNull() {
		return append(dst, 0)
	}
	var buf [32]byte
	body := AppendValue(buf[:0], d)
	dst = binary.AppendUvarint(dst, uint64(len(body))+1)
	return append(dst, body...)
}

func appendValueNumeric(dst []byte, v Numeric) []byte {
	switch v.scale {
	case scaleNaN:
		return append(dst, formNaN)
	case scalePosInf:
		return append(dst, formInf)
	case scaleNegInf:
		return append(dst, formNegInf)
	}
	if v.big == nil {
		dst = binary.AppendUvarint(append(dst, formSmall), uint64(v.scale))
		return binary.AppendVarint(dst, v.coeff)
	}
	form := byte(formBig)
	if v.big.Sign() < 0 {
		form = formBigNeg
	}
	dst = binary.AppendUvarint(append(dst, form), uint64(v.scale))
	n := (v.big.BitLen() + 7) / 8
	at := len(dst)
	dst = append(dst, make([]byte, n)...)
	v.big.FillBytes(dst[at:])
	return dst
}

// DecodeValue reads a value of the type that takes all of b. The value does not alias b.
func DecodeValue(b []byte, o OID) (Datum, error) { return decodeValue(b, o, 0) }

func decodeValue(b []byte, o OID, depth int) (Datum, error) {
	r := valueReader{b: b}
	var d Datum
	switch PhysOf(o) {
	case PhysBytes:
		return NewBytes(b), nil
	case PhysBool:
		if len(b) != 1 || b[0] > 1 {
			return Null, errValue()
		}
		return NewBool(b[0] == 1), nil
	case PhysFloat:
		if len(b) != 8 {
			return Null, errValue()
		}
		d := Datum{k: KindFloat, n: int64(binary.LittleEndian.Uint64(b))}
		if o == Float4OID && CompareFloat(d.Float(), float64(float32(d.Float()))) != 0 {
			return Null, errValue()
		}
		return d, nil
	case PhysInt:
		n := r.varint()
		r.bad = r.bad || !intFits(o, n)
		d = NewInt(n)
	default:
		switch o {
		case NumericOID:
			d = r.numeric()
		case IntervalOID:
			v := Interval{Months: r.int32(), Days: r.int32()}
			v.Micros = r.varint()
			d = NewInterval(v)
		case TimetzOID:
			micros := r.varint()
			d = NewTimetz(micros, r.int32())
		case RecordOID:
			d = r.record(depth)
		default:
			if !IsArray(o) {
				return Null, errValue()
			}
			d = r.array(depth)
		}
	}
	if r.bad || len(r.b) > 0 {
		return Null, errValue()
	}
	return d, nil
}

// valueReader reads from the front of b; bad stays set after the first thing that is
// not there.
type valueReader struct {
	b   []byte
	bad bool
}

func (r *valueReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *valueReader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *valueReader) int32() int32 {
	v := r.varint()
	if v != int64(int32(v)) {
		r.bad = true
	}
	return int32(v)
}

func (r *valueReader) oid() OID {
	v := r.uvarint()
	if v != uint64(uint32(v)) {
		r.bad = true
	}
	return OID(v)
}

func (r *valueReader) numeric() Datum {
	if len(r.b) == 0 {
		r.bad = true
		return Null
	}
	form := r.b[0]
	r.b = r.b[1:]
	switch form {
	case formNaN:
		return NewNumeric(NumericNaN)
	case formInf:
		return NewNumeric(NumericInfinity)
	case formNegInf:
		return NewNumeric(NumericNegInfinity)
	}
	scale := r.uvarint()
	if scale > numericScaleMax {
		r.bad = true
		return Null
	}
	switch form {
	case formSmall:
		return NewNumeric(Numeric{coeff: r.varint(), scale: int32(scale)})
	case formBig, formBigNeg:
		c := new(big.Int).SetBytes(r.b)
		r.b = nil
		if form == formBigNeg {
			c.Neg(c)
		}
		return NewNumeric(NumericFromBig(c, int32(scale)))
	}
	r.bad = true
	return Null
}

func (r *valueReader) sized(o OID, depth int) Datum {
	n := r.uvarint()
	if n == 0 {
		return Null
	}
	n--
	if n > uint64(len(r.b)) || depth > keyDepthMax {
		r.bad, r.b = true, nil
		return Null
	}
	d, err := decodeValue(r.b[:n], o, depth+1)
	r.bad = r.bad || err != nil
	r.b = r.b[n:]
	return d
}

func (r *valueReader) array(depth int) Datum {
	a := &Array{Elem: Type{OID: r.oid()}}
	a.Elem.Typmod = r.int32()
	ndim := r.uvarint()
	if ndim > arrayDimsMax {
		r.bad = true
		return Null
	}
	n := int64(0)
	for i := range ndim {
		dim, lower := r.int32(), r.int32()
		if i == 0 {
			n = 1
		}
		// Every element takes a byte at least, which bounds the product.
		if n *= int64(dim); dim < 1 || n > int64(len(r.b)) {
			r.bad = true
			return Null
		}
		a.Dims, a.LowerBounds = append(a.Dims, dim), append(a.LowerBounds, lower)
	}
	if n > 0 {
		a.Elems = make([]Datum, 0, n)
	}
	for ; n > 0 && !r.bad; n-- {
		a.Elems = append(a.Elems, r.sized(a.Elem.OID, depth))
	}
	return NewArray(a)
}

func (r *valueReader) record(depth int) Datum {
	n := r.uvarint()
	rec := new(Record)
	for ; n > 0 && !r.bad; n-- {
		t := Type{OID: r.oid()}
		t.Typmod = r.int32()
		rec.Types = append(rec.Types, t)
		rec.Fields = append(rec.Fields, r.sized(t.OID, depth))
	}
	return NewRecord(rec)
}
