package parser

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/minisql/minisql/sqlerr"
)

func TestInvalidEncoding(t *testing.T) {
	for _, c := range []struct{ sql, want string }{
		{"select '\xff'", `invalid byte sequence for encoding "UTF8": 0xff`},
		{"select '\xc3'", `invalid byte sequence for encoding "UTF8": 0xc3 0x27`},
		{"select '\xe2\x82", `invalid byte sequence for encoding "UTF8": 0xe2 0x82`},
		{"select '\xed\xa0\x80'", `invalid byte sequence for encoding "UTF8": 0xed 0xa0 0x80`},
		{"select '\xf8'", `invalid byte sequence for encoding "UTF8": 0xf8`},
		{"select '\x00'", `invalid byte sequence for encoding "UTF8": 0x00`},
	} {
		_, err := Parse(c.sql)
		if e := sqlerr.As(err); e == nil || e.Message != c.want || e.Code != sqlerr.CharacterNotInRepertoire {
			t.Errorf("%q: %v, want %s", c.sql, err, c.want)
		}
	}
}

// TestDepth feeds what nests or grows without end: it must parse or be refused
// with 54001, in time linear to its length, and what parses must format.
func TestDepth(t *testing.T) {
	const n = 100_000
	rep := strings.Repeat
	for name, c := range map[string]struct {
		sql string
		ok  bool
	}{
		"parens":            {"select " + rep("(", n) + "1" + rep(")", n), false},
		"open parens":       {"select " + rep("(", n), false},
		"open selects":      {rep("(select ", n), false},
		"subqueries":        {rep("select (", n) + "1" + rep(")", n), false},
		"from subqueries":   {rep("select * from (", n) + "select 1" + rep(") x", n), false},
		"table parens":      {"select * from " + rep("(", n) + "a", false},
		"table selects":     {"select * from " + rep("(", n) + "select 1", false},
		"plus chain":        {"select 1" + rep("+1", n), false},
		"and chain":         {"select a" + rep(" and a", n), true},
		"or chain":          {"select a" + rep(" or a = 1", n), true},
		"and in or":         {"select a" + rep(" or a and b", n), true},
		"not chain":         {"select " + rep("not ", n) + "a", false},
		"minus chain":       {"select " + rep("- ", n) + "a", false},
		"cast chain":        {"select a" + rep("::int", n), false},
		"subscript chain":   {"select a" + rep("[1]", n), false},
		"is null chain":     {"select a" + rep(" is null", n), false},
		"concat chain":      {"select a" + rep("||a", 4000), true},
		"union chain":       {"select 1" + rep(" union select 1", n), false},
		"short union chain": {"select 1" + rep(" union all select 1", 1000), true},
		"join chain":        {"select * from a" + rep(" cross join a", n), false},
		"join nest":         {"select * from a" + rep(" join a", n), false},
		"case":              {"select " + rep("case when a then ", n) + "1" + rep(" end", n), false},
		"calls":             {"select " + rep("f(", n) + "1" + rep(")", n), false},
		"arrays":            {"select array" + rep("[", n) + rep("]", n), false},
		"with":              {rep("with a as (", n) + "select 1" + rep(") select 1", n), false},
		"grouping sets":     {"select 1 group by " + rep("grouping sets (", n) + "a" + rep(")", n), false},
		"long list":         {"select 1" + rep(",1", n), true},
		"many rows":         {"insert into t values (1,-1,'x'::text)" + rep(",(1,2+3,'y'::text)", n), true},
		"array bounds":      {"select a::int" + rep("[]", n), true},
		"dots":              {"select a" + rep(".a", n), true},
		"explain":           {rep("explain ", n) + "select 1", false},
		"comments":          {rep("/*", n) + rep("*/", n) + "select 1", true},
		"statements":        {rep("select 1;", n), true},
		"sort of depth":     {"select " + rep("(", 1000) + "1" + rep(")", 1000), true},
	} {
		stmts, err := Parse(c.sql)
		if c.ok && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		code := sqlerr.CodeOf(err)
		if !c.ok && (err == nil || code != sqlerr.StatementTooComplex && code != sqlerr.SyntaxError) {
			t.Errorf("%s: %v, want 54001", name, err)
		}
		if !c.ok && code == sqlerr.SyntaxError && name != "explain" {
			t.Errorf("%s: %v, want 54001", name, err)
		}
		for _, s := range stmts {
			Format(s.Node)
		}
	}
}

func TestStatementText(t *testing.T) {
	stmts, err := Parse(" select 1 ; /* x */ insert into t values (1) -- c\n;; \n commit")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range stmts {
		got = append(got, fmt.Sprintf("%d:%s", s.Start, s.Text))
	}
	if want := "1:select 1|20:insert into t values (1)|55:commit"; strings.Join(got, "|") != want {
		t.Errorf("got %s", strings.Join(got, "|"))
	}
}

// TestPositions checks that the nodes of a statement point to what PostgreSQL
// would point to.
func TestPositions(t *testing.T) {
	sql := "select a + b::int, f(x) over w, c in (1), not d from s.t as u join v on e = g order by h"
	stmts, err := Parse(sql)
	if err != nil {
		t.Fatal(err)
	}
	s := stmts[0].Node.(*SelectStmt)
	join := s.From[0].(*JoinExpr)
	for _, c := range []struct {
		n    Node
		want string
	}{
		{s, "select"},
		{s.Targets[0].Expr, "+"},
		{s.Targets[0].Expr.(*BinaryOp).Right, "::"},
		{s.Targets[1].Expr, "f(x)"},
		{s.Targets[2].Expr, "in"},
		{s.Targets[3].Expr, "not"},
		{join, "join"},
		{join.Left.(*RangeTable).Name, "s.t"},
		{join.On, "= g"},
		{s.OrderBy[0], "h"},
	} {
		if !strings.HasPrefix(sql[c.n.Position():], c.want) {
			t.Errorf("%T points to %q, want %q", c.n, sql[c.n.Position():], c.want)
		}
	}
}

func TestParseExpr(t *testing.T) {
	for sql, want := range map[string]string{
		"a > 0 and b is not null":     "a > 0 AND b IS NOT NULL",
		"nextval('s'::regclass)":      "nextval('s'::regclass)",
		"( (1) )":                     "1",
		"(select 1)":                  "(SELECT 1)",
		"a b":                         "syntax error at or near \"b\"",
		"":                            "syntax error at end of input",
		"a; b":                        "syntax error at or near \";\"",
		"-9223372036854775808":        "-9223372036854775808",
		"(-1)::bigint":                "(-1)::bigint",
		"x::timestamp with time zone": "x::timestamp with time zone",
	} {
		e, err := ParseExpr(sql)
		got := ""
		if err != nil {
			got = sqlerr.As(err).Message
		} else {
			got = Format(e)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
	}
}

func TestParseType(t *testing.T) {
	for sql, want := range map[string]string{
		"int":                  "integer",
		"varchar(10)[]":        "character varying(10)[]",
		"timestamptz":          "timestamptz",
		"char":                 "character(1)",
		"\"char\"":             "\"char\"",
		"interval day to hour": "interval day to hour",
		"pg_catalog.bpchar":    "pg_catalog.bpchar",
		"int x":                "syntax error at or near \"x\"",
	} {
		typ, err := ParseType(sql)
		got := ""
		if err != nil {
			got = sqlerr.As(err).Message
		} else {
			got = FormatType(&typ)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
	}
}

func TestOutputName(t *testing.T) {
	for expr, want := range map[string]string{
		"a.b": "b", "f(x)": "f", "1": "?column?", "a + 1": "?column?", "x::int": "x", "1::int": "int4",
		"case when a then b end": "case", "case when a then b else c end": "c", "coalesce(a, b)": "coalesce",
		"(select a from t)": "a", "(select 1 as x)": "x", "exists (select 1)": "exists", "array[1]": "array",
		"current_date": "current_date", "row(1)": "row", "true": "?column?", "(a).b": "b", "a[1]": "a",
		"date '2020-01-01'": "date", "extract(year from a)": "extract", "trim(a)": "btrim", "nullif(a, b)": "nullif",
		"a at time zone 'x'": "timezone", "least(1)": "least", "(values (1))": "column1", "a collate \"C\"": "a",
	} {
		e, err := ParseExpr(expr)
		if err != nil {
			t.Fatal(err)
		}
		if got := OutputName(e); got != want {
			t.Errorf("%s: %s, want %s", expr, got, want)
		}
	}
}

func TestQuoteIdent(t *testing.T) {
	for name, want := range map[string]string{
		"a": "a", "A": `"A"`, "select": `"select"`, "name": "name", "value": "value", "int": `"int"`, "left": `"left"`,
		`a"b`: `"a""b"`, "a b": `"a b"`, "": `""`, "_x$1": "_x$1", "1a": `"1a"`, "é": `"é"`,
	} {
		if got := QuoteIdent(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestErrorsAreCoded(t *testing.T) {
	_, err := Parse("select")
	if err != nil {
		t.Fatal("an empty target list is legal")
	}
	_, err = Parse("selec")
	if _, ok := errors.AsType[*sqlerr.Error](err); !ok {
		t.Fatalf("%T", err)
	}
}
