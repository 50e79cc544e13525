package pgcatalog

import (
	"fmt"
	"time"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/types"
)

// builder collects the rows of one table. A column that is not set has NULL, or
// the zero of its type if it is NOT NULL.
type builder struct {
	t        *catalog.Table
	slots    map[string]int
	template []types.Datum
	rows     [][]types.Datum
	row      []types.Datum // the row being made
}

func newBuilder(t *catalog.Table) *builder {
	b := &builder{t: t, slots: make(map[string]int, len(t.Columns)), template: make([]types.Datum, len(t.Columns))}
	for i := range t.Columns {
		c := &t.Columns[i]
		b.slots[c.Name] = i
		if c.NotNull {
			b.template[i] = zero(c.Type)
		}
	}
	return b
}

func zero(t types.Type) types.Datum {
	switch types.PhysOf(t.OID) {
	case types.PhysBool:
		return types.False
	case types.PhysInt:
		return types.NewInt(0)
	case types.PhysFloat:
		return types.NewFloat(0)
	case types.PhysBytes:
		return types.NewText("")
	}
	if t.OID == types.Int2VectorOID || t.OID == types.OidVectorOID {
		return vector[int](t.OID, nil)
	}
	return types.Null
}

// add begins another row.
func (b *builder) add() *builder {
	b.row = append([]types.Datum(nil), b.template...)
	b.rows = append(b.rows, b.row)
	return b
}

// set gives a column of the row its value: a Datum, or what has an obvious one.
// An empty string is one; nil is NULL.
func (b *builder) set(column string, v any) *builder {
	i, ok := b.slots[column]
	if !ok {
		panic(fmt.Sprintf("pgcatalog: %s has no column %q", b.t.Name, column))
	}
	typ := b.t.Columns[i].Type
	var d types.Datum
	switch v := v.(type) {
	case nil:
	case types.Datum:
		d = v
	case bool:
		switch {
		case typ.OID == types.BoolOID:
			d = types.NewBool(v)
		case v: // information_schema's yes_or_no
			d = types.NewText("YES")
		default:
			d = types.NewText("NO")
		}
	case int:
		d = integer(typ, int64(v))
	case int16:
		d = integer(typ, int64(v))
	case int32:
		d = integer(typ, int64(v))
	case int64:
		d = integer(typ, v)
	case catalog.ID:
		d = integer(typ, int64(v))
	case types.OID:
		d = integer(typ, int64(v))
	case float64:
		d = types.NewFloat(v)
	case byte:
		d = types.NewInt(int64(v))
	case catalog.Kind:
		d = types.NewInt(int64(v))
	case catalog.Action:
		d = types.NewInt(int64(v))
	case string:
		d = types.NewText(v)
	case time.Time:
		if !v.IsZero() {
			d = types.NewInt(types.TimestampFromTime(v))
		}
	case []string:
		elems := make([]types.Datum, len(v))
		for k, s := range v {
			elems[k] = types.NewText(s)
		}
		elem, _ := types.ElemOf(typ.OID)
		d = types.MakeArray(elem.Type(), elems)
	default:
		panic(fmt.Sprintf("pgcatalog: cannot put %T into %s.%s", v, b.t.Name, column))
	}
	b.row[i] = d
	return b
}

// integer is n as a value of a type that may be a float.
func integer(t types.Type, n int64) types.Datum {
	if types.PhysOf(t.OID) == types.PhysFloat {
		return types.NewFloat(float64(n))
	}
	return types.NewInt(n)
}

// opt is NULL for an empty string.
func opt(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// vector makes an int2vector or oidvector: an array that counts from 0.
func vector[N int | int16 | types.OID](oid types.OID, v []N) types.Datum {
	elem, _ := types.ElemOf(oid)
	a := &types.Array{Elem: elem.Type(), Dims: []int32{int32(len(v))}, LowerBounds: []int32{0}}
	for _, n := range v {
		a.Elems = append(a.Elems, types.NewInt(int64(n)))
	}
	if len(v) == 0 {
		a.Dims, a.LowerBounds = nil, nil
	}
	return types.NewArray(a)
}

// ints makes an array of integers.
func ints[N int | int16 | types.OID](oid types.OID, v []N) types.Datum {
	elems := make([]types.Datum, len(v))
	for i, n := range v {
		elems[i] = types.NewInt(int64(n))
	}
	return types.MakeArray(oid.Type(), elems)
}

// copyStatic adds rows of data as they are.
func (b *builder) copyStatic(name string) { b.rows = append(b.rows, staticRows(name)...) }
