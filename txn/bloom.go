package txn

import "hash/maphash"

// keyFilter knows for most keys that they were never added: a Bloom filter that
// grows. A key takes about a byte; beyond keyFilterBytesMax it knows nothing any more.
type keyFilter struct {
	layers []filterLayer // each twice as large as the one before; keys are added to the last
	over   bool
}

// filterLayer sets filterBits bits of one block of 512 for each key, so that a look
// costs one cache miss.
type filterLayer struct {
	blocks [][8]uint64
	left   int // keys that may still be added
}

const (
	filterBits          = 5
	filterBlockKeys     = 64 // 8 bits a key: one in forty looks is in vain
	filterBlocksMin     = 1 << 10
	keyFilterBytesMax   = 32 << 20
	filterBlockBytes    = 64
	filterBitsPerBlock  = 512
	filterBitIndexShift = 9
)

var filterSeed = maphash.MakeSeed()

func (f *keyFilter) add(key []byte) {
	if f.over {
		return
	}
	n := len(f.layers)
	if n == 0 || f.layers[n-1].left == 0 {
		blocks := filterBlocksMin
		if n > 0 {
			blocks = 2 * len(f.layers[n-1].blocks)
		}
		if f.bytes()+int64(blocks)*filterBlockBytes > keyFilterBytesMax {
			*f = keyFilter{over: true}
			return
		}
		f.layers = append(f.layers, filterLayer{make([][8]uint64, blocks), blocks * filterBlockKeys})
		n++
	}
	l := &f.layers[n-1]
	l.left--
	h := maphash.Bytes(filterSeed, key)
	b := &l.blocks[(h>>32)*uint64(len(l.blocks))>>32]
	for range filterBits {
		bit := h % filterBitsPerBlock
		b[bit/64] |= 1 << (bit % 64)
		h = h>>filterBitIndexShift | h<<(64-filterBitIndexShift)
	}
}

// has reports whether key may have been added.
func (f *keyFilter) has(key []byte) bool {
	if f.over || len(f.layers) == 0 {
		return f.over
	}
	hash := maphash.Bytes(filterSeed, key)
	for i := range f.layers {
		l := &f.layers[i]
		h := hash
		b := &l.blocks[(h>>32)*uint64(len(l.blocks))>>32]
		hit := true
		for range filterBits {
			bit := h % filterBitsPerBlock
			if b[bit/64]&(1<<(bit%64)) == 0 {
				hit = false
				break
			}
			h = h>>filterBitIndexShift | h<<(64-filterBitIndexShift)
		}
		if hit {
			return true
		}
	}
	return false
}

func (f *keyFilter) bytes() (n int64) {
	for i := range f.layers {
		n += int64(len(f.layers[i].blocks)) * filterBlockBytes
	}
	return n
}
