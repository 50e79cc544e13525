package pgwire

import (
	"context"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// background is what statements run in: only Cancel and Terminate end them.
var background = context.Background()

// canceledContext makes a portal fail that a cancel request found between two calls.
var canceledContext = func() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(sqlerr.New(sqlerr.QueryCanceled, "canceling statement due to user request"))
	return ctx
}()

// idleSessionTimeout is the SQLSTATE of idle_session_timeout.
const idleSessionTimeout sqlerr.Code = "57P05"

var (
	errAdminShutdown = sqlerr.New(sqlerr.AdminShutdown, "terminating connection due to administrator command")
	errIdleInTxn     = sqlerr.New(sqlerr.IdleInTransactionSessionTimeout, "terminating connection due to idle-in-transaction timeout")
	errIdleSession   = sqlerr.New(idleSessionTimeout, "terminating connection due to idle-session timeout")
	errLostSync      = sqlerr.New(sqlerr.ProtocolViolation, "terminating connection because protocol synchronization was lost")
)

// conn is one connection. Everything but the atomic fields belongs to its goroutine.
type conn struct {
	srv  *Server
	nc   net.Conn
	in   input
	out  output
	sess *minisql.Session
	p    minisql.Protocol

	pid     int32
	secret  uint32
	counted bool // in srv.sessions

	stmts    map[string]*statement
	portals  map[string]*portal // those with a name
	unnamed  portal             // used again by each Bind
	bound    bool               // unnamed is there
	params   []types.Datum      // of the unnamed portal
	skipping bool               // an error happened: messages are ignored until Sync
	source   string             // what positions in errors count in
	text     string             // of the Query that runs
	simple   minisql.Portal     // of a statement of it
	reported map[string]string
	changed  map[string]string // settings changed since the last ReadyForQuery

	steps    atomic.Uint64 // messages begun and ended: odd while one is being worked on
	canceled atomic.Bool   // a cancel request came since the last message
	awake    atomic.Bool   // somebody wants the connection to end when it is idle
	protocol atomic.Pointer[minisql.Protocol]
}

// stopping reports whether the connection has to end when it is idle.
func (c *conn) stopping() bool { return c.awake.Load() }

// wake ends the connection as soon as it waits for its client. Any goroutine calls it.
func (c *conn) wake() {
	c.awake.Store(true)
	_ = c.nc.SetReadDeadline(time.Unix(1, 0))
}

// terminate is wake for a session that has been ended from outside: a client that
// does not take its answers is not waited for long.
func (c *conn) terminate() {
	c.wake()
	_ = c.nc.SetWriteDeadline(time.Now().Add(5 * time.Second))
}

// serve is the connection's life.
func (c *conn) serve() {
	defer func() {
		_ = c.guard(func() error {
			if c.sess != nil {
				return c.sess.Close()
			}
			return nil
		})
		if c.counted {
			c.srv.sessions.Add(-1)
		}
		c.srv.forget(c)
		_ = c.nc.Close()
		c.in.relax()
		c.out.relax()
	}()
	ok := false
	err := c.guard(func() (err error) {
		ok, err = c.startup()
		return err
	})
	for ok && err == nil {
		err = c.guard(c.step)
	}
	c.farewell(err)
}

// errTerminate is the end of a connection that its client wanted.
var errTerminate = errors.New("terminate")

// farewell tells the client why the connection ends, if it is still there to hear it.
func (c *conn) farewell(err error) {
	switch {
	case err == nil, errors.Is(err, errTerminate):
		return
	case c.stopping() && errors.Is(err, os.ErrDeadlineExceeded):
		err = errAdminShutdown
	}
	if errors.Is(err, minisql.ErrClosed) {
		err = errAdminShutdown
	}
	if e, ok := errors.AsType[*sqlerr.Error](err); ok {
		c.fatal(e)
	}
}

func (c *conn) fatal(e *sqlerr.Error) {
	_ = c.nc.SetWriteDeadline(time.Now().Add(5 * time.Second))
	c.out.report(msgErrorResponse, "FATAL", e, c.source)
	_ = c.out.flush()
}

// step reads a message and does what it asks, and goes on as long as whole messages
// have arrived: a client sends what belongs together in one piece. An error ends the
// connection.
func (c *conn) step() error {
	if !c.in.buffered() {
		if err := c.rest(); err != nil {
			return err
		}
	}
	typ, body, err := c.in.message(c.limit)
	if err != nil {
		return c.readError(err)
	}
	if err := c.p.Lock(); err != nil {
		return err
	}
	defer c.p.Unlock()
	c.steps.Add(1)
	defer c.steps.Add(1)
	for {
		if c.canceled.Load() {
			c.canceled.Store(false)
		}
		if err := c.dispatch(typ, body); err != nil || !c.in.whole() {
			return err
		}
		if typ, body, err = c.in.message(c.limit); err != nil {
			return err
		}
	}
}

// rest prepares for waiting for the client.
func (c *conn) rest() error {
	if len(c.out.buf) == 0 {
		c.out.relax()
	}
	c.in.relax()
	inTxn, idle := c.p.IdleTimeouts()
	if c.p.Status() != 'I' {
		idle = inTxn
	}
	if idle > 0 {
		_ = c.nc.SetReadDeadline(time.Now().Add(idle))
	}
	if c.stopping() { // after the deadline is set, as wake does it the other way round
		return errAdminShutdown
	}
	if idle <= 0 {
		return nil
	}
	if err := c.in.need(1); err != nil {
		return c.readError(err)
	}
	_ = c.nc.SetReadDeadline(time.Time{})
	if c.stopping() {
		return errAdminShutdown
	}
	return nil
}

// readError says why the client could not be heard.
func (c *conn) readError(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		switch {
		case c.stopping():
			return errAdminShutdown
		case c.p.Status() != 'I':
			return errIdleInTxn
		}
		return errIdleSession
	}
	return err
}

// limit is how long a message of a type may be.
func (c *conn) limit(typ byte) (int, error) {
	switch typ {
	case 'Q', 'P', 'B', 'd', 'F':
		return messageMax, nil
	case 'C', 'D', 'E', 'H', 'S', 'X', 'c', 'f', 'p':
		return smallMessageMax, nil
	}
	return 0, sqlerr.New(sqlerr.ProtocolViolation, "invalid frontend message type %d", typ)
}

func (c *conn) dispatch(typ byte, body []byte) error {
	switch typ {
	case 'X':
		return errTerminate
	case 'd', 'c', 'f':
		// What a client was still sending when its COPY failed.
		return nil
	case 'S':
		c.skipping = false
		return c.sync()
	}
	if c.skipping && typ != 'Q' {
		return nil
	}
	switch typ {
	case 'Q':
		c.skipping = false
		return c.query(body)
	case 'P':
		return c.extended(c.parse(body))
	case 'B':
		return c.extended(c.bind(body))
	case 'D':
		return c.extended(c.describe(body))
	case 'E':
		return c.extended(c.execute(body))
	case 'C':
		return c.extended(c.close(body))
	case 'H':
		return c.out.flush()
	case 'F':
		if err := c.failed(c.p.Fail(sqlerr.Unsupported("the function call message"))); err != nil {
			return err
		}
		return c.ready()
	}
	return sqlerr.New(sqlerr.ProtocolViolation, "invalid frontend message type %d", typ)
}

// isFatal reports whether an error ends the connection.
func isFatal(e *sqlerr.Error) bool {
	switch e.Code {
	case sqlerr.AdminShutdown, sqlerr.CrashShutdown, sqlerr.CannotConnectNow, idleSessionTimeout, sqlerr.IdleInTransactionSessionTimeout:
		return true
	}
	return false
}

// lostError is an error after which the client cannot be understood any more.
type lostError struct{ error }

func (e lostError) Unwrap() error { return e.error }

// failed reports a statement's error to the client; what it returns ends the connection.
func (c *conn) failed(err error) error {
	if c.out.err != nil {
		return c.out.err
	}
	if _, ok := errors.AsType[lostError](err); ok {
		return err
	}
	e := sqlerr.As(err)
	if isFatal(e) {
		return e
	}
	c.closePortals() // the transaction that they lived in is gone
	c.out.report(msgErrorResponse, "ERROR", e, c.source)
	return nil
}

// extended ends a message of the extended protocol.
func (c *conn) extended(err error) error {
	if err == nil {
		return c.out.full()
	}
	c.skipping = true
	return c.failed(err)
}

// sync ends a series of extended messages.
func (c *conn) sync() error {
	if c.p.Status() == 'I' {
		c.closePortals() // before the implicit transaction that they read in ends
	}
	if err := c.p.Sync(background); err != nil {
		if err := c.failed(err); err != nil {
			return err
		}
	}
	return c.ready()
}

// ready tells the client that it is its turn.
func (c *conn) ready() error {
	status := c.p.Status()
	if status == 'I' {
		c.closePortals()
	}
	for name, value := range c.changed {
		if c.reported[name] != value {
			c.reported[name] = value
			c.out.parameterStatus(name, value)
		}
		delete(c.changed, name)
	}
	c.out.readyForQuery(status)
	return c.out.flush()
}

// notice passes on what the running statement has to say.
func (c *conn) notice(n *minisql.Notice) {
	c.out.report(msgNoticeResponse, n.Severity, n.Error, c.source)
}

// run is the context for a portal's next call.
func (c *conn) run() context.Context {
	if c.canceled.Load() {
		return canceledContext
	}
	return background
}
