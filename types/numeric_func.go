package types

import (
	"math"
	"math/big"
	"strconv"

	"github.com/cockroachdb/apd/v3"
	"github.com/minisql/minisql/sqlerr"
)

// The functions here choose their result's scale by PostgreSQL's rules, compute with guard
// digits and round half away from zero, which gives its digits.

const guardDigits = 12

// context returns a decimal context of the precision in significant digits.
func decimalContext(digits int) *apd.Context {
	c := apd.BaseContext.WithPrecision(uint32(max(digits, numericMinSigDigits) + guardDigits))
	c.Rounding = apd.RoundHalfUp
	return c
}

// weigh returns f and p with |v| ≈ f × 10^p, from the first n base 10000 digits.
func (v Numeric) weigh(n int) (f float64, p int) {
	var buf [64]byte
	s, weight := v.baseDigits(buf[:0], n)
	f, _ = strconv.ParseFloat(string(s), 64) // digits only
	return f, (weight - n + 1) * decDigits
}

// Sqrt returns the square root.
func (v Numeric) Sqrt() (Numeric, error) {
	if v.Sign() < 0 {
		return v, sqlerr.New(sqlerr.InvalidArgumentForPowerFunction, "cannot take square root of a negative number")
	}
	if v.scale < 0 {
		return v, nil
	}
	weight, _ := v.leading()
	sweight := (weight+1)*decDigits/2 - 1
	rscale := displayScale(numericMinSigDigits-sweight, v.scale)
	// One digit more than asked for, made odd at the end if there is a rest, rounds right.
	c := new(big.Int).Mul(v.bigCoeff(), pow10(2*(rscale+1)-v.scale))
	if v.scale > 2*(rscale+1) {
		c = new(big.Int).Quo(v.bigCoeff(), pow10(v.scale-2*(rscale+1)))
	}
	return NumericFromBig(c.Sqrt(c), rscale+1).round(int(rscale)), nil
}

// Exp returns e to the power of v.
func (v Numeric) Exp() (Numeric, error) {
	switch v.scale {
	case scaleNegInf:
		return Numeric{}, nil
	case scaleNaN, scalePosInf:
		return v, nil
	}
	val := v.Float()
	weight := max(min(val*0.434294481903252, numericResultScaleMax), -numericResultScaleMax)
	return v.expScale(displayScale(numericMinSigDigits-int(weight), v.scale))
}

func (v Numeric) expScale(rscale int32) (Numeric, error) {
	val := v.Float()
	if math.Abs(val) >= numericResultScaleMax*3 {
		if val > 0 {
			return v, errNumericOverflow()
		}
		return Numeric{scale: rscale}, nil
	}
	r := new(apd.Decimal)
	digits := int(rscale) + int(math.Max(val, 0)*0.4343) + 2
	ctx := decimalContext(digits + 4)
	x := v.Decimal()
	halvings := 0
	for ; math.Abs(val) > 500; val /= 2 { // apd refuses greater arguments
		if _, err := ctx.Quo(x, x, apd.New(2, 0)); err != nil {
			return v, sqlerr.Wrap(sqlerr.Internal, err)
		}
		halvings++
	}
	if _, err := ctx.Exp(r, x); err != nil {
		return v, sqlerr.Wrap(sqlerr.Internal, err)
	}
	for range halvings {
		if _, err := ctx.Mul(r, r, r); err != nil {
			return v, sqlerr.Wrap(sqlerr.Internal, err)
		}
	}
	return NumericFromDecimal(r).round(int(rscale)).checkRange()
}

// lnWeight estimates the power of ten of ln(v), as PostgreSQL's estimate_ln_dweight.
func (v Numeric) lnWeight() int {
	if v.Sign() <= 0 {
		return 0
	}
	if v.Cmp(Numeric{coeff: 9, scale: 1}) >= 0 && v.Cmp(Numeric{coeff: 11, scale: 1}) <= 0 {
		x, _ := v.Sub(NumericFromInt(1)) // near 1: no overflow
		if x.Sign() == 0 {
			return 0
		}
		weight, digit := x.Abs().leading()
		return weight*decDigits + int(math.Log10(float64(digit)))
	}
	n := 2
	if v.baseLen() < 2 {
		n = 1
	}
	f, p := v.weigh(n)
	return int(math.Log10(math.Abs(math.Log(f) + float64(p)*math.Ln10)))
}

// baseLen counts the base 10000 digits that PostgreSQL would store, without
// trailing zeros.
func (v Numeric) baseLen() int {
	t := v.trim()
	if t.Sign() == 0 {
		return 0
	}
	var buf [64]byte
	s := t.appendDigits(buf[:0])
	top := floorDiv(len(s)-int(t.scale)-1, decDigits)
	low := len(s)
	for s[low-1] == '0' {
		low--
	}
	return top - floorDiv(len(s)-low-int(t.scale), decDigits) + 1
}

func checkLogArgument(v Numeric) error {
	switch {
	case v.IsNaN() || v.Sign() > 0:
		return nil
	case v.Sign() == 0:
		return sqlerr.New(sqlerr.InvalidArgumentForLogarithm, "cannot take logarithm of zero")
	}
	return sqlerr.New(sqlerr.InvalidArgumentForLogarithm, "cannot take logarithm of a negative number")
}

// Ln returns the natural logarithm.
func (v Numeric) Ln() (Numeric, error) {
	if err := checkLogArgument(v); err != nil || v.scale < 0 {
		return v, err
	}
	weight := v.lnWeight()
	rscale := displayScale(numericMinSigDigits-weight, v.scale)
	return NumericFromDecimal(v.ln(int(rscale) + weight + 2)).round(int(rscale)), nil
}

// ln computes the natural logarithm of a positive number to some digits.
func (v Numeric) ln(digits int) *apd.Decimal {
	ctx := decimalContext(digits + 6)
	m := newScaled(v.Decimal())
	r := new(apd.Decimal)
	// Positive and in range, so apd has nothing to complain about but lost digits.
	if m.exp > -apdSafe && m.exp < apdSafe {
		_, _ = ctx.Ln(r, v.Decimal())
		return r
	}
	ten := new(apd.Decimal)
	_, _ = ctx.Ln(r, m.d)
	_, _ = ctx.Ln(ten, apd.New(10, 0))
	_, _ = ctx.Mul(ten, ten, apd.New(m.exp, 0))
	_, _ = ctx.Add(r, r, ten)
	return r
}

// scaled is d × 10^exp with 1 ≤ |d| < 10, because apd's own exponents end before
// numeric's do.
type scaled struct {
	d   *apd.Decimal
	exp int64
}

const apdSafe = 10000 // power of ten up to which apd may do as it likes

func newScaled(d *apd.Decimal) scaled {
	s := scaled{d: d}
	s.normalize()
	return s
}

func (s *scaled) normalize() {
	shift := int32(s.d.NumDigits()) - 1 + s.d.Exponent
	s.d.Exponent -= shift
	s.exp += int64(shift)
}

// mul sets s to s × t.
func (s *scaled) mul(ctx *apd.Context, t scaled) {
	_, _ = ctx.Mul(s.d, s.d, t.d) // both near 1
	s.exp += t.exp
	s.normalize()
}

// Log returns the logarithm of w to the base v.
func (v Numeric) Log(w Numeric) (Numeric, error) {
	if v.IsNaN() || w.IsNaN() {
		return NumericNaN, nil
	}
	if err := checkLogArgument(v); err != nil {
		return v, err
	}
	if err := checkLogArgument(w); err != nil {
		return v, err
	}
	if v.IsInf() || w.IsInf() {
		switch {
		case v.IsInf() && w.IsInf():
			return NumericNaN, nil
		case v.IsInf():
			return Numeric{}, nil
		}
		return NumericInfinity, nil
	}
	weight := w.lnWeight() - v.lnWeight()
	rscale := displayScale(numericMinSigDigits-weight, v.scale, w.scale)
	digits := int(rscale) + max(weight, 0) + 8
	base := v.ln(digits)
	if base.IsZero() {
		return v, errDivisionByZero()
	}
	r := new(apd.Decimal)
	_, _ = decimalContext(digits).Quo(r, w.ln(digits), base) // base is not zero
	return NumericFromDecimal(r).round(int(rscale)), nil
}

// Power returns v to the power of w.
func (v Numeric) Power(w Numeric) (Numeric, error) {
	if v.scale < 0 || w.scale < 0 {
		return v.powerSpecial(w)
	}
	whole := w.Cmp(w.Trunc(0)) == 0
	switch {
	case v.Sign() == 0 && w.Sign() < 0:
		return v, sqlerr.New(sqlerr.InvalidArgumentForPowerFunction, "zero raised to a negative power is undefined")
	case v.Sign() < 0 && !whole:
		return v, sqlerr.New(sqlerr.InvalidArgumentForPowerFunction,
			"a negative number raised to a non-integer power yields a complex result")
	}
	if whole {
		if n, ok := w.Int64(); ok && n == int64(int32(n)) {
			return v.powerInt(int(n))
		}
	}
	if v.Sign() == 0 {
		return Numeric{scale: numericMinSigDigits}, nil
	}
	neg := false
	if v.Sign() < 0 {
		odd, _ := w.Mod(NumericFromInt(2)) // two is not zero
		neg = odd.Sign() != 0
		v = v.Neg()
	}
	lnBase := v.ln(numericMinSigDigits)
	product := new(apd.Decimal)
	lnFloat, _ := lnBase.Float64() // of a numeric: in range
	val := lnFloat * w.Float()
	if math.Abs(val) > numericResultScaleMax*3.01 {
		if val > 0 {
			return v, errNumericOverflow()
		}
		return Numeric{scale: numericDisplayScaleMax}, nil
	}
	weight := val * 0.434294481903252
	rscale := displayScale(numericMinSigDigits-int(weight), v.scale, w.scale)
	digits := int(rscale) + max(int(weight), 0) + 10 + w.digits()
	_, _ = decimalContext(digits).Mul(product, v.ln(digits), w.Decimal())
	r, err := NumericFromDecimal(product).expScale(rscale)
	if neg {
		r = r.Neg()
	}
	return r, err
}

func (v Numeric) powerSpecial(w Numeric) (Numeric, error) {
	one := NumericFromInt(1)
	switch {
	case v.IsNaN():
		if w.IsFinite() && w.Sign() == 0 {
			return one, nil
		}
		return NumericNaN, nil
	case w.IsNaN():
		if v.IsFinite() && v.Cmp(one) == 0 {
			return one, nil
		}
		return NumericNaN, nil
	case v.Sign() == 0 && w.Sign() < 0:
		return v, sqlerr.New(sqlerr.InvalidArgumentForPowerFunction, "zero raised to a negative power is undefined")
	case v.Sign() < 0 && w.IsFinite() && w.Cmp(w.Trunc(0)) != 0:
		return v, sqlerr.New(sqlerr.InvalidArgumentForPowerFunction,
			"a negative number raised to a non-integer power yields a complex result")
	case v.IsFinite() && v.Cmp(one) == 0, w.Sign() == 0:
		return one, nil
	case v.Sign() == 0:
		return Numeric{}, nil
	}
	if w.IsInf() {
		switch c := v.Abs().Cmp(one); {
		case c == 0:
			return one, nil
		case (c > 0) == (w.Sign() > 0):
			return NumericInfinity, nil
		}
		return Numeric{}, nil
	}
	if w.Sign() < 0 {
		return Numeric{}, nil
	}
	if v.Sign() < 0 {
		if odd, _ := w.Mod(NumericFromInt(2)); odd.Sign() != 0 {
			return NumericNegInfinity, nil
		}
	}
	return NumericInfinity, nil
}

func (v Numeric) powerInt(exp int) (Numeric, error) {
	f := 0.0
	if v.Sign() != 0 {
		n := min(max(v.baseLen(), 1), 4)
		g, p := v.weigh(n)
		f = float64(exp) * (math.Log10(g) + float64(p))
	}
	if f > numericWeightMax {
		return v, errNumericOverflow()
	}
	rscale := displayScale(numericMinSigDigits, v.scale)
	if f+1 < -float64(rscale) {
		return Numeric{scale: rscale}, nil
	}
	switch {
	case exp == 0:
		return NumericFromInt(1).round(int(rscale)), nil
	case v.Sign() == 0:
		return Numeric{scale: rscale}, nil
	}
	ctx := decimalContext(int(math.Max(f, 0)) + int(rscale) + 10)
	result, base := newScaled(apd.New(1, 0)), newScaled(v.Decimal())
	for n := absUint64(int64(exp)); n != 0; n >>= 1 {
		if n&1 != 0 {
			result.mul(ctx, base)
		}
		if n > 1 {
			base.mul(ctx, base)
		}
	}
	if exp < 0 {
		_, _ = ctx.Quo(result.d, apd.New(1, 0), result.d) // not zero
		result.exp = -result.exp
		result.normalize()
	}
	if result.exp > numericWeightMax {
		return v, errNumericOverflow()
	}
	result.d.Exponent += int32(max(result.exp, -numericWeightMax))
	return NumericFromDecimal(result.d).round(int(rscale)).checkRange()
}

// Factorial returns n!.
func Factorial(n int64) (Numeric, error) {
	if n < 0 {
		return Numeric{}, sqlerr.New(sqlerr.NumericValueOutOfRange, "factorial of a negative number is undefined")
	}
	if n > 32177 {
		return Numeric{}, errNumericOverflow()
	}
	return NumericFromBig(new(big.Int).MulRange(1, n), 0), nil
}

// GCD returns the greatest common divisor.
func (v Numeric) GCD(w Numeric) Numeric {
	if v.IsNaN() || w.IsNaN() || v.IsInf() || w.IsInf() {
		return NumericNaN
	}
	scale := max(v.scale, w.scale)
	a, b := new(big.Int).Abs(v.rescaled(scale)), new(big.Int).Abs(w.rescaled(scale))
	return NumericFromBig(a.GCD(nil, nil, a, b), scale)
}

// LCM returns the least common multiple.
func (v Numeric) LCM(w Numeric) (Numeric, error) {
	if v.IsNaN() || w.IsNaN() || v.IsInf() || w.IsInf() {
		return NumericNaN, nil
	}
	if v.Sign() == 0 || w.Sign() == 0 {
		return Numeric{scale: max(v.scale, w.scale)}, nil
	}
	q, err := v.DivTrunc(v.GCD(w))
	if err != nil {
		return q, err
	}
	r, err := q.Mul(w)
	return r.Abs().round(int(max(v.scale, w.scale))), err
}

// WidthBucket returns the bucket of v among count equal ones between low and high.
func (v Numeric) WidthBucket(low, high Numeric, count int32) (int32, error) {
	bad := func(what string) error { return sqlerr.New(sqlerr.InvalidArgumentForWidthBucket, "%s", what) }
	switch {
	case count <= 0:
		return 0, bad("count must be greater than zero")
	case v.IsNaN() || low.IsNaN() || high.IsNaN():
		return 0, bad("operand, lower bound, and upper bound cannot be NaN")
	case low.IsInf() || high.IsInf():
		return 0, bad("lower and upper bounds must be finite")
	}
	up := low.Cmp(high)
	if up == 0 {
		return 0, bad("lower bound cannot equal upper bound")
	}
	switch {
	case v.Cmp(low)*up > 0:
		return 0, nil
	case v.Cmp(high)*up <= 0:
		if count == math.MaxInt32 {
			return 0, sqlerr.New(sqlerr.NumericValueOutOfRange, "integer out of range")
		}
		return count + 1, nil
	}
	scale := max(v.scale, low.scale, high.scale)
	lo := low.rescaled(scale)
	num := new(big.Int).Sub(v.rescaled(scale), lo)
	num.Mul(num, big.NewInt(int64(count)))
	num.Quo(num, new(big.Int).Sub(high.rescaled(scale), lo))
	return int32(num.Int64()) + 1, nil
}
