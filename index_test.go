package minisql_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/internal/engines"
)

// TestLongestKeys stores what is just short enough for an index, and is refused what is just
// too long by the statement: a key in the store has the row's key at its end, and no commit
// fails for it. internal/e2e compares the limit of the values themselves with PostgreSQL.
func TestLongestKeys(t *testing.T) { engines.Each(t, testLongestKeys) }

func testLongestKeys(t *testing.T, on engines.Engine) {
	dir, ctx := filepath.Join(t.TempDir(), "db"), context.Background()
	db, err := minisql.Open(dir, options(on))
	if err != nil {
		t.Fatal(err)
	}
	exec(t, db, `create table t (id text primary key, a text, b bytea);
		create index t_a on t (a); create unique index t_b on t (b)`)
	x := func(n int) string { return strings.Repeat("x", n) }
	stored := 0
	for _, c := range []struct {
		id, a int // lengths
		b     any
		err   string
	}{
		{2692, 1, nil, ""},
		{1, 2692, nil, ""},
		{2693, 1, nil, `index row size 2712 exceeds btree version 4 maximum 2704 for index "t_pkey"`},
		// Prefix 9, and 3 more bytes for each text.
		{2000, 1985, nil, ""},
		{2001, 1985, nil, `index row size 3992 exceeds btree version 4 maximum 2704 for index "t_a"`},
		{2691, 2692, nil, `index row size 5389 exceeds btree version 4 maximum 2704 for index "t_a"`},
		// A zero takes two bytes.
		{2, 1, make([]byte, 1994), ""},
		{3, 1, make([]byte, 1995), `index row size 3993 exceeds btree version 4 maximum 2704 for index "t_b"`},
		// PostgreSQL would compress it.
		{4, 100_000, nil, "index row requires 100016 bytes, maximum size is 8191"},
	} {
		_, err := db.Exec(ctx, "insert into t values ($1, $2, $3)", x(c.id), x(c.a), c.b)
		if c.err == "" {
			if err != nil {
				t.Fatalf("%d and %d bytes: %v", c.id, c.a, err)
			}
			stored++
			continue
		}
		wantCode(t, err, "54000")
		e, _ := errors.AsType[*minisql.Error](err)
		if e.Message != c.err {
			t.Errorf("%d and %d bytes: %s, want %s", c.id, c.a, e.Message, c.err)
		}
		if strings.Contains(c.err, "btree") && (e.Detail != `Index row references a tuple in relation "t".` || e.Table != "t" || e.Constraint == "" ||
			e.Hint != "Values larger than 1/3 of a buffer page cannot be indexed.\nConsider a function index of an MD5 hash of the value, or use full text indexing.") {
			t.Errorf("%+v", e)
		}
	}
	var n int
	if err := db.QueryRow(ctx, "select count(*) from t where a = $1 or id = $2 or length(a) > 0", x(10_000), x(10_000)).Scan(&n); err != nil || n != stored {
		t.Error(n, err)
	}
	exec(t, db, "update t set a = 'short', id = 'k' || length(id); delete from t where b is null")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if faults := faultsOf(t, dir); faults != "" {
		t.Error(faults)
	}
}
