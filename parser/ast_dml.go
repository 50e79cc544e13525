package parser

// AssignTarget is a column that INSERT or UPDATE writes, perhaps only a part of
// it: a[1], b.field.
type AssignTarget struct {
	Pos         int
	Name        string
	Indirection []Indirection
}

// Indirection is one step into a column: .Field, [Index] or [Low:High].
type Indirection struct {
	Pos       int
	Field     string
	Index     Expr
	Slice     bool
	Low, High Expr
}

// Overriding is INSERT's OVERRIDING clause.
type Overriding uint8

// The OVERRIDING clauses.
const (
	OverridingNone   Overriding = iota
	OverridingUser              // OVERRIDING USER VALUE
	OverridingSystem            // OVERRIDING SYSTEM VALUE
)

// InsertStmt is INSERT. Source is nil for DEFAULT VALUES; a VALUES source may
// hold *DefaultExpr.
type InsertStmt struct {
	Pos        int
	With       *WithClause
	Table      QName
	Alias      string
	Columns    []AssignTarget // empty: all columns in order
	Overriding Overriding
	Source     *SelectStmt
	OnConflict *OnConflict
	Returning  []Target
}

// OnConflict is ON CONFLICT. The target is Elems with Where, or Constraint, or
// nothing (only for DO NOTHING).
type OnConflict struct {
	Pos         int
	TargetPos   int // of the parenthesis before Elems
	Elems       []IndexElem
	Where       Expr
	Constraint  string
	DoUpdate    bool // else DO NOTHING
	Set         []Assignment
	UpdateWhere Expr
}

// Assignment is col = value, or (a, b) = value with Multi, where Value is a
// *RowExpr (items may be *DefaultExpr), a *ScalarSubquery or another row.
type Assignment struct {
	Pos     int
	Targets []AssignTarget
	Multi   bool
	Value   Expr
}

// UpdateStmt is UPDATE.
type UpdateStmt struct {
	Pos       int
	With      *WithClause
	Table     *RangeTable
	Set       []Assignment
	From      []TableRef
	Where     Expr // may be *CurrentOf
	Returning []Target
}

// DeleteStmt is DELETE.
type DeleteStmt struct {
	Pos       int
	With      *WithClause
	Table     *RangeTable
	Using     []TableRef
	Where     Expr // may be *CurrentOf
	Returning []Target
}

// TruncateStmt is TRUNCATE.
type TruncateStmt struct {
	Pos             int
	Tables          []*RangeTable
	RestartIdentity bool
	Cascade         bool
}

// CopyStmt is COPY of a table or a query. Options in the old syntax have been
// turned into the new one's names (format, delimiter, null, header, quote,
// escape, force_quote, force_not_null, force_null, encoding, freeze).
type CopyStmt struct {
	Pos      int
	Table    QName // zero for a query
	Columns  []string
	Query    Stmt // *SelectStmt, or INSERT/UPDATE/DELETE with RETURNING
	From     bool // else TO
	Stdio    bool // STDIN or STDOUT
	Program  bool
	Filename string
	Options  []Option
	Where    Expr // COPY FROM … WHERE
}

// Position implements Node.
func (s *InsertStmt) Position() int   { return s.Pos }
func (s *UpdateStmt) Position() int   { return s.Pos }
func (s *DeleteStmt) Position() int   { return s.Pos }
func (s *TruncateStmt) Position() int { return s.Pos }
func (s *CopyStmt) Position() int     { return s.Pos }

func (*InsertStmt) stmt()   {}
func (*UpdateStmt) stmt()   {}
func (*DeleteStmt) stmt()   {}
func (*TruncateStmt) stmt() {}
func (*CopyStmt) stmt()     {}
