package planner

import (
	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/types"
)

// Plan is a physical plan of one statement. It is immutable and may be run by
// several sessions at once.
type Plan struct {
	Root    Node
	Columns []Column     // of the result; nil for a statement without rows
	Params  []types.Type // of $1…
	// Relations are the tables the statement uses, with the lock it needs.
	Relations []RelationUse
	// Places is the size of expr.Ctx.Exec.
	Places   int
	CTEs     int // number of CTEs; their Index is below it
	Command  Command
	ReadOnly bool // writes nothing and locks no rows
}

// Command says what kind of statement a plan is, for its command tag.
type Command byte

// The commands that have plans.
const (
	Select Command = iota
	InsertCommand
	UpdateCommand
	DeleteCommand
)

// RelationUse is one table of a plan.
type RelationUse struct {
	Table *catalog.Table
	Write bool // RowExclusive, else AccessShare
	Lock  bool // RowShare: SELECT … FOR UPDATE
}

// Column describes a column of a result.
type Column struct {
	Name  string
	Type  types.Type
	Table catalog.ID // 0 unless it is a plain column of a table
	Slot  int        // attnum-1, if Table is set
}

// Node is an operator of a physical plan. The columns in its expressions are
// places in its input's row.
type Node interface{ Meta() *Info }

// Info is what every operator says about itself.
type Info struct {
	Cols    []Out
	Rows    float64 // estimated
	Startup float64 // cost before the first row
	Total   float64
	Width   int
	Order   []OrderCol // how the rows are sorted; nil if not
}

// Meta implements Node.
func (i *Info) Meta() *Info { return i }

// Out is a column of an operator's output.
type Out struct {
	ID   ColID
	Type types.Type
	Name string
}

// OrderCol is one key of the order of an operator's rows.
type OrderCol struct {
	ID         ColID
	Desc       bool
	NullsFirst bool
}

// CTE is a WITH query that is run once and read by CTEScans.
type CTE struct {
	Name      string
	Plan      Node
	Index     int
	Modifying bool
	// Recursive: Plan is a RecursiveUnion over the work table of the same index.
	Recursive bool
}

type (
	// SeqScan reads a whole table in key order.
	SeqScan struct {
		Info
		Table  *catalog.Table
		Alias  string
		Slots  []int // Info.Cols[i] is this slot, or RowKeySlot
		Filter []Expr
	}

	// IndexScan reads a part of a table by an index, the clustered one included.
	IndexScan struct {
		Info
		Table   *catalog.Table
		Index   *catalog.Index // nil: the hidden row number (never chosen by users)
		Alias   string
		Slots   []int
		Keys    []KeyCond // equalities with the first key columns
		Lo, Hi  *KeyBound // range of the key column after Keys
		Reverse bool
		Only    bool   // all columns come from the index: the row is not looked up
		Conds   []Expr // what Keys, Lo and Hi stand for; for EXPLAIN, over the output
		Filter  []Expr
	}

	// VirtualScan reads a system view.
	VirtualScan struct {
		Info
		Table  *catalog.Table
		Alias  string
		Slots  []int
		Filter []Expr
	}

	// FunctionScan calls functions; several run in step.
	FunctionScan struct {
		Info
		Calls      []Expr
		Widths     []int // columns of each call
		Ordinality bool
		Alias      string
		Filter     []Expr
	}

	// ValuesScan makes constant rows.
	ValuesScan struct {
		Info
		Rows [][]Expr
	}

	// With makes CTEs available to Body. Opening it forgets their earlier rows.
	With struct {
		Info
		CTEs []*CTE
		Body Node
	}

	// CTEScan reads a CTE; WorkTableScan the last round of a recursive one.
	CTEScan struct {
		Info
		CTE *CTE
	}
	// WorkTableScan reads the rows that the last round of a recursive CTE made.
	WorkTableScan struct {
		Info
		CTE *CTE
	}

	// Filter drops the rows for which a condition is not TRUE.
	Filter struct {
		Info
		Input Node
		Conds []Expr
	}

	// Project computes Exprs.
	Project struct {
		Info
		Input Node
		Exprs []Expr
	}

	// ProjectSet computes Exprs, some of which return sets: they run in step, NULL when exhausted.
	ProjectSet struct {
		Info
		Input Node
		Exprs []Expr
	}

	// NestLoop runs Inner for each row of Outer, whose values it binds to Exec places.
	NestLoop struct {
		Info
		Kind         JoinKind
		Outer, Inner Node
		Binds        []expr.Bind // over Outer's row
		On           []Expr      // over Outer's columns followed by Inner's
		// Materialize: Inner does not depend on Outer and is kept.
		Materialize bool
	}

	// HashJoin builds a hash table of Inner and probes it with Outer.
	HashJoin struct {
		Info
		Kind                 JoinKind
		Outer, Inner         Node
		OuterKeys, InnerKeys []Expr
		Eq                   []*expr.Func // equality of each key pair
		On                   []Expr       // further conditions over both rows
		NullAware            bool         // NOT IN: a NULL key matches unknown
	}

	// MergeJoin reads two inputs side by side that are both sorted by their keys.
	MergeJoin struct {
		Info
		Kind                 JoinKind
		Outer, Inner         Node
		OuterKeys, InnerKeys []Expr
		Desc                 []bool // how both are sorted, by key
		On                   []Expr // further conditions over both rows
	}

	// Aggregate groups rows. Sorted: the input comes in group order.
	Aggregate struct {
		Info
		Input    Node
		Groups   []Expr
		Aggs     []*expr.AggCall
		Sets     [][]int
		Grouping [][]int
		Sorted   bool
	}

	// Sort sorts; Limit, if not nil, is how many rows are wanted (top-N).
	Sort struct {
		Info
		Input         Node
		Keys          []expr.SortKey
		Limit, Offset Expr
	}

	// Limit passes on Count rows after Offset.
	Limit struct {
		Info
		Input         Node
		Count, Offset Expr
		Ties          []expr.SortKey
	}

	// Distinct keeps the first row of each value of On. Sorted: equal rows are adjacent.
	Distinct struct {
		Info
		Input  Node
		On     []int // places
		Sorted bool
	}

	// Append is UNION ALL.
	Append struct {
		Info
		Inputs []Node
	}

	// SetOp is INTERSECT or EXCEPT by hashing.
	SetOp struct {
		Info
		Op          parser.SetOp
		All         bool
		Left, Right Node
	}

	// RecursiveUnion runs Base, then Step on the last round's rows until there are none.
	RecursiveUnion struct {
		Info
		CTE        *CTE
		Base, Step Node
		All        bool
	}

	// LockRows locks the rows that Targets name and re-checks those that changed.
	LockRows struct {
		Info
		Input   Node
		Targets []LockTarget
		Recheck []Expr
	}
)

// RowKeySlot stands for a row's storage key in a scan's Slots.
const RowKeySlot = -1

// KeyCond is an equality of one index key column.
type KeyCond struct {
	Values []Expr // any of these (several for IN), of the key column's type
	Array  Expr   // or any element of this array
	IsNull bool
}

// KeyBound is one end of a range of an index key column.
type KeyBound struct {
	Value     Expr
	Inclusive bool
	// NotNull: the range only leaves out NULLs.
	NotNull bool
}

// LockTarget says which rows LockRows locks.
type LockTarget struct {
	Table    *catalog.Table
	Alias    string
	Key      int   // place of the row key; NULL there (outer join) locks nothing
	Places   []int // where the table's columns are in the row, by slot; -1 if not read
	Strength parser.LockStrength
	Wait     parser.LockWait
}

// Insert adds rows to a table.
type Insert struct {
	Info
	Table *catalog.Table
	Input Node
	// Values compute the columns by slot from an input row; nil is NULL.
	Values     []Expr
	Conflict   *OnConflict
	Returning  []Expr // over the new row by slot
	Overriding parser.Overriding

	newRow       []ColID
	returningIDs []ColID
}

// OnConflict is INSERT … ON CONFLICT.
type OnConflict struct {
	// Arbiters are the unique indexes whose conflicts are handled; nil: all.
	Arbiters []*catalog.Index
	DoUpdate bool
	// Set computes columns from the row [existing by slot ‖ proposed by slot].
	Set   []SetColumn
	Where []Expr

	existing, excluded []ColID
}

// SetColumn assigns Value to the column in Slot.
type SetColumn struct {
	Slot  int
	Value Expr
}

// Modify updates or deletes rows of a table.
type Modify struct {
	Info
	Delete bool
	Table  *catalog.Table
	Alias  string
	Input  Node
	Key    int   // place of the row key in the input
	Old    []int // places of the table's columns in the input, by slot; -1 if dropped
	Set    []SetColumn
	// Recheck are the conditions that a newer version of the row must meet.
	Recheck []Expr
	// Returning is over [input row ‖ new row by slot] for UPDATE, the input row for DELETE.
	Returning []Expr

	keyID        ColID
	oldIDs       []ColID
	newRow       []ColID
	returningIDs []ColID
}

func (n *Insert) mapInputExprs(f func(Expr) Expr) {
	for i, v := range n.Values {
		if v != nil {
			n.Values[i] = f(v)
		}
	}
	if c := n.Conflict; c != nil {
		for i := range c.Set {
			c.Set[i].Value = f(c.Set[i].Value)
		}
		for i := range c.Where {
			c.Where[i] = f(c.Where[i])
		}
	}
	for i := range n.Returning {
		n.Returning[i] = f(n.Returning[i])
	}
}

func (n *Insert) madeIDs() []ColID {
	ids := append([]ColID(nil), n.newRow...)
	if n.Conflict != nil {
		ids = append(append(ids, n.Conflict.existing...), n.Conflict.excluded...)
	}
	return ids
}

func (n *Modify) mapInputExprs(f func(Expr) Expr) {
	for i := range n.Set {
		n.Set[i].Value = f(n.Set[i].Value)
	}
	for i := range n.Recheck {
		n.Recheck[i] = f(n.Recheck[i])
	}
	for i := range n.Returning {
		n.Returning[i] = f(n.Returning[i])
	}
}

func (n *Modify) madeIDs() []ColID { return append([]ColID(nil), n.newRow...) }
