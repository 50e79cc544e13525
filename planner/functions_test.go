package planner_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// The expected values of testdata/func_*.txt were computed by PostgreSQL 15 in a
// database with lc_collate C and lc_ctype C.UTF-8. To recompute them:
// go test ./planner -run Functions -oracle 'host=127.0.0.1 port=5432 user=postgres dbname=…'.
var oracle = flag.String("oracle", "", "connection string of a PostgreSQL 15 that rewrites the expected values")

// TestFunctions evaluates the expressions of testdata/func_*.txt. Each is valid
// SQL; the line below it, after a tab, is its type and its value or values, or the error.
func TestFunctions(t *testing.T) {
	files, err := filepath.Glob("testdata/func_*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			if *oracle != "" {
				rewriteFunctions(t, file)
			}
			runFunctions(t, file)
		})
	}
}

func runFunctions(t *testing.T, file string) {
	in, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	env := &planner.Env{Format: &types.Format{ExtraFloatDigits: 1, TimeZone: time.UTC}}
	expression, cases := "", 0
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		want, isResult := strings.CutPrefix(line, "\t")
		switch {
		case line == "" || line[0] == '#':
		case isResult:
			cases++
			if got := evaluate(env, expression); got != want {
				t.Errorf("%s\n\t got %s\n\twant %s", expression, got, want)
			}
		case strings.HasPrefix(line, "set timezone = "):
			loc, err := time.LoadLocation(strings.Trim(line[len("set timezone = "):], "'"))
			if err != nil {
				t.Fatal(err)
			}
			env.Format.TimeZone = loc
		default:
			expression = line
		}
	}
	if cases == 0 {
		t.Error("no cases")
	}
}

// evaluate returns an expression's type and values as the golden files have them.
func evaluate(env *planner.Env, expression string) string {
	ast, err := parser.ParseExpr(expression)
	if err != nil {
		return errorLine(err)
	}
	e, err := planner.BindScalar(env, ast, "", nil)
	if err != nil {
		return errorLine(err)
	}
	c := expr.NewCtx(env.Format)
	c.TxnTime = time.Now()
	show := func(d types.Datum) string {
		if d.IsNull() {
			return "<NULL>"
		}
		return oneLine(types.Text(e.Type(), d, env.Format))
	}
	head := e.Type().OID.String() + ": "
	call, ok := e.(*expr.Call)
	if !ok || call.Fn.SRF == nil {
		d, err := e.Eval(c, nil, 0)
		if err != nil {
			return errorLine(err)
		}
		return head + show(d)
	}
	var args []types.Datum
	for _, a := range call.Args {
		d, err := a.Eval(c, nil, 0)
		if err != nil {
			return errorLine(err)
		}
		if d.IsNull() && call.Fn.Strict {
			return head + "(no rows)"
		}
		args = append(args, d)
	}
	rows, err := call.Fn.SRF(&expr.CallCtx{Ctx: c, Call: call}, args)
	if err != nil {
		return errorLine(err)
	}
	var out []string
	for {
		row, ok, err := rows()
		if err != nil {
			return errorLine(err)
		}
		if !ok {
			break
		}
		out = append(out, show(row[0]))
	}
	if out == nil {
		return head + "(no rows)"
	}
	return head + strings.Join(out, " | ")
}

func oneLine(s string) string { return strings.ReplaceAll(s, "\n", "↵") }

func errorLine(err error) string {
	e := sqlerr.As(err)
	return errorText(string(e.Code), e.Message, e.Detail, e.Hint)
}

func errorText(code, message, detail, hint string) string {
	s := "ERROR " + code + " " + message
	if detail != "" {
		s += " DETAIL " + detail
	}
	if hint != "" {
		s += " HINT " + hint
	}
	return oneLine(s)
}

func rewriteFunctions(t *testing.T, file string) {
	ctx := context.Background()
	conn, err := pgconn.Connect(ctx, *oracle)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "set timezone = 'UTC'; set client_min_messages = error").ReadAll(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, line := range strings.Split(strings.TrimSuffix(string(b), "\n"), "\n") {
		if strings.HasPrefix(line, "\t") {
			continue
		}
		out.WriteString(line + "\n")
		switch {
		case line == "" || line[0] == '#':
		case strings.HasPrefix(line, "set "):
			if _, err := conn.Exec(ctx, line).ReadAll(); err != nil {
				t.Fatal(err)
			}
		default:
			fmt.Fprintf(&out, "\t%s\n", ask(ctx, conn, line))
		}
	}
	if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func ask(ctx context.Context, conn *pgconn.PgConn, expression string) string {
	results := conn.Exec(ctx, "select "+expression)
	head := ""
	var rows []string
	for results.NextResult() {
		r := results.ResultReader()
		head = types.OID(r.FieldDescriptions()[0].DataTypeOID).String() + ": "
		for r.NextRow() {
			if v := r.Values()[0]; v != nil {
				rows = append(rows, oneLine(string(v)))
			} else {
				rows = append(rows, "<NULL>")
			}
		}
	}
	if err := results.Close(); err != nil {
		if e, ok := errors.AsType[*pgconn.PgError](err); ok {
			return errorText(e.Code, e.Message, e.Detail, e.Hint)
		}
		return "ERROR " + err.Error()
	}
	if rows == nil {
		return head + "(no rows)"
	}
	return head + strings.Join(rows, " | ")
}
