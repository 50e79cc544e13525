package expr

import (
	"math"

	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// Ordered-set aggregates: the values come sorted.

func init() {
	define := func(sig string, direct int, result func(s *orderedState) (types.Datum, error)) {
		s := signature(sig)
		registerAgg(&Agg{Name: s.Name, Args: s.Args, Ret: s.Ret, OrderedSet: true, Direct: direct,
			New: func(call *AggCall) AggState {
				return &orderedState{direct: direct, result: result, typ: call.Args[direct].Type()}
			}})
	}
	// many answers for each of an array of fractions.
	many := func(one func(s *orderedState, fraction float64) (types.Datum, error)) func(s *orderedState) (types.Datum, error) {
		return func(s *orderedState) (types.Datum, error) {
			in := s.fraction.Array()
			out := &types.Array{Elem: s.typ.OID.Type(), Dims: in.Dims, LowerBounds: in.LowerBounds, Elems: make([]types.Datum, len(in.Elems))}
			for i, f := range in.Elems {
				if f.IsNull() {
					continue
				}
				d, err := one(s, f.Float())
				if err != nil {
					return types.Null, err
				}
				out.Elems[i] = d
			}
			return types.NewArray(out), nil
		}
	}
	single := func(one func(s *orderedState, fraction float64) (types.Datum, error)) func(s *orderedState) (types.Datum, error) {
		return func(s *orderedState) (types.Datum, error) { return one(s, s.fraction.Float()) }
	}
	lerpFloat := func(lo, hi types.Datum, share float64) (types.Datum, error) {
		return types.NewFloat(lo.Float() + share*(hi.Float()-lo.Float())), nil
	}
	lerpInterval := func(lo, hi types.Datum, share float64) (types.Datum, error) {
		diff, err := hi.Interval().Sub(lo.Interval())
		if err != nil {
			return types.Null, err
		}
		if diff, err = diff.Mul(share); err != nil {
			return types.Null, err
		}
		v, err := diff.Add(lo.Interval())
		return types.NewInterval(v), err
	}
	for t, lerp := range map[string]func(lo, hi types.Datum, share float64) (types.Datum, error){"float8": lerpFloat, "interval": lerpInterval} {
		cont := func(s *orderedState, fraction float64) (types.Datum, error) {
			if err := checkFraction(fraction); err != nil {
				return types.Null, err
			}
			at := fraction * float64(len(s.values)-1)
			lo, hi := math.Floor(at), math.Ceil(at)
			if lo == hi {
				return s.values[int(lo)], nil
			}
			return lerp(s.values[int(lo)], s.values[int(hi)], at-lo)
		}
		define("percentile_cont(float8, "+t+") "+t, 1, single(cont))
		define("percentile_cont(_float8, "+t+") _"+t, 1, many(cont))
	}
	disc := func(s *orderedState, fraction float64) (types.Datum, error) {
		if err := checkFraction(fraction); err != nil {
			return types.Null, err
		}
		return s.values[max(int(math.Ceil(fraction*float64(len(s.values)))), 1)-1], nil
	}
	define("percentile_disc(float8, anyelement) anyelement", 1, single(disc))
	define("percentile_disc(_float8, anyelement) anyarray", 1, many(disc))
	define("mode(anyelement) anyelement", 0, func(s *orderedState) (types.Datum, error) {
		best, bestRun, run := types.Null, 0, 0
		for i, v := range s.values {
			if i > 0 && types.Equal(s.typ.OID, v, s.values[i-1]) {
				run++
			} else {
				run = 1
			}
			if run > bestRun {
				best, bestRun = v, run
			}
		}
		return best, nil
	})
}

func checkFraction(f float64) error {
	if f < 0 || f > 1 || math.IsNaN(f) {
		return sqlerr.New(sqlerr.NumericValueOutOfRange, "percentile value %s is not between 0 and 1", shortFloat(f))
	}
	return nil
}

type orderedState struct {
	direct   int
	typ      types.Type
	fraction types.Datum
	values   []types.Datum
	result   func(s *orderedState) (types.Datum, error)
}

func (s *orderedState) Add(_ *Ctx, args []types.Datum) error {
	if s.direct > 0 {
		s.fraction = args[0]
	}
	s.values = append(s.values, args[s.direct].Clone())
	return nil
}

func (s *orderedState) Result(*Ctx) (types.Datum, error) {
	if len(s.values) == 0 || s.direct > 0 && s.fraction.IsNull() {
		return types.Null, nil
	}
	return s.result(s)
}
