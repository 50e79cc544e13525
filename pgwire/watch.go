package pgwire

import (
	"syscall"
	"time"
)

// watchInterval is how often, and after how long, a running statement's client is
// looked for.
const watchInterval = 2 * time.Second

// watch cancels the statements of clients that have gone away. Their own goroutines
// would notice at the next write only, which a long statement may never get to.
func (s *Server) watch(stop <-chan struct{}) {
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	running := make(map[*conn]uint64)
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		s.mu.Lock()
		all := make([]*conn, 0, len(s.conns))
		for c := range s.conns {
			all = append(all, c)
		}
		s.mu.Unlock()
		next := make(map[*conn]uint64)
		for _, c := range all {
			n := c.steps.Load()
			if n%2 == 0 {
				continue
			}
			next[c] = n
			if p := c.protocol.Load(); p != nil && running[c] == n && gone(c.nc) {
				p.Cancel()
			}
		}
		running = next
	}
}

// gone reports whether the other end has closed the connection, as far as can be told
// without taking anything from it.
func gone(nc any) bool {
	sc, ok := nc.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return false
	}
	closed := false
	_ = raw.Control(func(fd uintptr) { closed = peekEOF(fd) })
	return closed
}
