package exec

import (
	"context"
	"time"

	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
)

// transaction runs BEGIN, COMMIT, ROLLBACK and the savepoint statements, and
// returns the command tag.
func (s *Session) transaction(ctx context.Context, n *parser.TransactionStmt) (string, error) {
	switch n.Kind {
	case parser.TxnBegin, parser.TxnStart:
		tag := "BEGIN"
		if n.Kind == parser.TxnStart {
			tag = "START TRANSACTION"
		}
		return tag, s.begin(n.Modes)
	case parser.TxnCommit:
		return s.endBlock(ctx, n, true)
	case parser.TxnRollback:
		return s.endBlock(ctx, n, false)
	case parser.TxnSavepoint:
		if err := s.needBlock("SAVEPOINT"); err != nil {
			return "", err
		}
		s.marks = append(s.marks, savepoint{name: n.Name, mark: s.txn.Savepoint(), later: len(s.later), ddl: s.ddl, changed: len(s.settings.changed)})
		return "SAVEPOINT", nil
	case parser.TxnRelease:
		if err := s.needBlock("RELEASE SAVEPOINT"); err != nil {
			return "", err
		}
		i, err := s.findSavepoint(n.Name)
		if err != nil {
			return "", err
		}
		s.txn.Release(s.marks[i].mark)
		s.marks = s.marks[:i]
		return "RELEASE", nil
	case parser.TxnRollbackTo:
		if err := s.needBlock("ROLLBACK TO SAVEPOINT"); err != nil {
			return "", err
		}
		i, err := s.findSavepoint(n.Name)
		if err != nil {
			return "", err
		}
		m := s.marks[i]
		s.txn.RollbackTo(m.mark)
		s.later = s.later[:min(m.later, len(s.later))]
		if s.ddl != m.ddl {
			s.ddl++ // the catalog is an earlier one again
		}
		s.restore(s.settings.changed[m.changed:])
		s.settings.changed = s.settings.changed[:m.changed]
		s.marks = s.marks[:i+1]
		s.block = explicit
		return "ROLLBACK", nil
	}
	return "", sqlerr.Unsupported("PREPARE TRANSACTION")
}

func (s *Session) needBlock(what string) error {
	if s.block != explicit && s.block != failed {
		return sqlerr.New(sqlerr.NoActiveSQLTransaction, "%s can only be used in transaction blocks", what)
	}
	return nil
}

func (s *Session) findSavepoint(name string) (int, error) {
	for i := len(s.marks) - 1; i >= 0; i-- {
		if s.marks[i].name == name {
			return i, nil
		}
	}
	return 0, sqlerr.New(sqlerr.InvalidSavepointSpecification, "savepoint %q does not exist", name)
}

// begin opens an explicit transaction; an implicit one that statements have run
// in already becomes it.
func (s *Session) begin(m parser.TransactionModes) error {
	switch s.block {
	case explicit:
		s.notice("WARNING", sqlerr.New(sqlerr.ActiveSQLTransaction, "there is already a transaction in progress"))
		return s.applyModes(m)
	case implicit:
		if s.implicitN > 0 {
			s.block = explicit
			return s.applyModes(m)
		}
		s.rollback() // Parse may have begun one that nothing has used
	}
	o := s.settings.defaults()
	if err := modes(m, &o); err != nil {
		return err
	}
	if err := s.start(o, time.Now()); err != nil {
		return err
	}
	s.block = explicit
	return nil
}

func modes(m parser.TransactionModes, o *txn.Options) error {
	switch m.Isolation {
	case parser.Serializable:
		o.Level = txn.Serializable
	case parser.RepeatableRead:
		o.Level = txn.RepeatableRead
	case parser.ReadCommitted, parser.ReadUncommitted:
		o.Level = txn.ReadCommitted
	}
	switch m.Access {
	case parser.AccessReadOnly:
		o.ReadOnly = true
	case parser.AccessReadWrite:
		o.ReadOnly = false
	}
	switch m.Deferrable {
	case parser.Deferrable:
		o.Deferrable = true // matters to SERIALIZABLE READ ONLY only, as in PostgreSQL
	case parser.NotDeferrable:
		o.Deferrable = false
	}
	return nil
}

// applyModes changes the running transaction, as SET TRANSACTION does.
func (s *Session) applyModes(m parser.TransactionModes) error {
	o := s.txn.Options()
	before := o
	if err := modes(m, &o); err != nil {
		return err
	}
	if m.Isolation != parser.IsolationUnset && o.Level != before.Level {
		if s.began {
			return sqlerr.New(sqlerr.ActiveSQLTransaction, "SET TRANSACTION ISOLATION LEVEL must be called before any query")
		}
		s.txn.SetLevel(o.Level)
	}
	if m.Access != parser.AccessUnset && o.ReadOnly != before.ReadOnly {
		if !o.ReadOnly && s.began {
			return sqlerr.New(sqlerr.ActiveSQLTransaction, "transaction read-write mode must be set before any query")
		}
		s.txn.SetReadOnly(o.ReadOnly)
	}
	s.txn.SetDeferrable(o.Deferrable)
	return nil
}

// setTransactionSetting is SET transaction_isolation and transaction_read_only.
func (s *Session) setTransactionSetting(key, v string) error {
	var m parser.TransactionModes
	switch {
	case key == "transaction_read_only" && v == "on":
		m.Access = parser.AccessReadOnly
	case key == "transaction_read_only":
		m.Access = parser.AccessReadWrite
	case v == "serializable":
		m.Isolation = parser.Serializable
	case v == "repeatable read":
		m.Isolation = parser.RepeatableRead
	default:
		m.Isolation = parser.ReadCommitted
	}
	if s.txn == nil {
		return nil
	}
	return s.applyModes(m)
}

// setTransaction runs SET TRANSACTION and SET SESSION CHARACTERISTICS.
func (s *Session) setTransaction(n *parser.SetTransactionStmt) error {
	if n.Snapshot != "" {
		return sqlerr.Unsupported("SET TRANSACTION SNAPSHOT")
	}
	if !n.Session {
		if s.block != explicit {
			s.notice("WARNING", sqlerr.New(sqlerr.NoActiveSQLTransaction, "SET TRANSACTION can only be used in transaction blocks"))
			return nil
		}
		return s.applyModes(n.Modes)
	}
	if l := n.Modes.Isolation; l != parser.IsolationUnset {
		if err := s.set("default_transaction_isolation", l.String(), false); err != nil {
			return err
		}
	}
	if a := n.Modes.Access; a != parser.AccessUnset {
		if err := s.set("default_transaction_read_only", map[bool]string{true: "on", false: "off"}[a == parser.AccessReadOnly], false); err != nil {
			return err
		}
	}
	if d := n.Modes.Deferrable; d != parser.DeferrableUnset {
		return s.set("default_transaction_deferrable", map[bool]string{true: "on", false: "off"}[d == parser.Deferrable], false)
	}
	return nil
}

// endBlock runs COMMIT and ROLLBACK.
func (s *Session) endBlock(ctx context.Context, n *parser.TransactionStmt, commit bool) (string, error) {
	tag := "COMMIT"
	if !commit {
		tag = "ROLLBACK"
	}
	if s.block == idle || s.block == implicit {
		if n.Chain {
			return "", sqlerr.New(sqlerr.NoActiveSQLTransaction, "%s AND CHAIN can only be used in transaction blocks", tag)
		}
		s.notice("WARNING", sqlerr.New(sqlerr.NoActiveSQLTransaction, "there is no transaction in progress"))
		if s.block == implicit {
			if commit {
				return tag, s.commit(ctx)
			}
			s.rollback()
		}
		return tag, nil
	}
	o := s.txn.Options()
	var err error
	if commit && s.block == explicit {
		err = s.commit(ctx)
	} else {
		s.rollback()
		tag = "ROLLBACK"
	}
	if err != nil {
		return "", err
	}
	if n.Chain {
		if err := s.start(o, time.Now()); err != nil {
			return "", err
		}
		s.block = explicit
	}
	return tag, nil
}
