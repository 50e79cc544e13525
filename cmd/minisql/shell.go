package main

import (
	"os"
	"strings"

	"github.com/chzyer/readline"
	"github.com/spf13/cobra"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/cmd/minisql/shell"
)

// actionFlag collects -c and -f in the order they are given.
type actionFlag struct {
	list *[]shell.Action
	file bool
}

func (a actionFlag) String() string { return "" }
func (a actionFlag) Type() string {
	if a.file {
		return "FILE"
	}
	return "SQL"
}

func (a actionFlag) Set(v string) error {
	act := shell.Action{Command: v}
	if a.file {
		act = shell.Action{File: v}
	}
	*a.list = append(*a.list, act)
	return nil
}

// addShell makes the command without a verb the shell.
func addShell(root *cobra.Command) {
	var o shell.Options
	var unaligned, tuples, expanded, csv bool
	var separator string
	root.Use = "minisql [PATH]"
	root.Long = `A PostgreSQL-compatible SQL database in one binary.

Without a verb, minisql is an interactive shell on the database in a directory, or
on a new one in memory. It is used as psql is. Without a terminal, -c or -f it runs
what it reads from standard input.`
	root.Example = `  minisql ./data
  minisql ./data -c 'select * from city'
  minisql ./data -v ON_ERROR_STOP=1 -f schema.sql
  minisql serve --data ./data`
	root.Args = cobra.MaximumNArgs(1)
	f := root.Flags()
	f.SortFlags = false
	f.VarP(actionFlag{&o.Actions, false}, "command", "c", "run one command and exit; may be repeated")
	f.VarP(actionFlag{&o.Actions, true}, "file", "f", "run the commands of a file and exit; - is standard input")
	f.StringArrayVarP(&o.Variables, "set", "v", nil, "set a variable: NAME=VALUE, such as ON_ERROR_STOP=1")
	f.StringVarP(&o.Database, "dbname", "d", "", "database to connect to (default \""+minisql.DefaultDatabase+"\")")
	f.StringArrayVarP(&o.Settings, "pset", "P", nil, "set an output option as \\pset does: NAME=VALUE")
	f.BoolVarP(&o.Quiet, "quiet", "q", false, "no messages, only query output")
	f.BoolVarP(&o.NoStartup, "no-startup", "X", false, "do not read ~/.minisqlrc")
	f.BoolVarP(&unaligned, "no-align", "A", false, "unaligned output")
	f.BoolVarP(&tuples, "tuples-only", "t", false, "rows only")
	f.StringVarP(&separator, "field-separator", "F", "", "separator of fields for unaligned output (default \"|\")")
	f.BoolVarP(&expanded, "expanded", "x", false, "expanded output")
	f.BoolVar(&csv, "csv", false, "output as CSV")
	root.RunE = func(cmd *cobra.Command, args []string) error {
		var set []string
		if unaligned {
			set = append(set, "format=unaligned")
		}
		if csv {
			set = append(set, "format=csv")
		}
		if tuples {
			set = append(set, "tuples_only=on")
		}
		if expanded {
			set = append(set, "expanded=on")
		}
		if cmd.Flags().Changed("field-separator") {
			set = append(set, "fieldsep="+separator)
		}
		o.Settings = append(set, o.Settings...)
		o.In, o.Out, o.Err = os.Stdin, os.Stdout, os.Stderr
		o.Terminal = readline.IsTerminal(int(os.Stdin.Fd())) && readline.IsTerminal(int(os.Stdout.Fd()))
		if o.Terminal {
			o.Columns = readline.GetScreenWidth()
		}
		path := strings.Join(args, "")
		return runShell(path, o)
	}
}

func runShell(path string, o shell.Options) (err error) {
	db, err := minisql.Open(path, nil)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := db.Close(); err == nil {
			err = cerr
		}
	}()
	return shell.Run(db, o)
}
