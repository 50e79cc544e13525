package exec

import (
	"bytes"
	"context"
	"fmt"
	"hash/maphash"
	"time"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// Checked is what Check has looked at.
type Checked struct {
	Databases, Tables, Indexes int
	Rows, Entries              int64 // of tables, of indexes
}

// Check reads all descriptors, rows and index entries in their newest versions. What does not
// fit together goes to fault: descriptors that cannot be read or refer to nothing, rows that
// cannot be read, have a NULL where none may be or another primary key than they are stored
// under, rows without their index entry, entries without their row, two rows with one unique
// key. progress, unless it is nil, is told now and then of the rows and entries that were
// read. The error is for what prevents checking.
//
// An index is compared with its table by a sum of hashes, which takes one scan of each; only
// if the sums differ are the rows and the entries looked up one by one.
func (srv *Server) Check(ctx context.Context, fault func(error), progress func(done int64)) (Checked, error) {
	c := &checker{srv: srv, ctx: ctx, report: fault, progress: progress, seed: maphash.MakeSeed()}
	var all []*catalog.Database
	err := srv.system(ctx, func(t *txn.Txn) (err error) {
		all, err = listDatabases(t)
		return err
	})
	if err != nil {
		return c.Checked, c.orFault("databases", err)
	}
	for _, d := range all {
		c.Databases++
		if err := c.database(d); err != nil {
			return c.Checked, err
		}
	}
	return c.Checked, nil
}

type checker struct {
	Checked
	srv      *Server
	ctx      context.Context
	report   func(error)
	progress func(done int64)
	seed     maphash.Seed

	// Of the database that is being checked.
	name string
	x    *execution
}

func (c *checker) fault(of, format string, args ...any) {
	c.report(fmt.Errorf("database %q, %s: %s", c.name, of, fmt.Sprintf(format, args...)))
}

// orFault makes a fault of an error that reading gave, unless it is one of the machine's.
func (c *checker) orFault(of string, err error) error {
	if err == nil {
		return nil
	}
	if c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}
	if code := sqlerr.CodeOf(err); code == sqlerr.IOError || code == sqlerr.OutOfMemory || code == sqlerr.DiskFull {
		return err
	}
	c.fault(of, "%v", err)
	return nil
}

// database checks one database, in a transaction of a session that nobody sees.
func (c *checker) database(d *catalog.Database) error {
	c.name = d.Name
	s := &Session{srv: c.srv, user: catalog.BootstrapRole, db: c.srv.open(d), name: d.Name}
	if err := s.settings.init(s, nil, nil); err != nil {
		return err
	}
	if err := s.start(txn.Options{Level: txn.RepeatableRead, ReadOnly: true}, time.Now()); err != nil {
		return err
	}
	defer s.rollback()
	if err := s.beginStatement(c.ctx); err != nil {
		return err
	}
	if ok, err := c.descriptors(s); !ok || err != nil {
		return err
	}
	sc, err := s.schemaFor(s.txn)
	if err != nil {
		return c.orFault("descriptors", err)
	}
	sound := true
	sc.cat.Check(func(err error) {
		sound = false
		c.fault("descriptors", "%v", err)
	})
	if !sound {
		return nil
	}
	c.x = &execution{}
	c.x.begin(c.ctx, s, sc)
	for _, t := range sc.cat.Tables() {
		if t.Virtual {
			continue
		}
		if err := c.relation(t); err != nil {
			return err
		}
	}
	return nil
}

// descriptors reports whether every descriptor can be decoded.
func (c *checker) descriptors(s *Session) (ok bool, err error) {
	ok = true
	lo, hi := catalog.DescriptorsSpan(s.db.id)
	err = eachPair(s.txn, lo, hi, func(k, v []byte) error {
		var id catalog.ID
		var key []byte
		var err error
		switch catalog.DescriptorKind(k) {
		case 'n':
			var n catalog.Schema
			err = catalog.Decode(v, &n)
			id, key = n.ID, catalog.SchemaKey(s.db.id, n.ID)
		case 't':
			var t catalog.Table
			err = catalog.Decode(v, &t)
			id, key = t.ID, catalog.TableKey(s.db.id, t.ID)
			if err == nil && t.View != nil {
				_, err = parser.Parse(t.View.Query)
			}
		}
		if err == nil && !bytes.Equal(k, key) {
			err = fmt.Errorf("it is that of %d", id)
		}
		if err != nil {
			ok = false
			c.fault(fmt.Sprintf("descriptor %x", k), "%v", err)
		}
		return nil
	})
	return ok, c.orFault("descriptors", err)
}

func (c *checker) relation(t *catalog.Table) (err error) {
	of := fmt.Sprintf("relation %s.%s", c.x.schemaName(t), t.Name)
	// Bytes that nothing wrote may break what reads them.
	defer func() {
		if r := recover(); r != nil {
			c.fault(of, "reading it panics: %v", r)
			err = nil
		}
	}()
	switch t.Kind {
	case catalog.KindSequence:
		v, ok, err := c.x.txn.Get(catalog.SequenceKey(c.x.s.db.id, t.ID))
		if ok && len(v) != 9 {
			c.fault(of, "its state has %d bytes", len(v))
		}
		return c.orFault(of, err)
	case catalog.KindTable:
		ti, err := c.x.table(t)
		if err != nil {
			return c.orFault(of, err)
		}
		c.Tables++
		k := &tableChecker{checker: c, ti: ti, of: of, sums: make([]sum, len(ti.indexes))}
		return c.orFault(of, k.check())
	}
	return nil
}

// tableChecker checks a table and its indexes.
type tableChecker struct {
	*checker
	ti   *tableInfo
	of   string
	sums []sum // of the entries that the rows should have, for each index
	buf  []byte
	row  []types.Datum
	key  []byte
}

// sum stands for a set of pairs.
type sum struct {
	pairs int64
	hash  uint64 // the sum of the pairs' hashes, so that their order makes no difference
}

func (s *sum) add(seed maphash.Seed, key, value []byte) {
	s.pairs++
	s.hash += maphash.Bytes(seed, key) ^ maphash.Bytes(seed, value)*0x9E3779B97F4A7C15
}

func (k *tableChecker) check() error {
	readable := true
	err := k.each(k.ti.prefix, func(key, value []byte) error {
		k.Rows++
		ok, err := k.checkRow(key, value)
		readable = readable && ok
		return err
	})
	if err != nil {
		return err
	}
	for i, xi := range k.ti.indexes {
		if xi.x.Clustered() {
			continue
		}
		k.Indexes++
		if !readable {
			continue // some rows' entries are not known
		}
		var have sum
		err := k.each(xi.prefix, func(key, value []byte) error {
			k.Entries++
			have.add(k.seed, key, value)
			return nil
		})
		if err == nil && have != k.sums[i] {
			err = k.compare(i)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// each calls f with every pair under a prefix.
func (k *tableChecker) each(prefix []byte, f func(key, value []byte) error) error {
	sc, err := k.x.txn.Scan(txn.Span{Lo: prefix, Hi: upper(prefix)}, txn.Snapshot)
	if err != nil {
		return err
	}
	defer sc.Close()
	var run txn.Run
	for {
		if k.ctx.Err() != nil {
			return context.Cause(k.ctx)
		}
		n, err := sc.Next(&run, vec.MaxRows)
		if n == 0 || err != nil {
			return err
		}
		for i := range n {
			if err := f(run.Keys[i], run.Values[i]); err != nil {
				return err
			}
		}
		if k.progress != nil {
			k.progress(k.Rows + k.Entries)
		}
	}
}

// checkRow checks a row, and adds its entries to the sums. It reports whether it could be read.
func (k *tableChecker) checkRow(key, value []byte) (ok bool, err error) {
	ti := k.ti
	if k.row, err = ti.decode(k.row, value); err != nil {
		k.fault(k.of, "row %x: %v", key, err)
		return false, nil
	}
	for _, slot := range ti.notNull {
		if k.row[slot].IsNull() {
			k.fault(k.of, "row %s: column %q is null", k.describe(key), ti.t.Columns[slot].Name)
		}
	}
	if len(ti.t.Cluster) > 0 {
		if k.key = ti.appendRowKey(k.key[:0], k.row); !bytes.Equal(k.key, key) {
			k.fault(k.of, "row %s: it is stored under the key %x", k.describe(key), key)
		}
	} else if rest, err := types.SkipKey(key[len(ti.prefix):], types.Int8OID, false, false); err != nil || len(rest) > 0 {
		k.fault(k.of, "row %x: its key is not a row number", key)
	}
	for i, xi := range ti.indexes {
		if xi.x.Clustered() {
			continue
		}
		e, err := ti.entryOf(k.x, i, k.row, key, k.buf)
		if err != nil {
			return false, err
		}
		if e.ok {
			k.buf = e.key
			k.sums[i].add(k.seed, e.key, e.value)
		}
	}
	return true, nil
}

// describe names the row in k.row.
func (k *tableChecker) describe(key []byte) string {
	if x := k.ti.t.PrimaryKey(); x != nil && x.Clustered() {
		return k.ti.describeKey(k.x, x.Columns, k.row)
	}
	return fmt.Sprintf("%x", key[len(k.ti.prefix):])
}

// compare finds out in what index i and the table differ.
func (k *tableChecker) compare(i int) error {
	xi := k.ti.indexes[i]
	of := fmt.Sprintf("index %q of %s", xi.x.Name, k.of)
	err := k.each(k.ti.prefix, func(key, value []byte) error {
		var err error
		if k.row, err = k.ti.decode(k.row, value); err != nil {
			return err
		}
		e, err := k.ti.entryOf(k.x, i, k.row, key, k.buf)
		if err != nil || !e.ok {
			return err
		}
		k.buf = e.key
		switch v, ok, err := k.x.txn.Get(e.key); {
		case err != nil:
			return err
		case !ok:
			k.fault(of, "row %s has no entry", k.describe(key))
		case !bytes.Equal(v, e.value):
			k.fault(of, "row %s: the entry %s is another row's", k.describe(key), k.ti.describeKey(k.x, xi.x.Columns, k.row))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return k.each(xi.prefix, func(key, value []byte) error {
		rowKey, err := k.ti.rowKeyOf(k.key[:0], xi, key, value)
		if err != nil {
			k.fault(of, "entry %x cannot be read", key)
			return nil
		}
		k.key = rowKey
		v, ok, err := k.x.txn.Get(rowKey)
		if err != nil {
			return err
		}
		if !ok {
			k.fault(of, "entry %x: its row is not there", key)
			return nil
		}
		if k.row, err = k.ti.decode(k.row, v); err != nil {
			return err
		}
		e, err := k.ti.entryOf(k.x, i, k.row, rowKey, k.buf)
		if err != nil {
			return err
		}
		if e.ok {
			k.buf = e.key
		}
		if !e.ok || !bytes.Equal(e.key, key) {
			k.fault(of, "entry %x is not that of its row %s", key, k.describe(rowKey))
		}
		return nil
	})
}
