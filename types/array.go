package types

import (
	"strconv"
	"strings"

	"github.com/minisql/minisql/sqlerr"
)

// appendArray appends an array's text: {1,2,NULL,"a b"}.
func appendArray(dst []byte, a *Array, f *Format) []byte {
	if len(a.Elems) == 0 || !a.shapeOK() {
		return append(dst, '{', '}')
	}
	for _, lower := range a.LowerBounds {
		if lower == 1 {
			continue
		}
		for i, n := range a.Dims {
			dst = strconv.AppendInt(append(dst, '['), int64(a.LowerBounds[i]), 10)
			dst = strconv.AppendInt(append(dst, ':'), int64(a.LowerBounds[i])+int64(n)-1, 10)
			dst = append(dst, ']')
		}
		dst = append(dst, '=')
		break
	}
	elems := a.Elems
	delim := byte(',')
	if in, ok := Lookup(a.Elem.OID); ok {
		delim = in.Delim
	}
	var level func(dims []int32)
	level = func(dims []int32) {
		dst = append(dst, '{')
		for i := range dims[0] {
			if i > 0 {
				dst = append(dst, delim)
			}
			if len(dims) > 1 {
				level(dims[1:])
				continue
			}
			e := elems[0]
			elems = elems[1:]
			if e.IsNull() {
				dst = append(dst, "NULL"...)
				continue
			}
			at := len(dst)
			dst = AppendText(dst, a.Elem, e, f)
			if needsArrayQuotes(dst[at:], delim) {
				dst = quoteFrom(dst, at, '\\')
			}
		}
		dst = append(dst, '}')
	}
	level(a.Dims)
	return dst
}

func needsArrayQuotes(b []byte, delim byte) bool {
	if len(b) == 0 || len(b) == 4 && strings.EqualFold(string(b), "null") {
		return true
	}
	for _, c := range b {
		if c == '"' || c == '\\' || c == '{' || c == '}' || c == delim || isSpace(c) {
			return true
		}
	}
	return false
}

// quoteFrom puts dst[at:] in double quotes. escape goes before each quote and backslash; if
// it is a quote, records' rule of doubling both applies.
func quoteFrom(dst []byte, at int, escape byte) []byte {
	text := string(dst[at:])
	dst = append(dst[:at], '"')
	for _, c := range []byte(text) {
		if c == '"' || c == '\\' {
			if escape == '"' {
				dst = append(dst, c)
			} else {
				dst = append(dst, escape)
			}
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}

// appendRecord appends a row's text: (1,,"a b").
func appendRecord(dst []byte, r *Record, f *Format) []byte {
	dst = append(dst, '(')
	for i, d := range r.Fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		if d.IsNull() {
			continue
		}
		at := len(dst)
		dst = AppendText(dst, r.Types[i], d, f)
		quote := len(dst) == at
		for _, c := range dst[at:] {
			quote = quote || c == '"' || c == '\\' || c == '(' || c == ')' || c == ',' || isSpace(c)
		}
		if quote {
			dst = quoteFrom(dst, at, '"')
		}
	}
	return append(dst, ')')
}

// arrayText is an element before it is given to its type's input function, which happens
// only once the whole array is known to be well formed.
type arrayText struct {
	s    string
	null bool
}

// arrayParser reads an array's text.
type arrayParser struct {
	s     string // what is left
	all   string
	delim byte
	dims  []int32 // -1 until the first list of that depth is closed
	texts []arrayText
	leaf  int // depth at which elements stand, 0 until the first is seen
}

func (p *arrayParser) bad(detail string, args ...any) error {
	err := sqlerr.New(sqlerr.InvalidTextRepresentation, `malformed array literal: "%s"`, p.all)
	if detail != "" {
		err = err.WithDetail(detail, args...)
	}
	return err
}

func parseArray(s string, elem Type, f *Format) (Datum, error) {
	p := &arrayParser{s: s, all: s, delim: ','}
	if in, ok := Lookup(elem.OID); ok {
		p.delim = in.Delim
	}
	p.space()
	lowers, counts, err := p.bounds()
	if err != nil {
		return Null, err
	}
	if p.s == "" || p.s[0] != '{' {
		if lowers != nil {
			return Null, p.bad("Array contents must start with \"{\".")
		}
		return Null, p.bad("Array value must start with \"{\" or dimension information.")
	}
	whole := p.all
	p.all = p.s // what messages show from here on
	if err := p.list(1); err != nil {
		return Null, err
	}
	if p.space(); p.s != "" {
		return Null, p.bad("Junk after closing right brace.")
	}
	a := &Array{Elem: elem}
	if len(p.texts) > 0 {
		a.Dims = p.dims
		a.LowerBounds = lowers
		if lowers == nil {
			for range p.dims {
				a.LowerBounds = append(a.LowerBounds, 1)
			}
		}
	}
	if p.all = whole; counts != nil {
		if len(counts) != len(a.Dims) {
			return Null, p.bad("Specified array dimensions do not match array contents.")
		}
		for i := range counts {
			if counts[i] != a.Dims[i] {
				return Null, p.bad("Specified array dimensions do not match array contents.")
			}
		}
	}
	for _, e := range p.texts {
		d := Null
		if !e.null {
			if d, err = ParseText(elem, e.s, f); err != nil {
				return Null, err
			}
		}
		a.Elems = append(a.Elems, d)
	}
	return NewArray(a), nil
}

func (p *arrayParser) space() { p.s = strings.TrimLeft(p.s, " \t\n\v\f\r") }

// bounds reads [1:3][0:2]= in front of an array.
func (p *arrayParser) bounds() (lowers, counts []int32, err error) {
	for p.s != "" && p.s[0] == '[' {
		end := strings.IndexByte(p.s, ']')
		if end < 0 {
			return nil, nil, p.bad("Missing \"%s\" after array dimensions.", "]")
		}
		lo, hi, two := strings.Cut(p.s[1:end], ":")
		if !two {
			lo, hi = "1", lo
		}
		l, err1 := strconv.ParseInt(lo, 10, 32)
		h, err2 := strconv.ParseInt(hi, 10, 32)
		if err1 != nil || err2 != nil {
			return nil, nil, p.bad("\"[\" must introduce explicitly-specified array dimensions.")
		}
		if h < l {
			return nil, nil, sqlerr.New(sqlerr.ArraySubscriptError, "upper bound cannot be less than lower bound")
		}
		if len(lowers) == arrayDimsMax {
			return nil, nil, errArrayDims(len(lowers) + 1)
		}
		lowers, counts = append(lowers, int32(l)), append(counts, int32(min(h-l+1, 1<<31-1)))
		p.s = p.s[end+1:]
	}
	if lowers == nil {
		return nil, nil, nil
	}
	p.space()
	if !strings.HasPrefix(p.s, "=") {
		return nil, nil, p.bad("Missing \"%s\" after array dimensions.", "=")
	}
	p.s = p.s[1:]
	p.space()
	return lowers, counts, nil
}

func errArrayDims(n int) error {
	return sqlerr.New(sqlerr.ProgramLimitExceeded, "number of array dimensions (%d) exceeds the maximum allowed (%d)", n, arrayDimsMax)
}

// list reads { … } at a depth counted from 1.
func (p *arrayParser) list(depth int) error {
	if depth > arrayDimsMax {
		return errArrayDims(depth)
	}
	p.s = p.s[1:]
	for len(p.dims) < depth {
		p.dims = append(p.dims, -1)
	}
	n := int32(0)
	for {
		p.space()
		if p.s == "" {
			return p.bad("Unexpected end of input.")
		}
		if p.s[0] == '}' {
			if n > 0 || depth > 1 {
				return p.bad("Unexpected \"%c\" character.", '}') // after a delimiter
			}
			p.s = p.s[1:]
			break
		}
		if p.s[0] == '{' {
			if p.leaf != 0 && p.leaf <= depth {
				return p.bad("Unexpected \"%c\" character.", '{')
			}
			if err := p.list(depth + 1); err != nil {
				return err
			}
		} else if err := p.element(depth); err != nil {
			return err
		}
		n++
		p.space()
		if p.s == "" {
			return p.bad("Unexpected end of input.")
		}
		c := p.s[0]
		p.s = p.s[1:]
		if c == '}' {
			break
		}
		if c != p.delim {
			if c == '{' || c == '"' || c == '\\' {
				return p.bad("Unexpected \"%c\" character.", c)
			}
			return p.bad("Unexpected array element.")
		}
		p.space()
		if p.s != "" && p.s[0] == '}' {
			return p.bad("Unexpected \"%c\" character.", '}')
		}
	}
	if p.dims[depth-1] < 0 {
		p.dims[depth-1] = n
	} else if p.dims[depth-1] != n {
		return p.bad("Multidimensional arrays must have sub-arrays with matching dimensions.")
	}
	return nil
}

func (p *arrayParser) element(depth int) error {
	if p.leaf == 0 {
		p.leaf = depth
	}
	if p.leaf != depth || len(p.dims) > depth {
		return p.bad("Unexpected array element.")
	}
	var b strings.Builder
	quoted := false
	keep := 0 // length without trailing blanks that are not escaped
	i := 0
	if p.s[0] == '"' {
		quoted = true
		for i = 1; ; i++ {
			if i >= len(p.s) {
				return p.bad("Unexpected end of input.")
			}
			if p.s[i] == '"' {
				i++
				break
			}
			if p.s[i] == '\\' {
				if i++; i >= len(p.s) {
					return p.bad("Unexpected end of input.")
				}
			}
			b.WriteByte(p.s[i])
		}
		keep = b.Len()
	} else {
	scan:
		for ; i < len(p.s); i++ {
			c := p.s[i]
			switch {
			case c == p.delim || c == '}':
				break scan
			case c == '{':
				return p.bad("Unexpected \"%c\" character.", '{')
			case c == '"':
				return p.bad("Unexpected array element.")
			case c == '\\':
				if i++; i >= len(p.s) {
					return p.bad("Unexpected end of input.")
				}
				quoted = true
				b.WriteByte(p.s[i])
				keep = b.Len()
			default:
				b.WriteByte(c)
				if !isSpace(c) {
					keep = b.Len()
				}
			}
		}
	}
	text := b.String()[:keep]
	p.s = p.s[i:]
	if !quoted {
		if text == "" {
			return p.bad("Unexpected \"%c\" character.", p.delim)
		}
		if strings.EqualFold(text, "null") {
			p.texts = append(p.texts, arrayText{null: true})
			return nil
		}
	}
	p.texts = append(p.texts, arrayText{s: text})
	return nil
}

// parseVector reads an int2vector or oidvector: numbers between blanks.
func parseVector(o OID, s string) (Datum, error) {
	elem, _ := ElemOf(o)
	a := &Array{Elem: elem.Type()}
	for w := range strings.FieldsSeq(s) {
		d, err := ParseText(elem.Type(), w, nil)
		if err != nil {
			return Null, err
		}
		a.Elems = append(a.Elems, d)
	}
	return makeVector(a), nil
}

// NewVector returns an int2vector or oidvector, which counts from 0.
func NewVector(o OID, elems []Datum) Datum {
	elem, _ := ElemOf(o)
	return makeVector(&Array{Elem: elem.Type(), Elems: elems})
}

func makeVector(a *Array) Datum {
	if len(a.Elems) > 0 {
		a.Dims, a.LowerBounds = []int32{int32(len(a.Elems))}, []int32{0}
	}
	return NewArray(a)
}
