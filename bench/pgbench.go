package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const pgBin = "/usr/lib/postgresql/15/bin/"

// tool finds one of PostgreSQL's programs.
func tool(name string) string {
	if p, err := exec.LookPath(name); err == nil {
		return p
	}
	return pgBin + name
}

// server is a running database server.
type server struct {
	name string
	url  string
	stop func()
}

func startMinisql(dir, storage string) (*server, error) {
	bin := filepath.Join(dir, "minisql-"+storage)
	build := exec.Command("go", "build", "-o", bin, "./cmd/minisql")
	build.Dir = ".." // its module has what the binary needs
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build: %w\n%s", err, out)
	}
	cmd := exec.Command(bin, "serve", "--data", filepath.Join(dir, storage+"-data"), "--storage", storage, "--listen", "127.0.0.1:0")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, err
	}
	_, rest, _ := strings.Cut(line, `"`)
	url, _, _ := strings.Cut(rest, `"`)
	return &server{storage, url, func() { _ = cmd.Process.Signal(os.Interrupt); _ = cmd.Wait() }}, nil
}

// startPostgres makes a cluster with default settings. As root it runs as the user
// postgres, which PostgreSQL insists on.
func startPostgres(dir string) (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	data := filepath.Join(dir, "postgres-data")
	as := func(args ...string) *exec.Cmd {
		if u, err := user.Current(); err == nil && u.Uid == "0" {
			args = append([]string{"runuser", "-u", "postgres", "--"}, args...)
		}
		c := exec.Command(args[0], args[1:]...)
		c.Dir = dir
		return c
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		return nil, err
	}
	if out, err := as(tool("initdb"), "-D", data, "-U", "postgres", "-A", "trust", "--locale=C", "--encoding=UTF8").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	if out, err := as(tool("pg_ctl"), "-D", data, "-w", "-l", filepath.Join(dir, "pg.log"), "-o", fmt.Sprintf("-p %d -k %s", port, dir), "start").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("pg_ctl: %w\n%s", err, out)
	}
	return &server{"PostgreSQL", fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres", port), func() {
		_ = as(tool("pg_ctl"), "-D", data, "-m", "fast", "stop").Run()
	}}, nil
}

var tpsLine = regexp.MustCompile(`(?m)^tps = ([0-9.]+)`)

func pgbenchRun(s *server, mode, script string, clients int) (float64, error) {
	out, err := exec.Command(tool("pgbench"), "-n", "-M", mode, "-b", script, "-c", strconv.Itoa(clients), "-j", strconv.Itoa(min(clients, 2)), "-T", strconv.Itoa(*seconds), s.url).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%s: pgbench: %w\n%s", s.name, err, out)
	}
	m := tpsLine.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("pgbench printed no tps:\n%s", out)
	}
	return strconv.ParseFloat(string(m[1]), 64)
}

// startServers starts minisql on both engines, and PostgreSQL, which is the last.
func startServers(dir string) (all []*server, stop func(), err error) {
	stop = func() {
		for _, s := range all {
			s.stop()
		}
	}
	for _, start := range []func() (*server, error){
		func() (*server, error) { return startMinisql(dir, "btree") },
		func() (*server, error) { return startMinisql(dir, "lsm") },
		func() (*server, error) { return startPostgres(dir) },
	} {
		s, err := start()
		if err != nil {
			stop()
			return nil, nil, err
		}
		all = append(all, s)
	}
	return all, stop, nil
}

func pgbenchPart() error {
	dir, err := os.MkdirTemp("", "minisql-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	all, stop, err := startServers(dir)
	if err != nil {
		return err
	}
	defer stop()
	fmt.Printf("## pgbench, scale %d, median of %d alternating rounds of %d s, %s\n\n", *scale, *rounds, *seconds, time.Now().Format("2006-01-02"))
	row("", "btree", "lsm", "PostgreSQL", "btree / PostgreSQL", "lsm / PostgreSQL")
	row("---", "--:", "--:", "--:", "--:", "--:")
	for _, s := range all {
		if out, err := exec.Command(tool("pgbench"), "-i", "-q", "-s", strconv.Itoa(*scale), s.url).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: pgbench -i: %w\n%s", s.name, err, out)
		}
	}
	for _, script := range []string{"tpcb-like", "simple-update", "select-only"} {
		for _, mode := range []string{"simple", "extended", "prepared"} {
			for _, clients := range []int{1, 8} {
				tps := make(map[string][]float64)
				for r := range *rounds {
					for i := range all { // each goes first by turns
						s := all[(r+i)%len(all)]
						v, err := pgbenchRun(s, mode, script, clients)
						if err != nil {
							return err
						}
						tps[s.name] = append(tps[s.name], v)
					}
				}
				b, l, p := median(tps["btree"]), median(tps["lsm"]), median(tps["PostgreSQL"])
				row(fmt.Sprintf("%s, %s, %d clients", script, mode, clients), b, l, p, b/p, l/p)
			}
		}
	}
	fmt.Println()
	return nil
}
