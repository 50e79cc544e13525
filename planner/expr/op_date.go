package expr

import (
	"cmp"
	"math"
	"time"

	"github.com/minisql/minisql/types"
)

// Arithmetic of dates and times, and comparison across date, timestamp and
// timestamptz. Where a timestamptz meets the others, the session's zone decides.

func init() {
	interval := func(v types.Interval, err error) (types.Datum, error) { return types.NewInterval(v), err }
	integer := func(n int64, err error) (types.Datum, error) { return types.NewInt(n), err }

	addDays := func(a, b types.Datum) (types.Datum, error) { return integer(types.AddDays(a.Int(), b.Int())) }
	defOp("+ (date, int4) date", addDays)
	defOp("+ (int4, date) date", func(a, b types.Datum) (types.Datum, error) { return addDays(b, a) })
	defOp("- (date, int4) date", func(a, b types.Datum) (types.Datum, error) { return integer(types.AddDays(a.Int(), -b.Int())) })
	defOp("- (date, date) int4", types.SubDates)
	defOp("- (time, time) interval", func(a, b types.Datum) types.Datum {
		return types.NewInterval(types.Interval{Micros: a.Int() - b.Int()})
	})
	for _, t := range []string{"timestamp", "timestamptz"} {
		defOp("- ("+t+", "+t+") interval", func(a, b types.Datum) (types.Datum, error) {
			return interval(types.SubTimestamps(a.Int(), b.Int()))
		})
	}

	defOp("+ (interval, interval) interval", types.Interval.Add)
	defOp("- (interval, interval) interval", types.Interval.Sub)
	defOp("- (interval) interval", func(v types.Interval) (types.Interval, error) {
		return types.Interval{}.Sub(v)
	})
	times := func(a, b types.Datum) (types.Datum, error) { return interval(a.Interval().Mul(b.Float())) }
	defOp("* (interval, float8) interval", times)
	defOp("* (float8, interval) interval", func(a, b types.Datum) (types.Datum, error) { return times(b, a) })
	defOp("/ (interval, float8) interval", func(a, b types.Datum) (types.Datum, error) {
		return interval(a.Interval().Div(b.Float()))
	})

	// A point in time and an interval, in either order.
	type shift = func(c *Ctx, at types.Datum, v types.Interval) (types.Datum, error)
	point := func(t, result string, add shift) {
		defOp("+ ("+t+", interval) "+result, func(c *Ctx, a, b types.Datum) (types.Datum, error) { return add(c, a, b.Interval()) })
		defOp("+ (interval, "+t+") "+result, func(c *Ctx, a, b types.Datum) (types.Datum, error) { return add(c, b, a.Interval()) })
		defOp("- ("+t+", interval) "+result, func(c *Ctx, a, b types.Datum) (types.Datum, error) {
			v := b.Interval()
			return add(c, a, types.Interval{Months: -v.Months, Days: -v.Days, Micros: -v.Micros})
		})
	}
	point("timestamp", "timestamp", func(_ *Ctx, at types.Datum, v types.Interval) (types.Datum, error) {
		return integer(types.AddInterval(at.Int(), v, nil))
	})
	point("timestamptz", "timestamptz", func(c *Ctx, at types.Datum, v types.Interval) (types.Datum, error) {
		return integer(types.AddInterval(at.Int(), v, c.zone()))
	})
	for _, f := range operators["+"] { // in the session's zone
		if f.Ret == types.TimestamptzOID {
			f.Vol = Stable
		}
	}
	for _, f := range operators["-"] {
		if f.Ret == types.TimestamptzOID {
			f.Vol = Stable
		}
	}
	point("date", "timestamp", func(_ *Ctx, at types.Datum, v types.Interval) (types.Datum, error) {
		ts, err := types.DateToTimestamp(at.Int(), nil)
		if err != nil {
			return types.Null, err
		}
		return integer(types.AddInterval(ts, v, nil))
	})
	point("time", "time", func(_ *Ctx, at types.Datum, v types.Interval) (types.Datum, error) {
		return types.NewInt(types.AddTime(at.Int(), v)), nil
	})
	point("timetz", "timetz", func(_ *Ctx, at types.Datum, v types.Interval) (types.Datum, error) {
		t, zone := at.Timetz()
		return types.NewTimetz(types.AddTime(t, v), zone), nil
	})

	dateTime := func(date, t types.Datum) (types.Datum, error) { return dateWithTime(date.Int(), t.Int()) }
	dateTimetz := func(date, t types.Datum) (types.Datum, error) {
		local, west := t.Timetz()
		return dateWithTime(date.Int(), local+int64(west)*1e6)
	}
	defOp("+ (date, time) timestamp", dateTime)
	defOp("+ (time, date) timestamp", func(a, b types.Datum) (types.Datum, error) { return dateTime(b, a) })
	defOp("+ (date, timetz) timestamptz", dateTimetz)
	defOp("+ (timetz, date) timestamptz", func(a, b types.Datum) (types.Datum, error) { return dateTimetz(b, a) })

	compareAcross("date", "timestamp", false, func(_ *Ctx, a, b int64) int { return types.CompareDateTimestamp(a, b, nil) })
	compareAcross("date", "timestamptz", true, func(c *Ctx, a, b int64) int { return types.CompareDateTimestamp(a, b, c.zone()) })
	compareAcross("timestamp", "timestamptz", true, func(c *Ctx, a, b int64) int { return compareLocal(a, b, c.zone()) })
}

// dateWithTime is a date's midnight and some microseconds.
func dateWithTime(date, usec int64) (types.Datum, error) {
	ts, err := types.DateToTimestamp(date, nil)
	if err != nil || !types.IsFiniteTimestamp(ts) {
		return types.NewInt(ts), err
	}
	ts, err = types.AddInterval(ts, types.Interval{Micros: usec}, nil)
	return types.NewInt(ts), err
}

// compareLocal orders a timestamp of the zone against a timestamptz.
func compareLocal(local, ts int64, loc *time.Location) int {
	utc, err := types.LocalToUTC(local, loc)
	if err != nil { // beyond the limits on the side it came from
		if local > 0 {
			utc = math.MaxInt64 - 1
		} else {
			utc = math.MinInt64 + 1
		}
	}
	return cmp.Compare(utc, ts)
}

// compareAcross registers the six comparisons of two types in both orders.
func compareAcross(a, b string, zoned bool, compare func(c *Ctx, a, b int64) int) {
	for _, p := range cmpOps {
		holds := p.holds
		f := defOp(p.symbol+" ("+a+", "+b+") bool", func(c *Ctx, x, y types.Datum) (types.Datum, error) {
			return types.NewBool(holds(compare(c, x.Int(), y.Int()))), nil
		})
		g := defOp(p.symbol+" ("+b+", "+a+") bool", func(c *Ctx, x, y types.Datum) (types.Datum, error) {
			return types.NewBool(holds(-compare(c, y.Int(), x.Int()))), nil
		})
		if zoned {
			f.Vol, g.Vol = Stable, Stable
		}
	}
}
