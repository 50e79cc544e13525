package types

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/minisql/minisql/sqlerr"
)

var numberKeys = func() map[byte][]string {
	const upper = `B C D EEEE FM G L MI PL PR RN SG SP S TH V`
	m := templateKeys(", . 0 9 " + upper + " " + strings.ToLower(upper))
	return m
}()

type numberFlags uint16

const (
	numDecimal numberFlags = 1 << iota
	numZero
	numBlank
	numFill
	numSign // S: a sign anchored to the digits
	numBracket
	numMinus
	numPlus
	numRoman
	numMulti
	numSci
)

const (
	signNone = iota
	signPre
	signPost
)

// numberTemplate is a template with what its patterns add up to.
type numberTemplate struct {
	nodes              []templateNode
	flags              numberFlags
	pre, post          int // digits before and behind the point
	zeroStart, zeroEnd int
	sign, signAt       int
	multi              int
}

func (t *numberTemplate) is(f numberFlags) bool { return t.flags&f != 0 }

func parseNumberTemplate(template string) (*numberTemplate, error) {
	t := &numberTemplate{nodes: parseTemplate(template, numberKeys, false)}
	bad := func(format string, args ...any) error { return sqlerr.New(sqlerr.SyntaxError, format, args...) }
	for _, n := range t.nodes {
		if n.kind != nodePattern {
			continue
		}
		key := strings.ToUpper(n.key)
		if t.is(numSci) && key != "EEEE" {
			return nil, bad(`"EEEE" must be the last pattern used`)
		}
		switch key {
		case "9":
			switch {
			case t.is(numBracket):
				return nil, bad(`"9" must be ahead of "PR"`)
			case t.is(numMulti):
				t.multi++
			case t.is(numDecimal):
				t.post++
			default:
				t.pre++
			}
		case "0":
			if t.is(numBracket) {
				return nil, bad(`"0" must be ahead of "PR"`)
			}
			if !t.is(numZero) && !t.is(numDecimal) {
				t.flags |= numZero
				t.zeroStart = t.pre + 1
			}
			if t.is(numDecimal) {
				t.post++
			} else {
				t.pre++
			}
			t.zeroEnd = t.pre + t.post
		case "B":
			if t.pre == 0 && t.post == 0 && !t.is(numZero) {
				t.flags |= numBlank
			}
		case "D", ".":
			if t.is(numDecimal) {
				return nil, bad("multiple decimal points")
			}
			if t.is(numMulti) {
				return nil, bad(`cannot use "V" and decimal point together`)
			}
			t.flags |= numDecimal
		case "FM":
			t.flags |= numFill
		case "S":
			if t.is(numSign) {
				return nil, bad(`cannot use "S" twice`)
			}
			if t.is(numPlus | numMinus | numBracket) {
				return nil, bad(`cannot use "S" and "PL"/"MI"/"SG"/"PR" together`)
			}
			if !t.is(numDecimal) {
				t.sign, t.signAt = signPre, t.pre
			} else if t.sign == signNone {
				t.sign = signPost
			}
			t.flags |= numSign
		case "MI", "PL", "SG":
			if t.is(numSign) {
				return nil, bad(`cannot use "S" and "%s" together`, key)
			}
			t.flags |= map[string]numberFlags{"MI": numMinus, "PL": numPlus, "SG": numMinus | numPlus}[key]
		case "PR":
			if t.is(numSign | numPlus | numMinus) {
				return nil, bad(`cannot use "PR" and "S"/"PL"/"MI"/"SG" together`)
			}
			t.flags |= numBracket
		case "RN":
			t.flags |= numRoman
		case "V":
			if t.is(numDecimal) {
				return nil, bad(`cannot use "V" and decimal point together`)
			}
			t.flags |= numMulti
		case "EEEE":
			if t.is(numSci) {
				return nil, bad(`cannot use "EEEE" twice`)
			}
			if t.is(numBlank | numFill | numSign | numBracket | numMinus | numPlus | numRoman | numMulti) {
				return nil, sqlerr.New(sqlerr.SyntaxError, `"EEEE" is incompatible with other formats`).
					WithDetail(`"EEEE" may only be used together with digit and decimal point patterns.`)
			}
			t.flags |= numSci
		}
	}
	return t, nil
}

// ToCharNumeric is to_char on a numeric.
func ToCharNumeric(v Numeric, template string) (Datum, error) {
	t, err := parseNumberTemplate(template)
	if err != nil {
		return Null, err
	}
	switch {
	case t.is(numRoman):
		n, err := castNumeric(v, Int4OID)
		if err != nil {
			return Null, err
		}
		return t.write(roman(n.n), '+', 0)
	case t.is(numSci):
		if !v.IsFinite() {
			return NewText(t.sciOverflow()), nil
		}
		return NewText(alignSign(sciNumeric(v, t.post))), nil
	}
	if t.is(numMulti) {
		p, err := NumericFromInt(10).Power(NumericFromInt(int64(t.multi)))
		if err == nil {
			v, err = v.Mul(p)
		}
		if err != nil {
			return Null, err
		}
		t.pre += t.multi
	}
	return t.digits(v.Round(t.post).String())
}

// ToCharInt is to_char on an integer.
func ToCharInt(o OID, n int64, template string) (Datum, error) {
	t, err := parseNumberTemplate(template)
	if err != nil {
		return Null, err
	}
	if o != Int8OID {
		if t.is(numRoman) {
			return t.write(roman(n), '+', 0)
		}
		if t.is(numSci) {
			return NewText(alignSign(sciFloat(float64(n), t.post))), nil
		}
	}
	return ToCharNumeric(NumericFromInt(n), template)
}

// ToCharFloat is to_char on a float of the type.
func ToCharFloat(o OID, f float64, template string) (Datum, error) {
	t, err := parseNumberTemplate(template)
	if err != nil {
		return Null, err
	}
	most := 15
	if o == Float4OID {
		most = 6
	}
	switch {
	case t.is(numRoman):
		if math.IsNaN(f) || math.IsInf(f, 0) {
			f = 0 // has no Roman numeral either
		}
		n, err := castFloat(f, o, Int4OID)
		if err != nil {
			return Null, err
		}
		return t.write(roman(n.n), '+', 0)
	case t.is(numSci):
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return NewText(t.sciOverflow()), nil
		}
		return NewText(alignSign(sciFloat(f, t.post))), nil
	}
	if t.is(numMulti) {
		f *= math.Pow(10, float64(t.multi))
		t.pre += t.multi
	}
	whole := len(strings.TrimPrefix(cFloat(math.Abs(f), 0), "+"))
	if whole >= most {
		t.post = 0
	} else if whole+t.post > most {
		t.post = most - whole
	}
	return t.digits(cFloat(f, t.post))
}

// cFloat is C's %.*f.
func cFloat(f float64, post int) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return strconv.FormatFloat(f, 'f', post, 64)
}

func sciFloat(f float64, post int) string { return strconv.FormatFloat(f, 'e', post, 64) }

// sciNumeric is numeric_out_sci: d.ddde+xx.
func sciNumeric(v Numeric, post int) string {
	if v.Sign() == 0 {
		s := "0"
		if post > 0 {
			s += "." + strings.Repeat("0", post)
		}
		return s + "e+00"
	}
	var buf [64]byte
	exp := len(v.appendDigits(buf[:0])) - int(v.scale) - 1
	c := Numeric{coeff: v.coeff, big: v.big, scale: int32(max(exp, 0)) + v.scale}
	if exp < 0 {
		c = NumericFromBig(v.bigCoeff(), v.scale+int32(exp)) // exp ≥ -scale
	}
	c = c.round(post)
	sign := byte('+')
	if exp < 0 {
		sign = '-'
	}
	return fmt.Sprintf("%se%c%02d", c, sign, absInt(exp))
}

// alignSign puts a blank where a negative number has its sign.
func alignSign(s string) string {
	if s[0] != '-' {
		return " " + s
	}
	return s
}

func (t *numberTemplate) sciOverflow() string {
	b := []byte(strings.Repeat("#", t.pre+t.post+6))
	b[0] = ' '
	if t.pre+1 < len(b) {
		b[t.pre+1] = '.'
	}
	return string(b)
}

func roman(n int64) string {
	if n < 1 || n > 3999 {
		return strings.Repeat("#", 15)
	}
	var b strings.Builder
	for _, r := range [...]struct {
		v int64
		s string
	}{{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"}, {90, "XC"}, {50, "L"}, {40, "XL"}, {10, "X"}, {9, "IX"}, {5, "V"}, {4, "IV"}, {1, "I"}} {
		for ; n >= r.v; n -= r.v {
			b.WriteString(r.s)
		}
	}
	return b.String()
}

// digits writes a number given in decimal notation, or # signs if it is too long.
func (t *numberTemplate) digits(s string) (Datum, error) {
	sign := byte('+')
	if s[0] == '-' {
		sign, s = '-', s[1:]
	}
	pre := strings.IndexByte(s, '.')
	if pre < 0 {
		pre = len(s)
	}
	spaces := 0
	if pre < t.pre {
		spaces = t.pre - pre
	} else if pre > t.pre {
		b := []byte(strings.Repeat("#", t.pre+t.post+1))
		b[t.pre] = '.'
		s = string(b)
	}
	return t.write(s, sign, spaces)
}

// numberWriter is PostgreSQL's NUMProc for output.
type numberWriter struct {
	t            *numberTemplate
	out          []byte
	number       string
	at           int // in number
	lastRelevant int // index of the last digit that fill mode shows, -1: all
	sign         byte
	signDone     bool
	spaces       int // blanks before the number
	count, curr  int
	inNumber     bool
	cut          int // where the text ends early, or -1
	notNumber    bool
}

func (t *numberTemplate) write(number string, sign byte, spaces int) (Datum, error) {
	w := &numberWriter{t: t, number: number, lastRelevant: -1, cut: -1, sign: sign, spaces: spaces}
	if t.zeroStart > 0 {
		t.zeroStart--
	}
	if t.is(numRoman) {
		t.sign, t.signAt, t.post, t.pre, w.spaces, w.sign = 0, 0, 0, 0, 0, 0
		t.flags &= numFill
		t.flags |= numRoman
	}
	if t.is(numPlus | numMinus) {
		w.signDone = !t.is(numPlus) || t.is(numMinus)
	} else {
		if w.sign != '-' && t.is(numFill) {
			t.flags &^= numBracket
		}
		w.signDone = w.sign == '+' && t.is(numFill) && !t.is(numSign)
		if t.sign == signPre && t.pre == t.signAt {
			t.sign = signPost
		}
	}
	w.count = t.post + t.pre - 1
	if t.is(numFill) && t.is(numDecimal) {
		w.lastRelevant = lastRelevantDigit(number)
		if w.lastRelevant >= 0 && t.zeroEnd > w.spaces {
			w.lastRelevant = max(w.lastRelevant, min(len(number)-1, t.zeroEnd-w.spaces))
		}
	}
	if !w.signDone && w.spaces == 0 {
		w.count++
	}
	for _, n := range t.nodes {
		w.node(n)
	}
	if w.notNumber {
		return Null, sqlerr.New(sqlerr.InvalidTextRepresentation, `"%s" is not a number`, number)
	}
	if w.cut >= 0 {
		w.out = w.out[:w.cut]
	}
	return NewBytesAlias(w.out), nil
}

// lastRelevantDigit is the index of the last decimal that is not 0, or of the point; -1 if
// there is no point.
func lastRelevantDigit(s string) int {
	point := strings.IndexByte(s, '.')
	if point < 0 {
		return -1
	}
	last := point
	for i := point + 1; i < len(s); i++ {
		if s[i] != '0' {
			last = i
		}
	}
	return last
}

func (w *numberWriter) node(n templateNode) {
	if n.kind != nodePattern {
		w.out = append(w.out, n.text...)
		return
	}
	t := w.t
	put := func(c byte) { w.out = append(w.out, c) }
	switch key := strings.ToUpper(n.key); key {
	case "9", "0", ".", "D":
		w.digit(key)
	case ",", "G":
		if w.inNumber {
			put(',')
		} else if !t.is(numFill) {
			put(' ')
		}
	case "L":
		put(' ')
	case "RN":
		s := w.number[w.at:]
		if n.key == "rn" {
			s = strings.ToLower(s)
		}
		if !t.is(numFill) {
			s = fmt.Sprintf("%15s", s)
		}
		w.out = append(w.out, s...)
	case "TH":
		if t.is(numRoman|numDecimal) || w.number[0] == '#' || w.sign == '-' {
			return
		}
		if !isDigit(w.number[len(w.number)-1]) {
			w.notNumber = true
			return
		}
		s := ordinal(w.number)
		if n.key == "TH" {
			s = strings.ToUpper(s)
		}
		w.out = append(w.out, s...)
	case "MI":
		if w.sign == '-' {
			put('-')
		} else if !t.is(numFill) {
			put(' ')
		}
	case "PL":
		if w.sign == '+' {
			put('+')
		} else if !t.is(numFill) {
			put(' ')
		}
	case "SG":
		put(w.sign)
	}
}

// current is the character of the number that is to be written, 0 at its end.
func (w *numberWriter) current() byte {
	if w.at < len(w.number) {
		return w.number[w.at]
	}
	return 0
}

// leadingZero reports whether the digit is the 0 in front of a point that "9.9" leaves
// blank.
func (w *numberWriter) leadingZero() bool {
	return !w.t.is(numZero) && w.at == 0 && w.number != "" && w.number[0] == '0' && w.t.post != 0
}

func (w *numberWriter) pointIsLast() bool {
	return w.lastRelevant >= 0 && w.number[w.lastRelevant] == '.'
}

func (w *numberWriter) digit(key string) {
	t := w.t
	if t.is(numRoman) {
		return
	}
	w.inNumber = false
	if !w.signDone && (w.curr >= w.spaces || t.is(numZero) && t.zeroStart == w.curr) && (!w.leadingZero() || w.pointIsLast()) {
		w.signBefore()
	}
	switch {
	case w.curr < w.spaces && (t.zeroStart > w.curr || !t.is(numZero)):
		if !t.is(numFill) {
			w.out = append(w.out, ' ')
		}
	case t.is(numZero) && w.curr < w.spaces && t.zeroStart <= w.curr:
		w.out = append(w.out, '0')
		w.inNumber = true
	default:
		switch {
		case w.current() == '.':
			if !w.pointIsLast() || t.is(numFill) {
				w.out = append(w.out, '.')
			}
		case w.lastRelevant >= 0 && w.at > w.lastRelevant && key != "0":
		case w.leadingZero():
			if !t.is(numFill) {
				w.out = append(w.out, ' ')
			} else if w.pointIsLast() {
				w.out = append(w.out, '0')
			}
		default:
			if c := w.current(); c != 0 {
				w.out = append(w.out, c)
			} else if w.cut < 0 {
				w.cut = len(w.out) // PostgreSQL's C string ends here
			}
			w.inNumber = true
		}
		if w.at < len(w.number) {
			w.at++
		}
	}
	end := w.count
	if w.spaces > 0 {
		end++
	}
	if t.is(numDecimal) {
		end++
	}
	if w.lastRelevant >= 0 && w.lastRelevant == w.at {
		end = w.curr
	}
	if w.curr+1 == end {
		if w.signDone && t.is(numBracket) {
			if w.sign == '+' {
				w.out = append(w.out, ' ')
			} else {
				w.out = append(w.out, '>')
			}
		} else if t.is(numSign) && t.sign == signPost {
			w.out = append(w.out, w.sign)
		}
	}
	w.curr++
}

func (w *numberWriter) signBefore() {
	t := w.t
	switch {
	case t.is(numSign):
		if t.sign == signPre {
			w.out = append(w.out, w.sign)
			w.signDone = true
		}
	case t.is(numBracket):
		if w.sign == '+' {
			w.out = append(w.out, ' ')
		} else {
			w.out = append(w.out, '<')
		}
		w.signDone = true
	case w.sign == '+':
		if !t.is(numFill) {
			w.out = append(w.out, ' ')
		}
		w.signDone = true
	case w.sign == '-':
		w.out = append(w.out, '-')
		w.signDone = true
	}
}

// numberReader is PostgreSQL's NUMProc for input.
type numberReader struct {
	t         *numberTemplate
	s         string // what is left
	sign      byte   // ' ' until one is seen
	number    []byte
	point     bool
	pre, post int
}

// ToNumber is to_number; NULL for an empty template.
func ToNumber(s, template string) (Datum, error) {
	t, err := parseNumberTemplate(template)
	if err != nil || template == "" {
		return Null, err
	}
	if t.is(numSci) {
		return Null, sqlerr.New(sqlerr.FeatureNotSupported, `"EEEE" not supported for input`)
	}
	if t.is(numRoman) {
		return Null, sqlerr.New(sqlerr.FeatureNotSupported, `"RN" not supported for input`)
	}
	r := &numberReader{t: t, s: s, sign: ' '}
	for _, n := range t.nodes {
		if r.s == "" {
			break
		}
		r.node(n)
	}
	number := strings.TrimSuffix(string(r.number), ".")
	v, err := ParseNumeric(string(r.sign) + number)
	if err != nil {
		return Null, err
	}
	precision := t.pre + t.multi + r.post
	if precision > 0 && precision < 1<<15 {
		if v, err = v.ApplyTypmod(int32(precision<<16|r.post&0x7ff) + varHeader); err != nil {
			return Null, err
		}
	}
	if t.is(numMulti) {
		p, err := NumericFromInt(10).Power(NumericFromInt(int64(-t.multi)))
		if err == nil {
			v, err = v.Mul(p)
		}
		if err != nil {
			return Null, err
		}
	}
	return NewNumeric(v), nil
}

func (r *numberReader) node(n templateNode) {
	skip := func() { r.s = r.s[min(runeLen(r.s), len(r.s)):] }
	if n.kind != nodePattern {
		skip()
		return
	}
	switch strings.ToUpper(n.key) {
	case "9", "0", ".", "D":
		r.digit(strings.ToUpper(n.key))
		if r.s != "" {
			r.s = r.s[1:]
		}
	case ",", "G":
		if r.s[0] == ',' {
			r.s = r.s[1:]
		}
	case "L":
		r.eat(1)
	case "TH":
		if !r.t.is(numDecimal) && r.sign != '-' {
			r.eat(2)
		}
	case "MI":
		r.signChar("-")
	case "PL":
		r.signChar("+")
	case "SG":
		r.signChar("+-")
	}
}

func (r *numberReader) signChar(signs string) {
	if strings.IndexByte(signs, r.s[0]) >= 0 {
		r.sign = r.s[0]
		r.s = r.s[1:]
		return
	}
	r.eat(1)
}

// eat skips up to n characters that are no part of a number.
func (r *numberReader) eat(n int) {
	for ; n > 0 && r.s != "" && strings.IndexByte("0123456789.,+-", r.s[0]) < 0; n-- {
		r.s = r.s[runeLen(r.s):]
	}
}

// digit reads a digit or the point; the caller then skips one character.
func (r *numberReader) digit(key string) {
	t := r.t
	if r.s[0] == ' ' {
		r.s = r.s[1:]
	}
	if r.s == "" {
		return
	}
	if r.sign == ' ' && (key == "0" || key == "9") && r.pre+r.post == 0 {
		c := r.s[0]
		switch {
		case t.is(numSign) && t.sign == signPre:
			if c == '-' || c == '+' {
				r.sign, r.s = c, r.s[1:]
			}
		case c == '-' || t.is(numBracket) && c == '<':
			r.sign, r.s = '-', r.s[1:]
		case c == '+':
			r.sign, r.s = '+', r.s[1:]
		}
		if r.s == "" {
			return
		}
	}
	read := false
	switch c := r.s[0]; {
	case isDigit(c):
		if r.point && r.post == t.post {
			return
		}
		r.number = append(r.number, c)
		if r.point {
			r.post++
		} else {
			r.pre++
		}
		read = true
	case t.is(numDecimal) && !r.point && c == '.':
		r.number = append(r.number, '.')
		r.point, read = true, true
	}
	if r.sign == ' ' && r.pre+r.post > 0 {
		if t.is(numSign) && read && len(r.s) > 1 && !isDigit(r.s[1]) {
			if c := r.s[1]; c == '-' || c == '+' {
				r.sign = c
				r.s = r.s[1:]
			}
		} else if !read && !t.is(numSign) && t.is(numPlus|numMinus) && (r.s[0] == '-' || r.s[0] == '+') {
			r.sign = r.s[0]
		}
	}
}
