package types

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// Hash returns a hash that is equal for values that Compare finds equal. It is
// the same in every process but not stored anywhere, so it may change. All types of one physical
// kind hash alike, so an int4 meets the int8 of the same value.
func Hash(o OID, d Datum) uint64 {
	switch d.k {
	case KindNull:
		return hashNull
	case KindBool, KindInt:
		return HashInt(d.n)
	case KindFloat:
		return HashFloat(d.Float())
	case KindBytes:
		if o == BpcharOID {
			return HashString(trimBlanks(d.s))
		}
		return HashString(d.s)
	case KindNumeric:
		return d.numeric().hash()
	case KindInterval:
		hi, lo := d.Interval().span()
		return HashCombine(HashInt(hi), HashInt(int64(lo)))
	case KindTimetz:
		return HashCombine(HashInt(timetzUTC(d)), HashInt(int64(d.m)))
	case KindArray:
		a := d.Array()
		h := uint64(len(a.Dims))
		for _, e := range a.Elems {
			h = HashCombine(h, Hash(a.Elem.OID, e))
		}
		return h
	case KindRecord:
		r := d.Record()
		h := uint64(len(r.Fields))
		for i, f := range r.Fields {
			h = HashCombine(h, Hash(r.Types[i].OID, f))
		}
		return h
	}
	return 0
}

const (
	hashNull = 0x9ae16a3b2f90404f
	mixA     = 0xa0761d6478bd642f
	mixB     = 0xe7037ed1a0b428db
)

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// HashInt is Hash for types of kind PhysInt and bool.
func HashInt(n int64) uint64 { return mix(uint64(n)^mixA, mixB) }

// HashFloat is Hash for floats.
func HashFloat(f float64) uint64 {
	switch {
	case f == 0:
		f = 0 // -0
	case math.IsNaN(f):
		f = math.NaN()
	}
	return HashInt(int64(math.Float64bits(f)))
}

// HashString is Hash for types of kind PhysBytes except bpchar.
func HashString(s string) uint64 { return HashBytes(Datum{s: s}.Bytes()) }

// HashBytes is HashString for bytes.
func HashBytes(b []byte) uint64 {
	h := uint64(len(b)) * mixA
	for len(b) >= 8 {
		h = mix(h^binary.LittleEndian.Uint64(b), mixB)
		b = b[8:]
	}
	var tail uint64
	for i, c := range b {
		tail |= uint64(c) << (8 * i)
	}
	return mix(h^tail^mixB, mixA)
}

// HashCombine folds the hash of a next column into h; order matters.
func HashCombine(h, next uint64) uint64 { return mix(h^mixA, next^mixB) + next }

func (v Numeric) hash() uint64 {
	if v.scale < 0 {
		return HashInt(int64(v.scale))
	}
	v = v.trim()
	if v.big != nil {
		return HashCombine(HashBytes(v.big.Bytes()), uint64(v.scale)<<1|uint64(v.big.Sign()&2))
	}
	return HashCombine(HashInt(v.coeff), uint64(v.scale))
}
