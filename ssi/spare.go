package ssi

// spare has what transactions have left behind and others use again. In the steady state the graph
// allocates nothing but keys.
type spare struct {
	nodes  pool[Node]
	edges  pool[edge]
	points pool[point]
	spans  pool[span]
}

// pool is a stack of things that are as new.
type pool[T any] struct{ free []*T }

const poolMax = 1024

func (p *pool[T]) get() *T {
	last := len(p.free) - 1
	if last < 0 {
		return new(T)
	}
	x := p.free[last]
	p.free = p.free[:last]
	return x
}

func (p *pool[T]) put(x *T) {
	if len(p.free) < poolMax {
		p.free = append(p.free, x)
	}
}

// retainedMax bounds the lists of something spare.
const retainedMax = 64

// retain empties a list that is to be filled again.
func retain[T any](list []T) []T {
	clear(list)
	if cap(list) > retainedMax {
		return nil
	}
	return list[:0]
}

// retire is called when a node is out of the graph, and its transaction has ended. Those whose snapshots turn
// out safe or not are looked at even then.
func (g *Graph) retire(n *Node) {
	n.state = gone
	if n.observer {
		g.observers--
	}
	if n.safety != nil {
		return
	}
	*n = Node{
		g: g, state: gone,
		in:    edges{list: retain(n.in.list)},
		out:   edges{list: retain(n.out.list)},
		reads: retain(n.reads), writes: retain(n.writes),
		readRanges: retain(n.readRanges), writtenRanges: retain(n.writtenRanges), filtered: retain(n.filtered),
		changes: changes{retain(n.changes.list), n.changes.rows[:0]},
		stmts:   retain(n.stmts),
	}
	g.spare.nodes.put(n)
}
