package types

import (
	"cmp"
	"math"
	"math/big"
	"math/bits"
	"strings"
)

// Comparable reports whether values of the type have an order (and with it
// equality, Compare, Hash and keys). json and the pseudo-types have none.
func Comparable(o OID) bool {
	if elem, ok := ElemOf(o); ok {
		return Comparable(elem)
	}
	switch o {
	case JSONOID, PgNodeTreeOID, ACLItemOID, VoidOID, TriggerOID, InternalOID, CstringOID, RefcursorOID:
		return false
	case NumericOID, IntervalOID, TimetzOID, RecordOID:
		return true
	}
	return PhysOf(o) != PhysAny
}

// Compare gives PostgreSQL's btree order of two values of the type: -1, 0 or 1. NaN is
// the greatest number, bpchar ignores trailing blanks, text is compared
// bytewise. NULL equals NULL and is greater than any value, as it is within arrays and
// records; the NULLs of a sort are the caller's business.
func Compare(o OID, a, b Datum) int {
	if a.k == KindNull || b.k == KindNull {
		switch {
		case a.k == b.k:
			return 0
		case a.k == KindNull:
			return 1
		}
		return -1
	}
	switch PhysOf(o) {
	case PhysInt:
		if o == Xid8OID {
			return cmp.Compare(uint64(a.n), uint64(b.n))
		}
		return cmp.Compare(a.n, b.n)
	case PhysBytes:
		if o == BpcharOID {
			return strings.Compare(trimBlanks(a.s), trimBlanks(b.s))
		}
		return strings.Compare(a.s, b.s)
	case PhysFloat:
		return CompareFloat(a.Float(), b.Float())
	case PhysBool:
		return cmp.Compare(a.n, b.n)
	}
	switch a.k {
	case KindNumeric:
		return a.numeric().Cmp(b.numeric())
	case KindInterval:
		return a.Interval().Cmp(b.Interval())
	case KindTimetz:
		if c := cmp.Compare(timetzUTC(a), timetzUTC(b)); c != 0 {
			return c
		}
		return cmp.Compare(a.m, b.m)
	case KindArray:
		return compareArrays(a.Array(), b.Array())
	case KindRecord:
		return compareRecords(a.Record(), b.Record())
	}
	return 0
}

// Equal reports whether two values that are not NULL are equal.
func Equal(o OID, a, b Datum) bool { return Compare(o, a, b) == 0 }

func trimBlanks(s string) string { return strings.TrimRight(s, " ") }

// CompareFloat orders floats as PostgreSQL does: NaN equals itself and is greater than
// all others; the zeros are equal.
func CompareFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	case a == b:
		return 0
	case math.IsNaN(a) && math.IsNaN(b):
		return 0
	case math.IsNaN(a):
		return 1
	}
	return -1
}

// Cmp orders numerics: -Infinity, numbers, Infinity, NaN.
func (v Numeric) Cmp(w Numeric) int {
	if v.scale < 0 || w.scale < 0 {
		return cmp.Compare(v.rank(), w.rank())
	}
	if v.big == nil && w.big == nil {
		if v.scale == w.scale {
			return cmp.Compare(v.coeff, w.coeff)
		}
		if v.scale < w.scale && w.scale-v.scale < 19 {
			if c, ok := mulInt64(v.coeff, pow10Int64[w.scale-v.scale]); ok {
				return cmp.Compare(c, w.coeff)
			}
		} else if w.scale < v.scale && v.scale-w.scale < 19 {
			if c, ok := mulInt64(w.coeff, pow10Int64[v.scale-w.scale]); ok {
				return cmp.Compare(v.coeff, c)
			}
		}
	}
	if s, t := v.Sign(), w.Sign(); s != t {
		return cmp.Compare(s, t)
	}
	a, b := v.bigCoeff(), w.bigCoeff()
	switch {
	case v.scale < w.scale:
		a = new(big.Int).Mul(a, pow10(w.scale-v.scale))
	case w.scale < v.scale:
		b = new(big.Int).Mul(b, pow10(v.scale-w.scale))
	}
	return a.Cmp(b)
}

func (v Numeric) rank() int {
	switch v.scale {
	case scaleNegInf:
		return -1
	case scalePosInf:
		return 1
	case scaleNaN:
		return 2
	}
	return 0
}

// span is the interval's length as PostgreSQL compares it, with months of 30 and
// days of 24 hours, as a signed 128-bit number of microseconds.
func (v Interval) span() (hi int64, lo uint64) {
	days := int64(v.Months)*30 + int64(v.Days)
	neg := days < 0
	abs := uint64(days)
	if neg {
		abs = -abs
	}
	h, l := bits.Mul64(abs, uint64(usecsPerDay))
	if neg {
		l = -l
		h = ^h
		if l == 0 {
			h++
		}
	}
	lo, carry := bits.Add64(l, uint64(v.Micros), 0)
	h2, _ := bits.Add64(h, uint64(v.Micros>>63), carry)
	return int64(h2), lo
}

// Cmp orders intervals by their length, with months of 30 and days of 24 hours.
func (v Interval) Cmp(w Interval) int {
	h1, l1 := v.span()
	h2, l2 := w.span()
	if c := cmp.Compare(h1, h2); c != 0 {
		return c
	}
	return cmp.Compare(l1, l2)
}

func timetzUTC(d Datum) int64 { return d.n + int64(d.m)*usecsPerSec }

func compareArrays(a, b *Array) int {
	for i := range min(len(a.Elems), len(b.Elems)) {
		if c := Compare(a.Elem.OID, a.Elems[i], b.Elems[i]); c != 0 {
			return c
		}
	}
	if c := cmp.Compare(len(a.Elems), len(b.Elems)); c != 0 {
		return c
	}
	if c := cmp.Compare(len(a.Dims), len(b.Dims)); c != 0 {
		return c
	}
	for i := range a.Dims {
		if c := cmp.Compare(a.Dims[i], b.Dims[i]); c != 0 {
			return c
		}
	}
	for i := range a.LowerBounds {
		if c := cmp.Compare(a.LowerBounds[i], b.LowerBounds[i]); c != 0 {
			return c
		}
	}
	return 0
}

func compareRecords(a, b *Record) int {
	for i := range min(len(a.Fields), len(b.Fields)) {
		if c := Compare(a.Types[i].OID, a.Fields[i], b.Fields[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a.Fields), len(b.Fields))
}
