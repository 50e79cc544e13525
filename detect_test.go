package minisql_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/internal/engines"
)

// TestDetectAnomalies is a little web shop at READ COMMITTED, written carelessly and then
// carefully: the race detector names what the first does wrong, and is silent on the second.
func TestDetectAnomalies(t *testing.T) { engines.Each(t, testDetectAnomalies) }

func testDetectAnomalies(t *testing.T, on engines.Engine) {
	ctx := context.Background()
	for _, tc := range []struct {
		name, level string   // of both sessions, or of a/b
		steps       []string // session: statement
		want        []string
	}{
		{"lost update of the stock", "read committed", []string{
			"a: select stock from product where id = 1", "b: select stock from product where id = 1",
			"a: update product set stock = 9 where id = 1", "a: commit",
			"b: update product set stock = 9 where id = 1", "b: commit",
		}, []string{"b anomaly: lost update"}},
		{"stock counted by the update itself", "read committed", []string{
			"a: update product set stock = stock - 1 where id = 1", "a: commit",
			"b: update product set stock = stock - 1 where id = 1", "b: commit",
		}, nil},
		{"stock locked before it is read", "read committed", []string{
			"a: select stock from product where id = 1 for update",
			"a: update product set stock = 9 where id = 1", "a: commit",
			"b: select stock from product where id = 1 for update",
			"b: update product set stock = 8 where id = 1", "b: commit",
		}, nil},
		{"two orders against one credit limit", "repeatable read", []string{
			"a: select sum(amount) from orders where customer = 7", "b: select sum(amount) from orders where customer = 7",
			"a: insert into orders values (1, 7, 80)", "b: insert into orders values (2, 7, 80)", "a: commit", "b: commit",
		}, []string{"b anomaly: phantom skew"}},
		{"two orders of customers who have some", "repeatable read", []string{
			"a: select sum(amount) from orders where customer = 8", "b: select sum(amount) from orders where customer = 8",
			"a: update orders set customer = 9 where id = 10", "b: update orders set customer = 9 where id = 11", "a: commit", "b: commit",
		}, []string{"b anomaly: write skew"}},
		{"two orders by number, neither there", "read committed", []string{
			"a: select amount from orders where id = 1", "b: select amount from orders where id = 2",
			"a: insert into orders values (2, 7, 80)", "b: insert into orders values (1, 7, 80)", "a: commit", "b: commit",
		}, []string{"b anomaly: phantom skew"}},
		{"an undone order", "read committed", []string{
			"a: select amount from orders where id = 1", "b: select amount from orders where id = 2",
			"a: insert into orders values (2, 7, 80)", "b: savepoint s", "b: insert into orders values (1, 7, 80)", "b: rollback to s", "a: commit", "b: commit",
		}, nil},
		{"an undone order after one that stays", "read committed", []string{
			"a: select amount from orders where id = 1", "b: select amount from orders where id = 2",
			"a: insert into orders values (2, 7, 80)", "b: insert into orders values (1, 7, 80)", "b: savepoint s", "b: insert into orders values (3, 7, 80)",
			"b: rollback to s", "a: commit", "b: commit",
		}, []string{"b anomaly: phantom skew"}},
		{"two orders, the customer locked", "read committed", []string{
			"a: select * from customer where id = 7 for update", "a: select sum(amount) from orders where customer = 7",
			"a: insert into orders values (1, 7, 80)", "a: commit",
			"b: select * from customer where id = 7 for update", "b: select sum(amount) from orders where customer = 7", "b: commit",
		}, nil},
		{"a report over two statements", "read committed", []string{
			"a: select amount from orders where id = 10",
			"b: update orders set amount = 1 where id = 10", "b: update orders set amount = 1 where id = 11", "b: commit",
			"a: select amount from orders where id = 11", "a: commit",
		}, []string{"a anomaly: read skew"}},
		{"a price shown twice", "read committed", []string{
			"a: select amount from orders where id = 10", "b: update orders set amount = 1 where id = 10", "b: commit",
			"a: select amount from orders where id = 10", "a: commit",
		}, []string{"a anomaly: non-repeatable read"}},
		{"a list and its length", "read committed", []string{
			"a: select * from orders", "b: insert into orders values (1, 7, 80)", "b: commit",
			"a: select count(*) from orders", "a: commit",
		}, []string{"a anomaly: phantom read"}},
		{"two orders against one credit limit, the second one careful", "repeatable read/serializable", []string{
			"a: select sum(amount) from orders where customer = 7", "b: select sum(amount) from orders where customer = 7",
			"a: insert into orders values (1, 7, 80)", "b: insert into orders values (2, 7, 80)", "a: commit", "b: commit",
		}, []string{"b anomaly: phantom skew"}},
		{"a report on one snapshot", "repeatable read", []string{
			"a: select amount from orders where id = 10",
			"b: update orders set amount = 1 where id = 10", "b: update orders set amount = 1 where id = 11", "b: commit",
			"a: select amount from orders where id = 11", "a: commit",
		}, nil},
	} {
		for _, mode := range []string{"off", "notice", "error"} {
			t.Run(tc.name+"/"+mode, func(t *testing.T) {
				var got []string
				var received []minisql.Anomaly
				db, err := minisql.Open("", &minisql.Options{Storage: minisql.Storage(on), OnAnomaly: func(a minisql.Anomaly) { received = append(received, a) }, Settings: map[string]string{"minisql.detect_anomalies": mode}})
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
				for _, sql := range []string{
					"create table product (id int primary key, stock int)", "insert into product values (1, 10)",
					"create table customer (id int primary key)", "insert into customer values (7)",
					"create table orders (id int primary key, customer int, amount int)",
					"insert into orders values (10, 8, 5), (11, 8, 5)", "create index on orders (customer)",
				} {
					if _, err := db.Exec(ctx, sql); err != nil {
						t.Fatal(err)
					}
				}
				sessions := map[string]*minisql.Session{}
				levels := strings.Split(tc.level, "/")
				for i, name := range []string{"a", "b"} {
					s, err := db.Session(ctx, &minisql.SessionOptions{OnNotice: func(n *minisql.Notice) {
						if !strings.Contains(n.Detail, "(this transaction, pid ") || !strings.Contains(n.Detail, ` in "`) {
							t.Errorf("the notice does not explain itself: %s", n.Detail)
						}
						got = append(got, name+" "+n.Message)
					}})
					if err != nil {
						t.Fatal(err)
					}
					defer s.Release()
					sessions[name] = s
					if _, err := s.Exec(ctx, "begin isolation level "+levels[i%len(levels)]); err != nil {
						t.Fatal(err)
					}
				}
				for _, step := range tc.steps {
					name, sql, _ := strings.Cut(step, ": ")
					if _, err := sessions[name].Exec(ctx, sql); err != nil {
						message, ok := strings.CutPrefix(err.Error(), "could not commit because of an ")
						if !ok {
							t.Fatal(err)
						}
						message, _, _ = strings.Cut(message, " (")
						got = append(got, fmt.Sprintf("%s %s", name, message))
					}
				}
				want := tc.want
				if mode == "off" {
					want = nil
				}
				if !slices.Equal(got, want) {
					t.Errorf("got %q, want %q", got, want)
				}
				wantAnomalies(t, db, sessions, want, received, mode == "notice")
			})
		}
	}
}

// wantAnomalies compares minisql.anomalies, and what OnAnomaly received, with what the sessions were told.
func wantAnomalies(t *testing.T, db *minisql.DB, sessions map[string]*minisql.Session, want []string, received []minisql.Anomaly, committed bool) {
	t.Helper()
	rows, err := db.Query(t.Context(), `select found_at, name, pid, tables::text, committed, statement, transaction, explanation
		from minisql.anomalies where database = 'minisql' and now() - found_at < '1 min' order by found_at`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		var name, tables, statement, explanation string
		var pid, transaction int64
		var is bool
		var at time.Time
		if err := rows.Scan(&at, &name, &pid, &tables, &is, &statement, &transaction, &explanation); err != nil {
			t.Fatal(err)
		}
		if n >= len(want) {
			t.Errorf("one too many: %s", name)
			break
		}
		who, message, _ := strings.Cut(want[n], " anomaly: ")
		if name != message || pid != int64(sessions[who].PID()) || is != committed || (tables != "{orders}" && tables != "{product}") ||
			!strings.HasPrefix(statement, "select") || !strings.Contains(explanation, fmt.Sprintf("T%d (this transaction, pid %d) read ", transaction, pid)) {
			t.Errorf("%s: %q %d %s %v %q %q", want[n], name, pid, tables, is, statement, explanation)
		}
		if n < len(received) {
			r := received[n]
			want := minisql.Anomaly{At: at, Name: name, PID: int32(pid), Database: "minisql", Transaction: uint64(transaction), Statement: statement,
				Tables: strings.Split(strings.Trim(tables, "{}"), ","), Committed: is, Explanation: explanation}
			if d := r.At.Sub(at).Abs(); d > time.Microsecond {
				t.Error(r.At, at)
			}
			if r.At = at; !reflect.DeepEqual(r, want) {
				t.Errorf("received %+v, want %+v", r, want)
			}
		}
		if strings.HasPrefix(name, "phantom") != strings.Contains(explanation, "added it, unseen") {
			t.Errorf("%s: %s", name, explanation)
		}
	}
	if err := rows.Err(); err != nil || n != len(want) || len(received) != n {
		t.Errorf("%d anomalies, %d received, want %d: %v", n, len(received), len(want), err)
	}
}

// TestOnAnomalyWatches wants a receiver to be enough, and the setting to have the last word.
func TestOnAnomalyWatches(t *testing.T) { engines.Each(t, testOnAnomalyWatches) }

func testOnAnomalyWatches(t *testing.T, on engines.Engine) {
	for setting, want := range map[string]string{"": "notice", "off": "off", "error": "error"} {
		o := &minisql.Options{Storage: minisql.Storage(on)}
		var db *minisql.DB
		committed := 0
		o.OnAnomaly = func(a minisql.Anomaly) {
			// The DB may be used, and shows what was committed.
			if err := db.QueryRow(context.Background(), "select v from t where id = 1").Scan(&committed); err != nil || a.Name != "lost update" {
				t.Error(a.Name, err)
			}
		}
		if setting != "" {
			o.Settings = map[string]string{"minisql.Detect_Anomalies": setting}
		}
		var err error
		if db, err = minisql.Open("", o); err != nil {
			t.Fatal(err)
		}
		var s []*minisql.Session
		for range 2 {
			x, err := db.Session(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			s = append(s, x)
		}
		err = play(t, s, "0: create table t (id int primary key, v int)", "0: insert into t values (1, 1)", "0: begin", "0: select v from t where id = 1",
			"1: update t set v = 10 where id = 1", "0: update t set v = 20 where id = 1", "0: commit")
		if got, _ := s[0].Setting("minisql.detect_anomalies"); got != want || (err != nil) != (want == "error") || committed != map[string]int{"off": 0, "notice": 20, "error": 10}[want] {
			t.Errorf("%q: %s, %v, %d", setting, got, err, committed)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}
