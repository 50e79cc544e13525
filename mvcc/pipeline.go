package mvcc

import (
	"context"
	"encoding/binary"
	"sort"
	"sync"
	"sync/atomic"

	"github.com/minisql/minisql/storage"
)

// pipeline draws timestamps and publishes them in order.
//
//	drawn ──Apply──▶ in the log ──ticket──▶ done ──all earlier done──▶ published
type pipeline struct {
	s *Store

	// published is the newest timestamp a snapshot may be taken at. It is written
	// under mu and read without.
	published atomic.Uint64
	schema    atomic.Uint64 // see Store.SchemaVersion; same rule
	drawn     atomic.Uint64 // the newest timestamp drawn; same rule

	mu       sync.Mutex // guards the rest; held while the ceiling is logged
	ceiling  Timestamp  // newest in the log
	inflight []*Commit  // inflight[head:] are drawn and not published, in order
	head     int
	failed   error // invariant 10
}

// Commit is one commit under way. Wait must be called once.
type Commit struct {
	at     Timestamp
	s      *Store
	ticket storage.Ticket // nil: not waited for
	schema bool

	// Guarded by pipeline.mu.
	done bool
	gone chan struct{} // closed when published or failed; made when somebody waits
}

// ceilingAhead is how many µs of timestamps one ceiling record allows; after a
// crash timestamps may be that far ahead of the clock.
const ceilingAhead = 1_000_000

func (p *pipeline) start(ceiling Timestamp) {
	ceiling = max(ceiling, 1) // 0 is no snapshot
	p.ceiling = ceiling
	p.drawn.Store(uint64(ceiling))
	p.published.Store(uint64(ceiling))
	p.schema.Store(uint64(ceiling))
}

// draw gives c the next timestamp and a place in the order of publication.
func (p *pipeline) draw(c *Commit) error {
	now := Timestamp(p.s.opts.Clock().UnixMicro())
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failed != nil {
		return p.failed
	}
	at := max(now, Timestamp(p.drawn.Load())+1)
	if at > p.ceiling {
		if err := p.raiseCeiling(at + ceilingAhead); err != nil {
			return err
		}
	}
	p.drawn.Store(uint64(at))
	c.at = at
	if p.head > 0 && len(p.inflight) == cap(p.inflight) {
		n := copy(p.inflight, p.inflight[p.head:])
		clear(p.inflight[n:])
		p.inflight, p.head = p.inflight[:n], 0
	}
	p.inflight = append(p.inflight, c)
	return nil
}

// raiseCeiling logs a new ceiling, ahead of every batch that needs it.
func (p *pipeline) raiseCeiling(to Timestamp) error {
	v := binary.BigEndian.AppendUint64(nil, uint64(to))
	v = binary.BigEndian.AppendUint64(v, uint64(p.s.retention.Load()))
	b := storage.NewBatch()
	b.Set(metaCeiling, metaSuffix, v)
	if _, err := p.s.engine.Apply(b, storage.Lazy); err != nil {
		return err
	}
	p.ceiling = to
	return nil
}

// recordRetention logs how long versions are kept, ahead of any collection that
// follows the new rule.
func (p *pipeline) recordRetention() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.raiseCeiling(p.ceiling)
}

// cancel takes back a draw whose batch never reached the log.
func (p *pipeline) cancel(c *Commit) { p.finish(c, nil) }

// finish marks c durable (or not waited for) and publishes what is now in order.
func (p *pipeline) finish(c *Commit, err error) {
	if err != nil {
		p.fail(err)
		return
	}
	p.mu.Lock()
	c.done = true
	published := false
	for p.failed == nil && p.head < len(p.inflight) && p.inflight[p.head].done {
		c := p.inflight[p.head]
		p.inflight[p.head] = nil
		p.head++
		if c.schema {
			p.schema.Store(uint64(c.at))
		}
		p.published.Store(uint64(c.at))
		if c.gone != nil {
			close(c.gone)
		}
		published = true
	}
	if p.head == len(p.inflight) {
		p.inflight, p.head = p.inflight[:0], 0
	}
	p.mu.Unlock()
	if published {
		p.s.garbage.published()
	}
}

// fail stops publication for good and lets everybody who waits go.
func (p *pipeline) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failed != nil {
		return
	}
	p.failed = err
	for _, c := range p.inflight[p.head:] {
		if c.gone != nil {
			close(c.gone)
		}
	}
	p.s.logf("mvcc: commits have stopped: %v", err)
}

func (p *pipeline) failure() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failed
}

// wait returns once at is published.
func (p *pipeline) wait(ctx context.Context, at Timestamp) error {
	if Timestamp(p.published.Load()) >= at {
		return nil
	}
	p.mu.Lock()
	if Timestamp(p.published.Load()) >= at {
		p.mu.Unlock()
		return nil
	}
	if p.failed != nil {
		p.mu.Unlock()
		return p.failed
	}
	live := p.inflight[p.head:]
	i := sort.Search(len(live), func(i int) bool { return live[i].at >= at })
	if i == len(live) {
		p.mu.Unlock()
		panic("mvcc: waiting for a timestamp that was never drawn")
	}
	c := live[i]
	if c.gone == nil {
		c.gone = make(chan struct{})
	}
	gone := c.gone
	p.mu.Unlock()
	select {
	case <-gone:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if Timestamp(p.published.Load()) >= at {
		return nil
	}
	return p.failure()
}

// WaitPublished returns once a snapshot can include the version at.
func (s *Store) WaitPublished(ctx context.Context, at Timestamp) error {
	return s.pipeline.wait(ctx, at)
}
