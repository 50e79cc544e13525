package shell

import "strings"

// cond is an \if that has not ended.
type cond struct {
	active bool // this branch is run
	done   bool // a branch has been run, or none may be
	last   bool // behind \else

	// What there was before an inactive branch, whose text counts for nothing.
	buf  string
	scan scanner
}

// active reports whether the current branch is run.
func (sh *Shell) active() bool {
	return len(sh.conds) == 0 || sh.conds[len(sh.conds)-1].active
}

func (sh *Shell) mark(c *cond) { c.buf, c.scan = sh.buf.String(), sh.scan }

func (sh *Shell) restore(c *cond) {
	if c.active {
		return
	}
	rest := sh.scan.rest
	sh.scan = c.scan
	sh.scan.rest = rest
	sh.buf.Reset()
	sh.buf.WriteString(c.buf)
}

// condition reads the expression of \if or \elif.
func (sh *Shell) condition(cmd string) bool {
	text := strings.Join(sh.args(), " ")
	v, ok := parseBool(text)
	if !ok {
		sh.errorf("unrecognized value \"%s\" for \"\\%s expression\": Boolean expected", text, cmd)
	}
	return v && ok
}

// conditional obeys \if, \elif, \else and \endif.
func (sh *Shell) conditional(cmd string) cmdResult {
	if cmd == "if" {
		c := cond{}
		if sh.active() {
			c.active = sh.condition(cmd)
			c.done = c.active
		} else {
			sh.skipArgs()
			c.done = true
		}
		sh.mark(&c)
		sh.conds = append(sh.conds, c)
		return cmdDone
	}
	if len(sh.conds) == 0 {
		sh.errorf(`\%s: no matching \if`, cmd)
		return cmdError
	}
	c := &sh.conds[len(sh.conds)-1]
	if cmd != "endif" && c.last {
		sh.errorf(`\%s: cannot occur after \else`, cmd)
		return cmdError
	}
	sh.restore(c)
	switch cmd {
	case "elif":
		if c.done {
			sh.skipArgs()
			c.active = false
		} else {
			c.active = sh.condition(cmd)
			c.done = c.active
		}
	case "else":
		c.last = true
		c.active = !c.done
		c.done = true
	default:
		sh.conds = sh.conds[:len(sh.conds)-1]
		return cmdDone
	}
	sh.mark(c)
	return cmdDone
}
