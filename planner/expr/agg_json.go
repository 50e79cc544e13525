package expr

import (
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// json_agg and json_object_agg.

func init() {
	registerAgg(&Agg{Name: "json_agg", Args: []types.OID{types.AnyElementOID}, Ret: types.JSONOID, Nulls: true,
		New: func(call *AggCall) AggState { return &jsonArrayState{typ: call.Args[0].Type()} }})
	registerAgg(&Agg{Name: "json_object_agg", Args: []types.OID{types.AnyOID, types.AnyOID}, Ret: types.JSONOID, Nulls: true,
		New: func(call *AggCall) AggState {
			return &jsonObjectState{key: call.Args[0].Type(), value: call.Args[1].Type()}
		}})
}

type jsonArrayState struct {
	typ types.Type
	out []byte
}

func (s *jsonArrayState) Add(c *Ctx, args []types.Datum) error {
	d := args[0]
	if s.out == nil {
		s.out = append(s.out, '[')
	} else {
		s.out = append(s.out, ", "...)
		if k := d.Kind(); k == types.KindArray || k == types.KindRecord {
			s.out = append(s.out, "\n "...)
		}
	}
	s.out = appendJSON(s.out, c, s.typ, d, false)
	return nil
}

func (s *jsonArrayState) Result(*Ctx) (types.Datum, error) {
	if s.out == nil {
		return types.Null, nil
	}
	return types.NewText(string(s.out) + "]"), nil
}

type jsonObjectState struct {
	key, value types.Type
	out        []byte
}

func (s *jsonObjectState) Add(c *Ctx, args []types.Datum) error {
	if args[0].IsNull() {
		return sqlerr.New(sqlerr.InvalidParameterValue, "field name must not be null")
	}
	if s.out == nil {
		s.out = append(s.out, "{ "...)
	} else {
		s.out = append(s.out, ", "...)
	}
	s.out = append(appendJSONKey(s.out, c, s.key, args[0]), " : "...)
	s.out = appendJSON(s.out, c, s.value, args[1], false)
	return nil
}

func (s *jsonObjectState) Result(*Ctx) (types.Datum, error) {
	if s.out == nil {
		return types.Null, nil
	}
	return types.NewText(string(s.out) + " }"), nil
}
