package planner

import (
	"strings"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// scope is the names that an expression may use: the columns of a FROM list,
// then those of the queries around it.
type scope struct {
	outer *scope
	rels  []*scopeRel
	cols  []scopeCol // in the order of SELECT *
	ctes  map[string]*cte
	// agg collects the aggregates of the clause being bound; nil where none are
	// allowed, in the clause of that name.
	agg    *aggLevel
	clause string
}

// scopeRel is one relation (or join alias) of a FROM list.
type scopeRel struct {
	name   string
	schema string
	table  *catalog.Table // nil for anything but a table
	cols   []scopeCol
	get    *get
	// blocked: the relation is in FROM but must not be referenced from here (a
	// non-lateral item, the nullable side of a join condition…).
	blocked bool
}

type scopeCol struct {
	name string
	id   ColID
	// hidden columns (merged by USING) are left out of * and of unqualified lookup.
	hidden bool
	rel    *scopeRel
}

// aggLevel collects the aggregates of one query level.
type aggLevel struct {
	aggs      []aggItem
	keys      map[string]ColID // by aggKey
	inside    bool             // binding the arguments of an aggregate
	grouping  []groupingItem
	groupKeys []string // of the GROUP BY items, for GROUPING()
}

// findCTE finds a WITH query by name, innermost first.
func (s *scope) findCTE(name string) *cte {
	for ; s != nil; s = s.outer {
		if c := s.ctes[name]; c != nil {
			return c
		}
	}
	return nil
}

// resolve finds the column that a dotted name means.
func (r *run) resolve(s *scope, ref *parser.ColumnRef) (Expr, error) {
	parts := ref.Parts
	if len(parts) == 1 {
		return r.resolveName(s, parts[0], ref.Pos)
	}
	if len(parts) > 4 {
		return nil, sqlerr.New(sqlerr.SyntaxError, "improper qualified name (too many dotted names): %s", strings.Join(parts, ".")).At(ref.Pos)
	}
	if len(parts) == 4 {
		if parts[0] != r.env.Catalog.Database.Name {
			return nil, sqlerr.New(sqlerr.FeatureNotSupported, "cross-database references are not implemented: %s", strings.Join(parts, ".")).At(ref.Pos)
		}
		parts = parts[1:]
	}
	name := parts[len(parts)-1]
	rel, err := r.findRel(s, parts[:len(parts)-1], ref.Pos)
	if err != nil {
		return nil, err
	}
	var found *scopeCol
	for i := range rel.cols {
		if rel.cols[i].name == name {
			if found != nil {
				return nil, sqlerr.New(sqlerr.AmbiguousColumn, "column reference %q is ambiguous", name).At(ref.Pos)
			}
			found = &rel.cols[i]
		}
	}
	if found == nil {
		if e := r.systemColumn(rel, name, ref.Pos); e != nil {
			return e, nil
		}
		return nil, sqlerr.New(sqlerr.UndefinedColumn, "column %s.%s does not exist", parts[len(parts)-2], name).At(ref.Pos)
	}
	return r.col(found.id, ref.Pos), nil
}

// systemColumn resolves the system columns that need no storage.
func (r *run) systemColumn(rel *scopeRel, name string, pos int) Expr {
	if rel.table == nil {
		return nil
	}
	if name == "tableoid" {
		return &expr.Const{Value: types.NewInt(int64(rel.table.ID)), Typ: types.OidOID.Type(), Pos: pos}
	}
	return nil
}

func (r *run) resolveName(s *scope, name string, pos int) (Expr, error) {
	for level := s; level != nil; level = level.outer {
		var found *scopeCol
		for i := range level.cols {
			c := &level.cols[i]
			if c.name != name || c.hidden || (c.rel != nil && c.rel.blocked) {
				continue
			}
			if found != nil && found.id != c.id {
				return nil, sqlerr.New(sqlerr.AmbiguousColumn, "column reference %q is ambiguous", name).At(pos)
			}
			found = c
		}
		if found != nil {
			return r.col(found.id, pos), nil
		}
		for _, rel := range level.rels {
			if !rel.blocked {
				if e := r.systemColumn(rel, name, pos); e != nil {
					return e, nil
				}
			}
		}
	}
	// A relation's name alone means its whole row.
	for level := s; level != nil; level = level.outer {
		for _, rel := range level.rels {
			if rel.name == name && !rel.blocked {
				return r.wholeRow(rel, pos), nil
			}
		}
	}
	err := sqlerr.New(sqlerr.UndefinedColumn, "column %q does not exist", name).At(pos)
	return nil, r.hintColumn(s, name, err)
}

// hintColumn adds PostgreSQL's hint where the name exists but cannot be used, or
// nearly exists.
func (r *run) hintColumn(s *scope, name string, err *sqlerr.Error) error {
	best, bestDist := "", 4
	for level := s; level != nil; level = level.outer {
		for _, rel := range level.rels {
			for i := range rel.cols {
				c := &rel.cols[i]
				if c.name == name && rel.blocked {
					return err.WithDetail("There is a column named %q in table %q, but it cannot be referenced from this part of the query.", name, rel.name)
				}
				d := editDistance(name, c.name)
				if d < bestDist && d <= len(name)/2 {
					best, bestDist = rel.name+"."+c.name, d
				} else if d == bestDist && best != "" {
					bestDist = d
				}
			}
		}
	}
	if best != "" {
		err.WithHint("Perhaps you meant to reference the column %q.", best)
	}
	return err
}

// editDistance is the Levenshtein distance of two short names.
func editDistance(a, b string) int {
	prev := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diag := prev[0]
		prev[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diag
			if a[i-1] != b[j-1] {
				cost++
			}
			diag = prev[j]
			prev[j] = min(cost, prev[j]+1, prev[j-1]+1)
		}
	}
	return prev[len(b)]
}

func (r *run) wholeRow(rel *scopeRel, pos int) Expr {
	row := &expr.Row{}
	for _, c := range rel.cols {
		row.Items = append(row.Items, r.col(c.id, pos))
		row.Names = append(row.Names, c.name)
	}
	return row
}

// findRel finds the relation that a qualifier means.
func (r *run) findRel(s *scope, qualifier []string, pos int) (*scopeRel, error) {
	name := qualifier[len(qualifier)-1]
	schema := ""
	if len(qualifier) > 1 {
		schema = qualifier[len(qualifier)-2]
	}
	var blocked *scopeRel
	for level := s; level != nil; level = level.outer {
		var found *scopeRel
		for _, rel := range level.rels {
			if rel.name != name || (schema != "" && rel.schema != schema) {
				continue
			}
			if rel.blocked {
				blocked = rel
				continue
			}
			if found != nil {
				return nil, sqlerr.New(sqlerr.AmbiguousAlias, "table reference %q is ambiguous", name).At(pos)
			}
			found = rel
		}
		if found != nil {
			return found, nil
		}
	}
	if blocked != nil {
		return nil, sqlerr.New(sqlerr.UndefinedTable, "invalid reference to FROM-clause entry for table %q", name).
			WithDetail("There is an entry for table %q, but it cannot be referenced from this part of the query.", name).At(pos)
	}
	for level := s; level != nil; level = level.outer {
		for _, rel := range level.rels {
			if rel.table != nil && rel.table.Name == name && rel.name != name {
				return nil, sqlerr.New(sqlerr.UndefinedTable, "invalid reference to FROM-clause entry for table %q", name).
					WithHint("Perhaps you meant to reference the table alias %q.", rel.name).At(pos)
			}
		}
	}
	return nil, sqlerr.New(sqlerr.UndefinedTable, "missing FROM-clause entry for table %q", name).At(pos)
}

// addRel puts a relation's columns into the scope.
func (s *scope) addRel(rel *scopeRel) {
	s.rels = append(s.rels, rel)
	s.cols = append(s.cols, rel.cols...)
}

// checkAlias refuses a second relation of the same name.
func (s *scope) checkAlias(rel *scopeRel, pos int) error {
	for _, o := range s.rels {
		// Tables of different schemas may stand side by side unless one has an alias.
		if o.name == rel.name && rel.name != "" && (o.schema == rel.schema || o.schema == "" || rel.schema == "") {
			return sqlerr.New(sqlerr.DuplicateAlias, "table name %q specified more than once", rel.name).At(pos)
		}
	}
	return nil
}
