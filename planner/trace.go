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
}

// NewTrace returns an empty trace.
func NewTrace() *Trace {
	return &Trace{Bound: make(map[parser.Expr]expr.Expr), Origin: make(map[expr.Expr]parser.Expr)}
}

func (t *Trace) note(e parser.Expr, x expr.Expr) {
	t.Bound[e] = x
	if _, ok := t.Origin[x]; !ok {
		t.Origin[x] = e
	}
}
