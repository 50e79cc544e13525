package txn

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestLockShards: the table finds the keys that are in it and no others, however they lie
// beside each other and however many they are.
func TestLockShards(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	l := newLockTable()
	o := &owner{id: 1}
	in := map[string]bool{}
	for _, k := range []string{"", "\x00", "a"} {
		in[k] = true
	}
	for i := range 5000 { // in order, and with holes
		in[string(binary.BigEndian.AppendUint16([]byte("t"), uint16(i)))] = true
		in[string(binary.AppendUvarint([]byte("u"), r.Uint64N(1<<40)))] = true
	}
	check := func() {
		t.Helper()
		n := 0
		for k, held := range in {
			if _, ok := l.holds(o, []byte(k)); ok != held {
				t.Fatalf("holds %q is %v, want %v", k, ok, held)
			}
			if held {
				n++
			}
		}
		for i := range l.shards {
			n -= l.shards[i].n
		}
		if n != 0 {
			t.Fatalf("the shards count %d entries too few", n)
		}
	}
	for k := range in {
		if _, err := l.acquire(t.Context(), o, []byte(k), Update, NoWait); err != nil {
			t.Fatal(err)
		}
	}
	check()
	for len(o.held) > 0 {
		from := len(o.held) * r.IntN(100) / 100
		for _, h := range o.held[from:] {
			in[string(h.e.key)] = false
		}
		l.release(o, from)
		check()
	}
}

// BenchmarkLocks asks what it costs to lock and give up a key beside the one before.
func BenchmarkLocks(b *testing.B) {
	for _, n := range []int{100, 100_000} {
		b.Run(fmt.Sprintf("keys=%d", n), func(b *testing.B) {
			l, o := newLockTable(), &owner{id: 1}
			key := []byte("table 0000 row 01234567")
			b.ReportAllocs()
			for b.Loop() {
				for i := range n {
					binary.BigEndian.PutUint64(key[len(key)-8:], uint64(i))
					if _, err := l.acquire(b.Context(), o, key, Update, NoWait); err != nil {
						b.Fatal(err)
					}
				}
				l.release(o, 0)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/key")
		})
	}
}
