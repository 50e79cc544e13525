package exec

import (
	"bytes"
	"sync"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
	"github.com/minisql/minisql/types"
)

// schema is a catalog with what was worked out from it. It is shared by all who
// see the same version.
type schema struct {
	cat *catalog.Catalog
	db  *database

	mu    sync.Mutex // guards infos
	infos map[catalog.ID]*tableInfo

	virtual virtualCache
}

func (s *schema) table(t *catalog.Table) (*tableInfo, error) {
	s.mu.Lock()
	ti := s.infos[t.ID]
	s.mu.Unlock()
	if ti != nil && ti.t == t {
		return ti, nil
	}
	ti, err := newTableInfo(&planner.Env{Catalog: s.cat, SearchPath: []string{"public"}, Format: types.DefaultFormat}, s.db.id, t)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.infos[t.ID] = ti
	s.mu.Unlock()
	return ti, nil
}

// decoded is a stored descriptor and what it says. Most descriptors are the same in
// the next version of a catalog, and are not decoded again for it.
type decoded struct {
	raw    []byte
	schema *catalog.Schema // one of the two
	table  *catalog.Table
}

// loadSchema reads the catalog that a transaction sees.
func (db *database) loadSchema(t *txn.Txn, version uint64) (*schema, error) {
	v, ok, err := t.GetCurrent(catalog.DatabaseKey(db.id))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, errDatabaseGone
	}
	desc := new(catalog.Database)
	if err := catalog.Decode(v, desc); err != nil {
		return nil, err
	}
	schemas, tables := systemDescriptors()
	lo, hi := catalog.DescriptorsSpan(db.id)
	db.mu.Lock()
	known := db.decoded
	db.mu.Unlock()
	seen := make(map[string]decoded, len(known))
	err = eachPair(t, lo, hi, func(k, v []byte) error {
		d, ok := known[string(k)]
		if !ok || !bytes.Equal(d.raw, v) {
			d = decoded{raw: bytes.Clone(v)}
			switch catalog.DescriptorKind(k) {
			case 'n':
				d.schema = new(catalog.Schema)
				err = catalog.Decode(v, d.schema)
			case 't':
				d.table = new(catalog.Table)
				err = catalog.Decode(v, d.table)
			default:
				err = corrupt("unknown kind of descriptor")
			}
			if err != nil {
				return err
			}
		}
		seen[string(k)] = d
		if d.schema != nil {
			schemas = append(schemas, d.schema)
		} else {
			tables = append(tables, d.table)
		}
		return nil
	})
	if err == nil {
		db.mu.Lock()
		db.decoded = seen
		db.mu.Unlock()
	}
	if err != nil {
		return nil, err
	}
	return &schema{cat: catalog.New(desc, version, schemas, tables), db: db, infos: make(map[catalog.ID]*tableInfo)}, nil
}

// schemaFor returns the schema that the session's statement sees. Versions of
// committed catalogs are even, those a transaction has changed itself odd.
func (s *Session) schemaFor(t *txn.Txn) (*schema, error) {
	newest := uint64(s.srv.mgr.SchemaVersion())
	if s.ddl > 0 {
		// The transaction has changed the catalog: what it sees is its own.
		if s.own == nil || s.ownAt != (ownVersion{s.ddl, newest}) {
			s.privateVersions += 2
			sc, err := s.db.loadSchema(t, s.privateVersions|1)
			if err != nil {
				return nil, err
			}
			s.own, s.ownAt = sc, ownVersion{s.ddl, newest}
		}
		return s.own, nil
	}
	if uint64(t.Snapshot()) >= newest {
		if c := s.db.current.Load(); c != nil && c.cat.Version == newest*2 {
			return c, nil
		}
		sc, err := s.db.loadSchema(t, newest*2)
		if err != nil {
			return nil, err
		}
		// Somebody may have committed a change meanwhile: then it is not the newest.
		if uint64(s.srv.mgr.SchemaVersion()) == newest {
			s.db.current.Store(sc)
		}
		return sc, nil
	}
	// An old snapshot sees an old catalog.
	if s.old != nil && s.oldAt == uint64(t.Snapshot()) {
		return s.old, nil
	}
	s.privateVersions += 2
	sc, err := s.db.loadSchema(t, s.privateVersions|1)
	if err != nil {
		return nil, err
	}
	s.old, s.oldAt = sc, uint64(t.Snapshot())
	return sc, nil
}

// ownVersion names a state of a catalog that a transaction has changed.
type ownVersion struct {
	ddl    int
	newest uint64
}

var errReadOnlyTxn = func(what string) error {
	return sqlerr.New(sqlerr.ReadOnlySQLTransaction, "cannot execute %s in a read-only transaction", what)
}
