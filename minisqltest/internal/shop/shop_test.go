package shop

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/internal/engines"
	"github.com/minisql/minisql/minisqltest"
)

// story is what two do at once, and the rule that must hold after every order of them.
type story struct {
	name     string
	one, two func(ctx context.Context, s Shop) error
	rule     string // a condition in SQL
	anomaly  string // what Careless does
}

var errNotTrue = errors.New("what was told is not true")

var stories = []story{
	{
		name:    "the last piece",
		one:     func(ctx context.Context, s Shop) error { return s.Buy(ctx, 1) },
		two:     func(ctx context.Context, s Shop) error { return s.Buy(ctx, 1) },
		rule:    `(select stock from product where id = 1) + (select sum(pieces) from sale where product = 1) = 1`,
		anomaly: "lost update",
	},
	{
		name:    "two orders of one customer",
		one:     func(ctx context.Context, s Shop) error { return s.Order(ctx, 1, 80) },
		two:     func(ctx context.Context, s Shop) error { return s.Order(ctx, 1, 70) },
		rule:    `(select sum(amount) from orders where customer = 1) <= (select credit from customer where id = 1)`,
		anomaly: "phantom skew",
	},
	{
		name:    "both go home",
		one:     func(ctx context.Context, s Shop) error { return s.LeaveDuty(ctx, "ada") },
		two:     func(ctx context.Context, s Shop) error { return s.LeaveDuty(ctx, "bob") },
		rule:    `exists (select from staff where on_call)`,
		anomaly: "write skew",
	},
	{
		name: "a sale during the report",
		one: func(ctx context.Context, s Shop) error {
			inStock, sold, err := s.Report(ctx)
			if err == nil && inStock+sold != 11 {
				err = errNotTrue
			}
			return err
		},
		two:     func(ctx context.Context, s Shop) error { return s.Buy(ctx, 2) },
		rule:    `true`,
		anomaly: "read skew",
	},
	{
		name: "a new price during the checkout",
		one: func(ctx context.Context, s Shop) error {
			shown, charged, err := s.Checkout(ctx, 2)
			if err == nil && shown != charged {
				err = errNotTrue
			}
			return err
		},
		two:     func(ctx context.Context, s Shop) error { return s.Reprice(ctx, 2, 75) },
		rule:    `true`,
		anomaly: "non-repeatable read",
	},
}

// outcome is what came of a story.
type outcome struct {
	broken   bool // the rule, or what one of the two was told
	refused  bool // by the shop
	failed   bool // with 40001
	notices  []string
	received []string
	view     []string // minisql.anomalies
}

// play has the second come in when the first thinks, and go on until it is done or has to wait.
func play(t *testing.T, on engines.Engine, open func(*pgxpool.Pool, func()) Shop, st story, opts ...minisqltest.Option) (o outcome) {
	t.Helper()
	ctx := t.Context()
	var mu sync.Mutex // guards o
	db := minisqltest.New(t, append(opts, minisqltest.On(minisql.Storage(on)), minisqltest.Setup(Schema), minisqltest.OnAnomaly(func(a minisql.Anomaly) {
		mu.Lock()
		defer mu.Unlock()
		o.received = append(o.received, a.Name)
	}))...)
	cfg := db.PoolConfig()
	cfg.ConnConfig.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		mu.Lock()
		defer mu.Unlock()
		if !strings.Contains(n.Detail, ` in "`) || n.Hint == "" {
			t.Errorf("the notice does not explain itself: %+v", n)
		}
		o.notices = append(o.notices, strings.TrimPrefix(n.Message, "anomaly: "))
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()

	told := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		var pg *pgconn.PgError
		switch {
		case err == nil:
		case errors.Is(err, errNotTrue):
			o.broken = true
		case errors.Is(err, ErrSoldOut), errors.Is(err, ErrCredit), errors.Is(err, ErrLastOnCall):
			o.refused = true
		case errors.As(err, &pg) && pg.Code == string(minisql.CodeSerializationFailure):
			o.failed = true
		default:
			t.Error(err)
		}
	}
	done := make(chan struct{})
	comeIn := sync.OnceFunc(func() {
		go func() {
			defer close(done)
			told(st.two(ctx, open(pool, func() {})))
		}()
		for waits := false; !waits; runtime.Gosched() {
			select {
			case <-done:
				return
			default:
			}
			if err := db.QueryRow(ctx, `select exists (select from pg_stat_activity where wait_event_type = 'Lock')`).Scan(&waits); err != nil {
				t.Error(err)
				return
			}
		}
	})
	told(st.one(ctx, open(pool, comeIn)))
	<-done

	holds := false
	if err := pool.QueryRow(ctx, "select "+st.rule).Scan(&holds); err != nil {
		t.Error(err)
	}
	o.broken = o.broken || !holds
	rows, err := db.Query(ctx, `select name from minisql.anomalies order by found_at`)
	if err != nil {
		t.Fatal(err)
	}
	if o.view, err = minisql.CollectRows(rows, minisql.RowTo[string]); err != nil {
		t.Error(err)
	}
	return o
}

// TestCareless wants the rules to be broken, and each to be named: where the client is told, in the view, and
// to the program.
func TestCareless(t *testing.T) { engines.Each(t, testCareless) }

func testCareless(t *testing.T, on engines.Engine) {
	for _, st := range stories {
		t.Run(st.name, func(t *testing.T) {
			o := play(t, on, NewCareless, st)
			want := []string{st.anomaly}
			if !o.broken || o.failed || o.refused || !slices.Equal(o.notices, want) || !slices.Equal(o.received, want) || !slices.Equal(o.view, want) {
				t.Errorf("%+v, want %q", o, want)
			}
		})
	}
}

// TestCarelessRefused wants the rules to hold where the detector may refuse.
func TestCarelessRefused(t *testing.T) { engines.Each(t, testCarelessRefused) }

func testCarelessRefused(t *testing.T, on engines.Engine) {
	for _, st := range stories {
		t.Run(st.name, func(t *testing.T) {
			o := play(t, on, NewCareless, st, minisqltest.Setting("minisql.detect_anomalies", "error"))
			want := []string{st.anomaly}
			if o.broken || !o.failed || len(o.notices) != 0 || !slices.Equal(o.received, want) || !slices.Equal(o.view, want) {
				t.Errorf("%+v, want %q", o, want)
			}
		})
	}
}

// TestCareful wants the rules to hold and the detector to be silent.
func TestCareful(t *testing.T) { engines.Each(t, testCareful) }

func testCareful(t *testing.T, on engines.Engine) {
	for _, st := range stories {
		t.Run(st.name, func(t *testing.T) {
			o := play(t, on, NewCareful, st, minisqltest.FailOnAnomaly())
			if o.broken || o.failed || len(o.notices)+len(o.received)+len(o.view) != 0 {
				t.Errorf("%+v", o)
			}
		})
	}
}

// TestCrowd has many customers in the careful shop at once.
func TestCrowd(t *testing.T) { engines.Each(t, testCrowd) }

func testCrowd(t *testing.T, on engines.Engine) {
	db := minisqltest.New(t, minisqltest.On(minisql.Storage(on)), minisqltest.Setup(Schema), minisqltest.FailOnAnomaly())
	s := NewCareful(db.Pool(), runtime.Gosched)
	var wg sync.WaitGroup
	for range 4 {
		for _, st := range stories {
			for _, f := range []func(context.Context, Shop) error{st.one, st.two} {
				wg.Go(func() {
					switch err := f(t.Context(), s); {
					case err == nil, errors.Is(err, ErrSoldOut), errors.Is(err, ErrCredit), errors.Is(err, ErrLastOnCall):
					default:
						t.Error(err)
					}
				})
			}
		}
	}
	wg.Wait()
	for _, st := range stories {
		holds := false
		if err := db.QueryRow(t.Context(), "select "+st.rule).Scan(&holds); err != nil || !holds {
			t.Error(st.name, holds, err)
		}
	}
}
