package lsm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/minisql/minisql/storage"
)

// checkLastLog looks at the log that was written last. Where one of its chunks is bad, and none
// behind promises that it had been synced, Pebble takes it for the end that a crash leaves. But a
// log that was closed has a trailer, and nothing before that may be bad. The other logs
// have been closed, and Pebble is strict with them.
func checkLastLog(files vfs.FS, dir string) error {
	names, err := files.List(dir)
	if err != nil {
		return err
	}
	last := uint64(0)
	for _, name := range names {
		digits, isLog := strings.CutSuffix(name, ".log")
		if n, err := strconv.ParseUint(digits, 10, 32); isLog && err == nil {
			last = max(last, n)
		}
	}
	if last == 0 {
		return nil
	}
	name := files.PathJoin(dir, fmt.Sprintf("%06d.log", last))
	f, err := files.Open(name)
	if err != nil {
		return err
	}
	bad, closed, err := readLog(f, uint32(last))
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if closed && bad >= 0 {
		return fmt.Errorf("%w: %s at offset %d: a damaged chunk in a log that was closed", storage.ErrCorrupt, name, bad)
	}
	return nil
}

// A log is a row of blocks, each a row of chunks; what is too short for a chunk is zero:
//
//	crc 4 B │ length 2 B │ type 1 B │ number of the log 4 B │ [synced offset 8 B] │ payload
//
// The trailer has no checksum and length, the type 5, and the number of the next log. The crc
// begins with the type. Files are used again, so chunks of another log may follow.
const (
	logBlockLen    = 32 << 10
	logHeaderLen   = 11
	logSyncedLen   = 8
	logTrailerType = 5
	logSyncedTypes = 9 // from here on with a synced offset
	logTypes       = 13
)

// readLog returns the offset of the first bad chunk of log n, or -1, and whether there is a
// trailer, behind which it does not look.
func readLog(f io.ReaderAt, n uint32) (bad int64, closed bool, err error) {
	bad = -1
	block := make([]byte, logBlockLen)
	for start := int64(0); ; start += logBlockLen {
		got, err := f.ReadAt(block, start)
		if err != nil && !errors.Is(err, io.EOF) {
			return bad, false, err
		}
		if got == 0 {
			return bad, false, nil
		}
		for at := 0; at+logHeaderLen <= got; {
			size, ok, trailer := readChunk(block[at:got], n)
			if trailer {
				return bad, true, nil
			}
			if !ok && bad < 0 {
				bad = start + int64(at)
			}
			if size == 0 {
				break // the next chunk that can be found is in the next block
			}
			at += size
		}
	}
}

// readChunk returns the size of the chunk that b begins with, 0 if it does not tell or is the
// padding of a block.
func readChunk(b []byte, n uint32) (size int, ok, trailer bool) {
	sum, length, kind, log := binary.LittleEndian.Uint32(b), int(binary.LittleEndian.Uint16(b[4:])), b[6], binary.LittleEndian.Uint32(b[7:])
	switch {
	case sum == 0 && length == 0 && kind == logTrailerType && log == n+1:
		return 0, true, true
	case sum == 0 && length == 0 && kind == 0 && len(b) < logHeaderLen+logSyncedLen:
		return 0, true, false
	case kind >= logTypes || log != n:
		return 0, false, false
	}
	size = logHeaderLen + length
	if kind >= logSyncedTypes {
		size += logSyncedLen
	}
	if size > len(b) {
		return 0, false, false
	}
	c := crc32.Checksum(b[6:size], castagnoli)
	return size, sum == (c>>15|c<<17)+0xa282ead8, false
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)
