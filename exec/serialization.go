package exec

import (
	"errors"
	"fmt"
	"strings"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
	"github.com/minisql/minisql/types"
)

// explain writes the cycle that a serialization failure is about into its DETAIL, edge by
// edge. Other errors pass.
func (s *Session) explain(err error) error {
	f, ok := errors.AsType[*txn.Failure](err)
	if !ok {
		return err
	}
	e := sqlerr.As(err)
	if e == nil || e.Detail != "" {
		return err
	}
	explained := *e
	explained.Detail = s.describeCycle(f)
	return &explained
}

// reportAnomaly tells of what the commit of a watched transaction has shown.
func (s *Session) reportAnomaly(t *txn.Txn) {
	f := t.Anomaly()
	if f == nil {
		return
	}
	e := sqlerr.New(sqlerr.Warning, "anomaly: %s", f.Name()).WithDetail("%s", s.describeCycle(f)).
		WithHint("SERIALIZABLE, or a lock on what was read, prevents it.")
	s.srv.logf("anomaly: %s (pid %d)\n%s", f.Name(), s.pid, e.Detail)
	s.notice("NOTICE", e)
}

// describeCycle lists the edges of a cycle.
func (s *Session) describeCycle(f *txn.Failure) string {
	var b strings.Builder
	b.WriteString("These transactions cannot have run one after another:")
	for _, step := range f.Cycle {
		fmt.Fprintf(&b, "\n%s", s.describeStep(f.Victim, step))
	}
	return b.String()
}

// describeStep says what makes step.From come before step.To.
func (s *Session) describeStep(victim txn.Party, step txn.Step) string {
	what := s.describeStoredKey(step.Key)
	did := [...][2]string{
		txn.ReadWrite:  {"read", "changed it, unseen"},
		txn.WriteRead:  {"changed", "read that"},
		txn.WriteWrite: {"changed", "changed it again"},
	}[step.Kind]
	return fmt.Sprintf("%s %s %s%s; %s %s%s.",
		describeParty(victim, step.From), did[0], what, inStatement(step.From),
		describeParty(victim, step.To), did[1], inStatement(step.To))
}

// describeParty names a transaction and its session.
func describeParty(victim txn.Party, side txn.Side) string {
	if side.ID == victim.ID {
		return fmt.Sprintf("T%d (this transaction, pid %d)", side.ID, side.PID)
	}
	return fmt.Sprintf("T%d (pid %d)", side.ID, side.PID)
}

func inStatement(side txn.Side) string {
	if side.Text == "" {
		return ""
	}
	return " in \"" + strings.Join(strings.Fields(side.Text), " ") + "\""
}

// describeStoredKey names the table or index of a row's or an index entry's key, and its columns.
func (s *Session) describeStoredKey(key []byte) string {
	sc := s.db.current.Load()
	if sc == nil {
		return "a row"
	}
	for _, t := range sc.cat.Tables() {
		prefix := catalog.StoragePrefix(nil, s.db.id, t.Storage)
		if t.Storage != 0 && strings.HasPrefix(string(key), string(prefix)) {
			return s.describeRow(t, key[len(prefix):])
		}
		for _, x := range t.Indexes {
			prefix := catalog.StoragePrefix(nil, s.db.id, x.Storage)
			if x.Clustered() || !strings.HasPrefix(string(key), string(prefix)) {
				continue
			}
			columns, values := s.describeParts(t, x.Columns, key[len(prefix):])
			return fmt.Sprintf("index %s of table %s at (%s)=(%s)", x.Name, t.Name, columns, values)
		}
	}
	return "a table"
}

func (s *Session) describeRow(t *catalog.Table, key []byte) string {
	if len(key) == 0 {
		return "table " + t.Name
	}
	for _, x := range t.Indexes {
		if x.Clustered() {
			columns, values := s.describeParts(t, x.Columns, key)
			return fmt.Sprintf("table %s at (%s)=(%s)", t.Name, columns, values)
		}
	}
	return "a row of table " + t.Name
}

// describeParts decodes as many parts of an index's key as are there: an explanation has the
// first bytes of a key only.
func (s *Session) describeParts(t *catalog.Table, parts []catalog.IndexColumn, key []byte) (columns, values string) {
	var names, texts []string
	for _, p := range parts {
		if p.Slot < 0 {
			names, texts = append(names, p.Expr), append(texts, "…")
			break
		}
		c := t.Columns[p.Slot]
		names = append(names, c.Name)
		d, rest, err := types.DecodeKey(key, c.Type.OID, p.Desc, p.NullsFirst)
		if err != nil {
			texts = append(texts, "…")
			break
		}
		key = rest
		if d.IsNull() {
			texts = append(texts, "null")
		} else {
			texts = append(texts, string(types.AppendText(nil, c.Type, d, s.format)))
		}
	}
	return strings.Join(names, ", "), strings.Join(texts, ", ")
}
