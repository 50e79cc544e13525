package shell

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chzyer/readline"

	"github.com/minisql/minisql"
)

// ErrFailed is returned by Run for a failure that has been reported already.
var ErrFailed = errors.New("the shell has reported an error")

// Action is one -c or -f.
type Action struct {
	Command string // SQL, or a backslash command
	File    string // or a file of them; - is the standard input
}

// Options say where a shell reads and writes, and how.
type Options struct {
	Database  string   // "" is the default
	Actions   []Action // none: read the standard input
	Variables []string // NAME or NAME=VALUE
	Settings  []string // of \pset: NAME or NAME=VALUE
	Quiet     bool
	NoStartup bool // do not read ~/.minisqlrc

	In       io.Reader
	Out, Err io.Writer
	// Terminal: the user types, with line editing. It needs In and Out to be those
	// of the process.
	Terminal bool
	Columns  int // width of the output, 0 if unknown
}

// Shell reads statements and commands, and prints what comes of them.
type Shell struct {
	db      *minisql.DB
	session *minisql.Session // nil: not connected
	opts    Options

	stdout *bufio.Writer
	out    *bufio.Writer // for results: stdout, or what \o says
	closer func() error  // ends what \o has opened
	print  Print
	vars   map[string]string
	quiet  bool
	timing bool
	// columnsSet: \pset columns rules over the width of the terminal.
	columnsSet bool
	terse      bool // messages do not name the program

	src      *source
	stdin    *source
	scan     scanner
	buf      strings.Builder // the statement so far
	previous string          // the last statement
	conds    []cond
	after    sending // how to run the next statement

	lastError func(verbosity, context string) string
	editor    *editor // of a terminal
	running   interrupt
	quit      bool
	lost      bool // a script's \c has failed, which ends it
}

// sending is what \g and its kin ask for, for one statement.
type sending struct {
	gset   *string // prefix
	gexec  bool
	gdesc  bool
	file   string // or |command
	print  *Print
	silent bool // no tag, no timing
}

// source is an input: the terminal, a file, a pipe.
type source struct {
	name        string // for messages; "" is none
	path        string // of the file
	line        int
	interactive bool
	read        func(prompt string) (string, error) // a line without its newline
}

// Run runs a shell on an open database, until its input ends or \q.
func Run(db *minisql.DB, o Options) error {
	sh := &Shell{db: db, opts: o, print: defaultPrint(), quiet: o.Quiet}
	sh.stdout = bufio.NewWriter(o.Out)
	sh.out = sh.stdout
	sh.print.Columns = o.Columns
	sh.initVars()
	if o.Quiet {
		sh.vars["QUIET"] = "on"
	}
	defer sh.close()
	for _, v := range o.Variables {
		name, value, ok := strings.Cut(v, "=")
		var err error
		if ok {
			err = sh.set(name, value)
		} else {
			err = sh.unset(name)
		}
		if err != nil {
			sh.errorf("%v", err)
			return ErrFailed
		}
	}
	for _, v := range o.Settings {
		name, value, ok := strings.Cut(v, "=")
		if err := sh.pset(name, value, ok, false); err != nil {
			sh.errorf("%v", err)
			return ErrFailed
		}
	}
	if err := sh.connect(o.Database); err != nil {
		sh.errorf("%s", strings.TrimSuffix(message("FATAL", asError(err), "", "default", "never"), "\n"))
		return ErrFailed
	}
	stop := sh.running.listen(o.Terminal)
	defer stop()
	sh.stdin = reader(o.In)
	if !o.NoStartup {
		sh.startup()
	}
	if !sh.actions() || sh.lost {
		return ErrFailed
	}
	return nil
}

func (sh *Shell) actions() bool {
	if len(sh.opts.Actions) == 0 {
		sh.terse = true
		src := sh.stdin
		if sh.opts.Terminal {
			var err error
			if src, err = sh.terminal(); err != nil {
				sh.errorf("%v", err)
				return false
			}
			defer sh.editor.close()
			if !sh.quiet {
				fmt.Fprint(sh.stdout, "Type \"help\" for help.\n\n")
			}
		}
		ok := sh.loop(src)
		return ok || !sh.on("ON_ERROR_STOP") || src.interactive
	}
	good := true
	for _, a := range sh.opts.Actions {
		var ok bool
		stop := sh.on("ON_ERROR_STOP")
		if a.File != "" {
			sh.terse = false
			ok = sh.file(a.File, false)
		} else {
			sh.terse, stop = true, true
			ok = sh.command(a.Command)
		}
		if sh.quit {
			return true
		}
		if !ok && stop {
			return false
		}
		good = good && ok
	}
	return good
}

// command runs the argument of -c.
func (sh *Shell) command(text string) bool {
	sh.src = sh.stdin
	if strings.HasPrefix(text, `\`) {
		sh.scan = scanner{rest: text[1:]}
		r := sh.backslash()
		if r == cmdSend {
			return sh.send(sh.take())
		}
		return r != cmdError
	}
	if sh.vars["ECHO"] == "all" {
		fmt.Fprintln(sh.stdout, text)
	}
	return sh.send(text)
}

// startup runs the user's start-up file, if there is one.
func (sh *Shell) startup() {
	home, err := os.UserHomeDir()
	if err != nil {
		return
	}
	path := filepath.Join(home, ".minisqlrc")
	if _, err := os.Stat(path); err == nil {
		sh.file(path, false)
	}
}

// connect opens a session on a database, and leaves the old one if that fails.
func (sh *Shell) connect(database string) error {
	s, err := sh.db.Session(context.Background(), &minisql.SessionOptions{
		Database: database, OnNotice: sh.notice, Settings: map[string]string{"application_name": "minisql"},
	})
	if err != nil {
		return err
	}
	if sh.session != nil {
		_ = sh.session.Close()
	}
	sh.session = s
	sh.running.session(s)
	sh.vars["DBNAME"], sh.vars["USER"] = s.Database(), s.User()
	return nil
}

func (sh *Shell) close() {
	sh.redirect("")
	_ = sh.stdout.Flush()
	if sh.session != nil {
		_ = sh.session.Close()
	}
}

// reader is a source that is not a terminal.
func reader(r io.Reader) *source {
	b := bufio.NewReaderSize(r, 64<<10)
	return &source{read: func(string) (string, error) {
		line, err := b.ReadString('\n')
		if err != nil && (line == "" || !errors.Is(err, io.EOF)) {
			return "", err
		}
		return strings.TrimSuffix(line, "\n"), nil
	}}
}

// file runs a script. A relative name is looked for beside the running script if asked.
func (sh *Shell) file(path string, relative bool) bool {
	var src *source
	if path == "-" {
		named := *sh.stdin
		named.name = "<stdin>"
		src = &named
	} else {
		if relative && sh.src != nil && sh.src.path != "" && !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(sh.src.path), path)
		}
		f, err := os.Open(expandHome(path))
		if err != nil {
			sh.errorf("%s: %s", path, reason(err))
			return false
		}
		defer func() { _ = f.Close() }()
		src = reader(f)
		src.name, src.path = path, path
	}
	scan, buf, conds := sh.scan, sh.buf.String(), sh.conds
	sh.scan, sh.conds = scanner{}, nil
	sh.buf.Reset()
	ok := sh.loop(src)
	sh.scan, sh.conds = scan, conds
	sh.buf.Reset()
	sh.buf.WriteString(buf)
	return ok
}

// loop reads a source to its end. It reports whether the last thing run was fine, and
// stops early at an error if ON_ERROR_STOP says so.
func (sh *Shell) loop(src *source) bool {
	outer := sh.src
	sh.src = src
	defer func() { sh.src = outer }()
	ok := true
	stop := func() bool { return !ok && !src.interactive && sh.on("ON_ERROR_STOP") }
	for !sh.quit {
		_ = sh.stdout.Flush()
		if src.interactive && !sh.columnsSet {
			sh.print.Columns = readline.GetScreenWidth()
		}
		line, err := src.read(sh.prompt(sh.scan.prompt(sh.buf.Len() > 0)))
		if errors.Is(err, errInterrupted) {
			sh.clear()
			if len(sh.conds) > 0 {
				sh.conds = nil
			}
			continue
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				sh.errorf("could not read from input file: %s", reason(err))
				ok = false
			} else if src.interactive && !sh.quiet {
				fmt.Fprintln(sh.stdout, `\q`)
			}
			break
		}
		src.line++
		if src.line == 1 {
			line = strings.TrimPrefix(line, "\ufeff")
		}
		if sh.vars["ECHO"] == "all" && !src.interactive {
			fmt.Fprintln(sh.stdout, line)
		}
		if src.interactive && sh.buf.Len() == 0 && sh.scan.quote == 0 && sh.word(line) {
			continue
		}
		if sh.buf.Len() > 0 {
			sh.buf.WriteByte('\n')
		}
		sh.scan.rest, sh.scan.active = line, nil
		if r := sh.line(); r != nil {
			ok = *r
		}
		if src.interactive && sh.buf.Len() == 0 {
			sh.editor.save()
		}
		if sh.running.takeAbort() && !src.interactive && !sh.opts.Terminal {
			sh.quit, sh.lost = true, true
			return false
		}
		if stop() {
			return false
		}
	}
	if !sh.quit && sh.buf.Len() > 0 && !src.interactive && sh.active() {
		ok = sh.send(sh.take())
	}
	sh.clear()
	if len(sh.conds) > 0 && !sh.quit {
		sh.errorf(`reached EOF without finding closing \endif(s)`)
		if sh.on("ON_ERROR_STOP") && !src.interactive {
			ok = false
		}
	}
	sh.conds = nil
	if !src.interactive && !sh.on("ON_ERROR_STOP") {
		return true
	}
	return ok
}

// word handles the words that work without a backslash.
func (sh *Shell) word(line string) bool {
	w := strings.ToLower(strings.TrimRight(strings.TrimSpace(line), "; \t"))
	switch w {
	case "help":
		fmt.Fprint(sh.stdout, "You are using minisql, the shell of an embedded PostgreSQL-compatible database.\n"+
			"Type:  \\h for help with SQL commands\n       \\? for help with shell commands\n"+
			"       \\g or terminate with semicolon to execute query\n       \\q to quit\n")
	case "quit", "exit":
		sh.quit = true
	default:
		return false
	}
	sh.editor.save()
	return true
}

// line works off the line that the scanner has. It returns whether the last thing
// run was fine, nil if nothing was run.
func (sh *Shell) line() *bool {
	var result *bool
	for {
		lookup := sh.lookup
		if !sh.active() {
			lookup = nil
		}
		switch sh.scan.scan(&sh.buf, lookup, func(name string) {
			sh.warnf("skipping recursive expansion of variable \"%s\"", name)
		}) {
		case endOfLine:
			if sh.on("SINGLELINE") && sh.buf.Len() > 0 && sh.scan.quote == 0 {
				ok := sh.ended()
				result = &ok
			}
			return result
		case semicolon:
			ok := sh.ended()
			result = &ok
		case backslash:
			ok := true
			switch sh.backslash() {
			case cmdSend:
				text := sh.buf.String()
				if strings.TrimSpace(text) == "" {
					text = sh.previous
				}
				sh.clear()
				ok = sh.send(text)
				sh.previous = text
			case cmdError:
				ok = false
			}
			result = &ok
		}
		if sh.quit || (!*result && !sh.src.interactive && sh.on("ON_ERROR_STOP")) {
			return result
		}
	}
}

// ended runs the statement in the buffer, unless a branch of \if leaves it out.
func (sh *Shell) ended() bool {
	text := sh.take()
	if !sh.active() {
		if sh.src.interactive {
			sh.errorf(`query ignored; use \endif or Ctrl-C to exit current \if block`)
		}
		return true
	}
	ok := sh.send(text)
	sh.previous = text
	return ok
}

// take empties the buffer.
func (sh *Shell) take() string {
	text := sh.buf.String()
	sh.clear()
	return text
}

func (sh *Shell) clear() {
	sh.buf.Reset()
	rest, active := sh.scan.rest, sh.scan.active
	sh.scan = scanner{rest: rest, active: active}
	sh.after.silent = false
}

// prompt expands PROMPT1 or PROMPT2.
func (sh *Shell) prompt(state byte) string {
	name := "PROMPT2"
	if state == '=' {
		name = "PROMPT1"
	}
	if !sh.active() {
		state = '@'
	}
	var b strings.Builder
	p := sh.vars[name]
	for i := 0; i < len(p); i++ {
		if p[i] != '%' || i+1 == len(p) {
			b.WriteByte(p[i])
			continue
		}
		i++
		switch p[i] {
		case '/', '~':
			b.WriteString(sh.vars["DBNAME"])
		case 'n':
			b.WriteString(sh.vars["USER"])
		case '#':
			b.WriteByte('>')
		case 'R':
			if sh.session == nil && state == '=' {
				state = '!'
			}
			b.WriteByte(state)
		case 'x':
			switch {
			case sh.session == nil:
				b.WriteByte('?')
			case sh.session.TxStatus() == 'T':
				b.WriteByte('*')
			case sh.session.TxStatus() == 'E':
				b.WriteByte('!')
			}
		case 'l':
			fmt.Fprint(&b, sh.src.line)
		case 'T':
			b.WriteString(time.Now().Format("15:04:05"))
		case '%':
			b.WriteByte('%')
		case ':':
			if j := strings.IndexByte(p[i+1:], ':'); j >= 0 {
				b.WriteString(sh.vars[p[i+1:i+1+j]])
				i += j + 1
			}
		}
	}
	return b.String()
}

// locus is what a message begins with.
func (sh *Shell) locus() string {
	named := sh.src != nil && sh.src.name != ""
	switch {
	case named:
		return fmt.Sprintf("minisql:%s:%d: ", sh.src.name, sh.src.line)
	case sh.terse:
		return ""
	}
	return "minisql: "
}

// bare reports whether messages have no prefix: the user sees where they come from.
func (sh *Shell) bare() bool { return sh.terse && (sh.src == nil || sh.src.name == "") }

// stderr writes a message behind all output so far.
func (sh *Shell) stderr(text string) {
	_ = sh.stdout.Flush()
	if sh.out != sh.stdout {
		_ = sh.out.Flush()
	}
	_, _ = io.WriteString(sh.opts.Err, text)
}

func (sh *Shell) errorf(format string, args ...any) {
	level := "error: "
	if sh.bare() {
		level = ""
	}
	sh.stderr(sh.locus() + level + fmt.Sprintf(format, args...) + "\n")
}

func (sh *Shell) warnf(format string, args ...any) {
	level := "warning: "
	if sh.bare() {
		level = ""
	}
	sh.stderr(sh.locus() + level + fmt.Sprintf(format, args...) + "\n")
}

// notice prints what a statement has to say.
func (sh *Shell) notice(n *minisql.Notice) {
	text := message(n.Severity, n.Error, "", sh.vars["VERBOSITY"], sh.vars["SHOW_CONTEXT"])
	sh.stderr(sh.locus() + text)
}

// reason is the system's word for an error on a file.
func reason(err error) string {
	var p *os.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	s := err.Error()
	if s != "" {
		s = strings.ToUpper(s[:1]) + s[1:]
	}
	return s
}

func expandHome(path string) string {
	if path == "~" || strings.HasPrefix(path, "~/") {
		if home, err := os.UserHomeDir(); err == nil {
			return home + path[1:]
		}
	}
	return path
}
