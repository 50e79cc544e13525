package expr

import (
	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// Expr is one bound scalar expression.
type Expr interface {
	// Type is the type of the value.
	Type() types.Type
	// Eval computes the value for the row at physical index i of b. b may be nil
	// for an expression without columns.
	Eval(c *Ctx, b *vec.Batch, i int) (types.Datum, error)
}

// ColID names a column of one query, wherever it travels in the plan. Zero is no column.
type ColID int32

// Const is a constant.
type Const struct {
	Value types.Datum
	Typ   types.Type
	Pos   int // of the literal in the statement, -1 if made by the planner
}

// Col is a column of the input. The planner names it by ID; when the physical
// plan is made, Idx becomes its place in the input batch.
type Col struct {
	ID   ColID
	Idx  int
	Typ  types.Type
	Name string // for error messages and EXPLAIN: column or table.column
	Pos  int    // in the statement, -1 if none
}

// Param is a statement parameter $N; Idx is N-1. Its type may be inferred after
// the node was made, so it is read from the Resolver's list until then.
type Param struct {
	Idx   int
	Typ   types.Type
	Pos   int
	types *[]types.Type
}

// ExecParam is a value handed into a subplan or the inner side of a nested loop:
// a column of an outer query. Idx indexes Ctx.Exec.
type ExecParam struct {
	Idx  int
	Typ  types.Type
	Name string
}

// Call applies a function or operator to arguments.
type Call struct {
	Fn   *Func
	Args []Expr
	Typ  types.Type
	// Op is the operator's symbol when the call was written as one.
	Op  string
	Pos int
	// Variadic: the last argument is the array of the variadic arguments.
	Variadic bool
}

// Cast converts a value to another type.
type Cast struct {
	Arg      Expr
	To       types.Type
	Explicit bool
	Pos      int
	// Implicit casts are not printed.
	Implicit bool
}

// And is TRUE if all are; Or if any is (three-valued).
type And struct{ Args []Expr }

// Or is TRUE if any argument is.
type Or struct{ Args []Expr }

// Not negates a truth value.
type Not struct{ Arg Expr }

// IsNull tests for NULL; on a row value, whether all fields are NULL (or, for
// IS NOT NULL, none is).
type IsNull struct {
	Arg Expr
	Not bool
}

// BoolTest is IS [NOT] TRUE, FALSE or UNKNOWN.
type BoolTest struct {
	Arg  Expr
	Want byte // 't', 'f', 'u'
	Not  bool
}

// Distinct is IS [NOT] DISTINCT FROM; Eq compares for equality.
type Distinct struct {
	Eq  *Call // over the two arguments
	Not bool
}

// Case is CASE. A simple CASE is lowered to comparisons in Whens.
type Case struct {
	Whens []When
	Else  Expr // nil for NULL
	Typ   types.Type
	// Arg and TestIdx support a simple CASE: the argument is evaluated once.
	Arg  Expr
	Slot *CaseSlot
}

// When is one arm of a Case.
type When struct{ Cond, Then Expr }

// CaseSlot stands for the argument of a simple CASE inside its conditions.
type CaseSlot struct {
	Typ types.Type
	Idx int // index into Ctx.slots
}

// Coalesce returns its first argument that is not NULL.
type Coalesce struct {
	Args []Expr
	Typ  types.Type
}

// MinMax is GREATEST or LEAST.
type MinMax struct {
	Args     []Expr
	Greatest bool
	Typ      types.Type
}

// NullIf returns NULL if its two arguments are equal, else the first.
type NullIf struct {
	Eq  *Call
	Typ types.Type
}

// InList is expr = ANY (list of expressions); Eq holds one comparison for each
// element. When all elements are constants of a hashable type, Set is used.
type InList struct {
	Arg   Expr
	Items []Expr
	Cmp   *Func // arg = item
	Not   bool
	Pos   int
	// Hashable: the items are constants of the argument's own type, so that a set
	// answers instead of comparisons.
	set *constSet
}

// AnyAll is expr op ANY|ALL (array).
type AnyAll struct {
	Arg, Array Expr
	Cmp        *Func
	Op         string
	All        bool
	Pos        int
}

// Array builds an array of its elements.
type Array struct {
	Items []Expr
	Typ   types.Type // the array type
	Multi bool       // items are arrays: one more dimension
}

// Row builds a row value.
type Row struct {
	Items []Expr
	Names []string
}

// RowCompare is a comparison of two row values, field by field.
type RowCompare struct {
	Op          string // =, <>, <, <=, >, >=
	Eq          []*Call
	Lt          []*Call // for ordering operators
	Gt          []*Call
	Left, Right []Expr
}

// Field selects a field of a row value.
type Field struct {
	Arg  Expr
	Idx  int
	Name string
	Typ  types.Type
}

// Subscript is array[i] or array[lo:hi].
type Subscript struct {
	Arg   Expr
	Index []Expr
	Lower []Expr // for slices, parallel to Index; nil otherwise; entries may be nil
	Slice bool
	Typ   types.Type
}

// SubplanKind tells how a subplan's rows become a value.
type SubplanKind byte

// The kinds of subplan.
const (
	SubplanScalar SubplanKind = iota // the single row's single column, NULL if none
	SubplanExists
	SubplanAny   // arg op ANY (subquery)
	SubplanAll   // arg op ALL (subquery)
	SubplanArray // ARRAY(subquery)
)

// Subplan is a subquery used as a value. Plan is the planner's plan; the
// executor runs it through Ctx.Subplans.
type Subplan struct {
	Kind SubplanKind
	Plan any
	Typ  types.Type
	// Binds are the outer values, put into Ctx.Exec before each run.
	Binds []Bind
	// Deps are the Exec places that the result depends on: those of Binds, and
	// those bound further out. A subplan without any is run once an execution.
	Deps []int
	// Test compares the left side with a row of the subquery, for ANY and ALL; it
	// refers to the row by RowCols (IDs) and, once planned, by the Exec places Results.
	Test    Expr
	RowCols []ColID
	Results []int
	Pos     int
	ID      int // index among the statement's subplans
	Hash    *HashTest
}

// HashTest lets an uncorrelated ANY with plain equality be answered from a hash table.
type HashTest struct {
	Left  []Expr // over the outer row
	Right []Expr // over Results
	OIDs  []types.OID
}

// Bind says which Exec place receives which outer expression.
type Bind struct {
	Place int
	Value Expr
}

func (e *Const) Type() types.Type      { return e.Typ }
func (e *Col) Type() types.Type        { return e.Typ }
func (e *ExecParam) Type() types.Type  { return e.Typ }
func (e *Call) Type() types.Type       { return e.Typ }
func (e *Cast) Type() types.Type       { return e.To }
func (e *And) Type() types.Type        { return boolType }
func (e *Or) Type() types.Type         { return boolType }
func (e *Not) Type() types.Type        { return boolType }
func (e *IsNull) Type() types.Type     { return boolType }
func (e *BoolTest) Type() types.Type   { return boolType }
func (e *Distinct) Type() types.Type   { return boolType }
func (e *Case) Type() types.Type       { return e.Typ }
func (e *CaseSlot) Type() types.Type   { return e.Typ }
func (e *Coalesce) Type() types.Type   { return e.Typ }
func (e *MinMax) Type() types.Type     { return e.Typ }
func (e *NullIf) Type() types.Type     { return e.Typ }
func (e *InList) Type() types.Type     { return boolType }
func (e *AnyAll) Type() types.Type     { return boolType }
func (e *Array) Type() types.Type      { return e.Typ }
func (e *Row) Type() types.Type        { return types.RecordOID.Type() }
func (e *RowCompare) Type() types.Type { return boolType }
func (e *Field) Type() types.Type      { return e.Typ }
func (e *Subscript) Type() types.Type  { return e.Typ }
func (e *Subplan) Type() types.Type    { return e.Typ }

var boolType = types.BoolOID.Type()

// Type returns the parameter's type, unknown while nothing has fixed it.
func (e *Param) Type() types.Type {
	if e.types != nil && e.Idx < len(*e.types) && (*e.types)[e.Idx].OID != 0 {
		return (*e.types)[e.Idx]
	}
	return e.Typ
}
