package wal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// What is on disk. Little endian; never renumbered.
//
//	segment header, in a block of its own     group header
//	 0  8  magic                               0  4  magic
//	 8  4  format version                      4  4  crc32c of id, sequence, and bytes 8 … 40+length
//	12  4  crc32c of bytes 0–12 and 16–56      8  8  salt of the segment
//	16 16  id of the database                 16  8  LSN of the first record
//	32  8  sequence number                    24  8  length of the records
//	40  8  salt, random                       32  4  number of records
//	48  8  LSN of the first record            36  4  zero
const (
	segmentMagic     = "minisqlL"
	segmentHeaderLen = 56
	formatVersion    = 1

	groupMagic     = 0x70726721
	groupHeaderLen = 40

	// blockBytes is the unit of all writing: a disk that writes 4 KiB at a time would
	// have to read a block that is written in part.
	blockBytes = 4096
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// header is the decoded header of a segment.
type header struct {
	id    [16]byte
	seq   uint64
	salt  uint64
	first uint64
}

// put writes the header into a zeroed block.
func (h *header) put(b []byte) {
	copy(b, segmentMagic)
	binary.LittleEndian.PutUint32(b[8:], formatVersion)
	copy(b[16:], h.id[:])
	binary.LittleEndian.PutUint64(b[32:], h.seq)
	binary.LittleEndian.PutUint64(b[40:], h.salt)
	binary.LittleEndian.PutUint64(b[48:], h.first)
	binary.LittleEndian.PutUint32(b[12:], headerSum(b))
}

func headerSum(b []byte) uint32 {
	return crc32.Update(crc32.Checksum(b[:12], castagnoli), castagnoli, b[16:segmentHeaderLen])
}

// parse reads a header. ok is false for anything that is not one, as in a spare.
func (h *header) parse(b []byte) (ok bool, err error) {
	if len(b) < segmentHeaderLen || string(b[:8]) != segmentMagic || binary.LittleEndian.Uint32(b[12:]) != headerSum(b) {
		return false, nil
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != formatVersion {
		return false, fmt.Errorf("log format %d is not known to this version, which writes %d", v, formatVersion)
	}
	copy(h.id[:], b[16:])
	h.seq = binary.LittleEndian.Uint64(b[32:])
	h.salt = binary.LittleEndian.Uint64(b[40:])
	h.first = binary.LittleEndian.Uint64(b[48:])
	return true, nil
}

// groupSeed is the checksum of what every group of a segment is bound to.
func groupSeed(id [16]byte, seq uint64) uint32 {
	return crc32.Checksum(binary.LittleEndian.AppendUint64(id[:], seq), castagnoli)
}

// A group of records. The buffer begins with room for a segment header, so that
// the header of a new segment and its first group are one write.
//
//	│ 4 KiB for a segment header │ group header │ records … │ padding, once sealed │
type group struct {
	buf   []byte
	first uint64
	count uint32
	done  chan struct{} // closed when the group is durable or has failed; made by the first who waits
}

const recordsAt = blockBytes + groupHeaderLen

// reset empties the group and keeps its memory, unless that is large.
func (g *group) reset() {
	const retainedBytesMax = 4 << 20
	if cap(g.buf) == 0 || cap(g.buf) > retainedBytesMax {
		g.buf = make([]byte, recordsAt, 4*blockBytes)
	}
	g.buf = g.buf[:recordsAt]
	g.count, g.done = 0, nil
}

func (g *group) add(record []byte) {
	g.buf = binary.AppendUvarint(g.buf, uint64(len(record)))
	g.buf = append(g.buf, record...)
	g.count++
}

// paddedLen is what the group takes in its segment.
func (g *group) paddedLen() int64 {
	return int64(len(g.buf)-1) / blockBytes * blockBytes // of which the first block is no part of it
}

// seal fills in the header for a segment and pads the group. It happens once.
func (g *group) seal(salt uint64, seed uint32) {
	b := g.buf[blockBytes:]
	clear(b[:groupHeaderLen])
	binary.LittleEndian.PutUint32(b, groupMagic)
	binary.LittleEndian.PutUint64(b[8:], salt)
	binary.LittleEndian.PutUint64(b[16:], g.first)
	binary.LittleEndian.PutUint64(b[24:], uint64(len(b)-groupHeaderLen))
	binary.LittleEndian.PutUint32(b[32:], g.count)
	binary.LittleEndian.PutUint32(b[4:], crc32.Update(seed, castagnoli, b[8:]))
	if n := len(g.buf) % blockBytes; n != 0 {
		g.buf = append(g.buf, zeros[:blockBytes-n]...)
	}
}

var zeros [blockBytes]byte

// groupHeader is the decoded header of a group.
type groupHeader struct {
	salt   uint64
	first  uint64
	length uint64
	count  uint32
}

// parse reads the header of a group of which up to max bytes can be there.
func (h *groupHeader) parse(b []byte, max int64) bool {
	if binary.LittleEndian.Uint32(b) != groupMagic {
		return false
	}
	h.salt = binary.LittleEndian.Uint64(b[8:])
	h.first = binary.LittleEndian.Uint64(b[16:])
	h.length = binary.LittleEndian.Uint64(b[24:])
	h.count = binary.LittleEndian.Uint32(b[32:])
	return max >= groupHeaderLen && h.length <= uint64(max-groupHeaderLen)
}

// end is the LSN after the group's last record.
func (h *groupHeader) end() uint64 { return h.first + uint64(h.count) }

// bytes is what the group takes in its segment.
func (h *groupHeader) bytes() int64 {
	return (groupHeaderLen + int64(h.length) + blockBytes - 1) / blockBytes * blockBytes
}

// intact says whether b, a group's header and records, is what was sealed.
func intact(b []byte, seed uint32) bool {
	return binary.LittleEndian.Uint32(b[4:]) == crc32.Update(seed, castagnoli, b[8:])
}

var errMalformed = errors.New("the records of a group do not fill it")

// eachRecord splits the records of an intact group.
func eachRecord(b []byte, count uint32, yield func(i uint32, record []byte) error) error {
	for i := range count {
		n, k := binary.Uvarint(b)
		if k <= 0 || n > uint64(len(b)-k) {
			return errMalformed
		}
		b = b[k:]
		if err := yield(i, b[:n:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	if len(b) != 0 {
		return errMalformed
	}
	return nil
}
