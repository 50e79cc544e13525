package anomaly_test

import (
	"context"
	"flag"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/anomaly"
	"github.com/minisql/minisql/internal/engines"
	"github.com/minisql/minisql/pgwire"
	"github.com/minisql/minisql/sqlerr"
)

var (
	update   = flag.Bool("update", false, "write the golden files with the answers of -postgres")
	postgres = flag.String("postgres", "", "URL of a PostgreSQL 15 server, for -update")
)

// snapshotLevels are those at which minisql is to do what PostgreSQL does, step by step.
var snapshotLevels = []anomaly.Level{anomaly.ReadCommitted, anomaly.RepeatableRead}

// serve serves a new database in memory.
func serve(t *testing.T, on engines.Engine) anomaly.Server {
	t.Helper()
	return serveWith(t, &minisql.Options{Storage: minisql.Storage(on)})
}

func serveWith(t *testing.T, opts *minisql.Options) anomaly.Server {
	t.Helper()
	db, err := minisql.Open("", opts)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- pgwire.Serve(ctx, db, l, pgwire.Options{Logf: t.Logf}) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(20 * time.Second):
			t.Error("the server did not shut down")
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return anomaly.Wire("postgres://postgres@" + l.Addr().String() + "/minisql")
}

func open(t *testing.T, server anomaly.Server) *anomaly.Stage {
	t.Helper()
	stage, err := anomaly.Open(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stage.Close(); err != nil {
			t.Error(err)
		}
	})
	return stage
}

// each runs a test on a database in memory of each engine.
func each(t *testing.T, test func(*testing.T, *anomaly.Stage)) {
	engines.Each(t, func(t *testing.T, on engines.Engine) { test(t, open(t, serve(t, on))) })
}

// TestAsPostgreSQL compares the matrix, and every step of every script, with what PostgreSQL 15
// answers. With -update -postgres URL it asks.
func TestAsPostgreSQL(t *testing.T) {
	if *update {
		if *postgres == "" {
			t.Fatal("-update writes what PostgreSQL answers: it needs -postgres URL")
		}
		compare(t, open(t, anomaly.Wire(*postgres)))
		return
	}
	each(t, compare)
}

func compare(t *testing.T, stage *anomaly.Stage) {
	report, err := stage.Run(t.Context(), anomaly.Cases(), snapshotLevels, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range report.Rows {
		for _, o := range row.Outcomes {
			for i := range o.Steps {
				if e := o.Steps[i].Err; e != nil && e.Code == sqlerr.SerializationFailure {
					plain := *e
					plain.Detail = "" // minisql explains it, PostgreSQL does not, or otherwise
					o.Steps[i].Err = &plain
				}
			}
		}
	}
	var matrix, timelines strings.Builder
	if err := report.Text(&matrix); err != nil {
		t.Fatal(err)
	}
	if err := report.Explain(&timelines); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/matrix.txt", matrix.String())
	golden(t, "testdata/timelines.txt", timelines.String())
	for _, o := range report.Failures(true) {
		t.Errorf("%s at %s: %s", o.Script.Name, o.Level, o.Cell())
	}
	for _, row := range report.Rows {
		for _, o := range row.Outcomes {
			if serial, known := o.Serial.Serializable(); known && serial && o.Verdict == anomaly.Allowed {
				t.Errorf("%s at %s is said to have happened, but %s", o.Script.Name, o.Level, o.Serial)
			}
		}
	}
}

// TestSerializable wants every phenomenon prevented, every control committed, and all that
// commits to have a serial order.
func TestSerializable(t *testing.T) {
	each(t, func(t *testing.T, stage *anomaly.Stage) {
		report, err := stage.Run(t.Context(), anomaly.Cases(), []anomaly.Level{anomaly.Serializable}, true)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range report.Rows {
			o := row.Outcomes[0]
			if o.Verdict != anomaly.Prevented && o.Verdict != anomaly.Commits {
				t.Errorf("%s: %s", o.Script.Name, o.Cell())
			}
			if serial, known := o.Serial.Serializable(); !serial || !known {
				t.Errorf("%s: %s", o.Script.Name, o.Serial)
			}
		}
	})
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	a, b := strings.Split(string(want), "\n"), strings.Split(got, "\n")
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			t.Fatalf("%s, line %d:\nwant %s\ngot  %s", file, i+1, a[i], strings.Join(b[min(i, len(b)):min(i+1, len(b))], ""))
		}
	}
	t.Fatalf("%s: there is more than in the file", file)
}

// script parses a script of a test.
func script(t *testing.T, text string) *anomaly.Script {
	t.Helper()
	s, err := anomaly.Parse("own", text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
