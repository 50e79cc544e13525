package anomaly_test

import (
	"sync"
	"testing"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/anomaly"
	"github.com/minisql/minisql/internal/engines"
)

// names are what minisql.detect_anomalies calls the cases, at READ COMMITTED and REPEATABLE READ.
var names = map[string][2]string{
	// What these three are about is prevented, but something else happens in them.
	"G1b": {"non-repeatable read", ""},
	"G1c": {"write skew", "write skew"},
	"OTV": {"read skew", ""},

	"P2":        {"non-repeatable read", ""},
	"P3":        {"phantom read", ""},
	"PMP":       {"phantom read", ""},
	"PMP-write": {"read skew", ""},
	"P4":        {"lost update", ""},
	"P4C":       {"lost update", ""},
	"G-single":  {"read skew", ""},
	// Both conditions are on one row, which one finds before it is changed and the other after.
	"G-single-predicate": {"non-repeatable read", ""},
	"G-single-write":     {"read skew", ""},
	"G2-item":            {"write skew", "write skew"},
	"G2-three":           {"write skew", "write skew"},
	"G2":                 {"phantom skew", "phantom skew"},
	"G2-range":           {"phantom skew", "phantom skew"},
	"read-only":          {"write skew", "write skew"},
	"G2-two-edges":       {"phantom skew", "phantom skew"},
}

// TestNames wants the race detector to find every phenomenon that is allowed, under its name, and
// nothing in the controls.
func TestNames(t *testing.T) { engines.Each(t, testNames) }

func testNames(t *testing.T, on engines.Engine) {
	var mu sync.Mutex // guards found
	var found []string
	stage := open(t, serveWith(t, &minisql.Options{Storage: minisql.Storage(on), OnAnomaly: func(a minisql.Anomaly) {
		mu.Lock()
		defer mu.Unlock()
		found = append(found, a.Name)
	}}))
	for _, s := range anomaly.Cases() {
		for i, level := range snapshotLevels {
			mu.Lock()
			found = nil
			mu.Unlock()
			r, err := stage.Run(t.Context(), []*anomaly.Script{s}, []anomaly.Level{level}, false)
			if err != nil {
				t.Fatal(err)
			}
			want := names[s.Name][i]
			mu.Lock()
			if o := r.Rows[0].Outcomes[0]; len(found) > 1 || (len(found) == 1) != (want != "") || (want != "" && found[0] != want) || (want == "" && o.Verdict == anomaly.Allowed) {
				t.Errorf("%s at %s: %s, found %q, want %q", s.Name, level, o.Cell(), found, want)
			}
			mu.Unlock()
		}
	}
}
