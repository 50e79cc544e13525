package minisql

import (
	"context"

	"github.com/minisql/minisql/exec"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// stmtCacheMax is how many statements a session keeps prepared by their text. Each
// may hold an operator tree with its buffers, so this bounds an idle session's memory.
const stmtCacheMax = 128

// stmtTextMax is the longest text that is kept: bulk INSERTs do not come again.
const stmtTextMax = 8 << 10

// stmt is a statement that a session has prepared.
type stmt struct {
	text   string
	parsed parser.Statement
	p      *exec.Prepared
	params []types.Datum // of the run in progress; one at a time
	types  []types.Type

	prev, next *stmt // in the cache's order of use
}

// stmtCache keeps the statements used last by their exact text.
type stmtCache struct {
	byText map[string]*stmt
	// used is a ring: used.next was used last, used.prev longest ago.
	used stmt
}

func (c *stmtCache) get(text string) *stmt {
	if e := c.used.next; e != nil && e != &c.used && e.text == text {
		return e
	}
	e := c.byText[text]
	if e != nil && c.used.next != e {
		e.prev.next, e.next.prev = e.next, e.prev
		c.front(e)
	}
	return e
}

func (c *stmtCache) front(e *stmt) {
	e.prev, e.next = &c.used, c.used.next
	e.prev.next, e.next.prev = e, e
}

func (c *stmtCache) put(e *stmt) {
	if len(e.text) > stmtTextMax {
		return
	}
	if c.byText == nil {
		c.byText = make(map[string]*stmt)
		c.used.prev, c.used.next = &c.used, &c.used
	}
	if c.byText[e.text] != nil {
		return
	}
	if len(c.byText) >= stmtCacheMax {
		c.drop(c.used.prev)
	}
	c.byText[e.text] = e
	c.front(e)
}

func (c *stmtCache) drop(e *stmt) {
	delete(c.byText, e.text)
	e.prev.next, e.next.prev = e.next, e.prev
}

// prepare returns the statement of a text that has just one, from the cache if it
// still holds.
func (s *Session) prepare(ctx context.Context, text string) (*stmt, error) {
	if p := s.x.Named(text); p != nil {
		return &stmt{text: text, p: p, types: p.Params()}, nil
	}
	e := s.cache.get(text)
	if e != nil && s.x.Fresh(e.p) {
		return e, nil
	}
	if e == nil {
		list, err := parser.Parse(text)
		if err != nil {
			return nil, s.x.Fail(err)
		}
		if len(list) != 1 {
			if len(list) == 0 {
				return nil, nil
			}
			return nil, s.x.Fail(errManyStatements)
		}
		e = &stmt{text: text, parsed: list[0]}
	}
	return e, s.prepareEntry(ctx, e)
}

// prepareEntry prepares e, anew if it is in the cache already.
func (s *Session) prepareEntry(ctx context.Context, e *stmt) error {
	p, err := s.x.Prepare(ctx, e.parsed, nil)
	if err != nil {
		return err
	}
	e.p, e.types = p, p.Params()
	s.cache.put(e)
	return nil
}

var errManyStatements = sqlerr.New(sqlerr.SyntaxError, "cannot insert multiple commands into a prepared statement")
