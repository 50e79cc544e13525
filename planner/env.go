package planner

import (
	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// Env is what planning needs to know of the session.
type Env struct {
	Catalog    *catalog.Catalog
	SearchPath []string // schemas to look in, in order
	Format     *types.Format
	Stats      func(table catalog.ID) *Stats // nil, or returning nil: nothing is known
	WorkMem    int                           // bytes that an operator has before it spills
	Off        Methods                       // what to do without
	// Params are the types of parameters the client declared; 0 is unspecified.
	Params []types.Type
	// FixedParams: no parameters beyond Params may be used.
	FixedParams bool
	// Trace, if set, records what is bound; constants are not folded then.
	Trace *Trace
}

// Stats are a table's statistics.
type Stats struct {
	Rows    float64
	Columns map[int]*ColumnStats // by slot
}

// ColumnStats are a column's statistics, in the terms of pg_stats.
type ColumnStats struct {
	NullFrac float64
	// Distinct is the number of distinct values.
	Distinct float64
	// Common are the most common values with their frequencies.
	Common      []types.Datum
	CommonFreqs []float64
	// Histogram holds bounds of equal-depth buckets of the other values.
	Histogram []types.Datum
	AvgWidth  int
}

// run is one planning run.
type run struct {
	env      *Env
	res      expr.Resolver
	cols     []colMeta // by ColID
	uses     []RelationUse
	ctes     []*cte
	places   int
	subplans []*expr.Subplan
	slots    int // of simple CASEs
	fold     *expr.Ctx
	depth    int
}

type colMeta struct {
	name  string // as EXPLAIN shows it
	typ   types.Type
	table *catalog.Table // the column is this table's, at slot
	slot  int
	agg   bool // the result of an aggregate
}

func newRun(env *Env) *run {
	return &run{
		env:  env,
		res:  expr.Resolver{Format: env.Format, Params: append([]types.Type(nil), env.Params...), FixedParams: env.FixedParams, KeepCasts: env.Trace != nil},
		cols: make([]colMeta, 1), // ColID 0 is no column
		fold: expr.NewCtx(env.Format),
	}
}

func (r *run) newCol(name string, t types.Type) ColID {
	r.cols = append(r.cols, colMeta{name: name, typ: t, slot: -1})
	return ColID(len(r.cols) - 1)
}

// col returns a reference to a column.
func (r *run) col(id ColID, pos int) *expr.Col {
	m := &r.cols[id]
	return &expr.Col{ID: id, Idx: -1, Typ: m.typ, Name: m.name, Pos: pos}
}

func (r *run) use(t *catalog.Table, write, lock bool) {
	if t.Virtual {
		return
	}
	for i := range r.uses {
		if u := &r.uses[i]; u.Table.ID == t.ID {
			u.Write = u.Write || write
			u.Lock = u.Lock || lock
			return
		}
	}
	r.uses = append(r.uses, RelationUse{t, write, lock})
}

// LookupTable finds a relation by a possibly qualified name along the search
// path; nil if there is none.
func LookupTable(env *Env, schema, name string) (*catalog.Table, error) {
	cat := env.Catalog
	if schema != "" {
		s := cat.Schema(schema)
		if s == nil {
			return nil, nil
		}
		return cat.Table(s.ID, name), nil
	}
	named := false
	for _, p := range env.SearchPath {
		named = named || p == "pg_catalog"
	}
	if !named {
		if t := cat.Table(catalog.PgCatalogID, name); t != nil {
			return t, nil
		}
	}
	for _, p := range env.SearchPath {
		if s := cat.Schema(p); s != nil {
			if t := cat.Table(s.ID, name); t != nil {
				return t, nil
			}
		}
	}
	return nil, nil
}

func undefinedTable(name string, pos int) error {
	return sqlerr.New(sqlerr.UndefinedTable, "relation %q does not exist", name).At(pos)
}
