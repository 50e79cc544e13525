package exec

import (
	"context"
	"encoding/binary"
	"math"
	"sync"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
)

// sequence is the state of a sequence, shared by all sessions. It advances
// outside transactions: numbers are reserved in the store ahead of their use, in
// blocks, so that after a crash some are skipped and none comes twice.
type sequence struct {
	db *database
	id catalog.ID

	mu     sync.Mutex // guards what follows
	loaded bool
	last   int64 // last value handed out, or the start if !called
	called bool
	ahead  int64 // values that may be handed out before the store must be told again
}

// sequenceAhead is how many values are reserved at a time, as PostgreSQL logs them.
const sequenceAhead = 32

func (db *database) sequence(id catalog.ID) *sequence {
	db.mu.Lock()
	defer db.mu.Unlock()
	q := db.sequences[id]
	if q == nil {
		q = &sequence{db: db, id: id}
		db.sequences[id] = q
	}
	return q
}

// load reads the stored state; a sequence without one has never been used.
// The caller holds mu.
func (q *sequence) load(t *txn.Txn, d *catalog.Sequence) error {
	if q.loaded {
		return nil
	}
	v, ok, err := t.GetLatest(catalog.SequenceKey(q.db.id, q.id))
	if err != nil {
		return err
	}
	q.last, q.called, q.ahead = d.Start, false, 0
	if ok && len(v) == 9 {
		q.last, q.called = int64(binary.BigEndian.Uint64(v)), v[8] != 0
	}
	q.loaded = true
	return nil
}

func (q *sequence) store(last int64, called bool) error {
	b := binary.BigEndian.AppendUint64(nil, uint64(last))
	if called {
		b = append(b, 1)
	} else {
		b = append(b, 0)
	}
	return q.db.srv.mgr.WriteNow(catalog.SequenceKey(q.db.id, q.id), b)
}

// settle writes the exact state, for a clean shutdown.
func (q *sequence) settle() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.loaded || q.ahead == 0 {
		return nil
	}
	q.ahead = 0
	return q.store(q.last, q.called)
}

// step returns the value after v, and false at the end of the sequence.
func step(d *catalog.Sequence, v int64) (int64, bool) {
	if d.Increment > 0 {
		if v > math.MaxInt64-d.Increment || v+d.Increment > d.Max {
			return d.Min, false
		}
	} else if v < math.MinInt64-d.Increment || v+d.Increment < d.Min {
		return d.Max, false
	}
	return v + d.Increment, true
}

func (q *sequence) next(t *txn.Txn, name string, d *catalog.Sequence) (int64, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.load(t, d); err != nil {
		return 0, err
	}
	v := q.last
	if q.called {
		var ok bool
		if v, ok = step(d, q.last); !ok && !d.Cycle {
			if d.Increment > 0 {
				return 0, sqlerr.New(sqlerr.SequenceGeneratorLimitExceeded, "nextval: reached maximum value of sequence %q (%d)", name, d.Max)
			}
			return 0, sqlerr.New(sqlerr.SequenceGeneratorLimitExceeded, "nextval: reached minimum value of sequence %q (%d)", name, d.Min)
		}
	}
	if q.ahead == 0 {
		reserved := v
		n := int64(0)
		for ; n < sequenceAhead; n++ {
			r, ok := step(d, reserved)
			if !ok {
				break
			}
			reserved = r
		}
		if err := q.store(reserved, true); err != nil {
			return 0, err
		}
		q.ahead = n + 1
	}
	q.ahead--
	q.last, q.called = v, true
	return v, nil
}

func (q *sequence) set(v int64, called bool) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.store(v, called); err != nil {
		return err
	}
	q.loaded, q.last, q.called, q.ahead = true, v, called, 0
	return nil
}

// state returns last_value and is_called.
func (q *sequence) state(t *txn.Txn, d *catalog.Sequence) (int64, bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	err := q.load(t, d)
	return q.last, q.called, err
}

func isSequence(t *catalog.Table) error {
	if t == nil || t.Sequence == nil {
		name := ""
		if t != nil {
			name = t.Name
		}
		return sqlerr.New(sqlerr.WrongObjectType, "%q is not a sequence", name)
	}
	return nil
}

// NextVal is nextval().
func (s *Session) NextVal(_ context.Context, seq *catalog.Table) (int64, error) {
	if err := isSequence(seq); err != nil {
		return 0, err
	}
	if s.txn.Options().ReadOnly {
		return 0, errReadOnlyTxn("nextval()")
	}
	v, err := s.db.sequence(seq.ID).next(s.txn, seq.Name, seq.Sequence)
	if err == nil {
		s.currval[seq.ID] = v
		s.lastSeq = seq.ID
	}
	return v, err
}

// CurrVal is currval().
func (s *Session) CurrVal(seq *catalog.Table) (int64, error) {
	if err := isSequence(seq); err != nil {
		return 0, err
	}
	v, ok := s.currval[seq.ID]
	if !ok {
		return 0, sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "currval of sequence %q is not yet defined in this session", seq.Name)
	}
	return v, nil
}

// SetVal is setval().
func (s *Session) SetVal(_ context.Context, seq *catalog.Table, value int64, called bool) error {
	if err := isSequence(seq); err != nil {
		return err
	}
	if s.txn.Options().ReadOnly {
		return errReadOnlyTxn("setval()")
	}
	if d := seq.Sequence; value < d.Min || value > d.Max {
		return sqlerr.New(sqlerr.NumericValueOutOfRange, "setval: value %d is out of bounds for sequence %q (%d..%d)", value, seq.Name, d.Min, d.Max)
	}
	if called {
		s.currval[seq.ID] = value
	}
	return s.db.sequence(seq.ID).set(value, called)
}

// LastVal is lastval().
func (s *Session) LastVal() (int64, error) {
	v, ok := s.currval[s.lastSeq]
	if !ok {
		return 0, sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "lastval is not yet defined in this session")
	}
	return v, nil
}

// Catalog is the catalog that the session's running statement sees.
func (s *Session) Catalog() *catalog.Catalog {
	if s.txn != nil {
		if sc, err := s.schemaFor(s.txn); err == nil {
			return sc.cat
		}
	}
	if sc := s.db.current.Load(); sc != nil {
		return sc.cat
	}
	return catalog.New(&catalog.Database{ID: s.db.id, Name: s.name}, 0, nil, nil)
}
