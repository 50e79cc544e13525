package parser

import (
	"strconv"
	"strings"
)

// sessionStmt writes a statement about transactions, cursors, settings or
// maintenance.
func (f *formatter) sessionStmt(s Stmt) {
	switch s := s.(type) {
	case *TransactionStmt:
		f.transaction(s)
	case *SetTransactionStmt:
		switch {
		case s.Session:
			f.WriteString("SET SESSION CHARACTERISTICS AS TRANSACTION")
		case s.Local:
			f.WriteString("SET LOCAL TRANSACTION")
		default:
			f.WriteString("SET TRANSACTION")
		}
		if s.Snapshot != "" {
			f.WriteString(" SNAPSHOT ")
			f.str(s.Snapshot)
		}
		f.modes(s.Modes)
	case *SetStmt:
		f.set(s)
	case *ResetStmt:
		f.WriteString("RESET ")
		f.parameter(s.Name, s.All)
	case *ShowStmt:
		f.WriteString("SHOW ")
		f.parameter(s.Name, s.All)
	case *SetConstraintsStmt:
		f.WriteString("SET CONSTRAINTS ")
		f.flag(len(s.Names) == 0, "ALL")
		f.qnames(s.Names)
		if s.Deferred {
			f.WriteString(" DEFERRED")
		} else {
			f.WriteString(" IMMEDIATE")
		}
	case *DiscardStmt:
		f.WriteString("DISCARD " + strings.ToUpper(s.Target))
	case *PrepareStmt:
		f.WriteString("PREPARE ")
		f.name(s.Name)
		if len(s.Types) > 0 {
			f.argTypes(s.Types)
		}
		f.WriteString(" AS ")
		f.stmt(s.Query)
	case *ExecuteStmt:
		f.WriteString("EXECUTE ")
		f.name(s.Name)
		if len(s.Args) > 0 {
			f.parens(s.Args)
		}
	case *DeallocateStmt:
		f.WriteString("DEALLOCATE ")
		f.nameOrAll(s.Name)
	case *ExplainStmt:
		f.WriteString("EXPLAIN ")
		if len(s.Options) > 0 {
			f.options(s.Options)
			f.WriteByte(' ')
		}
		f.stmt(s.Query)
	case *DeclareCursorStmt:
		f.declareCursor(s)
	case *FetchStmt:
		f.fetch(s)
	case *ClosePortalStmt:
		f.WriteString("CLOSE ")
		f.nameOrAll(s.Name)
	case *LockTableStmt:
		f.WriteString("LOCK TABLE ")
		f.tables(s.Tables)
		f.WriteString(" IN " + lockModeWords[s.Mode] + " MODE")
		f.flag(s.NoWait, " NOWAIT")
	case *VacuumStmt:
		f.vacuum(s)
	case *ClusterStmt:
		f.WriteString("CLUSTER")
		if len(s.Options) > 0 {
			f.WriteByte(' ')
			f.options(s.Options)
		}
		if !s.Table.IsZero() {
			f.WriteByte(' ')
			f.qname(s.Table)
			f.clause(" USING ", s.Index)
		}
	case *ReindexStmt:
		f.WriteString("REINDEX ")
		if len(s.Options) > 0 {
			f.options(s.Options)
			f.WriteByte(' ')
		}
		if s.System {
			f.WriteString("SYSTEM ")
		} else {
			f.words(s.Kind.String())
		}
		f.flag(s.Concurrently, "CONCURRENTLY ")
		f.qname(s.Name)
	case *CheckpointStmt:
		f.WriteString("CHECKPOINT")
	case *ListenStmt:
		f.WriteString("LISTEN ")
		f.name(s.Channel)
	case *UnlistenStmt:
		f.WriteString("UNLISTEN ")
		if s.Channel == "" {
			f.WriteByte('*')
		} else {
			f.name(s.Channel)
		}
	case *NotifyStmt:
		f.WriteString("NOTIFY ")
		f.name(s.Channel)
		if s.Payload != "" {
			f.WriteString(", ")
			f.str(s.Payload)
		}
	}
}

func (f *formatter) nameOrAll(name string) {
	if name == "" {
		f.WriteString("ALL")
		return
	}
	f.name(name)
}

// parameter writes a dotted parameter name, or ALL.
func (f *formatter) parameter(name string, all bool) {
	if all {
		f.WriteString("ALL")
		return
	}
	f.dotted(strings.Split(name, "."))
}

func (f *formatter) set(s *SetStmt) {
	f.WriteString("SET ")
	f.flag(s.Local, "LOCAL ")
	if s.Name == "timezone" && len(s.Values) > 0 {
		if _, ok := s.Values[0].(*TypedLit); ok {
			f.WriteString("TIME ZONE ")
			f.expr(s.Values[0])
			return
		}
	}
	f.parameter(s.Name, false)
	switch {
	case s.FromCurrent:
		f.WriteString(" FROM CURRENT")
	case s.Default:
		f.WriteString(" TO DEFAULT")
	default:
		f.WriteString(" TO ")
		f.exprs(s.Values)
	}
}

func (f *formatter) modes(m TransactionModes) {
	sep := " "
	mode := func(text string) {
		f.WriteString(sep + text)
		sep = ", "
	}
	if m.Isolation != IsolationUnset {
		mode("ISOLATION LEVEL " + strings.ToUpper(m.Isolation.String()))
	}
	switch m.Access {
	case AccessReadOnly:
		mode("READ ONLY")
	case AccessReadWrite:
		mode("READ WRITE")
	}
	switch m.Deferrable {
	case Deferrable:
		mode("DEFERRABLE")
	case NotDeferrable:
		mode("NOT DEFERRABLE")
	}
}

func (f *formatter) transaction(s *TransactionStmt) {
	switch s.Kind {
	case TxnBegin:
		f.WriteString("BEGIN")
	case TxnStart:
		f.WriteString("START TRANSACTION")
	case TxnCommit:
		f.WriteString("COMMIT")
	case TxnRollback:
		f.WriteString("ROLLBACK")
	case TxnSavepoint:
		f.WriteString("SAVEPOINT ")
		f.name(s.Name)
	case TxnRelease:
		f.WriteString("RELEASE SAVEPOINT ")
		f.name(s.Name)
	case TxnRollbackTo:
		f.WriteString("ROLLBACK TO SAVEPOINT ")
		f.name(s.Name)
	case TxnPrepare:
		f.WriteString("PREPARE TRANSACTION ")
		f.str(s.Name)
	case TxnCommitPrepared:
		f.WriteString("COMMIT PREPARED ")
		f.str(s.Name)
	case TxnRollbackPrepared:
		f.WriteString("ROLLBACK PREPARED ")
		f.str(s.Name)
	}
	f.modes(s.Modes)
	f.flag(s.Chain, " AND CHAIN")
}

func (f *formatter) declareCursor(s *DeclareCursorStmt) {
	f.WriteString("DECLARE ")
	f.name(s.Name)
	f.flag(s.Binary, " BINARY")
	if s.Sensitivity != "" {
		f.WriteString(" " + strings.ToUpper(s.Sensitivity))
	}
	f.flag(s.Scroll, " SCROLL")
	f.flag(s.NoScroll, " NO SCROLL")
	f.WriteString(" CURSOR")
	f.flag(s.Hold, " WITH HOLD")
	f.WriteString(" FOR ")
	f.selectStmt(s.Query)
}

func (f *formatter) fetch(s *FetchStmt) {
	if s.Move {
		f.WriteString("MOVE ")
	} else {
		f.WriteString("FETCH ")
	}
	f.words([...]string{"FORWARD", "BACKWARD", "ABSOLUTE", "RELATIVE"}[s.Direction])
	if s.All {
		f.WriteString("ALL")
	} else {
		f.WriteString(strconv.FormatInt(s.Count, 10))
	}
	f.WriteString(" FROM ")
	f.name(s.Cursor)
}

var lockModeWords = map[string]string{
	"AccessShareLock": "ACCESS SHARE", "RowShareLock": "ROW SHARE", "RowExclusiveLock": "ROW EXCLUSIVE",
	"ShareUpdateExclusiveLock": "SHARE UPDATE EXCLUSIVE", "ShareLock": "SHARE",
	"ShareRowExclusiveLock": "SHARE ROW EXCLUSIVE", "ExclusiveLock": "EXCLUSIVE",
	"AccessExclusiveLock": "ACCESS EXCLUSIVE",
}

func (f *formatter) vacuum(s *VacuumStmt) {
	if s.Analyze {
		f.WriteString("ANALYZE")
	} else {
		f.WriteString("VACUUM")
	}
	if len(s.Options) > 0 {
		f.WriteByte(' ')
		f.options(s.Options)
	}
	f.list(len(s.Tables), func(i int) {
		f.flag(i == 0, " ")
		f.qname(s.Tables[i].Name)
		f.parenNames(s.Tables[i].Columns)
	})
}
