package e2e

import (
	"context"
	"flag"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/minisql/minisql/internal/engines"
)

var crashRounds = flag.Int("crash-rounds", 3, "rounds of TestCrashRounds on each engine; one with -short")

// TestCrashRounds pulls the plug in the middle of pgbench and of clients that log
// each commit they were told of. After each restart every acknowledged transaction
// is there, each one whole, the balances of pgbench agree, minisql check finds nothing, and
// the start took less than five seconds.
func TestCrashRounds(t *testing.T) {
	t.Parallel()
	engines.Each(t, testCrashRounds)
}

func testCrashRounds(t *testing.T, on engines.Engine) {
	t.Parallel()
	pgbench := tool(t, "pgbench")
	dir, ctx := filepath.Join(t.TempDir(), "db"), context.Background()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	p := start(t, on, "--data", dir)
	if out, errs, err := run(t, "", pgbench, "-i", "-s", "1", "-q", p.url); err != nil {
		t.Fatal(err, out, errs)
	}
	setup, err := pgx.Connect(ctx, p.url)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := setup.Exec(ctx, "create table pairs (client int, n int, half int, primary key (client, n, half))"); err != nil {
		t.Fatal(err)
	}
	_ = setup.Close(ctx)

	const clients = 4
	acked := make([]int, clients) // the number of the last pair that was acknowledged
	rounds := *crashRounds
	if testing.Short() {
		rounds = 1
	}
	for round := range rounds {
		load := exec.Command(pgbench, "-n", "-c", "4", "-j", "2", "-T", "60", p.url)
		if err := load.Start(); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for c := range clients {
			wg.Add(1)
			go func() {
				defer wg.Done()
				conn, err := pgx.Connect(ctx, p.url)
				if err != nil {
					return
				}
				defer conn.Close(ctx)
				for n := acked[c] + 1; ; n++ {
					// Two rows in one transaction: both are there or neither.
					tx, err := conn.Begin(ctx)
					if err != nil {
						return
					}
					for half := range 2 {
						// A pair whose acknowledgement was lost may be there already.
						if _, err := tx.Exec(ctx, "insert into pairs values ($1, $2, $3) on conflict do nothing", c, n, half); err != nil {
							return
						}
					}
					if tx.Commit(ctx) != nil {
						return
					}
					acked[c] = n
				}
			}()
		}
		time.Sleep(300*time.Millisecond + time.Duration(rng.IntN(900))*time.Millisecond)
		if err := p.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = p.wait(t, 10*time.Second)
		wg.Wait()
		_ = load.Process.Kill()
		_ = load.Wait()

		sound(t, dir)
		began := time.Now()
		p = start(t, on, "--data", dir)
		took := time.Since(began)
		if took > 5*time.Second {
			t.Errorf("round %d: the start took %v", round, took)
		}
		conn, err := pgx.Connect(ctx, p.url)
		if err != nil {
			t.Fatal(err)
		}
		for c := range clients {
			var n, whole int
			if err := conn.QueryRow(ctx, "select count(*), count(*) filter (where k = 2) from (select n, count(*) as k from pairs where client = $1 group by n) as p", c).Scan(&n, &whole); err != nil {
				t.Fatal(err)
			}
			if n < acked[c] || n > acked[c]+1 {
				t.Errorf("round %d: client %d was told of %d pairs, %d are there", round, c, acked[c], n)
			}
			if whole != n {
				t.Errorf("round %d: client %d: %d of %d pairs are whole", round, c, whole, n)
			}
		}
		var accounts, tellers, branches, history int64
		if err := conn.QueryRow(ctx, `select (select sum(abalance) from pgbench_accounts), (select sum(tbalance) from pgbench_tellers),
			(select sum(bbalance) from pgbench_branches), (select coalesce(sum(delta), 0) from pgbench_history)`).Scan(&accounts, &tellers, &branches, &history); err != nil {
			t.Fatal(err)
		}
		if accounts != tellers || accounts != branches || accounts != history {
			t.Errorf("round %d: the balances are %d, %d, %d, %d", round, accounts, tellers, branches, history)
		}
		_ = conn.Close(ctx)
		t.Logf("round %d: acknowledged %v, started in %v", round, acked, took.Round(time.Millisecond))
	}
}
