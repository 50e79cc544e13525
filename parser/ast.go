package parser

// Node is any part of a syntax tree.
type Node interface {
	// Position is the 0-based byte offset of the node in the parsed text.
	Position() int
}

// Stmt is a statement.
type Stmt interface {
	Node
	stmt()
}

// Expr is a scalar expression, or a form that stands where one may stand
// (DEFAULT in a VALUES list, a GROUPING SETS item, a named argument).
type Expr interface {
	Node
	expr()
}

// TableRef is an item of a FROM list.
type TableRef interface {
	Node
	tableRef()
}

// TableElement is an item of CREATE TABLE's parenthesised list: *ColumnDef,
// *Constraint or *LikeClause.
type TableElement interface {
	Node
	tableElement()
}

// Statement is one statement of a Parse input.
type Statement struct {
	Node  Stmt
	Text  string // its source, without surrounding blanks and the semicolon
	Start int    // where Text begins in the input; positions in Node count from the input's start
}

// QName is a possibly qualified name. Names everywhere in the tree are folded
// to lower case unless they were quoted, and cut at 63 bytes.
type QName struct {
	Pos                   int
	Catalog, Schema, Name string
}

// Position implements Node.
func (n QName) Position() int { return n.Pos }

// IsZero tells whether no name was given.
func (n QName) IsZero() bool { return n.Name == "" && n.Schema == "" && n.Catalog == "" }

// String returns the name as it appears in error messages: dotted, unquoted.
func (n QName) String() string {
	switch {
	case n.Catalog != "":
		return n.Catalog + "." + n.Schema + "." + n.Name
	case n.Schema != "":
		return n.Schema + "." + n.Name
	}
	return n.Name
}

// TypeName is a type as written. Types that the grammar spells with keywords
// (INTEGER, DOUBLE PRECISION, CHARACTER VARYING, TIMESTAMP WITH TIME ZONE …) have
// Schema "pg_catalog" and PostgreSQL's internal name (int4, float8, varchar,
// timestamptz …); every other name is as written, with an empty Schema if there
// was none.
type TypeName struct {
	Pos          int
	Schema, Name string
	Mods         []Expr // numeric(10,2), varchar(20), timestamp(3); char without a length has 1
	Fields       string // INTERVAL's field restriction, such as "day to second"
	ArrayDims    int    // number of [] (or ARRAY); declared bounds mean nothing and are not kept
	SetOf        bool
}

// Position implements Node.
func (t *TypeName) Position() int { return t.Pos }

// Option is an item of a parenthesised option list, or its older form without
// parentheses: WITH (fillfactor = 70), COPY … (FORMAT csv), EXPLAIN (ANALYZE).
type Option struct {
	Pos       int
	Namespace string // toast.autovacuum_enabled has "toast"
	Name      string // lower case unless quoted
	HasValue  bool   // false for a bare name, which means true for booleans
	Value     string // text of the value: a string, word or number; "*" for FORCE_QUOTE *
	Default   bool   // the value is the word DEFAULT
	List      []string
}

// Position implements Node.
func (o *Option) Position() int { return o.Pos }

// ObjectKind says what kind of database object a statement is about.
type ObjectKind uint8

// The kinds of objects that DROP, COMMENT, ALTER and GRANT can name.
const (
	ObjTable ObjectKind = iota
	ObjView
	ObjMatView
	ObjIndex
	ObjSequence
	ObjSchema
	ObjDatabase
	ObjColumn
	ObjConstraint
	ObjDomainConstraint
	ObjType
	ObjDomain
	ObjFunction
	ObjProcedure
	ObjRoutine
	ObjAggregate
	ObjTrigger
	ObjRule
	ObjPolicy
	ObjExtension
	ObjRole
	ObjCollation
	ObjConversion
	ObjStatistics
	ObjTablespace
	ObjLanguage
	ObjForeignTable
	ObjForeignDataWrapper
	ObjForeignServer
	ObjAccessMethod
	ObjEventTrigger
	ObjPublication
	ObjSubscription
	ObjTSParser
	ObjTSDictionary
	ObjTSTemplate
	ObjTSConfiguration
	ObjLargeObject
	ObjParameter
)

var objectKindNames = [...]string{
	ObjTable: "TABLE", ObjView: "VIEW", ObjMatView: "MATERIALIZED VIEW", ObjIndex: "INDEX",
	ObjSequence: "SEQUENCE", ObjSchema: "SCHEMA", ObjDatabase: "DATABASE", ObjColumn: "COLUMN",
	ObjConstraint: "CONSTRAINT", ObjDomainConstraint: "CONSTRAINT", ObjType: "TYPE", ObjDomain: "DOMAIN",
	ObjFunction: "FUNCTION", ObjProcedure: "PROCEDURE", ObjRoutine: "ROUTINE", ObjAggregate: "AGGREGATE",
	ObjTrigger: "TRIGGER", ObjRule: "RULE", ObjPolicy: "POLICY", ObjExtension: "EXTENSION", ObjRole: "ROLE",
	ObjCollation: "COLLATION", ObjConversion: "CONVERSION", ObjStatistics: "STATISTICS",
	ObjTablespace: "TABLESPACE", ObjLanguage: "LANGUAGE", ObjForeignTable: "FOREIGN TABLE",
	ObjForeignDataWrapper: "FOREIGN DATA WRAPPER", ObjForeignServer: "SERVER", ObjAccessMethod: "ACCESS METHOD",
	ObjEventTrigger: "EVENT TRIGGER", ObjPublication: "PUBLICATION", ObjSubscription: "SUBSCRIPTION",
	ObjTSParser: "TEXT SEARCH PARSER", ObjTSDictionary: "TEXT SEARCH DICTIONARY",
	ObjTSTemplate: "TEXT SEARCH TEMPLATE", ObjTSConfiguration: "TEXT SEARCH CONFIGURATION",
	ObjLargeObject: "LARGE OBJECT", ObjParameter: "PARAMETER",
}

// String returns the SQL keywords of the kind, such as "MATERIALIZED VIEW".
func (k ObjectKind) String() string { return objectKindNames[k] }
