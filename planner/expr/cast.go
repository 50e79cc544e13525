package expr

import (
	"strconv"
	"strings"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// castDatum converts a value that is not NULL. The types whose text form is a
// name in the catalog (regclass and its kin) are converted here; all others by types.
func castDatum(c *Ctx, d types.Datum, from, to types.Type, explicit bool) (types.Datum, error) {
	switch {
	case isReg(to.OID) && (types.Category(from.OID) == 'S' || from.OID == types.UnknownOID || from.OID == types.CstringOID):
		return regIn(c, d.Text(), to.OID)
	case isReg(from.OID) && (types.Category(to.OID) == 'S' || to.OID == types.CstringOID):
		return types.Cast(types.NewText(regOut(c, from.OID, d.Int())), types.TextOID.Type(), to, c.Format, explicit)
	}
	return types.Cast(d, from, to, c.Format, explicit)
}

// regOut asks the session's format, which knows all objects, before the catalog.
func regOut(c *Ctx, oid types.OID, n int64) string {
	if c.Format != nil && c.Format.RegOut != nil && n != 0 {
		if name, ok := c.Format.RegOut(oid, uint32(n)); ok {
			return name
		}
		return strconv.FormatInt(n, 10)
	}
	return RegOut(c.Session, oid, n)
}

// RegOut is the text form of a regclass, regtype… value: the object's name as it
// would be written, or the number if there is no such object.
func RegOut(s Session, oid types.OID, n int64) string {
	if n == 0 {
		return "-"
	}
	var cat *catalog.Catalog
	if s != nil {
		cat = s.Catalog()
	}
	switch oid {
	case types.RegtypeOID:
		if in, ok := types.Lookup(types.OID(n)); ok {
			return in.SQLName
		}
	case types.RegclassOID:
		if cat == nil {
			break
		}
		id := catalog.ID(n)
		if t := cat.TableByID(id); t != nil {
			return qualify(s, cat, t.SchemaID, t.Name)
		}
		if t, x := cat.IndexByID(id); x != nil {
			return qualify(s, cat, t.SchemaID, x.Name)
		}
	case types.RegnamespaceOID:
		if cat == nil {
			break
		}
		if sc := cat.SchemaByID(catalog.ID(n)); sc != nil {
			return QuoteIdent(sc.Name)
		}
	case types.RegroleOID:
		if n == int64(catalog.BootstrapRoleID) {
			return catalog.BootstrapRole
		}
	case types.RegprocOID, types.RegprocedureOID:
		for name, fs := range functions {
			for _, f := range fs {
				if int64(f.OID) == n {
					return name
				}
			}
		}
	case types.RegcollationOID:
		switch n {
		case 100:
			return `"default"`
		case 950:
			return `"C"`
		case 951:
			return `"POSIX"`
		}
	}
	return strconv.FormatInt(n, 10)
}

// qualify writes a relation's name with its schema unless the search path finds it.
func qualify(s Session, cat *catalog.Catalog, schema catalog.ID, name string) string {
	sc := cat.SchemaByID(schema)
	if sc == nil {
		return QuoteIdent(name)
	}
	if schema == catalog.PgCatalogID {
		return QuoteIdent(name)
	}
	for _, p := range s.SearchPath() {
		found := cat.Schema(p)
		if found == nil {
			continue
		}
		if found.ID == schema {
			return QuoteIdent(name)
		}
		if cat.RelationExists(found.ID, name) {
			break
		}
	}
	return QuoteIdent(sc.Name) + "." + QuoteIdent(name)
}

func regIn(c *Ctx, s string, to types.OID) (types.Datum, error) {
	s = strings.TrimSpace(s)
	if s == "-" {
		return types.NewInt(0), nil
	}
	if n, err := strconv.ParseUint(s, 10, 32); err == nil {
		return types.NewInt(int64(n)), nil
	}
	if c.Format != nil && c.Format.RegIn != nil {
		id, err := c.Format.RegIn(to, s)
		return types.NewInt(int64(id)), err
	}
	sess, err := c.session()
	if err != nil {
		return types.Null, err
	}
	return RegIn(sess, s, to)
}

// RegIn finds the object that a name means for a type such as regclass.
func RegIn(sess Session, s string, to types.OID) (types.Datum, error) {
	cat := sess.Catalog()
	parts, err := SplitIdent(s)
	if err != nil {
		return types.Null, err
	}
	switch to {
	case types.RegclassOID:
		if len(parts) > 2 {
			if parts[0] != sess.Database() {
				return types.Null, sqlerr.New(sqlerr.FeatureNotSupported, "cross-database references are not implemented: %q", s)
			}
			parts = parts[1:]
		}
		if t := FindRelation(sess, parts); t != 0 {
			return types.NewInt(int64(t)), nil
		}
		return types.Null, sqlerr.New(sqlerr.UndefinedTable, "relation %q does not exist", strings.Join(parts, "."))
	case types.RegtypeOID:
		name := strings.ToLower(s)
		arr := 0
		for strings.HasSuffix(name, "[]") {
			name, arr = strings.TrimSpace(name[:len(name)-2]), arr+1
		}
		if i := strings.IndexByte(name, '('); i > 0 {
			if j := strings.IndexByte(name, ')'); j > i {
				name = strings.TrimSpace(name[:i] + name[j+1:])
			}
		}
		name = strings.TrimPrefix(name, "pg_catalog.")
		if o, ok := types.BySQLName(strings.Trim(name, `"`)); ok {
			if arr > 0 {
				o, _ = types.ArrayOf(o)
			}
			return types.NewInt(int64(o)), nil
		}
		return types.Null, sqlerr.New(sqlerr.UndefinedObject, "type %q does not exist", s)
	case types.RegnamespaceOID:
		if sc := cat.Schema(parts[0]); sc != nil {
			return types.NewInt(int64(sc.ID)), nil
		}
		return types.Null, sqlerr.New(sqlerr.InvalidSchemaName, "schema %q does not exist", parts[0])
	case types.RegroleOID:
		if parts[0] == catalog.BootstrapRole {
			return types.NewInt(int64(catalog.BootstrapRoleID)), nil
		}
		return types.Null, sqlerr.New(sqlerr.UndefinedObject, "role %q does not exist", parts[0])
	case types.RegprocOID, types.RegprocedureOID:
		name := parts[len(parts)-1]
		if i := strings.IndexByte(name, '('); i > 0 {
			name = name[:i]
		}
		if fs := functions[name]; len(fs) > 0 {
			return types.NewInt(int64(fs[0].OID)), nil
		}
		return types.Null, sqlerr.New(sqlerr.UndefinedFunction, "function %q does not exist", s)
	}
	return types.Null, sqlerr.Unsupported("input of type %s", to)
}

// FindRelation resolves a relation name (table, view, sequence or index) along
// the search path; 0 if there is none.
func FindRelation(s Session, parts []string) catalog.ID {
	cat := s.Catalog()
	name := parts[len(parts)-1]
	find := func(sc *catalog.Schema) catalog.ID {
		if sc == nil {
			return 0
		}
		if t := cat.Table(sc.ID, name); t != nil {
			return t.ID
		}
		if _, x := cat.Index(sc.ID, name); x != nil {
			return x.ID
		}
		return 0
	}
	if len(parts) > 1 {
		return find(cat.Schema(parts[len(parts)-2]))
	}
	path := s.SearchPath()
	named := false
	for _, p := range path {
		named = named || p == "pg_catalog"
	}
	if !named {
		if id := find(cat.Schema("pg_catalog")); id != 0 {
			return id
		}
	}
	for _, p := range path {
		if id := find(cat.Schema(p)); id != 0 {
			return id
		}
	}
	return 0
}

// SplitIdent splits a dotted name as a regclass literal writes it: unquoted
// parts fold to lower case.
func SplitIdent(s string) ([]string, error) {
	var parts []string
	for {
		var part string
		if strings.HasPrefix(s, `"`) {
			end := 1
			var b strings.Builder
			for {
				i := strings.IndexByte(s[end:], '"')
				if i < 0 {
					return nil, sqlerr.New(sqlerr.InvalidName, "invalid name syntax")
				}
				b.WriteString(s[end : end+i])
				end += i + 1
				if end < len(s) && s[end] == '"' {
					b.WriteByte('"')
					end++
					continue
				}
				break
			}
			part, s = b.String(), s[end:]
		} else {
			i := strings.IndexByte(s, '.')
			if i < 0 {
				i = len(s)
			}
			part, s = strings.ToLower(strings.TrimSpace(s[:i])), s[i:]
		}
		if part == "" {
			return nil, sqlerr.New(sqlerr.InvalidName, "invalid name syntax")
		}
		parts = append(parts, part)
		if s == "" {
			return parts, nil
		}
		if s[0] != '.' {
			return nil, sqlerr.New(sqlerr.InvalidName, "invalid name syntax")
		}
		s = s[1:]
	}
}
