package planner

import (
	"strings"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// bindFrom binds a FROM list into one operator and fills s.
func (r *run) bindFrom(s *scope, from []parser.TableRef) (logical, error) {
	var node logical
	for _, ref := range from {
		n, items, err := r.bindTableRef(s, ref)
		if err != nil {
			return nil, err
		}
		if err := s.merge(items, ref.Position()); err != nil {
			return nil, err
		}
		if node == nil {
			node = n
		} else {
			node = &join{Kind: InnerJoin, Left: node, Right: n}
		}
	}
	if node == nil {
		node = &values{Rows: [][]Expr{{}}, Name: "Result"}
	}
	return node, nil
}

// fromItem is what one FROM item puts into the scope.
type fromItem struct {
	rels []*scopeRel
	cols []scopeCol
}

func (s *scope) merge(it *fromItem, pos int) error {
	for _, rel := range it.rels {
		if err := s.checkAlias(rel, pos); err != nil {
			return err
		}
		s.rels = append(s.rels, rel)
	}
	s.cols = append(s.cols, it.cols...)
	return nil
}

func single(rel *scopeRel) *fromItem {
	for i := range rel.cols {
		rel.cols[i].rel = rel
	}
	return &fromItem{rels: []*scopeRel{rel}, cols: append([]scopeCol(nil), rel.cols...)}
}

func (r *run) bindTableRef(s *scope, ref parser.TableRef) (logical, *fromItem, error) {
	switch ref := ref.(type) {
	case *parser.RangeTable:
		return r.bindTable(s, ref)
	case *parser.RangeSubquery:
		return r.bindRangeSubquery(s, ref)
	case *parser.RangeFunction:
		return r.bindRangeFunction(s, ref)
	case *parser.JoinExpr:
		return r.bindJoin(s, ref)
	}
	return nil, nil, sqlerr.New(sqlerr.Internal, "unexpected FROM item %T", ref)
}

func (r *run) bindTable(s *scope, ref *parser.RangeTable) (logical, *fromItem, error) {
	if ref.Name.Schema == "" {
		if c := s.findCTE(ref.Name.Name); c != nil {
			return r.bindCTERef(c, ref)
		}
	}
	t, err := r.lookup(ref.Name)
	if err != nil {
		return nil, nil, err
	}
	alias := t.Name
	if ref.Alias != nil {
		alias = ref.Alias.Name
	}
	if t.Kind == catalog.KindView && !t.Virtual {
		return r.bindView(s, t, ref, alias)
	}
	r.use(t, false, false)
	g := r.newGet(t, alias)
	rel := &scopeRel{name: alias, table: t, get: g}
	if ref.Alias == nil {
		if sc := r.env.Catalog.SchemaByID(t.SchemaID); sc != nil {
			rel.schema = sc.Name
		}
	}
	for slot, id := range g.Cols {
		if id != 0 {
			rel.cols = append(rel.cols, scopeCol{name: t.Columns[slot].Name, id: id})
		}
	}
	if err := renameCols(rel.cols, ref.Alias, alias); err != nil {
		return nil, nil, err
	}
	return g, single(rel), nil
}

// newGet makes a read of all live columns of t.
func (r *run) newGet(t *catalog.Table, alias string) *get {
	g := &get{Table: t, Alias: alias, Cols: make([]ColID, len(t.Columns))}
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Dropped {
			continue
		}
		id := r.newCol(expr.QuoteIdent(alias)+"."+expr.QuoteIdent(c.Name), c.Type)
		r.cols[id].table, r.cols[id].slot = t, i
		g.Cols[i] = id
	}
	return g
}

func renameCols(cols []scopeCol, alias *parser.Alias, name string) error {
	if alias == nil {
		return nil
	}
	if len(alias.Columns) > len(cols) {
		return sqlerr.New(sqlerr.InvalidColumnReference, "table %q has %d columns available but %d columns specified", name, len(cols), len(alias.Columns)).At(alias.Pos)
	}
	for i, c := range alias.Columns {
		cols[i].name = c
	}
	return nil
}

// lookup finds the relation that a FROM item names.
func (r *run) lookup(name parser.QName) (*catalog.Table, error) {
	if name.Catalog != "" && name.Catalog != r.env.Catalog.Database.Name {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "cross-database references are not implemented: %q", name.String()).At(name.Pos)
	}
	t, err := LookupTable(r.env, name.Schema, name.Name)
	if err != nil {
		return nil, err
	}
	if t == nil {
		if name.Schema == "" {
			for _, sc := range r.env.SearchPath {
				if s := r.env.Catalog.Schema(sc); s != nil {
					if _, x := r.env.Catalog.Index(s.ID, name.Name); x != nil {
						return nil, sqlerr.New(sqlerr.WrongObjectType, "cannot open relation %q", name.Name).
							WithDetail("This operation is not supported for indexes.").At(name.Pos)
					}
				}
			}
		}
		return nil, undefinedTable(name.String(), name.Pos)
	}
	return t, nil
}

func (r *run) bindView(s *scope, t *catalog.Table, ref *parser.RangeTable, alias string) (logical, *fromItem, error) {
	if r.depth > 100 {
		return nil, nil, sqlerr.New(sqlerr.StatementTooComplex, "stack depth limit exceeded")
	}
	r.depth++
	defer func() { r.depth-- }()
	stmts, err := parser.Parse(t.View.Query)
	if err != nil {
		return nil, nil, err
	}
	query, ok := stmts[0].Node.(*parser.SelectStmt)
	if !ok {
		return nil, nil, sqlerr.New(sqlerr.Internal, "view %q does not hold a query", t.Name)
	}
	r.use(t, false, false)
	saved := r.env
	env := *r.env
	if len(t.View.SearchPath) > 0 {
		env.SearchPath = t.View.SearchPath
	}
	r.env = &env
	n, cols, err := r.bindSelect(&scope{}, query, true)
	r.env = saved
	if err != nil {
		return nil, nil, err
	}
	rel := &scopeRel{name: alias, table: t}
	for i, c := range cols {
		if i < len(t.Columns) {
			rel.cols = append(rel.cols, scopeCol{name: t.Columns[i].Name, id: c.ID})
		}
	}
	if err := renameCols(rel.cols, ref.Alias, alias); err != nil {
		return nil, nil, err
	}
	return n, single(rel), nil
}

func (r *run) bindRangeSubquery(s *scope, ref *parser.RangeSubquery) (logical, *fromItem, error) {
	outer := r.lateralScope(s, ref.Lateral)
	n, cols, err := r.bindSelect(outer, ref.Query, true)
	s.unblock()
	if err != nil {
		return nil, nil, err
	}
	rel := &scopeRel{}
	if ref.Alias != nil {
		rel.name = ref.Alias.Name
	}
	for _, c := range cols {
		rel.cols = append(rel.cols, scopeCol{name: c.Name, id: c.ID})
	}
	if err := renameCols(rel.cols, ref.Alias, rel.name); err != nil {
		return nil, nil, err
	}
	return n, single(rel), nil
}

// lateralScope returns the scope that a FROM item sees: with LATERAL the items
// to its left as well; without, they are there only for the error message.
func (r *run) lateralScope(s *scope, lateral bool) *scope {
	if !lateral {
		for _, rel := range s.rels {
			rel.blocked = true
		}
	}
	return s
}

func (s *scope) unblock() {
	for _, rel := range s.rels {
		rel.blocked = false
	}
}

func (r *run) bindRangeFunction(s *scope, ref *parser.RangeFunction) (logical, *fromItem, error) {
	fs := &funcScan{}
	rel := &scopeRel{}
	bind := &scope{outer: s, clause: "functions in FROM"} // function arguments are implicitly lateral
	funcs := unnestEach(ref.Funcs)
	for k, f := range funcs {
		defs := f.ColDefs
		if len(defs) == 0 && !ref.RowsFrom {
			defs = ref.ColDefs
		}
		e, err := r.bindExpr(bind, f.Func)
		if err != nil {
			return nil, nil, err
		}
		if e, err = r.settleUnknown(e); err != nil {
			return nil, nil, err
		}
		name := functionName(f.Func)
		if k == 0 {
			rel.name = name
			if ref.Alias != nil {
				rel.name = ref.Alias.Name
			}
		}
		var cols []ColID
		call, _ := e.(*expr.Call)
		switch {
		case len(defs) > 0:
			return nil, nil, sqlerr.Unsupported("a column definition list").At(ref.Pos)
		case call != nil && call.Fn.SRF != nil && len(call.Fn.OutTypes) > 0:
			for i, o := range call.Fn.OutTypes {
				id := r.newCol(rel.name+"."+call.Fn.OutNames[i], o.Type())
				cols = append(cols, id)
				rel.cols = append(rel.cols, scopeCol{name: call.Fn.OutNames[i], id: id})
			}
		default:
			colName := name
			if ref.Alias != nil && len(funcs) == 1 {
				colName = ref.Alias.Name
			}
			id := r.newCol(expr.QuoteIdent(rel.name)+"."+expr.QuoteIdent(colName), e.Type())
			cols = append(cols, id)
			rel.cols = append(rel.cols, scopeCol{name: colName, id: id})
		}
		fs.Calls = append(fs.Calls, e)
		fs.Cols = append(fs.Cols, cols)
	}
	if ref.Ordinality {
		fs.Ordinality = r.newCol(rel.name+".ordinality", types.Int8OID.Type())
		rel.cols = append(rel.cols, scopeCol{name: "ordinality", id: fs.Ordinality})
	}
	fs.Alias = rel.name
	if err := renameCols(rel.cols, ref.Alias, rel.name); err != nil {
		return nil, nil, err
	}
	return fs, single(rel), nil
}

// unnestEach expands unnest of several arrays, which FROM alone knows, into one
// unnest each.
func unnestEach(funcs []parser.RowsFromItem) []parser.RowsFromItem {
	var out []parser.RowsFromItem
	for _, f := range funcs {
		call, ok := f.Func.(*parser.FuncCall)
		if !ok || call.Name.Name != "unnest" || len(call.Args) < 2 || len(f.ColDefs) > 0 {
			out = append(out, f)
			continue
		}
		for _, a := range call.Args {
			one := *call
			one.Args = []parser.Expr{a}
			out = append(out, parser.RowsFromItem{Func: &one})
		}
	}
	return out
}

func functionName(e parser.Expr) string {
	switch e := e.(type) {
	case *parser.FuncCall:
		return e.Name.Name
	case *parser.SessionValue:
		return e.Name
	case *parser.Coalesce:
		return "coalesce"
	case *parser.Cast:
		return functionName(e.Arg)
	}
	return "?column?"
}

func (r *run) bindJoin(s *scope, ref *parser.JoinExpr) (logical, *fromItem, error) {
	left, li, err := r.bindTableRef(s, ref.Left)
	if err != nil {
		return nil, nil, err
	}
	// The right side may refer to the left one laterally, if the join allows it.
	inner := &scope{outer: s.outer, ctes: s.ctes, clause: s.clause}
	inner.rels = append(append([]*scopeRel(nil), s.rels...), li.rels...)
	inner.cols = append(append([]scopeCol(nil), s.cols...), li.cols...)
	right, ri, err := r.bindTableRef(inner, ref.Right)
	if err != nil {
		return nil, nil, err
	}
	for _, rel := range ri.rels {
		if err := (&scope{rels: li.rels}).checkAlias(rel, ref.Pos); err != nil {
			return nil, nil, err
		}
	}
	kind := ref.Type
	j := &join{Kind: InnerJoin, Left: left, Right: right}
	switch kind {
	case parser.JoinLeft:
		j.Kind = LeftJoin
	case parser.JoinRight:
		j.Kind = LeftJoin
		j.Left, j.Right = right, left
	case parser.JoinFull:
		j.Kind = FullJoin
	}
	out := &fromItem{rels: append(append([]*scopeRel(nil), li.rels...), ri.rels...)}
	using := ref.Using
	if ref.Natural {
		for _, c := range li.cols {
			if c.hidden {
				continue
			}
			for _, d := range ri.cols {
				if d.name == c.name && !d.hidden {
					using = append(using, c.name)
					break
				}
			}
		}
	}
	var node logical = j
	switch {
	case len(using) > 0:
		var merged []scopeCol
		var extra []item
		find := func(cols []scopeCol, name, side string) (scopeCol, error) {
			var found []scopeCol
			for _, c := range cols {
				if c.name == name && !c.hidden {
					found = append(found, c)
				}
			}
			switch len(found) {
			case 0:
				return scopeCol{}, sqlerr.New(sqlerr.UndefinedColumn, "column %q specified in USING clause does not exist in %s table", name, side).At(ref.Pos)
			case 1:
				return found[0], nil
			}
			return scopeCol{}, sqlerr.New(sqlerr.AmbiguousColumn, "common column name %q appears more than once in %s table", name, side).At(ref.Pos)
		}
		for _, name := range using {
			lc, err := find(li.cols, name, "left")
			if err != nil {
				return nil, nil, err
			}
			rc, err := find(ri.cols, name, "right")
			if err != nil {
				return nil, nil, err
			}
			pair := []Expr{r.col(lc.id, ref.Pos), r.col(rc.id, ref.Pos)}
			if _, err := r.res.CommonType(pair, "JOIN/USING", ref.Pos); err != nil {
				return nil, nil, err
			}
			eq, err := r.res.Op("=", pair[0], pair[1], ref.Pos)
			if err != nil {
				return nil, nil, err
			}
			j.On = append(j.On, eq)
			m := scopeCol{name: name, id: lc.id}
			switch kind {
			case parser.JoinRight:
				m.id = rc.id
			case parser.JoinFull:
				t, err := r.res.Unify(pair, "JOIN/USING", ref.Pos)
				if err != nil {
					return nil, nil, err
				}
				m.id = r.newCol(expr.QuoteIdent(name), t)
				extra = append(extra, item{m.id, &expr.Coalesce{Args: pair, Typ: t}})
			}
			merged = append(merged, m)
		}
		if len(extra) > 0 {
			p := &project{Input: j}
			for _, id := range outputs(j) {
				p.Items = append(p.Items, item{id, r.col(id, -1)})
			}
			p.Items = append(p.Items, extra...)
			node = p
		}
		out.cols = append(out.cols, merged...)
		isMerged := func(name string) bool {
			for _, u := range using {
				if u == name {
					return true
				}
			}
			return false
		}
		for _, c := range append(append([]scopeCol(nil), li.cols...), ri.cols...) {
			if isMerged(c.name) && !c.hidden {
				c.hidden = true
			}
			out.cols = append(out.cols, c)
		}
	default:
		out.cols = append(append([]scopeCol(nil), li.cols...), ri.cols...)
		if ref.On != nil {
			on := &scope{outer: s, rels: out.rels, cols: out.cols, clause: "JOIN conditions"}
			cond, err := r.bindExpr(on, ref.On)
			if err != nil {
				return nil, nil, err
			}
			if cond, err = r.res.CoerceBool(cond, "JOIN/ON", ref.On.Position()); err != nil {
				return nil, nil, err
			}
			j.On = expr.Conjuncts(cond)
		}
	}
	if kind == parser.JoinRight {
		// A LATERAL right side cannot be the outer one.
		if freeCols(right).hasAny(setOf(outputs(left)...)) {
			return nil, nil, sqlerr.New(sqlerr.UndefinedTable, "invalid reference to FROM-clause entry for table").
				WithDetail("The combining JOIN type must be INNER or LEFT for a LATERAL reference.").At(ref.Pos)
		}
	}
	if ref.Alias != nil {
		rel := &scopeRel{name: ref.Alias.Name}
		for _, c := range out.cols {
			if !c.hidden {
				rel.cols = append(rel.cols, scopeCol{name: c.name, id: c.id})
			}
		}
		if err := renameCols(rel.cols, ref.Alias, rel.name); err != nil {
			return nil, nil, err
		}
		return node, single(rel), nil
	}
	if ref.UsingAlias != "" {
		rel := &scopeRel{name: ref.UsingAlias}
		for _, c := range out.cols[:len(using)] {
			rel.cols = append(rel.cols, scopeCol{name: c.name, id: c.id})
		}
		out.rels = append(out.rels, rel)
	}
	return node, out, nil
}

// bindCTERef reads a WITH query.
func (r *run) bindCTERef(c *cte, ref *parser.RangeTable) (logical, *fromItem, error) {
	alias := c.Name
	if ref.Alias != nil {
		alias = ref.Alias.Name
	}
	var n logical
	var ids []ColID
	cols := c.Cols
	if c.Plan != nil && len(c.Cols) == 0 {
		return nil, nil, sqlerr.New(sqlerr.FeatureNotSupported, "WITH query %q does not have a RETURNING clause", c.Name).At(ref.Pos)
	}
	for _, o := range c.Cols {
		ids = append(ids, r.newCol(expr.QuoteIdent(alias)+"."+expr.QuoteIdent(o.Name), o.Type))
	}
	if c.Plan == nil {
		n = &workTable{CTE: c, Cols: ids}
	} else {
		n = &cteRef{CTE: c, Cols: ids}
	}
	c.refs++
	rel := &scopeRel{name: alias}
	for i, o := range cols {
		rel.cols = append(rel.cols, scopeCol{name: o.Name, id: ids[i]})
	}
	if err := renameCols(rel.cols, ref.Alias, alias); err != nil {
		return nil, nil, err
	}
	return n, single(rel), nil
}

// bindType resolves a type name.
func (r *run) bindType(t *parser.TypeName) (types.Type, error) { return ResolveType(t) }

// ResolveType finds the type that a type name means.
func ResolveType(t *parser.TypeName) (types.Type, error) {
	if t.SetOf {
		return types.Type{}, sqlerr.Unsupported("SETOF").At(t.Pos)
	}
	name := t.Name
	var oid types.OID
	ok := false
	if t.Schema == "" || t.Schema == "pg_catalog" {
		oid, ok = types.ByName(name)
		if !ok && strings.HasPrefix(name, "_") {
			oid, ok = types.ByName(name)
		}
	}
	if !ok {
		full := name
		if t.Schema != "" {
			full = t.Schema + "." + name
		}
		return types.Type{}, sqlerr.New(sqlerr.UndefinedObject, "type %q does not exist", full).At(t.Pos)
	}
	typmod := int32(-1)
	if len(t.Mods) > 0 || t.Fields != "" {
		var mods []int32
		if t.Fields != "" {
			m, ok := types.IntervalRange(t.Fields)
			if !ok {
				return types.Type{}, sqlerr.New(sqlerr.SyntaxError, "invalid INTERVAL type modifier").At(t.Pos)
			}
			mods = append(mods, m)
		} else if oid == types.IntervalOID {
			mods = append(mods, 0x7FFF)
		}
		for _, m := range t.Mods {
			k, ok := m.(*parser.IntLit)
			if !ok {
				return types.Type{}, sqlerr.New(sqlerr.SyntaxError, "type modifiers must be simple constants or identifiers").At(m.Position())
			}
			mods = append(mods, int32(max(min(k.Value, 1<<31-1), -1<<31)))
		}
		var err error
		if typmod, err = types.TypmodIn(oid, mods); err != nil {
			return types.Type{}, sqlerr.At(err, t.Pos)
		}
	}
	if t.ArrayDims > 0 {
		arr, ok := types.ArrayOf(oid)
		if !ok {
			return types.Type{}, sqlerr.New(sqlerr.UndefinedObject, "could not find array type for data type %s", oid).At(t.Pos)
		}
		oid = arr
	}
	return types.Type{OID: oid, Typmod: typmod}, nil
}
