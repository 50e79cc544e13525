package ssi

import (
	"fmt"
	"strings"
)

// Failure says that a transaction cannot be serialized: the cycle that it is on, or would
// be if it committed. The first step leads from the victim.
type Failure struct {
	Victim Party
	Cycle  []Step

	graph *Graph
	nodes []*Node // of the cycle; they may have become other transactions'
}

// Settle returns once every commit of the cycle is published, or has failed: who begins again before
// that has a snapshot without them, and meets them again.
func (f *Failure) Settle() {
	for i, n := range f.nodes {
		if published := f.graph.publication(n, f.Cycle[i].From.ID); published != nil {
			<-published
		}
	}
}

// Step is one edge of a cycle: From is before To in any serial order.
type Step struct {
	From, To Side
	Kind     Kind
	Key      []byte // the first bytes of it
	Phantom  bool   // rw: To added the key, so From cannot have seen it as a row: it read where it was not
	Both     bool   // To has overwritten something of From's, whatever the kind
}

// Side is one end of a step.
type Side struct {
	Party
	Committed bool
	Statement uint32 // its number in the transaction; 0: not known
	Text      string // "": not known
}

func (f *Failure) Error() string {
	var b strings.Builder
	b.WriteString("ssi: not serializable:")
	for _, s := range f.Cycle {
		fmt.Fprintf(&b, " %d -%s-> %d", s.From.ID, s.Kind, s.To.ID)
	}
	return b.String()
}

func failure(victim *Node, cycle []*edge) *Failure {
	f := &Failure{Victim: victim.who, graph: victim.g}
	start := 0
	for i, e := range cycle {
		if e.from == victim {
			start = i
		}
	}
	for i := range cycle {
		e := cycle[(start+i)%len(cycle)]
		f.nodes = append(f.nodes, e.from)
		f.Cycle = append(f.Cycle, Step{
			From: e.from.side(e.fromStmt), To: e.to.side(e.toStmt), Kind: e.kind, Key: []byte(e.key), Both: e.ww,
			Phantom: e.kind == ReadWrite && e.to.added(e.key),
		})
	}
	return f
}

// added reports whether the node put a row where there was none, at the key with this witness.
func (n *Node) added(witness string) (yes bool) {
	n.g.written.AscendGreaterOrEqual(&point{key: witness}, func(p *point) bool {
		if p.key != witness && (len(witness) < witnessBytes || !strings.HasPrefix(p.key, witness)) {
			return false
		}
		for _, w := range p.writers {
			yes = yes || w.n == n && w.adds
		}
		return !yes
	})
	return yes
}

func (n *Node) side(stmt uint32) Side {
	s := Side{Party: n.who, Committed: n.state == committed, Statement: stmt}
	for _, x := range n.stmts {
		if x.number == stmt {
			s.Text = x.text
		}
	}
	return s
}
