package txn

import (
	"time"

	"github.com/minisql/minisql/mvcc"
)

// Level is an isolation level.
type Level int

// READ UNCOMMITTED is READ COMMITTED, as in PostgreSQL.
const (
	ReadCommitted Level = iota
	RepeatableRead
	Serializable
)

// String returns the SQL name of the level.
func (l Level) String() string {
	switch l {
	case RepeatableRead:
		return "repeatable read"
	case Serializable:
		return "serializable"
	}
	return "read committed"
}

// Options are the properties of one transaction. The zero value is a
// READ COMMITTED, read-write transaction with a durable commit.
type Options struct {
	Level       Level
	ReadOnly    bool
	Deferrable  bool
	LastSafe    bool // what is Deferrable starts at the last safe snapshot, and does not wait for the next
	AsyncCommit bool // synchronous_commit = off
	Detect      Detection

	// AsOf makes a read-only transaction see a past moment; 0 is the present.
	AsOf mvcc.Timestamp

	// PID and Database name the session in messages and in Locks.
	PID      int32
	Database uint32

	// LockTimeout bounds each single wait for a lock (55P03); 0 is no bound.
	LockTimeout time.Duration

	// DeadlockTimeout is after which time a wait for a lock looks for a deadlock; 0 is at once.
	// With several values among the waiting, who looks first is the victim.
	DeadlockTimeout time.Duration
}

// Detection says what to do about anomalies of transactions at READ COMMITTED and REPEATABLE
// READ.
type Detection uint8

// The ways.
const (
	DetectOff    Detection = iota // nothing is watched
	DetectNotice                  // Txn.Anomaly tells after the commit
	DetectError                   // the commit fails
)

// ManagerOptions tune a Manager.
type ManagerOptions struct {
	// MaxTransactionBytes bounds the memory of one transaction: its write buffer and its
	// locks (error 53200); 0 means 256 MiB. It does not bound what a transaction
	// writes, as the buffer spills and takes the locks on written keys with it.
	// Locks on keys that are not written, and single values, must fit.
	MaxTransactionBytes int64

	// SpillBytes is the size at which a transaction's buffer and locks are spilled; 0
	// means 64 MiB. It is at most half of MaxTransactionBytes.
	SpillBytes int64

	// MaxSerializableBytes bounds what is remembered of serializable transactions; see ssi.Options.MaxBytes.
	MaxSerializableBytes int64

	// Tracked says of a key whether its reads and writes matter to serializable
	// transactions; nil: all do. TableOf returns what all keys of its table begin with.
	Tracked func(key []byte) bool
	TableOf func(key []byte) []byte
}
