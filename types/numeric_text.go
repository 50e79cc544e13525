package types

import (
	"encoding/binary"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/minisql/minisql/sqlerr"
)

// AppendText appends the decimal notation, all scale digits shown.
func (v Numeric) AppendText(dst []byte) []byte {
	switch v.scale {
	case scaleNaN:
		return append(dst, "NaN"...)
	case scalePosInf:
		return append(dst, "Infinity"...)
	case scaleNegInf:
		return append(dst, "-Infinity"...)
	}
	if v.Sign() < 0 {
		dst = append(dst, '-')
	}
	at := len(dst)
	dst = v.appendDigits(dst)
	if v.scale == 0 {
		return dst
	}
	scale := int(v.scale)
	if missing := scale + 1 - (len(dst) - at); missing > 0 {
		n := len(dst)
		dst = grow(dst, missing)
		copy(dst[at+missing:], dst[at:n])
		for i := range missing {
			dst[at+i] = '0'
		}
	}
	dst = append(dst, 0)
	point := len(dst) - 1 - scale
	copy(dst[point+1:], dst[point:len(dst)-1])
	dst[point] = '.'
	return dst
}

// String is the decimal notation.
func (v Numeric) String() string { return string(v.AppendText(nil)) }

// Float returns the nearest float64.
func (v Numeric) Float() float64 {
	switch v.scale {
	case scaleNaN:
		return math.NaN()
	case scalePosInf:
		return math.Inf(1)
	case scaleNegInf:
		return math.Inf(-1)
	}
	if v.big == nil && absUint64(v.coeff) < 1<<53 && v.scale <= 15 {
		return float64(v.coeff) / float64(pow10Int64[v.scale]) // both exact
	}
	var buf [64]byte
	f, _ := strconv.ParseFloat(string(v.AppendText(buf[:0])), 64) // out of range is ±Inf
	return f
}

// NumericFromFloat converts a float of the given significant digits (15 for float8, 6
// for float4), as PostgreSQL's casts do.
func NumericFromFloat(f float64, digits int) Numeric {
	switch {
	case math.IsNaN(f):
		return NumericNaN
	case math.IsInf(f, 1):
		return NumericInfinity
	case math.IsInf(f, -1):
		return NumericNegInfinity
	}
	var buf [32]byte
	v, _, _ := scanNumeric(strconv.AppendFloat(buf[:0], f, 'e', digits-1, 64)) // our own notation
	if v.scale > 0 {
		v = v.trim() // %g shows no trailing zeros
	}
	return v
}

// ParseNumeric reads the input syntax of numeric, without a modifier.
func ParseNumeric(s string) (Numeric, error) {
	t := strings.TrimFunc(s, isSpaceRune)
	v, n, err := scanNumeric(Datum{s: t}.Bytes())
	if err != nil {
		return v, err
	}
	if n == len(t) && n > 0 {
		return v, nil
	}
	switch u := strings.ToLower(t); u {
	case "nan":
		return NumericNaN, nil
	case "infinity", "+infinity", "inf", "+inf":
		return NumericInfinity, nil
	case "-infinity", "-inf":
		return NumericNegInfinity, nil
	}
	return v, errSyntax(NumericOID, s)
}

func isSpaceRune(r rune) bool { return r == ' ' || r >= '\t' && r <= '\r' }

// scanNumeric reads a number at the front of s and returns how many bytes it takes, 0
// if there is none.
func scanNumeric(s []byte) (v Numeric, n int, err error) {
	i := 0
	neg := false
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		neg = s[i] == '-'
		i++
	}
	var coeff uint64
	small := true
	digits, scale := 0, 0
	start := i
	point := false
	for ; i < len(s); i++ {
		c := s[i]
		if c == '.' && !point {
			point = true
			continue
		}
		if c < '0' || c > '9' {
			break
		}
		digits++
		if point {
			scale++
		}
		if coeff > (math.MaxInt64-9)/10 {
			small = false
		} else {
			coeff = coeff*10 + uint64(c-'0')
		}
	}
	if digits == 0 {
		return v, 0, nil
	}
	mantissa := s[start:i]
	exp := 0
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		j := i + 1
		if j < len(s) && (s[j] == '-' || s[j] == '+') {
			j++
		}
		k := j
		for k < len(s) && s[k] >= '0' && s[k] <= '9' {
			k++
		}
		if k == j {
			return v, 0, nil
		}
		exp, err = strconv.Atoi(string(s[i+1 : k]))
		if err != nil || exp > math.MaxInt32/2 || exp < -math.MaxInt32/2 {
			return v, 0, errNumericOverflow()
		}
		i = k
	}
	scale -= exp
	if scale > numericScaleMax || digits-scale > numericWeightMax && strings.Trim(string(mantissa), "0.") != "" && -scale > numericWeightMax {
		return v, 0, errNumericOverflow()
	}
	if !small || scale < 0 {
		buf := make([]byte, 0, digits)
		for _, c := range mantissa {
			if c != '.' {
				buf = append(buf, c)
			}
		}
		c, _ := new(big.Int).SetString(string(buf), 10) // only digits
		if scale < 0 {
			if c.Sign() != 0 {
				c.Mul(c, pow10(int32(-scale)))
			}
			scale = 0
		}
		if neg {
			c.Neg(c)
		}
		v, err = NumericFromBig(c, int32(scale)).checkRange()
		return v, i, err
	}
	v = Numeric{coeff: int64(coeff), scale: int32(scale)}
	if neg {
		v.coeff = -v.coeff
	}
	return v, i, nil
}

const (
	numericSignNeg    = 0x4000
	numericSignNaN    = 0xC000
	numericSignPosInf = 0xD000
	numericSignNegInf = 0xF000
)

// appendBinary appends PostgreSQL's numeric_send: counts and base 10000 digits.
func (v Numeric) appendBinary(dst []byte) []byte {
	head := func(ndigits, weight int, sign uint16, dscale int32) {
		for _, u := range [...]uint16{uint16(ndigits), uint16(int16(weight)), sign, uint16(dscale)} {
			dst = binary.BigEndian.AppendUint16(dst, u)
		}
	}
	switch v.scale {
	case scaleNaN:
		head(0, 0, numericSignNaN, 0)
		return dst
	case scalePosInf:
		head(0, 0, numericSignPosInf, 0)
		return dst
	case scaleNegInf:
		head(0, 0, numericSignNegInf, 0)
		return dst
	}
	n := v.baseLen()
	sign := uint16(0)
	if v.Sign() < 0 {
		sign = numericSignNeg
	}
	var buf [128]byte
	s, weight := v.baseDigits(buf[:0], n)
	head(n, weight, sign, v.scale)
	for i := len(s) - n*decDigits; i < len(s); i += decDigits {
		d := uint16(0)
		for j := max(i, 0); j < i+decDigits; j++ {
			d = d*10 + uint16(s[j]-'0')
		}
		dst = binary.BigEndian.AppendUint16(dst, d)
	}
	return dst
}

func parseNumericBinary(b []byte) (Numeric, error) {
	if len(b) < 8 {
		return Numeric{}, errBinary()
	}
	u16 := func(i int) uint16 { return binary.BigEndian.Uint16(b[i:]) }
	n, weight, sign, scale := int(u16(0)), int(int16(u16(2))), u16(4), int32(u16(6))
	if len(b) != 8+2*n {
		return Numeric{}, errBinary()
	}
	switch sign {
	case numericSignNaN:
		return NumericNaN, nil
	case numericSignPosInf:
		return NumericInfinity, nil
	case numericSignNegInf:
		return NumericNegInfinity, nil
	case 0, numericSignNeg:
	default:
		return Numeric{}, sqlerr.New(sqlerr.InvalidBinaryRepresentation, `invalid sign in external "numeric" value`)
	}
	if scale > numericScaleMax {
		return Numeric{}, sqlerr.New(sqlerr.InvalidBinaryRepresentation, `invalid scale in external "numeric" value`)
	}
	digits := make([]byte, 0, n*decDigits)
	for i := range n {
		d := u16(8 + 2*i)
		if d > 9999 {
			return Numeric{}, sqlerr.New(sqlerr.InvalidBinaryRepresentation, `invalid digit in external "numeric" value`)
		}
		digits = append(digits, '0'+byte(d/1000), '0'+byte(d/100%10), '0'+byte(d/10%10), '0'+byte(d%10))
	}
	if n == 0 {
		return Numeric{scale: scale}, nil
	}
	c, _ := new(big.Int).SetString(string(digits), 10) // only digits
	if sign == numericSignNeg {
		c.Neg(c)
	}
	have := (n - 1 - weight) * decDigits // scale of c
	if have < 0 {
		c.Mul(c, pow10(int32(-have)))
		have = 0
	}
	return NumericFromBig(c, int32(have)).toScale(int(scale), quoTrunc), nil
}
