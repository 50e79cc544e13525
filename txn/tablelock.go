package txn

import "context"

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

// LockTable locks the table id until the transaction ends. Planning must be
// repeated if Manager.SchemaVersion moved meanwhile. With nowait a conflict is
// ErrWouldBlock, which the caller turns into 55P03 "could not obtain lock on relation …".
func (t *Txn) LockTable(ctx context.Context, id uint64, mode TableLockMode, nowait bool) error {
	panic("pending")
}
