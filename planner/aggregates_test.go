package planner_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

const aggregatesFile = "testdata/aggregates.txt"

// TestAggregates computes the aggregates of testdata/aggregates.txt. A line is
//
//	call | type of a, type of b | a1, b1; a2, b2; …
//
// and the line below it is PostgreSQL's answer, as in TestFunctions. Every
// aggregate that has a column form must give the same answer by it, also when
// the rows are spread over groups.
func TestAggregates(t *testing.T) {
	if *oracle != "" {
		rewriteAggregates(t)
	}
	in, err := os.Open(aggregatesFile)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	env := &planner.Env{Format: &types.Format{ExtraFloatDigits: 1, TimeZone: time.UTC}}
	cases, line := 0, ""
	for s := bufio.NewScanner(in); s.Scan(); {
		want, isResult := strings.CutPrefix(s.Text(), "\t")
		if !isResult {
			line = s.Text()
			continue
		}
		cases++
		for _, form := range []string{"rows", "column", "groups"} {
			if got := aggregate(t, env, line, form); got != "" && got != want {
				t.Errorf("%s (%s)\n\t got %s\n\twant %s", line, form, got, want)
			}
		}
	}
	if cases == 0 {
		t.Error("no cases")
	}
}

type aggregateCase struct {
	call  string
	types []string
	rows  [][]string
}

func readAggregate(t *testing.T, line string) aggregateCase {
	parts := strings.Split(line, " | ")
	if len(parts) != 3 {
		t.Fatalf("want three parts: %s", line)
	}
	c := aggregateCase{call: parts[0], types: strings.Split(parts[1], ", ")}
	for _, row := range strings.Split(parts[2], "; ") {
		if row != "none" {
			c.rows = append(c.rows, strings.Split(row, ", "))
		}
	}
	return c
}

// aggregate returns "" if the aggregate does not have the form.
func aggregate(t *testing.T, env *planner.Env, line, form string) string {
	c := readAggregate(t, line)
	ast, err := parser.ParseExpr(c.call)
	if err != nil {
		return errorLine(err)
	}
	call := ast.(*parser.FuncCall)
	res := &expr.Resolver{Format: env.Format}
	colTypes := make([]types.Type, len(c.types))
	for i, name := range c.types {
		if colTypes[i], err = types.ParseTypeName(name); err != nil {
			t.Fatal(err)
		}
	}
	asts := call.Args
	for _, o := range call.OrderBy {
		asts = append(asts, o.Expr)
	}
	var args []expr.Expr
	for _, a := range asts {
		if ref, ok := a.(*parser.ColumnRef); ok {
			i := int(ref.Parts[0][0] - 'a')
			args = append(args, &expr.Col{Idx: i, Typ: colTypes[i], Pos: -1})
			continue
		}
		x, err := planner.BindScalar(env, a, "", nil)
		if err != nil {
			return errorLine(err)
		}
		args = append(args, x)
	}
	agg, err := res.Aggregate(call.Name.Name, args, -1)
	if err != nil {
		return errorLine(err)
	}
	var rows [][]types.Datum
	for _, texts := range c.rows {
		var row []types.Datum
		for i, s := range texts {
			d := types.Null
			if s != "null" {
				if d, err = types.ParseText(colTypes[i], s, env.Format); err != nil {
					t.Fatal(err)
				}
			}
			row = append(row, d)
		}
		rows = append(rows, row)
	}
	ctx := expr.NewCtx(env.Format)
	d, ok, err := runAggregate(ctx, agg, colTypes, rows, form)
	switch {
	case !ok:
		return ""
	case err != nil:
		return errorLine(err)
	case d.IsNull():
		return agg.Typ.OID.String() + ": <NULL>"
	}
	return agg.Typ.OID.String() + ": " + oneLine(types.Text(agg.Typ, d, env.Format))
}

func runAggregate(c *expr.Ctx, call *expr.AggCall, cols []types.Type, rows [][]types.Datum, form string) (types.Datum, bool, error) {
	oids := make([]types.OID, len(cols))
	for i, t := range cols {
		oids[i] = t.OID
	}
	b := vec.NewBatch(oids)
	for _, r := range rows {
		b.AppendRow(r)
	}
	if form == "rows" {
		state := call.Agg.New(call)
		var all [][]types.Datum
	next:
		for i := range rows {
			var row []types.Datum
			for k, a := range call.Args {
				d, err := a.Eval(c, b, i)
				if err != nil {
					return types.Null, true, err
				}
				if d.IsNull() && !call.Agg.Nulls && k >= call.Agg.Direct {
					continue next
				}
				row = append(row, d)
			}
			all = append(all, row)
		}
		if call.Agg.OrderedSet {
			slices.SortStableFunc(all, func(x, y []types.Datum) int {
				last := len(x) - 1
				return types.Compare(call.Args[last].Type().OID, x[last], y[last])
			})
		}
		for _, row := range all {
			if err := state.Add(c, row); err != nil {
				return types.Null, true, err
			}
		}
		d, err := state.Result(c)
		return d, true, err
	}
	if call.Agg.NewVec == nil {
		return types.Null, false, nil
	}
	acc := call.Agg.NewVec(call)
	acc.Grow(3)
	var args []*vec.Vec
	for _, a := range call.Args {
		v, err := expr.NewEvaluator(a).Eval(c, b)
		if err != nil {
			return types.Null, true, err
		}
		args = append(args, v)
	}
	group := 0
	var groups []int32
	if form == "groups" { // all rows belong to group 2, once more after a reset
		group = 2
		for range rows {
			groups = append(groups, 2)
		}
		if err := acc.Add(groups, args, len(rows)); err != nil {
			return types.Null, true, err
		}
		if d, err := acc.Result(c, 1); err != nil || !d.IsNull() && d.Int() != 0 {
			return types.Null, true, fmt.Errorf("a group without rows has a value (%v)", err)
		}
		acc.Reset()
		acc.Grow(3)
	}
	if err := acc.Add(groups, args, len(rows)); err != nil {
		return types.Null, true, err
	}
	d, err := acc.Result(c, group)
	return d, true, err
}

func rewriteAggregates(t *testing.T) {
	ctx := context.Background()
	conn, err := pgconn.Connect(ctx, *oracle)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	b, err := os.ReadFile(aggregatesFile)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, line := range strings.Split(strings.TrimSuffix(string(b), "\n"), "\n") {
		if strings.HasPrefix(line, "\t") {
			continue
		}
		out.WriteString(line + "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		c := readAggregate(t, line)
		var rows []string
		for _, row := range append(c.rows, make([]string, len(c.types))) { // the last gives the types and is left out
			var cols []string
			for i, v := range row {
				if v == "null" || v == "" {
					cols = append(cols, "null::"+c.types[i])
				} else {
					cols = append(cols, "'"+strings.ReplaceAll(v, "'", "''")+"'::"+c.types[i])
				}
			}
			rows = append(rows, fmt.Sprintf("(%d, %s)", len(rows), strings.Join(cols, ", ")))
		}
		fmt.Fprintf(&out, "\t%s\n", ask(ctx, conn, fmt.Sprintf("%s from (values %s) v(n, %s) where n < %d",
			c.call, strings.Join(rows, ", "), strings.Join([]string{"a", "b"}[:len(c.types)], ", "), len(c.rows))))
	}
	if err := os.WriteFile(aggregatesFile, []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
