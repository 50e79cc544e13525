package types

import (
	"strconv"
	"strings"

	"github.com/minisql/minisql/sqlerr"
)

// IsReg reports whether the type names catalog objects: regclass and its kin.
func IsReg(o OID) bool {
	switch o {
	case RegclassOID, RegtypeOID, RegprocOID, RegprocedureOID, RegoperOID, RegoperatorOID, RegnamespaceOID, RegroleOID, RegcollationOID:
		return true
	}
	return false
}

func appendReg(dst []byte, o OID, id uint32, f *Format) []byte {
	if id == 0 {
		if o == RegoperOID || o == RegoperatorOID {
			return append(dst, '0')
		}
		return append(dst, '-')
	}
	if f != nil && f.RegOut != nil {
		if name, ok := f.RegOut(o, id); ok {
			return append(dst, name...)
		}
	}
	if in, ok := Lookup(OID(id)); ok && o == RegtypeOID {
		name := in.SQLName
		if elem, ok := ElemOf(in.OID); ok && in.Name[0] == '_' {
			name = elem.String() + "[]"
		}
		return append(dst, name...)
	}
	return strconv.AppendUint(dst, uint64(id), 10)
}

func parseReg(o OID, s string, f *Format) (Datum, error) {
	if s == "-" && o != RegoperOID && o != RegoperatorOID {
		return NewInt(0), nil
	}
	if s != "" && strings.Trim(s, "0123456789") == "" {
		return parseOID(OidOID, s)
	}
	if f != nil && f.RegIn != nil {
		id, err := f.RegIn(o, s)
		return NewInt(int64(id)), err
	}
	if o == RegtypeOID {
		t, err := ParseTypeName(s)
		return NewInt(int64(t.OID)), err
	}
	return Null, sqlerr.Unsupported("looking up a %s by name here", o)
}
