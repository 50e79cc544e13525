package e2e

import (
	"context"
	"errors"
	"flag"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/minisql/minisql/internal/engines"
	"github.com/minisql/minisql/internal/history"
)

var historyTransactions = flag.Int("history-transactions", 3000, "transactions of TestHistory, for each level and engine")

// TestHistory runs random transactions of 16 clients over the wire while the server is killed
// and started again, and looks for anomalies in what they saw: none at SERIALIZABLE,
// write skew only at REPEATABLE READ, and never a commit that was lost.
func TestHistory(t *testing.T) {
	t.Parallel()
	engines.Each(t, func(t *testing.T, on engines.Engine) {
		for _, level := range []string{"repeatable read", "serializable"} {
			t.Run(level, func(t *testing.T) { testHistory(t, on, level) })
		}
	})
}

// wire is a session over the wire.
type wire struct{ *pgconn.PgConn }

func (w wire) Exec(ctx context.Context, sql string) ([]string, error) {
	results, err := w.PgConn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, err
	}
	var out []string
	for _, r := range results {
		for _, row := range r.Rows {
			out = append(out, string(row[0]))
		}
	}
	return out, nil
}

func (w wire) Close() { _ = w.PgConn.Close(context.Background()) }

func testHistory(t *testing.T, on engines.Engine, level string) {
	ctx, dir := context.Background(), filepath.Join(t.TempDir(), "db")
	p := start(t, on, "--data", dir)
	var url atomic.Pointer[string]
	url.Store(&p.url)
	o := history.Options{
		Level: level, Sessions: 16, Transactions: *historyTransactions, Keys: 8, Seed: uint64(time.Now().UnixNano()),
		Open: func(ctx context.Context) (history.Session, error) {
			for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
				c, err := pgconn.Connect(ctx, *url.Load())
				if err == nil {
					return wire{c}, nil
				}
				if time.Since(began) > 20*time.Second {
					return nil, err
				}
			}
		},
		Broken: func(err error) bool {
			_, answered := errors.AsType[*pgconn.PgError](err)
			return !answered
		},
	}
	t.Logf("seed %d", o.Seed)
	s, err := o.Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := history.Setup(ctx, s, o); err != nil {
		t.Fatal(err)
	}
	s.Close()

	var h *history.History
	done := make(chan error)
	go func() {
		var err error
		h, err = history.Run(ctx, o)
		done <- err
	}()
	kills := 0
	for running := true; running; {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			running = false
		case <-time.After(700 * time.Millisecond):
			if kills == 3 {
				continue
			}
			kills++
			if err := p.cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = p.wait(t, 10*time.Second)
			p = start(t, on, "--data", dir)
			url.Store(&p.url)
		}
	}
	if s, err = o.Open(ctx); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := h.Finish(ctx, s, o); err != nil {
		t.Fatal(err)
	}
	f := h.Check()
	t.Logf("%d kills; %d committed, %d aborted, %d unknown; G0 %d, G1a %d, G1c %d, G-single %d, G2 %d",
		kills, f.Committed, f.Aborted, f.Unknown, len(f.G0), len(f.G1a), len(f.G1c), len(f.GSingle), len(f.G2))
	forbidden := [][]string{f.G0, f.G1a, f.G1c, f.GSingle}
	if level == "serializable" {
		forbidden = append(forbidden, f.G2)
	} else if len(f.G2) == 0 {
		t.Error("no write skew was found: is anything checked?")
	}
	for _, list := range forbidden {
		for _, line := range list {
			t.Error(line)
		}
	}
}
