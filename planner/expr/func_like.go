package expr

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// LIKE. A pattern is matched as it stands: % any run of characters, _ one
// character, \ takes the next one literally. Another escape character is
// exchanged for the backslash beforehand by like_escape.

func init() {
	defAs(like, "like(text, text) bool", "textlike(text, text) bool")
	def("notlike(text, text) bool", func(s, p string) (bool, error) {
		is, err := like(s, p)
		return !is, err
	})
	def("like_escape(text, text) text", likeEscape)
	def("like_escape(bytea, bytea) bytea", func(p, esc string) (string, error) {
		if len(esc) > 1 {
			return "", errEscape()
		}
		return exchangeEscape(p, esc), nil
	})
	def("similar_to_escape(text) text", func(p string) (string, error) { return similarPattern(p, `\`) })
	def("similar_to_escape(text, text) text", similarPattern)
	def("similar_escape(text, text) text", func(a []types.Datum) (types.Datum, error) {
		if a[0].IsNull() {
			return types.Null, nil
		}
		esc := `\`
		if !a[1].IsNull() {
			esc = a[1].Text()
		}
		s, err := similarPattern(a[0].Text(), esc)
		return types.NewText(s), err
	}).Strict = false
}

var errLikeEnd = sqlerr.New(sqlerr.InvalidEscapeSequence, "LIKE pattern must not end with escape character")

func like(s, p string) (bool, error) { return matchLike(s, p, nextRune) }

func ilike(s, p string) (bool, error) {
	return matchLike(strings.Map(unicode.ToLower, s), strings.Map(unicode.ToLower, p), nextRune)
}

func likeBytes(s, p string) (bool, error) { return matchLike(s, p, func(string) int { return 1 }) }

func nextRune(s string) int {
	if s[0] < utf8.RuneSelf {
		return 1
	}
	_, n := utf8.DecodeRuneInString(s)
	return n
}

// matchLike goes back to the last % only: what an earlier one took need never be
// tried again, so the work is at most len(s)×len(p).
func matchLike(s, p string, char func(string) int) (bool, error) {
	restS, restP, star := "", "", false
	for {
		switch {
		case p == "":
			if s == "" {
				return true, nil
			}
		case p[0] == '%':
			if p = p[1:]; p == "" {
				return true, nil
			}
			restS, restP, star = s, p, true
			continue
		case s == "":
			// Only a longer % could help, and that leaves even less; but an
			// unfinished escape is an error wherever the match gets to it.
			return false, nil
		case p[0] == '_':
			s, p = s[char(s):], p[1:]
			continue
		case p[0] == '\\':
			if len(p) == 1 {
				return false, errLikeEnd
			}
			if s[0] == p[1] {
				s, p = s[1:], p[2:]
				continue
			}
		case s[0] == p[0]:
			s, p = s[1:], p[1:]
			continue
		}
		if !star || restS == "" {
			return false, nil
		}
		restS = restS[char(restS):]
		s, p = restS, restP
	}
}

// likeEscape rewrites a pattern with its own escape character to use the backslash.
func likeEscape(p, esc string) (string, error) {
	if utf8.RuneCountInString(esc) > 1 {
		return "", errEscape()
	}
	return exchangeEscape(p, esc), nil
}

func exchangeEscape(p, esc string) string {
	switch esc {
	case "":
		return strings.ReplaceAll(p, `\`, `\\`)
	case `\`:
		return p
	}
	var b strings.Builder
	escaped := false
	for i := 0; i < len(p); i++ {
		switch {
		case !escaped && strings.HasPrefix(p[i:], esc):
			b.WriteByte('\\')
			escaped = true
			i += len(esc) - 1
			continue
		case p[i] == '\\' && !escaped:
			b.WriteString(`\\`)
		default:
			b.WriteByte(p[i])
		}
		escaped = false
	}
	return b.String()
}

func errEscape() error {
	return sqlerr.New(sqlerr.InvalidEscapeSequence, "invalid escape string").WithHint("Escape string must be empty or one character.")
}

// similarPattern turns a SIMILAR TO pattern into a regular expression. With two
// escaped double quotes it becomes the three-part pattern of SUBSTRING … SIMILAR.
func similarPattern(p, esc string) (string, error) {
	if utf8.RuneCountInString(esc) > 1 {
		return "", errEscape()
	}
	var b strings.Builder
	b.WriteString("^(?:")
	escaped, bracket, quotes := false, false, 0
	for i, r := range p {
		switch {
		case escaped:
			escaped = false
			if r == '"' && !bracket {
				switch quotes {
				case 0:
					b.WriteString("){1,1}?(")
				case 1:
					b.WriteString("){1,1}(?:")
				default:
					return "", sqlerr.New(sqlerr.Code("2200C"), "SQL regular expression may not contain more than two escape-double-quote separators")
				}
				quotes++
				continue
			}
			b.WriteByte('\\')
			b.WriteRune(r)
		case esc != "" && strings.HasPrefix(p[i:], esc):
			escaped = true
		case bracket:
			if r == '\\' {
				b.WriteByte('\\')
			}
			b.WriteRune(r)
			bracket = r != ']'
		case r == '[':
			b.WriteRune(r)
			bracket = true
		case r == '%':
			b.WriteString(".*")
		case r == '_':
			b.WriteByte('.')
		case r == '(':
			b.WriteString("(?:")
		case r == '\\' || r == '.' || r == '^' || r == '$':
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteString(")$")
	return b.String(), nil
}
