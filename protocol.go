package minisql

import (
	"context"
	"time"

	"github.com/minisql/minisql/exec"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/types"
)

// Protocol drives a session step by step, as PostgreSQL's wire protocol does. It is
// what package pgwire uses; programs use Session instead, and not both at once.
//
//	Parse ──▶ Prepare ──▶ Bind ──▶ Portal.Next … nil ──▶ Sync
//
// An error of Prepare, of a Portal's methods, or one given to Fail, has failed the
// transaction: an implicit one is rolled back, an explicit one waits for ROLLBACK.
type Protocol struct {
	s *Session
	x *exec.Session
}

// Types that Protocol hands out.
type (
	// Statement is one statement of a text.
	Statement = parser.Statement
	// PreparedStatement is a statement whose parameters and columns are known.
	PreparedStatement = exec.Prepared
	// Portal is a prepared statement with its parameters, ready to run.
	Portal = exec.Portal
	// Column is a column of a result.
	Column = planner.Column
)

// Protocol returns the session's low-level interface.
func (s *Session) Protocol() Protocol { return Protocol{s, s.x} }

// Lock keeps DB.Close from closing the session under the caller, until Unlock.
// All other methods are called between the two. It fails if the session is closed.
func (p Protocol) Lock() error {
	p.s.mu.Lock()
	if p.s.closed {
		p.s.mu.Unlock()
		return ErrClosed
	}
	return nil
}

// Unlock ends what Lock began.
func (p Protocol) Unlock() { p.s.mu.Unlock() }

// Parse finds the statements of a text.
func (p Protocol) Parse(sql string) ([]Statement, error) { return parser.Parse(sql) }

// Kept finds what Keep kept: a statement, and its preparation if that still holds.
func (p Protocol) Kept(key string) (st Statement, prepared *PreparedStatement, ok bool) {
	e := p.s.cache.get(key)
	if e == nil {
		return st, nil, false
	}
	if p.x.Status() != 'E' && p.x.Fresh(e.p) {
		prepared = e.p
	}
	return e.parsed, prepared, true
}

// Literals finds a prepared statement for a text that differs from earlier ones in its
// numbers only, and the values of its parameters, which are valid until the next call;
// nil if there is none, or if a plan of its own might serve the text better.
func (p Protocol) Literals(ctx context.Context, sql string) (*PreparedStatement, []types.Datum) {
	return p.s.literals.find(ctx, p.x, sql)
}

// Keep keeps the preparation of a statement for when its text comes again. The key is the
// text, and what else it was prepared with.
func (p Protocol) Keep(key string, st Statement, prepared *PreparedStatement) {
	if e := p.s.cache.get(key); e != nil {
		e.p, e.types = prepared, prepared.Params()
		return
	}
	p.s.cache.put(&stmt{text: key, parsed: st, p: prepared, types: prepared.Params()})
}

// Prepare finds the types of a statement's parameters and columns. Parameters
// whose OID is given as 0, or not at all, are inferred; an empty list that is not nil
// allows no parameters.
func (p Protocol) Prepare(ctx context.Context, stmt Statement, params []types.OID) (*PreparedStatement, error) {
	return p.x.Prepare(ctx, stmt, params)
}

// Fresh reports whether Prepare would find the same again.
func (p Protocol) Fresh(prepared *PreparedStatement) bool { return p.x.Fresh(prepared) }

// Name gives a prepared statement a name, so that EXECUTE finds it as well.
func (p Protocol) Name(prepared *PreparedStatement, name string) error {
	return p.x.Name(prepared, name)
}

// Named finds a statement by name: nil if there is none.
func (p Protocol) Named(name string) *PreparedStatement { return p.x.Named(name) }

// Forget drops a name, if there is such.
func (p Protocol) Forget(name string) { p.x.Forget(name) }

// Bind gives a statement its parameters.
func (p Protocol) Bind(prepared *PreparedStatement, params []types.Datum) (*Portal, error) {
	return p.x.Bind(prepared, params)
}

// BindTo is Bind into memory of the caller's, which is not in use.
func (p Protocol) BindTo(dst *Portal, prepared *PreparedStatement, params []types.Datum) error {
	return p.x.BindTo(dst, prepared, params)
}

// Sync commits the implicit transaction, if there is one.
func (p Protocol) Sync(ctx context.Context) error { return p.x.Sync(ctx) }

// Fail notes an error that the caller has found.
func (p Protocol) Fail(err error) error { return p.x.Fail(err) }

// Status is the transaction status: 'I', 'T' or 'E'.
func (p Protocol) Status() byte { return p.x.Status() }

// Format holds the settings that text input and output depend on. It changes with SET.
func (p Protocol) Format() *types.Format { return p.x.Format() }

// Reported returns the settings that clients are told of, and calls f with every change.
func (p Protocol) Reported(f func(name, value string)) map[string]string { return p.x.Reported(f) }

// IdleTimeouts are idle_in_transaction_session_timeout and idle_session_timeout; 0 is none.
func (p Protocol) IdleTimeouts() (inTransaction, idle time.Duration) { return p.x.IdleTimeouts() }

// Cancel ends the running statement, if there is one, with 57014. Any goroutine may call
// it, without Lock.
func (p Protocol) Cancel() { p.x.Cancel() }

// Terminate ends the running statement and refuses all further ones, with 57P01. Any
// goroutine may call it, without Lock.
func (p Protocol) Terminate() { p.x.Terminate() }
