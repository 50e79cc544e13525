package types

import (
	"math"
	mathbits "math/bits"
	"strconv"
	"strings"

	"github.com/minisql/minisql/sqlerr"
)

// appendFloat appends the shortest text that reads back as the same float, in
// PostgreSQL's choice of notation, or, for extraDigits ≤ 0, a rounded one.
func appendFloat(dst []byte, f float64, bits, extraDigits int) []byte {
	switch {
	case f != f:
		return append(dst, "NaN"...)
	case f > maxFloat:
		return append(dst, "Infinity"...)
	case f < -maxFloat:
		return append(dst, "-Infinity"...)
	}
	digits := 15
	if bits == 32 {
		digits = 6
	}
	if extraDigits <= 0 {
		return appendG(dst, f, max(digits+extraDigits, 1), bits)
	}
	var buf [48]byte
	e := strconv.AppendFloat(buf[:0], f, 'e', -1, bits)
	exp := exponentOf(e)
	if exp >= 7 && isMidpoint(e, exp, bits) {
		// PostgreSQL takes no decimal that lies just between two floats, though it would be
		// read as the even one.
		for n := max(len(e)-len(".e+00"), 1); ; n++ {
			e = strconv.AppendFloat(buf[:0], f, 'e', n, bits)
			exp = exponentOf(e)
			if back, err := strconv.ParseFloat(string(e), bits); err == nil && back == f && !isMidpoint(e, exp, bits) {
				return append(dst, e...)
			}
		}
	}
	// Ryu's output in PostgreSQL switches to exponents where %.17g (%.9g) would not show digits.
	if exp < -4 || exp >= digits {
		return append(dst, e...)
	}
	return strconv.AppendFloat(dst, f, 'f', -1, bits)
}

const maxFloat = 1.79769313486231570814527423731704356798070e+308

// isMidpoint reports whether a decimal d.ddde+xx is exactly between two neighbouring
// floats: then its binary significand is just one bit too long.
func isMidpoint(e []byte, exp, bits int) bool {
	d, digits := uint64(0), 0
	for _, c := range e {
		if c == 'e' {
			break
		}
		if isDigit(c) {
			d = d*10 + uint64(c-'0')
			digits++
		}
	}
	shift := exp - (digits - 1)
	for ; d != 0 && d%10 == 0; shift++ {
		d /= 10
	}
	if shift < 0 || shift > 23 || digits > 17 {
		return false
	}
	for ; shift > 0; shift-- {
		if d > math.MaxUint64/5 {
			return false
		}
		d *= 5
	}
	size := 54
	if bits == 32 {
		size = 25
	}
	return d != 0 && mathbits.Len64(d)-mathbits.TrailingZeros64(d) == size
}

func exponentOf(e []byte) int {
	i := len(e) - 1
	for e[i] != 'e' {
		i--
	}
	n, _ := strconv.Atoi(string(e[i+1:])) // our own notation
	return n
}

// appendG is C's %.*g.
func appendG(dst []byte, f float64, digits, bits int) []byte {
	var buf [48]byte
	e := strconv.AppendFloat(buf[:0], f, 'e', digits-1, bits)
	exp := exponentOf(e)
	mantissa := e
	for i, c := range e {
		if c == 'e' {
			mantissa = e[:i]
		}
	}
	trim := func(b []byte) []byte {
		for i := range b {
			if b[i] == '.' {
				n := len(b)
				for b[n-1] == '0' {
					n--
				}
				if b[n-1] == '.' {
					n--
				}
				return b[:n]
			}
		}
		return b
	}
	if exp < -4 || exp >= digits {
		tail := e[len(mantissa):]
		dst = append(dst, trim(mantissa)...)
		return append(dst, tail...)
	}
	at := len(dst)
	dst = strconv.AppendFloat(dst, f, 'f', digits-1-exp, bits)
	return dst[:at+len(trim(dst[at:]))]
}

func parseFloat(o OID, s string, bits int) (Datum, error) {
	t := strings.TrimFunc(s, isSpaceRune)
	body := strings.TrimLeft(t, "+-")
	switch strings.ToLower(body) {
	case "inf", "infinity", "nan":
		if len(t)-len(body) > 1 {
			return Null, errSyntax(o, s)
		}
	default:
		if body == "" || len(t)-len(body) > 1 || !isDigit(body[0]) && body[0] != '.' ||
			strings.IndexByte(t, '_') >= 0 {
			return Null, errSyntax(o, s)
		}
	}
	if strings.ToLower(body) == "nan" {
		return NewFloat(math.NaN()), nil
	}
	if len(body) > 1 && body[1]|0x20 == 'x' && !strings.ContainsAny(body, "pP") {
		t += "p0" // C reads hexadecimal floats without an exponent
	}
	f, err := strconv.ParseFloat(t, bits)
	if err != nil {
		if e, ok := err.(*strconv.NumError); ok && e.Err == strconv.ErrRange {
			return Null, errFloatRange(t, o)
		}
		return Null, errSyntax(o, s)
	}
	if f == 0 && !strings.ContainsAny(t, "xX") && strings.Trim(mantissaOf(body), "0.") != "" {
		return Null, errFloatRange(t, o)
	}
	return NewFloat(f), nil
}

func mantissaOf(s string) string {
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		return s[:i]
	}
	return s
}

func errFloatRange(s string, o OID) error {
	return sqlerr.New(sqlerr.NumericValueOutOfRange, `"%s" is out of range for type %s`, s, o)
}
