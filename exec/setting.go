package exec

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
	"github.com/minisql/minisql/types"
)

// setting describes one run-time parameter. Those without apply are remembered
// and shown, because clients set them as a matter of course, and have nothing to
// change here; each says so in why.
type setting struct {
	name    string
	def     string
	kind    settingKind
	options []string // of an enum
	min     int64
	max     int64
	unit    string // base unit of an integer: "ms", "kB", or ""
	fixed   bool   // cannot be changed: 55P02
	report  bool   // clients are told of changes (ParameterStatus)
	why     string
	desc    string
	// apply takes over the value, which is valid.
	apply func(s *Session, value string) error
}

type settingKind byte

const (
	kindString settingKind = iota
	kindBool
	kindEnum
	kindInt
	kindReal
)

// ServerVersion is what server_version says: the PostgreSQL whose behaviour is followed.
const (
	ServerVersion    = "15.18"
	ServerVersionNum = "150018"
)

var settingList = []*setting{
	{name: "application_name", report: true, desc: "Sets the application name to be reported in statistics and logs.",
		apply: func(s *Session, v string) error {
			s.mu.Lock()
			s.Application = v
			s.mu.Unlock()
			return nil
		}},
	{name: "bytea_output", def: "hex", kind: kindEnum, options: []string{"escape", "hex"}, desc: "Sets the output format for bytea.",
		apply: func(s *Session, v string) error {
			return s.changeFormat(func(f *types.Format) { f.ByteaEscape = v == "escape" })
		}},
	{name: "check_function_bodies", def: "on", kind: kindBool, why: "there are no functions to check"},
	{name: "client_encoding", def: "UTF8", report: true, desc: "Sets the client's character set encoding.",
		apply: func(_ *Session, v string) error {
			switch strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(v)) {
			case "utf8", "unicode", "sqlascii":
				return nil
			}
			return sqlerr.Unsupported("client_encoding %q", v)
		}},
	{name: "client_min_messages", def: "notice", kind: kindEnum, options: []string{"debug5", "debug4", "debug3", "debug2", "debug1", "debug", "log", "notice", "warning", "error"}, desc: "Sets the message levels that are sent to the client.",
		apply: func(s *Session, v string) error { s.settings.minMessages = v; return nil }},
	{name: "DateStyle", def: "ISO, MDY", report: true, desc: "Sets the display format for date and time values.", apply: applyDateStyle},
	// 0 is not PostgreSQL's default, 1s: a deadlock is found when it arises, and the
	// time only says whose turn it is to fail.
	{name: "deadlock_timeout", def: "0", kind: kindInt, max: 1<<31 - 1, unit: "ms", desc: "Sets the time to wait on a lock before checking for deadlock.",
		apply: func(s *Session, v string) error {
			s.settings.deadlockTimeout = milliseconds(v)
			if s.txn != nil {
				s.txn.SetDeadlockTimeout(s.settings.deadlockTimeout)
			}
			return nil
		}},
	{name: "default_transaction_deferrable", def: "off", kind: kindBool, desc: "Sets the default deferrable status of new transactions.",
		apply: func(s *Session, v string) error { s.settings.deferrable = v == "on"; return nil }},
	{name: "default_transaction_isolation", def: "read committed", kind: kindEnum, options: []string{"serializable", "repeatable read", "read committed", "read uncommitted"}, desc: "Sets the transaction isolation level of each new transaction.",
		apply: func(s *Session, v string) error {
			l, err := levelOf(v)
			s.settings.level = l
			return err
		}},
	{name: "default_transaction_read_only", def: "off", kind: kindBool, report: true, desc: "Sets the default read-only status of new transactions.",
		apply: func(s *Session, v string) error { s.settings.readOnly = v == "on"; return nil }},
	{name: "default_table_access_method", def: "heap", kind: kindEnum, options: []string{"heap"}},
	{name: "default_tablespace", def: "", kind: kindEnum, options: []string{""}},
	{name: "default_toast_compression", def: "pglz", kind: kindEnum, options: []string{"pglz", "lz4"}, why: "values are compressed by the storage engine"},
	{name: "extra_float_digits", def: "1", kind: kindInt, min: -15, max: 3, desc: "Sets the number of digits displayed for floating-point values.",
		apply: func(s *Session, v string) error {
			n, _ := strconv.Atoi(v)
			return s.changeFormat(func(f *types.Format) { f.ExtraFloatDigits = n })
		}},
	{name: "idle_in_transaction_session_timeout", def: "0", kind: kindInt, max: 1<<31 - 1, unit: "ms", desc: "Sets the maximum allowed idle time between queries, when in a transaction.",
		apply: func(s *Session, v string) error { s.settings.idleInTxn = milliseconds(v); return nil }},
	{name: "idle_session_timeout", def: "0", kind: kindInt, max: 1<<31 - 1, unit: "ms", desc: "Sets the maximum allowed idle time between queries, when not in a transaction.",
		apply: func(s *Session, v string) error { s.settings.idleSession = milliseconds(v); return nil }},
	{name: "in_hot_standby", def: "off", kind: kindBool, fixed: true, report: true},
	{name: "integer_datetimes", def: "on", kind: kindBool, fixed: true, report: true},
	{name: "IntervalStyle", def: "postgres", kind: kindEnum, options: []string{"postgres", "postgres_verbose", "sql_standard", "iso_8601"}, report: true, desc: "Sets the display format for interval values.",
		apply: func(s *Session, v string) error {
			style := map[string]types.IntervalStyle{"postgres": types.IntervalPostgres, "postgres_verbose": types.IntervalPostgresVerbose, "sql_standard": types.IntervalSQLStandard, "iso_8601": types.IntervalISO8601}[v]
			return s.changeFormat(func(f *types.Format) { f.IntervalStyle = style })
		}},
	{name: "is_superuser", def: "on", kind: kindBool, fixed: true, report: true},
	{name: "lc_collate", def: "C", fixed: true},
	{name: "lc_ctype", def: "C.UTF-8", fixed: true},
	{name: "lc_messages", def: "C", kind: kindEnum, options: []string{"C", "POSIX", "en_US.UTF-8", ""}},
	{name: "lc_monetary", def: "C", kind: kindEnum, options: []string{"C", "POSIX"}},
	{name: "lc_numeric", def: "C", kind: kindEnum, options: []string{"C", "POSIX"}},
	{name: "lc_time", def: "C", kind: kindEnum, options: []string{"C", "POSIX"}},
	{name: "lock_timeout", def: "0", kind: kindInt, max: 1<<31 - 1, unit: "ms", desc: "Sets the maximum allowed duration of any wait for a lock.",
		apply: func(s *Session, v string) error {
			s.settings.lockTimeout = milliseconds(v)
			if s.txn != nil {
				s.txn.SetLockTimeout(s.settings.lockTimeout)
			}
			return nil
		}},
	{name: "maintenance_work_mem", def: "65536", kind: kindInt, min: 1024, max: 1<<31 - 1, unit: "kB"},
	{name: "max_connections", def: "100", kind: kindInt, fixed: true},
	{name: "max_identifier_length", def: "63", kind: kindInt, fixed: true},
	{name: "max_index_keys", def: "32", kind: kindInt, fixed: true},
	{name: "row_security", def: "on", kind: kindBool, why: "there are no policies"},
	{name: "search_path", def: `"$user", public`, report: false, desc: "Sets the schema search order for names that are not schema-qualified.", apply: applySearchPath},
	{name: "server_encoding", def: "UTF8", fixed: true, report: true},
	{name: "server_version", def: ServerVersion, fixed: true, report: true},
	{name: "server_version_num", def: ServerVersionNum, fixed: true},
	{name: "session_authorization", fixed: true, report: true},
	{name: "standard_conforming_strings", def: "on", kind: kindBool, report: true, desc: "Causes '...' strings to treat backslashes literally.",
		apply: func(_ *Session, v string) error {
			if v == "off" {
				return sqlerr.Unsupported("standard_conforming_strings = off")
			}
			return nil
		}},
	{name: "statement_timeout", def: "0", kind: kindInt, max: 1<<31 - 1, unit: "ms", desc: "Sets the maximum allowed duration of any statement.",
		apply: func(s *Session, v string) error { s.settings.statementTimeout = milliseconds(v); return nil }},
	{name: "synchronous_commit", def: "on", kind: kindEnum, options: []string{"local", "remote_write", "remote_apply", "on", "off"}, desc: "Sets the current transaction's synchronization level.",
		apply: func(s *Session, v string) error {
			s.settings.asyncCommit = v == "off"
			if s.txn != nil {
				s.txn.SetAsyncCommit(s.settings.asyncCommit)
			}
			return nil
		}},
	{name: "synchronize_seqscans", def: "on", kind: kindBool, why: "a scan always starts at the beginning"},
	{name: "synchronize_seqscans", def: "on", kind: kindBool, why: "scans do not follow each other"},
	{name: "array_nulls", def: "on", kind: kindBool}, {name: "backslash_quote", def: "safe_encoding"},
	{name: "escape_string_warning", def: "on", kind: kindBool, why: "standard strings have no escapes to warn of"},
	{name: "quote_all_identifiers", def: "off", kind: kindBool},
	{name: "plan_cache_mode", def: "auto", kind: kindEnum, options: []string{"auto", "force_generic_plan", "force_custom_plan"}},
	{name: "from_collapse_limit", def: "8", kind: kindInt, max: 1 << 30}, {name: "join_collapse_limit", def: "8", kind: kindInt, max: 1 << 30},
	{name: "geqo", def: "on", kind: kindBool},
	{name: "temp_buffers", def: "1024", kind: kindInt, min: 100, max: 1 << 30},
	{name: "TimeZone", def: "UTC", report: true, desc: "Sets the time zone for displaying and interpreting time stamps.", apply: applyTimeZone},
	{name: "transaction_deferrable", def: "off", kind: kindBool},
	{name: "transaction_isolation", def: "read committed", kind: kindEnum, options: []string{"serializable", "repeatable read", "read committed", "read uncommitted"}, desc: "Sets the current transaction's isolation level."},
	{name: "transaction_read_only", def: "off", kind: kindBool, desc: "Sets the current transaction's read-only status."},
	{name: "vacuum_cost_delay", def: "0", kind: kindReal, why: "VACUUM is not throttled"},
	{name: "work_mem", def: "4096", kind: kindInt, min: 64, max: 1<<31 - 1, unit: "kB", desc: "Sets the maximum memory to be used for query workspaces.",
		apply: func(s *Session, v string) error {
			n, _ := strconv.Atoi(v)
			s.settings.workMemBytes = n << 10
			s.settings.epoch++
			return nil
		}},
	{name: "xmlbinary", def: "base64", kind: kindEnum, options: []string{"base64", "hex"}, why: "there is no xml type"},
	{name: "xmloption", def: "content", kind: kindEnum, options: []string{"content", "document"}, why: "there is no xml type"},
	// The planner's switches: PostgreSQL's users set them to steer plans.
	{name: "enable_bitmapscan", def: "on", kind: kindBool, why: "there are no bitmap scans"},
	steer("enable_hashagg", planner.HashAggs, "hashed aggregation plans"),
	steer("enable_hashjoin", planner.HashJoins, "hash join plans"),
	steer("enable_indexonlyscan", planner.IndexOnlyScans, "index-only-scan plans"),
	steer("enable_indexscan", planner.IndexScans, "index-scan plans"),
	steer("enable_material", planner.Materials, "materialization"),
	steer("enable_mergejoin", planner.MergeJoins, "merge join plans"),
	steer("enable_nestloop", planner.NestLoops, "nested-loop join plans"),
	steer("enable_seqscan", planner.SeqScans, "sequential-scan plans"),
	steer("enable_sort", planner.Sorts, "explicit sort steps"),
	{name: "jit", def: "off", kind: kindBool, why: "nothing is compiled at run time"},
	{name: "max_parallel_workers_per_gather", def: "0", kind: kindInt, max: 1024, why: "a statement runs on one core"},
	{name: "random_page_cost", def: "4", kind: kindReal}, {name: "seq_page_cost", def: "1", kind: kindReal},
	{name: "effective_cache_size", def: "524288", kind: kindInt, max: 1<<31 - 1},
	{name: "minisql.max_transaction_size", def: "262144", kind: kindInt, fixed: true, unit: "kB", desc: "Sets the maximum memory for the writes and locks of a transaction."},
	{name: "minisql.detect_anomalies", def: "off", kind: kindEnum, options: []string{"off", "notice", "error"}, desc: "Watches transactions at READ COMMITTED and REPEATABLE READ for what SERIALIZABLE would have prevented.",
		apply: func(s *Session, v string) error {
			s.settings.detect = map[string]txn.Detection{"notice": txn.DetectNotice, "error": txn.DetectError}[v]
			return nil
		}},
	{name: "minisql.deferrable_snapshot", def: "wait", kind: kindEnum, options: []string{"wait", "last_safe"}, desc: "Sets whether SERIALIZABLE READ ONLY DEFERRABLE transactions wait for a safe snapshot or start at the last one.",
		apply: func(s *Session, v string) error { s.wantLastSafe(v == "last_safe"); return nil }},
	{name: "minisql.history_retention", def: "0", kind: kindInt, fixed: true, unit: "ms", desc: "Sets how long past versions are kept."},
}

// steer is the setting that turns a method of the planner off.
func steer(name string, m planner.Methods, what string) *setting {
	desc := "Enables the planner's use of " + what + "."
	return &setting{name: name, def: "on", kind: kindBool, desc: desc, apply: func(s *Session, v string) error {
		s.settings.methodsOff &^= m
		if v == "off" {
			s.settings.methodsOff |= m
		}
		s.settings.epoch++
		return nil
	}}
}

// steering settings are accepted only at their default: they would have no effect.
var steering = map[string]bool{
	"random_page_cost": true, "seq_page_cost": true, "effective_cache_size": true, "maintenance_work_mem": true, "temp_buffers": true,
	"transaction_deferrable": true, "array_nulls": true, "backslash_quote": true, "quote_all_identifiers": true,
	"plan_cache_mode": true, "from_collapse_limit": true, "join_collapse_limit": true, "geqo": true,
}

var settingByName = func() map[string]*setting {
	m := make(map[string]*setting, len(settingList))
	for _, d := range settingList {
		m[strings.ToLower(d.name)] = d
	}
	return m
}()

// settings are the values of a session, and what was worked out from them.
type settings struct {
	values   map[string]string // by lower-case name; what is missing has its default
	session  map[string]string // what RESET goes back to
	locals   []localSetting    // values to restore when the transaction ends
	changed  []localSetting    // values to restore if it rolls back
	epoch    uint64            // moves when plans made before may be wrong
	onReport func(name, value string)

	searchPath       []string
	level            txn.Level
	readOnly         bool
	deferrable       bool
	asyncCommit      bool
	detect           txn.Detection // from the next transaction on
	lastSafe         bool          // likewise
	lockTimeout      time.Duration
	deadlockTimeout  time.Duration
	statementTimeout time.Duration
	idleInTxn        time.Duration
	idleSession      time.Duration
	workMemBytes     int
	methodsOff       planner.Methods
	minMessages      string
}

type localSetting struct {
	name  string
	value string
	had   bool
}

func (g *settings) init(s *Session, layers ...map[string]string) error {
	g.values, g.session = make(map[string]string), make(map[string]string)
	f := *types.DefaultFormat
	f.RegOut, f.RegIn = s.regOut, s.regIn
	s.format = &f
	for _, d := range settingList {
		if d.apply != nil {
			if err := d.apply(s, d.def); err != nil {
				return err
			}
		}
	}
	g.values["session_authorization"] = s.user
	for _, layer := range layers {
		for _, name := range slices.Sorted(maps.Keys(layer)) {
			if err := s.set(name, layer[name], false); err != nil {
				return err
			}
		}
	}
	g.changed = nil
	g.session = maps.Clone(g.values)
	return nil
}

// wantLastSafe keeps count of the sessions for which a safe snapshot has to be kept.
func (s *Session) wantLastSafe(on bool) {
	if on != s.settings.lastSafe {
		s.settings.lastSafe = on
		s.srv.mgr.WantLastSafe(on)
	}
}

func (s *Session) workMem() int { return s.settings.workMemBytes }

// defaults are the options of a new transaction.
func (g *settings) defaults() txn.Options {
	return txn.Options{Level: g.level, ReadOnly: g.readOnly, Deferrable: g.deferrable}
}

func (g *settings) wantsNotice(severity string) bool {
	rank := func(s string) int {
		return slices.Index([]string{"debug5", "debug4", "debug3", "debug2", "debug1", "debug", "log", "notice", "warning", "error"}, s)
	}
	switch severity {
	case "INFO":
		return true
	case "WARNING":
		return rank("warning") >= rank(g.minMessages)
	}
	return rank("notice") >= rank(g.minMessages)
}

// changeFormat gives the session a new format: plans share the old one.
func (s *Session) changeFormat(f func(*types.Format)) error {
	n := *s.format
	f(&n)
	s.format = &n
	s.settings.epoch++
	return nil
}

func levelOf(v string) (txn.Level, error) {
	switch v {
	case "serializable":
		return txn.Serializable, nil
	case "repeatable read":
		return txn.RepeatableRead, nil
	}
	return txn.ReadCommitted, nil
}

func milliseconds(v string) time.Duration {
	n, _ := strconv.ParseInt(v, 10, 64)
	return time.Duration(n) * time.Millisecond
}

func applyTimeZone(s *Session, v string) error {
	loc, ok := types.LoadZone(v)
	if !ok {
		if h, err := strconv.ParseFloat(v, 64); err == nil && h >= -168 && h <= 168 {
			loc, ok = types.FixedZone(int(h*3600)), true
		}
	}
	if !ok {
		return sqlerr.New(sqlerr.InvalidParameterValue, "invalid value for parameter \"TimeZone\": %q", v)
	}
	return s.changeFormat(func(f *types.Format) { f.TimeZone = loc })
}

func applyDateStyle(s *Session, v string) error {
	style, order := s.format.DateStyle, s.format.DateOrder
	for _, w := range strings.FieldsFunc(strings.ToLower(v), func(r rune) bool { return r == ',' || r == ' ' }) {
		switch w {
		case "iso":
			style = types.StyleISO
		case "sql":
			style = types.StyleSQL
		case "postgres":
			style = types.StylePostgres
		case "german":
			style = types.StyleGerman
		case "mdy", "us", "noneuro", "noneuropean":
			order = types.OrderMDY
		case "dmy", "euro", "european":
			order = types.OrderDMY
		case "ymd":
			order = types.OrderYMD
		case "default":
		default:
			return sqlerr.New(sqlerr.InvalidParameterValue, "invalid value for parameter \"DateStyle\": %q", v).WithDetail("Unrecognized key word: %q.", w)
		}
	}
	s.settings.values["datestyle"] = []string{"ISO", "SQL", "Postgres", "German"}[style] + ", " + []string{"MDY", "DMY", "YMD"}[order]
	return s.changeFormat(func(f *types.Format) { f.DateStyle, f.DateOrder = style, order })
}

func applySearchPath(s *Session, v string) error {
	var path []string
	for _, part := range splitList(v) {
		if part == "$user" {
			part = s.user
		}
		if part != "" {
			path = append(path, part)
		}
	}
	s.settings.searchPath = path
	s.settings.epoch++
	return nil
}

// splitList splits a comma-separated list of possibly quoted names.
func splitList(v string) []string {
	var out []string
	for v = strings.TrimSpace(v); v != ""; v = strings.TrimSpace(v) {
		var part string
		if v[0] == '"' {
			var b strings.Builder
			i := 1
			for i < len(v) {
				if v[i] == '"' {
					if i+1 < len(v) && v[i+1] == '"' {
						i++
					} else {
						break
					}
				}
				b.WriteByte(v[i])
				i++
			}
			part = b.String()
			v = v[min(i+1, len(v)):]
		} else {
			i := strings.IndexByte(v, ',')
			if i < 0 {
				i = len(v)
			}
			part, v = strings.ToLower(strings.TrimSpace(v[:i])), v[i:]
		}
		out = append(out, part)
		v = strings.TrimPrefix(strings.TrimSpace(v), ",")
	}
	return out
}

// normalize checks a value and gives it its canonical form.
func (d *setting) normalize(v string) (string, error) {
	invalid := func() error {
		return sqlerr.New(sqlerr.InvalidParameterValue, "invalid value for parameter %q: %q", d.name, v)
	}
	switch d.kind {
	case kindBool:
		b, ok := parseBool(v)
		if !ok {
			return "", sqlerr.New(sqlerr.InvalidParameterValue, "parameter %q requires a Boolean value", d.name)
		}
		if b {
			return "on", nil
		}
		return "off", nil
	case kindEnum:
		for _, o := range d.options {
			if strings.EqualFold(o, v) {
				return o, nil
			}
		}
		if b, ok := parseBool(v); ok {
			for _, o := range d.options {
				if (o == "on" && b) || (o == "off" && !b) {
					return o, nil
				}
			}
		}
		err := sqlerr.New(sqlerr.InvalidParameterValue, "invalid value for parameter %q: %q", d.name, v)
		if len(d.options) > 1 {
			err.WithHint("Available values: %s.", strings.Join(d.options, ", "))
		}
		return "", err
	case kindInt:
		n, ok := parseUnits(v, d.unit)
		if !ok {
			return "", invalid()
		}
		if n < d.min || (d.max != 0 && n > d.max) {
			u := ""
			if d.unit != "" {
				u = " " + d.unit
			}
			return "", sqlerr.New(sqlerr.InvalidParameterValue, "%d%s is outside the valid range for parameter %q (%d .. %d)", n, u, d.name, d.min, d.max)
		}
		return strconv.FormatInt(n, 10), nil
	case kindReal:
		if _, err := strconv.ParseFloat(v, 64); err != nil {
			return "", invalid()
		}
	}
	return v, nil
}

func parseBool(v string) (value, ok bool) {
	l := strings.ToLower(v)
	for _, w := range []struct {
		word  string
		least int
		value bool
	}{{"on", 2, true}, {"off", 2, false}, {"true", 1, true}, {"false", 1, false}, {"yes", 1, true}, {"no", 1, false}, {"1", 1, true}, {"0", 1, false}} {
		if len(l) >= w.least && strings.HasPrefix(w.word, l) {
			return w.value, true
		}
	}
	return false, false
}

// parseUnits reads a number with an optional unit into the base unit.
func parseUnits(v, base string) (int64, bool) {
	v = strings.TrimSpace(v)
	i := 0
	for i < len(v) && (v[i] == '-' || v[i] == '+' || v[i] == '.' || (v[i] >= '0' && v[i] <= '9')) {
		i++
	}
	n, err := strconv.ParseFloat(v[:i], 64)
	if err != nil {
		return 0, false
	}
	unit := strings.TrimSpace(v[i:])
	if unit == "" {
		return int64(n), true
	}
	factors := map[string]float64{}
	switch base {
	case "ms":
		factors = map[string]float64{"us": 0.001, "ms": 1, "s": 1000, "min": 60000, "h": 3600000, "d": 86400000}
	case "kB":
		factors = map[string]float64{"B": 1.0 / 1024, "kB": 1, "MB": 1024, "GB": 1 << 20, "TB": 1 << 30}
	}
	f, ok := factors[unit]
	return int64(n*f + 0.5), ok
}

// set changes a setting, for the transaction only if local.
func (s *Session) set(name, value string, local bool) error {
	key := strings.ToLower(name)
	g := &s.settings
	d := settingByName[key]
	if d == nil {
		if strings.Contains(key, ".") && !strings.HasPrefix(key, "minisql.") {
			// A customized option: any name with a dot, as in PostgreSQL.
			g.remember(key, local)
			g.values[key] = value
			s.settle()
			return nil
		}
		return sqlerr.New(sqlerr.UndefinedObject, "unrecognized configuration parameter %q", name)
	}
	if d.fixed {
		return sqlerr.New(sqlerr.CantChangeRuntimeParam, "parameter %q cannot be changed", d.name)
	}
	v, err := d.normalize(value)
	if err != nil {
		return err
	}
	if steering[key] && v != d.def {
		return sqlerr.Unsupported("%s = %s", d.name, value)
	}
	switch key {
	case "transaction_isolation", "transaction_read_only":
		return s.setTransactionSetting(key, v)
	}
	g.remember(key, local)
	old, had := g.values[key]
	g.values[key] = v
	if d.apply != nil {
		if err := d.apply(s, v); err != nil {
			if had {
				g.values[key] = old
			} else {
				delete(g.values, key)
			}
			return err
		}
	}
	g.tell(d)
	s.settle()
	return nil
}

// settle makes changes outside a transaction final.
func (s *Session) settle() {
	if s.block == idle {
		s.settings.locals, s.settings.changed = s.settings.locals[:0], s.settings.changed[:0]
	}
}

func (g *settings) tell(d *setting) {
	if d.report && g.onReport != nil {
		g.onReport(d.name, g.value(d))
	}
}

func (g *settings) value(d *setting) string {
	if v, ok := g.values[strings.ToLower(d.name)]; ok {
		return v
	}
	return d.def
}

// remember notes the value that a change replaces.
func (g *settings) remember(key string, local bool) {
	v, had := g.values[key]
	if local {
		g.locals = append(g.locals, localSetting{key, v, had})
	}
	g.changed = append(g.changed, localSetting{key, v, had})
}

// restore goes back to earlier values, last change first.
func (s *Session) restore(list []localSetting) {
	g := &s.settings
	for i := len(list) - 1; i >= 0; i-- {
		l := list[i]
		d := settingByName[l.name]
		v := l.value
		if l.had {
			g.values[l.name] = v
		} else {
			delete(g.values, l.name)
			if d != nil {
				v = d.def
			}
		}
		if d != nil {
			if d.apply != nil {
				_ = d.apply(s, v) // it was valid before
			}
			g.tell(d)
		}
	}
}

// endTransaction ends the values that were local to it; a rollback takes all back.
func (g *settings) endTransaction(s *Session, committed bool) {
	if committed {
		s.restore(g.locals)
	} else {
		s.restore(g.changed)
	}
	g.locals, g.changed = g.locals[:0], g.changed[:0]
}

// reset goes back to the session's default.
func (s *Session) reset(name string) error {
	key := strings.ToLower(name)
	d := settingByName[key]
	if d == nil {
		if _, ok := s.settings.values[key]; ok {
			s.settings.remember(key, false)
			s.settings.values[key] = ""
			return nil
		}
		return sqlerr.New(sqlerr.UndefinedObject, "unrecognized configuration parameter %q", name)
	}
	if d.fixed {
		return sqlerr.New(sqlerr.CantChangeRuntimeParam, "parameter %q cannot be changed", d.name)
	}
	v, ok := s.settings.session[key]
	if !ok {
		v = d.def
	}
	return s.set(d.name, v, false)
}

// Setting is what SHOW prints.
func (s *Session) Setting(name string) (string, bool) {
	key := strings.ToLower(name)
	switch key {
	case "transaction_isolation":
		if s.txn != nil {
			return s.txn.Options().Level.String(), true
		}
		v, _ := s.Setting("default_transaction_isolation")
		return v, true
	case "transaction_read_only":
		ro := s.settings.readOnly
		if s.txn != nil {
			ro = s.txn.Options().ReadOnly
		}
		return map[bool]string{true: "on", false: "off"}[ro], true
	}
	if d := settingByName[key]; d != nil {
		return d.display(s.settings.value(d)), true
	}
	v, ok := s.settings.values[key]
	return v, ok
}

// display writes a number with the largest unit that divides it.
func (d *setting) display(v string) string {
	if d.kind != kindInt || d.unit == "" || v == "0" {
		return v
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 0 {
		return v
	}
	steps := []struct {
		unit string
		n    int64
	}{{"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}, {"d", 86400000}}
	if d.unit == "kB" {
		steps = []struct {
			unit string
			n    int64
		}{{"kB", 1}, {"MB", 1024}, {"GB", 1 << 20}, {"TB", 1 << 30}}
	}
	best := steps[0]
	for _, st := range steps {
		if n%st.n == 0 {
			best = st
		}
	}
	return strconv.FormatInt(n/best.n, 10) + best.unit
}

// SetSetting is set_config().
func (s *Session) SetSetting(name, value string, local bool) error { return s.set(name, value, local) }

// SearchPath is the list of schemas to look in: those of the setting that exist.
func (s *Session) SearchPath() []string {
	path, cat := s.settings.searchPath, s.Catalog()
	missing := func(name string) bool { return cat.Schema(name) == nil }
	if !slices.ContainsFunc(path, missing) {
		return path
	}
	return slices.DeleteFunc(slices.Clone(path), missing)
}

// Reported returns the settings that clients are told of, and calls f with each
// change from here on.
func (s *Session) Reported(f func(name, value string)) map[string]string {
	s.settings.onReport = f
	out := make(map[string]string)
	for _, d := range settingList {
		if d.report {
			out[d.name] = s.settings.value(d)
		}
	}
	return out
}

// IdleTimeouts are idle_in_transaction_session_timeout and idle_session_timeout; 0 is none.
func (s *Session) IdleTimeouts() (inTransaction, idle time.Duration) {
	return s.settings.idleInTxn, s.settings.idleSession
}

// setStatement runs SET.
func (s *Session) setStatement(n *parser.SetStmt) error {
	if n.Local && s.block != explicit {
		s.notice("WARNING", sqlerr.New(sqlerr.NoActiveSQLTransaction, "SET LOCAL can only be used in transaction blocks"))
		if s.block == idle {
			return nil
		}
	}
	if n.Default {
		return s.reset(n.Name)
	}
	var parts []string
	for _, v := range n.Values {
		t, err := settingText(v)
		if err != nil {
			return err
		}
		if len(n.Values) > 1 || strings.EqualFold(n.Name, "search_path") {
			if strings.EqualFold(n.Name, "search_path") {
				t = expr.QuoteIdent(t)
			}
		}
		parts = append(parts, t)
	}
	if len(parts) > 1 && !strings.EqualFold(n.Name, "search_path") && !strings.EqualFold(n.Name, "datestyle") {
		return sqlerr.New(sqlerr.InvalidParameterValue, "SET %s takes only one argument", n.Name)
	}
	return s.set(n.Name, strings.Join(parts, ", "), n.Local)
}

func settingText(v parser.Expr) (string, error) {
	switch v := v.(type) {
	case *parser.StringLit:
		return v.Value, nil
	case *parser.IntLit:
		return strconv.FormatInt(v.Value, 10), nil
	case *parser.NumLit:
		return v.Text, nil
	case *parser.BoolLit:
		return strconv.FormatBool(v.Value), nil
	case *parser.TypedLit:
		// SET TIME ZONE INTERVAL '+02:00' HOUR TO MINUTE
		iv, err := types.ParseInterval(v.Value, -1, nil)
		if err != nil {
			return "", err
		}
		return strconv.FormatFloat(float64(iv.Micros)/3.6e9, 'f', -1, 64), nil
	}
	return "", sqlerr.New(sqlerr.SyntaxError, "invalid value for a setting").At(v.Position())
}
