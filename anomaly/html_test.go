package anomaly_test

import (
	"encoding/xml"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/minisql/minisql/anomaly"
	"github.com/minisql/minisql/internal/engines"
)

// TestHTML wants a page of well-formed drawings that needs nothing from elsewhere.
func TestHTML(t *testing.T) {
	stage := open(t, serve(t, engines.Golden))
	cases := append(anomaly.Cases(), script(t, "# <script>alert(1)</script>\nt1: select '<b>&amp;' as \"<i>\""))
	r, err := stage.Run(t.Context(), cases, anomaly.Levels, true)
	if err != nil {
		t.Fatal(err)
	}
	var page strings.Builder
	if err := r.HTML(&page); err != nil {
		t.Fatal(err)
	}
	for _, s := range cases {
		if !strings.Contains(page.String(), `<section id="`+s.Name+`">`) {
			t.Errorf("%s is missing", s.Name)
		}
	}
	for _, foreign := range []string{"<script", "src=", "@import", "url(http", "<b>&"} {
		if strings.Contains(page.String(), foreign) {
			t.Errorf("the page has %s", foreign)
		}
	}
	drawings := regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(page.String(), -1)
	if len(drawings) < 2*len(anomaly.Cases()) {
		t.Errorf("only %d drawings", len(drawings))
	}
	for _, svg := range drawings {
		d := xml.NewDecoder(strings.NewReader(svg))
		for {
			_, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err, svg)
			}
		}
	}
}
