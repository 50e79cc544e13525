package parser

import "strings"

// Pending says what keeps a statement from being complete.
type Pending byte

// The reasons for which input is incomplete, as psql's prompt shows them.
const (
	PendingNothing    Pending = '='  // no statement has begun
	PendingSemicolon  Pending = '-'  // a statement has begun
	PendingQuote      Pending = '\'' // in a string
	PendingIdentifier Pending = '"'  // in a quoted name
	PendingDollar     Pending = '$'  // in a dollar-quoted string
	PendingComment    Pending = '*'  // in a comment
	PendingParen      Pending = '('  // in parentheses
)

// SplitStatement finds the first complete statement of input typed so far: it
// ends at a semicolon outside quotes, comments and parentheses. With ok, end is
// just behind that semicolon; else pending says what input is missing. It accepts
// any bytes: errors are for Parse to report.
func SplitStatement(input string) (end int, pending Pending, ok bool) {
	depth, begun := 0, false
	for i := 0; i < len(input); {
		c := input[i]
		switch {
		case is(c, isSpace) || c == '\v':
			i++
			continue
		case strings.HasPrefix(input[i:], "--"):
			for i < len(input) && input[i] != '\n' {
				i++
			}
			continue
		case strings.HasPrefix(input[i:], "/*"):
			n := commentEnd(input, i)
			if n < 0 {
				return 0, PendingComment, false
			}
			i = n
			continue
		}
		begun = true
		switch {
		case c == ';' && depth == 0:
			return i + 1, PendingNothing, true
		case c == '(' || c == '[':
			depth++
			i++
		case c == ')' || c == ']':
			depth = max(0, depth-1)
			i++
		case c == '\'' || c == '"':
			escapes := c == '\'' && i > 0 && lowerByte(input[i-1]) == 'e' &&
				(i == 1 || !is(input[i-2], isIdentCont))
			n := quoteEnd(input, i+1, c, escapes)
			if n < 0 {
				return 0, Pending(c), false
			}
			i = n
		case c == '$':
			tag := dollarTag(input, i)
			if tag == "" {
				i++
				break
			}
			n := strings.Index(input[i+len(tag):], tag)
			if n < 0 {
				return 0, PendingDollar, false
			}
			i += n + 2*len(tag)
		case is(c, isIdentStart):
			// A $ inside a word does not open a dollar quote.
			for i < len(input) && is(input[i], isIdentCont) {
				i++
			}
		case is(c, isDigit):
			for i < len(input) && is(input[i], isDigit) {
				i++
			}
		default:
			i++
		}
	}
	switch {
	case depth > 0:
		return 0, PendingParen, false
	case begun:
		return 0, PendingSemicolon, false
	}
	return 0, PendingNothing, false
}

// quoteEnd returns where the quoted text that starts at pos ends, or -1. A doubled
// quote is found as two adjacent texts, which comes to the same.
func quoteEnd(s string, pos int, quote byte, escapes bool) int {
	for i := pos; i < len(s); i++ {
		switch {
		case s[i] == '\\' && escapes:
			i++
		case s[i] == quote && escapes && i+1 < len(s) && s[i+1] == quote:
			i++
		case s[i] == quote:
			return i + 1
		}
	}
	return -1
}
