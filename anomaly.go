package minisql

import (
	"maps"
	"strings"
	"time"
)

// Anomaly is something that a transaction at READ COMMITTED or REPEATABLE READ did and that no order of
// the transactions explains, as minisql.detect_anomalies finds it; SERIALIZABLE would have prevented
// it. Options.OnAnomaly receives them, the view minisql.anomalies has the last 1,000.
type Anomaly struct {
	At time.Time
	// Name is what the literature calls it: lost update, write skew, phantom skew, read skew,
	// non-repeatable read, phantom read, circular information flow. docs/isolation.md explains them.
	Name string
	// PID and Database are those of the session that committed, Transaction is the number
	// that Explanation knows its transaction by.
	PID         int32
	Database    string
	Transaction uint64
	// Statement is the one that read what others have changed, cut after 200 bytes; "" if it is not known.
	Statement string
	// Tables are those that it is about, sorted.
	Tables []string
	// Committed is false if the commit failed because of it: minisql.detect_anomalies = "error".
	Committed bool
	// Explanation has a line for each step of the cycle: which transaction read or changed which row, in
	// which statement, and which other one changed or read it.
	Explanation string
}

// watched adds to settings that transactions are watched, unless they say something else.
func watched(settings map[string]string) map[string]string {
	const name = "minisql.detect_anomalies"
	for k := range settings {
		if strings.EqualFold(k, name) {
			return settings
		}
	}
	out := map[string]string{name: "notice"}
	maps.Copy(out, settings)
	return out
}
