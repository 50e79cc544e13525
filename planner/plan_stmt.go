package planner

import (
	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// Make plans a SELECT, VALUES, INSERT, UPDATE or DELETE statement. Other
// statements have no plan: the executor runs them itself.
func Make(env *Env, stmt parser.Stmt) (*Plan, error) {
	r := newRun(env)
	p := &Plan{ReadOnly: true}
	var n logical
	var cols []outCol
	var err error
	switch s := stmt.(type) {
	case *parser.SelectStmt:
		n, cols, err = r.bindSelect(nil, s, true)
	case *parser.InsertStmt:
		p.Command = InsertCommand
		n, cols, err = r.bindDML(nil, s)
	case *parser.UpdateStmt:
		p.Command = UpdateCommand
		n, cols, err = r.bindDML(nil, s)
	case *parser.DeleteStmt:
		p.Command = DeleteCommand
		n, cols, err = r.bindDML(nil, s)
	default:
		return nil, sqlerr.New(sqlerr.Internal, "%T has no plan", stmt)
	}
	if err != nil {
		return nil, err
	}
	n = r.optimize(n)
	b := newBuilder(r)
	root := b.build(n, goal{})
	if b.err != nil {
		return nil, b.err
	}
	if p.Command == Select || len(cols) > 0 {
		ids := make([]ColID, len(cols))
		for i, c := range cols {
			ids[i] = c.ID
			p.Columns = append(p.Columns, Column{Name: c.Name, Type: c.Type, Table: c.Table, Slot: c.Slot})
		}
		root = b.arrange(root, ids)
		if p.Columns == nil {
			p.Columns = []Column{}
		}
	}
	if b.err != nil {
		return nil, b.err
	}
	p.Root = root
	for i, t := range r.res.Params {
		if t.OID == 0 || t.OID == types.UnknownOID {
			return nil, sqlerr.New(sqlerr.IndeterminateDatatype, "could not determine data type of parameter $%d", i+1)
		}
		p.Params = append(p.Params, t)
	}
	p.Relations = r.uses
	p.Places = r.places
	p.CTEs = len(r.ctes)
	for _, u := range r.uses {
		if u.Write || u.Lock {
			p.ReadOnly = false
		}
	}
	return p, nil
}

// RowExprs are the stored expressions of a table, bound to its row by slot.
type RowExprs struct {
	Checks    []Expr // parallel to Table.Checks
	Generated []Expr // by slot; nil where the column is not generated
	Defaults  []Expr // by slot; nil for NULL
	// IndexKeys and IndexWhere are parallel to Table.Indexes: the expression of
	// each key part (nil where it is a column), and the predicate (nil if none).
	IndexKeys  [][]Expr
	IndexWhere []Expr
	Places     int
}

// BindTable binds the stored expressions of t.
func BindTable(env *Env, t *catalog.Table) (*RowExprs, error) {
	r := newRun(env)
	rel, ids := r.rowRel(t, t.Name)
	s := &scope{clause: "stored expressions"}
	s.addRel(rel)
	b := newBuilder(r)
	layout := rowLayout(ids, 0, map[ColID]int{})
	bind := func(sql string) (Expr, error) {
		x, err := r.bindStored(s, sql)
		if err != nil {
			return nil, err
		}
		return b.resolve(expr.Fold(r.fold, x), layout), b.err
	}
	out := &RowExprs{Generated: make([]Expr, len(t.Columns)), Defaults: make([]Expr, len(t.Columns))}
	for _, c := range t.Checks {
		x, err := bind(c.Expr)
		if err != nil {
			return nil, err
		}
		out.Checks = append(out.Checks, x)
	}
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Dropped {
			continue
		}
		if c.Generated != "" {
			x, err := r.bindStored(s, c.Generated)
			if err != nil {
				return nil, err
			}
			if x, err = r.assign(t, i, x, -1); err != nil {
				return nil, err
			}
			out.Generated[i] = b.resolve(x, layout)
			continue
		}
		d, err := r.defaultExpr(t, i)
		if err != nil {
			return nil, err
		}
		if d != nil {
			out.Defaults[i] = b.resolve(d, nil)
		}
	}
	for _, x := range t.Indexes {
		keys := make([]Expr, len(x.Columns))
		for i, c := range x.Columns {
			if c.Slot >= 0 {
				continue
			}
			k, err := bind(c.Expr)
			if err != nil {
				return nil, err
			}
			keys[i] = k
		}
		out.IndexKeys = append(out.IndexKeys, keys)
		var where Expr
		if x.Where != "" {
			w, err := bind(x.Where)
			if err != nil {
				return nil, err
			}
			where = w
		}
		out.IndexWhere = append(out.IndexWhere, where)
	}
	out.Places = r.places
	return out, b.err
}

// BindRowExpr binds an expression over the columns of t, for DDL: a CHECK, a
// generated column, an index key. Subqueries and aggregates are refused; clause
// names the place in messages. With to, the value is converted by assignment.
func BindRowExpr(env *Env, t *catalog.Table, ast parser.Expr, clause string, to *types.Type) (Expr, error) {
	r := newRun(env)
	s := &scope{clause: clause}
	rel, ids := r.rowRel(t, t.Name)
	s.addRel(rel)
	x, err := r.bindExpr(s, ast)
	if err != nil {
		return nil, err
	}
	if expr.Any(x, isSubplan) {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "cannot use subquery in %s", clause).At(ast.Position())
	}
	if hasSRF(x) {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "set-returning functions are not allowed in %s", clause).At(ast.Position())
	}
	if to != nil {
		how := expr.Assignment
		c, err := r.res.Coerce(x, *to, how)
		if err != nil {
			return nil, err
		}
		if c == nil {
			return nil, sqlerr.New(sqlerr.DatatypeMismatch, "type %s", x.Type().OID).At(ast.Position())
		}
		x = c
	} else if x, err = r.settleUnknown(x); err != nil {
		return nil, err
	}
	b := newBuilder(r)
	x = b.resolve(x, rowLayout(ids, 0, map[ColID]int{}))
	return x, b.err
}

// BindScalar binds an expression without columns (a DEFAULT, an EXECUTE
// argument, USING of COPY …), converted to type to by assignment.
func BindScalar(env *Env, ast parser.Expr, clause string, to *types.Type) (Expr, error) {
	r := newRun(env)
	x, err := r.bindExpr(&scope{clause: clause}, ast)
	if err != nil {
		return nil, err
	}
	if expr.Any(x, isSubplan) {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "cannot use subquery in %s", clause).At(ast.Position())
	}
	if to != nil {
		c, err := r.res.Coerce(x, *to, expr.Assignment)
		if err != nil {
			return nil, err
		}
		if c == nil {
			return nil, &MismatchError{Have: x.Type()}
		}
		x = c
	} else if x, err = r.settleUnknown(x); err != nil {
		return nil, err
	}
	b := newBuilder(r)
	x = b.resolve(x, nil)
	return x, b.err
}

// MismatchError says that an expression of type Have cannot be assigned; the
// caller words it.
type MismatchError struct{ Have types.Type }

func (e *MismatchError) Error() string { return "expression is of type " + e.Have.String() }

// Describe returns the columns of a query without planning it: for CREATE VIEW
// and CREATE TABLE AS. deps are the relations it mentions.
func Describe(env *Env, q *parser.SelectStmt) (cols []Column, deps []catalog.ID, err error) {
	r := newRun(env)
	_, out, err := r.bindSelect(nil, q, true)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range out {
		cols = append(cols, Column{Name: c.Name, Type: c.Type, Table: c.Table, Slot: c.Slot})
	}
	for _, u := range r.uses {
		deps = append(deps, u.Table.ID)
	}
	return cols, deps, nil
}
