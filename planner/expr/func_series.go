package expr

import (
	"math"
	"time"

	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// generate_series over integers, numerics and timestamps.

func init() {
	for _, t := range []string{"int4", "int8"} {
		last := int64(math.MaxInt32)
		if t == "int8" {
			last = math.MaxInt64
		}
		series := func(_ *CallCtx, a []types.Datum) (Rows, error) {
			step := int64(1)
			if len(a) > 2 {
				if step = a[2].Int(); step == 0 {
					return nil, errStepZero
				}
			}
			return boundedSeries(a[0].Int(), a[1].Int(), step, last), nil
		}
		def("generate_series("+t+", "+t+") "+t, series)
		def("generate_series("+t+", "+t+", "+t+") "+t, series)
	}
	defAs(numericSeries, "generate_series(numeric, numeric) numeric", "generate_series(numeric, numeric, numeric) numeric")
	def("generate_series(timestamp, timestamp, interval) timestamp", func(_ *CallCtx, a []types.Datum) (Rows, error) {
		return timestampSeries(a, nil)
	})
	def("generate_series(timestamptz, timestamptz, interval) timestamptz", func(c *CallCtx, a []types.Datum) (Rows, error) {
		return timestampSeries(a, c.zone())
	}).Vol = Stable
}

var errStepZero = sqlerr.New(sqlerr.InvalidParameterValue, "step size cannot equal zero")

func intSeries(from, to, step int64) Rows { return boundedSeries(from, to, step, math.MaxInt64) }

// boundedSeries ends where the next value would leave the type's range.
func boundedSeries(from, to, step, last int64) Rows {
	row, done := make([]types.Datum, 1), false
	return func() ([]types.Datum, bool, error) {
		if done || step > 0 && from > to || step < 0 && from < to {
			return nil, false, nil
		}
		row[0] = types.NewInt(from)
		next, ok := addInt(from, step)
		if !ok && step != 0 || next > last || next < -last-1 {
			done = true
		}
		from = next
		return row, true, nil
	}
}

func numericSeries(_ *CallCtx, a []types.Datum) (Rows, error) {
	step := types.NumericFromInt(1)
	what := []string{"start value", "stop value", "step size"}
	for i, d := range a {
		switch v := num(d); {
		case v.IsNaN():
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "%s cannot be NaN", what[i])
		case v.IsInf():
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "%s cannot be infinity", what[i])
		}
	}
	if len(a) > 2 {
		if step = num(a[2]); step.Sign() == 0 {
			return nil, errStepZero
		}
	}
	from, to := num(a[0]), num(a[1])
	row := make([]types.Datum, 1)
	return func() ([]types.Datum, bool, error) {
		if c := from.Cmp(to); step.Sign() > 0 && c > 0 || step.Sign() < 0 && c < 0 {
			return nil, false, nil
		}
		row[0] = types.NewNumeric(from)
		var err error
		from, err = from.Add(step)
		return row, true, err
	}, nil
}

func timestampSeries(a []types.Datum, loc *time.Location) (Rows, error) {
	from, to, step := a[0].Int(), a[1].Int(), a[2].Interval()
	sign := step.Cmp(types.Interval{})
	if sign == 0 {
		return nil, errStepZero
	}
	row := make([]types.Datum, 1)
	return func() ([]types.Datum, bool, error) {
		if sign > 0 && from > to || sign < 0 && from < to {
			return nil, false, nil
		}
		row[0] = types.NewInt(from)
		var err error
		from, err = types.AddInterval(from, step, loc)
		return row, true, err
	}, nil
}
