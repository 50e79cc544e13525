package minisql_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/internal/engines"
)

// TestLastSafeReports runs the receipt report (Fekete, O'Neil, O'Neil 2004) under load: once a reader has
// seen a batch closed, its total is final. Readers begin at the last safe snapshot.
func TestLastSafeReports(t *testing.T) { engines.Each(t, testLastSafeReports) }

func testLastSafeReports(t *testing.T, on engines.Engine) {
	ctx := t.Context()
	db, err := minisql.Open("", &minisql.Options{Storage: minisql.Storage(on), Settings: map[string]string{"minisql.deferrable_snapshot": "last_safe"}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(ctx, `create table control (batch int); insert into control values (1);
		create table receipt (id serial primary key, batch int, amount int); create index on receipt (batch)`); err != nil {
		t.Fatal(err)
	}
	until, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	var wg sync.WaitGroup
	forever := func(f func() error) {
		wg.Go(func() {
			for until.Err() == nil {
				if err := f(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	serializable := minisql.TxOptions{IsoLevel: minisql.Serializable}
	for range 3 {
		forever(func() error {
			return db.RunTx(ctx, serializable, func(tx minisql.Tx) error {
				var batch int
				if err := tx.QueryRow(ctx, "select batch from control").Scan(&batch); err != nil {
					return err
				}
				time.Sleep(time.Millisecond) // somebody closes the batch
				_, err := tx.Exec(ctx, "insert into receipt (batch, amount) values ($1, 1)", batch)
				return err
			})
		})
	}
	forever(func() error {
		time.Sleep(2 * time.Millisecond)
		return db.RunTx(ctx, serializable, func(tx minisql.Tx) error {
			_, err := tx.Exec(ctx, "update control set batch = batch + 1")
			return err
		})
	})
	var mu sync.Mutex // guards totals
	totals := map[int]int{}
	var reports, stale atomic.Int64
	for range 2 {
		forever(func() error {
			tx, err := db.BeginTx(ctx, minisql.TxOptions{IsoLevel: minisql.Serializable, AccessMode: minisql.ReadOnly, DeferrableMode: minisql.Deferrable})
			if err != nil {
				return err
			}
			defer tx.Rollback(ctx)
			var batch, total, again int
			if err := tx.QueryRow(ctx, "select batch from control").Scan(&batch); err != nil {
				return err
			}
			if err := tx.QueryRow(ctx, "select count(*) from receipt where batch = $1", batch-1).Scan(&total); err != nil {
				return err
			}
			if err := db.QueryRow(ctx, "select batch from control").Scan(&again); err != nil {
				return err
			}
			reports.Add(1)
			if again > batch {
				stale.Add(1)
			}
			mu.Lock()
			defer mu.Unlock()
			if before, known := totals[batch-1]; known && before != total {
				t.Errorf("batch %d had %d receipts, and now %d", batch-1, before, total)
			}
			totals[batch-1] = total
			return tx.Commit(ctx)
		})
	}
	wg.Wait()
	for batch, total := range totals {
		var final int
		if err := db.QueryRow(ctx, "select count(*) from receipt where batch = $1", batch).Scan(&final); err != nil || final != total {
			t.Errorf("batch %d was reported with %d receipts, and has %d: %v", batch, total, final, err)
		}
	}
	t.Logf("%d reports of %d batches, %d of them behind", reports.Load(), len(totals), stale.Load())
	if len(totals) < 5 {
		t.Error("the test proves nothing")
	}
}
