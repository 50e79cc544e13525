package vec

import "github.com/minisql/minisql/types"

// Batch is a run of rows as columns. Sel, if not nil, names the rows that are
// alive, in order; otherwise all N rows are.
type Batch struct {
	Cols []Vec
	N    int
	Sel  []int32

	selBuf []int32
}

// NewBatch returns an empty batch with columns of the given types.
func NewBatch(cols []types.OID) *Batch {
	b := &Batch{Cols: make([]Vec, len(cols))}
	for i, o := range cols {
		b.Cols[i].Init(types.PhysOf(o))
	}
	return b
}

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset() {
	for i := range b.Cols {
		b.Cols[i].Reset()
	}
	b.N, b.Sel = 0, nil
}

// Len returns how many rows are alive.
func (b *Batch) Len() int {
	if b.Sel != nil {
		return len(b.Sel)
	}
	return b.N
}

// Row maps the k-th row that is alive to its index in the columns.
func (b *Batch) Row(k int) int {
	if b.Sel != nil {
		return int(b.Sel[k])
	}
	return k
}

// SelBuf returns an empty selection vector with room for MaxRows that belongs to the batch: fill it,
// then assign it to Sel. It must not be asked for while Sel already is this
// buffer, unless the caller writes no further than it has read.
func (b *Batch) SelBuf() []int32 {
	if b.selBuf == nil {
		b.selBuf = make([]int32, 0, MaxRows)
	}
	return b.selBuf[:0]
}

// AppendRow appends one row of Datums, copying texts.
func (b *Batch) AppendRow(row []types.Datum) {
	for i, d := range row {
		b.Cols[i].AppendDatum(d)
	}
	b.N++
}

// AppendRowFrom appends row i of src, which has the same columns.
func (b *Batch) AppendRowFrom(src *Batch, i int) {
	for c := range b.Cols {
		b.Cols[c].AppendFrom(&src.Cols[c], i)
	}
	b.N++
}

// ReadRow appends the Datums of row i to dst; they may be kept.
func (b *Batch) ReadRow(dst []types.Datum, i int) []types.Datum {
	for c := range b.Cols {
		dst = append(dst, b.Cols[c].Get(i))
	}
	return dst
}
