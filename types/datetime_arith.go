package types

import (
	"math"
	"strings"
	"time"

	"github.com/minisql/minisql/sqlerr"
)

// Calendar arithmetic on timestamps. Where a *time.Location is asked for, nil stands for
// plain timestamps, and any other makes the timestamp a timestamptz reckoned in that
// zone: a day later is the same time by the clock, even if 23 hours away.

// toLocal returns what a clock in the zone shows.
func toLocal(ts int64, loc *time.Location) int64 {
	if loc == nil {
		return ts
	}
	return ts + int64(offsetAt(loc, ts))*usecsPerSec
}

// fromLocal is the inverse of toLocal.
func (c *civil) fromLocal(loc *time.Location) (int64, error) {
	ts, ok := c.timestamp()
	if ok && loc != nil {
		ts -= int64(offsetOfLocal(loc, ts)) * usecsPerSec
	}
	if !ok || !timestampOK(ts) {
		return 0, errTimestampRange()
	}
	return ts, nil
}

// AddInterval returns ts + v. The day of the month is cut to the length of the month
// reached.
func AddInterval(ts int64, v Interval, loc *time.Location) (int64, error) {
	if !IsFiniteTimestamp(ts) {
		return ts, nil
	}
	var err error
	if v.Months != 0 {
		c := civilOf(toLocal(ts, loc))
		m := c.year*monthsPerYear + c.mon - 1 + int(v.Months)
		c.year, c.mon = floorDiv(m, monthsPerYear), m-floorDiv(m, monthsPerYear)*monthsPerYear+1
		if !julianOK(c.year, c.mon) {
			return 0, errTimestampRange()
		}
		c.day = min(c.day, daysIn(c.year, c.mon))
		if ts, err = c.fromLocal(loc); err != nil {
			return 0, err
		}
	}
	if v.Days != 0 {
		c := civilOf(toLocal(ts, loc))
		jd := julian(c.year, c.mon, c.day) + int(v.Days)
		if jd < 0 || jd > math.MaxInt32 {
			return 0, errTimestampRange()
		}
		c.year, c.mon, c.day = fromJulian(jd)
		if ts, err = c.fromLocal(loc); err != nil {
			return 0, err
		}
	}
	if v.Micros != 0 {
		var ok bool
		if ts, ok = addInt64(ts, v.Micros); !ok {
			return 0, errTimestampRange()
		}
	}
	if !timestampOK(ts) {
		return 0, errTimestampRange()
	}
	return ts, nil
}

// SubInterval returns ts - v.
func SubInterval(ts int64, v Interval, loc *time.Location) (int64, error) {
	return AddInterval(ts, Interval{-v.Months, -v.Days, -v.Micros}, loc)
}

// SubTimestamps returns a - b in days and time.
func SubTimestamps(a, b int64) (Interval, error) {
	if !IsFiniteTimestamp(a) || !IsFiniteTimestamp(b) {
		return Interval{}, sqlerr.New(sqlerr.DatetimeFieldOverflow, "cannot subtract infinite timestamps")
	}
	d, ok := subInt64(a, b)
	if !ok && b != 0 {
		return Interval{}, errIntervalRange()
	}
	return Interval{Micros: d}.JustifyHours()
}

// Age returns a - b in years, months, days and time.
func Age(a, b int64, loc *time.Location) (Interval, error) {
	if !IsFiniteTimestamp(a) || !IsFiniteTimestamp(b) {
		return Interval{}, sqlerr.New(sqlerr.DatetimeFieldOverflow, "timestamp out of range")
	}
	c1, c2 := civilOf(toLocal(a, loc)), civilOf(toLocal(b, loc))
	neg := a < b
	early, late := &c2, &c1
	if neg {
		early, late = late, early
	}
	usec := late.time() - early.time()
	days, months, years := late.day-early.day, late.mon-early.mon, late.year-early.year
	if usec < 0 {
		usec += usecsPerDay
		days--
	}
	// A borrowed month has the length of the earlier date's month.
	y, m := early.year, early.mon
	for days < 0 {
		days += daysIn(y, m)
		months--
	}
	for months < 0 {
		months += monthsPerYear
		years--
	}
	v := Interval{int32(years*monthsPerYear + months), int32(days), usec}
	if neg {
		v, _ = v.Neg() // parts of a span between two timestamps are far from the limits
	}
	return v, nil
}

// AddDays returns date + days.
func AddDays(date, days int64) (int64, error) {
	if !IsFiniteDate(date) {
		return date, nil
	}
	r := date + days
	if r < -epochJulian || r >= dateEnd {
		return 0, errDateRange()
	}
	return r, nil
}

// SubDates returns a - b in days.
func SubDates(a, b int64) (int64, error) {
	if !IsFiniteDate(a) || !IsFiniteDate(b) {
		return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, "cannot subtract infinite dates")
	}
	return a - b, nil
}

// DateToTimestamp returns the date's midnight, in the zone if loc is not nil.
func DateToTimestamp(date int64, loc *time.Location) (int64, error) {
	switch date {
	case DateInfinity:
		return TimestampInfinity, nil
	case DateNegInfinity:
		return TimestampNegInfinity, nil
	}
	ts, ok := mulInt64(date, usecsPerDay)
	if ok && loc != nil {
		ts -= int64(offsetOfLocal(loc, ts)) * usecsPerSec
	}
	if !ok || !timestampOK(ts) {
		return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, "date out of range for timestamp")
	}
	return ts, nil
}

// TimestampToDate returns the timestamp's day, in the zone if loc is not nil.
func TimestampToDate(ts int64, loc *time.Location) int64 {
	switch ts {
	case TimestampInfinity:
		return DateInfinity
	case TimestampNegInfinity:
		return DateNegInfinity
	}
	days, _ := splitDay(toLocal(ts, loc))
	return days
}

// AddTime returns time + v within the day.
func AddTime(usec int64, v Interval) int64 {
	r := (usec + v.Micros) % usecsPerDay // wraps as PostgreSQL's does
	if r < 0 {
		r += usecsPerDay
	}
	return r
}

// AddTimetz returns a timetz + v within the day, in the same zone.
func AddTimetz(d Datum, v Interval) Datum { return NewTimetz(AddTime(d.n, v), d.m) }

// TimetzAt returns a timetz in another zone, given in seconds east.
func TimetzAt(d Datum, east int) Datum {
	return NewTimetz(AddTime(d.n, Interval{Micros: int64(d.m+int32(east)) * usecsPerSec}), int32(-east))
}

// DateAndTime returns the timestamp of a date and a time.
func DateAndTime(date, usec int64) (int64, error) {
	ts, err := DateToTimestamp(date, nil)
	if err != nil || !IsFiniteTimestamp(ts) {
		return ts, err
	}
	if ts += usec; !timestampOK(ts) {
		return 0, errTimestampRange()
	}
	return ts, nil
}

// DateAndTimetz returns the timestamptz of a date and a timetz.
func DateAndTimetz(date int64, d Datum) (int64, error) {
	return DateAndTime(date, d.n+int64(d.m)*usecsPerSec)
}

// DatePart is date_part(unit, d): Extract as a float8.
func DatePart(o OID, unit string, d Datum, f *Format) (Datum, error) {
	r, err := Extract(o, unit, d, f)
	if v, ok := r.Numeric(); ok && err == nil {
		r = NewFloat(v.Float())
	}
	return r, err
}

// CompareDateTimestamp orders a date against a timestamp without overflow; loc as in
// DateToTimestamp.
func CompareDateTimestamp(date, ts int64, loc *time.Location) int {
	d, err := DateToTimestamp(date, loc)
	switch {
	case err != nil: // far in the future
		if ts == TimestampInfinity {
			return -1
		}
		return 1
	case d < ts:
		return -1
	case d > ts:
		return 1
	}
	return 0
}

// MakeDate is the function make_date.
func MakeDate(year, mon, day int) (int64, error) {
	c := civil{year: year, mon: mon, day: day}
	if year < 0 {
		c.year = year + 1 // there is no year 0
	}
	if year == 0 || mon < 1 || mon > 12 || day < 1 || day > 31 || day > daysIn(c.year, mon) {
		return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, "date field value out of range: %d-%02d-%02d", year, mon, day)
	}
	days := int64(julian(c.year, mon, day) - epochJulian)
	if !julianOK(c.year, mon) || days < -epochJulian || days >= dateEnd {
		return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, "date out of range: %d-%02d-%02d", year, mon, day)
	}
	return days, nil
}

// MakeTime is the function make_time.
func MakeTime(hour, minute int, sec float64) (int64, error) {
	usec := math.RoundToEven(sec * 1e6)
	ok := hour >= 0 && hour <= 24 && minute >= 0 && minute <= 59 && usec >= 0 && usec <= 60e6
	t := int64(hour)*usecsPerHour + int64(minute)*usecsPerMin
	if ok {
		t += int64(usec)
	}
	if !ok || t > usecsPerDay {
		return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, "time field value out of range: %d:%02d:%02s", hour, minute, floatText(sec))
	}
	return t, nil
}

func floatText(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return string(appendG(nil, f, 6, 64))
}

// MakeTimestamp is make_timestamp, or make_timestamptz if loc is not nil.
func MakeTimestamp(year, mon, day, hour, minute int, sec float64, loc *time.Location) (int64, error) {
	days, err := MakeDate(year, mon, day)
	if err != nil {
		return 0, err
	}
	t, err := MakeTime(hour, minute, sec)
	if err != nil {
		return 0, err
	}
	ts, ok := mulInt64(days, usecsPerDay)
	if ok {
		if ts, ok = addInt64(ts, t); t == 0 {
			ok = true
		}
	}
	if ok && loc != nil {
		ts -= int64(offsetOfLocal(loc, ts)) * usecsPerSec
	}
	if !ok || !timestampOK(ts) {
		return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, "timestamp out of range: %d-%02d-%02d %d:%02d:%02s",
			year, mon, day, hour, minute, floatText(sec))
	}
	return ts, nil
}

// TimestampFromEpoch is to_timestamp(float8).
func TimestampFromEpoch(secs float64) (int64, error) {
	switch {
	case math.IsInf(secs, 1):
		return TimestampInfinity, nil
	case math.IsInf(secs, -1):
		return TimestampNegInfinity, nil
	case math.IsNaN(secs):
		return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, "timestamp cannot be NaN")
	}
	r := math.RoundToEven((secs - unixEpoch) * 1e6)
	if r < timestampMin || r >= timestampEnd {
		return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, `timestamp out of range: "%s"`, floatText(secs))
	}
	return int64(r), nil
}

// isoWeek returns the ISO 8601 week of a date and the year it belongs to.
func isoWeek(c *civil) (year, week int) {
	year = c.year
	day := julian(c.year, c.mon, c.day)
	first := func(y int) int { // the Monday of week 1
		jan4 := julian(y, 1, 4)
		return jan4 - jan4%7 // Julian day 0 was a Monday
	}
	start := first(year)
	if day < start {
		year--
		start = first(year)
	} else if next := first(year + 1); day >= next {
		year++
		start = next
	}
	return year, (day-start)/7 + 1
}

// fieldUnit finds the unit that a date_trunc or extract names.
func fieldUnit(name string) (intervalUnit, bool) {
	name = token(strings.ToLower(name))
	switch name {
	case "dow":
		return unitDOW, true
	case "isodow":
		return unitISODOW, true
	case "doy":
		return unitDOY, true
	case "isoyear":
		return unitISOYear, true
	case "julian", "j", "jd":
		return unitJulian, true
	case "epoch":
		return unitEpoch, true
	}
	u, ok := intervalUnits[name]
	return u, ok && u != unitAgo
}

func errUnit(known bool, name string, o OID) error {
	if known {
		return sqlerr.New(sqlerr.FeatureNotSupported, `unit "%s" not supported for type %s`, strings.ToLower(name), o)
	}
	return sqlerr.New(sqlerr.InvalidParameterValue, `unit "%s" not recognized for type %s`, strings.ToLower(name), o)
}

// TruncTimestamp is date_trunc on a timestamp, or on a timestamptz if loc is not nil.
func TruncTimestamp(unit string, ts int64, loc *time.Location) (int64, error) {
	o := TimestampOID
	if loc != nil {
		o = TimestamptzOID
	}
	if !IsFiniteTimestamp(ts) {
		return ts, nil
	}
	u, known := intervalUnits[token(strings.ToLower(unit))]
	if !known || u < unitMicrosecond || u > unitMillennium {
		return 0, errUnit(known, unit, o)
	}
	off := 0
	if loc != nil {
		off = offsetAt(loc, ts)
	}
	c := civilOf(ts + int64(off)*usecsPerSec)
	floor := func(n, by int) int { return floorDiv(n, by) * by }
	switch u {
	case unitWeek:
		y, w := isoWeek(&c)
		jan4 := julian(y, 1, 4)
		c.year, c.mon, c.day = fromJulian(jan4 - jan4%7 + (w-1)*7)
		c.setTime(0)
	case unitMillennium:
		c = civil{year: floor(c.year-1, 1000) + 1, mon: 1, day: 1}
	case unitCentury:
		c = civil{year: floor(c.year-1, 100) + 1, mon: 1, day: 1}
	case unitDecade:
		c = civil{year: floor(c.year, 10), mon: 1, day: 1}
	case unitYear:
		c = civil{year: c.year, mon: 1, day: 1}
	case unitQuarter:
		c = civil{year: c.year, mon: (c.mon-1)/3*3 + 1, day: 1}
	case unitMonth:
		c = civil{year: c.year, mon: c.mon, day: 1}
	case unitDay:
		c.setTime(0)
	default:
		// Within a day the offset stays, so that the hour that happens twice is not left.
		c.truncClock(u)
		r, ok := c.timestamp()
		r -= int64(off) * usecsPerSec
		if !ok || !timestampOK(r) {
			return 0, errTimestampRange()
		}
		return r, nil
	}
	return c.fromLocal(loc)
}

func (c *civil) truncClock(u intervalUnit) {
	switch u {
	case unitHour:
		c.min, c.sec, c.usec = 0, 0, 0
	case unitMinute:
		c.sec, c.usec = 0, 0
	case unitSecond:
		c.usec = 0
	case unitMillisecond:
		c.usec = c.usec / 1000 * 1000
	}
}

// TruncInterval is date_trunc on an interval.
func TruncInterval(unit string, v Interval) (Interval, error) {
	u, known := intervalUnits[token(strings.ToLower(unit))]
	if u == unitWeek {
		return v, sqlerr.New(sqlerr.FeatureNotSupported, `unit "%s" not supported for type interval`, strings.ToLower(unit)).
			WithDetail("Months usually have fractional weeks.")
	}
	years := map[intervalUnit]int32{unitYear: 1, unitDecade: 10, unitCentury: 100, unitMillennium: 1000}
	if !known || u < unitMicrosecond || u > unitMillennium {
		return v, errUnit(known, unit, IntervalOID)
	}
	switch u {
	case unitMonth:
		return Interval{Months: v.Months}, nil
	case unitQuarter:
		return Interval{Months: v.Months / 3 * 3}, nil
	case unitDay:
		return Interval{Months: v.Months, Days: v.Days}, nil
	case unitYear, unitDecade, unitCentury, unitMillennium:
		by := years[u] * monthsPerYear
		return Interval{Months: v.Months / by * by}, nil
	}
	by := map[intervalUnit]int64{unitHour: usecsPerHour, unitMinute: usecsPerMin, unitSecond: usecsPerSec, unitMillisecond: 1000, unitMicrosecond: 1}[u]
	v.Micros = v.Micros / by * by
	return v, nil
}

// DateBin is date_bin: ts rounded down to a multiple of stride from origin.
func DateBin(stride Interval, ts, origin int64) (int64, error) {
	if !IsFiniteTimestamp(ts) {
		return ts, nil
	}
	if !IsFiniteTimestamp(origin) {
		return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, "origin out of range")
	}
	if stride.Months != 0 {
		return 0, sqlerr.New(sqlerr.FeatureNotSupported, "timestamps cannot be binned into intervals containing months or years")
	}
	step, ok := mulInt64(int64(stride.Days), usecsPerDay)
	if ok && stride.Micros != 0 {
		if step != 0 {
			step, ok = addInt64(step, stride.Micros)
		} else {
			step = stride.Micros
		}
	}
	if !ok {
		return 0, errIntervalRange()
	}
	if step <= 0 {
		return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, "stride must be greater than zero")
	}
	diff, ok := subInt64(ts, origin)
	if !ok && origin != 0 {
		return 0, errIntervalRange()
	}
	r := ts - diff%step
	if diff%step < 0 {
		r -= step
	}
	return r, nil
}

// Extract is extract(unit FROM d), a numeric or NULL. loc is the session's zone, for
// timestamptz.
func Extract(o OID, unit string, d Datum, f *Format) (Datum, error) {
	u, known := fieldUnit(unit)
	bad := func() (Datum, error) { return Null, errUnit(known, unit, o) }
	if !known {
		return bad()
	}
	var v Numeric
	var ok bool
	switch o {
	case DateOID:
		if u >= unitMicrosecond && u <= unitHour || u >= unitTimezone && u <= unitTimezoneMinute {
			return bad()
		}
		if !IsFiniteDate(d.n) {
			return extractInfinite(u, d.n > 0, bad)
		}
		if u == unitEpoch {
			return NewNumeric(NumericFromInt(d.n*secsPerDay + unixEpoch)), nil
		}
		if u == unitJulian {
			return NewNumeric(NumericFromInt(d.n + epochJulian)), nil
		}
		c := civilOfDate(d.n)
		v, ok = c.extract(u, d.n)
	case TimestampOID, TimestamptzOID:
		if !IsFiniteTimestamp(d.n) {
			return extractInfinite(u, d.n > 0, bad)
		}
		off := 0
		if o == TimestamptzOID {
			off = offsetAt(f.zone(), d.n)
			if v, ok = extractZone(u, off); ok {
				return NewNumeric(v), nil
			}
		}
		if u == unitEpoch {
			return NewNumeric(Numeric{coeff: d.n, scale: 6}.addInt(unixEpoch)), nil
		}
		local := d.n + int64(off)*usecsPerSec
		days, _ := splitDay(local)
		c := civilOf(local)
		v, ok = c.extract(u, days)
	case TimeOID, TimetzOID:
		if o == TimetzOID {
			if v, ok = extractZone(u, -int(d.m)); ok {
				return NewNumeric(v), nil
			}
		}
		if u == unitEpoch {
			v, ok = Numeric{coeff: d.n, scale: 6}, true
			if o == TimetzOID {
				v.coeff += int64(d.m) * usecsPerSec
			}
		} else if u <= unitHour {
			var c civil
			c.setTime(d.n)
			v, ok = c.extract(u, 0)
		}
	case IntervalOID:
		v, ok = d.Interval().extract(u)
	}
	if !ok {
		return bad()
	}
	return NewNumeric(v), nil
}

func (v Numeric) addInt(n int64) Numeric {
	r, _ := v.Add(NumericFromInt(n)) // both small
	return r
}

// extractInfinite answers for infinity: units that grow for ever are infinite, others are
// NULL.
func extractInfinite(u intervalUnit, positive bool, bad func() (Datum, error)) (Datum, error) {
	switch u {
	case unitYear, unitDecade, unitCentury, unitMillennium, unitJulian, unitISOYear, unitEpoch:
		if positive {
			return NewNumeric(NumericInfinity), nil
		}
		return NewNumeric(NumericNegInfinity), nil
	case unitNone:
		return bad()
	}
	return Null, nil
}

func extractZone(u intervalUnit, east int) (Numeric, bool) {
	switch u {
	case unitTimezone:
		return NumericFromInt(int64(east)), true
	case unitTimezoneHour:
		return NumericFromInt(int64(east / 3600)), true
	case unitTimezoneMinute:
		return NumericFromInt(int64(east / 60 % 60)), true
	}
	return Numeric{}, false
}

func (c *civil) extract(u intervalUnit, days int64) (Numeric, bool) {
	n := 0
	y := c.year
	switch u {
	case unitMicrosecond:
		return NumericFromInt(int64(c.sec)*usecsPerSec + c.usec), true
	case unitMillisecond:
		return Numeric{coeff: int64(c.sec)*usecsPerSec + c.usec, scale: 3}, true
	case unitSecond:
		return Numeric{coeff: int64(c.sec)*usecsPerSec + c.usec, scale: 6}, true
	case unitMinute:
		n = c.min
	case unitHour:
		n = c.hour
	case unitDay:
		n = c.day
	case unitMonth:
		n = c.mon
	case unitQuarter:
		n = (c.mon-1)/3 + 1
	case unitWeek:
		_, n = isoWeek(c)
	case unitYear:
		n = y
		if y <= 0 {
			n = y - 1
		}
	case unitDecade:
		n = floorDiv(y, 10)
	case unitCentury:
		n = yearGroup(y, 100)
	case unitMillennium:
		n = yearGroup(y, 1000)
	case unitISOYear:
		if n, _ = isoWeek(c); n <= 0 {
			n--
		}
	case unitDOW:
		n = weekday(days)
	case unitISODOW:
		if n = weekday(days); n == 0 {
			n = 7
		}
	case unitDOY:
		n = julian(y, c.mon, c.day) - julian(y, 1, 1) + 1
	case unitJulian:
		whole := NumericFromInt(int64(julian(y, c.mon, c.day)))
		frac, _ := NumericFromInt(c.time()).Div(NumericFromInt(usecsPerDay)) // never zero
		r, _ := whole.Add(frac)
		return r, true
	default:
		return Numeric{}, false
	}
	return NumericFromInt(int64(n)), true
}

// yearGroup counts centuries or millennia: the first begins with year 1, and there is no
// zeroth.
func yearGroup(y, size int) int {
	if y > 0 {
		return (y + size - 1) / size
	}
	return -((size - 1 - (y - 1)) / size)
}

func (v Interval) extract(u intervalUnit) (Numeric, bool) {
	p := splitInterval(v)
	n := int64(0)
	switch u {
	case unitMicrosecond:
		n = p.sec*usecsPerSec + p.usec
	case unitMillisecond:
		return Numeric{coeff: p.sec*usecsPerSec + p.usec, scale: 3}, true
	case unitSecond:
		return Numeric{coeff: p.sec*usecsPerSec + p.usec, scale: 6}, true
	case unitMinute:
		n = p.min
	case unitHour:
		n = p.hour
	case unitDay:
		n = p.day
	case unitMonth:
		n = p.mon
	case unitQuarter:
		n = p.mon/3 + 1
	case unitYear:
		n = p.year
	case unitDecade:
		n = p.year / 10
	case unitCentury:
		n = p.year / 100
	case unitMillennium:
		n = p.year / 1000
	case unitEpoch:
		// A year has 365.25 days, which PostgreSQL reckons in quarters.
		quarters := int64(daysPerYear*4)*p.year + 4*daysPerMonth*p.mon + 4*p.day
		return Numeric{coeff: v.Micros, scale: 6}.addInt(quarters * (secsPerDay / 4)), true
	default:
		return Numeric{}, false
	}
	return NumericFromInt(n), true
}
