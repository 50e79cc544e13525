package btree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/minisql/minisql/storage"
	"github.com/minisql/minisql/storage/dir"
)

// Backup writes the newest state as a database of its own: a data file in which every
// page is used, and no log. Each page that it reads is verified.
func (e *Engine) Backup(ctx context.Context, path string) error {
	e.closing.RLock()
	defer e.closing.RUnlock()
	if e.closed {
		return storage.ErrClosed
	}
	if err := errors.Join(ctx.Err(), e.err()); err != nil {
		return err
	}
	files := e.opts.FS
	if _, err := files.Stat(path); err == nil {
		return fmt.Errorf("backup: %s: %w", path, fs.ErrExist)
	}
	if err := dir.Make(files, path); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	e.backups.Add(1)
	defer e.backups.Add(-1)
	e.mu.Lock()
	e.publish()
	v, lsn := e.views.pin(), e.next.Load()
	e.mu.Unlock()
	defer e.views.unpin(v)
	if e.log != nil {
		if err := e.log.Sync(); err != nil {
			return e.stop(err)
		}
	}
	if err := e.copyTo(ctx, path, v, lsn); err != nil {
		return fmt.Errorf("backup to %s: %w", path, errors.Join(err, files.RemoveAll(path)))
	}
	return nil
}

func (e *Engine) copyTo(ctx context.Context, path string, v *view, lsn uint64) (err error) {
	files := e.opts.FS
	b := superblock{pageBytes: e.pager.pageBytes, id: newID(), generation: 1, lsn: lsn, next: 2, rootLevel: v.root.level}
	name := files.PathJoin(path, dataName)
	f, err := files.OpenReadWrite(name+".new", vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	c := &copier{ctx: ctx, from: e.pager, to: &pager{f: f, name: name, pageBytes: b.pageBytes, id: b.id}, next: 2}
	c.w = imageWriter{to: c.to, alloc: c.alloc, generation: b.generation, done: func(int) {}}
	b.root, err = c.node(v.root)
	if err == nil {
		err = c.w.flush()
	}
	if err == nil && c.w.run.pages > 0 { // the last run is not used up
		b.space, err = c.to.writeSpace([]uint64{c.next}, []extent{c.w.run}, b.generation)
		c.next++
	}
	b.next = c.next
	if err == nil {
		_, err = f.WriteAt(append(make([]byte, b.pageBytes), b.encode()...), 0)
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := files.Rename(name+".new", name); err != nil {
		return err
	}
	return dir.Sync(files, path)
}

// copier copies a tree with its values from one file to another.
type copier struct {
	ctx      context.Context
	from, to *pager
	next     uint64
	w        imageWriter
}

func (c *copier) alloc(pages uint64) extent {
	e := extent{c.next, pages}
	c.next += pages
	return e
}

func (c *copier) node(n *node) (address, error) {
	f, err := c.from.frame(n)
	if err := errors.Join(c.ctx.Err(), err); err != nil {
		return address{}, err
	}
	children := make([]address, len(f.children))
	for i, child := range f.children {
		if children[i], err = c.node(child); err != nil {
			return address{}, err
		}
	}
	if n.level == 0 && n.extents {
		if f, err = c.values(f); err != nil {
			return address{}, err
		}
	}
	a, err := c.w.image(f, children)
	a.extents = n.extents
	return a, err
}

// values copies the values that a leaf has in extents, and returns a leaf that refers to
// the copies.
func (c *copier) values(f *frame) (*frame, error) {
	f = &frame{page: append(page(nil), f.page...)}
	for i := range f.count() {
		ref, inExtent := f.value(i)
		if !inExtent {
			continue
		}
		v, err := c.from.readValue(ref)
		if err != nil {
			return nil, err
		}
		r := valueRef{len: uint32(len(v))}
		r.page = c.alloc(r.pages(c.to.pageBytes)).start
		r.crc = c.to.checksum(r.page, v)
		if err := c.to.write(r.page, v); err != nil {
			return nil, err
		}
		copy(ref, r.encode())
	}
	return f, nil
}
