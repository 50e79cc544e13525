package lsm

import (
	"bytes"
	"encoding/binary"

	"github.com/cockroachdb/pebble/v2"
	"github.com/minisql/minisql/storage"
)

// comparer orders keys by prefix and then by suffix. Its name is in every file:
// change neither the name nor the order.
var comparer = &pebble.Comparer{
	Name: "minisql.suffix8.v1",

	Split:                split,
	Compare:              compare,
	Equal:                bytes.Equal,
	ComparePointSuffixes: bytes.Compare,
	CompareRangeSuffixes: bytes.Compare,
	FormatKey:            pebble.DefaultComparer.FormatKey,

	// Of the prefix alone, so that it agrees with compare.
	AbbreviatedKey: func(key []byte) uint64 {
		p := key[:split(key)]
		if len(p) >= 8 {
			return binary.BigEndian.Uint64(p)
		}
		var v uint64
		for _, b := range p {
			v = v<<8 | uint64(b)
		}
		return v << (8 * (8 - len(p)))
	},

	Separator: func(dst, a, b []byte) []byte {
		// A separator between prefixes: shorten a's, keep the suffix well-formed.
		pa, pb := a[:split(a)], b[:split(b)]
		n := 0
		for n < len(pa) && n < len(pb) && pa[n] == pb[n] {
			n++
		}
		if n < len(pa) && n < len(pb) && pa[n]+1 < pb[n] {
			dst = append(dst, pa[:n]...)
			dst = append(dst, pa[n]+1)
			return append(dst, zeros[:]...)
		}
		return append(dst, a...)
	},
	Successor: func(dst, a []byte) []byte { return append(dst, a...) },

	// The argument is a bare prefix; the result is a whole key, smaller than every
	// key of the next prefix.
	ImmediateSuccessor: func(dst, a []byte) []byte {
		return append(append(append(dst, a...), 0), zeros[:]...)
	},
}

var zeros [storage.SuffixLen]byte

// split returns the length of the prefix. Pebble also asks about empty keys.
func split(key []byte) int { return max(len(key)-storage.SuffixLen, 0) }

func compare(a, b []byte) int {
	an, bn := split(a), split(b)
	if c := bytes.Compare(a[:an], b[:bn]); c != 0 {
		return c
	}
	return bytes.Compare(a[an:], b[bn:])
}
