package shell

import (
	"strings"
)

// namePattern turns a pattern of psql, schema.name with * and ?, into conditions. A
// name without a schema has to be visible.
func namePattern(pattern, schemaColumn, nameColumn, visible string) string {
	parts := []string{""}
	quoted := false
	for i := 0; i < len(pattern); i++ {
		c := pattern[i]
		last := &parts[len(parts)-1]
		switch {
		case c == '"' && quoted && i+1 < len(pattern) && pattern[i+1] == '"':
			*last += `"`
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && c == '.' && len(parts) < 2:
			parts = append(parts, "")
		case !quoted && c == '*':
			*last += ".*"
		case !quoted && c == '?':
			*last += "."
		case c == '$', quoted && strings.IndexByte(`|*+?()[]{}.^\`, c) >= 0:
			*last += `\` + string(c)
		case !quoted && c >= 'A' && c <= 'Z':
			*last += string(c | 0x20)
		default:
			*last += string([]byte{c})
		}
	}
	match := func(column, re string) string {
		if re == ".*" {
			return ""
		}
		return column + " OPERATOR(pg_catalog.~) " + strings.TrimLeft(quoteLiteral("^("+re+")$"), " ") + " COLLATE pg_catalog.default"
	}
	var conds []string
	add := func(c string) {
		if c != "" {
			conds = append(conds, c)
		}
	}
	add(match(nameColumn, parts[len(parts)-1]))
	switch {
	case len(parts) == 2:
		add(match(schemaColumn, parts[0]))
	default:
		add(visible)
	}
	if len(conds) == 0 {
		return "true"
	}
	return strings.Join(conds, "\n  AND ")
}

// list prints the answer of a query under a title.
func (sh *Shell) list(title, query string) (*result, bool) {
	res, ok := sh.ask(query)
	if !ok {
		return nil, false
	}
	o := sh.print
	o.Null, o.Title = "", title
	res.table(o).write(sh.out, sh.print)
	return res, true
}

// listRelations is \dt, \di and so on; kinds has a letter for each kind.
func (sh *Shell) listRelations(kinds, pattern string, verbose, system bool) bool {
	has := func(k string) bool { return strings.Contains(kinds, k) }
	q := "SELECT n.nspname as \"Schema\",\n  c.relname as \"Name\",\n" +
		"  CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'i' THEN 'index' WHEN 'S' THEN 'sequence' WHEN 't' THEN 'TOAST table' WHEN 'f' THEN 'foreign table' WHEN 'p' THEN 'partitioned table' WHEN 'I' THEN 'partitioned index' END as \"Type\",\n" +
		"  pg_catalog.pg_get_userbyid(c.relowner) as \"Owner\""
	if has("i") {
		q += ",\n  c2.relname as \"Table\""
	}
	methods := has("t") || has("m") || has("i")
	if verbose {
		q += ",\n  CASE c.relpersistence WHEN 'p' THEN 'permanent' WHEN 't' THEN 'temporary' WHEN 'u' THEN 'unlogged' END as \"Persistence\""
		if methods && !sh.on("HIDE_TABLEAM") {
			q += ",\n  am.amname as \"Access method\""
		}
		q += ",\n  pg_catalog.pg_size_pretty(pg_catalog.pg_table_size(c.oid)) as \"Size\",\n  pg_catalog.obj_description(c.oid, 'pg_class') as \"Description\""
	}
	q += "\nFROM pg_catalog.pg_class c\n     LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
	if methods {
		q += "\n     LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam"
	}
	if has("i") {
		q += "\n     LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid\n     LEFT JOIN pg_catalog.pg_class c2 ON i.indrelid = c2.oid"
	}
	var list []string
	for _, k := range [][2]string{{"t", "'r','p'"}, {"v", "'v'"}, {"m", "'m'"}, {"i", "'i','I'"}, {"s", "'S'"}, {"E", "'f'"}} {
		if has(k[0]) {
			list = append(list, k[1])
		}
	}
	if has("t") && (system || pattern != "") {
		list = append(list, "'t'")
	}
	if has("s") && (system || pattern != "") {
		list = append(list, "'s'")
	}
	q += "\nWHERE c.relkind IN (" + strings.Join(append(list, "''"), ",") + ")"
	if !system && pattern == "" {
		q += "\n      AND n.nspname <> 'pg_catalog'\n      AND n.nspname !~ '^pg_toast'\n      AND n.nspname <> 'information_schema'"
	}
	p := pattern
	if p == "" {
		p = "*"
	}
	q += "\n  AND " + namePattern(p, "n.nspname", "c.relname", "pg_catalog.pg_table_is_visible(c.oid)") + "\nORDER BY 1,2;"
	res, ok := sh.ask(q)
	if !ok {
		return false
	}
	if len(res.rows) == 0 && !sh.quiet {
		if pattern != "" {
			sh.errorf("Did not find any relation named \"%s\".", pattern)
		} else {
			sh.errorf("Did not find any relations.")
		}
		return true
	}
	o := sh.print
	o.Null, o.Title = "", "List of relations"
	res.table(o).write(sh.out, sh.print)
	return true
}

func (sh *Shell) listSchemas(pattern string, verbose, system bool) bool {
	q := "SELECT n.nspname AS \"Name\",\n  pg_catalog.pg_get_userbyid(n.nspowner) AS \"Owner\""
	if verbose {
		q += ",\n  pg_catalog.array_to_string(n.nspacl, E'\\n') AS \"Access privileges\",\n  pg_catalog.obj_description(n.oid, 'pg_namespace') AS \"Description\""
	}
	q += "\nFROM pg_catalog.pg_namespace n\n"
	if pattern != "" {
		q += "WHERE " + namePattern(pattern, "NULL", "n.nspname", "") + "\n"
	} else if !system {
		q += "WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'\n"
	}
	_, ok := sh.list("List of schemas", q+"ORDER BY 1;")
	return ok
}

func (sh *Shell) listDatabases(pattern string, verbose bool) bool {
	q := "SELECT d.datname as \"Name\",\n       pg_catalog.pg_get_userbyid(d.datdba) as \"Owner\",\n       pg_catalog.pg_encoding_to_char(d.encoding) as \"Encoding\",\n" +
		"       d.datcollate as \"Collate\",\n       d.datctype as \"Ctype\",\n       d.daticulocale as \"ICU Locale\",\n" +
		"       CASE d.datlocprovider WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' END AS \"Locale Provider\",\n" +
		"       pg_catalog.array_to_string(d.datacl, E'\\n') AS \"Access privileges\""
	if verbose {
		q += ",\n       CASE WHEN pg_catalog.has_database_privilege(d.datname, 'CONNECT')\n            THEN pg_catalog.pg_size_pretty(pg_catalog.pg_database_size(d.datname))\n            ELSE 'No Access'\n       END as \"Size\"" +
			",\n       t.spcname as \"Tablespace\",\n       pg_catalog.shobj_description(d.oid, 'pg_database') as \"Description\""
	}
	q += "\nFROM pg_catalog.pg_database d\n"
	if verbose {
		q += "  JOIN pg_catalog.pg_tablespace t on d.dattablespace = t.oid\n"
	}
	if pattern != "" {
		q += "WHERE " + namePattern(pattern, "NULL", "d.datname", "") + "\n"
	}
	_, ok := sh.list("List of databases", q+"ORDER BY 1;")
	return ok
}

func (sh *Shell) listFunctions(pattern string, verbose, system bool) bool {
	if verbose {
		sh.errorf(`\df+ is not supported`)
		return false
	}
	q := "SELECT n.nspname as \"Schema\",\n  p.proname as \"Name\",\n  pg_catalog.pg_get_function_result(p.oid) as \"Result data type\",\n  pg_catalog.pg_get_function_arguments(p.oid) as \"Argument data types\",\n" +
		" CASE p.prokind\n  WHEN 'a' THEN 'agg'\n  WHEN 'w' THEN 'window'\n  WHEN 'p' THEN 'proc'\n  ELSE 'func'\n END as \"Type\"\n" +
		"FROM pg_catalog.pg_proc p\n     LEFT JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace\nWHERE "
	if pattern != "" {
		q += namePattern(pattern, "n.nspname", "p.proname", "pg_catalog.pg_function_is_visible(p.oid)")
	} else {
		q += "pg_catalog.pg_function_is_visible(p.oid)"
		if !system {
			q += "\n      AND n.nspname <> 'pg_catalog'\n      AND n.nspname <> 'information_schema'"
		}
	}
	_, ok := sh.list("List of functions", q+"\nORDER BY 1, 2, 4;")
	return ok
}

func (sh *Shell) listRoles(pattern string, verbose, system bool) bool {
	q := "SELECT r.rolname, r.rolsuper, r.rolinherit,\n  r.rolcreaterole, r.rolcreatedb, r.rolcanlogin,\n  r.rolconnlimit, r.rolvaliduntil,\n" +
		"  ARRAY(SELECT b.rolname\n        FROM pg_catalog.pg_auth_members m\n        JOIN pg_catalog.pg_roles b ON (m.roleid = b.oid)\n        WHERE m.member = r.oid) as memberof"
	if verbose {
		q += "\n, pg_catalog.shobj_description(r.oid, 'pg_authid') AS description"
	}
	q += "\n, r.rolreplication\n, r.rolbypassrls\nFROM pg_catalog.pg_roles r\n"
	if pattern != "" {
		q += "WHERE " + namePattern(pattern, "NULL", "r.rolname", "") + "\n"
	} else if !system {
		q += "WHERE r.rolname !~ '^pg_'\n"
	}
	res, ok := sh.ask(q + "ORDER BY 1;")
	if !ok {
		return false
	}
	t := &table{title: "List of roles", headers: []string{"Role name", "Attributes", "Member of"}, right: make([]bool, 4), plain: true, footers: []string{}}
	if verbose {
		t.headers = append(t.headers, "Description")
	}
	for _, row := range res.rows {
		n := len(row)
		is := func(i int) bool { return text(row[i]) == "t" }
		var attrs []string
		add := func(on bool, name string) {
			if on {
				attrs = append(attrs, name)
			}
		}
		add(is(1), "Superuser")
		add(!is(2), "No inheritance")
		add(is(3), "Create role")
		add(is(4), "Create DB")
		add(!is(5), "Cannot login")
		add(is(n-2), "Replication")
		add(is(n-1), "Bypass RLS")
		attributes := strings.Join(attrs, ", ")
		if limit := text(row[6]); limit != "" && limit[0] != '-' {
			switch limit {
			case "0":
				limit = "No connections"
			case "1":
				limit = "1 connection"
			default:
				limit += " connections"
			}
			if attributes != "" {
				attributes += "\n"
			}
			attributes += limit
		}
		if until := text(row[7]); until != "" {
			if attributes != "" {
				attributes += "\n"
			}
			attributes += "Password valid until " + until
		}
		cells := []string{text(row[0]), attributes, text(row[8])}
		if verbose {
			cells = append(cells, text(row[9]))
		}
		t.rows = append(t.rows, cells)
	}
	t.write(sh.out, sh.print)
	return true
}
