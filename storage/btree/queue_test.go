package btree

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/minisql/minisql/storage"
	"github.com/minisql/minisql/storage/storagetest"
)

// slowDisk is a file system whose log waits for permission in every sync that it makes while it
// is held. A bubble knows that such a sync sleeps.
type slowDisk struct {
	vfs.FS
	mu   sync.Mutex // guards held
	held chan error // answers one sync; nil: none waits
}

func (d *slowDisk) hold(c chan error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.held = c
}

func (d *slowDisk) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	f, err := d.FS.OpenReadWrite(name, c, opts...)
	return slowFile{f, d}, err
}

type slowFile struct {
	vfs.File
	d *slowDisk
}

func (f slowFile) SyncData() error {
	f.d.mu.Lock()
	held := f.d.held
	f.d.mu.Unlock()
	if held != nil {
		if err := <-held; err != nil {
			return err
		}
	}
	return f.File.SyncData()
}

// TestBesideTheSync has writers wait for a sync that takes long: meanwhile their batches reach the
// tree and cursors, and none is acknowledged; then the sync succeeds or fails.
func TestBesideTheSync(t *testing.T) {
	for _, cause := range []error{nil, errors.New("mine")} {
		t.Run(fmt.Sprint(cause), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				disk := &slowDisk{FS: vfs.NewMem()}
				e, err := Open("db", Options{FS: disk, MinFreeBytes: -1})
				if err != nil {
					t.Fatal(err)
				}
				e.crowdMin = 0
				write := func(i int) storage.Ticket {
					b := storage.NewBatch()
					b.Set(fmt.Appendf(nil, "key %02d", i), make([]byte, 8), []byte("value"))
					ticket, err := e.Apply(b, storage.Durable)
					if err != nil {
						t.Error(err)
					}
					return ticket
				}
				if err := write(0).Wait(); err != nil { // begins the log's first file
					t.Fatal(err)
				}
				synctest.Wait()
				answer := make(chan error)
				disk.hold(answer)

				const writers = 20
				results := make(chan error, writers)
				var tickets []storage.Ticket
				for i := range writers {
					tickets = append(tickets, write(1+i))
				}
				for _, ticket := range tickets {
					go func() { results <- ticket.Wait() }()
				}
				synctest.Wait()
				if next, want := e.next.Load(), e.super.lsn+1+writers; next != want {
					t.Errorf("the tree has the records up to %d during the sync, want %d", next, want)
				}
				late := write(1 + writers) // waits for nobody yet
				if next, given := e.next.Load(), e.given.Load(); next != given-1 {
					t.Errorf("the tree has the records up to %d of %d", next, given)
				}
				if n := countPairs(t, e); n != 2+writers {
					t.Errorf("a cursor sees %d pairs, want %d", n, 2+writers)
				}
				if len(results) != 0 {
					t.Error("acknowledged during the sync")
				}

				disk.hold(nil)
				answer <- cause
				for range writers {
					if err := <-results; (err == nil) != (cause == nil) || (cause != nil && !errors.Is(err, storage.ErrStopped)) {
						t.Errorf("Wait: %v", err)
					}
				}
				if err := late.Wait(); (err == nil) != (cause == nil) {
					t.Errorf("Wait for the next sync: %v", err)
				}
				if n := countPairs(t, e); n != 2+writers {
					t.Errorf("a cursor sees %d pairs afterwards, want %d", n, 2+writers)
				}
				if err := e.Close(); (err == nil) != (cause == nil) {
					t.Errorf("Close: %v", err)
				}
			})
		})
	}
}

func countPairs(t *testing.T, e *Engine) int {
	t.Helper()
	c, err := e.NewCursor()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.Seek(nil, nil, nil, false)
	var run storage.Run
	n, err := c.Next(&run, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestQueueBounds gives the engine durable batches that nobody waits for: the queue stays small, and
// large batches, which are applied at once, keep their place behind it.
func TestQueueBounds(t *testing.T) {
	e, err := Open("db", Options{FS: vfs.NewMem(), MinFreeBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	e.crowdMin = 0
	key, suffix := []byte("key"), make([]byte, 8)
	b := storage.NewBatch()
	for i := range 3000 {
		n := 100
		if i%700 == 699 {
			n = 10_000
		}
		b.Reset()
		b.Set(key, suffix, fmt.Appendf(make([]byte, n), "%d", i))
		if _, err := e.Apply(b, storage.Durable); err != nil {
			t.Fatal(err)
		}
		if n := len(e.queued.records); n > queueBytesMax {
			t.Fatalf("%d bytes are queued", n)
		}
	}
	c, err := e.NewCursor()
	if err != nil {
		t.Fatal(err)
	}
	if _, v, _, err := c.Get(key, suffix); err != nil || string(v[100:]) != "2999" {
		t.Errorf("%s, %v", v, err)
	}
	if err := errors.Join(c.Close(), e.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestUnreadablePage has pages become unreadable while a tree that is larger than memory changes
// and is read. Every cursor, before and after, sees the batches up to one of them, whole, and
// all that were applied.
func TestUnreadablePage(t *testing.T) {
	r := rand.New(rand.NewPCG(storagetest.Seed(t), 0))
	torn := 0
	for round := range 20 {
		var left atomic.Int64 // reads of pages until one fails; negative: none does
		left.Store(-1)
		fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
			if op.Kind == errorfs.OpFileReadAt && strings.HasSuffix(op.Path, dataName) && left.Load() >= 0 && left.Add(-1) < 0 {
				left.Store(0)
				return errors.New("mine")
			}
			return nil
		}))
		e, err := Open("db", Options{FS: fs, MinFreeBytes: -1, PageBytes: 512, MemoryBytes: 1})
		if err != nil {
			t.Fatal(err)
		}
		queued := round%2 == 0
		if e.crowdMin = 1000; queued {
			e.crowdMin = 0
		}
		const keys = 4000
		name := func(i int) []byte { return fmt.Appendf(nil, "key %05d", i) }
		model := make([]int, keys) // which batch has set it last; 0: it is not there
		history := [][]change{nil} // by batch
		var applied, begun atomic.Int64
		write := func(list []change) error {
			n := len(history)
			history = append(history, list)
			b := storage.NewBatch()
			b.Set([]byte("batch"), make([]byte, 8), fmt.Append(nil, n))
			for _, c := range list {
				if c.set {
					b.Set(name(c.key), make([]byte, 8), fmt.Append(nil, n))
				} else {
					b.Delete(name(c.key), make([]byte, 8))
				}
			}
			begun.Store(int64(n))
			ticket, err := e.Apply(b, storage.Durable)
			if err == nil && queued {
				if n%8 != 0 { // in the queue it may find that a page cannot be read
					return nil
				}
				err = ticket.Wait()
			}
			if err == nil {
				applied.Store(int64(n))
			}
			return err
		}
		for at := 0; at < keys; at += 500 {
			var list []change
			for i := range 500 {
				list = append(list, change{at + i, true})
			}
			if err := write(list); err != nil {
				t.Fatal(err)
			}
		}
		if err := e.checkpoint(); err != nil {
			t.Fatal(err)
		}
		// look returns the batch that a new cursor is at, and how many pairs there are.
		look := func() (batch, pairs int, seen map[string]string, err error) {
			c, err := e.NewCursor()
			if err != nil {
				return 0, 0, nil, err
			}
			defer c.Close()
			c.Seek(nil, nil, nil, false)
			seen = make(map[string]string)
			var run storage.Run
			for {
				n, err := c.Next(&run, 100)
				if n == 0 || err != nil {
					batch, _ = strconv.Atoi(seen["batch"])
					return batch, len(seen) - 1, seen, err
				}
				for i := range n {
					key := run.Keys[i]
					seen[string(key[:len(key)-suffixLen])] = string(run.Values[i])
				}
			}
		}
		var done atomic.Bool
		var readers sync.WaitGroup
		readers.Go(func() {
			for !done.Load() {
				low := int(applied.Load())
				batch, _, _, err := look()
				if high := int(begun.Load()); err == nil && (batch < low || batch > high) {
					t.Errorf("a cursor is at batch %d, from %d to %d were asked for", batch, low, high)
				}
			}
		})
		left.Store(int64(r.IntN(20000)))
		for range 3000 {
			var list []change
			first := r.IntN(keys)
			for i := range 1 + r.IntN(6) {
				if r.IntN(3) == 0 {
					first = r.IntN(keys)
				}
				list = append(list, change{(first + i) % keys, r.IntN(3) == 0})
			}
			if err := write(list); errors.Is(err, storage.ErrStopped) {
				break
			} else if err != nil { // refused before it had a place
				history = history[:len(history)-1]
			}
		}
		done.Store(true)
		readers.Wait()
		left.Store(-1)
		if e.torn {
			torn++
		}
		batch, pairs, seen, err := look()
		if err != nil || batch < int(applied.Load()) || batch >= len(history) {
			t.Fatalf("round %d: a cursor is at batch %d of %d, %d were applied: %v", round, batch, len(history)-1, applied.Load(), err)
		}
		for n, list := range history[:batch+1] {
			for _, c := range list {
				model[c.key] = 0
				if c.set {
					model[c.key] = n
				}
			}
		}
		want := 0
		for i, n := range model {
			if n > 0 {
				want++
				if got := seen[string(name(i))]; got != fmt.Sprint(n) {
					t.Fatalf("round %d, at batch %d: %s is of batch %s, want %d", round, batch, name(i), got, n)
				}
			}
		}
		if pairs != want {
			t.Fatalf("round %d, at batch %d: %d pairs, want %d", round, batch, pairs, want)
		}
		_ = e.Close()
	}
	t.Logf("%d trees were torn", torn)
}

type change struct {
	key int
	set bool
}
