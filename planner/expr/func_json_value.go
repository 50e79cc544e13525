package expr

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/minisql/minisql/sqlerr"
)

// jsonValue is one value within a json text, which is known to be valid: the
// input function saw to that.
type jsonValue struct {
	kind byte   // { [ " 0 (a number) t f n
	raw  string // the text of the value itself, without blanks around it
}

// jsonOf returns the value that a json text holds.
func jsonOf(text string) jsonValue {
	v, _ := jsonNext(text)
	return v
}

func jsonSkip(s string) string { return strings.TrimLeft(s, " \t\n\r") }

// jsonNext reads the value at the beginning of s and returns what follows it.
func jsonNext(s string) (jsonValue, string) {
	s = jsonSkip(s)
	if s == "" {
		return jsonValue{kind: 'n', raw: "null"}, ""
	}
	end := 0
	switch kind := s[0]; kind {
	case '{', '[':
		depth := 0
		for end < len(s) {
			switch s[end] {
			case '"':
				end += jsonStringLen(s[end:])
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			end++
			if depth == 0 {
				break
			}
		}
		return jsonValue{kind, s[:end]}, s[end:]
	case '"':
		end = jsonStringLen(s)
		return jsonValue{kind, s[:end]}, s[end:]
	case 't', 'f', 'n':
		for end < len(s) && s[end] >= 'a' && s[end] <= 'z' {
			end++
		}
		return jsonValue{kind, s[:end]}, s[end:]
	}
	for end < len(s) && strings.IndexByte("+-.0123456789eE", s[end]) >= 0 {
		end++
	}
	return jsonValue{'0', s[:end]}, s[max(end, 1):]
}

// jsonStringLen is the length of the string literal at the beginning of s.
func jsonStringLen(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(s)
}

// typeName is json_typeof's answer.
func (v jsonValue) typeName() string {
	return map[byte]string{'{': "object", '[': "array", '"': "string", '0': "number", 't': "boolean", 'f': "boolean", 'n': "null"}[v.kind]
}

// elems hands on the elements of an array until f returns false.
func (v jsonValue) elems(f func(e jsonValue) bool) {
	s := jsonSkip(v.raw[1:])
	for s != "" && s[0] != ']' {
		var e jsonValue
		if e, s = jsonNext(s); !f(e) {
			return
		}
		s = jsonSkip(strings.TrimPrefix(jsonSkip(s), ","))
	}
}

// members hands on the fields of an object until f returns false.
func (v jsonValue) members(f func(key string, e jsonValue) (bool, error)) error {
	s := jsonSkip(v.raw[1:])
	for s != "" && s[0] != '}' {
		k, rest := jsonNext(s)
		key, err := k.text()
		if err != nil {
			return err
		}
		e, rest := jsonNext(strings.TrimPrefix(jsonSkip(rest), ":"))
		if more, err := f(key, e); err != nil || !more {
			return err
		}
		s = jsonSkip(strings.TrimPrefix(jsonSkip(rest), ","))
	}
	return nil
}

// field returns the last member of that name.
func (v jsonValue) field(name string) (found jsonValue, ok bool, err error) {
	if v.kind != '{' {
		return v, false, nil
	}
	err = v.members(func(key string, e jsonValue) (bool, error) {
		if key == name {
			found, ok = e, true
		}
		return true, nil
	})
	return found, ok, err
}

// element returns element i of an array, from its end if i is negative.
func (v jsonValue) element(i int64) (found jsonValue, ok bool) {
	if v.kind != '[' {
		return v, false
	}
	if i < 0 {
		i += v.length()
	}
	n := int64(0)
	v.elems(func(e jsonValue) bool {
		if n == i {
			found, ok = e, true
		}
		n++
		return !ok
	})
	return found, ok
}

func (v jsonValue) length() int64 {
	n := int64(0)
	v.elems(func(jsonValue) bool { n++; return true })
	return n
}

func errJSONUnicode(detail string) error {
	return sqlerr.New(sqlerr.UntranslatableCharacter, "unsupported Unicode escape sequence").WithDetail("%s", detail)
}

// text is the value as ->> gives it: a string without its quotes and escapes.
func (v jsonValue) text() (string, error) {
	if v.kind != '"' {
		return v.raw, nil
	}
	s := v.raw[1:max(len(v.raw)-1, 1)]
	if strings.IndexByte(s, '\\') < 0 {
		return s, nil
	}
	var b strings.Builder
	hex := func(s string) (r rune) {
		for i := 0; i < 4 && i < len(s); i++ {
			d := strings.IndexByte("0123456789abcdef", s[i]|0x20)
			if s[i] < 'A' {
				d = int(s[i] - '0')
			}
			r = r<<4 | rune(d)
		}
		return r
	}
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 >= len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch c := s[i]; c {
		case 'b':
			b.WriteByte('\b')
		case 'f':
			b.WriteByte('\f')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		case 'u':
			r := hex(s[i+1:])
			i += 4
			if r == 0 {
				return "", errJSONUnicode(`\u0000 cannot be converted to text.`)
			}
			if utf16.IsSurrogate(r) {
				low := rune(0)
				if strings.HasPrefix(s[min(i+1, len(s)):], `\u`) {
					low = hex(s[i+3:])
				}
				pair := utf16.DecodeRune(r, low)
				if pair == utf8.RuneError {
					return "", sqlerr.New(sqlerr.InvalidTextRepresentation, "invalid input syntax for type json").
						WithDetail("Unicode low surrogate must follow a high surrogate.")
				}
				r = pair
				i += 6
			}
			b.WriteRune(r)
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}

// appendJSONString writes a text as a json string.
func appendJSONString(dst []byte, s string) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '\b':
			dst = append(dst, `\b`...)
		case '\f':
			dst = append(dst, `\f`...)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		case '"':
			dst = append(dst, `\"`...)
		case '\\':
			dst = append(dst, `\\`...)
		default:
			if c < ' ' {
				dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
			} else {
				dst = append(dst, c)
			}
		}
	}
	return append(dst, '"')
}
