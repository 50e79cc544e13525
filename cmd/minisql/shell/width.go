package shell

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// lines breaks a value at its newlines, and makes control characters visible.
func lines(s string) cell {
	var out cell
	var b strings.Builder
	w := 0
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\n':
			out = append(out, segment{b.String(), w})
			b.Reset()
			w = 0
		case r == '\r':
			b.WriteString(`\r`)
			w += 2
		case r == '\t':
			for {
				b.WriteByte(' ')
				if w++; w%8 == 0 {
					break
				}
			}
		case r < 0x20 || r == 0x7f || (r == utf8.RuneError && n == 1):
			fmt.Fprintf(&b, `\x%02X`, s[i])
			w += 4
		case r >= 0x80 && r < 0xa0:
			fmt.Fprintf(&b, `\u%04X`, r)
			w += 6
		default:
			b.WriteString(s[i : i+n])
			w += runeWidth(r)
		}
		i += n
	}
	return append(out, segment{b.String(), w})
}

// width is that of the longest line.
func (c cell) width() int {
	w := 0
	for _, s := range c {
		w = max(w, s.width)
	}
	return w
}

// runeWidth is how many columns of a terminal a character takes.
func runeWidth(r rune) int {
	if r < 0x7f {
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}
