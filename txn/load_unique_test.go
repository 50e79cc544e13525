package txn_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/minisql/minisql/internal/engines"
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
	var noted, waits atomic.Int64
	insert := func(r *rand.Rand, w int, tx *txn.Txn) (took []int, err error) {
		var got []int // locked; took is what was written
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
		defer func() {
			noted.Add(int64(txn.Noted(tx)))
			forget(&got, 0)
		}()
		for i := range 17 { // a load begins with so many writes
			if err := tx.PutNew(fmt.Appendf(nil, "own%d/%02d", w, i), nil); err != nil {
				return took, err
			}
		}
		var mark txn.Mark
		marked, gotAt, tookAt := false, 0, 0
		for k := r.IntN(keys); k < keys; k += 1 + r.IntN(3)/2 {
			if err := tx.BeginStatement(ctx); err != nil {
				return took, err
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
					return took, err
				}
			case 3:
				waits.Add(1)
				if _, err := lock(r.IntN(keys), func(key []byte) (txn.Locked, error) {
					return tx.LockKey(ctx, key, txn.Update, txn.Wait)
				}); err != nil {
					return took, err
				}
			case 4:
				if r.IntN(10) == 0 {
					if err := txn.Spill(tx); err != nil {
						return took, err
					}
				}
			}
			l, err := lock(k, func(key []byte) (txn.Locked, error) { return tx.LockNew(ctx, key) })
			if err != nil {
				return took, err
			}
			if !l.Exists && r.IntN(10) > 0 {
				if err := tx.PutNew(key(k), fmt.Append(nil, w)); err != nil {
					return took, err
				}
				took = append(took, k)
			}
			if r.IntN(200) == 0 {
				return took, nil
			}
		}
		return took, nil
	}
	c := race{keys: keys, workers: workers, rounds: 200, commits: 8, levels: 2, insert: insert}
	won, deadlocks := c.run(t, m, r)
	t.Logf("%d keys won, %d noted, %d waits, %d deadlocks", won, noted.Load(), waits.Load(), deadlocks)
	if noted.Load() == 0 {
		t.Error("no key was locked in a lease")
	}
	closeAll(false)
}
