package expr

import (
	"math"

	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// Arithmetic of numeric, and the operators that float8 has beyond those of the
// machine. Integers beside a numeric are converted by the resolver.

func init() {
	defOp("+ (numeric, numeric) numeric", types.Numeric.Add)
	defOp("- (numeric, numeric) numeric", types.Numeric.Sub)
	defOp("* (numeric, numeric) numeric", types.Numeric.Mul)
	defOp("/ (numeric, numeric) numeric", types.Numeric.Div)
	defOp("% (numeric, numeric) numeric", types.Numeric.Mod)
	defOp("^ (numeric, numeric) numeric", types.Numeric.Power)
	defOp("+ (numeric) numeric", func(a types.Datum) types.Datum { return a })
	defOp("- (numeric) numeric", types.Numeric.Neg)
	defOp("@ (numeric) numeric", types.Numeric.Abs)
	defOp("^ (float8, float8) float8", types.PowFloat)
	defOp("|/ (float8) float8", types.SqrtFloat)
	defOp("||/ (float8) float8", math.Cbrt)
	for _, symbol := range []string{"+", "-", "*", "/"} {
		for _, f := range operators[symbol] {
			if f.Kernel == nil && len(f.Args) == 2 && types.PhysOf(f.Args[0]) == types.PhysFloat && types.PhysOf(f.Args[1]) == types.PhysFloat {
				f.Kernel = floatKernel(f)
			}
		}
	}
}

// floatKernel computes with the scalar form only where the fast one meets
// something that may be an error: a result that is infinite, NaN or zero.
func floatKernel(f *Func) kernel {
	op, single := f.Name[0], f.Ret == types.Float4OID
	return func(args []*vec.Vec, n int, out *vec.Vec) error {
		x, y := args[0], args[1]
		xi, yi := stride(x.Len()), stride(y.Len())
		for i := range n {
			a, b := x.Floats[i*xi], y.Floats[i*yi]
			var v float64
			switch op {
			case '+':
				v = a + b
			case '-':
				v = a - b
			case '*':
				v = a * b
			default:
				v = a / b
			}
			if single {
				v = float64(float32(v))
			}
			if v-v != 0 || v == 0 {
				if x.IsNull(i*xi) || y.IsNull(i*yi) {
					continue
				}
				d, err := f.F2(nil, types.NewFloat(a), types.NewFloat(b))
				if err != nil {
					return err
				}
				v = d.Float()
			}
			out.Floats[i] = v
		}
		return nil
	}
}
