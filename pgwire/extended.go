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
	portal  *minisql.Portal // nil if the text had no statement
	formats formats
	resumed bool // an earlier Execute has returned rows
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
func (c *conn) find(name string) (*statement, error) {
	st := c.stmts[name]
	switch {
	case name == "":
		if st == nil {
			return nil, c.p.Fail(sqlerr.New(sqlerr.InvalidSQLStatementName, "unnamed prepared statement does not exist"))
		}
		return st, nil
	case st != nil && st.prepared == nil:
		return st, nil
	}
	p := c.p.Named(name)
	switch {
	case p == nil:
		delete(c.stmts, name) // DEALLOCATE took it
		return nil, c.p.Fail(sqlerr.New(sqlerr.InvalidSQLStatementName, "prepared statement %q does not exist", name))
	case st == nil || st.prepared != p:
		return &statement{prepared: p, source: p.SQL}, nil
	}
	return st, nil
}

func (c *conn) bind(body []byte) error {
	var m pgproto3.Bind
	if err := m.Decode(body); err != nil {
		return c.p.Fail(errFormat())
	}
	st, err := c.find(m.PreparedStatement)
	if err != nil {
		return err
	}
	c.source = st.source
	if m.DestinationPortal != "" && c.portals[m.DestinationPortal] != nil {
		return c.p.Fail(sqlerr.New(sqlerr.DuplicateCursor, "portal %q already exists", m.DestinationPortal))
	}
	pl := &portal{stmt: st}
	if st.prepared == nil {
		if len(m.Parameters) > 0 {
			return c.p.Fail(errParamCount(&m, 0))
		}
	} else {
		params, err := c.parameters(&m, st.prepared.Params())
		if err != nil {
			return c.p.Fail(err)
		}
		if pl.formats, err = resultFormats(m.ResultFormatCodes, len(st.prepared.Columns())); err != nil {
			return c.p.Fail(err)
		}
		if pl.portal, err = c.p.Bind(st.prepared, params); err != nil {
			return c.p.Fail(err)
		}
	}
	if c.portals == nil {
		c.portals = make(map[string]*portal)
	}
	if old := c.portals[m.DestinationPortal]; old != nil && old.portal != nil {
		old.portal.Close()
	}
	c.portals[m.DestinationPortal] = pl
	c.out.empty(msgBindComplete)
	return nil
}

func errParamCount(m *pgproto3.Bind, want int) error {
	return sqlerr.New(sqlerr.ProtocolViolation, "bind message supplies %d parameters, but prepared statement %q requires %d", len(m.Parameters), m.PreparedStatement, want)
}

// parameters reads the values of a Bind.
func (c *conn) parameters(m *pgproto3.Bind, want []types.Type) ([]types.Datum, error) {
	if n := len(m.ParameterFormatCodes); n > 1 && n != len(m.Parameters) {
		return nil, sqlerr.New(sqlerr.ProtocolViolation, "bind message has %d parameter formats but %d parameters", n, len(m.Parameters))
	}
	if len(m.Parameters) != len(want) {
		return nil, errParamCount(m, len(want))
	}
	if len(want) == 0 {
		return nil, nil
	}
	out := make([]types.Datum, len(want))
	for i, b := range m.Parameters {
		if b == nil {
			continue
		}
		format := int16(0)
		switch len(m.ParameterFormatCodes) {
		case 0:
		case 1:
			format = m.ParameterFormatCodes[0]
		default:
			format = m.ParameterFormatCodes[i]
		}
		t := want[i]
		if t.OID == 0 {
			t = types.TextOID.Type()
		}
		var err error
		switch format {
		case 0:
			out[i], err = types.ParseText(t, string(b), c.p.Format())
		case 1:
			out[i], err = types.ParseBinary(t, b)
		default:
			err = sqlerr.New(sqlerr.InvalidParameterValue, "unsupported format code: %d", format)
		}
		if err != nil {
			return nil, paramError(err, m.DestinationPortal, i, format == 0)
		}
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

func resultFormats(codes []int16, columns int) (formats, error) {
	if len(codes) > 1 && len(codes) != columns {
		return nil, sqlerr.New(sqlerr.ProtocolViolation, "bind message has %d result formats but query has %d columns", len(codes), columns)
	}
	var f formats
	for _, code := range codes {
		if code != 0 && code != 1 {
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "unsupported format code: %d", code)
		}
		f = append(f, code == 1)
	}
	return f, nil
}

func (c *conn) describe(body []byte) error {
	var m pgproto3.Describe
	if err := m.Decode(body); err != nil {
		return c.p.Fail(errFormat())
	}
	var cols []minisql.Column
	var f formats
	switch m.ObjectType {
	case 'S':
		st, err := c.find(m.Name)
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
		pl, err := c.portal(m.Name)
		if err != nil {
			return err
		}
		if pl.portal != nil {
			cols, f = pl.portal.Columns(), pl.formats
		}
		if err := c.describable(cols); err != nil {
			return err
		}
	default:
		return c.p.Fail(sqlerr.New(sqlerr.ProtocolViolation, "invalid DESCRIBE message subtype %d", m.ObjectType))
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

func (c *conn) portal(name string) (*portal, error) {
	pl := c.portals[name]
	if pl == nil {
		return nil, c.p.Fail(sqlerr.New(sqlerr.InvalidCursorName, "portal %q does not exist", name))
	}
	return pl, nil
}

func (c *conn) execute(body []byte) error {
	var m pgproto3.Execute
	if err := m.Decode(body); err != nil {
		return c.p.Fail(errFormat())
	}
	pl, err := c.portal(m.Portal)
	if err != nil {
		return err
	}
	c.source = pl.stmt.source
	p := pl.portal
	if p == nil {
		c.out.empty(msgEmptyQueryResponse)
		return nil
	}
	if p.Done() && p.Columns() == nil {
		return c.p.Fail(sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "portal %q cannot be run", m.Portal))
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
		if sent, done, err = c.portion(pl, int(m.MaxRows)); err == nil && !done {
			pl.resumed = true
			c.out.empty(msgPortalSuspended)
			return nil
		}
	}
	if err != nil {
		return err
	}
	tag := p.Tag()
	if pl.resumed && strings.HasPrefix(tag, "SELECT ") {
		tag = "SELECT " + itoa(sent) // each Execute counts its own rows
	}
	pl.resumed = true
	c.out.commandComplete(tag)
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
		if pl := c.portals[m.Name]; pl != nil {
			if pl.portal != nil {
				pl.portal.Close()
			}
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
	for name, pl := range c.portals {
		if pl.portal != nil {
			pl.portal.Close()
		}
		delete(c.portals, name)
	}
}
