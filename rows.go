package minisql

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/minisql/minisql/exec"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// Rows are the result of a query, read one after the other. Rows are computed
// while they are read. One goroutine uses them at a time.
type Rows struct {
	s     *Session
	owned *Session // to be released at the end

	batchOf *BatchResults // that an error of the rows ends
	ctx     context.Context
	portal  exec.Portal
	opened  bool // portal is one

	batch *vec.Batch // holds the current row; valid until the next fetch
	n, k  int        // rows of the batch; the current one is k-1
	count int64      // rows of the batches before
	done  bool
	err   error
	early bool // stopped before the end
	cols  []planner.Column
	field []FieldDescription
}

// FieldDescription describes a column of a result.
type FieldDescription struct {
	Name                 string
	TableOID             uint32 // 0 if the column is not simply one of a table
	TableAttributeNumber uint16
	DataTypeOID          uint32
	DataTypeSize         int16
	TypeModifier         int32
	Format               int16
}

// TypeName is the name of the column's type as SQL has it, such as "character varying(20)".
func (f FieldDescription) TypeName() string {
	return types.Type{OID: types.OID(f.DataTypeOID), Typmod: f.TypeModifier}.String()
}

func fieldsOf(cols []planner.Column) []FieldDescription {
	if cols == nil {
		return nil
	}
	fs := make([]FieldDescription, len(cols))
	for i, c := range cols {
		fs[i] = FieldDescription{Name: c.Name, DataTypeOID: uint32(c.Type.OID), TypeModifier: c.Type.Typmod}
		if c.Table != 0 {
			fs[i].TableOID, fs[i].TableAttributeNumber = uint32(c.Table), uint16(c.Slot+1)
		}
		if info, ok := types.Lookup(c.Type.OID); ok {
			fs[i].DataTypeSize = info.Len
		}
	}
	return fs
}

// fetch gets the next batch, or ends the rows. The caller holds the session's mu,
// and the rows are not done.
func (r *Rows) fetch() {
	r.count += int64(r.n)
	b, err := r.portal.Next(r.ctx, 0)
	if err != nil {
		r.finish(because(r.ctx, err))
		return
	}
	if b != nil {
		r.batch, r.n, r.k = b, b.Len(), 0
		return
	}
	r.finish(because(r.ctx, r.s.sync(r.ctx)))
}

// finish marks the rows as done.
func (r *Rows) finish(err error) {
	r.cols = r.portal.Columns()
	r.done, r.err = true, err
	r.batch, r.n, r.k = nil, 0, 0
	r.s.rows = nil
	if br := r.batchOf; br != nil && br.err == nil {
		br.err = err
	}
}

// stop ends the rows early. A statement that changes something is run to its end,
// as a server would.
func (r *Rows) stop() {
	if sel, ok := r.portal.Statement().(*parser.SelectStmt); ok && sel.With == nil && len(sel.Locking) == 0 {
		r.count, r.early = r.count+int64(r.k), true
		r.portal.Close()
		r.finish(because(r.ctx, r.s.sync(r.ctx)))
		return
	}
	for !r.done {
		r.fetch()
	}
}

// abandon ends the rows without finishing the statement.
func (r *Rows) abandon() {
	r.portal.Close()
	r.finish(nil)
}

// release gives back the session that the rows own.
func (r *Rows) release() {
	if s := r.owned; s != nil {
		r.owned = nil
		s.Release()
	}
}

// Next moves to the next row and reports whether there is one. At the end, or after
// an error, which Err returns, the rows are closed.
func (r *Rows) Next() bool {
	if r.k < r.n {
		r.k++
		return true
	}
	if r.done {
		return false
	}
	r.s.mu.Lock()
	for !r.done {
		if r.fetch(); r.n > 0 {
			r.k = 1
			r.s.mu.Unlock()
			return true
		}
	}
	r.s.mu.Unlock()
	r.release()
	return false
}

// Close ends the rows. It may be called any number of times.
func (r *Rows) Close() {
	if !r.done {
		r.s.mu.Lock()
		if !r.done {
			r.stop()
		}
		r.s.mu.Unlock()
	}
	r.batch, r.n, r.k = nil, 0, 0
	r.release()
}

// Err returns the error that ended the rows, if any. It is complete only once the rows
// are closed.
func (r *Rows) Err() error { return r.err }

// CommandTag is the command's tag. It is known once the rows are closed.
func (r *Rows) CommandTag() CommandTag {
	switch {
	case !r.opened || !r.done:
		return CommandTag{}
	case r.early:
		return CommandTag{"SELECT ", r.count, true}
	}
	return tagOf(&r.portal)
}

func (r *Rows) columns() []planner.Column {
	if r.cols == nil && r.opened {
		r.cols = r.portal.Columns()
	}
	return r.cols
}

// FieldDescriptions describes the columns; nil if the statement returns no rows.
func (r *Rows) FieldDescriptions() []FieldDescription {
	if r.field == nil {
		r.field = fieldsOf(r.columns())
	}
	return r.field
}

var errNoRow = errors.New("no current row: call Next first")

// Scan stores the columns of the current row in dest, pointers to as many
// variables; nil skips a column. See the package documentation for what goes where.
func (r *Rows) Scan(dest ...any) error {
	cols := r.columns()
	if r.k == 0 {
		return errNoRow
	}
	if len(dest) == 1 {
		if rs, ok := dest[0].(RowScanner); ok {
			return rs.ScanRow(r)
		}
	}
	if len(dest) != len(cols) {
		return fmt.Errorf("number of field descriptions must equal number of destinations, got %d and %d", len(cols), len(dest))
	}
	i := r.batch.Row(r.k - 1)
	for c, d := range dest {
		if d == nil {
			continue
		}
		if err := scanInto(d, cols[c].Type, &r.batch.Cols[c], i, r.s.x.Format()); err != nil {
			return fmt.Errorf("can't scan into dest[%d] (col: %s): %w", c, cols[c].Name, err)
		}
	}
	return nil
}

// RowScanner scans an entire row at a time.
type RowScanner interface {
	// ScanRow scans the current row of rows.
	ScanRow(rows *Rows) error
}

// Values returns the columns of the current row as the Go values that the package
// documentation lists for any.
func (r *Rows) Values() ([]any, error) {
	if r.k == 0 {
		return nil, errNoRow
	}
	cols := r.columns()
	i := r.batch.Row(r.k - 1)
	out := make([]any, len(cols))
	for c := range cols {
		out[c] = goValue(r.batch.Cols[c].Get(i), cols[c].Type, r.s.x.Format())
	}
	return out, nil
}

// AppendText appends the text of a column of the current row, as psql shows it. It
// reports false for NULL.
func (r *Rows) AppendText(dst []byte, column int) ([]byte, bool) {
	v, i := &r.batch.Cols[column], r.batch.Row(r.k-1)
	if v.IsNull(i) {
		return dst, false
	}
	return types.AppendText(dst, r.cols[column].Type, v.View(i), r.s.x.Format()), true
}

// Row is the result of QueryRow.
type Row interface {
	// Scan is Rows.Scan of the first row, and closes the result. Without a row the
	// error is ErrNoRows.
	Scan(dest ...any) error
}

type oneRow Rows

func (o *oneRow) Scan(dest ...any) error {
	r := (*Rows)(o)
	if r.err != nil {
		return r.err
	}
	if !r.Next() {
		if r.err == nil {
			return ErrNoRows
		}
		return r.err
	}
	err := r.Scan(dest...)
	r.Close()
	if err != nil {
		return err
	}
	return r.err
}

// CommandTag tells what a statement did: "INSERT 0 1", "SELECT 3".
type CommandTag struct {
	text    string
	rows    int64
	counted bool // rows follows text
}

// NewCommandTag makes a tag of its text.
func NewCommandTag(s string) CommandTag {
	at := strings.LastIndexByte(s, ' ') + 1
	if n, err := strconv.ParseInt(s[at:], 10, 64); err == nil && strconv.FormatInt(n, 10) == s[at:] {
		return CommandTag{s[:at], n, true}
	}
	return CommandTag{text: s}
}

// tagOf is the tag of a portal that is through.
func tagOf(p *exec.Portal) CommandTag {
	if verb, rows, ok := p.Counted(); ok {
		return CommandTag{verb, rows, true}
	}
	return NewCommandTag(p.Tag())
}

// RowsAffected is the number at the end of the tag, 0 if there is none.
func (t CommandTag) RowsAffected() int64 { return t.rows }

func (t CommandTag) String() string {
	if t.counted {
		return t.text + strconv.FormatInt(t.rows, 10)
	}
	return t.text
}

// Insert reports whether the statement was an INSERT.
func (t CommandTag) Insert() bool { return strings.HasPrefix(t.text, "INSERT") }

// Update reports whether the statement was an UPDATE.
func (t CommandTag) Update() bool { return strings.HasPrefix(t.text, "UPDATE") }

// Delete reports whether the statement was a DELETE.
func (t CommandTag) Delete() bool { return strings.HasPrefix(t.text, "DELETE") }

// Select reports whether the statement was a SELECT.
func (t CommandTag) Select() bool { return strings.HasPrefix(t.text, "SELECT") }
