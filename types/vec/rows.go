package vec

import "github.com/minisql/minisql/types"

// DecodeInto appends the chosen columns of a stored row to vecs: column cols[k]
// to vecs[k], whose physical kind is that of the column's type. Texts are copied into the
// vectors; the row's bytes may be reused. On an error, some vectors may have
// got a value more than others.
func DecodeInto(d *types.RowDecoder, row []byte, cols []int, vecs []*Vec) error {
	r, err := d.Open(row)
	if err != nil {
		return err
	}
	for k, i := range cols {
		v := vecs[k]
		if !r.Stored(i) {
			v.AppendDatum(d.Missing(i))
			continue
		}
		if r.IsNull(i) {
			v.AppendNull()
			continue
		}
		switch v.Phys {
		case types.PhysInt:
			v.AppendInt(r.Int(i))
		case types.PhysBool:
			v.AppendBool(r.Bool(i))
		case types.PhysFloat:
			v.AppendFloat(r.Float(i))
		case types.PhysBytes:
			b, err := r.Bytes(i)
			if err != nil {
				return err
			}
			v.AppendBytes(b)
		default:
			x, err := r.Datum(i)
			if err != nil {
				return err
			}
			v.AppendDatum(x)
		}
	}
	return nil
}

// EncodeRow appends the row code of row i of a batch whose columns are those of
// the encoder. scratch is working memory with room for a Datum per column, so
// that nothing is allocated; nil will do.
func EncodeRow(e *types.RowEncoder, dst []byte, b *Batch, i int, scratch []types.Datum) []byte {
	scratch = scratch[:0]
	for c := range b.Cols {
		scratch = append(scratch, b.Cols[c].View(i))
	}
	return e.Append(dst, scratch)
}
