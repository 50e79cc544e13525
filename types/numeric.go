package types

import (
	"math"
	"math/big"

	"github.com/cockroachdb/apd/v3"
)

// Numeric is a numeric: coefficient × 10^-scale, or NaN, or ±Infinity. The scale is
// PostgreSQL's dscale, the digits shown behind the point; it is never negative.
// Coefficients that fit an int64 need no allocation.
//
// Invariant: big != nil exactly if the coefficient does not fit coeff.
type Numeric struct {
	coeff int64
	big   *big.Int
	scale int32 // ≥ 0, or one of the special forms below
}

const (
	scaleNaN    = -1
	scalePosInf = -2
	scaleNegInf = -3
)

// The special values of type numeric.
var (
	NumericNaN         = Numeric{scale: scaleNaN}
	NumericInfinity    = Numeric{scale: scalePosInf}
	NumericNegInfinity = Numeric{scale: scaleNegInf}
)

// NumericFromInt returns n with scale 0.
func NumericFromInt(n int64) Numeric { return Numeric{coeff: n} }

// NumericFromScaled returns coeff × 10^-scale; scale must not be negative.
func NumericFromScaled(coeff int64, scale int32) Numeric { return Numeric{coeff: coeff, scale: scale} }

// NumericFromBig returns coeff × 10^-scale; the caller gives up coeff.
func NumericFromBig(coeff *big.Int, scale int32) Numeric {
	if coeff.IsInt64() {
		return Numeric{coeff: coeff.Int64(), scale: scale}
	}
	return Numeric{big: coeff, scale: scale}
}

// NewNumeric returns v as a Datum.
func NewNumeric(v Numeric) Datum {
	d := Datum{k: KindNumeric, n: v.coeff, m: v.scale}
	if v.big != nil {
		d.x = v.big
	}
	return d
}

// Numeric returns a numeric's value, and false for anything else.
func (d Datum) Numeric() (Numeric, bool) {
	if d.k != KindNumeric {
		return Numeric{}, false
	}
	v := Numeric{coeff: d.n, scale: d.m}
	if d.x != nil {
		v.big = d.x.(*big.Int)
	}
	return v, true
}

// numeric is Numeric for callers that know the kind.
func (d Datum) numeric() Numeric { v, _ := d.Numeric(); return v }

// IsNaN reports whether v is NaN.
func (v Numeric) IsNaN() bool { return v.scale == scaleNaN }

// IsInf reports whether v is +Infinity or -Infinity.
func (v Numeric) IsInf() bool { return v.scale <= scalePosInf }

// IsFinite reports whether v is a number.
func (v Numeric) IsFinite() bool { return v.scale >= 0 }

// Scale is the display scale, 0 for special values.
func (v Numeric) Scale() int32 { return max(v.scale, 0) }

// Sign is -1, 0 or 1; 0 for NaN.
func (v Numeric) Sign() int {
	switch {
	case v.scale == scalePosInf:
		return 1
	case v.scale == scaleNegInf:
		return -1
	case v.big != nil:
		return v.big.Sign()
	case v.coeff > 0:
		return 1
	case v.coeff < 0:
		return -1
	}
	return 0
}

// bigCoeff returns the coefficient; the caller must not change it.
func (v Numeric) bigCoeff() *big.Int {
	if v.big != nil {
		return v.big
	}
	return big.NewInt(v.coeff)
}

// Int64 returns the value if it is a whole number that fits, without rounding.
func (v Numeric) Int64() (int64, bool) {
	if v.big == nil && v.scale == 0 {
		return v.coeff, true
	}
	if v.scale < 0 {
		return 0, false
	}
	q, r := new(big.Int).QuoRem(v.bigCoeff(), pow10(v.scale), new(big.Int))
	return q.Int64(), r.Sign() == 0 && q.IsInt64()
}

// Decimal returns the value as an apd decimal.
func (v Numeric) Decimal() *apd.Decimal {
	switch v.scale {
	case scaleNaN:
		return &apd.Decimal{Form: apd.NaN}
	case scalePosInf:
		return &apd.Decimal{Form: apd.Infinite}
	case scaleNegInf:
		return &apd.Decimal{Form: apd.Infinite, Negative: true}
	}
	return apd.NewWithBigInt(new(apd.BigInt).SetMathBigInt(v.bigCoeff()), -v.scale)
}

// NumericFromDecimal converts from apd; a positive exponent becomes zeros.
func NumericFromDecimal(d *apd.Decimal) Numeric {
	switch d.Form {
	case apd.Infinite:
		if d.Negative {
			return NumericNegInfinity
		}
		return NumericInfinity
	case apd.NaN, apd.NaNSignaling:
		return NumericNaN
	}
	c := d.Coeff.MathBigInt()
	if d.Negative {
		c.Neg(c)
	}
	if d.Exponent > 0 {
		c.Mul(c, pow10(d.Exponent))
		return NumericFromBig(c, 0)
	}
	return NumericFromBig(c, -d.Exponent)
}

var pow10Int64 = func() (t [19]int64) {
	t[0] = 1
	for i := 1; i < len(t); i++ {
		t[i] = t[i-1] * 10
	}
	return t
}()

var pow10Big = func() (t [128]*big.Int) {
	t[0] = big.NewInt(1)
	for i := 1; i < len(t); i++ {
		t[i] = new(big.Int).Mul(t[i-1], big.NewInt(10))
	}
	return t
}()

// pow10 returns 10^n, which the caller must not change.
func pow10(n int32) *big.Int {
	if n < int32(len(pow10Big)) {
		return pow10Big[max(n, 0)]
	}
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

// mulInt64 multiplies and reports whether the product fits.
func mulInt64(a, b int64) (int64, bool) {
	if a == 0 || b == 0 {
		return 0, true
	}
	c := a * b
	if c/b != a || a == -1 && b == math.MinInt64 || b == -1 && a == math.MinInt64 {
		return 0, false
	}
	return c, true
}

// addInt64 adds and reports whether the sum fits.
func addInt64(a, b int64) (int64, bool) {
	c := a + b
	return c, (c > a) == (b > 0)
}

// subInt64 subtracts and reports whether the difference fits.
func subInt64(a, b int64) (int64, bool) {
	c := a - b
	return c, (c < a) == (b > 0)
}
