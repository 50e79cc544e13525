package e2e

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/internal/engines"
	"github.com/minisql/minisql/pgwire"
)

// serveInProcess serves a new database in memory and returns its URL.
func serveInProcess(t testing.TB, on engines.Engine, opts pgwire.Options) string {
	t.Helper()
	db, err := minisql.Open("", &minisql.Options{Storage: minisql.Storage(on)})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if opts.Logf == nil {
		opts.Logf = t.Logf
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- pgwire.Serve(ctx, db, l, opts) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(20 * time.Second):
			t.Error("the server did not shut down")
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return "postgres://postgres@" + l.Addr().String() + "/minisql"
}

var buildOnce = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "minisql-e2e")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "minisql")
	out, err := exec.Command("go", "build", "-o", bin, "github.com/minisql/minisql/cmd/minisql").CombinedOutput()
	if err != nil {
		return "", &buildError{string(out), err}
	}
	return bin, nil
})

type buildError struct {
	out string
	err error
}

func (e *buildError) Error() string { return e.err.Error() + "\n" + e.out }

// binary builds the command once for all tests.
func binary(t testing.TB) string {
	t.Helper()
	bin, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

func TestMain(m *testing.M) {
	code := m.Run()
	if bin, err := buildOnce(); err == nil {
		_ = os.RemoveAll(filepath.Dir(bin))
	}
	os.Exit(code)
}

// process is a running "minisql serve".
type process struct {
	cmd  *exec.Cmd
	url  string
	done chan error
}

var readyLine = regexp.MustCompile(`^ready: psql "(postgres://[^"]+)"$`)

// start runs the binary and waits until it is ready.
func start(t testing.TB, on engines.Engine, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(binary(t), append([]string{"serve", "--listen", "127.0.0.1:0", "--storage", string(on)}, args...)...), done: make(chan error, 1)}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	p.cmd.Stderr = &stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		_ = p.cmd.Wait()
		t.Fatalf("no ready line: %s", stderr.String())
	}
	m := readyLine.FindStringSubmatch(lines.Text())
	if m == nil {
		t.Fatalf("ready line: %q", lines.Text())
	}
	p.url = m[1]
	go func() {
		for lines.Scan() {
			t.Errorf("a second line on stdout: %q", lines.Text())
		}
		p.done <- p.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.done
		if t.Failed() {
			t.Log(stderr.String())
		}
	})
	return p
}

// wait waits for the process to end.
func (p *process) wait(t testing.TB, most time.Duration) error {
	t.Helper()
	select {
	case err := <-p.done:
		p.done <- err
		return err
	case <-time.After(most):
		t.Fatal("the process goes on")
		return nil
	}
}

// tool finds a client program, or skips the test.
func tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	return path
}
