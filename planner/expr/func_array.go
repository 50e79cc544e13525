package expr

import (
	"math"
	"strconv"
	"strings"

	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// Functions and operators over arrays.

func init() {
	// A bound or size of one dimension; NULL if there is no such dimension.
	dimension := func(of func(a *types.Array, i int) int64) func(a, b types.Datum) types.Datum {
		return func(a, b types.Datum) types.Datum {
			arr, d := a.Array(), b.Int()
			if d < 1 || d > int64(len(arr.Dims)) {
				return types.Null
			}
			return types.NewInt(of(arr, int(d-1)))
		}
	}
	def("array_length(anyarray, int4) int4", dimension(func(a *types.Array, i int) int64 { return int64(a.Dims[i]) }))
	def("array_lower(anyarray, int4) int4", dimension(func(a *types.Array, i int) int64 { return int64(a.LowerBounds[i]) }))
	def("array_upper(anyarray, int4) int4", dimension(upperBound))
	def("array_ndims(anyarray) int4", func(a types.Datum) types.Datum {
		if n := len(a.Array().Dims); n > 0 {
			return types.NewInt(int64(n))
		}
		return types.Null
	})
	def("array_dims(anyarray) text", func(a types.Datum) types.Datum {
		arr := a.Array()
		if len(arr.Dims) == 0 {
			return types.Null
		}
		var b strings.Builder
		for i := range arr.Dims {
			b.WriteString("[" + strconv.Itoa(int(arr.LowerBounds[i])) + ":" + strconv.FormatInt(upperBound(arr, i), 10) + "]")
		}
		return types.NewText(b.String())
	})
	def("cardinality(anyarray) int4", func(a types.Datum) types.Datum { return types.NewInt(int64(len(a.Array().Elems))) })

	appendElem := func(c *CallCtx, a, e types.Datum) (types.Datum, error) { return arrayPush(c.elemType(0), a, e, false) }
	prependElem := func(c *CallCtx, e, a types.Datum) (types.Datum, error) { return arrayPush(c.elemType(1), a, e, true) }
	for _, f := range []*Func{
		def("array_append(anycompatiblearray, anycompatible) anycompatiblearray", called2(appendElem)),
		def("array_prepend(anycompatible, anycompatiblearray) anycompatiblearray", called2(prependElem)),
		def("array_cat(anycompatiblearray, anycompatiblearray) anycompatiblearray", arrayCat),
		defOp("|| (anycompatiblearray, anycompatible) anycompatiblearray", called2(appendElem)),
		defOp("|| (anycompatible, anycompatiblearray) anycompatiblearray", called2(prependElem)),
		defOp("|| (anycompatiblearray, anycompatiblearray) anycompatiblearray", arrayCat),
	} {
		f.Strict = false
	}
	f := def("array_remove(anycompatiblearray, anycompatible) anycompatiblearray", func(a []types.Datum) (types.Datum, error) {
		return arrayReplace(a[0], a[1], types.Null, true)
	})
	f.Strict = false
	f = def("array_replace(anycompatiblearray, anycompatible, anycompatible) anycompatiblearray", func(a []types.Datum) (types.Datum, error) {
		return arrayReplace(a[0], a[1], a[2], false)
	})
	f.Strict = false
	for _, sig := range []string{"array_position(anycompatiblearray, anycompatible) int4", "array_position(anycompatiblearray, anycompatible, int4) int4"} {
		def(sig, arrayPosition).Strict = false
	}
	f = def("array_positions(anycompatiblearray, anycompatible) _int4", arrayPositions)
	f.Strict = false
	for _, sig := range []string{"array_fill(anyelement, _int4) anyarray", "array_fill(anyelement, _int4, _int4) anyarray"} {
		def(sig, arrayFill).Strict = false
	}
	def("trim_array(anyarray, int4) anyarray", trimArray)

	def("unnest(anyarray) anyelement", func(_ *CallCtx, a []types.Datum) (Rows, error) { return listRows(a[0].Array().Elems), nil })
	subscripts := func(_ *CallCtx, a []types.Datum) (Rows, error) {
		arr, d := a[0].Array(), a[1].Int()
		if d < 1 || d > int64(len(arr.Dims)) {
			return listRows(nil), nil
		}
		lo, hi, step := int64(arr.LowerBounds[d-1]), upperBound(arr, int(d-1)), int64(1)
		if len(a) > 2 && a[2].Bool() {
			lo, hi, step = hi, lo, -1
		}
		return intSeries(lo, hi, step), nil
	}
	defAs(subscripts, "generate_subscripts(anyarray, int4) int4", "generate_subscripts(anyarray, int4, bool) int4")

	defStable(arrayToString, "array_to_string(anyarray, text) text")
	f = def("array_to_string(anyarray, text, text) text", arrayToString)
	f.Strict, f.Vol = false, Stable
	for _, sig := range []string{"string_to_array(text, text) _text", "string_to_array(text, text, text) _text"} {
		def(sig, func(a []types.Datum) (types.Datum, error) {
			if a[0].IsNull() {
				return types.Null, nil
			}
			return types.MakeArray(types.TextOID.Type(), splitText(a)), nil
		}).Strict = false
	}
	for _, sig := range []string{"string_to_table(text, text) text", "string_to_table(text, text, text) text"} {
		def(sig, func(_ *CallCtx, a []types.Datum) (Rows, error) {
			if a[0].IsNull() {
				return listRows(nil), nil
			}
			return listRows(splitText(a)), nil
		}).Strict = false
	}
	contains := func(a, b types.Datum) bool {
		oid := a.Array().Elem.OID
		for _, x := range b.Array().Elems {
			if x.IsNull() || !arrayHas(oid, a.Array(), x) {
				return false
			}
		}
		return true
	}
	defOp("@> (anyarray, anyarray) bool", func(a, b types.Datum) types.Datum { return types.NewBool(contains(a, b)) })
	defOp("<@ (anyarray, anyarray) bool", func(a, b types.Datum) types.Datum { return types.NewBool(contains(b, a)) })
	defOp("&& (anyarray, anyarray) bool", func(a, b types.Datum) types.Datum {
		for _, x := range b.Array().Elems {
			if !x.IsNull() && arrayHas(a.Array().Elem.OID, a.Array(), x) {
				return types.True
			}
		}
		return types.False
	})
}

func upperBound(a *types.Array, i int) int64 { return int64(a.LowerBounds[i]) + int64(a.Dims[i]) - 1 }

func arrayHas(oid types.OID, a *types.Array, x types.Datum) bool {
	for _, e := range a.Elems {
		if !e.IsNull() && types.Equal(oid, e, x) {
			return true
		}
	}
	return false
}

// elemType is the element type of the array that is argument i.
func (c *CallCtx) elemType(i int) types.Type {
	if elem, ok := types.ElemOf(c.argType(i).OID); ok {
		return elem.Type()
	}
	return types.TextOID.Type()
}

// arrayPush puts an element at either end of a one-dimensional array; a NULL
// array counts as an empty one.
func arrayPush(elem types.Type, a, e types.Datum, front bool) (types.Datum, error) {
	arr := a.Array()
	if arr == nil || len(arr.Dims) == 0 {
		return types.MakeArray(elem, []types.Datum{e.Clone()}), nil
	}
	if len(arr.Dims) > 1 {
		return types.Null, sqlerr.New(sqlerr.DataException, "argument must be empty or one-dimensional array")
	}
	out := &types.Array{Elem: arr.Elem, Dims: []int32{arr.Dims[0] + 1}, LowerBounds: arr.LowerBounds}
	out.Elems = make([]types.Datum, 0, len(arr.Elems)+1)
	if front {
		out.Elems = append(append(out.Elems, e.Clone()), arr.Elems...)
	} else {
		if upperBound(arr, 0) == math.MaxInt32 {
			return types.Null, outOfRange("integer")
		}
		out.Elems = append(append(out.Elems, arr.Elems...), e.Clone())
	}
	return types.NewArray(out), nil
}

func arrayCat(args []types.Datum) (types.Datum, error) {
	if args[0].IsNull() {
		return args[1], nil
	}
	if args[1].IsNull() {
		return args[0], nil
	}
	a, b := args[0].Array(), args[1].Array()
	if len(a.Dims) == 0 {
		return args[1], nil
	}
	if len(b.Dims) == 0 {
		return args[0], nil
	}
	bad := func(detail string, v ...any) (types.Datum, error) {
		return types.Null, sqlerr.New(sqlerr.ArraySubscriptError, "cannot concatenate incompatible arrays").WithDetail(detail, v...)
	}
	out := &types.Array{Elem: a.Elem, Elems: append(append(make([]types.Datum, 0, len(a.Elems)+len(b.Elems)), a.Elems...), b.Elems...)}
	sameFrom := func(x, y []int32) bool {
		for i := range x {
			if x[i] != y[i] {
				return false
			}
		}
		return true
	}
	switch len(a.Dims) - len(b.Dims) {
	case 0:
		if !sameFrom(a.Dims[1:], b.Dims[1:]) {
			return bad("Arrays with differing element dimensions are not compatible for concatenation.")
		}
		out.Dims, out.LowerBounds = append([]int32{a.Dims[0] + b.Dims[0]}, a.Dims[1:]...), a.LowerBounds
	case 1:
		if !sameFrom(a.Dims[1:], b.Dims) {
			return bad("Arrays with differing dimensions are not compatible for concatenation.")
		}
		out.Dims, out.LowerBounds = append([]int32{a.Dims[0] + 1}, a.Dims[1:]...), a.LowerBounds
	case -1:
		if !sameFrom(b.Dims[1:], a.Dims) {
			return bad("Arrays with differing dimensions are not compatible for concatenation.")
		}
		out.Dims, out.LowerBounds = append([]int32{b.Dims[0] + 1}, b.Dims[1:]...), b.LowerBounds
	default:
		return bad("Arrays of %d and %d dimensions are not compatible for concatenation.", len(a.Dims), len(b.Dims))
	}
	return types.NewArray(out), nil
}

// notDistinct is IS NOT DISTINCT FROM.
func notDistinct(oid types.OID, a, b types.Datum) bool {
	if a.IsNull() || b.IsNull() {
		return a.IsNull() && b.IsNull()
	}
	return types.Equal(oid, a, b)
}

func arrayReplace(a, old, with types.Datum, remove bool) (types.Datum, error) {
	arr := a.Array()
	if arr == nil {
		return types.Null, nil
	}
	if remove && len(arr.Dims) > 1 {
		return types.Null, sqlerr.New(sqlerr.FeatureNotSupported, "removing elements from multidimensional arrays is not supported")
	}
	out := &types.Array{Elem: arr.Elem, Dims: arr.Dims, LowerBounds: arr.LowerBounds}
	for _, e := range arr.Elems {
		switch {
		case !notDistinct(arr.Elem.OID, e, old):
			out.Elems = append(out.Elems, e)
		case !remove:
			out.Elems = append(out.Elems, with.Clone())
		}
	}
	if remove {
		if len(out.Elems) == len(arr.Elems) {
			return a, nil
		}
		if out.Dims, out.LowerBounds = []int32{int32(len(out.Elems))}, arr.LowerBounds; len(out.Elems) == 0 {
			out.Dims, out.LowerBounds = nil, nil
		}
	}
	return types.NewArray(out), nil
}

var errSearchMulti = sqlerr.New(sqlerr.FeatureNotSupported, "searching for elements in multidimensional arrays is not supported")

func arrayPosition(a []types.Datum) (types.Datum, error) {
	arr := a[0].Array()
	if arr == nil {
		return types.Null, nil
	}
	if len(arr.Dims) > 1 {
		return types.Null, errSearchMulti
	}
	if len(arr.Dims) == 0 {
		return types.Null, nil
	}
	from := int64(math.MinInt64)
	if len(a) > 2 {
		if a[2].IsNull() {
			return types.Null, sqlerr.New(sqlerr.NullValueNotAllowed, "initial position must not be null")
		}
		from = a[2].Int()
	}
	for i, e := range arr.Elems {
		if at := int64(arr.LowerBounds[0]) + int64(i); at >= from && notDistinct(arr.Elem.OID, e, a[1]) {
			return types.NewInt(at), nil
		}
	}
	return types.Null, nil
}

func arrayPositions(a []types.Datum) (types.Datum, error) {
	arr := a[0].Array()
	if arr == nil {
		return types.Null, nil
	}
	if len(arr.Dims) > 1 {
		return types.Null, errSearchMulti
	}
	var out []types.Datum
	for i, e := range arr.Elems {
		if notDistinct(arr.Elem.OID, e, a[1]) {
			out = append(out, types.NewInt(int64(arr.LowerBounds[0])+int64(i)))
		}
	}
	return types.MakeArray(types.Int4OID.Type(), out), nil
}

func arrayFill(c *CallCtx, a []types.Datum) (types.Datum, error) {
	bad := func(detail string) (types.Datum, error) {
		return types.Null, sqlerr.New(sqlerr.ArraySubscriptError, "wrong number of array subscripts").WithDetail("%s", detail)
	}
	if a[1].IsNull() || len(a) > 2 && a[2].IsNull() {
		return types.Null, sqlerr.New(sqlerr.NullValueNotAllowed, "dimension array or low bound array cannot be null")
	}
	dims := a[1].Array()
	if len(dims.Dims) > 1 {
		return bad("Dimension array must be one dimensional.")
	}
	for _, bounds := range a[1:] {
		for _, d := range bounds.Array().Elems {
			if d.IsNull() {
				return types.Null, sqlerr.New(sqlerr.NullValueNotAllowed, "dimension values cannot be null")
			}
		}
	}
	out := &types.Array{Elem: c.argType(0)}
	total := int64(1)
	for i, d := range dims.Elems {
		lower := types.NewInt(1)
		if len(a) > 2 {
			if i >= len(a[2].Array().Elems) {
				return bad("Low bound array has different size than dimensions array.")
			}
			lower = a[2].Array().Elems[i]
		}
		if total *= max(d.Int(), 0); total > 134217727 {
			return types.Null, sqlerr.New(sqlerr.ProgramLimitExceeded, "array size exceeds the maximum allowed (134217727)")
		}
		out.Dims, out.LowerBounds = append(out.Dims, int32(d.Int())), append(out.LowerBounds, int32(lower.Int()))
	}
	if len(a) > 2 && len(a[2].Array().Elems) != len(dims.Elems) {
		return bad("Low bound array has different size than dimensions array.")
	}
	if len(out.Dims) > 6 {
		return types.Null, sqlerr.New(sqlerr.ProgramLimitExceeded, "number of array dimensions (%d) exceeds the maximum allowed (6)", len(out.Dims))
	}
	if total == 0 || len(out.Dims) == 0 {
		return types.NewArray(&types.Array{Elem: c.argType(0)}), nil
	}
	out.Elems = make([]types.Datum, total)
	value := a[0].Clone()
	for i := range out.Elems {
		out.Elems[i] = value
	}
	return types.NewArray(out), nil
}

func trimArray(a, b types.Datum) (types.Datum, error) {
	arr, n := a.Array(), b.Int()
	have := int64(0)
	if len(arr.Dims) > 0 {
		have = int64(arr.Dims[0])
	}
	if n < 0 || n > have {
		return types.Null, sqlerr.New(sqlerr.ArraySubscriptError, "number of elements to trim must be between 0 and %d", have)
	}
	if n == 0 {
		return a, nil
	}
	if n == have {
		return types.NewArray(&types.Array{Elem: arr.Elem}), nil
	}
	rest := have - n
	out := &types.Array{Elem: arr.Elem, Elems: arr.Elems[:int64(len(arr.Elems))/have*rest]}
	out.Dims = append([]int32{int32(rest)}, arr.Dims[1:]...)
	for range out.Dims {
		out.LowerBounds = append(out.LowerBounds, 1)
	}
	return types.NewArray(out), nil
}

func arrayToString(c *CallCtx, a []types.Datum) (types.Datum, error) {
	if a[0].IsNull() || a[1].IsNull() {
		return types.Null, nil
	}
	arr := a[0].Array()
	var parts []string
	for _, e := range arr.Elems {
		switch {
		case !e.IsNull():
			parts = append(parts, output(c.Ctx, arr.Elem, e))
		case len(a) > 2 && !a[2].IsNull():
			parts = append(parts, a[2].Text())
		}
	}
	return types.NewText(strings.Join(parts, a[1].Text())), nil
}

// splitText is string_to_array's work: with a NULL separator every character is
// a part, with an empty one the whole text is.
func splitText(a []types.Datum) []types.Datum {
	s := a[0].Text()
	if s == "" {
		return nil
	}
	var parts []string
	switch {
	case a[1].IsNull():
		parts = strings.Split(s, "")
	case a[1].Text() == "":
		parts = []string{s}
	default:
		parts = strings.Split(s, a[1].Text())
	}
	out := make([]types.Datum, len(parts))
	for i, p := range parts {
		if len(a) > 2 && !a[2].IsNull() && p == a[2].Text() {
			continue
		}
		out[i] = types.NewText(p).Clone()
	}
	return out
}
