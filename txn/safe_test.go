package txn_test

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/minisql/minisql/internal/engines"
	"github.com/minisql/minisql/mvcc"
	"github.com/minisql/minisql/txn"
)

// TestLastSafeIsKept wants the last safe snapshot to be kept from the garbage collector while somebody
// wants it and it is needed, and no longer.
func TestLastSafeIsKept(t *testing.T) { engines.Each(t, testLastSafeIsKept) }

func testLastSafeIsKept(t *testing.T, on engines.Engine) {
	m, _, closeAll := openManager(t, on, vfs.NewMem(), txn.ManagerOptions{})
	defer closeAll(false)
	ctx := t.Context()
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	begin := func(o txn.Options) *txn.Txn {
		t.Helper()
		tx, err := m.Begin(o)
		do(err)
		do(tx.BeginStatement(ctx))
		return tx
	}
	serializable := txn.Options{Level: txn.Serializable}
	put := func(tx *txn.Txn, key, value string) {
		t.Helper()
		do(tx.BeginStatement(ctx))
		_, err := tx.LockRow(ctx, []byte(key), txn.Update, txn.Wait)
		do(err)
		do(tx.Put([]byte(key), []byte(value)))
	}
	write := func(key, value string) {
		t.Helper()
		tx := begin(txn.Options{})
		put(tx, key, value)
		do(tx.Commit(ctx))
	}
	horizon := func() mvcc.Timestamp {
		t.Helper()
		do(m.Collect(ctx))
		return m.Horizon()
	}
	write("check", "0")
	write("save", "0")

	m.WantLastSafe(true)
	fee := begin(serializable)
	first := fee.Snapshot()
	for _, k := range []string{"check", "save"} {
		_, _, err := fee.Get([]byte(k))
		do(err)
	}
	deposit := begin(serializable)
	put(deposit, "save", "20")
	do(deposit.Commit(ctx))
	other := begin(serializable)
	put(fee, "check", "-11")
	do(fee.Commit(ctx))
	write("save", "21") // now the oldest version is garbage for all others
	if at := horizon(); at != first {
		t.Errorf("the horizon is at %d, not %d: other is at %d", at, first, other.Snapshot())
	}

	reader := begin(txn.Options{Level: txn.Serializable, ReadOnly: true, Deferrable: true, LastSafe: true})
	if v, _, err := reader.Get([]byte("save")); err != nil || string(v) != "0" || reader.Snapshot() != first {
		t.Errorf("at %d: %s, %v", reader.Snapshot(), v, err)
	}
	m.WantLastSafe(false)
	if at := horizon(); at != first {
		t.Errorf("the reader's snapshot is gone: %d", at)
	}
	do(reader.Commit(ctx))
	if at := horizon(); at != other.Snapshot() {
		t.Errorf("nobody wants it, and the horizon is at %d, not %d", at, other.Snapshot())
	}

	m.WantLastSafe(true)
	third := begin(serializable)
	do(other.Commit(ctx))
	if at := horizon(); at != third.Snapshot() {
		t.Errorf("the horizon is at %d, not %d", at, third.Snapshot())
	}
	write("save", "22")
	do(third.Commit(ctx))
	if at := horizon(); at != m.Now() {
		t.Errorf("nobody writes, and the horizon is at %d, not %d", at, m.Now())
	}
	m.WantLastSafe(false)
}
