package anomaly

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Text writes the matrix of verdicts: a script a line, a level a column.
func (r *Report) Text(w io.Writer) error {
	table := r.cells()
	widths := make([]int, len(table[0]))
	for _, row := range table {
		for i, c := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	var out strings.Builder
	for n, row := range table {
		var line strings.Builder
		for i, c := range row {
			fmt.Fprintf(&line, "%-*s  ", widths[i], c)
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
		if n == 0 {
			out.WriteString(strings.Repeat("-", utf8.RuneCountInString(strings.TrimRight(line.String(), " "))) + "\n")
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// Markdown writes the matrix as a table of Markdown.
func (r *Report) Markdown(w io.Writer) error {
	var out strings.Builder
	for n, row := range r.cells() {
		out.WriteString("| " + strings.Join(row, " | ") + " |\n")
		if n == 0 {
			out.WriteString(strings.Repeat("|---", len(row)) + "|\n")
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// Legend explains the words of the matrix.
const Legend = `allowed: the phenomenon happens.  prevented: it does not; where nobody waits or fails, readers are shown older versions.
t2 waits @4: session t2 has to wait at step 4.  t2 40001 @8: it fails at step 8, and its transaction is to be tried again.
C-…: controls. Nothing is wrong in them: all must commit.
`

// cells are the matrix, with its head.
func (r *Report) cells() [][]string {
	head := []string{"", ""}
	for _, l := range r.Levels {
		head = append(head, strings.ToUpper(string(l)))
	}
	table := [][]string{head}
	for _, row := range r.Rows {
		cells := []string{row.Script.Name, row.Script.Title}
		for _, o := range row.Outcomes {
			cells = append(cells, o.Cell())
		}
		table = append(table, cells)
	}
	return table
}

// Summary writes a line for each script and level: what became of the transactions, and of
// which serial order that is the result.
func (r *Report) Summary(w io.Writer) error {
	var out strings.Builder
	for _, row := range r.Rows {
		width := 0
		for _, o := range row.Outcomes {
			width = max(width, utf8.RuneCountInString(o.Cell()))
		}
		for _, o := range row.Outcomes {
			serial := ""
			if o.Serial != nil {
				serial = o.Serial.String()
			}
			line := fmt.Sprintf("%-18s%-*s  %s", o.Level, width, o.Cell(), serial)
			out.WriteString(strings.TrimRight(line, " ") + "\n")
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}
