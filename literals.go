package minisql

import (
	"context"
	"strconv"

	"github.com/minisql/minisql/exec"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/types"
)

// A client of the simple protocol that sends the same statement with other numbers each
// time would have it planned each time. literalCache finds such statements by their text
// without the numbers, and runs them as one prepared statement with parameters.
//
// It does so only where nobody can tell: the constants are numbers, whose types are
// plain to see; and the plan reads one row by a unique key, so that no constant
// would have led to another plan. What fails to prepare so is left to be planned
// as it was written.
type literalCache struct {
	byKey  map[string]*literalStmt
	params []types.Datum // of the statement that runs
	key    []byte
}

// literalKeysMax bounds the keys; when they are more, all are forgotten.
const literalKeysMax = 128

// literalStmt is what is known of a key. It is prepared when its key comes the
// second time.
type literalStmt struct {
	refused bool
	p       *exec.Prepared
}

var literalTypes = map[parser.LiteralKind]types.OID{parser.LiteralInt4: types.Int4OID, parser.LiteralInt8: types.Int8OID, parser.LiteralNum: types.NumericOID}

// find returns a prepared statement for the text, with the values of its parameters, or nil.
func (c *literalCache) find(ctx context.Context, x *exec.Session, sql string) (*exec.Prepared, []types.Datum) {
	if len(sql) > stmtTextMax || x.Status() == 'E' {
		return nil, nil
	}
	text, literals, ok := parser.Normalize(sql)
	if !ok {
		return nil, nil
	}
	c.key = append(c.key[:0], text...)
	for _, l := range literals {
		if l.Kind == parser.LiteralString {
			return nil, nil
		}
		c.key = append(c.key, 0, byte(l.Kind))
	}
	e := c.byKey[string(c.key)]
	switch {
	case e == nil:
		if c.byKey == nil || len(c.byKey) >= literalKeysMax {
			c.byKey = make(map[string]*literalStmt)
		}
		c.byKey[string(c.key)] = &literalStmt{}
		return nil, nil
	case e.refused:
		return nil, nil
	case e.p == nil || !x.Fresh(e.p):
		e.p = c.prepare(ctx, x, text, literals)
		if e.refused = e.p == nil; e.refused {
			return nil, nil
		}
	}
	c.params = c.params[:0]
	for _, l := range literals {
		var d types.Datum
		var err error
		if l.Kind == parser.LiteralNum {
			d, err = types.ParseText(types.NumericOID.Type(), l.Value, nil)
		} else {
			var n int64
			n, err = strconv.ParseInt(l.Value, 10, 64)
			d = types.NewInt(n)
		}
		if err != nil {
			return nil, nil
		}
		c.params = append(c.params, d)
	}
	return e.p, c.params
}

// prepare prepares the text with parameters, if that is as good as the original.
func (c *literalCache) prepare(ctx context.Context, x *exec.Session, text string, literals []parser.Literal) *exec.Prepared {
	list, err := parser.Parse(text)
	if err != nil || len(list) != 1 {
		return nil
	}
	oids := make([]types.OID, len(literals))
	for i, l := range literals {
		oids[i] = literalTypes[l.Kind]
	}
	p, err := x.TryPrepare(ctx, list[0], oids)
	if err != nil || !p.Point() || len(p.Params()) != len(oids) {
		return nil
	}
	return p
}
