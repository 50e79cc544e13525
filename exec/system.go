package exec

import (
	"slices"
	"strconv"
	"strings"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/catalog/pgcatalog"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// A systemFunc answers one function that needs the catalog or the server. No
// argument is NULL: such calls return NULL before they come here.
type systemFunc func(y *system, args []types.Datum) (types.Datum, error)

// system is one call of a system function.
type system struct {
	s   *Session
	c   *expr.Ctx
	cat *catalog.Catalog
}

// systemFuncs has all of them, by name.
var systemFuncs map[string]systemFunc

func init() {
	systemFuncs = make(map[string]systemFunc)
	for _, group := range []map[string]systemFunc{describeFuncs, visibleFuncs, sizeFuncs, serverFuncs, privilegeFuncs, advisoryFuncs()} {
		for name, f := range group {
			systemFuncs[name] = f
		}
	}
}

// System answers the functions that need the catalog or the running server.
func (s *Session) System(c *expr.Ctx, fn string, args []types.Datum) (types.Datum, error) {
	f := systemFuncs[fn]
	if f == nil {
		return types.Null, sqlerr.Unsupported("function %s()", fn)
	}
	if slices.ContainsFunc(args, types.Datum.IsNull) {
		return types.Null, nil
	}
	return f(&system{s: s, c: c, cat: s.Catalog()}, args)
}

func (y *system) source() *systemSource {
	return &systemSource{s: y.s, sc: &schema{cat: y.cat, db: y.s.db}}
}

func (y *system) deparser(pretty bool) *deparser {
	return &deparser{s: y.s, cat: y.cat, pretty: pretty}
}

// text is a value that is NULL when there is no such object.
func text(s string, ok bool) (types.Datum, error) {
	if !ok {
		return types.Null, nil
	}
	return types.NewText(s), nil
}

func oidArg(d types.Datum) catalog.ID { return catalog.ID(d.Int()) }

// flag is an optional boolean argument.
func flag(args []types.Datum, i int) bool { return len(args) > i && args[i].Bool() }

// describeFuncs turn what the catalog stores into SQL text and comments.
var describeFuncs = map[string]systemFunc{
	"pg_get_expr": func(y *system, a []types.Datum) (types.Datum, error) {
		t := y.cat.TableByID(oidArg(a[1]))
		if t == nil && a[1].Int() != 0 {
			return types.Null, nil
		}
		return types.NewText(y.deparser(flag(a, 2)).exprs(t, a[0].Text())), nil
	},
	"pg_get_indexdef": func(y *system, a []types.Datum) (types.Datum, error) {
		t, i := y.cat.IndexByID(oidArg(a[0]))
		if i == nil {
			return types.Null, nil
		}
		d := y.deparser(flag(a, 2))
		if len(a) > 1 && a[1].Int() != 0 {
			return types.NewText(d.indexPart(t, i, int(a[1].Int()))), nil
		}
		return types.NewText(d.indexDef(t, i)), nil
	},
	"pg_get_constraintdef": func(y *system, a []types.Datum) (types.Datum, error) {
		return text(y.deparser(flag(a, 1)).constraintDef(y.s.schemaNow().constraintTable(oidArg(a[0])), oidArg(a[0])))
	},
	"pg_get_viewdef": func(y *system, a []types.Datum) (types.Datum, error) {
		id := oidArg(a[0])
		if a[0].Kind() == types.KindBytes {
			n, err := y.s.regIn(types.RegclassOID, a[0].Text())
			if err != nil {
				return types.Null, err
			}
			id = catalog.ID(n)
		}
		t := y.cat.TableByID(id)
		if t == nil || t.Kind != catalog.KindView || t.View == nil {
			return types.Null, nil
		}
		// The second argument is pretty or a line width, which implies pretty.
		pretty := len(a) > 1 && (a[1].Kind() == types.KindInt || a[1].Bool())
		return types.NewText(y.deparser(pretty).viewDef(t)), nil
	},
	"pg_get_ruledef": func(y *system, a []types.Datum) (types.Datum, error) {
		for _, t := range y.cat.Tables() {
			if t.View != nil && pgcatalog.Rule(t.ID) == oidArg(a[0]) {
				d := y.deparser(flag(a, 1))
				return types.NewText("CREATE RULE \"_RETURN\" AS\n    ON SELECT TO " + d.relation(t) + " DO INSTEAD " + d.viewDef(t)), nil
			}
		}
		return types.Null, nil
	},
	"pg_get_partkeydef":                  nothing, // no partitioned tables,
	"pg_get_triggerdef":                  nothing, // triggers
	"pg_get_statisticsobjdef":            nothing, // or extended statistics
	"pg_get_statisticsobjdef_columns":    nothing,
	"pg_get_function_sqlbody":            nothing, // built-in functions have none
	"pg_get_partition_constraintdef":     nothing,
	"pg_relation_is_publishable":         func(y *system, a []types.Datum) (types.Datum, error) { return types.False, nil },
	"pg_get_functiondef":                 functionText(func(p *pgcatalog.Proc) string { return "" }),
	"pg_get_function_arguments":          functionText(procArgs),
	"pg_get_function_identity_arguments": functionText(procArgs),
	"pg_get_function_result":             functionText(func(p *pgcatalog.Proc) string { return p.Ret.String() }),
	"pg_get_userbyid": func(y *system, a []types.Datum) (types.Datum, error) {
		name, ok := y.s.regOut(types.RegroleOID, uint32(a[0].Int()))
		if !ok {
			return types.NewText("unknown (OID=" + strconv.FormatInt(a[0].Int(), 10) + ")"), nil
		}
		return types.NewText(unquoted(name)), nil
	},
	"pg_get_serial_sequence": func(y *system, a []types.Datum) (types.Datum, error) {
		t, err := y.table(a[0].Text())
		if err != nil {
			return types.Null, err
		}
		slot, ok := t.ColumnSlot(a[1].Text())
		if !ok {
			return types.Null, sqlerr.New(sqlerr.UndefinedColumn, "column %q of relation %q does not exist", a[1].Text(), t.Name)
		}
		q := y.cat.OwnedSequence(t.ID, slot)
		if q == nil {
			return types.Null, nil
		}
		return types.NewText(expr.QuoteIdent(y.schemaName(q.SchemaID)) + "." + expr.QuoteIdent(q.Name)), nil
	},
	"col_description": func(y *system, a []types.Datum) (types.Datum, error) {
		t := y.cat.TableByID(oidArg(a[0]))
		n := int(a[1].Int())
		if t == nil || n < 1 || n > len(t.Columns) {
			return types.Null, nil
		}
		c := t.Columns[n-1].Comment
		return text(c, c != "")
	},
	"obj_description":   func(y *system, a []types.Datum) (types.Datum, error) { return y.comment("pg_description", a) },
	"shobj_description": func(y *system, a []types.Datum) (types.Datum, error) { return y.comment("pg_shdescription", a) },
	"format_type":       formatType,
	"pg_describe_object": func(y *system, a []types.Datum) (types.Datum, error) {
		return types.Null, sqlerr.Unsupported("function pg_describe_object()")
	},
	"pg_relation_filenode": func(y *system, a []types.Datum) (types.Datum, error) {
		if t := y.cat.TableByID(oidArg(a[0])); t != nil && t.Storage != 0 {
			return types.NewInt(int64(t.Storage)), nil
		}
		if _, i := y.cat.IndexByID(oidArg(a[0])); i != nil {
			return a[0], nil
		}
		return types.Null, nil
	},
	"acldefault": aclDefault,
	"pg_relation_is_updatable": func(y *system, a []types.Datum) (types.Datum, error) {
		const insertUpdateDelete = 8 | 4 | 16
		if t := y.cat.TableByID(oidArg(a[0])); t != nil && t.Kind == catalog.KindTable && !t.Virtual {
			return types.NewInt(insertUpdateDelete), nil
		}
		return types.NewInt(0), nil
	},
	"pg_column_is_updatable": func(y *system, a []types.Datum) (types.Datum, error) {
		t := y.cat.TableByID(oidArg(a[0]))
		return types.NewBool(t != nil && t.Kind == catalog.KindTable && !t.Virtual && a[1].Int() > 0), nil
	},
	"pg_sequence_last_value": func(y *system, a []types.Datum) (types.Datum, error) {
		t := y.cat.TableByID(oidArg(a[0]))
		if t == nil || t.Sequence == nil {
			return types.Null, nil
		}
		v, called, err := y.source().SequenceState(t)
		if !called || err != nil {
			return types.Null, err
		}
		return types.NewInt(v), nil
	},
}

func nothing(*system, []types.Datum) (types.Datum, error) { return types.Null, nil }

func functionText(f func(*pgcatalog.Proc) string) systemFunc {
	return func(_ *system, a []types.Datum) (types.Datum, error) {
		p := pgcatalog.ProcByOID(uint32(a[0].Int()))
		if p == nil {
			return types.Null, nil
		}
		s := f(p)
		return text(s, s != "" || len(p.Args) == 0)
	}
}

func procArgs(p *pgcatalog.Proc) string {
	names := make([]string, len(p.Args))
	for i, o := range p.Args {
		names[i] = o.String()
	}
	return strings.Join(names, ", ")
}

func (y *system) schemaName(id catalog.ID) string {
	if s := y.cat.SchemaByID(id); s != nil {
		return s.Name
	}
	return ""
}

// table finds a relation by the name that a text argument gives it.
func (y *system) table(name string) (*catalog.Table, error) {
	n, err := y.s.regIn(types.RegclassOID, name)
	if err != nil {
		return nil, err
	}
	t := y.cat.TableByID(catalog.ID(n))
	if t == nil {
		return nil, sqlerr.New(sqlerr.WrongObjectType, "%q is not a table", name)
	}
	return t, nil
}

// comment looks into pg_description or pg_shdescription: the object, and the
// catalog it is of.
func (y *system) comment(in string, a []types.Datum) (types.Datum, error) {
	class := catalog.ID(0)
	if len(a) > 1 {
		t := y.cat.Table(catalog.PgCatalogID, a[1].Text())
		if t == nil {
			return types.Null, nil
		}
		class = t.ID
	}
	x := &execution{s: y.s, schema: y.s.schemaNow()}
	d := x.schema.cat.Table(catalog.PgCatalogID, in)
	v, err := x.virtualRows(d)
	if err != nil {
		return types.Null, err
	}
	text, _ := d.ColumnSlot("description")
	sub, isSub := d.ColumnSlot("objsubid")
	for _, r := range v.where(0, a[0].Int()) {
		if (class == 0 || oidArg(r[1]) == class) && (!isSub || r[sub].Int() == 0) {
			return r[text], nil
		}
	}
	return types.Null, nil
}

// schemaNow is the schema that the running statement sees.
func (s *Session) schemaNow() *schema {
	if s.txn != nil {
		if sc, err := s.schemaFor(s.txn); err == nil {
			return sc
		}
	}
	return &schema{cat: s.Catalog(), db: s.db, infos: make(map[catalog.ID]*tableInfo)}
}

// formatType is format_type(oid, typmod).
func formatType(y *system, a []types.Datum) (types.Datum, error) {
	o := types.OID(a[0].Int())
	if o == 0 {
		return types.NewText("-"), nil
	}
	if _, ok := types.Lookup(o); ok {
		if len(a) < 2 {
			return types.NewText(o.String()), nil
		}
		return types.NewText(types.Type{OID: o, Typmod: int32(a[1].Int())}.String()), nil
	}
	if name, ok := y.s.regOut(types.RegtypeOID, uint32(o)); ok {
		return types.NewText(name), nil
	}
	return types.NewText("???"), nil
}

// visibleFuncs tell whether an object is found without naming its schema.
var visibleFuncs = map[string]systemFunc{
	"pg_table_is_visible": func(y *system, a []types.Datum) (types.Datum, error) {
		id := oidArg(a[0])
		t, name := y.cat.TableByID(id), ""
		if t != nil {
			name = t.Name
		} else {
			var i *catalog.Index
			if _, i = y.cat.IndexByID(id); i == nil {
				return types.Null, nil
			}
			name = i.Name
		}
		return types.NewBool(expr.FindRelation(y.s, []string{name}) == id), nil
	},
	"pg_type_is_visible": func(y *system, a []types.Datum) (types.Datum, error) {
		if _, ok := types.Lookup(types.OID(a[0].Int())); ok {
			return types.True, nil
		}
		rel, ok := pgcatalog.RowTypeOf(oidArg(a[0]))
		t := y.cat.TableByID(rel)
		if !ok || t == nil {
			return types.Null, nil
		}
		return types.NewBool(expr.FindRelation(y.s, []string{t.Name}) == rel), nil
	},
	"pg_function_is_visible":       always, // all that is not a relation
	"pg_operator_is_visible":       always, // is in pg_catalog, which is always searched
	"pg_opclass_is_visible":        always,
	"pg_opfamily_is_visible":       always,
	"pg_collation_is_visible":      always,
	"pg_conversion_is_visible":     always,
	"pg_statistics_obj_is_visible": always,
	"pg_ts_config_is_visible":      always,
	"pg_ts_dict_is_visible":        always,
	"pg_ts_parser_is_visible":      always,
	"pg_ts_template_is_visible":    always,
}

func always(*system, []types.Datum) (types.Datum, error) { return types.True, nil }
func never(*system, []types.Datum) (types.Datum, error)  { return types.False, nil }

// privilegeFuncs: there are no privileges, so everybody has all of them.
var privilegeFuncs = map[string]systemFunc{
	"has_any_column_privilege": always, "has_column_privilege": always, "has_database_privilege": always,
	"has_foreign_data_wrapper_privilege": always, "has_function_privilege": always, "has_language_privilege": always,
	"has_parameter_privilege": always, "has_schema_privilege": always, "has_sequence_privilege": always,
	"has_server_privilege": always, "has_table_privilege": always, "has_tablespace_privilege": always,
	"has_type_privilege": always, "pg_has_role": always, "row_security_active": never,
}

// aclDefault writes the privileges that an object has before any are granted: the
// form in which dump programs compare them. Nothing is enforced.
func aclDefault(y *system, a []types.Datum) (types.Datum, error) {
	owner, ok := y.s.regOut(types.RegroleOID, uint32(a[1].Int()))
	if !ok {
		owner = strconv.FormatInt(a[1].Int(), 10)
	}
	var public, own string
	switch byte(a[0].Int()) {
	case 'c':
	case 'r':
		own = "arwdDxt"
	case 's':
		own = "rwU"
	case 'd':
		public, own = "Tc", "CTc"
	case 'f':
		public, own = "X", "X"
	case 'l', 'T':
		public, own = "U", "U"
	case 'L':
		own = "rw"
	case 'n':
		own = "UC"
	case 't':
		own = "C"
	case 'F', 'S':
		own = "U"
	case 'p':
		own = "sA"
	default:
		return types.Null, sqlerr.New(sqlerr.Internal, "unrecognized object type abbreviation: %c", rune(a[0].Int()))
	}
	var items []types.Datum
	if public != "" {
		items = append(items, types.NewText("="+public+"/"+owner))
	}
	if own != "" {
		items = append(items, types.NewText(owner+"="+own+"/"+owner))
	}
	return types.MakeArray(types.ACLItemOID.Type(), items), nil
}
