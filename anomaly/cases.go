package anomaly

import (
	"embed"
	"strings"
)

//go:embed cases/*.txt
var caseFiles embed.FS

// Cases are the phenomena and the controls, in the order of their files: from those that
// every level prevents to those that only SERIALIZABLE does.
func Cases() []*Script {
	files, err := caseFiles.ReadDir("cases")
	if err != nil {
		panic(err) // they are compiled in
	}
	var list []*Script
	for _, f := range files {
		text, err := caseFiles.ReadFile("cases/" + f.Name())
		if err != nil {
			panic(err)
		}
		s, err := Parse(f.Name(), string(text))
		if err != nil {
			panic(err) // the tests parse them all
		}
		list = append(list, s)
	}
	return list
}

// Find returns the case of a name, in any case of its letters, or nil.
func Find(name string) *Script {
	for _, s := range Cases() {
		if strings.EqualFold(s.Name, name) {
			return s
		}
	}
	return nil
}
