package exec

import (
	"slices"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
)

func (d *ddl) rename(n *parser.RenameStmt) (string, error) {
	tag := "ALTER " + n.Kind.String()
	if n.Kind == parser.ObjColumn || n.Kind == parser.ObjConstraint {
		tag = "ALTER " + n.Relation.String()
	}
	missing := func(err error) error {
		if n.IfExists && sqlerr.CodeOf(err) == sqlerr.UndefinedTable {
			d.s.notice("NOTICE", sqlerr.New(sqlerr.UndefinedTable, "relation %q does not exist, skipping", n.Name.String()))
			return nil
		}
		return err
	}
	switch n.Kind {
	case parser.ObjSchema:
		sc := d.cat.Schema(n.Name.Name)
		if sc == nil {
			return tag, sqlerr.New(sqlerr.InvalidSchemaName, "schema %q does not exist", n.Name.Name)
		}
		if d.cat.Schema(n.NewName) != nil {
			return tag, sqlerr.New(sqlerr.DuplicateSchema, "schema %q already exists", n.NewName)
		}
		c := *sc
		c.Name = n.NewName
		return tag, d.putSchema(&c)
	case parser.ObjDatabase:
		return tag, d.renameDatabase(n)
	case parser.ObjIndex:
		t, x, err := d.indexNamed(n.Name)
		if err != nil {
			return tag, missing(err)
		}
		if d.cat.RelationExists(t.SchemaID, n.NewName) {
			return tag, duplicateRelation(n.NewName)
		}
		c := t.Clone()
		c.Index(x.ID).Name = n.NewName
		return tag, d.put(c)
	case parser.ObjTable, parser.ObjView, parser.ObjSequence, parser.ObjColumn, parser.ObjConstraint:
	default:
		return tag, sqlerr.Unsupported("%s RENAME", tag)
	}
	t, err := d.lookup(n.Name, txn.AccessExclusive)
	if err != nil {
		if n.Kind == parser.ObjTable && sqlerr.CodeOf(err) == sqlerr.UndefinedTable {
			if it, x, ierr := d.indexNamed(n.Name); ierr == nil {
				c := it.Clone()
				c.Index(x.ID).Name = n.NewName
				return tag, d.put(c)
			}
		}
		return tag, missing(err)
	}
	c := t.Clone()
	switch n.Kind {
	case parser.ObjColumn:
		slot, ok := t.ColumnSlot(n.Sub)
		if !ok {
			return tag, sqlerr.New(sqlerr.UndefinedColumn, "column %q does not exist", n.Sub)
		}
		if _, dup := t.ColumnSlot(n.NewName); dup {
			return tag, sqlerr.New(sqlerr.DuplicateColumn, "column %q of relation %q already exists", n.NewName, t.Name)
		}
		if t.Kind == catalog.KindTable && len(d.viewsOf(t)) > 0 {
			return tag, sqlerr.Unsupported("renaming a column of a table that a view reads")
		}
		if err := renameInExprs(c, n.Sub, n.NewName); err != nil {
			return tag, err
		}
		c.Columns[slot].Name = n.NewName
	case parser.ObjConstraint:
		found := false
		for _, x := range c.Indexes {
			if x.Constraint != 0 && x.Name == n.Sub {
				if d.cat.RelationExists(t.SchemaID, n.NewName) {
					return tag, duplicateRelation(n.NewName)
				}
				x.Name, found = n.NewName, true
			}
		}
		if !found && slices.Contains(c.ConstraintNames(), n.NewName) {
			return tag, sqlerr.New(sqlerr.DuplicateObject, "constraint %q for relation %q already exists", n.NewName, t.Name)
		}
		for _, k := range c.Checks {
			if k.Name == n.Sub {
				k.Name, found = n.NewName, true
			}
		}
		for _, f := range c.ForeignKeys {
			if f.Name == n.Sub {
				f.Name, found = n.NewName, true
			}
		}
		if !found {
			return tag, sqlerr.New(sqlerr.UndefinedObject, "constraint %q for table %q does not exist", n.Sub, t.Name)
		}
	default:
		if d.cat.RelationExists(t.SchemaID, n.NewName) {
			return tag, duplicateRelation(n.NewName)
		}
		if len(d.viewsOf(t)) > 0 {
			return tag, sqlerr.Unsupported("renaming a relation that a view reads")
		}
		c.Name = n.NewName
	}
	return tag, d.put(c)
}

// renameInExprs renames a column in the stored expressions of a table.
func renameInExprs(t *catalog.Table, from, to string) error {
	fix := func(sql *string) error {
		if *sql == "" {
			return nil
		}
		e, err := parser.ParseExpr(*sql)
		if err != nil {
			return err
		}
		parser.Walk(e, func(n parser.Node) bool {
			if ref, ok := n.(*parser.ColumnRef); ok && len(ref.Parts) > 0 && ref.Parts[len(ref.Parts)-1] == from {
				ref.Parts[len(ref.Parts)-1] = to
			}
			return true
		})
		*sql = parser.Format(e)
		return nil
	}
	for _, k := range t.Checks {
		if err := fix(&k.Expr); err != nil {
			return err
		}
	}
	for i := range t.Columns {
		if err := fix(&t.Columns[i].Generated); err != nil {
			return err
		}
	}
	for _, x := range t.Indexes {
		if err := fix(&x.Where); err != nil {
			return err
		}
		for i := range x.Columns {
			if err := fix(&x.Columns[i].Expr); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *ddl) indexNamed(name parser.QName) (*catalog.Table, *catalog.Index, error) {
	id := expr.FindRelation(d.s, nameParts(name))
	t, x := d.cat.IndexByID(id)
	if x == nil {
		return nil, nil, sqlerr.New(sqlerr.UndefinedTable, "relation %q does not exist", name.String())
	}
	if _, err := d.lock(t, txn.AccessExclusive); err != nil {
		return nil, nil, err
	}
	t, x = d.cat.IndexByID(id)
	return t, x, nil
}

func nameParts(n parser.QName) []string {
	if n.Schema != "" {
		return []string{n.Schema, n.Name}
	}
	return []string{n.Name}
}

func (d *ddl) renameDatabase(n *parser.RenameStmt) error {
	if err := d.lockDatabase(n.Name.Name); err != nil {
		return err
	}
	all, err := listDatabases(d.s.txn)
	if err != nil {
		return err
	}
	for _, db := range all {
		if db.Name == n.NewName {
			return sqlerr.New(sqlerr.DuplicateDatabase, "database %q already exists", n.NewName)
		}
	}
	for _, db := range all {
		if db.Name != n.Name.Name {
			continue
		}
		if db.ID == d.s.db.id {
			return sqlerr.New(sqlerr.FeatureNotSupported, "current database cannot be renamed")
		}
		db.Name = n.NewName
		d.s.txn.MarkSchemaChange()
		return d.s.txn.Put(catalog.DatabaseKey(db.ID), catalog.Encode(db))
	}
	return sqlerr.New(sqlerr.InvalidCatalogName, "database %q does not exist", n.Name.Name)
}

func (d *ddl) setSchema(n *parser.SetSchemaStmt) error {
	t, err := d.lookup(n.Name, txn.AccessExclusive)
	if err != nil {
		return err
	}
	sc := d.cat.Schema(n.Schema)
	if sc == nil {
		return sqlerr.New(sqlerr.InvalidSchemaName, "schema %q does not exist", n.Schema)
	}
	if sc.ID == t.SchemaID {
		return nil
	}
	if len(d.viewsOf(t)) > 0 {
		return sqlerr.Unsupported("moving a relation that a view reads")
	}
	if d.cat.RelationExists(sc.ID, t.Name) {
		return sqlerr.New(sqlerr.DuplicateTable, "relation %q already exists in schema %q", t.Name, sc.Name)
	}
	for slot := range t.Columns {
		if seq := d.cat.OwnedSequence(t.ID, slot); seq != nil {
			c := seq.Clone()
			c.SchemaID = sc.ID
			if err := d.put(c); err != nil {
				return err
			}
		}
	}
	c := t.Clone()
	c.SchemaID = sc.ID
	return d.put(c)
}

func (d *ddl) owner(n *parser.OwnerStmt) error {
	if n.Kind == parser.ObjSchema {
		sc := d.cat.Schema(n.Name.Name)
		if sc == nil {
			return sqlerr.New(sqlerr.InvalidSchemaName, "schema %q does not exist", n.Name.Name)
		}
		c := *sc
		c.Owner = n.Owner
		return d.putSchema(&c)
	}
	if n.Kind != parser.ObjDatabase {
		return sqlerr.Unsupported("ALTER %s OWNER TO", n.Kind)
	}
	all, err := listDatabases(d.s.txn)
	if err != nil {
		return err
	}
	for _, db := range all {
		if db.Name == n.Name.Name {
			db.Owner = n.Owner
			return d.s.txn.Put(catalog.DatabaseKey(db.ID), catalog.Encode(db))
		}
	}
	return sqlerr.New(sqlerr.InvalidCatalogName, "database %q does not exist", n.Name.Name)
}

func (d *ddl) comment(n *parser.CommentStmt) error {
	text := ""
	if n.Comment != nil {
		text = *n.Comment
	}
	switch n.Kind {
	case parser.ObjDatabase:
		all, err := listDatabases(d.s.txn)
		if err != nil {
			return err
		}
		for _, db := range all {
			if db.Name == n.Name.Name {
				db.Comment = text
				return d.s.txn.Put(catalog.DatabaseKey(db.ID), catalog.Encode(db))
			}
		}
		return sqlerr.New(sqlerr.InvalidCatalogName, "database %q does not exist", n.Name.Name)
	case parser.ObjSchema:
		sc := d.cat.Schema(n.Name.Name)
		if sc == nil {
			return sqlerr.New(sqlerr.InvalidSchemaName, "schema %q does not exist", n.Name.Name)
		}
		c := *sc
		c.Comment = text
		return d.putSchema(&c)
	case parser.ObjIndex:
		t, x, err := d.indexNamed(n.Name)
		if err != nil {
			return err
		}
		c := t.Clone()
		c.Index(x.ID).Comment = text
		return d.put(c)
	case parser.ObjTable, parser.ObjView, parser.ObjSequence, parser.ObjColumn, parser.ObjConstraint:
	default:
		return sqlerr.Unsupported("COMMENT ON %s", n.Kind)
	}
	t, err := d.lookup(n.Name, txn.ShareUpdateExclusive)
	if err != nil {
		return err
	}
	c := t.Clone()
	switch n.Kind {
	case parser.ObjColumn:
		slot, ok := t.ColumnSlot(n.Sub)
		if !ok {
			return undefinedColumn(t, n.Sub)
		}
		c.Columns[slot].Comment = text
	case parser.ObjConstraint:
		found := false
		for _, x := range c.Indexes {
			if x.Constraint != 0 && x.Name == n.Sub {
				x.ConstraintComment, found = text, true
			}
		}
		for _, k := range c.Checks {
			if k.Name == n.Sub {
				k.Comment, found = text, true
			}
		}
		for _, f := range c.ForeignKeys {
			if f.Name == n.Sub {
				f.Comment, found = text, true
			}
		}
		if !found {
			return sqlerr.New(sqlerr.UndefinedObject, "constraint %q for table %q does not exist", n.Sub, t.Name)
		}
	default:
		if k := kindOf[n.Kind]; k != t.Kind {
			return sqlerr.New(sqlerr.WrongObjectType, "%q is not %s", t.Name, article(k))
		}
		c.Comment = text
	}
	return d.put(c)
}
