package expr

import (
	"fmt"
	"strings"
	"time"

	"github.com/minisql/minisql/types"
)

// The library of functions and operators is written as signatures in SQL beside
// Go functions: def("left(text, int4) text", func(s string, n int64) string {…}).
// A function is strict and immutable unless its definition is followed by
// .Strict = false or .Vol = Stable.

// def registers a function.
func def(sig string, impl any) *Func {
	f := signature(sig)
	f.implement(impl)
	register(f)
	return f
}

// defAs registers one implementation under several signatures.
func defAs(impl any, sigs ...string) {
	for _, s := range sigs {
		def(s, impl)
	}
}

// defStable is defAs for functions that depend on the session or the statement.
func defStable(impl any, sigs ...string) {
	for _, s := range sigs {
		def(s, impl).Vol = Stable
	}
}

// defOp registers an operator: defOp("|| (text, text) text", …).
func defOp(sig string, impl any) *Func {
	f := signature(sig)
	f.implement(impl)
	registerOp(f)
	return f
}

// signature reads name(type, …) type. The last argument of a variadic function
// is written variadic type, with the type of one element.
func signature(sig string) *Func {
	open, shut := strings.IndexByte(sig, '('), strings.LastIndexByte(sig, ')')
	f := &Func{Name: strings.TrimSpace(sig[:open]), Strict: true, Vol: Immutable, Ret: typeNamed(sig[shut+1:])}
	if list := sig[open+1 : shut]; strings.TrimSpace(list) != "" {
		for _, a := range strings.Split(list, ",") {
			a, f.Variadic = strings.CutPrefix(strings.TrimSpace(a), "variadic ")
			f.Args = append(f.Args, typeNamed(a))
		}
	}
	return f
}

// typeNamed finds a type by pg_type.typname, or that of its elements and [].
func typeNamed(name string) types.OID {
	name = strings.TrimSpace(name)
	elem, array := strings.CutSuffix(name, "[]")
	if array {
		name = "_" + elem
	}
	o, ok := types.ByName(name)
	if !ok {
		panic(fmt.Sprintf("expr: no type %q", name))
	}
	return o
}

// implement sets the form of f that fits impl.
func (f *Func) implement(impl any) {
	fail := func() { panic(fmt.Sprintf("expr: %s cannot be implemented by %T", f.Signature(), impl)) }
	arity := len(f.Args)
	switch impl := impl.(type) {
	case func(*Ctx, types.Datum) (types.Datum, error):
		f.F1 = impl
	case func(types.Datum) (types.Datum, error):
		f.F1 = func(_ *Ctx, a types.Datum) (types.Datum, error) { return impl(a) }
	case func(types.Datum) types.Datum:
		f.F1 = func(_ *Ctx, a types.Datum) (types.Datum, error) { return impl(a), nil }
	case func(string) string:
		f.F1 = func(_ *Ctx, a types.Datum) (types.Datum, error) { return types.NewText(impl(a.Text())), nil }
	case func(string) (string, error):
		f.F1 = func(_ *Ctx, a types.Datum) (types.Datum, error) {
			s, err := impl(a.Text())
			return types.NewText(s), err
		}
	case func(string) int64:
		f.F1 = func(_ *Ctx, a types.Datum) (types.Datum, error) { return types.NewInt(impl(a.Text())), nil }
	case func(float64) float64:
		f.F1 = func(_ *Ctx, a types.Datum) (types.Datum, error) { return types.NewFloat(impl(a.Float())), nil }
	case func(float64) (float64, error):
		f.F1 = func(_ *Ctx, a types.Datum) (types.Datum, error) {
			v, err := impl(a.Float())
			return types.NewFloat(v), err
		}
	case func(types.Numeric) types.Numeric:
		f.F1 = func(_ *Ctx, a types.Datum) (types.Datum, error) { return types.NewNumeric(impl(num(a))), nil }
	case func(types.Numeric) (types.Numeric, error):
		f.F1 = func(_ *Ctx, a types.Datum) (types.Datum, error) {
			v, err := impl(num(a))
			return types.NewNumeric(v), err
		}
	case func(types.Interval) (types.Interval, error):
		f.F1 = func(_ *Ctx, a types.Datum) (types.Datum, error) {
			v, err := impl(a.Interval())
			return types.NewInterval(v), err
		}
	case func(*Ctx, types.Datum, types.Datum) (types.Datum, error):
		f.F2 = impl
	case func(a, b types.Datum) (types.Datum, error):
		f.F2 = func(_ *Ctx, a, b types.Datum) (types.Datum, error) { return impl(a, b) }
	case func(a, b types.Datum) types.Datum:
		f.F2 = func(_ *Ctx, a, b types.Datum) (types.Datum, error) { return impl(a, b), nil }
	case func(a, b string) string:
		f.F2 = func(_ *Ctx, a, b types.Datum) (types.Datum, error) {
			return types.NewText(impl(a.Text(), b.Text())), nil
		}
	case func(a, b string) (string, error):
		f.F2 = func(_ *Ctx, a, b types.Datum) (types.Datum, error) {
			s, err := impl(a.Text(), b.Text())
			return types.NewText(s), err
		}
	case func(a, b string) bool:
		f.F2 = func(_ *Ctx, a, b types.Datum) (types.Datum, error) {
			return types.NewBool(impl(a.Text(), b.Text())), nil
		}
	case func(a, b string) (bool, error):
		f.F2 = func(_ *Ctx, a, b types.Datum) (types.Datum, error) {
			is, err := impl(a.Text(), b.Text())
			return types.NewBool(is), err
		}
	case func(a, b string) int64:
		f.F2 = func(_ *Ctx, a, b types.Datum) (types.Datum, error) {
			return types.NewInt(impl(a.Text(), b.Text())), nil
		}
	case func(s string, n int64) (string, error):
		f.F2 = func(_ *Ctx, a, b types.Datum) (types.Datum, error) {
			s, err := impl(a.Text(), b.Int())
			return types.NewText(s), err
		}
	case func(a, b float64) (float64, error):
		f.F2 = func(_ *Ctx, a, b types.Datum) (types.Datum, error) {
			v, err := impl(a.Float(), b.Float())
			return types.NewFloat(v), err
		}
	case func(a, b int64) (int64, error):
		f.F2 = func(_ *Ctx, a, b types.Datum) (types.Datum, error) {
			v, err := impl(a.Int(), b.Int())
			return types.NewInt(v), err
		}
	case func(a, b types.Numeric) (types.Numeric, error):
		f.F2 = func(_ *Ctx, a, b types.Datum) (types.Datum, error) {
			v, err := impl(num(a), num(b))
			return types.NewNumeric(v), err
		}
	case func(a, b types.Interval) (types.Interval, error):
		f.F2 = func(_ *Ctx, a, b types.Datum) (types.Datum, error) {
			v, err := impl(a.Interval(), b.Interval())
			return types.NewInterval(v), err
		}
	case func(c *CallCtx, args []types.Datum) (types.Datum, error):
		f.F = impl
	case func(args []types.Datum) (types.Datum, error):
		f.F = func(_ *CallCtx, args []types.Datum) (types.Datum, error) { return impl(args) }
	case func(c *Ctx) (types.Datum, error):
		f.F = func(c *CallCtx, _ []types.Datum) (types.Datum, error) { return impl(c.Ctx) }
	case func(c *CallCtx, args []types.Datum) (Rows, error):
		f.SRF = impl
	default:
		fail()
	}
	if f.F1 != nil && arity != 1 || f.F2 != nil && arity != 2 {
		fail()
	}
}

// named gives a function's parameters the names by which calls may give them.
func (f *Func) named(names ...string) *Func {
	f.ArgNames = names
	return f
}

// defaults says what the last parameters are when a call leaves them out. A
// function called by position gets fewer arguments then.
func (f *Func) defaults(values ...Expr) *Func {
	f.Defaults = len(values)
	f.DefaultArgs = append(make([]Expr, len(f.Args)-len(values)), values...)
	return f
}

// num returns the value of a numeric that is not NULL.
func num(d types.Datum) types.Numeric {
	v, _ := d.Numeric()
	return v
}

// zone is the session's time zone.
func (c *Ctx) zone() *time.Location {
	if c.Format == nil || c.Format.TimeZone == nil {
		return time.UTC
	}
	return c.Format.TimeZone
}

// output is the text of a value as a client would see it, "" for NULL.
func output(c *Ctx, t types.Type, d types.Datum) string {
	if isReg(t.OID) && !d.IsNull() && (c.Format == nil || c.Format.RegOut == nil) {
		return RegOut(c.Session, t.OID, d.Int())
	}
	return types.Text(t, d, c.Format)
}

// argType returns the type of argument i of the call as it was bound; the
// arguments that a VARIADIC array was spread into have its element type.
func (c *CallCtx) argType(i int) types.Type {
	if c.Call == nil {
		return types.TextOID.Type()
	}
	if last := len(c.Call.Args) - 1; c.Call.Variadic && i >= last {
		if elem, ok := types.ElemOf(c.Call.Args[last].Type().OID); ok {
			return elem.Type()
		}
	}
	return c.Call.Args[i].Type()
}

// listRows makes the rows of a set-returning function from a list of values.
func listRows(values []types.Datum) Rows {
	row := make([]types.Datum, 1)
	return func() ([]types.Datum, bool, error) {
		if len(values) == 0 {
			return nil, false, nil
		}
		row[0], values = values[0], values[1:]
		return row, true, nil
	}
}
