package types

import (
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"github.com/minisql/minisql/sqlerr"
)

func appendUUID(dst []byte, s string) []byte {
	if len(s) != 16 {
		return append(dst, s...)
	}
	const digits = "0123456789abcdef"
	for i := range 16 {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, digits[s[i]>>4], digits[s[i]&15])
	}
	return dst
}

func appendBytea(dst []byte, s string, f *Format) []byte {
	if !f.orDefault().ByteaEscape {
		dst = append(dst, `\x`...)
		return hex.AppendEncode(dst, Datum{s: s}.Bytes())
	}
	for _, c := range []byte(s) {
		switch {
		case c == '\\':
			dst = append(dst, `\\`...)
		case c < 0x20 || c > 0x7e:
			dst = append(dst, '\\', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

func checkText(s string) error {
	if i := strings.IndexByte(s, 0); i >= 0 {
		return sqlerr.New(sqlerr.CharacterNotInRepertoire, `invalid byte sequence for encoding "UTF8": 0x00`)
	}
	if utf8.ValidString(s) {
		return nil
	}
	i := 0
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		i += n
	}
	var b strings.Builder
	for _, c := range []byte(s[i:min(len(s), i+utf8Want(s[i]))]) {
		b.WriteString(" 0x" + hex.EncodeToString([]byte{c}))
	}
	return sqlerr.New(sqlerr.CharacterNotInRepertoire, `invalid byte sequence for encoding "UTF8":%s`, b.String())
}

// utf8Want returns how many bytes a sequence that starts with c should have.
func utf8Want(c byte) int {
	switch {
	case c&0xe0 == 0xc0:
		return 2
	case c&0xf0 == 0xe0:
		return 3
	case c&0xf8 == 0xf0:
		return 4
	}
	return 1
}

// truncateName cuts a name to 63 bytes, at the end of a character.
func truncateName(s string) string {
	if len(s) < 64 {
		return s
	}
	n := 63
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func isOctal(c, most byte) bool { return c >= '0' && c <= most }

func parseUUID(s string) (Datum, error) {
	var u [16]byte
	t := s
	braces := strings.HasPrefix(t, "{")
	if braces {
		t = t[1:]
	}
	n := 0
	for i := range 16 {
		if n+2 > len(t) {
			return Null, errSyntax(UUIDOID, s)
		}
		hi, ok1 := hexDigit(t[n])
		lo, ok2 := hexDigit(t[n+1])
		if !ok1 || !ok2 {
			return Null, errSyntax(UUIDOID, s)
		}
		u[i] = hi<<4 | lo
		n += 2
		if n < len(t) && t[n] == '-' && i%2 == 1 && i < 15 {
			n++
		}
	}
	if t = t[n:]; braces && t != "}" || !braces && t != "" {
		return Null, errSyntax(UUIDOID, s)
	}
	return NewBytes(u[:]), nil
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case isDigit(c):
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

func parseBytea(s string) (Datum, error) {
	if strings.HasPrefix(s, `\x`) {
		b := make([]byte, 0, len(s)/2)
		for t := s[2:]; t != ""; {
			if isSpace(t[0]) {
				t = t[1:]
				continue
			}
			hi, ok := hexDigit(t[0])
			if !ok {
				return Null, errHexDigit(t)
			}
			if len(t) < 2 {
				return Null, sqlerr.New(sqlerr.InvalidParameterValue, "invalid hexadecimal data: odd number of digits")
			}
			lo, ok := hexDigit(t[1])
			if !ok {
				return Null, errHexDigit(t[1:])
			}
			b = append(b, hi<<4|lo)
			t = t[2:]
		}
		return NewBytesAlias(b), nil
	}
	if strings.IndexByte(s, '\\') < 0 {
		return NewText(s), nil
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b = append(b, s[i])
			continue
		}
		octal := func(j int, most byte) bool { return j < len(s) && isOctal(s[j], most) }
		switch {
		case octal(i+1, '3') && octal(i+2, '7') && octal(i+3, '7'):
			b = append(b, (s[i+1]-'0')<<6|(s[i+2]-'0')<<3|(s[i+3]-'0'))
			i += 3
		case i+1 < len(s) && s[i+1] == '\\':
			b = append(b, '\\')
			i++
		default:
			return Null, sqlerr.New(sqlerr.InvalidTextRepresentation, "invalid input syntax for type bytea")
		}
	}
	return NewBytesAlias(b), nil
}

func errHexDigit(s string) error {
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError {
		n = 1
	}
	return sqlerr.New(sqlerr.InvalidParameterValue, `invalid hexadecimal digit: "%s"`, s[:n])
}
