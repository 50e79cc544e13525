package e2e

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minisql/minisql/internal/engines"
	"github.com/minisql/minisql/pgwire"
)

var updateMinisql = flag.Bool("update-minisql", false, "write testdata/isolation/*.minisql.out, where there is one, with minisql's output")

// TestIsolation runs the schedules of testdata/isolation with PostgreSQL's own isolationtester. Their
// golden output, NAME.out, is that of PostgreSQL 15. Where PostgreSQL does something that we do not
// want, most often abort a transaction that is on no cycle, minisql's output is in NAME.minisql.out, and
// the head of the schedule says why.
func TestIsolation(t *testing.T) {
	tester := isolationtester(t)
	specs, err := filepath.Glob("testdata/isolation/*.spec")
	if err != nil || len(specs) == 0 {
		t.Fatal(specs, err)
	}
	eachOrPostgres(t, func(t *testing.T, on engines.Engine) {
		server := *postgres
		if !*updatePsql {
			server = serveInProcess(t, on, pgwire.Options{})
		}
		for _, spec := range specs {
			name := strings.TrimSuffix(filepath.Base(spec), ".spec")
			t.Run(name, func(t *testing.T) { isolation(t, tester, server, strings.TrimSuffix(spec, ".spec")) })
		}
	})
}

func isolation(t *testing.T, tester, server, spec string) {
	psql := tool(t, "psql")
	database := "isolation_" + strings.ReplaceAll(filepath.Base(spec), "-", "_")
	if out, errs, err := run(t, "", psql, "-qX", "-d", server, "-c", "create database "+database); err != nil {
		t.Fatal(out, errs, err)
	}
	defer func() { _, _, _ = run(t, "", psql, "-qX", "-d", server, "-c", "drop database "+database) }()
	schedule, err := os.ReadFile(spec + ".spec")
	if err != nil {
		t.Fatal(err)
	}
	got, errs, err := run(t, string(schedule), tester, inDatabase(t, server, database))
	if err != nil {
		t.Fatal(got, errs, err)
	}
	own := spec + ".minisql.out"
	_, err = os.Stat(own)
	switch {
	case os.IsNotExist(err) || *updatePsql:
		matches(t, spec+".out", got)
	case *updateMinisql:
		if err := os.WriteFile(own, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		want, err := os.ReadFile(own)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("not as in %s:\n%s", own, firstDifference(string(want), got))
		}
	}
}

// TestIsolationDifferences has every difference from PostgreSQL explained, and no explanation for
// one that is gone.
func TestIsolationDifferences(t *testing.T) {
	specs, err := filepath.Glob("testdata/isolation/*.spec")
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range specs {
		name := strings.TrimSuffix(spec, ".spec")
		read := func(file string) string {
			b, err := os.ReadFile(file)
			if err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			return string(b)
		}
		head, _, _ := strings.Cut(read(spec), "\nsetup")
		theirs, ours := read(name+".out"), read(name+".minisql.out")
		if explained := strings.Contains(head, "PostgreSQL"); explained != (ours != "") {
			t.Errorf("%s: it says how PostgreSQL differs, %v, and there is a golden file for that, %v", spec, explained, ours != "")
		}
		if theirs == "" || theirs == ours {
			t.Errorf("%s: there is no output of PostgreSQL's, or ours is the same", spec)
		}
	}
}

// isolationtester finds PostgreSQL's program of that name, version 15, which installs outside of the path.
func isolationtester(t *testing.T) string {
	t.Helper()
	const below = "src/test/isolation/isolationtester"
	places := []string{"/usr/lib/postgresql/15/lib/pgxs/" + below, "/usr/local/lib/postgresql/pgxs/" + below}
	if out, _, err := run(t, "", "pg_config", "--pgxs"); err == nil { // …/src/makefiles/pgxs.mk
		places = append([]string{filepath.Join(filepath.Dir(strings.TrimSpace(out)), "../..", below)}, places...)
	}
	if path, err := exec.LookPath("isolationtester"); err == nil {
		places = append([]string{path}, places...)
	}
	for _, path := range places {
		if _, err := os.Stat(path); err == nil {
			if v, _, err := run(t, "", path, "-V"); err != nil || !strings.Contains(v, "(PostgreSQL) 15.") {
				t.Skipf("the golden output is that of isolationtester 15, not of %s", v)
			}
			return path
		}
	}
	const missing = "PostgreSQL's isolationtester is not installed; Debian has it in postgresql-client-15"
	if os.Getenv("MINISQL_E2E") == "required" {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}
