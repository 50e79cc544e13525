package history

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
)

// Schedules plays rounds of random interleavings of which it is known how many transactions have
// to fail. In a round, two to four transactions have one to four operations each; no row has two
// writers, so nobody waits, and who depends on whom follows from what each read and wrote.
type Schedules struct {
	Level string
	Rows  int // of the table, of which a few, evenly spread, are used
	Hot   int // the number of these
	Seed  uint64

	// Sessions are for one transaction each; there are SessionsMax.
	Sessions []Session
	// Refused says of an error that it is 40001.
	Refused func(error) bool
}

// SessionsMax is how many transactions a round has at most.
const SessionsMax = 4

// Tally is what came of a number of rounds.
type Tally struct {
	Rounds, Transactions int
	Needed               int // transactions that had to fail, at the least
	Refused              int // that failed
	Needless             int // of the latter, those beyond what a round needed, had one known its end at the start
	Harmless             int // that failed, and had not closed any cycle with those who committed
	Missed               int // rounds whose committed transactions had no serial order
}

// String is one line.
func (t Tally) String() string {
	share := func(n int) float64 { return 100 * float64(n) / float64(max(1, t.Transactions)) }
	return fmt.Sprintf("%d rounds, %d transactions: needed %.2f %%, refused %.2f %%, needlessly %.3f %%, harmless %.3f %%; %d missed",
		t.Rounds, t.Transactions, share(t.Needed), share(t.Refused), share(t.Needless), share(t.Harmless), t.Missed)
}

const (
	spread  = 10 // ids are multiples: there are gaps for new rows
	classes = 8
)

// row is what others look for; absent is one that is not there.
type row struct{ class, grp int }

var absent = row{-1, -1}

// look is one read: a row, a range of ids, or all of a class or group.
type look struct {
	lo, hi     int // ids, inclusive
	class, grp int // 0: not asked for
}

// change is one write.
type change struct {
	id       int
	was, now row
}

// sees reports whether what was looked at depends on the change.
func (l look) sees(c change) bool {
	switch {
	case l.class != 0:
		return c.was.class == l.class || c.now.class == l.class
	case l.grp != 0:
		return c.was.grp == l.grp || c.now.grp == l.grp
	}
	return l.lo <= c.id && c.id <= l.hi
}

// player is one transaction of a round.
type player struct {
	ops     []string
	looks   []look
	changes []change

	next         int
	began, ended int  // when the snapshot was taken and the commit came, or would have come
	refused      bool // it failed
}

// Setup makes the table.
func (s *Schedules) Setup(ctx context.Context) error {
	for _, sql := range []string{
		"drop table if exists schedule",
		"create table schedule (id int primary key, class int not null, grp int not null, v int not null)",
		"create index on schedule (grp)",
		fmt.Sprintf("insert into schedule select i * %d, -2, -2 - i, 0 from generate_series(0, %d) i", spread, s.Rows-1),
		"analyze schedule",
	} {
		if _, err := s.Sessions[0].Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// Play plays rounds after Setup.
func (s *Schedules) Play(ctx context.Context, rounds int) (Tally, error) {
	t := Tally{Rounds: rounds}
	rng := rand.New(rand.NewPCG(s.Seed, 0))
	stored := make(map[int]row) // hot rows that are not as in the beginning
	for range rounds {
		players := s.deal(rng, stored)
		if err := s.round(ctx, rng, players); err != nil {
			return t, err
		}
		t.count(players)
		for _, p := range players {
			for _, c := range p.changes {
				switch {
				case p.refused:
				case c.was == absent: // is not there in the next round
					if _, err := s.Sessions[0].Exec(ctx, fmt.Sprintf("delete from schedule where id = %d", c.id)); err != nil {
						return t, err
					}
				default:
					stored[c.id] = c.now
				}
			}
		}
	}
	return t, nil
}

// deal makes the transactions of a round.
func (s *Schedules) deal(rng *rand.Rand, stored map[int]row) []*player {
	players := make([]*player, 2+rng.IntN(SessionsMax-1))
	written := make(map[int]bool)
	hot := func() int { return rng.IntN(s.Hot) * (s.Rows / s.Hot) * spread }
	for i := range players {
		p := &player{}
		players[i] = p
		p.ops = append(p.ops, "begin isolation level "+s.Level)
		for range 1 + rng.IntN(4) {
			id := hot()
			switch rng.IntN(9) {
			case 0, 1:
				p.ops = append(p.ops, fmt.Sprintf("select v from schedule where id = %d", id))
				p.looks = append(p.looks, look{lo: id, hi: id})
			case 2:
				hi := id + rng.IntN(3*spread)
				p.ops = append(p.ops, fmt.Sprintf("select coalesce(sum(v), 0) from schedule where id between %d and %d", id, hi))
				p.looks = append(p.looks, look{lo: id, hi: hi})
			case 3:
				class := 1 + rng.IntN(classes)
				p.ops = append(p.ops, fmt.Sprintf("select coalesce(sum(v), 0) from schedule where class = %d", class))
				p.looks = append(p.looks, look{class: class})
			case 4:
				grp := 1 + rng.IntN(classes)
				p.ops = append(p.ops, fmt.Sprintf("select coalesce(sum(v), 0) from schedule where grp = %d", grp))
				p.looks = append(p.looks, look{grp: grp})
			case 5:
				id += 1 + rng.IntN(spread-1)
				if written[id] {
					continue
				}
				written[id] = true
				now := row{1 + rng.IntN(classes), 1 + rng.IntN(classes)}
				p.ops = append(p.ops, fmt.Sprintf("insert into schedule values (%d, %d, %d, 1)", id, now.class, now.grp))
				p.looks = append(p.looks, look{lo: id, hi: id}) // whether the key is free
				p.changes = append(p.changes, change{id, absent, now})
			default:
				if written[id] {
					continue
				}
				written[id] = true
				was, ok := stored[id]
				if !ok {
					was = row{-2, -2 - id/spread}
				}
				now := was
				if rng.IntN(2) == 0 {
					now.class = 1 + rng.IntN(classes)
				}
				if rng.IntN(2) == 0 {
					now.grp = 1 + rng.IntN(classes)
				}
				p.ops = append(p.ops, fmt.Sprintf("update schedule set v = v + 1, class = %d, grp = %d where id = %d", now.class, now.grp, id))
				p.looks = append(p.looks, look{lo: id, hi: id})
				p.changes = append(p.changes, change{id, was, now})
			}
		}
		p.ops = append(p.ops, "commit")
	}
	return players
}

// round runs the operations of all in a random order. None waits for another.
func (s *Schedules) round(ctx context.Context, rng *rand.Rand, players []*player) error {
	var order []int
	for i, p := range players {
		for range p.ops {
			order = append(order, i)
		}
	}
	rng.Shuffle(len(order), func(a, b int) { order[a], order[b] = order[b], order[a] })
	for at, i := range order {
		p := players[i]
		op := p.ops[p.next]
		if p.next == 1 {
			p.began = at // the first statement takes the snapshot
		}
		p.next++
		p.ended = at
		if p.refused {
			continue
		}
		if _, err := s.Sessions[i].Exec(ctx, op); err != nil {
			if !s.Refused(err) {
				return fmt.Errorf("%s: %w", op, err)
			}
			p.refused = true
			if _, err := s.Sessions[i].Exec(ctx, "rollback"); err != nil {
				return err
			}
		}
	}
	return nil
}

// count adds a round.
func (t *Tally) count(players []*player) {
	t.Transactions += len(players)
	refused, committed := 0, 0
	for i, p := range players {
		if p.refused {
			refused++
		} else {
			committed |= 1 << i
		}
	}
	if !serial(players, committed) {
		t.Missed++
	}
	needed := len(players)
	for set := range 1 << len(players) {
		if serial(players, set) {
			n := 0
			for i := range players {
				n += 1 - set>>i&1
			}
			needed = min(needed, n)
		}
	}
	t.Needed += needed
	for i, p := range players {
		if p.refused && serial(players, committed|1<<i) {
			t.Harmless++
		}
	}
	t.Refused += refused
	t.Needless += max(0, refused-needed)
}

// serial reports whether the players of a set, as far as they depend on each other, have an order.
func serial(players []*player, set int) bool {
	after := func(a, b *player) bool { // a has to come before b
		return slices.ContainsFunc(a.looks, func(l look) bool {
			return b.ended > a.began && slices.ContainsFunc(b.changes, l.sees)
		}) || slices.ContainsFunc(b.looks, func(l look) bool {
			return a.ended < b.began && slices.ContainsFunc(a.changes, l.sees)
		})
	}
	for set != 0 { // take away one that nobody has to precede
		first := -1
		for i, p := range players {
			if set>>i&1 == 0 {
				continue
			}
			free := true
			for k, q := range players {
				if k != i && set>>k&1 == 1 && after(q, p) {
					free = false
				}
			}
			if free {
				first = i
				break
			}
		}
		if first < 0 {
			return false
		}
		set &^= 1 << first
	}
	return true
}
