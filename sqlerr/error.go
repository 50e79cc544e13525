package sqlerr

import (
	"errors"
	"fmt"
)

// Error is one error as a PostgreSQL client sees it. The optional fields are
// those of the protocol's ErrorResponse; an empty one is not sent.
type Error struct {
	Code    Code
	Message string // primary message: lower case, no full stop
	Detail  string
	Hint    string
	Where   string // context, such as the COPY line

	// Position is the byte offset of the cause in the statement's text, counted
	// from 1; 0 when unknown. pgwire turns it into characters.
	Position int

	Schema, Table, Column, DataType, Constraint string

	cause error
}

// New makes an error of the given SQLSTATE with a formatted message. A %w in
// format keeps the wrapped error reachable for errors.Is and errors.As.
func New(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Message: err.Error(), cause: errors.Unwrap(err)}
}

// Wrap gives err a SQLSTATE and keeps its text as the message. It returns nil
// for nil, and err itself if it is coded already.
func Wrap(code Code, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	return &Error{Code: code, Message: err.Error(), cause: err}
}

// Unsupported refuses what by name with 0A000.
func Unsupported(format string, args ...any) *Error {
	return New(FeatureNotSupported, "%s is not supported", fmt.Sprintf(format, args...))
}

func (e *Error) Error() string { return e.Message + " (SQLSTATE " + string(e.Code) + ")" }

// Unwrap returns the error that caused e, if any.
func (e *Error) Unwrap() error { return e.cause }

// WithDetail sets the DETAIL line and returns e.
func (e *Error) WithDetail(format string, args ...any) *Error {
	e.Detail = fmt.Sprintf(format, args...)
	return e
}

// WithHint sets the HINT line and returns e.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// WithCause keeps cause reachable for errors.Is and errors.As, and returns e.
func (e *Error) WithCause(cause error) *Error {
	e.cause = cause
	return e
}

// WithWhere sets the CONTEXT line and returns e.
func (e *Error) WithWhere(format string, args ...any) *Error {
	e.Where = fmt.Sprintf(format, args...)
	return e
}

// At sets the position to a 0-based byte offset, unless one is set already or
// offset is negative (unknown), and returns e.
func (e *Error) At(offset int) *Error {
	if e.Position == 0 && offset >= 0 {
		e.Position = offset + 1
	}
	return e
}

// At is (*Error).At for any error: one without a code passes through.
func At(err error, offset int) error {
	if e, ok := errors.AsType[*Error](err); ok {
		if e.Position == 0 && offset >= 0 {
			c := *e // the error may be a shared value
			c.Position = offset + 1
			return &c
		}
	}
	return err
}

// As returns err as an *Error: itself if it is one, else XX000 around it.
// It returns nil for nil.
func As(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Code: Internal, Message: err.Error(), cause: err}
}

// CodeOf answers for any error: the outermost coded error wins, and an error
// nobody coded is a bug in minisql, so it is reported as internal.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}
