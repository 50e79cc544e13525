package expr

import (
	"context"
	"time"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// Ctx is what one execution of a statement hands to its expressions. It belongs
// to one goroutine.
type Ctx struct {
	Context context.Context
	Params  []types.Datum // $1 is Params[0]
	Exec    []types.Datum // values of outer columns; see ExecParam
	Format  *types.Format
	Session Session

	TxnTime  time.Time // now(): when the transaction began
	StmtTime time.Time // statement_timestamp()

	// Subplans runs subqueries; nil where an expression may not hold any.
	Subplans SubplanRunner

	slots    []types.Datum // arguments of simple CASEs
	hashArgs []types.Datum // left sides of the hashed subplan being asked
	outer    *vec.Batch    // the row that the subplan being run is evaluated for
	outerRow int
}

// SubplanRunner is what the executor gives to subplan expressions.
type SubplanRunner interface {
	// RunSubplan computes the value of p; its outer values are in c.Exec already.
	RunSubplan(c *Ctx, p *Subplan) (types.Datum, error)
}

// Session is what system functions ask of the session that runs them.
type Session interface {
	Catalog() *catalog.Catalog
	User() string
	SessionUser() string
	Database() string
	SearchPath() []string // schemas that exist, pg_catalog only if named
	PID() int32
	Setting(name string) (string, bool)              // SHOW
	SetSetting(name, value string, local bool) error // set_config
	NextVal(c context.Context, seq *catalog.Table) (int64, error)
	CurrVal(seq *catalog.Table) (int64, error)
	SetVal(c context.Context, seq *catalog.Table, value int64, called bool) error
	LastVal() (int64, error)
	// System answers the functions that need the running server: txid_current,
	// pg_backend_pid's relatives, pg_cancel_backend, pg_relation_size, advisory locks….
	System(c *Ctx, fn string, args []types.Datum) (types.Datum, error)
}

// NewCtx returns a context for evaluating expressions that need no session, such
// as constants.
func NewCtx(f *types.Format) *Ctx {
	return &Ctx{Context: context.Background(), Format: f}
}

// Reset prepares c for another execution with room for n outer values.
func (c *Ctx) Reset(n int) {
	if cap(c.Exec) < n {
		c.Exec = make([]types.Datum, n)
	}
	c.Exec = c.Exec[:n]
	clear(c.Exec)
}

// HashArgs returns the left-hand values of the hashed ANY that RunSubplan is
// asked for.
func (c *Ctx) HashArgs() []types.Datum { return c.hashArgs }

// OuterBatch and OuterRow are the row for which the subplan in RunSubplan is
// evaluated: its Test refers to it.
func (c *Ctx) OuterBatch() *vec.Batch { return c.outer }

// OuterRow is the index of that row.
func (c *Ctx) OuterRow() int { return c.outerRow }

func (c *Ctx) session() (Session, error) {
	if c.Session == nil {
		return nil, sqlerr.New(sqlerr.Internal, "expression needs a session")
	}
	return c.Session, nil
}
