package expr

import (
	"strings"

	"github.com/minisql/minisql/types"
)

// The system functions that the session answers (Session.System): what they
// need is the catalog's texts or the running server. Here are their signatures;
// each list is of one volatility.

func init() {
	stable := []string{
		// Objects as SQL text.
		"pg_get_expr(pg_node_tree, oid) text", "pg_get_expr(pg_node_tree, oid, bool) text",
		"pg_get_indexdef(oid) text", "pg_get_indexdef(oid, int4, bool) text",
		"pg_get_constraintdef(oid) text", "pg_get_constraintdef(oid, bool) text",
		"pg_get_viewdef(oid) text", "pg_get_viewdef(oid, bool) text", "pg_get_viewdef(text) text", "pg_get_viewdef(text, bool) text",
		"pg_get_ruledef(oid) text", "pg_get_ruledef(oid, bool) text",
		"pg_get_triggerdef(oid) text", "pg_get_triggerdef(oid, bool) text",
		"pg_get_partkeydef(oid) text", "pg_get_partition_constraintdef(oid) text",
		"pg_get_statisticsobjdef(oid) text", "pg_get_statisticsobjdef_columns(oid) text", "pg_get_statisticsobjdef_expressions(oid) _text",
		"pg_get_functiondef(oid) text", "pg_get_function_arguments(oid) text", "pg_get_function_identity_arguments(oid) text",
		"pg_get_function_result(oid) text", "pg_get_function_sqlbody(oid) text", "pg_get_function_arg_default(oid, int4) text",
		"pg_get_userbyid(oid) name", "pg_get_serial_sequence(text, text) text",
		"pg_describe_object(oid, oid, int4) text",
		// Comments.
		"obj_description(oid, name) text", "obj_description(oid) text", "shobj_description(oid, name) text", "col_description(oid, int4) text",
		// Visibility on the search path.
		"pg_table_is_visible(oid) bool", "pg_type_is_visible(oid) bool", "pg_function_is_visible(oid) bool", "pg_operator_is_visible(oid) bool",
		"pg_opclass_is_visible(oid) bool", "pg_opfamily_is_visible(oid) bool", "pg_collation_is_visible(oid) bool",
		"pg_conversion_is_visible(oid) bool", "pg_statistics_obj_is_visible(oid) bool", "pg_ts_config_is_visible(oid) bool",
		"pg_ts_dict_is_visible(oid) bool", "pg_ts_parser_is_visible(oid) bool", "pg_ts_template_is_visible(oid) bool",
		// Relations.
		"pg_relation_is_publishable(regclass) bool", "pg_relation_is_updatable(regclass, bool) int4",
		"pg_column_is_updatable(regclass, int2, bool) bool", "pg_relation_filenode(regclass) oid",
		"pg_tablespace_location(oid) text", "pg_is_other_temp_schema(oid) bool", "pg_my_temp_schema() oid",
		"pg_index_has_property(regclass, text) bool", "pg_index_column_has_property(regclass, int4, text) bool", "pg_indexam_has_property(oid, text) bool",
		"row_security_active(oid) bool", "row_security_active(text) bool",
		// The server.
		"txid_current() int8", "txid_current_if_assigned() int8", "pg_current_xact_id() xid8", "pg_current_xact_id_if_assigned() xid8",
		"pg_postmaster_start_time() timestamptz", "pg_conf_load_time() timestamptz",
	}
	volatile := []string{
		"pg_relation_size(regclass) int8", "pg_relation_size(regclass, text) int8", "pg_table_size(regclass) int8",
		"pg_indexes_size(regclass) int8", "pg_total_relation_size(regclass) int8",
		"pg_database_size(oid) int8", "pg_database_size(name) int8", "pg_tablespace_size(oid) int8", "pg_tablespace_size(name) int8",
		"pg_sequence_last_value(regclass) int8",
		"pg_is_in_recovery() bool", "pg_is_wal_replay_paused() bool", "current_query() text",
		"pg_cancel_backend(int4) bool",
		"pg_blocking_pids(int4) _int4", "pg_safe_snapshot_blocking_pids(int4) _int4", "pg_isolation_test_session_is_blocked(int4, _int4) bool",
		"pg_export_snapshot() text", "pg_notify(text, text) void", "pg_reload_conf() bool",
		"pg_stat_clear_snapshot() void", "pg_stat_reset() void",
	}
	for _, key := range []string{"int8", "int4, int4"} {
		for _, shared := range []string{"", "_shared"} {
			for _, sig := range []string{
				"pg_advisory_lock%() void", "pg_advisory_xact_lock%() void", "pg_try_advisory_lock%() bool",
				"pg_try_advisory_xact_lock%() bool", "pg_advisory_unlock%() bool",
			} {
				volatile = append(volatile, strings.NewReplacer("%", shared, "()", "("+key+")").Replace(sig))
			}
		}
	}
	volatile = append(volatile, "pg_advisory_unlock_all() void")
	// Privileges: of a role given by name or number, or of the current one.
	for _, what := range []string{
		"has_table_privilege", "has_sequence_privilege", "has_any_column_privilege", "has_schema_privilege", "has_database_privilege",
		"has_function_privilege", "has_language_privilege", "has_type_privilege", "has_tablespace_privilege", "has_server_privilege",
		"has_foreign_data_wrapper_privilege", "has_column_privilege",
	} {
		for _, role := range []string{"", "name, ", "oid, "} {
			for _, object := range []string{"text, ", "oid, "} {
				if what != "has_column_privilege" {
					stable = append(stable, what+"("+role+object+"text) bool")
					continue
				}
				for _, column := range []string{"text, ", "int2, "} {
					stable = append(stable, what+"("+role+object+column+"text) bool")
				}
			}
		}
	}
	for _, role := range []string{"", "name, ", "oid, "} {
		stable = append(stable, "pg_has_role("+role+"name, text) bool", "pg_has_role("+role+"oid, text) bool", "has_parameter_privilege("+role+"text, text) bool")
	}
	for _, sig := range stable {
		defSystem(sig).Vol = Stable
	}
	for _, sig := range volatile {
		defSystem(sig).Vol = Volatile
	}
	defSystem("pg_terminate_backend(int4, int8) bool").named("pid", "timeout").defaults(Int8(0)).Vol = Volatile
	for _, name := range []string{"pg_stat_clear_snapshot", "current_query", "pg_stat_reset", "pg_notify"} {
		for _, f := range functions[name] {
			f.Strict = false
		}
	}
	// format_type knows the built-in types without a session; a NULL modifier is none.
	f := def("format_type(oid, int4) text", func(c *CallCtx, a []types.Datum) (types.Datum, error) {
		if a[0].IsNull() {
			return types.Null, nil
		}
		t := types.OID(a[0].Int())
		if _, ok := types.Lookup(t); ok {
			if a[1].IsNull() {
				return types.NewText(t.String()), nil
			}
			return types.NewText(types.Type{OID: t, Typmod: int32(a[1].Int())}.String()), nil
		}
		return c.system("format_type", a[:1])
	})
	f.Strict, f.Vol = false, Stable
}

// system asks the session.
func (c *Ctx) system(fn string, args []types.Datum) (types.Datum, error) {
	s, err := c.session()
	if err != nil {
		return types.Null, err
	}
	return s.System(c, fn, args)
}

// defSystem registers a function that the session answers.
func defSystem(sig string) *Func {
	name := sig[:strings.IndexByte(sig, '(')]
	return def(sig, func(c *CallCtx, args []types.Datum) (types.Datum, error) { return c.system(name, args) })
}
