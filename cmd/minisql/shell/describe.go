package shell

import (
	"fmt"
	"strings"
)

// relation is one that \d describes.
type relation struct {
	oid, schema, name string
}

// catalogCommand obeys \d and its family, and \l. It reports false for any other.
func (sh *Shell) catalogCommand(cmd string) (cmdResult, bool) {
	base := strings.TrimRight(cmd, "+S")
	flags := cmd[len(base):]
	verbose, system := strings.Contains(flags, "+"), strings.Contains(flags, "S")
	pattern := func() string {
		a, _ := sh.arg(argPattern)
		return a
	}
	ok := false
	switch base {
	case "d":
		if p := pattern(); p != "" {
			ok = sh.describeAll(p, verbose, system)
		} else {
			ok = sh.listRelations("tvmsE", "", verbose, system)
		}
	case "l", "list":
		ok = sh.listDatabases(pattern(), verbose)
	case "dn":
		ok = sh.listSchemas(pattern(), verbose, system)
	case "du", "dg":
		ok = sh.listRoles(pattern(), verbose, system)
	case "df":
		ok = sh.listFunctions(pattern(), verbose, system)
	default:
		kinds, isD := strings.CutPrefix(base, "d")
		if !isD || kinds == "" || strings.Trim(kinds, "tvmisE") != "" {
			if isD {
				sh.skipArgs()
				sh.errorf(`\%s is not supported`, cmd)
				return cmdError, true
			}
			return 0, false
		}
		ok = sh.listRelations(kinds, pattern(), verbose, system)
	}
	if !ok {
		return cmdError, true
	}
	return cmdDone, true
}

// describeAll describes every relation that a pattern matches.
func (sh *Shell) describeAll(pattern string, verbose, system bool) bool {
	query := "SELECT c.oid,\n  n.nspname,\n  c.relname\nFROM pg_catalog.pg_class c\n     LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace\n" +
		"WHERE " + namePattern(pattern, "n.nspname", "c.relname", "pg_catalog.pg_table_is_visible(c.oid)") + "\nORDER BY 2, 3;"
	res, ok := sh.ask(query)
	if !ok {
		return false
	}
	if len(res.rows) == 0 {
		if !sh.quiet {
			sh.errorf("Did not find any relation named \"%s\".", pattern)
		}
		return false
	}
	for _, row := range res.rows {
		if !sh.describeOne(relation{text(row[0]), text(row[1]), text(row[2])}, verbose) {
			return false
		}
	}
	return true
}

func text(v *string) string {
	if v == nil {
		return ""
	}
	return *v
}

// describeOne prints one relation.
func (sh *Shell) describeOne(r relation, verbose bool) bool {
	res, ok := sh.ask("SELECT c.relchecks, c.relkind, c.relhasindex, c.relhasrules, c.relhastriggers, c.relrowsecurity, c.relforcerowsecurity, false AS relhasoids, c.relispartition, '', c.reltablespace, CASE WHEN c.reloftype = 0 THEN '' ELSE c.reloftype::pg_catalog.regtype::pg_catalog.text END, c.relpersistence, c.relreplident, am.amname\n" +
		"FROM pg_catalog.pg_class c\n LEFT JOIN pg_catalog.pg_class tc ON (c.reltoastrelid = tc.oid)\nLEFT JOIN pg_catalog.pg_am am ON (c.relam = am.oid)\n" +
		"WHERE c.oid = '" + r.oid + "';")
	if !ok {
		return false
	}
	if len(res.rows) == 0 {
		sh.errorf("Did not find any relation with OID %s.", r.oid)
		return false
	}
	row := res.rows[0]
	kind, unlogged, method := text(row[1]), text(row[12]) == "u", text(row[14])
	if kind == "S" {
		return sh.describeSequence(r, unlogged)
	}
	t := &table{plain: true, footers: []string{}}
	if !sh.describeColumns(t, r, kind, verbose) {
		return false
	}
	name := fmt.Sprintf("\"%s.%s\"", r.schema, r.name)
	kinds := map[string]string{"r": "Table", "v": "View", "m": "Materialized view", "i": "Index", "t": "TOAST table", "c": "Composite type", "f": "Foreign table", "p": "Partitioned table", "I": "Partitioned index"}
	title, known := kinds[kind]
	if !known {
		title = "?" + kind + "?"
	}
	if unlogged {
		title = "Unlogged " + strings.ToLower(title)
	}
	t.title = title + " " + name
	switch kind {
	case "i", "I":
		ok = sh.indexFooter(t, r)
	case "r", "m", "p", "f", "t":
		ok = sh.tableFooters(t, r, text(row[2]) == "t", text(row[0]) != "0")
		if ok && verbose && method != "" && !sh.on("HIDE_TABLEAM") && kind != "p" {
			t.footers = append(t.footers, "Access method: "+method)
		}
	case "v":
		if verbose {
			var def *result
			if def, ok = sh.ask("SELECT pg_catalog.pg_get_viewdef('" + r.oid + "'::pg_catalog.oid, true);"); ok && len(def.rows) > 0 {
				t.footers = append(t.footers, "View definition:", text(def.rows[0][0]))
			}
		}
	}
	if !ok {
		return false
	}
	if kind == "m" && verbose {
		def, ok := sh.ask("SELECT pg_catalog.pg_get_viewdef('" + r.oid + "'::pg_catalog.oid, true);")
		if !ok {
			return false
		}
		t.footers = append([]string{"View definition:", text(def.rows[0][0])}, t.footers...)
	}
	t.write(sh.out, sh.print)
	return true
}

// describeColumns fills the table with the columns of a relation.
func (sh *Shell) describeColumns(t *table, r relation, kind string, verbose bool) bool {
	isIndex := kind == "i" || kind == "I"
	storesRows := kind == "r" || kind == "m" || kind == "p"
	q := "SELECT a.attname,\n  pg_catalog.format_type(a.atttypid, a.atttypmod)"
	t.headers = []string{"Column", "Type"}
	if isIndex {
		q += ",\n  CASE WHEN a.attnum <= (SELECT i.indnkeyatts FROM pg_catalog.pg_index i WHERE i.indexrelid = '" + r.oid + "') THEN 'yes' ELSE 'no' END AS is_key" +
			",\n  pg_catalog.pg_get_indexdef(a.attrelid, a.attnum, TRUE) AS indexdef"
		t.headers = append(t.headers, "Key?", "Definition")
	} else {
		q += ",\n  (SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid, true)\n   FROM pg_catalog.pg_attrdef d\n   WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef)" +
			",\n  a.attnotnull,\n  (SELECT c.collname FROM pg_catalog.pg_collation c, pg_catalog.pg_type t\n   WHERE c.oid = a.attcollation AND t.oid = a.atttypid AND a.attcollation <> t.typcollation) AS attcollation" +
			",\n  a.attidentity,\n  a.attgenerated"
		t.headers = append(t.headers, "Collation", "Nullable", "Default")
	}
	compression := verbose && storesRows && !sh.on("HIDE_TOAST_COMPRESSION")
	stats := verbose && (storesRows || isIndex || kind == "f")
	if verbose {
		q += ",\n  a.attstorage"
		t.headers = append(t.headers, "Storage")
		if compression {
			q += ",\n  a.attcompression AS attcompression"
			t.headers = append(t.headers, "Compression")
		}
		if stats {
			q += ",\n  CASE WHEN a.attstattarget=-1 THEN NULL ELSE a.attstattarget END AS attstattarget"
			t.headers = append(t.headers, "Stats target")
		}
		if !isIndex {
			q += ",\n  pg_catalog.col_description(a.attrelid, a.attnum)"
			t.headers = append(t.headers, "Description")
		}
	}
	t.right = make([]bool, len(t.headers))
	q += "\nFROM pg_catalog.pg_attribute a\nWHERE a.attrelid = '" + r.oid + "' AND a.attnum > 0 AND NOT a.attisdropped\nORDER BY a.attnum;"
	res, ok := sh.ask(q)
	if !ok {
		return false
	}
	storage := map[string]string{"p": "plain", "m": "main", "x": "extended", "e": "external"}
	for _, row := range res.rows {
		cells := []string{text(row[0]), text(row[1])}
		next := 4
		if isIndex {
			cells = append(cells, text(row[2]), text(row[3]))
		} else {
			nullable, def := "", text(row[2])
			if text(row[3]) == "t" {
				nullable = "not null"
			}
			switch identity := text(row[5]); {
			case identity == "a":
				def = "generated always as identity"
			case identity == "d":
				def = "generated by default as identity"
			case text(row[6]) == "s":
				def = "generated always as (" + def + ") stored"
			}
			cells = append(cells, text(row[4]), nullable, def)
			next = 7
		}
		if verbose {
			cells = append(cells, storage[text(row[next])])
			next++
			if compression {
				cells = append(cells, map[string]string{"p": "pglz", "l": "lz4"}[text(row[next])])
				next++
			}
			for ; next < len(row); next++ {
				cells = append(cells, text(row[next]))
			}
		}
		t.rows = append(t.rows, cells)
	}
	return true
}

// tableFooters adds the indexes and constraints of a table.
func (sh *Shell) tableFooters(t *table, r relation, indexes, checks bool) bool {
	section := func(title string, query string, line func(row []*string) string) bool {
		res, ok := sh.ask(query)
		if !ok {
			return false
		}
		if len(res.rows) > 0 {
			t.footers = append(t.footers, title)
		}
		for _, row := range res.rows {
			t.footers = append(t.footers, "    "+line(row))
		}
		return true
	}
	if indexes && !section("Indexes:", "SELECT c2.relname, i.indisprimary, i.indisunique, i.indisclustered, i.indisvalid, pg_catalog.pg_get_indexdef(i.indexrelid, 0, true),\n"+
		"  pg_catalog.pg_get_constraintdef(con.oid, true), contype, condeferrable, condeferred, i.indisreplident, c2.reltablespace\n"+
		"FROM pg_catalog.pg_class c, pg_catalog.pg_class c2, pg_catalog.pg_index i\n"+
		"  LEFT JOIN pg_catalog.pg_constraint con ON (conrelid = i.indrelid AND conindid = i.indexrelid AND contype IN ('p','u','x'))\n"+
		"WHERE c.oid = '"+r.oid+"' AND c.oid = i.indrelid AND i.indexrelid = c2.oid\nORDER BY i.indisprimary DESC, c2.relname;", indexLine) {
		return false
	}
	constraint := func(row []*string) string { return fmt.Sprintf("\"%s\" %s", text(row[0]), text(row[1])) }
	if checks && !section("Check constraints:", "SELECT r.conname, pg_catalog.pg_get_constraintdef(r.oid, true)\nFROM pg_catalog.pg_constraint r\n"+
		"WHERE r.conrelid = '"+r.oid+"' AND r.contype = 'c'\nORDER BY 1;", constraint) {
		return false
	}
	if !section("Foreign-key constraints:", "SELECT true as sametable, conname,\n  pg_catalog.pg_get_constraintdef(r.oid, true) as condef,\n  conrelid::pg_catalog.regclass AS ontable\n"+
		"FROM pg_catalog.pg_constraint r\nWHERE r.conrelid = '"+r.oid+"' AND r.contype = 'f'\n     AND conparentid = 0\nORDER BY conname",
		func(row []*string) string { return constraint(row[1:]) }) {
		return false
	}
	return section("Referenced by:", "SELECT conname, conrelid::pg_catalog.regclass AS ontable,\n       pg_catalog.pg_get_constraintdef(oid, true) AS condef\n  FROM pg_catalog.pg_constraint c\n"+
		" WHERE confrelid = '"+r.oid+"' AND contype = 'f' AND conparentid = 0\nORDER BY conname;",
		func(row []*string) string {
			return fmt.Sprintf("TABLE \"%s\" CONSTRAINT \"%s\" %s", text(row[1]), text(row[0]), text(row[2]))
		})
}

func indexLine(row []*string) string {
	is := func(i int) bool { return text(row[i]) == "t" }
	b := "\"" + text(row[0]) + "\""
	if text(row[7]) == "x" {
		b += " " + text(row[6])
	} else {
		switch {
		case is(1):
			b += " PRIMARY KEY,"
		case is(2) && text(row[7]) == "u":
			b += " UNIQUE CONSTRAINT,"
		case is(2):
			b += " UNIQUE,"
		}
		def := text(row[5])
		if _, after, ok := strings.Cut(def, " USING "); ok {
			def = after
		}
		b += " " + def
		if is(8) {
			b += " DEFERRABLE"
		}
		if is(9) {
			b += " INITIALLY DEFERRED"
		}
	}
	if is(3) {
		b += " CLUSTER"
	}
	if !is(4) {
		b += " INVALID"
	}
	return b
}

// indexFooter says what an index is for.
func (sh *Shell) indexFooter(t *table, r relation) bool {
	res, ok := sh.ask("SELECT i.indisunique, i.indisprimary, i.indisclustered, i.indisvalid,\n" +
		"  (NOT i.indimmediate) AND EXISTS (SELECT 1 FROM pg_catalog.pg_constraint WHERE conrelid = i.indrelid AND conindid = i.indexrelid AND contype IN ('p','u','x') AND condeferrable) AS condeferrable,\n" +
		"  (NOT i.indimmediate) AND EXISTS (SELECT 1 FROM pg_catalog.pg_constraint WHERE conrelid = i.indrelid AND conindid = i.indexrelid AND contype IN ('p','u','x') AND condeferred) AS condeferred,\n" +
		"i.indisreplident,\ni.indnullsnotdistinct,\n  a.amname, c2.relname, pg_catalog.pg_get_expr(i.indpred, i.indrelid, true)\n" +
		"FROM pg_catalog.pg_index i, pg_catalog.pg_class c, pg_catalog.pg_class c2, pg_catalog.pg_am a\n" +
		"WHERE i.indexrelid = c.oid AND c.oid = '" + r.oid + "' AND c.relam = a.oid\nAND i.indrelid = c2.oid;")
	if !ok || len(res.rows) == 0 {
		return ok
	}
	row := res.rows[0]
	is := func(i int) bool { return text(row[i]) == "t" }
	b := ""
	switch {
	case is(1):
		b = "primary key, "
	case is(0) && is(7):
		b = "unique nulls not distinct, "
	case is(0):
		b = "unique, "
	}
	b += fmt.Sprintf("%s, for table \"%s.%s\"", text(row[8]), r.schema, text(row[9]))
	if p := text(row[10]); p != "" {
		b += ", predicate (" + p + ")"
	}
	if is(2) {
		b += ", clustered"
	}
	if !is(3) {
		b += ", invalid"
	}
	if is(4) {
		b += ", deferrable"
	}
	if is(5) {
		b += ", initially deferred"
	}
	if is(6) {
		b += ", replica identity"
	}
	t.footers = append(t.footers, b)
	return true
}

func (sh *Shell) describeSequence(r relation, unlogged bool) bool {
	res, ok := sh.ask("SELECT pg_catalog.format_type(seqtypid, NULL) AS \"Type\",\n       seqstart AS \"Start\",\n       seqmin AS \"Minimum\",\n       seqmax AS \"Maximum\",\n" +
		"       seqincrement AS \"Increment\",\n       CASE WHEN seqcycle THEN 'yes' ELSE 'no' END AS \"Cycles?\",\n       seqcache AS \"Cache\"\n" +
		"FROM pg_catalog.pg_sequence\nWHERE seqrelid = '" + r.oid + "';")
	if !ok {
		return false
	}
	o := sh.print
	o.Null = ""
	t := res.table(o)
	t.plain, t.footers = true, []string{}
	t.title = fmt.Sprintf("Sequence \"%s.%s\"", r.schema, r.name)
	if unlogged {
		t.title = fmt.Sprintf("Unlogged sequence \"%s.%s\"", r.schema, r.name)
	}
	owner, ok := sh.ask("SELECT pg_catalog.quote_ident(nspname) || '.' ||\n   pg_catalog.quote_ident(relname) || '.' ||\n   pg_catalog.quote_ident(attname),\n   d.deptype\n" +
		"FROM pg_catalog.pg_class c\nINNER JOIN pg_catalog.pg_depend d ON c.oid=d.refobjid\nINNER JOIN pg_catalog.pg_namespace n ON n.oid=c.relnamespace\n" +
		"INNER JOIN pg_catalog.pg_attribute a ON (\n a.attrelid=c.oid AND\n a.attnum=d.refobjsubid)\n" +
		"WHERE d.classid='pg_catalog.pg_class'::pg_catalog.regclass\n AND d.refclassid='pg_catalog.pg_class'::pg_catalog.regclass\n AND d.objid='" + r.oid + "'\n AND d.deptype IN ('a', 'i')")
	if !ok {
		return false
	}
	if len(owner.rows) > 0 {
		label := "Owned by: "
		if text(owner.rows[0][1]) == "i" {
			label = "Sequence for identity column: "
		}
		t.footers = append(t.footers, label+text(owner.rows[0][0]))
	}
	t.write(sh.out, sh.print)
	return true
}
