package types

import (
	"encoding/binary"
	"math"

	"github.com/minisql/minisql/sqlerr"
)

// Row code: a stored row, from which one column is read without the others.
//
//	┌─────────┬──────────┬─────────────┬────────────┬──────────────┬───────────────┐
//	│ version │ columns  │ null bitmap │ fixed part │ end offsets  │ variable part │
//	│ 1 byte  │ 2 bytes  │ ⌈n/8⌉ bytes │            │ 2 or 4 each  │               │
//	└─────────┴──────────┴─────────────┴────────────┴──────────────┴───────────────┘
//
// Columns of fixed width stand one after another in the fixed part, NULL or not
// (a NULL's bytes are zero). Each other column has the end of its value code (see
// AppendValue) in the offsets; it begins where the one before ends. The version byte
// is 01, with bit 80 set when offsets take 4 bytes. Numbers are little endian.
//
// A row with fewer columns than the decoder knows was written before the later
// columns were added; they have the decoder's missing values. So adding a column rewrites no
// row, and a dropped column stays in the list of types.
//
// This layout is on disk: changing it takes a new version.
const (
	rowVersion = 1
	rowWide    = 0x80
	rowHeader  = 3
)

func errRow() error { return sqlerr.New(sqlerr.DataCorrupted, "corrupt row") }

// fixedWidth returns the bytes that a type takes in the fixed part, 0 if it is of
// variable width.
func fixedWidth(o OID) int {
	switch o {
	case BoolOID, CharOID:
		return 1
	case Int2OID:
		return 2
	case Int8OID, Xid8OID, TidOID, TimeOID, TimestampOID, TimestamptzOID, Float8OID:
		return 8
	case TimetzOID:
		return 12
	case UUIDOID, IntervalOID:
		return 16
	}
	switch PhysOf(o) {
	case PhysInt, PhysFloat:
		return 4
	}
	return 0
}

// rowColumn is where the decoder finds a column.
type rowColumn struct {
	oid   OID
	phys  Phys
	width int // 0: variable
	at    int // in the fixed part, or the number in the offsets
}

// rowLayout is common to both directions. fixed[n] and vars[n] are the bytes of the
// fixed part and the number of offsets of a row with n columns.
type rowLayout struct {
	cols        []rowColumn
	fixed, vars []int
}

func newRowLayout(cols []OID) rowLayout {
	l := rowLayout{cols: make([]rowColumn, len(cols)), fixed: make([]int, 1, len(cols)+1), vars: make([]int, 1, len(cols)+1)}
	fixed, vars := 0, 0
	for i, o := range cols {
		c := rowColumn{oid: o, phys: PhysOf(o), width: fixedWidth(o)}
		if c.width > 0 {
			c.at = fixed
			fixed += c.width
		} else {
			c.at = vars
			vars++
		}
		l.cols[i] = c
		l.fixed, l.vars = append(l.fixed, fixed), append(l.vars, vars)
	}
	return l
}

// RowEncoder writes rows of a fixed list of column types. It is not safe for
// concurrent use.
type RowEncoder struct {
	rowLayout
	scratch []byte
	ends    []int
}

// NewRowEncoder returns an encoder for the column types.
func NewRowEncoder(cols []OID) *RowEncoder { return &RowEncoder{rowLayout: newRowLayout(cols)} }

// Append appends the row code of a row, which has one Datum for each column type.
func (e *RowEncoder) Append(dst []byte, row []Datum) []byte {
	n := len(e.cols)
	e.scratch, e.ends = e.scratch[:0], e.ends[:0]
	for i := range e.cols {
		if e.cols[i].width == 0 {
			if d := row[i]; d.k == KindBytes {
				e.scratch = append(e.scratch, d.s...)
			} else if d.k != KindNull {
				e.scratch = AppendValue(e.scratch, d)
			}
			e.ends = append(e.ends, len(e.scratch))
		}
	}
	version := byte(rowVersion)
	wide := len(e.scratch) > math.MaxUint16
	if wide {
		version |= rowWide
	}
	dst = append(dst, version, byte(n), byte(n>>8))
	at := len(dst)
	bitmap := (n + 7) / 8
	dst = grow(dst, bitmap+e.fixed[n])
	nulls, fixed := dst[at:at+bitmap], dst[at+bitmap:]
	for i := range e.cols {
		c := &e.cols[i]
		d := row[i]
		if d.k == KindNull {
			nulls[i/8] |= 1 << (i % 8)
			continue
		}
		if c.width > 0 {
			putFixed(fixed[c.at:c.at+c.width], d)
		}
	}
	for _, end := range e.ends {
		if wide {
			dst = binary.LittleEndian.AppendUint32(dst, uint32(end))
		} else {
			dst = binary.LittleEndian.AppendUint16(dst, uint16(end))
		}
	}
	return append(dst, e.scratch...)
}

// grow appends n zero bytes.
func grow(b []byte, n int) []byte {
	if len(b)+n <= cap(b) {
		at := len(b)
		b = b[:at+n]
		clear(b[at:])
		return b
	}
	return append(b, make([]byte, n)...)
}

func putFixed(b []byte, d Datum) {
	switch d.k {
	case KindBool, KindInt:
		switch len(b) {
		case 8:
			binary.LittleEndian.PutUint64(b, uint64(d.n))
		case 4:
			binary.LittleEndian.PutUint32(b, uint32(d.n))
		case 2:
			binary.LittleEndian.PutUint16(b, uint16(d.n))
		case 1:
			b[0] = byte(d.n)
		}
	case KindFloat:
		if len(b) == 4 {
			binary.LittleEndian.PutUint32(b, math.Float32bits(float32(d.Float())))
		} else {
			binary.LittleEndian.PutUint64(b, uint64(d.n))
		}
	case KindBytes:
		copy(b, d.s)
	case KindTimetz:
		binary.LittleEndian.PutUint64(b, uint64(d.n))
		binary.LittleEndian.PutUint32(b[8:], uint32(d.m))
	case KindInterval:
		v := d.Interval()
		binary.LittleEndian.PutUint64(b, uint64(v.Micros))
		binary.LittleEndian.PutUint32(b[8:], uint32(v.Days))
		binary.LittleEndian.PutUint32(b[12:], uint32(v.Months))
	}
}

// RowDecoder reads rows of a list of column types. It is immutable and safe for concurrent
// use.
type RowDecoder struct {
	rowLayout
	missing []Datum
	fixedAt int // where the fixed part of a row with all columns begins
	frame   int // the bytes in front of its variable part
}

// NewRowDecoder returns a decoder for the column types. missing[i] is the value of
// column i in rows that were written before it was added; where the list ends, it is NULL.
func NewRowDecoder(cols []OID, missing []Datum) *RowDecoder {
	d := &RowDecoder{rowLayout: newRowLayout(cols), missing: make([]Datum, len(cols))}
	copy(d.missing, missing)
	n := len(cols)
	d.fixedAt = rowHeader + (n+7)/8
	d.frame = d.fixedAt + d.fixed[n] + 2*d.vars[n]
	return d
}

// NumColumns returns the number of column types.
func (d *RowDecoder) NumColumns() int { return len(d.cols) }

// Phys returns the physical kind of column i.
func (d *RowDecoder) Phys(i int) Phys { return d.cols[i].phys }

// Missing returns the value of column i in rows that do not have it.
func (d *RowDecoder) Missing(i int) Datum { return d.missing[i] }

// Whole reports whether a row's bytes begin as those of most rows do: with all columns, and
// offsets of 2 bytes.
func (d *RowDecoder) Whole(b []byte) bool {
	return len(b) >= d.frame && b[0] == rowVersion && int(b[1])|int(b[2])<<8 == len(d.cols)
}

// ReadInts reads column i, of kind PhysInt, of rows that are Whole into dst, and calls null
// for those where it is NULL. It stands at the same place in all of them, so that a row
// costs little more than its bytes' way to the processor.
func (d *RowDecoder) ReadInts(dst []int64, rows [][]byte, i int, null func(k int)) {
	c := &d.cols[i]
	at, nullAt, bit := d.fixedAt+c.at, rowHeader+i/8, byte(1)<<(i%8)
	signed := c.oid == Int4OID || c.oid == DateOID
	dst = dst[:len(rows)]
	for k, b := range rows {
		if b[nullAt]&bit != 0 {
			null(k)
		}
		switch {
		case c.width == 8:
			dst[k] = int64(binary.LittleEndian.Uint64(b[at:]))
		case c.width == 4 && signed:
			dst[k] = int64(int32(binary.LittleEndian.Uint32(b[at:])))
		case c.width == 4:
			dst[k] = int64(binary.LittleEndian.Uint32(b[at:]))
		case c.width == 2:
			dst[k] = int64(int16(binary.LittleEndian.Uint16(b[at:])))
		default:
			dst[k] = int64(b[at])
		}
	}
}

// Row is a stored row, opened for reading. It aliases the bytes it was opened on.
type Row struct {
	dec   *RowDecoder
	n     int // columns stored
	nulls []byte
	fixed []byte
	offs  []byte
	vars  []byte
	wide  bool
}

// Open checks the frame of a row's bytes.
func (d *RowDecoder) Open(b []byte) (Row, error) {
	if len(b) < rowHeader || b[0]&^rowWide != rowVersion {
		return Row{}, errRow()
	}
	r := Row{dec: d, n: int(binary.LittleEndian.Uint16(b[1:])), wide: b[0]&rowWide != 0}
	if r.n > len(d.cols) {
		return Row{}, errRow()
	}
	bitmap := rowHeader + (r.n+7)/8
	fixed := bitmap + d.fixed[r.n]
	width := 2
	if r.wide {
		width = 4
	}
	offs := fixed + d.vars[r.n]*width
	if len(b) < offs {
		return Row{}, errRow()
	}
	r.nulls, r.fixed, r.offs, r.vars = b[rowHeader:bitmap], b[bitmap:fixed], b[fixed:offs], b[offs:]
	return r, nil
}

// Stored reports whether the row has column i; if not, it has the decoder's missing value.
func (r *Row) Stored(i int) bool { return i < r.n }

// IsNull reports whether column i, which is stored, is NULL.
func (r *Row) IsNull(i int) bool { return r.nulls[i/8]>>(i%8)&1 != 0 }

// Int reads column i of kind PhysInt, which is stored and not NULL.
func (r *Row) Int(i int) int64 {
	c := &r.dec.cols[i]
	b := r.fixed[c.at:]
	switch c.width {
	case 8:
		return int64(binary.LittleEndian.Uint64(b))
	case 4:
		u := binary.LittleEndian.Uint32(b)
		if c.oid == Int4OID || c.oid == DateOID {
			return int64(int32(u))
		}
		return int64(u) // oid, reg*, xid, cid are unsigned
	case 2:
		return int64(int16(binary.LittleEndian.Uint16(b)))
	}
	return int64(b[0])
}

// Bool reads column i of type bool, which is stored and not NULL.
func (r *Row) Bool(i int) bool { return r.fixed[r.dec.cols[i].at] != 0 }

// Float reads column i of kind PhysFloat, which is stored and not NULL.
func (r *Row) Float(i int) float64 {
	c := &r.dec.cols[i]
	if c.width == 4 {
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(r.fixed[c.at:])))
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(r.fixed[c.at:]))
}

// Bytes returns the bytes of column i, which is stored and not NULL and not of a fixed
// numeric kind: the value of a PhysBytes type, the value code of others. It aliases the row.
func (r *Row) Bytes(i int) ([]byte, error) {
	c := &r.dec.cols[i]
	if c.width > 0 {
		return r.fixed[c.at : c.at+c.width], nil
	}
	var lo, hi uint32
	if r.wide {
		hi = binary.LittleEndian.Uint32(r.offs[4*c.at:])
		if c.at > 0 {
			lo = binary.LittleEndian.Uint32(r.offs[4*c.at-4:])
		}
	} else {
		hi = uint32(binary.LittleEndian.Uint16(r.offs[2*c.at:]))
		if c.at > 0 {
			lo = uint32(binary.LittleEndian.Uint16(r.offs[2*c.at-2:]))
		}
	}
	if lo > hi || uint64(hi) > uint64(len(r.vars)) {
		return nil, errRow()
	}
	return r.vars[lo:hi:hi], nil
}

// Datum reads column i. The value does not alias the row.
func (r *Row) Datum(i int) (Datum, error) {
	if i >= r.n {
		return r.dec.missing[i], nil
	}
	if r.IsNull(i) {
		return Null, nil
	}
	switch c := &r.dec.cols[i]; c.phys {
	case PhysInt:
		return NewInt(r.Int(i)), nil
	case PhysBool:
		return NewBool(r.Bool(i)), nil
	case PhysFloat:
		return NewFloat(r.Float(i)), nil
	case PhysBytes:
		b, err := r.Bytes(i)
		if err != nil {
			return Null, err
		}
		return NewBytes(b), nil
	default:
		b, err := r.Bytes(i)
		if err != nil {
			return Null, err
		}
		switch c.oid {
		case TimetzOID:
			return NewTimetz(int64(binary.LittleEndian.Uint64(b)), int32(binary.LittleEndian.Uint32(b[8:]))), nil
		case IntervalOID:
			return NewInterval(Interval{
				Micros: int64(binary.LittleEndian.Uint64(b)),
				Days:   int32(binary.LittleEndian.Uint32(b[8:])),
				Months: int32(binary.LittleEndian.Uint32(b[12:])),
			}), nil
		}
		return DecodeValue(b, c.oid)
	}
}

// Decode appends all columns of a row's bytes to dst, the missing ones too.
func (d *RowDecoder) Decode(dst []Datum, b []byte) ([]Datum, error) {
	r, err := d.Open(b)
	if err != nil {
		return dst, err
	}
	for i := range d.cols {
		v, err := r.Datum(i)
		if err != nil {
			return dst, err
		}
		dst = append(dst, v)
	}
	return dst, nil
}

// Column reads one column of a row's bytes.
func (d *RowDecoder) Column(b []byte, i int) (Datum, error) {
	r, err := d.Open(b)
	if err != nil {
		return Null, err
	}
	return r.Datum(i)
}
