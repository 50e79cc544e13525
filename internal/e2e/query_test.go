package e2e

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/minisql/minisql/internal/engines"
	"github.com/minisql/minisql/pgwire"
)

// TestQueriesAlone wants a query that is all of its transaction to be known as one, in every protocol, and one that others
// may follow not to be.
func TestQueriesAlone(t *testing.T) { engines.Each(t, testQueriesAlone) }

func testQueriesAlone(t *testing.T, on engines.Engine) {
	ctx := context.Background()
	url := serveInProcess(t, on, pgwire.Options{})
	watch := connect(t, url)
	if _, err := watch.Exec(ctx, "create table t (id int primary key); insert into t values (1), (2), (3)"); err != nil {
		t.Fatal(err)
	}
	safe := func() (n int) {
		t.Helper()
		if err := watch.QueryRow(ctx, "select safe_snapshots from minisql.ssi").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	cfg.RuntimeParams["default_transaction_isolation"] = "serializable"
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		cfg.DefaultQueryExecMode = mode
		conn, err := pgx.ConnectConfig(ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		const query = "select count(*) from t where id > $1"
		one := func(q interface {
			QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
		}) error {
			var n int
			err := q.QueryRow(ctx, query, 1).Scan(&n)
			if err == nil && n != 2 {
				err = fmt.Errorf("%d rows", n)
			}
			return err
		}
		for _, tc := range []struct {
			name string
			do   func() error
			want int
		}{
			{"alone", func() error { return one(conn) }, 1},
			{"again", func() error { return one(conn) }, 1},
			{"in a block", func() error { return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return one(tx) }) }, 0},
			{"with others", func() error {
				b := &pgx.Batch{}
				b.Queue(query, 1)
				b.Queue("update t set id = id where id = 1")
				return conn.SendBatch(ctx, b).Close()
			}, 0},
		} {
			before := safe()
			if err := tc.do(); err != nil {
				t.Fatalf("%v, %s: %v", mode, tc.name, err)
			}
			if got := safe() - before; got != tc.want {
				t.Errorf("%v, %s: %d queries were alone, want %d", mode, tc.name, got, tc.want)
			}
		}
		if err := conn.Close(ctx); err != nil {
			t.Error(err)
		}
	}
}
