// Command bench measures minisql beside PostgreSQL and SQLite, in alternating rounds
// on one machine, and prints ratios of medians: a machine that is busy slows all
// alike, so ratios hold where seconds do not.
//
//	go run . [-rounds 5] [-seconds 3] [-scale 10] [-only pgbench|library|engines|levels] [-commits]
package main

import (
	"flag"
	"fmt"
	"log"
	"slices"
)

var (
	rounds      = flag.Int("rounds", 5, "alternating rounds")
	seconds     = flag.Int("seconds", 3, "seconds of each pgbench run")
	scale       = flag.Int("scale", 10, "pgbench's scale factor")
	commitsOnly = flag.Bool("commits", false, "of the engines, only the durable commits")
	only        = flag.String("only", "", "run only this part: pgbench, library, engines or levels")
)

func main() {
	flag.Parse()
	log.SetFlags(0)
	for _, part := range []struct {
		name string
		run  func() error
	}{{"pgbench", pgbenchPart}, {"library", libraryPart}, {"engines", enginesPart}, {"levels", levelsPart}} {
		if *only != "" && *only != part.name {
			continue
		}
		if err := part.run(); err != nil {
			log.Fatal(err)
		}
	}
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	s := slices.Clone(v)
	slices.Sort(s)
	return s[len(s)/2]
}

// row prints one line of a Markdown table.
func row(cells ...any) {
	fmt.Print("|")
	for _, c := range cells {
		switch c := c.(type) {
		case float64:
			if c >= 100 {
				fmt.Printf(" %.0f |", c)
			} else {
				fmt.Printf(" %.2f |", c)
			}
		default:
			fmt.Printf(" %v |", c)
		}
	}
	fmt.Println()
}
