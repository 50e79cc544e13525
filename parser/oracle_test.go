package parser

import (
	"bufio"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/minisql/minisql/sqlerr"
)

var (
	update = flag.Bool("update", false, "rewrite the golden output")
	oracle = flag.String("oracle", "", "with -update, host:port of a PostgreSQL 15 to ask for its verdicts")
)

// oracleCase is one block of a script: a statement, PostgreSQL's verdict, and
// ours with the statement as Format writes it.
type oracleCase struct {
	head string // comment lines before the statement
	sql  string
	pg   string
	ours string
}

// TestOracle compares this parser with PostgreSQL's, statement by statement: what
// PostgreSQL's grammar accepts must be accepted (or refused by name, 0A000), and
// what it rejects must be rejected with its code, words and position. A block
// whose comment starts with "# differs" is a known difference.
func TestOracle(t *testing.T) {
	files, err := filepath.Glob("testdata/oracle/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	var pg *pgClient
	if *oracle != "" {
		if pg, err = dialPg(*oracle); err != nil {
			t.Fatal(err)
		}
		defer pg.conn.Close()
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			cases := readCases(t, file)
			for i := range cases {
				c := &cases[i]
				if pg != nil {
					if c.pg, err = pg.verdict(c.sql); err != nil {
						t.Fatal(err)
					}
				}
				ours := ourVerdict(t, c.sql)
				if *update {
					c.ours = ours
				}
				if ours != c.ours {
					t.Errorf("%s\n got %s\nwant %s", c.sql, ours, c.ours)
				}
				refused := strings.HasPrefix(ours, "ERROR 0A000") && strings.Contains(ours, "is not supported")
				same := ours == c.pg
				if c.pg == "ok" {
					same = refused || !strings.HasPrefix(ours, "ERROR")
				}
				differs := strings.Contains(c.head, "# differs")
				if same == differs {
					t.Errorf("%s\n  ours %s\n  pg   %s\n  marked as different: %v", c.sql, ours, c.pg, differs)
				}
			}
			if *update {
				writeCases(t, file, cases)
			}
		})
	}
}

// ourVerdict is the formatted statement or the error. It also checks that the
// formatted text means the same.
func ourVerdict(t *testing.T, sql string) string {
	stmts, err := Parse(sql)
	if err != nil {
		e := sqlerr.As(err)
		pos := 0
		if e.Position > 0 {
			pos = utf8.RuneCountInString(sql[:e.Position-1]) + 1
		}
		return errorVerdict(string(e.Code), pos, e.Message)
	}
	var out []string
	for _, s := range stmts {
		text := Format(s.Node)
		checkRoundTrip(t, s.Node, text)
		out = append(out, strings.ReplaceAll(text, "\n", `\n`))
	}
	return strings.Join(out, "; ")
}

func errorVerdict(code string, pos int, msg string) string {
	return fmt.Sprintf("ERROR %s at %d: %s", code, pos, strings.ReplaceAll(msg, "\n", `\n`))
}

// checkRoundTrip fails unless text parses to the tree it was written from.
func checkRoundTrip(t testing.TB, want Node, text string) {
	t.Helper()
	again, err := Parse(text)
	if err != nil || len(again) != 1 {
		t.Errorf("formatted text does not parse: %v\n%s", err, text)
		return
	}
	if got := again[0].Node; !equalTrees(reflect.ValueOf(want), reflect.ValueOf(got)) {
		t.Errorf("formatted text means something else:\n%s\n%s", text, Format(got))
	}
}

// equalTrees compares two trees but for positions and the kept source text. Nil
// and empty slices are the same.
func equalTrees(a, b reflect.Value) bool {
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case reflect.Pointer, reflect.Interface:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		if a.Elem().Type() != b.Elem().Type() {
			return false
		}
		return equalTrees(a.Elem(), b.Elem())
	case reflect.Struct:
		for i := range a.NumField() {
			switch a.Type().Field(i).Name {
			case "Pos", "NamePos", "SubPos", "TargetPos", "QueryText":
				continue
			}
			if !equalTrees(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !equalTrees(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	}
	return a.Equal(b)
}

// readCases reads blocks separated by blank lines: comment lines, the statement,
// ----, and the verdicts. A block without ---- has none yet.
func readCases(t testing.TB, file string) []oracleCase {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var cases []oracleCase
	head := ""
	for block := range strings.SplitSeq(string(data), "\n\n") {
		var c oracleCase
		c.head, head = head, ""
		lines := strings.Split(strings.Trim(block, "\n"), "\n")
		for len(lines) > 0 && strings.HasPrefix(lines[0], "#") {
			c.head += lines[0] + "\n"
			lines = lines[1:]
		}
		if len(lines) == 0 || lines[0] == "" {
			head = c.head + "\n"
			continue
		}
		for i, line := range lines {
			if line == "----" {
				for _, verdict := range lines[i+1:] {
					if s, ok := strings.CutPrefix(verdict, "pg: "); ok {
						c.pg = s
					}
					if s, ok := strings.CutPrefix(verdict, "us: "); ok {
						c.ours = s
					}
				}
				lines = lines[:i]
				break
			}
		}
		c.sql = strings.Join(lines, "\n")
		cases = append(cases, c)
	}
	return cases
}

func writeCases(t *testing.T, file string, cases []oracleCase) {
	var b strings.Builder
	for i, c := range cases {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s%s\n----\npg: %s\nus: %s\n", c.head, c.sql, c.pg, c.ours)
	}
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// pgClient speaks just enough of the wire protocol to have PostgreSQL parse.
type pgClient struct {
	conn net.Conn
	r    *bufio.Reader
}

func dialPg(addr string) (*pgClient, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	p := &pgClient{conn: conn, r: bufio.NewReader(conn)}
	startup := "\x00\x03\x00\x00user\x00postgres\x00database\x00postgres\x00client_encoding\x00UTF8\x00\x00"
	msg := binary.BigEndian.AppendUint32(nil, uint32(len(startup)+4))
	if _, err := conn.Write(append(msg, startup...)); err != nil {
		return nil, err
	}
	_, err = p.untilReady()
	return p, err
}

// untilReady reads messages up to ReadyForQuery and returns the fields of the
// error among them.
func (p *pgClient) untilReady() (map[byte]string, error) {
	var fields map[byte]string
	for {
		var head [5]byte
		if _, err := io.ReadFull(p.r, head[:]); err != nil {
			return nil, err
		}
		body := make([]byte, binary.BigEndian.Uint32(head[1:])-4)
		if _, err := io.ReadFull(p.r, body); err != nil {
			return nil, err
		}
		switch head[0] {
		case 'E':
			fields = map[byte]string{}
			for field := range strings.SplitSeq(string(body), "\x00") {
				if field != "" {
					fields[field[0]] = field[1:]
				}
			}
		case 'Z':
			return fields, nil
		}
	}
}

func (p *pgClient) query(sql string) (map[byte]string, error) {
	msg := binary.BigEndian.AppendUint32([]byte{'Q'}, uint32(len(sql)+5))
	if _, err := p.conn.Write(append(append(msg, sql...), 0)); err != nil {
		return nil, err
	}
	return p.untilReady()
}

// verdict asks for PostgreSQL's opinion on the syntax of sql without having it
// executed: a statement that is certainly wrong follows, and the grammar reads
// both before anything runs. If the error is there, sql was right.
func (p *pgClient) verdict(sql string) (string, error) {
	const mark = "\n;\n)"
	e, err := p.query(sql + mark)
	if err != nil {
		return "", err
	}
	if e == nil {
		return "", errors.New("the wrong statement was accepted after: " + sql)
	}
	end := utf8.RuneCountInString(sql + mark)
	pos, _ := strconv.Atoi(e['P'])
	if pos >= end {
		return "ok", nil
	}
	if pos > utf8.RuneCountInString(sql) || strings.Contains(e['M'], mark) {
		// The error is in sql but names the mark; ask without it. It will not run.
		if e, err = p.query(sql); err != nil {
			return "", err
		}
		if e == nil {
			return "", errors.New("accepted without the mark: " + sql)
		}
		pos, _ = strconv.Atoi(e['P'])
	}
	return errorVerdict(e['C'], pos, e['M']), nil
}
