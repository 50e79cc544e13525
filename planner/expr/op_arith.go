package expr

import (
	"math"

	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// Arithmetic of integers and floats. Sums and products of integers are checked
// against the result type's range; the wider operand decides that type.

func init() {
	ints := []types.OID{types.Int2OID, types.Int4OID, types.Int8OID}
	for i, a := range ints {
		for j, b := range ints {
			registerIntArith(a, b, ints[max(i, j)])
		}
	}
	for _, o := range ints {
		registerIntBits(o)
	}
	floats := []types.OID{types.Float4OID, types.Float8OID}
	for i, a := range floats {
		for j, b := range floats {
			registerFloatArith(a, b, floats[max(i, j)])
		}
	}
}

// rangeOf returns the bounds of an integer type and its name in messages.
func rangeOf(o types.OID) (lo, hi int64, name string) {
	switch o {
	case types.Int2OID:
		return math.MinInt16, math.MaxInt16, "smallint"
	case types.Int4OID:
		return math.MinInt32, math.MaxInt32, "integer"
	}
	return math.MinInt64, math.MaxInt64, "bigint"
}

var errDivisionByZero = sqlerr.New(sqlerr.DivisionByZero, "division by zero")

func outOfRange(name string) error {
	return sqlerr.New(sqlerr.NumericValueOutOfRange, "%s out of range", name)
}

func addInt(a, b int64) (int64, bool) {
	c := a + b
	return c, (c > a) == (b > 0)
}

func subInt(a, b int64) (int64, bool) {
	c := a - b
	return c, (c < a) == (b > 0)
}

func mulInt(a, b int64) (int64, bool) {
	if a == 0 || b == 0 {
		return 0, true
	}
	c := a * b
	return c, c/b == a && !(a == -1 && b == math.MinInt64) && !(b == -1 && a == math.MinInt64)
}

func registerIntArith(a, b, ret types.OID) {
	lo, hi, name := rangeOf(ret)
	for _, op := range []struct {
		symbol string
		f      func(a, b int64) (int64, bool)
	}{{"+", addInt}, {"-", subInt}, {"*", mulInt}} {
		f := op.f
		registerOp(&Func{Name: op.symbol, Args: []types.OID{a, b}, Ret: ret, Strict: true,
			F2: func(_ *Ctx, x, y types.Datum) (types.Datum, error) {
				v, ok := f(x.Int(), y.Int())
				if !ok || v < lo || v > hi {
					return types.Null, outOfRange(name)
				}
				return types.NewInt(v), nil
			},
			Kernel: intKernel(f, lo, hi, name)})
	}
	registerOp(&Func{Name: "/", Args: []types.OID{a, b}, Ret: ret, Strict: true,
		F2: func(_ *Ctx, x, y types.Datum) (types.Datum, error) {
			d := y.Int()
			if d == 0 {
				return types.Null, errDivisionByZero
			}
			if d == -1 && x.Int() == lo {
				return types.Null, outOfRange(name)
			}
			return types.NewInt(x.Int() / d), nil
		}})
	if a == b {
		mod := func(_ *Ctx, x, y types.Datum) (types.Datum, error) {
			d := y.Int()
			if d == 0 {
				return types.Null, errDivisionByZero
			}
			if d == -1 {
				return types.NewInt(0), nil
			}
			return types.NewInt(x.Int() % d), nil
		}
		registerOp(&Func{Name: "%", Args: []types.OID{a, a}, Ret: a, Strict: true, F2: mod})
		register(&Func{Name: "mod", Args: []types.OID{a, a}, Ret: a, Strict: true, F2: mod})
	}
}

// intKernel computes rows that are NULL too, so an overflow there is not an
// error: such rows are looked at again only when the sum fails.
func intKernel(f func(a, b int64) (int64, bool), lo, hi int64, name string) kernel {
	return func(args []*vec.Vec, n int, out *vec.Vec) error {
		x, y := args[0], args[1]
		xi, yi := stride(x.Len()), stride(y.Len())
		for i := range n {
			v, ok := f(x.Ints[i*xi], y.Ints[i*yi])
			if (!ok || v < lo || v > hi) && !x.IsNull(i*xi) && !y.IsNull(i*yi) {
				return outOfRange(name)
			}
			out.Ints[i] = v
		}
		return nil
	}
}

func registerIntBits(o types.OID) {
	lo, _, name := rangeOf(o)
	bits := map[types.OID]int64{types.Int2OID: 16, types.Int4OID: 32, types.Int8OID: 64}[o]
	wrap := func(v int64) int64 { return v << (64 - bits) >> (64 - bits) }
	two := func(symbol string, f func(a, b int64) int64) {
		registerOp(&Func{Name: symbol, Args: []types.OID{o, o}, Ret: o, Strict: true,
			F2: func(_ *Ctx, x, y types.Datum) (types.Datum, error) { return types.NewInt(f(x.Int(), y.Int())), nil }})
	}
	two("&", func(a, b int64) int64 { return a & b })
	two("|", func(a, b int64) int64 { return a | b })
	two("#", func(a, b int64) int64 { return a ^ b })
	shift := func(symbol string, f func(a int64, by uint64) int64) {
		registerOp(&Func{Name: symbol, Args: []types.OID{o, types.Int4OID}, Ret: o, Strict: true,
			F2: func(_ *Ctx, x, y types.Datum) (types.Datum, error) {
				return types.NewInt(f(x.Int(), uint64(y.Int())&uint64(max(bits, 32)-1))), nil
			}})
	}
	shift("<<", func(a int64, by uint64) int64 { return wrap(a << by) })
	shift(">>", func(a int64, by uint64) int64 { return a >> by })
	one := func(symbol string, f func(*Ctx, types.Datum) (types.Datum, error)) {
		registerOp(&Func{Name: symbol, Args: []types.OID{o}, Ret: o, Strict: true, F1: f})
	}
	one("+", func(_ *Ctx, x types.Datum) (types.Datum, error) { return x, nil })
	one("-", func(_ *Ctx, x types.Datum) (types.Datum, error) {
		if x.Int() == lo {
			return types.Null, outOfRange(name)
		}
		return types.NewInt(-x.Int()), nil
	})
	one("~", func(_ *Ctx, x types.Datum) (types.Datum, error) { return types.NewInt(^x.Int()), nil })
	abs := func(_ *Ctx, x types.Datum) (types.Datum, error) {
		if x.Int() == lo {
			return types.Null, outOfRange(name)
		}
		return types.NewInt(max(x.Int(), -x.Int())), nil
	}
	one("@", abs)
	register(&Func{Name: "abs", Args: []types.OID{o}, Ret: o, Strict: true, F1: abs})
}

func registerFloatArith(a, b, ret types.OID) {
	narrow := func(x, y, v float64, zeroOK bool) (types.Datum, error) {
		if ret == types.Float4OID {
			v = float64(float32(v))
		}
		if math.IsInf(v, 0) && !math.IsInf(x, 0) && !math.IsInf(y, 0) {
			return types.Null, sqlerr.New(sqlerr.NumericValueOutOfRange, "value out of range: overflow")
		}
		if v == 0 && !zeroOK {
			return types.Null, sqlerr.New(sqlerr.NumericValueOutOfRange, "value out of range: underflow")
		}
		return types.NewFloat(v), nil
	}
	reg := func(symbol string, f func(x, y float64) (types.Datum, error)) {
		registerOp(&Func{Name: symbol, Args: []types.OID{a, b}, Ret: ret, Strict: true,
			F2: func(_ *Ctx, x, y types.Datum) (types.Datum, error) { return f(x.Float(), y.Float()) }})
	}
	reg("+", func(x, y float64) (types.Datum, error) { return narrow(x, y, x+y, true) })
	reg("-", func(x, y float64) (types.Datum, error) { return narrow(x, y, x-y, true) })
	reg("*", func(x, y float64) (types.Datum, error) { return narrow(x, y, x*y, x == 0 || y == 0) })
	reg("/", func(x, y float64) (types.Datum, error) {
		if y == 0 && x == x {
			return types.Null, errDivisionByZero
		}
		return narrow(x, y, x/y, x == 0 || math.IsInf(y, 0))
	})
	if a == b {
		one := func(symbol string, f func(x float64) float64) *Func {
			fn := &Func{Name: symbol, Args: []types.OID{a}, Ret: a, Strict: true,
				F1: func(_ *Ctx, x types.Datum) (types.Datum, error) { return types.NewFloat(f(x.Float())), nil }}
			return fn
		}
		registerOp(one("+", func(x float64) float64 { return x }), one("-", func(x float64) float64 { return -x }), one("@", math.Abs))
		register(one("abs", math.Abs))
	}
}
