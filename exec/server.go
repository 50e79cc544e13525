package exec

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/catalog/pgcatalog"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
)

// Options tune a Server.
type Options struct {
	TempDir string // for spilled data; "" is the system's
	// Settings override the defaults of settings, as a configuration file would.
	Settings map[string]string
	// OnAnomaly receives what minisql.detect_anomalies finds, from the session's goroutine, after
	// the commit; nil is nobody.
	OnAnomaly func(pgcatalog.Anomaly)
	// Logf receives what an operator should know; nil drops it.
	Logf func(format string, args ...any)
}

// Server is everything that the sessions of one store share.
type Server struct {
	mgr     *txn.Manager
	opts    Options
	started time.Time

	advisory  advisoryLocks
	failures  recent[pgcatalog.SerializationFailure]
	anomalies recent[pgcatalog.Anomaly]

	mu        sync.Mutex // guards what follows; held shortly, never while waiting
	databases map[catalog.ID]*database
	sessions  map[int32]*Session
	lastPID   int32
	nextID    catalog.ID // object IDs in nextID … lastID-1 are reserved in the store
	lastID    catalog.ID
}

// formatVersion is the version of everything that catalog and exec store.
const formatVersion = 1

// serverRecord is stored under catalog.ServerKey.
type serverRecord struct{ Format int }

// NewServer opens the databases of a store, and makes the first ones in an empty store.
func NewServer(ctx context.Context, mgr *txn.Manager, opts Options) (*Server, error) {
	s := &Server{mgr: mgr, opts: opts, started: time.Now(), databases: make(map[catalog.ID]*database), sessions: make(map[int32]*Session)}
	err := s.system(ctx, func(t *txn.Txn) error {
		v, ok, err := t.Get(catalog.ServerKey())
		if err != nil {
			return err
		}
		if ok {
			var rec serverRecord
			if err := catalog.Decode(v, &rec); err != nil {
				return err
			}
			if rec.Format != formatVersion {
				return fmt.Errorf("the database has format %d, this program reads format %d", rec.Format, formatVersion)
			}
			id, ok, err := t.Get(catalog.LastIDKey())
			if err != nil || !ok {
				return fmt.Errorf("the database has no record of its last object ID: %w", err)
			}
			s.lastID = catalog.ID(binary.BigEndian.Uint32(id))
			s.nextID = s.lastID
			return nil
		}
		s.nextID, s.lastID = catalog.FirstUserID, catalog.FirstUserID
		if err := t.Put(catalog.LastIDKey(), binary.BigEndian.AppendUint32(nil, uint32(s.lastID))); err != nil {
			return err
		}
		if err := t.Put(catalog.ServerKey(), catalog.Encode(serverRecord{formatVersion})); err != nil {
			return err
		}
		for _, d := range []*catalog.Database{
			{ID: catalog.Template1ID, Name: "template1", Owner: catalog.BootstrapRole, Comment: "default template for new databases"},
			{ID: catalog.Template0ID, Name: "template0", Owner: catalog.BootstrapRole, Comment: "unmodifiable empty database"},
			{ID: catalog.PostgresDatabaseID, Name: "postgres", Owner: catalog.BootstrapRole, Comment: "default administrative connection database"},
			{ID: catalog.MinisqlDatabaseID, Name: "minisql", Owner: catalog.BootstrapRole},
		} {
			if err := createDatabase(t, d); err != nil {
				return err
			}
		}
		t.MarkSchemaChange()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// createDatabase writes the descriptors of an empty database.
func createDatabase(t *txn.Txn, d *catalog.Database) error {
	if err := t.Put(catalog.DatabaseKey(d.ID), catalog.Encode(d)); err != nil {
		return err
	}
	public := &catalog.Schema{ID: catalog.PublicID, Name: "public", Owner: "pg_database_owner", Comment: "standard public schema"}
	return t.Put(catalog.SchemaKey(d.ID, public.ID), catalog.Encode(public))
}

// system runs f in a transaction of the server's own.
func (s *Server) system(ctx context.Context, f func(*txn.Txn) error) error {
	t, err := s.mgr.Begin(txn.Options{})
	if err != nil {
		return err
	}
	defer t.Rollback()
	if err := t.BeginStatement(ctx); err != nil {
		return err
	}
	if err := f(t); err != nil {
		return err
	}
	return t.Commit(ctx)
}

// idBlock is how many object IDs are reserved in the store at a time.
const idBlock = 64

// newID hands out an object ID that no object has ever had.
func (s *Server) newID() (catalog.ID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.nextID == s.lastID {
		last := s.lastID + idBlock
		if err := s.mgr.WriteNow(catalog.LastIDKey(), binary.BigEndian.AppendUint32(nil, uint32(last))); err != nil {
			return 0, err
		}
		s.lastID = last
	}
	s.nextID++
	return s.nextID - 1, nil
}

// Databases lists the databases that a transaction sees, by name.
func listDatabases(t *txn.Txn) ([]*catalog.Database, error) {
	lo, hi := catalog.DatabasesSpan()
	var out []*catalog.Database
	err := eachPair(t, lo, hi, func(_, v []byte) error {
		d := new(catalog.Database)
		out = append(out, d)
		return catalog.Decode(v, d)
	})
	slices.SortFunc(out, func(a, b *catalog.Database) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return out, err
}

// eachPair calls f with every pair of a span, earlier writes of t included.
func eachPair(t *txn.Txn, lo, hi []byte, f func(k, v []byte) error) error {
	sc, err := t.Scan(txn.Span{Lo: lo, Hi: hi}, txn.Current)
	if err != nil {
		return err
	}
	defer sc.Close()
	var run txn.Run
	for {
		n, err := sc.Next(&run, 256)
		if n == 0 || err != nil {
			return err
		}
		for i := range n {
			if err := f(run.Keys[i], run.Values[i]); err != nil {
				return err
			}
		}
	}
}

// open returns the shared state of a database.
func (s *Server) open(desc *catalog.Database) *database {
	s.mu.Lock()
	defer s.mu.Unlock()
	db := s.databases[desc.ID]
	if db == nil {
		db = &database{srv: s, id: desc.ID, rowIDs: make(map[catalog.ID]*counter), sequences: make(map[catalog.ID]*sequence), stats: make(map[catalog.ID]*tableStats)}
		s.databases[desc.ID] = db
	}
	return db
}

// forget drops the shared state of a database that is gone.
func (s *Server) forget(id catalog.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.databases, id)
}

// Close ends all sessions. The caller has made sure that none is running a statement.
func (s *Server) Close() error {
	s.mu.Lock()
	var all []*Session
	for _, x := range s.sessions {
		all = append(all, x)
	}
	s.mu.Unlock()
	for _, x := range all {
		x.Close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var first error
	for _, db := range s.databases {
		if err := errors.Join(db.close(), db.saveRows()); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// Session returns the session with a process ID, for cancelling and
// terminating; nil if there is none.
func (s *Server) Session(pid int32) *Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[pid]
}

// Sessions returns all sessions by process ID.
func (s *Server) Sessions() []*Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]*Session, 0, len(s.sessions))
	for _, x := range s.sessions {
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b *Session) int { return int(a.pid - b.pid) })
	return out
}

func (s *Server) logf(format string, args ...any) {
	if s.opts.Logf != nil {
		s.opts.Logf(format, args...)
	}
}

// database is what the sessions of one database share.
type database struct {
	srv *Server
	id  catalog.ID

	// current is the newest schema that a session has read; versions below are
	// read anew from the store by those who still need them.
	current atomic.Pointer[schema]
	// analyzed moves when statistics have changed enough for other plans.
	analyzed atomic.Uint64

	mu        sync.Mutex         // guards the maps
	decoded   map[string]decoded // descriptors as last read, by key; the map is never changed
	rowIDs    map[catalog.ID]*counter
	sequences map[catalog.ID]*sequence
	stats     map[catalog.ID]*tableStats
}

func (db *database) close() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	for _, q := range db.sequences {
		if err := q.settle(); err != nil {
			return err
		}
	}
	return nil
}

// counter hands out hidden row numbers; blocks of them are reserved in the store.
type counter struct {
	mu    sync.Mutex
	next  int64
	last  int64
	block int64 // how many to reserve next time: bulk loads reserve more and more
}

// nextRowID returns a row number that no row of the storage has ever had.
func (db *database) nextRowID(storage catalog.ID, t *txn.Txn) (int64, error) {
	db.mu.Lock()
	c := db.rowIDs[storage]
	if c == nil {
		c = &counter{}
		db.rowIDs[storage] = c
	}
	db.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next == c.last {
		key := catalog.SequenceKey(db.id, storage)
		if c.last == 0 {
			v, _, err := t.GetLatest(key)
			if err != nil {
				return 0, err
			}
			c.next = getUint64(v)
		}
		c.block = min(max(2*c.block, rowIDBlock), rowIDBlockMax)
		c.last = c.next + c.block
		if err := db.srv.mgr.WriteNow(key, putUint64(c.last)); err != nil {
			return 0, err
		}
	}
	c.next++
	return c.next, nil
}

var errDatabaseGone = sqlerr.New(sqlerr.AdminShutdown, "terminating connection because the database was dropped")
