package expr

import (
	"context"
	"errors"
	"math"
	"strings"
	"time"

	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// Functions over dates and times. The arithmetic is in types; here is what
// depends on the session: its zone, the time of its transaction, and sleeping.

func init() {
	integer := func(n int64, err error) (types.Datum, error) { return types.NewInt(n), err }
	interval := func(v types.Interval, err error) (types.Datum, error) { return types.NewInterval(v), err }

	defStable(func(c *Ctx) (types.Datum, error) { return types.NewInt(types.TimestampFromTime(c.now())), nil },
		"now() timestamptz", "transaction_timestamp() timestamptz", "current_timestamp() timestamptz")
	defStable(func(c *Ctx) (types.Datum, error) {
		if c.StmtTime.IsZero() {
			return types.NewInt(types.TimestampFromTime(c.now())), nil
		}
		return types.NewInt(types.TimestampFromTime(c.StmtTime)), nil
	}, "statement_timestamp() timestamptz")
	def("clock_timestamp() timestamptz", func(*Ctx) (types.Datum, error) {
		return types.NewInt(types.TimestampFromTime(time.Now())), nil
	}).Vol = Volatile
	def("timeofday() text", func(c *Ctx) (types.Datum, error) {
		return types.NewText(time.Now().In(c.zone()).Format("Mon Jan 02 15:04:05.000000 2006 MST")), nil
	}).Vol = Volatile
	// cast turns the time of the transaction into another type, in the session's zone.
	cast := func(to types.OID) func(c *Ctx) (types.Datum, error) {
		return func(c *Ctx) (types.Datum, error) {
			return types.Cast(types.NewInt(types.TimestampFromTime(c.now())), types.TimestamptzOID.Type(), to.Type(), c.Format, true)
		}
	}
	defStable(cast(types.DateOID), "current_date() date")
	defStable(cast(types.TimetzOID), "current_time() timetz")
	defStable(cast(types.TimeOID), "localtime() time")
	defStable(cast(types.TimestampOID), "localtimestamp() timestamp")

	for _, t := range []string{"date", "time", "timetz", "timestamp", "timestamptz", "interval"} {
		o := typeNamed(t)
		vol := Immutable
		if o == types.TimestamptzOID {
			vol = Stable
		}
		def("extract(text, "+t+") numeric", func(c *Ctx, unit, d types.Datum) (types.Datum, error) {
			return types.Extract(o, unit.Text(), d, c.Format)
		}).Vol = vol
		def("date_part(text, "+t+") float8", func(c *Ctx, unit, d types.Datum) (types.Datum, error) {
			from := o
			if o == types.DateOID { // date_part reckons with the date's midnight
				ts, err := types.DateToTimestamp(d.Int(), nil)
				if err != nil {
					return types.Null, err
				}
				d, from = types.NewInt(ts), types.TimestampOID
			}
			v, err := types.Extract(from, unit.Text(), d, c.Format)
			if err != nil || v.IsNull() {
				return types.Null, err
			}
			return types.NewFloat(num(v).Float()), nil
		}).Vol = vol
	}
	def("date_trunc(text, timestamp) timestamp", func(a, b types.Datum) (types.Datum, error) {
		return integer(types.TruncTimestamp(a.Text(), b.Int(), nil))
	})
	defStable(func(c *Ctx, a, b types.Datum) (types.Datum, error) {
		return integer(types.TruncTimestamp(a.Text(), b.Int(), c.zone()))
	}, "date_trunc(text, timestamptz) timestamptz")
	defStable(func(a []types.Datum) (types.Datum, error) {
		if !types.IsFiniteTimestamp(a[1].Int()) {
			return a[1], nil
		}
		loc, err := types.ZoneForAt(a[2].Text())
		if err != nil {
			return types.Null, err
		}
		return integer(types.TruncTimestamp(a[0].Text(), a[1].Int(), loc))
	}, "date_trunc(text, timestamptz, text) timestamptz")
	def("date_trunc(text, interval) interval", func(a, b types.Datum) (types.Datum, error) {
		return interval(types.TruncInterval(a.Text(), b.Interval()))
	})
	defAs(func(a []types.Datum) (types.Datum, error) {
		return integer(types.DateBin(a[0].Interval(), a[1].Int(), a[2].Int()))
	}, "date_bin(interval, timestamp, timestamp) timestamp", "date_bin(interval, timestamptz, timestamptz) timestamptz")

	def("age(timestamp, timestamp) interval", func(a, b types.Datum) (types.Datum, error) {
		return interval(types.Age(a.Int(), b.Int(), nil))
	})
	defStable(func(c *Ctx, a, b types.Datum) (types.Datum, error) {
		return interval(types.Age(a.Int(), b.Int(), c.zone()))
	}, "age(timestamptz, timestamptz) interval")
	defStable(func(c *Ctx, a types.Datum) (types.Datum, error) {
		today, err := types.DateToTimestamp(types.TimestampToDate(types.TimestampFromTime(c.now()), c.zone()), nil)
		if err != nil {
			return types.Null, err
		}
		return interval(types.Age(today, a.Int(), nil))
	}, "age(timestamp) interval")
	defStable(func(c *Ctx, a types.Datum) (types.Datum, error) {
		today, err := types.DateToTimestamp(types.TimestampToDate(types.TimestampFromTime(c.now()), c.zone()), c.zone())
		if err != nil {
			return types.Null, err
		}
		return interval(types.Age(today, a.Int(), c.zone()))
	}, "age(timestamptz) interval")

	def("make_date(int4, int4, int4) date", func(a []types.Datum) (types.Datum, error) {
		return integer(types.MakeDate(int(a[0].Int()), int(a[1].Int()), int(a[2].Int())))
	}).named("year", "month", "day")
	def("make_time(int4, int4, float8) time", func(a []types.Datum) (types.Datum, error) {
		return integer(types.MakeTime(int(a[0].Int()), int(a[1].Int()), a[2].Float()))
	}).named("hour", "min", "sec")
	makeTimestamp := func(a []types.Datum, loc *time.Location) (types.Datum, error) {
		return integer(types.MakeTimestamp(int(a[0].Int()), int(a[1].Int()), int(a[2].Int()), int(a[3].Int()), int(a[4].Int()), a[5].Float(), loc))
	}
	def("make_timestamp(int4, int4, int4, int4, int4, float8) timestamp", func(a []types.Datum) (types.Datum, error) {
		return makeTimestamp(a, nil)
	}).named("year", "month", "mday", "hour", "min", "sec")
	f := def("make_timestamptz(int4, int4, int4, int4, int4, float8) timestamptz", func(c *CallCtx, a []types.Datum) (types.Datum, error) {
		return makeTimestamp(a, c.zone())
	}).named("year", "month", "mday", "hour", "min", "sec")
	f.Vol = Stable
	f = def("make_timestamptz(int4, int4, int4, int4, int4, float8, text) timestamptz", func(c *CallCtx, a []types.Datum) (types.Datum, error) {
		if _, err := makeTimestamp(a, nil); err != nil {
			return types.Null, err
		}
		loc, err := makeZone(a[6].Text())
		if err != nil {
			return types.Null, err
		}
		return makeTimestamp(a, loc)
	}).named("year", "month", "mday", "hour", "min", "sec", "timezone")
	f.Vol = Stable
	zero := Int4(0)
	def("make_interval(int4, int4, int4, int4, int4, int4, float8) interval", func(a []types.Datum) (types.Datum, error) {
		var n [6]int32
		secs := 0.0
		for i, d := range a {
			if i < 6 {
				n[i] = int32(d.Int())
			} else {
				secs = d.Float()
			}
		}
		if math.IsNaN(secs) || math.IsInf(secs, 0) {
			return types.Null, sqlerr.New(sqlerr.DatetimeFieldOverflow, "interval out of range")
		}
		return interval(types.MakeInterval(n[0], n[1], n[2], n[3], n[4], n[5], secs))
	}).named("years", "months", "weeks", "days", "hours", "mins", "secs").
		defaults(zero, zero, zero, zero, zero, zero, &Const{Value: types.NewFloat(0), Typ: types.Float8OID.Type(), Pos: -1})

	def("justify_hours(interval) interval", types.Interval.JustifyHours)
	def("justify_days(interval) interval", types.Interval.JustifyDays)
	def("justify_interval(interval) interval", types.Interval.Justify)
	def("isfinite(date) bool", func(a types.Datum) types.Datum { return types.NewBool(types.IsFiniteDate(a.Int())) })
	defAs(func(a types.Datum) types.Datum { return types.NewBool(types.IsFiniteTimestamp(a.Int())) }, "isfinite(timestamp) bool", "isfinite(timestamptz) bool")
	def("isfinite(interval) bool", func(types.Datum) types.Datum { return types.True })

	defStable(func(a, b types.Datum) (types.Datum, error) { return types.ToCharTimestamp(a.Int(), nil, b.Text()) }, "to_char(timestamp, text) text")
	defStable(func(c *Ctx, a, b types.Datum) (types.Datum, error) {
		return types.ToCharTimestamp(a.Int(), c.zone(), b.Text())
	}, "to_char(timestamptz, text) text")
	defStable(func(a, b types.Datum) (types.Datum, error) { return types.ToCharInterval(a.Interval(), b.Text()) }, "to_char(interval, text) text")
	defStable(func(a, b types.Datum) (types.Datum, error) { return types.ToCharNumeric(num(a), b.Text()) }, "to_char(numeric, text) text")
	for _, o := range []types.OID{types.Int4OID, types.Int8OID} {
		in, _ := types.Lookup(o)
		defStable(func(a, b types.Datum) (types.Datum, error) { return types.ToCharInt(o, a.Int(), b.Text()) }, "to_char("+in.Name+", text) text")
	}
	for _, o := range []types.OID{types.Float4OID, types.Float8OID} {
		in, _ := types.Lookup(o)
		defStable(func(a, b types.Datum) (types.Datum, error) { return types.ToCharFloat(o, a.Float(), b.Text()) }, "to_char("+in.Name+", text) text")
	}
	defStable(func(a, b types.Datum) (types.Datum, error) { return types.ToNumber(a.Text(), b.Text()) }, "to_number(text, text) numeric")
	defStable(func(a, b types.Datum) (types.Datum, error) { return integer(types.ToDate(a.Text(), b.Text())) }, "to_date(text, text) date")
	defStable(func(c *Ctx, a, b types.Datum) (types.Datum, error) {
		return integer(types.ToTimestamp(a.Text(), b.Text(), c.zone()))
	}, "to_timestamp(text, text) timestamptz")
	def("to_timestamp(float8) timestamptz", func(a types.Datum) (types.Datum, error) { return integer(types.TimestampFromEpoch(a.Float())) })

	sleep := func(c *Ctx, d time.Duration) (types.Datum, error) { return types.NewText(""), c.sleep(d) }
	def("pg_sleep(float8) void", func(c *Ctx, a types.Datum) (types.Datum, error) {
		return sleep(c, time.Duration(min(max(a.Float(), 0), 1e9)*float64(time.Second)))
	}).Vol = Volatile
	def("pg_sleep_for(interval) void", func(c *Ctx, a types.Datum) (types.Datum, error) {
		start := types.TimestampFromTime(time.Now())
		end, err := types.AddInterval(start, a.Interval(), c.zone())
		if err != nil {
			return types.Null, err
		}
		return sleep(c, time.Duration(end-start)*time.Microsecond)
	}).Vol = Volatile
	def("pg_sleep_until(timestamptz) void", func(c *Ctx, a types.Datum) (types.Datum, error) {
		if a.Int() == types.TimestampNegInfinity {
			return types.NewText(""), nil
		}
		return sleep(c, time.Until(types.TimeFromTimestamp(min(a.Int(), types.TimestampFromTime(time.Now())+1e15))))
	}).Vol = Volatile
}

// now is when the transaction began; outside one, the present.
func (c *Ctx) now() time.Time {
	if c.TxnTime.IsZero() {
		return time.Now()
	}
	return c.TxnTime
}

// sleep waits until the time is over or the statement is cancelled.
func (c *Ctx) sleep(d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-c.Context.Done():
		if cause, ok := contextCause(c); ok {
			return cause
		}
		return sqlerr.New(sqlerr.QueryCanceled, "canceling statement due to user request")
	}
}

// contextCause is the error with which the context was cancelled, if it has a SQLSTATE.
func contextCause(c *Ctx) (error, bool) {
	err := context.Cause(c.Context)
	var e *sqlerr.Error
	return err, errors.As(err, &e)
}

// makeZone finds the zone of make_timestamptz: a name, an abbreviation, or an
// offset east of Greenwich, which must have a sign.
func makeZone(name string) (*time.Location, error) {
	if name != "" && name[0] >= '0' && name[0] <= '9' {
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, `invalid input syntax for type numeric time zone: "%s"`, name).
			WithHint(`Numeric time zones must have "-" or "+" as first character.`)
	}
	if strings.HasPrefix(name, "+") || strings.HasPrefix(name, "-") {
		// POSIX offsets count west, this one east.
		flipped := map[byte]string{'+': "-", '-': "+"}[name[0]] + name[1:]
		return types.ZoneForAt(flipped)
	}
	return types.ZoneForAt(name)
}
