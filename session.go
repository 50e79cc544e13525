package minisql

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/minisql/minisql/exec"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/sqlerr"
)

// Session is one connection to a database: it has settings, a transaction,
// temporary state and prepared statements of its own. One goroutine uses it at a
// time; it runs statements in the goroutine that calls it.
type Session struct {
	db *DB
	x  *exec.Session

	// mu is held by every call into x, so that DB.Close, which has cancelled
	// that call, can wait for it. It guards what follows.
	mu       sync.Mutex
	closed   bool
	rows     *Rows // those that are open
	drained  Rows  // those of Exec, used again
	cache    stmtCache
	literals literalCache
	inBatch  bool // statements share an implicit transaction until the batch ends
	noted    func(*Notice)
}

// SessionOptions are the properties of a session.
type SessionOptions struct {
	// Database and User default to those of the DB's Options.
	Database string
	User     string
	// Settings are run-time parameters that the session starts with.
	Settings map[string]string
	// OnNotice receives notices and warnings, in the goroutine that runs the statement.
	OnNotice func(*Notice)
	// ClientAddr is shown in pg_stat_activity.
	ClientAddr string
	// OnTerminate is called from another goroutine when the session has been
	// ended from outside, as by pg_terminate_backend().
	OnTerminate func()
}

// Session opens a session of its own, which the caller closes. A nil opts means
// the defaults.
func (db *DB) Session(ctx context.Context, opts *SessionOptions) (*Session, error) {
	var o SessionOptions
	if opts != nil {
		o = *opts
	}
	if o.Database == "" {
		o.Database = db.opts.Database
	}
	if o.User == "" {
		o.User = db.opts.User
	}
	if o.OnNotice == nil {
		o.OnNotice = db.opts.OnNotice
	}
	db.mu.Lock()
	closed := db.closed
	db.mu.Unlock()
	if closed {
		return nil, ErrClosed
	}
	s := &Session{db: db, noted: o.OnNotice}
	x, err := db.srv.NewSession(ctx, exec.SessionOptions{
		Database: o.Database, User: o.User, Settings: o.Settings, ClientAddr: o.ClientAddr,
		Notice: func(n *Notice) {
			if s.noted != nil {
				s.noted(n)
			}
		},
		Terminated: o.OnTerminate,
	})
	if err != nil {
		return nil, err
	}
	s.x = x
	if err := db.register(s); err != nil {
		x.Close()
		return nil, err
	}
	return s, nil
}

// Acquire takes an idle session, or opens one with the DB's defaults. Release
// gives it back. It never waits for a session: there is no limit to them.
func (db *DB) Acquire(ctx context.Context) (*Session, error) {
	db.mu.Lock()
	if n := len(db.idle); n > 0 {
		s := db.idle[n-1]
		db.idle = db.idle[:n-1]
		db.mu.Unlock()
		return s, nil
	}
	db.mu.Unlock()
	return db.Session(ctx, nil)
}

// Release gives a session back for others to Acquire. A transaction that is still
// open is rolled back; what SET changed stays. The caller must not use s any more.
func (s *Session) Release() {
	s.mu.Lock()
	if s.rows != nil {
		s.rows.stop()
	}
	if s.inBatch { // its results were not closed
		s.inBatch = false
		_ = s.refuse(ErrClosed)
	}
	if s.x.InTransaction() {
		_, _ = s.run(context.Background(), "rollback")
	}
	closed := s.closed
	s.mu.Unlock()
	if !closed {
		s.db.release(s)
	}
}

func (db *DB) release(s *Session) {
	db.mu.Lock()
	if !db.closed && len(db.idle) < db.opts.MaxIdleSessions {
		db.idle = append(db.idle, s)
		s = nil
	}
	db.mu.Unlock()
	if s != nil {
		s.end()
	}
}

// Close rolls back what is open and ends the session.
func (s *Session) Close() error {
	s.end()
	return nil
}

// end is Close for sessions that the DB owns.
func (s *Session) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	if r := s.rows; r != nil {
		r.portal.Close()
		r.done, r.err, s.rows = true, ErrClosed, nil
	}
	s.x.Close()
	s.db.unregister(s)
}

// IsClosed reports whether the session has been closed, by Close or with its database.
func (s *Session) IsClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// PID is the session's number, as pg_backend_pid() returns it.
func (s *Session) PID() int32 { return s.x.PID() }

// User and Database name the session's user and database.
func (s *Session) User() string { return s.x.User() }

// Database returns the name of the session's database.
func (s *Session) Database() string { return s.x.Database() }

// TxStatus is the transaction status as PostgreSQL's protocol has it: 'I' outside a
// transaction, 'T' in one, 'E' in one that has failed.
func (s *Session) TxStatus() byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.x.Status()
}

// Setting returns the value of a run-time parameter, as SHOW prints it.
func (s *Session) Setting(name string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.x.Setting(name)
}

// Cancel stops the statement that the session is running, if any, with error 57014. Any
// goroutine may call it.
func (s *Session) Cancel() { s.x.Cancel() }

// Query runs a statement and returns its rows. Parameters are written $1, $2 …; sql
// may also be the name of a statement that Prepare made. The session is busy
// until the Rows are closed. As in pgx, the Rows are never nil, and carry the error too.
func (s *Session) Query(ctx context.Context, sql string, args ...any) (*Rows, error) {
	r := &Rows{}
	if err := s.query(ctx, r, sql, args); err != nil {
		r.done, r.err = true, err
		return r, err
	}
	return r, nil
}

// QueryRow runs a statement whose first row is wanted. Errors are left to Row.Scan.
func (s *Session) QueryRow(ctx context.Context, sql string, args ...any) Row {
	r, _ := s.Query(ctx, sql, args...)
	return (*oneRow)(r)
}

// Exec runs a statement to its end. Without args, sql may have several statements, which
// share one transaction unless they say otherwise; the tag is that of the last.
func (s *Session) Exec(ctx context.Context, sql string, args ...any) (CommandTag, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ready(ctx); err != nil {
		return CommandTag{}, err
	}
	return s.run(ctx, sql, args...)
}

// ready reports whether the session can run a statement.
func (s *Session) ready(ctx context.Context) error {
	switch {
	case s.closed:
		return ErrClosed
	case s.rows != nil:
		return ErrBusy
	}
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	return nil
}

// query starts a statement for r, up to its first batch of rows.
func (s *Session) query(ctx context.Context, r *Rows, sql string, args []any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ready(ctx); err != nil {
		return err
	}
	e, err := s.prepare(ctx, sql)
	if err != nil {
		return because(ctx, err)
	}
	if e == nil { // an empty text
		r.done = true
		return nil
	}
	if err := s.bind(e, args); err != nil {
		return err
	}
	return s.open(ctx, r, e)
}

// open runs a statement with its parameters bound.
func (s *Session) open(ctx context.Context, r *Rows, e *stmt) error {
	if err := s.x.BindTo(&r.portal, e.p, e.params); err != nil {
		return s.x.Fail(err)
	}
	r.s, r.ctx, r.opened = s, ctx, true
	if r.portal.IsCopyIn() || r.portal.IsCopyOut() {
		return s.x.Fail(sqlerr.New(sqlerr.FeatureNotSupported, "COPY to or from the client needs CopyFrom or CopyTo"))
	}
	if !s.inBatch {
		r.portal.Alone()
	}
	s.rows = r
	r.fetch()
	return r.err
}

// run executes one statement, or several if there are no args, to the end. The
// caller holds mu and has asked ready.
func (s *Session) run(ctx context.Context, sql string, args ...any) (CommandTag, error) {
	e, err := s.prepare(ctx, sql)
	switch {
	case errors.Is(err, errManyStatements) && len(args) == 0:
		return s.runAll(ctx, sql)
	case err != nil:
		return CommandTag{}, because(ctx, err)
	case e == nil:
		return CommandTag{}, nil
	}
	if err := s.bind(e, args); err != nil {
		return CommandTag{}, err
	}
	return s.drain(ctx, e)
}

func (s *Session) drain(ctx context.Context, e *stmt) (CommandTag, error) {
	r := &s.drained
	defer func() { *r = Rows{} }()
	if err := s.open(ctx, r, e); err != nil {
		return CommandTag{}, err
	}
	for !r.done {
		r.fetch()
	}
	return r.CommandTag(), r.err
}

// runAll executes the statements of a text in one implicit transaction.
func (s *Session) runAll(ctx context.Context, sql string) (tag CommandTag, err error) {
	list, err := parser.Parse(sql)
	if err != nil {
		return tag, s.x.Fail(err)
	}
	outer := s.inBatch
	s.inBatch = true
	for _, st := range list {
		e := &stmt{parsed: st}
		if e.p, err = s.x.Prepare(ctx, st, nil); err != nil {
			break
		}
		if err = s.bind(e, nil); err != nil {
			break
		}
		if tag, err = s.drain(ctx, e); err != nil {
			break
		}
	}
	s.inBatch = outer
	if err != nil {
		return CommandTag{}, because(ctx, err)
	}
	return tag, because(ctx, s.sync(ctx))
}

// sync commits the implicit transaction, unless a batch is going on.
func (s *Session) sync(ctx context.Context) error {
	if s.inBatch {
		return nil
	}
	return s.x.Sync(ctx)
}

// bind turns args into the parameters of e.
func (s *Session) bind(e *stmt, args []any) error {
	if len(args) != len(e.types) {
		return s.refuse(fmt.Errorf("expected %d arguments, got %d", len(e.types), len(args)))
	}
	e.params = e.params[:0]
	for i, a := range args {
		d, err := datumOf(a, e.types[i], s.x.Format())
		if err != nil {
			return s.refuse(fmt.Errorf("argument $%d: %w", i+1, err))
		}
		e.params = append(e.params, d)
	}
	return nil
}

// refuse ends the implicit transaction that Prepare may have begun, for an error
// that is not the database's. An explicit transaction goes on.
func (s *Session) refuse(err error) error {
	if !s.x.InTransaction() {
		_ = s.x.Fail(sqlerr.As(err))
	}
	return err
}

// because adds the context's error to that of a statement it has cancelled, so
// that errors.Is finds context.Canceled and the SQLSTATE remains 57014.
func because(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil && CodeOf(err) == sqlerr.QueryCanceled && !errors.Is(err, ctx.Err()) {
		return fmt.Errorf("%w: %w", err, ctx.Err())
	}
	return err
}

// StatementDescription says what a prepared statement takes and returns.
type StatementDescription struct {
	Name      string
	SQL       string
	ParamOIDs []uint32
	Fields    []FieldDescription
}

// Prepare prepares a statement under a name that Query and Exec take in place of
// SQL text. There is seldom a need: a session keeps the statements it has run
// lately prepared. An empty name only describes the statement.
func (s *Session) Prepare(ctx context.Context, name, sql string) (*StatementDescription, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	list, err := parser.Parse(sql)
	if err != nil {
		return nil, s.x.Fail(err)
	}
	if len(list) != 1 {
		return nil, s.x.Fail(errManyStatements)
	}
	p, err := s.x.Prepare(ctx, list[0], nil)
	if err != nil {
		return nil, because(ctx, err)
	}
	if name != "" {
		if old := s.x.Named(name); old == nil || old.SQL != p.SQL {
			if err := s.x.Name(p, name); err != nil {
				return nil, s.x.Fail(err)
			}
		}
	}
	d := &StatementDescription{Name: name, SQL: sql, Fields: fieldsOf(p.Columns())}
	for _, t := range p.Params() {
		d.ParamOIDs = append(d.ParamOIDs, uint32(t.OID))
	}
	return d, because(ctx, s.sync(ctx))
}

// Deallocate forgets a statement that Prepare has named.
func (s *Session) Deallocate(_ context.Context, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.x.Forget(name)
	return nil
}

// Query is Session.Query on a session of its own, which is given back when the
// Rows are closed.
func (db *DB) Query(ctx context.Context, sql string, args ...any) (*Rows, error) {
	s, err := db.Acquire(ctx)
	if err != nil {
		return &Rows{done: true, err: err}, err
	}
	r := &Rows{owned: s}
	if err := s.query(ctx, r, sql, args); err != nil {
		r.done, r.err = true, err
	}
	if r.done {
		r.release()
	}
	return r, r.err
}

// QueryRow is Session.QueryRow on a session of its own, which is given back by Scan.
func (db *DB) QueryRow(ctx context.Context, sql string, args ...any) Row {
	r, _ := db.Query(ctx, sql, args...)
	return (*oneRow)(r)
}

// Exec is Session.Exec on a session of its own.
func (db *DB) Exec(ctx context.Context, sql string, args ...any) (CommandTag, error) {
	s, err := db.Acquire(ctx)
	if err != nil {
		return CommandTag{}, err
	}
	defer s.Release()
	return s.Exec(ctx, sql, args...)
}
