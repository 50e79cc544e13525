package e2e

import (
	"net/url"
	"os"
	"testing"

	"github.com/minisql/minisql/internal/engines"
)

// TestChinook loads the Chinook database with psql, as it is published, and compares
// the answers to some fifty queries with PostgreSQL 15's, byte for byte.
func TestChinook(t *testing.T) { engines.Each(t, testChinook) }

func testChinook(t *testing.T, on engines.Engine) {
	psql := tool(t, "psql")
	p := start(t, on)
	t.Chdir("testdata/chinook")
	if out, errs, err := run(t, "", psql, "-Xq", "-v", "ON_ERROR_STOP=1", "-d", p.url, "-f", "chinook.sql"); err != nil {
		t.Fatal(out, errs, err)
	}
	u, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/chinook_serial"
	want, err := os.ReadFile("queries.out")
	if err != nil {
		t.Fatal(err)
	}
	// Once with room to work in, and once with so little that sorts, joins and
	// aggregates go through temporary files.
	for _, workMem := range []string{"64kB", "4MB"} {
		t.Setenv("PGOPTIONS", "-c work_mem="+workMem)
		if workMem != "64kB" {
			// The queries use up sequence values: start afresh.
			if out, errs, err := run(t, "", psql, "-Xq", "-v", "ON_ERROR_STOP=1", "-d", p.url, "-f", "chinook.sql"); err != nil {
				t.Fatal(out, errs, err)
			}
		}
		// One stream, as in the golden file: psql writes results and errors in their order.
		out, errs, err := run(t, "", "sh", "-c", psql+" -X -d "+u.String()+" -f queries.sql 2>&1")
		if err != nil {
			t.Fatal(errs, err)
		}
		if out != string(want) {
			t.Errorf("with work_mem %s, not as PostgreSQL answers:\n%s", workMem, firstDifference(string(want), out))
		}
	}
}
