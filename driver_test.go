package minisql_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/internal/engines"
)

func openSQL(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("minisql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func TestDriver(t *testing.T) { engines.Each(t, testDriver) }

func testDriver(t *testing.T, on engines.Engine) {
	db, ctx := openSQL(t, "?timezone=Europe/Berlin&storage="+string(on)), context.Background()
	if _, err := db.Exec("create table t (a int primary key, b numeric(8,3), c timestamptz, d bytea, e varchar(7))"); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2024, 7, 1, 12, 0, 0, 0, time.UTC)
	res, err := db.Exec("insert into t values ($1, $2, $3, $4, $5), (2, null, null, null, null)", 1, "1.5", at, []byte{1}, "x")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := res.RowsAffected(); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	if _, err := res.LastInsertId(); err == nil {
		t.Fatal("LastInsertId")
	}
	rows, err := db.Query("select * from t order by a")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	ct, err := rows.ColumnTypes()
	if err != nil {
		t.Fatal(err)
	}
	if p, s, ok := ct[1].DecimalSize(); p != 8 || s != 3 || !ok || ct[1].DatabaseTypeName() != "NUMERIC" {
		t.Fatal(p, s, ok)
	}
	if n, ok := ct[4].Length(); n != 7 || !ok {
		t.Fatal(n, ok)
	}
	var got []string
	for rows.Next() {
		var a int
		var b sql.NullFloat64
		var c sql.NullTime
		var d []byte
		var e *string
		if err := rows.Scan(&a, &b, &c, &d, &e); err != nil {
			t.Fatal(err)
		}
		if a == 1 && (b.Float64 != 1.5 || !c.Time.Equal(at) || c.Time.Format("15:04 MST") != "14:00 CEST" || len(d) != 1 || *e != "x") || a == 2 && (b.Valid || c.Valid || d != nil || e != nil) {
			t.Fatal(a, b, c, d, e)
		}
		got = append(got, "row")
	}
	if rows.Err() != nil || len(got) != 2 {
		t.Fatal(rows.Err(), got)
	}

	_, err = db.Exec("select @a", sql.Named("a", 1))
	wantCode(t, err, minisql.CodeFeatureNotSupported)
	_, err = db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable})
	wantCode(t, err, minisql.CodeFeatureNotSupported)
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	var level string
	if err := tx.QueryRow("show transaction_isolation").Scan(&level); err != nil || level != "repeatable read" {
		t.Fatal(level, err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}

	st, err := db.Prepare("select a from t where a = $1")
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	var a int
	if err := st.QueryRow(2).Scan(&a); err != nil || a != 2 {
		t.Fatal(a, err)
	}
	if err := st.QueryRow(3).Scan(&a); !errors.Is(err, sql.ErrNoRows) {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	if _, err := db.ExecContext(short, "select count(*) from generate_series(1, 1000000000)"); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	// A transaction abandoned by its context is rolled back.
	cctx, cancel := context.WithCancel(ctx)
	if tx, err = db.BeginTx(cctx, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("delete from t"); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := tx.Commit(); err == nil {
		t.Fatal("committed after its context ended")
	}
	if err := db.QueryRow("select count(*) from t").Scan(&a); err != nil || a != 2 {
		t.Fatal(a, err)
	}
}

// TestDriverShares opens a directory twice.
func TestDriverShares(t *testing.T) { engines.Each(t, testDriverShares) }

func testDriverShares(t *testing.T, on engines.Engine) {
	dir := filepath.Join(t.TempDir(), "db")
	one, err := sql.Open("minisql", dir+"?storage="+string(on))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := one.Exec("create table t (a int)"); err != nil {
		t.Fatal(err)
	}
	two, err := sql.Open("minisql", dir+"/../db?application_name=two")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := two.Exec("insert into t values (1)"); err != nil {
		t.Fatal(err)
	}
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := two.QueryRow("select count(*) from t").Scan(&n); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	_, err = minisql.Open(dir, nil)
	wantCode(t, err, "55006")
	if err := two.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := minisql.Open(dir, nil)
	if err != nil {
		t.Fatal("the last sql.DB left it open: ", err)
	}
	sdb := sql.OpenDB(db.Connector(nil))
	if err := sdb.QueryRow("select count(*) from t").Scan(&n); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	if err := errors.Join(sdb.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
}
