package types

import (
	"math"
	"unsafe"
)

// Kind says what a Datum holds.
type Kind uint8

// The kinds of a Datum. The zero Datum is NULL.
const (
	KindNull Kind = iota
	KindBool
	KindInt
	KindFloat
	KindBytes
	KindNumeric
	KindInterval
	KindTimetz
	KindArray
	KindRecord
)

// Datum is a value, or NULL. It does not know its SQL type: the same KindInt is
// an int4, a date or a timestamp. Small enough to copy; a Datum is immutable,
// and so is everything it refers to.
//
//	kind      n             m              s       x
//	Bool      0, 1
//	Int       value
//	Float     float bits
//	Bytes                                  bytes
//	Numeric   coefficient   dscale, form           *big.Int if it needs more than n
//	Interval  µs            days                   int32 months, nil if 0
//	Timetz    µs            zone, s west
//	Array                                          *Array
//	Record                                         *Record
type Datum struct {
	k Kind
	m int32
	n int64
	s string
	x any
}

// Interval is a span in three parts that do not convert exactly into each other.
type Interval struct {
	Months, Days int32
	Micros       int64
}

// Array is an SQL array. An empty array has no dimensions.
type Array struct {
	Elem        Type // element type
	Dims        []int32
	LowerBounds []int32
	Elems       []Datum // in row-major order
}

// Record is a row value.
type Record struct {
	Types  []Type
	Names  []string // may be nil
	Fields []Datum
}

// Null is the NULL of every type.
var Null = Datum{}

// True and False are the values of type bool.
var (
	True  = Datum{k: KindBool, n: 1}
	False = Datum{k: KindBool, n: 0}
)

// NewBool returns a bool.
func NewBool(b bool) Datum {
	if b {
		return True
	}
	return False
}

// NewInt returns a value of any type of kind PhysInt.
func NewInt(n int64) Datum { return Datum{k: KindInt, n: n} }

// NewFloat returns a float8, or a float4 if f is one.
func NewFloat(f float64) Datum { return Datum{k: KindFloat, n: int64(math.Float64bits(f))} }

// NewText returns a value of any type of kind PhysBytes.
func NewText(s string) Datum { return Datum{k: KindBytes, s: s} }

// NewBytes is NewText for bytes, which are copied.
func NewBytes(b []byte) Datum { return Datum{k: KindBytes, s: string(b)} }

// NewBytesAlias is NewBytes without the copy: the Datum is valid only as long as
// b is not changed.
func NewBytesAlias(b []byte) Datum {
	return Datum{k: KindBytes, s: unsafe.String(unsafe.SliceData(b), len(b))}
}

// NewInterval returns an interval.
func NewInterval(v Interval) Datum {
	d := Datum{k: KindInterval, n: v.Micros, m: v.Days}
	if v.Months != 0 {
		d.x = v.Months
	}
	return d
}

// NewTimetz returns a time with time zone: microseconds since local midnight and the
// zone in seconds west of Greenwich, PostgreSQL's sign.
func NewTimetz(micros int64, zoneWest int32) Datum {
	return Datum{k: KindTimetz, n: micros, m: zoneWest}
}

// NewArray returns an array. The caller must not change a afterwards.
func NewArray(a *Array) Datum { return Datum{k: KindArray, x: a} }

// NewRecord returns a row value. The caller must not change r afterwards.
func NewRecord(r *Record) Datum { return Datum{k: KindRecord, x: r} }

// MakeArray returns a one-dimensional array with lower bound 1.
func MakeArray(elem Type, elems []Datum) Datum {
	a := &Array{Elem: elem, Elems: elems}
	if len(elems) > 0 {
		a.Dims, a.LowerBounds = []int32{int32(len(elems))}, []int32{1}
	}
	return NewArray(a)
}

// Kind returns the kind.
func (d Datum) Kind() Kind { return d.k }

// IsNull reports whether d is NULL.
func (d Datum) IsNull() bool { return d.k == KindNull }

// Bool returns a bool's value.
func (d Datum) Bool() bool { return d.n != 0 }

// Int returns the integer behind a type of kind PhysInt.
func (d Datum) Int() int64 { return d.n }

// Float returns a float's value.
func (d Datum) Float() float64 { return math.Float64frombits(uint64(d.n)) }

// Text returns the bytes of a type of kind PhysBytes.
func (d Datum) Text() string { return d.s }

// Bytes is Text as a slice that the caller must not change.
func (d Datum) Bytes() []byte { return unsafe.Slice(unsafe.StringData(d.s), len(d.s)) }

// Interval returns an interval's value.
func (d Datum) Interval() Interval {
	months, _ := d.x.(int32)
	return Interval{Months: months, Days: d.m, Micros: d.n}
}

// Timetz returns a timetz's local microseconds and its zone in seconds west.
func (d Datum) Timetz() (micros int64, zoneWest int32) { return d.n, d.m }

// Array returns an array's value, nil for anything else.
func (d Datum) Array() *Array { a, _ := d.x.(*Array); return a }

// Record returns a row's value, nil for anything else.
func (d Datum) Record() *Record { r, _ := d.x.(*Record); return r }

// Clone returns a Datum that shares no bytes with a buffer d may alias.
func (d Datum) Clone() Datum {
	if d.k == KindBytes {
		d.s = string(append([]byte(nil), d.s...))
	}
	return d
}

// Size estimates the memory behind d in bytes, for memory accounting.
func (d Datum) Size() int {
	size := int(unsafe.Sizeof(d)) + len(d.s)
	switch x := d.x.(type) {
	case *Array:
		for _, e := range x.Elems {
			size += e.Size()
		}
	case *Record:
		for _, f := range x.Fields {
			size += f.Size()
		}
	case nil:
	default:
		if v, ok := d.Numeric(); ok && v.big != nil {
			size += len(v.big.Bits()) * 8
		}
	}
	return size
}
