package shell

import (
	"slices"
	"strings"
)

// completer finishes the word before the cursor.
type completer struct{ sh *Shell }

// keywords are those worth finishing.
var keywords = strings.Fields(`ABORT ADD ALL ALTER ANALYZE AND AS ASC BEGIN BETWEEN BY CASCADE CASE CAST CHECK CHECKPOINT COLUMN COMMIT
CONFLICT CONSTRAINT COPY CREATE CROSS CURRENT DATABASE DEALLOCATE DECLARE DEFAULT DELETE DESC DISTINCT DO DROP ELSE END EXCEPT EXECUTE
EXISTS EXPLAIN FALSE FETCH FOREIGN FROM FULL GRANT GROUP HAVING ILIKE IN INDEX INNER INSERT INTERSECT INTO IS ISOLATION JOIN KEY LATERAL
LEFT LEVEL LIKE LIMIT LOCK NATURAL NOT NULL OFFSET ON OR ORDER OUTER OVER PARTITION PREPARE PRIMARY READ RECURSIVE REFERENCES RELEASE
RENAME REPEATABLE RESET RETURNING REVOKE RIGHT ROLLBACK SAVEPOINT SCHEMA SELECT SEQUENCE SERIALIZABLE SET SHOW START TABLE TEMPORARY THEN
TO TRANSACTION TRUE TRUNCATE UNION UNIQUE UPDATE USING VACUUM VALUES VIEW WHEN WHERE WINDOW WITH`)

var metaCommands = strings.Fields(`\! \? \a \c \C \cd \conninfo \connect \copy \d \d+ \df \di \dn \dp \ds \dt \dt+ \du \dv \echo \elif \else
\encoding \endif \errverbose \f \g \gdesc \getenv \gexec \gset \gx \h \help \i \if \ir \l \o \p \prompt \pset \q \qecho \quit \r \s \set
\setenv \t \timing \unset \w \warn \watch \x`)

// Do implements readline.AutoCompleter.
func (c *completer) Do(line []rune, pos int) ([][]rune, int) {
	text := string(line[:pos])
	start := strings.LastIndexAny(text, " \t(),;=<>+-*/:'\"") + 1
	word := text[start:]
	before := strings.Fields(strings.ToLower(text[:start]))
	var all []string
	switch {
	case strings.HasPrefix(word, `\`):
		all = metaCommands
	case len(before) > 0 && strings.HasPrefix(before[0], `\`):
		switch {
		case before[0] == `\c` || before[0] == `\connect`:
			all = c.names("select datname from pg_catalog.pg_database where datallowconn")
		case strings.HasPrefix(before[0], `\d`):
			all = c.relations()
		case before[0] == `\pset`:
			all = strings.Fields("border columns csv_fieldsep expanded fieldsep footer format null recordsep title tuples_only")
		case before[0] == `\x`:
			all = []string{"on", "off", "auto"}
		}
	case len(before) > 0 && slices.Contains([]string{"from", "join", "into", "update", "table", "only", "truncate", "references", "copy", "analyze", "vacuum"}, before[len(before)-1]):
		all = c.relations()
	case word != "":
		all = append(c.names("select distinct a.attname from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid "+
			"where a.attnum > 0 and not a.attisdropped and pg_catalog.pg_table_is_visible(c.oid) and c.relkind in ('r','v','m','p') "+
			"and c.relnamespace not in (select oid from pg_catalog.pg_namespace where nspname in ('pg_catalog','information_schema'))"), c.relations()...)
		lower := word == strings.ToLower(word)
		for _, k := range keywords {
			if lower {
				k = strings.ToLower(k)
			}
			all = append(all, k)
		}
	}
	slices.Sort(all)
	var out [][]rune
	for _, a := range slices.Compact(all) {
		if len(a) >= len(word) && strings.EqualFold(a[:len(word)], word) {
			out = append(out, []rune(a[len(word):]+" "))
		}
	}
	return out, len([]rune(word))
}

func (c *completer) relations() []string {
	return c.names("select c.relname from pg_catalog.pg_class c where c.relkind in ('r','v','m','S','f','p') and pg_catalog.pg_table_is_visible(c.oid) " +
		"and c.relnamespace not in (select oid from pg_catalog.pg_namespace where nspname in ('pg_catalog','information_schema'))")
}

// names are the answers of a query; none in a transaction, which it might fail.
func (c *completer) names(query string) []string {
	s := c.sh.session
	if s == nil || s.TxStatus() != 'I' {
		return nil
	}
	var out []string
	err := c.sh.run(query, streams{}, func(r *result) {
		for _, row := range r.rows {
			if row[0] != nil {
				out = append(out, *row[0])
			}
		}
	})
	if err != nil {
		return nil
	}
	return out
}
