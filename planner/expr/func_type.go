package expr

import (
	"github.com/minisql/minisql/types"
)

// Functions about arguments themselves: their types, how many are NULL, their size.

func init() {
	f := def("pg_typeof(any) regtype", func(c *CallCtx, _ []types.Datum) (types.Datum, error) {
		return types.NewInt(int64(c.argType(0).OID)), nil
	})
	f.Strict, f.Vol = false, Stable
	count := func(null bool) func(c *CallCtx, args []types.Datum) (types.Datum, error) {
		return func(c *CallCtx, args []types.Datum) (types.Datum, error) {
			n := int64(0)
			for _, a := range args {
				if a.IsNull() == null {
					n++
				}
			}
			return types.NewInt(n), nil
		}
	}
	def("num_nulls(variadic any) int4", count(true)).Strict = false
	def("num_nonnulls(variadic any) int4", count(false)).Strict = false
	def("pg_column_size(any) int4", func(c *CallCtx, a []types.Datum) (types.Datum, error) {
		return types.NewInt(ColumnSize(c.argType(0), a[0])), nil
	}).Vol = Stable
	f = def("pg_collation_for(any) text", func(c *CallCtx, a []types.Datum) (types.Datum, error) {
		if in, ok := types.Lookup(c.argType(0).OID); ok && in.Collation != 0 {
			return types.NewText(RegOut(c.Session, types.RegcollationOID, int64(in.Collation))), nil
		}
		return types.Null, nil
	})
	f.Strict, f.Vol = false, Stable
}

// ColumnSize is how many bytes PostgreSQL needs for the value.
func ColumnSize(t types.Type, d types.Datum) int64 {
	if in, ok := types.Lookup(t.OID); ok && in.Len > 0 {
		return int64(in.Len)
	}
	n := int64(len(d.Text()))
	switch d.Kind() {
	case types.KindArray, types.KindRecord, types.KindNumeric:
		b, err := types.AppendBinary(nil, t, d)
		if err != nil {
			return int64(d.Size())
		}
		n = int64(len(b))
	}
	return n + 4
}
