package pgwire

import (
	"bytes"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// query runs a Query message: any number of statements, in one transaction unless
// they say otherwise.
func (c *conn) query(body []byte) error {
	n := bytes.IndexByte(body, 0)
	err := error(nil)
	if n >= 0 && n == len(body)-1 {
		c.source = string(body[:n])
		err = c.statements(c.source)
	} else {
		err = c.p.Fail(sqlerr.New(sqlerr.ProtocolViolation, "invalid string in message"))
	}
	if err != nil {
		if err := c.failed(err); err != nil {
			return err
		}
	}
	c.source = ""
	return c.ready()
}

func (c *conn) statements(sql string) error {
	list, prepared, err := c.p.Text(sql, sql)
	if err != nil {
		return c.p.Fail(err)
	}
	if prepared != nil && len(prepared.Params()) == 0 {
		return c.statement(prepared, true)
	}
	if prepared != nil { // it came with parameters before
		if list, err = c.p.Parse(sql); err != nil {
			return c.p.Fail(err)
		}
	}
	if len(list) == 0 {
		c.out.empty(msgEmptyQueryResponse)
		return c.p.Sync(background)
	}
	for i, st := range list {
		p, err := c.p.Prepare(c.run(), st, noParams)
		if err != nil {
			return err
		}
		if len(list) == 1 {
			c.p.Keep(sql, st, p)
		}
		if err := c.statement(p, i == len(list)-1); err != nil {
			return err
		}
	}
	return nil
}

// statement runs one statement of a Query. The last one commits the implicit
// transaction before it is reported complete.
func (c *conn) statement(p *minisql.PreparedStatement, last bool) error {
	portal, err := c.p.Bind(p, nil)
	if err != nil {
		return c.p.Fail(err)
	}
	switch {
	case portal.IsCopyIn():
		err = c.copyIn(portal)
	case portal.IsCopyOut():
		err = c.copyOut(portal)
	default:
		err = c.rows(portal)
	}
	if err != nil {
		return err
	}
	if last {
		if err := c.p.Sync(background); err != nil {
			return err
		}
	}
	c.out.commandComplete(portal.Tag())
	return c.out.full()
}

// rows runs a portal to its end and sends its rows, in text, after their description.
func (c *conn) rows(portal *minisql.Portal) error {
	if cols := portal.Columns(); cols != nil {
		c.out.rowDescription(cols, nil)
	}
	for {
		b, err := portal.Next(c.run(), 0)
		if b == nil || err != nil {
			return err
		}
		if err := c.out.dataRows(b, portal.Columns(), nil, c.p.Format()); err != nil {
			return c.p.Fail(err)
		}
	}
}

// noParams are those of a statement that has none.
var noParams = []types.OID{}
