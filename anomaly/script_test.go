package anomaly_test

import (
	"strings"
	"testing"

	"github.com/minisql/minisql/anomaly"
)

func TestCases(t *testing.T) {
	names := make(map[string]bool)
	for _, s := range anomaly.Cases() {
		if s.Name == "" || s.Title == "" || s.About == "" || names[strings.ToLower(s.Name)] {
			t.Errorf("%q lacks a name of its own, a title or a description", s.Name)
		}
		names[strings.ToLower(s.Name)] = true
		if s.MustCommit == (s.Happened != "") || (s.Forbidden == "") != s.MustCommit {
			t.Errorf("%s is neither a phenomenon that some level forbids, nor a control", s.Name)
		}
	}
	if len(names) < 25 {
		t.Errorf("only %d cases", len(names))
	}
	if anomaly.Find("g2-ITEM") == nil || anomaly.Find("G9") != nil {
		t.Error("Find finds what is there, and nothing else")
	}
}

func TestParse(t *testing.T) {
	s, err := anomaly.Parse("own", "# Why.\n#\n# More.\nsetup: create table t (\n  v int)\na: begin\n# not told\nb reads x: select\n\tv from t\nedges: a -rw-> b -ww-> a\nhappened: :x = 1 and '1'::int = 1\n")
	if err != nil {
		t.Fatal(err)
	}
	if s.Name != "own" || s.About != "Why.\nMore." || s.Setup[0] != "create table t ( v int)" || s.Steps[1] != (anomaly.Step{Session: "b", SQL: "select v from t", Reads: "x"}) || len(s.Edges) != 2 {
		t.Errorf("%+v", s)
	}
	for text, want := range map[string]string{
		"":                                      "no steps",
		"setup: select 1":                       "no steps",
		"  select 1":                            "line 1",
		"a: begin\nthis is no step":             "line 2",
		"A: begin":                              "line 1",
		"a:":                                    "line 1",
		"forbidden: sometimes\na: begin":        "no isolation level",
		"edges: a -xx-> b\na: begin":            "-xx->",
		"edges: a\na: begin":                    "write edges",
		"edges: a -rw-> b\na: begin":            "no such session",
		"must: win\na: begin":                   "must: commit",
		"must: commit\nhappened: true\na: x":    "must commit",
		"a: begin\nhappened: :x":                "no step reads x",
		"a reads x: begin\na reads x: rollback": "two results",
	} {
		if _, err := anomaly.Parse("own", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("# a\nname: x\nedges: t1 -rw-> t2\nt1 reads a: select 1\nt2: select 2\n  from t\nhappened: :a = 1")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := anomaly.Parse("fuzz", text)
		if err == nil && len(s.Steps) == 0 {
			t.Error("a script without steps was accepted")
		}
	})
}

func TestParseLevel(t *testing.T) {
	for _, s := range []string{"repeatable read", "Repeatable-Read", "REPEATABLE_READ"} {
		if l, err := anomaly.ParseLevel(s); err != nil || l != anomaly.RepeatableRead {
			t.Error(s, l, err)
		}
	}
	if _, err := anomaly.ParseLevel("snapshot"); err == nil {
		t.Error("there is no such level in SQL")
	}
}
