package pgwire

import (
	"encoding/binary"
	"io"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/minisql/minisql"
)

// rehearsed is a client without a network: each Read takes the next request, as a socket
// does whose client waits for the answer before it sends again, and Write drops what
// is answered. It counts both, as each is a system call on a socket.
type rehearsed struct {
	startup       [][]byte
	request       []byte
	times         int    // how often request is still sent; then the client is gone
	begin         func() // called before it is sent first, where the counts begin
	reads, writes int
	failed        []byte // an ErrorResponse that was sent
	rest          []byte
}

func (s *rehearsed) Read(b []byte) (int, error) {
	s.reads++
	if len(s.rest) == 0 {
		switch {
		case len(s.startup) > 0:
			s.rest, s.startup = s.startup[0], s.startup[1:]
		case s.times > 0:
			if s.begin != nil {
				s.begin()
				s.begin, s.reads, s.writes = nil, 1, 0
			}
			s.times--
			s.rest = s.request
		default:
			return 0, io.EOF
		}
	}
	n := copy(b, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

func (s *rehearsed) Write(b []byte) (int, error) {
	s.writes++
	for n := 0; n+5 <= len(b); n += 1 + int(binary.BigEndian.Uint32(b[n+1:])) {
		if b[n] == msgErrorResponse {
			s.failed = append(s.failed, b[n:]...)
		}
	}
	return len(b), nil
}

func (*rehearsed) Close() error                     { return nil }
func (*rehearsed) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (*rehearsed) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (*rehearsed) SetDeadline(time.Time) error      { return nil }
func (*rehearsed) SetReadDeadline(time.Time) error  { return nil }
func (*rehearsed) SetWriteDeadline(time.Time) error { return nil }

// roundTrip is a request and how many allocations it may cost.
type roundTrip struct {
	name    string
	request []byte
	allocs  float64
}

// roundTrips are what clients ask again and again, after Parse of the statement s.
func roundTrips(tb testing.TB) (parse map[string]string, trips []roundTrip) {
	parse = map[string]string{"sel": "select v from t where id = $1"}
	add := func(name string, allocs float64, messages ...pgproto3.FrontendMessage) {
		trips = append(trips, roundTrip{name, encode(tb, messages...), allocs})
	}
	id := [][]byte{[]byte("42")}
	add("simple", 3, &pgproto3.Query{String: "select v from t where id = 42"})
	add("extended", 7, &pgproto3.Parse{Query: "select v from t where id = $1"}, &pgproto3.Bind{Parameters: id}, &pgproto3.Describe{ObjectType: 'P'}, &pgproto3.Execute{}, &pgproto3.Sync{})
	add("prepared", 3, &pgproto3.Bind{PreparedStatement: "sel", Parameters: id}, &pgproto3.Describe{ObjectType: 'P'}, &pgproto3.Execute{}, &pgproto3.Sync{})
	return parse, trips
}

// converse runs a connection against a script, after its table and statements are made.
func converse(tb testing.TB, db *minisql.DB, request []byte, times int, begin func()) *rehearsed {
	srv, err := NewServer(db, Options{})
	if err != nil {
		tb.Fatal(err)
	}
	s := &rehearsed{request: request, times: times, begin: begin}
	s.startup = append(s.startup, encode(tb, &pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "postgres", "database": "minisql"}}))
	parse, _ := roundTrips(tb)
	for name, sql := range parse {
		s.startup = append(s.startup, encode(tb, &pgproto3.Parse{Name: name, Query: sql}, &pgproto3.Sync{}))
	}
	s.startup = append(s.startup, request, request, request) // plans are made, caches filled
	srv.ServeConn(s)
	if s.failed != nil {
		tb.Fatalf("the server answered %q", s.failed)
	}
	return s
}

func roundTripDB(tb testing.TB) *minisql.DB {
	db, err := minisql.Open("", nil)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	if _, err := db.Exec(tb.Context(), "create table t (id int primary key, v int, s text)"); err != nil {
		tb.Fatal(err)
	}
	if _, err := db.Exec(tb.Context(), "insert into t select g, g, repeat('x', 80) from generate_series(1, 100000) g"); err != nil {
		tb.Fatal(err)
	}
	return db
}

// TestRoundTrip holds what one statement may cost on its way through the wire: a read and a
// write, and few allocations, of which one is the transaction.
func TestRoundTrip(t *testing.T) {
	db := roundTripDB(t)
	_, trips := roundTrips(t)
	for _, trip := range trips {
		t.Run(trip.name, func(t *testing.T) {
			const n = 1000
			var before, after runtime.MemStats
			s := converse(t, db, trip.request, n, func() { runtime.ReadMemStats(&before) })
			runtime.ReadMemStats(&after)
			if s.reads != n+1 || s.writes != n { // the last read finds the end
				t.Errorf("%d round trips took %d reads and %d writes", n, s.reads, s.writes)
			}
			if testing.Short() { // the race detector has pools forget what they are given
				return
			}
			if each := float64(after.Mallocs-before.Mallocs) / n; each > trip.allocs+0.5 {
				t.Errorf("%.1f allocations a round trip, %.0f are allowed", each, trip.allocs)
			}
		})
	}
}

// BenchmarkRoundTrip is what a statement costs without sockets.
func BenchmarkRoundTrip(b *testing.B) {
	db := roundTripDB(b)
	_, trips := roundTrips(b)
	for _, t := range trips {
		b.Run(t.name, func(b *testing.B) {
			b.ReportAllocs()
			converse(b, db, t.request, b.N, b.ResetTimer)
		})
	}
}
