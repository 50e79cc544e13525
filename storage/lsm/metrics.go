package lsm

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/minisql/minisql/storage"
)

// Metrics collects Pebble's numbers.
func (e *Engine) Metrics() storage.Metrics {
	e.closing.RLock()
	defer e.closing.RUnlock()
	if e.closed {
		return storage.Metrics{Stopped: true}
	}
	m := e.db.Metrics()
	total := m.Total()
	return storage.Metrics{
		DiskBytes:     m.DiskSpaceUsage(),
		LogBytes:      m.WAL.PhysicalSize,
		MemoryBytes:   m.MemTable.Size + uint64(m.BlockCache.Size),
		CacheHits:     m.BlockCache.Hits,
		CacheMisses:   m.BlockCache.Misses,
		BytesWritten:  total.TableBytesFlushed + total.TableBytesCompacted,
		LogWritten:    m.WAL.BytesWritten,
		Flushes:       m.Flush.Count,
		Compactions:   m.Compact.Count,
		Stalls:        e.stalls.Load(),
		ReadAmp:       m.ReadAmp(),
		OpenCursors:   e.openCursors.Load(),
		BackupRunning: e.backups.Load() > 0,
		Stopped:       e.guard.err() != nil,
	}
}

func (e *Engine) logf(format string, args ...any) {
	if e.opts.Logf != nil {
		e.opts.Logf(format, args...)
	}
}

func (e *Engine) events() *pebble.EventListener {
	l := &pebble.EventListener{
		BackgroundError: func(err error) { e.logf("storage: %s: %v", e.dir, err) },
		DataCorruption: func(i pebble.DataCorruptionInfo) {
			e.logf("storage: %s: corruption in %s: %v", e.dir, i.Path, i.Details)
		},
		WriteStallBegin: func(i pebble.WriteStallBeginInfo) {
			e.stalls.Add(1)
			e.logf("storage: %s: writers wait: %s", e.dir, i.Reason)
		},
	}
	l.EnsureDefaults(logger{e})
	return l
}

// logger drops Pebble's chatter. Fatalf is reached only by a broken invariant
// (and by unreadable files during Open, where the panic becomes an error).
type logger struct{ e *Engine }

func (logger) Infof(string, ...any) {}

func (l logger) Errorf(format string, args ...any) { l.e.logf(format, args...) }

func (logger) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
