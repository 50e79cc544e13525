package storagetest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Disk is a file system in memory that keeps a history of every write, sync and directory
// operation, from which state.crash makes what the disk may hold after
// a crash at any moment. It has what engines use of vfs.FS.
//
// A file's own sync makes its bytes durable and not its name; its directory's sync makes
// the name durable and not the bytes. SyncTo promises nothing.
type Disk struct {
	mu      sync.Mutex // guards all below
	start   *state     // before the first event; nobody else has it
	history []event
	root    *inode
	lastID  uint64
	locked  map[string]bool
	fault   *fault // nil: no operation fails
}

// inode is a file or directory as the running process sees it.
type inode struct {
	id      uint64
	content content
	entries map[string]*inode // of a directory
}

// event is one thing that happened to the disk.
type event struct {
	what  eventKind
	node  uint64 // whose bytes were written, or that was synced
	write extent
	names []binding // for a change of names: all of them or none
	path  string    // for messages
}

func (e event) String() string {
	if e.what == evWrite {
		return fmt.Sprintf("write %s [%d, %d)", e.path, e.write.off, e.write.end())
	}
	return fmt.Sprintf("%s %s", e.what, e.path)
}

type eventKind string

const (
	evWrite eventKind = "write"
	evSync  eventKind = "sync"
	evNames eventKind = "names"
)

// binding is a change of one name.
type binding struct {
	dir   uint64
	name  string
	node  uint64 // 0: the name is gone
	isDir bool
}

// NewDisk returns an empty disk.
func NewDisk() *Disk { return newState().disk() }

// Len is the number of events so far: a crash is placed before one of them, or
// after the last.
func (d *Disk) Len() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.history)
}

func (d *Disk) newInode(dir bool) *inode {
	d.lastID++
	n := &inode{id: d.lastID}
	if dir {
		n.entries = make(map[string]*inode)
	}
	return n
}

// record adds an event to the history.
func (d *Disk) record(e event) { d.history = append(d.history, e) }

func pathError(op, name string, err error) error {
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// split returns the names on the way from the root.
func split(name string) []string {
	name = strings.Trim(path.Clean("/"+name), "/")
	if name == "" {
		return nil
	}
	return strings.Split(name, "/")
}

// find returns the node of that name.
func (d *Disk) find(op, name string) (*inode, error) {
	n := d.root
	for _, part := range split(name) {
		if n = n.entries[part]; n == nil {
			return nil, pathError(op, name, fs.ErrNotExist)
		}
	}
	return n, nil
}

// parent returns the directory that has, or is to have, the name.
func (d *Disk) parent(op, name string) (*inode, string, error) {
	parts := split(name)
	if len(parts) == 0 {
		return nil, "", pathError(op, name, fs.ErrInvalid)
	}
	dir, err := d.find(op, strings.Join(parts[:len(parts)-1], "/"))
	if err != nil {
		return nil, "", err
	}
	if dir.entries == nil {
		return nil, "", pathError(op, name, syscall.ENOTDIR)
	}
	return dir, parts[len(parts)-1], nil
}

// bind gives nodes names, all at once; a nil node removes the name.
func (d *Disk) bind(path string, changes ...boundNode) {
	e := event{what: evNames, path: path}
	for _, c := range changes {
		b := binding{dir: c.dir.id, name: c.name}
		if c.node != nil {
			b.node, b.isDir = c.node.id, c.node.entries != nil
			c.dir.entries[c.name] = c.node
		} else {
			delete(c.dir.entries, c.name)
		}
		e.names = append(e.names, b)
	}
	d.record(e)
}

type boundNode struct {
	dir  *inode
	name string
	node *inode
}

// Create makes a new file under the name, whatever had it before.
func (d *Disk) Create(name string, _ vfs.DiskWriteCategory) (vfs.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.fail("create", name); err != nil {
		return nil, err
	}
	return d.create(name)
}

func (d *Disk) create(name string) (vfs.File, error) {
	dir, base, err := d.parent("create", name)
	if err != nil {
		return nil, err
	}
	if old := dir.entries[base]; old != nil && old.entries != nil {
		return nil, pathError("create", name, syscall.EISDIR)
	}
	n := d.newInode(false)
	d.bind(name, boundNode{dir, base, n})
	return &diskFile{d: d, n: n, name: name, writes: true}, nil
}

// Link gives a file a second name.
func (d *Disk) Link(oldname, newname string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.fail("link", newname); err != nil {
		return err
	}
	n, err := d.find("link", oldname)
	if err != nil {
		return err
	}
	dir, base, err := d.parent("link", newname)
	if err != nil {
		return err
	}
	if dir.entries[base] != nil {
		return pathError("link", newname, fs.ErrExist)
	}
	d.bind(newname, boundNode{dir, base, n})
	return nil
}

// Open opens a file or directory for reading.
func (d *Disk) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	d.mu.Lock()
	err := d.failRead("open", name)
	n, missing := d.find("open", name)
	d.mu.Unlock()
	if err = errors.Join(missing, err); err != nil {
		return nil, err
	}
	f := &diskFile{d: d, n: n, name: name}
	for _, o := range opts {
		o.Apply(f)
	}
	return f, nil
}

// OpenReadWrite opens a file, or creates it.
func (d *Disk) OpenReadWrite(name string, _ vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.fail("open", name); err != nil {
		return nil, err
	}
	n, err := d.find("open", name)
	if errors.Is(err, fs.ErrNotExist) {
		return d.create(name)
	}
	if err != nil {
		return nil, err
	}
	return &diskFile{d: d, n: n, name: name, writes: true}, nil
}

// OpenDir opens a directory to sync it.
func (d *Disk) OpenDir(name string) (vfs.File, error) { return d.Open(name) }

// Remove removes a file or an empty directory.
func (d *Disk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.fail("remove", name); err != nil {
		return err
	}
	dir, base, err := d.parent("remove", name)
	if err != nil {
		return err
	}
	n := dir.entries[base]
	if n == nil {
		return pathError("remove", name, fs.ErrNotExist)
	}
	if len(n.entries) > 0 {
		return pathError("remove", name, syscall.ENOTEMPTY)
	}
	d.bind(name, boundNode{dir, base, nil})
	return nil
}

// RemoveAll removes a file, or a directory with all in it. It is one event.
func (d *Disk) RemoveAll(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.fail("remove", name); err != nil {
		return err
	}
	dir, base, err := d.parent("remove", name)
	if errors.Is(err, fs.ErrNotExist) || (err == nil && dir.entries[base] == nil) {
		return nil
	}
	if err != nil {
		return err
	}
	d.bind(name, boundNode{dir, base, nil})
	return nil
}

// Rename moves a file or directory, over what may have the name.
func (d *Disk) Rename(oldname, newname string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.fail("rename", oldname); err != nil {
		return err
	}
	_, err := d.rename(oldname, newname)
	return err
}

func (d *Disk) rename(oldname, newname string) (*inode, error) {
	from, oldbase, err := d.parent("rename", oldname)
	if err != nil {
		return nil, err
	}
	n := from.entries[oldbase]
	if n == nil {
		return nil, pathError("rename", oldname, fs.ErrNotExist)
	}
	to, newbase, err := d.parent("rename", newname)
	if err != nil {
		return nil, err
	}
	if from != to || oldbase != newbase {
		d.bind(newname, boundNode{to, newbase, n}, boundNode{from, oldbase, nil})
	}
	return n, nil
}

// ReuseForWrite renames a file and opens it for overwriting.
func (d *Disk) ReuseForWrite(oldname, newname string, _ vfs.DiskWriteCategory) (vfs.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.fail("reuse", oldname); err != nil {
		return nil, err
	}
	n, err := d.rename(oldname, newname)
	if err != nil {
		return nil, err
	}
	return &diskFile{d: d, n: n, name: newname, writes: true}, nil
}

// MkdirAll creates a directory and its parents.
func (d *Disk) MkdirAll(name string, _ os.FileMode) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.fail("mkdir", name); err != nil {
		return err
	}
	n := d.root
	for _, part := range split(name) {
		child := n.entries[part]
		if child == nil {
			child = d.newInode(true)
			d.bind(name, boundNode{n, part, child})
		}
		if child.entries == nil {
			return pathError("mkdir", name, syscall.ENOTDIR)
		}
		n = child
	}
	return nil
}

// Lock locks the name against the other opens of this disk.
func (d *Disk) Lock(name string) (io.Closer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := path.Clean("/" + name)
	if d.locked[key] {
		return nil, pathError("lock", name, syscall.EAGAIN)
	}
	if _, err := d.find("lock", name); err != nil {
		if _, err := d.create(name); err != nil {
			return nil, err
		}
	}
	d.locked[key] = true
	return &diskLock{d, key}, nil
}

type diskLock struct {
	d   *Disk
	key string
}

func (l *diskLock) Close() error {
	l.d.mu.Lock()
	defer l.d.mu.Unlock()
	delete(l.d.locked, l.key)
	return nil
}

// List returns the names in a directory.
func (d *Disk) List(name string) ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.failRead("list", name); err != nil {
		return nil, err
	}
	n, err := d.find("list", name)
	if err != nil {
		return nil, err
	}
	if n.entries == nil {
		return nil, pathError("list", name, syscall.ENOTDIR)
	}
	var names []string
	for e := range n.entries {
		names = append(names, e)
	}
	return names, nil
}

// Stat describes a file.
func (d *Disk) Stat(name string) (vfs.FileInfo, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.failRead("stat", name); err != nil {
		return nil, err
	}
	n, err := d.find("stat", name)
	if err != nil {
		return nil, err
	}
	return infoOf(n, name), nil
}

// GetDiskUsage says that there is space.
func (d *Disk) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{AvailBytes: 1 << 40, TotalBytes: 1 << 40}, nil
}

// PathBase is path.Base.
func (d *Disk) PathBase(p string) string { return path.Base(p) }

// PathJoin is path.Join.
func (d *Disk) PathJoin(elem ...string) string { return path.Join(elem...) }

// PathDir is path.Dir.
func (d *Disk) PathDir(p string) string { return path.Dir(p) }

// Unwrap says that nothing is below.
func (d *Disk) Unwrap() vfs.FS { return nil }

// diskFile is an open file or directory.
type diskFile struct {
	d      *Disk
	n      *inode
	name   string
	writes bool
	pos    int64
	closed bool
}

var (
	_ vfs.FS   = (*Disk)(nil)
	_ vfs.File = (*diskFile)(nil)
)

// usable locks the disk for an operation on the file.
func (f *diskFile) usable(op string) error {
	f.d.mu.Lock()
	if f.closed {
		f.d.mu.Unlock()
		return pathError(op, f.name, fs.ErrClosed)
	}
	return nil
}

func (f *diskFile) Close() error {
	if err := f.usable("close"); err != nil {
		return err
	}
	defer f.d.mu.Unlock()
	f.closed = true
	if !f.writes {
		return nil
	}
	_, err := f.d.fail("close", f.name)
	return err
}

func (f *diskFile) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, f.pos)
	f.pos += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

func (f *diskFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.usable("read"); err != nil {
		return 0, err
	}
	defer f.d.mu.Unlock()
	if err := f.d.failRead("read", f.name); err != nil {
		return 0, err
	}
	if f.n.entries != nil {
		return 0, pathError("read", f.name, syscall.EISDIR)
	}
	n := f.n.content.readAt(p, off)
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *diskFile) Write(p []byte) (int, error) {
	n, err := f.WriteAt(p, f.pos)
	f.pos += int64(n)
	return n, err
}

func (f *diskFile) WriteAt(p []byte, off int64) (int, error) {
	if err := f.usable("write"); err != nil {
		return 0, err
	}
	defer f.d.mu.Unlock()
	if !f.writes || f.n.entries != nil {
		return 0, pathError("write", f.name, fs.ErrPermission)
	}
	short, err := f.d.fail("write", f.name)
	switch {
	case short:
		p = p[:len(p)/2]
	case err != nil:
		p = nil
	}
	if len(p) > 0 {
		w := newExtent(p, off)
		f.n.content.write(w, w.off, w.end())
		f.d.record(event{what: evWrite, node: f.n.id, write: w, path: f.name})
	}
	return len(p), err
}

func (f *diskFile) Sync() error {
	if err := f.usable("sync"); err != nil {
		return err
	}
	defer f.d.mu.Unlock()
	if _, err := f.d.fail("sync", f.name); err != nil {
		return err
	}
	f.d.record(event{what: evSync, node: f.n.id, path: f.name})
	return nil
}

func (f *diskFile) SyncData() error { return f.Sync() }

func (f *diskFile) SyncTo(int64) (fullSync bool, err error) { return false, nil }

func (f *diskFile) Preallocate(int64, int64) error {
	if err := f.usable("preallocate"); err != nil {
		return err
	}
	defer f.d.mu.Unlock()
	_, err := f.d.fail("preallocate", f.name)
	return err
}

func (f *diskFile) Prefetch(int64, int64) error { return nil }

func (f *diskFile) Fd() uintptr { return vfs.InvalidFd }

func (f *diskFile) Stat() (vfs.FileInfo, error) {
	if err := f.usable("stat"); err != nil {
		return nil, err
	}
	defer f.d.mu.Unlock()
	return infoOf(f.n, f.name), nil
}

// diskInfo describes a node at the time of the call.
type diskInfo struct {
	name string
	size int64
	dir  bool
}

func infoOf(n *inode, name string) vfs.FileInfo {
	return diskInfo{path.Base(name), n.content.size, n.entries != nil}
}

func (i diskInfo) Name() string           { return i.name }
func (i diskInfo) Size() int64            { return i.size }
func (i diskInfo) ModTime() time.Time     { return time.Time{} }
func (i diskInfo) IsDir() bool            { return i.dir }
func (i diskInfo) Sys() any               { return nil }
func (i diskInfo) DeviceID() vfs.DeviceID { return vfs.DeviceID{} }

func (i diskInfo) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o755
	}
	return 0o644
}
