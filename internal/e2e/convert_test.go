package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/minisql/minisql/internal/engines"
)

// TestConvert kills a server, copies its database to the other engine, and serves the copy.
func TestConvert(t *testing.T) { engines.Each(t, testConvert) }

func testConvert(t *testing.T, from engines.Engine) {
	t.Parallel()
	to := engines.LSM
	if from == to {
		to = engines.BTree
	}
	dir := t.TempDir()
	src, dst := filepath.Join(dir, "src"), filepath.Join(dir, "dst")
	ctx := context.Background()
	sums := func(p *process) string {
		t.Helper()
		conn, err := pgx.Connect(ctx, p.url)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(ctx)
		var sums string
		if err := conn.QueryRow(ctx, "select (select count(*) || md5(string_agg(b::text, '' order by a)) from t) || (select sum(length(c)) from long)").Scan(&sums); err != nil {
			t.Fatal(err)
		}
		return sums
	}
	p := start(t, from, "--data", src)
	conn, err := pgx.Connect(ctx, p.url)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(ctx, `create table t (a int primary key, b int, c text); create index on t (b, c);
		insert into t select g, g % 1000, 'row ' || g from generate_series(1, 50000) g;
		update t set b = b + 1 where a % 3 = 0; delete from t where a % 7 = 0;
		create table long (c text); insert into long select repeat('long', 100000) from generate_series(1, 5)`); err != nil {
		t.Fatal(err)
	}
	_ = conn.Close(ctx)
	want := sums(p)
	if out, errs, err := run(t, "", binary(t), "convert", src, dst, "--storage", string(to)); err == nil || out != "" || !strings.Contains(errs, "another process") {
		t.Errorf("of a database in use: %v %s%s", err, out, errs)
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.wait(t, 10*time.Second)

	out, errs, err := run(t, "", binary(t), "convert", src, dst, "--storage", string(to))
	if err != nil || errs != "" || out != fmt.Sprintf("%s has the database of %s, with %s\n", dst, src, to) {
		t.Fatalf("%v %s%s", err, out, errs)
	}
	sound(t, src)
	sound(t, dst)
	p = start(t, to, "--data", dst)
	if got := sums(p); got != want {
		t.Errorf("the copy has %s, want %s", got, want)
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.wait(t, 10*time.Second)
	sound(t, dst)
	if out, errs, err := run(t, "", binary(t), "convert", src, dst, "--storage", string(to)); err == nil || out != "" || !strings.Contains(errs, "it exists") {
		t.Errorf("over a database: %v %s%s", err, out, errs)
	}

	// An interrupt leaves nothing behind, if it comes in time.
	third := filepath.Join(dir, "third")
	cmd := exec.Command(binary(t), "convert", src, third, "--storage", string(to))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if names, err := filepath.Glob(third + "*"); err != nil || len(names) > 0 {
			break
		}
	}
	_ = cmd.Process.Signal(os.Interrupt) // it may have ended
	interrupted := cmd.Wait() != nil
	names, err := filepath.Glob(third + "*")
	if err != nil || interrupted != (len(names) == 0) {
		t.Errorf("interrupted: %v; there is %v", interrupted, names)
	}
	t.Logf("interrupted in time: %v", interrupted)
}
