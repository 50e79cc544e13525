package pgwire

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/sqlerr"
)

// Options tune a Server. The zero value trusts everybody who connects.
type Options struct {
	// Auth is how clients prove who they are: AuthTrust (the zero value) or AuthSCRAM.
	Auth AuthMethod
	// Passwords are those of the users for AuthSCRAM: in clear, or as PostgreSQL
	// stores them ("SCRAM-SHA-256$4096:…").
	Passwords map[string]string
	// MaxConnections bounds the sessions at a time; 0 means 100.
	MaxConnections int
	// AuthTimeout bounds the time from connecting to the end of authentication; 0
	// means 60 s.
	AuthTimeout time.Duration
	// Logf receives what an operator should know; nil drops it.
	Logf func(format string, args ...any)
}

// Server serves one database to any number of connections.
type Server struct {
	db   *minisql.DB
	opts Options
	auth *authenticator

	mu        sync.Mutex // guards what follows
	conns     map[*conn]struct{}
	byPID     map[int32]*conn
	listeners map[net.Listener]struct{}
	stopping  bool
	wg        sync.WaitGroup // of conns

	watching sync.Once
	ended    chan struct{} // closed when the last connection is gone after stop
	endOnce  sync.Once

	sessions atomic.Int32 // past the startup packet
}

// NewServer makes a server for db. The caller closes db after the server.
func NewServer(db *minisql.DB, opts Options) (*Server, error) {
	if opts.MaxConnections <= 0 {
		opts.MaxConnections = 100
	}
	if opts.AuthTimeout <= 0 {
		opts.AuthTimeout = time.Minute
	}
	auth, err := newAuthenticator(opts.Auth, opts.Passwords)
	if err != nil {
		return nil, err
	}
	return &Server{
		db: db, opts: opts, auth: auth,
		conns: make(map[*conn]struct{}), byPID: make(map[int32]*conn), listeners: make(map[net.Listener]struct{}),
		ended: make(chan struct{}),
	}, nil
}

// Serve serves db on a listener until ctx ends, then shuts down gracefully: running
// statements finish, idle connections are told, and Serve returns nil.
func Serve(ctx context.Context, db *minisql.DB, l net.Listener, opts Options) error {
	s, err := NewServer(db, opts)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = s.Shutdown(context.WithoutCancel(ctx)) })
	err = s.Serve(l)
	if !stop() {
		s.wait()
	}
	return err
}

// Serve accepts connections until Shutdown or Close; then it returns nil. It closes
// the listener.
func (s *Server) Serve(l net.Listener) error {
	defer func() { _ = l.Close() }()
	s.mu.Lock()
	if s.stopping {
		s.mu.Unlock()
		return nil
	}
	s.listeners[l] = struct{}{}
	s.mu.Unlock()
	// The watch outlives the listener: at shutdown, statements of clients that are gone
	// are the ones that would keep us waiting.
	s.watching.Do(func() { go s.watch(s.ended) })
	for {
		nc, err := l.Accept()
		if err == nil {
			s.start(nc)
			continue
		}
		s.mu.Lock()
		stopping := s.stopping
		s.mu.Unlock()
		if stopping {
			return nil
		}
		var ne net.Error
		if errors.As(err, &ne) && ne.Timeout() || isTransient(err) {
			s.logf("accept: %v", err)
			time.Sleep(10 * time.Millisecond) // out of file descriptors: it may pass
			continue
		}
		return fmt.Errorf("accept: %w", err)
	}
}

// ServeConn serves one connection, such as an end of net.Pipe, and closes it.
func (s *Server) ServeConn(nc net.Conn) {
	if c := s.admit(nc); c != nil {
		c.serve()
	}
}

func (s *Server) start(nc net.Conn) {
	if c := s.admit(nc); c != nil {
		go c.serve()
	}
}

// admit registers a connection; nil if it was turned away.
func (s *Server) admit(nc net.Conn) *conn {
	if t, ok := nc.(*net.TCPConn); ok {
		_ = t.SetNoDelay(true)
		_ = t.SetKeepAlive(true)
	}
	c := &conn{srv: s, nc: nc}
	c.in.init(nc)
	c.out.dst = nc
	s.mu.Lock()
	// A client that has not spoken yet counts too, though with room for those who
	// come to cancel.
	crowded := len(s.conns) >= 2*s.opts.MaxConnections+16
	if !s.stopping && !crowded {
		s.conns[c] = struct{}{}
		s.wg.Add(1)
		s.mu.Unlock()
		return c
	}
	s.mu.Unlock()
	_ = nc.SetDeadline(time.Now().Add(time.Second))
	err := errTooManyClients
	if !crowded {
		err = errShuttingDown
	}
	c.fatal(err)
	_ = nc.Close()
	return nil
}

func (s *Server) forget(c *conn) {
	s.mu.Lock()
	delete(s.conns, c)
	if c.pid != 0 && s.byPID[c.pid] == c {
		delete(s.byPID, c.pid)
	}
	s.mu.Unlock()
	s.wg.Done()
}

// enroll makes a connection known to cancel requests.
func (s *Server) enroll(c *conn) error {
	var secret [4]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.pid, c.secret = c.sess.PID(), binary.BigEndian.Uint32(secret[:])
	s.byPID[c.pid] = c
	return nil
}

// cancel cancels what a connection is running, if the secret is right.
func (s *Server) cancel(pid int32, secret uint32) {
	s.mu.Lock()
	c := s.byPID[pid]
	s.mu.Unlock()
	if c == nil || c.secret != secret {
		s.logf("cancel request for process %d with a wrong key", pid)
		return
	}
	c.canceled.Store(true)
	c.sess.Cancel()
}

// Shutdown stops accepting connections, lets running statements finish, and ends
// each connection with 57P01 as soon as it is idle. It returns when all are gone, or with
// the error of ctx; then Close ends the rest.
func (s *Server) Shutdown(ctx context.Context) error {
	for _, c := range s.stop() {
		c.wake()
	}
	done := make(chan struct{})
	go func() {
		s.wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close ends all connections at once: running statements are cancelled.
func (s *Server) Close() error {
	for _, c := range s.stop() {
		if p := c.protocol.Load(); p != nil {
			p.Terminate()
		}
		_ = c.nc.Close()
	}
	s.wait()
	return nil
}

// wait returns when all connections are gone.
func (s *Server) wait() {
	s.wg.Wait()
	s.endOnce.Do(func() { close(s.ended) })
}

// stop closes the listeners and returns the connections.
func (s *Server) stop() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopping = true
	for l := range s.listeners {
		_ = l.Close()
	}
	var all []*conn
	for c := range s.conns {
		all = append(all, c)
	}
	return all
}

func (s *Server) logf(format string, args ...any) {
	if s.opts.Logf != nil {
		s.opts.Logf(format, args...)
	}
}

// guard runs f; a panic costs the connection, not the server.
func (c *conn) guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			c.srv.logf("panic in connection %d: %v\n%s", c.pid, r, debug.Stack())
			err = sqlerr.New(sqlerr.Internal, "internal error: %v", r)
		}
	}()
	return f()
}

func itoa(n int) string { return strconv.Itoa(n) }
