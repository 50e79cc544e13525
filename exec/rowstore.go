package exec

import (
	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// rowStore keeps rows to be read again, any number of times: in memory up to
// work_mem, then in a temporary file.
type rowStore struct {
	pack *packer
	oids []types.OID
	rows [][]byte
	mem  arena
	file *spool
	buf  []byte
	n    int64
}

func newRowStore(_ *execution, oids []types.OID) *rowStore {
	return &rowStore{pack: newPacker(oids), oids: oids}
}

// add keeps the rows alive in b.
func (s *rowStore) add(x *execution, b *vec.Batch) error {
	for k := range b.Len() {
		if err := s.addRow(x, b, b.Row(k)); err != nil {
			return err
		}
	}
	return nil
}

// addRow keeps one row of b.
func (s *rowStore) addRow(x *execution, b *vec.Batch, row int) error {
	s.buf = s.pack.pack(s.buf[:0], b, row)
	return s.addPacked(x, s.buf)
}

func (s *rowStore) addPacked(x *execution, row []byte) error {
	s.n++
	if s.file != nil {
		return s.file.write(nil, row)
	}
	s.rows = append(s.rows, s.mem.keep(row))
	if s.mem.size+24*len(s.rows) <= x.workMem() {
		return nil
	}
	f, err := newSpool(x)
	if err != nil {
		return err
	}
	for _, r := range s.rows {
		if err := f.write(nil, r); err != nil {
			return err
		}
	}
	s.file, s.rows = f, nil
	s.mem.reset()
	return nil
}

// cursor reads a rowStore from the start. One is in use at a time if the rows
// are in a file.
type rowCursor struct {
	s   *rowStore
	at  int
	out *vec.Batch
}

func (s *rowStore) cursor() (*rowCursor, error) {
	if s.file != nil {
		if err := s.file.rewind(); err != nil {
			return nil, err
		}
	}
	return &rowCursor{s: s, out: vec.NewBatch(s.oids)}, nil
}

// rewind goes back to the start.
func (c *rowCursor) rewind() error {
	c.at = 0
	if c.s.file != nil {
		return c.s.file.rewind()
	}
	return nil
}

// next returns the next batch, nil at the end.
func (c *rowCursor) next() (*vec.Batch, error) {
	c.out.Reset()
	for c.out.N < vec.MaxRows {
		var row []byte
		if c.s.file != nil {
			_, r, ok, err := c.s.file.read()
			if err != nil {
				return nil, err
			}
			if !ok {
				break
			}
			row = r
		} else {
			if c.at >= len(c.s.rows) {
				break
			}
			row = c.s.rows[c.at]
			c.at++
		}
		if err := c.s.pack.unpack(row, c.out, 0); err != nil {
			return nil, err
		}
		c.out.N++
	}
	if c.out.N == 0 {
		return nil, nil
	}
	return c.out, nil
}

// each calls f with all rows.
func (s *rowStore) each(x *execution, f func(*execution, *vec.Batch) error) error {
	c, err := s.cursor()
	if err != nil {
		return err
	}
	for {
		b, err := c.next()
		if b == nil || err != nil {
			return err
		}
		if err := f(x, b); err != nil {
			return err
		}
	}
}

func (s *rowStore) close() {
	if s == nil {
		return
	}
	s.file.close()
	s.rows, s.file, s.n = nil, nil, 0
	s.mem.reset()
}
