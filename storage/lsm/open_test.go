package lsm

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOpenRefuses opens what is no database: nothing of it is touched.
func TestOpenRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		file:               "it is a file, not a directory",
		filepath.Dir(file): `not empty and is no database (it contains "file")`,
	} {
		e, err := Open(path, Options{})
		if err == nil {
			_ = e.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
	names, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(names) != 1 {
		t.Error(names, err)
	}
	got, err := os.ReadFile(file)
	if err != nil || string(got) != "mine" {
		t.Error(string(got), err)
	}
}
