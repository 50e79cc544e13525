package history

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// Session is one client's connection.
type Session interface {
	// Exec runs one statement and returns the first column of its rows.
	Exec(ctx context.Context, sql string) ([]string, error)
	Close()
}

// Options of a run.
type Options struct {
	Level        string // "serializable" …
	Sessions     int
	Transactions int // attempts
	Keys         int // lists, and groups of items, in use at a time; few make for conflicts
	Seed         uint64

	// Open opens a session; it is called again after one broke down.
	Open func(ctx context.Context) (Session, error)
	// Broken says of an error that the session is of no use any more.
	Broken func(error) bool
}

// Outcome is how a transaction ended.
type Outcome uint8

// The outcomes.
const (
	Aborted Outcome = iota
	Committed
	Unknown // the commit was not answered
)

// Txn is one transaction as its client saw it.
type Txn struct {
	ID      int
	Outcome Outcome
	Appends []int         // keys of lists, at most once each
	Lists   map[int][]int // the first read of each list, before an own append
	Inserts []int         // groups
	Groups  map[int][]int // the first read of each group: who had inserted, but for itself
}

// History is what all clients saw, and what was there in the end.
type History struct {
	Txns   []*Txn // by ID, from 1
	Lists  map[int][]int
	Groups map[int][]int
}

// windowLen is how many transactions use the same keys: lists stay short.
const windowLen = 300

// keys is how many there are in all.
func (o Options) keys() int { return o.Keys * (o.Transactions/windowLen + 2) }

// Setup makes the tables.
func Setup(ctx context.Context, s Session, o Options) error {
	for _, sql := range []string{
		"drop table if exists lists, items",
		"create table lists (k int primary key, v text not null)",
		fmt.Sprintf("insert into lists select g, '' from generate_series(0, %d) g", o.keys()-1),
		"create table items (grp int, by int, primary key (grp, by))",
	} {
		if _, err := s.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// Run runs the transactions; Setup has been run. The tables are read in the end by Finish.
func Run(ctx context.Context, o Options) (*History, error) {
	h := &History{Txns: make([]*Txn, o.Transactions)}
	var next atomic.Int64
	errs := make([]error, o.Sessions)
	var wg sync.WaitGroup
	for i := range o.Sessions {
		wg.Go(func() {
			c := client{o: o, rng: rand.New(rand.NewPCG(o.Seed, uint64(i)))}
			defer c.close()
			for errs[i] == nil && ctx.Err() == nil {
				n := int(next.Add(1))
				if n > o.Transactions {
					return
				}
				h.Txns[n-1], errs[i] = c.transaction(ctx, n)
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return h, nil
}

// Finish reads what is there in the end.
func (h *History) Finish(ctx context.Context, s Session, o Options) error {
	h.Lists, h.Groups = map[int][]int{}, map[int][]int{}
	for k := range o.keys() {
		v, err := s.Exec(ctx, readList(k))
		if err != nil {
			return err
		}
		h.Lists[k] = numbers(v)
		if v, err = s.Exec(ctx, readGroups(k, k)); err != nil {
			return err
		}
		h.Groups[k] = members(v)[k]
	}
	return nil
}

type client struct {
	o   Options
	rng *rand.Rand
	s   Session
}

func (c *client) close() {
	if c.s != nil {
		c.s.Close()
	}
	c.s = nil
}

// transaction runs one: a statement alone, or a block of one to four operations. An error is one that ends the run.
func (c *client) transaction(ctx context.Context, id int) (*Txn, error) {
	t := &Txn{ID: id, Lists: map[int][]int{}, Groups: map[int][]int{}}
	if c.s == nil {
		s, err := c.o.Open(ctx)
		if err != nil {
			return t, err
		}
		c.s = s
		if _, err := c.exec(ctx, "set default_transaction_isolation = '"+c.o.Level+"'"); err != nil {
			return t, c.failed(ctx, err)
		}
	}
	if c.rng.IntN(4) == 0 {
		err := c.alone(ctx, t)
		switch {
		case err == nil:
			t.Outcome = Committed
		case c.o.Broken != nil && c.o.Broken(err):
			t.Outcome = Unknown
		}
		return t, c.failed(ctx, err)
	}
	if _, err := c.exec(ctx, "begin isolation level "+c.o.Level); err != nil {
		return t, c.failed(ctx, err)
	}
	for range 1 + c.rng.IntN(4) {
		if err := c.operation(ctx, t); err != nil {
			return t, c.failed(ctx, err)
		}
	}
	if c.rng.IntN(20) == 0 {
		_, err := c.exec(ctx, "rollback")
		return t, c.failed(ctx, err)
	}
	switch _, err := c.exec(ctx, "commit"); {
	case err == nil:
		t.Outcome = Committed
	case c.o.Broken != nil && c.o.Broken(err):
		t.Outcome = Unknown
		c.close()
	}
	return t, nil
}

func (c *client) exec(ctx context.Context, sql string) ([]string, error) { return c.s.Exec(ctx, sql) }

// failed goes on after a statement's error: with a rollback, or a new session.
func (c *client) failed(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if c.o.Broken != nil && c.o.Broken(err) {
		c.close()
		return nil
	}
	_, err = c.exec(ctx, "rollback")
	if err != nil && c.o.Broken != nil && c.o.Broken(err) {
		c.close()
		return nil
	}
	return err
}

// key draws a key for a transaction.
func (c *client) key(t *Txn) int {
	window := t.ID / windowLen
	if c.rng.IntN(10) == 0 && window > 0 { // now and then the one before
		window--
	}
	return window*c.o.Keys + c.rng.IntN(c.o.Keys)
}

// alone runs one statement as a transaction of its own: a query of a list and groups, an append, or an insert.
func (c *client) alone(ctx context.Context, t *Txn) error {
	k, g := c.key(t), c.key(t)
	switch c.rng.IntN(4) {
	case 0:
		return c.append(ctx, t, k)
	case 1:
		return c.insert(ctx, t, g)
	}
	rows, err := c.exec(ctx, fmt.Sprintf("select '=' || v from lists where k = %d union all %s", k, readGroups(g, g+2)))
	if err != nil {
		return err
	}
	t.Lists[k] = numbers([]string{strings.TrimPrefix(rows[0], "=")})
	found := members(rows[1:])
	for i := g; i <= g+2; i++ {
		t.Groups[i] = found[i]
	}
	return nil
}

func (c *client) operation(ctx context.Context, t *Txn) error {
	k := c.key(t)
	switch c.rng.IntN(4) {
	case 0:
		v, err := c.exec(ctx, readList(k))
		if _, again := t.Lists[k]; err == nil && !again && !has(t.Appends, k) {
			t.Lists[k] = numbers(v)
		}
		return err
	case 1:
		if has(t.Appends, k) {
			return nil
		}
		return c.append(ctx, t, k)
	case 2:
		to := k + c.rng.IntN(3)
		v, err := c.exec(ctx, readGroups(k, to))
		if err != nil {
			return err
		}
		found := members(v)
		for g := k; g <= to; g++ {
			if _, again := t.Groups[g]; !again && !has(t.Inserts, g) {
				t.Groups[g] = found[g]
			}
		}
		return nil
	}
	if has(t.Inserts, k) {
		return nil
	}
	return c.insert(ctx, t, k)
}

func (c *client) append(ctx context.Context, t *Txn, k int) error {
	_, err := c.exec(ctx, fmt.Sprintf("update lists set v = v || '%d,' where k = %d", t.ID, k))
	t.Appends = append(t.Appends, k)
	return err
}

func (c *client) insert(ctx context.Context, t *Txn, group int) error {
	_, err := c.exec(ctx, fmt.Sprintf("insert into items values (%d, %d)", group, t.ID))
	t.Inserts = append(t.Inserts, group)
	return err
}

func has(list []int, k int) bool {
	for _, x := range list {
		if x == k {
			return true
		}
	}
	return false
}

func readList(k int) string { return fmt.Sprintf("select v from lists where k = %d", k) }

func readGroups(lo, hi int) string {
	return fmt.Sprintf("select grp || ':' || by from items where grp between %d and %d", lo, hi)
}

// numbers takes a list apart.
func numbers(rows []string) []int {
	list := []int{}
	for _, r := range rows {
		for _, f := range strings.Split(strings.TrimSuffix(r, ","), ",") {
			if n, err := strconv.Atoi(f); err == nil {
				list = append(list, n)
			}
		}
	}
	return list
}

// members takes rows of groups apart, by group.
func members(rows []string) map[int][]int {
	m := map[int][]int{}
	for _, r := range rows {
		g, by, _ := strings.Cut(r, ":")
		group, err := strconv.Atoi(g)
		n, err2 := strconv.Atoi(by)
		if err == nil && err2 == nil {
			m[group] = append(m[group], n)
		}
	}
	return m
}
