package types

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/minisql/minisql/sqlerr"
)

// ApplyTypmod makes a value fit the modifier of its type, as the length coercion
// function does: explicit casts cut a text silently, other coercions refuse one
// that has more than blanks to lose. d may be NULL.
func ApplyTypmod(d Datum, t Type, explicit bool) (Datum, error) {
	if t.Typmod < 0 || d.k == KindNull {
		return d, nil
	}
	switch t.OID {
	case VarcharOID:
		limit := int(t.Typmod - varHeader)
		if len(d.s) <= limit {
			return d, nil
		}
		cut := runePrefix(d.s, limit)
		if cut == len(d.s) {
			return d, nil
		}
		if !explicit && trimBlanks(d.s[cut:]) != "" {
			return Null, sqlerr.New(sqlerr.StringDataRightTruncation, "value too long for type character varying(%d)", limit)
		}
		return NewText(d.s[:cut]), nil
	case BpcharOID:
		limit := int(t.Typmod - varHeader)
		n := utf8.RuneCountInString(d.s)
		if n <= limit {
			if n == limit {
				return d, nil
			}
			return NewText(d.s + strings.Repeat(" ", limit-n)), nil
		}
		cut := runePrefix(d.s, limit)
		if !explicit && trimBlanks(d.s[cut:]) != "" {
			return Null, sqlerr.New(sqlerr.StringDataRightTruncation, "value too long for type character(%d)", limit)
		}
		return NewText(d.s[:cut]), nil
	case NumericOID:
		v, err := d.numeric().ApplyTypmod(t.Typmod)
		return NewNumeric(v), err
	case TimeOID:
		return NewInt(roundUsec(d.n, t.Typmod)), nil
	case TimetzOID:
		return NewTimetz(roundUsec(d.n, t.Typmod), d.m), nil
	case TimestampOID, TimestamptzOID:
		n, err := roundTimestamp(d.n, t.Typmod)
		return NewInt(n), err
	case IntervalOID:
		v, err := d.Interval().ApplyTypmod(t.Typmod)
		return NewInterval(v), err
	}
	if elem, ok := ElemOf(t.OID); ok && d.k == KindArray {
		return mapArray(d.Array(), Type{elem, t.Typmod}, func(e Datum) (Datum, error) {
			return ApplyTypmod(e, Type{elem, t.Typmod}, explicit)
		})
	}
	return d, nil
}

// runePrefix returns the length in bytes of the first n characters of s.
func runePrefix(s string, n int) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

// mapArray returns the array with each element that is not NULL replaced.
func mapArray(a *Array, elem Type, f func(Datum) (Datum, error)) (Datum, error) {
	r := &Array{Elem: elem, Dims: a.Dims, LowerBounds: a.LowerBounds, Elems: make([]Datum, len(a.Elems))}
	for i, e := range a.Elems {
		if e.IsNull() {
			continue
		}
		v, err := f(e)
		if err != nil {
			return Null, err
		}
		r.Elems[i] = v
	}
	return NewArray(r), nil
}

// ParseTypeName reads a type as SQL writes it: "numeric(10,2)", "character varying(5)[]".
func ParseTypeName(s string) (Type, error) {
	bad := func() (Type, error) {
		return Type{}, sqlerr.New(sqlerr.UndefinedObject, `type "%s" does not exist`, strings.TrimSpace(s))
	}
	name := strings.Join(strings.Fields(strings.ToLower(s)), " ")
	if q := strings.TrimSpace(s); len(q) > 1 && q[0] == '"' && strings.Count(q, `"`) == 2 && q != `"char"` {
		name = strings.ReplaceAll(q, `"`, "")
	}
	name = strings.TrimPrefix(name, "pg_catalog.")
	array := false
	for strings.HasSuffix(name, "[]") {
		name, array = strings.TrimSpace(strings.TrimSuffix(name, "[]")), true
	}
	var mods []int32
	if i := strings.IndexByte(name, '('); i >= 0 {
		j := strings.IndexByte(name, ')')
		if j < i {
			return bad()
		}
		for _, m := range strings.Split(name[i+1:j], ",") {
			n, err := strconv.ParseInt(strings.TrimSpace(m), 10, 32)
			if err != nil {
				return bad()
			}
			mods = append(mods, int32(n))
		}
		name = strings.TrimSpace(strings.TrimSpace(name[:i]) + " " + strings.TrimSpace(name[j+1:]))
	}
	if rest, ok := strings.CutPrefix(name, "interval "); ok {
		if mask, ok := IntervalRange(rest); ok {
			name, mods = "interval", append([]int32{mask}, mods...)
		}
	} else if name == "interval" && len(mods) == 1 {
		mods = []int32{intervalFullRange, mods[0]}
	}
	o, ok := BySQLName(name)
	if !ok {
		return bad()
	}
	if len(mods) == 0 && (name == "character" || name == "char" || name == "nchar") {
		mods = []int32{1}
	}
	typmod, err := TypmodIn(o, mods)
	if err != nil {
		return Type{}, err
	}
	if array {
		if o, ok = ArrayOf(o); !ok {
			return bad()
		}
	}
	return Type{o, typmod}, nil
}
