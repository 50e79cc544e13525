package mvcc

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/minisql/minisql/storage"
)

// Timestamp names a moment in the order of commits: microseconds since the Unix
// epoch, made strictly monotonic. 0 is before everything.
type Timestamp uint64

// Latest is later than every commit.
const Latest Timestamp = math.MaxUint64

// Time returns the wall-clock reading that t was drawn from.
func (t Timestamp) Time() time.Time { return time.UnixMicro(int64(t)) }

// suffix encodes t so that newer sorts first.
func (t Timestamp) suffix() (s [storage.SuffixLen]byte) {
	binary.BigEndian.PutUint64(s[:], ^uint64(t))
	return s
}

// timestampOf decodes the last bytes of a stored key.
func timestampOf(key []byte) Timestamp {
	return Timestamp(^binary.BigEndian.Uint64(key[len(key)-storage.SuffixLen:]))
}

// The last byte of a stored value. Never renumber.
const (
	kindTombstone byte = 0
	kindLive      byte = 1
	kindLiveWeak  byte = 2 // live; of a Segment, written under a lock that lets KeyShare by
)

// metaByte begins the keys that belong to this room.
const metaByte = 0xFF

var (
	metaCeiling = []byte("\xFFceiling") // invariant 2; value: ceiling 8 B, retention µs 8 B
	metaGarbage = []byte("\xFFgarbage") // the garbage queue of a clean shutdown
	metaDrop    = []byte("\xFFdrop/")   // + lo, suffix: the commit's; value: hi. A span to be removed
	metaDropEnd = []byte("\xFFdrop0")
	metaSpill   = []byte("\xFFspill") // suffix: a segment's timestamp; value: see Segment.record
	metaSuffix  = make([]byte, storage.SuffixLen)
)
