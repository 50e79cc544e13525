package minisql_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/internal/engines"
)

// BenchmarkPointSelect is the budget of a prepared point select through the library:
// ≤ 3 µs and ≤ 5 allocations with the data cached.
func BenchmarkPointSelect(b *testing.B) {
	db, ctx := open(b, engines.BTree), context.Background()
	exec(b, db, "create table t (a int primary key, b text)")
	exec(b, db, "insert into t select g, 'value ' || g from generate_series(1, 10000) g")
	s := must2(db.Acquire(ctx))
	defer s.Release()
	for _, c := range []struct {
		name string
		on   interface {
			QueryRow(context.Context, string, ...any) minisql.Row
		}
	}{{"session", s}, {"db", db}} {
		b.Run(fmt.Sprintf("on=%s", c.name), func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			var v string
			for b.Loop() {
				i++
				if err := c.on.QueryRow(ctx, "select b from t where a = $1", i%10000+1).Scan(&v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
