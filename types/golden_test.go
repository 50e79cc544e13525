package types_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/minisql/minisql/sqlerr"
	. "github.com/minisql/minisql/types"
)

// The expected values of testdata/*.txt were computed by PostgreSQL 15. To recompute
// them: go test ./types -run Golden -oracle 'host=127.0.0.1 port=5432 user=postgres'.
var oracle = flag.String("oracle", "", "connection string of a PostgreSQL 15 that rewrites the expected values")

// TestGolden evaluates the expressions of testdata/*.txt. Each is valid SQL; the line below it, after
// a tab, is its value as text, or the error.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			if *oracle != "" {
				rewrite(t, file)
			}
			runGolden(t, file)
		})
	}
}

func runGolden(t *testing.T, file string) {
	in, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	f := &Format{ExtraFloatDigits: 1, TimeZone: time.UTC}
	expr, cases := "", 0
	for line := range strings.Lines(string(in)) {
		line = strings.TrimSuffix(line, "\n")
		want, isResult := strings.CutPrefix(line, "\t")
		switch {
		case line == "" || line[0] == '#':
		case isResult:
			cases++
			if got := result(expr, f); got != want {
				t.Errorf("%s\n\t got %s\n\twant %s", expr, got, want)
			}
		case strings.HasPrefix(line, "set "):
			set(t, f, line)
		default:
			expr = line
		}
	}
	if cases == 0 {
		t.Error("no cases")
	}
}

func rewrite(t *testing.T, file string) {
	ctx := context.Background()
	conn, err := pgconn.Connect(ctx, *oracle)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "set timezone = 'UTC'").ReadAll(); err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for line := range strings.Lines(string(old)) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "\t") {
			continue
		}
		b.WriteString(line + "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		if strings.HasPrefix(line, "set ") {
			if _, err := conn.Exec(ctx, line).ReadAll(); err != nil {
				t.Fatal(line, err)
			}
			continue
		}
		res, err := conn.Exec(ctx, "select ("+line+")").ReadAll()
		if pe, ok := err.(*pgconn.PgError); ok {
			fmt.Fprintf(&b, "\tERROR %s %s%s\n", pe.Code, pe.Message, detail(pe.Detail, pe.Hint))
		} else if err != nil {
			t.Fatal(line, err)
		} else if v := res[0].Rows[0][0]; v == nil {
			b.WriteString("\tNULL\n")
		} else {
			b.WriteString("\t" + string(v) + "\n")
		}
	}
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func detail(detail, hint string) string {
	s := ""
	if detail != "" {
		s += " | " + detail
	}
	if hint != "" {
		s += " | " + hint
	}
	return s
}

func set(t *testing.T, f *Format, line string) {
	name, value, _ := strings.Cut(strings.TrimPrefix(line, "set "), " = ")
	value = strings.Trim(value, "'")
	switch name {
	case "timezone":
		loc, ok := LoadZone(value)
		if !ok {
			t.Fatal("no zone", value)
		}
		f.TimeZone = loc
	case "datestyle":
		for part := range strings.SplitSeq(value, ", ") {
			switch part {
			case "MDY":
				f.DateOrder = OrderMDY
			case "DMY":
				f.DateOrder = OrderDMY
			case "YMD":
				f.DateOrder = OrderYMD
			default:
				f.DateStyle = map[string]DateStyle{"ISO": StyleISO, "SQL": StyleSQL, "Postgres": StylePostgres, "German": StyleGerman}[part]
			}
		}
	case "intervalstyle":
		f.IntervalStyle = map[string]IntervalStyle{"postgres": IntervalPostgres, "postgres_verbose": IntervalPostgresVerbose,
			"sql_standard": IntervalSQLStandard, "iso_8601": IntervalISO8601}[value]
	case "extra_float_digits":
		f.ExtraFloatDigits, _ = strconv.Atoi(value)
	case "bytea_output":
		f.ByteaEscape = value == "escape"
	default:
		t.Fatal("unknown setting", name)
	}
}

func result(expr string, f *Format) string {
	p := &exprParser{s: expr, f: f}
	d, t, err := p.expr()
	if err == nil && p.s != "" {
		return "cannot read: " + p.s
	}
	if err != nil {
		e := sqlerr.As(err)
		return fmt.Sprintf("ERROR %s %s%s", e.Code, e.Message, detail(e.Detail, e.Hint))
	}
	if d.IsNull() {
		return "NULL"
	}
	if err := roundTrips(t, d, f); err != nil {
		return err.Error()
	}
	return Text(t, d, f)
}

// roundTrips sends a value through binary, value, row and key code.
func roundTrips(t Type, d Datum, f *Format) error {
	same := func(what string, e Datum, err error) error {
		if err != nil {
			return fmt.Errorf("%s of %s: %w", what, Text(t, d, f), err)
		}
		if Text(t, e, f) != Text(t, d, f) {
			return fmt.Errorf("%s of %s gives %s", what, Text(t, d, f), Text(t, e, f))
		}
		return nil
	}
	if t.OID == UnknownOID || t.OID == RecordOID {
		return nil
	}
	b, err := AppendBinary(nil, t, d)
	if err != nil {
		return err
	}
	e, err := ParseBinary(t, b)
	if err := same("binary", e, err); err != nil {
		return err
	}
	e, err = DecodeValue(AppendValue(nil, d), t.OID)
	if err := same("value code", e, err); err != nil {
		return err
	}
	row := NewRowEncoder([]OID{t.OID}).Append(nil, []Datum{d})
	e, err = NewRowDecoder([]OID{t.OID}, nil).Column(row, 0)
	if err := same("row code", e, err); err != nil {
		return err
	}
	if !Comparable(t.OID) {
		return nil
	}
	for _, desc := range []bool{false, true} {
		key := AppendKey(nil, t.OID, d, desc, false)
		e, rest, err := DecodeKey(key, t.OID, desc, false)
		if err != nil || len(rest) != 0 {
			return fmt.Errorf("key code of %s: rest %d, %v", Text(t, d, f), len(rest), err)
		}
		if Compare(t.OID, d, e) != 0 || Hash(t.OID, d) != Hash(t.OID, e) {
			return fmt.Errorf("key code of %s gives %s", Text(t, d, f), Text(t, e, f))
		}
		if rest, err := SkipKey(append(key, 0x77), t.OID, desc, false); err != nil || len(rest) != 1 {
			return fmt.Errorf("skipping the key of %s: rest %d, %v", Text(t, d, f), len(rest), err)
		}
		if KeyExact(t.OID) {
			if err := same("exact key", e, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// exprParser reads 'literal', name(args) and ::type.
type exprParser struct {
	s string
	f *Format
}

var typeRE = regexp.MustCompile(`^::([a-z0-9_" ]+(\([0-9, -]+\))?[a-z ]*(\[\])?)`)
var nameRE = regexp.MustCompile(`^([a-z0-9_]+)\(`)

func (p *exprParser) expr() (Datum, Type, error) {
	var d Datum
	t := UnknownOID.Type()
	p.s = strings.TrimLeft(p.s, " ")
	if m := nameRE.FindStringSubmatch(p.s); m != nil {
		p.s = p.s[len(m[0]):]
		var args []Datum
		var ts []Type
		for p.s != "" && p.s[0] != ')' {
			a, at, err := p.expr()
			if err != nil {
				return Null, t, err
			}
			args, ts = append(args, a), append(ts, at)
			p.s = strings.TrimLeft(p.s, " ")
			p.s = strings.TrimPrefix(strings.TrimPrefix(p.s, ","), "from ")
		}
		p.s = strings.TrimPrefix(p.s, ")")
		fn, ok := functions[m[1]]
		if !ok {
			return Null, t, fmt.Errorf("no function %s", m[1])
		}
		var err error
		if d, t, err = fn(call{args, ts, p.f}); err != nil {
			return Null, t, err
		}
	} else if strings.HasPrefix(p.s, "'") {
		i := 1
		for ; i < len(p.s); i++ {
			if p.s[i] == '\'' {
				if i+1 < len(p.s) && p.s[i+1] == '\'' {
					i++
					continue
				}
				break
			}
		}
		d = NewText(strings.ReplaceAll(p.s[1:i], "''", "'"))
		p.s = p.s[i+1:]
	} else if rest, ok := strings.CutPrefix(p.s, "NULL"); ok {
		p.s = rest
	} else {
		return Null, t, fmt.Errorf("cannot read %s", p.s)
	}
	for {
		m := typeRE.FindStringSubmatch(p.s)
		if m == nil {
			return d, t, nil
		}
		p.s = p.s[len(m[0]):]
		to, err := ParseTypeName(m[1])
		if err != nil {
			return Null, t, err
		}
		if ctx, ok := CastContext(t.OID, to.OID); !ok || ctx == 0 {
			return Null, t, sqlerr.New(sqlerr.CannotCoerce, "cannot cast type %s to %s", t.OID, to.OID)
		}
		if d, err = Cast(d, t, to, p.f, true); err != nil {
			return Null, t, err
		}
		t = to
	}
}

type call struct {
	args []Datum
	ts   []Type
	f    *Format
}

func (c call) zone(i int) *time.Location {
	if c.ts[i].OID != TimestamptzOID {
		return nil
	}
	if c.f.TimeZone == nil {
		return time.UTC
	}
	return c.f.TimeZone
}

func (c call) num(i int) Numeric { v, _ := c.args[i].Numeric(); return v }

func numeric2(op func(a, b Numeric) (Numeric, error)) func(call) (Datum, Type, error) {
	return func(c call) (Datum, Type, error) {
		v, err := op(c.num(0), c.num(1))
		return NewNumeric(v), NumericOID.Type(), err
	}
}

func numeric1(op func(a Numeric) (Numeric, error)) func(call) (Datum, Type, error) {
	return func(c call) (Datum, Type, error) {
		v, err := op(c.num(0))
		return NewNumeric(v), NumericOID.Type(), err
	}
}

func int2op(o OID, op func(o OID, a, b int64) (int64, error)) func(call) (Datum, Type, error) {
	return func(c call) (Datum, Type, error) {
		n, err := op(o, c.args[0].Int(), c.args[1].Int())
		return NewInt(n), o.Type(), err
	}
}

func float2op(o OID, op func(o OID, a, b float64) (float64, error)) func(call) (Datum, Type, error) {
	return func(c call) (Datum, Type, error) {
		n, err := op(o, c.args[0].Float(), c.args[1].Float())
		return NewFloat(n), o.Type(), err
	}
}

func intervals(op func(c call) (Interval, error)) func(call) (Datum, Type, error) {
	return func(c call) (Datum, Type, error) {
		v, err := op(c)
		return NewInterval(v), IntervalOID.Type(), err
	}
}

// stamps is for functions that return the type of one argument.
func stamps(arg int, op func(c call) (int64, error)) func(call) (Datum, Type, error) {
	return func(c call) (Datum, Type, error) {
		n, err := op(c)
		return NewInt(n), c.ts[arg].OID.Type(), err
	}
}

func pure(op func(Numeric) Numeric) func(Numeric) (Numeric, error) {
	return func(v Numeric) (Numeric, error) { return op(v), nil }
}

var functions = map[string]func(call) (Datum, Type, error){
	"numeric_add": numeric2(Numeric.Add), "numeric_sub": numeric2(Numeric.Sub), "numeric_mul": numeric2(Numeric.Mul),
	"numeric_div": numeric2(Numeric.Div), "numeric_mod": numeric2(Numeric.Mod), "numeric_div_trunc": numeric2(Numeric.DivTrunc),
	"numeric_power": numeric2(Numeric.Power), "log": func(c call) (Datum, Type, error) {
		if len(c.args) == 1 {
			v, err := NumericFromInt(10).Log(c.num(0))
			return NewNumeric(v), NumericOID.Type(), err
		}
		return numeric2(Numeric.Log)(c)
	},
	"numeric_exp": numeric1(Numeric.Exp), "numeric_ln": numeric1(Numeric.Ln), "numeric_sqrt": numeric1(Numeric.Sqrt),
	"numeric_abs": numeric1(pure(Numeric.Abs)), "numeric_uminus": numeric1(pure(Numeric.Neg)), "ceil": numeric1(pure(Numeric.Ceil)),
	"floor": numeric1(pure(Numeric.Floor)), "trim_scale": numeric1(pure(Numeric.TrimScale)),
	"gcd": numeric2(func(a, b Numeric) (Numeric, error) { return a.GCD(b), nil }), "lcm": numeric2(Numeric.LCM),
	"div": numeric2(Numeric.DivTrunc),
	"round": func(c call) (Datum, Type, error) {
		return NewNumeric(c.num(0).Round(int(c.args[1].Int()))), NumericOID.Type(), nil
	},
	"trunc": func(c call) (Datum, Type, error) {
		return NewNumeric(c.num(0).Trunc(int(c.args[1].Int()))), NumericOID.Type(), nil
	},
	"width_bucket": func(c call) (Datum, Type, error) {
		n, err := c.num(0).WidthBucket(c.num(1), c.num(2), int32(c.args[3].Int()))
		return NewInt(int64(n)), Int4OID.Type(), err
	},
	"factorial": func(c call) (Datum, Type, error) {
		v, err := Factorial(c.args[0].Int())
		return NewNumeric(v), NumericOID.Type(), err
	},
	"int2pl": int2op(Int2OID, AddInt), "int4pl": int2op(Int4OID, AddInt), "int8pl": int2op(Int8OID, AddInt),
	"int2mi": int2op(Int2OID, SubInt), "int4mi": int2op(Int4OID, SubInt), "int8mi": int2op(Int8OID, SubInt),
	"int2mul": int2op(Int2OID, MulInt), "int4mul": int2op(Int4OID, MulInt), "int8mul": int2op(Int8OID, MulInt),
	"int2div": int2op(Int2OID, DivInt), "int4div": int2op(Int4OID, DivInt), "int8div": int2op(Int8OID, DivInt),
	"int4mod": int2op(Int4OID, func(_ OID, a, b int64) (int64, error) { return ModInt(a, b) }),
	"int4gcd": int2op(Int4OID, GCDInt), "int8lcm": int2op(Int8OID, LCMInt),
	"float8pl": float2op(Float8OID, AddFloat), "float8mi": float2op(Float8OID, SubFloat), "float8mul": float2op(Float8OID, MulFloat),
	"float8div": float2op(Float8OID, DivFloat), "float4pl": float2op(Float4OID, AddFloat), "float4mul": float2op(Float4OID, MulFloat),
	"float4div": float2op(Float4OID, DivFloat),
	"dpow":      float2op(Float8OID, func(_ OID, a, b float64) (float64, error) { return PowFloat(a, b) }),

	"timestamp_pl_interval": stamps(0, func(c call) (int64, error) {
		return AddInterval(c.args[0].Int(), c.args[1].Interval(), c.zone(0))
	}),
	"timestamptz_pl_interval": stamps(0, func(c call) (int64, error) {
		return AddInterval(c.args[0].Int(), c.args[1].Interval(), c.zone(0))
	}),
	"timestamp_mi_interval": stamps(0, func(c call) (int64, error) {
		return SubInterval(c.args[0].Int(), c.args[1].Interval(), c.zone(0))
	}),
	"timestamptz_mi_interval": stamps(0, func(c call) (int64, error) {
		return SubInterval(c.args[0].Int(), c.args[1].Interval(), c.zone(0))
	}),
	"timestamp_mi": intervals(func(c call) (Interval, error) { return SubTimestamps(c.args[0].Int(), c.args[1].Int()) }),
	"age":          intervals(func(c call) (Interval, error) { return Age(c.args[0].Int(), c.args[1].Int(), c.zone(0)) }),
	"date_pli":     stamps(0, func(c call) (int64, error) { return AddDays(c.args[0].Int(), c.args[1].Int()) }),
	"date_mi": func(c call) (Datum, Type, error) {
		n, err := SubDates(c.args[0].Int(), c.args[1].Int())
		return NewInt(n), Int4OID.Type(), err
	},
	"time_pl_interval": stamps(0, func(c call) (int64, error) { return AddTime(c.args[0].Int(), c.args[1].Interval()), nil }),
	"date_bin": stamps(1, func(c call) (int64, error) {
		return DateBin(c.args[0].Interval(), c.args[1].Int(), c.args[2].Int())
	}),
	"date_trunc": func(c call) (Datum, Type, error) {
		if c.ts[1].OID == IntervalOID {
			return intervals(func(c call) (Interval, error) { return TruncInterval(c.args[0].Text(), c.args[1].Interval()) })(c)
		}
		return stamps(1, func(c call) (int64, error) { return TruncTimestamp(c.args[0].Text(), c.args[1].Int(), c.zone(1)) })(c)
	},
	"extract": func(c call) (Datum, Type, error) {
		d, err := Extract(c.ts[1].OID, c.args[0].Text(), c.args[1], c.f)
		return d, NumericOID.Type(), err
	},
	"timezone": func(c call) (Datum, Type, error) {
		loc, err := ZoneForAt(c.args[0].Text())
		if err != nil {
			return Null, Type{}, err
		}
		if c.ts[1].OID == TimestampOID {
			n, err := LocalToUTC(c.args[1].Int(), loc)
			return NewInt(n), TimestamptzOID.Type(), err
		}
		n, err := UTCToLocal(c.args[1].Int(), loc)
		return NewInt(n), TimestampOID.Type(), err
	},
	"interval_pl":  intervals(func(c call) (Interval, error) { return c.args[0].Interval().Add(c.args[1].Interval()) }),
	"interval_mi":  intervals(func(c call) (Interval, error) { return c.args[0].Interval().Sub(c.args[1].Interval()) }),
	"interval_mul": intervals(func(c call) (Interval, error) { return c.args[0].Interval().Mul(c.args[1].Float()) }),
	"interval_div": intervals(func(c call) (Interval, error) { return c.args[0].Interval().Div(c.args[1].Float()) }),
	"interval_um": intervals(func(c call) (Interval, error) {
		v, ok := c.args[0].Interval().Neg()
		if !ok {
			return v, sqlerr.New(sqlerr.DatetimeFieldOverflow, "interval out of range")
		}
		return v, nil
	}),
	"justify_hours":    intervals(func(c call) (Interval, error) { return c.args[0].Interval().JustifyHours() }),
	"justify_days":     intervals(func(c call) (Interval, error) { return c.args[0].Interval().JustifyDays() }),
	"justify_interval": intervals(func(c call) (Interval, error) { return c.args[0].Interval().Justify() }),
	"make_interval": intervals(func(c call) (Interval, error) {
		n := func(i int) int32 { return int32(c.args[i].Int()) }
		return MakeInterval(n(0), n(1), n(2), n(3), n(4), n(5), c.args[6].Float())
	}),
	"make_date": func(c call) (Datum, Type, error) {
		n, err := MakeDate(int(c.args[0].Int()), int(c.args[1].Int()), int(c.args[2].Int()))
		return NewInt(n), DateOID.Type(), err
	},
	"make_time": func(c call) (Datum, Type, error) {
		n, err := MakeTime(int(c.args[0].Int()), int(c.args[1].Int()), c.args[2].Float())
		return NewInt(n), TimeOID.Type(), err
	},
	"to_char": func(c call) (Datum, Type, error) {
		var d Datum
		var err error
		template := c.args[1].Text()
		switch o := c.ts[0].OID; o {
		case TimestampOID, TimestamptzOID:
			d, err = ToCharTimestamp(c.args[0].Int(), c.zone(0), template)
		case IntervalOID:
			d, err = ToCharInterval(c.args[0].Interval(), template)
		case NumericOID:
			d, err = ToCharNumeric(c.num(0), template)
		case Int4OID, Int8OID:
			d, err = ToCharInt(o, c.args[0].Int(), template)
		default:
			d, err = ToCharFloat(o, c.args[0].Float(), template)
		}
		return d, TextOID.Type(), err
	},
	"to_number": func(c call) (Datum, Type, error) {
		d, err := ToNumber(c.args[0].Text(), c.args[1].Text())
		return d, NumericOID.Type(), err
	},
	"to_date": func(c call) (Datum, Type, error) {
		n, err := ToDate(c.args[0].Text(), c.args[1].Text())
		return NewInt(n), DateOID.Type(), err
	},
	"to_timestamp": func(c call) (Datum, Type, error) {
		if len(c.args) == 2 {
			n, err := ToTimestamp(c.args[0].Text(), c.args[1].Text(), c.f.TimeZone)
			return NewInt(n), TimestamptzOID.Type(), err
		}
		n, err := TimestampFromEpoch(c.args[0].Float())
		return NewInt(n), TimestamptzOID.Type(), err
	},
	"least": func(c call) (Datum, Type, error) {
		if Compare(c.ts[0].OID, c.args[0], c.args[1]) <= 0 {
			return c.args[0], c.ts[0], nil
		}
		return c.args[1], c.ts[1], nil
	},
}
