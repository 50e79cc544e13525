package parser

import (
	"strings"
	"unicode/utf8"

	"github.com/minisql/minisql/sqlerr"
)

// bailout carries a syntax error out of the recursive descent; Parse and its
// siblings recover it. Nothing else is ever panicked with.
type bailout struct{ err error }

func fail(err error) { panic(bailout{err}) }

// lexer cuts src into tokens by the rules of PostgreSQL's scan.l, with
// standard_conforming_strings on.
type lexer struct {
	src string
	pos int
}

// charClass are the properties of a byte that the scanner asks for.
type charClass uint8

const (
	isSpace      charClass = 1 << iota // blank, tab, newline, return, form feed
	isIdentStart                       // letters, _, bytes ≥ 0x80
	isIdentCont                        // those, digits and $
	isDigit
	isOpChar   // may be part of an operator
	isSelfChar // a token of its own
)

var charClasses = func() (c [256]charClass) {
	set := func(chars string, class charClass) {
		for i := range len(chars) {
			c[chars[i]] |= class
		}
	}
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
	set(" \t\n\r\f", isSpace)
	set(letters, isIdentStart|isIdentCont)
	set("0123456789", isDigit|isIdentCont)
	set("$", isIdentCont)
	set("~!@#^&|`?+-*/%<>=", isOpChar)
	set(",()[].;:+-*/%^<>=", isSelfChar)
	for i := 0x80; i < 0x100; i++ {
		c[i] |= isIdentStart | isIdentCont
	}
	return c
}()

func is(c byte, class charClass) bool { return charClasses[c]&class != 0 }

// nameMax is the longest name in bytes; longer ones are cut.
const nameMax = 63

// errorNear raises a lexical error about the source between pos and end.
func (l *lexer) errorNear(msg string, pos, end int) {
	if pos >= len(l.src) {
		fail(sqlerr.New(sqlerr.SyntaxError, "%s at end of input", msg).At(pos))
	}
	fail(sqlerr.New(sqlerr.SyntaxError, "%s at or near \"%s\"", msg, l.src[pos:end]).At(pos))
}

// skipBlank moves past white space and comments.
func (l *lexer) skipBlank() {
	src := l.src
	for l.pos < len(src) {
		c := src[l.pos]
		switch {
		case is(c, isSpace):
			l.pos++
		case c == '-' && strings.HasPrefix(src[l.pos:], "--"):
			l.pos += 2
			for l.pos < len(src) && src[l.pos] != '\n' && src[l.pos] != '\r' {
				l.pos++
			}
		case c == '/' && strings.HasPrefix(src[l.pos:], "/*"):
			end := commentEnd(src, l.pos)
			if end < 0 {
				l.errorNear("unterminated /* comment", l.pos, len(src))
			}
			l.pos = end
		default:
			return
		}
	}
}

// commentEnd returns where the nested comment that starts at pos ends, or -1.
func commentEnd(src string, pos int) int {
	depth := 0
	for i := pos; i+1 < len(src); {
		switch {
		case src[i] == '/' && src[i+1] == '*':
			depth++
			i += 2
		case src[i] == '*' && src[i+1] == '/':
			depth--
			i += 2
			if depth == 0 {
				return i
			}
		default:
			i++
		}
	}
	return -1
}

// next returns the next token; at the end, tEOF for ever.
func (l *lexer) next() (t token) {
	l.skipBlank()
	src, pos := l.src, l.pos
	t.pos = pos
	if pos >= len(src) {
		t.end = pos
		return t
	}
	c := src[pos]
	switch {
	case is(c, isIdentStart):
		if pos+1 < len(src) && l.prefixedString(c, &t) {
			break
		}
		l.word(&t)
	case is(c, isDigit), c == '.' && pos+1 < len(src) && is(src[pos+1], isDigit):
		l.number(&t)
	case c == '\'':
		l.pos++
		t.kind = tString
		t.str = l.plainString(pos)
	case c == '"':
		l.pos++
		t.kind = tIdent
		t.str = truncateName(l.quotedName(pos))
	case c == '$':
		l.dollar(&t)
	case is(c, isOpChar):
		l.operator(&t)
	case c == ':' && pos+1 < len(src) && src[pos+1] == ':':
		t.kind = tTypecast
		l.pos += 2
	case c == ':' && pos+1 < len(src) && src[pos+1] == '=':
		t.kind = tColonEquals
		l.pos += 2
	case c == '.' && pos+1 < len(src) && src[pos+1] == '.':
		t.kind = tDotDot
		l.pos += 2
	default:
		// Punctuation, and bytes that no rule knows; the parser refuses those.
		t.kind = tokenKind(c)
		l.pos++
	}
	t.end = l.pos
	return t
}

// word scans an unquoted name or keyword.
func (l *lexer) word(t *token) {
	src, i := l.src, l.pos
	h, upper := uint32(0), false
	for ; i < len(src) && is(src[i], isIdentCont); i++ {
		c := src[i]
		if 'A' <= c && c <= 'Z' {
			upper = true
			c += 'a' - 'A'
		}
		h = hashLetter(h, c)
	}
	text := src[l.pos:i]
	l.pos = i
	if k := lookupKeyword(text, h); k != notKeyword {
		t.kind, t.kw, t.str = tKeyword, k, keywordTable[k].word
		return
	}
	if upper {
		text = foldCase(text)
	}
	t.kind, t.str = tIdent, truncateName(text)
}

// wordEnd returns where the word that starts at i ends.
func (l *lexer) wordEnd(i int) int {
	for i < len(l.src) && is(l.src[i], isIdentCont) {
		i++
	}
	return i
}

// foldCase lowers ASCII letters only, as PostgreSQL does in UTF-8 databases.
func foldCase(s string) string {
	b := []byte(s)
	for i, c := range b {
		b[i] = lowerByte(c)
	}
	return string(b)
}

// truncateName cuts a name to nameMax bytes without splitting a character.
func truncateName(s string) string {
	if len(s) <= nameMax {
		return s
	}
	n := nameMax
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// number scans an integer or decimal constant.
func (l *lexer) number(t *token) {
	src, i := l.src, l.pos
	digits := func() {
		for i < len(src) && is(src[i], isDigit) {
			i++
		}
	}
	digits()
	t.kind = tInt
	if i < len(src) && src[i] == '.' && !strings.HasPrefix(src[i:], "..") {
		t.kind = tNum
		i++
		digits()
	}
	if i < len(src) && (src[i] == 'e' || src[i] == 'E') {
		j := i + 1
		if j < len(src) && (src[j] == '+' || src[j] == '-') {
			j++
		}
		if j < len(src) && is(src[j], isDigit) {
			t.kind = tNum
			i = j
			digits()
		} else {
			if j == i+1 {
				j = l.wordEnd(i)
			}
			l.errorNear("trailing junk after numeric literal", l.pos, j)
		}
	}
	if i < len(src) && is(src[i], isIdentStart) {
		l.errorNear("trailing junk after numeric literal", l.pos, l.wordEnd(i))
	}
	t.str = src[l.pos:i]
	l.pos = i
}

// dollar scans a parameter or a dollar-quoted string.
func (l *lexer) dollar(t *token) {
	src, i := l.src, l.pos+1
	if i < len(src) && is(src[i], isDigit) {
		for i < len(src) && is(src[i], isDigit) {
			i++
		}
		if i < len(src) && is(src[i], isIdentStart) {
			l.errorNear("trailing junk after parameter", l.pos, l.wordEnd(i))
		}
		t.kind, t.str = tParam, src[l.pos+1:i]
		l.pos = i
		return
	}
	tag := dollarTag(src, l.pos)
	if tag == "" {
		t.kind = '$'
		l.pos++
		return
	}
	body := l.pos + len(tag)
	n := strings.Index(src[body:], tag)
	if n < 0 {
		l.errorNear("unterminated dollar-quoted string", l.pos, len(src))
	}
	t.kind, t.str = tString, src[body:body+n]
	l.pos = body + n + len(tag)
}

// dollarTag returns the $tag$ that starts at pos, or "".
func dollarTag(src string, pos int) string {
	i := pos + 1
	for i < len(src) && is(src[i], isIdentCont) && src[i] != '$' && (i > pos+1 || !is(src[i], isDigit)) {
		i++
	}
	if i < len(src) && src[i] == '$' {
		return src[pos : i+1]
	}
	return ""
}

// operator scans an operator: the longest run of operator characters before a
// comment, without trailing + and - unless a character that SQL's own operators
// do not have is in it.
func (l *lexer) operator(t *token) {
	src, start := l.src, l.pos
	i := start
	for i < len(src) && is(src[i], isOpChar) {
		if i > start && i+1 < len(src) &&
			(src[i] == '/' && src[i+1] == '*' || src[i] == '-' && src[i+1] == '-') {
			break
		}
		i++
	}
	if i-start > 1 && (src[i-1] == '+' || src[i-1] == '-') && !strings.ContainsAny(src[start:i], "~!@#^&|`?%") {
		for i-start > 1 && (src[i-1] == '+' || src[i-1] == '-') {
			i--
		}
	}
	t.str = src[start:i]
	l.pos = i
	switch {
	case i-start == 1 && is(src[start], isSelfChar):
		t.kind = tokenKind(src[start])
	case t.str == "=>":
		t.kind = tArrow
	case t.str == ">=":
		t.kind = tGreaterEq
	case t.str == "<=":
		t.kind = tLessEq
	case t.str == "<>" || t.str == "!=":
		t.kind, t.str = tNotEq, "<>"
	case len(t.str) > nameMax:
		l.errorNear("operator too long", start, i)
	default:
		t.kind = tOp
	}
}
