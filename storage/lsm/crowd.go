package lsm

import (
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// crowd says whether a scan leaves prefixes by seeking, as there is much to step over; see watch.
type crowd struct {
	crowded       bool
	left          int           // prefixes until the next look
	stretch       int           // prefixes since the last
	internalSteps int           // until then
	known         *atomic.Int32 // to other scans of the place; see crowds
}

const (
	crowdMin   = 16 // internal steps for a prefix, from which on a seek costs less
	stretchMax = 64
)

// watch looks at how many keys Pebble has stepped over for the last prefixes. What the garbage collector
// has removed is stepped over by each Next until it is compacted: of a row that is updated all the time,
// thousands of versions. In a crowd, prefixes are left by seeking; after a stretch, one is left by
// stepping, to see whether there still is one.
func (c *cursor) watch() {
	if c.crowded {
		c.crowded, c.left, c.stretch = false, 1, 1
		c.internalSteps = c.iter.Stats().ForwardStepCount[pebble.InternalIterCall]
		return
	}
	steps := c.iter.Stats().ForwardStepCount[pebble.InternalIterCall]
	c.crowded = steps-c.internalSteps > crowdMin*c.stretch
	c.internalSteps = steps
	if c.stretch = min(2*c.stretch, stretchMax); c.crowded {
		c.stretch = stretchMax
	}
	c.left = c.stretch
	if c.crowded {
		c.known.Store(crowdedScans)
	} else {
		c.known.Store(0)
	}
}

// expect begins a scan of a place with what is known of it.
func (c *crowd) expect(known *atomic.Int32) {
	*c = crowd{left: 2, stretch: 1, known: known} // the first prefix has been left when the second is met
	switch n := known.Load(); {
	case n > 1:
		known.Add(-1)
		c.crowded, c.left, c.stretch = true, stretchMax, stretchMax
	case n == 1:
		known.Store(crowdedScans) // for the others, until this one knows
	}
}

// crowds remembers where scans have met a crowd: the next ones there begin by seeking, but for every so many-th, which
// looks. Places are what keys begin with; different ones may share a number, which costs time alone.
type crowds [256]atomic.Int32

const (
	crowdedScans = 64
	placeBytes   = 9 // as many as the keys of a table, or an index, have in common
)

// of returns the number of scans that are to begin by seeking.
func (c *crowds) of(lo []byte) *atomic.Int32 {
	h := uint32(2166136261) // FNV-1a
	for _, b := range lo[:min(len(lo), placeBytes)] {
		h = (h ^ uint32(b)) * 16777619
	}
	return &c[h>>24]
}
