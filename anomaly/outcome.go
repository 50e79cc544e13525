package anomaly

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/minisql/minisql/sqlerr"
)

// Verdict is what a play says about a level.
type Verdict int

// The verdicts. Of a script that does not ask what happened, there is to say what became of
// its transactions.
const (
	Refused   Verdict = iota // the server does not have the level, and says so
	Allowed                  // the phenomenon happened
	Prevented                // it did not
	Commits                  // no statement failed
	Fails                    // one did
	Needless                 // one did, in a control
	Broken                   // one did, of a phenomenon or a control, for a reason that is not concurrency
)

// Outcome is a play and its verdict.
type Outcome struct {
	*Played
	Verdict Verdict
	Serial  *Serial // if it was compared with serial orders
}

// Try plays a script at a level and judges.
func (s *Stage) Try(ctx context.Context, script *Script, level Level) (*Outcome, error) {
	played, err := s.Play(ctx, script, level)
	if err != nil {
		return nil, err
	}
	o := &Outcome{Played: played}
	switch i := played.firstError(); {
	case played.Refused != nil:
		o.Verdict = Refused
	case i >= 0 && !lostRace(played.Steps[i].Err.Code) && (script.MustCommit || script.Happened != ""):
		o.Verdict = Broken
	case script.MustCommit && i >= 0:
		o.Verdict = Needless
	case script.Happened == "" && i >= 0:
		o.Verdict = Fails
	case script.Happened == "":
		o.Verdict = Commits
	default:
		o.Verdict = Prevented
		happened, err := s.happened(ctx, played)
		if err != nil {
			return nil, fmt.Errorf("%s at %s: %w", script.Name, level, err)
		}
		if happened {
			o.Verdict = Allowed
		}
	}
	return o, nil
}

// Violation reports whether the level has broken its promise.
func (o *Outcome) Violation() bool {
	return o.Verdict == Allowed && o.Script.Forbidden != "" && o.Level.atLeast(o.Script.Forbidden)
}

// Why tells in a few words what prevented the phenomenon, or harmed the control; "" if no
// transaction felt anything: they were shown older versions.
func (o *Outcome) Why() string {
	if o.Refused != nil {
		return string(o.Refused.Code)
	}
	if i := o.firstError(); i >= 0 {
		return fmt.Sprintf("%s %s @%d", o.Script.Steps[i].Session, o.Steps[i].Err.Code, i+1)
	}
	if o.Verdict == Prevented {
		for _, m := range o.Moments {
			if m.Waiting {
				return fmt.Sprintf("%s waits @%d", o.Script.Steps[m.Step].Session, m.Step+1)
			}
		}
	}
	return ""
}

// firstError is the step that failed first, or -1. That a failed transaction refuses
// further statements is no failure of its own.
func (p *Played) firstError() int {
	for _, m := range p.Moments {
		if err := p.Steps[m.Step].Err; !m.Waiting && err != nil && err.Code != sqlerr.InFailedSQLTransaction {
			return m.Step
		}
	}
	return -1
}

// lostRace reports whether the code is one of those that ask for the transaction to be tried again.
func lostRace(c sqlerr.Code) bool {
	return c == sqlerr.SerializationFailure || c == sqlerr.DeadlockDetected
}

// readName is :name in a condition; "::" is a cast.
var readName = regexp.MustCompile(`(^|[^:]):([a-z][a-z0-9_]*)`)

// happened evaluates the script's condition, with the results of committed transactions.
func (s *Stage) happened(ctx context.Context, p *Played) (bool, error) {
	read := make(map[string]string)
	for _, t := range p.Transactions() {
		for _, i := range t.Steps {
			if name := p.Script.Steps[i].Reads; name != "" && t.Committed && p.Steps[i].Err == nil {
				read[name] = "'" + strings.ReplaceAll(p.Steps[i].Result.String(), "'", "''") + "'"
			}
		}
	}
	condition := readName.ReplaceAllStringFunc(p.Script.Happened, func(m string) string {
		at := strings.IndexByte(m, ':')
		if v, ok := read[m[at+1:]]; ok {
			return m[:at] + v
		}
		return m[:at] + "null"
	})
	r, err := s.own.Exec(ctx, "select coalesce(("+condition+")::bool, false)")
	return r.String() == "t", err
}
