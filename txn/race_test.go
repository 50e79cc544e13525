package txn_test

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
)

// race has transactions insert the same keys at the same time. Most are rolled back.
type race struct {
	keys, workers, rounds int
	commits               int // one of so many
	levels                int // the first ones

	// insert is what one of them does; it returns the keys that it has inserted.
	insert func(r *rand.Rand, worker int, tx *txn.Txn) (took []int, err error)
}

// run wants every key to have at most one winner, and no lock to be left.
func (c *race) run(t *testing.T, m *txn.Manager, r *rand.Rand) (won int, deadlocks int64) {
	wins := make([]atomic.Int64, c.keys)
	var deadlocked atomic.Int64
	var wg sync.WaitGroup
	for w := range c.workers {
		r := rand.New(rand.NewPCG(r.Uint64(), uint64(w)))
		wg.Go(func() {
			for range c.rounds {
				tx, err := m.Begin(txn.Options{Level: txn.Level(r.IntN(c.levels))})
				if err != nil {
					t.Error(err)
					return
				}
				took, err := c.insert(r, w, tx)
				switch {
				case sqlerr.CodeOf(err) == sqlerr.DeadlockDetected:
					deadlocked.Add(1)
					tx.Rollback()
				case err != nil:
					t.Error(err)
					tx.Rollback()
				case r.IntN(c.commits) > 0:
					tx.Rollback()
				default:
					if err := tx.Commit(t.Context()); err != nil {
						t.Error(err)
					}
					for _, k := range took {
						wins[k].Add(1)
					}
				}
			}
		})
	}
	wg.Wait()
	for k := range wins {
		if n := wins[k].Load(); n > 1 {
			t.Errorf("key %d was inserted %d times", k, n)
		} else {
			won += int(n)
		}
	}
	if locks := m.Locks(); len(locks) != 0 {
		t.Errorf("locks are left: %v", locks)
	}
	return won, deadlocked.Load()
}
