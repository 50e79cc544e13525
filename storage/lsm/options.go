package lsm

import (
	"runtime"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Options tune an engine. The zero value is right for a server on a disk.
type Options struct {
	// FS is the file system; nil is the operating system's. A test gives
	// vfs.NewMem, vfs.NewCrashableMem or an errorfs.
	FS vfs.FS

	// MemoryBytes is shared by the block cache and the memtables: Pebble takes what
	// memtables use out of the cache, and gives it back. 0 means 256 MiB.
	MemoryBytes int64

	// MinFreeBytes is the free disk space below which writes are refused with
	// storage.ErrNoSpace, so that the log itself never meets a full disk; 0 means
	// 64 MiB, negative switches the check off.
	MinFreeBytes int64

	// Logf receives what an operator should know; nil drops it.
	Logf func(format string, args ...any)
}

const (
	memoryBytesDefault  = 256 << 20
	minFreeBytesDefault = 64 << 20
	memtableBytesMin    = 1 << 20
	memtableBytesMax    = 64 << 20
	memtablesMax        = 4 // writers are held up beyond; also the log files kept for reuse
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
	return o
}

// memtableBytes gives a memtable an eighth of the budget: at most half of the
// budget is then in memtables, and the block cache has the rest.
func (o Options) memtableBytes() uint64 {
	return uint64(min(max(o.MemoryBytes/8, memtableBytesMin), memtableBytesMax))
}

func (o Options) pebble(fs vfs.FS, cache *pebble.Cache, e *Engine) *pebble.Options {
	p := &pebble.Options{
		FS:                          fs,
		Cache:                       cache,
		Comparer:                    comparer,
		FormatMajorVersion:          pebble.FormatNewest,
		MemTableSize:                o.memtableBytes(),
		MemTableStopWritesThreshold: memtablesMax,
		MaxOpenFiles:                1024,
		// Few sorted runs in L0 keep point reads short; the stop is far off so that a
		// burst of writes is not held up.
		L0CompactionThreshold:     2,
		L0CompactionFileThreshold: 64,
		L0StopWritesThreshold:     32,
		LBaseMaxBytes:             64 << 20,
		BytesPerSync:              1 << 20,
		Logger:                    logger{e},
		EventListener:             e.events(),
		CompactionConcurrencyRange: func() (lower, upper int) {
			return 1, max(1, min(3, min(runtime.NumCPU(), runtime.GOMAXPROCS(0))-1))
		},
		TargetByteDeletionRate: 128 << 20,
	}
	p.Experimental.ReadSamplingMultiplier = -1 // compactions are scheduled by writes, not paid for by reads
	p.Experimental.EnableValueBlocks = func() bool { return true }
	for i := range p.Levels {
		l := &p.Levels[i]
		l.BlockSize = 8 << 10
		l.IndexBlockSize = 64 << 10
		l.FilterPolicy = bloom.FilterPolicy(10)
		l.FilterType = pebble.TableFilter
		l.Compression = func() *sstable.CompressionProfile { return sstable.FastestCompression }
	}
	return p
}
