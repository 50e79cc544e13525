package mvcc

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/minisql/minisql/storage"
)

// cursor is an engine cursor that holds every version up to tag. See invariant 9.
type cursor struct {
	storage.Cursor
	tag Timestamp
	// removals says which rolled-back segments were gone when the cursor was made.
	removals uint64
	suffix   [storage.SuffixLen]byte // of the read under way; here so that it is not allocated
}

// cursorPool keeps a few cursors for the next reads. A cursor pins the memory and
// the files of its moment, so the pool is emptied within cursorAgeMax.
type cursorPool struct {
	s     *Store
	slots [cursorSlots]atomic.Pointer[cursor]
	armed atomic.Bool

	mu    sync.Mutex // guards the timer against close
	timer *time.Timer
	shut  bool
	wg    sync.WaitGroup
}

const (
	cursorSlots  = 8
	cursorAgeMax = 100 * time.Millisecond
)

// get returns a cursor that ok accepts, made after so many removals of segments, or a new one.
func (p *cursorPool) get(removals uint64, ok func(tag Timestamp) bool) (*cursor, error) {
	for i := range p.slots {
		c := p.slots[i].Swap(nil)
		if c == nil {
			continue
		}
		if c.removals >= removals && ok(c.tag) {
			return c, nil
		}
		// Too old for this read; a newer one takes its place.
		_ = c.Close()
		break
	}
	tag := p.s.Now() // before the cursor is made
	ec, err := p.s.engine.NewCursor()
	if err != nil {
		return nil, err
	}
	return &cursor{Cursor: ec, tag: tag, removals: removals}, nil
}

// put gives a cursor back.
func (p *cursorPool) put(c *cursor) {
	for i := range p.slots {
		if p.slots[i].Load() == nil && p.slots[i].CompareAndSwap(nil, c) {
			p.expireLater()
			return
		}
	}
	_ = c.Close()
}

func (p *cursorPool) expireLater() {
	if p.armed.Load() || !p.armed.CompareAndSwap(false, true) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shut {
		return
	}
	p.wg.Add(1)
	p.timer = time.AfterFunc(cursorAgeMax, func() {
		defer p.wg.Done()
		p.armed.Store(false)
		p.drain()
	})
}

func (p *cursorPool) drain() {
	for i := range p.slots {
		if c := p.slots[i].Swap(nil); c != nil {
			_ = c.Close()
		}
	}
}

func (p *cursorPool) close() {
	p.mu.Lock()
	p.shut = true
	if p.timer != nil && p.timer.Stop() {
		p.wg.Done()
	}
	p.mu.Unlock()
	p.wg.Wait()
	p.drain()
}
