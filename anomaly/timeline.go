package anomaly

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Explain writes what each script is about and how it went: the sessions side by side and
// time downwards. Levels at which it went the same way are told once.
func (r *Report) Explain(w io.Writer) error {
	var out strings.Builder
	for n, row := range r.Rows {
		if n > 0 {
			out.WriteString("\n\n")
		}
		s := row.Script
		heading := strings.TrimSuffix(s.Name+": "+s.Title, ": ")
		out.WriteString(heading + "\n" + strings.Repeat("=", utf8.RuneCountInString(heading)) + "\n")
		for paragraph := range strings.SplitSeq(s.About, "\n") {
			if paragraph != "" {
				out.WriteString(strings.Join(wrap(paragraph, 100), "\n") + "\n")
			}
		}
		if len(s.Edges) > 0 {
			out.WriteString("\n" + edgesText(s.Edges) + "\n")
		}
		for _, g := range row.groups() {
			fmt.Fprintf(&out, "\n%s: %s\n", g.title(), strings.TrimSuffix(g.Cell(), ": "))
			out.WriteString(timeline(g.Outcome))
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// edgesText writes a path of edges as scripts do, in words.
func edgesText(edges []Edge) string {
	words := map[string]string{"ww": "is overwritten by", "wr": "is read by", "rw": "has missed what is written by"}
	told := make([]string, len(edges))
	for i, e := range edges {
		told[i] = e.From + " " + words[e.Kind] + " " + e.To
	}
	return strings.Join(told, "; ") + "."
}

// line is a moment in the words of a timeline.
type line struct {
	session string
	step    int // from 1
	text    []string
	kind    string // ok, commit, rollback, wait or error
}

// lines tells a play moment by moment.
func (p *Played) lines() (list []line) {
	ends := make(map[int]bool)
	for _, t := range p.Transactions() {
		ends[t.Steps[len(t.Steps)-1]] = true
	}
	for _, m := range p.Moments {
		st, r := p.Script.Steps[m.Step], p.Steps[m.Step]
		l := line{session: st.Session, step: m.Step + 1, text: []string{st.SQL}, kind: "ok"}
		switch {
		case m.Waiting:
			l.kind = "wait"
			l.text = append(l.text, "… waits"+strings.TrimSuffix(" for "+strings.Join(m.For, ", "), " for "))
		case m.Resumed:
			l.text = nil
			fallthrough
		default:
			l.text = append(l.text, answer(r)...)
			switch {
			case r.Err != nil:
				l.kind = "error"
			case ends[m.Step] && (r.Result.Tag == "COMMIT" || r.Result.Tag == "ROLLBACK"):
				l.kind = strings.ToLower(r.Result.Tag)
			}
		}
		list = append(list, l)
	}
	return list
}

// answer is what a step came to: its rows, or the tag, or the error with its detail.
func answer(r StepResult) []string {
	switch {
	case r.Err != nil:
		lines := []string{"ERROR " + string(r.Err.Code) + ": " + r.Err.Message}
		if r.Err.Detail != "" {
			lines = append(lines, "DETAIL: "+r.Err.Detail)
		}
		return lines
	case len(r.Result.Rows) > 0:
		return []string{"→ " + r.Result.String()}
	case strings.HasPrefix(r.Result.Tag, "SELECT") || strings.HasPrefix(r.Result.Tag, "FETCH"):
		return []string{"→ no rows"}
	}
	return []string{"→ " + r.Result.Tag}
}

// timeline draws a play. Every session has a column.
func timeline(o *Outcome) string {
	var out strings.Builder
	if o.Refused != nil {
		return "  ERROR " + string(o.Refused.Code) + ": " + o.Refused.Message + "\n"
	}
	sessions := o.Script.Sessions()
	width := max(26, 108/len(sessions))
	row := func(number string, column int, text string) {
		fmt.Fprintf(&out, "%4s  %s%s\n", number, strings.Repeat(" ", column*width), text)
	}
	var head strings.Builder
	for _, s := range sessions {
		fmt.Fprintf(&head, "%-*s", width, s)
	}
	row("", 0, strings.TrimRight(head.String(), " "))
	for _, l := range o.lines() {
		column, number := slices.Index(sessions, l.session), fmt.Sprint(l.step)
		if both := strings.Join(l.text, "  "); utf8.RuneCountInString(both) < width-2 {
			l.text = []string{both}
		}
		for _, text := range l.text {
			for _, part := range wrap(text, width-3) {
				row(number, column, part)
				number = ""
			}
		}
	}
	if o.Serial != nil {
		out.WriteString("  " + o.Serial.String() + "\n")
	}
	return out.String()
}

// wrap breaks a text into lines of at most width characters, between words where it can;
// lines after the first are indented.
func wrap(text string, width int) (lines []string) {
	current := ""
	for word := range strings.FieldsSeq(text) {
		if current != "" && utf8.RuneCountInString(current)+1+utf8.RuneCountInString(word) > width {
			lines = append(lines, current)
			current = ""
		}
		if current != "" {
			current += " "
		}
		current += word
	}
	return append(lines, current)
}
