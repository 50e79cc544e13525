package exec

import (
	"strings"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/catalog/pgcatalog"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// regOut names the object behind a value of a reg* type, as SQL would write it.
func (s *Session) regOut(o types.OID, id uint32) (string, bool) {
	switch o {
	case types.RegprocOID:
		if p := pgcatalog.ProcByOID(id); p != nil {
			if len(pgcatalog.ProcsByName(p.Name)) > 1 {
				return "pg_catalog." + expr.QuoteIdent(p.Name), true
			}
			return expr.QuoteIdent(p.Name), true
		}
		return "", false
	case types.RegprocedureOID:
		if p := pgcatalog.ProcByOID(id); p != nil {
			return expr.QuoteIdent(p.Name) + "(" + signature(p.Args) + ")", true
		}
		return "", false
	case types.RegoperOID, types.RegoperatorOID:
		return operatorOut(o, id)
	case types.RegroleOID:
		for _, r := range s.roles() {
			if uint32(r.ID) == id {
				return expr.QuoteIdent(r.Name), true
			}
		}
		return "", false
	case types.RegtypeOID:
		if in, ok := types.Lookup(types.OID(id)); ok {
			return in.SQLName, true
		}
		if rel, ok := pgcatalog.RowTypeOf(catalog.ID(id)); ok && s.Catalog().TableByID(rel) != nil {
			return expr.RegOut(s, types.RegclassOID, int64(rel)), true
		}
		return "", false
	}
	name := expr.RegOut(s, o, int64(id))
	return name, strings.Trim(name, "0123456789") != ""
}

func signature(args []types.OID) string {
	names := make([]string, len(args))
	for i, a := range args {
		names[i] = a.String()
	}
	return strings.Join(names, ",")
}

func operatorOut(o types.OID, id uint32) (string, bool) {
	same, found := 0, -1
	ops := pgcatalog.Operators()
	for i := range ops {
		if ops[i].OID == id {
			found = i
		}
	}
	if found < 0 {
		return "", false
	}
	op := ops[found]
	if o == types.RegoperatorOID {
		left := "NONE"
		if op.Left != 0 {
			left = op.Left.String()
		}
		return op.Name + "(" + left + "," + op.Right.String() + ")", true
	}
	for i := range ops {
		if ops[i].Name == op.Name {
			same++
		}
	}
	if same > 1 {
		return "pg_catalog." + op.Name, true
	}
	return op.Name, true
}

// roles lists all roles. An error of the store is met by whoever reads pg_roles;
// here the roles have no names then.
func (s *Session) roles() []catalog.Role {
	if s.txn == nil {
		return []catalog.Role{{ID: catalog.BootstrapRoleID, Name: catalog.BootstrapRole}}
	}
	all, _ := pgcatalog.Roles(&systemSource{s: s, sc: s.schemaNow()})
	return all
}

// regIn finds an object by the name that a value of a reg* type gives it.
func (s *Session) regIn(o types.OID, name string) (uint32, error) {
	name = strings.TrimSpace(name)
	switch o {
	case types.RegprocOID, types.RegprocedureOID:
		return procIn(o, name)
	case types.RegoperOID, types.RegoperatorOID:
		return operatorIn(o, name)
	case types.RegroleOID:
		want := unquoted(name)
		for _, r := range s.roles() {
			if r.Name == want {
				return uint32(r.ID), nil
			}
		}
		return 0, sqlerr.New(sqlerr.UndefinedObject, "role %q does not exist", want)
	case types.RegcollationOID:
		switch unquoted(strings.TrimPrefix(name, "pg_catalog.")) {
		case "default":
			return 100, nil
		case "C":
			return 950, nil
		case "POSIX":
			return 951, nil
		}
		return 0, sqlerr.New(sqlerr.UndefinedObject, "collation %q for encoding \"UTF8\" does not exist", name)
	}
	d, err := expr.RegIn(s, name, o)
	if err != nil {
		if o == types.RegtypeOID {
			// A table's name is that of its row type.
			if parts, e := expr.SplitIdent(name); e == nil {
				if id := expr.FindRelation(s, parts); id != 0 && s.Catalog().TableByID(id) != nil {
					return uint32(pgcatalog.RowType(id)), nil
				}
			}
		}
		return 0, err
	}
	return uint32(d.Int()), nil
}

// unquoted reads one identifier.
func unquoted(name string) string {
	if parts, err := expr.SplitIdent(name); err == nil {
		return parts[len(parts)-1]
	}
	return name
}

func procIn(o types.OID, name string) (uint32, error) {
	fn, args, hasArgs := strings.Cut(name, "(")
	found := pgcatalog.ProcsByName(unquoted(fn))
	if o == types.RegprocOID {
		switch {
		case len(found) == 0 || hasArgs:
			return 0, sqlerr.New(sqlerr.UndefinedFunction, "function %q does not exist", name)
		case len(found) > 1:
			return 0, sqlerr.New(sqlerr.AmbiguousFunction, "more than one function named %q", name)
		}
		return found[0].OID, nil
	}
	if !hasArgs || !strings.HasSuffix(args, ")") {
		return 0, sqlerr.New(sqlerr.InvalidTextRepresentation, "expected a left parenthesis")
	}
	var want []types.OID
	if args = strings.TrimSpace(strings.TrimSuffix(args, ")")); args != "" {
		for a := range strings.SplitSeq(args, ",") {
			t, err := types.ParseTypeName(strings.TrimSpace(a))
			if err != nil {
				return 0, err
			}
			want = append(want, t.OID)
		}
	}
	for _, p := range found {
		if signature(p.Args) == signature(want) {
			return p.OID, nil
		}
	}
	return 0, sqlerr.New(sqlerr.UndefinedFunction, "function %q does not exist", name)
}

func operatorIn(o types.OID, name string) (uint32, error) {
	op, args, _ := strings.Cut(strings.TrimPrefix(name, "pg_catalog."), "(")
	var found []pgcatalog.Operator
	for _, x := range pgcatalog.Operators() {
		if x.Name != op {
			continue
		}
		if o == types.RegoperatorOID && !sameOperands(args, x) {
			continue
		}
		found = append(found, x)
	}
	switch {
	case len(found) == 0:
		return 0, sqlerr.New(sqlerr.UndefinedFunction, "operator does not exist: %s", name)
	case len(found) > 1:
		return 0, sqlerr.New(sqlerr.AmbiguousFunction, "more than one operator named %s", name)
	}
	return found[0].OID, nil
}

// sameOperands compares "left,right)" with the operands of x.
func sameOperands(args string, x pgcatalog.Operator) bool {
	left, right, ok := strings.Cut(strings.TrimSuffix(args, ")"), ",")
	if !ok {
		return false
	}
	is := func(name string, o types.OID) bool {
		if name = strings.TrimSpace(name); o == 0 || strings.EqualFold(name, "none") {
			return o == 0 && strings.EqualFold(name, "none")
		}
		t, err := types.ParseTypeName(name)
		return err == nil && t.OID == o
	}
	return is(left, x.Left) && is(right, x.Right)
}
