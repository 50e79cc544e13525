package pgwire

import (
	"encoding/binary"
	"io"
	"sync"
)

const (
	outputSize  = 8 << 10
	outputFlush = 32 << 10 // beyond this, output is sent although nobody asked
	outputKeep  = 64 << 10 // a larger buffer is not kept
)

var outputBuffers = sync.Pool{New: func() any {
	b := make([]byte, 0, outputSize)
	return &b
}}

// output collects messages until they are to be sent.
type output struct {
	dst  io.Writer
	buf  []byte
	from *[]byte // where buf came from
	err  error   // of an earlier write: everything after is dropped
}

// start begins a message; finish writes its length.
func (o *output) start(typ byte) int {
	if o.buf == nil {
		o.from = outputBuffers.Get().(*[]byte)
		o.buf = (*o.from)[:0]
	}
	o.buf = append(o.buf, typ, 0, 0, 0, 0)
	return len(o.buf) - 4
}

func (o *output) finish(at int) {
	binary.BigEndian.PutUint32(o.buf[at:], uint32(len(o.buf)-at))
}

func (o *output) int16(n int)    { o.buf = binary.BigEndian.AppendUint16(o.buf, uint16(n)) }
func (o *output) int32(n int)    { o.buf = binary.BigEndian.AppendUint32(o.buf, uint32(n)) }
func (o *output) byte(b byte)    { o.buf = append(o.buf, b) }
func (o *output) bytes(b []byte) { o.buf = append(o.buf, b...) }

// cstring writes a string that ends at its first zero byte.
func (o *output) cstring(s string) {
	for i := range len(s) {
		if s[i] == 0 {
			s = s[:i]
			break
		}
	}
	o.buf = append(append(o.buf, s...), 0)
}

// empty sends a message without a body.
func (o *output) empty(typ byte) { o.finish(o.start(typ)) }

// full sends what is there if it is much.
func (o *output) full() error {
	if len(o.buf) >= outputFlush {
		return o.flush()
	}
	return o.err
}

// flush sends what is there.
func (o *output) flush() error {
	if len(o.buf) > 0 && o.err == nil {
		_, o.err = o.dst.Write(o.buf)
	}
	o.buf = o.buf[:0]
	return o.err
}

// relax gives the empty buffer back.
func (o *output) relax() {
	if o.buf == nil {
		return
	}
	if cap(o.buf) <= outputKeep {
		*o.from = o.buf[:0]
		outputBuffers.Put(o.from)
	}
	o.buf, o.from = nil, nil
}
