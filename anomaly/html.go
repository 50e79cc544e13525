package anomaly

import (
	_ "embed"
	"html/template"
	"io"
	"strings"
)

//go:embed report.html.tmpl
var pageText string

var page = template.Must(template.New("report").Funcs(template.FuncMap{
	"graph":      func(s *Script) template.HTML { return template.HTML(graphSVG(s)) },     // escaped there
	"timeline":   func(o *Outcome) template.HTML { return template.HTML(timelineSVG(o)) }, // and there
	"edges":      edgesText,
	"kinds":      func() []string { return []string{"ww", "wr", "rw"} },
	"paragraphs": func(s string) []string { return strings.Split(s, "\n") },
	"groups":     Row.groups,
	"title":      group.title,
	"class":      (*Outcome).class,
	"upper":      func(l Level) string { return strings.ToUpper(string(l)) },
	"legend":     func() []string { return strings.Split(strings.TrimSpace(Legend), "\n") },
}).Parse(pageText))

// HTML writes the whole report as one page that needs nothing else: the matrix, and for each
// script its dependencies and timelines as drawings.
func (r *Report) HTML(w io.Writer) error { return page.Execute(w, r) }

// class is the colour of an outcome.
func (o *Outcome) class() string {
	switch {
	case o.Violation() || o.Verdict == Broken:
		return "bad"
	case o.Verdict == Allowed || o.Verdict == Needless || o.Verdict == Fails:
		return "warn"
	case o.Verdict == Refused:
		return "none"
	}
	return "good"
}
