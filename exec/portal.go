package exec

import (
	"context"
	"io"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// Portal is a statement with its parameters, ready to run or running.
//
//	Bind ──▶ Portal ── Next … Next ──▶ nil ── Tag
//	          COPY: CopyIn or CopyOut instead of Next
//
// After an error, or when it is through, a portal needs no Close, but bears it.
type Portal struct {
	s      *Session
	p      *Prepared
	params []types.Datum

	x       *execution
	op      operator
	rows    rowSource // of a statement without a plan that returns rows
	columns []planner.Column
	tag     string
	verb    string // with the number of rows it is the tag, if tag is empty
	rowsN   int64
	shown   string // instead of the statement's own text
	alone   bool   // see Alone
	started bool
	until   time.Time // when statement_timeout ends it, if it has begun
	done    bool
	view    *txn.View // of a cursor: what it saw when it was opened
	hold    bool
	counted int64
	limited vec.Batch // rows of a batch that did not fit the last call
	rest    *vec.Batch
	restAt  int
	scroll  *rowStore
	cursor  *cursorState
}

// rowSource yields the rows of a utility statement.
type rowSource interface {
	next(ctx context.Context) (*vec.Batch, error)
}

// Bind makes a portal of a prepared statement. There are as many params as the
// statement has, of its types.
func (s *Session) Bind(p *Prepared, params []types.Datum) (*Portal, error) {
	if len(params) != len(p.params) {
		return nil, sqlerr.New(sqlerr.ProtocolViolation, "bind message supplies %d parameters, but prepared statement %q requires %d", len(params), p.Name, len(p.params))
	}
	return &Portal{s: s, p: p, params: params, columns: p.columns}, nil
}

// BindTo is Bind into memory of the caller's: a portal that is not in use.
func (s *Session) BindTo(dst *Portal, p *Prepared, params []types.Datum) error {
	if len(params) != len(p.params) {
		_, err := s.Bind(p, params)
		return err
	}
	dst.s, dst.p, dst.params, dst.columns = s, p, params, p.columns
	return nil
}

// ShowAs sets the text that pg_stat_activity shows instead of the statement's.
func (p *Portal) ShowAs(sql string) { p.shown = sql }

func (p *Portal) text() string {
	if p.shown != "" {
		return p.shown
	}
	return p.p.SQL
}

// Columns are the columns of the result; nil if the statement returns no rows.
func (p *Portal) Columns() []planner.Column { return p.columns }

// Tag is the command tag of a portal that is through: "SELECT 3".
func (p *Portal) Tag() string {
	if p.tag == "" && p.verb != "" {
		p.tag = p.verb + strconv.FormatInt(p.rowsN, 10)
	}
	return p.tag
}

// Counted is the tag in two parts, "SELECT " and 3, if it ends in a number that the portal
// has counted.
func (p *Portal) Counted() (verb string, rows int64, ok bool) { return p.verb, p.rowsN, p.verb != "" }

// Done reports whether the portal has returned its last row.
func (p *Portal) Done() bool { return p.done }

// Statement returns the syntax tree of the portal's statement.
func (p *Portal) Statement() parser.Stmt { return p.p.stmt }

// Next returns the next rows, at most max of them if max is positive, or nil when
// the statement is through; Tag is then set. The batch is valid until the next call.
// An error has failed the transaction.
func (p *Portal) Next(ctx context.Context, max int) (b *vec.Batch, err error) {
	if p.done {
		return nil, nil
	}
	if p.rest != nil {
		return p.take(max), nil
	}
	ctx, err = p.s.running(ctx, &p.until)
	if err != nil {
		return nil, err
	}
	defer p.s.finished()
	defer p.recover(&err)
	if b, err = p.next(ctx); err != nil {
		p.end()
		p.done = true
		return nil, asError(p.s.fail(err))
	}
	if b == nil {
		return nil, nil
	}
	p.counted += int64(b.Len())
	if max > 0 && b.Len() > max {
		p.rest, p.restAt = b, 0
		return p.take(max), nil
	}
	return b, nil
}

// take hands out rows of a batch that was too long for the caller.
func (p *Portal) take(max int) *vec.Batch {
	n := p.rest.Len() - p.restAt
	if max > 0 && max < n {
		n = max
	}
	sel := p.limited.SelBuf()
	for k := range n {
		sel = append(sel, int32(p.rest.Row(p.restAt+k)))
	}
	p.limited.Cols, p.limited.N, p.limited.Sel = p.rest.Cols, p.rest.N, sel
	if p.restAt += n; p.restAt >= p.rest.Len() {
		p.rest = nil
	}
	return &p.limited
}

// recover turns a panic of a statement into its error: a bug costs the statement,
// not the server.
func (p *Portal) recover(err *error) {
	r := recover()
	if r == nil {
		return
	}
	p.s.srv.logf("panic in %q: %v\n%s", p.p.SQL, r, debug.Stack())
	p.done = true
	func() {
		defer func() { _ = recover() }()
		p.end()
	}()
	*err = p.s.fail(sqlerr.New(sqlerr.Internal, "internal error: %v", r))
}

func (p *Portal) next(ctx context.Context) (*vec.Batch, error) {
	s := p.s
	if !p.started {
		if err := p.start(ctx); err != nil {
			return nil, err
		}
	} else if p.x != nil {
		p.x.ctx, p.x.done, p.x.c.Context = ctx, ctx.Done(), ctx
	}
	if p.op == nil {
		if p.rows != nil {
			b, err := p.rows.next(ctx)
			if b != nil || err != nil {
				return b, err
			}
		}
		p.finish()
		return nil, nil
	}
	if p.view != nil {
		prev := s.txn.Use(p.view)
		defer s.txn.Use(prev)
	}
	if err := p.x.canceled(); err != nil {
		return nil, err
	}
	b, err := p.op.next(p.x)
	if err != nil {
		return nil, err
	}
	if b != nil && len(p.columns) == 0 && p.columns == nil {
		return nil, sqlerr.New(sqlerr.Internal, "a statement without a result returned rows")
	}
	if b != nil {
		if !p.x.plan.ReadOnly || s.txn.Wrote() {
			return b, s.txn.EndStatement(ctx)
		}
		return b, nil
	}
	if err := p.x.fks.run(p.x); err != nil {
		return nil, err
	}
	if s.block == explicit {
		if err := s.txn.EndStatement(ctx); err != nil {
			return nil, err
		}
	}
	switch p.x.plan.Command {
	case planner.Select:
		p.verb, p.rowsN = "SELECT ", p.counted
	case planner.InsertCommand:
		p.verb, p.rowsN = "INSERT 0 ", p.x.affected
	case planner.UpdateCommand:
		p.verb, p.rowsN = "UPDATE ", p.x.affected
	case planner.DeleteCommand:
		p.verb, p.rowsN = "DELETE ", p.x.affected
	}
	p.finish()
	return nil, nil
}

// start runs the statement up to its first row.
func (p *Portal) start(ctx context.Context) error {
	s := p.s
	p.started = true
	now := s.setActive(p.text())
	if s.block == failed && !endsTransaction(p.p.stmt) {
		return errInFailed
	}
	if !planned(p.p.stmt) {
		if err := p.runUtility(ctx); err != errAgain {
			return err
		}
		return nil // EXECUTE has started the statement that it names
	}
	if err := s.ensureTxn(now); err != nil {
		return err
	}
	alone := p.alone && s.block == implicit && s.implicitN == 0
	if alone && p.p.plan != nil && p.p.plan.ReadOnly {
		s.txn.OneQuery()
	}
	s.implicitN++
	if s.implicitN > 1 || s.block == explicit {
		s.stmtTime = now
	}
	for {
		if err := s.beginStatement(ctx); err != nil {
			return err
		}
		sc, err := s.schemaFor(s.txn)
		if err != nil {
			return err
		}
		if err := s.makePlan(p.p, sc); err != nil {
			return err
		}
		p.columns = p.p.columns
		if !p.p.plan.ReadOnly && s.txn.Options().ReadOnly {
			return errReadOnlyTxn(commandName(p.p.stmt))
		}
		before := s.srv.mgr.SchemaVersion()
		if err := s.lockRelations(ctx, p.p.plan); err != nil {
			return err
		}
		if s.srv.mgr.SchemaVersion() == before {
			if alone && p.p.narrow {
				s.txn.Narrow()
			}
			return p.open(ctx, sc)
		}
		// While we waited for a lock the catalog has changed: look again.
	}
}

func commandName(n parser.Stmt) string {
	switch n := n.(type) {
	case *parser.InsertStmt:
		return "INSERT"
	case *parser.UpdateStmt:
		return "UPDATE"
	case *parser.DeleteStmt:
		return "DELETE"
	case *parser.SelectStmt:
		if len(n.Locking) > 0 {
			return "SELECT " + n.Locking[0].Strength.String()
		}
	}
	return "SELECT"
}

func (s *Session) lockRelations(ctx context.Context, plan *planner.Plan) error {
	for i := range plan.Relations {
		u := &plan.Relations[i]
		mode := txn.AccessShare
		if u.Write {
			mode = txn.RowExclusive
		} else if u.Lock {
			mode = txn.RowShare
		}
		if err := s.txn.LockTable(ctx, uint64(u.Table.ID), mode, false); err != nil {
			return err
		}
	}
	return nil
}

// open prepares the operator tree, the one used last time if it is free.
func (p *Portal) open(ctx context.Context, sc *schema) error {
	s, pr := p.s, p.p
	if pr.idle != nil && pr.idle.schema == sc {
		p.x, p.op = pr.idle, pr.tree
		pr.idle, pr.tree = nil, nil
		p.x.begin(ctx, s, sc)
	} else {
		p.x = &execution{plan: pr.plan, main: mainNode(pr.plan.Root)}
		p.x.begin(ctx, s, sc)
		op, err := newOperator(p.x, pr.plan.Root)
		if err != nil {
			return err
		}
		p.op = op
	}
	p.x.plan = pr.plan
	p.x.c.Params = p.params
	p.x.c.Reset(pr.plan.Places)
	return p.op.open(p.x)
}

// mainNode finds the data-modifying operator of the statement itself, under what
// may lie over it.
func mainNode(n planner.Node) planner.Node {
	for {
		switch m := n.(type) {
		case *planner.With:
			n = m.Body
		case *planner.Project:
			n = m.Input
		case *planner.Insert, *planner.Modify:
			return n
		default:
			return nil
		}
	}
}

// finish ends a portal that is through.
func (p *Portal) finish() {
	p.done = true
	p.end()
}

// keepRows is how many rows an execution may have read and returned if its
// operator tree is to be kept: the buffers of a larger one weigh more than it costs to
// build the tree anew.
const keepRows = 128

// end gives back what the portal holds. The operator tree is kept for the next
// run of the same statement.
func (p *Portal) end() {
	if p.op != nil {
		p.op.close(p.x)
		p.x.end()
		if p.p.plan == p.x.plan && p.p.idle == nil && p.x.analyze == nil && p.x.read+p.counted <= keepRows {
			p.p.idle, p.p.tree = p.x, p.op
		}
		p.op, p.x = nil, nil
	}
	if p.view != nil {
		p.view.Release()
		p.view = nil
	}
	p.rest = nil
	if p.started {
		p.s.setIdle()
	}
}

// Close ends a portal early.
func (p *Portal) Close() {
	if !p.done {
		p.finish()
	}
}

// Suspend keeps what the portal sees for later calls of Next, after other
// statements of the transaction: a portal with a row limit.
func (p *Portal) Suspend() {
	p.until = time.Time{} // what follows is timed anew
	if p.op != nil && p.view == nil && p.s.txn != nil {
		p.view = p.s.txn.Hold()
	}
}

// Alone tells that Sync comes next, whatever the portal returns. Then a query that is all of its transaction costs
// next to nothing at SERIALIZABLE, and a narrow statement makes it so for the queries of others.
func (p *Portal) Alone() { p.alone = true }

// IsCopyIn and IsCopyOut tell how a COPY statement is run.
func (p *Portal) IsCopyIn() bool {
	c, ok := p.p.stmt.(*parser.CopyStmt)
	return ok && c.From && c.Stdio
}

// IsCopyOut reports whether the portal is run with CopyOut.
func (p *Portal) IsCopyOut() bool {
	c, ok := p.p.stmt.(*parser.CopyStmt)
	return ok && !c.From && c.Stdio
}

// CopyIn runs COPY … FROM STDIN with the data from r. Begin is called once, when
// the data may be sent, with the number of columns.
func (p *Portal) CopyIn(ctx context.Context, r io.Reader, begin func(columns int, binary bool) error) (err error) {
	return p.runCopy(ctx, func(ctx context.Context) error { return p.copyIn(ctx, r, begin) })
}

// CopyOut runs COPY … TO STDOUT and writes each row with one call of w.Write.
func (p *Portal) CopyOut(ctx context.Context, w io.Writer, begin func(columns int, binary bool) error) (err error) {
	return p.runCopy(ctx, func(ctx context.Context) error { return p.copyOut(ctx, w, begin) })
}

func (p *Portal) runCopy(ctx context.Context, run func(context.Context) error) (err error) {
	s := p.s
	ctx, err = s.running(ctx, nil)
	if err != nil {
		return err
	}
	defer s.finished()
	defer p.recover(&err)
	p.started, p.done = true, true
	now := s.setActive(p.text())
	defer s.setIdle()
	if s.block == failed {
		return errInFailed
	}
	if err := s.ensureTxn(now); err != nil {
		return err
	}
	s.implicitN++
	if err := run(ctx); err != nil {
		return asError(s.fail(err))
	}
	return nil
}

// setActive notes that a statement begins, and when.
func (s *Session) setActive(sql string) (now time.Time) {
	if s.txn == nil { // it may begin one
		s.clock.read = time.Time{}
	}
	now = s.clock.now()
	s.mu.Lock()
	s.State, s.Query, s.QueryTime, s.StateTime = "active", sql, now, now
	if s.txn == nil {
		s.XactTime = now
	}
	s.mu.Unlock()
	return now
}

// setIdle notes that the statement for which setActive was called has ended.
func (s *Session) setIdle() {
	now := s.clock.now()
	s.mu.Lock()
	switch s.block {
	case explicit:
		s.State = "idle in transaction"
	case failed:
		s.State = "idle in transaction (aborted)"
	default:
		s.State = "idle"
	}
	s.StateTime = now
	s.mu.Unlock()
}

// clock tells the time. time.Now reads two clocks, of the date and of what has passed, at twice the cost of
// the second. In a transaction only that is read for a second at a time: it begins with both, so that
// no statement seems to begin before it.
type clock struct{ read time.Time } // zero: both are to be read

func (c *clock) now() time.Time {
	if !c.read.IsZero() {
		if passed := time.Since(c.read); passed < time.Second {
			return c.read.Add(passed)
		}
	}
	c.read = time.Now()
	return c.read
}
