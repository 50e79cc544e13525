package types

import (
	"strconv"
	"strings"

	"github.com/minisql/minisql/sqlerr"
)

// Type is an SQL type with its modifier: varchar(40) is {VarcharOID, 44}.
// It is comparable. Typmod is -1 when the type has no modifier; the encoding is
// PostgreSQL's (see TypmodIn). The modifier of an array is that of its elements.
type Type struct {
	OID    OID
	Typmod int32
}

// Type returns the type without a modifier.
func (o OID) Type() Type { return Type{o, -1} }

// Info is what pg_type says about a built-in type.
type Info struct {
	OID       OID
	Name      string // pg_type.typname
	SQLName   string // as format_type prints it
	Len       int16  // bytes, -1 varlena, -2 C string
	Category  byte   // pg_type.typcategory
	Preferred bool   // preferred in its category
	Array     OID    // array of this type, or 0
	Elem      OID    // element type if this is an array (or name, a vector), or 0
	Kind      byte   // pg_type.typtype: 'b' base, 'p' pseudo
	ByVal     bool
	Align     byte
	Delim     byte
	Storage   byte
	Collation OID // 0 if not collatable, 100 default, 950 "C"
}

// Phys says which field of a Datum, and which slice of a vec.Vec, holds the
// values of a type.
type Phys uint8

// The physical kinds.
const (
	PhysAny Phys = iota
	PhysBool
	PhysInt
	PhysFloat
	PhysBytes
)

func (p Phys) String() string {
	return [...]string{"any", "bool", "int", "float", "bytes"}[p]
}

const oidsMax = 5120 // all built-in type OIDs are below

var (
	physByOID [oidsMax]Phys
	infoByOID [oidsMax]*Info
	oidByName = make(map[string]OID, len(infos))
)

func init() {
	for i := range infos {
		in := &infos[i]
		infoByOID[in.OID] = in
		oidByName[in.Name] = in.OID
	}
	set := func(p Phys, oids ...OID) {
		for _, o := range oids {
			physByOID[o] = p
		}
	}
	set(PhysBool, BoolOID)
	set(PhysInt, Int2OID, Int4OID, Int8OID, OidOID, RegprocOID, RegprocedureOID, RegoperOID, RegoperatorOID,
		RegclassOID, RegtypeOID, RegnamespaceOID, RegroleOID, RegcollationOID, XidOID, Xid8OID, CidOID, TidOID,
		CharOID, DateOID, TimeOID, TimestampOID, TimestamptzOID)
	set(PhysFloat, Float4OID, Float8OID)
	set(PhysBytes, TextOID, VarcharOID, BpcharOID, NameOID, ByteaOID, UUIDOID, JSONOID, JSONBOID, UnknownOID,
		CstringOID, RefcursorOID, PgNodeTreeOID, ACLItemOID, VoidOID, TriggerOID)
}

// PhysOf returns the physical kind of a type's values.
func PhysOf(o OID) Phys {
	if o < oidsMax {
		return physByOID[o]
	}
	return PhysAny
}

// Lookup returns what pg_type says about a built-in type.
func Lookup(o OID) (*Info, bool) {
	if o < oidsMax && infoByOID[o] != nil {
		return infoByOID[o], true
	}
	return nil, false
}

// All returns every built-in type in the order of OIDs. The caller must not
// change it.
func All() []Info { return infos[:] }

// ByName finds a type by pg_type.typname ("int4", "_text"; "char" is the
// one-byte type).
func ByName(typname string) (OID, bool) {
	o, ok := oidByName[typname]
	return o, ok
}

var sqlNames = map[string]OID{
	"boolean": BoolOID, "smallint": Int2OID, "integer": Int4OID, "int": Int4OID, "bigint": Int8OID,
	"decimal": NumericOID, "dec": NumericOID, "real": Float4OID, "float": Float8OID, "double precision": Float8OID,
	"character varying": VarcharOID, "char varying": VarcharOID, "national character varying": VarcharOID,
	"character": BpcharOID, "char": BpcharOID, "nchar": BpcharOID, "national character": BpcharOID,
	"timestamp without time zone": TimestampOID, "timestamp with time zone": TimestamptzOID,
	"time without time zone": TimeOID, "time with time zone": TimetzOID, `"char"`: CharOID, `"any"`: AnyOID,
}

// BySQLName finds a type by the name an SQL text gives it when unquoted: the
// SQL spellings and aliases first ("int", "double precision"; char is
// character), then pg_type.typname. The name must be in lower case, with single
// spaces.
func BySQLName(name string) (OID, bool) {
	if o, ok := sqlNames[name]; ok {
		return o, true
	}
	return ByName(name)
}

// ArrayOf returns the array type of an element type.
func ArrayOf(elem OID) (OID, bool) {
	if in, ok := Lookup(elem); ok && in.Array != 0 {
		return in.Array, true
	}
	return 0, false
}

// ElemOf returns the element type of an array type (or of int2vector and
// oidvector), and false for any other type.
func ElemOf(o OID) (OID, bool) {
	if in, ok := Lookup(o); ok && in.Elem != 0 && (in.Category == 'A' || o == RecordArrayOID) {
		return in.Elem, true
	}
	return 0, false
}

// IsArray reports whether the type is an array type.
func IsArray(o OID) bool { _, ok := ElemOf(o); return ok }

// Category is pg_type.typcategory, 'X' when the type is unknown here.
func Category(o OID) byte {
	if in, ok := Lookup(o); ok {
		return in.Category
	}
	return 'X'
}

// IsPreferred is pg_type.typispreferred.
func IsPreferred(o OID) bool {
	in, ok := Lookup(o)
	return ok && in.Preferred
}

// IsPolymorphic reports whether the type stands for a type to be found out from
// the arguments of a function.
func IsPolymorphic(o OID) bool {
	switch o {
	case AnyElementOID, AnyArrayOID, AnyNonArrayOID, AnyEnumOID, AnyCompatibleOID, AnyCompatibleArrayOID, AnyCompatibleNonArrayOID:
		return true
	}
	return false
}

// String is the type's SQL name without modifier, as format_type(oid, NULL).
func (o OID) String() string {
	if in, ok := Lookup(o); ok {
		return in.SQLName
	}
	return "???"
}

const (
	varHeader = 4 // PostgreSQL's VARHDRSZ, part of several typmods

	intervalFullRange     = 0x7FFF
	intervalFullPrecision = 0xFFFF
)

// Interval field masks, as in the upper half of an interval's typmod.
const (
	MaskMonth  = 1 << 1
	MaskYear   = 1 << 2
	MaskDay    = 1 << 3
	MaskHour   = 1 << 10
	MaskMinute = 1 << 11
	MaskSecond = 1 << 12
)

var intervalRanges = []struct {
	mask int32
	name string
}{
	{MaskYear, "year"}, {MaskMonth, "month"}, {MaskDay, "day"}, {MaskHour, "hour"}, {MaskMinute, "minute"},
	{MaskSecond, "second"}, {MaskYear | MaskMonth, "year to month"}, {MaskDay | MaskHour, "day to hour"},
	{MaskDay | MaskHour | MaskMinute, "day to minute"}, {MaskDay | MaskHour | MaskMinute | MaskSecond, "day to second"},
	{MaskHour | MaskMinute, "hour to minute"}, {MaskHour | MaskMinute | MaskSecond, "hour to second"},
	{MaskMinute | MaskSecond, "minute to second"}, {intervalFullRange, ""},
}

// IntervalRange returns the field mask of an interval qualifier ("day to
// second"), for TypmodIn.
func IntervalRange(name string) (int32, bool) {
	for _, r := range intervalRanges {
		if r.name == name {
			return r.mask, true
		}
	}
	return 0, false
}

// String is format_type: "character varying(40)", "numeric(10,2)[]".
func (t Type) String() string {
	in, ok := Lookup(t.OID)
	if !ok {
		return "???"
	}
	name := in.SQLName
	suffix := ""
	if in.Category == 'A' && in.Name[0] == '_' {
		suffix = "[]"
		if in, ok = Lookup(in.Elem); !ok {
			return name
		}
		name = in.SQLName
	}
	if t.Typmod < 0 {
		if in.OID == BpcharOID && t.Typmod == -1 {
			return "bpchar" + suffix // format_type with an explicit -1: character would mean character(1)
		}
		return name + suffix
	}
	num := func(n int32) string { return "(" + strconv.Itoa(int(n)) + ")" }
	switch in.OID {
	case VarcharOID, BpcharOID:
		name += num(t.Typmod - varHeader)
	case NumericOID:
		p, s := numericTypmod(t.Typmod)
		name = "numeric(" + strconv.Itoa(p) + "," + strconv.Itoa(s) + ")"
	case TimeOID, TimestampOID, TimetzOID, TimestamptzOID:
		first, rest, _ := strings.Cut(name, " ")
		name = first + num(t.Typmod) + " " + rest
	case IntervalOID:
		mask, prec := t.Typmod>>16&intervalFullRange, t.Typmod&intervalFullPrecision
		for _, r := range intervalRanges {
			if r.mask == mask && r.name != "" {
				name += " " + r.name
			}
		}
		if prec != intervalFullPrecision {
			name += num(prec)
		}
	}
	return name + suffix
}

func numericTypmod(typmod int32) (precision, scale int) {
	v := typmod - varHeader
	s := v & 0x7ff
	return int(v >> 16 & 0xffff), int(s ^ 1024 - 1024)
}

// TypmodIn encodes the modifiers written behind a type name, as the type's
// typmodin function does: varchar (40) → 44, numeric (10,2) → (10<<16|2)+4,
// timestamp (3) → 3. For interval the modifiers are the field mask (see
// IntervalRange) and, if given, the precision.
func TypmodIn(o OID, mods []int32) (int32, error) {
	if elem, ok := ElemOf(o); ok {
		o = elem
	}
	if len(mods) == 0 {
		return -1, nil
	}
	switch o {
	case VarcharOID, BpcharOID:
		name := "varchar"
		if o == BpcharOID {
			name = "char"
		}
		if len(mods) != 1 {
			return 0, sqlerr.New(sqlerr.InvalidParameterValue, "invalid type modifier")
		}
		if mods[0] < 1 {
			return 0, sqlerr.New(sqlerr.InvalidParameterValue, "length for type %s must be at least 1", name)
		}
		if mods[0] > 10485760 {
			return 0, sqlerr.New(sqlerr.InvalidParameterValue, "length for type %s cannot exceed 10485760", name)
		}
		return mods[0] + varHeader, nil
	case NumericOID:
		if len(mods) > 2 {
			return 0, sqlerr.New(sqlerr.InvalidParameterValue, "invalid NUMERIC type modifier")
		}
		if mods[0] < 1 || mods[0] > 1000 {
			return 0, sqlerr.New(sqlerr.InvalidParameterValue, "NUMERIC precision %d must be between 1 and 1000", mods[0])
		}
		scale := int32(0)
		if len(mods) == 2 {
			scale = mods[1]
		}
		if scale < -1000 || scale > 1000 {
			return 0, sqlerr.New(sqlerr.InvalidParameterValue, "NUMERIC scale %d must be between -1000 and 1000", scale)
		}
		return (mods[0]<<16 | scale&0x7ff) + varHeader, nil
	case TimeOID, TimetzOID, TimestampOID, TimestamptzOID:
		if len(mods) != 1 {
			return 0, sqlerr.New(sqlerr.InvalidParameterValue, "invalid type modifier")
		}
		name := map[OID]string{TimeOID: "TIME", TimetzOID: "TIME", TimestampOID: "TIMESTAMP", TimestamptzOID: "TIMESTAMP"}[o]
		tz := ""
		if o == TimetzOID || o == TimestamptzOID {
			tz = " WITH TIME ZONE"
		}
		if mods[0] < 0 {
			return 0, sqlerr.New(sqlerr.InvalidParameterValue, "%s(%d)%s precision must not be negative", name, mods[0], tz)
		}
		return min(mods[0], 6), nil
	case IntervalOID:
		prec := int32(intervalFullPrecision)
		if len(mods) == 2 {
			if mods[1] < 0 {
				return 0, sqlerr.New(sqlerr.InvalidParameterValue, "INTERVAL(%d) precision must not be negative", mods[1])
			}
			prec = min(mods[1], 6)
		} else if len(mods) > 2 {
			return 0, sqlerr.New(sqlerr.InvalidParameterValue, "invalid INTERVAL type modifier")
		}
		if mods[0] == intervalFullRange && prec == intervalFullPrecision {
			return -1, nil
		}
		return mods[0]<<16 | prec, nil
	}
	return 0, sqlerr.New(sqlerr.SyntaxError, `type modifier is not allowed for type "%s"`, o)
}
