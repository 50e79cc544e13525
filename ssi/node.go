package ssi

import (
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

// Node is one serializable transaction. One goroutine uses it; the graph's mutex guards it.
type Node struct {
	g     *Graph
	who   Party
	state state

	readOnly bool
	snap     mvcc.Timestamp // 0: not taken yet
	// The commit timestamp: from first to last is one number but for a summary of several
	// nodes. 0: not drawn.
	first, last mvcc.Timestamp
	applied     Moment        // when the commit was in the engine; 0: not yet
	ended       bool          // it is published, or was aborted
	published   chan struct{} // closed then; nil: nobody waits
	wrote       bool
	doomed      *Failure // why the node is going to fail
	observer    bool     // a transaction of a weaker level that is watched; see Observe
	anomaly     *Failure // of an observer: the cycle that its commit closed

	in, out edges

	reads, writes             []*point
	readRanges, writtenRanges spans
	filtered                  []*span // ranges that were read with filters, in no order

	stmts []statement // texts, for explanations
	next  *Node       // in the list of nodes that are committed

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
	evidence
	ww  bool      // there is a ww edge, too
	saw *evidence // there is a wr edge, too, though this is another kind
}

// evidence is the first that was found of a kind.
type evidence struct {
	kind     Kind
	key      []byte // the first bytes
	fromStmt uint32
	toStmt   uint32
}

const witnessBytes = 64

// edges are the edges of one node in one direction, by the other end.
type edges struct {
	list []*edge
	by   map[*Node]*edge // once the list is long
}

const edgesInList = 12

func (s *edges) find(to *Node, end func(*edge) *Node) *edge {
	if s.by != nil {
		return s.by[to]
	}
	for _, e := range s.list {
		if end(e) == to {
			return e
		}
	}
	return nil
}

func (s *edges) add(e *edge, end func(*edge) *Node) {
	s.list = append(s.list, e)
	if s.by != nil {
		s.by[end(e)] = e
	} else if len(s.list) > edgesInList {
		s.by = make(map[*Node]*edge, 2*edgesInList)
		for _, e := range s.list {
			s.by[end(e)] = e
		}
	}
}

func (s *edges) remove(e *edge, end func(*edge) *Node) {
	for i, x := range s.list {
		if x == e {
			last := len(s.list) - 1
			s.list[i], s.list[last] = s.list[last], nil
			s.list = s.list[:last]
			break
		}
	}
	if s.by != nil {
		delete(s.by, end(e))
	}
}

func from(e *edge) *Node { return e.from }
func to(e *edge) *Node   { return e.to }

// connect adds an edge unless there is one. acting and other are statements of the acting
// transaction and of the other end, as far as they are known.
func (g *Graph) connect(a, b *Node, kind Kind, key []byte, stmtA, stmtB uint32) {
	if a == b || a.state == gone || b.state == gone || (g.deaf != nil && g.deaf(kind)) {
		return
	}
	if e := a.out.find(b, to); e != nil {
		e.ww = e.ww || kind == WriteWrite
		switch {
		case kind < e.kind:
			if e.kind == WriteRead {
				saw := e.evidence
				e.saw = &saw
			}
			e.evidence = evidence{kind, witness(key), stmtA, stmtB}
		case kind == WriteRead && e.kind != WriteRead && e.saw == nil:
			e.saw = &evidence{kind, witness(key), stmtA, stmtB}
		}
		return
	}
	e := &edge{from: a, to: b, evidence: evidence{kind, witness(key), stmtA, stmtB}, ww: kind == WriteWrite}
	a.out.add(e, to)
	b.in.add(e, from)
	g.edges++
}

// unwrite takes back what an edge says of writes at its end; false: then nothing is left of it.
func (e *edge) unwrite() bool {
	e.ww = false
	if e.saw != nil {
		e.evidence, e.saw = *e.saw, nil
	}
	return e.kind == WriteRead
}

func witness(key []byte) []byte {
	return append([]byte(nil), key[:min(len(key), witnessBytes)]...)
}

// disconnect removes all edges of n, and returns those to which edges led.
func (g *Graph) disconnect(n *Node) {
	for _, e := range n.in.list {
		e.from.out.remove(e, to)
	}
	for _, e := range n.out.list {
		e.to.in.remove(e, from)
	}
	g.edges -= len(n.in.list) + len(n.out.list)
	n.in, n.out = edges{}, edges{}
}
