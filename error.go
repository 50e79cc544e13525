package minisql

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/minisql/minisql/sqlerr"
)

// Error is an error with a SQLSTATE and PostgreSQL's wording: what every function
// of this package returns when the database, not the Go program, is to blame.
// Use errors.As or errors.AsType to reach its fields, CodeOf to switch on its code.
type Error = sqlerr.Error

// Code is a five-character SQLSTATE.
type Code = sqlerr.Code

// The SQLSTATEs that programs most often act on. Package documentation of PostgreSQL,
// appendix A, lists them all.
const (
	CodeUniqueViolation      = sqlerr.UniqueViolation
	CodeForeignKeyViolation  = sqlerr.ForeignKeyViolation
	CodeNotNullViolation     = sqlerr.NotNullViolation
	CodeCheckViolation       = sqlerr.CheckViolation
	CodeSerializationFailure = sqlerr.SerializationFailure
	CodeDeadlockDetected     = sqlerr.DeadlockDetected
	CodeLockNotAvailable     = sqlerr.LockNotAvailable
	CodeQueryCanceled        = sqlerr.QueryCanceled
	CodeUndefinedTable       = sqlerr.UndefinedTable
	CodeFeatureNotSupported  = sqlerr.FeatureNotSupported
)

// CodeOf returns the SQLSTATE of an error, "" for nil, and XX000 for an error
// that has none.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	return sqlerr.CodeOf(err)
}

var (
	// ErrNoRows is returned by Row.Scan when the query returned no row. It is also
	// sql.ErrNoRows for errors.Is.
	ErrNoRows = fmt.Errorf("no rows in result set%w", hidden{sql.ErrNoRows})
	// ErrTooManyRows is returned by CollectExactlyOneRow.
	ErrTooManyRows = errors.New("too many rows in result set")
	// ErrTxClosed is returned by the methods of a Tx after Commit or Rollback.
	ErrTxClosed = errors.New("tx is closed")
	// ErrTxCommitRollback is returned by Commit when the transaction had failed, so
	// that it was rolled back.
	ErrTxCommitRollback = errors.New("commit unexpectedly resulted in rollback")
	// ErrClosed is returned when a database or session is used after Close.
	ErrClosed = errors.New("minisql: closed")
	// ErrBusy is returned when a session is asked to run a statement while the
	// Rows of its last one are still open.
	ErrBusy = errors.New("minisql: session busy: close the open Rows first")
)

// hidden wraps an error without adding to the text.
type hidden struct{ error }

func (hidden) Error() string   { return "" }
func (h hidden) Unwrap() error { return h.error }

// retryable reports whether a transaction that failed with err may be run again.
func retryable(err error) bool {
	switch CodeOf(err) {
	case sqlerr.SerializationFailure, sqlerr.DeadlockDetected:
		return true
	}
	return false
}
