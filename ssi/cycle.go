package ssi

import "slices"

// searchMax bounds the edges of one search. Beyond, a cycle is assumed: by the structure test, any
// transaction with an edge in and an rw edge out may be on one.
const searchMax = 10_000

// closes is called after the acting transaction has got edges: it fails if it is doomed, or on a
// cycle with committed transactions.
func (g *Graph) closes(n *Node) error {
	if n.doomed != nil {
		return g.fail(n.doomed)
	}
	if cycle, _ := g.cycle(n, false); cycle != nil {
		n.doomed = failure(n, cycle)
		return g.fail(n.doomed)
	}
	return nil
}

func (g *Graph) fail(f *Failure) error {
	g.stats.Failures++
	return f
}

// cycle looks for a path from n back to n: through committed nodes only; or, with any, also
// through active ones that are not doomed, but only if there is none of the first kind. whole
// says that it is of the first kind.
func (g *Graph) cycle(n *Node, any bool) (path []*edge, whole bool) {
	if len(n.in.list) == 0 || len(n.out.list) == 0 {
		return nil, false
	}
	g.stats.Searches++
	if path, _ := g.search(n, false); path != nil {
		return path, true
	}
	if any {
		return g.search(n, true)
	}
	return nil, false
}

// search is breadth first, so that the cycle explained is a shortest one.
func (g *Graph) search(n *Node, any bool) (path []*edge, gaveUp bool) {
	came := map[*Node]*edge{}
	queue := []*Node{n}
	looked := 0
	defer func() { g.stats.Searched += int64(looked) }()
	for len(queue) > 0 {
		x := queue[0]
		queue = queue[1:]
		for _, e := range x.out.list {
			if looked++; looked > searchMax {
				return []*edge{n.in.list[0], n.out.list[0]}, true
			}
			if e.to == n {
				path = append(path, e)
				for at := x; at != n; at = came[at].from {
					path = append(path, came[at])
				}
				slices.Reverse(path)
				return path, false
			}
			if came[e.to] != nil || e.to.doomed != nil || (e.to.state != committed && !any) {
				continue
			}
			came[e.to] = e
			queue = append(queue, e.to)
		}
	}
	return nil, false
}
