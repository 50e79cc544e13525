package types

import (
	"strings"
	"unicode/utf8"
)

// Templates of to_char, to_date, to_timestamp and to_number follow PostgreSQL's
// formatting.c: a template is cut into nodes, each a pattern or a literal character, which the
// reader and the writer walk along.

type templateKind uint8

const (
	nodePattern   templateKind = iota
	nodeChar                   // a literal character
	nodeSpace                  // a blank, which date input matches loosely
	nodeSeparator              // punctuation, likewise
)

type templateNode struct {
	kind templateKind
	key  string // pattern as in the table, in its own case
	fm   bool   // fill mode: no padding
	th   string // "TH", "th" or ""
	text string // literal
}

// templateParser cuts a template. keys lists the patterns by first letter, longest first.
func parseTemplate(s string, keys map[byte][]string, date bool) []templateNode {
	var nodes []templateNode
	char := func(kind templateKind, n int) {
		nodes = append(nodes, templateNode{kind: kind, text: s[:n]})
		s = s[n:]
	}
	for s != "" {
		var n templateNode
		if date {
			for again := true; again; {
				again = false
				for _, p := range [...]string{"FM", "fm", "TM", "tm"} {
					if strings.HasPrefix(s, p) {
						n.fm = true
						s = s[len(p):]
						break
					}
				}
			}
		}
		if s == "" {
			break
		}
		for _, k := range keys[s[0]] {
			if strings.HasPrefix(s, k) {
				n.key = k
				break
			}
		}
		if n.key != "" {
			s = s[len(n.key):]
			if date {
				for _, p := range [...]string{"TH", "th", "SP"} {
					if strings.HasPrefix(s, p) {
						if p != "SP" {
							n.th = p
						}
						s = s[2:]
						break
					}
				}
			}
			nodes = append(nodes, n)
			continue
		}
		if s[0] == '"' {
			s = s[1:]
			for s != "" {
				if s[0] == '"' {
					s = s[1:]
					break
				}
				if s[0] == '\\' && len(s) > 1 {
					s = s[1:]
				}
				char(nodeChar, runeLen(s))
			}
			continue
		}
		if s[0] == '\\' && len(s) > 1 && s[1] == '"' {
			s = s[1:]
		}
		switch {
		case date && isPunct(s[0]):
			char(nodeSeparator, 1)
		case isSpace(s[0]):
			char(nodeSpace, 1)
		default:
			char(nodeChar, runeLen(s))
		}
	}
	return nodes
}

// runeLen is the length of the first character, 0 for "".
func runeLen(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	return n
}

// templateKeys sorts a list of patterns for parseTemplate; the list has longer ones before
// their prefixes.
func templateKeys(list string) map[byte][]string {
	m := make(map[byte][]string)
	for k := range strings.FieldsSeq(list) {
		m[k[0]] = append(m[k[0]], k)
	}
	return m
}

// ordinal is the suffix of a number: st, nd, rd, th.
func ordinal(digits string) string {
	n := len(digits)
	if n > 1 && digits[n-2] == '1' {
		return "th"
	}
	switch digits[n-1] {
	case '1':
		return "st"
	case '2':
		return "nd"
	case '3':
		return "rd"
	}
	return "th"
}
