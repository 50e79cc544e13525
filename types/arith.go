package types

import (
	"math"

	"github.com/minisql/minisql/sqlerr"
)

// Integer and float arithmetic with PostgreSQL's overflow rules. o is Int2OID, Int4OID or
// Int8OID for integers.

func errIntOverflow(o OID) error {
	return sqlerr.New(sqlerr.NumericValueOutOfRange, "%s out of range", o)
}

// CheckInt refuses an integer that does not fit the type.
func CheckInt(o OID, n int64) (int64, error) {
	switch o {
	case Int2OID:
		if n != int64(int16(n)) {
			return 0, errIntOverflow(o)
		}
	case Int4OID:
		if n != int64(int32(n)) {
			return 0, errIntOverflow(o)
		}
	}
	return n, nil
}

// AddInt returns a + b.
func AddInt(o OID, a, b int64) (int64, error) {
	c := a + b
	if (a^c)&(b^c) < 0 {
		return 0, errIntOverflow(o)
	}
	return CheckInt(o, c)
}

// SubInt returns a - b.
func SubInt(o OID, a, b int64) (int64, error) {
	c := a - b
	if (a^b)&(a^c) < 0 {
		return 0, errIntOverflow(o)
	}
	return CheckInt(o, c)
}

// MulInt returns a × b.
func MulInt(o OID, a, b int64) (int64, error) {
	c, ok := mulInt64(a, b)
	if !ok {
		return 0, errIntOverflow(o)
	}
	return CheckInt(o, c)
}

// DivInt returns a / b, cut off towards zero.
func DivInt(o OID, a, b int64) (int64, error) {
	if b == 0 {
		return 0, errDivisionByZero()
	}
	if b == -1 {
		return NegInt(o, a)
	}
	return a / b, nil
}

// ModInt returns the remainder of DivInt, with the sign of a.
func ModInt(a, b int64) (int64, error) {
	if b == 0 {
		return 0, errDivisionByZero()
	}
	return a % b, nil
}

// NegInt returns -a.
func NegInt(o OID, a int64) (int64, error) {
	if a == math.MinInt64 {
		return 0, errIntOverflow(o)
	}
	return CheckInt(o, -a)
}

// AbsInt returns the absolute value.
func AbsInt(o OID, a int64) (int64, error) {
	if a < 0 {
		return NegInt(o, a)
	}
	return a, nil
}

// GCDInt returns the greatest common divisor.
func GCDInt(o OID, a, b int64) (int64, error) {
	x, y := absUint64(a), absUint64(b)
	for y != 0 {
		x, y = y, x%y
	}
	if x > math.MaxInt64 {
		return 0, errIntOverflow(o)
	}
	return CheckInt(o, int64(x))
}

// LCMInt returns the least common multiple.
func LCMInt(o OID, a, b int64) (int64, error) {
	if a == 0 || b == 0 {
		return 0, nil
	}
	g, err := GCDInt(o, a, b)
	if err != nil {
		return 0, err
	}
	c, ok := mulInt64(a/g, b)
	if !ok || c == math.MinInt64 {
		return 0, errIntOverflow(o)
	}
	return CheckInt(o, absInt64(c))
}

func errFloatOverflow() error {
	return sqlerr.New(sqlerr.NumericValueOutOfRange, "value out of range: overflow")
}

func errFloatUnderflow() error {
	return sqlerr.New(sqlerr.NumericValueOutOfRange, "value out of range: underflow")
}

// narrow rounds a float8 to the type, Float4OID or Float8OID.
func narrow(o OID, f float64) float64 {
	if o == Float4OID {
		return float64(float32(f))
	}
	return f
}

// AddFloat returns a + b. o is Float4OID or Float8OID, here and below.
func AddFloat(o OID, a, b float64) (float64, error) {
	c := narrow(o, a+b)
	if math.IsInf(c, 0) && !math.IsInf(a, 0) && !math.IsInf(b, 0) {
		return 0, errFloatOverflow()
	}
	return c, nil
}

// SubFloat returns a - b.
func SubFloat(o OID, a, b float64) (float64, error) { return AddFloat(o, a, -b) }

// MulFloat returns a × b.
func MulFloat(o OID, a, b float64) (float64, error) {
	c := narrow(o, a*b)
	if math.IsInf(c, 0) && !math.IsInf(a, 0) && !math.IsInf(b, 0) {
		return 0, errFloatOverflow()
	}
	if c == 0 && a != 0 && b != 0 {
		return 0, errFloatUnderflow()
	}
	return c, nil
}

// DivFloat returns a / b.
func DivFloat(o OID, a, b float64) (float64, error) {
	if b == 0 && !math.IsNaN(a) {
		return 0, errDivisionByZero()
	}
	c := narrow(o, a/b)
	if math.IsInf(c, 0) && !math.IsInf(a, 0) {
		return 0, errFloatOverflow()
	}
	if c == 0 && a != 0 && !math.IsInf(b, 0) {
		return 0, errFloatUnderflow()
	}
	return c, nil
}

// SqrtFloat is the function sqrt.
func SqrtFloat(a float64) (float64, error) {
	if a < 0 {
		return 0, sqlerr.New(sqlerr.InvalidArgumentForPowerFunction, "cannot take square root of a negative number")
	}
	return math.Sqrt(a), nil
}

// ExpFloat is the function exp.
func ExpFloat(a float64) (float64, error) {
	r := math.Exp(a)
	switch {
	case math.IsInf(r, 0) && !math.IsInf(a, 0):
		return 0, errFloatOverflow()
	case r == 0 && !math.IsInf(a, 0):
		return 0, errFloatUnderflow()
	}
	return r, nil
}

// LnFloat is the function ln.
func LnFloat(a float64) (float64, error) {
	if err := checkLogFloat(a); err != nil {
		return 0, err
	}
	return math.Log(a), nil
}

// Log10Float is the function log.
func Log10Float(a float64) (float64, error) {
	if err := checkLogFloat(a); err != nil {
		return 0, err
	}
	return math.Log10(a), nil
}

func checkLogFloat(a float64) error {
	switch {
	case a == 0:
		return sqlerr.New(sqlerr.InvalidArgumentForLogarithm, "cannot take logarithm of zero")
	case a < 0:
		return sqlerr.New(sqlerr.InvalidArgumentForLogarithm, "cannot take logarithm of a negative number")
	}
	return nil
}

// PowFloat is the function power.
func PowFloat(a, b float64) (float64, error) {
	switch {
	case a == 0 && b < 0:
		return 0, sqlerr.New(sqlerr.InvalidArgumentForPowerFunction, "zero raised to a negative power is undefined")
	case a < 0 && math.Floor(b) != b && !math.IsNaN(b):
		return 0, sqlerr.New(sqlerr.InvalidArgumentForPowerFunction,
			"a negative number raised to a non-integer power yields a complex result")
	}
	r := pow(a, b)
	if !math.IsInf(a, 0) && !math.IsInf(b, 0) {
		if math.IsInf(r, 0) {
			return 0, errFloatOverflow()
		}
		if r == 0 && a != 0 {
			return 0, errFloatUnderflow()
		}
	}
	return r, nil
}
