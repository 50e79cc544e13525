package pgcatalog

import (
	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// A filler adds the rows of one relation to b.
type filler func(x *maker, b *builder) error

// maker is the work on one relation.
type maker struct {
	src Source
	cat *catalog.Catalog
	// oids of role names, made when first asked for
	roles map[string]catalog.ID
}

// fillers has the relations whose rows are computed. Those that are in statics
// alone are constant; all others are empty.
var fillers map[string]filler

// catalogOnly has the relations that depend on the catalog and roles alone (and
// on the search path, where they show expressions).
var catalogOnly map[string]bool

func init() {
	fillers = map[string]filler{
		"pg_attrdef": pgAttrdef, "pg_attribute": pgAttribute, "pg_class": pgClass, "pg_constraint": pgConstraint,
		"pg_depend": pgDepend, "pg_description": pgDescription, "pg_index": pgIndex, "pg_init_privs": pgInitPrivs, "pg_namespace": pgNamespace,
		"pg_proc": pgProc, "pg_aggregate": pgAggregate, "pg_rewrite": pgRewrite, "pg_sequence": pgSequence, "pg_type": pgType,
		"pg_auth_members": pgAuthMembers, "pg_authid": pgAuthid, "pg_database": pgDatabase, "pg_group": pgGroup,
		"pg_roles": pgRoles, "pg_shadow": pgShadow, "pg_shdescription": pgShdescription, "pg_user": pgUser,
		"pg_indexes": pgIndexes, "pg_sequences": pgSequences, "pg_tables": pgTables, "pg_views": pgViews,
		"pg_cursors": pgCursors, "pg_locks": pgLocks, "pg_prepared_statements": pgPrepared, "pg_settings": pgSettings,
		"pg_stats": pgStats, "pg_stat_activity": pgStatActivity, "pg_stat_database": pgStatDatabase,
		"pg_stat_all_tables": pgStatTables, "pg_stat_sys_tables": pgStatTables, "pg_stat_user_tables": pgStatTables,
		"pg_stat_all_indexes": pgStatIndexes, "pg_stat_sys_indexes": pgStatIndexes, "pg_stat_user_indexes": pgStatIndexes,
		"pg_statio_all_tables": pgStatTables, "pg_statio_sys_tables": pgStatTables, "pg_statio_user_tables": pgStatTables,
		"pg_statio_all_indexes": pgStatIndexes, "pg_statio_sys_indexes": pgStatIndexes, "pg_statio_user_indexes": pgStatIndexes,
		"pg_statio_all_sequences": pgStatSequences, "pg_statio_sys_sequences": pgStatSequences, "pg_statio_user_sequences": pgStatSequences,
		"pg_timezone_names": pgTimezoneNames,

		"minisql.ssi": ownSSI, "minisql.serialization_failures": ownSerializationFailures, "minisql.anomalies": ownAnomalies,

		"information_schema.character_sets": isCharacterSets, "information_schema.check_constraints": isCheckConstraints,
		"information_schema.collations":                      isCollations,
		"information_schema.column_column_usage":             isColumnColumnUsage,
		"information_schema.column_privileges":               isColumnPrivileges,
		"information_schema.columns":                         isColumns,
		"information_schema.constraint_column_usage":         isConstraintColumnUsage,
		"information_schema.constraint_table_usage":          isConstraintTableUsage,
		"information_schema.element_types":                   isElementTypes,
		"information_schema.enabled_roles":                   isEnabledRoles,
		"information_schema.information_schema_catalog_name": isCatalogName,
		"information_schema.key_column_usage":                isKeyColumnUsage,
		"information_schema.referential_constraints":         isReferentialConstraints,
		"information_schema.role_column_grants":              isColumnPrivileges,
		"information_schema.role_table_grants":               isTablePrivileges,
		"information_schema.schemata":                        isSchemata,
		"information_schema.sequences":                       isSequences,
		"information_schema.table_constraints":               isTableConstraints,
		"information_schema.table_privileges":                isTablePrivileges,
		"information_schema.tables":                          isTables,
		"information_schema.view_table_usage":                isViewTableUsage,
		"information_schema.views":                           isViews,
	}
	catalogOnly = make(map[string]bool)
	for name := range fillers {
		catalogOnly[name] = true
	}
	for name := range statics {
		catalogOnly[name] = true
	}
	for _, name := range []string{
		// sizes, counters, sequence states
		"pg_class", "pg_stats", "pg_sequences", "pg_stat_activity", "pg_stat_database",
		"pg_stat_all_tables", "pg_stat_sys_tables", "pg_stat_user_tables", "pg_stat_all_indexes", "pg_stat_sys_indexes",
		"pg_stat_user_indexes", "pg_statio_all_tables", "pg_statio_sys_tables", "pg_statio_user_tables",
		"pg_statio_all_indexes", "pg_statio_sys_indexes", "pg_statio_user_indexes",
		"minisql.ssi", "minisql.serialization_failures", "minisql.anomalies",
		// the session
		"pg_cursors", "pg_locks", "pg_prepared_statements", "pg_settings", "pg_timezone_names",
		// what other databases and sessions change
		"pg_database", "pg_shdescription", "pg_authid", "pg_roles", "pg_shadow", "pg_user", "information_schema.enabled_roles",
	} {
		delete(catalogOnly, name)
	}
}

func key(t *catalog.Table) string {
	if t.SchemaID == catalog.InformationSchemaID {
		return "information_schema." + t.Name
	}
	if t.SchemaID == catalog.MinisqlSchemaID {
		return "minisql." + t.Name
	}
	return t.Name
}

// CatalogOnly reports whether the rows of a system relation stay the same as long as
// the catalog and the search path do, so that they can be kept.
func CatalogOnly(t *catalog.Table) bool { return catalogOnly[key(t)] }

// Rows computes all rows of a system relation, by slot. The caller must not
// change them.
func Rows(src Source, t *catalog.Table) ([][]types.Datum, error) {
	if !IsSystem(t) || !t.Virtual {
		return nil, sqlerr.New(sqlerr.Internal, "%q is not a system relation", t.Name)
	}
	name := key(t)
	if fill := fillers[name]; fill != nil {
		x := &maker{src: src, cat: src.Catalog()}
		b := newBuilder(t)
		err := fill(x, b)
		return b.rows, err
	}
	if statics[name] != nil {
		return staticRows(name), nil
	}
	return nil, nil
}
