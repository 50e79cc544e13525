package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minisql/minisql/internal/engines"
)

var update = flag.Bool("update", false, "rewrite the expected output")

// command runs the command with arguments, as main does.
func command(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out strings.Builder
	root := newRoot()
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(args)
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

// TestAnomalies compares the matrix of the embedded database with the one in the documentation.
// (That the served one does as PostgreSQL does is tested in package anomaly.)
func TestAnomalies(t *testing.T) {
	docs, err := os.ReadFile("../../docs/isolation.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, on := range engines.All {
		storage := string(on)
		out, err := command(t, "anomalies", "--format", "markdown", "--storage", storage, "--level", "read committed", "--level", "repeatable-read", "--level", "serializable")
		if err != nil {
			t.Fatal(storage, err)
		}
		for line := range strings.Lines(out) {
			if !strings.Contains(string(docs), line) {
				t.Errorf("%s: docs/isolation.md does not have %s", storage, line)
			}
		}
	}
	if out, err := command(t, "anomalies", "--explain", "G2-item", "--level", "repeatable read"); err != nil || !strings.Contains(out, "not serial") {
		t.Error(out, err)
	}
}

func TestAnomaliesRefusals(t *testing.T) {
	for _, args := range [][]string{
		{"G9"}, {"--only", "G9"}, {"--level", "snapshot"}, {"--format", "pdf"}, {"--storage", "heap"}, {"--storage", "lsm", "--url", "postgres://127.0.0.1:1/x"},
		{"--url", "postgres://postgres@127.0.0.1:1/x?connect_timeout=1"},
	} {
		if out, err := command(t, append([]string{"anomalies"}, args...)...); err == nil {
			t.Error(args, out)
		}
	}
}

// TestLab plays the scripts of testdata/lab at each engine.
func TestLab(t *testing.T) {
	files, err := filepath.Glob("testdata/lab/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		for _, on := range engines.All {
			storage := string(on)
			got, err := command(t, "lab", file, "--storage", storage)
			if err != nil {
				t.Fatal(file, err)
			}
			got = strings.ReplaceAll(got, storage+" in memory", "in memory")
			golden := strings.TrimSuffix(file, ".txt") + ".out"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s on %s: got\n%s", file, storage, got)
			}
		}
	}
	if _, err := command(t, "lab", "testdata/lab/none.txt"); err == nil {
		t.Error("there is no such file")
	}
}
