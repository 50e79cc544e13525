package minisql

import (
	"context"
	"errors"
)

// Batch is a queue of statements that run one after the other, in one transaction
// unless they say otherwise.
type Batch struct{ queue []*QueuedQuery }

// QueuedQuery is a statement of a Batch.
type QueuedQuery struct {
	SQL       string
	Arguments []any
	fn        func(*BatchResults) error
}

// Queue adds a statement.
func (b *Batch) Queue(sql string, args ...any) *QueuedQuery {
	q := &QueuedQuery{SQL: sql, Arguments: args}
	b.queue = append(b.queue, q)
	return q
}

// Len is the number of statements.
func (b *Batch) Len() int { return len(b.queue) }

// Query has f called with the statement's rows when the results are closed.
func (q *QueuedQuery) Query(f func(*Rows) error) {
	q.fn = func(br *BatchResults) error {
		rows, _ := br.Query()
		defer rows.Close()
		if err := f(rows); err != nil {
			return err
		}
		rows.Close()
		return rows.Err()
	}
}

// QueryRow has f called with the statement's first row when the results are closed.
func (q *QueuedQuery) QueryRow(f func(Row) error) {
	q.fn = func(br *BatchResults) error { return f(br.QueryRow()) }
}

// Exec has f called with the statement's tag when the results are closed.
func (q *QueuedQuery) Exec(f func(CommandTag) error) {
	q.fn = func(br *BatchResults) error {
		tag, err := br.Exec()
		if err != nil {
			return err
		}
		return f(tag)
	}
}

// BatchResults are the results of a Batch, in the order of its statements. A
// statement runs when its result is asked for, the rest at Close, which has to be
// called. After an error none of the following run, and what was not committed yet
// is rolled back.
type BatchResults struct {
	s     *Session
	ctx   context.Context
	b     *Batch
	at    int
	err   error
	ended bool
	owned bool // Close releases s
}

var errBatchEnd = errors.New("no more results in batch")

// SendBatch runs a batch in the session, which is the batch's until the results are closed.
func (s *Session) SendBatch(ctx context.Context, b *Batch) *BatchResults {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ready(ctx); err != nil {
		return &BatchResults{err: err}
	}
	if s.inBatch {
		return &BatchResults{err: ErrBusy}
	}
	s.inBatch = true
	return &BatchResults{s: s, ctx: ctx, b: b}
}

// SendBatch runs a batch in a session of its own, which closing the results releases.
func (db *DB) SendBatch(ctx context.Context, b *Batch) *BatchResults {
	s, err := db.Acquire(ctx)
	if err != nil {
		return &BatchResults{err: err}
	}
	br := s.SendBatch(ctx, b)
	if br.s == nil {
		s.Release()
		return br
	}
	br.owned = true
	return br
}

// next returns the next statement of the batch.
func (br *BatchResults) next() (*QueuedQuery, error) {
	if br.err != nil {
		return nil, br.err
	}
	if br.ended || br.at == len(br.b.queue) {
		return nil, errBatchEnd
	}
	br.at++
	return br.b.queue[br.at-1], nil
}

// Exec runs the next statement.
func (br *BatchResults) Exec() (CommandTag, error) {
	q, err := br.next()
	if err != nil {
		return CommandTag{}, err
	}
	tag, err := br.s.Exec(br.ctx, q.SQL, q.Arguments...)
	br.err = err
	return tag, err
}

// Query runs the next statement for its rows. They have to be closed before the
// next result is asked for.
func (br *BatchResults) Query() (*Rows, error) {
	q, err := br.next()
	if err != nil {
		return &Rows{done: true, err: err}, err
	}
	rows, err := br.s.Query(br.ctx, q.SQL, q.Arguments...)
	rows.batchOf = br
	br.err = err
	return rows, err
}

// QueryRow runs the next statement for its first row.
func (br *BatchResults) QueryRow() Row {
	r, _ := br.Query()
	return (*oneRow)(r)
}

// Close runs the statements whose results nobody has asked for, commits, and returns
// the first error.
func (br *BatchResults) Close() error {
	if br.ended || br.s == nil {
		return br.err
	}
	var callback error
	for br.err == nil && callback == nil && br.at < len(br.b.queue) {
		if q := br.b.queue[br.at]; q.fn != nil {
			callback = q.fn(br)
		} else {
			_, _ = br.Exec()
		}
	}
	br.ended = true
	s := br.s
	s.mu.Lock()
	if s.rows != nil && !s.closed {
		s.rows.stop() // leaves its error in br
	}
	s.inBatch = false
	var err error
	switch {
	case s.closed:
	case br.err == nil && callback == nil:
		err = because(br.ctx, s.x.Sync(br.ctx))
	default:
		_ = s.refuse(errors.Join(br.err, callback))
	}
	s.mu.Unlock()
	if br.owned {
		s.Release()
	}
	switch {
	case br.err != nil:
		return br.err
	case callback != nil:
		return callback
	}
	br.err = err
	return err
}
