package main

import (
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

//go:embed workloads
var workloads embed.FS

// levels are what a workload is run at, by turns, so that their ratio is one of neighbours in time.
var levels = []string{"read committed", "repeatable read", "serializable"}

const levelClients = 8

var (
	retriesLine   = regexp.MustCompile(`total number of retries: (\d+)`)
	processedLine = regexp.MustCompile(`number of transactions actually processed: (\d+)`)
)

// levelsRun runs a workload for a while at a level; a transaction that fails with 40001 or 40P01 is
// tried until it commits. aborted is the share of the attempts that failed.
func levelsRun(s *server, level string, args []string) (tps, aborted float64, err error) {
	cmd := exec.Command(tool("pgbench"), append([]string{"-n", "-c", strconv.Itoa(levelClients), "-j", "2", "-T", strconv.Itoa(*seconds), "--max-tries=0"}, append(args, s.url)...)...)
	cmd.Env = append(os.Environ(), "PGOPTIONS=-c default_transaction_isolation="+strings.ReplaceAll(level, " ", `\ `))
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, 0, fmt.Errorf("%s, %s: pgbench: %w\n%s", s.name, level, err, out)
	}
	var found [3]float64
	for i, re := range []*regexp.Regexp{tpsLine, retriesLine, processedLine} {
		m := re.FindSubmatch(out)
		switch {
		case m != nil:
			if found[i], err = strconv.ParseFloat(string(m[1]), 64); err != nil {
				return 0, 0, err
			}
		case re != retriesLine: // which is missing where there were none
			return 0, 0, fmt.Errorf("pgbench printed no %v:\n%s", re, out)
		}
	}
	return found[0], found[1] / (found[1] + found[2]), nil
}

// levelsPart compares the isolation levels: what SERIALIZABLE costs, and how many it aborts.
func levelsPart() error {
	dir, err := os.MkdirTemp("", "minisql-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	all, stop, err := startServers(dir)
	if err != nil {
		return err
	}
	defer stop()
	file := func(name string) (string, error) {
		b, err := workloads.ReadFile("workloads/" + name)
		if err != nil {
			return "", err
		}
		path := filepath.Join(dir, name)
		return path, os.WriteFile(path, b, 0o644)
	}
	schema, err := file("schema.sql")
	if err != nil {
		return err
	}
	fmt.Printf("## Isolation levels, %d clients, median of %d alternating rounds of %d s, %s\n\n", levelClients, *rounds, *seconds, time.Now().Format("2006-01-02"))
	row("", "", "RC, tps", "RR, tps", "SER, tps", "SER / RR", "RR aborted, %", "SER aborted, %")
	row("---", "---", "--:", "--:", "--:", "--:", "--:", "--:")
	for _, w := range []struct {
		name, script string
		rows         int
	}{
		{"SIBENCH", "sibench.sql", 10}, {"SIBENCH", "sibench.sql", 100}, {"SIBENCH", "sibench.sql", 1000},
		{"SmallBank, hot", "smallbank.sql", 10}, {"SmallBank, hot", "smallbank.sql", 100}, {"SmallBank, hot", "smallbank.sql", 1000},
		{"tpcb, scale", "", *scale},
	} {
		args := []string{"-b", "tpcb-like"}
		for _, s := range all {
			load := exec.Command(tool("psql"), "-q", "-v", "ON_ERROR_STOP=1", "-v", "rows="+strconv.Itoa(w.rows), "-f", schema, s.url)
			if w.script == "" {
				load = exec.Command(tool("pgbench"), "-i", "-q", "-s", strconv.Itoa(w.rows), s.url)
			}
			if out, err := load.CombinedOutput(); err != nil {
				return fmt.Errorf("%s: loading: %w\n%s", s.name, err, out)
			}
		}
		if w.script != "" {
			path, err := file(w.script)
			if err != nil {
				return err
			}
			args = []string{"-D", "rows=" + strconv.Itoa(w.rows), "-f", path}
		}
		tps, aborted := make(map[string][]float64), make(map[string][]float64)
		ratio := make(map[string][]float64) // of SERIALIZABLE to REPEATABLE READ in one round
		for r := range *rounds {
			for i := range all {
				s := all[(r+i)%len(all)]
				var now [3]float64
				for k := range levels {
					l := (r + k) % len(levels)
					t, a, err := levelsRun(s, levels[l], args)
					if err != nil {
						return err
					}
					now[l] = t
					tps[s.name+levels[l]] = append(tps[s.name+levels[l]], t)
					aborted[s.name+levels[l]] = append(aborted[s.name+levels[l]], 100*a)
				}
				ratio[s.name] = append(ratio[s.name], now[2]/now[1])
			}
		}
		for _, s := range all {
			row(fmt.Sprintf("%s %d", w.name, w.rows), s.name, median(tps[s.name+levels[0]]), median(tps[s.name+levels[1]]), median(tps[s.name+levels[2]]),
				median(ratio[s.name]), median(aborted[s.name+levels[1]]), median(aborted[s.name+levels[2]]))
		}
	}
	fmt.Println()
	return nil
}
