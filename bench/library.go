package main

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	_ "github.com/mattn/go-sqlite3"
	_ "modernc.org/sqlite"

	_ "github.com/minisql/minisql"
)

// contender is a database behind database/sql, on files, with durable commits.
type contender struct {
	name   string
	db     *sql.DB
	params func(n int) string
}

const libraryRows = 100_000

func openContenders(dir string) ([]*contender, error) {
	dollar := func(n int) string { return fmt.Sprintf("$%d", n) }
	question := func(int) string { return "?" }
	var out []*contender
	for _, c := range []struct {
		name, driver, dsn string
		params            func(int) string
	}{
		{"btree", "minisql", filepath.Join(dir, "btree") + "?storage=btree", dollar},
		{"lsm", "minisql", filepath.Join(dir, "lsm") + "?storage=lsm", dollar},
		{"mattn", "sqlite3", filepath.Join(dir, "mattn.db") + "?_journal_mode=WAL&_synchronous=FULL", question},
		{"modernc", "sqlite", filepath.Join(dir, "modernc.db") + "?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)", question},
	} {
		db, err := sql.Open(c.driver, c.dsn)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
		db.SetMaxOpenConns(1) // as an embedded SQLite is used
		out = append(out, &contender{c.name, db, c.params})
	}
	return out, nil
}

// fill creates the table and times its loading in one transaction, per row.
func (c *contender) fill() (float64, error) {
	if _, err := c.db.Exec("create table if not exists t (id bigint primary key, v bigint not null, s text not null)"); err != nil {
		return 0, err
	}
	if _, err := c.db.Exec("delete from t"); err != nil {
		return 0, err
	}
	began := time.Now()
	tx, err := c.db.Begin()
	if err != nil {
		return 0, err
	}
	defer func() { _ = tx.Rollback() }()
	st, err := tx.Prepare(fmt.Sprintf("insert into t values (%s, %s, %s)", c.params(1), c.params(2), c.params(3)))
	if err != nil {
		return 0, err
	}
	for i := range libraryRows {
		if _, err := st.Exec(i, i*7, "some text that is a little longer than a word"); err != nil {
			return 0, err
		}
	}
	if err := tx.Commit(); err != nil {
		return 0, err
	}
	return float64(time.Since(began).Nanoseconds()) / libraryRows, nil
}

func (c *contender) points() (float64, error) {
	st, err := c.db.Prepare("select v from t where id = " + c.params(1))
	if err != nil {
		return 0, err
	}
	defer st.Close()
	const n = 50_000
	began := time.Now()
	for range n {
		var v int64
		if err := st.QueryRow(rand.IntN(libraryRows)).Scan(&v); err != nil {
			return 0, err
		}
	}
	return float64(time.Since(began).Nanoseconds()) / n, nil
}

func (c *contender) commits() (float64, error) {
	if _, err := c.db.Exec("create table if not exists log (id bigint primary key, s text)"); err != nil {
		return 0, err
	}
	if _, err := c.db.Exec("delete from log"); err != nil {
		return 0, err
	}
	st, err := c.db.Prepare(fmt.Sprintf("insert into log values (%s, %s)", c.params(1), c.params(2)))
	if err != nil {
		return 0, err
	}
	defer st.Close()
	const n = 1000
	began := time.Now()
	for i := range n {
		if _, err := st.Exec(i, "entry"); err != nil {
			return 0, err
		}
	}
	return float64(time.Since(began).Nanoseconds()) / n, nil
}

func (c *contender) scan() (float64, error) {
	began := time.Now()
	rows, err := c.db.Query("select id, v from t")
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		var id, v int64
		if err := rows.Scan(&id, &v); err != nil {
			return 0, err
		}
		n++
	}
	if n != libraryRows {
		return 0, fmt.Errorf("%s: %d rows: %w", c.name, n, rows.Err())
	}
	return float64(time.Since(began).Nanoseconds()) / libraryRows, rows.Err()
}

func (c *contender) aggregate() (float64, error) {
	began := time.Now()
	var n, sum int64
	if err := c.db.QueryRow("select count(*), sum(v) from t where v >= 0").Scan(&n, &sum); err != nil {
		return 0, err
	}
	return float64(time.Since(began).Nanoseconds()) / libraryRows, nil
}

func libraryPart() error {
	dir, err := os.MkdirTemp("", "minisql-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	all, err := openContenders(dir)
	if err != nil {
		return err
	}
	fmt.Printf("## The library, through database/sql on files, %d rows, median of %d rounds, ns\n\n", libraryRows, *rounds)
	row("", "btree", "lsm", "mattn", "modernc", "mattn / btree", "mattn / lsm", "modernc / btree")
	row("---", "--:", "--:", "--:", "--:", "--:", "--:", "--:")
	for _, test := range []struct {
		name string
		run  func(*contender) (float64, error)
	}{
		{"insert, many in a transaction (a row)", (*contender).fill},
		{"point select, prepared", (*contender).points},
		{"durable commit of one insert", (*contender).commits},
		{"scan of two columns (a row)", (*contender).scan},
		{"count and sum (a row)", (*contender).aggregate},
	} {
		times := make(map[string][]float64)
		for range *rounds {
			for _, c := range all {
				ns, err := test.run(c)
				if err != nil {
					return fmt.Errorf("%s: %s: %w", c.name, test.name, err)
				}
				times[c.name] = append(times[c.name], ns)
			}
		}
		b, l, m, o := median(times["btree"]), median(times["lsm"]), median(times["mattn"]), median(times["modernc"])
		row(test.name, b, l, m, o, m/b, m/l, o/b)
	}
	fmt.Println()
	for _, c := range all {
		if err := c.db.Close(); err != nil {
			return err
		}
	}
	return nil
}
