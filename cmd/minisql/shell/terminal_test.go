//go:build linux

package shell_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is minisql on a pseudo-terminal, as a user has it.
type terminal struct {
	t   *testing.T
	pty *os.File

	mu     sync.Mutex // guards what follows
	screen strings.Builder
	seen   int // up to where expect has looked
}

func startTerminal(t *testing.T, args ...string) (*terminal, *exec.Cmd) {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "minisql")
	if out, err := exec.Command("go", "build", "-o", bin, "..").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	pty, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	t.Cleanup(func() { _ = pty.Close() })
	if err := unix.IoctlSetPointerInt(int(pty.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(pty.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(pty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: 100}); err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(bin, args...)
	c.Stdin, c.Stdout, c.Stderr = tty, tty, tty
	c.Env = append(os.Environ(), "HOME="+t.TempDir(), "TERM=xterm")
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	_ = tty.Close()
	t.Cleanup(func() { _ = c.Process.Kill() })
	m := &terminal{t: t, pty: pty}
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := pty.Read(b)
			m.mu.Lock()
			m.screen.Write(b[:n])
			m.mu.Unlock()
			if err != nil {
				return // the other side is closed
			}
		}
	}()
	return m, c
}

func (m *terminal) typed(keys string) {
	m.t.Helper()
	if _, err := m.pty.WriteString(keys); err != nil {
		m.t.Fatal(err)
	}
}

// expect waits for a text to appear behind the last one.
func (m *terminal) expect(text string) {
	m.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		m.mu.Lock()
		s := m.screen.String()
		i := strings.Index(s[m.seen:], text)
		if i >= 0 {
			m.seen += i + len(text)
		}
		m.mu.Unlock()
		if i >= 0 {
			return
		}
	}
	m.t.Fatalf("no %q in\n%q", text, m.screen.String()[m.seen:])
}

const ctrlC = "\x03"

// TestTerminal types: prompts of open statements, Ctrl-C on a line and on a
// running statement, completion, and the end.
func TestTerminal(t *testing.T) {
	m, c := startTerminal(t, "-X")
	m.expect("minisql=> ")
	m.typed("create table city (id int,\n")
	m.expect("minisql(> ")
	m.typed("name text default 'x\n")
	m.expect("minisql'> ")
	m.typed("y');\n")
	m.expect("CREATE TABLE")
	m.expect("minisql=> ")

	m.typed("select 1\n")
	m.expect("minisql-> ")
	m.typed(ctrlC)
	m.expect("minisql=> ")

	m.typed("select pg_sleep(60);\n")
	time.Sleep(300 * time.Millisecond) // until it runs; too early, Ctrl-C would clear the line
	m.typed(ctrlC)
	m.expect("ERROR:  canceling statement due to user request")
	m.expect("minisql=> ")

	m.typed("insert into ci\t values (42);\n")
	m.expect("INSERT 0 1")
	m.typed("\\conni\t\n")
	m.expect("You are connected to database \"minisql\"")
	m.typed("begin;\n")
	m.expect("minisql=*> ")
	m.typed("nonsense;\n")
	m.expect("LINE 1: nonsense;")
	m.expect("minisql=!> ")
	m.typed("rollback;\n")
	m.expect("minisql=> ")

	m.typed("copy city (id) from stdin;\n")
	m.expect(">> ")
	m.typed("7\n")
	m.expect(">> ")
	m.typed(ctrlC)
	m.expect("COPY from stdin failed")
	m.typed("select 'rows ' || count(*) from city;\n")
	m.expect("rows 1")
	m.expect("minisql=> ")

	m.typed("\x04") // Ctrl-D
	if err := c.Wait(); err != nil {
		t.Errorf("Ctrl-D: %v", err)
	}
}
