package txn

import (
	"bytes"
	"context"
	"errors"

	"github.com/minisql/minisql/mvcc"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/ssi"
)

// The parts of an explanation why a transaction could not be serialized; see ssi.
type (
	// Failure is the whole of it.
	Failure = ssi.Failure
	// Step is one edge of the cycle.
	Step = ssi.Step
	// Side is one end of a step.
	Side = ssi.Side
	// Party names a transaction.
	Party = ssi.Party
	// Filter is what a scan asks of rows.
	Filter = ssi.Filter
)

// The kinds of a Step.
const (
	ReadWrite  = ssi.ReadWrite
	WriteRead  = ssi.WriteRead
	WriteWrite = ssi.WriteWrite
)

// SSIStats are the gauges of the serializable transactions; see ssi.
type SSIStats = ssi.Stats

// SSIStats returns the present gauges.
func (m *Manager) SSIStats() SSIStats { return m.ssi.Stats() }

// enterGraph makes the transaction one that ssi knows, with the snapshot that it takes.
// READ ONLY DEFERRABLE waits for a safe one, or starts at the last one, and then needs nothing more.
func (t *Txn) enterGraph(ctx context.Context) error {
	if t.opts.ReadOnly && t.opts.Deferrable && t.opts.LastSafe {
		take := func(at mvcc.Timestamp) bool { return at >= t.after && t.snap.TakeAt(at) == nil }
		if t.m.ssi.LastSafe(take) {
			return nil
		}
	}
	who := ssi.Party{ID: t.id, PID: t.pid}
	take := func() mvcc.Timestamp { return t.snap.Take() }
	if t.oneQuery && !t.opts.ReadOnly {
		t.node = t.m.ssi.Query(who, take)
		return nil
	}
	for {
		n := t.m.ssi.Begin(who, t.opts.ReadOnly, take)
		if t.opts.ReadOnly && n.Decided() == nil {
			return nil // safe at once
		}
		if !t.opts.ReadOnly || !t.opts.Deferrable {
			t.node = n
			return nil
		}
		t.safety.Store(n)
		err := waitSafe(ctx, n)
		t.safety.Store(nil)
		if err != nil {
			n.Abort()
			return err
		}
		if n.Safe() {
			return nil
		}
		n.Abort() // and try again with a newer snapshot
	}
}

// OneQuery tells that the transaction, which has read and written nothing yet, is one statement, and that this writes nothing.
// The next BeginStatement takes a snapshot anew if there was one.
func (t *Txn) OneQuery() {
	if t.opts.Level != Serializable || t.opts.ReadOnly {
		return
	}
	t.oneQuery = true
	if t.node != nil {
		t.node.Abort()
		t.node = nil
		t.snap.Close()
		t.snap = nil
	}
}

// Narrow tells of a transaction that it will have read nothing but what it writes, or write nothing; see ssi.Node.Narrow.
func (t *Txn) Narrow() {
	if t.node != nil {
		t.node.Narrow()
	}
}

// WantLastSafe tells that one more, or one less, may begin transactions with Options.LastSafe.
func (m *Manager) WantLastSafe(more bool) { m.ssi.WantLastSafe(more) }

// keepSafe is ssi.Options.Keep.
func (m *Manager) keepSafe(at mvcc.Timestamp) bool {
	var kept *mvcc.Snapshot
	if at != 0 {
		kept = m.below.snapshot()
		if kept.TakeAt(at) != nil {
			kept.Close()
			return false
		}
	}
	if m.safe != nil { // not before the new one is registered
		m.safe.Close()
	}
	m.safe = kept
	return true
}

func waitSafe(ctx context.Context, n *ssi.Node) error {
	select {
	case <-n.Decided():
		return nil
	case <-ctx.Done():
		return cancelled(ctx)
	}
}

// tracked reports whether reads and writes of key matter to ssi.
func (t *Txn) tracked(key []byte) bool {
	return t.node != nil && (t.m.opts.Tracked == nil || t.m.opts.Tracked(key))
}

// Watched reports whether ssi follows the transaction: then Change, GetWhere and Where pay.
func (t *Txn) Watched() bool { return t.node != nil }

// Change tells what the writes that follow in this statement do to a row, until the next Change: those
// of its key and of its index entries. nil is no row. Both are copied.
func (t *Txn) Change(old, new []byte) {
	if t.node != nil {
		t.change = t.node.NewChange(old, new, t.cmd)
	}
}

// look is a look at a key that the statement is about to write. It is registered together with the write, or before
// whatever comes first.
type look struct {
	key    []byte
	at     mvcc.Timestamp // 0: there is none
	filter Filter
	room   [40]byte // memory for key
}

// GetToWrite is GetWhere for a row that is changed next, if it meets the condition.
func (t *Txn) GetToWrite(key []byte, f Filter) (value []byte, ok bool, err error) {
	t.toWrite = t.opts.Level == Serializable && t.node != nil
	defer func() { t.toWrite = false }()
	return t.get(key, t.limit, t.Snapshot(), f)
}

// registerLook registers the look that has waited for a write.
func (t *Txn) registerLook() error {
	if t.look.at == 0 {
		return nil
	}
	at := t.look.at
	t.look.at = 0
	return serializationError(t.node.Read(t.look.key, at, t.look.filter))
}

// didRead registers a look at one key; see ssi.Node.Read.
func (t *Txn) didRead(key []byte, at mvcc.Timestamp, f Filter) error {
	if !t.tracked(key) {
		return nil
	}
	if err := t.registerLook(); err != nil {
		return err
	}
	if t.toWrite {
		t.look.key, t.look.at, t.look.filter = append(t.look.room[:0], key...), at, f
		return nil
	}
	return serializationError(t.node.Read(key, at, f))
}

// didScan registers what the scanner has come over since the last call: as far as the last key
// of the run, or to the end of the span. A scan that will not stop before is registered at once.
func (s *Scanner) didScan(run *Run) error {
	t := s.t
	if t.node == nil || s.mode == Current || !t.tracked(s.span.Lo) {
		return nil
	}
	if s.registered {
		return nil
	}
	if err := t.registerLook(); err != nil {
		return err
	}
	s.registered = s.whole
	lo, hi := s.seen, s.span.Hi
	if s.span.Reverse {
		lo, hi = s.span.Lo, s.seen
	}
	if n := run.Len(); n > 0 && !s.whole {
		last := run.Keys[n-1]
		if s.span.Reverse {
			lo = last
			s.seen = append(s.seen[:0:0], last...)
		} else {
			hi = append(bytes.Clone(last), 0)
			s.seen = hi
		}
	}
	return serializationError(t.node.ReadRange(lo, hi, s.began, s.filter))
}

// willWrite registers a write; see ssi.Node.Write.
func (t *Txn) willWrite(key []byte, adds bool) error {
	if t.oneQuery {
		return sqlerr.New(sqlerr.Internal, "a transaction that was to be one query writes")
	}
	if !t.tracked(key) || t.owns(key) != nil { // of an own span, all is registered
		return nil
	}
	if t.look.at != 0 && bytes.Equal(t.look.key, key) {
		at := t.look.at
		t.look.at = 0
		return serializationError(t.node.Write(key, adds, t.change, at, t.look.filter))
	}
	if err := t.registerLook(); err != nil {
		return err
	}
	return serializationError(t.node.Write(key, adds, t.change, 0, nil))
}

// willWriteSpan registers that a whole span is written: emptied, or created.
func (t *Txn) willWriteSpan(lo, hi []byte) error {
	if !t.tracked(lo) {
		return nil
	}
	if err := t.registerLook(); err != nil {
		return err
	}
	return serializationError(t.node.WriteRange(lo, hi))
}

// precommit asks whether the transaction is on a cycle.
func (t *Txn) precommit() error {
	if t.node == nil {
		return nil
	}
	if err := t.registerLook(); err != nil {
		return err
	}
	var err error
	writes := t.Wrote() || t.schema
	if t.anomaly, err = t.node.Precommit(writes, t.opts.Detect == DetectError); err == nil && !writes {
		t.node = nil // it may become another transaction's
	}
	if f, ok := errors.AsType[*ssi.Failure](err); ok && f == t.anomaly {
		return sqlerr.New(sqlerr.SerializationFailure, "could not commit because of an anomaly: %s", f.Name()).
			WithHint("The transaction might succeed if retried. minisql.detect_anomalies is \"error\".").WithCause(f)
	}
	return serializationError(err)
}

// forgetWrites takes back what was registered of writes since a command that RollbackTo has undone.
func (t *Txn) forgetWrites(command uint32) {
	if t.node == nil || t.spill != nil { // of what is spilled the keys are not known: it stays
		return
	}
	t.node.RollbackTo(command, func(write func(key []byte, adds bool)) {
		t.writes.ascend(nil, func(e *entry) bool {
			if e.kind != absent && t.tracked(e.key) && t.owns(e.key) == nil {
				write(e.key, e.promised)
			}
			return true
		})
	})
}

func serializationError(err error) error {
	f, ok := errors.AsType[*ssi.Failure](err)
	if !ok {
		return err
	}
	return sqlerr.New(sqlerr.SerializationFailure, "could not serialize access due to read/write dependencies among transactions").
		WithHint("The transaction might succeed if retried.").WithCause(f)
}
