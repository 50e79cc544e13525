package anomaly

import (
	"fmt"
	"slices"
	"strings"
)

// Level is an isolation level by its SQL name.
type Level string

// The levels of the SQL standard, from the weakest.
const (
	ReadUncommitted Level = "read uncommitted"
	ReadCommitted   Level = "read committed"
	RepeatableRead  Level = "repeatable read"
	Serializable    Level = "serializable"
)

// Levels are all levels, from the weakest.
var Levels = []Level{ReadUncommitted, ReadCommitted, RepeatableRead, Serializable}

// ParseLevel finds a level by its name, with spaces or hyphens.
func ParseLevel(s string) (Level, error) {
	l := Level(strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return r == ' ' || r == '-' || r == '_' }), " "))
	if !slices.Contains(Levels, l) {
		return "", fmt.Errorf("there is no isolation level %q", s)
	}
	return l, nil
}

// atLeast reports whether l promises all that weaker does.
func (l Level) atLeast(weaker Level) bool {
	return slices.Index(Levels, l) >= slices.Index(Levels, weaker)
}
