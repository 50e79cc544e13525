package btree

import (
	"encoding/binary"
	"sync"

	"github.com/google/btree"
)

// extent is a row of pages of the data file.
type extent struct{ start, pages uint64 }

func (e extent) end() uint64 { return e.start + e.pages }

// space knows which pages of the data file may be written.
//
//	in the tree ──replaced──▶ tree.retired ──a checkpoint without it is durable──▶ limbo
//	     ▲                                                                           │
//	     └──── allocated ──── free ◀──── no view is left that may read it ◀──────────┘
//
// Invariants:
//
//	(1) What the durable superblock reaches is neither free nor allocated again.
//	(2) What an open view may read is not free.
//	(3) The map that a checkpoint writes has every page that its tree does not reach: after a
//	    crash there are no views.
type space struct {
	mu    sync.Mutex // guards what follows
	free  *btree.BTreeG[extent]
	large *btree.BTreeG[extent] // those of free with at least runPages
	next  uint64                // the end of the file
	limbo []retired
	fresh []extent // given to values since the last checkpoint began: not in its tree
	idle  uint64   // pages in free
}

// runPages is how many pages a checkpoint writes at once where it can.
const runPages = 32

func newSpace(next uint64) *space {
	byStart := func(a, b extent) bool { return a.start < b.start }
	return &space{free: btree.NewG(32, byStart), large: btree.NewG(32, byStart), next: next}
}

func (s *space) insert(e extent) {
	s.free.ReplaceOrInsert(e)
	if e.pages >= runPages {
		s.large.ReplaceOrInsert(e)
	}
	s.idle += e.pages
}

func (s *space) delete(e extent) {
	s.free.Delete(e)
	s.large.Delete(e)
	s.idle -= e.pages
}

// take cuts n pages from the front of e, which is free.
func (s *space) take(e extent, n uint64) extent {
	s.delete(e)
	if e.pages > n {
		s.insert(extent{e.start + n, e.pages - n})
	}
	return extent{e.start, n}
}

func (s *space) extend(n uint64) extent {
	e := extent{s.next, n}
	s.next += n
	return e
}

// alloc returns between 1 and n pages in a row: long rows before short ones, low
// numbers first, so that the end of the file gets free, and last behind the end.
func (s *space) alloc(n uint64) extent {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.large.Min()
	if !ok {
		e, ok = s.free.Min()
	}
	if !ok {
		return s.extend(n)
	}
	return s.take(e, min(n, e.pages))
}

// allocValue returns exactly n pages in a row, for a value.
func (s *space) allocValue(n uint64) extent {
	s.mu.Lock()
	defer s.mu.Unlock()
	in, tries := s.free, 64
	if n >= runPages {
		in = s.large
	}
	var fit extent
	in.Ascend(func(e extent) bool {
		tries--
		if e.pages >= n {
			fit = e
		}
		return fit.pages == 0 && tries > 0
	})
	var e extent
	if fit.pages > 0 {
		e = s.take(fit, n)
	} else {
		e = s.extend(n)
	}
	s.fresh = append(s.fresh, e)
	return e
}

// release makes e free.
func (s *space) release(e extent) {
	s.free.DescendLessOrEqual(e, func(left extent) bool {
		if left.end() == e.start {
			s.delete(left)
			e = extent{left.start, left.pages + e.pages}
		}
		return false
	})
	if right, ok := s.free.Get(extent{start: e.end()}); ok {
		s.delete(right)
		e.pages += right.pages
	}
	s.insert(e)
}

// drain frees what is in limbo and no view before oldest may read any more.
func (s *space) drain(oldest uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.limbo[:0]
	for _, r := range s.limbo {
		if r.version <= oldest {
			s.release(r.extent)
		} else {
			kept = append(kept, r)
		}
	}
	s.limbo = kept
}

// begin starts a checkpoint: values from here on are not in its tree.
func (s *space) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fresh = s.fresh[:0]
}

// unreached returns every extent that the checkpoint's tree does not reach, apart from
// those that it has retired itself, and the end of the file.
func (s *space) unreached() (all []extent, next uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free.Ascend(func(e extent) bool { all = append(all, e); return true })
	for _, r := range s.limbo {
		all = append(all, r.extent)
	}
	return append(all, s.fresh...), s.next
}

// durable tells that the checkpoint that no longer has the retired extents is durable.
func (s *space) durable(gone []retired) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limbo = append(s.limbo, gone...)
}

// shrink calls truncate with the new end of the file, if there are free pages at its end.
func (s *space) shrink(truncate func(pages uint64) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.free.Max()
	if !ok || e.end() != s.next {
		return nil
	}
	if err := truncate(e.start); err != nil {
		return err
	}
	s.delete(e)
	s.next = e.start
	return nil
}

// A page of the space map, little endian; the header is that of every page:
//
//	24  extents 2 B
//	32  next page of the map 8 B, 0: the last · 40 its crc 4 B · 44 zero 4 B
//	48  {first page 8 B, pages 8 B} …
const (
	spaceHeaderLen = 48
	spaceEntryLen  = 16
)

func spacePerPage(pageBytes int) int { return (pageBytes - spaceHeaderLen) / spaceEntryLen }

// writeSpace writes the map of extents into the pages given, and returns its first address.
func (s *pager) writeSpace(pages []uint64, all []extent, generation uint64) (address, error) {
	per := spacePerPage(s.pageBytes)
	var next address
	for i := len(pages) - 1; i >= 0; i-- {
		p := make(page, s.pageBytes)
		p[4] = kindSpace
		part := all[min(i*per, len(all)):min((i+1)*per, len(all))]
		p.setCount(len(part))
		binary.LittleEndian.PutUint64(p[32:], next.page)
		binary.LittleEndian.PutUint32(p[40:], next.crc)
		for j, e := range part {
			binary.LittleEndian.PutUint64(p[spaceHeaderLen+spaceEntryLen*j:], e.start)
			binary.LittleEndian.PutUint64(p[spaceHeaderLen+spaceEntryLen*j+8:], e.pages)
		}
		next = address{page: pages[i], crc: s.seal(p, pages[i], generation)}
		if err := s.write(pages[i], p); err != nil {
			return address{}, err
		}
	}
	return next, nil
}

// readSpace reads a map; own is the pages that it is in.
func (s *pager) readSpace(first address) (all, own []extent, err error) {
	p := make(page, s.pageBytes)
	seen := map[uint64]bool{}
	for a := first; a.page != 0; {
		if err := s.readPage(a.page, a.crc, kindSpace, p); err != nil {
			return nil, nil, err
		}
		n := p.count()
		if n > spacePerPage(s.pageBytes) || seen[a.page] {
			return nil, nil, s.corrupt(a.page, "malformed space map")
		}
		seen[a.page] = true
		own = append(own, extent{a.page, 1})
		for j := range n {
			b := p[spaceHeaderLen+spaceEntryLen*j:]
			e := extent{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])}
			if e.start < 2 || e.pages == 0 || e.start+e.pages < e.start {
				return nil, nil, s.corrupt(a.page, "malformed space map")
			}
			all = append(all, e)
		}
		a = address{page: binary.LittleEndian.Uint64(p[32:]), crc: binary.LittleEndian.Uint32(p[40:])}
	}
	return all, own, nil
}

// giveBack frees pages that were allocated and not used.
func (s *space) giveBack(e extent) {
	if e.pages == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.release(e)
}
