package vec

import "github.com/minisql/minisql/types"

// RunDecoder is DecodeInto for many rows at a time. In rows that have all columns, as
// most do, integers are read one column after the other.
type RunDecoder struct {
	dec  *types.RowDecoder
	all  columns
	ints columns
	rest columns
}

// columns are numbers of columns and the vectors that they are decoded into.
type columns struct {
	cols []int
	vecs []*Vec
}

func (c *columns) add(col int, v *Vec) { c.cols, c.vecs = append(c.cols, col), append(c.vecs, v) }

// NewRunDecoder makes a decoder of column cols[k] into vecs[k].
func NewRunDecoder(d *types.RowDecoder, cols []int, vecs []*Vec) *RunDecoder {
	r := &RunDecoder{dec: d, all: columns{cols, vecs}}
	for k, i := range cols {
		if vecs[k].Phys == types.PhysInt {
			r.ints.add(i, vecs[k])
		} else {
			r.rest.add(i, vecs[k])
		}
	}
	return r
}

// AppendRow is DecodeInto.
func (r *RunDecoder) AppendRow(row []byte) error {
	return DecodeInto(r.dec, row, r.all.cols, r.all.vecs)
}

// AppendRows appends the columns of all rows. On an error, some vectors may have got more
// values than others.
func (r *RunDecoder) AppendRows(rows [][]byte) error {
	rest := &r.all
	if r.whole(rows) {
		for k, i := range r.ints.cols {
			v := r.ints.vecs[k]
			n := v.Len()
			v.SetLen(n + len(rows))
			r.dec.ReadInts(v.Ints[n:], rows, i, func(k int) { v.SetNull(n + k) })
		}
		if rest = &r.rest; len(rest.cols) == 0 {
			return nil
		}
	}
	for _, b := range rows {
		if err := DecodeInto(r.dec, b, rest.cols, rest.vecs); err != nil {
			return err
		}
	}
	return nil
}

func (r *RunDecoder) whole(rows [][]byte) bool {
	for _, b := range rows {
		if !r.dec.Whole(b) {
			return false
		}
	}
	return true
}
