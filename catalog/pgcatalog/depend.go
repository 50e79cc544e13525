package pgcatalog

import "github.com/minisql/minisql/catalog"

// pgDepend tells what depends on what: owned sequences on their columns,
// constraints and indexes on theirs, defaults on columns and sequences, views on
// what they read.
func pgDepend(x *maker, b *builder) error {
	type object struct {
		class, id catalog.ID
		sub       int
	}
	dep := func(from, to object, kind byte) {
		b.add().set("classid", from.class).set("objid", from.id).set("objsubid", from.sub).
			set("refclassid", to.class).set("refobjid", to.id).set("refobjsubid", to.sub).set("deptype", kind)
	}
	rel := func(id catalog.ID, slot int) object { return object{relationClass, id, slot + 1} }
	for _, t := range x.cat.Tables() {
		if t.Virtual {
			continue
		}
		dep(rel(t.ID, -1), object{namespaceClass, t.SchemaID, 0}, 'n')
		if t.Kind != catalog.KindSequence {
			dep(object{typeClass, RowType(t.ID), 0}, rel(t.ID, -1), 'i')
		}
		if s := t.Sequence; s != nil && s.OwnerTable != 0 {
			kind := byte('a')
			if s.Identity {
				kind = 'i'
			}
			dep(rel(t.ID, -1), rel(s.OwnerTable, s.OwnerSlot), kind)
		}
		for _, i := range t.Indexes {
			if i.Constraint == 0 {
				for k := range i.Columns {
					if i.Columns[k].Slot >= 0 {
						dep(rel(i.ID, -1), rel(t.ID, i.Columns[k].Slot), 'a')
					}
				}
				continue
			}
			con := object{constraintClass, i.Constraint, 0}
			dep(rel(i.ID, -1), con, 'i')
			for k := range i.Columns {
				dep(con, rel(t.ID, i.Columns[k].Slot), 'a')
			}
		}
		for _, c := range t.Checks {
			con := object{constraintClass, c.ID, 0}
			for _, s := range c.Slots {
				dep(con, rel(t.ID, s), 'a')
			}
			if len(c.Slots) == 0 {
				dep(con, rel(t.ID, -1), 'a')
			}
		}
		for _, f := range t.ForeignKeys {
			con := object{constraintClass, f.ID, 0}
			for _, s := range f.Slots {
				dep(con, rel(t.ID, s), 'a')
			}
			for _, s := range f.RefSlots {
				dep(con, rel(f.RefTable, s), 'n')
			}
			dep(con, rel(f.RefIndex, -1), 'n')
		}
		if t.View != nil {
			rule := object{rewriteClass, Rule(t.ID), 0}
			dep(rule, rel(t.ID, -1), 'i')
			dep(rule, rel(t.ID, -1), 'n')
			for _, id := range t.View.DependsOn {
				dep(rule, rel(id, -1), 'n')
			}
		}
	}
	attrdefs(x.cat, func(oid catalog.ID, t *catalog.Table, slot int) {
		def := object{attrdefClass, oid, 0}
		dep(def, rel(t.ID, slot), 'a')
		if s := x.cat.OwnedSequence(t.ID, slot); s != nil && t.Columns[slot].Default != "" {
			dep(def, rel(s.ID, -1), 'n')
		}
	})
	return nil
}

func pgDescription(x *maker, b *builder) error {
	b.copyStatic("pg_description")
	say := func(class, id catalog.ID, sub int, text string) {
		if text != "" {
			b.add().set("objoid", id).set("classoid", class).set("objsubid", sub).set("description", text)
		}
	}
	for _, s := range x.cat.Schemas() {
		if s.ID != catalog.PgCatalogID && s.ID != catalog.PgToastID { // those are in data
			say(namespaceClass, s.ID, 0, s.Comment)
		}
	}
	for _, t := range x.cat.Tables() {
		say(relationClass, t.ID, 0, t.Comment)
		for i := range t.Columns {
			if !t.Columns[i].Dropped {
				say(relationClass, t.ID, i+1, t.Columns[i].Comment)
			}
		}
		for _, i := range t.Indexes {
			say(relationClass, i.ID, 0, i.Comment)
			say(constraintClass, i.Constraint, 0, i.ConstraintComment)
		}
		for _, c := range t.Checks {
			say(constraintClass, c.ID, 0, c.Comment)
		}
		for _, f := range t.ForeignKeys {
			say(constraintClass, f.ID, 0, f.Comment)
		}
	}
	return nil
}
