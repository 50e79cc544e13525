package parser

import (
	"path/filepath"
	"strings"
	"testing"
)

// corpus returns the statements of the oracle scripts.
func corpus(t testing.TB) []string {
	files, err := filepath.Glob("testdata/oracle/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	var all []string
	for _, file := range files {
		for _, c := range readCases(t, file) {
			all = append(all, c.sql)
		}
	}
	return all
}

// FuzzParse: no input panics; what parses means the same once formatted; and
// the normaliser does not choke on it.
func FuzzParse(f *testing.F) {
	for _, sql := range corpus(f) {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		key, literals, ok := Normalize(sql)
		stmts, err := Parse(sql)
		if err != nil {
			return
		}
		for _, s := range stmts {
			if got := sql[s.Start : s.Start+len(s.Text)]; got != s.Text {
				t.Fatalf("text %q is not at %d", s.Text, s.Start)
			}
			text := Format(s.Node)
			if len(text) < 1<<16 {
				checkRoundTrip(t, s.Node, text)
			}
		}
		if ok {
			checkNormalized(t, sql, key, literals)
		}
	})
}

// FuzzNames: a quoted name is read back as itself.
func FuzzNames(f *testing.F) {
	for _, name := range []string{"a", "A", "select", `a"b`, "é", "a b", "1", "$", strings.Repeat("x", 70)} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if name == "" || checkEncoding(name) != nil {
			return
		}
		e, err := ParseExpr(QuoteIdent(name))
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		c, ok := e.(*ColumnRef)
		if !ok || len(c.Parts) != 1 || c.Parts[0] != truncateName(name) {
			t.Fatalf("%q is read as %s", name, Format(e))
		}
	})
}
