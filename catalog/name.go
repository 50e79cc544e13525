package catalog

import "strconv"

// nameMax is the longest name in bytes, PostgreSQL's NAMEDATALEN-1.
const nameMax = 63

// ObjectName joins parts as PostgreSQL names an index, constraint or sequence
// that the user did not name: table_column_label, with the longer of table and
// column shortened until the whole fits.
func ObjectName(table, column, label string) string {
	overhead := 0
	if label != "" {
		overhead += len(label) + 1
	}
	if column != "" {
		overhead++
	}
	avail := nameMax - overhead
	for len(table)+len(column) > avail {
		if len(table) > len(column) {
			table = clip(table, len(table)-1)
		} else {
			column = clip(column, len(column)-1)
		}
	}
	name := table
	if column != "" {
		name += "_" + column
	}
	if label != "" {
		name += "_" + label
	}
	return name
}

// clip cuts s to at most n bytes at a rune boundary.
func clip(s string, n int) string {
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}

func freeName(name string, free func(string) bool) string {
	if free(name) {
		return name
	}
	for i := 1; ; i++ {
		suffix := strconv.Itoa(i)
		base := name
		if len(base)+len(suffix) > nameMax {
			base = clip(base, nameMax-len(suffix))
		}
		if free(base + suffix) {
			return base + suffix
		}
	}
}

// FreeConstraintName is FreeRelationName for constraints of one table, which
// need only differ from each other.
func (t *Table) FreeConstraintName(name string) string {
	used := make(map[string]bool)
	for _, n := range t.ConstraintNames() {
		used[n] = true
	}
	return freeName(name, func(n string) bool { return !used[n] })
}
