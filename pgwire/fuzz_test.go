package pgwire

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/minisql/minisql"
)

// FuzzConnection sends arbitrary bytes, as a startup packet or after one. The server
// never panics, takes no more memory than it was sent, and always answers or closes.
func FuzzConnection(f *testing.F) {
	startup, err := (&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "postgres"}}).Encode(nil)
	if err != nil {
		f.Fatal(err)
	}
	seed := func(started bool, messages ...pgproto3.FrontendMessage) {
		var b []byte
		for _, m := range messages {
			var err error
			if b, err = m.Encode(b); err != nil {
				f.Fatal(err)
			}
		}
		f.Add(started, b)
	}
	seed(true, &pgproto3.Query{String: "select 1"})
	seed(true, &pgproto3.Parse{Query: "select $1::int4", ParameterOIDs: []uint32{23}}, &pgproto3.Bind{Parameters: [][]byte{{0, 0, 0, 1}}, ParameterFormatCodes: []int16{1}, ResultFormatCodes: []int16{1}}, &pgproto3.Describe{ObjectType: 'P'}, &pgproto3.Execute{MaxRows: 1}, &pgproto3.Sync{})
	seed(true, &pgproto3.Query{String: "copy t from stdin"}, &pgproto3.CopyData{Data: []byte("1\n")}, &pgproto3.CopyDone{})
	seed(true, &pgproto3.Close{ObjectType: 'S'}, &pgproto3.Flush{}, &pgproto3.CopyFail{}, &pgproto3.FunctionCall{}, &pgproto3.Terminate{})
	seed(false, &pgproto3.SSLRequest{}, &pgproto3.GSSEncRequest{}, &pgproto3.CancelRequest{ProcessID: 1, SecretKey: []byte{0, 0, 0, 1}})
	f.Add(false, startup)
	f.Add(true, binary.BigEndian.AppendUint32([]byte{'Q'}, 1<<30))

	db, err := minisql.Open("", nil)
	if err != nil {
		f.Fatal(err)
	}
	if _, err := db.Exec(f.Context(), "create table t (a int)"); err != nil {
		f.Fatal(err)
	}
	panicked := make(chan string, 1)
	srv, err := NewServer(db, Options{AuthTimeout: time.Second, Logf: func(format string, args ...any) {
		if len(format) > 5 && format[:5] == "panic" {
			select {
			case panicked <- fmt.Sprintf(format, args...):
			default:
			}
		}
	}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, started bool, data []byte) {
		client, server := net.Pipe()
		go func() {
			if started {
				_, _ = client.Write(startup)
			}
			_, _ = client.Write(data)
			_, _ = client.Write([]byte{'X', 0, 0, 0, 4})
			// If the server waits for the rest of a message, the client is gone.
			_ = client.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
		}()
		done := make(chan struct{})
		go func() {
			srv.ServeConn(server)
			close(done)
		}()
		_, _ = io.Copy(io.Discard, client)
		_ = client.Close()
		select { // the server's own reads end with the client
		case <-done:
		case <-time.After(10 * time.Second):
			t.Fatal("the connection hangs")
		}
		select {
		case p := <-panicked:
			t.Fatal(p)
		default:
		}
	})
}
