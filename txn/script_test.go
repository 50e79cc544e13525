package txn_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/minisql/minisql/internal/engines"
	"github.com/minisql/minisql/mvcc"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
)

var update = flag.Bool("update", false, "rewrite the expected output of the scripts")

// TestScripts runs testdata/*.txt. A script is a list of sections: commands, a line
// ----, and what they print. Each section starts on an empty store.
//
//	t1: begin [rc|rr] [ro] [async]     t1: commit      t1: rollback
//	t1: remember                       t1: begin asof  (the moment remembered)
//	t1: get k      t1: current k       t1: latest k    t1: scan lo hi [rev]
//	t1: put k v    t1: del k           t1: move k to   t1: update k v   (lock, then put)
//	t1: lock k STRENGTH [nowait|skip]  t1: lockkey …   t1: table id MODE [nowait]
//	t1: savepoint s   t1: rollback to s   t1: release s   t1: timeout 10ms   t1: look 10ms
//	t1: hold c     t1: use c           t1: schema      t1: cancel
//	t1: spill      t1: own lo hi
//	t1: grab k     t1: giveway k       (a lock on a spilled key, in two steps)
//	sleep 20ms     locks
//	disk stops     disk goes on        disk fails     (what syncs of the log do)
//
// Every command is a statement of its own; +command runs in the statement before, and
// ~command is one that sends nothing to its client, so that EndStatement is left out.
func TestScripts(t *testing.T) { engines.Each(t, testScripts) }

func testScripts(t *testing.T, on engines.Engine) {
	files, err := filepath.Glob("testdata/*.txt")
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
				out.WriteString(strings.TrimRight(input, "\n") + "\n----\n")
				synctest.Test(t, func(t *testing.T) { out.WriteString(runScript(t, on, input)) })
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

func openManager(t testing.TB, on engines.Engine, fs vfs.FS, opts txn.ManagerOptions) (*txn.Manager, *mvcc.Store, func(failed bool)) {
	t.Helper()
	e, err := on.Open(fs, "db")
	if err != nil {
		t.Fatal(err)
	}
	// What an earlier run, or a crash, has left.
	if _, err := mvcc.Check(context.Background(), e, func(err error) { t.Error(err) }, nil); err != nil {
		t.Fatal(err)
	}
	s, err := mvcc.Open(e, mvcc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := txn.Open(s, opts)
	if err != nil {
		t.Fatal(err)
	}
	return m, s, func(failed bool) {
		if err := errors.Join(m.Close(), s.Close(), e.Close()); (err != nil) != failed {
			t.Error(err)
		}
	}
}

// session is one client of a script, with a goroutine of its own.
type session struct {
	name    string
	m       *txn.Manager
	pid     int32
	tx      *txn.Txn
	marks   map[string]txn.Mark
	views   map[string]*txn.View
	run     txn.Run
	past    mvcc.Timestamp
	ctx     context.Context
	cancel  context.CancelFunc
	work    chan string
	results chan string
	busy    bool
}

type script struct {
	m        *txn.Manager
	sessions map[string]*session
	out      strings.Builder
	gate     atomic.Pointer[chan struct{}] // syncs wait for it while the disk stands still
	failing  atomic.Bool
}

func (s *script) onDisk(op errorfs.Op) error {
	if op.Kind != errorfs.OpFileSync && op.Kind != errorfs.OpFileSyncData {
		return nil
	}
	if g := s.gate.Load(); g != nil {
		<-*g
	}
	if s.failing.Load() {
		return errors.New("input/output error")
	}
	return nil
}

func (s *script) disk(how string) {
	if g := s.gate.Swap(nil); g != nil {
		close(*g)
	}
	switch how {
	case "stops":
		g := make(chan struct{})
		s.gate.Store(&g)
	case "fails":
		s.failing.Store(true)
	}
}

func runScript(t *testing.T, on engines.Engine, input string) string {
	s := &script{sessions: map[string]*session{}}
	fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(s.onDisk))
	m, _, closeAll := openManager(t, on, fs, txn.ManagerOptions{MaxTransactionBytes: 64 << 10})
	s.m = m
	for line := range strings.Lines(input) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		s.step(line)
	}
	var names []string
	for n := range s.sessions {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		c := s.sessions[n]
		c.cancel()
		synctest.Wait()
		close(c.work)
		synctest.Wait()
		if c.tx != nil {
			c.tx.Rollback()
		}
	}
	s.disk("goes")
	closeAll(s.failing.Load())
	return s.out.String()
}

func (s *script) step(line string) {
	name, cmd, ok := strings.Cut(line, ": ")
	if !ok {
		f := strings.Fields(line)
		switch f[0] {
		case "disk":
			s.disk(f[1])
			s.report("")
		case "sleep":
			d, _ := time.ParseDuration(f[1])
			time.Sleep(d)
			s.report("")
		case "locks":
			var lines []string
			for _, l := range s.m.Locks() {
				what := fmt.Sprintf("key %s", l.Key)
				if l.Key == nil {
					what = fmt.Sprintf("table %d", l.Table)
				}
				state := "waiting"
				if l.Granted {
					state = "granted"
				}
				if l.FastPath {
					state = "fast"
				}
				lines = append(lines, fmt.Sprintf("locks: %s pid %d %s %s\n", what, l.PID, l.Mode, state))
			}
			sort.Strings(lines)
			s.out.WriteString(strings.Join(lines, ""))
		}
		return
	}
	c := s.sessions[name]
	if c == nil {
		c = &session{name: name, m: s.m, pid: int32(len(s.sessions) + 1), marks: map[string]txn.Mark{}, views: map[string]*txn.View{},
			work: make(chan string), results: make(chan string, 100)}
		c.ctx, c.cancel = context.WithCancel(context.Background())
		s.sessions[name] = c
		go func() {
			for cmd := range c.work {
				c.results <- c.do(cmd)
			}
		}()
	}
	if cmd == "cancel" {
		c.cancel()
		synctest.Wait()
		c.ctx, c.cancel = context.WithCancel(context.Background())
		s.report("")
		return
	}
	if c.busy {
		fmt.Fprintf(&s.out, "%s: (still waiting)\n", name)
		return
	}
	c.busy = true
	c.work <- cmd
	s.report(name)
}

// report prints what has finished: the session that was asked first, then the
// others in order of name.
func (s *script) report(first string) {
	synctest.Wait()
	var names []string
	for n := range s.sessions {
		if n != first {
			names = append(names, n)
		}
	}
	sort.Strings(names)
	if first != "" {
		names = append([]string{first}, names...)
	}
	for _, n := range names {
		c := s.sessions[n]
		select {
		case r := <-c.results:
			c.busy = false
			for line := range strings.Lines(r) {
				fmt.Fprintf(&s.out, "%s: %s\n", n, strings.TrimRight(line, "\n"))
			}
		default:
			if n == first {
				fmt.Fprintf(&s.out, "%s: (waiting)\n", n)
			}
		}
	}
}

var strengths = map[string]txn.Strength{"keyshare": txn.KeyShare, "share": txn.Share, "nokey": txn.NoKeyUpdate, "update": txn.Update}

var modes = map[string]txn.TableLockMode{
	"AccessShare": txn.AccessShare, "RowShare": txn.RowShare, "RowExclusive": txn.RowExclusive,
	"ShareUpdateExclusive": txn.ShareUpdateExclusive, "Share": txn.ShareLock, "ShareRowExclusive": txn.ShareRowExclusive,
	"Exclusive": txn.Exclusive, "AccessExclusive": txn.AccessExclusive,
}

// logFile is the engine's name for a part of its log.
var logFile = regexp.MustCompile(`db/\S+\.log`)

func (c *session) do(cmd string) string {
	out, err := c.try(cmd)
	if err == nil {
		return out
	}
	if errors.Is(err, txn.ErrWouldBlock) {
		return "WOULD BLOCK"
	}
	e := sqlerr.As(err)
	s := fmt.Sprintf("ERROR %s %s", e.Code, logFile.ReplaceAllString(e.Message, "the log"))
	if e.Detail != "" {
		s += "\nDETAIL " + strings.ReplaceAll(e.Detail, "\n", "\nDETAIL ")
	}
	return s
}

func shown(v []byte, ok bool, err error) (string, error) {
	if err != nil || !ok {
		return "none", err
	}
	return string(v), nil
}

func (c *session) try(cmd string) (string, error) {
	f := strings.Fields(strings.TrimLeft(cmd, "+~"))
	if f[0] == "begin" {
		o := txn.Options{PID: c.pid, Database: 1}
		for _, w := range f[1:] {
			switch w {
			case "rr":
				o.Level = txn.RepeatableRead
			case "ser":
				o.Level = txn.Serializable
			case "ro":
				o.ReadOnly = true
			case "async":
				o.AsyncCommit = true
			case "asof":
				o.AsOf = c.past
			}
		}
		var err error
		c.tx, err = c.m.Begin(o)
		return "BEGIN", err
	}
	t := c.tx
	switch f[0] {
	case "commit":
		return "COMMIT", t.Commit(c.ctx)
	case "rollback":
		if len(f) == 3 {
			t.RollbackTo(c.marks[f[2]])
		} else {
			t.Rollback()
		}
		return "ROLLBACK", nil
	case "savepoint":
		c.marks[f[1]] = t.Savepoint()
		return "SAVEPOINT", nil
	case "release":
		t.Release(c.marks[f[1]])
		return "RELEASE", nil
	case "timeout":
		d, err := time.ParseDuration(f[1])
		t.SetLockTimeout(d)
		return "SET", err
	case "look": // for deadlocks, after this time
		d, err := time.ParseDuration(f[1])
		t.SetDeadlockTimeout(d)
		return "SET", err
	case "spill":
		return "SPILLED", txn.Spill(t)
	case "grab":
		_, err := txn.LockOnly(t, []byte(f[1]))
		return "GRABBED", err
	case "giveway":
		return "GAVE WAY", txn.GiveWay(t, []byte(f[1]))
	case "own":
		return "OWN", t.OwnSpan([]byte(f[1]), []byte(f[2]))
	case "schema":
		t.MarkSchemaChange()
		return "SCHEMA", nil
	case "remember":
		c.past = c.m.Now()
		return "REMEMBERED", nil
	case "hold":
		c.views[f[1]] = t.Hold()
		return "HELD", nil
	case "use":
		t.Use(c.views[f[1]])
		return "USING", nil
	}
	if !strings.HasPrefix(cmd, "+") {
		if err := t.BeginStatement(c.ctx); err != nil {
			return "", err
		}
	}
	out, err := c.statement(t, f)
	if err == nil && !strings.HasPrefix(cmd, "~") {
		err = t.EndStatement(c.ctx)
	}
	return out, err
}

func (c *session) statement(t *txn.Txn, f []string) (string, error) {
	switch f[0] {
	case "get":
		return shown(t.Get([]byte(f[1])))
	case "current":
		return shown(t.GetCurrent([]byte(f[1])))
	case "latest":
		return shown(t.GetLatest([]byte(f[1])))
	case "put":
		return "PUT", t.Put([]byte(f[1]), []byte(f[2]))
	case "fill":
		for i := range 100 {
			if err := t.Put(fmt.Appendf(nil, "%s%d", f[1], i), make([]byte, 1000)); err != nil {
				return "", err
			}
		}
		return "PUT 100", nil
	case "del":
		return "DELETE", t.Delete([]byte(f[1]))
	case "move":
		if _, err := t.LockRow(c.ctx, []byte(f[1]), txn.Update, txn.Wait); err != nil {
			return "", err
		}
		return "MOVE", t.Move([]byte(f[1]), []byte(f[2]))
	case "update":
		l, err := t.LockRow(c.ctx, []byte(f[1]), txn.NoKeyUpdate, txn.Wait)
		if err != nil {
			return "", err
		}
		if !l.Exists {
			return "UPDATE 0" + locked(l), nil
		}
		return "UPDATE 1" + locked(l), t.Put([]byte(f[1]), []byte(f[2]))
	case "add": // read what the statement sees, then set it plus one, after a re-check
		l, err := t.LockRow(c.ctx, []byte(f[1]), txn.NoKeyUpdate, txn.Wait)
		if err != nil {
			return "", err
		}
		var n int
		fmt.Sscan(string(l.Value), &n)
		return fmt.Sprintf("UPDATE %d%s", n+1, locked(l)), t.Put([]byte(f[1]), fmt.Append(nil, n+1))
	case "lock", "lockkey":
		w := txn.Wait
		if len(f) > 3 {
			w = map[string]txn.WaitPolicy{"nowait": txn.NoWait, "skip": txn.SkipLocked}[f[3]]
		}
		lock := t.LockRow
		if f[0] == "lockkey" {
			lock = t.LockKey
		}
		l, err := lock(c.ctx, []byte(f[1]), strengths[f[2]], w)
		if err != nil {
			return "", err
		}
		return "LOCKED" + locked(l), nil
	case "table":
		var id uint64
		fmt.Sscan(f[1], &id)
		return "LOCKED", t.LockTable(c.ctx, id, modes[f[2]], len(f) > 3)
	case "scan":
		span := txn.Span{Lo: []byte(f[1]), Hi: []byte(f[2]), Reverse: len(f) > 3 && f[3] == "rev"}
		sc, err := t.Scan(span, txn.Snapshot)
		if err != nil {
			return "", err
		}
		defer sc.Close()
		out := "SCAN"
		for {
			n, err := sc.Next(&c.run, 2)
			if err != nil || n == 0 {
				return out, err
			}
			for i := range n {
				out += fmt.Sprintf(" %s=%s", c.run.Keys[i], c.run.Values[i])
			}
		}
	}
	return "", fmt.Errorf("unknown command %q", f[0])
}

func locked(l txn.Locked) string {
	s := ""
	if l.Skipped {
		return " skipped"
	}
	if l.Exists {
		s += " " + string(l.Value)
	} else {
		s += " none"
	}
	if l.Changed {
		s += " changed"
	}
	if l.Self {
		s += " self"
	}
	if l.MovedTo != nil {
		s += " moved to " + string(l.MovedTo)
	}
	return s
}
