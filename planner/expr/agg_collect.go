package expr

import (
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// Aggregates that collect: string_agg and array_agg; and those of truth values and bits.

func init() {
	type joined struct {
		text []byte
		some bool
	}
	join := fold[joined]{
		nulls: true,
		add: func(s *joined, args []types.Datum) error {
			if args[0].IsNull() {
				return nil
			}
			if s.some {
				s.text = append(s.text, args[1].Text()...)
			}
			s.text, s.some = append(s.text, args[0].Text()...), true
			if len(s.text) > allocMax {
				return sqlerr.New(sqlerr.ProgramLimitExceeded, "out of memory").
					WithDetail("Cannot enlarge string buffer containing %d bytes.", len(s.text))
			}
			return nil
		},
		result: func(s *joined) (types.Datum, error) {
			if !s.some {
				return types.Null, nil
			}
			return types.NewBytes(s.text), nil
		},
	}
	defAgg("string_agg(text, text) text", join)
	defAgg("string_agg(bytea, bytea) bytea", join)

	collected := defAgg("array_agg(anynonarray) anyarray", fold[[]types.Datum]{
		nulls:  true,
		add:    func(*[]types.Datum, []types.Datum) error { return nil },
		result: func(*[]types.Datum) (types.Datum, error) { return types.Null, nil },
	})
	// The array needs the element type, which the call knows.
	collected.New = func(call *AggCall) AggState { return &arrayState{elem: call.Args[0].Type().OID.Type()} }
	collected.NewVec = nil
	nested := defAgg("array_agg(anyarray) anyarray", fold[[]types.Datum]{nulls: true})
	nested.New = func(*AggCall) AggState { return &nestedState{} }
	nested.NewVec = nil

	for name, and := range map[string]bool{"bool_and": true, "every": true, "bool_or": false} {
		defAgg(name+"(bool) bool", fold[types.Datum]{
			add: func(s *types.Datum, args []types.Datum) error {
				if s.IsNull() || s.Bool() == and {
					*s = args[0]
				}
				return nil
			},
			result: func(s *types.Datum) (types.Datum, error) { return *s, nil },
		})
	}
	for name, op := range map[string]func(a, b int64) int64{
		"bit_and": func(a, b int64) int64 { return a & b },
		"bit_or":  func(a, b int64) int64 { return a | b },
		"bit_xor": func(a, b int64) int64 { return a ^ b },
	} {
		for _, t := range []string{"int2", "int4", "int8"} {
			defAgg(name+"("+t+") "+t, fold[types.Datum]{
				add: func(s *types.Datum, args []types.Datum) error {
					if s.IsNull() {
						*s = args[0]
					} else {
						*s = types.NewInt(op(s.Int(), args[0].Int()))
					}
					return nil
				},
				result: func(s *types.Datum) (types.Datum, error) { return *s, nil },
			})
		}
	}
}

type arrayState struct {
	elem  types.Type
	elems []types.Datum
}

func (s *arrayState) Add(_ *Ctx, args []types.Datum) error {
	s.elems = append(s.elems, args[0].Clone())
	return nil
}

func (s *arrayState) Result(*Ctx) (types.Datum, error) {
	if s.elems == nil {
		return types.Null, nil
	}
	return types.MakeArray(s.elem, s.elems), nil
}

// nestedState stacks arrays of one shape into an array of one dimension more.
type nestedState struct{ out *types.Array }

func (s *nestedState) Add(_ *Ctx, args []types.Datum) error {
	a := args[0].Array()
	switch {
	case a == nil:
		return sqlerr.New(sqlerr.NullValueNotAllowed, "cannot accumulate null arrays")
	case len(a.Dims) == 0:
		return sqlerr.New(sqlerr.ArraySubscriptError, "cannot accumulate empty arrays")
	case s.out == nil:
		s.out = &types.Array{Elem: a.Elem, Dims: append([]int32{0}, a.Dims...), LowerBounds: append([]int32{1}, a.LowerBounds...)}
	case !sameDims(s.out.Dims, a.Dims):
		return sqlerr.New(sqlerr.ArraySubscriptError, "cannot accumulate arrays of different dimensionality")
	}
	s.out.Dims[0]++
	for _, e := range a.Elems {
		s.out.Elems = append(s.out.Elems, e.Clone())
	}
	return nil
}

func (s *nestedState) Result(*Ctx) (types.Datum, error) {
	if s.out == nil {
		return types.Null, nil
	}
	return types.NewArray(s.out), nil
}
