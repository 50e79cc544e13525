//go:build ignore

// Gen writes data/*: what PostgreSQL says about itself, for the part of it that
// minisql has. Run it in this folder against a fresh database of a PostgreSQL 15:
//
//	go run gen.go postgres://postgres@127.0.0.1:5432/postgres
package main

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/minisql/minisql/types"
)

// left lists relations whose rows would have to tell of parts of PostgreSQL that
// minisql does not have: they do not exist here, rather than be empty.
const left = `pg_backend_memory_contexts pg_config pg_shmem_allocations pg_stat_bgwriter pg_stat_archiver pg_stat_wal
	pg_stat_slru pg_stat_recovery_prefetch pg_hba_file_rules pg_ident_file_mappings pg_file_settings pg_stat_gssapi pg_stat_ssl
	pg_stat_progress_analyze pg_stat_progress_basebackup pg_stat_progress_cluster pg_stat_progress_copy
	pg_stat_progress_create_index pg_stat_progress_vacuum pg_stat_database_conflicts pg_stat_xact_all_tables
	pg_stat_xact_sys_tables pg_stat_xact_user_tables pg_stat_xact_user_functions
	sql_features sql_implementation_info sql_parts sql_sizing`

// standIn maps the types of system columns that minisql lacks to what stands in:
// the domains of information_schema to their base types, the rest to text.
var standIn = map[string]types.Type{
	"cardinal_number": {OID: types.Int4OID, Typmod: -1},
	"character_data":  {OID: types.VarcharOID, Typmod: -1},
	"sql_identifier":  {OID: types.NameOID, Typmod: -1},
	"time_stamp":      {OID: types.TimestamptzOID, Typmod: 2},
	"yes_or_no":       {OID: types.VarcharOID, Typmod: 7},
	"_pg_statistic":   {OID: types.TextArrayOID, Typmod: -1},
}

var conn *pgconn.PgConn

func query(sql string) [][][]byte {
	res, err := conn.Exec(context.Background(), sql).ReadAll()
	if err != nil {
		log.Fatalf("%s: %v", sql, err)
	}
	return res[len(res)-1].Rows
}

func write(name string, b []byte) {
	if err := os.WriteFile("data/"+name, b, 0o644); err != nil {
		log.Fatal(err)
	}
}

// dump writes the rows of a catalog in COPY's text format, reg* columns as numbers.
func dump(table, where string) {
	var cols []string
	for _, r := range query(`select attname, atttypid::regtype from pg_attribute where attrelid = 'pg_catalog.` + table + `'::regclass and attnum > 0 order by attnum`) {
		c := string(r[0])
		switch t := string(r[1]); {
		case strings.HasPrefix(t, "reg"):
			c += "::oid"
		case t == "aclitem[]" || t == "pg_node_tree" || t == "anyarray":
			c = "null as " + c
		}
		cols = append(cols, c)
	}
	order := "1"
	if table == "pg_description" {
		order = "2, 1, 3"
	}
	copyRows(table+".tsv", "select "+strings.Join(cols, ", ")+" from pg_catalog."+table+" where "+where+" order by "+order)
}

func copyRows(file, sql string) {
	var b bytes.Buffer
	for _, r := range query(sql) {
		for i, v := range r {
			if i > 0 {
				b.WriteByte('\t')
			}
			if v == nil {
				b.WriteString(`\N`)
				continue
			}
			b.WriteString(strings.NewReplacer("\\", `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`).Replace(string(v)))
		}
		b.WriteByte('\n')
	}
	write(file, b.Bytes())
}

func relations() {
	skip := make(map[string]bool)
	for f := range strings.FieldsSeq(left) {
		skip[f] = true
	}
	var b bytes.Buffer
	last := ""
	for _, r := range query(`select n.nspname, c.relname, c.oid, c.relkind, a.attname, t.oid, t.typname, a.atttypmod, a.attnotnull
		from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid join pg_type t on t.oid = a.atttypid
		where n.nspname in ('pg_catalog', 'information_schema') and c.relkind in ('r', 'v') and a.attnum > 0 and not a.attisdropped
		order by 1 desc, 2, a.attnum`) {
		rel := string(r[1])
		if skip[rel] {
			continue
		}
		if rel != last {
			fmt.Fprintf(&b, "%s.%s %s %s\n", r[0], rel, r[2], r[3])
			last = rel
		}
		typ, mod := string(r[5]), string(r[7])
		if _, ok := types.ByName(string(r[6])); !ok {
			t, ok := standIn[string(r[6])]
			if !ok {
				t = types.TextOID.Type()
			}
			typ, mod = fmt.Sprint(uint32(t.OID)), fmt.Sprint(t.Typmod)
		}
		fmt.Fprintf(&b, "\t%s %s %s %s\n", r[4], typ, mod, r[8])
	}
	write("relations.txt", b.Bytes())
}

func main() {
	var err error
	if conn, err = pgconn.Connect(context.Background(), os.Args[1]); err != nil {
		log.Fatal(err)
	}
	var oids []string
	for _, t := range types.All() {
		oids = append(oids, fmt.Sprint(uint32(t.OID)))
	}
	T := "(" + strings.Join(oids, ",") + ")"
	T0 := "(0," + strings.Join(oids, ",") + ")"
	procs := `pronamespace = 11 and prorettype in ` + T + ` and not exists (select from unnest(proargtypes) a where a not in ` + T + `)
		and not exists (select from unnest(proallargtypes) a where a not in ` + T + `) and provariadic in ` + T0
	isProc := func(col string) string {
		return "(" + col + "::oid = 0 or " + col + "::oid in (select oid from pg_proc where " + procs + "))"
	}
	ops := `oprnamespace = 11 and oprleft in ` + T0 + ` and oprright in ` + T + ` and oprresult in ` + T
	opc := `opcmethod = 403 and opcintype in ` + T
	fams := `(select opcfamily from pg_opclass where ` + opc + `)`
	relations()
	dump("pg_type", "oid in "+T)
	dump("pg_proc", procs)
	dump("pg_operator", ops)
	dump("pg_aggregate", isProc("aggfnoid")+" and aggtranstype in "+T)
	dump("pg_cast", "castsource in "+T+" and casttarget in "+T+" and "+isProc("castfunc"))
	dump("pg_am", "amname in ('heap', 'btree')")
	dump("pg_opclass", opc)
	dump("pg_opfamily", "oid in "+fams)
	dump("pg_amop", "amopfamily in "+fams+" and amoplefttype in "+T+" and amoprighttype in "+T)
	dump("pg_amproc", "amprocfamily in "+fams+" and amproclefttype in "+T+" and amprocrighttype in "+T)
	dump("pg_collation", "collname in ('default', 'C', 'POSIX')")
	dump("pg_language", "lanname in ('internal', 'c', 'sql')")
	dump("pg_tablespace", "true")
	dump("pg_description", `objsubid = 0 and (classoid = 'pg_type'::regclass and objoid in `+T+
		` or classoid = 'pg_proc'::regclass and objoid in (select oid from pg_proc where `+procs+`)
		or classoid = 'pg_operator'::regclass and objoid in (select oid from pg_operator where `+ops+`)
		or classoid = 'pg_am'::regclass and objoid in (select oid from pg_am where amname in ('heap', 'btree'))
		or classoid = 'pg_collation'::regclass and objoid in (100, 950, 951)
		or classoid = 'pg_language'::regclass and objoid in (12, 13, 14)
		or classoid = 'pg_namespace'::regclass and objoid in (11, 99))`)
	dump("pg_timezone_abbrevs", "true")
	copyRows("settings.tsv", "select name, category, short_desc, extra_desc, context from pg_settings order by name collate \"C\"")
	copyRows("timezones.tsv", "select name from pg_timezone_names where name !~ '^posix' order by name collate \"C\"")
}
