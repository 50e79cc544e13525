package btree

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/minisql/minisql/storage"
	"github.com/minisql/minisql/storage/btree/wal"
	"github.com/minisql/minisql/storage/dir"
)

// Checked is what Check has looked at.
type Checked struct {
	Pages, Pairs, Values int64 // pages of the tree, pairs, values in extents
	Depth                int
	Free                 uint64 // pages
	LogRecords           uint64 // that an Open will replay
}

// Check verifies the directory path, which nobody has open, without changing it: superblock,
// checksums, the order of keys within their bounds, levels, the values in extents, that every
// page is either reached once or free, and that the log can be read from the superblock
// on. Each fault goes to fault, an ErrCorrupt with its place; the error is for what prevents
// checking. progress, unless it is nil, is told now and then of the pages that were visited.
func Check(ctx context.Context, path string, opts Options, fault func(error), progress func(done, total int64)) (Checked, error) {
	opts = opts.withDefaults()
	fs := opts.FS
	lock, err := dir.Lock(fs, path)
	if err != nil {
		return Checked{}, err
	}
	defer lock.Close()
	name := fs.PathJoin(path, dataName)
	f, err := fs.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		fault(fmt.Errorf("%w: %s is missing", storage.ErrCorrupt, name))
		return Checked{}, nil
	}
	if err != nil {
		return Checked{}, err
	}
	defer f.Close()
	c := &checker{ctx: ctx, s: &pager{f: f, name: name}, fault: fault, progress: progress}
	b, err := readSuperblock(f, name)
	if errors.Is(err, storage.ErrCorrupt) {
		fault(err)
		return c.Checked, nil
	}
	if err != nil {
		return c.Checked, err
	}
	c.s.pageBytes, c.s.id, c.total = b.pageBytes, b.id, int64(b.next)
	c.s.pool.limit, c.s.pool.evicted = nodesMin, &c.s.partial
	if b.root.page != 0 {
		root := nodeAt(b.root, b.rootLevel)
		c.Depth = int(b.rootLevel) + 1
		c.use("the root", extent{b.root.page, 1})
		if err := c.node(root, nil, nil); err != nil {
			return c.Checked, err
		}
	}
	free, own, err := c.s.readSpace(b.space)
	switch {
	case errors.Is(err, storage.ErrCorrupt):
		fault(err)
	case err != nil:
		return c.Checked, err
	default:
		for _, e := range free {
			c.Free += e.pages
			c.use("the space map", e)
		}
		for _, e := range own {
			c.use("the space map's own pages", e)
		}
		c.reachable(b.next)
	}
	return c.Checked, c.log(fs.PathJoin(path, logName), b, wal.Options{FS: fs, ID: b.id})
}

// log reads the log from the superblock on.
func (c *checker) log(path string, b superblock, opts wal.Options) error {
	read, err := wal.Check(path, b.lsn, opts, func(lsn uint64, record []byte) error {
		if c.ctx.Err() != nil {
			return context.Cause(c.ctx)
		}
		if err := storage.EachOperation(record, func(storage.Operation) error { return nil }); err != nil {
			return fmt.Errorf("%s: record %d: %w", path, lsn, err)
		}
		return nil
	})
	c.LogRecords = read.Records
	switch {
	case errors.Is(err, storage.ErrCorrupt):
		c.fault(err)
	case err != nil:
		return err
	case read.Segments == 0 && b.generation > 1: // a checkpoint leaves the last segment where it is
		c.fault(fmt.Errorf("%w: %s: the log is missing", storage.ErrCorrupt, path))
	}
	return nil
}

type checker struct {
	Checked
	ctx      context.Context
	s        *pager
	fault    func(error)
	progress func(done, total int64)
	total    int64 // pages
	used     []owned
	unread   bool // a page could not be read: what it refers to is not in used
}

// owned is an extent and who refers to it.
type owned struct {
	extent
	by string
}

func (c *checker) use(by string, e extent) { c.used = append(c.used, owned{e, by}) }

// node checks a subtree whose keys are lo ≤ key < hi.
func (c *checker) node(n *node, lo, hi *key) error {
	if err := c.ctx.Err(); err != nil {
		return context.Cause(c.ctx)
	}
	no := n.addr.Load()
	f, err := c.s.frame(n)
	if errors.Is(err, storage.ErrCorrupt) {
		c.fault(err)
		c.unread = true
		return nil
	}
	if err != nil {
		return err
	}
	if c.Pages++; c.progress != nil && c.Pages%1000 == 0 {
		c.progress(c.Pages, c.total)
	}
	first := 0
	if n.level > 0 {
		first = 1
	}
	keys := make([]key, f.count())
	for i := first; i < len(keys); i++ {
		keys[i] = f.wholeKey(i)
		switch {
		case i > first && keys[i-1].compare(keys[i]) >= 0:
			c.fault(c.s.corrupt(no, "slot %d: key %x is not after the one before", i, keys[i].prefix))
		case lo != nil && lo.compare(keys[i]) > 0:
			c.fault(c.s.corrupt(no, "slot %d: key %x is before the page's lower bound", i, keys[i].prefix))
		case hi != nil && hi.compare(keys[i]) <= 0:
			c.fault(c.s.corrupt(no, "slot %d: key %x is not before the page's upper bound", i, keys[i].prefix))
		}
	}
	if n.level == 0 {
		return c.leaf(n, f)
	}
	for i, child := range f.children {
		clo, chi := lo, hi
		if i > 0 {
			clo = &keys[i]
		}
		if i+1 < len(keys) {
			chi = &keys[i+1]
		}
		if child.extents && !n.extents {
			c.fault(c.s.corrupt(no, "slot %d: the child has values in extents, the page says none", i))
		}
		c.use(fmt.Sprintf("page %d", no), extent{child.addr.Load(), 1})
		if err := c.node(child, clo, chi); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) leaf(n *node, f *frame) error {
	no := n.addr.Load()
	for i := range f.count() {
		c.Pairs++
		v, inExtent := f.value(i)
		if !inExtent {
			continue
		}
		c.Values++
		if !n.extents {
			c.fault(c.s.corrupt(no, "slot %d: a value in an extent, the parent says none", i))
		}
		r := decodeValueRef(v)
		c.use(fmt.Sprintf("page %d", no), extent{r.page, r.pages(c.s.pageBytes)})
		if _, err := c.s.readValue(v); errors.Is(err, storage.ErrCorrupt) {
			c.fault(err)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// reachable checks that the extents in use cover the pages up to next, each once.
func (c *checker) reachable(next uint64) {
	slices.SortFunc(c.used, func(a, b owned) int {
		if a.start < b.start {
			return -1
		}
		return 1
	})
	at, by := uint64(2), "the superblocks"
	for _, u := range append(c.used, owned{extent{next, 0}, "the end of the file"}) {
		switch {
		case u.start < at:
			c.fault(c.s.corrupt(u.start, "used by %s and by %s", by, u.by))
		case u.start > at && !c.unread:
			c.fault(c.s.corrupt(at, "%d pages are neither used nor free", u.start-at))
		}
		if u.end() > at {
			at, by = u.end(), u.by
		}
	}
}
