package txn_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/minisql/minisql/internal/engines"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
)

var seedFlag = flag.Uint64("txn.seed", 0, "seed of the random tests; 0 draws one")

const (
	accounts = 8
	money    = accounts * 100
)

func account(i int) []byte { return fmt.Appendf(nil, "account%d", i) }
func counter(w int) []byte { return fmt.Appendf(nil, "counter%d", w) }

// bank runs random transfers and checks what must hold of every history: the sum
// of all accounts in one snapshot is constant, no increment of a counter is lost,
// and what was acknowledged survives.
type bank struct {
	t     *testing.T
	m     *txn.Manager
	acked [4]atomic.Int64 // of each worker's counter

	commits, conflicts, deadlocks atomic.Int64
}

func number(v []byte) int {
	n, err := strconv.Atoi(string(v))
	if err != nil {
		panic(err)
	}
	return n
}

// transfer moves money between two accounts in one transaction of several statements.
func (b *bank) transfer(ctx context.Context, r *rand.Rand, w int) (done bool, err error) {
	level := txn.Level(r.IntN(2))
	tx, err := b.m.Begin(txn.Options{Level: level, AsyncCommit: r.IntN(3) == 0, PID: int32(w + 1)})
	if err != nil {
		return false, err
	}
	defer tx.Rollback()
	from, to := r.IntN(accounts), r.IntN(accounts-1)
	if to >= from {
		to++
	}
	amount := 1 + r.IntN(5)
	mark, marked := txn.Mark{}, r.IntN(3) == 0
	for i, change := range []struct {
		key []byte
		by  int
	}{{account(from), -amount}, {account(to), amount}, {counter(w), 1}} {
		if i == 1 && marked {
			mark = tx.Savepoint()
		}
		if err := b.statement(ctx, tx, r, change.key, change.by); err != nil {
			return false, err
		}
		if i == 1 && marked && r.IntN(2) == 0 { // undo the statement and do it once more
			tx.RollbackTo(mark)
			if err := b.statement(ctx, tx, r, change.key, change.by); err != nil {
				return false, err
			}
		}
	}
	if r.IntN(10) == 0 {
		return false, nil // roll back
	}
	async := tx.Options().AsyncCommit
	if err := tx.Commit(ctx); err != nil {
		return false, err
	}
	if !async {
		b.acked[w].Add(1)
	}
	return true, nil
}

// statement adds by to key, as UPDATE … SET n = n + by does.
func (b *bank) statement(ctx context.Context, tx *txn.Txn, r *rand.Rand, key []byte, by int) error {
	if err := tx.BeginStatement(ctx); err != nil {
		return err
	}
	seen, ok, err := tx.Get(key)
	if err != nil || !ok {
		return fmt.Errorf("%s: %v %w", key, ok, err)
	}
	old := number(seen)
	strength := txn.NoKeyUpdate
	if r.IntN(4) == 0 {
		strength = txn.Update
	}
	l, err := tx.LockRow(ctx, key, strength, txn.Wait)
	if err != nil {
		return err
	}
	if now := number(l.Value); now != old {
		if !l.Changed {
			return fmt.Errorf("%s was %d in the snapshot, %d under the lock, and not said to have changed", key, old, now)
		}
		old = now // READ COMMITTED re-checks
	}
	if err := tx.Put(key, fmt.Append(nil, old+by)); err != nil {
		return err
	}
	return tx.EndStatement(ctx)
}

// audit sums up all accounts as one statement sees them, by scan or by reads of single keys.
func audit(ctx context.Context, m *txn.Manager, r *rand.Rand) (int, error) {
	tx, err := m.Begin(txn.Options{Level: txn.Level(r.IntN(2)), ReadOnly: true})
	if err != nil {
		return 0, err
	}
	defer tx.Rollback()
	if err := tx.BeginStatement(ctx); err != nil {
		return 0, err
	}
	sum := 0
	if r.IntN(2) == 0 {
		for i := range accounts {
			v, _, err := tx.Get(account(i))
			if err != nil {
				return 0, err
			}
			sum += number(v)
		}
		return sum, nil
	}
	sc, err := tx.Scan(txn.Span{Lo: []byte("account"), Hi: []byte("accounu"), Reverse: r.IntN(2) == 0}, txn.Snapshot)
	if err != nil {
		return 0, err
	}
	defer sc.Close()
	var run txn.Run
	for {
		n, err := sc.Next(&run, 1+r.IntN(5))
		if err != nil || n == 0 {
			return sum, err
		}
		for _, v := range run.Values {
			sum += number(v)
		}
	}
}

func TestHistories(t *testing.T) { engines.Each(t, testHistories) }

func testHistories(t *testing.T, on engines.Engine) {
	t.Run("in memory", func(t *testing.T) { testHistory(t, on, 0) })
	t.Run("spilling", func(t *testing.T) { testHistory(t, on, 1) })
}

func testHistory(t *testing.T, on engines.Engine, spillBytes int64) {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d (-txn.seed)", seed)
	fs := vfs.NewCrashableMem()
	m, store, closeAll := openManager(t, on, fs, txn.ManagerOptions{SpillBytes: spillBytes})
	b := &bank{t: t, m: m}
	ctx := t.Context()
	tx := begin(t, m, txn.Options{})
	for i := range accounts {
		if err := tx.Put(account(i), []byte("100")); err != nil {
			t.Fatal(err)
		}
	}
	for w := range b.acked {
		if err := tx.Put(counter(w), []byte("0")); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}

	var all [4]int64 // commits of each worker
	var wg sync.WaitGroup
	for w := range b.acked {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(w)))
			for range 400 {
				done, err := b.transfer(ctx, r, w)
				switch code := sqlerr.CodeOf(err); {
				case done:
					b.commits.Add(1)
					all[w]++
				case err == nil:
				case code == sqlerr.SerializationFailure:
					b.conflicts.Add(1)
				case code == sqlerr.DeadlockDetected:
					b.deadlocks.Add(1)
				default:
					t.Errorf("transfer: %v", err)
					return
				}
			}
		})
	}
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for i := range 2 {
		readers.Go(func() {
			r := rand.New(rand.NewPCG(seed, 100+uint64(i)))
			for {
				select {
				case <-stop:
					return
				default:
				}
				if sum, err := audit(ctx, m, r); err != nil || sum != money {
					t.Errorf("a snapshot holds %d, must hold %d: %v", sum, money, err)
					return
				}
			}
		})
	}
	// Crash somewhere in the middle, on a copy of the disk.
	time.Sleep(20 * time.Millisecond)
	var acked [4]int64
	for w := range acked {
		acked[w] = b.acked[w].Load()
	}
	crashed := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: rand.New(rand.NewPCG(seed, 7))})
	wg.Wait()
	close(stop)
	readers.Wait()
	if locks := m.Locks(); len(locks) != 0 {
		t.Errorf("locks are left: %v", locks)
	}
	check := func(m *txn.Manager, least [4]int64, exact bool) {
		t.Helper()
		if sum, err := audit(ctx, m, rand.New(rand.NewPCG(1, 1))); err != nil || sum != money {
			t.Errorf("the accounts hold %d, must hold %d: %v", sum, money, err)
		}
		tx := begin(t, m, txn.Options{})
		defer tx.Rollback()
		for w := range least {
			v, _, err := tx.Get(counter(w))
			if err != nil {
				t.Fatal(err)
			}
			if n := int64(number(v)); n < least[w] || (exact && n != least[w]) {
				t.Errorf("worker %d committed %d times, its counter is %d", w, least[w], n)
			}
		}
	}
	check(m, all, true)
	if _, err := store.Collect(ctx); err != nil {
		t.Fatal(err)
	}
	check(m, all, true)
	closeAll(false)
	m, _, closeAll = openManager(t, on, crashed, txn.ManagerOptions{})
	check(m, acked, false)
	closeAll(false)
	t.Logf("%d commits, %d conflicts, %d deadlocks; acknowledged before the crash: %v",
		b.commits.Load(), b.conflicts.Load(), b.deadlocks.Load(), acked)
}
