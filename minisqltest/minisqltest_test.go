package minisqltest_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/internal/engines"
	"github.com/minisql/minisql/minisqltest"
)

// fakeT is a test that does not fail.
type fakeT struct {
	testing.TB // nil: what is not here must not be called
	mu         sync.Mutex
	errors     []string
	cleanups   []func()
	ended      bool
}

func (f *fakeT) Helper()                   {}
func (f *fakeT) Logf(string, ...any)       { f.during() }
func (f *fakeT) Cleanup(do func())         { f.cleanups = append(f.cleanups, do) }
func (f *fakeT) Fatalf(s string, a ...any) { panic(fmt.Sprintf(s, a...)) }
func (f *fakeT) Errorf(s string, a ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.during()
	f.errors = append(f.errors, fmt.Sprintf(s, a...))
}

func (f *fakeT) during() {
	if f.ended {
		panic("used after the end of the test")
	}
}

func (f *fakeT) end() {
	for i := len(f.cleanups) - 1; i >= 0; i-- {
		f.cleanups[i]()
	}
	f.ended = true
}

const stock = `create table product (id int primary key, stock int); insert into product values (1, 10)`

// race has two customers buy, one with what reads and one with what writes between.
func race(t *testing.T, one, two *pgx.Conn, read string) {
	t.Helper()
	ctx := t.Context()
	for _, step := range []struct {
		by  *pgx.Conn
		sql string
	}{
		{one, "begin"}, {one, read}, {two, "update product set stock = stock - 1 where id = 1"}, {one, "update product set stock = 9 where id = 1"}, {one, "commit"},
	} {
		if _, err := step.by.Exec(ctx, step.sql); err != nil {
			t.Fatal(step.sql, err)
		}
	}
}

// TestFailOnAnomaly wants a test to fail by its racing transactions, at once and with the reason, and by nothing
// else.
func TestFailOnAnomaly(t *testing.T) { engines.Each(t, testFailOnAnomaly) }

func testFailOnAnomaly(t *testing.T, on engines.Engine) {
	for _, tc := range []struct {
		name, read string
		opts       []minisqltest.Option
		want       []string
	}{
		{"a race", "select stock from product where id = 1", []minisqltest.Option{minisqltest.FailOnAnomaly()},
			[]string{"anomaly: lost update of pid ", ` in "select stock from product where id = 1"`, "read table product at (id)=(1)", "(this transaction, pid "}},
		{"no race", "select 1", []minisqltest.Option{minisqltest.FailOnAnomaly()}, nil},
		{"nobody looks", "select stock from product where id = 1", nil, nil},
		{"somebody else looks", "select stock from product where id = 1", []minisqltest.Option{minisqltest.OnAnomaly(func(minisql.Anomaly) {})}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := &fakeT{}
			db := minisqltest.New(f, append(tc.opts, minisqltest.On(minisql.Storage(on)), minisqltest.Setup(stock))...)
			race(t, db.Connect(), db.Connect(), tc.read)
			if got := len(f.errors); got != min(1, len(tc.want)) {
				t.Fatalf("%d failures at the commit: %q", got, f.errors)
			}
			for _, w := range tc.want {
				if !strings.Contains(f.errors[0], w) {
					t.Errorf("%q is not in %q", w, f.errors[0])
				}
			}
			n := len(f.errors)
			f.end()
			if len(f.errors) != n {
				t.Errorf("the end of the test failed: %q", f.errors[n:])
			}
		})
	}
}

// TestClients wants every client to see the same database, and each test its own.
func TestClients(t *testing.T) { engines.Each(t, testClients) }

func testClients(t *testing.T, on engines.Engine) {
	ctx := context.Background()
	f := &fakeT{}
	db := minisqltest.New(f, minisqltest.On(minisql.Storage(on)), minisqltest.Setup(stock), minisqltest.Setup("update product set stock = 11"), minisqltest.Setting("timezone", "Europe/Berlin"))
	conn, pool, std := db.Connect(), db.Pool(), db.SQL()
	if pool != db.Pool() || std != db.SQL() {
		t.Error("a second pool")
	}
	const query = "select stock, current_setting('timezone') from product where id = $1"
	for name, row := range map[string]interface{ Scan(...any) error }{
		"conn": conn.QueryRow(ctx, query, 1), "pool": pool.QueryRow(ctx, query, 1), "sql": std.QueryRow(query, 1), "db": db.QueryRow(ctx, query, 1),
	} {
		var n int
		var zone string
		if err := row.Scan(&n, &zone); err != nil || n != 11 || zone != "Europe/Berlin" {
			t.Error(name, n, zone, err)
		}
	}
	if other := minisqltest.New(t, minisqltest.On(minisql.Storage(on))); other.QueryRow(ctx, query, 1).Scan(new(int)) == nil {
		t.Error("another test's database has the table")
	}
	// More than a pipe holds, in both directions at once.
	long := strings.Repeat("x", 1<<20)
	var batch pgx.Batch
	for range 8 {
		batch.Queue("select $1::text", long)
	}
	if err := conn.SendBatch(ctx, &batch).Close(); err != nil {
		t.Error(err)
	}
	// What a test leaves open does not keep it from ending.
	var held []interface{ Release() }
	c, err := pool.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	held = append(held, c)
	if _, err := c.Exec(ctx, "begin; update product set stock = 0"); err != nil {
		t.Error(err)
	}
	tx, err := std.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	f.end()
	for _, h := range held {
		h.Release()
	}
	if err := tx.Commit(); err == nil {
		t.Error("a commit after the end")
	}
	if err := conn.Ping(ctx); err == nil {
		t.Error("a connection after the end")
	}
	if _, err := pool.Exec(ctx, "select 1"); err == nil {
		t.Error("a pool after the end")
	}
}

// TestOwnConfig wants clients to be able to have their own configuration.
func TestOwnConfig(t *testing.T) {
	db := minisqltest.New(t)
	c := db.PoolConfig()
	c.MaxConns = 3
	c.ConnConfig.RuntimeParams["application_name"] = "shop"
	pool, err := pgxpool.NewWithConfig(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var name string
	if err := pool.QueryRow(t.Context(), "show application_name").Scan(&name); err != nil || name != "shop" {
		t.Error(name, err)
	}
}
