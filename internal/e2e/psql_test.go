package e2e

import (
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/minisql/minisql/pgwire"
)

var (
	updatePsql = flag.Bool("update-psql", false, "write testdata/psql/*.out with the output of -postgres")
	postgres   = flag.String("postgres", "", "URL of a PostgreSQL 15 server, for -update-psql")
)

// TestPsqlCatalogs runs psql's backslash commands, and what other clients ask the
// catalogs, and compares what is printed with PostgreSQL 15's output. The database is
// made from testdata/psql/schema.sql.
func TestPsqlCatalogs(t *testing.T) {
	psql := tool(t, "psql")
	if v, _, err := run(t, "", psql, "--version"); err != nil || !strings.Contains(v, "(PostgreSQL) 15.") {
		t.Skipf("the golden output is that of psql 15, not of %s", v)
	}
	server := *postgres
	if !*updatePsql {
		server = serveInProcess(t, pgwire.Options{})
	}
	if out, errs, err := run(t, "", psql, "-qX", "-d", server, "-c", "create database golden"); err != nil {
		t.Fatal(out, errs, err)
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/golden"
	if *updatePsql {
		t.Cleanup(func() { _, _, _ = run(t, "", psql, "-qX", "-d", server, "-c", "drop database golden") })
	}
	if out, errs, err := run(t, "", psql, "-qX", "-d", u.String(), "-v", "ON_ERROR_STOP=1", "-f", "testdata/psql/schema.sql"); err != nil {
		t.Fatal(out, errs, err)
	}
	scripts, err := filepath.Glob("testdata/psql/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range scripts {
		name := strings.TrimSuffix(filepath.Base(script), ".sql")
		if name == "schema" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			got, errs, err := run(t, "", psql, "-X", "-d", u.String(), "-f", script)
			if err != nil {
				t.Fatal(errs, err)
			}
			if errs != "" {
				t.Errorf("psql complains:\n%s", errs)
			}
			if strings.HasPrefix(name, "masked_") {
				got = maskSizes(got)
			}
			golden := strings.TrimSuffix(script, ".sql") + ".out"
			if *updatePsql {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("not as PostgreSQL prints it:\n%s", firstDifference(string(want), got))
			}
		})
	}
}

var (
	sizes = regexp.MustCompile(`\d+ (bytes|kB|MB)`)
	runs  = regexp.MustCompile(` +|-+`)
)

// maskSizes hides sizes, and the widths of columns that depend on them.
func maskSizes(s string) string {
	s = runs.ReplaceAllStringFunc(sizes.ReplaceAllString(s, "SIZE"), func(m string) string { return m[:1] })
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "\n")
}

// firstDifference shows the first lines that differ, under the command that printed them.
func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	command := ""
	for i := 0; i < len(w) || i < len(g); i++ {
		var a, b string
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a == b {
			if strings.HasPrefix(a, "=== ") {
				command = a
			}
			continue
		}
		show := func(l []string) string { return strings.Join(l[min(i, len(l)):min(i+5, len(l))], "\n") }
		return command + "\n--- PostgreSQL\n" + show(w) + "\n--- minisql\n" + show(g)
	}
	return ""
}
