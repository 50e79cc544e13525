//go:build unix

package minisql_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/internal/engines"
	"github.com/minisql/minisql/sqlerr"
)

// BenchmarkLevels asks what a transaction of SIBENCH costs at each level, in processor time, with
// eight sessions and durable commits. b.N is the number of transactions.
func BenchmarkLevels(b *testing.B) {
	for _, on := range engines.All {
		for _, rows := range []int{10, 100, 1000} {
			for _, level := range []string{"repeatable read", "serializable"} {
				b.Run(fmt.Sprintf("engine=%s/rows=%d/level=%s", on, rows, level), func(b *testing.B) { benchmarkLevel(b, on, rows, level) })
			}
		}
	}
}

func benchmarkLevel(b *testing.B, on engines.Engine, rows int, level string) {
	db, err := minisql.Open(b.TempDir(), &minisql.Options{Storage: minisql.Storage(on)})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	ctx := context.Background()
	exec(b, db, "create table sibench (id int primary key, value int not null)")
	exec(b, db, fmt.Sprintf("insert into sibench select i, i from generate_series(1, %d) i", rows))
	exec(b, db, "analyze sibench")
	b.ReportAllocs()
	b.ResetTimer()
	var before, after syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	var left, failed atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 1))
			s, err := db.Acquire(ctx)
			if err != nil {
				b.Error(err)
				return
			}
			defer s.Release()
			if _, err := s.Exec(ctx, "set default_transaction_isolation = '"+level+"'"); err != nil {
				b.Error(err)
				return
			}
			for left.Add(-1) >= 0 {
				for {
					var err error
					if r.IntN(2) == 0 {
						var id int
						err = s.QueryRow(ctx, "select id from sibench order by value limit 1").Scan(&id)
					} else {
						_, err = s.Exec(ctx, "update sibench set value = value + 1 where id = $1", r.IntN(rows)+1)
					}
					if sqlerr.CodeOf(err) == sqlerr.SerializationFailure {
						failed.Add(1)
						continue
					}
					if err != nil {
						b.Error(err)
						return
					}
					break
				}
			}
		})
	}
	wg.Wait()
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	cpu := func(u *syscall.Rusage) int64 { return u.Utime.Nano() + u.Stime.Nano() }
	b.ReportMetric(float64(cpu(&after)-cpu(&before))/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(failed.Load())/float64(b.N)*100, "%failed")
}
