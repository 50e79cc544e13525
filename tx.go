package minisql

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// TxIsoLevel is a transaction isolation level.
type TxIsoLevel string

// The isolation levels. READ UNCOMMITTED is READ COMMITTED, as in PostgreSQL.
const (
	Serializable    TxIsoLevel = "serializable"
	RepeatableRead  TxIsoLevel = "repeatable read"
	ReadCommitted   TxIsoLevel = "read committed"
	ReadUncommitted TxIsoLevel = "read uncommitted"
)

// TxAccessMode says whether a transaction may write.
type TxAccessMode string

// The access modes.
const (
	ReadWrite TxAccessMode = "read write"
	ReadOnly  TxAccessMode = "read only"
)

// TxDeferrableMode is the deferrable mode of a transaction.
type TxDeferrableMode string

// The deferrable modes.
const (
	Deferrable    TxDeferrableMode = "deferrable"
	NotDeferrable TxDeferrableMode = "not deferrable"
)

// TxOptions are the properties of a transaction. What is empty is as the session's
// settings have it.
type TxOptions struct {
	IsoLevel       TxIsoLevel
	AccessMode     TxAccessMode
	DeferrableMode TxDeferrableMode
}

// sql is the statement that begins such a transaction.
func (o TxOptions) sql() string {
	var b strings.Builder
	b.WriteString("begin")
	if o.IsoLevel != "" {
		b.WriteString(" isolation level " + string(o.IsoLevel))
	}
	if o.AccessMode != "" {
		b.WriteString(" " + string(o.AccessMode))
	}
	if o.DeferrableMode != "" {
		b.WriteString(" " + string(o.DeferrableMode))
	}
	return b.String()
}

// Tx is a transaction, or a savepoint in one. Commit and Rollback end it; Rollback after
// either does nothing but return ErrTxClosed, so that it can be deferred.
type Tx interface {
	// Begin starts a nested transaction: a savepoint.
	Begin(ctx context.Context) (Tx, error)
	// Commit commits the transaction, or releases the savepoint. If the transaction has
	// failed, it is rolled back and the error is ErrTxCommitRollback.
	Commit(ctx context.Context) error
	// Rollback takes back what was done since Begin.
	Rollback(ctx context.Context) error

	Query(ctx context.Context, sql string, args ...any) (*Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) Row
	Exec(ctx context.Context, sql string, args ...any) (CommandTag, error)
	Prepare(ctx context.Context, name, sql string) (*StatementDescription, error)
	CopyFrom(ctx context.Context, table Identifier, columns []string, src CopyFromSource) (int64, error)
	SendBatch(ctx context.Context, b *Batch) *BatchResults
	// Session is the session that the transaction runs in.
	Session() *Session
}

// Begin starts a transaction with the session's defaults.
func (s *Session) Begin(ctx context.Context) (Tx, error) { return s.BeginTx(ctx, TxOptions{}) }

// BeginTx starts a transaction.
func (s *Session) BeginTx(ctx context.Context, o TxOptions) (Tx, error) {
	if _, err := s.Exec(ctx, o.sql()); err != nil {
		return nil, err
	}
	return &transaction{s: s}, nil
}

// Begin starts a transaction in a session of its own, which its end releases.
func (db *DB) Begin(ctx context.Context) (Tx, error) { return db.BeginTx(ctx, TxOptions{}) }

// BeginTx is Begin with options.
func (db *DB) BeginTx(ctx context.Context, o TxOptions) (Tx, error) {
	s, err := db.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	tx, err := s.BeginTx(ctx, o)
	if err != nil {
		s.Release()
		return nil, err
	}
	tx.(*transaction).owned = true
	return tx, nil
}

// transaction is a Tx: the outer one, or a savepoint if parent is set.
type transaction struct {
	s      *Session
	parent *transaction
	depth  int
	owned  bool // the end releases s
	closed bool
}

func (t *transaction) Session() *Session { return t.s }

func (t *transaction) savepoint() string { return "minisql_" + strconv.Itoa(t.depth) }

func (t *transaction) Begin(ctx context.Context) (Tx, error) {
	if t.closed {
		return nil, ErrTxClosed
	}
	n := &transaction{s: t.s, parent: t, depth: t.depth + 1}
	if _, err := t.s.Exec(ctx, "savepoint "+n.savepoint()); err != nil {
		return nil, err
	}
	return n, nil
}

func (t *transaction) Commit(ctx context.Context) error {
	if t.closed {
		return ErrTxClosed
	}
	if t.parent != nil {
		if t.s.TxStatus() == 'E' {
			return errors.Join(ErrTxCommitRollback, t.Rollback(ctx))
		}
		_, err := t.s.Exec(ctx, "release savepoint "+t.savepoint())
		if err == nil {
			t.closed = true
		}
		return err
	}
	tag, err := t.s.Exec(ctx, "commit")
	if err != nil && t.s.TxStatus() != 'I' {
		// Not even tried, as when the context had ended: the transaction goes on.
		return err
	}
	t.end()
	if err == nil && tag.String() == "ROLLBACK" {
		err = ErrTxCommitRollback
	}
	return err
}

func (t *transaction) Rollback(ctx context.Context) error {
	if t.closed {
		return ErrTxClosed
	}
	// Rolling back is quick and has to happen, so it does not depend on the context.
	ctx = context.WithoutCancel(ctx)
	t.s.closeRows()
	if t.parent != nil {
		t.closed = true
		if t.parent.closed {
			return ErrTxClosed
		}
		_, err := t.s.Exec(ctx, "rollback to savepoint "+t.savepoint()+"; release savepoint "+t.savepoint())
		return err
	}
	_, err := t.s.Exec(ctx, "rollback")
	t.end()
	return err
}

func (t *transaction) end() {
	t.closed = true
	if t.owned {
		t.s.Release()
	}
}

// closeRows ends the rows that are open, which a rollback makes pointless.
func (s *Session) closeRows() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rows != nil && !s.closed {
		s.rows.abandon()
	}
}

func (t *transaction) Query(ctx context.Context, sql string, args ...any) (*Rows, error) {
	if t.closed {
		return &Rows{done: true, err: ErrTxClosed}, ErrTxClosed
	}
	return t.s.Query(ctx, sql, args...)
}

func (t *transaction) QueryRow(ctx context.Context, sql string, args ...any) Row {
	r, _ := t.Query(ctx, sql, args...)
	return (*oneRow)(r)
}

func (t *transaction) Exec(ctx context.Context, sql string, args ...any) (CommandTag, error) {
	if t.closed {
		return CommandTag{}, ErrTxClosed
	}
	return t.s.Exec(ctx, sql, args...)
}

func (t *transaction) Prepare(ctx context.Context, name, sql string) (*StatementDescription, error) {
	if t.closed {
		return nil, ErrTxClosed
	}
	return t.s.Prepare(ctx, name, sql)
}

func (t *transaction) CopyFrom(ctx context.Context, table Identifier, columns []string, src CopyFromSource) (int64, error) {
	if t.closed {
		return 0, ErrTxClosed
	}
	return t.s.CopyFrom(ctx, table, columns, src)
}

func (t *transaction) SendBatch(ctx context.Context, b *Batch) *BatchResults {
	if t.closed {
		return &BatchResults{err: ErrTxClosed}
	}
	return t.s.SendBatch(ctx, b)
}

// beginner is what starts transactions: a DB, a Session or a Tx.
type beginner interface {
	Begin(ctx context.Context) (Tx, error)
}

// BeginFunc runs f in a transaction: committed if f returns nil, rolled back if it
// returns an error or panics. On a Tx it is a savepoint.
func BeginFunc(ctx context.Context, db beginner, f func(Tx) error) error {
	tx, err := db.Begin(ctx)
	if err != nil {
		return err
	}
	return inTx(ctx, tx, f)
}

// BeginTxFunc is BeginFunc with options.
func BeginTxFunc(ctx context.Context, db interface {
	BeginTx(ctx context.Context, o TxOptions) (Tx, error)
}, o TxOptions, f func(Tx) error) error {
	tx, err := db.BeginTx(ctx, o)
	if err != nil {
		return err
	}
	return inTx(ctx, tx, f)
}

// BeginFunc runs f in a transaction, as the function BeginFunc does.
func (db *DB) BeginFunc(ctx context.Context, f func(Tx) error) error { return BeginFunc(ctx, db, f) }

func inTx(ctx context.Context, tx Tx, f func(Tx) error) error {
	defer func() { _ = tx.Rollback(ctx) }() // does nothing after Commit
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// The waits between the attempts of RunTx.
const (
	retryFirst = time.Millisecond
	retryMost  = 250 * time.Millisecond
)

// RunTx runs f in a transaction and commits it. If it, or the commit, fails with a
// serialization failure (40001) or a deadlock (40P01), the transaction is rolled back
// and f called again with a new one, after a random wait that grows, until ctx ends. So f
// must have no effects outside the transaction that may not be repeated.
func (db *DB) RunTx(ctx context.Context, o TxOptions, f func(Tx) error) error {
	wait := retryFirst
	for {
		err := BeginTxFunc(ctx, db, o, f)
		if err == nil || !retryable(err) {
			return err
		}
		timer := time.NewTimer(rand.N(wait))
		select {
		case <-ctx.Done():
			timer.Stop()
			return errors.Join(context.Cause(ctx), err)
		case <-timer.C:
		}
		wait = min(2*wait, retryMost)
	}
}
