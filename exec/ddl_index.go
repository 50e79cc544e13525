package exec

import (
	"slices"
	"strconv"
	"strings"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
	"github.com/minisql/minisql/types"
)

func (d *ddl) createIndex(n *parser.CreateIndexStmt) error {
	if n.Concurrently && d.s.block == explicit {
		return sqlerr.New(sqlerr.ActiveSQLTransaction, "CREATE INDEX CONCURRENTLY cannot run inside a transaction block")
	}
	if n.Concurrently {
		d.s.notice("NOTICE", sqlerr.New(sqlerr.SuccessfulCompletion, "CREATE INDEX CONCURRENTLY holds up writers, as CREATE INDEX does"))
	}
	if n.Method != "" && n.Method != "btree" {
		switch n.Method {
		case "hash", "gist", "gin", "spgist", "brin":
			return sqlerr.Unsupported("index method %q", n.Method)
		}
		return sqlerr.New(sqlerr.UndefinedObject, "access method %q does not exist", n.Method)
	}
	if err := checkStorageOptions(n.With); err != nil {
		return err
	}
	t, err := d.lookup(n.Table, txn.ShareLock)
	if err != nil {
		return err
	}
	if t.Kind != catalog.KindTable {
		return sqlerr.New(sqlerr.WrongObjectType, "cannot create index on relation %q", t.Name).
			WithDetail("This operation is not supported for views.")
	}
	t = t.Clone()
	x := &catalog.Index{Name: n.Name, Unique: n.Unique, NullsNotDistinct: n.NullsNotDistinct}
	names := make([]string, 0, len(n.Elems))
	for i := range n.Elems {
		e := &n.Elems[i]
		if !e.OpClass.IsZero() {
			switch e.OpClass.Name {
			case "text_pattern_ops", "varchar_pattern_ops", "bpchar_pattern_ops", "text_ops", "int4_ops", "int8_ops", "numeric_ops", "date_ops", "timestamp_ops", "timestamptz_ops", "uuid_ops", "bool_ops", "varchar_ops":
				// Texts sort bytewise, so the pattern classes are the default ones.
			default:
				return sqlerr.Unsupported("operator class %q", e.OpClass.Name).At(e.Pos)
			}
		}
		if !e.Collation.IsZero() {
			if err := planner.CheckCollation(e.Collation); err != nil {
				return err
			}
		}
		k := catalog.IndexColumn{Slot: -1, Desc: e.Dir == parser.SortDesc}
		k.NullsFirst = k.Desc
		switch e.Nulls {
		case parser.NullsFirst:
			k.NullsFirst = true
		case parser.NullsLast:
			k.NullsFirst = false
		}
		if e.Column != "" {
			slot, ok := t.ColumnSlot(e.Column)
			if !ok {
				return sqlerr.New(sqlerr.UndefinedColumn, "column %q does not exist", e.Column)
			}
			k.Slot, k.Type = slot, t.Columns[slot].Type
			names = append(names, e.Column)
		} else {
			b, err := planner.BindRowExpr(d.env(), t, e.Expr, "index expressions", nil)
			if err != nil {
				return err
			}
			if err := mustBeImmutable(b, "functions in index expression must be marked IMMUTABLE"); err != nil {
				return err
			}
			k.Expr, k.Type = parser.Format(e.Expr), b.Type()
			name := parser.OutputName(e.Expr)
			if name == "?column?" || name == "" {
				name = "expr"
			}
			for j := 1; slices.Contains(names, name); j++ {
				name = strings.TrimRight(name, "0123456789") + strconv.Itoa(j)
			}
			names = append(names, name)
		}
		if !types.Comparable(k.Type.OID) {
			return sqlerr.New(sqlerr.UndefinedObject, "data type %s has no default operator class for access method \"btree\"", k.Type.OID).
				WithHint("You must specify an operator class for the index or define a default operator class for the data type.")
		}
		x.Columns = append(x.Columns, k)
	}
	for _, e := range n.Include {
		slot, ok := t.ColumnSlot(e.Column)
		if !ok {
			return sqlerr.New(sqlerr.UndefinedColumn, "column %q does not exist", e.Column).At(e.Pos)
		}
		x.Include = append(x.Include, slot)
	}
	if n.Where != nil {
		b := types.BoolOID.Type()
		e, err := planner.BindRowExpr(d.env(), t, n.Where, "index predicates", &b)
		if err != nil {
			return err
		}
		if err := mustBeImmutable(e, "functions in index predicate must be marked IMMUTABLE"); err != nil {
			return err
		}
		x.Where = parser.Format(n.Where)
	}
	if x.Name == "" {
		x.Name = d.cat.FreeRelationName(t.SchemaID, catalog.ObjectName(t.Name, strings.Join(names, "_"), "idx"))
	} else {
		if err := d.lockName(t.SchemaID, x.Name); err != nil {
			return err
		}
		if d.cat.RelationExists(t.SchemaID, x.Name) {
			if n.IfNotExists {
				d.s.notice("NOTICE", sqlerr.New(sqlerr.DuplicateTable, "relation %q already exists, skipping", x.Name))
				return nil
			}
			return duplicateRelation(x.Name)
		}
	}
	if x.ID, err = d.newID(); err != nil {
		return err
	}
	x.Storage = x.ID
	t.Indexes = append(t.Indexes, x)
	if err := d.put(t); err != nil {
		return err
	}
	return d.buildIndex(t, x)
}
