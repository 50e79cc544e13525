package shell

import (
	"fmt"
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

// listen begins; the function it returns ends. A SIGINT that finds nothing to cancel
// ends a shell without a terminal, as it ends any program.
func (i *interrupt) listen(terminal bool) func() {
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
				i.abort = true
				active := i.active
				if active && i.s != nil {
					i.s.Cancel()
				}
				i.mu.Unlock()
				switch {
				case active && terminal:
					fmt.Fprintln(os.Stderr, "Cancel request sent")
				case !active && !terminal:
					signal.Reset(os.Interrupt)
					if p, err := os.FindProcess(os.Getpid()); err == nil {
						_ = p.Signal(os.Interrupt)
					}
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
	i.active = true
	i.mu.Unlock()
}

func (i *interrupt) end() {
	i.mu.Lock()
	i.active = false
	i.mu.Unlock()
}

// takeAbort reports whether a SIGINT came, and forgets it.
func (i *interrupt) takeAbort() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	a := i.abort
	i.abort = false
	return a
}
