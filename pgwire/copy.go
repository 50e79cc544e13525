package pgwire

import (
	"errors"
	"io"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/sqlerr"
)

// copyResponse writes CopyInResponse or CopyOutResponse.
func (c *conn) copyResponse(typ byte, columns int, binary bool) {
	format := 0
	if binary {
		format = 1
	}
	at := c.out.start(typ)
	c.out.byte(byte(format))
	c.out.int16(columns)
	for range columns {
		c.out.int16(format)
	}
	c.out.finish(at)
}

// copyIn runs COPY … FROM STDIN.
func (c *conn) copyIn(portal *minisql.Portal) error {
	r := &copyReader{c: c}
	err := portal.CopyIn(background, r, func(columns int, binary bool) error {
		c.copyResponse(msgCopyInResponse, columns, binary)
		return c.out.flush()
	})
	if r.lost != nil {
		return lostError{r.lost}
	}
	if err == nil && !r.ended {
		// The data ended before the client did (\. or a trailer): hear it out.
		err = r.drain()
	}
	return err
}

// copyReader is the data of CopyData messages as one stream.
type copyReader struct {
	c     *conn
	rest  []byte // of the current message
	ended bool   // CopyDone or CopyFail came
	lost  error  // ends the connection
}

func (r *copyReader) Read(b []byte) (int, error) {
	for len(r.rest) == 0 {
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	n := copy(b, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// next reads a message. Sync and Flush are ignored: a client may have sent them
// together with the Execute.
func (r *copyReader) next() error {
	if r.ended {
		return io.EOF
	}
	if r.c.canceled.Load() {
		return sqlerr.New(sqlerr.QueryCanceled, "canceling statement due to user request")
	}
	typ, body, err := r.c.in.message(r.c.limit)
	if err != nil {
		r.lost = r.c.readError(err)
		return r.lost
	}
	switch typ {
	case 'd':
		r.rest = body
	case 'c':
		r.ended = true
		return io.EOF
	case 'f':
		r.ended = true
		var m pgproto3.CopyFail
		if err := m.Decode(body); err != nil {
			return errFormat()
		}
		return sqlerr.New(sqlerr.QueryCanceled, "COPY from stdin failed: %s", m.Message)
	case 'H', 'S':
	default:
		r.lost = errLostSync
		r.c.out.report(msgErrorResponse, "ERROR", sqlerr.New(sqlerr.ProtocolViolation, "unexpected message type 0x%02X during COPY from stdin", typ), "")
		return r.lost
	}
	return nil
}

func (r *copyReader) drain() error {
	for {
		switch err := r.next(); {
		case errors.Is(err, io.EOF):
			return nil
		case r.lost != nil:
			return lostError{r.lost}
		case err != nil:
			return r.c.p.Fail(err)
		}
	}
}

// copyOut runs COPY … TO STDOUT.
func (c *conn) copyOut(portal *minisql.Portal) error {
	err := portal.CopyOut(background, copyWriter{c}, func(columns int, binary bool) error {
		c.copyResponse(msgCopyOutResponse, columns, binary)
		return nil
	})
	if err == nil {
		c.out.empty(msgCopyDone)
	}
	return err
}

// copyWriter sends each Write, which is a row, as a CopyData message.
type copyWriter struct{ c *conn }

func (w copyWriter) Write(b []byte) (int, error) {
	c := w.c
	if c.canceled.Load() {
		return 0, sqlerr.New(sqlerr.QueryCanceled, "canceling statement due to user request")
	}
	at := c.out.start(msgCopyData)
	c.out.bytes(b)
	c.out.finish(at)
	return len(b), c.out.full()
}
