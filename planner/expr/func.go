package expr

import (
	"slices"
	"strings"

	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// Volatility says how long a function's result holds for the same arguments.
type Volatility byte

// The volatilities; the values are pg_proc.provolatile's.
const (
	Immutable Volatility = 'i' // for ever
	Stable    Volatility = 's' // within a statement
	Volatile  Volatility = 'v' // not at all
)

// Func is one overload of a function or operator. Exactly one of F1, F2, F and
// SRF is set. A strict function is never called with NULL.
type Func struct {
	Name   string
	OID    uint32 // pg_proc's OID where it matters to a client, else 0
	Args   []types.OID
	Ret    types.OID
	Strict bool
	Vol    Volatility
	// Defaults is how many trailing arguments may be left out.
	Defaults int
	// Variadic: the last of Args is the element type of any number (≥ 1) of
	// further arguments.
	Variadic bool
	// ArgNames and DefaultArgs serve calls in named notation.
	ArgNames    []string
	DefaultArgs []Expr

	F1 func(c *Ctx, a types.Datum) (types.Datum, error)
	F2 func(c *Ctx, a, b types.Datum) (types.Datum, error)
	F  func(c *CallCtx, args []types.Datum) (types.Datum, error)

	// Kernel, if set, is F1 or F2 over dense vectors of n values without NULLs
	// where the mask says so: it fills out, which has n slots, and may compute
	// anything for rows that are NULL (the evaluator marks those).
	Kernel func(args []*vec.Vec, n int, out *vec.Vec) error

	// RetType gives the exact result type where Ret does not tell (a typmod, a
	// type that follows the arguments); nil otherwise.
	RetType func(args []Expr) types.Type

	// SRF makes the rows of a set-returning function. OutNames and OutTypes are
	// its columns when it has several; with one, the column is called Name.
	SRF      func(c *CallCtx, args []types.Datum) (Rows, error)
	OutNames []string
	OutTypes []types.OID
}

// Rows yields one row a call and false at the end. The slice is reused.
type Rows func() ([]types.Datum, bool, error)

// CallCtx is the context of one call of a function that wants to know how it was written.
type CallCtx struct {
	*Ctx
	Call *Call
}

// Signature is the function's name with the types of its arguments, as error messages show it.
func (f *Func) Signature() string { return Signature(f.Name, f.Args) }

// Signature formats name(type, type).
func Signature(name string, args []types.OID) string {
	var b strings.Builder
	b.WriteString(name)
	b.WriteByte('(')
	for i, a := range args {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(a.String())
	}
	b.WriteByte(')')
	return b.String()
}

// call2 applies a two-argument function to values that are not NULL.
func (f *Func) call2(c *Ctx, a, b types.Datum) (types.Datum, error) {
	if f.F2 != nil {
		return f.F2(c, a, b)
	}
	if f.F != nil {
		return f.F(&CallCtx{Ctx: c}, []types.Datum{a, b})
	}
	return types.Null, sqlerr.New(sqlerr.Internal, "%s does not take two arguments", f.Name)
}

// Call2 is call2 for the executor's comparisons.
func (f *Func) Call2(c *Ctx, a, b types.Datum) (types.Datum, error) {
	if f.Strict && (a.IsNull() || b.IsNull()) {
		return types.Null, nil
	}
	return f.call2(c, a, b)
}

// Agg is one overload of an aggregate function.
type Agg struct {
	Name string
	Args []types.OID
	Ret  types.OID
	// Variadic, RetType: as in Func.
	RetType func(args []Expr) types.Type
	// Nulls: the aggregate wants rows whose arguments are NULL, too.
	Nulls bool
	// OrderedSet: WITHIN GROUP (ORDER BY …); the sorted values follow the direct arguments.
	OrderedSet bool
	// Direct is how many arguments stand before WITHIN GROUP.
	Direct int

	// New makes the state of one group.
	New func(call *AggCall) AggState
	// NewVec, if set, makes the state of many groups at once.
	NewVec func(call *AggCall) Accumulator
}

// AggState accumulates one group.
type AggState interface {
	// Add takes the arguments of one row; Clone what is kept.
	Add(c *Ctx, args []types.Datum) error
	Result(c *Ctx) (types.Datum, error)
}

// Accumulator accumulates all groups of one aggregate, column by column.
type Accumulator interface {
	// Grow makes room for n groups.
	Grow(n int)
	// Add takes n rows: row k belongs to group groups[k] and has its arguments at
	// index k of the dense vectors args. A nil groups means group 0 for all.
	Add(groups []int32, args []*vec.Vec, n int) error
	Result(c *Ctx, group int) (types.Datum, error)
	// Reset forgets all groups.
	Reset()
}

// AggCall is one use of an aggregate in a query.
type AggCall struct {
	Agg      *Agg
	Args     []Expr
	Typ      types.Type
	Distinct bool
	Star     bool
	Filter   Expr
	OrderBy  []SortKey
	Pos      int
}

// SortKey is one key of an ordering.
type SortKey struct {
	Expr       Expr
	Desc       bool
	NullsFirst bool
}

var (
	functions  = make(map[string][]*Func)
	operators  = make(map[string][]*Func)
	aggregates = make(map[string][]*Agg)
)

func register(fs ...*Func) {
	for _, f := range fs {
		if f.Vol == 0 {
			f.Vol = Immutable
		}
		functions[f.Name] = append(functions[f.Name], f)
	}
}

func registerOp(fs ...*Func) {
	for _, f := range fs {
		if f.Vol == 0 {
			f.Vol = Immutable
		}
		operators[f.Name] = append(operators[f.Name], f)
	}
}

func registerAgg(as ...*Agg) {
	for _, a := range as {
		aggregates[a.Name] = append(aggregates[a.Name], a)
	}
}

// IsAggregate reports whether name is that of an aggregate function.
func IsAggregate(name string) bool { return len(aggregates[name]) > 0 }

// IsFunction reports whether there is a function called name.
func IsFunction(name string) bool { return len(functions[name]) > 0 }

// Functions returns all overloads of all functions, for pg_proc. The caller must
// not change them.
func Functions() map[string][]*Func { return functions }

// Aggregates returns all aggregates, for pg_proc.
func Aggregates() map[string][]*Agg { return aggregates }

// Operator returns the operator symbol over exactly these types, or nil.
func Operator(symbol string, args ...types.OID) *Func {
next:
	for _, f := range operators[symbol] {
		if len(f.Args) != len(args) {
			continue
		}
		for i := range args {
			if f.Args[i] != args[i] {
				continue next
			}
		}
		return f
	}
	return nil
}

// OrderArgs puts the arguments of a call in named notation into the order of
// the function's parameters; gaps are filled with the parameters' defaults.
func OrderArgs(name string, args []Expr, names []string) ([]Expr, error) {
next:
	for _, f := range functions[name] {
		if len(f.ArgNames) != len(f.Args) {
			continue
		}
		out := make([]Expr, len(f.Args))
		last := -1
		for i, a := range args {
			at := i
			if names[i] != "" {
				at = slices.Index(f.ArgNames, names[i])
			}
			if at < 0 || at >= len(out) || out[at] != nil {
				continue next
			}
			out[at] = a
			last = max(last, at)
		}
		for i := range out {
			if out[i] == nil {
				if i >= len(f.DefaultArgs) || f.DefaultArgs[i] == nil {
					continue next
				}
				out[i] = f.DefaultArgs[i]
			}
		}
		return out, nil
	}
	return nil, sqlerr.New(sqlerr.UndefinedFunction, "function %s does not exist", Signature(name, typeOIDs(args))).
		WithHint("No function matches the given name and argument types. You might need to add explicit type casts.")
}
