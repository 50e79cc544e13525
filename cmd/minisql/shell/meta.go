package shell

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// cmdResult says what follows from a backslash command.
type cmdResult int

const (
	cmdDone  cmdResult = iota
	cmdSend            // run the buffer
	cmdError           // it failed, and said so
)

// backslash obeys the command at the head of the line, behind its backslash.
func (sh *Shell) backslash() cmdResult {
	s := &sh.scan
	n := 0
	for n < len(s.rest) && !isSpace(s.rest[n]) && s.rest[n] != '\\' && s.rest[n] != '|' {
		n++
	}
	if n == 0 && s.rest != "" && (s.rest[0] == '\\' || s.rest[0] == '|') {
		n = 1 // \\ separates
		if s.rest[0] == '\\' {
			s.rest = s.rest[1:]
			return cmdDone
		}
	}
	// A command may be followed by its argument at once, as \!ls or \?.
	if n > 1 && s.rest[0] == '!' {
		n = 1
	}
	cmd := s.rest[:n]
	s.rest = s.rest[n:]
	switch cmd {
	case "if", "elif", "else", "endif":
		r := sh.conditional(cmd)
		sh.endCommand(cmd, r)
		return r
	}
	if !sh.active() {
		sh.skipArgs()
		if sh.src.interactive {
			sh.errorf(`\%s command ignored; use \endif or Ctrl-C to exit current \if block`, cmd)
		}
		return cmdDone
	}
	r := sh.obey(cmd)
	sh.endCommand(cmd, r)
	return r
}

// endCommand eats what is left of a command's arguments, and its closing \\.
func (sh *Shell) endCommand(cmd string, r cmdResult) {
	for {
		a, ok := sh.arg(argNormal)
		if !ok {
			break
		}
		if r != cmdError {
			sh.warnf("\\%s: extra argument \"%s\" ignored", cmd, a)
		}
	}
	sh.scan.rest = strings.TrimPrefix(sh.scan.rest, `\\`)
}

// argKind is how an argument is read.
type argKind int

const (
	argNormal  argKind = iota
	argName            // as SQL reads names: folded to lower case, "…" is kept as it is
	argFile            // | takes the whole line
	argPattern         // of names: quotes are kept, a semicolon at the end is not
)

// arg reads an argument of a backslash command.
func (sh *Shell) arg(kind argKind) (string, bool) {
	s := &sh.scan
	s.rest = strings.TrimLeft(s.rest, " \t\n\r\v\f")
	if s.rest == "" || s.rest[0] == '\\' {
		return "", false
	}
	if kind == argFile && s.rest[0] == '|' {
		a := strings.TrimRight(s.rest, " \t\r")
		s.rest = ""
		return a, true
	}
	var b strings.Builder
	quoted := 0 // length of b up to which it was quoted
	for s.rest != "" && !isSpace(s.rest[0]) && s.rest[0] != '\\' {
		c := s.rest[0]
		switch {
		case c == '\'':
			s.rest = s.rest[1:]
			if !sh.quotedArg(&b) {
				sh.errorf("unterminated quoted string")
				return "", true
			}
			quoted = b.Len()
		case c == '"':
			end := strings.IndexByte(s.rest[1:], '"')
			if end < 0 {
				sh.errorf("unterminated quoted string")
				s.rest = ""
				return b.String(), true
			}
			text := s.rest[:end+2]
			s.rest = s.rest[end+2:]
			if kind == argName {
				text = text[1 : len(text)-1]
				if strings.HasPrefix(s.rest, `"`) { // a doubled quote stands for one
					text += `"`
				}
			}
			b.WriteString(text)
			quoted = b.Len()
		case c == '`':
			end := strings.IndexByte(s.rest[1:], '`')
			if end < 0 {
				sh.errorf("unterminated quoted string")
				s.rest = ""
				return b.String(), true
			}
			command := s.rest[1 : end+1]
			s.rest = s.rest[end+2:]
			if sh.active() {
				cmd := exec.Command("sh", "-c", command)
				cmd.Stderr = os.Stderr
				out, err := cmd.Output()
				var exit *exec.ExitError
				switch {
				case errors.As(err, &exit): // psql leaves the argument empty as well
				case err != nil:
					sh.errorf("%s: %v", command, err)
				default:
					b.WriteString(strings.TrimSuffix(string(out), "\n"))
				}
			}
			quoted = b.Len()
		case c == ':' && sh.active():
			name, size := variableAt(s.rest)
			value, ok := "", false
			if size > 0 {
				value, ok = sh.lookup(name)
			}
			if !ok {
				size, value = max(size, 1), s.rest[:max(size, 1)]
			}
			s.rest = s.rest[size:]
			b.WriteString(value)
			if ok {
				quoted = b.Len()
			}
		default:
			if kind == argName && c >= 'A' && c <= 'Z' {
				c |= 0x20
			}
			b.WriteByte(c)
			s.rest = s.rest[1:]
		}
	}
	a := b.String()
	for (kind == argName || kind == argPattern) && len(a) > quoted && strings.HasSuffix(a, ";") {
		a = a[:len(a)-1]
	}
	return a, true
}

// quotedArg reads up to the closing ', with the escapes of C.
func (sh *Shell) quotedArg(b *strings.Builder) bool {
	s := &sh.scan
	for i := 0; i < len(s.rest); i++ {
		c := s.rest[i]
		switch {
		case c == '\'' && i+1 < len(s.rest) && s.rest[i+1] == '\'':
			b.WriteByte('\'')
			i++
		case c == '\'':
			s.rest = s.rest[i+1:]
			return true
		case c == '\\' && i+1 < len(s.rest):
			i++
			switch e := s.rest[i]; e {
			case 'n':
				b.WriteByte('\n')
			case 't':
				b.WriteByte('\t')
			case 'r':
				b.WriteByte('\r')
			case 'b':
				b.WriteByte('\b')
			case 'f':
				b.WriteByte('\f')
			default:
				j := i
				for j < len(s.rest) && j < i+3 && s.rest[j] >= '0' && s.rest[j] <= '7' {
					j++
				}
				if v, err := strconv.ParseUint(s.rest[i:j], 8, 8); err == nil {
					b.WriteByte(byte(v))
					i = j - 1
				} else {
					b.WriteByte(e)
				}
			}
		default:
			b.WriteByte(c)
		}
	}
	s.rest = ""
	return false
}

// args reads all arguments.
func (sh *Shell) args() []string {
	var all []string
	for {
		a, ok := sh.arg(argNormal)
		if !ok {
			return all
		}
		all = append(all, a)
	}
}

// skipArgs reads all arguments of a command that is not obeyed.
func (sh *Shell) skipArgs() {
	for {
		if _, ok := sh.arg(argNormal); !ok {
			return
		}
	}
}

// wholeLine takes the rest of the line as it is.
func (sh *Shell) wholeLine() string {
	a := strings.TrimLeft(sh.scan.rest, " \t")
	sh.scan.rest = ""
	return strings.TrimRight(a, " \t\r\n")
}

// obey runs a command that is not one of \if's.
func (sh *Shell) obey(cmd string) cmdResult {
	fail := func(format string, args ...any) cmdResult {
		sh.errorf(`\`+strings.ReplaceAll(cmd, "%", "%%")+": "+format, args...)
		return cmdError
	}
	missing := func() cmdResult { return fail("missing required argument") }
	result := func(err error) cmdResult {
		if err != nil {
			sh.errorf("%v", err)
			return cmdError
		}
		return cmdDone
	}
	boolean := func(name string, now bool) (bool, bool) {
		a, ok := sh.arg(argNormal)
		if !ok {
			return !now, true
		}
		v, ok := parseBool(a)
		if !ok {
			sh.errorf("unrecognized value \"%s\" for \"%s\": Boolean expected", a, name)
		}
		return v, ok
	}
	switch cmd {
	case "a":
		f := string(Unaligned)
		if sh.print.Format != Aligned {
			f = string(Aligned)
		}
		return result(sh.pset("format", f, true, true))
	case "c", "connect":
		return sh.reconnect(cmd)
	case "C":
		a, ok := sh.arg(argNormal)
		return result(sh.pset("title", a, ok, true))
	case "cd":
		dir, ok := sh.arg(argNormal)
		if !ok {
			var err error
			if dir, err = os.UserHomeDir(); err != nil {
				return fail("%v", err)
			}
		}
		if err := os.Chdir(expandHome(dir)); err != nil {
			return fail("could not change directory to \"%s\": %s", dir, reason(err))
		}
	case "conninfo":
		if sh.session == nil {
			fmt.Fprintln(sh.stdout, "You are currently not connected to a database.")
			break
		}
		where := "in memory"
		if p := sh.db.Path(); p != "" {
			where = fmt.Sprintf("in directory \"%s\"", p)
		}
		fmt.Fprintf(sh.stdout, "You are connected to database \"%s\" as user \"%s\" %s.\n", sh.session.Database(), sh.session.User(), where)
	case "copy":
		return sh.copyCommand(sh.wholeLine())
	case "copyright":
		fmt.Fprintln(sh.stdout, "minisql: see the LICENSE file of its distribution.")
	case "echo", "qecho", "warn":
		sh.echo(cmd)
	case "encoding":
		a, ok := sh.arg(argNormal)
		switch {
		case !ok:
			fmt.Fprintln(sh.stdout, sh.vars["ENCODING"])
		case !strings.EqualFold(strings.ReplaceAll(a, "-", ""), "utf8"):
			return fail("encoding \"%s\" is not supported; there is UTF8", a)
		}
	case "errverbose":
		if sh.lastError == nil {
			fmt.Fprintln(sh.stdout, "There is no previous error.")
			break
		}
		sh.errorf("%s", strings.TrimSuffix(sh.lastError("verbose", "always"), "\n"))
	case "f":
		a, ok := sh.arg(argNormal)
		return result(sh.pset("fieldsep", a, ok, true))
	case "g", "gx":
		return sh.g(cmd)
	case "gdesc":
		sh.after.gdesc = true
		return cmdSend
	case "gset":
		prefix, _ := sh.arg(argNormal)
		sh.after.gset = &prefix
		return cmdSend
	case "gexec":
		text := sh.buf.String()
		if strings.TrimSpace(text) == "" {
			text = sh.previous
		}
		sh.clear()
		sh.previous = text
		sh.after.gexec = true
		if !sh.send(text) || !sh.gexec() {
			return cmdError
		}
	case "getenv":
		name, ok := sh.arg(argNormal)
		env, ok2 := sh.arg(argNormal)
		if !ok || !ok2 {
			return missing()
		}
		if v, found := os.LookupEnv(env); found {
			return result(sh.set(name, v))
		}
	case "setenv":
		name, ok := sh.arg(argNormal)
		if !ok {
			return missing()
		}
		if v, ok := sh.arg(argNormal); ok {
			return result(os.Setenv(name, v))
		}
		return result(os.Unsetenv(name))
	case "h", "help":
		sh.sqlHelp(strings.TrimRight(sh.wholeLine(), "; "))
	case "i", "include", "ir", "include_relative":
		path, ok := sh.arg(argNormal)
		if !ok {
			return missing()
		}
		rest := sh.scan.rest
		good := sh.file(path, strings.HasSuffix(cmd, "r") || strings.HasSuffix(cmd, "_relative"))
		sh.scan.rest = rest
		if !good {
			return cmdError
		}
	case "o", "out":
		a, _ := sh.arg(argFile)
		if !sh.redirect(a) {
			return cmdError
		}
	case "p", "print":
		text := sh.buf.String()
		if text == "" {
			text = sh.previous
		}
		if text != "" {
			fmt.Fprintln(sh.stdout, text)
		} else if !sh.quiet {
			fmt.Fprintln(sh.stdout, "Query buffer is empty.")
		}
	case "prompt":
		all := sh.args()
		if len(all) == 0 {
			return missing()
		}
		text := ""
		if len(all) > 1 {
			text = all[0]
		}
		if !sh.src.interactive {
			fmt.Fprint(sh.stdout, text)
		}
		_ = sh.stdout.Flush()
		from := sh.stdin
		if sh.src.interactive {
			from = sh.src
		}
		line, err := from.read(text)
		if err != nil {
			return fail("could not read value for variable")
		}
		return result(sh.set(all[min(1, len(all)-1)], line))
	case "pset":
		name, ok := sh.arg(argNormal)
		if !ok {
			sh.psetAll()
			break
		}
		value, given := sh.arg(argNormal)
		return result(sh.pset(name, value, given, true))
	case "q", "quit":
		sh.quit = true
	case "r", "reset":
		sh.clear()
		if !sh.quiet {
			fmt.Fprintln(sh.stdout, "Query buffer reset (cleared).")
		}
	case "s":
		return sh.history()
	case "set":
		name, ok := sh.arg(argNormal)
		if !ok {
			names := make([]string, 0, len(sh.vars))
			for n := range sh.vars {
				names = append(names, n)
			}
			slices.Sort(names)
			for _, n := range names {
				fmt.Fprintf(sh.stdout, "%s = '%s'\n", n, sh.vars[n])
			}
			break
		}
		return result(sh.set(name, strings.Join(sh.args(), "")))
	case "unset":
		name, ok := sh.arg(argNormal)
		if !ok {
			return missing()
		}
		return result(sh.unset(name))
	case "t":
		a, ok := sh.arg(argNormal)
		return result(sh.pset("tuples_only", a, ok, true))
	case "timing":
		v, ok := boolean(`\timing`, sh.timing)
		if !ok {
			return cmdError
		}
		sh.timing = v
		if !sh.quiet {
			fmt.Fprintf(sh.stdout, "Timing is %s.\n", onOff(v))
		}
	case "watch":
		return sh.watch()
	case "w", "write":
		path, ok := sh.arg(argFile)
		if !ok {
			return missing()
		}
		text := sh.buf.String()
		if text == "" {
			text = sh.previous
		}
		w, closer, err := sh.open(path)
		if err != nil {
			return fail("%s: %s", path, reason(err))
		}
		_, err = fmt.Fprintln(w, text)
		if cerr := closer(); err == nil {
			err = cerr
		}
		return result(err)
	case "x":
		a, ok := sh.arg(argNormal)
		return result(sh.pset("expanded", a, ok, true))
	case "!":
		c := exec.Command("sh", "-c", sh.wholeLine())
		_ = sh.stdout.Flush()
		c.Stdin, c.Stdout, c.Stderr = os.Stdin, sh.opts.Out, sh.opts.Err
		_ = c.Run() // its failure is the command's to report
	case "?":
		sh.skipArgs()
		fmt.Fprint(sh.stdout, commandHelp)
	case "e", "edit", "ef", "ev", "sf", "sv", "password", "lo_import", "lo_export", "lo_list", "lo_unlink", "crosstabview", "H", "T", "z", "html":
		sh.skipArgs()
		sh.errorf(`\%s is not supported`, cmd)
		return cmdError
	default:
		if r, ok := sh.catalogCommand(cmd); ok {
			return r
		}
		sh.errorf("invalid command \\%s", cmd)
		if sh.src != nil && sh.src.interactive {
			sh.stderr("Try \\? for help.\n")
		}
		return cmdError
	}
	return cmdDone
}

func (sh *Shell) echo(cmd string) {
	var b strings.Builder
	newline, first := true, true
	for {
		rest := sh.scan.rest
		a, ok := sh.arg(argNormal)
		if !ok {
			break
		}
		if first && a == "-n" && strings.HasPrefix(strings.TrimLeft(rest, " \t"), "-n") {
			newline = false
			continue
		}
		if !first {
			b.WriteByte(' ')
		}
		first = false
		b.WriteString(a)
	}
	if newline {
		b.WriteByte('\n')
	}
	switch cmd {
	case "echo":
		fmt.Fprint(sh.stdout, b.String())
	case "qecho":
		fmt.Fprint(sh.out, b.String())
	default:
		sh.stderr(b.String())
	}
}

// reconnect is \c: another database of the same store.
func (sh *Shell) reconnect(cmd string) cmdResult {
	var a [4]string
	for i := range a {
		a[i], _ = sh.arg(argName)
		if a[i] == "-" {
			a[i] = ""
		}
	}
	if a[2] != "" || a[3] != "" {
		sh.errorf(`\%s: the shell has its database open and connects to no other host`, cmd)
		return cmdError
	}
	database := a[0]
	if database == "" {
		database = sh.vars["DBNAME"]
	}
	if a[1] != "" && a[1] != sh.vars["USER"] {
		sh.errorf(`\%s: another user than "%s" is not supported`, cmd, sh.vars["USER"])
		return cmdError
	}
	if err := sh.connect(database); err != nil {
		text := strings.TrimSuffix(message("FATAL", asError(err), "", "default", "never"), "\n")
		if sh.src.interactive {
			sh.errorf("%s", text)
			sh.stderr("Previous connection kept\n")
			return cmdError
		}
		sh.errorf("\\connect: %s", text)
		if sh.session != nil {
			_ = sh.session.Close()
			sh.session = nil
			sh.running.session(nil)
		}
		sh.lost, sh.quit = true, true
		return cmdError
	}
	if !sh.quiet {
		fmt.Fprintf(sh.stdout, "You are now connected to database \"%s\" as user \"%s\".\n", sh.session.Database(), sh.session.User())
	}
	return cmdDone
}

// g is \g and \gx: run the buffer, perhaps with other settings or to a file.
func (sh *Shell) g(cmd string) cmdResult {
	o := sh.print
	changed := false
	if rest := strings.TrimLeft(sh.scan.rest, " \t"); strings.HasPrefix(rest, "(") {
		end := strings.IndexByte(rest, ')')
		if end < 0 {
			sh.errorf(`\%s: missing right parenthesis`, cmd)
			return cmdError
		}
		saved := sh.print
		sh.scan.rest = strings.ReplaceAll(rest[1:end], "=", " = ")
		words := sh.args()
		sh.scan.rest = rest[end+1:]
		for i := 0; i < len(words); i++ {
			name, value, given := words[i], "", false
			if i+2 < len(words) && words[i+1] == "=" {
				value, given = words[i+2], true
				i += 2
			}
			if err := sh.pset(name, value, given, false); err != nil {
				sh.print = saved
				sh.errorf("%v", err)
				return cmdError
			}
		}
		o, sh.print = sh.print, saved
		changed = true
	}
	if cmd == "gx" {
		o.Expanded = "on"
		changed = true
	}
	if changed {
		sh.after.print = &o
	}
	sh.after.file, _ = sh.arg(argFile)
	return cmdSend
}

// watch runs the buffer again and again, until a SIGINT or an error.
func (sh *Shell) watch() cmdResult {
	seconds := 2.0
	if a, ok := sh.arg(argNormal); ok {
		v, err := strconv.ParseFloat(a, 64)
		if err != nil || v < 0 {
			sh.errorf("\\watch: incorrect interval value \"%s\"", a)
			return cmdError
		}
		seconds = v
	}
	text := sh.buf.String()
	if strings.TrimSpace(text) == "" {
		text = sh.previous
	}
	sh.clear()
	if text == "" {
		sh.errorf(`\watch cannot be used with an empty query`)
		return cmdError
	}
	sh.previous = text
	sh.running.takeAbort()
	for {
		o := sh.print
		o.Title = fmt.Sprintf("%s (every %gs)\n", time.Now().Format("Mon Jan _2 15:04:05 2006"), seconds)
		sh.after.print, sh.after.silent = &o, true
		if !sh.send(text) {
			return cmdError
		}
		_ = sh.stdout.Flush()
		for left := time.Duration(seconds * float64(time.Second)); left > 0; left -= 50 * time.Millisecond {
			time.Sleep(min(left, 50*time.Millisecond))
			if sh.running.takeAbort() {
				return cmdDone
			}
		}
	}
}
