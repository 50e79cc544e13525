package types

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/minisql/minisql/sqlerr"
)

var dateKeys = func() map[byte][]string {
	const upper = `A.D. A.M. AD AM B.C. BC CC DAY DDD DD DY D FF1 FF2 FF3 FF4 FF5 FF6 FX HH24 HH12 HH IDDD ID IW IYYY IYY IY I J
		MI MM MONTH MON MS OF P.M. PM Q RM SSSSS SSSS SS TZH TZM TZ US WW W Y,YYY YYYY YYY YY Y`
	return templateKeys("Day Dy Month Mon " + upper + " " + strings.ToLower(upper))
}()

// dateKeyDigits are the patterns that stand for digits, so that a number before one of
// them has a fixed width.
var dateKeyDigits = func() map[string]bool {
	m := make(map[string]bool)
	for k := range strings.FieldsSeq("CC DDD DD D HH24 HH12 HH IDDD ID IW IYYY IYY IY I J MI MM MS Q SSSSS SSSS SS TZM US WW W Y,YYY YYYY YYY YY Y") {
		m[k], m[strings.ToLower(k)] = true, true
	}
	return m
}()

var fullMonths = [...]string{"January", "February", "March", "April", "May", "June", "July", "August", "September",
	"October", "November", "December"}
var fullDays = [...]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
var romanMonths = [...]string{"I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"}

// templateTime is what to_char of a timestamp or an interval draws on.
type templateTime struct {
	year, mon, day, hour, min, sec, usec int64
	yday, wday                           int64
	interval                             bool
	zoned                                bool
	zone                                 string
	east                                 int
}

// ToCharTimestamp is to_char on a timestamp, or on a timestamptz if loc is not nil. It is
// NULL for infinity.
func ToCharTimestamp(ts int64, loc *time.Location, template string) (Datum, error) {
	if template == "" || !IsFiniteTimestamp(ts) {
		return Null, nil
	}
	local := toLocal(ts, loc)
	days, _ := splitDay(local)
	c := civilOf(local)
	t := templateTime{year: int64(c.year), mon: int64(c.mon), day: int64(c.day), hour: int64(c.hour), min: int64(c.min),
		sec: int64(c.sec), usec: c.usec, wday: int64(weekday(days)), yday: int64(julian(c.year, c.mon, c.day) - julian(c.year, 1, 1) + 1)}
	if loc != nil {
		t.zoned, t.zone, t.east = true, abbrevAt(loc, ts), offsetAt(loc, ts)
	}
	return t.format(template)
}

// ToCharInterval is to_char on an interval.
func ToCharInterval(v Interval, template string) (Datum, error) {
	if template == "" {
		return Null, nil
	}
	p := splitInterval(v)
	return templateTime{year: p.year, mon: p.mon, day: p.day, hour: p.hour, min: p.min, sec: p.sec, usec: p.usec,
		yday: (p.year*monthsPerYear+p.mon)*daysPerMonth + p.day, interval: true}.format(template)
}

func (t templateTime) format(template string) (Datum, error) {
	var b []byte
	for _, n := range parseTemplate(template, dateKeys, true) {
		if n.kind != nodePattern {
			b = append(b, n.text...)
			continue
		}
		var err error
		if b, err = t.appendPattern(b, n); err != nil {
			return Null, err
		}
	}
	return NewBytesAlias(b), nil
}

// shownYear counts BC years from 1, and an interval's as they are.
func (t *templateTime) shownYear(y int64) int64 {
	if !t.interval && y <= 0 {
		return -(y - 1)
	}
	return y
}

func (t *templateTime) civil() *civil {
	return &civil{year: int(t.year), mon: int(t.mon), day: int(t.day)}
}

func (t templateTime) appendPattern(b []byte, n templateNode) ([]byte, error) {
	// num appends a number in a width that grows by one for a sign.
	signed := true
	num := func(v int64, width int) ([]byte, error) {
		if n.fm {
			width = 0
		} else if v < 0 && signed {
			width++
		}
		s := fmt.Sprintf("%0*d", width, v)
		b = append(b, s...)
		if n.th != "" {
			suffix := ordinal(s)
			if n.th == "TH" {
				suffix = strings.ToUpper(suffix)
			}
			b = append(b, suffix...)
		}
		return b, nil
	}
	// word appends a name in the case of the pattern.
	word := func(s string, width int) ([]byte, error) {
		switch {
		case n.key == strings.ToUpper(n.key):
			s = strings.ToUpper(s)
		case n.key == strings.ToLower(n.key):
			s = strings.ToLower(s)
		}
		b = append(b, s...)
		for i := len(s); i < width && !n.fm; i++ {
			b = append(b, ' ')
		}
		return b, nil
	}
	key := strings.ToUpper(n.key)
	if t.interval {
		switch key {
		case "TZ", "TZH", "TZM", "OF", "A.D.", "B.C.", "AD", "BC", "MONTH", "MON", "DAY", "DY", "D", "ID":
			return b, sqlerr.New(sqlerr.InvalidDatetimeFormat, "invalid format specification for an interval value").
				WithHint("Intervals are not tied to specific calendar dates.")
		}
	}
	switch key {
	case "A.M.", "P.M.":
		if t.hour%24 >= 12 {
			return word("P.M.", 0)
		}
		return word("A.M.", 0)
	case "AM", "PM":
		if t.hour%24 >= 12 {
			return word("PM", 0)
		}
		return word("AM", 0)
	case "HH", "HH12":
		h := t.hour % 12
		if h == 0 {
			h = 12
		}
		return num(h, 2)
	case "HH24":
		return num(t.hour, 2)
	case "MI":
		return num(t.min, 2)
	case "SS":
		return num(t.sec, 2)
	case "MS":
		return fixedDigits(num, n, t.usec/1000, 3)
	case "US":
		return fixedDigits(num, n, t.usec, 6)
	case "FF1", "FF2", "FF3", "FF4", "FF5", "FF6":
		digits := int(key[2] - '0')
		return fixedDigits(num, n, t.usec/pow10Int64[6-digits], digits)
	case "SSSS", "SSSSS":
		n.fm = true
		return num(t.hour*3600+t.min*60+t.sec, 0)
	case "TZ":
		if t.zoned {
			s := t.zone
			if n.key == "tz" {
				s = strings.ToLower(s)
			}
			b = append(b, s...)
		}
		return b, nil
	case "TZH":
		return append(b, fmt.Sprintf("%c%02d", signOf(t.east), absInt(t.east)/3600)...), nil
	case "TZM":
		return append(b, fmt.Sprintf("%02d", absInt(t.east)%3600/60)...), nil
	case "OF":
		width := 2
		if n.fm {
			width = 0
		}
		b = append(b, fmt.Sprintf("%c%0*d", signOf(t.east), width, absInt(t.east)/3600)...)
		if absInt(t.east)%3600 != 0 {
			b = append(b, fmt.Sprintf(":%02d", absInt(t.east)%3600/60)...)
		}
		return b, nil
	case "A.D.", "B.C.":
		if t.year <= 0 {
			return word("B.C.", 0)
		}
		return word("A.D.", 0)
	case "AD", "BC":
		if t.year <= 0 {
			return word("BC", 0)
		}
		return word("AD", 0)
	case "MONTH":
		return word(fullMonths[t.mon-1], 9)
	case "MON":
		return word(monthNames[t.mon-1], 0)
	case "MM":
		return num(t.mon, 2)
	case "DAY":
		return word(fullDays[t.wday], 9)
	case "DY":
		return word(dayNames[t.wday], 0)
	case "DDD":
		signed = false
		return num(t.yday, 3)
	case "IDDD":
		y, _ := isoWeek(t.civil())
		jan4 := julian(y, 1, 4)
		return num(int64(julian(int(t.year), int(t.mon), int(t.day))-(jan4-jan4%7)+1), 3)
	case "DD":
		signed = false
		return num(t.day, 2)
	case "D":
		return num(t.wday+1, 1)
	case "ID":
		d := t.wday
		if d == 0 {
			d = 7
		}
		return num(d, 1)
	case "WW":
		return num((t.yday-1)/7+1, 2)
	case "IW":
		_, w := isoWeek(t.civil())
		return num(int64(w), 2)
	case "Q":
		if t.mon == 0 {
			return b, nil
		}
		return num((t.mon-1)/3+1, 1)
	case "CC":
		c := t.year / 100
		if !t.interval {
			if t.year > 0 {
				c = (t.year-1)/100 + 1
			} else {
				c = t.year/100 - 1
			}
		}
		if c > 99 || c < -99 {
			n.fm = true
		}
		return num(c, 2)
	case "Y,YYY":
		y := t.shownYear(t.year)
		n.fm = true
		s := fmt.Sprintf("%d,%03d", y/1000, y%1000)
		b = append(b, s...)
		if n.th != "" {
			suffix := ordinal(s)
			if n.th == "TH" {
				suffix = strings.ToUpper(suffix)
			}
			b = append(b, suffix...)
		}
		return b, nil
	case "YYYY", "YYY", "YY", "Y":
		mod := [...]int64{10, 100, 1000, math.MaxInt64}[len(key)-1]
		return num(t.shownYear(t.year)%mod, len(key))
	case "IYYY", "IYY", "IY", "I":
		y, _ := isoWeek(t.civil())
		mod := [...]int64{10, 100, 1000, math.MaxInt64}[len(key)-1]
		if signed = false; t.shownYear(t.year) < 0 {
			return num(t.shownYear(int64(y))%mod, len(key)+1)
		}
		return num(t.shownYear(int64(y))%mod, len(key))
	case "RM":
		if t.mon == 0 && t.year == 0 {
			return b, nil
		}
		i := t.mon - 1
		if t.mon == 0 {
			i = 11
			if t.year < 0 {
				i = 0
			}
		} else if t.mon < 0 {
			i = 12 + t.mon
		}
		return word(romanMonths[i], 4)
	case "W":
		return num((t.day-1)/7+1, 1)
	case "J":
		n.fm = true
		return num(int64(julian(int(t.year), int(t.mon), int(t.day))), 0)
	}
	return b, nil // FX says nothing here
}

// fixedDigits writes a fraction, whose leading zeros count even in fill mode.
func fixedDigits(num func(int64, int) ([]byte, error), n templateNode, v int64, width int) ([]byte, error) {
	s := fmt.Sprintf("%0*d", width, v)
	b, err := num(0, 0)
	if err != nil {
		return b, err
	}
	cut := 1
	if n.th != "" {
		cut += 2
	}
	b = append(b[:len(b)-cut], s...)
	if n.th != "" {
		suffix := ordinal(s)
		if n.th == "TH" {
			suffix = strings.ToUpper(suffix)
		}
		b = append(b, suffix...)
	}
	return b, nil
}

func signOf(n int) byte {
	if n < 0 {
		return '-'
	}
	return '+'
}

func absInt(n int) int {
	if n < 0 {
		return -n
	}
	return n
}

// dateReader gathers the fields that to_date and to_timestamp read. Zero is "not seen".
type dateReader struct {
	s     string // what is left
	prev  byte   // the character before s
	nodes []templateNode
	at    int // node being read

	hh, mi, ss, ssss, ms, us   int
	year, yysz, mm, dd, ddd, d int
	ww, w, cc, j, bc, pm       int
	tzsign, tzh, tzm           int
	clock12                    bool
	mode                       int // 0, 'G' or 'I'
}

func (r *dateReader) skip(n int) {
	if n > 0 {
		r.prev = r.s[n-1]
		r.s = r.s[n:]
	}
}

func (r *dateReader) blanks() (n int) {
	for n < len(r.s) && isSpace(r.s[n]) {
		n++
	}
	r.skip(n)
	return n
}

var dateKeyModes = map[string]int{"DDD": 'G', "DD": 'G', "D": 'G', "MM": 'G', "MONTH": 'G', "MON": 'G', "RM": 'G', "W": 'G',
	"WW": 'G', "Y,YYY": 'G', "YYYY": 'G', "YYY": 'G', "YY": 'G', "Y": 'G', "IDDD": 'I', "ID": 'I', "IW": 'I', "IYYY": 'I', "IYY": 'I', "IY": 'I', "I": 'I'}

// read walks along the template and the text.
func (r *dateReader) read() error {
	fx := false
	extra := 0 // characters skipped beyond those of the template
	for r.at = 0; r.at < len(r.nodes) && r.s != ""; r.at++ {
		n := r.nodes[r.at]
		if !fx && (n.kind == nodePattern || r.at == 0) {
			extra += r.blanks()
		}
		if n.kind != nodePattern && r.s == "" {
			break
		}
		switch n.kind {
		case nodeSpace, nodeSeparator:
			if fx {
				r.skip(runeLen(r.s))
			} else {
				extra--
				if isSpace(r.s[0]) || isPunct(r.s[0]) {
					r.skip(1)
					extra++
				}
			}
			continue
		case nodeChar:
			if !fx && extra > 0 {
				extra--
			} else {
				r.skip(runeLen(r.s))
			}
			continue
		}
		key := strings.ToUpper(n.key)
		if m := dateKeyModes[key]; m != 0 {
			if r.mode != 0 && r.mode != m {
				return sqlerr.New(sqlerr.InvalidDatetimeFormat, "invalid combination of date conventions").
					WithHint("Do not mix Gregorian and ISO week date conventions in a formatting template.")
			}
			r.mode = m
		}
		if key == "FX" {
			fx = true
		} else if err := r.field(n, key, extra); err != nil {
			return err
		}
		if !fx {
			extra = r.blanks()
		}
	}
	return nil
}

func (r *dateReader) field(n templateNode, key string, extra int) error {
	var err error
	number := func(to *int, width int) {
		_, err = r.number(to, n, width)
	}
	year := func(size int) {
		var used int
		if used, err = r.number(&r.year, n, size); err == nil && used < 4 && size < 4 {
			r.year = partialYear(r.year)
		}
		r.yysz = size
	}
	fraction := func(to *int, width int, scale int) {
		var v, used int
		if used, err = r.number(&v, n, width); err == nil {
			for ; used < scale; used++ {
				v *= 10
			}
			err = r.set(to, v, n)
		}
	}
	match := func(list ...string) (i int) {
		i, err = r.match(n, list)
		return i
	}
	switch key {
	case "A.M.", "P.M.":
		err = r.setIf(&r.pm, match("a.m.", "p.m."), n, &err)
		r.clock12 = true
	case "AM", "PM":
		err = r.setIf(&r.pm, match("am", "pm"), n, &err)
		r.clock12 = true
	case "HH", "HH12":
		number(&r.hh, 2)
		r.clock12 = true
	case "HH24":
		number(&r.hh, 2)
	case "MI":
		number(&r.mi, 2)
	case "SS":
		number(&r.ss, 2)
	case "MS":
		fraction(&r.ms, 3, 3)
	case "US":
		fraction(&r.us, 6, 6)
	case "FF1", "FF2", "FF3", "FF4", "FF5", "FF6":
		fraction(&r.us, int(key[2]-'0'), 6)
	case "SSSS", "SSSSS":
		number(&r.ssss, len(key))
	case "TZ", "OF":
		return sqlerr.New(sqlerr.FeatureNotSupported, `formatting field "%s" is only supported in to_char`, n.key)
	case "TZH":
		r.tzsign = 1
		if c := r.s; c != "" && (c[0] == '+' || c[0] == '-' || c[0] == ' ') {
			if c[0] == '-' {
				r.tzsign = -1
			}
			r.skip(1)
		} else if extra > 0 && r.prev == '-' {
			r.tzsign = -1
		}
		number(&r.tzh, 2)
	case "TZM":
		if r.tzsign == 0 {
			r.tzsign = 1
		}
		number(&r.tzm, 2)
	case "A.D.", "B.C.":
		err = r.setIf(&r.bc, match("a.d.", "b.c."), n, &err)
	case "AD", "BC":
		err = r.setIf(&r.bc, match("ad", "bc"), n, &err)
	case "MONTH":
		err = r.setIf(&r.mm, match(fullMonths[:]...)+1, n, &err)
	case "MON":
		err = r.setIf(&r.mm, match(monthNames[:]...)+1, n, &err)
	case "MM":
		number(&r.mm, 2)
	case "DAY":
		err = r.setIf(&r.d, match(fullDays[:]...)+1, n, &err)
	case "DY":
		err = r.setIf(&r.d, match(dayNames[:]...)+1, n, &err)
	case "DDD":
		number(&r.ddd, 3)
	case "IDDD":
		number(&r.ddd, 3)
	case "DD":
		number(&r.dd, 2)
	case "D":
		number(&r.d, 1)
	case "ID":
		if number(&r.d, 1); err == nil {
			if r.d++; r.d > 7 {
				r.d = 1
			}
		}
	case "WW", "IW":
		number(&r.ww, 2)
	case "Q":
		var ignored int
		number(&ignored, 1)
	case "CC":
		number(&r.cc, 2)
	case "Y,YYY":
		err = r.commaYear(n)
	case "YYYY", "IYYY":
		year(4)
	case "YYY", "IYY":
		year(3)
	case "YY", "IY":
		year(2)
	case "Y", "I":
		year(1)
	case "RM":
		// Longer numerals first, as they begin with shorter ones.
		order := []int{12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1}
		names := make([]string, len(order))
		for i, m := range order {
			names[i] = romanMonths[m-1]
		}
		if i := match(names...); err == nil {
			err = r.set(&r.mm, order[i], n)
		}
	case "W":
		number(&r.w, 1)
	case "J":
		number(&r.j, 1)
	}
	if err == nil && n.th != "" {
		for range 2 {
			r.skip(runeLen(r.s))
		}
	}
	return err
}

// setIf is set, unless the reading before it failed.
func (r *dateReader) setIf(to *int, v int, n templateNode, err *error) error {
	if *err != nil {
		return *err
	}
	return r.set(to, v, n)
}

func (r *dateReader) set(to *int, v int, n templateNode) error {
	if *to != 0 && *to != v {
		return sqlerr.New(sqlerr.InvalidDatetimeFormat, `conflicting values for "%s" field in formatting string`, n.key).
			WithDetail("This value contradicts a previous setting for the same field type.")
	}
	*to = v
	return nil
}

// nextNotDigit reports whether what follows the current node ends a number.
func (r *dateReader) nextNotDigit() bool {
	if r.nodes[r.at].th != "" || r.at+1 == len(r.nodes) {
		return true
	}
	next := r.nodes[r.at+1]
	if next.kind == nodePattern {
		return !dateKeyDigits[next.key]
	}
	return !(len(next.text) == 1 && isDigit(next.text[0]))
}

// number reads an integer of width characters, or as many as there are if the template
// lets it end by itself. It returns how many characters it took.
func (r *dateReader) number(to *int, n templateNode, width int) (int, error) {
	start := len(r.s)
	r.blanks()
	head := r.s[:min(width, len(r.s))]
	const hint = `If your source string is not fixed-width, try using the "FM" modifier.`
	bad := func() *sqlerr.Error {
		return sqlerr.New(sqlerr.InvalidDatetimeFormat, `invalid value "%s" for "%s"`, head, n.key)
	}
	text := r.s
	free := n.fm || r.nextNotDigit()
	if !free {
		if len(head) < width {
			return 0, sqlerr.New(sqlerr.InvalidDatetimeFormat, `source string too short for "%s" formatting field`, n.key).
				WithDetail("Field requires %d characters, but only %d remain.", width, len(head)).WithHint(hint)
		}
		text = head
	}
	i := 0
	if i < len(text) && (text[i] == '-' || text[i] == '+') {
		i++
	}
	digits := i
	for i < len(text) && isDigit(text[i]) {
		i++
	}
	if i == digits {
		i = 0
	}
	if !free && i > 0 && i < width {
		return 0, bad().WithDetail("Field requires %d characters, but only %d could be parsed.", width, i).WithHint(hint)
	}
	if i == 0 {
		return 0, bad().WithDetail("Value must be an integer.")
	}
	v, err := strconv.ParseInt(text[:i], 10, 32)
	if err != nil {
		return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, `value for "%s" in source string is out of range`, n.key).
			WithDetail("Value must be in the range %d to %d.", math.MinInt32, math.MaxInt32)
	}
	r.skip(i)
	return start - len(r.s), r.set(to, int(v), n)
}

// match reads one of the words, in any case, and returns its index.
func (r *dateReader) match(n templateNode, words []string) (int, error) {
	for i, w := range words {
		if len(r.s) >= len(w) && strings.EqualFold(r.s[:len(w)], w) {
			r.skip(len(w))
			return i, nil
		}
	}
	word, _, _ := strings.Cut(r.s, " ")
	return 0, sqlerr.New(sqlerr.InvalidDatetimeFormat, `invalid value "%s" for "%s"`, word, n.key).
		WithDetail("The given value did not match any of the allowed values for this field.")
}

func (r *dateReader) commaYear(n templateNode) error {
	head, tail, ok := strings.Cut(strings.TrimLeft(r.s, " "), ",")
	m, err := strconv.Atoi(head)
	k := 0
	for k < len(tail) && k < 3 && isDigit(tail[k]) {
		k++
	}
	y, err2 := strconv.Atoi(tail[:k])
	if !ok || err != nil || err2 != nil || absInt(m) > math.MaxInt32/1000 {
		return sqlerr.New(sqlerr.InvalidDatetimeFormat, `invalid input string for "Y,YYY"`)
	}
	r.skip(len(r.s) - len(tail) + k)
	r.yysz = 4
	return r.set(&r.year, m*1000+y, n)
}

// partialYear takes a year of less than four digits as the one nearest 2020.
func partialYear(y int) int {
	switch {
	case y < 70:
		return y + 2000
	case y < 100:
		return y + 1900
	case y < 520:
		return y + 2000
	case y < 1000:
		return y + 1000
	}
	return y
}

// result puts the fields together, as PostgreSQL's do_to_timestamp.
func (r *dateReader) result(source string) (civil, error) {
	c := civil{mon: 1, day: 1}
	have := fieldMask(0)
	if r.ssss != 0 {
		c.hour, c.min, c.sec = r.ssss/3600, r.ssss%3600/60, r.ssss%60
	}
	if r.ss != 0 {
		c.sec = r.ss
	}
	if r.mi != 0 {
		c.min = r.mi
	}
	if r.hh != 0 {
		c.hour = r.hh
	}
	if r.clock12 {
		if c.hour < 1 || c.hour > 12 {
			return c, sqlerr.New(sqlerr.InvalidDatetimeFormat, `hour "%d" is invalid for the 12-hour clock`, c.hour).
				WithHint("Use the 24-hour clock, or give an hour between 1 and 12.")
		}
		if r.pm != 0 && c.hour < 12 {
			c.hour += 12
		} else if r.pm == 0 && c.hour == 12 {
			c.hour = 0
		}
	}
	cc := r.cc
	if r.bc != 0 {
		cc = -cc
	}
	switch {
	case r.year != 0 && cc != 0 && r.yysz <= 2:
		c.year = r.year % 100
		switch {
		case c.year != 0 && cc < 0:
			c.year += (cc + 1) * 100
		case c.year != 0:
			c.year += (cc - 1) * 100
		case cc >= 0:
			c.year = cc * 100
		default:
			c.year = cc*100 + 1
		}
		have |= maskYear
	case r.year != 0:
		c.year = r.year
		if r.bc != 0 {
			c.year = -c.year
		}
		if c.year < 0 {
			c.year++
		}
		have |= maskYear
	case cc > 0:
		c.year = (cc-1)*100 + 1
		have |= maskYear
	case cc < 0:
		c.year = cc*100 + 1
		have |= maskYear
	}
	if r.j != 0 {
		c.year, c.mon, c.day = fromJulian(r.j)
		have |= maskDate
	}
	if absInt(c.year) > 10000000 || r.ww > 10000000 || r.w > 10000000 || r.ddd > math.MaxInt32/2 {
		return c, datetimeError(errField, "timestamp", source, "")
	}
	week1 := func() int { jan4 := julian(c.year, 1, 4); return jan4 - jan4%7 }
	if r.ww != 0 {
		if r.mode == 'I' {
			jd := week1() + (r.ww-1)*7
			if r.d > 1 {
				jd += r.d - 2
			} else if r.d == 1 {
				jd += 6
			}
			c.year, c.mon, c.day = fromJulian(jd)
			have |= maskDate
		} else {
			r.ddd = (r.ww-1)*7 + 1
		}
	}
	if r.w != 0 {
		r.dd = (r.w-1)*7 + 1
	}
	if r.dd != 0 {
		c.day = r.dd
		have |= maskDay
	}
	if r.mm != 0 {
		c.mon = r.mm
		have |= maskMonth
	}
	if r.ddd != 0 && (c.mon <= 1 || c.day <= 1) {
		if c.year == 0 && r.bc == 0 {
			return c, sqlerr.New(sqlerr.InvalidDatetimeFormat, "cannot calculate day of year without year information")
		}
		if r.mode == 'I' {
			c.year, c.mon, c.day = fromJulian(week1() - 1 + r.ddd)
			have |= maskDate
		} else {
			mon, left := 1, r.ddd
			for mon <= 12 && left > daysIn(c.year, mon) {
				left -= daysIn(c.year, mon)
				mon++
			}
			if c.mon <= 1 {
				c.mon = mon
			}
			if c.day <= 1 {
				c.day = left
			}
			have |= maskMonth | maskDay
		}
	}
	c.usec = int64(r.ms)*1000 + int64(r.us)
	p := datetimeParser{civil: c, have: have, isJulian: true, reserved: -1}
	bad := p.validate() != errNone
	if bad || c.hour < 0 || c.hour >= 24 || c.min < 0 || c.min >= 60 || c.sec < 0 || c.sec >= 60 || c.usec < 0 || c.usec >= usecsPerSec {
		return c, datetimeError(errField, "timestamp", source, "")
	}
	if r.tzsign != 0 && (r.tzh < 0 || r.tzh > zoneHoursMax || r.tzm < 0 || r.tzm >= 60) {
		return c, datetimeError(errZoneField, "timestamp", source, "")
	}
	return c, nil
}

func readTemplate(s, template string) (*dateReader, civil, error) {
	r := &dateReader{s: s, nodes: parseTemplate(template, dateKeys, true)}
	if err := r.read(); err != nil {
		return r, civil{}, err
	}
	c, err := r.result(s)
	return r, c, err
}

// ToTimestamp is to_timestamp(text, text): a timestamptz, read in the zone unless the text has one.
func ToTimestamp(s, template string, loc *time.Location) (int64, error) {
	r, c, err := readTemplate(s, template)
	if err != nil {
		return 0, err
	}
	ts, ok := c.timestamp()
	if ok {
		if r.tzsign != 0 {
			ts -= int64(r.tzsign*(r.tzh*3600+r.tzm*60)) * usecsPerSec
		} else {
			ts -= int64(offsetOfLocal(loc, ts)) * usecsPerSec
		}
	}
	if !ok || !timestampOK(ts) {
		return 0, errTimestampRange()
	}
	return ts, nil
}

// ToDate is to_date(text, text).
func ToDate(s, template string) (int64, error) {
	_, c, err := readTemplate(s, template)
	if err != nil {
		return 0, err
	}
	days := int64(julian(c.year, c.mon, c.day) - epochJulian)
	if !julianOK(c.year, c.mon) || days < -epochJulian || days >= dateEnd {
		return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, `date out of range: "%s"`, s)
	}
	return days, nil
}
