package txn

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestLeaseModel plays random locks of some owners, in leases and in the table, one after the other: a key
// is granted exactly if nobody holds it at a strength that conflicts, and held exactly as long as it should be.
func TestLeaseModel(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	const keys = 100
	var all [keys][]byte
	for k := range all {
		all[k] = fmt.Appendf(nil, "key%03d", k)
	}
	key := func(k int) []byte { return all[k] }
	type lock struct {
		k   int
		s   Strength
		cmd uint32
	}
	var noted, exposed int
	for range 200 {
		l := newLockTable()
		owners := make([]*owner, 3)
		gaps := make([]*lease, len(owners))
		log := make([][]lock, len(owners)) // what each owner has got, in order
		for i := range owners {
			owners[i] = &owner{id: uint64(i + 1)}
		}
		holds := func(i, k int) (s Strength, ok bool) {
			for _, x := range log[i] {
				if x.k == k {
					s, ok = max(s, x.s), true
				}
			}
			return s, ok
		}
		free := func(i, k int, s Strength) bool {
			for j := range owners {
				if so, ok := holds(j, k); ok && j != i && so.conflicts(s) {
					return false
				}
			}
			return true
		}
		for range 100 {
			i := r.IntN(len(owners))
			o := owners[i]
			o.cmd += uint32(r.IntN(2))
			switch k := r.IntN(keys); r.IntN(8) {
			case 0, 1:
				s := Strength(r.IntN(4))
				if x := gaps[r.IntN(len(gaps))]; x != nil && len(x.keys) > 0 && r.IntN(2) == 0 {
					some := x.keys[r.IntN(len(x.keys))].key
					k = slices.IndexFunc(all[:], func(key []byte) bool { return bytes.Equal(key, some) })
				}
				got, err := l.acquire(t.Context(), o, key(k), s, SkipLocked)
				if err != nil || (got == lockGranted) != free(i, k, s) {
					t.Fatalf("%d gets key %d at %s: %v %v", i, k, s, got, err)
				}
				if got == lockGranted {
					log[i] = append(log[i], lock{k, s, o.cmd})
				}
			case 2:
				gaps[i] = l.lease(o, key(max(0, k-1-r.IntN(30))), key(k))
			case 3, 4, 5:
				if gaps[i] == nil {
					continue
				}
				var behind int
				if _, err := fmt.Sscanf(string(gaps[i].behind), "key%d", &behind); err != nil {
					t.Fatal(err)
				}
				for k := behind + r.IntN(3); k < keys && r.IntN(10) > 0; k += r.IntN(3) {
					if gaps[i].note(&entry{key: key(k)}) {
						if !free(i, k, Update) {
							t.Fatalf("%d notes key %d, which is locked", i, k)
						}
						noted++
						log[i] = append(log[i], lock{k, Update, o.cmd})
					}
				}
			case 6: // a rollback to a savepoint
				cmd := o.cmd - min(o.cmd, uint32(r.IntN(5)))
				for _, x := range o.leases {
					l.unnote(x, x.notedBefore(cmd))
				}
				from, _ := slices.BinarySearchFunc(o.held, cmd, func(h heldLock, cmd uint32) int { return int(h.cmd) - int(cmd) })
				l.release(o, from)
				log[i] = slices.DeleteFunc(log[i], func(x lock) bool { return x.cmd >= cmd })
			case 7:
				for _, x := range o.leases {
					exposed += len(x.exposed)
				}
				end := r.IntN(2) == 0
				kept := map[string]bool{}
				l.settle(o, func(e *entry) bool {
					keep := !end && r.IntN(2) == 0
					kept[string(e.key)] = keep
					return keep
				})
				gaps[i] = nil
				if end {
					l.release(o, 0)
					log[i] = nil
				}
				// What is exposed is kept too: that is for the table to say.
				log[i] = slices.DeleteFunc(log[i], func(x lock) bool {
					keep, was := kept[string(key(x.k))]
					_, held := l.holds(o, key(x.k))
					return was && !keep && !held
				})
			}
			for i, o := range owners {
				for k := range keys {
					want, ok := holds(i, k)
					if s, is := l.holds(o, key(k)); s != want || is != ok {
						t.Fatalf("%d holds key %d at %v %v, want %v %v", i, k, s, is, want, ok)
					}
				}
			}
		}
		for _, o := range owners {
			l.settle(o, func(*entry) bool { return false })
			l.release(o, 0)
		}
		for i := range l.shards {
			if n := l.shards[i].n; n != 0 || l.leases.Load() != nil {
				t.Fatalf("%d entries are left, and leases: %v", n, l.leases.Load())
			}
		}
	}
	t.Logf("%d keys noted, %d exposed", noted, exposed)
	if noted == 0 || exposed == 0 {
		t.Error("nothing was tried")
	}
}
