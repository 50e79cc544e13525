package expr

import (
	"cmp"

	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// The comparison operators: the same six for every type with an order. Types
// that compare with each other in PostgreSQL without a cast (the integers, the
// floats, dates and timestamps, name and text) have them across, too.

var cmpOps = []struct {
	symbol string
	holds  func(c int) bool
}{
	{"=", func(c int) bool { return c == 0 }},
	{"<>", func(c int) bool { return c != 0 }},
	{"<", func(c int) bool { return c < 0 }},
	{"<=", func(c int) bool { return c <= 0 }},
	{">", func(c int) bool { return c > 0 }},
	{">=", func(c int) bool { return c >= 0 }},
}

func init() {
	ints := []types.OID{types.Int2OID, types.Int4OID, types.Int8OID}
	for _, a := range ints {
		for _, b := range ints {
			registerCompare(a, b, compareInt, kernelInt)
		}
	}
	floats := []types.OID{types.Float4OID, types.Float8OID}
	for _, a := range floats {
		for _, b := range floats {
			registerCompare(a, b, compareBy(types.Float8OID), kernelFloat)
		}
	}
	for _, o := range []types.OID{types.DateOID, types.TimeOID, types.TimestampOID, types.TimestamptzOID, types.OidOID} {
		registerCompare(o, o, compareInt, kernelInt)
	}
	for _, o := range []types.OID{types.TextOID, types.ByteaOID, types.NameOID, types.UUIDOID} {
		registerCompare(o, o, compareText, kernelBytes)
	}
	registerCompare(types.NameOID, types.TextOID, compareText, kernelBytes)
	registerCompare(types.TextOID, types.NameOID, compareText, kernelBytes)
	for _, o := range []types.OID{
		types.BoolOID, types.BpcharOID, types.NumericOID, types.IntervalOID, types.TimetzOID, types.CharOID,
		types.Xid8OID, types.TidOID, types.OidVectorOID,
	} {
		registerCompare(o, o, compareBy(o), nil)
	}
	// Transaction and command numbers have no order.
	for symbol, list := range map[string][]types.OID{"=": {types.XidOID, types.CidOID}, "<>": {types.XidOID}} {
		for _, o := range list {
			registerOp(&Func{Name: symbol, Args: []types.OID{o, o}, Ret: types.BoolOID, Strict: true,
				F2: func(_ *Ctx, a, b types.Datum) (types.Datum, error) {
					return types.NewBool((a.Int() == b.Int()) == (symbol == "=")), nil
				}})
		}
	}
	for _, p := range cmpOps {
		holds := p.holds
		registerOp(&Func{Name: p.symbol, Args: []types.OID{types.AnyArrayOID, types.AnyArrayOID}, Ret: types.BoolOID, Strict: true,
			F2: func(_ *Ctx, a, b types.Datum) (types.Datum, error) {
				return types.NewBool(holds(types.Compare(types.AnyArrayOID, a, b))), nil
			}})
		registerOp(&Func{Name: p.symbol, Args: []types.OID{types.RecordOID, types.RecordOID}, Ret: types.BoolOID, Strict: true,
			F2: func(_ *Ctx, a, b types.Datum) (types.Datum, error) {
				return types.NewBool(holds(types.Compare(types.RecordOID, a, b))), nil
			}})
	}
}

func compareInt(a, b types.Datum) int  { return cmp.Compare(a.Int(), b.Int()) }
func compareText(a, b types.Datum) int { return cmp.Compare(a.Text(), b.Text()) }

func compareBy(o types.OID) func(a, b types.Datum) int {
	return func(a, b types.Datum) int { return types.Compare(o, a, b) }
}

type kernel = func(args []*vec.Vec, n int, out *vec.Vec) error

func registerCompare(a, b types.OID, compare func(a, b types.Datum) int, kernels func(symbol string) kernel) {
	for _, p := range cmpOps {
		holds := p.holds
		f := &Func{Name: p.symbol, Args: []types.OID{a, b}, Ret: types.BoolOID, Strict: true,
			F2: func(_ *Ctx, x, y types.Datum) (types.Datum, error) { return types.NewBool(holds(compare(x, y))), nil }}
		if kernels != nil {
			f.Kernel = kernels(p.symbol)
		}
		registerOp(f)
	}
}

// compareSlices is the loop of all comparison kernels. One-element vectors
// stand for a constant.
func compareSlices[T cmp.Ordered](symbol string, x, y []T, out []bool) {
	xi, yi := 1, 1
	if len(x) == 1 {
		xi = 0
	}
	if len(y) == 1 {
		yi = 0
	}
	switch symbol {
	case "=":
		for i := range out {
			out[i] = x[i*xi] == y[i*yi]
		}
	case "<>":
		for i := range out {
			out[i] = x[i*xi] != y[i*yi]
		}
	case "<":
		for i := range out {
			out[i] = x[i*xi] < y[i*yi]
		}
	case "<=":
		for i := range out {
			out[i] = x[i*xi] <= y[i*yi]
		}
	case ">":
		for i := range out {
			out[i] = x[i*xi] > y[i*yi]
		}
	case ">=":
		for i := range out {
			out[i] = x[i*xi] >= y[i*yi]
		}
	}
}

func kernelInt(symbol string) kernel {
	return func(args []*vec.Vec, n int, out *vec.Vec) error {
		compareSlices(symbol, args[0].Ints, args[1].Ints, out.Bools[:n])
		return nil
	}
}

// kernelFloat orders NaN above everything, as PostgreSQL does, which the
// machine's comparison does not.
func kernelFloat(symbol string) kernel {
	var holds func(int) bool
	for _, p := range cmpOps {
		if p.symbol == symbol {
			holds = p.holds
		}
	}
	return func(args []*vec.Vec, n int, out *vec.Vec) error {
		x, y := args[0].Floats, args[1].Floats
		xi, yi := stride(len(x)), stride(len(y))
		for i := range n {
			a, b := x[i*xi], y[i*yi]
			if a == a && b == b {
				out.Bools[i] = holds(cmp.Compare(a, b))
			} else {
				out.Bools[i] = holds(-cmp.Compare(b2i(b != b), b2i(a != a)))
			}
		}
		return nil
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func stride(n int) int {
	if n == 1 {
		return 0
	}
	return 1
}

func kernelBytes(symbol string) kernel {
	var holds func(int) bool
	for _, p := range cmpOps {
		if p.symbol == symbol {
			holds = p.holds
		}
	}
	return func(args []*vec.Vec, n int, out *vec.Vec) error {
		x, y := args[0], args[1]
		xi, yi := stride(x.Len()), stride(y.Len())
		for i := range n {
			out.Bools[i] = holds(cmp.Compare(string(x.Bytes(i*xi)), string(y.Bytes(i*yi))))
		}
		return nil
	}
}
