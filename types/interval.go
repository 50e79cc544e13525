package types

import (
	"math"
	"strconv"
	"strings"

	"github.com/minisql/minisql/sqlerr"
)

// intervalUnit is a unit of interval input.
type intervalUnit uint8

const (
	unitNone intervalUnit = iota
	unitMicrosecond
	unitMillisecond
	unitSecond
	unitMinute
	unitHour
	unitDay
	unitWeek
	unitMonth
	unitQuarter
	unitYear
	unitDecade
	unitCentury
	unitMillennium
	unitTimezone
	unitTimezoneHour
	unitTimezoneMinute
	unitDOW
	unitISODOW
	unitDOY
	unitISOYear
	unitJulian
	unitEpoch
	unitAgo
)

// intervalUnits are the words of interval input, which date_trunc and extract know too; a word is
// looked up by its first tokenMax letters.
var intervalUnits = map[string]intervalUnit{
	"ago": unitAgo,
	"us":  unitMicrosecond, "usec": unitMicrosecond, "usecs": unitMicrosecond, "usecond": unitMicrosecond,
	"useconds": unitMicrosecond, "microsecon": unitMicrosecond,
	"ms": unitMillisecond, "msec": unitMillisecond, "msecs": unitMillisecond, "msecond": unitMillisecond,
	"mseconds": unitMillisecond, "millisecon": unitMillisecond,
	"s": unitSecond, "sec": unitSecond, "secs": unitSecond, "second": unitSecond, "seconds": unitSecond,
	"m": unitMinute, "min": unitMinute, "mins": unitMinute, "minute": unitMinute, "minutes": unitMinute,
	"h": unitHour, "hr": unitHour, "hrs": unitHour, "hour": unitHour, "hours": unitHour,
	"d": unitDay, "day": unitDay, "days": unitDay, "w": unitWeek, "week": unitWeek, "weeks": unitWeek,
	"mon": unitMonth, "mons": unitMonth, "month": unitMonth, "months": unitMonth, "qtr": unitQuarter, "quarter": unitQuarter,
	"y": unitYear, "yr": unitYear, "yrs": unitYear, "year": unitYear, "years": unitYear,
	"dec": unitDecade, "decs": unitDecade, "decade": unitDecade, "decades": unitDecade,
	"c": unitCentury, "cent": unitCentury, "century": unitCentury, "centuries": unitCentury,
	"mil": unitMillennium, "mils": unitMillennium, "millennium": unitMillennium, "millennia": unitMillennium,
	"timezone": unitTimezone, "timezone_h": unitTimezoneHour, "timezone_m": unitTimezoneMinute,
}

// intervalParser gathers the parts of an interval; each is checked for overflow.
type intervalParser struct {
	usec              int64
	days, mons, years int64
	bad               bool
}

func (p *intervalParser) addUsec(n, scale int64) {
	v, ok := mulInt64(n, scale)
	if ok {
		v, ok = addInt64(p.usec, v)
	}
	p.usec, p.bad = v, p.bad || !ok
}

// addFraction adds a fraction of a unit of so many microseconds.
func (p *intervalParser) addFraction(f float64, scale int64) {
	if f == 0 {
		return
	}
	f *= float64(scale)
	n := int64(f)
	if f -= float64(n); f > 0.5 {
		n++
	} else if f < -0.5 {
		n--
	}
	p.addUsec(n, 1)
}

func (p *intervalParser) addDays(n, scale int64)  { p.addTo(&p.days, n, scale) }
func (p *intervalParser) addMons(n int64)         { p.addTo(&p.mons, n, 1) }
func (p *intervalParser) addYears(n, scale int64) { p.addTo(&p.years, n, scale) }

func (p *intervalParser) addTo(to *int64, n, scale int64) {
	if n != int64(int32(n)) {
		p.bad = true
		return
	}
	*to += n * scale
	p.bad = p.bad || *to != int64(int32(*to))
}

// addFractDays adds a fraction of so many days.
func (p *intervalParser) addFractDays(f float64, scale int64) {
	if f == 0 {
		return
	}
	f *= float64(scale)
	n := int64(f)
	p.addDays(n, 1)
	p.addFraction(f-float64(n), usecsPerDay)
}

func (p *intervalParser) addFractYears(f float64, scale int64) {
	p.addMons(int64(math.RoundToEven(f * float64(scale) * monthsPerYear)))
}

// add adds n + f of a unit, and returns the fields it stands for.
func (p *intervalParser) add(unit intervalUnit, n int64, f float64) (uint32, bool) {
	mask := uint32(1) << unit
	switch unit {
	case unitMicrosecond:
		p.addUsec(n, 1)
		p.addFraction(f, 1)
	case unitMillisecond:
		p.addUsec(n, 1000)
		p.addFraction(f, 1000)
	case unitSecond:
		p.addUsec(n, usecsPerSec)
		p.addFraction(f, usecsPerSec)
		if f != 0 {
			mask = allSeconds
		}
	case unitMinute:
		p.addUsec(n, usecsPerMin)
		p.addFraction(f, usecsPerMin)
	case unitHour:
		p.addUsec(n, usecsPerHour)
		p.addFraction(f, usecsPerHour)
	case unitDay:
		p.addDays(n, 1)
		p.addFraction(f, usecsPerDay)
	case unitWeek:
		p.addDays(n, daysPerWeek)
		p.addFractDays(f, daysPerWeek)
	case unitMonth:
		p.addMons(n)
		p.addFractDays(f, daysPerMonth)
	case unitYear:
		p.addYears(n, 1)
		p.addFractYears(f, 1)
	case unitDecade:
		p.addYears(n, 10)
		p.addFractYears(f, 10)
	case unitCentury:
		p.addYears(n, 100)
		p.addFractYears(f, 100)
	case unitMillennium:
		p.addYears(n, 1000)
		p.addFractYears(f, 1000)
	default:
		return 0, false
	}
	return mask, true
}

const (
	allSeconds = 1<<unitSecond | 1<<unitMillisecond | 1<<unitMicrosecond
	allClock   = 1<<unitHour | 1<<unitMinute | allSeconds
)

func (p *intervalParser) result() (Interval, parseErr) {
	months := p.years*monthsPerYear + p.mons
	if p.bad {
		return Interval{}, errField
	}
	if months != int64(int32(months)) {
		return Interval{}, errIntervalSum
	}
	return Interval{Months: int32(months), Days: int32(p.days), Micros: p.usec}, errNone
}

// ParseInterval reads an interval's text and applies its typmod, which also decides the unit
// of a number without one.
func ParseInterval(s string, typmod int32, f *Format) (Interval, error) {
	v, err := decodeInterval(s, intervalTypmodRange(typmod), f.orDefault())
	if err == errFormat && strings.HasPrefix(s, "P") {
		v, err = decodeISOInterval(s)
	}
	if err != errNone {
		if err == errField {
			err = errIntervalField
		}
		return v, datetimeError(err, "interval", s, "")
	}
	return v.ApplyTypmod(typmod)
}

func intervalTypmodRange(typmod int32) int32 {
	if typmod < 0 {
		return intervalFullRange
	}
	return typmod >> 16 & intervalFullRange
}

func decodeInterval(s string, rng int32, f *Format) (Interval, parseErr) {
	var buf [fieldsMax]field
	fields, ok := splitFields(buf[:0], s)
	if !ok || len(s) > 256 {
		return Interval{}, errFormat
	}
	var p intervalParser
	unit := unitNone
	have := uint32(0)
	before := false
	forceNegative := f.IntervalStyle == IntervalSQLStandard && leadingMinusOnly(fields)
	for i := len(fields) - 1; i >= 0; i-- {
		fd := fields[i]
		mask := uint32(0)
		switch fd.typ {
		case fieldString, fieldSpecial:
			if fd.text == "@" || fd.text == "at" {
				continue
			}
			u, ok := intervalUnits[token(fd.text)]
			if !ok || u >= unitTimezone && u != unitAgo {
				return Interval{}, errFormat
			}
			if u == unitAgo {
				before, unit = true, unitAgo // a number here has no unit
			} else {
				unit = u
			}
			continue
		case fieldTime:
			usec, err := intervalClock(fd.text, rng)
			if err != errNone {
				return Interval{}, err
			}
			if forceNegative && usec > 0 {
				usec = -usec
			}
			p.addUsec(usec, 1)
			mask = allClock
			unit = unitDay
		case fieldZone:
			if strings.IndexByte(fd.text[1:], ':') >= 0 {
				if usec, err := intervalClock(fd.text[1:], rng); err == errNone {
					if fd.text[0] == '-' || forceNegative {
						usec = -usec
					}
					p.addUsec(usec, 1)
					mask = allClock
					unit = unitDay
					break
				}
			}
			fallthrough
		default:
			if unit == unitNone {
				unit = rightmostUnit(rng)
			}
			n, frac, yearMonth, err := intervalNumber(fd.text)
			if err != errNone {
				return Interval{}, err
			}
			if yearMonth {
				unit = unitMonth
			}
			if forceNegative {
				n, frac = -absInt64(n), -math.Abs(frac)
			}
			var ok bool
			if mask, ok = p.add(unit, n, frac); !ok {
				return Interval{}, errFormat
			}
			if p.bad {
				return Interval{}, errField
			}
			if unit == unitHour {
				unit = unitDay // for '1 2:03' read from the right, and '1 2' of day to hour
			}
		}
		if mask&have != 0 {
			return Interval{}, errFormat
		}
		have |= mask
	}
	if have == 0 {
		return Interval{}, errFormat
	}
	v, err := p.result()
	if err == errNone && before {
		neg, ok := v.Neg()
		if !ok {
			return v, errField
		}
		v = neg
	}
	return v, err
}

func absInt64(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}

// leadingMinusOnly is the rule of the SQL standard style: a leading minus applies to
// all fields unless another has a sign of its own.
func leadingMinusOnly(fields []field) bool {
	if len(fields) == 0 || fields[0].text[0] != '-' {
		return false
	}
	for _, fd := range fields[1:] {
		if fd.text[0] == '-' || fd.text[0] == '+' {
			return false
		}
	}
	return true
}

func rightmostUnit(rng int32) intervalUnit {
	switch {
	case rng == intervalFullRange || rng&MaskSecond != 0:
		return unitSecond
	case rng&MaskMinute != 0:
		return unitMinute
	case rng&MaskHour != 0:
		return unitHour
	case rng&MaskDay != 0:
		return unitDay
	case rng&MaskMonth != 0:
		return unitMonth
	case rng&MaskYear != 0:
		return unitYear
	}
	return unitSecond
}

func intervalClock(s string, rng int32) (int64, parseErr) {
	h, m, sec, usec, err := decodeClock(s, rng == MaskMinute|MaskSecond)
	if err != errNone {
		return 0, err
	}
	t, ok := mulInt64(h, usecsPerHour)
	if ok {
		t, ok = addInt64(t, int64(m)*usecsPerMin+int64(sec)*usecsPerSec+usec)
	}
	if !ok {
		return 0, errField
	}
	return t, errNone
}

// intervalNumber reads 3, -3.5, or the 1-2 of years and months.
func intervalNumber(s string) (n int64, frac float64, yearMonth bool, err parseErr) {
	i := 0
	if s[0] == '-' || s[0] == '+' {
		i++
	}
	start := i
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	if i > start {
		var e error
		if n, e = strconv.ParseInt(s[:i], 10, 64); e != nil {
			return 0, 0, false, errField
		}
	}
	neg := s[0] == '-'
	switch rest := s[i:]; {
	case rest == "" && i > start:
	case rest == "":
		return 0, 0, false, errFormat
	case rest[0] == '.':
		var ok bool
		if frac, ok = parseFraction(rest); !ok {
			return 0, 0, false, errFormat
		}
		if neg {
			frac = -frac
		}
	case rest[0] == '-':
		m, rest, ok := leadingInt(rest[1:])
		if !ok && rest != "" && !isDigit(rest[0]) || rest != "" && ok {
			return 0, 0, false, errFormat
		}
		if !ok && rest != "" || m >= monthsPerYear {
			return 0, 0, false, errField
		}
		if neg {
			m = -m
		}
		if n, ok = mulInt64(n, monthsPerYear); ok {
			n, ok = addInt64(n, int64(m))
		}
		if !ok && m != 0 {
			return 0, 0, false, errField
		}
		yearMonth = true
	default:
		return 0, 0, false, errFormat
	}
	return n, frac, yearMonth, errNone
}

// decodeISOInterval reads the ISO 8601 forms: with designators (P1Y2M3DT4H5M6S), and the
// alternative ones (P0001-02-03T04:05:06).
func decodeISOInterval(s string) (Interval, parseErr) {
	var p intervalParser
	if len(s) < 2 || s[0] != 'P' {
		return Interval{}, errFormat
	}
	s = s[1:]
	date, have := true, false
	for s != "" {
		if s[0] == 'T' {
			date, have = false, false
			s = s[1:]
			continue
		}
		digits := leadingDigits(s)
		n, frac, rest, err := isoNumber(s)
		if err != errNone {
			return Interval{}, err
		}
		unit := byte(0)
		if s = rest; s != "" {
			unit = s[0]
			s = s[1:]
		}
		if date {
			switch unit {
			case 'Y':
				p.add(unitYear, n, frac)
			case 'M':
				p.add(unitMonth, n, frac)
			case 'W':
				p.add(unitWeek, n, frac)
			case 'D':
				p.add(unitDay, n, frac)
			case 'T', 0:
				if digits == 8 && !have { // yyyymmdd
					p.addYears(n/10000, 1)
					p.addMons(n / 100 % 100)
					p.addDays(n%100, 1)
					p.addFraction(frac, usecsPerDay)
				} else if have {
					return Interval{}, errFormat
				} else {
					p.add(unitYear, n, frac)
				}
				if unit == 0 {
					return p.result()
				}
				date, have = false, false
				continue
			case '-':
				if have {
					return Interval{}, errFormat
				}
				p.add(unitYear, n, frac)
				if s == "" {
					return p.result()
				}
				if n, frac, s, err = isoNumber(s); err != errNone {
					return Interval{}, err
				}
				p.add(unitMonth, n, frac)
				if s == "" {
					return p.result()
				}
				if s[0] == 'T' {
					date, have = false, false
					s = s[1:]
					continue
				}
				if s[0] != '-' {
					return Interval{}, errFormat
				}
				if n, frac, s, err = isoNumber(s[1:]); err != errNone {
					return Interval{}, err
				}
				p.add(unitDay, n, frac)
				if s == "" {
					return p.result()
				}
				if s[0] != 'T' {
					return Interval{}, errFormat
				}
				date, have = false, false
				s = s[1:]
				continue
			default:
				return Interval{}, errFormat
			}
		} else {
			switch unit {
			case 'H':
				p.add(unitHour, n, frac)
			case 'M':
				p.add(unitMinute, n, frac)
			case 'S':
				p.add(unitSecond, n, frac)
			case 0:
				if digits == 6 && !have { // hhmmss
					p.addUsec(n/10000, usecsPerHour)
					p.addUsec(n/100%100, usecsPerMin)
					p.addUsec(n%100, usecsPerSec)
					p.addFraction(frac, 1)
					return p.result()
				}
				if have {
					return Interval{}, errFormat
				}
				p.add(unitHour, n, frac)
				return p.result()
			case ':':
				if have {
					return Interval{}, errFormat
				}
				p.add(unitHour, n, frac)
				if s == "" {
					return p.result()
				}
				if n, frac, s, err = isoNumber(s); err != errNone {
					return Interval{}, err
				}
				p.add(unitMinute, n, frac)
				if s == "" {
					return p.result()
				}
				if s[0] != ':' {
					return Interval{}, errFormat
				}
				if n, frac, s, err = isoNumber(s[1:]); err != errNone {
					return Interval{}, err
				}
				p.add(unitSecond, n, frac)
				if s == "" {
					return p.result()
				}
				return Interval{}, errFormat
			default:
				return Interval{}, errFormat
			}
		}
		have = true
	}
	return p.result()
}

func leadingDigits(s string) int {
	n := 0
	for n < len(s) && (isDigit(s[n]) || n == 0 && s[n] == '-') {
		n++
	}
	return n
}

// isoNumber reads a number with an optional fraction.
func isoNumber(s string) (n int64, frac float64, rest string, err parseErr) {
	i := 0
	for i < len(s) && (isDigit(s[i]) || strings.IndexByte("+-.eE", s[i]) >= 0) {
		if i > 0 && (s[i] == '-' || s[i] == '+') && s[i-1]|0x20 != 'e' {
			break
		}
		i++
	}
	v, e := strconv.ParseFloat(s[:i], 64)
	if i == 0 || e != nil && v == 0 {
		return 0, 0, s, errFormat
	}
	if v <= math.MinInt64 || v >= math.MaxInt64 || math.IsNaN(v) {
		return 0, 0, s, errField
	}
	whole := math.Trunc(v)
	return int64(whole), v - whole, s[i:], errNone
}

// ApplyTypmod drops what the interval's fields and precision do not keep.
func (v Interval) ApplyTypmod(typmod int32) (Interval, error) {
	if typmod < 0 {
		return v, nil
	}
	switch intervalTypmodRange(typmod) {
	case MaskYear:
		v.Months = v.Months / monthsPerYear * monthsPerYear
		v.Days, v.Micros = 0, 0
	case MaskMonth, MaskYear | MaskMonth:
		v.Days, v.Micros = 0, 0
	case MaskDay:
		v.Micros = 0
	case MaskHour, MaskDay | MaskHour:
		v.Micros = v.Micros / usecsPerHour * usecsPerHour
	case MaskMinute, MaskHour | MaskMinute, MaskDay | MaskHour | MaskMinute:
		v.Micros = v.Micros / usecsPerMin * usecsPerMin
	}
	if prec := typmod & intervalFullPrecision; prec != intervalFullPrecision {
		if prec > 6 {
			return v, sqlerr.New(sqlerr.InvalidParameterValue, "interval(%d) precision must be between 0 and 6", prec)
		}
		v.Micros = roundUsec(v.Micros, prec)
	}
	return v, nil
}

// AppendText appends the interval in a style.
func (v Interval) AppendText(dst []byte, style IntervalStyle) []byte {
	p := splitInterval(v)
	switch style {
	case IntervalPostgresVerbose:
		return p.appendVerbose(dst)
	case IntervalSQLStandard:
		return p.appendSQL(dst)
	case IntervalISO8601:
		return p.appendISO(dst)
	}
	return p.appendPostgres(dst)
}

// String is the default style.
func (v Interval) String() string { return string(v.AppendText(nil, IntervalPostgres)) }

// intervalParts is an interval taken apart; each group has its own sign.
type intervalParts struct {
	year, mon, day, hour, min, sec, usec int64
}

func splitInterval(v Interval) intervalParts {
	t := v.Micros
	p := intervalParts{year: int64(v.Months / monthsPerYear), mon: int64(v.Months % monthsPerYear), day: int64(v.Days)}
	p.hour, t = t/usecsPerHour, t%usecsPerHour
	p.min, t = t/usecsPerMin, t%usecsPerMin
	p.sec, p.usec = t/usecsPerSec, t%usecsPerSec
	return p
}

func (p intervalParts) clockNegative() bool {
	return p.hour < 0 || p.min < 0 || p.sec < 0 || p.usec < 0
}

func (p intervalParts) appendPostgres(dst []byte) []byte {
	zero, before := true, false
	part := func(n int64, unit string) {
		if n == 0 {
			return
		}
		if !zero {
			dst = append(dst, ' ')
		}
		if before && n > 0 {
			dst = append(dst, '+')
		}
		dst = strconv.AppendInt(dst, n, 10)
		dst = append(append(dst, ' '), unit...)
		if n != 1 {
			dst = append(dst, 's')
		}
		before, zero = n < 0, false
	}
	part(p.year, "year")
	part(p.mon, "mon")
	part(p.day, "day")
	if zero || p.hour != 0 || p.min != 0 || p.sec != 0 || p.usec != 0 {
		if !zero {
			dst = append(dst, ' ')
		}
		if p.clockNegative() {
			dst = append(dst, '-')
		} else if before {
			dst = append(dst, '+')
		}
		dst = appendPadded(dst, absUint64(p.hour), 2)
		dst = appendPadded(append(dst, ':'), absUint64(p.min), 2)
		dst = appendSeconds(append(dst, ':'), p.sec, p.usec, true)
	}
	return dst
}

func (p intervalParts) appendVerbose(dst []byte) []byte {
	dst = append(dst, '@')
	zero, before := true, false
	part := func(n int64, unit string) {
		if n == 0 {
			return
		}
		if zero {
			before = n < 0
			n = absInt64(n)
			zero = false
		} else if before {
			n = -n
		}
		dst = strconv.AppendInt(append(dst, ' '), n, 10)
		dst = append(append(dst, ' '), unit...)
		if n != 1 {
			dst = append(dst, 's')
		}
	}
	part(p.year, "year")
	part(p.mon, "mon")
	part(p.day, "day")
	part(p.hour, "hour")
	part(p.min, "min")
	if p.sec != 0 || p.usec != 0 {
		dst = append(dst, ' ')
		if p.sec < 0 || p.sec == 0 && p.usec < 0 {
			if zero {
				before = true
			} else if !before {
				dst = append(dst, '-')
			}
		} else if before {
			dst = append(dst, '-')
		}
		dst = appendSeconds(dst, p.sec, p.usec, false)
		dst = append(dst, " sec"...)
		if absInt64(p.sec) != 1 || p.usec != 0 {
			dst = append(dst, 's')
		}
		zero = false
	}
	if zero {
		dst = append(dst, " 0"...)
	}
	if before {
		dst = append(dst, " ago"...)
	}
	return dst
}

func (p intervalParts) appendISO(dst []byte) []byte {
	if p == (intervalParts{}) {
		return append(dst, "PT0S"...)
	}
	part := func(n int64, unit byte) {
		if n != 0 {
			dst = append(strconv.AppendInt(dst, n, 10), unit)
		}
	}
	dst = append(dst, 'P')
	part(p.year, 'Y')
	part(p.mon, 'M')
	part(p.day, 'D')
	if p.hour != 0 || p.min != 0 || p.sec != 0 || p.usec != 0 {
		dst = append(dst, 'T')
	}
	part(p.hour, 'H')
	part(p.min, 'M')
	if p.sec != 0 || p.usec != 0 {
		if p.sec < 0 || p.usec < 0 {
			dst = append(dst, '-')
		}
		dst = append(appendSeconds(dst, p.sec, p.usec, false), 'S')
	}
	return dst
}

func (p intervalParts) appendSQL(dst []byte) []byte {
	neg := p.year < 0 || p.mon < 0 || p.day < 0 || p.clockNegative()
	pos := p.year > 0 || p.mon > 0 || p.day > 0 || p.hour > 0 || p.min > 0 || p.sec > 0 || p.usec > 0
	yearMonth := p.year != 0 || p.mon != 0
	dayTime := p.day != 0 || p.hour != 0 || p.min != 0 || p.sec != 0 || p.usec != 0
	clock := func(hour int64) {
		dst = strconv.AppendUint(dst, absUint64(hour), 10)
		dst = appendPadded(append(dst, ':'), absUint64(p.min), 2)
		dst = appendSeconds(append(dst, ':'), p.sec, p.usec, true)
	}
	sign := func(minus bool) {
		if minus {
			dst = append(dst, '-')
		} else {
			dst = append(dst, '+')
		}
	}
	switch {
	case !neg && !pos:
		return append(dst, '0')
	case neg && pos || yearMonth && dayTime:
		sign(p.year < 0 || p.mon < 0)
		dst = strconv.AppendUint(dst, absUint64(p.year), 10)
		dst = strconv.AppendUint(append(dst, '-'), absUint64(p.mon), 10)
		dst = append(dst, ' ')
		sign(p.day < 0)
		dst = append(strconv.AppendUint(dst, absUint64(p.day), 10), ' ')
		sign(p.clockNegative())
		clock(p.hour)
		return dst
	}
	if neg {
		dst = append(dst, '-')
	}
	if yearMonth {
		dst = strconv.AppendUint(dst, absUint64(p.year), 10)
		return strconv.AppendUint(append(dst, '-'), absUint64(p.mon), 10)
	}
	if p.day != 0 {
		dst = append(strconv.AppendUint(dst, absUint64(p.day), 10), ' ')
	}
	clock(p.hour)
	return dst
}

// appendPadded appends n with at least width digits.
func appendPadded(dst []byte, n uint64, width int) []byte {
	limit := uint64(1)
	for range width - 1 {
		limit *= 10
	}
	for ; limit > 1 && n < limit; limit /= 10 {
		dst = append(dst, '0')
	}
	return strconv.AppendUint(dst, n, 10)
}

// appendSeconds appends the absolute seconds and their fraction without trailing zeros.
func appendSeconds(dst []byte, sec, usec int64, pad bool) []byte {
	width := 1
	if pad {
		width = 2
	}
	dst = appendPadded(dst, absUint64(sec), width)
	if usec != 0 {
		dst = appendPadded(append(dst, '.'), absUint64(usec), 6)
		for dst[len(dst)-1] == '0' {
			dst = dst[:len(dst)-1]
		}
	}
	return dst
}

// Neg returns -v; ok is false on overflow.
func (v Interval) Neg() (Interval, bool) {
	ok := v.Months != math.MinInt32 && v.Days != math.MinInt32 && v.Micros != math.MinInt64
	return Interval{-v.Months, -v.Days, -v.Micros}, ok
}

// Add returns v + w.
func (v Interval) Add(w Interval) (Interval, error) {
	months, days := int64(v.Months)+int64(w.Months), int64(v.Days)+int64(w.Days)
	micros, ok := v.Micros+w.Micros, true
	if v.Micros != 0 && w.Micros != 0 {
		micros, ok = addInt64(v.Micros, w.Micros)
	}
	if !ok || months != int64(int32(months)) || days != int64(int32(days)) {
		return Interval{}, errIntervalRange()
	}
	return Interval{int32(months), int32(days), micros}, nil
}

// Sub returns v - w.
func (v Interval) Sub(w Interval) (Interval, error) {
	months, days := int64(v.Months)-int64(w.Months), int64(v.Days)-int64(w.Days)
	micros, ok := v.Micros, true
	if w.Micros != 0 {
		micros, ok = subInt64(v.Micros, w.Micros)
	}
	if !ok || months != int64(int32(months)) || days != int64(int32(days)) {
		return Interval{}, errIntervalRange()
	}
	return Interval{int32(months), int32(days), micros}, nil
}

// Mul returns v × f, fractions of months going to days and those of days to time.
func (v Interval) Mul(f float64) (Interval, error) {
	return v.scale(func(n float64) float64 { return n * f })
}

// Div returns v / f.
func (v Interval) Div(f float64) (Interval, error) {
	if f == 0 {
		return Interval{}, errDivisionByZero()
	}
	return v.scale(func(n float64) float64 { return n / f })
}

func (v Interval) scale(by func(float64) float64) (Interval, error) {
	round := func(f float64) float64 { return math.RoundToEven(f*1e6) / 1e6 }
	months, days := by(float64(v.Months)), by(float64(v.Days))
	for _, n := range [...]float64{months, days} {
		if math.IsNaN(n) || n > math.MaxInt32 || n < math.MinInt32 {
			return Interval{}, errIntervalRange()
		}
	}
	r := Interval{Months: int32(months), Days: int32(days)}
	monthDays := round((months - float64(r.Months)) * daysPerMonth)
	secs := round((days - float64(r.Days) + monthDays - math.Trunc(monthDays)) * secsPerDay)
	if math.Abs(secs) >= secsPerDay {
		r.Days += int32(secs / secsPerDay)
		secs -= math.Trunc(secs/secsPerDay) * secsPerDay
	}
	r.Days += int32(monthDays)
	micros := math.RoundToEven(by(float64(v.Micros)) + secs*1e6)
	if math.IsNaN(micros) || micros >= math.MaxInt64 || micros <= math.MinInt64 {
		return Interval{}, errIntervalRange()
	}
	r.Micros = int64(micros)
	return r, nil
}

// JustifyHours turns each 24 hours into a day.
func (v Interval) JustifyHours() (Interval, error) {
	whole := v.Micros / usecsPerDay
	v.Micros -= whole * usecsPerDay
	days := int64(v.Days) + whole
	if days > 0 && v.Micros < 0 {
		v.Micros += usecsPerDay
		days--
	} else if days < 0 && v.Micros > 0 {
		v.Micros -= usecsPerDay
		days++
	}
	if days != int64(int32(days)) {
		return v, errIntervalRange()
	}
	v.Days = int32(days)
	return v, nil
}

// JustifyDays turns each 30 days into a month.
func (v Interval) JustifyDays() (Interval, error) {
	months := int64(v.Months) + int64(v.Days/daysPerMonth)
	v.Days %= daysPerMonth
	if months > 0 && v.Days < 0 {
		v.Days += daysPerMonth
		months--
	} else if months < 0 && v.Days > 0 {
		v.Days -= daysPerMonth
		months++
	}
	if months != int64(int32(months)) {
		return v, errIntervalRange()
	}
	v.Months = int32(months)
	return v, nil
}

// Justify does both and gives all parts the same sign.
func (v Interval) Justify() (Interval, error) {
	months, days, micros := int64(v.Months), int64(v.Days), v.Micros
	days += micros / usecsPerDay
	micros %= usecsPerDay
	months += days / daysPerMonth
	days %= daysPerMonth
	if months > 0 && (days < 0 || days == 0 && micros < 0) {
		days += daysPerMonth
		months--
	} else if months < 0 && (days > 0 || days == 0 && micros > 0) {
		days -= daysPerMonth
		months++
	}
	if days > 0 && micros < 0 {
		micros += usecsPerDay
		days--
	} else if days < 0 && micros > 0 {
		micros -= usecsPerDay
		days++
	}
	if months != int64(int32(months)) {
		return v, errIntervalRange()
	}
	return Interval{int32(months), int32(days), micros}, nil
}

// MakeInterval is the function make_interval.
func MakeInterval(years, months, weeks, days, hours, mins int32, secs float64) (Interval, error) {
	m := int64(years)*monthsPerYear + int64(months)
	d := int64(weeks)*daysPerWeek + int64(days)
	if math.IsNaN(secs) || math.IsInf(secs, 0) {
		return Interval{}, errIntervalRange()
	}
	us := math.RoundToEven(secs * 1e6)
	t, ok := addInt64(int64(hours)*usecsPerHour, int64(mins)*usecsPerMin)
	if mins == 0 {
		t, ok = int64(hours)*usecsPerHour, true
	}
	if math.Abs(us) >= math.MaxInt64 || m != int64(int32(m)) || d != int64(int32(d)) || !ok {
		return Interval{}, errIntervalRange()
	}
	if us != 0 {
		if t, ok = addInt64(t, int64(us)); !ok {
			return Interval{}, errIntervalRange()
		}
	}
	return Interval{int32(m), int32(d), t}, nil
}
