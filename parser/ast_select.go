package parser

// SetOp is the operator between two selects.
type SetOp uint8

// The set operations; SetNone is a simple SELECT or VALUES.
const (
	SetNone SetOp = iota
	SetUnion
	SetIntersect
	SetExcept
)

// String returns the keyword.
func (o SetOp) String() string { return [...]string{"", "UNION", "INTERSECT", "EXCEPT"}[o] }

// SelectStmt is a query in one of three forms:
//
//	Op != SetNone     Left Op [ALL] Right
//	Values != nil     VALUES (…), (…)
//	otherwise         SELECT Targets FROM From … (TABLE x is SELECT * FROM x)
//
// With, OrderBy, Limit, Offset and Locking belong to the whole, in any form.
type SelectStmt struct {
	Pos  int
	With *WithClause

	Distinct      bool
	DistinctOn    []Expr // SELECT DISTINCT ON (…); Distinct is then set too
	Targets       []Target
	From          []TableRef
	Where         Expr
	GroupBy       []Expr // may hold *GroupingSet
	GroupDistinct bool   // GROUP BY DISTINCT
	Having        Expr
	Windows       []*WindowDef

	Values [][]Expr

	Op          SetOp
	All         bool // UNION ALL …
	Left, Right *SelectStmt

	OrderBy  []*SortBy
	Limit    Expr // nil if absent, or LIMIT ALL
	Offset   Expr
	WithTies bool // FETCH FIRST … WITH TIES
	Locking  []*LockingClause

	into *intoClause // while parsing: SELECT … INTO, which becomes a CreateTableAsStmt
}

// Target is an item of a SELECT or RETURNING list. A star is a *ColumnRef or a
// *FieldSelect with Star.
type Target struct {
	Pos  int
	Expr Expr
	As   string // "" if there is no label
}

// intoClause is the table of SELECT INTO.
type intoClause struct {
	pos         int
	table       QName
	persistence Persistence
}

// WithClause is WITH [RECURSIVE] ….
type WithClause struct {
	Pos       int
	Recursive bool
	CTEs      []*CTE
}

// Materialization is the hint of a WITH query.
type Materialization uint8

// The hints of a WITH query.
const (
	MaterializeDefault Materialization = iota
	MaterializeAlways                  // AS MATERIALIZED
	MaterializeNever                   // AS NOT MATERIALIZED
)

// CTE is one WITH query. Query is a *SelectStmt, *InsertStmt, *UpdateStmt or
// *DeleteStmt.
type CTE struct {
	Pos          int
	Name         string
	Columns      []string
	Materialized Materialization
	Query        Stmt
	Search       *SearchClause
	Cycle        *CycleClause
}

// SearchClause is SEARCH DEPTH|BREADTH FIRST BY … SET … of a recursive CTE.
type SearchClause struct {
	Pos          int
	BreadthFirst bool
	Columns      []string
	Sequence     string
}

// CycleClause is CYCLE … SET … [TO … DEFAULT …] USING … of a recursive CTE.
type CycleClause struct {
	Pos          int
	Columns      []string
	Mark         string
	Value        Expr // nil means TRUE
	DefaultValue Expr // nil means FALSE
	Path         string
}

// SortDir is the direction of a sort key.
type SortDir uint8

// The directions of a sort key.
const (
	SortDefault SortDir = iota
	SortAsc
	SortDesc
	SortUsing // USING operator
)

// NullsOrder says where NULLs sort.
type NullsOrder uint8

// The places of NULLs.
const (
	NullsDefault NullsOrder = iota // last for ascending, first for descending
	NullsFirst
	NullsLast
)

// SortBy is one key of ORDER BY.
type SortBy struct {
	Pos         int
	Expr        Expr
	Dir         SortDir
	UsingSchema string
	UsingOp     string
	Nulls       NullsOrder
}

// LockStrength is the strength of a row locking clause.
type LockStrength uint8

// The row lock strengths, weakest first.
const (
	LockForKeyShare LockStrength = iota + 1
	LockForShare
	LockForNoKeyUpdate
	LockForUpdate
)

// String returns the keywords.
func (s LockStrength) String() string {
	return [...]string{"", "FOR KEY SHARE", "FOR SHARE", "FOR NO KEY UPDATE", "FOR UPDATE"}[s]
}

// LockWait says what a lock request does when it would have to wait.
type LockWait uint8

// The ways to meet a held lock.
const (
	LockBlock LockWait = iota
	LockSkip           // SKIP LOCKED
	LockError          // NOWAIT
)

// LockingClause is FOR UPDATE and its kin.
type LockingClause struct {
	Pos      int
	Strength LockStrength
	Of       []QName
	Wait     LockWait
}

// WindowDef is a window: an item of WINDOW (Name set), OVER name (only Name
// set), or OVER (…) (Name empty; RefName is an existing window it builds on).
type WindowDef struct {
	Pos         int
	Name        string
	RefName     string
	PartitionBy []Expr
	OrderBy     []*SortBy
	Frame       *Frame // nil: RANGE UNBOUNDED PRECEDING
}

// FrameMode is the unit of a frame's bounds.
type FrameMode uint8

// The frame units.
const (
	FrameRange FrameMode = iota
	FrameRows
	FrameGroups
)

// String returns the keyword.
func (m FrameMode) String() string { return [...]string{"RANGE", "ROWS", "GROUPS"}[m] }

// BoundKind is the kind of a frame bound.
type BoundKind uint8

// The frame bounds in their order.
const (
	UnboundedPreceding BoundKind = iota
	OffsetPreceding
	CurrentRow
	OffsetFollowing
	UnboundedFollowing
)

// FrameBound is one end of a frame; Offset is set for the offset kinds.
type FrameBound struct {
	Kind   BoundKind
	Offset Expr
}

// FrameExclusion is a frame's EXCLUDE clause.
type FrameExclusion uint8

// The frame exclusions.
const (
	ExcludeNoOthers FrameExclusion = iota
	ExcludeCurrentRow
	ExcludeGroup
	ExcludeTies
)

// Frame is a window frame. Without BETWEEN, End is CurrentRow.
type Frame struct {
	Pos        int
	Mode       FrameMode
	Start, End FrameBound
	Exclude    FrameExclusion
}

// Alias is [AS] name [(columns)].
type Alias struct {
	Pos     int
	Name    string
	Columns []string
}

// RangeTable is a table or view in FROM. Writing t * is the same as t.
type RangeTable struct {
	Pos   int
	Name  QName
	Only  bool
	Alias *Alias // nil if absent
}

// RangeSubquery is (SELECT …) in FROM.
type RangeSubquery struct {
	Pos     int
	Lateral bool
	Query   *SelectStmt
	Alias   *Alias // PostgreSQL 15 demands one; the parser checks
}

// RangeFunction is a function call in FROM, or ROWS FROM (…) with several.
type RangeFunction struct {
	Pos        int
	Lateral    bool
	RowsFrom   bool // written as ROWS FROM
	Funcs      []RowsFromItem
	Ordinality bool
	Alias      *Alias
	ColDefs    []FuncColumn // AS t(a int, b text), when there is one function outside ROWS FROM
}

// RowsFromItem is one function of a RangeFunction. Func is usually a *FuncCall,
// but PostgreSQL also allows *SessionValue, *Cast, *Coalesce and the like.
type RowsFromItem struct {
	Func    Expr
	ColDefs []FuncColumn
}

// FuncColumn is an item of a column definition list.
type FuncColumn struct {
	Pos       int
	Name      string
	Type      TypeName
	Collation QName
}

// JoinType is the kind of a join.
type JoinType uint8

// The join kinds.
const (
	JoinInner JoinType = iota
	JoinLeft
	JoinRight
	JoinFull
	JoinCross
)

// String returns the keyword before JOIN.
func (t JoinType) String() string { return [...]string{"INNER", "LEFT", "RIGHT", "FULL", "CROSS"}[t] }

// JoinExpr is a join. Except for CROSS, exactly one of Natural, Using and On is
// set.
type JoinExpr struct {
	Pos         int // of the JOIN keyword, or the word before it
	Type        JoinType
	Natural     bool
	Left, Right TableRef
	Using       []string
	UsingAlias  string // USING (…) AS alias
	On          Expr
	Alias       *Alias // (a JOIN b …) AS alias
}

// Position implements Node.
func (s *SelectStmt) Position() int    { return s.Pos }
func (n *Target) Position() int        { return n.Pos }
func (n *WithClause) Position() int    { return n.Pos }
func (n *CTE) Position() int           { return n.Pos }
func (n *SortBy) Position() int        { return n.Pos }
func (n *LockingClause) Position() int { return n.Pos }
func (n *WindowDef) Position() int     { return n.Pos }
func (n *RangeTable) Position() int    { return n.Pos }
func (n *RangeSubquery) Position() int { return n.Pos }
func (n *RangeFunction) Position() int { return n.Pos }
func (n *JoinExpr) Position() int      { return n.Pos }

func (*SelectStmt) stmt() {}

func (*RangeTable) tableRef()    {}
func (*RangeSubquery) tableRef() {}
func (*RangeFunction) tableRef() {}
func (*JoinExpr) tableRef()      {}
