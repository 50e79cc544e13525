package storage

import (
	"bytes"
	"slices"
	"testing"
)

// The numbers are in every log: see Op.
func TestOpsAreFrozen(t *testing.T) {
	for op, number := range map[Op]byte{OpDelete: 0, OpSet: 1, OpDeleteOnce: 7, OpDeleteRange: 15} {
		if byte(op) != number {
			t.Errorf("an operation is %d, was %d", op, number)
		}
	}
}

func FuzzBatchRoundTrip(f *testing.F) {
	f.Add([]byte("key"), []byte("value"), uint64(7))
	f.Fuzz(func(t *testing.T, prefix, value []byte, n uint64) {
		if len(prefix) == 0 {
			return
		}
		suffix := [SuffixLen]byte{byte(n >> 56), byte(n), 3}
		b := NewBatch()
		b.Set(prefix, nil, value)
		b.Delete(prefix, suffix[:])
		b.DeleteRange(prefix, append([]byte{255}, prefix...))
		b.SetTagged(prefix, suffix[:], value, 9)
		b.Stamp(suffix)
		key := append(bytes.Clone(prefix), suffix[:]...)
		bare := bytes.Clone(prefix)
		want := []struct {
			op         Op
			key, value []byte
		}{
			{OpSet, key, value},
			{OpDelete, key, nil},
			{OpDeleteRange, bare, append([]byte{255}, bare...)},
			{OpSet, key, append(bytes.Clone(value), 9)},
		}
		i := 0
		for o := range b.Operations() {
			if key := slices.Concat(o.Prefix, o.Suffix); o.Op != want[i].op || !bytes.Equal(key, want[i].key) || !bytes.Equal(o.Value, want[i].value) {
				t.Fatalf("operation %d is %d %q %q", i, o.Op, key, o.Value)
			}
			i++
		}
		if i != len(want) || b.Len() != i {
			t.Fatalf("%d operations", i)
		}
		if k, pair := b.Longest(); k != len(key) || pair != len(key)+len(value)+1 {
			t.Fatalf("the longest key has %d bytes, the longest pair %d", k, pair)
		}
		if b.Reset(); b.Len() != 0 || b.Size() != 0 {
			t.Fatal("something is left after Reset")
		}
		if k, pair := b.Longest(); k != 0 || pair != 0 {
			t.Fatalf("the longest key of nothing has %d bytes, the longest pair %d", k, pair)
		}
	})
}
