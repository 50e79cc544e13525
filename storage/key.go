package storage

// How engines may write a key, so that a bare prefix (a bound, or what a Bloom filter
// knows) can be told from a whole key by its last byte:
//
//	whole key     prefix │ 00 │ suffix 8 B │ 09
//	bare prefix   prefix │ 00
//
// The 00 belongs to the prefix and keeps its order: bytes.Compare(a‖00, b‖00) has
// the sign of bytes.Compare(a, b). Without the mark, a comparer has to guess where
// a bare prefix ends, and guesses wrong. The form is on disk: never change it.
const (
	// KeyOverhead is what the encoded form of a key has more than prefix and suffix.
	KeyOverhead = 2

	keyMark   = 0x00
	wholeMark = SuffixLen + 1
)

// AppendEncodedKey appends the encoded form of prefix ‖ suffix.
func AppendEncodedKey(dst, prefix, suffix []byte) []byte {
	dst = append(append(dst, prefix...), keyMark)
	return append(append(dst, suffix...), wholeMark)
}

// AppendBare appends the encoded form of a bare prefix.
func AppendBare(dst, prefix []byte) []byte { return append(append(dst, prefix...), keyMark) }

// SplitEncoded returns the length of the prefix part of an encoded key, its mark included:
// all of a bare one.
func SplitEncoded(key []byte) int {
	n := len(key)
	if n == 0 || key[n-1] == keyMark || n < int(key[n-1]) {
		return n
	}
	return n - int(key[n-1])
}

// SplitKey takes an encoded key apart; the suffix of a bare one is empty.
func SplitKey(key []byte) (prefix, suffix []byte) {
	n := SplitEncoded(key)
	if n == len(key) {
		return key[: n-1 : n-1], nil
	}
	return key[: n-1 : n-1], key[n : n+SuffixLen : n+SuffixLen]
}

// encodedKey reports whether b can be taken apart.
func encodedKey(b []byte) bool {
	n := len(b)
	return n > 1 && (b[n-1] == keyMark || b[n-1] == wholeMark && n > KeyOverhead+SuffixLen)
}
