package exec

import (
	"context"
	"sync"
	"time"

	"github.com/minisql/minisql/sqlerr"
)

// run is the context of the statement that a session is running: it ends with the
// caller's context, and when Cancel, Terminate or statement_timeout end it; then Err is
// what the client is to be told. A session has one, used again and again, because making
// a context costs more than a point select should: so nobody may keep it beyond
// the statement.
//
//	running ──▶ active ── stop ──▶ err set, done closed
//	finished ◀────┘
type run struct {
	parent context.Context

	mu     sync.Mutex // guards what follows
	dead   error      // why no further statement may run
	active int        // calls of running without finished: they nest
	serial uint64     // of the statement, for timers that come late
	err    error
	done   chan struct{}
	closed bool

	stopTimer  func() bool
	stopParent func() bool
}

// Deadline is the caller's.
func (r *run) Deadline() (time.Time, bool) { return r.parent.Deadline() }

// Value is the caller's.
func (r *run) Value(key any) any { return r.parent.Value(key) }

// Err is why the statement has to end.
func (r *run) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Done is closed when the statement has to end.
func (r *run) Done() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done == nil {
		r.done = make(chan struct{})
	}
	if r.err != nil && !r.closed {
		close(r.done)
		r.closed = true
	}
	return r.done
}

// stop ends the statement with this number, or whichever is running if it is 0.
func (r *run) stop(serial uint64, cause error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.active == 0 || r.err != nil || serial != 0 && serial != r.serial {
		return
	}
	r.err = cause
	if r.done != nil {
		close(r.done)
		r.closed = true
	}
}

// running begins a statement: the context is what it runs in. The caller calls
// finished when it is over. A statement that runs in several calls gives until, zero
// at the first, so that statement_timeout is that of all.
func (s *Session) running(ctx context.Context, until *time.Time) (context.Context, error) {
	r := &s.run
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.active > 0 {
		r.active++
		return ctx, nil // ctx is r, or derived from it
	}
	if r.dead != nil {
		return nil, r.dead
	}
	r.active = 1
	r.serial++
	r.parent = ctx
	serial := r.serial
	if d := s.settings.statementTimeout; d > 0 {
		if until != nil {
			if until.IsZero() {
				*until = time.Now().Add(d)
			}
			d = time.Until(*until)
		}
		if d <= 0 {
			r.err = errStatementTimeout
			return r, nil
		}
		r.stopTimer = time.AfterFunc(d, func() {
			r.stop(serial, errStatementTimeout)
		}).Stop
	}
	if ctx.Done() != nil {
		r.stopParent = context.AfterFunc(ctx, func() { r.stop(serial, cancelCause(ctx)) })
	}
	return r, nil
}

// finished ends what running began.
func (s *Session) finished() {
	r := &s.run
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.active--; r.active > 0 {
		return
	}
	if r.stopTimer != nil {
		r.stopTimer()
		r.stopTimer = nil
	}
	if r.stopParent != nil {
		r.stopParent()
		r.stopParent = nil
	}
	if r.closed {
		r.done, r.closed = nil, false
	}
	r.err = nil
}

var errStatementTimeout = sqlerr.New(sqlerr.QueryCanceled, "canceling statement due to statement timeout")

func (s *Session) stop(cause error) { s.run.stop(0, cause) }

// end refuses all further statements.
func (r *run) end(cause error) {
	r.mu.Lock()
	r.dead = cause
	r.mu.Unlock()
}
