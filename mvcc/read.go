package mvcc

import (
	"fmt"

	"github.com/minisql/minisql/storage"
)

// Version is one version of a key.
type Version struct {
	At        Timestamp // 0: the key has no version
	Tombstone bool
	Value     []byte // of a tombstone: the key the row moved to, or empty
}

// Exists reports whether there is a live value.
func (v Version) Exists() bool { return v.At != 0 && !v.Tombstone }

// Below is v as a writer's knowledge.
func (v Version) Below() Below { return Below{Known: true, At: v.At, Tombstone: v.Tombstone} }

// Get returns the newest version of key at or before at, its value copied to dst's
// memory from the start. At must be a registered snapshot's timestamp, or Latest: the
// newest committed version, which may not be published yet.
func (s *Store) Get(key []byte, at Timestamp, dst []byte) (Version, error) {
	if !ValidKey(key) {
		return Version{}, ErrReserved
	}
	recent := Timestamp(s.recent[s.hash(key)%recentSlots].Load())
	c, err := s.cursors.get(func(tag Timestamp) bool { return tag >= at || tag >= recent })
	if err != nil {
		return Version{}, err
	}
	c.suffix = at.suffix()
	found, value, ok, err := c.Get(key, c.suffix[:])
	if err != nil {
		_ = c.Close()
		return Version{}, err
	}
	if !ok {
		s.cursors.put(c)
		return Version{}, nil
	}
	v, err := parseVersion(timestampOf(found), value)
	v.Value = append(dst[:0], v.Value...)
	s.cursors.put(c)
	return v, err
}

func parseVersion(at Timestamp, stored []byte) (Version, error) {
	n := len(stored) - 1
	if n < 0 || stored[n] > kindLive {
		return Version{}, fmt.Errorf("%w: value of a version at %d", storage.ErrCorrupt, at)
	}
	return Version{At: at, Tombstone: stored[n] == kindTombstone, Value: stored[:n:n]}, nil
}
