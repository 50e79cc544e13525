package expr

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// Functions over text. Positions and lengths count characters, not bytes; upper
// and lower map Unicode letters one by one.

// allocMax bounds the results that lpad, repeat and the like may ask for.
const allocMax = 0x3fffffff

func init() {
	runes := func(s string) int64 { return int64(utf8.RuneCountInString(s)) }
	blank := func(s string) int64 { return runes(strings.TrimRight(s, " ")) }
	bytes := func(s string) int64 { return int64(len(s)) }
	bits := func(s string) int64 { return int64(len(s)) * 8 }
	defAs(runes, "length(text) int4", "char_length(text) int4", "character_length(text) int4", "textlen(text) int4")
	defAs(blank, "length(bpchar) int4", "char_length(bpchar) int4", "character_length(bpchar) int4")
	defAs(bytes, "octet_length(text) int4", "octet_length(bpchar) int4", "octet_length(bytea) int4", "length(bytea) int4")
	defAs(bits, "bit_length(text) int4", "bit_length(bytea) int4")
	def("lower(text) text", func(s string) string { return strings.Map(unicode.ToLower, s) })
	def("upper(text) text", func(s string) string { return strings.Map(unicode.ToUpper, s) })
	def("initcap(text) text", initcap)

	defAs(func(s string, from int64) (string, error) { return substring(s, from, nil) }, "substr(text, int4) text", "substring(text, int4) text")
	defAs(func(a []types.Datum) (types.Datum, error) {
		n := a[2].Int()
		s, err := substring(a[0].Text(), a[1].Int(), &n)
		return types.NewText(s), err
	}, "substr(text, int4, int4) text", "substring(text, int4, int4) text")
	def("left(text, int4) text", func(s string, n int64) (string, error) {
		if n < 0 {
			n = max(runes(s)+n, 0)
		}
		return s[:skipRunes(s, n)], nil
	})
	def("right(text, int4) text", func(s string, n int64) (string, error) {
		if n < 0 {
			n = -n
		} else {
			n = max(runes(s)-n, 0)
		}
		return s[skipRunes(s, n):], nil
	})
	pad := func(left bool) func(a []types.Datum) (types.Datum, error) {
		return func(a []types.Datum) (types.Datum, error) {
			fill := " "
			if len(a) > 2 {
				fill = a[2].Text()
			}
			s, err := padText(a[0].Text(), a[1].Int(), fill, left)
			return types.NewText(s), err
		}
	}
	def("lpad(text, int4, text) text", pad(true))
	def("rpad(text, int4, text) text", pad(false))
	def("lpad(text, int4) text", func(s string, n int64) (string, error) { return padText(s, n, " ", true) })
	def("rpad(text, int4) text", func(s string, n int64) (string, error) { return padText(s, n, " ", false) })

	def("btrim(text) text", func(s string) string { return strings.Trim(s, " ") })
	def("ltrim(text) text", func(s string) string { return strings.TrimLeft(s, " ") })
	def("rtrim(text) text", func(s string) string { return strings.TrimRight(s, " ") })
	def("btrim(text, text) text", strings.Trim)
	def("ltrim(text, text) text", strings.TrimLeft)
	def("rtrim(text, text) text", strings.TrimRight)

	def("replace(text, text, text) text", func(a []types.Datum) (types.Datum, error) {
		if a[1].Text() == "" {
			return a[0], nil
		}
		return types.NewText(strings.ReplaceAll(a[0].Text(), a[1].Text(), a[2].Text())), nil
	})
	def("translate(text, text, text) text", func(a []types.Datum) (types.Datum, error) {
		return types.NewText(translate(a[0].Text(), a[1].Text(), a[2].Text())), nil
	})
	def("reverse(text) text", func(s string) string {
		var b strings.Builder
		for s != "" {
			_, n := utf8.DecodeLastRuneInString(s)
			b.WriteString(s[len(s)-n:])
			s = s[:len(s)-n]
		}
		return b.String()
	})
	def("repeat(text, int4) text", func(s string, n int64) (string, error) {
		n = max(n, 0)
		if int64(len(s))*n > allocMax {
			return "", errTooLarge()
		}
		return strings.Repeat(s, int(n)), nil
	})
	position := func(s, sub string) int64 {
		i := strings.Index(s, sub)
		if i < 0 {
			return 0
		}
		return runes(s[:i]) + 1
	}
	defAs(position, "position(text, text) int4", "strpos(text, text) int4")
	overlay := func(a []types.Datum) (types.Datum, error) {
		n := runes(a[1].Text())
		if len(a) > 3 {
			n = a[3].Int()
		}
		s, err := overlayText(a[0].Text(), a[1].Text(), a[2].Int(), n)
		return types.NewText(s), err
	}
	defAs(overlay, "overlay(text, text, int4) text", "overlay(text, text, int4, int4) text")
	def("split_part(text, text, int4) text", func(a []types.Datum) (types.Datum, error) {
		s, err := splitPart(a[0].Text(), a[1].Text(), a[2].Int())
		return types.NewText(s), err
	})
	def("ascii(text) int4", func(s string) int64 {
		if s == "" {
			return 0
		}
		r, _ := utf8.DecodeRuneInString(s)
		return int64(r)
	})
	def("chr(int4) text", func(a types.Datum) (types.Datum, error) {
		n := a.Int()
		switch {
		case n < 0:
			return types.Null, sqlerr.New(sqlerr.InvalidParameterValue, "character number must be positive")
		case n == 0:
			return types.Null, sqlerr.New(sqlerr.ProgramLimitExceeded, "null character not permitted")
		case n > unicode.MaxRune:
			return types.Null, sqlerr.New(sqlerr.ProgramLimitExceeded, "requested character too large for encoding: %d", n)
		case n >= 0xD800 && n < 0xE000:
			return types.Null, sqlerr.New(sqlerr.ProgramLimitExceeded, "requested character not valid for encoding: %d", n)
		}
		return types.NewText(string(rune(n))), nil
	})
	def("starts_with(text, text) bool", strings.HasPrefix)

	concat := func(c *CallCtx, args []types.Datum) (types.Datum, error) {
		var b strings.Builder
		for i, a := range args {
			if !a.IsNull() {
				b.WriteString(output(c.Ctx, c.argType(i), a))
			}
		}
		return types.NewText(b.String()), nil
	}
	f := def("concat(variadic any) text", concat)
	f.Strict, f.Vol = false, Stable
	f = def("concat_ws(text, variadic any) text", func(c *CallCtx, args []types.Datum) (types.Datum, error) {
		if args[0].IsNull() {
			return types.Null, nil
		}
		var parts []string
		for i, a := range args[1:] {
			if !a.IsNull() {
				parts = append(parts, output(c.Ctx, c.argType(i+1), a))
			}
		}
		return types.NewText(strings.Join(parts, args[0].Text())), nil
	})
	f.Strict, f.Vol = false, Stable
}

func errTooLarge() error {
	return sqlerr.New(sqlerr.ProgramLimitExceeded, "requested length too large")
}

// skipRunes returns the byte offset of character n of s, len(s) if it has fewer.
func skipRunes(s string, n int64) int {
	at := 0
	for ; n > 0 && at < len(s); n-- {
		_, size := utf8.DecodeRuneInString(s[at:])
		at += size
	}
	return at
}

// span turns a 1-based start and a length into the half-open range of positions
// that lie within the string, counted from 0; to is -1 for the end of it.
func span(from int64, length *int64) (lo, hi int64, err error) {
	if length == nil {
		return max(from-1, 0), -1, nil
	}
	if *length < 0 {
		return 0, 0, sqlerr.New(sqlerr.SubstringError, "negative substring length not allowed")
	}
	lo, hi = max(from-1, 0), max(from-1+*length, 0)
	return lo, max(hi, lo), nil
}

func substring(s string, from int64, length *int64) (string, error) {
	lo, hi, err := span(from, length)
	if err != nil {
		return "", err
	}
	s = s[skipRunes(s, lo):]
	if hi >= 0 {
		s = s[:skipRunes(s, hi-lo)]
	}
	return s, nil
}

func overlayText(s, with string, from, length int64) (string, error) {
	if from <= 0 {
		return "", sqlerr.New(sqlerr.SubstringError, "negative substring length not allowed")
	}
	before := from - 1
	head, _ := substring(s, 1, &before)
	after := from + length
	if after > 1<<31-1 {
		return "", outOfRange("integer")
	}
	tail, _ := substring(s, after, nil)
	return head + with + tail, nil
}

func initcap(s string) string {
	inside := false
	return strings.Map(func(r rune) rune {
		if inside {
			r = unicode.ToLower(r)
		} else {
			r = unicode.ToUpper(r)
		}
		inside = unicode.IsLetter(r) || unicode.IsDigit(r)
		return r
	}, s)
}

func padText(s string, n int64, fill string, left bool) (string, error) {
	n = max(n, 0)
	have := int64(utf8.RuneCountInString(s))
	if have >= n || fill == "" {
		return s[:skipRunes(s, n)], nil
	}
	if n*4 > allocMax {
		return "", errTooLarge()
	}
	var b strings.Builder
	missing, width := n-have, int64(utf8.RuneCountInString(fill))
	for ; missing >= width; missing -= width {
		b.WriteString(fill)
	}
	b.WriteString(fill[:skipRunes(fill, missing)])
	if left {
		return b.String() + s, nil
	}
	return s + b.String(), nil
}

func translate(s, from, to string) string {
	f, t := []rune(from), []rune(to)
	m := make(map[rune]rune, len(f))
	for i, r := range f {
		if _, ok := m[r]; ok {
			continue
		}
		m[r] = -1
		if i < len(t) {
			m[r] = t[i]
		}
	}
	return strings.Map(func(r rune) rune {
		if to, ok := m[r]; ok {
			return to
		}
		return r
	}, s)
}

func splitPart(s, sep string, n int64) (string, error) {
	if n == 0 {
		return "", sqlerr.New(sqlerr.InvalidParameterValue, "field position must not be zero")
	}
	if s == "" {
		return "", nil
	}
	if sep == "" {
		if n == 1 || n == -1 {
			return s, nil
		}
		return "", nil
	}
	parts := strings.Split(s, sep)
	if n < 0 {
		n += int64(len(parts)) + 1
	}
	if n < 1 || n > int64(len(parts)) {
		return "", nil
	}
	return parts[n-1], nil
}
