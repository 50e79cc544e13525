package parser

import (
	"strconv"
	"strings"
)

// Format writes a node as SQL that parses back to the same tree.
func Format(n Node) string {
	f := formatter{}
	f.node(n)
	return f.String()
}

// FormatType writes a type name as SQL.
func FormatType(t *TypeName) string {
	f := formatter{}
	f.typeName(t)
	return f.String()
}

// QuoteIdent writes a name as SQL, with quotes if it needs them.
func QuoteIdent(name string) string {
	f := formatter{}
	f.name(name)
	return f.String()
}

// formatter builds the text of a tree.
type formatter struct{ strings.Builder }

func (f *formatter) node(n Node) {
	switch n := n.(type) {
	case Expr:
		f.expr(n)
	case TableRef:
		f.tableRef(n)
	case Stmt:
		f.stmt(n)
	case TableElement:
		f.tableElement(n)
	case *TypeName:
		f.typeName(n)
	case QName:
		f.qname(n)
	case *SortBy:
		f.sortBy(n)
	case *Target:
		f.target(n)
	case *WindowDef:
		f.windowSpec(n)
	case *CTE:
		f.cte(n)
	case *WithClause:
		f.with(n)
	case *LockingClause:
		f.locking(n)
	case *IndexElem:
		f.indexElem(n)
	case *AlterCmd:
		f.alterCmd(n)
	case *Option:
		f.option(n)
	}
}

// list writes n items with commas between them.
func (f *formatter) list(n int, item func(i int)) {
	for i := range n {
		if i > 0 {
			f.WriteString(", ")
		}
		item(i)
	}
}

// contextual are the keywords that may be names everywhere in PostgreSQL's
// grammar and yet mean something else in places where this package writes names.
var contextual = map[keyword]bool{
	kwCube: true, kwRollup: true, kwOperator: true, // before a parenthesis
	kwPartition: true, kwRange: true, kwRows: true, kwGroups: true, kwUnbounded: true, // in a window
	kwTransaction: true, // PREPARE TRANSACTION
	kwRecursive:   true, // WITH RECURSIVE
}

// name writes a name, quoted if it could be read as something else.
func (f *formatter) name(s string) {
	if isPlainName(s) {
		if k := keywordOf(s); k == notKeyword || keywordTable[k].category == unreserved && !contextual[k] {
			f.WriteString(s)
			return
		}
	}
	f.WriteByte('"')
	f.WriteString(strings.ReplaceAll(s, `"`, `""`))
	f.WriteByte('"')
}

// label writes a name where any keyword may stand.
func (f *formatter) label(s string) {
	if isPlainName(s) {
		f.WriteString(s)
		return
	}
	f.name(s)
}

// isPlainName tells whether s is what the lexer makes of an unquoted word.
func isPlainName(s string) bool {
	if s == "" || s[0] != '_' && (s[0] < 'a' || s[0] > 'z') {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if c != '_' && c != '$' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

func (f *formatter) names(list []string) {
	f.list(len(list), func(i int) { f.name(list[i]) })
}

// parenNames writes (a, b); nothing for an empty list.
func (f *formatter) parenNames(list []string) {
	if len(list) > 0 {
		f.WriteByte('(')
		f.names(list)
		f.WriteByte(')')
	}
}

func (f *formatter) dotted(parts []string) {
	for i, part := range parts {
		if i > 0 {
			f.WriteByte('.')
		}
		f.name(part)
	}
}

func (f *formatter) qname(n QName) {
	if n.Catalog != "" {
		f.name(n.Catalog)
		f.WriteByte('.')
	}
	if n.Schema != "" {
		f.name(n.Schema)
		f.WriteByte('.')
	}
	f.name(n.Name)
}

func (f *formatter) qnames(list []QName) {
	f.list(len(list), func(i int) { f.qname(list[i]) })
}

// str writes a string constant. Backslashes are themselves, as
// standard_conforming_strings is always on.
func (f *formatter) str(s string) {
	f.WriteByte('\'')
	f.WriteString(strings.ReplaceAll(s, "'", "''"))
	f.WriteByte('\'')
}

func (f *formatter) int(n int) { f.WriteString(strconv.Itoa(n)) }

// words writes text and a blank.
func (f *formatter) words(s string) {
	f.WriteString(s)
	f.WriteByte(' ')
}

// keywordTypes are the SQL spellings of the types that the grammar knows.
var keywordTypes = map[string]string{
	"int2": "smallint", "int4": "integer", "int8": "bigint", "float4": "real", "float8": "double precision",
	"bool": "boolean", "numeric": "numeric", "bit": "bit", "varbit": "bit varying", "bpchar": "character",
	"varchar": "character varying", "timestamp": "timestamp", "timestamptz": "timestamp", "time": "time",
	"timetz": "time", "interval": "interval",
}

func (f *formatter) typeName(t *TypeName) {
	if t.SetOf {
		f.words("SETOF")
	}
	f.simpleType(t)
	for range t.ArrayDims {
		f.WriteString("[]")
	}
}

func (f *formatter) simpleType(t *TypeName) {
	word, known := keywordTypes[t.Name]
	if t.Schema != "pg_catalog" || !known ||
		(t.Name == "bpchar" || t.Name == "bit") && t.Mods == nil ||
		t.Name != "numeric" && t.Name != "bit" && t.Name != "varbit" && !plainPrecision(t) {
		if t.Schema != "" {
			f.name(t.Schema)
			f.WriteByte('.')
		}
		f.name(t.Name)
		f.typeMods(t)
		return
	}
	f.WriteString(word)
	if t.Fields != "" {
		f.WriteString(" " + t.Fields)
	}
	f.typeMods(t)
	switch t.Name {
	case "timestamptz", "timetz":
		f.WriteString(" with time zone")
	}
}

// plainPrecision tells whether a type's modifiers are what its keyword syntax can
// hold: nothing or one small integer.
func plainPrecision(t *TypeName) bool {
	switch len(t.Mods) {
	case 0:
		return true
	case 1:
		n, ok := t.Mods[0].(*IntLit)
		switch t.Name {
		case "bpchar", "varchar", "timestamp", "timestamptz", "time", "timetz", "interval":
			return ok && 0 <= n.Value && n.Value < 1<<31
		}
	}
	return false
}

func (f *formatter) typeMods(t *TypeName) {
	if len(t.Mods) > 0 {
		f.WriteByte('(')
		f.exprs(t.Mods)
		f.WriteByte(')')
	}
}

// option writes an option of a list without equals signs.
func (f *formatter) option(o *Option) {
	f.label(o.Name)
	if !o.HasValue {
		return
	}
	f.WriteByte(' ')
	switch {
	case o.List != nil:
		f.WriteByte('(')
		f.list(len(o.List), func(i int) { f.str(o.List[i]) })
		f.WriteByte(')')
	case o.Default:
		f.WriteString("DEFAULT")
	case o.Value == "*":
		f.WriteByte('*')
	default:
		f.optionValue(o)
	}
}

func (f *formatter) optionValue(o *Option) {
	if isNumber(o.Value) {
		f.WriteString(o.Value)
		return
	}
	f.str(o.Value)
}

// isNumber tells whether s is a numeric constant with an optional minus sign.
func isNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	if s == "" {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// options writes (a 1, b); nothing for an empty list.
func (f *formatter) options(list []Option) {
	if len(list) == 0 {
		return
	}
	f.WriteByte('(')
	f.list(len(list), func(i int) { f.option(&list[i]) })
	f.WriteByte(')')
}

// relOptions writes (a = 1, b).
func (f *formatter) relOptions(list []Option) {
	f.WriteByte('(')
	f.list(len(list), func(i int) {
		o := &list[i]
		if o.Namespace != "" {
			f.label(o.Namespace)
			f.WriteByte('.')
		}
		f.label(o.Name)
		if o.HasValue {
			f.WriteString(" = ")
			f.optionValue(o)
		}
	})
	f.WriteByte(')')
}

// withOptions writes WITH (…) if there are any.
func (f *formatter) withOptions(list []Option) {
	if len(list) > 0 {
		f.WriteString(" WITH ")
		f.relOptions(list)
	}
}

// flag writes text if b is set.
func (f *formatter) flag(b bool, text string) {
	if b {
		f.WriteString(text)
	}
}

// clause writes a keyword and a name if there is one.
func (f *formatter) clause(keyword, name string) {
	if name != "" {
		f.WriteString(keyword)
		f.name(name)
	}
}
