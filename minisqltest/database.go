package minisqltest

import (
	"context"
	"database/sql"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/pgwire"
)

// Database is one test's database. Any number of goroutines use it. What its methods open is closed
// with it, and what they cannot open ends the test.
type Database struct {
	*minisql.DB

	t      testing.TB
	server *pgwire.Server

	mu    sync.Mutex // guards what follows
	pool  *pgxpool.Pool
	sql   *sql.DB
	conns []*pgx.Conn
}

// New opens a database in memory for a test, and closes it when the test ends.
func New(t testing.TB, opts ...Option) *Database {
	t.Helper()
	c := config{t: t, db: minisql.Options{Settings: make(map[string]string)}}
	for _, o := range opts {
		o(&c)
	}
	if len(c.onAnomaly) > 0 {
		c.db.OnAnomaly = func(a minisql.Anomaly) {
			for _, f := range c.onAnomaly {
				f(a)
			}
		}
	}
	db, err := minisql.Open("", &c.db)
	if err != nil {
		t.Fatalf("minisqltest: %v", err)
	}
	d := &Database{DB: db, t: t}
	t.Cleanup(d.close)
	if d.server, err = pgwire.NewServer(db, pgwire.Options{MaxConnections: 10_000, Logf: t.Logf}); err != nil {
		t.Fatalf("minisqltest: %v", err)
	}
	for _, text := range c.setup {
		if _, err := db.Exec(context.Background(), text); err != nil {
			t.Fatalf("minisqltest: setup: %v", err)
		}
	}
	return d
}

// poolPatience is how long the end of a test waits for connections that are still in use.
const poolPatience = time.Second

// close ends the sessions first: then nothing commits any more, and no client waits.
func (d *Database) close() {
	if d.server != nil {
		_ = d.server.Close()
	}
	if err := d.DB.Close(); err != nil {
		d.t.Errorf("minisqltest: %v", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.conns {
		_ = c.Close(context.Background())
	}
	if d.sql != nil {
		_ = d.sql.Close()
	}
	if d.pool == nil {
		return
	}
	closed := make(chan struct{})
	go func() {
		d.pool.Close() // waits for those who have not given their connections back
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(poolPatience):
		d.t.Logf("minisqltest: connections of the pool are still in use at the end of the test")
	}
}

// dial connects a client to the server through a pipe.
func (d *Database) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	go d.server.ServeConn(server)
	return client, nil
}

// url names everything that pgx would otherwise look for in the environment.
const url = "postgres://" + minisql.DefaultUser + "@minisqltest:5432/" + minisql.DefaultDatabase + "?sslmode=disable"

// PoolConfig returns the configuration of a pool of connections to the database, for those who want to change it
// before pgxpool.NewWithConfig. They close the pool.
func (d *Database) PoolConfig() *pgxpool.Config {
	d.t.Helper()
	c, err := pgxpool.ParseConfig(url)
	if err != nil {
		d.t.Fatalf("minisqltest: %v", err)
	}
	c.ConnConfig.DialFunc = d.dial
	c.ConnConfig.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	return c
}

// ConnConfig is PoolConfig for a single connection, and pgx.ConnectConfig.
func (d *Database) ConnConfig() *pgx.ConnConfig {
	d.t.Helper()
	return d.PoolConfig().ConnConfig
}

// Pool returns a pool of connections, each time the same.
func (d *Database) Pool() *pgxpool.Pool {
	d.t.Helper()
	c := d.PoolConfig()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.pool == nil {
		p, err := pgxpool.NewWithConfig(context.Background(), c)
		if err != nil {
			d.t.Fatalf("minisqltest: %v", err)
		}
		d.pool = p
	}
	return d.pool
}

// Connect opens a connection.
func (d *Database) Connect() *pgx.Conn {
	d.t.Helper()
	c, err := pgx.ConnectConfig(context.Background(), d.ConnConfig())
	if err != nil {
		d.t.Fatalf("minisqltest: %v", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.conns = append(d.conns, c)
	return c
}

// SQL returns a database/sql database on minisql's own driver, each time the same.
func (d *Database) SQL() *sql.DB {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sql == nil {
		d.sql = sql.OpenDB(d.Connector(nil))
	}
	return d.sql
}
