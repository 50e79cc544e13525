package storagetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Checker looks at the files of a closed engine: whether they are well formed.
type Checker func(fs vfs.FS, dir string) error

// crashes is a run of the suite's crash test.
type crashes struct {
	open     Factory
	check    Checker              // may be nil
	front    func(d *Disk) vfs.FS // what the engine of the first life sees of its disk; nil: the disk
	seed     uint64               // of everything random
	anyNames bool                 // changes of names may become durable in any order
	max      int                  // how many crashes of the first life are tried; 0 is all
	logf     func(f string, a ...any)

	enough int // errors, after which it ends; 0 is 1

	recoveries atomic.Int64
}

// run plays the script on a disk, and then crashes before every event of its history: before
// each sync with nothing left that was not synced, and by killing the process, and before every event
// with some part of it left. Every disk is recovered, written to, and crashed again in that: at a random
// moment, some at every moment; and once more. It returns the first violations of the contract.
func (c *crashes) run() error {
	disk := NewDisk()
	first := &life{disk: disk, fs: disk, open: c.open}
	if c.front != nil {
		first.fs = c.front(disk)
	}
	if err := first.whole(); err != nil {
		return fmt.Errorf("without a crash: %w", err)
	}
	if err := c.checkFiles(disk); err != nil {
		return fmt.Errorf("without a crash: %w", err)
	}
	points := c.points(disk.history)
	pool := newPool(c.enough)
	tried, syncs := 0, 0
	for when, s := range disk.moments() {
		for _, how := range points[when] {
			tried++
			r := rand.New(rand.NewPCG(c.seed, uint64(tried)))
			after, allowed, n := s.crash(how, c.anyNames, r).disk(), first.at(when), tried
			if !pool.do(func() error {
				if err := c.recover(after, allowed, r, livesMax, n%50 == 25); err != nil {
					return fmt.Errorf("seed %d: crash %d, %s: %s: %w", c.seed, n, around(disk.history, when), how, err)
				}
				return nil
			}) {
				return pool.wait()
			}
		}
		if when < len(disk.history) && disk.history[when].what == evSync {
			syncs++
		}
	}
	if err := pool.wait(); err != nil {
		return err
	}
	c.logf("%d crashes in %d events, of which %d syncs; %d recoveries", tried, len(disk.history), syncs, c.recoveries.Load())
	return nil
}

func (c *crashes) checkFiles(d *Disk) error {
	if c.check == nil {
		return nil
	}
	return c.check(d, "db")
}

// points chooses what is tried before each event.
func (c *crashes) points(history []event) [][]loss {
	r := rand.New(rand.NewPCG(c.seed, 0))
	points := make([][]loss, len(history)+1)
	n := 0
	for i := range points {
		if i == len(history) || history[i].what == evSync {
			points[i] = append(points[i], loseAll, killed)
			n += 2
		}
		points[i] = append(points[i], keepAll+loss(r.IntN(int(losses-keepAll))))
		n++
	}
	if c.max == 0 || n <= c.max {
		return points
	}
	k := 0 // an even part of them
	for i, all := range points {
		var some []loss
		for _, how := range all {
			if k += c.max; k >= n {
				k -= n
				some = append(some, how)
			}
		}
		points[i] = some
	}
	return points
}

// livesMax is how many lives follow on the first.
const livesMax = 2

// recover opens the engine on a disk, checks what it finds, writes, closes, and
// crashes that as often as lives say: at a random moment, or at every one. The first recovery
// is also followed by a power cut after it closed: what it found was perhaps not durable, and
// what it acknowledged has to be.
func (c *crashes) recover(disk *Disk, allowed span, r *rand.Rand, lives int, everywhere bool) error {
	c.recoveries.Add(1)
	l := &life{disk: disk, fs: disk, open: c.open, before: allowed}
	if err := l.brief(); err != nil {
		return fmt.Errorf("recovering: %w", err)
	}
	if err := c.checkFiles(disk); err != nil {
		return fmt.Errorf("after recovery: %w", err)
	}
	if lives == 0 {
		return nil
	}
	chosen := r.IntN(len(disk.history) + 1)
	again := func(s *state, when int, how loss) error {
		if err := c.recover(s.crash(how, c.anyNames, r).disk(), l.at(when), r, lives-1, false); err != nil {
			return fmt.Errorf("and again, %s (%d of %d): %s: %w", around(disk.history, when), when, len(disk.history), how, err)
		}
		return nil
	}
	for when, s := range disk.moments() {
		if when == chosen || everywhere {
			if err := again(s, when, loss(r.IntN(int(losses)))); err != nil {
				return err
			}
		}
		if when == len(disk.history) && lives == livesMax {
			if err := again(s, when, loseAll); err != nil {
				return err
			}
		}
	}
	return nil
}

// around describes a moment by the event that would have come next.
func around(history []event, when int) string {
	if when == len(history) {
		return "at the end"
	}
	return "before " + history[when].String()
}

// pool runs functions on all processors until enough have failed.
type pool struct {
	enough  int
	running sync.WaitGroup
	tokens  chan struct{}
	mu      sync.Mutex // guards errs
	errs    []error
}

func newPool(enough int) *pool {
	return &pool{enough: max(enough, 1), tokens: make(chan struct{}, runtime.GOMAXPROCS(0))}
}

// do runs f when there is a free processor; it reports false once enough has failed.
func (p *pool) do(f func() error) bool {
	p.tokens <- struct{}{}
	p.running.Go(func() {
		defer func() { <-p.tokens }()
		if err := f(); err != nil {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.errs = append(p.errs, err)
		}
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.errs) < p.enough
}

func (p *pool) wait() error {
	p.running.Wait()
	return errors.Join(p.errs[:min(len(p.errs), p.enough)]...)
}
