package txn

import (
	"bytes"

	"github.com/minisql/minisql/mvcc"
)

// load is what a transaction knows that locks many new keys (LockNew): if they come in
// ascending order, they are read a window at a time (mvcc.Probes), and locked in a lease.
type load struct {
	probes mvcc.Probes

	gap       *lease // where the next keys are locked; nil: in the table
	last      []byte // the key locked last in the table
	ascending int    // keys locked there in ascending order, since there was a gap
	wait      int    // how many it takes for a gap: more, while gaps are of little use
	noted     int    // owner.noted when there was none
}

// A transaction has a load from so many writes on, and a gap after so many ascending keys.
const (
	loadFrom = 16
	gapFrom  = 16
	gapWait  = 4096 // at most
)

// many reports whether the transaction's new keys are worth watching.
func (t *Txn) many() bool {
	if t.writes.n < loadFrom || t.spill != nil {
		return false
	}
	if t.load == nil {
		t.load = &load{wait: gapFrom}
	}
	return true
}

// lockInGap locks a new key, if it is in the gap, and returns its entry and its newest version. A nil
// entry leaves the key to the table, and what is said of it to Get.
func (t *Txn) lockInGap(key []byte) (*entry, mvcc.Version, error) {
	g := t.load
	if g == nil || g.gap == nil || t.spill != nil {
		return nil, mvcc.Version{}, nil
	}
	e := t.entry(key)
	if e.kind == absent && g.gap.note(e) {
		v, ok, err := t.m.below.probe(&g.probes, key)
		if ok && err == nil {
			return e, v, nil
		}
		t.m.below.unnote(g.gap, len(g.gap.keys)-1)
		if err != nil {
			return nil, v, err
		}
	}
	g.gap = nil
	g.useful(t.noted-g.noted >= gapFrom)
	return nil, mvcc.Version{}, nil
}

// seekGap looks for a gap behind key, a new one that has got its lock from the table.
func (t *Txn) seekGap(key []byte) {
	if !t.many() {
		return
	}
	g := t.load
	if bytes.Compare(key, g.last) <= 0 {
		g.ascending = 0
	} else if g.ascending++; g.ascending > g.wait {
		g.ascending, g.noted = 0, t.noted
		if g.gap = t.m.below.lease(&t.owner, g.last, key); g.gap == nil {
			g.useful(false)
		}
	}
	g.last = append(g.last[:0], key...)
}

func (g *load) useful(yes bool) {
	g.wait = min(2*g.wait, gapWait)
	if yes {
		g.wait = gapFrom
	}
}
