package anomaly

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// The drawing of a graph: sessions on a circle, in pixels.
const (
	graphRadius = 70.0
	nodeRadius  = 20.0
	graphWidth  = 300.0
	graphHeight = 220.0
	edgeBend    = 30.0 // how far an edge bows out, so that two between the same nodes part
)

type point struct{ x, y float64 }

func (p point) toward(q point, length float64) point {
	d := math.Hypot(q.x-p.x, q.y-p.y)
	return point{p.x + (q.x-p.x)*length/d, p.y + (q.y-p.y)*length/d}
}

// opposes reports whether other goes the other way between the same nodes.
func (e Edge) opposes(other Edge) bool { return e.From == other.To && e.To == other.From }

// graphSVG draws the dependencies of a script.
func graphSVG(s *Script) string {
	if len(s.Edges) == 0 {
		return ""
	}
	var names []string
	for _, e := range s.Edges {
		names = append(names, e.From, e.To)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	at := make(map[string]point)
	for i, name := range names {
		angle := math.Pi + 2*math.Pi*float64(i)/float64(len(names))
		if len(names) > 2 {
			angle += math.Pi / 2
		}
		at[name] = point{graphWidth/2 + graphRadius*math.Cos(angle), graphHeight/2 + graphRadius*math.Sin(angle)}
	}
	var out strings.Builder
	fmt.Fprintf(&out, `<svg class="graph" viewBox="0 0 %g %g" width="%g" height="%g" role="img" aria-label="%s">`, graphWidth, graphHeight, graphWidth, graphHeight, escape(edgesText(s.Edges)))
	for _, e := range s.Edges {
		from, to := at[e.From], at[e.To]
		length := math.Hypot(to.x-from.x, to.y-from.y)
		normal := point{(to.y - from.y) / length, -(to.x - from.x) / length}
		if outward := normal.x*((from.x+to.x)/2-graphWidth/2) + normal.y*((from.y+to.y)/2-graphHeight/2); outward < -1 && !slices.ContainsFunc(s.Edges, e.opposes) {
			normal = point{-normal.x, -normal.y}
		}
		middle := point{(from.x+to.x)/2 + normal.x*edgeBend*2, (from.y+to.y)/2 + normal.y*edgeBend*2}
		start, end := from.toward(middle, nodeRadius), to.toward(middle, nodeRadius+7)
		fmt.Fprintf(&out, `<path class="edge %s" d="M%.1f %.1f Q%.1f %.1f %.1f %.1f" marker-end="url(#arrow-%s)"/>`, e.Kind, start.x, start.y, middle.x, middle.y, end.x, end.y, e.Kind)
		label := point{(from.x+to.x)/2 + normal.x*edgeBend*1.6, (from.y+to.y)/2 + normal.y*edgeBend*1.6}
		fmt.Fprintf(&out, `<text class="label %s" x="%.1f" y="%.1f">%s</text>`, e.Kind, label.x, label.y+4, e.Kind)
	}
	for _, name := range names {
		p := at[name]
		fmt.Fprintf(&out, `<circle class="node" cx="%.1f" cy="%.1f" r="%g"/><text class="name" x="%.1f" y="%.1f">%s</text>`, p.x, p.y, nodeRadius, p.x, p.y+4, escape(name))
	}
	out.WriteString("</svg>")
	return out.String()
}
