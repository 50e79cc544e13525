package wal

import (
	crand "crypto/rand"
	"encoding/binary"
	"runtime"
	"time"
)

const (
	// flushBytes pending are written without anybody waiting.
	flushBytes = 1 << 20
	// pendingBytesMax pending hold Append up.
	pendingBytesMax = 64 << 20
	// lazyMax is how long a record may be pending that nobody waits for.
	lazyMax = 50 * time.Millisecond
)

// Wait returns nil only once record lsn and all before it are durable. After the log
// has stopped it fails, whatever the record. It panics on a record that was not
// appended.
//
// Whoever waits and finds nobody writing writes everything that is pending: a lone
// writer never changes goroutines. While one writes, the others' records gather.
func (l *Log) Wait(lsn uint64) error {
	for {
		if err := l.Err(); err != nil {
			return err
		}
		if lsn < l.durable.Load() {
			return nil
		}
		select {
		case l.token <- struct{}{}:
			l.leadFor(lsn)
			continue
		default:
		}
		done := l.doneOf(lsn)
		if done == nil {
			continue
		}
		select {
		case l.token <- struct{}{}:
			l.leadFor(lsn)
		case <-done:
		}
	}
}

// leadFor leads unless the record became durable meanwhile, and gives the token back.
func (l *Log) leadFor(lsn uint64) {
	if lsn >= l.durable.Load() {
		l.lead()
	}
	<-l.token
}

// doneOf returns what is closed when the group of an undurable record is done; nil if it
// is already.
func (l *Log) doneOf(lsn uint64) chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if lsn >= l.next {
		panic("wal: waiting for a record that was not appended")
	}
	g := l.pending
	if l.flying != nil && lsn < l.flying.first+uint64(l.flying.count) {
		g = l.flying
	}
	if lsn < l.durable.Load() || l.Err() != nil {
		return nil
	}
	if g.done == nil {
		g.done = make(chan struct{})
	}
	return g.done
}

// lead writes what is pending and wakes those who wait for it. The caller has the token.
//
// Those who have just been woken are about to append again. Letting them run first makes one
// group of what would be two, by turns: 35k durable appends a second instead of 23k with 4
// writers, 132k instead of 76k with 16.
func (l *Log) lead() {
	if l.crowded {
		runtime.Gosched()
	}
	l.mu.Lock()
	if l.pending.count == 0 || l.Err() != nil {
		l.mu.Unlock()
		return
	}
	g := l.pending
	l.pending, l.flying, l.idle = l.idle, g, nil
	l.mu.Unlock()

	l.files.opts.Writing(int(g.count))
	n, err := l.write(g)

	l.mu.Lock()
	if err != nil {
		l.stop(err)
		if l.pending.done != nil {
			close(l.pending.done)
			l.pending.done = nil
		}
	} else {
		l.marks.add(g.first, n)
		l.durable.Store(g.first + uint64(g.count))
	}
	if l.crowded = g.done != nil; l.crowded {
		close(g.done)
	}
	g.reset()
	l.flying, l.idle = nil, g
	l.mu.Unlock()
}

// stop records why nothing is written from now on.
func (l *Log) stop(cause error) { l.cause.CompareAndSwap(nil, &cause) }

// write makes the group durable, in the current segment or in a new one, and says
// how much it wrote.
func (l *Log) write(g *group) (int64, error) {
	s, n := l.current, g.paddedLen()
	begin := s == nil || s.end+n > s.size
	if begin {
		var err error
		if s, err = l.begin(g); err != nil {
			return 0, err
		}
	}
	g.seal(s.salt, s.seed)
	data, at := g.buf[blockBytes:], s.end
	if begin {
		data, at = g.buf, 0
	}
	if _, err := s.file.WriteAt(data, at); err != nil {
		return 0, failure("write", l.files.path(s.seq), err)
	}
	s.end = at + int64(len(data))
	if err := s.sync(); err != nil {
		return 0, failure("sync", l.files.path(s.seq), err)
	}
	if begin {
		s.size = max(s.size, s.end)
		l.files.begun(s)
		l.files.prepareNext(s, &l.background, l.closing)
	}
	l.written.Add(int64(len(data)))
	l.syncs.Add(1)
	return int64(len(data)), nil
}

// begin makes the next segment the current one and puts its header in front of the
// group.
func (l *Log) begin(g *group) (*segment, error) {
	seq := uint64(1)
	if l.last != nil {
		seq = l.last.seq + 1
	}
	s, err := l.files.take(seq)
	if err != nil {
		return nil, err
	}
	if l.current != nil {
		if err := l.current.file.Close(); err != nil { // all of it is synced
			l.files.opts.Logf("wal: closing %s: %v", l.files.path(l.current.seq), err)
		}
		l.current.file = nil
	}
	var salt [8]byte
	_, _ = crand.Read(salt[:]) // never fails
	s.first = g.first
	s.salt = binary.LittleEndian.Uint64(salt[:])
	s.seed = groupSeed(l.files.opts.ID, s.seq)
	clear(g.buf[:blockBytes])
	h := header{id: l.files.opts.ID, seq: s.seq, salt: s.salt, first: s.first}
	h.put(g.buf)
	l.current, l.last = s, s
	return s, nil
}

// flusher writes what nobody waits for: pending that grew large, at once; anything else
// when two ticks in a row have found the same group. It ticks only while there is
// something to look after.
func (l *Log) flusher() {
	const tick = lazyMax / 2
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	defer timer.Stop()
	seen := uint64(0) // first record of the group that the last tick found
	for l.Err() == nil {
		flush := false
		select {
		case <-l.closing:
			return
		case <-l.full:
			flush = true
		case <-l.lazy:
			seen = 0
			timer.Reset(tick)
		case <-timer.C:
			l.mu.Lock()
			switch {
			case l.pending.count == 0:
				l.ticking = false
			case l.pending.first == seen:
				flush = true
				fallthrough
			default:
				seen = l.pending.first
				timer.Reset(tick)
			}
			l.mu.Unlock()
		}
		if flush {
			select {
			case l.token <- struct{}{}:
				l.lead()
				<-l.token
			case <-l.closing:
				return
			}
		}
	}
}
