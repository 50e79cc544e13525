package txn

import (
	"context"
	"sync"
	"sync/atomic"
)

// TableLockMode is one of PostgreSQL's eight.
type TableLockMode uint8

// In PostgreSQL's order.
const (
	AccessShare TableLockMode = iota + 1
	RowShare
	RowExclusive
	ShareUpdateExclusive
	ShareLock
	ShareRowExclusive
	Exclusive
	AccessExclusive
)

// String is the name in pg_locks.
func (m TableLockMode) String() string {
	return [...]string{"", "AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock",
		"ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"}[m]
}

func bit(m TableLockMode) uint16 { return 1 << m }

// tableConflicts is PostgreSQL's table "Conflicting Lock Modes".
var tableConflicts = [...]uint16{
	AccessShare:          bit(AccessExclusive),
	RowShare:             bit(Exclusive) | bit(AccessExclusive),
	RowExclusive:         bit(ShareLock) | bit(ShareRowExclusive) | bit(Exclusive) | bit(AccessExclusive),
	ShareUpdateExclusive: bit(ShareUpdateExclusive) | bit(ShareLock) | bit(ShareRowExclusive) | bit(Exclusive) | bit(AccessExclusive),
	ShareLock: bit(RowExclusive) | bit(ShareUpdateExclusive) | bit(ShareRowExclusive) | bit(Exclusive) |
		bit(AccessExclusive),
	ShareRowExclusive: bit(RowExclusive) | bit(ShareUpdateExclusive) | bit(ShareLock) | bit(ShareRowExclusive) |
		bit(Exclusive) | bit(AccessExclusive),
	Exclusive: bit(RowShare) | bit(RowExclusive) | bit(ShareUpdateExclusive) | bit(ShareLock) | bit(ShareRowExclusive) |
		bit(Exclusive) | bit(AccessExclusive),
	AccessExclusive: bit(AccessShare) | bit(RowShare) | bit(RowExclusive) | bit(ShareUpdateExclusive) | bit(ShareLock) |
		bit(ShareRowExclusive) | bit(Exclusive) | bit(AccessExclusive),
}

// weak modes never conflict with each other.
func (m TableLockMode) weak() bool { return m <= RowExclusive }

// tableHold is one table lock of an owner.
type tableHold struct {
	id     uint64
	mode   TableLockMode
	shared bool // it is in the shared table, not only here
}

// tableLocks holds the table locks.
//
// A weak lock is normally noted in its owner's list only (the fast path). Whoever
// wants a strong lock first raises strong for the table, and then moves everybody's weak
// locks on it into the shared table:
//
//	weak locker:   note the lock (owner.tableMu)   then look at strong
//	strong locker: raise strong                    then look at the notes
//
// so that at least one of them sees the other.
//
// Lock order: lockTable.graph → mu → activeStripe.mu → owner.tableMu. Queues are first come,
// first served: a request also waits for conflicting requests ahead of it.
type tableLocks struct {
	m      *Manager
	strong [tableStrong]atomic.Int32 // strong locks held or asked for, by id

	mu      sync.Mutex // guards entries and everything in them
	entries map[uint64]*tableEntry
}

const tableStrong = 1024

type tableEntry struct {
	locks   *tableLocks
	id      uint64
	holders []tableHolder
	waiters []*waiter
}

type tableHolder struct {
	o     *owner
	modes uint16
}

func newTableLocks(m *Manager) *tableLocks {
	return &tableLocks{m: m, entries: map[uint64]*tableEntry{}}
}

func (l *tableLocks) strongOf(id uint64) *atomic.Int32 {
	return &l.strong[(id*0x9E3779B97F4A7C15)>>54%tableStrong]
}

// LockTable locks the table id until the transaction ends. Planning must be
// repeated if Manager.SchemaVersion moved meanwhile. With nowait a conflict is
// ErrWouldBlock, which the caller turns into 55P03 "could not obtain lock on relation …".
func (t *Txn) LockTable(ctx context.Context, id uint64, mode TableLockMode, nowait bool) error {
	if t.ended {
		return errEnded()
	}
	o := &t.owner
	o.tableMu.Lock()
	for i := range o.tables {
		if h := &o.tables[i]; h.id == id && h.mode == mode {
			o.tableMu.Unlock()
			return nil
		}
	}
	l := t.m.tables
	if mode.weak() {
		o.tables = append(o.tables, tableHold{id: id, mode: mode})
		o.tableMu.Unlock()
		if l.strongOf(id).Load() == 0 {
			return nil
		}
		// Somebody holds or wants a strong lock: ask properly. If the note was moved
		// to the shared table meanwhile, the lock is held.
		o.tableMu.Lock()
		last := len(o.tables) - 1
		if o.tables[last].shared {
			o.tableMu.Unlock()
			return nil
		}
		o.tables = o.tables[:last]
	}
	o.tableMu.Unlock()
	return l.acquire(ctx, o, id, mode, nowait)
}

func (l *tableLocks) acquire(ctx context.Context, o *owner, id uint64, mode TableLockMode, nowait bool) error {
	if !mode.weak() {
		l.strongOf(id).Add(1)
	}
	err := l.acquireShared(ctx, o, id, mode, nowait)
	if err != nil {
		if !mode.weak() {
			l.strongOf(id).Add(-1)
		}
		return err
	}
	o.tableMu.Lock()
	o.tables = append(o.tables, tableHold{id: id, mode: mode, shared: true})
	o.tableMu.Unlock()
	return nil
}

func (l *tableLocks) acquireShared(ctx context.Context, o *owner, id uint64, mode TableLockMode, nowait bool) error {
	graph := &l.m.locks.graph
	graph.Lock()
	l.mu.Lock()
	e := l.entries[id]
	if e == nil {
		e = &tableEntry{locks: l, id: id}
		l.entries[id] = e
	}
	if !mode.weak() {
		l.collectNotes(e)
	}
	if e.tryGrant(o, mode, len(e.waiters)) {
		l.mu.Unlock()
		graph.Unlock()
		return nil
	}
	if nowait {
		e.forgetIfEmpty()
		l.mu.Unlock()
		graph.Unlock()
		return ErrWouldBlock
	}
	w := &waiter{o: o, table: e, mode: mode}
	e.waiters = append(e.waiters, w)
	o.startWaiting(w)
	l.mu.Unlock()
	err := l.m.locks.sleep(ctx, w)

	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		return nil
	}
	if w.granted { // at the same moment: give it back
		e.drop(o, mode)
	}
	for i, x := range e.waiters {
		if x == w {
			e.waiters = append(e.waiters[:i], e.waiters[i+1:]...)
			break
		}
	}
	e.grantWaiters()
	e.forgetIfEmpty()
	return err
}

// collectNotes moves weak locks on e's table from their owners' lists.
func (l *tableLocks) collectNotes(e *tableEntry) {
	l.m.eachActive(func(t *Txn) {
		o := &t.owner
		o.tableMu.Lock()
		defer o.tableMu.Unlock()
		for i := range o.tables {
			if h := &o.tables[i]; h.id == e.id && !h.shared {
				h.shared = true
				e.hold(o, h.mode)
			}
		}
	})
}

func (e *tableEntry) hold(o *owner, mode TableLockMode) {
	for i := range e.holders {
		if e.holders[i].o == o {
			e.holders[i].modes |= bit(mode)
			return
		}
	}
	e.holders = append(e.holders, tableHolder{o, bit(mode)})
}

func (e *tableEntry) drop(o *owner, mode TableLockMode) {
	for i := range e.holders {
		if h := &e.holders[i]; h.o == o {
			if h.modes &^= bit(mode); h.modes == 0 {
				e.holders = append(e.holders[:i], e.holders[i+1:]...)
			}
			return
		}
	}
}

func (e *tableEntry) holds(o *owner) bool {
	for i := range e.holders {
		if e.holders[i].o == o {
			return true
		}
	}
	return false
}

// tryGrant grants mode unless another holder, or one of the first ahead waiters,
// conflicts. Who holds a lock on the table already does not queue.
func (e *tableEntry) tryGrant(o *owner, mode TableLockMode, ahead int) bool {
	for i := range e.holders {
		if h := &e.holders[i]; h.o != o && h.modes&tableConflicts[mode] != 0 {
			return false
		}
	}
	if !e.holds(o) {
		for _, w := range e.waiters[:ahead] {
			if w.o != o && bit(w.mode)&tableConflicts[mode] != 0 {
				return false
			}
		}
	}
	e.hold(o, mode)
	return true
}

func (e *tableEntry) grantWaiters() {
	for i := 0; i < len(e.waiters); {
		w := e.waiters[i]
		if !e.tryGrant(w.o, w.mode, i) {
			i++
			continue
		}
		e.waiters = append(e.waiters[:i], e.waiters[i+1:]...)
		w.granted = true
		w.o.wake()
	}
}

func (e *tableEntry) forgetIfEmpty() {
	if len(e.holders) == 0 && len(e.waiters) == 0 {
		delete(e.locks.entries, e.id)
	}
}

// blockers lists holders, and waiters ahead, that w waits for.
func (e *tableEntry) blockers(w *waiter) []edge {
	e.locks.mu.Lock()
	defer e.locks.mu.Unlock()
	if w.granted {
		return nil
	}
	var out []edge
	for _, h := range e.holders {
		if h.o != w.o && h.modes&tableConflicts[w.mode] != 0 {
			out = append(out, edge{w: w, by: h.o})
		}
	}
	if e.holds(w.o) {
		return out
	}
	for _, ahead := range e.waiters {
		if ahead == w {
			break
		}
		if bit(ahead.mode)&tableConflicts[w.mode] != 0 {
			out = append(out, edge{w: w, by: ahead.o, soft: ahead})
		}
	}
	return out
}

// moveAhead puts w before ahead in the queue, unless it is there already.
func (e *tableEntry) moveAhead(w, ahead *waiter) bool {
	e.locks.mu.Lock()
	defer e.locks.mu.Unlock()
	from, to := -1, -1
	for i, x := range e.waiters {
		switch x {
		case w:
			from = i
		case ahead:
			to = i
		}
	}
	if from < 0 || to < 0 || from < to {
		return false
	}
	copy(e.waiters[to+1:from+1], e.waiters[to:from])
	e.waiters[to] = w
	e.grantWaiters()
	return true
}

// release gives up o's table locks from index from on.
func (l *tableLocks) release(o *owner, from int) {
	o.tableMu.Lock()
	if len(o.tables) == from {
		o.tableMu.Unlock()
		return
	}
	anyShared := false
	for _, h := range o.tables[from:] {
		anyShared = anyShared || h.shared
	}
	if !anyShared {
		o.tables = o.tables[:from]
		o.tableMu.Unlock()
		return
	}
	given := append([]tableHold(nil), o.tables[from:]...)
	o.tables = o.tables[:from]
	o.tableMu.Unlock()

	l.mu.Lock()
	defer l.mu.Unlock()
	for _, h := range given {
		if !h.shared {
			continue
		}
		e := l.entries[h.id]
		e.drop(o, h.mode)
		if !h.mode.weak() {
			l.strongOf(h.id).Add(-1)
		}
		e.grantWaiters()
		e.forgetIfEmpty()
	}
}
