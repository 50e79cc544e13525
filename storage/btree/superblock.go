package btree

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/minisql/minisql/storage"
)

// superblock says where a checkpoint's tree is. Generation g is in page g mod 2, so
// that a torn write of one leaves the other. Little endian:
//
//	 0  magic "minisqlB" · 8 format 4 B · 12 page size 4 B · 16 database id 16 B
//	32  generation 8 B · 40 first log record that the tree lacks 8 B · 48 pages of the file 8 B
//	56  root page 8 B, 0: an empty tree · 64 its crc 4 B · 68 its level 1 B · 69 extents 1 B · 70 zero 2 B
//	72  space map page 8 B, 0: nothing free · 80 its crc 4 B
//	84  crc32c of what is before
type superblock struct {
	pageBytes  int
	id         [16]byte
	generation uint64
	lsn        uint64
	next       uint64
	root       address
	rootLevel  uint8
	space      address
}

const (
	superblockMagic  = "minisqlB"
	superblockFormat = 1
	superblockLen    = 88

	// Pages are powers of two between these.
	pageBytesMin = 512
	pageBytesMax = 32 << 10
)

func (b superblock) encode() []byte {
	p := make([]byte, b.pageBytes)
	le := binary.LittleEndian
	copy(p, superblockMagic)
	le.PutUint32(p[8:], superblockFormat)
	le.PutUint32(p[12:], uint32(b.pageBytes))
	copy(p[16:], b.id[:])
	le.PutUint64(p[32:], b.generation)
	le.PutUint64(p[40:], b.lsn)
	le.PutUint64(p[48:], b.next)
	le.PutUint64(p[56:], b.root.page)
	le.PutUint32(p[64:], b.root.crc)
	p[68] = b.rootLevel
	if b.root.extents {
		p[69] = 1
	}
	le.PutUint64(p[72:], b.space.page)
	le.PutUint32(p[80:], b.space.crc)
	le.PutUint32(p[84:], crc32.Checksum(p[:84], castagnoli))
	return p
}

func decodeSuperblock(p []byte) (superblock, error) {
	le := binary.LittleEndian
	b := superblock{
		pageBytes: int(le.Uint32(p[12:])), generation: le.Uint64(p[32:]), lsn: le.Uint64(p[40:]), next: le.Uint64(p[48:]),
		root:      address{le.Uint64(p[56:]), le.Uint32(p[64:]), p[69] != 0},
		rootLevel: p[68],
		space:     address{page: le.Uint64(p[72:]), crc: le.Uint32(p[80:])},
	}
	copy(b.id[:], p[16:])
	switch {
	case string(p[:8]) != superblockMagic:
		return b, errors.New("not a superblock")
	case le.Uint32(p[84:]) != crc32.Checksum(p[:84], castagnoli):
		return b, errors.New("wrong checksum")
	case le.Uint32(p[8:]) != superblockFormat:
		return b, fmt.Errorf("format %d, this program knows %d", le.Uint32(p[8:]), superblockFormat)
	case b.pageBytes < pageBytesMin || b.pageBytes > pageBytesMax || b.pageBytes&(b.pageBytes-1) != 0:
		return b, fmt.Errorf("page size %d", b.pageBytes)
	}
	return b, nil
}

// readSuperblock returns the newest of the two.
func readSuperblock(f vfs.File, name string) (superblock, error) {
	var newest superblock
	var errs []error
	p := make([]byte, superblockLen)
	read := func(at int64) (superblock, error) {
		if _, err := f.ReadAt(p, at); err != nil && !errors.Is(err, io.EOF) {
			return superblock{}, fmt.Errorf("reading %s: %w", name, err)
		}
		b, err := decodeSuperblock(p)
		if err != nil {
			return b, fmt.Errorf("%w: %s: superblock at %d: %w", storage.ErrCorrupt, name, at, err)
		}
		return b, nil
	}
	first, err := read(0)
	if err == nil {
		newest = first
	} else {
		errs = append(errs, err)
	}
	// The second is at a page's distance, which a torn first one may not tell.
	for size := pageBytesMin; size <= pageBytesMax; size *= 2 {
		if first.pageBytes != 0 && err == nil && size != first.pageBytes {
			continue
		}
		second, err := read(int64(size))
		switch {
		case err != nil:
			errs = append(errs, err)
		case second.pageBytes == size && second.generation >= newest.generation:
			newest = second
		}
	}
	if newest.pageBytes == 0 {
		return newest, errs[0]
	}
	return newest, nil
}

// createFile makes a data file with a superblock and without pages, under its name only
// when it is whole. The caller syncs the directory.
func createFile(fs vfs.FS, path string, b superblock) error {
	name := fs.PathJoin(path, dataName)
	f, err := fs.OpenReadWrite(name+".new", vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(append(make([]byte, b.pageBytes), b.encode()...), 0)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return fs.Rename(name+".new", name)
}

func newID() (id [16]byte) {
	_, _ = rand.Read(id[:]) // never fails
	return id
}
