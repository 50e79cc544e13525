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

	// Own is the reader's segment that the version is in; At is 0 then.
	Own *Segment

	// Held, of a read at Latest, is the segment of another transaction that is still
	// running and has a newer version: it holds a lock on the key.
	Held *Segment

	// Weak says of the version in Own or Held that its lock lets KeyShare by.
	Weak bool

	stored Timestamp // in the engine
}

// Exists reports whether there is a live value.
func (v Version) Exists() bool { return v.stored != 0 && !v.Tombstone }

// Below is v as a writer's knowledge.
func (v Version) Below() Below { return Below{Known: true, At: v.stored, Tombstone: v.Tombstone} }

// Get returns the newest version of key at or before at, its value copied to dst's
// memory from the start. At must be a registered snapshot's timestamp, or Latest: the
// newest committed version, which may not be published yet.
func (s *Store) Get(key []byte, at Timestamp, dst []byte) (Version, error) {
	return s.GetFor(Reader{}, key, at, dst)
}

// GetFor is Get for a transaction that sees its own segments too.
func (s *Store) GetFor(r Reader, key []byte, at Timestamp, dst []byte) (Version, error) {
	if !ValidKey(key) {
		return Version{}, ErrReserved
	}
	recent := s.recentOf(key)
	from, need := at, at
	if r.Spill != nil {
		from, need = max(at, r.Spill.newer), max(at, r.Spill.fresh)
	}
	c, hidden, err := s.read(func(tag Timestamp) bool { return tag >= need || tag >= recent })
	if err != nil {
		return Version{}, err
	}
	var v Version
	for {
		c.suffix = from.suffix()
		found, value, ok, err := c.Get(key, c.suffix[:])
		if err != nil {
			_ = c.Close()
			return Version{}, err
		}
		if !ok {
			break
		}
		stored := timestampOf(found)
		seen, commit, running := stored <= at, stored, false
		g := hidden.find(stored)
		if g != nil {
			seen, commit, running = g.judge(at, r)
		}
		if seen {
			if v, err = v.parse(stored, value); err != nil {
				_ = c.Close()
				return Version{}, err
			}
			v.At = commit
			if g != nil && commit == 0 {
				v.Own, v.Weak = g, weak(value)
			}
			v.Value = append(dst[:0], v.Value...)
			break
		}
		if running && at == Latest && v.Held == nil {
			v.Held, v.Weak = g, weak(value)
		}
		from = stored - 1
	}
	s.cursors.put(c)
	return v, nil
}

func weak(stored []byte) bool { return len(stored) > 0 && stored[len(stored)-1] == kindLiveWeak }

// parse fills in what the engine has under a version's key.
func (v Version) parse(at Timestamp, stored []byte) (Version, error) {
	n := len(stored) - 1
	if n < 0 || stored[n] > kindLiveWeak {
		return Version{}, fmt.Errorf("%w: value of a version at %d", storage.ErrCorrupt, at)
	}
	v.stored, v.Tombstone, v.Value = at, stored[n] == kindTombstone, stored[:n:n]
	return v, nil
}
