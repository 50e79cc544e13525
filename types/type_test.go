package types_test

import (
	"testing"

	"github.com/minisql/minisql/sqlerr"
	. "github.com/minisql/minisql/types"
)

func TestTypeNames(t *testing.T) {
	for _, c := range []struct {
		name string
		want Type
		text string // as format_type prints it
	}{
		{"int", Type{Int4OID, -1}, "integer"},
		{"BIGINT", Type{Int8OID, -1}, "bigint"},
		{"decimal", Type{NumericOID, -1}, "numeric"},
		{"numeric(10,2)", Type{NumericOID, (10<<16 | 2) + 4}, "numeric(10,2)"},
		{"numeric(5)", Type{NumericOID, 5<<16 + 4}, "numeric(5,0)"},
		{"numeric(3,-2)", Type{NumericOID, (3<<16 | 0x7fe) + 4}, "numeric(3,-2)"},
		{"double   precision", Type{Float8OID, -1}, "double precision"},
		{"character varying(40)", Type{VarcharOID, 44}, "character varying(40)"},
		{"varchar", Type{VarcharOID, -1}, "character varying"},
		{"char", Type{BpcharOID, 5}, "character(1)"},
		{"character(3)", Type{BpcharOID, 7}, "character(3)"},
		{"bpchar", Type{BpcharOID, -1}, "bpchar"},
		{`"char"`, Type{CharOID, -1}, `"char"`},
		{"timestamp with time zone", Type{TimestamptzOID, -1}, "timestamp with time zone"},
		{"timestamp(3) with time zone", Type{TimestamptzOID, 3}, "timestamp(3) with time zone"},
		{"timestamp(3)", Type{TimestampOID, 3}, "timestamp(3) without time zone"},
		{"time(9)", Type{TimeOID, 6}, "time(6) without time zone"},
		{"interval(3)", Type{IntervalOID, 0x7fff<<16 | 3}, "interval(3)"},
		{"interval day to second(2)", Type{IntervalOID, (MaskDay|MaskHour|MaskMinute|MaskSecond)<<16 | 2}, "interval day to second(2)"},
		{"integer[]", Type{Int4ArrayOID, -1}, "integer[]"},
		{"varchar(5)[][]", Type{VarcharArrayOID, 9}, "character varying(5)[]"},
		{"pg_catalog.int4", Type{Int4OID, -1}, "integer"},
		{"regclass", Type{RegclassOID, -1}, "regclass"},
		{"int2vector", Type{Int2VectorOID, -1}, "int2vector"},
	} {
		got, err := ParseTypeName(c.name)
		if err != nil || got != c.want || got.String() != c.text {
			t.Errorf("%s: %v %s, %v; want %v %s", c.name, got, got, err, c.want, c.text)
		}
	}
	for name, code := range map[string]sqlerr.Code{"nope": sqlerr.UndefinedObject, "varchar(0)": sqlerr.InvalidParameterValue,
		"numeric(1001)": sqlerr.InvalidParameterValue, "numeric(5,2,1)": sqlerr.InvalidParameterValue, "int(3)": sqlerr.SyntaxError, "": sqlerr.UndefinedObject} {
		if _, err := ParseTypeName(name); sqlerr.CodeOf(err) != code {
			t.Errorf("%q: %v, want %s", name, err, code)
		}
	}
}

func TestInfoIsConsistent(t *testing.T) {
	for _, in := range All() {
		if got, ok := ByName(in.Name); !ok || got != in.OID {
			t.Errorf("%s is found as %d", in.Name, got)
		}
		if in.Array != 0 {
			if elem, ok := ElemOf(in.Array); !ok || elem != in.OID {
				t.Errorf("the array of %s has elements of %s", in.Name, elem)
			}
		}
		if _, ok := Lookup(in.OID); !ok {
			t.Errorf("%s is not found", in.Name)
		}
	}
	if _, ok := Lookup(1 << 30); ok {
		t.Error("found a type that does not exist")
	}
}

func TestCastContext(t *testing.T) {
	for _, c := range []struct {
		from, to OID
		ctx      byte // 0: none
	}{
		{Int4OID, Int8OID, CastImplicit}, {Int8OID, Int4OID, CastAssignment}, {Int4OID, BoolOID, CastExplicit},
		{Int4OID, TextOID, CastAssignment}, {TextOID, Int4OID, CastExplicit}, {UnknownOID, DateOID, CastImplicit},
		{DateOID, TimestampOID, CastImplicit}, {TimestampOID, DateOID, CastAssignment}, {Int4ArrayOID, TextArrayOID, CastAssignment},
		{Int4ArrayOID, Int8ArrayOID, CastImplicit}, {Int4OID, DateOID, 0}, {BoolOID, DateOID, 0}, {VarcharOID, TextOID, CastImplicit},
		{RegclassOID, OidOID, CastImplicit}, {ByteaOID, Int4OID, 0}, {Int4ArrayOID, TextOID, CastAssignment},
		{TextOID, Int4ArrayOID, CastExplicit}, {TextOID, VoidOID, 0}, {RecordOID, TextOID, CastAssignment},
	} {
		if got, _ := CastContext(c.from, c.to); got != c.ctx {
			t.Errorf("%s to %s: %q, want %q", c.from, c.to, got, c.ctx)
		}
	}
}

// An assignment refuses what an explicit cast cuts off, unless only blanks are lost.
func TestAssignmentLength(t *testing.T) {
	for _, c := range []struct {
		to, in, want, err string
	}{
		{"varchar(3)", "abcd", "", "value too long for type character varying(3)"},
		{"varchar(3)", "abc  ", "abc", ""},
		{"char(3)", "abcd", "", "value too long for type character(3)"},
		{"char(3)", "ab", "ab ", ""},
		{"varchar(2)[]", "{abc}", "", "value too long for type character varying(2)"},
		{"numeric(3,1)", "123", "", "numeric field overflow"},
	} {
		to, err := ParseTypeName(c.to)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := ParseText(to, c.in, nil)
		assigned, err2 := Cast(NewText(c.in), TextOID.Type(), to, nil, false)
		for _, r := range []struct {
			d   Datum
			err error
		}{{parsed, err}, {assigned, err2}} {
			if c.err != "" {
				if e := sqlerr.As(r.err); e == nil || e.Message != c.err {
					t.Errorf("%s %q: %v, want %s", c.to, c.in, r.err, c.err)
				}
			} else if r.err != nil || Text(to, r.d, nil) != c.want {
				t.Errorf("%s %q: %q, %v", c.to, c.in, Text(to, r.d, nil), r.err)
			}
		}
	}
}

// Text that is no UTF-8, or holds a zero byte, is refused in PostgreSQL's words.
func TestBadText(t *testing.T) {
	for in, want := range map[string]string{
		"a\x00b":    `invalid byte sequence for encoding "UTF8": 0x00`,
		"a\xffb":    `invalid byte sequence for encoding "UTF8": 0xff`,
		"\xe4b":     `invalid byte sequence for encoding "UTF8": 0xe4 0x62`,
		"x\xc3":     `invalid byte sequence for encoding "UTF8": 0xc3`,
		"\xf0\x9f!": `invalid byte sequence for encoding "UTF8": 0xf0 0x9f 0x21`,
	} {
		for _, o := range []OID{TextOID, VarcharOID, BpcharOID, NameOID} {
			if _, err := ParseText(o.Type(), in, nil); err == nil || sqlerr.As(err).Message != want {
				t.Errorf("%s %q: %v, want %s", o, in, err, want)
			}
		}
	}
}
