package mvcc

import "bytes"

// Probes answers reads at Latest of keys that are asked for in ascending order and mostly
// hold nothing, as those of a load do whose keys have to be free. It reads the versions of
// a window of keys at a time, at a tenth of what a seek for each would cost. One goroutine
// uses it; it holds no cursor.
//
//	keys     k1 k2 … k8 k9 ─────────────▶
//	window            [k9 … hi)  empty but for run
//
// The answer for a key is that of the cursor that the window was read with, under invariant
// (9): it holds if nothing that hashes like the key was committed since. Where there are
// segments, or a version with a value, it leaves the answer to Get.
type Probes struct {
	last   []byte // the key asked for last
	streak int    // keys in ascending order so far

	tag      Timestamp // of the window's cursor
	hi       []byte    // where the window ends; empty: there is none
	run      Run       // its newest versions
	at       int       // the first of them that is after last
	size     int       // how many were asked for
	answered int       // keys since
}

const (
	// A window is opened after so many ascending keys, and again after so many more if the
	// last one was of little use.
	probeStreak   = 8
	probeCooldown = 64

	probeSizeMin = 16
	probeSizeMax = 256
)

// Probe returns the newest version of key, on which the caller holds a lock, if p can tell.
func (s *Store) Probe(p *Probes, key []byte) (v Version, ok bool, err error) {
	if bytes.Compare(key, p.last) <= 0 {
		p.streak, p.size, p.hi = 0, 0, p.hi[:0]
	} else {
		p.streak++
	}
	if p.streak > probeStreak {
		v, ok, err = s.probe(p, key)
	}
	p.last = append(p.last[:0], key...)
	return v, ok, err
}

func (s *Store) probe(p *Probes, key []byte) (Version, bool, error) {
	// A segment leaves the set after its commit was noted: so the set is looked at first.
	if len(s.hidden.Load().segs) > 0 {
		p.hi = p.hi[:0]
		return Version{}, false, nil
	}
	if bytes.Compare(key, p.hi) >= 0 {
		if ok, err := s.openWindow(p, key); !ok || err != nil {
			return Version{}, false, err
		}
	}
	// If nothing at all was committed since, there is no need to look for the key.
	if Timestamp(s.pipeline.drawn.Load()) > p.tag && s.recentOf(key) > p.tag {
		return Version{}, false, nil
	}
	p.answered++
	c := -1
	for ; c < 0; p.at++ {
		if p.at == p.run.Len() {
			return Version{}, true, nil
		}
		c = bytes.Compare(prefixOf(p.run.Keys[p.at]), key)
	}
	if c > 0 {
		p.at--
		return Version{}, true, nil
	}
	stored := timestampOf(p.run.Keys[p.at-1])
	v, err := Version{At: stored}.parse(stored, p.run.Values[p.at-1])
	if err != nil || !v.Tombstone || len(v.Value) > 0 {
		return Version{}, false, err
	}
	v.Value = nil
	return v, true, nil
}

// openWindow reads the window that begins with key. It ends at the latest where what key
// and the one before have in common ends: within their table, and not far off.
func (s *Store) openWindow(p *Probes, key []byte) (ok bool, err error) {
	if len(p.hi) > 0 && p.answered < p.run.Len()/8 { // most of what was read was in vain
		p.hi, p.size, p.streak = p.hi[:0], 0, probeStreak-probeCooldown
		return false, nil
	}
	p.hi = append(p.hi[:0], key[:common(p.last, key)]...)
	for n := len(p.hi); n > 0 && p.hi[n-1] == 0xff; n-- {
		p.hi = p.hi[:n-1]
	}
	if len(p.hi) == 0 {
		return false, nil
	}
	p.hi[len(p.hi)-1]++
	now := s.Now()
	c, hidden, err := s.read(func(tag Timestamp) bool { return tag >= now })
	if err != nil || len(hidden.segs) > 0 {
		if err == nil {
			s.cursors.put(c)
		}
		p.hi = p.hi[:0]
		return false, err
	}
	p.size = min(max(2*p.size, probeSizeMin), probeSizeMax)
	p.tag, p.at, p.answered = c.tag, 0, 0
	c.suffix = Latest.suffix()
	c.Seek(key, p.hi, c.suffix[:], false)
	n, err := c.Next(&p.run, p.size)
	if err != nil {
		_ = c.Close()
		p.hi = p.hi[:0]
		return false, err
	}
	s.cursors.put(c)
	if n == p.size { // there may be more
		p.hi = append(append(p.hi[:0], prefixOf(p.run.Keys[n-1])...), 0)
	}
	return true, nil
}

// common is the length of the longest prefix that a and b share.
func common(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}
