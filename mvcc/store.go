package mvcc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/minisql/minisql/storage"
)

// Options tune a Store.
type Options struct {
	// Retention is how long past versions are kept readable after they were
	// overwritten.
	Retention time.Duration

	// NoCollect leaves garbage where it is: for a store that is only looked at.
	NoCollect bool

	// Clock reads the wall clock; nil is time.Now.
	Clock func() time.Time

	// Logf receives what an operator should know; nil drops it.
	Logf func(format string, args ...any)
}

// Store is a multi-version key space over one storage engine. Any number of
// goroutines use it.
type Store struct {
	engine storage.Engine
	opts   Options

	pipeline  pipeline
	snapshots snapshots
	garbage   garbage
	cursors   cursorPool

	hiddenMu sync.Mutex // guards changes of hidden; a leaf
	hidden   atomic.Pointer[hiddenSet]

	// recent[h] is the newest timestamp drawn for a key with hash h: set before
	// Apply, never lowered. See invariant 9.
	recent [recentSlots]atomic.Uint64
	seed   maphash.Seed

	retention atomic.Int64 // µs

	lazySync struct {
		armed atomic.Bool
		mu    sync.Mutex // guards timer against Close
		timer *time.Timer
		wg    sync.WaitGroup
	}
	closed atomic.Bool
}

// recentSlots trades memory (512 KiB) against needless fresh cursors.
const recentSlots = 1 << 16

// The engine's sentinels, for those above who do not know the engine.
var (
	ErrCorrupt = storage.ErrCorrupt
	ErrNoSpace = storage.ErrNoSpace
	ErrStopped = storage.ErrStopped
	ErrClosed  = storage.ErrClosed
)

// ErrReserved reports a key that begins with 0xFF.
var ErrReserved = errors.New("mvcc: empty keys and keys beginning with 0xFF are reserved")

// ValidKey reports whether key may be written and read.
func ValidKey(key []byte) bool { return len(key) > 0 && key[0] != metaByte }

// Open takes over engine, which the caller closes after the store.
func Open(engine storage.Engine, opts Options) (*Store, error) {
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	s := &Store{engine: engine, opts: opts, seed: maphash.MakeSeed()}
	s.retention.Store(opts.Retention.Microseconds())
	s.snapshots.s, s.garbage.s, s.cursors.s = s, s, s
	s.pipeline.s = s
	s.hidden.Store(&hiddenSet{})

	c, err := engine.NewCursor()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	ceiling, retention, fresh, err := readCeiling(c)
	if err != nil {
		return nil, err
	}
	s.pipeline.start(ceiling)
	if err := s.recoverSpills(c); err != nil {
		return nil, err
	}
	// What an earlier run collected is not recorded: it stayed behind its retention.
	floor := ceiling
	if kept := Timestamp(min(retention, s.retention.Load())); retention >= s.retention.Load() && kept < floor {
		floor -= kept
		// While nothing was committed the clock, and collection with it, went on.
		floor = max(floor, min(ceiling, Timestamp(max(opts.Clock().UnixMicro(), 0))-kept))
	}
	s.snapshots.collected.Store(uint64(floor))
	if retention != s.retention.Load() && !fresh {
		if err := s.pipeline.recordRetention(); err != nil {
			return nil, err
		}
	}
	if err := s.garbage.start(c, fresh); err != nil {
		return nil, err
	}
	return s, nil
}

func readCeiling(c storage.Cursor) (ceiling Timestamp, retention int64, fresh bool, err error) {
	_, v, ok, err := c.Get(metaCeiling, metaSuffix)
	if err != nil || !ok {
		return 0, 0, !ok, err
	}
	if len(v) != 16 {
		return 0, 0, false, fmt.Errorf("%w: timestamp ceiling of %d bytes", storage.ErrCorrupt, len(v))
	}
	return Timestamp(binary.BigEndian.Uint64(v)), int64(binary.BigEndian.Uint64(v[8:])), false, nil
}

// Close stops the background work and records the garbage queue. The caller has
// ended its transactions and closes the engine afterwards.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	s.lazySync.mu.Lock()
	if t := s.lazySync.timer; t != nil && t.Stop() {
		s.lazySync.wg.Done()
	}
	s.lazySync.mu.Unlock()
	s.lazySync.wg.Wait()
	err := s.garbage.stop()
	s.cursors.close()
	if s.pipeline.failure() != nil {
		return nil // the failure was reported; nothing more can be written
	}
	return err
}

// Engine returns the storage engine, for backup and metrics.
func (s *Store) Engine() storage.Engine { return s.engine }

// Now is the newest published timestamp.
func (s *Store) Now() Timestamp { return Timestamp(s.pipeline.published.Load()) }

// SchemaVersion is the timestamp of the newest published commit that changed the
// schema. It is stored before Now moves: a snapshot taken first never misses it.
func (s *Store) SchemaVersion() Timestamp { return Timestamp(s.pipeline.schema.Load()) }

// SetRetention changes how long overwritten versions are kept.
func (s *Store) SetRetention(d time.Duration) error {
	if d.Microseconds() == s.retention.Swap(d.Microseconds()) {
		return nil
	}
	defer s.garbage.wakeUp()
	return s.pipeline.recordRetention()
}

// syncSoonAfter bounds what an asynchronous commit can lose (PostgreSQL: three
// times wal_writer_delay, 600 ms).
const syncSoonAfter = 200 * time.Millisecond

// syncSoon has the log synced within syncSoonAfter.
func (s *Store) syncSoon() {
	l := &s.lazySync
	if l.armed.Load() || !l.armed.CompareAndSwap(false, true) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.closed.Load() {
		return
	}
	l.wg.Add(1)
	l.timer = time.AfterFunc(syncSoonAfter, func() {
		defer l.wg.Done()
		l.armed.Store(false)
		if err := s.engine.Sync(); err != nil && !s.closed.Load() {
			s.pipeline.fail(err)
		}
	})
}

func (s *Store) logf(format string, args ...any) {
	if s.opts.Logf != nil {
		s.opts.Logf(format, args...)
	}
}
