package storage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"
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

	longestKey, longestPair int
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
	*b = Batch{data: b.data[:0], stamps: b.stamps[:0]}
}

// Grow makes room for so many sets without a suffix, of so many bytes of prefixes and values.
func (b *Batch) Grow(sets, size int) {
	const each = 1 + 2*binary.MaxVarintLen32 + KeyOverhead + SuffixLen + 1 // beside prefix and value
	b.data = slices.Grow(b.data, headerLen+sets*each+size)
	b.stamps = slices.Grow(b.stamps, sets)
}

// Len returns the number of operations.
func (b *Batch) Len() int { return int(b.count) }

// Size returns the encoded size in bytes.
func (b *Batch) Size() int { return len(b.data) }

// Longest returns the length of the longest key, suffix included, and of the longest key and
// value together.
func (b *Batch) Longest() (key, pair int) { return b.longestKey, b.longestPair }

// Set stores value under prefix ‖ suffix. A nil suffix is left to Stamp.
func (b *Batch) Set(prefix, suffix, value []byte) {
	b.key(OpSet, prefix, suffix)
	b.longestPair = max(b.longestPair, len(prefix)+SuffixLen+len(value))
	b.data = binary.AppendUvarint(b.data, uint64(len(value)))
	b.data = append(b.data, value...)
}

// SetTagged is Set of value followed by the byte tag.
func (b *Batch) SetTagged(prefix, suffix, value []byte, tag byte) {
	b.key(OpSet, prefix, suffix)
	b.longestPair = max(b.longestPair, len(prefix)+SuffixLen+len(value)+1)
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
	b.longestKey = max(b.longestKey, len(lo))
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
	b.longestKey = max(b.longestKey, len(prefix)+SuffixLen)
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
func (b *Batch) Disown() { *b = Batch{} }

// Operation is one operation of an encoded batch. Its slices are the batch's memory.
type Operation struct {
	Op             Op
	Prefix, Suffix []byte // the key; of a range delete the bare lower bound
	Value          []byte // of a range delete the bare upper bound
}

// Operations lists the operations of a batch in order.
func (b *Batch) Operations() iter.Seq[Operation] {
	return func(yield func(Operation) bool) {
		// What Batch wrote cannot be malformed.
		_ = EachOperation(b.data, func(o Operation) error {
			if !yield(o) {
				return errStop
			}
			return nil
		})
	}
}

var (
	errStop      = errors.New("stop")
	errMalformed = fmt.Errorf("%w: malformed batch", ErrCorrupt)
)

// EachOperation calls do for each operation of an encoded batch, and returns its first
// error, or ErrCorrupt for bytes that no Batch wrote.
func EachOperation(encoded []byte, do func(Operation) error) error {
	if len(encoded) == 0 {
		return nil
	}
	if len(encoded) < headerLen {
		return errMalformed
	}
	for rest := encoded[headerLen:]; len(rest) > 0; {
		o := Operation{Op: Op(rest[0])}
		k, after, ok := takeBytes(rest[1:])
		if !ok || !encodedKey(k) {
			return errMalformed
		}
		rest = after
		o.Prefix, o.Suffix = SplitKey(k)
		switch o.Op {
		case OpSet, OpDeleteRange:
			if o.Value, rest, ok = takeBytes(rest); !ok {
				return errMalformed
			}
			if o.Op == OpDeleteRange {
				if !encodedKey(o.Value) {
					return errMalformed
				}
				o.Value, _ = SplitKey(o.Value)
			}
		case OpDelete, OpDeleteOnce:
		default:
			return errMalformed
		}
		if o.Op != OpDeleteRange && len(o.Suffix) != SuffixLen {
			return errMalformed
		}
		if err := do(o); err != nil {
			return err
		}
	}
	return nil
}

func takeBytes(b []byte) (taken, rest []byte, ok bool) {
	n, k := binary.Uvarint(b)
	if k <= 0 || n > uint64(len(b)-k) {
		return nil, nil, false
	}
	return b[k : k+int(n) : k+int(n)], b[k+int(n):], true
}
