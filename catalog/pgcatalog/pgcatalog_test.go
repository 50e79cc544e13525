package pgcatalog

import (
	"strings"
	"testing"
	"time"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/types"
)

// shop is a Source with a little of everything.
type shop struct{ cat *catalog.Catalog }

func (s shop) Catalog() *catalog.Catalog { return s.cat }
func (shop) CurrentUser() string         { return "clerk" }
func (shop) Databases() ([]*catalog.Database, error) {
	return []*catalog.Database{{ID: catalog.Template1ID, Name: "template1", Owner: "postgres", Comment: "default"}, {ID: 16384, Name: "shop", Owner: "clerk"}}, nil
}
func (shop) Roles() ([]catalog.Role, error) { return []catalog.Role{{ID: 16400, Name: "clerk"}}, nil }
func (shop) Settings() []Setting {
	return []Setting{{Name: "work_mem", Value: "8192", Unit: "kB", Type: "integer", Min: "64", Max: "2147483647", Boot: "4096", Reset: "4096"}, {Name: "my.own", Value: "x", Type: "string"}}
}
func (shop) Activity() []Activity {
	return []Activity{{PID: 7, Database: 16384, DatabaseName: "shop", User: "clerk", State: "idle", Query: "select 1", Backend: time.Unix(0, 0)}}
}
func (shop) SSI() SSI { return SSI{} }

func (shop) SerializationFailures() []SerializationFailure { return nil }
func (shop) Anomalies() []Anomaly                          { return nil }

func (shop) Locks() []Lock {
	return []Lock{{Type: "relation", Database: 16384, Relation: 20001, PID: 7, Mode: "AccessShareLock", Granted: true}, {Type: "advisory", Database: 16384, Object: 5, Sub: 1, PID: 7, Mode: "ShareLock"}}
}
func (shop) Prepared() []Prepared {
	return []Prepared{{Name: "p", Statement: "select $1", Params: []types.OID{types.Int4OID}}}
}
func (shop) Cursors() []Cursor { return []Cursor{{Name: "c", Statement: "select 1"}} }
func (shop) Stats(*catalog.Table) TableStats {
	return TableStats{Rows: 100, Bytes: 10000, Inserted: 100}
}
func (shop) ColumnStats(_ *catalog.Table, slot int) *ColumnStats {
	if slot > 0 {
		return nil
	}
	return &ColumnStats{Distinct: -1, Width: 4, Common: []types.Datum{types.NewInt(1)}, Freqs: []float64{0.5}}
}
func (shop) SequenceState(*catalog.Table) (int64, bool, error)  { return 5, true, nil }
func (shop) HasFunction(name string, _ []types.OID) bool        { return name == "lower" || name == "sum" }
func (shop) Expr(_ *catalog.Table, sql string) string           { return sql }
func (shop) Default(t *catalog.Table, slot int) string          { return t.Columns[slot].Default }
func (shop) IndexDef(_ *catalog.Table, i *catalog.Index) string { return "CREATE INDEX " + i.Name }
func (shop) ViewDef(t *catalog.Table) string                    { return t.View.Query }

func newShop() shop {
	int4, text := types.Int4OID.Type(), types.TextOID.Type()
	missing := "x"
	item := &catalog.Table{ID: 20001, SchemaID: catalog.PublicID, Name: "item", Owner: "clerk", Kind: catalog.KindTable, Storage: 20001, Comment: "things",
		Columns: []catalog.Column{{Name: "id", Type: int4, NotNull: true, Default: "nextval('20002'::regclass)"}, {Name: "gone", Dropped: true},
			{Name: "name", Type: types.Type{OID: types.VarcharOID, Typmod: 14}, Default: "'x'", Missing: &missing, Comment: "its name"},
			{Name: "twice", Type: int4, Generated: "id * 2"}, {Name: "tags", Type: types.TextArrayOID.Type()}, {Name: "no", Type: int4, Identity: 'a'}},
		Cluster: []int{0},
		Indexes: []*catalog.Index{{ID: 20003, Name: "item_pkey", Unique: true, Primary: true, Constraint: 20004, Columns: []catalog.IndexColumn{{Slot: 0, Type: int4}}},
			{ID: 20005, Name: "item_lower", Storage: 20005, Columns: []catalog.IndexColumn{{Slot: -1, Expr: "lower(name)", Type: text, Desc: true, NullsFirst: true}}, Include: []int{0}, Where: "id > 0"}},
		Checks:      []*catalog.Check{{ID: 20006, Name: "item_check", Expr: "id > 0", Slots: []int{0}}},
		ForeignKeys: []*catalog.ForeignKey{{ID: 20007, Name: "item_fk", Slots: []int{3}, RefTable: 20001, RefSlots: []int{0}, RefIndex: 20003, OnDelete: catalog.SetNull, OnUpdate: catalog.NoAction, SetSlots: []int{3}}}}
	seq := &catalog.Table{ID: 20002, SchemaID: catalog.PublicID, Name: "item_id_seq", Owner: "clerk", Kind: catalog.KindSequence,
		Columns:  []catalog.Column{{Name: "last_value", Type: types.Int8OID.Type()}},
		Sequence: &catalog.Sequence{Type: int4, Start: 1, Increment: 1, Min: 1, Max: 100, Cache: 1, OwnerTable: 20001}}
	view := &catalog.Table{ID: 20008, SchemaID: catalog.PublicID, Name: "items", Owner: "stranger", Kind: catalog.KindView,
		Columns: []catalog.Column{{Name: "id", Type: int4}}, View: &catalog.View{Query: "SELECT id FROM item", DependsOn: []catalog.ID{20001}, CheckOption: "local"}}
	schemas, tables := Descriptors()
	schemas = append(schemas, &catalog.Schema{ID: catalog.PublicID, Name: "public", Owner: "pg_database_owner", Comment: "standard public schema"})
	return shop{catalog.New(&catalog.Database{ID: 16384, Name: "shop"}, 1, schemas, append(tables, item, seq, view))}
}

// TestRows computes every relation: rows have the columns' types, and nothing that
// is declared NOT NULL is NULL.
func TestRows(t *testing.T) {
	src := newShop()
	_, tables := Descriptors()
	kinds := map[types.Phys]types.Kind{types.PhysBool: types.KindBool, types.PhysInt: types.KindInt, types.PhysFloat: types.KindFloat, types.PhysBytes: types.KindBytes}
	for _, d := range tables {
		rows, err := Rows(src, d)
		if err != nil {
			t.Fatalf("%s: %v", d.Name, err)
		}
		for _, r := range rows {
			if len(r) != len(d.Columns) {
				t.Fatalf("%s: a row has %d columns", d.Name, len(r))
			}
			for i := range r {
				c := &d.Columns[i]
				if r[i].IsNull() {
					if c.NotNull {
						t.Fatalf("%s.%s is NULL", d.Name, c.Name)
					}
					continue
				}
				if want, ok := kinds[types.PhysOf(c.Type.OID)]; ok && r[i].Kind() != want {
					t.Fatalf("%s.%s is of kind %d, a %s is of kind %d", d.Name, c.Name, r[i].Kind(), c.Type, want)
				}
				if types.IsArray(c.Type.OID) && r[i].Array() == nil {
					t.Fatalf("%s.%s is no array", d.Name, c.Name)
				}
			}
		}
	}
}

// TestNumbers: objects of one catalog have different OIDs, and what refers to an object
// finds it.
func TestNumbers(t *testing.T) {
	src := newShop()
	column := func(table, column string) map[int64]bool {
		d := systemTable(table)
		slot, ok := d.ColumnSlot(column)
		if !ok {
			t.Fatalf("%s has no column %s", table, column)
		}
		rows, err := Rows(src, d)
		if err != nil {
			t.Fatal(err)
		}
		out := make(map[int64]bool)
		for _, r := range rows {
			n := r[slot].Int()
			if column == "oid" && out[n] {
				t.Errorf("two rows of %s have the OID %d", table, n)
			}
			out[n] = true
		}
		return out
	}
	for _, ref := range []struct{ table, column, to string }{
		{"pg_class", "relnamespace", "pg_namespace"}, {"pg_class", "relowner", "pg_authid"}, {"pg_class", "reltype", "pg_type"},
		{"pg_class", "relam", "pg_am"}, {"pg_attribute", "attrelid", "pg_class"}, {"pg_attribute", "atttypid", "pg_type"},
		{"pg_attribute", "attcollation", "pg_collation"}, {"pg_attrdef", "adrelid", "pg_class"}, {"pg_type", "typnamespace", "pg_namespace"},
		{"pg_type", "typrelid", "pg_class"}, {"pg_type", "typelem", "pg_type"}, {"pg_type", "typarray", "pg_type"},
		{"pg_type", "typinput", "pg_proc"}, {"pg_type", "typoutput", "pg_proc"}, {"pg_index", "indrelid", "pg_class"},
		{"pg_index", "indexrelid", "pg_class"}, {"pg_constraint", "conrelid", "pg_class"}, {"pg_constraint", "conindid", "pg_class"},
		{"pg_constraint", "confrelid", "pg_class"}, {"pg_operator", "oprcode", "pg_proc"}, {"pg_operator", "oprleft", "pg_type"},
		{"pg_cast", "castfunc", "pg_proc"}, {"pg_aggregate", "aggfnoid", "pg_proc"}, {"pg_opclass", "opcfamily", "pg_opfamily"},
		{"pg_amop", "amopopr", "pg_operator"}, {"pg_amproc", "amproc", "pg_proc"}, {"pg_rewrite", "ev_class", "pg_class"},
		{"pg_sequence", "seqrelid", "pg_class"}, {"pg_database", "datdba", "pg_authid"}, {"pg_database", "dattablespace", "pg_tablespace"},
		{"pg_auth_members", "roleid", "pg_authid"}, {"pg_proc", "prolang", "pg_language"}, {"pg_proc", "prorettype", "pg_type"},
	} {
		target := column(ref.to, "oid")
		for n := range column(ref.table, ref.column) {
			if n != 0 && !target[n] {
				t.Errorf("%s.%s is %d, which is not in %s", ref.table, ref.column, n, ref.to)
			}
		}
	}
}

// TestStandIns: every relation that has rows is one of those described, and
// columns have types of ours.
func TestStandIns(t *testing.T) {
	_, tables := Descriptors()
	have := make(map[string]bool)
	ids := make(map[catalog.ID]bool)
	for _, d := range tables {
		have[key(d)] = true
		if ids[d.ID] {
			t.Errorf("two relations have the OID %d", d.ID)
		}
		ids[d.ID] = true
		for i := range d.Columns {
			if _, ok := types.Lookup(d.Columns[i].Type.OID); !ok {
				t.Errorf("%s.%s has the unknown type %d", d.Name, d.Columns[i].Name, d.Columns[i].Type.OID)
			}
		}
	}
	for name := range fillers {
		if !have[name] {
			t.Errorf("%s is filled, but does not exist", name)
		}
	}
	for name := range catalogOnly {
		if !have[name] {
			t.Errorf("%s is kept, but does not exist", name)
		}
	}
}

func TestIndexColumnName(t *testing.T) {
	table := &catalog.Table{Columns: []catalog.Column{{Name: "a"}}}
	x := &catalog.Index{Columns: []catalog.IndexColumn{{Slot: 0}, {Slot: -1, Expr: "lower(a)"}, {Slot: -1, Expr: "a || 'x'"}, {Slot: -1, Expr: "(a)"}, {Slot: -1, Expr: "lower(b)"}}}
	var got []string
	for k := range x.Columns {
		got = append(got, IndexColumnName(table, x, k))
	}
	if s := strings.Join(got, " "); s != "a lower expr expr1 lower1" {
		t.Errorf("got %s", s)
	}
}
