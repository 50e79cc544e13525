package e2e

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/minisql/minisql/internal/engines"
)

func run(t *testing.T, stdin, name string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Env = append(os.Environ(), "PGCONNECT_TIMEOUT=10", "PSQLRC=/dev/null")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

func TestPsql(t *testing.T) { engines.Each(t, testPsql) }

func testPsql(t *testing.T, on engines.Engine) {
	psql := tool(t, "psql")
	p := start(t, on)
	out, errs, err := run(t, `
create table t (a int primary key, b text);
insert into t values (1, 'eins'), (2, 'zwei');
select * from t order by a;
\copy t from stdin
3	drei
\.
copy (select b from t order by a) to stdout;
select * frm t;
begin;
insert into t values (1);
select 1;
rollback;
\echo :SQLSTATE
select 'ä' || $1;
\set FETCH_COUNT 1
select a from t order by a;
`, psql, "-XAt", p.url)
	if err != nil {
		t.Fatal(err, errs)
	}
	const wantOut = "CREATE TABLE\nINSERT 0 2\n1|eins\n2|zwei\nCOPY 1\neins\nzwei\ndrei\nBEGIN\nROLLBACK\n00000\n1\n2\n3\n"
	if out != wantOut {
		t.Errorf("psql printed\n%s\nwant\n%s", out, wantOut)
	}
	for _, want := range []string{
		"ERROR:  syntax error at or near \"frm\"\nLINE 1: select * frm t;\n                 ^",
		"ERROR:  duplicate key value violates unique constraint \"t_pkey\"\nDETAIL:  Key (a)=(1) already exists.",
		"ERROR:  current transaction is aborted, commands ignored until end of transaction block",
		"ERROR:  there is no parameter $1\nLINE 1: select 'ä' || $1;\n                      ^",
	} {
		if !strings.Contains(errs, want) {
			t.Errorf("psql's errors have no %q:\n%s", want, errs)
		}
	}
}

func TestPgbench(t *testing.T) { engines.Each(t, testPgbench) }

func testPgbench(t *testing.T, on engines.Engine) {
	pgbench := tool(t, "pgbench")
	dir := filepath.Join(t.TempDir(), "db")
	p := start(t, on, "--data", dir)
	if out, errs, err := run(t, "", pgbench, "-i", "-s", "1", "-q", p.url); err != nil {
		t.Fatal(err, out, errs)
	}
	for _, mode := range []string{"simple", "extended", "prepared"} {
		out, errs, err := run(t, "", pgbench, "-n", "-c", "4", "-j", "2", "-t", "25", "-M", mode, p.url)
		if err != nil || !strings.Contains(out, "number of transactions actually processed: 100/100") {
			t.Fatal(mode, err, out, errs)
		}
	}
	conn, err := pgx.Connect(context.Background(), p.url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var rows int
	var same bool
	err = conn.QueryRow(context.Background(), `select (select count(*) from pgbench_history),
		(select sum(abalance) from pgbench_accounts) = (select sum(bbalance) from pgbench_branches)
		and (select sum(abalance) from pgbench_accounts) = (select sum(tbalance) from pgbench_tellers)`).Scan(&rows, &same)
	if err != nil || rows != 300 || !same {
		t.Fatal(rows, same, err)
	}
	out, errs, err := run(t, "", binary(t), "check", dir)
	if err == nil || out != "" || !strings.Contains(errs, "another process") {
		t.Errorf("check of a database in use: %v %s%s", err, out, errs)
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.wait(t, 10*time.Second); err != nil {
		t.Fatal(err)
	}
	sound(t, dir)
}

// sound runs minisql check.
func sound(t *testing.T, dir string) {
	t.Helper()
	out, errs, err := run(t, "", binary(t), "check", dir)
	if err != nil || errs != "" || !strings.HasSuffix(out, dir+" is sound\n") {
		t.Errorf("minisql check: %v\n%s%s", err, out, errs)
	}
}

// TestCheckFails prints what is wrong, line by line, and ends with 1.
func TestCheckFails(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	if out, errs, err := run(t, "create table t as select g from generate_series(1, 1000) g;", binary(t), dir); err != nil {
		t.Fatal(out, errs, err)
	}
	file := filepath.Join(dir, "data.db")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	clear(b[len(b)/2:])
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	out, errs, err := run(t, "", binary(t), "check", dir)
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || exit.ExitCode() != 1 || !strings.HasPrefix(out, "storage: FAULT: "+file) || !strings.Contains(errs, "is not sound") {
		t.Errorf("%v\n%s%s", err, out, errs)
	}
}

// TestKill loses nothing that was acknowledged.
func TestKill(t *testing.T) { engines.Each(t, testKill) }

func testKill(t *testing.T, on engines.Engine) {
	dir, ctx := filepath.Join(t.TempDir(), "db"), context.Background()
	p := start(t, on, "--data", dir)
	conn, err := pgx.Connect(ctx, p.url)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(ctx, "create table t (a serial primary key); insert into t default values"); err != nil {
		t.Fatal(err)
	}
	_, errs, err := run(t, "", binary(t), "serve", "--data", dir, "--listen", "127.0.0.1:0")
	if err == nil || !strings.Contains(errs, "another process") {
		t.Fatal("a second server on the directory: ", errs)
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.wait(t, 10*time.Second)
	_ = conn.Close(ctx)
	p = start(t, "", "--data", dir) // it keeps its engine
	if conn, err = pgx.Connect(ctx, p.url); err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	var n int
	if err := conn.QueryRow(ctx, "select count(*) from t").Scan(&n); err != nil || n != 1 {
		t.Fatal(n, err)
	}
}

// TestStop lets a running statement finish, and tells idle clients.
func TestStop(t *testing.T) {
	t.Parallel()
	p, ctx := start(t, engines.BTree), context.Background()
	idle, err := pgx.Connect(ctx, p.url)
	if err != nil {
		t.Fatal(err)
	}
	busy, err := pgx.Connect(ctx, p.url)
	if err != nil {
		t.Fatal(err)
	}
	slow := make(chan error, 1)
	go func() {
		_, err := busy.Exec(ctx, "select pg_sleep(1)")
		slow <- err
	}()
	time.Sleep(200 * time.Millisecond)
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-slow; err != nil {
		t.Fatal("the running statement: ", err)
	}
	if err := p.wait(t, 10*time.Second); err != nil {
		t.Fatal(err)
	}
	if _, err := idle.Exec(ctx, "select 1"); err == nil {
		t.Fatal("the idle connection goes on")
	}
}

// TestStopTwice does not wait for a statement.
func TestStopTwice(t *testing.T) {
	t.Parallel()
	p, ctx := start(t, engines.BTree), context.Background()
	busy, err := pgx.Connect(ctx, p.url)
	if err != nil {
		t.Fatal(err)
	}
	slow := make(chan error, 1)
	go func() {
		_, err := busy.Exec(ctx, "select pg_sleep(60)")
		slow <- err
	}()
	time.Sleep(200 * time.Millisecond)
	for range 2 {
		if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
	}
	if err := p.wait(t, 10*time.Second); err != nil {
		t.Fatal(err)
	}
	if err := <-slow; err == nil {
		t.Fatal("the statement finished")
	}
}

func TestRefusedFlags(t *testing.T) {
	for _, c := range []struct {
		args []string
		err  string
	}{
		{[]string{"serve", "--storage", "heap"}, `storage engine "heap" does not exist`},
		{[]string{"serve", "--listen", "0.0.0.0:0"}, "--auth trust would let everybody in"},
		{[]string{"serve", "--listen", ":0"}, "--auth trust would let everybody in"},
		{[]string{"serve", "--auth", "md5"}, `authentication method "md5" is not supported`},
		{[]string{"serve", "--auth", "scram-sha-256"}, "needs --password-file"},
		{[]string{"serve", "--cache", "lots"}, `"lots" is not a size`},
		{[]string{"serve", "--max-connections", "0"}, "at least 1"},
		{[]string{"serve", "--listen", "127.0.0.1:0", "-c", "no_such_setting=1"}, "unrecognized configuration parameter"},
	} {
		out, errs, err := run(t, "", binary(t), c.args...)
		if err == nil || !strings.Contains(errs, c.err) || out != "" {
			t.Errorf("%v: %v %s%s, want %q", c.args, err, out, errs, c.err)
		}
	}
	out, _, err := run(t, "", binary(t), "version")
	if err != nil || !strings.HasPrefix(out, "minisql ") {
		t.Error(out, err)
	}
}

func TestPassword(t *testing.T) {
	file := filepath.Join(t.TempDir(), "users")
	// The second is what PostgreSQL stores for the password "sesame".
	err := os.WriteFile(file, []byte("# users\npostgres:secret\nbob:"+sesame+"\n"), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	p, ctx := start(t, engines.BTree, "--auth", "scram-sha-256", "--password-file", file), context.Background()
	for _, c := range []struct {
		user, password string
		ok             bool
	}{{"postgres", "secret", true}, {"postgres", "wrong", false}, {"bob", "sesame", true}, {"eve", "secret", false}} {
		cfg, err := pgx.ParseConfig(p.url)
		if err != nil {
			t.Fatal(err)
		}
		cfg.User, cfg.Password = c.user, c.password
		conn, err := pgx.ConnectConfig(ctx, cfg)
		if err == nil {
			_ = conn.Close(ctx)
		}
		if (err == nil) != c.ok || !c.ok && !strings.Contains(err.Error(), "28P01") {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if psql, err := exec.LookPath("psql"); err == nil {
		url := strings.Replace(p.url, "postgres@", "bob:sesame@", 1)
		if out, errs, err := run(t, "", psql, "-XAt", "-c", "select current_user", url); err != nil || out != "bob\n" {
			t.Error(out, errs, err)
		}
	}
}

// sesame is pg_authid.rolpassword for the password "sesame".
const sesame = "SCRAM-SHA-256$4096:eIwG3O+AfZobvYkckNfFeg==$sEewzGFy8URUIKTXe4A1O41MNwFXHWHn/Lx6jQlG0gE=:0OLHEiVDcGfcigAujYHM0MVDr+qxIiH5Wbawep8dVT0="
