package types

import (
	"time"

	"github.com/minisql/minisql/sqlerr"
)

// DateStyle is the output style of dates and times.
type DateStyle uint8

// The date styles.
const (
	StyleISO DateStyle = iota
	StyleSQL
	StylePostgres
	StyleGerman
)

// DateOrder says which of 01/02/03 is the month.
type DateOrder uint8

// The date orders.
const (
	OrderMDY DateOrder = iota
	OrderDMY
	OrderYMD
)

// IntervalStyle is the output style of intervals.
type IntervalStyle uint8

// The interval styles.
const (
	IntervalPostgres IntervalStyle = iota
	IntervalPostgresVerbose
	IntervalSQLStandard
	IntervalISO8601
)

// Format holds the settings of a session that text input and output depend on. A nil
// *Format stands for DefaultFormat. A Format may be shared and is not changed here.
type Format struct {
	DateStyle        DateStyle
	DateOrder        DateOrder
	IntervalStyle    IntervalStyle
	ByteaEscape      bool           // bytea_output = escape
	ExtraFloatDigits int            // default 1: the shortest that reads back the same
	TimeZone         *time.Location // nil is UTC
	Now              time.Time      // for 'now', 'today', age(x); zero asks the clock

	// RegOut names the object behind a value of a reg* type, and RegIn finds one by
	// its name; the catalog answers. Without them such values are numbers, save that
	// regtype knows the built-in types.
	RegOut func(o OID, id uint32) (name string, ok bool)
	RegIn  func(o OID, name string) (id uint32, err error)
}

// DefaultFormat has PostgreSQL's default settings, in UTC.
var DefaultFormat = &Format{ExtraFloatDigits: 1}

func (f *Format) orDefault() *Format {
	if f == nil {
		return DefaultFormat
	}
	return f
}

func (f *Format) zone() *time.Location {
	if f == nil || f.TimeZone == nil {
		return time.UTC
	}
	return f.TimeZone
}

func (f *Format) now() time.Time {
	if f == nil || f.Now.IsZero() {
		return time.Now()
	}
	return f.Now
}

func errSyntax(o OID, s string) error {
	return sqlerr.New(sqlerr.InvalidTextRepresentation, `invalid input syntax for type %s: "%s"`, o, s)
}

func errBinary() error {
	return sqlerr.New(sqlerr.InvalidBinaryRepresentation, "incorrect binary data format")
}
