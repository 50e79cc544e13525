package exec

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// advisoryKey names an advisory lock: of a database, by one number of 64 bits or,
// apart from those, by two of 32.
type advisoryKey struct {
	db   catalog.ID
	n    uint64
	pair bool
}

// advisoryLocks are the locks that mean only what the clients agree on. They belong
// to sessions, and to the end of a transaction or until they are given back.
//
// Invariants:
//
//	(1) Two sessions hold the same lock only if both hold it shared.
//	(2) A session that holds a lock gets it again without waiting in the queue.
//	(3) Nobody waits in a cycle of advisory locks: the request that would close it
//	    fails. (A cycle that leads through a row or table lock as well ends with
//	    lock_timeout only.)
type advisoryLocks struct {
	mu      sync.Mutex // guards entries and all in them, and waiting
	entries map[advisoryKey]*advisoryEntry
	waiting map[*Session]*advisoryWaiter
}

type advisoryEntry struct {
	holders map[*Session]*advisoryHold
	queue   []*advisoryWaiter
}

// advisoryHold counts how often a session has taken a lock, by mode.
type advisoryHold struct {
	session [2]int // until unlocked; exclusive is 1
	xact    [2]int // until the transaction ends
}

func (h *advisoryHold) exclusive() bool { return h.session[1]+h.xact[1] > 0 }
func (h *advisoryHold) empty() bool     { return *h == advisoryHold{} }

type advisoryWaiter struct {
	s         *Session
	key       advisoryKey
	exclusive bool
	granted   chan struct{} // closed by who grants
}

// advisoryRequest is one call.
type advisoryRequest struct {
	key       advisoryKey
	exclusive bool
	xact      bool
}

func (h *advisoryHold) add(r advisoryRequest, n int) {
	mode := 0
	if r.exclusive {
		mode = 1
	}
	if r.xact {
		h.xact[mode] += n
	} else {
		h.session[mode] += n
	}
}

// conflicts reports whether another session's hold is in the way. The caller holds mu.
func (e *advisoryEntry) conflicts(s *Session, exclusive bool) bool {
	for other, h := range e.holders {
		if other != s && (exclusive || h.exclusive()) {
			return true
		}
	}
	return false
}

func (e *advisoryEntry) grant(s *Session, r advisoryRequest) {
	h := e.holders[s]
	if h == nil {
		h = &advisoryHold{}
		e.holders[s] = h
	}
	h.add(r, 1)
}

// lock takes a lock, waiting for it if wait is set; otherwise it reports whether it did.
func (l *advisoryLocks) lock(ctx context.Context, s *Session, r advisoryRequest, wait bool) (bool, error) {
	l.mu.Lock()
	if l.entries == nil {
		l.entries, l.waiting = make(map[advisoryKey]*advisoryEntry), make(map[*Session]*advisoryWaiter)
	}
	e := l.entries[r.key]
	if e == nil {
		e = &advisoryEntry{holders: make(map[*Session]*advisoryHold)}
		l.entries[r.key] = e
	}
	if !e.conflicts(s, r.exclusive) && (len(e.queue) == 0 || e.holders[s] != nil) {
		e.grant(s, r)
		l.mu.Unlock()
		return true, nil
	}
	if !wait {
		l.mu.Unlock()
		return false, nil
	}
	w := &advisoryWaiter{s: s, key: r.key, exclusive: r.exclusive, granted: make(chan struct{})}
	e.queue = append(e.queue, w)
	l.waiting[s] = w
	l.mu.Unlock()
	err := l.sleep(ctx, w)
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-w.granted:
		// Granted, perhaps at the last moment.
		e.holders[s].add(advisoryRequest{key: r.key, exclusive: r.exclusive, xact: true}, -1)
		e.grant(s, r)
		return true, nil
	default:
		l.leave(w)
		return false, err
	}
}

// sleep waits until w is granted, or has to give up.
func (l *advisoryLocks) sleep(ctx context.Context, w *advisoryWaiter) error {
	after := func(d time.Duration) (<-chan time.Time, func() bool) {
		if d <= 0 {
			return nil, func() bool { return false }
		}
		t := time.NewTimer(d)
		return t.C, t.Stop
	}
	g := &w.s.settings
	if g.deadlockTimeout == 0 {
		if err := l.findDeadlock(w); err != nil {
			return err
		}
	}
	timeout, stop := after(g.lockTimeout)
	defer stop()
	look, stop := after(g.deadlockTimeout)
	defer stop()
	for {
		select {
		case <-w.granted:
			return nil
		case <-ctx.Done():
			return cancelCause(ctx)
		case <-timeout:
			return sqlerr.New(sqlerr.LockNotAvailable, "canceling statement due to lock timeout")
		case <-look:
			if err := l.findDeadlock(w); err != nil {
				return err
			}
		}
	}
}

// findDeadlock fails if w, which is queued, is on a cycle of waiting. That two requests that
// close one at the same time both fail is avoided by leaving the queue under the same hold of mu.
func (l *advisoryLocks) findDeadlock(w *advisoryWaiter) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	path := l.cycle(w.s, w.s, make(map[*Session]bool))
	if path == nil {
		return nil
	}
	err := l.deadlock(append([]*Session{w.s}, path...))
	l.leave(w)
	return err
}

// leave takes a request out of the queue, if it is in it. The caller holds mu.
func (l *advisoryLocks) leave(w *advisoryWaiter) {
	if l.waiting[w.s] != w {
		return
	}
	delete(l.waiting, w.s)
	e := l.entries[w.key]
	e.queue = slices.DeleteFunc(e.queue, func(x *advisoryWaiter) bool { return x == w })
	l.settle(w.key)
}

// settle grants what can be granted after a change. The caller holds mu.
func (l *advisoryLocks) settle(key advisoryKey) {
	e := l.entries[key]
	for len(e.queue) > 0 && !e.conflicts(e.queue[0].s, e.queue[0].exclusive) {
		w := e.queue[0]
		e.queue = e.queue[1:]
		// The waiter turns this into what it asked for.
		e.grant(w.s, advisoryRequest{key: key, exclusive: w.exclusive, xact: true})
		delete(l.waiting, w.s)
		close(w.granted)
	}
	if len(e.holders) == 0 && len(e.queue) == 0 {
		delete(l.entries, key)
	}
}

// blockers are the sessions that s waits for. The caller holds mu.
func (l *advisoryLocks) blockers(s *Session) []*Session {
	w := l.waiting[s]
	if w == nil {
		return nil
	}
	e := l.entries[w.key]
	var out []*Session
	for other, h := range e.holders {
		if other != s && (w.exclusive || h.exclusive()) {
			out = append(out, other)
		}
	}
	for _, ahead := range e.queue {
		if ahead == w {
			break
		}
		out = append(out, ahead.s)
	}
	return out
}

// cycle returns the sessions on a way from one to goal, each waiting for the next;
// nil if there is none.
func (l *advisoryLocks) cycle(from, goal *Session, seen map[*Session]bool) []*Session {
	for _, b := range l.blockers(from) {
		if b == goal {
			return []*Session{b}
		}
		if !seen[b] {
			seen[b] = true
			if path := l.cycle(b, goal, seen); path != nil {
				return append([]*Session{b}, path...)
			}
		}
	}
	return nil
}

// deadlock words a cycle, whose first session is its last, too.
func (l *advisoryLocks) deadlock(path []*Session) error {
	var lines []string
	for i, s := range path[:len(path)-1] {
		w := l.waiting[s]
		lines = append(lines, fmt.Sprintf("Process %d waits for %s on advisory lock [%d,%d,%d,%d]; blocked by process %d.",
			s.pid, advisoryMode(w.exclusive), w.key.db, w.key.class(), w.key.object(), w.key.sub(), path[i+1].pid))
	}
	return sqlerr.New(sqlerr.DeadlockDetected, "deadlock detected").WithDetail("%s", strings.Join(lines, "\n")).
		WithHint("The transaction might succeed if retried.")
}

// unlock gives a session's lock back once, and reports whether it had it.
func (l *advisoryLocks) unlock(s *Session, r advisoryRequest) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entries[r.key]
	if e == nil || e.holders[s] == nil {
		return false
	}
	h := e.holders[s]
	mode := 0
	if r.exclusive {
		mode = 1
	}
	if h.session[mode] == 0 {
		return false
	}
	h.session[mode]--
	if h.empty() {
		delete(e.holders, s)
	}
	l.settle(r.key)
	return true
}

// release gives back the locks of a session's transaction, or all that last as
// long as the session.
func (l *advisoryLocks) release(s *Session, xact bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, e := range l.entries {
		h := e.holders[s]
		if h == nil {
			continue
		}
		if xact {
			h.xact = [2]int{}
		} else {
			h.session = [2]int{}
		}
		if h.empty() {
			delete(e.holders, s)
		}
		l.settle(key)
	}
}

func advisoryMode(exclusive bool) string {
	if exclusive {
		return "ExclusiveLock"
	}
	return "ShareLock"
}

// class, object and sub are how pg_locks shows a key.
func (k advisoryKey) class() uint32  { return uint32(k.n >> 32) }
func (k advisoryKey) object() uint32 { return uint32(k.n) }
func (k advisoryKey) sub() int {
	if k.pair {
		return 2
	}
	return 1
}

// request reads the arguments of an advisory lock function.
func (y *system) request(a []types.Datum, exclusive, xact bool) advisoryRequest {
	k := advisoryKey{db: y.s.db.id, n: uint64(a[0].Int())}
	if len(a) == 2 {
		k.n, k.pair = uint64(uint32(a[0].Int()))<<32|uint64(uint32(a[1].Int())), true
	}
	return advisoryRequest{key: k, exclusive: exclusive, xact: xact}
}

// advisoryFuncs has pg_advisory_lock and its kin.
func advisoryFuncs() map[string]systemFunc {
	out := make(map[string]systemFunc)
	for _, xact := range []bool{false, true} {
		for _, exclusive := range []bool{false, true} {
			name := "advisory"
			if xact {
				name += "_xact"
			}
			name += "_lock"
			if !exclusive {
				name += "_shared"
			}
			take := func(wait bool) systemFunc {
				return func(y *system, a []types.Datum) (types.Datum, error) {
					r := y.request(a, exclusive, xact)
					ok, err := y.s.srv.advisory.lock(y.c.Context, y.s, r, wait)
					if ok && xact {
						y.s.advisoryUntilEnd()
					}
					if ok && !xact {
						y.s.advisory = true
					}
					if wait {
						return types.NewText(""), err // void
					}
					return types.NewBool(ok), err
				}
			}
			out["pg_"+name], out["pg_try_"+name] = take(true), take(false)
		}
	}
	unlock := func(exclusive bool) systemFunc {
		return func(y *system, a []types.Datum) (types.Datum, error) {
			ok := y.s.srv.advisory.unlock(y.s, y.request(a, exclusive, false))
			if !ok {
				y.s.notice("WARNING", sqlerr.New(sqlerr.Warning, "you don't own a lock of type %s", advisoryMode(exclusive)))
			}
			return types.NewBool(ok), nil
		}
	}
	out["pg_advisory_unlock"], out["pg_advisory_unlock_shared"] = unlock(true), unlock(false)
	out["pg_advisory_unlock_all"] = func(y *system, _ []types.Datum) (types.Datum, error) {
		y.s.srv.advisory.release(y.s, false)
		return types.NewText(""), nil
	}
	return out
}

// advisoryUntilEnd makes the end of the transaction give its advisory locks back.
func (s *Session) advisoryUntilEnd() {
	if s.advisoryXact || s.txn == nil {
		return
	}
	s.advisoryXact = true
	s.txn.OnEnd(func(bool) {
		s.advisoryXact = false
		s.srv.advisory.release(s, true)
	})
}

// advisoryBlockers lists the processes whose advisory locks pid waits for.
func (srv *Server) advisoryBlockers(pid int32) []int32 {
	s := srv.Session(pid)
	if s == nil {
		return nil
	}
	srv.advisory.mu.Lock()
	defer srv.advisory.mu.Unlock()
	var out []int32
	for _, b := range srv.advisory.blockers(s) {
		out = append(out, b.pid)
	}
	return out
}

// pidArray is an array of process IDs, each once.
func pidArray(pids []int32) types.Datum {
	slices.Sort(pids)
	var elems []types.Datum
	for _, p := range slices.Compact(pids) {
		elems = append(elems, types.NewInt(int64(p)))
	}
	return types.MakeArray(types.Int4OID.Type(), elems)
}
