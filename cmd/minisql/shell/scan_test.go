package shell

import (
	"bufio"
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/minisql/minisql/sqlerr"
)

// split gives what the scanner finds in lines: statements, backslash commands as \, and
// what is left open at the end.
func split(text string, vars map[string]string) (out []string, open byte) {
	var s scanner
	var buf strings.Builder
	for _, line := range strings.Split(text, "\n") {
		if buf.Len() > 0 {
			buf.WriteByte('\n')
		}
		s.rest, s.active = line, nil
		for {
			r := s.scan(&buf, func(ref string) (string, bool) {
				v, ok := vars[strings.Trim(ref, ":")]
				return v, ok
			}, func(string) {})
			if r == endOfLine {
				break
			}
			if r == backslash {
				s.rest = ""
				buf.WriteString(`\`)
			}
			out = append(out, buf.String())
			buf.Reset()
		}
	}
	return out, s.prompt(buf.Len() > 0)
}

func TestScan(t *testing.T) {
	vars := map[string]string{"a": "1", "two": "2; select 3", "self": "x :self", "ping": ":pong", "pong": ":ping"}
	for _, c := range []struct {
		in   string
		out  []string
		open byte
	}{
		{"", nil, '='},
		{"  \n -- only a comment\n", nil, '='},
		{"select 1; select 2;", []string{"select 1;", "select 2;"}, '='},
		{"select 1", nil, '-'},
		{"select 'a;b", nil, '\''},
		{"select 'a''b';", []string{"select 'a''b';"}, '='},
		{`select 'a\'; select e'\';';`, []string{`select 'a\';`, `select e'\';';`}, '='},
		{`select "a;""b`, nil, '"'},
		{"select $$a;b$$, $x$;$$;$x$;", []string{"select $$a;b$$, $x$;$$;$x$;"}, '='},
		{"select $x$ a", nil, '$'},
		{"select a$x$;", []string{"select a$x$;"}, '='},
		{"select $1;", []string{"select $1;"}, '='},
		{"/* a; /* b */ ; */ select 1;", []string{"/* a; /* b */ ; */ select 1;"}, '='},
		{"select /* a", nil, '*'},
		{"select (1;", nil, '('},
		{"select -- ;\n1;", []string{"select -- ;\n1;"}, '='},
		{"select 1 \\; select 2;", []string{"select 1 ; select 2;"}, '='},
		{"select 1 \\gset", []string{`select 1 \`}, '='},
		{"select :a, ':a', :b, a::int, x[1:2], :two;", []string{"select 1, ':a', :b, a::int, x[1:2], 2;", "select 3;"}, '='},
		{"select :self, :ping;", []string{"select x :self, :ping;"}, '='},
	} {
		out, open := split(c.in, vars)
		if !slices.Equal(out, c.out) || open != c.open {
			t.Errorf("%q: %q, %c; want %q, %c", c.in, out, open, c.out, c.open)
		}
	}
}

// FuzzScan: without variables, statements put together again are the text, but for
// what is between them.
func FuzzScan(f *testing.F) {
	for _, s := range []string{"select 1; select 2", "e'\\'", "$a$;$a$;", "/*/**/*/;", ":a::b", "--\n;", "(;)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ReplaceAll(text, `\`, "")
		out, _ := split(text, nil)
		rest := text
		for _, s := range out {
			i := strings.Index(rest, s)
			if i < 0 {
				t.Fatalf("%q: statement %q is not in the text", text, s)
			}
			rest = rest[i+len(s):]
		}
	})
}

// FuzzMessage: no position makes the excerpt panic or grow beyond its width.
func FuzzMessage(f *testing.F) {
	f.Add("select nope", 8)
	f.Add("a\r\n\tb\x80", 4)
	f.Fuzz(func(t *testing.T, query string, at int) {
		e := sqlerr.New(sqlerr.SyntaxError, "x")
		e.Position = at
		for _, v := range []string{"default", "terse", "verbose"} {
			for line := range strings.Lines(message("ERROR", e, query, v, "errors")) {
				if w := stringWidth(line); w > excerptWidth+len("LINE 1000000: ......\n") {
					t.Errorf("a line of %d columns: %q", w, line)
				}
			}
		}
	})
}

// FuzzAligned: every line of a bordered table has the same width.
func FuzzAligned(f *testing.F) {
	f.Add("a", "b\nc", "日本\té")
	f.Fuzz(func(t *testing.T, head, a, b string) {
		tab := &table{headers: []string{head, "n"}, right: []bool{false, true}, rows: [][]string{{a, b}, {b, a}}, footers: []string{}}
		for _, expanded := range []string{"off", "on"} {
			o := defaultPrint()
			o.Border, o.Expanded = 2, expanded
			var out bytes.Buffer
			w := bufio.NewWriter(&out)
			tab.write(w, o)
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			text := strings.TrimSuffix(out.String(), "\n\n")
			want := -1
			for _, line := range strings.Split(text, "\n") {
				if strings.Contains(line, "[ RECORD") {
					continue // as in psql, it may be wider than the data
				}
				n := stringWidth(line)
				if want < 0 {
					want = n
				}
				if n != want {
					t.Fatalf("%s: widths %d and %d in\n%s", expanded, want, n, text)
				}
			}
		}
	})
}

func TestParseCopy(t *testing.T) {
	for in, want := range map[string]copyTarget{
		"t from 'f.csv' with (format csv)":     {before: "t", from: true, file: "f.csv", options: " with (format csv)"},
		"t (a, b) to stdout":                   {before: "t (a, b)", stream: "stdout"},
		"(select 1 from x) to 'it''s'":         {before: "(select 1 from x)", file: "it's"},
		`s."from" from pstdin csv`:             {before: `s."from"`, from: true, stream: "pstdin", options: " csv"},
		"t from program 'cat x' delimiter '|'": {before: "t", from: true, program: true, file: "cat x", options: " delimiter '|'"},
		"t to plain.txt":                       {before: "t", file: "plain.txt"},
	} {
		got, err := parseCopy(in)
		if err != nil || *got != want {
			t.Errorf("%s: %+v, %v; want %+v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "t", "t from", "t from program cat", "from 'x'"} {
		if got, err := parseCopy(in); err == nil {
			t.Errorf("%q: %+v, want an error", in, got)
		}
	}
}

// stringWidth is the width of a text that has no control characters.
func stringWidth(s string) int {
	w := 0
	for _, r := range s {
		w += runeWidth(r)
	}
	return w
}
