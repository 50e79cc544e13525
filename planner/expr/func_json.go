package expr

import (
	"strconv"
	"strings"

	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// json: values made of others, and their parts. Type jsonb is not supported.

func init() {
	defStable(func(c *CallCtx, a []types.Datum) (types.Datum, error) {
		return types.NewBytesAlias(appendJSON(nil, c.Ctx, c.argType(0), a[0], false)), nil
	}, "to_json(anyelement) json", "array_to_json(anyarray) json", "row_to_json(record) json")
	defStable(func(c *CallCtx, a []types.Datum) (types.Datum, error) {
		return types.NewBytesAlias(appendJSON(nil, c.Ctx, c.argType(0), a[0], a[1].Bool())), nil
	}, "array_to_json(anyarray, bool) json", "row_to_json(record, bool) json")

	for _, sig := range []string{"json_build_array(variadic any) json", "json_build_array() json"} {
		f := def(sig, func(c *CallCtx, a []types.Datum) (types.Datum, error) {
			out := []byte{'['}
			for i, d := range a {
				if i > 0 {
					out = append(out, ", "...)
				}
				out = appendJSON(out, c.Ctx, c.argType(i), d, false)
			}
			return types.NewBytesAlias(append(out, ']')), nil
		})
		f.Strict, f.Vol = false, Stable
	}
	for _, sig := range []string{"json_build_object(variadic any) json", "json_build_object() json"} {
		f := def(sig, jsonBuildObject)
		f.Strict, f.Vol = false, Stable
	}
	def("json_object(_text) json", func(a types.Datum) (types.Datum, error) {
		arr := a.Array()
		switch {
		case len(arr.Dims) > 2 || len(arr.Dims) == 2 && arr.Dims[1] != 2:
			if len(arr.Dims) > 2 {
				return types.Null, sqlerr.New(sqlerr.ArraySubscriptError, "wrong number of array subscripts")
			}
			return types.Null, sqlerr.New(sqlerr.ArraySubscriptError, "array must have two columns")
		case len(arr.Elems)%2 != 0:
			return types.Null, sqlerr.New(sqlerr.ArraySubscriptError, "array must have even number of elements")
		}
		var keys, values []types.Datum
		for i := 0; i < len(arr.Elems); i += 2 {
			keys, values = append(keys, arr.Elems[i]), append(values, arr.Elems[i+1])
		}
		return jsonObject(keys, values)
	})
	def("json_object(_text, _text) json", func(a, b types.Datum) (types.Datum, error) {
		k, v := a.Array(), b.Array()
		if len(k.Dims) > 1 || len(k.Dims) != len(v.Dims) {
			return types.Null, sqlerr.New(sqlerr.ArraySubscriptError, "wrong number of array subscripts")
		}
		if len(k.Elems) != len(v.Elems) {
			return types.Null, sqlerr.New(sqlerr.ArraySubscriptError, "mismatched array dimensions")
		}
		return jsonObject(k.Elems, v.Elems)
	})

	def("json_typeof(json) text", func(s string) string { return jsonOf(s).typeName() })
	def("json_array_length(json) int4", func(a types.Datum) (types.Datum, error) {
		v := jsonOf(a.Text())
		switch v.kind {
		case '[':
			return types.NewInt(v.length()), nil
		case '{':
			return types.Null, sqlerr.New(sqlerr.InvalidParameterValue, "cannot get array length of a non-array")
		}
		return types.Null, sqlerr.New(sqlerr.InvalidParameterValue, "cannot get array length of a scalar")
	})
	field := func(asText bool) func(a, b types.Datum) (types.Datum, error) {
		return func(a, b types.Datum) (types.Datum, error) {
			v, ok, err := jsonOf(a.Text()).field(b.Text())
			return jsonPart(v, ok, err, asText)
		}
	}
	element := func(asText bool) func(a, b types.Datum) (types.Datum, error) {
		return func(a, b types.Datum) (types.Datum, error) {
			v, ok := jsonOf(a.Text()).element(b.Int())
			return jsonPart(v, ok, nil, asText)
		}
	}
	path := func(asText bool) func(a, b types.Datum) (types.Datum, error) {
		return func(a, b types.Datum) (types.Datum, error) { return jsonPath(a.Text(), b.Array().Elems, asText) }
	}
	defOp("-> (json, text) json", field(false))
	defOp("->> (json, text) text", field(true))
	defOp("-> (json, int4) json", element(false))
	defOp("->> (json, int4) text", element(true))
	defOp("#> (json, _text) json", path(false))
	defOp("#>> (json, _text) text", path(true))
	def("json_extract_path(json, variadic text) json", func(a []types.Datum) (types.Datum, error) { return jsonPath(a[0].Text(), a[1:], false) })
	def("json_extract_path_text(json, variadic text) text", func(a []types.Datum) (types.Datum, error) { return jsonPath(a[0].Text(), a[1:], true) })

	for _, asText := range []bool{false, true} {
		suffix, ret := "", "json"
		if asText {
			suffix, ret = "_text", "text"
		}
		def("json_array_elements"+suffix+"(json) "+ret, func(_ *CallCtx, a []types.Datum) (Rows, error) {
			v := jsonOf(a[0].Text())
			switch v.kind {
			case '[':
			case '{':
				return nil, sqlerr.New(sqlerr.InvalidParameterValue, "cannot call json_array_elements%s on a non-array", suffix)
			default:
				return nil, sqlerr.New(sqlerr.InvalidParameterValue, "cannot call json_array_elements%s on a scalar", suffix)
			}
			var out []types.Datum
			var failed error
			v.elems(func(e jsonValue) bool {
				var d types.Datum
				d, failed = jsonPart(e, true, nil, asText)
				out = append(out, d.Clone())
				return failed == nil
			})
			return listRows(out), failed
		})
		f := def("json_each"+suffix+"(json) record", func(_ *CallCtx, a []types.Datum) (Rows, error) {
			v := jsonOf(a[0].Text())
			switch v.kind {
			case '{':
			case '[':
				return nil, sqlerr.New(sqlerr.InvalidParameterValue, "cannot deconstruct an array as an object")
			default:
				return nil, sqlerr.New(sqlerr.InvalidParameterValue, "cannot deconstruct a scalar")
			}
			var out [][]types.Datum
			err := v.members(func(key string, e jsonValue) (bool, error) {
				d, err := jsonPart(e, true, nil, asText)
				out = append(out, []types.Datum{types.NewText(key).Clone(), d.Clone()})
				return true, err
			})
			return func() ([]types.Datum, bool, error) {
				if len(out) == 0 {
					return nil, false, nil
				}
				row := out[0]
				out = out[1:]
				return row, true, nil
			}, err
		})
		f.OutNames, f.OutTypes = []string{"key", "value"}, []types.OID{types.TextOID, typeNamed(ret)}
	}
	def("json_object_keys(json) text", func(_ *CallCtx, a []types.Datum) (Rows, error) {
		v := jsonOf(a[0].Text())
		switch v.kind {
		case '{':
		case '[':
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "cannot call json_object_keys on an array")
		default:
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "cannot call json_object_keys on a scalar")
		}
		var out []types.Datum
		err := v.members(func(key string, _ jsonValue) (bool, error) {
			out = append(out, types.NewText(key).Clone())
			return true, nil
		})
		return listRows(out), err
	})
	def("json_strip_nulls(json) json", func(a types.Datum) (types.Datum, error) {
		out, err := appendStripped(nil, jsonOf(a.Text()))
		return types.NewBytesAlias(out), err
	})
}

// jsonPart is a part of a json value as -> or ->> gives it.
func jsonPart(v jsonValue, ok bool, err error, asText bool) (types.Datum, error) {
	if err != nil || !ok || asText && v.kind == 'n' {
		return types.Null, err
	}
	if asText {
		s, err := v.text()
		return types.NewText(s), err
	}
	return types.NewText(v.raw), nil
}

func jsonPath(s string, path []types.Datum, asText bool) (types.Datum, error) {
	v := jsonOf(s)
	for _, p := range path {
		if p.IsNull() {
			return types.Null, nil
		}
		var ok bool
		var err error
		switch v.kind {
		case '{':
			v, ok, err = v.field(p.Text())
		case '[':
			i, perr := types.ParseText(types.Int4OID.Type(), p.Text(), nil)
			if perr == nil {
				v, ok = v.element(i.Int())
			}
		}
		if err != nil || !ok {
			return types.Null, err
		}
	}
	return jsonPart(v, true, nil, asText)
}

// appendJSON writes a value as to_json does. pretty puts line feeds between the
// outermost fields or elements.
func appendJSON(dst []byte, c *Ctx, t types.Type, d types.Datum, pretty bool) []byte {
	separator := ","
	if pretty {
		separator = ",\n "
	}
	switch d.Kind() {
	case types.KindNull:
		return append(dst, "null"...)
	case types.KindBool:
		if d.Bool() {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	case types.KindArray:
		a := d.Array()
		if t.OID == types.Int2VectorOID || t.OID == types.OidVectorOID {
			break
		}
		dst, _ = appendJSONArray(dst, c, a, 0, a.Elems, separator)
		return dst
	case types.KindRecord:
		r := d.Record()
		dst = append(dst, '{')
		for i, f := range r.Fields {
			if i > 0 {
				dst = append(dst, separator...)
			}
			name := "f" + strconv.Itoa(i+1)
			if i < len(r.Names) {
				name = r.Names[i]
			}
			dst = append(appendJSONString(dst, name), ':')
			dst = appendJSON(dst, c, r.Types[i], f, false)
		}
		return append(dst, '}')
	}
	switch t.OID {
	case types.JSONOID:
		return append(dst, d.Text()...)
	case types.Int2OID, types.Int4OID, types.Int8OID, types.Float4OID, types.Float8OID, types.NumericOID:
		s := types.Text(t, d, c.Format)
		if strings.HasSuffix(s, "N") || strings.HasSuffix(s, "y") { // NaN, Infinity
			return appendJSONString(dst, s)
		}
		return append(dst, s...)
	case types.DateOID, types.TimestampOID, types.TimestamptzOID: // in ISO 8601, whatever DateStyle is
		iso := &types.Format{TimeZone: c.zone()}
		s := types.Text(t, d, iso)
		if t.OID != types.DateOID {
			s = strings.Replace(s, " ", "T", 1)
		}
		if sign := strings.LastIndexAny(s, "+-"); t.OID == types.TimestamptzOID && sign > 0 && len(s)-sign == 3 {
			s += ":00"
		}
		return appendJSONString(dst, s)
	}
	return appendJSONString(dst, output(c, t, d))
}

// appendJSONArray writes dimension dim of an array and returns the elements it
// has not used.
func appendJSONArray(dst []byte, c *Ctx, a *types.Array, dim int, elems []types.Datum, separator string) ([]byte, []types.Datum) {
	dst = append(dst, '[')
	if len(a.Dims) > 0 {
		for i := range a.Dims[dim] {
			if i > 0 {
				dst = append(dst, separator...)
			}
			if dim+1 < len(a.Dims) {
				dst, elems = appendJSONArray(dst, c, a, dim+1, elems, ",")
				continue
			}
			dst = appendJSON(dst, c, a.Elem, elems[0], false)
			elems = elems[1:]
		}
	}
	return append(dst, ']'), elems
}

// appendJSONKey writes a value as the key of an object.
func appendJSONKey(dst []byte, c *Ctx, t types.Type, d types.Datum) []byte {
	if d.Kind() == types.KindBool {
		return appendJSONString(dst, map[bool]string{true: "true", false: "false"}[d.Bool()])
	}
	if v := appendJSON(nil, c, t, d, false); len(v) > 0 && v[0] == '"' {
		return append(dst, v...)
	}
	return appendJSONString(dst, output(c, t, d))
}

func jsonBuildObject(c *CallCtx, a []types.Datum) (types.Datum, error) {
	if len(a)%2 != 0 {
		return types.Null, sqlerr.New(sqlerr.InvalidParameterValue, "argument list must have even number of elements").
			WithHint("The arguments of json_build_object() must consist of alternating keys and values.")
	}
	out := []byte{'{'}
	for i := 0; i < len(a); i += 2 {
		if a[i].IsNull() {
			return types.Null, sqlerr.New(sqlerr.InvalidParameterValue, "argument %d cannot be null", i+1).
				WithHint("Object keys should be text.")
		}
		if i > 0 {
			out = append(out, ", "...)
		}
		out = append(appendJSONKey(out, c.Ctx, c.argType(i), a[i]), " : "...)
		out = appendJSON(out, c.Ctx, c.argType(i+1), a[i+1], false)
	}
	return types.NewBytesAlias(append(out, '}')), nil
}

func jsonObject(keys, values []types.Datum) (types.Datum, error) {
	out := []byte{'{'}
	for i, k := range keys {
		if k.IsNull() {
			return types.Null, sqlerr.New(sqlerr.NullValueNotAllowed, "null value not allowed for object key")
		}
		if i > 0 {
			out = append(out, ", "...)
		}
		out = append(appendJSONString(out, k.Text()), " : "...)
		if values[i].IsNull() {
			out = append(out, "null"...)
		} else {
			out = appendJSONString(out, values[i].Text())
		}
	}
	return types.NewBytesAlias(append(out, '}')), nil
}

// appendStripped writes v without the object fields that are null, and without blanks.
func appendStripped(dst []byte, v jsonValue) ([]byte, error) {
	var err error
	switch v.kind {
	case '{':
		dst = append(dst, '{')
		start := len(dst)
		err = v.members(func(key string, e jsonValue) (bool, error) {
			if e.kind == 'n' {
				return true, nil
			}
			if len(dst) > start {
				dst = append(dst, ',')
			}
			dst = append(appendJSONString(dst, key), ':')
			var err error
			dst, err = appendStripped(dst, e)
			return true, err
		})
		return append(dst, '}'), err
	case '[':
		dst = append(dst, '[')
		start := len(dst)
		v.elems(func(e jsonValue) bool {
			if len(dst) > start {
				dst = append(dst, ',')
			}
			dst, err = appendStripped(dst, e)
			return err == nil
		})
		return append(dst, ']'), err
	case '"':
		s, err := v.text()
		return appendJSONString(dst, s), err
	}
	return append(dst, v.raw...), nil
}
