package txn

import "github.com/minisql/minisql/ssi"

// LockInfo is one row of pg_locks.
type LockInfo struct {
	PID      int32
	Database uint32
	Txn      uint64
	Table    uint64 // LockTable's id; 0 for a key lock
	Key      []byte // nil for a table lock
	Mode     string // RowExclusiveLock …, For Update …
	Granted  bool
	FastPath bool
}

func (o *owner) info() LockInfo {
	return LockInfo{PID: o.pid, Database: o.database, Txn: o.id}
}

// Locks lists every lock held or waited for, for pg_locks. It looks at one shard
// after the other, so it is not a picture of one moment. The lock on a key whose
// version was spilled is listed once somebody else has asked for it.
func (m *Manager) Locks() []LockInfo {
	var out []LockInfo
	m.eachActive(func(t *Txn) {
		t.tableMu.Lock()
		defer t.tableMu.Unlock()
		for _, h := range t.tables {
			i := t.info()
			i.Table, i.Mode, i.Granted, i.FastPath = h.id, h.mode.String(), true, !h.shared
			out = append(out, i)
		}
	})
	m.tables.mu.Lock()
	for _, e := range m.tables.entries {
		for _, w := range e.waiters {
			i := w.o.info()
			i.Table, i.Mode = e.id, w.mode.String()
			out = append(out, i)
		}
	}
	m.tables.mu.Unlock()
	if all := m.locks.leases.Load(); all != nil {
		for _, x := range *all {
			out = x.locks(out)
		}
	}
	for s := range m.locks.shards {
		shard := &m.locks.shards[s]
		shard.mu.Lock()
		for _, e := range shard.buckets {
			for ; e != nil; e = e.next {
				key := append([]byte(nil), e.key...)
				for _, h := range e.holders {
					i := h.o.info()
					i.Key, i.Mode, i.Granted = key, h.s.String(), true
					out = append(out, i)
				}
				for _, w := range e.waiters {
					i := w.o.info()
					i.Key, i.Mode = key, w.s.String()
					out = append(out, i)
				}
			}
		}
		shard.mu.Unlock()
	}
	return out
}

// BlockedBy lists the pids that the session pid waits for, for pg_blocking_pids.
func (m *Manager) BlockedBy(pid int32) []int32 {
	var waits []*waiter
	m.eachActive(func(t *Txn) {
		if w := t.waiting.Load(); t.pid == pid && w != nil {
			waits = append(waits, w)
		}
	})
	var out []int32
	for _, w := range waits {
		for _, e := range w.blockers() {
			out = append(out, e.by.pid)
		}
	}
	return out
}

// SafeSnapshotBlockers lists the pids of the transactions on which it depends whether the
// snapshot of the session pid, READ ONLY DEFERRABLE, is safe: for pg_safe_snapshot_blocking_pids.
func (m *Manager) SafeSnapshotBlockers(pid int32) []int32 {
	var waits []*ssi.Node
	m.eachActive(func(t *Txn) {
		if n := t.safety.Load(); t.pid == pid && n != nil {
			waits = append(waits, n)
		}
	})
	var out []int32
	for _, n := range waits {
		out = append(out, n.WaitsFor()...)
	}
	return out
}

// SafeSnapshotWaits lists the pids of the sessions that wait for a safe snapshot.
func (m *Manager) SafeSnapshotWaits() []int32 {
	var out []int32
	m.eachActive(func(t *Txn) {
		if t.safety.Load() != nil {
			out = append(out, t.pid)
		}
	})
	return out
}
