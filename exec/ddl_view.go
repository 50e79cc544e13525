package exec

import (
	"slices"
	"strconv"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
	"github.com/minisql/minisql/types"
)

func (d *ddl) createView(n *parser.CreateViewStmt) error {
	switch {
	case n.Persistence == parser.Temporary:
		return sqlerr.Unsupported("CREATE TEMPORARY VIEW").At(n.Pos)
	case n.CheckOption != parser.CheckNone:
		return sqlerr.Unsupported("WITH CHECK OPTION").At(n.Pos)
	}
	for _, o := range n.With {
		if o.Name != "security_barrier" && o.Name != "security_invoker" {
			return sqlerr.New(sqlerr.InvalidParameterValue, "unrecognized parameter %q", o.Name)
		}
	}
	sc, err := d.creationSchema(n.Name)
	if err != nil {
		return err
	}
	if err := d.lockName(sc.ID, n.Name.Name); err != nil {
		return err
	}
	cols, deps, err := planner.Describe(d.env(), n.Query)
	if err != nil {
		return err
	}
	if len(n.Columns) > len(cols) {
		return sqlerr.New(sqlerr.SyntaxError, "CREATE VIEW specifies more column names than columns")
	}
	old := d.cat.Table(sc.ID, n.Name.Name)
	if old == nil && d.cat.RelationExists(sc.ID, n.Name.Name) {
		return duplicateRelation(n.Name.Name)
	}
	var t *catalog.Table
	if old != nil {
		if !n.Replace {
			return duplicateRelation(n.Name.Name)
		}
		if old.Kind != catalog.KindView {
			return sqlerr.New(sqlerr.WrongObjectType, "%q is not a view", old.Name)
		}
		if _, err := d.lock(old, txn.AccessExclusive); err != nil {
			return err
		}
		t = old.Clone()
	} else if t, err = d.newTable(sc.ID, n.Name.Name); err != nil {
		return err
	}
	t.Kind, t.Storage = catalog.KindView, 0
	t.View = &catalog.View{Query: parser.Format(n.Query), SearchPath: slices.Clone(d.s.settings.searchPath), DependsOn: deps}
	columns := make([]catalog.Column, len(cols))
	for i, c := range cols {
		columns[i] = catalog.Column{Name: c.Name, Type: c.Type}
		if i < len(n.Columns) {
			columns[i].Name = n.Columns[i]
		}
		if slices.ContainsFunc(columns[:i], func(x catalog.Column) bool { return x.Name == columns[i].Name }) {
			return sqlerr.New(sqlerr.DuplicateColumn, "column %q specified more than once", columns[i].Name)
		}
		if in, ok := types.Lookup(c.Type.OID); ok && in.Kind == 'p' {
			return sqlerr.New(sqlerr.InvalidTableDefinition, "column %q has pseudo-type %s", columns[i].Name, c.Type.OID)
		}
	}
	if old != nil {
		if len(columns) < len(old.Columns) {
			return sqlerr.New(sqlerr.InvalidTableDefinition, "cannot drop columns from view")
		}
		for i, c := range old.Columns {
			if columns[i].Name != c.Name {
				return sqlerr.New(sqlerr.InvalidTableDefinition, "cannot change name of view column %q to %q", c.Name, columns[i].Name).
					WithHint("Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.")
			}
			if columns[i].Type != c.Type {
				return sqlerr.New(sqlerr.InvalidTableDefinition, "cannot change data type of view column %q from %s to %s", c.Name, c.Type, columns[i].Type)
			}
			columns[i].Comment = c.Comment
		}
	}
	t.Columns = columns
	return d.put(t)
}

// viewsOf returns the views that read a relation.
func (d *ddl) viewsOf(t *catalog.Table) []*catalog.Table {
	var out []*catalog.Table
	for _, v := range d.cat.Tables() {
		if v.View != nil && slices.Contains(v.View.DependsOn, t.ID) && v.ID != t.ID {
			out = append(out, v)
		}
	}
	return out
}

// dropViews drops the views over t, or refuses to.
func (d *ddl) dropViews(t *catalog.Table, cascade bool, what string) error {
	views := d.viewsOf(t)
	for _, v := range views {
		if d.cat.TableByID(v.ID) == nil {
			continue
		}
		if !cascade && !d.dropping[v.ID] {
			return d.stillNeeded(what, "view "+v.Name+" depends on "+what)
		}
		if err := d.dropRelation(v, cascade); err != nil {
			return err
		}
		if d.dropping[v.ID] {
			continue
		}
		d.s.notice("NOTICE", sqlerr.New(sqlerr.SuccessfulCompletion, "drop cascades to view %s", v.Name))
	}
	return nil
}

func (d *ddl) createTableAs(n *parser.CreateTableAsStmt) (string, error) {
	switch {
	case n.Materialized:
		return "", sqlerr.Unsupported("CREATE MATERIALIZED VIEW").At(n.Pos)
	case n.Persistence == parser.Temporary:
		return "", sqlerr.Unsupported("CREATE TEMPORARY TABLE").At(n.Pos)
	case n.Persistence == parser.Unlogged:
		return "", sqlerr.Unsupported("CREATE UNLOGGED TABLE").At(n.Pos)
	case n.AccessMethod != "" && n.AccessMethod != "heap":
		return "", sqlerr.New(sqlerr.UndefinedObject, "access method %q does not exist", n.AccessMethod)
	}
	query, ok := n.Query.(*parser.SelectStmt)
	if !ok {
		return "", sqlerr.Unsupported("CREATE TABLE AS EXECUTE").At(n.Pos)
	}
	sc, err := d.creationSchema(n.Name)
	if err != nil {
		return "", err
	}
	if err := d.lockName(sc.ID, n.Name.Name); err != nil {
		return "", err
	}
	if d.cat.RelationExists(sc.ID, n.Name.Name) {
		if n.IfNotExists {
			d.s.notice("NOTICE", sqlerr.New(sqlerr.DuplicateTable, "relation %q already exists, skipping", n.Name.Name))
			return "CREATE TABLE AS", nil
		}
		return "", duplicateRelation(n.Name.Name)
	}
	plan, err := planner.Make(d.env(), query)
	if err != nil {
		return "", err
	}
	if len(n.Columns) > len(plan.Columns) {
		return "", sqlerr.New(sqlerr.SyntaxError, "too many column names were specified")
	}
	if err := d.s.lockRelations(d.ctx, plan); err != nil {
		return "", err
	}
	t, err := d.newTable(sc.ID, n.Name.Name)
	if err != nil {
		return "", err
	}
	for i, c := range plan.Columns {
		name := c.Name
		if i < len(n.Columns) {
			name = n.Columns[i]
		}
		if _, dup := t.ColumnSlot(name); dup {
			return "", sqlerr.New(sqlerr.DuplicateColumn, "column %q specified more than once", name)
		}
		t.Columns = append(t.Columns, catalog.Column{Name: name, Type: c.Type})
	}
	x := &execution{plan: plan}
	x.begin(d.ctx, d.s, d.sc)
	x.c.Reset(plan.Places)
	if err := d.put(t); err != nil {
		return "", err
	}
	if err := d.own(t.Storage); err != nil {
		return "", err
	}
	if n.NoData {
		return "CREATE TABLE AS", nil
	}
	op, err := newOperator(x, plan.Root)
	if err != nil {
		return "", err
	}
	defer x.end()
	defer op.close(x)
	if err := op.open(x); err != nil {
		return "", err
	}
	ti, err := d.sc.table(t)
	if err != nil {
		return "", err
	}
	w := newWriter(d.x, ti)
	row := make([]types.Datum, len(t.Columns))
	count := 0
	for {
		b, err := op.next(x)
		if err != nil {
			return "", err
		}
		if b == nil {
			d.x.countRows(t, written{inserted: int64(count)})
			return "SELECT " + strconv.Itoa(count), nil
		}
		for k := range b.Len() {
			i := b.Row(k)
			for c := range row {
				row[c] = b.Cols[c].View(i)
			}
			if err := w.insert(row); err != nil {
				return "", err
			}
			count++
		}
	}
}
