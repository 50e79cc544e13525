package exec

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/catalog/pgcatalog"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
	"github.com/minisql/minisql/types"
)

// explain writes into the DETAIL of a serialization failure or a deadlock what it is about, and
// remembers it. Other errors pass.
func (s *Session) explain(err error) error {
	e := sqlerr.As(err)
	deadlock, _ := errors.AsType[*txn.Deadlock](err)
	switch {
	case e == nil:
		return err
	case e.Code == sqlerr.SerializationFailure && e.Detail == "":
	case e.Code == sqlerr.DeadlockDetected && deadlock != nil && e.Detail == deadlock.Detail:
	default:
		return err
	}
	explained := *e
	record := pgcatalog.SerializationFailure{At: time.Now(), PID: s.pid, Database: s.name, Statement: shortened(s.Query), Message: e.Message}
	var keys [][]byte
	if deadlock != nil {
		explained.Detail += s.describeDeadlock(deadlock)
		record.Transaction = deadlock.Waits[0].Who.ID
		for _, w := range deadlock.Waits {
			keys = append(keys, w.Key)
		}
	} else if f, ok := errors.AsType[*txn.Failure](err); ok {
		explained.Detail = s.describeCycle(f)
		record.Transaction = f.Victim.ID
		keys = keysOf(f)
	} else if c, ok := errors.AsType[*txn.NewerVersion](err); ok && s.txn != nil {
		explained.Detail = s.describeNewer(c)
		record.Transaction = s.txn.ID()
		keys = append(keys, c.Key)
	}
	record.Explanation = explained.Detail
	record.Tables = s.tablesOf(keys)
	s.srv.failures.add(record)
	return &explained
}

// tablesOf names the tables that keys belong to, each once.
func (s *Session) tablesOf(keys [][]byte) []string {
	var names []string
	for _, k := range keys {
		if t, _ := s.storedIn(k); t != nil {
			names = append(names, t.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func keysOf(f *txn.Failure) [][]byte {
	var keys [][]byte
	for _, step := range f.Cycle {
		keys = append(keys, step.Key)
	}
	return keys
}

// shortened is as much of a statement as an explanation has.
func shortened(sql string) string {
	const bytesMax = 200
	if len(sql) > bytesMax {
		return strings.ToValidUTF8(sql[:bytesMax], "") + "…"
	}
	return sql
}

// describeNewer says what a lost update would have been. Who made the newer version is not
// known: it carries no name. So there are no numbers to tell transactions apart by.
func (s *Session) describeNewer(c *txn.NewerVersion) string {
	did := "changed"
	if c.Deleted {
		did = "deleted"
	}
	return fmt.Sprintf("This transaction was to change or lock %s%s; another transaction has %s it, unseen.",
		s.describeStoredKey(c.Key), inStatement(txn.Side{Text: shortened(s.Query)}), did)
}

// describeDeadlock says what each of those who wait for each other has been waiting for, and in which statement.
func (s *Session) describeDeadlock(d *txn.Deadlock) string {
	running := make(map[int32]string)
	for _, x := range s.srv.Sessions() {
		running[x.pid] = shortened(x.activityNow().Query)
	}
	running[s.pid] = shortened(s.Query)
	var b strings.Builder
	for _, w := range d.Waits {
		what := "table " + strconv.FormatUint(w.Relation, 10)
		if w.Key != nil {
			what = s.describeStoredKey(w.Key)
		} else if sc := s.db.current.Load(); sc != nil && sc.cat.TableByID(catalog.ID(w.Relation)) != nil {
			what = "table " + sc.cat.TableByID(catalog.ID(w.Relation)).Name
		}
		fmt.Fprintf(&b, "\n%s waits for %s%s; %s has locked it.", describeParty(d.Waits[0].Who, txn.Side{Party: w.Who}), what,
			inStatement(txn.Side{Text: running[w.Who.PID]}), describeParty(d.Waits[0].Who, txn.Side{Party: w.For}))
	}
	return b.String()
}

// reportAnomaly tells of what a commit has shown of watched transactions, and remembers it. err is that of
// the commit. A session at SERIALIZABLE that is not watched itself is not told.
func (s *Session) reportAnomaly(t *txn.Txn, err error) {
	f := t.Anomaly()
	_, refused := errors.AsType[*txn.Failure](err)
	if f == nil || err != nil && !refused {
		return
	}
	// The first step leads from this transaction: what it read or wrote is more telling than COMMIT.
	a := pgcatalog.Anomaly{
		At: time.Now(), Name: f.Name(), PID: s.pid, Database: s.name, Transaction: f.Victim.ID, Statement: f.Cycle[0].From.Text,
		Tables: s.tablesOf(keysOf(f)), Committed: !refused, Explanation: s.describeCycle(f),
	}
	s.srv.anomalies.add(a)
	if !refused {
		s.srv.logf("anomaly: %s (pid %d)\n%s", a.Name, s.pid, a.Explanation)
	}
	if !refused && t.Options().Detect != txn.DetectOff {
		s.notice("NOTICE", sqlerr.New(sqlerr.Warning, "anomaly: %s", a.Name).WithDetail("%s", a.Explanation).
			WithHint("SERIALIZABLE, or a lock on what was read, prevents it."))
	}
	if s.srv.opts.OnAnomaly != nil {
		s.srv.opts.OnAnomaly(a)
	}
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
	if step.Phantom {
		did[1] = "added it, unseen"
	}
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

// storedIn finds the table that a key belongs to, and the index if it is an entry of one; nil if
// it is of another database, or of none.
func (s *Session) storedIn(key []byte) (*catalog.Table, *catalog.Index) {
	sc := s.db.current.Load()
	if sc == nil {
		return nil, nil
	}
	return sc.cat.StoredIn(s.db.id, key)
}

// describeStoredKey names the table or index of a row's or an index entry's key, and its columns.
func (s *Session) describeStoredKey(key []byte) string {
	t, x := s.storedIn(key)
	switch {
	case t == nil:
		return "a table"
	case x == nil:
		return s.describeRow(t, key[catalog.PrefixLen:])
	}
	columns, values := s.describeParts(t, x.Columns, key[catalog.PrefixLen:])
	return fmt.Sprintf("index %s of table %s at (%s)=(%s)", x.Name, t.Name, columns, values)
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
