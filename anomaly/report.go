package anomaly

import (
	"context"
	"slices"
	"strings"
)

// Report is what a list of scripts came to on one server, at several levels.
type Report struct {
	Server string // what it says it is; whoever knows more may add it
	Levels []Level
	Rows   []Row
}

// Row is one script at the report's levels.
type Row struct {
	Script   *Script
	Outcomes []*Outcome
}

// Run plays scripts at levels. With serial, what came of each is compared with serial orders.
func (s *Stage) Run(ctx context.Context, scripts []*Script, levels []Level, serial bool) (*Report, error) {
	version, err := s.Version(ctx)
	if err != nil {
		return nil, err
	}
	r := &Report{Server: version, Levels: levels}
	for _, script := range scripts {
		row := Row{Script: script}
		for _, level := range levels {
			o, err := s.Try(ctx, script, level)
			if err != nil {
				return nil, err
			}
			if serial && o.Refused == nil {
				if o.Serial, err = s.Compare(ctx, o.Played); err != nil {
					return nil, err
				}
			}
			row.Outcomes = append(row.Outcomes, o)
		}
		r.Rows = append(r.Rows, row)
	}
	return r, nil
}

// Failures lists what a server must not do: allow what a level forbids, and fail. With
// controls, a control that lost a transaction is a failure too.
func (r *Report) Failures(controls bool) (list []*Outcome) {
	for _, row := range r.Rows {
		for _, o := range row.Outcomes {
			if o.Violation() || o.Verdict == Broken || controls && o.Verdict == Needless {
				list = append(list, o)
			}
		}
	}
	return list
}

// Cell is the outcome in a few words.
func (o *Outcome) Cell() string {
	word := map[Verdict]string{
		Refused: "refused", Allowed: "allowed", Prevented: "prevented", Commits: "commits", Fails: "fails", Needless: "aborted needlessly", Broken: "broken",
	}[o.Verdict]
	if o.Violation() {
		word = "ALLOWED, forbidden"
	}
	if why := o.Why(); why != "" {
		word += ": " + why
	}
	return word
}

// group is a run of levels at which a script went the same way.
type group struct {
	levels []Level
	*Outcome
}

// groups puts levels together at which nothing differs.
func (row Row) groups() (list []group) {
	for _, o := range row.Outcomes {
		i := slices.IndexFunc(list, func(g group) bool { return timeline(g.Outcome) == timeline(o) && g.Cell() == o.Cell() })
		if i < 0 {
			list = append(list, group{nil, o})
			i = len(list) - 1
		}
		list[i].levels = append(list[i].levels, o.Level)
	}
	return list
}

// title names the levels of a group.
func (g group) title() string {
	names := make([]string, len(g.levels))
	for i, l := range g.levels {
		names[i] = string(l)
	}
	return strings.Join(names, ", ")
}
