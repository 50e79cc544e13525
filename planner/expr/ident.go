package expr

import "strings"

// QuoteIdent writes a name as SQL would need it: quoted unless it is a plain
// lower-case identifier that is no reserved word.
func QuoteIdent(s string) string {
	plain := s != "" && (s[0] == '_' || (s[0] >= 'a' && s[0] <= 'z'))
	for i := 0; plain && i < len(s); i++ {
		ch := s[i]
		plain = ch == '_' || (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9')
	}
	if plain && !reserved[s] {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

// QuoteLiteral writes a string constant.
func QuoteLiteral(s string) string {
	q := "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if strings.Contains(s, `\`) {
		return " E" + strings.ReplaceAll(q, `\`, `\\`)
	}
	return q
}

// reserved are the keywords that quote_ident quotes: all but the unreserved.
var reserved = func() map[string]bool {
	m := make(map[string]bool)
	for _, w := range strings.Fields(`all analyse analyze and any array as asc asymmetric both case cast check collate column
		constraint create current_catalog current_date current_role current_time current_timestamp current_user default deferrable desc
		distinct do else end except false fetch for foreign from grant group having in initially intersect into lateral leading limit
		localtime localtimestamp not null offset on only or order placing primary references returning select session_user some symmetric
		table then to trailing true union unique user using variadic when where window with
		authorization binary collation concurrently cross current_schema freeze full ilike inner is isnull join left like natural notnull
		outer overlaps right similar tablesample verbose
		between bigint bit boolean char character coalesce dec decimal exists extract float greatest grouping inout int integer interval
		least national nchar none normalize nullif numeric out overlay position precision real row setof smallint substring time timestamp
		treat trim values varchar xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable`) {
		m[w] = true
	}
	return m
}()
