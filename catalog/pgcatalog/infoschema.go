package pgcatalog

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/types"
)

// actionNames are the referential actions as information_schema writes them.
var actionNames = map[catalog.Action]string{
	catalog.NoAction: "NO ACTION", catalog.Restrict: "RESTRICT", catalog.Cascade: "CASCADE",
	catalog.SetNull: "SET NULL", catalog.SetDefault: "SET DEFAULT",
}

func (x *maker) dbName() string { return x.cat.Database.Name }

// where sets <prefix>_catalog, <prefix>_schema and <prefix>_name.
func (x *maker) where(b *builder, prefix string, schema catalog.ID, name string) *builder {
	return b.set(prefix+"_catalog", x.dbName()).set(prefix+"_schema", x.schemaName(schema)).set(prefix+"_name", name)
}

func isCatalogName(x *maker, b *builder) error {
	b.add().set("catalog_name", x.dbName())
	return nil
}

func isEnabledRoles(x *maker, b *builder) error {
	b.add().set("role_name", x.src.CurrentUser())
	return nil
}

func isSchemata(x *maker, b *builder) error {
	for _, s := range x.cat.Schemas() {
		b.add().set("catalog_name", x.dbName()).set("schema_name", s.Name).set("schema_owner", s.Owner)
	}
	return nil
}

func isCharacterSets(x *maker, b *builder) error {
	b.add().set("character_set_name", "UTF8").set("character_repertoire", "UCS").set("form_of_use", "UTF8").
		set("default_collate_catalog", x.dbName()).set("default_collate_schema", "pg_catalog").set("default_collate_name", "C")
	return nil
}

func isCollations(x *maker, b *builder) error {
	for _, name := range []string{"default", "C", "POSIX"} {
		b.add().set("collation_catalog", x.dbName()).set("collation_schema", "pg_catalog").set("collation_name", name).
			set("pad_attribute", "NO PAD")
	}
	return nil
}

func isTables(x *maker, b *builder) error {
	for _, t := range x.cat.Tables() {
		kind := ""
		switch t.Kind {
		case catalog.KindTable:
			kind = "BASE TABLE"
			if t.Temp {
				kind = "LOCAL TEMPORARY"
			}
		case catalog.KindView:
			kind = "VIEW"
		default:
			continue
		}
		x.where(b.add(), "table", t.SchemaID, t.Name).set("table_type", kind).
			set("is_insertable_into", t.Kind == catalog.KindTable).set("is_typed", false)
	}
	return nil
}

func isViews(x *maker, b *builder) error {
	for _, t := range x.cat.Tables() {
		if t.Kind != catalog.KindView {
			continue
		}
		x.where(b.add(), "table", t.SchemaID, t.Name).set("check_option", "NONE")
		for _, c := range []string{"is_updatable", "is_insertable_into", "is_trigger_updatable", "is_trigger_deletable", "is_trigger_insertable_into"} {
			b.set(c, false)
		}
		if t.View != nil {
			b.set("view_definition", x.src.ViewDef(t))
			if o := t.View.CheckOption; o != "" {
				b.set("check_option", strings.ToUpper(o))
			}
		}
	}
	return nil
}

func isViewTableUsage(x *maker, b *builder) error {
	for _, t := range x.cat.Tables() {
		if t.View == nil {
			continue
		}
		for _, id := range t.View.DependsOn {
			if r := x.cat.TableByID(id); r != nil {
				x.where(b.add(), "view", t.SchemaID, t.Name)
				x.where(b, "table", r.SchemaID, r.Name)
			}
		}
	}
	return nil
}

// precision sets what information_schema says about the size of a type, its
// columns being named as in columns and element_types.
func (x *maker) precision(b *builder, t types.Type) {
	mod := int(t.Typmod)
	switch t.OID {
	case types.Int2OID:
		b.set("numeric_precision", 16).set("numeric_precision_radix", 2).set("numeric_scale", 0)
	case types.Int4OID:
		b.set("numeric_precision", 32).set("numeric_precision_radix", 2).set("numeric_scale", 0)
	case types.Int8OID:
		b.set("numeric_precision", 64).set("numeric_precision_radix", 2).set("numeric_scale", 0)
	case types.Float4OID:
		b.set("numeric_precision", 24).set("numeric_precision_radix", 2)
	case types.Float8OID:
		b.set("numeric_precision", 53).set("numeric_precision_radix", 2)
	case types.NumericOID:
		b.set("numeric_precision_radix", 10)
		if mod >= 0 {
			// numeric_scale is an unsigned reading of the lower half, as PostgreSQL's view does it.
			b.set("numeric_precision", (mod-4)>>16&0xffff).set("numeric_scale", (mod-4)&0xffff)
		}
	case types.BpcharOID, types.VarcharOID:
		if mod >= 0 {
			b.set("character_maximum_length", mod-4).set("character_octet_length", (mod-4)*4)
		} else {
			b.set("character_octet_length", 1<<30)
		}
	case types.TextOID:
		b.set("character_octet_length", 1<<30)
	case types.DateOID:
		b.set("datetime_precision", 0)
	case types.TimeOID, types.TimetzOID, types.TimestampOID, types.TimestamptzOID:
		if mod < 0 {
			mod = 6
		}
		b.set("datetime_precision", mod)
	case types.IntervalOID:
		p := 6
		if mod >= 0 {
			if p = mod & 0xffff; p == 0xffff {
				p = 6
			}
			// "interval year to month" shows YEAR TO MONTH.
			if _, fields, ok := strings.Cut(t.String(), " "); ok {
				fields, _, _ = strings.Cut(fields, "(")
				b.set("interval_type", strings.ToUpper(fields))
			}
		}
		b.set("datetime_precision", p)
	}
}

func dataType(t types.Type) string {
	if types.IsArray(t.OID) && t.OID != types.Int2VectorOID && t.OID != types.OidVectorOID {
		return "ARRAY"
	}
	return t.OID.String()
}

func typeName(o types.OID) string {
	if in, ok := types.Lookup(o); ok {
		return in.Name
	}
	return ""
}

func isColumns(x *maker, b *builder) error {
	for _, t := range x.cat.Tables() {
		if t.Kind != catalog.KindTable && t.Kind != catalog.KindView {
			continue
		}
		for i := range t.Columns {
			c := &t.Columns[i]
			if c.Dropped {
				continue
			}
			x.where(b.add(), "table", t.SchemaID, t.Name).set("column_name", c.Name).set("ordinal_position", i+1).
				set("is_nullable", !c.NotNull && c.Identity == 0).set("data_type", dataType(c.Type)).
				set("udt_catalog", x.dbName()).set("udt_schema", "pg_catalog").set("udt_name", typeName(c.Type.OID)).
				set("dtd_identifier", strconv.Itoa(i+1)).set("is_self_referencing", false).set("is_identity", c.Identity != 0).
				set("identity_cycle", false).set("is_generated", "NEVER").set("is_updatable", t.Kind == catalog.KindTable)
			x.precision(b, c.Type)
			if c.Type.OID == types.NameOID {
				b.set("collation_catalog", x.dbName()).set("collation_schema", "pg_catalog").set("collation_name", "C")
			}
			switch {
			case c.Generated != "":
				b.set("is_generated", "ALWAYS").set("generation_expression", x.src.Default(t, i))
			case c.Identity != 0:
				b.set("identity_generation", map[byte]string{'a': "ALWAYS", 'd': "BY DEFAULT"}[c.Identity])
				if s := x.cat.OwnedSequence(t.ID, i); s != nil {
					n := func(v int64) string { return strconv.FormatInt(v, 10) }
					b.set("identity_start", n(s.Sequence.Start)).set("identity_increment", n(s.Sequence.Increment)).
						set("identity_maximum", n(s.Sequence.Max)).set("identity_minimum", n(s.Sequence.Min)).
						set("identity_cycle", s.Sequence.Cycle)
				}
			case c.Default != "":
				b.set("column_default", x.src.Default(t, i))
			}
		}
	}
	return nil
}

func isElementTypes(x *maker, b *builder) error {
	for _, t := range x.cat.Tables() {
		if t.Kind != catalog.KindTable && t.Kind != catalog.KindView {
			continue
		}
		for i := range t.Columns {
			c := &t.Columns[i]
			elem, ok := types.ElemOf(c.Type.OID)
			if !ok || c.Dropped || dataType(c.Type) != "ARRAY" {
				continue
			}
			kind := "TABLE"
			if t.Kind == catalog.KindView {
				kind = "VIEW"
			}
			x.where(b.add(), "object", t.SchemaID, t.Name).set("object_type", kind).
				set("collection_type_identifier", strconv.Itoa(i+1)).set("data_type", elem.String()).
				set("udt_catalog", x.dbName()).set("udt_schema", "pg_catalog").set("udt_name", typeName(elem)).
				set("dtd_identifier", "a"+strconv.Itoa(i+1))
		}
	}
	return nil
}

func isColumnColumnUsage(x *maker, b *builder) error {
	// Which columns a generated one depends on is not recorded apart from its expression.
	for _, t := range x.cat.Tables() {
		for i := range t.Columns {
			g := &t.Columns[i]
			if g.Generated == "" || g.Dropped {
				continue
			}
			for k := range t.Columns {
				if c := &t.Columns[k]; k != i && !c.Dropped && mentions(g.Generated, c.Name) {
					x.where(b.add(), "table", t.SchemaID, t.Name).set("column_name", c.Name).set("dependent_column", g.Name)
				}
			}
		}
	}
	return nil
}

// mentions reports whether the name stands in an SQL expression as a word outside strings.
func mentions(sql, name string) bool {
	inString, word := false, ""
	for _, r := range sql + " " {
		switch {
		case r == '\'':
			inString, word = !inString, ""
		case inString:
		case r == '_' || r == '$' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0x80:
			word += string(r)
		default:
			if word == name {
				return true
			}
			word = ""
		}
	}
	return strings.Contains(sql, `"`+strings.ReplaceAll(name, `"`, `""`)+`"`)
}

// eachConstraint calls f with the constraints of user tables; columns are slots.
func (x *maker) eachConstraint(f func(t *catalog.Table, c constraint)) {
	for _, t := range x.cat.Tables() {
		for _, i := range t.Indexes {
			if i.Constraint == 0 {
				continue
			}
			c := constraint{name: i.Name, kind: "UNIQUE", deferrable: i.Deferrable, deferred: i.InitiallyDeferred, index: i}
			if i.Primary {
				c.kind = "PRIMARY KEY"
			}
			for k := range i.Columns {
				c.slots = append(c.slots, i.Columns[k].Slot)
			}
			f(t, c)
		}
		for _, k := range t.ForeignKeys {
			f(t, constraint{name: k.Name, kind: "FOREIGN KEY", deferrable: k.Deferrable, deferred: k.InitiallyDeferred, slots: k.Slots, fk: k})
		}
		for _, k := range t.Checks {
			f(t, constraint{name: k.Name, kind: "CHECK", slots: k.Slots, check: k})
		}
		if t.Kind == catalog.KindTable {
			for i := range t.Columns {
				if c := &t.Columns[i]; c.NotNull && !c.Dropped {
					f(t, constraint{name: fmt.Sprintf("%d_%d_%d_not_null", t.SchemaID, t.ID, i+1), kind: "CHECK", slots: []int{i}, notNull: true})
				}
			}
		}
	}
}

type constraint struct {
	name, kind           string
	deferrable, deferred bool
	slots                []int
	index                *catalog.Index
	fk                   *catalog.ForeignKey
	check                *catalog.Check
	notNull              bool
}

func isTableConstraints(x *maker, b *builder) error {
	x.eachConstraint(func(t *catalog.Table, c constraint) {
		x.where(b.add(), "constraint", t.SchemaID, c.name)
		x.where(b, "table", t.SchemaID, t.Name).set("constraint_type", c.kind).set("is_deferrable", c.deferrable).
			set("initially_deferred", c.deferred).set("enforced", true)
		if c.index != nil && !c.index.Primary {
			b.set("nulls_distinct", !c.index.NullsNotDistinct)
		}
	})
	return nil
}

func isCheckConstraints(x *maker, b *builder) error {
	x.eachConstraint(func(t *catalog.Table, c constraint) {
		switch {
		case c.check != nil:
			x.where(b.add(), "constraint", t.SchemaID, c.name).set("check_clause", "("+x.src.Expr(t, c.check.Expr)+")")
			if c.check.NotValid {
				b.set("check_clause", "("+x.src.Expr(t, c.check.Expr)+") NOT VALID")
			}
		case c.notNull:
			x.where(b.add(), "constraint", t.SchemaID, c.name).set("check_clause", t.Columns[c.slots[0]].Name+" IS NOT NULL")
		}
	})
	return nil
}

func isKeyColumnUsage(x *maker, b *builder) error {
	x.eachConstraint(func(t *catalog.Table, c constraint) {
		if c.kind == "CHECK" {
			return
		}
		for i, s := range c.slots {
			x.where(b.add(), "constraint", t.SchemaID, c.name)
			x.where(b, "table", t.SchemaID, t.Name).set("column_name", t.Columns[s].Name).set("ordinal_position", i+1)
			if c.fk == nil {
				continue
			}
			if _, ref := x.cat.IndexByID(c.fk.RefIndex); ref != nil {
				for k := range ref.Columns {
					if ref.Columns[k].Slot == c.fk.RefSlots[i] {
						b.set("position_in_unique_constraint", k+1)
					}
				}
			}
		}
	})
	return nil
}

// isConstraintColumnUsage lists the columns a constraint uses: for a foreign key
// the referenced ones.
func isConstraintColumnUsage(x *maker, b *builder) error {
	x.eachConstraint(func(t *catalog.Table, c constraint) {
		of, slots := t, c.slots
		if c.notNull {
			return
		}
		if c.fk != nil {
			if of, slots = x.cat.TableByID(c.fk.RefTable), c.fk.RefSlots; of == nil {
				return
			}
		}
		for _, s := range slots {
			x.where(b.add(), "table", of.SchemaID, of.Name).set("column_name", of.Columns[s].Name)
			x.where(b, "constraint", t.SchemaID, c.name)
		}
	})
	return nil
}

// isConstraintTableUsage leaves CHECK constraints out, as PostgreSQL does.
func isConstraintTableUsage(x *maker, b *builder) error {
	x.eachConstraint(func(t *catalog.Table, c constraint) {
		of := t
		if c.kind == "CHECK" {
			return
		}
		if c.fk != nil {
			if of = x.cat.TableByID(c.fk.RefTable); of == nil {
				return
			}
		}
		x.where(b.add(), "table", of.SchemaID, of.Name)
		x.where(b, "constraint", t.SchemaID, c.name)
	})
	return nil
}

func isReferentialConstraints(x *maker, b *builder) error {
	x.eachConstraint(func(t *catalog.Table, c constraint) {
		if c.fk == nil {
			return
		}
		match := "NONE"
		if c.fk.MatchFull {
			match = "FULL"
		}
		x.where(b.add(), "constraint", t.SchemaID, c.name).set("match_option", match).
			set("update_rule", actionNames[c.fk.OnUpdate]).set("delete_rule", actionNames[c.fk.OnDelete])
		if rt, ref := x.cat.IndexByID(c.fk.RefIndex); ref != nil && ref.Constraint != 0 {
			x.where(b, "unique_constraint", rt.SchemaID, ref.Name)
		}
	})
	return nil
}

func isSequences(x *maker, b *builder) error {
	for _, t := range x.cat.Tables() {
		s := t.Sequence
		if s == nil || s.Identity {
			continue
		}
		bits := map[types.OID]int{types.Int2OID: 16, types.Int4OID: 32}[s.Type.OID]
		if bits == 0 {
			bits = 64
		}
		n := func(v int64) string { return strconv.FormatInt(v, 10) }
		x.where(b.add(), "sequence", t.SchemaID, t.Name).set("data_type", s.Type.OID.String()).set("numeric_precision", bits).
			set("numeric_precision_radix", 2).set("numeric_scale", 0).set("start_value", n(s.Start)).set("minimum_value", n(s.Min)).
			set("maximum_value", n(s.Max)).set("increment", n(s.Increment)).set("cycle_option", s.Cycle)
	}
	return nil
}

// isTablePrivileges shows what owners have: nobody is granted, or denied, anything.
func isTablePrivileges(x *maker, b *builder) error {
	for _, t := range x.cat.Tables() {
		if t.Kind != catalog.KindTable && t.Kind != catalog.KindView {
			continue
		}
		for _, p := range []string{"INSERT", "SELECT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"} {
			x.where(b.add(), "table", t.SchemaID, t.Name).set("grantor", t.Owner).set("grantee", t.Owner).
				set("privilege_type", p).set("is_grantable", true).set("with_hierarchy", p == "SELECT")
		}
	}
	return nil
}

func isColumnPrivileges(x *maker, b *builder) error {
	for _, t := range x.cat.Tables() {
		if t.Kind != catalog.KindTable && t.Kind != catalog.KindView {
			continue
		}
		for i := range t.Columns {
			if t.Columns[i].Dropped {
				continue
			}
			for _, p := range []string{"INSERT", "SELECT", "UPDATE", "REFERENCES"} {
				x.where(b.add(), "table", t.SchemaID, t.Name).set("column_name", t.Columns[i].Name).set("grantor", t.Owner).
					set("grantee", t.Owner).set("privilege_type", p).set("is_grantable", true)
			}
		}
	}
	return nil
}
