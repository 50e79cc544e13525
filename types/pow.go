package types

import "math"

// Constants of pow, from FreeBSD's e_pow.c (Copyright (C) 2004 by Sun Microsystems, Inc.;
// permission to use, copy, modify, and distribute is freely granted).
const (
	powDPH = 5.84962487220764160156e-01
	powDPL = 1.35003920212974897128e-08

	powL1 = 5.99999999999994648725e-01
	powL2 = 4.28571428578550184252e-01
	powL3 = 3.33333329818377432918e-01
	powL4 = 2.72728123808534006489e-01
	powL5 = 2.30660745775561754067e-01
	powL6 = 2.06975017800338417784e-01
	powP1 = 1.66666666666666019037e-01
	powP2 = -2.77777777770155933842e-03
	powP3 = 6.61375632143793436117e-05
	powP4 = -1.65339022054652515390e-06
	powP5 = 4.13813679705723846039e-08

	powLg2  = 6.93147180559945286227e-01
	powLg2H = 6.93147182464599609375e-01
	powLg2L = -1.90465429995776804525e-09
	powOVT  = 8.0085662595372944372e-17
	powCP   = 9.61796693925975554329e-01
	powCPH  = 9.61796700954437255859e-01
	powCPL  = -7.02846165095275826516e-09
)

// pow is x to the power of y, to less than one unit in the last place. math.Pow loses up to ten digits
// when |y log x| is large, which a user who compares with PostgreSQL sees.
func pow(x, y float64) float64 {
	ax := math.Abs(x)
	if x == 0 || math.IsNaN(x) || math.IsNaN(y) || math.IsInf(x, 0) || math.IsInf(y, 0) || ax == 1 || y == 0 || y == 1 ||
		y == 0.5 || math.Abs(y) > 1<<31 {
		return math.Pow(x, y)
	}
	sign := 1.0
	if x < 0 {
		if math.Floor(y) != y {
			return math.NaN()
		}
		if math.Mod(y, 2) != 0 {
			sign = -1
		}
	}
	high := func(f float64) float64 { return math.Float64frombits(math.Float64bits(f) &^ 0xffffffff) }
	word := func(f float64) int32 { return int32(math.Float64bits(f) >> 32) }
	withWord := func(f float64, w int32) float64 {
		return math.Float64frombits(math.Float64bits(f)&0xffffffff | uint64(uint32(w))<<32)
	}

	// log2(ax) as t1 + t2
	n := int32(0)
	if word(ax) < 0x00100000 {
		ax *= 1 << 53
		n -= 53
	}
	ix := word(ax)
	n += ix>>20 - 0x3ff
	j := ix & 0x000fffff
	ix = j | 0x3ff00000
	k := int32(0)
	switch {
	case j <= 0x3988E:
	case j < 0xBB67A:
		k = 1
	default:
		n++
		ix -= 0x00100000
	}
	ax = withWord(ax, ix)
	bp, dpH, dpL := 1.0, 0.0, 0.0
	if k == 1 {
		bp, dpH, dpL = 1.5, powDPH, powDPL
	}
	u := ax - bp
	v := 1 / (ax + bp)
	ss := u * v
	sH := high(ss)
	tH := withWord(0, (ix>>1|0x20000000)+0x00080000+k<<18)
	tL := ax - (tH - bp)
	sL := v * ((u - float64(sH*tH)) - float64(sH*tL))
	s2 := ss * ss
	r := s2 * s2 * (powL1 + s2*(powL2+s2*(powL3+s2*(powL4+s2*(powL5+s2*powL6)))))
	r += sL * (sH + ss)
	s2 = sH * sH
	tH = high(3 + s2 + r)
	tL = r - ((tH - 3) - s2)
	u = sH * tH
	v = float64(sL*tH) + float64(tL*ss)
	pH := high(u + v)
	pL := v - (pH - u)
	zH := powCPH * pH
	zL := float64(powCPL*pH) + float64(pL*powCP) + dpL
	t := float64(n)
	t1 := high(((zH + zL) + dpH) + t)
	t2 := zL - (((t1 - t) - dpH) - zH)

	// 2^(y × (t1 + t2))
	y1 := high(y)
	pL = float64((y-y1)*t1) + float64(y*t2)
	pH = y1 * t1
	z := pL + pH
	switch {
	case z >= 1024:
		if z > 1024 || pL+powOVT > z-pH {
			return sign * math.Inf(1)
		}
	case z <= -1075:
		return sign * 0
	}
	nn := math.Floor(z + 0.5)
	pH -= nn
	t = high(pL + pH)
	u = t * powLg2H
	v = float64((pL-(t-pH))*powLg2) + float64(t*powLg2L)
	z = u + v
	w := v - (z - u)
	t = z * z
	t1 = z - t*(powP1+t*(powP2+t*(powP3+t*(powP4+t*powP5))))
	r = float64(z*t1)/(t1-2) - (w + z*w)
	return sign * math.Ldexp(1-(r-z), int(nn))
}
