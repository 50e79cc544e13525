package anomaly

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/minisql/minisql/sqlerr"
)

// Wire is the server that a connection string leads to, through the pgx client.
type Wire string

// Open connects.
func (w Wire) Open(ctx context.Context) (Session, error) {
	conn, err := pgconn.Connect(ctx, string(w))
	if err != nil {
		return nil, err
	}
	return wireSession{conn}, nil
}

type wireSession struct{ conn *pgconn.PgConn }

func (w wireSession) Close() { _ = w.conn.Close(context.Background()) }

func (w wireSession) Exec(ctx context.Context, sql string) (Result, error) {
	results, err := w.conn.Exec(ctx, sql).ReadAll()
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return Result{}, &sqlerr.Error{Code: sqlerr.Code(e.Code), Message: e.Message, Detail: e.Detail, Hint: e.Hint}
	}
	if err != nil || len(results) == 0 {
		return Result{}, err
	}
	last := results[len(results)-1]
	r := Result{Tag: last.CommandTag.String()}
	for _, row := range last.Rows {
		cells := make([]string, len(row))
		for i, v := range row {
			if cells[i] = string(v); v == nil {
				cells[i] = "null"
			}
		}
		r.Rows = append(r.Rows, cells)
	}
	return r, nil
}
