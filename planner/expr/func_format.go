package expr

import (
	"math"
	"strings"
	"unicode/utf8"

	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// format(), and the functions that quote.

func init() {
	for _, sig := range []string{"format(text, variadic any) text", "format(text) text"} {
		f := def(sig, formatText)
		f.Strict, f.Vol = false, Stable
	}
	def("quote_ident(text) text", QuoteIdent)
	def("quote_literal(text) text", quoteLiteral)
	defStable(func(c *CallCtx, a []types.Datum) (types.Datum, error) {
		return types.NewText(quoteLiteral(output(c.Ctx, c.argType(0), a[0]))), nil
	}, "quote_literal(anyelement) text")
	for _, sig := range []string{"quote_nullable(text) text", "quote_nullable(anyelement) text"} {
		f := def(sig, func(c *CallCtx, a []types.Datum) (types.Datum, error) {
			if a[0].IsNull() {
				return types.NewText("NULL"), nil
			}
			return types.NewText(quoteLiteral(output(c.Ctx, c.argType(0), a[0]))), nil
		})
		f.Strict = false
		if f.Args[0] != types.TextOID {
			f.Vol = Stable
		}
	}
	f := def("parse_ident(text, bool) _text", func(a []types.Datum) (types.Datum, error) {
		return parseIdent(a[0].Text(), len(a) < 2 || a[1].Bool())
	})
	f.named("str", "strict").defaults(Bool(true))
}

// quoteLiteral is quote_literal: with backslashes, the constant begins with E.
func quoteLiteral(s string) string {
	q := "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if strings.Contains(s, `\`) {
		return "E" + strings.ReplaceAll(q, `\`, `\\`)
	}
	return q
}

func formatError(format string, args ...any) *sqlerr.Error {
	return sqlerr.New(sqlerr.InvalidParameterValue, format, args...)
}

func formatText(c *CallCtx, args []types.Datum) (types.Datum, error) {
	if args[0].IsNull() {
		return types.Null, nil
	}
	f, arg := args[0].Text(), 1
	var b strings.Builder
	unfinished := func() (types.Datum, error) {
		return types.Null, formatError("unterminated format() type specifier").WithHint(`For a single "%%" use "%%%%".`)
	}
	// number reads digits; n is -1 if there are none.
	number := func() (n int64, err error) {
		n = -1
		for f != "" && f[0] >= '0' && f[0] <= '9' {
			n = max(n, 0)*10 + int64(f[0]-'0')
			if n > math.MaxInt32 {
				return 0, sqlerr.New(sqlerr.NumericValueOutOfRange, "number is out of range")
			}
			f = f[1:]
		}
		return n, nil
	}
	take := func() (i int, err error) {
		if arg >= len(args) {
			return 0, formatError("too few arguments for format()")
		}
		arg++
		return arg - 1, nil
	}
	for {
		i := strings.IndexByte(f, '%')
		if i < 0 {
			b.WriteString(f)
			return types.NewText(b.String()), nil
		}
		b.WriteString(f[:i])
		if f = f[i+1:]; f == "" {
			return unfinished()
		}
		if f[0] == '%' {
			b.WriteByte('%')
			f = f[1:]
			continue
		}
		position, left, width, widthAt := int64(-1), false, int64(0), int64(-1)
		n, err := number()
		if err != nil {
			return types.Null, err
		}
		if f == "" {
			return unfinished()
		}
		switch {
		case n >= 0 && f[0] == '$':
			if n == 0 {
				return types.Null, formatError("format specifies argument 0, but arguments are numbered from 1")
			}
			position, f = n, f[1:]
			n = -1
		case n >= 0:
			width = n
		}
		if n < 0 {
			for f != "" && f[0] == '-' {
				left, f = true, f[1:]
			}
			if f != "" && f[0] == '*' {
				f = f[1:]
				if widthAt, err = number(); err != nil {
					return types.Null, err
				}
				switch {
				case widthAt >= 0 && (f == "" || f[0] != '$'):
					return types.Null, formatError("width argument position must be ended by \"$\"")
				case widthAt == 0:
					return types.Null, formatError("format specifies argument 0, but arguments are numbered from 1")
				case widthAt > 0:
					f = f[1:]
				default:
					widthAt = 0
				}
			} else if n, err = number(); err != nil {
				return types.Null, err
			} else if n >= 0 {
				width = n
			}
		}
		if f == "" {
			return unfinished()
		}
		kind, size := utf8.DecodeRuneInString(f)
		f = f[size:]
		if kind != 's' && kind != 'I' && kind != 'L' {
			return types.Null, formatError(`unrecognized format() type specifier "%c"`, kind).WithHint(`For a single "%%" use "%%%%".`)
		}
		if widthAt >= 0 {
			at := int(widthAt)
			if at == 0 {
				if at, err = take(); err != nil {
					return types.Null, err
				}
			} else if at >= len(args) {
				return types.Null, formatError("too few arguments for format()")
			} else {
				arg = at + 1
			}
			w, err := castDatum(c.Ctx, args[at], c.argType(at), types.Int4OID.Type(), true)
			if err != nil {
				return types.Null, err
			}
			if width = w.Int(); width < 0 {
				width, left = -width, true
			}
		}
		at := int(position)
		if position < 0 {
			if at, err = take(); err != nil {
				return types.Null, err
			}
		} else if at >= len(args) {
			return types.Null, formatError("too few arguments for format()")
		} else {
			arg = at + 1
		}
		s := output(c.Ctx, c.argType(at), args[at])
		switch {
		case kind == 'I' && args[at].IsNull():
			return types.Null, sqlerr.New(sqlerr.NullValueNotAllowed, "null values cannot be formatted as an SQL identifier")
		case kind == 'I':
			s = QuoteIdent(s)
		case kind == 'L' && args[at].IsNull():
			s = "NULL"
		case kind == 'L':
			s = quoteLiteral(s)
		}
		fill := ""
		if missing := width - int64(utf8.RuneCountInString(s)); missing > 0 {
			if missing > allocMax {
				return types.Null, errTooLarge()
			}
			fill = strings.Repeat(" ", int(missing))
		}
		if left {
			b.WriteString(s + fill)
		} else {
			b.WriteString(fill + s)
		}
	}
}

// parseIdent splits a qualified name as parse_ident does.
func parseIdent(s string, strict bool) (types.Datum, error) {
	bad := func(detail string, args ...any) (types.Datum, error) {
		err := sqlerr.New(sqlerr.InvalidParameterValue, `string is not a valid identifier: "%s"`, s)
		if detail != "" {
			err = err.WithDetail(detail, args...)
		}
		return types.Null, err
	}
	const blanks = " \t\n\r\f"
	var parts []types.Datum
	rest, afterDot := strings.TrimLeft(s, blanks), false
	for {
		missing := true
		if strings.HasPrefix(rest, `"`) {
			var b strings.Builder
			rest = rest[1:]
			for {
				i := strings.IndexByte(rest, '"')
				if i < 0 {
					return bad("String has unclosed double quotes.")
				}
				b.WriteString(rest[:i])
				if rest = rest[i+1:]; !strings.HasPrefix(rest, `"`) {
					break
				}
				b.WriteByte('"')
				rest = rest[1:]
			}
			if b.Len() == 0 {
				return bad("Quoted identifier must not be empty.")
			}
			parts, missing = append(parts, types.NewText(b.String())), false
		} else if n := identLen(rest); n > 0 {
			parts, missing = append(parts, types.NewText(strings.ToLower(rest[:n]))), false
			rest = rest[n:]
		}
		if missing {
			switch {
			case strings.HasPrefix(rest, "."):
				return bad(`No valid identifier before ".".`)
			case afterDot:
				return bad(`No valid identifier after ".".`)
			}
			return bad("")
		}
		rest = strings.TrimLeft(rest, blanks)
		if strings.HasPrefix(rest, ".") {
			rest, afterDot = strings.TrimLeft(rest[1:], blanks), true
			continue
		}
		if rest != "" && strict {
			return bad("")
		}
		return types.MakeArray(types.TextOID.Type(), parts), nil
	}
}

// identLen returns how many bytes of s are an unquoted identifier.
func identLen(s string) int {
	for i := 0; i < len(s); i++ {
		c := s[i]
		start := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
		if !start && (i == 0 || c != '$' && (c < '0' || c > '9')) {
			return i
		}
	}
	return len(s)
}
