package btree

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/minisql/minisql/storage"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// pager reads and writes the pages of the data file, and keeps nodes in memory.
type pager struct {
	f         vfs.File
	name      string
	pageBytes int
	id        [16]byte
	pool      pool

	partial atomic.Bool // some nodes of the tree may not be in memory
	misses  atomic.Int64
	written atomic.Uint64
}

// checksum of b, which is at page number no: a page that was written to another place,
// or to another database, is not taken for this one.
func (s *pager) checksum(no uint64, b []byte) uint32 {
	var salt [24]byte
	copy(salt[:], s.id[:])
	binary.LittleEndian.PutUint64(salt[16:], no)
	return crc32.Update(crc32.Checksum(salt[:], castagnoli), castagnoli, b)
}

func (s *pager) corrupt(no uint64, format string, args ...any) error {
	return fmt.Errorf("%w: %s: page %d: %s", storage.ErrCorrupt, s.name, no, fmt.Sprintf(format, args...))
}

// read fills b from page number no on. What lies behind the end of the file is damage:
// nothing refers to it that was not written.
func (s *pager) read(no uint64, b []byte) error {
	n, err := s.f.ReadAt(b, int64(no)*int64(s.pageBytes))
	switch {
	case n == len(b):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return s.corrupt(no, "the file ends within it")
	}
	return fmt.Errorf("reading %s: page %d: %w", s.name, no, err)
}

func (s *pager) write(no uint64, b []byte) error {
	s.written.Add(uint64(len(b)))
	if _, err := s.f.WriteAt(b, int64(no)*int64(s.pageBytes)); err != nil {
		return fmt.Errorf("writing %s: page %d: %w", s.name, no, err)
	}
	return nil
}

// frame returns n's content, from the file if it is not in memory.
func (s *pager) frame(n *node) (*frame, error) {
	if f := n.frame.Load(); f != nil {
		if !n.hot.Load() {
			n.hot.Store(true)
		}
		return f, nil
	}
	return s.load(n)
}

func (s *pager) load(n *node) (*frame, error) {
	s.misses.Add(1)
	p := make(page, s.pageBytes)
	no := n.addr.Load()
	if err := s.readPage(no, n.crc, kindNode, p); err != nil {
		return nil, err
	}
	if err := p.validate(int(n.level)); err != nil {
		return nil, s.corrupt(no, "%v", err)
	}
	f := &frame{page: p}
	if n.level > 0 {
		// Each child is allocated alone: when the tree has replaced one, it can go, though
		// its siblings stay.
		f.children = make([]*node, p.count(), p.count()+1)
		for i := range f.children {
			f.children[i] = nodeAt(p.childAddress(i), n.level-1)
		}
	}
	if !n.frame.CompareAndSwap(nil, f) {
		if g := n.frame.Load(); g != nil { // somebody else was faster
			return g, nil
		}
		return f, nil
	}
	s.pool.add(n)
	return f, nil
}

// warm brings the way to k into memory.
func (s *pager) warm(n *node, k key) error {
	for {
		f, err := s.frame(n)
		if err != nil || n.level == 0 {
			return err
		}
		n = f.children[f.child(k)]
	}
}

// readPage reads a page and verifies its checksum, its number and its kind.
func (s *pager) readPage(no uint64, crc uint32, kind byte, p page) error {
	if err := s.read(no, p); err != nil {
		return err
	}
	have := binary.LittleEndian.Uint32(p)
	switch sum := s.checksum(no, p[4:]); {
	case have != sum:
		return s.corrupt(no, "checksum %08x, its content has %08x", have, sum)
	case have != crc:
		return s.corrupt(no, "checksum %08x, expected %08x: an older or another page", have, crc)
	case p[4] != kind:
		return s.corrupt(no, "kind %d, expected %d", p[4], kind)
	}
	return nil
}

// seal fills in what a page has in the file only, and returns its checksum.
func (s *pager) seal(p page, no, generation uint64) uint32 {
	binary.LittleEndian.PutUint64(p[8:], no)
	binary.LittleEndian.PutUint64(p[16:], generation)
	crc := s.checksum(no, p[4:])
	binary.LittleEndian.PutUint32(p, crc)
	return crc
}

// readValue reads a value from its extent.
func (s *pager) readValue(b []byte) ([]byte, error) {
	r := decodeValueRef(b)
	v := make([]byte, r.len)
	if err := s.read(r.page, v); err != nil {
		return nil, err
	}
	if sum := s.checksum(r.page, v); sum != r.crc {
		return nil, s.corrupt(r.page, "a value of %d bytes has checksum %08x, expected %08x", r.len, sum, r.crc)
	}
	return v, nil
}

// validate checks that every offset of a page from the file is within it: what has a
// right checksum was still written by a program that may have been wrong.
func (p page) validate(level int) error {
	count, slots, head := p.count(), p.slots(), cellHeadLen(level)
	switch {
	case p.level() != level:
		return fmt.Errorf("level %d, expected %d", p.level(), level)
	case slots+slotLen*count > p.heap() || p.heap() > len(p):
		return errors.New("its parts overlap")
	case level > 0 && count == 0:
		return errors.New("an inner page without children")
	}
	for i := range count {
		s := slots + slotLen*i
		at, n := u16(p, s), u16(p, s+2)
		if at < p.heap() || at+head+n&^bareBit > len(p) || n&bareBit == 0 && n < suffixLen {
			return fmt.Errorf("slot %d is out of place", i)
		}
		if level == 0 && (n&bareBit != 0 || at+p.cellLen(i) > len(p)) {
			return fmt.Errorf("slot %d is out of place", i)
		}
		if level == 0 {
			if v, ext := p.value(i); ext && len(v) != valueRefLen {
				return fmt.Errorf("slot %d: malformed extent", i)
			}
		} else if p.childAddress(i).page < 2 {
			return fmt.Errorf("slot %d: no address", i)
		}
	}
	return nil
}
