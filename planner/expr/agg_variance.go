package expr

import (
	"math"

	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// Variance, standard deviation, and linear regression. Sums of squares of floats
// are kept as sums of squared deviations (Youngs and Cramer), as PostgreSQL does.

func init() {
	for name, v := range map[string]struct{ sample, root bool }{
		"var_pop": {false, false}, "var_samp": {true, false}, "variance": {true, false},
		"stddev_pop": {false, true}, "stddev_samp": {true, true}, "stddev": {true, true},
	} {
		for _, t := range []string{"int2", "int4", "int8"} {
			defAgg(name+"("+t+") numeric", squaresFold(v.sample, v.root, func(d types.Datum) types.Numeric {
				return types.NumericFromInt(d.Int())
			}))
		}
		defAgg(name+"(numeric) numeric", squaresFold(v.sample, v.root, num))
		for _, t := range []string{"float4", "float8"} {
			defAgg(name+"("+t+") float8", fold[regression]{
				add: func(s *regression, args []types.Datum) error { return s.add(0, args[0].Float(), false) },
				result: func(s *regression) (types.Datum, error) {
					n := s.n
					if v.sample {
						n--
					}
					if n <= 0 {
						return types.Null, nil
					}
					if v.root {
						return types.NewFloat(math.Sqrt(s.sxx / n)), nil
					}
					return types.NewFloat(s.sxx / n), nil
				},
			})
		}
	}
	reg := func(name, ret string, f func(s *regression) (float64, bool)) {
		defAgg(name+"(float8, float8) "+ret, fold[regression]{
			add: func(s *regression, args []types.Datum) error { return s.add(args[0].Float(), args[1].Float(), true) },
			result: func(s *regression) (types.Datum, error) {
				v, ok := f(s)
				if !ok {
					return types.Null, nil
				}
				if ret == "int8" {
					return types.NewInt(int64(v)), nil
				}
				return types.NewFloat(v), nil
			},
		})
	}
	reg("regr_count", "int8", func(s *regression) (float64, bool) { return s.n, true })
	reg("regr_sxx", "float8", func(s *regression) (float64, bool) { return s.sxx, s.n >= 1 })
	reg("regr_syy", "float8", func(s *regression) (float64, bool) { return s.syy, s.n >= 1 })
	reg("regr_sxy", "float8", func(s *regression) (float64, bool) { return s.sxy, s.n >= 1 })
	reg("regr_avgx", "float8", func(s *regression) (float64, bool) { return s.sx / s.n, s.n >= 1 })
	reg("regr_avgy", "float8", func(s *regression) (float64, bool) { return s.sy / s.n, s.n >= 1 })
	reg("covar_pop", "float8", func(s *regression) (float64, bool) { return s.sxy / s.n, s.n >= 1 })
	reg("covar_samp", "float8", func(s *regression) (float64, bool) { return s.sxy / (s.n - 1), s.n >= 2 })
	reg("corr", "float8", func(s *regression) (float64, bool) {
		return s.sxy / math.Sqrt(s.sxx*s.syy), s.n >= 1 && s.sxx != 0 && s.syy != 0
	})
	reg("regr_r2", "float8", func(s *regression) (float64, bool) {
		if s.n < 1 || s.sxx == 0 {
			return 0, false
		}
		if s.syy == 0 {
			return 1, true
		}
		return s.sxy * s.sxy / (s.sxx * s.syy), true
	})
	reg("regr_slope", "float8", func(s *regression) (float64, bool) { return s.sxy / s.sxx, s.n >= 1 && s.sxx != 0 })
	reg("regr_intercept", "float8", func(s *regression) (float64, bool) {
		return (s.sy - s.sx*s.sxy/s.sxx) / s.n, s.n >= 1 && s.sxx != 0
	})
}

// regression has the sums over pairs (y, x) and those of their squared deviations.
type regression struct{ n, sx, sxx, sy, syy, sxy float64 }

func (s *regression) add(y, x float64, pair bool) error {
	before := *s
	s.n++
	s.sx += x
	s.sy += y
	if before.n == 0 {
		if x-x != 0 {
			s.sxx, s.sxy = nan, nan
		}
		if y-y != 0 {
			s.syy, s.sxy = nan, nan
		}
		return nil
	}
	dx, dy := x*s.n-s.sx, y*s.n-s.sy
	// PostgreSQL divides for one variable and multiplies for two; the last digits
	// differ.
	if pair {
		scale := 1 / (s.n * before.n)
		s.sxx += float64(dx*dx) * scale
		s.syy += float64(dy*dy) * scale
		s.sxy += float64(dx*dy) * scale
	} else {
		s.sxx += float64(dx*dx) / (s.n * before.n)
	}
	if math.IsInf(s.sx, 0) || math.IsInf(s.sxx, 0) || math.IsInf(s.sy, 0) || math.IsInf(s.syy, 0) || math.IsInf(s.sxy, 0) {
		fromX := (math.IsInf(s.sx, 0) || math.IsInf(s.sxx, 0)) && !math.IsInf(before.sx, 0) && !math.IsInf(x, 0)
		fromY := (math.IsInf(s.sy, 0) || math.IsInf(s.syy, 0)) && !math.IsInf(before.sy, 0) && !math.IsInf(y, 0)
		fromXY := math.IsInf(s.sxy, 0) && !math.IsInf(before.sx, 0) && !math.IsInf(x, 0) && !math.IsInf(before.sy, 0) && !math.IsInf(y, 0)
		if fromX || fromY || fromXY {
			return sqlerr.New(sqlerr.NumericValueOutOfRange, "value out of range: overflow")
		}
		if math.IsInf(s.sxx, 0) {
			s.sxx = nan
		}
		if math.IsInf(s.syy, 0) {
			s.syy = nan
		}
		if math.IsInf(s.sxy, 0) {
			s.sxy = nan
		}
	}
	return nil
}

// squares has the exact sums for the variance of numerics.
type squares struct {
	n         int64
	sum, sum2 types.Numeric
	special   bool // a NaN or an infinity was among the values
}

func squaresFold(sample, root bool, value func(types.Datum) types.Numeric) fold[squares] {
	return fold[squares]{
		add: func(s *squares, args []types.Datum) error {
			v := value(args[0])
			s.n++
			if !v.IsFinite() {
				s.special = true
				return nil
			}
			sq, err := v.Mul(v)
			if err != nil {
				return err
			}
			if s.sum, err = s.sum.Add(v); err != nil {
				return err
			}
			s.sum2, err = s.sum2.Add(sq)
			return err
		},
		result: func(s *squares) (types.Datum, error) {
			n, m := types.NumericFromInt(s.n), types.NumericFromInt(s.n)
			if sample {
				m = types.NumericFromInt(s.n - 1)
			}
			if m.Sign() <= 0 {
				return types.Null, nil
			}
			if s.special {
				return types.NewNumeric(types.NumericNaN), nil
			}
			// (n × Σx² - (Σx)²) / (n × m)
			a, err := n.Mul(s.sum2)
			if err != nil {
				return types.Null, err
			}
			b, err := s.sum.Mul(s.sum)
			if err != nil {
				return types.Null, err
			}
			if a, err = a.Sub(b); err != nil {
				return types.Null, err
			}
			if a.Sign() <= 0 {
				return types.NewNumeric(types.NumericFromInt(0)), nil
			}
			if m, err = n.Mul(m); err != nil {
				return types.Null, err
			}
			v, err := a.Div(m)
			if err == nil && root {
				v = sqrtAt(v, v.Scale())
			}
			return types.NewNumeric(v), err
		},
	}
}
