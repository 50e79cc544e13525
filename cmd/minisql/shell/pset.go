package shell

import (
	"fmt"
	"strconv"
	"strings"
)

// pset changes one setting of the output, or shows it if it has no toggle and no
// value is given. loud says the new value.
func (sh *Shell) pset(name, value string, given, loud bool) error {
	p := &sh.print
	flag := func(v *bool) error {
		if !given {
			*v = !*v
			return nil
		}
		b, ok := parseBool(value)
		if !ok {
			return fmt.Errorf("unrecognized value \"%s\" for \"%s\": Boolean expected", value, name)
		}
		*v = b
		return nil
	}
	switch name {
	case "format":
		if given {
			found := false
			for _, f := range []Format{Aligned, Unaligned, CSV} {
				if value != "" && strings.HasPrefix(string(f), strings.ToLower(value)) {
					p.Format, found = f, true
					break
				}
			}
			if !found {
				return fmt.Errorf("\\pset: allowed formats are aligned, csv, unaligned")
			}
		}
	case "border":
		if given {
			n, err := strconv.Atoi(value)
			if err != nil || n < 0 {
				return fmt.Errorf("\\pset: border must be 0, 1 or 2")
			}
			p.Border = min(n, 2)
		}
	case "x", "expanded", "vertical":
		name = "expanded"
		switch b, ok := parseBool(value); {
		case given && value == "auto":
			p.Expanded = "auto"
		case given && !ok:
			return fmt.Errorf("unrecognized value \"%s\" for \"%s\"\nAvailable values are: on, off, auto.", value, name)
		case given:
			p.Expanded = onOff(b)
		default:
			p.Expanded = onOff(p.Expanded == "off")
		}
	case "null":
		if given {
			p.Null = value
		}
	case "t", "tuples_only":
		name = "tuples_only"
		if err := flag(&p.TuplesOnly); err != nil {
			return err
		}
	case "footer":
		if err := flag(&p.Footer); err != nil || given {
			return err // psql is silent here as well
		}
	case "fieldsep":
		if given {
			p.FieldSep = value
		}
	case "fieldsep_zero":
		p.FieldSep, name = "\x00", "fieldsep"
	case "recordsep":
		if given {
			p.RecordSep = value
		}
	case "recordsep_zero":
		p.RecordSep, name = "\x00", "recordsep"
	case "csv_fieldsep":
		if given {
			switch {
			case len(value) != 1:
				return fmt.Errorf("\\pset: csv_fieldsep must be a single one-byte character")
			case strings.ContainsAny(value, "\"\n\r"):
				return fmt.Errorf("\\pset: csv_fieldsep cannot be a double quote, a newline, or a carriage return")
			}
			p.CSVSep = value
		}
	case "C", "title":
		p.Title, name = value, "title"
	case "columns":
		if given {
			n, err := strconv.Atoi(value)
			if err != nil {
				return fmt.Errorf("\\pset: columns must be a number")
			}
			p.Columns = n
			sh.columnsSet = n != 0
		}
	case "pager":
		if b, ok := parseBool(value); given && (!ok || b) {
			return fmt.Errorf("\\pset: pager is not supported")
		}
	case "linestyle":
		if given && value != "ascii" {
			return fmt.Errorf("\\pset: line style %s is not supported; there is ascii", value)
		}
	case "numericlocale":
		if b, ok := parseBool(value); !given || !ok || b {
			return fmt.Errorf("\\pset: numericlocale is not supported")
		}
	default:
		return fmt.Errorf("\\pset: unknown option: %s", name)
	}
	if loud && !sh.quiet {
		fmt.Fprintln(sh.stdout, sh.psetInfo(name))
	}
	return nil
}

// psetInfo says the value of a setting.
func (sh *Shell) psetInfo(name string) string {
	p := &sh.print
	switch name {
	case "format":
		return fmt.Sprintf("Output format is %s.", p.Format)
	case "border":
		return fmt.Sprintf("Border style is %d.", p.Border)
	case "expanded":
		if p.Expanded == "auto" {
			return "Expanded display is used automatically."
		}
		return fmt.Sprintf("Expanded display is %s.", p.Expanded)
	case "null":
		return fmt.Sprintf("Null display is \"%s\".", p.Null)
	case "tuples_only":
		return fmt.Sprintf("Tuples only is %s.", onOff(p.TuplesOnly))
	case "footer":
		return fmt.Sprintf("Default footer is %s.", onOff(p.Footer))
	case "fieldsep":
		if p.FieldSep == "\x00" {
			return "Field separator is zero byte."
		}
		return fmt.Sprintf("Field separator is \"%s\".", p.FieldSep)
	case "recordsep":
		switch p.RecordSep {
		case "\x00":
			return "Record separator is zero byte."
		case "\n":
			return "Record separator is <newline>."
		}
		return fmt.Sprintf("Record separator is \"%s\".", p.RecordSep)
	case "csv_fieldsep":
		return fmt.Sprintf("Field separator for CSV is \"%s\".", p.CSVSep)
	case "title":
		if p.Title == "" {
			return "Title is unset."
		}
		return fmt.Sprintf("Title is \"%s\".", p.Title)
	case "columns":
		if p.Columns == 0 {
			return "Target width is unset."
		}
		return fmt.Sprintf("Target width is %d.", p.Columns)
	case "pager":
		return "Pager usage is off."
	case "linestyle":
		return "Line style is ascii."
	}
	return "Locale-adjusted numeric output is off."
}

// psetAll lists the settings.
func (sh *Shell) psetAll() {
	p := &sh.print
	quote := func(s string) string {
		return "'" + strings.ReplaceAll(strings.ReplaceAll(s, "'", `\'`), "\n", `\n`) + "'"
	}
	for _, s := range [][2]string{
		{"border", strconv.Itoa(p.Border)}, {"columns", strconv.Itoa(p.Columns)}, {"csv_fieldsep", quote(p.CSVSep)},
		{"expanded", p.Expanded}, {"fieldsep", quote(p.FieldSep)}, {"footer", onOff(p.Footer)}, {"format", string(p.Format)},
		{"linestyle", "ascii"}, {"null", quote(p.Null)}, {"numericlocale", "off"}, {"pager", "0"},
		{"recordsep", quote(p.RecordSep)}, {"title", p.Title}, {"tuples_only", onOff(p.TuplesOnly)},
	} {
		fmt.Fprintf(sh.stdout, "%-24s %s\n", s[0], s[1])
	}
}
