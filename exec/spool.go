package exec

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"syscall"

	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// spool is a temporary file of records, written once and read once or more from
// the start. The file has no name: it goes away with the process.
type spool struct {
	x    *execution
	f    *os.File
	w    *bufio.Writer
	r    *bufio.Reader
	n    int64 // records
	head [8]byte
	buf  []byte
}

func newSpool(x *execution) (*spool, error) {
	f, err := os.CreateTemp(x.tempDir(), "minisql-spill-*")
	if err != nil {
		return nil, spillError(err)
	}
	os.Remove(f.Name())
	return &spool{x: x, f: f, w: bufio.NewWriterSize(f, 64<<10)}, nil
}

func spillError(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return sqlerr.New(sqlerr.DiskFull, "could not write to temporary file: %w", err)
	}
	return sqlerr.New(sqlerr.IOError, "could not use temporary file: %w", err)
}

// write appends a record of two parts.
func (s *spool) write(a, b []byte) error {
	binary.LittleEndian.PutUint32(s.head[:4], uint32(len(a)))
	binary.LittleEndian.PutUint32(s.head[4:], uint32(len(b)))
	for _, p := range [][]byte{s.head[:], a, b} {
		if _, err := s.w.Write(p); err != nil {
			return spillError(err)
		}
	}
	s.n++
	return nil
}

// rewind makes the next read start at the first record.
func (s *spool) rewind() error {
	if err := s.w.Flush(); err != nil {
		return spillError(err)
	}
	if _, err := s.f.Seek(0, io.SeekStart); err != nil {
		return spillError(err)
	}
	if s.r == nil {
		s.r = bufio.NewReaderSize(s.f, 64<<10)
	} else {
		s.r.Reset(s.f)
	}
	return nil
}

// read returns the next record, valid until the next call, or false at the end.
func (s *spool) read() (a, b []byte, ok bool, err error) {
	if _, err := io.ReadFull(s.r, s.head[:]); err != nil {
		if err == io.EOF {
			return nil, nil, false, nil
		}
		return nil, nil, false, spillError(err)
	}
	la, lb := int(binary.LittleEndian.Uint32(s.head[:4])), int(binary.LittleEndian.Uint32(s.head[4:]))
	if cap(s.buf) < la+lb {
		s.buf = make([]byte, la+lb)
	}
	s.buf = s.buf[:la+lb]
	if _, err := io.ReadFull(s.r, s.buf); err != nil {
		return nil, nil, false, spillError(err)
	}
	return s.buf[:la:la], s.buf[la:], true, nil
}

func (s *spool) close() {
	if s != nil && s.f != nil {
		s.f.Close()
		s.f = nil
	}
}

// packer turns rows of a batch into bytes and back: the form in which operators
// keep rows that they cannot pass on at once.
type packer struct {
	enc     *types.RowEncoder
	dec     *types.RowDecoder
	cols    []int
	scratch []types.Datum
	dst     []*vec.Vec
}

func newPacker(oids []types.OID) *packer {
	p := &packer{enc: types.NewRowEncoder(oids), dec: types.NewRowDecoder(oids, nil), scratch: make([]types.Datum, 0, len(oids))}
	for i := range oids {
		p.cols = append(p.cols, i)
	}
	p.dst = make([]*vec.Vec, len(oids))
	return p
}

func (p *packer) pack(dst []byte, b *vec.Batch, row int) []byte {
	p.scratch = p.scratch[:0]
	for c := range p.cols {
		p.scratch = append(p.scratch, b.Cols[c].View(row))
	}
	return p.enc.Append(dst, p.scratch)
}

// unpack appends a packed row to out's columns from first on, and counts no row.
func (p *packer) unpack(row []byte, out *vec.Batch, first int) error {
	for i := range p.dst {
		p.dst[i] = &out.Cols[first+i]
	}
	return vec.DecodeInto(p.dec, row, p.cols, p.dst)
}

// arena keeps byte strings in large chunks.
type arena struct {
	chunk []byte
	size  int
}

const arenaChunk = 256 << 10

func (a *arena) keep(b []byte) []byte {
	if len(a.chunk)+len(b) > cap(a.chunk) {
		a.chunk = make([]byte, 0, max(min(arenaChunk, max(4096, a.size)), len(b)))
	}
	at := len(a.chunk)
	a.chunk = append(a.chunk, b...)
	a.size += len(b)
	return a.chunk[at:len(a.chunk):len(a.chunk)]
}

func (a *arena) reset() { *a = arena{} }
