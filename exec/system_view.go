package exec

import (
	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner/expr"
)

// deparseScope knows the relations whose columns a query may name.
type deparseScope struct {
	outer *deparseScope
	rels  []deparseRel
}

type deparseRel struct {
	name string
	cols []string
}

// name writes a column reference with the alias of its relation.
func (s *deparseScope) name(c *parser.ColumnRef) string {
	col := c.Parts[len(c.Parts)-1]
	if len(c.Parts) > 1 {
		return expr.QuoteIdent(c.Parts[len(c.Parts)-2]) + "." + expr.QuoteIdent(col)
	}
	for at := s; at != nil; at = at.outer {
		for _, r := range at.rels {
			for _, n := range r.cols {
				if n == col && r.name != "" {
					return expr.QuoteIdent(r.name) + "." + expr.QuoteIdent(col)
				}
			}
		}
	}
	return expr.QuoteIdent(col)
}

func (d *deparser) viewDef(t *catalog.Table) string { return " " + t.View.Query + ";" }

func (d *deparser) sublink(x *expr.Subplan) { d.str("(SubPlan)") }

func (d *deparser) aggregate(f *parser.FuncCall) { d.str(parser.Format(f)) }
