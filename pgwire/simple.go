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
		c.text = string(body[:n])
		c.source = c.text
		err = c.statements(c.text)
	} else {
		err = c.p.Fail(sqlerr.New(sqlerr.ProtocolViolation, "invalid string in message"))
	}
	if err != nil {
		if err := c.failed(err); err != nil {
			return err
		}
	}
	c.source, c.text = "", ""
	c.simple = minisql.Portal{}
	return c.ready()
}

func (c *conn) statements(sql string) error {
	kept, prepared, ok := c.p.Kept(sql)
	if prepared != nil && len(prepared.Params()) == 0 {
		return c.statement(prepared, nil, true)
	}
	var list []minisql.Statement
	if ok {
		list = []minisql.Statement{kept}
	} else if prepared, params := c.p.Literals(c.run(), sql); prepared != nil {
		// Positions in errors would count in another text.
		c.source = ""
		return c.statement(prepared, params, true)
	} else {
		var err error
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
		if err := c.statement(p, nil, i == len(list)-1); err != nil {
			return err
		}
	}
	return nil
}

// statement runs one statement of a Query. The last one commits the implicit
// transaction before it is reported complete.
func (c *conn) statement(p *minisql.PreparedStatement, params []types.Datum, last bool) error {
	portal := &c.simple
	*portal = minisql.Portal{}
	if err := c.p.BindTo(portal, p, params); err != nil {
		return c.p.Fail(err)
	}
	if last {
		portal.Alone()
	}
	var err error
	switch {
	case portal.IsCopyIn():
		err = c.copyIn(portal)
	case portal.IsCopyOut():
		err = c.copyOut(portal)
	default:
		if params != nil {
			portal.ShowAs(c.text)
		}
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
	c.out.complete(portal)
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
