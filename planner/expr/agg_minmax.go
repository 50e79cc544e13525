package expr

import (
	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// min and max of the types that PostgreSQL has them for.

func init() {
	for _, o := range []types.OID{
		types.Int2OID, types.Int4OID, types.Int8OID, types.OidOID, types.DateOID, types.TimeOID, types.TimestampOID, types.TimestamptzOID,
		types.Float4OID, types.Float8OID, types.NumericOID, types.TextOID, types.BpcharOID, types.IntervalOID, types.TimetzOID,
		types.TidOID, types.Xid8OID, types.AnyArrayOID,
	} {
		in, _ := types.Lookup(o)
		for name, sign := range map[string]int{"min": -1, "max": 1} {
			sig := name + "(" + in.Name + ") " + in.Name
			switch types.PhysOf(o) {
			case types.PhysInt:
				if o == types.TidOID {
					defAgg(sig, extremeFold(o, sign))
				} else {
					defAgg(sig, extremeIntFold(sign))
				}
			case types.PhysFloat:
				defAgg(sig, extremeFloatFold(sign))
			default:
				defAgg(sig, extremeFold(o, sign))
			}
		}
	}
}

// extreme is the greatest or least value so far.
type extreme[V any] struct {
	value V
	some  bool
}

func extremeIntFold(sign int) fold[extreme[int64]] {
	least := sign < 0
	add := func(s *extreme[int64], v int64) {
		if !s.some || least && v < s.value || !least && v > s.value {
			s.value, s.some = v, true
		}
	}
	return fold[extreme[int64]]{
		add: func(s *extreme[int64], args []types.Datum) error { add(s, args[0].Int()); return nil },
		column: func(states []extreme[int64], groups []int32, args []*vec.Vec, n int) error {
			a := args[0]
			g := int32(0)
			for i, v := range a.Ints[:n] {
				if a.IsNull(i) {
					continue
				}
				if groups != nil {
					g = groups[i]
				}
				add(&states[g], v)
			}
			return nil
		},
		result: func(s *extreme[int64]) (types.Datum, error) {
			if !s.some {
				return types.Null, nil
			}
			return types.NewInt(s.value), nil
		},
	}
}

func extremeFloatFold(sign int) fold[extreme[float64]] {
	add := func(s *extreme[float64], v float64) {
		if !s.some || types.CompareFloat(v, s.value)*sign >= 0 {
			s.value, s.some = v, true
		}
	}
	return fold[extreme[float64]]{
		add: func(s *extreme[float64], args []types.Datum) error { add(s, args[0].Float()); return nil },
		column: func(states []extreme[float64], groups []int32, args []*vec.Vec, n int) error {
			a := args[0]
			g := int32(0)
			for i, v := range a.Floats[:n] {
				if a.IsNull(i) {
					continue
				}
				if groups != nil {
					g = groups[i]
				}
				add(&states[g], v)
			}
			return nil
		},
		result: func(s *extreme[float64]) (types.Datum, error) {
			if !s.some {
				return types.Null, nil
			}
			return types.NewFloat(s.value), nil
		},
	}
}

// extremeFold keeps the later of two equal values that look different (1.5 and
// 1.50), save with bpchar: so does PostgreSQL.
func extremeFold(o types.OID, sign int) fold[types.Datum] {
	least := b2i(o == types.BpcharOID)
	return fold[types.Datum]{
		add: func(s *types.Datum, args []types.Datum) error {
			if s.IsNull() || types.Compare(o, args[0], *s)*sign >= least {
				*s = args[0].Clone()
			}
			return nil
		},
		result: func(s *types.Datum) (types.Datum, error) { return *s, nil },
	}
}
