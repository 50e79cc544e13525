package ssi

import "slices"

// searchMax bounds the edges of one search. Beyond, a cycle is assumed: by the structure test, any
// transaction with an edge in and an rw edge out may be on one.
const searchMax = 10_000

// closes is called after an act: it fails if the transaction is doomed, or has got edges that close a cycle with
// committed transactions.
func (g *Graph) closes(n *Node) error {
	news := g.news
	g.news = false
	if n.observer {
		return nil
	}
	if n.doomed != nil {
		return g.fail(n.doomed)
	}
	if !news && n.searched == g.commits {
		return nil // as at the last search
	}
	if cycle, fails := g.cycle(n); fails {
		n.doomed = failure(n, cycle)
		return g.fail(n.doomed)
	}
	return nil
}

func (g *Graph) fail(f *Failure) error {
	g.stats.Failures++
	return f
}

// cycle looks for a path from n back to n through nodes that are not doomed. fails says that it is
// n who has to fail: all others have committed, or n is the pivot, read from and overwritten
// by one that has committed. Else others on the path are active, and n may go on.
func (g *Graph) cycle(n *Node) (path []*edge, fails bool) {
	n.searched = g.commits
	if len(n.in.list) == 0 || len(n.out.list) == 0 {
		return nil, false
	}
	g.stats.Searches++
	path, gaveUp := g.search(n, throughAll)
	if path == nil || gaveUp {
		return path, gaveUp
	}
	if path, _ := g.search(n, throughCommitted); path != nil {
		return path, true
	}
	if pivot, _ := g.search(n, asPivot); pivot != nil { // perhaps not the shortest
		return pivot, true
	}
	return path, false
}

// which cycles a search looks for
type which uint8

const (
	throughAll       which = iota
	throughCommitted       // nodes only
	throughObserved        // likewise, and observers are nodes like others
	// asPivot: the first node is between two rw edges, of which the one out leads to a
	// committed node: PostgreSQL's choice of victim while the reader is still active.
	asPivot
)

// search is breadth first, so that the cycle explained is a shortest one.
func (g *Graph) search(n *Node, cycles which) (path []*edge, gaveUp bool) {
	g.visits++
	g.queue = append(g.queue[:0], n)
	looked := 0
	defer func() { g.stats.Searched += int64(looked) }()
	for next := 0; next < len(g.queue); next++ {
		x := g.queue[next]
		for _, e := range x.out.list {
			if looked++; looked > searchMax {
				return []*edge{n.in.list[0], n.out.list[0]}, true
			}
			if cycles == asPivot && (x == n && (e.kind != ReadWrite || e.to.state != committed) || e.to == n && e.kind != ReadWrite) {
				continue
			}
			y := e.to
			if y == n {
				path = append(path, e)
				for at := x; at != n; at = at.came.from {
					path = append(path, at.came)
				}
				slices.Reverse(path)
				return path, false
			}
			if y.visit == g.visits || y.doomed != nil || (y.observer && cycles != throughObserved) || (y.state != committed && (cycles == throughCommitted || cycles == throughObserved)) {
				continue
			}
			y.visit, y.came = g.visits, e
			if len(y.out.list) > 0 {
				g.queue = append(g.queue, y)
			}
		}
	}
	return nil, false
}
