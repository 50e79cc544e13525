package e2e

import (
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/minisql/minisql/internal/engines"
	"github.com/minisql/minisql/pgwire"
)

var (
	updatePsql = flag.Bool("update-psql", false, "write testdata/psql/*.out with the output of -postgres")
	postgres   = flag.String("postgres", "", "URL of a PostgreSQL 15 server, for -update-psql")
)

// eachOrPostgres runs f on every engine; or once, to write the golden output.
func eachOrPostgres(t *testing.T, f func(*testing.T, engines.Engine)) {
	if *updatePsql {
		f(t, "")
		return
	}
	engines.Each(t, f)
}

// golden makes the database "golden" from testdata/psql/schema.sql, in minisql or, to
// write the golden output, in PostgreSQL.
func golden(t *testing.T, on engines.Engine, psql string) (server, database string) {
	t.Helper()
	server = *postgres
	if !*updatePsql {
		server = serveInProcess(t, on, pgwire.Options{})
	}
	if out, errs, err := run(t, "", psql, "-qX", "-d", server, "-c", "create database golden"); err != nil {
		t.Fatal(out, errs, err)
	}
	database = inDatabase(t, server, "golden")
	if *updatePsql {
		t.Cleanup(func() { _, _, _ = run(t, "", psql, "-qX", "-d", server, "-c", "drop database golden") })
	}
	if out, errs, err := run(t, "", psql, "-qX", "-d", database, "-v", "ON_ERROR_STOP=1", "-f", "testdata/psql/schema.sql"); err != nil {
		t.Fatal(out, errs, err)
	}
	return server, database
}

func inDatabase(t *testing.T, server, name string) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// version15 skips a test whose golden output is that of another version of a program.
func version15(t *testing.T, name string) string {
	t.Helper()
	path := tool(t, name)
	if v, _, err := run(t, "", path, "--version"); err != nil || !strings.Contains(v, "(PostgreSQL) 15.") {
		t.Skipf("the golden output is that of %s 15, not of %s", name, v)
	}
	return path
}

// matches compares got with a golden file, or writes it.
func matches(t *testing.T, file, got string) {
	t.Helper()
	if *updatePsql {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("not as PostgreSQL prints it:\n%s", firstDifference(string(want), got))
	}
}

// TestPgDump dumps the database as PostgreSQL's would be dumped, restores it, and
// dumps it again.
func TestPgDump(t *testing.T) { eachOrPostgres(t, testPgDump) }

func testPgDump(t *testing.T, on engines.Engine) {
	psql, dump := version15(t, "psql"), version15(t, "pg_dump")
	server, database := golden(t, on, psql)
	if out, errs, err := run(t, "", psql, "-qX", "-d", database, "-v", "ON_ERROR_STOP=1", "-f", "testdata/psql/rows.sql"); err != nil {
		t.Fatal(out, errs, err)
	}
	dumped := func(args ...string) (whole, shown string) {
		whole, errs, err := run(t, "", dump, args...)
		if err != nil || errs != "" {
			t.Fatal(errs, err)
		}
		var b strings.Builder
		for line := range strings.Lines(whole) {
			if !strings.HasPrefix(line, `\restrict`) && !strings.HasPrefix(line, `\unrestrict`) && !strings.HasPrefix(line, "-- Dumped ") {
				b.WriteString(line)
			}
		}
		return whole, b.String()
	}
	whole, shown := dumped("-d", database)
	matches(t, "testdata/psql/pg_dump.out", shown)
	_, inserts := dumped("-d", database, "--column-inserts", "--data-only", "-n", "shop")
	matches(t, "testdata/psql/pg_dump_inserts.out", inserts)
	if out, errs, err := run(t, "", psql, "-qX", "-d", server, "-c", "create database again"); err != nil {
		t.Fatal(out, errs, err)
	}
	if *updatePsql {
		t.Cleanup(func() { _, _, _ = run(t, "", psql, "-qX", "-d", server, "-c", "drop database again") })
	}
	again := inDatabase(t, server, "again")
	if out, errs, err := run(t, whole, psql, "-qX", "-d", again, "-v", "ON_ERROR_STOP=1"); err != nil {
		t.Fatal(out, errs, err)
	}
	// It is not quite the same: PostgreSQL reads (ARRAY['x'::varchar])::text[] as an
	// array of casts.
	_, back := dumped("-d", again)
	matches(t, "testdata/psql/pg_dump_again.out", back)
}

// TestPsqlCatalogs runs psql's backslash commands, and what other clients ask the
// catalogs, and compares what is printed with PostgreSQL 15's output.
func TestPsqlCatalogs(t *testing.T) { eachOrPostgres(t, testPsqlCatalogs) }

func testPsqlCatalogs(t *testing.T, on engines.Engine) {
	psql := version15(t, "psql")
	_, database := golden(t, on, psql)
	scripts, err := filepath.Glob("testdata/psql/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range scripts {
		name := strings.TrimSuffix(filepath.Base(script), ".sql")
		if name == "schema" || name == "rows" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			got, errs, err := run(t, "", psql, "-X", "-d", database, "-f", script)
			if err != nil {
				t.Fatal(errs, err)
			}
			if errs != "" {
				t.Errorf("psql complains:\n%s", errs)
			}
			if strings.HasPrefix(name, "masked_") {
				got = maskSizes(got)
			}
			matches(t, strings.TrimSuffix(script, ".sql")+".out", got)
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
