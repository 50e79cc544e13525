package anomaly

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Script is an interleaving of sessions, and the question whether something went wrong.
type Script struct {
	Name, Title string
	About       string // the comment that it opens with, a paragraph a line
	Forbidden   Level  // the weakest level that must prevent the phenomenon
	Happened    string // the SQL condition that says that it happened; "" if it does not ask
	MustCommit  bool   // a control: nothing is wrong, so no transaction may be lost
	Edges       []Edge
	Setup       []string
	Steps       []Step
}

// Step is a statement of one session.
type Step struct {
	Session string
	SQL     string
	Reads   string // the name under which the condition knows the result
}

// Edge is a dependency between two transactions, named by their sessions: To has read what
// From wrote (wr), or overwritten what From wrote (ww) or read (rw).
type Edge struct{ From, Kind, To string }

var (
	stepLine = regexp.MustCompile(`^([a-z][a-z0-9_]*)(?: reads ([a-z][a-z0-9_]*))?: *(\S.*)$`)
	edgeText = regexp.MustCompile(`^-(ww|wr|rw)->$`)
)

// Sessions lists the sessions by name.
func (s *Script) Sessions() []string {
	var names []string
	for _, st := range s.Steps {
		if !slices.Contains(names, st.Session) {
			names = append(names, st.Session)
		}
	}
	slices.Sort(names)
	return names
}

// Parse reads a script. The name serves scripts that do not give their own, and errors.
func Parse(name, text string) (*Script, error) {
	s := &Script{Name: name}
	opening, last := true, (*string)(nil)
	for i, line := range strings.Split(text, "\n") {
		fail := func(format string, args ...any) (*Script, error) {
			return nil, fmt.Errorf("%s, line %d: %s", name, i+1, fmt.Sprintf(format, args...))
		}
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "":
			continue
		case strings.HasPrefix(trimmed, "#"):
			if opening {
				s.comment(strings.TrimSpace(trimmed[1:]))
			}
			continue
		case line[0] == ' ' || line[0] == '\t':
			if last == nil {
				return fail("a line that goes on needs one before it")
			}
			*last += " " + trimmed
			continue
		}
		opening = false
		m := stepLine.FindStringSubmatch(strings.TrimRight(line, " \t\r"))
		if m == nil {
			return fail("write session: SQL, or session reads name: SQL")
		}
		word, reads, value := m[1], m[2], m[3]
		if reads != "" {
			s.Steps = append(s.Steps, Step{word, value, reads})
			last = &s.Steps[len(s.Steps)-1].SQL
			continue
		}
		switch word {
		case "name":
			s.Name, last = value, nil
		case "title":
			s.Title, last = value, &s.Title
		case "happened":
			s.Happened = value
			last = &s.Happened
		case "setup":
			s.Setup = append(s.Setup, value)
			last = &s.Setup[len(s.Setup)-1]
		case "forbidden":
			l, err := ParseLevel(value)
			if err != nil {
				return fail("%v", err)
			}
			s.Forbidden, last = l, nil
		case "must":
			if value != "commit" {
				return fail("write must: commit")
			}
			s.MustCommit, last = true, nil
		case "edges":
			edges, err := parseEdges(value)
			if err != nil {
				return fail("%v", err)
			}
			s.Edges, last = append(s.Edges, edges...), nil
		default:
			s.Steps = append(s.Steps, Step{word, value, ""})
			last = &s.Steps[len(s.Steps)-1].SQL
		}
	}
	if len(s.Steps) == 0 {
		return nil, fmt.Errorf("%s: there are no steps", name)
	}
	return s, s.check()
}

// comment adds a line of the opening comment; an empty one ends a paragraph.
func (s *Script) comment(line string) {
	switch {
	case line == "" && s.About != "":
		s.About += "\n"
	case line == "" || s.About == "" || strings.HasSuffix(s.About, "\n"):
		s.About += line
	default:
		s.About += " " + line
	}
}

// parseEdges reads "t1 -rw-> t2 -ww-> t3".
func parseEdges(text string) (edges []Edge, err error) {
	words := strings.Fields(text)
	for i := 1; i+1 < len(words); i += 2 {
		m := edgeText.FindStringSubmatch(words[i])
		if m == nil {
			return nil, fmt.Errorf("%q is none of -ww->, -wr-> and -rw->", words[i])
		}
		edges = append(edges, Edge{words[i-1], m[1], words[i+1]})
	}
	if len(words)%2 == 0 || len(edges) == 0 {
		return nil, fmt.Errorf("write edges as t1 -rw-> t2")
	}
	return edges, nil
}

// check finds names that nothing answers to, names that answer twice, and half a promise.
func (s *Script) check() error {
	if s.Happened != "" && s.MustCommit {
		return fmt.Errorf("%s: what must commit has nothing that could have happened", s.Name)
	}
	reads := make(map[string]bool)
	for _, st := range s.Steps {
		if st.Reads != "" && reads[st.Reads] {
			return fmt.Errorf("%s: there are two results with the name %s", s.Name, st.Reads)
		}
		reads[st.Reads] = true
	}
	for _, m := range readName.FindAllStringSubmatch(s.Happened, -1) {
		if !reads[m[2]] {
			return fmt.Errorf("%s: no step reads %s", s.Name, m[2])
		}
	}
	sessions := s.Sessions()
	for _, e := range s.Edges {
		if !slices.Contains(sessions, e.From) || !slices.Contains(sessions, e.To) {
			return fmt.Errorf("%s: the edge %s -%s-> %s has no such session", s.Name, e.From, e.Kind, e.To)
		}
	}
	return nil
}
