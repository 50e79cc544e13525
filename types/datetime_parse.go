package types

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/minisql/minisql/sqlerr"
)

// Date and time input follows PostgreSQL's two steps: split the text into typed fields,
// then give each field a meaning in the light of those before it.

// parseErr says what is wrong with a date or time text.
type parseErr uint8

const (
	errNone parseErr = iota
	errFormat
	errField         // a field is out of range
	errMonthDay      // … and another DateStyle may have been meant
	errIntervalField // a field of an interval is out of range
	errIntervalSum   // an interval's parts add up to too much
	errZoneField     // a zone's displacement is out of range
	errZoneName      // a zone is not known: badZone has its name
)

func datetimeError(e parseErr, typ, s, zone string) error {
	switch e {
	case errField:
		return sqlerr.New(sqlerr.DatetimeFieldOverflow, `date/time field value out of range: "%s"`, s)
	case errMonthDay:
		return sqlerr.New(sqlerr.DatetimeFieldOverflow, `date/time field value out of range: "%s"`, s).
			WithHint(`Perhaps you need a different "datestyle" setting.`)
	case errIntervalField:
		return sqlerr.New(sqlerr.IntervalFieldOverflow, `interval field value out of range: "%s"`, s)
	case errIntervalSum:
		return errIntervalRange()
	case errZoneField:
		return sqlerr.New(sqlerr.InvalidTimeZoneDisplacement, `time zone displacement out of range: "%s"`, s)
	case errZoneName:
		return sqlerr.New(sqlerr.InvalidParameterValue, `time zone "%s" not recognized`, zone)
	}
	return sqlerr.New(sqlerr.InvalidDatetimeFormat, `invalid input syntax for type %s: "%s"`, typ, s)
}

type fieldType uint8

const (
	fieldNumber fieldType = iota
	fieldDate
	fieldTime
	fieldString
	fieldZone
	fieldSpecial
)

type field struct {
	typ  fieldType
	text string // letters in lower case
}

const (
	fieldsMax    = 25
	datetimeMax  = 128 // bytes of text
	tokenMax     = 10  // PostgreSQL compares that many letters of a word
	zoneHoursMax = 15
)

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
func isPunct(c byte) bool { return c > ' ' && c < 0x7f && !isDigit(c) && !isAlpha(c) }

// splitFields is PostgreSQL's ParseDateTime.
func splitFields(buf []field, s string) ([]field, bool) {
	fields := buf[:0]
	for i := 0; i < len(s); {
		c := s[i]
		if isSpace(c) {
			i++
			continue
		}
		start := i
		typ := fieldNumber
		run := func(more func(byte) bool) {
			for i < len(s) && more(s[i]) {
				i++
			}
		}
		at := func(c byte) bool { return i < len(s) && s[i] == c }
		switch {
		case isDigit(c):
			run(isDigit)
			switch {
			case at(':'):
				typ = fieldTime
				run(func(c byte) bool { return isDigit(c) || c == ':' || c == '.' })
			case at('-') || at('/') || at('.'):
				delim := s[i]
				i++
				if i < len(s) && isDigit(s[i]) {
					if delim != '.' {
						typ = fieldDate
					}
					run(isDigit)
					if at(delim) {
						typ = fieldDate
						run(func(c byte) bool { return isDigit(c) || c == delim })
					}
				} else {
					typ = fieldDate
					run(func(c byte) bool { return isDigit(c) || isAlpha(c) || c == delim })
				}
			}
		case c == '.':
			i++
			run(isDigit)
		case isAlpha(c):
			typ = fieldString
			run(isAlpha)
			date := at('-') || at('/') || at('.')
			if !date && i < len(s) && (s[i] == '+' || isDigit(s[i])) {
				_, known := dateTokens[token(strings.ToLower(s[start:i]))]
				date = !known
			}
			if date {
				typ = fieldDate
				run(func(c byte) bool { return isDigit(c) || isAlpha(c) || strings.IndexByte("+-/_.:", c) >= 0 })
			}
		case c == '+' || c == '-':
			i++
			run(isSpace)
			text := i
			switch {
			case i < len(s) && isDigit(s[i]):
				typ = fieldZone
				run(func(c byte) bool { return isDigit(c) || c == ':' || c == '.' || c == '-' })
			case i < len(s) && isAlpha(s[i]):
				typ = fieldSpecial
				run(isAlpha)
			default:
				return nil, false
			}
			if len(fields) == fieldsMax {
				return nil, false
			}
			word := s[start:i]
			if text != start+1 {
				word = s[start:start+1] + s[text:i]
			}
			fields = append(fields, field{typ, strings.ToLower(word)})
			continue
		case isPunct(c):
			i++
			continue
		default:
			return nil, false
		}
		if len(fields) == fieldsMax {
			return nil, false
		}
		fields = append(fields, field{typ, strings.ToLower(s[start:i])})
	}
	return fields, true
}

func token(s string) string { return s[:min(len(s), tokenMax)] }

// Meanings of a word in a date or time.
type tokenType uint8

const (
	tokIgnore tokenType = iota
	tokReserved
	tokMonth
	tokDOW
	tokAMPM
	tokADBC
	tokDSTMod
	tokUnits
	tokISOTime
)

const (
	resNow = iota
	resToday
	resTomorrow
	resYesterday
	resZulu
	resEpoch
	resLate
	resEarly
)

// What a prefix such as J or T says of the next field.
const (
	prefixNone = iota
	prefixJulian
	prefixTime
	prefixOther
)

type dateToken struct {
	typ tokenType
	val int
}

var dateTokens = map[string]dateToken{
	"-infinity": {tokReserved, resEarly}, "infinity": {tokReserved, resLate}, "epoch": {tokReserved, resEpoch},
	"now": {tokReserved, resNow}, "today": {tokReserved, resToday}, "tomorrow": {tokReserved, resTomorrow},
	"yesterday": {tokReserved, resYesterday}, "allballs": {tokReserved, resZulu},
	"ad": {tokADBC, 0}, "bc": {tokADBC, 1}, "am": {tokAMPM, 1}, "pm": {tokAMPM, 2},
	"at": {tokIgnore, 0}, "on": {tokIgnore, 0}, "dst": {tokDSTMod, 3600}, "t": {tokISOTime, prefixTime},
	"d": {tokUnits, prefixOther}, "dow": {tokUnits, prefixOther}, "doy": {tokUnits, prefixOther},
	"h": {tokUnits, prefixOther}, "isodow": {tokUnits, prefixOther}, "isoyear": {tokUnits, prefixOther},
	"m": {tokUnits, prefixOther}, "mm": {tokUnits, prefixOther}, "s": {tokUnits, prefixOther}, "y": {tokUnits, prefixOther},
	"j": {tokUnits, prefixJulian}, "jd": {tokUnits, prefixJulian}, "julian": {tokUnits, prefixJulian},
	"jan": {tokMonth, 1}, "january": {tokMonth, 1}, "feb": {tokMonth, 2}, "february": {tokMonth, 2},
	"mar": {tokMonth, 3}, "march": {tokMonth, 3}, "apr": {tokMonth, 4}, "april": {tokMonth, 4}, "may": {tokMonth, 5},
	"jun": {tokMonth, 6}, "june": {tokMonth, 6}, "jul": {tokMonth, 7}, "july": {tokMonth, 7},
	"aug": {tokMonth, 8}, "august": {tokMonth, 8}, "sep": {tokMonth, 9}, "sept": {tokMonth, 9}, "september": {tokMonth, 9},
	"oct": {tokMonth, 10}, "october": {tokMonth, 10}, "nov": {tokMonth, 11}, "november": {tokMonth, 11},
	"dec": {tokMonth, 12}, "december": {tokMonth, 12},
	"sun": {tokDOW, 0}, "sunday": {tokDOW, 0}, "mon": {tokDOW, 1}, "monday": {tokDOW, 1},
	"tue": {tokDOW, 2}, "tues": {tokDOW, 2}, "tuesday": {tokDOW, 2}, "wed": {tokDOW, 3}, "weds": {tokDOW, 3},
	"wednesday": {tokDOW, 3}, "thu": {tokDOW, 4}, "thur": {tokDOW, 4}, "thurs": {tokDOW, 4}, "thursday": {tokDOW, 4},
	"fri": {tokDOW, 5}, "friday": {tokDOW, 5}, "sat": {tokDOW, 6}, "saturday": {tokDOW, 6},
}

// fieldMask says which parts of a date or time have been seen.
type fieldMask uint32

const (
	maskYear fieldMask = 1 << iota
	maskMonth
	maskDay
	maskDOY
	maskHour
	maskMinute
	maskSecond
	maskZone
	maskDST
	maskDOW
	maskAMPM
	maskADBC
	maskReserved

	maskDate = maskYear | maskMonth | maskDay
	maskTime = maskHour | maskMinute | maskSecond
)

// datetimeParser holds a date or time while its fields come in.
type datetimeParser struct {
	civil
	f    *Format
	have fieldMask

	textMonth, twoDigits, bc, isJulian bool
	timeOnly                           bool
	ampm, yday                         int
	prefix                             int
	reserved                           int            // resEpoch, resLate, resEarly, or -1
	hasZone                            bool           // west is valid
	west                               int            // zone, seconds west of Greenwich
	loc                                *time.Location // named zone
	badZone                            string
}

// parseDatetime reads a date, timestamp or timestamptz.
func (p *datetimeParser) parse(s string) parseErr {
	p.reserved = -1
	if len(s) > datetimeMax {
		return errFormat
	}
	var buf [fieldsMax]field
	fields, ok := splitFields(buf[:0], s)
	if !ok || len(fields) == 0 {
		return errFormat
	}
	for i, fd := range fields {
		mask, err := p.field(fd, fields[i+1:])
		if err != errNone {
			return err
		}
		if mask&p.have != 0 {
			return errFormat
		}
		p.have |= mask
	}
	if p.prefix != prefixNone {
		return errFormat
	}
	if err := p.validate(); err != errNone {
		return err
	}
	if err := p.applyAMPM(); err != errNone {
		return err
	}
	if p.reserved < 0 && p.have&maskDate != maskDate {
		return errFormat
	}
	return p.resolveZone()
}

func (p *datetimeParser) applyAMPM() parseErr {
	if p.ampm != 0 && p.hour > 12 {
		return errField
	}
	if p.ampm == 1 && p.hour == 12 {
		p.hour = 0
	} else if p.ampm == 2 && p.hour != 12 {
		p.hour += 12
	}
	return errNone
}

// resolveZone finds the offset of a named zone at the local time.
func (p *datetimeParser) resolveZone() parseErr {
	if p.loc != nil && p.reserved < 0 {
		ts, ok := p.timestamp()
		if !ok {
			ts = 0
		}
		p.west, p.hasZone = -offsetOfLocal(p.loc, ts), true
	}
	return errNone
}

func (p *datetimeParser) field(fd field, rest []field) (fieldMask, parseErr) {
	switch fd.typ {
	case fieldDate:
		if p.prefix == prefixJulian {
			return p.julianField(fd.text)
		}
		if p.prefix != prefixNone || p.have&(maskMonth|maskDay) == maskMonth|maskDay {
			if isDigit(fd.text[0]) || p.prefix != prefixNone {
				if p.prefix != prefixNone && p.prefix != prefixTime {
					return 0, errFormat
				}
				p.prefix = prefixNone
				if p.have&maskTime == maskTime {
					return 0, errFormat
				}
				i := strings.IndexByte(fd.text, '-')
				if i < 0 {
					return 0, errFormat
				}
				if err := p.offset(fd.text[i:]); err != errNone {
					return 0, err
				}
				mask, err := p.numberField(fd.text[:i], p.have)
				return mask | maskZone, err
			}
			return p.zoneName(fd.text, errZoneName)
		}
		return p.date(fd.text)
	case fieldTime:
		if p.prefix != prefixNone && p.prefix != prefixTime {
			return 0, errFormat
		}
		p.prefix = prefixNone
		if err := p.clock(fd.text); err != errNone {
			return 0, err
		}
		return maskTime, errNone
	case fieldZone:
		if err := p.offset(fd.text); err != errNone {
			return 0, err
		}
		return maskZone, errNone
	case fieldNumber:
		return p.numeric(fd.text)
	}
	return p.word(fd.text, rest)
}

func (p *datetimeParser) offset(s string) parseErr {
	west, err := decodeZoneOffset(s)
	p.west, p.hasZone = west, true
	return err
}

// decodeZoneOffset reads +hh, +hhmm, +hh:mm or +hh:mm:ss and returns seconds west.
func decodeZoneOffset(s string) (west int, err parseErr) {
	digits := s[1:]
	h, rest, ok := leadingInt(digits)
	if !ok {
		return 0, errFormat
	}
	m, sec := 0, 0
	switch {
	case strings.HasPrefix(rest, ":"):
		if m, rest, ok = leadingInt(rest[1:]); !ok {
			return 0, errZoneField
		}
		if strings.HasPrefix(rest, ":") {
			if sec, rest, ok = leadingInt(rest[1:]); !ok {
				return 0, errZoneField
			}
		}
	case rest == "" && len(s) > 3:
		m, h = h%100, h/100
	}
	if h > zoneHoursMax || m > 59 || sec > 59 {
		return 0, errZoneField
	}
	if rest != "" {
		return 0, errFormat
	}
	west = -(h*3600 + m*60 + sec)
	if s[0] == '-' {
		west = -west
	}
	return west, errNone
}

// leadingInt reads digits at the front of s; ok is false if there are none or too many.
func leadingInt(s string) (n int, rest string, ok bool) {
	i := 0
	for ; i < len(s) && isDigit(s[i]); i++ {
		if n = n*10 + int(s[i]-'0'); n > math.MaxInt32 {
			return 0, s, false
		}
	}
	return n, s[i:], i > 0
}

func (p *datetimeParser) zoneName(s string, unknown parseErr) (fieldMask, parseErr) {
	loc, ok := LoadZone(s)
	if !ok {
		p.badZone = s
		return 0, unknown
	}
	p.loc = loc
	return maskZone, errNone
}

func (p *datetimeParser) julianField(s string) (fieldMask, parseErr) {
	p.prefix = prefixNone
	jd, rest, ok := leadingInt(s)
	if !ok {
		return 0, errField
	}
	p.year, p.mon, p.day = fromJulian(jd)
	p.isJulian = true
	mask := maskDate
	switch {
	case rest == "":
	case rest[0] == '.':
		frac, ok := parseFraction(rest)
		if !ok {
			return 0, errFormat
		}
		p.setTime(int64(frac * float64(usecsPerDay)))
		mask |= maskTime
	case rest[0] == '-':
		if err := p.offset(rest); err != errNone {
			return 0, err
		}
		mask |= maskZone
	default:
		return 0, errFormat
	}
	return mask, errNone
}

// parseFraction reads ".123".
func parseFraction(s string) (float64, bool) {
	if s == "." {
		return 0, true
	}
	for _, c := range []byte(s[1:]) {
		if !isDigit(c) {
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}

func parseFractionUsec(s string) (int64, bool) {
	f, ok := parseFraction(s)
	return int64(math.RoundToEven(f * 1000000)), ok
}

// clock reads hh:mm[:ss[.fff]].
func (p *datetimeParser) clock(s string) parseErr {
	h, m, sec, usec, err := decodeClock(s, false)
	if err != errNone {
		return err
	}
	if h > math.MaxInt32 {
		return errField
	}
	p.hour, p.min, p.sec, p.usec = int(h), m, sec, usec
	if !p.timeOnly && p.overflows() {
		return errField
	}
	return errNone
}

// decodeClock is PostgreSQL's DecodeTimeCommon. minuteSecond takes two parts as mm:ss.
func decodeClock(s string, minuteSecond bool) (h int64, m, sec int, usec int64, err parseErr) {
	i := 0
	for ; i < len(s) && isDigit(s[i]); i++ {
		if h > (math.MaxInt64-9)/10 {
			return 0, 0, 0, 0, errField
		}
		h = h*10 + int64(s[i]-'0')
	}
	if i == 0 || i == len(s) || s[i] != ':' {
		return 0, 0, 0, 0, errFormat
	}
	m, rest, ok := leadingInt(s[i+1:])
	if !ok && rest != "" && isDigit(rest[0]) {
		return 0, 0, 0, 0, errField
	}
	switch {
	case rest == "":
		if minuteSecond {
			if h > math.MaxInt32 {
				return 0, 0, 0, 0, errField
			}
			h, m, sec = 0, int(h), m
		}
	case rest[0] == '.':
		if usec, ok = parseFractionUsec(rest); !ok {
			return 0, 0, 0, 0, errFormat
		}
		if h > math.MaxInt32 {
			return 0, 0, 0, 0, errField
		}
		h, m, sec = 0, int(h), m
	case rest[0] == ':':
		if sec, rest, ok = leadingInt(rest[1:]); !ok && rest != "" && isDigit(rest[0]) {
			return 0, 0, 0, 0, errField
		}
		if rest != "" {
			if rest[0] != '.' {
				return 0, 0, 0, 0, errFormat
			}
			if usec, ok = parseFractionUsec(rest); !ok {
				return 0, 0, 0, 0, errFormat
			}
		}
	default:
		return 0, 0, 0, 0, errFormat
	}
	if m > 59 || sec > 60 || usec > usecsPerSec {
		return 0, 0, 0, 0, errField
	}
	return h, m, sec, usec, errNone
}

// overflows reports whether the time of day is beyond 24:00:00.
func (c *civil) overflows() bool {
	return c.hour < 0 || c.hour > 24 || c.min < 0 || c.min > 59 || c.sec < 0 || c.sec > 60 || c.usec < 0 ||
		c.usec > usecsPerSec || c.time() > usecsPerDay
}

func (p *datetimeParser) numeric(s string) (fieldMask, parseErr) {
	if p.prefix != prefixNone {
		prefix := p.prefix
		if prefix == prefixJulian {
			return p.julianField(s)
		}
		p.prefix = prefixNone
		if prefix != prefixTime {
			return 0, errFormat
		}
		mask, err := p.numberField(s, p.have|maskDate)
		if err == errNone && mask != maskTime {
			err = errFormat
		}
		return mask, err
	}
	point := strings.IndexByte(s, '.')
	switch {
	case point >= 0 && p.have&maskDate == 0:
		return p.date(s)
	case point > 2:
		return p.numberField(s, p.have)
	case len(s) >= 6 && (p.have&maskDate == 0 || p.have&maskTime == 0):
		return p.numberField(s, p.have)
	}
	return p.number(s, p.have)
}

// date reads a field with punctuation, such as 2024-01-31 or 31-jan-2024.
func (p *datetimeParser) date(s string) (fieldMask, parseErr) {
	var parts [fieldsMax]string
	n := 0
	for s != "" && n < fieldsMax {
		i := 0
		for i < len(s) && !isDigit(s[i]) && !isAlpha(s[i]) {
			i++
		}
		if s = s[i:]; s == "" {
			return 0, errFormat
		}
		is := isAlpha
		if isDigit(s[0]) {
			is = isDigit
		}
		for i = 0; i < len(s) && is(s[i]); i++ {
		}
		parts[n] = s[:i]
		n++
		if s = s[i:]; s != "" {
			if isDigit(s[0]) || isAlpha(s[0]) {
				// PostgreSQL drops the character that ends a part, whatever it is.
				s = s[1:]
				continue
			}
			s = s[1:]
		}
	}
	have, mask := p.have, fieldMask(0)
	for i := range parts[:n] {
		if !isAlpha(parts[i][0]) {
			continue
		}
		t, ok := dateTokens[token(parts[i])]
		if ok && t.typ == tokIgnore {
			continue
		}
		if !ok || t.typ != tokMonth || have&maskMonth != 0 {
			return 0, errFormat
		}
		p.mon, p.textMonth = t.val, true
		have |= maskMonth
		mask |= maskMonth
		parts[i] = ""
	}
	for _, part := range parts[:n] {
		if part == "" {
			continue
		}
		got, err := p.number(part, have)
		if err != errNone {
			return 0, err
		}
		if have&got != 0 {
			return 0, errFormat
		}
		have |= got
		mask |= got
	}
	if have&(maskDate|maskTime) != maskDate {
		return 0, errFormat
	}
	return mask, errNone
}

// number gives a lone number a meaning by what is known already.
func (p *datetimeParser) number(s string, have fieldMask) (fieldMask, parseErr) {
	n, rest, ok := leadingInt(s)
	if !ok {
		if isDigit(s[0]) {
			return 0, errField
		}
		return 0, errFormat
	}
	if rest != "" {
		if rest[0] != '.' {
			return 0, errFormat
		}
		if len(s)-len(rest) > 2 {
			return p.numberField(s, have|maskDate)
		}
		if p.usec, ok = parseFractionUsec(rest); !ok {
			return 0, errFormat
		}
	}
	if len(s) == 3 && have&maskDate == maskYear && n >= 1 && n <= 366 {
		p.yday = n
		return maskDOY | maskMonth | maskDay, errNone
	}
	year := func() (fieldMask, parseErr) {
		p.year, p.twoDigits = n, len(s) <= 2
		return maskYear, errNone
	}
	month := func() (fieldMask, parseErr) { p.mon = n; return maskMonth, errNone }
	day := func() (fieldMask, parseErr) { p.day = n; return maskDay, errNone }
	switch have & maskDate {
	case 0:
		switch {
		case len(s) >= 3 || p.f.DateOrder == OrderYMD:
			return year()
		case p.f.DateOrder == OrderDMY:
			return day()
		}
		return month()
	case maskYear:
		return month()
	case maskMonth:
		if p.textMonth && (len(s) >= 3 || p.f.DateOrder == OrderYMD) {
			return year()
		}
		return day()
	case maskYear | maskMonth:
		if p.textMonth && len(s) >= 3 && p.twoDigits {
			p.day, p.year, p.twoDigits = p.year, n, false // the first number was the day after all
			return maskDay, errNone
		}
		return day()
	case maskDay:
		return month()
	case maskMonth | maskDay:
		return year()
	case maskDate:
		return p.numberField(s, have)
	}
	return 0, errFormat
}

// numberField reads a run-together date (20240131) or time (101500).
func (p *datetimeParser) numberField(s string, have fieldMask) (fieldMask, parseErr) {
	if i := strings.IndexByte(s, '.'); i >= 0 {
		usec, ok := parseFractionUsec(s[i:])
		if !ok {
			return 0, errFormat
		}
		p.usec = usec
		s = s[:i]
	} else if have&maskDate != maskDate && len(s) >= 6 {
		y, _, ok := leadingInt(s[:len(s)-4])
		if !ok {
			return 0, errField
		}
		p.mon, _, _ = leadingInt(s[len(s)-4 : len(s)-2]) // digits all through
		p.day, _, _ = leadingInt(s[len(s)-2:])
		p.year = y
		p.twoDigits = len(s) == 6
		return maskDate, errNone
	}
	if have&maskTime != maskTime && (len(s) == 6 || len(s) == 4) {
		p.hour, _, _ = leadingInt(s[:2])
		p.min, _, _ = leadingInt(s[2:4])
		p.sec = 0
		if len(s) == 6 {
			p.sec, _, _ = leadingInt(s[4:])
		}
		return maskTime, errNone
	}
	return 0, errFormat
}

func (p *datetimeParser) word(s string, rest []field) (fieldMask, parseErr) {
	if a, ok := zoneAbbrevs[s]; ok {
		p.west, p.hasZone = -int(a.east), true
		if a.dst {
			return maskZone | maskDST, errNone
		}
		return maskZone, errNone
	}
	t, ok := dateTokens[token(s)]
	if !ok {
		return p.zoneName(s, errFormat)
	}
	switch t.typ {
	case tokIgnore:
		return 0, errNone
	case tokReserved:
		return p.reservedWord(t.val)
	case tokMonth:
		mask := maskMonth
		if p.have&maskMonth != 0 && !p.textMonth && p.have&maskDay == 0 && p.mon >= 1 && p.mon <= 31 {
			p.day = p.mon
			mask = maskDay
		}
		p.textMonth, p.mon = true, t.val
		return mask, errNone
	case tokDSTMod:
		p.west -= t.val
		return maskDST, errNone
	case tokAMPM:
		p.ampm = t.val
		return maskAMPM, errNone
	case tokADBC:
		p.bc = t.val == 1
		return maskADBC, errNone
	case tokDOW:
		return maskDOW, errNone
	case tokUnits:
		if p.prefix != prefixNone {
			return 0, errFormat
		}
		p.prefix = t.val
		return 0, errNone
	case tokISOTime:
		if p.have&maskDate != maskDate || len(rest) == 0 {
			return 0, errFormat
		}
		if next := rest[0].typ; next != fieldNumber && next != fieldTime && next != fieldDate {
			return 0, errFormat
		}
		if p.prefix != prefixNone {
			return 0, errFormat
		}
		p.prefix = prefixTime
		return 0, errNone
	}
	return 0, errFormat
}

func (p *datetimeParser) reservedWord(val int) (fieldMask, parseErr) {
	switch val {
	case resZulu:
		p.setTime(0)
		p.west, p.hasZone = 0, true
		return maskTime | maskZone, errNone
	case resEpoch, resLate, resEarly:
		p.reserved = val
		return maskDate | maskTime | maskZone, errNone
	}
	now := TimestampFromTime(p.f.now())
	off := offsetAt(p.f.zone(), now)
	c := civilOf(now + int64(off)*usecsPerSec)
	if val == resNow {
		p.civil = c
		p.west, p.hasZone = -off, true
		return maskDate | maskTime | maskZone, errNone
	}
	days := julian(c.year, c.mon, c.day)
	switch val {
	case resTomorrow:
		days++
	case resYesterday:
		days--
	}
	p.year, p.mon, p.day = fromJulian(days)
	return maskDate, errNone
}

// validate checks the date once all fields are known and settles the year.
func (p *datetimeParser) validate() parseErr {
	if p.have&maskYear != 0 && p.reserved < 0 && p.have&maskReserved == 0 {
		switch {
		case p.isJulian:
		case p.bc:
			if p.year <= 0 {
				return errField
			}
			p.year = -(p.year - 1)
		case p.twoDigits:
			if p.year < 70 {
				p.year += 2000
			} else if p.year < 100 {
				p.year += 1900
			}
		default:
			if p.year <= 0 {
				return errField
			}
		}
	}
	if p.reserved >= 0 {
		return errNone
	}
	if p.have&maskDOY != 0 {
		p.year, p.mon, p.day = fromJulian(julian(p.year, 1, 1) + p.yday - 1)
	}
	if p.have&maskMonth != 0 && (p.mon < 1 || p.mon > 12) {
		return errMonthDay
	}
	if p.have&maskDay != 0 && (p.day < 1 || p.day > 31) {
		return errMonthDay
	}
	if p.have&maskDate == maskDate && p.day > daysIn(p.year, p.mon) {
		return errField
	}
	return errNone
}

// ParseDate reads a date's text.
func ParseDate(s string, f *Format) (int64, error) {
	if c, rest, ok := isoDate(s); ok && rest == "" {
		return int64(julian(c.year, c.mon, c.day) - epochJulian), nil
	}
	p := datetimeParser{f: f.orDefault()}
	if err := p.parse(s); err != errNone {
		return 0, datetimeError(err, "date", s, p.badZone)
	}
	switch p.reserved {
	case resEpoch:
		return unixJulian - epochJulian, nil
	case resLate:
		return DateInfinity, nil
	case resEarly:
		return DateNegInfinity, nil
	}
	if !julianOK(p.year, p.mon) {
		return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, `date out of range: "%s"`, s)
	}
	days := int64(julian(p.year, p.mon, p.day) - epochJulian)
	if days < -epochJulian || days >= dateEnd {
		return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, `date out of range: "%s"`, s)
	}
	return days, nil
}

// ParseTimestamp reads the text of a timestamp, or of a timestamptz if withZone.
func ParseTimestamp(s string, withZone bool, f *Format) (int64, error) {
	if ts, east, zoned, ok := isoTimestamp(s); ok {
		switch {
		case !withZone:
		case zoned:
			ts -= int64(east) * usecsPerSec
		default:
			ts -= int64(offsetOfLocal(f.zone(), ts)) * usecsPerSec
		}
		return ts, nil // years 1 to 9999 are in range, whatever the zone
	}
	p := datetimeParser{f: f.orDefault()}
	typ := "timestamp"
	if withZone {
		typ = "timestamp with time zone"
	}
	if err := p.parse(s); err != errNone {
		return 0, datetimeError(err, typ, s, p.badZone)
	}
	switch p.reserved {
	case resEpoch:
		return -unixEpoch * usecsPerSec, nil
	case resLate:
		return TimestampInfinity, nil
	case resEarly:
		return TimestampNegInfinity, nil
	}
	ts, ok := p.timestamp()
	if ok && withZone {
		if p.hasZone {
			ts += int64(p.west) * usecsPerSec
		} else {
			ts -= int64(offsetOfLocal(p.f.zone(), ts)) * usecsPerSec
		}
	}
	if !ok || !timestampOK(ts) {
		return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, `timestamp out of range: "%s"`, s)
	}
	return ts, nil
}

// isoDate reads yyyy-mm-dd, which most dates are, without the detour over fields.
func isoDate(s string) (c civil, rest string, ok bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return c, s, false
	}
	y, ok1 := twoDigits(s)
	z, ok2 := twoDigits(s[2:])
	m, ok3 := twoDigits(s[5:])
	d, ok4 := twoDigits(s[8:])
	c.year, c.mon, c.day = y*100+z, m, d
	ok = ok1 && ok2 && ok3 && ok4 && c.year > 0 && m >= 1 && m <= 12 && d >= 1 && d <= daysIn(c.year, m)
	return c, s[10:], ok
}

func twoDigits(s string) (int, bool) {
	return int(s[0]-'0')*10 + int(s[1]-'0'), isDigit(s[0]) && isDigit(s[1])
}

// isoTimestamp reads yyyy-mm-dd hh:mm:ss, perhaps with up to six decimals and an offset
// of whole minutes.
func isoTimestamp(s string) (ts int64, east int, zoned, ok bool) {
	c, s, ok := isoDate(s)
	if !ok || len(s) < 9 || s[0] != ' ' && s[0] != 'T' || s[3] != ':' || s[6] != ':' {
		return 0, 0, false, false
	}
	h, ok1 := twoDigits(s[1:])
	m, ok2 := twoDigits(s[4:])
	sec, ok3 := twoDigits(s[7:])
	if !ok1 || !ok2 || !ok3 || h > 23 || m > 59 || sec > 59 {
		return 0, 0, false, false
	}
	c.hour, c.min, c.sec = h, m, sec
	if s = s[9:]; s != "" && s[0] == '.' {
		i, scale := 1, usecsPerSec
		for ; i < len(s) && i < 7 && isDigit(s[i]); i++ {
			scale /= 10
			c.usec += int64(s[i]-'0') * scale
		}
		if i == 1 {
			return 0, 0, false, false
		}
		s = s[i:]
	}
	if s != "" {
		sign := s[0]
		if zoned = true; len(s) != 3 && (len(s) != 6 || s[3] != ':') || sign != '+' && sign != '-' {
			return 0, 0, false, false
		}
		zh, ok1 := twoDigits(s[1:])
		zm, ok2 := 0, true
		if len(s) == 6 {
			zm, ok2 = twoDigits(s[4:])
		}
		if !ok1 || !ok2 || zh >= zoneHoursMax || zm > 59 {
			return 0, 0, false, false
		}
		if east = zh*3600 + zm*60; sign == '-' {
			east = -east
		}
	}
	ts, ok = c.timestamp()
	return ts, east, zoned, ok
}

// ParseTime reads the text of a time, or of a timetz if withZone; then west is the zone in
// seconds west of Greenwich.
func ParseTime(s string, withZone bool, f *Format) (usec int64, west int32, err error) {
	p := datetimeParser{f: f.orDefault()}
	typ := "time"
	if withZone {
		typ = "time with time zone"
	}
	if e := p.parseTimeOnly(s, withZone); e != errNone {
		return 0, 0, datetimeError(e, typ, s, p.badZone)
	}
	return p.time(), int32(p.west), nil
}

// parseTimeOnly is PostgreSQL's DecodeTimeOnly: a time, perhaps with a date in front that
// only helps to resolve the zone.
func (p *datetimeParser) parseTimeOnly(s string, withZone bool) parseErr {
	p.reserved, p.timeOnly = -1, true
	var buf [fieldsMax]field
	fields, ok := splitFields(buf[:0], s)
	if !ok || len(fields) == 0 || len(s) > datetimeMax {
		return errFormat
	}
	for i, fd := range fields {
		var mask fieldMask
		var err parseErr
		switch fd.typ {
		case fieldDate:
			mask, err = p.timeOnlyDate(fd.text, i, fields)
		case fieldNumber:
			mask, err = p.timeOnlyNumber(fd.text, i, fields)
		case fieldString, fieldSpecial:
			mask, err = p.timeOnlyWord(fd.text, fields[i+1:])
		default:
			mask, err = p.field(fd, fields[i+1:])
		}
		if err != errNone {
			return err
		}
		if mask&p.have != 0 {
			return errFormat
		}
		p.have |= mask
	}
	if p.prefix != prefixNone {
		return errFormat
	}
	if err := p.validate(); err != errNone {
		return err
	}
	if err := p.applyAMPM(); err != errNone {
		return err
	}
	if p.overflows() {
		return errField
	}
	if p.have&maskTime != maskTime {
		return errFormat
	}
	if p.loc != nil {
		if p.have&maskDate != maskDate {
			// A zone whose offset changes has none without a date.
			now := TimestampFromTime(p.f.now())
			c := civilOf(now + int64(offsetAt(p.loc, now))*usecsPerSec)
			january, _ := (&civil{year: c.year, mon: 1, day: 1}).timestamp()
			july, _ := (&civil{year: c.year, mon: 7, day: 1}).timestamp()
			if offsetAt(p.loc, january) != offsetAt(p.loc, july) {
				return errFormat
			}
			p.west, p.hasZone = -offsetAt(p.loc, now), true
		} else if err := p.resolveZone(); err != errNone {
			return err
		}
	}
	if withZone && !p.hasZone {
		local := civil{year: p.year, mon: p.mon, day: p.day}
		if p.have&maskDate != maskDate {
			now := TimestampFromTime(p.f.now())
			local = civilOf(now + int64(offsetAt(p.f.zone(), now))*usecsPerSec)
		}
		local.setTime(p.time())
		ts, _ := local.timestamp()
		p.west = -offsetOfLocal(p.f.zone(), ts)
	}
	return errNone
}

func (p *datetimeParser) timeOnlyDate(s string, i int, fields []field) (fieldMask, parseErr) {
	if i == 0 && len(fields) >= 2 && (fields[len(fields)-1].typ == fieldDate || fields[1].typ == fieldTime) {
		return p.date(s)
	}
	if !isDigit(s[0]) {
		return p.zoneName(s, errZoneName)
	}
	j := strings.IndexByte(s, '-')
	if p.have&maskTime == maskTime || j < 0 {
		return 0, errFormat
	}
	if err := p.offset(s[j:]); err != errNone {
		return 0, err
	}
	p.prefix = prefixNone
	mask, err := p.numberField(s[:j], p.have|maskDate)
	return mask | maskZone, err
}

func (p *datetimeParser) timeOnlyNumber(s string, i int, fields []field) (fieldMask, parseErr) {
	if p.prefix != prefixNone {
		return p.numeric(s)
	}
	point := strings.IndexByte(s, '.')
	switch {
	case point >= 0 && i == 0 && len(fields) >= 2 && fields[len(fields)-1].typ == fieldDate:
		return p.date(s)
	case point > 2, point < 0 && len(s) > 4:
		return p.numberField(s, p.have|maskDate)
	case point >= 0:
		return 0, errFormat
	}
	return p.number(s, p.have|maskDate)
}

func (p *datetimeParser) timeOnlyWord(s string, rest []field) (fieldMask, parseErr) {
	if t, ok := dateTokens[token(s)]; ok {
		switch t.typ {
		case tokMonth, tokDOW:
			return 0, errFormat
		case tokISOTime:
			if len(rest) == 0 {
				return 0, errFormat
			}
			p.prefix = prefixTime
			return 0, errNone
		case tokReserved:
			switch t.val {
			case resNow, resZulu:
				mask, err := p.reservedWord(t.val)
				return mask &^ maskDate, err
			}
			return 0, errFormat
		}
	}
	return p.word(s, rest)
}
