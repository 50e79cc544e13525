package minisql_test

import (
	"context"
	"fmt"
	"strings"
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

// BenchmarkJoin joins two tables of 1,000,000 rows on their primary keys: in the order of the key, the first ten rows of
// that, and by a column of one that is in no order. The ways are those that the settings leave.
func BenchmarkJoin(b *testing.B) {
	db, ctx := open(b, engines.BTree), context.Background()
	for _, t := range []string{"a", "b"} {
		exec(b, db, "create table "+t+" (id int primary key, x int, v text)")
		exec(b, db, "insert into "+t+" select g, (g * 7919::bigint) % 1000000, 'value ' || g from generate_series(1, 1000000) g")
	}
	exec(b, db, "analyze")
	for _, q := range []struct{ name, sql string }{
		{"ordered", "select a.id, a.v, b.v from a join b on a.id = b.id order by a.id"},
		{"first", "select a.id, a.v, b.v from a join b on a.id = b.id order by b.id desc limit 10"},
		{"grouped", "select count(*) from (select b.id from a join b on a.id = b.id group by b.id) g"},
		{"one-sorted", "select count(a.v), count(b.v) from a join b on a.id = b.x"},
	} {
		for _, way := range []struct{ name, off string }{
			{"chosen", ""}, {"merge", "hashjoin nestloop"}, {"hash", "mergejoin nestloop"}, {"lookup", "mergejoin hashjoin"},
		} {
			b.Run(fmt.Sprintf("query=%s/way=%s", q.name, way.name), func(b *testing.B) {
				s := must2(db.Acquire(ctx))
				defer s.Release()
				exec(b, s, "reset all")
				for m := range strings.FieldsSeq(way.off) {
					exec(b, s, "set enable_"+m+" = off")
				}
				for b.Loop() {
					rows := must(s.Query(ctx, q.sql))
					for rows.Next() {
					}
					if err := rows.Err(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
