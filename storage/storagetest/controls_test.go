package storagetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/minisql/minisql/storage"
	"github.com/minisql/minisql/storage/btree"
	"github.com/minisql/minisql/storage/lsm"
)

// Controls: a suite that finds nothing proves nothing. Each test here breaks a promise, of the
// disk or of the engine, that durability rests on, and the suite has to notice.

// engines are what the controls are tried with.
var engines = map[string]struct {
	open Factory
	log  func(name string) bool // is it a file of the log?
}{
	"lsm": {
		func(fs vfs.FS, dir string) (storage.Engine, error) {
			return lsm.Open(dir, lsm.Options{FS: fs, MemoryBytes: 1 << 20, MinFreeBytes: -1})
		},
		func(name string) bool { return strings.HasSuffix(name, ".log") },
	},
	"btree": {
		func(fs vfs.FS, dir string) (storage.Engine, error) {
			return btree.Open(dir, btree.Options{
				FS: fs, MemoryBytes: 1 << 20, MinFreeBytes: -1, SegmentBytes: 64 << 10, LogBytes: 128 << 10,
			})
		},
		func(name string) bool { return strings.HasSuffix(name, ".log") },
	},
}

// liar is a disk whose files that are written to are other than they seem.
type liar struct {
	*Disk
	file func(name string, f *diskFile) vfs.File
}

func (l *liar) wrap(name string, f vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return l.file(name, f.(*diskFile)), nil
}

func (l *liar) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := l.Disk.Create(name, c)
	return l.wrap(name, f, err)
}

func (l *liar) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	f, err := l.Disk.OpenReadWrite(name, c, opts...)
	return l.wrap(name, f, err)
}

func (l *liar) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := l.Disk.ReuseForWrite(oldname, newname, c)
	return l.wrap(newname, f, err)
}

func (l *liar) OpenDir(name string) (vfs.File, error) {
	f, err := l.Disk.OpenDir(name)
	return l.wrap(name+"/", f, err)
}

// counter counts calls across files.
type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) next() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	return c.n
}

// dropped is a file of which some syncs do nothing.
type dropped struct {
	*diskFile
	drop func() bool
}

func (f dropped) Sync() error {
	if f.drop() {
		return nil
	}
	return f.diskFile.Sync()
}

func (f dropped) SyncData() error { return f.Sync() }

// late is a file of which some writes reach the disk only after the next sync.
type late struct {
	*diskFile
	isLate func() bool
	mu     sync.Mutex
	held   []byte
	at     int64
}

func (f *late) Write(p []byte) (int, error) {
	n, err := f.WriteAt(p, f.pos)
	f.pos += int64(n)
	return n, err
}

func (f *late) WriteAt(p []byte, off int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.held == nil && f.isLate() {
		f.held, f.at = append([]byte{}, p...), off
		return len(p), nil
	}
	return f.diskFile.WriteAt(p, off)
}

func (f *late) release() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.held == nil {
		return nil
	}
	_, err := f.diskFile.WriteAt(f.held, f.at)
	f.held = nil
	return err
}

func (f *late) Sync() error     { return errors.Join(f.diskFile.Sync(), f.release()) }
func (f *late) SyncData() error { return f.Sync() }
func (f *late) Close() error    { return errors.Join(f.release(), f.diskFile.Close()) }

// hasty is an engine that acknowledges before the sync.
type hasty struct{ storage.Engine }

func (e hasty) Apply(b *storage.Batch, d storage.Durability) (storage.Ticket, error) {
	tk, err := e.Engine.Apply(b, d)
	return hastyTicket{tk}, err
}

type hastyTicket struct{ storage.Ticket }

func (t hastyTicket) Wait() error {
	go func() { _ = t.Ticket.Wait() }()
	return nil
}

// halving is an engine that applies a batch in two parts.
type halving struct{ storage.Engine }

func (e halving) Apply(b *storage.Batch, d storage.Durability) (storage.Ticket, error) {
	parts := [2]*storage.Batch{storage.NewBatch(), storage.NewBatch()}
	i := 0
	for o := range b.Operations() {
		p := parts[min(i/2, 1)]
		switch o.Op {
		case storage.OpSet:
			p.Set(o.Prefix, o.Suffix, o.Value)
		case storage.OpDelete:
			p.Delete(o.Prefix, o.Suffix)
		case storage.OpDeleteRange:
			p.DeleteRange(o.Prefix, o.Value)
		}
		i++
	}
	tk, err := e.Engine.Apply(parts[0], storage.Durable)
	if err == nil {
		err = tk.Wait()
	}
	if err != nil {
		return nil, err
	}
	return e.Engine.Apply(parts[1], d)
}

// wrapped opens an engine and puts another in front of it.
func wrapped(open Factory, wrap func(storage.Engine) storage.Engine) Factory {
	return func(fs vfs.FS, dir string) (storage.Engine, error) {
		e, err := open(fs, dir)
		if err != nil {
			return nil, err
		}
		return wrap(e), nil
	}
}

// sometimes is how often the log's file misbehaves. Once would not do: that write may be the zeros of a
// new segment, or a group that nobody waits for, and then nothing is lost.
const sometimes = 3

func TestControls(t *testing.T) {
	if raceDetector {
		t.Skip("slow, and the engines' own tests run the same code under the race detector")
	}
	for name, engine := range engines {
		t.Run(name, func(t *testing.T) {
			// dropping drops every sync that match accepts.
			dropping := func(match func(name string, n int) bool) func(*Disk) vfs.FS {
				return func(d *Disk) vfs.FS {
					syncs := make(map[bool]*counter) // of the log, and of the others
					syncs[true], syncs[false] = new(counter), new(counter)
					return &liar{d, func(name string, f *diskFile) vfs.File {
						return dropped{f, func() bool { return match(name, syncs[engine.log(name)].next()) }}
					}}
				}
			}
			for _, tc := range []struct {
				name  string
				open  Factory
				front func(*Disk) vfs.FS
				want  string // in the error, one of several: what the broken promise leads to
			}{
				{"some syncs of the log are dropped", engine.open, dropping(func(name string, n int) bool {
					return engine.log(name) && n%sometimes == 0
				}), "acknowledged"},
				{"no directory is synced", engine.open, dropping(func(name string, _ int) bool {
					return strings.HasSuffix(name, "/")
				}), "acknowledged|recovering"},
				{"only the log is synced", engine.open, dropping(func(name string, _ int) bool {
					return !engine.log(name) && !strings.HasSuffix(name, "/")
				}), "acknowledged|corrupt"},
				{"some writes of the log change places with the syncs behind them", engine.open, func(d *Disk) vfs.FS {
					writes := new(counter)
					return &liar{d, func(name string, f *diskFile) vfs.File {
						return &late{diskFile: f, isLate: func() bool { return engine.log(name) && writes.next()%sometimes == 0 }}
					}}
				}, "acknowledged"},
				{"the others' writes change places with the syncs behind them", engine.open, func(d *Disk) vfs.FS {
					return &liar{d, func(name string, f *diskFile) vfs.File {
						return &late{diskFile: f, isLate: func() bool { return !engine.log(name) }}
					}}
				}, "acknowledged|corrupt"},
				{"acknowledged before the sync", wrapped(engine.open, func(e storage.Engine) storage.Engine { return hasty{e} }), nil, "acknowledged"},
				{"batches are not atomic", wrapped(engine.open, func(e storage.Engine) storage.Engine { return halving{e} }), nil, "want"},
			} {
				t.Run(tc.name, func(t *testing.T) {
					c := crashes{open: tc.open, front: tc.front, seed: Seed(t), logf: t.Logf}
					if tc.want == "want" {
						c.enough = 10 // an engine that is not well yet may break the other promise first
					}
					mustNotice(t, c.run(), tc.want)
				})
			}

			t.Run("failures of syncs are not reported", func(t *testing.T) {
				f := faults{kinds: []fault{{err: syscall.EIO, stays: true}}, enough: 1000, seed: Seed(t), logf: t.Logf, open: func(fs vfs.FS, dir string) (storage.Engine, error) {
					return engine.open(&liar{fs.(*Disk), func(_ string, f *diskFile) vfs.File { return deaf{f} }}, dir)
				}}
				mustNotice(t, f.run(), "acknowledged")
			})
			t.Run("files are malformed", func(t *testing.T) {
				mine := errors.New("mine")
				check := func(vfs.FS, string) error { return mine }
				c := crashes{open: engine.open, check: check, seed: Seed(t), logf: t.Logf}
				if err := c.run(); !errors.Is(err, mine) {
					t.Error(err)
				}
				f := faults{open: engine.open, check: check, seed: c.seed, logf: t.Logf}
				if err := f.run(); !errors.Is(err, mine) {
					t.Error(err)
				}
			})
		})
	}
}

// deaf is a file that hears of no failure.
type deaf struct{ *diskFile }

func (f deaf) Sync() error     { _ = f.diskFile.Sync(); return nil }
func (f deaf) SyncData() error { return f.Sync() }

// mustNotice wants an error of the suite that is not about a run without crashes or failures,
// but about one of the given words.
func mustNotice(t *testing.T, err error, words string) {
	t.Helper()
	text := fmt.Sprint(err)
	for line := range strings.Lines(text) {
		for word := range strings.SplitSeq(words, "|") {
			if strings.Contains(line, word) && !strings.Contains(text, "without a") {
				t.Log(strings.TrimSpace(line))
				return
			}
		}
	}
	t.Fatalf("the suite noticed nothing: %v", err)
}
