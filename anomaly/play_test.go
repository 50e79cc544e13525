package anomaly_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minisql/minisql/anomaly"
	"github.com/minisql/minisql/internal/engines"
	"github.com/minisql/minisql/sqlerr"
)

// blind is a server that cannot say who waits for whom.
type blind struct{ anomaly.Server }

type blindSession struct{ anomaly.Session }

func (b blind) Open(ctx context.Context) (anomaly.Session, error) {
	s, err := b.Server.Open(ctx)
	return blindSession{s}, err
}

func (b blindSession) Exec(ctx context.Context, sql string) (anomaly.Result, error) {
	if strings.Contains(sql, "pg_blocking_pids") {
		return anomaly.Result{}, sqlerr.New(sqlerr.UndefinedFunction, "function pg_blocking_pids(integer) does not exist")
	}
	return b.Session.Exec(ctx, sql)
}

// TestBlind plays on a server on which waiting can only be told by the time it takes.
func TestBlind(t *testing.T) {
	stage := open(t, blind{serve(t, engines.Golden)})
	r, err := stage.Run(t.Context(), []*anomaly.Script{anomaly.Find("G0"), anomaly.Find("P4")}, snapshotLevels, false)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range r.Rows {
		for _, o := range row.Outcomes {
			got = append(got, o.Cell())
		}
	}
	want := []string{"prevented: t2 waits @4", "prevented: t2 40001 @4", "allowed", "prevented: t2 40001 @6"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// TestDeadlock wants a deadlock to end, and not to be taken for rest.
func TestDeadlock(t *testing.T) {
	each(t, func(t *testing.T, stage *anomaly.Stage) {
		o, err := stage.Try(t.Context(), script(t, `
setup: create table t (id int primary key, v int)
setup: insert into t values (1, 0), (2, 0)
t1: begin
t2: begin
t1: update t set v = 1 where id = 1
t2: update t set v = 2 where id = 2
t1: update t set v = 1 where id = 2
t2: update t set v = 2 where id = 1
t1: commit
t2: commit`), anomaly.ReadCommitted)
		if err != nil {
			t.Fatal(err)
		}
		if o.Why() != "t2 40P01 @6" || !o.Steps[4].Waited || o.Steps[4].Err != nil {
			t.Error(o.Why(), o.Steps[4])
		}
	})
}

// TestLeavesNothing wants the schema to be gone, and the public one not to be touched.
func TestLeavesNothing(t *testing.T) {
	server := serve(t, engines.Golden)
	stage, err := anomaly.Open(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stage.Run(t.Context(), []*anomaly.Script{anomaly.Find("G1a")}, snapshotLevels, true); err != nil {
		t.Fatal(err)
	}
	if err := stage.Close(); err != nil {
		t.Fatal(err)
	}
	if left := leftOver(t, server); left != "" {
		t.Error(left)
	}
}

// TestInterrupted wants the schema to be dropped even if the run was cancelled, which costs the
// connection that it runs on.
func TestInterrupted(t *testing.T) {
	server := serve(t, engines.Golden)
	stage, err := anomaly.Open(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := stage.Run(ctx, []*anomaly.Script{script(t, "setup: select pg_sleep(60)\nt1: select 1")}, snapshotLevels, false); err == nil {
		t.Error("it ran to the end")
	}
	if err := stage.Close(); err != nil {
		t.Error(err)
	}
	if left := leftOver(t, server); left != "" {
		t.Error(left)
	}
}

// leftOver lists what plays have not cleared away.
func leftOver(t *testing.T, server anomaly.Server) string {
	t.Helper()
	s, err := server.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r, err := s.Exec(t.Context(), "select nspname from pg_namespace where nspname like 'anomaly%' union all select relname from pg_class where relname = 'account'")
	if err != nil {
		t.Fatal(err)
	}
	return r.String()
}
