package pgwire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/sqlerr"
)

// The first word of a startup packet: a protocol version, or one of these.
const (
	cancelRequestCode = 80877102
	sslRequestCode    = 80877103
	gssRequestCode    = 80877104
	protocolMajor     = 3
)

// startupMax bounds what a client may send before it has said who it is.
const startupMax = 10_000

var (
	errTooManyClients = sqlerr.New(sqlerr.TooManyConnections, "sorry, too many clients already")
	errShuttingDown   = sqlerr.New(sqlerr.CannotConnectNow, "the database system is shutting down")
	errStartupLength  = sqlerr.New(sqlerr.ProtocolViolation, "invalid length of startup packet")
	errStartupLayout  = sqlerr.New(sqlerr.ProtocolViolation, "invalid startup packet layout: expected terminator as last byte")
	errAuthTimeout    = sqlerr.New(sqlerr.QueryCanceled, "canceling authentication due to timeout")
)

// startup brings a connection to its first ReadyForQuery. It returns false, without an
// error, if the client wanted nothing else.
func (c *conn) startup() (bool, error) {
	_ = c.nc.SetReadDeadline(time.Now().Add(c.srv.opts.AuthTimeout))
	ok, err := c.greet()
	if errors.Is(err, os.ErrDeadlineExceeded) && !c.stopping() {
		err = errAuthTimeout
	}
	if err != nil || !ok {
		return false, err
	}
	_ = c.nc.SetReadDeadline(time.Time{})
	return true, nil
}

func (c *conn) greet() (bool, error) {
	var refused [2]bool // TLS, GSS: each is asked for once
	for {
		code, body, err := c.startupPacket()
		if err != nil {
			return false, err
		}
		switch code {
		case sslRequestCode, gssRequestCode:
			i := code - sslRequestCode
			if refused[i] {
				return false, sqlerr.New(sqlerr.FeatureNotSupported, "unsupported frontend protocol %d.%d: server supports 3.0 to 3.0", code>>16, code&0xffff)
			}
			refused[i] = true
			if _, err := c.nc.Write([]byte{'N'}); err != nil {
				return false, err
			}
		case cancelRequestCode:
			if len(body) == 8 {
				c.srv.cancel(int32(binary.BigEndian.Uint32(body)), binary.BigEndian.Uint32(body[4:]))
			}
			return false, nil
		default:
			if code>>16 != protocolMajor {
				return false, sqlerr.New(sqlerr.FeatureNotSupported, "unsupported frontend protocol %d.%d: server supports 3.0 to 3.0", code>>16, code&0xffff)
			}
			return true, c.login(code, body)
		}
	}
}

func (c *conn) startupPacket() (code uint32, body []byte, err error) {
	if err := c.in.need(4); err != nil {
		return 0, nil, err
	}
	size := binary.BigEndian.Uint32(c.in.take(4))
	if size < 8 || size > startupMax {
		return 0, nil, errStartupLength
	}
	if err := c.in.need(int(size) - 4); err != nil {
		return 0, nil, err
	}
	b := c.in.take(int(size) - 4)
	return binary.BigEndian.Uint32(b), b[4:], nil
}

// parameters are what a StartupMessage says.
type parameters struct {
	user, database string
	settings       map[string]string
	unknown        []string // protocol options that we do not have
}

func parseStartup(body []byte) (p parameters, err error) {
	p.settings = make(map[string]string)
	for {
		name, rest, ok := cut(body)
		if !ok {
			return p, errStartupLayout
		}
		if name == "" {
			if len(rest) > 0 {
				return p, errStartupLayout
			}
			break
		}
		value, rest, ok := cut(rest)
		if !ok {
			return p, errStartupLayout
		}
		body = rest
		switch {
		case name == "user":
			p.user = value
		case name == "database":
			p.database = value
		case name == "replication":
			if on := strings.ToLower(value); on != "false" && on != "off" && on != "no" && on != "0" {
				return p, sqlerr.Unsupported("replication")
			}
		case name == "options":
			if err := parseOptions(value, p.settings); err != nil {
				return p, err
			}
		case strings.HasPrefix(name, "_pq_."):
			p.unknown = append(p.unknown, name)
		default:
			p.settings[name] = value
		}
	}
	if p.user == "" {
		return p, sqlerr.New(sqlerr.InvalidAuthorizationSpecification, "no PostgreSQL user name specified in startup packet")
	}
	if p.database == "" {
		p.database = p.user
	}
	return p, nil
}

func cut(b []byte) (string, []byte, bool) {
	i := bytes.IndexByte(b, 0)
	if i < 0 {
		return "", nil, false
	}
	return string(b[:i]), b[i+1:], true
}

// parseOptions reads command-line switches as PostgreSQL's server takes them: -c
// name=value and --name=value, with \ before blanks that belong to a word.
func parseOptions(s string, into map[string]string) error {
	var words []string
	var word strings.Builder
	in := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == ' ' || s[i] >= '\t' && s[i] <= '\r':
			if in {
				words, in = append(words, word.String()), false
				word.Reset()
			}
			continue
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		in = true
		word.WriteByte(s[i])
	}
	if in {
		words = append(words, word.String())
	}
	for i := 0; i < len(words); i++ {
		w := words[i]
		switch {
		case w == "-c" && i+1 < len(words):
			i++
			w = words[i]
		case strings.HasPrefix(w, "-c"):
			w = w[2:]
		case strings.HasPrefix(w, "--"):
			w = w[2:]
		default:
			return sqlerr.New(sqlerr.SyntaxError, "invalid command-line argument for server process: %s", w).
				WithHint("Write -c name=value or --name=value.")
		}
		name, value, ok := strings.Cut(w, "=")
		if !ok {
			return sqlerr.New(sqlerr.SyntaxError, "-c %s requires a value", w)
		}
		into[strings.ReplaceAll(name, "-", "_")] = value
	}
	return nil
}

// login authenticates the client and opens its session.
func (c *conn) login(version uint32, body []byte) error {
	p, err := parseStartup(body)
	if err != nil {
		return err
	}
	if minor := version & 0xffff; minor > 0 || len(p.unknown) > 0 {
		at := c.out.start(msgNegotiateVersion)
		c.out.int32(protocolMajor << 16)
		c.out.int32(len(p.unknown))
		for _, name := range p.unknown {
			c.out.cstring(name)
		}
		c.out.finish(at)
	}
	if int(c.srv.sessions.Add(1)) > c.srv.opts.MaxConnections {
		c.srv.sessions.Add(-1)
		return errTooManyClients
	}
	c.counted = true
	if c.stopping() {
		return errShuttingDown
	}
	if err := c.authenticate(p.user); err != nil {
		return err
	}
	at := c.out.start(msgAuthentication)
	c.out.int32(0) // AuthenticationOk
	c.out.finish(at)

	addr := ""
	if a, ok := c.nc.RemoteAddr().(*net.TCPAddr); ok {
		addr = a.String()
	}
	c.sess, err = c.srv.db.Session(background, &minisql.SessionOptions{
		Database: p.database, User: p.user, Settings: p.settings, ClientAddr: addr,
		OnNotice: c.notice, OnTerminate: c.terminate,
	})
	if err != nil {
		return err
	}
	c.p = c.sess.Protocol()
	c.protocol.Store(&c.p)
	if err := c.srv.enroll(c); err != nil {
		return err
	}
	c.reported = c.p.Reported(func(name, value string) {
		if c.changed == nil {
			c.changed = make(map[string]string)
		}
		c.changed[name] = value
	})
	for _, name := range slices.Sorted(maps.Keys(c.reported)) {
		c.out.parameterStatus(name, c.reported[name])
	}
	at = c.out.start(msgBackendKeyData)
	c.out.int32(int(c.pid))
	c.out.int32(int(c.secret))
	c.out.finish(at)
	return c.ready()
}
