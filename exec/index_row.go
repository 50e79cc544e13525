package exec

import (
	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// The limits of an index row. PostgreSQL's are on what its index would hold, before it is
// compressed; ours is on the key in the store, which ends with the row's key and can be longer.
// Every engine takes a key of keyMax bytes, so no commit fails for a key that a statement took.
const (
	indexRowMax   = 2704 // a third of a page of PostgreSQL's B-tree
	indexTupleMax = 8191 // what a PostgreSQL index can say of a size
	keyMax        = 4000
	keyShort      = 2000 // up to here no row is too large
)

// checkIndexRow refuses a row that is too large for index i; key is its key there.
func (w *writer) checkIndexRow(i int, row []types.Datum, key []byte) error {
	if len(key) <= keyShort {
		return nil
	}
	size, err := w.indexRowSize(i, row)
	switch {
	case err != nil:
		return err
	case size > indexTupleMax:
		return sqlerr.New(sqlerr.ProgramLimitExceeded, "index row requires %d bytes, maximum size is %d", size, indexTupleMax)
	case size <= indexRowMax && len(key) <= keyMax:
		return nil
	case size <= indexRowMax:
		size = len(key) - catalog.PrefixLen
	}
	x := w.ti.t.Indexes[i]
	return w.tag(sqlerr.New(sqlerr.ProgramLimitExceeded, "index row size %d exceeds btree version 4 maximum %d for index %q", size, indexRowMax, x.Name).
		WithDetail("Index row references a tuple in relation %q.", w.ti.t.Name).
		WithHint("Values larger than 1/3 of a buffer page cannot be indexed.\nConsider a function index of an MD5 hash of the value, or use full text indexing."), x.Name, "")
}

// indexRowSize is what PostgreSQL's index would need for the row, uncompressed: a header, and the
// values, each aligned as its type is.
func (w *writer) indexRowSize(i int, row []types.Datum) (int, error) {
	const header, headerWithNulls, shortMax = 8, 16, 126
	align := func(n, to int) int { return (n + to - 1) / to * to }
	size, nulls := 0, false
	xi := w.ti.indexes[i]
	for k := range xi.x.Columns {
		c := &xi.x.Columns[k]
		var d types.Datum
		if c.Slot >= 0 {
			d = row[c.Slot]
		} else {
			var err error
			if d, err = xi.keys[k].Eval(w.x.c, w.x.rowBatch(w.ti, row), 0); err != nil {
				return 0, err
			}
		}
		if d.IsNull() {
			nulls = true
			continue
		}
		n := int(expr.ColumnSize(c.Type, d))
		in, _ := types.Lookup(c.Type.OID)
		switch {
		case in.Len < 0 && n <= shortMax+4: // with a header of one byte, which is not aligned
			size += n - 3
		case in.Align == 'd':
			size = align(size, 8) + n
		case in.Align == 's':
			size = align(size, 2) + n
		case in.Align == 'c' && in.Len > 0:
			size += n
		default:
			size = align(size, 4) + n
		}
	}
	if nulls {
		return align(headerWithNulls+size, 8), nil
	}
	return align(header+size, 8), nil
}
