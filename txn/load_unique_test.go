package txn_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/minisql/minisql/internal/engines"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
)

// TestLoadUnique has transactions add keys in ascending order, the same ones, while others lock some of them:
// nobody has a key with somebody else, and every key has one winner.
func TestLoadUnique(t *testing.T) { engines.Each(t, testLoadUnique) }

func testLoadUnique(t *testing.T, on engines.Engine) {
	r := newRand(t)
	m, _, closeAll := openManager(t, on, vfs.NewMem(), txn.ManagerOptions{})
	ctx := t.Context()
	const workers, keys = 4, 1000
	key := func(k int) []byte { return fmt.Appendf(nil, "key%03d", k) }
	var has [keys]atomic.Int64 // who believes to have the key
	var wins [keys]atomic.Int64
	var noted, waits, deadlocks atomic.Int64
	var wg sync.WaitGroup
	for w := range workers {
		r := rand.New(rand.NewPCG(r.Uint64(), uint64(w)))
		wg.Go(func() {
			for range 200 {
				tx, err := m.Begin(txn.Options{Level: txn.Level(r.IntN(2))})
				if err != nil {
					t.Error(err)
					return
				}
				var got, took []int // locked, and written
				forget := func(list *[]int, from int) {
					if list == &got {
						for _, k := range got[from:] {
							has[k].Store(0)
						}
					}
					*list = (*list)[:from]
				}
				lock := func(k int, f func([]byte) (txn.Locked, error)) (txn.Locked, error) {
					l, err := f(key(k))
					if err == nil && !l.Skipped && !slices.Contains(got, k) {
						if !has[k].CompareAndSwap(0, int64(w+1)) {
							t.Errorf("key %d is %d's and %d's", k, has[k].Load()-1, w)
						}
						got = append(got, k)
					}
					return l, err
				}
				err = func() error {
					for i := range 17 { // a load begins with so many writes
						if err := tx.PutNew(fmt.Appendf(nil, "own%d/%02d", w, i), nil); err != nil {
							return err
						}
					}
					var mark txn.Mark
					marked, gotAt, tookAt := false, 0, 0
					for k := r.IntN(keys); k < keys; k += 1 + r.IntN(3)/2 {
						if err := tx.BeginStatement(ctx); err != nil {
							return err
						}
						switch r.IntN(120) {
						case 0:
							if !marked {
								mark, marked, gotAt, tookAt = tx.Savepoint(), true, len(got), len(took)
							}
						case 1:
							if marked {
								forget(&got, gotAt)
								forget(&took, tookAt)
								tx.RollbackTo(mark)
							}
						case 2:
							if _, err := lock(r.IntN(keys), func(key []byte) (txn.Locked, error) {
								return tx.LockKey(ctx, key, txn.Update, txn.SkipLocked)
							}); err != nil {
								return err
							}
						case 3:
							waits.Add(1)
							if _, err := lock(r.IntN(keys), func(key []byte) (txn.Locked, error) {
								return tx.LockKey(ctx, key, txn.Update, txn.Wait)
							}); err != nil {
								return err
							}
						case 4:
							if r.IntN(10) == 0 {
								if err := txn.Spill(tx); err != nil {
									return err
								}
							}
						}
						l, err := lock(k, func(key []byte) (txn.Locked, error) { return tx.LockNew(ctx, key) })
						if err != nil {
							return err
						}
						if !l.Exists && r.IntN(10) > 0 {
							if err := tx.PutNew(key(k), fmt.Append(nil, w)); err != nil {
								return err
							}
							took = append(took, k)
						}
						if r.IntN(200) == 0 {
							return nil
						}
					}
					return nil
				}()
				noted.Add(int64(txn.Noted(tx)))
				forget(&got, 0)
				switch {
				case sqlerr.CodeOf(err) == sqlerr.DeadlockDetected:
					deadlocks.Add(1)
					tx.Rollback()
				case err != nil:
					t.Error(err)
					tx.Rollback()
				case r.IntN(8) > 0:
					tx.Rollback()
				default:
					if err := tx.Commit(ctx); err != nil {
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
	won := 0
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
	t.Logf("%d keys won, %d noted, %d waits, %d deadlocks", won, noted.Load(), waits.Load(), deadlocks.Load())
	if noted.Load() == 0 {
		t.Error("no key was locked in a lease")
	}
	closeAll(false)
}
