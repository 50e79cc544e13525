package shell

import (
	"bufio"
	"fmt"
	"strings"
)

// cell is a value broken into the lines it takes.
type cell []segment

type segment struct {
	text  string
	width int
}

// aligned lays the table out in columns, or a record below the other if the
// settings or, with expanded auto, the width of the target ask for it.
func (t *table) aligned(w *bufio.Writer, o Print) {
	n := len(t.headers)
	heads := make([]cell, n)
	width := make([]int, n)
	for i, h := range t.headers {
		heads[i] = lines(h)
		width[i] = heads[i].width()
	}
	rows := make([][]cell, len(t.rows))
	for r, row := range t.rows {
		rows[r] = make([]cell, n)
		for i, c := range row {
			rows[r][i] = lines(c)
			width[i] = max(width[i], rows[r][i].width())
		}
	}
	total := 0
	switch o.Border {
	case 0:
		total = n
	case 1:
		total = max(0, n*3-1)
	default:
		total = n*3 + 1
	}
	for _, x := range width {
		total += x
	}
	if o.Expanded == "on" || (o.Expanded == "auto" && n > 0 && len(rows) > 0 && o.Columns > 0 && total > o.Columns) {
		t.vertical(w, o, heads, rows)
		return
	}
	if t.title != "" && !o.TuplesOnly {
		tw := lines(t.title).width()
		if tw < total {
			pad(w, (total-tw)/2)
		}
		w.WriteString(t.title + "\n")
	}
	if !o.TuplesOnly {
		if o.Border == 2 {
			rule(w, width, 2)
		}
		alignedHeader(w, heads, width, o.Border)
		rule(w, width, o.Border)
	} else if o.Border == 2 {
		rule(w, width, 2)
	}
	if n > 0 {
		for _, row := range rows {
			alignedRow(w, row, width, t.right, o.Border)
		}
	}
	if o.Border == 2 {
		rule(w, width, 2)
	}
	if !o.TuplesOnly {
		for _, f := range t.allFooters(o) {
			w.WriteString(f + "\n")
		}
	}
	w.WriteByte('\n')
}

func alignedHeader(w *bufio.Writer, heads []cell, width []int, border int) {
	n := len(heads)
	for line, left := 0, n; left > 0; line++ {
		if border == 2 {
			w.WriteByte('|')
		}
		for i, h := range heads {
			if border != 0 {
				w.WriteByte(' ')
			}
			more := line+1 < len(h)
			if line < len(h) {
				free := width[i] - h[line].width
				pad(w, free/2)
				w.WriteString(h[line].text)
				pad(w, (free+1)/2)
				if !more {
					left--
				}
			} else {
				pad(w, width[i])
			}
			if more {
				w.WriteByte('+')
			} else {
				w.WriteByte(' ')
			}
			if border != 0 && i < n-1 {
				w.WriteByte('|')
			}
		}
		if border == 2 {
			w.WriteByte('|')
		}
		w.WriteByte('\n')
	}
}

func alignedRow(w *bufio.Writer, row []cell, width []int, right []bool, border int) {
	height := 1
	for _, c := range row {
		height = max(height, len(c))
	}
	for line := range height {
		if border == 2 {
			w.WriteByte('|')
		}
		for i, c := range row {
			last := i == len(row)-1
			padded := border == 2 || !last
			if border != 0 {
				w.WriteByte(' ')
			}
			more := line+1 < len(c)
			switch {
			case line >= len(c):
				if padded {
					pad(w, width[i])
				}
			case right[i]:
				pad(w, width[i]-c[line].width)
				w.WriteString(c[line].text)
			default:
				w.WriteString(c[line].text)
				if padded || more {
					pad(w, width[i]-c[line].width)
				}
			}
			if more {
				w.WriteByte('+')
			} else if padded {
				w.WriteByte(' ')
			}
			if border != 0 && !last {
				w.WriteByte('|')
			}
		}
		if border == 2 {
			w.WriteByte('|')
		}
		w.WriteByte('\n')
	}
}

// rule is a horizontal line.
func rule(w *bufio.Writer, width []int, border int) {
	switch border {
	case 1:
		w.WriteByte('-')
	case 2:
		w.WriteString("+-")
	}
	for i, n := range width {
		w.WriteString(strings.Repeat("-", n))
		if i < len(width)-1 {
			if border == 0 {
				w.WriteByte(' ')
			} else {
				w.WriteString("-+-")
			}
		}
	}
	switch border {
	case 1:
		w.WriteByte('-')
	case 2:
		w.WriteString("-+")
	}
	w.WriteByte('\n')
}

// vertical writes a record below the other.
func (t *table) vertical(w *bufio.Writer, o Print, heads []cell, rows [][]cell) {
	if len(rows) == 0 || len(heads) == 0 {
		if !o.TuplesOnly {
			for _, f := range t.allFooters(o) {
				w.WriteString(f + "\n")
			}
		}
		w.WriteByte('\n')
		return
	}
	if t.title != "" && !o.TuplesOnly {
		w.WriteString(t.title + "\n")
	}
	v := verticalLayout{border: o.Border}
	for _, h := range heads {
		v.head = max(v.head, h.width())
		v.multiHead = v.multiHead || len(h) > 1
	}
	for _, r := range rows {
		for _, c := range r {
			v.data = max(v.data, c.width())
			v.multiData = v.multiData || len(c) > 1
		}
	}
	for r, row := range rows {
		if !o.TuplesOnly {
			v.rule(w, r+1)
		} else if r > 0 || o.Border == 2 {
			v.rule(w, 0)
		}
		for i, c := range row {
			v.field(w, heads[i], c)
		}
	}
	if o.Border == 2 {
		v.rule(w, 0)
	}
	if !o.TuplesOnly && len(t.footers) > 0 {
		if o.Border < 2 {
			w.WriteByte('\n')
		}
		for _, f := range t.footers {
			w.WriteString(f + "\n")
		}
	}
	w.WriteByte('\n')
}

type verticalLayout struct {
	border               int
	head, data           int // widths
	multiHead, multiData bool
}

// rule is the line above a record; record 0 has no number.
func (v *verticalLayout) rule(w *bufio.Writer, record int) {
	fill := "-"
	switch v.border {
	case 0:
		fill = " "
	case 1:
		w.WriteByte('-')
	default:
		w.WriteString("+-")
	}
	used := 0
	if record > 0 {
		text := fmt.Sprintf("[ RECORD %d ]", record)
		if v.border == 0 {
			text = fmt.Sprintf("* Record %d", record)
		}
		w.WriteString(text)
		used = len(text)
	}
	if v.border != 2 {
		used++
	}
	for i := used; i < v.head; i++ {
		w.WriteString(fill)
	}
	used -= v.head
	if v.border > 0 {
		for _, s := range []string{"-", "+", "-"} {
			if used <= 0 {
				w.WriteString(s)
			}
			used--
		}
	} else {
		if used <= 0 {
			w.WriteByte(' ')
		}
		used--
	}
	for i := max(used, 0); i < v.data; i++ {
		w.WriteString(fill)
	}
	if v.border == 2 {
		w.WriteString("-+")
	}
	w.WriteByte('\n')
}

func (v *verticalLayout) field(w *bufio.Writer, head, data cell) {
	for line := 0; line < len(head) || line < len(data); line++ {
		if v.border == 2 {
			w.WriteByte('|')
		}
		if line < len(head) {
			if v.border == 2 {
				w.WriteByte(' ')
			}
			w.WriteString(head[line].text)
			pad(w, v.head-head[line].width)
			if v.border > 0 || v.multiHead {
				if line+1 < len(head) {
					w.WriteByte('+')
				} else {
					w.WriteByte(' ')
				}
			}
		} else {
			n := v.head + v.border
			if v.border == 0 && v.multiHead {
				n++
			}
			pad(w, max(n, 1))
		}
		if v.border > 0 {
			w.WriteByte('|')
		}
		switch {
		case line < len(data):
			w.WriteByte(' ')
			w.WriteString(data[line].text)
			free := v.data - data[line].width
			if line+1 < len(data) {
				if v.border > 1 || v.multiData {
					pad(w, free)
					w.WriteByte('+')
				}
			} else if v.border > 1 {
				pad(w, free)
				w.WriteByte(' ')
			}
			if v.border == 2 {
				w.WriteByte('|')
			}
		case v.border == 2:
			pad(w, v.data)
			w.WriteString("  |")
		}
		w.WriteByte('\n')
	}
}

func pad(w *bufio.Writer, n int) {
	for ; n > 0; n-- {
		w.WriteByte(' ')
	}
}
