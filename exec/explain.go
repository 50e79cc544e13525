package exec

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// analysis measures the operators of an EXPLAIN ANALYZE.
type analysis struct {
	actual map[planner.Node]*planner.Actual
}

// measured wraps an operator and counts what it does.
type measured struct {
	operator
	a     *planner.Actual
	start time.Time
	first bool
}

func (a *analysis) wrap(n planner.Node, op operator) operator {
	m := &measured{operator: op, a: &planner.Actual{}}
	a.actual[n] = m.a
	return m
}

func (m *measured) open(x *execution) error {
	m.a.Loops++
	m.first = true
	m.start = time.Now()
	err := m.operator.open(x)
	m.a.EndMS += ms(m.start)
	return err
}

func (m *measured) next(x *execution) (*vec.Batch, error) {
	t := time.Now()
	b, err := m.operator.next(x)
	d := ms(t)
	m.a.EndMS += d
	if m.first {
		m.a.StartMS += ms(m.start)
		m.first = false
	}
	if b != nil {
		m.a.Rows += int64(b.Len())
	}
	return b, err
}

func ms(t time.Time) float64 { return float64(time.Since(t).Nanoseconds()) / 1e6 }

// explain runs EXPLAIN.
func (p *Portal) explain(ctx context.Context, n *parser.ExplainStmt) error {
	s := p.s
	o := planner.ExplainOptions{Costs: true}
	timing, summary := true, false
	timingSet, summarySet := false, false
	for _, opt := range n.Options {
		on := !opt.HasValue || isTrue(opt.Value)
		switch opt.Name {
		case "analyze":
			o.Analyze = on
		case "verbose":
			o.Verbose = on
		case "costs":
			o.Costs = on
		case "timing":
			timing, timingSet = on, true
		case "summary":
			summary, summarySet = on, true
		case "buffers":
			o.Buffers = on
		case "settings", "wal":
			if on {
				return sqlerr.Unsupported("EXPLAIN (%s)", strings.ToUpper(opt.Name)).At(opt.Pos)
			}
		case "format":
			switch strings.ToLower(opt.Value) {
			case "text":
			case "json":
				o.JSON = true
			default:
				return sqlerr.Unsupported("EXPLAIN format %q", opt.Value).At(opt.Pos)
			}
		default:
			return sqlerr.New(sqlerr.SyntaxError, "unrecognized EXPLAIN option %q", opt.Name).At(opt.Pos)
		}
	}
	if timingSet && timing && !o.Analyze {
		return sqlerr.New(sqlerr.InvalidParameterValue, "EXPLAIN option TIMING requires ANALYZE")
	}
	o.Timing = timing
	if !summarySet {
		summary = o.Analyze
	}
	query := n.Query
	prep := &Prepared{SQL: p.p.SQL, stmt: query}
	if ex, ok := query.(*parser.ExecuteStmt); ok {
		q, err := s.findPrepared(ex.Name)
		if err != nil {
			return err
		}
		prep = &Prepared{SQL: q.SQL, stmt: q.stmt, types: q.types}
		if o.Analyze {
			return sqlerr.Unsupported("EXPLAIN ANALYZE EXECUTE")
		}
	} else if !planned(query) {
		return sqlerr.Unsupported("EXPLAIN of this statement")
	}
	planning := time.Now()
	sc, err := s.statementSchema(ctx)
	if err != nil {
		return err
	}
	if err := s.makePlan(prep, sc); err != nil {
		return err
	}
	planTime := ms(planning)
	var lines []string
	if !o.Analyze {
		lines = planner.Explain(prep.plan, o, nil)
	} else {
		if len(prep.params) > 0 {
			return sqlerr.New(sqlerr.UndefinedParameter, "there is no parameter $1")
		}
		if !prep.plan.ReadOnly && s.txn.Options().ReadOnly {
			return errReadOnlyTxn("EXPLAIN ANALYZE " + commandName(prep.stmt))
		}
		if err := s.lockRelations(ctx, prep.plan); err != nil {
			return err
		}
		a := &analysis{actual: make(map[planner.Node]*planner.Actual)}
		x := &execution{plan: prep.plan, main: mainNode(prep.plan.Root), analyze: a}
		x.begin(ctx, s, sc)
		x.c.Reset(prep.plan.Places)
		began := time.Now()
		op, err := newOperator(x, prep.plan.Root)
		if err != nil {
			return err
		}
		defer x.end()
		defer op.close(x)
		if err := op.open(x); err != nil {
			return err
		}
		for {
			b, err := op.next(x)
			if err != nil {
				return err
			}
			if b == nil {
				break
			}
		}
		if err := x.fks.run(x); err != nil {
			return err
		}
		execTime := ms(began)
		lines = planner.Explain(prep.plan, o, func(n planner.Node) *planner.Actual { return a.actual[n] })
		if summary && !o.JSON {
			lines = append(lines, fmt.Sprintf("Planning Time: %.3f ms", planTime), fmt.Sprintf("Execution Time: %.3f ms", execTime))
		}
	}
	if summary && !o.Analyze && !o.JSON {
		lines = append(lines, fmt.Sprintf("Planning Time: %.3f ms", planTime))
	}
	var rows [][]types.Datum
	if o.JSON {
		rows = [][]types.Datum{{types.NewText(strings.Join(lines, "\n"))}}
	} else {
		for _, l := range lines {
			rows = append(rows, []types.Datum{types.NewText(l)})
		}
	}
	p.rows = newRowList(p.columns, rows)
	return nil
}
