package btree

import (
	"bytes"
	"encoding/binary"
)

// page is one node as it is in memory and in the file. Little endian:
//
//	 0  crc32c of what follows, salted with the database's id and the page's number
//	 4  kind 1 B · 5 level 1 B · 6 zero 2 B
//	 8  page number 8 B · 16 generation of the checkpoint that wrote it 8 B
//	24  slots 2 B · 26 heap start 2 B · 28 dead heap bytes 2 B · 30 prefix length 2 B
//	32  prefix │ slot 8 B … │ free │ … cells
//
//	slot        cell offset 2 B │ key length 2 B, top bit: bare │ hint 4 B
//	leaf cell   value length 2 B, top bit: in an extent │ key │ value, or extent
//	inner cell  flags 1 B │ child's page number 8 B │ child's crc 4 B │ key
//
// A cell's key lacks the page's prefix, which all keys of the page share within
// their own prefix. A whole key ends in its suffix; a bare one has none and comes
// before every whole key of its prefix. The hint is the key's first four bytes
// without its suffix, so that most steps of a search look at slots only. Slot 0 of
// an inner page stands for everything below slot 1: its key is empty and never
// looked at.
//
// Crc, page number, generation and the children's addresses are valid in the file only: they
// are filled in when the page is written.
type page []byte

const (
	pageHeaderLen = 32
	slotLen       = 8
	leafCellLen   = 2  // before the key
	innerCellLen  = 13 // before the key

	kindNode  = 1
	kindSpace = 2

	bareBit   = 0x8000
	extentBit = 0x8000

	// suffixLen is storage.SuffixLen.
	suffixLen = 8
)

func u16(b []byte, at int) int       { return int(binary.LittleEndian.Uint16(b[at:])) }
func putU16(b []byte, at int, v int) { binary.LittleEndian.PutUint16(b[at:], uint16(v)) }

func (p page) level() int       { return int(p[5]) }
func (p page) count() int       { return u16(p, 24) }
func (p page) heap() int        { return u16(p, 26) }
func (p page) dead() int        { return u16(p, 28) }
func (p page) prefixLen() int   { return u16(p, 30) }
func (p page) prefix() []byte   { return p[pageHeaderLen : pageHeaderLen+p.prefixLen()] }
func (p page) slots() int       { return pageHeaderLen + p.prefixLen() } // offset of slot 0
func (p page) setCount(n int)   { putU16(p, 24, n) }
func (p page) setHeap(at int)   { putU16(p, 26, at) }
func (p page) setDead(n int)    { putU16(p, 28, n) }
func (p page) free() int        { return p.heap() - p.slots() - slotLen*p.count() }
func (p page) used() int        { return len(p) - pageHeaderLen - p.free() - p.dead() }
func (p page) cellHeadLen() int { return cellHeadLen(p.level()) }

func cellHeadLen(level int) int {
	if level == 0 {
		return leafCellLen
	}
	return innerCellLen
}

// reset makes p an empty page.
func (p page) reset(level int, prefix []byte) {
	clear(p[:pageHeaderLen])
	p[4], p[5] = kindNode, byte(level)
	p.setHeap(len(p))
	putU16(p, 30, len(prefix))
	copy(p[pageHeaderLen:], prefix)
}

// key is an engine key: prefix ‖ suffix, or a bare prefix if the suffix is empty.
type key struct{ prefix, suffix []byte }

func (k key) len() int { return len(k.prefix) + len(k.suffix) }

// compare orders by prefix, then by suffix; a bare prefix comes first.
func (k key) compare(o key) int {
	if c := bytes.Compare(k.prefix, o.prefix); c != 0 {
		return c
	}
	return bytes.Compare(k.suffix, o.suffix)
}

// hint is the first four bytes as a number: x ≤ y bytewise implies hint(x) ≤ hint(y).
func hint(b []byte) uint32 {
	if len(b) >= 4 {
		return binary.BigEndian.Uint32(b)
	}
	var h uint32
	for i, c := range b {
		h |= uint32(c) << (24 - 8*i)
	}
	return h
}

// cellKey returns slot i's key without the page's prefix.
func (p page) cellKey(i int) key {
	s := p.slots() + slotLen*i
	at, n := u16(p, s)+p.cellHeadLen(), u16(p, s+2)
	return splitCell(p, at, n)
}

func splitCell(p page, at, n int) key {
	if n&bareBit != 0 {
		n &^= bareBit
		return key{prefix: p[at : at+n : at+n]}
	}
	mid := at + n - suffixLen
	return key{p[at:mid:mid], p[mid : at+n : at+n]}
}

// leafKey is slot i's key of a leaf: without the page's prefix, with its suffix.
func (p page) leafKey(i int) []byte {
	s := p.slots() + slotLen*i
	at, n := u16(p, s)+leafCellLen, u16(p, s+2)
	return p[at : at+n : at+n]
}

// hasPrefix reports whether the prefix of slot i's key is prefix.
func (p page) hasPrefix(i int, prefix []byte) bool {
	pre, rest := p.prefix(), p.cellKey(i).prefix
	return len(prefix) == len(pre)+len(rest) && bytes.HasPrefix(prefix, pre) && bytes.HasSuffix(prefix, rest)
}

// samePrefix reports whether slots i and j of a leaf have keys of one prefix.
func (p page) samePrefix(i, j int) bool {
	a, b := p[p.slots()+slotLen*i:], p[p.slots()+slotLen*j:]
	if binary.LittleEndian.Uint32(a[4:]) != binary.LittleEndian.Uint32(b[4:]) || u16(a, 2) != u16(b, 2) {
		return false
	}
	x, y := p.leafKey(i), p.leafKey(j)
	return bytes.Equal(x[:len(x)-suffixLen], y[:len(y)-suffixLen])
}

// whole reports whether slot i's key has a suffix.
func (p page) whole(i int) bool { return u16(p, p.slots()+slotLen*i+2)&bareBit == 0 }

// strip takes the page's prefix off k. If k does not have it, side says whether k is
// before (-1) or after (1) every key of the page.
func (p page) strip(k key) (rest key, side int) {
	pre := p.prefix()
	if bytes.HasPrefix(k.prefix, pre) {
		return key{k.prefix[len(pre):], k.suffix}, 0
	}
	return key{}, bytes.Compare(k.prefix, pre)
}

// search returns the first slot from lo on whose key is at or after k, and whether it is k.
func (p page) search(k key, lo int) (at int, found bool) {
	hi := p.count()
	k, side := p.strip(k)
	switch {
	case side < 0:
		return lo, false
	case side > 0:
		return hi, false
	}
	h, slots, head := hint(k.prefix), p[p.slots():], p.cellHeadLen()
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		s := slots[slotLen*mid : slotLen*mid+slotLen]
		sh := binary.LittleEndian.Uint32(s[4:])
		if sh < h {
			lo = mid + 1
			continue
		}
		if sh > h {
			hi = mid
			continue
		}
		c := splitCell(p, int(binary.LittleEndian.Uint16(s))+head, int(binary.LittleEndian.Uint16(s[2:]))).compare(k)
		if c < 0 {
			lo = mid + 1
		} else {
			hi = mid
			found = found || c == 0
		}
	}
	return lo, found
}

// child returns the slot of the child that k belongs to.
func (p page) child(k key) int {
	at, found := p.search(k, 1)
	if found {
		return at
	}
	return at - 1
}

// value returns a leaf's value, or the place of its extent.
func (p page) value(i int) (v []byte, inExtent bool) {
	s := p.slots() + slotLen*i
	at, n := u16(p, s), u16(p, s+2)&^bareBit
	vlen := u16(p, at)
	from := at + leafCellLen + n
	to := from + vlen&^extentBit
	return p[from:to:to], vlen&extentBit != 0
}

// cellLen is the length of slot i's cell.
func (p page) cellLen(i int) int {
	s := p.slots() + slotLen*i
	at, n := u16(p, s), u16(p, s+2)&^bareBit
	if p.level() == 0 {
		return leafCellLen + n + u16(p, at)&^extentBit
	}
	return innerCellLen + n
}

// insert adds a cell with room for n bytes behind the key at slot i, and returns them
// (of an inner page: the bytes before the key). The key lacks the page's prefix. The caller has
// made sure that it fits.
func (p page) insert(i int, k key, n int) []byte {
	count, slots, head := p.count(), p.slots(), p.cellHeadLen()
	need := head + k.len() + n
	at := p.heap() - need
	p.setHeap(at)
	p.setCount(count + 1)
	s := slots + slotLen*i
	copy(p[s+slotLen:slots+slotLen*(count+1)], p[s:slots+slotLen*count])
	klen := k.len()
	if len(k.suffix) == 0 {
		klen |= bareBit
	}
	putU16(p, s, at)
	putU16(p, s+2, klen)
	binary.LittleEndian.PutUint32(p[s+4:], hint(k.prefix))
	copy(p[at+head:], k.prefix)
	copy(p[at+head+len(k.prefix):], k.suffix)
	if p.level() == 0 {
		return p[at+head+k.len() : at+need]
	}
	clear(p[at : at+head])
	return p[at : at+head]
}

// insertLeaf adds a pair at slot i.
func (p page) insertLeaf(i int, k key, value []byte, inExtent bool) {
	copy(p.insert(i, k, len(value)), value)
	n := len(value)
	if inExtent {
		n |= extentBit
	}
	putU16(p, p.heap(), n)
}

// replace puts another value into slot i, if it fits where the old one is.
func (p page) replace(i int, value []byte, inExtent bool) bool {
	old, _ := p.value(i)
	if len(value) > len(old) {
		return false
	}
	copy(old, value)
	p.setDead(p.dead() + len(old) - len(value))
	n := len(value)
	if inExtent {
		n |= extentBit
	}
	putU16(p, u16(p, p.slots()+slotLen*i), n)
	return true
}

// remove takes slots i ≤ … < j out.
func (p page) remove(i, j int) {
	for k := i; k < j; k++ {
		p.setDead(p.dead() + p.cellLen(k))
	}
	count, slots := p.count(), p.slots()
	copy(p[slots+slotLen*i:], p[slots+slotLen*j:slots+slotLen*count])
	p.setCount(count - (j - i))
}

// compact moves the cells together; scratch is a page's worth of memory.
func (p page) compact(scratch page) {
	copy(scratch, p)
	at, slots := len(p), p.slots()
	for i := range p.count() {
		from, n := u16(scratch, slots+slotLen*i), scratch.cellLen(i)
		at -= n
		copy(p[at:], scratch[from:from+n])
		putU16(p, slots+slotLen*i, at)
	}
	p.setHeap(at)
	p.setDead(0)
}

// clearSlot0 makes slot 0 of an inner page stand for everything below slot 1.
func (p page) clearSlot0() {
	s := p.slots()
	p.setDead(p.dead() + u16(p, s+2)&^bareBit)
	putU16(p, s+2, bareBit)
	binary.LittleEndian.PutUint32(p[s+4:], 0)
}

// address is where a child is in the file, as its parent's cell says it.
type address struct {
	page    uint64 // 0: not in the file
	crc     uint32
	extents bool // values of the subtree may be in extents
}

func (p page) childAddress(i int) address {
	c := p[u16(p, p.slots()+slotLen*i):]
	return address{binary.LittleEndian.Uint64(c[1:]), binary.LittleEndian.Uint32(c[9:]), c[0]&1 != 0}
}

func (p page) setChildAddress(i int, a address) {
	c := p[u16(p, p.slots()+slotLen*i):]
	c[0] = 0
	if a.extents {
		c[0] = 1
	}
	binary.LittleEndian.PutUint64(c[1:], a.page)
	binary.LittleEndian.PutUint32(c[9:], a.crc)
}

// valueRef is a value in an extent: whole pages that hold nothing else.
//
//	first page 8 B │ length 4 B │ crc32c of the value, salted like a page 4 B
type valueRef struct {
	page uint64
	len  uint32
	crc  uint32
}

const valueRefLen = 16

func (r valueRef) pages(pageBytes int) uint64 {
	return (uint64(r.len) + uint64(pageBytes) - 1) / uint64(pageBytes)
}

func (r valueRef) encode() []byte {
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, valueRefLen), r.page)
	b = binary.LittleEndian.AppendUint32(b, r.len)
	return binary.LittleEndian.AppendUint32(b, r.crc)
}

func decodeValueRef(b []byte) valueRef {
	return valueRef{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:])}
}
