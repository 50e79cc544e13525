package storagetest

import (
	"flag"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/minisql/minisql/storage"
)

var seedFlag = flag.Uint64("storagetest.seed", 0, "seed of the random tests; 0 draws one")

// Factory opens the engine under test in dir of fs, with memory limits small enough
// that a few thousand pairs reach the files.
type Factory func(fs vfs.FS, dir string) (storage.Engine, error)

// Run runs the whole suite on memory file systems.
func Run(t *testing.T, open Factory) { run(t, open, nil, false) }

// RunChecked is Run for an engine of ours, and asks more. Whenever an engine was closed after a
// crash or a failure, check looks at its files. Crashes make names durable in any order: what
// the engine needs, it has to sync. And a recovery survives that it cannot read: Pebble (2.1)
// would panic in a goroutine that the failed Open has left behind.
func RunChecked(t *testing.T, open Factory, check Checker) {
	run(t, open, check, true)
	t.Run("ReadFaults", func(t *testing.T) {
		f := faults{open: open, check: check, anyNames: true, seed: Seed(t), max: sample(150, 50), logf: t.Logf}
		if err := f.runReads(); err != nil {
			t.Fatal(err)
		}
	})
}

func run(t *testing.T, open Factory, check Checker, anyNames bool) {
	memory := func(*testing.T) (vfs.FS, string) { return vfs.NewMem(), "db" }
	t.Run("Contract", func(t *testing.T) { testContract(t, open, memory) })
	t.Run("Model", func(t *testing.T) { testModel(t, open, memory) })
	t.Run("Concurrent", func(t *testing.T) { testConcurrent(t, open, memory) })
	t.Run("Crashes", func(t *testing.T) {
		c := crashes{open: open, check: check, anyNames: anyNames, enough: 3, seed: Seed(t), max: sample(300, 100), logf: t.Logf}
		if err := c.run(); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("Faults", func(t *testing.T) {
		f := faults{open: open, check: check, anyNames: anyNames, enough: 3, seed: Seed(t), max: sample(150, 50), logf: t.Logf}
		if err := f.run(); err != nil {
			t.Fatal(err)
		}
	})
}

// sample is how much of a long test is done: all of it (0), or with -short, or under the
// race detector, so many cases.
func sample(short, race int) int {
	switch {
	case raceDetector:
		return race
	case testing.Short():
		return short
	}
	return 0
}

// RunDisk runs what makes sense on real files: all but crashes and failures.
func RunDisk(t *testing.T, open Factory) {
	disk := func(t *testing.T) (vfs.FS, string) { return vfs.Default, filepath.Join(t.TempDir(), "db") }
	t.Run("Contract", func(t *testing.T) { testContract(t, open, disk) })
	t.Run("Model", func(t *testing.T) { testModel(t, open, disk) })
	t.Run("Concurrent", func(t *testing.T) { testConcurrent(t, open, disk) })
}

// place gives a test an empty directory on some file system.
type place func(*testing.T) (vfs.FS, string)

// Seed returns the seed of a random test, which is then in the test's output.
func Seed(t testing.TB) uint64 {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d (-storagetest.seed)", seed)
	return seed
}

// newRand returns a generator whose seed is in the test's output.
func newRand(t *testing.T) *rand.Rand { return rand.New(rand.NewPCG(Seed(t), 0)) }

// sfx is the 8-byte suffix with the given number in its last byte.
func sfx(n byte) []byte { return []byte{0, 0, 0, 0, 0, 0, 0, n} }

func mustOpen(t *testing.T, open Factory, fs vfs.FS, dir string) storage.Engine {
	t.Helper()
	e, err := open(fs, dir)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func apply(t *testing.T, e storage.Engine, b *storage.Batch) {
	t.Helper()
	tk, err := e.Apply(b, storage.Durable)
	if err != nil {
		t.Fatal(err)
	}
	if err := tk.Wait(); err != nil {
		t.Fatal(err)
	}
}

func set(t *testing.T, e storage.Engine, prefix string, s byte, value string) {
	t.Helper()
	b := storage.NewBatch()
	b.Set([]byte(prefix), sfx(s), []byte(value))
	apply(t, e, b)
}

type pair struct{ key, value string }

// collect reads a range in runs of the given size.
func collect(c storage.Cursor, lo, hi, suffix []byte, reverse bool, size int) ([]pair, error) {
	var out []pair
	var run storage.Run
	c.Seek(lo, hi, suffix, reverse)
	for {
		n, err := c.Next(&run, size)
		if err != nil || n == 0 {
			return out, err
		}
		for i := range n {
			out = append(out, pair{string(run.Keys[i]), string(run.Values[i])})
		}
	}
}

// dump reads everything.
func dump(t *testing.T, e storage.Engine) []pair {
	t.Helper()
	c, err := e.NewCursor()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	out, err := collect(c, nil, nil, nil, false, 100)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
