package pgwire

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"runtime"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/minisql/minisql"
)

// client is a client that costs next to nothing: it sends prepared bytes and
// reads until ReadyForQuery.
type client struct {
	tb  testing.TB
	nc  net.Conn
	buf []byte
}

func dial(tb testing.TB, addr string) *client {
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		tb.Fatal(err)
	}
	c := &client{tb: tb, nc: nc, buf: make([]byte, 64<<10)}
	c.send(encode(tb, &pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "postgres"}}))
	return c
}

func encode(tb testing.TB, messages ...pgproto3.FrontendMessage) (b []byte) {
	for _, m := range messages {
		var err error
		if b, err = m.Encode(b); err != nil {
			tb.Fatal(err)
		}
	}
	return b
}

// send writes b and reads the answers up to ReadyForQuery.
func (c *client) send(b []byte) {
	if _, err := c.nc.Write(b); err != nil {
		c.tb.Fatal(err)
	}
	n := 0
	for {
		m, err := c.nc.Read(c.buf[n:])
		if err != nil {
			c.tb.Fatal(err)
		}
		n += m
		for n >= 5 {
			size := int(binary.BigEndian.Uint32(c.buf[1:])) + 1
			if n < size {
				break
			}
			switch c.buf[0] {
			case 'E':
				c.tb.Fatalf("%q", c.buf[:size])
			case 'Z':
				return
			}
			n = copy(c.buf, c.buf[size:n])
		}
	}
}

func listen(tb testing.TB, opts Options) (addr string) {
	db, err := minisql.Open("", nil)
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, db, l, opts) }()
	tb.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			tb.Error(err)
		}
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	return l.Addr().String()
}

// BenchmarkSelect asks what the wire adds to a point select. "constant" is a
// server that answers with bytes made beforehand: the floor of sockets and goroutines.
func BenchmarkSelect(b *testing.B) {
	addr := listen(b, Options{})
	setup := dial(b, addr)
	setup.send(encode(b, &pgproto3.Query{String: "create table t (a int primary key, b text); insert into t select g, 'value ' || g from generate_series(1, 10000) g"}))
	constant := constantServer(b)

	param := []byte{0, 0, 0, 42}
	prepared := encode(b, &pgproto3.Bind{PreparedStatement: "s", Parameters: [][]byte{param}, ParameterFormatCodes: []int16{1}, ResultFormatCodes: []int16{1}}, &pgproto3.Describe{ObjectType: 'P'}, &pgproto3.Execute{}, &pgproto3.Sync{})
	for _, c := range []struct {
		name  string
		addr  string
		query []byte
	}{
		{"constant", constant, prepared},
		{"prepared", addr, prepared},
		{"simple", addr, encode(b, &pgproto3.Query{String: "select b from t where a = 42"})},
		{"changing", addr, encode(b, &pgproto3.Query{String: "select b from t where a = 10000"})},
		{"rows1000", addr, encode(b, &pgproto3.Query{String: "select a, b from t where a <= 1000"})},
	} {
		b.Run(c.name, func(b *testing.B) {
			var cl *client
			if c.name == "constant" {
				nc, err := net.Dial("tcp", c.addr)
				if err != nil {
					b.Fatal(err)
				}
				cl = &client{tb: b, nc: nc, buf: make([]byte, 64<<10)}
			} else {
				cl = dial(b, c.addr)
			}
			defer cl.nc.Close()
			if c.name == "prepared" {
				cl.send(encode(b, &pgproto3.Parse{Name: "s", Query: "select b from t where a = $1"}, &pgproto3.Sync{}))
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if c.name == "changing" { // a text that was never seen before
					copy(c.query[len(c.query)-6:], strconv.Itoa(10000+i%9999))
				}
				cl.send(c.query)
			}
		})
	}
}

func constantServer(b *testing.B) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	var answer []byte
	for _, m := range []pgproto3.BackendMessage{
		&pgproto3.BindComplete{}, &pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{{Name: []byte("b"), DataTypeOID: 25}}},
		&pgproto3.DataRow{Values: [][]byte{[]byte("value 42")}}, &pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")}, &pgproto3.ReadyForQuery{TxStatus: 'I'},
	} {
		if answer, err = m.Encode(answer); err != nil {
			b.Fatal(err)
		}
	}
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				buf := make([]byte, 4096)
				for {
					if _, err := nc.Read(buf); err != nil {
						return
					}
					if _, err := nc.Write(answer); err != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

// TestIdleConnections holds the budget of 64 KiB for a connection that has run
// some statements and waits.
func TestIdleConnections(t *testing.T) {
	const n, budget = 200, 64 << 10
	addr := listen(t, Options{MaxConnections: n + 10})
	dial(t, addr).send(encode(t, &pgproto3.Query{String: "create table t (a int primary key, b text); insert into t select g, repeat('x', 100) from generate_series(1, 3000) g"}))
	memory := func() int {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.HeapInuse + m.StackInuse)
	}
	before := memory()
	clients := make([]*client, n)
	for i := range clients {
		clients[i] = dial(t, addr)
		clients[i].buf = clients[i].buf[:64<<10]
		clients[i].send(encode(t, &pgproto3.Query{String: "select * from t"}))
		clients[i].send(encode(t, &pgproto3.Query{String: fmt.Sprintf("select b from t where a = %d", i)}))
		clients[i].buf = nil
	}
	each := (memory() - before) / n
	t.Logf("%d bytes a connection", each)
	if each > budget {
		t.Errorf("%d bytes a connection, the budget is %d", each, budget)
	}
	for _, c := range clients {
		_ = c.nc.Close()
	}
}
