package wal

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/minisql/minisql/storage"
)

// Options tune a log. The zero value is right.
type Options struct {
	FS vfs.FS // nil: the operating system's

	// SegmentBytes is the size of the largest segment; 0 means 64 MiB. The first segment
	// has a sixteenth of it, but at least 64 KiB unless that is more than SegmentBytes.
	SegmentBytes int64

	// ID is the database's: a segment of another database is refused.
	ID [16]byte

	// Writing is called before a group of so many records is written and synced, by who does
	// that; it returns at once. nil is not called.
	Writing func(records int)

	// Logf receives what an operator should know; nil drops it.
	Logf func(format string, args ...any)
}

func (o Options) withDefaults() Options {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.SegmentBytes <= 0 {
		o.SegmentBytes = 64 << 20
	}
	o.SegmentBytes = max(o.SegmentBytes, 2*blockBytes)
	if o.Writing == nil {
		o.Writing = func(int) {}
	}
	if o.Logf == nil {
		o.Logf = func(string, ...any) {}
	}
	return o
}

// Log is an open log. Append is called by one goroutine at a time; everything else
// by any number.
type Log struct {
	files files

	// token is held, as the one value in the channel, by whoever writes.
	token   chan struct{}
	current *segment // nil until the first group after Open; owned by the holder of token
	last    *segment // what the next segment follows in number, or nil; likewise
	crowded bool     // others than its leader waited for the last group; likewise

	// durable is the number of the first record that is not; it changes under mu.
	durable atomic.Uint64
	cause   atomic.Pointer[error] // why the log stopped

	mu      sync.Mutex // guards the following
	next    uint64     // number of the next record
	pending *group     // what the next flush writes
	flying  *group     // what is being written, or nil
	idle    *group     // its turn comes after pending; nil while flying is not
	closed  bool
	ticking bool // the flusher looks after pending
	marks   marks

	lazy       chan struct{} // tells the flusher to start ticking
	full       chan struct{} // tells the flusher that pending is large
	closing    chan struct{} // closed by Close
	background sync.WaitGroup

	written, syncs atomic.Int64

	pendingMax int // pendingBytesMax, but in tests
}

// Metrics are the log's numbers.
type Metrics struct {
	DiskBytes uint64 // all files, the prepared and the free ones too
	Written   uint64 // bytes of groups and headers written since Open, with their padding
	Live      int64  // what Live returns
	Syncs     int64  // of groups, since Open
}

// Open replays every record numbered from or higher, in order and each once, and
// makes the log ready for appending after the last. A record that replay receives
// is valid during the call. Records are numbered from 1, or from from if the log ends before
// it. Open never changes a file that a second recovery needs.
func Open(dir string, from uint64, opts Options, replay func(lsn uint64, record []byte) error) (*Log, error) {
	opts = opts.withDefaults()
	l := &Log{
		files:   files{fs: opts.FS, dir: dir, opts: opts},
		token:   make(chan struct{}, 1),
		pending: new(group),
		idle:    new(group),
		lazy:    make(chan struct{}, 1),
		full:    make(chan struct{}, 1),
		closing: make(chan struct{}),

		pendingMax: pendingBytesMax,
	}
	l.pending.reset()
	l.idle.reset()
	if err := makeDir(opts.FS, dir); err != nil {
		return nil, fmt.Errorf("opening the log %s: %w", dir, err)
	}
	r := recovery{files: &l.files, from: max(from, 1), replay: replay}
	if err := r.run(); err != nil {
		return nil, err
	}
	l.next, l.last, l.marks = r.next, r.last, r.marks
	l.durable.Store(l.next)
	l.background.Go(l.flusher)
	return l, nil
}

// Append gives the record the next number and returns; it copies the record.
// While pendingBytesMax wait to be written it waits for them. It fails only if the
// log has stopped or is closed.
func (l *Log) Append(record []byte) (lsn uint64, err error) {
	l.mu.Lock()
	for len(l.pending.buf) >= l.pendingMax {
		last := l.next - 1
		l.mu.Unlock()
		if err := l.Wait(last); err != nil {
			return 0, err
		}
		l.mu.Lock()
	}
	if err := l.Err(); err != nil {
		l.mu.Unlock()
		return 0, err
	}
	if l.closed {
		l.mu.Unlock()
		return 0, storage.ErrClosed
	}
	g := l.pending
	if g.count == 0 {
		g.first = l.next
		if !l.ticking {
			l.ticking = true
			poke(l.lazy)
		}
	}
	small := len(g.buf) < flushBytes
	g.add(record)
	if small && len(g.buf) >= flushBytes {
		poke(l.full)
	}
	lsn = l.next
	l.next++
	l.mu.Unlock()
	return lsn, nil
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Next is the number that the next Append gets.
func (l *Log) Next() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.next
}

// Sync waits for all that was appended before the call.
func (l *Log) Sync() error { return l.Wait(l.Next() - 1) }

// Err is why the log stopped, or nil.
func (l *Log) Err() error {
	if p := l.cause.Load(); p != nil {
		return *p
	}
	return nil
}

// Recycle says that no recovery will need a record below the given number: files
// that have only such are used again or removed. An error leaves the log working.
func (l *Log) Recycle(below uint64) error {
	l.mu.Lock()
	if below < l.next {
		l.marks.forget(below)
	} else {
		l.marks.list = nil
	}
	l.mu.Unlock()
	if err := l.Err(); err != nil {
		return err // the directory stays as it was when the log stopped
	}
	return l.files.recycle(below)
}

// Live is the number of bytes from the oldest record that was not recycled to the end; exact
// to 64 KiB.
func (l *Log) Live() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.marks.live()
}

// Metrics returns the log's numbers.
func (l *Log) Metrics() Metrics {
	return Metrics{
		DiskBytes: uint64(l.files.diskBytes()),
		Written:   uint64(l.written.Load()),
		Live:      l.Live(),
		Syncs:     l.syncs.Load(),
	}
}

// Close makes what was appended durable and closes the files. Of a log that has stopped it
// returns the cause. A second call does nothing.
func (l *Log) Close() error {
	l.mu.Lock()
	again := l.closed
	l.closed = true
	l.mu.Unlock()
	if again {
		return nil
	}
	l.token <- struct{}{}
	defer func() { <-l.token }()
	l.lead()
	close(l.closing)
	l.background.Wait()
	err := l.files.close()
	if l.current != nil {
		if e := l.current.file.Close(); err == nil {
			err = e
		}
		l.current = nil
	}
	if cause := l.Err(); cause != nil {
		return cause
	}
	return err
}

// marks relate record numbers to positions in the stream of bytes written, coarsely.
type marks struct {
	list []mark // ascending; the first is the oldest that counts
	end  int64
}

type mark struct {
	lsn uint64
	at  int64
}

// add notes that a group of n bytes begins with record lsn.
func (m *marks) add(lsn uint64, n int64) {
	const apartBytes = 64 << 10
	if k := len(m.list); k == 0 || m.end-m.list[k-1].at >= apartBytes {
		m.list = append(m.list, mark{lsn, m.end})
	}
	m.end += n
}

// forget drops what lies below record lsn, which exists.
func (m *marks) forget(lsn uint64) {
	k := 0
	for k+1 < len(m.list) && m.list[k+1].lsn <= lsn {
		k++
	}
	m.list = m.list[:copy(m.list, m.list[k:])]
}

func (m *marks) live() int64 {
	if len(m.list) == 0 {
		return 0
	}
	return m.end - m.list[0].at
}
