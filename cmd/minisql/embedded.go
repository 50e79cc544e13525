package main

import (
	"context"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/anomaly"
)

// embedded is a database of this process as package anomaly wants it.
type embedded struct{ db *minisql.DB }

func (e embedded) Open(ctx context.Context) (anomaly.Session, error) {
	s, err := e.db.Session(ctx, nil)
	if err != nil {
		return nil, err
	}
	return embeddedSession{s}, nil
}

type embeddedSession struct{ *minisql.Session }

func (s embeddedSession) Close() { _ = s.Session.Close() }

func (s embeddedSession) Exec(ctx context.Context, sql string) (r anomaly.Result, err error) {
	rows, err := s.Query(ctx, sql)
	if err != nil {
		return r, err
	}
	defer rows.Close()
	for rows.Next() {
		row := make([]string, len(rows.FieldDescriptions()))
		for i := range row {
			text, ok := rows.AppendText(nil, i)
			if row[i] = string(text); !ok {
				row[i] = "null"
			}
		}
		r.Rows = append(r.Rows, row)
	}
	r.Tag = rows.CommandTag().String()
	return r, rows.Err()
}
