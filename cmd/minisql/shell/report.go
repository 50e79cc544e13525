package shell

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/minisql/minisql/sqlerr"
)

// message lays out an error or notice of the database as libpq does, with the line of the
// query that the position points at.
func message(severity string, e *sqlerr.Error, query, verbosity, context string) string {
	var b strings.Builder
	b.WriteString(severity + ":  ")
	switch verbosity {
	case "sqlstate":
		b.WriteString(string(e.Code) + "\n")
		return b.String()
	case "verbose":
		b.WriteString(string(e.Code) + ": ")
	}
	b.WriteString(e.Message)
	if verbosity == "terse" {
		if e.Position > 0 && query != "" {
			fmt.Fprintf(&b, " at character %d", utf8.RuneCountInString(query[:min(e.Position-1, len(query))])+1)
		}
		b.WriteByte('\n')
		return b.String()
	}
	b.WriteByte('\n')
	if e.Position > 0 && query != "" {
		position(&b, query, e.Position-1)
	}
	field := func(name, value string) {
		if value != "" {
			b.WriteString(name + ":  " + value + "\n")
		}
	}
	field("DETAIL", e.Detail)
	field("HINT", e.Hint)
	if context == "always" || (context != "never" && (severity == "ERROR" || severity == "FATAL" || severity == "PANIC")) {
		field("CONTEXT", e.Where)
	}
	if verbosity == "verbose" {
		field("SCHEMA NAME", e.Schema)
		field("TABLE NAME", e.Table)
		field("COLUMN NAME", e.Column)
		field("DATATYPE NAME", e.DataType)
		field("CONSTRAINT NAME", e.Constraint)
	}
	return b.String()
}

// What of a long line is shown, in columns.
const (
	excerptWidth = 60
	excerptRight = 10 // kept to the right of the position
)

// position writes "LINE 1: …" and the caret below.
func position(b *strings.Builder, query string, offset int) {
	if offset > len(query) {
		return
	}
	line, start := 1, 0
	for i := 0; i < offset; i++ {
		if query[i] == '\n' || query[i] == '\r' {
			if query[i] == '\r' && i+1 < len(query) && query[i+1] == '\n' {
				i++
			}
			line, start = line+1, i+1
		}
	}
	if start > offset {
		return
	}
	text := query[start:]
	if i := strings.IndexAny(text, "\r\n"); i >= 0 && start+i >= offset {
		text = text[:i]
	}
	chars := []rune(strings.ReplaceAll(text, "\t", " "))
	at := make([]int, len(chars)+1) // column at which each character begins
	for i, r := range chars {
		at[i+1] = at[i] + runeWidth(r)
	}
	loc := utf8.RuneCountInString(query[start:offset])
	if loc > len(chars) {
		return
	}
	from, to := 0, len(chars)
	cutLeft, cutRight := false, false
	if at[to]-at[from] > excerptWidth {
		if at[from]+excerptWidth >= at[loc]+excerptRight {
			for at[to]-at[from] > excerptWidth {
				to--
			}
			cutRight = true
		} else {
			for at[loc]+excerptRight < at[to] {
				to--
				cutRight = true
			}
			for at[to]-at[from] > excerptWidth {
				from++
				cutLeft = true
			}
		}
	}
	prefix := "LINE " + strconv.Itoa(line) + ": "
	if cutLeft {
		prefix += "..."
	}
	b.WriteString(prefix + string(chars[from:to]))
	if cutRight {
		b.WriteString("...")
	}
	b.WriteString("\n" + strings.Repeat(" ", len(prefix)+at[loc]-at[from]) + "^\n")
}
