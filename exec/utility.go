package exec

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// describeUtility finds the columns and parameters of a statement without a plan.
func (s *Session) describeUtility(ctx context.Context, p *Prepared) error {
	text := func(name string) []planner.Column {
		return []planner.Column{{Name: name, Type: types.TextOID.Type()}}
	}
	switch n := p.stmt.(type) {
	case *parser.ShowStmt:
		switch {
		case n.All:
			p.columns = append(append(text("name"), text("setting")...), text("description")...)
		default:
			p.columns = text(showName(n.Name))
		}
	case *parser.ExplainStmt:
		p.columns = text("QUERY PLAN")
		for _, o := range n.Options {
			if o.Name == "format" && strings.EqualFold(o.Value, "json") {
				p.columns[0].Type = types.JSONOID.Type()
			}
		}
	case *parser.ExecuteStmt:
		q, err := s.findPrepared(n.Name)
		if err != nil {
			return err
		}
		p.columns = q.columns
	case *parser.FetchStmt:
		if !n.Move {
			c, err := s.findCursor(n.Cursor)
			if err != nil {
				return err
			}
			p.columns = c.columns
		}
	}
	return nil
}

func showName(name string) string {
	if d := settingByName[strings.ToLower(name)]; d != nil {
		return d.name
	}
	return name
}

// rowList is a rowSource of rows made beforehand.
type rowList struct {
	out  *vec.Batch
	rows [][]types.Datum
}

func newRowList(cols []planner.Column, rows [][]types.Datum) *rowList {
	oids := make([]types.OID, len(cols))
	for i, c := range cols {
		oids[i] = c.Type.OID
	}
	return &rowList{out: vec.NewBatch(oids), rows: rows}
}

func (l *rowList) next(context.Context) (*vec.Batch, error) {
	if len(l.rows) == 0 {
		return nil, nil
	}
	l.out.Reset()
	n := min(len(l.rows), vec.MaxRows)
	for _, r := range l.rows[:n] {
		l.out.AppendRow(r)
	}
	l.rows = l.rows[n:]
	return l.out, nil
}

// needsTxn reports whether a statement runs in a transaction of its own accord.
func needsTxn(n parser.Stmt) bool {
	switch n.(type) {
	case *parser.TransactionStmt, *parser.SetStmt, *parser.ResetStmt, *parser.ShowStmt, *parser.SetTransactionStmt,
		*parser.DeallocateStmt, *parser.DiscardStmt, *parser.ClosePortalStmt, *parser.CheckpointStmt,
		*parser.ListenStmt, *parser.UnlistenStmt, *parser.NotifyStmt:
		return false
	}
	return true
}

// runUtility runs a statement without a plan.
func (p *Portal) runUtility(ctx context.Context) error {
	s := p.s
	if needsTxn(p.p.stmt) {
		if err := s.ensureTxn(time.Now()); err != nil {
			return err
		}
		s.implicitN++
	} else if s.block == failed && !endsTransaction(p.p.stmt) {
		return errInFailed
	}
	switch n := p.p.stmt.(type) {
	case *parser.TransactionStmt:
		tag, err := s.transaction(ctx, n)
		p.tag = tag
		return err
	case *parser.SetStmt:
		p.tag = "SET"
		return s.setStatement(n)
	case *parser.SetTransactionStmt:
		p.tag = "SET"
		return s.setTransaction(n)
	case *parser.ResetStmt:
		p.tag = "RESET"
		if n.All {
			for _, d := range settingList {
				if !d.fixed {
					if err := s.reset(d.name); err != nil {
						return err
					}
				}
			}
			return nil
		}
		return s.reset(n.Name)
	case *parser.ShowStmt:
		p.tag = "SHOW"
		return p.show(n)
	case *parser.SetConstraintsStmt:
		p.tag = "SET CONSTRAINTS"
		return s.setConstraints(ctx, n)
	case *parser.DiscardStmt:
		p.tag = "DISCARD " + strings.ToUpper(n.Target)
		return s.discard(n)
	case *parser.PrepareStmt:
		p.tag = "PREPARE"
		return s.prepareStatement(ctx, n, p.p.text)
	case *parser.ExecuteStmt:
		return p.execute(ctx, n)
	case *parser.DeallocateStmt:
		p.tag = "DEALLOCATE"
		if n.Name == "" {
			p.tag = "DEALLOCATE ALL"
			clear(s.prepared)
			return nil
		}
		if _, err := s.findPrepared(n.Name); err != nil {
			return err
		}
		delete(s.prepared, n.Name)
		return nil
	case *parser.DeclareCursorStmt:
		p.tag = "DECLARE CURSOR"
		return s.declareCursor(ctx, n)
	case *parser.FetchStmt:
		return p.fetch(ctx, n)
	case *parser.ClosePortalStmt:
		p.tag = "CLOSE CURSOR"
		if n.Name == "" {
			p.tag = "CLOSE CURSOR ALL"
			s.closePortals(true)
			return nil
		}
		c, err := s.findCursor(n.Name)
		if err != nil {
			return err
		}
		c.Close()
		delete(s.portals, n.Name)
		return nil
	case *parser.LockTableStmt:
		p.tag = "LOCK TABLE"
		return s.lockTable(ctx, n)
	case *parser.CheckpointStmt:
		// Every acknowledged commit is in the log already, and the engine bounds its
		// log by itself: there is nothing to wait for.
		p.tag = "CHECKPOINT"
		return nil
	case *parser.ExplainStmt:
		p.tag = "EXPLAIN"
		return p.explain(ctx, n)
	case *parser.VacuumStmt:
		return p.vacuum(ctx, n)
	case *parser.CopyStmt:
		return sqlerr.Unsupported("COPY with a file")
	case *parser.ListenStmt:
		return sqlerr.Unsupported("LISTEN")
	case *parser.NotifyStmt:
		return sqlerr.Unsupported("NOTIFY")
	case *parser.UnlistenStmt:
		p.tag = "UNLISTEN" // nothing is ever listened to
		return nil
	case *parser.ClusterStmt:
		return sqlerr.Unsupported("CLUSTER")
	case *parser.ReindexStmt:
		return sqlerr.Unsupported("REINDEX")
	}
	tag, err := s.runDDL(ctx, p)
	p.tag = tag
	return err
}

func (p *Portal) show(n *parser.ShowStmt) error {
	if n.All {
		var rows [][]types.Datum
		for _, d := range settingList {
			v, _ := p.s.Setting(d.name)
			rows = append(rows, []types.Datum{types.NewText(d.name), types.NewText(v), types.NewText(d.desc)})
		}
		p.rows = newRowList(p.columns, rows)
		return nil
	}
	v, ok := p.s.Setting(n.Name)
	if !ok {
		return sqlerr.New(sqlerr.UndefinedObject, "unrecognized configuration parameter %q", n.Name)
	}
	p.rows = newRowList(p.columns, [][]types.Datum{{types.NewText(v)}})
	return nil
}

// setConstraints runs SET CONSTRAINTS. Going back to IMMEDIATE makes the checks
// that were put off.
func (s *Session) setConstraints(ctx context.Context, n *parser.SetConstraintsStmt) error {
	if s.modes == nil {
		s.modes = make(map[string]bool)
	}
	if len(n.Names) == 0 {
		clear(s.modes)
		s.modes[""] = n.Deferred
	}
	sc, err := s.statementSchema(ctx)
	if err != nil {
		return err
	}
	for _, name := range n.Names {
		found := false
		for _, t := range sc.cat.Tables() {
			for _, fk := range t.ForeignKeys {
				if fk.Name == name.Name {
					if !fk.Deferrable {
						return sqlerr.New(sqlerr.WrongObjectType, "constraint %q is not deferrable", name.Name)
					}
					found = true
				}
			}
		}
		if !found {
			return sqlerr.New(sqlerr.UndefinedObject, "constraint %q does not exist", name.Name)
		}
		s.modes[name.Name] = n.Deferred
	}
	if n.Deferred {
		return nil
	}
	return s.runDeferred(ctx)
}

// statementSchema starts a command and returns the schema it sees.
func (s *Session) statementSchema(ctx context.Context) (*schema, error) {
	if err := s.beginStatement(ctx); err != nil {
		return nil, err
	}
	return s.schemaFor(s.txn)
}

func (s *Session) discard(n *parser.DiscardStmt) error {
	switch strings.ToLower(n.Target) {
	case "plans", "sequences", "temp", "temporary":
		if strings.EqualFold(n.Target, "sequences") {
			clear(s.currval)
			s.lastSeq = 0
		}
		s.settings.epoch++ // all plans are made anew
		return nil
	}
	if s.block == explicit {
		return sqlerr.New(sqlerr.ActiveSQLTransaction, "DISCARD ALL cannot run inside a transaction block")
	}
	s.closePortals(true)
	clear(s.prepared)
	clear(s.currval)
	s.lastSeq = 0
	s.settings.epoch++ // all plans are made anew
	for _, d := range settingList {
		if !d.fixed {
			if err := s.reset(d.name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Session) findPrepared(name string) (*Prepared, error) {
	if p := s.prepared[name]; p != nil {
		return p, nil
	}
	return nil, sqlerr.New(sqlerr.InvalidSQLStatementName, "prepared statement %q does not exist", name)
}

// prepareStatement runs PREPARE.
func (s *Session) prepareStatement(ctx context.Context, n *parser.PrepareStmt, text parser.Statement) error {
	if s.prepared[n.Name] != nil {
		return sqlerr.New(sqlerr.DuplicatePreparedStatement, "prepared statement %q already exists", n.Name)
	}
	if !planned(n.Query) {
		return sqlerr.Unsupported("PREPARE of this statement")
	}
	var oids []types.OID
	for i := range n.Types {
		t, err := planner.ResolveType(&n.Types[i])
		if err != nil {
			return err
		}
		oids = append(oids, t.OID)
	}
	sc, err := s.statementSchema(ctx)
	if err != nil {
		return err
	}
	p := &Prepared{Name: n.Name, SQL: text.Text, stmt: n.Query, text: text, types: oids, fromSQL: true, prepared: s.stmtTime}
	if err := s.makePlan(p, sc); err != nil {
		return err
	}
	s.prepared[n.Name] = p
	return nil
}

// execute runs EXECUTE: the portal becomes one of the prepared statement.
func (p *Portal) execute(ctx context.Context, n *parser.ExecuteStmt) error {
	s := p.s
	q, err := s.findPrepared(n.Name)
	if err != nil {
		return err
	}
	if len(n.Args) != len(q.params) {
		return sqlerr.New(sqlerr.SyntaxError, "wrong number of parameters for prepared statement %q", n.Name).
			WithDetail("Expected %d parameters but got %d.", len(q.params), len(n.Args))
	}
	sc, err := s.statementSchema(ctx)
	if err != nil {
		return err
	}
	x := &execution{}
	x.begin(ctx, s, sc)
	var args []types.Datum
	for i, a := range n.Args {
		e, err := planner.BindScalar(s.planEnv(sc, nil), a, "EXECUTE parameters", &q.params[i])
		if m, ok := err.(*planner.MismatchError); ok {
			return sqlerr.New(sqlerr.DatatypeMismatch, "parameter $%d of type %s cannot be coerced to the expected type %s", i+1, m.Have, q.params[i]).
				WithHint("You will need to rewrite or cast the expression.").At(a.Position())
		}
		if err != nil {
			return err
		}
		d, err := e.Eval(x.c, nil, 0)
		if err != nil {
			return err
		}
		args = append(args, d)
	}
	p.p, p.params = q, args
	if err := p.start(ctx); err != nil {
		return err
	}
	p.columns = q.columns
	return errAgain
}

// errAgain says that the portal has changed what it runs.
var errAgain = fmt.Errorf("exec: run again")

// lockModes are the modes of LOCK TABLE by the names that pg_locks has for them.
var lockModes = map[string]txn.TableLockMode{
	"AccessShareLock": txn.AccessShare, "RowShareLock": txn.RowShare, "RowExclusiveLock": txn.RowExclusive,
	"ShareUpdateExclusiveLock": txn.ShareUpdateExclusive, "ShareLock": txn.ShareLock, "ShareRowExclusiveLock": txn.ShareRowExclusive,
	"ExclusiveLock": txn.Exclusive, "AccessExclusiveLock": txn.AccessExclusive,
}

func (s *Session) lockTable(ctx context.Context, n *parser.LockTableStmt) error {
	if s.block != explicit {
		return sqlerr.New(sqlerr.NoActiveSQLTransaction, "LOCK TABLE can only be used in transaction blocks")
	}
	sc, err := s.statementSchema(ctx)
	if err != nil {
		return err
	}
	mode, ok := lockModes[n.Mode]
	if n.Mode == "" {
		mode, ok = txn.AccessExclusive, true
	}
	if !ok {
		return sqlerr.New(sqlerr.SyntaxError, "unknown lock mode %q", n.Mode)
	}
	for _, ref := range n.Tables {
		t, err := s.relation(sc, ref.Name)
		if err != nil {
			return err
		}
		if t.Virtual {
			return sqlerr.New(sqlerr.WrongObjectType, "cannot lock system view %q", t.Name)
		}
		err = s.txn.LockTable(ctx, uint64(t.ID), mode, n.NoWait)
		if err == txn.ErrWouldBlock {
			return sqlerr.New(sqlerr.LockNotAvailable, "could not obtain lock on relation %q", t.Name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// relation finds a table, view or sequence by name.
func (s *Session) relation(sc *schema, name parser.QName) (*catalog.Table, error) {
	if name.Catalog != "" && name.Catalog != sc.cat.Database.Name {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "cross-database references are not implemented: %q", name.String())
	}
	t, err := planner.LookupTable(s.planEnv(sc, nil), name.Schema, name.Name)
	if err != nil {
		return nil, err
	}
	if t == nil {
		if name.Schema != "" && sc.cat.Schema(name.Schema) == nil {
			return nil, sqlerr.New(sqlerr.InvalidSchemaName, "schema %q does not exist", name.Schema)
		}
		return nil, sqlerr.New(sqlerr.UndefinedTable, "relation %q does not exist", name.String())
	}
	return t, nil
}

var lockStrength = map[parser.LockStrength]txn.Strength{
	parser.LockForKeyShare: txn.KeyShare, parser.LockForShare: txn.Share, parser.LockForNoKeyUpdate: txn.NoKeyUpdate, parser.LockForUpdate: txn.Update,
}

var lockWait = map[parser.LockWait]txn.WaitPolicy{parser.LockBlock: txn.Wait, parser.LockSkip: txn.SkipLocked, parser.LockError: txn.NoWait}
