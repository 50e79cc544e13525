package exec

import (
	"strings"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/types"
)

// relation writes a relation's name, with its schema where that is needed to find it.
func (d *deparser) relation(t *catalog.Table) string {
	return expr.RegOut(d.s, types.RegclassOID, int64(t.ID))
}

// qualified always writes the schema.
func (d *deparser) qualified(t *catalog.Table) string {
	if s := d.cat.SchemaByID(t.SchemaID); s != nil {
		return expr.QuoteIdent(s.Name) + "." + expr.QuoteIdent(t.Name)
	}
	return expr.QuoteIdent(t.Name)
}

// indexDef writes CREATE INDEX. Pretty, the table is named as the search path finds it.
func (d *deparser) indexDef(t *catalog.Table, x *catalog.Index) string {
	var b strings.Builder
	b.WriteString("CREATE ")
	if x.Unique {
		b.WriteString("UNIQUE ")
	}
	table := d.qualified(t)
	if d.pretty {
		table = d.relation(t)
	}
	b.WriteString("INDEX " + expr.QuoteIdent(x.Name) + " ON " + table + " USING btree (")
	for k := range x.Columns {
		if k > 0 {
			b.WriteString(", ")
		}
		b.WriteString(d.indexKey(t, x, k))
		c := &x.Columns[k]
		switch {
		case c.Desc && c.NullsFirst:
			b.WriteString(" DESC")
		case c.Desc:
			b.WriteString(" DESC NULLS LAST")
		case c.NullsFirst:
			b.WriteString(" NULLS FIRST")
		}
	}
	b.WriteString(")")
	if len(x.Include) > 0 {
		b.WriteString(" INCLUDE (" + columnNames(t, x.Include) + ")")
	}
	if x.NullsNotDistinct {
		b.WriteString(" NULLS NOT DISTINCT")
	}
	if x.Where != "" {
		where := d.expr(t, x.Where)
		b.WriteString(" WHERE " + where)
	}
	return b.String()
}

// indexKey writes one key part: a column, a function call, or another
// expression in parentheses.
func (d *deparser) indexKey(t *catalog.Table, x *catalog.Index, k int) string {
	c := &x.Columns[k]
	if c.Slot >= 0 {
		return expr.QuoteIdent(t.Columns[c.Slot].Name)
	}
	s := d.expr(t, c.Expr)
	if ast, err := parser.ParseExpr(c.Expr); err == nil {
		if f, ok := ast.(*parser.FuncCall); ok && f.Syntax == parser.SyntaxCall {
			return s
		}
	}
	return "(" + s + ")"
}

// indexPart writes column n, from 1, of an index without its ordering.
func (d *deparser) indexPart(t *catalog.Table, x *catalog.Index, n int) string {
	switch {
	case n < 1:
		return ""
	case n <= len(x.Columns):
		return d.indexKey(t, x, n-1)
	case n <= len(x.Columns)+len(x.Include):
		return expr.QuoteIdent(t.Columns[x.Include[n-1-len(x.Columns)]].Name)
	}
	return ""
}

func columnNames(t *catalog.Table, slots []int) string {
	names := make([]string, len(slots))
	for i, s := range slots {
		names[i] = expr.QuoteIdent(t.Columns[s].Name)
	}
	return strings.Join(names, ", ")
}

// constraintDef writes a constraint of t as ALTER TABLE ADD CONSTRAINT would take it.
func (d *deparser) constraintDef(t *catalog.Table, id catalog.ID) (string, bool) {
	if t == nil {
		return "", false
	}
	for _, x := range t.Indexes {
		if x.Constraint == id {
			return d.keyDef(t, x), true
		}
	}
	for _, c := range t.Checks {
		if c.ID == id {
			s := "CHECK (" + d.expr(t, c.Expr) + ")"
			if c.NotValid {
				s += " NOT VALID"
			}
			return s, true
		}
	}
	for _, f := range t.ForeignKeys {
		if f.ID == id {
			return d.foreignKeyDef(t, f), true
		}
	}
	return "", false
}

func (d *deparser) keyDef(t *catalog.Table, x *catalog.Index) string {
	slots := make([]int, len(x.Columns))
	for k := range x.Columns {
		slots[k] = x.Columns[k].Slot
	}
	s := "UNIQUE "
	if x.Primary {
		s = "PRIMARY KEY "
	}
	if x.NullsNotDistinct {
		s += "NULLS NOT DISTINCT "
	}
	s += "(" + columnNames(t, slots) + ")"
	if len(x.Include) > 0 {
		s += " INCLUDE (" + columnNames(t, x.Include) + ")"
	}
	return s + deferral(x.Deferrable, x.InitiallyDeferred)
}

func (d *deparser) foreignKeyDef(t *catalog.Table, f *catalog.ForeignKey) string {
	s := "FOREIGN KEY (" + columnNames(t, f.Slots) + ") REFERENCES "
	if ref := d.cat.TableByID(f.RefTable); ref != nil {
		s += d.relation(ref) + "(" + columnNames(ref, f.RefSlots) + ")"
	}
	if f.MatchFull {
		s += " MATCH FULL"
	}
	action := map[catalog.Action]string{catalog.Restrict: "RESTRICT", catalog.Cascade: "CASCADE", catalog.SetNull: "SET NULL", catalog.SetDefault: "SET DEFAULT"}
	if a := action[f.OnUpdate]; a != "" {
		s += " ON UPDATE " + a
	}
	if a := action[f.OnDelete]; a != "" {
		s += " ON DELETE " + a
		if len(f.SetSlots) > 0 {
			s += " (" + columnNames(t, f.SetSlots) + ")"
		}
	}
	s += deferral(f.Deferrable, f.InitiallyDeferred)
	if f.NotValid {
		s += " NOT VALID"
	}
	return s
}

func deferral(deferrable, deferred bool) string {
	switch {
	case deferred:
		return " DEFERRABLE INITIALLY DEFERRED"
	case deferrable:
		return " DEFERRABLE"
	}
	return ""
}
