package wal

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/minisql/minisql/storage"
)

// recovery reads the log. It leaves in files which segments are live and which can be used
// again, and here where the log goes on.
type recovery struct {
	files  *files
	from   uint64
	replay func(lsn uint64, record []byte) error
	check  bool // nothing is to be changed

	next  uint64   // number after the last record
	last  *segment // the last with a header
	marks marks
	short bool // it ends before from
}

// found is a file of the log as recovery meets it.
type found struct {
	segment
	salt uint64
	ok   bool // it has a header of its own
}

func (r *recovery) run() error {
	all, err := r.list()
	if err != nil {
		return err
	}
	// Behind the last header only the spare follows (invariant 4).
	end := len(all)
	for end > 0 && !all[end-1].ok {
		end--
	}
	segments, rest := all[:end], all[end:]
	start := 0
	for i, s := range segments {
		if s.ok && s.first <= r.from {
			start = i
		}
	}
	r.next = r.from
	if end > 0 {
		if err := r.chain(segments[start:]); err != nil {
			return err
		}
		r.last = &segments[end-1].segment
	}
	if err := r.checkRest(rest); err != nil {
		return err
	}
	for i := range segments {
		r.files.live = append(r.files.live, &segments[i].segment)
	}
	for i := range rest {
		r.files.free = append(r.files.free, &rest[i].segment)
	}
	r.short = r.last != nil && r.next < r.from
	r.next = max(r.next, r.from)
	return nil
}

// list opens every file of the log far enough to read its header, and orders them.
func (r *recovery) list() ([]found, error) {
	names, err := r.files.fs.List(r.files.dir)
	if err != nil {
		return nil, fmt.Errorf("opening the log %s: %w", r.files.dir, err)
	}
	var all []found
	for _, name := range names {
		digits, isLog := strings.CutSuffix(name, ".log")
		seq, err := strconv.ParseUint(digits, 10, 64)
		if !isLog || err != nil || fileName(seq) != name {
			continue
		}
		s, err := r.readHeader(seq)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.files.path(seq), err)
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b found) int {
		if a.seq < b.seq {
			return -1
		}
		return 1
	})
	return all, nil
}

func (r *recovery) readHeader(seq uint64) (s found, err error) {
	s.seq = seq
	w, err := openWindow(r.files.fs, r.files.path(seq))
	if err != nil {
		return s, err
	}
	defer w.close()
	s.size = w.size
	if w.size < blockBytes {
		return s, nil
	}
	b, err := w.bytes(0, blockBytes)
	if err != nil {
		return s, err
	}
	var h header
	ok, err := h.parse(b)
	if err != nil {
		return s, err
	}
	if ok && h.id != r.files.opts.ID {
		return s, fmt.Errorf("%w: it belongs to another database", storage.ErrCorrupt)
	}
	if s.ok = ok && h.seq == seq; s.ok {
		s.first, s.salt = h.first, h.salt
	}
	return s, nil
}

func (r *recovery) corrupt(seq uint64, offset int64, format string, args ...any) error {
	return fmt.Errorf("%w: %s at offset %d: %s", storage.ErrCorrupt, r.files.path(seq), offset, fmt.Sprintf(format, args...))
}

// chain replays segments that must follow on each other without a gap. The last has a
// header.
func (r *recovery) chain(segments []found) error {
	if !segments[0].ok {
		return r.corrupt(segments[0].seq, 0, "the header is damaged")
	}
	if first := segments[0].first; first > r.from {
		return r.corrupt(segments[0].seq, 0, "the log begins with record %d, and %d is needed", first, r.from)
	}
	for i, s := range segments {
		if i > 0 {
			before := segments[i-1]
			if s.seq != before.seq+1 {
				return fmt.Errorf("%w: %s is missing", storage.ErrCorrupt, r.files.path(before.seq+1))
			}
			if !s.ok {
				return r.corrupt(s.seq, 0, "the header is damaged")
			}
			if s.first != r.next {
				return r.corrupt(before.seq, before.end, "the group of record %d is missing or damaged, and the next segment begins with %d", r.next, s.first)
			}
		}
		r.next = s.first
		if err := r.read(&segments[i], i == len(segments)-1); err != nil {
			return err
		}
	}
	return nil
}

// read replays one segment up to its first bad group, and leaves where that is in
// s.end.
func (r *recovery) read(s *found, last bool) error {
	w, err := openWindow(r.files.fs, r.files.path(s.seq))
	if err != nil {
		return fmt.Errorf("%s: %w", r.files.path(s.seq), err)
	}
	defer w.close()
	seed := groupSeed(r.files.opts.ID, s.seq)
	for s.end = blockBytes; ; {
		h, b, err := w.group(s.end, seed)
		if err != nil {
			return fmt.Errorf("%s: %w", r.files.path(s.seq), err)
		}
		if b == nil || h.salt != s.salt {
			break
		}
		if h.first != r.next {
			return r.corrupt(s.seq, s.end, "a group begins with record %d, and %d is next", h.first, r.next)
		}
		err = eachRecord(b[groupHeaderLen:], h.count, func(i uint32, record []byte) error {
			if lsn := h.first + uint64(i); lsn >= r.from {
				return r.replay(lsn, record)
			}
			return nil
		})
		if errors.Is(err, errMalformed) {
			return r.corrupt(s.seq, s.end, "%v", err)
		}
		if err != nil {
			return err
		}
		if h.end() > r.from {
			r.marks.add(h.first, h.bytes())
		}
		r.next = h.end()
		s.end += h.bytes()
	}
	if !last {
		return nil
	}
	at, err := w.find(s.end+blockBytes, seed, func(h groupHeader) bool { return h.salt == s.salt })
	if err != nil {
		return fmt.Errorf("%s: %w", r.files.path(s.seq), err)
	}
	if at != 0 {
		return r.corrupt(s.seq, s.end, "the group of record %d is damaged: a good one follows at offset %d", r.next, at)
	}
	if r.check {
		return nil
	}
	return r.settle(s)
}

// settle makes the last segment's groups durable (invariant 6).
func (r *recovery) settle(s *found) error {
	name := r.files.path(s.seq)
	f, err := r.files.fs.OpenReadWrite(name, category)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// checkRest looks at what follows the last segment with a header: at most one file, in which
// nothing was ever acknowledged.
func (r *recovery) checkRest(rest []found) error {
	if len(rest) == 0 {
		return nil
	}
	s := rest[0]
	if r.last != nil && s.seq != r.last.seq+1 {
		return fmt.Errorf("%w: %s is missing", storage.ErrCorrupt, r.files.path(r.last.seq+1))
	}
	if r.last == nil && s.seq != 1 {
		return r.corrupt(s.seq, 0, "the header is damaged")
	}
	if len(rest) > 1 { // the second was prepared only after the first had been begun
		return r.corrupt(s.seq, 0, "the header is damaged: %s follows", fileName(rest[1].seq))
	}
	w, err := openWindow(r.files.fs, r.files.path(s.seq))
	if err != nil {
		return fmt.Errorf("%s: %w", r.files.path(s.seq), err)
	}
	defer w.close()
	// One group may be there, torn from its header by the crash. A second was written only
	// after the header had been synced.
	needed := max(r.next, r.from)
	at, err := w.find(2*blockBytes, groupSeed(r.files.opts.ID, s.seq), func(h groupHeader) bool { return h.end() > needed })
	if err != nil {
		return fmt.Errorf("%s: %w", r.files.path(s.seq), err)
	}
	if at != 0 {
		return r.corrupt(s.seq, 0, "the header is damaged: a good group is at offset %d", at)
	}
	return nil
}

// makeDir creates the log's directory and makes its name durable. A directory without files
// may be of a process that was killed in between.
func makeDir(fs vfs.FS, dir string) error {
	if names, err := fs.List(dir); err == nil && len(names) > 0 {
		return nil
	}
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	parent, err := fs.OpenDir(fs.PathDir(dir))
	if err != nil {
		return err
	}
	return errors.Join(parent.Sync(), parent.Close())
}

// window reads a file through a buffer.
type window struct {
	file vfs.File
	size int64
	buf  []byte
	at   int64 // where buf begins in the file
}

func openWindow(fs vfs.FS, name string) (*window, error) {
	f, err := fs.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &window{file: f, size: info.Size()}, nil
}

func (w *window) close() { _ = w.file.Close() } // it was only read

// bytes returns n bytes at an offset, all within the file, until the next call.
func (w *window) bytes(off, n int64) ([]byte, error) {
	if off < w.at || off+n > w.at+int64(len(w.buf)) {
		const aheadBytes = 256 << 10
		want := min(max(n, aheadBytes), w.size-off)
		w.buf = slices.Grow(w.buf[:0], int(want))[:want]
		w.at = off
		if k, err := w.file.ReadAt(w.buf, off); int64(k) < want {
			w.buf = w.buf[:0]
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
	return w.buf[off-w.at:][:n], nil
}

// group returns the header and the bytes of the intact group at an offset, until the
// next call; nil bytes if there is none.
func (w *window) group(off int64, seed uint32) (h groupHeader, b []byte, err error) {
	if w.size-off < groupHeaderLen {
		return h, nil, nil
	}
	if b, err = w.bytes(off, groupHeaderLen); err != nil || !h.parse(b, w.size-off) {
		return h, nil, err
	}
	if b, err = w.bytes(off, groupHeaderLen+int64(h.length)); err != nil || !intact(b, seed) {
		return h, nil, err
	}
	return h, b, nil
}

// find returns the offset of the first intact group from an offset on that match accepts, or 0.
func (w *window) find(off int64, seed uint32, match func(groupHeader) bool) (int64, error) {
	for ; off < w.size; off += blockBytes {
		h, b, err := w.group(off, seed)
		if err != nil {
			return 0, err
		}
		if b != nil && match(h) {
			return off, nil
		}
	}
	return 0, nil
}
