package shell

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// boolVars are the variables of psql that are on or off, with how they begin.
var boolVars = map[string]string{
	"AUTOCOMMIT": "on", "ON_ERROR_STOP": "off", "QUIET": "off", "SINGLELINE": "off", "SINGLESTEP": "off",
	"SHOW_ALL_RESULTS": "on", "HIDE_TABLEAM": "off", "HIDE_TOAST_COMPRESSION": "off",
}

// enumVars are those with a list of values. They begin as off or, where that is no
// value, as the first.
var enumVars = map[string][]string{
	"ECHO":              {"none", "errors", "queries", "all"},
	"ECHO_HIDDEN":       {"on", "off", "noexec"},
	"ON_ERROR_ROLLBACK": {"on", "off", "interactive"},
	"VERBOSITY":         {"default", "verbose", "terse", "sqlstate"},
	"SHOW_CONTEXT":      {"errors", "never", "always"},
	"HISTCONTROL":       {"none", "ignorespace", "ignoredups", "ignoreboth"},
	"COMP_KEYWORD_CASE": {"preserve-upper", "lower", "upper", "preserve-lower"},
}

// unsupportedVars would change what the shell does in ways it cannot.
var unsupportedVars = map[string]bool{"FETCH_COUNT": true, "SINGLESTEP": true}

func (sh *Shell) initVars() {
	sh.vars = map[string]string{
		"VERSION": "minisql", "FETCH_COUNT": "0", "HISTSIZE": "500", "IGNOREEOF": "0",
		"PROMPT1": "%/%R%x%# ", "PROMPT2": "%/%R%x%# ", "PROMPT3": ">> ",
		"LAST_ERROR_MESSAGE": "", "LAST_ERROR_SQLSTATE": "00000", "ERROR": "false", "SQLSTATE": "00000", "ROW_COUNT": "0",
		"ENCODING": "UTF8",
	}
	for name, v := range boolVars {
		sh.vars[name] = v
	}
	for name, vs := range enumVars {
		sh.vars[name] = initial(vs)
	}
}

func (sh *Shell) on(name string) bool { return sh.vars[name] == "on" }

// parseBool reads a boolean as psql does, by any unambiguous prefix.
func parseBool(s string) (v, ok bool) {
	l := strings.ToLower(s)
	prefix := func(word string, least int) bool { return len(l) >= least && strings.HasPrefix(word, l) }
	switch {
	case prefix("true", 1), prefix("yes", 1), l == "on", l == "1":
		return true, true
	case prefix("false", 1), prefix("no", 1), prefix("off", 2), l == "0":
		return false, true
	}
	return false, false
}

func validName(name string) bool {
	for i := range len(name) {
		if !isWord(name[i]) {
			return false
		}
	}
	return name != ""
}

// set gives a variable a value, or says why not.
func (sh *Shell) set(name, value string) error {
	if !validName(name) {
		return fmt.Errorf("invalid variable name: \"%s\"", name)
	}
	if _, ok := boolVars[name]; ok {
		if value == "" {
			value = "on"
		}
		v, ok := parseBool(value)
		if !ok {
			return fmt.Errorf("unrecognized value \"%s\" for \"%s\": Boolean expected", value, name)
		}
		value = onOff(v)
	}
	if values, ok := enumVars[name]; ok {
		if value == "" && name == "ECHO_HIDDEN" {
			value = "on"
		}
		if v, ok := parseBool(value); ok && (name == "ECHO_HIDDEN" || name == "ON_ERROR_ROLLBACK") {
			value = onOff(v)
		}
		found := false
		for _, v := range values {
			if strings.EqualFold(v, value) {
				value, found = v, true
			}
		}
		if !found {
			return fmt.Errorf("unrecognized value \"%s\" for \"%s\"\nAvailable values are: %s.", value, name, strings.Join(values, ", "))
		}
	}
	if unsupportedVars[name] && value != "0" && value != "off" {
		return fmt.Errorf("variable %s is not supported", name)
	}
	sh.vars[name] = value
	if name == "QUIET" {
		sh.quiet = value == "on"
	}
	return nil
}

// unset removes a variable; those that steer the shell go back to how they began.
func (sh *Shell) unset(name string) error {
	if !validName(name) {
		return fmt.Errorf("invalid variable name: \"%s\"", name)
	}
	switch {
	case boolVars[name] != "":
		return sh.set(name, "off")
	case enumVars[name] != nil:
		return sh.set(name, initial(enumVars[name]))
	}
	delete(sh.vars, name)
	return nil
}

func onOff(v bool) string {
	if v {
		return "on"
	}
	return "off"
}

// lookup is the text that stands for a decorated variable: :v, :'v', :"v", :{?v}.
func (sh *Shell) lookup(ref string) (string, bool) {
	if strings.HasPrefix(ref, ":{?") {
		_, ok := sh.vars[ref[3:len(ref)-1]]
		return strings.ToUpper(strconv.FormatBool(ok)), true
	}
	v, ok := sh.vars[strings.Trim(ref[1:], `'"`)]
	if !ok {
		return "", false
	}
	switch ref[1] {
	case '\'':
		return quoteLiteral(v), true
	case '"':
		return quoteIdent(v), true
	}
	return v, true
}

func quoteLiteral(s string) string {
	q := "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if strings.Contains(s, `\`) {
		return " E" + strings.ReplaceAll(q, `\`, `\\`)
	}
	return q
}

func quoteIdent(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// initial is the value that a variable of enumVars begins with.
func initial(values []string) string {
	if slices.Contains(values, "off") {
		return "off"
	}
	return values[0]
}
