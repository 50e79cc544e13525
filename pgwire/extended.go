package pgwire

import (
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// statement is what Parse has made. A text without a statement has no prepared.
type statement struct {
	prepared *minisql.PreparedStatement
	source   string // positions in errors count in it
}

// portal is what Bind has made.
type portal struct {
	stmt    *statement
	portal  minisql.Portal // not used if the text had no statement
	formats formats
	resumed bool // an earlier Execute has returned rows
}

func (pl *portal) empty() bool { return pl.stmt.prepared == nil }

func (pl *portal) close() {
	if !pl.empty() {
		pl.portal.Close()
	}
}

func errFormat() error { return sqlerr.New(sqlerr.ProtocolViolation, "invalid message format") }

func (c *conn) parse(body []byte) error {
	var m pgproto3.Parse
	if err := m.Decode(body); err != nil {
		return c.p.Fail(errFormat())
	}
	c.source = m.Query
	if m.Name != "" && (c.stmts[m.Name] != nil || c.p.Named(m.Name) != nil) {
		return c.p.Fail(sqlerr.New(sqlerr.DuplicatePreparedStatement, "prepared statement %q already exists", m.Name))
	}
	st, err := c.prepare(&m)
	if err != nil {
		return err
	}
	if c.stmts == nil {
		c.stmts = make(map[string]*statement)
	}
	if m.Name != "" && st.prepared != nil {
		if err := c.p.Name(st.prepared, m.Name); err != nil {
			return c.p.Fail(err)
		}
	}
	c.stmts[m.Name] = st
	c.out.empty(msgParseComplete)
	return nil
}

func (c *conn) prepare(m *pgproto3.Parse) (*statement, error) {
	st := &statement{source: m.Query}
	var list []minisql.Statement
	var err error
	// Nameless statements come again with the same text from clients that prepare
	// everything before they run it.
	key := m.Query
	if len(m.ParameterOIDs) > 0 {
		b := append([]byte(m.Query), 0)
		for _, o := range m.ParameterOIDs {
			b = append(strconv.AppendUint(b, uint64(o), 10), ' ')
		}
		key = string(b)
	}
	if m.Name == "" {
		kept, prepared, ok := c.p.Kept(key)
		if st.prepared = prepared; prepared != nil {
			return st, nil
		}
		if ok {
			list = []minisql.Statement{kept}
		}
	}
	if list == nil {
		if list, err = c.p.Parse(m.Query); err != nil {
			return nil, c.p.Fail(err)
		}
	}
	switch len(list) {
	case 0:
		return st, nil
	case 1:
	default:
		return nil, c.p.Fail(sqlerr.New(sqlerr.SyntaxError, "cannot insert multiple commands into a prepared statement"))
	}
	var oids []types.OID // nil: all are inferred
	for _, o := range m.ParameterOIDs {
		oids = append(oids, types.OID(o))
	}
	if st.prepared, err = c.p.Prepare(c.run(), list[0], oids); err != nil {
		return nil, err
	}
	if m.Name == "" {
		c.p.Keep(key, list[0], st.prepared)
	}
	return st, nil
}

// find returns a statement by name, also one that PREPARE made.
func (c *conn) find(name []byte) (*statement, error) {
	st := c.stmts[string(name)]
	switch {
	case len(name) == 0:
		if st == nil {
			return nil, c.p.Fail(sqlerr.New(sqlerr.InvalidSQLStatementName, "unnamed prepared statement does not exist"))
		}
		return st, nil
	case st != nil && st.prepared == nil:
		return st, nil
	}
	p := c.p.Named(string(name))
	switch {
	case p == nil:
		delete(c.stmts, string(name)) // DEALLOCATE took it
		return nil, c.p.Fail(sqlerr.New(sqlerr.InvalidSQLStatementName, "prepared statement %q does not exist", name))
	case st == nil || st.prepared != p:
		return &statement{prepared: p, source: p.SQL}, nil
	}
	return st, nil
}

func (c *conn) bind(body []byte) error {
	var m bindMessage
	if !m.decode(body) {
		return c.p.Fail(errFormat())
	}
	st, err := c.find(m.statement)
	if err != nil {
		return err
	}
	c.source = st.source
	pl := &c.unnamed
	var params []types.Datum // memory for them
	if len(m.portal) > 0 {
		if c.portals[string(m.portal)] != nil {
			return c.p.Fail(sqlerr.New(sqlerr.DuplicateCursor, "portal %q already exists", m.portal))
		}
		pl = new(portal)
	} else {
		c.closeUnnamed()
		params = c.params[:0]
	}
	*pl = portal{stmt: st}
	if st.prepared == nil {
		if m.paramCount > 0 {
			return c.p.Fail(errParamCount(&m, 0))
		}
	} else {
		if params, err = c.parameters(params, &m, st.prepared.Params()); err != nil {
			return c.p.Fail(err)
		}
		if pl.formats, err = resultFormats(m.resultFormats, len(st.prepared.Columns())); err != nil {
			return c.p.Fail(err)
		}
		if err = c.p.BindTo(&pl.portal, st.prepared, params); err != nil {
			return c.p.Fail(err)
		}
	}
	if pl == &c.unnamed {
		c.bound, c.params = true, params
	} else {
		if c.portals == nil {
			c.portals = make(map[string]*portal)
		}
		c.portals[string(m.portal)] = pl
	}
	c.out.empty(msgBindComplete)
	return nil
}

func errParamCount(m *bindMessage, want int) error {
	return sqlerr.New(sqlerr.ProtocolViolation, "bind message supplies %d parameters, but prepared statement %q requires %d", m.paramCount, m.statement, want)
}

// parameters appends the values of a Bind to out.
func (c *conn) parameters(out []types.Datum, m *bindMessage, want []types.Type) ([]types.Datum, error) {
	if n := m.paramFormats.len(); n > 1 && n != m.paramCount {
		return nil, sqlerr.New(sqlerr.ProtocolViolation, "bind message has %d parameter formats but %d parameters", n, m.paramCount)
	}
	if m.paramCount != len(want) {
		return nil, errParamCount(m, len(want))
	}
	for i, t := range want {
		b := m.param()
		if b == nil {
			out = append(out, types.Null)
			continue
		}
		format := 0
		switch m.paramFormats.len() {
		case 0:
		case 1:
			format = m.paramFormats.at(0)
		default:
			format = m.paramFormats.at(i)
		}
		if t.OID == 0 {
			t = types.TextOID.Type()
		}
		var d types.Datum
		var err error
		switch format {
		case 0:
			d, err = types.ParseText(t, string(b), c.p.Format())
		case 1:
			d, err = types.ParseBinary(t, b)
		default:
			err = sqlerr.New(sqlerr.InvalidParameterValue, "unsupported format code: %d", format)
		}
		if err != nil {
			return nil, paramError(err, string(m.portal), i, format == 0)
		}
		out = append(out, d)
	}
	return out, nil
}

// paramError says which parameter an error is about.
func paramError(err error, portal string, i int, text bool) error {
	e := *sqlerr.As(err)
	name := "unnamed portal"
	if portal != "" {
		name = "portal " + strconv.Quote(portal)
	}
	e.Where = name + " parameter $" + itoa(i+1)
	if text {
		e.Where += " = '...'"
	}
	return &e
}

// The formats of a Bind that names one for all columns.
var (
	allText   = formats{false}
	allBinary = formats{true}
)

func resultFormats(c codes, columns int) (formats, error) {
	n := c.len()
	if n > 1 && n != columns {
		return nil, sqlerr.New(sqlerr.ProtocolViolation, "bind message has %d result formats but query has %d columns", n, columns)
	}
	var f formats
	for i := range n {
		switch code := c.at(i); {
		case code != 0 && code != 1:
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "unsupported format code: %d", code)
		case n > 1:
			f = append(f, code == 1)
		case code == 1:
			f = allBinary
		default:
			f = allText
		}
	}
	return f, nil
}

func (c *conn) describe(body []byte) error {
	m := fields{rest: body}
	kind, name := m.byte(), m.cstring()
	if m.bad || len(m.rest) > 0 {
		return c.p.Fail(errFormat())
	}
	var cols []minisql.Column
	var f formats
	switch kind {
	case 'S':
		st, err := c.find(name)
		if err != nil {
			return err
		}
		var params []types.Type
		if st.prepared != nil {
			params, cols = st.prepared.Params(), st.prepared.Columns()
		}
		if err := c.describable(cols); err != nil {
			return err
		}
		at := c.out.start(msgParameterDescription)
		c.out.int16(len(params))
		for _, t := range params {
			c.out.int32(int(t.OID))
		}
		c.out.finish(at)
	case 'P':
		pl, err := c.portal(name)
		if err != nil {
			return err
		}
		if !pl.empty() {
			cols, f = pl.portal.Columns(), pl.formats
		}
		if err := c.describable(cols); err != nil {
			return err
		}
	default:
		return c.p.Fail(sqlerr.New(sqlerr.ProtocolViolation, "invalid DESCRIBE message subtype %d", kind))
	}
	if cols == nil {
		c.out.empty(msgNoData)
	} else {
		c.out.rowDescription(cols, f)
	}
	return nil
}

// describable refuses to describe rows in a failed transaction, as PostgreSQL does.
func (c *conn) describable(cols []minisql.Column) error {
	if cols != nil && c.p.Status() == 'E' {
		return sqlerr.New(sqlerr.InFailedSQLTransaction, "current transaction is aborted, commands ignored until end of transaction block")
	}
	return nil
}

func (c *conn) portal(name []byte) (*portal, error) {
	pl := c.portals[string(name)]
	if len(name) == 0 && c.bound {
		pl = &c.unnamed
	}
	if pl == nil {
		return nil, c.p.Fail(sqlerr.New(sqlerr.InvalidCursorName, "portal %q does not exist", name))
	}
	return pl, nil
}

func (c *conn) execute(body []byte) error {
	m := fields{rest: body}
	name, most := m.cstring(), m.int32()
	if m.bad {
		return c.p.Fail(errFormat())
	}
	pl, err := c.portal(name)
	if err != nil {
		return err
	}
	c.source = pl.stmt.source
	if pl.empty() {
		c.out.empty(msgEmptyQueryResponse)
		return nil
	}
	p := &pl.portal
	if p.Done() && p.Columns() == nil {
		return c.p.Fail(sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "portal %q cannot be run", name))
	}
	if c.in.next() == 'S' {
		p.Alone()
	}
	before := c.p.Status()
	sent := 0
	switch {
	case p.IsCopyIn():
		err = c.copyIn(p)
	case p.IsCopyOut():
		err = c.copyOut(p)
	default:
		done := false
		if sent, done, err = c.portion(pl, most); err == nil && !done {
			pl.resumed = true
			c.out.empty(msgPortalSuspended)
			return nil
		}
	}
	if err != nil {
		return err
	}
	if pl.resumed && strings.HasPrefix(p.Tag(), "SELECT ") {
		c.out.commandComplete("SELECT " + itoa(sent)) // each Execute counts its own rows
	} else {
		c.out.complete(p)
	}
	pl.resumed = true
	if before != 'I' && c.p.Status() == 'I' {
		c.closePortals() // COMMIT and ROLLBACK end all portals
	}
	return nil
}

// portion sends up to most rows of a portal (all if most is not positive), and
// reports how many, and whether there are no more.
func (c *conn) portion(pl *portal, most int) (sent int, done bool, err error) {
	for {
		b, err := pl.portal.Next(c.run(), max(most-sent, 0))
		if err != nil {
			return sent, false, err
		}
		if b == nil {
			return sent, true, nil
		}
		if err := c.out.dataRows(b, pl.portal.Columns(), pl.formats, c.p.Format()); err != nil {
			return sent, false, c.p.Fail(err)
		}
		sent += b.Len()
		if most > 0 && sent >= most {
			pl.portal.Suspend()
			return sent, false, nil
		}
	}
}

func (c *conn) close(body []byte) error {
	var m pgproto3.Close
	if err := m.Decode(body); err != nil {
		return c.p.Fail(errFormat())
	}
	switch m.ObjectType {
	case 'S':
		delete(c.stmts, m.Name)
		if m.Name != "" {
			c.p.Forget(m.Name)
		}
	case 'P':
		if m.Name == "" {
			c.closeUnnamed()
		} else if pl := c.portals[m.Name]; pl != nil {
			pl.close()
			delete(c.portals, m.Name)
		}
	default:
		return c.p.Fail(sqlerr.New(sqlerr.ProtocolViolation, "invalid CLOSE message subtype %d", m.ObjectType))
	}
	c.out.empty(msgCloseComplete)
	return nil
}

// closePortals ends all portals, as the end of a transaction does.
func (c *conn) closePortals() {
	c.closeUnnamed()
	if len(c.portals) == 0 {
		return
	}
	for name, pl := range c.portals {
		pl.close()
		delete(c.portals, name)
	}
}

// closeUnnamed ends the unnamed portal, if there is one, and lets go of what it refers to.
func (c *conn) closeUnnamed() {
	if !c.bound {
		return
	}
	c.bound = false
	c.unnamed.close()
	c.unnamed = portal{}
	clear(c.params)
	if cap(c.params) > paramsKept {
		c.params = nil
	}
}

// paramsKept is how many parameters a connection keeps the memory for.
const paramsKept = 64
