package anomaly

import (
	"fmt"
	"html"
	"slices"
	"strings"
	"unicode/utf8"
)

// The drawing of a timeline, in pixels. A line of text is given its length, so that it fits
// whatever font there is.
const (
	charWidth    = 7.0
	lineHeight   = 16.0
	boxPadding   = 6.0
	boxGap       = 8.0
	columnGap    = 24.0
	numberWidth  = 34.0
	headHeight   = 30.0
	columnChars2 = 52 // a column's characters when there are two
	columnChars3 = 36 // and when there are more
)

func escape(s string) string { return html.EscapeString(s) }

// box is a moment with its place.
type box struct {
	line
	rows       []string
	x, y, w, h float64
	moment     Moment
}

// timelineSVG draws a play: time goes down, each session has a column, each transaction a
// background from its first step to its last, and waiting is a bar.
func timelineSVG(o *Outcome) string {
	sessions := o.Script.Sessions()
	chars := columnChars2
	if len(sessions) > 2 {
		chars = columnChars3
	}
	column := float64(chars)*charWidth + 2*boxPadding
	var boxes []box
	y := headHeight + boxGap
	for i, l := range o.lines() {
		b := box{line: l, moment: o.Moments[i], x: numberWidth + float64(slices.Index(sessions, l.session))*(column+columnGap), y: y, w: column}
		for _, text := range l.text {
			b.rows = append(b.rows, wrap(text, chars)...)
		}
		b.h = float64(len(b.rows))*lineHeight + 2*boxPadding
		y += b.h + boxGap
		boxes = append(boxes, b)
	}
	width := numberWidth + float64(len(sessions))*(column+columnGap)
	var out strings.Builder
	fmt.Fprintf(&out, `<svg class="timeline" viewBox="0 0 %g %g" width="%g" role="img" aria-label="%s">`, width, y+boxGap, width, escape(o.Script.Name+": "+o.Cell()))
	for i, name := range sessions {
		x := numberWidth + float64(i)*(column+columnGap)
		fmt.Fprintf(&out, `<text class="session" x="%g" y="20">%s</text><line class="life" x1="%g" y1="%g" x2="%g" y2="%g"/>`, x+column/2, escape(name), x+column/2, headHeight, x+column/2, y)
	}
	drawTransactions(&out, o, boxes)
	drawWaits(&out, boxes, y)
	for _, b := range boxes {
		fmt.Fprintf(&out, `<text class="number" x="%g" y="%g">%d</text>`, numberWidth-12, b.y+boxPadding+12, b.step)
		fmt.Fprintf(&out, `<rect class="box %s" x="%g" y="%g" width="%g" height="%g" rx="4"/>`, b.kind, b.x, b.y, b.w, b.h)
		for i, row := range b.rows {
			class := "sql"
			if strings.HasPrefix(row, "→") || b.moment.Resumed {
				class = "answer"
			}
			fmt.Fprintf(&out, `<text class="%s" x="%g" y="%g" textLength="%g" lengthAdjust="spacingAndGlyphs">%s</text>`, class, b.x+boxPadding, b.y+boxPadding+12+float64(i)*lineHeight, float64(utf8.RuneCountInString(row))*charWidth, escape(row))
		}
	}
	out.WriteString("</svg>")
	return out.String()
}

// drawTransactions draws the background of each transaction of more than one step.
func drawTransactions(out *strings.Builder, o *Outcome, boxes []box) {
	for _, t := range o.Transactions() {
		class := "lost"
		if t.Committed {
			class = "committed"
		}
		var first, last *box
		for i := range boxes {
			if slices.Contains(t.Steps, boxes[i].moment.Step) {
				if first == nil {
					first = &boxes[i]
				}
				last = &boxes[i]
			}
		}
		if first != nil && len(t.Steps) > 1 {
			fmt.Fprintf(out, `<rect class="transaction %s" x="%g" y="%g" width="%g" height="%g" rx="8"/>`, class, first.x-6, first.y-5, first.w+12, last.y+last.h-first.y+10)
		}
	}
}

// drawWaits draws a bar from where a step begins to wait to where it goes on.
func drawWaits(out *strings.Builder, boxes []box, bottom float64) {
	for i, b := range boxes {
		if !b.moment.Waiting {
			continue
		}
		end := bottom
		for _, later := range boxes[i+1:] {
			if later.moment.Step == b.moment.Step {
				end = later.y
			}
		}
		fmt.Fprintf(out, `<rect class="waits" x="%g" y="%g" width="12" height="%g"/>`, b.x+b.w/2-6, b.y+b.h, end-b.y-b.h)
	}
}
