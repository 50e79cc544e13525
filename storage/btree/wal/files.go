package wal

import (
	"errors"
	"fmt"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/minisql/minisql/storage"
)

// segment is one file of the log.
type segment struct {
	seq   uint64
	first uint64 // LSN of the first record; 0 if the header has not been written
	size  int64

	// Of the current segment only; the holder of the token owns them.
	file vfs.File
	salt uint64
	seed uint32
	end  int64 // where the next group goes
}

// sync makes what is written durable.
func (s *segment) sync() error {
	if s.end > s.size { // a group larger than a segment: the file has grown
		return s.file.Sync()
	}
	return s.file.SyncData()
}

// spare is a segment in preparation.
type spare struct {
	ready chan struct{} // closed when seg or err is set
	seg   *segment
	err   error
}

// files is the directory: which segments there are, and in what state.
//
//	            ┌──────────────── adopt (recovery) ───────────────┐
//	            ▼                                                 │
//	create ▶ spare ──take, begin──▶ live ──Recycle──▶ free ──rename──▶ spare
//	                                                    └────remove
type files struct {
	fs   vfs.FS
	dir  string
	opts Options

	mu   sync.Mutex // guards the following
	live []*segment // oldest first; the last is, or was before recovery, the current one
	free []*segment // hold no record that is needed; under their old names
	next *spare     // follows the last live one, or nil
}

// freeMax is how many recycled segments wait to be used again, beside the spare.
const freeMax = 1

func fileName(seq uint64) string { return fmt.Sprintf("%06d.log", seq) }

func (f *files) path(seq uint64) string { return f.fs.PathJoin(f.dir, fileName(seq)) }

// firstBytes is the size of the first segment.
func (f *files) firstBytes() int64 {
	return roundUp(min(max(f.opts.SegmentBytes/16, 64<<10), f.opts.SegmentBytes))
}

func roundUp(n int64) int64 { return (n + blockBytes - 1) / blockBytes * blockBytes }

// failure is an error of the log's own path to the disk: it stops the log.
func failure(what, name string, err error) error {
	if vfs.IsNoSpaceError(err) {
		err = fmt.Errorf("%w: %w", storage.ErrNoSpace, err)
	}
	return fmt.Errorf("%w: %s %s: %w", storage.ErrStopped, what, name, err)
}

// errCancelled ends a preparation in the background when the log is closed.
var errCancelled = errors.New("cancelled")

// prepare makes the file that is to be segment seq: a free one if there is one, else a new
// one of the given size. When it returns, the name and all blocks are durable.
func (f *files) prepare(seq uint64, size int64, cancel <-chan struct{}) (*segment, error) {
	f.mu.Lock()
	var old *segment
	if len(f.free) > 0 {
		old, f.free = f.free[0], f.free[1:]
	}
	f.mu.Unlock()
	if old == nil {
		return f.create(seq, size, cancel)
	}
	if old.seq != seq {
		if err := f.fs.Rename(f.path(old.seq), f.path(seq)); err != nil {
			return nil, failure("rename", f.path(old.seq), err)
		}
	}
	// A file found by recovery may have been left half prepared.
	return f.fill(&segment{seq: seq, size: old.size}, max(old.size, f.firstBytes()), cancel)
}

// create makes a file that has no past. What may have the name is removed: the pages of a
// file whose sync failed are not trusted again.
func (f *files) create(seq uint64, size int64, cancel <-chan struct{}) (*segment, error) {
	file, err := f.fs.Create(f.path(seq), category)
	if err == nil {
		err = file.Close() // WriteAt is for files from OpenReadWrite
	}
	if err != nil {
		return nil, failure("create", f.path(seq), err)
	}
	return f.fill(&segment{seq: seq}, size, cancel)
}

// fill writes zeros from the segment's size up to the given one, and syncs the
// file and its name.
func (f *files) fill(s *segment, size int64, cancel <-chan struct{}) (filled *segment, err error) {
	name := f.path(s.seq)
	if s.file, err = f.fs.OpenReadWrite(name, category); err != nil {
		return nil, failure("open", name, err)
	}
	defer func() {
		if filled == nil {
			_ = s.file.Close() // the failure is the news
		}
	}()
	const chunkBytes = 1 << 20
	if s.size < size {
		// A hint that keeps the file in one piece; not every file system takes it.
		if err := s.file.Preallocate(0, size); vfs.IsNoSpaceError(err) {
			return nil, failure("allocate", name, err)
		}
		chunk := make([]byte, min(chunkBytes, size))
		for s.size < size {
			n := min(chunkBytes, size-s.size)
			if _, err := s.file.WriteAt(chunk[:n], s.size); err != nil {
				return nil, failure("write", name, err)
			}
			s.size += n
			select {
			case <-cancel:
				return nil, errCancelled
			default:
			}
		}
	}
	if err := s.file.Sync(); err != nil {
		return nil, failure("sync", name, err)
	}
	if err := f.syncDir(); err != nil {
		return nil, err
	}
	return s, nil
}

func (f *files) syncDir() error {
	d, err := f.fs.OpenDir(f.dir)
	if err != nil {
		return failure("open", f.dir, err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return failure("sync", f.dir, err)
	}
	return nil
}

// category marks the log's writes in the file system's statistics.
const category = vfs.WriteCategoryUnspecified

// prepareNext begins to prepare the successor of s in the background.
func (f *files) prepareNext(s *segment, background *sync.WaitGroup, cancel <-chan struct{}) {
	next := &spare{ready: make(chan struct{})}
	f.mu.Lock()
	f.next = next
	f.mu.Unlock()
	background.Go(func() {
		defer close(next.ready)
		next.seg, next.err = f.prepare(s.seq+1, min(2*s.size, roundUp(f.opts.SegmentBytes)), cancel)
		if next.err != nil && !errors.Is(next.err, errCancelled) {
			f.opts.Logf("wal: preparing the next segment: %v", next.err)
		}
	})
}

// take returns the file for segment seq, ready to be written. A spare that is still
// in preparation is waited for; one that failed is made anew, here and small.
func (f *files) take(seq uint64) (*segment, error) {
	f.mu.Lock()
	next := f.next
	f.next = nil
	f.mu.Unlock()
	if next == nil {
		return f.prepare(seq, f.firstBytes(), nil)
	}
	<-next.ready
	if next.err != nil {
		return f.create(seq, f.firstBytes(), nil)
	}
	return next.seg, nil
}

// begun adds a segment whose first group has been written.
func (f *files) begun(s *segment) {
	f.mu.Lock()
	f.live = append(f.live, s)
	f.mu.Unlock()
}

// recycle retires the segments all of whose records are below the given number.
func (f *files) recycle(below uint64) error {
	var remove []*segment
	f.mu.Lock()
	for len(f.live) > 1 && f.live[1].first <= below {
		s := f.live[0]
		f.live = f.live[1:]
		if len(f.free) < freeMax && s.size <= roundUp(f.opts.SegmentBytes) {
			f.free = append(f.free, s)
		} else {
			remove = append(remove, s)
		}
	}
	f.mu.Unlock()
	// Nothing depends on these removals: a segment that a crash brings back is below
	// what recovery reads.
	var errs error
	for _, s := range remove {
		if err := f.fs.Remove(f.path(s.seq)); err != nil {
			errs = errors.Join(errs, fmt.Errorf("removing %s: %w", f.path(s.seq), err))
		}
	}
	return errs
}

// close gives up the spare. Nothing is in preparation any more.
func (f *files) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.next != nil && f.next.seg != nil {
		return f.next.seg.file.Close()
	}
	return nil
}

// diskBytes is the size of all files.
func (f *files) diskBytes() (n int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.live {
		n += s.size
	}
	for _, s := range f.free {
		n += s.size
	}
	if f.next != nil {
		select {
		case <-f.next.ready:
			if f.next.seg != nil {
				n += f.next.seg.size
			}
		default:
		}
	}
	return n
}
