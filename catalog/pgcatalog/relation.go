package pgcatalog

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/types"
)

// pageBytes is the size of the pages that relpages counts.
const pageBytes = 8192

const heapAM, btreeAM = 2, 403

func pgNamespace(x *maker, b *builder) error {
	for _, s := range x.cat.Schemas() {
		b.add().set("oid", s.ID).set("nspname", s.Name).set("nspowner", x.role(s.Owner))
		b.set("nspacl", schemaACL(s))
	}
	return nil
}

// schemaACL: the schemas that exist from the start have PostgreSQL's privileges.
func schemaACL(s *catalog.Schema) any {
	switch s.ID {
	case catalog.PublicID, catalog.PgCatalogID, catalog.InformationSchemaID:
		return []string{s.Owner + "=UC/" + s.Owner, "=U/" + s.Owner}
	}
	return nil
}

// pgInitPrivs says that those are nothing that a dump would have to restore.
func pgInitPrivs(x *maker, b *builder) error {
	for _, s := range x.cat.Schemas() {
		if acl := schemaACL(s); acl != nil {
			b.add().set("objoid", s.ID).set("classoid", namespaceClass).set("privtype", byte('i')).set("initprivs", acl)
		}
	}
	return nil
}

func pgClass(x *maker, b *builder) error {
	for _, t := range x.cat.Tables() {
		b.add().set("oid", t.ID).set("relname", t.Name).set("relnamespace", t.SchemaID).set("relowner", x.role(t.Owner)).
			set("relkind", t.Kind).set("relnatts", len(t.Columns)).set("relpersistence", byte('p')).
			set("relispopulated", true).set("relreplident", byte('n'))
		if t.Temp {
			b.set("relpersistence", byte('t'))
		}
		switch t.Kind {
		case catalog.KindTable:
			st := TableStats{}
			if !t.Virtual {
				st = x.src.Stats(t)
				b.set("relfilenode", t.Storage)
			}
			b.set("relam", heapAM).set("reltuples", st.Rows).set("relpages", (st.Bytes+pageBytes-1)/pageBytes).
				set("relhasindex", len(t.Indexes) > 0).set("relchecks", len(t.Checks)).
				set("relhastriggers", len(t.ForeignKeys) > 0 || len(x.cat.References(t.ID)) > 0).
				set("relreplident", byte('d')).set("reltype", RowType(t.ID))
		case catalog.KindView:
			b.set("relhasrules", true).set("reltype", RowType(t.ID))
			if t.View != nil && t.View.CheckOption != "" {
				b.set("reloptions", []string{"check_option=" + strings.ToLower(t.View.CheckOption)})
			}
		case catalog.KindSequence:
			b.set("relfilenode", t.ID).set("relpages", 1).set("reltuples", 1)
		}
		for _, i := range t.Indexes {
			st := x.src.Stats(t)
			b.add().set("oid", i.ID).set("relname", i.Name).set("relnamespace", t.SchemaID).set("relowner", x.role(t.Owner)).
				set("relam", btreeAM).set("relfilenode", i.ID).set("relkind", catalog.KindIndex).
				set("relnatts", len(i.Columns)+len(i.Include)).set("relpersistence", byte('p')).
				set("relispopulated", true).set("relreplident", byte('n')).set("reltuples", max(st.Rows, 0)).set("relpages", 1)
			if t.Temp {
				b.set("relpersistence", byte('t'))
			}
		}
	}
	return nil
}

func (b *builder) typeOf(t types.Type) *builder {
	in, ok := types.Lookup(t.OID)
	if !ok {
		return b
	}
	b.set("atttypid", t.OID).set("atttypmod", int(t.Typmod)).set("attlen", in.Len).set("attbyval", in.ByVal).
		set("attalign", in.Align).set("attstorage", in.Storage).set("attcollation", in.Collation)
	if types.IsArray(t.OID) && in.Name[0] == '_' {
		b.set("attndims", 1)
	}
	return b
}

func pgAttribute(x *maker, b *builder) error {
	for _, t := range x.cat.Tables() {
		for i := range t.Columns {
			c := &t.Columns[i]
			b.add().set("attrelid", t.ID).set("attname", c.Name).set("attnum", i+1).set("attcacheoff", -1).
				set("attstattarget", -1).set("attislocal", true)
			if c.Dropped {
				b.set("attname", fmt.Sprintf("........pg.dropped.%d........", i+1)).set("attisdropped", true).
					set("attstattarget", 0).set("atttypmod", -1).set("attalign", byte('i')).set("attstorage", byte('p'))
				continue
			}
			b.typeOf(c.Type).set("attnotnull", c.NotNull || c.Identity != 0).set("atthasdef", c.Default != "" || c.Generated != "").
				set("attidentity", c.Identity)
			if c.Generated != "" {
				b.set("attgenerated", byte('s'))
			}
			if c.Missing != nil {
				b.set("atthasmissing", true)
			}
			if in, ok := types.Lookup(c.Type.OID); ok && in.Collation != 0 && t.Virtual && t.Kind == catalog.KindTable {
				b.set("attcollation", 950) // system catalogs sort bytewise whatever the database does
			}
		}
		for _, i := range t.Indexes {
			n := 0
			part := func(name string, typ types.Type) {
				n++
				b.add().set("attrelid", i.ID).set("attname", name).set("attnum", n).set("attcacheoff", -1).
					set("attstattarget", -1).set("attislocal", true).typeOf(typ)
			}
			for k := range i.Columns {
				part(IndexColumnName(t, i, k), i.Columns[k].Type)
			}
			for _, s := range i.Include {
				part(t.Columns[s].Name, t.Columns[s].Type)
			}
		}
	}
	return nil
}

// IndexColumnName is the name that PostgreSQL gives to key part k of an index.
func IndexColumnName(t *catalog.Table, i *catalog.Index, k int) string {
	name := func(k int) string {
		if s := i.Columns[k].Slot; s >= 0 {
			return t.Columns[s].Name
		}
		// A function call is named for the function, everything else expr.
		e := i.Columns[k].Expr
		if p := strings.IndexByte(e, '('); p > 0 && strings.HasSuffix(e, ")") && strings.Trim(e[:p], "abcdefghijklmnopqrstuvwxyz_0123456789") == "" {
			return e[:p]
		}
		return "expr"
	}
	n := name(k)
	same := 0
	for p := range k {
		if name(p) == n {
			same++
		}
	}
	if same > 0 {
		n += fmt.Sprint(same)
	}
	return n
}

func pgAttrdef(x *maker, b *builder) error {
	attrdefs(x.cat, func(oid catalog.ID, t *catalog.Table, slot int) {
		b.add().set("oid", oid).set("adrelid", t.ID).set("adnum", slot+1).set("adbin", defaultPrefix+strconv.Itoa(slot+1))
	})
	return nil
}

// defaultPrefix begins a pg_attrdef.adbin: what follows is the column's number. The
// text of a default depends on its column's type, which pg_get_expr is not told.
const defaultPrefix = "DEFAULT OF "

// DefaultOf reads a pg_attrdef.adbin: the slot of the column.
func DefaultOf(adbin string) (slot int, ok bool) {
	n, err := strconv.Atoi(strings.TrimPrefix(adbin, defaultPrefix))
	return n - 1, err == nil && strings.HasPrefix(adbin, defaultPrefix)
}

func pgType(x *maker, b *builder) error {
	b.copyStatic("pg_type")
	for _, t := range x.cat.Tables() {
		if t.Kind == catalog.KindSequence {
			continue
		}
		b.add().set("oid", RowType(t.ID)).set("typname", t.Name).set("typnamespace", t.SchemaID).set("typowner", x.role(t.Owner)).
			set("typlen", -1).set("typtype", byte('c')).set("typcategory", byte('C')).set("typisdefined", true).
			set("typdelim", byte(',')).set("typrelid", t.ID).set("typinput", 2290).set("typoutput", 2291).
			set("typreceive", 2402).set("typsend", 2403).set("typalign", byte('d')).set("typstorage", byte('x')).set("typtypmod", -1)
	}
	return nil
}

// Opclass is the OID of the default B-tree operator class of a type; varchar's
// is that of text.
func Opclass(o types.OID) types.OID {
	switch {
	case o == types.VarcharOID:
		o = types.TextOID
	case types.IsArray(o) && o != types.OidVectorOID:
		o = types.AnyArrayOID
	case types.PhysOf(o) == types.PhysInt && types.IsReg(o):
		o = types.OidOID
	}
	t := systemTable("pg_opclass")
	in, _ := t.ColumnSlot("opcintype")
	def, _ := t.ColumnSlot("opcdefault")
	for _, r := range staticRows("pg_opclass") {
		if types.OID(r[in].Int()) == o && r[def].Bool() {
			return types.OID(r[0].Int())
		}
	}
	return 0
}

func pgIndex(x *maker, b *builder) error {
	for _, t := range x.cat.Tables() {
		for _, i := range t.Indexes {
			var keys, options []int
			var classes, colls []types.OID
			var exprs []string
			for k := range i.Columns {
				c := &i.Columns[k]
				keys = append(keys, c.Slot+1)
				if c.Slot < 0 {
					exprs = append(exprs, c.Expr)
				}
				o := 0
				if c.Desc {
					o |= 1
				}
				if c.NullsFirst {
					o |= 2
				}
				options = append(options, o)
				classes = append(classes, Opclass(c.Type.OID))
				coll := types.OID(0)
				if in, ok := types.Lookup(c.Type.OID); ok {
					coll = in.Collation
				}
				colls = append(colls, coll)
			}
			for _, s := range i.Include {
				keys = append(keys, s+1)
			}
			b.add().set("indexrelid", i.ID).set("indrelid", t.ID).set("indnatts", len(keys)).set("indnkeyatts", len(i.Columns)).
				set("indisunique", i.Unique).set("indnullsnotdistinct", i.NullsNotDistinct).set("indisprimary", i.Primary).
				set("indimmediate", !i.Deferrable).set("indisvalid", true).set("indisready", true).set("indislive", true).
				set("indkey", vector(types.Int2VectorOID, keys)).set("indcollation", vector(types.OidVectorOID, colls)).
				set("indclass", vector(types.OidVectorOID, classes)).set("indoption", vector(types.Int2VectorOID, options)).
				set("indisclustered", false).set("indexprs", opt(strings.Join(exprs, ", "))).set("indpred", opt(i.Where))
		}
	}
	return nil
}

func attnums(slots []int) []int {
	out := make([]int, len(slots))
	for i, s := range slots {
		out[i] = s + 1
	}
	return out
}

func pgConstraint(x *maker, b *builder) error {
	for _, t := range x.cat.Tables() {
		add := func(id catalog.ID, name string, kind byte) *builder {
			return b.add().set("oid", id).set("conname", name).set("connamespace", t.SchemaID).set("contype", kind).
				set("conrelid", t.ID).set("convalidated", true).set("conislocal", true).set("connoinherit", true).
				set("confupdtype", byte(' ')).set("confdeltype", byte(' ')).set("confmatchtype", byte(' '))
		}
		for _, i := range t.Indexes {
			if i.Constraint == 0 {
				continue
			}
			kind := byte('u')
			if i.Primary {
				kind = 'p'
			}
			var keys []int
			for k := range i.Columns {
				keys = append(keys, i.Columns[k].Slot+1)
			}
			add(i.Constraint, i.Name, kind).set("conindid", i.ID).set("condeferrable", i.Deferrable).
				set("condeferred", i.InitiallyDeferred).set("conkey", ints(types.Int2OID, keys))
		}
		for _, c := range t.Checks {
			add(c.ID, c.Name, 'c').set("convalidated", !c.NotValid).set("connoinherit", false).
				set("conkey", ints(types.Int2OID, attnums(c.Slots))).set("conbin", c.Expr)
		}
		for _, f := range t.ForeignKeys {
			match := byte('s')
			if f.MatchFull {
				match = 'f'
			}
			add(f.ID, f.Name, 'f').set("condeferrable", f.Deferrable).set("condeferred", f.InitiallyDeferred).
				set("convalidated", !f.NotValid).set("conindid", f.RefIndex).set("confrelid", f.RefTable).
				set("confupdtype", f.OnUpdate).set("confdeltype", f.OnDelete).set("confmatchtype", match).
				set("conkey", ints(types.Int2OID, attnums(f.Slots))).set("confkey", ints(types.Int2OID, attnums(f.RefSlots)))
			if len(f.SetSlots) > 0 {
				b.set("confdelsetcols", ints(types.Int2OID, attnums(f.SetSlots)))
			}
			var eq []types.OID
			for _, s := range f.Slots {
				eq = append(eq, equality(t.Columns[s].Type.OID))
			}
			for _, c := range []string{"conpfeqop", "conppeqop", "conffeqop"} {
				b.set(c, ints(types.OidOID, eq))
			}
		}
	}
	return nil
}

// equality is the OID of the = of the B-tree operator class of a type.
func equality(o types.OID) types.OID {
	class := Opclass(o)
	var family int64
	for _, r := range staticRows("pg_opclass") {
		if types.OID(r[0].Int()) == class {
			slot, _ := systemTable("pg_opclass").ColumnSlot("opcfamily")
			family = r[slot].Int()
			in, _ := systemTable("pg_opclass").ColumnSlot("opcintype")
			o = types.OID(r[in].Int())
		}
	}
	t := systemTable("pg_amop")
	fam, _ := t.ColumnSlot("amopfamily")
	left, _ := t.ColumnSlot("amoplefttype")
	right, _ := t.ColumnSlot("amoprighttype")
	strategy, _ := t.ColumnSlot("amopstrategy")
	opr, _ := t.ColumnSlot("amopopr")
	for _, r := range staticRows("pg_amop") {
		if r[fam].Int() == family && types.OID(r[left].Int()) == o && types.OID(r[right].Int()) == o && r[strategy].Int() == 3 {
			return types.OID(r[opr].Int())
		}
	}
	return 0
}

func pgRewrite(x *maker, b *builder) error {
	for _, t := range x.cat.Tables() {
		if t.Kind == catalog.KindView {
			def := ""
			if t.View != nil {
				def = t.View.Query
			}
			b.add().set("oid", Rule(t.ID)).set("rulename", "_RETURN").set("ev_class", t.ID).set("ev_type", byte('1')).
				set("ev_enabled", byte('O')).set("is_instead", true).set("ev_qual", "<>").set("ev_action", def)
		}
	}
	return nil
}

func pgSequence(x *maker, b *builder) error {
	for _, t := range x.cat.Tables() {
		if s := t.Sequence; s != nil {
			b.add().set("seqrelid", t.ID).set("seqtypid", s.Type.OID).set("seqstart", s.Start).set("seqincrement", s.Increment).
				set("seqmax", s.Max).set("seqmin", s.Min).set("seqcache", s.Cache).set("seqcycle", s.Cycle)
		}
	}
	return nil
}
