package mvcc

import (
	"math"
	"time"
)

// Timestamp names a moment in the order of commits: microseconds since the Unix
// epoch, made strictly monotonic. 0 is before everything.
type Timestamp uint64

// Latest is later than every commit.
const Latest Timestamp = math.MaxUint64

// Time returns the wall-clock reading that t was drawn from.
func (t Timestamp) Time() time.Time { return time.UnixMicro(int64(t)) }
