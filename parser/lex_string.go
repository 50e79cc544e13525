package parser

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/minisql/minisql/sqlerr"
)

// prefixedString scans E'…', B'…', X'…', N'…', U&'…' and U&"…", whose first
// letter is c; it returns false if none starts here.
func (l *lexer) prefixedString(c byte, t *token) bool {
	src, start := l.src, l.pos
	if src[start+1] == '\'' {
		switch c {
		case 'e', 'E':
			l.pos += 2
			t.kind = tString
			t.str = l.escapeString(start)
			return true
		case 'b', 'B', 'x', 'X':
			l.pos += 2
			t.kind = tBits
			t.str = l.bitString(start)
			return true
		case 'n', 'N':
			// NCHAR's constant: the prefix is the type name, the string follows.
			l.pos++
			t.kind, t.kw, t.str = tKeyword, kwNchar, "nchar"
			return true
		}
	}
	if (c == 'u' || c == 'U') && src[start+1] == '&' && start+2 < len(src) {
		switch src[start+2] {
		case '\'':
			l.pos += 3
			body := l.pos
			value := l.plainString(start)
			t.kind = tString
			t.str = l.unicodeEscapes(value, body)
			return true
		case '"':
			l.pos += 3
			body := l.pos
			value := l.quotedName(start)
			t.kind = tIdent
			t.str = truncateName(l.unicodeEscapes(value, body))
			return true
		}
	}
	return false
}

// continued tells whether a quoted string goes on in another piece: white space
// with a newline in it (comments allowed), then a quote. If so the scanner is
// moved past that quote.
func (l *lexer) continued() bool {
	src, i := l.src, l.pos
	newline := false
	for i < len(src) {
		c := src[i]
		switch {
		case c == '\n' || c == '\r':
			newline = true
			i++
		case is(c, isSpace):
			i++
		case c == '-' && strings.HasPrefix(src[i:], "--"):
			for i < len(src) && src[i] != '\n' && src[i] != '\r' {
				i++
			}
		default:
			if newline && c == '\'' {
				l.pos = i + 1
				return true
			}
			return false
		}
	}
	return false
}

// plainString scans the rest of a string in which only ” is special; start is
// the token's, and the scanner is past the opening quote.
func (l *lexer) plainString(start int) string {
	var joined []byte
	for {
		n := strings.IndexByte(l.src[l.pos:], '\'')
		if n < 0 {
			l.errorNear("unterminated quoted string", start, len(l.src))
		}
		piece := l.src[l.pos : l.pos+n]
		l.pos += n + 1
		switch {
		case l.pos < len(l.src) && l.src[l.pos] == '\'':
			joined = append(append(joined, piece...), '\'')
			l.pos++
		case l.continued():
			joined = append(joined, piece...)
		case joined == nil:
			return piece
		default:
			return string(append(joined, piece...))
		}
	}
}

// bitString scans the rest of B'…' or X'…'.
func (l *lexer) bitString(start int) string {
	for {
		n := strings.IndexByte(l.src[l.pos:], '\'')
		if n < 0 {
			kind := "bit"
			if lowerByte(l.src[start]) == 'x' {
				kind = "hexadecimal"
			}
			l.errorNear("unterminated "+kind+" string literal", start, len(l.src))
		}
		l.pos += n + 1
		if !l.continued() {
			return l.src[start:l.pos]
		}
	}
}

// quotedName scans the rest of a quoted name; start is the token's.
func (l *lexer) quotedName(start int) string {
	var joined []byte
	for {
		n := strings.IndexByte(l.src[l.pos:], '"')
		if n < 0 {
			l.errorNear("unterminated quoted identifier", start, len(l.src))
		}
		piece := l.src[l.pos : l.pos+n]
		l.pos += n + 1
		if l.pos < len(l.src) && l.src[l.pos] == '"' {
			joined = append(append(joined, piece...), '"')
			l.pos++
			continue
		}
		if joined != nil {
			piece = string(append(joined, piece...))
		}
		if piece == "" {
			l.errorNear("zero-length delimited identifier", start, l.pos)
		}
		return piece
	}
}

// escapeString scans the rest of E'…'.
func (l *lexer) escapeString(start int) string {
	src := l.src
	var b []byte
	high := rune(0) // the first half of a surrogate pair
	verify := false // an escape made a byte that plain text cannot hold
	for {
		if l.pos >= len(src) {
			l.errorNear("unterminated quoted string", start, len(src))
		}
		c := src[l.pos]
		if high != 0 && !strings.HasPrefix(src[l.pos:], `\u`) && !strings.HasPrefix(src[l.pos:], `\U`) {
			l.errorNear("invalid Unicode surrogate pair", l.pos, l.pos+1)
		}
		if c == '\'' {
			l.pos++
			if l.pos < len(src) && src[l.pos] == '\'' {
				b = append(b, '\'')
				l.pos++
				continue
			}
			if l.continued() {
				continue
			}
			if verify {
				if err := checkEncoding(string(b)); err != nil {
					fail(err)
				}
			}
			return string(b)
		}
		if c != '\\' {
			b = append(b, c)
			l.pos++
			continue
		}
		esc := l.pos
		l.pos++
		if l.pos >= len(src) {
			l.errorNear("unterminated quoted string", start, len(src))
		}
		c = src[l.pos]
		l.pos++
		switch c {
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'u', 'U':
			digits := 4
			if c == 'U' {
				digits = 8
			}
			r, ok := hexValue(src[l.pos:], digits)
			if !ok {
				fail(sqlerr.New(sqlerr.InvalidEscapeSequence, "invalid Unicode escape").
					WithHint(`Unicode escapes must be \uXXXX or \UXXXXXXXX.`).At(esc))
			}
			l.pos += digits
			switch {
			case high != 0:
				if !isLowSurrogate(r) {
					l.errorNear("invalid Unicode surrogate pair", esc, l.pos)
				}
				b = utf8.AppendRune(b, joinSurrogates(high, r))
				high = 0
			case isHighSurrogate(r):
				high = r
			case isLowSurrogate(r):
				l.errorNear("invalid Unicode surrogate pair", esc, l.pos)
			case r <= 0 || r > utf8.MaxRune:
				l.errorNear("invalid Unicode escape value", esc, l.pos)
			default:
				b = utf8.AppendRune(b, r)
			}
		case '0', '1', '2', '3', '4', '5', '6', '7':
			v := int(c - '0')
			for n := 1; n < 3 && l.pos < len(src) && '0' <= src[l.pos] && src[l.pos] <= '7'; n++ {
				v = v*8 + int(src[l.pos]-'0')
				l.pos++
			}
			b = append(b, byte(v))
			verify = verify || byte(v) == 0 || byte(v) >= 0x80
		case 'x':
			v, n := 0, 0
			for ; n < 2 && l.pos < len(src) && hexDigit(src[l.pos]) >= 0; n++ {
				v = v*16 + hexDigit(src[l.pos])
				l.pos++
			}
			if n == 0 {
				b = append(b, 'x')
				break
			}
			b = append(b, byte(v))
			verify = verify || v == 0 || v >= 0x80
		default:
			b = append(b, c)
		}
	}
}

// unicodeEscapes decodes the escapes of a U& string or name whose value starts
// at body, and takes the UESCAPE clause that may follow.
func (l *lexer) unicodeEscapes(s string, body int) string {
	escape := l.uescape()
	if strings.IndexByte(s, escape) < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	high := rune(0)
	badPair := func(i int) {
		fail(sqlerr.New(sqlerr.SyntaxError, "invalid Unicode surrogate pair").At(body + i))
	}
	i := 0
	for i < len(s) {
		if s[i] != escape || i+1 < len(s) && s[i+1] == escape {
			if high != 0 {
				badPair(i)
			}
			b = append(b, s[i])
			if s[i] == escape {
				i++
			}
			i++
			continue
		}
		digits, skip := 4, 1
		if i+1 < len(s) && s[i+1] == '+' {
			digits, skip = 6, 2
		}
		r, ok := hexValue(s[min(i+skip, len(s)):], digits)
		switch {
		case !ok:
			fail(sqlerr.New(sqlerr.SyntaxError, "invalid Unicode escape").
				WithHint(`Unicode escapes must be \XXXX or \+XXXXXX.`).At(body + i))
		case r <= 0 || r > utf8.MaxRune:
			fail(sqlerr.New(sqlerr.SyntaxError, "invalid Unicode escape value").At(body + i))
		case high != 0:
			if !isLowSurrogate(r) {
				badPair(i)
			}
			b = utf8.AppendRune(b, joinSurrogates(high, r))
			high = 0
		case isHighSurrogate(r):
			high = r
		case isLowSurrogate(r):
			badPair(i)
		default:
			b = utf8.AppendRune(b, r)
		}
		i += skip + digits
	}
	if high != 0 {
		badPair(i)
	}
	return string(b)
}

// uescape takes UESCAPE 'c' if it comes next and returns the escape character.
func (l *lexer) uescape() byte {
	saved := l.pos
	l.skipBlank()
	var t token
	if l.pos < len(l.src) && is(l.src[l.pos], isIdentStart) {
		l.word(&t)
	}
	if t.kw != kwUescape {
		l.pos = saved
		return '\\'
	}
	t = l.next()
	if t.kind != tString {
		l.errorNear("UESCAPE must be followed by a simple string literal", t.pos, t.end)
	}
	if len(t.str) != 1 || hexDigit(t.str[0]) >= 0 || strings.Contains("+'\" \t\n\r\f", t.str) {
		l.errorNear("invalid Unicode escape character", t.pos, t.end)
	}
	return t.str[0]
}

func isHighSurrogate(r rune) bool { return 0xD800 <= r && r <= 0xDBFF }
func isLowSurrogate(r rune) bool  { return 0xDC00 <= r && r <= 0xDFFF }

func joinSurrogates(high, low rune) rune { return (high-0xD800)<<10 + (low - 0xDC00) + 0x10000 }

// hexValue reads exactly n hexadecimal digits at the start of s.
func hexValue(s string, n int) (r rune, ok bool) {
	if len(s) < n {
		return 0, false
	}
	var v uint32
	for i := range n {
		d := hexDigit(s[i])
		if d < 0 {
			return 0, false
		}
		v = v<<4 | uint32(d)
	}
	return rune(min(v, utf8.MaxRune+1)), true
}

// hexDigit returns the value of a hexadecimal digit, or -1.
func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// checkEncoding refuses text that is not UTF-8 or has a zero byte, in
// PostgreSQL's words.
func checkEncoding(s string) error {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return nil
	}
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if s[i] != 0 && (r != utf8.RuneError || size > 1) {
			i += size
			continue
		}
		n := 1
		switch c := s[i]; {
		case c >= 0xF8:
		case c >= 0xF0:
			n = 4
		case c >= 0xE0:
			n = 3
		case c >= 0xC0:
			n = 2
		}
		var bytes strings.Builder
		for j := i; j < min(i+n, len(s)); j++ {
			fmt.Fprintf(&bytes, " 0x%02x", s[j])
		}
		return sqlerr.New(sqlerr.CharacterNotInRepertoire,
			"invalid byte sequence for encoding \"UTF8\":%s", bytes.String())
	}
	return nil
}
