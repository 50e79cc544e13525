package anomaly

import "strings"

// Transaction is one transaction of a session: a block, or a statement on its own.
type Transaction struct {
	Session   string
	Steps     []int
	Committed bool
}

// Transactions finds the transactions of a play, in the order in which they began.
func (p *Played) Transactions() []*Transaction {
	var list []*Transaction
	open := make(map[string]*Transaction)
	for i, st := range p.Script.Steps {
		t := open[st.Session]
		verb := verbOf(st.SQL)
		if t == nil {
			t = &Transaction{Session: st.Session}
			list = append(list, t)
			if verb == "begin" {
				open[st.Session] = t
			}
		}
		t.Steps = append(t.Steps, i)
		switch ok := p.Steps[i].Err == nil; {
		case verb == "commit" || verb == "rollback":
			t.Committed = ok && p.Steps[i].Result.Tag == "COMMIT"
			delete(open, st.Session)
		case open[st.Session] == nil:
			t.Committed = ok
		}
	}
	return list
}

// verbOf tells what a statement does to the transaction: begin, commit, rollback or nothing.
func verbOf(sql string) string {
	words := strings.Fields(strings.ToLower(strings.TrimRight(sql, "; ")))
	switch {
	case len(words) == 0:
		return ""
	case words[0] == "begin" || words[0] == "start":
		return "begin"
	case words[0] == "commit" || words[0] == "end":
		return "commit"
	case words[0] == "abort" || words[0] == "rollback" && !strings.Contains(strings.Join(words, " "), " to "):
		return "rollback"
	}
	return ""
}
