package planner

// Methods is a set of ways to do something. Those in Env.Off are used only where there is
// no other way, as the enable_… settings of PostgreSQL have it.
type Methods uint16

// The methods that have a setting.
const (
	SeqScans Methods = 1 << iota
	IndexScans
	IndexOnlyScans
	HashJoins
	MergeJoins
	NestLoops
	Materials
	Sorts
	HashAggs
)

// disableCost is what a method costs, beside its work, that is turned off.
const disableCost = 1e10

func (b *builder) off(m Methods) bool { return b.r.env.Off&m != 0 }

// penalty is disableCost if a method is turned off.
func (b *builder) penalty(m Methods) float64 {
	if b.off(m) {
		return disableCost
	}
	return 0
}
