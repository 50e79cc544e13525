package dir

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// contents is a file of a Frozen by its bytes. Several names may have it.
type contents struct {
	f      *Frozen
	below  vfs.File // nil: nothing of it is on the disk
	size   int64
	blocks map[int64]int64 // number of a changed block → offset in scratch
}

const frozenBlock = 4096

// block gives a block of c a place in scratch, with what it has so far. mu is held.
func (f *Frozen) block(c *contents, n int64) (int64, error) {
	if at, ok := c.blocks[n]; ok {
		return at, nil
	}
	if f.scratch == nil {
		var err error
		if f.scratch, err = os.CreateTemp("", "minisql-scratch-*"); err != nil {
			return 0, err
		}
		_ = os.Remove(f.scratch.Name()) // it lives until it is closed
	}
	b := make([]byte, frozenBlock)
	if c.below != nil {
		if _, err := c.below.ReadAt(b, n*frozenBlock); err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
	}
	at := f.used
	if _, err := f.scratch.WriteAt(b, at); err != nil {
		return 0, err
	}
	f.used += frozenBlock
	if c.blocks == nil {
		c.blocks = make(map[int64]int64)
	}
	c.blocks[n] = at
	return at, nil
}

func (c *contents) open(name string) *frozenFile { return &frozenFile{c: c, name: name} }

func (c *contents) writeAt(p []byte, off int64) (n int, err error) {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	for n < len(p) {
		number, from := (off+int64(n))/frozenBlock, (off+int64(n))%frozenBlock
		at, err := c.f.block(c, number)
		if err != nil {
			return n, err
		}
		k, err := c.f.scratch.WriteAt(p[n:][:min(int64(len(p)-n), frozenBlock-from)], at+from)
		n += k
		if err != nil {
			return n, err
		}
	}
	if n > 0 {
		c.size = max(c.size, off+int64(n))
	}
	return n, nil
}

func (c *contents) readAt(p []byte, off int64) (n int, err error) {
	if c.f.ctx.Err() != nil {
		return 0, context.Cause(c.f.ctx)
	}
	defer func() { c.f.read.Add(int64(n)) }()
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	most := min(int64(len(p)), c.size-off)
	if most <= 0 {
		return 0, io.EOF
	}
	if len(c.blocks) == 0 && c.below != nil {
		below := c.below
		c.f.mu.Unlock()
		defer c.f.mu.Lock()
		return below.ReadAt(p, off)
	}
	for int64(n) < most {
		number, from := (off+int64(n))/frozenBlock, (off+int64(n))%frozenBlock
		part := p[n:][:min(most-int64(n), frozenBlock-from)]
		if at, ok := c.blocks[number]; ok {
			_, err = c.f.scratch.ReadAt(part, at+from)
		} else if clear(part); c.below != nil {
			_, err = c.below.ReadAt(part, off+int64(n))
		}
		if err != nil && !errors.Is(err, io.EOF) { // behind the file below are zeros
			return n, err
		}
		n += len(part)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// frozenFile is an open file, or, without contents, an open directory.
type frozenFile struct {
	c    *contents
	name string
	at   int64 // of the next Read or Write
}

func (h *frozenFile) Close() error { return nil }

func (h *frozenFile) Read(p []byte) (int, error) {
	n, err := h.c.readAt(p, h.at)
	h.at += int64(n)
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

func (h *frozenFile) Write(p []byte) (int, error) {
	n, err := h.c.writeAt(p, h.at)
	h.at += int64(n)
	return n, err
}

func (h *frozenFile) ReadAt(p []byte, off int64) (int, error)  { return h.c.readAt(p, off) }
func (h *frozenFile) WriteAt(p []byte, off int64) (int, error) { return h.c.writeAt(p, off) }

func (h *frozenFile) Stat() (vfs.FileInfo, error) {
	if h.c == nil {
		return frozenInfo{name: h.name, dir: true}, nil
	}
	h.c.f.mu.Lock()
	defer h.c.f.mu.Unlock()
	return frozenInfo{name: h.c.f.disk.PathBase(h.name), size: h.c.size}, nil
}

func (h *frozenFile) Preallocate(int64, int64) error { return nil }
func (h *frozenFile) Sync() error                    { return nil }
func (h *frozenFile) SyncTo(int64) (bool, error)     { return false, nil }
func (h *frozenFile) SyncData() error                { return nil }
func (h *frozenFile) Prefetch(int64, int64) error    { return nil }
func (h *frozenFile) Fd() uintptr                    { return vfs.InvalidFd }

type frozenInfo struct {
	name string
	size int64
	dir  bool
}

func (i frozenInfo) Name() string           { return i.name }
func (i frozenInfo) Size() int64            { return i.size }
func (i frozenInfo) ModTime() time.Time     { return time.Time{} }
func (i frozenInfo) IsDir() bool            { return i.dir }
func (i frozenInfo) Sys() any               { return nil }
func (i frozenInfo) DeviceID() vfs.DeviceID { return vfs.DeviceID{} }

func (i frozenInfo) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o700
	}
	return 0o600
}

// below is a file on the disk.
type below struct {
	vfs.File
	f *Frozen
}

func (b below) Read(p []byte) (int, error) {
	if b.f.ctx.Err() != nil {
		return 0, context.Cause(b.f.ctx)
	}
	n, err := b.File.Read(p)
	b.f.read.Add(int64(n))
	return n, err
}

func (b below) ReadAt(p []byte, off int64) (int, error) {
	if b.f.ctx.Err() != nil {
		return 0, context.Cause(b.f.ctx)
	}
	n, err := b.File.ReadAt(p, off)
	b.f.read.Add(int64(n))
	return n, err
}
