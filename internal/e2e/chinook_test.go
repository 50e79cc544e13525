package e2e

import (
	"net/url"
	"os"
	"testing"
)

// TestChinook loads the Chinook database with psql, as it is published, and compares
// the answers to some fifty queries with PostgreSQL 15's, byte for byte.
func TestChinook(t *testing.T) {
	psql := tool(t, "psql")
	p := start(t)
	t.Chdir("testdata/chinook")
	if out, errs, err := run(t, "", psql, "-Xq", "-v", "ON_ERROR_STOP=1", "-d", p.url, "-f", "chinook.sql"); err != nil {
		t.Fatal(out, errs, err)
	}
	u, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/chinook_serial"
	// One stream, as in the golden file: psql writes results and errors in their order.
	out, errs, err := run(t, "", "sh", "-c", psql+" -X -d "+u.String()+" -f queries.sql 2>&1")
	if err != nil {
		t.Fatal(errs, err)
	}
	want, err := os.ReadFile("queries.out")
	if err != nil {
		t.Fatal(err)
	}
	if out != string(want) {
		t.Errorf("not as PostgreSQL answers:\n%s", firstDifference(string(want), out))
	}
}
