package minisql_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/internal/engines"
)

// openSessions opens a database with the table t, and as many sessions.
func openSessions(t *testing.T, on engines.Engine, n int) (*minisql.DB, []*minisql.Session) {
	t.Helper()
	db, err := minisql.Open("", &minisql.Options{Storage: minisql.Storage(on)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	var sessions []*minisql.Session
	for range n {
		s, err := db.Session(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Release)
		sessions = append(sessions, s)
	}
	play(t, sessions[:1], "0: create table t (id int primary key, v int)", "0: insert into t values (1, 1), (2, 2)")
	return db, sessions
}

// play runs steps "session: statement" and returns the last one's error.
func play(t *testing.T, sessions []*minisql.Session, steps ...string) (last error) {
	t.Helper()
	for i, step := range steps {
		who, sql, _ := strings.Cut(step, ": ")
		_, err := sessions[who[0]-'0'].Exec(context.Background(), sql)
		if err != nil && i < len(steps)-1 {
			t.Fatal(step, err)
		}
		last = err
	}
	return last
}

// TestSerializationFailures wants failures to be remembered with their reasons, whether
// they come of a cycle or of a newer version.
func TestSerializationFailures(t *testing.T) { engines.Each(t, testSerializationFailures) }

func testSerializationFailures(t *testing.T, on engines.Engine) {
	db, s := openSessions(t, on, 2)
	long := " -- " + strings.Repeat("x", 10_000)
	lost := play(t, s, "0: begin isolation level repeatable read", "0: select 1", "1: update t set v = 9 where id = 1",
		"0: update t set v = 8 where id = 1"+long)
	skew := play(t, s, "0: rollback", "0: begin isolation level serializable", "1: begin isolation level serializable",
		"0: select sum(v) from t", "1: select sum(v) from t", "0: update t set v = 0 where id = 1", "1: update t set v = 0 where id = 2",
		"0: commit", "1: commit")
	if lost == nil || skew == nil {
		t.Fatal(lost, skew)
	}
	rows, err := db.Query(t.Context(), `select message, explanation, tables::text, statement, pid, database, transaction > 0, now() - failed_at < '1 min'
		from minisql.serialization_failures order by failed_at`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	want := []struct{ message, explanation string }{
		{"could not serialize access due to concurrent update", "was to change or lock table t at (id)=(1) in"},
		{"could not serialize access due to read/write dependencies among transactions", "read table t at (id)=(1) in \"select sum(v) from t\""},
	}
	n := 0
	for ; rows.Next(); n++ {
		var message, explanation, tables, statement, database string
		var pid int
		var known, recent bool
		if err := rows.Scan(&message, &explanation, &tables, &statement, &pid, &database, &known, &recent); err != nil {
			t.Fatal(err)
		}
		if n >= len(want) || message != want[n].message || !strings.Contains(explanation, want[n].explanation) || len(explanation)+len(statement) > 2000 ||
			tables != "{t}" || pid != int(s[n].PID()) || database != "minisql" || !known || !recent {
			t.Errorf("%d: %q %q %s %q %d %s %v %v", n, message, explanation, tables, statement, pid, database, known, recent)
		}
	}
	if err := rows.Err(); err != nil || n != len(want) {
		t.Error(n, err)
	}
	var failures, active int
	if err := db.QueryRow(t.Context(), "select failures, active from minisql.ssi").Scan(&failures, &active); err != nil || failures != 1 || active != 0 {
		t.Error(failures, active, err)
	}
}

// TestOwnSchema wants schema minisql to be out of the way: not among the schemas, and nothing
// when a user has one of that name.
func TestOwnSchema(t *testing.T) { engines.Each(t, testOwnSchema) }

func testOwnSchema(t *testing.T, on engines.Engine) {
	db, s := openSessions(t, on, 1)
	var n int
	if err := db.QueryRow(t.Context(), "select count(*) from pg_class c, pg_namespace n where nspname = 'minisql' or relname = 'ssi'").Scan(&n); err != nil || n != 0 {
		t.Error(n, err)
	}
	if err := play(t, s, "0: create table minisql.x (a int)"); err == nil {
		t.Error("a table in the system's schema")
	}
	if err := play(t, s, "0: create schema minisql", "0: create table minisql.x (a int)", "0: table minisql.x", "0: table minisql.ssi"); err == nil {
		t.Error("the user's schema has the system's relation")
	}
	if err := play(t, s, "0: drop schema minisql cascade", "0: table minisql.ssi"); err != nil {
		t.Error(err)
	}
}

// TestSafeSnapshotWait wants everybody who asks to see that, and for whom, a DEFERRABLE reader waits.
func TestSafeSnapshotWait(t *testing.T) { engines.Each(t, testSafeSnapshotWait) }

func testSafeSnapshotWait(t *testing.T, on engines.Engine) {
	db, s := openSessions(t, on, 2)
	if err := play(t, s, "0: begin isolation level serializable", "0: update t set v = 0 where id = 1",
		"1: begin isolation level serializable read only deferrable"); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- play(t, s, "1: select * from t") }()
	seen := false
	for deadline := time.Now().Add(10 * time.Second); !seen && time.Now().Before(deadline); {
		err := db.QueryRow(t.Context(), `select wait_event_type = 'IPC' and wait_event = 'SafeSnapshot' and pg_safe_snapshot_blocking_pids(pid) = array[$2::int]
			and pg_isolation_test_session_is_blocked(pid, '{}') and pg_blocking_pids(pid) = '{}' from pg_stat_activity where pid = $1`,
			s[1].PID(), s[0].PID()).Scan(&seen)
		if err != nil {
			// The type may be NULL as long as it does not wait yet.
			seen = false
		}
	}
	if !seen {
		t.Error("it is not seen to wait")
	}
	if err := play(t, s, "0: commit"); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestLastSafeWanted wants a safe snapshot to be kept for as long as a session has asked for it, however
// that ends.
func TestLastSafeWanted(t *testing.T) { engines.Each(t, testLastSafeWanted) }

func testLastSafeWanted(t *testing.T, on engines.Engine) {
	const set = "3: set minisql.deferrable_snapshot = 'last_safe'"
	for _, tc := range []struct {
		name      string
		ask, stop func(db *minisql.DB, s []*minisql.Session) error
	}{
		{"reset", nil, func(_ *minisql.DB, s []*minisql.Session) error {
			return play(t, s, "3: reset minisql.deferrable_snapshot")
		}},
		{"set, twice", nil, func(_ *minisql.DB, s []*minisql.Session) error {
			return play(t, s, set, "3: set minisql.deferrable_snapshot = 'wait'", "3: set minisql.deferrable_snapshot = 'wait'")
		}},
		{"discarded", nil, func(_ *minisql.DB, s []*minisql.Session) error { return play(t, s, "3: discard all") }},
		{"rolled back", func(_ *minisql.DB, s []*minisql.Session) error { return play(t, s, "3: begin", set) },
			func(_ *minisql.DB, s []*minisql.Session) error { return play(t, s, "3: rollback") }},
		{"local", func(_ *minisql.DB, s []*minisql.Session) error {
			return play(t, s, "3: begin", "3: set local minisql.deferrable_snapshot = 'last_safe'")
		}, func(_ *minisql.DB, s []*minisql.Session) error { return play(t, s, "3: commit") }},
		{"closed", nil, func(_ *minisql.DB, s []*minisql.Session) error { return s[3].Close() }},
		{"of a session that cannot be opened", nil, func(db *minisql.DB, s []*minisql.Session) error {
			_, err := db.Session(t.Context(), &minisql.SessionOptions{Settings: map[string]string{"minisql.deferrable_snapshot": "last_safe", "work_mem": "none"}})
			if err == nil {
				t.Error("a session with a wrong setting")
			}
			return s[3].Close()
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			db, s := openSessions(t, on, 4)
			ask := tc.ask
			if ask == nil {
				ask = func(*minisql.DB, []*minisql.Session) error { return play(t, s, set) }
			}
			if err := ask(db, s); err != nil {
				t.Fatal(err)
			}
			// Session 2's snapshot is between two commits whose order is the other way round, and is the oldest.
			if err := play(t, s, "0: begin isolation level serializable", "0: select * from t",
				"1: begin isolation level serializable", "1: update t set v = 3 where id = 1", "1: commit",
				"2: begin isolation level serializable", "2: select 1", "0: update t set v = 4 where id = 2", "0: commit"); err != nil {
				t.Fatal(err)
			}
			kept := func() (yes bool) {
				if err := db.QueryRow(t.Context(), "select last_safe_snapshot is not null from minisql.ssi").Scan(&yes); err != nil {
					t.Fatal(err)
				}
				return yes
			}
			if !kept() {
				t.Error("nothing is kept")
			}
			if err := tc.stop(db, s); err != nil {
				t.Fatal(err)
			}
			if kept() {
				t.Error("a snapshot is kept for nobody")
			}
		})
	}
}

// TestDeadlockExplainsItself wants the victim of a deadlock to be told who waits for which row of whom, and
// where.
func TestDeadlockExplainsItself(t *testing.T) { engines.Each(t, testDeadlockExplainsItself) }

func testDeadlockExplainsItself(t *testing.T, on engines.Engine) {
	db, s := openSessions(t, on, 2)
	ctx := t.Context()
	if err := play(t, s, "0: begin", "1: begin", "0: update t set v = 3 where id = 1", "1: update t set v = 4 where id = 2"); err != nil {
		t.Fatal(err)
	}
	other := make(chan error)
	go func() {
		_, err := s[0].Exec(ctx, "update t set v = 3 where id = 2")
		other <- err
	}()
	for waiting := 0; waiting == 0; {
		if err := db.QueryRow(ctx, "select count(*) from pg_stat_activity where wait_event_type = 'Lock'").Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
	err := play(t, s, "1: update t set v = 4 where id = 1")
	if minisql.CodeOf(err) != minisql.CodeDeadlockDetected {
		t.Fatal(err)
	}
	var explanation, tables string
	if err := db.QueryRow(ctx, "select explanation, tables[1] from minisql.serialization_failures where message = 'deadlock detected'").Scan(&explanation, &tables); err != nil {
		t.Fatal(err)
	}
	var e *minisql.Error
	if !errors.As(err, &e) || e.Detail != explanation || tables != "t" {
		t.Errorf("%v is remembered as %q, about %s", err, explanation, tables)
	}
	for _, want := range []string{
		` waits for table t at (id)=(1) in "update t set v = 4 where id = 1"; T`,
		` waits for table t at (id)=(2) in "update t set v = 3 where id = 2"; T`,
		"(this transaction, pid ", " has locked it.", "Process ",
	} {
		if !strings.Contains(explanation, want) {
			t.Errorf("%q is missing in\n%s", want, explanation)
		}
	}
	if err := play(t, s, "1: rollback"); err != nil {
		t.Fatal(err)
	}
	if err := <-other; err != nil {
		t.Error(err)
	}
}
