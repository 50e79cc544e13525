package expr

import "github.com/minisql/minisql/types"

// constSet answers IN over constants by hashing. It is made with the
// expression and never changes.
type constSet struct {
	oid     types.OID
	ints    map[int64]struct{}
	texts   map[string]struct{}
	hasNull bool
}

// inSetMin is the number of items from which a set pays.
const inSetMin = 8

// newConstSet returns a set of the items, or nil if they are not all constants
// of a type whose equality is that of integers or bytes.
func newConstSet(oid types.OID, items []Expr) *constSet {
	if len(items) < inSetMin || oid == types.BpcharOID {
		return nil
	}
	s := &constSet{oid: oid}
	switch types.PhysOf(oid) {
	case types.PhysInt:
		s.ints = make(map[int64]struct{}, len(items))
	case types.PhysBytes:
		s.texts = make(map[string]struct{}, len(items))
	default:
		return nil
	}
	for _, it := range items {
		k, ok := it.(*Const)
		switch {
		case !ok || types.PhysOf(k.Typ.OID) != types.PhysOf(oid):
			return nil
		case k.Value.IsNull():
			s.hasNull = true
		case s.ints != nil:
			s.ints[k.Value.Int()] = struct{}{}
		default:
			s.texts[k.Value.Text()] = struct{}{}
		}
	}
	return s
}

func (s *constSet) lookup(d types.Datum, not bool) types.Datum {
	var found bool
	if s.ints != nil {
		_, found = s.ints[d.Int()]
	} else {
		_, found = s.texts[d.Text()]
	}
	switch {
	case found:
		return types.NewBool(!not)
	case s.hasNull:
		return types.Null
	}
	return types.NewBool(not)
}

// NewInList makes arg [NOT] IN (items), where cmp compares the argument with an item.
func NewInList(arg Expr, items []Expr, cmp *Func, not bool, pos int) *InList {
	l := &InList{Arg: arg, Items: items, Cmp: cmp, Not: not, Pos: pos}
	// Dates and timestamps compare with each other, but not by their numbers.
	a, b := arg.Type().OID, items[0].Type().OID
	if a == b || types.PhysOf(a) == types.PhysOf(b) && types.Category(a) == types.Category(b) && types.Category(a) != 'D' {
		l.set = newConstSet(arg.Type().OID, items)
	}
	return l
}
