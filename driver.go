package minisql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

func init() { sql.Register("minisql", Driver{}) }

// Driver is the database/sql driver "minisql". A data source name is the path of a
// database, with options behind a question mark:
//
//	data/app?database=app&timezone=Europe/Berlin
//	:memory:                       (or nothing) a database of its own in memory
//
// The options are database, user, storage (the storage engine of a new database), and
// any run-time parameter. All sql.DBs of a process
// with the same path share the database, which is closed with the last of them.
// Parameters are positional: $1, $2 …
type Driver struct{}

// Open opens a connection with a database that is closed with it, unless others share it.
func (d Driver) Open(name string) (driver.Conn, error) {
	c, err := d.OpenConnector(name)
	if err != nil {
		return nil, err
	}
	dc, err := c.Connect(context.Background())
	if err != nil {
		return nil, errors.Join(err, c.(io.Closer).Close())
	}
	dc.(*driverConn).closer = c.(io.Closer)
	return dc, nil
}

// OpenConnector reads a data source name. The database is opened with the first connection.
func (d Driver) OpenConnector(name string) (driver.Connector, error) {
	path, query, _ := strings.Cut(name, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, fmt.Errorf("minisql: options of %q: %w", name, err)
	}
	c := &connector{path: path, opts: SessionOptions{Settings: make(map[string]string)}}
	if path == ":memory:" {
		c.path = ""
	}
	for k, v := range values {
		switch last := v[len(v)-1]; k {
		case "database":
			c.opts.Database = last
		case "user":
			c.opts.User = last
		case "storage":
			c.storage = Storage(last)
		default:
			c.opts.Settings[k] = last
		}
	}
	return c, nil
}

// Connector makes connections of database/sql in an open database:
// sql.OpenDB(db.Connector(nil)). A nil opts means the defaults. Closing the sql.DB
// leaves db open.
func (db *DB) Connector(opts *SessionOptions) driver.Connector {
	c := &connector{db: db, borrowed: true}
	if opts != nil {
		c.opts = *opts
	}
	return c
}

// shared are the databases that connectors have open, by absolute path.
var shared struct {
	sync.Mutex
	byPath map[string]*sharedDB
}

type sharedDB struct {
	db   *DB
	refs int
}

// connector is what sql.DB gets its connections from.
type connector struct {
	path     string
	storage  Storage
	opts     SessionOptions
	borrowed bool // db is not ours to close

	mu     sync.Mutex // guards what follows
	db     *DB
	closed bool
}

func (c *connector) Driver() driver.Driver { return Driver{} }

func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	db, err := c.open()
	if err != nil {
		return nil, err
	}
	opts := c.opts
	s, err := db.Session(ctx, &opts)
	if err != nil {
		return nil, err
	}
	return &driverConn{s: s}, nil
}

func (c *connector) open() (*DB, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	if c.db != nil {
		return c.db, nil
	}
	var err error
	if c.path == "" {
		c.db, err = Open("", &Options{Storage: c.storage})
		return c.db, err
	}
	key, err := sharedKey(c.path)
	if err != nil {
		return nil, err
	}
	shared.Lock()
	defer shared.Unlock()
	sh := shared.byPath[key]
	if sh != nil {
		if _, err := c.storage.of(c.path); err != nil {
			return nil, err
		}
	} else {
		db, err := Open(c.path, &Options{Storage: c.storage})
		if err != nil {
			return nil, err
		}
		sh = &sharedDB{db: db}
		if shared.byPath == nil {
			shared.byPath = make(map[string]*sharedDB)
		}
		shared.byPath[key] = sh
	}
	sh.refs++
	c.db = sh.db
	return c.db, nil
}

// sharedKey names a directory, however it was written.
func sharedKey(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		return real, nil
	}
	// It does not exist yet; its parent may be a link all the same.
	if dir, err := filepath.EvalSymlinks(filepath.Dir(abs)); err == nil {
		return filepath.Join(dir, filepath.Base(abs)), nil
	}
	return abs, nil
}

// Close gives up the database. sql.DB.Close calls it.
func (c *connector) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	db := c.db
	if c.closed || db == nil || c.borrowed {
		c.closed = true
		return nil
	}
	c.closed, c.db = true, nil
	if c.path == "" {
		return db.Close()
	}
	shared.Lock()
	defer shared.Unlock()
	for key, sh := range shared.byPath {
		if sh.db != db {
			continue
		}
		if sh.refs--; sh.refs > 0 {
			return nil
		}
		delete(shared.byPath, key)
		return db.Close()
	}
	return nil
}

// driverConn is a session as database/sql sees it.
type driverConn struct {
	s      *Session
	closer io.Closer
	args   []any // of the call in progress
}

var (
	_ driver.Conn               = (*driverConn)(nil)
	_ driver.ConnBeginTx        = (*driverConn)(nil)
	_ driver.ConnPrepareContext = (*driverConn)(nil)
	_ driver.ExecerContext      = (*driverConn)(nil)
	_ driver.QueryerContext     = (*driverConn)(nil)
	_ driver.Pinger             = (*driverConn)(nil)
	_ driver.SessionResetter    = (*driverConn)(nil)
	_ driver.Validator          = (*driverConn)(nil)
	_ driver.NamedValueChecker  = (*driverConn)(nil)
)

// Session is the session below, for sql.Conn.Raw.
func (c *driverConn) Session() *Session { return c.s }

func (c *driverConn) Close() error {
	err := c.s.Close()
	if c.closer != nil {
		err = errors.Join(err, c.closer.Close())
	}
	return err
}

func (c *driverConn) Ping(context.Context) error {
	if c.s.IsClosed() {
		return driver.ErrBadConn
	}
	return nil
}

// ResetSession prepares the connection for its next user.
func (c *driverConn) ResetSession(ctx context.Context) error {
	if c.s.IsClosed() {
		return driver.ErrBadConn
	}
	c.s.closeRows()
	if c.s.TxStatus() != 'I' {
		_, err := c.s.Exec(context.WithoutCancel(ctx), "rollback")
		return err
	}
	return nil
}

// IsValid reports whether the connection may be used again.
func (c *driverConn) IsValid() bool { return !c.s.IsClosed() }

// CheckNamedValue refuses named parameters, and leaves the rest to the statement's
// types: values that are not among database/sql's own may suit one.
func (c *driverConn) CheckNamedValue(v *driver.NamedValue) error {
	if v.Name != "" {
		return sqlerr.Unsupported("named parameter %q: use $%d", v.Name, v.Ordinal)
	}
	return nil
}

func (c *driverConn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

func (c *driverConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	var t TxOptions
	switch level := sql.IsolationLevel(o.Isolation); level {
	case sql.LevelDefault:
	case sql.LevelReadUncommitted:
		t.IsoLevel = ReadUncommitted
	case sql.LevelReadCommitted:
		t.IsoLevel = ReadCommitted
	case sql.LevelRepeatableRead, sql.LevelSnapshot: // REPEATABLE READ is snapshot isolation
		t.IsoLevel = RepeatableRead
	default:
		return nil, sqlerr.Unsupported("isolation level %s", strings.ToUpper(level.String()))
	}
	if o.ReadOnly {
		t.AccessMode = ReadOnly
	}
	tx, err := c.s.BeginTx(ctx, t)
	if err != nil {
		return nil, err
	}
	return driverTx{tx}, nil
}

type driverTx struct{ tx Tx }

func (t driverTx) Commit() error   { return t.tx.Commit(context.Background()) }
func (t driverTx) Rollback() error { return t.tx.Rollback(context.Background()) }

func (c *driverConn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

func (c *driverConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	d, err := c.s.Prepare(ctx, "", query)
	if err != nil {
		return nil, err
	}
	return &driverStmt{c, query, len(d.ParamOIDs)}, nil
}

// values are the arguments without their numbers, in memory that forget gives back. They
// are not kept beyond the call that they are arguments of.
func (c *driverConn) values(args []driver.NamedValue) []any {
	for _, a := range args {
		c.args = append(c.args, a.Value)
	}
	return c.args
}

func (c *driverConn) forget() {
	const keptMax = 64
	if cap(c.args) > keptMax {
		c.args = nil
	}
	clear(c.args)
	c.args = c.args[:0]
}

func (c *driverConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	defer c.forget()
	tag, err := c.s.Exec(ctx, query, c.values(args)...)
	if err != nil {
		return nil, err
	}
	return driverResult(tag.RowsAffected()), nil
}

func (c *driverConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	defer c.forget()
	rows, err := c.s.Query(ctx, query, c.values(args)...)
	if err != nil {
		return nil, err
	}
	return &driverRows{rows}, nil
}

type driverResult int64

func (driverResult) LastInsertId() (int64, error) {
	return 0, errors.New("minisql: LastInsertId is not supported: use INSERT … RETURNING")
}

func (r driverResult) RowsAffected() (int64, error) { return int64(r), nil }

// driverStmt is a statement's text: the session keeps it prepared.
type driverStmt struct {
	c      *driverConn
	text   string
	params int
}

var (
	_ driver.StmtExecContext  = (*driverStmt)(nil)
	_ driver.StmtQueryContext = (*driverStmt)(nil)
)

func (s *driverStmt) Close() error  { return nil }
func (s *driverStmt) NumInput() int { return s.params }

func (s *driverStmt) Exec(args []driver.Value) (driver.Result, error) {
	return s.ExecContext(context.Background(), named(args))
}

func (s *driverStmt) Query(args []driver.Value) (driver.Rows, error) {
	return s.QueryContext(context.Background(), named(args))
}

func (s *driverStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return s.c.ExecContext(ctx, s.text, args)
}

func (s *driverStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.c.QueryContext(ctx, s.text, args)
}

func named(args []driver.Value) []driver.NamedValue {
	out := make([]driver.NamedValue, len(args))
	for i, v := range args {
		out[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return out
}

// driverRows are Rows as database/sql sees them.
type driverRows struct{ r *Rows }

var (
	_ driver.RowsColumnTypeDatabaseTypeName = (*driverRows)(nil)
	_ driver.RowsColumnTypeLength           = (*driverRows)(nil)
	_ driver.RowsColumnTypePrecisionScale   = (*driverRows)(nil)
	_ driver.RowsColumnTypeScanType         = (*driverRows)(nil)
	_ driver.RowsColumnTypeNullable         = (*driverRows)(nil)
)

func (d *driverRows) Columns() []string {
	cols := d.r.columns()
	names := make([]string, len(cols))
	for i, c := range cols {
		names[i] = c.Name
	}
	return names
}

func (d *driverRows) Close() error {
	d.r.Close()
	return d.r.Err()
}

func (d *driverRows) Next(dest []driver.Value) error {
	if !d.r.Next() {
		if err := d.r.Err(); err != nil {
			return err
		}
		return io.EOF
	}
	i := d.r.batch.Row(d.r.k - 1)
	for c := range dest {
		dest[c] = driverValue(d.r.batch.Cols[c].Get(i), d.r.columns()[c].Type, d.r.s.x.Format())
	}
	return nil
}

func (d *driverRows) typ(i int) types.Type { return d.r.columns()[i].Type }

// ColumnTypeDatabaseTypeName is the type's name in pg_type, in upper case: "INT4", "_TEXT".
func (d *driverRows) ColumnTypeDatabaseTypeName(i int) string {
	if info, ok := types.Lookup(d.typ(i).OID); ok {
		return strings.ToUpper(info.Name)
	}
	return ""
}

// ColumnTypeLength is the length of types that vary in it.
func (d *driverRows) ColumnTypeLength(i int) (int64, bool) {
	t := d.typ(i)
	switch t.OID {
	case types.TextOID, types.ByteaOID, types.JSONOID:
		return math.MaxInt64, true
	case types.VarcharOID, types.BpcharOID:
		if t.Typmod >= 4 {
			return int64(t.Typmod - 4), true
		}
		return math.MaxInt64, true
	}
	return 0, false
}

// ColumnTypeNullable does not know: a result does not say.
func (d *driverRows) ColumnTypeNullable(int) (nullable, ok bool) { return false, false }

// ColumnTypePrecisionScale is that of a numeric which declares them.
func (d *driverRows) ColumnTypePrecisionScale(i int) (precision, scale int64, ok bool) {
	t := d.typ(i)
	if t.OID != types.NumericOID || t.Typmod < 4 {
		return 0, 0, false
	}
	return int64((t.Typmod-4)>>16) & 0xffff, int64((t.Typmod-4)&0x7ff^1024) - 1024, true
}

// ColumnTypeScanType is the Go type that Next stores.
func (d *driverRows) ColumnTypeScanType(i int) reflect.Type {
	t := d.typ(i)
	switch {
	case t.OID == types.BoolOID:
		return reflect.TypeFor[bool]()
	case t.OID == types.ByteaOID:
		return reflect.TypeFor[[]byte]()
	case t.OID == types.DateOID, t.OID == types.TimestampOID, t.OID == types.TimestamptzOID:
		return reflect.TypeFor[time.Time]()
	case t.OID == types.Float4OID, t.OID == types.Float8OID:
		return reflect.TypeFor[float64]()
	case isInteger(t.OID) && !types.IsReg(t.OID):
		return reflect.TypeFor[int64]()
	}
	return reflect.TypeFor[string]()
}
