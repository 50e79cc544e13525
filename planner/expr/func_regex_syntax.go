package expr

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/minisql/minisql/sqlerr"
)

// PostgreSQL's advanced regular expressions, translated into Go's (RE2). What
// RE2 cannot do by design, back-references and lookaround, is refused.
//
// Greediness belongs to a whole expression in PostgreSQL: one whose first
// quantifier is greedy, or that has branches, matches the longest text, any
// other the shortest. So a greedy one runs leftmost-longest, and in the others
// every quantifier becomes non-greedy.
//
// Word boundaries (\y \Y \m \M) see ASCII words only.

// regex is a compiled expression. It is immutable.
type regex struct {
	*regexp.Regexp
	// context: a match depends on what stands before it (^, \A, \y), so a search
	// cannot start in the middle of a copy.
	context bool
}

var regexCache = struct {
	sync.RWMutex
	m map[string]*regex
}{m: make(map[string]*regex)}

const regexCacheMax = 1000

// compileRegex returns the expression of a pattern under PostgreSQL's option
// letters, which regexFlags has checked.
func compileRegex(pattern, flags string) (*regex, error) {
	key := pattern
	if flags != "" {
		key = flags + "\x00" + pattern
	}
	regexCache.RLock()
	re := regexCache.m[key]
	regexCache.RUnlock()
	if re != nil {
		return re, nil
	}
	re, err := translateRegex(strings.Clone(pattern), flags)
	if err != nil {
		return nil, err
	}
	regexCache.Lock()
	if len(regexCache.m) >= regexCacheMax {
		clear(regexCache.m)
	}
	regexCache.m[strings.Clone(key)] = re
	regexCache.Unlock()
	return re, nil
}

func badRegex(why string) *sqlerr.Error {
	return sqlerr.New(sqlerr.InvalidRegularExpression, "invalid regular expression: %s", why)
}

// greed is the preference of a part of an expression.
type greed byte

const (
	greedNone greed = iota
	greedLong
	greedShort
)

// areParser reads an advanced regular expression and writes it for RE2. It
// panics with an *sqlerr.Error.
type areParser struct {
	src     string
	pos     int
	out     strings.Builder
	depth   int
	context bool

	lazy            bool // every quantifier becomes non-greedy
	fold            bool // i
	dotStops        bool // n, p: . and [^…] do not match a newline
	anchorsAtLines  bool // n, w: ^ and $ match at lines
	expanded        bool // x: blanks and comments do not count
	literal, extend bool // q, e
}

func translateRegex(pattern, flags string) (re *regex, err error) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*sqlerr.Error)
			if !ok {
				panic(r)
			}
			re, err = nil, e
		}
	}()
	p := &areParser{src: pattern}
	for _, f := range flags {
		p.option(f)
	}
	p.directors()
	start := *p // out is still empty, so it may be copied
	pref := p.expression()
	if pref == greedShort {
		body := start
		body.lazy = true
		body.out = strings.Builder{}
		body.expression()
		p = &body
	}
	head := "(?s"
	if p.fold {
		head += "i"
	}
	if p.anchorsAtLines {
		head += "m"
	}
	compiled, cerr := regexp.Compile(head + ")" + p.out.String())
	if cerr != nil {
		if strings.Contains(cerr.Error(), "repeat") || strings.Contains(cerr.Error(), "large") || strings.Contains(cerr.Error(), "nest") {
			return nil, badRegex("regular expression is too complex")
		}
		return nil, badRegex(cerr.Error())
	}
	if pref != greedShort {
		compiled.Longest()
	}
	return &regex{compiled, p.context}, nil
}

func (p *areParser) option(f rune) {
	switch f {
	case 'i':
		p.fold = true
	case 'c':
		p.fold = false
	case 'm', 'n':
		p.dotStops, p.anchorsAtLines = true, true
	case 'p':
		p.dotStops, p.anchorsAtLines = true, false
	case 'w':
		p.dotStops, p.anchorsAtLines = false, true
	case 's':
		p.dotStops, p.anchorsAtLines = false, false
	case 'x':
		p.expanded = true
	case 't':
		p.expanded = false
	case 'q':
		p.literal = true
	case 'e':
		p.extend = true
	case 'b':
		panic(sqlerr.Unsupported("a basic regular expression (option b)"))
	default:
		panic(badRegex("invalid embedded option"))
	}
}

// directors reads what may stand at the very beginning: ***: ***= (?options).
func (p *areParser) directors() {
	if p.literal {
		return
	}
	switch {
	case strings.HasPrefix(p.src, "***:"):
		p.pos = 4
	case strings.HasPrefix(p.src, "***="):
		p.pos, p.literal = 4, true
		return
	case strings.HasPrefix(p.src, "***"):
		panic(badRegex("quantifier operand invalid"))
	}
	rest := p.src[p.pos:]
	if strings.HasPrefix(rest, "(?") && len(rest) > 2 && rest[2] >= 'a' && rest[2] <= 'z' {
		end := strings.IndexByte(rest, ')')
		if end < 0 {
			panic(badRegex("invalid embedded option"))
		}
		for _, f := range rest[2:end] {
			p.option(f)
		}
		p.pos += end + 1
	}
}

func (p *areParser) more() bool { return p.pos < len(p.src) }

func (p *areParser) peek() byte {
	if p.more() {
		return p.src[p.pos]
	}
	return 0
}

func (p *areParser) next() rune {
	r, n := utf8.DecodeRuneInString(p.src[p.pos:])
	p.pos += n
	return r
}

func (p *areParser) lit(r rune) { p.out.WriteString(regexp.QuoteMeta(string(r))) }

// expression reads branches up to the end or a closing parenthesis.
func (p *areParser) expression() greed {
	if p.literal {
		p.out.WriteString(regexp.QuoteMeta(p.src[p.pos:]))
		p.pos = len(p.src)
		return greedNone
	}
	pref, branches := p.branch(), 1
	for p.more() && p.peek() == '|' {
		p.pos++
		p.out.WriteByte('|')
		p.branch()
		branches++
	}
	if p.more() && p.depth == 0 { // a closing parenthesis
		panic(badRegex("parentheses () not balanced"))
	}
	if branches > 1 {
		return greedLong
	}
	return pref
}

func (p *areParser) branch() greed {
	pref := greedNone
	for {
		p.skipBlank()
		if !p.more() || p.peek() == '|' || p.peek() == ')' {
			return pref
		}
		g := p.quantified()
		if pref == greedNone {
			pref = g
		}
	}
}

// skipBlank skips blanks and comments in the expanded syntax, and (?#…) in any.
func (p *areParser) skipBlank() {
	for p.more() {
		switch c := p.peek(); {
		case strings.HasPrefix(p.src[p.pos:], "(?#"):
			end := strings.IndexByte(p.src[p.pos:], ')')
			if end < 0 {
				p.pos = len(p.src)
				return
			}
			p.pos += end + 1
		case p.expanded && strings.IndexByte(" \t\n\v\f\r", c) >= 0:
			p.pos++
		case p.expanded && c == '#':
			end := strings.IndexByte(p.src[p.pos:], '\n')
			if end < 0 {
				p.pos = len(p.src)
				return
			}
			p.pos += end
		default:
			return
		}
	}
}

// quantified reads an atom or a constraint and the quantifier behind it.
func (p *areParser) quantified() greed {
	pref, constraint := p.atom()
	p.skipBlank()
	if !p.quantifierAhead() {
		return pref
	}
	if constraint {
		panic(badRegex("quantifier operand invalid"))
	}
	quantifier, exact := p.quantifier()
	short := false
	if !p.extend && p.peek() == '?' {
		p.pos++
		short = true
	}
	if p.quantifierAhead() {
		panic(badRegex("quantifier operand invalid"))
	}
	p.out.WriteString(quantifier)
	if short || p.lazy {
		p.out.WriteByte('?')
	}
	switch {
	case exact:
		return pref
	case short:
		return greedShort
	}
	return greedLong
}

func (p *areParser) quantifierAhead() bool {
	switch p.peek() {
	case '*', '+', '?':
		return true
	case '{':
		return p.pos+1 < len(p.src) && p.src[p.pos+1] >= '0' && p.src[p.pos+1] <= '9'
	}
	return false
}

// quantifier reads * + ? {m} {m,} {m,n}; exact says that it is {m}, which
// prefers nothing.
func (p *areParser) quantifier() (text string, exact bool) {
	c := p.peek()
	p.pos++
	if c != '{' {
		return string(c), false
	}
	number := func() int {
		start := p.pos
		for p.more() && p.peek() >= '0' && p.peek() <= '9' {
			p.pos++
		}
		n, err := strconv.Atoi(p.src[start:p.pos])
		if err != nil || n > 255 {
			panic(badRegex("invalid repetition count(s)"))
		}
		return n
	}
	low := number()
	text, exact = "{"+strconv.Itoa(low), true
	if p.peek() == ',' {
		p.pos++
		text += ","
		exact = false
		if p.peek() != '}' {
			if c := p.peek(); c < '0' || c > '9' {
				panic(badRegex("invalid repetition count(s)"))
			}
			high := number()
			if high < low {
				panic(badRegex("invalid repetition count(s)"))
			}
			text += strconv.Itoa(high)
		}
	}
	switch {
	case !p.more():
		panic(badRegex("braces {} not balanced"))
	case p.peek() != '}':
		panic(badRegex("invalid repetition count(s)"))
	}
	p.pos++
	return text + "}", exact
}

const regexDepthMax = 500

func (p *areParser) atom() (pref greed, constraint bool) {
	switch c := p.peek(); c {
	case '*', '+', '?':
		panic(badRegex("quantifier operand invalid"))
	case '(':
		return p.group(), false
	case '[':
		return greedNone, p.bracket()
	case '.':
		p.pos++
		if p.dotStops {
			p.out.WriteString(`[^\n]`)
		} else {
			p.out.WriteByte('.')
		}
	case '^':
		p.pos++
		p.context = true
		p.out.WriteByte('^')
		return greedNone, true
	case '$':
		p.pos++
		p.out.WriteByte('$')
		return greedNone, true
	case '\\':
		if p.extend {
			p.pos++
			if !p.more() {
				panic(badRegex(`invalid escape \ sequence`))
			}
			p.lit(p.next())
			break
		}
		return greedNone, p.escape()
	case '{':
		if p.quantifierAhead() {
			panic(badRegex("quantifier operand invalid"))
		}
		p.lit(p.next())
	default:
		p.lit(p.next())
	}
	return greedNone, false
}

func (p *areParser) group() greed {
	if p.depth++; p.depth > regexDepthMax {
		panic(badRegex("regular expression is too complex"))
	}
	p.pos++
	open := "("
	if p.peek() == '?' && !p.extend {
		rest := p.src[p.pos:]
		switch {
		case strings.HasPrefix(rest, "?:"):
			open = "(?:"
			p.pos += 2
		case strings.HasPrefix(rest, "?="), strings.HasPrefix(rest, "?!"), strings.HasPrefix(rest, "?<="), strings.HasPrefix(rest, "?<!"):
			panic(sqlerr.Unsupported("lookaround in a regular expression"))
		default:
			panic(badRegex("quantifier operand invalid"))
		}
	}
	p.out.WriteString(open)
	pref := p.expression()
	if p.peek() != ')' {
		panic(badRegex("parentheses () not balanced"))
	}
	p.pos++
	p.depth--
	p.out.WriteByte(')')
	return pref
}

// The insides of bracket expressions for the character classes.
var regexClasses = map[string]string{
	"alnum": `\p{L}\p{N}`, "alpha": `\p{L}`, "blank": ` \t`, "cntrl": `\x00-\x1f\x7f-\x{9f}`, "digit": `0-9`,
	"graph": `\p{L}\p{M}\p{N}\p{P}\p{S}`, "lower": `\p{Ll}`, "print": ` \p{L}\p{M}\p{N}\p{P}\p{S}`, "punct": `\p{P}\p{S}`,
	"space": spaceClass, "upper": `\p{Lu}`, "xdigit": `0-9A-Fa-f`, "word": wordClass,
}

const (
	wordClass  = `\p{L}\p{N}_`
	spaceClass = `\t-\r \x{1680}\x{2000}-\x{2006}\x{2008}-\x{200a}\x{2028}\x{2029}\x{205f}\x{3000}`
)

var errBrackets = badRegex("brackets [] not balanced")

// bracket reads […]; it reports whether that was one of the constraints [[:<:]] [[:>:]].
func (p *areParser) bracket() bool {
	for _, word := range []string{"[[:<:]]", "[[:>:]]"} {
		if strings.HasPrefix(p.src[p.pos:], word) {
			p.pos += len(word)
			p.wordEdge(word[3] == '<')
			return true
		}
	}
	p.pos++
	p.out.WriteByte('[')
	if p.peek() == '^' {
		p.pos++
		p.out.WriteByte('^')
		if p.dotStops {
			p.out.WriteString(`\n`)
		}
	}
	for first := true; ; first = false {
		if !p.more() {
			panic(errBrackets)
		}
		if p.peek() == ']' && !first {
			p.pos++
			break
		}
		if p.peek() == '-' && !first && !strings.HasPrefix(p.src[p.pos:], "-]") {
			panic(badRegex("invalid character range"))
		}
		if class, ok := p.bracketClass(); ok {
			p.out.WriteString(class)
			continue
		}
		low := p.bracketChar()
		high := low
		if p.peek() == '-' && p.pos+1 < len(p.src) && p.src[p.pos+1] != ']' {
			p.pos++
			if _, ok := p.bracketClass(); ok {
				panic(badRegex("invalid character range"))
			}
			high = p.bracketChar()
			if high < low {
				panic(badRegex("invalid character range"))
			}
		}
		p.classRune(low)
		if high != low {
			p.out.WriteByte('-')
			p.classRune(high)
		}
	}
	p.out.WriteByte(']')
	return false
}

func (p *areParser) classRune(r rune) {
	p.out.WriteString(`\x{` + strconv.FormatInt(int64(r), 16) + `}`)
}

// bracketClass reads [:name:] or the likes of \d inside brackets.
func (p *areParser) bracketClass() (string, bool) {
	rest := p.src[p.pos:]
	if strings.HasPrefix(rest, "[:") {
		end := strings.Index(rest, ":]")
		if end < 0 {
			panic(errBrackets)
		}
		class, ok := regexClasses[rest[2:end]]
		if !ok {
			panic(badRegex("invalid character class"))
		}
		p.pos += end + 2
		return class, true
	}
	if len(rest) > 1 && rest[0] == '\\' && !p.extend {
		if class, ok := escapeClass(rest[1]); ok {
			p.pos += 2
			return class, true
		}
	}
	return "", false
}

// escapeClass returns the inside of a bracket expression for \d \s \w and their
// complements.
func escapeClass(c byte) (string, bool) {
	switch c {
	case 'd':
		return `0-9`, true
	case 's':
		return spaceClass, true
	case 'w':
		return wordClass, true
	case 'D':
		return `\x00-/:-\x{10ffff}`, true
	case 'S':
		return `\x00-\x08\x0e-\x1f!-\x{167f}\x{1681}-\x{1fff}\x{2007}\x{200b}-\x{2027}\x{202a}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{10ffff}`, true
	case 'W':
		return `\x00-/:-@\[-^` + "`" + `{-\x7f\p{M}\p{P}\p{S}\p{Z}\p{C}`, true
	}
	return "", false
}

// bracketChar reads one character of a bracket expression.
func (p *areParser) bracketChar() rune {
	rest := p.src[p.pos:]
	switch {
	case rest == "":
		panic(errBrackets)
	case strings.HasPrefix(rest, "[.") || strings.HasPrefix(rest, "[="):
		end := strings.Index(rest, rest[1:2]+"]")
		if end < 0 {
			panic(errBrackets)
		}
		if utf8.RuneCountInString(rest[2:end]) != 1 {
			panic(badRegex("invalid collating element"))
		}
		r, _ := utf8.DecodeRuneInString(rest[2:])
		p.pos += end + 2
		return r
	case rest[0] == '\\' && !p.extend:
		r, ok := p.escapedChar()
		if !ok {
			panic(badRegex(`invalid escape \ sequence`))
		}
		return r
	}
	return p.next()
}

// escape reads a backslash sequence outside brackets; it reports whether that
// was a constraint.
func (p *areParser) escape() bool {
	if p.pos+1 >= len(p.src) {
		panic(badRegex(`invalid escape \ sequence`))
	}
	c := p.src[p.pos+1]
	switch c {
	case 'd', 's', 'w', 'D', 'S':
		class, _ := escapeClass(c)
		p.pos += 2
		p.out.WriteString("[" + class + "]")
		return false
	case 'W':
		p.pos += 2
		p.out.WriteString("[^" + wordClass + "]")
		return false
	case 'A', 'Z', 'y', 'Y':
		p.pos += 2
		p.context = true
		p.out.WriteString(map[byte]string{'A': `\A`, 'Z': `\z`, 'y': `\b`, 'Y': `\B`}[c])
		return true
	case 'm', 'M':
		p.pos += 2
		p.wordEdge(c == 'm')
		return true
	}
	r, ok := p.escapedChar()
	if !ok {
		if c >= '1' && c <= '9' {
			panic(sqlerr.Unsupported("a back-reference in a regular expression"))
		}
		panic(badRegex(`invalid escape \ sequence`))
	}
	p.lit(r)
	return false
}

// wordEdge writes the beginning or the end of a word. RE2 knows an edge without
// a direction, so the direction must show in the characters beside it.
func (p *areParser) wordEdge(begin bool) {
	word := func(c byte) bool {
		return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	}
	rest, done := p.src[p.pos:], p.out.String()
	sure := false
	if begin {
		sure = rest != "" && (word(rest[0]) || strings.HasPrefix(rest, `\w`) || strings.HasPrefix(rest, `\d`) || strings.HasPrefix(rest, "("))
	} else {
		sure = done != "" && (word(done[len(done)-1]) || strings.HasSuffix(done, wordClass+"]") || strings.HasSuffix(done, wordClass+"]+") ||
			strings.HasSuffix(done, wordClass+"]*") || strings.HasSuffix(done, ")"))
	}
	if !sure {
		panic(sqlerr.Unsupported("this use of a word boundary in a regular expression"))
	}
	p.context = true
	p.out.WriteString(`\b`)
}

// escapedChar reads the backslash sequences that stand for one character.
func (p *areParser) escapedChar() (rune, bool) {
	if p.pos+1 >= len(p.src) {
		return 0, false
	}
	start := p.pos
	p.pos++
	r := p.next()
	hex := func(least, most int) (rune, bool) {
		n, digits := int64(0), 0
		for digits < most && p.more() && strings.IndexByte("0123456789abcdefABCDEF", p.peek()) >= 0 {
			d, _ := strconv.ParseInt(p.src[p.pos:p.pos+1], 16, 64)
			n, digits = min(n*16+d, utf8.MaxRune+1), digits+1
			p.pos++
		}
		return rune(n), digits >= least && n <= utf8.MaxRune
	}
	switch r {
	case 'a':
		return '\a', true
	case 'b':
		return '\b', true
	case 'B':
		return '\\', true
	case 'e':
		return 0x1b, true
	case 'f':
		return '\f', true
	case 'n':
		return '\n', true
	case 'r':
		return '\r', true
	case 't':
		return '\t', true
	case 'v':
		return '\v', true
	case 'c':
		if !p.more() {
			return 0, false
		}
		return p.next() & 0x1f, true
	case 'u':
		return hex(4, 4)
	case 'U':
		return hex(8, 8)
	case 'x':
		return hex(1, 255)
	case '0':
		n := rune(0)
		for k := 0; k < 2 && p.more() && p.peek() >= '0' && p.peek() <= '7'; k++ {
			n = n*8 + rune(p.peek()-'0')
			p.pos++
		}
		return n, true
	}
	if r < utf8.RuneSelf && (r >= '1' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') {
		p.pos = start
		return 0, false
	}
	return r, true
}
