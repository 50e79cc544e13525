package expr

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/minisql/minisql/types"
)

// catalogRows reads one of PostgreSQL's system catalogs as the catalog room keeps it.
func catalogRows(t *testing.T, name string) [][]string {
	b, err := os.ReadFile("../../catalog/pgcatalog/data/" + name + ".tsv")
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	for _, line := range strings.Split(strings.TrimSuffix(string(b), "\n"), "\n") {
		rows = append(rows, strings.Split(line, "\t"))
	}
	return rows
}

func oidList(args []types.OID) string {
	var s []string
	for _, a := range args {
		s = append(s, strconv.Itoa(int(a)))
	}
	return strings.Join(s, " ")
}

// Columns of pg_proc.
const (
	procName     = 1
	procKind     = 9
	procStrict   = 12
	procSet      = 13
	procVolatile = 14
	procDefaults = 17
	procRet      = 18
	procArgs     = 19
)

// Functions that PostgreSQL's grammar makes of key words, or that have another
// type there because minisql lacks it.
var notInPgProc = map[string]bool{
	"current_timestamp": true, "current_time": true, "current_date": true, "localtime": true, "localtimestamp": true,
	"current_role": true, "user": true, "current_catalog": true, "inet_client_addr": true, "inet_server_addr": true,
	"_pg_expandarray": true,
}

// Functions that depend on the session's time zone, and so must not be folded
// into a plan that sessions share, although PostgreSQL calls them immutable.
var zoned = map[string]bool{"age(timestamp with time zone, timestamp with time zone)": true}

// TestFunctionsAreThoseOfPgProc compares every signature with pg_proc.
func TestFunctionsAreThoseOfPgProc(t *testing.T) {
	procs := make(map[string][]string)
	for _, r := range catalogRows(t, "pg_proc") {
		procs[r[procName]+"("+r[procArgs]+")"] = r
	}
	volatility := map[Volatility]string{Immutable: "i", Stable: "s", Volatile: "v"}
	for name, fs := range functions {
		for _, f := range fs {
			if notInPgProc[name] {
				continue
			}
			args := slices.Clone(f.Args)
			if last := len(args) - 1; f.Variadic && args[last] != types.AnyOID {
				args[last], _ = types.ArrayOf(args[last])
			}
			r := procs[name+"("+oidList(args)+")"]
			if r == nil {
				t.Errorf("%s is not in pg_proc", f.Signature())
				continue
			}
			check := func(what, have, want string) {
				if have != want {
					t.Errorf("%s: %s is %s, want %s", f.Signature(), what, have, want)
				}
			}
			check("kind", "f", r[procKind])
			check("strict", map[bool]string{true: "t", false: "f"}[f.Strict], r[procStrict])
			check("set", map[bool]string{true: "t", false: "f"}[f.SRF != nil], r[procSet])
			if !zoned[f.Signature()] {
				check("volatility", volatility[f.Vol], r[procVolatile])
			}
			check("result", strconv.Itoa(int(f.Ret)), r[procRet])
			check("defaults", strconv.Itoa(f.Defaults), r[procDefaults])
		}
	}
	for name, as := range aggregates {
		for _, a := range as {
			r := procs[name+"("+oidList(a.Args)+")"]
			if r == nil || r[procKind] != "a" || r[procRet] != strconv.Itoa(int(a.Ret)) {
				t.Errorf("aggregate %s with result %s: pg_proc has %v", Signature(name, a.Args), a.Ret, r)
			}
		}
	}
}

// TestOperatorsAreThoseOfPgOperator compares every operator with pg_operator.
func TestOperatorsAreThoseOfPgOperator(t *testing.T) {
	known := make(map[string]string)
	for _, r := range catalogRows(t, "pg_operator") {
		known[r[1]+" "+r[7]+" "+r[8]] = r[9]
	}
	for symbol, fs := range operators {
		for _, f := range fs {
			left, right := "0", f.Args[len(f.Args)-1]
			if len(f.Args) == 2 {
				left = strconv.Itoa(int(f.Args[0]))
			}
			if ret := known[symbol+" "+left+" "+strconv.Itoa(int(right))]; ret != strconv.Itoa(int(f.Ret)) {
				t.Errorf("operator %s with result %s: pg_operator has %q", Signature(symbol, f.Args), f.Ret, ret)
			}
		}
	}
}
