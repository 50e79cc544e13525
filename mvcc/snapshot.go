package mvcc

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// ErrSnapshotTooOld reports a moment whose versions may have been collected.
var ErrSnapshotTooOld = errors.New("mvcc: snapshot too old")

// snapshots knows every snapshot in use.
//
// The collector and a reader who takes a snapshot agree without a lock: the
// reader stores its timestamp and then looks whether the collector has passed it; the
// collector announces how far it goes and then looks at the stored timestamps.
type snapshots struct {
	s *Store

	// collected is how far collection may have gone: announced before the
	// registered snapshots are looked at, never lowered.
	collected atomic.Uint64

	mu   sync.Mutex  // guards the lists; held by the collector while it looks
	all  []*Snapshot // ever made; reused through free
	free []*Snapshot
}

// Snapshot is a registered right to read at one timestamp. One goroutine at a time
// uses it.
type Snapshot struct {
	s  *Store
	at atomic.Uint64 // 0: reads nothing at present
}

// NewSnapshot registers a snapshot that is not taken yet.
func (s *Store) NewSnapshot() *Snapshot { return s.snapshots.register(0) }

func (r *snapshots) register(at uint64) *Snapshot {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.free); n > 0 {
		sn := r.free[n-1]
		r.free = r.free[:n-1]
		sn.at.Store(at)
		return sn
	}
	sn := &Snapshot{s: r.s}
	sn.at.Store(at)
	r.all = append(r.all, sn)
	return sn
}

// Take moves the snapshot to the newest published timestamp.
func (sn *Snapshot) Take() Timestamp {
	r := &sn.s.snapshots
	old := sn.at.Load()
	for {
		now := sn.s.pipeline.published.Load()
		sn.at.Store(now)
		if r.collected.Load() <= now {
			if old != 0 {
				sn.s.garbage.released(Timestamp(old))
			}
			return Timestamp(now)
		}
	}
}

// TakeAt moves a snapshot that is not taken to a past moment.
func (sn *Snapshot) TakeAt(at Timestamp) error {
	r := &sn.s.snapshots
	if at == 0 || at > sn.s.Now() {
		return fmt.Errorf("mvcc: %d is not in the past", at)
	}
	sn.at.Store(uint64(at))
	if r.collected.Load() > uint64(at) {
		sn.Drop()
		return ErrSnapshotTooOld
	}
	return nil
}

// Clone registers a second snapshot at the same timestamp.
func (sn *Snapshot) Clone() *Snapshot {
	// Under the collector's lock: it sees the copy, or has seen sn, which its
	// goroutine does not move meanwhile.
	return sn.s.snapshots.register(sn.at.Load())
}

// At returns the timestamp, or 0.
func (sn *Snapshot) At() Timestamp { return Timestamp(sn.at.Load()) }

// Drop gives the timestamp up and keeps the registration.
func (sn *Snapshot) Drop() {
	if old := sn.at.Swap(0); old != 0 {
		sn.s.garbage.released(Timestamp(old))
	}
}

// Close gives the registration back.
func (sn *Snapshot) Close() {
	sn.Drop()
	r := &sn.s.snapshots
	r.mu.Lock()
	defer r.mu.Unlock()
	r.free = append(r.free, sn)
}

// horizon returns how far versions may be collected, and whether a snapshot
// (rather than the clock) holds it back. From its return on, no snapshot below it
// can be taken.
func (r *snapshots) horizon() (at Timestamp, held bool) {
	limit := Timestamp(r.s.pipeline.published.Load())
	if keep := r.s.retention.Load(); keep > 0 {
		past := r.s.opts.Clock().UnixMicro() - keep
		limit = min(limit, Timestamp(max(past, 0)))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	// Without this look first, an old reader would make us announce more than we do.
	at = r.oldest(limit)
	for {
		old := r.collected.Load()
		if old >= uint64(at) || r.collected.CompareAndSwap(old, uint64(at)) {
			break
		}
	}
	at = r.oldest(at)
	return at, at < limit
}

func (r *snapshots) oldest(at Timestamp) Timestamp {
	for _, sn := range r.all {
		if t := Timestamp(sn.at.Load()); t != 0 && t < at {
			at = t
		}
	}
	return at
}

// Horizon is the oldest timestamp that a snapshot, or the retention, still needs.
func (s *Store) Horizon() Timestamp {
	at, _ := s.snapshots.horizon()
	return at
}
