package shell

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/chzyer/readline"

	"github.com/minisql/minisql/sqlerr"
)

// errInterrupted is a Ctrl-C while a line was typed.
var errInterrupted = errors.New("interrupted")

func asError(err error) *sqlerr.Error { return sqlerr.As(err) }

// editor edits lines on the terminal and keeps their history.
type editor struct {
	rl      *readline.Instance
	entered []string // lines of the statement that is not complete
	last    string
}

// terminal makes the terminal a source.
func (sh *Shell) terminal() (*source, error) {
	history := ""
	if home, err := os.UserHomeDir(); err == nil {
		history = filepath.Join(home, ".minisql_history")
	}
	rl, err := readline.NewEx(&readline.Config{
		HistoryFile: history, HistoryLimit: 500, DisableAutoSaveHistory: true,
		AutoComplete: &completer{sh}, InterruptPrompt: "^C", EOFPrompt: "",
	})
	if err != nil {
		return nil, err
	}
	e := &editor{rl: rl}
	sh.editor = e
	return &source{interactive: true, read: e.read}, nil
}

func (e *editor) read(prompt string) (string, error) {
	e.rl.SetPrompt(prompt)
	line, err := e.rl.Readline()
	switch {
	case errors.Is(err, readline.ErrInterrupt):
		e.entered = nil
		return "", errInterrupted
	case err != nil:
		return "", io.EOF
	}
	e.entered = append(e.entered, line)
	return line, nil
}

// save puts the lines of a complete statement into the history, as one.
func (e *editor) save() {
	text := strings.TrimSpace(strings.Join(e.entered, " "))
	e.entered = nil
	if text == "" || text == e.last {
		return
	}
	e.last = text
	_ = e.rl.SaveHistory(text) // a history that cannot be written is only lost
}

func (e *editor) close() { _ = e.rl.Close() }

// history is \s, with a file: the history goes there.
func (sh *Shell) history() cmdResult {
	path, ok := sh.arg(argNormal)
	if sh.editor == nil {
		sh.errorf("history is not supported by this installation")
		return cmdError
	}
	text, err := os.ReadFile(sh.editor.rl.Config.HistoryFile)
	if err == nil && ok {
		err = os.WriteFile(expandHome(path), text, 0o600)
	} else if err == nil {
		_, err = sh.stdout.Write(text)
	}
	if err != nil {
		sh.errorf("%s", reason(err))
		return cmdError
	}
	return cmdDone
}
