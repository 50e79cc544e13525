package parser

// Persistence of a relation.
type Persistence uint8

// The persistences of a relation.
const (
	Permanent Persistence = iota
	Temporary
	Unlogged
)

// OnCommit is what happens to a temporary table at the end of a transaction.
type OnCommit uint8

// The ON COMMIT actions.
const (
	OnCommitNone OnCommit = iota
	OnCommitPreserveRows
	OnCommitDeleteRows
	OnCommitDrop
)

// CreateTableStmt is CREATE TABLE with a column list.
type CreateTableStmt struct {
	Pos          int
	Name         QName
	Persistence  Persistence
	IfNotExists  bool
	Elements     []TableElement
	OfType       *TypeName // CREATE TABLE … OF type
	Inherits     []QName
	PartitionOf  QName           // CREATE TABLE … PARTITION OF
	Bound        *PartitionBound // with PartitionOf
	PartitionBy  *PartitionSpec
	AccessMethod string // USING method
	With         []Option
	OnCommit     OnCommit
	Tablespace   string
}

// PartitionSpec is PARTITION BY strategy (…).
type PartitionSpec struct {
	Pos      int
	Strategy string
	Elems    []IndexElem // without an order
}

// PartitionBound is FOR VALUES … or DEFAULT.
type PartitionBound struct {
	Pos                int
	Default            bool
	In                 []Expr
	From, To           []Expr // MINVALUE and MAXVALUE are *ColumnRef as PostgreSQL reads them
	Modulus, Remainder int    // WITH (MODULUS m, REMAINDER r), when Modulus > 0
}

// ColumnDef is a column of CREATE TABLE or ALTER TABLE ADD COLUMN. Type.Name is
// empty for the columns of CREATE TABLE … OF / PARTITION OF.
type ColumnDef struct {
	Pos         int
	Name        string
	Type        TypeName
	Compression string
	Collation   QName
	Constraints []*Constraint
}

// LikeClause is LIKE table [INCLUDING …] in CREATE TABLE.
type LikeClause struct {
	Pos     int
	Table   QName
	Options LikeOption
}

// LikeOption is a set of what LIKE copies.
type LikeOption uint16

// What LIKE can copy.
const (
	LikeComments LikeOption = 1 << iota
	LikeCompression
	LikeConstraints
	LikeDefaults
	LikeGenerated
	LikeIdentity
	LikeIndexes
	LikeStatistics
	LikeStorage
	LikeAll LikeOption = 1<<iota - 1
)

// ConstraintKind is the kind of a constraint, including the column properties
// that SQL spells as constraints.
type ConstraintKind uint8

// The constraint kinds.
const (
	ConstrNull ConstraintKind = iota
	ConstrNotNull
	ConstrDefault
	ConstrIdentity
	ConstrGenerated // GENERATED ALWAYS AS (expr) STORED
	ConstrCheck
	ConstrPrimaryKey
	ConstrUnique
	ConstrExclusion
	ConstrForeignKey
)

// RefAction is a foreign key's action.
type RefAction uint8

// The foreign key actions.
const (
	ActionNone RefAction = iota // NO ACTION, the default
	ActionRestrict
	ActionCascade
	ActionSetNull
	ActionSetDefault
)

// String returns the keywords.
func (a RefAction) String() string {
	return [...]string{"NO ACTION", "RESTRICT", "CASCADE", "SET NULL", "SET DEFAULT"}[a]
}

// MatchType is a foreign key's MATCH.
type MatchType uint8

// The MATCH types.
const (
	MatchSimple MatchType = iota
	MatchFull
	MatchPartial
)

// Constraint is a column or table constraint. As a column constraint it has no
// Columns. Attributes written after it (DEFERRABLE …) are already part of it.
type Constraint struct {
	Pos  int
	Kind ConstraintKind
	Name string // "" if unnamed

	Expr      Expr // CHECK, DEFAULT, GENERATED
	NoInherit bool // CHECK … NO INHERIT

	Always   bool        // IDENTITY: GENERATED ALWAYS, else BY DEFAULT
	Sequence []SeqOption // IDENTITY's options

	Columns          []string // PRIMARY KEY, UNIQUE, FOREIGN KEY
	Include          []string
	NullsNotDistinct bool
	UsingIndex       string // ADD CONSTRAINT … USING INDEX
	With             []Option
	Tablespace       string

	RefTable        QName // FOREIGN KEY, REFERENCES
	RefColumns      []string
	Match           MatchType
	OnDelete        RefAction
	OnDeleteColumns []string // ON DELETE SET NULL (a, b)
	OnUpdate        RefAction

	AccessMethod string        // EXCLUDE USING method
	Exclude      []ExcludeElem // EXCLUDE's elements
	Where        Expr          // EXCLUDE … WHERE

	Deferrable        bool
	InitiallyDeferred bool
	NotValid          bool
}

// ExcludeElem is an element of EXCLUDE: elem WITH operator.
type ExcludeElem struct {
	Elem   IndexElem
	Schema string
	Op     string
}

// IndexElem is a key of an index, an ON CONFLICT target or a partition key:
// either Column or Expr is set.
type IndexElem struct {
	Pos            int
	Column         string
	Expr           Expr
	Collation      QName
	OpClass        QName
	OpClassOptions []Option
	Dir            SortDir
	Nulls          NullsOrder
}

// CreateIndexStmt is CREATE INDEX.
type CreateIndexStmt struct {
	Pos              int
	Unique           bool
	Concurrently     bool
	IfNotExists      bool
	Name             string // "": to be chosen
	Table            QName
	Only             bool
	Method           string // "": btree
	Elems            []IndexElem
	Include          []IndexElem
	NullsNotDistinct bool
	With             []Option
	Tablespace       string
	Where            Expr
}

// SeqOptionKind is the kind of a sequence option.
type SeqOptionKind uint8

// The sequence options.
const (
	SeqAs SeqOptionKind = iota
	SeqCache
	SeqCycle // No: NO CYCLE
	SeqIncrement
	SeqMaxValue // No: NO MAXVALUE
	SeqMinValue // No: NO MINVALUE
	SeqOwnedBy  // Owner; OWNED BY NONE has Owner [none]
	SeqName     // SEQUENCE NAME of an identity column: Owner
	SeqStart
	SeqRestart // Value "": RESTART without a number
)

// SeqOption is one option of a sequence.
type SeqOption struct {
	Pos   int
	Kind  SeqOptionKind
	No    bool
	Value string   // the number as written, with its sign
	Type  TypeName // SeqAs
	Owner []string // the dotted name of OWNED BY or SEQUENCE NAME
}

// CreateSequenceStmt is CREATE SEQUENCE.
type CreateSequenceStmt struct {
	Pos         int
	Name        QName
	Persistence Persistence
	IfNotExists bool
	Options     []SeqOption
}

// AlterSequenceStmt is ALTER SEQUENCE with options.
type AlterSequenceStmt struct {
	Pos      int
	Name     QName
	IfExists bool
	Options  []SeqOption
}

// CheckOption is a view's WITH CHECK OPTION.
type CheckOption uint8

// The check options.
const (
	CheckNone CheckOption = iota
	CheckLocal
	CheckCascaded
)

// CreateViewStmt is CREATE VIEW. CREATE RECURSIVE VIEW is refused.
type CreateViewStmt struct {
	Pos         int
	Replace     bool
	Persistence Persistence
	Name        QName
	Columns     []string
	With        []Option
	Query       *SelectStmt
	QueryText   string // the query's source
	CheckOption CheckOption
}

// CreateTableAsStmt is CREATE TABLE AS, CREATE MATERIALIZED VIEW, or the
// statement that SELECT INTO stands for. Query is a *SelectStmt or *ExecuteStmt.
type CreateTableAsStmt struct {
	Pos          int
	Materialized bool // CREATE MATERIALIZED VIEW
	Name         QName
	Persistence  Persistence
	IfNotExists  bool
	Columns      []string
	AccessMethod string
	With         []Option
	OnCommit     OnCommit
	Tablespace   string
	Query        Stmt
	QueryText    string // the query's source
	NoData       bool
}

// RefreshMatViewStmt is REFRESH MATERIALIZED VIEW.
type RefreshMatViewStmt struct {
	Pos          int
	Concurrently bool
	Name         QName
	NoData       bool
}

// CreateSchemaStmt is CREATE SCHEMA. Name is empty for CREATE SCHEMA
// AUTHORIZATION role.
type CreateSchemaStmt struct {
	Pos           int
	Name          string
	Authorization string
	IfNotExists   bool
}

// CreateDatabaseStmt is CREATE DATABASE. Option names are those of the syntax,
// lower case: owner, template, encoding, lc_collate, "connection_limit" ….
type CreateDatabaseStmt struct {
	Pos     int
	Name    string
	Options []Option
}

// AlterDatabaseStmt is ALTER DATABASE name [WITH] options, or SET TABLESPACE
// (option tablespace).
type AlterDatabaseStmt struct {
	Pos     int
	Name    string
	Options []Option
}

// AlterSetStmt is ALTER DATABASE name SET/RESET parameter. Exactly one of
// Set and Reset is non-nil.
type AlterSetStmt struct {
	Pos   int
	Name  string
	Set   *SetStmt
	Reset *ResetStmt
}

// DropStmt is DROP of any kind of object but a database.
type DropStmt struct {
	Pos          int
	Kind         ObjectKind
	IfExists     bool
	Concurrently bool // DROP INDEX CONCURRENTLY
	Objects      []DropObject
	Cascade      bool
}

// DropObject is one object of a DROP: a name; for a function, procedure,
// routine or aggregate perhaps with its argument types; for a trigger, rule or
// policy the table it is On.
type DropObject struct {
	Name    QName
	HasArgs bool
	Args    []TypeName
	On      QName
}

// DropDatabaseStmt is DROP DATABASE.
type DropDatabaseStmt struct {
	Pos      int
	Name     string
	IfExists bool
	Force    bool
}

// AlterTableStmt is ALTER TABLE (or INDEX, VIEW, SEQUENCE, MATERIALIZED VIEW
// with table sub-commands). Renaming and SET SCHEMA are statements of their own.
type AlterTableStmt struct {
	Pos      int
	Kind     ObjectKind
	Name     QName
	Only     bool
	IfExists bool
	Commands []*AlterCmd
}

// AlterKind is the kind of an ALTER TABLE sub-command.
type AlterKind uint8

// The ALTER TABLE sub-commands.
const (
	AddColumn          AlterKind = iota // Column, IfNotExists
	DropColumn                          // Name, IfExists, Cascade
	AlterColumnType                     // Name, Type, Collation, Using
	SetDefault                          // Name, Expr
	DropDefault                         // Name
	SetNotNull                          // Name
	DropNotNull                         // Name
	DropExpression                      // Name, IfExists
	AddIdentity                         // Name, Constraint (ConstrIdentity)
	SetIdentity                         // Name, IdentityAlways, Sequence
	DropIdentity                        // Name, IfExists
	SetStatistics                       // Name or Number (index column), Value
	SetColumnOptions                    // Name, Options
	ResetColumnOptions                  // Name, Options
	SetStorage                          // Name, Value
	SetCompression                      // Name, Value
	AddConstraint                       // Constraint
	AlterConstraint                     // Name, Constraint (only its Deferrable and InitiallyDeferred)
	ValidateConstraint                  // Name
	DropConstraint                      // Name, IfExists, Cascade
	OwnerTo                             // Value (role)
	SetTablespace                       // Value
	SetOptions                          // Options
	ResetOptions                        // Options
	SetLogged                           //
	SetUnlogged                         //
	SetAccessMethod                     // Value
	SetWithoutCluster                   //
	SetWithoutOids                      //
	ClusterOn                           // Value (index)
	ReplicaIdentity                     // Value: default, full, nothing, or index with Name
	Inherit                             // Table
	NoInherit                           // Table
	RowSecurity                         // Value: enable, disable, force, no force
	EnableTrigger                       // Value: enable, disable, enable always, enable replica; Name, or "all"/"user" with an empty Name in Target
	EnableRule                          // as EnableTrigger
	AttachPartition                     // Table, Bound
	DetachPartition                     // Table, Value: "", concurrently, finalize
)

// AlterCmd is one sub-command of ALTER TABLE; Kind says which fields count.
type AlterCmd struct {
	Pos            int
	Kind           AlterKind
	Name           string
	NamePos        int
	Number         int
	IfExists       bool
	IfNotExists    bool
	Column         *ColumnDef
	Constraint     *Constraint
	Type           TypeName
	Collation      QName
	Using          Expr
	Expr           Expr
	IdentityAlways *bool // SetIdentity: nil if not changed
	Sequence       []SeqOption
	Options        []Option
	Value          string
	Target         string // EnableTrigger: "all" or "user"
	Table          QName
	Bound          *PartitionBound
	Cascade        bool
}

// RenameStmt is ALTER kind name RENAME …. For Kind ObjColumn and ObjConstraint,
// Name is the relation, Relation its kind as written, and Sub the column or
// constraint.
type RenameStmt struct {
	Pos      int
	Kind     ObjectKind
	Relation ObjectKind
	Name     QName
	Only     bool
	IfExists bool
	Sub      string
	SubPos   int
	NewName  string
}

// SetSchemaStmt is ALTER kind name SET SCHEMA schema.
type SetSchemaStmt struct {
	Pos      int
	Kind     ObjectKind
	Name     QName
	IfExists bool
	Schema   string
}

// OwnerStmt is ALTER kind name OWNER TO role, for schemas and databases.
type OwnerStmt struct {
	Pos   int
	Kind  ObjectKind
	Name  QName
	Owner string
}

// CommentStmt is COMMENT ON. For a column, Name is its table and Sub the
// column; for a constraint, trigger, rule or policy, Name is what it is on.
type CommentStmt struct {
	Pos     int
	Kind    ObjectKind
	Name    QName
	Sub     string
	HasArgs bool
	Args    []TypeName
	Comment *string // nil: IS NULL
}

// GrantStmt is GRANT or REVOKE, of privileges on objects or (Kind ignored,
// Roles set) of roles.
type GrantStmt struct {
	Pos           int
	Revoke        bool
	OptionOnly    bool        // REVOKE GRANT|ADMIN OPTION FOR
	AllPrivileges bool        // ALL [PRIVILEGES], perhaps with columns in Privileges[0]
	Privileges    []Privilege // names lower case
	Roles         []string    // the granted roles, for GRANT role TO role
	Kind          ObjectKind
	AllInSchema   bool // ALL TABLES IN SCHEMA …: Objects are schemas
	Objects       []DropObject
	Grantees      []string // "public" for PUBLIC
	WithOption    bool     // WITH GRANT|ADMIN OPTION
	GrantedBy     string
	Cascade       bool
}

// Privilege is one privilege of a GRANT.
type Privilege struct {
	Pos     int
	Name    string
	Columns []string
}

// Position implements Node.
func (n *ColumnDef) Position() int          { return n.Pos }
func (n *LikeClause) Position() int         { return n.Pos }
func (n *Constraint) Position() int         { return n.Pos }
func (n *IndexElem) Position() int          { return n.Pos }
func (n *AlterCmd) Position() int           { return n.Pos }
func (s *CreateTableStmt) Position() int    { return s.Pos }
func (s *CreateIndexStmt) Position() int    { return s.Pos }
func (s *CreateSequenceStmt) Position() int { return s.Pos }
func (s *AlterSequenceStmt) Position() int  { return s.Pos }
func (s *CreateViewStmt) Position() int     { return s.Pos }
func (s *CreateTableAsStmt) Position() int  { return s.Pos }
func (s *RefreshMatViewStmt) Position() int { return s.Pos }
func (s *CreateSchemaStmt) Position() int   { return s.Pos }
func (s *CreateDatabaseStmt) Position() int { return s.Pos }
func (s *AlterDatabaseStmt) Position() int  { return s.Pos }
func (s *AlterSetStmt) Position() int       { return s.Pos }
func (s *DropStmt) Position() int           { return s.Pos }
func (s *DropDatabaseStmt) Position() int   { return s.Pos }
func (s *AlterTableStmt) Position() int     { return s.Pos }
func (s *RenameStmt) Position() int         { return s.Pos }
func (s *SetSchemaStmt) Position() int      { return s.Pos }
func (s *OwnerStmt) Position() int          { return s.Pos }
func (s *CommentStmt) Position() int        { return s.Pos }
func (s *GrantStmt) Position() int          { return s.Pos }

func (*ColumnDef) tableElement()  {}
func (*Constraint) tableElement() {}
func (*LikeClause) tableElement() {}

func (*CreateTableStmt) stmt()    {}
func (*CreateIndexStmt) stmt()    {}
func (*CreateSequenceStmt) stmt() {}
func (*AlterSequenceStmt) stmt()  {}
func (*CreateViewStmt) stmt()     {}
func (*CreateTableAsStmt) stmt()  {}
func (*RefreshMatViewStmt) stmt() {}
func (*CreateSchemaStmt) stmt()   {}
func (*CreateDatabaseStmt) stmt() {}
func (*AlterDatabaseStmt) stmt()  {}
func (*AlterSetStmt) stmt()       {}
func (*DropStmt) stmt()           {}
func (*DropDatabaseStmt) stmt()   {}
func (*AlterTableStmt) stmt()     {}
func (*RenameStmt) stmt()         {}
func (*SetSchemaStmt) stmt()      {}
func (*OwnerStmt) stmt()          {}
func (*CommentStmt) stmt()        {}
func (*GrantStmt) stmt()          {}
