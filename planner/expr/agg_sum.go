package expr

import (
	"math"
	"math/big"
	"math/bits"

	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// count, sum and avg.

func init() {
	defAgg("count() int8", fold[int64]{
		add: func(n *int64, _ []types.Datum) error { *n++; return nil },
		column: func(states []int64, groups []int32, _ []*vec.Vec, n int) error {
			if groups == nil {
				states[0] += int64(n)
				return nil
			}
			for _, g := range groups[:n] {
				states[g]++
			}
			return nil
		},
		result: countResult,
	})
	defAgg("count(any) int8", fold[int64]{
		add: func(n *int64, _ []types.Datum) error { *n++; return nil },
		column: func(states []int64, groups []int32, args []*vec.Vec, n int) error {
			a := args[0]
			if groups == nil {
				states[0] += int64(n)
				for i := 0; a.HasNulls && i < n; i++ {
					states[0] -= int64(b2i(a.IsNull(i)))
				}
				return nil
			}
			for i, g := range groups[:n] {
				if !a.IsNull(i) {
					states[g]++
				}
			}
			return nil
		},
		result: countResult,
	})

	narrow := intFold(func(s *intSum) (types.Datum, error) {
		if s.n == 0 {
			return types.Null, nil
		}
		return types.NewInt(int64(s.lo)), nil
	})
	defAgg("sum(int2) int8", narrow)
	defAgg("sum(int4) int8", narrow)
	defAgg("sum(int8) numeric", intFold(func(s *intSum) (types.Datum, error) {
		if s.n == 0 {
			return types.Null, nil
		}
		return types.NewNumeric(s.numeric()), nil
	}))
	for _, t := range []string{"int2", "int4", "int8"} {
		defAgg("avg("+t+") numeric", intFold(func(s *intSum) (types.Datum, error) {
			if s.n == 0 {
				return types.Null, nil
			}
			v, err := s.numeric().Div(types.NumericFromInt(s.n))
			return types.NewNumeric(v), err
		}))
	}

	sumOf := func(s *floatSum) (types.Datum, error) {
		if s.n == 0 {
			return types.Null, nil
		}
		return types.NewFloat(s.sum), nil
	}
	avgOf := func(s *floatSum) (types.Datum, error) {
		if s.n == 0 {
			return types.Null, nil
		}
		return types.NewFloat(s.sum / float64(s.n)), nil
	}
	defAgg("sum(float4) float4", floatFold(true, sumOf))
	defAgg("sum(float8) float8", floatFold(false, sumOf))
	defAgg("avg(float4) float8", floatFold(false, avgOf))
	defAgg("avg(float8) float8", floatFold(false, avgOf))

	defAgg("sum(numeric) numeric", numericFold(func(s *numericSum) (types.Datum, error) {
		if s.n == 0 {
			return types.Null, nil
		}
		return types.NewNumeric(s.sum), nil
	}))
	defAgg("avg(numeric) numeric", numericFold(func(s *numericSum) (types.Datum, error) {
		if s.n == 0 {
			return types.Null, nil
		}
		v, err := s.sum.Div(types.NumericFromInt(s.n))
		return types.NewNumeric(v), err
	}))

	type intervalSum struct {
		sum types.Interval
		n   int64
	}
	addInterval := func(s *intervalSum, args []types.Datum) (err error) {
		s.n++
		s.sum, err = s.sum.Add(args[0].Interval())
		return err
	}
	defAgg("sum(interval) interval", fold[intervalSum]{add: addInterval, result: func(s *intervalSum) (types.Datum, error) {
		if s.n == 0 {
			return types.Null, nil
		}
		return types.NewInterval(s.sum), nil
	}})
	defAgg("avg(interval) interval", fold[intervalSum]{add: addInterval, result: func(s *intervalSum) (types.Datum, error) {
		if s.n == 0 {
			return types.Null, nil
		}
		v, err := s.sum.Div(float64(s.n))
		return types.NewInterval(v), err
	}})
}

func countResult(n *int64) (types.Datum, error) { return types.NewInt(*n), nil }

// intSum is a sum in 128 bits and the number of its terms.
type intSum struct {
	hi int64
	lo uint64
	n  int64
}

func (s *intSum) add(v int64) {
	var carry uint64
	s.lo, carry = bits.Add64(s.lo, uint64(v), 0)
	s.hi += v>>63 + int64(carry)
	s.n++
}

func (s *intSum) numeric() types.Numeric {
	if s.hi == int64(s.lo)>>63 {
		return types.NumericFromInt(int64(s.lo))
	}
	b := big.NewInt(s.hi)
	b.Lsh(b, 64)
	return types.NumericFromBig(b.Add(b, new(big.Int).SetUint64(s.lo)), 0)
}

func intFold(result func(s *intSum) (types.Datum, error)) fold[intSum] {
	return fold[intSum]{
		add: func(s *intSum, args []types.Datum) error { s.add(args[0].Int()); return nil },
		column: func(states []intSum, groups []int32, args []*vec.Vec, n int) error {
			a := args[0]
			ints := a.Ints[:n]
			switch {
			case groups == nil && !a.HasNulls:
				s := states[0]
				for _, v := range ints {
					s.add(v)
				}
				states[0] = s
			case groups == nil:
				for i, v := range ints {
					if !a.IsNull(i) {
						states[0].add(v)
					}
				}
			default:
				for i, v := range ints {
					if !a.IsNull(i) {
						states[groups[i]].add(v)
					}
				}
			}
			return nil
		},
		result: result,
	}
}

type floatSum struct {
	sum float64
	n   int64
}

// floatFold sums floats; single rounds each sum to a float4.
func floatFold(single bool, result func(s *floatSum) (types.Datum, error)) fold[floatSum] {
	o := types.Float8OID
	if single {
		o = types.Float4OID
	}
	add := func(s *floatSum, v float64) (err error) {
		s.n++
		sum := s.sum + v
		if single || sum-sum != 0 { // infinite or NaN: perhaps an overflow
			sum, err = types.AddFloat(o, s.sum, v)
		}
		s.sum = sum
		return err
	}
	return fold[floatSum]{
		add: func(s *floatSum, args []types.Datum) error { return add(s, args[0].Float()) },
		column: func(states []floatSum, groups []int32, args []*vec.Vec, n int) error {
			a := args[0]
			g := int32(0)
			for i, v := range a.Floats[:n] {
				if a.IsNull(i) {
					continue
				}
				if groups != nil {
					g = groups[i]
				}
				if err := add(&states[g], v); err != nil {
					return err
				}
			}
			return nil
		},
		result: result,
	}
}

type numericSum struct {
	sum types.Numeric
	n   int64
}

func numericFold(result func(s *numericSum) (types.Datum, error)) fold[numericSum] {
	return fold[numericSum]{
		add: func(s *numericSum, args []types.Datum) (err error) {
			s.n++
			s.sum, err = s.sum.Add(num(args[0]))
			return err
		},
		column: func(states []numericSum, groups []int32, args []*vec.Vec, n int) (err error) {
			a := args[0]
			g := int32(0)
			for i, d := range a.Datums[:n] {
				if d.IsNull() {
					continue
				}
				if groups != nil {
					g = groups[i]
				}
				s := &states[g]
				s.n++
				if s.sum, err = s.sum.Add(num(d)); err != nil {
					return err
				}
			}
			return nil
		},
		result: result,
	}
}

// sqrtAt is the square root of a number that is not negative, at a scale.
func sqrtAt(v types.Numeric, scale int32) types.Numeric {
	d := v.Decimal()
	c := d.Coeff.MathBigInt()
	shift := 2*(int64(scale)+1) + int64(d.Exponent) // one digit more, to round
	ten := big.NewInt(10)
	if shift >= 0 {
		c.Mul(c, new(big.Int).Exp(ten, big.NewInt(shift), nil))
	} else {
		c.Quo(c, new(big.Int).Exp(ten, big.NewInt(-shift), nil))
	}
	c.Sqrt(c)
	return types.NumericFromBig(c, scale+1).Round(int(scale))
}

var nan = math.NaN()
