package minisql_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/internal/engines"
)

// options ask for a storage engine.
func options(on engines.Engine) *minisql.Options {
	return &minisql.Options{Storage: minisql.Storage(on)}
}

func open(t testing.TB, on engines.Engine) *minisql.DB {
	t.Helper()
	db, err := minisql.Open("", options(on))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func exec(t testing.TB, db interface {
	Exec(context.Context, string, ...any) (minisql.CommandTag, error)
}, sql string, args ...any) minisql.CommandTag {
	t.Helper()
	tag, err := db.Exec(context.Background(), sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return tag
}

func wantCode(t testing.TB, err error, code minisql.Code) {
	t.Helper()
	if got := minisql.CodeOf(err); got != code {
		t.Fatalf("got %v, want SQLSTATE %s", err, code)
	}
}

type city string

// TestValues sends Go values as parameters and scans them back.
func TestValues(t *testing.T) { engines.Each(t, testValues) }

func testValues(t *testing.T, on engines.Engine) {
	db, ctx := open(t, on), context.Background()
	at := time.Date(2024, 2, 29, 13, 14, 15, 123456000, time.UTC)
	text := "x"
	for _, c := range []struct {
		typ       string
		in        any
		dest, out any // dest is a pointer
	}{
		{"int2", int16(-3), new(int16), int16(-3)},
		{"int4", 7, new(int), 7},
		{"int4", uint8(7), new(uint8), uint8(7)},
		{"int8", int64(math.MinInt64), new(int64), int64(math.MinInt64)},
		{"int8", "12", new(float64), 12.0},
		{"oid", uint32(4e9), new(uint32), uint32(4e9)},
		{"float8", 1.5, new(float64), 1.5},
		{"float4", float32(0.1), new(float32), float32(0.1)},
		{"numeric", "12.50", new(string), "12.50"},
		{"numeric", 3, new(int64), int64(3)},
		{"numeric", 0.1, new(string), "0.1"},
		{"numeric", float32(0.1), new(string), "0.1"},
		{"bool", true, new(bool), true},
		{"text", "grüße", new(string), "grüße"},
		{"text", city("Bern"), new(city), city("Bern")},
		{"text", []byte("ab"), new([]byte), []byte("ab")},
		{"text", &text, new(*string), &text},
		{"text", nil, new(*string), (*string)(nil)},
		{"text", sql.NullString{String: "s", Valid: true}, new(sql.NullString), sql.NullString{String: "s", Valid: true}},
		{"int4", sql.NullInt64{}, new(sql.NullInt64), sql.NullInt64{}},
		{"varchar(3)", "abc", new(any), "abc"},
		{"bytea", []byte{0, 255}, new([]byte), []byte{0, 255}},
		{"uuid", [16]byte{1, 2}, new([16]byte), [16]byte{1, 2}},
		{"uuid", "01020000-0000-0000-0000-000000000000", new(string), "01020000-0000-0000-0000-000000000000"},
		{"timestamptz", at, new(time.Time), at},
		{"timestamp", at.In(time.FixedZone("", 7200)), new(time.Time), at.Add(2 * time.Hour)},
		{"date", at, new(time.Time), at.Truncate(24 * time.Hour)},
		{"date", time.Date(1960, 3, 1, 23, 0, 0, 0, time.UTC), new(string), "1960-03-01"},
		{"time", 90 * time.Minute, new(time.Duration), 90 * time.Minute},
		{"interval", time.Hour, new(time.Duration), time.Hour},
		{"interval", minisql.Interval{Months: 1, Days: 2, Micros: 3}, new(minisql.Interval), minisql.Interval{Months: 1, Days: 2, Micros: 3}},
		{"json", map[string]int{"a": 1}, new(map[string]int), map[string]int{"a": 1}},
		{"json", json.RawMessage(`[1]`), new([]byte), []byte(`[1]`)},
		{"json", `[1, "x"]`, new(any), []any{1.0, "x"}},
		{"int4[]", []int{1, 2}, new([]int), []int{1, 2}},
		{"int4[]", []*int{nil}, new([]*int), []*int{nil}},
		{"int4[]", [][]int32{{1, 2}, {3, 4}}, new([][]int32), [][]int32{{1, 2}, {3, 4}}},
		{"text[]", []string{}, new([]string), []string{}},
		{"text[]", []string{"a", "b,c"}, new(string), `{a,"b,c"}`},
		{"text[]", []string(nil), new([]string), []string(nil)},
		{"int8[]", "{1,2}", new(any), []any{int64(1), int64(2)}},
	} {
		t.Run(fmt.Sprintf("%s/%T", c.typ, c.in), func(t *testing.T) {
			if err := db.QueryRow(ctx, "select $1::"+c.typ, c.in).Scan(c.dest); err != nil {
				t.Fatal(err)
			}
			got := reflect.ValueOf(c.dest).Elem().Interface()
			if a, ok := got.(time.Time); ok {
				if !a.Equal(c.out.(time.Time)) {
					t.Fatalf("got %v, want %v", got, c.out)
				}
				return
			}
			if !reflect.DeepEqual(got, c.out) {
				t.Fatalf("got %#v, want %#v", got, c.out)
			}
		})
	}
}

// TestRefusedValues are conversions that would lose something.
func TestRefusedValues(t *testing.T) { engines.Each(t, testRefusedValues) }

func testRefusedValues(t *testing.T, on engines.Engine) {
	db, ctx := open(t, on), context.Background()
	for _, c := range []struct {
		sql  string
		args []any
		dest any
		err  string
	}{
		{"select $1::int2", []any{40000}, new(int), "out of range"},
		{"select $1::int4", []any{1.5}, new(int), "unable to encode"},
		{"select $1::int4", []any{true}, new(int), "unable to encode"},
		{"select $1::int4", []any{"x"}, new(int), "invalid input syntax"},
		{"select $1::text", []any{7}, new(string), "unable to encode"},
		{"select $1::int4", nil, new(int), "expected 1 arguments, got 0"},
		{"select 1", []any{1}, new(int), "expected 0 arguments, got 1"},
		{"select null::int4", nil, new(int), "cannot scan NULL"},
		{"select 300", nil, new(int8), "out of range"},
		{"select 1.5::numeric", nil, new(int), "cannot scan"},
		{"select 'x'", nil, new(int), "cannot scan"},
		{"select 1", nil, new(time.Time), "cannot scan"},
		{"select 'infinity'::timestamptz", nil, new(time.Time), "infinity"},
		{"select 1, 2", nil, new(int), "number of field descriptions"},
	} {
		err := db.QueryRow(ctx, c.sql, c.args...).Scan(c.dest)
		if err == nil || !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s %v into %T: %v, want %q", c.sql, c.args, c.dest, err, c.err)
		}
	}
	// None of them has cost the session.
	var n int
	if err := db.QueryRow(ctx, "select 1").Scan(&n); err != nil || n != 1 {
		t.Fatal(n, err)
	}
}

func TestRows(t *testing.T) { engines.Each(t, testRows) }

func testRows(t *testing.T, on engines.Engine) {
	db, ctx := open(t, on), context.Background()
	s, err := db.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Release()
	rows, err := s.Query(ctx, "select g as n, 'r'||g from generate_series(1, 5000) g")
	if err != nil {
		t.Fatal(err)
	}
	if f := rows.FieldDescriptions(); len(f) != 2 || f[0].Name != "n" || f[0].DataTypeOID != 23 || f[0].TypeName() != "integer" {
		t.Fatalf("%+v", f)
	}
	if _, err := s.Query(ctx, "select 1"); !errors.Is(err, minisql.ErrBusy) {
		t.Fatalf("a second query: %v", err)
	}
	sum := 0
	for rows.Next() {
		var n int
		var text string
		if err := rows.Scan(&n, &text); err != nil {
			t.Fatal(err)
		}
		if text != fmt.Sprint("r", n) {
			t.Fatal(n, text)
		}
		sum += n
	}
	if rows.Err() != nil || sum != 5000*5001/2 || rows.CommandTag().String() != "SELECT 5000" || rows.CommandTag().RowsAffected() != 5000 {
		t.Fatal(rows.Err(), sum, rows.CommandTag())
	}
	// Rows that are closed early free the session.
	rows, _ = s.Query(ctx, "select generate_series(1, 100000)")
	rows.Next()
	rows.Close()
	if v, err := minisql.CollectExactlyOneRow(must(s.Query(ctx, "select 7")), minisql.RowTo[int]); v != 7 || err != nil {
		t.Fatal(v, err)
	}
	if err := s.QueryRow(ctx, "select 1 where false").Scan(new(int)); !errors.Is(err, minisql.ErrNoRows) || !errors.Is(err, sql.ErrNoRows) {
		t.Fatal(err)
	}
	// An error in the midst ends the rows.
	rows, err = s.Query(ctx, "select 10 / (2000 - g) from generate_series(1, 3000) g")
	for err == nil && rows.Next() {
	}
	wantCode(t, rows.Err(), "22012")
	// A statement that changes something is run to its end, closed early or not.
	exec(t, s, "create table t (a int)")
	rows, err = s.Query(ctx, "insert into t select generate_series(1, 5000) returning a")
	if err != nil || !rows.Next() {
		t.Fatal(err)
	}
	rows.Close()
	if n, err := minisql.CollectOneRow(must(s.Query(ctx, "select count(*) from t")), minisql.RowTo[int]); n != 5000 {
		t.Fatal(n, err)
	}
}

func must(r *minisql.Rows, err error) *minisql.Rows {
	if err != nil {
		panic(err)
	}
	return r
}

// TestCacheFollowsCatalog runs the same text while the table changes under it.
func TestCacheFollowsCatalog(t *testing.T) { engines.Each(t, testCacheFollowsCatalog) }

func testCacheFollowsCatalog(t *testing.T, on engines.Engine) {
	db, ctx := open(t, on), context.Background()
	a, b := must2(db.Acquire(ctx)), must2(db.Acquire(ctx))
	defer a.Release()
	defer b.Release()
	columns := func(s *minisql.Session) int {
		t.Helper()
		rows, err := s.Query(ctx, "select * from t where a = $1", "1")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		return len(rows.FieldDescriptions())
	}
	exec(t, a, "create table t (a int)")
	if columns(a) != 1 || columns(b) != 1 {
		t.Fatal("before")
	}
	exec(t, b, "alter table t add column c text")
	if columns(a) != 2 || columns(b) != 2 {
		t.Fatal("after ALTER TABLE")
	}
	exec(t, a, "drop table t; create table t (a text, b int, c int)")
	if columns(a) != 3 || columns(b) != 3 {
		t.Fatal("after DROP and CREATE")
	}
	exec(t, a, "begin; alter table t drop column c")
	if columns(a) != 2 {
		t.Fatal("in the transaction that changes it")
	}
	exec(t, a, "rollback")
	if columns(a) != 3 {
		t.Fatal("after ROLLBACK")
	}
}

// TestStatementTimeout holds for a statement as a whole, however its rows are fetched.
func TestStatementTimeout(t *testing.T) { engines.Each(t, testStatementTimeout) }

func testStatementTimeout(t *testing.T, on engines.Engine) {
	db, ctx := open(t, on), context.Background()
	s := must2(db.Session(ctx, &minisql.SessionOptions{Settings: map[string]string{"statement_timeout": "50ms"}}))
	defer s.Close()
	rows, err := s.Query(ctx, "select generate_series(1, 1000000000)")
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); rows.Next(); {
		if time.Now().After(end) {
			t.Fatal("it goes on")
		}
	}
	wantCode(t, rows.Err(), minisql.CodeQueryCanceled)
	exec(t, s, "select 1")
}

// TestSystemViewsAreRead runs a statement on a view of the moment twice.
func TestSystemViewsAreRead(t *testing.T) { engines.Each(t, testSystemViewsAreRead) }

func testSystemViewsAreRead(t *testing.T, on engines.Engine) {
	db, ctx := open(t, on), context.Background()
	a, b := must2(db.Session(ctx, nil)), must2(db.Session(ctx, nil))
	defer a.Close()
	alive := func() (n int) {
		t.Helper()
		if err := a.QueryRow(ctx, "select count(*) from pg_stat_activity where pid = $1", b.PID()).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if alive() != 1 {
		t.Fatal("the session is not shown")
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if alive() != 0 {
		t.Fatal("the session is shown after its end")
	}
}

func must2[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestPrepare(t *testing.T) { engines.Each(t, testPrepare) }

func testPrepare(t *testing.T, on engines.Engine) {
	db, ctx := open(t, on), context.Background()
	s := must2(db.Acquire(ctx))
	defer s.Release()
	d, err := s.Prepare(ctx, "add", "select $1::int4 + 1 as n")
	if err != nil || len(d.ParamOIDs) != 1 || d.ParamOIDs[0] != 23 || d.Fields[0].Name != "n" {
		t.Fatal(d, err)
	}
	var n int
	if err := s.QueryRow(ctx, "add", 41).Scan(&n); err != nil || n != 42 {
		t.Fatal(n, err)
	}
	if err := s.QueryRow(ctx, "execute add(1)").Scan(&n); err != nil || n != 2 {
		t.Fatal(n, err)
	}
	if err := s.Deallocate(ctx, "add"); err != nil {
		t.Fatal(err)
	}
	_, err = s.Exec(ctx, "execute add(1)")
	wantCode(t, err, "26000")
	_, err = s.Prepare(ctx, "", "select 1; select 2")
	wantCode(t, err, "42601")
}

func TestTx(t *testing.T) { engines.Each(t, testTx) }

func testTx(t *testing.T, on engines.Engine) {
	db, ctx := open(t, on), context.Background()
	exec(t, db, "create table t (a int primary key)")
	count := func() (n int) {
		t.Helper()
		if err := db.QueryRow(ctx, "select count(*) from t").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	err := db.BeginFunc(ctx, func(tx minisql.Tx) error {
		exec(t, tx, "insert into t values (1)")
		failed := minisql.BeginFunc(ctx, tx, func(tx minisql.Tx) error {
			exec(t, tx, "insert into t values (2)")
			_, err := tx.Exec(ctx, "insert into t values (1)")
			return err
		})
		wantCode(t, failed, minisql.CodeUniqueViolation)
		return minisql.BeginFunc(ctx, tx, func(tx minisql.Tx) error {
			exec(t, tx, "insert into t values (3)")
			return nil
		})
	})
	if err != nil || count() != 2 {
		t.Fatal(err, count())
	}

	tx := must2(db.BeginTx(ctx, minisql.TxOptions{AccessMode: minisql.ReadOnly, IsoLevel: minisql.RepeatableRead}))
	_, err = tx.Exec(ctx, "delete from t")
	wantCode(t, err, "25006")
	if err := tx.Commit(ctx); !errors.Is(err, minisql.ErrTxCommitRollback) {
		t.Fatal(err)
	}
	if err := tx.Rollback(ctx); !errors.Is(err, minisql.ErrTxClosed) {
		t.Fatal(err)
	}
	tx = must2(db.BeginTx(ctx, minisql.TxOptions{IsoLevel: minisql.Serializable}))
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}

	// Several statements without a transaction are one.
	_, err = db.Exec(ctx, "insert into t values (10); insert into t values (1)")
	wantCode(t, err, minisql.CodeUniqueViolation)
	if count() != 2 {
		t.Fatal("half of a text was committed")
	}
	// A transaction left open is rolled back when its session is given back.
	s := must2(db.Acquire(ctx))
	exec(t, s, "begin; delete from t")
	s.Release()
	if count() != 2 {
		t.Fatal("released, not rolled back")
	}
	// Rows that are open do not keep a transaction from being rolled back.
	tx = must2(db.Begin(ctx))
	must(tx.Query(ctx, "select generate_series(1, 100000)")).Next()
	if err := tx.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
}

// TestRunTx lets transactions collide until each has got through.
func TestRunTx(t *testing.T) { engines.Each(t, testRunTx) }

func testRunTx(t *testing.T, on engines.Engine) {
	db, ctx := open(t, on), context.Background()
	exec(t, db, "create table c (n int); insert into c values (0)")
	const workers, rounds = 4, 10
	var wg sync.WaitGroup
	errs := make(chan error, workers)
	for range workers {
		wg.Go(func() {
			for range rounds {
				err := db.RunTx(ctx, minisql.TxOptions{IsoLevel: minisql.RepeatableRead}, func(tx minisql.Tx) error {
					var n int
					if err := tx.QueryRow(ctx, "select n from c").Scan(&n); err != nil {
						return err
					}
					_, err := tx.Exec(ctx, "update c set n = $1", n+1)
					return err
				})
				if err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
	var n int
	if err := db.QueryRow(ctx, "select n from c").Scan(&n); err != nil || n != workers*rounds {
		t.Fatal(n, err)
	}

	// The context ends the attempts.
	ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	err := db.RunTx(ctx, minisql.TxOptions{}, func(minisql.Tx) error {
		return &minisql.Error{Code: minisql.CodeSerializationFailure, Message: "again"}
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
}

func TestCancel(t *testing.T) { engines.Each(t, testCancel) }

func testCancel(t *testing.T, on engines.Engine) {
	db := open(t, on)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := db.Exec(ctx, "select count(*) from generate_series(1, 1000000000)")
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 5*time.Second {
		t.Fatal(err, time.Since(began))
	}
	wantCode(t, err, minisql.CodeQueryCanceled)
	if _, err := db.Exec(ctx, "select 1"); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
}

func TestBatch(t *testing.T) { engines.Each(t, testBatch) }

func testBatch(t *testing.T, on engines.Engine) {
	db, ctx := open(t, on), context.Background()
	exec(t, db, "create table t (a int primary key)")
	b := &minisql.Batch{}
	b.Queue("insert into t values ($1)", 1)
	b.Queue("insert into t select generate_series(2, 10) returning a").Query(func(rows *minisql.Rows) error {
		all, err := minisql.CollectRows(rows, minisql.RowTo[int])
		if len(all) != 9 {
			t.Error(all, err)
		}
		return err
	})
	b.Queue("select count(*) from t").QueryRow(func(r minisql.Row) error {
		var n int
		err := r.Scan(&n)
		if n != 10 {
			t.Error(n, err)
		}
		return err
	})
	if err := db.SendBatch(ctx, b).Close(); err != nil {
		t.Fatal(err)
	}
	// After an error nothing of the batch is kept, and the rest does not run.
	b = &minisql.Batch{}
	b.Queue("insert into t values (11)")
	b.Queue("insert into t values (1)")
	b.Queue("insert into t values (12)")
	br := db.SendBatch(ctx, b)
	if tag, err := br.Exec(); err != nil || tag.RowsAffected() != 1 {
		t.Fatal(tag, err)
	}
	wantCode(t, br.Close(), minisql.CodeUniqueViolation)
	var n int
	if err := db.QueryRow(ctx, "select max(a) from t").Scan(&n); err != nil || n != 10 {
		t.Fatal(n, err)
	}
}

func TestCopy(t *testing.T) { engines.Each(t, testCopy) }

func testCopy(t *testing.T, on engines.Engine) {
	db, ctx := open(t, on), context.Background()
	exec(t, db, "create table t (a int primary key, b text, c numeric(6,2), d timestamptz, e int[])")
	s := must2(db.Acquire(ctx))
	defer s.Release()
	at := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	n, err := s.CopyFrom(ctx, minisql.Identifier{"public", "t"}, []string{"a", "b", "c", "d", "e"}, minisql.CopyFromSlice(5000, func(i int) ([]any, error) {
		return []any{i, fmt.Sprint("row ", i), "1.5", at, []int{i}}, nil
	}))
	if err != nil || n != 5000 {
		t.Fatal(n, err)
	}
	var out bytes.Buffer
	tag, err := s.CopyTo(ctx, &out, "copy (select * from t where a < 2 order by a) to stdout (format csv)")
	if err != nil || tag.String() != "COPY 2" || out.String() != "0,row 0,1.50,2020-01-02 03:04:05+00,{0}\n1,row 1,1.50,2020-01-02 03:04:05+00,{1}\n" {
		t.Fatal(tag, err, out.String())
	}
	if tag, err := s.CopyFromReader(ctx, strings.NewReader("9999\tx\n"), "copy t (a, b) from stdin"); err != nil || tag.String() != "COPY 1" {
		t.Fatal(tag, err)
	}
	boom := errors.New("boom")
	_, err = s.CopyFrom(ctx, minisql.Identifier{"t"}, []string{"a"}, minisql.CopyFromSlice(20000, func(i int) ([]any, error) {
		if i == 15000 {
			return nil, boom
		}
		return []any{i + 10000}, nil
	}))
	if !errors.Is(err, boom) {
		t.Fatal(err)
	}
	var count int
	if err := s.QueryRow(ctx, "select count(*) from t").Scan(&count); err != nil || count != 5001 {
		t.Fatal(count, err)
	}
	if _, err := s.Query(ctx, "copy t to stdout"); err == nil {
		t.Fatal("COPY through Query")
	}
}

func TestNotice(t *testing.T) { engines.Each(t, testNotice) }

func testNotice(t *testing.T, on engines.Engine) {
	db, ctx := open(t, on), context.Background()
	var got []string
	s := must2(db.Session(ctx, &minisql.SessionOptions{OnNotice: func(n *minisql.Notice) { got = append(got, n.Severity+" "+n.Message) }}))
	defer s.Close()
	exec(t, s, "drop table if exists nowhere")
	exec(t, s, "commit")
	want := []string{`NOTICE table "nowhere" does not exist, skipping`, "WARNING there is no transaction in progress"}
	if !reflect.DeepEqual(got, want) {
		t.Fatal(got)
	}
}

// TestReopen keeps what was committed, and one process at a time in a directory.
func TestReopen(t *testing.T) { engines.Each(t, testReopen) }

func testReopen(t *testing.T, on engines.Engine) {
	dir, ctx := t.TempDir(), context.Background()
	db, err := minisql.Open(dir, options(on))
	if err != nil {
		t.Fatal(err)
	}
	exec(t, db, "create table t (a serial primary key, b text); insert into t (b) values ('kept')")
	_, err = minisql.Open(dir, nil)
	wantCode(t, err, "55006")
	rows := must(db.Query(ctx, "select generate_series(1, 1000000)"))
	rows.Next()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if rows.Next(); rows.Next() && rows.Err() == nil {
		t.Fatal("rows outlive their database")
	}
	if _, err := db.Exec(ctx, "select 1"); !errors.Is(err, minisql.ErrClosed) {
		t.Fatal(err)
	}
	if db, err = minisql.Open(dir, nil); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var b string
	if err := db.QueryRow(ctx, "select b from t where a = 1").Scan(&b); err != nil || b != "kept" {
		t.Fatal(b, err)
	}
}

// TestKeepsEngine opens a directory with the engine that it was not made with.
func TestKeepsEngine(t *testing.T) { engines.Each(t, testKeepsEngine) }

func testKeepsEngine(t *testing.T, on engines.Engine) {
	dir := t.TempDir()
	db, err := minisql.Open(dir, options(on))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if is, err := minisql.StorageOf(dir); is != minisql.Storage(on) || err != nil {
		t.Fatal(is, err)
	}
	for _, other := range engines.All {
		if other != on {
			_, err := minisql.Open(dir, options(other))
			wantCode(t, err, "22023")
			_, err = openSQL(t, dir+"?storage="+string(other)).Exec("select 1")
			wantCode(t, err, "22023")
		}
	}
}

// TestCloseEndsStatements closes a database under a statement that would run forever.
func TestCloseEndsStatements(t *testing.T) { engines.Each(t, testCloseEndsStatements) }

func testCloseEndsStatements(t *testing.T, on engines.Engine) {
	db, err := minisql.Open("", options(on))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := db.Exec(context.Background(), "select count(*) from generate_series(1, 100000000000)")
		done <- err
	}()
	time.Sleep(20 * time.Millisecond)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err == nil {
		t.Fatal("the statement ended by itself")
	}
}
