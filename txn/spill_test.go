package txn_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/minisql/minisql/internal/engines"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
)

func newRand(t *testing.T) *rand.Rand {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d (-txn.seed)", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

var crashCopies = flag.Int("txn.copies", 60, "about how many copies TestSpillCrash checks")

// TestSpillCrash takes copies of the disk before every sync, and now and then in between,
// while large transactions run one after the other, some rolled back, beside small
// ones. Each copy must hold every large transaction entirely or not at all, those that
// were acknowledged entirely, and, once collected, nothing else.
func TestSpillCrash(t *testing.T) { engines.Each(t, testSpillCrash) }

func testSpillCrash(t *testing.T, on engines.Engine) {
	const rows = 40
	r := newRand(t)
	fs := vfs.NewCrashableMem()
	type copied struct {
		fs    *vfs.MemFS
		acked int // the last transaction that was acknowledged
	}
	var mu sync.Mutex // guards copies and seeds
	var copies []copied
	seeds := rand.New(rand.NewPCG(r.Uint64(), 0))
	var acked atomic.Int64
	acked.Store(-1)
	var taking atomic.Bool
	crash := func() {
		mu.Lock()
		defer mu.Unlock()
		n := int(acked.Load()) // before the copy: those are in it
		cfg := vfs.CrashCloneCfg{UnsyncedDataPercent: seeds.IntN(3) * 50, RNG: rand.New(rand.NewPCG(seeds.Uint64(), 0))}
		copies = append(copies, copied{fs.CrashClone(cfg), n})
	}
	crashes := errorfs.InjectorFunc(func(op errorfs.Op) error {
		switch op.Kind {
		case errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo, errorfs.OpRename, errorfs.OpRemove:
			if taking.Load() {
				crash()
			}
		}
		return nil
	})
	m, _, closeAll := openManager(t, on, errorfs.Wrap(fs, crashes), txn.ManagerOptions{SpillBytes: 2000})
	taking.Store(true)
	ctx := t.Context()

	stop := make(chan struct{})
	var small sync.WaitGroup
	small.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			tx := begin(t, m, txn.Options{})
			if _, err := tx.LockRow(ctx, []byte("small"), txn.NoKeyUpdate, txn.Wait); err != nil {
				t.Error(err)
			}
			if err := errors.Join(tx.Put([]byte("small"), fmt.Append(nil, i)), tx.Commit(ctx)); err != nil {
				t.Error(err)
			}
		}
	})
	const transactions = 14
	committed := map[int]bool{}
	for i := range transactions {
		tx := begin(t, m, txn.Options{})
		own := fmt.Sprintf("own%02d/", i)
		if err := tx.OwnSpan([]byte(own), []byte(own+"z")); err != nil {
			t.Fatal(err)
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		value := fmt.Appendf(nil, "%02d", i)
		mark := tx.Savepoint()
		for n := range 2 { // the first time is undone
			for j := range rows {
				shared := fmt.Appendf(nil, "shared%02d", j)
				_, err := tx.LockRow(ctx, shared, txn.NoKeyUpdate, txn.Wait)
				must(err)
				must(tx.Put(shared, value))
				must(tx.PutNew(fmt.Appendf(nil, "row%02d/%02d", i, j), value))
				must(tx.PutNew(fmt.Appendf(nil, "%s%02d", own, j), value))
				if n == 0 {
					must(tx.Put(fmt.Appendf(nil, "undone%d", r.IntN(100)), value))
				}
				if r.IntN(40) == 0 {
					crash()
				}
			}
			if n == 0 {
				tx.RollbackTo(mark)
			}
		}
		if r.IntN(3) == 0 {
			tx.Rollback()
		} else {
			committed[i] = true
			must(tx.Commit(ctx))
			acked.Store(int64(i))
		}
	}
	close(stop)
	small.Wait()
	taking.Store(false)
	closeAll(false)
	crashed := len(copies)
	copies = append(copies, copied{fs.CrashClone(vfs.CrashCloneCfg{}), int(acked.Load())})

	checked := 0
	survivors := map[int]bool{}
	check := func(fs vfs.FS, acked int) {
		m, store, closeAll := openManager(t, on, fs, txn.ManagerOptions{})
		defer closeAll(false)
		look := func() (total, last int) {
			tx := begin(t, m, txn.Options{ReadOnly: true})
			defer tx.Rollback()
			count := map[string]int{}
			last = -1
			sc, err := tx.Scan(txn.Span{Reverse: r.IntN(2) == 0}, txn.Snapshot)
			if err != nil {
				t.Fatal(err)
			}
			var run txn.Run
			for {
				n, err := sc.Next(&run, 50)
				if err != nil {
					t.Fatal(err)
				}
				if n == 0 {
					break
				}
				total += n
				for i, k := range run.Keys {
					kind, _, _ := cutAny(string(k))
					if kind == "shared" {
						kind += string(run.Values[i])
						last, _ = strconv.Atoi(string(run.Values[i]))
					}
					count[kind]++
				}
			}
			for i := range transactions {
				n := count[fmt.Sprintf("row%02d", i)]
				if n != count[fmt.Sprintf("own%02d", i)] || (n != 0 && n != rows) || (n != 0 && !committed[i]) ||
					(n == 0) != (i > last || !committed[i]) {
					t.Fatalf("of transaction %d (committed: %v) %d rows are there; the last is %d: %v", i, committed[i], n, last, count)
				}
			}
			if last < acked || (last >= 0 && count[fmt.Sprintf("shared%02d", last)] != rows) {
				t.Fatalf("the last transaction is %d, %d was acknowledged: %v", last, acked, count)
			}
			if count["undone"] > 0 {
				t.Fatalf("a savepoint's writes are back: %v", count)
			}
			return total, last
		}
		total, last := look()
		survivors[last] = true
		if err := m.Collect(ctx); err != nil {
			t.Fatal(err)
		}
		for range 1000 { // the background may have some of it in hand
			if storedVersions(t, store) == total {
				break
			}
			time.Sleep(time.Millisecond)
		}
		if n := storedVersions(t, store); n != total {
			t.Fatalf("%d versions are stored of %d rows", n, total)
		}
		if again, _ := look(); again != total {
			t.Fatalf("collection left %d of %d rows", again, total)
		}
	}
	for i, c := range copies {
		if i != crashed && r.IntN(len(copies)) > *crashCopies {
			continue
		}
		checked++
		if r.IntN(4) == 0 { // a crash right after a recovery
			m, _, closeAll := openManager(t, on, c.fs, txn.ManagerOptions{})
			tx := begin(t, m, txn.Options{})
			if err := tx.Commit(ctx); err != nil {
				t.Fatal(err)
			}
			again := c.fs.CrashClone(vfs.CrashCloneCfg{})
			closeAll(false)
			check(again, c.acked)
		}
		check(c.fs, c.acked)
	}
	t.Logf("%d of %d copies checked, with %d different last transactions", checked, len(copies), len(survivors))
	if len(survivors) < 3 {
		t.Error("the copies were not spread over the run")
	}
}

// cutAny splits a key of TestSpillCrash before its row number.
func cutAny(k string) (before, after string, ok bool) {
	for i := range k {
		switch {
		case k[i] == '/':
			return k[:i], k[i:], true
		case len(k) > 6 && k[:6] == "shared":
			return k[:6], k[6:], true
		case len(k) > 6 && k[:6] == "undone":
			return k[:6], k[6:], true
		}
	}
	return k, "", false
}

// TestSpillUnique has transactions insert the same keys, some of them spilled before the
// others come: every key has one winner.
func TestSpillUnique(t *testing.T) { engines.Each(t, testSpillUnique) }

func testSpillUnique(t *testing.T, on engines.Engine) {
	r := newRand(t)
	m, store, closeAll := openManager(t, on, vfs.NewMem(), txn.ManagerOptions{})
	ctx := t.Context()
	const keys = 60
	var waits atomic.Int64
	insert := func(r *rand.Rand, w int, tx *txn.Txn) (took []int, err error) {
		if err := tx.BeginStatement(ctx); err != nil {
			return nil, err
		}
		for range 1 + r.IntN(10) {
			k := r.IntN(keys)
			key := fmt.Appendf(nil, "key%02d", k)
			l, err := tx.LockKey(ctx, key, txn.Update, txn.NoWait)
			if err == txn.ErrWouldBlock {
				waits.Add(1)
				l, err = tx.LockKey(ctx, key, txn.Update, txn.Wait)
			}
			if err != nil {
				return took, err
			}
			if !l.Exists {
				if err := tx.PutNew(key, fmt.Append(nil, w)); err != nil {
					return took, err
				}
				took = append(took, k)
			}
			if r.IntN(3) == 0 {
				if err := txn.Spill(tx); err != nil {
					return took, err
				}
			}
		}
		return took, nil
	}
	c := race{keys: keys, workers: 4, rounds: 150, commits: 20, levels: 1, insert: insert}
	won, deadlocks := c.run(t, m, r)
	if err := m.Collect(ctx); err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if storedVersions(t, store) == won {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if n := storedVersions(t, store); n != won {
		t.Errorf("%d versions are stored of %d keys", n, won)
	}
	t.Logf("%d keys taken, %d waits, %d deadlocks", won, waits.Load(), deadlocks)
	closeAll(false)
}

// TestSpillStrengths has transactions lock few keys at all strengths, write them, at once or
// later, spill, and roll back to savepoints: no two ever hold what conflicts, whether a
// lock is in the table or a version stands for it, and all of them end.
func TestSpillStrengths(t *testing.T) { engines.Each(t, testSpillStrengths) }

func testSpillStrengths(t *testing.T, on engines.Engine) {
	r := newRand(t)
	m, _, closeAll := openManager(t, on, vfs.NewMem(), txn.ManagerOptions{})
	ctx := t.Context()
	const workers, keys = 4, 5
	var mu sync.Mutex // guards held
	held := [keys]map[int]txn.Strength{}
	for k := range held {
		held[k] = map[int]txn.Strength{}
	}
	var waits, deadlocks atomic.Int64
	var wg sync.WaitGroup
	for w := range workers {
		r := rand.New(rand.NewPCG(r.Uint64(), uint64(w)))
		// mine is what w holds, as far as it can know; hold publishes it.
		var mine map[int]txn.Strength
		hold := func(now map[int]txn.Strength) {
			mu.Lock()
			defer mu.Unlock()
			mine = now
			for k := range held {
				delete(held[k], w)
				s, ok := now[k]
				if !ok {
					continue
				}
				for other, so := range held[k] {
					if txn.Conflict(s, so) {
						t.Errorf("key %d: %d holds it %q, %d %q", k, w, s, other, so)
					}
				}
				held[k][w] = s
			}
		}
		work := func(tx *txn.Txn) error {
			var marks []txn.Mark
			var then []map[int]txn.Strength
			for range 1 + r.IntN(15) {
				if err := tx.BeginStatement(ctx); err != nil {
					return err
				}
				k := r.IntN(keys)
				key := fmt.Appendf(nil, "key%02d", k)
				switch r.IntN(8) {
				case 0:
					if err := txn.Spill(tx); err != nil {
						return err
					}
				case 1:
					marks, then = append(marks, tx.Savepoint()), append(then, maps.Clone(mine))
				case 2:
					if n := len(marks); n > 0 {
						hold(then[n-1])
						tx.RollbackTo(marks[n-1])
						marks, then = marks[:n-1], then[:n-1]
					}
				case 3, 4:
					var err error
					if s, ok := mine[k]; ok && s == txn.Update && r.IntN(2) == 0 {
						err = tx.Delete(key)
					} else if ok && s >= txn.NoKeyUpdate {
						err = tx.Put(key, key)
					}
					if err != nil {
						return err
					}
				default:
					s := txn.Strength(r.IntN(4))
					_, err := tx.LockKey(ctx, key, s, txn.NoWait)
					if err == txn.ErrWouldBlock {
						waits.Add(1)
						_, err = tx.LockKey(ctx, key, s, txn.Wait)
					}
					if err != nil {
						return err
					}
					now := maps.Clone(mine)
					now[k] = max(s, now[k])
					hold(now)
				}
			}
			return nil
		}
		wg.Go(func() {
			for range 300 {
				tx, err := m.Begin(txn.Options{})
				if err != nil {
					t.Error(err)
					return
				}
				hold(map[int]txn.Strength{})
				err = work(tx)
				hold(nil)
				switch {
				case sqlerr.CodeOf(err) == sqlerr.DeadlockDetected:
					deadlocks.Add(1)
				case err != nil:
					t.Error(err)
				case r.IntN(2) == 0:
					if err := tx.Commit(ctx); err != nil {
						t.Error(err)
					}
				}
				tx.Rollback()
			}
		})
	}
	wg.Wait()
	if locks := m.Locks(); len(locks) != 0 {
		t.Errorf("locks are left: %v", locks)
	}
	t.Logf("%d waits, %d deadlocks", waits.Load(), deadlocks.Load())
	closeAll(false)
}

// A large transaction costs memory neither for its writes nor for its locks, and nothing
// is left of it after a rollback, on disk or in the lock table.
func TestSpillRollback(t *testing.T) { engines.Each(t, testSpillRollback) }

func testSpillRollback(t *testing.T, on engines.Engine) {
	for _, own := range []bool{true, false} {
		t.Run(fmt.Sprintf("own=%v", own), func(t *testing.T) {
			m, store, closeAll := openManager(t, on, vfs.NewMem(), txn.ManagerOptions{SpillBytes: 64 << 10, MaxTransactionBytes: 256 << 10})
			defer closeAll(false)
			ctx := t.Context()
			tx := begin(t, m, txn.Options{})
			if own {
				if err := tx.OwnSpan([]byte("row"), []byte("rox")); err != nil {
					t.Fatal(err)
				}
			}
			const rows = 20_000
			for i := range rows {
				k := fmt.Appendf(nil, "row%06d", i*7919%rows)
				if _, err := tx.LockKey(ctx, k, txn.Update, txn.Wait); err != nil {
					t.Fatal(err)
				}
				if err := tx.PutNew(k, make([]byte, 100)); err != nil {
					t.Fatal(err)
				}
				if n := txn.Held(tx); n > 1000 {
					t.Fatalf("%d locks are in the table after %d rows", n, i)
				}
			}
			if n := storedVersions(t, store); n < rows*9/10 {
				t.Errorf("only %d versions are in the engine", n)
			}
			m0 := begin(t, m, txn.Options{})
			defer m0.Rollback()
			if _, ok, err := m0.Get([]byte("row000000")); ok || err != nil {
				t.Errorf("another sees a row: %v %v", ok, err)
			}
			m2 := begin(t, m, txn.Options{})
			if !own {
				if _, err := m2.LockKey(ctx, []byte("row000007"), txn.KeyShare, txn.NoWait); err != txn.ErrWouldBlock {
					t.Errorf("another locks a row: %v", err)
				}
			}
			tx.Rollback()
			m2.Rollback()
			if locks := m.Locks(); len(locks) != 0 {
				t.Errorf("locks are left: %v", locks)
			}
			for range 1000 {
				if err := m.Collect(ctx); err != nil {
					t.Fatal(err)
				}
				if storedVersions(t, store) == 0 {
					break
				}
				time.Sleep(time.Millisecond)
			}
			if n := storedVersions(t, store); n != 0 {
				t.Errorf("%d versions are left", n)
			}
		})
	}
}

// Locks on what is not written cannot be spilled, and are limited.
func TestLockLimit(t *testing.T) { engines.Each(t, testLockLimit) }

func testLockLimit(t *testing.T, on engines.Engine) {
	m, _, closeAll := openManager(t, on, vfs.NewMem(), txn.ManagerOptions{MaxTransactionBytes: 64 << 10})
	defer closeAll(false)
	tx := begin(t, m, txn.Options{})
	defer tx.Rollback()
	for i := range 10_000 {
		if _, err := tx.LockKey(context.Background(), fmt.Append(nil, "k", i), txn.KeyShare, txn.Wait); err != nil {
			if sqlerr.CodeOf(err) != sqlerr.OutOfMemory || i < 100 {
				t.Fatal(i, err)
			}
			return
		}
	}
	t.Fatal("10,000 locks fit into 64 KiB")
}
