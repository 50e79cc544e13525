package expr

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"strconv"
	"strings"
)

// Random is the generator behind random(): xoroshiro128**, seeded as PostgreSQL
// seeds it, so that setseed gives the same numbers. A session that offers
// Random() *Random has its own; it belongs to one goroutine at a time.
type Random struct{ s0, s1 uint64 }

// NewRandom returns a generator with an unpredictable seed.
func NewRandom() *Random { return &Random{rand.Uint64() | 1, rand.Uint64()} }

// Seed is setseed: seed is between -1 and 1.
func (r *Random) Seed(seed float64) {
	state := uint64(int64(float64(1<<52-1) * seed))
	next := func() uint64 { // splitmix64
		state += 0x9E3779B97f4A7C15
		v := state
		v = (v ^ v>>30) * 0xBF58476D1CE4E5B9
		v = (v ^ v>>27) * 0x94D049BB133111EB
		return v ^ v>>31
	}
	r.s0, r.s1 = next(), next()
}

// Uint64 returns the next number.
func (r *Random) Uint64() uint64 {
	s0, sx := r.s0, r.s1^r.s0
	v := bits.RotateLeft64(s0*5, 7) * 9
	r.s0 = bits.RotateLeft64(s0, 24) ^ sx ^ sx<<16
	r.s1 = bits.RotateLeft64(sx, 37)
	return v
}

// Float64 returns a number of [0, 1).
func (r *Random) Float64() float64 { return math.Ldexp(float64(r.Uint64()>>12), -52) }

func (c *Ctx) random() *Random {
	if s, ok := c.Session.(interface{ Random() *Random }); ok {
		return s.Random()
	}
	return NewRandom()
}

// shortFloat writes a number as C's %g does.
func shortFloat(f float64) string {
	return strings.Replace(strings.TrimPrefix(strconv.FormatFloat(f, 'g', 6, 64), "+"), "Inf", "Infinity", 1)
}
