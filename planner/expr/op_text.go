package expr

import (
	"strings"

	"github.com/minisql/minisql/types"
)

// Operators over text: concatenation, patterns, bytewise order, prefixes. The
// left side of a pattern match may be name or bpchar, too.

func init() {
	defOp("|| (text, text) text", func(a, b string) string { return a + b })
	defOp("|| (bytea, bytea) bytea", func(a, b string) string { return a + b })
	f := defOp("|| (text, anynonarray) text", called2(func(c *CallCtx, a, b types.Datum) (types.Datum, error) {
		d, err := castDatum(c.Ctx, b, c.argType(1), types.TextOID.Type(), true)
		return types.NewText(a.Text() + d.Text()), err
	}))
	f.Vol = Stable
	f = defOp("|| (anynonarray, text) text", called2(func(c *CallCtx, a, b types.Datum) (types.Datum, error) {
		d, err := castDatum(c.Ctx, a, c.argType(0), types.TextOID.Type(), true)
		return types.NewText(d.Text() + b.Text()), err
	}))
	f.Vol = Stable

	not := func(f func(a, b string) (bool, error)) func(a, b string) (bool, error) {
		return func(a, b string) (bool, error) {
			is, err := f(a, b)
			return !is, err
		}
	}
	for symbol, match := range map[string]func(a, b string) (bool, error){
		"~~": like, "~~*": ilike, "~": func(s, p string) (bool, error) { return matchRegexp(s, p, "") },
		"~*": func(s, p string) (bool, error) { return matchRegexp(s, p, "i") },
	} {
		for _, left := range []string{"text", "name", "bpchar"} {
			defOp(symbol+" ("+left+", text) bool", match)
			defOp("!"+symbol+" ("+left+", text) bool", not(match))
		}
	}
	defOp("~~ (bytea, bytea) bool", likeBytes)
	defOp("!~~ (bytea, bytea) bool", not(likeBytes))
	defOp("^@ (text, text) bool", strings.HasPrefix)
	for symbol, holds := range map[string]func(c int) bool{
		"~<~":  func(c int) bool { return c < 0 },
		"~<=~": func(c int) bool { return c <= 0 },
		"~>=~": func(c int) bool { return c >= 0 },
		"~>~":  func(c int) bool { return c > 0 },
	} {
		defOp(symbol+" (text, text) bool", func(a, b string) bool { return holds(strings.Compare(a, b)) })
		defOp(symbol+" (bpchar, bpchar) bool", func(a, b string) bool {
			return holds(strings.Compare(strings.TrimRight(a, " "), strings.TrimRight(b, " ")))
		})
	}
}

// called2 makes the form of a two-argument function that needs its call.
func called2(f func(c *CallCtx, a, b types.Datum) (types.Datum, error)) func(c *CallCtx, args []types.Datum) (types.Datum, error) {
	return func(c *CallCtx, args []types.Datum) (types.Datum, error) { return f(c, args[0], args[1]) }
}
