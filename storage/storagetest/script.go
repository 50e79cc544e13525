package storagetest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/minisql/minisql/storage"
)

// The script is a sequence of numbered batches, made so that the state tells which of them
// it holds: batch i sets "last" to i, and three of ten keys. Most are small, some have
// a value that fills a page, a few one that is large.
func scriptBatch(b *storage.Batch, i int) {
	b.Reset()
	filler := 300
	switch {
	case i%40 == 20:
		filler = 60_000
	case i%9 == 4:
		filler = 5_000
	}
	b.Set([]byte("last"), sfx(1), fmt.Append(nil, i))
	if i%25 == 13 {
		b.DeleteRange([]byte("key2"), []byte("key5"))
	}
	for k := range 3 {
		n := filler
		if k > 0 {
			n = min(n, 300)
		}
		b.Set(fmt.Appendf(nil, "key%d", (i+k*k)%10), sfx(1), fmt.Appendf(nil, "%d %s", i, strings.Repeat("f", n)))
	}
	b.Delete(fmt.Appendf(nil, "key%d", (i+5)%10), sfx(1))
}

// scriptStates are the states after 0, 1, 2 … batches.
var scriptStates = sync.OnceValue(func() []string {
	var m model
	b := storage.NewBatch()
	states := []string{""}
	for i := range scriptLen + 20 {
		scriptBatch(b, i)
		for o := range b.Operations() {
			switch key := string(o.Prefix) + string(o.Suffix); o.Op {
			case storage.OpSet:
				m.set(key, string(o.Value))
			case storage.OpDeleteRange:
				m.deleteRange(key, string(o.Value))
			default:
				m.delete(key)
			}
		}
		states = append(states, show(m.pairs))
	}
	return states
})

// scriptLen is how many batches the whole script has.
const scriptLen = 240

// held returns how many batches of the script the engine holds. It fails if
// the state is not that after some number of whole batches.
func held(e storage.Engine) (int, error) {
	c, err := e.NewCursor()
	if err != nil {
		return 0, err
	}
	defer c.Close()
	got, err := collect(c, nil, nil, nil, false, 7)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, p := range got {
		if prefixOf(p.key) == "last" {
			i, err := strconv.Atoi(p.value)
			if err != nil {
				return 0, err
			}
			n = i + 1
		}
	}
	states := scriptStates()
	if n >= len(states) {
		return n, fmt.Errorf("batch %d was never written", n-1)
	}
	if s := show(got); s != states[n] {
		return n, fmt.Errorf("after %d batches\n got %s\nwant %s", n, shorten(s), shorten(states[n]))
	}
	return n, nil
}

// shorten cuts the fillers of a state.
func shorten(s string) string {
	for strings.Contains(s, "ffff") {
		s = strings.ReplaceAll(s, "ffff", "f")
	}
	return s
}

// span is what a recovery may find: at least min batches, which were acknowledged, and no more
// than max, which were begun.
type span struct{ min, max int }

func (s span) check(n int) error {
	switch {
	case n < s.min:
		return fmt.Errorf("%d batches were acknowledged, %d survived", s.min, n)
	case n > s.max:
		return fmt.Errorf("%d batches were begun, and %d are there", s.max, n)
	}
	return nil
}

// life is one run of an engine on a disk: what it had to find, what it did, and when. Times are
// lengths of the disk's history.
type life struct {
	disk   *Disk
	fs     vfs.FS // the disk, or something in front of it
	open   Factory
	before span // what the engine had to find at its first opening

	mu     sync.Mutex // guards the following
	isOpen bool       // it has been opened
	opened int        // when that was done the first time
	next   int        // the next batch's number
	first  int        // the first batch's
	begun  []int      // begun[i]: when batch first+i was given to the engine
	acks   []ack      // in order of time
}

// ack says that n batches were durable at a time.
type ack struct{ when, n int }

func (l *life) acked(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acks = append(l.acks, ack{l.disk.Len(), n})
}

// at returns what a recovery may find after a crash before the given event.
func (l *life) at(when int) span {
	s := l.before
	if when < l.opened || !l.isOpen {
		return s
	}
	s.min, s.max = l.first, l.first
	for i, begun := range l.begun {
		if begun <= when {
			s.max = l.first + i + 1
		}
	}
	for _, a := range l.acks {
		if a.when <= when {
			s.min = max(s.min, a.n)
		}
	}
	return s
}

// enter opens the engine and checks what it finds.
func (l *life) enter() (storage.Engine, error) {
	e, err := l.open(l.fs, "db")
	if err != nil {
		return nil, fmt.Errorf("opening: %w", err)
	}
	n, err := held(e)
	if err == nil && !l.isOpen {
		err = l.before.check(n)
		l.isOpen, l.opened, l.first, l.next = true, l.disk.Len(), n, n
	} else if err == nil && n != l.next {
		err = fmt.Errorf("%d batches after a reopening, want %d", n, l.next)
	}
	if err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// begin gives the next batch to the engine. One goroutine at a time.
func (l *life) begin(e storage.Engine, b *storage.Batch, d storage.Durability) (n int, tk storage.Ticket, err error) {
	i := l.next
	l.next++
	l.begun = append(l.begun, l.disk.Len())
	scriptBatch(b, i)
	tk, err = e.Apply(b, d)
	return i + 1, tk, err
}

// write gives the engine n batches, three of ten lazily.
func (l *life) write(e storage.Engine, n int) error {
	b := storage.NewBatch()
	for range n {
		d := storage.Durable
		if l.next%10 < 3 {
			d = storage.Lazy
		}
		n, tk, err := l.begin(e, b, d)
		if err == nil && d == storage.Durable {
			if err = tk.Wait(); err == nil {
				l.acked(n)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// writeTogether gives the engine n batches from four goroutines, which wait in groups.
func (l *life) writeTogether(e storage.Engine, n int) error {
	var order sync.Mutex // of the batches
	errs := make([]error, 4)
	var writers sync.WaitGroup
	for w := range errs {
		writers.Go(func() {
			b := storage.NewBatch()
			for {
				order.Lock()
				if n == 0 {
					order.Unlock()
					return
				}
				n--
				k, tk, err := l.begin(e, b, storage.Durable)
				order.Unlock()
				if err == nil {
					err = tk.Wait()
				}
				if err != nil {
					errs[w] = err
					return
				}
				l.acked(k)
			}
		})
	}
	writers.Wait()
	return errors.Join(errs...)
}

// flush asks engines that know how to write their memory out.
func flush(e storage.Engine) error {
	switch e := e.(type) {
	case interface{ Flush() error }:
		return e.Flush()
	case interface{ Checkpoint() error }:
		return e.Checkpoint()
	}
	return nil
}

// leave closes the engine, which syncs it.
func (l *life) leave(e storage.Engine) error {
	if err := e.Close(); err != nil {
		return fmt.Errorf("closing: %w", err)
	}
	l.acked(l.next)
	return nil
}

// whole runs the whole script: three openings, flushes between, writers alone and together.
func (l *life) whole() error {
	const part = scriptLen / 3
	for range 3 {
		e, err := l.enter()
		if err != nil {
			return err
		}
		err = errors.Join(l.write(e, part/4), flush(e), l.write(e, part/4), l.writeTogether(e, part/4), flush(e), l.write(e, part/4))
		if err = errors.Join(err, l.leave(e)); err != nil {
			return err
		}
	}
	return nil
}

// brief opens the engine, writes three batches and closes it.
func (l *life) brief() error {
	e, err := l.enter()
	if err != nil {
		return err
	}
	return errors.Join(l.write(e, 3), l.leave(e))
}
