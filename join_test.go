package minisql_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/internal/engines"
)

var joinSeed = flag.Uint64("join.seed", 0, "seed of TestJoinsAgree; 0 draws one")

// TestJoinsAgree joins random tables in random ways, each by merging, by hashing and by
// nested loops: the rows are the same, and sorted if they are to be.
func TestJoinsAgree(t *testing.T) { engines.Each(t, testJoinsAgree) }

func testJoinsAgree(t *testing.T, on engines.Engine) {
	seed := *joinSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	db := open(t, on)
	s := must2(db.Acquire(context.Background()))
	defer s.Release()
	rounds := 16
	if testing.Short() {
		rounds = 4
	}
	merged := 0
	for range rounds {
		j := &joinTest{r: r, s: s, t: t}
		j.tables()
		for range 12 {
			merged += j.compare()
		}
	}
	if merged < rounds*8 {
		t.Errorf("only %d of %d joins were merged", merged, rounds*12)
	}
}

type joinTest struct {
	r *rand.Rand
	s *minisql.Session
	t *testing.T
}

func (j *joinTest) pick(of ...string) string { return of[j.r.IntN(len(of))] }

// tables makes l and r anew. Their columns a and b are numbers of several types, c is text
// and d numeric, all with few values, some NULL; one value may be that of many rows.
func (j *joinTest) tables() {
	exec(j.t, j.s, "drop table if exists l, r")
	crowded := j.pick("l", "r", "", "", "")
	for _, name := range []string{"l", "r"} {
		rows := j.r.IntN(40)
		many := j.r.IntN(4)
		if name == crowded {
			many = 1100 + j.r.IntN(1500)
		}
		key := j.pick("id int primary key", "id bigint primary key", "id int")
		exec(j.t, j.s, fmt.Sprintf("create table %s (%s, a %s, b %s, c text, d numeric, z int)", name, key,
			j.pick("smallint", "int", "bigint"), j.pick("int", "bigint")))
		few := 1 + j.r.IntN(12)
		null := j.pick("1", "3", "1000")
		exec(j.t, j.s, fmt.Sprintf(`insert into %s select g, nullif((g * 7 + %d) %% %d, %s %% %d), g / 3 %% %d, nullif('v' || g * 5 %% %d, 'v1'), (g %% %d)::numeric / 2, g %% 10
			from generate_series(1, %d) g`, name, j.r.IntN(9), few, null, few, few, few, few, rows))
		// Not all texts of a number look alike.
		exec(j.t, j.s, fmt.Sprintf("update %s set d = d + 0.00 where id %% 2 = 0", name))
		exec(j.t, j.s, fmt.Sprintf("insert into %s select %d + g, 2, 1, 'v2', 1.50, g %% 10 from generate_series(1, %d) g", name, rows, many))
		for range j.r.IntN(3) {
			exec(j.t, j.s, fmt.Sprintf("create index on %s (%s)", name, j.pick("a", "a desc", "a nulls first, b", "b, a desc", "c", "d", "c desc, a")))
		}
		if j.r.IntN(2) == 0 {
			exec(j.t, j.s, "analyze "+name)
		}
	}
}

// compare runs one join in all ways, and returns 1 if it was merged.
func (j *joinTest) compare() int {
	var on []string
	for range 1 + j.r.IntN(2) {
		on = append(on, j.pick("l.a = r.a", "r.b = l.a", "l.id = r.id", "l.c = r.c", "l.d = r.d", "l.a + 1 = r.b", "l.b = r.id", "l.id = r.b"))
	}
	if j.r.IntN(3) == 0 {
		on = append(on, j.pick("l.z < r.z", "l.z + r.z = 9", "l.c > r.c"))
	}
	cond := strings.Join(on, " and ")
	var sql, sorted string
	switch j.r.IntN(7) {
	case 0:
		sql = "select l.* from l where exists (select from r where " + cond + ")"
		sorted = j.pick("", "l.a, l.b, l.id", "l.id desc")
	case 1:
		sql = "select l.* from l where not exists (select from r where " + cond + ")"
		sorted = j.pick("", "l.a, l.b, l.id", "l.id desc")
	case 2:
		// The subplan runs again for each row of v.
		sql = "select n, (select count(*) from l join r on " + cond + " and l.z < n) from (values (3), (8), (1)) v (n)"
	case 3:
		sql = "select l.a, count(*), count(r.z), sum(r.id) from l left join r on " + cond + " group by l.a"
	default:
		kind := j.pick("inner", "left", "right", "full")
		sql = "select l.*, r.* from l " + kind + " join r on " + cond
		if kind == "inner" && j.r.IntN(3) == 0 {
			sql += " join l m on m.id = r.id"
		}
		sorted = j.pick("", "l.a desc, r.b", "r.id, l.id", "l.id, r.id", "r.a nulls first, l.a", "l.c, l.a desc nulls last", "l.d")
	}
	if sorted != "" {
		sql += " order by " + sorted
	}
	exec(j.t, j.s, "reset all")
	exec(j.t, j.s, "set work_mem = '"+j.pick("64kB", "4MB")+"'")
	if j.r.IntN(3) == 0 {
		exec(j.t, j.s, "set enable_sort = off")
	}
	want := ""
	plans := ""
	for _, off := range []string{"", "hashjoin nestloop", "mergejoin nestloop", "mergejoin hashjoin"} {
		for _, m := range []string{"hashjoin", "mergejoin", "nestloop"} {
			exec(j.t, j.s, fmt.Sprintf("set enable_%s = %v", m, !strings.Contains(off, m)))
		}
		plan := strings.Join(j.rows("explain (costs off) "+sql), "\n")
		if off == "hashjoin nestloop" {
			plans = plan
		}
		rows := j.rows(sql)
		if sorted != "" {
			j.checkOrder(sql, sorted)
		}
		slices.Sort(rows)
		if got := strings.Join(rows, "\n"); off == "" {
			want = got
		} else if got != want {
			j.t.Fatalf("%s, without %s\n%s\ngot\n%.2000s\nwant\n%.2000s", sql, off, plan, got, want)
		}
	}
	if strings.Contains(plans, "Merge ") {
		return 1
	}
	return 0
}

// checkOrder compares the order of the rows with that of a sort of them.
func (j *joinTest) checkOrder(sql, sorted string) {
	body, _, _ := strings.Cut(sql, " order by ")
	// Equal numerics may look different.
	cols := strings.NewReplacer(" desc", "", " nulls first", "", " nulls last", "", "l.d", "l.d::float8").Replace(sorted)
	_, from, _ := strings.Cut(body, " from ")
	got := j.rows("select " + cols + " from " + from + " order by " + sorted)
	// A materialized query does not come in any order that the planner knows.
	var names, keys []string
	for i, k := range strings.Split(sorted, ", ") {
		col, how, _ := strings.Cut(k, " ")
		names = append(names, fmt.Sprintf("%s as k%d", strings.Replace(col, "l.d", "l.d::float8", 1), i))
		keys = append(keys, fmt.Sprintf("k%d %s", i, how))
	}
	want := j.rows("with q as materialized (select " + strings.Join(names, ", ") + " from " + from + ") select * from q order by " + strings.Join(keys, ", "))
	if !slices.Equal(got, want) {
		j.t.Fatalf("%s\nis not sorted: got\n%.2000s\nwant\n%.2000s", sql, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func (j *joinTest) rows(sql string) []string {
	rows := must(j.s.Query(context.Background(), sql))
	var out []string
	for rows.Next() {
		vals, err := rows.Values()
		if err != nil {
			j.t.Fatal(err)
		}
		out = append(out, fmt.Sprint(vals...))
	}
	if err := rows.Err(); err != nil {
		j.t.Fatalf("%s: %v", sql, err)
	}
	return out
}

// TestMergeJoinCanceled stops a join in the middle of two groups of equal rows that give no row.
func TestMergeJoinCanceled(t *testing.T) { engines.Each(t, testMergeJoinCanceled) }

func testMergeJoinCanceled(t *testing.T, on engines.Engine) {
	db := open(t, on)
	s := must2(db.Acquire(context.Background()))
	defer s.Release()
	exec(t, s, "create table l as select 1 as k, g as v from generate_series(1, 20000) g")
	exec(t, s, "create table r as select * from l")
	for _, setting := range []string{"enable_hashjoin = off", "enable_nestloop = off", "statement_timeout = '100ms'"} {
		exec(t, s, "set "+setting)
	}
	_, err := s.Exec(context.Background(), "select from l join r on l.k = r.k and l.v + r.v < 0")
	wantCode(t, err, "57014")
}
