package expr

import (
	"strings"
	"unicode/utf8"

	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// The functions over regular expressions.

func init() {
	def("regexp_like(text, text) bool", func(s, p string) (bool, error) { return matchRegexp(s, p, "") })
	def("regexp_like(text, text, text) bool", func(a []types.Datum) (types.Datum, error) {
		flags, err := regexFlags(a[2].Text(), "regexp_like()")
		if err != nil {
			return types.Null, err
		}
		is, err := matchRegexp(a[0].Text(), a[1].Text(), flags)
		return types.NewBool(is), err
	})
	def("textregexeq(text, text) bool", func(s, p string) (bool, error) { return matchRegexp(s, p, "") })

	def("substring(text, text) text", func(a, b types.Datum) (types.Datum, error) { return substringRegexp(a.Text(), b.Text()) })
	def("substring(text, text, text) text", func(a []types.Datum) (types.Datum, error) {
		p, err := similarPattern(a[1].Text(), a[2].Text())
		if err != nil {
			return types.Null, err
		}
		return substringRegexp(a[0].Text(), p)
	})

	defAs(regexpMatch, "regexp_match(text, text) _text", "regexp_match(text, text, text) _text")
	defAs(regexpMatches, "regexp_matches(text, text) _text", "regexp_matches(text, text, text) _text")
	split := func(a []types.Datum, name string) ([]types.Datum, error) {
		re, err := compileWith(a, 2, name)
		if err != nil {
			return nil, err
		}
		return re.split(a[0].Text()), nil
	}
	defAs(func(a []types.Datum) (types.Datum, error) {
		parts, err := split(a, "regexp_split_to_array()")
		return types.MakeArray(types.TextOID.Type(), parts), err
	}, "regexp_split_to_array(text, text) _text", "regexp_split_to_array(text, text, text) _text")
	defAs(func(_ *CallCtx, a []types.Datum) (Rows, error) {
		parts, err := split(a, "regexp_split_to_table()")
		return listRows(parts), err
	}, "regexp_split_to_table(text, text) text", "regexp_split_to_table(text, text, text) text")

	def("regexp_replace(text, text, text) text", func(a []types.Datum) (types.Datum, error) {
		return regexpReplace(a, "", 1, 1)
	})
	def("regexp_replace(text, text, text, text) text", func(a []types.Datum) (types.Datum, error) {
		flags := a[3].Text()
		if flags != "" && flags[0] >= '0' && flags[0] <= '9' {
			return types.Null, sqlerr.New(sqlerr.InvalidParameterValue, `invalid regular expression option: "%s"`, flags[:1]).
				WithHint("If you meant to use regexp_replace() with a start parameter, cast the fourth argument to integer explicitly.")
		}
		n := int64(1)
		if strings.Contains(flags, "g") {
			n = 0
		}
		return regexpReplace(a, flags, 1, n)
	})
	def("regexp_replace(text, text, text, int4) text", func(a []types.Datum) (types.Datum, error) {
		return regexpReplace(a, "", a[3].Int(), 1)
	})
	def("regexp_replace(text, text, text, int4, int4) text", func(a []types.Datum) (types.Datum, error) {
		return regexpReplace(a, "", a[3].Int(), a[4].Int())
	})
	def("regexp_replace(text, text, text, int4, int4, text) text", func(a []types.Datum) (types.Datum, error) {
		return regexpReplace(a, a[5].Text(), a[3].Int(), a[4].Int())
	})

	defAs(func(a []types.Datum) (types.Datum, error) {
		start, err := startParameter(a, 2)
		if err != nil {
			return types.Null, err
		}
		re, err := compileWith(a, 3, "regexp_count()")
		if err != nil {
			return types.Null, err
		}
		n := int64(0)
		re.each(a[0].Text(), start, func([]int) bool { n++; return true })
		return types.NewInt(n), nil
	}, "regexp_count(text, text) int4", "regexp_count(text, text, int4) int4", "regexp_count(text, text, int4, text) int4")

	substr := func(a []types.Datum) (types.Datum, error) {
		if err := checkNth(a, 5); err != nil {
			return types.Null, err
		}
		re, err := compileWith(a, 4, "regexp_substr()")
		if err != nil {
			return types.Null, err
		}
		loc, err := re.nth(a, 5)
		if err != nil || loc == nil || loc[0] < 0 {
			return types.Null, err
		}
		return types.NewText(a[0].Text()[loc[0]:loc[1]]), nil
	}
	defAs(substr, "regexp_substr(text, text) text", "regexp_substr(text, text, int4) text", "regexp_substr(text, text, int4, int4) text",
		"regexp_substr(text, text, int4, int4, text) text", "regexp_substr(text, text, int4, int4, text, int4) text")
	instr := func(a []types.Datum) (types.Datum, error) {
		if err := checkNth(a[:min(len(a), 4)], 6); err != nil {
			return types.Null, err
		}
		end := 0
		if len(a) > 4 {
			if end = int(a[4].Int()); end < 0 || end > 1 {
				return types.Null, badParameter("endoption", a[4].Int())
			}
		}
		if err := checkNth(a, 6); err != nil {
			return types.Null, err
		}
		re, err := compileWith(a, 5, "regexp_instr()")
		if err != nil {
			return types.Null, err
		}
		loc, err := re.nth(a, 6)
		if err != nil {
			return types.Null, err
		}
		if loc == nil || loc[0] < 0 {
			return types.NewInt(0), nil
		}
		return types.NewInt(int64(utf8.RuneCountInString(a[0].Text()[:loc[end]])) + 1), nil
	}
	defAs(instr, "regexp_instr(text, text) int4", "regexp_instr(text, text, int4) int4", "regexp_instr(text, text, int4, int4) int4",
		"regexp_instr(text, text, int4, int4, int4) int4", "regexp_instr(text, text, int4, int4, int4, text) int4",
		"regexp_instr(text, text, int4, int4, int4, text, int4) int4")
}

func matchRegexp(s, p, flags string) (bool, error) {
	re, err := compileRegex(p, flags)
	if err != nil {
		return false, err
	}
	return re.MatchString(s), nil
}

// regexFlags checks option letters and leaves out g; a function that does not
// offer g passes its name.
func regexFlags(flags, refuses string) (string, error) {
	for _, f := range flags {
		switch f {
		case 'g':
			if refuses != "" {
				err := sqlerr.New(sqlerr.InvalidParameterValue, `%s does not support the "global" option`, refuses)
				if refuses == "regexp_match()" {
					err = err.WithHint("Use the regexp_matches function instead.")
				}
				return "", err
			}
		case 'b', 'c', 'e', 'i', 'm', 'n', 'p', 'q', 's', 't', 'w', 'x':
		default:
			return "", sqlerr.New(sqlerr.InvalidParameterValue, `invalid regular expression option: "%c"`, f)
		}
	}
	return strings.ReplaceAll(flags, "g", ""), nil
}

// compileWith compiles args[1] with the options in args[at], if there are that many.
func compileWith(args []types.Datum, at int, refuses string) (*regex, error) {
	flags := ""
	if at < len(args) {
		var err error
		if flags, err = regexFlags(args[at].Text(), refuses); err != nil {
			return nil, err
		}
	}
	return compileRegex(args[1].Text(), flags)
}

func badParameter(name string, n int64) error {
	return sqlerr.New(sqlerr.InvalidParameterValue, `invalid value for parameter "%s": %d`, name, n)
}

// startParameter reads the position args[at] and returns it as a byte offset in
// args[0]; one beyond the end finds nothing.
func startParameter(args []types.Datum, at int) (int, error) {
	if at >= len(args) {
		return 0, nil
	}
	n := args[at].Int()
	if n <= 0 {
		return 0, badParameter("start", n)
	}
	s := args[0].Text()
	if n > int64(utf8.RuneCountInString(s))+1 {
		return len(s) + 1, nil
	}
	return skipRunes(s, n-1), nil
}

// each hands on the matches from a byte offset on until f returns false. After
// an empty match the search goes on one character later.
func (r *regex) each(s string, from int, f func(loc []int) bool) {
	if r.context {
		for _, loc := range r.FindAllStringSubmatchIndex(s, -1) {
			if loc[0] >= from && !f(loc) {
				return
			}
		}
		return
	}
	for from <= len(s) {
		loc := r.FindStringSubmatchIndex(s[from:])
		if loc == nil {
			return
		}
		for i := range loc {
			if loc[i] >= 0 {
				loc[i] += from
			}
		}
		if !f(loc) {
			return
		}
		from = loc[1]
		if loc[0] == loc[1] {
			if from == len(s) {
				return
			}
			from += nextRune(s[from:])
		}
	}
}

// checkNth checks the parameters of nth, which come before the pattern is looked at.
func checkNth(args []types.Datum, sub int) error {
	for i, name := range map[int]string{2: "start", 3: "n"} {
		if len(args) > i && args[i].Int() <= 0 && (i == 2 || args[2].Int() > 0) {
			return badParameter(name, args[i].Int())
		}
	}
	if len(args) > sub && args[sub].Int() < 0 {
		return badParameter("subexpr", args[sub].Int())
	}
	return nil
}

// nth returns the bounds of what regexp_substr and regexp_instr look for; nil if
// it is not there. args[2] is the start, args[3] the number of the match,
// args[sub] that of the subexpression.
func (r *regex) nth(args []types.Datum, sub int) ([]int, error) {
	start, err := startParameter(args, 2)
	if err != nil {
		return nil, err
	}
	n, group := int64(1), int64(0)
	if len(args) > 3 {
		n = args[3].Int()
	}
	if len(args) > sub {
		group = args[sub].Int()
	}
	if group > int64(r.NumSubexp()) {
		return nil, nil
	}
	var found []int
	r.each(args[0].Text(), start, func(loc []int) bool {
		n--
		if n == 0 {
			found = loc[2*group : 2*group+2]
		}
		return n > 0
	})
	return found, nil
}

// groups returns the texts of a match's subexpressions, or its own if there are none.
func groups(s string, loc []int) types.Datum {
	if len(loc) > 2 {
		loc = loc[2:]
	}
	var out []types.Datum
	for i := 0; i < len(loc); i += 2 {
		if loc[i] < 0 {
			out = append(out, types.Null)
		} else {
			out = append(out, types.NewText(s[loc[i]:loc[i+1]]).Clone())
		}
	}
	return types.MakeArray(types.TextOID.Type(), out)
}

func substringRegexp(s, p string) (types.Datum, error) {
	re, err := compileRegex(p, "")
	if err != nil {
		return types.Null, err
	}
	loc := re.FindStringSubmatchIndex(s)
	if loc == nil {
		return types.Null, nil
	}
	if len(loc) > 2 {
		loc = loc[2:]
	}
	if loc[0] < 0 {
		return types.Null, nil
	}
	return types.NewText(s[loc[0]:loc[1]]), nil
}

func regexpMatch(a []types.Datum) (types.Datum, error) {
	re, err := compileWith(a, 2, "regexp_match()")
	if err != nil {
		return types.Null, err
	}
	if loc := re.FindStringSubmatchIndex(a[0].Text()); loc != nil {
		return groups(a[0].Text(), loc), nil
	}
	return types.Null, nil
}

func regexpMatches(_ *CallCtx, a []types.Datum) (Rows, error) {
	re, err := compileWith(a, 2, "")
	if err != nil {
		return nil, err
	}
	all := len(a) > 2 && strings.Contains(a[2].Text(), "g")
	var out []types.Datum
	re.each(a[0].Text(), 0, func(loc []int) bool {
		out = append(out, groups(a[0].Text(), loc))
		return all
	})
	return listRows(out), nil
}

// split cuts s at the matches; an empty match at either end, or right behind
// another match, does not count.
func (r *regex) split(s string) []types.Datum {
	var parts []types.Datum
	done, last := 0, 0
	r.each(s, 0, func(loc []int) bool {
		if loc[0] < len(s) && loc[1] > last {
			parts = append(parts, types.NewText(s[done:loc[0]]).Clone())
			done = loc[1]
		}
		last = loc[1]
		return true
	})
	return append(parts, types.NewText(s[done:]).Clone())
}

// regexpReplace replaces match number n from a position on, all of them if n is 0.
func regexpReplace(a []types.Datum, flags string, start, n int64) (types.Datum, error) {
	if start <= 0 {
		return types.Null, badParameter("start", start)
	}
	if n < 0 {
		return types.Null, badParameter("n", n)
	}
	flags, err := regexFlags(flags, "")
	if err != nil {
		return types.Null, err
	}
	re, err := compileRegex(a[1].Text(), flags)
	if err != nil {
		return types.Null, err
	}
	s, with := a[0].Text(), a[2].Text()
	if start > int64(utf8.RuneCountInString(s))+1 {
		return a[0], nil
	}
	from := skipRunes(s, start-1)
	var b strings.Builder
	done, count := 0, int64(0)
	re.each(s, from, func(loc []int) bool {
		if count++; n > 0 && count != n {
			return true
		}
		b.WriteString(s[done:loc[0]])
		appendReplacement(&b, s, with, loc)
		done = loc[1]
		return n == 0
	})
	b.WriteString(s[done:])
	return types.NewText(b.String()), nil
}

// appendReplacement writes with, where \1…\9 and \& stand for parts of the match.
func appendReplacement(b *strings.Builder, s, with string, loc []int) {
	for {
		i := strings.IndexByte(with, '\\')
		if i < 0 || i+1 >= len(with) {
			b.WriteString(with)
			return
		}
		b.WriteString(with[:i])
		c, group := with[i+1], -1
		switch {
		case c == '&':
			group = 0
		case c >= '1' && c <= '9':
			group = int(c - '0')
		case c == '\\':
			b.WriteByte('\\')
		default:
			b.WriteByte('\\')
			with = with[i+1:]
			continue
		}
		if group >= 0 && 2*group < len(loc) && loc[2*group] >= 0 {
			b.WriteString(s[loc[2*group]:loc[2*group+1]])
		}
		with = with[i+2:]
	}
}
