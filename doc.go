// Package minisql is a PostgreSQL-compatible SQL database in the process of its user.
//
//	db, err := minisql.Open("data", nil) // "" is in memory
//	defer db.Close()
//	err = db.QueryRow(ctx, "select name from city where id = $1", 7).Scan(&name)
//
// The API is that of pgx, without the network: DB is the pool, Session the
// connection, and Rows, Row, Tx, Batch, CommandTag and CopyFrom are what they are
// there. Errors of the database are *Error, with PostgreSQL's SQLSTATE and wording. A
// database/sql driver is registered as "minisql"; package pgwire serves a DB to other
// programs over PostgreSQL's protocol, and package minisqltest opens one for a test.
//
//	DB ── Acquire ──▶ Session ── Query, Exec ──▶ Rows ── Scan ──▶ Go variables
//	 └─ Begin, RunTx ──▶ Tx ── Begin ──▶ Tx (a savepoint)
//
// A Session, with its Rows and Tx, belongs to one goroutine at a time and runs
// statements in it; a DB is for any number. Contexts cancel statements: the error
// then is both the context's and SQLSTATE 57014.
//
// # Values
//
// A parameter is converted to the type that the statement gives it, a column to what
// Scan's destination points to:
//
//	SQL                      parameter                       Scan into, besides any
//	smallint integer bigint  any integer, integral float     any integer or float, string
//	real double precision    any float or integer            any float
//	numeric                  string, integer, float          string, float, integer if it is one
//	boolean                  bool                            bool
//	text varchar char        string, []byte, fmt.Stringer    string, []byte
//	bytea                    []byte                          []byte
//	uuid                     [16]byte, []byte, string        [16]byte, string
//	date timestamp(tz)       time.Time                       time.Time, string
//	time                     time.Duration, time.Time        time.Duration, string
//	interval                 time.Duration, Interval         Interval, time.Duration, string
//	json                     anything json.Marshal takes     anything json.Unmarshal fills
//	arrays                   slices (of slices)              slices (of slices)
//
// A string is taken for every type, in PostgreSQL's notation, and every type but bytea
// can be scanned into one. NULL is nil, and needs a destination that can be nil: a
// pointer to a pointer, an any, a slice, a sql.Null* or another sql.Scanner.
// driver.Valuer and sql.Scanner are honoured. Scanned into any, values are bool, int16,
// int32, int64, float32, float64, string (also for numeric), []byte, [16]byte, time.Time,
// Interval, []any for arrays, and what encoding/json makes of json.
//
// A timestamptz is a moment: it is returned in the session's time zone. A timestamp or
// date is what a calendar shows: it is returned in UTC, and of a time.Time given for one,
// the clock and calendar at its location are taken.
package minisql
