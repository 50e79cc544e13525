package history_test

import (
	"context"
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/internal/engines"
	"github.com/minisql/minisql/internal/history"
)

var (
	transactions = flag.Int("history.transactions", 2000, "transactions of each history")
	seedFlag     = flag.Uint64("history.seed", 0, "seed of the histories; 0 draws one")
)

// embedded is a session without a wire.
type embedded struct{ s *minisql.Session }

func (e embedded) Exec(ctx context.Context, sql string) ([]string, error) {
	rows, err := e.s.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	var out []string
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

func (e embedded) Close() { e.s.Release() }

// run runs transactions, with a look at the database before and after, if that is wanted.
func run(t *testing.T, on engines.Engine, level string, o minisql.Options, before, after func(*minisql.DB)) *history.History {
	t.Helper()
	ctx := context.Background()
	o.Storage = minisql.Storage(on)
	db, err := minisql.Open("", &o)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	open := func(ctx context.Context) (history.Session, error) {
		s, err := db.Session(ctx, nil)
		return embedded{s}, err
	}
	s, err := open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d (-history.seed)", seed)
	ho := history.Options{Level: level, Sessions: 8, Transactions: *transactions, Keys: 8, Seed: seed, Open: open}
	if err := history.Setup(ctx, s, ho); err != nil {
		t.Fatal(err)
	}
	if before != nil {
		before(db)
	}
	h, err := history.Run(ctx, ho)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Finish(ctx, s, ho); err != nil {
		t.Fatal(err)
	}
	if after != nil {
		after(db)
	}
	return h
}

func show(t *testing.T, f *history.Found) {
	t.Logf("%d committed, %d aborted, %d unknown; G0 %d, G1a %d, G1c %d, G-single %d, G2 %d",
		f.Committed, f.Aborted, f.Unknown, len(f.G0), len(f.G1a), len(f.G1c), len(f.GSingle), len(f.G2))
}

// TestLevels runs random histories: SERIALIZABLE shows no anomaly, REPEATABLE READ write skew
// only, and READ COMMITTED read skew, too: so anomalies would be found.
func TestLevels(t *testing.T) {
	engines.Each(t, func(t *testing.T, on engines.Engine) {
		for _, level := range []string{"read committed", "repeatable read", "serializable"} {
			t.Run(level, func(t *testing.T) {
				h := run(t, on, level, minisql.Options{}, nil, nil)
				f := h.Check()
				show(t, f)
				if f.Committed < *transactions/10 {
					t.Errorf("only %d of %d committed", f.Committed, *transactions)
				}
				forbidden := [][]string{f.G0, f.G1a, f.G1c}
				switch level {
				case "serializable":
					forbidden = append(forbidden, f.GSingle, f.G2)
				case "repeatable read":
					forbidden = append(forbidden, f.GSingle)
					if len(f.G2) == 0 {
						t.Error("no write skew was found: is anything checked?")
					}
				default:
					if len(f.GSingle) == 0 {
						t.Error("no read skew was found: is anything checked?")
					}
				}
				for _, list := range forbidden {
					for i, line := range list {
						if i < 5 {
							t.Error(line)
						}
					}
				}
			})
		}
	})
}

// TestShortOfMemory runs them beside a serializable transaction that stays open, with room for next to
// nothing: SERIALIZABLE coarsens what it remembers, and still no cycle is committed.
func TestShortOfMemory(t *testing.T) {
	engines.Each(t, func(t *testing.T, on engines.Engine) {
		const limit = 128 << 10
		var old *minisql.Session
		h := run(t, on, "serializable", minisql.Options{MaxSerializableBytes: limit}, func(db *minisql.DB) {
			ctx := context.Background()
			var err error
			if old, err = db.Session(ctx, nil); err != nil {
				t.Fatal(err)
			}
			for _, sql := range []string{"begin isolation level serializable", "select v from lists where k = 0", "insert into items values (-1, 0)"} {
				if _, err := old.Exec(ctx, sql); err != nil {
					t.Fatal(err)
				}
			}
		}, func(db *minisql.DB) {
			defer old.Release()
			var nodes, entries, coarsened, summarized int
			if err := db.QueryRow(context.Background(), "select active + committed, entries, coarsened, summarized from minisql.ssi").
				Scan(&nodes, &entries, &coarsened, &summarized); err != nil {
				t.Fatal(err)
			}
			t.Logf("%d transactions and %d entries are remembered; coarsened %d, summarized %d", nodes, entries, coarsened, summarized)
			if nodes > limit/1024 || entries > limit/100 || coarsened == 0 || summarized == 0 {
				t.Error("memory was not short, or not bounded")
			}
		})
		f := h.Check()
		show(t, f)
		for _, list := range [][]string{f.G0, f.G1a, f.G1c, f.GSingle, f.G2} {
			for _, line := range list {
				t.Error(line)
			}
		}
	})
}

// TestChecker gives the checker histories that are known.
func TestChecker(t *testing.T) {
	txn := func(id int) *history.Txn {
		return &history.Txn{ID: id, Outcome: history.Committed, Lists: map[int][]int{}, Groups: map[int][]int{}}
	}
	for name, tc := range map[string]struct {
		change func(a, b *history.Txn, h *history.History)
		want   string
	}{
		"nothing": {func(a, b *history.Txn, h *history.History) { a.Appends, h.Lists[0] = []int{0}, []int{1} }, "0 0 0 0 0"},
		"dirty":   {func(a, b *history.Txn, h *history.History) { h.Lists[0], h.Lists[1] = []int{1, 2}, []int{2, 1} }, "1 0 0 0 0"},
		"aborted": {func(a, b *history.Txn, h *history.History) { a.Outcome, h.Lists[0] = history.Aborted, []int{1} }, "0 1 0 0 0"},
		"lost":    {func(a, b *history.Txn, h *history.History) { a.Appends = []int{3} }, "0 1 0 0 0"},
		"circular": {func(a, b *history.Txn, h *history.History) {
			a.Lists[0], b.Lists[1] = []int{2}, []int{1}
			h.Lists[0], h.Lists[1] = []int{2}, []int{1}
		}, "0 0 1 0 0"},
		"read skew": {func(a, b *history.Txn, h *history.History) {
			a.Lists[0], a.Lists[1] = []int{2}, []int{}
			h.Lists[0], h.Lists[1] = []int{2}, []int{2}
		}, "0 0 0 1 0"},
		"write skew": {func(a, b *history.Txn, h *history.History) {
			a.Groups[0], b.Groups[0] = nil, nil
			a.Inserts, b.Inserts = []int{0}, []int{0}
			h.Groups[0] = []int{1, 2}
		}, "0 0 0 0 1"},
	} {
		h := &history.History{Txns: []*history.Txn{txn(1), txn(2)}, Lists: map[int][]int{}, Groups: map[int][]int{}}
		tc.change(h.Txns[0], h.Txns[1], h)
		f := h.Check()
		any := func(list []string) int { return min(len(list), 1) }
		if got := fmt.Sprint(any(f.G0), any(f.G1a), any(f.G1c), any(f.GSingle), any(f.G2)); got != tc.want {
			t.Errorf("%s: %s, want %s: %+v", name, got, tc.want, f)
		}
	}
}
