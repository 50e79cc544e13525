package types

import (
	"encoding/hex"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/minisql/minisql/sqlerr"
)

// AppendText appends the text of a value that is not NULL, as the type's output function writes it.
func AppendText(dst []byte, t Type, d Datum, f *Format) []byte {
	switch d.k {
	case KindInt:
		return appendIntText(dst, t.OID, d.n, f)
	case KindBytes:
		switch t.OID {
		case ByteaOID:
			return appendBytea(dst, d.s, f)
		case UUIDOID:
			return appendUUID(dst, d.s)
		}
		return append(dst, d.s...)
	case KindBool:
		if d.n != 0 {
			return append(dst, 't')
		}
		return append(dst, 'f')
	case KindFloat:
		bits := 64
		if t.OID == Float4OID {
			bits = 32
		}
		return appendFloat(dst, d.Float(), bits, f.orDefault().ExtraFloatDigits)
	case KindNumeric:
		return d.numeric().AppendText(dst)
	case KindInterval:
		return d.Interval().AppendText(dst, f.orDefault().IntervalStyle)
	case KindTimetz:
		return AppendTimetz(dst, d.n, d.m)
	case KindArray:
		if t.OID == Int2VectorOID || t.OID == OidVectorOID {
			for i, e := range d.Array().Elems {
				if i > 0 {
					dst = append(dst, ' ')
				}
				dst = strconv.AppendInt(dst, e.n, 10)
			}
			return dst
		}
		return appendArray(dst, d.Array(), f)
	case KindRecord:
		return appendRecord(dst, d.Record(), f)
	}
	return dst
}

// Text returns the text of a value, "" for NULL.
func Text(t Type, d Datum, f *Format) string {
	if d.k == KindBytes && t.OID != ByteaOID && t.OID != UUIDOID {
		return d.s
	}
	var buf [64]byte
	return string(AppendText(buf[:0], t, d, f))
}

func appendIntText(dst []byte, o OID, n int64, f *Format) []byte {
	switch o {
	case DateOID:
		return AppendDate(dst, n, f)
	case TimeOID:
		return AppendTime(dst, n)
	case TimestampOID:
		return AppendTimestamp(dst, n, f)
	case TimestamptzOID:
		return AppendTimestamptz(dst, n, f)
	case CharOID:
		if n == 0 {
			return dst
		}
		if n >= 0x80 {
			return append(dst, '\\', '0'+byte(n>>6), '0'+byte(n>>3)&7, '0'+byte(n)&7)
		}
		return append(dst, byte(n))
	case TidOID:
		dst = strconv.AppendUint(append(dst, '('), uint64(n)>>16, 10)
		dst = strconv.AppendUint(append(dst, ','), uint64(n)&0xffff, 10)
		return append(dst, ')')
	case Xid8OID:
		return strconv.AppendUint(dst, uint64(n), 10)
	case RegclassOID, RegtypeOID, RegprocOID, RegprocedureOID, RegoperOID, RegoperatorOID, RegnamespaceOID, RegroleOID, RegcollationOID:
		return appendReg(dst, o, uint32(n), f)
	}
	return strconv.AppendInt(dst, n, 10)
}

// IsReg reports whether the type names catalog objects: regclass and its kin.
func IsReg(o OID) bool {
	switch o {
	case RegclassOID, RegtypeOID, RegprocOID, RegprocedureOID, RegoperOID, RegoperatorOID, RegnamespaceOID, RegroleOID, RegcollationOID:
		return true
	}
	return false
}

func appendReg(dst []byte, o OID, id uint32, f *Format) []byte {
	if id == 0 {
		if o == RegoperOID || o == RegoperatorOID {
			return append(dst, '0')
		}
		return append(dst, '-')
	}
	if f != nil && f.RegOut != nil {
		if name, ok := f.RegOut(o, id); ok {
			return append(dst, name...)
		}
	}
	if in, ok := Lookup(OID(id)); ok && o == RegtypeOID {
		name := in.SQLName
		if elem, ok := ElemOf(in.OID); ok && in.Name[0] == '_' {
			name = elem.String() + "[]"
		}
		return append(dst, name...)
	}
	return strconv.AppendUint(dst, uint64(id), 10)
}

func parseReg(o OID, s string, f *Format) (Datum, error) {
	if s == "-" && o != RegoperOID && o != RegoperatorOID {
		return NewInt(0), nil
	}
	if s != "" && strings.Trim(s, "0123456789") == "" {
		return parseOID(OidOID, s)
	}
	if f != nil && f.RegIn != nil {
		id, err := f.RegIn(o, s)
		return NewInt(int64(id)), err
	}
	if o == RegtypeOID {
		t, err := ParseTypeName(s)
		return NewInt(int64(t.OID)), err
	}
	return Null, sqlerr.Unsupported("looking up a %s by name here", o)
}

func appendUUID(dst []byte, s string) []byte {
	if len(s) != 16 {
		return append(dst, s...)
	}
	const digits = "0123456789abcdef"
	for i := range 16 {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, digits[s[i]>>4], digits[s[i]&15])
	}
	return dst
}

func appendBytea(dst []byte, s string, f *Format) []byte {
	if !f.orDefault().ByteaEscape {
		dst = append(dst, `\x`...)
		return hex.AppendEncode(dst, Datum{s: s}.Bytes())
	}
	for _, c := range []byte(s) {
		switch {
		case c == '\\':
			dst = append(dst, `\\`...)
		case c < 0x20 || c > 0x7e:
			dst = append(dst, '\\', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// ParseText reads a value from its text, as the type's input function does, with its
// typmod applied. The Datum of a text type aliases s.
func ParseText(t Type, s string, f *Format) (Datum, error) {
	switch t.OID {
	case Int2OID:
		return parseInt(t.OID, s, 16)
	case Int4OID:
		return parseInt(t.OID, s, 32)
	case Int8OID:
		return parseInt(t.OID, s, 64)
	case TextOID, UnknownOID, CstringOID, RefcursorOID, PgNodeTreeOID, ACLItemOID:
		return NewText(s), checkText(s)
	case JSONOID:
		if !json.Valid(NewText(s).Bytes()) {
			return Null, sqlerr.New(sqlerr.InvalidTextRepresentation, "invalid input syntax for type json")
		}
		return NewText(s), checkText(s)
	case JSONBOID:
		return Null, sqlerr.Unsupported("type jsonb")
	case VarcharOID, BpcharOID:
		if err := checkText(s); err != nil {
			return Null, err
		}
		return ApplyTypmod(NewText(s), t, false)
	case NameOID:
		return NewText(truncateName(s)), checkText(s)
	case BoolOID:
		return parseBool(s)
	case OidOID:
		return parseOID(t.OID, s)
	case XidOID, CidOID:
		return NewInt(int64(uint32(leadingUint(s)))), nil
	case Xid8OID:
		return NewInt(int64(leadingUint(s))), nil
	case Float4OID:
		return parseFloat(t.OID, s, 32)
	case Float8OID:
		return parseFloat(t.OID, s, 64)
	case NumericOID:
		v, err := ParseNumeric(s)
		if err == nil {
			v, err = v.ApplyTypmod(t.Typmod)
		}
		return NewNumeric(v), err
	case DateOID:
		n, err := ParseDate(s, f)
		return NewInt(n), err
	case TimeOID:
		n, _, err := ParseTime(s, false, f)
		return NewInt(roundUsec(n, t.Typmod)), err
	case TimetzOID:
		n, west, err := ParseTime(s, true, f)
		return NewTimetz(roundUsec(n, t.Typmod), west), err
	case TimestampOID, TimestamptzOID:
		n, err := ParseTimestamp(s, t.OID == TimestamptzOID, f)
		if err == nil {
			n, err = roundTimestamp(n, t.Typmod)
		}
		return NewInt(n), err
	case IntervalOID:
		v, err := ParseInterval(s, t.Typmod, f)
		return NewInterval(v), err
	case ByteaOID:
		return parseBytea(s)
	case UUIDOID:
		return parseUUID(s)
	case CharOID:
		if s == "" {
			return NewInt(0), nil
		}
		if len(s) == 4 && s[0] == '\\' && isOctal(s[1], '3') && isOctal(s[2], '7') && isOctal(s[3], '7') {
			return NewInt(int64(s[1]-'0')<<6 | int64(s[2]-'0')<<3 | int64(s[3]-'0')), nil
		}
		return NewInt(int64(s[0])), nil
	case TidOID:
		return parseTid(s)
	case VoidOID, TriggerOID:
		return NewText(""), nil
	case Int2VectorOID, OidVectorOID:
		return parseVector(t.OID, s)
	}
	if IsReg(t.OID) {
		return parseReg(t.OID, s, f)
	}
	if elem, ok := ElemOf(t.OID); ok {
		return parseArray(s, Type{elem, t.Typmod}, f)
	}
	if t.OID == RecordOID {
		return Null, sqlerr.New(sqlerr.FeatureNotSupported, "input of anonymous composite types is not implemented")
	}
	return Null, sqlerr.New(sqlerr.FeatureNotSupported, "cannot accept a value of type %s", t.OID)
}

func checkText(s string) error {
	if i := strings.IndexByte(s, 0); i >= 0 {
		return sqlerr.New(sqlerr.CharacterNotInRepertoire, `invalid byte sequence for encoding "UTF8": 0x00`)
	}
	if utf8.ValidString(s) {
		return nil
	}
	i := 0
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		i += n
	}
	var b strings.Builder
	for _, c := range []byte(s[i:min(len(s), i+utf8Want(s[i]))]) {
		b.WriteString(" 0x" + hex.EncodeToString([]byte{c}))
	}
	return sqlerr.New(sqlerr.CharacterNotInRepertoire, `invalid byte sequence for encoding "UTF8":%s`, b.String())
}

// utf8Want returns how many bytes a sequence that starts with c should have.
func utf8Want(c byte) int {
	switch {
	case c&0xe0 == 0xc0:
		return 2
	case c&0xf0 == 0xe0:
		return 3
	case c&0xf8 == 0xf0:
		return 4
	}
	return 1
}

// truncateName cuts a name to 63 bytes, at the end of a character.
func truncateName(s string) string {
	if len(s) < 64 {
		return s
	}
	n := 63
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func errIntRange(o OID, s string) error {
	return sqlerr.New(sqlerr.NumericValueOutOfRange, `value "%s" is out of range for type %s`, s, o)
}

func parseInt(o OID, s string, bits uint) (Datum, error) {
	i, end := 0, len(s)
	for i < end && isSpace(s[i]) {
		i++
	}
	for end > i && isSpace(s[end-1]) {
		end--
	}
	neg := false
	if i < end && (s[i] == '-' || s[i] == '+') {
		neg = s[i] == '-'
		i++
	}
	if i == end {
		return Null, errSyntax(o, s)
	}
	var n uint64
	over := false
	for ; i < end; i++ {
		c := s[i]
		if c < '0' || c > '9' {
			return Null, errSyntax(o, s)
		}
		if n > (math.MaxUint64-9)/10 {
			over = true
			continue
		}
		n = n*10 + uint64(c-'0')
	}
	limit := uint64(1) << (bits - 1)
	if neg {
		if over || n > limit {
			return Null, errIntRange(o, s)
		}
		return NewInt(-int64(n)), nil
	}
	if over || n >= limit {
		return Null, errIntRange(o, s)
	}
	return NewInt(int64(n)), nil
}

// leadingUint reads the digits at the front of s and ignores the rest, as the input of
// transaction ids does.
func leadingUint(s string) uint64 {
	s = strings.TrimLeft(s, " \t\n\v\f\r")
	neg := strings.HasPrefix(s, "-")
	if neg || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	base := uint64(10)
	if strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X") {
		base, s = 16, s[2:]
	} else if strings.HasPrefix(s, "0") {
		base = 8
	}
	n := uint64(0)
	for i := 0; i < len(s); i++ {
		d, ok := hexDigit(s[i])
		if !ok || uint64(d) >= base {
			break
		}
		n = n*base + uint64(d)
	}
	if neg {
		return -n
	}
	return n
}

func isOctal(c, most byte) bool { return c >= '0' && c <= most }

func parseOID(o OID, s string) (Datum, error) {
	t := strings.TrimFunc(s, isSpaceRune)
	n, err := strconv.ParseInt(t, 10, 64)
	if err != nil {
		if e, ok := err.(*strconv.NumError); ok && e.Err == strconv.ErrRange {
			return Null, errIntRange(o, s)
		}
		return Null, errSyntax(o, s)
	}
	if n < math.MinInt32 || n > math.MaxUint32 {
		return Null, errIntRange(o, s)
	}
	return NewInt(int64(uint32(n))), nil
}

func parseFloat(o OID, s string, bits int) (Datum, error) {
	t := strings.TrimFunc(s, isSpaceRune)
	body := strings.TrimLeft(t, "+-")
	switch strings.ToLower(body) {
	case "inf", "infinity", "nan":
		if len(t)-len(body) > 1 {
			return Null, errSyntax(o, s)
		}
	default:
		if body == "" || len(t)-len(body) > 1 || !isDigit(body[0]) && body[0] != '.' ||
			strings.IndexByte(t, '_') >= 0 {
			return Null, errSyntax(o, s)
		}
	}
	if strings.ToLower(body) == "nan" {
		return NewFloat(math.NaN()), nil
	}
	if len(body) > 1 && body[1]|0x20 == 'x' && strings.IndexAny(body, "pP") < 0 {
		t += "p0" // C reads hexadecimal floats without an exponent
	}
	f, err := strconv.ParseFloat(t, bits)
	if err != nil {
		if e, ok := err.(*strconv.NumError); ok && e.Err == strconv.ErrRange {
			return Null, errFloatRange(t, o)
		}
		return Null, errSyntax(o, s)
	}
	if f == 0 && strings.IndexAny(t, "xX") < 0 && strings.Trim(mantissaOf(body), "0.") != "" {
		return Null, errFloatRange(t, o)
	}
	return NewFloat(f), nil
}

func mantissaOf(s string) string {
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		return s[:i]
	}
	return s
}

func errFloatRange(s string, o OID) error {
	return sqlerr.New(sqlerr.NumericValueOutOfRange, `"%s" is out of range for type %s`, s, o)
}

func parseBool(s string) (Datum, error) {
	t := strings.ToLower(strings.TrimFunc(s, isSpaceRune))
	is := func(word string, least int) bool { return len(t) >= least && strings.HasPrefix(word, t) }
	switch {
	case is("true", 1), is("yes", 1), t == "on", t == "1":
		return True, nil
	case is("false", 1), is("no", 1), is("off", 2), t == "0":
		return False, nil
	}
	return Null, errSyntax(BoolOID, s)
}

func parseUUID(s string) (Datum, error) {
	var u [16]byte
	t := s
	braces := strings.HasPrefix(t, "{")
	if braces {
		t = t[1:]
	}
	n := 0
	for i := range 16 {
		if n+2 > len(t) {
			return Null, errSyntax(UUIDOID, s)
		}
		hi, ok1 := hexDigit(t[n])
		lo, ok2 := hexDigit(t[n+1])
		if !ok1 || !ok2 {
			return Null, errSyntax(UUIDOID, s)
		}
		u[i] = hi<<4 | lo
		n += 2
		if n < len(t) && t[n] == '-' && i%2 == 1 && i < 15 {
			n++
		}
	}
	if t = t[n:]; braces && t != "}" || !braces && t != "" {
		return Null, errSyntax(UUIDOID, s)
	}
	return NewBytes(u[:]), nil
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case isDigit(c):
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

func parseBytea(s string) (Datum, error) {
	if strings.HasPrefix(s, `\x`) {
		b := make([]byte, 0, len(s)/2)
		for t := s[2:]; t != ""; {
			if isSpace(t[0]) {
				t = t[1:]
				continue
			}
			hi, ok := hexDigit(t[0])
			if !ok {
				return Null, errHexDigit(t)
			}
			if len(t) < 2 {
				return Null, sqlerr.New(sqlerr.InvalidParameterValue, "invalid hexadecimal data: odd number of digits")
			}
			lo, ok := hexDigit(t[1])
			if !ok {
				return Null, errHexDigit(t[1:])
			}
			b = append(b, hi<<4|lo)
			t = t[2:]
		}
		return NewBytesAlias(b), nil
	}
	if strings.IndexByte(s, '\\') < 0 {
		return NewText(s), nil
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b = append(b, s[i])
			continue
		}
		octal := func(j int, most byte) bool { return j < len(s) && isOctal(s[j], most) }
		switch {
		case octal(i+1, '3') && octal(i+2, '7') && octal(i+3, '7'):
			b = append(b, (s[i+1]-'0')<<6|(s[i+2]-'0')<<3|(s[i+3]-'0'))
			i += 3
		case i+1 < len(s) && s[i+1] == '\\':
			b = append(b, '\\')
			i++
		default:
			return Null, sqlerr.New(sqlerr.InvalidTextRepresentation, "invalid input syntax for type bytea")
		}
	}
	return NewBytesAlias(b), nil
}

func errHexDigit(s string) error {
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError {
		n = 1
	}
	return sqlerr.New(sqlerr.InvalidParameterValue, `invalid hexadecimal digit: "%s"`, s[:n])
}

func parseTid(s string) (Datum, error) {
	t, ok := strings.CutPrefix(strings.TrimSpace(s), "(")
	t, ok2 := strings.CutSuffix(t, ")")
	block, off, ok3 := strings.Cut(t, ",")
	b, err := strconv.ParseUint(strings.TrimSpace(block), 10, 32)
	o, err2 := strconv.ParseUint(strings.TrimSpace(off), 10, 16)
	if !ok || !ok2 || !ok3 || err != nil || err2 != nil {
		return Null, errSyntax(TidOID, s)
	}
	return NewInt(int64(b<<16 | o)), nil
}

// ApplyTypmod makes a value fit the modifier of its type, as the length coercion
// function does: explicit casts cut a text silently, other coercions refuse one
// that has more than blanks to lose. d may be NULL.
func ApplyTypmod(d Datum, t Type, explicit bool) (Datum, error) {
	if t.Typmod < 0 || d.k == KindNull {
		return d, nil
	}
	switch t.OID {
	case VarcharOID:
		limit := int(t.Typmod - varHeader)
		if len(d.s) <= limit {
			return d, nil
		}
		cut := runePrefix(d.s, limit)
		if cut == len(d.s) {
			return d, nil
		}
		if !explicit && trimBlanks(d.s[cut:]) != "" {
			return Null, sqlerr.New(sqlerr.StringDataRightTruncation, "value too long for type character varying(%d)", limit)
		}
		return NewText(d.s[:cut]), nil
	case BpcharOID:
		limit := int(t.Typmod - varHeader)
		n := utf8.RuneCountInString(d.s)
		if n <= limit {
			if n == limit {
				return d, nil
			}
			return NewText(d.s + strings.Repeat(" ", limit-n)), nil
		}
		cut := runePrefix(d.s, limit)
		if !explicit && trimBlanks(d.s[cut:]) != "" {
			return Null, sqlerr.New(sqlerr.StringDataRightTruncation, "value too long for type character(%d)", limit)
		}
		return NewText(d.s[:cut]), nil
	case NumericOID:
		v, err := d.numeric().ApplyTypmod(t.Typmod)
		return NewNumeric(v), err
	case TimeOID:
		return NewInt(roundUsec(d.n, t.Typmod)), nil
	case TimetzOID:
		return NewTimetz(roundUsec(d.n, t.Typmod), d.m), nil
	case TimestampOID, TimestamptzOID:
		n, err := roundTimestamp(d.n, t.Typmod)
		return NewInt(n), err
	case IntervalOID:
		v, err := d.Interval().ApplyTypmod(t.Typmod)
		return NewInterval(v), err
	}
	if elem, ok := ElemOf(t.OID); ok && d.k == KindArray {
		return mapArray(d.Array(), Type{elem, t.Typmod}, func(e Datum) (Datum, error) {
			return ApplyTypmod(e, Type{elem, t.Typmod}, explicit)
		})
	}
	return d, nil
}

// runePrefix returns the length in bytes of the first n characters of s.
func runePrefix(s string, n int) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

// mapArray returns the array with each element that is not NULL replaced.
func mapArray(a *Array, elem Type, f func(Datum) (Datum, error)) (Datum, error) {
	r := &Array{Elem: elem, Dims: a.Dims, LowerBounds: a.LowerBounds, Elems: make([]Datum, len(a.Elems))}
	for i, e := range a.Elems {
		if e.IsNull() {
			continue
		}
		v, err := f(e)
		if err != nil {
			return Null, err
		}
		r.Elems[i] = v
	}
	return NewArray(r), nil
}

// ParseTypeName reads a type as SQL writes it: "numeric(10,2)", "character varying(5)[]".
func ParseTypeName(s string) (Type, error) {
	bad := func() (Type, error) {
		return Type{}, sqlerr.New(sqlerr.UndefinedObject, `type "%s" does not exist`, strings.TrimSpace(s))
	}
	name := strings.Join(strings.Fields(strings.ToLower(s)), " ")
	if q := strings.TrimSpace(s); len(q) > 1 && q[0] == '"' && strings.Count(q, `"`) == 2 && q != `"char"` {
		name = strings.ReplaceAll(q, `"`, "")
	}
	name = strings.TrimPrefix(name, "pg_catalog.")
	array := false
	for strings.HasSuffix(name, "[]") {
		name, array = strings.TrimSpace(strings.TrimSuffix(name, "[]")), true
	}
	var mods []int32
	if i := strings.IndexByte(name, '('); i >= 0 {
		j := strings.IndexByte(name, ')')
		if j < i {
			return bad()
		}
		for _, m := range strings.Split(name[i+1:j], ",") {
			n, err := strconv.ParseInt(strings.TrimSpace(m), 10, 32)
			if err != nil {
				return bad()
			}
			mods = append(mods, int32(n))
		}
		name = strings.TrimSpace(strings.TrimSpace(name[:i]) + " " + strings.TrimSpace(name[j+1:]))
	}
	if rest, ok := strings.CutPrefix(name, "interval "); ok {
		if mask, ok := IntervalRange(rest); ok {
			name, mods = "interval", append([]int32{mask}, mods...)
		}
	} else if name == "interval" && len(mods) == 1 {
		mods = []int32{intervalFullRange, mods[0]}
	}
	o, ok := BySQLName(name)
	if !ok {
		return bad()
	}
	if len(mods) == 0 && (name == "character" || name == "char" || name == "nchar") {
		mods = []int32{1}
	}
	typmod, err := TypmodIn(o, mods)
	if err != nil {
		return Type{}, err
	}
	if array {
		if o, ok = ArrayOf(o); !ok {
			return bad()
		}
	}
	return Type{o, typmod}, nil
}
