package txn

import (
	"github.com/minisql/minisql/mvcc"
)

// Manager runs the transactions of one store.
type Manager struct{}

// Open starts a manager over store. The caller keeps store and closes it after
// the manager.
func Open(store *mvcc.Store, opts ManagerOptions) (*Manager, error) { panic("pending") }

// Begin starts a transaction. It takes no snapshot yet. SERIALIZABLE is refused
// with 0A000.
func (m *Manager) Begin(opts Options) (*Txn, error) { panic("pending") }

// Close waits for nothing: the caller ends its transactions first.
func (m *Manager) Close() error { panic("pending") }

// SchemaVersion is the commit timestamp of the newest published transaction
// that called MarkSchemaChange. Read after taking a snapshot, it is at least
// the version that the snapshot sees: if it is ≤ Txn.Snapshot, the two agree.
func (m *Manager) SchemaVersion() mvcc.Timestamp { panic("pending") }

// Now is the newest published timestamp: everything at or before it is
// committed, durable and visible to a snapshot taken from here on.
func (m *Manager) Now() mvcc.Timestamp { panic("pending") }

// WriteNow commits one pair at once, outside any transaction: ordered before
// every later commit in the log, not waited for on disk. Callers serialise
// writes of one key. For sequences.
func (m *Manager) WriteNow(key, value []byte) error { panic("pending") }

// Horizon is the oldest timestamp that a live snapshot, or the history
// retention, still needs.
func (m *Manager) Horizon() mvcc.Timestamp { panic("pending") }

// LockInfo is one row of pg_locks.
type LockInfo struct {
	PID      int32
	Database uint32
	Txn      uint64
	Table    uint64 // LockTable's id; 0 for a key lock
	Key      []byte // nil for a table lock
	Mode     string // RowShareLock, ForUpdate …
	Granted  bool
	FastPath bool
}

// Locks lists every lock held or waited for, for pg_locks.
func (m *Manager) Locks() []LockInfo { panic("pending") }

// BlockedBy lists the pids whose locks the session pid waits for, for
// pg_blocking_pids.
func (m *Manager) BlockedBy(pid int32) []int32 { panic("pending") }
