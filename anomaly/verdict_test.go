package anomaly_test

import (
	"strings"
	"testing"

	"github.com/minisql/minisql/anomaly"
	"github.com/minisql/minisql/internal/engines"
)

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
	stage := open(t, serve(t, engines.Golden))
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
	stage := open(t, serve(t, engines.Golden))
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
