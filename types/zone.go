package types

import (
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // zone names must work where the machine has no tz database

	"github.com/minisql/minisql/sqlerr"
)

var zoneCache sync.Map // lower-case name → *time.Location

// LoadZone finds a time zone as SET TIME ZONE does: by name in any case, by
// abbreviation ("EST"), or by a POSIX offset west of Greenwich ("UTC+3", "<+03>-3").
func LoadZone(name string) (*time.Location, bool) {
	key := strings.ToLower(name)
	if v, ok := zoneCache.Load(key); ok {
		return v.(*time.Location), true
	}
	loc, known := findZone(name, key)
	if known { // other names are without number
		zoneCache.Store(key, loc)
	}
	return loc, loc != nil
}

// findZone also reports whether the name is one of a finite list.
func findZone(name, key string) (loc *time.Location, known bool) {
	switch key {
	case "":
		return nil, false
	case "utc", "gmt", "zulu", "etc/utc", "uct", "universal":
		return time.FixedZone(strings.ToUpper(strings.TrimPrefix(key, "etc/")), 0), true
	case "local", "posixrules", "localtime":
		return nil, false // names that Go, not PostgreSQL, gives a meaning
	}
	for _, n := range []string{name, strings.ToUpper(key), titleZone(key)} {
		if loc, err := time.LoadLocation(n); err == nil && n != "Local" {
			return loc, true
		}
	}
	if loc := posixZone(name); loc != nil {
		return loc, false
	}
	if a, ok := zoneAbbrevs[key]; ok {
		return time.FixedZone(strings.ToUpper(key), int(a.east)), true
	}
	return nil, false
}

// titleZone writes america/new_york as the tz database does: America/New_York.
func titleZone(key string) string {
	b := []byte(key)
	up := true
	for i, c := range b {
		if up && c >= 'a' && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
		up = c == '/' || c == '_' || c == '-'
	}
	s := string(b)
	for _, fix := range []string{"Of", "Es", "Au", "Prince"} {
		s = strings.ReplaceAll(s, "_"+fix+"_", "_"+strings.ToLower(fix)+"_")
		s = strings.ReplaceAll(s, "-"+fix+"-", "-"+strings.ToLower(fix)+"-")
	}
	return s
}

// posixZone reads a POSIX zone without daylight saving: a name of three letters or
// more, or anything in angle brackets, and an offset west of Greenwich.
func posixZone(name string) *time.Location {
	abbrev, rest := "", ""
	if strings.HasPrefix(name, "<") {
		i := strings.IndexByte(name, '>')
		if i < 0 {
			return nil
		}
		abbrev, rest = name[1:i], name[i+1:]
	} else {
		i := strings.IndexFunc(name, func(r rune) bool { return !isAlphaRune(r) })
		if i < 3 {
			return nil
		}
		abbrev, rest = strings.ToUpper(name[:i]), name[i:]
	}
	if rest == "" {
		return nil
	}
	if rest[0] != '+' && rest[0] != '-' {
		rest = "+" + rest
	}
	west, err := decodeZoneOffset(rest)
	if err != errNone {
		return nil
	}
	return time.FixedZone(abbrev, west) // POSIX counts west, decodeZoneOffset returned the negative of what is written
}

func isAlphaRune(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

// FixedZone returns a zone of a fixed offset, named as PostgreSQL names one that is set by
// a number of hours: <+03>-03.
func FixedZone(secsEast int) *time.Location {
	sign, posix := byte('+'), byte('-')
	abs := secsEast
	if secsEast < 0 {
		sign, posix, abs = '-', '+', -secsEast
	}
	digits := []byte{byte('0' + abs/36000), byte('0' + abs/3600%10)}
	if abs%3600 != 0 {
		digits = append(digits, ':', byte('0'+abs%3600/600), byte('0'+abs/60%10))
	}
	name := "<" + string(sign) + string(digits) + ">" + string(posix) + string(digits)
	return time.FixedZone(name, secsEast)
}

// offsetAt returns the zone's offset east of Greenwich at an instant, in seconds.
func offsetAt(loc *time.Location, ts int64) int {
	if loc == time.UTC {
		return 0
	}
	_, off := time.Unix(floorDiv64(ts, usecsPerSec)+unixEpoch, 0).In(loc).Zone()
	return off
}

// offsetOfLocal returns the offset that applies to a local time. A time that a change
// of the clocks skips is taken in the zone before it, and one that happens twice
// is the second, as PostgreSQL does.
func offsetOfLocal(loc *time.Location, local int64) int {
	if loc == time.UTC {
		return 0
	}
	secs := floorDiv64(local, usecsPerSec) + unixEpoch
	dayBefore := time.Unix(secs-secsPerDay, 0).In(loc)
	_, before := dayBefore.Zone()
	_, end := dayBefore.ZoneBounds()
	if end.IsZero() {
		return before
	}
	_, after := end.Zone()
	boundary := end.Unix()
	t1, t2 := secs-int64(before), secs-int64(after)
	switch {
	case t1 < boundary && t2 < boundary:
		return before
	case t1 > boundary && t2 >= boundary:
		return after
	case t1 > t2:
		return before
	}
	return after
}

// LocalToUTC turns a timestamp read in a zone into a timestamptz.
func LocalToUTC(ts int64, loc *time.Location) (int64, error) {
	if !IsFiniteTimestamp(ts) {
		return ts, nil
	}
	ts -= int64(offsetOfLocal(loc, ts)) * usecsPerSec
	if !timestampOK(ts) {
		return 0, errTimestampRange()
	}
	return ts, nil
}

// UTCToLocal turns a timestamptz into the timestamp that a clock in the zone shows.
func UTCToLocal(ts int64, loc *time.Location) (int64, error) {
	if !IsFiniteTimestamp(ts) {
		return ts, nil
	}
	ts += int64(offsetAt(loc, ts)) * usecsPerSec
	if !timestampOK(ts) {
		return 0, errTimestampRange()
	}
	return ts, nil
}

// ZoneForAt finds the zone that AT TIME ZONE names: an abbreviation, a name, or an offset.
func ZoneForAt(name string) (*time.Location, error) {
	if a, ok := zoneAbbrevs[strings.ToLower(name)]; ok {
		return time.FixedZone(strings.ToUpper(name), int(a.east)), nil
	}
	if loc, ok := LoadZone(name); ok {
		return loc, nil
	}
	// A bare offset is read as POSIX: +3 is west of Greenwich.
	if name != "" && (name[0] == '+' || name[0] == '-') {
		if west, err := decodeZoneOffset(name); err == errNone {
			return time.FixedZone(name, west), nil
		}
	}
	return nil, sqlerr.New(sqlerr.InvalidParameterValue, `time zone "%s" not recognized`, name)
}
