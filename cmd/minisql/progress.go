package main

import (
	"io"
	"os"
	"time"

	"github.com/chzyer/readline"
	"github.com/schollz/progressbar/v3"
)

// progress shows how far a long verb is, on standard error if that is a terminal.
type progress struct {
	out  io.Writer // nil: nowhere
	what string
	bar  *progressbar.ProgressBar
}

func newProgress() *progress {
	if !readline.IsTerminal(int(os.Stderr.Fd())) {
		return &progress{}
	}
	return &progress{out: os.Stderr}
}

// show says that so much of what is done, of about so much.
func (p *progress) show(what string, done, total int64) {
	if p.out == nil {
		return
	}
	if p.bar == nil || p.what != what {
		p.clear()
		p.what = what
		p.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(p.out), progressbar.OptionSetDescription(what),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish())
	}
	p.bar.ChangeMax64(max(total, done))
	_ = p.bar.Set64(done) // it is only shown
}

// clear makes room for a line.
func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
