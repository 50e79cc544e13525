package history_test

import (
	"context"
	"errors"
	"flag"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/internal/engines"
	"github.com/minisql/minisql/internal/history"
)

var (
	rounds   = flag.Int("history.rounds", 500, "rounds of TestSchedules, for each size and engine")
	postgres = flag.String("history.postgres", "", "URL of a server on which TestSchedules plays instead, to compare")
)

// TestSchedules plays interleavings that need a known number of failures in tables of three sizes:
// SERIALIZABLE lets no cycle commit, and next to nobody fails without need. REPEATABLE READ, which
// misses cycles, shows that they are seen.
func TestSchedules(t *testing.T) {
	if *postgres != "" {
		testSchedules(t, func(ctx context.Context) (history.Session, error) {
			c, err := pgconn.Connect(ctx, *postgres)
			return wire{c}, err
		}, true)
		return
	}
	engines.Each(t, func(t *testing.T, on engines.Engine) {
		db, err := minisql.Open("", &minisql.Options{Storage: minisql.Storage(on)})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		testSchedules(t, func(ctx context.Context) (history.Session, error) {
			s, err := db.Session(ctx, nil)
			return embedded{s}, err
		}, false)
	})
}

func testSchedules(t *testing.T, open func(context.Context) (history.Session, error), compare bool) {
	ctx := context.Background()
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d (-history.seed)", seed)
	s := history.Schedules{Hot: 12, Seed: seed, Refused: refused}
	for range history.SessionsMax {
		c, err := open(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		s.Sessions = append(s.Sessions, c)
	}
	for _, s.Rows = range []int{100, 1000, 10_000} {
		for _, s.Level = range []string{"repeatable read", "serializable"} {
			if err := s.Setup(ctx); err != nil {
				t.Fatal(err)
			}
			tally, err := s.Play(ctx, *rounds)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%5d rows, %s: %v", s.Rows, s.Level, tally)
			switch {
			case s.Level == "repeatable read" && (tally.Missed == 0 || tally.Refused > 0):
				t.Error("snapshot isolation should let cycles commit, and refuse nobody here")
			case s.Level == "serializable" && tally.Missed > 0:
				t.Error("a cycle has committed")
			case s.Level == "serializable" && !compare && tally.Needless*1000 > tally.Transactions+2000:
				t.Error("too many fail without need")
			}
		}
	}
}

// wire is a session over the wire.
type wire struct{ *pgconn.PgConn }

func (w wire) Exec(ctx context.Context, sql string) ([]string, error) {
	_, err := w.PgConn.Exec(ctx, sql).ReadAll()
	return nil, err
}

func (w wire) Close() { _ = w.PgConn.Close(context.Background()) }

// refused reports whether an error of either kind of session is 40001.
func refused(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == "40001"
	}
	return minisql.CodeOf(err) == minisql.CodeSerializationFailure
}
