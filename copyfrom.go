package minisql

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// Identifier is the name of an object, part by part: {"public", "city"}.
type Identifier []string

// Sanitize returns the name as SQL, quoted.
func (n Identifier) Sanitize() string {
	parts := make([]string, len(n))
	for i, p := range n {
		parts[i] = `"` + strings.ReplaceAll(strings.ReplaceAll(p, "\x00", ""), `"`, `""`) + `"`
	}
	return strings.Join(parts, ".")
}

// CopyFromSource is what CopyFrom reads.
type CopyFromSource interface {
	// Next moves to the next row and reports whether there is one.
	Next() bool
	// Values returns the values of the current row.
	Values() ([]any, error)
	// Err returns the error that ended the rows, if any.
	Err() error
}

// CopyFromRows is a source of rows that are there already.
func CopyFromRows(rows [][]any) CopyFromSource {
	return CopyFromSlice(len(rows), func(i int) ([]any, error) { return rows[i], nil })
}

// CopyFromSlice is a source of n rows, each made by a function of its index.
func CopyFromSlice(n int, row func(int) ([]any, error)) CopyFromSource {
	i := -1
	return CopyFromFunc(func() ([]any, error) {
		if i++; i >= n {
			return nil, nil
		}
		return row(i)
	})
}

// CopyFromFunc is a source of rows made by a function, which returns nil at the end.
func CopyFromFunc(next func() ([]any, error)) CopyFromSource { return &funcSource{next: next} }

type funcSource struct {
	next func() ([]any, error)
	row  []any
	err  error
}

func (f *funcSource) Next() bool {
	f.row, f.err = f.next()
	return f.row != nil && f.err == nil
}

func (f *funcSource) Values() ([]any, error) { return f.row, f.err }
func (f *funcSource) Err() error             { return f.err }

// CopyFrom loads rows into a table by COPY, the fast way, and returns how many. They
// are all in or, after an error, none.
func (s *Session) CopyFrom(ctx context.Context, table Identifier, columns []string, src CopyFromSource) (int64, error) {
	cols := make([]string, len(columns))
	for i, c := range columns {
		cols[i] = Identifier{c}.Sanitize()
	}
	list := strings.Join(cols, ", ")
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ready(ctx); err != nil {
		return 0, err
	}
	d, err := s.prepare(ctx, "select "+list+" from "+table.Sanitize())
	if err != nil {
		return 0, because(ctx, err)
	}
	e, err := s.prepare(ctx, "copy "+table.Sanitize()+" ("+list+") from stdin (format binary)")
	if err != nil {
		return 0, because(ctx, err)
	}
	r := &copySource{src: src, cols: d.p.Columns(), format: s.x.Format()}
	tag, err := s.copyIn(ctx, e, r)
	return tag.RowsAffected(), err
}

// CopyFrom is Session.CopyFrom on a session of its own.
func (db *DB) CopyFrom(ctx context.Context, table Identifier, columns []string, src CopyFromSource) (int64, error) {
	s, err := db.Acquire(ctx)
	if err != nil {
		return 0, err
	}
	defer s.Release()
	return s.CopyFrom(ctx, table, columns, src)
}

// CopyFromReader runs COPY … FROM STDIN, in any of its formats, with the data of r.
func (s *Session) CopyFromReader(ctx context.Context, r io.Reader, sql string) (CommandTag, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.prepareCopy(ctx, sql)
	if err != nil {
		return CommandTag{}, err
	}
	return s.copyIn(ctx, e, r)
}

// CopyTo runs COPY … TO STDOUT, in any of its formats, and writes the data to w.
func (s *Session) CopyTo(ctx context.Context, w io.Writer, sql string) (CommandTag, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.prepareCopy(ctx, sql)
	if err != nil {
		return CommandTag{}, err
	}
	portal, err := s.x.Bind(e.p, nil)
	if err != nil {
		return CommandTag{}, s.x.Fail(err)
	}
	if !portal.IsCopyOut() {
		return CommandTag{}, s.x.Fail(sqlerr.New(sqlerr.SyntaxError, "CopyTo needs COPY … TO STDOUT"))
	}
	if err := portal.CopyOut(ctx, w, func(int, bool) error { return nil }); err != nil {
		return CommandTag{}, because(ctx, err)
	}
	return NewCommandTag(portal.Tag()), because(ctx, s.sync(ctx))
}

func (s *Session) prepareCopy(ctx context.Context, sql string) (*stmt, error) {
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	e, err := s.prepare(ctx, sql)
	if err != nil {
		return nil, because(ctx, err)
	}
	if e != nil {
		if _, ok := e.p.Statement().(*parser.CopyStmt); ok {
			return e, nil
		}
	}
	return nil, s.x.Fail(sqlerr.New(sqlerr.SyntaxError, "not a COPY statement"))
}

func (s *Session) copyIn(ctx context.Context, e *stmt, r io.Reader) (CommandTag, error) {
	portal, err := s.x.Bind(e.p, nil)
	if err != nil {
		return CommandTag{}, s.x.Fail(err)
	}
	if !portal.IsCopyIn() {
		return CommandTag{}, s.x.Fail(sqlerr.New(sqlerr.SyntaxError, "CopyFromReader needs COPY … FROM STDIN"))
	}
	if err := portal.CopyIn(ctx, r, func(int, bool) error { return nil }); err != nil {
		return CommandTag{}, because(ctx, err)
	}
	return NewCommandTag(portal.Tag()), because(ctx, s.sync(ctx))
}

// copySource is the rows of a CopyFromSource in COPY's binary format.
type copySource struct {
	src    CopyFromSource
	cols   []planner.Column
	format *types.Format
	buf    []byte
	at     int
	begun  bool
	ended  bool
}

func (c *copySource) Read(b []byte) (int, error) {
	if c.at == len(c.buf) {
		c.buf, c.at = c.buf[:0], 0
		if err := c.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(b, c.buf[c.at:])
	c.at += n
	return n, nil
}

// copyChunk is about how much is made at a time.
const copyChunk = 16 << 10

func (c *copySource) fill() error {
	if !c.begun {
		c.begun = true
		c.buf = append(c.buf, "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	}
	if c.ended {
		return io.EOF
	}
	for len(c.buf) < copyChunk {
		if !c.src.Next() {
			if err := c.src.Err(); err != nil {
				return err
			}
			c.ended = true
			c.buf = append(c.buf, 0xff, 0xff)
			return nil
		}
		if err := c.row(); err != nil {
			return err
		}
	}
	return nil
}

func (c *copySource) row() error {
	values, err := c.src.Values()
	if err != nil {
		return err
	}
	if len(values) != len(c.cols) {
		return fmt.Errorf("expected %d values, got %d values", len(c.cols), len(values))
	}
	c.buf = append(c.buf, byte(len(values)>>8), byte(len(values)))
	for i, v := range values {
		t := c.cols[i].Type
		d, err := datumOf(v, t, c.format)
		if err != nil {
			return fmt.Errorf("column %q: %w", c.cols[i].Name, err)
		}
		if d.IsNull() {
			c.buf = append(c.buf, 0xff, 0xff, 0xff, 0xff)
			continue
		}
		at := len(c.buf)
		if c.buf, err = types.AppendBinary(append(c.buf, 0, 0, 0, 0), t, d); err != nil {
			return err
		}
		n := len(c.buf) - at - 4
		c.buf[at], c.buf[at+1], c.buf[at+2], c.buf[at+3] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
	}
	return nil
}
