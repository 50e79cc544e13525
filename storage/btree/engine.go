package btree

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/minisql/minisql/storage"
	"github.com/minisql/minisql/storage/btree/wal"
	"github.com/minisql/minisql/storage/dir"
)

const (
	dataName = "data.db"
	logName  = "wal"
)

// Owns recognises the files of this engine.
func Owns(name string) bool {
	return name == dataName || name == dataName+".new" || name == logName
}

// Engine is a storage.Engine on a B+tree of pages.
type Engine struct {
	dir   string
	opts  Options
	lock  io.Closer
	pager *pager
	space *space
	log   *wal.Log // nil: in memory, nothing is durable
	disk  dir.Space
	views views

	mu       sync.Mutex // guards what follows; see doc.go for the order
	relieved *sync.Cond // a checkpoint went on, or the engine stopped
	tree     tree
	taken    queue // what drain works on
	torn     bool  // a record could not be applied: what follows it never is

	order  sync.Mutex // guards what follows, and is held to append to the log
	queued queue      // in the log and not in the tree yet

	// Numbers of log records, shown ≤ next ≤ given: the first that the newest view does not
	// have; the first that the tree does not have; the first that was not given out by an
	// Apply that has returned. The first two change under mu.
	shown, next, given atomic.Uint64

	crowd    atomic.Int64  // records of the log's last group
	crowdMin int64         // crowdMin, but in tests
	apply    chan struct{} // asks for a drain

	checkpointing sync.Mutex // guards what follows
	super         superblock
	mapPages      []extent // of the space map that super has

	wanted chan struct{} // asks for a checkpoint
	quit   chan struct{}
	wg     sync.WaitGroup

	failure atomic.Pointer[error]

	// closing is held shared around every call that Close must not overtake; closed is
	// set under it.
	closing sync.RWMutex
	closed  bool

	openCursors, checkpoints, stalls, backups atomic.Int64
}

var _ storage.Engine = (*Engine)(nil)

// Open opens the engine in the directory path, creating it if it is missing. An empty path
// means a database in memory.
func Open(path string, opts Options) (e *Engine, err error) {
	volatile := path == "" && opts.FS == nil
	opts = opts.withDefaults()
	if volatile {
		opts.FS, opts.MinFreeBytes, path = vfs.NewMem(), -1, "memory"
	}
	e = &Engine{dir: path, opts: opts, crowdMin: crowdMin, wanted: make(chan struct{}, 1), apply: make(chan struct{}, 1), quit: make(chan struct{})}
	e.relieved = sync.NewCond(&e.mu)
	e.disk.FS, e.disk.Dir, e.disk.MinBytes = opts.FS, path, opts.MinFreeBytes
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("opening %s: %w", path, dir.NoSpace(err)), e.closeFiles())
			e = nil
		}
	}()
	if err := dir.Make(opts.FS, path); err != nil {
		return e, err
	}
	if err := dir.Check(opts.FS, path, Owns); err != nil {
		return e, err
	}
	if e.lock, err = dir.Lock(opts.FS, path); err != nil {
		return e, err
	}
	if err := e.openFile(); err != nil {
		return e, err
	}
	if volatile {
		e.pager.pool.limit = math.MaxInt
		return e, nil
	}
	log, err := wal.Open(opts.FS.PathJoin(path, logName), e.super.lsn, wal.Options{
		FS: opts.FS, SegmentBytes: opts.SegmentBytes, ID: e.super.id, Logf: opts.Logf,
		Writing: e.writing,
	}, e.replay)
	if err != nil {
		return e, err
	}
	e.log = log
	e.wg.Go(e.keepCheckpoints)
	e.wg.Go(e.keepDraining)
	return e, nil
}

// openFile opens the data file and the tree that its superblock has.
func (e *Engine) openFile() error {
	fs, name := e.opts.FS, e.opts.FS.PathJoin(e.dir, dataName)
	if _, err := fs.Stat(name); errors.Is(err, os.ErrNotExist) {
		b := superblock{pageBytes: e.opts.PageBytes, id: newID(), generation: 1, lsn: 1, next: 2}
		if err := createFile(fs, e.dir, b); err != nil {
			return err
		}
	}
	// Whoever created the file may have been killed before its name was durable.
	if err := dir.Sync(fs, e.dir); err != nil {
		return err
	}
	f, err := fs.OpenReadWrite(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	e.pager = &pager{f: f, name: name}
	e.pager.pool.evicted = &e.pager.partial
	if e.super, err = readSuperblock(f, name); err != nil {
		return err
	}
	// The superblock may be one that a killed process had not synced. It is durable before
	// anything is written over what the one before it reaches.
	if err := e.sync(); err != nil {
		return err
	}
	e.pager.pageBytes, e.pager.id = e.super.pageBytes, e.super.id
	e.pager.pool.limit = max(nodesMin, int(e.opts.MemoryBytes)/e.super.pageBytes)
	free, mapPages, err := e.pager.readSpace(e.super.space)
	if err != nil {
		return err
	}
	e.space, e.mapPages = newSpace(e.super.next), mapPages
	for _, x := range free {
		e.space.release(x)
	}
	e.next.Store(e.super.lsn)
	e.given.Store(e.super.lsn)
	e.tree = tree{s: e.pager, space: e.space, version: 1, scratch: make(page, e.super.pageBytes)}
	if a := e.super.root; a.page != 0 {
		e.tree.root = nodeAt(a, e.super.rootLevel)
		e.pager.partial.Store(true)
	} else {
		e.tree.root = e.tree.newNode(0)
		e.tree.root.frame.Load().reset(0, nil)
	}
	e.show()
	return nil
}

// replay applies a record of the log, and makes room if memory is full of changes.
func (e *Engine) replay(lsn uint64, record []byte) error {
	if next := e.next.Load(); lsn != next {
		return fmt.Errorf("%w: log record %d, expected %d", storage.ErrCorrupt, lsn, next)
	}
	refs, err := e.writeValues(record)
	if err == nil {
		err = e.perform(record, refs)
	}
	if err != nil {
		return err
	}
	e.next.Add(1)
	e.given.Add(1)
	if e.tree.dirty.Load() > int64(e.pager.pool.limit/2) {
		return e.checkpoint()
	}
	return nil
}

// publish makes everything that was given to the engine what cursors see. mu is held.
func (e *Engine) publish() {
	e.drain()
	e.show()
}

// show makes the tree what cursors see. mu is held.
func (e *Engine) show() {
	if next := e.next.Load(); e.shown.Load() != next {
		e.views.newest.Store(&view{e.tree.root, e.tree.version})
		e.tree.closeVersion()
		e.shown.Store(next)
	}
}

// pinNewest returns a view of everything that was applied. A version stays open until
// somebody looks at it: a load of rows that nobody reads changes its pages in place.
func (e *Engine) pinNewest() *view {
	if e.shown.Load() < e.given.Load() {
		e.mu.Lock()
		e.publish()
		e.mu.Unlock()
	}
	return e.views.pin()
}

// largeBatch is how many operations a batch has that publishes the state before it, so
// that new cursors need not wait for it.
const largeBatch = 256

// ticket waits for one record of the log.
type ticket struct {
	e   *Engine
	lsn uint64
}

// Wait returns once the record is durable and in the tree.
func (t ticket) Wait() error {
	if t.e.log == nil {
		return nil
	}
	if err := t.e.err(); err != nil {
		return err
	}
	if err := t.e.log.Wait(t.lsn); err != nil {
		return t.e.stop(err)
	}
	return t.e.applied(t.lsn)
}

// Apply logs b and applies it to the tree, or leaves that to drain.
func (e *Engine) Apply(b *storage.Batch, d storage.Durability) (storage.Ticket, error) {
	e.closing.RLock()
	defer e.closing.RUnlock()
	if e.closed {
		return nil, storage.ErrClosed
	}
	if err := errors.Join(e.err(), e.disk.Take(b.Size())); err != nil {
		return nil, err
	}
	longestKey, longestPair := b.Longest()
	if longestKey > e.longestKey() {
		return nil, fmt.Errorf("storage: a key of %d bytes is too long for pages of %d", longestKey, e.pager.pageBytes)
	}
	if err := e.warm(b); err != nil {
		return nil, err
	}
	if d == storage.Durable && e.canQueue(b) {
		return e.enqueue(b)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.waitForRoom(); err != nil {
		return nil, err
	}
	record := b.Encoded()
	var refs []valueRef
	if e.long(longestPair) {
		var err error
		if refs, err = e.writeValues(record); err != nil {
			return nil, e.stopLocked(err)
		}
	}
	// Held until the record is in the tree: none that follows it waits in the queue meanwhile,
	// for which a cursor would have to wait for this one.
	e.order.Lock()
	defer e.order.Unlock()
	lsn, err := e.append(record)
	if err != nil {
		return nil, e.stopLocked(err)
	}
	e.drainOrdered()
	if b.Len() >= largeBatch {
		e.show()
	}
	if !e.take(record, refs) {
		return nil, e.err()
	}
	e.given.Store(lsn + 1)
	e.watch()
	return ticket{e, lsn}, nil
}

// append gives the record its number and its place in the log. order is held.
func (e *Engine) append(record []byte) (lsn uint64, err error) {
	if err := e.err(); err != nil { // since Apply asked
		return 0, err
	}
	if e.log == nil {
		return e.next.Load(), nil
	}
	return e.log.Append(record)
}

// warm reads the pages that the batch will change and that are not in memory: before the batch
// has a place in the log, and without holding up others.
func (e *Engine) warm(b *storage.Batch) error {
	if !e.pager.partial.Load() {
		return nil
	}
	v := e.views.pin()
	defer e.views.unpin(v)
	return storage.EachOperation(b.Encoded(), func(o storage.Operation) error {
		return e.pager.warm(v.root, key{o.Prefix, o.Suffix})
	})
}

// longestKey leaves room for two cells in a page.
func (e *Engine) longestKey() int {
	return (e.pager.pageBytes-pageHeaderLen)/2 - slotLen - innerCellLen - valueRefLen
}

// waitForRoom waits while half of the memory is pages that are not in the file. mu is held.
func (e *Engine) waitForRoom() error {
	if e.log == nil {
		return nil
	}
	for stalled := false; e.tree.dirty.Load() > int64(e.pager.pool.limit/2); stalled = true {
		if err := e.err(); err != nil {
			return err
		}
		if !stalled {
			e.stalls.Add(1)
		}
		e.want()
		e.relieved.Wait()
	}
	return nil
}

// inExtent reports whether a value is too long for a leaf.
func (e *Engine) inExtent(o storage.Operation) bool {
	return o.Op == storage.OpSet && e.long(len(o.Prefix)+len(o.Suffix)+len(o.Value))
}

// long reports whether a pair of n bytes is too long for a leaf.
func (e *Engine) long(n int) bool { return slotLen+leafCellLen+n > e.pager.pageBytes/4 }

// writeValues puts the long values of a record into pages of their own. They are synced by the
// checkpoint whose tree refers to them. mu is held: a checkpoint counts them as its own, or
// as free.
func (e *Engine) writeValues(record []byte) (refs []valueRef, err error) {
	err = storage.EachOperation(record, func(o storage.Operation) error {
		if !e.inExtent(o) {
			return nil
		}
		r := valueRef{len: uint32(len(o.Value))}
		r.page = e.space.allocValue(r.pages(e.pager.pageBytes)).start
		r.crc = e.pager.checksum(r.page, o.Value)
		refs = append(refs, r)
		return e.pager.write(r.page, o.Value)
	})
	return refs, err
}

// perform applies the operations of a record to the tree; refs are its long values. mu is held.
func (e *Engine) perform(record []byte, refs []valueRef) error {
	t := &e.tree
	err := storage.EachOperation(record, func(o storage.Operation) error {
		k := key{o.Prefix, o.Suffix}
		switch {
		case e.inExtent(o):
			ref := refs[0].encode()
			refs = refs[1:]
			return t.put(k, ref, true)
		case o.Op == storage.OpSet:
			return t.put(k, o.Value, false)
		case o.Op == storage.OpDeleteRange:
			return t.cut(&key{prefix: o.Prefix}, &key{prefix: o.Value})
		}
		return t.remove(k)
	})
	if err != nil {
		return err
	}
	return t.settle()
}

// watch asks for a checkpoint when it is time. mu is held.
func (e *Engine) watch() {
	if e.log == nil {
		e.recycle()
		return
	}
	if e.tree.dirty.Load() > int64(e.pager.pool.limit/4) || e.log.Live() > e.opts.LogBytes/2 {
		e.want()
	}
}

// recycle does for a database in memory what a checkpoint does for one in files.
func (e *Engine) recycle() {
	if len(e.tree.retired) > 100 {
		e.space.durable(e.tree.retired)
		e.tree.retired = nil
		e.space.drain(e.views.oldest())
	}
}

func (e *Engine) want() {
	select {
	case e.wanted <- struct{}{}:
	default:
	}
}

// wake lets those who wait for room look again.
func (e *Engine) wake() {
	e.mu.Lock()
	e.relieved.Broadcast()
	e.mu.Unlock()
}

// keepCheckpoints makes checkpoints when they are wanted, and after some time.
func (e *Engine) keepCheckpoints() {
	timer := time.NewTicker(e.opts.CheckpointAfter)
	defer timer.Stop()
	for {
		select {
		case <-e.quit:
			return
		case <-e.wanted:
		case <-timer.C:
		}
		if e.err() != nil || e.checkpoint() != nil {
			return
		}
	}
}

// err returns why the engine stopped, or nil.
func (e *Engine) err() error {
	if p := e.failure.Load(); p != nil {
		return *p
	}
	return nil
}

// Sync makes everything applied so far durable.
func (e *Engine) Sync() error {
	e.closing.RLock()
	defer e.closing.RUnlock()
	if e.closed {
		return storage.ErrClosed
	}
	if err := e.err(); err != nil || e.log == nil {
		return err
	}
	if err := e.log.Sync(); err != nil {
		return e.stop(err)
	}
	return nil
}

// Checkpoint writes the newest state into the data file. Tests and bulk loads use it; nothing
// depends on it.
func (e *Engine) Checkpoint() error {
	e.closing.RLock()
	defer e.closing.RUnlock()
	if e.closed {
		return storage.ErrClosed
	}
	if err := e.err(); err != nil || e.log == nil {
		return err
	}
	return e.checkpoint()
}

// truncate cuts the file off, if it can be: a file system in memory cannot.
func (e *Engine) truncate(pages uint64) error {
	if e.pager.f.Fd() == vfs.InvalidFd {
		return nil
	}
	return os.Truncate(e.pager.name, int64(pages)*int64(e.pager.pageBytes))
}

// Metrics counts what the engine did.
func (e *Engine) Metrics() storage.Metrics {
	m := storage.Metrics{
		MemoryBytes:   uint64(e.pager.pool.len()) * uint64(e.pager.pageBytes),
		CacheMisses:   e.pager.misses.Load(),
		BytesWritten:  e.pager.written.Load(),
		Flushes:       e.checkpoints.Load(),
		Stalls:        e.stalls.Load(),
		OpenCursors:   e.openCursors.Load(),
		BackupRunning: e.backups.Load() > 0,
		Stopped:       e.err() != nil,
	}
	if info, err := e.pager.f.Stat(); err == nil {
		m.DiskBytes = uint64(info.Size())
	}
	if e.log != nil {
		l := e.log.Metrics()
		m.LogBytes, m.LogWritten = l.DiskBytes, l.Written
		m.DiskBytes += l.DiskBytes
	}
	return m
}

// Close makes a last checkpoint, so that the next Open has nothing to replay, and
// closes the files.
func (e *Engine) Close() error {
	e.closing.Lock()
	defer e.closing.Unlock()
	if e.closed {
		return nil
	}
	e.closed = true
	close(e.quit)
	e.wg.Wait()
	if e.err() == nil && e.log != nil {
		_ = e.checkpoint() // a failure is kept
	}
	err := e.closeFiles()
	if cause := e.err(); cause != nil {
		return cause
	}
	return err
}

func (e *Engine) closeFiles() error {
	var errs []error
	if e.log != nil {
		errs = append(errs, e.log.Close())
	}
	if e.pager != nil {
		errs = append(errs, e.pager.f.Close())
	}
	if e.lock != nil {
		errs = append(errs, e.lock.Close())
	}
	return errors.Join(errs...)
}

func (e *Engine) logf(format string, args ...any) {
	if e.opts.Logf != nil {
		e.opts.Logf(format, args...)
	}
}
