package shell

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// result is what one statement gave.
type result struct {
	tag     string
	columns []minisql.Column // nil: no rows, only a tag
	rows    [][]*string
	copied  bool // COPY TO STDOUT went to the results' own place
}

// background is for the calls that a cancel of the session ends.
var background = context.Background()

var noParams = []types.OID{}

// streams are where the data of COPY comes from and goes to.
type streams struct {
	in  io.Reader // nil: the source that had the command
	out io.Writer // nil: where results go
}

// run executes the statements of a text in one transaction, unless they say
// otherwise, and hands over the result of each.
func (sh *Shell) run(text string, data streams, each func(*result)) error {
	p := sh.session.Protocol()
	if err := p.Lock(); err != nil {
		return err
	}
	defer p.Unlock()
	list, err := p.Parse(text)
	if err != nil {
		return p.Fail(err)
	}
	if len(list) == 0 {
		return p.Sync(background)
	}
	for i, st := range list {
		prepared, err := p.Prepare(background, st, noParams)
		if err != nil {
			return err
		}
		portal, err := p.Bind(prepared, nil)
		if err != nil {
			return p.Fail(err)
		}
		if i == len(list)-1 {
			portal.Alone()
		}
		res := &result{}
		switch {
		case portal.IsCopyIn():
			err = sh.copyIn(portal, data.in)
		case portal.IsCopyOut():
			w := data.out
			if w == nil {
				w, res.copied = sh.out, true
			}
			err = portal.CopyOut(background, w, func(int, bool) error { return nil })
		default:
			err = res.fetch(p, portal)
		}
		if err == nil && i == len(list)-1 {
			err = p.Sync(background)
		}
		if err != nil {
			return err
		}
		res.tag = portal.Tag()
		each(res)
	}
	return nil
}

func (r *result) fetch(p minisql.Protocol, portal *minisql.Portal) error {
	var text []byte
	for {
		b, err := portal.Next(background, 0)
		if err != nil {
			return err
		}
		r.columns = portal.Columns()
		if b == nil {
			return nil
		}
		for k := range b.Len() {
			i := b.Row(k)
			row := make([]*string, len(r.columns))
			for c := range row {
				v := &b.Cols[c]
				if v.IsNull(i) {
					continue
				}
				text = types.AppendText(text[:0], r.columns[c].Type, v.View(i), p.Format())
				s := string(text)
				row[c] = &s
			}
			r.rows = append(r.rows, row)
		}
	}
}

// alignedRight are the types whose values are numbers to a reader.
var alignedRight = []string{"smallint", "integer", "bigint", "real", "double precision", "numeric", "oid", "xid", "xid8", "cid", "money"}

func isRight(t types.Type) bool {
	return slices.Contains(alignedRight, types.Type{OID: t.OID, Typmod: -1}.String())
}

// table turns a result with rows into a table.
func (r *result) table(o Print) *table {
	t := &table{title: o.Title, headers: []string{}}
	for _, c := range r.columns {
		t.headers = append(t.headers, c.Name)
		t.right = append(t.right, isRight(c.Type))
	}
	for _, row := range r.rows {
		cells := make([]string, len(row))
		for i, v := range row {
			if v != nil {
				cells[i] = *v
			} else {
				cells[i] = o.Null
			}
		}
		t.rows = append(t.rows, cells)
	}
	return t
}

// send runs a statement and prints its result.
func (sh *Shell) send(text string) bool {
	how := sh.after
	sh.after = sending{}
	if sh.session == nil {
		sh.errorf("You are currently not connected to a database.")
		return false
	}
	if sh.vars["ECHO"] == "queries" {
		fmt.Fprintln(sh.stdout, text)
	}
	restoreOut, ok := sh.divert(how)
	if !ok {
		return false
	}
	defer restoreOut()
	if how.gdesc {
		return sh.describe(text)
	}
	begun := time.Now()
	ok = sh.transact(text, streams{}, func(r *result) { sh.show(r, how) }, how)
	if sh.timing && !how.silent {
		printTiming(sh.stdout, time.Since(begun))
	}
	return ok
}

// transact runs a text as AUTOCOMMIT and ON_ERROR_ROLLBACK say, and reports its error.
func (sh *Shell) transact(text string, data streams, each func(*result), how sending) bool {
	sh.running.start()
	defer sh.running.end()
	none := func(*result) {}
	if !sh.on("AUTOCOMMIT") && sh.session.TxStatus() == 'I' && !startsTransaction(text) {
		if err := sh.run("BEGIN", streams{}, none); err != nil {
			return sh.failed(err, "BEGIN")
		}
	}
	guard := sh.session.TxStatus() == 'T' && (sh.on("ON_ERROR_ROLLBACK") || (sh.vars["ON_ERROR_ROLLBACK"] == "interactive" && sh.src.interactive))
	if guard {
		if err := sh.run("SAVEPOINT minisql_temporary_savepoint", streams{}, none); err != nil {
			return sh.failed(err, "SAVEPOINT")
		}
	}
	rows := "0"
	var last *result
	err := sh.run(text, data, func(r *result) {
		last = r
		rows = "0"
		if i := strings.LastIndexByte(r.tag, ' '); i >= 0 {
			if _, err := strconv.Atoi(r.tag[i+1:]); err == nil {
				rows = r.tag[i+1:]
			}
		}
		each(r)
	})
	if guard {
		status := sh.session.TxStatus()
		switch {
		case err != nil && status == 'E':
			_ = sh.run("ROLLBACK TO minisql_temporary_savepoint", streams{}, none)
		case status == 'T' && last != nil && !slices.Contains([]string{"SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN"}, last.tag):
			_ = sh.run("RELEASE minisql_temporary_savepoint", streams{}, none)
		}
	}
	if err != nil {
		return sh.failed(err, text)
	}
	sh.vars["ERROR"], sh.vars["SQLSTATE"], sh.vars["ROW_COUNT"] = "false", "00000", rows
	return !sh.gfailed()
}

// gfailed takes note of a failure in show, as of \gset.
func (sh *Shell) gfailed() bool {
	bad := sh.running.bad
	sh.running.bad = false
	return bad
}

// startsTransaction reports whether a statement must not, or need not, follow a BEGIN.
func startsTransaction(text string) bool {
	words := strings.Fields(strings.ToLower(text))
	if len(words) == 0 {
		return true
	}
	first := strings.TrimRight(words[0], ";")
	switch first {
	case "begin", "start", "commit", "end", "rollback", "abort", "prepare", "vacuum", "cluster", "checkpoint":
		return true
	case "create", "drop", "alter":
		return len(words) > 1 && slices.Contains([]string{"database", "tablespace", "system"}, words[1])
	}
	return false
}

// failed reports the error of a statement.
func (sh *Shell) failed(err error, text string) bool {
	e := sqlerr.As(err)
	if errors.Is(err, minisql.ErrClosed) {
		e = sqlerr.New(sqlerr.AdminShutdown, "terminating connection due to administrator command")
	}
	sh.lastError = func(verbosity, context string) string { return message("ERROR", e, text, verbosity, context) }
	sh.stderr(sh.locus() + sh.lastError(sh.vars["VERBOSITY"], sh.vars["SHOW_CONTEXT"]))
	if sh.vars["ECHO"] == "errors" {
		sh.stderr(sh.locus() + "STATEMENT:  " + text + "\n")
	}
	sh.vars["ERROR"], sh.vars["SQLSTATE"], sh.vars["ROW_COUNT"] = "true", string(e.Code), "0"
	sh.vars["LAST_ERROR_SQLSTATE"], sh.vars["LAST_ERROR_MESSAGE"] = string(e.Code), e.Message
	if errors.Is(err, minisql.ErrClosed) || e.Code == sqlerr.AdminShutdown {
		sh.session = nil
	}
	return false
}

// show prints one result.
func (sh *Shell) show(r *result, how sending) {
	o := sh.print
	if how.print != nil {
		o = *how.print
	}
	if r.columns == nil {
		if !r.copied {
			sh.tag(r.tag)
		}
		return
	}
	switch {
	case how.gset != nil:
		sh.gset(r, *how.gset)
	case how.gexec:
		sh.running.then = append(sh.running.then, r)
	default:
		r.table(o).write(sh.out, o)
		for _, verb := range []string{"INSERT", "UPDATE", "DELETE"} {
			if strings.HasPrefix(r.tag, verb) {
				sh.tag(r.tag)
			}
		}
		_ = sh.out.Flush()
		return
	}
}

func (sh *Shell) tag(tag string) {
	if !sh.quiet && tag != "" {
		fmt.Fprintln(sh.out, tag)
	}
}

// gset makes variables of the one row.
func (sh *Shell) gset(r *result, prefix string) {
	switch {
	case len(r.rows) == 0:
		sh.errorf(`no rows returned for \gset`)
		sh.running.bad = true
		return
	case len(r.rows) > 1:
		sh.errorf(`more than one row returned for \gset`)
		sh.running.bad = true
		return
	}
	for i, c := range r.columns {
		name := prefix + c.Name
		if _, special := boolVars[name]; special || enumVars[name] != nil || unsupportedVars[name] {
			sh.warnf("attempt to \\gset into specially treated variable \"%s\" ignored", name)
			continue
		}
		if v := r.rows[0][i]; v == nil {
			delete(sh.vars, name)
		} else if err := sh.set(name, *v); err != nil {
			sh.errorf("%v", err)
			sh.running.bad = true
			return
		}
	}
}

// gexec runs each value of the results that \gexec has collected as a statement.
func (sh *Shell) gexec() bool {
	all := sh.running.then
	sh.running.then = nil
	good := true
	for _, r := range all {
		for _, row := range r.rows {
			for _, v := range row {
				if v == nil {
					continue
				}
				if sh.vars["ECHO"] == "all" {
					fmt.Fprintln(sh.stdout, *v)
				}
				if !sh.send(*v) {
					good = false
					if sh.on("ON_ERROR_STOP") {
						return false
					}
				}
			}
		}
	}
	return good
}

// describe prints the columns that a statement would return.
func (sh *Shell) describe(text string) bool {
	p := sh.session.Protocol()
	if err := p.Lock(); err != nil {
		return sh.failed(err, text)
	}
	defer p.Unlock()
	list, err := p.Parse(text)
	if err != nil {
		return sh.failed(p.Fail(err), text)
	}
	t := &table{headers: []string{"Column", "Type"}, right: []bool{false, false}}
	for _, st := range list {
		prepared, err := p.Prepare(background, st, noParams)
		if err != nil {
			return sh.failed(err, text)
		}
		for _, c := range prepared.Columns() {
			t.rows = append(t.rows, []string{c.Name, c.Type.String()})
		}
	}
	if err := p.Sync(background); err != nil {
		return sh.failed(err, text)
	}
	if len(t.rows) == 0 {
		fmt.Fprintln(sh.out, "The command has no result, or the result has no columns.")
		return true
	}
	t.write(sh.out, sh.print)
	return true
}

// ask runs a query of the shell's own, such as those of \d.
func (sh *Shell) ask(query string) (*result, bool) {
	if sh.session == nil {
		sh.errorf("You are currently not connected to a database.")
		return nil, false
	}
	if mode := sh.vars["ECHO_HIDDEN"]; mode != "off" {
		fmt.Fprintf(sh.stdout, "********* QUERY **********\n%s\n**************************\n\n", query)
		if mode == "noexec" {
			return nil, false
		}
	}
	sh.running.start()
	defer sh.running.end()
	var res *result
	if err := sh.run(query, streams{}, func(r *result) { res = r }); err != nil {
		return nil, sh.failed(err, query)
	}
	return res, true
}

// divert sends the results of one statement to a file or command.
func (sh *Shell) divert(how sending) (func(), bool) {
	if how.file == "" {
		return func() {}, true
	}
	w, closer, err := sh.open(how.file)
	if err != nil {
		sh.errorf("%s: %s", how.file, reason(err))
		return nil, false
	}
	_ = sh.stdout.Flush()
	old := sh.out
	sh.out = bufio.NewWriter(w)
	return func() {
		_ = sh.out.Flush()
		if err := closer(); err != nil {
			sh.errorf("%s: %s", how.file, reason(err))
		}
		sh.out = old
	}, true
}

// redirect is \o: results go to a file, a |command or, with "", to the standard output.
func (sh *Shell) redirect(target string) bool {
	if sh.closer != nil {
		_ = sh.out.Flush()
		if err := sh.closer(); err != nil {
			sh.errorf("%s", reason(err))
		}
	}
	sh.out, sh.closer = sh.stdout, nil
	if target == "" {
		return true
	}
	w, closer, err := sh.open(target)
	if err != nil {
		sh.errorf("%s: %s", target, reason(err))
		return false
	}
	sh.out, sh.closer = bufio.NewWriter(w), closer
	return true
}

// open opens a file, or starts a |command, to write to.
func (sh *Shell) open(target string) (io.Writer, func() error, error) {
	if command, ok := strings.CutPrefix(target, "|"); ok {
		c := exec.Command("sh", "-c", command)
		c.Stdout, c.Stderr = sh.opts.Out, sh.opts.Err
		w, err := c.StdinPipe()
		if err != nil {
			return nil, nil, err
		}
		if err := c.Start(); err != nil {
			return nil, nil, err
		}
		return w, func() error {
			_ = w.Close()
			return c.Wait()
		}, nil
	}
	f, err := os.Create(expandHome(target))
	if err != nil {
		return nil, nil, err
	}
	return f, f.Close, nil
}

func printTiming(w io.Writer, d time.Duration) {
	ms := float64(d.Nanoseconds()) / 1e6
	if ms < 1000 {
		fmt.Fprintf(w, "Time: %.3f ms\n", ms)
		return
	}
	sec := ms / 1000
	minutes := int(sec) / 60
	fmt.Fprintf(w, "Time: %.3f ms (%02d:%06.3f)\n", ms, minutes, sec-float64(minutes*60))
}
