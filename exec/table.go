package exec

import (
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// How a table lies in the store:
//
//	row            prefix(Table.Storage) ‖ cluster key                  → row code of all slots
//	index entry    prefix(Index.Storage) ‖ key parts ‖ cluster key      → empty
//	unique entry   prefix(Index.Storage) ‖ key parts                    → cluster key
//	 with a NULL   prefix(Index.Storage) ‖ key parts ‖ cluster key      → cluster key
//
// The cluster key is the key code of the columns in Table.Cluster, or of a hidden
// row number. "Row key" everywhere means prefix and cluster key together.

// tableInfo is what running statements need of a table, worked out once for a
// descriptor. It is immutable, save for the row encoders, which are pooled.
type tableInfo struct {
	t       *catalog.Table
	oids    []types.OID
	dec     *types.RowDecoder
	enc     sync.Pool // *types.RowEncoder
	prefix  []byte
	exprs   *planner.RowExprs
	indexes []*indexInfo // parallel to t.Indexes
	notNull []int        // slots

	// keySlots are the slots that some unique index or foreign key of another
	// table may refer to: a change of one of them is a change of a key.
	keySlots map[int]bool
}

type indexInfo struct {
	x      *catalog.Index
	prefix []byte
	keys   []expr.Expr // of the parts that are expressions
	where  expr.Expr
}

func newTableInfo(env *planner.Env, db catalog.ID, t *catalog.Table) (*tableInfo, error) {
	ti := &tableInfo{t: t, oids: make([]types.OID, len(t.Columns)), prefix: catalog.StoragePrefix(nil, db, t.Storage), keySlots: make(map[int]bool)}
	missing := make([]types.Datum, len(t.Columns))
	for i := range t.Columns {
		c := &t.Columns[i]
		ti.oids[i] = c.Type.OID
		if c.NotNull && !c.Dropped {
			ti.notNull = append(ti.notNull, i)
		}
		if c.Missing != nil && !c.Dropped {
			d, err := types.ParseText(c.Type, *c.Missing, nil)
			if err != nil {
				return nil, err
			}
			missing[i] = d
		}
	}
	ti.dec = types.NewRowDecoder(ti.oids, missing)
	oids := ti.oids
	ti.enc.New = func() any { return types.NewRowEncoder(oids) }
	var err error
	if ti.exprs, err = planner.BindTable(env, t); err != nil {
		return nil, fmt.Errorf("table %s: %w", t.Name, err)
	}
	for i, x := range t.Indexes {
		xi := &indexInfo{x: x, keys: ti.exprs.IndexKeys[i], where: ti.exprs.IndexWhere[i]}
		if x.Clustered() {
			xi.prefix = ti.prefix
		} else {
			xi.prefix = catalog.StoragePrefix(nil, db, x.Storage)
		}
		if x.Unique {
			for _, c := range x.Columns {
				if c.Slot >= 0 {
					ti.keySlots[c.Slot] = true
				}
			}
		}
		ti.indexes = append(ti.indexes, xi)
	}
	for _, s := range t.Cluster {
		ti.keySlots[s] = true
	}
	return ti, nil
}

// appendRow appends the row code of a row by slot.
func (ti *tableInfo) appendRow(dst []byte, row []types.Datum) []byte {
	e := ti.enc.Get().(*types.RowEncoder)
	dst = e.Append(dst, row)
	ti.enc.Put(e)
	return dst
}

// appendRowKey appends the row key of a row whose table is clustered.
func (ti *tableInfo) appendRowKey(dst []byte, row []types.Datum) []byte {
	dst = append(dst, ti.prefix...)
	for _, s := range ti.t.Cluster {
		dst = types.AppendKey(dst, ti.oids[s], row[s], false, false)
	}
	return dst
}

// appendRowID appends the row key of a row that is known by a hidden number.
func (ti *tableInfo) appendRowID(dst []byte, id int64) []byte {
	return types.AppendKey(append(dst, ti.prefix...), types.Int8OID, types.NewInt(id), false, false)
}

// decode reads a stored row into dst by slot.
func (ti *tableInfo) decode(dst []types.Datum, value []byte) ([]types.Datum, error) {
	return ti.dec.Decode(dst[:0], value)
}

// entry is one index entry of a row.
type entry struct {
	key    []byte // prefix ‖ parts [‖ cluster key]
	unique bool   // key is the key of at most one row: it has to be free
	value  []byte
	ok     bool // the row is in the index (partial indexes leave rows out)
}

// entryOf computes the entry of a row in index i. buf is working memory that the
// entry's key then lies in. rowKey is the row's key.
func (ti *tableInfo) entryOf(x *execution, i int, row []types.Datum, rowKey, buf []byte) (entry, error) {
	xi := ti.indexes[i]
	var b *vec.Batch
	if xi.where != nil || xi.keys != nil {
		need := xi.where != nil
		for _, k := range xi.keys {
			need = need || k != nil
		}
		if need {
			b = x.rowBatch(ti, row)
		}
	}
	if xi.where != nil {
		d, err := xi.where.Eval(x.c, b, 0)
		if err != nil || d.IsNull() || !d.Bool() {
			return entry{}, err
		}
	}
	key := append(buf[:0], xi.prefix...)
	hasNull := false
	for k := range xi.x.Columns {
		c := &xi.x.Columns[k]
		var d types.Datum
		if c.Slot >= 0 {
			d = row[c.Slot]
		} else {
			var err error
			if d, err = xi.keys[k].Eval(x.c, b, 0); err != nil {
				return entry{}, err
			}
		}
		hasNull = hasNull || d.IsNull()
		key = types.AppendKey(key, c.Type.OID, d, c.Desc, c.NullsFirst)
	}
	e := entry{ok: true}
	if xi.x.Unique {
		e.value = rowKey[catalog.PrefixLen:]
		e.unique = !hasNull || xi.x.NullsNotDistinct
	}
	if !e.unique {
		key = append(key, rowKey[catalog.PrefixLen:]...)
	}
	e.key = key
	return e, nil
}

// rowKeyOf finds the row key behind an index entry.
func (ti *tableInfo) rowKeyOf(dst []byte, xi *indexInfo, key, value []byte) ([]byte, error) {
	dst = append(dst, ti.prefix...)
	if xi.x.Unique {
		return append(dst, value...), nil
	}
	rest := key[len(xi.prefix):]
	for k := range xi.x.Columns {
		c := &xi.x.Columns[k]
		var err error
		if rest, err = types.SkipKey(rest, c.Type.OID, c.Desc, c.NullsFirst); err != nil {
			return nil, err
		}
	}
	return append(dst, rest...), nil
}

// upper is the first key after all keys with the given prefix.
func upper(prefix []byte) []byte {
	out := append([]byte(nil), prefix...)
	for i := len(out) - 1; i >= 0; i-- {
		if out[i]++; out[i] != 0 {
			return out[:i+1]
		}
	}
	return nil
}

// describeKey formats the DETAIL of a unique or foreign-key violation: (a, b)=(1, 2).
func (ti *tableInfo) describeKey(x *execution, cols []catalog.IndexColumn, row []types.Datum) string {
	names, vals := "", ""
	for i := range cols {
		c := &cols[i]
		sep := ""
		if i > 0 {
			sep = ", "
		}
		if c.Slot >= 0 {
			names += sep + expr.QuoteIdent(ti.t.Columns[c.Slot].Name)
			vals += sep + x.text(ti.t.Columns[c.Slot].Type, row[c.Slot])
		} else {
			names += sep + c.Expr
			if k := ti.indexByColumns(cols); k != nil && k.keys[i] != nil {
				if d, err := k.keys[i].Eval(x.c, x.rowBatch(ti, row), 0); err == nil {
					vals += sep + x.text(c.Type, d)
				}
			}
		}
	}
	return "(" + names + ")=(" + vals + ")"
}

func (ti *tableInfo) indexByColumns(cols []catalog.IndexColumn) *indexInfo {
	for _, xi := range ti.indexes {
		if len(xi.x.Columns) == len(cols) && len(cols) > 0 && &xi.x.Columns[0] == &cols[0] {
			return xi
		}
	}
	return nil
}

// A table reserves hidden row numbers in blocks that grow from rowIDBlock to
// rowIDBlockMax.
const (
	rowIDBlock    = 1024
	rowIDBlockMax = 1 << 20
)

// corrupt words a broken invariant of the store.
func corrupt(format string, args ...any) error {
	return sqlerr.New(sqlerr.DataCorrupted, format, args...)
}

func putUint64(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }
func getUint64(b []byte) int64 {
	if len(b) != 8 {
		return 0
	}
	return int64(binary.BigEndian.Uint64(b))
}
