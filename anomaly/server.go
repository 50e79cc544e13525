package anomaly

import (
	"context"
	"strings"
)

// Server is a database that sessions can be opened on.
type Server interface {
	Open(ctx context.Context) (Session, error)
}

// Session is one connection. Exec is called by one goroutine at a time, and errors of SQL
// are *sqlerr.Error. Close rolls back what is open.
type Session interface {
	Exec(ctx context.Context, sql string) (Result, error)
	Close()
}

// Result is what a statement has answered.
type Result struct {
	Rows [][]string // as text; NULL is "null"
	Tag  string
}

// String has columns parted by "|" and rows by ", ".
func (r Result) String() string {
	rows := make([]string, len(r.Rows))
	for i, row := range r.Rows {
		rows[i] = strings.Join(row, "|")
	}
	return strings.Join(rows, ", ")
}
