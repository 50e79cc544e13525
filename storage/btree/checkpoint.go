package btree

import (
	"errors"
	"fmt"
	"time"

	"github.com/minisql/minisql/storage"
	"github.com/minisql/minisql/storage/dir"
)

// imageWriter writes the nodes of a tree that are not in a file yet, children before
// parents, in runs of pages.
type imageWriter struct {
	to         *pager
	alloc      func(pages uint64) extent
	generation uint64

	run     extent // allocated, its first pages used by buf
	buf     []byte
	written []writtenNode // of buf
	done    func(nodes int)
}

type writtenNode struct {
	n    *node
	addr address
}

// node writes the subtree of n, and returns where it is.
func (w *imageWriter) node(n *node) (address, error) {
	if no := n.addr.Load(); no != 0 {
		return address{no, n.crc, n.extents}, nil
	}
	f := n.frame.Load()
	children := make([]address, len(f.children))
	for i, c := range f.children {
		var err error
		if children[i], err = w.node(c); err != nil {
			return address{}, err
		}
	}
	a, err := w.image(f, children)
	a.extents = n.extents
	w.written = append(w.written, writtenNode{n, a})
	return a, err
}

// image puts a copy of f into the buffer, with its children's addresses.
func (w *imageWriter) image(f *frame, children []address) (address, error) {
	size := w.to.pageBytes
	if used := uint64(len(w.buf) / size); used == w.run.pages {
		if err := w.flush(); err != nil {
			return address{}, err
		}
		w.run = w.alloc(runPages)
	}
	no := w.run.start + uint64(len(w.buf)/size)
	w.buf = append(w.buf, f.page...)
	p := page(w.buf[len(w.buf)-size:])
	for i, c := range children {
		p.setChildAddress(i, c)
	}
	return address{page: no, crc: w.to.seal(p, no, w.generation)}, nil
}

// flush writes the buffer. From then on the nodes in it can be evicted.
func (w *imageWriter) flush() error {
	if len(w.buf) == 0 {
		return nil
	}
	if err := w.to.write(w.run.start, w.buf); err != nil {
		return err
	}
	for _, x := range w.written {
		x.n.crc = x.addr.crc
		x.n.addr.Store(x.addr.page)
	}
	w.done(len(w.written))
	used := uint64(len(w.buf) / w.to.pageBytes)
	w.run = extent{w.run.start + used, w.run.pages - used}
	w.buf, w.written = w.buf[:0], w.written[:0]
	return nil
}

// slowCheckpoint is what an operator should know of.
const slowCheckpoint = time.Second

// checkpoint writes the newest state into the data file and lets go of the log before it.
//
//	freeze ─▶ log synced ─▶ nodes to free pages ─▶ space map ─▶ sync ─▶ superblock ─▶ sync ─▶ log recycled
//
// Writers and readers go on. A crash before the last sync leaves the superblock before,
// and nothing that it reaches was overwritten.
func (e *Engine) checkpoint() error {
	e.checkpointing.Lock()
	defer e.checkpointing.Unlock()
	began := time.Now()

	e.mu.Lock()
	if err := e.err(); err != nil { // while this one waited for the locks
		e.mu.Unlock()
		return err
	}
	e.publish()
	v := e.views.newest.Load()
	lsn := e.next.Load()
	if lsn == e.super.lsn {
		e.mu.Unlock()
		return nil
	}
	gone := e.tree.retired
	e.tree.retired = nil
	e.tree.writing = v.version
	e.space.begin()
	e.mu.Unlock()

	written := e.pager.written.Load()
	if err := e.writeCheckpoint(v, lsn, &gone); err != nil {
		return e.stop(err)
	}

	e.space.durable(gone)
	e.mu.Lock()
	e.tree.writing = 0
	for _, u := range e.tree.unwritten {
		e.tree.retired = append(e.tree.retired, retired{extent{u.n.addr.Load(), 1}, u.version})
	}
	e.tree.unwritten = nil
	e.mu.Unlock()
	e.space.drain(e.views.oldest())
	if err := e.space.shrink(e.truncate); err != nil {
		e.logf("storage: %s: cutting off the end: %v", e.pager.name, err)
	}
	if e.log != nil {
		if err := e.log.Recycle(lsn); err != nil {
			return e.stop(err)
		}
	}
	e.checkpoints.Add(1)
	if took := time.Since(began); took > slowCheckpoint {
		e.logf("storage: %s: checkpoint %d wrote %d MiB in %v", e.dir, e.super.generation, (e.pager.written.Load()-written)>>20, took.Round(time.Millisecond))
	}
	return nil
}

// writeCheckpoint makes the view durable under a new superblock. gone is what its tree does
// not have any more; the pages of the old space map are added to it.
func (e *Engine) writeCheckpoint(v *view, lsn uint64, gone *[]retired) error {
	if e.log != nil {
		if err := e.log.Sync(); err != nil { // the tree is never ahead of the log
			return err
		}
	}
	next := superblock{pageBytes: e.pager.pageBytes, id: e.pager.id, generation: e.super.generation + 1, lsn: lsn, rootLevel: v.root.level}
	w := &imageWriter{to: e.pager, alloc: e.space.alloc, generation: next.generation, done: e.cleaned}
	root, err := w.node(v.root)
	if err == nil {
		err = w.flush()
	}
	if err != nil {
		return err
	}
	next.root = root
	e.space.giveBack(w.run)

	for _, x := range e.mapPages {
		*gone = append(*gone, retired{extent: x})
	}
	var pages []uint64
	var all []extent
	for {
		all, next.next = e.space.unreached()
		for _, r := range *gone {
			all = append(all, r.extent)
		}
		if len(all) <= len(pages)*spacePerPage(e.pager.pageBytes) {
			break
		}
		pages = append(pages, e.space.alloc(1).start)
	}
	if next.space, err = e.pager.writeSpace(pages, all, next.generation); err != nil {
		return err
	}
	if err := errors.Join(e.sync(), e.err()); err != nil {
		return err
	}
	if err := e.pager.write(next.generation%2, next.encode()); err != nil {
		return err
	}
	if err := e.sync(); err != nil {
		return err
	}
	e.super = next
	e.mapPages = e.mapPages[:0]
	for _, no := range pages {
		e.mapPages = append(e.mapPages, extent{no, 1})
	}
	return nil
}

// cleaned counts nodes that are in the file now.
func (e *Engine) cleaned(nodes int) {
	e.tree.dirty.Add(int64(-nodes))
	e.wake()
}

func (e *Engine) sync() error {
	if err := e.pager.f.SyncData(); err != nil {
		return fmt.Errorf("sync %s: %w", e.pager.name, err)
	}
	return nil
}

// stop is called with the first failure to write, after which nothing is known about
// what is in the files: the engine only reads.
func (e *Engine) stop(err error) error {
	defer e.wake()
	return e.stopLocked(err)
}

// stopLocked is stop while mu is held.
func (e *Engine) stopLocked(err error) error {
	if !errors.Is(err, storage.ErrStopped) {
		err = fmt.Errorf("%w: %w", storage.ErrStopped, dir.NoSpace(err))
	}
	if e.failure.CompareAndSwap(nil, &err) {
		e.logf("storage: %s: %v", e.dir, err)
	}
	e.relieved.Broadcast()
	return *e.failure.Load()
}
