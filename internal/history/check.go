package history

import (
	"fmt"
	"slices"
	"strings"
)

// Kind is the kind of an edge.
type Kind uint8

// The kinds.
const (
	WW Kind = 1 << iota
	WR
	RW
)

// Found is what a history shows.
type Found struct {
	Committed, Aborted, Unknown int
	G0, G1a, G1c, GSingle, G2   []string // one line each: the cycle, or what was seen
}

// Anomalies counts all of them.
func (f *Found) Anomalies() int {
	return len(f.G0) + len(f.G1a) + len(f.G1c) + len(f.GSingle) + len(f.G2)
}

// Check looks for anomalies.
func (h *History) Check() *Found {
	f := &Found{}
	seen := map[int]bool{} // whose writes are there
	for _, list := range h.Lists {
		for _, id := range list {
			seen[id] = true
		}
	}
	for _, group := range h.Groups {
		for _, id := range group {
			seen[id] = true
		}
	}
	ok := make([]bool, len(h.Txns)+1)
	for _, t := range h.Txns {
		if t == nil {
			continue
		}
		switch t.Outcome {
		case Committed:
			f.Committed++
			ok[t.ID] = true
		case Unknown:
			f.Unknown++
			ok[t.ID] = seen[t.ID]
		default:
			f.Aborted++
			if seen[t.ID] {
				f.G1a = append(f.G1a, fmt.Sprintf("the writes of %d, which was rolled back, are there", t.ID))
			}
		}
	}
	g := graph{edges: make([]map[int]Kind, len(h.Txns)+1), ok: ok}
	h.connect(&g, f)
	g.cycles(f)
	return f
}

// connect infers the edges.
func (h *History) connect(g *graph, f *Found) {
	at := map[int]map[int]int{} // key, transaction: place in the list
	for k, list := range h.Lists {
		at[k] = map[int]int{}
		for i, id := range list {
			at[k][id] = i
			if i > 0 {
				g.add(list[i-1], id, WW)
			}
		}
	}
	inserted := map[int][]int{} // by group
	for _, t := range h.Txns {
		if t == nil || !g.ok[t.ID] {
			continue
		}
		for _, k := range t.Inserts {
			inserted[k] = append(inserted[k], t.ID)
		}
	}
	for _, t := range h.Txns {
		if t == nil || !g.ok[t.ID] {
			continue
		}
		for _, k := range t.Appends {
			if _, there := at[k][t.ID]; !there {
				f.G1a = append(f.G1a, fmt.Sprintf("the append of %d to list %d was committed and is lost", t.ID, k))
			}
		}
		for k, list := range t.Lists {
			final := h.Lists[k]
			if len(list) > len(final) {
				f.G1a = append(f.G1a, fmt.Sprintf("%d read more of list %d than there is", t.ID, k))
				continue
			}
			for i, id := range list {
				if final[i] != id {
					f.G1a = append(f.G1a, fmt.Sprintf("%d read %d in list %d, where %d is", t.ID, id, k, final[i]))
					break
				}
			}
			if n := len(list); n > 0 {
				g.add(list[n-1], t.ID, WR)
			}
			if len(list) < len(final) {
				g.add(t.ID, final[len(list)], RW)
			}
		}
		for k, group := range t.Groups {
			found := map[int]bool{}
			for _, id := range group {
				found[id] = true
				if id > 0 && id < len(g.ok) && !g.ok[id] {
					f.G1a = append(f.G1a, fmt.Sprintf("%d found the row of %d, which was rolled back", t.ID, id))
				}
				g.add(id, t.ID, WR)
			}
			for _, id := range inserted[k] {
				if !found[id] {
					g.add(t.ID, id, RW)
				}
			}
		}
	}
}

type graph struct {
	edges []map[int]Kind // by transaction
	ok    []bool
}

func (g *graph) add(a, b int, k Kind) {
	if a == b || a >= len(g.ok) || b >= len(g.ok) || !g.ok[a] || !g.ok[b] {
		return
	}
	if g.edges[a] == nil {
		g.edges[a] = map[int]Kind{}
	}
	g.edges[a][b] |= k
}

// cyclesMax is how many cycles of a kind are described.
const cyclesMax = 20

// cycles finds out which kinds of cycles there are: a kind is only looked for among those who are
// on one of its edges, so that what is not found is not there.
func (g *graph) cycles(f *Found) {
	for id, in := range g.components(WW) {
		if in && len(f.G0) < cyclesMax {
			f.G0 = append(f.G0, g.describe(g.path(id, id, WW)))
		}
	}
	for id, in := range g.components(WW | WR) {
		if in && len(f.G0) == 0 && len(f.G1c) < cyclesMax {
			f.G1c = append(f.G1c, g.describe(g.path(id, id, WW|WR)))
		}
	}
	in := g.components(WW | WR | RW)
	for a := range in {
		for b, k := range g.edges[a] {
			if !in[a] || !in[b] || k != RW || len(f.GSingle) == cyclesMax {
				continue
			}
			if path := g.path(b, a, WW|WR); path != nil {
				f.GSingle = append(f.GSingle, g.describe(append([]int{a}, path...)))
			}
		}
	}
	for id := range in {
		if in[id] && len(f.G2) < cyclesMax {
			path := g.path(id, id, WW|WR|RW)
			rw := 0
			for i := range path {
				if g.edges[path[i]][path[(i+1)%len(path)]] == RW {
					rw++
				}
			}
			if rw > 1 {
				f.G2 = append(f.G2, g.describe(path))
			}
		}
	}
}

// path finds a shortest way from a to b by edges of the given kinds: b is not in it; nil if
// there is none.
func (g *graph) path(a, b int, kinds Kind) []int {
	came := map[int]int{}
	queue := []int{a}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for to, k := range g.edges[at] {
			if k&kinds == 0 {
				continue
			}
			if to == b {
				path := []int{at}
				for at != a {
					at = came[at]
					path = append(path, at)
				}
				slices.Reverse(path)
				return path
			}
			if _, ok := came[to]; !ok && to != a {
				came[to] = at
				queue = append(queue, to)
			}
		}
	}
	return nil
}

func (g *graph) describe(path []int) string {
	var b strings.Builder
	for i, id := range path {
		k := g.edges[id][path[(i+1)%len(path)]]
		name := "rw"
		switch {
		case k&WW != 0:
			name = "ww"
		case k&WR != 0:
			name = "wr"
		}
		fmt.Fprintf(&b, "%d -%s-> ", id, name)
	}
	fmt.Fprint(&b, path[0])
	return b.String()
}

// components marks who is in a strongly connected component of more than one, by edges of the given
// kinds (Tarjan 1972, without recursion).
func (g *graph) components(kinds Kind) []bool {
	n := len(g.ok)
	in := make([]bool, n)
	index, low, onStack := make([]int, n), make([]int, n), make([]bool, n)
	var stack []int
	next := 1
	type frame struct {
		id   int
		todo []int
	}
	for root := 1; root < n; root++ {
		if index[root] != 0 {
			continue
		}
		var calls []frame
		enter := func(id int) {
			index[id], low[id] = next, next
			next++
			stack, onStack[id] = append(stack, id), true
			todo := make([]int, 0, len(g.edges[id]))
			for to, k := range g.edges[id] {
				if k&kinds != 0 {
					todo = append(todo, to)
				}
			}
			calls = append(calls, frame{id, todo})
		}
		enter(root)
		for len(calls) > 0 {
			c := &calls[len(calls)-1]
			if len(c.todo) > 0 {
				to := c.todo[0]
				c.todo = c.todo[1:]
				if index[to] == 0 {
					enter(to)
				} else if onStack[to] {
					low[c.id] = min(low[c.id], index[to])
				}
				continue
			}
			id := c.id
			calls = calls[:len(calls)-1]
			if len(calls) > 0 {
				p := calls[len(calls)-1].id
				low[p] = min(low[p], low[id])
			}
			if low[id] != index[id] {
				continue
			}
			size := 0
			for i := len(stack) - 1; ; i-- {
				size++
				if stack[i] == id {
					break
				}
			}
			for _, x := range stack[len(stack)-size:] {
				onStack[x] = false
				in[x] = size > 1
			}
			stack = stack[:len(stack)-size]
		}
	}
	return in
}
