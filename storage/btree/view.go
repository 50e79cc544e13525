package btree

import (
	"sort"
	"sync"
	"sync/atomic"
)

// view is one published state: what a cursor reads.
type view struct {
	root    *node
	version uint64
}

// views knows the newest published state and which older ones are in use.
type views struct {
	newest atomic.Pointer[view]

	mu   sync.Mutex // guards used
	used []use      // by version
}

type use struct {
	version uint64
	count   int
}

// pin returns the newest view and keeps what it reaches in the file until unpin.
func (v *views) pin() *view {
	v.mu.Lock()
	defer v.mu.Unlock()
	w := v.newest.Load()
	if n := len(v.used); n > 0 && v.used[n-1].version == w.version {
		v.used[n-1].count++
	} else {
		v.used = append(v.used, use{w.version, 1})
	}
	return w
}

// again pins a view that is pinned.
func (v *views) again(w *view) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.used[v.find(w.version)].count++
}

func (v *views) find(version uint64) int {
	return sort.Search(len(v.used), func(i int) bool { return v.used[i].version >= version })
}

func (v *views) unpin(w *view) {
	v.mu.Lock()
	defer v.mu.Unlock()
	i := v.find(w.version)
	if v.used[i].count--; v.used[i].count == 0 {
		v.used = append(v.used[:i], v.used[i+1:]...)
	}
}

// oldest is the version of the oldest view that is in use or may come into use.
func (v *views) oldest() uint64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.used) > 0 {
		return v.used[0].version
	}
	return v.newest.Load().version
}
