package ssi

import (
	"strings"
	"sync/atomic"

	"github.com/minisql/minisql/mvcc"
)

// state of a node.
//
//	active ──Precommit──▶ committed ──▶ forgotten
//	   └──Abort─▶ gone
type state uint8

const (
	active state = iota
	committed
	gone
)

// Node is one serializable transaction. One goroutine uses it, up to Ended or Abort: then the node
// may become another transaction's. The graph's mutex guards it.
type Node struct {
	g     *Graph
	who   Party
	state state

	readOnly bool
	snap     mvcc.Timestamp // 0: not taken yet
	// The commit timestamp: from first to last is one number but for a summary of several
	// nodes. 0: not drawn.
	first, last mvcc.Timestamp
	drawn       atomic.Uint64 // that number before it is taken in; see Graph.enter
	applied     atomic.Uint64 // the Moment when the commit was in the engine; 0: not yet
	ended       bool          // it is published, or was aborted
	aborted     bool
	finished    *Node         // the next in Graph.finished
	published   chan struct{} // closed then; nil: nobody waits
	wrote       bool
	narrow      atomic.Bool // see Narrow
	doomed      *Failure    // why the node is going to fail
	observer    bool        // a transaction of a weaker level that is watched; see Observe

	in, out edges

	reads, writes             []*point
	readRanges, writtenRanges spans
	filtered                  []*span // ranges that were read with filters, in no order
	changes                   changes

	stmts   []statement // texts, for explanations
	running statement   // not among them yet; its goroutine's alone

	prev, next *Node // in the list of those that are active, or committed

	// Of a search: see Graph.search.
	searched int64  // Graph.commits at the last one
	visit    uint64 // the last one that came here
	came     *edge

	safety *safety // of a read-only node whose snapshot may be safe
}

type statement struct {
	number uint32
	text   string
}

// Party names a transaction in an explanation.
type Party struct {
	ID  uint64 // the transaction's number
	PID int32  // its session
}

// list links nodes.
type list struct {
	first, last *Node
	len         int
}

func (l *list) push(n *Node) {
	if n.prev, n.next = l.last, nil; l.last != nil {
		l.last.next = n
	} else {
		l.first = n
	}
	l.last = n
	l.len++
}

func (l *list) remove(n *Node) {
	if n.prev != nil {
		n.prev.next = n.next
	} else {
		l.first = n.next
	}
	if n.next != nil {
		n.next.prev = n.prev
	} else {
		l.last = n.prev
	}
	n.prev, n.next = nil, nil
	l.len--
}

// act locks the graph for an act of the transaction.
func (n *Node) act() *Graph {
	n.g.enter()
	if n.running.number != 0 {
		if len(n.stmts) == statementsMax {
			copy(n.stmts, n.stmts[1:])
			n.stmts = n.stmts[:statementsMax-1]
		}
		n.stmts = append(n.stmts, n.running)
		n.running = statement{}
	}
	return n.g
}

// statementBytes is how much of a statement's text is kept, and statementsMax how many.
const (
	statementBytes = 200
	statementsMax  = 64
)

// Statement notes the text of a statement that begins, for explanations.
func (n *Node) Statement(number uint32, text string) {
	if len(text) > statementBytes {
		text = strings.ToValidUTF8(text[:statementBytes], "") + "…"
	}
	n.running = statement{number, text}
}

// statement is the number of the running statement.
func (n *Node) statement() uint32 {
	if len(n.stmts) == 0 {
		return 0
	}
	return n.stmts[len(n.stmts)-1].number
}

// Kind is the kind of a dependency.
type Kind uint8

// The kinds, in the order in which one is preferred as explanation.
const (
	ReadWrite  Kind = iota // rw: the first read what the second overwrote
	WriteRead              // wr: the second read what the first wrote
	WriteWrite             // ww: the second overwrote what the first wrote
)

// String returns the kind's name in the literature.
func (k Kind) String() string { return [...]string{"rw", "wr", "ww"}[k] }

// edge says that from is before to in any serial order.
type edge struct {
	from, to *Node
	outAt    int // its place in from.out
	inAt     int // and in to.in
	evidence
	ww  bool      // there is a ww edge, too
	saw *evidence // there is a wr edge, too, though this is another kind
}

// evidence is the first that was found of a kind.
type evidence struct {
	kind     Kind
	key      string // the first bytes
	fromStmt uint32
	toStmt   uint32
}

const witnessBytes = 64

// edges are the edges of one node in one direction.
type edges struct {
	list []*edge
	by   map[*Node]*edge // by the other end, once the list is long
}

const edgesInList = 32

// edge returns the edge from a to b, or nil.
func (a *Node) edge(b *Node) *edge {
	switch {
	case a.out.by != nil:
		return a.out.by[b]
	case b.in.by != nil:
		return b.in.by[a]
	case len(a.out.list) <= len(b.in.list):
		for _, e := range a.out.list {
			if e.to == b {
				return e
			}
		}
	default:
		for _, e := range b.in.list {
			if e.from == a {
				return e
			}
		}
	}
	return nil
}

// add returns the edge's place.
func (s *edges) add(e *edge, end func(*edge) *Node) (at int) {
	s.list = append(s.list, e)
	if s.by != nil {
		s.by[end(e)] = e
	} else if len(s.list) > edgesInList {
		s.by = make(map[*Node]*edge, 2*edgesInList)
		for _, e := range s.list {
			s.by[end(e)] = e
		}
	}
	return len(s.list) - 1
}

// remove takes away the edge at a place, which becomes the last one's.
func (s *edges) remove(at int, end func(*edge) *Node) (moved *edge) {
	e, last := s.list[at], len(s.list)-1
	moved = s.list[last]
	s.list[at], s.list[last] = moved, nil
	s.list = s.list[:last]
	if s.by != nil {
		delete(s.by, end(e))
	}
	return moved
}

func from(e *edge) *Node { return e.from }
func to(e *edge) *Node   { return e.to }

// connect adds an edge unless there is one. stmtA and stmtB are the statements at its ends, as far as they
// are known.
func (g *Graph) connect(a, b *Node, kind Kind, key string, stmtA, stmtB uint32) {
	if a == b || a.state == gone || b.state == gone || (g.deaf != nil && g.deaf(kind)) {
		return
	}
	if e := a.edge(b); e != nil {
		e.ww = e.ww || kind == WriteWrite
		switch {
		case kind < e.kind:
			if e.kind == WriteRead {
				saw := e.evidence
				e.saw = &saw
			}
			e.evidence = evidence{kind, witness(key), stmtA, stmtB}
			g.news = true
		case kind == WriteRead && e.kind != WriteRead && e.saw == nil:
			e.saw = &evidence{kind, witness(key), stmtA, stmtB}
		}
		return
	}
	e := g.spare.edges.get()
	e.from, e.to, e.ww = a, b, kind == WriteWrite
	e.evidence = evidence{kind, witness(key), stmtA, stmtB}
	e.outAt, e.inAt = a.out.add(e, to), b.in.add(e, from)
	g.edges++
	g.news = true
}

// cut removes an edge.
func (g *Graph) cut(e *edge) {
	e.from.out.remove(e.outAt, to).outAt = e.outAt
	e.to.in.remove(e.inAt, from).inAt = e.inAt
	g.freed = g.freed || len(e.to.in.list) == 0 && e.to.state == committed
	g.edges--
	*e = edge{}
	g.spare.edges.put(e)
}

// unwrite takes back what an edge says of writes at its end; false: then nothing is left of it.
func (e *edge) unwrite() bool {
	e.ww = false
	if e.saw != nil {
		e.evidence, e.saw = *e.saw, nil
	}
	return e.kind == WriteRead
}

func witness(key string) string {
	if len(key) > witnessBytes {
		return strings.Clone(key[:witnessBytes])
	}
	return key
}

// disconnect removes all edges of n.
func (g *Graph) disconnect(n *Node) {
	for len(n.in.list) > 0 {
		g.cut(n.in.list[len(n.in.list)-1])
	}
	for len(n.out.list) > 0 {
		g.cut(n.out.list[len(n.out.list)-1])
	}
	n.in.by, n.out.by = nil, nil
}
