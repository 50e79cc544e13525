package exec_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/exec"
	"github.com/minisql/minisql/internal/engines"
	"github.com/minisql/minisql/mvcc"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
	"github.com/minisql/minisql/types"
)

var (
	update = flag.Bool("update", false, "rewrite the expected output of the scripts")
	oracle = flag.String("oracle", "", "run the isolation scripts on this PostgreSQL server (a connection string) and compare")
)

// TestIsolation runs testdata/isolation/*.txt: several sessions step by step, in
// the written order, each at READ COMMITTED, REPEATABLE READ and SERIALIZABLE.
//
//	setup: SQL          before anything, in a session of its own
//	t1: SQL             a step of session t1; $level in it is the isolation level
//	sleep 50ms          let time pass
//	----                what it prints, by level
//
// A step that has to wait prints "(waiting)" and its result when it comes. In a
// bubble of testing/synctest every session that is not running is truly asleep, so
// nothing depends on timing. With -oracle the same steps run on PostgreSQL.
func TestIsolation(t *testing.T) {
	if *oracle != "" {
		testIsolation(t, engines.Golden)
		return
	}
	engines.Each(t, testIsolation)
}

func testIsolation(t *testing.T, on engines.Engine) {
	files, err := filepath.Glob("testdata/isolation/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			for i, section := range strings.Split(strings.TrimRight(string(data), "\n"), "\n\n\n") {
				input, _, _ := strings.Cut(section, "\n----")
				if i > 0 {
					out.WriteString("\n\n")
				}
				out.WriteString(strings.TrimRight(input, "\n") + "\n")
				for _, level := range []string{"read committed", "repeatable read", "serializable"} {
					fmt.Fprintf(&out, "---- %s\n", level)
					if *oracle != "" {
						out.WriteString(runOracle(t, input, level))
						continue
					}
					synctest.Test(t, func(t *testing.T) { out.WriteString(runSteps(t, on, input, level)) })
				}
			}
			if *update && on == engines.Golden {
				if err := os.WriteFile(f, []byte(out.String()), 0o666); err != nil {
					t.Fatal(err)
				}
			} else if out.String() != string(data) {
				t.Errorf("output differs; got\n%s", out.String())
			}
		})
	}
}

// client runs the steps of one session.
type client interface {
	run(ctx context.Context, sql string) string
	waiting() bool // the step that runs is waiting for a lock
	close()
}

// steps drives the clients of one script.
type steps struct {
	open    func() client
	settle  func() // returns when every client has finished or is waiting
	clients map[string]*stepClient
	out     strings.Builder
}

type stepClient struct {
	client
	name string
	busy bool
	done chan string
}

func (s *steps) play(input, level string) string {
	for line := range strings.Lines(input) {
		line = strings.TrimSpace(strings.ReplaceAll(line, "$level", level))
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "sleep "):
			d, err := time.ParseDuration(strings.TrimPrefix(line, "sleep "))
			if err != nil {
				panic(err)
			}
			time.Sleep(d)
			s.settle()
			s.report("")
		default:
			name, sql, ok := strings.Cut(line, ": ")
			if !ok {
				panic("malformed step: " + line)
			}
			s.step(name, sql)
		}
	}
	for _, c := range s.clients {
		if c.busy {
			fmt.Fprintf(&s.out, "%s: (never finished)\n", c.name)
		}
		c.close()
	}
	return s.out.String()
}

func (s *steps) step(name, sql string) {
	c := s.clients[name]
	if c == nil {
		c = &stepClient{client: s.open(), name: name, done: make(chan string, 1)}
		s.clients[name] = c
	}
	if c.busy {
		fmt.Fprintf(&s.out, "%s: (still waiting)\n", name)
		return
	}
	c.busy = true
	go func() { c.done <- c.run(context.Background(), sql) }()
	s.settle()
	s.report(name)
}

// report prints what has finished, the session that was just stepped first.
func (s *steps) report(first string) {
	names := make([]string, 0, len(s.clients))
	for n := range s.clients {
		names = append(names, n)
	}
	slices.Sort(names)
	if i := slices.Index(names, first); i > 0 {
		names = append([]string{first}, slices.Delete(names, i, i+1)...)
	}
	for _, n := range names {
		c := s.clients[n]
		if !c.busy {
			continue
		}
		select {
		case r := <-c.done:
			c.busy = false
			if n != "setup" || !isTag(r) {
				for l := range strings.Lines(r) {
					fmt.Fprintf(&s.out, "%s: %s\n", n, strings.TrimRight(l, "\n"))
				}
			}
		default:
			if n == first {
				fmt.Fprintf(&s.out, "%s: (waiting)\n", n)
			}
		}
	}
}

func isTag(r string) bool { return !strings.Contains(r, "ERROR") }

// embedded is a session of a server in this process.
type embedded struct{ s *exec.Session }

func (e *embedded) close()        { e.s.Close() }
func (e *embedded) waiting() bool { return false }

func (e *embedded) run(ctx context.Context, sql string) string {
	stmts, err := parser.Parse(sql)
	if err != nil {
		return errorText(e.s.Fail(err))
	}
	var out []string
	for i, st := range stmts {
		p, err := e.s.Prepare(ctx, st, nil)
		if err != nil {
			return errorText(err)
		}
		portal, err := e.s.Bind(p, nil)
		if err != nil {
			return errorText(err)
		}
		if i == len(stmts)-1 {
			portal.Alone()
		}
		for {
			b, err := portal.Next(ctx, 0)
			if err != nil {
				return errorText(err)
			}
			if b == nil {
				break
			}
			for k := range b.Len() {
				var row []string
				for c, col := range portal.Columns() {
					row = append(row, types.Text(col.Type, b.Cols[c].View(b.Row(k)), e.s.Format()))
				}
				out = append(out, strings.Join(row, "|"))
			}
		}
		out = append(out, portal.Tag())
	}
	if err := e.s.Sync(ctx); err != nil {
		return errorText(err)
	}
	return strings.Join(out, "\n")
}

func errorText(err error) string {
	e, ok := errors.AsType[*sqlerr.Error](err)
	if !ok {
		return "ERROR " + err.Error()
	}
	return fmt.Sprintf("ERROR %s %s", e.Code, e.Message)
}

func runSteps(t *testing.T, on engines.Engine, input, level string) string {
	engine, err := on.Open(nil, "")
	if err != nil {
		t.Fatal(err)
	}
	store, err := mvcc.Open(engine, mvcc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	mgr, err := txn.Open(store, txn.ManagerOptions{Tracked: catalog.IsData, TableOf: catalog.StorageOf})
	if err != nil {
		t.Fatal(err)
	}
	srv, err := exec.NewServer(t.Context(), mgr, exec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := &steps{clients: make(map[string]*stepClient), settle: synctest.Wait, open: func() client {
		sess, err := srv.NewSession(context.Background(), exec.SessionOptions{Database: "postgres", User: "postgres"})
		if err != nil {
			panic(err)
		}
		return &embedded{sess}
	}}
	out := s.play(input, level)
	if err := errors.Join(srv.Close(), mgr.Close(), store.Close(), engine.Close()); err != nil {
		t.Error(err)
	}
	return out
}

// remote is a connection to PostgreSQL.
type remote struct {
	conn  *pgconn.PgConn
	watch *pgconn.PgConn
}

func (r *remote) close() { r.conn.Close(context.Background()) }

func (r *remote) waiting() bool {
	res := r.watch.ExecParams(context.Background(), "select 1 from pg_stat_activity where pid = $1 and wait_event_type = 'Lock'", [][]byte{[]byte(fmt.Sprint(r.conn.PID()))}, nil, nil, nil).Read()
	return len(res.Rows) > 0
}

func (r *remote) run(ctx context.Context, sql string) string {
	results, err := r.conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		if e, ok := errors.AsType[*pgconn.PgError](err); ok {
			return fmt.Sprintf("ERROR %s %s", e.Code, e.Message)
		}
		return "ERROR " + err.Error()
	}
	var out []string
	for _, res := range results {
		for _, row := range res.Rows {
			var cells []string
			for _, c := range row {
				cells = append(cells, string(c))
			}
			out = append(out, strings.Join(cells, "|"))
		}
		out = append(out, res.CommandTag.String())
	}
	return strings.Join(out, "\n")
}

func runOracle(t *testing.T, input, level string) string {
	ctx := context.Background()
	connect := func() *pgconn.PgConn {
		c, err := pgconn.Connect(ctx, *oracle)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	watch := connect()
	defer watch.Close(ctx)
	if _, err := watch.Exec(ctx, "drop schema public cascade; create schema public; set deadlock_timeout = '1s'").ReadAll(); err != nil {
		t.Fatal(err)
	}
	s := &steps{clients: make(map[string]*stepClient)}
	s.open = func() client { return &remote{connect(), watch} }
	s.settle = func() {
		for range 400 {
			time.Sleep(15 * time.Millisecond)
			idle := true
			for _, c := range s.clients {
				if c.busy && len(c.done) == 0 && !c.waiting() {
					idle = false
				}
			}
			if idle {
				time.Sleep(30 * time.Millisecond)
				return
			}
		}
	}
	return s.play(input, level)
}
