package txn

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/minisql/minisql/mvcc"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/ssi"
)

// Manager runs the transactions of one store. Any number of goroutines use it.
type Manager struct {
	store  *mvcc.Store
	below  backend
	locks  *lockTable
	tables *tableLocks
	ssi    *ssi.Graph
	safe   *mvcc.Snapshot // that keepSafe has registered; guarded by ssi's mutex
	opts   ManagerOptions

	lastID atomic.Uint64

	active [activeStripes]activeStripe
}

// activeStripes spreads BEGIN and the end of transactions over several mutexes.
const activeStripes = 8

// activeStripe lists live transactions. Its mutex comes before owner.tableMu and is
// never held while waiting.
type activeStripe struct {
	mu   sync.Mutex
	head *Txn // doubly linked through Txn.next and prev
	_    [40]byte
}

const (
	maxTransactionBytesDefault = 256 << 20
	spillBytesDefault          = 64 << 20
)

// Open starts a manager over store. The caller keeps store and closes it after
// the manager.
func Open(store *mvcc.Store, opts ManagerOptions) (*Manager, error) {
	if opts.MaxTransactionBytes <= 0 {
		opts.MaxTransactionBytes = maxTransactionBytesDefault
	}
	if opts.SpillBytes <= 0 {
		opts.SpillBytes = spillBytesDefault
	}
	opts.SpillBytes = min(opts.SpillBytes, opts.MaxTransactionBytes/2)
	m := &Manager{store: store, opts: opts}
	m.locks = newLockTable()
	m.tables = newTableLocks(m)
	m.below = &local{store: store, locks: m.locks}
	m.ssi = ssi.New(ssi.Options{Published: m.below.now, Table: opts.TableOf, Keep: m.keepSafe, MaxBytes: opts.MaxSerializableBytes})
	return m, nil
}

// Begin starts a transaction. It takes no snapshot yet.
func (m *Manager) Begin(opts Options) (*Txn, error) {
	if opts.AsOf != 0 {
		opts.Level, opts.ReadOnly = RepeatableRead, true
	}
	t := &Txn{m: m, opts: opts}
	t.id = m.lastID.Add(1)
	t.tables, t.buf = t.first[:0], t.small[:0]
	t.pid, t.database = opts.PID, opts.Database
	t.lockTimeout, t.deadlockTimeout = opts.LockTimeout, opts.DeadlockTimeout
	s := &m.active[t.id%activeStripes]
	s.mu.Lock()
	t.next = s.head
	if s.head != nil {
		s.head.prev = t
	}
	s.head = t
	s.mu.Unlock()
	return t, nil
}

func (m *Manager) forget(t *Txn) {
	s := &m.active[t.id%activeStripes]
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.prev != nil {
		t.prev.next = t.next
	} else {
		s.head = t.next
	}
	if t.next != nil {
		t.next.prev = t.prev
	}
	t.next, t.prev = nil, nil
}

// eachActive calls f for every live transaction, under its stripe's mutex.
func (m *Manager) eachActive(f func(*Txn)) {
	for i := range m.active {
		s := &m.active[i]
		s.mu.Lock()
		for t := s.head; t != nil; t = t.next {
			f(t)
		}
		s.mu.Unlock()
	}
}

// Close refuses while transactions are open: the caller ends them first.
func (m *Manager) Close() error {
	open := 0
	m.eachActive(func(*Txn) { open++ })
	if open > 0 {
		return sqlerr.New(sqlerr.ObjectInUse, "%d transactions are still open", open)
	}
	return nil
}

// SchemaVersion is the commit timestamp of the newest published transaction
// that called MarkSchemaChange. Read after taking a snapshot, it is at least
// the version that the snapshot sees: if it is ≤ Txn.Snapshot, the two agree.
func (m *Manager) SchemaVersion() mvcc.Timestamp { return m.store.SchemaVersion() }

// Now is the newest published timestamp: everything at or before it is
// committed, durable and visible to a snapshot taken from here on.
func (m *Manager) Now() mvcc.Timestamp { return m.below.now() }

// WriteNow commits one pair at once, outside any transaction: ordered before
// every later commit in the log, not waited for on disk. Callers serialise
// writes of one key. For sequences.
func (m *Manager) WriteNow(key, value []byte) error {
	return storageError(m.store.WriteNow(key, value))
}

// Horizon is the oldest timestamp that a live snapshot, or the history
// retention, still needs.
func (m *Manager) Horizon() mvcc.Timestamp { return m.store.Horizon() }

// Collect removes what is garbage now; VACUUM calls it. The background does the
// same without being asked.
func (m *Manager) Collect(ctx context.Context) error {
	_, err := m.below.collect(ctx)
	return waitError(ctx, err)
}
