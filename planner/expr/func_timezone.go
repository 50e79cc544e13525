package expr

import (
	"time"

	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// AT TIME ZONE, which is the function timezone, and OVERLAPS.

func init() {
	atZone("text", func(_ *Ctx, z types.Datum) (*time.Location, error) { return types.ZoneForAt(z.Text()) })
	atZone("interval", func(_ *Ctx, z types.Datum) (*time.Location, error) {
		v := z.Interval()
		if v.Months != 0 || v.Days != 0 {
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, `interval time zone "%s" must not include months or days`, v)
		}
		return types.FixedZone(int(v.Micros / 1e6)), nil
	})
	for _, t := range []string{"time", "timestamp"} {
		overlaps(t, typeNamed(t), func(_ *Ctx, at types.Datum, v types.Interval) (types.Datum, error) {
			if t == "time" {
				return types.NewInt(types.AddTime(at.Int(), v)), nil
			}
			ts, err := types.AddInterval(at.Int(), v, nil)
			return types.NewInt(ts), err
		})
	}
	overlaps("timestamptz", types.TimestamptzOID, func(c *Ctx, at types.Datum, v types.Interval) (types.Datum, error) {
		ts, err := types.AddInterval(at.Int(), v, c.zone())
		return types.NewInt(ts), err
	})
	overlaps("timetz", types.TimetzOID, nil)
}

// atZone registers timezone for one way of naming the zone.
func atZone(kind string, find func(c *Ctx, z types.Datum) (*time.Location, error)) {
	with := func(f func(d types.Datum, loc *time.Location) (types.Datum, error)) func(c *Ctx, z, d types.Datum) (types.Datum, error) {
		return func(c *Ctx, z, d types.Datum) (types.Datum, error) {
			if !types.IsFiniteTimestamp(d.Int()) {
				return d, nil // in any zone, even one that does not exist
			}
			loc, err := find(c, z)
			if err != nil {
				return types.Null, err
			}
			return f(d, loc)
		}
	}
	def("timezone("+kind+", timestamptz) timestamp", with(func(d types.Datum, loc *time.Location) (types.Datum, error) {
		ts, err := types.UTCToLocal(d.Int(), loc)
		return types.NewInt(ts), err
	}))
	def("timezone("+kind+", timestamp) timestamptz", with(func(d types.Datum, loc *time.Location) (types.Datum, error) {
		ts, err := types.LocalToUTC(d.Int(), loc)
		return types.NewInt(ts), err
	}))
	f := def("timezone("+kind+", timetz) timetz", func(c *Ctx, z, d types.Datum) (types.Datum, error) {
		loc, err := find(c, z)
		if err != nil {
			return types.Null, err
		}
		// A zone with summer time is taken as it is now.
		_, east := c.now().In(loc).Zone()
		t, west := d.Timetz()
		utc := t + int64(west)*1e6
		return types.NewTimetz(types.AddTime(utc, types.Interval{Micros: int64(east) * 1e6}), int32(-east)), nil
	})
	if kind == "text" {
		f.Vol = Stable
	}
}

// overlaps registers the forms of OVERLAPS over a type: an end may be given as
// an interval from the start where add is given.
func overlaps(t string, o types.OID, add func(c *Ctx, at types.Datum, v types.Interval) (types.Datum, error)) {
	forms := [][2]bool{{false, false}}
	if add != nil {
		forms = append(forms, [2]bool{true, true}, [2]bool{false, true}, [2]bool{true, false})
	}
	for _, form := range forms {
		kind := func(span bool) string {
			if span {
				return "interval"
			}
			return t
		}
		f := def("overlaps("+t+", "+kind(form[0])+", "+t+", "+kind(form[1])+") bool", func(c *CallCtx, a []types.Datum) (types.Datum, error) {
			var ends [2]types.Datum
			for i := range ends {
				start, end := a[2*i], a[2*i+1]
				if form[i] && !start.IsNull() && !end.IsNull() {
					var err error
					if end, err = add(c.Ctx, start, end.Interval()); err != nil {
						return types.Null, err
					}
				} else if form[i] {
					end = types.Null
				}
				ends[i] = end
			}
			return overlap(o, a[0], ends[0], a[2], ends[1]), nil
		})
		f.Strict = false
		if o == types.TimestamptzOID && form != forms[0] {
			f.Vol = Stable
		}
	}
}

// overlap is OVERLAPS as the standard defines it: each period includes its start
// and not its end, and a missing bound leaves the answer open where it matters.
func overlap(o types.OID, s1, e1, s2, e2 types.Datum) types.Datum {
	less := func(a, b types.Datum) bool { return types.Compare(o, a, b) < 0 }
	order := func(s, e types.Datum) (types.Datum, types.Datum, bool) {
		switch {
		case s.IsNull() && e.IsNull():
			return s, e, false
		case s.IsNull():
			return e, types.Null, true
		case !e.IsNull() && less(e, s):
			return e, s, true
		}
		return s, e, true
	}
	var ok bool
	if s1, e1, ok = order(s1, e1); !ok {
		return types.Null
	}
	if s2, e2, ok = order(s2, e2); !ok {
		return types.Null
	}
	if less(s1, s2) {
		s1, e1, s2, e2 = s2, e2, s1, e1
	}
	switch {
	case less(s2, s1): // s1 is the later start
		switch {
		case e2.IsNull():
			return types.Null
		case less(s1, e2):
			return types.True
		case e1.IsNull():
			return types.Null
		}
		return types.False
	case e1.IsNull() || e2.IsNull():
		return types.Null
	}
	return types.True // the same start
}
