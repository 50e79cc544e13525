package minisql

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"time"

	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// datumOf turns a Go value into a value of type t. A string goes everywhere: it is
// read as the type's text.
func datumOf(a any, t types.Type, f *types.Format) (types.Datum, error) {
	switch v := a.(type) {
	case nil:
		return types.Null, nil
	case int:
		return intDatum(int64(v), t)
	case int64:
		return intDatum(v, t)
	case int32:
		return intDatum(int64(v), t)
	case string:
		return types.ParseText(t, v, f)
	case bool:
		if t.OID == types.BoolOID {
			return types.NewBool(v), nil
		}
		return types.Null, cannotEncode(a, t)
	case float64:
		return floatDatum(v, 64, t)
	case []byte:
		return bytesDatum(v, t, f)
	case time.Time:
		return timeDatum(v, t)
	case types.Datum:
		return v, nil
	case driver.Valuer:
		return valuerDatum(v, t, f)
	case time.Duration:
		switch t.OID {
		case types.IntervalOID:
			return types.NewInterval(Interval{Micros: v.Microseconds()}), nil
		case types.TimeOID:
			if v < 0 || v > 24*time.Hour {
				return types.Null, fmt.Errorf("%v is out of range for type time", v)
			}
			return types.NewInt(v.Microseconds()), nil
		}
		return intDatum(int64(v), t)
	case Interval:
		if t.OID == types.IntervalOID {
			return types.NewInterval(v), nil
		}
		return types.Null, cannotEncode(a, t)
	case [16]byte:
		if t.OID == types.UUIDOID {
			return types.NewBytes(v[:]), nil
		}
	case json.RawMessage:
		return types.ParseText(t, string(v), f)
	}
	return reflectDatum(a, t, f)
}

func cannotEncode(a any, t types.Type) error {
	return fmt.Errorf("unable to encode %#v into a value of type %s (OID %d)", a, t, t.OID)
}

// valuerDatum asks a driver.Valuer, treating a nil pointer as NULL as database/sql does.
func valuerDatum(v driver.Valuer, t types.Type, f *types.Format) (types.Datum, error) {
	if rv := reflect.ValueOf(v); rv.Kind() == reflect.Pointer && rv.IsNil() {
		return types.Null, nil
	}
	x, err := v.Value()
	if err != nil {
		return types.Null, err
	}
	if _, again := x.(driver.Valuer); again {
		return types.Null, fmt.Errorf("the Value of %T is a driver.Valuer", v)
	}
	return datumOf(x, t, f)
}

var intRange = map[types.OID][2]int64{
	types.Int2OID: {math.MinInt16, math.MaxInt16}, types.Int4OID: {math.MinInt32, math.MaxInt32},
	types.OidOID: {0, math.MaxUint32}, types.XidOID: {0, math.MaxUint32}, types.CidOID: {0, math.MaxUint32},
}

func intDatum(n int64, t types.Type) (types.Datum, error) {
	switch t.OID {
	case types.Int8OID, types.Xid8OID:
		return types.NewInt(n), nil
	case types.Int4OID:
		if n == int64(int32(n)) {
			return types.NewInt(n), nil
		}
	case types.Float8OID, types.Float4OID:
		return types.NewFloat(float64(n)), nil
	case types.NumericOID:
		v, err := types.NumericFromInt(n).ApplyTypmod(t.Typmod)
		return types.NewNumeric(v), err
	}
	r, ok := intRange[t.OID]
	if !ok {
		if types.IsReg(t.OID) {
			r = intRange[types.OidOID]
		} else {
			return types.Null, cannotEncode(n, t)
		}
	}
	if n < r[0] || n > r[1] {
		return types.Null, sqlerr.New(sqlerr.NumericValueOutOfRange, "value %d is out of range for type %s", n, t)
	}
	return types.NewInt(n), nil
}

func floatDatum(v float64, bits int, t types.Type) (types.Datum, error) {
	switch t.OID {
	case types.Float8OID:
		return types.NewFloat(v), nil
	case types.Float4OID:
		if f := float64(float32(v)); !math.IsInf(f, 0) || math.IsInf(v, 0) {
			return types.NewFloat(f), nil
		}
		return types.Null, sqlerr.New(sqlerr.NumericValueOutOfRange, "value %v is out of range for type real", v)
	case types.NumericOID:
		return types.ParseText(t, fmt.Sprint(shortest(v, bits)), nil)
	}
	if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		return intDatum(int64(v), t)
	}
	return types.Null, cannotEncode(v, t)
}

// shortest keeps a float32 from showing digits that it does not have.
func shortest(v float64, bits int) any {
	if bits == 32 {
		return float32(v)
	}
	return v
}

func bytesDatum(v []byte, t types.Type, f *types.Format) (types.Datum, error) {
	if v == nil {
		return types.Null, nil
	}
	switch t.OID {
	case types.ByteaOID:
		return types.NewBytes(v), nil
	case types.UUIDOID:
		if len(v) == 16 {
			return types.NewBytes(v), nil
		}
	}
	return types.ParseText(t, string(v), f)
}

// timeDatum stores the moment in a timestamptz; what the clock and calendar at
// v's location show in a timestamp, date or time.
func timeDatum(v time.Time, t types.Type) (types.Datum, error) {
	y, mon, day := v.Date()
	wall := time.Date(y, mon, day, v.Hour(), v.Minute(), v.Second(), v.Nanosecond(), time.UTC)
	if y < -4712 || y > 294275 {
		return types.Null, sqlerr.New(sqlerr.DatetimeFieldOverflow, "timestamp out of range: %v", v)
	}
	micros := func(v time.Time) int64 { return types.TimestampFromTime(v.Round(time.Microsecond)) }
	switch t.OID {
	case types.TimestamptzOID:
		return types.ApplyTypmod(types.NewInt(micros(v)), t, false)
	case types.TimestampOID:
		return types.ApplyTypmod(types.NewInt(micros(wall)), t, false)
	case types.DateOID:
		return types.NewInt(types.TimestampToDate(micros(wall.Truncate(24*time.Hour)), nil)), nil
	case types.TimeOID:
		return types.NewInt(wall.Sub(time.Date(y, mon, day, 0, 0, 0, 0, time.UTC)).Microseconds()), nil
	case types.TextOID, types.VarcharOID:
		return types.NewText(v.Format("2006-01-02 15:04:05.999999-07:00")), nil
	}
	return types.Null, cannotEncode(v, t)
}

// reflectDatum takes named types by their kind, pointers, slices for arrays, and
// anything for json.
func reflectDatum(a any, t types.Type, f *types.Format) (types.Datum, error) {
	rv := reflect.ValueOf(a)
	switch rv.Kind() {
	case reflect.Pointer:
		if rv.IsNil() {
			return types.Null, nil
		}
		if !isJSON(t.OID) || rv.Elem().Kind() != reflect.Struct {
			return datumOf(rv.Elem().Interface(), t, f)
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return intDatum(rv.Int(), t)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if u := rv.Uint(); u <= math.MaxInt64 {
			return intDatum(int64(u), t)
		}
		return types.ParseText(t, fmt.Sprint(rv.Uint()), f)
	case reflect.Float32:
		return floatDatum(rv.Float(), 32, t)
	case reflect.Float64:
		return floatDatum(rv.Float(), 64, t)
	case reflect.String:
		return types.ParseText(t, rv.String(), f)
	case reflect.Bool:
		return datumOf(rv.Bool(), t, f)
	case reflect.Slice:
		if rv.IsNil() {
			return types.Null, nil
		}
		if elem, ok := types.ElemOf(t.OID); ok && types.IsArray(t.OID) {
			return arrayDatum(rv, types.Type{OID: elem, Typmod: t.Typmod}, f)
		}
		if rv.Type().Elem().Kind() == reflect.Uint8 && !isJSON(t.OID) {
			return bytesDatum(rv.Bytes(), t, f)
		}
	case reflect.Array:
		if t.OID == types.UUIDOID && rv.Len() == 16 && rv.Type().Elem().Kind() == reflect.Uint8 {
			b := make([]byte, 16)
			reflect.Copy(reflect.ValueOf(b), rv)
			return types.NewBytesAlias(b), nil
		}
		if elem, ok := types.ElemOf(t.OID); ok && types.IsArray(t.OID) {
			return arrayDatum(rv, types.Type{OID: elem, Typmod: t.Typmod}, f)
		}
	}
	if isJSON(t.OID) {
		b, err := json.Marshal(a)
		if err != nil {
			return types.Null, err
		}
		return types.ParseText(t, string(b), f)
	}
	if s, ok := a.(fmt.Stringer); ok && types.PhysOf(t.OID) == types.PhysBytes && t.OID != types.ByteaOID {
		return types.ParseText(t, s.String(), f)
	}
	return types.Null, cannotEncode(a, t)
}

func isJSON(o types.OID) bool { return o == types.JSONOID || o == types.JSONBOID }

// arrayDatum makes an array of a slice; of slices of slices, as many dimensions.
func arrayDatum(rv reflect.Value, elem types.Type, f *types.Format) (types.Datum, error) {
	a := &types.Array{Elem: elem}
	if err := appendArray(a, rv, 0, f); err != nil {
		return types.Null, err
	}
	if len(a.Elems) == 0 {
		a.Dims, a.LowerBounds = nil, nil
	}
	return types.NewArray(a), nil
}

// nested reports whether a slice stands for a dimension rather than an element.
func nested(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8
}

func appendArray(a *types.Array, rv reflect.Value, depth int, f *types.Format) error {
	if depth == len(a.Dims) {
		if depth == 6 {
			return sqlerr.New(sqlerr.ProgramLimitExceeded, "number of array dimensions (7) exceeds the maximum allowed (6)")
		}
		a.Dims, a.LowerBounds = append(a.Dims, int32(rv.Len())), append(a.LowerBounds, 1)
	} else if int(a.Dims[depth]) != rv.Len() {
		return sqlerr.New(sqlerr.ArraySubscriptError, "multidimensional arrays must have array expressions with matching dimensions")
	}
	for i := range rv.Len() {
		e := rv.Index(i)
		if nested(e.Type()) {
			if err := appendArray(a, e, depth+1, f); err != nil {
				return err
			}
			continue
		}
		d, err := datumOf(e.Interface(), a.Elem, f)
		if err != nil {
			return fmt.Errorf("array element %d: %w", i, err)
		}
		a.Elems = append(a.Elems, d.Clone())
	}
	return nil
}
