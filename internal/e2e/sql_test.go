package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/minisql/minisql/internal/engines"
	"github.com/minisql/minisql/pgwire"
)

// TestSQL runs the scripts of testdata/sql, each in a database of its own, through psql.
// Their golden output is what psql prints with PostgreSQL 15, errors included.
func TestSQL(t *testing.T) {
	psql := version15(t, "psql")
	scripts, err := filepath.Glob("testdata/sql/*.sql")
	if err != nil || len(scripts) == 0 {
		t.Fatal(scripts, err)
	}
	if *updatePsql {
		sqlScripts(t, psql, *postgres, scripts)
		return
	}
	engines.Each(t, func(t *testing.T, on engines.Engine) {
		t.Run("memory", func(t *testing.T) { sqlScripts(t, psql, serveInProcess(t, on, pgwire.Options{}), scripts) })
		t.Run("files", func(t *testing.T) {
			sqlScripts(t, psql, start(t, on, "--data", filepath.Join(t.TempDir(), "db")).url, scripts)
		})
	})
}

func sqlScripts(t *testing.T, psql, server string, scripts []string) {
	for _, script := range scripts {
		name := strings.TrimSuffix(filepath.Base(script), ".sql")
		t.Run(name, func(t *testing.T) {
			name := "sql_" + name
			if out, errs, err := run(t, "", psql, "-qX", "-d", server, "-c", "create database "+name); err != nil {
				t.Fatal(out, errs, err)
			}
			if *updatePsql {
				t.Cleanup(func() { _, _, _ = run(t, "", psql, "-qX", "-d", server, "-c", "drop database "+name) })
			}
			// The shell puts errors where they happened.
			out, _, err := run(t, "", "sh", "-c", `"$0" -Xa -d "$1" -f "$2" 2>&1`, psql, inDatabase(t, server, name), script)
			if err != nil {
				t.Fatal(out, err)
			}
			out = strings.ReplaceAll(out, "psql:"+script+":", "")
			matches(t, strings.TrimSuffix(script, ".sql")+".out", out)
		})
	}
}
