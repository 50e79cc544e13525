package shell

import (
	"bufio"
	"strconv"
	"strings"
)

// Format is a way to write a table.
type Format string

// The formats of \pset format.
const (
	Aligned   Format = "aligned"
	Unaligned Format = "unaligned"
	CSV       Format = "csv"
)

// Print holds the settings of \pset.
type Print struct {
	Format     Format
	Expanded   string // "off", "on" or "auto"
	Border     int    // 0 to 2
	Null       string
	TuplesOnly bool
	FieldSep   string
	RecordSep  string
	CSVSep     string
	Footer     bool // the default footer, "(2 rows)"
	Title      string
	Columns    int // width of the target, for expanded auto; 0 is unknown
}

// defaultPrint is what psql starts with.
func defaultPrint() Print {
	return Print{Format: Aligned, Expanded: "off", Border: 1, FieldSep: "|", RecordSep: "\n", CSVSep: ",", Footer: true}
}

// table is a result ready to be written.
type table struct {
	title   string
	headers []string
	right   []bool     // columns aligned to the right
	rows    [][]string // cells, NULL already replaced
	footers []string   // nil: the number of rows
	plain   bool       // no default footer, whatever the settings
}

// write writes the table as the settings say.
func (t *table) write(w *bufio.Writer, o Print) {
	switch o.Format {
	case Unaligned:
		if o.Expanded == "on" {
			t.unalignedVertical(w, o)
		} else {
			t.unaligned(w, o)
		}
	case CSV:
		if o.Expanded == "on" {
			t.csvVertical(w, o)
		} else {
			t.csv(w, o)
		}
	default:
		t.aligned(w, o)
	}
}

// allFooters are the table's own, or how many rows there are.
func (t *table) allFooters(o Print) []string {
	switch {
	case t.footers != nil:
		return t.footers
	case t.plain || !o.Footer:
		return nil
	case len(t.rows) == 1:
		return []string{"(1 row)"}
	}
	return []string{"(" + strconv.Itoa(len(t.rows)) + " rows)"}
}

func (t *table) unaligned(w *bufio.Writer, o Print) {
	pending := false // a record separator is due
	put := func(s string) {
		if pending {
			w.WriteString(o.RecordSep)
		}
		w.WriteString(s)
		pending = true
	}
	if !o.TuplesOnly {
		if t.title != "" {
			put(t.title)
		}
		put(strings.Join(t.headers, o.FieldSep))
	}
	if len(t.headers) > 0 {
		for _, r := range t.rows {
			put(strings.Join(r, o.FieldSep))
		}
	}
	if !o.TuplesOnly {
		for _, f := range t.allFooters(o) {
			put(f)
		}
	}
	if pending {
		w.WriteByte('\n')
	}
}

func (t *table) unalignedVertical(w *bufio.Writer, o Print) {
	any := false
	if !o.TuplesOnly && t.title != "" {
		w.WriteString(t.title)
		any = true
	}
	if len(t.headers) > 0 {
		for _, r := range t.rows {
			if any {
				w.WriteString(o.RecordSep + o.RecordSep)
			}
			for i, c := range r {
				if i > 0 {
					w.WriteString(o.RecordSep)
				}
				w.WriteString(t.headers[i] + o.FieldSep + c)
			}
			any = true
		}
	}
	if !o.TuplesOnly {
		if len(t.footers) > 0 {
			if any {
				w.WriteString(o.RecordSep)
			}
			for _, f := range t.footers {
				if any {
					w.WriteString(o.RecordSep)
				}
				w.WriteString(f)
				any = true
			}
		}
	}
	if any {
		w.WriteByte('\n')
	}
}

func (t *table) csv(w *bufio.Writer, o Print) {
	if len(t.headers) == 0 {
		return
	}
	if !o.TuplesOnly {
		csvRow(w, t.headers, o.CSVSep)
	}
	for _, r := range t.rows {
		csvRow(w, r, o.CSVSep)
	}
}

func (t *table) csvVertical(w *bufio.Writer, o Print) {
	for _, r := range t.rows {
		for i, c := range r {
			csvRow(w, []string{t.headers[i], c}, o.CSVSep)
		}
	}
}

func csvRow(w *bufio.Writer, row []string, sep string) {
	for i, c := range row {
		if i > 0 {
			w.WriteString(sep)
		}
		if strings.ContainsAny(c, sep+"\"\r\n") || c == `\.` {
			c = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
		}
		w.WriteString(c)
	}
	w.WriteByte('\n')
}
