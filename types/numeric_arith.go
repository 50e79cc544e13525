package types

import (
	"math"
	"math/big"
	"math/bits"
	"strconv"

	"github.com/minisql/minisql/sqlerr"
)

// PostgreSQL's limits on numeric. Its digits have base 10000, which shows in the scales
// that division and the transcendental functions choose.
const (
	numericPrecisionMax    = 1000
	numericScaleMax        = 16383  // dscale is stored in 14 bits
	numericWeightMax       = 131072 // decimal digits before the point
	numericMinSigDigits    = 16
	numericDisplayScaleMax = 1000
	numericResultScaleMax  = 2 * numericPrecisionMax
	numericDscaleMax       = 16383  // the most digits behind the point that a number can have
	numericRoundMax        = 131073 // rounding further left than this leaves nothing
	decDigits              = 4      // decimal digits in a base 10000 digit
)

func errNumericOverflow() error {
	return sqlerr.New(sqlerr.NumericValueOutOfRange, "value overflows numeric format")
}

func errDivisionByZero() error { return sqlerr.New(sqlerr.DivisionByZero, "division by zero") }

// checkRange refuses what PostgreSQL's storage format cannot hold.
func (v Numeric) checkRange() (Numeric, error) {
	if v.scale > numericScaleMax {
		v = v.round(numericScaleMax)
	}
	if v.big != nil && v.big.BitLen() > 3*numericWeightMax && v.digits()-int(v.scale) > numericWeightMax {
		return Numeric{}, errNumericOverflow()
	}
	return v, nil
}

// rescaled returns the coefficient at a scale that is not less than v's.
func (v Numeric) rescaled(scale int32) *big.Int {
	if v.scale == scale {
		return v.bigCoeff()
	}
	return new(big.Int).Mul(v.bigCoeff(), pow10(scale-v.scale))
}

// rescaledInt64 is rescaled for coefficients that fit.
func (v Numeric) rescaledInt64(scale int32) (int64, bool) {
	d := scale - v.scale
	if v.big != nil || d > 18 {
		return 0, v.big == nil && v.coeff == 0
	}
	return mulInt64(v.coeff, pow10Int64[d])
}

// Neg returns -v.
func (v Numeric) Neg() Numeric {
	switch v.scale {
	case scaleNaN:
		return v
	case scalePosInf:
		return NumericNegInfinity
	case scaleNegInf:
		return NumericInfinity
	}
	if v.big == nil && v.coeff != math.MinInt64 {
		v.coeff = -v.coeff
		return v
	}
	return NumericFromBig(new(big.Int).Neg(v.bigCoeff()), v.scale)
}

// Abs returns the absolute value.
func (v Numeric) Abs() Numeric {
	if v.Sign() < 0 {
		return v.Neg()
	}
	return v
}

// Add returns v + w with the greater of both scales.
func (v Numeric) Add(w Numeric) (Numeric, error) {
	if v.scale < 0 || w.scale < 0 {
		switch {
		case v.IsNaN() || w.IsNaN(), v.IsInf() && w.IsInf() && v != w:
			return NumericNaN, nil
		case v.IsInf():
			return v, nil
		}
		return w, nil
	}
	scale := max(v.scale, w.scale)
	if a, ok := v.rescaledInt64(scale); ok {
		if b, ok := w.rescaledInt64(scale); ok {
			if c, ok := addInt64(a, b); ok || b == 0 {
				return Numeric{coeff: c, scale: scale}, nil
			}
		}
	}
	return NumericFromBig(new(big.Int).Add(v.rescaled(scale), w.rescaled(scale)), scale).checkRange()
}

// Sub returns v - w with the greater of both scales.
func (v Numeric) Sub(w Numeric) (Numeric, error) { return v.Add(w.Neg()) }

// Mul returns v × w with the sum of both scales.
func (v Numeric) Mul(w Numeric) (Numeric, error) {
	if v.scale < 0 || w.scale < 0 {
		sign := v.Sign() * w.Sign()
		switch {
		case v.IsNaN() || w.IsNaN() || sign == 0:
			return NumericNaN, nil
		case sign < 0:
			return NumericNegInfinity, nil
		}
		return NumericInfinity, nil
	}
	if v.big == nil && w.big == nil {
		if c, ok := mulInt64(v.coeff, w.coeff); ok {
			return Numeric{coeff: c, scale: v.scale + w.scale}.checkRange()
		}
	}
	return NumericFromBig(new(big.Int).Mul(v.bigCoeff(), w.bigCoeff()), v.scale+w.scale).checkRange()
}

// divSpecial answers division when an operand is special or the divisor zero.
func (v Numeric) divSpecial(w Numeric) (Numeric, error) {
	switch {
	case v.IsNaN() || w.IsNaN():
		return NumericNaN, nil
	case w.Sign() == 0:
		return Numeric{}, errDivisionByZero()
	case v.IsInf() && w.IsInf():
		return NumericNaN, nil
	case v.IsInf():
		if v.Sign()*w.Sign() < 0 {
			return NumericNegInfinity, nil
		}
		return NumericInfinity, nil
	}
	return Numeric{}, nil // number / infinity
}

// Div returns v / w rounded to the scale that PostgreSQL chooses: at least 16 significant
// digits.
func (v Numeric) Div(w Numeric) (Numeric, error) {
	if v.scale < 0 || w.scale < 0 || w.Sign() == 0 {
		return v.divSpecial(w)
	}
	w1, d1 := v.leading()
	w2, d2 := w.leading()
	qweight := w1 - w2
	if d1 <= d2 {
		qweight--
	}
	return v.divScale(w, displayScale(numericMinSigDigits-qweight*decDigits, v.scale, w.scale)).checkRange()
}

// displayScale bounds the scale of a result from below by those of its operands.
func displayScale(rscale int, operands ...int32) int32 {
	for _, s := range operands {
		rscale = max(rscale, int(s))
	}
	return int32(min(max(rscale, 0), numericDisplayScaleMax))
}

// divScale divides numbers and rounds half away from zero at the scale.
func (v Numeric) divScale(w Numeric, scale int32) Numeric {
	k := scale - v.scale + w.scale
	if v.big == nil && w.big == nil && k >= 0 && k <= 18 {
		hi, lo := bits.Mul64(absUint64(v.coeff), uint64(pow10Int64[k]))
		div := absUint64(w.coeff)
		if hi < div {
			q, r := bits.Div64(hi, lo, div)
			if r >= div-r {
				q++
			}
			if q <= math.MaxInt64 {
				c := int64(q)
				if (v.coeff < 0) != (w.coeff < 0) {
					c = -c
				}
				return Numeric{coeff: c, scale: scale}
			}
		}
	}
	num, den := v.bigCoeff(), w.bigCoeff()
	if k >= 0 {
		num = new(big.Int).Mul(num, pow10(k))
	} else {
		den = new(big.Int).Mul(den, pow10(-k))
	}
	return NumericFromBig(quoRound(num, den), scale)
}

func absUint64(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// quoRound divides and rounds half away from zero.
func quoRound(num, den *big.Int) *big.Int {
	q, r := new(big.Int).QuoRem(num, den, new(big.Int))
	if r.Lsh(r, 1).CmpAbs(den) >= 0 {
		if num.Sign()*den.Sign() < 0 {
			return q.Sub(q, big.NewInt(1))
		}
		return q.Add(q, big.NewInt(1))
	}
	return q
}

// DivTrunc returns the whole part of v / w with scale 0: the function div.
func (v Numeric) DivTrunc(w Numeric) (Numeric, error) {
	if v.scale < 0 || w.scale < 0 || w.Sign() == 0 {
		return v.divSpecial(w)
	}
	scale := max(v.scale, w.scale)
	return NumericFromBig(new(big.Int).Quo(v.rescaled(scale), w.rescaled(scale)), 0).checkRange()
}

// Mod returns the remainder of DivTrunc, with the sign of v.
func (v Numeric) Mod(w Numeric) (Numeric, error) {
	switch {
	case v.IsNaN() || w.IsNaN():
		return NumericNaN, nil
	case w.Sign() == 0:
		return Numeric{}, errDivisionByZero()
	case v.IsInf():
		return NumericNaN, nil
	case w.IsInf():
		return v, nil
	}
	scale := max(v.scale, w.scale)
	if a, ok := v.rescaledInt64(scale); ok {
		if b, ok := w.rescaledInt64(scale); ok {
			return Numeric{coeff: a % b, scale: scale}, nil
		}
	}
	return NumericFromBig(new(big.Int).Rem(v.rescaled(scale), w.rescaled(scale)), scale), nil
}

// Round rounds half away from zero at a scale, which may be negative.
func (v Numeric) Round(scale int) Numeric {
	if v.scale < 0 {
		return v
	}
	return v.round(min(max(scale, -numericRoundMax), numericDscaleMax))
}

func (v Numeric) round(scale int) Numeric { return v.toScale(scale, quoRound) }

// Trunc cuts off at a scale, which may be negative.
func (v Numeric) Trunc(scale int) Numeric {
	if v.scale < 0 {
		return v
	}
	scale = min(max(scale, -numericRoundMax), numericDscaleMax)
	return v.toScale(scale, quoTrunc)
}

func quoTrunc(num, den *big.Int) *big.Int { return new(big.Int).Quo(num, den) }

// toScale changes the scale, filling with zeros or dividing by quo.
func (v Numeric) toScale(scale int, quo func(num, den *big.Int) *big.Int) Numeric {
	if scale >= int(v.scale) {
		if c, ok := v.rescaledInt64(int32(scale)); ok {
			return Numeric{coeff: c, scale: int32(scale)}
		}
		return NumericFromBig(v.rescaled(int32(scale)), int32(scale))
	}
	c := quo(v.bigCoeff(), pow10(v.scale-int32(scale)))
	if scale < 0 {
		c.Mul(c, pow10(int32(-scale)))
		scale = 0
	}
	return NumericFromBig(c, int32(scale))
}

// Ceil returns the least whole number that is not less than v.
func (v Numeric) Ceil() Numeric {
	if v.scale <= 0 {
		return v
	}
	t := v.Trunc(0)
	if v.Cmp(t) > 0 {
		t, _ = t.Add(NumericFromInt(1)) // a number with a fraction is far from the limit
	}
	return t
}

// Floor returns the greatest whole number that is not greater than v.
func (v Numeric) Floor() Numeric { return v.Neg().Ceil().Neg() }

// trim returns v with the least scale that shows all its digits.
func (v Numeric) trim() Numeric {
	if v.big == nil {
		for v.scale > 0 && v.coeff%10 == 0 {
			v.coeff /= 10
			v.scale--
		}
		return v
	}
	c, scale := v.big, v.scale
	for scale > 0 {
		q, r := new(big.Int).QuoRem(c, pow10(1), new(big.Int))
		if r.Sign() != 0 {
			break
		}
		c, scale = q, scale-1
	}
	return NumericFromBig(c, scale)
}

// MinScale is the least scale that shows all digits of v.
func (v Numeric) MinScale() int32 { return v.trim().Scale() }

// TrimScale returns v at MinScale.
func (v Numeric) TrimScale() Numeric { return v.trim() }

// appendDigits appends the decimal digits of the coefficient's absolute value.
func (v Numeric) appendDigits(dst []byte) []byte {
	if v.big == nil {
		return strconv.AppendUint(dst, absUint64(v.coeff), 10)
	}
	at := len(dst)
	dst = v.big.Append(dst, 10)
	if dst[at] == '-' {
		dst = append(dst[:at], dst[at+1:]...)
	}
	return dst
}

// digits counts the decimal digits of the coefficient, 0 for zero.
func (v Numeric) digits() int {
	if v.big == nil {
		n := 0
		for u := absUint64(v.coeff); u != 0; u /= 10 {
			n++
		}
		return n
	}
	n := int32(float64(v.big.BitLen()-1) * 0.30102999566398120) // 10^n ≤ |big|
	for v.big.CmpAbs(pow10(n)) >= 0 {
		n++
	}
	return int(n)
}

// leading returns the first base 10000 digit of v and its weight, as PostgreSQL stores
// it: v ≈ digit × 10000^weight. Both are 0 for zero.
func (v Numeric) leading() (weight, digit int) {
	var buf [64]byte
	s, weight := v.baseDigits(buf[:0], 1)
	if len(s) == 0 {
		return 0, 0
	}
	n, _ := strconv.Atoi(string(s)) // at most four digits
	return weight, n
}

// baseDigits appends the decimal digits of the first n base 10000 digits of v, and
// returns the weight of the first. There may be less than n if v has no more.
func (v Numeric) baseDigits(dst []byte, n int) (digits []byte, weight int) {
	if v.Sign() == 0 {
		return dst, 0
	}
	dst = v.appendDigits(dst)
	top := len(dst) - int(v.scale) - 1 // power of ten of the first digit
	weight = floorDiv(top, decDigits)
	want := top - weight*decDigits + 1 + (n-1)*decDigits
	for len(dst) < want {
		dst = append(dst, '0')
	}
	return dst[:want], weight
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// ApplyTypmod rounds to the scale of numeric(p,s) and refuses what has too many digits.
func (v Numeric) ApplyTypmod(typmod int32) (Numeric, error) {
	if typmod < 0 || v.IsNaN() {
		return v, nil
	}
	p, s := numericTypmod(typmod)
	overflow := sqlerr.New(sqlerr.NumericValueOutOfRange, "numeric field overflow")
	if v.IsInf() {
		return v, overflow.WithDetail("A field with precision %d, scale %d cannot hold an infinite value.", p, s)
	}
	v = v.round(s)
	if v.Sign() != 0 && v.digits()-int(v.scale) > p-s {
		limit := "1"
		if p != s {
			limit = "10^" + strconv.Itoa(p-s)
		}
		return v, overflow.WithDetail("A field with precision %d, scale %d must round to an absolute value less than %s.", p, s, limit)
	}
	return v, nil
}
