package planner

import (
	"errors"
	"slices"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// bindDML binds INSERT, UPDATE or DELETE; its columns are those of RETURNING.
func (r *run) bindDML(s *scope, stmt parser.Stmt) (logical, []outCol, error) {
	var w *parser.WithClause
	switch q := stmt.(type) {
	case *parser.InsertStmt:
		w = q.With
	case *parser.UpdateStmt:
		w = q.With
	case *parser.DeleteStmt:
		w = q.With
	}
	ctes, inner, err := r.bindWith(s, w)
	if err != nil {
		return nil, nil, err
	}
	var n logical
	var cols []outCol
	switch q := stmt.(type) {
	case *parser.InsertStmt:
		n, cols, err = r.bindInsert(inner, q)
	case *parser.UpdateStmt:
		n, cols, err = r.bindUpdate(inner, q)
	case *parser.DeleteStmt:
		n, cols, err = r.bindDelete(inner, q)
	default:
		err = sqlerr.New(sqlerr.Internal, "no plan for %T", stmt)
	}
	if err == nil && len(ctes) > 0 {
		n = &with{CTEs: ctes, Body: n}
	}
	return n, cols, err
}

// writable finds the table that a statement changes.
func (r *run) writable(name parser.QName, verb string) (*catalog.Table, error) {
	t, err := r.lookup(name)
	if err != nil {
		return nil, err
	}
	switch {
	case t.Virtual:
		return nil, sqlerr.New(sqlerr.InsufficientPrivilege, "permission denied: %q is a system catalog", t.Name)
	case t.Kind == catalog.KindView:
		return nil, sqlerr.Unsupported("changing rows through view %q", t.Name).At(name.Pos)
	case t.Kind != catalog.KindTable:
		return nil, sqlerr.New(sqlerr.WrongObjectType, "cannot change sequence %q", t.Name)
	}
	r.use(t, true, false)
	return t, nil
}

func undefinedColumnOf(t *catalog.Table, name string, pos int) error {
	return sqlerr.New(sqlerr.UndefinedColumn, "column %q of relation %q does not exist", name, t.Name).At(pos)
}

// assign converts e to the type of a column.
func (r *run) assign(t *catalog.Table, slot int, e Expr, pos int) (Expr, error) {
	c := &t.Columns[slot]
	out, err := r.res.Coerce(e, c.Type, expr.Assignment)
	if err != nil {
		return nil, err
	}
	if out == nil {
		return nil, sqlerr.New(sqlerr.DatatypeMismatch, "column %q is of type %s but expression is of type %s", c.Name, c.Type.OID, e.Type().OID).
			WithHint("You will need to rewrite or cast the expression.").At(pos)
	}
	return out, nil
}

// defaultExpr returns the expression that fills a column without a value; nil for NULL.
func (r *run) defaultExpr(t *catalog.Table, slot int) (Expr, error) {
	c := &t.Columns[slot]
	if c.Identity != 0 {
		seq := r.env.Catalog.OwnedSequence(t.ID, slot)
		if seq == nil {
			return nil, sqlerr.New(sqlerr.Internal, "identity column %q has no sequence", c.Name)
		}
		call, err := r.res.Call("nextval", []Expr{&expr.Const{Value: types.NewInt(int64(seq.ID)), Typ: types.RegclassOID.Type(), Pos: -1}}, false, -1)
		if err != nil {
			return nil, err
		}
		return r.assign(t, slot, call, -1)
	}
	if c.Default == "" {
		return nil, nil
	}
	x, err := r.bindStored(nil, c.Default)
	if err != nil {
		return nil, err
	}
	return r.assign(t, slot, x, -1)
}

// bindStored binds an expression of the catalog (a default, a check…).
func (r *run) bindStored(s *scope, sql string) (Expr, error) {
	ast, err := parser.ParseExpr(sql)
	if err != nil {
		return nil, err
	}
	if s == nil {
		s = &scope{}
	}
	x, err := r.bindExpr(s, ast)
	return x, unplaced(err)
}

// unplaced takes the position out of an error in a stored expression: it is not
// one in the statement.
func unplaced(err error) error {
	if e, ok := errors.AsType[*sqlerr.Error](err); ok && e.Position != 0 {
		c := *e
		c.Position = 0
		return &c
	}
	return err
}

func (r *run) targetSlots(t *catalog.Table, targets []parser.AssignTarget) ([]int, error) {
	var slots []int
	for _, a := range targets {
		slot, ok := t.ColumnSlot(a.Name)
		if !ok {
			return nil, undefinedColumnOf(t, a.Name, a.Pos)
		}
		if len(a.Indirection) > 0 {
			return nil, sqlerr.Unsupported("assignment to a part of column %q", a.Name).At(a.Pos)
		}
		if slices.Contains(slots, slot) {
			return nil, sqlerr.New(sqlerr.DuplicateColumn, "column %q specified more than once", a.Name).At(a.Pos)
		}
		slots = append(slots, slot)
	}
	return slots, nil
}

func (r *run) bindInsert(s *scope, q *parser.InsertStmt) (logical, []outCol, error) {
	t, err := r.writable(q.Table, "insert into")
	if err != nil {
		return nil, nil, err
	}
	slots := t.LiveSlots()
	explicit := len(q.Columns) > 0
	if explicit {
		if slots, err = r.targetSlots(t, q.Columns); err != nil {
			return nil, nil, err
		}
	}
	node := &Insert{Table: t, Values: make([]Expr, len(t.Columns)), Overriding: q.Overriding}
	defaults := make([]Expr, len(t.Columns))
	for _, slot := range t.LiveSlots() {
		if t.Columns[slot].Generated != "" {
			continue
		}
		if defaults[slot], err = r.defaultExpr(t, slot); err != nil {
			return nil, nil, err
		}
	}
	given := make([]bool, len(t.Columns))
	var input logical
	sizeError := func(n, pos int) error {
		if n > len(slots) {
			return sqlerr.New(sqlerr.SyntaxError, "INSERT has more expressions than target columns").At(pos)
		}
		if n < len(slots) && explicit {
			return sqlerr.New(sqlerr.SyntaxError, "INSERT has more target columns than expressions").At(q.Columns[n].Pos)
		}
		return nil
	}
	refuse := func(slot, pos int) error {
		c := &t.Columns[slot]
		switch {
		case c.Generated != "":
			return sqlerr.New(sqlerr.GeneratedAlways, "cannot insert a non-DEFAULT value into column %q", c.Name).
				WithDetail("Column %q is a generated column.", c.Name)
		case c.Identity == 'a' && q.Overriding == parser.OverridingNone:
			return sqlerr.New(sqlerr.GeneratedAlways, "cannot insert a non-DEFAULT value into column %q", c.Name).
				WithDetail("Column %q is an identity column defined as GENERATED ALWAYS.", c.Name).
				WithHint("Use OVERRIDING SYSTEM VALUE to override.")
		}
		return nil
	}
	overridden := func(slot int) bool { // OVERRIDING USER VALUE: identity columns ignore what is given
		return q.Overriding == parser.OverridingUser && t.Columns[slot].Identity != 0
	}
	src := q.Source
	switch {
	case src == nil:
		input = &values{Rows: [][]Expr{{}}, Name: "Result"}
	case src.Values != nil && src.With == nil && len(src.OrderBy) == 0 && src.Limit == nil && src.Offset == nil:
		v := &values{Name: "*VALUES*"}
		bind := &scope{outer: s, clause: "VALUES"}
		n := len(src.Values[0])
		if err := sizeError(n, src.Values[0][min(len(slots), n-1)].Position()); err != nil {
			return nil, nil, err
		}
		for i := range n {
			given[slots[i]] = true
			v.Cols = append(v.Cols, r.newCol(`"*VALUES*".column`+itoa(i+1), t.Columns[slots[i]].Type))
		}
		for _, row := range src.Values {
			if len(row) != n {
				return nil, nil, sqlerr.New(sqlerr.SyntaxError, "VALUES lists must all be the same length").At(row[0].Position())
			}
			out := make([]Expr, n)
			for i, e := range row {
				slot := slots[i]
				if _, ok := e.(*parser.DefaultExpr); ok || overridden(slot) {
					out[i] = defaults[slot]
					if out[i] == nil {
						out[i] = expr.NullOf(t.Columns[slot].Type)
					}
					continue
				}
				if err := refuse(slot, e.Position()); err != nil {
					return nil, nil, err
				}
				x, err := r.bindExpr(bind, e)
				if err != nil {
					return nil, nil, err
				}
				if hasSRF(x) {
					return nil, nil, sqlerr.Unsupported("a set-returning function in VALUES").At(e.Position())
				}
				if out[i], err = r.assign(t, slot, x, e.Position()); err != nil {
					return nil, nil, err
				}
			}
			v.Rows = append(v.Rows, out)
		}
		for i := range n {
			node.Values[slots[i]] = r.col(v.Cols[i], -1)
		}
		input = v
	default:
		n, cols, err := r.bindSelect(s, src, false)
		if err != nil {
			return nil, nil, err
		}
		if err := sizeError(len(cols), src.Pos); err != nil {
			return nil, nil, err
		}
		top := itemsOf(n)
		for i, c := range cols {
			slot := slots[i]
			given[slot] = true
			if overridden(slot) {
				node.Values[slot] = defaults[slot]
				continue
			}
			if err := refuse(slot, src.Pos); err != nil {
				return nil, nil, err
			}
			var x Expr = r.col(c.ID, -1)
			if lit := top[c.ID]; lit != nil && lit.Type().OID == types.UnknownOID {
				x = lit
			}
			if node.Values[slot], err = r.assign(t, slot, x, src.Pos); err != nil {
				return nil, nil, err
			}
		}
		input = n
	}
	for slot, d := range defaults {
		if !given[slot] {
			node.Values[slot] = d
		}
	}
	alias := t.Name
	if q.Alias != "" {
		alias = q.Alias
	}
	var rel *scopeRel
	rel, node.newRow = r.rowRel(t, alias)
	if q.OnConflict != nil {
		if node.Conflict, err = r.bindConflict(s, t, alias, q.OnConflict); err != nil {
			return nil, nil, err
		}
	}
	cols, err := r.bindReturning(s, []*scopeRel{rel}, q.Returning, &node.Returning, &node.returningIDs)
	return &insert{Node: node, Input: input}, cols, err
}

// rowRel makes a relation for a row of t by slot, with fresh column IDs.
func (r *run) rowRel(t *catalog.Table, alias string) (*scopeRel, []ColID) {
	rel := &scopeRel{name: alias, table: t}
	if sc := r.env.Catalog.SchemaByID(t.SchemaID); sc != nil && alias == t.Name {
		rel.schema = sc.Name
	}
	ids := make([]ColID, len(t.Columns))
	for i := range t.Columns {
		c := &t.Columns[i]
		ids[i] = r.newCol(expr.QuoteIdent(alias)+"."+expr.QuoteIdent(c.Name), c.Type)
		r.cols[ids[i]].table, r.cols[ids[i]].slot = t, i
		if !c.Dropped {
			rel.cols = append(rel.cols, scopeCol{name: c.Name, id: ids[i], rel: rel})
		}
	}
	return rel, ids
}

func (r *run) bindReturning(s *scope, rels []*scopeRel, list []parser.Target, exprs *[]Expr, ids *[]ColID) ([]outCol, error) {
	if len(list) == 0 {
		return nil, nil
	}
	over := &scope{outer: s, clause: "RETURNING"}
	for _, rel := range rels {
		over.addRel(rel)
	}
	targets, err := r.bindTargets(over, list, "RETURNING")
	if err != nil {
		return nil, err
	}
	var cols []outCol
	for _, t := range targets {
		x, err := r.settleUnknown(t.Expr)
		if err != nil {
			return nil, err
		}
		if hasSRF(x) {
			return nil, sqlerr.New(sqlerr.FeatureNotSupported, "set-returning functions are not allowed in RETURNING")
		}
		c := t.outCol
		c.Type = x.Type()
		c.ID = r.newCol(c.Name, c.Type)
		*exprs = append(*exprs, x)
		*ids = append(*ids, c.ID)
		cols = append(cols, c)
	}
	return cols, nil
}

func (r *run) bindConflict(s *scope, t *catalog.Table, alias string, q *parser.OnConflict) (*OnConflict, error) {
	oc := &OnConflict{DoUpdate: q.DoUpdate}
	existing, ids := r.rowRel(t, alias)
	oc.existing = ids
	excluded, ids := r.rowRel(t, "excluded")
	oc.excluded = ids
	switch {
	case q.Constraint != "":
		for _, x := range t.Indexes {
			if x.Name == q.Constraint && x.Constraint != 0 {
				oc.Arbiters = []*catalog.Index{x}
			}
		}
		if oc.Arbiters == nil {
			return nil, sqlerr.New(sqlerr.UndefinedObject, "constraint %q for table %q does not exist", q.Constraint, t.Name)
		}
	case len(q.Elems) > 0:
		infer := &scope{clause: "ON CONFLICT"}
		infer.addRel(existing)
		want := make([]string, 0, len(q.Elems))
		for _, e := range q.Elems {
			var x Expr
			var err error
			if e.Column != "" {
				slot, ok := t.ColumnSlot(e.Column)
				if !ok {
					return nil, sqlerr.New(sqlerr.UndefinedColumn, "column %q does not exist", e.Column).At(q.TargetPos)
				}
				x = r.col(oc.existing[slot], e.Pos)
			} else if x, err = r.bindExpr(infer, e.Expr); err != nil {
				return nil, err
			}
			want = append(want, expr.Key(x))
		}
		slices.Sort(want)
		want = slices.Compact(want)
		for _, x := range t.Indexes {
			if !x.Unique || (x.Where != "" && q.Where == nil) {
				continue
			}
			have := make([]string, 0, len(x.Columns))
			for _, c := range x.Columns {
				var e Expr
				if c.Slot >= 0 {
					e = r.col(oc.existing[c.Slot], -1)
				} else {
					var err error
					if e, err = r.bindStored(infer, c.Expr); err != nil {
						return nil, err
					}
				}
				have = append(have, expr.Key(e))
			}
			slices.Sort(have)
			if !slices.Equal(want, have) {
				continue
			}
			if x.Where != "" {
				have, err := r.bindStored(infer, x.Where)
				if err != nil {
					return nil, err
				}
				got, err := r.bindExpr(infer, q.Where)
				if err != nil {
					return nil, err
				}
				if expr.Key(have) != expr.Key(got) {
					continue
				}
			}
			oc.Arbiters = append(oc.Arbiters, x)
		}
		if oc.Arbiters == nil {
			return nil, sqlerr.New(sqlerr.InvalidColumnReference, "there is no unique or exclusion constraint matching the ON CONFLICT specification")
		}
	case q.DoUpdate:
		return nil, sqlerr.New(sqlerr.SyntaxError, "ON CONFLICT DO UPDATE requires inference specification or constraint name").
			WithHint("For example, ON CONFLICT (column_name).").At(q.Pos)
	}
	for _, x := range oc.Arbiters {
		if x.Deferrable {
			return nil, sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "ON CONFLICT does not support deferrable unique constraints/exclusion constraints as arbiters")
		}
	}
	if !q.DoUpdate {
		return oc, nil
	}
	over := &scope{outer: s, clause: "UPDATE"}
	over.addRel(existing)
	over.addRel(excluded)
	// SET's unqualified names mean the existing row only.
	over.cols = append([]scopeCol(nil), existing.cols...)
	var err error
	if oc.Set, err = r.bindSet(over, t, q.Set); err != nil {
		return nil, err
	}
	if q.UpdateWhere != nil {
		over.clause = "WHERE"
		x, err := r.bindExpr(over, q.UpdateWhere)
		if err != nil {
			return nil, err
		}
		if x, err = r.res.CoerceBool(x, "WHERE", q.UpdateWhere.Position()); err != nil {
			return nil, err
		}
		oc.Where = []Expr{x}
	}
	return oc, nil
}

// bindSet binds the SET list of UPDATE.
func (r *run) bindSet(s *scope, t *catalog.Table, list []parser.Assignment) ([]SetColumn, error) {
	var out []SetColumn
	seen := make(map[int]bool)
	add := func(a parser.AssignTarget, value func(slot int) (Expr, error)) error {
		slot, ok := t.ColumnSlot(a.Name)
		if !ok {
			return undefinedColumnOf(t, a.Name, a.Pos)
		}
		if len(a.Indirection) > 0 {
			return sqlerr.Unsupported("assignment to a part of column %q", a.Name).At(a.Pos)
		}
		if seen[slot] {
			return sqlerr.New(sqlerr.SyntaxError, "multiple assignments to same column %q", a.Name).At(a.Pos)
		}
		seen[slot] = true
		x, err := value(slot)
		if err != nil {
			return err
		}
		out = append(out, SetColumn{slot, x})
		return nil
	}
	one := func(e parser.Expr) func(slot int) (Expr, error) {
		return func(slot int) (Expr, error) {
			c := &t.Columns[slot]
			if _, ok := e.(*parser.DefaultExpr); ok {
				if c.Generated != "" {
					return nil, errGenerated
				}
				d, err := r.defaultExpr(t, slot)
				if d == nil && err == nil {
					d = expr.NullOf(c.Type)
				}
				return d, err
			}
			switch {
			case c.Generated != "":
				return nil, sqlerr.New(sqlerr.GeneratedAlways, "column %q can only be updated to DEFAULT", c.Name).
					WithDetail("Column %q is a generated column.", c.Name)
			case c.Identity == 'a':
				return nil, sqlerr.New(sqlerr.GeneratedAlways, "column %q can only be updated to DEFAULT", c.Name).
					WithDetail("Column %q is an identity column defined as GENERATED ALWAYS.", c.Name)
			}
			x, err := r.bindExpr(s, e)
			if err != nil {
				return nil, err
			}
			return r.assign(t, slot, x, e.Position())
		}
	}
	skip := func(err error) error {
		if err == errGenerated {
			return nil // DEFAULT of a generated column: it is computed anyway
		}
		return err
	}
	for _, a := range list {
		if !a.Multi {
			if err := skip(add(a.Targets[0], one(a.Value))); err != nil {
				return nil, err
			}
			continue
		}
		switch v := a.Value.(type) {
		case *parser.RowExpr:
			if len(v.Args) != len(a.Targets) {
				return nil, sqlerr.New(sqlerr.SyntaxError, "number of columns does not match number of values").At(v.Pos)
			}
			for i, target := range a.Targets {
				if err := skip(add(target, one(v.Args[i]))); err != nil {
					return nil, err
				}
			}
		case *parser.ScalarSubquery:
			for i, target := range a.Targets {
				err := add(target, func(slot int) (Expr, error) {
					n, cols, err := r.bindSelect(&scope{outer: s}, v.Query, true)
					if err != nil {
						return nil, err
					}
					if len(cols) != len(a.Targets) {
						return nil, sqlerr.New(sqlerr.SyntaxError, "number of columns does not match number of values").At(v.Pos)
					}
					p := &project{Input: n, Items: []item{{cols[i].ID, r.col(cols[i].ID, -1)}}}
					sub := r.subplan(&expr.Subplan{Kind: expr.SubplanScalar, Plan: p, Typ: cols[i].Type, Pos: v.Pos, RowCols: []ColID{cols[i].ID}})
					return r.assign(t, slot, sub, v.Pos)
				})
				if err != nil {
					return nil, err
				}
			}
		default:
			if len(a.Targets) == 1 {
				if err := skip(add(a.Targets[0], one(a.Value))); err != nil {
					return nil, err
				}
				continue
			}
			return nil, sqlerr.New(sqlerr.FeatureNotSupported, "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression").At(a.Value.Position())
		}
	}
	return out, nil
}

var errGenerated = sqlerr.New(sqlerr.Internal, "generated column")

// bindTarget binds the table of UPDATE or DELETE with all its columns and the row key.
func (r *run) bindTarget(s *scope, ref *parser.RangeTable, verb string) (*get, *scopeRel, error) {
	t, err := r.writable(ref.Name, verb)
	if err != nil {
		return nil, nil, err
	}
	alias := t.Name
	rel := &scopeRel{table: t}
	if ref.Alias != nil {
		alias = ref.Alias.Name
	} else if sc := r.env.Catalog.SchemaByID(t.SchemaID); sc != nil {
		rel.schema = sc.Name
	}
	rel.name = alias
	g := r.newGet(t, alias)
	g.RowKey = r.newCol("ctid", types.ByteaOID.Type())
	rel.get = g
	for slot, id := range g.Cols {
		if id != 0 {
			rel.cols = append(rel.cols, scopeCol{name: t.Columns[slot].Name, id: id, rel: rel})
		}
	}
	if err := renameCols(rel.cols, ref.Alias, alias); err != nil {
		return nil, nil, err
	}
	s.addRel(rel)
	return g, rel, nil
}

// bindSource binds FROM/USING and WHERE of a statement that changes g's table.
func (r *run) bindSource(s *scope, g *get, from []parser.TableRef, where parser.Expr) (logical, []Expr, error) {
	var n logical = g
	var recheck []Expr
	if len(from) > 0 {
		for _, ref := range from {
			right, items, err := r.bindTableRef(s, ref)
			if err != nil {
				return nil, nil, err
			}
			if err := s.merge(items, ref.Position()); err != nil {
				return nil, nil, err
			}
			recheck = append(recheck, innerConds(right)...)
			n = &join{Kind: InnerJoin, Left: n, Right: right}
		}
	}
	if where != nil {
		s.clause = "WHERE"
		x, err := r.bindExpr(s, where)
		if err != nil {
			return nil, nil, err
		}
		if x, err = r.res.CoerceBool(x, "WHERE", where.Position()); err != nil {
			return nil, nil, err
		}
		conds := expr.Conjuncts(x)
		recheck = append(recheck, conds...)
		n = &filter{Input: n, Conds: append([]Expr(nil), conds...)}
	}
	return n, recheck, nil
}

func (r *run) bindUpdate(outer *scope, q *parser.UpdateStmt) (logical, []outCol, error) {
	s := &scope{outer: outer, clause: "UPDATE"}
	g, rel, err := r.bindTarget(s, q.Table, "update")
	if err != nil {
		return nil, nil, err
	}
	n, recheck, err := r.bindSource(s, g, q.From, q.Where)
	if err != nil {
		return nil, nil, err
	}
	s.clause = "UPDATE"
	set, err := r.bindSet(s, g.Table, q.Set)
	if err != nil {
		return nil, nil, err
	}
	node := &Modify{Table: g.Table, Alias: g.Alias, Set: set, Recheck: recheck, keyID: g.RowKey, oldIDs: g.Cols}
	after, ids := r.rowRel(g.Table, rel.name)
	after.schema = rel.schema
	for i := range after.cols {
		after.cols[i].name = rel.cols[i].name
	}
	node.newRow = ids
	rels := append([]*scopeRel{after}, s.rels[1:]...)
	cols, err := r.bindReturning(outer, rels, q.Returning, &node.Returning, &node.returningIDs)
	return &modify{Node: node, Input: n, Target: g}, cols, err
}

func (r *run) bindDelete(outer *scope, q *parser.DeleteStmt) (logical, []outCol, error) {
	s := &scope{outer: outer, clause: "DELETE"}
	g, _, err := r.bindTarget(s, q.Table, "delete from")
	if err != nil {
		return nil, nil, err
	}
	n, recheck, err := r.bindSource(s, g, q.Using, q.Where)
	if err != nil {
		return nil, nil, err
	}
	node := &Modify{Delete: true, Table: g.Table, Alias: g.Alias, Recheck: recheck, keyID: g.RowKey, oldIDs: g.Cols}
	cols, err := r.bindReturning(outer, s.rels, q.Returning, &node.Returning, &node.returningIDs)
	return &modify{Node: node, Input: n, Target: g}, cols, err
}
