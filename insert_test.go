package minisql_test

import (
	"fmt"
	"testing"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/internal/engines"
	"github.com/minisql/minisql/sqlerr"
)

// TestLoadMeetsOthers: a transaction that inserts keys in order finds every key that was there
// before, or that others have committed meanwhile just ahead of it.
func TestLoadMeetsOthers(t *testing.T) { engines.Each(t, testLoadMeetsOthers) }

func testLoadMeetsOthers(t *testing.T, on engines.Engine) {
	db := open(t, on)
	ctx := t.Context()
	must := func(_ minisql.CommandTag, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, there := range []string{"empty", "deleted", "sparse"} {
		t.Run(there, func(t *testing.T) {
			must(db.Exec(ctx, "drop table if exists t; create table t (id bigint primary key, v int)"))
			switch there {
			case "deleted":
				must(db.Exec(ctx, "insert into t select g, 0 from generate_series(1, 1000) g"))
				must(db.Exec(ctx, "delete from t"))
			case "sparse":
				must(db.Exec(ctx, "insert into t select 1000 * g, 0 from generate_series(1, 10) g"))
			}
			tx, err := db.Begin(ctx)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = tx.Rollback(ctx) }()
			insert := func(id int) error {
				_, err := tx.Exec(ctx, "insert into t values ($1, 1)", id)
				return err
			}
			for i := 1; i <= 100; i++ {
				if err := insert(i); err != nil {
					t.Fatal(err)
				}
			}
			must(db.Exec(ctx, "insert into t values (103, 2)"))
			must(db.Exec(ctx, "insert into t values (105, 2)"))
			must(db.Exec(ctx, "delete from t where id = 105"))
			for i := 101; i <= 110; i++ {
				must(tx.Exec(ctx, "savepoint s"))
				err := insert(i)
				if taken := i == 103; taken != (minisql.CodeOf(err) == sqlerr.UniqueViolation) || !taken && err != nil {
					t.Errorf("insert of %d: %v", i, err)
				}
				if err != nil {
					must(tx.Exec(ctx, "rollback to s"))
				}
			}
			for i := 111; i < 200; i++ {
				if err := insert(i); err != nil {
					t.Fatal(err)
				}
			}
			if there == "sparse" {
				if err := insert(1000); minisql.CodeOf(err) != sqlerr.UniqueViolation {
					t.Errorf("insert of a key that was there: %v", err)
				}
				return
			}
			if err := tx.Commit(ctx); err != nil {
				t.Fatal(err)
			}
			var got string
			if err := db.QueryRow(ctx, "select count(*) || ' ' || sum(v) || ' ' || max(id) from t").Scan(&got); err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprint(199, " ", 200, " ", 199); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}
