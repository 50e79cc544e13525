package types

import (
	"time"
)

var monthNames = [...]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}
var dayNames = [...]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}

// AppendDate appends a date in the format's style.
func AppendDate(dst []byte, days int64, f *Format) []byte {
	f = f.orDefault()
	switch days {
	case DateInfinity:
		return append(dst, "infinity"...)
	case DateNegInfinity:
		return append(dst, "-infinity"...)
	}
	c := civilOfDate(days)
	dst = c.appendDate(dst, f.DateStyle, f.DateOrder)
	return c.appendBC(dst)
}

func (c *civil) shownYear() uint64 {
	if c.year > 0 {
		return uint64(c.year)
	}
	return uint64(1 - c.year)
}

func (c *civil) appendBC(dst []byte) []byte {
	if c.year <= 0 {
		return append(dst, " BC"...)
	}
	return dst
}

// appendDate appends the numeric date of a style, with the year's number.
func (c *civil) appendDate(dst []byte, style DateStyle, order DateOrder) []byte {
	three := func(a uint64, sep byte, b, c uint64, wa, wc int) []byte {
		dst = appendPadded(dst, a, wa)
		dst = appendPadded(append(dst, sep), b, 2)
		return appendPadded(append(dst, sep), c, wc)
	}
	y, m, d := c.shownYear(), uint64(c.mon), uint64(c.day)
	switch style {
	case StyleSQL:
		if order == OrderDMY {
			return three(d, '/', m, y, 2, 4)
		}
		return three(m, '/', d, y, 2, 4)
	case StyleGerman:
		return three(d, '.', m, y, 2, 4)
	case StylePostgres:
		if order == OrderDMY {
			return three(d, '-', m, y, 2, 4)
		}
		return three(m, '-', d, y, 2, 4)
	}
	return three(y, '-', m, d, 4, 2)
}

func (c *civil) appendClock(dst []byte) []byte {
	dst = appendPadded(dst, uint64(c.hour), 2)
	dst = appendPadded(append(dst, ':'), uint64(c.min), 2)
	return appendSeconds(append(dst, ':'), int64(c.sec), c.usec, true)
}

// AppendTime appends a time.
func AppendTime(dst []byte, usec int64) []byte {
	var c civil
	c.setTime(usec)
	return c.appendClock(dst)
}

// appendOffset appends a zone given in seconds east: +02, -03:30, +05:53:28.
func appendOffset(dst []byte, east int) []byte {
	sign := byte('+')
	if east < 0 {
		sign, east = '-', -east
	}
	dst = appendPadded(append(dst, sign), uint64(east/3600), 2)
	if east%3600 != 0 {
		dst = appendPadded(append(dst, ':'), uint64(east/60%60), 2)
		if east%60 != 0 {
			dst = appendPadded(append(dst, ':'), uint64(east%60), 2)
		}
	}
	return dst
}

// AppendTimestamp appends a timestamp in the format's style.
func AppendTimestamp(dst []byte, ts int64, f *Format) []byte { return appendTimestamp(dst, ts, nil, f) }

// AppendTimestamptz appends a timestamptz in the format's zone and style.
func AppendTimestamptz(dst []byte, ts int64, f *Format) []byte {
	return appendTimestamp(dst, ts, f.zone(), f)
}

func appendTimestamp(dst []byte, ts int64, loc *time.Location, f *Format) []byte {
	f = f.orDefault()
	switch ts {
	case TimestampInfinity:
		return append(dst, "infinity"...)
	case TimestampNegInfinity:
		return append(dst, "-infinity"...)
	}
	off := 0
	if loc != nil {
		off = offsetAt(loc, ts)
	}
	c := civilOf(ts + int64(off)*usecsPerSec)
	switch f.DateStyle {
	case StylePostgres:
		days, _ := splitDay(ts + int64(off)*usecsPerSec)
		dst = append(append(dst, dayNames[weekday(days)]...), ' ')
		if f.DateOrder == OrderDMY {
			dst = appendPadded(dst, uint64(c.day), 2)
			dst = append(append(dst, ' '), monthNames[c.mon-1]...)
		} else {
			dst = append(append(dst, monthNames[c.mon-1]...), ' ')
			dst = appendPadded(dst, uint64(c.day), 2)
		}
		dst = c.appendClock(append(dst, ' '))
		dst = appendPadded(append(dst, ' '), c.shownYear(), 4)
	default:
		dst = c.appendDate(dst, f.DateStyle, f.DateOrder)
		dst = c.appendClock(append(dst, ' '))
	}
	if loc != nil {
		if f.DateStyle == StyleISO {
			dst = appendOffset(dst, off)
		} else if name := abbrevAt(loc, ts); name != "" && name[0] != '+' && name[0] != '-' && name[0] != '<' {
			dst = append(append(dst, ' '), name...)
		} else {
			if f.DateStyle == StylePostgres {
				dst = append(dst, ' ')
			}
			dst = appendOffset(dst, off)
		}
	}
	return c.appendBC(dst)
}

// weekday returns the day of the week of a date, Sunday is 0.
func weekday(days int64) int { return int(((days+6)%7 + 7) % 7) }

// abbrevAt returns the zone's abbreviation at an instant.
func abbrevAt(loc *time.Location, ts int64) string {
	name, _ := time.Unix(floorDiv64(ts, usecsPerSec)+unixEpoch, 0).In(loc).Zone()
	return name
}

// AppendTimetz appends a timetz.
func AppendTimetz(dst []byte, usec int64, west int32) []byte {
	return appendOffset(AppendTime(dst, usec), -int(west))
}
