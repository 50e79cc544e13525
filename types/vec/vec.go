package vec

import (
	"math/bits"

	"github.com/minisql/minisql/types"
)

// MaxRows is the greatest number of rows of a batch.
const MaxRows = 1024

// Bitmap has one bit a row.
type Bitmap [MaxRows / 64]uint64

// Get returns bit i.
func (b *Bitmap) Get(i int) bool { return b[uint(i)/64%(MaxRows/64)]>>(uint(i)%64)&1 != 0 }

// Set sets bit i.
func (b *Bitmap) Set(i int) { b[uint(i)/64%(MaxRows/64)] |= 1 << (uint(i) % 64) }

// Unset clears bit i.
func (b *Bitmap) Unset(i int) { b[uint(i)/64%(MaxRows/64)] &^= 1 << (uint(i) % 64) }

// Count returns how many bits are set.
func (b *Bitmap) Count() int {
	n := 0
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// Vec is one column of up to MaxRows values. The zero Vec holds PhysAny; use New
// or Init for the others. Kernels read and write the exported slices directly, under
// the invariants of the package.
type Vec struct {
	Phys     types.Phys
	HasNulls bool
	n        int

	Bools  []bool
	Ints   []int64
	Floats []float64
	Buf    []byte   // PhysBytes: value i is Buf[Offs[i]:Offs[i+1]]
	Offs   []uint32 // always starts with 0
	Datums []types.Datum

	Nulls Bitmap
}

// New returns an empty vector for values of a type.
func New(o types.OID) *Vec {
	v := new(Vec)
	v.Init(types.PhysOf(o))
	return v
}

// Init makes v an empty vector of the physical kind and keeps its memory.
func (v *Vec) Init(p types.Phys) {
	v.Phys = p
	v.Reset()
}

// Reset empties the vector and keeps its memory.
func (v *Vec) Reset() {
	v.n = 0
	if v.HasNulls {
		v.Nulls = Bitmap{}
		v.HasNulls = false
	}
	switch v.Phys {
	case types.PhysBool:
		v.Bools = v.Bools[:0]
	case types.PhysInt:
		v.Ints = v.Ints[:0]
	case types.PhysFloat:
		v.Floats = v.Floats[:0]
	case types.PhysBytes:
		v.Buf = v.Buf[:0]
		v.Offs = append(v.Offs[:0], 0)
	default:
		clear(v.Datums) // let go of what the values refer to
		v.Datums = v.Datums[:0]
	}
}

// Len returns the number of values.
func (v *Vec) Len() int { return v.n }

// SetLen makes the vector n values long, for kernels that then assign slots of
// Bools, Ints, Floats or Datums. New slots hold arbitrary values and are not NULL;
// new slots of a PhysBytes vector are empty.
func (v *Vec) SetLen(n int) {
	switch v.Phys {
	case types.PhysBool:
		v.Bools = resize(v.Bools, n)
	case types.PhysInt:
		v.Ints = resize(v.Ints, n)
	case types.PhysFloat:
		v.Floats = resize(v.Floats, n)
	case types.PhysBytes:
		if n < v.n {
			v.Offs = v.Offs[:n+1]
			v.Buf = v.Buf[:v.Offs[n]]
		}
		for i := v.n; i < n; i++ {
			v.Offs = append(v.Offs, uint32(len(v.Buf)))
		}
	default:
		v.Datums = resize(v.Datums, n)
	}
	for i := n; i < v.n && v.HasNulls; i++ {
		v.Nulls.Unset(i)
	}
	v.n = n
}

func resize[T any](s []T, n int) []T {
	if n <= cap(s) {
		return s[:n]
	}
	c := max(n, min(2*cap(s), MaxRows))
	t := make([]T, n, c)
	copy(t, s)
	return t
}

// IsNull reports whether value i is NULL.
func (v *Vec) IsNull(i int) bool { return v.HasNulls && v.Nulls.Get(i) }

// SetNull makes value i NULL. Its slot keeps what it holds, save that a Datum slot
// becomes NULL too.
func (v *Vec) SetNull(i int) {
	v.HasNulls = true
	v.Nulls.Set(i)
	if v.Phys == types.PhysAny {
		v.Datums[i] = types.Null
	}
}

// AppendNull appends a NULL.
func (v *Vec) AppendNull() {
	switch v.Phys {
	case types.PhysBool:
		v.Bools = append(v.Bools, false)
	case types.PhysInt:
		v.Ints = append(v.Ints, 0)
	case types.PhysFloat:
		v.Floats = append(v.Floats, 0)
	case types.PhysBytes:
		v.Offs = append(v.Offs, uint32(len(v.Buf)))
	default:
		v.Datums = append(v.Datums, types.Null)
	}
	v.HasNulls = true
	v.Nulls.Set(v.n)
	v.n++
}

// AppendBool appends to a PhysBool vector.
func (v *Vec) AppendBool(b bool) { v.Bools = append(v.Bools, b); v.n++ }

// AppendInt appends to a PhysInt vector.
func (v *Vec) AppendInt(n int64) { v.Ints = append(v.Ints, n); v.n++ }

// AppendFloat appends to a PhysFloat vector.
func (v *Vec) AppendFloat(f float64) { v.Floats = append(v.Floats, f); v.n++ }

// AppendBytes appends a copy of b to a PhysBytes vector.
func (v *Vec) AppendBytes(b []byte) {
	v.Buf = append(v.Buf, b...)
	v.Offs = append(v.Offs, uint32(len(v.Buf)))
	v.n++
}

// AppendString is AppendBytes for a string.
func (v *Vec) AppendString(s string) {
	v.Buf = append(v.Buf, s...)
	v.Offs = append(v.Offs, uint32(len(v.Buf)))
	v.n++
}

// AppendDatum appends a value of the vector's physical kind, or NULL. A text is
// copied into the vector.
func (v *Vec) AppendDatum(d types.Datum) {
	if d.IsNull() {
		v.AppendNull()
		return
	}
	switch v.Phys {
	case types.PhysBool:
		v.AppendBool(d.Bool())
	case types.PhysInt:
		v.AppendInt(d.Int())
	case types.PhysFloat:
		v.AppendFloat(d.Float())
	case types.PhysBytes:
		v.AppendString(d.Text())
	default:
		v.Datums = append(v.Datums, d)
		v.n++
	}
}

// AppendFrom appends value i of src, a vector of the same physical kind.
func (v *Vec) AppendFrom(src *Vec, i int) {
	if src.IsNull(i) {
		v.AppendNull()
		return
	}
	switch v.Phys {
	case types.PhysBool:
		v.AppendBool(src.Bools[i])
	case types.PhysInt:
		v.AppendInt(src.Ints[i])
	case types.PhysFloat:
		v.AppendFloat(src.Floats[i])
	case types.PhysBytes:
		v.AppendBytes(src.Bytes(i))
	default:
		v.Datums = append(v.Datums, src.Datums[i])
		v.n++
	}
}

// AppendVec appends the values of src that sel names, all n of them if sel is nil.
func (v *Vec) AppendVec(src *Vec, sel []int32, n int) {
	if sel != nil {
		for _, i := range sel {
			v.AppendFrom(src, int(i))
		}
		return
	}
	if src.HasNulls || v.Phys == types.PhysBytes {
		for i := range n {
			v.AppendFrom(src, i)
		}
		return
	}
	switch v.Phys {
	case types.PhysBool:
		v.Bools = append(v.Bools, src.Bools[:n]...)
	case types.PhysInt:
		v.Ints = append(v.Ints, src.Ints[:n]...)
	case types.PhysFloat:
		v.Floats = append(v.Floats, src.Floats[:n]...)
	default:
		v.Datums = append(v.Datums, src.Datums[:n]...)
	}
	v.n += n
}

// Bytes returns value i of a PhysBytes vector. It aliases the vector and is valid
// until the next Reset; an append may move the vector but leaves the slice intact.
func (v *Vec) Bytes(i int) []byte {
	lo, hi := v.Offs[i], v.Offs[i+1]
	return v.Buf[lo:hi:hi]
}

// Get returns value i. A text is copied, so that the Datum may be kept.
func (v *Vec) Get(i int) types.Datum {
	if v.Phys == types.PhysBytes && !v.IsNull(i) {
		return types.NewBytes(v.Bytes(i))
	}
	return v.View(i)
}

// View is Get without the copy: a text aliases the vector and is valid until the
// next Reset.
func (v *Vec) View(i int) types.Datum {
	if v.IsNull(i) {
		return types.Null
	}
	switch v.Phys {
	case types.PhysBool:
		return types.NewBool(v.Bools[i])
	case types.PhysInt:
		return types.NewInt(v.Ints[i])
	case types.PhysFloat:
		return types.NewFloat(v.Floats[i])
	case types.PhysBytes:
		return types.NewBytesAlias(v.Bytes(i))
	}
	return v.Datums[i]
}

// Size estimates the memory the vector holds in bytes.
func (v *Vec) Size() int {
	size := len(v.Bools) + 8*len(v.Ints) + 8*len(v.Floats) + len(v.Buf) + 4*len(v.Offs)
	for _, d := range v.Datums {
		size += d.Size()
	}
	return size
}
