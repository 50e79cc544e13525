package exec

import (
	"slices"
	"sync"
)

// recentMax is how many entries a log has.
const recentMax = 1000

// recent remembers the last entries that were added, for the views of schema minisql. They are lost
// with the process.
type recent[T any] struct {
	mu   sync.Mutex // guards the rest
	ring []T
	next int // where the next one goes, once the ring is full
}

func (l *recent[T]) add(x T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ring) < recentMax {
		l.ring = append(l.ring, x)
		return
	}
	l.ring[l.next] = x
	l.next = (l.next + 1) % recentMax
}

// list returns the entries, the oldest first.
func (l *recent[T]) list() []T {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Concat(l.ring[l.next:], l.ring[:l.next])
}
