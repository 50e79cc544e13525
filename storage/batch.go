package storage

import (
	"encoding/binary"
	"fmt"
	"iter"
)

// Op is the kind of one operation in a batch.
type Op byte

// The numbers are part of the batch's encoding and never change. They are those of
// Pebble's batches, so that the LSM engine logs a batch without re-encoding it.
const (
	OpDelete      Op = 0
	OpSet         Op = 1
	OpDeleteOnce  Op = 7
	OpDeleteRange Op = 15
)

// headerLen bytes in front of the operations belong to the engine's log: a
// sequence number (8 bytes) and the number of operations (4, little endian).
const headerLen = 12

// Batch is a list of operations that take effect together.
//
//	header 12 B │ op 1 B │ uvarint key length │ key │ [uvarint value length │ value] │ op …
//
// Keys are in their encoded form (AppendEncodedKey), bounds bare.
// Sets and range deletes have a value; a range delete's value is its upper bound.
type Batch struct {
	data   []byte
	count  uint32
	stamps []int // offsets of suffixes that Stamp fills in
}

// NewBatch returns an empty batch.
func NewBatch() *Batch { return &Batch{} }

// Reset empties the batch and keeps its memory, unless that is large.
func (b *Batch) Reset() {
	const retainedBytesMax = 1 << 20
	if cap(b.data) > retainedBytesMax {
		b.data = nil
	}
	if cap(b.stamps) > retainedBytesMax/8 {
		b.stamps = nil
	}
	b.data, b.count, b.stamps = b.data[:0], 0, b.stamps[:0]
}

// Len returns the number of operations.
func (b *Batch) Len() int { return int(b.count) }

// Size returns the encoded size in bytes.
func (b *Batch) Size() int { return len(b.data) }

// Set stores value under prefix ‖ suffix. A nil suffix is left to Stamp.
func (b *Batch) Set(prefix, suffix, value []byte) {
	b.key(OpSet, prefix, suffix)
	b.data = binary.AppendUvarint(b.data, uint64(len(value)))
	b.data = append(b.data, value...)
}

// SetTagged is Set of value followed by the byte tag.
func (b *Batch) SetTagged(prefix, suffix, value []byte, tag byte) {
	b.key(OpSet, prefix, suffix)
	b.data = binary.AppendUvarint(b.data, uint64(len(value)+1))
	b.data = append(append(b.data, value...), tag)
}

// Delete removes the key prefix ‖ suffix, if it is there.
func (b *Batch) Delete(prefix, suffix []byte) { b.key(OpDelete, prefix, suffix) }

// DeleteOnce is Delete of a key that has been set exactly once in its life and
// never will be again, which engines can forget sooner.
func (b *Batch) DeleteOnce(prefix, suffix []byte) { b.key(OpDeleteOnce, prefix, suffix) }

// zeroSuffix holds the place of a suffix until Stamp fills it in.
var zeroSuffix [SuffixLen]byte

// DeleteRange removes every key with lo ≤ prefix < hi.
func (b *Batch) DeleteRange(lo, hi []byte) {
	b.op(OpDeleteRange, lo)
	b.data = binary.AppendUvarint(b.data, uint64(len(lo)+1))
	b.data = AppendBare(b.data, lo)
	b.data = binary.AppendUvarint(b.data, uint64(len(hi)+1))
	b.data = AppendBare(b.data, hi)
}

// op begins an operation on a key.
func (b *Batch) op(op Op, prefix []byte) {
	if len(b.data) == 0 {
		b.data = append(b.data, make([]byte, headerLen)...)
	}
	if len(prefix) == 0 {
		panic("storage: malformed key in a batch")
	}
	b.count++
	b.data = append(b.data, byte(op))
}

func (b *Batch) key(op Op, prefix, suffix []byte) {
	b.op(op, prefix)
	b.data = binary.AppendUvarint(b.data, uint64(len(prefix)+KeyOverhead+SuffixLen))
	if suffix == nil {
		b.stamps = append(b.stamps, len(b.data)+len(prefix)+1)
		suffix = zeroSuffix[:]
	}
	if len(suffix) != SuffixLen {
		panic("storage: malformed key in a batch")
	}
	b.data = AppendEncodedKey(b.data, prefix, suffix)
}

// Stamp fills in every suffix that was left out.
func (b *Batch) Stamp(suffix [SuffixLen]byte) {
	for _, at := range b.stamps {
		copy(b.data[at:], suffix[:])
	}
	b.stamps = b.stamps[:0]
}

// Encoded returns the batch's bytes with the number of operations filled in. The
// engine may write the rest of the header; the batch keeps the memory.
func (b *Batch) Encoded() []byte {
	if len(b.stamps) != 0 {
		panic("storage: a batch with open suffixes was applied")
	}
	if len(b.data) == 0 {
		b.data = append(b.data, make([]byte, headerLen)...)
	}
	clear(b.data[:8])
	binary.LittleEndian.PutUint32(b.data[8:], b.count)
	return b.data
}

// Disown makes the batch forget its memory, for an engine that keeps it.
func (b *Batch) Disown() { b.data, b.count, b.stamps = nil, 0, nil }

// Ops lists the operations of an encoded batch: kind, whole key (prefix ‖ suffix; of a
// range delete the bare lower bound), and the value or bare upper bound. It panics on bytes that Batch did not write.
func (b *Batch) Ops() iter.Seq2[Op, [2][]byte] {
	return func(yield func(Op, [2][]byte) bool) {
		if len(b.data) == 0 {
			return
		}
		for rest := b.data[headerLen:]; len(rest) > 0; {
			op := Op(rest[0])
			var pair [2][]byte
			pair[0], rest = takeBytes(rest[1:])
			prefix, suffix := SplitKey(pair[0])
			pair[0] = append(append([]byte(nil), prefix...), suffix...)
			switch op {
			case OpSet, OpDeleteRange:
				pair[1], rest = takeBytes(rest)
				if op == OpDeleteRange {
					pair[1], _ = SplitKey(pair[1])
				}
			case OpDelete, OpDeleteOnce:
			default:
				panic(fmt.Sprintf("storage: unknown operation %d in a batch", op))
			}
			if !yield(op, pair) {
				return
			}
		}
	}
}

func takeBytes(b []byte) (taken, rest []byte) {
	n, k := binary.Uvarint(b)
	return b[k : k+int(n)], b[k+int(n):]
}
