package btree

import (
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Options tune an engine. The zero value is right for a server on a disk.
type Options struct {
	// FS is the file system; nil is the operating system's. A test gives
	// vfs.NewMem, vfs.NewCrashableMem or an errorfs.
	FS vfs.FS

	// MemoryBytes bounds the pages that are kept in memory; 0 means 256 MiB. What an open
	// cursor still reads of older versions, and what the garbage collector has not
	// freed yet, comes on top.
	MemoryBytes int64

	// MinFreeBytes is the free disk space below which writes are refused with
	// storage.ErrNoSpace, so that the log itself never meets a full disk; 0 means
	// 64 MiB, negative switches the check off.
	MinFreeBytes int64

	// PageBytes is the size of a new file's pages, a power of two from 512 to 32768; 0
	// means 8 KiB.
	PageBytes int

	// SegmentBytes is the size of the largest file of the log; 0 means 64 MiB.
	SegmentBytes int64

	// LogBytes is how much log a recovery has to replay at most, more or less: a
	// checkpoint begins at half of it; 0 means 256 MiB.
	LogBytes int64

	// CheckpointAfter is the longest time between a change and a checkpoint that has
	// it; 0 means a minute.
	CheckpointAfter time.Duration

	// Logf receives what an operator should know; nil drops it.
	Logf func(format string, args ...any)
}

const (
	memoryBytesDefault  = 256 << 20
	minFreeBytesDefault = 64 << 20
	pageBytesDefault    = 8 << 10
	logBytesDefault     = 256 << 20
	checkpointAfter     = time.Minute

	// nodesMin is enough for a few ways from the root to a leaf.
	nodesMin = 64
)

func (o Options) withDefaults() Options {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.MemoryBytes == 0 {
		o.MemoryBytes = memoryBytesDefault
	}
	if o.MinFreeBytes == 0 {
		o.MinFreeBytes = minFreeBytesDefault
	}
	if o.PageBytes == 0 {
		o.PageBytes = pageBytesDefault
	}
	if o.LogBytes == 0 {
		o.LogBytes = logBytesDefault
	}
	if o.CheckpointAfter == 0 {
		o.CheckpointAfter = checkpointAfter
	}
	return o
}
