package pgcatalog

import (
	"sync"

	"github.com/minisql/minisql/types"
)

// procs has the slots of pg_proc that are looked at here.
var procs = sync.OnceValue(func() (s struct{ name, args, ret int }) {
	t := systemTable("pg_proc")
	s.name, _ = t.ColumnSlot("proname")
	s.args, _ = t.ColumnSlot("proargtypes")
	s.ret, _ = t.ColumnSlot("prorettype")
	return s
})

// supporting has the functions that rows of other catalogs point to: those of
// types, operators, casts and operator classes. They are listed
// even where the function library has no such function to call.
var supporting = sync.OnceValue(func() map[int64]bool {
	used := make(map[int64]bool)
	for _, name := range []string{"pg_type", "pg_operator", "pg_aggregate", "pg_cast", "pg_am", "pg_amproc"} {
		t := systemTable(name)
		for i := range t.Columns {
			c := &t.Columns[i]
			if c.Type.OID != types.RegprocOID && c.Name != "castfunc" && c.Name != "amproc" {
				continue
			}
			for _, r := range staticRows(name) {
				used[r[i].Int()] = true
			}
		}
	}
	return used
})

func argTypes(d types.Datum) []types.OID {
	var out []types.OID
	if a := d.Array(); a != nil {
		for _, e := range a.Elems {
			out = append(out, types.OID(e.Int()))
		}
	}
	return out
}

func pgProc(x *maker, b *builder) error {
	s := procs()
	for _, r := range staticRows("pg_proc") {
		if supporting()[r[0].Int()] || x.src.HasFunction(r[s.name].Text(), argTypes(r[s.args])) {
			b.rows = append(b.rows, r)
		}
	}
	return nil
}

func pgAggregate(x *maker, b *builder) error {
	s := procs()
	listed := make(map[int64]bool)
	for _, r := range staticRows("pg_proc") {
		listed[r[0].Int()] = x.src.HasFunction(r[s.name].Text(), argTypes(r[s.args]))
	}
	for _, r := range staticRows("pg_aggregate") {
		if listed[r[0].Int()] {
			b.rows = append(b.rows, r)
		}
	}
	return nil
}

// Proc is a function as a regproc names it.
type Proc struct {
	OID  uint32
	Name string
	Args []types.OID
	Ret  types.OID
}

var procIndex = sync.OnceValue(func() (ix struct {
	byOID  map[uint32]*Proc
	byName map[string][]*Proc
}) {
	s := procs()
	ix.byOID, ix.byName = make(map[uint32]*Proc), make(map[string][]*Proc)
	for _, r := range staticRows("pg_proc") {
		p := &Proc{OID: uint32(r[0].Int()), Name: r[s.name].Text(), Args: argTypes(r[s.args]), Ret: types.OID(r[s.ret].Int())}
		ix.byOID[p.OID] = p
		ix.byName[p.Name] = append(ix.byName[p.Name], p)
	}
	return ix
})

// ProcByOID finds a built-in function; nil if there is none.
func ProcByOID(oid uint32) *Proc { return procIndex().byOID[oid] }

// ProcsByName returns the built-in functions of a name.
func ProcsByName(name string) []*Proc { return procIndex().byName[name] }

// Operator is an operator as a regoper names it; Left is 0 for a prefix operator.
type Operator struct {
	OID         uint32
	Name        string
	Left, Right types.OID
}

var operators = sync.OnceValue(func() []Operator {
	t := systemTable("pg_operator")
	name, _ := t.ColumnSlot("oprname")
	left, _ := t.ColumnSlot("oprleft")
	right, _ := t.ColumnSlot("oprright")
	var out []Operator
	for _, r := range staticRows("pg_operator") {
		out = append(out, Operator{uint32(r[0].Int()), r[name].Text(), types.OID(r[left].Int()), types.OID(r[right].Int())})
	}
	return out
})

// Operators returns the built-in operators. The caller must not change them.
func Operators() []Operator { return operators() }
