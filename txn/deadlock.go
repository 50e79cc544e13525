package txn

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/minisql/minisql/sqlerr"
)

// sleep waits until w, which was just queued, is granted. It fails if w is, or with a
// deadlock timeout still is after that time, on a cycle of waiting. It unlocks graph, which
// the caller holds.
func (l *lockTable) sleep(ctx context.Context, w *waiter) error {
	o := w.o
	defer o.waiting.Store(nil)
	t, look := newTimer(o.lockTimeout), newTimer(o.deadlockTimeout)
	defer t.stop()
	defer look.stop()
	var err error
	if o.deadlockTimeout == 0 {
		err = l.findDeadlock(w)
	} else {
		err = findUpgradeDeadlock(w)
	}
	l.graph.Unlock()
	for err == nil {
		select {
		case <-o.signal:
			if w.isGranted() {
				return nil
			}
			// The key has got another holder: see expose.
			if o.deadlockTimeout > 0 {
				look.Reset(o.deadlockTimeout)
				continue
			}
		case <-ctx.Done():
			return cancelled(ctx)
		case <-t.c():
			return errLockTimeout()
		case <-look.c():
		}
		l.graph.Lock()
		err = l.findDeadlock(w)
		l.graph.Unlock()
	}
	return err
}

func (w *waiter) isGranted() bool {
	var mu *sync.Mutex
	if w.table != nil {
		mu = &w.table.locks.mu
	} else {
		mu = &w.e.shard.mu
	}
	mu.Lock()
	defer mu.Unlock()
	return w.granted
}

// edge says that w's owner waits for by.
type edge struct {
	w    *waiter
	by   *owner
	soft *waiter // by only waits too, ahead of w in a table's queue
}

// findDeadlock looks for a cycle through the request w, which is queued. The caller
// holds graph, so no request is queued meanwhile; all other owners on a cycle are asleep,
// so its edges stand still.
//
// A cycle through a table's queue is opened, as PostgreSQL does, by letting the
// last request on it that only queues behind another go first; otherwise the caller fails
// with 40P01.
func (l *lockTable) findDeadlock(w *waiter) error {
	for range 100 { // each round moves one request ahead of another
		path := l.search(w.o, w.o, map[*owner]bool{})
		if path == nil {
			return nil
		}
		moved := false
		for _, e := range slices.Backward(path) {
			if e.soft != nil && e.w.table.moveAhead(e.w, e.soft) {
				moved = true
				break
			}
		}
		if !moved {
			w.o.waiting.Store(nil) // so nobody else fails for the same cycle
			return errDeadlock(path)
		}
	}
	return nil
}

// findUpgradeDeadlock fails if w and another request wait for what the other one holds of the
// same table. That is seen without a search, so PostgreSQL does not wait before it looks.
func findUpgradeDeadlock(w *waiter) error {
	if w.table == nil {
		return nil
	}
	for _, e := range w.blockers() {
		other := e.by.waiting.Load()
		if e.soft != nil || other == nil || other.table != w.table {
			continue
		}
		for _, back := range other.blockers() {
			if back.by == w.o && back.soft == nil {
				return errDeadlock([]edge{e, back})
			}
		}
	}
	return nil
}

// search returns a path of edges from o to goal.
func (l *lockTable) search(o, goal *owner, seen map[*owner]bool) []edge {
	w := o.waiting.Load()
	if w == nil {
		return nil
	}
	for _, e := range w.blockers() {
		if e.by == goal {
			return []edge{e}
		}
		if seen[e.by] {
			continue
		}
		seen[e.by] = true
		if path := l.search(e.by, goal, seen); path != nil {
			return append([]edge{e}, path...)
		}
	}
	return nil
}

// blockers lists what w waits for.
func (w *waiter) blockers() []edge {
	if w.table != nil {
		return w.table.blockers(w)
	}
	w.e.shard.mu.Lock()
	defer w.e.shard.mu.Unlock()
	if w.granted || w.over {
		return nil
	}
	var out []edge
	for _, h := range w.e.holders {
		if h.o != w.o && h.s.conflicts(w.s) {
			out = append(out, edge{w: w, by: h.o})
		}
	}
	return out
}

// Deadlock is the cause of a 40P01: who waits for what that the next one has; the last one's is what the
// first, who fails, has.
type Deadlock struct {
	Waits  []LockWait
	Detail string // PostgreSQL's DETAIL: the same, by processes
}

// LockWait is one request that waits.
type LockWait struct {
	Who, For Party
	Key      []byte // of a row or index entry; nil: a table
	Relation uint64 // the table's id of LockTable
}

func (*Deadlock) Error() string { return "txn: deadlock" }

// errDeadlock words the cycle as PostgreSQL does. In PostgreSQL, too, a row lock is
// a wait for the holder's transaction.
func errDeadlock(path []edge) error {
	var lines []string
	cause := &Deadlock{}
	for _, e := range path {
		wait := LockWait{Who: Party{ID: e.w.o.id, PID: e.w.o.pid}, For: Party{ID: e.by.id, PID: e.by.pid}}
		if e.w.table != nil {
			wait.Relation = e.w.table.id
		} else {
			wait.Key = bytes.Clone(e.w.e.key)
		}
		cause.Waits = append(cause.Waits, wait)
		what := fmt.Sprintf("%s on transaction %d", ShareLock, e.by.id)
		if e.w.table != nil {
			what = fmt.Sprintf("%s on relation %d of database %d", e.w.mode, e.w.table.id, e.w.o.database)
		}
		lines = append(lines, fmt.Sprintf("Process %d waits for %s; blocked by process %d.", e.w.o.pid, what, e.by.pid))
	}
	cause.Detail = strings.Join(lines, "\n")
	return sqlerr.New(sqlerr.DeadlockDetected, "deadlock detected").WithDetail("%s", cause.Detail).
		WithHint("The transaction might succeed if retried.").WithCause(cause)
}
