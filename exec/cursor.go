package exec

import (
	"context"
	"fmt"

	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// cursorState is the position of an SQL cursor. Rows are kept as they are
// fetched, so that a cursor can go back.
type cursorState struct {
	rows [][]types.Datum
	at   int // rows before the position; the current row is at-1
	end  bool
	oids []types.OID
}

func (s *Session) findCursor(name string) (*Portal, error) {
	if p := s.portals[name]; p != nil {
		return p, nil
	}
	return nil, sqlerr.New(sqlerr.InvalidCursorName, "cursor %q does not exist", name)
}

// declareCursor runs DECLARE.
func (s *Session) declareCursor(ctx context.Context, n *parser.DeclareCursorStmt) error {
	switch {
	case n.Binary:
		return sqlerr.Unsupported("DECLARE BINARY CURSOR")
	case n.Hold:
		return sqlerr.Unsupported("DECLARE CURSOR WITH HOLD")
	case s.block != explicit:
		return sqlerr.New(sqlerr.NoActiveSQLTransaction, "DECLARE CURSOR can only be used in transaction blocks")
	case s.portals[n.Name] != nil:
		return sqlerr.New(sqlerr.DuplicateCursor, "cursor %q already exists", n.Name)
	}
	sc, err := s.statementSchema(ctx)
	if err != nil {
		return err
	}
	p := &Prepared{Name: n.Name, SQL: "", stmt: n.Query}
	if err := s.makePlan(p, sc); err != nil {
		return err
	}
	c := &Portal{s: s, p: p, columns: p.columns, cursor: &cursorState{}}
	for _, col := range p.columns {
		c.cursor.oids = append(c.cursor.oids, col.Type.OID)
	}
	if err := c.start(ctx); err != nil {
		return err
	}
	c.view = s.txn.Hold()
	s.portals[n.Name] = c
	return nil
}

// fetch runs FETCH and MOVE.
func (p *Portal) fetch(ctx context.Context, n *parser.FetchStmt) error {
	c, err := p.s.findCursor(n.Cursor)
	if err != nil {
		return err
	}
	st := c.cursor
	if st == nil {
		return sqlerr.New(sqlerr.InvalidCursorName, "cursor %q does not exist", n.Cursor)
	}
	var rows [][]types.Datum
	count := n.Count
	forward := n.Direction == parser.FetchForward
	switch n.Direction {
	case parser.FetchForward, parser.FetchBackward:
		if count < 0 {
			forward, count = !forward, -count
		}
		switch {
		case n.All && forward:
			for {
				row, err := c.at(ctx, st.at)
				if err != nil {
					return err
				}
				if row == nil {
					st.at = len(st.rows) + 1
					break
				}
				rows = append(rows, row)
				st.at++
			}
		case n.All:
			for st.at = min(st.at-1, len(st.rows)); st.at > 0; st.at-- {
				rows = append(rows, st.rows[st.at-1])
			}
			st.at = 0
		case count == 0:
			if st.at >= 1 && st.at <= len(st.rows) {
				rows = append(rows, st.rows[st.at-1])
			}
		case forward:
			for range count {
				row, err := c.at(ctx, st.at)
				if err != nil {
					return err
				}
				if row == nil {
					st.at = len(st.rows) + 1
					break
				}
				rows = append(rows, row)
				st.at++
			}
		default:
			for range count {
				st.at = min(st.at, len(st.rows)+1) - 1
				if st.at <= 0 {
					st.at = 0
					break
				}
				rows = append(rows, st.rows[st.at-1])
			}
		}
	default: // one row at a position
		target := count
		if n.Direction == parser.FetchRelative {
			target = int64(st.at) + count
		} else if count < 0 {
			for {
				row, err := c.at(ctx, len(st.rows))
				if err != nil {
					return err
				}
				if row == nil {
					break
				}
			}
			target = int64(len(st.rows)) + 1 + count
		}
		st.at = 0
		if target > 0 {
			row, err := c.at(ctx, int(target)-1)
			if err != nil {
				return err
			}
			if row != nil {
				rows = append(rows, row)
				st.at = int(target)
			} else {
				st.at = len(st.rows) + 1
			}
		}
	}
	if n.Move {
		p.tag = fmt.Sprintf("MOVE %d", len(rows))
		return nil
	}
	p.tag = fmt.Sprintf("FETCH %d", len(rows))
	p.columns = c.columns
	p.rows = newRowList(c.columns, rows)
	return nil
}

// at returns row i of the cursor, counted from 0, or nil if there are fewer.
func (p *Portal) at(ctx context.Context, i int) ([]types.Datum, error) {
	st := p.cursor
	for i >= len(st.rows) && !st.end {
		b, err := p.next(ctx)
		if err != nil {
			return nil, err
		}
		if b == nil {
			st.end = true
			break
		}
		for k := range b.Len() {
			st.rows = append(st.rows, b.ReadRow(make([]types.Datum, 0, len(b.Cols)), b.Row(k)))
		}
	}
	if i < len(st.rows) {
		return st.rows[i], nil
	}
	return nil, nil
}
