package planner

import (
	"strings"

	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// bindExpr gives an expression its meaning in scope s.
func (r *run) bindExpr(s *scope, e parser.Expr) (Expr, error) {
	x, err := r.bindNode(s, e)
	if r.env.Trace != nil && err == nil {
		r.env.Trace.note(e, x)
	}
	return x, err
}

func (r *run) bindNode(s *scope, e parser.Expr) (Expr, error) {
	if r.depth > 5000 {
		return nil, sqlerr.New(sqlerr.StatementTooComplex, "stack depth limit exceeded").
			WithHint("Simplify the expression.")
	}
	r.depth++
	defer func() { r.depth-- }()
	switch e := e.(type) {
	case *parser.ColumnRef:
		if e.Star {
			return nil, sqlerr.New(sqlerr.SyntaxError, "row expansion via \"*\" is not supported here").At(e.Pos)
		}
		return r.resolve(s, e)
	case *parser.ParamRef:
		return r.res.Param(e.Number, e.Pos)
	case *parser.IntLit:
		t := types.Int4OID
		if int64(int32(e.Value)) != e.Value {
			t = types.Int8OID
		}
		return &expr.Const{Value: types.NewInt(e.Value), Typ: t.Type(), Pos: e.Pos}, nil
	case *parser.NumLit:
		d, err := types.ParseText(types.NumericOID.Type(), e.Text, r.env.Format)
		if err != nil {
			return nil, sqlerr.At(err, e.Pos)
		}
		return &expr.Const{Value: d, Typ: types.NumericOID.Type(), Pos: e.Pos}, nil
	case *parser.StringLit:
		return &expr.Const{Value: types.NewText(e.Value), Typ: types.UnknownOID.Type(), Pos: e.Pos}, nil
	case *parser.BoolLit:
		return &expr.Const{Value: types.NewBool(e.Value), Typ: types.BoolOID.Type(), Pos: e.Pos}, nil
	case *parser.NullLit:
		return &expr.Const{Typ: types.UnknownOID.Type(), Pos: e.Pos}, nil
	case *parser.DefaultExpr:
		return nil, sqlerr.New(sqlerr.SyntaxError, "DEFAULT is not allowed in this context").At(e.Pos)
	case *parser.TypedLit:
		t, err := r.bindType(&e.Type)
		if err != nil {
			return nil, err
		}
		lit := &expr.Const{Value: types.NewText(e.Value), Typ: types.UnknownOID.Type(), Pos: e.Pos}
		if t.OID == types.IntervalOID && t.Typmod >= 0 {
			d, err := types.ParseText(t, e.Value, r.env.Format)
			if err != nil {
				return nil, sqlerr.At(err, e.Pos)
			}
			return &expr.Const{Value: d, Typ: t, Pos: e.Pos}, nil
		}
		return r.res.CoerceOrError(lit, t, expr.Explicit, e.Pos)
	case *parser.UnaryOp:
		arg, err := r.bindExpr(s, e.Arg)
		if err != nil {
			return nil, err
		}
		if err := operatorSchema(e.Schema, e.Op, e.Pos); err != nil {
			return nil, err
		}
		return exprOrNil(r.res.Prefix(e.Op, arg, e.Pos))
	case *parser.BinaryOp:
		return r.bindBinary(s, e)
	case *parser.AndExpr:
		args, err := r.bindBools(s, e.Args, "AND")
		if err != nil {
			return nil, err
		}
		return &expr.And{Args: args}, nil
	case *parser.OrExpr:
		args, err := r.bindBools(s, e.Args, "OR")
		if err != nil {
			return nil, err
		}
		return &expr.Or{Args: args}, nil
	case *parser.NotExpr:
		args, err := r.bindBools(s, []parser.Expr{e.Arg}, "NOT")
		if err != nil {
			return nil, err
		}
		return &expr.Not{Arg: args[0]}, nil
	case *parser.IsNull:
		arg, err := r.bindExpr(s, e.Arg)
		if err != nil {
			return nil, err
		}
		if arg, err = r.settleUnknown(arg); err != nil {
			return nil, err
		}
		return &expr.IsNull{Arg: arg, Not: e.Not}, nil
	case *parser.IsBool:
		arg, err := r.bindExpr(s, e.Arg)
		if err != nil {
			return nil, err
		}
		name := "IS "
		if e.Not {
			name = "IS NOT "
		}
		if arg, err = r.res.CoerceBool(arg, name+e.Test.String(), e.Arg.Position()); err != nil {
			return nil, err
		}
		return &expr.BoolTest{Arg: arg, Want: "tfu"[e.Test], Not: e.Not}, nil
	case *parser.IsDistinct:
		return r.bindDistinct(s, e)
	case *parser.Between:
		return r.bindBetween(s, e)
	case *parser.InList:
		return r.bindInList(s, e)
	case *parser.InSubquery:
		sub, err := r.bindAny(s, e.Arg, "=", false, e.Query, e.Pos)
		if err != nil {
			return nil, err
		}
		if e.Not {
			return &expr.Not{Arg: sub}, nil
		}
		return sub, nil
	case *parser.AnyAll:
		if e.Query != nil {
			return r.bindAny(s, e.Left, e.Op, e.All, e.Query, e.Pos)
		}
		return r.bindAnyArray(s, e)
	case *parser.Like:
		return r.bindLike(s, e)
	case *parser.Exists:
		n, _, err := r.bindSelect(&scope{outer: s}, e.Query, true)
		if err != nil {
			return nil, err
		}
		return r.subplan(&expr.Subplan{Kind: expr.SubplanExists, Plan: n, Typ: types.BoolOID.Type(), Pos: e.Pos}), nil
	case *parser.ScalarSubquery:
		n, cols, err := r.bindSelect(&scope{outer: s}, e.Query, true)
		if err != nil {
			return nil, err
		}
		if len(cols) != 1 {
			return nil, sqlerr.New(sqlerr.SyntaxError, "subquery must return only one column").At(e.Pos)
		}
		return r.subplan(&expr.Subplan{Kind: expr.SubplanScalar, Plan: n, Typ: cols[0].Type, Pos: e.Pos, RowCols: []ColID{cols[0].ID}}), nil
	case *parser.ArraySubquery:
		n, cols, err := r.bindSelect(&scope{outer: s}, e.Query, true)
		if err != nil {
			return nil, err
		}
		if len(cols) != 1 {
			return nil, sqlerr.New(sqlerr.SyntaxError, "subquery must return only one column").At(e.Pos)
		}
		arr, ok := types.ArrayOf(cols[0].Type.OID)
		if !ok {
			return nil, sqlerr.New(sqlerr.UndefinedObject, "could not find array type for data type %s", cols[0].Type.OID).At(e.Pos)
		}
		return r.subplan(&expr.Subplan{Kind: expr.SubplanArray, Plan: n, Typ: arr.Type(), Pos: e.Pos, RowCols: []ColID{cols[0].ID}}), nil
	case *parser.ArrayLit:
		return r.bindArray(s, e, types.Type{})
	case *parser.RowExpr:
		row := &expr.Row{}
		for i, a := range e.Args {
			x, err := r.bindExpr(s, a)
			if err != nil {
				return nil, err
			}
			if x, err = r.settleUnknown(x); err != nil {
				return nil, err
			}
			row.Items = append(row.Items, x)
			row.Names = append(row.Names, "f"+itoa(i+1))
		}
		return row, nil
	case *parser.FuncCall:
		return r.bindCall(s, e)
	case *parser.Coalesce:
		args, err := r.bindList(s, e.Args)
		if err != nil {
			return nil, err
		}
		t, err := r.res.Unify(args, "COALESCE", e.Pos)
		if err != nil {
			return nil, err
		}
		return &expr.Coalesce{Args: args, Typ: t}, nil
	case *parser.MinMax:
		name := "GREATEST"
		if e.Least {
			name = "LEAST"
		}
		args, err := r.bindList(s, e.Args)
		if err != nil {
			return nil, err
		}
		t, err := r.res.Unify(args, name, e.Pos)
		if err != nil {
			return nil, err
		}
		return &expr.MinMax{Args: args, Greatest: !e.Least, Typ: t}, nil
	case *parser.NullIf:
		args, err := r.bindList(s, []parser.Expr{e.Left, e.Right})
		if err != nil {
			return nil, err
		}
		eq, err := r.res.Op("=", args[0], args[1], e.Pos)
		if err != nil {
			return nil, err
		}
		return &expr.NullIf{Eq: eq, Typ: eq.Args[0].Type()}, nil
	case *parser.SessionValue:
		return r.bindSessionValue(e)
	case *parser.Grouping:
		return r.bindGrouping(s, e)
	case *parser.Collate:
		arg, err := r.bindExpr(s, e.Arg)
		if err != nil {
			return nil, err
		}
		if arg, err = r.settleUnknown(arg); err != nil {
			return nil, err
		}
		if err := CheckCollation(e.Collation); err != nil {
			return nil, err
		}
		if c := types.Category(arg.Type().OID); c != 'S' {
			return nil, sqlerr.New(sqlerr.DatatypeMismatch, "collations are not supported by type %s", arg.Type().OID).At(e.Pos)
		}
		return arg, nil
	case *parser.Cast:
		t, err := r.bindType(&e.Type)
		if err != nil {
			return nil, err
		}
		if lit, ok := e.Arg.(*parser.ArrayLit); ok && types.IsArray(t.OID) {
			arg, err := r.bindArray(s, lit, t)
			if err != nil {
				return nil, err
			}
			return r.res.CoerceOrError(arg, t, expr.Explicit, e.Pos)
		}
		arg, err := r.bindExpr(s, e.Arg)
		if err != nil {
			return nil, err
		}
		return r.res.CoerceOrError(arg, t, expr.Explicit, e.Pos)
	case *parser.Case:
		return r.bindCase(s, e)
	case *parser.Subscript:
		return r.bindSubscript(s, e)
	case *parser.Slice:
		arg, err := r.bindExpr(s, e.Arg)
		if err != nil {
			return nil, err
		}
		if !types.IsArray(arg.Type().OID) {
			return nil, sqlerr.New(sqlerr.DatatypeMismatch, "cannot subscript type %s because it does not support subscripting", arg.Type().OID).At(e.Pos)
		}
		sub := &expr.Subscript{Arg: arg, Typ: arg.Type(), Slice: true, Index: make([]Expr, 1), Lower: make([]Expr, 1)}
		for i, b := range []parser.Expr{e.Low, e.High} {
			if b == nil {
				continue
			}
			x, err := r.bindExpr(s, b)
			if err != nil {
				return nil, err
			}
			if x, err = r.res.CoerceOrError(x, types.Int4OID.Type(), expr.Assignment, b.Position()); err != nil {
				return nil, err
			}
			if i == 0 {
				sub.Lower[0] = x
			} else {
				sub.Index[0] = x
			}
		}
		return sub, nil
	case *parser.FieldSelect:
		return r.bindField(s, e)
	case *parser.NamedArg:
		return nil, sqlerr.New(sqlerr.SyntaxError, "named arguments are only allowed in function calls").At(e.Pos)
	case *parser.CurrentOf:
		return nil, sqlerr.Unsupported("WHERE CURRENT OF").At(e.Pos)
	}
	return nil, sqlerr.Unsupported("this kind of expression (%s)", strings.TrimPrefix(strings.ToLower(typeName(e)), "*parser.")).At(e.Position())
}

// exprOrNil keeps a nil *Call from becoming a non-nil Expr.
func exprOrNil(c *expr.Call, err error) (Expr, error) {
	if err != nil {
		return nil, err
	}
	return c, nil
}

// CheckCollation accepts the collations that are bytewise.
func CheckCollation(name parser.QName) error {
	switch name.Name {
	case "C", "POSIX", "default", "ucs_basic":
		if name.Schema == "" || name.Schema == "pg_catalog" {
			return nil
		}
	}
	return sqlerr.New(sqlerr.UndefinedObject, "collation %q for encoding \"UTF8\" does not exist", name.String()).At(name.Pos)
}

// settleUnknown makes an untyped literal text, where PostgreSQL does so.
func (r *run) settleUnknown(e Expr) (Expr, error) {
	if e.Type().OID == types.UnknownOID {
		if _, ok := e.(*expr.Param); ok {
			return e, nil
		}
		return r.res.Coerce(e, types.TextOID.Type(), expr.Implicit)
	}
	return e, nil
}

func (r *run) bindList(s *scope, es []parser.Expr) ([]Expr, error) {
	out := make([]Expr, 0, len(es))
	for _, e := range es {
		x, err := r.bindExpr(s, e)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

func (r *run) bindBools(s *scope, es []parser.Expr, clause string) ([]Expr, error) {
	out := make([]Expr, 0, len(es))
	for _, e := range es {
		x, err := r.bindExpr(s, e)
		if err != nil {
			return nil, err
		}
		if x, err = r.res.CoerceBool(x, clause, e.Position()); err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

func operatorSchema(schema, op string, pos int) error {
	if schema != "" && schema != "pg_catalog" {
		return sqlerr.New(sqlerr.UndefinedFunction, "operator does not exist: %s.%s", schema, op).At(pos)
	}
	return nil
}

func (r *run) bindBinary(s *scope, e *parser.BinaryOp) (Expr, error) {
	if err := operatorSchema(e.Schema, e.Op, e.Pos); err != nil {
		return nil, err
	}
	// Left-deep chains (a + b + c …) are bound without recursion on the left.
	var chain []*parser.BinaryOp
	var left parser.Expr = e
	for {
		b, ok := left.(*parser.BinaryOp)
		if !ok || len(chain) > 0 && b.Schema != "" {
			break
		}
		chain = append(chain, b)
		left = b.Left
	}
	acc, err := r.bindExpr(s, left)
	if err != nil {
		return nil, err
	}
	for i := len(chain) - 1; i >= 0; i-- {
		b := chain[i]
		right, err := r.bindExpr(s, b.Right)
		if err != nil {
			return nil, err
		}
		if acc, err = r.binary(b.Op, acc, right, b.Pos); err != nil {
			return nil, err
		}
	}
	return acc, nil
}

func (r *run) binary(op string, left, right Expr, pos int) (Expr, error) {
	lr, lok := left.(*expr.Row)
	if lok {
		switch op {
		case "=", "<>", "<", "<=", ">", ">=":
			if rr, ok := right.(*expr.Row); ok {
				return r.rowCompare(op, lr.Items, rr.Items, pos)
			}
			if sub, ok := right.(*expr.Subplan); ok && sub.Kind == expr.SubplanScalar {
				return nil, sqlerr.Unsupported("comparison of a row with a subquery").At(pos)
			}
		}
	}
	return exprOrNil(r.res.Op(op, left, right, pos))
}

func (r *run) rowCompare(op string, left, right []Expr, pos int) (Expr, error) {
	if len(left) != len(right) {
		return nil, sqlerr.New(sqlerr.SyntaxError, "unequal number of entries in row expressions").At(pos)
	}
	if len(left) == 0 {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "cannot compare rows of zero length").At(pos)
	}
	if len(left) == 1 {
		return exprOrNil(r.res.Op(op, left[0], right[0], pos))
	}
	if op == "=" {
		and := &expr.And{}
		for i := range left {
			eq, err := r.res.Op("=", left[i], right[i], pos)
			if err != nil {
				return nil, err
			}
			and.Args = append(and.Args, eq)
		}
		return and, nil
	}
	rc := &expr.RowCompare{Op: op}
	for i := range left {
		eq, err := r.res.Op("=", left[i], right[i], pos)
		if err != nil {
			return nil, err
		}
		lt, err := r.res.Op("<", left[i], right[i], pos)
		if err != nil {
			return nil, err
		}
		rc.Eq, rc.Lt = append(rc.Eq, eq), append(rc.Lt, lt)
		rc.Left, rc.Right = append(rc.Left, eq.Args[0]), append(rc.Right, eq.Args[1])
	}
	return rc, nil
}

func (r *run) bindDistinct(s *scope, e *parser.IsDistinct) (Expr, error) {
	args, err := r.bindList(s, []parser.Expr{e.Left, e.Right})
	if err != nil {
		return nil, err
	}
	lr, lok := args[0].(*expr.Row)
	rr, rok := args[1].(*expr.Row)
	if lok && rok {
		if len(lr.Items) != len(rr.Items) {
			return nil, sqlerr.New(sqlerr.SyntaxError, "unequal number of entries in row expressions").At(e.Pos)
		}
		or := &expr.Or{}
		for i := range lr.Items {
			eq, err := r.res.Op("=", lr.Items[i], rr.Items[i], e.Pos)
			if err != nil {
				return nil, err
			}
			or.Args = append(or.Args, &expr.Distinct{Eq: eq})
		}
		if e.Not {
			return &expr.Not{Arg: or}, nil
		}
		return or, nil
	}
	eq, err := r.res.Op("=", args[0], args[1], e.Pos)
	if err != nil {
		return nil, err
	}
	return &expr.Distinct{Eq: eq, Not: e.Not}, nil
}

func (r *run) bindBetween(s *scope, e *parser.Between) (Expr, error) {
	args, err := r.bindList(s, []parser.Expr{e.Arg, e.Low, e.High})
	if err != nil {
		return nil, err
	}
	within := func(lo, hi Expr) (Expr, error) {
		ge, err := r.binary(">=", args[0], lo, e.Pos)
		if err != nil {
			return nil, err
		}
		le, err := r.binary("<=", args[0], hi, e.Pos)
		if err != nil {
			return nil, err
		}
		return &expr.And{Args: []Expr{ge, le}}, nil
	}
	cond, err := within(args[1], args[2])
	if err != nil {
		return nil, err
	}
	if e.Symmetric {
		other, err := within(args[2], args[1])
		if err != nil {
			return nil, err
		}
		cond = &expr.Or{Args: []Expr{cond, other}}
	}
	if e.Not {
		cond = negate(cond)
	}
	return cond, nil
}

// negate writes NOT (a AND b) as PostgreSQL expands NOT BETWEEN, so that index
// conditions stay visible.
func negate(e Expr) Expr { return &expr.Not{Arg: e} }

func (r *run) bindInList(s *scope, e *parser.InList) (Expr, error) {
	arg, err := r.bindExpr(s, e.Arg)
	if err != nil {
		return nil, err
	}
	items, err := r.bindList(s, e.List)
	if err != nil {
		return nil, err
	}
	if _, isRow := arg.(*expr.Row); isRow {
		or := &expr.Or{}
		for _, it := range items {
			eq, err := r.binary("=", arg, it, e.Pos)
			if err != nil {
				return nil, err
			}
			or.Args = append(or.Args, eq)
		}
		var out Expr = or
		if len(or.Args) == 1 {
			out = or.Args[0]
		}
		if e.Not {
			return &expr.Not{Arg: out}, nil
		}
		return out, nil
	}
	if len(items) == 1 {
		op := "="
		if e.Not {
			op = "<>"
		}
		return exprOrNil(r.res.Op(op, arg, items[0], e.Pos))
	}
	all := append([]Expr{arg}, items...)
	t, err := r.res.CommonType(all, "IN", e.Pos)
	if err != nil {
		// No common type: each item is compared on its own, which finds the error's place.
		or := &expr.Or{}
		for _, it := range items {
			eq, err := r.res.Op("=", arg, it, e.Pos)
			if err != nil {
				return nil, err
			}
			or.Args = append(or.Args, eq)
		}
		if e.Not {
			return &expr.Not{Arg: or}, nil
		}
		return or, nil
	}
	// The items are converted to one type; the comparison may still be across types,
	// so that an index on the argument stays usable.
	it, err := r.res.CommonType(items, "IN", e.Pos)
	if err != nil {
		return nil, err
	}
	allUnknown := true
	for _, x := range items {
		allUnknown = allUnknown && x.Type().OID == types.UnknownOID
	}
	if allUnknown {
		it = t
	}
	cmp := expr.Operator("=", arg.Type().OID, it.OID)
	if cmp == nil {
		it = t.OID.Type()
		if arg, err = r.res.CoerceOrError(arg, it, expr.Implicit, e.Pos); err != nil {
			return nil, err
		}
		call, err := r.res.Op("=", arg, expr.NullOf(it), e.Pos)
		if err != nil {
			return nil, err
		}
		cmp, arg, it = call.Fn, call.Args[0], call.Args[1].Type()
	}
	for i := range items {
		if items[i], err = r.res.CoerceOrError(items[i], it.OID.Type(), expr.Implicit, e.Pos); err != nil {
			return nil, err
		}
	}
	return expr.NewInList(arg, items, cmp, e.Not, e.Pos), nil
}

func (r *run) bindAnyArray(s *scope, e *parser.AnyAll) (Expr, error) {
	args, err := r.bindList(s, []parser.Expr{e.Left, e.Array})
	if err != nil {
		return nil, err
	}
	left, array := args[0], args[1]
	if array.Type().OID == types.UnknownOID {
		lt := left.Type().OID
		if lt == types.UnknownOID {
			lt = types.TextOID
		}
		arr, ok := types.ArrayOf(lt)
		if !ok {
			return nil, sqlerr.New(sqlerr.WrongObjectType, "op ANY/ALL (array) requires array on right side").At(e.Pos)
		}
		if array, err = r.res.CoerceOrError(array, arr.Type(), expr.Implicit, e.Pos); err != nil {
			return nil, err
		}
	}
	elem, ok := types.ElemOf(array.Type().OID)
	if !ok {
		return nil, sqlerr.New(sqlerr.WrongObjectType, "op ANY/ALL (array) requires array on right side").At(e.Pos)
	}
	call, err := r.res.Op(e.Op, left, expr.NullOf(elem.Type()), e.Pos)
	if err != nil {
		return nil, err
	}
	if call.Typ.OID != types.BoolOID {
		return nil, sqlerr.New(sqlerr.WrongObjectType, "op ANY/ALL (array) requires operator to yield boolean").At(e.Pos)
	}
	if want := call.Args[1].Type().OID; want != elem {
		arr, _ := types.ArrayOf(want)
		if array, err = r.res.CoerceOrError(array, arr.Type(), expr.Implicit, e.Pos); err != nil {
			return nil, err
		}
	}
	return &expr.AnyAll{Arg: call.Args[0], Array: array, Cmp: call.Fn, Op: e.Op, All: e.All, Pos: e.Pos}, nil
}

// bindAny binds arg op ANY|ALL (subquery), and IN.
func (r *run) bindAny(s *scope, left parser.Expr, op string, all bool, query *parser.SelectStmt, pos int) (Expr, error) {
	l, err := r.bindExpr(s, left)
	if err != nil {
		return nil, err
	}
	n, cols, err := r.bindSelect(&scope{outer: s}, query, true)
	if err != nil {
		return nil, err
	}
	items := []Expr{l}
	if row, ok := l.(*expr.Row); ok {
		items = row.Items
	}
	if len(cols) < len(items) {
		return nil, sqlerr.New(sqlerr.SyntaxError, "subquery has too few columns").At(pos)
	}
	if len(cols) > len(items) {
		return nil, sqlerr.New(sqlerr.SyntaxError, "subquery has too many columns").At(pos)
	}
	sub := &expr.Subplan{Kind: expr.SubplanAny, Plan: n, Typ: types.BoolOID.Type(), Pos: pos}
	if all {
		sub.Kind = expr.SubplanAll
	}
	right := make([]Expr, len(cols))
	for i, c := range cols {
		sub.RowCols = append(sub.RowCols, c.ID)
		right[i] = r.col(c.ID, pos)
	}
	var test Expr
	if len(items) == 1 {
		call, err := r.res.Op(op, items[0], right[0], pos)
		if err != nil {
			return nil, err
		}
		test = call
	} else {
		if test, err = r.rowCompare(op, items, right, pos); err != nil {
			return nil, err
		}
	}
	sub.Test = test
	return r.subplan(sub), nil
}

func (r *run) subplan(s *expr.Subplan) *expr.Subplan {
	s.ID = len(r.subplans)
	r.subplans = append(r.subplans, s)
	return s
}

func (r *run) bindLike(s *scope, e *parser.Like) (Expr, error) {
	args, err := r.bindList(s, []parser.Expr{e.Arg, e.Pattern})
	if err != nil {
		return nil, err
	}
	op := "~~"
	switch e.Kind {
	case parser.LikeILike:
		op = "~~*"
	case parser.LikeSimilar:
		op = "~"
	}
	if e.Not {
		op = "!" + op
	}
	switch {
	case e.Kind == parser.LikeSimilar:
		esc := []Expr{args[1]}
		if e.Escape != nil {
			x, err := r.bindExpr(s, e.Escape)
			if err != nil {
				return nil, err
			}
			esc = append(esc, x)
		}
		if args[1], err = exprOrNil(r.res.Call("similar_to_escape", esc, false, e.Pos)); err != nil {
			return nil, err
		}
	case e.Escape != nil:
		x, err := r.bindExpr(s, e.Escape)
		if err != nil {
			return nil, err
		}
		if args[1], err = exprOrNil(r.res.Call("like_escape", []Expr{args[1], x}, false, e.Pos)); err != nil {
			return nil, err
		}
	}
	return exprOrNil(r.res.Op(op, args[0], args[1], e.Pos))
}

func (r *run) bindArray(s *scope, e *parser.ArrayLit, want types.Type) (Expr, error) {
	elem := types.Type{}
	if want.OID != 0 {
		o, _ := types.ElemOf(want.OID)
		elem = types.Type{OID: o, Typmod: want.Typmod}
	}
	var items []Expr
	multi := false
	for i, a := range e.Elems {
		var x Expr
		var err error
		if sub, ok := a.(*parser.ArrayLit); ok {
			x, err = r.bindArray(s, sub, want)
			multi = true
		} else {
			x, err = r.bindExpr(s, a)
			if err == nil && types.IsArray(x.Type().OID) {
				multi = i == 0 || multi
			}
		}
		if err != nil {
			return nil, err
		}
		items = append(items, x)
	}
	if len(items) == 0 {
		if want.OID == 0 {
			return nil, sqlerr.New(sqlerr.IndeterminateDatatype, "cannot determine type of empty array").
				WithHint("Explicitly cast to the desired type, for example ARRAY[]::integer[].").At(e.Pos)
		}
		return &expr.Array{Typ: want.OID.Type()}, nil
	}
	if multi {
		t := items[0].Type()
		return &expr.Array{Items: items, Typ: t.OID.Type(), Multi: true}, nil
	}
	if want.OID != 0 {
		for i, x := range items {
			c, err := r.res.CoerceOrError(x, elem, expr.Explicit, e.Pos)
			if err != nil {
				return nil, err
			}
			items[i] = c
		}
		return &expr.Array{Items: items, Typ: want.OID.Type()}, nil
	}
	t, err := r.res.Unify(items, "ARRAY", e.Pos)
	if err != nil {
		return nil, err
	}
	arr, ok := types.ArrayOf(t.OID)
	if !ok {
		return nil, sqlerr.New(sqlerr.UndefinedObject, "could not find array type for data type %s", t.OID).At(e.Pos)
	}
	return &expr.Array{Items: items, Typ: arr.Type()}, nil
}

func (r *run) bindCase(s *scope, e *parser.Case) (Expr, error) {
	c := &expr.Case{}
	if e.Arg != nil {
		arg, err := r.bindExpr(s, e.Arg)
		if err != nil {
			return nil, err
		}
		if arg, err = r.settleUnknown(arg); err != nil {
			return nil, err
		}
		c.Arg = arg
		c.Slot = &expr.CaseSlot{Typ: arg.Type(), Idx: r.slots}
		r.slots++
	}
	var results []Expr
	for _, w := range e.Whens {
		cond, err := r.bindExpr(s, w.Cond)
		if err != nil {
			return nil, err
		}
		if c.Arg != nil {
			cond, err = exprOrNil(r.res.Op("=", c.Slot, cond, w.Pos))
		} else {
			cond, err = r.res.CoerceBool(cond, "CASE/WHEN", w.Cond.Position())
		}
		if err != nil {
			return nil, err
		}
		then, err := r.bindExpr(s, w.Result)
		if err != nil {
			return nil, err
		}
		c.Whens = append(c.Whens, expr.When{Cond: cond})
		results = append(results, then)
	}
	if e.Else != nil {
		x, err := r.bindExpr(s, e.Else)
		if err != nil {
			return nil, err
		}
		// PostgreSQL looks at ELSE first when it chooses the type.
		results = append([]Expr{x}, results...)
	}
	t, err := r.res.Unify(results, "CASE", e.Pos)
	if err != nil {
		return nil, err
	}
	if e.Else != nil {
		c.Else, results = results[0], results[1:]
	}
	for i := range c.Whens {
		c.Whens[i].Then = results[i]
	}
	c.Typ = t
	return c, nil
}

func (r *run) bindSubscript(s *scope, e *parser.Subscript) (Expr, error) {
	// a[1][2] is one access with two subscripts.
	var idx []parser.Expr
	var base parser.Expr = e
	for {
		sub, ok := base.(*parser.Subscript)
		if !ok {
			break
		}
		idx = append([]parser.Expr{sub.Index}, idx...)
		base = sub.Arg
	}
	arg, err := r.bindExpr(s, base)
	if err != nil {
		return nil, err
	}
	elem, ok := types.ElemOf(arg.Type().OID)
	if arg.Type().OID == types.NameOID {
		elem, ok = types.CharOID, true
	}
	if !ok {
		return nil, sqlerr.New(sqlerr.DatatypeMismatch, "cannot subscript type %s because it does not support subscripting", arg.Type().OID).At(e.Pos)
	}
	out := &expr.Subscript{Arg: arg, Typ: types.Type{OID: elem, Typmod: arg.Type().Typmod}}
	for _, i := range idx {
		x, err := r.bindExpr(s, i)
		if err != nil {
			return nil, err
		}
		if x, err = r.res.CoerceOrError(x, types.Int4OID.Type(), expr.Assignment, i.Position()); err != nil {
			return nil, err
		}
		out.Index = append(out.Index, x)
	}
	return out, nil
}

func (r *run) bindField(s *scope, e *parser.FieldSelect) (Expr, error) {
	if ref, ok := e.Arg.(*parser.ColumnRef); ok && !ref.Star {
		if rel, err := r.findRel(s, ref.Parts, ref.Pos); err == nil {
			for _, c := range rel.cols {
				if c.name == e.Field {
					return r.col(c.id, e.Pos), nil
				}
			}
		}
	}
	arg, err := r.bindExpr(s, e.Arg)
	if err != nil {
		return nil, err
	}
	if row, ok := arg.(*expr.Row); ok {
		for i, n := range row.Names {
			if n == e.Field {
				return row.Items[i], nil
			}
		}
		return nil, sqlerr.New(sqlerr.UndefinedColumn, "could not identify column %q in record data type", e.Field).At(e.Pos)
	}
	if call, ok := arg.(*expr.Call); ok && len(call.Fn.OutTypes) > 0 {
		for i, n := range call.Fn.OutNames {
			if n == e.Field {
				return &expr.Field{Arg: arg, Idx: i, Name: n, Typ: call.Fn.OutTypes[i].Type()}, nil
			}
		}
	}
	if arg.Type().OID != types.RecordOID {
		return nil, sqlerr.New(sqlerr.WrongObjectType, "column notation .%s applied to type %s, which is not a composite type", e.Field, arg.Type().OID).At(e.Pos)
	}
	return nil, sqlerr.New(sqlerr.UndefinedColumn, "could not identify column %q in record data type", e.Field).At(e.Pos)
}

func (r *run) bindSessionValue(e *parser.SessionValue) (Expr, error) {
	c, err := r.res.Call(e.Name, nil, false, e.Pos)
	if err != nil {
		return nil, err
	}
	if e.Precision >= 0 {
		typmod, err := types.TypmodIn(c.Typ.OID, []int32{int32(min(e.Precision, 1<<30))})
		if err != nil {
			return nil, sqlerr.At(err, e.Pos)
		}
		return r.res.CoerceOrError(c, types.Type{OID: c.Typ.OID, Typmod: typmod}, expr.Explicit, e.Pos)
	}
	return c, nil
}

// bindCall binds a function or aggregate call.
func (r *run) bindCall(s *scope, e *parser.FuncCall) (Expr, error) {
	helper := e.Name.Schema == "information_schema" && strings.HasPrefix(e.Name.Name, "_pg_")
	if e.Name.Schema != "" && e.Name.Schema != "pg_catalog" && !helper {
		if r.env.Catalog.Schema(e.Name.Schema) == nil {
			return nil, sqlerr.New(sqlerr.InvalidSchemaName, "schema %q does not exist", e.Name.Schema).At(e.Pos)
		}
		args, err := r.bindList(s, e.Args)
		if err != nil {
			return nil, err
		}
		return nil, undefinedFunction(e.Name.String(), args, e.Pos)
	}
	name := e.Name.Name
	if e.Over != nil {
		return nil, sqlerr.Unsupported("window function %s() OVER", name).At(e.Pos)
	}
	if expr.IsAggregate(name) {
		return r.bindAggregate(s, e)
	}
	switch {
	case e.Star:
		return nil, sqlerr.New(sqlerr.WrongObjectType, "%s(*) specified, but %s is not an aggregate function", name, name).At(e.Pos)
	case e.Distinct:
		return nil, sqlerr.New(sqlerr.WrongObjectType, "DISTINCT specified, but %s is not an aggregate function", name).At(e.Pos)
	case e.WithinGroup:
		return nil, sqlerr.New(sqlerr.WrongObjectType, "WITHIN GROUP specified, but %s is not an aggregate function", name).At(e.Pos)
	case len(e.OrderBy) > 0:
		return nil, sqlerr.New(sqlerr.WrongObjectType, "ORDER BY specified, but %s is not an aggregate function", name).At(e.Pos)
	case e.Filter != nil:
		return nil, sqlerr.New(sqlerr.WrongObjectType, "FILTER specified, but %s is not an aggregate function", name).At(e.Pos)
	}
	var args []Expr
	var names []string
	for _, a := range e.Args {
		argName := ""
		if n, ok := a.(*parser.NamedArg); ok {
			argName, a = n.Name, n.Value
		} else if len(names) > 0 && names[len(names)-1] != "" {
			return nil, sqlerr.New(sqlerr.SyntaxError, "positional argument cannot follow named argument").At(a.Position())
		}
		x, err := r.bindExpr(s, a)
		if err != nil {
			return nil, err
		}
		args, names = append(args, x), append(names, argName)
	}
	if len(names) > 0 && names[len(names)-1] != "" {
		var err error
		if args, err = expr.OrderArgs(name, args, names); err != nil {
			return nil, sqlerr.At(err, e.Pos)
		}
	}
	// f(x) may be a cast written as a function.
	if len(args) == 1 && !expr.IsFunction(name) {
		if oid, ok := types.ByName(name); ok && !types.IsPolymorphic(oid) {
			if c, err := r.res.Coerce(args[0], oid.Type(), expr.Explicit); err == nil && c != nil {
				return c, nil
			}
		}
	}
	call, err := r.res.Call(name, args, e.Variadic, e.Pos)
	if err != nil {
		return nil, err
	}
	if call.Fn.SRF != nil && s.clause != "" && s.clause != "functions in FROM" {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "set-returning functions are not allowed in %s", s.clause).At(e.Pos)
	}
	return call, nil
}

func undefinedFunction(name string, args []Expr, pos int) error {
	oids := make([]types.OID, len(args))
	for i, a := range args {
		oids[i] = a.Type().OID
	}
	return sqlerr.New(sqlerr.UndefinedFunction, "function %s does not exist", expr.Signature(name, oids)).
		WithHint("No function matches the given name and argument types. You might need to add explicit type casts.").At(pos)
}

// bindAggregate binds an aggregate: it becomes a column of the query level's
// aggregate operator.
func (r *run) bindAggregate(s *scope, e *parser.FuncCall) (Expr, error) {
	a := s.agg
	if a == nil {
		clause := s.clause
		if clause == "" {
			clause = "this part of the query"
		}
		return nil, sqlerr.New(sqlerr.GroupingError, "aggregate functions are not allowed in %s", clause).At(e.Pos)
	}
	if a.inside {
		return nil, sqlerr.New(sqlerr.GroupingError, "aggregate function calls cannot be nested").At(e.Pos)
	}
	a.inside = true
	defer func() { a.inside = false }()
	name := e.Name.Name
	args, err := r.bindList(s, e.Args)
	if err != nil {
		return nil, err
	}
	var keys []expr.SortKey
	for _, o := range e.OrderBy {
		k, err := r.bindSortKey(s, o)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	if e.Star && name != "count" {
		if len(args) == 0 {
			return nil, sqlerr.New(sqlerr.UndefinedFunction, "function %s() does not exist", name).
				WithHint("No function matches the given name and argument types. You might need to add explicit type casts.").At(e.Pos)
		}
	}
	if len(args) == 0 && !e.Star && !e.WithinGroup && name == "count" {
		return nil, sqlerr.New(sqlerr.WrongObjectType, "count(*) must be used to call a parameterless aggregate function").At(e.Pos)
	}
	if e.WithinGroup {
		for _, k := range keys {
			args = append(args, k.Expr)
		}
	}
	call, err := r.res.Aggregate(name, args, e.Pos)
	if err != nil {
		return nil, err
	}
	if call.Agg.OrderedSet != e.WithinGroup {
		if e.WithinGroup {
			return nil, sqlerr.New(sqlerr.WrongObjectType, "%s is not an ordered-set aggregate, so it cannot have WITHIN GROUP", name).At(e.Pos)
		}
		return nil, sqlerr.New(sqlerr.WrongObjectType, "WITHIN GROUP is required for ordered-set aggregate %s", name).At(e.Pos)
	}
	call.Star, call.Distinct, call.OrderBy = e.Star, e.Distinct, keys
	if e.WithinGroup {
		for i := range keys {
			call.OrderBy[i].Expr = call.Args[call.Agg.Direct+i]
		}
	}
	if e.Distinct && len(keys) > 0 {
		for _, k := range keys {
			found := false
			for _, x := range call.Args {
				found = found || expr.Key(x) == expr.Key(k.Expr)
			}
			if !found {
				return nil, sqlerr.New(sqlerr.InvalidColumnReference, "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list").At(e.Pos)
			}
		}
	}
	if e.Filter != nil {
		f, err := r.bindExpr(s, e.Filter)
		if err != nil {
			return nil, err
		}
		if call.Filter, err = r.res.CoerceBool(f, "FILTER", e.Filter.Position()); err != nil {
			return nil, err
		}
	}
	key := aggKey(call)
	if id, ok := a.keys[key]; ok {
		return r.col(id, e.Pos), nil
	}
	id := r.newCol(aggName(call), call.Typ)
	r.cols[id].agg = true
	if a.keys == nil {
		a.keys = make(map[string]ColID)
	}
	a.keys[key] = id
	a.aggs = append(a.aggs, aggItem{id, call})
	return r.col(id, e.Pos), nil
}

// aggKey is equal for two calls that compute the same.
func aggKey(c *expr.AggCall) string {
	var b strings.Builder
	b.WriteString(c.Agg.Name)
	if c.Distinct {
		b.WriteString(" distinct")
	}
	for _, a := range c.Args {
		b.WriteString(" " + expr.Key(a) + ":" + a.Type().String())
	}
	for _, k := range c.OrderBy {
		b.WriteString(" by " + expr.Key(k.Expr))
		if k.Desc {
			b.WriteString(" desc")
		}
		if k.NullsFirst {
			b.WriteString(" nf")
		}
	}
	if c.Filter != nil {
		b.WriteString(" filter " + expr.Key(c.Filter))
	}
	return b.String()
}

// aggName writes an aggregate as EXPLAIN shows it.
func aggName(c *expr.AggCall) string {
	var b strings.Builder
	b.WriteString(c.Agg.Name + "(")
	if c.Star {
		b.WriteString("*")
	}
	if c.Distinct {
		b.WriteString("DISTINCT ")
	}
	for i, a := range c.Args {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(expr.String(a))
	}
	b.WriteString(")")
	return b.String()
}

func (r *run) bindSortKey(s *scope, o *parser.SortBy) (expr.SortKey, error) {
	x, err := r.bindExpr(s, o.Expr)
	if err != nil {
		return expr.SortKey{}, err
	}
	return r.sortKey(x, o)
}

// sortKey gives a bound expression the direction of o.
func (r *run) sortKey(x Expr, o *parser.SortBy) (expr.SortKey, error) {
	x, err := r.settleUnknown(x)
	if err != nil {
		return expr.SortKey{}, err
	}
	k := expr.SortKey{Expr: x}
	switch o.Dir {
	case parser.SortDesc:
		k.Desc = true
	case parser.SortUsing:
		switch o.UsingOp {
		case "<":
		case ">":
			k.Desc = true
		default:
			return k, sqlerr.New(sqlerr.WrongObjectType, "operator %s is not a valid ordering operator", o.UsingOp).
				WithHint("Ordering operators must be \"<\" or \">\" members of btree operator families.").At(o.Pos)
		}
	}
	k.NullsFirst = k.Desc
	switch o.Nulls {
	case parser.NullsFirst:
		k.NullsFirst = true
	case parser.NullsLast:
		k.NullsFirst = false
	}
	if !orderable(x.Type().OID) {
		return k, sqlerr.New(sqlerr.UndefinedFunction, "could not identify an ordering operator for type %s", x.Type().OID).
			WithHint("Use an explicit ordering operator or modify the query.").At(o.Expr.Position())
	}
	return k, nil
}

func orderable(o types.OID) bool {
	switch o {
	case types.JSONOID, types.ACLItemOID, types.PgNodeTreeOID, types.XidOID, types.CidOID, types.VoidOID:
		return false
	}
	return true
}
