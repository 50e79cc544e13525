package expr

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// Functions over bytes: digests, encodings, bytea, uuid, Unicode.

func init() {
	defAs(func(s string) string { d := md5.Sum([]byte(s)); return hex.EncodeToString(d[:]) }, "md5(text) text", "md5(bytea) text")
	def("sha224(bytea) bytea", func(s string) string { d := sha256.Sum224([]byte(s)); return string(d[:]) })
	def("sha256(bytea) bytea", func(s string) string { d := sha256.Sum256([]byte(s)); return string(d[:]) })
	def("sha384(bytea) bytea", func(s string) string { d := sha512.Sum384([]byte(s)); return string(d[:]) })
	def("sha512(bytea) bytea", func(s string) string { d := sha512.Sum512([]byte(s)); return string(d[:]) })
	def("encode(bytea, text) text", encode)
	def("decode(text, text) bytea", decode)
	def("to_hex(int4) text", func(a types.Datum) types.Datum { return types.NewText(strconv.FormatUint(uint64(uint32(a.Int())), 16)) })
	def("to_hex(int8) text", func(a types.Datum) types.Datum { return types.NewText(strconv.FormatUint(uint64(a.Int()), 16)) })

	def("get_byte(bytea, int4) int4", func(a, b types.Datum) (types.Datum, error) {
		if err := checkIndex(b.Int(), int64(len(a.Text()))); err != nil {
			return types.Null, err
		}
		return types.NewInt(int64(a.Text()[b.Int()])), nil
	})
	def("set_byte(bytea, int4, int4) bytea", func(a []types.Datum) (types.Datum, error) {
		b := []byte(a[0].Text())
		if err := checkIndex(a[1].Int(), int64(len(b))); err != nil {
			return types.Null, err
		}
		b[a[1].Int()] = byte(a[2].Int())
		return types.NewBytesAlias(b), nil
	})
	def("get_bit(bytea, int8) int4", func(a, b types.Datum) (types.Datum, error) {
		n := b.Int()
		if err := checkIndex(n, int64(len(a.Text()))*8); err != nil {
			return types.Null, err
		}
		return types.NewInt(int64(a.Text()[n/8] >> (n % 8) & 1)), nil
	})
	def("set_bit(bytea, int8, int4) bytea", func(a []types.Datum) (types.Datum, error) {
		b, n := []byte(a[0].Text()), a[1].Int()
		if err := checkIndex(n, int64(len(b))*8); err != nil {
			return types.Null, err
		}
		switch a[2].Int() {
		case 0:
			b[n/8] &^= 1 << (n % 8)
		case 1:
			b[n/8] |= 1 << (n % 8)
		default:
			return types.Null, sqlerr.New(sqlerr.InvalidParameterValue, "new bit must be 0 or 1")
		}
		return types.NewBytesAlias(b), nil
	})
	def("bit_count(bytea) int8", func(s string) int64 {
		n := int64(0)
		for i := range len(s) {
			for c := s[i]; c != 0; c &= c - 1 {
				n++
			}
		}
		return n
	})
	sub := func(s string, from int64, length *int64) (string, error) {
		lo, hi, err := span(from, length)
		if err != nil {
			return "", err
		}
		if hi < 0 || hi > int64(len(s)) {
			hi = int64(len(s))
		}
		return s[min(lo, hi):hi], nil
	}
	defAs(func(s string, from int64) (string, error) { return sub(s, from, nil) }, "substr(bytea, int4) bytea", "substring(bytea, int4) bytea")
	defAs(func(a []types.Datum) (types.Datum, error) {
		n := a[2].Int()
		s, err := sub(a[0].Text(), a[1].Int(), &n)
		return types.NewText(s), err
	}, "substr(bytea, int4, int4) bytea", "substring(bytea, int4, int4) bytea")
	def("position(bytea, bytea) int4", func(s, t string) int64 { return int64(strings.Index(s, t)) + 1 })
	trim := func(left, right bool) func(s, set string) string {
		return func(s, set string) string {
			for left && s != "" && strings.IndexByte(set, s[0]) >= 0 {
				s = s[1:]
			}
			for right && s != "" && strings.IndexByte(set, s[len(s)-1]) >= 0 {
				s = s[:len(s)-1]
			}
			return s
		}
	}
	def("btrim(bytea, bytea) bytea", trim(true, true))
	def("ltrim(bytea, bytea) bytea", trim(true, false))
	def("rtrim(bytea, bytea) bytea", trim(false, true))
	overlay := func(a []types.Datum) (types.Datum, error) {
		s, with, from := a[0].Text(), a[1].Text(), a[2].Int()
		n := int64(len(with))
		if len(a) > 3 {
			n = a[3].Int()
		}
		if from <= 0 {
			return types.Null, sqlerr.New(sqlerr.SubstringError, "negative substring length not allowed")
		}
		before := from - 1
		if from+n > math.MaxInt32 {
			return types.Null, outOfRange("integer")
		}
		head, _ := sub(s, 1, &before)
		tail, err := sub(s, from+n, nil)
		return types.NewText(head + with + tail), err
	}
	defAs(overlay, "overlay(bytea, bytea, int4) bytea", "overlay(bytea, bytea, int4, int4) bytea")

	defStable(func(s, encoding string) (string, error) { return convert(s, "utf8", encoding) }, "convert_to(text, name) bytea")
	defStable(func(s, encoding string) (string, error) { return convert(s, encoding, "utf8") }, "convert_from(bytea, name) text")
	defStable(func(a []types.Datum) (types.Datum, error) {
		s, err := convert(a[0].Text(), a[1].Text(), a[2].Text())
		return types.NewText(s), err
	}, "convert(bytea, name, name) bytea")
	defStable(func(a, b types.Datum) (types.Datum, error) {
		if _, ok := encodingName(b.Text()); !ok {
			return types.Null, sqlerr.New(sqlerr.InvalidParameterValue, `invalid encoding name "%s"`, b.Text())
		}
		s, err := convert(a.Text(), b.Text(), "utf8")
		return types.NewInt(int64(utf8.RuneCountInString(s))), err
	}, "length(bytea, name) int4")
	def("gen_random_uuid() uuid", func(*Ctx) (types.Datum, error) {
		var b [16]byte
		if _, err := rand.Read(b[:]); err != nil {
			return types.Null, sqlerr.New(sqlerr.Internal, "could not generate random values")
		}
		b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
		return types.NewBytes(b[:]), nil
	}).Vol = Volatile
	// form reads the second argument, which may be left out.
	form := func(a []types.Datum) (norm.Form, error) {
		if len(a) < 2 {
			return norm.NFC, nil
		}
		return normalForm(a[1].Text())
	}
	def("normalize(text, text) text", func(a []types.Datum) (types.Datum, error) {
		f, err := form(a)
		return types.NewText(f.String(a[0].Text())), err
	}).defaults(Text("NFC"))
	def("is_normalized(text, text) bool", func(a []types.Datum) (types.Datum, error) {
		f, err := form(a)
		return types.NewBool(f.IsNormalString(a[0].Text())), err
	}).defaults(Text("NFC"))
	def("unistr(text) text", unistr)
}

func checkIndex(i, n int64) error {
	if i < 0 || i >= n {
		return sqlerr.New(sqlerr.ArraySubscriptError, "index %d out of valid range, 0..%d", i, n-1)
	}
	return nil
}

func normalForm(name string) (norm.Form, error) {
	switch strings.ToUpper(name) {
	case "NFC":
		return norm.NFC, nil
	case "NFD":
		return norm.NFD, nil
	case "NFKC":
		return norm.NFKC, nil
	case "NFKD":
		return norm.NFKD, nil
	}
	return 0, sqlerr.New(sqlerr.InvalidParameterValue, "invalid normalization form: %s", name)
}

func encode(s, how string) (string, error) {
	switch strings.ToLower(how) {
	case "hex":
		return hex.EncodeToString([]byte(s)), nil
	case "base64": // in lines of 76
		e := base64.StdEncoding.EncodeToString([]byte(s))
		var b strings.Builder
		for len(e) > 76 {
			b.WriteString(e[:76] + "\n")
			e = e[76:]
		}
		b.WriteString(e)
		return b.String(), nil
	case "escape":
		var b strings.Builder
		for i := range len(s) {
			switch c := s[i]; {
			case c == 0 || c >= 0x80:
				b.Write([]byte{'\\', '0' + c>>6, '0' + c>>3&7, '0' + c&7})
			case c == '\\':
				b.WriteString(`\\`)
			default:
				b.WriteByte(c)
			}
		}
		return b.String(), nil
	}
	return "", sqlerr.New(sqlerr.InvalidParameterValue, `unrecognized encoding: "%s"`, how)
}

func decode(s, how string) (string, error) {
	switch strings.ToLower(how) {
	case "hex":
		return decodeHex(s)
	case "base64":
		return decodeBase64(s)
	case "escape":
		return decodeEscape(s)
	}
	return "", sqlerr.New(sqlerr.InvalidParameterValue, `unrecognized encoding: "%s"`, how)
}

// firstChar is the first character of s, for messages.
func firstChar(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return s[:n]
}

func decodeHex(s string) (string, error) {
	var out []byte
	half, odd := byte(0), false
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == ' ' || c == '\n' || c == '\t' || c == '\r' {
			if !odd {
				continue
			}
		}
		d, err := strconv.ParseUint(s[i:i+1], 16, 8)
		if err != nil {
			return "", sqlerr.New(sqlerr.InvalidParameterValue, `invalid hexadecimal digit: "%s"`, firstChar(s[i:]))
		}
		if odd {
			out = append(out, half<<4|byte(d))
		}
		half, odd = byte(d), !odd
	}
	if odd {
		return "", sqlerr.New(sqlerr.InvalidParameterValue, "invalid hexadecimal data: odd number of digits")
	}
	return string(out), nil
}

func decodeBase64(s string) (string, error) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	var out []byte
	buf, pos, end := uint32(0), 0, 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		v := 0
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			continue
		case c == '=':
			if end == 0 {
				switch pos {
				case 2:
					end = 1
				case 3:
					end = 2
				default:
					return "", sqlerr.New(sqlerr.InvalidParameterValue, `unexpected "=" while decoding base64 sequence`)
				}
			}
		default:
			if v = strings.IndexByte(alphabet, c); v < 0 {
				return "", sqlerr.New(sqlerr.InvalidParameterValue, `invalid symbol "%s" found while decoding base64 sequence`, firstChar(s[i:]))
			}
		}
		buf = buf<<6 | uint32(v)
		if pos++; pos == 4 {
			out = append(out, byte(buf>>16))
			if end == 0 || end > 1 {
				out = append(out, byte(buf>>8))
			}
			if end == 0 || end > 2 {
				out = append(out, byte(buf))
			}
			buf, pos = 0, 0
		}
	}
	if pos != 0 {
		return "", sqlerr.New(sqlerr.InvalidParameterValue, "invalid base64 end sequence").
			WithHint("Input data is missing padding, is truncated, or is otherwise corrupted.")
	}
	return string(out), nil
}

func decodeEscape(s string) (string, error) {
	var out []byte
	octal := func(c byte, most byte) bool { return c >= '0' && c <= most }
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] != '\\':
			out = append(out, s[i])
		case i+3 < len(s) && octal(s[i+1], '3') && octal(s[i+2], '7') && octal(s[i+3], '7'):
			out = append(out, (s[i+1]-'0')<<6|(s[i+2]-'0')<<3|(s[i+3]-'0'))
			i += 3
		case i+1 < len(s) && s[i+1] == '\\':
			out = append(out, '\\')
			i++
		default:
			return "", sqlerr.New(sqlerr.InvalidTextRepresentation, "invalid input syntax for type bytea")
		}
	}
	return string(out), nil
}

// convert changes the encoding of a text: between UTF8, LATIN1 and SQL_ASCII
// there is a way, others are refused.
func convert(s, from, to string) (string, error) {
	src, ok := encodingName(from)
	if !ok {
		return "", sqlerr.New(sqlerr.InvalidParameterValue, `invalid source encoding name "%s"`, from)
	}
	dst, ok := encodingName(to)
	if !ok {
		return "", sqlerr.New(sqlerr.InvalidParameterValue, `invalid destination encoding name "%s"`, to)
	}
	if src == "UTF8" {
		if err := checkUTF8(s); err != nil {
			return "", err
		}
	}
	switch {
	case src == dst || src == "SQL_ASCII" && dst == "UTF8" && utf8.ValidString(s) || dst == "SQL_ASCII":
		return s, nil
	case src == "LATIN1" && dst == "UTF8":
		var b strings.Builder
		for i := range len(s) {
			b.WriteRune(rune(s[i]))
		}
		return b.String(), nil
	case src == "UTF8" && dst == "LATIN1":
		var out []byte
		for _, r := range s {
			if r > 0xff {
				var seq []string
				for _, c := range []byte(string(r)) {
					seq = append(seq, "0x"+hex.EncodeToString([]byte{c}))
				}
				return "", sqlerr.New(sqlerr.UntranslatableCharacter,
					`character with byte sequence %s in encoding "UTF8" has no equivalent in encoding "LATIN1"`, strings.Join(seq, " "))
			}
			out = append(out, byte(r))
		}
		return string(out), nil
	}
	return "", sqlerr.Unsupported("conversion from encoding %s to %s", src, dst)
}

// encodings are PostgreSQL's by number.
var encodings = []string{
	0: "SQL_ASCII", 1: "EUC_JP", 2: "EUC_CN", 3: "EUC_KR", 4: "EUC_TW", 5: "EUC_JIS_2004", 6: "UTF8", 7: "MULE_INTERNAL",
	8: "LATIN1", 9: "LATIN2", 10: "LATIN3", 11: "LATIN4", 12: "LATIN5", 13: "LATIN6", 14: "LATIN7", 15: "LATIN8", 16: "LATIN9",
	17: "LATIN10", 18: "WIN1256", 19: "WIN1258", 20: "WIN866", 21: "WIN874", 22: "KOI8R", 23: "WIN1251", 24: "WIN1252",
	25: "ISO_8859_5", 26: "ISO_8859_6", 27: "ISO_8859_7", 28: "ISO_8859_8", 29: "WIN1250", 30: "WIN1253", 31: "WIN1254",
	32: "WIN1255", 33: "WIN1257", 34: "KOI8U", 35: "SJIS", 36: "BIG5", 37: "GBK", 38: "UHC", 39: "GB18030", 40: "JOHAB", 41: "SHIFT_JIS_2004",
}

// encodingName finds an encoding as PostgreSQL does: letters and digits count,
// in any case.
func encodingName(name string) (string, bool) {
	plain := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, strings.ToLower(s))
	}
	key := plain(name)
	switch key {
	case "unicode":
		return "UTF8", true
	case "iso88591":
		return "LATIN1", true
	case "windows1252":
		return "WIN1252", true
	}
	for _, e := range encodings {
		if plain(e) == key {
			return e, true
		}
	}
	return "", false
}

func checkUTF8(s string) error {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 || s[i] == 0 {
			end := i + 1 // as long as the first byte says
			switch lead := s[i]; {
			case lead >= 0xf8:
			case lead >= 0xf0:
				end = i + 4
			case lead >= 0xe0:
				end = i + 3
			case lead >= 0xc0:
				end = i + 2
			}
			end = min(end, len(s))
			var seq []string
			for _, c := range []byte(s[i:end]) {
				seq = append(seq, "0x"+hex.EncodeToString([]byte{c}))
			}
			return sqlerr.New(sqlerr.CharacterNotInRepertoire, `invalid byte sequence for encoding "UTF8": %s`, strings.Join(seq, " "))
		}
		i += n
	}
	return nil
}

// unistr reads \XXXX, \+XXXXXX, \uXXXX and \UXXXXXXXX.
func unistr(s string) (string, error) {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 {
			b.WriteString(s)
			return b.String(), nil
		}
		b.WriteString(s[:i])
		s = s[i+1:]
		skip, digits := 0, 4
		switch {
		case strings.HasPrefix(s, `\`):
			b.WriteByte('\\')
			s = s[1:]
			continue
		case strings.HasPrefix(s, "+"):
			skip, digits = 1, 6
		case strings.HasPrefix(s, "u"):
			skip = 1
		case strings.HasPrefix(s, "U"):
			skip, digits = 1, 8
		}
		if len(s) < skip+digits {
			return "", errUnistr()
		}
		n, err := strconv.ParseUint(s[skip:skip+digits], 16, 32)
		if err != nil {
			return "", errUnistr()
		}
		s = s[skip+digits:]
		if n == 0 || n > utf8.MaxRune {
			return "", sqlerr.New(sqlerr.InvalidParameterValue, "invalid Unicode code point: %04X", n)
		}
		if n >= 0xDC00 && n < 0xE000 || n >= 0xD800 && n < 0xDC00 {
			return "", sqlerr.Unsupported("a surrogate pair in unistr")
		}
		b.WriteRune(rune(n))
	}
}

func errUnistr() error {
	return sqlerr.New(sqlerr.SyntaxError, "invalid Unicode escape").
		WithHint(`Unicode escapes must be \XXXX, \+XXXXXX, \uXXXX, or \UXXXXXXXX.`)
}
