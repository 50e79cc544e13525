package lsm

import (
	"bytes"
	"encoding/binary"

	"github.com/cockroachdb/pebble/v2"
	"github.com/minisql/minisql/storage"
)

// comparer orders encoded keys (storage.AppendEncodedKey) by prefix and then by suffix. Pebble
// also compares bare prefixes, which the encoding marks as such. The name is in every
// file: change neither the name nor the order.
var comparer = &pebble.Comparer{
	Name: "minisql.suffix8.v2",

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
		// A bare prefix between those of a and b, if there is a shorter one.
		pa, pb := a[:split(a)], b[:split(b)]
		n := 0
		for n < len(pa) && n < len(pb) && pa[n] == pb[n] {
			n++
		}
		if n < len(pa)-1 && n < len(pb) && pa[n]+1 < pb[n] {
			dst = append(dst, pa[:n]...)
			return append(dst, pa[n]+1, 0)
		}
		return append(dst, a...)
	},
	Successor: func(dst, a []byte) []byte { return append(dst, a...) },

	// The argument is a bare prefix, and so is the result: smaller than every key of
	// the next prefix.
	ImmediateSuccessor: func(dst, a []byte) []byte { return append(append(dst, a...), 0) },
}

// split returns the length of the prefix. Pebble also asks about empty keys.
func split(key []byte) int { return storage.SplitEncoded(key) }

func compare(a, b []byte) int {
	an, bn := split(a), split(b)
	if an == bn { // most keys of a table: what differs first decides
		return bytes.Compare(a, b)
	}
	if c := bytes.Compare(a[:an], b[:bn]); c != 0 {
		return c
	}
	return bytes.Compare(a[an:], b[bn:])
}
