package parser

// TxnKind is the kind of a transaction control statement.
type TxnKind uint8

// The transaction control statements.
const (
	TxnBegin            TxnKind = iota // BEGIN
	TxnStart                           // START TRANSACTION: the same, but for its command tag
	TxnCommit                          // COMMIT, END
	TxnRollback                        // ROLLBACK, ABORT
	TxnSavepoint                       // Name
	TxnRelease                         // Name
	TxnRollbackTo                      // Name
	TxnPrepare                         // PREPARE TRANSACTION Name
	TxnCommitPrepared                  // Name
	TxnRollbackPrepared                // Name
)

// TransactionStmt is a transaction control statement.
type TransactionStmt struct {
	Pos   int
	Kind  TxnKind
	Modes TransactionModes // TxnBegin, TxnStart
	Name  string           // the savepoint or the prepared transaction
	Chain bool             // COMMIT or ROLLBACK … AND CHAIN
}

// IsolationLevel as written.
type IsolationLevel uint8

// The isolation levels.
const (
	IsolationUnset IsolationLevel = iota
	ReadUncommitted
	ReadCommitted
	RepeatableRead
	Serializable
)

// String returns the level as SHOW transaction_isolation prints it.
func (l IsolationLevel) String() string {
	return [...]string{"", "read uncommitted", "read committed", "repeatable read", "serializable"}[l]
}

// AccessMode of a transaction.
type AccessMode uint8

// The access modes.
const (
	AccessUnset AccessMode = iota
	AccessReadWrite
	AccessReadOnly
)

// Deferrability of a transaction.
type Deferrability uint8

// The deferrabilities.
const (
	DeferrableUnset Deferrability = iota
	Deferrable
	NotDeferrable
)

// TransactionModes are the modes of BEGIN and SET TRANSACTION; of a repeated
// mode the last counts.
type TransactionModes struct {
	Isolation  IsolationLevel
	Access     AccessMode
	Deferrable Deferrability
}

// SetTransactionStmt is SET TRANSACTION, or with Session, SET SESSION
// CHARACTERISTICS AS TRANSACTION.
type SetTransactionStmt struct {
	Pos      int
	Local    bool
	Session  bool
	Modes    TransactionModes
	Snapshot string // SET TRANSACTION SNAPSHOT 'x'
}

// SetStmt is SET of a run-time parameter. The special spellings have been turned
// into parameters: TIME ZONE → timezone, NAMES → client_encoding, SCHEMA →
// search_path, ROLE → role, SESSION AUTHORIZATION → session_authorization.
type SetStmt struct {
	Pos         int
	Local       bool
	Name        string // dotted for customized options
	Default     bool   // TO DEFAULT (also TIME ZONE LOCAL)
	FromCurrent bool   // FROM CURRENT (only in ALTER DATABASE … SET)
	Values      []Expr // *StringLit (also for a bare word), *IntLit, *NumLit; for timezone perhaps *TypedLit
}

// ResetStmt is RESET name, or RESET ALL.
type ResetStmt struct {
	Pos  int
	Name string
	All  bool
}

// ShowStmt is SHOW name, or SHOW ALL. Special spellings are parameters as in
// SetStmt; TRANSACTION ISOLATION LEVEL is transaction_isolation.
type ShowStmt struct {
	Pos  int
	Name string
	All  bool
}

// SetConstraintsStmt is SET CONSTRAINTS; All if Names is empty.
type SetConstraintsStmt struct {
	Pos      int
	Names    []QName
	Deferred bool // else IMMEDIATE
}

// DiscardStmt is DISCARD; Target is all, plans, sequences or temp.
type DiscardStmt struct {
	Pos    int
	Target string
}

// PrepareStmt is PREPARE name AS ….
type PrepareStmt struct {
	Pos   int
	Name  string
	Types []TypeName
	Query Stmt
}

// ExecuteStmt is EXECUTE name (args).
type ExecuteStmt struct {
	Pos  int
	Name string
	Args []Expr
}

// DeallocateStmt is DEALLOCATE; All if Name is empty.
type DeallocateStmt struct {
	Pos  int
	Name string
}

// ExplainStmt is EXPLAIN; EXPLAIN ANALYZE VERBOSE has those two as options.
type ExplainStmt struct {
	Pos     int
	Options []Option
	Query   Stmt
}

// DeclareCursorStmt is DECLARE name CURSOR FOR query.
type DeclareCursorStmt struct {
	Pos         int
	Name        string
	Binary      bool
	Sensitivity string // "", "asensitive", "insensitive"
	Scroll      bool
	NoScroll    bool
	Hold        bool
	Query       *SelectStmt
}

// FetchDirection of FETCH and MOVE.
type FetchDirection uint8

// The directions; NEXT, PRIOR, FIRST and LAST are forms of these.
const (
	FetchForward FetchDirection = iota
	FetchBackward
	FetchAbsolute
	FetchRelative
)

// FetchStmt is FETCH or MOVE. All means FORWARD ALL or BACKWARD ALL.
type FetchStmt struct {
	Pos       int
	Move      bool
	Cursor    string
	Direction FetchDirection
	Count     int64
	All       bool
}

// ClosePortalStmt is CLOSE; All if Name is empty.
type ClosePortalStmt struct {
	Pos  int
	Name string
}

// LockTableStmt is LOCK TABLE. Mode is as pg_locks prints it, such as
// "AccessExclusiveLock".
type LockTableStmt struct {
	Pos    int
	Tables []*RangeTable
	Mode   string
	NoWait bool
}

// VacuumStmt is VACUUM or ANALYZE in either form; flags of the old form are
// options.
type VacuumStmt struct {
	Pos     int
	Analyze bool // ANALYZE, not VACUUM
	Options []Option
	Tables  []VacuumTable
}

// VacuumTable is a table, perhaps with columns, of VACUUM or ANALYZE.
type VacuumTable struct {
	Name    QName
	Columns []string
}

// ClusterStmt is CLUSTER.
type ClusterStmt struct {
	Pos     int
	Options []Option
	Table   QName // zero: all
	Index   string
}

// ReindexStmt is REINDEX; Kind is ObjIndex, ObjTable, ObjSchema, ObjDatabase,
// or with System set, SYSTEM.
type ReindexStmt struct {
	Pos          int
	Options      []Option
	Kind         ObjectKind
	System       bool
	Concurrently bool
	Name         QName
}

// CheckpointStmt is CHECKPOINT.
type CheckpointStmt struct{ Pos int }

// ListenStmt is LISTEN.
type ListenStmt struct {
	Pos     int
	Channel string
}

// UnlistenStmt is UNLISTEN; all if Channel is empty.
type UnlistenStmt struct {
	Pos     int
	Channel string
}

// NotifyStmt is NOTIFY.
type NotifyStmt struct {
	Pos     int
	Channel string
	Payload string
}

// Position implements Node.
func (s *TransactionStmt) Position() int    { return s.Pos }
func (s *SetTransactionStmt) Position() int { return s.Pos }
func (s *SetStmt) Position() int            { return s.Pos }
func (s *ResetStmt) Position() int          { return s.Pos }
func (s *ShowStmt) Position() int           { return s.Pos }
func (s *SetConstraintsStmt) Position() int { return s.Pos }
func (s *DiscardStmt) Position() int        { return s.Pos }
func (s *PrepareStmt) Position() int        { return s.Pos }
func (s *ExecuteStmt) Position() int        { return s.Pos }
func (s *DeallocateStmt) Position() int     { return s.Pos }
func (s *ExplainStmt) Position() int        { return s.Pos }
func (s *DeclareCursorStmt) Position() int  { return s.Pos }
func (s *FetchStmt) Position() int          { return s.Pos }
func (s *ClosePortalStmt) Position() int    { return s.Pos }
func (s *LockTableStmt) Position() int      { return s.Pos }
func (s *VacuumStmt) Position() int         { return s.Pos }
func (s *ClusterStmt) Position() int        { return s.Pos }
func (s *ReindexStmt) Position() int        { return s.Pos }
func (s *CheckpointStmt) Position() int     { return s.Pos }
func (s *ListenStmt) Position() int         { return s.Pos }
func (s *UnlistenStmt) Position() int       { return s.Pos }
func (s *NotifyStmt) Position() int         { return s.Pos }

func (*TransactionStmt) stmt()    {}
func (*SetTransactionStmt) stmt() {}
func (*SetStmt) stmt()            {}
func (*ResetStmt) stmt()          {}
func (*ShowStmt) stmt()           {}
func (*SetConstraintsStmt) stmt() {}
func (*DiscardStmt) stmt()        {}
func (*PrepareStmt) stmt()        {}
func (*ExecuteStmt) stmt()        {}
func (*DeallocateStmt) stmt()     {}
func (*ExplainStmt) stmt()        {}
func (*DeclareCursorStmt) stmt()  {}
func (*FetchStmt) stmt()          {}
func (*ClosePortalStmt) stmt()    {}
func (*LockTableStmt) stmt()      {}
func (*VacuumStmt) stmt()         {}
func (*ClusterStmt) stmt()        {}
func (*ReindexStmt) stmt()        {}
func (*CheckpointStmt) stmt()     {}
func (*ListenStmt) stmt()         {}
func (*UnlistenStmt) stmt()       {}
func (*NotifyStmt) stmt()         {}
