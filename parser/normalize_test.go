package parser

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestNormalize(t *testing.T) {
	for sql, want := range map[string]string{
		"select * from t where id = 5":                                             "select * from t where id = $1 | int4 5",
		"SELECT  a FROM t WHERE b='x''y' and c>-3;":                                "SELECT a FROM t WHERE b = $1 and c > - $2 | string x'y, int4 3",
		"insert into t values (1, 2147483648, 1.5, 'a')":                           "insert into t values ( $1 , $2 , $3 , $4 ) | int4 1, int8 2147483648, num 1.5, string a",
		"update t set a = a + 1 where b in (1, 2)":                                 "update t set a = a + $1 where b in ( $2 , $3 ) | int4 1, int4 1, int4 2",
		"delete from t where a like 'x%' limit 5":                                  "delete from t where a like $1 limit $2 | string x%, int4 5",
		"select a from t where b = 1 order by 2, c limit 10":                       "select a from t where b = $1 order by 2 , c limit $2 | int4 1, int4 10",
		"select a from t where b < (select c from u order by 1 limit 1) and d = 2": "select a from t where b < ( select c from u order by 1 limit $1 ) and d = $2 | int4 1, int4 2",
		"select a::numeric(10,2) from t where b = 1":                               "select a :: numeric ( 10 , 2 ) from t where b = $1 | int4 1",
		"select cast(a as varchar(5)) from t where b = 1":                          "select cast ( a as varchar ( 5 ) ) from t where b = $1 | int4 1",
		"select date '2020-01-01', interval '1' day where a = 1":                   "select date '2020-01-01' , interval '1' day where a = $1 | int4 1",
		"select extract('year' from a) = 1":                                        "select extract ( 'year' from a ) = $1 | int4 1",
		"select a at time zone 'utc' = 'x'":                                        "select a at time zone 'utc' = $1 | string x",
		"select a like 'b' escape '\\'":                                            "select a like $1 escape '\\' | string b",
		"select current_timestamp(3), f(3)":                                        "select current_timestamp ( 3 ) , f ( $1 ) | int4 3",
		"with x as (select 1) select 'a' from x":                                   "with x as ( select $1 ) select $2 from x | int4 1, string a",
		"select - 2147483648, -1":                                                  "select - 2147483648 , - $1 | int4 1",
		"select 1; select 2":                                                       "no",
		"select a from t":                                                          "no",
		"select a + 1 from t group by a + 1":                                       "no",
		"select distinct a + 1 from t order by a + 1":                              "no",
		"select $1, 2":                       "no",
		"create table t (a int default 5)":   "no",
		"select a into t from u where b = 1": "no",
		"select 'x":                          "no",
		"select x'1f', 5":                    "no",
		"begin":                              "no",
		"explain select 1":                   "no",
		"select f(3) 'x'":                    "no",
	} {
		key, literals, ok := Normalize(sql)
		got := "no"
		if ok {
			var list []string
			for _, l := range literals {
				list = append(list, [...]string{"int4", "int8", "num", "string"}[l.Kind]+" "+l.Value)
			}
			got = key + " | " + strings.Join(list, ", ")
			checkNormalized(t, sql, key, literals)
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", sql, got, want)
		}
	}
}

// checkNormalized puts the literals back into the key's tree, which must then
// mean what the statement means.
func checkNormalized(t testing.TB, sql, key string, literals []Literal) {
	t.Helper()
	want, err := Parse(sql)
	if err != nil {
		return // Normalize does not promise to find errors
	}
	stmts, err := Parse(key)
	if err != nil || len(stmts) != 1 || len(want) != 1 {
		t.Errorf("%s: key %s does not parse as one statement: %v", sql, key, err)
		return
	}
	text := key
	for i := len(literals); i >= 1; i-- {
		value := literals[i-1].Value
		if literals[i-1].Kind == LiteralString {
			value = "'" + strings.ReplaceAll(value, "'", "''") + "'"
		}
		if n := strings.Count(text, fmt.Sprintf("$%d", i)); n == 0 {
			t.Errorf("%s: $%d is missing in %s", sql, i, text)
			return
		}
		text = replaceParam(text, i, value)
	}
	again, err := Parse(text)
	if err != nil || !equalTrees(reflect.ValueOf(want[0].Node), reflect.ValueOf(again[0].Node)) {
		t.Errorf("%s: key %s with its literals means %s (%v)", sql, key, text, err)
	}
}

// replaceParam replaces $n by value, token by token.
func replaceParam(text string, n int, value string) string {
	l := lexer{src: text}
	for {
		switch t := l.next(); {
		case t.kind == tEOF:
			return text
		case t.kind == tParam && t.str == fmt.Sprint(n):
			return text[:t.pos] + value + text[t.end:]
		}
	}
}
