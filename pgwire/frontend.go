package pgwire

import (
	"bytes"
	"encoding/binary"
)

// The messages of the extended protocol that come with every execution of a prepared
// statement are decoded in place: what is read aliases the message, and is valid as long
// as it is. The others are left to pgproto3.

// fields reads a message's body from its start. After a field that is not there, bad is
// set, and all that follow are empty.
type fields struct {
	rest []byte
	bad  bool
}

func (f *fields) take(n int) []byte {
	if n < 0 || n > len(f.rest) {
		f.rest, f.bad = nil, true
		return nil
	}
	b := f.rest[:n:n]
	f.rest = f.rest[n:]
	return b
}

func (f *fields) byte() byte {
	if b := f.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (f *fields) int16() int {
	if b := f.take(2); b != nil {
		return int(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (f *fields) int32() int {
	if b := f.take(4); b != nil {
		return int(int32(binary.BigEndian.Uint32(b)))
	}
	return 0
}

// cstring reads up to a zero byte, which it drops.
func (f *fields) cstring() []byte {
	n := bytes.IndexByte(f.rest, 0)
	b := f.take(n + 1)
	if n < 0 {
		f.take(-1)
	}
	return b[:max(n, 0)]
}

// codes is a list of format codes.
type codes []byte

func (f *fields) codes() codes { return f.take(2 * f.int16()) }

func (c codes) len() int     { return len(c) / 2 }
func (c codes) at(i int) int { return int(int16(binary.BigEndian.Uint16(c[2*i:]))) }

// bindMessage is Bind.
type bindMessage struct {
	portal, statement []byte
	paramFormats      codes
	params            fields // length and bytes of each; the length of a NULL is -1
	paramCount        int
	resultFormats     codes
}

func (m *bindMessage) decode(body []byte) (ok bool) {
	f := fields{rest: body}
	m.portal, m.statement = f.cstring(), f.cstring()
	m.paramFormats = f.codes()
	m.paramCount = f.int16()
	m.params.rest = f.rest
	for range m.paramCount {
		if n := f.int32(); n != -1 {
			f.take(n)
		}
	}
	m.resultFormats = f.codes()
	return !f.bad
}

// param reads the next parameter; nil is NULL.
func (m *bindMessage) param() []byte {
	n := m.params.int32()
	if n == -1 {
		return nil
	}
	return m.params.take(n)
}
