package expr

import (
	"fmt"

	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// Resolver gives expressions their types: it picks overloads, inserts implicit
// casts, reads untyped literals and infers the types of parameters, by
// PostgreSQL's rules (chapter 10, "Type Conversion").
type Resolver struct {
	Format *types.Format
	// Params are the types of $1…; an OID of 0 is not known yet.
	Params []types.Type
	// FixedParams: a reference to a parameter beyond Params is an error.
	FixedParams bool
	// KeepCasts: a constant is not replaced by its value in another type, so that
	// the tree still says how it was written.
	KeepCasts bool
}

// Conversion says how willing a place is to convert a value.
type Conversion byte

// The conversions, in rising order.
const (
	Implicit Conversion = iota
	Assignment
	Explicit
)

var unknownType = types.UnknownOID.Type()

// Param returns the node of parameter number n (1-based).
func (r *Resolver) Param(n, pos int) (*Param, error) {
	if n < 1 || n > 65535 || (r.FixedParams && n > len(r.Params)) {
		return nil, sqlerr.New(sqlerr.UndefinedParameter, "there is no parameter $%d", n).At(pos)
	}
	for len(r.Params) < n {
		r.Params = append(r.Params, types.Type{})
	}
	return &Param{Idx: n - 1, Typ: unknownType, Pos: pos, types: &r.Params}, nil
}

// Text returns a constant of type text.
func Text(s string) *Const {
	return &Const{Value: types.NewText(s), Typ: types.TextOID.Type(), Pos: -1}
}

// Int4 returns a constant of type integer.
func Int4(n int64) *Const { return &Const{Value: types.NewInt(n), Typ: types.Int4OID.Type(), Pos: -1} }

// Int8 returns a constant of type bigint.
func Int8(n int64) *Const { return &Const{Value: types.NewInt(n), Typ: types.Int8OID.Type(), Pos: -1} }

// Bool returns a constant of type boolean.
func Bool(b bool) *Const { return &Const{Value: types.NewBool(b), Typ: boolType, Pos: -1} }

// NullOf returns the NULL of a type.
func NullOf(t types.Type) *Const { return &Const{Value: types.Null, Typ: t, Pos: -1} }

// pos returns where e stands in the statement, or -1.
func pos(e Expr) int {
	switch e := e.(type) {
	case *Const:
		return e.Pos
	case *Param:
		return e.Pos
	case *Call:
		return e.Pos
	case *Cast:
		return e.Pos
	case *Subplan:
		return e.Pos
	}
	return -1
}

// canCoerce reports whether a value of type from converts to type to.
func canCoerce(from, to types.OID, how Conversion) bool {
	if from == to || from == types.UnknownOID || to == types.AnyOID {
		return true
	}
	if to == types.UnknownOID {
		return false
	}
	if from == types.RecordOID || to == types.RecordOID {
		return false
	}
	fe, fa := types.ElemOf(from)
	te, ta := types.ElemOf(to)
	// Vectors are arrays as sources only: as targets they would capture what real
	// array types are meant for.
	if fa && ta && to != types.Int2VectorOID && to != types.OidVectorOID {
		return canCoerce(fe, te, how)
	}
	if ctx, ok := types.CastContext(from, to); ok {
		switch ctx {
		case 'i':
			return true
		case 'a':
			return how >= Assignment
		default:
			return how == Explicit
		}
	}
	// Conversion through text: to a string type on assignment, from one explicitly.
	if types.Category(to) == 'S' && types.Category(from) != 'P' {
		return how >= Assignment
	}
	if types.Category(from) == 'S' && types.Category(to) != 'P' {
		return how == Explicit
	}
	return false
}

// CanCoerce reports whether a value of type from converts to type to.
func CanCoerce(from, to types.OID, how Conversion) bool { return canCoerce(from, to, how) }

// Coerce converts e to type to, or returns nil if there is no such conversion.
func (r *Resolver) Coerce(e Expr, to types.Type, how Conversion) (Expr, error) {
	from := e.Type()
	switch e := e.(type) {
	case *Const:
		if from.OID == types.UnknownOID && to.OID != types.UnknownOID {
			if types.IsPolymorphic(to.OID) || to.OID == types.AnyOID {
				return &Const{Value: e.Value, Typ: types.TextOID.Type(), Pos: e.Pos}, nil
			}
			return r.literal(e, to, how)
		}
	case *Param:
		if from.OID == types.UnknownOID && to.OID != types.UnknownOID {
			if e.types != nil {
				(*e.types)[e.Idx] = to.OID.Type()
			}
			from = to.OID.Type()
		}
	}
	if from == to || (from.OID == to.OID && to.Typmod < 0) {
		return e, nil
	}
	if to.OID == types.AnyOID || types.IsPolymorphic(to.OID) {
		return e, nil
	}
	if row, ok := e.(*Row); ok && to.OID == types.RecordOID {
		return row, nil
	}
	if !canCoerce(from.OID, to.OID, how) {
		return nil, nil
	}
	if k, ok := e.(*Const); ok && k.Value.IsNull() {
		return &Const{Typ: to, Pos: k.Pos}, nil
	}
	cast := &Cast{Arg: e, To: to, Explicit: how == Explicit, Pos: pos(e), Implicit: how == Implicit}
	if k, ok := e.(*Const); ok && !r.KeepCasts && !isReg(to.OID) && !isReg(from.OID) {
		// Fold, so that index bounds and IN lists see constants; an error waits for the run.
		if d, err := castDatum(&Ctx{Format: r.Format}, k.Value, from, to, how == Explicit); err == nil {
			return &Const{Value: d, Typ: to, Pos: k.Pos}, nil
		}
	}
	return cast, nil
}

func isReg(o types.OID) bool {
	switch o {
	case types.RegclassOID, types.RegtypeOID, types.RegprocOID, types.RegprocedureOID, types.RegoperOID,
		types.RegoperatorOID, types.RegnamespaceOID, types.RegroleOID, types.RegcollationOID:
		return true
	}
	return false
}

// literal reads an untyped literal as type to.
func (r *Resolver) literal(k *Const, to types.Type, how Conversion) (Expr, error) {
	if k.Value.IsNull() {
		return &Const{Typ: to, Pos: k.Pos}, nil
	}
	if isReg(to.OID) {
		return &Cast{Arg: &Const{Value: k.Value, Typ: types.TextOID.Type(), Pos: k.Pos}, To: to, Explicit: true, Pos: k.Pos, Implicit: how == Implicit}, nil
	}
	// The modifier is applied as a cast does: an explicit one cuts, others complain.
	d, err := types.ParseText(to.OID.Type(), k.Value.Text(), r.Format)
	if err != nil {
		return nil, sqlerr.At(err, k.Pos)
	}
	e := &Const{Value: d, Typ: to.OID.Type(), Pos: k.Pos}
	if to.Typmod < 0 {
		return e, nil
	}
	return r.Coerce(e, to, how)
}

// CoerceOrError is Coerce with PostgreSQL's error when there is no conversion.
func (r *Resolver) CoerceOrError(e Expr, to types.Type, how Conversion, at int) (Expr, error) {
	out, err := r.Coerce(e, to, how)
	if err != nil {
		return nil, err
	}
	if out == nil {
		return nil, sqlerr.New(sqlerr.CannotCoerce, "cannot cast type %s to %s", e.Type().OID, to.OID).At(at)
	}
	return out, nil
}

// CoerceBool converts e to boolean for a clause (WHERE, AND, CASE/WHEN…).
func (r *Resolver) CoerceBool(e Expr, clause string, at int) (Expr, error) {
	out, err := r.Coerce(e, boolType, Implicit)
	if err != nil {
		return nil, err
	}
	if out == nil {
		return nil, sqlerr.New(sqlerr.DatatypeMismatch, "argument of %s must be type boolean, not type %s", clause, e.Type()).At(at)
	}
	return out, nil
}

// CommonType finds the type that all expressions of a construct (UNION, CASE,
// ARRAY, VALUES, IN, COALESCE…) share, as select_common_type does.
func (r *Resolver) CommonType(es []Expr, context string, at int) (types.Type, error) {
	if len(es) == 0 {
		return types.TextOID.Type(), nil
	}
	first := es[0].Type()
	same := first.OID != types.UnknownOID
	for _, e := range es[1:] {
		if e.Type().OID != first.OID {
			same = false
		}
	}
	if same {
		for _, e := range es[1:] {
			if e.Type().Typmod != first.Typmod {
				return first.OID.Type(), nil
			}
		}
		return first, nil
	}
	var p types.OID
	for _, e := range es {
		n := e.Type().OID
		switch {
		case n == types.UnknownOID || n == p:
		case p == 0:
			p = n
		case types.Category(n) != types.Category(p):
			position := at
			if q := pos(e); q >= 0 {
				position = q
			}
			return types.Type{}, sqlerr.New(sqlerr.DatatypeMismatch, "%s types %s and %s cannot be matched", context, p, n).At(position)
		case !types.IsPreferred(p) && canCoerce(p, n, Implicit) && !canCoerce(n, p, Implicit):
			p = n
		}
	}
	if p == 0 {
		p = types.TextOID
	}
	return p.Type(), nil
}

// Unify converts all expressions to their common type.
func (r *Resolver) Unify(es []Expr, context string, at int) (types.Type, error) {
	t, err := r.CommonType(es, context, at)
	if err != nil {
		return t, err
	}
	for i, e := range es {
		c, err := r.Coerce(e, t, Implicit)
		if err != nil {
			return t, err
		}
		if c == nil {
			return t, sqlerr.New(sqlerr.CannotCoerce, "%s could not convert type %s to %s", context, e.Type().OID, t.OID).At(at)
		}
		es[i] = c
	}
	return t, nil
}

// Op binds a binary operator.
func (r *Resolver) Op(op string, left, right Expr, at int) (*Call, error) {
	lt, rt := left.Type().OID, right.Type().OID
	f, err := pickOperator(op, lt, rt)
	if err != nil {
		return nil, sqlerr.At(err, at)
	}
	if f == nil {
		return nil, sqlerr.New(sqlerr.UndefinedFunction, "operator does not exist: %s %s %s", left.Type().OID, op, right.Type().OID).
			WithHint("No operator matches the given name and argument types. You might need to add explicit type casts.").At(at)
	}
	return r.apply(f, op, []Expr{left, right}, at)
}

// Prefix binds a prefix operator.
func (r *Resolver) Prefix(op string, arg Expr, at int) (*Call, error) {
	f, _, err := pick(operators[op], []types.OID{arg.Type().OID})
	if err != nil {
		return nil, sqlerr.New(sqlerr.AmbiguousFunction, "operator is not unique: %s %s", op, arg.Type().OID).
			WithHint("Could not choose a best candidate operator. You might need to add explicit type casts.").At(at)
	}
	if f == nil {
		return nil, sqlerr.New(sqlerr.UndefinedFunction, "operator does not exist: %s %s", op, arg.Type().OID).
			WithHint("No operator matches the given name and argument type. You might need to add an explicit type cast.").At(at)
	}
	return r.apply(f, op, []Expr{arg}, at)
}

// pickOperator chooses a binary operator: an untyped literal beside a value of
// known type is first taken for that type.
func pickOperator(op string, lt, rt types.OID) (*Func, error) {
	cands := operators[op]
	if lt == types.UnknownOID && rt != types.UnknownOID {
		if f := exact(cands, []types.OID{rt, rt}); f != nil {
			return f, nil
		}
	} else if rt == types.UnknownOID && lt != types.UnknownOID {
		if f := exact(cands, []types.OID{lt, lt}); f != nil {
			return f, nil
		}
	}
	f, _, err := pick(cands, []types.OID{lt, rt})
	if err != nil {
		return nil, sqlerr.New(sqlerr.AmbiguousFunction, "operator is not unique: %s %s %s", lt, op, rt).
			WithHint("Could not choose a best candidate operator. You might need to add explicit type casts.")
	}
	return f, nil
}

// Call binds a function call. names are the argument types for the message.
func (r *Resolver) Call(name string, args []Expr, variadic bool, at int) (*Call, error) {
	oids := make([]types.OID, len(args))
	for i, a := range args {
		oids[i] = a.Type().OID
	}
	cands := functions[name]
	if variadic {
		var keep []*Func
		for _, f := range cands {
			if f.Variadic {
				keep = append(keep, f)
			}
		}
		cands = keep
		if len(oids) > 0 {
			if el, ok := types.ElemOf(oids[len(oids)-1]); ok {
				oids[len(oids)-1] = el
			}
		}
	}
	f, _, err := pick(cands, oids)
	if err != nil {
		return nil, sqlerr.New(sqlerr.AmbiguousFunction, "function %s is not unique", Signature(name, typeOIDs(args))).
			WithHint("Could not choose a best candidate function. You might need to add explicit type casts.").At(at)
	}
	if f == nil {
		return nil, noFunction(name, args, at)
	}
	if variadic {
		c := &Call{Fn: f, Args: args, Typ: f.Ret.Type(), Pos: at, Variadic: true}
		for i := range len(args) - 1 {
			if c.Args[i], err = r.CoerceOrError(args[i], f.Args[i].Type(), Implicit, at); err != nil {
				return nil, err
			}
		}
		return c, nil
	}
	return r.apply(f, "", args, at)
}

func noFunction(name string, args []Expr, at int) error {
	return sqlerr.New(sqlerr.UndefinedFunction, "function %s does not exist", Signature(name, typeOIDs(args))).
		WithHint("No function matches the given name and argument types. You might need to add explicit type casts.").At(at)
}

func typeOIDs(args []Expr) []types.OID {
	oids := make([]types.OID, len(args))
	for i, a := range args {
		oids[i] = a.Type().OID
	}
	return oids
}

// Aggregate binds a call of an aggregate function.
func (r *Resolver) Aggregate(name string, args []Expr, at int) (*AggCall, error) {
	oids := typeOIDs(args)
	fs := make([]*Func, len(aggregates[name]))
	for i, a := range aggregates[name] {
		fs[i] = &Func{Name: a.Name, Args: a.Args, Ret: a.Ret}
	}
	f, idx, err := pick(fs, oids)
	if err != nil {
		return nil, sqlerr.New(sqlerr.AmbiguousFunction, "function %s is not unique", Signature(name, oids)).
			WithHint("Could not choose a best candidate function. You might need to add explicit type casts.").At(at)
	}
	if f == nil {
		return nil, noFunction(name, args, at)
	}
	agg := aggregates[name][idx]
	f.RetType = agg.RetType
	call, err := r.apply(f, "", args, at)
	if err != nil {
		return nil, err
	}
	return &AggCall{Agg: agg, Args: call.Args, Typ: call.Typ, Pos: at}, nil
}

// apply converts the arguments to what f takes and settles polymorphic types.
func (r *Resolver) apply(f *Func, op string, args []Expr, at int) (*Call, error) {
	want := make([]types.OID, len(args))
	for i := range args {
		want[i] = f.arg(i)
	}
	elem, ret, err := settle(f, want, typeOIDs(args))
	if err != nil {
		return nil, sqlerr.At(err, at)
	}
	out := make([]Expr, len(args))
	for i, a := range args {
		t := want[i]
		if t == types.AnyOID {
			if a.Type().OID == types.UnknownOID {
				t = types.TextOID
			} else {
				out[i] = a
				continue
			}
		}
		c, err := r.Coerce(a, t.Type(), Implicit)
		if err != nil {
			return nil, err
		}
		if c == nil {
			return nil, noFunction(f.Name, args, at)
		}
		out[i] = c
	}
	call := &Call{Fn: f, Args: out, Typ: ret.Type(), Op: op, Pos: at}
	if f.RetType != nil {
		call.Typ = f.RetType(out)
	}
	_ = elem
	return call, nil
}

// arg returns the declared type of argument i, counting variadic ones.
func (f *Func) arg(i int) types.OID {
	if f.Variadic && i >= len(f.Args)-1 {
		return f.Args[len(f.Args)-1]
	}
	return f.Args[i]
}

// settle replaces the polymorphic types in want, given the actual types, and
// returns the element type and the result type.
func settle(f *Func, want, have []types.OID) (elem, ret types.OID, err error) {
	poly := types.IsPolymorphic(f.Ret)
	for _, w := range want {
		poly = poly || types.IsPolymorphic(w)
	}
	if !poly {
		return 0, f.Ret, nil
	}
	for i, w := range want {
		h := have[i]
		if h == types.UnknownOID {
			continue
		}
		var e types.OID
		switch w {
		case types.AnyElementOID, types.AnyNonArrayOID, types.AnyCompatibleOID, types.AnyCompatibleNonArrayOID:
			e = h
		case types.AnyArrayOID, types.AnyCompatibleArrayOID:
			var ok bool
			if e, ok = types.ElemOf(h); !ok {
				return 0, 0, sqlerr.New(sqlerr.DatatypeMismatch, "argument declared %s is not an array but type %s", w, h)
			}
		default:
			continue
		}
		switch {
		case elem == 0 || elem == e:
			elem = e
		case w == types.AnyCompatibleOID || w == types.AnyCompatibleArrayOID:
			if canCoerce(elem, e, Implicit) {
				elem = e
			}
		default:
			return 0, 0, sqlerr.New(sqlerr.DatatypeMismatch, "arguments declared \"%s\" are not all alike", w).WithDetail("%s versus %s", elem, e)
		}
	}
	if elem == 0 {
		for _, w := range want {
			if types.IsPolymorphic(w) {
				if w == types.AnyCompatibleOID || w == types.AnyCompatibleArrayOID {
					elem = types.TextOID
					break
				}
				return 0, 0, sqlerr.New(sqlerr.DatatypeMismatch, "could not determine polymorphic type because input has type unknown")
			}
		}
	}
	arr, _ := types.ArrayOf(elem)
	sub := func(o types.OID) types.OID {
		switch o {
		case types.AnyElementOID, types.AnyNonArrayOID, types.AnyCompatibleOID, types.AnyCompatibleNonArrayOID:
			return elem
		case types.AnyArrayOID, types.AnyCompatibleArrayOID:
			return arr
		}
		return o
	}
	for i, w := range want {
		want[i] = sub(w)
		if have[i] != types.UnknownOID && (w == types.AnyArrayOID || w == types.AnyCompatibleArrayOID) && elem != 0 {
			if e, ok := types.ElemOf(have[i]); ok && e == elem {
				want[i] = have[i]
			}
		}
	}
	return elem, sub(f.Ret), nil
}

func exact(cands []*Func, have []types.OID) *Func {
	f, _ := exactIdx(cands, have)
	return f
}

func exactIdx(cands []*Func, have []types.OID) (*Func, int) {
next:
	for i, f := range cands {
		if len(f.Args) != len(have) || f.Variadic {
			continue
		}
		for k, h := range have {
			if f.Args[k] != h {
				continue next
			}
		}
		return f, i
	}
	return nil, -1
}

var errAmbiguous = fmt.Errorf("ambiguous")

// accepts reports whether overload f can take arguments of the types have.
func accepts(f *Func, have []types.OID) bool {
	n := len(have)
	switch {
	case f.Variadic:
		fixed := len(f.Args) - 1
		if n <= fixed {
			return false
		}
	case n > len(f.Args) || n < len(f.Args)-f.Defaults:
		return false
	}
	var elem types.OID
	for i, h := range have {
		w := f.arg(i)
		switch w {
		case types.AnyOID:
			continue
		case types.AnyElementOID, types.AnyNonArrayOID, types.AnyCompatibleOID, types.AnyCompatibleNonArrayOID:
			if h == types.UnknownOID {
				continue
			}
			if w == types.AnyNonArrayOID && types.IsArray(h) {
				return false
			}
			if elem != 0 && elem != h && (w == types.AnyElementOID || w == types.AnyNonArrayOID || (!canCoerce(h, elem, Implicit) && !canCoerce(elem, h, Implicit))) {
				return false
			}
			elem = h
			continue
		case types.AnyArrayOID, types.AnyCompatibleArrayOID:
			if h == types.UnknownOID {
				continue
			}
			e, ok := types.ElemOf(h)
			if !ok || (elem != 0 && elem != e && (w == types.AnyArrayOID || (!canCoerce(e, elem, Implicit) && !canCoerce(elem, e, Implicit)))) {
				return false
			}
			elem = e
			continue
		}
		if !canCoerce(h, w, Implicit) {
			return false
		}
	}
	return true
}

// pick chooses among overloads as func_select_candidate does. It returns nil
// without an error if none fits, and errAmbiguous if several do equally well.
func pick(cands []*Func, have []types.OID) (*Func, int, error) {
	if f, i := exactIdx(cands, have); f != nil {
		return f, i, nil
	}
	var live []int
	for i, f := range cands {
		if accepts(f, have) {
			live = append(live, i)
		}
	}
	if len(live) == 0 {
		return nil, -1, nil
	}
	one := func() (*Func, int, bool) {
		if len(live) == 1 {
			return cands[live[0]], live[0], true
		}
		return nil, -1, false
	}
	if f, i, ok := one(); ok {
		return f, i, nil
	}
	best := func(score func(f *Func) int) {
		most := -1
		var keep []int
		for _, i := range live {
			switch s := score(cands[i]); {
			case s > most:
				most, keep = s, []int{i}
			case s == most:
				keep = append(keep, i)
			}
		}
		live = keep
	}
	// Most exact matches, domains aside.
	best(func(f *Func) int {
		n := 0
		for i, h := range have {
			if h != types.UnknownOID && f.arg(i) == h {
				n++
			}
		}
		return n
	})
	if f, i, ok := one(); ok {
		return f, i, nil
	}
	// Most exact or preferred types where a conversion is needed.
	best(func(f *Func) int {
		n := 0
		for i, h := range have {
			if h == types.UnknownOID {
				continue
			}
			w := f.arg(i)
			if w == h || (types.Category(w) == types.Category(h) && types.IsPreferred(w)) {
				n++
			}
		}
		return n
	})
	if f, i, ok := one(); ok {
		return f, i, nil
	}
	unknown := false
	for _, h := range have {
		unknown = unknown || h == types.UnknownOID
	}
	if !unknown {
		return tie(cands, live)
	}
	// Untyped arguments: string if any candidate takes one, else the one category they agree on.
	resolved := true
	category := make([]byte, len(have))
	preferred := make([]bool, len(have))
	for i, h := range have {
		if h != types.UnknownOID {
			continue
		}
		var cat byte
		conflict, hasString := false, false
		for _, k := range live {
			w := cands[k].arg(i)
			c := types.Category(w)
			if c == 'S' {
				hasString = true
			}
			switch {
			case cat == 0:
				cat, preferred[i] = c, types.IsPreferred(w)
			case cat == c:
				preferred[i] = preferred[i] || types.IsPreferred(w)
			default:
				conflict = true
			}
		}
		if hasString {
			cat, conflict = 'S', false
			preferred[i] = false
			for _, k := range live {
				w := cands[k].arg(i)
				preferred[i] = preferred[i] || (types.Category(w) == 'S' && types.IsPreferred(w))
			}
		}
		if conflict {
			resolved = false
			break
		}
		category[i] = cat
	}
	if resolved {
		var keep []int
	next:
		for _, k := range live {
			for i, h := range have {
				if h != types.UnknownOID {
					continue
				}
				w := cands[k].arg(i)
				if types.Category(w) != category[i] || (preferred[i] && !types.IsPreferred(w)) {
					continue next
				}
			}
			keep = append(keep, k)
		}
		if len(keep) > 0 {
			live = keep
		}
		if f, i, ok := one(); ok {
			return f, i, nil
		}
	}
	// Untyped arguments are taken to be of the one known type.
	var known types.OID
	for _, h := range have {
		if h == types.UnknownOID || h == known {
			continue
		}
		if known != 0 {
			return tie(cands, live)
		}
		known = h
	}
	if known != 0 {
		all := make([]types.OID, len(have))
		for i := range all {
			all[i] = known
		}
		var keep []int
		for _, k := range live {
			if accepts(cands[k], all) {
				keep = append(keep, k)
			}
		}
		if len(keep) == 1 {
			return cands[keep[0]], keep[0], nil
		}
	}
	return tie(cands, live)
}

// tie prefers a candidate without polymorphic or variadic arguments, as
// PostgreSQL's search order comes to; otherwise the call is ambiguous.
func tie(cands []*Func, live []int) (*Func, int, error) {
	var plain []int
	for _, k := range live {
		f := cands[k]
		poly := f.Variadic
		for _, a := range f.Args {
			poly = poly || types.IsPolymorphic(a) || a == types.AnyOID
		}
		if !poly {
			plain = append(plain, k)
		}
	}
	if len(plain) == 1 {
		return cands[plain[0]], plain[0], nil
	}
	return nil, -1, errAmbiguous
}
