package expr

import (
	"math"

	"github.com/minisql/minisql/sqlerr"
)

// Trigonometry in radians and in degrees. The functions in degrees are exact
// where their results are whole or half: sind(30) is 0.5.

func initTrigonometry() {
	finite := func(f func(float64) float64) func(float64) (float64, error) {
		return func(x float64) (float64, error) {
			if math.IsInf(x, 0) {
				return 0, errInputRange
			}
			return f(x), nil
		}
	}
	def("sin(float8) float8", finite(math.Sin))
	def("cos(float8) float8", finite(math.Cos))
	def("tan(float8) float8", finite(math.Tan))
	def("cot(float8) float8", finite(func(x float64) float64 { return 1 / math.Tan(x) }))
	unit := func(f func(float64) float64) func(float64) (float64, error) {
		return func(x float64) (float64, error) {
			if x < -1 || x > 1 {
				return 0, errInputRange
			}
			return f(x), nil
		}
	}
	def("asin(float8) float8", unit(math.Asin))
	def("acos(float8) float8", unit(math.Acos))
	def("atan(float8) float8", math.Atan)
	def("atan2(float8, float8) float8", func(y, x float64) (float64, error) { return math.Atan2(y, x), nil })
	def("sinh(float8) float8", math.Sinh)
	def("cosh(float8) float8", math.Cosh)
	def("tanh(float8) float8", math.Tanh)
	def("asinh(float8) float8", math.Asinh)
	def("acosh(float8) float8", func(x float64) (float64, error) {
		if x < 1 {
			return 0, errInputRange
		}
		return math.Acosh(x), nil
	})
	def("atanh(float8) float8", unit(math.Atanh))
	def("sind(float8) float8", finite(sind))
	def("cosd(float8) float8", finite(cosd))
	def("tand(float8) float8", finite(tand))
	def("cotd(float8) float8", finite(cotd))
	def("asind(float8) float8", unit(asind))
	def("acosd(float8) float8", unit(acosd))
	def("atand(float8) float8", func(x float64) float64 { return math.Atan(x) / atanOne * 45 })
	def("atan2d(float8, float8) float8", func(y, x float64) (float64, error) { return math.Atan2(y, x) / atanOne * 45, nil })
}

var errInputRange = sqlerr.New(sqlerr.NumericValueOutOfRange, "input is out of range")

// The values by which results are scaled so that they are exact at 30, 45 and 60 degrees.
var (
	sin30       = math.Sin(radians(30))
	oneLessCos6 = 1 - math.Cos(radians(60))
	asinHalf    = math.Asin(0.5)
	acosHalf    = math.Acos(0.5)
	atanOne     = math.Atan(1)
	tan45       = sindQ1(45) / cosdQ1(45)
	cot45       = cosdQ1(45) / sindQ1(45)
)

// radians rounds the product, which a constant expression would not.
func radians(x float64) float64 { return x * radiansPerDegree }

func sind0to30(x float64) float64 { return math.Sin(radians(x)) / sin30 / 2 }

func cosd0to60(x float64) float64 { return 1 - (1-math.Cos(radians(x)))/oneLessCos6/2 }

func sindQ1(x float64) float64 {
	if x <= 30 {
		return sind0to30(x)
	}
	return cosd0to60(90 - x)
}

func cosdQ1(x float64) float64 {
	if x <= 60 {
		return cosd0to60(x)
	}
	return sind0to30(90 - x)
}

func sind(x float64) float64 {
	x = math.Mod(x, 360)
	sign := 1.0
	if x < 0 {
		x, sign = -x, -sign
	}
	if x > 180 {
		x, sign = 360-x, -sign
	}
	if x > 90 {
		x = 180 - x
	}
	return sign * sindQ1(x)
}

func cosd(x float64) float64 {
	x = math.Abs(math.Mod(x, 360))
	sign := 1.0
	if x > 180 {
		x = 360 - x
	}
	if x > 90 {
		x, sign = 180-x, -sign
	}
	return sign * cosdQ1(x)
}

// firstQuadrant brings an angle into the first quadrant for tangent and cotangent.
func firstQuadrant(x float64) (folded, sign float64) {
	x, sign = math.Mod(x, 360), 1
	if x < 0 {
		x, sign = -x, -sign
	}
	if x > 180 {
		x, sign = 360-x, -sign
	}
	if x > 90 {
		x, sign = 180-x, -sign
	}
	return x, sign
}

func tand(x float64) float64 {
	x, sign := firstQuadrant(x)
	if r := sign * (sindQ1(x) / cosdQ1(x) / tan45); r != 0 {
		return r
	}
	return 0 // never -0
}

func cotd(x float64) float64 {
	x, sign := firstQuadrant(x)
	if r := sign * (cosdQ1(x) / sindQ1(x) / cot45); r != 0 {
		return r
	}
	return 0
}

func asindQ1(x float64) float64 {
	if x <= 0.5 {
		return math.Asin(x) / asinHalf * 30
	}
	return 90 - math.Acos(x)/acosHalf*60
}

func acosdQ1(x float64) float64 {
	if x <= 0.5 {
		return 90 - math.Asin(x)/asinHalf*30
	}
	return math.Acos(x) / acosHalf * 60
}

func asind(x float64) float64 {
	if x >= 0 {
		return asindQ1(x)
	}
	return -asindQ1(-x)
}

func acosd(x float64) float64 {
	if x >= 0 {
		return acosdQ1(x)
	}
	return 90 + asindQ1(-x)
}
