package expr

import (
	"math/big"
	"strings"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// Functions about the session: who it is, its settings, sequences, names.

// Version is the answer of version().
var Version = "PostgreSQL 15.0 (minisql)"

func init() {
	text := func(f func(s Session) string) func(c *Ctx) (types.Datum, error) {
		return func(c *Ctx) (types.Datum, error) {
			s, err := c.session()
			if err != nil {
				return types.Null, err
			}
			return types.NewText(f(s)), nil
		}
	}
	defStable(text(Session.User), "current_user() name", "current_role() name", "user() name")
	defStable(text(Session.SessionUser), "session_user() name")
	defStable(text(Session.Database), "current_catalog() name", "current_database() name")
	defStable(func(c *Ctx) (types.Datum, error) {
		s, err := c.session()
		if err != nil {
			return types.Null, err
		}
		if path := s.SearchPath(); len(path) > 0 {
			return types.NewText(path[0]), nil
		}
		return types.Null, nil
	}, "current_schema() name")
	defStable(func(c *Ctx, implicit types.Datum) (types.Datum, error) {
		s, err := c.session()
		if err != nil {
			return types.Null, err
		}
		var out []types.Datum
		named := false
		for _, p := range s.SearchPath() {
			named = named || p == "pg_catalog"
			out = append(out, types.NewText(p))
		}
		if implicit.Bool() && !named {
			out = append([]types.Datum{types.NewText("pg_catalog")}, out...)
		}
		return types.MakeArray(types.NameOID.Type(), out), nil
	}, "current_schemas(bool) _name")
	defStable(func(*Ctx) (types.Datum, error) { return types.NewText(Version), nil }, "version() text")
	defStable(func(c *Ctx) (types.Datum, error) {
		s, err := c.session()
		if err != nil {
			return types.Null, err
		}
		return types.NewInt(int64(s.PID())), nil
	}, "pg_backend_pid() int4")

	setting := func(c *Ctx, name string, missingOK bool) (types.Datum, error) {
		s, err := c.session()
		if err != nil {
			return types.Null, err
		}
		v, ok := s.Setting(name)
		switch {
		case ok:
			return types.NewText(v), nil
		case missingOK:
			return types.Null, nil
		}
		return types.Null, sqlerr.New(sqlerr.UndefinedObject, "unrecognized configuration parameter %q", name)
	}
	defStable(func(c *Ctx, a types.Datum) (types.Datum, error) { return setting(c, a.Text(), false) }, "current_setting(text) text")
	defStable(func(c *Ctx, a, b types.Datum) (types.Datum, error) { return setting(c, a.Text(), b.Bool()) }, "current_setting(text, bool) text")
	f := def("set_config(text, text, bool) text", func(c *CallCtx, a []types.Datum) (types.Datum, error) {
		if a[0].IsNull() {
			return types.Null, sqlerr.New(sqlerr.NullValueNotAllowed, "SET requires parameter name")
		}
		s, err := c.session()
		if err != nil {
			return types.Null, err
		}
		if err := s.SetSetting(a[0].Text(), a[1].Text(), a[2].Bool()); err != nil {
			return types.Null, err
		}
		return setting(c.Ctx, a[0].Text(), true)
	})
	f.Strict, f.Vol = false, Volatile
	defStable(func(c *Ctx) (types.Datum, error) { return setting(c, "client_encoding", false) }, "pg_client_encoding() name")
	defStable(func(*Ctx) (types.Datum, error) { return types.NewText("UTF8"), nil }, "getdatabaseencoding() name")
	defStable(func(a types.Datum) (types.Datum, error) {
		if n := a.Int(); n >= 0 && n < int64(len(encodings)) {
			return types.NewText(encodings[n]), nil
		}
		return types.NewText(""), nil
	}, "pg_encoding_to_char(int4) name")
	defStable(func(a types.Datum) (types.Datum, error) {
		name, _ := encodingName(a.Text())
		for i, e := range encodings {
			if e == name {
				return types.NewInt(int64(i)), nil
			}
		}
		return types.NewInt(-1), nil
	}, "pg_char_to_encoding(name) int4")

	for sig, f := range map[string]func(c *CallCtx, s Session, seq *catalog.Table, a []types.Datum) (int64, error){
		"nextval(regclass) int8": func(c *CallCtx, s Session, seq *catalog.Table, _ []types.Datum) (int64, error) {
			return s.NextVal(c.Context, seq)
		},
		"currval(regclass) int8": func(_ *CallCtx, s Session, seq *catalog.Table, _ []types.Datum) (int64, error) {
			return s.CurrVal(seq)
		},
		"setval(regclass, int8) int8": func(c *CallCtx, s Session, seq *catalog.Table, a []types.Datum) (int64, error) {
			return a[1].Int(), s.SetVal(c.Context, seq, a[1].Int(), true)
		},
		"setval(regclass, int8, bool) int8": func(c *CallCtx, s Session, seq *catalog.Table, a []types.Datum) (int64, error) {
			return a[1].Int(), s.SetVal(c.Context, seq, a[1].Int(), a[2].Bool())
		},
	} {
		def(sig, func(c *CallCtx, a []types.Datum) (types.Datum, error) {
			s, seq, err := c.sequence(a[0].Int())
			if err != nil {
				return types.Null, err
			}
			n, err := f(c, s, seq, a)
			return types.NewInt(n), err
		}).Vol = Volatile
	}
	def("lastval() int8", func(c *Ctx) (types.Datum, error) {
		s, err := c.session()
		if err != nil {
			return types.Null, err
		}
		n, err := s.LastVal()
		return types.NewInt(n), err
	}).Vol = Volatile

	for sig, o := range map[string]types.OID{
		"to_regclass(text) regclass": types.RegclassOID, "to_regtype(text) regtype": types.RegtypeOID,
		"to_regnamespace(text) regnamespace": types.RegnamespaceOID, "to_regrole(text) regrole": types.RegroleOID,
		"to_regproc(text) regproc": types.RegprocOID, "to_regprocedure(text) regprocedure": types.RegprocedureOID,
		"to_regoper(text) regoper": types.RegoperOID, "to_regoperator(text) regoperator": types.RegoperatorOID,
		"to_regcollation(text) regcollation": types.RegcollationOID,
	} {
		defStable(func(c *Ctx, a types.Datum) (types.Datum, error) {
			if s := strings.TrimSpace(a.Text()); s == "-" || strings.Trim(s, "0123456789") == "" && o != types.RegclassOID {
				return types.Null, nil // numbers are not names
			}
			d, err := castDatum(c, a, types.TextOID.Type(), o.Type(), true)
			if err == nil {
				return d, nil
			}
			switch sqlerr.CodeOf(err) {
			case sqlerr.UndefinedTable, sqlerr.UndefinedObject, sqlerr.InvalidSchemaName, sqlerr.UndefinedFunction, sqlerr.AmbiguousFunction:
				return types.Null, nil
			}
			return types.Null, err
		}, sig)
	}

	// There are no addresses of type inet, and no jit, triggers or partitions.
	for _, name := range []string{"inet_client_addr", "inet_server_addr"} {
		f := def(name+"() text", func(*Ctx) (types.Datum, error) { return types.Null, nil })
		f.Strict, f.Vol = false, Stable
	}
	for _, name := range []string{"inet_client_port", "inet_server_port"} {
		f := def(name+"() int4", func(*Ctx) (types.Datum, error) { return types.Null, nil })
		f.Strict, f.Vol = false, Stable
	}
	def("pg_jit_available() bool", func(*Ctx) (types.Datum, error) { return types.False, nil }).Vol = Volatile
	defStable(func(*Ctx) (types.Datum, error) { return types.NewInt(0), nil }, "pg_trigger_depth() int4")
	def("pg_partition_ancestors(regclass) regclass", func(*CallCtx, []types.Datum) (Rows, error) { return listRows(nil), nil }).Vol = Volatile
	def("pg_partition_root(regclass) regclass", func(types.Datum) types.Datum { return types.Null })

	def("pg_size_pretty(int8) text", func(a types.Datum) types.Datum { return types.NewText(sizePretty(big.NewInt(a.Int()), "")) })
	def("pg_size_pretty(numeric) text", func(v types.Datum) (types.Datum, error) {
		n := num(v)
		if !n.IsFinite() {
			return types.Null, sqlerr.New(sqlerr.InvalidParameterValue, "cannot convert %s to a size", n)
		}
		whole := n.Trunc(0).Decimal()
		b := whole.Coeff.MathBigInt()
		if whole.Negative {
			b.Neg(b)
		}
		exact := ""
		if n.Abs().Cmp(types.NumericFromInt(10*1024)) < 0 {
			exact = n.String()
		}
		return types.NewText(sizePretty(b, exact)), nil
	})
	def("pg_size_bytes(text) int8", func(a types.Datum) (types.Datum, error) {
		n, err := sizeBytes(a.Text())
		return types.NewInt(n), err
	})

	options := def("pg_options_to_table(_text) record", func(_ *CallCtx, a []types.Datum) (Rows, error) {
		elems := a[0].Array().Elems
		row := make([]types.Datum, 2)
		return func() ([]types.Datum, bool, error) {
			if len(elems) == 0 {
				return nil, false, nil
			}
			name, value, ok := strings.Cut(elems[0].Text(), "=")
			row[0], row[1], elems = types.NewText(name), types.Null, elems[1:]
			if ok {
				row[1] = types.NewText(value)
			}
			return row, true, nil
		}, nil
	})
	options.Vol = Stable
	options.OutNames, options.OutTypes = []string{"option_name", "option_value"}, []types.OID{types.TextOID, types.TextOID}
	expand := def("_pg_expandarray(anyarray) record", func(_ *CallCtx, a []types.Datum) (Rows, error) {
		elems, n := a[0].Array().Elems, int64(0)
		row := make([]types.Datum, 2)
		return func() ([]types.Datum, bool, error) {
			if n == int64(len(elems)) {
				return nil, false, nil
			}
			n++
			row[0], row[1] = elems[n-1], types.NewInt(n)
			return row, true, nil
		}, nil
	})
	expand.OutNames, expand.OutTypes = []string{"x", "n"}, []types.OID{types.Int4OID, types.Int4OID}
}

// sequence finds the sequence with an OID.
func (c *Ctx) sequence(oid int64) (Session, *catalog.Table, error) {
	s, err := c.session()
	if err != nil {
		return nil, nil, err
	}
	t := s.Catalog().TableByID(catalog.ID(oid))
	if t == nil {
		if _, x := s.Catalog().IndexByID(catalog.ID(oid)); x != nil {
			return nil, nil, sqlerr.New(sqlerr.WrongObjectType, "%q is not a sequence", x.Name)
		}
		return nil, nil, sqlerr.New(sqlerr.UndefinedTable, "could not open relation with OID %d", oid)
	}
	if t.Kind != catalog.KindSequence {
		return nil, nil, sqlerr.New(sqlerr.WrongObjectType, "%q is not a sequence", t.Name)
	}
	return s, t, nil
}

// sizePretty writes a size in the largest unit that leaves it below 10240. exact
// is how a size below 10240 bytes is written, if not as n.
func sizePretty(n *big.Int, exact string) string {
	abs := new(big.Int).Abs(n)
	if abs.Cmp(big.NewInt(10*1024)) < 0 {
		if exact == "" {
			exact = n.String()
		}
		return exact + " bytes"
	}
	units := []string{"kB", "MB", "GB", "TB", "PB"}
	// One bit more than the unit is kept, to round halves away from zero.
	abs.Rsh(abs, 9)
	for i, unit := range units {
		if abs.Cmp(big.NewInt(20*1024-1)) < 0 || i == len(units)-1 {
			abs.Add(abs, big.NewInt(1)).Rsh(abs, 1)
			if n.Sign() < 0 {
				abs.Neg(abs)
			}
			return abs.String() + " " + unit
		}
		abs.Rsh(abs, 10)
	}
	return ""
}

// sizeBytes reads what pg_size_pretty writes, and more.
func sizeBytes(s string) (int64, error) {
	t := strings.Trim(s, " \t\n\r\f\v")
	end := 0
	for end < len(t) && (t[end] >= '0' && t[end] <= '9' || t[end] == '.' || end == 0 && (t[end] == '-' || t[end] == '+')) {
		end++
	}
	if strings.Trim(t[:end], "+-.") == "" {
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "invalid size: %q", s)
	}
	if end < len(t) && (t[end] == 'e' || t[end] == 'E') { // an exponent, not the start of a unit
		i := end + 1
		if i < len(t) && (t[i] == '-' || t[i] == '+') {
			i++
		}
		for start := i; i < len(t) && t[i] >= '0' && t[i] <= '9'; i++ {
			if i >= start {
				end = i + 1
			}
		}
	}
	v, err := types.ParseNumeric(t[:end])
	if err != nil {
		return 0, err
	}
	unit := strings.TrimSpace(t[end:])
	shift := -1
	for i, u := range []string{"bytes", "kb", "mb", "gb", "tb", "pb"} {
		if strings.EqualFold(unit, u) || unit == "" && i == 0 {
			shift = 10 * i
			break
		}
	}
	if shift < 0 {
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "invalid size: %q", s).
			WithDetail("Invalid size unit: %q.", unit).
			WithHint(`Valid units are "bytes", "kB", "MB", "GB", "TB", and "PB".`)
	}
	v, err = v.Mul(types.NumericFromInt(1 << shift))
	if err != nil {
		return 0, err
	}
	d, err := types.Cast(types.NewNumeric(v), types.NumericOID.Type(), types.Int8OID.Type(), nil, true)
	return d.Int(), err
}
