package pgwire

import (
	"encoding/binary"
	"strconv"
	"unicode/utf8"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// The messages a server sends, by their type bytes.
const (
	msgAuthentication       = 'R'
	msgBackendKeyData       = 'K'
	msgBindComplete         = '2'
	msgCloseComplete        = '3'
	msgCommandComplete      = 'C'
	msgCopyData             = 'd'
	msgCopyDone             = 'c'
	msgCopyInResponse       = 'G'
	msgCopyOutResponse      = 'H'
	msgDataRow              = 'D'
	msgEmptyQueryResponse   = 'I'
	msgErrorResponse        = 'E'
	msgNegotiateVersion     = 'v'
	msgNoData               = 'n'
	msgNoticeResponse       = 'N'
	msgParameterDescription = 't'
	msgParameterStatus      = 'S'
	msgParseComplete        = '1'
	msgPortalSuspended      = 's'
	msgReadyForQuery        = 'Z'
	msgRowDescription       = 'T'
)

func (o *output) commandComplete(tag string) {
	at := o.start(msgCommandComplete)
	o.cstring(tag)
	o.finish(at)
}

// complete is commandComplete with the tag of a portal that is through.
func (o *output) complete(p *minisql.Portal) {
	verb, rows, ok := p.Counted()
	if !ok {
		o.commandComplete(p.Tag())
		return
	}
	at := o.start(msgCommandComplete)
	o.buf = append(strconv.AppendInt(append(o.buf, verb...), rows, 10), 0)
	o.finish(at)
}

func (o *output) parameterStatus(name, value string) {
	at := o.start(msgParameterStatus)
	o.cstring(name)
	o.cstring(value)
	o.finish(at)
}

func (o *output) readyForQuery(status byte) {
	at := o.start(msgReadyForQuery)
	o.byte(status)
	o.finish(at)
}

// report writes an ErrorResponse or NoticeResponse. Positions are counted in bytes
// of source, and sent in characters.
func (o *output) report(typ byte, severity string, e *sqlerr.Error, source string) {
	at := o.start(typ)
	field := func(code byte, value string) {
		if value != "" {
			o.byte(code)
			o.cstring(value)
		}
	}
	field('S', severity)
	field('V', severity)
	field('C', string(e.Code))
	o.byte('M')
	o.cstring(e.Message)
	field('D', e.Detail)
	field('H', e.Hint)
	if p := e.Position - 1; p >= 0 && p <= len(source) && source != "" {
		field('P', itoa(utf8.RuneCountInString(source[:p])+1))
	}
	field('W', e.Where)
	field('s', e.Schema)
	field('t', e.Table)
	field('c', e.Column)
	field('d', e.DataType)
	field('n', e.Constraint)
	o.byte(0)
	o.finish(at)
}

// formats says which columns go out in binary: none, all, or one by one.
type formats []bool

func (f formats) binary(column int) bool {
	switch len(f) {
	case 0:
		return false
	case 1:
		return f[0]
	}
	return f[column]
}

func (o *output) rowDescription(cols []minisql.Column, f formats) {
	at := o.start(msgRowDescription)
	o.int16(len(cols))
	for i, c := range cols {
		o.cstring(c.Name)
		attnum := 0
		if c.Table != 0 {
			attnum = c.Slot + 1
		}
		o.int32(int(c.Table))
		o.int16(attnum)
		o.int32(int(c.Type.OID))
		size := -1
		if info, ok := types.Lookup(c.Type.OID); ok {
			size = int(info.Len)
		}
		o.int16(size)
		o.int32(int(c.Type.Typmod))
		format := 0
		if f.binary(i) {
			format = 1
		}
		o.int16(format)
	}
	o.finish(at)
}

// dataRows writes the rows of a batch. It sends what is much, so that a large result
// never gathers here.
func (o *output) dataRows(b *vec.Batch, cols []minisql.Column, f formats, style *types.Format) error {
	for k := range b.Len() {
		i := b.Row(k)
		at := o.start(msgDataRow)
		buf := binary.BigEndian.AppendUint16(o.buf, uint16(len(cols)))
		for c := range cols {
			v := &b.Cols[c]
			if v.IsNull(i) {
				buf = append(buf, 0xff, 0xff, 0xff, 0xff)
				continue
			}
			size := len(buf)
			buf = append(buf, 0, 0, 0, 0)
			if f.binary(c) {
				var err error
				if buf, err = types.AppendBinary(buf, cols[c].Type, v.View(i)); err != nil {
					o.buf = o.buf[:at-1]
					return err
				}
			} else {
				buf = types.AppendText(buf, cols[c].Type, v.View(i), style)
			}
			binary.BigEndian.PutUint32(buf[size:], uint32(len(buf)-size-4))
		}
		o.buf = buf
		o.finish(at)
		if len(o.buf) >= outputFlush {
			if err := o.flush(); err != nil {
				return err
			}
		}
	}
	return o.err
}
