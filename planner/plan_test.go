package planner_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/internal/engines"
)

var update = flag.Bool("update", false, "rewrite the plans of testdata/plans")

// TestPlans runs the statements of testdata/plans/*.txt, a line each. What one returns stands
// below it, after a tab: the plan that EXPLAIN shows. The statistics that a plan depends on
// are those of real tables, so this is the one test of the planner with a database.
func TestPlans(t *testing.T) { engines.Each(t, testPlans) }

func testPlans(t *testing.T, on engines.Engine) {
	files, err := filepath.Glob("testdata/plans/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := playPlans(t, on, string(want))
			if *update && on == engines.Golden {
				if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
			} else if got != string(want) {
				t.Errorf("plans differ; got\n%s", got)
			}
		})
	}
}

func playPlans(t *testing.T, on engines.Engine, script string) string {
	ctx := context.Background()
	db, err := minisql.Open("", &minisql.Options{Storage: minisql.Storage(on)})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, err := db.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Release()
	var out strings.Builder
	for line := range strings.Lines(script) {
		if line[0] == '\t' {
			continue
		}
		out.WriteString(line)
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		rows, err := s.Query(ctx, line)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		for rows.Next() {
			var plan string
			if err := rows.Scan(&plan); err != nil {
				t.Fatal(err)
			}
			out.WriteString("\t" + plan + "\n")
		}
		if err := rows.Err(); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	return out.String()
}
