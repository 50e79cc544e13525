package exec

import (
	"slices"
	"sync"
	"time"

	"github.com/minisql/minisql/catalog/pgcatalog"
)

// failuresMax is how many serialization failures are remembered.
const failuresMax = 1000

// failureLog remembers the last serialization failures, for minisql.serialization_failures. They
// are lost with the process.
type failureLog struct {
	mu   sync.Mutex // guards the rest
	ring []pgcatalog.SerializationFailure
	next int // where the next one goes, once the ring is full
}

func (l *failureLog) add(f pgcatalog.SerializationFailure) {
	f.At = time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ring) < failuresMax {
		l.ring = append(l.ring, f)
		return
	}
	l.ring[l.next] = f
	l.next = (l.next + 1) % failuresMax
}

// list returns the failures, the oldest first.
func (l *failureLog) list() []pgcatalog.SerializationFailure {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Concat(l.ring[l.next:], l.ring[:l.next])
}
