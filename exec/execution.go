package exec

import (
	"context"
	"errors"
	"os"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// execution is one run of one statement: what its operators share.
type execution struct {
	s      *Session
	ctx    context.Context
	done   <-chan struct{}
	c      *expr.Ctx
	txn    *txn.Txn
	schema *schema
	plan   *planner.Plan
	main   planner.Node // the data-modifying operator whose rows the tag counts

	ctes     []*cteState
	subs     map[*expr.Subplan]*subState
	fks      fkChecks
	affected int64
	read     int64 // rows that scans have read
	analyze  *analysis
	mem      int // work_mem in bytes

	system map[catalog.ID]*virtualRows // rows of system relations, of this run

	rows map[*tableInfo]*vec.Batch // one-row batches for expressions over a row
}

// begin prepares x for a run.
func (x *execution) begin(ctx context.Context, s *Session, sc *schema) {
	x.s, x.ctx, x.done, x.txn, x.schema = s, ctx, ctx.Done(), s.txn, sc
	x.affected, x.read = 0, 0
	clear(x.system)
	x.fks.queue = x.fks.queue[:0]
	x.mem = s.workMem()
	if x.c == nil {
		x.c = &expr.Ctx{}
	}
	x.c.Context, x.c.Format, x.c.Session, x.c.Subplans = ctx, s.format, s, x
	x.c.TxnTime, x.c.StmtTime = s.txnTime, s.stmtTime
}

// canceled returns the reason why the statement has to stop, if there is one.
func (x *execution) canceled() error {
	if x.done == nil {
		return nil
	}
	select {
	case <-x.done:
		return cancelCause(x.ctx)
	default:
		return nil
	}
}

// cancelCause is why a context has ended, in the words of PostgreSQL.
func cancelCause(ctx context.Context) error {
	cause := context.Cause(ctx)
	if _, ok := errors.AsType[*sqlerr.Error](cause); ok {
		return cause
	}
	return sqlerr.New(sqlerr.QueryCanceled, "canceling statement due to user request")
}

func (x *execution) table(t *catalog.Table) (*tableInfo, error) { return x.schema.table(t) }

func (x *execution) workMem() int { return x.mem }

func (x *execution) tempDir() string {
	if d := x.s.srv.opts.TempDir; d != "" {
		return d
	}
	return os.TempDir()
}

// storageError passes on errors from txn, which are coded already.
func (x *execution) storageError(err error) error {
	if err == nil {
		return nil
	}
	return err
}

// count counts a row for the command tag if n is the statement's own operator.
func (x *execution) count(n planner.Node) {
	if n == x.main {
		x.affected++
	}
}

// text formats a value for a message.
func (x *execution) text(t types.Type, d types.Datum) string {
	if d.IsNull() {
		return "null"
	}
	return string(types.AppendText(nil, t, d, x.c.Format))
}

func (x *execution) schemaName(t *catalog.Table) string {
	if s := x.schema.cat.SchemaByID(t.SchemaID); s != nil {
		return s.Name
	}
	return ""
}

// rowBatch is a batch of one row by slot, valid until the next call for the table.
func (x *execution) rowBatch(ti *tableInfo, row []types.Datum) *vec.Batch {
	b := x.rows[ti]
	if b == nil {
		if x.rows == nil {
			x.rows = make(map[*tableInfo]*vec.Batch)
		}
		b = vec.NewBatch(ti.oids)
		x.rows[ti] = b
	}
	b.Reset()
	b.AppendRow(row)
	return b
}

// holdAll reports whether all conditions are TRUE for row i of b.
func holdAll(x *execution, conds []expr.Expr, b *vec.Batch, i int) (bool, error) {
	for _, c := range conds {
		d, err := c.Eval(x.c, b, i)
		if err != nil {
			return false, err
		}
		if d.IsNull() || !d.Bool() {
			return false, nil
		}
	}
	return true, nil
}

// cte returns the state of a WITH query.
func (x *execution) cte(c *planner.CTE) *cteState {
	for len(x.ctes) <= c.Index {
		x.ctes = append(x.ctes, &cteState{})
	}
	return x.ctes[c.Index]
}

// subState is a subquery of an expression in one execution.
type subState struct {
	op    operator
	valid bool // value or set holds for the values of Deps in deps
	deps  []types.Datum
	value types.Datum
	set   map[string]struct{}
	nulls bool // the set holds rows with a NULL
	empty bool
	key   []byte
}

// RunSubplan computes the value of a subquery. A result is kept as long as the
// outer values that it depends on do not change.
func (x *execution) RunSubplan(c *expr.Ctx, p *expr.Subplan) (types.Datum, error) {
	st := x.subs[p]
	if st == nil {
		op, err := newOperator(x, p.Plan.(planner.Node))
		if err != nil {
			return types.Null, err
		}
		st = &subState{op: op, deps: make([]types.Datum, len(p.Deps))}
		if x.subs == nil {
			x.subs = make(map[*expr.Subplan]*subState)
		}
		x.subs[p] = st
	}
	if st.valid {
		for i, d := range p.Deps {
			if !identical(c.Exec[d], st.deps[i]) {
				st.valid = false
				break
			}
		}
	}
	if p.Hash != nil {
		return x.hashedAny(c, p, st)
	}
	if st.valid && p.Test == nil {
		return st.value, nil
	}
	v, err := x.evalSubplan(c, p, st)
	st.op.close(x)
	if err != nil {
		st.valid = false
		return types.Null, err
	}
	st.value, st.valid = v, true
	for i, d := range p.Deps {
		st.deps[i] = c.Exec[d]
	}
	return v, nil
}

// identical compares two values of one place, cheaply and without false positives.
func identical(a, b types.Datum) bool {
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case types.KindNull:
		return true
	case types.KindInt, types.KindBool, types.KindFloat:
		return a.Int() == b.Int()
	case types.KindBytes:
		return a.Text() == b.Text()
	}
	return false
}

func (x *execution) evalSubplan(c *expr.Ctx, p *expr.Subplan, st *subState) (types.Datum, error) {
	if err := st.op.open(x); err != nil {
		return types.Null, err
	}
	var items []types.Datum
	result := types.NewBool(p.Kind == expr.SubplanAll)
	rows := 0
	value := types.Null
	for {
		b, err := st.op.next(x)
		if err != nil {
			return types.Null, err
		}
		if b == nil {
			break
		}
		if p.Kind == expr.SubplanExists {
			return types.True, nil
		}
		for k := range b.Len() {
			i := b.Row(k)
			switch p.Kind {
			case expr.SubplanScalar:
				if rows++; rows > 1 {
					return types.Null, sqlerr.New(sqlerr.CardinalityViolation, "more than one row returned by a subquery used as an expression")
				}
				value = b.Cols[0].Get(i)
			case expr.SubplanArray:
				items = append(items, b.Cols[0].Get(i))
			default:
				for r, place := range p.Results {
					c.Exec[place] = b.Cols[r].Get(i)
				}
				d, err := x.testRow(c, p)
				if err != nil {
					return types.Null, err
				}
				if d.IsNull() {
					result = types.Null
				} else if d.Bool() == (p.Kind == expr.SubplanAny) {
					return d, nil
				}
			}
		}
	}
	switch p.Kind {
	case expr.SubplanExists:
		return types.False, nil
	case expr.SubplanScalar:
		return value, nil
	case expr.SubplanArray:
		elem, _ := types.ElemOf(p.Typ.OID)
		return types.MakeArray(elem.Type(), items), nil
	}
	return result, nil
}

// testRow compares the left side with the row in the Results places.
func (x *execution) testRow(c *expr.Ctx, p *expr.Subplan) (types.Datum, error) {
	return p.Test.Eval(c, c.OuterBatch(), c.OuterRow())
}

// hashedAny answers x IN (subquery) from a set of the subquery's rows.
func (x *execution) hashedAny(c *expr.Ctx, p *expr.Subplan, st *subState) (types.Datum, error) {
	if !st.valid {
		left := append([]types.Datum(nil), c.HashArgs()...)
		st.set, st.nulls, st.empty = make(map[string]struct{}), false, true
		if err := st.op.open(x); err != nil {
			return types.Null, err
		}
		for {
			b, err := st.op.next(x)
			if err != nil {
				return types.Null, err
			}
			if b == nil {
				break
			}
		rows:
			for k := range b.Len() {
				i := b.Row(k)
				st.empty = false
				for r, place := range p.Results {
					c.Exec[place] = b.Cols[r].Get(i)
				}
				st.key = st.key[:0]
				for r, e := range p.Hash.Right {
					d, err := e.Eval(c, nil, 0)
					if err != nil {
						return types.Null, err
					}
					if d.IsNull() {
						st.nulls = true
						continue rows
					}
					st.key = types.AppendKey(st.key, p.Hash.OIDs[r], d, false, false)
				}
				st.set[string(st.key)] = struct{}{}
			}
		}
		st.op.close(x)
		st.valid = true
		return st.lookup(p, left), nil
	}
	return st.lookup(p, c.HashArgs()), nil
}

func (st *subState) lookup(p *expr.Subplan, left []types.Datum) types.Datum {
	if st.empty {
		return types.False
	}
	st.key = st.key[:0]
	for i, d := range left {
		if d.IsNull() {
			return types.Null
		}
		st.key = types.AppendKey(st.key, p.Hash.OIDs[i], d, false, false)
	}
	if _, ok := st.set[string(st.key)]; ok {
		return types.True
	}
	if st.nulls {
		return types.Null
	}
	return types.False
}

// end closes what the execution still holds.
func (x *execution) end() {
	for _, st := range x.subs {
		st.op.close(x)
		st.valid = false
		st.set = nil
	}
	for _, c := range x.ctes {
		c.store.close()
		c.round.close()
		*c = cteState{}
	}
}
