package exec

import (
	"math"
	"strconv"
	"strings"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
	"github.com/minisql/minisql/types"
)

func (d *ddl) newSequence(schema catalog.ID, name string, q *catalog.Sequence) (*catalog.Table, error) {
	t, err := d.newTable(schema, name)
	if err != nil {
		return nil, err
	}
	t.Kind, t.Sequence = catalog.KindSequence, q
	t.Columns = []catalog.Column{
		{Name: "last_value", Type: types.Int8OID.Type(), NotNull: true},
		{Name: "log_cnt", Type: types.Int8OID.Type(), NotNull: true},
		{Name: "is_called", Type: types.BoolOID.Type(), NotNull: true},
	}
	return t, nil
}

// sequenceOptions applies options to q; with create, what is not given gets its default.
func sequenceOptions(q *catalog.Sequence, opts []parser.SeqOption, create bool) error {
	if q.Type.OID == 0 {
		q.Type = types.Int8OID.Type()
	}
	seen := make(map[parser.SeqOptionKind]bool)
	num := func(o parser.SeqOption) (int64, error) {
		v, err := strconv.ParseInt(o.Value, 10, 64)
		if err != nil {
			return 0, sqlerr.New(sqlerr.NumericValueOutOfRange, "value %q is out of range for type bigint", o.Value).At(o.Pos)
		}
		return v, nil
	}
	var err error
	minSet, maxSet, startSet := false, false, false
	if create {
		q.Increment, q.Cache = 1, 1
	}
	for _, o := range opts {
		if seen[o.Kind] {
			return sqlerr.New(sqlerr.SyntaxError, "conflicting or redundant options").At(o.Pos)
		}
		seen[o.Kind] = true
		if o.Kind == parser.SeqAs {
			t, err := planner.ResolveType(&o.Type)
			if err != nil {
				return err
			}
			switch t.OID {
			case types.Int2OID, types.Int4OID, types.Int8OID:
				q.Type = t
			default:
				return sqlerr.New(sqlerr.InvalidParameterValue, "sequence type must be smallint, integer, or bigint")
			}
		}
	}
	for _, o := range opts {
		switch o.Kind {
		case parser.SeqIncrement:
			if q.Increment, err = num(o); err != nil {
				return err
			}
			if q.Increment == 0 {
				return sqlerr.New(sqlerr.InvalidParameterValue, "INCREMENT must not be zero")
			}
		case parser.SeqCycle:
			q.Cycle = !o.No
		case parser.SeqCache:
			if q.Cache, err = num(o); err != nil {
				return err
			}
			if q.Cache <= 0 {
				return sqlerr.New(sqlerr.InvalidParameterValue, "CACHE (%d) must be greater than zero", q.Cache)
			}
		case parser.SeqMinValue:
			if !o.No {
				minSet = true
				if q.Min, err = num(o); err != nil {
					return err
				}
			} else if !create {
				q.Min = 0
				seen[parser.SeqMinValue] = false
			}
		case parser.SeqMaxValue:
			if !o.No {
				maxSet = true
				if q.Max, err = num(o); err != nil {
					return err
				}
			}
		case parser.SeqStart:
			startSet = true
			if q.Start, err = num(o); err != nil {
				return err
			}
		}
	}
	lo, hi := int64(math.MinInt64), int64(math.MaxInt64)
	switch q.Type.OID {
	case types.Int2OID:
		lo, hi = math.MinInt16, math.MaxInt16
	case types.Int4OID:
		lo, hi = math.MinInt32, math.MaxInt32
	}
	if !maxSet && (create || seen[parser.SeqAs]) {
		if q.Max = hi; q.Increment < 0 {
			q.Max = -1
		}
	}
	if !minSet && (create || seen[parser.SeqAs]) {
		if q.Min = 1; q.Increment < 0 {
			q.Min = lo
		}
	}
	switch {
	case q.Max > hi || q.Max < lo:
		return sqlerr.New(sqlerr.InvalidParameterValue, "MAXVALUE (%d) is out of range for sequence data type %s", q.Max, q.Type)
	case q.Min < lo || q.Min > hi:
		return sqlerr.New(sqlerr.InvalidParameterValue, "MINVALUE (%d) is out of range for sequence data type %s", q.Min, q.Type)
	case q.Min >= q.Max:
		return sqlerr.New(sqlerr.InvalidParameterValue, "MINVALUE (%d) must be less than MAXVALUE (%d)", q.Min, q.Max)
	}
	if create && !startSet {
		if q.Start = q.Min; q.Increment < 0 {
			q.Start = q.Max
		}
	}
	if q.Start < q.Min {
		return sqlerr.New(sqlerr.InvalidParameterValue, "START value (%d) cannot be less than MINVALUE (%d)", q.Start, q.Min)
	}
	if q.Start > q.Max {
		return sqlerr.New(sqlerr.InvalidParameterValue, "START value (%d) cannot be greater than MAXVALUE (%d)", q.Start, q.Max)
	}
	return nil
}

func (d *ddl) createSequence(n *parser.CreateSequenceStmt) error {
	if n.Persistence != parser.Permanent {
		return sqlerr.Unsupported("CREATE TEMPORARY SEQUENCE").At(n.Pos)
	}
	sc, err := d.creationSchema(n.Name)
	if err != nil {
		return err
	}
	if err := d.lockName(sc.ID, n.Name.Name); err != nil {
		return err
	}
	if d.cat.RelationExists(sc.ID, n.Name.Name) {
		if n.IfNotExists {
			d.s.notice("NOTICE", sqlerr.New(sqlerr.DuplicateTable, "relation %q already exists, skipping", n.Name.Name))
			return nil
		}
		return duplicateRelation(n.Name.Name)
	}
	q := &catalog.Sequence{}
	if err := sequenceOptions(q, n.Options, true); err != nil {
		return err
	}
	if err := d.ownedBy(q, n.Options); err != nil {
		return err
	}
	t, err := d.newSequence(sc.ID, n.Name.Name, q)
	if err != nil {
		return err
	}
	return d.put(t)
}

// ownedBy applies OWNED BY.
func (d *ddl) ownedBy(q *catalog.Sequence, opts []parser.SeqOption) error {
	for _, o := range opts {
		if o.Kind != parser.SeqOwnedBy {
			continue
		}
		if len(o.Owner) == 1 && strings.EqualFold(o.Owner[0], "none") {
			q.OwnerTable, q.OwnerSlot = 0, 0
			continue
		}
		if len(o.Owner) < 2 {
			return sqlerr.New(sqlerr.SyntaxError, "invalid OWNED BY option").WithHint("Specify OWNED BY table.column or OWNED BY NONE.").At(o.Pos)
		}
		name := parser.QName{Pos: o.Pos, Name: o.Owner[len(o.Owner)-2]}
		if len(o.Owner) > 2 {
			name.Schema = o.Owner[len(o.Owner)-3]
		}
		t, err := d.lookup(name, txn.AccessShare)
		if err != nil {
			return err
		}
		slot, ok := t.ColumnSlot(o.Owner[len(o.Owner)-1])
		if !ok {
			return undefinedColumn(t, o.Owner[len(o.Owner)-1])
		}
		q.OwnerTable, q.OwnerSlot = t.ID, slot
	}
	return nil
}

func (d *ddl) alterSequence(n *parser.AlterSequenceStmt) error {
	t, err := d.lookup(n.Name, txn.ShareRowExclusive)
	if err != nil {
		if n.IfExists && sqlerr.CodeOf(err) == sqlerr.UndefinedTable {
			d.s.notice("NOTICE", sqlerr.New(sqlerr.UndefinedTable, "relation %q does not exist, skipping", n.Name.String()))
			return nil
		}
		return err
	}
	if err := isSequence(t); err != nil {
		return err
	}
	return d.changeSequence(t, n.Options)
}

func (d *ddl) changeSequence(t *catalog.Table, opts []parser.SeqOption) error {
	if t == nil {
		return sqlerr.New(sqlerr.Internal, "the column has no sequence")
	}
	t = t.Clone()
	if err := sequenceOptions(t.Sequence, opts, false); err != nil {
		return err
	}
	if err := d.ownedBy(t.Sequence, opts); err != nil {
		return err
	}
	for _, o := range opts {
		if o.Kind != parser.SeqRestart {
			continue
		}
		v := t.Sequence.Start
		if o.Value != "" {
			var err error
			if v, err = strconv.ParseInt(o.Value, 10, 64); err != nil {
				return sqlerr.New(sqlerr.NumericValueOutOfRange, "value %q is out of range for type bigint", o.Value).At(o.Pos)
			}
		}
		if v < t.Sequence.Min {
			return sqlerr.New(sqlerr.InvalidParameterValue, "RESTART value (%d) cannot be less than MINVALUE (%d)", v, t.Sequence.Min)
		}
		if v > t.Sequence.Max {
			return sqlerr.New(sqlerr.InvalidParameterValue, "RESTART value (%d) cannot be greater than MAXVALUE (%d)", v, t.Sequence.Max)
		}
		d.restart(t, v)
	}
	return d.put(t)
}

// restart sets a sequence back when the transaction commits.
func (d *ddl) restart(t *catalog.Table, v int64) {
	q := d.s.db.sequence(t.ID)
	srv := d.s.srv
	d.s.txn.OnEnd(func(committed bool) {
		if committed {
			if err := q.set(v, false); err != nil {
				srv.logf("restart of sequence %s: %v", t.Name, err)
			}
		}
	})
}
