package catalog

import "fmt"

// Check tells fault which descriptors do not fit together: references to what is not there,
// names and storages that two have.
func (c *Catalog) Check(fault func(error)) {
	stored := make(map[ID]string)
	for _, t := range c.Tables() {
		if t.Virtual {
			continue
		}
		faultf := func(format string, args ...any) {
			fault(fmt.Errorf("relation %q (%d): %s", t.Name, t.ID, fmt.Sprintf(format, args...)))
		}
		if c.schemas[t.SchemaID] == nil {
			faultf("there is no schema %d", t.SchemaID)
		}
		name := func(name string, id ID) {
			if is := c.relations[relName{t.SchemaID, name}]; is != id {
				faultf("%q is the name of %d and of %d", name, id, is)
			}
		}
		storage := func(of string, id ID) {
			if other, ok := stored[id]; ok {
				faultf("%s is stored where %s is, at %d", of, other, id)
			}
			stored[id] = of
		}
		slot := func(of string, n int) {
			if n < 0 || n >= len(t.Columns) {
				faultf("%s names column %d of %d", of, n+1, len(t.Columns))
			}
		}
		name(t.Name, t.ID)
		if (t.Kind == KindView) != (t.View != nil) || (t.Kind == KindSequence) != (t.Sequence != nil) {
			faultf("its descriptor is not that of its kind %q", t.Kind)
		}
		if t.Kind == KindTable {
			storage(t.Name, t.Storage)
		}
		for _, n := range t.Cluster {
			slot("the key", n)
		}
		for _, x := range t.Indexes {
			name(x.Name, x.ID)
			if !x.Clustered() {
				storage(x.Name, x.Storage)
			}
			for _, k := range x.Columns {
				if k.Expr == "" {
					slot("index "+x.Name, k.Slot)
				}
			}
			for _, n := range x.Include {
				slot("index "+x.Name, n)
			}
		}
		for _, f := range t.ForeignKeys {
			for _, n := range f.Slots {
				slot("foreign key "+f.Name, n)
			}
			c.checkReference(t, f, faultf)
		}
		if q := t.Sequence; q != nil && q.OwnerTable != 0 {
			if owner := c.tables[q.OwnerTable]; owner == nil || q.OwnerSlot < 0 || q.OwnerSlot >= len(owner.Columns) {
				faultf("there is no column %d of %d, which owns the sequence", q.OwnerSlot+1, q.OwnerTable)
			}
		}
	}
}

// checkReference looks at the other end of a foreign key.
func (c *Catalog) checkReference(t *Table, f *ForeignKey, faultf func(string, ...any)) {
	parent := c.tables[f.RefTable]
	if parent == nil {
		faultf("foreign key %s refers to relation %d, which is not there", f.Name, f.RefTable)
		return
	}
	if len(f.Slots) != len(f.RefSlots) || parent.Index(f.RefIndex) == nil {
		faultf("foreign key %s does not fit relation %q", f.Name, parent.Name)
	}
	for _, n := range f.RefSlots {
		if n < 0 || n >= len(parent.Columns) {
			faultf("foreign key %s names column %d of relation %q", f.Name, n+1, parent.Name)
		}
	}
}
