package shell

import (
	"fmt"
	"strings"
)

const commandHelp = `General
  \errverbose            show most recent error message at maximum verbosity
  \g [(OPTIONS)] [FILE]  execute query (and send result to file or |pipe)
  \gdesc                 describe result of query, without executing it
  \gexec                 execute query, then execute each value in its result
  \gset [PREFIX]         execute query and store result in variables
  \gx [(OPTIONS)] [FILE] as \g, but forces expanded output mode
  \q                     quit
  \watch [SEC]           execute query every SEC seconds

Help
  \? [commands]          show help on backslash commands
  \h [NAME]              help on syntax of SQL commands

Query Buffer
  \p                     show the contents of the query buffer
  \r                     reset (clear) the query buffer
  \s [FILE]              display history or save it to file
  \w FILE                write query buffer to file

Input/Output
  \copy ...              perform SQL COPY with data stream to the shell
  \echo [-n] [STRING]    write string to standard output (-n for no newline)
  \i FILE                execute commands from file
  \ir FILE               as \i, but relative to location of current script
  \o [FILE]              send all query results to file or |pipe
  \qecho [-n] [STRING]   write string to \o output stream (-n for no newline)
  \warn [-n] [STRING]    write string to standard error (-n for no newline)

Conditional
  \if EXPR               begin conditional block
  \elif EXPR             alternative within current conditional block
  \else                  final alternative within current conditional block
  \endif                 end conditional block

Informational
  (options: S = show system objects, + = additional detail)
  \d[S+]                 list tables, views, and sequences
  \d[S+]  NAME           describe table, view, sequence, or index
  \df[S]  [PATTERN]      list functions
  \di[S+] [PATTERN]      list indexes
  \dn[S+] [PATTERN]      list schemas
  \ds[S+] [PATTERN]      list sequences
  \dt[S+] [PATTERN]      list tables
  \du[S+] [PATTERN]      list roles
  \dv[S+] [PATTERN]      list views
  \l[+]   [PATTERN]      list databases

Formatting
  \a                     toggle between unaligned and aligned output mode
  \C [STRING]            set table title, or unset if none
  \f [STRING]            show or set field separator for unaligned query output
  \pset [NAME [VALUE]]   set table output option
                         (border|columns|csv_fieldsep|expanded|fieldsep|footer|
                         format|null|recordsep|title|tuples_only)
  \t [on|off]            show only rows
  \x [on|off|auto]       toggle expanded output

Connection
  \c[onnect] [DBNAME]    connect to another database
  \conninfo              display information about current connection
  \encoding              show client encoding

Operating System
  \cd [DIR]              change the current working directory
  \getenv VAR ENVVAR     fetch environment variable
  \setenv NAME [VALUE]   set or unset environment variable
  \timing [on|off]       toggle timing of commands
  \! [COMMAND]           execute command in shell

Variables
  \prompt [TEXT] NAME    prompt user to set internal variable
  \set [NAME [VALUE]]    set internal variable, or list all if no parameters
  \unset NAME            unset (delete) internal variable
`

// synopses are the statements that \h knows, in short.
var synopses = [][2]string{
	{"ALTER TABLE", "ALTER TABLE [ IF EXISTS ] name action [, ... ]"},
	{"ANALYZE", "ANALYZE [ VERBOSE ] [ table [ ( column [, ...] ) ] [, ...] ]"},
	{"BEGIN", "BEGIN [ WORK | TRANSACTION ] [ transaction_mode [, ...] ]"},
	{"COMMIT", "COMMIT [ WORK | TRANSACTION ] [ AND [ NO ] CHAIN ]"},
	{"COPY", "COPY { table [ ( column [, ...] ) ] | ( query ) } { FROM | TO } { 'filename' | STDIN | STDOUT } [ [ WITH ] ( option [, ...] ) ]"},
	{"CREATE DATABASE", "CREATE DATABASE name"},
	{"CREATE INDEX", "CREATE [ UNIQUE ] INDEX [ [ IF NOT EXISTS ] name ] ON table ( { column | ( expression ) } [, ...] ) [ WHERE predicate ]"},
	{"CREATE SCHEMA", "CREATE SCHEMA [ IF NOT EXISTS ] name"},
	{"CREATE SEQUENCE", "CREATE SEQUENCE [ IF NOT EXISTS ] name [ option ... ]"},
	{"CREATE TABLE", "CREATE [ TEMPORARY ] TABLE [ IF NOT EXISTS ] name ( { column type [ constraint ... ] | table_constraint } [, ...] )"},
	{"CREATE TABLE AS", "CREATE [ TEMPORARY ] TABLE [ IF NOT EXISTS ] name AS query [ WITH [ NO ] DATA ]"},
	{"CREATE VIEW", "CREATE [ OR REPLACE ] VIEW name [ ( column [, ...] ) ] AS query"},
	{"DELETE", "DELETE FROM table [ USING from_item [, ...] ] [ WHERE condition ] [ RETURNING output [, ...] ]"},
	{"DROP TABLE", "DROP TABLE [ IF EXISTS ] name [, ...] [ CASCADE | RESTRICT ]"},
	{"EXPLAIN", "EXPLAIN [ ( option [, ...] ) ] statement"},
	{"INSERT", "INSERT INTO table [ ( column [, ...] ) ] { VALUES ( ... ) [, ...] | query } [ ON CONFLICT ... ] [ RETURNING output [, ...] ]"},
	{"ROLLBACK", "ROLLBACK [ WORK | TRANSACTION ] [ TO [ SAVEPOINT ] name ]"},
	{"SAVEPOINT", "SAVEPOINT name"},
	{"SELECT", "SELECT [ ALL | DISTINCT ] output [, ...] [ FROM from_item [, ...] ] [ WHERE condition ] [ GROUP BY ... ] [ HAVING condition ] [ ORDER BY ... ] [ LIMIT count ] [ OFFSET start ]"},
	{"SET", "SET [ SESSION | LOCAL ] name { TO | = } { value | DEFAULT }"},
	{"SHOW", "SHOW { name | ALL }"},
	{"TRUNCATE", "TRUNCATE [ TABLE ] name [, ... ] [ RESTART IDENTITY ] [ CASCADE ]"},
	{"UPDATE", "UPDATE table SET column = expression [, ...] [ FROM from_item [, ...] ] [ WHERE condition ] [ RETURNING output [, ...] ]"},
	{"VACUUM", "VACUUM [ ANALYZE ] [ table [, ...] ]"},
	{"VALUES", "VALUES ( expression [, ...] ) [, ...]"},
	{"WITH", "WITH [ RECURSIVE ] name [ ( column [, ...] ) ] AS ( query ) [, ...] statement"},
}

// sqlHelp is \h.
func (sh *Shell) sqlHelp(name string) {
	if name == "" {
		fmt.Fprintln(sh.stdout, "Available help:")
		for _, s := range synopses {
			fmt.Fprintln(sh.stdout, "  "+s[0])
		}
		return
	}
	found := false
	for _, s := range synopses {
		if name == "*" || strings.HasPrefix(s[0], strings.ToUpper(name)) {
			fmt.Fprintf(sh.stdout, "Command:     %s\nSyntax:\n%s\n\n", s[0], s[1])
			found = true
		}
	}
	if !found {
		fmt.Fprintf(sh.stdout, "No help available for \"%s\".\nTry \\h with no arguments to see available help.\n", name)
	}
}
