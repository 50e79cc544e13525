package pgwire

import (
	"encoding/binary"
	"io"
	"sync"

	"github.com/minisql/minisql/sqlerr"
)

const (
	inputSmall = 1 << 10  // what a connection keeps while it waits
	inputLarge = 16 << 10 // what it borrows for longer messages
	// messageMax and smallMessageMax are PostgreSQL's limits for messages that carry
	// data and for those that do not.
	messageMax      = 1<<30 - 2
	smallMessageMax = 10_000
)

var largeBuffers = sync.Pool{New: func() any { return new([inputLarge]byte) }}

// input cuts a byte stream into messages.
//
//	buf   ─ consumed ─┬─ unread ─┬─ free ─
//	0                 r          w       len
type input struct {
	src    io.Reader
	buf    []byte
	r, w   int
	small  [inputSmall]byte
	pooled *[inputLarge]byte // backs buf if it is from the pool
}

func (in *input) init(src io.Reader) {
	in.src = src
	in.buf = in.small[:]
}

// buffered reports whether bytes are there that need no waiting for.
func (in *input) buffered() bool { return in.r < in.w }

// next is the type of the next message, or 0 if it is not there yet.
func (in *input) next() byte {
	if !in.buffered() {
		return 0
	}
	return in.buf[in.r]
}

// whole reports whether a whole message is there, or the head of one that message refuses.
func (in *input) whole() bool {
	n := in.w - in.r
	return n >= 5 && n-1 >= int(int32(binary.BigEndian.Uint32(in.buf[in.r+1:])))
}

// relax gives back a large buffer. No bytes may be buffered.
func (in *input) relax() {
	if in.pooled != nil {
		largeBuffers.Put(in.pooled)
		in.pooled = nil
	}
	in.buf, in.r, in.w = in.small[:], 0, 0
}

// need reads until n bytes are there. The buffer at most doubles each time it is
// full, so that memory follows what has really arrived.
func (in *input) need(n int) error {
	for in.w-in.r < n {
		if in.r > 0 && in.r+n > len(in.buf) {
			in.w = copy(in.buf, in.buf[in.r:in.w])
			in.r = 0
		}
		if in.w == len(in.buf) {
			in.grow(n)
		}
		m, err := in.src.Read(in.buf[in.w:])
		in.w += m
		if err != nil && in.w-in.r < n {
			if err == io.EOF && in.w > in.r {
				return io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

func (in *input) grow(n int) {
	var next []byte
	old := in.pooled
	if len(in.buf) < inputLarge {
		in.pooled = largeBuffers.Get().(*[inputLarge]byte)
		next = in.pooled[:]
	} else {
		next = make([]byte, min(max(n, inputLarge), 2*len(in.buf)))
		in.pooled = nil
	}
	in.w = copy(next, in.buf[in.r:in.w])
	in.r = 0
	in.buf = next
	if old != nil {
		largeBuffers.Put(old)
	}
}

// take returns n bytes that need has made sure of; valid until the next need.
func (in *input) take(n int) []byte {
	b := in.buf[in.r : in.r+n]
	in.r += n
	return b
}

// message reads the next message; body is valid until the next call. An error
// that is an *sqlerr.Error is the client's fault, and the stream has lost its place.
func (in *input) message(limit func(typ byte) (int, error)) (typ byte, body []byte, err error) {
	if err := in.need(5); err != nil {
		return 0, nil, err
	}
	typ = in.buf[in.r]
	size := int(int32(binary.BigEndian.Uint32(in.buf[in.r+1:])))
	most, err := limit(typ)
	if err != nil {
		return typ, nil, err
	}
	if size < 4 || size-4 > most {
		return typ, nil, sqlerr.New(sqlerr.ProtocolViolation, "invalid message length")
	}
	in.r += 5
	if err := in.need(size - 4); err != nil {
		return typ, nil, err
	}
	return typ, in.take(size - 4), nil
}
