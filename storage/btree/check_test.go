package btree

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/minisql/minisql/storage"
)

func checkDir(t *testing.T, fs vfs.FS, dir string) Checked {
	t.Helper()
	c, err := Check(context.Background(), dir, Options{FS: fs}, func(err error) { t.Error(err) }, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestStructure checks every page of the file after each of many rounds of random changes.
func TestStructure(t *testing.T) {
	for _, pageBytes := range []int{512, 1024, 8192} {
		t.Run(fmt.Sprint(pageBytes), func(t *testing.T) {
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			r := rand.New(rand.NewPCG(seed, 0))
			fs := vfs.NewMem()
			opts := Options{FS: fs, MemoryBytes: int64(pageBytes * 200), PageBytes: pageBytes, MinFreeBytes: -1, SegmentBytes: 64 << 10, LogBytes: 1 << 20}
			rounds := 30
			if testing.Short() {
				rounds = 10
			}
			for round := range rounds {
				e, err := Open("db", opts)
				if err != nil {
					t.Fatal(err)
				}
				b := storage.NewBatch()
				for range 60 {
					b.Reset()
					for range r.IntN(60) {
						prefix := fmt.Appendf(nil, "%s%0*d", strings.Repeat("p", r.IntN(3)*20), 1+r.IntN(6), r.IntN(3000))
						suffix := make([]byte, 8)
						suffix[7] = byte(r.IntN(4))
						switch x := r.IntN(1000); {
						case x < 2:
							b.DeleteRange(prefix, append(prefix, 0xff))
						case x < 500-round%2*200:
							b.Delete(prefix, suffix)
						default:
							n := r.IntN(40)
							if r.IntN(20) == 0 {
								n = r.IntN(2 * pageBytes)
							}
							b.Set(prefix, suffix, make([]byte, n))
						}
					}
					if _, err := e.Apply(b, storage.Lazy); err != nil {
						t.Fatal(err)
					}
				}
				if err := e.Close(); err != nil {
					t.Fatal(err)
				}
				c := checkDir(t, fs, "db")
				if t.Failed() {
					t.Fatalf("round %d", round)
				}
				if round == rounds-1 {
					t.Logf("%+v", c)
				}
			}
		})
	}
}
