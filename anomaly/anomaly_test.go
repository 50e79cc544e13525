package anomaly_test

import (
	"context"
	"encoding/xml"
	"flag"
	"io"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/anomaly"
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
func serve(t *testing.T, storage minisql.Storage) anomaly.Server {
	t.Helper()
	db, err := minisql.Open("", &minisql.Options{Storage: storage})
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

// engines runs a test on a database in memory of each engine.
func engines(t *testing.T, test func(*testing.T, *anomaly.Stage)) {
	for _, storage := range []minisql.Storage{minisql.BTree, minisql.LSM} {
		t.Run(string(storage), func(t *testing.T) { test(t, open(t, serve(t, storage))) })
	}
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
	engines(t, compare)
}

func compare(t *testing.T, stage *anomaly.Stage) {
	report, err := stage.Run(t.Context(), anomaly.Cases(), snapshotLevels, true)
	if err != nil {
		t.Fatal(err)
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
	engines(t, func(t *testing.T, stage *anomaly.Stage) {
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

const skew = `
setup: create table doctor (name text primary key, on_call bool)
setup: insert into doctor values ('ada', true), ('bob', true)
t1: begin
t2: begin
t1: select count(*) from doctor where on_call
t2: select count(*) from doctor where on_call
t1: update doctor set on_call = false where name = 'ada'
t2: update doctor set on_call = false where name = 'bob'
t1: commit
t2: commit
`

// TestFailures wants what must not be to be told: otherwise all other tests prove little.
func TestFailures(t *testing.T) {
	stage := open(t, serve(t, minisql.BTree))
	for _, c := range []struct {
		name, text         string
		level              anomaly.Level
		verdict            anomaly.Verdict
		failures, controls int
	}{
		{"allowed and forbidden", "forbidden: repeatable read\nhappened: not exists (select 1 from doctor where on_call)", anomaly.RepeatableRead, anomaly.Allowed, 1, 1},
		{"allowed and not forbidden", "forbidden: serializable\nhappened: not exists (select 1 from doctor where on_call)", anomaly.RepeatableRead, anomaly.Allowed, 0, 0},
		{"prevented", "forbidden: serializable\nhappened: not exists (select 1 from doctor where on_call)", anomaly.Serializable, anomaly.Prevented, 0, 0},
		{"a control that is lost", "must: commit", anomaly.Serializable, anomaly.Needless, 0, 1},
		{"a control that commits", "must: commit", anomaly.RepeatableRead, anomaly.Commits, 0, 0},
		{"a control with an error", "must: commit\nt1: select 1/0", anomaly.RepeatableRead, anomaly.Broken, 1, 1},
		{"one's own that fails", "t1: select 1/0", anomaly.RepeatableRead, anomaly.Fails, 0, 0},
	} {
		r, err := stage.Run(t.Context(), []*anomaly.Script{script(t, skew+c.text)}, []anomaly.Level{c.level}, false)
		if err != nil {
			t.Fatal(c.name, err)
		}
		if o := r.Rows[0].Outcomes[0]; o.Verdict != c.verdict || len(r.Failures(false)) != c.failures || len(r.Failures(true)) != c.controls {
			t.Errorf("%s: %s, %d failures and %d with controls", c.name, o.Cell(), len(r.Failures(false)), len(r.Failures(true)))
		}
	}
}

// TestSerial compares plays with serial orders.
func TestSerial(t *testing.T) {
	stage := open(t, serve(t, minisql.BTree))
	const counter = "setup: create table t (id int primary key, v int)\nsetup: insert into t values (1, 0)\n"
	for text, want := range map[string]string{
		skew: "not serial: the tables are as after t1, t2, but no order gives these results",
		counter + "t1: begin\nt2: update t set v = v + 1\nt1: update t set v = v * 2\nt1: commit":              "serial: as if in the order t2, t1",
		counter + "t1: begin\nt1: select v from t\nt2: update t set v = 1\nt1: select v from t\nt1: rollback":  "serial: as if in the order t2",
		counter + "t1: begin\nt1: select v from t\nt2: update t set v = 1\nt1: update t set v = 2\nt1: commit": "not serial: the tables are as after t2, t1, but no order gives these results",
		counter + "t1: begin\nt1: rollback":                                                                             "serial: nothing committed",
		counter + "t1: begin\nt1: update t set v = 1\nt2: update t set v = v + 10":                                      "serial: as if in the order t2",
		counter + strings.Repeat("t1: select 1\n", 5):                                                                   "not compared with serial orders: 5 transactions have too many",
		counter + "t1: update t set v = 1\nt1: update t set v = v + 1\nt2: begin\nt2: delete from t\nt2: rollback to x": "serial: as if in the order t1.1, t1.2",
	} {
		r, err := stage.Run(t.Context(), []*anomaly.Script{script(t, text)}, []anomaly.Level{anomaly.ReadCommitted}, true)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Rows[0].Outcomes[0].Serial.String(); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
}

// blind is a server that cannot say who waits for whom.
type blind struct{ anomaly.Server }

type blindSession struct{ anomaly.Session }

func (b blind) Open(ctx context.Context) (anomaly.Session, error) {
	s, err := b.Server.Open(ctx)
	return blindSession{s}, err
}

func (b blindSession) Exec(ctx context.Context, sql string) (anomaly.Result, error) {
	if strings.Contains(sql, "pg_blocking_pids") {
		return anomaly.Result{}, sqlerr.New(sqlerr.UndefinedFunction, "function pg_blocking_pids(integer) does not exist")
	}
	return b.Session.Exec(ctx, sql)
}

// TestBlind plays on a server on which waiting can only be told by the time it takes.
func TestBlind(t *testing.T) {
	stage := open(t, blind{serve(t, minisql.BTree)})
	r, err := stage.Run(t.Context(), []*anomaly.Script{anomaly.Find("G0"), anomaly.Find("P4")}, snapshotLevels, false)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range r.Rows {
		for _, o := range row.Outcomes {
			got = append(got, o.Cell())
		}
	}
	want := []string{"prevented: t2 waits @4", "prevented: t2 40001 @4", "allowed", "prevented: t2 40001 @6"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// TestDeadlock wants a deadlock to end, and not to be taken for rest.
func TestDeadlock(t *testing.T) {
	engines(t, func(t *testing.T, stage *anomaly.Stage) {
		o, err := stage.Try(t.Context(), script(t, `
setup: create table t (id int primary key, v int)
setup: insert into t values (1, 0), (2, 0)
t1: begin
t2: begin
t1: update t set v = 1 where id = 1
t2: update t set v = 2 where id = 2
t1: update t set v = 1 where id = 2
t2: update t set v = 2 where id = 1
t1: commit
t2: commit`), anomaly.ReadCommitted)
		if err != nil {
			t.Fatal(err)
		}
		if o.Why() != "t2 40P01 @6" || !o.Steps[4].Waited || o.Steps[4].Err != nil {
			t.Error(o.Why(), o.Steps[4])
		}
	})
}

// TestHTML wants a page of well-formed drawings that needs nothing from elsewhere.
func TestHTML(t *testing.T) {
	stage := open(t, serve(t, minisql.BTree))
	cases := append(anomaly.Cases(), script(t, "# <script>alert(1)</script>\nt1: select '<b>&amp;' as \"<i>\""))
	r, err := stage.Run(t.Context(), cases, anomaly.Levels, true)
	if err != nil {
		t.Fatal(err)
	}
	var page strings.Builder
	if err := r.HTML(&page); err != nil {
		t.Fatal(err)
	}
	for _, s := range cases {
		if !strings.Contains(page.String(), `<section id="`+s.Name+`">`) {
			t.Errorf("%s is missing", s.Name)
		}
	}
	for _, foreign := range []string{"<script", "src=", "@import", "url(http", "<b>&"} {
		if strings.Contains(page.String(), foreign) {
			t.Errorf("the page has %s", foreign)
		}
	}
	drawings := regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(page.String(), -1)
	if len(drawings) < 2*len(anomaly.Cases()) {
		t.Errorf("only %d drawings", len(drawings))
	}
	for _, svg := range drawings {
		d := xml.NewDecoder(strings.NewReader(svg))
		for {
			_, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err, svg)
			}
		}
	}
}

// TestLeavesNothing wants the schema to be gone, and the public one not to be touched.
func TestLeavesNothing(t *testing.T) {
	server := serve(t, minisql.BTree)
	stage, err := anomaly.Open(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stage.Run(t.Context(), []*anomaly.Script{anomaly.Find("G1a")}, snapshotLevels, true); err != nil {
		t.Fatal(err)
	}
	if err := stage.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := server.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r, err := s.Exec(t.Context(), "select nspname from pg_namespace where nspname like 'anomaly%' union all select relname from pg_class where relname = 'account'")
	if err != nil || len(r.Rows) > 0 {
		t.Error(r, err)
	}
}
