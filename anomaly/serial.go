package anomaly

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// serialMax is how many committed transactions are tried in every order: 4 have 24.
const serialMax = 4

// Serial is the comparison of a play with the serial orders of its committed transactions.
type Serial struct {
	Transactions []*Transaction // those that committed
	Order        []string       // an order with the same results and the same tables at the end
	StateOnly    []string       // without one: an order with the same tables at the end
	Skipped      string         // why nothing was compared
}

// String says what was found.
func (s *Serial) String() string {
	switch {
	case s.Skipped != "":
		return "not compared with serial orders: " + s.Skipped
	case len(s.Transactions) == 0:
		return "serial: nothing committed"
	case s.Order != nil:
		return "serial: as if in the order " + strings.Join(s.Order, ", ")
	case s.StateOnly != nil:
		return "not serial: the tables are as after " + strings.Join(s.StateOnly, ", ") + ", but no order gives these results"
	}
	return "not serial: no order of the transactions leaves these tables"
}

// Serializable reports whether the play has a serial order; known is false if that was not tried.
func (s *Serial) Serializable() (yes, known bool) {
	return s.Order != nil || len(s.Transactions) == 0, s.Skipped == ""
}

// Compare looks for a serial order of the committed transactions that gives each of their
// statements the result it had, and leaves the tables as they are. It is called after
// Play, and clears the stage.
func (s *Stage) Compare(ctx context.Context, p *Played) (*Serial, error) {
	out := &Serial{}
	for _, t := range p.Transactions() {
		if t.Committed {
			out.Transactions = append(out.Transactions, t)
		}
	}
	if n := len(out.Transactions); n > serialMax {
		out.Skipped = fmt.Sprintf("%d transactions have too many", n)
		return out, nil
	}
	want, err := s.tables(ctx)
	if err != nil {
		return nil, err
	}
	names := nameTransactions(out.Transactions)
	for order := range permutations(len(out.Transactions)) {
		sameResults, err := s.serially(ctx, p, out.Transactions, order)
		if err != nil {
			return nil, err
		}
		got, err := s.tables(ctx)
		if err != nil {
			return nil, err
		}
		if got != want {
			continue
		}
		var told []string
		for _, i := range order {
			told = append(told, names[i])
		}
		if sameResults {
			out.Order = told
			return out, nil
		}
		if out.StateOnly == nil {
			out.StateOnly = told
		}
	}
	return out, nil
}

// serially runs transactions one after the other and reports whether each statement
// answers as it did in the play.
func (s *Stage) serially(ctx context.Context, p *Played, list []*Transaction, order []int) (same bool, err error) {
	if err := s.set(ctx, p.Script); err != nil {
		return false, err
	}
	same = true
	sessions := make(map[string]Session)
	defer func() {
		for _, session := range sessions {
			session.Close()
		}
	}()
	for _, i := range order {
		t := list[i]
		if sessions[t.Session] == nil {
			session, _, err := s.enter(ctx, p.Level)
			if err != nil {
				return false, err
			}
			sessions[t.Session] = session
		}
		for _, i := range t.Steps {
			r, err := sessions[t.Session].Exec(ctx, p.Script.Steps[i].SQL)
			if ctx.Err() != nil {
				return false, err
			}
			if (err == nil) != (p.Steps[i].Err == nil) || err == nil && sortedText(r) != sortedText(p.Steps[i].Result) {
				same = false
			}
		}
	}
	return same, nil
}

// tables is the content of all tables of the stage, as text.
func (s *Stage) tables(ctx context.Context) (string, error) {
	list, err := s.own.Exec(ctx, "select table_name from information_schema.tables where table_schema = '"+s.schema+"' and table_type = 'BASE TABLE' order by table_name")
	if err != nil {
		return "", err
	}
	var all strings.Builder
	for _, row := range list.Rows {
		name := `"` + strings.ReplaceAll(row[0], `"`, `""`) + `"`
		r, err := s.own.Exec(ctx, "select * from "+name)
		if err != nil {
			return "", err
		}
		all.WriteString(name + "\n" + sortedText(r) + "\n")
	}
	return all.String(), nil
}

// sortedText is a result without the order of its rows, which SQL does not promise.
func sortedText(r Result) string {
	lines := make([]string, len(r.Rows))
	for i, row := range r.Rows {
		lines[i] = strings.Join(row, "\x1f")
	}
	slices.Sort(lines)
	return r.Tag + "\n" + strings.Join(lines, "\n")
}

// nameTransactions names transactions by their sessions, with a number where one has several.
func nameTransactions(list []*Transaction) []string {
	names := make([]string, len(list))
	for i, t := range list {
		n, of := 0, 0
		for j, other := range list {
			if other.Session == t.Session {
				if of++; j <= i {
					n++
				}
			}
		}
		if names[i] = t.Session; of > 1 {
			names[i] = fmt.Sprintf("%s.%d", t.Session, n)
		}
	}
	return names
}

// permutations yields every order of 0 … n-1, beginning with that one.
func permutations(n int) func(yield func([]int) bool) {
	return func(yield func([]int) bool) {
		var place func(done, left []int) bool
		place = func(done, left []int) bool {
			if len(left) == 0 {
				return yield(done)
			}
			for i, next := range left {
				rest := slices.Concat(left[:i], left[i+1:])
				if !place(append(slices.Clone(done), next), rest) {
					return false
				}
			}
			return true
		}
		all := make([]int, n)
		for i := range all {
			all[i] = i
		}
		place(nil, all)
	}
}
