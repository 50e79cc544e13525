package storage

import (
	"context"
	"errors"
)

// SuffixLen is the length of every key's suffix.
const SuffixLen = 8

// Engine keeps ordered pairs of bytes. See the package comment for the rules.
type Engine interface {
	// NewCursor opens a cursor over the newest state. It is cheap.
	NewCursor() (Cursor, error)

	// Snapshot fixes the newest state for any number of cursors. It is cheap,
	// does not block writers and is not blocked by them.
	Snapshot() Snapshot

	// Apply gives the batch its place in the log's order and returns at once.
	// The caller may reset and reuse b afterwards.
	Apply(b *Batch, d Durability) (Ticket, error)

	// Sync returns once every batch applied before the call is durable.
	Sync() error

	// Backup writes a consistent copy into dir, which must not exist, while
	// reading and writing go on.
	Backup(ctx context.Context, dir string) error

	Metrics() Metrics

	// Close syncs and closes the files. Cursors and snapshots are closed first.
	Close() error
}

// Durability says whether a batch's writer intends to wait for the disk.
type Durability uint8

const (
	// Durable asks for the batch to be synced as soon as possible. Ticket.Wait
	// must be called exactly once.
	Durable Durability = iota
	// Lazy leaves the batch to the next sync. The ticket is ignored.
	Lazy
)

// Ticket is a batch's place in the log.
type Ticket interface {
	// Wait returns once the batch, and all before it, are durable.
	Wait() error
}

// Snapshot is one fixed state of the engine.
type Snapshot interface {
	NewCursor() (Cursor, error)
	Close() error
}

// Cursor reads one fixed state.
type Cursor interface {
	// Get finds the first key of prefix whose suffix is at or after suffix, and
	// returns its suffix and value. It leaves any range unpositioned.
	Get(prefix, suffix []byte) (found, value []byte, ok bool, err error)

	// Seek sets the range for Next: keys with lo ≤ prefix < hi; nil is unbounded.
	// With a suffix, only the first key at or after it of each prefix is
	// delivered; without, every key. The slices are not kept.
	Seek(lo, hi, suffix []byte, reverse bool)

	// Next refills run with up to max pairs of the range, in key order or
	// downwards if reverse; a key in run is whole, prefix and suffix. 0 is the end.
	Next(run *Run, max int) (int, error)

	Close() error
}

// Sentinels, to be tested with errors.Is. An engine wraps them with the file or
// directory concerned.
var (
	// ErrCorrupt reports bytes on disk that fail their checksum or make no sense.
	ErrCorrupt = errors.New("storage: corrupt")
	// ErrNoSpace reports that the disk is (nearly) full.
	ErrNoSpace = errors.New("storage: no space left on device")
	// ErrLocked reports that another process has the directory open.
	ErrLocked = errors.New("storage: directory is locked")
	// ErrStopped reports that the log could not be written: the engine only reads.
	ErrStopped = errors.New("storage: engine has stopped")
	// ErrClosed reports use after Close.
	ErrClosed = errors.New("storage: engine is closed")
)

// Metrics are the numbers every engine can give; a zero means not applicable.
type Metrics struct {
	DiskBytes     uint64 // all files
	LogBytes      uint64 // the log's share of DiskBytes
	MemoryBytes   uint64 // unflushed writes and cached blocks
	CacheHits     int64
	CacheMisses   int64
	BytesWritten  uint64 // by flushes, compactions or checkpoints
	LogWritten    uint64
	Flushes       int64
	Compactions   int64
	Stalls        int64 // times that writers were held up
	ReadAmp       int   // sorted runs that a point read may look into
	OpenCursors   int64
	BackupRunning bool
	Stopped       bool
}
