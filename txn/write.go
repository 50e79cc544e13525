package txn

import (
	"bytes"
	"math"

	"github.com/minisql/minisql/mvcc"
)

// entryBytes is what a buffered write counts for beside its key and value.
const entryBytes = 160

// undo says that an entry got a write at cmd; what was before is behind it.
type undo struct {
	e   *entry
	cmd uint32
}

// Put buffers a write. key and value are copied. The error is 53200 when the
// transaction's locks and what else cannot be spilled grow over its limit, 25006 in a
// read-only transaction.
func (t *Txn) Put(key, value []byte) error {
	_, err := t.write(key, value, live, false)
	return err
}

// PutNew is Put for a key that the caller knows to hold nothing live, such as
// the index entry of a new row: it saves the garbage collector a look. A wrong
// promise costs disk space until the key is next written, never correctness.
func (t *Txn) PutNew(key, value []byte) error {
	e, err := t.write(key, value, live, true)
	if err == nil {
		e.promised = true
	}
	return err
}

// Delete buffers a delete; of a missing key too.
func (t *Txn) Delete(key []byte) error {
	_, err := t.write(key, nil, tombstone, false)
	return err
}

// Move is Delete(key) that tells whoever waits for the row where it went: its
// LockRow returns to as MovedTo (an UPDATE of the primary key).
func (t *Txn) Move(key, to []byte) error {
	_, err := t.write(key, to, tombstone, false)
	return err
}

func (t *Txn) write(key, value []byte, k kind, adds bool) (*entry, error) {
	switch {
	case t.ended:
		return nil, errEnded()
	case t.opts.ReadOnly:
		return nil, errReadOnly()
	case !mvcc.ValidKey(key):
		return nil, storageError(mvcc.ErrReserved)
	}
	if t.node != nil {
		if err := t.willWrite(key, adds); err != nil {
			return nil, err
		}
	}
	if need := int64(len(key) + len(value) + entryBytes); t.size+need+t.lockedBytes() > t.m.opts.SpillBytes {
		if err := t.room(need); err != nil {
			return nil, err
		}
	}
	t.size += int64(len(value))
	e := t.entry(key)
	if len(t.open) > 0 && (e.kind == absent || e.cmd != t.cmd) {
		t.undos = append(t.undos, undo{e, t.cmd})
		t.size += entryBytes / 8
	}
	w := write{value: t.writes.copy(value), cmd: t.cmd, kind: k}
	switch {
	case e.kind == absent:
	case e.cmd == t.cmd || (e.cmd >= t.stmt && len(t.open) == 0):
		w.prev = e.prev // this command's own earlier write is seen by nobody else
	default:
		old := new(write)
		*old = e.write
		if t.holds == 0 && len(t.open) == 0 { // only a cursor opened by an earlier command looks further back
			old.prev = nil
		}
		w.prev = old
		t.size += entryBytes / 2
	}
	if e.kind == absent && k != absent {
		t.written++
	}
	e.write = w
	if k == tombstone {
		e.promised = false
	}
	return e, nil
}

// DropSpan has the commit give up every key of the span, at the same cost for any
// number of keys: DROP TABLE, and TRUNCATE if it gives the table a new span. The caller
// holds AccessExclusive on the table and promises that no later transaction reads
// or writes the span; earlier snapshots still see it. This transaction's own writes
// there go with it.
func (t *Txn) DropSpan(lo, hi []byte) error {
	switch {
	case t.ended:
		return errEnded()
	case t.opts.ReadOnly:
		return errReadOnly()
	case !mvcc.ValidKey(lo) || !mvcc.ValidKey(hi):
		return storageError(mvcc.ErrReserved)
	}
	if err := t.willWriteSpan(lo, hi); err != nil {
		return err
	}
	t.drops = append(t.drops, Span{Lo: bytes.Clone(lo), Hi: bytes.Clone(hi)})
	return nil
}

// Mark is a savepoint.
type Mark struct {
	cmd                  uint32 // of the writes and locks since
	level, tables, drops int
}

// Savepoint marks the present state.
func (t *Txn) Savepoint() Mark {
	if t.cmd < math.MaxUint32 { // BeginStatement refuses to go on there
		t.cmd++
	}
	t.open = append(t.open, t.cmd)
	t.tableMu.Lock()
	tables := len(t.tables)
	t.tableMu.Unlock()
	return Mark{t.cmd, len(t.open), tables, len(t.drops)}
}

// RollbackTo undoes all writes since the savepoint and gives up the locks taken
// since. The mark stays usable; savepoints after it do not.
func (t *Txn) RollbackTo(m Mark) {
	if t.ended {
		return
	}
	n := len(t.undos)
	for ; n > 0 && t.undos[n-1].cmd >= m.cmd; n-- {
		e := t.undos[n-1].e
		for e.kind != absent && e.cmd >= m.cmd {
			if e.prev != nil {
				e.write = *e.prev
			} else {
				e.write = write{}
				t.written--
			}
		}
	}
	clear(t.undos[n:])
	t.undos = t.undos[:n]
	t.drops = t.drops[:m.drops]
	t.open = t.open[:m.level]
	t.forgetWrites(m.cmd)
	dropped := t.spill != nil && t.spill.DropFrom(m.cmd)
	held := len(t.held)
	for held > 0 && t.held[held-1].cmd >= m.cmd {
		held--
	}
	noted := t.noted
	for _, x := range t.leases {
		t.m.below.unnote(x, x.notedBefore(m.cmd))
	}
	if dropped || len(t.held) > held || t.noted < noted {
		t.epoch++ // what was read under the locks given up may change
		t.m.below.unlock(&t.owner, held, false)
	}
	t.m.tables.release(&t.owner, m.tables)
}

// Release forgets the savepoint and those after it, keeping their effects.
func (t *Txn) Release(m Mark) {
	t.open = t.open[:m.level-1]
	if len(t.open) == 0 {
		clear(t.undos)
		t.undos = t.undos[:0]
	}
}
