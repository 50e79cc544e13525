package shell

import (
	"os"
	"os/signal"
	"sync"

	"github.com/minisql/minisql"
)

// interrupt turns SIGINT into a cancel of the running statement.
type interrupt struct {
	bad  bool      // what was shown went wrong
	then []*result // of \gexec

	mu     sync.Mutex // guards what follows
	s      *minisql.Session
	active bool
	abort  bool // a SIGINT came
}

// listen begins; the function it returns ends.
func (i *interrupt) listen() func() {
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-done:
				return
			case <-c:
				i.mu.Lock()
				again := i.abort
				i.abort = true
				if i.active && i.s != nil {
					i.s.Cancel()
				}
				idle := !i.active
				i.mu.Unlock()
				if again && idle {
					// Twice, and nothing to cancel: a script that waits for input.
					signal.Stop(c)
				}
			}
		}
	}()
	return func() {
		signal.Stop(c)
		close(done)
	}
}

func (i *interrupt) session(s *minisql.Session) {
	i.mu.Lock()
	i.s = s
	i.mu.Unlock()
}

func (i *interrupt) start() {
	i.mu.Lock()
	i.active, i.abort = true, false
	i.mu.Unlock()
}

func (i *interrupt) end() {
	i.mu.Lock()
	i.active = false
	i.mu.Unlock()
}

// takeAbort reports whether a SIGINT came since the last start.
func (i *interrupt) takeAbort() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	a := i.abort
	i.abort = false
	return a
}
