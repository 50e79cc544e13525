package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/netip"
	"net/url"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/pgwire"
)

// serveOptions are the flags of serve.
type serveOptions struct {
	data           string
	listen         string
	storage        string
	auth           string
	passwordFile   string
	maxConnections int
	cache          string
	settings       []string
}

func newServe() *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve a database to psql and other PostgreSQL clients",
		Long: `Serve a database to psql and other PostgreSQL clients.

One line on standard output says when connections are accepted, and how to connect.
Everything else goes to standard error. An interrupt (SIGINT or SIGTERM) lets running
statements finish and closes the database; a second one stops at once.`,
		Example: `  minisql serve --data ./data
  minisql serve                         # in memory, gone with the process
  minisql serve --data ./data --listen 0.0.0.0:5433 --auth scram-sha-256 --password-file users.txt`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serve(&o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.data, "data", "", "directory of the database; none: in memory")
	f.StringVar(&o.listen, "listen", "127.0.0.1:5433", "address to listen on; port 0 takes a free one")
	f.StringVar(&o.storage, "storage", "", "storage engine of a new directory: btree or lsm (default btree); an existing one keeps its own")
	f.StringVar(&o.auth, "auth", string(pgwire.AuthTrust), "authentication of clients: trust or scram-sha-256")
	f.StringVar(&o.passwordFile, "password-file", "", "file with a line user:password for each user (scram-sha-256)")
	f.IntVar(&o.maxConnections, "max-connections", 100, "connections at a time")
	f.StringVar(&o.cache, "cache", "256MB", "memory for the storage engine's pages or blocks")
	f.StringArrayVarP(&o.settings, "set", "c", nil, "setting for all sessions: name=value")
	return cmd
}

// check refuses what cannot work, before anything is opened.
func (o *serveOptions) check() (*minisql.Options, *pgwire.Options, error) {
	if err := minisql.Storage(o.storage).Check(); err != nil {
		return nil, nil, err
	}
	db := &minisql.Options{Storage: minisql.Storage(o.storage), Settings: make(map[string]string)}
	var err error
	if db.MemoryBytes, err = parseBytes(o.cache); err != nil {
		return nil, nil, fmt.Errorf("--cache: %w", err)
	}
	for _, s := range o.settings {
		name, value, ok := strings.Cut(s, "=")
		if !ok {
			return nil, nil, fmt.Errorf("--set %s: write name=value", s)
		}
		db.Settings[name] = value
	}
	if o.maxConnections < 1 {
		return nil, nil, fmt.Errorf("--max-connections %d: there must be at least 1", o.maxConnections)
	}
	wire := &pgwire.Options{MaxConnections: o.maxConnections, Auth: pgwire.AuthMethod(o.auth)}
	switch wire.Auth {
	case pgwire.AuthTrust:
		if o.passwordFile != "" {
			return nil, nil, errors.New("--password-file needs --auth scram-sha-256")
		}
		if host, _, err := net.SplitHostPort(o.listen); err == nil && !isLoopback(host) {
			return nil, nil, fmt.Errorf("--listen %s is reachable from other machines, and --auth trust would let everybody in: add --auth scram-sha-256 and a --password-file, or listen on 127.0.0.1", o.listen)
		}
	case pgwire.AuthSCRAM:
		if o.passwordFile == "" {
			return nil, nil, errors.New("--auth scram-sha-256 needs --password-file")
		}
		if wire.Passwords, err = readPasswords(o.passwordFile); err != nil {
			return nil, nil, err
		}
	default:
		return nil, nil, fmt.Errorf("authentication method %q is not supported; there are trust and scram-sha-256", o.auth)
	}
	return db, wire, nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// readPasswords reads lines of user:password; a password may be PostgreSQL's verifier.
func readPasswords(path string) (map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	users := make(map[string]string)
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		user, password, ok := strings.Cut(line, ":")
		if !ok || user == "" || password == "" {
			return nil, fmt.Errorf("%s, line %d: write user:password", path, n)
		}
		users[user] = password
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(users) == 0 {
		return nil, fmt.Errorf("%s has no users", path)
	}
	return users, nil
}

// parseBytes reads a size with PostgreSQL's units: kB, MB, GB, TB, powers of 1024.
func parseBytes(s string) (int64, error) {
	digits := strings.TrimRight(s, "kKMGTBb ")
	n, err := strconv.ParseInt(digits, 10, 64)
	shift, ok := map[string]int{"": 0, "b": 0, "kb": 10, "k": 10, "mb": 20, "m": 20, "gb": 30, "g": 30, "tb": 40, "t": 40}[strings.ToLower(strings.TrimSpace(s[len(digits):]))]
	if err != nil || !ok || n < 1 || n > 1<<62>>shift {
		return 0, fmt.Errorf("%q is not a size; write 512MB or 4GB", s)
	}
	return n << shift, nil
}

// spareProcessor has one more goroutine run than there are cores. One that syncs the log waits in
// a system call, and so may one that sends: it woke its client, which has the core now. It keeps
// its place in Go's scheduler meanwhile, and a core would be idle until the scheduler takes it away.
//
// GOMAXPROCS below the number of cores is a limit that was set on purpose, and is kept.
func spareProcessor() {
	if n := runtime.NumCPU(); os.Getenv("GOMAXPROCS") == "" && runtime.GOMAXPROCS(0) == n {
		runtime.GOMAXPROCS(n + 1)
	}
}

// serve runs the server until a signal ends it.
func serve(o *serveOptions, stdout, stderr io.Writer) error {
	dbOpts, wireOpts, err := o.check()
	if err != nil {
		return err
	}
	// The heap is mostly pages, which are cheap to mark: collecting at half as much
	// garbage as usual keeps the process near --cache.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
		// With little data that would be all the time. Memory that is never touched counts as heap,
		// and takes none: half of it may be garbage before the first collection.
		untouched := make([]byte, 32<<20)
		defer runtime.KeepAlive(untouched)
	}
	spareProcessor()
	logger := log.New(stderr, "", log.LstdFlags|log.Lmicroseconds)
	dbOpts.Logf, wireOpts.Logf = logger.Printf, logger.Printf

	// Signals are caught before the database is opened: from here on it is closed properly.
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)

	l, err := net.Listen("tcp", o.listen)
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }()
	db, err := minisql.Open(o.data, dbOpts)
	if err != nil {
		return err
	}
	defer func() {
		if err := db.Close(); err != nil {
			logger.Print(err)
		}
	}()
	srv, err := pgwire.NewServer(db, *wireOpts)
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	if _, err := fmt.Fprintf(stdout, "ready: psql %q\n", connectURL(l.Addr())); err != nil {
		return errors.Join(err, srv.Close())
	}
	select {
	case err := <-served:
		return errors.Join(err, srv.Close())
	case sig := <-signals:
		logger.Printf("received %v, shutting down; once more stops at once", sig)
	}
	return shutdown(srv, signals, logger)
}

// connectURL is what a client on this machine connects to.
func connectURL(a net.Addr) string {
	host, port, _ := net.SplitHostPort(a.String())
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	u := url.URL{Scheme: "postgres", User: url.User(minisql.DefaultUser), Host: net.JoinHostPort(host, port), Path: "/" + minisql.DefaultDatabase}
	return u.String()
}
