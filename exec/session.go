package exec

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
	"github.com/minisql/minisql/types"
)

// block is the state of a session's transaction.
//
//	idle ── statement ──▶ implicit ── Sync ──▶ idle
//	 │ BEGIN               │ BEGIN (in a multi-statement query)
//	 └──────▶ explicit ◀───┘
//	            │ error                 COMMIT, ROLLBACK ──▶ idle
//	            └──▶ failed ── ROLLBACK [TO] ──▶ idle [explicit]
type block byte

const (
	idle     block = iota
	implicit       // a transaction that ends with Sync
	explicit       // BEGIN … COMMIT
	failed         // explicit, and an error has happened
)

// Session is what one connection remembers: settings, a transaction, prepared
// statements, cursors. One goroutine uses it at a time; only Cancel, Terminate
// and Activity may be called from others.
type Session struct {
	srv  *Server
	db   *database
	name string // of the database
	user string
	pid  int32
	opts SessionOptions

	settings settings
	format   *types.Format

	txn       *txn.Txn
	block     block
	txnTime   time.Time
	stmtTime  time.Time
	began     bool // the transaction has run a statement: its level is fixed
	implicitN int  // statements run in the implicit transaction
	marks     []savepoint
	later     []fkEvent       // deferred foreign-key checks
	modes     map[string]bool // SET CONSTRAINTS: deferred or not by name; "" is ALL
	ddl       int             // catalog changes of the transaction
	own, old  *schema
	ownAt     ownVersion
	oldAt     uint64 // the snapshot that old is of
	// privateVersions numbers the catalogs that only this session sees.
	privateVersions uint64

	advisory     bool // it has had advisory locks
	advisoryXact bool // … that end with the transaction

	rowCounts  map[catalog.ID]written // of the transaction, by table
	settleRows func(committed bool)   // countAll

	prepared map[string]*Prepared
	portals  map[string]*Portal // SQL cursors
	currval  map[catalog.ID]int64
	lastSeq  catalog.ID
	random   *expr.Random // of random(), made when first asked for

	run   run
	clock clock

	mu sync.Mutex // guards what follows, which others look at
	activity
}

// SessionOptions are the properties of a new session.
type SessionOptions struct {
	Database string
	User     string
	// Settings are those of the connection, such as a startup packet's. They
	// become the session's defaults.
	Settings map[string]string
	// Notice receives notices and warnings; nil drops them.
	Notice func(*Notice)
	// ClientAddr is shown in pg_stat_activity.
	ClientAddr string
	// Terminated is called by Terminate, in its goroutine; nil is nobody.
	Terminated func()
}

// Notice is a message that does not end the statement.
type Notice struct {
	Severity string // NOTICE, WARNING, INFO…
	*sqlerr.Error
}

// activity is what pg_stat_activity shows of a session.
type activity struct {
	Application string
	State       string
	Query       string
	BackendTime time.Time
	QueryTime   time.Time
	XactTime    time.Time
	StateTime   time.Time
}

type savepoint struct {
	name    string
	mark    txn.Mark
	later   int
	ddl     int
	changed int
}

// NewSession opens a session on a database. An unknown one is 3D000.
func (srv *Server) NewSession(ctx context.Context, opts SessionOptions) (*Session, error) {
	s := &Session{srv: srv, opts: opts, user: opts.User, prepared: make(map[string]*Prepared), portals: make(map[string]*Portal), currval: make(map[catalog.ID]int64)}
	if s.user == "" {
		s.user = catalog.BootstrapRole
	}
	var desc *catalog.Database
	err := srv.system(ctx, func(t *txn.Txn) error {
		all, err := listDatabases(t)
		for _, d := range all {
			if d.Name == opts.Database {
				desc = d
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if desc == nil {
		return nil, sqlerr.New(sqlerr.InvalidCatalogName, "database %q does not exist", opts.Database)
	}
	if desc.ID == catalog.Template0ID {
		return nil, sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "database %q is not currently accepting connections", desc.Name)
	}
	s.db, s.name = srv.open(desc), desc.Name
	if err := s.settings.init(s, srv.opts.Settings, opts.Settings); err != nil {
		s.wantLastSafe(false)
		return nil, err
	}
	s.BackendTime = time.Now()
	s.State, s.StateTime = "idle", s.BackendTime
	srv.mu.Lock()
	srv.lastPID++
	s.pid = srv.lastPID
	srv.sessions[s.pid] = s
	srv.mu.Unlock()
	return s, nil
}

// Close rolls back and forgets the session.
func (s *Session) Close() {
	s.rollback()
	s.closePortals(true)
	s.wantLastSafe(false)
	if s.advisory {
		s.srv.advisory.release(s, false)
	}
	s.srv.mu.Lock()
	delete(s.srv.sessions, s.pid)
	s.srv.mu.Unlock()
}

// PID is the session's number, as pg_backend_pid() returns it.
func (s *Session) PID() int32 { return s.pid }

// User returns the user's name; Database that of the database.
func (s *Session) User() string { return s.user }

// SessionUser is User: SET ROLE is not supported.
func (s *Session) SessionUser() string { return s.user }

// Database returns the name of the database.
func (s *Session) Database() string { return s.name }

// Format holds the settings that text input and output depend on.
func (s *Session) Format() *types.Format { return s.format }

// Random is the generator behind random(), which setseed() seeds.
func (s *Session) Random() *expr.Random {
	if s.random == nil {
		s.random = expr.NewRandom()
	}
	return s.random
}

// Status is the transaction status as ReadyForQuery reports it: I, T or E.
func (s *Session) Status() byte {
	switch s.block {
	case explicit:
		return 'T'
	case failed:
		return 'E'
	}
	return 'I'
}

// Activity returns what pg_stat_activity shows.
func (s *Session) activityNow() activity {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.activity
}

// Cancel stops the statement that is running, if any, with 57014.
func (s *Session) Cancel() {
	s.stop(sqlerr.New(sqlerr.QueryCanceled, "canceling statement due to user request"))
}

// Terminate stops the running statement, and refuses all further ones, with 57P01.
func (s *Session) Terminate() {
	err := sqlerr.New(sqlerr.AdminShutdown, "terminating connection due to administrator command")
	s.run.end(err)
	s.stop(err)
	if s.opts.Terminated != nil {
		s.opts.Terminated()
	}
}

func (s *Session) notice(severity string, e *sqlerr.Error) {
	if s.opts.Notice == nil || !s.settings.wantsNotice(severity) {
		return
	}
	switch e.Code {
	case sqlerr.UndefinedTable, sqlerr.UndefinedColumn, sqlerr.UndefinedObject, sqlerr.InvalidCatalogName, sqlerr.InvalidSchemaName:
		// What IF EXISTS skips is no error, and PostgreSQL does not code it as one.
		c := *e
		c.Code = sqlerr.SuccessfulCompletion
		e = &c
	}
	s.opts.Notice(&Notice{severity, e})
}

// Prepared is a parsed statement that may be run any number of times.
type Prepared struct {
	Name  string
	SQL   string
	stmt  parser.Stmt
	text  parser.Statement
	types []types.OID // as the client declared them; 0 is unspecified
	// fromSQL: PREPARE made it.
	fromSQL  bool
	prepared time.Time

	plan    *planner.Plan // the plan last made, if it has one
	version planVersion
	narrow  bool // see narrow
	columns []planner.Column
	params  []types.Type
	idle    *execution // an operator tree that is not in use
	tree    operator
}

// planVersion is what a plan depends on besides the statement.
type planVersion struct {
	catalog uint64
	setting uint64
	stats   uint64
}

// Columns are the columns of the result, nil if there is none. Valid after Prepare.
func (p *Prepared) Columns() []planner.Column { return p.columns }

// Params are the types of the parameters.
func (p *Prepared) Params() []types.Type { return p.params }

// Statement returns the syntax tree.
func (p *Prepared) Statement() parser.Stmt { return p.stmt }

// Prepare checks a statement and finds the types of its parameters and columns.
// It runs in the session's transaction, an implicit one if there is none, and
// fails in a failed one unless the statement ends it. Parameters without a type in
// paramTypes are inferred; an empty list that is not nil allows none.
func (s *Session) Prepare(ctx context.Context, stmt parser.Statement, paramTypes []types.OID) (*Prepared, error) {
	if s.block == failed && !endsTransaction(stmt.Node) {
		return nil, errInFailed
	}
	p := &Prepared{SQL: stmt.Text, stmt: stmt.Node, text: stmt, types: paramTypes, prepared: time.Now()}
	if !planned(stmt.Node) {
		return p, s.describeUtility(ctx, p)
	}
	if err := s.firstPlan(ctx, p); err != nil {
		return nil, s.fail(err)
	}
	return p, nil
}

// TryPrepare is Prepare for a statement that has a plan; its error has not failed the
// transaction.
func (s *Session) TryPrepare(ctx context.Context, stmt parser.Statement, paramTypes []types.OID) (*Prepared, error) {
	if s.block == failed {
		return nil, errInFailed
	}
	if !planned(stmt.Node) {
		return nil, sqlerr.New(sqlerr.Internal, "the statement has no plan")
	}
	p := &Prepared{SQL: stmt.Text, stmt: stmt.Node, text: stmt, types: paramTypes, prepared: time.Now()}
	return p, s.firstPlan(ctx, p)
}

func (s *Session) firstPlan(ctx context.Context, p *Prepared) error {
	ctx, err := s.running(ctx, nil)
	if err != nil {
		return err
	}
	defer s.finished()
	if err := s.ensureTxn(time.Now()); err != nil {
		return err
	}
	if err := s.beginStatement(ctx); err != nil {
		return err
	}
	sc, err := s.schemaFor(s.txn)
	if err != nil {
		return err
	}
	return s.makePlan(p, sc)
}

// makePlan plans p for the schema unless its plan still holds.
func (s *Session) makePlan(p *Prepared, sc *schema) error {
	v := planVersion{sc.cat.Version, s.settings.epoch, sc.db.statsEpoch()}
	if p.plan != nil && p.version == v {
		return nil
	}
	plan, err := planner.Make(s.planEnv(sc, p.types), p.stmt)
	if err != nil {
		return err
	}
	if p.plan != nil && p.columns != nil && !sameColumns(p.columns, plan.Columns) {
		return sqlerr.New(sqlerr.FeatureNotSupported, "cached plan must not change result type")
	}
	p.plan, p.version, p.columns, p.params = plan, v, plan.Columns, plan.Params
	p.narrow = narrow(plan, sc.cat)
	p.idle, p.tree = nil, nil
	return nil
}

func sameColumns(a, b []planner.Column) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Name != b[i].Name || a[i].Type != b[i].Type {
			return false
		}
	}
	return true
}

func (s *Session) planEnv(sc *schema, params []types.OID) *planner.Env {
	env := &planner.Env{Catalog: sc.cat, SearchPath: s.settings.searchPath, Format: s.format, Stats: sc.db.plannerStats, WorkMem: s.workMem(), Off: s.settings.methodsOff}
	env.FixedParams = params != nil && len(params) == 0
	for _, o := range params {
		t := types.Type{}
		if o != 0 && o != types.UnknownOID {
			t = o.Type()
		}
		env.Params = append(env.Params, t)
	}
	return env
}

// planned reports whether a statement is run by a plan.
func planned(n parser.Stmt) bool {
	switch n.(type) {
	case *parser.SelectStmt, *parser.InsertStmt, *parser.UpdateStmt, *parser.DeleteStmt:
		return true
	}
	return false
}

// endsTransaction reports whether a statement may run in a failed transaction.
func endsTransaction(n parser.Stmt) bool {
	t, ok := n.(*parser.TransactionStmt)
	if !ok {
		return false
	}
	switch t.Kind {
	case parser.TxnCommit, parser.TxnRollback, parser.TxnRollbackTo:
		return true
	}
	return false
}

var errInFailed = sqlerr.New(sqlerr.InFailedSQLTransaction, "current transaction is aborted, commands ignored until end of transaction block")

// ensureTxn begins an implicit transaction, now, if there is none.
func (s *Session) ensureTxn(now time.Time) error {
	if s.block == failed {
		return errInFailed
	}
	if s.txn != nil {
		return nil
	}
	if err := s.start(s.settings.defaults(), now); err != nil {
		return err
	}
	s.block, s.implicitN = implicit, 0
	return nil
}

// start begins a transaction.
func (s *Session) start(o txn.Options, now time.Time) error {
	o.PID, o.Database = s.pid, uint32(s.db.id)
	o.AsyncCommit, o.Detect, o.LastSafe = s.settings.asyncCommit, s.settings.detect, s.settings.lastSafe
	o.LockTimeout, o.DeadlockTimeout = s.settings.lockTimeout, s.settings.deadlockTimeout
	t, err := s.srv.mgr.Begin(o)
	if err != nil {
		return err
	}
	s.txn, s.began, s.ddl, s.own, s.old = t, false, 0, nil, nil
	s.txnTime, s.stmtTime, s.clock.read = now, now, now
	s.marks, s.later, s.modes = s.marks[:0], s.later[:0], nil
	return nil
}

// beginStatement starts a command of the transaction.
func (s *Session) beginStatement(ctx context.Context) error {
	s.began = true
	if err := s.txn.BeginStatement(ctx); err != nil {
		return err
	}
	s.txn.Explain(s.Query) // only this goroutine writes it
	return nil
}

// Sync ends the implicit transaction, if there is one: with a commit, unless an
// error has rolled it back already. The caller does so before it tells the client
// that the statement is complete.
func (s *Session) Sync(ctx context.Context) error {
	if s.block != implicit {
		return nil
	}
	return s.commit(ctx)
}

// InTransaction reports whether an explicit transaction is open.
func (s *Session) InTransaction() bool { return s.block == explicit || s.block == failed }

func (s *Session) commit(ctx context.Context) error {
	if err := s.runDeferred(ctx); err != nil {
		s.rollback()
		return err
	}
	s.closePortals(false)
	t := s.txn
	s.txn, s.block = nil, idle
	s.settings.endTransaction(s, true)
	s.forgetTransaction()
	err := t.Commit(ctx)
	s.reportAnomaly(t, err)
	settle(err)
	return s.explain(err)
}

func (s *Session) rollback() {
	s.closePortals(false)
	if s.txn != nil {
		s.txn.Rollback()
	}
	s.txn, s.block = nil, idle
	s.settings.endTransaction(s, false)
	s.forgetTransaction()
}

func (s *Session) forgetTransaction() {
	s.marks, s.later, s.modes = s.marks[:0], s.later[:0], nil
	s.ddl, s.own, s.old = 0, nil, nil
}

// fail notes that a statement has failed, and returns its error.
func (s *Session) fail(err error) error {
	err = s.explain(err)
	switch s.block {
	case implicit:
		s.rollback()
	case explicit:
		s.block = failed
		if len(s.marks) == 0 {
			// Nothing can bring the transaction back, so its locks go now.
			s.closePortals(false)
			s.txn.Rollback()
		} else {
			s.txn.RollbackTo(s.marks[len(s.marks)-1].mark)
		}
	}
	settle(err)
	return err
}

// settle waits, after a transaction could not be serialized, for the commits that were in its way. The
// client tries again at once, and must not do so in vain.
func settle(err error) {
	if f, ok := errors.AsType[*txn.Failure](err); ok {
		f.Settle()
	}
}

// runDeferred makes the checks that were put off to the end of the transaction.
func (s *Session) runDeferred(ctx context.Context) error {
	if len(s.later) == 0 {
		return nil
	}
	if err := s.beginStatement(ctx); err != nil {
		return err
	}
	sc, err := s.schemaFor(s.txn)
	if err != nil {
		return err
	}
	x := &execution{}
	x.begin(ctx, s, sc)
	queue := s.later
	s.later = nil
	for i := range queue {
		if err := queue[i].run(x, queue[i].action()); err != nil {
			return err
		}
	}
	for len(x.fks.queue) > 0 || len(s.later) > 0 {
		q := append(append([]fkEvent(nil), x.fks.queue...), s.later...)
		x.fks.queue, s.later = nil, nil
		for i := range q {
			if err := q[i].run(x, q[i].action()); err != nil {
				return err
			}
		}
	}
	return nil
}

// deferred reports whether the checks of a foreign key wait for the commit.
func (s *Session) deferred(fk *catalog.ForeignKey) bool {
	if !fk.Deferrable {
		return false
	}
	if d, ok := s.modes[fk.Name]; ok {
		return d
	}
	if d, ok := s.modes[""]; ok {
		return d
	}
	return fk.InitiallyDeferred
}

func (s *Session) closePortals(all bool) {
	for name, p := range s.portals {
		if all || !p.hold {
			p.Close()
			delete(s.portals, name)
		}
	}
}

// asError gives any error a SQLSTATE.
func asError(err error) *sqlerr.Error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return sqlerr.New(sqlerr.QueryCanceled, "canceling statement due to statement timeout")
	}
	if errors.Is(err, context.Canceled) {
		return sqlerr.New(sqlerr.QueryCanceled, "canceling statement due to user request")
	}
	return sqlerr.As(err)
}
