package parser

// ColumnRef is a dotted name: c, t.c, s.t.c, t.* (Star; Parts is then the
// qualifier) or a lone * in a target list (Star without Parts).
type ColumnRef struct {
	Pos   int
	Parts []string
	Star  bool
}

// ParamRef is $n.
type ParamRef struct {
	Pos    int
	Number int
}

// IntLit is an integer constant that fits 64 bits. A minus sign before a
// numeric constant is part of the constant, as in PostgreSQL.
type IntLit struct {
	Pos   int
	Value int64
}

// NumLit is any other numeric constant, as written: 1.5, 1e10, .5, 1., or an
// integer beyond 64 bits.
type NumLit struct {
	Pos  int
	Text string
}

// StringLit is a string constant of any quoting style, unescaped. Its type is
// unknown.
type StringLit struct {
	Pos   int
	Value string
}

// BoolLit is TRUE or FALSE.
type BoolLit struct {
	Pos   int
	Value bool
}

// NullLit is NULL.
type NullLit struct{ Pos int }

// DefaultExpr is DEFAULT where an expression may stand (VALUES, SET c = DEFAULT).
type DefaultExpr struct{ Pos int }

// TypedLit is a constant after a type name: DATE '2020-01-01', INTERVAL '1'
// DAY, pg_catalog.int4 '5'.
type TypedLit struct {
	Pos   int
	Type  TypeName
	Value string
}

// UnaryOp is a prefix operator: - + or any other name. (NOT is NotExpr.)
type UnaryOp struct {
	Pos    int // of the operator
	Schema string
	Op     string
	Arg    Expr
}

// BinaryOp is an infix operator. != is stored as <>. Schema is set by
// OPERATOR(schema.op).
type BinaryOp struct {
	Pos         int // of the operator
	Schema      string
	Op          string
	Left, Right Expr
}

// AndExpr is a chain of ANDs; Args has two or more.
type AndExpr struct {
	Pos  int // of the first AND
	Args []Expr
}

// OrExpr is a chain of ORs; Args has two or more.
type OrExpr struct {
	Pos  int // of the first OR
	Args []Expr
}

// NotExpr is NOT x.
type NotExpr struct {
	Pos int
	Arg Expr
}

// IsNull is x IS [NOT] NULL (also ISNULL, NOTNULL).
type IsNull struct {
	Pos int // of IS
	Arg Expr
	Not bool
}

// BoolTest is what IsBool tests for.
type BoolTest uint8

// The operands of IS.
const (
	TestTrue BoolTest = iota
	TestFalse
	TestUnknown
)

// String returns the keyword.
func (t BoolTest) String() string { return [...]string{"TRUE", "FALSE", "UNKNOWN"}[t] }

// IsBool is x IS [NOT] TRUE / FALSE / UNKNOWN.
type IsBool struct {
	Pos  int // of IS
	Arg  Expr
	Test BoolTest
	Not  bool
}

// IsDistinct is a IS [NOT] DISTINCT FROM b.
type IsDistinct struct {
	Pos         int // of IS
	Left, Right Expr
	Not         bool
}

// IsNormalized is x IS [NOT] [NFC|NFD|NFKC|NFKD] NORMALIZED.
type IsNormalized struct {
	Pos  int
	Arg  Expr
	Form string // "" (NFC), "NFC", "NFD", "NFKC" or "NFKD"
	Not  bool
}

// Between is x [NOT] BETWEEN [SYMMETRIC] lo AND hi.
type Between struct {
	Pos       int // of BETWEEN
	Arg       Expr
	Low, High Expr
	Symmetric bool
	Not       bool
}

// InList is x [NOT] IN (a, b, …).
type InList struct {
	Pos  int // of IN
	Arg  Expr
	List []Expr
	Not  bool
}

// InSubquery is x [NOT] IN (SELECT …).
type InSubquery struct {
	Pos   int // of IN
	Arg   Expr
	Query *SelectStmt
	Not   bool
}

// AnyAll is x op ANY|SOME|ALL (array or subquery). Exactly one of Array and
// Query is set. LIKE forms have Op ~~, !~~, ~~* or !~~*.
type AnyAll struct {
	Pos    int // of the operator
	Left   Expr
	Schema string
	Op     string
	All    bool
	Array  Expr
	Query  *SelectStmt
}

// LikeKind tells LIKE, ILIKE and SIMILAR TO apart.
type LikeKind uint8

// The pattern matchers.
const (
	LikeLike LikeKind = iota
	LikeILike
	LikeSimilar
)

// String returns the keywords.
func (k LikeKind) String() string { return [...]string{"LIKE", "ILIKE", "SIMILAR TO"}[k] }

// Like is x [NOT] LIKE | ILIKE | SIMILAR TO pattern [ESCAPE e].
type Like struct {
	Pos     int // of the operator
	Kind    LikeKind
	Not     bool
	Arg     Expr
	Pattern Expr
	Escape  Expr // nil if absent
}

// Exists is EXISTS (SELECT …).
type Exists struct {
	Pos   int
	Query *SelectStmt
}

// ScalarSubquery is (SELECT …) as a value.
type ScalarSubquery struct {
	Pos   int
	Query *SelectStmt
}

// ArraySubquery is ARRAY(SELECT …).
type ArraySubquery struct {
	Pos   int
	Query *SelectStmt
}

// ArrayLit is ARRAY[…]; nested brackets are nested ArrayLits.
type ArrayLit struct {
	Pos   int
	Elems []Expr
}

// RowExpr is ROW(…) or (a, b, …).
type RowExpr struct {
	Pos      int
	Args     []Expr
	Explicit bool // written with ROW
}

// FuncSyntax says with which special syntax a call was written. The call is
// already in the form of the function that implements it, with Schema pg_catalog;
// only Format needs to know.
type FuncSyntax uint8

// The special call syntaxes, and the calls they become.
const (
	SyntaxCall         FuncSyntax = iota // f(a, b)
	SyntaxExtract                        // EXTRACT(f FROM x)          → extract('f', x)
	SyntaxOverlay                        // OVERLAY(s PLACING r FROM a FOR n) → overlay(s, r, a, n)
	SyntaxPosition                       // POSITION(a IN b)           → position(b, a)
	SyntaxSubstring                      // SUBSTRING(s FROM a FOR n)  → substring(s, a, n)
	SyntaxSimilar                        // SUBSTRING(s SIMILAR p ESCAPE e) → substring(s, p, e)
	SyntaxTrim                           // TRIM([BOTH] c FROM s)      → btrim(s, c)
	SyntaxTrimLeading                    //                            → ltrim
	SyntaxTrimTrailing                   //                            → rtrim
	SyntaxNormalize                      // NORMALIZE(s, NFC)          → normalize(s, 'NFC')
	SyntaxAtTimeZone                     // x AT TIME ZONE z           → timezone(z, x)
	SyntaxOverlaps                       // (a, b) OVERLAPS (c, d)     → overlaps(a, b, c, d)
	SyntaxCollationFor                   // COLLATION FOR (x)          → pg_collation_for(x)
)

// FuncCall is a function, aggregate or window function call.
type FuncCall struct {
	Pos         int
	Name        QName
	Args        []Expr // a named argument is a *NamedArg
	Star        bool   // count(*)
	Variadic    bool   // the last argument is VARIADIC
	Distinct    bool
	OrderBy     []*SortBy // inside the parentheses, or in WITHIN GROUP
	WithinGroup bool
	Filter      Expr
	Over        *WindowDef
	Syntax      FuncSyntax
}

// NamedArg is name => value (or name := value) in a call.
type NamedArg struct {
	Pos   int
	Name  string
	Value Expr
}

// Coalesce is COALESCE(…).
type Coalesce struct {
	Pos  int
	Args []Expr
}

// NullIf is NULLIF(a, b).
type NullIf struct {
	Pos         int
	Left, Right Expr
}

// MinMax is GREATEST(…) or LEAST(…).
type MinMax struct {
	Pos   int
	Least bool
	Args  []Expr
}

// SessionValue is a function without parentheses: current_date, current_time,
// current_timestamp, localtime, localtimestamp, current_role, current_user,
// session_user, user, current_catalog, current_schema.
type SessionValue struct {
	Pos       int
	Name      string // lower case, one of the above
	Precision int    // of the time ones; -1 if none was given
}

// Grouping is GROUPING(a, b, …).
type Grouping struct {
	Pos  int
	Args []Expr
}

// Collate is x COLLATE name.
type Collate struct {
	Pos       int // of COLLATE
	Arg       Expr
	Collation QName
}

// Cast is CAST(x AS t) or x::t.
type Cast struct {
	Pos  int // of :: or of CAST
	Arg  Expr
	Type TypeName
}

// Case is CASE [x] WHEN … THEN … [ELSE …] END.
type Case struct {
	Pos   int
	Arg   Expr // nil for the searched form
	Whens []When
	Else  Expr // nil if absent
}

// When is one arm of a Case.
type When struct {
	Pos    int
	Cond   Expr
	Result Expr
}

// Subscript is a[i].
type Subscript struct {
	Pos   int
	Arg   Expr
	Index Expr
}

// Slice is a[lo:hi]; either bound may be nil.
type Slice struct {
	Pos       int
	Arg       Expr
	Low, High Expr
}

// FieldSelect is (x).f, or (x).* with Star.
type FieldSelect struct {
	Pos   int
	Arg   Expr
	Field string
	Star  bool
}

// GroupingSetKind tells the special items of GROUP BY apart.
type GroupingSetKind uint8

// The special items of GROUP BY.
const (
	GroupingEmpty  GroupingSetKind = iota // ()
	GroupingRollup                        // ROLLUP (…)
	GroupingCube                          // CUBE (…)
	GroupingSets                          // GROUPING SETS (…)
)

// GroupingSet is a special item of GROUP BY. A parenthesised column list inside
// is a *RowExpr that is not Explicit.
type GroupingSet struct {
	Pos   int
	Kind  GroupingSetKind
	Items []Expr
}

// CurrentOf is WHERE CURRENT OF cursor.
type CurrentOf struct {
	Pos    int
	Cursor string
}

// Position implements Node.
// Position implements Node.
func (e *ColumnRef) Position() int      { return e.Pos }
func (e *ParamRef) Position() int       { return e.Pos }
func (e *IntLit) Position() int         { return e.Pos }
func (e *NumLit) Position() int         { return e.Pos }
func (e *StringLit) Position() int      { return e.Pos }
func (e *BoolLit) Position() int        { return e.Pos }
func (e *NullLit) Position() int        { return e.Pos }
func (e *DefaultExpr) Position() int    { return e.Pos }
func (e *TypedLit) Position() int       { return e.Pos }
func (e *UnaryOp) Position() int        { return e.Pos }
func (e *BinaryOp) Position() int       { return e.Pos }
func (e *AndExpr) Position() int        { return e.Pos }
func (e *OrExpr) Position() int         { return e.Pos }
func (e *NotExpr) Position() int        { return e.Pos }
func (e *IsNull) Position() int         { return e.Pos }
func (e *IsBool) Position() int         { return e.Pos }
func (e *IsDistinct) Position() int     { return e.Pos }
func (e *IsNormalized) Position() int   { return e.Pos }
func (e *Between) Position() int        { return e.Pos }
func (e *InList) Position() int         { return e.Pos }
func (e *InSubquery) Position() int     { return e.Pos }
func (e *AnyAll) Position() int         { return e.Pos }
func (e *Like) Position() int           { return e.Pos }
func (e *Exists) Position() int         { return e.Pos }
func (e *ScalarSubquery) Position() int { return e.Pos }
func (e *ArraySubquery) Position() int  { return e.Pos }
func (e *ArrayLit) Position() int       { return e.Pos }
func (e *RowExpr) Position() int        { return e.Pos }
func (e *FuncCall) Position() int       { return e.Pos }
func (e *NamedArg) Position() int       { return e.Pos }
func (e *Coalesce) Position() int       { return e.Pos }
func (e *NullIf) Position() int         { return e.Pos }
func (e *MinMax) Position() int         { return e.Pos }
func (e *SessionValue) Position() int   { return e.Pos }
func (e *Grouping) Position() int       { return e.Pos }
func (e *Collate) Position() int        { return e.Pos }
func (e *Cast) Position() int           { return e.Pos }
func (e *Case) Position() int           { return e.Pos }
func (e *Subscript) Position() int      { return e.Pos }
func (e *Slice) Position() int          { return e.Pos }
func (e *FieldSelect) Position() int    { return e.Pos }
func (e *GroupingSet) Position() int    { return e.Pos }
func (e *CurrentOf) Position() int      { return e.Pos }

func (*ColumnRef) expr()      {}
func (*ParamRef) expr()       {}
func (*IntLit) expr()         {}
func (*NumLit) expr()         {}
func (*StringLit) expr()      {}
func (*BoolLit) expr()        {}
func (*NullLit) expr()        {}
func (*DefaultExpr) expr()    {}
func (*TypedLit) expr()       {}
func (*UnaryOp) expr()        {}
func (*BinaryOp) expr()       {}
func (*AndExpr) expr()        {}
func (*OrExpr) expr()         {}
func (*NotExpr) expr()        {}
func (*IsNull) expr()         {}
func (*IsBool) expr()         {}
func (*IsDistinct) expr()     {}
func (*IsNormalized) expr()   {}
func (*Between) expr()        {}
func (*InList) expr()         {}
func (*InSubquery) expr()     {}
func (*AnyAll) expr()         {}
func (*Like) expr()           {}
func (*Exists) expr()         {}
func (*ScalarSubquery) expr() {}
func (*ArraySubquery) expr()  {}
func (*ArrayLit) expr()       {}
func (*RowExpr) expr()        {}
func (*FuncCall) expr()       {}
func (*NamedArg) expr()       {}
func (*Coalesce) expr()       {}
func (*NullIf) expr()         {}
func (*MinMax) expr()         {}
func (*SessionValue) expr()   {}
func (*Grouping) expr()       {}
func (*Collate) expr()        {}
func (*Cast) expr()           {}
func (*Case) expr()           {}
func (*Subscript) expr()      {}
func (*Slice) expr()          {}
func (*FieldSelect) expr()    {}
func (*GroupingSet) expr()    {}
func (*CurrentOf) expr()      {}
