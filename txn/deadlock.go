package txn

import (
	"context"
	"fmt"
	"strings"

	"github.com/minisql/minisql/sqlerr"
)

// sleep waits until the request that was queued is granted, or, if it is for a key, may
// be on a cycle.
func (o *owner) sleep(ctx context.Context, timeout timer) error {
	select {
	case <-o.signal:
		return nil
	case <-ctx.Done():
		return cancelled(ctx)
	case <-timeout.c():
		return errLockTimeout()
	}
}

// edge says that w's owner waits for by.
type edge struct {
	w    *waiter
	by   *owner
	soft *waiter // by only waits too, ahead of w in a table's queue
}

// findDeadlock looks for a cycle through the request w, which is queued and not
// yet asleep, or not any more. The caller holds graph, so no request is queued meanwhile;
// all owners on a cycle are asleep, so its edges stand still.
//
// A cycle through a table's queue is opened, as PostgreSQL does, by letting the
// request that only queues behind another go first; otherwise the caller fails
// with 40P01.
func (l *lockTable) findDeadlock(w *waiter) error {
	for range 100 { // each round moves one request ahead of another
		path := l.search(w.o, w.o, map[*owner]bool{})
		if path == nil {
			return nil
		}
		moved := false
		for _, e := range path {
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

// errDeadlock words the cycle as PostgreSQL does. In PostgreSQL, too, a row lock is
// a wait for the holder's transaction.
func errDeadlock(path []edge) error {
	var lines []string
	for _, e := range path {
		what := fmt.Sprintf("%s on transaction %d", ShareLock, e.by.id)
		if e.w.table != nil {
			what = fmt.Sprintf("%s on relation %d of database %d", e.w.mode, e.w.table.id, e.w.o.database)
		}
		lines = append(lines, fmt.Sprintf("Process %d waits for %s; blocked by process %d.", e.w.o.pid, what, e.by.pid))
	}
	return sqlerr.New(sqlerr.DeadlockDetected, "deadlock detected").
		WithDetail("%s", strings.Join(lines, "\n")).
		WithHint("See server log for query details.")
}
