// Package archtest holds the import graph of the house: every arrow between two
// of our packages is written here, and a package that is missing fails the test.
// Adding an arrow is a design decision, made in the commit that changes
// docs/architecture.md.
package archtest

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/minisql/minisql"

// allowed maps a room to the rooms it may import. A sub-package that is not
// listed counts as its nearest listed parent; "" is the root package.
var allowed = map[string][]string{
	"sqlerr":            {},
	"storage":           {},
	"types":             {"sqlerr"},
	"parser":            {"sqlerr"},
	"catalog":           {"types", "sqlerr"},
	"planner/expr":      {"types", "catalog", "sqlerr"},
	"planner":           {"parser", "catalog", "planner/expr", "types", "sqlerr"},
	"storage/dir":       {"storage"},
	"storage/btree":     {"storage", "storage/dir"},
	"storage/lsm":       {"storage", "storage/dir"},
	"mvcc":              {"storage"},
	"ssi":               {"mvcc"},
	"txn":               {"mvcc", "ssi", "sqlerr"},
	"exec":              {"planner", "planner/expr", "parser", "catalog", "txn", "types", "sqlerr"},
	"":                  {"exec", "planner", "planner/expr", "parser", "catalog", "txn", "mvcc", "storage", "storage/dir", "storage/btree", "storage/lsm", "types", "sqlerr"},
	"pgwire":            {"", "types", "sqlerr"},
	"minisqltest":       {"", "pgwire"},
	"anomaly":           {"sqlerr"},
	"cmd/minisql":       {"", "pgwire", "anomaly", "types", "sqlerr", "cmd/minisql/shell"},
	"cmd/minisql/shell": {"", "types", "sqlerr"},
	"internal/archtest": {},
	"internal/history":  {},
	"internal/engines":  {"storage", "storage/btree", "storage/lsm"},
	"internal/e2e":      {"", "pgwire", "sqlerr"},
}

// room returns the listed room that a package path belongs to.
func room(path string) (string, bool) {
	rel := strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
	for r := rel; ; {
		if _, ok := allowed[r]; ok && (r != "" || rel == "") {
			return r, true
		}
		i := strings.LastIndexByte(r, '/')
		if i < 0 {
			return rel, false
		}
		r = r[:i]
	}
}

func TestImportsPointDown(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}: {{join .Imports " "}}`, module+"/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		pkg, imports, _ := strings.Cut(strings.TrimSpace(line), ":")
		from, ok := room(pkg)
		if !ok {
			t.Errorf("package %s is missing from the import table", pkg)
			continue
		}
		for imp := range strings.FieldsSeq(imports) {
			if imp != module && !strings.HasPrefix(imp, module+"/") {
				continue
			}
			to, ok := room(imp)
			if !ok || (to != from && !slices.Contains(allowed[from], to)) {
				t.Errorf("%s imports %s: the table has no arrow %q → %q", pkg, imp, from, to)
			}
		}
	}
}

// TestClientIsForTests keeps pgx's client out of programs that embed or serve a database: minisqltest has it,
// and anomaly, which is a client, needs pgconn.
func TestClientIsForTests(t *testing.T) {
	const pgx = "github.com/jackc/pgx/v5"
	for pkg, forbidden := range map[string][]string{
		module:                  {pgx, pgx + "/pgconn", pgx + "/pgtype", pgx + "/pgxpool"},
		module + "/pgwire":      {pgx, pgx + "/pgconn", pgx + "/pgtype", pgx + "/pgxpool"},
		module + "/cmd/minisql": {pgx, pgx + "/pgxpool", module + "/minisqltest", "testing"},
	} {
		out, err := exec.Command("go", "list", "-deps", pkg).Output()
		if err != nil {
			t.Fatal(err)
		}
		for dep := range strings.FieldsSeq(string(out)) {
			if slices.Contains(forbidden, dep) {
				t.Errorf("%s depends on %s", pkg, dep)
			}
		}
	}
}
