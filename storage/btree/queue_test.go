package btree

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/minisql/minisql/storage"
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
