package pgwire

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/internal/engines"
)

var (
	update = flag.Bool("update", false, "rewrite what the scripts expect")
	oracle = flag.String("oracle", "", "address of a PostgreSQL server to play the scripts against, instead of ours")
)

// TestScripts plays message traffic. A script has what the client sends, one message a line,
// and what the server answers before it waits again:
//
//	→ Query "select 1"
//	← RowDescription …
//
// Consecutive → lines are sent at once. Besides messages there are
//
//	→ Connect            a new connection; the first is there
//	→ Raw 00ff…          bytes as they are
//	→ Sleep 61s          time passes
//	→ Cancel [wrong]     a cancel request for this connection, on another one
//	→ Hangup             the client is gone
//
// With -oracle host:port they are played against PostgreSQL, to see where we differ.
func TestScripts(t *testing.T) {
	if *oracle != "" {
		testScripts(t, engines.Golden)
		return
	}
	engines.Each(t, testScripts)
}

func testScripts(t *testing.T, on engines.Engine) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			script, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got string
			if *oracle != "" {
				got = (&player{t: t, dial: dialOracle, quiet: func() { time.Sleep(100 * time.Millisecond) }}).play(string(script))
			} else {
				synctest.Test(t, func(t *testing.T) { got = play(t, on, string(script)) })
			}
			if *update && on == engines.Golden {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(script) {
				t.Errorf("%s\n%s", file, firstDifference(string(script), got))
			}
		})
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range w {
		if i >= len(g) || w[i] != g[i] {
			return fmt.Sprintf("line %d\nwant %s\ngot  %s", i+1, strings.Join(w[i:min(i+4, len(w))], "\n     "), strings.Join(g[min(i, len(g)):min(i+4, len(g))], "\n     "))
		}
	}
	return "more lines than expected"
}

// player is the client of a script.
type player struct {
	t      *testing.T
	dial   func() net.Conn
	quiet  func() // waits until the server has nothing more to say
	nc     net.Conn
	lines  chan string
	pid    uint32
	secret uint32
	asked  atomic.Int32 // requests for TLS or GSS without an answer
}

// play plays a script against a new server.
func play(t *testing.T, on engines.Engine, script string) string {
	db, err := minisql.Open("", &minisql.Options{Storage: minisql.Storage(on)})
	if err != nil {
		t.Fatal(err)
	}
	srv, err := NewServer(db, Options{MaxConnections: 2, Logf: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	dial := func() net.Conn {
		client, server := net.Pipe()
		go srv.ServeConn(server)
		return client
	}
	out := (&player{t: t, dial: dial, quiet: synctest.Wait}).play(script)
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	return out
}

func dialOracle() net.Conn {
	nc, err := net.Dial("tcp", *oracle)
	if err != nil {
		panic(err)
	}
	return nc
}

func (p *player) play(script string) string {
	p.connect()
	var out strings.Builder
	pending := false
	answers := func() {
		if !pending {
			return
		}
		pending = false
		p.quiet()
		for {
			select {
			case l := <-p.lines:
				out.WriteString("← " + l + "\n")
				continue
			default:
			}
			break
		}
	}
	for line := range strings.Lines(script) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "←"):
			answers()
			continue
		case strings.HasPrefix(line, "→ "):
			out.WriteString(line + "\n")
			p.send(strings.TrimPrefix(line, "→ "))
			pending = true
			continue
		}
		answers()
		out.WriteString(line + "\n")
	}
	answers()
	_ = p.nc.Close()
	return out.String()
}

func (p *player) connect() {
	if p.nc != nil {
		_ = p.nc.Close()
		p.quiet()
	}
	lines := make(chan string, 10000)
	p.nc, p.lines = p.dial(), lines
	go p.receive(p.nc, lines)
}

// receive turns what the server sends into lines.
func (p *player) receive(nc net.Conn, lines chan<- string) {
	for {
		var head [5]byte
		if _, err := io.ReadFull(nc, head[:1]); err != nil {
			if errors.Is(err, io.EOF) {
				lines <- "(closed)"
			}
			return
		}
		if head[0] == 'N' && p.asked.Add(-1) >= 0 {
			lines <- "N" // the refusal of TLS or GSS is this byte alone
			continue
		}
		if _, err := io.ReadFull(nc, head[1:]); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head[1:])-4)
		if _, err := io.ReadFull(nc, body); err != nil {
			return
		}
		lines <- p.describe(head[0], body)
	}
}

func (p *player) describe(typ byte, body []byte) string {
	decode := func(m pgproto3.Message) {
		if err := m.Decode(body); err != nil {
			p.t.Errorf("%T: %v", m, err)
		}
	}
	switch typ {
	case msgAuthentication:
		return fmt.Sprint("Authentication ", binary.BigEndian.Uint32(body))
	case msgParameterStatus:
		var m pgproto3.ParameterStatus
		decode(&m)
		return fmt.Sprintf("ParameterStatus %s=%s", m.Name, m.Value)
	case msgBackendKeyData:
		p.pid, p.secret = binary.BigEndian.Uint32(body), binary.BigEndian.Uint32(body[4:])
		return "BackendKeyData"
	case msgReadyForQuery:
		return "ReadyForQuery " + string(body)
	case msgRowDescription:
		var m pgproto3.RowDescription
		decode(&m)
		s := "RowDescription"
		for _, f := range m.Fields {
			table := "-"
			if f.TableOID != 0 {
				table = fmt.Sprint("table.", f.TableAttributeNumber)
			}
			s += fmt.Sprintf(" | %s %s oid=%d len=%d mod=%d format=%d", f.Name, table, f.DataTypeOID, f.DataTypeSize, f.TypeModifier, f.Format)
		}
		return s
	case msgDataRow:
		var m pgproto3.DataRow
		decode(&m)
		s := "DataRow"
		for _, v := range m.Values {
			switch {
			case v == nil:
				s += " null"
			case strings.ContainsFunc(string(v), func(r rune) bool { return r < ' ' || r == 0xfffd }):
				s += " x" + hex.EncodeToString(v)
			default:
				s += " " + strconv.Quote(string(v))
			}
		}
		return s
	case msgParameterDescription:
		var m pgproto3.ParameterDescription
		decode(&m)
		return fmt.Sprint("ParameterDescription ", m.ParameterOIDs)
	case msgErrorResponse, msgNoticeResponse:
		s := map[byte]string{'E': "ErrorResponse", 'N': "NoticeResponse"}[typ]
		for field := range strings.SplitSeq(strings.TrimRight(string(body), "\x00"), "\x00") {
			if field[0] != 'V' {
				s += fmt.Sprintf(" %c=%q", field[0], field[1:])
			}
		}
		return s
	case msgCommandComplete:
		return "CommandComplete " + strconv.Quote(strings.TrimSuffix(string(body), "\x00"))
	case msgCopyInResponse, msgCopyOutResponse:
		return fmt.Sprintf("%s format=%d columns=%d", map[byte]string{'G': "CopyInResponse", 'H': "CopyOutResponse"}[typ], body[0], binary.BigEndian.Uint16(body[1:]))
	case msgCopyData:
		return "CopyData " + strconv.Quote(string(body))
	case msgNegotiateVersion:
		return "NegotiateProtocolVersion " + strconv.Quote(string(body))
	}
	name := map[byte]string{
		msgBindComplete: "BindComplete", msgCloseComplete: "CloseComplete", msgCopyDone: "CopyDone", msgEmptyQueryResponse: "EmptyQueryResponse",
		msgNoData: "NoData", msgParseComplete: "ParseComplete", msgPortalSuspended: "PortalSuspended",
	}[typ]
	if name == "" || len(body) > 0 {
		return fmt.Sprintf("message %q %q", typ, body)
	}
	return name
}

// words splits a line at blanks; a Go string is one word.
func words(t *testing.T, line string) []string {
	var out []string
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		if line[0] == '"' {
			q, err := strconv.QuotedPrefix(line)
			if err != nil {
				t.Fatal(line, err)
			}
			v, _ := strconv.Unquote(q)
			out, line = append(out, v), line[len(q):]
			continue
		}
		w, rest, _ := strings.Cut(line, " ")
		out, line = append(out, w), rest
	}
	return out
}

func (p *player) send(line string) {
	w := words(p.t, line)
	arg := func(i int) string {
		if i < len(w) {
			return w[i]
		}
		return ""
	}
	var m pgproto3.FrontendMessage
	switch w[0] {
	case "Connect":
		p.connect()
		return
	case "Sleep":
		d, err := time.ParseDuration(arg(1))
		if err != nil {
			p.t.Fatal(err)
		}
		time.Sleep(d)
		return
	case "Hangup":
		_ = p.nc.Close()
		return
	case "Raw":
		b, err := hex.DecodeString(strings.Join(w[1:], ""))
		if err != nil {
			p.t.Fatal(err)
		}
		p.write(b)
		return
	case "Cancel":
		client := p.dial()
		secret := p.secret
		if arg(1) == "wrong" {
			secret++
		}
		b := binary.BigEndian.AppendUint32([]byte{0, 0, 0, 16, 4, 210, 22, 46}, p.pid)
		_, _ = client.Write(binary.BigEndian.AppendUint32(b, secret))
		_, _ = client.Read(b)
		return
	case "SSLRequest":
		p.asked.Store(1)
		m = &pgproto3.SSLRequest{}
	case "GSSENCRequest":
		p.asked.Store(1)
		m = &pgproto3.GSSEncRequest{}
	case "Startup":
		s := &pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: make(map[string]string)}
		for _, kv := range w[1:] {
			k, v, _ := strings.Cut(kv, "=")
			if k == "version" {
				major, minor, _ := strings.Cut(v, ".")
				a, _ := strconv.Atoi(major)
				b, _ := strconv.Atoi(minor)
				s.ProtocolVersion = uint32(a<<16 | b)
				continue
			}
			s.Parameters[k] = v
		}
		m = s
	case "Query":
		m = &pgproto3.Query{String: arg(1)}
	case "Parse":
		q := &pgproto3.Parse{Name: arg(1), Query: arg(2)}
		for _, o := range w[min(3, len(w)):] {
			n, _ := strconv.Atoi(o)
			q.ParameterOIDs = append(q.ParameterOIDs, uint32(n))
		}
		m = q
	case "Bind": // portal statement text|x:hex|null… →format…
		b := &pgproto3.Bind{DestinationPortal: arg(1), PreparedStatement: arg(2)}
		for _, v := range w[min(3, len(w)):] {
			switch {
			case v == "null":
				b.Parameters, b.ParameterFormatCodes = append(b.Parameters, nil), append(b.ParameterFormatCodes, 0)
			case strings.HasPrefix(v, "→"):
				n, _ := strconv.Atoi(strings.TrimPrefix(v, "→"))
				b.ResultFormatCodes = append(b.ResultFormatCodes, int16(n))
			case strings.HasPrefix(v, "x:"):
				raw, err := hex.DecodeString(v[2:])
				if err != nil {
					p.t.Fatal(err)
				}
				b.Parameters, b.ParameterFormatCodes = append(b.Parameters, raw), append(b.ParameterFormatCodes, 1)
			default:
				b.Parameters, b.ParameterFormatCodes = append(b.Parameters, []byte(v)), append(b.ParameterFormatCodes, 0)
			}
		}
		m = b
	case "Describe":
		m = &pgproto3.Describe{ObjectType: arg(1)[0], Name: arg(2)}
	case "Execute":
		n, _ := strconv.Atoi(arg(2))
		m = &pgproto3.Execute{Portal: arg(1), MaxRows: uint32(n)}
	case "Close":
		m = &pgproto3.Close{ObjectType: arg(1)[0], Name: arg(2)}
	case "Sync":
		m = &pgproto3.Sync{}
	case "Flush":
		m = &pgproto3.Flush{}
	case "Terminate":
		m = &pgproto3.Terminate{}
	case "CopyData":
		m = &pgproto3.CopyData{Data: []byte(arg(1))}
	case "CopyDone":
		m = &pgproto3.CopyDone{}
	case "CopyFail":
		m = &pgproto3.CopyFail{Message: arg(1)}
	case "FunctionCall":
		m = &pgproto3.FunctionCall{Function: 1}
	default:
		p.t.Fatalf("unknown message %s", w[0])
	}
	b, err := m.Encode(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	p.write(b)
}

func (p *player) write(b []byte) {
	_, _ = p.nc.Write(b) // the server may have closed; the answers tell
}
