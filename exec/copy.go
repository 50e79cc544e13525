package exec

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// copyState is a COPY under way.
type copyState struct {
	copyFormat
	t     *catalog.Table
	slots []int
}

// copyFormat are the options of COPY.
type copyFormat struct {
	csv, binary   bool
	delim         byte
	null          string
	header        bool
	match         bool // HEADER MATCH
	quote, escape byte
	forceQuote    map[string]bool // "*" for all
	forceNotNull  map[string]bool
	forceNull     map[string]bool
}

func copyOptions(opts []parser.Option, from bool) (copyFormat, error) {
	f := copyFormat{delim: '\t', null: `\N`, quote: '"', escape: '"'}
	seen := make(map[string]bool)
	set := func(list []string) map[string]bool {
		m := make(map[string]bool)
		for _, s := range list {
			m[s] = true
		}
		return m
	}
	for _, o := range opts {
		if seen[o.Name] {
			return f, sqlerr.New(sqlerr.SyntaxError, "conflicting or redundant options").At(o.Pos)
		}
		seen[o.Name] = true
		if o.Name == "format" {
			switch o.Value {
			case "text":
			case "csv":
				f.csv, f.delim, f.null = true, ',', ""
			case "binary":
				f.binary = true
			default:
				return f, sqlerr.New(sqlerr.InvalidParameterValue, "COPY format %q not recognized", o.Value).At(o.Pos)
			}
		}
	}
	one := func(o parser.Option, what string) (byte, error) {
		if len(o.Value) != 1 {
			return 0, sqlerr.New(sqlerr.FeatureNotSupported, "COPY %s must be a single one-byte character", what)
		}
		return o.Value[0], nil
	}
	csvOnly := func(o parser.Option, what string) error {
		if !f.csv {
			return sqlerr.New(sqlerr.FeatureNotSupported, "COPY %s available only in CSV mode", what)
		}
		return nil
	}
	var err error
	for _, o := range opts {
		switch o.Name {
		case "format":
		case "freeze":
			// Rows are never rewritten to freeze them.
		case "delimiter":
			if f.delim, err = one(o, "delimiter"); err != nil {
				return f, err
			}
			if f.delim == '\n' || f.delim == '\r' {
				return f, sqlerr.New(sqlerr.InvalidParameterValue, "COPY delimiter cannot be newline or carriage return")
			}
			if !f.csv && strings.IndexByte(`\.abcdefghijklmnopqrstuvwxyz0123456789`, f.delim) >= 0 {
				return f, sqlerr.New(sqlerr.InvalidParameterValue, "COPY delimiter cannot be %q", string(f.delim))
			}
		case "null":
			f.null = o.Value
			if strings.ContainsAny(f.null, "\r\n") {
				return f, sqlerr.New(sqlerr.InvalidParameterValue, "COPY null representation cannot use newline or carriage return")
			}
		case "header":
			f.match = strings.EqualFold(o.Value, "match")
			f.header = f.match || !o.HasValue || isTrue(o.Value)
			if f.match && !from {
				return f, sqlerr.New(sqlerr.SyntaxError, "cannot use \"match\" with HEADER in COPY TO")
			}
		case "quote":
			if err := csvOnly(o, "quote"); err != nil {
				return f, err
			}
			if f.quote, err = one(o, "quote"); err != nil {
				return f, err
			}
			if !seen["escape"] {
				f.escape = f.quote
			}
		case "escape":
			if err := csvOnly(o, "escape"); err != nil {
				return f, err
			}
			if f.escape, err = one(o, "escape"); err != nil {
				return f, err
			}
		case "force_quote":
			if err := csvOnly(o, "force quote"); err != nil {
				return f, err
			}
			f.forceQuote = set(append(o.List, o.Value))
		case "force_not_null":
			if err := csvOnly(o, "force not null"); err != nil {
				return f, err
			}
			f.forceNotNull = set(o.List)
		case "force_null":
			if err := csvOnly(o, "force null"); err != nil {
				return f, err
			}
			f.forceNull = set(o.List)
		case "encoding":
			v := strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(o.Value))
			if v != "utf8" && v != "unicode" && v != "sqlascii" {
				return f, sqlerr.Unsupported("encoding %q", o.Value)
			}
		default:
			return f, sqlerr.New(sqlerr.SyntaxError, "option %q not recognized", o.Name).At(o.Pos)
		}
	}
	if f.csv && f.delim == f.quote {
		return f, sqlerr.New(sqlerr.InvalidParameterValue, "COPY delimiter and quote must be different")
	}
	return f, nil
}

// copyTable finds the table and columns of a COPY.
func (p *Portal) copyTable(ctx context.Context, n *parser.CopyStmt, mode txn.TableLockMode) (*schema, *copyState, error) {
	s := p.s
	for {
		sc, err := s.statementSchema(ctx)
		if err != nil {
			return nil, nil, err
		}
		t, err := s.relation(sc, n.Table)
		if err != nil {
			return nil, nil, err
		}
		if t.Kind != catalog.KindTable || t.Virtual {
			if n.From || t.Kind == catalog.KindView && !t.Virtual {
				verb := "copy to"
				if !n.From {
					verb = "copy from"
				}
				e := sqlerr.New(sqlerr.WrongObjectType, "cannot %s %s %q", verb, kindName(t.Kind), t.Name)
				if !n.From {
					e.WithHint("Try the COPY (SELECT ...) TO variant.")
				}
				return nil, nil, e
			}
		}
		before := s.srv.mgr.SchemaVersion()
		if err := s.txn.LockTable(ctx, uint64(t.ID), mode, false); err != nil {
			return nil, nil, err
		}
		if s.srv.mgr.SchemaVersion() != before {
			continue
		}
		f, err := copyOptions(n.Options, n.From)
		if err != nil {
			return nil, nil, err
		}
		c := &copyState{copyFormat: f, t: t}
		for _, name := range n.Columns {
			slot, ok := t.ColumnSlot(name)
			if !ok {
				return nil, nil, undefinedColumn(t, name)
			}
			if slices.Contains(c.slots, slot) {
				return nil, nil, sqlerr.New(sqlerr.DuplicateColumn, "column %q specified more than once", name)
			}
			if t.Columns[slot].Generated != "" {
				return nil, nil, sqlerr.New(sqlerr.InvalidColumnReference, "column %q is a generated column", name).WithDetail("Generated columns cannot be used in COPY.")
			}
			c.slots = append(c.slots, slot)
		}
		if len(n.Columns) == 0 {
			for _, slot := range t.LiveSlots() {
				if t.Columns[slot].Generated == "" {
					c.slots = append(c.slots, slot)
				}
			}
		}
		return sc, c, nil
	}
}

// ---- COPY FROM

func (p *Portal) copyIn(ctx context.Context, r io.Reader, begin func(int, bool) error) error {
	s := p.s
	n := p.p.stmt.(*parser.CopyStmt)
	if s.txn.Options().ReadOnly {
		return errReadOnlyTxn("COPY FROM")
	}
	sc, c, err := p.copyTable(ctx, n, txn.RowExclusive)
	if err != nil {
		return err
	}
	ti, err := sc.table(c.t)
	if err != nil {
		return err
	}
	x := &execution{}
	x.begin(ctx, s, sc)
	x.c.Reset(ti.exprs.Places)
	var where expr.Expr
	if n.Where != nil {
		b := types.BoolOID.Type()
		if where, err = planner.BindRowExpr(s.planEnv(sc, nil), c.t, n.Where, "COPY FROM WHERE conditions", &b); err != nil {
			return err
		}
	}
	if err := begin(len(c.slots), c.binary); err != nil {
		return err
	}
	w := newWriter(x, ti)
	given := make([]bool, len(c.t.Columns))
	for _, slot := range c.slots {
		given[slot] = true
	}
	row := make([]types.Datum, len(c.t.Columns))
	count := int64(0)
	in := newCopyReader(r, c, s.format)
	if c.header {
		if err := in.skipHeader(); err != nil {
			return err
		}
	}
	for {
		if count&255 == 0 {
			if err := x.canceled(); err != nil {
				return err
			}
		}
		for slot := range row {
			row[slot] = types.Null
			if d := ti.exprs.Defaults[slot]; d != nil && !given[slot] {
				if row[slot], err = d.Eval(x.c, nil, 0); err != nil {
					return in.where(err, -1)
				}
			}
		}
		ok, err := in.next(row)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if where != nil {
			d, err := where.Eval(x.c, x.rowBatch(ti, row), 0)
			if err != nil {
				return in.where(err, -1)
			}
			if d.IsNull() || !d.Bool() {
				continue
			}
		}
		if err := w.complete(row); err != nil {
			return in.where(err, -1)
		}
		if err := w.insert(row); err != nil {
			return in.where(err, -1)
		}
		count++
	}
	if err := x.fks.run(x); err != nil {
		return err
	}
	x.countRows(c.t, w.counts)
	if s.block == explicit {
		if err := s.txn.EndStatement(ctx); err != nil {
			return err
		}
	}
	p.tag = fmt.Sprintf("COPY %d", count)
	return nil
}

// copyReader splits the data of COPY FROM into rows.
type copyReader struct {
	*copyState
	r      *bufio.Reader
	format *types.Format
	line   int64
	raw    []byte // the current line, for CONTEXT
	fields []copyField
	buf    []byte
	began  bool
	end    bool
}

// copyField is a field in copyReader.buf.
type copyField struct {
	lo, hi int
	null   bool
}

func newCopyReader(r io.Reader, c *copyState, f *types.Format) *copyReader {
	return &copyReader{copyState: c, r: bufio.NewReaderSize(r, 64<<10), format: f}
}

// where adds the CONTEXT line that names the place in the data.
func (c *copyReader) where(err error, field int) error {
	e := sqlerr.As(err)
	n := *e
	if field >= 0 && field < len(c.slots) {
		v := ""
		if field < len(c.fields) && !c.fields[field].null {
			v = string(c.buf[c.fields[field].lo:c.fields[field].hi])
		}
		n.Where = fmt.Sprintf("COPY %s, line %d, column %s: %q", c.t.Name, c.line, c.t.Columns[c.slots[field]].Name, limitText(v))
		n.Where = strings.Replace(n.Where, fmt.Sprintf("%q", limitText(v)), `"`+limitText(v)+`"`, 1)
	} else {
		n.Where = fmt.Sprintf("COPY %s, line %d: \"%s\"", c.t.Name, c.line, limitText(string(c.raw)))
	}
	return &n
}

func limitText(s string) string {
	if len(s) > 100 {
		return strings.ToValidUTF8(s[:100], "") + "..."
	}
	return s
}

// readLine reads a line without its end into raw; false at the end of the data.
func (c *copyReader) readLine() (bool, error) {
	c.raw = c.raw[:0]
	for {
		part, err := c.r.ReadSlice('\n')
		c.raw = append(c.raw, part...)
		if err == bufio.ErrBufferFull {
			if len(c.raw) > 1<<30 {
				return false, sqlerr.New(sqlerr.ProgramLimitExceeded, "a line of COPY data is too long")
			}
			continue
		}
		if err == io.EOF {
			if len(c.raw) == 0 {
				return false, nil
			}
			break
		}
		if err != nil {
			return false, err
		}
		break
	}
	c.line++
	if k := len(c.raw); k > 0 && c.raw[k-1] == '\n' {
		c.raw = c.raw[:k-1]
		if k > 1 && c.raw[k-2] == '\r' {
			c.raw = c.raw[:k-2]
		}
	}
	return true, nil
}

func (c *copyReader) skipHeader() error {
	ok, err := c.readLine()
	if err != nil || !ok {
		return err
	}
	if !c.match {
		return nil
	}
	if err := c.split(); err != nil {
		return err
	}
	if len(c.fields) != len(c.slots) {
		return c.where(sqlerr.New(sqlerr.BadCopyFileFormat, "wrong number of fields in header line: got %d, expected %d", len(c.fields), len(c.slots)), -1)
	}
	for i, slot := range c.slots {
		f := c.fields[i]
		if got := string(c.buf[f.lo:f.hi]); f.null || got != c.t.Columns[slot].Name {
			return c.where(sqlerr.New(sqlerr.BadCopyFileFormat, "column name mismatch in header line field %d: got %q, expected %q", i+1, got, c.t.Columns[slot].Name), -1)
		}
	}
	return nil
}

// split takes the current line apart; a CSV field may go on over more lines.
func (c *copyReader) split() error {
	if !utf8.Valid(c.raw) {
		return c.where(invalidUTF8(c.raw), -1)
	}
	c.fields, c.buf = c.fields[:0], c.buf[:0]
	if c.csv {
		return c.splitCSV()
	}
	line := c.raw
	for {
		start := len(c.buf)
		i := 0
		for i < len(line) && line[i] != c.delim {
			if line[i] != '\\' {
				c.buf = append(c.buf, line[i])
				i++
				continue
			}
			i++
			if i >= len(line) {
				c.buf = append(c.buf, '\\')
				break
			}
			ch := line[i]
			i++
			switch ch {
			case 'b':
				ch = '\b'
			case 'f':
				ch = '\f'
			case 'n':
				ch = '\n'
			case 'r':
				ch = '\r'
			case 't':
				ch = '\t'
			case 'v':
				ch = '\v'
			case '0', '1', '2', '3', '4', '5', '6', '7':
				v := int(ch - '0')
				for k := 0; k < 2 && i < len(line) && line[i] >= '0' && line[i] <= '7'; k++ {
					v = v<<3 | int(line[i]-'0')
					i++
				}
				ch = byte(v)
			case 'x':
				v, k := 0, 0
				for k < 2 && i < len(line) && hexValue(line[i]) >= 0 {
					v = v<<4 | hexValue(line[i])
					i++
					k++
				}
				if k > 0 {
					ch = byte(v)
				}
			}
			c.buf = append(c.buf, ch)
		}
		f := copyField{lo: start, hi: len(c.buf)}
		raw := line[:i]
		if string(raw) == c.null {
			f.null = true
		}
		c.fields = append(c.fields, f)
		if i >= len(line) {
			return nil
		}
		line = line[i+1:]
	}
}

func hexValue(b byte) int {
	switch {
	case b >= '0' && b <= '9':
		return int(b - '0')
	case b >= 'a' && b <= 'f':
		return int(b-'a') + 10
	case b >= 'A' && b <= 'F':
		return int(b-'A') + 10
	}
	return -1
}

func invalidUTF8(b []byte) error {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			seq := b[i:min(i+utf8Len(b[i]), len(b))]
			parts := make([]string, len(seq))
			for k, x := range seq {
				parts[k] = fmt.Sprintf("0x%02x", x)
			}
			return sqlerr.New(sqlerr.CharacterNotInRepertoire, "invalid byte sequence for encoding \"UTF8\": %s", strings.Join(parts, " "))
		}
		i += n
	}
	return sqlerr.New(sqlerr.CharacterNotInRepertoire, "invalid byte sequence for encoding \"UTF8\"")
}

func utf8Len(b byte) int {
	switch {
	case b&0xE0 == 0xC0:
		return 2
	case b&0xF0 == 0xE0:
		return 3
	case b&0xF8 == 0xF0:
		return 4
	}
	return 1
}

func (c *copyReader) splitCSV() error {
	i := 0
	for {
		start := len(c.buf)
		quoted := false
		inQuote := false
		for {
			if i >= len(c.raw) {
				if !inQuote {
					break
				}
				// The quoted field goes on in the next line.
				so := append([]byte(nil), c.raw...)
				c.buf = append(c.buf, '\n')
				ok, err := c.readLine()
				if err != nil {
					return err
				}
				if !ok {
					c.raw = so
					return c.where(sqlerr.New(sqlerr.BadCopyFileFormat, "unterminated CSV quoted field"), -1)
				}
				if !utf8.Valid(c.raw) {
					return c.where(invalidUTF8(c.raw), -1)
				}
				i = 0
				continue
			}
			ch := c.raw[i]
			switch {
			case inQuote && ch == c.escape && i+1 < len(c.raw) && (c.raw[i+1] == c.quote || c.raw[i+1] == c.escape):
				c.buf = append(c.buf, c.raw[i+1])
				i += 2
				continue
			case ch == c.quote:
				inQuote = !inQuote
				quoted = true
				i++
				continue
			case !inQuote && ch == c.delim:
			default:
				c.buf = append(c.buf, ch)
				i++
				continue
			}
			break
		}
		f := copyField{lo: start, hi: len(c.buf)}
		name := ""
		if k := len(c.fields); k < len(c.slots) {
			name = c.t.Columns[c.slots[k]].Name
		}
		isNull := string(c.buf[start:]) == c.null
		f.null = isNull && (!quoted || c.forceNull[name]) && !c.forceNotNull[name]
		c.fields = append(c.fields, f)
		if i >= len(c.raw) {
			return nil
		}
		i++
	}
}

// next reads a row into row, by slot; false at the end.
func (c *copyReader) next(row []types.Datum) (bool, error) {
	if c.end {
		return false, nil
	}
	if c.binary {
		return c.nextBinary(row)
	}
	ok, err := c.readLine()
	if err != nil || !ok {
		return false, err
	}
	if string(c.raw) == `\.` {
		// The end marker; what a client sends after it is not data.
		c.end = true
		_, err := io.Copy(io.Discard, c.r)
		return false, err
	}
	if err := c.split(); err != nil {
		return false, err
	}
	if len(c.fields) > len(c.slots) {
		return false, c.where(sqlerr.New(sqlerr.BadCopyFileFormat, "extra data after last expected column"), -1)
	}
	if len(c.slots) == 1 && len(c.fields) == 0 {
		c.fields = append(c.fields, copyField{})
	}
	for i, slot := range c.slots {
		if i >= len(c.fields) {
			return false, c.where(sqlerr.New(sqlerr.BadCopyFileFormat, "missing data for column %q", c.t.Columns[slot].Name), -1)
		}
		f := c.fields[i]
		if f.null {
			row[slot] = types.Null
			continue
		}
		if bytes.IndexByte(c.buf[f.lo:f.hi], 0) >= 0 {
			return false, c.where(sqlerr.New(sqlerr.CharacterNotInRepertoire, "invalid byte sequence for encoding \"UTF8\": 0x00"), -1)
		}
		d, err := types.ParseText(c.t.Columns[slot].Type, string(c.buf[f.lo:f.hi]), c.format)
		if err != nil {
			return false, c.where(err, i)
		}
		row[slot] = d
	}
	return true, nil
}

var copySignature = []byte("PGCOPY\n\xff\r\n\x00")

func (c *copyReader) nextBinary(row []types.Datum) (bool, error) {
	bad := func(format string, args ...any) error {
		return sqlerr.New(sqlerr.BadCopyFileFormat, format, args...)
	}
	if !c.began {
		c.began = true
		head := make([]byte, len(copySignature)+8)
		if _, err := io.ReadFull(c.r, head); err != nil {
			return false, copyError(err, bad("COPY file signature not recognized"))
		}
		if !bytes.Equal(head[:len(copySignature)], copySignature) {
			return false, bad("COPY file signature not recognized")
		}
		ext := binary.BigEndian.Uint32(head[len(copySignature)+4:])
		if _, err := io.CopyN(io.Discard, c.r, int64(ext)); err != nil {
			return false, copyError(err, bad("invalid COPY file header (wrong length)"))
		}
	}
	var b [4]byte
	if _, err := io.ReadFull(c.r, b[:2]); err != nil {
		if err == io.EOF {
			return false, nil
		}
		return false, copyError(err, bad("unexpected EOF in COPY data"))
	}
	c.line++
	n := int16(binary.BigEndian.Uint16(b[:2]))
	if n == -1 {
		c.end = true
		return false, nil
	}
	if int(n) != len(c.slots) {
		return false, bad("row field count is %d, expected %d", n, len(c.slots))
	}
	for i, slot := range c.slots {
		if _, err := io.ReadFull(c.r, b[:]); err != nil {
			return false, copyError(err, bad("unexpected EOF in COPY data"))
		}
		size := int32(binary.BigEndian.Uint32(b[:]))
		if size == -1 {
			row[slot] = types.Null
			continue
		}
		if size < 0 {
			return false, bad("invalid field size")
		}
		var buf bytes.Buffer // grown as data comes, so that a wrong size costs nothing
		if _, err := io.CopyN(&buf, c.r, int64(size)); err != nil {
			return false, copyError(err, bad("unexpected EOF in COPY data"))
		}
		d, err := types.ParseBinary(c.t.Columns[slot].Type, buf.Bytes())
		if err == nil {
			d, err = types.ApplyTypmod(d, c.t.Columns[slot].Type, false)
		}
		if err != nil {
			e := *sqlerr.As(err)
			e.Where = fmt.Sprintf("COPY %s, line %d, column %s", c.t.Name, c.line, c.t.Columns[c.slots[i]].Name)
			return false, &e
		}
		row[slot] = d
	}
	return true, nil
}

func copyError(err, short error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return short
	}
	return err
}

// ---- COPY TO

func (p *Portal) copyOut(ctx context.Context, w io.Writer, begin func(int, bool) error) error {
	s := p.s
	n := p.p.stmt.(*parser.CopyStmt)
	f, err := copyOptions(n.Options, false)
	if err != nil {
		return err
	}
	query := n.Query
	if query == nil {
		_, c, err := p.copyTable(ctx, n, txn.AccessShare)
		if err != nil {
			return err
		}
		sel := &parser.SelectStmt{Pos: n.Pos, From: []parser.TableRef{&parser.RangeTable{Pos: n.Table.Pos, Name: n.Table}}}
		for _, slot := range c.slots {
			sel.Targets = append(sel.Targets, parser.Target{Expr: &parser.ColumnRef{Parts: []string{c.t.Columns[slot].Name}}})
		}
		query = sel
	}
	inner := &Portal{s: s, p: &Prepared{SQL: p.p.SQL, stmt: query}}
	if err := inner.start(ctx); err != nil {
		return err
	}
	defer inner.end()
	cols := inner.p.columns
	if len(cols) == 0 && inner.p.plan.Command != planner.Select {
		return sqlerr.New(sqlerr.FeatureNotSupported, "COPY query must have a RETURNING clause")
	}
	if err := begin(len(cols), f.binary); err != nil {
		return err
	}
	out := &copyWriter{copyFormat: f, cols: cols, format: s.format}
	if f.binary {
		if _, err := w.Write(append(slices.Clone(copySignature), 0, 0, 0, 0, 0, 0, 0, 0)); err != nil {
			return err
		}
	}
	if f.header {
		if _, err := w.Write(out.headerLine()); err != nil {
			return err
		}
	}
	count := 0
	for {
		b, err := inner.next(ctx)
		if err != nil {
			return err
		}
		if b == nil {
			break
		}
		for k := range b.Len() {
			line, err := out.row(b, b.Row(k))
			if err != nil {
				return err
			}
			if _, err := w.Write(line); err != nil {
				return err
			}
			count++
		}
	}
	if f.binary {
		if _, err := w.Write([]byte{0xff, 0xff}); err != nil {
			return err
		}
	}
	p.tag = fmt.Sprintf("COPY %d", count)
	return nil
}

// copyWriter formats the rows of COPY TO.
type copyWriter struct {
	copyFormat
	cols   []planner.Column
	format *types.Format
	line   []byte
	val    []byte
}

func (c *copyWriter) headerLine() []byte {
	c.line = c.line[:0]
	for i, col := range c.cols {
		if i > 0 {
			c.line = append(c.line, c.delim)
		}
		if c.csv {
			c.appendCSV([]byte(col.Name), false)
		} else {
			c.appendText([]byte(col.Name))
		}
	}
	return append(c.line, '\n')
}

func (c *copyWriter) row(b *vec.Batch, i int) ([]byte, error) {
	c.line = c.line[:0]
	if c.binary {
		c.line = binary.BigEndian.AppendUint16(c.line, uint16(len(c.cols)))
		for k := range c.cols {
			d := b.Cols[k].View(i)
			if d.IsNull() {
				c.line = append(c.line, 0xff, 0xff, 0xff, 0xff)
				continue
			}
			var err error
			if c.val, err = types.AppendBinary(c.val[:0], c.cols[k].Type, d); err != nil {
				return nil, err
			}
			c.line = binary.BigEndian.AppendUint32(c.line, uint32(len(c.val)))
			c.line = append(c.line, c.val...)
		}
		return c.line, nil
	}
	for k := range c.cols {
		if k > 0 {
			c.line = append(c.line, c.delim)
		}
		d := b.Cols[k].View(i)
		if d.IsNull() {
			c.line = append(c.line, c.null...)
			continue
		}
		c.val = types.AppendText(c.val[:0], c.cols[k].Type, d, c.format)
		if c.csv {
			c.appendCSV(c.val, c.forceQuote["*"] || c.forceQuote[c.cols[k].Name])
		} else {
			c.appendText(c.val)
		}
	}
	return append(c.line, '\n'), nil
}

func (c *copyWriter) appendText(v []byte) {
	for _, ch := range v {
		switch ch {
		case '\\':
			c.line = append(c.line, '\\', '\\')
		case '\b':
			c.line = append(c.line, '\\', 'b')
		case '\f':
			c.line = append(c.line, '\\', 'f')
		case '\n':
			c.line = append(c.line, '\\', 'n')
		case '\r':
			c.line = append(c.line, '\\', 'r')
		case '\t':
			c.line = append(c.line, '\\', 't')
		case '\v':
			c.line = append(c.line, '\\', 'v')
		default:
			if ch == c.delim {
				c.line = append(c.line, '\\')
			}
			c.line = append(c.line, ch)
		}
	}
}

func (c *copyWriter) appendCSV(v []byte, force bool) {
	quote := force || string(v) == c.null || (len(c.cols) == 1 && string(v) == `\.`) || bytes.IndexByte(v, c.delim) >= 0 || bytes.IndexByte(v, c.quote) >= 0 || bytes.ContainsAny(v, "\r\n")
	if !quote {
		c.line = append(c.line, v...)
		return
	}
	c.line = append(c.line, c.quote)
	for _, ch := range v {
		if ch == c.quote || ch == c.escape {
			c.line = append(c.line, c.escape)
		}
		c.line = append(c.line, ch)
	}
	c.line = append(c.line, c.quote)
}
