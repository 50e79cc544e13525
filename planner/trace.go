package planner

import (
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner/expr"
)

// Trace records how the expressions of a statement were bound, both ways, for
// those who write stored SQL out again with the types that PostgreSQL shows.
type Trace struct {
	// Bound has the meaning of a syntax node.
	Bound map[parser.Expr]expr.Expr
	// Origin has the innermost syntax node that a bound one came from.
	Origin map[expr.Expr]parser.Expr
	// Collations has the COLLATE clauses, which the bound tree does not keep.
	Collations map[expr.Expr]parser.QName
}

// NewTrace returns an empty trace.
func NewTrace() *Trace {
	return &Trace{Bound: make(map[parser.Expr]expr.Expr), Origin: make(map[expr.Expr]parser.Expr), Collations: make(map[expr.Expr]parser.QName)}
}

func (t *Trace) note(e parser.Expr, x expr.Expr) {
	t.Bound[e] = x
	if c, ok := e.(*parser.Collate); ok {
		t.Collations[x] = c.Collation
	}
	if _, ok := t.Origin[x]; !ok {
		t.Origin[x] = e
	}
}
