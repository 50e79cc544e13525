package expr

import (
	"math"
	"sort"

	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// Mathematical functions. The arithmetic itself is in types.

func init() {
	def("abs(numeric) numeric", types.Numeric.Abs)
	defAs(math.Ceil, "ceil(float8) float8", "ceiling(float8) float8")
	defAs(types.Numeric.Ceil, "ceil(numeric) numeric", "ceiling(numeric) numeric")
	def("floor(float8) float8", math.Floor)
	def("floor(numeric) numeric", types.Numeric.Floor)
	def("round(float8) float8", math.RoundToEven)
	def("round(numeric) numeric", func(v types.Numeric) types.Numeric { return v.Round(0) })
	def("round(numeric, int4) numeric", func(a, b types.Datum) types.Datum {
		return types.NewNumeric(num(a).Round(int(b.Int())))
	})
	def("trunc(float8) float8", math.Trunc)
	def("trunc(numeric) numeric", func(v types.Numeric) types.Numeric { return v.Trunc(0) })
	def("trunc(numeric, int4) numeric", func(a, b types.Datum) types.Datum {
		return types.NewNumeric(num(a).Trunc(int(b.Int())))
	})
	def("sign(float8) float8", func(x float64) float64 {
		switch {
		case x > 0:
			return 1
		case x < 0:
			return -1
		}
		return 0
	})
	def("sign(numeric) numeric", func(v types.Numeric) types.Numeric {
		if v.IsNaN() {
			return v
		}
		return types.NumericFromInt(int64(v.Sign()))
	})
	defAs(types.SqrtFloat, "sqrt(float8) float8", "dsqrt(float8) float8")
	defAs(types.Numeric.Sqrt, "sqrt(numeric) numeric")
	defAs(math.Cbrt, "cbrt(float8) float8", "dcbrt(float8) float8")
	def("exp(float8) float8", types.ExpFloat)
	def("exp(numeric) numeric", types.Numeric.Exp)
	def("ln(float8) float8", types.LnFloat)
	def("ln(numeric) numeric", types.Numeric.Ln)
	defAs(types.Log10Float, "log(float8) float8", "log10(float8) float8")
	defAs(func(v types.Numeric) (types.Numeric, error) { return types.NumericFromInt(10).Log(v) }, "log(numeric) numeric", "log10(numeric) numeric")
	def("log(numeric, numeric) numeric", types.Numeric.Log)
	defAs(types.PowFloat, "power(float8, float8) float8", "pow(float8, float8) float8", "dpow(float8, float8) float8")
	defAs(types.Numeric.Power, "power(numeric, numeric) numeric", "pow(numeric, numeric) numeric")
	def("mod(numeric, numeric) numeric", types.Numeric.Mod)
	def("div(numeric, numeric) numeric", types.Numeric.DivTrunc)
	for _, o := range []types.OID{types.Int4OID, types.Int8OID} {
		in, _ := types.Lookup(o)
		t := in.Name
		def("gcd("+t+", "+t+") "+t, func(a, b int64) (int64, error) { return types.GCDInt(o, a, b) })
		def("lcm("+t+", "+t+") "+t, func(a, b int64) (int64, error) { return types.LCMInt(o, a, b) })
	}
	def("gcd(numeric, numeric) numeric", func(a, b types.Numeric) (types.Numeric, error) { return a.GCD(b), nil })
	def("lcm(numeric, numeric) numeric", types.Numeric.LCM)
	def("factorial(int8) numeric", func(a types.Datum) (types.Datum, error) {
		v, err := types.Factorial(a.Int())
		return types.NewNumeric(v), err
	})
	def("numeric_inc(numeric) numeric", func(v types.Numeric) (types.Numeric, error) { return v.Add(types.NumericFromInt(1)) })
	scale := func(of func(types.Numeric) int32) func(types.Datum) types.Datum {
		return func(a types.Datum) types.Datum {
			if v := num(a); v.IsFinite() {
				return types.NewInt(int64(of(v)))
			}
			return types.Null
		}
	}
	def("scale(numeric) int4", scale(types.Numeric.Scale))
	def("min_scale(numeric) int4", scale(types.Numeric.MinScale))
	def("trim_scale(numeric) numeric", func(v types.Numeric) types.Numeric {
		if !v.IsFinite() {
			return v
		}
		return v.TrimScale()
	})
	def("width_bucket(float8, float8, float8, int4) int4", widthBucketFloat)
	def("width_bucket(numeric, numeric, numeric, int4) int4", func(a []types.Datum) (types.Datum, error) {
		n, err := num(a[0]).WidthBucket(num(a[1]), num(a[2]), int32(a[3].Int()))
		return types.NewInt(int64(n)), err
	})
	def("width_bucket(anycompatible, anycompatiblearray) int4", widthBucketArray)
	def("pi() float8", func(*Ctx) (types.Datum, error) { return types.NewFloat(math.Pi), nil })
	def("degrees(float8) float8", func(x float64) (float64, error) { return types.DivFloat(types.Float8OID, x, radiansPerDegree) })
	def("radians(float8) float8", func(x float64) (float64, error) { return types.MulFloat(types.Float8OID, x, radiansPerDegree) })
	initTrigonometry()
	def("random() float8", func(c *Ctx) (types.Datum, error) { return types.NewFloat(c.random().Float64()), nil }).Vol = Volatile
	def("setseed(float8) void", func(c *Ctx, a types.Datum) (types.Datum, error) {
		seed := a.Float()
		if !(seed >= -1 && seed <= 1) {
			return types.Null, sqlerr.New(sqlerr.InvalidParameterValue, "setseed parameter %s is out of allowed range [-1,1]", shortFloat(seed))
		}
		s, ok := c.Session.(interface{ Random() *Random })
		if !ok {
			return types.Null, sqlerr.Unsupported("setseed outside a session")
		}
		s.Random().Seed(seed)
		return types.NewText(""), nil
	}).Vol = Volatile
}

const radiansPerDegree = 0.0174532925199432957692

func widthBucketFloat(a []types.Datum) (types.Datum, error) {
	x, lo, hi, count := a[0].Float(), a[1].Float(), a[2].Float(), a[3].Int()
	bad := func(what string) (types.Datum, error) {
		return types.Null, sqlerr.New(sqlerr.InvalidArgumentForWidthBucket, "%s", what)
	}
	switch {
	case count <= 0:
		return bad("count must be greater than zero")
	case x != x || lo != lo || hi != hi:
		return bad("operand, lower bound, and upper bound cannot be NaN")
	case math.IsInf(lo, 0) || math.IsInf(hi, 0):
		return bad("lower and upper bounds must be finite")
	case lo == hi:
		return bad("lower bound cannot equal upper bound")
	}
	var result int64
	up := lo < hi
	switch {
	case up && x < lo || !up && x > lo:
		result = 0
	case up && x >= hi || !up && x <= hi:
		result = count + 1
		if result > math.MaxInt32 {
			return types.Null, outOfRange("integer")
		}
	default:
		// Halved where the difference of the bounds would overflow.
		share := (x - lo) / (hi - lo)
		if math.IsInf(hi-lo, 0) {
			share = (x/2 - lo/2) / (hi/2 - lo/2)
		}
		result = min(int64(float64(count)*share)+1, count)
	}
	return types.NewInt(result), nil
}

func widthBucketArray(a, b types.Datum) (types.Datum, error) {
	arr := b.Array()
	if len(arr.Dims) > 1 {
		return types.Null, sqlerr.New(sqlerr.ArraySubscriptError, "thresholds must be one-dimensional array")
	}
	for _, e := range arr.Elems {
		if e.IsNull() {
			return types.Null, sqlerr.New(sqlerr.NullValueNotAllowed, "thresholds array must not contain NULLs")
		}
	}
	n := sort.Search(len(arr.Elems), func(i int) bool { return types.Compare(arr.Elem.OID, a, arr.Elems[i]) < 0 })
	return types.NewInt(int64(n)), nil
}
