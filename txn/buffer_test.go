package txn

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestBuffer compares the buffer with a sorted list of keys, for keys that come in order, in
// reverse, and in none.
func TestBuffer(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for _, order := range []string{"ascending", "descending", "random", "ends"} {
		for _, n := range []int{0, 1, 2, leafMax, leafMax + 1, 20 * leafMax} {
			var b buffer
			var keys []string
			for i := range n {
				k := 2 * i
				switch order {
				case "descending":
					k = 2 * (n - i)
				case "random":
					k = 2 * r.IntN(8*n)
				case "ends": // runs at both ends of what is there
					if k = 2 * (n + i); i%7 < 3 {
						k = 2 * (n - i)
					}
				}
				key := fmt.Sprintf("%06d", k)
				at, found := slices.BinarySearch(keys, key)
				if e := b.find([]byte(key)); (e != nil) != found {
					t.Fatalf("%s %d: find(%s) is %v", order, n, key, e)
				}
				if found {
					continue
				}
				keys = slices.Insert(keys, at, key)
				if e, _ := b.entry([]byte(key)); string(e.key) != key || b.find([]byte(key)) != e {
					t.Fatalf("%s %d: %s is not found after its insertion", order, n, key)
				}
			}
			for range 50 {
				bound := fmt.Sprintf("%06d", r.IntN(4*n+2))
				at, _ := slices.BinarySearch(keys, bound)
				most := r.IntN(n + 2)
				var up, down []string
				b.ascend([]byte(bound), func(e *entry) bool { up = append(up, string(e.key)); return len(up) < most })
				b.descend([]byte(bound), func(e *entry) bool { down = append(down, string(e.key)); return len(down) < most })
				slices.Reverse(down)
				most = max(most, 1) // f is called before it can say no
				if want := keys[at:min(len(keys), at+most)]; !slices.Equal(up, want) {
					t.Fatalf("%s %d: ascend(%s) visits %q, want %q", order, n, bound, up, want)
				}
				if want := keys[max(0, at-most):at]; !slices.Equal(down, want) {
					t.Fatalf("%s %d: descend(%s) visits %q, want %q", order, n, bound, down, want)
				}
			}
			var all []string
			b.descend(nil, func(e *entry) bool { all = append(all, string(e.key)); return true })
			slices.Reverse(all)
			if !slices.Equal(all, keys) {
				t.Fatalf("%s %d: descend(nil) visits %q, want %q", order, n, all, keys)
			}
		}
	}
}
