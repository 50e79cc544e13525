package minisql

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"time"

	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// Interval is a span of months, days and microseconds, which do not convert exactly
// into each other.
type Interval = types.Interval

// scanInto stores value i of v in *dst. The common cases take no Datum.
func scanInto(dst any, t types.Type, v *vec.Vec, i int, f *types.Format) error {
	if !v.IsNull(i) {
		switch d := dst.(type) {
		case *int64:
			if v.Phys == types.PhysInt && isInteger(t.OID) {
				*d = v.Ints[i]
				return nil
			}
		case *int:
			if v.Phys == types.PhysInt && isInteger(t.OID) {
				*d = int(v.Ints[i])
				return nil
			}
		case *int32:
			if t.OID == types.Int4OID || t.OID == types.Int2OID {
				*d = int32(v.Ints[i])
				return nil
			}
		case *string:
			if v.Phys == types.PhysBytes && t.OID != types.ByteaOID && t.OID != types.UUIDOID {
				*d = string(v.Bytes(i))
				return nil
			}
		case *float64:
			if v.Phys == types.PhysFloat {
				*d = v.Floats[i]
				return nil
			}
		case *bool:
			if v.Phys == types.PhysBool {
				*d = v.Bools[i]
				return nil
			}
		}
	}
	return assign(dst, t, v.View(i), f)
}

// isInteger reports whether values of the type are numbers to Go.
func isInteger(o types.OID) bool {
	switch o {
	case types.Int2OID, types.Int4OID, types.Int8OID, types.OidOID, types.XidOID, types.CidOID, types.Xid8OID:
		return true
	}
	return types.IsReg(o)
}

// assign stores d, a value of type t, in *dst. A text in d may alias a buffer, so
// what is kept of it is copied.
func assign(dst any, t types.Type, d types.Datum, f *types.Format) error {
	switch p := dst.(type) {
	case *any:
		*p = goValue(d.Clone(), t, f)
		return nil
	case sql.Scanner:
		return p.Scan(driverValue(d.Clone(), t, f))
	}
	rv := reflect.ValueOf(dst)
	if rv.Kind() != reflect.Pointer || rv.IsNil() {
		return fmt.Errorf("destination %T is not a pointer", dst)
	}
	return assignValue(rv.Elem(), t, d, f)
}

func assignValue(rv reflect.Value, t types.Type, d types.Datum, f *types.Format) error {
	if d.IsNull() {
		switch rv.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Interface, reflect.Map:
			rv.SetZero()
			return nil
		}
		return fmt.Errorf("cannot scan NULL into *%s", rv.Type())
	}
	if rv.Kind() == reflect.Pointer {
		n := reflect.New(rv.Type().Elem())
		if err := assign(n.Interface(), t, d, f); err != nil {
			return err
		}
		rv.Set(n)
		return nil
	}
	switch p := rv.Addr().Interface().(type) {
	case *time.Time:
		return assignTime(p, t, d, f)
	case *time.Duration:
		return assignDuration(p, t, d)
	case *Interval:
		if d.Kind() == types.KindInterval {
			*p = d.Interval()
			return nil
		}
		return cannotScan(t, p)
	case *[]byte:
		*p = bytesOf(d, t, f)
		return nil
	case *json.RawMessage:
		*p = bytesOf(d, t, f)
		return nil
	case *types.Datum:
		*p = d.Clone()
		return nil
	case *[16]byte:
		if t.OID == types.UUIDOID {
			copy(p[:], d.Text())
			return nil
		}
		return cannotScan(t, p)
	case sql.Scanner:
		return p.Scan(driverValue(d.Clone(), t, f))
	}
	switch rv.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, err := int64Of(d, t)
		if err != nil {
			return err
		}
		if rv.OverflowInt(n) {
			return fmt.Errorf("%d is out of range for %s", n, rv.Type())
		}
		rv.SetInt(n)
		return nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n, err := int64Of(d, t)
		if err != nil {
			return err
		}
		if n < 0 && t.OID != types.Xid8OID || rv.OverflowUint(uint64(n)) {
			return fmt.Errorf("%d is out of range for %s", n, rv.Type())
		}
		rv.SetUint(uint64(n))
		return nil
	case reflect.Float32, reflect.Float64:
		switch {
		case d.Kind() == types.KindFloat:
			rv.SetFloat(d.Float())
		case d.Kind() == types.KindInt && isInteger(t.OID):
			rv.SetFloat(float64(d.Int()))
		case d.Kind() == types.KindNumeric:
			n, _ := d.Numeric()
			rv.SetFloat(n.Float())
		default:
			return cannotScan(t, rv.Addr().Interface())
		}
		return nil
	case reflect.Bool:
		if d.Kind() != types.KindBool {
			return cannotScan(t, rv.Addr().Interface())
		}
		rv.SetBool(d.Bool())
		return nil
	case reflect.String:
		if t.OID == types.ByteaOID {
			return cannotScan(t, rv.Addr().Interface())
		}
		rv.SetString(string(types.AppendText(nil, t, d, f)))
		return nil
	case reflect.Slice:
		if d.Kind() == types.KindArray {
			return assignSlice(rv, d.Array(), f)
		}
		if rv.Type().Elem().Kind() == reflect.Uint8 {
			rv.SetBytes(bytesOf(d, t, f))
			return nil
		}
	case reflect.Array:
		if t.OID == types.UUIDOID && rv.Len() == 16 && rv.Type().Elem().Kind() == reflect.Uint8 {
			reflect.Copy(rv, reflect.ValueOf(d.Bytes()))
			return nil
		}
	}
	if t.OID == types.JSONOID || t.OID == types.JSONBOID {
		return json.Unmarshal(d.Bytes(), rv.Addr().Interface())
	}
	return cannotScan(t, rv.Addr().Interface())
}

func cannotScan(t types.Type, dst any) error {
	return fmt.Errorf("cannot scan %s (OID %d) into %T", t, t.OID, dst)
}

// bytesOf copies the bytes of a bytea, and the text of anything else.
func bytesOf(d types.Datum, t types.Type, f *types.Format) []byte {
	if d.Kind() == types.KindBytes && t.OID != types.UUIDOID {
		return append([]byte{}, d.Text()...)
	}
	return types.AppendText([]byte{}, t, d, f)
}

func int64Of(d types.Datum, t types.Type) (int64, error) {
	switch {
	case d.Kind() == types.KindInt && isInteger(t.OID):
		return d.Int(), nil
	case d.Kind() == types.KindNumeric:
		n, _ := d.Numeric()
		if v, ok := n.Int64(); ok && n.TrimScale().Scale() == 0 {
			return v, nil
		}
		return 0, fmt.Errorf("cannot scan numeric %s into an integer", n)
	case d.Kind() == types.KindFloat && d.Float() == math.Trunc(d.Float()) && math.Abs(d.Float()) < 1<<53:
		return int64(d.Float()), nil
	}
	return 0, fmt.Errorf("cannot scan %s (OID %d) into an integer", t, t.OID)
}

func assignSlice(rv reflect.Value, a *types.Array, f *types.Format) error {
	if len(a.Dims) > 1 && rv.Type().Elem().Kind() == reflect.Slice && rv.Type().Elem().Elem().Kind() != reflect.Uint8 {
		// A slice of slices takes an array of as many dimensions.
		n, size := int(a.Dims[0]), len(a.Elems)/int(a.Dims[0])
		out := reflect.MakeSlice(rv.Type(), n, n)
		for i := range n {
			sub := &types.Array{Elem: a.Elem, Dims: a.Dims[1:], LowerBounds: a.LowerBounds[1:], Elems: a.Elems[i*size : (i+1)*size]}
			if err := assignSlice(out.Index(i), sub, f); err != nil {
				return err
			}
		}
		rv.Set(out)
		return nil
	}
	out := reflect.MakeSlice(rv.Type(), len(a.Elems), len(a.Elems))
	for i, e := range a.Elems {
		if err := assign(out.Index(i).Addr().Interface(), a.Elem, e, f); err != nil {
			return fmt.Errorf("array element %d: %w", i, err)
		}
	}
	rv.Set(out)
	return nil
}

// timeOf returns the moment of a date or timestamp; false for infinity. A
// timestamptz is shown in the session's time zone, the others in UTC.
func timeOf(d types.Datum, t types.Type, f *types.Format) (time.Time, bool) {
	n := d.Int()
	switch t.OID {
	case types.DateOID:
		if n == math.MaxInt32 || n == math.MinInt32 || n == math.MaxInt64 || n == math.MinInt64 {
			return time.Time{}, false
		}
		return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(n)), true
	case types.TimestampOID, types.TimestamptzOID:
		if n == math.MaxInt64 || n == math.MinInt64 {
			return time.Time{}, false
		}
		at := types.TimeFromTimestamp(n)
		if t.OID == types.TimestamptzOID && f != nil && f.TimeZone != nil {
			at = at.In(f.TimeZone)
		}
		return at, true
	}
	return time.Time{}, false
}

func assignTime(p *time.Time, t types.Type, d types.Datum, f *types.Format) error {
	switch t.OID {
	case types.DateOID, types.TimestampOID, types.TimestamptzOID:
		at, ok := timeOf(d, t, f)
		if !ok {
			return errors.New("cannot scan infinity into *time.Time")
		}
		*p = at
		return nil
	}
	return cannotScan(t, p)
}

func assignDuration(p *time.Duration, t types.Type, d types.Datum) error {
	var us int64
	switch {
	case d.Kind() == types.KindInterval:
		v := d.Interval()
		us = v.Micros + (int64(v.Days)+30*int64(v.Months))*86_400_000_000
	case t.OID == types.TimeOID:
		us = d.Int()
	case isInteger(t.OID):
		*p = time.Duration(d.Int())
		return nil
	default:
		return cannotScan(t, p)
	}
	if us > math.MaxInt64/1000 || us < math.MinInt64/1000 {
		return fmt.Errorf("%s is out of range for %T", t, *p)
	}
	*p = time.Duration(us) * time.Microsecond
	return nil
}

// goValue is what a value is to Go when the destination does not say.
func goValue(d types.Datum, t types.Type, f *types.Format) any {
	switch d.Kind() {
	case types.KindNull:
		return nil
	case types.KindBool:
		return d.Bool()
	case types.KindInt:
		switch t.OID {
		case types.Int2OID:
			return int16(d.Int())
		case types.Int4OID:
			return int32(d.Int())
		case types.Int8OID:
			return d.Int()
		case types.OidOID, types.XidOID, types.CidOID:
			return uint32(d.Int())
		case types.Xid8OID:
			return uint64(d.Int())
		case types.DateOID, types.TimestampOID, types.TimestamptzOID:
			if at, ok := timeOf(d, t, f); ok {
				return at
			}
		}
	case types.KindFloat:
		if t.OID == types.Float4OID {
			return float32(d.Float())
		}
		return d.Float()
	case types.KindBytes:
		switch t.OID {
		case types.ByteaOID:
			return []byte(d.Text())
		case types.UUIDOID:
			return [16]byte(d.Bytes())
		case types.JSONOID, types.JSONBOID:
			var v any
			if json.Unmarshal(d.Bytes(), &v) == nil {
				return v
			}
		}
		return d.Text()
	case types.KindInterval:
		return d.Interval()
	case types.KindArray:
		a := d.Array()
		return goArray(a.Dims, a.Elems, a.Elem, f)
	case types.KindRecord:
		r := d.Record()
		out := make([]any, len(r.Fields))
		for i, v := range r.Fields {
			out[i] = goValue(v, r.Types[i], f)
		}
		return out
	}
	return types.Text(t, d, f)
}

func goArray(dims []int32, elems []types.Datum, elem types.Type, f *types.Format) []any {
	if len(dims) == 0 {
		return []any{}
	}
	n := int(dims[0])
	out := make([]any, n)
	for i := range out {
		if len(dims) == 1 {
			out[i] = goValue(elems[i], elem, f)
		} else {
			size := len(elems) / n
			out[i] = goArray(dims[1:], elems[i*size:(i+1)*size], elem, f)
		}
	}
	return out
}

// driverValue is a value as database/sql's convention has it: int64, float64, bool,
// []byte, string, time.Time or nil.
func driverValue(d types.Datum, t types.Type, f *types.Format) any {
	switch d.Kind() {
	case types.KindNull:
		return nil
	case types.KindBool:
		return d.Bool()
	case types.KindInt:
		if isInteger(t.OID) && (t.OID != types.Xid8OID || d.Int() >= 0) && !types.IsReg(t.OID) {
			return d.Int()
		}
		if at, ok := timeOf(d, t, f); ok {
			return at
		}
	case types.KindFloat:
		return d.Float()
	case types.KindBytes:
		if t.OID == types.ByteaOID {
			return []byte(d.Text())
		}
	}
	return types.Text(t, d, f)
}
