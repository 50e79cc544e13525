package txn

import (
	"encoding/binary"
	"testing"
)

func TestKeyFilter(t *testing.T) {
	var f keyFilter
	key := func(i int) []byte { return binary.BigEndian.AppendUint64([]byte("row"), uint64(i)) }
	if f.has(key(0)) {
		t.Error("an empty filter has a key")
	}
	const n = 200_000
	for i := range n {
		f.add(key(i))
		if i%1000 == 0 && !f.has(key(i/2)) {
			t.Fatalf("after %d keys, key %d is missing", i, i/2)
		}
	}
	vain := 0
	for i := range n {
		if !f.has(key(i)) {
			t.Fatalf("key %d is missing", i)
		}
		if f.has(key(n + i)) {
			vain++
		}
	}
	if vain > n/10 {
		t.Errorf("%d of %d keys are there in vain", vain, n)
	}
	if b := f.bytes(); b > 3*n {
		t.Errorf("%d keys take %d bytes", n, b)
	}
	f.layers = append(f.layers, filterLayer{make([][8]uint64, 300_000), 1}) // twice that is too much
	f.add(key(n))
	f.add(key(n + 1))
	if !f.has(key(0)) || !f.has(key(-1)) || f.bytes() != 0 {
		t.Error("a filter that is over must answer yes, and cost nothing")
	}
}
