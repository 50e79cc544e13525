package storagetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"time"

	"github.com/minisql/minisql/storage"
)

// faults is a run of the suite's test of failing operations.
type faults struct {
	open  Factory
	check Checker // may be nil
	seed  uint64
	max   int // how many failures are tried; 0 is all
	logf  func(f string, a ...any)

	anyNames bool    // see crashes
	kinds    []fault // nil: faultKinds
	enough   int     // errors, after which it ends; 0 is 1
}

// faultKinds are the ways in which an operation fails.
var faultKinds = []fault{
	{err: syscall.EIO},
	{err: syscall.ENOSPC, stays: true},
	{err: syscall.ENOSPC, short: true},
	{err: syscall.EIO, stays: true, short: true},
}

// faultBatches is how many batches are written around the failure.
const faultBatches = 60

// run fails every operation of a short workload in turn, in each of the ways:
//
//   - the engine either goes on as if nothing had happened or stops with the cause,
//   - after it stopped nothing is acknowledged, and reads go on,
//   - when the disk is well again, whatever was acknowledged is there, also after a power cut.
func (f *faults) run() error {
	r := rand.New(rand.NewPCG(f.seed, 0))
	count := &fault{at: 1 << 40}
	if err := f.one(count, r); err != nil {
		return fmt.Errorf("without a failure: %w", err)
	}
	total := 1<<40 - count.at
	kinds := f.kinds
	if kinds == nil {
		kinds = faultKinds
	}
	all := total * len(kinds)
	n := all
	if f.max > 0 {
		n = min(n, f.max)
	}
	pool := newPool(f.enough)
	for i := range n {
		k := i * all / n
		fail := kinds[(k+k/len(kinds))%len(kinds)]
		fail.at = 1 + k/len(kinds)
		own := rand.New(rand.NewPCG(f.seed, uint64(i)))
		if !pool.do(func() error {
			at := fail.at
			if err := within(time.Minute, func() error { return f.one(&fail, own) }); err != nil {
				return fmt.Errorf("seed %d: operation %d (%s) fails with %v, short %t, lasting %t: %w",
					f.seed, at, fail.what, fail.err, fail.short, fail.stays, err)
			}
			return nil
		}) {
			break
		}
	}
	f.logf("%d failures in %d operations", n, total)
	return pool.wait()
}

// runReads fails every operation in turn by which a recovery reads: it fails, or knows
// everything; and the next knows everything.
func (f *faults) runReads() error {
	r := rand.New(rand.NewPCG(f.seed, 0))
	disk := NewDisk()
	l := &life{disk: disk, fs: disk, open: f.open}
	e, err := l.enter()
	if err != nil {
		return err
	}
	if err := errors.Join(l.write(e, 20), flush(e), l.write(e, 20)); err != nil {
		return errors.Join(err, e.Close())
	}
	end := disk.Len() // what comes then is cut off
	allowed := l.at(end)
	if err := e.Close(); err != nil {
		return err
	}
	var s *state
	for when, at := range disk.moments() {
		if s = at; when == end {
			break
		}
	}
	step := 1
	for at := 1; ; at += step {
		disk := s.crash(killed, f.anyNames, r).disk()
		fail := &fault{reads: true, at: at, err: syscall.EIO}
		disk.setFault(fail)
		if err := f.misread(disk, allowed); err != nil {
			return fmt.Errorf("seed %d: reading operation %d (%s) fails: %w", f.seed, at, fail.what, err)
		}
		disk.setFault(nil)
		if err := f.again(disk, allowed, r); err != nil {
			return fmt.Errorf("seed %d: reading operation %d (%s) fails: %w", f.seed, at, fail.what, err)
		}
		if !fail.hit {
			f.logf("%d failures of reading operations", (at-1)/step)
			return nil
		}
		if f.max > 0 {
			step = 1 + at/(1+f.max/10)
		}
	}
}

// misread opens and reads an engine of which one reading operation fails.
func (f *faults) misread(disk *Disk, allowed span) error {
	e, err := f.open(disk, "db")
	if err != nil {
		return nil
	}
	n, err := held(e)
	if err == nil {
		err = allowed.check(n)
	} else if errors.Is(err, syscall.EIO) {
		err = nil
	}
	return errors.Join(err, e.Close())
}

// within fails if f takes longer.
func within(d time.Duration, f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-time.After(d):
		return fmt.Errorf("hangs for %v", d)
	}
}

// one runs the workload with one failure.
func (f *faults) one(fail *fault, r *rand.Rand) error {
	disk := NewDisk()
	disk.setFault(fail)
	e, err := f.open(disk, "db")
	switch {
	case err == nil:
	case !errors.Is(err, fail.err):
		return fmt.Errorf("opening: %w, without the cause", err)
	case fail.err == syscall.ENOSPC && !errors.Is(err, storage.ErrNoSpace):
		return fmt.Errorf("opening: %w, which is not ErrNoSpace", err)
	default:
		disk.setFault(nil)
		return f.again(disk, span{}, r)
	}
	var flushing sync.WaitGroup // an engine may try until the disk is well
	allowed, stopped, err := f.work(e, fail, &flushing)
	disk.setFault(nil)
	flushing.Wait()
	// An engine may also have stopped in the background just now.
	if closing := e.Close(); err == nil && (closing == nil && stopped || closing != nil && !errors.Is(closing, storage.ErrStopped)) {
		err = fmt.Errorf("closing an engine, stopped %t: %v", stopped, closing)
	}
	if err != nil {
		return err
	}
	if !stopped {
		allowed.min = allowed.max // Close has synced
	}
	return f.again(disk, allowed, r)
}

// work writes batches and reads them, and returns what a recovery may find.
func (f *faults) work(e storage.Engine, fail *fault, flushing *sync.WaitGroup) (allowed span, stopped bool, err error) {
	b := storage.NewBatch()
	for i := range faultBatches {
		scriptBatch(b, i)
		tk, err := e.Apply(b, storage.Durable)
		if err != nil && errors.Is(err, storage.ErrNoSpace) && !errors.Is(err, storage.ErrStopped) {
			if fail.stays {
				return allowed, false, nil
			}
			tk, err = e.Apply(b, storage.Durable) // rule 13
		}
		allowed.max = i + 1
		if err == nil {
			err = tk.Wait()
		}
		switch {
		case err == nil && stopped:
			return allowed, stopped, fmt.Errorf("batch %d was acknowledged after the engine stopped", i)
		case err == nil:
			allowed.min = i + 1
		case !errors.Is(err, storage.ErrStopped) || !errors.Is(err, fail.err):
			return allowed, stopped, fmt.Errorf("batch %d: %w, which is not ErrStopped with the cause", i, err)
		case errors.Is(err, storage.ErrNoSpace) != (fail.err == syscall.ENOSPC):
			return allowed, stopped, fmt.Errorf("batch %d: %w, which is wrong about ErrNoSpace", i, err)
		default:
			stopped = true
		}
		if i%20 == 10 && !stopped {
			flushing.Go(func() { _ = flush(e) }) // what matters is what the engine does then
		}
		if i%20 == 15 {
			n, err := held(e)
			if err == nil {
				err = allowed.check(n)
			}
			if err != nil {
				return allowed, stopped, fmt.Errorf("reading, stopped %t: %w", stopped, err)
			}
		}
	}
	if stopped {
		if err := e.Sync(); !errors.Is(err, storage.ErrStopped) {
			return allowed, stopped, fmt.Errorf("Sync after the stop: %w", err)
		}
	}
	now := e.Metrics().Stopped // perhaps in the background, after the last batch
	if stopped && !now {
		return allowed, stopped, errors.New("the metrics do not say stopped")
	}
	return allowed, now, nil
}

// again opens the engine on the disk that is well now: as it is, and after a power cut.
func (f *faults) again(disk *Disk, allowed span, r *rand.Rand) error {
	var end *state
	for _, s := range disk.moments() {
		end = s
	}
	for _, how := range []loss{killed, loss(r.IntN(int(killed)))} {
		disk := end.crash(how, f.anyNames, r).disk()
		l := &life{disk: disk, fs: disk, open: f.open, before: allowed}
		err := l.brief()
		if err == nil && f.check != nil {
			err = f.check(disk, "db")
		}
		if err != nil {
			return fmt.Errorf("afterwards, %s: %w", how, err)
		}
	}
	return nil
}
