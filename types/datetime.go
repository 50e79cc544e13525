package types

import (
	"math"
	"time"

	"github.com/minisql/minisql/sqlerr"
)

// Dates are days and timestamps microseconds since 2000-01-01, in the proleptic Gregorian
// calendar. The greatest and least int32 of a date and int64 of a timestamp are infinity.
const (
	DateInfinity         int64 = math.MaxInt32
	DateNegInfinity      int64 = math.MinInt32
	TimestampInfinity    int64 = math.MaxInt64
	TimestampNegInfinity int64 = math.MinInt64

	usecsPerSec  int64 = 1_000_000
	usecsPerMin        = 60 * usecsPerSec
	usecsPerHour       = 60 * usecsPerMin
	usecsPerDay        = 24 * usecsPerHour
	secsPerDay         = 86400

	monthsPerYear = 12
	daysPerMonth  = 30
	daysPerWeek   = 7
	daysPerYear   = 365.25

	epochJulian = 2451545 // 2000-01-01
	unixJulian  = 2440588 // 1970-01-01
	unixEpoch   = 946684800

	timestampMin = -211813488000000000      // 4714-11-24 BC
	timestampEnd = 9223371331200000000      // 294277-01-01, exclusive
	dateEnd      = 2147483494 - epochJulian // 5874898-01-01, exclusive
)

// civil is a point of time taken apart. The year counts astronomically: 0 is 1 BC.
type civil struct {
	year, mon, day int // mon and day from 1
	hour, min, sec int
	usec           int64
}

// julian is the Julian day number of a date, PostgreSQL's date2j.
func julian(y, m, d int) int {
	if m > 2 {
		m++
		y += 4800
	} else {
		m += 13
		y += 4799
	}
	century := y / 100
	j := y*365 - 32167
	j += y/4 - century + century/4
	return j + 7834*m/256 + d
}

// fromJulian is the inverse of julian, PostgreSQL's j2date.
func fromJulian(jd int) (year, mon, day int) {
	j := uint32(jd)
	j += 32044
	quad := j / 146097
	extra := (j-quad*146097)*4 + 3
	j += 60 + quad*3 + extra/146097
	quad = j / 1461
	j -= quad * 1461
	y := int32(j * 4 / 1461)
	if y != 0 {
		j = (j+305)%365 + 123
	} else {
		j = (j+306)%366 + 123
	}
	y += int32(quad * 4)
	quad = j * 2141 / 65536
	return int(y - 4800), int((quad+10)%monthsPerYear + 1), int(j - 7834*quad/256)
}

func julianOK(y, m int) bool {
	return (y > -4713 || y == -4713 && m >= 11) && (y < 5874898 || y == 5874898 && m < 6)
}

func isLeap(y int) bool { return y%4 == 0 && (y%100 != 0 || y%400 == 0) }

var monthDays = [2][12]int{
	{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31},
	{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31},
}

// daysIn returns the length of a month.
func daysIn(y, m int) int {
	if isLeap(y) {
		return monthDays[1][m-1]
	}
	return monthDays[0][m-1]
}

// civilOfDate takes a finite date apart.
func civilOfDate(days int64) civil {
	var c civil
	c.year, c.mon, c.day = fromJulian(int(days) + epochJulian)
	return c
}

// splitDay divides a timestamp into days and the microseconds of the day.
func splitDay(ts int64) (days, usec int64) {
	days = ts / usecsPerDay
	usec = ts - days*usecsPerDay
	if usec < 0 {
		days--
		usec += usecsPerDay
	}
	return days, usec
}

// civilOf takes a finite timestamp apart.
func civilOf(ts int64) civil {
	days, usec := splitDay(ts)
	c := civilOfDate(days)
	c.setTime(usec)
	return c
}

// setTime sets the time of day.
func (c *civil) setTime(usec int64) {
	c.hour = int(usec / usecsPerHour)
	usec %= usecsPerHour
	c.min = int(usec / usecsPerMin)
	usec %= usecsPerMin
	c.sec = int(usec / usecsPerSec)
	c.usec = usec % usecsPerSec
}

// time returns the microseconds of the day.
func (c *civil) time() int64 {
	return ((int64(c.hour)*60+int64(c.min))*60+int64(c.sec))*usecsPerSec + c.usec
}

// timestamp puts the parts together; ok is false on overflow. A local time may be out of range
// where the instant is not, so the range is for the caller to check.
func (c *civil) timestamp() (ts int64, ok bool) {
	if !julianOK(c.year, c.mon) {
		return 0, false
	}
	days := int64(julian(c.year, c.mon, c.day) - epochJulian)
	ts, ok = mulInt64(days, usecsPerDay)
	if !ok {
		return 0, false
	}
	if t := c.time(); t != 0 {
		if ts, ok = addInt64(ts, t); !ok {
			return 0, false
		}
	}
	return ts, true
}

// timestampOK reports whether a finite timestamp is in range.
func timestampOK(ts int64) bool { return ts >= timestampMin && ts < timestampEnd }

// IsFiniteTimestamp reports whether ts is neither infinity.
func IsFiniteTimestamp(ts int64) bool { return ts != TimestampInfinity && ts != TimestampNegInfinity }

// IsFiniteDate reports whether a date is neither infinity.
func IsFiniteDate(days int64) bool { return days != DateInfinity && days != DateNegInfinity }

func errTimestampRange() error {
	return sqlerr.New(sqlerr.DatetimeFieldOverflow, "timestamp out of range")
}

func errDateRange() error { return sqlerr.New(sqlerr.DatetimeFieldOverflow, "date out of range") }

func errIntervalRange() error {
	return sqlerr.New(sqlerr.DatetimeFieldOverflow, "interval out of range")
}

// TimestampFromTime returns t as microseconds since 2000-01-01 UTC, the value of a timestamptz.
func TimestampFromTime(t time.Time) int64 {
	return (t.Unix()-unixEpoch)*usecsPerSec + int64(t.Nanosecond())/1000
}

// TimeFromTimestamp is the inverse of TimestampFromTime, in UTC.
func TimeFromTimestamp(ts int64) time.Time {
	secs := floorDiv64(ts, usecsPerSec)
	return time.Unix(secs+unixEpoch, (ts-secs*usecsPerSec)*1000).UTC()
}

func floorDiv64(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// roundUsec rounds to some digits of a second, halves away from zero.
func roundUsec(usec int64, digits int32) int64 {
	if digits < 0 || digits >= 6 {
		return usec
	}
	scale := pow10Int64[6-digits]
	if usec >= 0 {
		return (usec + scale/2) / scale * scale
	}
	return -((-usec + scale/2) / scale * scale)
}

// roundTimestamp applies the typmod of a timestamp or timestamptz.
func roundTimestamp(ts int64, typmod int32) (int64, error) {
	if typmod < 0 || !IsFiniteTimestamp(ts) {
		return ts, nil
	}
	if ts = roundUsec(ts, typmod); !timestampOK(ts) {
		return 0, errTimestampRange()
	}
	return ts, nil
}
