package expr

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/minisql/minisql/types"
)

// edges are values at the edges of each type.
func edges(o types.OID) []types.Datum {
	texts := func(list ...string) (out []types.Datum) {
		for _, s := range list {
			d, err := types.ParseText(o.Type(), s, nil)
			if err != nil {
				panic(err)
			}
			out = append(out, d)
		}
		return out
	}
	switch o {
	case types.BoolOID:
		return texts("t", "f")
	case types.Int2OID:
		return texts("0", "1", "-1", "-32768", "32767")
	case types.Int4OID:
		return texts("0", "1", "-1", "3", "-2147483648", "2147483647")
	case types.Int8OID:
		return texts("0", "1", "-1", "3", "-9223372036854775808", "9223372036854775807")
	case types.Float4OID, types.Float8OID:
		return append(texts("0", "1.5", "-1", "NaN", "inf", "-inf", "1e38", "-1e-30"), types.NewFloat(math.Copysign(0, -1)))
	case types.NumericOID:
		return texts("0", "1.50", "-1", "NaN", "inf", "-inf", "123456789012345678901234567890", "-0.000001")
	case types.TextOID:
		return texts("", "a", "äö", `\`, "%", "[", "(a)*", "5", "day", "UTC", "hex", "YYYY-MM-DD HH24:MI", "{a,b}", "x.y", `"`, "a=b", "1 MB", "%1$s %I")
	case types.NameOID, types.BpcharOID, types.VarcharOID:
		return texts("", "a", "utf8", "äö  ")
	case types.ByteaOID:
		return texts("", `\x00`, `\xff8041`)
	case types.DateOID:
		return texts("2000-01-01", "2024-02-29", "infinity", "-infinity", "4713-01-01 BC", "5874897-12-31")
	case types.TimestampOID, types.TimestamptzOID:
		return texts("2000-01-01", "2024-02-29 12:34:56.789", "infinity", "-infinity", "4713-01-01 BC", "294276-12-31")
	case types.TimeOID:
		return texts("00:00", "24:00", "12:34:56.789")
	case types.TimetzOID:
		return texts("00:00+00", "24:00-15", "12:34:56.789+05:30")
	case types.IntervalOID:
		return texts("0", "1 mon -1 day 01:02:03", "178956970 years", "-178956970 years", "2147483647 days", "-1 us")
	case types.UUIDOID:
		return texts("550e8400-e29b-41d4-a716-446655440000")
	case types.JSONOID:
		return texts("{}", "[]", "1", `"a\u00e4"`, `{"a": [1, {"b": null}], "c": "\ud83d\ude00"}`, "null", " [ 1 , 2 ] ")
	case types.OidVectorOID, types.Int2VectorOID:
		return texts("", "1 2")
	case types.AnyOID, types.AnyElementOID, types.AnyNonArrayOID, types.AnyCompatibleOID, types.AnyCompatibleNonArrayOID:
		return edges(types.Int4OID)
	case types.AnyArrayOID, types.AnyCompatibleArrayOID:
		return edges(types.Int4ArrayOID)
	case types.RecordOID:
		return []types.Datum{types.NewRecord(&types.Record{Types: []types.Type{types.Int4OID.Type(), types.TextOID.Type()}, Fields: []types.Datum{types.NewInt(1), types.Null}})}
	case types.CharOID, types.OidOID, types.XidOID, types.CidOID, types.Xid8OID, types.TidOID, types.RegclassOID, types.RegtypeOID:
		return []types.Datum{types.NewInt(0), types.NewInt(1), types.NewInt(255)}
	case types.PgNodeTreeOID:
		return []types.Datum{types.NewText("x")}
	}
	if elem, ok := types.ElemOf(o); ok {
		e := edges(elem)
		two := &types.Array{Elem: elem.Type(), Dims: []int32{1, 2}, LowerBounds: []int32{-3, math.MaxInt32 - 1}, Elems: []types.Datum{e[0], types.Null}}
		return []types.Datum{types.NewArray(&types.Array{Elem: elem.Type()}), types.MakeArray(elem.Type(), e[:min(3, len(e))]),
			types.MakeArray(elem.Type(), []types.Datum{types.Null}), types.NewArray(two)}
	}
	panic(fmt.Sprintf("no values of type %s", o))
}

// concrete is the type that edges stands in for a polymorphic one.
func concrete(o types.OID) types.OID {
	switch o {
	case types.AnyArrayOID, types.AnyCompatibleArrayOID:
		return types.Int4ArrayOID
	case types.AnyOID, types.AnyElementOID, types.AnyNonArrayOID, types.AnyCompatibleOID, types.AnyCompatibleNonArrayOID:
		return types.Int4OID
	}
	return o
}

// TestNothingPanics calls every function and operator with values at the edges
// of its types. What it returns must be of the kind of its result type.
func TestNothingPanics(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // pg_sleep does not wait
	c := NewCtx(&types.Format{TimeZone: time.UTC, ExtraFloatDigits: 1})
	c.Context = ctx
	for _, library := range []map[string][]*Func{functions, operators} {
		for _, fs := range library {
			for _, f := range fs {
				callAll(t, c, f)
			}
		}
	}
}

const callsMax = 3000

func callAll(t *testing.T, c *Ctx, f *Func) {
	var lists [][]types.Datum
	call := &Call{Fn: f}
	for i := range f.Args {
		lists = append(lists, edges(f.arg(i)))
		call.Args = append(call.Args, &Const{Typ: concrete(f.arg(i)).Type()})
	}
	if !f.Strict {
		for i := range lists {
			lists[i] = append(lists[i], types.Null)
		}
	}
	total := 1
	for _, l := range lists {
		total *= len(l)
	}
	step := max(total/callsMax, 1)
	if step > 1 {
		step |= 1
	}
	args := make([]types.Datum, len(lists))
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("%s panics on %s: %v", f.Signature(), show(f, args), r)
		}
	}()
	for n := 0; n < total; n += step {
		k := n
		for i, l := range lists {
			args[i] = l[k%len(l)]
			k /= len(l)
		}
		if f.SRF != nil {
			rows, err := f.SRF(&CallCtx{Ctx: c, Call: call}, args)
			for i := 0; err == nil && i < 20; i++ {
				var ok bool
				if _, ok, err = rows(); !ok {
					break
				}
			}
			continue
		}
		var d types.Datum
		var err error
		switch {
		case f.F1 != nil:
			d, err = f.F1(c, args[0])
		case f.F2 != nil:
			d, err = f.F2(c, args[0], args[1])
		default:
			d, err = f.F(&CallCtx{Ctx: c, Call: call}, args)
		}
		if err != nil || d.IsNull() {
			continue
		}
		if want := kindOf(f.Ret); want != d.Kind() {
			t.Errorf("%s of %s is of kind %d, want %d", f.Signature(), show(f, args), d.Kind(), want)
			return
		}
	}
}

func show(f *Func, args []types.Datum) string {
	var s []string
	for i, a := range args {
		s = append(s, types.Text(concrete(f.arg(i)).Type(), a, nil))
	}
	return "(" + strings.Join(s, "; ") + ")"
}

func kindOf(o types.OID) types.Kind {
	o = concrete(o)
	switch types.PhysOf(o) {
	case types.PhysBool:
		return types.KindBool
	case types.PhysInt:
		return types.KindInt
	case types.PhysFloat:
		return types.KindFloat
	case types.PhysBytes:
		return types.KindBytes
	}
	switch o {
	case types.NumericOID:
		return types.KindNumeric
	case types.IntervalOID:
		return types.KindInterval
	case types.TimetzOID:
		return types.KindTimetz
	case types.RecordOID:
		return types.KindRecord
	}
	return types.KindArray
}
