package expr

import (
	"github.com/minisql/minisql/types"
	"github.com/minisql/minisql/types/vec"
)

// fold is an aggregate as three functions over the state S of one group, whose
// zero value is the state of a group without rows.
type fold[S any] struct {
	// add takes the arguments of one row, none of them NULL unless nulls is set.
	// It clones what it keeps.
	add func(s *S, args []types.Datum) error
	// column, if set, is add for many rows: row i goes to states[groups[i]], or to
	// states[0] if groups is nil. It sees NULLs and skips them.
	column func(states []S, groups []int32, args []*vec.Vec, n int) error
	// result may be asked for more than once.
	result func(s *S) (types.Datum, error)
	nulls  bool
}

// defAgg registers an aggregate under a signature: defAgg("sum(int4) int8", …).
func defAgg[S any](sig string, f fold[S]) *Agg {
	s := signature(sig)
	if f.column == nil {
		f.column = f.rows
	}
	a := &Agg{Name: s.Name, Args: s.Args, Ret: s.Ret, Nulls: f.nulls,
		New:    func(*AggCall) AggState { return &foldState[S]{fold: &f} },
		NewVec: func(*AggCall) Accumulator { return &foldColumn[S]{fold: &f} },
	}
	registerAgg(a)
	return a
}

// rows is the column form of add.
func (f *fold[S]) rows(states []S, groups []int32, args []*vec.Vec, n int) error {
	var buf [4]types.Datum
	row := buf[:len(args)]
next:
	for i := range n {
		for k, a := range args {
			if !f.nulls && a.IsNull(i) {
				continue next
			}
			row[k] = a.View(i)
		}
		g := int32(0)
		if groups != nil {
			g = groups[i]
		}
		if err := f.add(&states[g], row); err != nil {
			return err
		}
	}
	return nil
}

type foldState[S any] struct {
	*fold[S]
	state S
}

func (s *foldState[S]) Add(_ *Ctx, args []types.Datum) error { return s.add(&s.state, args) }

func (s *foldState[S]) Result(*Ctx) (types.Datum, error) { return s.result(&s.state) }

type foldColumn[S any] struct {
	*fold[S]
	states []S
}

func (a *foldColumn[S]) Grow(n int) {
	if n <= cap(a.states) {
		a.states = a.states[:max(n, len(a.states))]
		return
	}
	states := make([]S, n, max(n, 2*cap(a.states)))
	copy(states, a.states)
	a.states = states
}

func (a *foldColumn[S]) Add(groups []int32, args []*vec.Vec, n int) error {
	if len(a.states) == 0 {
		a.Grow(1)
	}
	return a.column(a.states, groups, args, n)
}

// A group that no row was added to may lie beyond the states.
func (a *foldColumn[S]) Result(_ *Ctx, group int) (types.Datum, error) {
	if group >= len(a.states) {
		var none S
		return a.result(&none)
	}
	return a.result(&a.states[group])
}

func (a *foldColumn[S]) Reset() {
	clear(a.states)
	a.states = a.states[:0]
}
