package shell

import "strings"

// outcome says why scan stopped.
type outcome int

const (
	endOfLine outcome = iota // more input is needed, or nothing has begun
	semicolon                // the buffer holds a statement
	backslash                // a command follows
)

// scanner finds statements and backslash commands in lines, as psql does. Its state is
// that between two lines of a statement.
type scanner struct {
	// quote is what the text is inside of: 0, ', ", $ or * for a comment.
	quote   byte
	escapes bool   // inside of ', a backslash escapes
	tag     string // inside of $, what ends it
	nested  int    // inside of *, how deep
	parens  int

	rest   string // of the line
	active []expansion
}

// expansion is a variable whose value is being scanned: as long as more of the line
// is left than there was behind the variable.
type expansion struct {
	name  string
	after int
}

// prompt is the character by which a prompt says what is open.
func (s *scanner) prompt(begun bool) byte {
	switch {
	case s.quote != 0:
		return s.quote
	case s.parens > 0:
		return '('
	case begun:
		return '-'
	}
	return '='
}

func isSpace(c byte) bool {
	return c == ' ' || (c >= '\t' && c <= '\r')
}

func isWord(c byte) bool {
	return c >= 0x80 || c == '_' || (c >= '0' && c <= '9') || (c|0x20 >= 'a' && c|0x20 <= 'z')
}

// scan moves text from the line to buf until something has to be done. lookup finds
// variables; nil leaves them alone. skipped tells of one that contains itself.
func (s *scanner) scan(buf *strings.Builder, lookup func(string) (string, bool), skipped func(string)) outcome {
	take := func(n int) {
		buf.WriteString(s.rest[:n])
		s.rest = s.rest[n:]
	}
	for s.rest != "" {
		if s.quote != 0 {
			take(s.inside())
			continue
		}
		c := s.rest[0]
		switch {
		case isSpace(c):
			if buf.Len() > 0 {
				buf.WriteByte(c)
			}
			s.rest = s.rest[1:]
		case strings.HasPrefix(s.rest, "--"):
			n := strings.IndexByte(s.rest, '\n')
			if n < 0 {
				n = len(s.rest)
			}
			if buf.Len() > 0 {
				buf.WriteString(s.rest[:n])
			}
			s.rest = s.rest[n:]
		case strings.HasPrefix(s.rest, "/*"):
			s.quote, s.nested = '*', 1
			take(2)
		case c == ';' && s.parens == 0:
			take(1)
			return semicolon
		case c == '\\':
			if len(s.rest) > 1 && (s.rest[1] == ';' || s.rest[1] == ':') {
				s.rest = s.rest[1:]
				take(1)
				continue
			}
			s.rest = s.rest[1:]
			return backslash
		case c == '(' || c == '[':
			if c == '(' {
				s.parens++
			}
			take(1)
		case c == ')':
			s.parens = max(0, s.parens-1)
			take(1)
		case c == '\'' || c == '"':
			s.quote, s.escapes = c, false
			take(1)
		case (c == 'e' || c == 'E') && len(s.rest) > 1 && s.rest[1] == '\'':
			s.quote, s.escapes = '\'', true
			take(2)
		case c == '$':
			tag := dollarTag(s.rest)
			if tag == "" {
				take(1)
				continue
			}
			s.quote, s.tag = '$', tag
			take(len(tag))
		case isWord(c):
			n := 1
			for n < len(s.rest) && (isWord(s.rest[n]) || s.rest[n] == '$') {
				n++
			}
			take(n)
		case c == ':':
			n := 1
			if strings.HasPrefix(s.rest, "::") || strings.HasPrefix(s.rest, ":=") {
				take(2)
				continue
			}
			if lookup != nil {
				name, size := variableAt(s.rest)
				if size > 0 {
					n = s.expand(name, size, lookup, skipped)
				}
			}
			take(n)
		default:
			take(1)
		}
	}
	return endOfLine
}

// inside returns how much of the line belongs to the open quote, and closes it if it ends.
func (s *scanner) inside() int {
	switch s.quote {
	case '*':
		for i := 0; i < len(s.rest); i++ {
			if strings.HasPrefix(s.rest[i:], "/*") {
				s.nested++
				i++
			} else if strings.HasPrefix(s.rest[i:], "*/") {
				i++
				if s.nested--; s.nested == 0 {
					s.quote = 0
					return i + 1
				}
			}
		}
		return len(s.rest)
	case '$':
		if i := strings.Index(s.rest, s.tag); i >= 0 {
			s.quote = 0
			return i + len(s.tag)
		}
		return len(s.rest)
	}
	for i := 0; i < len(s.rest); i++ {
		switch {
		case s.rest[i] == '\\' && s.escapes:
			i++
		case s.rest[i] == s.quote:
			if s.escapes && i+1 < len(s.rest) && s.rest[i+1] == s.quote {
				i++
				continue
			}
			s.quote = 0
			return i + 1
		}
	}
	return len(s.rest)
}

// expand puts the value of the variable at the head of the line in its place, to be
// scanned in turn. It returns how much of the line to take as it is.
func (s *scanner) expand(name string, size int, lookup func(string) (string, bool), skipped func(string)) int {
	for len(s.active) > 0 && len(s.rest) <= s.active[len(s.active)-1].after {
		s.active = s.active[:len(s.active)-1]
	}
	for _, a := range s.active {
		if a.name == name {
			skipped(strings.Trim(name, `:'"`))
			return size
		}
	}
	value, ok := lookup(name)
	if !ok {
		return size
	}
	s.rest = s.rest[size:]
	s.active = append(s.active, expansion{name, len(s.rest)})
	s.rest = value + s.rest
	return 0
}

// variableAt finds :name, :'name', :"name" or :{?name} at the start of text. The
// name is returned with its decoration; size 0 is none.
func variableAt(text string) (name string, size int) {
	i := 1
	open := byte(0)
	if i < len(text) && (text[i] == '\'' || text[i] == '"') {
		open = text[i]
		i++
	} else if strings.HasPrefix(text[i:], "{?") {
		open = '}'
		i += 2
	}
	start := i
	for i < len(text) && isWord(text[i]) {
		i++
	}
	if i == start {
		return "", 0
	}
	if open != 0 {
		if i >= len(text) || text[i] != open {
			return "", 0
		}
		i++
	}
	return text[:i], i
}

// dollarTag returns the $tag$ that text begins with.
func dollarTag(text string) string {
	for i := 1; i < len(text); i++ {
		c := text[i]
		if c == '$' {
			return text[:i+1]
		}
		if !isWord(c) || (i == 1 && c >= '0' && c <= '9') {
			return ""
		}
	}
	return ""
}
