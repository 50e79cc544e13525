package storagetest

import "slices"

const (
	pageBytes   = 4096
	sectorBytes = 512 // what a disk writes whole or not at all
)

// content is a file's bytes. Copies share the pages, which are never changed once
// they are in a content: a write replaces them. Zeros take no memory.
type content struct {
	size  int64
	pages []*[pageBytes]byte // nil: zeros
}

func (c *content) clone() content { return content{c.size, slices.Clone(c.pages)} }

// readAt copies what there is and returns how much that was.
func (c *content) readAt(b []byte, off int64) int {
	b = b[:max(0, min(int64(len(b)), c.size-off))]
	for rest := b; len(rest) > 0; {
		page, at := off/pageBytes, off%pageBytes
		n := min(len(rest), int(pageBytes-at))
		if p := c.pages[page]; p != nil {
			copy(rest[:n], p[at:])
		} else {
			clear(rest[:n])
		}
		rest, off = rest[n:], off+int64(n)
	}
	return len(b)
}

// grow makes the file at least size long, with zeros.
func (c *content) grow(size int64) {
	if size <= c.size {
		return
	}
	c.size = size
	if n := int((size + pageBytes - 1) / pageBytes); n > len(c.pages) {
		c.pages = append(c.pages, make([]*[pageBytes]byte, n-len(c.pages))...)
	}
}

// write applies the bytes of w that lie in [from, to).
func (c *content) write(w extent, from, to int64) {
	from, to = max(from, w.off), min(to, w.end())
	if from >= to {
		return
	}
	c.grow(to)
	for from < to {
		page, at := from/pageBytes, from%pageBytes
		n := min(to-from, pageBytes-at)
		old := c.pages[page]
		switch {
		case w.data == nil && (old == nil || n == pageBytes):
			c.pages[page] = nil
		default:
			p := new([pageBytes]byte)
			if old != nil {
				*p = *old
			}
			if w.data == nil {
				clear(p[at : at+n])
			} else {
				copy(p[at:at+n], w.data[from-w.off:])
			}
			c.pages[page] = p
		}
		from += n
	}
}

// extent is one write: bytes, or n zeros.
type extent struct {
	off  int64
	n    int64
	data []byte // nil: zeros
}

func (w extent) end() int64 { return w.off + w.n }

// newExtent copies b.
func newExtent(b []byte, off int64) extent {
	w := extent{off: off, n: int64(len(b))}
	for _, x := range b {
		if x != 0 {
			w.data = slices.Clone(b)
			break
		}
	}
	return w
}

// sectors calls f with each sector that w touches, cut to w.
func (w extent) sectors(f func(sector, from, to int64)) {
	for from := w.off; from < w.end(); {
		s := from / sectorBytes
		to := min((s+1)*sectorBytes, w.end())
		f(s, from, to)
		from = to
	}
}
