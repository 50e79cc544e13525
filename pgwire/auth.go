package pgwire

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/xdg-go/scram"

	"github.com/minisql/minisql/sqlerr"
)

// AuthMethod is how clients prove who they are.
type AuthMethod string

// The methods of authentication.
const (
	AuthTrust AuthMethod = "trust"         // not at all
	AuthSCRAM AuthMethod = "scram-sha-256" // by password, which is never sent
)

// authMessageMax bounds a message of a client that is not authenticated yet.
const authMessageMax = 1024

const (
	scramName       = "SCRAM-SHA-256"
	scramIterations = 4096
)

// authenticator checks clients. It is immutable.
type authenticator struct {
	method AuthMethod
	users  map[string]scram.StoredCredentials
	// doomed stands in for users that do not exist, so that a stranger cannot tell
	// them from those with another password.
	doomed scram.StoredCredentials
}

func newAuthenticator(method AuthMethod, passwords map[string]string) (*authenticator, error) {
	a := &authenticator{method: method, users: make(map[string]scram.StoredCredentials)}
	switch method {
	case "", AuthTrust:
		a.method = AuthTrust
		return a, nil
	case AuthSCRAM:
	default:
		return nil, fmt.Errorf("authentication method %q is not supported (there are %s and %s)", method, AuthTrust, AuthSCRAM)
	}
	if len(passwords) == 0 {
		return nil, fmt.Errorf("authentication method %s needs passwords", method)
	}
	for user, pw := range passwords {
		v, err := verifier(pw)
		if err != nil {
			return nil, fmt.Errorf("password of user %q: %w", user, err)
		}
		a.users[user] = v
	}
	var err error
	a.doomed, err = verifier(rand.Text())
	return a, err
}

// verifier makes what SCRAM needs of a password, or reads what PostgreSQL makes of it:
//
//	SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey
func verifier(password string) (v scram.StoredCredentials, err error) {
	if rest, ok := strings.CutPrefix(password, scramName+"$"); ok {
		kdf, keys, ok1 := strings.Cut(rest, "$")
		iters, salt, ok2 := strings.Cut(kdf, ":")
		stored, server, ok3 := strings.Cut(keys, ":")
		n, err := strconv.Atoi(iters)
		if !ok1 || !ok2 || !ok3 || err != nil || n < 1 {
			return v, fmt.Errorf("malformed %s verifier", scramName)
		}
		v.Iters = n
		for _, part := range []struct {
			text string
			dst  func([]byte)
		}{
			{salt, func(b []byte) { v.Salt = string(b) }}, {stored, func(b []byte) { v.StoredKey = b }}, {server, func(b []byte) { v.ServerKey = b }},
		} {
			b, err := base64.StdEncoding.DecodeString(part.text)
			if err != nil {
				return v, fmt.Errorf("malformed %s verifier", scramName)
			}
			part.dst(b)
		}
		return v, nil
	}
	var salt [16]byte
	if _, err := rand.Read(salt[:]); err != nil {
		return v, err
	}
	client, err := scram.SHA256.NewClient("", password, "")
	if err != nil {
		return v, err
	}
	return client.GetStoredCredentialsWithError(scram.KeyFactors{Salt: string(salt[:]), Iters: scramIterations})
}

// authenticate has the client prove that it is user.
func (c *conn) authenticate(user string) error {
	a := c.srv.auth
	if a.method == AuthTrust {
		return nil
	}
	at := c.out.start(msgAuthentication)
	c.out.int32(10) // AuthenticationSASL
	c.out.cstring(scramName)
	c.out.byte(0)
	c.out.finish(at)

	body, err := c.authMessage()
	if err != nil {
		return err
	}
	var first pgproto3.SASLInitialResponse
	if err := first.Decode(body); err != nil {
		return sqlerr.New(sqlerr.ProtocolViolation, "malformed SCRAM message")
	}
	if first.AuthMechanism != scramName {
		return sqlerr.New(sqlerr.ProtocolViolation, "client selected an invalid SASL authentication mechanism")
	}
	creds, known := a.users[user]
	if !known {
		creds = a.doomed
	}
	server, err := scram.SHA256.NewServer(func(string) (scram.StoredCredentials, error) { return creds, nil })
	if err != nil {
		return err
	}
	talk := server.NewConversation()
	challenge, err := talk.Step(string(first.Data))
	if err != nil {
		return sqlerr.New(sqlerr.ProtocolViolation, "malformed SCRAM message").WithDetail("%v", err)
	}
	c.sasl(11, challenge) // AuthenticationSASLContinue
	if body, err = c.authMessage(); err != nil {
		return err
	}
	final, err := talk.Step(string(body))
	if err != nil || !talk.Valid() || !known {
		return sqlerr.New(sqlerr.InvalidPassword, "password authentication failed for user %q", user)
	}
	c.sasl(12, final) // AuthenticationSASLFinal
	return nil
}

func (c *conn) sasl(code int, data string) {
	at := c.out.start(msgAuthentication)
	c.out.int32(code)
	c.out.bytes([]byte(data))
	c.out.finish(at)
}

func (c *conn) authMessage() ([]byte, error) {
	if err := c.out.flush(); err != nil {
		return nil, err
	}
	typ, body, err := c.in.message(func(byte) (int, error) { return authMessageMax, nil })
	if err == nil && typ != 'p' {
		err = sqlerr.New(sqlerr.ProtocolViolation, "expected SASL response, got message type %d", typ)
	}
	return body, err
}
