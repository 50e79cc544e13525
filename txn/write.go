package txn

import (
	"bytes"

	"github.com/minisql/minisql/mvcc"
)

// entryBytes is what a buffered write counts for beside its key and value.
const entryBytes = 160

// undo restores an entry to what it was before a write.
type undo struct {
	e   *entry
	old write
}

// Put buffers a write. key and value are copied. The error is 53200 when the
// transaction grows over its limit, 25006 in a read-only transaction.
func (t *Txn) Put(key, value []byte) error {
	_, err := t.write(key, value, live)
	return err
}

// PutNew is Put for a key that the caller knows to hold nothing live, such as
// the index entry of a new row: it saves the garbage collector a look. A wrong
// promise costs disk space until the key is next written, never correctness.
func (t *Txn) PutNew(key, value []byte) error {
	e, err := t.write(key, value, live)
	if err == nil {
		e.promised = true
	}
	return err
}

// Delete buffers a delete; of a missing key too.
func (t *Txn) Delete(key []byte) error {
	_, err := t.write(key, nil, tombstone)
	return err
}

// Move is Delete(key) that tells whoever waits for the row where it went: its
// LockRow returns to as MovedTo (an UPDATE of the primary key).
func (t *Txn) Move(key, to []byte) error {
	_, err := t.write(key, to, tombstone)
	return err
}

func (t *Txn) write(key, value []byte, k kind) (*entry, error) {
	switch {
	case t.ended:
		return nil, errEnded()
	case t.opts.ReadOnly:
		return nil, errReadOnly()
	case !mvcc.ValidKey(key):
		return nil, storageError(mvcc.ErrReserved)
	}
	t.size += int64(len(value))
	if t.size+int64(len(key)+entryBytes)+int64(len(t.held))*lockBytes > t.m.opts.MaxTransactionBytes {
		t.size -= int64(len(value))
		return nil, errTooLarge(t.m.opts.MaxTransactionBytes)
	}
	e := t.writes.find(key)
	if e == nil {
		e = t.writes.insert(key)
		t.size += entryBytes + int64(len(key))
	}
	if t.marks > 0 {
		t.undos = append(t.undos, undo{e, e.write})
		t.size += entryBytes / 2
	}
	w := write{value: t.writes.copy(value), cmd: t.cmd, kind: k}
	switch {
	case e.kind == absent:
	case e.cmd == t.cmd: // this command's own earlier write is seen by nobody else
		w.prev = e.prev
	default:
		old := new(write)
		*old = e.write
		if t.holds == 0 { // only a cursor opened by an earlier command looks further back
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
	t.drops = append(t.drops, Span{Lo: bytes.Clone(lo), Hi: bytes.Clone(hi)})
	return nil
}

// Mark is a savepoint.
type Mark struct{ undo, held, tables, drops, marks int }

// Savepoint marks the present state.
func (t *Txn) Savepoint() Mark {
	t.marks++
	t.tableMu.Lock()
	tables := len(t.tables)
	t.tableMu.Unlock()
	return Mark{len(t.undos), len(t.held), tables, len(t.drops), t.marks}
}

// RollbackTo undoes all writes since the savepoint and gives up the locks taken
// since. The mark stays usable; savepoints after it do not.
func (t *Txn) RollbackTo(m Mark) {
	if t.ended {
		return
	}
	for i := len(t.undos) - 1; i >= m.undo; i-- {
		u := &t.undos[i]
		if u.old.kind == absent && u.e.kind != absent {
			t.written--
		}
		u.e.write = u.old
	}
	clear(t.undos[m.undo:])
	t.undos = t.undos[:m.undo]
	t.drops = t.drops[:m.drops]
	t.marks = m.marks
	if len(t.held) > m.held {
		t.epoch++ // what was read under the locks given up may change
		t.m.below.unlock(&t.owner, m.held)
	}
	t.m.tables.release(&t.owner, m.tables)
}

// Release forgets the savepoint and those after it, keeping their effects.
func (t *Txn) Release(m Mark) {
	t.marks = m.marks - 1
	if t.marks == 0 {
		clear(t.undos)
		t.undos = t.undos[:0]
	}
}
