package storagetest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"sync"
	"testing"

	"github.com/minisql/minisql/storage"
)

// model is the engine as a sorted slice. Keys are ordered by prefix, then suffix.
type model struct{ pairs []pair }

func prefixOf(key string) string { return key[:len(key)-storage.SuffixLen] }

func less(a, b string) bool {
	if pa, pb := prefixOf(a), prefixOf(b); pa != pb {
		return pa < pb
	}
	return a < b
}

func (m *model) find(key string) (int, bool) {
	i := sort.Search(len(m.pairs), func(i int) bool { return !less(m.pairs[i].key, key) })
	return i, i < len(m.pairs) && m.pairs[i].key == key
}

func (m *model) set(key, value string) {
	if i, ok := m.find(key); ok {
		m.pairs[i].value = value
	} else {
		m.pairs = slices.Insert(m.pairs, i, pair{key, value})
	}
}

func (m *model) delete(key string) {
	if i, ok := m.find(key); ok {
		m.pairs = slices.Delete(m.pairs, i, i+1)
	}
}

func (m *model) deleteRange(lo, hi string) {
	m.pairs = slices.DeleteFunc(m.pairs, func(p pair) bool { return lo <= prefixOf(p.key) && prefixOf(p.key) < hi })
}

func (m *model) scan(lo, hi, suffix []byte, reverse bool) []pair {
	var out []pair
	last := "\xff none"
	for _, p := range m.pairs {
		prefix := prefixOf(p.key)
		if (lo != nil && prefix < string(lo)) || (hi != nil && prefix >= string(hi)) {
			continue
		}
		if suffix != nil && (prefix == last || p.key[len(prefix):] < string(suffix)) {
			continue
		}
		last = prefix
		out = append(out, p)
	}
	if reverse {
		slices.Reverse(out)
	}
	return out
}

// randKey favours collisions and keys that are prefixes of each other.
func randKey(r *rand.Rand) []byte {
	k := make([]byte, 1+r.IntN(3))
	for i := range k {
		k[i] = "\x00ab\xff"[r.IntN(4)]
	}
	return k
}

// testModel runs random batches and reads against a sorted map, with reopenings,
// and with snapshots that are checked long after they were taken.
func testModel(t *testing.T, open Factory, at place) {
	r := newRand(t)
	fs, dir := at(t)
	e := mustOpen(t, open, fs, dir)
	var m model
	type frozen struct {
		snap  storage.Snapshot
		pairs []pair
	}
	var snaps []frozen
	check := func(c storage.Cursor, m *model) {
		t.Helper()
		lo, hi, suffix := randKey(r), randKey(r), sfx(byte(r.IntN(8)))
		if r.IntN(3) == 0 {
			lo = nil
		}
		if r.IntN(3) == 0 {
			hi = nil
		}
		if lo != nil && hi != nil && bytes.Compare(lo, hi) > 0 {
			lo, hi = hi, lo
		}
		if r.IntN(3) == 0 {
			suffix = nil
		}
		reverse := r.IntN(2) == 0
		got, err := collect(c, lo, hi, suffix, reverse, 1+r.IntN(20))
		if err != nil {
			t.Fatal(err)
		}
		if want := m.scan(lo, hi, suffix, reverse); !slices.Equal(got, want) {
			t.Fatalf("[%q, %q) from %v, reverse %v:\n got %s\nwant %s", lo, hi, suffix, reverse, show(got), show(want))
		}
		p, s := randKey(r), sfx(byte(r.IntN(8)))
		var wantGet []pair
		for _, q := range m.pairs {
			if prefixOf(q.key) == string(p) && q.key[len(p):] >= string(s) {
				wantGet = append(wantGet, q)
				break
			}
		}
		found, v, ok, err := c.Get(p, s)
		if err != nil {
			t.Fatal(err)
		}
		if ok != (len(wantGet) == 1) || (ok && (string(p)+string(found) != wantGet[0].key || string(v) != wantGet[0].value)) {
			t.Fatalf("Get(%q, %v) = %v %q %v, want %s", p, s, found, v, ok, show(wantGet))
		}
	}
	b := storage.NewBatch()
	for step := range 3000 {
		switch n := r.IntN(100); {
		case n < 50:
			b.Reset()
			for range 1 + r.IntN(8) {
				p, s := randKey(r), sfx(byte(r.IntN(8)))
				key := string(p) + string(s)
				switch k := r.IntN(20); {
				case k == 0:
					lo, hi := randKey(r), randKey(r)
					if bytes.Compare(lo, hi) > 0 {
						lo, hi = hi, lo
					}
					if bytes.Equal(lo, hi) {
						continue
					}
					b.DeleteRange(lo, hi)
					m.deleteRange(string(lo), string(hi))
				case k < 6:
					b.Delete(p, s)
					m.delete(key)
				default:
					v := fmt.Sprintf("%d-%s", step, bytes.Repeat([]byte("v"), r.IntN(200)))
					b.Set(p, s, []byte(v))
					m.set(key, v)
				}
			}
			if r.IntN(4) == 0 {
				apply(t, e, b)
			} else if _, err := e.Apply(b, storage.Lazy); err != nil {
				t.Fatal(err)
			}
		case n < 90:
			c, err := e.NewCursor()
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				check(c, &m)
			}
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
		case n < 95:
			snaps = append(snaps, frozen{e.Snapshot(), slices.Clone(m.pairs)})
		case n < 98 && len(snaps) > 0:
			i := r.IntN(len(snaps))
			c, err := snaps[i].snap.NewCursor()
			if err != nil {
				t.Fatal(err)
			}
			check(c, &model{snaps[i].pairs})
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			if err := snaps[i].snap.Close(); err != nil {
				t.Fatal(err)
			}
			snaps = slices.Delete(snaps, i, i+1)
		case n == 99 && r.IntN(4) == 0:
			for _, s := range snaps {
				if err := s.snap.Close(); err != nil {
					t.Fatal(err)
				}
			}
			snaps = nil
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			e = mustOpen(t, open, fs, dir)
		}
	}
	for _, s := range snaps {
		if err := s.snap.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

// testConcurrent has writers that each move a counter in two keys of one batch,
// and readers that must never see the two differ.
func testConcurrent(t *testing.T, open Factory, at place) {
	fs, dir := at(t)
	e := mustOpen(t, open, fs, dir)
	const writers, rounds = 4, 300
	var writing, reading sync.WaitGroup
	stop := make(chan struct{})
	for w := range writers {
		writing.Go(func() {
			b := storage.NewBatch()
			for i := range rounds {
				b.Reset()
				v := fmt.Append(nil, i)
				b.Set(fmt.Appendf(nil, "%d-left", w), sfx(1), v)
				b.Set(fmt.Appendf(nil, "%d-right", w), sfx(1), v)
				tk, err := e.Apply(b, storage.Durable)
				if err == nil {
					err = tk.Wait()
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 2 {
		reading.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				c, err := e.NewCursor()
				if err != nil {
					t.Error(err)
					return
				}
				got, err := collect(c, nil, nil, nil, false, 3)
				if err != nil {
					t.Error(err)
				}
				for i := 0; i+1 < len(got); i += 2 {
					if got[i].value != got[i+1].value {
						t.Errorf("half a batch is visible: %s", show(got))
					}
				}
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writing.Wait()
	close(stop)
	reading.Wait()
	if got := dump(t, e); len(got) != 2*writers || got[0].value != fmt.Sprint(rounds-1) {
		t.Errorf("at the end: %s", show(got))
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}
