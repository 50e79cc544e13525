package anomaly

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"github.com/minisql/minisql/sqlerr"
)

// Stage is a schema on a server in which scripts are played, one after the other. Its own
// session sets the scene and watches who waits for whom.
type Stage struct {
	server Server
	own    Session
	schema string
	blind  bool // the server cannot say who waits
}

// Open makes a stage with a schema of its own.
func Open(ctx context.Context, server Server) (*Stage, error) {
	own, err := server.Open(ctx)
	if err != nil {
		return nil, err
	}
	s := &Stage{server: server, own: own, schema: "anomaly_" + strings.ToLower(rand.Text()[:10])}
	if err := s.exec(ctx, "create schema "+s.schema, "set search_path = "+s.schema); err != nil {
		own.Close()
		return nil, err
	}
	_, err = own.Exec(ctx, "select pg_blocking_pids(0)")
	s.blind = sqlerr.CodeOf(err) == sqlerr.UndefinedFunction
	return s, nil
}

// Close drops the schema. A run that was cancelled may have cost the stage its session: then
// another one does it.
func (s *Stage) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	drop := "drop schema if exists " + s.schema + " cascade"
	err := s.exec(ctx, drop)
	s.own.Close()
	if err == nil {
		return nil
	}
	if s.own, err = s.server.Open(ctx); err != nil {
		return err
	}
	defer s.own.Close()
	return s.exec(ctx, drop)
}

// Version is what the server says of itself, without the platform.
func (s *Stage) Version(ctx context.Context) (string, error) {
	r, err := s.own.Exec(ctx, "select version()")
	version, _, _ := strings.Cut(r.String(), " on ")
	return version, err
}

// set clears the stage and runs a script's setup.
func (s *Stage) set(ctx context.Context, script *Script) error {
	if err := s.exec(ctx, "drop schema if exists "+s.schema+" cascade", "create schema "+s.schema); err != nil {
		return err
	}
	return s.exec(ctx, script.Setup...)
}

func (s *Stage) exec(ctx context.Context, statements ...string) error {
	for _, sql := range statements {
		if _, err := s.own.Exec(ctx, sql); err != nil {
			return errors.Join(errors.New(sql), err)
		}
	}
	return nil
}

// enter opens a session for a script, whose transactions have the level.
func (s *Stage) enter(ctx context.Context, level Level) (session Session, pid string, err error) {
	session, err = s.server.Open(ctx)
	if err != nil {
		return nil, "", err
	}
	if pid, err = s.prepare(ctx, session, level); err != nil {
		session.Close()
		return nil, "", err
	}
	return session, pid, nil
}

// prepare brings a session to the stage, and asks for its process.
func (s *Stage) prepare(ctx context.Context, session Session, level Level) (pid string, err error) {
	for _, sql := range []string{"set search_path = " + s.schema, "set default_transaction_isolation = '" + string(level) + "'"} {
		if _, err := session.Exec(ctx, sql); err != nil {
			return "", err
		}
	}
	// PostgreSQL looks for deadlocks late, and lets superusers hurry it. Who finds them at once is
	// left alone. Elsewhere it is no loss.
	_, _ = session.Exec(ctx, "select set_config('deadlock_timeout', '100ms', false) where current_setting('deadlock_timeout') <> '0'")
	if s.blind {
		return "", nil
	}
	r, err := session.Exec(ctx, "select pg_backend_pid()")
	return r.String(), err
}

// blockers lists the processes that pid waits for.
func (s *Stage) blockers(ctx context.Context, pid string) ([]string, error) {
	r, err := s.own.Exec(ctx, "select pg_blocking_pids("+pid+"), pg_safe_snapshot_blocking_pids("+pid+")")
	if err != nil {
		return nil, err
	}
	return strings.FieldsFunc(r.String(), func(c rune) bool { return c < '0' || c > '9' }), nil
}
