package shell

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/sqlerr"
)

// copyIn runs COPY FROM STDIN with the data of in, or else with the lines of the
// current source up to \. or its end.
func (sh *Shell) copyIn(portal *minisql.Portal, in io.Reader) error {
	r := in
	var inline *inlineData
	if in == nil {
		inline = &inlineData{sh: sh}
		r = inline
		if sh.src.interactive && !sh.quiet {
			fmt.Fprint(sh.stdout, "Enter data to be copied followed by a newline.\nEnd with a backslash and a period on a line by itself, or an EOF signal.\n")
			_ = sh.stdout.Flush()
		}
	}
	begun := false
	err := portal.CopyIn(background, r, func(int, bool) error {
		begun = true
		return nil
	})
	if inline != nil && begun {
		inline.drain()
	}
	return err
}

// inlineData is the data that follows a COPY in its source.
type inlineData struct {
	sh    *Shell
	rest  string
	ended bool
}

func (d *inlineData) Read(b []byte) (int, error) {
	if d.rest == "" {
		if err := d.next(); err != nil {
			return 0, err
		}
	}
	n := copy(b, d.rest)
	d.rest = d.rest[n:]
	return n, nil
}

func (d *inlineData) next() error {
	if d.ended {
		return io.EOF
	}
	line, err := d.sh.src.read(d.sh.vars["PROMPT3"])
	switch {
	case errors.Is(err, errInterrupted):
		d.ended = true
		return sqlerr.New(sqlerr.QueryCanceled, "COPY from stdin failed: canceled by user")
	case errors.Is(err, io.EOF):
		d.ended = true
		return io.EOF
	case err != nil:
		d.ended = true
		return sqlerr.New(sqlerr.QueryCanceled, "COPY from stdin failed: %s", reason(err))
	}
	d.sh.src.line++
	if line == `\.` || line == "\\.\r" {
		d.ended = true
		return io.EOF
	}
	d.rest = line + "\n"
	return nil
}

// drain skips what COPY has not read.
func (d *inlineData) drain() {
	for d.next() == nil {
		d.rest = ""
	}
}

// copyTarget is \copy, taken apart.
type copyTarget struct {
	before  string // the table with its columns, or the query
	from    bool
	file    string
	program bool
	stream  string // stdin, stdout, pstdin or pstdout
	options string
}

// parseCopy takes the arguments of \copy apart.
func parseCopy(text string) (*copyTarget, error) {
	words := copyTokens(text)
	c := &copyTarget{}
	depth, i := 0, 0
	for ; i < len(words); i++ {
		w := words[i]
		depth += strings.Count(plain(w.text), "(") - strings.Count(plain(w.text), ")")
		l := strings.ToLower(w.text)
		if depth == 0 && i > 0 && (l == "from" || l == "to") {
			break
		}
	}
	if i >= len(words)-1 {
		if len(words) == 0 {
			return nil, errors.New("arguments required")
		}
		return nil, errors.New("parse error at end of line")
	}
	c.before = strings.TrimSpace(text[:words[i].start])
	if l := strings.ToLower(c.before); strings.HasPrefix(l, "binary ") {
		c.before, c.options = strings.TrimSpace(c.before[7:]), " binary"
	}
	c.from = strings.EqualFold(words[i].text, "from")
	i++
	target := words[i]
	if strings.EqualFold(target.text, "program") {
		if i++; i >= len(words) {
			return nil, errors.New("parse error at end of line")
		}
		target, c.program = words[i], true
		if target.text[0] != '\'' {
			return nil, fmt.Errorf("parse error at \"%s\"", target.text)
		}
	}
	switch l := strings.ToLower(target.text); l {
	case "stdin", "stdout", "pstdin", "pstdout":
		c.stream = l
	default:
		c.file = target.text
		if len(c.file) >= 2 && c.file[0] == '\'' {
			c.file = strings.ReplaceAll(c.file[1:len(c.file)-1], "''", "'")
		}
		if !c.program {
			c.file = expandHome(c.file)
		}
	}
	c.options = text[target.end:] + c.options
	return c, nil
}

type copyToken struct {
	text       string
	start, end int
}

// plain is a token without what is in quotes.
func plain(t string) string {
	if t != "" && (t[0] == '\'' || t[0] == '"') {
		return ""
	}
	return t
}

// copyTokens splits at spaces, parentheses and quotes.
func copyTokens(text string) []copyToken {
	var out []copyToken
	for i := 0; i < len(text); {
		start := i
		switch c := text[i]; {
		case isSpace(c):
			i++
			continue
		case c == '(' || c == ')' || c == ',':
			i++
		case c == '\'' || c == '"':
			for i++; i < len(text); i++ {
				if text[i] == c {
					if i+1 == len(text) || text[i+1] != c {
						break
					}
					i++ // doubled: it stands for one
				}
			}
			i = min(i+1, len(text))
		default:
			for i < len(text) && !isSpace(text[i]) && !strings.ContainsRune("(),'\"", rune(text[i])) {
				i++
			}
		}
		out = append(out, copyToken{text[start:i], start, i})
	}
	return out
}

// copyCommand is \copy: COPY with a file of this process.
func (sh *Shell) copyCommand(text string) cmdResult {
	c, err := parseCopy(text)
	if err != nil {
		sh.errorf(`\copy: %v`, err)
		return cmdError
	}
	if sh.session == nil {
		sh.errorf("You are currently not connected to a database.")
		return cmdError
	}
	sql := "COPY " + c.before
	var data streams
	closer := func() error { return nil }
	shown := false
	if c.from {
		sql += " FROM STDIN " + c.options
		switch {
		case c.program:
			cmd := exec.Command("sh", "-c", c.file)
			cmd.Stderr = os.Stderr
			pipe, err := cmd.StdoutPipe()
			if err == nil {
				err = cmd.Start()
			}
			if err != nil {
				sh.errorf("could not execute command \"%s\": %v", c.file, err)
				return cmdError
			}
			data.in, closer = pipe, cmd.Wait
		case c.stream == "pstdin":
			data.in = &inlineData{sh: &Shell{src: sh.stdin, vars: sh.vars}}
		case c.stream == "":
			f, err := os.Open(c.file)
			if err == nil {
				if st, serr := f.Stat(); serr == nil && st.IsDir() {
					_ = f.Close()
					sh.errorf("%s: cannot copy from/to a directory", c.file)
					return cmdError
				}
			}
			if err != nil {
				sh.errorf("%s: %s", c.file, reason(err))
				return cmdError
			}
			data.in, closer = f, f.Close
		}
	} else {
		sql += " TO STDOUT " + c.options
		switch {
		case c.stream == "stdout" || c.stream == "stdin":
		case c.stream != "":
			data.out, shown = sh.stdout, true
		default:
			target := c.file
			if c.program {
				target = "|" + target
			}
			w, end, err := sh.open(target)
			if err != nil {
				sh.errorf("%s: %s", c.file, reason(err))
				return cmdError
			}
			data.out, closer = w, end
		}
	}
	begun := time.Now()
	ok := sh.transact(sql, data, func(r *result) {
		if !shown {
			sh.show(r, sending{})
		}
	}, sending{})
	if err := closer(); err != nil && ok {
		sh.errorf("%s: %v", c.file, err)
		ok = false
	}
	if sh.timing {
		printTiming(sh.stdout, time.Since(begun))
	}
	if !ok {
		return cmdError
	}
	return cmdDone
}
