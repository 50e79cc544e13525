package minisql_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
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

// BenchmarkLoad asks what a row costs that a prepared INSERT adds, one of many in a
// transaction of database/sql: the statements and their share of the commit. Rows that were
// deleted before lie below, as garbage or not yet.
func BenchmarkLoad(b *testing.B) {
	const rows = 100_000
	for _, on := range engines.All {
		b.Run(fmt.Sprintf("engine=%s", on), func(b *testing.B) {
			db := must2(sql.Open("minisql", filepath.Join(b.TempDir(), "db")+"?storage="+string(on)))
			db.SetMaxOpenConns(1)
			b.Cleanup(func() { _ = db.Close() })
			must2(db.Exec("create table t (id bigint primary key, v bigint not null, s text not null)"))
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				must2(db.Exec("delete from t"))
				b.StartTimer()
				tx := must2(db.Begin())
				st := must2(tx.Prepare("insert into t values ($1, $2, $3)"))
				for i := range rows {
					if _, err := st.Exec(i, i*7, "some text that is a little longer than a word"); err != nil {
						b.Fatal(err)
					}
				}
				if err := tx.Commit(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
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
