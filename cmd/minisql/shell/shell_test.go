package shell_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/cmd/minisql/shell"
	"github.com/minisql/minisql/internal/engines"
)

var update = flag.Bool("update", false, "write the golden files anew")

// run gives a shell on a database an input, and returns what it printed.
func run(t *testing.T, db *minisql.DB, o shell.Options, input string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	o.In, o.Out, o.Err, o.NoStartup = strings.NewReader(input), &out, &out, true
	err := shell.Run(db, o)
	return out.String(), err
}

func open(t *testing.T, on engines.Engine) *minisql.DB {
	t.Helper()
	db, err := minisql.Open("", &minisql.Options{Storage: minisql.Storage(on)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// TestScripts runs testdata/*.txt: a script, a line of four dashes, and what it prints
// on both outputs. MINISQL_PSQL names the psql, with its arguments, whose output is
// compared as well: "psql -h 127.0.0.1 -p 5432 -U postgres".
func TestScripts(t *testing.T) { engines.Each(t, testScripts) }

func testScripts(t *testing.T, on engines.Engine) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			path, err := filepath.Abs(path)
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			t.Chdir(t.TempDir()) // where \copy writes
			script, want, ok := strings.Cut(string(text), "\n----\n")
			if !ok && !*update {
				t.Fatal("no output: run with -update")
			}
			script += "\n"
			got, err := run(t, open(t, on), shell.Options{Actions: []shell.Action{{File: "-"}}}, script)
			if err != nil {
				t.Errorf("%v", err)
			}
			if *update && on == engines.Golden {
				if err := os.WriteFile(path, []byte(script+"----\n"+got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != want {
				t.Errorf("printed:\n%s\nwant:\n%s", got, want)
			}
			if psql := os.Getenv("MINISQL_PSQL"); psql != "" {
				if theirs := runPsql(t, psql, script); theirs != got {
					t.Errorf("printed:\n%s\npsql prints:\n%s", got, theirs)
				}
			}
		})
	}
}

// runPsql runs a script with psql in a database of its own.
func runPsql(t *testing.T, psql, script string) string {
	t.Helper()
	args := append(strings.Fields(psql), "-X", "-q")
	command := func(more ...string) *exec.Cmd {
		all := append(append([]string{}, args...), more...)
		return exec.Command(all[0], all[1:]...)
	}
	if out, err := command("-c", "drop database if exists minisql_shell_test", "-c", "create database minisql_shell_test").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	args[len(args)-1] = "-dminisql_shell_test"
	c := command("-f", "-")
	c.Stdin = strings.NewReader(script)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	text := "\n" + string(out)
	text = strings.ReplaceAll(text, "\npsql:", "\nminisql:")
	return text[1:]
}

// TestChinook loads the Chinook database with its \c and compares the queries' output
// with what psql printed on PostgreSQL.
func TestChinook(t *testing.T) { engines.Each(t, testChinook) }

func testChinook(t *testing.T, on engines.Engine) {
	dir := t.TempDir()
	db, err := minisql.Open(dir, &minisql.Options{Storage: minisql.Storage(on)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	const data = "../../../internal/e2e/testdata/chinook"
	out, err := run(t, db, shell.Options{Quiet: true, Variables: []string{"ON_ERROR_STOP=1"}, Actions: []shell.Action{{File: data + "/chinook.sql"}}}, "")
	if err != nil || strings.Contains(out, "ERROR") {
		t.Fatalf("%v: %s", err, out)
	}
	t.Chdir(data)
	got, err := run(t, db, shell.Options{Database: "chinook_serial", Actions: []shell.Action{{File: "queries.sql"}}}, "")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("queries.out")
	if err != nil {
		t.Fatal(err)
	}
	g := strings.Split(strings.ReplaceAll(got, "minisql:queries.sql:", "psql:queries.sql:"), "\n")
	for i, line := range strings.Split(string(want), "\n") {
		if i >= len(g) || g[i] != line {
			t.Fatalf("line %d is %q, want %q", i+1, append(g, "")[min(i, len(g))], line)
		}
	}
}

// TestExit pins when the shell fails, and how far it goes before.
func TestExit(t *testing.T) {
	stop := []string{"ON_ERROR_STOP=1"}
	const script = "select 1 as before;\nselect nope;\nselect 2 as behind;\n"
	for name, c := range map[string]struct {
		o      shell.Options
		input  string
		fails  bool
		behind bool
	}{
		"pipe":               {shell.Options{}, script, false, true},
		"pipe, stop":         {shell.Options{Variables: stop}, script, true, false},
		"file":               {shell.Options{Actions: []shell.Action{{File: "-"}}}, script, false, true},
		"file, stop":         {shell.Options{Variables: stop, Actions: []shell.Action{{File: "-"}}}, script, true, false},
		"commands":           {shell.Options{Actions: []shell.Action{{Command: "select nope"}, {Command: "select 2 as behind"}}}, "", true, false},
		"missing file":       {shell.Options{Actions: []shell.Action{{File: "nosuchfile"}, {Command: "select 2 as behind"}}}, "", true, true},
		"quit":               {shell.Options{}, "\\q\n" + script, false, false},
		"connect fails":      {shell.Options{}, "\\c nosuchdb\n" + script, true, false},
		"unknown command":    {shell.Options{Variables: stop}, "\\nosuch\n" + script, true, false},
		"open \\if, stop":    {shell.Options{Variables: stop}, "\\if 1\nselect 2 as behind;\n", true, true},
		"invalid variable":   {shell.Options{Variables: []string{"a b=1"}}, script, true, false},
		"no such database":   {shell.Options{Database: "nosuchdb"}, script, true, false},
		"last has no period": {shell.Options{}, "select 2 as behind", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := run(t, open(t, engines.BTree), c.o, c.input)
			if errors.Is(err, shell.ErrFailed) != c.fails {
				t.Errorf("error %v, want failure %v; printed:\n%s", err, c.fails, out)
			}
			if strings.Contains(out, "behind") != c.behind {
				t.Errorf("printed:\n%s", out)
			}
		})
	}
}
